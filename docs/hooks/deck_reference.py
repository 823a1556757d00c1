"""Pages of the manual that list every key of a deck and of a sweep file, made from the schema of the package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pydantic import BaseModel

from nakmd.deck.deck import Deck
from nakmd.deck.key_facts import NO_UNIT, KeyFacts, describe_keys
from nakmd.deck.messages import tags_of
from nakmd.deck.quantities import KINDS, SURFACE_ENERGY, TEMPERATURE, units_of
from nakmd.deck.source import toml_value
from nakmd.sweeps.sweep_tables import SweepTables

#: Folder of the pages, below that of the manual.
FOLDER = "reference/deck"


class Place(NamedTuple):
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
    lines = ["# Keys of a deck", "", _first_paragraph(Deck), "", *_key_table(root, describe_keys(Deck))]
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
    return [_first_paragraph(table), "", *_key_table(place, describe_keys(table))]


def _kinds(place: Place, level: int) -> list[str]:
    """Return the keys of the tables that may stand at a place: those of several kinds once, then those of each."""
    kinds = {tags_of(table): (table, describe_keys(table)) for table in place.tables}
    shared = _shared_keys({words: keys for words, (_, keys) in kinds.items()})
    deeper = "#" * min(level + 1, 4)
    lines = ["The key `kind` chooses one of:", ""]
    for words, (table, _) in kinds.items():
        links = ", ".join(f"[`{word}`](#{place.anchor}.{words[0]})" for word in words)
        lines.append(f"- {links}: {_first_paragraph(table)}")
    lines.append("")
    for words, (table, keys) in kinds.items():
        title = " or ".join(f'`kind = "{word}"`' for word in words)
        own = [key for key in keys if not _is_in(key, shared)]
        others = [f"[`{key.name}`](#{place.anchor}.{key.name})" for key in keys if _is_in(key, shared)]
        lines += [f"{deeper} {title} {{ #{place.anchor}.{words[0]} }}", "", _first_paragraph(table), ""]
        lines += _key_table(place, own, words[0])
        if others:
            lines += [f"Keys that other kinds have too: {', '.join(others)}.", ""]
    if shared:
        lines += [f"{deeper} Keys of several kinds {{ #{place.anchor}.shared }}", ""]
        everyone = tuple(kinds)
        for having in dict.fromkeys(having for _, having in shared):
            words = " ".join(f"`{word}`" for some in having for word in some)
            lines += ["Of all kinds:" if having == everyone else f"Of {words}:", ""]
            lines += _key_table(place, [key for key, owners in shared if owners == having])
    return lines


def _shared_keys(
    kinds: Mapping[tuple[str, ...], Sequence[KeyFacts]],
) -> list[tuple[KeyFacts, tuple[tuple[str, ...], ...]]]:
    """Return the keys that are the same in several kinds, each with these kinds; those of most kinds first."""
    owners: list[tuple[KeyFacts, list[tuple[str, ...]]]] = []
    for words, keys in kinds.items():
        for key in keys:
            having = next((having for known, having in owners if known == key), None)
            if having is None:
                owners.append((key, [words]))
            else:
                having.append(words)
    several = [(key, tuple(having)) for key, having in owners if len(having) > 1]
    return sorted(several, key=lambda pair: -len(pair[1]))


def _is_in(key: KeyFacts, shared: Sequence[tuple[KeyFacts, object]]) -> bool:
    return any(key == known for known, _ in shared)


def _key_table(place: Place, keys: Sequence[KeyFacts], kind: str = "") -> list[str]:
    """Return a table of keys and what their words mean; keys of one kind have its word in their anchors."""
    prefix = ".".join([*place.keys, *([kind] if kind else [])])
    rows = ["| key | description | value | default | example |", "| --- | --- | --- | --- | --- |"]
    for key in sorted(keys, key=lambda key: key.name != "kind"):  # which decides what the others mean
        anchor = ".".join(filter(None, (prefix, key.name)))
        # the heading of a table has the anchor of its key
        name = f"`{key.name}`" if key.tables else f'<a id="{anchor}"></a>`{key.name}`'
        if key.tables and not place.keys:
            link = f" Its keys: [`{_header(key)}`]({key.name}.md)."
        else:
            link = f" Its keys: [below](#{'.'.join([*place.keys, key.name])})." if key.tables else ""
        rows.append(
            f"| {name} | {as_text(key.description)}{link} | {_value(key)} | {_default(key)} | "
            f"{'<br>'.join(_code(toml_value(example)) for example in key.examples)} |"
        )
    return [*rows, "", *_choices(keys)]


def _header(key: KeyFacts) -> str:
    return f"[[{key.name}]]" if key.shape == "list" else f"[{key.name}]"


def _value(key: KeyFacts) -> str:
    """Return what a value is: its quantity, unit and shape."""
    one = key.quantity if key.unit == NO_UNIT else f"{key.quantity}, {key.unit}"
    if key.quantity == "count" and key.unit != NO_UNIT:
        one = f"number of {key.unit}"
    shapes = {"": one, "list": f"list of: {one}", "several": f"{one}; or a list", "ramp": f"{one}; or [start, end]"}
    return shapes.get(key.shape, f"list of {key.shape}: {one}")


def _default(key: KeyFacts) -> str:
    """Return what holds where the key is left out."""
    if key.required:
        return "required"
    if key.without:
        return as_text(key.without)
    if key.default is None and key.tables:
        return "those of its keys"
    return "none" if key.default in (None, []) else _code(toml_value(key.default))


def _choices(keys: Sequence[KeyFacts]) -> list[str]:
    """Return the meanings of the words that keys may have."""
    lines = []
    for key in keys:
        if key.has_words:
            lines += [f"Words of `{key.name}`:", ""]
            lines += [f"- {_code(toml_value(word))}: {as_text(meaning)}" for word, meaning in key.choices.items()]
            lines.append("")
    return lines


def _first_paragraph(table: type[BaseModel]) -> str:
    return as_text(" ".join((table.__doc__ or "").strip().partition("\n\n")[0].split()))


def as_text(text: str) -> str:
    """Return words that Markdown shows as they are, also in a table; code in backticks stays code."""
    for letter in "\\*<|":
        text = text.replace(letter, f"&#{ord(letter)};")
    return text


def _code(text: str) -> str:
    return f"`{text}`"
