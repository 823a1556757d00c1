"""``nakmd cite``: what a publication of a run should cite."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class CitationForm(StrEnum):
    """How references are printed."""

    TEXT = "text"
    BIBTEX = "bibtex"


def cite(
    directory: Annotated[Path, typer.Argument(help="The directory of a run, or of a sweep.")],
    form: Annotated[
        CitationForm, typer.Option("--format", help="bibtex, or text: a line for each reference.")
    ] = CitationForm.BIBTEX,
) -> None:
    """Print the references of what a run or a sweep used: nakmd, parameter sets, integrators, thermostats and analyses.

    Example: nakmd cite runs/flagship --format text
    """
    from nakmd.cli.output import say
    from nakmd.report.bibliography import as_bibtex, as_text, cite_run
    from nakmd.sweep_results.stored_sweep import is_sweep
    from nakmd.sweep_results.sweep_references import cite_sweep

    version, references = cite_sweep(directory) if is_sweep(directory) else cite_run(directory)
    say(as_bibtex(version, references) if form is CitationForm.BIBTEX else as_text(version, references))
