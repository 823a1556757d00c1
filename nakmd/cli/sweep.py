"""``nakmd sweep``: one deck at many points."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nakmd.cli.guard import EXIT_FAILED, EXIT_INTERRUPTED, complain
from nakmd.errors import InputError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from nakmd.runs.sweep_folder import SweepFolder
    from nakmd.sweeps.point_check import PointSize
    from nakmd.sweeps.point_run import PointOutcome
    from nakmd.sweeps.sweep_forecast import SweepForecast


def sweep(
    source: Annotated[Path, typer.Argument(help="A sweep file, or the directory of a sweep to continue it.")],
    directory: Annotated[
        Path | None, typer.Option("--directory", "-o", help="Directory of the sweep. Default: runs/sweep-NAME.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Runs at a time on this machine. Default: as cores allow.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help="Address of a Dask scheduler, whose workers run the points.")
    ] = None,
    array: Annotated[
        bool, typer.Option("--array", help="Run nothing; write a script for a job array of Slurm.")
    ] = False,
    index: Annotated[
        int | None, typer.Option("--index", min=0, help="Run this point alone: the task of a job array.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Run a deck at many points: values, ranges, seeds, models. The same command continues after any interruption.

    Finished points are kept, others continue from their checkpoints, and a point that another process runs is left
    to it. A point that fails harms no other.

    Example: nakmd sweep sweep.toml --workers 4
    """
    given = {"--workers": workers, "--scheduler": scheduler, "--array": array or None, "--index": index}
    several = [name for name, value in given.items() if value is not None]
    if len(several) > 1:
        raise InputError(f"{' and '.join(several)} exclude each other: give one.")
    from nakmd.cli.interrupts import interrupted_by_signals

    with interrupted_by_signals():
        from nakmd.runs.sweep_folder import SweepFolder

        if source.is_dir():
            if directory is not None:
                raise InputError(f"-o is for a sweep file: {source} is the directory of a sweep already.")
            folder = SweepFolder.read(source)
            if index is not None:
                _run_one(folder, index, as_json)
                return
            from nakmd.sweeps.sweep_preparation import confirm_points

            sizes = confirm_points(folder)
        else:
            from nakmd.sweeps.sweep_preparation import prepare_sweep

            folder, sizes = prepare_sweep(source, directory)
            _remark(folder)
        if index is not None:
            _run_one(folder, index, as_json)
        elif array:
            _write_script(folder, sizes, as_json)
        else:
            _run_all(folder, sizes, workers, scheduler, as_json)


def _remark(folder: SweepFolder) -> None:
    """Say on the error stream, where it does not disturb JSON, if axes were perhaps meant as one."""
    from nakmd.sweeps.alike_axes import alike_axes

    remark = alike_axes(folder.index)
    if remark:
        complain(f"note: {remark}")


def _run_one(folder: SweepFolder, index: int, as_json: bool) -> None:
    """Run one point and exit with its code."""
    from nakmd.cli.output import say, show_json
    from nakmd.cli.progress_bars import watch
    from nakmd.sweeps.point_run import run_point

    point = folder.point(index)
    with watch(quiet=as_json) as progress:
        outcome = run_point(folder, point, folder.index.threads_elsewhere, progress, complain)
    if as_json:
        show_json(_as_json(folder, {index: outcome})["points"][0])
    else:
        say(f"{point.label} {outcome.ending}  {folder.run_folder(point).path}")
    if outcome.message:
        complain(outcome.message)
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)


def show_forecast(forecast: SweepForecast) -> None:
    """Print what the points of a sweep need."""
    from nakmd.cli.output import in_time, say
    from nakmd.errors import in_bytes

    say(f"points       {forecast.n_points}, with {forecast.threads} thread{'s' * (forecast.threads > 1)} each")
    if forecast.longest_time is not None and forecast.core_time is not None:
        say(f"longest      about {in_time(forecast.longest_time)}: {forecast.longest}")
        say(f"all points   about {in_time(forecast.core_time)} on one core; starts, analyses and reports come on top")
    say(f"memory       about {in_bytes(forecast.memory)} for the longest")
    say(f"trajectories about {in_bytes(forecast.file_size)} in all")


def check_sweep(file: Path, as_json: bool) -> None:
    """Check all points of a sweep file and print what they need; writes nothing."""
    from nakmd.cli.output import say, show_json
    from nakmd.sweeps.sweep_forecast import forecast_sweep
    from nakmd.sweeps.sweep_preparation import read_sweep

    index, sizes, _ = read_sweep(file)
    forecast = forecast_sweep(index, sizes)
    if as_json:
        show_json({"ok": True} | forecast.to_dict())
        return
    show_forecast(forecast)
    say(f"{file} is valid. Run it with: nakmd sweep {file}")


