import math
import warnings

import numpy as np
import pytest
from synthetic import distances, frame, ideal_gas, topology

from nakmd.analysis import RDF, FrameList, coordination, rdf
from nakmd.analysis.geometry.grid import CellGrid
from nakmd.cell import Cell
from nakmd.errors import AnalysisError
from nakmd.kernels.jit import available_threads, set_threads

TRICLINIC = [[16.0, 0.0, 0.0], [5.0, 15.0, 0.0], [-3.0, 4.0, 14.0]]
CELLS = [
    (TRICLINIC, (True, True, True)),
    (TRICLINIC, (True, False, True)),
    ([13.0, 17.0, 30.0], (True, True, False)),
    ([12.1, 12.1, 40.0], (False, False, True)),
    ([9.0, 9.0, 9.0], (False, False, False)),
]


@pytest.mark.parametrize(("matrix", "periodic"), CELLS)
@pytest.mark.parametrize("n_atoms", [40, 900])
def test_pairs_are_those_of_brute_force(matrix, periodic, n_atoms):
    source = ideal_gas(n_atoms, n_atoms, 1, matrix, periodic)
    cell = source[0].cell
    # along open directions atoms lie outside of the cell, too
    moved = source[0].positions + np.where(cell.periodic, 0.0, 40.0)
    source = FrameList(source.topology, [frame(cell, moved)])
    r_max = 5.9
    record = rdf(source, r_max=r_max, bins=59)
    species = source.topology.species
    for (a, b), (i, j) in {("K", "K"): (0, 0), ("K", "Na"): (0, 1), ("Na", "Na"): (1, 1)}.items():
        d = distances(moved[species == i], moved[species == j], cell, reach=1)
        counts, _ = np.histogram(d[d > 0.0], record[a, b].edges)
        per_center = np.cumsum(counts) / np.sum(species == i)
        np.testing.assert_allclose(record[a, b].running_coordination, per_center, rtol=1e-12)


def test_ideal_gas_is_one_within_its_errors():
    source = ideal_gas(1, 200, 60, TRICLINIC)
    record = rdf(source, r_max=6.0, bins=30)
    for partial in record.pairs.values():
        deviation = (partial.value[5:] - 1.0) / partial.error[5:]
        # 25 bins of unit variance: the mean square is 1 ± 0.28, plus 10 % from errors of ~30 blocks
        assert np.mean(deviation**2) == pytest.approx(1.0, abs=0.9)
        assert np.mean(partial.value[5:]) == pytest.approx(1.0, abs=0.02)
        assert math.isnan(partial.first_minimum)


def test_ideal_gas_in_a_changing_cell_is_one():
    rng = np.random.default_rng(3)
    frames = []
    for t in range(60):
        cell = Cell(np.array([14.0, 15.0, 16.0]) * (1.0 + 0.1 * rng.normal() ** 2))
        frames.append(frame(cell, rng.uniform(size=(100, 3)) @ cell.matrix, t))
    record = rdf(FrameList(topology(["K"], np.zeros(100)), frames), r_max=7.0, bins=7)
    # 60 frames of 4950 pairs: bins from 2 Å on hold > 5000 pairs, 1.4 % each
    np.testing.assert_allclose(record["K", "K"].value[2:], 1.0, atol=0.06)


def fcc(constant, n, thermal=0.0, frames=1):
    basis = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    corners = np.array([(i, j, k) for i in range(n) for j in range(n) for k in range(n)])
    sites = (corners[:, None] + basis[None]).reshape(-1, 3) * constant
    rng = np.random.default_rng(1)
    cell = Cell([n * constant] * 3)
    made = [frame(cell, sites + thermal * rng.normal(size=sites.shape), t) for t in range(frames)]
    return FrameList(topology(["Cu"], np.zeros(len(sites))), made)


def test_fcc_shells():
    record = rdf(fcc(3.6, 5), r_max=9.0, bins=450)["Cu", "Cu"]
    shells = 3.6 * np.sqrt(np.arange(1, 7) / 2.0)
    occupied = np.flatnonzero(record.value)
    for shell, count in zip(shells, np.cumsum([12, 6, 24, 12, 24, 8])):
        k = np.searchsorted(record.edges, shell * (1 + 1e-9)) - 1
        assert min(abs(occupied - k)) <= 1  # a shell at a bin's edge may round into its neighbour
        assert record.running_coordination[k + 1] == pytest.approx(count, rel=1e-12)
    assert record.peak == pytest.approx(shells[0], abs=0.02)  # the width of a bin
    assert record.coordination.value == pytest.approx(12.0, rel=1e-12)
    assert shells[0] < record.first_minimum < shells[1]


