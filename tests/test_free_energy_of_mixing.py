"""Free energy of mixing from chemical potentials: exact mixtures, errors, one real state, and the waves beside it."""

import json
import math

import numpy as np
import pytest

from nakmd.analysis import Measure
from nakmd.potentials import load
from nakmd.resources import data_folder
from nakmd.studies.validation import free_energy_of_mixing as mixing
from nakmd.studies.validation.findings import stored
from nakmd.studies.validation.point_findings import findings_of
from nakmd.studies.validation.points import points_for
from nakmd.studies.validation.scales import FULL, QUICK
from nakmd.studies.validation.wanted import Wanted
from nakmd.units import K_B

T = 400.0
KT = K_B * T
X = np.array(FULL.mixed)


def regular(x, w, sub=0.0):
    """Return Δμ of G = x ln x + (1 - x) ln(1 - x) + w x (1 - x) + sub x (1 - x)(1 - 2x), with a constant."""
    return 0.3 + KT * np.log(x / (1.0 - x)) + w * (1.0 - 2.0 * x) + sub * (1.0 - 6.0 * x + 6.0 * x**2)


@pytest.mark.parametrize(("w", "sub"), [(0.0, 0.0), (0.04, 0.0), (-0.05, 0.01), (0.03, -0.02)])
def test_a_regular_and_a_subregular_mixture_are_exact(w, sub):
    found = mixing.ExcessPolynomial.fitted(X, regular(X, w, sub), np.full(len(X), 1e-3), T)
    for x in (0.3, 0.5, 0.7):
        second = KT / (x * (1.0 - x)) - 2.0 * w + sub * (12.0 * x - 6.0)  # d²G/dx² by hand
        assert found.fluctuations(x)[0] == pytest.approx(KT / second / (x * (1.0 - x)), rel=1e-9)
        assert found.excess(x)[0] == pytest.approx(w * x * (1 - x) + sub * x * (1 - x) * (1 - 2 * x), abs=1e-12)


def test_a_mixture_that_would_demix_has_no_fluctuations():
    found = mixing.ExcessPolynomial.fitted(X, regular(X, 2.1 * KT), np.full(len(X), 1e-3), T)
    assert math.isnan(found.fluctuations(0.5)[0])  # w above 2 kT
    assert math.isfinite(found.fluctuations(0.1)[0])


def test_the_errors_cover_the_truth():
    """Noise of 1 meV: deviations over errors have a standard deviation of one; of 400 it is known to 4 %."""
    rng, w = np.random.default_rng(3), 0.04
    truth = 1.0 / (1.0 - 2.0 * 0.21 * w / KT), 0.21 * w
    pulls = []
    for _ in range(400):
        noisy = regular(X, w) + 1e-3 * rng.standard_normal(len(X))
        found = mixing.ExcessPolynomial.fitted(X, noisy, np.full(len(X), 1e-3), T)
        pulls.append([(value - exact) / error for (value, error), exact in
                      zip((found.fluctuations(0.3), found.excess(0.3)), truth)])  # fmt: skip
    # the errors only grow with the scatter, by 10 % on average for six degrees of freedom
    assert np.all(np.abs(np.std(pulls, axis=0) - 0.9) < 0.15)
    assert np.all(np.abs(np.mean(pulls, axis=0)) < 0.2)


def runs(x=X, w=0.04, error=1e-3):
    return [
        {"atoms": 432, "x": stored(Measure(one, 1e-4, "", 50.0)), "delta_mu": stored(Measure(mu, error, "eV", 50.0))}
        for one, mu in zip(x, regular(x, w))
    ]


def test_findings_of_several_compositions():
    found = {f.key: f for f in mixing.findings(T, runs(), (0.3, 0.5))}
    one = found["S_cc(0) over ideal, from d²G/dx², NaK 0.3, 400 K"]
    assert one.value == pytest.approx(1.0 / (1.0 - 2.0 * 0.21 * 0.04 / KT))
    assert one.size_error == pytest.approx(0.0, abs=1e-9)  # a cubic finds the same regular mixture
    assert 0.0 < one.error < 0.1
    assert found["excess free energy of mixing, NaK 0.5, 400 K"].value == pytest.approx(10.0)
    assert mixing.findings(T, runs(X[:4]), (0.3,)) == []  # too few for the polynomial and its check
    assert mixing.findings(T, runs(error=math.nan), (0.3,)) == []


@pytest.mark.parametrize("scale", [QUICK, FULL])
def test_the_plan_has_enough_compositions(scale):
    plan, _ = points_for(load("nak-2026"), Wanted(["free-energy"]), scale)
    assert len(plan) == len(scale.mixed) >= mixing.DEGREE + 3
    results = {point.key: run for point, run in zip(plan, runs(np.array(scale.mixed)))}
    found = findings_of(plan, results, Wanted(["free-energy"]), scale)
    assert len(found) == 6
    failed = {**results, plan[0].key: {"failed": "no"}}
    assert next(f for f in findings_of(plan, failed, Wanted(["free-energy"]), scale)).notes == ("no",)


def test_a_real_state():
    """250 atoms for a picosecond: Δμ is mostly the difference of the cohesive energies, within its wide error."""
    params = {"x_K": 0.5, "temperature": T, "atoms": 250, "settle": 0.4, "time": 1.0}
    found = mixing.measure(load("nak-2026"), params, seed=1)
    # the stored run of 60 ps has 0.144 eV at this composition
    assert found["delta_mu"]["value"] == pytest.approx(0.144, abs=0.04)
    assert found["x"]["value"] == pytest.approx(0.5, abs=0.1)


def test_waves_and_chemical_potentials_agree():
    """Two stored results of `nak-2026` that share nothing but the model: within three combined standard errors."""
    folder = data_folder("potentials") / "validation"
    known = {
        finding["key"]: finding
        for name in ("nak-2026", "nak-2026-free-energy")
        for finding in json.loads((folder / name / "validation.json").read_text())["findings"]
    }
    for x in (0.3, 0.7):
        wave = known[f"S_cc(0) over ideal, NaK {x}, 400 K"]
        free = known[f"S_cc(0) over ideal, from d²G/dx², NaK {x}, 400 K"]
        error = math.hypot(wave["error"], wave["size_error"], free["error"], free["size_error"])
        assert abs(wave["value"] - free["value"]) < 3.0 * error
        assert error < 0.2  # ideal mixing, 1, would be told from both
    # the excess entropy is positive: that of a mixture whose atoms differ in size
    enthalpy, excess = (known[f"{q}, NaK 0.5, 400 K"] for q in ("mixing enthalpy", "excess free energy of mixing"))
    assert 0.0 < excess["value"] < enthalpy["value"]
