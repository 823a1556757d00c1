"""Screened pairs: limits, linearity and refused input."""

from pathlib import Path

import configurations as made
import numpy as np
import pytest
from laws import assert_same, bits

from nakmd.cell import Cell
from nakmd.deck.force_model import Model
from nakmd.errors import FileFormatError, InputError
from nakmd.kernels.jit import set_threads
from nakmd.neighbors import Neighbors
from nakmd.potentials import EAM, Evaluator, Hybrid, LennardJones, Morse, Screened, evaluate, load
from nakmd.potentials.files.export import export_texts
from nakmd.potentials.forms.analytic_eam import analytic_table
from nakmd.potentials.library import takes_doping
from nakmd.runs.potential_builder import build_potential
from nakmd.system import System

NUMBERS = {"K": {"residual": 0.2, "rho_0": 1.1}, "Na": {"residual": 0.3, "rho_0": 1.5}}
MORSE = {
    ("K", "C"): {"depth": 0.0736, "alpha": 1.6748, "r_0": 3.0814, "cutoff": 8.0},
    ("Na", "C"): {"depth": 0.0515, "alpha": 1.9431, "r_0": 2.7541, "cutoff": 8.0},
    ("K", "N"): {"depth": 0.2, "alpha": 1.6, "r_0": 2.75, "cutoff": 8.0},
    ("Na", "N"): {"depth": 0.2, "alpha": 1.8, "r_0": 2.4, "cutoff": 8.0},
}
WALL = [("C", "C"), ("C", "N"), ("N", "N")]


def metal():
    return load("nichol-ackland-2016", elements=["Na", "K"])


def screened(strength=1.0, shares=None, scale=1.0, numbers=NUMBERS, **more):
    """Return the metal and its screened pairs with the wall."""
    return Screened(metal(), Morse(MORSE, none=WALL, scale=scale), numbers, strength, shares, **more)


def as_a_sum(scale=1.0):
    """Return the same model without screening."""
    return Hybrid([metal(), Morse(MORSE, none=WALL, scale=scale)])


def wetted(seed=5):
    """Return two layers of metal over a sheet."""
    return made.nak_on_sheet(seed)


def lone_atom(height=2.6):
    """Return one potassium atom over a sheet."""
    sheet = made.sheet((3, 3), seed=1, fraction=0.2)
    positions = np.vstack([sheet.positions, sheet.positions.mean(axis=0) + np.array([0.0, 0.0, height])])
    return System(positions, [*sheet.species, 2], ("C", "N", "K"), sheet.cell)


# ------------------------------------------------------------------------------------------ limits
def test_an_isolated_atom_has_the_pair_energy():
    assert_same(evaluate(screened(), lone_atom()), evaluate(as_a_sum(), lone_atom()), tolerance=1e-13)


def test_no_screening_is_the_sum():
    system = wetted()
    assert_same(evaluate(screened(strength=0.0), system), evaluate(as_a_sum(), system), tolerance=1e-12)
    none = dict.fromkeys(MORSE, 0.0)
    assert_same(evaluate(screened(shares=none), system), evaluate(as_a_sum(), system), tolerance=1e-12)


def test_dense_metal_leaves_the_residual():
    """ρ_0 far below every density: E is that of V minus 1 - s of the attraction, for two neighbouring metal atoms.

    The attraction of a Morse potential is -2 D e^{-α(r - r_0)}.
    """
    numbers = {name: {"residual": 0.25, "rho_0": 1e-3} for name in ("Na", "K")}
    r, height = 4.6, 3.0
    cell = Cell([60.0] * 3, (False,) * 3)
    three = System([[0, 0, 0], [r, 0, 0], [0, 0, height]], [0, 0, 1], ("K", "C"), cell)
    p = MORSE["K", "C"]

    def attraction(x):
        return -2.0 * p["depth"] * (np.exp(-p["alpha"] * (x - p["r_0"])) - np.exp(-p["alpha"] * (8.0 - p["r_0"])))

    lost = 0.75 * (attraction(height) + attraction(np.hypot(r, height)))
    found = evaluate(screened(numbers=numbers), three).energy
    assert found == pytest.approx(evaluate(as_a_sum(), three).energy - lost, abs=1e-12)


