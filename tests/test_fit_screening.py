"""The screening of nak-cn and nak-cn-2016 is the result of a script, and reproduces the binding of layers."""

import json
import sys

import numpy as np
import pytest

from nakmd.potentials.library import path, read_set
from nakmd.resources import data_folder

FIT = data_folder("potentials") / "fit"
NUMBERS = ("residual", "rho_0", "doped_residual", "doping_scale")


def numbers_of(model):
    """Return the screening parameters of a model by element."""
    (term,) = [term for term in read_set(model).term if term.screening is not None]
    return {e.symbol: {name: getattr(e, name) for name in NUMBERS} for e in term.screening.element}


@pytest.fixture(scope="module")
def script():
    """Return the script as a module."""
    sys.path.insert(0, str(FIT))
    try:
        import screening

        yield screening
    finally:
        sys.path.remove(str(FIT))


@pytest.fixture(scope="module")
def points(script):
    return script.read_points()


@pytest.fixture(scope="module")
def of_the_model():
    return numbers_of("nak-cn")


@pytest.mark.parametrize("metal", ["K", "Na"])
def test_the_model_has_the_parameters_of_the_script(script, points, of_the_model, metal):
    """The stored results agree as well."""
    found = script.calibrate(points, metal)
    stored = json.loads((FIT / "screening.json").read_text(encoding="utf-8"))[metal]
    for name in NUMBERS:
        assert found[name] == stored[name] == of_the_model[metal][name]
    assert found["residual_spread"] < 0.07
    # scaling the attraction by one number reproduces the curve of a layer
    assert found["films"]["2x2, 1 layer"]["rms_energy"] < 0.04


def test_the_metal_of_2016_has_its_own_numbers(script, points):
    """Only the densities are those of another set: S of every film is the same, to the rounding of energies."""
    metals = {name: next(term.set for term in read_set(name).term) for name in ("nak-cn", "nak-cn-2016")}
    assert metals["nak-cn"] == script.METAL
    old = script.read_points(metals["nak-cn-2016"])
    for metal, numbers in numbers_of("nak-cn-2016").items():
        found = script.calibrate(old, metal)
        assert {name: found[name] for name in NUMBERS} == numbers
        new = script.calibrate(points, metal)
        for film, values in found["films"].items():
            assert values["S"] == pytest.approx(new["films"][film]["S"], abs=1.1e-4)  # stored with four decimals
            assert values["density"] != pytest.approx(new["films"][film]["density"], rel=0.1)


def test_the_script_writes_its_numbers_and_tables(script, of_the_model):
    """Model, tables and stored results agree, and only the lines of the numbers change."""
    import screening_tables

    stored = json.loads((FIT / "screening.json").read_text(encoding="utf-8"))
    text = path("nak-cn").read_text(encoding="utf-8")
    assert screening_tables.with_numbers(text, stored) == text
    page = (FIT / "SCREENING.md").read_text(encoding="utf-8")
    assert screening_tables.with_tables(page, screening_tables.tables_of(stored)) == page
    other = {metal: numbers | {"rho_0": 7.5} for metal, numbers in of_the_model.items()}
    changed = screening_tables.with_numbers(text, other)
    lines = zip(text.splitlines(), changed.splitlines(), strict=True)
    different = [(old.partition(" =")[0], new) for old, new in lines if old != new]
    assert different == [("rho_0", "rho_0 = 7.5")] * 2
    with pytest.raises(SystemExit, match="no line rho_0"):
        screening_tables.with_numbers(text.replace("rho_0 =", "rho ="), stored)


def test_binding_of_a_film(script, points, of_the_model):
    """Sheet and (2 x 2) layer of K at 3.0 Å: -0.206 eV; S is 0.03 above that of this film."""
    (point,) = [p for p in points if (p.metal, p.film, p.height) == ("K", "2x2, 1 layer", 3.0)]
    assert point.held == pytest.approx(-0.2064, abs=1e-4)
    heights, held = script.curve(point, of_the_model)
    assert held.min() == pytest.approx(-0.245, abs=0.01)
    assert heights[held.argmin()] == pytest.approx(2.95, abs=0.06)
    lone = script.curve(point, {name: {"residual": 1.0, "rho_0": 1.0} for name in ("K", "Na")})[1]
    assert lone.min() == pytest.approx(-0.83, abs=0.02)


def test_binding_of_potassium_between_two_sheets(script, points, of_the_model):
    """The stack of KC8 was not fitted: S within twice the spread of the films, enthalpy within 0.1 eV of PBE.

    Against graphite, which dispersion holds together, it is 0.5 eV above calorimetry, and the model says so.
    """
    (stack,) = [p for p in points if p.film == script.STACK]
    assert script.scale_of([stack])[0] == pytest.approx(of_the_model["K"]["residual"], abs=0.05)
    assert script.kc8(of_the_model, parting=0.0) == pytest.approx(script.kc8_computed(), abs=0.1)
    assert script.kc8(of_the_model, 0.0, parting=0.0) < script.kc8_computed() - 1.0
    assert script.kc8(of_the_model) - script.KC8_MEASURED == pytest.approx(
        0.5, abs=0.1
    )  # to the error of PBE, as above
    assert any("KC8" in reason for reason in read_set("nak-cn").not_for)


@pytest.mark.parametrize(("metal", "within"), [("K", 0.08), ("Na", 0.03)])
def test_under_a_layer_of_the_other_metal(script, points, of_the_model, metal, within):
    """The screening density is that of all neighbours: mixed films, also not fitted."""
    (film,) = [p for p in points if p.film == script.MIXED[metal]]
    assert script.scale_of([film])[0] == pytest.approx(of_the_model[metal]["residual"], abs=within)


@pytest.mark.parametrize(("metal", "within"), [("K", 0.02), ("Na", 0.03)])
def test_binding_of_a_layer_on_a_doped_sheet(script, points, of_the_model, metal, within):
    """To 30 meV as the pair terms, up to one N in 16; the residual of a clean sheet gives too weak binding."""

    def model_and_computed(numbers):
        found = [row for row in script.doped_layers(points, numbers)[metal] if 0.0 < row["doping"] < 0.1]
        return np.array([[row["model"], row["computed"]] for row in found]).T

    model, computed = model_and_computed(of_the_model)
    assert len(model) == 4
    assert model == pytest.approx(computed, abs=within)
    clean = {name: {key: numbers[key] for key in NUMBERS[:2]} for name, numbers in of_the_model.items()}
    # improvement by two more parameters: rms 10 instead of 15 meV (K), 16 instead of 28 meV (Na)
    assert np.std(model - computed) < 0.02
    weaker = model_and_computed(clean)[0] - computed
    assert np.linalg.norm(model - computed) < 0.7 * np.linalg.norm(weaker)
    assert np.all(weaker > 0.0)


def test_far_more_nitrogen_is_beyond_the_model(script, points, of_the_model):
    """PBE binds a layer at one N in 8 nearly as on a clean sheet; the model does not (a documented limit)."""
    rows = script.doped_layers(points, of_the_model)["K"]
    (clean,) = [row for row in rows if row["doping"] == 0.0]
    (most,) = [row for row in rows if row["doping"] == 0.125 and row["height"] == 3.0]
    assert most["computed"] == pytest.approx(clean["computed"], rel=0.07)
    assert most["model"] > most["computed"] + 0.1
    assert any("one graphitic N in 16" in reason for reason in read_set("nak-cn").not_for)
