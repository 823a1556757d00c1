"""Checks that need the built system: coverage, overlaps, cell and cutoff, groups, quantities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nakmd.deck.draft import Draft
from nakmd.deck.messages import Problem
from nakmd.deck.schema import AnalysisSection
from nakmd.deck.species import named_species
from nakmd.deck.stage_names import stage_names
from nakmd.deck.stage_sections import Dynamics
from nakmd.elements import COVALENT_RADII, MASSES, METALS, WALL, element_of
from nakmd.errors import AnalysisError, InputError, counted, did_you_mean, nearest
from nakmd.integrators import BAROSTATS
from nakmd.potentials import Evaluator, Potential
from nakmd.potentials.library import names, takes_doping
from nakmd.runs.cell_words import enlarged
from nakmd.runs.initial_motion import check_motion
from nakmd.runs.potential_builder import concentration_of
from nakmd.runs.presence_check import check_presence
from nakmd.simulation.stages import no_pressure
from nakmd.system import DEPOSITED, System

#: Atoms overlap if their distance is below this fraction of the sum of their covalent radii.
OVERLAP = 0.55

#: Groups that are numbered: "wall1", "wall2", ...
NUMBERED = ("layer", "sheet", "tube", "wall")

#: Group names of most systems, for the check before one is built.
COMMON_GROUPS = ("all", "carbon", "liquid", "tube", "sheet", "nitrogen", "stone_wales", "crystal", DEPOSITED)


def check_coverage(potential: Potential, species: Sequence[str], draft: Draft, complete: bool) -> Iterator[Problem]:
    """Yield the pairs of species without a term, except those that an invalid term may cover."""
    missing = [(a, b) for a, b, how in potential.coverage(species) if not how]
    # a term or a declared pair that was left out may be that of any pair
    if not missing or draft.lacks_entries("model") or ("model", "none") in draft.incomplete:
        return
    path = ("model", draft.model.source if draft.model is not None else "terms")
    if not complete:
        # a term that could not be read may cover pairs within the metal or within the wall
        missing = [(a, b) for a, b in missing if {element_of(a) in WALL, element_of(b) in WALL} == {True, False}]
    for a, b in missing:
        yield Problem(path, f"no term of the model covers the pair {a}-{b}. {_remedy(a, b)}")


def check_none(potential: Potential, species: Sequence[str], draft: Draft) -> Iterator[Problem]:
    """Yield the pairs that the deck declares not to interact although terms cover them: the terms act."""
    for index, (a, b) in enumerate(() if draft.model is None else draft.model.none):
        pairs = [(x, y) for x in species if a in (x, element_of(x)) for y in species if b in (y, element_of(y))]
        labels = [
            [label for label in (term.covers(x, y) for term in potential.terms) if label not in ("", "none")]
            for x, y in pairs
        ]
        # a term for some of the sites of an element leaves the others to the declaration
        if pairs and all(labels):
            acting = ", ".join(dict.fromkeys(label for found in labels for label in found))
            yield Problem(
                ("model", "none", index),
                f"[model] none declares that {a} and {b} do not interact, but {acting} covers this pair. Remove the "
                "declaration, or list [[model.terms]] without a term for this pair.",
            )


def _remedy(a: str, b: str) -> str:
    elements = {element_of(a), element_of(b)}
    declared = f'write none = [["{a}", "{b}"]] in [model] if they do not interact'
    if elements <= {"Na", "K", "C", "N"}:
        if elements <= {"Na", "K"}:
            return f'Use the set "nak" or "nak-cn", or {declared}.'
        if elements <= {"C", "N"}:
            return f'Use the set "cn" or "nak-cn", or {declared}.'
        term = f'[[model.terms]] kind = "morse", pair = ["{element_of(a)}", "{element_of(b)}"]'
        return f'Use the set "nak-cn", add a term ({term}), or {declared}.'
    foreign = [element for element in sorted(elements) if element not in (*METALS, *WALL)]
    library = f" No set of the library contains {' and '.join(foreign)}." if foreign else ""
    return f"Add a term for the pair to [[model.terms]], or {declared}.{library}"


def named_groups(draft: Draft) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield every name in the deck that selects atoms, with its path."""
    if draft.groups is not None:
        for key in ("frozen", "rigid"):
            for index, name in enumerate(getattr(draft.groups, key)):
                yield ("groups", key, index), name
        for index, tether in enumerate(draft.groups.tethered):
            yield ("groups", "tethered", index, "group"), tether.group
    for index, name in enumerate(() if draft.output is None else draft.output.atoms):
        yield ("output", "atoms", index), name
    for index, stage in draft.stages:
        for number, restraint in enumerate(stage.restraint):
            for key, name in restraint.arguments.items():
                if key != "nearest" and isinstance(name, str):
                    yield ("stage", index, "restraint", number, key), name
        if isinstance(stage, Dynamics):
            yield ("stage", index, "group"), stage.group
            for number, move in enumerate(stage.move):
                for side, name in enumerate(move.species):
                    yield ("stage", index, "move", number, "species", side), name