def test_scale_equals_the_kernels():
    potential, system = screened(strength=0.8), wetted()
    bound = potential.bind_term(system.species_names)
    Evaluator(potential, system.species_names, [bound]).evaluate(system)
    for element in ("Na", "K"):
        mine = system.species == system.species_names.index(element)
        rho = bound.metal.densities[mine]
        assert bound._scales[mine] == pytest.approx(potential.scale(element, rho), rel=1e-13)
    assert potential.scale("K", np.array([0.0, 1e9])) == pytest.approx([1.0, 1.0 - 0.8 * 0.8])


# ------------------------------------------------------------------------------------------ energies by pair
def cross(potential, system):
    """Return the pair energies between species."""
    evaluator = potential.bind(system.species_names)
    neighbors = Neighbors(evaluator.requests, 0.3)
    neighbors.update(system)
    return evaluator.pair_energies(system, neighbors)


def test_pair_energies_are_the_metal_wall_interaction():
    """E(both) - E(metal) - E(wall): the wall does not contribute to the density of the metal."""
    system, potential = wetted(), screened(shares={("K", "N"): 0.3})
    table = cross(potential, system)
    alone = evaluate(metal(), made.only(system, ("Na", "K"))).energy
    assert np.triu(table).sum() == pytest.approx(evaluate(potential, system).energy - alone, abs=1e-11)
    assert not table[:3, :3].any()


def test_pair_energies_do_not_depend_on_what_was_evaluated_before():
    one, other, potential = wetted(5), wetted(6), screened()
    fresh = cross(potential, one)
    evaluator = potential.bind(one.species_names)
    evaluator.evaluate(other)
    neighbors = Neighbors(evaluator.requests, 0.3)
    neighbors.update(one)
    assert np.array_equal(evaluator.pair_energies(one, neighbors), fresh)


def test_affinity_scales_the_screened_energy():
    system = wetted()
    one, third = cross(screened(), system), cross(screened(scale=1.0 / 3.0), system)
    assert third == pytest.approx(one / 3.0, abs=1e-13)


def test_binding_decreases_with_screening():
    system = wetted()
    energies = [np.triu(cross(screened(strength=x), system)).sum() for x in (0.0, 0.5, 1.0)]
    assert energies[0] < energies[1] < energies[2]
    # the energy is linear in the strength, at fixed positions
    assert energies[1] == pytest.approx(0.5 * (energies[0] + energies[2]), abs=1e-12)


# ------------------------------------------------------------------------------------------ other formulas
def gradient_error(potential, system, h=1e-5):
    """Return the largest error of forces against finite differences of the energy, relative to the largest force."""
    forces = evaluate(potential, system).forces
    rng, worst = np.random.default_rng(3), 0.0
    for _ in range(4):
        direction = rng.normal(size=forces.shape)
        up, down = (evaluate(potential, made.changed(system, system.positions + s * h * direction)) for s in (1, -1))
        worst = max(worst, abs(np.sum(forces * direction) + (up.energy - down.energy) / (2 * h)))
    return worst / np.abs(forces).max()


@pytest.mark.parametrize("cut", [pytest.param("shift", marks=pytest.mark.slow), "smooth"])
def test_a_formula_without_an_attraction_is_fully_screened(cut):
    """Lennard-Jones declares no attraction; central differences have errors of 1e-8."""
    pairs = {pair: {"epsilon": 0.02, "sigma": 2.9, "cutoff": 7.0, "cut": cut} for pair in MORSE}
    contact = LennardJones(pairs, none=WALL)
    potential, system = Screened(metal(), contact, NUMBERS), wetted()
    assert gradient_error(potential, system) < 1e-6
    flat = {name: {"residual": 0.4, "rho_0": 1e-3} for name in ("Na", "K")}
    dense = cross(Screened(metal(), contact, flat), system)
    plain = LennardJones(pairs, none=[*WALL, ("K", "K"), ("K", "Na"), ("Na", "Na")], scale=0.4)
    assert dense == pytest.approx(cross(plain, system), abs=1e-12)


def test_a_tabulated_metal_screens_too():
    """To 1e-6, the error of the interpolation of the tables."""
    system = wetted()
    table = Screened(EAM(analytic_table(metal())), Morse(MORSE, none=WALL), NUMBERS)
    assert evaluate(table, system).energy == pytest.approx(evaluate(screened(), system).energy, abs=1e-5)
    assert gradient_error(table, system) < 1e-6


