"""The errors a user can meet: each says what, the numbers, where, and what to do.

The command line turns the two families into exit codes: `InputError` is 2 (bad input: deck, file, usage),
`RunError` is 1 (the run failed; what was written stays readable).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class NakmdError(Exception):
    """Root of every error that nakmd raises on purpose."""

    exit_code = 1


class InputError(NakmdError):
    """Something the user wrote or chose cannot work."""

    exit_code = 2


class FileFormatError(InputError):
    """A file is truncated, damaged or of another kind.

    Parameters
    ----------
    path : object
        The file.
    what : str
        What is wrong, with the numbers.
    remedy : str
        What to do about it.
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
        """Pickle by the arguments: errors come back from other processes."""
        return type(self), self._arguments


class CoverageError(InputError):
    """A pair of species present is covered by no term of the model."""


class StructureError(InputError):
    """The asked-for structure cannot be built."""


class DeckError(InputError):
    """One or more faults of a deck, reported together.

    Parameters
    ----------
    problems : sequence of str
        One message for each fault, each with its line and remedy.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type[DeckError], tuple[list[str]]]:
        """Pickle by the argument: errors come back from other processes."""
        return type(self), (self.problems,)


class AnalysisError(InputError):
    """An analysis was asked for something that its frames do not hold."""


class RunError(NakmdError):
    """The run failed while it ran; what was written stays readable."""


class ExplosionError(RunError):
    """A position, a force or the temperature left the realm of sense."""


class NeighborOverflowError(RunError):
    """Atoms crowd together beyond every sane density."""


def nearest(word: object, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known word that looks most like a given one.

    Parameters
    ----------
    word : object
        Only the first 64 characters of its text are compared.
    known : iterable of str
    cutoff : float
        The least likeness, from 0 to 1, as `difflib.get_close_matches` defines it. Upper and lower case count as equal.

    Returns
    -------
    str or None
        None if no word is alike.

    Examples
    --------
    >>> nearest("Timestp", ["timestep", "steps"])
    'timestep'
    """
    lower: dict[str, str] = {}
    for name in known:
        lower.setdefault(name.lower(), name)
    match = difflib.get_close_matches(str(word)[:64].lower(), lower, 1, cutoff)
    return lower[match[0]] if match else None


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Return a hint for an unknown word: the nearest known word, else all known words.

    Examples
    --------
    >>> did_you_mean("hlep", ["help", "run"])
    'Did you mean "help"?'
    >>> did_you_mean("xyz", ["help", "run"])
    'There are help, run.'
    >>> did_you_mean("xyz", [])
    ''
    """
    words = sorted(set(known))
    match = nearest(word, words)
    if match is not None:
        return f'Did you mean "{match}"?'
    return f"There are {', '.join(words)}." if words else ""
