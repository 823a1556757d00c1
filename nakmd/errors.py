"""The errors of nakmd, and words for their messages.

Each message gives the fault with its numbers, the place and the remedy.

The command line maps the two families to exit codes: `InputError` is 2 (bad input: deck, file, usage),
`RunError` is 1 (the run failed; the files written so far stay readable).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

#: For words that have none.
NO_SYNONYMS: Mapping[str, str] = MappingProxyType({})


class NakmdError(Exception):
    """Base class of all errors that nakmd raises deliberately.

    Examples
    --------
    >>> import nakmd
    >>> try:
    ...     nakmd.Trajectory("none.h5md")
    ... except nakmd.NakmdError as error:
    ...     print(error, error.exit_code)
    none.h5md: there is no such file. 2
    """

    exit_code = 1


class InputError(NakmdError):
    """Invalid input: a deck, a file or an argument."""

    exit_code = 2


class FileFormatError(InputError):
    """A file is missing, truncated, damaged or of another format.

    Parameters
    ----------
    path : object
        The file.
    what : str
        What is wrong, with the numbers.
    remedy : str
        What to do.
    line : int or None
        Line of the file, counted from 1, where known.
    """

    def __init__(self, path: object, what: str, remedy: str = "", line: int | None = None) -> None:
        where = f"{path}:{line}" if line is not None else f"{path}"
        super().__init__(f"{where}: {what}" + (f" {remedy}" if remedy else ""))
        self.path = path
        self.line = line
        self._arguments = (path, what, remedy, line)

    def __reduce__(self) -> tuple[type[FileFormatError], tuple[object, str, str, int | None]]:
        """Pickle by the arguments: errors are passed between processes."""
        return type(self), self._arguments


class InUseError(InputError):
    """Another process uses a folder."""


class CoverageError(InputError):
    """No term of the model covers a pair of species in the system."""


class StructureError(InputError):
    """The requested structure cannot be built.

    Parameters
    ----------
    message : str
    about : str
        Name of the single number that is wrong, such as the kind of a site; empty if there is none.
    """

    def __init__(self, message: str, about: str = "") -> None:
        super().__init__(message)
        self.about = about

    def __reduce__(self) -> tuple[type[StructureError], tuple[Any, ...]]:
        """Pickle by the arguments: errors are passed between processes."""
        return type(self), (str(self), self.about)


class DeckError(InputError):
    """All errors of a deck, reported together.

    Parameters
    ----------
    problems : sequence of str
        One message for each error, with its line and remedy.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type[DeckError], tuple[list[str]]]:
        """Pickle by the argument: errors are passed between processes."""
        return type(self), (self.problems,)


class AnalysisError(InputError):
    """An analysis is not possible with the given frames."""


class RunError(NakmdError):
    """A run failed; the files written so far stay readable."""


class ExplosionError(RunError):
    """A position, a force or the temperature is not finite or exceeds its limit."""


class ModelError(RunError):
    """A program outside nakmd that computes a model failed, or returned no valid energies or forces."""


class NeighborOverflowError(RunError):
    """The local density exceeds the capacity of the neighbour list."""


class ModelWarning(UserWarning):
    """A model computes something that it was not given all numbers for."""


def nearest(
    word: object, known: Iterable[str], cutoff: float = 0.6, synonyms: Mapping[str, str] = NO_SYNONYMS
) -> str | None:
    """Return the known word most similar to a given one.

    Parameters
    ----------
    word : object
        Only the first 64 characters of its text are compared.
    known : iterable of str
    cutoff : float
        Minimum similarity from 0 to 1, as in `difflib.get_close_matches`; case is ignored.
    synonyms : mapping of str to str
        The known word for a word of other programs, in lower case, with spaces for dashes and underscores. One that is
        not among ``known`` is ignored.

    Returns
    -------
    str or None
        None if no word is similar enough.

    Examples
    --------
    >>> nearest("Timestp", ["timestep", "steps"])
    'timestep'
    >>> nearest("MSD", ["diffusion", "rdf"], synonyms={"msd": "diffusion"})
    'diffusion'
    """
    lower: dict[str, str] = {}
    for name in known:
        lower.setdefault(name.lower(), name)
    meant = synonyms.get(" ".join(str(word)[:64].lower().replace("_", " ").replace("-", " ").split()))
    if meant in lower.values():
        return meant
    match = difflib.get_close_matches(str(word)[:64].lower(), lower, 1, cutoff)
    return lower[match[0]] if match else None


def did_you_mean(word: object, known: Iterable[str], synonyms: Mapping[str, str] = NO_SYNONYMS) -> str:
    """Return a hint for an unknown word: the known word that is meant or the most similar one, else all known words.

    ``synonyms`` are as in `nearest`.

    Examples
    --------
    >>> did_you_mean("hlep", ["help", "run"])
    'Did you mean "help"?'
    >>> did_you_mean("xyz", ["help", "run"])
    'Available: help, run.'
    >>> did_you_mean("xyz", [])
    ''
    """
    words = sorted(set(known))
    match = nearest(word, words, synonyms=synonyms)
    if match is not None:
        return f'Did you mean "{match}"?'
    return f"Available: {', '.join(words)}." if words else ""


def counted(numbers: Mapping[str, int]) -> str:
    """Return numbers of things by name: 400 C, 8 N:graphitic.

    Examples
    --------
    >>> from nakmd.errors import counted
    >>> counted({"C": 1400, "N:graphitic": 8})
    '1,400 C, 8 N:graphitic'
    """
    return ", ".join(f"{number:,} {name}" for name, number in numbers.items())


def in_bytes(number: float) -> str:
    """Return a size in B, kB, MB, GB or TB.

    Examples
    --------
    >>> from nakmd.errors import in_bytes
    >>> in_bytes(1.25e9)
    '1.25 GB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000.0:
            return f"{number:.3g} {unit}"
        number /= 1000.0
    return f"{number:.3g} TB"
