"""What a run says of the three questions that nakmd is for: affinity, diffusion, C-K coordination."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nakmd.analysis.affinity import AffinityRecord
from nakmd.analysis.coordination import CoordinationRecord
from nakmd.analysis.diffusion import DiffusionRecord
from nakmd.analysis.table_row import Row, WithError
from nakmd.report.tables import interval_text, typeset
from nakmd.results.results import Results


@dataclass(frozen=True)
class HeadlineFigure:
    """One number of an answer, as text.

    Attributes
    ----------
    name, value, interval, note : str
        Interval and note are empty if there is none.
    """

    name: str
    value: str
    interval: str
    note: str


@dataclass(frozen=True)
class Answer:
    """The answer to one question.

    Attributes
    ----------
    heading : str
    figures : tuple of HeadlineFigure
    sentence : str
        What the numbers are, and what they are not.
    quantity : str
        The quantity whose rows and plots say more.
    """

    heading: str
    figures: tuple[HeadlineFigure, ...]
    sentence: str
    quantity: str


def answers(results: Results) -> list[Answer]:
    """Return the answers that these results allow, without those that were not measured."""
    records = list(results.records.values())
    of_wall = [record for record in records if isinstance(record, AffinityRecord)]
    moving = [record for record in records if isinstance(record, DiffusionRecord)]
    around = [record for record in records if isinstance(record, CoordinationRecord) and record.center == "C"]
    found = [_of_affinity(record) for record in of_wall[:1]]
    if moving:
        found.append(_of_diffusion(moving))
    if around:
        found.append(_of_coordination(around))
    return found


def _figure(name: str, measured: WithError) -> HeadlineFigure:
    row = Row.of(name, measured)
    return HeadlineFigure(name, typeset(row.text), interval_text(measured), row.note)


def _of_affinity(record: AffinityRecord) -> Answer:
    figures = [_figure("of wall and metal", record.per_area)]
    figures += [_figure(f"of each {metal} in contact", entry) for metal, entry in record.by_metal.items()]
    return Answer(
        "Affinity",
        tuple(figures),
        "Energy that holds metal and wall together, positive for attraction. It is no free energy of adhesion: the "
        "order that the wall forces on the liquid costs some of it.",
        "affinity",
    )


def _of_diffusion(records: Iterable[DiffusionRecord]) -> Answer:
    by_species = sorted(records, key=lambda record: record.species)
    return Answer(
        "Diffusion",
        tuple(_figure(f"of {record.species}", record) for record in by_species),
        "".join(_compared(by_species))
        + "All atoms of an element are counted, those at a wall too. Small cells slow diffusion down.",
        "diffusion",
    )


def _compared(records: list[DiffusionRecord]) -> Iterator[str]:
    """Yield which of two metals is faster, if their intervals are apart."""
    if len(records) == 2:
        slow, fast = sorted(records, key=lambda record: float(record.value))
        is_apart = slow.interval()[1] < fast.interval()[0]
        yield f"{fast.species} moves faster than {slow.species}. " if is_apart else "Neither is clearly the faster. "


def _of_coordination(records: Iterable[CoordinationRecord]) -> Answer:
    potassium_first = sorted(records, key=lambda record: record.neighbor)
    return Answer(
        "C–K coordination",
        tuple(
            _figure(f"{record.neighbor} within {record.cutoff:g} Å of a C", record) for record in potassium_first
        ),
        "Mean over all carbon atoms of the wall. A contact is a distance, not a chemical bond.",
        "coordination",
    )  # fmt: skip
