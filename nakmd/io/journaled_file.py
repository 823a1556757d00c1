"""A file object for HDF5 that keeps changes in memory and commits them atomically (see `nakmd.io.journal`)."""

from __future__ import annotations

import io
import os
from pathlib import Path

from nakmd.errors import RunError
from nakmd.io.journal import PAGE, Changes, encoded, journal_of, locked_journal, pending_changes, release_journal


class JournaledFile(io.RawIOBase):
    """A file object for ``h5py.File`` that keeps writes in memory until `commit`.

    Parameters
    ----------
    path : path
    mode : {"r", "w", "a"}
        ``"r"`` reads, with a pending change applied in memory only. ``"a"`` applies a pending change to the file and
        allows further changes; ``"w"`` starts an empty file.

    Attributes
    ----------
    identity : bytes
        32 bytes that occur in the file; the caller sets it before the first `commit` that changes old content.

    Raises
    ------
    OSError
        If the file cannot be opened.
    InputError
        If another process is writing it.
    """

    def __init__(self, path: str | os.PathLike[str], mode: str) -> None:
        super().__init__()
        self.path = Path(path)
        self.identity = b""
        self._position = 0
        self._tail = bytearray()
        self._pages: dict[int, bytearray] = {}
        self._journal = -1
        self._file = -1
        if mode == "r":
            self._file = os.open(self.path, os.O_RDONLY)
            changes = pending_changes(self.path)
            self._committed = os.fstat(self._file).st_size
            if changes:
                self._pages = {p: bytearray(content) for p, content in changes.pages.items()}
        else:
            self._open_for_writing(mode)
        self._length = self._committed

    def _open_for_writing(self, mode: str) -> None:
        self._journal = locked_journal(self.path)
        try:
            changes = pending_changes(self.path) if mode == "a" else None
            flags = os.O_RDWR if mode == "a" else os.O_RDWR | os.O_CREAT | os.O_TRUNC
            self._file = os.open(self.path, flags, 0o644)
            if changes:
                self._apply(changes.pages, changes.length)
            os.ftruncate(self._journal, 0)
        except BaseException:
            self.close()
            raise
        self._committed = os.fstat(self._file).st_size

    def commit(self, sync: bool = False) -> None:
        """Write all changes since the last commit to the file, atomically.

        Parameters
        ----------
        sync : bool
            Also force them to the disk, for safety against power cuts.

        Raises
        ------
        RunError
            If the disk is full or fails; the file keeps its old content.
        """
        if self._file < 0:
            return
        old_length = self._committed
        boundary, inside = divmod(old_length, PAGE)
        if inside and boundary in self._pages:  # old and new content share this page, which is written as a whole
            beginning = self._tail[: PAGE - inside]
            self._pages[boundary][inside : inside + len(beginning)] = beginning
        pages = {p: bytes(content) for p, content in sorted(self._pages.items()) if p * PAGE < self._length}
        try:
            _write_all(self._file, self._tail, old_length)
            if pages or self._length < old_length:
                _write_all(self._journal, encoded(Changes(self._length, pages), self.identity), 0)
                if sync:
                    os.fsync(self._file)
                    os.fsync(self._journal)
        except OSError as error:
            os.ftruncate(self._file, old_length)
            os.ftruncate(self._journal, 0)
            raise RunError(
                f"{self.path}: cannot be written ({error.strerror}). Its earlier content is intact; "
                "free disk space and resume."
            ) from error
        try:
            self._apply(pages, self._length)
            if sync:
                os.fsync(self._file)
            os.ftruncate(self._journal, 0)
        except OSError as error:
            raise RunError(
                f"{self.path}: cannot be written ({error.strerror}). Keep {journal_of(self.path)} next to it: "
                "opening the file again finishes the change."
            ) from error
        self._committed = self._length
        self._tail.clear()
        self._pages.clear()

    def _apply(self, pages: dict[int, bytes], length: int) -> None:
        for p, content in pages.items():
            _write_all(self._file, content[: length - p * PAGE], p * PAGE)
        os.ftruncate(self._file, length)

    # The interface that h5py requires. Old content is changed page by page, new content is appended to the tail.

    def readable(self) -> bool:
        """Return True."""
        return True

    def writable(self) -> bool:
        """Return whether the file was opened for writing."""
        return self._journal >= 0

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position [bytes] and return it."""
        self._position = offset + (0, self._position, self._length)[whence]
        return self._position

    def tell(self) -> int:
        """Return the position [bytes]."""
        return self._position

    def readinto(self, buffer: object) -> int:
        """Fill ``buffer`` from the current position; return the number of bytes."""
        out = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # typeshed has no public Buffer in 3.11
        if self._file < 0:
            return 0
        begin = self._position
        end = max(begin, min(begin + len(out), self._length))
        middle = min(end, self._committed)
        if begin < middle:
            content = os.pread(self._file, middle - begin, begin)
            out[: len(content)] = content
            for p in range(begin // PAGE, (middle - 1) // PAGE + 1):
                if p in self._pages:
                    low, high = max(begin, p * PAGE), min(middle, (p + 1) * PAGE)
                    out[low - begin : high - begin] = self._pages[p][low - p * PAGE : high - p * PAGE]
        if end > self._committed:
            low = max(begin, self._committed)
            out[low - begin : end - begin] = self._tail[low - self._committed : end - self._committed]
        self._position = end
        return end - begin

    def write(self, buffer: object) -> int:
        """Write ``buffer`` at the current position, in memory; return the number of bytes."""
        content = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        if self._file < 0:
            return len(content)  # HDF5 may still write after an error
        begin = self._position
        end = begin + len(content)
        if end > self._length:
            self.truncate(end)
        middle = min(end, self._committed)
        if begin < middle:
            for p in range(begin // PAGE, (middle - 1) // PAGE + 1):
                low, high = max(begin, p * PAGE), min(middle, (p + 1) * PAGE)
                self._page(p)[low - p * PAGE : high - p * PAGE] = content[low - begin : high - begin]
        if end > self._committed:
            low = max(begin, self._committed)
            self._tail[low - self._committed : end - self._committed] = content[low - begin :]
        self._position = end
        return end - begin

    def _page(self, p: int) -> bytearray:
        page = self._pages.get(p)
        if page is None:
            page = bytearray(os.pread(self._file, PAGE, p * PAGE))
            page.extend(bytes(PAGE - len(page)))
            self._pages[p] = page
        return page

    def truncate(self, size: int | None = None) -> int:
        """Set the length [bytes], in memory; return it."""
        length = self._position if size is None else size
        tail = max(0, length - self._committed)
        if tail > len(self._tail):
            self._tail.extend(bytes(tail - len(self._tail)))
        else:
            del self._tail[tail:]
        self._length = length
        return length

    def flush(self) -> None:
        """Do nothing: `commit` writes the changes."""

    def close(self) -> None:
        """Close without committing, and remove the empty journal."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._journal >= 0:
            release_journal(self.path, self._journal)
            self._journal = -1
        super().close()


def _write_all(handle: int, content: bytes | bytearray, offset: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(handle, view, offset)
        view = view[written:]
        offset += written