def test_warm_crystal_keeps_twelve_neighbours():
    record = rdf(fcc(3.6, 4, thermal=0.1, frames=10), r_max=7.0, bins=200)["Cu", "Cu"]
    assert record.coordination.value == pytest.approx(12.0, abs=0.3)  # shells 1 Å apart, each 0.14 Å wide
    assert "first minimum" in record.notes[1]
    assert "neighbours" in str(record)


def test_both_coordination_numbers_of_an_unequal_pair():
    rng = np.random.default_rng(2)
    cell = Cell([20.0] * 3)
    centers = np.array([[5.0, 5, 5], [15.0, 15, 15]])
    # 4 neighbours at 2.5 Å around each, a distant shell to end the first
    directions = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / math.sqrt(3.0)
    near = (centers[:, None] + 2.5 * directions).reshape(-1, 3)
    far = (centers[:, None] - 5.0 * directions).reshape(-1, 3)
    species = [0] * 2 + [1] * 16
    positions = np.concatenate([centers, near, far])
    frames = [frame(cell, positions + 0.05 * rng.normal(size=positions.shape), t) for t in range(20)]
    record = rdf(FrameList(topology(["N", "K"], species), frames), "N", "K", r_max=8.0)["N", "K"]
    assert record.coordination.value == pytest.approx(4.0)
    assert record.coordination_ba.value == pytest.approx(4.0 * 2 / 16)
    assert rdf(FrameList(topology(["N", "K"], species), frames), "K", "N", r_max=8.0)["K", "N"].coordination.value == (
        pytest.approx(0.5)
    )


def test_species_elements_and_groups_name_the_atoms():
    source = ideal_gas(5, 300, 2, [14.0] * 3, names=("K", "N:graphitic", "N:pyridinic"))
    by_element = rdf(source, r_max=6.0)
    by_species = rdf(source, r_max=6.0, by="species")
    assert set(by_element.pairs) == {("K", "K"), ("K", "N"), ("N", "N")}
    assert len(by_species.pairs) == 6
    parts = [by_species["K", "N:graphitic"], by_species["K", "N:pyridinic"]]
    together = sum(p.running_coordination for p in parts)
    np.testing.assert_allclose(together, by_element["N", "K"].running_coordination, rtol=1e-12)
    one = rdf(source, "K", "N", r_max=6.0)
    np.testing.assert_array_equal(one["K", "N"].value, by_element["K", "N"].value)
    with pytest.raises(AnalysisError, match=r"There is no g\(r\) of K-Rb"):
        one["K", "Rb"]


def away_from_edges(source, r_max, bins, margin=1e-5):
    """The frames in single precision, each without the atoms of pairs that lie within the margin of a bin's edge.

    freud and MDAnalysis compute in single precision, 1e-6 Å at 16 Å: such a pair may fall to either side. All other
    counts must be equal.
    """
    width = r_max / bins
    doubtful = set()
    for now in source:
        now.positions[:] = now.positions.astype(np.float32)
        d = distances(now.positions, now.positions, now.cell, reach=1).min(axis=2)
        near = np.abs(d / width - np.rint(d / width)) * width < margin
        doubtful |= {max(pair) for pair in np.argwhere(near & (d > 0.0) & (d < r_max + margin)).tolist()}
    kept = np.setdiff1d(np.arange(source.topology.n_atoms), sorted(doubtful))
    assert len(kept) > 0.9 * source.topology.n_atoms
    frames = [frame(now.cell, now.positions[kept], now.step) for now in source]
    return FrameList(topology(source.topology.species_names, source.topology.species[kept]), frames)


def test_equals_freud():
    freud = pytest.importorskip("freud")
    source = away_from_edges(ideal_gas(8, 500, 3, TRICLINIC), 6.5, 13)
    species = source.topology.species
    box = freud.box.Box.from_matrix(np.array(TRICLINIC).T)
    record = rdf(source, r_max=6.5, bins=13)
    for (a, b), (i, j) in {("K", "K"): (0, 0), ("K", "Na"): (0, 1), ("Na", "Na"): (1, 1)}.items():
        theirs = freud.density.RDF(bins=13, r_max=6.5, normalization_mode="finite_size" if i == j else "exact")
        for f in source:
            points = f.positions - 0.5 * f.cell.matrix.sum(axis=0)
            query = None if i == j else points[species == i]
            theirs.compute((box, points[species == j]), query_points=query, reset=False)
        counts = record[a, b].running_coordination * 3 * np.sum(species == i)
        np.testing.assert_allclose(counts, np.cumsum(theirs.bin_counts), rtol=1e-12)
        # bins of 0.5 Å: its volumes of shells are differences of cubes in single precision, 6e-8 r/(3 dr) off
        np.testing.assert_allclose(record[a, b].value, theirs.rdf, rtol=1e-6, atol=1e-6)


