"""Structure factors, short-range order and local order on crystals and gases, and beside freud."""

import json
import sys

import numpy as np
import pytest
from synthetic import frame, ideal_gas, topology

from nakmd.analysis import FrameList, analyze, local_order, short_range_order, structure_factor
from nakmd.cell import Cell
from nakmd.errors import AnalysisError

TRICLINIC = [[9.0, 0.0, 0.0], [2.0, 10.0, 0.0], [-1.0, 3.0, 11.0]]
FCC = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
BCC = [[0, 0, 0], [0.5, 0.5, 0.5]]


def lattice(basis, constant, n, species, names=("Na", "K"), thermal=0.0, frames=1):
    corners = np.array([(i, j, k) for i in range(n) for j in range(n) for k in range(n)])
    sites = (corners[:, None] + np.array(basis)[None] + 0.25).reshape(-1, 3) * constant
    rng = np.random.default_rng(1)
    cell = Cell([n * constant] * 3)
    made = [frame(cell, sites + thermal * rng.normal(size=sites.shape), t) for t in range(frames)]
    return FrameList(topology(names, species(len(sites), rng)), made)


def in_turn(n, rng):
    return np.arange(n) % 2


def at_random(n, rng):
    return rng.permutation(np.arange(n) % 2)


def by_hand(source, pair, q_max, bins, octant=False):
    """Σ_ij cos q·(r_i - r_j) between two kinds, averaged over the wave vectors of each bin: the slow twin."""
    indices = np.stack(np.meshgrid(*[np.arange(-9, 10)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    indices = indices[np.any(indices, axis=1) & (np.all(indices >= 0, axis=1) if octant else True)]
    q = 2.0 * np.pi * indices @ np.linalg.inv(source[0].cell.matrix).T
    q = q[np.linalg.norm(q, axis=1) < q_max]
    place = (np.linalg.norm(q, axis=1) / (q_max / bins)).astype(int)
    count = np.bincount(place, minlength=bins)
    total = np.zeros(bins)
    for now in source:
        a, b = (np.exp(1j * now.positions[source.topology.species == s] @ q.T).sum(axis=0) for s in pair)
        total += np.bincount(place, (a * b.conj()).real, minlength=bins)
    return total[count > 0] / count[count > 0] / len(source)


@pytest.mark.parametrize("matrix", [[9.0, 10.0, 11.5], TRICLINIC])
def test_structure_factors_are_those_of_the_slow_twin(matrix):
    source = ideal_gas(2, 45, 3, matrix, names=("K", "Na", "Na"))
    plain = structure_factor(source, q_max=3.0, bins=15, vectors=0, definition="ashcroft-langreth")
    by_pair = {(0, 0): by_hand(source, (0, 0), 3.0, 15), (0, 1): by_hand(source, (0, 1), 3.0, 15)}
    by_pair[1, 1] = by_hand(FrameList(source.topology, source), (1, 1), 3.0, 15) + by_hand(source, (2, 2), 3.0, 15)
    by_pair[1, 1] += 2.0 * by_hand(source, (1, 2), 3.0, 15)
    by_pair[0, 1] += by_hand(source, (0, 2), 3.0, 15)
    products = by_pair[0, 0] / 15, by_pair[0, 1] / np.sqrt(15 * 30), by_pair[1, 1] / 30
    np.testing.assert_allclose(plain.value, products, rtol=1e-10, atol=1e-10)  # phases are powers: 1e-15 each
    # Faber and Ziman's, and the fluctuations of number and concentration, from their own definitions
    c = 1 / 3, 2 / 3
    ours = structure_factor(source, q_max=3.0, bins=15, vectors=0)
    s = dict(zip(("11", "12", "22"), products))
    np.testing.assert_allclose(ours["Na", "K"][0], 1.0 + s["12"] / np.sqrt(c[0] * c[1]), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ours["K", "K"][0], 1.0 + (s["11"] - 1.0) / c[0], rtol=1e-9, atol=1e-9)
    cross = np.sqrt(c[0] * c[1]) * s["12"]
    nn = c[0] * s["11"] + c[1] * s["22"] + 2.0 * cross
    cc = c[0] * c[1] * (c[1] * s["11"] + c[0] * s["22"] - 2.0 * cross)
    nc = c[0] * c[1] * (s["11"] - s["22"]) + (c[1] - c[0]) * cross
    np.testing.assert_allclose(ours.number_number, nn, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ours.concentration_concentration, cc, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ours.number_concentration, nc, rtol=1e-9, atol=1e-9)


def test_structure_factors_equal_freud():
    freud = pytest.importorskip("freud")
    lengths = np.array([9.0, 10.0, 11.5])
    source = ideal_gas(3, 60, 2, lengths)
    for now in source:  # what single precision keeps
        now.positions[:] = (now.positions - 0.5 * lengths).astype(np.float32)
    species, box = source.topology.species, freud.box.Box(*lengths)
    for pair in ((0, 0), (0, 1), (1, 1)):
        theirs = freud.diffraction.StaticStructureFactorDirect(15, 3.0)
        for now in source:
            a, b = (now.positions[species == s] for s in pair)
            theirs.compute((box, a), query_points=b, N_total=60, reset=False)
        # it looks at the octant of wave vectors without negative components only; the first bin holds q = 0, too
        twin = by_hand(source, pair, 3.0, 15, octant=True) / 60
        found = theirs.S_k[np.isfinite(theirs.S_k)]
        found = found if len(found) == len(twin) else found[1:]
        np.testing.assert_allclose(twin, found, rtol=1e-6, atol=1e-6)
    total = freud.diffraction.StaticStructureFactorDirect(15, 3.0)
    for now in source:
        # mirrored, the octant becomes each of the others in turn; the waves on their common faces count anew each time
        total.compute((box, now.positions), reset=False)
    everything = sum(by_hand(source, pair, 3.0, 15, octant=True) for pair in ((0, 0), (0, 1), (0, 1), (1, 1))) / 60
    found = total.S_k[np.isfinite(total.S_k)]
    np.testing.assert_allclose(everything, found[-len(everything) :], rtol=2e-6, atol=2e-6)  # four terms of the above


def test_ideal_gas_has_no_structure_within_errors():
    source = ideal_gas(5, 400, 80, [20.0, 21.0, 22.0], names=("K", "Na", "K"))
    record = structure_factor(source, q_max=3.0, bins=20, vectors=60)
    for value, error in [record[pair] for pair in record.pairs]:
        # 20 bins of unit variance: the mean square is 1 ± 0.3, plus errors of 40 to 64 blocks
        assert np.mean(((value - 1.0) / error) ** 2) == pytest.approx(1.0, abs=0.9)
    c = record.fractions["K"]
    assert np.mean(record.concentration_concentration) == pytest.approx(c * (1 - c), rel=0.03)
    assert np.mean(record.number_concentration) == pytest.approx(0.0, abs=0.01)
    assert max(record.n_vectors) < 100  # about 60 drawn, 60 ± 8
    assert np.all(np.diff(record.q) > 0)


def test_main_peak_is_not_the_shape_of_the_metal():
    cell = Cell([24.0, 24.0, 48.0])
    rng = np.random.default_rng(5)
    # a film over half of the cell: the longest wave sees it best
    frames = [frame(cell, rng.uniform(size=(300, 3)) * [24.0, 24.0, 24.0], step) for step in range(4)]
    record = structure_factor(FrameList(topology(["K"], np.zeros(300)), frames), q_max=3.0)
    assert np.argmax(record.number_number) == 0
    assert record.number_number[0] > 20.0
    assert record.peak > 1.0
    assert record.peak_height.value < 2.0
    assert record.plot().axes[0].get_ylim()[1] < 5.0


def test_bragg_peaks_of_two_crystals():
    # CsCl: (100) is forbidden to the bcc lattice and full of contrast: S_CC = c² N (1 - (-1))² / 4 there
    record = structure_factor(lattice(BCC, 4.0, 4, in_turn), q_max=1.8, bins=180, vectors=0)
    peak = np.argmin(abs(record.q - 2.0 * np.pi / 4.0))
    assert record.n_vectors[peak] == 3
    assert record.number_number[peak] == pytest.approx(0.0, abs=1e-9)
    assert record.concentration_concentration[peak] == pytest.approx(128 / 4, rel=1e-9)
    assert record.number_number[np.arange(len(record.q)) != peak] == pytest.approx(0.0, abs=1e-9)


def test_random_alloy_and_ordered_alloy():
    random = short_range_order(lattice(BCC, 4.2, 10, at_random, thermal=0.15, frames=4), cutoff=3.9)
    # 8000 pairs, each unlike or not at odds of 1: α = 0 ± 1/√8000
    assert random.value == pytest.approx(0.0, abs=4.0 / np.sqrt(8000))
    ordered = short_range_order(lattice(BCC, 4.2, 5, in_turn), cutoff=3.9)
    assert ordered.value == pytest.approx(-1.0, rel=1e-12)
    assert ordered.neighbors["K"].value == pytest.approx(8.0)
    assert {word: one.value for word, one in ordered.by_center.items()} == pytest.approx({"Na": -1.0, "K": -1.0})


def test_shell_ends_at_the_first_minimum():
    source = lattice(FCC, 5.4, 4, at_random, thermal=0.2, frames=6)
    found = short_range_order(source)
    assert 3.82 + 0.3 < found.cutoff < 5.4 - 0.3  # between the first two shells
    assert "first minimum" in found.notes[0]
    given = short_range_order(source, cutoff=found.cutoff)
    assert given.value == pytest.approx(found.value, rel=1e-12)
    assert found.error > 0.0
    assert found.neighbors["Na"].value == pytest.approx(12.0, abs=0.1)


@pytest.mark.parametrize(
    ("basis", "neighbors", "q4", "q6"),
    [
        (FCC, 12, 0.19094, 0.57452),
        (BCC, 8, 0.50918, 0.62854),
        (BCC, 14, 0.03637, 0.51069),
        (FCC, None, 0.19094, 0.57452),
    ],
)
def test_bond_order_of_perfect_crystals(basis, neighbors, q4, q6):
    pytest.importorskip("freud")
    # exact ties of a Voronoi construction are broken by 1e-4 Å
    source = lattice(basis, 4.0, 4, in_turn, thermal=1e-4)
    record = local_order(source, neighbors=neighbors)
    assert record.value == pytest.approx(q6, abs=1e-3)  # q moves by 1e-4 / 2.8 for each angle
    assert record.q4["Na"].value == pytest.approx(q4, abs=1e-3)
    assert record.volume["K"].value == pytest.approx(64.0 / len(basis), rel=1e-3)
    assert np.sum(record.q6_distribution) * 0.01 == pytest.approx(1.0)


def test_local_order_in_a_slanted_cell_is_that_of_the_supercell():
    pytest.importorskip("freud")
    rng = np.random.default_rng(4)
    a = np.array([[5.0, 1.0, 0.5], [0.3, 6.0, 1.0], [0.2, -1.0, 5.5]])  # no vector along an axis
    sites = rng.uniform(size=(12, 3)) @ a
    shifts = np.array([(i, j, k) for i in range(2) for j in range(2) for k in range(2)]) @ a
    kinds = np.arange(12) % 2
    whole = FrameList(topology(["Na", "K"], np.tile(kinds, 8)), [])
    big = FrameList(whole.topology, [frame(Cell(2.0 * a), (shifts[:, None] + sites).reshape(-1, 3))])
    bigger = FrameList(
        topology(["Na", "K"], np.tile(kinds, 16)),
        [frame(Cell(2.0 * a * [[2], [1], [1]]),
               np.concatenate([big[0].positions, big[0].positions + 2.0 * a[0]]))],
    )  # fmt: skip
    one, two = local_order(big), local_order(bigger)
    assert one.value == pytest.approx(two.value, abs=1e-5)  # single precision
    assert one.volume["K"].value + one.volume["Na"].value == pytest.approx(np.linalg.det(a) / 6, rel=1e-5)


def test_quantities_by_name_only():
    source = ideal_gas(1, 200, 4, [16.0] * 3)
    named = ["structure_factor", "local_order"] if "freud" in sys.modules else ["structure_factor"]
    assert "structure_factor" not in analyze(source)
    found = analyze(source, named)
    assert list(found) == named
    for record in found.values():
        json.dumps(record.to_dict(), allow_nan=False)
        record.plot()
    short_range_order(source, cutoff=5.0).plot()
    with pytest.raises(AnalysisError, match="short_range_order needs both sodium and potassium"):
        analyze(ideal_gas(1, 10, 1, [16.0] * 3, names=("K",)), ["short_range_order"])


def test_what_cannot_work_is_said(monkeypatch):
    gas = ideal_gas(1, 100, 1, [14.0] * 3)
    open_ = ideal_gas(1, 100, 1, [14.0] * 3, (True, True, False))
    carbon = ideal_gas(1, 10, 1, [14.0] * 3, names=("C",))
    for question, message in (
        (lambda: structure_factor(open_), "periodic along all three directions; this one is periodic along 2"),
        (lambda: structure_factor(carbon), "needs metal atoms"),
        (lambda: structure_factor(gas, q_max=0.1), "No wave vector of a cell of 14.0, 14.0, 14.0 Å"),
        (lambda: structure_factor(gas, definition="mine"), "faber-ziman or ashcroft-langreth"),
        (lambda: structure_factor(gas, bins=0), "positive"),
        (lambda: structure_factor(gas)["K", "Rb"], "no S.q. of K-Rb"),
        (lambda: short_range_order(gas), "no first minimum"),
        (lambda: short_range_order(gas, cutoff=8.0), "smallest width is 14.00"),
        (lambda: short_range_order(gas, "K", "Rb"), "no atoms of Rb, only of K, Na"),
        (lambda: short_range_order(gas, cutoff=0.01), "closer than 0.01"),
        (lambda: local_order(open_), "periodic along all three"),
        (lambda: local_order(gas, neighbors=100), "too few for 100"),
    ):
        with pytest.raises(AnalysisError, match=message):
            question()
    monkeypatch.setitem(sys.modules, "freud", None)
    with pytest.raises(AnalysisError, match=r"pip install nakmd\[order\]"):
        local_order(gas)
