"""What can be wrong in the file of a claim: each fault with its place, in one message."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from nakmd.errors import did_you_mean
from nakmd.studies.claims.inequality import Inequality, parse_inequality
from nakmd.studies.claims.published_claim import (
    DIRECTION,
    EXISTENCE,
    INSIDE,
    KINDS,
    OUTSIDE,
    PARENT,
    REACHES,
    READ,
    REGIME,
    VALUE,
)

#: Place in the file, and what is wrong there.
Fault: TypeAlias = tuple[tuple[str | int, ...], str]

_TEXTS = ("id", "claim", "topic", "quantity", "kind", "study", "direction", "unit", "reach", "reach_note", "settle")
_NUMBERS = ("value", "error", "tolerance")
_LISTS = ("children", "models", "anchor", "put_in", "limits", "sensitivity")
_OTHERS = ("anchor_tolerance", "anchor_votes", "figures", "source", "stated")
_ALL = (*_TEXTS, *_NUMBERS, *_LISTS, *_OTHERS)

#: Keys that every claim needs.
_NEEDED = ("id", "claim", "topic", "quantity", "kind", "limits", "settle", "source")

#: Keys of the test, by kind of claim; a parent has none.
_TEST = (
    "study", "figures", "direction", "value", "error", "unit", "tolerance", "models", "anchor", "anchor_tolerance",
    "anchor_votes", "put_in", "stated", "reach", "reach_note", "sensitivity",
)  # fmt: skip
_OF_KIND: Mapping[str, tuple[str, ...]] = {
    DIRECTION: ("direction",), REGIME: ("direction",), EXISTENCE: (), VALUE: ("value", "unit"), PARENT: ("children",),
}  # fmt: skip
_ONLY_FOR: Mapping[str, tuple[str, ...]] = {
    "direction": (DIRECTION, REGIME), "value": (VALUE,), "error": (VALUE,), "unit": (VALUE,), "tolerance": (VALUE,),
    "children": (PARENT,),
}  # fmt: skip

_PERCENT = re.compile(r"^\s*\d+(\.\d*)?\s*%\s*$")


def of_claim(content: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield the faults of the content of a file, without those of stated figures."""
    typed = [*_types(content)]
    yield from typed
    if typed:
        return  # the rest reads the entries
    for key in _NEEDED:
        if not content.get(key):
            yield (), f"has no {key}."
    yield from _sources(content.get("source", []))
    kind = content.get("kind", "")
    if kind not in KINDS:
        if kind:
            yield ("kind",), f"unknown kind {kind!r}. {did_you_mean(kind, KINDS)}"
        return
    yield from _by_kind(content, kind)
    if kind != PARENT:
        yield from _reach(content)
        yield from _test(content, kind)


def _types(content: Mapping[str, Any]) -> Iterator[Fault]:
    for key, entry in content.items():
        if key not in _ALL:
            yield (key,), f"unknown key {key!r}. {did_you_mean(key, _ALL)}"
        elif key in _TEXTS and not isinstance(entry, str):
            yield (key,), f"{key} is {entry!r}, which is not a text. Put it in quotation marks."
        elif key in _NUMBERS and not _is_number(entry):
            yield (key,), f"{key} is {entry!r}, which is not a finite number."
        elif key in _LISTS and not _is_list_of_texts(entry):
            yield (key,), f"{key} is {entry!r}, which is not a list of texts."
        elif key == "figures" and not (isinstance(entry, dict) and _is_list_of_texts(list(entry.values()))):
            yield (key,), "figures is no table of texts. Write [figures] with A and B below."
        elif key == "source" and not (isinstance(entry, list) and all(isinstance(one, dict) for one in entry)):
            yield (key,), "source is no list of tables. Write [[source]]."
        elif key == "anchor_votes" and not isinstance(entry, bool):
            yield (key,), f"anchor_votes is {entry!r}; it must be true or false."
        elif key == "anchor_tolerance" and not _is_tolerance(entry):
            yield (key,), f'anchor_tolerance is {entry!r}. Give a number above 0, or a share as "50 %".'


def _is_number(entry: Any) -> bool:
    return not isinstance(entry, bool) and isinstance(entry, int | float) and math.isfinite(entry)


def _is_list_of_texts(entry: Any) -> bool:
    return isinstance(entry, list) and all(isinstance(one, str) and one.strip() for one in entry)


def _is_tolerance(entry: Any) -> bool:
    if isinstance(entry, str):
        return _PERCENT.match(entry) is not None
    return _is_number(entry) and entry > 0.0


