"""Figures of the ledger of reactions: energies, chances, what matters most, and what would turn the sign."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nakmd.studies.replacement_study.ledger import SAMPLES, Contribution, Ledger
from nakmd.studies.replacement_study.reactions import NO_NITRIDE, REACTIONS, Reaction
from nakmd.studies.study_figures import StudyFigure

LEDGER, SWINGS, FLIPS = "Reactions", "Inputs that matter most", "What an input would have to be for ΔG = 0"

#: Inputs in the tornado of a reaction.
LARGEST = 3


def figures(ledger: Ledger) -> Iterator[StudyFigure]:
    """Yield the figures of all reactions."""
    for reaction in REACTIONS:
        yield from _energies(ledger, reaction)
    number, title, reason = NO_NITRIDE
    yield StudyFigure(
        key=f"energy.{number}", title=f"{number}: {title}, ΔE", value=None, unit="eV", group=LEDGER, notes=(reason,)
    )
    for reaction in REACTIONS:
        if reaction.replaces:
            yield from _sensitivity(ledger, reaction)


def _energies(ledger: Ledger, reaction: Reaction) -> Iterator[StudyFigure]:
    """Yield ΔE, ΔG and the chance that ΔG is negative."""
    energy, error = ledger.energy(reaction)
    samples = ledger.samples(reaction)
    name = f"{reaction.key}: {reaction.title}"
    yield StudyFigure(
        key=f"energy.{reaction.key}", title=f"{name}, ΔE", value=energy, unit="eV", numerical=error, group=LEDGER,
        notes=reaction.notes,
    )  # fmt: skip
    low, high = (float(end) for end in np.percentile(samples, [2.5, 97.5]))
    yield StudyFigure(
        key=f"free energy.{reaction.key}", title=f"{name}, ΔG({ledger.temperature:.0f} K)",
        value=ledger.free_energy(reaction), unit="eV", numerical=float(np.std(samples)), interval=(low, high),
        group=LEDGER, notes=(_swings(ledger, reaction), *_lacking(ledger, reaction)),
    )  # fmt: skip
    chance = float(np.mean(samples < 0.0))
    # the rule of three where no sample, or every sample, has the sign
    end = 3.0 / SAMPLES
    bounds = (0.0, end) if chance == 0.0 else (1.0 - end, 1.0) if chance == 1.0 else None
    yield StudyFigure(
        key=f"chance.{reaction.key}", title=f"{name}, P(ΔG < 0)", value=chance, unit="1",
        statistical=float(np.sqrt(chance * (1.0 - chance) / SAMPLES)), interval=bounds, group=LEDGER,
    )  # fmt: skip


def chance_text(figure: StudyFigure) -> str:
    """Return a chance in words; of none or all of the samples its bound."""
    if figure.value is None or figure.interval is None:
        return "unknown" if figure.value is None else f"{figure.value:.2g}"
    return f"< {figure.interval[1]:.2g}" if figure.value == 0.0 else f"> {figure.interval[0]:.5g}"


def _swings(ledger: Ledger, reaction: Reaction) -> str:
    parts = [f"{c.entry.key.partition('.')[2]} {abs(c.half):.3f}" for c in _largest(ledger, reaction)]
    return "largest errors by input / eV: " + ", ".join(parts)


def _lacking(ledger: Ledger, reaction: Reaction) -> tuple[str, ...]:
    if reaction.site and ledger.vibrations(reaction) == 0.0:
        return ("without the vibrations of K at its site, which are unknown",)
    return ()


def _largest(ledger: Ledger, reaction: Reaction) -> list[Contribution]:
    return [c for c in ledger.contributions(reaction)[:LARGEST] if c.half]


def _sensitivity(ledger: Ledger, reaction: Reaction) -> Iterator[StudyFigure]:
    """Yield the tornado, the value that each input of ΔE would need, and the smallest of these distances."""
    for c in _largest(ledger, reaction):
        name = c.entry.key.partition(".")[2]
        yield StudyFigure(
            key=f"swing.{reaction.key}.{name}", title=f"{reaction.key}: ΔG by {name}, one standard deviation up",
            value=c.half, unit="eV", group=SWINGS,
        )  # fmt: skip
    total = ledger.free_energy(reaction)
    distances = [abs(total / c.half) for c in ledger.contributions(reaction) if c.half]
    for c in ledger.contributions(reaction):
        name = c.entry.key.partition(".")[2]
        if c.in_energy:
            at_rest = ledger.needed(reaction, c, of_energy=True)
            yield StudyFigure(
                key=f"needed.{reaction.key}.{name}", title=f"{reaction.key}: {name}", value=ledger.needed(reaction, c),
                unit=c.entry.unit, group=FLIPS,
                notes=(
                    f"is {c.entry.text}; {at_rest:.3g} {c.entry.unit} for ΔE = 0"
                    + (f"; {abs(total / c.half):.0f} standard deviations away" if c.half else ""),
                ),
            )  # fmt: skip
    yield StudyFigure(
        key=f"robust.{reaction.key}", title=f"{reaction.key}: least change of one input for ΔG = 0, in its deviations",
        value=min(distances), unit="1", group=FLIPS,
    )  # fmt: skip
