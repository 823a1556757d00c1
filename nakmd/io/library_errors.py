"""Conversion of exceptions of HDF5, ASE and other libraries to error messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from nakmd.errors import FileFormatError, NakmdError


def one_line(error: BaseException) -> str:
    """Return the text of an error on one line, without the prefix of the library.

    Parameters
    ----------
    error : BaseException
    """
    text = " ".join(str(error).split()) or type(error).__name__
    inner = re.search(r"\((.*)\)$", text)
    if isinstance(error, OSError) and inner:
        text = inner.group(1)  # HDF5: "Unable to synchronously open file (the reason)"
    return text if len(text) <= 200 else text[:197] + "..."


@contextmanager
def guard(path: object, what: str, remedy: str = "") -> Iterator[None]:
    """Convert any exception of a reading library inside the block to `FileFormatError`.

    Parameters
    ----------
    path : object
        The file.
    what : str
        The operation that failed.
    remedy : str
        Suggested remedy.

    Notes
    -----
    Damaged HDF5 files make h5py raise at least OSError, KeyError, RuntimeError, ValueError, TypeError,
    MemoryError and UnicodeDecodeError, so ``Exception`` is caught.
    """
    try:
        yield
    except NakmdError:
        raise
    except Exception as error:
        raise FileFormatError(path, f"{what} ({one_line(error)}).", remedy) from error
