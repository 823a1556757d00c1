"""What a run measured: a table with error bars, a JSON file, plots, one overview figure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nakmd.errors import AnalysisError
from nakmd.system import WALL

# nakmd.analysis imports half of scipy, which is not to stand between `nakmd run` and its first step
if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nakmd.analysis import AffinityRecord, Measure, Record

#: Order of the panels of the overview figure, by what the name of a result begins with.
_PANELS = ("thermo", "rdf", "diffusion", "coordination", "affinity")
_MOST_PANELS = 9


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    quantity, text : str
        Name, and value with error and unit.
    note : str
        Why the number should be taken with care, if so.
    measured : Measure or Record, optional
        The number itself, for its interval; None where the row has no error.
    """

    quantity: str
    text: str
    note: str = ""
    measured: Measure | Record | None = None


class Results:
    """Records by name, and what could not be measured.

    Parameters
    ----------
    found : mapping of str to Record or AnalysisError
        As `nakmd.analysis.analyze` returns it.

    Attributes
    ----------
    records : dict of str to Record
    failures : dict of str to str
        Reasons.
    """

    def __init__(self, found: Mapping[str, Record | AnalysisError]) -> None:
        self.records = {name: r for name, r in found.items() if not isinstance(r, AnalysisError)}
        self.failures = {name: str(r) for name, r in found.items() if isinstance(r, AnalysisError)}

    def __getitem__(self, name: str) -> Record:
        if name in self.failures:
            raise AnalysisError(self.failures[name])
        if name not in self.records:
            raise AnalysisError(f"Nothing called {name!r} was measured; there are {', '.join(self.records) or 'none'}.")
        return self.records[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.records)

    def __str__(self) -> str:
        width = max((len(row.quantity) for row in self.rows()), default=0)
        lines = [f"{row.quantity:{width}}  {row.text}  {row.note}".rstrip() for row in self.rows()]
        return "\n".join([*lines, *(f"{name}: {reason}" for name, reason in self.failures.items())])

    def rows(self) -> list[Row]:
        """Return the table, the most telling numbers of every record."""
        return [row for name, record in self.records.items() for row in _rows_of(name, record)]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists, numbers and strings."""
        return {
            "results": {name: record.to_dict() for name, record in self.records.items()},
            "table": [{"quantity": r.quantity, "value": r.text, "note": r.note} for r in self.rows()],
            "failures": self.failures,
        }

    def write(self, path: Path) -> Path:
        """Write everything as JSON."""
        path.write_text(json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8")
        return path

    def plot(self, folder: Path) -> list[Path]:
        """Draw each record that has a plot into a PNG of its own; return the paths."""
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for name, record in self.records.items():
            try:
                figure = record.plot()
            except AnalysisError:
                continue
            written.append(folder / f"{name.replace(' ', '-')}.png")
            figure.savefig(written[-1], dpi=150)
        return written

    def overview(self, path: Path, title: str = "") -> Path | None:
        """Draw the records into one figure; None if there is nothing to draw."""
        from matplotlib.figure import Figure  # noqa: PLC0415  (slow to import, and only wanted here)

        names = sorted(self.records, key=lambda name: _PANELS.index(name.split()[0]))[:_MOST_PANELS]
        if not names:
            return None
        columns = min(len(names), 3 if len(names) > 4 else 2)
        rows = math.ceil(len(names) / columns)
        figure = Figure(figsize=(5.2 * columns, 3.9 * rows), layout="constrained")
        for k, name in enumerate(names):
            axes: Axes = figure.add_subplot(rows, columns, k + 1)
            axes.set_title(name)
            self.records[name].plot(axes)
        if title:
            figure.suptitle(title)
        figure.savefig(path, dpi=130)
        return path


def _rows_of(name: str, record: Record) -> Iterator[Row]:
    from nakmd.analysis import (  # noqa: PLC0415  (as above)
        AffinityRecord,
        CoordinationRecord,
        DiffusionRecord,
        RDFRecord,
        ThermoRecord,
    )

    if isinstance(record, ThermoRecord):
        for quantity, measure in record.quantities.items():
            if quantity != "conserved":  # what counts is its drift
                yield _row(quantity.removesuffix("_bar").replace("_", " "), measure)
        if math.isfinite(record.drift.value):
            yield _row("energy drift", record.drift)
    elif isinstance(record, RDFRecord):
        for partial in record.pairs.values():
            # the bonds of the wall are in the file; a table of the liquid need not repeat them
            if math.isfinite(partial.first_minimum) and not {partial.a, partial.b} <= set(WALL):
                pair = f"{partial.a}-{partial.b}"
                yield Row(f"g(r) {pair}, first peak", f"{partial.peak:.2f} Å")
                yield _row(f"{partial.b} around {partial.a}, to {partial.first_minimum:.2f} Å", partial.coordination)
    elif isinstance(record, DiffusionRecord):
        note = "" if record.diffusive else f"not diffusive: MSD ~ t^{record.exponent:.2f}"
        yield _row_of_record(f"diffusion of {record.species}", record, note)
    elif isinstance(record, CoordinationRecord):
        yield _row_of_record(f"{record.neighbor} around {record.center}, to {record.cutoff:g} Å", record)
        if len(record.by_site) > 1:
            for site, measure in record.by_site.items():
                yield _row(f"  at {site}", measure)
    elif isinstance(record, AffinityRecord):
        yield from _affinity_rows(record)
    else:
        yield Row(name, str(record), _trust(record))


def _affinity_rows(record: AffinityRecord) -> Iterator[Row]:
    yield _row("affinity per area", record.per_area)
    yield _row("affinity per first-layer atom", record.per_layer_atom)
    for metal, measure in record.by_metal.items():
        yield _row(f"  of {metal}, per atom", measure)
    for site, measure in record.by_site.items():
        yield _row(f"  of {site}, per wall atom in contact", measure)
    for metal, measure in record.layer_atoms.items():
        yield _row(f"{metal} in the first layer", measure)
    for (a, b), measure in record.enrichment.items():
        yield _row(f"enrichment {a}/{b} of the first layer", measure)


def _row_of_record(quantity: str, record: Record, note: str = "") -> Row:
    text = _text(record.value, record.error, record.unit, record.n_effective)
    return Row(quantity, text, note or _trust(record), record)


def _row(quantity: str, measure: Measure) -> Row:
    text = _text(measure.value, measure.error, measure.unit, measure.n_effective)
    return Row(quantity, text, _trust(measure), measure)


def _text(value: float, error: float, unit: str, n_effective: float) -> str:
    from nakmd.analysis import Measure  # noqa: PLC0415  (as above)

    return str(Measure(float(value), float(error), unit, float(n_effective))).partition(" (error uncertain")[0]


def _trust(measured: Measure | Record) -> str:
    if measured.trusted or not math.isfinite(measured.n_effective) or not measured.n_effective:
        return ""
    if not math.isfinite(float(measured.error)) or float(measured.error) == 0.0:
        return ""
    return f"error uncertain: {measured.n_effective:.1f} independent samples"
