"""Work of adhesion as a free energy: one deck run at several affinities, and what the runs say together."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nakmd.analysis.base import require_frames
from nakmd.analysis.drive import choose_frames
from nakmd.analysis.free_energy import FreeEnergyRecord, affinity_free_energy
from nakmd.analysis.geometry.wetted_faces import WettedFaces
from nakmd.analysis.numerics.statistics import Measure, mean_with_error
from nakmd.arrays import FloatArray
from nakmd.deck.deck import Deck
from nakmd.deck.schema import Dynamics
from nakmd.deck.source import DeckSource
from nakmd.deck.stage_names import measured_stages, stage_names
from nakmd.elements import METALS, WALL
from nakmd.errors import AnalysisError, RunError
from nakmd.io import Trajectory
from nakmd.neighbors import Neighbors
from nakmd.reported import resume, run
from nakmd.runs.folder import RunFolder
from nakmd.runs.session import ProgressReport
from nakmd.studies.stored_runs import Stored, deck_of, opened, potential_of, with_affinity
from nakmd.system import System

#: Parts of a deck that the rungs of a ladder share.
SHARED = ("model", "structure", "groups")


def run_affinity_ladder(
    deck: Deck | DeckSource | str | Path,
    scales: Sequence[float],
    directory: str | Path,
    threads: int | None = None,
    progress: ProgressReport | None = None,
) -> list[Path]:
    """Run a deck at several affinities, each in a folder of its own, and return the folders.

    Parameters
    ----------
    deck : Deck, DeckSource or path
        Of a model with an affinity: a named set, or a TOML file of one's own.
    scales : sequence of float
        Affinities, instead of the deck's.
    directory : path
        Each run goes to ``affinity-0.6`` and the like below it. Runs that are there already, of the same deck, are
        kept if they have finished and continued if they have not.
    threads, progress
        As in `nakmd.run`.

    Raises
    ------
    InputError
        If the deck's model has no affinity, or a folder holds a run of another deck.
    RunError
        If a run was interrupted: the same call goes on from there.

    Notes
    -----
    All runs have the deck's seed, which also places dopants and liquid: the rungs must share their wall. Their
    motion is independent nevertheless, as trajectories under different forces part within picoseconds.
    """
    source = deck.source if isinstance(deck, Deck) else deck if isinstance(deck, DeckSource) else DeckSource.read(deck)
    folders = []
    for scale in scales:
        rung = with_affinity(source, scale)
        folder = RunFolder(Path(directory) / f"affinity-{scale:g}")
        folders.append(folder.path)
        status = folder.read_status().get("status")
        begun = folder.holds_run and not folder.difference(rung.text)
        if begun and status == "finished":
            continue
        done = resume(folder.path, None, threads, None, progress) if begun else None
        if done is None:
            done = run(rung, folder.path, threads, None, progress)
        if done.status != "finished":
            raise RunError(
                f"The run at affinity {scale:g} was interrupted at step {done.step}. Call again with the same folder "
                f"{directory} to go on from there."
            )
    return folders


def cross_energies(run: Stored, stage: str | Sequence[str] | None = None) -> FloatArray:
    """Return the wall-metal energy at unit affinity of each frame, whatever affinity the run had.

    Parameters
    ----------
    run : Run, Trajectory or path
    stage : str or sequence of str, optional
        As in `choose_frames`.

    Returns
    -------
    (n_frames,) float64 [eV]
        dU/dλ: pair energies under the deck's model at affinity 1 less those at affinity 0. So terms that the
        model does not scale drop out, and runs at affinity 0 have one too.

    Raises
    ------
    AnalysisError
        If the trajectory carries no deck.
    """
    with opened(run) as trajectory:
        source = deck_of(trajectory)
        topology = trajectory.topology
        models = [potential_of(with_affinity(source, scale)) for scale in (1.0, 0.0)]
        evaluators = [model.bind(topology.species_names) for model in models]
        # the affinity changes no cutoff: the lists of one serve the other
        neighbors = Neighbors(evaluators[0].requests, 0.0)
        found = []
        for frame in choose_frames(trajectory, stage):
            system = System(
                frame.positions, topology.species, topology.species_names, frame.cell.copy(), masses=topology.masses
            )
            neighbors.update(system)
            slopes = evaluators[0].pair_energies(system, neighbors) - evaluators[1].pair_energies(system, neighbors)
            found.append(float(np.triu(slopes).sum()))
        return np.array(found)


def affinity_ladder(
    runs: Sequence[Stored],
    temperature: float | None = None,
    area: Measure | None = None,
    method: Literal["both", "integration"] = "both",
    stage: str | Sequence[str] | None = None,
) -> FreeEnergyRecord:
    """Return the free energy of adhesion from runs of one deck at several affinities.

    Parameters
    ----------
    runs : sequence of Run, Trajectory or path
        Two or more, as `run_affinity_ladder` makes them.
    temperature : float [K], optional
        That of the decks' thermostats if left out.
    area : Measure, optional [Å²]
        Of the interface; that of the wetted faces at the highest affinity if left out.
    method
        As in `affinity_free_energy`.
    stage : str or sequence of str, optional
        As in `choose_frames`.

    Returns
    -------
    FreeEnergyRecord

    Raises
    ------
    AnalysisError
        If there are fewer than two affinities or neighbours do not overlap; if wall, metal or contact are missing;
        if the decks differ in more than the affinity, or have no common temperature.
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
            f"A free energy needs runs at two or more affinities, got {len(runs)}. run_affinity_ladder makes them."
        )
    _refuse_strangers(sources)
    if temperature is None:
        temperature = _common([_held_temperature(deck, stage) for deck in decks])
    if area is None:
        with opened(runs[int(np.argmax(scales))]) as trajectory:
            area = _wetted_area(trajectory, stage)
    return affinity_free_energy(scales, [cross_energies(run, stage) for run in runs], temperature, area, method)


