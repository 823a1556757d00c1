"""Damaged files for property tests: intact files with bytes removed, inserted or replaced."""

import numpy as np
from hypothesis import strategies as st

from nakmd.errors import NakmdError


@st.composite
def broken(draw, whole, words, longest):
    """Return the bytes of a file with some removed, inserted or replaced.

    Parameters
    ----------
    whole : bytes
        Content of the intact file.
    words : sequence of bytes
        Byte strings to insert, in addition to random bytes.
    longest : int
        Largest number of bytes removed at one position.
    """
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        length = draw(st.integers(0, longest))
        content[at : at + length] = draw(st.one_of(st.binary(max_size=8), st.sampled_from(words)))
    return bytes(content)


def assert_numbers_or_message(path, content, read, arrays):
    """Write a file and read it: all arrays are finite, or the error names the file.

    Parameters
    ----------
    path : pathlib.Path
    content : bytes
    read : callable
        Reads a path.
    arrays : sequence of str
        Attributes of the result to check.
    """
    path.write_bytes(content)
    try:
        result = read(path)
    except NakmdError as error:
        valid = str(path) in str(error)
    else:
        valid = all(np.all(np.isfinite(getattr(result, name))) for name in arrays)
    assert valid
