"""Damaged files for property tests: whole ones with bytes cut out, put in or exchanged."""

import numpy as np
from hypothesis import strategies as st

from nakmd.errors import NakmdError


@st.composite
def broken(draw, whole, words, longest):
    """Return the bytes of a file with some cut out, put in, or exchanged.

    Parameters
    ----------
    whole : bytes
        The sound file.
    words : sequence of bytes
        What is put in, besides bytes of any value.
    longest : int
        Bytes that are cut out at one place, at most.
    """
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        length = draw(st.integers(0, longest))
        content[at : at + length] = draw(st.one_of(st.binary(max_size=8), st.sampled_from(words)))
    return bytes(content)


def assert_numbers_or_message(path, content, read, arrays):
    """Write a file and read it: all arrays hold finite numbers, or the error names the file.

    Parameters
    ----------
    path : pathlib.Path
    content : bytes
    read : callable
        Reads a path.
    arrays : sequence of str
        Attributes of what was read.
    """
    path.write_bytes(content)
    try:
        result = read(path)
    except NakmdError as error:
        sound = str(path) in str(error)
    else:
        sound = all(np.all(np.isfinite(getattr(result, name))) for name in arrays)
    assert sound
