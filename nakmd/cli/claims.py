"""``nakmd claims``: the ledger of published claims, judged from computed figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nakmd.cli.guard import EXIT_INTERRUPTED, complain, guarded

if TYPE_CHECKING:
    from nakmd.studies.claims import ClaimLedger, ClaimResult

app = typer.Typer(help="Published claims, recomputed: verdict, strength and evidence.", no_args_is_help=True)

AsJSON = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
Results = Annotated[
    Path | None, typer.Option("--directory", "-o", help="Directory of results. Default: those that come with nakmd.")
]
File = Annotated[
    Path | None, typer.Option("--file", "-f", help="A claim of your own (TOML), or a folder of them, instead.")
]

#: Formats of `report`; the others are in `nakmd.studies.claims.ledger_exports`.
HTML = "html"


@app.command("list")
@guarded
def list_(directory: Results = None, file: File = None, as_json: AsJSON = False) -> None:
    """List the claims with their stored verdicts.

    Example: nakmd claims list
    """
    from nakmd.cli.output import say, show_json, show_table
    from nakmd.studies.claims.ledger_exports import records

    ledger = _ledger(directory, file)
    stale = ledger.stale()
    if as_json:
        show_json(records(ledger, stale))
        return
    rows = [
        (name, _text(ledger, name) + (", stale" if name in stale else ""), claim.claim)
        for name, claim in ledger.claims.items()
    ]
    show_table(("id", "verdict", "claim"), rows, folds=2)
    say("\nnakmd claims show ID prints the evidence of a claim, and run ID computes it.")


@app.command()
@guarded
def show(
    name: Annotated[str, typer.Argument(metavar="ID", help="The claim.")],
    directory: Results = None,
    file: File = None,
    as_json: AsJSON = False,
) -> None:
    """Print a claim: who says it, how it is tested, votes, sensitivity, limits and sources.

    Example: nakmd claims show C1
    """
    from nakmd.cli.claim_page import show_claim
    from nakmd.cli.output import show_json
    from nakmd.errors import InputError, did_you_mean
    from nakmd.studies.claims.ledger_exports import records

    ledger = _ledger(directory, file)
    if name not in ledger.claims:
        raise InputError(f"There is no claim {name!r}. {did_you_mean(name, ledger.claims)}")
    stale = ledger.stale()
    if as_json:
        show_json(next(entry for entry in records(ledger, stale) if entry["id"] == name))
        return
    show_claim(ledger, name, stale.get(name, []))


@app.command()
@guarded
def run(
    names: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="The claims.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All claims.")] = False,
    stale: Annotated[
        bool, typer.Option("--stale", help="Keep results in the directory that are not stale; run only the others.")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer points and shorter runs in the studies.")] = False,
    file: File = None,
    directory: Annotated[
        Path | None, typer.Option("--directory", "-o", help="Directory for results. Default: runs/claims.")
    ] = None,
    studies: Annotated[
        Path, typer.Option("--studies", help="Directory of the study folders, as written by nakmd study.")
    ] = Path("runs"),
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads. Default: all usable cores.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Random seed of the studies.")] = 0,
    as_json: AsJSON = False,
) -> None:
    """Compute the studies that claims need, and judge the claims by the rule.

    Every finished point of a study is stored; after an interruption the same command continues from there.

    Example: nakmd claims run --all --quick
    """
    from nakmd.cli.output import say, show_json, show_table
    from nakmd.cli.progress_bars import watch_points
    from nakmd.cli.threads import allow_threads
    from nakmd.errors import InputError

    if bool(names) == everything and (names or file is None):
        raise InputError("Name claims, or give --all. `nakmd claims list` lists them.")
    threads = allow_threads(threads)
    from nakmd.studies.claims import fresh_results, load_claims, run_claims
    from nakmd.studies.claims.figure_sources import SourceSettings

    claims = load_claims(file)
    before = {} if file is not None else _ledger(None, None).results  # read first: they may be replaced
    folder = directory or Path("runs") / f"claims{'-quick' if quick else ''}"
    try:
        with watch_points(quiet=as_json) as progress:
            settings = SourceSettings(quick=quick, seed=seed, studies=studies, threads=threads, progress=progress)
            kept = fresh_results(folder, claims, settings) if stale else None
            results = run_claims(names or (), claims=claims, settings=settings, directory=folder, kept=kept)
    except KeyboardInterrupt:
        complain(f"Stopped. Finished points are in {studies}; the same command continues from there.")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if as_json:
        show_json([{**result.to_dict(), "stored": _before(before, result)} for result in results.values()])
        return
    rows = [
        (name, result.verdict.text, result.verdict.why + (f" [stored: {stored}]" if stored else ""))
        for name, result in results.items()
        for stored in (_before(before, result),)
    ]
    show_table(("id", "verdict", "why"), rows, folds=2)
    say(f"\n  {folder}\n\nnakmd claims report -o {folder}{'' if file is None else f' -f {file}'} writes the page.")


@app.command()
@guarded
def report(
    directory: Results = None,
    file: File = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="File to write. Default: claims.html in the directory of results.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="html; json, csv, bibtex, or turtle (citation intents by CiTO).")
    ] = HTML,
    as_json: AsJSON = False,
) -> None:
    """Write the ledger: a self-contained HTML page, or a file for other programs.

    Example: nakmd claims report --format bibtex --output claims.bib
    """
    from nakmd.cli.output import say, show_json
    from nakmd.errors import InputError, did_you_mean, in_bytes
    from nakmd.io.atomic import write_atomically
    from nakmd.studies.claims.ledger_exports import EXPORTS, SUFFIXES
    from nakmd.studies.claims.ledger_page import render_ledger

    if form != HTML and form not in EXPORTS:
        raise InputError(f"There is no format {form!r}. {did_you_mean(form, (HTML, *EXPORTS))}")
    ledger = _ledger(directory, file)
    stale = ledger.stale()
    text = render_ledger(ledger, stale) if form == HTML else EXPORTS[form](ledger, stale)
    path = output or (directory or Path()) / f"claims{SUFFIXES.get(form, '.html')}"
    write_atomically(path, text.encode(), sync=False)
    if as_json:
        show_json({"file": str(path), "format": form, "claims": len(ledger.claims), "stale": stale})
        return
    say(f"{form}  {path}  ({in_bytes(path.stat().st_size)})")


def _ledger(directory: Path | None, file: Path | None) -> ClaimLedger:
    from nakmd.errors import InputError
    from nakmd.studies.claims import ClaimLedger

    if directory is not None and not directory.is_dir():
        raise InputError(f"There is no folder {directory}. `nakmd claims run` writes results into one.")
    return ClaimLedger.read(directory, file)


def _text(ledger: ClaimLedger, name: str) -> str:
    result = ledger.results.get(name)
    return "not computed" if result is None else result.verdict.text + (" [quick]" if result.quick else "")


def _before(before: Mapping[str, ClaimResult], result: ClaimResult) -> str:
    """Return the verdict that comes with nakmd: "the same" if it is."""
    stored = before.get(result.id)
    if stored is None:
        return ""
    return "the same" if stored.verdict.text == result.verdict.text else f"was {stored.verdict.text}"
