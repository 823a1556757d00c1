"""Estimates a run of a deck without running it: atoms, memory, wall time, file size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nakmd.deck.deck import Deck
from nakmd.deck.measured_frames import ENOUGH_FRAMES, measured_frames
from nakmd.deck.schema import Output
from nakmd.deck.stage_sections import Deposition, Dynamics
from nakmd.elements import element_of
from nakmd.integrators import BAROSTATS, MINIMISERS
from nakmd.io.storage import Storage
from nakmd.kernels.jit import available_threads
from nakmd.runs.call_time import seconds_of_a_call
from nakmd.runs.faster_steps import faster_steps
from nakmd.runs.footprint import count_stored, estimate_output
from nakmd.runs.plan import Plan
from nakmd.runs.stage_builder import build_restraints
from nakmd.runs.timed_steps import time_stages


@dataclass(frozen=True)
class StageEstimate:
    """Summary of one stage.

    Attributes
    ----------
    name, kind : str
    steps : int
    time, what : str
        Simulated time; description of the method with its set points.
    """

    name: str
    kind: str
    steps: int
    time: str
    what: str


@dataclass(frozen=True)
class Estimate:
    """Estimate of a run, as shown by `nakmd check`.

    Attributes
    ----------
    n_atoms, n_parked : int
        Atoms that are there at the beginning, and those that wait; the numbers below are of the former.
    cell, periodic
        Lengths [Å] of the cell vectors, and which directions are periodic.
    species, groups : dict of str to int
        Number of atoms of each species and of each group that is not empty.
    coverage : list of (str, str, str)
        The two species of each pair, and the terms that cover it.
    closest : list of (str, str, float)
        Minimum distance [Å] of each pair of species, if it is below 6 Å.
    cutoff : float [Å]
    bond : float [Å] or None
        C-C bond without stress in the model; None without one, or without carbon.
    measured : str
        How many frames the analyses see, and how to get more if they are few; empty if no stage is measured.
    stored : str
        What frames hold, and how exactly.
    memory, file_size : float [bytes]
        Largest values; a relaxation that converges early writes fewer frames.
    build_time : float [s]
        Time that building the structure took, or reading it if it had been kept.
    is_kept : bool
        Whether the run reads the structure instead of building it again.
    wall_time : float [s] or None
        Of the steps with their output and live analyses; analyses that follow them are not counted. None if it was not
        measured, or the steps failed.
    time_source : str
        How the wall time was found.
    faster : str
        How much faster the run would be with two time steps, and what to write; empty where they save nothing.
    """

    title: str
    seed: int
    n_atoms: int
    n_parked: int
    cell: tuple[float, ...]
    periodic: tuple[bool, ...]
    species: dict[str, int]
    groups: dict[str, int]
    coverage: list[tuple[str, str, str]]
    closest: list[tuple[str, str, float]]
    stages: list[StageEstimate]
    cutoff: float
    bond: float | None
    memory: float
    build_time: float
    is_kept: bool
    file_size: float
    n_frames: int
    n_rows: int
    measured: str
    stored: str
    wall_time: float | None
    time_source: str
    faster: str

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as plain lists, numbers and strings."""
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            "stages": [vars(stage) for stage in self.stages],
        }


def estimate(plan: Plan, *, threads: int | None = None, timed: bool = True) -> Estimate:
    """Estimate the run of a valid plan.

    Parameters
    ----------
    plan : Plan
    threads : int, optional
        Threads of the run. Default: all usable ones.
    timed : bool
        Whether steps are made and timed for the wall time, which takes some seconds; a first time compiles kernels.

    Raises
    ------
    DeckError
        If the plan has errors.
    ModelError
        If a program outside nakmd that computes the model fails on the first configuration.
    """
    from nakmd.structures.distances import closest_distances  # noqa: PLC0415  (scipy is slow to import)

    deck, system, potential = plan.require()
    cutoff = potential.bind(system.species_names).cutoff
    has_wall = any(element_of(name) == "C" for name in system.species_names)
    here = ~system.absent
    counts = np.bincount(system.species[here], minlength=len(system.species_names))
    n_here = int(here.sum())
    n_stored = count_stored(plan.draft, system.topology)
    size, frames, rows = estimate_output(plan.draft, n_stored)
    wall_time, source = None, "not measured"
    if timed:
        wall_time, source = _wall_time(plan, n_here, rows, frames, threads or available_threads())
    return Estimate(
        title=deck.title or plan.source.name,
        seed=deck.seed,
        n_atoms=n_here,
        n_parked=system.n_atoms - n_here,
        cell=tuple(float(length) for length in system.cell.lengths),
        periodic=tuple(bool(p) for p in system.cell.periodic),
        species={name: int(n) for name, n in zip(system.species_names, counts, strict=True)},
        groups={name: int((mask & here).sum()) for name, mask in system.groups.items() if mask.any()},
        coverage=potential.coverage(system.species_names),
        closest=[(a, b, pair.distance) for (a, b), pair in closest_distances(system, limit=6.0).items()],
        stages=[
            StageEstimate(
                stage.name or stage.kind,
                stage.kind,
                stage.n_steps,
                f"{stage.n_steps * stage.outer_step:g} ps" if isinstance(stage, Dynamics) else "",
                _summary(stage),
            )
            for stage in deck.stage
        ],
        cutoff=cutoff,
        bond=plan.bond if has_wall else None,
        memory=plan.memory,
        build_time=plan.build_time,
        is_kept=plan.is_kept,
        file_size=size,
        n_frames=frames,
        n_rows=rows,
        measured=_measured(deck),
        stored=_stored(deck.output, n_stored, system.n_atoms),
        wall_time=wall_time,
        time_source=source,
        faster=faster_steps(deck, system, potential),
    )