def _sources(sources: list[Mapping[str, Any]]) -> Iterator[Fault]:
    known = ("text", "doi", "doi_note", "read")
    for row, entry in enumerate(sources):
        where = ("source", row)
        for key, item in entry.items():
            if key not in known:
                yield (*where, key), f"unknown key {key!r} of a source. {did_you_mean(key, known)}"
            elif not isinstance(item, str):
                yield (*where, key), f"{key} of a source is {item!r}, which is not a text. Put it in quotation marks."
        if not isinstance(entry.get("text"), str) or not entry["text"].strip():
            yield where, "a source has no text. Name who says it."
        if entry.get("read") not in READ:
            yield where, f"read of a source is {entry.get('read')!r}. Choose one of {', '.join(READ)}."
        doi = entry.get("doi", "")
        if isinstance(doi, str) and doi and not doi.startswith("10."):
            yield (*where, "doi"), f'doi is {doi!r}. Write it without "https://doi.org/", beginning with 10.'
        if not doi and not entry.get("doi_note"):
            yield where, "a source has neither doi nor doi_note. Say in doi_note why there is none."


def _by_kind(content: Mapping[str, Any], kind: str) -> Iterator[Fault]:
    for key in _OF_KIND[kind]:
        if key not in content or content[key] == []:
            yield ("kind",), f"a claim of kind {kind} needs {key}."
    for key, kinds in _ONLY_FOR.items():
        if key in content and kind not in kinds:
            yield (key,), f"{key} is for claims of kind {' or '.join(kinds)}, not {kind}."
    if kind == PARENT:
        for key in _TEST:
            if key in content and key not in _ONLY_FOR:
                yield (key,), f"a parent has no {key}: its children have the test."
    for key in ("error", "tolerance"):
        if content.get(key, 0.0) < 0.0:
            yield (key,), f"{key} is {content[key]:g}, but is not negative."


def _reach(content: Mapping[str, Any]) -> Iterator[Fault]:
    reach = content.get("reach", INSIDE)
    if reach not in REACHES:
        yield ("reach",), f"unknown reach {reach!r}. {did_you_mean(reach, REACHES)}"
    elif reach != INSIDE and not content.get("reach_note"):
        yield ("reach",), f"reach is {reach}: say why in reach_note."
    elif reach == INSIDE and content.get("reach_note"):
        yield ("reach_note",), "reach_note is for a reach of proxy or outside."


def _test(content: Mapping[str, Any], kind: str) -> Iterator[Fault]:
    """Yield the faults of the test: figures, what is said of them, and who speaks."""
    figures, outside = content.get("figures", {}), content.get("reach") == OUTSIDE
    wrong: list[Fault] = [
        (("figures", letter), f"there is no figure {letter!r}: name them A and B.")
        for letter in figures
        if letter not in ("A", "B")
    ]
    inequality = parse_inequality(content["direction"]) if "direction" in content else None
    if inequality is not None:
        wrong += _letters(inequality, kind)
    elif "direction" in content:
        said = f"direction is {content['direction']!r}. Write it as A < B, |A| < |B|, A > 0.5; A and B are the figures."
        wrong.append((("direction",), said))
    yield from wrong
    if not outside or figures or "study" in content:
        for key in ("study", "figures"):
            if not content.get(key) and not (key == "study" and content.get("stated")):
                yield (), f'has no {key}. Only a claim with reach = "outside" needs none.'
        if figures and inequality is not None and not wrong and set(figures) != set(inequality.letters):
            said = f"figures are {', '.join(figures)}, but direction speaks of {', '.join(inequality.letters)}."
            yield ("figures",), said
        if figures and kind in (VALUE, EXISTENCE) and set(figures) != {"A"}:
            yield ("figures",), f"a claim of kind {kind} has one figure, A."
        if not content.get("models") and not content.get("anchor") and not content.get("stated"):
            yield (), "has neither models nor anchor nor stated figures: nobody could speak."
    for model in content.get("put_in", []):
        if model not in content.get("models", []):
            yield ("put_in",), f"put_in has {model!r}, which is not among the models."


def _letters(inequality: Inequality, kind: str) -> Iterator[Fault]:
    """Yield the fault of an inequality that is not of the kind of the claim."""
    if kind == DIRECTION and inequality.letters != ("A", "B"):
        yield ("direction",), "a direction compares A and B. A bound on one figure is a claim of kind regime."
    if kind == REGIME and inequality.letters != ("A",):
        yield ("direction",), "a regime bounds A by a number. Two figures are compared by a claim of kind direction."
