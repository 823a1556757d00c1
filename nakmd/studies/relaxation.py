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

#: Strain per unit of a variable of the cell: gives it a stiffness similar to that of the displacements.
CELL_STEP = 0.01

#: Rows and columns of the tensor of the Voigt components.
VOIGT = np.array([[0, 0], [1, 1], [2, 2], [1, 2], [0, 2], [0, 1]])


def relaxed(
    potential: Potential,
    system: System,
    free_volume: bool = False,
    *,
    free_cell: bool = False,
    held: FloatArray | None = None,
    steps: int = 500,
) -> tuple[System, float]:
    r"""Return a system at the nearest energy minimum (optionally with its volume or cell), and its energy [eV].

    Parameters
    ----------
    potential : Potential
    system : System
        Initial configuration; not changed.
    free_volume : bool
        Whether the cell scales isotropically to zero pressure.
    free_cell : bool
        Whether the cell takes any shape, to zero stress.
    held : (n_atoms, 3) float64, optional
        A direction in the space of all positions along which nothing moves: the minimum is that of a constraint.
    steps : int
        Largest number of iterations.

    Raises
    ------
    RunError
        If the minimiser stops at forces above 1e-4 eV/Å.

    Notes
    -----
    Positions are :math:`(R + u) F`, the cell is :math:`h F`, with displacements u and :math:`F = e^{s/100}` for a free
    volume or :math:`F = 1 + \varepsilon / 100`, ε symmetric, for a free cell. With W = -dE/dε of the deformed system

    .. math:: \frac{\partial E}{\partial u} = -f F^T, \qquad \frac{\partial E}{\partial F} = -F^{-T} W
    """
    evaluator = potential.bind(system.species_names)
    n_variables = 1 if free_volume else 6 if free_cell else 0
    n = 3 * system.n_atoms
    fixed = None if held is None else np.append((held / np.linalg.norm(held)).ravel(), np.zeros(n_variables))

    def deformation(x: FloatArray) -> FloatArray:
        if free_volume:
            return np.asarray(np.eye(3) * np.exp(x[n] * CELL_STEP))
        matrix = np.eye(3)
        if free_cell:
            rows, columns = VOIGT.T
            half = np.where(rows == columns, 1.0, 0.5)
            matrix[rows, columns] += half * x[n:] * CELL_STEP
            matrix[columns[3:], rows[3:]] += half[3:] * x[n + 3 :] * CELL_STEP
        return matrix

    def state(x: FloatArray) -> System:
        stretch = deformation(x)
        positions = (system.positions + x[:n].reshape(-1, 3)) @ stretch
        cell = Cell(system.cell.matrix @ stretch, system.cell.periodic.tolist())
        return System(positions, system.species, system.species_names, cell, masses=system.masses)

    neighbors = Neighbors(evaluator.requests, 1.0)

    def energy_and_gradient(x: FloatArray) -> tuple[float, FloatArray]:
        moved, result = state(x), Result(system.n_atoms)
        neighbors.update(moved)
        evaluator.compute(moved, neighbors, result)
        stretch = deformation(x)
        gradient = np.empty(n + n_variables)
        gradient[:n] = (-result.forces @ stretch.T).ravel()
        if free_volume:
            gradient[n] = -result.virial[:3].sum() * CELL_STEP
        elif free_cell:
            virial = np.empty((3, 3))
            virial[tuple(VOIGT.T)] = virial[tuple(VOIGT.T[::-1])] = result.virial
            pull = -np.linalg.solve(stretch.T, virial) * CELL_STEP
            gradient[n:] = 0.5 * (pull + pull.T)[tuple(VOIGT.T)]
        if fixed is not None:
            gradient -= (gradient @ fixed) * fixed
        return result.energy, gradient

    minimum = minimize(
        energy_and_gradient,
        np.zeros(n + n_variables),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": steps, "ftol": 1e-15, "gtol": 1e-6},
    )
    largest = float(np.abs(minimum.jac).max())
    if largest > LARGEST_FORCE:
        raise RunError(
            f"The relaxation of {system.n_atoms} atoms stopped at a largest force of {largest:.1e} eV/Å "
            f"(tolerance {LARGEST_FORCE:.0e}; {minimum.message}). Start from a configuration closer to a minimum."
        )
    return state(minimum.x), float(minimum.fun)
