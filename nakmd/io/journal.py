"""A file under HDF5 whose changes arrive all together or not at all.

HDF5 spreads one appended frame over many small writes: the chunks at the end of the file, then index nodes,
object headers and the superblock inside it. A process killed between two of them leaves a file that no library
opens. So the library writes into memory, and `nakmd.io.journaled_file` brings the change to the disk in an order that
survives a kill at any moment:

1. what lies beyond the old end is appended: nothing in the old content points at it yet;
2. the changed pages of the old content are written to ``<file>.journal``, closed by a digest;
3. the same pages are written in place;
4. the journal is emptied.

Killed in 1 or 2, the file is the old one with bytes past its end that HDF5 ignores; killed in 3 or 4, the journal
is complete and `pending_changes` finishes the change for whoever opens the file next. At every other moment, so
also while the run goes on, any HDF5 program can open the file. A full disk fails in 1 or 2 and leaves the old file.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import struct
from pathlib import Path
from typing import NamedTuple

#: Pages are what the kernel writes whole: a kill never splits one.
PAGE = 4096

_MAGIC = b"nakmdjournal001\n"
_HEADER = struct.Struct("<16s32sQQ")  # magic, identity of the file, its new length, number of pages
_DIGEST = 32

#: The identity of a file (32 hexadecimal digits) is looked for in this many bytes from its start.
_IDENTITY_SPAN = 1 << 20


class Changes(NamedTuple):
    """A complete change that has not fully arrived.

    Attributes
    ----------
    length : int
        Length of the file after it [bytes].
    pages : dict of int to bytes
        New content by page number.
    """

    length: int
    pages: dict[int, bytes]


def journal_of(path: str | os.PathLike[str]) -> Path:
    """Return where the journal of a file lies."""
    return Path(f"{os.fspath(path)}.journal")


def pending_changes(path: str | os.PathLike[str]) -> Changes | None:
    """Return the change a killed writer was in the middle of, or None if the file is whole.

    Parameters
    ----------
    path : path
        The file itself, not its journal.

    Notes
    -----
    A journal whose digest fails was never finished, so the file was not touched. A journal that carries another
    file's identity lies there by accident and is ignored.
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
    """Return the content of a journal: header, numbers of the pages, the pages, and the digest of all that.

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
    """Return whether a living process has the file open for writing.

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
