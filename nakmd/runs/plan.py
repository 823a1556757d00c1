"""Checks and builds a deck as far as possible, so that one fault does not hide another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nakmd.deck.checks import check_values
from nakmd.deck.deck import Deck
from nakmd.deck.draft import Draft, read_draft
from nakmd.deck.dynamics_checks import check_dynamics
from nakmd.deck.messages import Problem
from nakmd.deck.source import DeckSource
from nakmd.deck.species import expected_species
from nakmd.elements import CC_BOND
from nakmd.errors import DeckError, InputError
from nakmd.potentials import Evaluator, Potential
from nakmd.runs.arriving_atoms import with_arriving_atoms
from nakmd.runs.atoms_in_reserve import with_atoms_in_reserve
from nakmd.runs.build_cache import build_key, load_built, store_built
from nakmd.runs.compile_aside import StartAside
from nakmd.runs.footprint import check_disk, check_memory, count_stored, estimate_memory
from nakmd.runs.layer_check import check_layers
from nakmd.runs.model_surface import check_surface
from nakmd.runs.potential_builder import build_potential
from nakmd.runs.size_limits import check_built, check_size
from nakmd.runs.start_check import check_start
from nakmd.runs.system_builder import build_system, layered, read_wall
from nakmd.runs.table_error import problem_of
from nakmd.runs.thermal_lattice import with_lattice
from nakmd.runs.verify import check_coverage, check_groups, check_none, check_system
from nakmd.runs.wall_bond import check_bond, relaxed_bond
from nakmd.system import System
from nakmd.toml_lines import KeyPath

#: Called with the number of atoms and the time [s] before a structure is built that takes long.
BuildNotice = Callable[[float, float], None]

#: Building times [s] that are announced.
LONG_BUILD = 5.0

#: Cutoff [Å] in estimates without a potential.
USUAL_CUTOFF = 8.0


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
    bond : float [Å] or None
        C-C bond without stress in the potential; None without one.
    build_time : float [s]
        Time that building the system took, or reading it.
    is_kept : bool
        Whether the system is kept, so that a run need not build it again (`nakmd.runs.build_cache`).
    problems : list of Problem
        Errors and warnings.
    """

    source: DeckSource
    draft: Draft
    deck: Deck | None = None
    system: System | None = None
    potential: Potential | None = None
    bond: float | None = None
    build_time: float = 0.0
    is_kept: bool = False
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

    @property
    def memory(self) -> float:
        """Estimated memory [bytes] of the run, 0 without a system."""
        if self.system is None:
            return 0.0
        cell = self.system.cell
        a, b, c = (float(height) for height in cell.heights)
        return estimate_memory(self.system.n_atoms, cell.volume, (a, b, c), _cutoff(self), _n_terms(self))

    def report(self, path: KeyPath, what: str) -> None:
        """Record an error."""
        self.add([Problem(path, what)])

    def add(self, problems: Iterable[Problem]) -> None:
        """Record problems, except those of values that are already reported as invalid."""
        for problem in problems:
            path = self.draft.as_written(problem.path)
            if not any(path[: len(faulty)] == faulty for faulty in self.draft.incomplete):
                self.problems.append(Problem(path, problem.what, problem.fatal))


def check_words(source: DeckSource | Deck) -> Plan:
    """Check the words and the values of a deck; nothing is built."""
    if isinstance(source, Deck):
        plan = Plan(source.source, Draft.of(source), source)
    else:
        draft, problems = read_draft(source.data)
        plan = Plan(source, draft, problems=problems)
        if not problems:
            plan.deck = Deck.from_source(source)
    plan.add(check_values(plan.draft))
    return plan


def make_plan(
    source: DeckSource | Deck,
    directory: Path | None = None,
    announce: BuildNotice | None = None,
    start_aside: StartAside | None = None,
) -> Plan:
    """Check a deck, and build its valid parts: all that a run does before its first step.

    Parameters
    ----------
    source : DeckSource or Deck
    directory : Path, optional
        Output folder of the run, for the check of the disk space.
    announce : callable, optional
        Called before a structure is built that takes more than `LONG_BUILD`.
    start_aside : callable, optional
        Called with the potential, the species and the stages, as soon as they are known: it starts to compile their
        kernels.
    """
    plan = check_words(source)
    draft, folder = plan.draft, plan.source.folder
    complete = _build_potential(plan, folder)
    named = expected_species(draft)  # a file of atoms does not name its species in the deck
    if start_aside is not None and named:
        _start_aside(plan, start_aside, named)
    _build_system(plan, folder, directory or Path(), announce)
    system, potential = plan.system, plan.potential
    if start_aside is not None and not named and system is not None:
        _start_aside(plan, start_aside, system.species_names)
    species = system.species_names if system is not None else named
    if potential is not None and species:
        plan.add(check_coverage(potential, species, draft, complete))
        plan.add(check_none(potential, species, draft))
    plan.add(check_dynamics(draft, None if system is None else system.topology))
    plan.add(check_groups(draft, system, named))
    if potential is not None and plan.deck is not None:
        plan.add(check_surface(plan.deck, folder))
    if potential is not None:
        plan.add(check_bond(draft, plan.bond, system))
    if system is not None:
        plan.add(check_system(system, potential, draft, _structure_path(draft)))
        if potential is not None:
            plan.add(check_layers(draft, system, potential))
        plan.add(check_memory(plan.memory, system.n_atoms, _structure_path(draft)))
        n_stored = count_stored(draft, system.topology)
        plan.add(check_disk(draft, system.n_atoms, n_stored, directory or Path()))
    if plan.deck is not None and system is not None and potential is not None and not plan.faults:
        plan.add(check_start(plan.deck, system, potential))
    return plan


