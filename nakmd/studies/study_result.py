"""The result of a study: figures, tables, answers, provenance; its JSON file and its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nakmd.analysis.plotting import Figure
from nakmd.errors import AnalysisError
from nakmd.io.atomic import write_atomically, write_status
from nakmd.studies.study import Figures, Study
from nakmd.studies.study_figures import StudyFigure, StudyTable
from nakmd.studies.study_page import render_page


@dataclass(frozen=True, kw_only=True)
class StudyResult:
    """What a study found. ``result["substitution.Na in K", "nak-2026"]`` is one figure.

    Attributes
    ----------
    name : str
    study : Study
    figures : Figures
    results : dict of str to dict
        Result of each point, by key.
    provenance : dict
        Versions, seed, digests of models and inputs, seconds of each point.
    """

    name: str
    study: Study = field(repr=False)
    figures: Figures
    results: Mapping[str, Mapping[str, Any]] = field(repr=False)
    provenance: Mapping[str, Any] = field(repr=False)

    def __getitem__(self, key: str | tuple[str, str]) -> StudyFigure:
        found: StudyFigure = self.figures[key]
        return found

    @property
    def answers(self) -> tuple[str, ...]:
        """What the figures say."""
        return self.study.answers(self.figures)

    @property
    def tables(self) -> list[StudyTable]:
        """Tables of texts."""
        return self.study.tables(self.figures)

    @property
    def failures(self) -> dict[str, str]:
        """Points without a result, and why."""
        return {key: str(result["failed"]) for key, result in self.results.items() if "failed" in result}

    def plot(self) -> Figure:
        """Draw the figure of the study."""
        figure = self.study.plot(self.figures, self.results)
        if figure is None:
            raise AnalysisError(f"The study {self.name} has no figure.")
        return figure

    def to_dict(self) -> dict[str, Any]:
        """Return everything except the results of the points as plain numbers and strings."""
        return {
            "name": self.name,
            "title": self.study.title,
            "question": self.study.question,
            "quick": self.study.quick,
            "answers": list(self.answers),
            "figures": [figure.to_dict() for figure in self.figures],
            "failures": self.failures,
            "limits": list(self.study.limits),
            "inputs": self.study.inputs.to_dict(),
            "provenance": dict(self.provenance),
        }

    def write(self, folder: str | Path) -> list[Path]:
        """Write ``study.json`` and ``study.html``, and return their paths.

        Raises
        ------
        RunError
            If a file cannot be written.
        """
        data, page = Path(folder) / "study.json", Path(folder) / "study.html"
        write_status(data, self.to_dict())
        write_atomically(page, self.render().encode(), sync=False)
        return [data, page]

    def render(self) -> str:
        """Return the page: one self-contained HTML file."""
        return render_page(
            self.study, self.figures, self.tables, self.answers, self.study.plot(self.figures, self.results),
            self.failures, self.provenance,
        )  # fmt: skip
