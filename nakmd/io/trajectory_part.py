"""Some frames of a trajectory: a slice of it, or its frames of one stage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, overload

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.errors import InputError
from nakmd.io.frame_facts import frame_facts
from nakmd.io.trajectory_frame import TrajectoryFrame
from nakmd.notebook_html import html_facts
from nakmd.system import Topology


class StoredFrames(Protocol):
    """What a part needs of its trajectory."""

    topology: Topology
    stages: tuple[str, ...]
    potentials: dict[str, Any]

    @property
    def baths(self) -> dict[str, list[dict[str, Any]]]:
        """Thermostats of each stage that has several."""
        ...

    @property
    def exchanging_stages(self) -> tuple[str, ...]:
        """Names of the stages in which moves exchanged atoms."""
        ...

    @property
    def has_images(self) -> bool:
        """Whether frames have image counts."""
        ...

    @property
    def times(self) -> FloatArray:
        """Time [ps] of each frame."""
        ...

    @property
    def steps(self) -> IntArray:
        """Step of each frame."""
        ...

    @property
    def cells(self) -> FloatArray:
        """Cell matrix [Å] of each frame."""
        ...

    @property
    def stage_rows(self) -> IntArray:
        """Index in ``stages`` of each frame, or -1."""
        ...

    def quantity(self, name: str) -> FloatArray:
        """Return one quantity of all frames."""
        ...

    def presence(self) -> BoolArray | None:
        """Return which atoms are there in each frame, (n_frames, n); None if all are in all of them."""
        ...

    def frame(self, row: int) -> TrajectoryFrame:
        """Return one frame."""
        ...


class TrajectoryPart:
    """Some frames of a trajectory, which can be sliced again and analysed.

    Parameters
    ----------
    trajectory : Trajectory
    chosen : (n,) int
        Rows of the frames in the trajectory.

    Notes
    -----
    It has no thermo table, whose rows are not those of the frames: quantities come from its frames alone. The frames
    are read from the file on request, so the trajectory must stay open.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from nakmd import Frame, Trajectory
    >>> from nakmd.io import TrajectoryWriter
    >>> from nakmd.structures import crystal
    >>> sodium = crystal("Na", 2)
    >>> place = sodium.cell.wrap(sodium.positions)
    >>> with TemporaryDirectory() as folder:
    ...     with TrajectoryWriter(f"{folder}/sodium.h5md", sodium.topology) as writer:
    ...         for step in range(10):
    ...             stage = "heat" if step < 4 else "produce"
    ...             writer.write(Frame(step, 0.001 * step, *place, sodium.cell, stage=stage))
    ...     with Trajectory(f"{folder}/sodium.h5md") as trajectory:
    ...         trajectory["produce"], trajectory["produce"][::2].steps.tolist()
    (TrajectoryPart(6 frames of 16 atoms), [4, 6, 8])
    """

    def __init__(self, trajectory: StoredFrames, chosen: IntArray) -> None:
        self._trajectory = trajectory
        self._chosen = np.asarray(chosen, dtype=np.int64)
        self.topology, self.potentials = trajectory.topology, trajectory.potentials

    @property
    def baths(self) -> dict[str, list[dict[str, Any]]]:
        """Thermostats of each stage that has several, by the name of the stage."""
        return self._trajectory.baths

    @property
    def exchanging_stages(self) -> tuple[str, ...]:
        """Names of the stages in which moves exchanged atoms."""
        return self._trajectory.exchanging_stages

    @property
    def has_images(self) -> bool:
        """Whether frames have image counts."""
        return self._trajectory.has_images

    @property
    def times(self) -> FloatArray:
        """Time [ps] of each frame, (n,)."""
        return self._trajectory.times[self._chosen]

    @property
    def steps(self) -> IntArray:
        """Step of each frame, (n,)."""
        return self._trajectory.steps[self._chosen]

    @property
    def cells(self) -> FloatArray:
        """Cell matrix [Å] of each frame, rows are vectors, (n, 3, 3)."""
        return self._trajectory.cells[self._chosen]

    def presence(self, stage: str | Sequence[str] | None = None) -> BoolArray | None:
        """Return which atoms are there in the frames of some stages, (m, n); None if all are in all of them."""
        masks = self._trajectory.presence()
        return None if masks is None else masks[self._chosen][self.rows(stage)]

    def quantity(self, name: str) -> FloatArray:
        """Return one quantity of all frames, as `Trajectory.quantity`."""
        return self._trajectory.quantity(name)[self._chosen]

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages of the frames, in order; empty for files without stages."""
        present = dict.fromkeys(self._trajectory.stage_rows[self._chosen].tolist())
        return tuple(self._trajectory.stages[row] for row in present if row >= 0)

    def rows(self, stage: str | Sequence[str] | None = None) -> IntArray:
        """Return the indices of the frames of some stages, or of all frames.

        Raises
        ------
        InputError
            If no frame belongs to a stage.
        """
        if stage is None:
            return np.arange(len(self))
        names = [stage] if isinstance(stage, str) else list(stage)
        for name in names:
            if name not in self.stages:
                raise InputError(f"unknown stage {name!r}; available: {', '.join(self.stages) or 'none'}.")
        wanted = [row for row, name in enumerate(self._trajectory.stages) if name in names]
        return np.flatnonzero(np.isin(self._trajectory.stage_rows[self._chosen], wanted))

    def frames(self, stage: str | Sequence[str] | None = None) -> Iterator[TrajectoryFrame]:
        """Read the frames of some stages, or all, one by one."""
        return (self[int(row)] for row in self.rows(stage))

    def __len__(self) -> int:
        return len(self._chosen)

    def __iter__(self) -> Iterator[TrajectoryFrame]:
        return self.frames()

    @overload
    def __getitem__(self, index: int) -> TrajectoryFrame: ...

    @overload
    def __getitem__(self, index: slice | str) -> TrajectoryPart: ...

    def __getitem__(self, index: int | slice | str) -> TrajectoryFrame | TrajectoryPart:
        if isinstance(index, slice):
            return TrajectoryPart(self._trajectory, self._chosen[index])
        if isinstance(index, str):
            return TrajectoryPart(self._trajectory, self._chosen[self.rows(index)])
        if not isinstance(index, int | np.integer):
            raise InputError(f"frames are chosen by a number, a slice or the name of a stage, not by {index!r}.")
        if not -len(self) <= index < len(self):
            raise IndexError(f"frame {index} does not exist; there are {len(self)} frames.")
        return self._trajectory.frame(int(self._chosen[index]))

    def _repr_html_(self) -> str:
        """Return frames, times, stages and atoms as a table, for notebooks."""
        return html_facts(repr(self), frame_facts(self.times, self.stages, self.topology))

    def __repr__(self) -> str:
        return f"TrajectoryPart({len(self)} frames of {self.topology.n_atoms} atoms)"
