"""The energy minimum nearest to a configuration, found by L-BFGS-B."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from nakmd.arrays import FloatArray
from nakmd.cell import Cell
from nakmd.errors import RunError
from nakmd.neighbors import Neighbors
from nakmd.potentials import Potential
from nakmd.system import Result, System

#: A relaxation has ended when no force [eV/Å] is larger.
LARGEST_FORCE = 1e-4


def relaxed(potential: Potential, system: System, free_volume: bool = False) -> tuple[System, float]:
    """Return a system with its atoms (and the size of its cell) at rest, and its energy [eV].

    Parameters
    ----------
    potential : Potential
    system : System
        The start; not changed.
    free_volume : bool
        Whether one stretch of the cell is free: zero pressure.

    Raises
    ------
    RunError
        If the minimiser stops before the forces have fallen below 1e-4 eV/Å.

    Notes
    -----
    Variables are displacements and, with ``free_volume``, a hundred times the logarithm of the stretch, which is then
    about as stiff as they are.
    """
    evaluator = potential.bind(system.species_names)

    def state(x: FloatArray) -> System:
        stretch = float(np.exp(x[-1] / 100.0)) if free_volume else 1.0
        positions = (system.positions + x[:-1].reshape(-1, 3)) * stretch
        cell = Cell(system.cell.matrix * stretch, system.cell.periodic.tolist())
        return System(positions, system.species, system.species_names, cell, masses=system.masses)

    neighbors = Neighbors(evaluator.requests, 1.0)

    def energy_and_gradient(x: FloatArray) -> tuple[float, FloatArray]:
        moved, result = state(x), Result(system.n_atoms)
        neighbors.update(moved)
        evaluator.compute(moved, neighbors, result)
        stretch = float(np.exp(x[-1] / 100.0)) if free_volume else 1.0
        swell = -result.virial[:3].sum() / 100.0 if free_volume else 0.0
        return result.energy, np.append((-result.forces * stretch).ravel(), swell)

    found = minimize(
        energy_and_gradient,
        np.zeros(3 * system.n_atoms + 1),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 500, "ftol": 1e-15, "gtol": 1e-6},
    )
    largest = float(np.abs(found.jac).max())
    if largest > LARGEST_FORCE:
        raise RunError(
            f"The relaxation of {system.n_atoms} atoms stopped at a largest force of {largest:.1e} eV/Å "
            f"({found.message}): the configuration is no minimum of this model."
        )
    return state(found.x), float(found.fun)
