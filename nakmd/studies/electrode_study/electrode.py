"""The study of the electrode: what can "about 90 % activity" mean, and what does it ask of the carbon?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from nakmd.analysis.plotting import Figure
from nakmd.studies.electrode_study import electrode_picture, electrode_sentences
from nakmd.studies.electrode_study.electrode_samples import electrode_spreads
from nakmd.studies.input_samples import require_possible, spread_figure, spread_tables
from nakmd.studies.study import Figures, PointResults, Study, StudyPoint
from nakmd.studies.study_figures import StudyFigure, StudyTable

#: Samples of the inputs, and those of a quick study.
SAMPLES, QUICK_SAMPLES = 200_000, 20_000

#: Inputs that must be above 0, and those between 0 and 1.
POSITIVE = (
    "electrode.film", "electrode.aspect", "electrode.percolation", "electrode.wall_density", "electrode.layer_density",
    "electrode.temperature", "electrode.tension_model", "electrode.tension_measured", "electrode.height",
    "electrode.pore", "electrode.pressure", "electrode.fraction_before", "electrode.fraction_after",
    "common.metal_density", "common.specific_surface",
)  # fmt: skip
SHARES = (
    "electrode.active", "electrode.layer_held", "electrode.layer_potassium", "electrode.activity",
    "electrode.fraction_before", "electrode.fraction_after", "common.potassium_fraction", "common.nitrogen",
    "common.graphitic_share", "common.oxygen", "common.water",
)  # fmt: skip

READINGS, NEEDS, TIED = (
    "Readings of the active share",
    "What the claimed share needs",
    "Metal tied up, share of all metal",
)
CAPACITY, FILM, HOLD = "Capacity", "Film and network", "Capillary hold"

#: What the readings are, by letter.
MEANING: Mapping[str, str] = {
    "A": "free metal over the mass of the electrode",
    "B": "usable over theoretical capacity of the metal",
    "C": "free K over the mass of the electrode, as the capacity over that of pure K",
    "D": "activity of K, a_K = γ_K x_K",
}


class Electrode(Study):
    """Readings of "about 90 % activity", and the carbon, films, networks and pores that they ask for.

    Notes
    -----
    Reading A is (1 - w) - ℓ w, with w the carbon by mass and ℓ the metal that a gram of carbon ties up; B is
    1 - ℓ w/(1 - w); C counts K only; D is the thermodynamic activity. A film δ on a surface S gives
    w = 1/(1 + S δ ρ). Tubes form a network from φ = 0.7 diameter/length by volume. A pore withstands
    2 γ cos θ/r = 2 (W - γ)/r.

    References
    ----------
    Activities of Na and K, measured: E. E. Shpil'rain et al., High Temp. 40, 33 (2002). Its table was not read.
    doi:10.1023/A:1014230114968
    Heat of mixing: T. Yokokawa and O. J. Kleppa, J. Chem. Phys. 40, 46 (1964). doi:10.1063/1.1724892
    """

    title = "Carbon in the electrode and its active share"
    question = "What can an activity of about 90 % mean, and how much carbon does it allow?"
    limits: ClassVar[tuple[str, ...]] = (
        "The definition of the activity, the carbon content, and every figure of the paper could not be read: 0.90 is "
        "from its abstract in words, the 0.02 is assumed.",
        "Bound metal is counted from stated amounts of oxygen, water and nitrogen; that graphitic N holds K is "
        "assumed for the count, and other studies contradict it.",
        "Metal that is isolated, oxidised or lost to the electrolyte, and everything that depends on current and "
        "cycles, is not included: reading B is an upper bound.",
        "The works of adhesion on doped walls follow from affinities, not from free energies; contact angles of the "
        "models are qualitative. How the carbon fraction depends on the work of adhesion along a series of converted "
        "sites is unknown: there are no such runs.",
        "Pores are cylinders of one radius. Tubes that touch, bundle or float out of the metal are not included.",
        "The activity of K is recalled, not read; the regular solution beside it has the measured sign and a recalled "
        "size.",
    )

    def points(self) -> list[StudyPoint]:
        """Return the one computation; `InputError` if an input is impossible."""
        require_possible(self.inputs, POSITIVE, SHARES)
        settings = {
            "inputs": self.inputs.to_dict(), "samples": QUICK_SAMPLES if self.quick else SAMPLES, "seed": self.seed,
        }  # fmt: skip
        return [StudyPoint("electrode", electrode_spreads, settings)]

    def figures(self, results: PointResults) -> list[StudyFigure]:
        """Return the figures of readings, needs, bound metal, capacities, films, network and hold."""
        found = results["electrode"]
        return [*_of_readings(found), *_of_needs(found), *_of_metal(found), *_of_carbon(found)]

    def answers(self, figures: Figures) -> tuple[str, ...]:
        """Return what follows for the claim."""
        return tuple(electrode_sentences.sentences(figures, self.inputs))

    def tables(self, figures: Figures) -> list[StudyTable]:
        """Return a table of each group."""
        return list(spread_tables(figures))

    def plot(self, figures: Figures, results: PointResults) -> Figure:
        """Return the map of surface and film, the readings against the carbon fraction, and the hold of pores."""
        return electrode_picture.draw(results["electrode"], figures, self.inputs)


def _of_readings(found: Mapping[str, Any]) -> Iterator[StudyFigure]:
    for state, carbon in (("before", "more carbon"), ("after", "less carbon")):
        for letter, value in found["readings"][state].items():
            yield spread_figure(value, f"{letter}.{state}", f"{letter}, {MEANING[letter]}, {carbon}", "1", READINGS)
    title = f"D, {MEANING['D']}"
    yield spread_figure(found["D"]["recalled"], "D", title, "1", READINGS, model="recalled")
    yield spread_figure(found["D"]["regular"], "D", title, "1", READINGS, model="regular solution")


def _of_needs(found: Mapping[str, Any]) -> Iterator[StudyFigure]:
    needs = found["needs"]
    yield spread_figure(needs["A"], "needs.A", "carbon by mass, by A", "1", NEEDS)
    yield spread_figure(needs["A film"], "needs.A.film", "film on the tubes, by A", "nm", NEEDS)
    yield StudyFigure(
        key="needs.A.network", title="chance that this carbon forms a network", value=needs["A above network"],
        unit="1", group=NEEDS,
    )  # fmt: skip
    yield spread_figure(needs["B"], "needs.B", "carbon by mass, by B", "1", NEEDS)
    yield spread_figure(
        needs["C"], "needs.C", "K in the metal by mass, by C, with less carbon (above 1: impossible)", "1", NEEDS
    )
    yield spread_figure(needs["C most"], "needs.C.most", "C of this NaK without any carbon", "1", NEEDS)
    yield spread_figure(needs["D"], "needs.D", "x_K, by D of a regular solution", "1", NEEDS)


def _of_metal(found: Mapping[str, Any]) -> Iterator[StudyFigure]:
    titles = {
        "layer": "first layer", "nitrogen": "graphitic nitrogen", "oxygen": "oxygen groups", "water": "water",
        "total": "all together",
    }  # fmt: skip
    for name, title in titles.items():
        yield spread_figure(found["tied"][name], f"tied.{name}", f"{title}, less carbon", "1", TIED)
    titles = {
        "NaK": "NaK, Na and K", "K of NaK": "NaK, K only", "electrode": "electrode, less carbon, Na and K",
        "K of electrode": "electrode, less carbon, K only", "electrode, free": "the same without bound metal, Na and K",
    }  # fmt: skip
    for name, title in titles.items():
        yield spread_figure(found["capacity"][name], f"capacity.{name}", title, "mAh/g", CAPACITY)
    title = "capacity with less carbon over that with more"
    yield spread_figure(found["capacity"]["gain"], "capacity.gain", title, "1", CAPACITY)


def _of_carbon(found: Mapping[str, Any]) -> Iterator[StudyFigure]:
    film, network = found["film"], found["network"]
    yield spread_figure(film["fraction"], "film.fraction", "carbon by mass for the assumed films", "1", FILM)
    yield spread_figure(film["A"], "film.A", "A for the assumed films", "1", FILM)
    yield spread_figure(film["before"], "film.before", "film, more carbon", "nm", FILM)
    yield spread_figure(film["after"], "film.after", "film, less carbon", "nm", FILM)
    yield spread_figure(network["fraction"], "network", "carbon by mass from which tubes form a network", "1", FILM)
    yield StudyFigure(
        key="network.below",
        title="chance that less carbon forms no network",
        value=network["below"],
        unit="1",
        group=FILM,
    )
    for wall, tensions in found["hold"].items():
        for tension, hold in tensions.items():
            yield spread_figure(hold["angle"], f"angle.{wall}", f"contact angle, {wall}", "°", HOLD, tension)
            title = f"pressure that pores withstand, {wall}"
            yield spread_figure(hold["pressure"], f"pressure.{wall}", title, "kPa", HOLD, tension)
            for load, words in (("weight", "its own weight"), ("pressure", "weight and the assumed pressure")):
                yield StudyFigure(
                    key=f"holds.{load}.{wall}", title=f"chance that pores hold the metal against {words}, {wall}",
                    model=tension, value=hold[f"against {load}"], unit="1", group=HOLD,
                )  # fmt: skip