def test_equals_mdanalysis():
    mda = pytest.importorskip("MDAnalysis")
    from MDAnalysis.analysis.rdf import InterRDF

    source = away_from_edges(ideal_gas(9, 400, 2, [14.0, 15.0, 16.0]), 6.0, 60)
    species = source.topology.species
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own deprecations
        universe = mda.Universe.empty(len(species), trajectory=True)
        box = np.array([14.0, 15.0, 16.0, 90.0, 90.0, 90.0])
        universe.load_new(np.stack([f.positions for f in source]).astype(np.float32), dimensions=box)
        theirs = InterRDF(universe.atoms[species == 0], universe.atoms[species == 1], nbins=60, range=(0.0, 6.0)).run()
    ours = rdf(source, "K", "Na", r_max=6.0, bins=60)["K", "Na"]
    counts = np.diff(ours.running_coordination, prepend=0.0) * np.sum(species == 0) * 2
    np.testing.assert_allclose(counts, theirs.results.count, atol=1e-9)
    np.testing.assert_allclose(ours.value, theirs.results.rdf, rtol=1e-6, atol=1e-12)


def test_bits_do_not_depend_on_threads():
    source = ideal_gas(4, 4000, 2, np.array(TRICLINIC) * 1.5)
    before = available_threads()
    results = []
    for threads in (1, 2, 4):
        set_threads(threads)
        around = coordination(source, "K", "Na", cutoff=4.0, smooth=True)
        results.append(np.concatenate([rdf(source, r_max=6.0).value.ravel(), around.series]))
    set_threads(before)
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)


def test_many_frames_give_bounded_blocks_and_shrinking_errors():
    few, many = (rdf(ideal_gas(6, 60, n, [12.0] * 3, names=("K",)), r_max=5.0, bins=5) for n in (20, 320))
    assert np.mean(many.error[0, 2:] / few.error[0, 2:]) == pytest.approx(0.25, rel=0.4)  # 1/√16, noisy errors


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"r_max": 7.1}, r"up to 7.10 Å needs a cell at least 14.20 Å wide .* smallest width is 14.00 Å"),
        ({"a": "K"}, "needs both a and b"),
        ({"a": "K", "b": "C", "r_max": 5.0}, "No atoms are called 'C'"),
        ({"a": "K", "b": "all", "r_max": 5.0}, "share 50 atoms"),
        ({"by": "mass"}, "by 'element' or by 'species'"),
        ({"bins": 0}, "positive"),
        ({"r_max": -1.0}, "positive"),
    ],
)
def test_what_cannot_work_is_said(parameters, message):
    source = ideal_gas(1, 100, 1, [14.0, 15.0, 16.0])
    with pytest.raises(AnalysisError, match=message):
        rdf(source, **parameters)


def test_default_reach_fits_the_cell():
    assert rdf(ideal_gas(1, 50, 2, [12.0, 30.0, 30.0])).r[-1] == pytest.approx(0.48 * 12.0, rel=0.01)
    assert rdf(ideal_gas(1, 50, 2, [12.0, 30.0, 30.0], (False, True, True))).r[-1] == pytest.approx(10.0, rel=0.01)


def test_one_frame_has_no_error_and_says_so():
    record = rdf(ideal_gas(1, 100, 1, [14.0] * 3), r_max=5.0)
    assert np.all(np.isnan(record.error))
    assert not record.trusted
    assert any("one frame" in note for note in record["K", "K"].notes)


def test_exploded_positions_are_refused():
    source = ideal_gas(1, 10, 1, [14.0] * 3)
    source[0].positions[3, 1] = math.nan
    analysis = RDF(r_max=5.0)
    analysis.prepare(source.topology)
    with pytest.raises(AnalysisError, match="not finite"):
        analysis.update(source[0])


@pytest.mark.parametrize(("matrix", "periodic"), CELLS)
@pytest.mark.parametrize("cutoff", [3.0, 11.0])
def test_neighbours_and_nearest_are_those_of_brute_force(matrix, periodic, cutoff):
    rng = np.random.default_rng(7)
    cell = Cell(matrix, periodic)
    atoms, queries = rng.uniform(size=(30, 3)) @ cell.matrix, rng.uniform(-1, 2, size=(20, 3)) @ cell.matrix
    kinds = rng.integers(0, 2, 30)
    grid = CellGrid(atoms, kinds, cell, cutoff, also=queries)
    outer = np.array([cutoff, 0.7 * cutoff])
    counts = grid.neighbor_counts(queries, outer, outer)
    d = distances(queries, atoms, cell, reach=4)
    for kind in (0, 1):
        np.testing.assert_array_equal(counts[:, kind], np.sum(d[:, kinds == kind] < outer[kind], axis=(1, 2)))
    nearest = d.min(axis=(1, 2))
    np.testing.assert_allclose(grid.nearest_distances(queries), np.where(nearest < cutoff, nearest, np.inf), rtol=1e-12)
