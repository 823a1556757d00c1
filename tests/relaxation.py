"""A static minimiser for the physics tests: SciPy's, so that the engine's own is not its own judge."""

import numpy as np
from scipy.optimize import minimize

from nakmd.cell import Cell
from nakmd.neighbors import Neighbors
from nakmd.system import Result, System


def relaxed(potential, system, free_volume=False):
    """Return a system with its atoms (and the size of its cell) at rest, its energy [eV] and its virial (6,) [eV].

    Variables are displacements and, with ``free_volume``, a hundred times the logarithm of one stretch of everything.
    """
    evaluator = potential.bind(system.species_names)
    neighbors, result = Neighbors(evaluator.requests, 1.0), Result(system.n_atoms)

    def state(x):
        stretch = np.exp(x[-1] / 100.0) if free_volume else 1.0
        positions = (system.positions + x[:-1].reshape(-1, 3)) * stretch
        cell = Cell(system.cell.matrix * stretch, system.cell.periodic)
        return System(positions, system.species, system.species_names, cell, masses=system.masses), stretch

    def energy_and_gradient(x):
        moved, stretch = state(x)
        neighbors.update(moved)
        evaluator.compute(moved, neighbors, result)
        swell = -result.virial[:3].sum() / 100.0 if free_volume else 0.0
        return result.energy, np.append((-result.forces * stretch).ravel(), swell)

    options = {"maxiter": 500, "ftol": 1e-15, "gtol": 1e-6}
    start = np.zeros(3 * system.n_atoms + 1)
    found = minimize(energy_and_gradient, start, jac=True, method="L-BFGS-B", options=options)
    if np.abs(found.jac).max() > 1e-4:
        raise AssertionError(f"the minimiser stopped early: {found.message}")
    energy, _ = energy_and_gradient(found.x)
    return state(found.x)[0], energy, result.virial.copy()
