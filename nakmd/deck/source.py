"""The text of a deck: where it came from, what it says, on which line; and a writer of TOML."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from nakmd.deck.messages import Problem, render
from nakmd.errors import DeckError, InputError, did_you_mean
from nakmd.toml_lines import LineMap

_AT_LINE = re.compile(r"^(.*?) \(at (?:line (\d+), column (\d+)|end of document)\)$", re.DOTALL)


@dataclass(frozen=True)
class DeckSource:
    """A deck as it was written.

    Attributes
    ----------
    name : str
        What messages call it: the path as given, or ``"deck"``.
    folder : Path
        Files named in the deck are sought from here.
    text : str
    data : dict
        What `tomllib` makes of the text.
    """

    name: str
    folder: Path
    text: str
    data: dict[str, Any]

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
            beside = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
            hint = did_you_mean(path.name, beside) if beside else "`nakmd new` writes decks to start from."
            raise InputError(f"There is no deck {path}. {hint}") from None
        except UnicodeDecodeError as error:
            raise InputError(f"{path} is not a text in UTF-8 (byte {error.start}); a deck is a TOML file.") from None
        except OSError as error:
            raise InputError(f"The deck {path} cannot be read: {error.strerror}.") from None
        return cls.parse(text, str(path), path.parent)

    @classmethod
    def parse(cls, text: str, name: str = "deck", folder: Path | None = None) -> Self:
        """Read a text; ``folder`` is where the files named in it lie, the current one unless given."""
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            match = _AT_LINE.match(str(error))
            line = (match[2] and int(match[2])) or text.count("\n") + 1 if match else 0
            quoted = dict(enumerate(text.split("\n"), 1)).get(line, "").strip()
            what = match[1] if match else str(error)
            raise DeckError(
                [
                    f"{name}{f':{line}' if line else ''}: not TOML: {what[:1].lower()}{what[1:]}"
                    + (f", in `{quoted[:80]}`" if quoted else "")
                    + '. Texts and quantities go in quotes: timestep = "1 fs".'
                ]
            ) from None
        return cls(name, folder or Path(), text, data)

    def with_seed(self, seed: int) -> DeckSource:
        """Return the same deck with another seed; the text says so, because it is what a run is resumed from."""
        line = self.lines.find(("seed",))
        rows = self.text.split("\n")
        if line is None:
            rows.insert(0, f"seed = {seed}")
        else:
            rows[line - 1] = f"seed = {seed}"
        return DeckSource.parse("\n".join(rows), self.name, self.folder)

    @cached_property
    def lines(self) -> LineMap:
        """The lines of the keys; scanned only once something is to be said about one."""
        return LineMap.of(self.text)

    def render(self, problems: Iterable[Problem]) -> list[str]:
        """Return one text for each problem, in the order of the lines."""
        return render(problems, self.name, self.lines)


def write_toml(data: Mapping[str, Any]) -> str:
    """Return a mapping of texts, numbers, lists and mappings as TOML.

    Examples
    --------
    >>> print(write_toml({"seed": 1, "stage": [{"kind": "heat"}]}), end="")
    seed = 1
    <BLANKLINE>
    [[stage]]
    kind = "heat"
    """
    return "\n".join(_table(data, ())) + "\n"


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
