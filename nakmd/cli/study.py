"""``nakmd study``: questions that are answered from several computations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nakmd.cli.guard import EXIT_INTERRUPTED, complain

if TYPE_CHECKING:
    from nakmd.studies.study_result import StudyResult


def study(
    name: Annotated[str | None, typer.Argument(help="The study; without a name, all are listed.")] = None,
    models: Annotated[
        list[str] | None,
        typer.Option("--model", help="A parameter set or file instead of those of the study. Repeatable."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer points and shorter runs.")] = False,
    directory: Annotated[
        Path | None, typer.Option("--directory", "-o", help="Directory for results. Default: runs/study-NAME.")
    ] = None,
    inputs: Annotated[
        Path | None, typer.Option("--inputs", help="TOML with inputs that replace those of nakmd.")
    ] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads. Default: all usable cores.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Random seed.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Answer a question from several computations: figures with their errors apart, tables, a page.

    Every finished point is stored; after an interruption the same command continues from there.

    Example: nakmd study exchange --quick
    """
    if name is None:
        _list(as_json)
        return
    from nakmd.cli.progress_bars import watch_points
    from nakmd.cli.threads import allow_threads

    threads = allow_threads(threads)
    from nakmd.studies import study as compute

    folder = directory or Path("runs") / f"study-{Path(name).name}{'-quick' if quick else ''}"
    try:
        with watch_points(quiet=as_json) as progress:
            result = compute(
                name, models or None, quick=quick, seed=seed, inputs=inputs, directory=folder, threads=threads,
                progress=progress,
            )  # fmt: skip
    except KeyboardInterrupt:
        complain(f"Stopped. Finished points are in {folder}; the same command continues from there.")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    _show(result, [folder / "study.json", folder / "study.html"], as_json)


def _list(as_json: bool) -> None:
    from nakmd.cli.output import show_json, show_table
    from nakmd.studies.study_names import STUDIES, study_class

    found = [(name, study_class(name)) for name in STUDIES]
    if as_json:
        show_json([{"name": name, "title": kind.title, "question": kind.question} for name, kind in found])
        return
    show_table(("study", "title", "question"), [(name, kind.title, kind.question) for name, kind in found])


def _show(result: StudyResult, files: list[Path], as_json: bool) -> None:
    from nakmd.cli.output import say, show_json, show_table

    if as_json:
        show_json({**result.to_dict(), "files": [str(path) for path in files]})
        return
    for table in result.tables:
        show_table(table.columns, table.rows, title=table.title)
        say()
    for answer in result.answers:
        say(answer)
    for key, reason in result.failures.items():
        complain(f"not measured: {key}: {reason}")
    for path in files:
        say(f"  {path}")
