"""What only the built system can tell: coverage, overlaps, cell against cutoff, groups, memory and disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from nakmd.deck.draft import Draft
from nakmd.deck.messages import Problem
from nakmd.deck.schema import Dynamics
from nakmd.deck.species import species_words
from nakmd.elements import COVALENT_RADII, MASSES, METALS, WALL, element_of
from nakmd.errors import AnalysisError, did_you_mean, nearest
from nakmd.potentials import Evaluator, Potential
from nakmd.potentials.library import names, takes_doping
from nakmd.runs.potential_builder import concentration_of
from nakmd.system import System

#: Atoms closer than this part of the sum of their covalent radii overlap.
OVERLAP = 0.55

#: Words that select atoms in most systems, for hints before one is built.
COMMON_GROUPS = ("all", "carbon", "liquid", "tube", "sheet", "nitrogen", "crystal")

#: Bytes in a trajectory frame for each atom: positions, velocities, images, species.
BYTES_DOUBLE = 24 + 24 + 2 + 1
BYTES_SINGLE = 12 + 12 + 2 + 1
BYTES_THERMO = 120


def check_coverage(potential: Potential, species: Sequence[str], draft: Draft, complete: bool) -> Iterator[Problem]:
    """Yield the pairs of species that no term couples, but not those that a faulty term may have been meant for."""
    missing = [(a, b) for a, b, how in potential.coverage(species) if not how]
    if not missing:
        return
    path = ("model", "potential") if draft.model is not None and draft.model.potential else ("model", "terms")
    if not complete:
        # a term that could not be read may couple metals among themselves, or the elements of the wall
        missing = [(a, b) for a, b in missing if {element_of(a) in WALL, element_of(b) in WALL} == {True, False}]
    for a, b in missing:
        yield Problem(path, f"no term couples {a} with {b}. {_remedy(a, b)}")


def _remedy(a: str, b: str) -> str:
    elements = {element_of(a), element_of(b)}
    declared = f'declare them apart with none = [["{a}", "{b}"]]'
    if elements <= {"Na", "K", "C", "N"}:
        if elements <= {"Na", "K"}:
            return f'The set "nak" does, "nak-cn" too; or {declared}.'
        if elements <= {"C", "N"}:
            return f'The set "cn" does, "nak-cn" too; or {declared}.'
        term = f'[[model.terms]] kind = "morse", pair = ["{element_of(a)}", "{element_of(b)}"]'
        return f'The set "nak-cn" does (metal-carbon-2026), or a term of your own ({term}); or {declared}.'
    strangers = [element for element in sorted(elements) if element not in (*METALS, *WALL)]
    about = f" No set of the library knows {' and '.join(strangers)}." if strangers else ""
    return f"Add a term for the pair to [[model.terms]], or {declared}.{about}"


def group_words(draft: Draft) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield every word of the deck that selects atoms, with its place."""
    if draft.groups is not None:
        for key in ("frozen", "rigid"):
            for index, word in enumerate(getattr(draft.groups, key)):
                yield ("groups", key, index), word
        for index, tether in enumerate(draft.groups.tethered):
            yield ("groups", "tethered", index, "group"), tether.group
    for index, stage in draft.stages:
        if isinstance(stage, Dynamics):
            yield ("stage", index, "group"), stage.group


def check_groups(draft: Draft, system: System | None, expected: Sequence[str]) -> Iterator[Problem]:
    """Yield words that select no atoms; before a system is built, those that nothing like it could have."""
    if system is not None:
        known = {*system.species_names, *map(element_of, system.species_names), *system.groups, "all"}
    elif expected:
        known = {*expected, *map(element_of, expected), *COMMON_GROUPS}
    else:
        return
    for path, word in group_words(draft):
        if word not in known:
            match = nearest(word, known)
            meant = f'Did you mean "{match}"? ' if match is not None else ""
            listed = ", ".join(sorted(known))
            yield Problem(path, f'no atoms are called "{word}" here. {meant}There are {listed}.')
        elif system is not None and not np.any(system.topology.select(word)):
            yield Problem(path, f'"{word}" is known here, but no atom belongs to it.')


def _check_unused(draft: Draft, system: System) -> Iterator[Problem]:
    """Yield species that the model has terms for and that the structure has not: a misspelt label hides so."""
    present = {*system.species_names, *map(element_of, system.species_names)}
    for path, word in species_words(draft):
        if path[0] == "model" and word not in present and element_of(word) in MASSES:
            yield Problem(
                path,
                f'the model speaks of "{word}", and no atom is one. {did_you_mean(word, system.species_names)}',
                fatal=False,
            )


def _check_analysis(draft: Draft, system: System) -> Iterator[Problem]:
    """Yield quantities that these atoms do not allow, and stages to measure that are not there."""
    words = draft.analysis
    if words is None:
        return
    if words.quantities:
        from nakmd.analysis import standard_analyses  # noqa: PLC0415  (scipy is slow to import)

        for index, quantity in enumerate(words.quantities):
            try:
                standard_analyses(system.topology, [quantity])
            except AnalysisError as error:
                yield Problem(("analysis", "quantities", index), str(error))
    known = {word for _, stage in draft.stages for word in (stage.name, stage.kind) if word}
    for index, name in enumerate(words.stages):
        if name not in known and draft.is_whole("stage"):
            yield Problem(("analysis", "stages", index), f'no stage is called "{name}". {did_you_mean(name, known)}')


