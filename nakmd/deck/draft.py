"""What can be understood of a faulty deck, so that one wrong word does not hide the next.

A table that fails is mended and read again: a misspelt key or kind is read as the word that was probably meant,
every other faulty value is left out. The later checks then run on what is left. Nothing of a mended deck is ever run.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from nakmd.deck.lines import Path
from nakmd.deck.matter import Carbon, Crystal, Groups, Liquid, Model, Structure, StructureFile
from nakmd.deck.messages import Problem, describe, locate, nearest, tags_of, value_at
from nakmd.deck.schema import Analysis, Deck, Dynamics, Output, Relax, Stage

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
    incomplete : set of Path
        Tables from which a faulty value was left out: what they say is not the whole truth.
    """

    seed: int = 1
    model: Model | None = None
    structure: Structure | None = None
    groups: Groups | None = None
    stages: list[tuple[int, Relax | Dynamics]] = field(default_factory=list)
    output: Output | None = None
    analysis: Analysis | None = None
    incomplete: set[Path] = field(default_factory=set)

    def is_whole(self, *path: str | int) -> bool:
        """Whether nothing was left out of a table or of what is below it."""
        return not any(p[: len(path)] == path for p in self.incomplete)

    @classmethod
    def of(cls, deck: Deck) -> Draft:
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
        name = key if key in Deck.model_fields else nearest(key, set(Deck.model_fields) - set(data))
        if key not in Deck.model_fields:
            problems.append(Problem((key,), describe({"type": "extra_forbidden"}, (key,), None, Deck, data)))
        if name is not None:
            written[name] = key
    for name, info in Deck.model_fields.items():
        if name not in written:
            if info.is_required():
                problems.append(Problem((name,), describe({"type": "missing"}, (name,), None, Deck, data)))
            elif hasattr(draft, name):
                setattr(draft, name, info.get_default())
        elif name == "stage":
            _read_stages(written[name], data, draft, problems)
        else:
            key = written[name]
            value = _Reader((key,), data, problems, draft.incomplete).read(info.rebuild_annotation(), data[key])
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
        stage = _Reader((key, index), data, problems, draft.incomplete).read(Stage, entry)
        if stage is not None:
            draft.stages.append((index, stage))


def _read_pieces(key: str, data: dict[str, Any], incomplete: set[Path]) -> Structure | None:
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

    def __init__(self, base: Path, data: dict[str, Any], problems: list[Problem], incomplete: set[Path]) -> None:
        self.base = base
        self.data = data
        self.problems = problems
        self.incomplete = incomplete
        self.renamed: dict[Path, str] = {}

    def read(self, annotation: Any, value: Any) -> Any:
        mended = copy.deepcopy(value)
        adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        for _ in range(_MAX_ROUNDS):
            try:
                return adapter.validate_python(mended)
            except ValidationError as failure:
                # misspelt keys first: once mended, they are not missing under their right name
                errors = sorted(
                    failure.errors(include_url=False, include_input=False), key=lambda e: e["type"] != "extra_forbidden"
                )
            changes = [self._mend(error, annotation, mended) for error in errors]
            if not any(changes):
                return None
        return None

    def _mend(self, error: Any, annotation: Any, mended: Any) -> bool:
        """Report one error and mend the value in place; return whether anything was changed."""
        path, here = locate(error["loc"], annotation)
        _, parent = locate(error["loc"][:-1], annotation)
        full = (*self.base, *self._as_written(path))
        container = value_at(mended, path[:-1]) if path else None
        if error["type"] == "missing" and isinstance(container, dict) and path[-1] in container:
            return True
        self._report(error, full, here, parent)
        if error["type"] == "extra_forbidden" and isinstance(container, dict):
            wrong = container.pop(path[-1])
            known = parent.model_fields if isinstance(parent, type) and issubclass(parent, BaseModel) else {}
            meant = nearest(path[-1], known)
            if meant is not None and meant not in container:
                container[meant] = wrong
                self.renamed[(*path[:-1], meant)] = str(path[-1])
            return True
        if error["type"] == "union_tag_invalid":
            table = value_at(mended, path)
            meant = nearest(table["kind"], [tag for member in get_args(here) for tag in tags_of(member)])
            if meant is not None:
                table["kind"] = meant
                return True
        self.incomplete.add(full)
        if isinstance(container, dict) and path[-1] in container:
            del container[path[-1]]
            return True
        return False

    def _as_written(self, path: Path) -> Path:
        """Undo the renaming of misspelt keys, to find the line that the user wrote."""
        steps = list(path)
        for depth in range(1, len(path) + 1):
            if path[:depth] in self.renamed:
                steps[depth - 1] = self.renamed[path[:depth]]
        return tuple(steps)

    def _report(self, error: Any, full: Path, here: Any, parent: Any) -> None:
        # what a table lacks may just have been left out of it, so that is said only of whole tables
        if error["type"] in ("value_error", "missing", "too_short") and any(p[: len(full)] == full for p in self.incomplete):
            return
        at = (*full, "kind") if error["type"] == "union_tag_invalid" else full
        self.problems.append(Problem(at, describe(error, full, here, parent, self.data)))
