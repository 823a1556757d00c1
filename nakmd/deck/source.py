"""The text of a deck with its origin and line numbers, and a TOML writer."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from nakmd.deck.messages import Problem, render
from nakmd.errors import DeckError, InputError, did_you_mean
from nakmd.toml_lines import LineMap

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
    added_lines : int
        Lines of the text before the first line of the user, which messages do not count.
    """

    name: str
    folder: Path
    text: str
    data: dict[str, Any]
    added_lines: int = 0

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a file.

        Raises
        ------
        InputError
            If it cannot be read.
        DeckError
            If it is not TOML.
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
        return cls.parse(text, str(path), path.parent)

    @classmethod
    def parse(cls, text: str, name: str = "deck", folder: Path | None = None) -> Self:
        """Parse a text; paths in it are relative to ``folder``, by default the current folder."""
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
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
        """Return the same deck with another seed, also in the text, because a run is resumed from the text."""
        line = LineMap.of(self.text).find(("seed",))
        rows, added = self.text.split("\n"), self.added_lines
        if line is None:
            rows.insert(0, f"seed = {seed}")
            added += 1
        else:
            rows[line - 1] = f"seed = {seed}"
        return replace(DeckSource.parse("\n".join(rows), self.name, self.folder), added_lines=added)

    @cached_property
    def lines(self) -> LineMap:
        """The lines of the keys in the text of the user; scanned on first use."""
        return LineMap({path: line - self.added_lines for path, line in LineMap.of(self.text).lines.items()})

    def render(self, problems: Iterable[Problem]) -> list[str]:
        """Return one message for each problem, in the order of the lines."""
        return render(problems, self.name, self.lines)


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
        name = ".".join((*path, key))
        if isinstance(value, Mapping):
            inner = _table(value, (*path, key))
            header = [] if inner and inner[0] == "" else [f"[{name}]"]
            below += ["", *header, *inner] if header else inner
        elif isinstance(value, list | tuple) and value and all(isinstance(v, Mapping) for v in value):
            for entry in value:
                below += ["", f"[[{name}]]", *_table(entry, (*path, key))]
        else:
            plain.append(f"{key} = {_value(value)}")
    return plain + below


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value)
