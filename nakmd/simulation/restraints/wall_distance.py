"""Distance from a sheet or a tube."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nakmd.arrays import FloatArray, IntArray
from nakmd.cell import Cell
from nakmd.errors import AnalysisError, InputError
from nakmd.simulation.restraints.coordinate import (
    AtomNames,
    Coordinate,
    CoordinateReference,
    atoms_called,
    images_behind_gap,
)
from nakmd.simulation.restraints.coordinate_shapes import CoordinateShape, Height, Radius
from nakmd.system import System


@dataclass(frozen=True)
class WallDistance(Coordinate):
    r"""Distance from the mean plane of a sheet, or from the mean radius of a tube.

    .. math:: \xi = |\mathbf n \cdot (\mathbf r - \bar{\mathbf r}_w)| \quad\text{or}\quad
              \xi = \Big| |\boldsymbol\rho| - \frac1{N_w} \sum_w |\boldsymbol\rho_w| \Big|

    with n the normal of the sheet, and ρ vectors from the axis of the tube through the mean of its atoms. Plane, axis
    and radius follow the atoms of the wall, which feel the opposite force. Profiles (`nakmd.analysis.Density`) measure
    from the same plane and, up to the fit of the axis, from the same radius.

    Attributes
    ----------
    atom, species, group, nearest
        As in `Coordinate`.
    wall : str or tuple of int, optional
        The atoms of one sheet or one tube; by default C and N.

    Examples
    --------
    >>> from nakmd import System
    >>> from nakmd.simulation import WallDistance
    >>> from nakmd.structures import combine, graphene
    >>> sheet = graphene(repeats=(6, 4), vacuum=20.0)
    >>> above = System(sheet.cell.matrix.sum(axis=0) / 2 + [[0.0, 0.0, 6.0]], [0], ["K"], sheet.cell)
    >>> system = combine([sheet, above])
    >>> coordinate = WallDistance(species="K", nearest="wall")
    >>> plane = coordinate.refer(system)
    >>> plane.signed(system.positions, system.cell, [sheet.n_atoms]).round(2).tolist()
    [6.0]
    """

    wall: AtomNames | None = None

    reference_key: ClassVar[str] = "wall"
    reference_description: ClassVar[str] = "the atoms of one sheet or tube"
    reference_default: ClassVar[str] = "C and N"
    reference_example: ClassVar[str] = "sheet1"

    def refer(self, system: System) -> CoordinateReference:
        """Return the wall of a system.

        Raises
        ------
        InputError
            If there is none, it is no sheet or tube, or there are several.
        """
        # slow to import, and reading a deck is not
        from nakmd.analysis.geometry.wall import find_shape, layers_of, place_tube, wall_atoms  # noqa: PLC0415

        try:
            atoms = wall_atoms(system.topology) if self.wall is None else atoms_called(system, self.wall, "wall")
            found = find_shape(system.positions[atoms], system.cell)
        except AnalysisError as error:
            raise InputError(f"The restraint of {self.words}: {error}") from None
        weights = np.full(len(atoms), 1.0 / len(atoms))
        places = system.positions[atoms]
        shape: CoordinateShape
        if found.kind == "planar":
            shape, images = Height(found.axis), _beside(places, system.cell, found.axis)
            heights = (places + images @ system.cell.matrix) @ shape.direction(system.cell)
            layers = layers_of(heights)
        else:
            shape = Radius(found.axis)
            center = place_tube(places, system.cell, found.axis).center
            images = -np.rint((places - center) @ system.cell.inverse).astype(np.int64)
            images[:, [c for c in range(3) if c == found.axis or not system.cell.periodic[c]]] = 0
            across = places + images @ system.cell.matrix - center
            along = shape.direction(system.cell)
            layers = layers_of(np.linalg.norm(across - np.outer(across @ along, along), axis=1))
        if len(layers) > 1:
            raise InputError(
                f"The restraint of {self.words}: the {len(atoms)} wall atoms form {len(layers)} layers, at "
                f"{' and '.join(f'{layer.mean():.1f}' for layer in layers)} Å. Name the atoms of one of them as wall."
            )
        return CoordinateReference(shape, atoms, weights, images)


def _beside(places: FloatArray, cell: Cell, axis: int) -> IntArray:
    """Return the image counts that bring the atoms of a sheet to one height."""
    images = np.zeros((len(places), 3), dtype=np.int64)
    if cell.periodic[axis]:
        images[:, axis] = images_behind_gap(places @ cell.inverse[:, axis])[0]
    return images
