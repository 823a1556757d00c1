"""The study of heat: routes, the lumped electrode, the camera, and what a measured peak says."""

import json

import numpy as np
import pytest
from scipy import constants
from scipy.integrate import quad, solve_ivp

from nakmd.analysis.immersion import temperature_rise
from nakmd.analysis.surface_figures import SurfaceFigures
from nakmd.errors import RunError
from nakmd.potentials.library import read_set
from nakmd.resources import data_folder
from nakmd.studies import load_inputs
from nakmd.studies.heat_study import routes
from nakmd.studies.heat_study.camera import Camera, band_radiance
from nakmd.studies.heat_study.forward import forward
from nakmd.studies.heat_study.heat import EXACT, POSITIVE, SHARES, UNCERTAIN
from nakmd.studies.heat_study.inverse import by_calorimeter, by_camera, inverse
from nakmd.studies.heat_study.lumped import LumpedElectrode, peak_share, peak_time, warming
from nakmd.studies.input_samples import effective_number, sample, spread

BAND = 7.5e-6, 13e-6


def worked(**changes):
    """Return the electrode of the worked case: 5 % carbon, 0.1 g, 0.5 mm, emissivity 0.5, 1 mW/K to the support."""
    return LumpedElectrode(
        **{
            "mass": 1e-4, "carbon_fraction": 0.05, "thickness": 5e-4, "convection": 10.0, "support": 1e-3,
            "emissivity": 0.5, "capacity_metal": 930.0, "capacity_carbon": 710.0, "density_metal": 870.0,
            "density_carbon": 1500.0, "start": 298.15, **changes,
        }
    )  # fmt: skip


def test_worked_case():
    """190 J/g released within 10 s: computed by hand from the formulas, to 1e-3."""
    body, rate = worked(), 0.1
    adiabatic = body.adiabatic_rise(190e3)
    assert adiabatic == pytest.approx(10.337, rel=1e-3)
    assert adiabatic == pytest.approx(temperature_rise(190.0, 0.05), rel=1e-12)
    assert body.decay_time == pytest.approx(13.57, rel=1e-3)
    assert peak_time(rate, body.decay_time) == pytest.approx(11.605, rel=1e-3)
    assert adiabatic * peak_share(rate, body.decay_time) == pytest.approx(4.396, rel=1e-3)


@pytest.mark.parametrize(("rate", "tau"), [(0.1, 13.57), (0.5, 2.0), (0.01, 20.0), (2.0, 40.0)])
def test_warming_solves_the_balance_of_heat(rate, tau):
    """The balance, integrated: dT/dt = k exp(-kt) - T/τ. The second case has κ = 1."""
    end = float(peak_time(rate, tau))
    solved = solve_ivp(lambda t, y: rate * np.exp(-rate * t) - y / tau, (0.0, 2.0 * end), [0.0], rtol=1e-9, atol=1e-12,
                       dense_output=True)  # fmt: skip
    times = np.linspace(0.0, 2.0 * end, 41)
    assert warming(times, rate, tau) == pytest.approx(solved.sol(times)[0], abs=1e-7)
    assert peak_share(rate, tau) == pytest.approx(float(warming(end, rate, tau)), rel=1e-12)
    assert warming(times, rate, tau).max() <= peak_share(rate, tau) * (1.0 + 1e-12)


def test_limits_of_the_peak():
    assert peak_share(1.0, 1.0) == pytest.approx(1.0 / np.e, rel=1e-12)
    assert peak_time(1.0 + 1e-7, 1.0) == pytest.approx(1.0, rel=1e-6)
    # a release that is much faster than the losses is adiabatic: κ^(-1/κ) is 1 - 1.4e-5 for κ = 1e6
    assert peak_share(1e6, 1.0) == pytest.approx(1.0, abs=2e-5)
    assert worked().biot(22.4) == pytest.approx((10.0 + 2.0 * constants.sigma * 298.15**3) * 5e-4 / 22.4, rel=1e-12)


