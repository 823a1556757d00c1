"""Sticking of arriving atoms: the share that does not leave again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Unpack, cast

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.base import Record, require_frames
from nakmd.analysis.deposited import atoms_there, deposited_atoms
from nakmd.analysis.frame_choice import ROUNDING, FrameChoice, FrameOptions
from nakmd.analysis.frame_source import FrameSource, IndexedFrames
from nakmd.analysis.named_analysis import METAL, TableAnalysis
from nakmd.analysis.numerics.counts import Share
from nakmd.analysis.table_row import Row
from nakmd.arrays import BoolArray
from nakmd.errors import AnalysisError
from nakmd.system import DEPOSITED, Frame, Topology


class StickingRecord(Record):
    """Sticking of all arriving atoms.

    Attributes
    ----------
    stuck : Share
        Of the arrivals; ``value`` is its value.
    by_element : dict of str to Share
    arrived, left : int
        Arrivals, and atoms that left again.
    """

    stuck: Share
    by_element: dict[str, Share]
    arrived: int
    left: int

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of Wilson."""
        return self.stuck.interval(level)

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the results table."""
        yield Row.of(f"sticking, {self.left} of {self.arrived} arrivals left", self, key="sticking")
        if len(self.by_element) > 1:
            for element, share in self.by_element.items():
                yield Row.of(f"  {element}", share)


class Sticking(TableAnalysis):
    """Share of the arriving atoms that stay: 1 - re-evaporated/arrived.

    Notes
    -----
    Atoms arrive in the order of the group "deposited" and do not return: of the first ones, those that are absent in
    the last frame have left. The number of arrivals is that in the thermo table, without one that of the atoms up to
    the last one that was there in a frame. Atoms that have not reached the surface count as stuck.

    The interval is that of Wilson, with independent arrivals.

    References
    ----------
    Wilson, J. Am. Stat. Assoc. 22, 209 (1927). doi:10.1080/01621459.1927.10502953
    """

    name = "sticking"
    title = "share of the arriving atoms that stay"
    panel = None
    on_request = True  # few runs deposit atoms
    atoms = METAL
    follows_arrivals = True

    def atoms_read(self, topology: Topology) -> tuple[str, ...]:
        """Return the atoms that arrive."""
        return (DEPOSITED,)

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms."""
        self._order = np.flatnonzero(deposited_atoms(topology, "sticking"))
        self._elements = np.array(topology.elements)[topology.species][self._order]
        self._number = 0
        self._there: BoolArray | None = None

    def update(self, frame: Frame) -> None:
        """Add one frame."""
        self._there = atoms_there(frame)[self._order]
        self._number = max(self._number, int(np.flatnonzero(self._there)[-1]) + 1 if np.any(self._there) else 0)

    def result(self) -> StickingRecord:
        """Return the sticking up to the last frame."""
        require_frames(int(self._there is not None), 1, "Sticking")
        return _record(self._number, np.asarray(self._there), self._elements)

    def of_table(
        self, source: FrameSource, table: Mapping[str, NDArray[Any]], choice: FrameChoice
    ) -> StickingRecord | None:
        """Return the sticking up to the last frame of the chosen stages; None without a column of arrivals."""
        rows = choice.rows(source)
        if "arrived" not in table or rows is None or not len(rows):
            return None
        assert isinstance(source, IndexedFrames)  # it has given the rows
        last = source[int(rows[-1])]
        self.prepare(source.topology)
        self.update(last)
        before = np.asarray(table["time"], dtype=np.float64) <= last.time * (1.0 + ROUNDING)
        arrived = np.asarray(table["arrived"], dtype=np.float64)[before]
        known = arrived[np.isfinite(arrived)]
        self._number = max(self._number, int(known.max(initial=0.0)))
        return self.result()


def _record(number: int, there: BoolArray, elements: NDArray[Any]) -> StickingRecord:
    """Return the record of the first ``number`` of the atoms that arrive, from those that are there at the end."""
    if not number:
        raise AnalysisError("Sticking needs arrivals: no atom has arrived so far.")
    came, stayed = elements[:number], elements[:number][there[:number]]
    stuck = Share.of(len(stayed), number)
    names = sorted(set(came.tolist()))
    return StickingRecord(
        quantity="sticking",
        **stuck.fields,
        stuck=stuck,
        by_element={name: Share.of(int(np.sum(stayed == name)), int(np.sum(came == name))) for name in names},
        arrived=number,
        left=number - len(stayed),
    )


def sticking(source: FrameSource, **frames: Unpack[FrameOptions]) -> StickingRecord:
    """Return the sticking of the atoms that arrive; ``frames`` as in `FrameOptions`, by default all of all stages.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, sticking
    >>> from nakmd.structures import crystal_slab, park
    >>> slab = park(crystal_slab("K", "110", (3, 2), 4, 5.328), ["K"] * 4)
    >>> place, there = slab.cell.wrap(slab.positions), np.ones(slab.n_atoms, dtype=bool)
    >>> gone = there.copy()
    >>> gone[-3] = False  # the second of four arrivals evaporates
    >>> frames = [Frame(k, 0.1 * k, *place, slab.cell, present=mask) for k, mask in enumerate([there, gone])]
    >>> result = sticking(FrameList(slab.topology, frames))
    >>> result.value, result.arrived, result.left
    (0.75, 4, 1)
    """
    chosen: FrameOptions = frames or {"stages": "all", "discard": "none"}
    return cast(StickingRecord, Sticking().of_run(source, FrameChoice.of(source, **chosen)))
