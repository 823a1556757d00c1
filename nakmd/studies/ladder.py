"""Work of adhesion as a free energy, from runs of one deck at several affinities."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Unpack

import numpy as np

from nakmd.analysis.base import require_frames
from nakmd.analysis.drive import choose_frames
from nakmd.analysis.frame_choice import FrameOptions, stages_of
from nakmd.analysis.free_energy import FreeEnergyRecord, affinity_free_energy
from nakmd.analysis.geometry.wetted_faces import WettedFaces
from nakmd.analysis.joined_sample import joined_sample
from nakmd.analysis.numerics.statistics import Measure, mean_with_error
from nakmd.analysis.sample import Sample
from nakmd.arrays import FloatArray
from nakmd.deck.deck import Deck, source_of
from nakmd.deck.source import DeckSource
from nakmd.deck.stage_names import measured_stages, stage_names
from nakmd.deck.stage_sections import Dynamics
from nakmd.elements import METALS, WALL
from nakmd.errors import AnalysisError
from nakmd.io import Trajectory
from nakmd.neighbors import Neighbors
from nakmd.runs.session import ProgressReport
from nakmd.studies.series import finish
from nakmd.studies.stored_runs import Stored, deck_of, opened, potential_of, with_affinity
from nakmd.system import System

#: Sections of a deck that must be equal in all runs of a ladder.
SHARED = ("model", "structure", "groups")


def run_affinity_ladder(
    deck: Deck | DeckSource | str | Path,
    scales: Sequence[float],
    directory: str | Path,
    threads: int | None = None,
    progress: ProgressReport | None = None,
) -> list[Path]:
    """Run a deck at several affinities, each in its own folder, and return the folders.

    Parameters
    ----------
    deck : Deck, DeckSource or path
        Its model must have an affinity: a named set or a TOML file.
    scales : sequence of float
        Affinities; they replace that of the deck.
    directory : path
        Parent of the run folders ``affinity-0.6`` etc. Existing runs of the same deck are kept if finished and
        resumed otherwise.
    threads, progress
        As in `nakmd.run`.

    Raises
    ------
    InputError
        If the model of the deck has no affinity, or a folder holds a run of another deck.
    RunError
        If a run was interrupted. The same call resumes it.

    Notes
    -----
    All runs use the seed of the deck, which also places dopants and liquid, so that they share their wall. Their
    samples are independent nevertheless: trajectories with different forces diverge within picoseconds.
    """
    source = source_of(deck)
    return [
        finish(
            with_affinity(source, scale), Path(directory) / f"affinity-{scale:g}", f"at affinity {scale:g}",
            threads, progress,
        )
        for scale in scales
    ]  # fmt: skip


def cross_energies(run: Stored, **frames: Unpack[FrameOptions]) -> FloatArray:
    """Return the wall-metal energy of each frame at unit affinity, independent of the affinity of the run.

    Parameters
    ----------
    run : Run, Trajectory or path
    frames
        As in `nakmd.analysis.FrameOptions`.

    Returns
    -------
    (n_frames,) float64 [eV]
        dU/dλ: pair energies of the model at affinity 1 less those at affinity 0. Terms that the affinity does not
        scale cancel, and the result is defined for runs at affinity 0 too.

    Raises
    ------
    AnalysisError
        If the trajectory contains no deck.
    """
    return _cross_energies(run, **frames)[0]


def _cross_energies(run: Stored, **frames: Unpack[FrameOptions]) -> tuple[FloatArray, Sample]:
    """Return the energies of `cross_energies`, and the frames they belong to."""
    with opened(run) as trajectory:
        source = deck_of(trajectory)
        topology = trajectory.topology
        models = [potential_of(with_affinity(source, scale)) for scale in (1.0, 0.0)]
        evaluators = [model.bind(topology.species_names) for model in models]
        # the affinity changes no cutoff: both models use the same neighbour lists
        neighbors = Neighbors(evaluators[0].requests, 0.0)
        energies = []
        chosen = choose_frames(trajectory, **frames)
        for frame in chosen:
            system = System(
                frame.positions, topology.species, topology.species_names, frame.cell.copy(), masses=topology.masses
            )
            neighbors.update(system)
            slopes = evaluators[0].pair_energies(system, neighbors) - evaluators[1].pair_energies(system, neighbors)
            energies.append(float(np.triu(slopes).sum()))
        return np.array(energies), chosen.sample


def affinity_ladder(
    runs: Sequence[Stored],
    temperature: float | None = None,
    area: Measure | None = None,
    method: Literal["both", "integration"] = "both",
    **frames: Unpack[FrameOptions],
) -> FreeEnergyRecord:
    """Return the free energy of adhesion from runs of one deck at several affinities.

    Parameters
    ----------
    runs : sequence of Run, Trajectory or path
        Two or more runs of `run_affinity_ladder`.
    temperature : float [K], optional
        Default: that of the thermostats in the decks.
    area : Measure, optional [Å²]
        Area of the interface. Default: that of the wetted faces at the highest affinity.
    method
        As in `affinity_free_energy`.
    frames
        As in `nakmd.analysis.FrameOptions`.

    Returns
    -------
    FreeEnergyRecord
        Its sample has the frames of all runs, and names what had not settled in each.

    Raises
    ------
    AnalysisError
        If there are fewer than two affinities, or neighbouring ones do not overlap; if wall, metal or contact are
        missing; if the decks differ in more than the affinity, or have no common temperature.
    """
    sources = []
    for stored in runs:
        with opened(stored) as trajectory:
            sources.append(deck_of(trajectory))
            require_frames(len(trajectory), 2, "An affinity ladder")
    decks = [Deck.from_source(source) for source in sources]
    scales = [deck.model.affinity for deck in decks]
    if len(runs) < 2:
        raise AnalysisError(
            f"A free energy needs runs at two or more affinities, got {len(runs)}. Use run_affinity_ladder."
        )
    _check_same_system(sources)
    if temperature is None:
        temperature = _common([_held_temperature(deck, stages_of(frames)) for deck in decks])
    if area is None:
        with opened(runs[int(np.argmax(scales))]) as trajectory:
            area = _wetted_area(trajectory, **frames)
    measured = [_cross_energies(run, **frames) for run in runs]
    record = affinity_free_energy(scales, [energies for energies, _ in measured], temperature, area, method)
    samples = [(f"the run at affinity {scale:g}", sample) for scale, (_, sample) in zip(scales, measured, strict=True)]
    return replace(record, sample=joined_sample(samples))


def _wetted_area(trajectory: Trajectory, **frames: Unpack[FrameOptions]) -> Measure:
    """Return the mean area of the wetted faces of a run."""
    elements = np.array(trajectory.topology.elements)[trajectory.topology.species]
    wall, metal = (np.flatnonzero(np.isin(elements, side)) for side in (WALL, METALS))
    if not len(wall) or not len(metal):
        raise AnalysisError(
            f"{trajectory.path}: adhesion needs a wall ({', '.join(WALL)}) and a metal ({', '.join(METALS)}); the "
            f"species are {', '.join(trajectory.species_names)}."
        )
    faces = WettedFaces(wall, metal)
    return mean_with_error([faces.area(frame) for frame in choose_frames(trajectory, **frames)], "Å²")


def _check_same_system(sources: Sequence[DeckSource]) -> None:
    """Raise `AnalysisError` if the decks differ in model (affinity excepted), structure, groups or seed."""

    def shared(source: DeckSource) -> dict[str, Any]:
        sections = copy.deepcopy({name: source.data.get(name) for name in SHARED})
        (sections["model"] or {}).pop("affinity", None)
        return {**sections, "seed": source.data.get("seed")}

    first = shared(sources[0]) if sources else {}
    for source in sources[1:]:
        differing = [name for name, section in shared(source).items() if section != first[name]]
        if differing:
            raise AnalysisError(
                f"{sources[0].name} and {source.name} cannot be combined: their decks differ in "
                f"{', '.join(differing)}. Only the affinity may differ."
            )


def _held_temperature(deck: Deck, stage: str | Sequence[str] | None) -> float | None:
    """Return the thermostat temperature [K] of the measured stages, None if there is no single one."""
    measured = measured_stages(deck)
    if stage is not None:
        measured = [stage] if isinstance(stage, str) else list(stage)
    ends: set[float] = set()
    for name, section in zip(stage_names(deck.stage), deck.stage, strict=True):
        if name in measured or "all" in measured:
            if not isinstance(section, Dynamics) or section.temperature is None:
                return None
            ends |= set(section.temperature)
    return ends.pop() if len(ends) == 1 else None


def _common(temperatures: Sequence[float | None]) -> float:
    """Return the common temperature [K] of all runs."""
    distinct = set(temperatures)
    if len(distinct) != 1 or None in distinct:
        listed = ", ".join("none" if t is None else f"{t:g} K" for t in temperatures)
        raise AnalysisError(
            f"A free energy needs one thermostat temperature in all runs, got {listed}. Run all affinities at the same "
            "temperature, or pass temperature=."
        )
    return float(distinct.pop() or 0.0)
