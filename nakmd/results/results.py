"""What a run measured: a table with error bars, a JSON file, plots, one overview figure."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nakmd.errors import AnalysisError
from nakmd.results.table import Row, rows_of, size_rows

# nakmd.analysis imports half of scipy, which is not to stand between `nakmd run` and its first step
if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nakmd.analysis import Record

#: Order of the panels of the overview figure, by what the name of a result begins with.
_PANELS = (
    "thermo", "contact_angle", "surface_tension", "viscosity", "affinity", "density", "rdf", "diffusion",
    "coordination", "structure_factor", "short_range_order", "local_order", "gibbs_excess", "free_energy_profile",
    "layers", "lifetimes", "map", "residence", "immersion", "vacf",
)  # fmt: skip
_MOST_PANELS = 12


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
        found: list[Row] = []
        for name, record in self.records.items():
            found += rows_of(name, record)
            if name.startswith("diffusion") and "viscosity" in self.records:
                found += size_rows(record, self.records["viscosity"])
        return found

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

        names = self.panels()
        if not names:
            return None
        columns = min(len(names), 3 if len(names) > 4 else 2)
        rows = math.ceil(len(names) / columns)
        figure = Figure(figsize=(5.2 * columns, 3.9 * rows), layout="constrained")
        for k, name in enumerate(names):
            axes: Axes = figure.add_subplot(rows, columns, k + 1)
            axes.set_title(name.replace("_", " "))
            self.records[name].plot(axes)
        if title:
            figure.suptitle(title)
        figure.savefig(path, dpi=130)
        return path

    def panels(self) -> list[str]:
        """Return the names of the records in the overview: one of each quantity first, and K before Na."""
        by_quantity: dict[str, list[str]] = {}
        for name in sorted(self.records, key=lambda name: (_PANELS.index(name.split()[0]), not name.endswith("K"))):
            by_quantity.setdefault(name.split()[0], []).append(name)
        rounds = itertools.zip_longest(*by_quantity.values())
        chosen = [name for names in rounds for name in names if name][:_MOST_PANELS]
        return [name for names in by_quantity.values() for name in names if name in chosen]
