"""Observers of a run: writers of frames and of the thermo table.

An observer declares how often it is called and what it needs; the loop makes one `Frame` for all that are due
and read it. Rows of the thermo table need none: a frame takes longer than a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from nakmd.simulation.readings import Value
from nakmd.system import Frame


class ThermoSource(Protocol):
    """What an observer may read from its simulation."""

    def thermo_row(self) -> dict[str, Value]:
        """Return the thermodynamic quantities of the current step."""
        ...

    def heat_row(self) -> dict[str, Value]:
        """Return the heat current of each element; the observer needs ``"virials"``."""
        ...


class Writer(Protocol):
    """A trajectory file, such as `nakmd.io.TrajectoryWriter`."""

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
        """Flush to disk."""
        ...

    def truncate(self, n_frames: int, n_thermo: int) -> None:
        """Drop all frames and rows after these numbers."""
        ...

    def close(self) -> None:
        """Close; closing twice is allowed."""
        ...


class Observer:
    """Receives a frame at regular steps; subclasses define `observe`.

    Parameters
    ----------
    every : int
        Called at steps that are multiples of this number, including step 0.
    stages : sequence of str, optional
        Names or kinds of the stages to observe; all if omitted.

    Attributes
    ----------
    needs : frozenset of str
        Optional fields of `Frame` that it reads: ``"virial"``, ``"pair_energies"``, ``"energies"``, ``"virials"``.

    Examples
    --------
    >>> from nakmd.integrators import VelocityVerlet
    >>> from nakmd.potentials import load
    >>> from nakmd.simulation import Observer, Simulation, Stage
    >>> from nakmd.structures import crystal
    >>> class Steps(Observer):
    ...     seen = []
    ...     def observe(self, frame):
    ...         self.seen.append(frame.step)
    >>> stage = Stage("produce", VelocityVerlet(0.001), steps=4, initial_temperature=100.0)
    >>> Simulation(crystal("Na", 3), load("nak"), [stage], [Steps(every=2)]).run().value
    'finished'
    >>> Steps.seen
    [0, 2, 4]
    """

    needs: frozenset[str] = frozenset()

    def __init__(self, every: int, stages: Sequence[str] | None = None) -> None:
        self.every = max(1, int(every))
        self.stages = None if stages is None else frozenset(stages)

    def attach(self, simulation: ThermoSource) -> None:
        """Receive the simulation; called once, before the first frame."""

    def look(self, frame_of: Callable[[], Frame]) -> None:
        """Observe the current step; ``frame_of`` makes its frame, once for all observers, if one asks for it."""
        self.observe(frame_of())

    def observe(self, frame: Frame) -> None:
        """Process a frame."""
        raise TypeError(f"{type(self).__name__} does not define observe(frame).")

    def flush(self) -> None:
        """Write buffered data to disk; called before a checkpoint, and when a run stops."""

    def close(self) -> None:
        """Release files and other resources."""

    def state(self) -> dict[str, Any]:
        """Return the data that a checkpoint stores for this observer."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Return to a state; drop output that came later."""


class _TrajectoryObserver(Observer):
    """Writes to a trajectory file."""

    def __init__(self, writer: Writer, every: int, stages: Sequence[str] | None = None) -> None:
        super().__init__(every, stages)
        self.writer = writer

    def flush(self) -> None:
        """Flush the file to disk."""
        self.writer.flush()

    def close(self) -> None:
        """Close the file."""
        self.writer.close()