def _write_script(folder: SweepFolder, sizes: list[PointSize], as_json: bool) -> None:
    from nakmd.cli.output import say, show_json
    from nakmd.sweeps.array_script import write_array_script

    script, forecast = write_array_script(folder, sizes)
    if as_json:
        show_json({"directory": str(folder.path), "points": len(sizes), "script": str(script)} | forecast.to_dict())
        return
    say(f"{len(sizes)} points in {folder.path}; nothing runs yet.")
    show_forecast(forecast)
    say(f"Submit them with: sbatch {script}")


def _run_all(
    folder: SweepFolder, sizes: list[PointSize], workers: int | None, scheduler: str | None, as_json: bool
) -> None:
    """Run all points that are left, and list what failed."""
    from nakmd.cli.progress_bars import watch_sweep
    from nakmd.sweeps.sweep_run import SweepRun

    left = [size for point, size in zip(folder.index.points, sizes, strict=True) if not folder.is_complete(point)]
    outcomes: dict[int, PointOutcome] = {}
    executor, threads, where = _executor(folder, left, workers, scheduler)
    if left and not as_json:
        complain(f"{len(left)} of {len(sizes)} points to run: {where}")
    try:
        with watch_sweep(quiet=as_json) as progress, executor as pool:
            run = SweepRun(folder, sizes, pool, threads, progress)
            outcomes = run.run()
    except KeyboardInterrupt:
        still = " Points that run on Dask workers go on to their end." if scheduler else ""
        complain(f"Stopped. The same command continues from the checkpoints in {folder.path}.{still}")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    _show(folder, outcomes, as_json, _write_results(folder))


def _write_results(folder: SweepFolder) -> list[Path]:
    """Write the tables and the page of all runs; a failure is only told, as all results are stored."""
    from nakmd.sweep_results.sweep_page import write_results

    try:
        return write_results(folder.path)
    except Exception as error:
        complain(
            f"The tables and the page were not written ({type(error).__name__}: {error}); the runs are complete. "
            f"Retry with `nakmd report {folder.path}`."
        )
        return []


def _executor(
    folder: SweepFolder, left: list[PointSize], workers: int | None, scheduler: str | None
) -> tuple[AbstractContextManager[Executor], int, str]:
    """Return where points run, the threads of each, and a sentence about it."""
    from nakmd.kernels.thread_count import usable_cores
    from nakmd.runs.footprint import available_memory
    from nakmd.sweeps.cores import share_cores
    from nakmd.sweeps.executors import finished_executor, has_dask, local_executor, remote_executor

    if not left:
        return finished_executor(), 1, "nothing to run"
    if scheduler is not None:
        threads = folder.index.threads_elsewhere
        return remote_executor(scheduler), threads, f"{threads} thread{'s' * (threads > 1)} each, on {scheduler}"
    share = share_cores(left, usable_cores(), available_memory(), workers, folder.index.threads)
    return local_executor(share.workers), share.threads, f"{share.text}{', by Dask' if has_dask() else ''}"


def _as_json(folder: SweepFolder, outcomes: dict[int, PointOutcome]) -> dict[str, Any]:
    points = []
    for index, outcome in sorted(outcomes.items()):
        point = folder.point(index)
        message = {"message": outcome.message, "exit_code": outcome.exit_code} if outcome.message else {}
        path = str(folder.run_folder(point).path)
        points.append(
            {"index": index, "id": point.id, "labels": point.labels, "status": outcome.ending, "directory": path}
            | message
        )
    return {
        "name": folder.index.name,
        "directory": str(folder.path),
        "points": points,
        "former": folder.former_points(),
    }


def _show(folder: SweepFolder, outcomes: dict[int, PointOutcome], as_json: bool, files: list[Path]) -> None:
    """Print how the points ended; exit with code 1 if any failed, 3 if any was interrupted."""
    from nakmd.cli.output import say, show_json

    by_ending = {
        ending: [index for index, outcome in sorted(outcomes.items()) if outcome.ending == ending]
        for ending in ("finished", "failed", "interrupted")
    }
    former = folder.former_points()
    if as_json:
        show_json(_as_json(folder, outcomes) | {"files": [str(file) for file in files]})
    else:
        counts = ", ".join(f"{len(indices)} {ending}" for ending, indices in by_ending.items() if indices)
        say(f"{len(outcomes)} points: {counts}  {folder.path}")
        if files:
            say(f"results in {folder.path}: {', '.join(file.name for file in files)}")
        if former:
            say(f"no longer part of the sweep, kept in {folder.path / 'points'}: {', '.join(former)}")
    for ending in ("failed", "interrupted"):
        for index in by_ending[ending]:
            complain(f"{folder.point(index).label} {ending}: {outcomes[index].message}")
    if by_ending["interrupted"]:
        raise typer.Exit(EXIT_INTERRUPTED)
    if by_ending["failed"]:
        raise typer.Exit(EXIT_FAILED)