def _start_aside(plan: Plan, start: StartAside, species: Sequence[str]) -> None:
    """Start to compile kernels if the deck has no fault so far."""
    if plan.potential is not None and plan.deck is not None and not plan.faults:
        start(plan.potential, species, plan.deck.stage)


def _cutoff(plan: Plan) -> float:
    """Return the cutoff [Å] of the potential for the species of the deck, a usual one without a potential."""
    species = plan.system.species_names if plan.system is not None else expected_species(plan.draft)
    if plan.potential is None or not species:
        return USUAL_CUTOFF
    bound = [term.bind_term(species) for term in plan.potential.terms]
    return Evaluator(plan.potential, species, bound).cutoff


def _n_terms(plan: Plan) -> int:
    return 1 if plan.potential is None else len(plan.potential.terms)


def _build_potential(plan: Plan, folder: Path) -> bool:
    """Build the potential; return whether every term of the draft could be built."""
    draft = plan.draft
    if draft.model is None:
        return False
    n_before = len(plan.problems)
    plan.potential = build_potential(draft.model, folder, plan.report, draft.structure)
    if plan.potential is not None and draft.structure is not None:
        plan.bond = relaxed_bond(plan.potential)
    return len(plan.problems) == n_before


def _build_system(plan: Plan, folder: Path, directory: Path, announce: BuildNotice | None) -> None:
    """Build the system, unless arithmetic shows that it is too large or too small to be built."""
    draft, path = plan.draft, _structure_path(plan.draft)
    if draft.structure is None or not draft.is_whole("structure"):
        return
    bond = plan.bond or CC_BOND
    notes: list[str] = []
    try:
        draft = replace(
            draft, structure=with_lattice(draft.structure, draft.model, plan.potential, plan.source.folder, notes)
        )
    except InputError as error:
        plan.report((*path, "temperature"), str(error))
        return
    assert draft.structure is not None  # of the line above
    unread: list[Problem] = []
    wall = None
    try:
        wall = read_wall(draft.structure, folder, notes)
    except InputError as error:
        unread.append(Problem(path, str(error)))
    planned, problems = check_size(draft, bond, path, wall)
    problems += unread
    if planned is not None and not problems:
        needed = estimate_memory(planned.n_atoms, planned.volume, planned.lengths, _cutoff(plan), _n_terms(plan))
        problems += check_memory(needed, planned.n_atoms, path)
        # how many atoms have a word of the deck is known when they exist
        has_all = draft.output is None or "all" in draft.output.atoms
        problems += check_disk(draft, planned.n_atoms, planned.n_atoms if has_all else 0.0, directory)
    plan.add(problems)
    if problems:
        return
    begin = time.perf_counter()
    has_layers = plan.potential is not None and any(term.between_layers for term in plan.potential.terms)
    key = build_key(draft.structure, draft.seed, bond, has_layers, wall)
    known = load_built(key)
    plan.is_kept = known is not None
    if known is None and announce is not None and planned is not None and planned.build_time > LONG_BUILD:
        announce(planned.n_atoms, planned.build_time)
    try:
        if known is None:
            made: list[str] = []
            system = build_system(draft.structure, draft.seed, folder, bond, made, wall)
            if has_layers:
                system = layered(system)
            plan.is_kept = store_built(key, system, made, time.perf_counter() - begin)
            notes += made
        else:
            system = known.system
            notes += known.notes
        stages = [stage for _, stage in draft.stages]
        system = with_arriving_atoms(with_atoms_in_reserve(system, stages), stages)
    except InputError as error:
        problem = problem_of(error, path)
        # a value that is already refused is often the reason why the part of its table cannot be built
        table = problem.path[:2]
        if not any(known.fatal and known.path[:2] == table for known in plan.problems):
            plan.add([problem])
        return
    plan.build_time = time.perf_counter() - begin
    plan.add(Problem(path, note, fatal=False) for note in notes)
    problems = list(check_built(system, path))
    plan.add(problems)
    if not problems:
        plan.system = system


def _structure_path(draft: Draft) -> tuple[str, ...]:
    """Return the path of the table that faults of the built structure are reported for."""
    for name in ("file", "crystal", "liquid", "carbon"):
        if draft.structure is not None and getattr(draft.structure, name) is not None:
            return ("structure", name)
    return ("structure",)
