"""The samples of live analyses: whether the trajectory has them too, and from which time on they are taken."""

from __future__ import annotations

import math

from nakmd.deck.deck import Deck
from nakmd.deck.schema import AnalysisSection, Output
from nakmd.deck.stage_names import measured_stages, stage_names
from nakmd.deck.stage_sections import Dynamics


def live_samples_are_stored(analysis: AnalysisSection, output: Output) -> bool:
    """Return whether the trajectory contains every sample of the live analyses, to the bit."""
    every = analysis.every or output.trajectory_every
    exact = output.precision == "double" and output.velocities and "all" in output.atoms
    return exact and every % output.trajectory_every == 0


def live_discard_end(deck: Deck, start: float) -> float:
    """Return the end of the fraction of live samples that a deck discards.

    Parameters
    ----------
    deck : Deck
    start : float [ps]
        Samples before this time are left out already.

    Returns
    -------
    float [ps]
        A time between the last step that is discarded and the next; ``start`` if no fraction is discarded.

    Notes
    -----
    All steps of the measured stages are sampled at the same interval, so that a fraction of the samples is a fraction
    of the steps. A minimisation takes no time and no part in it.
    """
    discard = deck.analysis.discard
    if discard is None or isinstance(discard, str):
        return start
    measured, time = measured_stages(deck), 0.0
    stretches: list[tuple[float, int, float]] = []  # begin, steps, time step
    for name, section in zip(stage_names(deck.stage), deck.stage, strict=True):
        if not isinstance(section, Dynamics):
            continue
        if name in measured:
            # the first step is at the time begin + timestep
            before = 0 if start <= time else min(section.n_steps, math.ceil((start - time) / section.outer_step) - 1)
            stretches.append((time + before * section.outer_step, section.n_steps - before, section.outer_step))
        time += section.n_steps * section.outer_step
    left = int(discard * sum(steps for _, steps, _ in stretches))
    if not left:
        return start
    for begin, steps, timestep in stretches:
        if left < steps:
            return begin + (left + 0.5) * timestep
        left -= steps
    return start