# ------------------------------------------------------------------------------------------ precision, provenance
@pytest.mark.slow
def test_mixed_precision():
    """As in `test_mixed_precision`: a float32 has 24 bits, and bits do not depend on threads."""
    system = wetted()
    exact, mixed = evaluate(screened(), system), screened().with_precision("mixed")
    assert [part.precision for part in mixed.parts] == ["mixed", "mixed"]
    found = evaluate(mixed, system)
    scale = np.sqrt(np.mean(exact.forces**2))
    assert 0.0 < np.sqrt(np.mean((found.forces - exact.forces) ** 2)) < 4e-5 * scale
    assert abs(found.energy - exact.energy) < 1e-5 * system.n_atoms
    assert np.abs(found.virial - exact.virial).max() < 1e-4 * system.n_atoms
    large, seen = made.repeated(system, (3, 3, 1)), []
    for threads in (1, 2, 4):
        set_threads(threads)
        seen.append(bits(evaluate(mixed, large)))
    set_threads(2)
    assert seen[0] == seen[1] == seen[2]


def test_provenance_includes_every_number():
    changed = {**NUMBERS, "K": {"residual": 0.2, "rho_0": 1.2}}
    models = [
        screened(), screened(strength=0.5), screened(shares={("K", "C"): 0.5}), screened(scale=0.5),
        screened(numbers=changed), screened().with_precision("mixed"),
    ]  # fmt: skip
    assert len({model.describe()["sha256"] for model in models}) == len(models)
    described = screened(shares={("C", "K"): 0.5}).describe()
    assert described["shares"] == {"C K": 0.5}
    assert [part["form"] for part in described["parts"]] == ["FinnisSinclair", "Morse"]


def test_coverage_labels_screened_pairs():
    model = screened(shares={("K", "N"): 0.0})
    how = {(a, b): text for a, b, text in model.coverage(["K", "C", "N"])}
    assert how["K", "C"] == "morse, screened"
    assert how["K", "N"] == "morse"
    assert how["K", "K"] == "nichol-ackland-2016"
    assert how["C", "N"] == "none"


# ------------------------------------------------------------------------------------------ refused input
def test_invalid_screening_is_refused():
    with pytest.raises(InputError, match=r"C-N is not a pair of metal \(Na, K\) and wall"):
        Screened(metal(), Morse({("C", "N"): MORSE["K", "C"]}), NUMBERS)
    with pytest.raises(InputError, match="K-Na is not a pair of metal"):
        Screened(metal(), Morse({("K", "Na"): MORSE["K", "C"]}), NUMBERS)
    with pytest.raises(InputError, match="given for K, but its pairs are those of K, Na with the wall"):
        screened(numbers={"K": NUMBERS["K"]})
    with pytest.raises(InputError, match="takes residual and rho_0, got residual"):
        screened(numbers={**NUMBERS, "K": {"residual": 0.2}})
    for residual in (-0.1, 1.1, np.nan):
        with pytest.raises(InputError, match="residual of K must be between 0 and 1"):
            screened(numbers={**NUMBERS, "K": {"residual": residual, "rho_0": 1.0}})
    with pytest.raises(InputError, match="rho_0 of K must be a positive number"):
        screened(numbers={**NUMBERS, "K": {"residual": 0.2, "rho_0": 0.0}})
    for strength in (-0.1, 1.3, np.nan):
        with pytest.raises(InputError, match=r"it must be between 0 .* and 1\.25 \(no attraction left"):
            screened(strength=strength)
    screened(strength=1.25)
    with pytest.raises(InputError, match="has no pair K-O; it has K-C, Na-C"):
        screened(shares={("K", "O"): 0.0})
    with pytest.raises(InputError, match="share of K-C must be between 0 and 1"):
        screened(shares={("K", "C"): 1.5})
    with pytest.raises(InputError, match="no precision 'half'"):
        screened().with_precision("half")


def test_the_metal_alone_is_exported_as_a_table():
    assert list(export_texts(Hybrid([screened()]), "eam.fs", "metal")) == ["metal.eam.fs"]


# ------------------------------------------------------------------------------------------ files
MODEL = """name = "mine"
title = "K on carbon"
form = "model"

[[term]]
set = "nichol-ackland-2016"
elements = ["Na", "K"]

[[term]]
set = "morse-dilute"
affinity = true

[[term.screening.element]]
symbol = "K"
residual = 0.2
rho_0 = 0.5
evidence = "proposed"

[[term.screening.element]]
symbol = "Na"
residual = 0.2
rho_0 = 0.5
evidence = "proposed"

[[term.screening.pair]]
species = ["K", "N:pyridinic"]
share = 0.0
"""


