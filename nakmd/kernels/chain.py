"""Time evolution of a Nosé-Hoover chain: serial, without allocation."""

from __future__ import annotations

import math

from nakmd.kernels.jit import kernel


@kernel
def propagate_chain(velocities, masses, twice_kinetic, degrees, thermal, timestep, weights, substeps):
    r"""Propagate a chain and the kinetic energy that it acts on, by a symmetric splitting.

    .. math::
        \dot\xi_k = v_k,\quad
        \dot v_1 = (2K - N_f k_B T)/Q_1 - v_1 v_2,\quad
        \dot v_k = (Q_{k-1} v_{k-1}^2 - k_B T)/Q_k - v_k v_{k+1},\quad \dot p = -v_1 p          (1)

    Each of the sub-steps ``w timestep / substeps`` moves the chain from its end to its head and back; the factors on
    v_k and on the momenta are exact exponentials, so that every part has an exact inverse: the same part with
    all v_k reversed.

    ============  ================================================
    symbol        code
    ============  ================================================
    v_k, Q_k      velocities [1/ps], masses [eV ps²]
    2K, N_f       twice_kinetic [eV], degrees
    k_B T         thermal [eV]
    ============  ================================================

    Parameters
    ----------
    velocities : (M,) float64 [1/ps]
        Changed in place.
    masses : (M,) float64 [eV ps²]
    twice_kinetic : float [eV]
    degrees : int
    thermal : float [eV]
    timestep : float [ps]
    weights : (w,) float64
        Weights of a symmetric decomposition; their sum is 1.
    substeps : int

    Returns
    -------
    scale : float
        Factor on the momenta that the chain acts on.
    heat : float [eV]
        k_B T (N_f Δξ_1 + Σ Δξ_k): the change of the potential energy of the chain.

    References
    ----------
    Martyna, Tuckerman, Tobias & Klein, Mol. Phys. 87, 1117 (1996). doi:10.1080/00268979600100761
    """
    last = len(velocities) - 1
    scale, heat = 1.0, 0.0
    for _ in range(substeps):
        for w in range(len(weights)):
            step = weights[w] * timestep / substeps
            half, quarter = 0.5 * step, 0.25 * step
            for down in range(last + 1):
                k = last - down
                force = (
                    twice_kinetic - degrees * thermal if k == 0 else masses[k - 1] * velocities[k - 1] ** 2 - thermal
                )
                drag = math.exp(-quarter * velocities[k + 1]) if k < last else 1.0
                velocities[k] = (velocities[k] * drag + half * force / masses[k]) * drag
            factor = math.exp(-step * velocities[0])
            scale *= factor
            twice_kinetic *= factor * factor
            heat += degrees * thermal * step * velocities[0]
            for k in range(1, last + 1):
                heat += thermal * step * velocities[k]
            for k in range(last + 1):
                force = (
                    twice_kinetic - degrees * thermal if k == 0 else masses[k - 1] * velocities[k - 1] ** 2 - thermal
                )
                drag = math.exp(-quarter * velocities[k + 1]) if k < last else 1.0
                velocities[k] = (velocities[k] * drag + half * force / masses[k]) * drag
    return scale, heat
