"""The fastest vibration that the stiff terms of a model have: it limits both of two time steps."""

from __future__ import annotations

import math

import numpy as np

from nakmd.arrays import BoolArray, FloatArray
from nakmd.neighbors import Neighbors
from nakmd.potentials import Potential
from nakmd.structures.springs import descend
from nakmd.system import Result, System
from nakmd.units import ACCELERATION

#: The positions are relaxed until no force is larger [eV/Å], in at most so many steps: in a hot wall, pairs that are on
#: the slope of the cutoff double the frequency for an instant (59 and 134 THz in `examples/flagship.toml`).
RELAXED = 0.1
RELAXING_STEPS = 400

#: Largest spring constant of the relaxation [eV/Å²]: that of a bond that vibrates at 60 THz is 180.
STIFFEST = 200.0

#: Largest displacement [Å] in the difference of two forces: the error of the curvature is then below 1e-4 of it.
DISPLACEMENT = 2e-3

#: Relative change of the largest eigenvalue over `PATIENCE` iterations at which it counts as found.
TOLERANCE = 1e-3
PATIENCE = 5

#: Largest number of iterations.
MOST = 80


def fastest_vibration(potential: Potential, system: System, free: BoolArray) -> float:
    r"""Return the frequency [1/ps] of the fastest vibration, by the Lanczos method.

    The dynamical matrix is D = M^{-1/2} (∂²U/∂r∂r) M^{-1/2} with the stiff terms in U. Its product with a vector is a
    central difference of forces, so no matrix is stored: two evaluations of the stiff terms for each iteration. From
    a random vector (always the same one) the method builds a tridiagonal matrix T. The largest eigenvalue θ of T, with
    the eigenvector s, is a lower bound of that of D, and D has an eigenvalue within β_k |s_k| of it; the sum of both
    is taken as ω².

    Parameters
    ----------
    potential : Potential
    system : System
        Not changed.
    free : (n,) bool
        Atoms that move one by one; the others are held.

    Returns
    -------
    float
        0 if no stiff term acts on a free atom.

    References
    ----------
    C. Lanczos, J. Res. Natl. Bur. Stand. 45, 255 (1950). doi:10.6028/jres.045.026
    """
    evaluator = potential.bind_stiff(system.species_names)
    acts = evaluator.stiff_species[system.species] & ~system.absent
    moves = free[acts]
    if not np.any(moves):
        return 0.0
    wall = System(
        system.positions[acts], system.species[acts], system.species_names, system.cell, masses=system.masses[acts]
    )
    neighbors, result = Neighbors(evaluator.requests), Result(wall.n_atoms)
    weights: FloatArray = np.where(moves, 1.0 / np.sqrt(wall.masses), 0.0)[:, None]

    def forces_at(positions: FloatArray) -> FloatArray:
        wall.positions[:] = positions
        neighbors.update(wall)
        evaluator.compute(wall, neighbors, result, virial=False)
        return np.where(moves[:, None], result.forces, 0.0)

    origin, _ = descend(
        wall.positions,
        lambda positions: forces_at(positions) / STIFFEST,
        lambda _, forces: float(np.abs(forces).max()) * STIFFEST <= RELAXED,
        max_steps=RELAXING_STEPS,
    )

    def product(vector: FloatArray) -> FloatArray:
        step = vector * weights
        size = DISPLACEMENT / math.sqrt(float(np.max(np.sum(step * step, axis=1))))
        change = forces_at(origin - size * step) - forces_at(origin + size * step)
        return np.asarray(change * weights * (0.5 / size))

    vector = np.random.default_rng(0).standard_normal(origin.shape) * moves[:, None]
    vector /= np.linalg.norm(vector)
    before, beta = np.zeros_like(vector), 0.0
    diagonal: list[float] = []
    beside: list[float] = []
    found: list[float] = []
    bound = 0.0
    for _ in range(min(MOST, 3 * int(moves.sum()))):
        image = product(vector) - beta * before
        diagonal.append(float(np.sum(image * vector)))
        image -= diagonal[-1] * vector
        beta = float(np.linalg.norm(image))
        values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
        bound = float(values[-1] + beta * abs(vectors[-1, -1]))
        found.append(float(values[-1]))
        settled = len(found) > PATIENCE and found[-1] - found[-1 - PATIENCE] <= TOLERANCE * found[-1]
        if settled or beta <= 1e-12 * max(abs(found[-1]), 1e-300):
            break
        before, vector = vector, image / beta
        beside.append(beta)
    return math.sqrt(max(bound, 0.0) * ACCELERATION) / (2.0 * math.pi)
