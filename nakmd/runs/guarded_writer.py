"""A trajectory writer that writes only while this process holds the folder of the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nakmd.io import TrajectoryWriter
from nakmd.simulation.readings import Value
from nakmd.system import Frame


class GuardedWriter:
    """Confirms the lock of the folder before every change of the trajectory.

    A process that was suspended for minutes may have lost its folder to another one, and its next frame would damage
    the file of that one.

    Parameters
    ----------
    writer : TrajectoryWriter
    confirm : callable
        Raises `RunError` if the lock is lost.
    log : callable
        Receives every row of the thermo table after it is written.
    """

    def __init__(
        self, writer: TrajectoryWriter, confirm: Callable[[], None], log: Callable[[Mapping[str, Value]], None]
    ) -> None:
        self._writer = writer
        self._confirm = confirm
        self._log = log

    @property
    def n_frames(self) -> int:
        """Frames in the file."""
        return self._writer.n_frames

    @property
    def n_thermo(self) -> int:
        """Rows of the thermo table."""
        return self._writer.n_thermo

    def write(self, frame: Frame) -> None:
        """Append a frame."""
        self._confirm()
        self._writer.write(frame)

    def write_thermo(self, row: Mapping[str, Value]) -> None:
        """Append a row."""
        self._confirm()
        self._writer.write_thermo(row)
        self._log(row)

    def flush(self) -> None:
        """Flush to disk."""
        self._confirm()
        self._writer.flush()

    def truncate(self, n_frames: int, n_thermo: int) -> None:
        """Drop all frames and rows after these numbers."""
        self._confirm()
        self._writer.truncate(n_frames, n_thermo)

    def close(self) -> None:
        """Write buffered rows and close the file; only close it if the lock is lost."""
        try:
            self._confirm()
        except BaseException:
            self._writer.abandon()
            raise
        self._writer.close()
