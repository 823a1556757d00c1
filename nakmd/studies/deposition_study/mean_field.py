r"""Growth at the flux of an electrode by mean-field nucleation: an order of magnitude.

.. math::
    D = \frac{\nu}{4} e^{-E_d/kT}, \qquad n = c\, (D/F)^{-1/3}, \qquad R = (\pi n)^{-1/2},

.. math::
    \tau = \frac{R^2}{8 D} + \frac{R}{2 k_s}, \quad k_s = \nu e^{-(E_d + \Delta E)/kT}, \qquad
    N_2 = F \tau\, (\pi R^2)^2

Lengths are in sites of the surface. n islands per site, of critical nuclei of one atom, meet when their radius is R;
τ is the time that an atom stays on such an island before it leaves over the edge; N₂ is an upper bound of the number of
second layers that nucleate on an island while it grows: two atoms on it are taken as a nucleus. N₂ ≪ 1 is growth layer
by layer, N₂ ≫ 1 mounds.

References
----------
J. A. Venables, G. D. T. Spiller and M. Hanbücken, Rep. Prog. Phys. 47, 399 (1984), recalled.
doi:10.1088/0034-4885/47/4/002
J. Tersoff, A. W. Denier van der Gon and R. M. Tromp, Phys. Rev. Lett. 72, 266 (1994), recalled.
doi:10.1103/PhysRevLett.72.266
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.units import K_B

#: Current of 1 mA/cm² [atoms/Å²/s] if every electron deposits one atom: I/e, exact in the SI.
ATOMS_PER_CURRENT = 1e-3 / 1.602176634e-19 / 1e16


@dataclass(frozen=True)
class Islands2D:
    """Islands on a terrace at the flux of an electrode; every entry is a number or an array of samples.

    Attributes
    ----------
    flux : float [1/s]
        Atoms per site.
    mobility : float
        D/F.
    density : float
        Islands per site.
    spacing : float [nm]
        Of islands: the side of a square with one of them.
    second_layers : float
        N₂, an upper bound.
    """

    flux: FloatArray
    mobility: FloatArray
    density: FloatArray
    spacing: FloatArray
    second_layers: FloatArray


def islands(
    terrace: FloatArray, excess: FloatArray, attempts: FloatArray, current: FloatArray, temperature: FloatArray,
    constant: FloatArray, a: float,
) -> Islands2D:  # fmt: skip
    """Return what mean-field nucleation gives on (110) of bcc.

    Parameters
    ----------
    terrace, excess : array [eV]
        Barrier E_d of a hop on the terrace, and what the way over a step costs more, ΔE.
    attempts : array [1/s]
        ν.
    current : array [mA/cm²]
    temperature : array [K]
    constant : array
        c.
    a : float [Å]
        Lattice constant.
    """
    site = a * a / math.sqrt(2.0)
    thermal = K_B * temperature
    flux = current * ATOMS_PER_CURRENT * site
    diffusion = 0.25 * attempts * np.exp(-terrace / thermal)
    density = np.minimum(constant * (diffusion / flux) ** (-1.0 / 3.0), 1.0)
    radius = 1.0 / np.sqrt(np.pi * density)
    # no way over a step is faster than the attempts themselves
    over = attempts * np.exp(-np.maximum(terrace + excess, 0.0) / thermal)
    stay = radius**2 / (8.0 * diffusion) + radius / (2.0 * over)
    return Islands2D(
        flux=np.asarray(flux),
        mobility=np.asarray(diffusion / flux),
        density=np.asarray(density),
        spacing=np.sqrt(site / density) / 10.0,
        second_layers=np.asarray(flux * stay * (np.pi * radius**2) ** 2),
    )
