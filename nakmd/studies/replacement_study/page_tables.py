"""Tables of the page: a row for each reaction and for each wall, then the other figures by group."""

from __future__ import annotations

from collections.abc import Sequence

from nakmd.studies.replacement_study import conversion, ledger_figures, walls
from nakmd.studies.replacement_study.ledger import SAMPLES
from nakmd.studies.replacement_study.reactions import NO_NITRIDE, REACTIONS
from nakmd.studies.study import Figures
from nakmd.studies.study_figures import StudyFigure, StudyTable, tables_by_group


def tables(figures: Figures, models: Sequence[str], quick: bool) -> list[StudyTable]:
    """Return the tables."""
    walls_of = [_walls(figures, model, quick) for model in models]
    shown = {f.key for f in figures if f.group == ledger_figures.LEDGER} | _in_walls(quick)
    rest = [f for f in figures if f.key not in shown]
    return [_reactions(figures), *walls_of, *tables_by_group(rest)]


def _reactions(figures: Figures) -> StudyTable:
    columns = ("", "reaction", "ΔE / eV", "ΔG / eV", "95 % of ΔG", "P(ΔG < 0)", "largest errors by input / eV; notes")
    rows = []
    for reaction in REACTIONS:
        energy, free = figures[f"energy.{reaction.key}"], figures[f"free energy.{reaction.key}"]
        low, high = free.interval
        chance = ledger_figures.chance_text(figures[f"chance.{reaction.key}"])
        notes = "; ".join((free.notes[0].partition(": ")[2], *free.notes[1:], *energy.notes))
        rows.append(
            (reaction.key, reaction.title, _bare(energy), _bare(free), f"{low:.2f} … {high:.2f}", chance, notes)
        )
    number, title, reason = NO_NITRIDE
    rows.append((number, title, "–", "–", "–", "–", reason))
    note = (
        f"± is the error of the inputs, drawn independently {SAMPLES:,} times. Positive is uphill; K is of the liquid."
    )
    return StudyTable(ledger_figures.LEDGER, columns, rows, note)


def _in_walls(quick: bool) -> set[str]:
    """Return the keys of the figures in the table of walls."""
    return {f"{name}.{route}.{share:g}" for name in conversion.MEASURED for route, share in conversion.states(quick)}


def _walls(figures: Figures, model: str, quick: bool) -> StudyTable:
    heads = [title if unit == "1" else f"{title} / {unit}" for title, unit in conversion.MEASURED.values()]
    rows = []
    for route, share in conversion.states(quick):
        found = [figures.get(f"{name}.{route}.{share:g}", model) for name in conversion.MEASURED]
        graphitic, holes, _ = walls.numbers_at(route, share)
        first = (conversion.name_of(route, share), str(graphitic), str(holes))
        rows.append((*first, *("–" if f is None or f.value is None else _bare(f) for f in found)))
    columns = ("wall", "graphitic N", "holes", *heads)
    return StudyTable(f"{conversion.GROUP}, {model}", columns, rows, "± is the standard error over the runs.")


def _bare(figure: StudyFigure) -> str:
    """Return value and error without unit."""
    return figure.text.removesuffix(f" {figure.unit}")
