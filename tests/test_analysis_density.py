"""Density profiles: uniform gases at planes and tubes, slabs, moving walls; comparison with MDAnalysis."""

import math
import warnings

import numpy as np
import pytest
from droplets import sheet_atoms, tube_atoms
from synthetic import frame, ideal_gas, numbers_of, result_of_stream, topology

from nakmd.analysis import Density, FrameList, density, run_all
from nakmd.analysis.geometry.surfaces import Box
from nakmd.analysis.geometry.wall import find_shape, place_plane, place_tube
from nakmd.cell import Cell
from nakmd.errors import AnalysisError

RADIUS = 8.0


def gas_at_wall(wall, cell, n_atoms, n_frames, seed=0, move=0.0, temperature=450.0, metals=("K", "Na")):
    """An ideal gas in the whole cell and a wall in it, both displaced together from frame to frame."""
    rng = np.random.default_rng(seed)
    frames = []
    for step in range(n_frames):
        points = rng.uniform(size=(n_atoms, 3)) @ cell.matrix
        shift = move * rng.normal(size=3)
        frames.append(frame(cell, np.concatenate([wall, points]) + shift, step, temperature=temperature))
    species = [0] * len(wall) + [1 + i % len(metals) for i in range(n_atoms)]
    return FrameList(topology(["C", *metals], species, cell.periodic), frames)


def within_errors(value, error, truth, least=0.9):
    """99.7 % of independent bins are within 3 errors; fewer are required because the errors are estimates."""
    return np.mean(np.abs(value - truth) <= 3.0 * error) >= least


CELLS = {
    "square": [[30.0, 0, 0], [0, 30.0, 0], [0, 0, 20.0]],
    "oblong": [[26.0, 0, 0], [0, 38.0, 0], [0, 0, 20.0]],
    "hexagonal": [[32.0, 0, 0], [16.0, 27.713, 0], [0, 0, 20.0]],
    "slanted": [[30.0, 0, 0], [-9.0, 33.0, 0], [0, 0, 20.0]],
}


@pytest.mark.parametrize("name", CELLS)
def test_uniform_gas_around_and_in_a_tube_is_flat(name):
    cell = Cell(CELLS[name])
    source = gas_at_wall(tube_atoms(RADIUS, 20.0), cell, 600, 200, move=5.0)
    record = density(source, width=0.5)
    assert (record.shape, record.sides) == ("cylindrical", ("outside", "inside"))
    assert record.area == pytest.approx(2.0 * math.pi * RADIUS * 20.0, rel=1e-12)
    truth = 300 / cell.volume
    for side, row in (("outside", 0), ("inside", 1)):
        for metal in ("K", "Na"):
            value, error = record.profile(metal, side)
            full = record.volume[row] * truth * 200 > 20.0  # where the Poisson distribution is nearly Gaussian
            assert np.sum(full) > 10
            assert within_errors(value[full], error[full], truth)
    # every atom is in a bin, and the bins fill the cell
    assert record.number.sum() == pytest.approx(600, rel=1e-12)
    assert record.volume.sum() == pytest.approx(cell.volume, rel=2e-5)  # the outline has 1440 directions
    assert record.volume[1].sum() == pytest.approx(math.pi * RADIUS**2 * 20.0, rel=1e-12)
    # half the width of the cell is complete
    complete = record.edges[1:] + RADIUS < 0.5 * cell.heights[:2].min()
    shells = math.pi * np.diff((record.edges + RADIUS) ** 2) * 20.0
    np.testing.assert_allclose(record.volume[0][complete], shells[complete], rtol=1e-9)


@pytest.mark.parametrize("matrix", [[20.0, 22.0, 30.0], [[20.0, 0, 0], [2.0, 22.0, 0], [3.0, 4.0, 30.0]]])
def test_uniform_gas_on_a_sheet_is_flat(matrix):
    cell = Cell(matrix)
    wall = sheet_atoms((20.0, 22.0), 4.0)
    source = gas_at_wall(wall, cell, 400, 150, move=4.0)
    record = density(source, width=0.5)
    assert (record.shape, record.sides) == ("planar", ("above", "below"))
    truth = 200 / cell.volume
    for side in record.sides:
        for metal in ("K", "Na"):
            assert within_errors(*record.profile(metal, side), truth)
    np.testing.assert_allclose(record.volume, 440.0 * 0.5, rtol=1e-12)
    assert record.number.sum() == pytest.approx(400, rel=1e-12)
    assert record.composition[:, 0] == pytest.approx(0.5, abs=0.2)
    assert within_errors(record.composition[:, 0], record.composition_error[:, 0], 0.5)


