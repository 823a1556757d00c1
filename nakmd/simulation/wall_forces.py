"""The stiff terms of a model on their own atoms, with neighbour lists of their own, for multiple time steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nakmd.arrays import BoolArray
from nakmd.errors import InputError
from nakmd.integrators import Mobility, StiffForces
from nakmd.neighbors import Neighbors
from nakmd.potentials import Evaluator, Potential
from nakmd.potentials.evaluator import StiffShare
from nakmd.simulation.stages import Stage
from nakmd.system import Result, System


class WallForces(StiffForces):
    """Computes the stiff terms in the inner steps of a stage.

    The lists of a run follow the rows of all atoms; these follow only the atoms of the wall and their images.

    Parameters
    ----------
    system : System
    potential : Potential
    atoms : (n,) bool
        Those on which the stiff terms act.

    Attributes
    ----------
    share : StiffShare
        For `nakmd.potentials.Evaluator.compute` of the whole model: it fills `at_step`.
    """

    def __init__(self, system: System, potential: Potential, atoms: BoolArray) -> None:
        self.atoms = np.flatnonzero(atoms)
        self.part = System(
            system.positions[self.atoms],
            system.species[self.atoms],
            system.species_names,
            system.cell,
            system.velocities[self.atoms],
            system.masses[self.atoms],
            present=None if system.present is None else system.present[self.atoms],
        )
        self.at_step = np.zeros((len(self.atoms), 3))
        self.share = StiffShare(self.atoms, self.at_step)
        self._evaluator = potential.bind_stiff(system.species_names)
        self._neighbors = Neighbors(self._evaluator.requests)
        self._result = Result(len(self.atoms))
        self.inner = self._result.forces

    def compute(self) -> None:
        """Compute ``inner`` for the positions of the part; raises the errors of `Neighbors.update`."""
        self._neighbors.update(self.part)
        self._evaluator.compute(self.part, self._neighbors, self._result, virial=False)

    def state(self) -> dict[str, Any]:
        """Return the forces of the last step, and the data of the lists once there are any."""
        lists = self._neighbors.state() if self._neighbors.n_builds else {}
        return {"forces": self.at_step.copy(), "neighbors": lists}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore the forces of the last step and the lists.

        Raises
        ------
        InputError
            If the lists are damaged.
        """
        self.at_step[:] = state["forces"]
        if state["neighbors"]:
            self._neighbors.restore(self.part, state["neighbors"])


def stiff_atoms(evaluator: Evaluator, system: System) -> BoolArray:
    """Return the atoms on which the stiff terms act, (n,) bool."""
    return np.asarray(evaluator.stiff_species[system.species])


def moving_stiff_atoms(evaluator: Evaluator, system: System, mobility: Mobility) -> BoolArray | None:
    """Return `stiff_atoms` if any of them moves freely: a wall that is held has no vibrations and no inner steps."""
    atoms = stiff_atoms(evaluator, system)
    return atoms if np.any(atoms & mobility.free) else None


def split_faults(system: System, evaluator: Evaluator, stages: Sequence[Stage]) -> Iterator[tuple[int, InputError]]:
    """Yield the index and the error of each stage whose two time steps the model does not allow.

    Parameters
    ----------
    system : System
    evaluator : Evaluator
    stages : sequence of Stage
        They fit the system.
    """
    for index, stage in enumerate(stages):
        if not stage.integrator.splits_forces:
            continue
        atoms = stiff_atoms(evaluator, system)
        mobility = Mobility(system, stage.frozen, stage.tethered, stage.rigid)
        in_bodies = atoms & mobility.moves & ~mobility.free
        if not np.any(atoms):
            labels = ", ".join(term.label for term in evaluator.potential.terms)
            yield (
                index,
                InputError(
                    f"It has a time step for bonds, and no term of the model ({labels}) bonds atoms that are there: "
                    'only the bond order of a wall does. Give the stage one time step, such as "2 fs".'
                ),
            )
        elif np.any(atoms & mobility.free) and np.any(in_bodies):
            yield (
                index,
                InputError(
                    f"It has a time step for bonds, and of the {np.count_nonzero(atoms)} atoms with bonds "
                    f"{np.count_nonzero(in_bodies)} are in rigid bodies, which move at the long step. A bond between "
                    "them and the others would act on its two ends at different times, and momentum would not be "
                    "conserved. Freeze these atoms or let them move, or give the stage one time step."
                ),
            )