def _measured(deck: Deck) -> str:
    """Return how many frames the analyses see, and how to get more if they are few."""
    frames = measured_frames(deck.stage, deck.output, deck.analysis)
    if frames is None:
        return ""
    text = f"{frames.count} frame{'s' * (frames.count != 1)}"
    few = frames.count < ENOUGH_FRAMES
    return text + (f": fewer than {ENOUGH_FRAMES}, so errors will be uncertain; {frames.remedy}" if few else "")


def _stored(output: Output, n_stored: int, n_atoms: int) -> str:
    """Return what frames hold, and how exactly."""
    text = Storage.of(output.precision, output.velocities, output.compression).text
    if n_stored == n_atoms:
        return text
    return f"{n_stored:,} of {n_atoms:,} atoms ({', '.join(output.atoms)}), {text}"


def _wall_time(plan: Plan, n_here: int, rows: int, frames: int, threads: int) -> tuple[float | None, str]:
    """Return the wall time [s] of all steps and their output, None if they fail, and how it was found."""
    deck, system, potential = plan.require()
    steps = sum(stage.n_steps for stage in deck.stage)
    outside = [term.label for term in potential.terms if term.is_external]
    if outside:  # a call may take minutes: one is enough
        seconds = seconds_of_a_call(potential, system)
        return steps * seconds, f"one call of {' and '.join(outside)} on this system took {seconds:.3g} s"
    timed = time_stages(deck, plan.source, system, potential, threads)
    if timed is None:
        return None, "not all stages could be tried without those before them"
    saves = 2 + steps // deck.output.checkpoint_every  # with the first and the last
    samples = measured_frames(deck.stage, deck.output, deck.analysis)
    total = rows * timed.row + frames * timed.frame + saves * timed.checkpoint
    total += timed.sample * (samples.count if samples is not None else 0)
    for stage, time in zip(deck.stage, timed.stages, strict=True):
        arriving = 0.5 * stage.count if isinstance(stage, Deposition) else 0.0  # on average
        total += time.steps * time.seconds * (1.0 + arriving / n_here)
    return total, f"some steps timed, {threads} thread{'s' if threads > 1 else ''}"


def _summary(stage: Any) -> str:
    restrained = "".join(f", {restraint.words}" for restraint in build_restraints(stage))
    if not isinstance(stage, Dynamics):
        return f"{MINIMISERS[stage.method].label} until no force exceeds {stage.force:g} eV/Å{restrained}"
    text: str = stage.ensemble
    if stage.temperature is not None:
        start, end = stage.temperature
        text += f" {start:g} K" if start == end else f" {start:g} to {end:g} K"
    if stage.group != "all":
        text += f" on {stage.group}"
    for bath in stage.bath:
        start, end = bath.temperature
        ramp = f"{start:g} K" if start == end else f"{start:g} to {end:g} K"
        text += f", {bath.ensemble} {ramp} on {bath.group}"
    if stage.barostat is not None:
        text += f", {BAROSTATS[stage.barostat.kind].label} on {' '.join(stage.barostat.axes)}"
    for move in stage.move:
        text += f", {move.text}"
    if isinstance(stage, Deposition):
        text += f", {stage.count} atoms ({', '.join(stage.species)}) {stage.side}, one every {stage.every:g} ps"
    return f"{text}{restrained}, {stage.timestep_text}"
