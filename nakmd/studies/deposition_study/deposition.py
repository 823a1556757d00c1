"""The study of deposition: what Na and K do when they arrive, and what that says of growth without dendrites."""

from __future__ import annotations

from typing import ClassVar

from nakmd.analysis.plotting import Figure
from nakmd.errors import CoverageError
from nakmd.studies.deposition_study import (
    arrivals_on_walls,
    deposition_answers,
    deposition_picture,
    film_or_island,
    film_points,
    growth_at_flux,
    island_points,
    step_points,
    wall_points,
)
from nakmd.studies.deposition_study.arrivals_on_walls import WALLS
from nakmd.studies.deposition_study.film_or_island import SHEETS
from nakmd.studies.study import Figures, PointResults, Study, StudyPoint
from nakmd.studies.study_figures import StudyFigure, StudyTable, tables_by_model

#: Species of all walls: a set that covers them deposits on carbon, the others on crystals.
CARBON = ("C", "C:edge", "N:graphitic", "N:pyridinic")


class DepositionStudy(Study):
    """Na and K that arrive on each other and on carbon: sticking, mixing, roughness, steps.

    Notes
    -----
    Films: molecular dynamics with atoms that arrive one by one on (110) faces and on frozen walls, at two fluxes a
    factor of four apart. The numerical error of their figures is how far the line through both fluxes is from the lower
    one at no flux; a figure that differs by more than two standard errors is flux-limited.

    Steps: straight ⟨111⟩ steps on (110), guarded bands in a crystal held beyond a radius. The Ehrlich-Schwoebel barrier
    is the lower of hop and push-out less the barrier of the terrace, each from its own lowest minimum. Its numerical
    error is the change from R = 1.6 to 2.0 lattice constants, and how much the barriers of the terrace there and back
    differ, which only the held crystal makes unequal.

    Films against islands: atoms of one metal on a frozen sheet, as a layer that covers it or as a round one, and as
    islands cut out of bcc and fcc, each relaxed to the nearest minimum (0.01 eV/Å). The numerical error is how far the
    second lowest island is.

    References
    ----------
    Sticking and mixing: E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927). doi:10.1080/01621459.1927.10502953
    Nudged elastic bands: G. Henkelman, B. P. Uberuaga and H. Jónsson, J. Chem. Phys. 113, 9901 (2000).
    doi:10.1063/1.1329672
    Terrace diffusion is no descriptor of dendrites (abstract read): D. Gaissmaier, D. Fantauzzi and T. Jacob,
    ChemSusChem (2020). doi:10.1002/cssc.201902860
    How one would simulate growth (abstract read): T. Treeratanaphitak et al., Electrochim. Acta (2014).
    doi:10.1016/j.electacta.2013.12.166
    """

    title = "Deposition of Na and K"
    question = "Does Na on K alloy on contact and K on Na not, and does the alloy grow without dendrites?"
    default_models: ClassVar[tuple[str, ...]] = ("nak-2026", "nak-2016", "nak-cn", "johnson-oh-nak")
    limits: ClassVar[tuple[str, ...]] = (
        "Dendrites are untestable: no ions, field, solvent or interphase, and nanometres instead of micrometres. "
        "Proxies never make more of the claim than undecided.",
        "The flux of the runs is 10⁸ to 10⁹ times that of an electrode: what is seen are events on contact. Growth by "
        "slow diffusion, ordering (KNa₂) and the exponents of roughness are beyond it.",
        "Films are 2 to 3 nm wide and 1.5 layers thick, less than the 10 nm and 3 layers that one would like; islands "
        "and mounds wider than that have no room.",
        "A set whose crystals do not survive 250 and 300 K has barriers of steps alone, because films need a warm "
        "crystal: those of johnson-oh-nak survive 250 K and not 300 K, the temperature of the answers.",
        "At 300 K an alloy of Na and K is liquid in nature and in the models: the top of such a film melts, and its "
        "planes, on which mixing is counted, melt with it. See the order that is left.",
        "Steps are straight ⟨111⟩ steps at 0 K; kinks, corners and warm steps are not computed. There is no barrier "
        "from PBE, and paths that were not guessed may be lower.",
        "Walls are frozen, and atoms there share one bath. Terms between atoms of the wall are left out, because they "
        "move nothing.",
        "Films against islands on graphene are energies at rest, at the minima nearest to two films and four islands: "
        "upper bounds, without entropy, for the numbers of atoms that are named. With the number the rim of an island "
        "counts less, so that films of few atoms and islands of many are found; bulk metal is below both.",
        "Growth at the flux of an electrode is an order of magnitude by mean-field nucleation, without an interphase.",
    )

    def points(self) -> list[StudyPoint]:
        """Return the points: paths first, then films at the higher flux, and films against islands last.

        Raises
        ------
        CoverageError
            If a model does not cover Na and K.
        """
        for model, potential in self.models.items():
            try:
                potential.check_coverage(("K", "Na"))
            except CoverageError as error:
                raise CoverageError(f"{model}: {error}") from None
        crystals = {model: self.models[model] for model in self.of_crystals}
        walls = {model: self.models[model] for model in self.of_walls}
        return [
            *step_points.points(crystals, self.quick),
            *film_points.points({model: crystals[model] for model in self.of_films}, self.quick, self.seed),
            *wall_points.points(walls, self.quick, self.seed),
            *island_points.points(walls, self.quick),
        ]

    @property
    def of_walls(self) -> list[str]:
        """Models that deposit on carbon: those that cover it."""
        return [model for model, potential in self.models.items() if all(how for *_, how in potential.coverage(_ALL))]

    @property
    def of_crystals(self) -> list[str]:
        """Models that deposit on crystals: those of the metals alone; a quick study takes the first."""
        found = [model for model in self.models if model not in self.of_walls]
        return found[:1] if self.quick else found

    @property
    def of_films(self) -> list[str]:
        """Those of them whose crystals exist at all temperatures of the films; the others have barriers alone."""
        return [model for model in self.of_crystals if film_points.has_crystals(model)]

    def figures(self, results: PointResults) -> list[StudyFigure]:
        """Return the figures of steps, films, walls, and of growth at the flux of an electrode."""
        barriers = list(step_points.figures(self.of_crystals, self.quick, results))
        return [
            *film_points.figures(self.of_films, self.quick, results),
            *barriers,
            *growth_at_flux.figures(
                self.of_crystals, self.quick, Figures(barriers), results, self.inputs, self.seed
            ),
            *wall_points.figures(self.of_walls, self.quick, results),
            *island_points.figures(self.of_walls, self.quick, results),
        ]  # fmt: skip

    def bears_on(self, point: StudyPoint, key: str) -> bool:
        """Return whether figures depend on a point: those of crystals do not depend on points on carbon."""
        on_carbon = point.function in (arrivals_on_walls.run, film_or_island.compare)
        return not on_carbon or any(name in key for name in (*WALLS, *SHEETS))

    def answers(self, figures: Figures) -> tuple[str, ...]:
        """Return first what is untestable, then a sentence for each quantity."""
        return tuple(deposition_answers.sentences(figures, list(self.models)))

    def tables(self, figures: Figures) -> list[StudyTable]:
        """Return tables with a column for each model."""
        return tables_by_model(figures)

    def plot(self, figures: Figures, results: PointResults) -> Figure:
        """Return mixing, roughness, steps, and the first layer on carbon."""
        return deposition_picture.draw(figures, list(self.models), results)


#: All species that a set for carbon covers.
_ALL = ("K", "Na", *CARBON)
