"""The page of a sweep: one self-contained HTML file in the style of the report of a run."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nakmd._version import __version__
from nakmd.io.atomic import write_atomically
from nakmd.report.figures import picture
from nakmd.report.page_template import fill_template
from nakmd.sweep_results.run_figure import FigureKey
from nakmd.sweep_results.seed_average import CONTRADICTION
from nakmd.sweep_results.sweep import Sweep
from nakmd.sweep_results.sweep_page_tables import (
    combined_groups,
    line_rows,
    long_rows,
    model_free_axes,
    model_rows,
    scatter_rows,
)
from nakmd.sweep_results.sweep_picture import draw_lines
from nakmd.sweep_results.temperature_lines import TemperatureLine

#: Name of the page in the folder of the sweep.
PAGE = "report.html"

#: Most numbers of single runs in the page: 250 bytes each.
_MOST_NUMBERS = 10_000

#: Resolution of the pictures: many in one page.
_DPI = 100.0


class _Picture(NamedTuple):
    name: str
    uri: str
    note: str = ""


def write_sweep_page(sweep: Sweep | str | Path, output: str | Path | None = None) -> Path:
    """Write the page of a sweep: one self-contained file that opens offline.

    Parameters
    ----------
    sweep : Sweep or path
        A sweep, or its folder.
    output : path, optional
        Default: ``report.html`` in the folder.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the folder holds no sweep.
    RunError
        If the page cannot be written.
    """
    opened = sweep if isinstance(sweep, Sweep) else Sweep(sweep)
    path = Path(output) if output is not None else opened.directory / PAGE
    write_atomically(path, render_sweep_page(opened).encode(), sync=False)
    return path


def write_results(directory: str | Path) -> list[Path]:
    """Write the tables and the page of a sweep into its folder, from the runs that have finished; return the files.

    Raises
    ------
    InputError
        If the folder holds no sweep.
    RunError
        If a file cannot be written.
    """
    sweep = Sweep(directory)
    return [*sweep.write(), write_sweep_page(sweep)]


def render_sweep_page(sweep: Sweep) -> str:
    """Return the page of a sweep as HTML."""
    plots, parts = _pictures(sweep)
    seeds = [axis.name for axis in sweep.axes if axis.role == "seed"]
    scatter = scatter_rows(sweep)
    return fill_template(
        "nakmd.sweep_results",
        "sweep_page.html",
        version=__version__,
        written=time.strftime("%Y-%m-%d %H:%M %z"),
        title=f"Sweep of {sweep.deck_name}" + ("" if sweep.name == "sweep" else f": {sweep.name}"),
        status=_status(sweep),
        headline=_headline(sweep),
        warnings=_warnings(sweep),
        axes=sweep.axes,
        lines=line_rows(sweep.lines),
        line_axes=_line_axes(sweep.lines),
        line_plots=_line_pictures(sweep.lines),
        plots=plots,
        parts=parts,
        caption=_caption(sweep, bool(seeds)),
        combined=combined_groups(sweep),
        of_models=bool(sweep.model_means),
        models=model_rows(sweep),
        model_axes=[axis.label for axis in model_free_axes(sweep)],
        long=long_rows(sweep) if len(sweep.figures) <= _MOST_NUMBERS else [],
        numbers=f"{len(sweep.figures):,}",
        scatter=scatter,
        tests=len(scatter),
        contradicted=sum(bool(row["verdict"]) for row in scatter),
        expected=f"{CONTRADICTION * len(scatter):.2g}",
        limit=f"{CONTRADICTION:g}",
        failures=[(_where(sweep, point), point.message) for point in sweep if point.state == "failed"],
        waiting=[
            f"{_where(sweep, point)}: {point.state}" for point in sweep if point.state not in ("finished", "failed")
        ],
        notes=_notes(sweep),
        facts=_facts(sweep),
        deck=sweep.deck.strip(),
        deck_name=sweep.deck_name,
    )


def _where(sweep: Sweep, point: Any) -> str:
    return f"run {point.index} ({point.told(sweep.axes) or point.id})"


def _status(sweep: Sweep) -> tuple[str, str]:
    """Return the style of the status and its word."""
    if not sweep.complete:
        return "interrupted", "incomplete"
    unsettled = any(point.results.get("verdict") == "unsettled" for point in sweep)
    return ("unsettled", "unsettled") if unsettled else ("finished", "finished")


def _headline(sweep: Sweep) -> str:
    """Return how many runs have ended how, in one sentence."""
    total, counts = len(sweep), sweep.counts
    told = ", ".join(f"{number} {state}" for state, number in counts.items())
    verdicts = Counter(point.results.get("verdict") for point in sweep if point.state == "finished")
    settled = f" Of the finished runs, {verdicts['unsettled']} had not settled." if verdicts["unsettled"] else ""
    deck = f" of {sweep.deck_name}" if sweep.deck_name else ""
    all_of_them = " All have finished." if sweep.complete else f" {told[:1].upper()}{told[1:]}."
    return f"{total} run{'s' if total != 1 else ''}{deck}.{all_of_them}{settled}"


def _warnings(sweep: Sweep) -> list[str]:
    """Return what a reader must know before any number."""
    warnings = []
    small = [scatter for scatter in sweep.scatter.values() if scatter.too_small]
    if small:
        worst = max(small, key=lambda scatter: scatter.ratio)
        more = f", and {len(small) - 1} more" if len(small) > 1 else ""
        warnings.append(
            f"Errors within the runs are too small for {worst.name}: the seeds scatter {worst.factor:.2g} times as much"
            f"{more}. Trust the errors from the seeds."
        )
    single = {figure.runs for figure in sweep.combined()} == {1}
    if single:
        warnings.append("One run at each point: all errors are those within the runs, without a check by other seeds.")
    lost = len(sweep) - sweep.counts.get("finished", 0)
    if lost:
        warnings.append(f"{lost} of {len(sweep)} runs have no results; they are absent everywhere, not zero.")
    return warnings


def _caption(sweep: Sweep, has_seeds: bool) -> str:
    bars = "95 % intervals (Student’s t)" if not sweep.model_means else "standard errors of the mean over the models"
    source = " from the scatter between the runs" if has_seeds and not sweep.model_means else ""
    more = " Wide pale bars are the spread of the models, which is no statistical error."
    if not sweep.model_means:
        more = " An interval of two or three runs may be wider than the figure."
    return f"Markers are means, bars {bars}{source}, and small dots single runs.{more}"


def _pictures(sweep: Sweep) -> tuple[list[_Picture], list[_Picture]]:
    """Return the pictures of all quantities that vary: main rows of the tables, and their parts."""
    mains: list[_Picture] = []
    parts: list[_Picture] = []
    is_part = {figure.key: figure.part for figure in sweep.combined()}
    for key in sweep.quantities():
        if len({figure.value for figure in sweep.figures if figure.key == key and figure.value is not None}) < 2:
            continue
        drawn = _Picture(key.name, picture(sweep.plot_key(key), _DPI), _note(sweep, key))
        (parts if is_part[key] else mains).append(drawn)
    return mains, parts


def _note(sweep: Sweep, key: FigureKey) -> str:
    scatter = sweep.scatter.get(key)
    return (
        f"Seeds scatter {scatter.factor:.2g} times the errors within the runs." if scatter and scatter.too_small else ""
    )


def _line_pictures(lines: Iterable[TemperatureLine]) -> list[_Picture]:
    by_key: dict[FigureKey, list[TemperatureLine]] = {}
    for line in lines:
        if line.fit is not None:
            by_key.setdefault(line.key, []).append(line)
    return [_Picture(key.name, picture(draw_lines(members), _DPI)) for key, members in by_key.items()]


def _line_axes(lines: Sequence[TemperatureLine]) -> list[str]:
    return list(dict.fromkeys(name for line in lines for name in line.labels))


def _notes(sweep: Sweep) -> list[str]:
    """Return the notes of the runs, each once with the runs that have it."""
    runs: dict[str, list[int]] = {}
    finished = [point for point in sweep if point.state == "finished"]
    for point in finished:
        for note in point.results.get("notes", ()):
            runs.setdefault(str(note), []).append(point.index)
        for name, reason in point.results.get("failures", {}).items():
            runs.setdefault(f"{name} was not measured: {reason}", []).append(point.index)
    return [f"{_listed(indices, len(finished))}: {note}" for note, indices in runs.items()]


def _listed(indices: Sequence[int], total: int) -> str:
    if len(indices) == total > 1:
        return "All runs"
    shown = ", ".join(map(str, indices[:8]))
    return f"Run{'s' if len(indices) > 1 else ''} {shown}{f' and {len(indices) - 8} more' if len(indices) > 8 else ''}"


def _facts(sweep: Sweep) -> list[tuple[str, str]]:
    versions = sorted({str(point.version) for point in sweep if point.version})
    seeds = sorted({point.seed for point in sweep if point.seed is not None})
    facts = [("folder", sweep.directory.resolve().name), ("deck", sweep.deck_name)]
    facts += [("nakmd of the runs", ", ".join(versions))] if versions else []
    facts += [("seeds", ", ".join(map(str, seeds)))] if seeds else []
    return [(name, text) for name, text in facts if text]