def test_the_motion_of_the_wall_is_removed():
    cell = Cell([40.0, 40.0, 20.0])
    wall = tube_atoms(RADIUS, 20.0) + 20.0
    still, moving = (gas_at_wall(wall, cell, 200, 10, move=move) for move in (0.0, 7.0))
    np.testing.assert_allclose(density(moving).value, density(still).value, rtol=1e-9, atol=1e-12)
    # the layer at a tube of changing radius moves with the wall
    frames = []
    for step, radius in enumerate((7.0, 8.0, 9.0)):
        layer = tube_atoms(radius + 3.05, 20.0)
        frames.append(frame(cell, np.concatenate([wall * 0, layer]) + 20.0, step))
        frames[-1].positions[: len(wall)] = cell.wrap(tube_atoms(RADIUS, 20.0) * [radius / 8, radius / 8, 1] + 20.0)[0]
    n = min(len(f.positions) for f in frames)
    kinds = topology(["C", "K"], [0] * len(wall) + [1] * (n - len(wall)))
    record = density(FrameList(kinds, [frame(cell, f.positions[:n], f.step) for f in frames]), width=0.1)
    value, _ = record.profile("K")
    assert record.distance[value > 0] == pytest.approx([3.05])


def test_a_known_slab():
    """Atoms in a slab from 5 to 12 Å above the sheet and none elsewhere, in a cell that is open above."""
    rng = np.random.default_rng(2)
    cell = Cell([20.0, 20.0, 50.0], (True, True, False))
    wall = sheet_atoms((20.0, 20.0), 6.0)
    frames = [
        frame(cell, np.concatenate([wall, rng.uniform([0, 0, 11], [20, 20, 18], (280, 3))]), t) for t in range(40)
    ]
    record = density(FrameList(topology(["C", "K"], [0] * len(wall) + [1] * 280, cell.periodic), frames), width=0.5)
    assert record.wetted == ("above",)
    value, error = record.profile("K")
    inside = (record.distance > 5.0) & (record.distance < 12.0)
    assert within_errors(value[inside], error[inside], 280 / (20 * 20 * 7))
    assert np.all(value[~inside] == 0.0)
    assert record.edges[-1] == pytest.approx(17.0, abs=0.5)  # 5 Å beyond the farthest atom of the first frame
    assert record.mass_density[0][inside].mean() == pytest.approx(280 / (20 * 20 * 7) * 1.66053906892, rel=1e-9)


def test_both_sides_of_stacked_sheets_and_the_gap_between():
    cell = Cell([20.0, 20.0, 40.0])
    wall = np.concatenate([sheet_atoms((20.0, 20.0), z) for z in (38.0, 41.35)])  # across the face of the cell
    metal = np.array([[5.0, 5, 41.35 + 3.0], [5.0, 5, 38.0 - 2.5], [5.0, 5, 39.6]])
    kinds = topology(["C", "K"], [0] * len(wall) + [1] * 3)
    record = density(FrameList(kinds, [frame(cell, np.concatenate([wall, metal]))]))
    above, below = (record.profile("K", side)[0] for side in ("above", "below"))
    assert record.distance[above > 0] == pytest.approx([3.0], abs=0.1)
    assert record.distance[below > 0] == pytest.approx([2.5], abs=0.1)
    assert record.number.sum() == 2  # not the one between the sheets
    assert np.all(np.isnan(record.error))
    assert any("one frame" in note for note in record.notes)
    # the two sides together cover the free volume
    assert record.volume.sum() == pytest.approx(400 * (40 - 3.35), rel=1e-12)


