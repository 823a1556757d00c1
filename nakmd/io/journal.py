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
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import struct
from pathlib import Path
from typing import NamedTuple

#: Page size [bytes]: the operating system writes pages as a whole, so a kill never splits one.
PAGE = 4096

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
    """Return the path of the journal of a file."""
    return Path(f"{os.fspath(path)}.journal")


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


def is_being_written(path: str | os.PathLike[str]) -> bool:
    """Return whether a running process has the file open for writing.

    Parameters
    ----------
    path : path
        The file itself, not its journal.
    """
    try:
        journal = os.open(journal_of(path), os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(journal, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(journal)
    return False
