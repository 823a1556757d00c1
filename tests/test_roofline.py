"""`nakmd bench --roofline`: lanes against brute-force counts, operations against counts by hand."""

import ase
import ase.neighborlist
import configurations as made
import numpy as np
import pytest

from nakmd.bench import lanes, roofline, timing
from nakmd.bench.cases import CASES, Prepared
from nakmd.kernels import elementary
from nakmd.kernels.operations import count_operations
from nakmd.kernels.simd import any_of, where
from nakmd.kernels.simd_bits import to_index
from nakmd.neighbors import Neighbors
from nakmd.potentials import Hybrid, LennardJones, Morse, load
from nakmd.potentials.forms.lennard_jones import LennardJonesParameters, lennard_jones
from nakmd.potentials.forms.morse import MorseParameters, morse
from nakmd.system import Result

SYSTEM = made.crystal("bcc", 4.9, (4, 4, 3), ("Na", "K"), seed=7, shake=0.2)
PAIRS = {("Na", "Na"): 6.0, ("K", "Na"): 7.0, ("K", "K"): 8.0}
LJ = LennardJones({pair: {"epsilon": 0.01, "sigma": 3.5, "cutoff": cutoff} for pair, cutoff in PAIRS.items()})
TUBE = made.tube(6, 6, 4)


def lists_of(potential, system):
    neighbors = Neighbors(potential.bind(system.species_names).requests, skin=1.0)
    neighbors.update(system)
    return neighbors, neighbors.lists[0]


def numbers_of_neighbors(system, cutoffs):
    """Return the number of neighbours of each atom, by ASE."""
    names = np.array(system.species_names)[system.species]
    atoms = ase.Atoms(names, system.positions, cell=system.cell.matrix, pbc=system.cell.periodic)
    return np.bincount(ase.neighborlist.neighbor_list("i", atoms, cutoffs), minlength=len(atoms))


# ---------------------------------------------------------------------------------------------- lanes
def test_lanes_of_pairs():
    neighbors, neighbor_list = lists_of(LJ, SYSTEM)
    counted = lanes.count_pairs(neighbor_list, neighbors.rows)
    assert counted.evaluated == neighbor_list.lanes * sum(
        int(e) - int(b) for b, e in zip(neighbor_list.begin.flat, neighbor_list.end.flat)
    )
    assert counted.useful == numbers_of_neighbors(SYSTEM, PAIRS).sum()
    assert 0.3 < counted.useful_share < 1.0


def test_lanes_of_triples(monkeypatch):
    neighbors, neighbor_list = lists_of(load("cn"), TUBE)
    reach = neighbor_list.request.cutoffs
    evaluated = 0
    for s in range(neighbor_list.n_slices):
        active = 0
        for b in range(neighbor_list.begin.shape[1]):
            for column in range(neighbor_list.begin[s, b], neighbor_list.end[s, b]):
                at = slice(column * neighbor_list.lanes, (column + 1) * neighbor_list.lanes)
                apart = (
                    neighbors.rows[neighbor_list.entries[at], :3]
                    - neighbors.rows[neighbor_list.centers[s * 8 : s * 8 + 8], :3]
                )
                active += bool((np.linalg.norm(apart, axis=1) < reach[neighbor_list.species[s], b]).any())
        evaluated += neighbor_list.lanes * active * (active - 1)
    number = numbers_of_neighbors(TUBE, {(a, b): reach[i, j] for i, a in enumerate("CN") for j, b in enumerate("CN")})
    counted = lanes.count_triples(neighbor_list, neighbors.rows)
    assert counted == lanes.Lanes(evaluated, int((number * (number - 1)).sum()))
    monkeypatch.setattr(lanes, "BLOCK", 3)
    assert lanes.count_triples(neighbor_list, neighbors.rows) == counted, "blocks of slices"


@pytest.mark.parametrize(("term", "system"), [(LJ, SYSTEM), (load("nak"), SYSTEM), (load("cn"), TUBE)])
def test_atoms_alone_have_their_own_neighbors(term, system):
    neighbors, neighbor_list = lists_of(term, system)
    alone = lanes.neighbors_alone(neighbor_list, neighbors.rows, 20)
    chosen = alone.atoms[alone.atoms >= 0]
    assert len(chosen) == len(set(chosen)) == 20
    counted = lanes.count_pairs(alone, neighbors.rows)
    assert counted.useful == counted.evaluated > 0
    if term is LJ:
        assert counted.useful == alone.lanes * numbers_of_neighbors(system, PAIRS)[chosen].sum()
        whole, part = Result(system.n_atoms), Result(system.n_atoms)
        (bound,) = term.bind(system.species_names).terms
        bound.add_to(system, neighbors, [neighbor_list], whole, virial=False)
        bound.add_to(system, neighbors, [alone], part, virial=False)
        np.testing.assert_allclose(part.forces[chosen], whole.forces[chosen], rtol=0.0, atol=1e-12)


