"""How many atoms of each metal are at given places of a frozen wall."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nakmd.analysis.geometry.wall import wall_atoms
from nakmd.analysis.numerics.block_sums import BlockSums
from nakmd.arrays import FloatArray
from nakmd.simulation import Observer
from nakmd.system import Frame, System

#: Distance [Å] from the centre of a site within which a metal atom is at it. The minima of single atoms are 1.7 to
#: 3.1 Å from the centres, those beyond the next ring of a sheet more than 4 Å.
REACH = 3.5


class SiteCounts(Observer):
    """Mean numbers of Na and K at the sites of each kind, over frames and sites.

    Parameters
    ----------
    system : System
        Orthorhombic, its third vector normal to the wall.
    centers : mapping of str to (n, 2) float64 [Å]
        Along and across the wall, a flat and frozen sheet whose height is read from each frame.
    every, stages
        As in `Observer`.
    """

    def __init__(self, system: System, centers: Mapping[str, FloatArray], every: int, stages: list[str]) -> None:
        super().__init__(every, stages)
        self._centers = dict(centers)
        self._wall = wall_atoms(system.topology)
        self._metals = {metal: np.flatnonzero(system.topology.select(metal)) for metal in ("Na", "K")}
        self._sums = {kind: BlockSums() for kind in centers}

    def observe(self, frame: Frame) -> None:
        """Count one frame."""
        level = float(frame.positions[self._wall, 2].mean())
        for kind, flat in self._centers.items():
            centers = np.column_stack([flat, np.full(len(flat), level)])
            counts = [count_near(centers, frame.positions[rows], frame.cell.lengths) for rows in self._metals.values()]
            self._sums[kind].add(np.array(counts, dtype=np.float64) / len(centers))

    def result(self) -> dict[str, dict[str, float]]:
        """Return by kind of site the mean numbers of ``"Na"`` and ``"K"`` at one, and their standard errors."""
        found: dict[str, dict[str, float]] = {}
        for kind, sums in self._sums.items():
            errors, _ = sums.errors()
            found[kind] = {
                "Na": float(sums.mean[0]), "K": float(sums.mean[1]), "Na error": float(errors[0]),
                "K error": float(errors[1]), "sites": float(len(self._centers[kind])),
            }  # fmt: skip
        return found


def count_near(centers: FloatArray, atoms: FloatArray, lengths: FloatArray) -> int:
    """Return the number of pairs of a centre and an atom, (n, 3) and (m, 3) [Å], within `REACH` in a periodic cell."""
    away = centers[:, None] - atoms[None]
    away -= np.rint(away / lengths) * lengths
    return int(np.sum(np.einsum("ijk,ijk->ij", away, away) < REACH * REACH))