def test_double_walled_tube():
    cell = Cell([60.0, 60.0, 20.0])
    wall = np.concatenate([tube_atoms(8.0, 20.0), tube_atoms(11.4, 20.0)])
    tube = place_tube(wall, cell, 2)
    assert (tube.inner, tube.outer) == (
        pytest.approx(8.0, abs=0.01),
        pytest.approx(11.4, abs=0.01),
    )  # one circle through both is 0.03 Å off
    side, distance = tube.locate(np.array([[14.4, 0, 0], [5.0, 0, 0], [9.7, 0, 0]]))
    assert side.tolist() == [0, 1, -1]
    assert distance[:2] == pytest.approx([3.0, 3.0], abs=0.05)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_walls_along_any_cell_vector_are_found(axis):
    roll = np.roll(np.arange(3), axis + 1)  # z goes to the axis
    back = np.argsort(roll)
    cell = Cell(np.array([30.0, 32.0, 20.0])[back])
    shape = find_shape(tube_atoms(RADIUS, 20.0)[:, back] + 3.0, cell)
    assert (shape.kind, shape.axis) == (
        "cylindrical",
        int(np.argmin(cell.lengths)),
    )
    flat = Cell(np.array([20.0, 22.0, 40.0])[back])
    shape = find_shape(
        sheet_atoms((20.0, 22.0), 39.0)[:, back] + np.random.default_rng(1).normal(0, 0.4, (90, 3)), flat
    )
    assert (shape.kind, shape.axis) == ("planar", int(np.argmax(flat.lengths)))


def test_a_tube_of_any_size_in_its_cell_and_with_holes():
    rng = np.random.default_rng(4)
    for width in (18.0, 20.9, 24.0, 60.0):
        cell = Cell([width, width, 20.0])
        wall = tube_atoms(RADIUS, 20.0)
        wall = wall[rng.uniform(size=len(wall)) < 0.8] + np.array([3.0, 17.0, 2.0])
        tube = place_tube(cell.wrap(wall)[0], cell, 2)
        assert tube.outer == pytest.approx(RADIUS, abs=1e-9)
        assert np.abs(tube.across(np.array([[3.0, 17.0, 0.0]]))).max() < 1e-9


def test_along_the_cell_equals_mdanalysis():
    mda = pytest.importorskip("MDAnalysis")
    from MDAnalysis.analysis.lineardensity import LinearDensity

    lengths = [14.0, 15.0, 16.0]
    source = ideal_gas(9, 300, 3, lengths)
    masses = np.where(source.topology.species == 0, 39.0983, 22.98976928)
    kinds = topology(["K", "Na"], source.topology.species, masses=masses)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations within MDAnalysis
        universe = mda.Universe.empty(300, trajectory=True)
        universe.add_TopologyAttr("masses", masses)
        universe.add_TopologyAttr("charges", np.zeros(300))
        box = np.array([*lengths, 90.0, 90.0, 90.0])
        # rounding to single precision can move an atom to another bin: start from rounded positions
        stored = np.stack([f.positions for f in source]).astype(np.float32)
        universe.load_new(stored, dimensions=box)
        reference = LinearDensity(universe.atoms, binsize=0.25).run()
    frames = [frame(Cell(lengths), positions.astype(np.float64), t) for t, positions in enumerate(stored)]
    for axis, length in zip("xyz", lengths):
        record = density(FrameList(kinds, frames), about="cell", axis=axis, width=0.25)
        assert len(record.distance) == length / 0.25
        # MDAnalysis uses the longest cell length for every axis
        expected = getattr(reference.results, axis).mass_density[: len(record.distance)]
        # same histogram to 1e-6: the conversion uses N_A there and the amu of another CODATA here
        np.testing.assert_allclose(record.mass_density[0], expected, rtol=1e-6, atol=1e-12)


def test_profile_about_the_centre_of_a_film():
    rng = np.random.default_rng(6)
    cell = Cell([20.0, 20.0, 60.0])
    frames = [frame(cell, rng.uniform([0, 0, 55 + 3 * t], [20, 20, 71 + 3 * t], (400, 3)), t) for t in range(30)]
    record = density(FrameList(topology(["K"], np.zeros(400)), frames), about="center", axis="z", width=1.0)
    assert record.sides == ("along z",)
    value = record.profile("K")[0]
    assert np.all(value[np.abs(record.distance) > 9.5] == 0.0)
    assert value[np.abs(record.distance) < 6.5] == pytest.approx(400 / (20 * 20 * 16), rel=0.1)
    box = Box.of(Cell([20.0, 20.0, 60.0], (True, True, False)), 2)
    assert math.isinf(box.reach[0])


