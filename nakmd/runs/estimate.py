"""Estimates a run of a deck without running it: atoms, memory, wall time, file size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nakmd.deck.deck import Deck
from nakmd.deck.schema import Output
from nakmd.deck.stage_sections import Deposition, Dynamics
from nakmd.deck.time_steps import TimeSteps
from nakmd.elements import element_of
from nakmd.integrators import BAROSTATS, MINIMISERS
from nakmd.io.storage import Storage
from nakmd.kernels.jit import available_threads
from nakmd.runs.footprint import count_stored, estimate_output
from nakmd.runs.plan import Plan
from nakmd.runs.rates import guessed_rate, seconds_of_a_call, stored_rate, wall_share
from nakmd.runs.stage_builder import build_restraints

#: Time [s] of a trial of an exchange move, and of a call for each atom (bins, new lists, forces), on one core of Zen 4:
#: 14 and 26 µs, 1 to 3 µs in liquid NaK and in NaK beside graphene (`examples/segregation.toml`).
TRIAL, CALL = 25e-6, 3e-6

#: Time [s] of an inner step of two time steps for each atom of the wall, on one core of Sapphire Rapids: 103 µs of bond
#: order and 29 µs of lists for the 1,188 of `examples/flagship.toml` (least of 30 timings on a loaded machine).
INNER_STEP = 0.11e-6


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
    stored : str
        What frames hold, and how exactly.
    memory, file_size : float [bytes]
        Largest values; a relaxation that converges early writes fewer frames.
    build_time : float [s]
        Time that building the structure took, or reading it if it had been kept.
    is_kept : bool
        Whether the run reads the structure instead of building it again.
    wall_time : float [s]
    rate_source : str
        Origin of the estimated speed.
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
    stored: str
    wall_time: float
    rate_source: str

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as plain lists, numbers and strings."""
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            "stages": [vars(stage) for stage in self.stages],
        }


def estimate(plan: Plan) -> Estimate:
    """Estimate the run of a valid plan.

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
    threads = available_threads()
    outside = [term.label for term in potential.terms if term.is_external]
    past = None if outside else stored_rate(potential, threads, n_here, wall_share(system))
    if past is not None:
        rate = past.rate
        source = f"{threads} threads, measured in a run of {past.n_atoms} atoms with this kind of model"
    elif outside:
        seconds = seconds_of_a_call(potential, system)
        rate = 1e6 * seconds / n_here
        source = f"one call of {' and '.join(outside)} on this system took {seconds:.3g} s"
    else:
        rate = guessed_rate(potential, threads)
        source = f"{threads} threads, a guess without a measured run"
    steps = sum(stage.n_steps for stage in deck.stage)
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
        stored=_stored(deck.output, n_stored, system.n_atoms),
        wall_time=steps * n_here * rate * 1e-6 + _time_of_moves(deck, n_here) + _time_of_inner_steps(plan) / threads,
        rate_source=source,
    )


def _stored(output: Output, n_stored: int, n_atoms: int) -> str:
    """Return what frames hold, and how exactly."""
    text = Storage.of(output.precision, output.velocities, output.compression).text
    if n_stored == n_atoms:
        return text
    return f"{n_stored:,} of {n_atoms:,} atoms ({', '.join(output.atoms)}), {text}"


def _time_of_moves(deck: Deck, n_atoms: int) -> float:
    """Return the time [s] that exchange moves take."""
    moves = [
        (stage.n_steps // move.every, move)
        for stage in deck.stage
        if isinstance(stage, Dynamics)
        for move in stage.move
    ]
    return sum(calls * (move.attempts * TRIAL + n_atoms * CALL) for calls, move in moves)


def _time_of_inner_steps(plan: Plan) -> float:
    """Return the time [s] on one thread that the inner steps of stages with two time steps take."""
    deck, system, potential = plan.require()
    inner = sum(
        stage.n_steps * (stage.timestep.inner_steps - 1)
        for stage in deck.stage
        if isinstance(stage, Dynamics) and isinstance(stage.timestep, TimeSteps)
    )
    if not inner:
        return 0.0
    stiff = potential.bind_stiff(system.species_names).stiff_species[system.species]
    return inner * int(stiff.sum()) * INNER_STEP


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
