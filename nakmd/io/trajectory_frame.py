"""A frame that knows its atoms, as trajectories give them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import ase

from nakmd.arrays import BoolArray
from nakmd.io.ase_atoms import to_atoms
from nakmd.system import Frame, Topology


@dataclass(slots=True, kw_only=True)
class TrajectoryFrame(Frame):
    """A frame of a trajectory, with the topology of its atoms; otherwise a `Frame`.

    Attributes
    ----------
    topology : Topology

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from nakmd import Frame, Trajectory
    >>> from nakmd.io import TrajectoryWriter
    >>> from nakmd.structures import crystal
    >>> sodium = crystal("Na", 2)
    >>> with TemporaryDirectory() as folder:
    ...     with TrajectoryWriter(f"{folder}/sodium.h5md", sodium.topology) as writer:
    ...         writer.write(Frame(0, 0.0, *sodium.cell.wrap(sodium.positions), sodium.cell))
    ...     with Trajectory(f"{folder}/sodium.h5md") as trajectory:
    ...         atoms = trajectory[-1].to_atoms()
    >>> atoms.get_chemical_formula(), atoms.pbc.tolist()
    ('Na16', [True, True, True])
    """

    topology: Topology

    def part(self, mask: BoolArray) -> Self:
        """Return the frame with the atoms in a mask (n,) only, and their topology (`Topology.part`)."""
        chosen = Frame.part(self, mask)  # super() does not know the class that slots=True makes
        chosen.topology = self.topology.part(mask)
        return chosen

    def to_atoms(self, groups: bool = False) -> ase.Atoms:
        """Return the frame as ASE atoms, as `nakmd.io.to_atoms`.

        Parameters
        ----------
        groups : bool
            Add a boolean column ``group_<name>`` for each group.
        """
        return to_atoms(self, self.topology, groups)
