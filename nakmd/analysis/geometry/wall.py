"""Shape and position of the wall: sheets parallel to a face of the cell, or tubes along one of its vectors.

Two definitions of the distance from a wall are in use, both from carbon nuclei. Profiles (`Density` and analyses based
on it) measure from the mean plane of the outermost sheet, or from the mean radius of the tube, so that shells have
volumes. Plane, axis and radius are recomputed in every frame, so that the motion of the wall and the breathing of a
tube do not smear a profile; deformations (ripples, a bent or flattened tube) do. Layers (`Affinity`, `LayerDiffusion`,
`Residence`) measure from the nearest wall atom, which needs no shape and follows ripples and holes. Every atom belongs
to the nearest of several parallel tubes. Over the centre of a hexagon, at 3 Å from the plane, the nearest atom is 3.3 Å
away; at 5 Å the two differ by 0.2 Å.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import scipy  # its modules load on first use

from nakmd.analysis.geometry.contacts import pairs_near
from nakmd.analysis.geometry.grid import CellGrid
from nakmd.analysis.geometry.parallel_tubes import ParallelTubes
from nakmd.analysis.geometry.surfaces import AXES, Placed, Plane, Tube, height_along, largest_gap, perpendicular_frame
from nakmd.arrays import FloatArray, IntArray
from nakmd.cell import Cell
from nakmd.elements import WALL
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology

#: Default distances [Å] from the wall of the end of the first layer and the start of the bulk.
FIRST_LAYER, BULK_START = 5.0, 10.0

#: Minimum mean number of atoms of a bulk region.
LEAST_BULK = 20.0

#: Wall atoms separated by a gap in height or radius wider than this [Å] are in different sheets or shells: half the
#: spacing of graphite is 1.7 Å, and the ripples of a warm sheet leave no gap as wide.
LAYER_GAP = 1.7

#: Largest standard deviation [Å] of the heights in a sheet, and of the radii in a tube relative to the mean radius.
FLATNESS, ROUNDNESS = 1.5, 0.12

#: Wall atoms closer than this [Å] are bonded: between first (1.45) and second neighbours (2.46).
BOND = 1.85

#: Largest number of pieces that are tried as tubes.
MOST_PIECES = 1000

#: Largest hole in a sheet or a tube [Å, rad].
HOLE, OPENING = 12.0, 1.2


def wall_atoms(topology: Topology) -> IntArray:
    """Return the indices of the wall atoms (C, N); `AnalysisError` if there are none."""
    names = np.array(topology.elements)
    rows = np.flatnonzero(np.isin(names[topology.species], WALL))
    if len(rows) == 0:
        present = ", ".join(topology.species_names[s] for s in np.unique(topology.species))
        raise AnalysisError(
            f"This analysis needs a wall ({', '.join(WALL)}); this system has only {present or 'no atoms'}."
        )
    return rows


def distances_to_wall(frame: Frame, wall: IntArray, atoms: IntArray, limit: float) -> FloatArray:
    """Return the distance [Å] from each of the atoms to the nearest wall atom, infinite beyond ``limit``."""
    queries = frame.positions[atoms]
    kinds = np.zeros(len(wall), dtype=np.int64)
    return CellGrid(frame.positions[wall], kinds, frame.cell, limit, also=queries).nearest_distances(queries)


def layers_of(values: FloatArray) -> list[FloatArray]:
    """Split heights or radii [Å] into layers at every gap wider than `LAYER_GAP`, in ascending order."""
    ordered = np.sort(values)
    return np.split(ordered, np.flatnonzero(np.diff(ordered) > LAYER_GAP) + 1)


def _layers_along(wall: FloatArray, cell: Cell, axis: int) -> list[FloatArray]:
    """Return the heights of the wall atoms by sheet, starting at the end of the widest gap."""
    normal, period = height_along(cell, axis)
    heights = wall @ normal
    _, start = largest_gap(heights, period)
    if math.isfinite(period):
        heights = start + (heights - start + 1e-9) % period
    return layers_of(heights)


def place_plane(wall: FloatArray, cell: Cell, axis: int) -> Plane:
    """Return the sheets at the positions of the wall atoms, (n, 3) [Å]; ``axis`` is the cell vector across them."""
    normal, period = height_along(cell, axis)
    layers = _layers_along(wall, cell, axis)
    return Plane(
        normal, float(layers[0].mean()), float(layers[-1].mean()), period, cell.volume / float(cell.heights[axis])
    )


def place_tube(wall: FloatArray, cell: Cell, axis: int) -> Tube:
    """Return the tube at the positions of the wall atoms, (n, 3) [Å]; ``axis`` is the cell vector along it."""
    along = cell.matrix[axis] / np.linalg.norm(cell.matrix[axis])
    others = [c for c in range(3) if c != axis and cell.periodic[c]]
    basis = np.array([cell.matrix[c] - (cell.matrix[c] @ along) * along for c in others]).reshape(-1, 3)
    fractional = wall @ cell.inverse
    center_guess = fractional.mean(axis=0)
    for c in others:  # the faces of the cell may cut the tube: its centre is opposite the widest gap
        gap, start = largest_gap(fractional[:, c], 1.0)
        center_guess[c] = start + 0.5 * (1.0 - gap)
    guess = center_guess @ cell.matrix
    rough = Tube(along, guess, 0.0, 0.0, float(np.linalg.norm(cell.matrix[axis])), basis)
    vectors = rough.across(wall)
    first, second = perpendicular_frame(along)
    x, y = vectors @ first, vectors @ second
    # a circle through the atoms, x² + y² = 2 x_c x + 2 y_c y + k, is linear in its unknowns (Kåsa); unlike the mean,
    # its centre is not shifted by gaps in the wall
    system = np.stack([x, y, np.ones(len(x))], axis=1)
    (a, b, _), *_ = np.linalg.lstsq(system, x * x + y * y, rcond=None)
    center = guess + 0.5 * (a * first + b * second)
    radii = np.hypot(x - 0.5 * a, y - 0.5 * b)
    shells = layers_of(radii)
    return Tube(along, center, float(shells[0].mean()), float(shells[-1].mean()), rough.length, basis)


@dataclass(frozen=True)
class WallShape:
    """Kind of the wall, and its cell vector.

    Attributes
    ----------
    kind : {"planar", "cylindrical"}
    axis : int
        Cell vector that crosses the sheets, or that is parallel to the tubes.
    tubes : tuple of (k,) int64
        Wall atoms of each of several tubes; empty for one.
    """

    kind: str
    axis: int
    tubes: tuple[IntArray, ...] = field(default=(), compare=False)

    @property
    def words(self) -> str:
        """The shape as text."""
        if self.kind == "planar":
            return f"a sheet across {AXES[self.axis]}"
        return f"{len(self.tubes)} tubes along {AXES[self.axis]}" if self.tubes else f"a tube along {AXES[self.axis]}"

    def place(self, wall: FloatArray, cell: Cell) -> Placed:
        """Return the position of the wall in a frame."""
        if self.kind == "planar":
            return place_plane(wall, cell, self.axis)
        if self.tubes:
            return ParallelTubes(tuple(place_tube(wall[atoms], cell, self.axis) for atoms in self.tubes))
        return place_tube(wall, cell, self.axis)

    def covered(self, points: FloatArray, placed: Placed, cell: Cell) -> bool:
        """Return whether liquid, (n, 3) [Å], on one side covers the whole wall, so that it is not a droplet."""
        if not len(points):
            return False
        along = [self.axis] if self.kind == "cylindrical" else [c for c in range(3) if c != self.axis]
        for c in along:
            normal, period = height_along(cell, c)
            if math.isfinite(period) and largest_gap(points @ normal, period)[0] > HOLE:
                return False
        if isinstance(placed, Tube):
            return surrounds(points, placed)
        if isinstance(placed, ParallelTubes):
            owner, _ = placed.nearest(points)
            if placed.locate(points[:1])[0][0] == 0:  # outside: around the bundle, which is dry where tubes touch
                return surrounds(points, placed.middle)
            return all(np.any(owner == k) and surrounds(points[owner == k], t) for k, t in enumerate(placed.tubes))
        return True


def surrounds(points: FloatArray, tube: Tube) -> bool:
    """Return whether points, (n, 3) [Å], are on all sides of the axis of a tube."""
    first, second = perpendicular_frame(tube.axis)
    across = tube.across(points)
    return largest_gap(np.arctan2(across @ second, across @ first), 2.0 * math.pi)[0] <= OPENING


def _is_sheet(wall: FloatArray, cell: Cell, axis: int) -> bool:
    """Return whether the wall is flat along a cell vector and covers the cell across it."""
    if any(float(np.std(layer)) > FLATNESS for layer in _layers_along(wall, cell, axis)):
        return False
    for lateral in range(3):
        if lateral != axis:
            normal, period = height_along(cell, lateral)
            if largest_gap(wall @ normal, period)[0] > HOLE:
                return False
    return True


def _is_tube(wall: FloatArray, cell: Cell, axis: int) -> bool:
    """Return whether the wall is a closed tube along a periodic cell vector."""
    if not cell.periodic[axis] or len(wall) < 6:
        return False
    normal, period = height_along(cell, axis)
    if largest_gap(wall @ normal, period)[0] > HOLE:
        return False
    tube = place_tube(wall, cell, axis)
    radii = np.linalg.norm(tube.across(wall), axis=1)
    return surrounds(wall, tube) and all(
        float(np.std(shell)) < ROUNDNESS * float(shell.mean()) for shell in layers_of(radii)
    )


def _pieces(wall: FloatArray, cell: Cell) -> list[IntArray]:
    """Return the wall atoms that bonds connect, piece by piece in the order of their first atoms."""
    frame = Frame(0, 0.0, cell.wrap(wall)[0], np.zeros((len(wall), 3), dtype=np.int32), cell)
    i, j, _ = pairs_near(frame.positions, frame.positions, frame, BOND)
    graph = scipy.sparse.coo_array((np.ones(len(i)), (i, j)), shape=(len(wall), len(wall)))
    number, piece = scipy.sparse.csgraph.connected_components(graph, directed=False)
    return [np.flatnonzero(piece == k) for k in range(number)]


def _tubes_along(pieces: list[IntArray], wall: FloatArray, cell: Cell, axis: int) -> tuple[IntArray, ...]:
    """Return the atoms of each tube if all pieces are tubes along a cell vector, else nothing; coaxial ones are one."""
    if not all(_is_tube(wall[piece], cell, axis) for piece in pieces):
        return ()
    placed = [place_tube(wall[piece], cell, axis) for piece in pieces]
    found: list[list[int]] = []
    # the widest first: what is within its shell is a shell of the same tube
    for k in sorted(range(len(pieces)), key=lambda k: (-placed[k].outer, k)):
        for tube in found:
            widest = placed[tube[0]]
            if np.linalg.norm(widest.across(placed[k].center[None])[0]) + placed[k].outer < widest.outer:
                tube.append(k)
                break
        else:
            found.append([k])
    tubes = [np.sort(np.concatenate([pieces[k] for k in tube])) for tube in found]
    return tuple(sorted(tubes, key=lambda atoms: int(atoms[0])))


def find_shape(wall: FloatArray, cell: Cell) -> WallShape:
    """Return the shape of the wall.

    Parameters
    ----------
    wall : (n, 3) float64 [Å]
        Positions of the wall atoms in one frame.
    cell : Cell

    Raises
    ------
    AnalysisError
        If it is neither sheets parallel to a face of the cell nor tubes along a cell vector.
    """
    if len(wall):
        # z first: sheets are built in xy and tubes along z. Tubes before sheets: the rings of a cold tube are flat.
        for axis in (2, 0, 1):
            if _is_tube(wall, cell, axis):
                return WallShape("cylindrical", axis)
        pieces = _pieces(wall, cell)
        for axis in (2, 0, 1) if 1 < len(pieces) <= MOST_PIECES else ():
            tubes = _tubes_along(pieces, wall, cell, axis)
            if tubes:
                return WallShape("cylindrical", axis, tubes if len(tubes) > 1 else ())
        for axis in (2, 0, 1):
            if _is_sheet(wall, cell, axis):
                return WallShape("planar", axis)
    raise AnalysisError(
        f"The {len(wall)} wall atoms are neither sheets parallel to a face of the cell (standard deviation of the "
        f"heights up to {FLATNESS:g} Å) nor closed tubes along one of its vectors (standard deviation of the radii "
        f"up to {100 * ROUNDNESS:.0f} %). Distances and directions relative to the wall are undefined."
    )