def test_an_empty_list():
    neighbors, neighbor_list = lists_of(LJ, made.crystal("bcc", 40.0, 1, ("Na", "K"), seed=1))
    assert lanes.count_pairs(neighbor_list, neighbors.rows) == lanes.Lanes(0, 0)
    assert lanes.neighbors_alone(neighbor_list, neighbors.rows, 5).n_slices == 0


# ---------------------------------------------------------------------------------------------- operations
R = np.linspace(3.0, 4.0, 8)


def test_operations_of_formulas():
    # 1/q, its product with σ², two for the cube; V: 4ε s6 (s6 - 1) is 3; dV/dq: -12ε s6 (2 s6 - 1) / q is 5
    p = LennardJonesParameters(0.1, 3.0)
    assert count_operations(lennard_jones.of_square, R, p) == 8 * (4 + 3 + 5)
    assert count_operations(lambda q: lennard_jones.of_square(q, p)[1], R) == 8 * (4 + 5), "V is not used"
    assert count_operations(lennard_jones, R, p) == 8 * (1 + 4 + 3 + 5 + 2), "r² before, 2r after"
    # e^x: two clamps, one fma and a floor for k, two fma for r, thirteen for the polynomial, a product
    exponential = 2 + 2 + 1 + 4 + 26 + 1
    assert count_operations(elementary.exp, R) == 8 * exponential
    # r - r_0 and its product with -α, then D x (x - 2) and -2Dα x (x - 1)
    assert count_operations(morse, R, MorseParameters(0.1, 1.5, 3.0)) == 8 * (2 + exponential + 3 + 3)


def test_operations_of_conditions():
    assert count_operations(lambda r: where(r < 3.5, r, 0.0), R) == 8, "a select costs its comparison"
    assert count_operations(lambda r: 1.0 if any_of(2.0 * r < 1.0) else 0.0, R) == 16
    assert count_operations(lambda r: np.arange(9.0)[to_index(2.0 * r)], R) == 8
    assert count_operations(lambda r: (r + 1.0, r * 2.0)[0][0], R) == 8

    def write(r, out):
        unused = r * r  # noqa: F841
        out[0:8] = r + 1.0

    out = np.zeros(8)
    assert count_operations(write, R, out) == 8
    assert np.array_equal(out, R + 1.0)
    assert count_operations(write, R.astype(np.float32), out) == 8


def test_unknown_operations_are_refused():
    with pytest.raises(TypeError, match="arctan"):
        count_operations(np.arctan, R)


# ---------------------------------------------------------------------------------------------- rates
def test_rates_of_a_pair_potential(monkeypatch):
    monkeypatch.setattr(timing, "LEAST_TIME", 0.0)
    monkeypatch.setattr(roofline, "PEAK_REPEATS", 3)
    kernels = LennardJones.kernels
    morse_pairs = {("Na", "K"): {"depth": 0.1, "alpha": 1.5, "r_0": 3.5, "cutoff": 6.0, "cut": "smooth"}}
    morse = Hybrid([Morse(morse_pairs, none=[("Na", "Na"), ("K", "K")])])
    measured = roofline.measure_roofline(Prepared(CASES[0], SYSTEM, Hybrid([LJ]), 0.0), 2)
    of_morse = roofline.measure_roofline(Prepared(CASES[0], SYSTEM, morse, 0.0), 2)
    assert [(k.term, k.kernel) for k in measured.kernels] == [("lennardjones", "add_forces")]
    assert [(k.term, k.kernel) for k in of_morse.kernels] == [("morse", "add_forces")]
    assert LennardJones.kernels is kernels, "the kernels are restored"
    rate = measured.kernels[0]
    number = numbers_of_neighbors(SYSTEM, PAIRS)
    assert rate.lanes_useful == number.sum()
    # three differences, 5 for r², dV/dq as above, 2 dV/dq, its scale, comparisons with zero and the cutoff, 6 for the
    # sums; partial sums between species add less than 4 for each of the two species blocks of an atom
    by_hand = 3 + 5 + 9 + 1 + 1 + 2 + 6
    assert by_hand <= rate.operations < by_hand + 8 / number.min()
    assert of_morse.kernels[0].operations > by_hand + 30, "an exponential and a switching function"
    assert rate.gflops == pytest.approx(1e-6 * rate.operations * rate.lanes_useful / rate.call.median)
    for rate in measured.kernels:
        assert 0.0 < rate.useful_share < 1.0
        assert 0.0 < rate.of_peak < 1.0
        assert rate.of_peak == pytest.approx(rate.gflops / measured.peak)
