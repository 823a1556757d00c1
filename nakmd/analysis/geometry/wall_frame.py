"""Directions along and across a sheet or a tube, and positions on the unrolled wall."""

from __future__ import annotations

import math

import numpy as np

from nakmd.analysis.base import require_finite
from nakmd.analysis.geometry.parallel_tubes import ParallelTubes
from nakmd.analysis.geometry.surfaces import AXES, Placed, Tube, perpendicular_frame
from nakmd.analysis.geometry.wall import WallShape, find_shape, wall_atoms
from nakmd.arrays import FloatArray, IntArray
from nakmd.system import Frame, Topology


class WallFrame:
    r"""Coordinates that follow the wall.

    Parameters
    ----------
    topology : Topology

    Attributes
    ----------
    wall : (n,) int64
        Indices of the wall atoms.
    shape : WallShape or None
        Determined in the first frame; None before it.

    Notes
    -----
    On a tube, a displacement from r to r' in the plane perpendicular to the axis has the components
    (|r| + |r'|)/2 · Δθ along the wall and |r'| - |r| across it: an atom that circles at constant distance does not
    move across the wall. With several parallel tubes the axis is that of the tube nearest to r'.
    """

    def __init__(self, topology: Topology) -> None:
        self.wall = wall_atoms(topology)
        self.shape: WallShape | None = None

    @property
    def words(self) -> str:
        """The shape as text; the axis is a cell vector."""
        return "no shape yet" if self.shape is None else self.shape.words

    @property
    def n_tubes(self) -> int:
        """Number of parallel tubes; 1 for one tube, and for sheets."""
        return 1 if self.shape is None else max(1, len(self.shape.tubes))

    def place(self, frame: Frame) -> tuple[WallShape, Placed]:
        """Return the shape of the wall and its position in a frame.

        Raises
        ------
        AnalysisError
            If the first frame has neither sheets nor a tube, or a position is not finite.
        """
        points = frame.positions[self.wall]
        require_finite(points)
        if self.shape is None:
            self.shape = find_shape(points, frame.cell)
        return self.shape, self.shape.place(points, frame.cell)

    def components(self, frame: Frame, ends: FloatArray, steps: FloatArray) -> FloatArray:
        """Return displacements along the wall (two components) and across it.

        Parameters
        ----------
        frame : Frame
        ends : (m, 3) float64 [Å]
            Positions of the atoms after the step.
        steps : (m, 3) float64 [Å]
            Displacements of the atoms.

        Returns
        -------
        (m, 3) float64 [Å]
            Sheet: two directions in its plane, then its normal. Tube: axial, circumferential, radial.
        """
        shape, placed = self.place(frame)
        if not isinstance(placed, Tube | ParallelTubes):
            normal = frame.cell.inverse[:, shape.axis] * frame.cell.heights[shape.axis]
            return np.asarray(steps @ np.stack([*perpendicular_frame(normal), normal], axis=1))
        across = np.stack(perpendicular_frame(placed.axis), axis=1)
        after = placed.across(ends) @ across
        before = after - steps @ across
        r_before, r_after = np.hypot(*before.T), np.hypot(*after.T)
        turned = np.arctan2(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0], np.sum(before * after, axis=1))
        return np.column_stack([steps @ placed.axis, 0.5 * (r_before + r_after) * turned, r_after - r_before])

    def unrolled(self, frame: Frame, atoms: IntArray) -> tuple[FloatArray, tuple[float, float], float]:
        """Return the positions of atoms projected on the unrolled wall, and the size of the unrolled wall.

        Parameters
        ----------
        frame : Frame
        atoms : (m,) int64

        Returns
        -------
        places : (m, 2) float64
            From 0 to 1 along the two sides of the unrolled wall. Tube: θ/2π, and the position along the axis. Sheet:
            along the two cell vectors in its plane. Several tubes are unrolled on top of each other, every atom from
            the nearest.
        sides : tuple of float [Å]
            Lengths of the two sides; the first of a tube is 2πR with the mean radius R of its shells.
        area : float [Å²]
            Of all tubes.
        """
        shape, placed = self.place(frame)
        fractional = np.mod(frame.positions[atoms] @ frame.cell.inverse, 1.0)
        lengths = frame.cell.lengths
        if not isinstance(placed, Tube | ParallelTubes):
            u, v = self.across
            return fractional[:, [u, v]], (float(lengths[u]), float(lengths[v])), float(placed.areas[0])
        tubes = placed.tubes if isinstance(placed, ParallelTubes) else (placed,)
        first, second = perpendicular_frame(placed.axis)
        vectors = placed.across(frame.positions[atoms])
        around = np.mod(np.arctan2(vectors @ second, vectors @ first) / (2.0 * math.pi), 1.0)
        turn = math.pi * float(np.mean([tube.inner + tube.outer for tube in tubes]))
        sides = (turn, float(lengths[shape.axis]))
        return np.column_stack([around, fractional[:, shape.axis]]), sides, len(tubes) * sides[0] * sides[1]

    @property
    def across(self) -> tuple[int, int]:
        """The two cell vectors other than the axis of the wall, in cyclic order."""
        axis = 2 if self.shape is None else self.shape.axis
        return (axis + 1) % 3, (axis + 2) % 3

    @property
    def axes(self) -> tuple[str, str]:
        """Names of the two sides of the unrolled wall."""
        u, v = self.across
        if self.shape is not None and self.shape.kind == "cylindrical":
            return "Rθ", AXES[self.shape.axis]
        return AXES[u], AXES[v]
