"""The text of a deck with its origin and line numbers, and a TOML writer."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from nakmd.deck.messages import Problem, render
from nakmd.errors import DeckError, InputError, did_you_mean
from nakmd.toml_lines import KeyPath, LineMap

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_COMMENT = re.compile(r"(?<=[ \t])#[^\n\"']*$")
_LAMMPS = re.compile(
    r"^\s*(?:(?:units|atom_style|pair_style|pair_coeff|read_data|boundary)\s+\w|\d+\s+(?:atoms|atom types)\s*$)",
    re.MULTILINE,
)
_AT_LINE = re.compile(r"^(.*?) \(at (?:line (\d+), column (\d+)|end of document)\)$", re.DOTALL)


@dataclass(frozen=True)
class DeckSource:
    """A deck as text and as parsed values.

    Attributes
    ----------
    name : str
        Its name in messages: the path as given, or ``"deck"``.
    folder : Path
        Paths in the deck are relative to it.
    text : str
    data : dict
        The text as parsed by `tomllib`.
    options : mapping of KeyPath to str
        Options of the command line, or places in a sweep file, that have changed values.
    user_lines : LineMap or None
        Lines of the text of the user if this one is changed.
    """

    name: str
    folder: Path
    text: str
    data: dict[str, Any]
    options: Mapping[KeyPath, str] = field(default_factory=dict)
    user_lines: LineMap | None = None

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a file.

        Raises
        ------
        InputError
            If it cannot be read.
        DeckError
            If it is not TOML, or a sweep file.
        """
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            neighbours = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
            hint = did_you_mean(path.name, neighbours) if neighbours else "`nakmd new` writes example decks."
            raise InputError(f"There is no deck {path}. {hint}") from None
        except UnicodeDecodeError as error:
            raise InputError(f"{path} is not UTF-8 text (byte {error.start}). A deck is a TOML file.") from None
        except OSError as error:
            raise InputError(f"The deck {path} cannot be read: {error.strerror}.") from None
        source = cls.parse(text, str(path), path.parent)
        if _is_sweep(source.data):
            raise DeckError([f"{path} is a sweep file, not a deck. `nakmd sweep {path}` checks and runs it."])
        return source

    @classmethod
    def parse(cls, text: str, name: str = "deck", folder: Path | None = None) -> Self:
        """Parse a text; paths in it are relative to ``folder``, by default the current folder."""
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            if _LAMMPS.search(text):
                raise DeckError(
                    [
                        f"{name}: this is an input of LAMMPS, or a data file; a deck is a TOML file. `nakmd new` "
                        "writes examples; the manual has a page From LAMMPS to nakmd. [structure.file] reads data."
                    ]
                ) from None
            match = _AT_LINE.match(str(error))
            line = (match[2] and int(match[2])) or text.count("\n") + 1 if match else 0
            quoted = dict(enumerate(text.split("\n"), 1)).get(line, "").strip()
            what = match[1] if match else str(error)
            raise DeckError(
                [
                    f"{name}{f':{line}' if line else ''}: invalid TOML: {what[:1].lower()}{what[1:]}"
                    + (f", in `{quoted[:80]}`" if quoted else "")
                    + '. Strings and quantities need quotes: timestep = "1 fs".'
                ]
            ) from None
        return cls(name, folder or Path(), text, data)

    def with_seed(self, seed: int) -> DeckSource:
        """Return the same deck with another seed."""
        return self.changed({**self.data, "seed": seed}, {})

    def changed(self, data: dict[str, Any], options: Mapping[KeyPath, str], heading: Sequence[str] = ()) -> DeckSource:
        """Return the deck with other values, also in the text, because a run is resumed from the text.

        Parameters
        ----------
        data : dict
            All values.
        options : mapping of KeyPath to str
            Options of the command line that changed values, for messages about these. Messages about all others give
            the lines of the text of the user.
        heading : sequence of str
            Lines of the comment at the top of the text; by default the options.
        """
        text = _with_values(self.text, self.data, data)
        text = write_toml(data) if text is None else text
        if options:
            listed = heading or ["changed on the command line:", *options.values()]
            # a comment ends with its line, and control characters are no TOML
            plain = ["".join(letter if letter.isprintable() else " " for letter in entry) for entry in listed]
            text = "".join(f"# {entry}\n" for entry in plain) + text
        return DeckSource(self.name, self.folder, text, data, {**self.options, **options}, self.lines)

    @property
    def lines(self) -> LineMap:
        """The lines of the keys in the text of the user."""
        return self._scanned if self.user_lines is None else self.user_lines

    @cached_property
    def _scanned(self) -> LineMap:
        return LineMap.of(self.text)

    def _place(self, path: KeyPath) -> str:
        """Return the option or the line that a problem at a path is due to."""
        for changed, option in reversed(list(self.options.items())):
            below = path[: len(changed)] == changed
            # a table that only the option has made
            above = changed[: len(path)] == path and path not in self.lines.lines
            if path and (below or above):
                return option
        line = self.lines.find(path)
        return f"{self.name}:{line}" if line else self.name

    def render(self, problems: Iterable[Problem]) -> list[str]:
        """Return one message for each problem, in the order of the lines."""
        return render(problems, self._place, self.lines)


