"""The study of exchange: solutes, defects, hops, events at warm surfaces, and what the figures say."""

import math

import numpy as np
import pytest
from scipy.stats import poisson

from nakmd.errors import RunError
from nakmd.potentials import load
from nakmd.studies import StudyFigure, load_inputs
from nakmd.studies.exchange_study import answers, defects, embedding, event_rates, hops, solutes, stability
from nakmd.studies.exchange_study.exchange import Exchange
from nakmd.studies.exchange_study.slabs import AXES, SIZES, WAYS, atoms_of, slab
from nakmd.studies.study import Figures
from nakmd.units import K_B


@pytest.mark.parametrize(("host", "solute", "energy"), [("K", "Na", 0.0149), ("Na", "K", 0.1538)])
def test_energy_of_substitution_at_fixed_volume(host, solute, energy):
    """432 atoms of nak-2016: a prototype of this study with other code (FIRE to 1 meV/Å), to 0.5 meV."""
    found = stability.measure(load("nak-2016"), host, solute, 6, volume=False)
    assert found["atoms"] == 432
    assert found["energy"] == pytest.approx(energy, abs=5e-4)
    # the stresses of the shells, weighted by their atoms, are a part of the dipole; the solute comes first
    assert len(found["shell stress"]) == 5
    assert math.copysign(1.0, found["first shell"]) == (1.0 if solute == "K" else -1.0)


def test_elastic_energy_explains_the_relaxation_of_the_volume():
    """p²/2BV is what the cell gains, and p/B how far it swells, if strains are small: to 5 % and 2 % in 250 atoms."""
    found = stability.measure(load("johnson-oh-nak"), "K", "Na", 5, volume=True)
    assert found["energy"] - found["energy, volume free"] == pytest.approx(found["elastic"], rel=0.05)
    assert found["volume, relaxed"] == pytest.approx(found["volume"], rel=0.02)


def test_an_atom_of_the_host_costs_nothing():
    """A solute of the same element: the perfect crystal, 27 atoms of which may move."""
    found = defects.solute(load("nak-2026"), "Na", "Na", 1.6)
    assert found["energy"] == pytest.approx(0.0, abs=1e-8)
    assert found["mobile"] == 27


