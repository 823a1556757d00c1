"""The set nak-2026 of Chebyshev polynomials: smoothness, crystals, ensemble, invalid records."""

from pathlib import Path

import numpy as np
import pytest

from nakmd.deck.deck import Deck
from nakmd.errors import FileFormatError, InputError
from nakmd.potentials import ChebyshevEAM, load
from nakmd.potentials.library import path
from nakmd.potentials.library.record_toml import parse_record
from nakmd.runs.potential_builder import build_potential
from nakmd.studies.static_crystals import find_crystal, structure_in_nature
from nakmd.studies.validation import cold

MEMBERS = range(1, 9)


@pytest.mark.parametrize("pair", [("Na", "Na"), ("K", "K"), ("Na", "K"), ("K", "Na")])
def test_functions_are_smooth_at_both_ends(pair):
    """The curvatures on both sides agree to the order of the step: V and φ are twice differentiable."""
    numbers, h = load("nak-2026").pairs[pair], 1e-4
    for end in (numbers.start, numbers.cutoff):
        for steps in (np.arange(4), -np.arange(4)):
            values = load("nak-2026").functions(*pair, end + h * steps)
            curvature = [(f[0] - 2.0 * f[1] + f[2]) / h**2 for f in values]
            third = [abs(f[0] - 3.0 * f[1] + 3.0 * f[2] - f[3]) / h**3 for f in values]
            if steps[1] > 0:
                after = curvature
            else:
                # the curvature of each side is that one step away: two steps times the third derivatives
                for one, two, rise in zip(after, curvature, third, strict=True):
                    assert abs(one - two) < 2.0 * h * (rise + 60.0)
    outside = load("nak-2026").functions(*pair, np.array([numbers.cutoff, numbers.cutoff + 1.0]))
    assert np.all(np.array(outside) == 0.0)


@pytest.mark.parametrize("pair", [("Na", "Na"), ("K", "K"), ("Na", "K"), ("K", "Na")])
def test_the_core_repels_and_densities_fall(pair):
    """The fit demands it: wiggles of V and φ that cancel in the liquid do not cancel at a surface."""
    numbers = load("nak-2026").pairs[pair]
    r = np.linspace(1.0, numbers.cutoff, 200)
    v, phi = load("nak-2026").functions(*pair, r)
    assert np.all(np.diff(v[r < numbers.start]) < 0.0)
    assert np.all(phi > -1e-9)
    # a rise of 0.001 of the density of the crystal is left by the tolerance of the fit
    assert np.all(np.diff(phi) < 1e-3 * (r[1] - r[0]) * 4.0)


@pytest.mark.parametrize("member", [None, *MEMBERS])
@pytest.mark.parametrize("element", ["Na", "K"])
def test_bcc_is_the_ground_state(element, member):
    """In every member bcc is below fcc, stable against shear, and within 2 % of the measured a."""
    potential = load("nak-2026", member=member)
    structure, guess = structure_in_nature(element)
    bcc = find_crystal(potential, (element,), structure, guess)
    fcc = find_crystal(potential, (element,), "fcc", guess, elastic=False)
    assert fcc.energy > bcc.energy
    c11, c12, c44 = bcc.elastic
    assert c11 > c12 > 0.0 < c44
    assert bcc.length == pytest.approx({"Na": 4.225, "K": 5.225}[element], rel=0.02)


@pytest.mark.parametrize("element", ["Na", "K"])
def test_phonons_are_real_also_under_strain(element):
    """The Nichol-Ackland set has imaginary phonons at 1 % expansion."""
    potential = load("nak-2026")
    a = cold.lattice_constant(potential, element)
    mesh = np.array(list(np.ndindex(6, 6, 6))[1:]) / 6.0 @ np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
    for stretch in (0.98, 1.0, 1.02):
        phonons = cold.ForceConstants.measure(potential, element, a * stretch)
        assert min(float(phonons.frequencies(q)[0]) for q in mesh) > 0.0


def test_members_spread_around_the_set():
    """The draws are taken with both signs, so that their mean is the set; rounding leaves 1e-9."""
    center = load("nak-2026")
    members = [load("nak-2026", member=k) for k in MEMBERS]
    for pair, numbers in center.pairs.items():
        mean = np.mean([member.pairs[pair].V for member in members], axis=0)
        if pair[0] == pair[1]:  # the cross functions also follow those of the elements, which is not linear
            assert mean == pytest.approx(numbers.V, abs=3e-9)
        assert len({member.pairs[pair].V for member in members}) == len(members)
    assert len({member.describe()["sha256"] for member in (center, *members)}) == 9


def test_a_deck_takes_a_member():
    deck = Deck(
        model={"potential": "nak-2026", "member": 3},
        structure={"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 80}},
        stage=[{"kind": "produce", "steps": 10, "temperature": "450 K"}],
    )
    assert Deck.from_text(deck.to_toml()) == deck
    faults = []
    potential = build_potential(deck.model, Path(), lambda where, message: faults.append((where, message)))
    assert not faults
    assert isinstance(potential, ChebyshevEAM)
    assert potential.pairs["Na", "K"] == load("nak-2026", member=3).pairs["Na", "K"]


def test_members_that_do_not_exist_are_refused():
    with pytest.raises(InputError, match="nak-2026 has members 1 to 8; there is no member 9"):
        load("nak-2026", member=9)
    with pytest.raises(InputError, match="gupta-na has no ensemble"):
        load("gupta-na", member=1)
    with pytest.raises(InputError, match="cn has no ensemble: none of its sets has members"):
        load("cn", member=1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('elements = ["Na", "K"]', 'elements = ["Na", "Rb"]', "there is no [[pair]] of K-Na"),
        ('of = "K"\nat = "Na"', 'of = "K"\nat = "K"', "density of K at K is given twice"),
        ('[[embedding]]\nelement = "Na"', '[[embedding]]\nelement = "K"', "embedding K is given twice"),
        ('{ of = "K", at = "Na"', '{ of = "K", at = "K"', "member 1 must have every pair, density and embedding"),
    ],
)
def test_incomplete_records_are_refused(old, new, message):
    text = path("nak-2026").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(FileFormatError) as caught:
        parse_record("mine.toml", text.replace(old, new, 1))
    assert message in str(caught.value)


def test_numbers_out_of_range_are_refused():
    center = load("nak-2026", elements=["K"])
    numbers = center.pairs["K", "K"]
    arguments = (center.densities, center.embeddings, [19], [5.3])
    with pytest.raises(InputError, match="K-K needs 0 < start < cutoff and wall > 0"):
        ChebyshevEAM(["K"], {("K", "K"): numbers._replace(start=9.0)}, *arguments)
    with pytest.raises(InputError, match=r"11 coefficients of V .* computes up to 10 and 8"):
        ChebyshevEAM(["K"], {("K", "K"): numbers._replace(V=(1.0,) * 11)}, *arguments)
    with pytest.raises(InputError, match="K needs five coefficients of F"):
        ChebyshevEAM(["K"], {("K", "K"): numbers}, center.densities, {"K": [1.0]}, [19], [5.3])