def _wetted_area(trajectory: Trajectory, stage: str | Sequence[str] | None) -> Measure:
    """Return the mean area of the wetted faces of a run."""
    elements = np.array(trajectory.topology.elements)[trajectory.topology.species]
    wall, metal = (np.flatnonzero(np.isin(elements, words)) for words in (WALL, METALS))
    if not len(wall) or not len(metal):
        raise AnalysisError(
            f"{trajectory.path}: adhesion needs a wall ({', '.join(WALL)}) and a metal; here are "
            f"{', '.join(trajectory.species_names)} only."
        )
    faces = WettedFaces(wall, metal)
    return mean_with_error([faces.area(frame) for frame in choose_frames(trajectory, stage)], "Å²")


def _refuse_strangers(sources: Sequence[DeckSource]) -> None:
    """Raise `AnalysisError` unless the decks say the same of model, structure and groups, the affinity apart."""

    def essence(source: DeckSource) -> dict[str, Any]:
        words = copy.deepcopy({name: source.data.get(name) for name in SHARED})
        (words["model"] or {}).pop("affinity", None)
        return {**words, "seed": source.data.get("seed")}

    first = essence(sources[0]) if sources else {}
    for source in sources[1:]:
        differing = [name for name, words in essence(source).items() if words != first[name]]
        if differing:
            raise AnalysisError(
                f"{sources[0].name} and {source.name} are no rungs of one ladder: their decks differ in "
                f"{', '.join(differing)}. Only the affinity may change."
            )


def _held_temperature(deck: Deck, stage: str | Sequence[str] | None) -> float | None:
    """Return the temperature [K] that the measured stages hold, None if there is no such thing."""
    measured = measured_stages(deck)
    if stage is not None:
        measured = [stage] if isinstance(stage, str) else list(stage)
    ends: set[float] = set()
    for name, words in zip(stage_names(deck), deck.stage, strict=True):
        if name in measured or "all" in measured:
            if not isinstance(words, Dynamics) or words.temperature is None:
                return None
            ends |= set(words.temperature)
    return ends.pop() if len(ends) == 1 else None


def _common(temperatures: Sequence[float | None]) -> float:
    """Return the one temperature of all runs."""
    found = set(temperatures)
    if len(found) != 1 or None in found:
        words = ", ".join("none" if t is None else f"{t:g} K" for t in temperatures)
        raise AnalysisError(
            f"A free energy needs one temperature, held by a thermostat in every run; these hold {words}. Run all "
            "rungs at one, or give temperature= if you know it."
        )
    return float(found.pop() or 0.0)
