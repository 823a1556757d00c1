"""A restraint bound to the atoms of a system, with its state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.errors import InputError
from nakmd.integrators import Integrator, Mobility, Span
from nakmd.kernels.restraints import add_restraint
from nakmd.simulation.restraints.restraint import Restraint
from nakmd.system import Result, System
from nakmd.units import ACCELERATION

#: Largest time step that is stable, times the angular frequency of a spring.
STABLE = 2.0


class BoundRestraint:
    """One restraint during one stage.

    Parameters
    ----------
    restraint : Restraint
    system : System
    movable : (n,) bool
        False for frozen atoms.
    span : Span
        Steps of the stage.
    previous : BoundRestraint, optional
        Of an equal coordinate in the previous stage, whose atoms and images are kept.

    Attributes
    ----------
    restraint : Restraint
    atoms : (m,) int64
        The restrained atoms, then those that the coordinate refers to.
    n_probe : int
        Number of the former.
    weights : (m,) float64
        Of either side, with the sum 1.
    images : (m, 3) int64
        Counts that bring the atoms of either side together.
    value : float [Å]
        ξ, at the last call of `add`.
    centre : float [Å]
        ξ₀.
    energy : float [eV]
        U, at the last call of `add`.

    Raises
    ------
    InputError
        If the atoms cannot be chosen, or the centre is beyond the reach of the cell.
    """

    def __init__(
        self,
        restraint: Restraint,
        system: System,
        movable: BoolArray,
        span: Span,
        previous: BoundRestraint | None = None,
    ) -> None:
        self.restraint, self._span = restraint, span
        reference = restraint.coordinate.refer(system)
        self.shape = reference.shape
        if previous is None:
            atoms, weights, images = restraint.coordinate.choose(system, movable, reference, restraint.centre.start)
            self.n_probe = len(atoms)
            self.atoms: IntArray = np.concatenate([atoms, reference.atoms])
            self.weights: FloatArray = np.concatenate([weights, reference.weights])
            self.images: IntArray = np.concatenate([images, reference.images])
        else:
            self.n_probe, self.atoms = previous.n_probe, previous.atoms
            self.weights, self.images = previous.weights, previous.images.copy()
        absent = self.atoms[system.absent[self.atoms]]
        if len(absent):
            raise InputError(
                f"The restraint of {restraint.coordinate.words} needs atom {absent[0]}, which is not in the run at "
                "this time: it is parked until it arrives. Name atoms that are present."
            )
        self._check_reach(system)
        self._gradient: FloatArray = np.zeros((len(self.atoms), 3))
        self._room: FloatArray = np.zeros((4, 3))
        self._strain: FloatArray = np.zeros(6)
        self.centre = restraint.centre.start
        self.value = self.energy = 0.0

    def _check_reach(self, system: System) -> None:
        places = system.positions[self.atoms] + self.images @ system.cell.matrix
        n = self.n_probe
        reach = self.shape.reach(places[n:], self.weights[n:], system.cell)
        farthest = max(self.restraint.centre.start, self.restraint.centre.end)
        if not farthest < reach:
            raise InputError(
                f"The restraint of {self.restraint.coordinate.words} has its centre at {farthest:g} Å, but the "
                f"periodic cell allows distances up to {reach:.2f} Å. Move the centre, or enlarge the cell."
            )

    def check_timestep(self, timestep: float, masses: FloatArray, movable: BoolArray) -> None:
        """Raise `InputError` if the spring is too stiff for velocity Verlet with this time step [ps]."""
        moving = np.where(movable[self.atoms], 1.0 / masses[self.atoms], 0.0)
        # on a tube the derivative by an atom of the wall is up to twice its weight; walls are much heavier than an atom
        inverse_mass = float(np.sum(self.weights**2 * moving))
        stiffest = (STABLE / timestep) ** 2 / (ACCELERATION * inverse_mass)
        if self.restraint.spring > stiffest:
            raise InputError(
                f"The restraint of {self.restraint.coordinate.words}: its spring of {self.restraint.spring:.3g} eV/Å² "
                f"is too stiff for a time step of {timestep * 1e3:g} fs: the limit is {stiffest:.3g} eV/Å². Use a "
                "softer spring or a shorter step."
            )

    @property
    def probe(self) -> IntArray:
        """The restrained atoms."""
        return self.atoms[: self.n_probe]

    @property
    def force(self) -> float:
        """-dU/dξ [eV/Å]: positive away from the reference."""
        return -self.restraint.spring * (self.value - self.centre)

    def move_to(self, step: int) -> None:
        """Move the centre to its place in a step of the run."""
        self.centre = self.restraint.centre.at(self._span.fraction(step))

    def add(self, system: System, result: Result) -> None:
        """Measure the coordinate, and add the restraint to forces, energies and virial."""
        cell = system.cell
        self.value = self.shape.measure(
            system.positions, cell.matrix, cell.inverse, cell.periodic, self.shape.direction(cell), self.atoms,
            self.n_probe, self.weights, self.images, self._room, self._gradient, self._strain,
        )  # fmt: skip
        self.energy = 0.5 * self.restraint.spring * (self.value - self.centre) ** 2
        add_restraint(
            self.atoms, self.n_probe, self.weights, self._gradient, self._strain, -self.force, self.energy,
            result.forces, result.energies, result.virial,
        )  # fmt: skip

    def work_of_move(self, value_before: float, centre_before: float) -> float:
        r"""Return the work [eV] of moving the centre in one step.

        .. math:: \tfrac12 \sum_{\xi \in \{\xi_{n-1}, \xi_n\}} [U(\xi, \xi_{0,n}) - U(\xi, \xi_{0,n-1})]

        The mean over both ends of the step makes its error of second order in the time step, as that of the energy is.
        """
        middle = 0.5 * (self.value + value_before) - 0.5 * (self.centre + centre_before)
        return -self.restraint.spring * (self.centre - centre_before) * middle

    def state(self) -> dict[str, Any]:
        """Return the atoms, their images, and the last values."""
        return {
            "atoms": self.atoms.copy(),
            "n_probe": self.n_probe,
            "weights": self.weights.copy(),
            "images": self.images.copy(),
            "axis": self.shape.axis,
            "value": self.value,
            "centre": self.centre,
            "energy": self.energy,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a state."""
        self.atoms, self.n_probe = np.asarray(state["atoms"]), int(state["n_probe"])
        self.weights, self.images = np.asarray(state["weights"]), np.asarray(state["images"])
        self._gradient = np.zeros((len(self.atoms), 3))
        self.value, self.centre = float(state["value"]), float(state["centre"])
        self.energy = float(state["energy"])


