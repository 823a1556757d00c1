"""`nakmd validate`: references, verdicts, the plan, and each group against independent values."""

import math

import ase
import ase.io
import numpy as np
import pytest
from ase.calculators.singlepoint import SinglePointCalculator

from nakmd.analysis import Measure
from nakmd.elements import MASSES
from nakmd.errors import InputError
from nakmd.potentials import load
from nakmd.studies import LIQUID_QUICK, validate
from nakmd.studies.validation import adsorption, cold, liquid, surface
from nakmd.studies.validation.findings import Finding, together
from nakmd.studies.validation.point_findings import findings_of
from nakmd.studies.validation.points import Point, points_for
from nakmd.studies.validation.references import Reference, curves, reference_for, sources
from nakmd.studies.validation.scales import QUICK
from nakmd.studies.validation.wanted import QUANTITIES, Wanted
from nakmd.units import ACCELERATION, GPA_PER_EV_A3


# ------------------------------------------------------------------------------------------ references
@pytest.mark.parametrize(
    ("quantity", "of", "temperature", "low", "high", "digits"),
    [
        # values of the reference tables, rounded to the digits compared here
        ("density", "Na", 400.0, 0.919, 0.919, 5e-4),
        ("density", "Na", 573.0, 0.881, 0.881, 5e-4),
        ("density", "K", 400.0, 0.814, 0.814, 6e-4),
        ("density", "K", 573.0, 0.774, 0.774, 6e-4),
        ("density", "NaK 0.67", 400.0, 0.8367, 0.845, 6e-4),
        ("diffusion of Na", "Na", 400.0, 0.527, 0.527, 1e-3),
        ("diffusion of K", "K", 473.0, 0.886, 0.886, 1e-3),
        ("viscosity", "Na", 400.0, 0.599, 0.599, 6e-4),
        ("viscosity", "NaK 0.67", 300.0, 0.59, 0.81, 1e-2),
        ("surface tension", "Na", 400.0, 183.6, 183.6, 0.05),
        ("surface tension", "K", 400.0, 110.2, 110.2, 0.05),
    ],
)
def test_curves_have_the_values_of_their_sources(quantity, of, temperature, low, high, digits):
    reference = reference_for(quantity, of, temperature)
    assert (reference.low, reference.high) == (pytest.approx(low, abs=digits), pytest.approx(high, abs=digits))


def test_references_have_sources_and_a_limited_range():
    assert {key for curve in curves() for key in curve.source.split(" and ")} <= set(sources())
    assert reference_for("viscosity", "K", 400.0) is None  # measured above 623 K
    assert reference_for("density", "Na", 350.0).note == "extrapolated beyond its range"
    assert reference_for("diffusion of Na", "NaK 0.67", 400.0) is None


# -------------------------------------------------------------------------------------------- verdicts
def finding(value, reference, error=0.0, size_error=0.0):
    return Finding(
        group="cold", quantity="q", of="Na", value=value, error=error, size_error=size_error, unit="eV",
        reference=reference,
    )  # fmt: skip


def test_verdicts():
    """Two combined standard errors of value, size and reference; intervals relative to the nearest end; bounds."""
    single = Reference(1.0, 1.0, 0.03, "common", "published")
    assert finding(1.059, single).verdict == "agrees"
    assert finding(1.061, single).verdict_text == "off by +6.1 %"
    assert finding(1.09, single, error=0.04).verdict == "agrees"  # hypot(0.03, 0.04) = 0.05
    assert finding(1.09, single, size_error=0.04).verdict == "agrees"
    assert finding(0.7, single).verdict_text == "off by -30 %"
    interval = Reference(2.0, 3.0, 0.0, "common", "published")
    assert finding(2.5, interval).verdict == "agrees"
    assert finding(3.3, interval).verdict_text == "off by +10 %"
    assert finding(-9.5, Reference(0.0, math.inf, 0.0, "common", "published")).verdict_text == "off by -9.5 eV"
    assert finding(1.0, None).verdict == "no reference"
    assert finding(math.nan, single).verdict == "not measured"


