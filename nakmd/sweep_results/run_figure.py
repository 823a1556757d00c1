"""One number of one run of a sweep: a line of the long table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from nakmd.analysis.numerics.trend import LIMIT
from nakmd.analysis.table_row import TemperatureLaw
from nakmd.errors import FileFormatError
from nakmd.sweep_results.stored_sweep import Label, StoredPoint


class FigureKey(NamedTuple):
    """What makes numbers of two runs comparable: only those with equal keys are ever averaged.

    Attributes
    ----------
    record : str
        Name of the result: ``"diffusion K"``.
    name : str
        Full name of the row, without what differs from run to run.
    unit : str
    """

    record: str
    name: str
    unit: str


@dataclass(frozen=True, kw_only=True)
class RunFigure:
    """A row of the results of one run, with the point that it belongs to.

    Attributes
    ----------
    point : int
        Index of the point.
    id : str
    labels : mapping of str to Label
        Value of each axis.
    seed : int or None
    record, name, unit : str
        As in `FigureKey`.
    quantity, species : str
        The two parts of the record: what was measured, and of which atoms.
    stages : tuple of str
        Stages of the deck that it was measured in.
    value, error, n_effective : float or None
        None if the run has no number, or no error; ``text`` says what it has instead.
    text, note, frames : str
        As in the table of the run.
    settled : bool or None
        Whether the series of the number drifts by no more than its limit; None if it is unknown.
    verdict : str
        Of the whole run: settled, unsettled or unjudged.
    law : TemperatureLaw or None
    part : bool
        Whether the table of the run shows it below another row.
    """

    point: int
    id: str
    labels: Mapping[str, Label]
    seed: int | None
    record: str
    name: str
    unit: str
    quantity: str
    species: str
    stages: tuple[str, ...]
    value: float | None
    error: float | None
    n_effective: float | None
    text: str
    note: str
    frames: str
    settled: bool | None
    verdict: str
    law: TemperatureLaw | None = None
    part: bool = False

    @property
    def key(self) -> FigureKey:
        """What it may be averaged with."""
        return FigureKey(self.record, self.name, self.unit)

    @property
    def doubtful(self) -> bool:
        """Whether the run, or this number in it, had not settled."""
        return self.verdict == "unsettled" or self.settled is False

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as plain numbers and strings."""
        return {**asdict(self), "labels": dict(self.labels), "stages": list(self.stages)}


def figures_of(points: Iterable[StoredPoint]) -> list[RunFigure]:
    """Return all numbers of all finished points; the others have none.

    Raises
    ------
    FileFormatError
        If the table of a run lacks what its rows need.
    """
    return [figure for point in points for figure in _of_point(point)]


def _of_point(point: StoredPoint) -> Iterator[RunFigure]:
    try:
        for row in point.results.get("table", ()):
            quantity, _, species = row["record"].partition(" ")
            trend = row.get("trend")
            yield RunFigure(
                point=point.index,
                id=point.id,
                labels=point.labels,
                seed=point.seed,
                record=row["record"],
                name=row["name"],
                unit=row.get("unit", ""),
                quantity=quantity,
                species=species,
                stages=tuple(row["stages"]),
                value=row.get("number"),
                error=row.get("error"),
                n_effective=row.get("n_effective"),
                text=row["value"],
                note=row["note"],
                frames=row["frames"],
                settled=None if trend is None else abs(trend) <= LIMIT,
                verdict=str(point.results.get("verdict", "")),
                law=row.get("law"),
                part=row["quantity"].startswith(" "),
            )
    except (KeyError, TypeError, AttributeError) as error:
        raise FileFormatError(
            point.directory / "results.json",
            f"has rows without {error}: another version of nakmd wrote it.",
            "Delete this file and call `nakmd sweep` again.",
        ) from None