def test_radiance_within_a_band():
    """The series of the fraction below a wavelength, and the law of Stefan and Boltzmann for a wide band."""

    def below(wavelength, temperature):
        x = constants.h * constants.c / (wavelength * constants.k * temperature)
        n = np.arange(1, 200)
        part = np.sum(np.exp(-n * x) * (x**3 / n + 3.0 * x**2 / n**2 + 6.0 * x / n**3 + 6.0 / n**4))
        return 15.0 / np.pi**4 * part * constants.sigma * temperature**4 / np.pi

    for temperature in (250.0, 298.15, 500.0):
        expected = below(BAND[1], temperature) - below(BAND[0], temperature)
        assert band_radiance(temperature, *BAND) == pytest.approx(expected, rel=1e-10)

    def planck(wavelength):
        power = constants.h * constants.c / (wavelength * constants.k * 298.15)
        return 2.0 * constants.h * constants.c**2 / wavelength**5 / np.expm1(power)

    assert band_radiance(298.15, *BAND) == pytest.approx(quad(planck, *BAND, epsrel=1e-10)[0], rel=1e-9)


def test_camera():
    camera = Camera(*BAND, start=298.15, setting=0.95)
    # small rises: the ratio of the emissivities; the band makes it larger for large ones, as B is convex
    assert camera.reading(0.5, 0.5) == pytest.approx(0.5 * 0.5 / 0.95, rel=2e-3)
    assert camera.reading(50.0, 0.5) > 1.03 * 50.0 * 0.5 / 0.95
    assert camera.reading(30.0, 0.95) == pytest.approx(30.0, abs=1e-4)
    # what is reflected and does not change cancels to first order
    assert camera.reading(3.0, 0.3, 5.0) == pytest.approx(float(camera.reading(3.0, 0.3)), rel=0.05)
    assert camera.background(1.0, 0.95) == pytest.approx(0.05 / 0.95, rel=0.02)
    rises = np.array([-20.0, 0.4, 12.0, 80.0])
    assert camera.rise(camera.reading(rises, 0.2, 1.0), 0.2, 1.0) == pytest.approx(rises, abs=1e-3)


def test_routes():
    """Heats of stated amounts, computed by hand."""
    samples = {name: values[:1] for name, values in sample(load_inputs().of("heat", "common").to_dict(), 2, 0).items()}
    samples |= {name: np.array([x]) for name, x in {
        "nitrogen": 0.04, "graphitic_share": 0.4, "converted": 1.0, "replacement": 1.5, "oxygen": 0.0, "water": 0.01,
        "water_heat": 139.0, "specific_surface": 200.0, "adhesion_pristine_nak-2026": 0.25, "screening_error": 0.0,
        "surface_nak-2026": 0.1, "surface_measured": 0.15, "mixing": 0.73, "potassium_fraction": 0.68,
        "fusion_k": 2.32, "fusion_na": 2.6, "carbon_fraction": 0.5,
    }.items()}  # fmt: skip
    # 1.333 mmol of N per gram of a wall of 12.09 g/mol, 144.7 kJ/mol each
    assert routes.replaced(samples) == pytest.approx(191.5, rel=1e-3)
    assert routes.water(samples) == pytest.approx(77.2, rel=1e-3)
    assert routes.wetting(samples, "pristine", "nak-2026", "of the model") == pytest.approx(30.0)
    assert routes.wetting(samples, "pristine", "nak-2026", "measured") == pytest.approx(20.0)
    # 4 × 0.68 × 0.32 × 0.73 kJ/mol in 33.94 g/mol; half carbon: per gram of it the same
    assert routes.mixing(samples, of_solids=False) == pytest.approx(-18.7, rel=2e-3)
    assert routes.mixing(samples, of_solids=True) == pytest.approx(-89.7, rel=2e-3)
    found = routes.heats(samples, 0)
    assert found[routes.LIQUIDS] == pytest.approx(-18.7, rel=2e-3)
    assert set(found) == set(routes.ROUTES)


@pytest.fixture(scope="module")
def entries():
    return load_inputs().of("heat", "common").to_dict()


@pytest.fixture(scope="module")
def found(entries):
    return forward(entries, 20_000, 0)


