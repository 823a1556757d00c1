"""The study of heat: does what an infrared camera sees come from a reaction of graphitic nitrogen?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from nakmd.analysis.plotting import Figure
from nakmd.studies.heat_study import heat_picture, heat_sentences, routes
from nakmd.studies.heat_study.forward import TEST_CHANGE, TEST_RISE, forward
from nakmd.studies.heat_study.inverse import by_calorimeter, by_camera, inverse
from nakmd.studies.heat_study.lumped import LUMPED
from nakmd.studies.input_samples import ends, require_possible, short, spread_figure, spread_tables
from nakmd.studies.study import Figures, PointResults, Study, StudyPoint, failure
from nakmd.studies.study_figures import StudyFigure, StudyTable

#: Samples of the inputs, and those of a quick study.
SAMPLES, QUICK_SAMPLES = 200_000, 20_000

#: Inputs that must be above 0, and those between 0 and 1.
POSITIVE = (
    "heat.mass", "heat.thickness", "heat.convection", "heat.support", "heat.release_time", "heat.band_low",
    "heat.band_high", "heat.start", "heat.metal_capacity", "heat.carbon_capacity", "heat.carbon_density",
    "heat.metal_conductivity", "heat.camera_noise", "heat.measured_time", "heat.measured_mass",
    "heat.measured_fraction", "heat.calorimeter_error", "heat.emissivity_set", "heat.emissivity_metal",
    "heat.emissivity_carbon", "heat.carbon_fraction", "heat.kc8", "heat.water_heat", "heat.oxygen_heat",
    "heat.replacement", "common.metal_density", "common.specific_surface", "common.nitrogen", "common.oxygen",
    "common.water",
)  # fmt: skip
SHARES = (
    "heat.carbon_fraction", "heat.measured_fraction", "heat.covered", "heat.emissivity_carbon",
    "heat.emissivity_metal", "heat.emissivity_set", "heat.converted", "heat.kc8_share", "common.potassium_fraction",
    "common.nitrogen", "common.graphitic_share", "common.oxygen", "common.water",
)  # fmt: skip

#: Inputs that the camera and the measurement need as exact numbers, and as numbers with an error.
EXACT = ("heat.band_low", "heat.band_high", "heat.start", "heat.emissivity_set", "heat.calorimeter_error")
UNCERTAIN = ("heat.measured_rise", "heat.measured_time")

#: Figures of each route: name in the result, beginning of the key, title, unit.
STEPS = (
    ("heat", "heat", "heat per gram of carbon", "J/g"),
    ("adiabatic", "adiabatic", "adiabatic rise", "K"),
    ("peak", "peak", "highest rise", "K"),
    ("seen", "seen", "highest reading", "K"),
)

BY_ROUTE, BY_MODEL, SHARE = "Routes", "Heat of wetting by model", "Share in the heat of all routes"
THERMAL, INFLUENCE = "Electrode and camera", "Rank correlation with the reading"
MEASURED, IDENTIFIED = "From the measured peak", "What a measurement tells of the routes together"

#: Inputs whose influence is listed.
LISTED = 8

#: Posteriors of the routes: key of the point, and its function.
INSTRUMENTS = {"camera": by_camera, "calorimeter": by_calorimeter}

#: Titles of what a route would need alone, and their units.
NEEDS: Mapping[str, str] = {
    routes.REPLACED: "replaced N over atoms of the wall",
    routes.KC8: "share of the carbon that becomes KC8",
    routes.OXYGEN: "oxygen over atoms of the wall",
    routes.WATER: "mass of water over that of the carbon",
}


class Heat(Study):
    """Routes of heat between NaK and carbon, the warming of an electrode, and what an infrared camera reads.

    Notes
    -----
    Heat q per gram of carbon, released at a rate of first order k; adiabatic rise w q/c; losses to gas, surroundings
    and support with a time τ. The rise is ΔT_ad κ/(κ-1) (exp(-t/τ) - exp(-k t)) with κ = kτ, its peak
    ΔT_ad κ^(1/(1-κ)) at ln κ/(k - 1/τ). The camera has the integral of Planck's law over its band, from a grey surface.

    References
    ----------
    Forests of nanotubes are almost black from 3 to 13 µm: Appl. Opt. 50, 1850 (2011).
    doi:10.1364/AO.50.001850
    Heat of mixing: T. Yokokawa and O. J. Kleppa, J. Chem. Phys. 40, 46 (1964). doi:10.1063/1.1724892
    """

    title = "Heat of contact and the infrared camera"
    question = "Does the heat that an infrared camera sees come from a reaction of graphitic nitrogen?"
    limits: ClassVar[tuple[str, ...]] = (
        "No temperature curve of the papers could be read. Nothing here is compared with one; the measured peak is "
        "made up until you replace it (--inputs).",
        "The heat of the nitrogen's route is what the hypothesis requires, 1.5 eV for each N. It is not computed, and "
        "the literal reaction is endothermic.",
        "Energies of adhesion are of the models, at 450 K, around a (10,10) tube, with wells that were fitted to PBE "
        "for flat sheets; a pyridinic site of the models binds more than one atom, so its heat is an upper bound.",
        "Wetting subtracts the surface energy of the same model, or the measured one: half of the difference is given "
        "as a systematic error, and the routes are drawn from both.",
        "One temperature of the whole electrode, one rate for all routes, a flat electrode without edges. A camera "
        "sees the surface, which may be ahead of the inside where tubes and metal are mixed by hand.",
        "Emissivity is grey and constant. While tubes are mixed in, it changes, and what bare metal reflects moves: "
        "both change the reading without any heat. A window of a glove box is not included.",
        "Routes add up. Water, oxygen groups and the oxide of the metal compete for the same metal, which is in "
        "excess.",
    )

    def points(self) -> list[StudyPoint]:
        """Return the forward computation and its inverse; `InputError` if an input is impossible."""
        require_possible(self.inputs, POSITIVE, SHARES, exact=EXACT, uncertain=UNCERTAIN)
        settings = {
            "inputs": self.inputs.to_dict(), "samples": QUICK_SAMPLES if self.quick else SAMPLES, "seed": self.seed,
        }  # fmt: skip
        return [
            StudyPoint("forward", forward, settings, cost=8.0),
            StudyPoint("inverse", inverse, settings),
            *(StudyPoint(key, function, settings, format=2) for key, function in INSTRUMENTS.items()),
        ]

    def figures(self, results: PointResults) -> list[StudyFigure]:
        """Return the figures of routes, of the electrode, and of the measured peak."""
        posteriors = [figure for name in INSTRUMENTS for figure in _of_routes(name, results[name])]
        return [*_of_forward(results["forward"]), *_of_inverse(results["inverse"]), *posteriors]

    def answers(self, figures: Figures) -> tuple[str, ...]:
        """Return what follows for the claim."""
        return tuple(heat_sentences.sentences(figures, self.inputs))

    def tables(self, figures: Figures) -> list[StudyTable]:
        """Return a table with a row for each route, and one of each other group."""
        return [_table_of_routes(figures), *spread_tables([f for f in figures if f.group != BY_ROUTE])]

    def plot(self, figures: Figures, results: PointResults) -> Figure:
        """Return what the camera would see for each route."""
        noise = self.inputs["heat.camera_noise"].middle
        return heat_picture.draw(results["forward"]["curves"], figures, noise)


def _of_forward(found: Mapping[str, Any]) -> Iterator[StudyFigure]:
    """Yield the figures of the forward computation."""
    for name, steps in found["routes"].items():
        for step, key, title, unit in STEPS:
            yield spread_figure(steps[step], f"{key}.{name}", f"{title}, {name}", unit, BY_ROUTE)
        yield StudyFigure(
            key=f"unseen.{name}", title=f"chance that the reading is below the noise, {name}", value=steps["unseen"],
            unit="1", group=BY_ROUTE,
        )  # fmt: skip
    for name, variants in found["variants"].items():
        for variant, heat in variants.items():
            yield spread_figure(heat, f"by model.{name}", f"heat per gram of carbon, {name}", "J/g", BY_MODEL, variant)
    for name, share in found["shares"].items():
        yield spread_figure(share, f"share.{name}", name, "1", SHARE)
    times, optics = found["times"], found["camera"]
    yield spread_figure(times["peak"], "time.peak", "time of the peak", "s", THERMAL)
    yield spread_figure(times["decay"], "time.decay", "time in which the warmth decays", "s", THERMAL)
    yield spread_figure(times["release"], "time.release", "time of the release, 1/k", "s", THERMAL)
    largest, lumped = found["biot"]["largest"], 100.0 * found["biot"]["lumped"]
    note = f"largest {largest:.2g}; below {LUMPED:g} in {lumped:g} % of the samples"
    yield spread_figure(found["biot"], "biot", "Biot number", "1", THERMAL, notes=(note,))
    yield spread_figure(optics["ratio"], "camera.ratio", "emissivity over the one that is set", "1", THERMAL)
    band = f"reading over rise, by the band, at {TEST_RISE:g} K"
    yield spread_figure(optics["band"], "camera.band", band, "1", THERMAL)
    background = f"reading for {TEST_CHANGE:g} K of what is reflected"
    yield spread_figure(optics["background"], "camera.background", background, "K", THERMAL)
    for name, correlation in list(found["influence"].items())[:LISTED]:
        yield StudyFigure(
            key=f"influence.{name}", title=f"{name}, with {routes.REPLACED}", value=correlation, unit="1",
            group=INFLUENCE,
        )  # fmt: skip


def _of_inverse(found: Mapping[str, Any]) -> Iterator[StudyFigure]:
    """Yield the heat from the measured peak, and what each route would need for it."""
    if "failed" in found:
        yield StudyFigure(
            key="inverse.heat", title="heat per gram of carbon", value=None, unit="J/g", group=MEASURED,
            notes=failure(found),
        )  # fmt: skip
        return
    note = f"effective number of samples {found['samples']:.0f}; the prior is flat in the logarithm"
    yield spread_figure(found["heat"], "inverse.heat", "heat per gram of carbon", "J/g", MEASURED, notes=(note,))
    yield spread_figure(found["rise"], "inverse.rise", "true highest rise", "K", MEASURED)
    for name, needed in found["needs"].items():
        note = f"the inputs allow {needed['most']:.3g} at most: chance {needed['possible']:.2f}"
        title = f"needed by {name} alone: {NEEDS[name]}"
        yield spread_figure(needed, f"needed.{name}", title, "1", MEASURED, notes=(note,))
        yield StudyFigure(
            key=f"possible.{name}", title=f"chance that {name} alone can be it", value=needed["possible"], unit="1",
            group=MEASURED,
        )  # fmt: skip


def _of_routes(instrument: str, found: Mapping[str, Any]) -> Iterator[StudyFigure]:
    """Yield what an instrument tells of the nitrogen's route if all routes occur together."""
    title = f"width of the heat of {routes.REPLACED} over that before"
    narrowing, error = (
        (None, None) if "failed" in found
        else (found[entry][routes.REPLACED] for entry in ("narrowing", "narrowing errors"))
    )  # fmt: skip
    yield StudyFigure(
        key=f"{instrument}.narrowing", title=title, model=instrument, value=narrowing, unit="1", statistical=error,
        group=IDENTIFIED, notes=failure(found),
    )  # fmt: skip
    if "failed" in found:
        return
    note = f"effective number of samples {found['samples']:.0f}"
    title = f"share of {routes.REPLACED} in all heat"
    share = found["shares"][routes.REPLACED]
    yield spread_figure(share, f"{instrument}.share", title, "1", IDENTIFIED, model=instrument, notes=(note,))
    for other, correlation in found["correlation"][routes.REPLACED].items():
        if other != routes.REPLACED:
            yield StudyFigure(
                key=f"{instrument}.correlation.{other}", title=f"correlation of {routes.REPLACED} and {other}",
                model=instrument, value=correlation, unit="1", group=IDENTIFIED,
            )  # fmt: skip


def _table_of_routes(figures: Figures) -> StudyTable:
    """Return the table with a row for each route."""
    rows = []
    for name in routes.ROUTES:
        cells = []
        for _, key, _, _ in STEPS:
            figure = figures[f"{key}.{name}"]
            low, high = ends(figure)
            cells.append(f"{short(figure.value or 0.0)} ({short(low)} … {short(high)})")
        rows.append((name, *cells, short(figures[f"unseen.{name}"].value or 0.0, 2)))
    columns = ("route", *(f"{title} / {unit}" for _, _, title, unit in STEPS), "below the noise")
    note = (
        "Median and the range of 95 % of the samples. Mixing is for metal that is not premixed. Below the noise: "
        "chance that the camera does not see it."
    )
    return StudyTable(BY_ROUTE, columns, rows, note)
