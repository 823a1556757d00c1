"""``nakmd validate``: the figures of a model beside experiment and DFT."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nakmd.cli.guard import EXIT_INTERRUPTED, complain

if TYPE_CHECKING:
    from nakmd.studies import Validation


def validate(
    name: Annotated[
        str, typer.Argument(help="A named set, or a file: .toml, .tersoff, setfl, eam.fs, funcfl.")
    ] = "nak-cn",
    quick: Annotated[
        bool, typer.Option("--quick", help="Short runs of small cells: minutes on two cores instead of half an hour.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            help="cold, liquid, alloy, surface, carbon, adsorption, sizes; or density, expansion, diffusion, "
            "viscosity, rdf, mixing, substitution, tension, segregation; with @T one temperature: density@400. "
            "Repeat for several.",
        ),
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option("--directory", "-o", help="Folder for results; runs/validate-NAME if left out."),
    ] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads; all cores if left out.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of all noise.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Compute what is known of a model anew, with error bars, beside experiment and DFT.

    Every point is stored when it is done: the same command goes on where it was stopped.
    """
    from nakmd.cli.progress_bars import watch_points
    from nakmd.cli.threads import allow_threads

    allow_threads(threads)
    from nakmd.studies import validate as compute
    from nakmd.studies.validation.written_page import write_page

    folder = directory or Path("runs") / f"validate-{Path(name).stem}{'-quick' if quick else ''}"
    try:
        with watch_points(quiet=as_json) as progress:
            found = compute(
                name, only or None, quick=quick, seed=seed, directory=folder, threads=threads, progress=progress
            )
    except KeyboardInterrupt:
        complain(f"Stopped. What is done lies in {folder}; the same command goes on from there.")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    _show(found, [folder / "validation.json", *write_page(found, folder)], as_json)


def _show(found: Validation, files: list[Path], as_json: bool) -> None:
    from nakmd.cli.output import say, show_json, show_table
    from nakmd.studies.validation.markdown import COLUMNS, TITLES, rows_of, summary

    if as_json:
        show_json({**found.to_dict(), "files": [str(path) for path in files]})
        return
    for group in dict.fromkeys(finding.group for finding in found.findings):
        members = [finding for finding in found.findings if finding.group == group]
        show_table(COLUMNS, rows_of(members), title=TITLES.get(group, group))
        say()
    say(summary(found))
    for words in found.skipped:
        complain(f"beyond this model: {words}")
    for path in files:
        say(f"  {path}")
