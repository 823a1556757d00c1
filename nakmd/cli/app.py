"""The command ``nakmd``: collects the verbs and turns errors into a message and an exit code.

Each verb imports what it needs when it runs, so that ``nakmd --help`` and usage errors respond at once.
"""

from __future__ import annotations

from typing import Annotated

import typer

from nakmd.cli import (
    analyze,
    bench,
    check,
    cite,
    claims,
    convert,
    doctor,
    export,
    new,
    potentials,
    report,
    resume,
    run,
    schema,
    study,
    sweep,
    validate,
    warmup,
)
from nakmd.cli.guard import EXIT_CODES, guarded, settings

app = typer.Typer(
    name="nakmd",
    help="Molecular dynamics of liquid sodium-potassium on nitrogen-doped carbon.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(guarded(new.new))
app.command()(guarded(check.check))
app.command()(guarded(run.run))
app.command()(guarded(resume.resume))
app.command()(guarded(sweep.sweep))
app.command(cls=analyze.AnalyzeCommand)(guarded(analyze.analyze))
app.command()(guarded(report.report))
app.command()(guarded(cite.cite))
app.add_typer(potentials.app, name="potentials")
app.command()(guarded(validate.validate))
app.command()(guarded(study.study))
app.add_typer(claims.app, name="claims")
app.command()(guarded(export.export))
app.command()(guarded(convert.convert))
app.command()(guarded(bench.bench))
app.command()(guarded(schema.schema))
app.command()(guarded(warmup.warmup))
app.command()(guarded(doctor.doctor))


def _print_version(wanted: bool) -> None:
    if wanted:
        from nakmd._version import __version__

        typer.echo(f"nakmd {__version__}")
        raise typer.Exit


@app.callback(epilog="Exit codes: " + ". ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + ".")
def main_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Print tracebacks of errors.")] = False,
) -> None:
    """Molecular dynamics of liquid sodium-potassium on nitrogen-doped carbon."""
    del version  # handled by its callback
    settings.debug = debug


def main() -> None:
    """Run the command line."""
    app()