def test_a_crystal_that_has_left_bcc_is_refused():
    metals = defects.Metals(load("nak-2016"), "Na", "Na")
    atoms = metals.sites()
    del atoms[0]
    atoms.positions[0] += 0.8
    with pytest.raises(RunError, match=r"lattice constants from its site \(limit 0\.01\)"):
        metals.relaxed(atoms, np.zeros(3), 1.6, drift=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(("host", "energy"), [("K", 0.308), ("Na", 0.343)])
def test_vacancy_of_johnson_oh(host, energy):
    """R = 2.0 a: a prototype of this study with other code, to 3 meV."""
    assert defects.vacancy(load("johnson-oh-nak"), host, 2.0)["energy"] == pytest.approx(energy, abs=3e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("host", "solute", "barrier"), [("K", "Na", 0.899), ("Na", "K", 0.961)])
def test_direct_exchange(host, solute, barrier):
    """R = 1.6 a, nak-2016: a prototype of this study with other code, to 10 meV."""
    found = hops.direct_exchange(load("nak-2016"), host, solute, 1.6, 9, ["[1-10]"])
    assert found["barrier"] == pytest.approx(barrier, abs=0.01)
    assert found["barrier"] == pytest.approx(found["reverse"], abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("metal", "barrier"), [("K", 0.121), ("Na", 0.129)])
def test_migration_of_a_vacancy(metal, barrier):
    """R = 1.6 a, nak-2016: a prototype of this study with other code, to 3 meV."""
    found = hops.vacancy_hop(load("nak-2016"), metal, metal, 1.6, 9)
    assert found["barrier"] == pytest.approx(barrier, abs=3e-3)


@pytest.mark.slow
def test_na_is_embedded_in_k_faster_than_k_in_na():
    """250 K, nak-2016: ten times at least, by the ends of the 95 % intervals (a prototype: 7.1 against < 0.14)."""
    potential = load("nak-2016")
    quick = embedding.measure(potential, "110", "K", "Na", 250.0, 8, 60.0, 0)
    slow = embedding.measure(potential, "110", "Na", "K", 250.0, 8, 60.0, 0)
    assert event_rates.Rate.of(quick["events"], quick["time"]).value > 10.0 * (
        slow["events"] / slow["time"] if slow["events"] else 1.0 / slow["time"]
    )


def test_the_limit_of_a_series_in_one_over_n():
    series = {n: 0.1 + 2.0 / n for n in (16, 54, 128, 432)}
    series[16] += 0.5  # the smallest cell does not count
    limit, error = stability.limit_of(series)
    assert limit == pytest.approx(0.1, abs=1e-12)
    assert error == pytest.approx(2.0 / 432, abs=1e-12)
    assert math.isnan(stability.limit_of({54: 1.0})[1])


def test_rates_have_exact_intervals():
    """By definition: at the lower end the count or more has a chance of 2.5 %, at the upper end the count or less."""
    rate = event_rates.Rate.of(7, 50.0)
    assert rate.value == 0.14
    assert poisson.sf(6, rate.low * 50.0) == pytest.approx(0.025, abs=1e-9)
    assert poisson.cdf(7, rate.high * 50.0) == pytest.approx(0.025, abs=1e-9)
    assert poisson.cdf(0, event_rates.Rate.of(0, 50.0).high * 50.0) == pytest.approx(0.025, abs=1e-9)


def test_an_arrhenius_law_is_found_in_counts():
    temperatures, energy, prefactor = np.array([200.0, 225.0, 250.0, 275.0, 300.0]), 0.1, 9.0
    means = prefactor * np.exp(-energy / (K_B * temperatures)) * 1e5
    # counts of the law itself: exact up to their rounding, 0.5 of at least 2700
    law = event_rates.activation(temperatures, np.round(means).astype(int), [1e5] * 5)
    assert law.energy == pytest.approx(energy, abs=1e-4)
    assert law.prefactor == pytest.approx(prefactor, rel=5e-3)
    assert law.low < energy < law.high
    # the interval covers the truth in 95 % of samples of small counts: 500 of them, to 3 standard errors of 1 %
    rng, inside = np.random.default_rng(5), 0
    for _ in range(500):
        found = event_rates.activation(temperatures, rng.poisson(means / 300.0), [1e5 / 300.0] * 5)
        inside += found.low <= energy <= found.high
    assert 0.92 < inside / 500 < 0.98
    assert event_rates.activation(temperatures, [0, 0, 3, 0, 0], [10.0] * 5) is None


def test_an_embedding_is_an_exchange_that_lasts():
    step, window = 4.0, 10
    adatom, layer = np.full(60, 3.0), np.zeros((60, 5))
    assert embedding.event_in(adatom, layer, step, window) is None
    adatom[30:] = 0.2
    assert embedding.event_in(adatom, layer, step, window) is None  # low, but nothing was pushed up
    layer[33:, 2] = 3.5
    first = embedding.event_in(adatom, layer, step, window)
    # the mean over ten frames is above half a layer when six of them are
    assert first == 29
    adatom[36:] = 3.0
    layer[36:, 2] = 0.0
    assert embedding.event_in(adatom, layer, step, window) is None  # it came back
    assert embedding.event_in(adatom[:5], layer[:5], step, window) is None


@pytest.mark.parametrize("face", SIZES)
def test_a_slab_is_a_crystal_with_an_adatom(face):
    system, beside = slab(face, "K", "Na", 5.4)
    atoms = atoms_of(system)
    assert atoms.get_chemical_symbols().count("Na") == 1
    bare = atoms.positions[:-1]
    waves = 2.0 * math.pi / 5.4 * embedding.REFLECTIONS @ AXES[face].T
    assert embedding.order_of(bare, waves) == pytest.approx(1.0, abs=1e-9)
    melted = np.random.default_rng(1).uniform(0.0, 30.0, (500, 3))
    assert embedding.order_of(melted, waves) < 0.02  # 1/N in the mean
    # eight nearest neighbours inside, and the adatom nearest to the atom beside it
    inner = np.argmin(np.linalg.norm(bare - bare.mean(axis=0), axis=1))
    distances = atoms.get_distances(inner, range(len(bare)), mic=True)
    assert np.sum(np.abs(distances - math.sqrt(0.75) * 5.4) < 1e-6) == 8
    flat = np.linalg.norm((atoms.positions[-1] - atoms.positions[beside])[:2])
    assert flat == pytest.approx(5.4 * np.linalg.norm(WAYS[face]))


def figure(key, model, value, numerical=0.0, **more):
    return StudyFigure(key=key, title=key, model=model, value=value, unit="eV", numerical=numerical, **more)


def test_the_answer_follows_from_the_figures():
    def verdict(first, second, error=0.0):
        pair = [figure("direct.Na in K", "a", first, error), figure("direct.K in Na", "a", second, error)]
        (found,) = answers.comparisons(Figures(pair), "direct")
        return found.verdict

    assert verdict(0.5, 0.6) == answers.HOLDS
    assert verdict(0.6, 0.5) == answers.REVERSED
    assert verdict(0.5, 0.6, 0.05) == answers.OPEN  # 0.1 is 1.4 standard errors of the difference
    assert verdict(0.5, 0.6, 0.03) == answers.HOLDS
    # no verdict if one is of another radius
    pair = [figure("direct.Na in K", "a", 0.5, conditions="R = 2 a"), figure("direct.K in Na", "a", 0.6)]
    assert answers.comparisons(Figures(pair), "direct") == []
    said = " ".join(
        answers.sentences(
            Figures(
                [
                    figure("dipole.Na in K", "a", -2.0), figure("dipole.K in Na", "a", 1.0),
                    figure("rate.110.Na on K.250 K", "a", 50.0, interval=(30.0, 80.0)),
                    figure("rate.110.K on Na.250 K", "a", 0.0, interval=(0.0, 2.0)),
                ]
            ),
            ["a"],
        )
    )  # fmt: skip
    assert "a is reversed (-2.00 against +1.00 eV)" in said  # the size counts, not the sign
    assert "a ratio more than 15 by their 95 % intervals" in said


def test_barriers_of_both_solutes_have_the_same_radius():
    """0.1 eV per radius: K in Na has no path at 2.5, so both are given at 2.0. Parts of a route have one radius."""
    study = Exchange(load_inputs().of("exchange"), {"nak-2026": load("nak-2026")})
    numbers = {"hop": 0.5, "solute": 0.1, "vacancy": 0.3, "interstitial": 0.4, "direct": 0.9, "surface": 0.2}
    results = {point.key: {"failed": "left out"} for point in study.points()}
    for key in results:
        kind, of, radius = (*key.split("/"), "")[1:4]
        if kind in numbers and radius.startswith("R ") and (kind, of, radius) != ("direct", "K in Na", "R 2.5"):
            results[key] = {"energy": numbers[kind], "barrier": numbers[kind] - 0.1 * float(radius[2:])}
    figures = Figures(study.figures(results))
    for pair in ("Na in K", "K in Na"):
        direct = figures[f"direct.{pair}", "nak-2026"]
        assert direct.conditions == "R = 2 a"
        assert direct.value == pytest.approx(0.7)
        assert direct.numerical == pytest.approx(0.04)  # from R = 1.6
    # E(beside a vacancy) - E_sub + E_m at R = 2.5
    assert figures["vacancy route.Na in K", "nak-2026"].value == pytest.approx(0.5 - 0.1 + 0.25)
    assert figures["interstitial route.K in Na", "nak-2026"].value == pytest.approx(0.3)
    assert figures["binding.Na in K", "nak-2026"].value == pytest.approx(-0.1)
    assert figures["vacancy.K", "nak-2026"].conditions == "R = 2.5 a"


@pytest.mark.parametrize("quick", [True, False])
def test_points_and_figures_of_the_study_fit_each_other(quick):
    study = Exchange(load_inputs().of("exchange"), {"nak-2026": load("nak-2026")}, quick)
    points = study.points()
    keys = [point.key for point in points]
    assert len(set(keys)) == len(keys)
    assert any("member 8" in key for key in keys) == (not quick)
    # every figure is there if nothing could be computed, with the reason
    figures = Figures(study.figures({key: {"failed": "it did not work"} for key in keys}))
    assert all("it did not work" in "".join(f.notes) for f in figures if f.model == "nak-2026" and "activ" not in f.key)
    assert {f.model for f in figures if f.value is not None} == {"PBE"}
    assert study.tables(figures)
    assert solutes.members_of("johnson-oh-nak") == 0
