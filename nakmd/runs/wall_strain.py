"""The strain of a carbon wall from a file, in each direction."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nakmd.arrays import BoolArray, FloatArray
from nakmd.elements import element_of
from nakmd.structures.bond_network import Pairs, coordination, find_bonds
from nakmd.structures.distances import lengths_of
from nakmd.system import System

#: A wall is flat if the mean square of its normals along one direction is above `FLAT`: 1 for a sheet, 1/2 at most for
#: a tube. It has no axis if that along every direction is above `CLOSED`: 0 for a tube or a sheet, 1/3 for a fullerene.
FLAT, CLOSED = 0.8, 0.15


@dataclass(frozen=True)
class WallStrain:
    """Strain of a wall.

    Attributes
    ----------
    bond : float [Å]
        Mean C-C bond between atoms that have three.
    largest : float
        The principal strain of largest magnitude.
    along : dict of str to float
        Strain along x, y and z, without the normal of a flat wall; empty for a wall that is curved in two directions.
    """

    bond: float
    largest: float
    along: dict[str, float] = field(default_factory=dict)


def wall_strain(system: System, relaxed: float) -> WallStrain | None:
    r"""Return the strain of the carbon walls of a system.

    Second neighbours are vectors of the honeycomb lattice, :math:`d_0 = \sqrt{3}\,b_0` long without strain. The strain
    tensor e is the least-squares solution of

    .. math:: 2\,r^T e\,r = r^2 + s^2/3 - d_0^2

    for all pairs of second neighbours, exact for a uniform deformation of a sheet. Unlike bonds, these vectors follow
    the deformation of the cell even where the two sublattices are displaced against each other. The term :math:`s^2/3`
    turns the chord between two atoms of a tube into its arc, with s the height of one atom above the tangent plane of
    the other.

    Parameters
    ----------
    system : System
    relaxed : float [Å]
        C-C bond :math:`b_0` without stress.

    Returns
    -------
    WallStrain or None
        None without atoms that have three C-C bonds. Of a wall that is curved in two directions, such as a fullerene,
        only the mean strain of the bonds.
    """
    network = _Network.of(system)
    bond = None if network is None else network.mean_bond()
    if network is None or bond is None:
        return None
    r, normals = network.second_neighbours()
    spread, directions = np.linalg.eigh(_mean_of_products(normals))
    if spread[0] > CLOSED:
        return WallStrain(bond, bond / relaxed - 1.0)
    axes = directions[:, spread < FLAT]
    height = np.sum(r * normals, axis=1)
    excess = np.sum(r * r, axis=1) + height * height / 3.0 - 3.0 * relaxed * relaxed
    within = r @ axes
    first, second = np.triu_indices(axes.shape[1])
    columns = within[:, first] * within[:, second] * np.where(first == second, 2.0, 4.0)
    found = np.linalg.lstsq(columns, excess, rcond=None)[0]
    tensor = np.zeros((axes.shape[1],) * 2)
    tensor[first, second] = tensor[second, first] = found
    principal = _stretch(np.asarray(np.linalg.eigvalsh(tensor)))
    full = axes @ tensor @ axes.T
    # an axis within the wall has its direction among the fitted ones; the normal of a flat wall has not
    along = {"xyz"[c]: float(_stretch(full[c, c])) for c in range(3) if np.sum(axes[c] * axes[c]) > 0.5}
    return WallStrain(bond, float(principal[np.argmax(np.abs(principal))]), along)


def mean_bond(system: System) -> float | None:
    """Return the mean C-C bond [Å] between atoms that have three bonds, None if there are none."""
    network = _Network.of(system)
    return None if network is None else network.mean_bond()


@dataclass(frozen=True)
class _Network:
    """The C-C bonds of a system, each once, with their vectors, and the mask of the atoms that have three."""

    bonds: Pairs
    vectors: FloatArray
    whole: BoolArray

    @classmethod
    def of(cls, system: System) -> _Network | None:
        carbon = np.isin(system.species, [a for a, name in enumerate(system.species_names) if element_of(name) == "C"])
        if not np.any(carbon):
            return None
        positions = system.positions[carbon]
        bonds = find_bonds(positions, system.cell)
        whole = coordination(bonds, len(positions)) == 3
        return cls(bonds, bonds.vectors(positions, system.cell), whole)

    def mean_bond(self) -> float | None:
        """Return the mean bond [Å] between atoms that have three bonds, None if there are none."""
        lengths = lengths_of(self.vectors)[self.whole[self.bonds.i] & self.whole[self.bonds.j]]
        return float(lengths.mean()) if len(lengths) else None

    def second_neighbours(self) -> tuple[FloatArray, FloatArray]:
        """Return the vectors between the neighbours of each atom with three bonds, and the normal at their beginning.

        Only those that begin at an atom with three bonds, (p, 3) [Å] and (p, 3).
        """
        i, j = np.concatenate([self.bonds.i, self.bonds.j]), np.concatenate([self.bonds.j, self.bonds.i])
        order = np.argsort(i, kind="stable")
        order = order[self.whole[i[order]]]
        ends = j[order].reshape(-1, 3)
        vectors = np.concatenate([self.vectors, -self.vectors])[order].reshape(-1, 3, 3)
        across = np.cross(vectors[:, 1] - vectors[:, 0], vectors[:, 2] - vectors[:, 0])
        normals = np.zeros((len(self.whole), 3))
        normals[self.whole] = across / np.maximum(lengths_of(across), 1e-12)[:, None]
        begin, end = [0, 1, 2], [1, 2, 0]
        between = (vectors[:, end] - vectors[:, begin]).reshape(-1, 3)
        begins = ends[:, begin].reshape(-1)
        return between[self.whole[begins]], normals[begins[self.whole[begins]]]


def _mean_of_products(vectors: FloatArray) -> FloatArray:
    """Return the mean of n nᵀ, (3, 3)."""
    return np.array([[np.mean(vectors[:, a] * vectors[:, b]) for b in range(3)] for a in range(3)])


def _stretch(tensor: FloatArray) -> FloatArray:
    """Return the change of length per original length from the strain e, which refers to the final length."""
    return np.asarray(1.0 / np.sqrt(np.maximum(1.0 - 2.0 * np.asarray(tensor), 1e-12)) - 1.0)
