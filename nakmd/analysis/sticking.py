"""Sticking of arriving atoms: the share that does not leave again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.base import Record, require_frames
from nakmd.analysis.deposited import deposited_atoms, present_atoms
from nakmd.analysis.frame_choice import FrameChoice, FrameOptions
from nakmd.analysis.frame_source import FrameSource
from nakmd.analysis.named_analysis import METAL, TableAnalysis
from nakmd.analysis.numerics.counts import Share
from nakmd.analysis.table_row import Row
from nakmd.arrays import IntArray
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
        yield Row.of(f"sticking, {self.left} of {self.arrived} arrivals left", self)
        if len(self.by_element) > 1:
            for element, share in self.by_element.items():
                yield Row.of(f"  {element}", share)


class Sticking(TableAnalysis):
    """Share of the arriving atoms that stay: 1 - re-evaporated/arrived.

    Notes
    -----
    From the record of arrivals and departures, which covers the whole run.
    Frames without such a record give the same, except for atoms that come and leave between two frames. Atoms that
    arrived at the end and have not reached the surface count as stuck.

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
        self._arriving = deposited_atoms(topology, "sticking")
        self._elements = np.array(topology.elements)[topology.species]
        self._came = np.zeros(topology.n_atoms, dtype=np.bool_)
        self._there = self._came
        self._frames = 0

    def update(self, frame: Frame) -> None:
        """Add one frame."""
        self._there = self._arriving & present_atoms(frame)
        self._came = self._came | self._there
        self._frames += 1

    def result(self) -> StickingRecord:
        """Return the sticking from the frames."""
        require_frames(self._frames, 1, "Sticking")
        came, left = np.flatnonzero(self._came), np.flatnonzero(self._came & ~self._there)
        return _record(came, left, self._elements, "from frames: atoms that come and leave between two are not counted")

    def of_table(
        self, source: FrameSource, table: Mapping[str, NDArray[Any]], choice: FrameChoice
    ) -> StickingRecord | None:
        """Return the sticking from the record of arrivals of the run; None if the source has none."""
        events: Mapping[str, NDArray[Any]] | None = getattr(source, "deposition", None)
        if not events:
            return None
        kinds, atoms = np.asarray(events["kind"]).astype(str), np.asarray(events["atom"], dtype=np.int64)
        elements = np.array(source.topology.elements)[source.topology.species]
        arriving = deposited_atoms(source.topology, "sticking")
        # an atom of the substrate may evaporate too
        left = atoms[(kinds == "park") & arriving[atoms]]
        return _record(atoms[kinds == "release"], left, elements, "all arrivals of the run")


def _record(came: IntArray, left: IntArray, elements: NDArray[Any], note: str) -> StickingRecord:
    """Return the record of some arrivals and departures, given by the atoms."""
    if not len(came):
        raise AnalysisError("Sticking needs arrivals: no atom has arrived so far.")
    names = sorted(set(elements[came].tolist()))
    stuck = Share.of(len(came) - len(left), len(came))
    by_element = {}
    for name in names:
        arrived = int(np.sum(elements[came] == name))
        by_element[name] = Share.of(arrived - int(np.sum(elements[left] == name)), arrived)
    return StickingRecord(
        quantity="sticking",
        **stuck.fields,
        notes=(note,),
        stuck=stuck,
        by_element=by_element,
        arrived=len(came),
        left=len(left),
    )


def sticking(source: FrameSource, **frames: Unpack[FrameOptions]) -> Record:
    """Return the sticking of the atoms that arrive; ``frames`` as in `FrameOptions`, by default all of all stages."""
    chosen: FrameOptions = frames or {"stages": "all", "discard": "none"}
    return Sticking().of_run(source, FrameChoice.of(source, **chosen))
