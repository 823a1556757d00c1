"""The check of all points of a sweep before any runs: their words, their sizes and their identity."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nakmd._version import NUMBERS
from nakmd.deck.carbon_sections import CarbonFile
from nakmd.deck.changes import Change, dotted
from nakmd.deck.deck import Deck
from nakmd.deck.dynamics_checks import check_dynamics
from nakmd.deck.matter import Structure
from nakmd.deck.messages import Problem
from nakmd.deck.source import DeckSource
from nakmd.elements import CC_BOND
from nakmd.errors import DeckError, InputError
from nakmd.io.atomic import plain
from nakmd.potentials.files.texts import sha256
from nakmd.runs.footprint import estimate_memory
from nakmd.runs.plan import Plan, check_words, make_plan
from nakmd.runs.potential_builder import build_potential, concentration_of
from nakmd.runs.provenance import potential_hash
from nakmd.runs.size_limits import check_size
from nakmd.runs.sweep_index import SweepPoint, changed_deck
from nakmd.toml_lines import KeyPath

#: Digits of the digest that name a point: two of a million points are equal with a probability of 0.2 %, and that
#: would be noticed.
DIGITS = 12

#: Cutoff [Å] and number of terms in estimates of memory: those of the largest models of the library.
CUTOFF, TERMS = 10.0, 6


@dataclass(frozen=True)
class PointSize:
    """Atoms, steps and memory [bytes] of a point, by arithmetic."""

    n_atoms: float
    n_steps: int
    memory: float

    @property
    def work(self) -> float:
        """Atom-steps, the measure of progress."""
        return max(self.n_atoms, 1.0) * self.n_steps


@dataclass
class PointCheck:
    """Checks points, and computes each model and each structure from a file once."""

    _models: dict[str, str | list[Problem]] = field(default_factory=dict)
    _atoms: dict[str, float] = field(default_factory=dict)

    def check(self, source: DeckSource) -> tuple[str, PointSize, Deck]:
        """Return id, size and deck of a point.

        Raises
        ------
        DeckError
            With all faults of its words, its model and its size.
        """
        plan = check_words(source)
        plan.add(check_dynamics(plan.draft, None))
        digest = self._digest(plan) if plan.deck is not None else ""
        planned = None
        if plan.draft.structure is not None:
            planned, problems = check_size(plan.draft, CC_BOND, ("structure",))
            plan.add(problems)
        if plan.faults or plan.deck is None:
            raise DeckError(plan.faults)
        deck = plan.deck
        if planned is not None:
            memory = estimate_memory(planned.n_atoms, planned.volume, planned.lengths, CUTOFF, TERMS)
            n_atoms = planned.n_atoms
        else:
            n_atoms, memory = self._built(plan, deck), 0.0
        size = PointSize(n_atoms, sum(stage.n_steps for stage in deck.stage), memory)
        return _identity(deck, digest, source.folder), size, deck

    def _digest(self, plan: Plan) -> str:
        """Return the digest of the parameters of the model; its faults are added to the plan."""
        deck, folder = plan.deck, plan.source.folder
        assert deck is not None  # of the caller
        key = json.dumps([_written(deck.model), concentration_of(deck.model, deck.structure)], sort_keys=True)
        if key not in self._models:
            found: list[Problem] = []

            def report(path: KeyPath, what: str) -> None:
                found.append(Problem(path, what))

            potential = build_potential(deck.model, folder, report, deck.structure)
            self._models[key] = found if found or potential is None else potential_hash(potential)
        known = self._models[key]
        if isinstance(known, str):
            return known
        plan.add(known)
        return ""

    def _built(self, plan: Plan, deck: Deck) -> float:
        """Return the number of atoms of a structure whose size is known when it is built."""
        key = json.dumps(_written(deck.structure), sort_keys=True)
        if key not in self._atoms:
            built = make_plan(plan.source)
            if built.system is None:
                raise DeckError(built.faults)
            self._atoms[key] = float(built.system.n_atoms)
        return self._atoms[key]


def _written(section: Any) -> Any:
    """Return the values of a table that differ from the defaults, in one way of writing each."""
    return plain(section.model_dump(exclude_defaults=True))


def _identity(deck: Deck, digest: str, folder: Path) -> str:
    """Return the id of a point: what determines its run, not how it is written."""
    content = {
        "deck": _written(deck),
        "model": digest,
        "numbers": NUMBERS,
        "files": {name: sha256(folder / name) for name in _files(deck.structure)},
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _files(structure: Structure) -> Iterable[str]:
    """Yield the files of a structure, whose content determines the run."""
    if structure.file is not None:
        yield structure.file.path
    if isinstance(structure.carbon, CarbonFile):
        yield structure.carbon.file


def check_points(
    whole: DeckSource, combined: Iterable[tuple[Sequence[Change], dict[str, Any]]], sweep: str
) -> tuple[list[SweepPoint], list[PointSize]]:
    """Return all points of a sweep with their sizes.

    Parameters
    ----------
    whole : DeckSource
        The deck without changes.
    combined : iterable
        Changes and labels of each point.
    sweep : str
        Name of the sweep.

    Raises
    ------
    DeckError
        With the faults of all points, each once, or if two points are equal.
    """
    check = PointCheck()
    points: list[SweepPoint] = []
    sizes: list[PointSize] = []
    faults: dict[str, None] = {}
    for index, (changes, labels) in enumerate(combined):
        try:
            name, size, deck = check.check(changed_deck(whole, changes, sweep))
        except InputError as error:
            faults |= dict.fromkeys(error.problems if isinstance(error, DeckError) else [str(error)])
            continue
        values = {dotted(change.path): change.value for change in changes}
        points.append(SweepPoint(index, name, values, labels, deck.seed))
        sizes.append(size)
    if faults:
        raise DeckError(list(faults))
    seen: dict[str, SweepPoint] = {}
    for point in points:
        if point.id in seen:
            raise DeckError(
                [f"{sweep}: {seen[point.id].label} and {point.label} are the same run: a value is listed twice."]
            )
        seen[point.id] = point
    return points, sizes
