"""Sets of atoms as groups of LAMMPS."""

from __future__ import annotations

import numpy as np

from nakmd.arrays import BoolArray
from nakmd.errors import InputError
from nakmd.system import Topology

#: LAMMPS has 32 groups, one of which is ``all``.
MOST_GROUPS = 31

#: Ranges of atoms in one command.
_IN_A_LINE = 40


class LAMMPSGroups:
    """The groups of an input: one for each set of atoms, named by its first use.

    Parameters
    ----------
    topology : Topology
        Atom k has the id k + 1, species a the type a + 1.

    Attributes
    ----------
    commands : list of str
        Those that define the groups.
    """

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._masks: dict[str, BoolArray] = {"all": np.ones(topology.n_atoms, dtype=np.bool_)}
        self.commands: list[str] = []

    def name(self, wanted: str, mask: BoolArray) -> str:
        """Return the name of the group of some atoms, and define it unless it is defined.

        Parameters
        ----------
        wanted : str
            Its name if the group is new, less than 30 letters, digits and underscores.
        mask : (n,) bool

        Raises
        ------
        InputError
            If LAMMPS has no room for a further group.
        """
        for name, other in self._masks.items():
            if np.array_equal(mask, other):
                return name
        name, number = wanted, 2
        while name in self._masks:
            name, number = f"{wanted}_{number}", number + 1
        if len(self._masks) > MOST_GROUPS:
            raise InputError(
                f"The deck needs more than {MOST_GROUPS} different groups of atoms, and LAMMPS has no more. Use the "
                "same groups in several stages."
            )
        self._masks[name] = mask.copy()
        self.commands += [f"group {name} {part}" for part in self._parts(mask)]
        return name

    def _parts(self, mask: BoolArray) -> list[str]:
        """Return the arguments of the commands that select some atoms: whole types, else ranges of ids."""
        species = self._topology.species
        chosen = np.unique(species[mask])
        if not len(chosen):
            return ["empty"]
        if np.array_equal(np.isin(species, chosen), mask):
            return ["type " + " ".join(str(a + 1) for a in chosen)]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
        ranges = [f"{a + 1}:{b}" for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)]
        return ["id " + " ".join(ranges[k : k + _IN_A_LINE]) for k in range(0, len(ranges), _IN_A_LINE)]
