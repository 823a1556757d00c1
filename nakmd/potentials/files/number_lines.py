"""Read numbers line by line, with messages that give the line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.elements import miswritten_symbol
from nakmd.errors import FileFormatError

#: Most characters of an integer.
MAX_DIGITS = 18

TRUNCATED = "The file is truncated: use a complete copy."
DAMAGED = "Correct the value, or use an intact copy of the file."


INTEGER = re.compile(r"[+-]?[0-9]+")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
FORTRAN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)[dD][+-]?[0-9]+")
#: Fortran drops the E of an exponent of three digits.
NO_E = re.compile(r"([+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+))([+-][0-9]{3})")
COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?")
UNITS = re.compile(r"UNITS:\s*(\S+)")


class Lines:
    """A text file read line by line; errors give the current line.

    Parameters
    ----------
    path : path-like
        For messages.
    text : str
    """

    def __init__(self, path: Path | str, text: str) -> None:
        self.path = path
        self.size = len(text)
        self._lines = text.split("\n")
        self.line = 0

    def error(self, what: str, remedy: str, line: int | None = None) -> FileFormatError:
        """Return the error that names this file and this (or the given) line."""
        return FileFormatError(self.path, what, remedy, self.line if line is None else line)

    def raw(self) -> str:
        """Return the next line unchanged."""
        if self.line >= len(self._lines):
            raise self.error("the file ends inside its header.", TRUNCATED)
        self.line += 1
        return self._lines[self.line - 1].rstrip("\r")

    def words(self, expected: str) -> list[str]:
        """Return the words of the next line that is not empty; ``#`` starts a comment."""
        words = self.words_or_none()
        if words is None:
            raise self.error(f"the file ends before {expected}.", TRUNCATED)
        return words

    def words_or_none(self) -> list[str] | None:
        """Return the words of the next line that is not empty, or None at the end of the file."""
        while self.line < len(self._lines):
            self.line += 1
            words = self._lines[self.line - 1].partition("#")[0].split()
            if words:
                return words
        return None

    def integer(self, word: str, what: str, least: int = 0) -> int:
        """Return a word as an integer no smaller than ``least``."""
        if not INTEGER.fullmatch(word):
            raise self.error(f"{what} is {shown(word)}, not an integer.", "Correct the header.")
        if len(word) > MAX_DIGITS:
            raise self.error(f"{what} is {shown(word)}: it has {len(word)} digits.", "Correct the header.")
        if int(word) < least:
            raise self.error(f"{what} is {word}; it must be at least {least}.", "Correct the header.")
        return int(word)

    def check_counts(self, n_values: int) -> None:
        """Raise an error for more values in the header than the file has room for, before any is read."""
        most = self.size // 2  # a digit and a blank for each
        if n_values > most:
            raise self.error(
                f"the header announces {n_values} values, but the file of {self.size} characters holds at most {most}.",
                "Correct the counts of the header, or use a complete copy of the file.",
            )

    def check_spacing(self, n: int, spacing: float, what: str) -> None:
        """Raise an error for a grid whose end or inverse spacing is beyond double precision."""
        if not (math.isfinite(n * spacing) and math.isfinite(1.0 / spacing)):
            raise self.error(
                f"{what} is {spacing:g}: a grid of {n} points with this spacing is beyond double precision.",
                "Correct the header.",
            )

    def number(self, word: str, what: str) -> float:
        """Return a word as a finite number."""
        if not NUMBER.fullmatch(word):
            raise self.not_a_number(word, what)
        if not math.isfinite(float(word)):
            raise self.error(f"{what} is {shown(word)}, beyond double precision.", "Correct the value.")
        return float(word)

    def positive(self, word: str, what: str) -> float:
        """Return a word as a finite number above zero."""
        value = self.number(word, what)
        if value <= 0.0:
            raise self.error(f"{what} is {word}; it must be positive.", "Correct the value.")
        return value

    def not_a_number(self, word: str, what: str) -> FileFormatError:
        """Return the error for a word that should be a finite number."""
        if FORTRAN.fullmatch(word):
            fixed = re.sub("[dD]", "E", word)
            return self.error(
                f"{what} is {word}; Fortran exponents are not valid in this format.",
                f"Replace D by E ({fixed}) throughout the file.",
            )
        if (no_e := NO_E.fullmatch(word)) is not None:
            fixed = "E".join(no_e.groups())
            return self.error(
                f"{what} is {shown(word)}: an exponent without E, as Fortran writes exponents of three digits.",
                f"Write {fixed}, and so throughout the file.",
            )
        if set(word.lstrip("+-")) == {"*"}:
            return self.error(
                f"{what} is {shown(word)}: Fortran prints asterisks for a number that is too wide for its format.",
                "Print the number in a wider format.",
            )
        if COMMA.fullmatch(word):
            return self.error(f"{what} is {shown(word)}: a decimal comma.", "Write decimal points throughout the file.")
        if word.lower().lstrip("+-") in ("nan", "inf", "infinity"):
            return self.error(f"{what} is {word}.", "Values must be finite: repair or replace the file.")
        return self.error(f"{what} is {shown(word)}, not a number.", DAMAGED)

    def block(self, n: int, what: str) -> FloatArray:
        """Return the next ``n`` numbers, which start on a new line and end at the end of a line (as in DYNAMO)."""
        values: list[float] = []
        while len(values) < n:
            words = self.words_or_none()
            if words is None:
                raise self.error(f"the file ends after {len(values)} of the {n} values of {what}.", TRUNCATED)
            for word in words:
                if not NUMBER.fullmatch(word):
                    raise self.not_a_number(word, f"value {len(values) + 1} of {what}")
                values.append(float(word))
            if math.inf in values[-len(words) :] or -math.inf in values[-len(words) :]:
                raise self.error(f"{what} has a value beyond double precision.", "Correct the value.")
        if len(values) > n:
            raise self.error(
                f"{what} has {len(values) - n} more values on this line than the {n} of the header.",
                "Correct the counts of the header, or start every function on a new line.",
            )
        return np.array(values)

    def element_header(self, element: str) -> tuple[int, float, float, str]:
        """Return Z, mass [amu], lattice constant [Å] and lattice from a line 'Z mass a lattice'.

        LAMMPS reads the first two words. The others may be missing, and more words may follow.
        """
        words = self.words(f"the line 'Z mass a lattice' of {element}")
        if len(words) < 2:
            raise self.error(
                f"the line 'Z mass a lattice' of {element} has 1 word, not 4.",
                "Correct the counts of the header; an extra or missing value shifts the tables.",
            )
        number = self.integer(words[0], f"the atomic number of {element}")
        mass = self.positive(words[1], f"the mass of {element}")
        if len(words) > 2 and NUMBER.fullmatch(words[2]):
            return number, mass, self.number(words[2], f"a of {element}"), words[3] if len(words) > 3 else "none"
        return number, mass, 0.0, words[2] if len(words) > 2 else "none"

    def grid(self, least: int) -> tuple[int, float, int, float, float]:
        """Return the values of a line 'Nrho drho Nr dr cutoff'; as in LAMMPS words may follow, but no more numbers.

        Parameters
        ----------
        least : int
            Fewest points of a table.
        """
        words = self.words("the line 'Nrho drho Nr dr cutoff'")
        numbers = sum(bool(NUMBER.fullmatch(word)) for word in words[5:])
        if len(words) < 5:
            raise self.error(
                f"the line 'Nrho drho Nr dr cutoff' has {len(words)} values, not 5.", "Give all five on one line."
            )
        if numbers:
            raise self.error(
                f"the line 'Nrho drho Nr dr cutoff' has {5 + numbers} values, not 5. A sixth number is the largest ρ "
                "of eam/he, another format.",
                "Give a setfl, eam.fs or funcfl file; if it is one, remove the numbers after the cutoff.",
            )
        n_rho, d_rho = self.integer(words[0], "Nrho", least), self.positive(words[1], "drho")
        n_r, d_r = self.integer(words[2], "Nr", least), self.positive(words[3], "dr")
        cutoff = self.positive(words[4], "the cutoff")
        self.check_spacing(n_rho, d_rho, "drho")
        self.check_spacing(n_r, d_r, "dr")
        self.check_reach(cutoff, n_r, d_r)
        return n_rho, d_rho, n_r, d_r, cutoff

    def check_symbols(self, names: Iterable[str]) -> None:
        """Raise an error for the symbol of an element with wrong capitals, which no species of a system matches."""
        wrong = {name: symbol for name in names if (symbol := miswritten_symbol(name)) is not None}
        if wrong:
            raise self.error(
                f"{', '.join(map(repr, wrong))} is no element: symbols are case-sensitive.",
                f"Write {', '.join(wrong.values())}.",
            )

    def check_units(self, text: str) -> None:
        """Raise an error for a ``UNITS:`` tag (a LAMMPS convention) other than metal."""
        tag = UNITS.search(text)
        if tag is not None and tag.group(1) != "metal":
            raise self.error(
                f"the file is tagged UNITS: {tag.group(1)[:16]}.",
                "Convert it to metal units (eV, Å) and tag it UNITS: metal.",
            )

    def check_reach(self, cutoff: float, n_r: int, d_r: float) -> None:
        """Raise an error for a cutoff beyond the tables; published files exceed them by up to one spacing."""
        if cutoff > (n_r + 1) * d_r:
            raise self.error(
                f"the cutoff {cutoff:g} Å is beyond the end of the tables at {(n_r - 1) * d_r:g} Å.",
                "Correct Nr, dr or the cutoff.",
            )

    def end(self) -> None:
        """Raise an error unless only comments and blank lines are left."""
        words = self.words_or_none()
        if words is not None:
            raise self.error(
                f"{shown(words[0])} follows the last value of the tables.",
                "Correct the counts of the header, or remove the text after the tables.",
            )


def shown(word: str) -> str:
    """Return a word for a message, shortened and printable."""
    return repr(word if len(word) <= 24 else word[:24] + "…")
