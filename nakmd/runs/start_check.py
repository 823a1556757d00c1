"""Starts the stages and the analyses of a deck on its system, without a step: what fails here would fail in the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nakmd.deck.deck import Deck
from nakmd.deck.messages import Problem
from nakmd.errors import AnalysisError, InputError
from nakmd.integrators import VelocityVerlet
from nakmd.potentials import Potential
from nakmd.results.measure import Measuring
from nakmd.runs.resonance import check_resonance
from nakmd.runs.stage_builder import build_integrator, build_moves, build_restraints, build_stages
from nakmd.simulation import Stage, model_faults, stage_faults
from nakmd.system import System


def check_start(deck: Deck, system: System, potential: Potential) -> Iterator[Problem]:
    """Yield the errors with which a run of this deck would end before its first step; the system is not changed."""
    faults: list[tuple[int, InputError]] = []
    for index, section in enumerate(deck.stage):
        try:
            build_integrator(section)
            build_moves(section)
            build_restraints(section)
        except InputError as error:
            faults.append((index, error))
    if not faults:
        stages = build_stages(deck, bool(np.any(system.velocities)))
        faults = list(stage_faults(system, stages, deck.seed))
        if not faults:
            faults = list(model_faults(system, potential.bind(system.species_names), stages))
        faults = faults or list(_empty_regions(system, stages))
        if not faults:
            yield from check_resonance(deck.stage, stages, system, potential)
    said: set[str] = set()
    for index, fault in faults:
        # a fault of the groups is the same in every stage
        if str(fault) not in said:
            said.add(str(fault))
            section = deck.stage[index]
            yield Problem(("stage", index), f"[[stage]] {index + 1} ({section.name or section.kind}): {fault}")
    try:
        Measuring(deck, system.topology)
    except AnalysisError as error:
        yield Problem(("analysis",), str(error))


def _empty_regions(system: System, stages: Sequence[Stage]) -> Iterator[tuple[int, InputError]]:
    """Yield the index and the error of each stage with a bath in whose region no atom of its group is at the start."""
    for index, stage in enumerate(stages):
        for bath in stage.integrator.thermostats if isinstance(stage.integrator, VelocityVerlet) else ():
            if bath.region is not None:
                inside = system.topology.select(bath.group) & ~bath.region.outside(system)
                if not np.any(inside):
                    yield (
                        index,
                        InputError(
                            f"The bath of {bath.group!r} acts {bath.region.text}, where no atom is. Shorten beyond, or "
                            "enlarge the cell."
                        ),
                    )
