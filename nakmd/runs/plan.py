"""Checks and builds a deck as far as possible, so that one fault does not hide another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from nakmd.deck.checks import check_values
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
    """A checked deck, and what was built from it.

    Attributes
    ----------
    source : DeckSource
    draft : Draft
        The valid parts of the deck.
    deck : Deck or None
        None if a value is invalid.
    system : System or None
    potential : Potential or None
    problems : list of Problem
        Errors and warnings.
    """

    source: DeckSource
    draft: Draft
    deck: Deck | None = None
    system: System | None = None
    potential: Potential | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """Messages about errors, in the order of the lines; a deck with errors cannot run."""
        return self.source.render(p for p in self.problems if p.fatal)

    @property
    def warnings(self) -> list[str]:
        """Messages about implausible but possible values, in the order of the lines."""
        return self.source.render(p for p in self.problems if not p.fatal)

    def require(self) -> tuple[Deck, System, Potential]:
        """Return deck, system and potential.

        Raises
        ------
        DeckError
            With all errors, if there is any.
        """
        if self.faults or self.deck is None or self.system is None or self.potential is None:
            raise DeckError(self.faults)
        return self.deck, self.system, self.potential

    def report(self, path: KeyPath, what: str) -> None:
        """Record an error."""
        self.add([Problem(path, what)])

    def add(self, problems: Iterable[Problem]) -> None:
        """Record problems, except those of values that are already reported as invalid."""
        for problem in problems:
            path = self.draft.as_written(problem.path)
            if not any(path[: len(faulty)] == faulty for faulty in self.draft.incomplete):
                self.problems.append(Problem(path, problem.what, problem.fatal))


def make_plan(source: DeckSource | Deck, directory: Path | None = None) -> Plan:
    """Check a deck, and build its valid parts.

    Parameters
    ----------
    source : DeckSource or Deck
    directory : Path, optional
        Output folder of the run, for the check of the disk space.
    """
    if isinstance(source, Deck):
        plan = Plan(source.source, Draft.of(source), source)
    else:
        draft, problems = read_draft(source.data)
        plan = Plan(source, draft, problems=problems)
        if not problems:
            plan.deck = Deck.from_source(source)
    draft, folder = plan.draft, plan.source.folder
    plan.add(check_values(draft))
    structure_path = _structure_path(draft)
    if draft.structure is not None and draft.is_whole("structure"):
        try:
            plan.system = build_system(draft.structure, draft.seed, folder)
        except InputError as error:
            plan.report(structure_path, str(error))
    if draft.model is not None:
        n_before = len(plan.problems)
        plan.potential = build_potential(draft.model, folder, plan.report, draft.structure)
        complete = len(plan.problems) == n_before and not draft.lacks_entries("model")
        species = plan.system.species_names if plan.system is not None else expected_species(draft)
        if plan.potential is not None and species:
            plan.add(check_coverage(plan.potential, species, draft, complete))
    plan.add(check_groups(draft, plan.system, expected_species(draft)))
    if plan.system is not None:
        plan.add(check_system(plan.system, plan.potential, draft, structure_path))
        plan.add(check_disk(draft, plan.system, directory or Path()))
    return plan


def _structure_path(draft: Draft) -> tuple[str, ...]:
    """Return the path of the table that faults of the built structure are reported for."""
    for name in ("file", "crystal", "liquid", "carbon"):
        if draft.structure is not None and getattr(draft.structure, name) is not None:
            return ("structure", name)
    return ("structure",)
