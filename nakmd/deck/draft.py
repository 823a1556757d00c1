"""What can be understood of a faulty deck, so that one wrong word does not hide the next.

A table that fails is mended and read again: a misspelt key or kind is read as the word that was probably meant,
any other faulty value is left out or has another stand in for it. The later checks then run on what is left.
Nothing of a mended deck is ever run.
"""

from __future__ import annotations

import copy
import types
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from nakmd.deck.fields import QuantityField
from nakmd.deck.matter import Carbon, Crystal, Groups, Liquid, Model, Structure, StructureFile
from nakmd.deck.messages import Problem, describe, locate, tags_of, value_at
from nakmd.deck.schema import AnalysisSection, DeckTables, Dynamics, Output, Relax, Stage
from nakmd.errors import nearest
from nakmd.toml_lines import KeyPath

_MAX_ROUNDS = 12


@dataclass
class Draft:
    """The readable parts of a deck; a part that makes no sense is None.

    Attributes
    ----------
    seed : int
    model, structure, groups, output, analysis : Section or None
    stages : list of (int, Relax or Dynamics)
        With the place of each in the deck.
    incomplete : set of KeyPath
        Faulty values, as written: what their tables say in the draft is not the whole truth.
    readers : dict of KeyPath to _Reader
        What read each table, which knows how it was mended.
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
        """Return where the user wrote what the draft has at a path."""
        for depth in (1, 2):
            if path[:depth] in self.readers:
                reader = self.readers[path[:depth]]
                return (*reader.base, *reader.as_written(path[depth:]))
        return path

    def lacks_entries(self, name: str) -> bool:
        """Whether an entry of a list had to be left out of a table."""
        return (name,) in self.readers and bool(self.readers[(name,)].rows)

    def is_whole(self, *path: str | int) -> bool:
        """Whether nothing was left out of a table or of what is below it."""
        return not any(p[: len(path)] == path for p in self.incomplete)

    @classmethod
    def of(cls, deck: DeckTables) -> Draft:
        """Return the draft of a deck without faults."""
        return cls(
            deck.seed, deck.model, deck.structure, deck.groups, list(enumerate(deck.stage)), deck.output, deck.analysis
        )


def read_draft(data: dict[str, Any]) -> tuple[Draft, list[Problem]]:
    """Read each table on its own and collect every fault.

    Parameters
    ----------
    data : dict
        The deck as `tomllib` gives it.
    """
    draft = Draft()
    problems: list[Problem] = []
    written = {}
    for key in data:
        name = key if key in DeckTables.model_fields else nearest(key, set(DeckTables.model_fields) - set(data))
        if key not in DeckTables.model_fields:
            problems.append(Problem((key,), describe({"type": "extra_forbidden"}, (key,), None, DeckTables, data)))
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
    return draft, problems


def _read_stages(key: str, data: dict[str, Any], draft: Draft, problems: list[Problem]) -> None:
    if not isinstance(data[key], list) or not data[key]:
        problems.append(Problem((key,), f"{key} is a list of tables; write each as [[stage]]."))
        return
    for index, entry in enumerate(data[key]):
        reader = draft.readers[("stage", index)] = _Reader((key, index), data, problems, draft.incomplete)
        stage = reader.read(Stage, entry)
        if stage is not None:
            draft.stages.append((index, stage))


def _read_pieces(key: str, data: dict[str, Any], incomplete: set[KeyPath]) -> Structure | None:
    """Keep the tables of a faulty structure that can be read on their own: they tell the species."""
    incomplete.add((key,))
    if not isinstance(data[key], dict):
        return None
    kept: dict[str, Any] = {}
    for name, annotation in (("carbon", Carbon), ("liquid", Liquid), ("crystal", Crystal), ("file", StructureFile)):
        if name in data[key]:
            # its faults have been reported with the whole structure
            piece = _Reader((key, name), data, [], incomplete).read(annotation, data[key][name])
            if piece is not None:
                kept[name] = piece
    return Structure.model_construct(**kept)


class _Reader:
    """Reads one table, mending what is wrong until it validates or nothing more can be done."""

    def __init__(self, base: KeyPath, data: dict[str, Any], problems: list[Problem], incomplete: set[KeyPath]) -> None:
        self.base = base
        self.data = data
        self.problems = problems
        self.incomplete = incomplete
        self.renamed: dict[KeyPath, str] = {}
        self.rows: dict[KeyPath, list[int]] = {}

    def read(self, annotation: Any, value: Any) -> Any:
        """Return the table as a model, or None."""
        mended = copy.deepcopy(value)
        adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        for _ in range(_MAX_ROUNDS):
            try:
                return adapter.validate_python(mended)
            except ValidationError as failure:
                errors = failure.errors(include_url=False, include_input=False)
            # misspelt keys first: once mended, they are not missing under their right name; then from the end, so
            # that taking an entry out of a list moves none that is still to be mended
            errors = sorted(reversed(errors), key=lambda e: e["type"] != "extra_forbidden")
            changed = [self._mend(error, *locate(error["loc"], annotation), annotation, mended) for error in errors]
            if not any(changed):
                return None
        return None

    def _mend(self, error: Any, path: KeyPath, here: Any, annotation: Any, mended: Any) -> bool:
        """Report one error and mend the value in place; return whether anything was changed."""
        _, parent = locate(error["loc"][:-1], annotation)
        fields = parent.model_fields if isinstance(parent, type) and issubclass(parent, BaseModel) else {}
        container = value_at(mended, path[:-1]) if path else None
        full = (*self.base, *self.as_written(path))
        if error["type"] == "missing" and isinstance(container, dict) and path[-1] in container:
            return True
        self._report(error, full, here, parent)
        if error["type"] == "extra_forbidden" and isinstance(container, dict):
            return self._rename(container, path, fields)
        if error["type"] == "union_tag_invalid":
            table = value_at(mended, path)
            meant = nearest(table["kind"], [tag for member in get_args(here) for tag in tags_of(member)])
            if meant is not None:
                table["kind"] = meant
                return True
        if error["type"] == "literal_error" and isinstance(container, dict | list):
            meant = nearest(value_at(mended, path), map(str, get_args(here)))
            if meant is not None:
                container[path[-1]] = meant  # type: ignore[index]
                return True
        self.incomplete.add(full)
        if isinstance(container, dict) and path[-1] in fields and error["type"] != "value_error":
            field_info = fields[str(path[-1])]
            stand_in = _stand_in(field_info.annotation, field_info.metadata)
            if stand_in is not None and container.get(path[-1]) != stand_in:
                container[path[-1]] = stand_in
                return True
        return self._drop(path, mended)

    def _rename(self, container: dict[str, Any], path: KeyPath, fields: dict[str, Any]) -> bool:
        """Take a key that nobody knows for the one that was probably meant."""
        wrong = container.pop(str(path[-1]))
        meant = nearest(path[-1], set(fields) - set(container))
        if meant is not None:
            container[meant] = wrong
            self.renamed[(*path[:-1], meant)] = str(path[-1])
        return True

    def _drop(self, path: KeyPath, mended: Any) -> bool:
        """Take out the innermost entry of a list, or key of a table, that holds a place."""
        for depth in range(len(path), 0, -1):
            container, step = value_at(mended, path[: depth - 1]), path[depth - 1]
            if isinstance(container, list) and isinstance(step, int) and step < len(container):
                rows = self.rows.setdefault(path[: depth - 1], list(range(len(container))))
                del container[step], rows[step]
                return True
            if isinstance(container, dict) and step in container:
                del container[step]
                return True
        return False

    def as_written(self, path: KeyPath) -> KeyPath:
        """Undo what was mended, to find the line that the user wrote."""
        steps = list(path)
        for depth in range(1, len(path) + 1):
            if path[:depth] in self.renamed:
                steps[depth - 1] = self.renamed[path[:depth]]
            row = path[depth - 1]
            if isinstance(row, int) and path[: depth - 1] in self.rows and row < len(self.rows[path[: depth - 1]]):
                steps[depth - 1] = self.rows[path[: depth - 1]][row]
        return tuple(steps)

    def _report(self, error: Any, full: KeyPath, here: Any, parent: Any) -> None:
        # what a table lacks may just have been left out of it, so that is said only of whole tables
        if error["type"] in ("value_error", "missing", "too_short") and any(
            p[: len(full)] == full for p in self.incomplete
        ):
            return
        at = (*full, "kind") if error["type"] == "union_tag_invalid" else full
        self.problems.append(Problem(at, describe(error, full, here, parent, self.data)))


def _stand_in(annotation: Any, metadata: Sequence[Any] = ()) -> Any:
    """Return some valid value in place of a faulty one, so that the rest of its table can be read."""
    for mark in metadata:
        if isinstance(mark, QuantityField):
            return mark.kind.example
    if get_origin(annotation) in (Union, types.UnionType):
        return _stand_in(next(member for member in get_args(annotation) if member is not type(None)))
    if get_origin(annotation) is Annotated:
        return _stand_in(get_args(annotation)[0], get_args(annotation)[1:])
    if get_origin(annotation) is tuple and Ellipsis not in get_args(annotation):
        return [_stand_in(entry) for entry in get_args(annotation)]
    return {float: 0.5, int: 1, bool: True, str: "K"}.get(annotation)
