"""Sources of frames: a protocol, frames in memory, and the stages of a source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology

#: Callback after each frame: number of frames done, and total number (None if unknown).
FrameProgress = Callable[[int, int | None], None]


class FrameSource(Protocol):
    """Source of frames: a trajectory file or a `FrameList`."""

    @property
    def topology(self) -> Topology:
        """Properties that are the same in all frames."""
        ...

    @property
    def stages(self) -> Iterable[str]:
        """Names of the stages present."""
        ...

    def frames(self, stage: str | Sequence[str] | None = None) -> Iterator[Frame]:
        """Iterate over the frames of the given stages, or over all."""
        ...


@runtime_checkable
class IndexedFrames(FrameSource, Protocol):
    """A source that knows stage, time, cell and energies of all frames without reading them, as a file does."""

    @property
    def times(self) -> FloatArray:
        """Time [ps] of each frame, (n,)."""
        ...

    @property
    def cells(self) -> FloatArray:
        """Cell matrix [Å] of each frame, (n, 3, 3)."""
        ...

    def rows(self, stage: str | Sequence[str] | None = None) -> IntArray:
        """Return the indices of the frames of some stages, or of all."""
        ...

    def quantity(self, name: str) -> FloatArray:
        """Return a field of all frames; `InputError` if they do not have it."""
        ...

    def __getitem__(self, index: int) -> Frame:
        """Read a frame."""
        ...


class FrameList:
    """Frames in memory as a source.

    Parameters
    ----------
    topology : Topology
    frames : iterable of Frame

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList
    >>> from nakmd.structures import crystal
    >>> sodium = crystal("Na", 2)
    >>> frames = [Frame(k, 0.1 * k, sodium.positions, np.zeros((16, 3), np.int32), sodium.cell) for k in range(3)]
    >>> source = FrameList(sodium.topology, frames)
    >>> len(source), source[2].time
    (3, 0.2)
    """

    def __init__(self, topology: Topology, frames: Iterable[Frame]) -> None:
        self.topology = topology
        self._frames = list(frames)

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[Frame]:
        return iter(self._frames)

    def __getitem__(self, index: int) -> Frame:
        return self._frames[index]

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages present, in order."""
        return tuple(dict.fromkeys(frame.stage for frame in self._frames))

    def presence(self, stage: str | Sequence[str] | None = None) -> BoolArray | None:
        """Return which atoms are there in the frames of some stages, (m, n); None if all are in all of them."""
        masks = [frame.present for frame in self.frames(stage)]
        if all(mask is None for mask in masks):
            return None
        everyone = np.ones(self.topology.n_atoms, dtype=np.bool_)
        return np.array([everyone if mask is None else mask for mask in masks])

    def frames(self, stage: str | Sequence[str] | None = None) -> Iterator[Frame]:
        """Iterate over the frames of the given stages, or over all."""
        names = [stage] if isinstance(stage, str) else stage
        return (frame for frame in self._frames if names is None or frame.stage in names)


def is_production(stage: str) -> bool:
    """Return whether a stage is a production stage: its name begins with ``produc``."""
    return stage.lower().startswith("produc")


def chosen_stages(present: Sequence[str], stages: str | Sequence[str] | None) -> list[str]:
    """Return the names of the stages to measure in; ``stages`` as in `FrameOptions`."""
    names = list(dict.fromkeys(present))
    production = [name for name in names if is_production(name)]
    if stages is None:
        return production or names
    requested = [stages] if isinstance(stages, str) else list(stages)
    if "all" in requested:
        return names
    if requested == ["production"] and "production" not in names and production:
        return production
    for name in requested:
        if name not in names:
            available = ", ".join(repr(other) for other in names if other) or "none"
            raise AnalysisError(f"No frame belongs to stage {name!r}; the stages present are {available}.")
    return requested
