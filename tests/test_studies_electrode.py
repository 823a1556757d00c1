"""The study of the electrode: capacity, films, networks, pores, bound metal, and readings of the active share."""

import numpy as np
import pytest

from nakmd.errors import InputError
from nakmd.studies import load_inputs, study
from nakmd.studies.electrode_study import active_share as share
from nakmd.studies.electrode_study import electrode_sentences
from nakmd.studies.electrode_study.electrode import POSITIVE, SHARES
from nakmd.studies.electrode_study.electrode_samples import electrode_spreads

#: Density of NaK [g/cm³].
RHO = 0.87


def test_capacity():
    """F/3.6 M by hand, to a unit of the last digit."""
    assert share.capacity(0.67) == pytest.approx(793.0, abs=1.0)
    assert share.potassium_capacity(0.67) == pytest.approx(531.0, abs=1.0)
    assert share.capacity(1.0) == pytest.approx(685.5, abs=0.1)
    for fraction, both, alone in ((0.05, 754.0, 505.0), (0.1, 714.0, 478.0), (0.3, 555.0, 372.0)):
        assert (1.0 - fraction) * share.capacity(0.67) == pytest.approx(both, abs=0.6)
        assert (1.0 - fraction) * share.potassium_capacity(0.67) == pytest.approx(alone, abs=0.6)
    # reading C is a ratio of capacities
    assert share.by_potassium(0.1, 0.0, 0.67) == pytest.approx(
        0.9 * share.potassium_capacity(0.67) / share.capacity(1.0), rel=1e-12
    )


@pytest.mark.parametrize(("film", "fraction"), [(10.0, 0.365), (30.0, 0.161), (100.0, 0.054)])
def test_film(film, fraction):
    found = share.film_fraction(200.0, film, RHO)
    assert found == pytest.approx(fraction, abs=5e-4)
    assert share.film_thickness(found, 200.0, RHO) == pytest.approx(film, rel=1e-12)


@pytest.mark.parametrize(("aspect", "percent"), [(20.0, 8.1), (50.0, 3.3), (100.0, 1.7), (500.0, 0.34)])
def test_network(aspect, percent):
    assert 100.0 * share.percolation_fraction(aspect, 0.7, 2.1, RHO) == pytest.approx(percent, rel=0.02)


def test_hold_of_pores():
    """The radius that holds 1 cm of the metal with θ = 0 and 0.11 N/m is 2.6 mm; beyond 90° none does."""
    load = share.weight(0.01, 870.0)
    assert share.capillary_pressure(0.22, 0.11, 2.58e-3) == pytest.approx(load, rel=3e-3)
    assert share.cosine(0.11, 0.11) == pytest.approx(0.0)
    assert share.capillary_pressure(0.06, 0.11, 1e-8) < 0.0
    # a work beyond 2γ spreads the liquid, and pulls no harder
    assert share.capillary_pressure(0.5, 0.11, 1e-6) == share.capillary_pressure(0.22, 0.11, 1e-6)


def test_bound_metal():
    """w = 0.05, S = 200 m²/g, 0.05 atoms/Å², 4 % N of which 40 % graphitic, 2 % O, 1 wt% of water."""
    tied = share.tied_up(200.0, 0.05, 0.67, 0.04, 0.4, 0.02, 0.01)
    percent = [100.0 * float(part) * 0.05 / 0.95 for part in tied]
    assert percent == pytest.approx([0.30, 0.27, 0.68, 0.11], abs=0.006)
    assert tied.total == pytest.approx(sum(map(float, tied)), rel=1e-12)


def test_readings_and_their_inverses():
    tied = 0.26
    # without carbon nothing is lost, and C is the share of K by mass
    assert share.by_mass(0.0, tied) == share.by_capacity(0.0, tied) == 1.0
    assert share.by_potassium(0.0, tied, 0.67) == pytest.approx(0.67 * 39.0983 / 33.782, rel=1e-4)
    # without bound metal A is 1 - w, and B is 1
    assert share.by_mass(0.1, 0.0) == pytest.approx(0.9)
    assert share.by_capacity(0.1, 0.0) == 1.0
    assert share.by_mass(share.fraction_by_mass(0.9, tied), tied) == pytest.approx(0.9, rel=1e-12)
    assert share.by_capacity(share.fraction_by_capacity(0.9, tied), tied) == pytest.approx(0.9, rel=1e-12)
    assert share.fraction_by_mass(0.9, tied) == pytest.approx(0.0794, abs=1e-4)
    # A is the mass of the metal times what of it is free
    assert share.by_mass(0.1, tied) == pytest.approx(0.9 * share.by_capacity(0.1, tied), rel=1e-12)
    potassium = share.potassium_share_for(0.5, 0.2, tied)
    assert 0.8 * potassium - 0.2 * tied == pytest.approx(0.5, rel=1e-12)