@pytest.mark.parametrize(
    ("name", "step", "expected", "tolerance"),
    [
        # a prototype of this study with other code; 20,000 samples have 1.5 % (median) to 4 % (5 and 95 %) of noise
        (routes.REPLACED, "heat", (22.0, 91.0, 246.0), 0.06),
        (routes.REPLACED, "adiabatic", (1.4, 7.4, 27.0), 0.06),
        (routes.REPLACED, "peak", (0.44, 3.3, 16.0), 0.08),
        (routes.KC8, "adiabatic", (1.2, 13.0, 42.0), 0.08),
        (routes.OXYGEN, "adiabatic", (11.0, 51.0, 155.0), 0.06),
        (routes.WATER, "adiabatic", (1.3, 9.0, 28.0), 0.06),
    ],
)
def test_percentiles_of_the_routes(found, name, step, expected, tolerance):
    spreads = found["routes"][name][step]
    assert [spreads[p] for p in ("5", "50", "95")] == pytest.approx(expected, rel=tolerance)


def test_figures_of_electrode_and_shares(found):
    """Percentiles of the same prototype."""
    for spreads, expected in (
        (found["times"]["peak"], (3.0, 10.0, 36.0)), (found["times"]["decay"], (3.3, 19.0, 56.0)),
        (found["shares"][routes.REPLACED], (0.02, 0.085, 0.25)),
    ):  # fmt: skip
        assert [spreads[p] for p in ("5", "50", "95")] == pytest.approx(expected, rel=0.06)
    assert found["biot"]["lumped"] == 1.0
    assert found["biot"]["largest"] == pytest.approx(1.8e-3, rel=0.1)  # of 19 W/m²/K and 2 mm
    assert sum(found["shares"][name]["50"] for name in found["shares"]) == pytest.approx(1.0, abs=0.1)
    assert found["influence"]["converted"] > 0.3
    times, (low, middle, high) = found["curves"]["time"], np.array(found["curves"][routes.REPLACED])
    assert low[0] == middle[0] == high[0] == 0.0
    assert 3.0 < times[int(np.argmax(middle))] < 36.0


def test_the_posterior_covers_the_heat_that_was_put_in(entries):
    """The example of a measurement is the forward figure of 190 J/g: it lies in the range of 68 %."""
    result = inverse(entries, 20_000, 0)
    assert result["heat"]["16"] < 190.0 < result["heat"]["84"]
    assert result["rise"]["16"] < 4.396 < result["rise"]["84"]
    # what is needed by a route alone is in proportion to the heat
    assert result["needs"][routes.KC8]["50"] == pytest.approx(result["heat"]["50"] / 351.9, rel=0.02)
    # if the emissivity, the losses and the time are known, the heat is: the reading has 9 %, the carbon 10 %
    known = {"covered": 0.0, "emissivity_metal": 0.5, "convection": 10.0, "support": 1e-3, "thickness": 0.5,
             "release_time": 10.0, "metal_capacity": 0.93, "reflected": 0.0, "measured_mass": 0.1}  # fmt: skip
    exact = {
        key: {**entry, "value": known[key[5:]], "distribution": "exact", "error": None, "low": None, "high": None}
        if key[5:] in known
        else entry
        for key, entry in entries.items()
    }
    narrow = inverse(exact, 20_000, 0)
    assert narrow["heat"]["50"] == pytest.approx(190.0, rel=0.03)
    assert 0.5 * (narrow["heat"]["84"] - narrow["heat"]["16"]) == pytest.approx(190.0 * np.hypot(0.087, 0.1), rel=0.15)


def test_identifiability(entries):
    """A sum of known size: its main part is anticorrelated with the others, and the only one that becomes narrower."""
    calorimeter, camera = by_calorimeter(entries, 20_000, 0), by_camera(entries, 20_000, 0)
    for posterior in (calorimeter, camera):
        correlations = posterior["correlation"]
        assert correlations[routes.KC8][routes.KC8] == pytest.approx(1.0)
        assert correlations[routes.WATER][routes.KC8] == pytest.approx(correlations[routes.KC8][routes.WATER])
    assert calorimeter["correlation"][routes.REPLACED][routes.OXYGEN] < -0.3
    assert calorimeter["narrowing"][routes.OXYGEN] < 0.6
    # correlations of 800 samples have a noise of 0.035
    assert abs(camera["correlation"][routes.REPLACED][routes.OXYGEN]) < 0.15
    assert camera["narrowing"][routes.REPLACED] > 0.85
    # two routes only: the sum of known size makes one the other's complement
    few = load_inputs().changed(
        common__oxygen=1e-9, common__water=1e-9, common__specific_surface=1e-6, heat__calorimeter_error=0.01
    )
    two = by_calorimeter(few.of("heat", "common").to_dict(), 20_000, 0)
    assert two["correlation"][routes.REPLACED][routes.KC8] < -0.99


