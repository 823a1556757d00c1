"""The study of exchange: is Na in K easier than K in Na, by stability, stress and barrier?"""

from __future__ import annotations

from typing import ClassVar

from nakmd.analysis.plotting import Figure
from nakmd.errors import CoverageError
from nakmd.studies.exchange_study import answers, mechanisms, picture, solutes, warm_surfaces
from nakmd.studies.study import Figures, PointResults, Study, StudyPoint
from nakmd.studies.study_figures import StudyFigure, StudyTable, tables_by_model


class Exchange(Study):
    """Stability, stress, barriers and rates of Na in K and of K in Na.

    Notes
    -----
    A vacancy route is E(solute beside a vacancy) - E_sub + E_m; an interstitial route is E(interstitial) - E_sub, to
    which the small barrier of the interstitial itself is to be added. All parts have the same radius of free atoms.

    References
    ----------
    Nudged elastic bands: G. Henkelman, B. P. Uberuaga and H. Jónsson, J. Chem. Phys. 113, 9901 (2000).
    doi:10.1063/1.1329672
    Embedded atoms: R. A. Johnson and D. J. Oh, J. Mater. Res. 4, 1195 (1989).
    doi:10.1557/JMR.1989.1195
    """

    title = "Exchange of Na and K"
    question = "Is Na in K more stable than K in Na, under less stress, and reached over a lower barrier?"
    default_models: ClassVar[tuple[str, ...]] = ("nak-2026", "nak-2016", "johnson-oh-nak")
    limits: ClassVar[tuple[str, ...]] = (
        "Clean crystals without electrons, electrolyte or overpotential. The figures of the paper that made the claim "
        "could not be read, so none is compared.",
        "Barriers are of crystals held beyond a radius, at 0 K and the lattice constant at rest: upper bounds that "
        "fall with the radius.",
        "There is no barrier from PBE. Exchange at a surface would take two to six days of a core for each solute "
        "(eleven images, 150 steps, 100 to 340 s for 54 atoms with one k point at 250 eV, potentials/fit/nak/pbe), and "
        "one k point does not suffice: with it even the order of the energies of substitution is reversed.",
        "The barrier of the interstitial itself is not included; it is small in bcc.",
        "The energy of an embedded atom is shared between neighbours by convention: the stress of a single atom or "
        "shell depends on it, the sum over all (the elastic dipole) does not.",
        "Surfaces at 0 K are (110) only, with the paths that were guessed: another path may be lower.",
        "bcc of nak-2016 is not its state of lowest energy: its dipole of Na in K changes sign with the size of the "
        "cell, and paths with more free atoms are refused.",
    )

    def points(self) -> list[StudyPoint]:
        """Return the points of all models; `CoverageError` for a model that does not cover Na and K."""
        for model, potential in self.models.items():
            try:
                potential.bind(("K", "Na"))
            except CoverageError as error:
                raise CoverageError(f"{model}: {error}") from None
        return [
            *solutes.points(self.models, self.quick),
            *mechanisms.points(self.models, self.quick),
            *warm_surfaces.points(self.models, self.quick, self.seed),
        ]

    def figures(self, results: PointResults) -> list[StudyFigure]:
        """Return the figures of all models, with the anchors."""
        models = list(self.models)
        return [
            *solutes.figures(models, self.quick, results, self.inputs),
            *mechanisms.figures(models, self.quick, results, self.inputs),
            *warm_surfaces.figures(models, self.quick, results),
        ]

    def answers(self, figures: Figures) -> tuple[str, ...]:
        """Return a sentence for each quantity that is compared."""
        return tuple(answers.sentences(figures, list(self.models)))

    def tables(self, figures: Figures) -> list[StudyTable]:
        """Return tables with a column for each model."""
        return tables_by_model(figures)

    def plot(self, figures: Figures, results: PointResults) -> Figure:
        """Return energies and barriers by model, and rates."""
        return picture.draw(figures, list(self.models))
