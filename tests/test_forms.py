"""Forms of potentials: the contract of the registry, and properties of single forms."""

import copy

import configurations as made
import models
import numpy as np
import pytest

from nakmd.deck.deck import Deck
from nakmd.errors import InputError
from nakmd.potentials import ZBL, Buckingham, evaluate, forms, library, load
from nakmd.potentials.library.record_toml import parse_record
from nakmd.potentials.library.records import RECORDS
from nakmd.runs.plan import make_plan

HEAD = """name = "mine"
title = "my own"
license = "CC0-1.0"
units = { energy = "eV", length = "Å" }
source = [{ paper = "none" }]
cutoff = 6.0
cut = "smooth"
"""
PAIR_FORMS = {form.form: form for form in forms.PAIR_FORMS}


def numbers_of(style):
    """Return the parameters of K and C by name."""
    return dict(zip(PAIR_FORMS[style].parameters, models.PAIRS[style].numbers["K C"]))


def record_of(style, **changed):
    """Return the text of a set of K and C."""
    numbers = {**numbers_of(style), **changed}
    words = "".join(f"{name} = {value!r}\n" for name, value in numbers.items())
    return HEAD + f'form = "{style}"\n[[pair]]\nspecies = ["K", "C"]\nevidence = "proposed"\n' + words


def test_the_registry_is_complete():
    assert [form.__name__ for form in forms.FORMS] == forms.__all__
    assert set(RECORDS) == {form.Record.form_word() for form in forms.FORMS} | {"model"}
    used = {library.read_set(name).form for name in library.names()}
    assert used <= set(RECORDS)
    for form in forms.FORMS:
        assert form.Record.equation.startswith(("V =", "E ="))


@pytest.mark.parametrize("style", PAIR_FORMS)
def test_a_record_becomes_the_potential(style, tmp_path):
    record = parse_record("mine.toml", record_of(style))
    assert isinstance(record, PAIR_FORMS[style].Record)
    assert record.species == ("K", "C")
    assert all(record.unit_of(name) for name in numbers_of(style))
    (tmp_path / "mine.toml").write_text(record_of(style), encoding="utf-8")
    potential = load(tmp_path / "mine.toml", affinity=0.5)
    assert type(potential) is PAIR_FORMS[style]
    assert potential.scale == 0.5
    given = {name: potential.pairs["C", "K"][name] for name in numbers_of(style)}
    assert given == numbers_of(style)


