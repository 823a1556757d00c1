"""The work of adhesion of a stored run with its reference runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack, cast

import numpy as np

from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions, stages_of
from nakmd.analysis.frame_source import FrameProgress, chosen_stages
from nakmd.analysis.joined_sample import sample_with_references
from nakmd.deck.deck import Deck
from nakmd.deck.stage_names import stage_names
from nakmd.deck.stage_sections import Dynamics
from nakmd.elements import WALL
from nakmd.io import Trajectory
from nakmd.potentials import Potential
from nakmd.studies.adhesion import Adhesion, AdhesionRecord
from nakmd.studies.parts import TIMESTEP, sampled_reference, wall_alone
from nakmd.studies.stored_runs import Stored, deck_of, model_of, opened


def work_of_adhesion(
    run: Stored,
    wall: Stored | None = None,
    metal: Stored | None = None,
    model: Potential | None = None,
    progress: FrameProgress | None = None,
    wall_steps: int = 10000,
    **frames: Unpack[FrameOptions],
) -> AdhesionRecord:
    """Return E(metal+wall) - E(metal) - E(wall) over the frames of a run, by term and per area, with errors.

    Parameters
    ----------
    run : Run, Trajectory or path
    wall, metal : Run, Trajectory or path, optional
        Runs of the isolated wall and the isolated metal at about the same temperature and the same composition; the
        size may differ. Default for a mobile wall: a run of the wall (`wall_alone`). Without ``metal`` the change
        of the metal is omitted.
    model : Potential, optional
        Default: built from the deck in the trajectory.
    progress : callable, optional
    wall_steps : int
        Length of the run of the isolated wall; 0 omits the strain.
    frames
        As in `nakmd.analysis.FrameOptions`.

    Returns
    -------
    AdhesionRecord
        Its sample names what had not settled in the run and in the reference runs.

    Raises
    ------
    AnalysisError
        If there are fewer than two frames, no wall, no metal or no contact; if there is no deck, or the model is
        not that of the frames.

    Examples
    --------
    >>> import nakmd.studies
    >>> record = nakmd.studies.work_of_adhesion("runs/flagship")             # doctest: +SKIP
    >>> record.terms["cross"].text                                           # doctest: +SKIP
    '0.520 ± 0.003 J/m²'
    """
    with opened(run) as trajectory:
        potential = model or model_of(trajectory)
        references, samples = {}, {}
        for name, reference in (("wall", wall), ("metal", metal)):
            if reference is not None:
                energy, sample = sampled_reference(reference, trajectory.topology)
                references[name], samples[f"the reference run of the {name}"] = energy, sample
        if wall is None and wall_steps > 0:
            timestep = _timestep_of_free_wall(trajectory, stages_of(frames))
            of_wall = wall_alone(trajectory, potential, timestep, wall_steps, **frames) if timestep else None
            if of_wall is not None:
                references["wall"] = of_wall
        record = measure(trajectory, Adhesion(potential, **references), progress, **frames)
        return cast(AdhesionRecord, replace(record, sample=sample_with_references(record.sample, samples)))


def _timestep_of_free_wall(trajectory: Trajectory, stages: str | Sequence[str] | None) -> float | None:
    """Return the shortest time step [ps] of the wall in the measured stages, None if the deck constrains wall atoms.

    A tethered or partly frozen wall has another thermal energy than a free one.
    """
    if not trajectory.deck:
        return TIMESTEP
    deck = Deck.from_source(deck_of(trajectory))
    topology = trajectory.topology
    wall = np.isin(np.array(topology.elements)[topology.species], WALL)
    constrained = (*deck.groups.frozen, *deck.groups.rigid, *(tether.group for tether in deck.groups.tethered))
    if any(bool(np.any(topology.select(group) & wall)) for group in constrained):
        return None
    measured = chosen_stages(trajectory.stages, stages)
    steps = [
        section.inner_step
        for name, section in zip(stage_names(deck.stage), deck.stage, strict=True)
        if name in measured and isinstance(section, Dynamics)
    ]
    return min(steps, default=TIMESTEP)