# ------------------------------------------------------------------------------------------------ cold
@pytest.fixture(scope="module")
def sodium():
    return cold.measure(load("nak-2016"), {"element": "Na"}, 0)


def test_cold_sodium_agrees_with_the_paper(sodium):
    """Same values as tests/physics/test_crystals.py, which uses independent code: to the digits of the table."""
    expected = {"a": (4.2906, 5e-5), "cohesion": (1.109, 5e-5), "C11": (8.20, 6e-3), "C12": (6.70, 6e-3)}
    expected |= {"C44": (5.53, 6e-3), "vacancy": (0.365, 5e-4), "fcc": (-3.2e-3, 5e-5)}
    for key, (value, digits) in expected.items():
        assert sodium[key] == pytest.approx(value, abs=digits), key
    # hcp and fcc agree up to second neighbours, and the cutoff is below the third
    assert sodium["hcp"] == pytest.approx(sodium["fcc"], abs=1e-6)


def test_acoustic_phonons_agree_with_elastic_constants(sodium):
    """m ω² = C q² V/2 for q → 0; at q = 0.02 (2π/a) dispersion is about q²/6 = 0.3 % at most."""
    phonons = cold.ForceConstants.measure(load("nak-2016"), "Na", sodium["a"])
    density = 2.0 * MASSES["Na"] / sodium["a"] ** 3
    c11, c12, c44 = (sodium[name] for name in ("C11", "C12", "C44"))
    for direction, moduli in (
        ((1.0, 0.0, 0.0), (c44, c44, c11)),
        ((1.0, 1.0, 0.0), (0.5 * (c11 - c12), c44, 0.5 * (c11 + c12) + c44)),
    ):
        q = 0.02 * np.array(direction)
        omega = 2.0 * math.pi * phonons.frequencies(q)
        k = 2.0 * math.pi / sodium["a"] * np.linalg.norm(q)
        from_phonons = density * (omega / k) ** 2 / ACCELERATION * GPA_PER_EV_A3
        assert from_phonons == pytest.approx(moduli, rel=5e-3)


# ---------------------------------------------------------------------------------------------- liquid
def test_peak_and_symmetric_count_of_a_known_shell():
    """4πr²ρg(r) is a Gaussian of 9.5 neighbours at 3.8 Å: twice the half below its maximum is the whole."""
    r, density, width = np.arange(0.02, 10.0, 0.04), 0.024, 0.35
    shell = 9.5 * np.exp(-0.5 * ((r - 3.8) / width) ** 2) / (width * math.sqrt(2.0 * math.pi))
    g = shell / (4.0 * math.pi * r**2 * density)
    position, height = liquid.peak_of(r, g, 3.74)
    # g ~ exp(-(r - r0)²/2s²)/r² has its maximum where r (r0 - r) = 2 s²
    expected = 0.5 * (3.8 + math.sqrt(3.8**2 - 8.0 * width**2))
    assert position == pytest.approx(expected, abs=0.01)  # parabola through an asymmetric peak, bins of 0.04 Å
    assert height == pytest.approx(g.max(), rel=0.01)
    assert liquid.symmetric_count(r, g, density, 3.74) == pytest.approx(9.5, rel=0.01)


def test_runs_are_averaged_with_weights():
    mean = together([Measure(1.0, 0.1, "eV", 20.0), Measure(1.3, 0.3, "eV", 20.0), Measure(math.nan, 1.0, "eV", 1.0)])
    assert mean.value == pytest.approx((1.0 / 0.01 + 1.3 / 0.09) / (1.0 / 0.01 + 1.0 / 0.09))
    assert mean.error == pytest.approx(1.0 / math.sqrt(1.0 / 0.01 + 1.0 / 0.09))


