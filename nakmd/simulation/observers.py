"""What looks on while a run goes: writers of frames and of the thermo table, live analyses, the progress report.

An observer says how often it wants to look and at what; the loop builds one `Frame` for all that are due.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from nakmd.errors import AnalysisError
from nakmd.simulation.readings import Value
from nakmd.system import Frame, Topology


class ThermoSource(Protocol):
    """What an observer may ask of the simulation it is attached to."""

    def thermo_row(self) -> dict[str, Value]:
        """Return the thermodynamic quantities of the current step."""
        ...


class Writer(Protocol):
    """A trajectory file, as `nakmd.io.TrajectoryWriter` is one."""

    @property
    def n_frames(self) -> int:
        """Frames in the file."""
        ...

    @property
    def n_thermo(self) -> int:
        """Rows of the thermo table."""
        ...

    def write(self, frame: Frame) -> None:
        """Append a frame."""
        ...

    def write_thermo(self, row: Mapping[str, Value]) -> None:
        """Append a row."""
        ...

    def flush(self) -> None:
        """Bring all to the disk."""
        ...

    def truncate(self, n_frames: int, n_thermo: int) -> None:
        """Drop what follows."""
        ...

    def close(self) -> None:
        """Close; closing twice is allowed."""
        ...


class FrameAnalysis(Protocol):
    """A question asked of a stream of frames, as in `nakmd.analysis`."""

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms."""
        ...

    def update(self, frame: Frame) -> None:
        """Take in one frame."""
        ...

    def result(self) -> Any:
        """Return what the frames say."""
        ...


class Observer:
    """Looks at a frame every so many steps; subclasses say what they do with it.

    Parameters
    ----------
    every : int
        Looks at steps that are multiples of this, step 0 included.
    stages : sequence of str, optional
        Names or kinds of the stages to look at; all if left out.

    Attributes
    ----------
    needs : frozenset of str
        Optional fields of `Frame` that must be there: ``"virial"``, ``"pair_energies"``.
    """

    needs: frozenset[str] = frozenset()

    def __init__(self, every: int, stages: Sequence[str] | None = None) -> None:
        self.every = max(1, int(every))
        self.stages = None if stages is None else frozenset(stages)

    def attach(self, simulation: ThermoSource) -> None:
        """Meet the simulation, once, before the first frame."""

    def observe(self, frame: Frame) -> None:
        """Look."""
        raise TypeError(f"{type(self).__name__} does not say what it does with a frame.")

    def flush(self) -> None:
        """Bring to the disk what is in memory; called before a checkpoint, and when a run stops."""

    def close(self) -> None:
        """Finish."""

    def state(self) -> dict[str, Any]:
        """Return what a resumed run must know."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to a state."""


class FrameWriter(Observer):
    """Writes frames to a trajectory; on resume, drops those written after the checkpoint.

    Parameters
    ----------
    writer : Writer
    every, stages
        As in `Observer`.
    pair_energies : bool
        Whether to store the energies between species with each frame (the affinity analysis reads them).
    """

    def __init__(
        self, writer: Writer, every: int, stages: Sequence[str] | None = None, pair_energies: bool = True
    ) -> None:
        super().__init__(every, stages)
        self.writer = writer
        self.needs = frozenset({"virial", "pair_energies"} if pair_energies else {"virial"})

    def observe(self, frame: Frame) -> None:
        """Write the frame."""
        self.writer.write(frame)

    def flush(self) -> None:
        """Bring the file to the disk."""
        self.writer.flush()

    def close(self) -> None:
        """Close the file."""
        self.writer.close()

    def state(self) -> dict[str, Any]:
        """Return how many frames there are."""
        return {"frames": self.writer.n_frames}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Drop frames that came later."""
        self.writer.truncate(int(state["frames"]), self.writer.n_thermo)


class ThermoWriter(Observer):
    """Writes rows of the thermo table to a trajectory; arguments as in `FrameWriter`."""

    needs = frozenset({"virial"})

    def __init__(self, writer: Writer, every: int, stages: Sequence[str] | None = None) -> None:
        super().__init__(every, stages)
        self.writer = writer
        self._source: ThermoSource | None = None

    def attach(self, simulation: ThermoSource) -> None:
        """Remember whom to ask."""
        self._source = simulation

    def observe(self, frame: Frame) -> None:
        """Write a row."""
        assert self._source is not None  # the simulation attaches every observer
        self.writer.write_thermo(self._source.thermo_row())

    def flush(self) -> None:
        """Bring the file to the disk."""
        self.writer.flush()

    def close(self) -> None:
        """Close the file."""
        self.writer.close()

    def state(self) -> dict[str, Any]:
        """Return how many rows there are."""
        return {"thermo": self.writer.n_thermo}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Drop rows that came later."""
        self.writer.truncate(self.writer.n_frames, int(state["thermo"]))


class ThermoLog(Observer):
    """Keeps rows of the thermo table in memory.

    Attributes
    ----------
    rows : list of dict
    """

    needs = frozenset({"virial"})

    def __init__(self, every: int, stages: Sequence[str] | None = None) -> None:
        super().__init__(every, stages)
        self.rows: list[dict[str, Value]] = []
        self._source: ThermoSource | None = None

    def attach(self, simulation: ThermoSource) -> None:
        """Remember whom to ask."""
        self._source = simulation

    def observe(self, frame: Frame) -> None:
        """Keep a row."""
        assert self._source is not None  # the simulation attaches every observer
        self.rows.append(self._source.thermo_row())

    def column(self, name: str) -> list[Any]:
        """Return one quantity of all rows."""
        return [row[name] for row in self.rows]


class LiveAnalysis(Observer):
    """Feeds an analysis while a run goes on.

    Parameters
    ----------
    analysis : FrameAnalysis
        Fresh; it is prepared here.
    topology : Topology
    every, stages
        As in `Observer`.

    Notes
    -----
    An analysis that cannot go on (a cell that has become too small for it) never ends a run: it takes in no more
    frames, and `result` says why.

    An analysis keeps no state in a checkpoint: after `Simulation.restore`, feed it the frames before the checkpoint
    with `replay`. The numbers are those of an uninterrupted run if the trajectory holds every frame it looks at.
    """

    def __init__(
        self, analysis: FrameAnalysis, topology: Topology, every: int, stages: Sequence[str] | None = None
    ) -> None:
        super().__init__(every, stages)
        self.analysis = analysis
        self.needs = frozenset(getattr(analysis, "needs", frozenset()))
        self._failure: AnalysisError | None = None
        analysis.prepare(topology)

    def observe(self, frame: Frame) -> None:
        """Take in a frame."""
        if self._failure is None:
            try:
                self.analysis.update(frame)
            except AnalysisError as error:
                self._failure = error

    def result(self) -> Any:
        """Return what the analysis says of the frames so far.

        Raises
        ------
        AnalysisError
            If it could not go on, or the frames do not suffice.
        """
        if self._failure is not None:
            raise self._failure
        return self.analysis.result()

    def replay(self, frames: Iterable[Frame], kinds: Mapping[str, str] | None = None) -> int:
        """Take in stored frames that it would have looked at, and return how many.

        Parameters
        ----------
        frames : iterable of Frame
        kinds : mapping of str to str, optional
            Kind of each stage by name, where ``stages`` speaks of kinds.
        """
        count = 0
        for frame in frames:
            names = {frame.stage, (kinds or {}).get(frame.stage, frame.stage)}
            if frame.step % self.every == 0 and (self.stages is None or self.stages & names):
                self.observe(frame)
                count += 1
        return count