def bind_restraints(
    restraints: Sequence[Restraint],
    system: System,
    mobility: Mobility,
    span: Span,
    integrator: Integrator,
    previous: Sequence[BoundRestraint] = (),
) -> list[BoundRestraint]:
    """Bind the restraints of a stage, without changing the system.

    Parameters
    ----------
    restraints : sequence of Restraint
    system : System
    mobility : Mobility
    span : Span
    integrator : Integrator
    previous : sequence of BoundRestraint
        Those of the previous stage: of an equal coordinate the atoms are kept.

    Raises
    ------
    InputError
        If one does not fit the system, moves in a relaxation, or is too stiff for the time step.
    """
    left, bound = list(previous), []
    for restraint in restraints:
        if not (integrator.advances_time or restraint.centre.is_constant):
            raise InputError(
                f"The restraint of {restraint.coordinate.words} moves, and a relaxation has no time in which it could. "
                "Give it one centre."
            )
        kept = next((old for old in left if old.restraint.coordinate == restraint.coordinate), None)
        if kept is not None:
            left.remove(kept)
        one = BoundRestraint(restraint, system, mobility.moves, span, kept)
        if integrator.advances_time:
            one.check_timestep(integrator.timestep, system.masses, mobility.moves)
        bound.append(one)
    return bound