def test_limits_of_the_film():
    """No film: no metal; a thick film: no carbon."""
    assert share.film_fraction(200.0, 0.0, RHO) == 1.0
    assert share.film_fraction(200.0, 1e12, RHO) < 1e-8
    assert share.by_mass(share.film_fraction(200.0, 1e12, RHO), 0.26) == pytest.approx(1.0, abs=1e-8)


def test_activity_of_a_regular_solution():
    """exp(2.92 × 0.33²/2.479) by hand; an ideal solution has a = x, and pure K has 1."""
    assert share.regular_activity(0.67, 0.73, 298.15) == pytest.approx(0.67 * 1.1367, rel=1e-3)
    assert share.regular_activity(0.4, 0.0, 300.0) == pytest.approx(0.4)
    assert share.regular_activity(1.0, 0.73, 300.0) == 1.0
    found = share.potassium_for_activity(np.array([0.8, 0.9]), 0.73, 298.15)
    assert share.regular_activity(found, 0.73, 298.15) == pytest.approx([0.8, 0.9], abs=1e-10)


@pytest.fixture(scope="module")
def result():
    return study("electrode", quick=True)


def test_what_the_readings_need(result):
    needed = result["needs.A"]
    # (0.12 to 0.08)/(1 + ℓ) with ℓ from 0.07 to 0.8, around 0.1/1.28
    assert needed.value == pytest.approx(0.1 / 1.28, rel=0.03)
    assert 0.04 < needed.interval[0] < needed.interval[1] < 0.115
    assert result["needs.C.most"].value == pytest.approx(0.775, abs=1e-3)
    assert result["D", "regular solution"].value == pytest.approx(0.762, abs=3e-3)
    assert result["D", "recalled"].value == pytest.approx(0.675, abs=3e-3)
    assert result["D", "recalled"].model_error == pytest.approx(0.043, abs=3e-3)
    assert result["capacity.K of NaK"].value == pytest.approx(531.5, abs=0.1)
    assert result["holds.weight.pristine", "tension of the model"].value > 0.99
    assert result["holds.weight.graphitic", "tension of the model"].value < 0.05
    assert result["angle.pristine", "tension of the model"].value == pytest.approx(65.4, abs=0.5)
    grid = result.results["electrode"]["map"]
    fraction = np.array(grid["fraction"])
    assert np.all(np.diff(fraction, axis=0) < 0.0)  # thicker films
    assert np.all(np.diff(fraction, axis=1) < 0.0)  # more surface
    curves = result.results["electrode"]["curves"]
    assert curves["A"][0] == curves["B"][0] == [1.0, 1.0, 1.0]


def test_the_verdict_follows_from_the_figures(result):
    assert result.answers[0].startswith("As stated untestable")
    said = electrode_sentences.standing(result.figures, result.study.inputs)
    expected = (
        electrode_sentences.WITHIN, electrode_sentences.UNDER, electrode_sentences.OVER, electrode_sentences.OVER,
    )  # fmt: skip
    assert tuple(said[letter] for letter in "ABCD") == expected
    # almost pure K, and a claim of a half
    known = load_inputs()
    pure = study("electrode", quick=True, inputs=known.changed(common__potassium_fraction=0.95))
    other = electrode_sentences.standing(pure.figures, pure.study.inputs)
    assert other["C"] == other["D"] == electrode_sentences.WITHIN
    assert "do not hold the metal against its weight" in " ".join(result.answers)
    wetted = study("electrode", quick=True, inputs=known.changed(electrode__work_graphitic=0.2))
    assert "Pores between graphitic walls hold the metal" in " ".join(wetted.answers)


def test_samples_are_those_of_the_seed():
    entries = load_inputs().of("electrode", "common").to_dict()
    first, same, other = (electrode_spreads(entries, 2000, seed) for seed in (0, 0, 1))
    assert first == same
    assert first["needs"]["A"] != other["needs"]["A"]


def test_page(result, tmp_path):
    pages = result.write(tmp_path)
    text = pages[1].read_text()
    for part in ("As stated untestable", "data:image/png", "recalled-low", "10.1023/A:1014230114968", "Capillary hold"):
        assert part in text
    assert {table.title for table in result.tables} >= {"Capacity", "Film and network"}


def test_wrong_inputs_are_refused():
    known = load_inputs()
    for key in (*POSITIVE, *SHARES):
        assert key in known
    for changes, said in (
        ({"electrode__fraction_after": 1.2}, r"electrode\.fraction_after reaches 1\.2, but is a share"),
        ({"electrode__film": -3.0}, r"electrode\.film reaches -3 nm, but must be above 0"),
        ({"common__potassium_fraction": 67.0}, r"common\.potassium_fraction reaches 67, but is a share"),
    ):
        with pytest.raises(InputError, match=said):
            study("electrode", quick=True, inputs=known.changed(**changes))
