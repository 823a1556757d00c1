"""Journal of atomic changes to an HDF5 file.

HDF5 splits one appended frame into many small writes: the chunks at the end of the file, then index nodes, object
headers and the superblock inside it. A process killed between two of them leaves a file that no library can open.
Therefore HDF5 writes to memory, and `nakmd.io.journaled_file` commits the change to the disk in an order that is safe
against a kill at any moment:

1. content beyond the old end is appended: the old content does not refer to it yet;
2. the changed pages of the old content are written to ``<file>.journal``, followed by a digest;
3. the same pages are written in place;
4. the journal is emptied.

After a kill in 1 or 2, the file has its old content, with bytes past its end that HDF5 ignores. After a kill in 3 or 4,
the journal is complete, and the next process that opens the file finishes the change with `pending_changes`. At all
other times, also during the run, any HDF5 program can open the file. A full disk fails in 1 or 2 and leaves the old
content.

A lock on the journal admits one writer at a time; on the file itself it would exclude HDF5 readers. The writer removes
the empty journal when it closes. A process that has opened the journal before may lock it only after that, and would
hold the lock of a file that nobody else finds. So a lock counts only if the journal still has its name.
"""

from __future__ import annotations

import hashlib
import os
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from nakmd.errors import InputError

try:
    import fcntl
except ImportError:  # Windows: as on a file system without locks; the lock of a run's folder needs none
    fcntl = None  # type: ignore[assignment]

#: End of the name of a journal, after the name of its file.
SUFFIX = ".journal"

#: Page size [bytes]: the operating system writes pages as a whole, so a kill never splits one.
PAGE = 4096

#: Attempts to acquire the lock, 10 ms apart if it is held: `is_being_written` of a reader holds it briefly.
_LOCK_ATTEMPTS = 5

_MAGIC = b"nakmdjournal001\n"
_HEADER = struct.Struct("<16s32sQQ")  # magic, identity of the file, its new length, number of pages
_DIGEST = 32

#: Number of bytes from the start of a file that are searched for its identity (32 hexadecimal digits).
_IDENTITY_SPAN = 1 << 20


class Changes(NamedTuple):
    """A complete change that is not yet fully written in place.

    Attributes
    ----------
    length : int
        Length of the file after the change [bytes].
    pages : dict of int to bytes
        New content by page number.
    """

    length: int
    pages: dict[int, bytes]


def journal_of(path: str | os.PathLike[str]) -> Path:
    """Return the path of the journal of a file, for a symbolic link that of the file itself."""
    where = os.path.realpath(path) if os.path.islink(path) else os.fspath(path)
    return Path(f"{where}{SUFFIX}")


def pending_changes(path: str | os.PathLike[str]) -> Changes | None:
    """Return the unfinished change of a killed writer, or None if the file is consistent.

    Parameters
    ----------
    path : path
        The file itself, not its journal.

    Notes
    -----
    A journal with a wrong digest is incomplete, so the file was not changed. A journal with the identity of another
    file is ignored.
    """
    try:
        record = journal_of(path).read_bytes()
        with open(path, "rb") as file:
            beginning = file.read(_IDENTITY_SPAN)
            size = file.seek(0, os.SEEK_END)
    except OSError:
        return None
    if len(record) < _HEADER.size + _DIGEST:
        return None
    magic, identity, length, n_pages = _HEADER.unpack_from(record)
    body_end = _HEADER.size + n_pages * (8 + PAGE)
    if magic != _MAGIC or len(record) < body_end + _DIGEST:
        return None
    if hashlib.blake2b(record[:body_end], digest_size=_DIGEST).digest() != record[body_end : body_end + _DIGEST]:
        return None
    if identity not in beginning or size < length:
        return None
    numbers = struct.unpack_from(f"<{n_pages}Q", record, _HEADER.size)
    first = _HEADER.size + 8 * n_pages
    pages = {p: record[first + k * PAGE : first + (k + 1) * PAGE] for k, p in enumerate(numbers)}
    return Changes(length, pages)


def encoded(changes: Changes, identity: bytes) -> bytes:
    """Return the content of a journal: header, page numbers, pages, and the digest of all of these.

    Parameters
    ----------
    changes : Changes
    identity : bytes
        32 bytes that occur near the start of the file itself.
    """
    numbers = struct.pack(f"<{len(changes.pages)}Q", *changes.pages)
    header = _HEADER.pack(_MAGIC, identity, changes.length, len(changes.pages))
    body = b"".join([header, numbers, *changes.pages.values()])
    return body + hashlib.blake2b(body, digest_size=_DIGEST).digest()


def locked_journal(path: str | os.PathLike[str]) -> int:
    """Open and lock the journal of a file; return its handle for `release_journal`.

    Parameters
    ----------
    path : path
        The file itself, not its journal.

    Raises
    ------
    OSError
        If the journal cannot be opened.
    InputError
        If another process holds the lock.

    Notes
    -----
    On a file system or an operating system without locks, all callers get a handle.
    """
    journal = journal_of(path)
    for _ in range(_LOCK_ATTEMPTS):
        handle = os.open(journal, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(handle, is_shared=False)
            if _is_named(handle, journal):
                return handle
        except BlockingIOError:
            time.sleep(0.01)
        except OSError:
            return handle
        os.close(handle)
    raise InputError(f"{path}: another process is writing this file. Wait for it or stop it.")


def release_journal(path: str | os.PathLike[str], handle: int) -> None:
    """Remove the journal if it is empty, and release its lock."""
    journal = journal_of(path)
    with suppress(OSError):  # an empty journal that stays is harmless
        if os.fstat(handle).st_size == 0 and _is_named(handle, journal):
            journal.unlink()
    os.close(handle)


def _lock(handle: int, is_shared: bool) -> None:
    """Lock an open file without waiting; `BlockingIOError` if it is locked, another `OSError` without locks."""
    if fcntl is None:
        raise OSError("This operating system has no flock.")
    fcntl.flock(handle, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


def _is_named(handle: int, journal: Path) -> bool:
    """Return whether an open journal is the one with this name, and not one that was removed."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(journal))
    except FileNotFoundError:
        return False


def is_being_written(path: str | os.PathLike[str]) -> bool:
    """Return whether a running process has the file open for writing.

    Parameters
    ----------
    path : path
        The file itself, not its journal.
    """
    journal = journal_of(path)
    for _ in range(_LOCK_ATTEMPTS):
        try:
            handle = os.open(journal, os.O_RDONLY)
        except OSError:
            return False
        try:
            _lock(handle, is_shared=True)
            if _is_named(handle, journal):
                return False
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            os.close(handle)
    return True  # one writer after the other has removed its journal
