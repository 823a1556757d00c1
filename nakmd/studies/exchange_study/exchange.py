"""The study of exchange: is Na in K easier than K in Na, by stability, stress and barrier?"""

from __future__ import annotations

from typing import ClassVar

from nakmd.studies.exchange_study import solutes
from nakmd.studies.study import Figures, PointResults, Study, StudyPoint
from nakmd.studies.study_figures import StudyFigure, StudyTable, tables_by_model


class Exchange(Study):
    """Stability and stress of Na in K and of K in Na.

    References
    ----------
    Embedded atoms: R. A. Johnson and D. J. Oh, J. Mater. Res. 4, 1195 (1989).
    doi:10.1557/JMR.1989.1195
    """

    title = "Exchange of Na and K"
    question = "Is Na in K more stable than K in Na, under less stress, and reached over a lower barrier?"
    default_models: ClassVar[tuple[str, ...]] = ("nak-2026", "nak-2016", "johnson-oh-nak")
    limits: ClassVar[tuple[str, ...]] = (
        "Clean crystals without electrons, electrolyte or overpotential. The figures of the paper that made the claim "
        "could not be read, so none is compared.",
        "The energy of an embedded atom is shared between neighbours by convention: the stress of a single atom or "
        "shell depends on it, the sum over all (the elastic dipole) does not.",
    )

    def points(self) -> list[StudyPoint]:
        """Return the points of all models."""
        return [*solutes.points(self.models, self.quick)]

    def figures(self, results: PointResults) -> list[StudyFigure]:
        """Return the figures of all models, with the anchors."""
        return [*solutes.figures(list(self.models), self.quick, results, self.inputs)]

    def tables(self, figures: Figures) -> list[StudyTable]:
        """Return tables with a column for each model."""
        return tables_by_model(figures)