def test_expansion_follows_from_the_densities():
    points, results = [], {}
    for temperature in (300.0, 400.0, 573.0):
        params = {"x_K": 0.67, "temperature": temperature, "atoms": QUICK.atoms}
        point = Point(f"liquid/{temperature}", "liquid", ("Na", "K"), params)
        density = {"value": 0.9 * math.exp(-2.8e-4 * temperature), "error": 1e-4, "unit": "g/cm³", "n_effective": 50.0}
        points.append(point)
        results[point.key] = {"density": density, "volume_spread": 1e-4}
    (expansion,) = findings_of(points, results, Wanted(["expansion"]), QUICK)
    assert expansion.value == pytest.approx(2.8, abs=1e-9)
    # high: the fit 0.93368 - 2.424e-4 T between 300 and 573 K; low: Foust's rule
    line = -math.log((0.93368 - 2.424e-4 * 573.0) / (0.93368 - 2.424e-4 * 300.0)) / 273.0 * 1e4
    assert expansion.reference.high == pytest.approx(line, rel=0.01)  # three-point fit against two end points
    assert 2.6 < expansion.reference.low < 2.8


# --------------------------------------------------------------------------------------------- surface
def test_segregation_of_a_synthetic_film():
    """Equal numbers inside, only K in the outer 4 Å: the excess is the K of the layer, its share 1."""
    depth = np.arange(0.125, 45.0, 0.25)
    inside, outer = depth < 26.0, (depth >= 26.0) & (depth < 30.0)
    counts = np.array([inside * 1.0, inside * 1.0 + outer * 2.0])
    blocks = counts[None] * np.random.default_rng(3).normal(1.0, 0.01, (64, 1, 1))
    excess, share = surface.segregation(blocks, depth, area=400.0)
    assert excess.value == pytest.approx(2.0 * np.sum(outer) / (2.0 * 400.0) * 100.0, rel=0.01)
    # the bin at the boundary, 26 Å, may belong to either side
    assert share.value == pytest.approx(1.0, abs=0.04)
    thin = depth < 8.0
    assert math.isnan(surface.segregation(np.array([thin * 1.0, thin * 1.0])[None], depth, 400.0)[0].value)


# ------------------------------------------------------------------------------------------ adsorption
def test_sheets_agree_with_the_dft_data():
    """32 atoms at the PBE lattice constant; the neighbours of each site are at the expected distance."""
    bond = adsorption.LATTICE / math.sqrt(3.0)
    for site, near, distance in (
        ("hollow", 6, bond), ("top", 1, 0.0), ("bridge", 2, 0.5 * bond), ("on N", 1, 0.0), ("beside N", 6, bond),
        ("far from N", 6, bond), ("three N", 3, bond + adsorption.OUTWARD), ("bare vacancy", 3, bond),
    ):  # fmt: skip
        sheet = adsorption.sheet_for(site)
        away = np.linalg.norm(sheet.cell.minimum_image(sheet.positions - sheet.place), axis=1)
        assert np.sum(np.abs(away - distance) < 1e-9) == near, site
        assert len(sheet.positions) == (31 if site in ("three N", "bare vacancy") else 32)
        if "N" in site and site != "three N":
            nitrogen = away[sheet.species == 1]
            assert nitrogen == pytest.approx({"on N": 0.0, "beside N": bond}.get(site, nitrogen))
    assert nitrogen[0] > 0.0


def test_dft_points_are_adsorption_energies(tmp_path, monkeypatch):
    """Frames of two files, one with another basis and one of another type."""
    folder = tmp_path / "fit" / "data"
    folder.mkdir(parents=True)
    first = [
        frame_of("C", -50.0, "graphene_clean", "PW300"), frame_of("K", -1.0, "isolated_atom", "PW300"),
        frame_of("CK", -51.7, "graphene_hollow", "PW300", metal="K", height=2.7),
        frame_of("CK", -51.9, "graphene_hollow", "PW450", metal="K", height=2.7),
        frame_of("CNa", -51.9, "graphene_hollow", "PW300", metal="Na", height=2.7),
    ]  # fmt: skip
    ase.io.write(folder / "a.extxyz", first)
    second = [  # one height, without and with spin polarisation
        frame_of("CK", energy, "graphene_top", "PW300", metal="K", height=2.5) for energy in (-51.4, -51.5)
    ]
    ase.io.write(folder / "b.extxyz", second)
    monkeypatch.setattr(adsorption, "data_folder", lambda name: tmp_path)
    points = adsorption.dft_points("K")
    assert points.keys() == {"hollow", "top"}
    assert points["hollow"] == [(2.7, pytest.approx(-0.7))]
    assert points["top"] == [(2.5, pytest.approx(-0.5))]
    assert adsorption.dft_points("Na") == {}  # no isolated Na atom in the data


