"""Progress of a run, an analysis or a validation on the terminal, and the summary after a run."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import typer

from nakmd.cli.guard import EXIT_INTERRUPTED, complain
from nakmd.cli.output import in_time, say, show_json, show_table
from nakmd.pace import Pace

if TYPE_CHECKING:
    from nakmd.runs.outcome import Run
    from nakmd.simulation import Progress
    from nakmd.studies.point_progress import PointProgress
    from nakmd.sweeps.sweep_run import SweepProgress

#: Seconds between two lines of progress when standard error is not a terminal.
_LINE_INTERVAL = 10.0

#: Steps before a speed is shown: the first ones load kernels.
_LEAST_STEPS = 20


@contextmanager
def watch(quiet: bool = False) -> Iterator[Callable[[Progress], None] | None]:
    """Show the progress of a run: a bar on a terminal, a line every few seconds otherwise, nothing if quiet."""
    if quiet:
        yield None
        return
    first_step: list[int] = []
    stage = ""

    def state_of(now: Progress) -> str:
        if not first_step:
            first_step.append(now.step)
        return _state_text(now, now.step - first_step[0] >= _LEAST_STEPS)

    with _shown("preparing", _startup_note()) as show:

        def report(now: Progress) -> None:
            nonlocal stage
            due = now.stage != stage or now.step >= now.total_steps
            stage = now.stage
            show(f"{now.stage}: step", now.step, now.total_steps, state_of(now), due)

        yield report


@contextmanager
def watch_frames() -> Iterator[Callable[[int, int | None], None]]:
    """Show the number of frames analysed: a bar on a terminal, a line every few seconds otherwise."""
    pace = Pace()
    pace.mark(0)
    with _shown("frame", "") as show:

        def report(done: int, total: int | None) -> None:
            pace.mark(done)
            show("frame", done, total, _left(pace.seconds_left(total)) if total else "", False)

        yield report


@contextmanager
def watch_points(quiet: bool = False) -> Iterator[Callable[[PointProgress], None] | None]:
    """Show the points of a validation: a bar on a terminal, a line per point otherwise, nothing if quiet."""
    if quiet:
        yield None
        return
    with _shown("point", "") as show:

        def report(now: PointProgress) -> None:
            notes = [_left(now.seconds_left) if now.done < now.total else "", f"{now.key} done" if now.key else ""]
            show("point", now.done, now.total, ", ".join(filter(None, notes)), True)

        yield report


@contextmanager
def watch_sweep(quiet: bool = False) -> Iterator[Callable[[SweepProgress], None] | None]:
    """Show the points of a sweep: a bar on a terminal, a line per point or every few seconds otherwise."""
    if quiet:
        yield None
        return
    with _shown("point", "") as show:

        def report(now: SweepProgress) -> None:
            done = now.finished + now.failed
            notes = [
                f"{now.failed} failed" if now.failed else "",
                f"{100.0 * now.fraction:.0f} % of the steps",
                _left(now.seconds_left) if done < now.total else "",
                now.ended,
            ]
            show("point", done, now.total, ", ".join(filter(None, notes)), bool(now.ended))

        yield report


class Show(Protocol):
    """Shows the progress of a task; ``due`` forces a line where there is no bar."""

    def __call__(self, what: str, done: int, total: int | None, note: str, due: bool) -> None:
        """Show ``done`` of ``total``, with a note."""


@contextmanager
def _shown(what: str, note: str) -> Iterator[Show]:
    """Yield a function that shows progress: as a bar on a terminal, else as lines on standard error."""
    if not sys.stderr.isatty():
        if note:
            complain(note)
        last = time.monotonic()

        def line(what: str, done: int, total: int | None, note: str, due: bool) -> None:
            nonlocal last
            if not due and time.monotonic() - last < _LINE_INTERVAL:
                return
            last = time.monotonic()
            complain(f"{what} {done}" + (f" of {total}" if total else "") + (f", {note}" if note else ""))

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )  # fmt: skip
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=None, note=note)

        def bar(what: str, done: int, total: int | None, note: str, due: bool) -> None:
            bars.update(task, description=what, completed=done, total=total, note=note)

        yield bar


def _left(seconds: float) -> str:
    return f"{in_time(seconds)} left" if math.isfinite(seconds) and seconds > 0.0 else ""


def _state_text(now: Progress, speed: bool) -> str:
    parts = [f"{now.time:.2f} ps", f"{now.temperature:.0f} K"]
    if speed:
        if now.ns_per_day > 0.0:
            parts.append(f"{now.ns_per_day:.3g} ns/day")
        elif math.isfinite(now.steps_per_second):
            parts.append(f"{now.steps_per_second:.3g} steps/s")
        parts.append(_left(now.seconds_left))
    return ", ".join(filter(None, parts))


def _startup_note() -> str:
    """Return a note if kernels have to be compiled before the first step."""
    from nakmd.kernels.jit import nothing_is_compiled

    return "compiling kernels (once per machine, half a minute or more)" if nothing_is_compiled() else ""


def show_run(run: Run, as_json: bool) -> None:
    """Print the results of a run and the paths of its files; exit with code 3 if it was interrupted."""
    from nakmd.cli.result_tables import show_results

    if as_json:
        show_json(run.to_dict())
    else:
        show_results(run.results)
        if run.results.verdict == "unsettled":
            say("\nstatus  unsettled: these results are not those of an equilibrium")
        if run.us_per_atom_step > 0.0:
            say(f"\n{run.step} steps, {run.us_per_atom_step:.3f} µs per atom and step")
        show_table(["file", "path"], [[name, str(path)] for name, path in run.files.items()])
    if run.status == "interrupted":
        complain(f"Stopped at step {run.step}. Continue with: nakmd resume {run.directory}")
        raise typer.Exit(EXIT_INTERRUPTED)