def test_the_error_of_a_width_is_its_scatter_over_seeds(entries):
    runs = [by_calorimeter(entries, 4_000, seed) for seed in range(16)]
    for route in (routes.REPLACED, routes.OXYGEN):
        scatter = np.std([run["narrowing"][route] for run in runs], ddof=1)
        error = np.mean([run["narrowing errors"][route] for run in runs])
        # the scatter of 16 is known to 18 %: three times that
        assert 0.5 < error / scatter < 1.6


def test_a_time_that_no_sample_has_is_refused(entries):
    late = {**entries["heat.measured_time"], "value": 4000.0}
    with pytest.raises(RunError, match=r"Too few samples .* agree with heat\.measured_time = 4000\.0 ± 1\.0 s"):
        inverse({**entries, "heat.measured_time": late}, 5_000, 0)


def test_spreads():
    values = np.arange(1.0, 100_002.0)
    found = spread(values)
    assert [found["2.5"], found["50"], found["97.5"]] == pytest.approx([2501.0, 50_001.0, 97_501.0])
    # half a √n of ranks, with a unit of distance between them
    assert found["sampling"] == pytest.approx(0.5 * np.sqrt(len(values)), rel=1e-3)
    weighted = spread(values, np.ones(len(values)))
    for key, value in found.items():
        assert weighted[key] == pytest.approx(value, abs=1.0)
    assert effective_number(np.array([1.0, 1.0, 0.0, 0.0])) == 2.0
    assert effective_number(np.zeros(3)) == 0.0


def test_inputs_are_those_of_the_stored_runs():
    """Affinities, their slopes and surface energies are copies of results in this repository, to the digits given."""
    known, results = load_inputs(), data_folder("examples") / "nitrogen_sites" / "results"
    files = {name: json.loads((results / f"{name}.json").read_text())["results"] for name in ("results", "sweep_2016")}
    for wall in routes.WALLS:
        for metal, name in zip(routes.METAL_SETS, files):
            stored = files[name]["1"][wall]["affinity / J/m²"]
            assert known[f"heat.adhesion_{wall}_{metal}"].value == pytest.approx(stored["value"], abs=6e-4)
            assert known[f"heat.adhesion_{wall}_{metal}"].error == pytest.approx(stored["error"], rel=0.15)
        weak, one, strong = (files["sweep_2016"][s][wall]["affinity / J/m²"]["value"] for s in ("0.5", "1", "1.3"))
        slopes = (one - weak) / 0.5, (strong - one) / 0.3
        assert known[f"heat.adhesion_slope_{wall}"].value == pytest.approx(np.mean(slopes), abs=6e-3)
        assert known[f"heat.adhesion_slope_{wall}"].error == pytest.approx(0.5 * abs(np.diff(slopes)[0]), abs=6e-3)
    for metal, record in (("nak-2026", "nak-2026"), ("nak-2016", "nichol-ackland-2016")):
        points = [entry.model_dump() for entry in read_set(record).surface]
        surface = SurfaceFigures.from_stored({"name": record, "note": "", "points": points}).at(0.67, 450.0).energy
        assert known[f"heat.surface_{metal}"].value == pytest.approx(surface.value, abs=6e-5)
        assert known[f"heat.surface_{metal}"].error == pytest.approx(surface.error, abs=6e-5)


def test_lists_of_checked_inputs_exist():
    known = load_inputs()
    for key in (*POSITIVE, *SHARES, *EXACT, *UNCERTAIN):
        assert key in known
