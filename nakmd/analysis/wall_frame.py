"""The shape of the wall, sheet or tube, and coordinates that follow it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.grid import CellGrid
from nakmd.errors import AnalysisError
from nakmd.system import WALL, Frame, Topology

FloatArray = NDArray[np.float64]

#: Wall atoms closer than this [Å] are neighbours in the sheet (bonds of C and N are 1.3 to 1.5 Å).
BOND = 1.8

#: How many wall atoms are looked at to tell a sheet from a tube.
SAMPLE = 400


def distances_to_wall(frame: Frame, wall: NDArray[np.int64], atoms: NDArray[np.int64], limit: float) -> FloatArray:
    """Return the distance [Å] of each of some atoms from the nearest wall atom, infinite beyond ``limit``."""
    there, here = frame.positions[wall], frame.positions[atoms]
    kinds = np.zeros(len(wall), dtype=np.int64)
    return CellGrid(there, kinds, frame.cell, limit, also=here).nearest_distances(here)


def wall_atoms(topology: Topology) -> NDArray[np.int64]:
    """Return the rows of the wall's atoms (C, N); `AnalysisError` if there are none."""
    names = np.array(topology.elements)
    rows = np.flatnonzero(np.isin(names[topology.species], WALL))
    if len(rows) == 0:
        present = ", ".join(topology.species_names[s] for s in np.unique(topology.species))
        raise AnalysisError(f"This analysis needs a wall ({', '.join(WALL)}); here are {present or 'no atoms'} only.")
    return rows