def check_system(system: System, potential: Potential | None, draft: Draft, path: tuple[str, ...]) -> Iterator[Problem]:
    """Yield what is wrong with the built system."""
    yield from _check_elements(system, path)
    yield from _check_overlaps(system, path)
    if potential is not None:
        yield from _check_cell(system, potential, path)
    yield from _check_barostats(system, draft)
    yield from _check_unused(draft, system)
    yield from _check_doping(draft, system)
    yield from _check_analysis(draft, system)
    yield from _check_memory(system, path)


def _check_doping(draft: Draft, system: System) -> Iterator[Problem]:
    """Say if the wall has graphitic nitrogen that a set which weakens with it was not told of."""
    model, structure = draft.model, draft.structure
    species = [system.species_names[k] for k in system.species]
    if model is None or model.potential not in names() or "N:graphitic" not in species:
        return
    if concentration_of(model, structure) is None and takes_doping(str(model.potential)):
        wall = [name for name in species if element_of(name) in WALL]
        found = wall.count("N:graphitic") / len(wall)
        yield Problem(
            ("model", "potential"),
            f"{model.potential} weakens with the graphitic nitrogen of the wall, and nothing says how much there is: "
            f"it is taken as none. Write [model] doping = {found:.3g}.",
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
                f"{a} and {b} are {pair.distance:.3f} Å apart (atoms {pair.i} and {pair.j}; at least {least:.2f} Å)"
            )
    if faults:
        yield Problem(
            path,
            f"atoms overlap: {'; '.join(faults)}. Move them apart, enlarge the cell, or lower the density; the forces "
            "would blow the system up.",
        )


def _check_cell(system: System, potential: Potential, path: tuple[str, ...]) -> Iterator[Problem]:
    # pairs of species without a term are reported already; the terms that are there have cutoffs all the same
    bound = [term.bind_term(system.species_names) for term in potential.terms]
    cutoff = Evaluator(potential, system.species_names, bound).cutoff
    heights = system.cell.heights
    short = [c for c in range(3) if system.cell.periodic[c] and heights[c] < 2.0 * cutoff]
    if short:
        words = ", ".join(f"{'abc'[c]} {heights[c]:.2f} Å" for c in short)
        repeat = [int(np.ceil(2.0 * cutoff / heights[c])) if c in short else 1 for c in range(3)]
        yield Problem(
            path,
            f"the cell is too small for the cutoff of {cutoff:.2f} Å: its height along {words} is below twice that. "
            f"Enlarge it (repeat {repeat[0]} x {repeat[1]} x {repeat[2]} would do), or shorten the cutoff.",
        )


def _check_barostats(system: System, draft: Draft) -> Iterator[Problem]:
    for index, stage in draft.stages:
        if not isinstance(stage, Dynamics) or stage.barostat is None:
            continue
        closed = [axis for axis in "".join(stage.barostat.axes) if not system.cell.periodic["xyz".index(axis)]]
        if closed:
            yield Problem(
                ("stage", index, "barostat", "axes"),
                f"[[stage]] {index + 1} ({stage.name or stage.kind}) barostat acts along {', '.join(closed)}, where "
                "the cell does not repeat and has no pressure. Leave that axis out.",
            )


def estimate_memory(system: System, cutoff: float) -> float:
    """Return the memory [bytes] that a run of the system takes, roughly: state, lists, images, program."""
    volume = max(system.cell.volume, 1.0)
    # the neighbours of an atom at the mean density, two entries of 4 bytes and padding, both directions
    neighbors = min(system.n_atoms / volume * 4.2 * (cutoff + 1.0) ** 3, float(system.n_atoms))
    images = float(np.prod(1.0 + 2.0 * (cutoff + 1.0) * system.cell.periodic / system.cell.heights))
    return 2.5e8 + system.n_atoms * (400.0 + 12.0 * neighbors + 60.0 * images)


def _check_memory(system: System, path: tuple[str, ...]) -> Iterator[Problem]:
    needed = estimate_memory(system, 8.0)
    try:
        available = _available_memory()
    except OSError:
        return
    if available and needed > available:
        yield Problem(
            path,
            f"{system.n_atoms} atoms need about {needed / 1e9:.1f} GB of memory; {available / 1e9:.1f} GB are free.",
        )


def _available_memory() -> float:
    """Return the free memory [bytes] where the system tells it, else 0."""
    info = Path("/proc/meminfo")
    if not info.exists():
        return 0.0
    for line in info.read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return 1024.0 * float(line.split()[1])
    return 0.0


def estimate_output(draft: Draft, n_atoms: int) -> tuple[float, int, int]:
    """Return the size [bytes] of the trajectory, and its numbers of frames and thermo rows."""
    output = draft.output
    if output is None:
        return 0.0, 0, 0
    steps = [stage.n_steps for _, stage in draft.stages if isinstance(stage, Dynamics)]
    frames = sum(steps) // output.trajectory_every + 1
    rows = sum(steps) // output.thermo_every + 1
    each = n_atoms * (BYTES_DOUBLE if output.precision == "double" else BYTES_SINGLE) + 1000
    return float(frames * each + rows * BYTES_THERMO), frames, rows


def check_disk(draft: Draft, system: System, directory: Path) -> Iterator[Problem]:
    """Yield a fault if the output does not fit onto the disk."""
    folder = directory.resolve()
    while not folder.exists():
        folder = folder.parent
    size, frames, _ = estimate_output(draft, system.n_atoms)
    # two checkpoints, a third while it is written
    size += 3 * system.n_atoms * 100.0
    free = shutil.disk_usage(folder).free
    if size > free:
        yield Problem(
            ("output", "trajectory_every"),
            f"{frames} frames need about {size / 1e9:.1f} GB; {free / 1e9:.1f} GB are free in {folder}. Write fewer "
            'frames (trajectory_every), or precision = "single".',
        )
