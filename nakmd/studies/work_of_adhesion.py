"""The work of adhesion of a run that was written to a file, with its references."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from nakmd.analysis.drive import FrameProgress, chosen_stages, measure
from nakmd.deck.deck import Deck
from nakmd.deck.schema import Dynamics
from nakmd.deck.stage_names import stage_names
from nakmd.elements import WALL
from nakmd.io import Trajectory
from nakmd.potentials import Potential
from nakmd.studies.adhesion import Adhesion, AdhesionRecord
from nakmd.studies.parts import TIMESTEP, reference_energy, wall_alone
from nakmd.studies.stored_runs import Stored, deck_of, model_of, opened


def work_of_adhesion(
    run: Stored,
    wall: Stored | None = None,
    metal: Stored | None = None,
    model: Potential | None = None,
    stage: str | Sequence[str] | None = None,
    progress: FrameProgress | None = None,
    wall_steps: int = 10000,
) -> AdhesionRecord:
    """Return E(metal+wall) - E(metal) - E(wall) over the frames of a run, by term and per area, with errors.

    Parameters
    ----------
    run : Run, Trajectory or path
    wall, metal : Run, Trajectory or path, optional
        Runs of the wall alone and of the metal alone at about the same temperature, of the same composition; their
        size may differ. Without ``wall`` a wall that moves freely is run by itself here (`wall_alone`); without
        ``metal`` the change of the metal is left out.
    model : Potential, optional
        Built from the deck in the trajectory if left out.
    stage : str or sequence of str, optional
        As in `nakmd.analysis.drive.choose_frames`.
    progress : callable, optional
    wall_steps : int
        Length of the wall's run by itself; 0 leaves the strain out.

    Returns
    -------
    AdhesionRecord

    Raises
    ------
    AnalysisError
        If there are fewer than two frames, no wall or no metal, no contact; or no deck or another model than that
        of the frames.

    Examples
    --------
    >>> import nakmd.studies
    >>> record = nakmd.studies.work_of_adhesion("runs/flagship")             # doctest: +SKIP
    >>> record.terms["cross"].text                                           # doctest: +SKIP
    '0.520 ± 0.003 J/m²'
    """
    with opened(run) as trajectory:
        potential = model or model_of(trajectory)
        references = {
            name: reference_energy(other, trajectory.topology)
            for name, other in (("wall", wall), ("metal", metal))
            if other is not None
        }
        if wall is None and wall_steps > 0:
            timestep = _timestep_of_free_wall(trajectory, stage)
            own = wall_alone(trajectory, potential, timestep, wall_steps, stage) if timestep else None
            if own is not None:
                references["wall"] = own
        return cast(AdhesionRecord, measure(trajectory, Adhesion(potential, **references), stage, progress))


def _timestep_of_free_wall(trajectory: Trajectory, stage: str | Sequence[str] | None) -> float | None:
    """Return the shortest time step [ps] of the measured stages, None if the deck holds atoms of the wall.

    A wall on springs, or in parts frozen, has another thermal energy than the free one.
    """
    if not trajectory.deck:
        return TIMESTEP
    deck = Deck.from_source(deck_of(trajectory))
    topology = trajectory.topology
    wall = np.isin(np.array(topology.elements)[topology.species], WALL)
    held = (*deck.groups.frozen, *deck.groups.rigid, *(tether.group for tether in deck.groups.tethered))
    if any(bool(np.any(topology.select(word) & wall)) for word in held):
        return None
    measured = chosen_stages(trajectory.stages, stage)
    steps = [
        words.timestep
        for name, words in zip(stage_names(deck), deck.stage, strict=True)
        if name in measured and isinstance(words, Dynamics)
    ]
    return min(steps, default=TIMESTEP)
