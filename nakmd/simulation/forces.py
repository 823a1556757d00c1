"""Forces, energies and virial of the current configuration."""

from __future__ import annotations

import numpy as np

from nakmd.arrays import BoolArray, FloatArray
from nakmd.integrators import Integrator, Mobility
from nakmd.neighbors import Neighbors
from nakmd.potentials.evaluator import BoundTerm, Evaluator
from nakmd.simulation.restraining import Restraints
from nakmd.simulation.wall_forces import WallForces, moving_stiff_atoms
from nakmd.system import Result, System


class Forces:
    """Evaluates the potential, the tethers and the restraints for one system, into one preallocated `Result`.

    Parameters
    ----------
    system : System
    evaluator : Evaluator
    neighbors : Neighbors
    restraints : Restraints

    Attributes
    ----------
    result : Result
        Forces between atoms that are all frozen, or all of one rigid body, are left out of it.
    virials : (n, 3, 3) float64 [eV] or None
        Virials by atom of the potential; None in steps that do not need them. The array is allocated once.
    mobility : Mobility or None
        That of the current stage (`bind`); its tethers are added to the result.
    """

    def __init__(self, system: System, evaluator: Evaluator, neighbors: Neighbors, restraints: Restraints) -> None:
        self._system = system
        self._evaluator = evaluator
        self._neighbors = neighbors
        self._restraints = restraints
        self.result = Result(system.n_atoms)
        self.virials: FloatArray | None = None
        self._virials_room: FloatArray = np.zeros((0, 3, 3))
        self.mobility: Mobility | None = None
        self._wall: WallForces | None = None
        self._resting: list[BoundTerm] = []
        self._is_complete = True

    def bind(self, mobility: Mobility, integrator: Integrator) -> None:
        """Take the mobility of a stage, and give its integrator the stiff forces if it splits them."""
        self.mobility, self._wall = mobility, None
        self._resting = self._evaluator.terms_within(_held_together(self._system, mobility))
        if integrator.splits_forces:
            atoms = moving_stiff_atoms(self._evaluator, self._system, mobility)
            self._wall = None if atoms is None else WallForces(self._system, self._evaluator.potential, atoms)
            integrator.split(self._wall)

    @property
    def tether_energy(self) -> float:
        """Energy of the tethers [eV]."""
        return self.mobility.tether_energy if self.mobility is not None else 0.0

    def compute(self, virial: bool, virials: bool = False) -> None:
        """Update the neighbour lists and compute the forces.

        Raises the errors of `Neighbors.update`.

        Parameters
        ----------
        virial : bool
            Whether to compute energies and virial.
        virials : bool
            Whether to compute virials by atom.
        """
        self._neighbors.update(self._system)
        self.virials = None
        if virials and len(self._virials_room) != self._system.n_atoms:
            self._virials_room = np.zeros((self._system.n_atoms, 3, 3))
        self._evaluate(self.result, virial, self._virials_room if virials else None)
        self.virials = self._virials_room if virials else None
        self._is_complete = virial

    def complete(self) -> None:
        """Add energies and virial to a result that has only forces; the forces keep their bits."""
        if not self._is_complete:
            complete = Result(self._system.n_atoms)
            self._evaluate(complete, virial=True)
            self.result.energies[:], self.result.virial[:] = complete.energies, complete.virial
            self.result.undivided = complete.undivided
            self._is_complete = True

    def pair_energies(self) -> FloatArray | None:
        """Return the pair energies between species, (n_species, n_species) [eV]; None if the model has none."""
        if not self._evaluator.has_pair_energies:
            return None
        return self._evaluator.pair_energies(self._system, self._neighbors)

    def restored(self) -> None:
        """Declare the result complete, after its arrays have been read from a checkpoint."""
        self._is_complete = True

    def _evaluate(self, result: Result, virial: bool, virials: FloatArray | None = None) -> None:
        share = None if self._wall is None else self._wall.share
        self._evaluator.compute(self._system, self._neighbors, result, virial, virials, share, self._resting)
        if self.mobility is not None:
            self.mobility.add_tethers(self._system, result)
            if result.undivided is not None:  # the energies of the atoms, which have the springs, are absent
                result.undivided += self.mobility.tether_energy
        restraint_energy = self._restraints.add(result)
        if result.undivided is not None:
            result.undivided += restraint_energy


def _held_together(system: System, mobility: Mobility) -> BoolArray:
    """Return the species whose distances never change, (n_species,): all atoms frozen, or all in the one rigid body."""
    here = ~system.absent
    frozen, in_body = here & ~mobility.moves, mobility.moves & ~mobility.free
    held = frozen if frozen.any() else in_body if len(mobility.body_masses) == 1 else np.zeros_like(here)
    loose = np.bincount(system.species[here & ~held], minlength=len(system.species_names))
    return np.asarray(loose == 0)