def check_groups(draft: Draft, system: System | None, expected: Sequence[str]) -> Iterator[Problem]:
    """Yield names that select no atoms; before the system is built, names that no such system can have."""
    if system is not None:
        known = {*system.species_names, *map(element_of, system.species_names), *system.groups, "all"}
    elif expected:
        crystal = None if draft.structure is None else draft.structure.crystal
        layers = () if crystal is None else crystal.layer_groups
        known = {*expected, *map(element_of, expected), *COMMON_GROUPS, *layers}
    else:
        return
    for path, name in named_groups(draft):
        if system is None and name.rstrip("0123456789") in NUMBERED:
            continue
        if name not in known:
            match = nearest(name, known)
            meant = f'Did you mean "{match}"? ' if match is not None else ""
            listed = ", ".join(sorted(known))
            yield Problem(path, f'"{name}" selects no atoms. {meant}Available: {listed}.')
        elif system is not None and not np.any(system.topology.select(name)):
            yield Problem(path, f'"{name}" is defined, but contains no atoms.')


def _check_unused(draft: Draft, system: System) -> Iterator[Problem]:
    """Yield species of the model that the structure does not contain, such as a misspelt site label."""
    present = {*system.species_names, *map(element_of, system.species_names)}
    for path, name in named_species(draft):
        if path[0] == "model" and name not in present and element_of(name) in MASSES:
            yield Problem(
                path,
                f'the model names the species "{name}", but no atom has it. {did_you_mean(name, system.species_names)}',
                fatal=False,
            )


def _check_analysis(draft: Draft, system: System) -> Iterator[Problem]:
    """Yield quantities that this system does not allow, and unknown stages to measure."""
    analysis = draft.analysis
    if analysis is None:
        return
    if analysis.quantities:
        from nakmd.analysis import standard_analyses  # noqa: PLC0415  (scipy is slow to import)

        for index, quantity in enumerate(analysis.quantities):
            try:
                for measured in standard_analyses(system.topology, [quantity]).values():
                    measured.prepare(system.topology)
            except AnalysisError as error:
                yield Problem(("analysis", "quantities", index), str(error))
    yield from _check_stored_atoms(draft, analysis, system)
    stages = [stage for _, stage in draft.stages]
    known = {*stage_names(stages), *(name for stage in stages for name in (stage.name, stage.kind) if name)}
    for index, name in enumerate(analysis.stages):
        if name not in known and draft.is_whole("stage"):
            yield Problem(("analysis", "stages", index), f'there is no stage "{name}". {did_you_mean(name, known)}')


def _check_stored_atoms(draft: Draft, analysis: AnalysisSection, system: System) -> Iterator[Problem]:
    """Yield quantities that read atoms which the trajectory lacks.

    Live ones are measured from all atoms, unless the run is interrupted.
    """
    output, topology = draft.output, system.topology
    if output is None or "all" in output.atoms:
        return
    from nakmd.analysis import lacking_analyses, standard_analyses, unmeasured_quantities  # noqa: PLC0415  (as above)

    try:
        stored = topology.part(topology.select_any(output.atoms))
    except InputError:
        return  # reported by check_groups
    is_live = analysis.when == "live"
    instead = 'Store these atoms with [output] atoms, or write [analysis] when = "live".'
    live = "It is measured during the run; after an interruption of the run it cannot be."
    for index, quantity in enumerate(analysis.quantities or ()):
        try:
            lacking = lacking_analyses(stored, [quantity])
            n_analyses = len(standard_analyses(topology, [quantity]))
        except AnalysisError:
            continue  # reported above
        if lacking:
            what = f"{', '.join(lacking)}: the trajectory lacks {counted(stored.lacking())}."
            path, impossible = ("analysis", "quantities", index), len(lacking) == n_analyses
            yield Problem(path, f"{what} {live if is_live else instead}", fatal=impossible and not is_live)
    unmeasured = () if analysis.quantities is not None or is_live else unmeasured_quantities(stored)
    if unmeasured:
        what = f"without {counted(stored.lacking())} in the trajectory these are not measured: {', '.join(unmeasured)}."
        yield Problem(("output", "atoms"), f"{what} {instead}", fatal=False)


