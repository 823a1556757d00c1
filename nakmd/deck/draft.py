"""Reads a faulty deck as far as possible, so that one error does not hide the next.

A table that fails validation is repaired and validated again: a misspelt key or kind is replaced by the most similar
known one, any other invalid value is removed or replaced by a valid one. The later checks use the repaired tables.
A repaired deck is never run.
"""

from __future__ import annotations

import copy
import types
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from nakmd.deck.carbon_sections import Carbon
from nakmd.deck.fields import QuantityField
from nakmd.deck.file_sections import StructureFile
from nakmd.deck.force_model import Model
from nakmd.deck.matter import Groups, Structure
from nakmd.deck.messages import Problem, describe, locate, tags_of, value_at
from nakmd.deck.metal_sections import Crystal, Liquid
from nakmd.deck.schema import AnalysisSection, DeckTables, Output, with_default_steps
from nakmd.deck.stage_sections import Dynamics, Relax, Stage
from nakmd.deck.synonyms import SYNONYMS
from nakmd.deck.time_steps import TimeStepField
from nakmd.errors import nearest
from nakmd.toml_lines import KeyPath

_MAX_ROUNDS = 12

#: Stands in for a name that cannot be read.
_NAME = "K"


@dataclass
class Draft:
    """The valid parts of a deck; a part that cannot be read is None.

    Attributes
    ----------
    seed : int
    model, structure, groups, output, analysis : Section or None
    stages : list of (int, Relax or Dynamics)
        Each with its index in the deck.
    incomplete : set of KeyPath
        Paths of invalid values, as written: in the draft they are missing or replaced.
    readers : dict of KeyPath to _Reader
        The reader of each table, which records its repairs.
    """

    seed: int = 1
    model: Model | None = None
    structure: Structure | None = None
    groups: Groups | None = None
    stages: list[tuple[int, Relax | Dynamics]] = field(default_factory=list)
    output: Output | None = None
    analysis: AnalysisSection | None = None
    incomplete: set[KeyPath] = field(default_factory=set)
    readers: dict[KeyPath, _Reader] = field(default_factory=dict)

    def as_written(self, path: KeyPath) -> KeyPath:
        """Return the path in the user's deck of the value that the draft has at ``path``."""
        for depth in (1, 2):
            if path[:depth] in self.readers:
                reader = self.readers[path[:depth]]
                return (*reader.base, *reader.as_written(path[depth:]))
        return path

    def lacks_entries(self, name: str) -> bool:
        """Whether an entry of a list in a table was removed."""
        return (name,) in self.readers and bool(self.readers[(name,)].rows)

    def is_whole(self, *path: str | int) -> bool:
        """Whether no value of a table, or below it, was removed or replaced."""
        return not any(p[: len(path)] == path for p in self.incomplete)

    @classmethod
    def of(cls, deck: DeckTables) -> Draft:
        """Return the draft of a valid deck."""
        return cls(
            deck.seed, deck.model, deck.structure, deck.groups, list(enumerate(deck.stage)), deck.output, deck.analysis
        )


def read_draft(data: dict[str, Any]) -> tuple[Draft, list[Problem]]:
    """Read each table independently and collect all errors.

    Parameters
    ----------
    data : dict
        The deck as parsed by `tomllib`.
    """
    draft = Draft()
    problems: list[Problem] = []
    written = {}
    for key in data:
        name = (
            key
            if key in DeckTables.model_fields
            else nearest(key, set(DeckTables.model_fields) - set(data), synonyms=SYNONYMS)
        )
        if key not in DeckTables.model_fields:
            problems.append(
                Problem((key,), describe({"type": "extra_forbidden"}, (key,), None, DeckTables, data, DeckTables))
            )
        if name is not None:
            written[name] = key
    for name, info in DeckTables.model_fields.items():
        if name not in written:
            if info.is_required():
                problems.append(Problem((name,), describe({"type": "missing"}, (name,), None, DeckTables, data)))
            elif hasattr(draft, name):
                setattr(draft, name, info.get_default())
        elif name == "stage":
            _read_stages(written[name], data, draft, problems)
        else:
            key = written[name]
            reader = draft.readers[(name,)] = _Reader((key,), data, problems, draft.incomplete)
            value = reader.read(info.rebuild_annotation(), data[key])
            if name == "structure" and value is None:
                value = _read_pieces(key, data, draft.incomplete)
            if value is not None and hasattr(draft, name):
                setattr(draft, name, value)
    _fill_time_steps(draft)
    return draft, problems


