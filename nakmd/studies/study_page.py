"""The page of a study: one self-contained HTML file in the style of the report of a run."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from nakmd._version import __version__
from nakmd.analysis.plotting import Figure
from nakmd.report.citations import references_of
from nakmd.report.figures import picture
from nakmd.report.page_template import fill_template
from nakmd.studies.study import Figures, Study
from nakmd.studies.study_figures import StudyTable


def render_page(
    study: Study,
    figures: Figures,
    tables: Sequence[StudyTable],
    answers: Sequence[str],
    plot: Figure | None,
    failures: Mapping[str, str],
    provenance: Mapping[str, Any],
) -> str:
    """Return the page of a study as HTML.

    Parameters
    ----------
    study : Study
    figures : Figures
    tables : sequence of StudyTable
    answers : sequence of str
    plot : Figure or None
    failures : mapping of str to str
        Points without a result, and why.
    provenance : mapping
    """
    return fill_template(
        "nakmd.studies",
        "study_page.html",
        version=__version__,
        written=time.strftime("%Y-%m-%d %H:%M %z"),
        title=study.title,
        question=study.question,
        quick=study.quick,
        answers=answers,
        tables=tables,
        plot="" if plot is None else picture(plot),
        notes=[(figure, note) for figure in figures for note in figure.notes],
        failures=failures,
        limits=study.limits,
        inputs=list(study.inputs.values()),
        references=references_of(type(study)),
        models=provenance["models"],
        facts=[
            (name, provenance[name]) for name in ("nakmd", "git", "python", "numpy", "platform", "seed")
            if provenance.get(name) not in (None, "")
        ],
        minutes=provenance["seconds_in_all"] / 60.0,
    )  # fmt: skip