def _with_values(text: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    """Return the text of a deck with the lines of its changed values replaced; None if that is not possible.

    Only values of one line that stand alone on it are replaced, and keys are added behind a header of their table, so
    that the comments of the user stay. The result is read again to be sure.
    """
    lines = LineMap.of(text).lines
    rows = text.split("\n")
    added: dict[int, list[str]] = {}
    for path, value in _differences(old, new, ()):
        key = path[-1]
        if not isinstance(key, str) or isinstance(value, Mapping):
            return None
        entry = f"{_key(key)} = {toml_value(value)}"
        if path in lines:
            row = rows[lines[path] - 1]
            comment = _COMMENT.search(row)
            rows[lines[path] - 1] = entry + (f"  {comment[0]}" if comment else "")
        elif len(path) == 1:
            added.setdefault(0, []).append(entry)
        elif path[:-1] in lines:
            added.setdefault(lines[path[:-1]], []).append(entry)
        else:
            return None
    for after in sorted(added, reverse=True):
        rows[after:after] = added[after]
    changed = "\n".join(rows)
    try:
        return changed if tomllib.loads(changed) == new else None
    except tomllib.TOMLDecodeError:
        return None


def _differences(old: Any, new: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    """Yield the paths at which values differ, each with its new value."""
    if isinstance(old, Mapping) and isinstance(new, Mapping) and not old.keys() - new.keys():
        for key, value in new.items():
            if key not in old:
                yield (*path, key), value
            else:
                yield from _differences(old[key], value, (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new) and any(map(_is_table, new)):
        for index, (before, value) in enumerate(zip(old, new, strict=True)):
            yield from _differences(before, value, (*path, index))
    elif old != new or type(old) is not type(new):
        yield path, new


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def write_toml(data: Mapping[str, Any]) -> str:
    """Return a mapping of strings, numbers (also of NumPy), lists, arrays and mappings as TOML.

    Examples
    --------
    >>> print(write_toml({"seed": 1, "stage": [{"kind": "heat"}]}), end="")
    seed = 1
    <BLANKLINE>
    [[stage]]
    kind = "heat"
    """
    return "\n".join(_table(python_numbers(data), ())) + "\n"


def python_numbers(value: Any) -> Any:
    """Return a value with NumPy scalars and arrays as numbers and lists of Python, at any depth."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: python_numbers(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [python_numbers(entry) for entry in value]
    return value


def _table(data: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    plain: list[str] = []
    below: list[str] = []
    for key, value in data.items():
        name = ".".join(map(_key, (*path, key)))
        if isinstance(value, Mapping):
            inner = _table(value, (*path, key))
            header = [] if inner and inner[0] == "" else [f"[{name}]"]
            below += ["", *header, *inner] if header else inner
        elif isinstance(value, list | tuple) and value and all(isinstance(v, Mapping) for v in value):
            for entry in value:
                below += ["", f"[[{name}]]", *_table(entry, (*path, key))]
        else:
            plain.append(f"{_key(key)} = {toml_value(value)}")
    return plain + below


def _key(key: str) -> str:
    """Return a key, in quotes if it needs them."""
    return key if _BARE_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def toml_value(value: Any) -> str:
    """Return a value as TOML writes it behind a key; a mapping as an inline table."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(key)} = {toml_value(entry)}' for key, entry in value.items())} }}"
    if isinstance(value, date | time):
        return value.isoformat()
    return repr(value)


def is_sweep_file(path: str | Path) -> bool:
    """Return whether a file is the TOML of a sweep; False for one that cannot be read."""
    try:
        return _is_sweep(tomllib.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False


def _is_sweep(data: Mapping[str, Any]) -> bool:
    return isinstance(data.get("deck"), str) and not {"structure", "stage"} & data.keys()