def _fill_time_steps(draft: Draft) -> None:
    if draft.model is None or draft.structure is None or draft.groups is None or draft.output is None:
        return
    indices = [index for index, _ in draft.stages]
    stages, draft.output = with_default_steps(
        [stage for _, stage in draft.stages], draft.output, draft.model, draft.structure, draft.groups
    )
    draft.stages = list(zip(indices, stages, strict=True))


def _read_stages(key: str, data: dict[str, Any], draft: Draft, problems: list[Problem]) -> None:
    if not isinstance(data[key], list) or not data[key]:
        problems.append(Problem((key,), f"{key} must be an array of tables; write each as [[stage]]."))
        return
    for index, entry in enumerate(data[key]):
        reader = draft.readers[("stage", index)] = _Reader((key, index), data, problems, draft.incomplete)
        stage = reader.read(Stage, entry)
        if stage is not None:
            draft.stages.append((index, stage))


def _read_pieces(key: str, data: dict[str, Any], incomplete: set[KeyPath]) -> Structure | None:
    """Return the valid tables of a faulty structure: they determine the species."""
    incomplete.add((key,))
    if not isinstance(data[key], dict):
        return None
    kept: dict[str, Any] = {}
    for name, annotation in (("carbon", Carbon), ("liquid", Liquid), ("crystal", Crystal), ("file", StructureFile)):
        if name in data[key]:
            # its errors were reported with the whole structure
            piece = _Reader((key, name), data, [], incomplete).read(annotation, data[key][name])
            if piece is not None:
                kept[name] = piece
    return Structure.model_construct(**kept)