def check_system(system: System, potential: Potential | None, draft: Draft, path: tuple[str, ...]) -> Iterator[Problem]:
    """Yield the faults of the built system."""
    yield from _check_elements(system, path)
    yield from _check_overlaps(system, path)
    if potential is not None:
        yield from _check_cell(system, potential, path, draft)
    yield from _check_barostats(system, potential, draft)
    yield from check_presence(system, draft)
    if draft.is_whole("stage"):
        yield from check_motion(system, draft)
    yield from _check_unused(draft, system)
    yield from _check_doping(draft, system)
    yield from _check_analysis(draft, system)


def _check_doping(draft: Draft, system: System) -> Iterator[Problem]:
    """Warn if the set depends on the graphitic nitrogen of the wall and the deck does not give its fraction."""
    model, structure = draft.model, draft.structure
    numbers = np.bincount(system.species, minlength=len(system.species_names)).tolist()
    counts = dict(zip(system.species_names, numbers, strict=True))
    if model is None or model.potential not in names() or not counts.get("N:graphitic"):
        return
    if concentration_of(model, structure) is None and takes_doping(str(model.potential)):
        fraction = counts["N:graphitic"] / sum(n for name, n in counts.items() if element_of(name) in WALL)
        yield Problem(
            ("model", "potential"),
            f"{model.potential} depends on the graphitic nitrogen of the wall, but the deck does not give its "
            f"fraction, so 0 is used. Write [model] doping = {fraction:.3g}.",
            False,
        )


def _check_elements(system: System, path: tuple[str, ...]) -> Iterator[Problem]:
    if system.n_atoms == 0:
        yield Problem(path, "the structure has no atoms.")


def _check_overlaps(system: System, path: tuple[str, ...]) -> Iterator[Problem]:
    from nakmd.structures.distances import closest_distances  # noqa: PLC0415  (scipy is slow to import)

    faults = []
    for (a, b), pair in closest_distances(system, limit=3.0).items():
        least = OVERLAP * (COVALENT_RADII.get(element_of(a), 1.0) + COVALENT_RADII.get(element_of(b), 1.0))
        if pair.distance < least:
            faults.append(
                f"atoms {pair.i} ({a}) and {pair.j} ({b}) are {pair.distance:.3f} Å apart, the minimum is {least:.2f} Å"
            )
    if faults:
        yield Problem(
            path,
            f"overlapping atoms: {'; '.join(faults)}. Move them apart, enlarge the cell or lower the density.",
        )


def _check_cell(system: System, potential: Potential, path: tuple[str, ...], draft: Draft) -> Iterator[Problem]:
    # pairs of species without a term are reported by check_coverage; the cutoffs are those of the existing terms
    bound = [term.bind_term(system.species_names) for term in potential.terms]
    cutoff = Evaluator(potential, system.species_names, bound).cutoff
    heights = system.cell.heights
    short = [c for c in range(3) if system.cell.periodic[c] and heights[c] < 2.0 * cutoff]
    if short:
        listed = ", ".join(f"{heights[c]:.2f} Å along {'abc'[c]}" for c in short)
        assert draft.structure is not None  # the system was built from it
        larger = enlarged(draft.structure, heights.tolist(), short, 2.0 * cutoff)
        has_cutoffs = draft.model is not None and bool(draft.model.terms)
        shorter = ", or a shorter cutoff in [[model.terms]]" if has_cutoffs else ""
        yield Problem(
            path,
            f"the cell is too small for the cutoff of {cutoff:.2f} Å: its height must be at least "
            f"{2.0 * cutoff:.2f} Å, but is {listed}. Write {larger}{shorter}.",
        )


def _check_barostats(system: System, potential: Potential | None, draft: Draft) -> Iterator[Problem]:
    lacking = [] if potential is None else [term.label for term in potential.terms if not term.has_virial]
    for index, stage in draft.stages:
        if not isinstance(stage, Dynamics) or stage.barostat is None:
            continue
        if lacking:
            yield Problem(
                ("stage", index, "barostat"),
                f"[[stage]] {index + 1} ({stage.name or stage.kind}): "
                f"{no_pressure(BAROSTATS[stage.barostat.kind].label, lacking)}",
            )
        closed = [axis for axis in "".join(stage.barostat.axes) if not system.cell.periodic["xyz".index(axis)]]
        if closed:
            yield Problem(
                ("stage", index, "barostat", "axes"),
                f"[[stage]] {index + 1} ({stage.name or stage.kind}) barostat acts along {', '.join(closed)}, where "
                "the cell is not periodic and the pressure is undefined. Remove this axis.",
            )
