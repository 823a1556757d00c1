"""The study of replacement: does K take the place of graphitic nitrogen, and what would that change?"""

from __future__ import annotations

from typing import ClassVar

from nakmd.analysis.plotting import Figure
from nakmd.studies.input_samples import require_possible
from nakmd.studies.replacement_study import (
    conversion,
    ledger_figures,
    page_tables,
    replacement_picture,
    replacement_verdicts,
    site_figures,
    sites_in_liquid,
)
from nakmd.studies.replacement_study.ledger import Ledger
from nakmd.studies.study import Figures, PointResults, Study, StudyPoint
from nakmd.studies.study_figures import StudyFigure, StudyTable

#: Inputs whose logarithm is taken; those that set what is computed; those between 0 and 1.
ACTIVITIES = ("replacement.activity_k", "replacement.activity_na")
STATES = (
    "replacement.temperature", "replacement.liquid_temperature", "replacement.cool_temperature",
    "common.potassium_fraction",
)  # fmt: skip
SHARES = (*ACTIVITIES, "common.potassium_fraction")


class Replacement(Study):
    """Energies of reaction, occupancy of sites, and walls whose graphitic nitrogen is converted.

    Notes
    -----
    ΔE of a reaction is a sum of stated inputs; ΔG adds the vibrations of K at its site (harmonic, frozen wall, by the
    first model), entropies of tables, and kT ln(1/a) of each K atom. Errors are those of the inputs, drawn
    independently. In the series a share of the graphitic nitrogen of a frozen sheet, 3 % of its atoms, is turned into
    bare vacancies, whose nitrogen is lost, or into pyridinic trios, which keep it. Sites are at new random places for
    every share and seed. The liquid wets both faces; exchange moves settle the composition of the first layer.

    References
    ----------
    Exchange moves: N. Metropolis, A. W. Rosenbluth, M. N. Rosenbluth, A. H. Teller and E. Teller, J. Chem. Phys. 21,
    1087 (1953). doi:10.1063/1.1699114
    """

    title = "Replacement of graphitic nitrogen by potassium"
    question = "Does K from liquid NaK replace graphitic N, and would walls with the replaced sites attract more NaK?"
    default_models: ClassVar[tuple[str, ...]] = ("nak-cn", "nak-cn-2016")
    limits: ClassVar[tuple[str, ...]] = (
        "The model breaks no C–N bond: energies of reaction are sums of stated inputs, several of them recalled and "
        "not read. Barriers are unknown, and no figure of the paper that made the claim could be read.",
        "Only reactions of flat, ideal walls: graphitic N at edges, at holes or on small tubes may react otherwise.",
        "Core levels are outside the model: nothing is said of XPS.",
        "An occupancy is that of a site that holds one atom or none, over a sheet without liquid. Vibrations are "
        "harmonic, on a frozen wall; those along the sheet at a hollow are soft and not harmonic at room temperature.",
        "The wells of the holes are fitted to PBE energies of single atoms: that they raise the affinity was put in. "
        "They are not saturated by the first atom, as real ones are, and are not screened by the metal.",
        "Which metal a hole takes in the liquid is what the model says of several atoms at once; it is fitted to "
        "single ones, of which a hole prefers K. The amount of both metals is fixed: holes that take Na leave a bulk "
        "with more K.",
        "Sheets are flat, frozen and wetted on both faces: the affinity of a tube, by its own area, is larger.",
        "The time that an atom stays at a site is not measured, because atoms jump in exchange moves.",
    )

    def points(self) -> list[StudyPoint]:
        """Return the sites, then the runs.

        Raises
        ------
        InputError
            If an input is impossible.
        """
        require_possible(self.inputs, (*ACTIVITIES, *STATES), SHARES, STATES)
        return [
            *site_figures.points(self.models),
            *conversion.points(self.models, self.inputs, self.quick, self.seed),
            *sites_in_liquid.cool_points(self.models, self.inputs, self.quick, self.seed),
        ]

    def figures(self, results: PointResults) -> list[StudyFigure]:
        """Return the ledger, the sites and the series."""
        models = list(self.models)
        ledger = Ledger(self.inputs, site_figures.quanta(models[0], "K", results), self.seed)
        return [
            *ledger_figures.figures(ledger),
            *site_figures.figures(models, results, ledger),
            *conversion.figures(models, self.quick, results),
            *sites_in_liquid.figures(models, self.inputs, self.quick, results),
        ]

    def answers(self, figures: Figures) -> tuple[str, ...]:
        """Return the verdict on each claim."""
        return tuple(verdict.sentence for verdict in replacement_verdicts.verdicts(figures, list(self.models)))

    def tables(self, figures: Figures) -> list[StudyTable]:
        """Return a row for each reaction and each wall, then the other figures."""
        return page_tables.tables(figures, list(self.models), self.quick)

    def plot(self, figures: Figures, results: PointResults) -> Figure:
        """Return the ledger and the series."""
        return replacement_picture.draw(figures, list(self.models))