class FrameWriter(_TrajectoryObserver):
    """Writes frames to a trajectory; on resume, drops the frames written after the checkpoint.

    Parameters
    ----------
    writer : Writer
        The file, such as a `nakmd.io.TrajectoryWriter`.
    every, stages
        As in `Observer`.
    pair_energies : bool
        Whether to store the pair energies between species with each frame (read by the affinity analysis).
    virials : bool
        Whether to store energies and virials by atom with each frame: 80 bytes for each atom.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from nakmd import Trajectory
    >>> from nakmd.integrators import VelocityVerlet
    >>> from nakmd.io import TrajectoryWriter
    >>> from nakmd.potentials import load
    >>> from nakmd.simulation import FrameWriter, Simulation, Stage, ThermoWriter
    >>> from nakmd.structures import crystal
    >>> sodium = crystal("Na", 3)
    >>> stage = Stage("produce", VelocityVerlet(0.001), steps=4, initial_temperature=100.0)
    >>> with TemporaryDirectory() as folder:
    ...     with TrajectoryWriter(f"{folder}/sodium.h5md", sodium.topology) as writer:
    ...         observers = [FrameWriter(writer, every=2), ThermoWriter(writer, every=1)]
    ...         Simulation(sodium, load("nak"), [stage], observers).run().value
    ...     with Trajectory(f"{folder}/sodium.h5md") as trajectory:
    ...         trajectory.steps.tolist(), trajectory.thermo["step"].tolist()
    'finished'
    ([0, 2, 4], [0, 1, 2, 3, 4])
    """

    def __init__(
        self,
        writer: Writer,
        every: int,
        stages: Sequence[str] | None = None,
        pair_energies: bool = True,
        virials: bool = False,
    ) -> None:
        super().__init__(writer, every, stages)
        self.needs = frozenset(
            {"virial", *({"pair_energies"} if pair_energies else ()), *({"energies", "virials"} if virials else ())}
        )

    def observe(self, frame: Frame) -> None:
        """Write the frame."""
        self.writer.write(frame)

    def state(self) -> dict[str, Any]:
        """Return the number of frames."""
        return {"frames": self.writer.n_frames}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Drop frames after the checkpoint."""
        self.writer.truncate(int(state["frames"]), self.writer.n_thermo)


class _ThermoObserver(Observer):
    """Reads rows of the thermo table, with the heat current if it needs virials by atom."""

    needs = frozenset({"virial"})
    _source: ThermoSource | None = None

    def attach(self, simulation: ThermoSource) -> None:
        """Store the source of the rows."""
        self._source = simulation

    def look(self, frame_of: Callable[[], Frame]) -> None:
        """Read a row, which needs no frame."""
        self.observe()

    def observe(self, frame: Frame | None = None) -> None:
        """Take a row of the current step."""
        self._take(self._row())

    def _take(self, row: dict[str, Value]) -> None:
        """Store a row."""
        raise TypeError(f"{type(self).__name__} does not define _take(row).")

    def _row(self) -> dict[str, Value]:
        """Return the row of the current step."""
        assert self._source is not None  # the simulation attaches every observer
        row = self._source.thermo_row()
        return {**row, **self._source.heat_row()} if "virials" in self.needs else row


class ThermoWriter(_ThermoObserver, _TrajectoryObserver):
    """Writes rows of the thermo table to a trajectory.

    Parameters
    ----------
    writer, every, stages
        As in `FrameWriter`.
    heat_current : bool
        Whether the rows have the heat current of each element (`nakmd.currents`).

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from nakmd.io import TrajectoryWriter
    >>> from nakmd.structures import crystal
    >>> with TemporaryDirectory() as folder, TrajectoryWriter(f"{folder}/a.h5md", crystal("Na", 2).topology) as writer:
    ...     rows = ThermoWriter(writer, every=10, stages=["produce"])  # an observer of `Simulation`
    >>> sorted(rows.needs)
    ['virial']
    """

    def __init__(
        self, writer: Writer, every: int, stages: Sequence[str] | None = None, heat_current: bool = False
    ) -> None:
        super().__init__(writer, every, stages)
        if heat_current:
            self.needs = self.needs | {"virials"}

    def _take(self, row: dict[str, Value]) -> None:
        self.writer.write_thermo(row)

    def state(self) -> dict[str, Any]:
        """Return the number of rows."""
        return {"thermo": self.writer.n_thermo}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Drop rows after the checkpoint."""
        self.writer.truncate(self.writer.n_frames, int(state["thermo"]))


class ThermoLog(_ThermoObserver):
    """Stores rows of the thermo table in memory; parameters as in `ThermoWriter`.

    Attributes
    ----------
    rows : list of dict

    Examples
    --------
    >>> from nakmd.integrators import VelocityVerlet
    >>> from nakmd.potentials import load
    >>> from nakmd.simulation import Simulation, Stage, ThermoLog
    >>> from nakmd.structures import crystal
    >>> log = ThermoLog(every=2)
    >>> stage = Stage("produce", VelocityVerlet(0.001), steps=4, initial_temperature=100.0)
    >>> Simulation(crystal("Na", 3), load("nak"), [stage], [log]).run().value
    'finished'
    >>> log.column("step"), round(log.column("potential_energy")[0] / 54, 3)
    ([0, 2, 4], -1.113)
    """

    def __init__(self, every: int, stages: Sequence[str] | None = None, heat_current: bool = False) -> None:
        super().__init__(every, stages)
        if heat_current:
            self.needs = self.needs | {"virials"}
        self.rows: list[dict[str, Value]] = []

    def _take(self, row: dict[str, Value]) -> None:
        self.rows.append(row)

    def column(self, name: str) -> list[Any]:
        """Return one quantity of all rows."""
        return [row[name] for row in self.rows]
