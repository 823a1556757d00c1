"""The one place where the errors of the libraries below become messages for people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from nakmd.errors import FileFormatError, NakmdError


def one_line(error: BaseException) -> str:
    """Return the text of an error on one line, without the library's own prefix.

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
    """Turn whatever a reading library raises inside the block into one `FileFormatError`.

    Parameters
    ----------
    path : object
        The file.
    what : str
        What was being done and failed.
    remedy : str
        What to do about it.

    Notes
    -----
    Damaged HDF5 files make h5py raise at least OSError, KeyError, RuntimeError, ValueError, TypeError,
    MemoryError and UnicodeDecodeError, so nothing less than ``Exception`` will do.
    """
    try:
        yield
    except NakmdError:
        raise
    except Exception as error:
        raise FileFormatError(path, f"{what} ({one_line(error)}).", remedy) from error
