"""Pages of the manual that list every key of a deck and of a sweep file, made from the schema of the package."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from pydantic import BaseModel

from nakmd.deck.deck import Deck
from nakmd.deck.key_facts import NO_UNIT, KeyFacts, describe_keys
from nakmd.deck.messages import tags_of
from nakmd.deck.quantities import KINDS, SURFACE_ENERGY, TEMPERATURE, units_of
from nakmd.deck.source import toml_value
from nakmd.sweeps.sweep_tables import SweepTables

#: Folder of the pages, below that of the manual.
FOLDER = "reference/deck"


@dataclass(frozen=True)
class Place:
    """A table at its place in a deck.

    Attributes
    ----------
    keys : tuple of str
        Path of the table, empty for the keys above all tables.
    is_list : bool
        Whether it may be repeated: ``[[stage]]``.
    tables : tuple of type
        What may stand there: one table, or one for each ``kind``.
    """

    keys: tuple[str, ...]
    is_list: bool
    tables: tuple[type[BaseModel], ...]

    @property
    def header(self) -> str:
        """The line that begins it in a deck."""
        name = ".".join(self.keys)
        return f"[[{name}]]" if self.is_list else f"[{name}]"

    @property
    def anchor(self) -> str:
        """The anchor of its heading, and of its keys with the key behind it."""
        return ".".join(self.keys)

    def below(self) -> Iterator[Place]:
        """Yield the places of the tables that its keys hold, each once."""
        found = {}
        for table in self.tables:
            for key in describe_keys(table):
                if key.tables:
                    keys = (*self.keys, key.name)
                    found.setdefault(keys, Place(keys, key.shape == "list", key.tables))
        yield from found.values()


def deck_reference() -> dict[str, str]:
    """Return the pages: path below the folder of the manual → Markdown.

    The Markdown needs the extensions ``tables`` and ``attr_list``.
    """
    pages = {f"{FOLDER}/index.md": _index()}
    for place in Place((), False, (Deck,)).below():
        pages[f"{FOLDER}/{place.keys[0]}.md"] = "\n".join(_page(place))
    pages[f"{FOLDER}/sweep.md"] = "\n".join(
        ["# Keys of a sweep file", "", *_contents(Place((), False, (SweepTables,)))]
    )
    return pages


def _index() -> str:
    """Return the first page: the keys above all tables, links to the tables, and how quantities are written."""
    root = Place((), False, (Deck,))
    lines = ["# Keys of a deck", "", _first_paragraph(Deck), "", *_key_table(root, describe_keys(Deck)), ""]
    lines += ["A sweep file changes the keys of a deck: [its keys](sweep.md).", "", "## Quantities", ""]
    lines += [
        "A quantity is a string of a number and a unit. A unit may be a product of those listed, such as `eV/Å^2`, "
        "`kJ/mol` or `1/ps`. A bare number is an error.",
        "",
        "| quantity | example | units |",
        "| --- | --- | --- |",
    ]
    for kind in (*KINDS, SURFACE_ENERGY):
        named = (*units_of(kind), *(("°C",) if kind is TEMPERATURE else ()))
        lines.append(f"| {kind.name} | {_code(kind.example)} | {' '.join(f'`{unit}`' for unit in named)} |")
    return "\n".join([*lines, ""])


def _page(place: Place) -> list[str]:
    """Return the page of a table and of all tables in it."""
    return [f"# `{place.header}` {{ #{place.anchor} }}", "", *_contents(place)]


def _section(place: Place, level: int) -> list[str]:
    return [f"{'#' * level} `{place.header}` {{ #{place.anchor} }}", "", *_contents(place, level)]


def _contents(place: Place, level: int = 1) -> list[str]:
    """Return the keys of a table, and behind them those of the tables in it."""
    lines = _kinds(place, level) if len(place.tables) > 1 else _one_table(place, place.tables[0])
    for inner in place.below():
        lines += _section(inner, min(level + 1, 4))
    return lines


def _one_table(place: Place, table: type[BaseModel]) -> list[str]:
    keys = describe_keys(table)
    return [_first_paragraph(table), "", *_key_table(place, keys), "", *_choices(keys)]


def _kinds(place: Place, level: int) -> list[str]:
    """Return the keys of the tables that may stand at a place: those of several kinds once, then those of each."""
    kinds = {tags_of(table): describe_keys(table) for table in place.tables}
    owners: dict[str, list[tuple[KeyFacts, list[tuple[str, ...]]]]] = defaultdict(list)
    for words, keys in kinds.items():
        for key in keys:
            same = next((having for known, having in owners[key.name] if known == key), None)
            if same is None:
                owners[key.name].append((key, [words]))
            else:
                same.append(words)
    shared = [(key, having) for found in owners.values() for key, having in found if len(having) > 1]
    lines = ["The key `kind` chooses one of:", ""]
    for table in place.tables:
        words = tags_of(table)
        links = ", ".join(f"[`{word}`](#{place.anchor}.{words[0]})" for word in words)
        lines.append(f"- {links}: {_first_paragraph(table)}")
    names = [key.name for key, _ in shared]
    for words, keys in kinds.items():
        table = next(table for table in place.tables if tags_of(table) == words)
        title = " or ".join(f'`kind = "{word}"`' for word in words)
        lines += ["", f"{'#' * min(level + 1, 4)} {title} {{ #{place.anchor}.{words[0]} }}", ""]
        own = [key for key in keys if not any(key == known for known, _ in shared)]
        lines += [_first_paragraph(table), "", *_key_table(place, own, words[0]), "", *_choices(own)]
        others = [key.name for key in keys if any(key == known for known, _ in shared)]
        if others:
            links = ", ".join(f"[`{name}`](#{place.anchor}.{name})" for name in others)
            lines += [f"Shared with other kinds: {links}.", ""]
    if not names:
        return lines
    lines += [f"{'#' * min(level + 1, 4)} Keys of several kinds {{ #{place.anchor}.shared }}", ""]
    all_words = [word for words in kinds for word in words]
    for having, group in groupby(sorted(shared, key=lambda pair: -len(pair[1])), key=lambda pair: pair[1]):
        words = [word for some in having for word in some]
        which = "All kinds" if words == all_words else "Kinds " + ", ".join(f"`{word}`" for word in words)
        keys = [key for key, _ in group]
        lines += [f"{which}:", "", *_key_table(place, keys), "", *_choices(keys)]
    return lines


def _key_table(place: Place, keys: Sequence[KeyFacts], kind: str = "") -> list[str]:
    """Return a table of keys; those of one kind have its word in their anchors."""
    prefix = ".".join([*place.keys, *([kind] if kind else [])])
    rows = ["| key | description | value | default | example |", "| --- | --- | --- | --- | --- |"]
    for key in keys:
        anchor = ".".join(filter(None, (prefix, key.name)))
        name = f'<a id="{anchor}"></a>`{key.name}`'
        if key.tables and not place.keys:
            link = f" Its keys: [`{_header(key)}`]({key.name}.md)."
        else:
            link = f" Its keys: [below](#{'.'.join([*place.keys, key.name])})." if key.tables else ""
        rows.append(
            f"| {name} | {_text(key.description)}{link} | {_value(key)} | {_default(key)} | "
            f"{'<br>'.join(_code(toml_value(example)) for example in key.examples)} |"
        )
    return rows


def _header(key: KeyFacts) -> str:
    return f"[[{key.name}]]" if key.shape == "list" else f"[{key.name}]"


def _value(key: KeyFacts) -> str:
    """Return what a value is: its quantity, unit and shape."""
    one = key.quantity if key.unit == NO_UNIT else f"{key.quantity}, {key.unit}"
    return {"": one, "list": f"list of: {one}", "ramp": f"{one}; or [start, end]"}.get(
        key.shape, f"{key.shape} of: {one}"
    )


def _default(key: KeyFacts) -> str:
    """Return what holds where the key is left out."""
    if key.required:
        return "required"
    if key.without:
        return _text(key.without)
    return "its own defaults" if key.default is None else _code(toml_value(key.default))


def _choices(keys: Sequence[KeyFacts]) -> list[str]:
    """Return the meanings of the words that keys may have."""
    lines = []
    for key in keys:
        if len(key.choices) > 1:
            lines += [f"Words of `{key.name}`:", ""]
            lines += [f"- {_code(toml_value(word))}: {_text(meaning)}" for word, meaning in key.choices.items()]
            lines.append("")
    return lines


def _first_paragraph(table: type[BaseModel]) -> str:
    return _text(" ".join((table.__doc__ or "").strip().partition("\n\n")[0].split()))


def _text(text: str) -> str:
    """Return words that Markdown shows as they are, also in a table."""
    for letter in "\\`*<|":
        text = text.replace(letter, f"&#{ord(letter)};")
    return text


def _code(text: str) -> str:
    return f"`{text}`"
