"""What every coordinate of a restraint is: the atoms that it restrains, and those that it refers to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.cell import Cell
from nakmd.errors import InputError
from nakmd.simulation.restraints.coordinate_shapes import CoordinateShape
from nakmd.system import System

#: A group, species or element, or the indices of atoms.
AtomNames = str | tuple[int, ...]

#: Least empty width [Å] of the cell beside a group whose centre is asked for: a liquid that fills the cell has none,
#: and its centre depends on where the faces are drawn. Neighbours in liquid K are 4.6 Å apart.
LEAST_GAP = 5.0


def atoms_called(system: System, name: AtomNames, what: str) -> IntArray:
    """Return the indices of the atoms that a name or a list of indices selects.

    Raises
    ------
    InputError
        If there are none, or an index does not exist.
    """
    if isinstance(name, str):
        atoms = np.flatnonzero(system.topology.select(name))
        if not len(atoms):
            raise InputError(f"The {what} of a restraint is {name!r}, which is known here, but no atom belongs to it.")
        return atoms
    atoms = np.array(sorted(set(name)), dtype=np.int64)
    if not len(atoms) or atoms[0] < 0 or atoms[-1] >= system.n_atoms:
        raise InputError(
            f"The {what} of a restraint has the atoms {list(name)}; indices go from 0 to {system.n_atoms - 1}."
        )
    return atoms


def images_behind_gap(fractional: FloatArray) -> tuple[IntArray, float]:
    """Return the image counts that bring atoms together along one cell vector, and the widest gap between them.

    Parameters
    ----------
    fractional : (n,) float64
        Fractional coordinates; the atom behind the widest gap is moved into the cell, and the others follow it within
        one period.
    """
    from nakmd.analysis.geometry.surfaces import largest_gap  # noqa: PLC0415  (slow to import; reading a deck is not)

    gap, start = largest_gap(fractional, 1.0)
    return -np.floor(fractional - start + 1e-9).astype(np.int64), gap


def gathered(positions: FloatArray, cell: Cell, what: str) -> IntArray:
    """Return the image counts (n, 3) that bring the atoms of a group together, whatever faces of the cell cut it.

    Raises
    ------
    InputError
        If the group leaves no gap along a periodic vector.
    """
    images = np.zeros((len(positions), 3), dtype=np.int64)
    fractional = positions @ cell.inverse
    for c in range(3):
        if not cell.periodic[c]:
            continue
        images[:, c], gap = images_behind_gap(fractional[:, c])
        if len(positions) > 1 and gap * cell.heights[c] < LEAST_GAP:
            raise InputError(
                f"The {what} of a restraint ({len(positions)} atoms) extends through the periodic cell along "
                f"{'abc'[c]}, with a gap of {gap * cell.heights[c]:.1f} Å, so its centre is not defined. Name a "
                "smaller group."
            )
    return images


@dataclass(frozen=True)
class CoordinateReference:
    """The atoms that a coordinate refers to, bound to a system.

    Attributes
    ----------
    shape : CoordinateShape
    atoms : (m,) int64
    weights : (m,) float64
    images : (m, 3) int64
    """

    shape: CoordinateShape
    atoms: IntArray
    weights: FloatArray
    images: IntArray

    def places(self, positions: FloatArray, cell: Cell) -> FloatArray:
        """Return the reference atoms in one image, (m, 3) [Å]."""
        return np.asarray(positions[self.atoms] + self.images @ cell.matrix)

    def signed(self, positions: FloatArray, cell: Cell, atoms: IntArray) -> FloatArray:
        """Return the coordinate [Å] of single atoms, with the sign of their side of the wall."""
        return self.shape.signed(positions[atoms], self.places(positions, cell), self.weights, cell)


@dataclass(frozen=True)
class Coordinate(ABC):
    """A distance ξ ≥ 0 of an atom, or of the centre of mass of a group, from something.

    Exactly one of the first three says what is restrained.

    Attributes
    ----------
    atom : int, optional
        Index.
    species : str, optional
        One atom of this species, element or group: see ``nearest``. It is chosen at the beginning of the stage, and a
        following stage with an equal coordinate keeps it.
    group : str, optional
        The centre of mass of this group.
    nearest : str
        Which atom of ``species``: that with the smallest ξ (the name of the reference: ``"wall"``, ``"site"``,
        ``"other"``), or that whose ξ is nearest to the ``"centre"`` with which the restraint begins. Of equals the one
        with the lowest index. Frozen atoms, and those that the coordinate refers to, are left out.

    Raises
    ------
    InputError
        If none or several of the first three are given, or a word is unknown.
    """

    atom: int | None = None
    species: str | None = None
    group: str | None = None
    nearest: str = ""

    #: Name of the argument, and of the key in decks, that says what the coordinate refers to, and its description.
    reference_key: ClassVar[str]
    reference_description: ClassVar[str]
    #: What it refers to if the deck does not say it, behind "By default"; and a name as decks have it.
    reference_default: ClassVar[str]
    reference_example: ClassVar[str]

    #: Whether it refers to a place, so that the number of atoms in a well is the occupancy of a site.
    has_site: ClassVar[bool] = False

    def __post_init__(self) -> None:
        given = [name for name in ("atom", "species", "group") if getattr(self, name) is not None]
        if len(given) != 1:
            raise InputError(
                f"A restraint acts on one of atom, species or group, got {' and '.join(given) or 'none of them'}."
            )
        if self.nearest and self.species is None:
            raise InputError(f"A restraint with nearest = {self.nearest!r} chooses an atom of a species: give one.")
        if self.nearest not in ("", self.reference_key, "centre"):
            raise InputError(f'nearest is {self.nearest!r}; it can be "{self.reference_key}" or "centre".')
        if isinstance(self.reference_name, list):
            object.__setattr__(self, self.reference_key, tuple(self.reference_name))

    @property
    def reference_name(self) -> AtomNames | None:
        """What it refers to, as given."""
        name: AtomNames | None = getattr(self, self.reference_key)
        return name

    @property
    def words(self) -> str:
        """What it measures, for messages and reports."""
        if self.atom is not None:
            probe = f"atom {self.atom}"
        else:
            probe = f"centre of {self.group}" if self.group is not None else str(self.species)
        name = self.reference_name
        return f"{probe} to {self.reference_key}" + ("" if name is None else f" {_written(name)}")

    @abstractmethod
    def refer(self, system: System) -> CoordinateReference:
        """Return the reference in a system.

        Raises
        ------
        InputError
            If a name selects no atom, or they have no shape.
        """

    def choose(
        self, system: System, movable: BoolArray, reference: CoordinateReference, centre: float
    ) -> tuple[IntArray, FloatArray, IntArray]:
        """Return the restrained atoms, their weights and their image counts.

        Parameters
        ----------
        system : System
        movable : (n,) bool
            False for frozen atoms.
        reference : CoordinateReference
        centre : float [Å]
            Of the restraint at its beginning.

        Raises
        ------
        InputError
            If there is no such atom, none that moves, or it belongs to the reference.
        """
        if self.group is not None:
            atoms = atoms_called(system, self.group, "group")
            weights = system.masses[atoms] / system.masses[atoms].sum()
            images = gathered(system.positions[atoms], system.cell, "group")
        else:
            atoms = self._one(system, movable, reference, centre)
            weights, images = np.ones(1), np.zeros((1, 3), dtype=np.int64)
        if not np.any(movable[atoms]):
            raise InputError(f"The restraint of {self.words} acts on atoms that are frozen. Name atoms that move.")
        shared = np.intersect1d(atoms, reference.atoms)
        if len(shared):
            raise InputError(
                f"The restraint of {self.words}: atom {shared[0]} is on both sides. Name groups that do not overlap."
            )
        return atoms, weights, images

    def _one(self, system: System, movable: BoolArray, reference: CoordinateReference, centre: float) -> IntArray:
        if self.atom is not None:
            return atoms_called(system, (self.atom,), "atom")
        candidates = atoms_called(system, str(self.species), "species")
        candidates = np.setdiff1d(candidates[movable[candidates]], reference.atoms)
        if not len(candidates):
            raise InputError(f"The restraint of {self.words}: no atom called {self.species!r} can be chosen.")
        values = np.abs(reference.signed(system.positions, system.cell, candidates))
        if self.nearest == "centre":
            values = np.abs(values - centre)
        return np.array([candidates[int(np.argmin(values))]], dtype=np.int64)


def _written(name: AtomNames) -> str:
    return name if isinstance(name, str) else ", ".join(map(str, name))
