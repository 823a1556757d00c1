"""Local energy minimisation of a configuration by L-BFGS-B."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from nakmd.arrays import FloatArray
from nakmd.cell import Cell
from nakmd.errors import RunError
from nakmd.neighbors import Neighbors
from nakmd.potentials import Potential
from nakmd.system import Result, System

#: Convergence criterion: largest force [eV/Å].
LARGEST_FORCE = 1e-4


def relaxed(potential: Potential, system: System, free_volume: bool = False) -> tuple[System, float]:
    """Return a system at the nearest energy minimum (optionally with its volume), and its energy [eV].

    Parameters
    ----------
    potential : Potential
    system : System
        Initial configuration; not changed.
    free_volume : bool
        Whether the cell scales isotropically to zero pressure.

    Raises
    ------
    RunError
        If the minimiser stops at forces above 1e-4 eV/Å.

    Notes
    -----
    Variables are displacements and, with ``free_volume``, a hundred times the logarithm of the cell scaling, which
    gives it a stiffness similar to that of the displacements.
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
        of_volume = -result.virial[:3].sum() / 100.0 if free_volume else 0.0
        return result.energy, np.append((-result.forces * stretch).ravel(), of_volume)

    minimum = minimize(
        energy_and_gradient,
        np.zeros(3 * system.n_atoms + 1),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 500, "ftol": 1e-15, "gtol": 1e-6},
    )
    largest = float(np.abs(minimum.jac).max())
    if largest > LARGEST_FORCE:
        raise RunError(
            f"The relaxation of {system.n_atoms} atoms stopped at a largest force of {largest:.1e} eV/Å "
            f"(tolerance {LARGEST_FORCE:.0e}; {minimum.message}). Start from a configuration closer to a minimum."
        )
    return state(minimum.x), float(minimum.fun)