def load_text(tmp_path, text, **more):
    (tmp_path / "mine.toml").write_text(text)
    return load(tmp_path / "mine.toml", **more)


def test_screening_in_a_model_file(tmp_path):
    model = load_text(tmp_path, MODEL, affinity=0.5, screening=0.4)
    (term,) = model.terms
    assert isinstance(term, Screened)
    assert (term.contact.scale, term.strength) == (0.5, 0.4)
    assert term.screening["K"] == {"residual": 0.2, "rho_0": 0.5}
    assert term.shares == {("K", "N:pyridinic"): 0.0}


def test_residual_depends_on_graphitic_nitrogen(tmp_path):
    """s^{1-δ} s_d^δ, δ = 1 - e^{-c/c_0}, for the element with these parameters; the other is unchanged."""
    doped = "residual = 0.2\ndoped_residual = 0.5\ndoping_scale = 0.02\n"
    text = MODEL.replace("residual = 0.2\n", doped, 1)
    assert not takes_doping("morse-dilute")
    (term,) = load_text(tmp_path, text, doping=0.03).terms
    settled = 1.0 - np.exp(-1.5)
    assert term.screening["K"]["residual"] == pytest.approx(0.2 ** (1.0 - settled) * 0.5**settled, rel=1e-13)
    assert term.screening["Na"]["residual"] == 0.2
    assert takes_doping(tmp_path / "mine.toml")
    (clean,) = load_text(tmp_path, text).terms
    assert clean.screening["K"]["residual"] == 0.2
    with pytest.raises(InputError, match=r"A doping of 0\.03 does not apply to mine"):
        load_text(tmp_path, MODEL, doping=0.03)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('elements = ["Na", "K"]', 'elements = ["K"]', "which none of its other terms give"),
        ('set = "nichol-ackland-2016"\nelements = ["Na", "K"]', 'set = "kinaci-2012-cn"', "which none of its other"),
        ('set = "morse-dilute"\naffinity = true', 'set = "kinaci-2012-cn"', "which is for pair terms"),
    ],
)  # fmt: skip
def test_models_that_cannot_screen(tmp_path, old, new, message):
    with pytest.raises(InputError, match=message):
        load_text(tmp_path, MODEL.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("rho_0 = 0.5\nevidence = \"proposed\"\n\n[[term.screening.pair", "rho_0 = 0.0\nevidence = \"proposed\"\n\n"
         "[[term.screening.pair", 22, "greater than 0"),
        ("share = 0.0", "shares = 0.0", 27, 'Did you mean "share"'),
        ('symbol = "Na"', 'symbol = "K"', 13, "element K is given twice"),
        ('symbol = "Na"', 'symbol = "Na"\ndoped_residual = 0.5', 19, "doped_residual and doping_scale together"),
    ],
)  # fmt: skip
def test_damaged_screening_is_reported_with_its_line(tmp_path, old, new, line, message):
    with pytest.raises(FileFormatError, match=rf"mine\.toml:{line}.*{message}"):
        load_text(tmp_path, MODEL.replace(old, new))


def deck_faults(model):
    """Return the potential of the model of a deck and its faults."""
    faults = []
    potential = build_potential(Model(**model), Path(), lambda path, text: faults.append((path, text)))
    return potential, faults


def test_a_deck_sets_the_screening():
    potential, faults = deck_faults({"potential": "nak-cn", "screening": 0.5, "affinity": 0.7})
    assert not faults
    assert (potential.terms[0].strength, potential.terms[0].contact.scale) == (0.5, 0.7)
    for model, message in (
        ({"potential": "nak-cn", "screening": 2.0}, "it must be between 0"),
        ({"potential": "nak-cn-pair", "screening": 0.5}, "does not apply to nak-cn-pair"),
        (
            {"potential": str(Path(__file__).parent / "data" / "cn.tersoff"), "screening": 0.5},
            "screening acts on the metal-carbon terms of a named set",
        ),
    ):
        built, ((path, text),) = deck_faults(model)
        assert built is None
        assert path == ("model", "potential")
        assert message in text


@pytest.mark.parametrize("name", ["nak", "nak-cn-pair", "nak-cn-dilute", "morse-dilute"])
def test_screening_is_refused_for_unscreened_sets(name):
    with pytest.raises(InputError, match=rf"A screening of 0\.5 does not apply to {name}"):
        load(name, screening=0.5)
