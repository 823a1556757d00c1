"""``nakmd validate``: properties of a model compared with experiment and DFT."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nakmd.cli.guard import EXIT_INTERRUPTED, complain

if TYPE_CHECKING:
    from nakmd.studies import Validation


def validate(
    name: Annotated[
        str, typer.Argument(help="A parameter set, or a file: .toml, .tersoff, setfl, eam.fs, funcfl.")
    ] = "nak-cn",
    quick: Annotated[
        bool, typer.Option("--quick", help="Short runs of small cells: minutes instead of half an hour.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            help="cold, solid, liquid, alloy, surface, forces, extremes, carbon, adsorption, sizes; or vacancy, "
            "lattice, fusion, melting, density, expansion, diffusion, viscosity, rdf, diffraction, mixing, "
            "concentration, free-energy, substitution, tension, segregation; @T selects one temperature: density@400. "
            "Repeatable.",
        ),
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option("--directory", "-o", help="Directory for results. Default: runs/validate-NAME."),
    ] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads. Default: all usable cores.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Random seed.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Compute properties of a model with error bars and compare them with experiment and DFT.

    Every finished point is stored; after an interruption the same command continues from there.

    Example: nakmd validate nak-cn --quick --only density --only diffusion
    """
    from nakmd.cli.progress_bars import watch_points
    from nakmd.cli.threads import allow_threads

    threads = allow_threads(threads)
    from nakmd.studies import validate as compute
    from nakmd.studies.validation.written_page import write_page

    folder = directory or Path("runs") / f"validate-{Path(name).stem}{'-quick' if quick else ''}"
    try:
        with watch_points(quiet=as_json) as progress:
            validation = compute(
                name, only or None, quick=quick, seed=seed, directory=folder, threads=threads, progress=progress
            )
    except KeyboardInterrupt:
        complain(f"Stopped. Finished points are in {folder}; the same command continues from there.")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    _show(validation, [folder / "validation.json", *write_page(validation, folder)], as_json)


def _show(validation: Validation, files: list[Path], as_json: bool) -> None:
    from nakmd.cli.output import say, show_json, show_table
    from nakmd.studies.validation.markdown import COLUMNS, TARGET_COLUMNS, TITLES, rows_of, summary, target_rows

    if as_json:
        show_json({**validation.to_dict(), "files": [str(path) for path in files]})
        return
    for group in dict.fromkeys(finding.group for finding in validation.findings):
        members = [finding for finding in validation.findings if finding.group == group]
        show_table(COLUMNS, rows_of(members), title=TITLES.get(group, group))
        say()
    aims = target_rows(validation.findings)
    if aims:
        show_table(TARGET_COLUMNS, aims, title="Targets")
        say()
    say(summary(validation))
    for reason in validation.skipped:
        complain(f"left out: {reason}")
    for path in files:
        say(f"  {path}")