def frame_of(symbols, energy, kind, basis, **more):
    atoms = ase.Atoms(symbols, np.arange(3.0 * len(ase.Atoms(symbols))).reshape(-1, 3), cell=[9.0] * 3, pbc=True)
    atoms.info |= {"config_type": kind, "basis": basis, **more}
    atoms.calc = SinglePointCalculator(atoms, energy=energy)
    return atoms


@pytest.mark.slow
def test_adsorption_of_the_dilute_set_agrees_with_its_fit():
    """-0.800 eV at 2.600 Å on a wide sheet with bonds of 1.42 Å; bonds of 1.4243 Å change it by 4 meV."""
    sites = ["hollow", "bridge", "top", "three N"]
    record = adsorption.measure(load("nak-cn-dilute"), {"metal": "K", "sites": sites}, 0)
    assert record["hollow"]["energy"] == pytest.approx(-0.800, abs=6e-3)
    assert record["hollow"]["height"] == pytest.approx(2.600, abs=5e-3)
    assert record["top"]["energy"] - record["hollow"]["energy"] == pytest.approx(0.070, abs=3e-3)
    assert record["three N"]["energy"] < -2.0
    corrugation = [f for f in adsorption.findings("K", record) if f.quantity == "above the hollow"]
    assert [f.verdict for f in corrugation] == ["agrees", "agrees"]


# ------------------------------------------------------------------------------------------------ plan
def test_a_fit_of_the_liquid_needs_six_runs():
    points, beyond = points_for(load("nak-cn"), Wanted(LIQUID_QUICK), QUICK)
    assert [point.key.rsplit("/", 2)[0] for point in points] == [
        "liquid/Na/400", "liquid/K/400", "liquid/NaK 0.67/400", "liquid/NaK 0.3/400", "liquid/NaK 0.5/400",
        "liquid/NaK 0.7/400",
    ]  # fmt: skip
    assert not beyond
    assert len({point.seed(0) for point in points} | {point.seed(1) for point in points}) == 12
    assert [point.params["nvt"] > 0.0 for point in points] == [True] * 3 + [False] * 3


def test_points_are_limited_to_what_the_model_covers():
    points, beyond = points_for(load("tersoff-1989-c"), Wanted(QUANTITIES), QUICK)
    assert [point.key for point in points] == ["carbon/graphene"]
    assert not points[0].params["nitrogen"]
    assert len(beyond) > 10
    with pytest.raises(InputError, match="cn covers none of the quantities density"):
        validate("cn", ["density"], quick=True)


def test_points_of_metal_do_not_depend_on_the_terms_of_carbon():
    """A new metal-carbon term does not invalidate stored runs of the metal, and vice versa."""
    default, dilute = load("nak-cn"), load("nak-cn-dilute")
    for key, same in (
        (f"liquid/Na/400/{QUICK.atoms}/0", True),
        ("adsorption/K/pristine", False),
        ("carbon/graphene", True),
    ):
        point = next(p for p in points_for(default, Wanted(QUANTITIES), QUICK)[0] if p.key == key)
        assert (point.digest(default, 0) == point.digest(dilute, 0)) is same, key
        assert point.digest(default, 0) != point.digest(default, 1)


@pytest.mark.parametrize(
    ("word", "message"),
    [("densty", 'Did you mean "density"'), ("density@cold", "density@400"), ("density@-4", "density@400")],
)
def test_unknown_quantities_are_rejected(word, message):
    with pytest.raises(InputError, match=message):
        Wanted([word])