class _Reader:
    """Reads one table, repairing invalid values until it validates or cannot be repaired."""

    def __init__(self, base: KeyPath, data: dict[str, Any], problems: list[Problem], incomplete: set[KeyPath]) -> None:
        self.base = base
        self.data = data
        self.problems = problems
        self.incomplete = incomplete
        self.renamed: dict[KeyPath, str] = {}
        self.rows: dict[KeyPath, list[int]] = {}

    def read(self, annotation: Any, value: Any) -> Any:
        """Return the table as a model, or None."""
        repaired = copy.deepcopy(value)
        adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        for _ in range(_MAX_ROUNDS):
            try:
                return adapter.validate_python(repaired)
            except ValidationError as failure:
                errors = failure.errors(include_url=False, include_input=False)
            # misspelt keys first: once renamed, they are not missing under their correct name; then from the end, so
            # that removing an entry of a list does not shift those still to be repaired
            errors = sorted(reversed(errors), key=lambda e: e["type"] != "extra_forbidden")
            changed = [self._repair(error, *locate(error["loc"], annotation), annotation, repaired) for error in errors]
            if not any(changed):
                return None
        return None

    def _repair(self, error: Any, path: KeyPath, expected: Any, annotation: Any, repaired: Any) -> bool:
        """Report one error and repair the value in place; return whether anything was changed."""
        _, parent = locate(error["loc"][:-1], annotation)
        fields = parent.model_fields if isinstance(parent, type) and issubclass(parent, BaseModel) else {}
        container = value_at(repaired, path[:-1]) if path else None
        full = (*self.base, *self.as_written(path))
        if error["type"] == "missing" and isinstance(container, dict) and path[-1] in container:
            return True
        self._report(error, full, expected, parent)
        if error["type"] == "extra_forbidden" and isinstance(container, dict):
            return self._rename(container, path, fields)
        if error["type"] == "union_tag_invalid":
            table = value_at(repaired, path)
            meant = nearest(
                table["kind"], [tag for member in get_args(expected) for tag in tags_of(member)], synonyms=SYNONYMS
            )
            if meant is not None:
                table["kind"] = meant
                return True
        if error["type"] == "literal_error" and isinstance(container, dict | list):
            meant = nearest(value_at(repaired, path), map(str, get_args(expected)), synonyms=SYNONYMS)
            if meant is not None:
                container[path[-1]] = meant  # type: ignore[index]
                return True
        self.incomplete.add(full)
        if isinstance(container, dict) and path[-1] in fields and error["type"] != "value_error":
            field_info = fields[str(path[-1])]
            substitute = _valid_value(field_info.annotation, field_info.metadata)
            if substitute is not None and container.get(path[-1]) != substitute:
                container[path[-1]] = substitute
                return True
        return self._drop(path, repaired)

    def _rename(self, container: dict[str, Any], path: KeyPath, fields: dict[str, Any]) -> bool:
        """Replace an unknown key by the most similar known one."""
        wrong = container.pop(str(path[-1]))
        meant = nearest(path[-1], set(fields) - set(container), synonyms=SYNONYMS)
        if meant is not None:
            container[meant] = wrong
            self.renamed[(*path[:-1], meant)] = str(path[-1])
        return True

    def _drop(self, path: KeyPath, repaired: Any) -> bool:
        """Remove the innermost list entry or table key that contains the path."""
        for depth in range(len(path), 0, -1):
            container, step = value_at(repaired, path[: depth - 1]), path[depth - 1]
            if isinstance(container, list) and isinstance(step, int) and step < len(container):
                rows = self.rows.setdefault(path[: depth - 1], list(range(len(container))))
                del container[step], rows[step]
                return True
            if isinstance(container, dict) and step in container:
                del container[step]
                return True
        return False

    def as_written(self, path: KeyPath) -> KeyPath:
        """Return the path before the repairs, to find its line in the user's text."""
        steps = list(path)
        for depth in range(1, len(path) + 1):
            if path[:depth] in self.renamed:
                steps[depth - 1] = self.renamed[path[:depth]]
            row = path[depth - 1]
            if isinstance(row, int) and path[: depth - 1] in self.rows and row < len(self.rows[path[: depth - 1]]):
                steps[depth - 1] = self.rows[path[: depth - 1]][row]
        return tuple(steps)

    def _report(self, error: Any, full: KeyPath, expected: Any, parent: Any) -> None:
        # a missing key may have been removed by a repair, so it is reported only for unrepaired tables
        if error["type"] in ("value_error", "missing", "too_short") and any(
            p[: len(full)] == full for p in self.incomplete
        ):
            return
        at = (*full, "kind") if error["type"] == "union_tag_invalid" else full
        self.problems.append(Problem(at, describe(error, full, expected, parent, self.data, DeckTables)))


def _valid_value(annotation: Any, metadata: Sequence[Any] = ()) -> Any:
    """Return a valid value of a type, so that the rest of the table can be read; None if there is none."""
    for mark in metadata:
        if isinstance(mark, QuantityField | TimeStepField):
            return mark.kind.example
    if get_origin(annotation) in (Union, types.UnionType):
        return _valid_value(next(member for member in get_args(annotation) if member is not type(None)))
    if get_origin(annotation) is Annotated:
        return _valid_value(get_args(annotation)[0], get_args(annotation)[1:])
    if get_origin(annotation) is tuple and Ellipsis not in get_args(annotation):
        entries = [_valid_value(entry) for entry in get_args(annotation)]
        # a pair of names cannot be made up: another term may have it
        return None if _NAME in entries else entries
    return {float: 0.5, int: 1, bool: True, str: _NAME}.get(annotation)
