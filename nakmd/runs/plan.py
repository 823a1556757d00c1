"""A deck checked and built, ready to run: one fault does not hide another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from nakmd.deck.checks import check_words
from nakmd.deck.deck import Deck
from nakmd.deck.draft import Draft, read_draft
from nakmd.deck.messages import Problem
from nakmd.deck.source import DeckSource
from nakmd.deck.species import expected_species
from nakmd.errors import DeckError, InputError
from nakmd.potentials import Potential
from nakmd.runs.potential_builder import build_potential
from nakmd.runs.system_builder import build_system
from nakmd.runs.verify import check_coverage, check_disk, check_groups, check_system
from nakmd.system import System
from nakmd.toml_lines import KeyPath


@dataclass
class Plan:
    """What became of a deck.

    Attributes
    ----------
    source : DeckSource
    draft : Draft
        Its readable parts.
    deck : Deck or None
        None if its words have faults.
    system : System or None
    potential : Potential or None
    problems : list of Problem
        Faults and warnings.
    """

    source: DeckSource
    draft: Draft
    deck: Deck | None = None
    system: System | None = None
    potential: Potential | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """Messages about what keeps the deck from running, in the order of its lines."""
        return self.source.render(p for p in self.problems if p.fatal)

    @property
    def warnings(self) -> list[str]:
        """Messages about what is surprising but possible."""
        return self.source.render(p for p in self.problems if not p.fatal)

    def require(self) -> tuple[Deck, System, Potential]:
        """Return what a run needs, or raise every fault at once."""
        if self.faults or self.deck is None or self.system is None or self.potential is None:
            raise DeckError(self.faults)
        return self.deck, self.system, self.potential

    def report(self, path: KeyPath, what: str) -> None:
        """Note a fault."""
        self.add([Problem(path, what)])

    def add(self, problems: Iterable[Problem]) -> None:
        """Note what a check found, but nothing about values that are known to be faulty already."""
        for problem in problems:
            path = self.draft.as_written(problem.path)
            if not any(path[: len(faulty)] == faulty for faulty in self.draft.incomplete):
                self.problems.append(Problem(path, problem.what, problem.fatal))


def make_plan(source: DeckSource | Deck, directory: Path | None = None) -> Plan:
    """Check and build all of a deck that can be.

    Parameters
    ----------
    source : DeckSource or Deck
    directory : Path, optional
        Where the run will write; the disk is checked there.
    """
    if isinstance(source, Deck):
        plan = Plan(source.source, Draft.of(source), source)
    else:
        draft, problems = read_draft(source.data)
        plan = Plan(source, draft, problems=problems)
        if not problems:
            plan.deck = Deck.from_source(source)
    draft, folder = plan.draft, plan.source.folder
    plan.add(check_words(draft))
    blamed = _structure_path(draft)
    if draft.structure is not None and draft.is_whole("structure"):
        try:
            plan.system = build_system(draft.structure, draft.seed, folder)
        except InputError as error:
            plan.report(blamed, str(error))
    if draft.model is not None:
        known = len(plan.problems)
        plan.potential = build_potential(draft.model, folder, plan.report, draft.structure)
        complete = len(plan.problems) == known and not draft.lacks_entries("model")
        species = plan.system.species_names if plan.system is not None else expected_species(draft)
        if plan.potential is not None and species:
            plan.add(check_coverage(plan.potential, species, draft, complete))
    plan.add(check_groups(draft, plan.system, expected_species(draft)))
    if plan.system is not None:
        plan.add(check_system(plan.system, plan.potential, draft, blamed))
        plan.add(check_disk(draft, plan.system, directory or Path()))
    return plan


def _structure_path(draft: Draft) -> tuple[str, ...]:
    """Return the table to blame for what the built structure is like."""
    for name in ("file", "crystal", "liquid", "carbon"):
        if draft.structure is not None and getattr(draft.structure, name) is not None:
            return ("structure", name)
    return ("structure",)
