"""Line numbers of the keys of a TOML text, for messages.

`tomllib` returns values without their positions. This scanner reads a text that `tomllib` has accepted, so it does not
validate: it follows headers, keys, arrays and inline tables, and skips strings and comments.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field

#: Position of a value: keys of tables and indices of arrays, as in pydantic's ``loc``.
KeyPath = tuple[str | int, ...]

_SKIP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]\}\n#]*")
_STRINGS = (
    re.compile(r'"""(?:\\.|[^\\])*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\\n])*"'),
    re.compile(r"'[^'\n]*'"),
)


@dataclass
class LineMap:
    r"""Lines, counted from 1, of the keys of a TOML text.

    Attributes
    ----------
    lines : dict of KeyPath to int
        Every key, table header and array element. A table that is defined in several places has its first line.

    Examples
    --------
    >>> lines = LineMap.of('units.energy = "eV"\nunits.length = "A"\n[[pair]]\ncutoff = 8.0')
    >>> lines.find(("units", "length")), lines.find(("pair", 0, "cutoff"))
    (2, 4)
    >>> lines.find(("pair", 0, "missing"))
    3
    """

    lines: dict[KeyPath, int] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> LineMap:
        """Scan a text.

        Parameters
        ----------
        text : str
            Valid TOML: `tomllib.loads` accepts it.
        """
        return cls(_Scanner(text).scan())

    def find(self, path: KeyPath) -> int | None:
        """Return the line of a path, else of the innermost table or array that contains it; None if there is none."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


class _Scanner:
    """One pass over a text; `position` only increases."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.lines: dict[KeyPath, int] = {}
        self.array_lengths: dict[KeyPath, int] = {}
        self._counted = (0, 1)

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while self._skip(_SKIP) < len(self.text):
            line = self._line()
            if self.text.startswith("[[", self.position):
                self.position += 2
                path = self._resolve(self._key())
                index = self.array_lengths.get(path, 0)
                self.array_lengths[path] = index + 1
                self._note(path, line)
                table = (*path, index)
                self.lines[table] = line
                self._through("]]")
            elif self.text[self.position] == "[":
                self.position += 1
                table = self._resolve(self._key())
                self._note(table, line)
                self._through("]")
            else:
                self._assignment(table)
        return self.lines

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.position)
        if match is not None:
            self.position = match.end()
        return self.position

    def _line(self) -> int:
        """Line of the current position, counted from that of the last call."""
        start, line = self._counted
        line += self.text.count("\n", start, self.position)
        self._counted = (self.position, line)
        return line

    def _through(self, mark: str) -> None:
        self.position = self.text.index(mark, self.position) + len(mark)

    def _note(self, path: KeyPath, line: int) -> None:
        for length in range(1, len(path) + 1):
            self.lines.setdefault(path[:length], line)

    def _resolve(self, keys: list[str]) -> KeyPath:
        """Turn header keys into a path: an array of tables on the way refers to its last element."""
        path: KeyPath = ()
        for k, key in enumerate(keys):
            path = (*path, key)
            if k < len(keys) - 1 and path in self.array_lengths:
                path = (*path, self.array_lengths[path] - 1)
        return path

    def _key(self) -> list[str]:
        keys: list[str] = []
        while True:
            self._skip(_BLANK)
            start = self.position
            if self.text[start] in "\"'":
                self._string()
                # tomllib decodes the escapes of a quoted key
                keys.append(next(iter(tomllib.loads(self.text[start : self.position] + " = 0"))))
            else:
                self._skip(_BARE_KEY)
                keys.append(self.text[start : self.position])
            self._skip(_BLANK)
            if not self.text.startswith(".", self.position):
                return keys
            self.position += 1

    def _string(self) -> None:
        for pattern in _STRINGS:
            match = pattern.match(self.text, self.position)
            if match is not None:
                self.position = match.end()
                return
        self.position = len(self.text)

    def _assignment(self, table: KeyPath) -> None:
        line = self._line()
        path: KeyPath = (*table, *self._key())
        self._note(path, line)
        self._through("=")
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        self._skip(_BLANK)
        opening = self.text[self.position : self.position + 1]
        if opening in ('"', "'"):
            self._string()
        elif opening == "[":
            self._elements(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            self._skip(_SCALAR)

    def _elements(self, path: KeyPath) -> None:
        self.position += 1
        index = 0
        while True:
            self._skip(_SKIP)
            if self._closes("]"):
                return
            self.lines[(*path, index)] = self._line()
            self._value((*path, index))
            index += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.position += 1
        while True:
            self._skip(_SKIP)
            if self._closes("}"):
                return
            self._assignment(path)

    def _closes(self, mark: str) -> bool:
        """Skip a comma between two entries; return whether the closing mark follows, and skip it too."""
        if self.text.startswith(",", self.position):
            self.position += 1
            self._skip(_SKIP)
        if self.text.startswith(mark, self.position) or self.position >= len(self.text):
            self.position += len(mark)
            return True
        return False
