"""What a reader of the results must know of how a stage ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nakmd.deck.deck import Deck
from nakmd.deck.stage_names import stage_names
from nakmd.deck.stage_sections import Dynamics, Relax
from nakmd.runs.stage_builder import build_restraints
from nakmd.simulation import StageReport

#: Largest excess [K] of the temperature of the free atoms over the bath during a deposition that is not noted.
MOST_WARMING = 15.0


def stage_notes(report: StageReport, section: Relax | Dynamics) -> Iterator[tuple[str, str]]:
    """Yield the beginning and the text of each note on a stage; a note replaces an earlier one that begins like it.

    Parameters
    ----------
    report : StageReport
    section : Relax or Dynamics
        The table of the stage in the deck.
    """
    stage = f"Stage {report.name!r}"
    if report.converged is False:
        begin = f"{stage} did not converge in "
        yield (
            begin,
            f"{begin}{report.steps} steps: the largest force is {report.largest_force:.3g} eV/Å. Increase steps, or "
            "the force tolerance.",
        )
    if report.tried and report.accepted is not None:
        begin, share = f"{stage}: exchanges accepted: ", 100.0 * report.accepted / report.tried
        yield begin, f"{begin}{report.accepted:,} of {report.tried:,} ({share:.2g} %)."
    if section.restraint and section.kind == "produce":
        words = " and a ".join(restraint.words for restraint in build_restraints(section))
        yield f"{stage} has a restraint", f"{stage} has a {words}: its results are those of the restrained system."
    if report.arrived is not None:
        begin = f"{stage}: atoms arrived: "
        yield begin, f"{begin}{report.arrived:,}; evaporated and parked: {report.evaporated:,}."
    if report.free_temperature is not None and isinstance(section, Dynamics) and section.temperature is not None:
        rise = report.free_temperature - 0.5 * sum(section.temperature)
        begin = f"{stage}: the atoms without thermostat were at "
        if rise > MOST_WARMING:
            yield (
                begin,
                f"{begin}{report.free_temperature:.0f} K on average, {rise:.0f} K above the bath. Allow more time "
                "between arrivals, or bring the bath closer to the surface.",
            )


def note_endings(notes: list[str], reports: Sequence[StageReport], deck: Deck) -> None:
    """Note how stages ended; what is noted of an extended stage replaces what was noted before.

    Parameters
    ----------
    notes : list of str
        Changed.
    reports : sequence of StageReport
    deck : Deck
    """
    sections = dict(zip(stage_names(deck.stage), deck.stage, strict=True))
    for report in reports:
        for begin, text in stage_notes(report, sections[report.name]):
            if text not in notes:
                notes[:] = [*(note for note in notes if not note.startswith(begin)), text]