@pytest.mark.parametrize("style", PAIR_FORMS)
def test_a_term_of_a_deck_is_the_potential(style):
    """Numbers have the units that the form declares; a deck round trip."""
    form = PAIR_FORMS[style]
    words = {name: f"{value!r} {form.parameters[name].unit}".strip() for name, value in numbers_of(style).items()}
    term = {"kind": style.replace("_", "-"), "pair": ["K", "Na"], "cutoff": "0.6 nm", "cut": "smooth", **words}
    term |= {"smooth_from": "4 Å", "replace": True}
    deck = Deck(
        model={"terms": [{"kind": "set", "name": "nak"}, term]},
        structure={"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 80}},
        stage=[{"kind": "produce", "steps": 10, "temperature": "450 K"}],
    )
    assert Deck.from_text(deck.to_toml()) == deck
    _, _, potential = make_plan(copy.deepcopy(deck)).require()
    (found,) = [part for part in potential.terms if type(part) is form]
    pair = found.pairs["K", "Na"]
    assert {name: pair[name] for name in numbers_of(style)} == numbers_of(style)
    assert (pair["cutoff"], pair["cut"], pair["smooth_from"]) == (6.0, "smooth", 4.0)
    faulty = {**term, next(iter(words), "cutoff"): "1 ps"}
    with pytest.raises(InputError, match="is a time"):
        Deck(model={"terms": [faulty]}, structure=deck.structure, stage=deck.stage)


# ------------------------------------------------------------------------------------------ Buckingham
def test_a_pair_without_a_wall_is_refused():
    """A (7ρ)⁷ e⁻⁷ = 6 C ρ: at ρ = 0.3 Å and C = 5 eV Å⁶ that is A = 9 e⁷ / 2.1⁷ = 54.80 eV."""
    numbers = {"rho": 0.3, "C": 5.0, "cutoff": 8.0}
    with pytest.raises(InputError, match=r"K-C: with rho = 0.3 Å .* above 54.79\d+ eV, got 54.7"):
        Buckingham({("K", "C"): {"A": 54.7, **numbers}})
    assert Buckingham({("K", "C"): {"A": 54.9, **numbers}}).pairs
    with pytest.raises(InputError, match="C must be a number not below 0"):
        Buckingham({("K", "C"): {"A": 54.9, **numbers, "C": -1.0}})


def test_the_top_of_the_wall_is_a_maximum():
    """A grid of 1e-5 Å gives the maximum to that, and V to its square times V''/2, about 1e-6 eV."""
    term = Buckingham({("K", "C"): {"A": 1000.0, "rho": 0.3, "C": 5.0, "cutoff": 8.0}}, scale=0.5)
    r = np.arange(0.5, 4.0, 1e-5)
    v = 0.5 * (1000.0 * np.exp(-r / 0.3) - 5.0 / r**6)
    top, height = term.top_of_wall("C", "K")
    assert top == pytest.approx(r[np.argmax(v)], abs=1e-5)
    assert height == pytest.approx(v.max(), abs=1e-6)
    bare = Buckingham({("K", "C"): {"A": 1000.0, "rho": 0.3, "C": 0.0, "cutoff": 8.0}})
    assert bare.top_of_wall("K", "C") == (0.0, 1000.0)


def test_layers_of_graphite_under_the_set_of_williams():
    """Rigid AB sheets, 2.461 Å: the distance of minimum energy is that of the record."""
    term, bond = load("williams-1967-c"), 2.461 / np.sqrt(3.0)
    n = np.arange(-9, 10)
    cells = n[:, None, None] * [1.5 * bond, 1.2305] + n[None, :, None] * np.array([1.5 * bond, -1.2305])

    def squares_from(shift):
        return np.sum((cells.reshape(-1, 2) + np.array([shift, 0.0])) ** 2, axis=1)

    origin = {0: [0.0, bond], 1: [bond, 2.0 * bond]}
    offsets = {
        side: np.concatenate([
            squares_from(to - start) for start in origin[0] for to in origin[side]
        ])
        for side in origin
    }  # fmt: skip

    def energy(distance):
        return sum(
            term.curve(("C", "C"), np.sqrt(offsets[layer % 2] + (layer * distance) ** 2))[0].sum() / 2.0
            for layer in range(1, 4)
        )

    stored = next(a for a in library.read_set("williams-1967-c").accuracy if "layers" in a.property)
    around = [energy(stored.value + step) for step in (-1e-3, 0.0, 1e-3)]
    assert around[1] < min(around[0], around[2])
    assert around[1] == pytest.approx(-0.071, abs=5e-4)


# ------------------------------------------------------------------------------------------ ZBL
def test_nuclear_charges_come_from_the_elements():
    """A site label does not change the element; the reference takes the charges as numbers."""
    core = ZBL({("K", "N:graphitic"): {"cutoff": 3.0, "cut": "cut"}})
    r = np.array([0.7, 1.3, 2.9])
    found, slope = core.curve(("K", "N:graphitic"), r)
    expected, expected_slope = models.PAIRS["zbl"].formula(r, 19, 7)
    # rounding of exponents up to 70 and of four terms: 1e-14 each
    assert found == pytest.approx(expected, rel=1e-12)
    assert slope == pytest.approx(expected_slope, rel=1e-12)
    with pytest.raises(InputError, match="K-Xy: Xy is not a known element"):
        ZBL({("K", "Xy"): {"cutoff": 3.0}})


@pytest.mark.lammps
def test_forces_of_lammps_zbl():
    """Inside its inner cutoff; LAMMPS's e²/4πε0 is 14.399645 eV Å, 3.3e-8 below CODATA's."""
    import lammps_oracle

    system = made.crystal("fcc", 2.2, 1, ("K", "C"), seed=3, shake=0.1, periodic=(False, False, False))
    charges = {"K": 19, "C": 6}
    commands = ["pair_style zbl 5.0 6.0"]
    commands += [
        f"pair_coeff {i + 1} {j + 1} {charges[a]} {charges[b]}"
        for i, a in enumerate(system.species_names) for j, b in enumerate(system.species_names) if j >= i
    ]  # fmt: skip
    theirs = lammps_oracle.run(system, commands)
    pairs = {pair: {"cutoff": 6.0, "cut": "cut"} for pair in (("K", "K"), ("K", "C"), ("C", "C"))}
    ours = evaluate(ZBL(pairs), system)
    away = np.linalg.norm(system.positions[:, None] - system.positions[None], axis=-1)
    assert away.max() < 5.0
    assert np.abs(ours.forces - theirs.forces).max() < 1e-7 * np.abs(theirs.forces).max()