def test_halves_average_to_the_whole_and_an_early_result_changes_nothing():
    source = gas_at_wall(tube_atoms(RADIUS, 20.0), Cell([30.0, 30.0, 20.0]), 300, 32, move=3.0)
    whole = density(source)
    parts = [density(FrameList(source.topology, list(source)[k : k + 16]), reach=whole.edges[-1]) for k in (0, 16)]
    np.testing.assert_allclose(0.5 * (parts[0].number + parts[1].number), whole.number, rtol=1e-12, atol=1e-12)
    assert numbers_of(result_of_stream(Density(), source, early=11)) == numbers_of(whole)


def test_peaks_layers_and_drawing():
    rng = np.random.default_rng(3)
    cell = Cell([20.0, 20.0, 60.0], (True, True, False))
    wall = sheet_atoms((20.0, 20.0), 0.0)
    frames = []
    for t in range(60):
        heights = np.concatenate([rng.normal(3.0, 0.3, 20), rng.normal(6.5, 0.4, 20), rng.uniform(9.0, 30.0, 120)])
        points = np.column_stack([rng.uniform(0, 20, (160, 2)), heights])
        frames.append(frame(cell, np.concatenate([wall, points]), t))
    record = density(FrameList(topology(["C", "K"], [0] * len(wall) + [1] * 160, cell.periodic), frames))
    first = record.layers["above"][0]
    assert first.start == 0.0
    assert first.peak == pytest.approx(3.0, abs=0.15)
    assert 4.0 < first.end < 5.3
    position = record.peaks["above", "K"]
    assert abs(position.value - 3.0) < 4.0 * position.error
    assert position.error == pytest.approx(0.3 / math.sqrt(20 * 60), rel=0.6)  # slightly above that of the mean
    assert "first peak above" in str(record)
    assert record.plot().axes[0].lines


def test_missing_atoms_and_invalid_parameters_are_refused():
    cell = Cell([30.0, 30.0, 20.0])
    source = gas_at_wall(tube_atoms(RADIUS, 20.0), cell, 20, 2)
    with pytest.raises(AnalysisError, match="No atoms are called 'Rb'"):
        density(source, species=["Rb"])
    with pytest.raises(AnalysisError, match="shares atoms with 'K'"):
        density(source, species=["K", "all"])
    gas = ideal_gas(1, 20, 2, [20.0] * 3)
    with pytest.raises(AnalysisError, match=r"needs wall atoms .* about='cell'"):
        density(gas)
    with pytest.raises(AnalysisError, match="needs metal atoms"):
        density(FrameList(topology(["C"], np.zeros(50)), [frame(cell, tube_atoms(RADIUS, 20.0)[:50])]))
    lump = np.random.default_rng(1).normal(10.0, 3.0, (60, 3))
    kinds = topology(["C", "K"], [0] * 50 + [1] * 10)
    with pytest.raises(AnalysisError, match=r"neither sheets parallel to a face of the cell .* nor closed tubes"):
        density(FrameList(kinds, [frame(cell, lump)]))
    broken = frame(cell, source[0].positions)
    broken.positions[-1] = math.nan
    (result,) = run_all(FrameList(source.topology, [broken]), [Density()])
    assert "not finite" in str(result)
    with pytest.raises(AnalysisError, match="must be 'wall', 'cell', 'center' or 'axis'"):
        Density(about="sheet")
    with pytest.raises(AnalysisError, match="positive bin width"):
        Density(width=0.0)
    with pytest.raises(AnalysisError, match="must be 'x', 'y' or 'z'"):
        Density(axis="c")
    with pytest.raises(AnalysisError, match="No profile of 'Rb'"):
        density(source).profile("Rb")


def test_a_flat_plane_is_where_its_atoms_are():
    cell = Cell([20.0, 20.0, 40.0])
    plane = place_plane(sheet_atoms((20.0, 20.0), 39.9) + np.random.default_rng(2).normal(0, 0.3, (81, 3)), cell, 2)
    assert plane.bottom == plane.top == pytest.approx(39.9, abs=0.15)  # 0.3/√81 = 0.03, across the face of the cell