class WallFrame:
    r"""Directions along and across a sheet or a tube.

    Parameters
    ----------
    topology : Topology

    Attributes
    ----------
    kind : {"", "sheet", "tube"}
        Empty before the first frame.
    axis : int
        Cartesian axis: the normal of the sheet, or the axis of the tube.

    Notes
    -----
    The shape is read from the bonds b of the wall in the first frame: the mean of b ⊗ b/b² has the eigenvalues
    (1/2, 1/2, 0) for a sheet, the smallest along its normal, and (1/2, 1/4, 1/4) for a tube, the largest along its
    axis.

    Along a tube, a displacement from r to r' in the plane across the axis has the components
    (|r| + |r'|)/2 · Δθ along the wall and |r'| - |r| across it: an atom that circles at constant distance does not
    move across the wall. The axis is a least-squares circle through the wall's atoms (Kåsa's algebraic fit).
    """

    def __init__(self, topology: Topology) -> None:
        self.wall = wall_atoms(topology)
        self.kind = ""
        self.axis = 2

    @property
    def shape(self) -> str:
        """The shape in words."""
        letter = "xyz"[self.axis]
        return f"a tube along {letter}" if self.kind == "tube" else f"a sheet across {letter}"

    def _find(self, frame: Frame) -> None:
        """Tell a sheet from a tube."""
        points = frame.positions[self.wall]
        some = points[:: max(1, len(points) // SAMPLE)]
        moments, bonded = np.zeros((3, 3)), 0
        for point in some:
            bonds = frame.cell.minimum_image(points - point)
            lengths = np.sum(bonds**2, axis=1)
            near = (lengths > 1e-6) & (lengths < BOND**2)
            bonded += int(np.any(near))
            moments += (bonds[near].T / lengths[near]) @ bonds[near]
        if 2 * bonded < len(some):
            raise AnalysisError(
                f"The wall's shape is read from its bonds, and only {bonded} of {len(some)} atoms have a neighbour "
                f"within {BOND} Å: this is no sheet and no tube. Use directions='xyz' or some of them."
            )
        shares, axes = np.linalg.eigh(moments / np.trace(moments))
        if shares[0] < 0.1:
            self.kind, vector = "sheet", axes[:, 0]
        elif shares[2] > 0.42 and shares[1] < 0.34:
            self.kind, vector = "tube", axes[:, 2]
        else:
            raise AnalysisError(
                "The wall is neither a sheet nor a tube: its bonds have the shares "
                f"{shares[2]:.2f}, {shares[1]:.2f}, {shares[0]:.2f} along their main axes (sheet 0.5, 0.5, 0; "
                "tube 0.5, 0.25, 0.25). Directions along and across it have no meaning; use directions='xyz' or less."
            )
        self.axis = int(np.argmax(np.abs(vector)))
        if abs(vector[self.axis]) < 0.97:
            raise AnalysisError(
                f"The {self.kind}'s {'axis' if self.kind == 'tube' else 'normal'} ({vector[0]:.2f}, {vector[1]:.2f}, "
                f"{vector[2]:.2f}) lies along none of x, y, z: turn the system before you measure along its wall."
            )

    def tube_axis(self, frame: Frame) -> tuple[FloatArray, float]:
        """Return a point on the tube's axis [Å], (3,), and the tube's radius [Å]."""
        points = frame.positions[self.wall]
        # the mean on a circle, so that a tube that is cut by a face of the cell has its middle too
        fractional = points @ frame.cell.inverse
        turns = np.angle(np.exp(2j * math.pi * fractional).mean(axis=0)) / (2.0 * math.pi)
        middle = np.where(frame.cell.periodic, turns, fractional.mean(axis=0)) @ frame.cell.matrix
        u, v = self.across
        flat = frame.cell.minimum_image(points - middle)[:, [u, v]]
        columns = np.column_stack([2.0 * flat, np.ones(len(flat))])
        solution = np.linalg.lstsq(columns, np.sum(flat**2, axis=1), rcond=None)[0]
        middle[[u, v]] += solution[:2]
        return middle, math.sqrt(float(solution[2] + solution[0] ** 2 + solution[1] ** 2))

    @property
    def across(self) -> tuple[int, int]:
        """The two Cartesian axes at right angles to `axis`, in cyclic order."""
        return (self.axis + 1) % 3, (self.axis + 2) % 3

    def components(self, frame: Frame, ends: FloatArray, steps: FloatArray) -> FloatArray:
        """Return displacements along the wall (two) and across it.

        Parameters
        ----------
        frame : Frame
        ends : (m, 3) float64 [Å]
            Where the atoms are after the step.
        steps : (m, 3) float64 [Å]

        Returns
        -------
        (m, 3) float64 [Å]
            Sheet: the two axes in its plane, then its normal. Tube: along its axis, around it, away from it.
        """
        if not self.kind:
            self._find(frame)
        u, v = self.across
        if self.kind == "sheet":
            return steps[:, [u, v, self.axis]]
        middle, _ = self.tube_axis(frame)
        after = frame.cell.minimum_image(ends - middle)[:, [u, v]]
        before = after - steps[:, [u, v]]
        r_before, r_after = np.hypot(*before.T), np.hypot(*after.T)
        turned = np.arctan2(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0], np.sum(before * after, axis=1))
        return np.column_stack([steps[:, self.axis], 0.5 * (r_before + r_after) * turned, r_after - r_before])

    def unrolled(self, frame: Frame, atoms: NDArray[np.int64]) -> tuple[FloatArray, tuple[float, float], float]:
        """Return where atoms stand over the wall laid flat, and how large the flat wall is.

        Parameters
        ----------
        frame : Frame
        atoms : (m,) int64

        Returns
        -------
        places : (m, 2) float64
            From 0 to 1 along the two sides of the flat wall. Tube: θ/2π, and the position along the axis. Sheet: along
            the two cell vectors in its plane.
        sides : tuple of float [Å]
            Lengths of the two sides; the first of a tube is 2πR with the radius R of the wall.
        area : float [Å²]
        """
        if not self.kind:
            self._find(frame)
        u, v = self.across
        fractional = np.mod(frame.positions[atoms] @ frame.cell.inverse, 1.0)
        lengths = frame.cell.lengths
        if self.kind == "sheet":
            area = float(np.linalg.norm(np.cross(frame.cell.matrix[u], frame.cell.matrix[v])))
            return fractional[:, [u, v]], (float(lengths[u]), float(lengths[v])), area
        middle, radius = self.tube_axis(frame)
        flat = frame.cell.minimum_image(frame.positions[atoms] - middle)
        around = np.mod(np.arctan2(flat[:, v], flat[:, u]) / (2.0 * math.pi), 1.0)
        sides = (2.0 * math.pi * radius, float(lengths[self.axis]))
        return np.column_stack([around, fractional[:, self.axis]]), sides, sides[0] * sides[1]
