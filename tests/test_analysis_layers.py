"""Directions that follow the wall, diffusion by layer, residence in layers, and the map of the wall."""

import math

import numpy as np
import pytest
from synthetic import frame, topology

from nakmd.analysis import (
    FrameList,
    diffusion,
    layer_diffusion,
    residence,
    residence_map,
)
from nakmd.analysis.geometry.wall_frame import WallFrame
from nakmd.analysis.paths import axes_of
from nakmd.cell import Cell
from nakmd.errors import AnalysisError
from nakmd.structures.graphene import graphene
from nakmd.structures.nanotube import nanotube
from nakmd.structures.tube_axis import tube_axis

EDGES = (0.0, 5.0, math.inf)


def over_sheet(paths, species=None, names=("C", "K")):
    """Frames of K that walk over a sheet of graphene at z = 0, (n, m, 3) with z the height."""
    sheet = graphene(repeats=(4, 3), vacuum=15.0)
    cell = Cell(sheet.cell.matrix * [[1, 1, 1], [1, 1, 1], [1, 1, 2]])
    wall = sheet.positions - [0.0, 0.0, sheet.positions[0, 2]]
    kinds = np.zeros(len(wall), dtype=int) if species is None else species
    atoms = topology(names, np.concatenate([kinds, np.full(paths.shape[1], len(names) - 1)]))
    return FrameList(atoms, [frame(cell, np.concatenate([wall, x]), t, 0.1 * t) for t, x in enumerate(paths)])


def walk_in_layers(seed, n_atoms, n_frames, slow=0.2, fast=1.0, dt=0.1):
    """K between 2 and 14 Å over a sheet: along it they move with D = slow below 5 Å and with D = fast above."""
    rng = np.random.default_rng(seed)
    z = rng.uniform(2.0, 14.0, n_atoms)
    x = np.column_stack([rng.uniform(0, 10, (n_atoms, 2)), z])
    paths = np.empty((n_frames, n_atoms, 3))
    for t in range(n_frames):
        paths[t] = x
        d = np.where(x[:, 2] < 5.0, slow, fast)
        x = x.copy()
        x[:, :2] += rng.normal(size=(n_atoms, 2)) * np.sqrt(2.0 * d * dt)[:, None]
        x[:, 2] += rng.normal(size=n_atoms) * math.sqrt(2.0 * 0.1 * dt)
        x[:, 2] = np.where(x[:, 2] < 2.0, 4.0 - x[:, 2], x[:, 2])
        x[:, 2] = np.where(x[:, 2] > 14.0, 28.0 - x[:, 2], x[:, 2])
    return over_sheet(paths)


def around_tube(angles, heights, radii):
    """Frames of K around a (6,6) tube that is cut by the faces of its cell; (n, m) each."""
    tube = nanotube(6, 6, repeats=4, vacuum=12.0)
    axis = tube_axis(tube)
    xy = np.array(axis.center)
    shift = np.array([-xy[0], -xy[1], 0.0])  # the axis lies on an edge of the cell
    frames = []
    for t in range(len(angles)):
        k = np.stack([radii[t] * np.cos(angles[t]), radii[t] * np.sin(angles[t]), heights[t]], axis=1)
        frames.append(frame(tube.cell, np.concatenate([tube.positions + shift, k]), t, 0.1 * t))
    species = np.concatenate([np.zeros(tube.n_atoms), np.ones(angles.shape[1])])
    return FrameList(topology(["C", "K"], species), frames), axis.radius


def test_a_sheet_and_a_tube_are_told_apart():
    for system, shape in (
        (graphene(repeats=(3, 2)), "a sheet across z"),
        (nanotube(10, 10, repeats=3), "a tube along z"),
        (nanotube(7, 3, repeats=1), "a tube along z"),
        (graphene(repeats=(4, 2), layers=2, gap=12.0), "a sheet across z"),
    ):
        rng = np.random.default_rng(1)
        moment = frame(system.cell, system.positions + rng.normal(0, 0.05, system.positions.shape))
        wall = WallFrame(system.topology)
        wall.components(moment, np.zeros((1, 3)), np.zeros((1, 3)))
        assert wall.words == shape
    tube = nanotube(10, 10, repeats=3)
    turned = Cell(np.diag(np.diag(tube.cell.matrix)[[2, 0, 1]]))
    wall = WallFrame(tube.topology)
    _, placed = wall.place(frame(tube.cell, tube.positions))
    assert placed.outer == pytest.approx(tube_axis(tube).radius, rel=1e-12)
    np.testing.assert_allclose(placed.center[:2], tube_axis(tube).center, rtol=1e-12)
    wall = WallFrame(tube.topology)
    wall.components(frame(turned, tube.positions[:, [2, 0, 1]]), np.zeros((1, 3)), np.zeros((1, 3)))
    assert wall.words == "a tube along x"


def test_no_shape_is_said():
    rng = np.random.default_rng(1)
    cell = Cell([20.0] * 3)
    gas = topology(["C", "K"], [0] * 30 + [1])
    with pytest.raises(AnalysisError, match="neither sheets parallel"):
        WallFrame(gas).components(frame(cell, rng.uniform(0, 20, (31, 3))), np.zeros((1, 3)), np.zeros((1, 3)))
    solid = np.stack(np.meshgrid(*[np.arange(4) * 1.5] * 3), axis=-1).reshape(-1, 3)
    with pytest.raises(AnalysisError, match="neither sheets parallel"):
        WallFrame(topology(["C"], np.zeros(64))).components(frame(cell, solid), np.zeros((1, 3)), np.zeros((1, 3)))
    with pytest.raises(AnalysisError, match="needs a wall"):
        WallFrame(topology(["K"], np.zeros(3)))
    with pytest.raises(AnalysisError, match="'parallel' or 'perpendicular', not 'radial'"):
        axes_of("radial")


def test_along_and_across_a_sheet_are_xy_and_z():
    source = walk_in_layers(1, 40, 120)
    for words in (("parallel", "xy"), ("perpendicular", "z")):
        wall, axes = (diffusion(source, directions=word, drift=None) for word in words)
        assert wall.value == axes.value
        np.testing.assert_array_equal(wall.msd, axes.msd)
    assert "parallel to the wall" in diffusion(source, directions="parallel").quantity
    assert len(wall.plot().axes) == 1


def test_on_a_shell_around_a_tube_nothing_moves_across_it():
    rng = np.random.default_rng(3)
    n, m, r, d, dt = 400, 120, 7.5, 0.4, 0.1
    steps = rng.normal(size=(n, m, 2)) * math.sqrt(2.0 * d * dt)
    angles, heights = np.cumsum(steps[..., 0], axis=0) / r, np.cumsum(steps[..., 1], axis=0)
    source, _ = around_tube(angles, heights, np.full((n, m), r))
    along = diffusion(source, directions="parallel", drift=None)
    assert along.value == pytest.approx(d, abs=4 * along.error)
    assert along.diffusive
    across = diffusion(source, directions="perpendicular", drift=None)
    assert abs(across.value) < 1e-9  # rounding of a least-squares circle
    # xyz would see the chord, not the arc
    assert diffusion(source, drift=None, fit=(4.0, 5.0)).msd[-1] < along.msd[-1] * 1.5


def test_each_layer_has_its_coefficient():
    record = layer_diffusion(walk_in_layers(5, 300, 300), edges=EDGES, drift=None)
    for name, d in {"0-5 Å": 0.2, "beyond 5 Å": 1.0}.items():
        assert record.layers[name].value == pytest.approx(d, abs=4 * record.layers[name].error)
        assert record.layers[name].error < 0.1 * d
    assert np.all(np.diff(record.staying, axis=1) <= 0.0)
    assert len(record.plot().axes) == 1
    assert "5-10 Å" in str(layer_diffusion(walk_in_layers(5, 60, 60), drift=None))


def covered(seeds, n_atoms, n_frames):
    hits = np.zeros(2)
    for seed in seeds:
        record = layer_diffusion(walk_in_layers(seed, n_atoms, n_frames), edges=EDGES, drift=None)
        for row, d in enumerate((0.2, 1.0)):
            low, high = list(record.layers.values())[row].interval(0.95)
            hits[row] += low <= d <= high
    return hits / len(seeds)


def test_intervals_by_layer_cover_in_a_few_runs():
    # 10 draws at 95 %: four misses or more have a chance of 0.1 %
    assert np.all(covered(range(10), 60, 100) >= 0.7)


@pytest.mark.slow
@pytest.mark.parametrize(("n_atoms", "n_frames"), [(60, 150), (200, 100), (20, 300)])
def test_95_percent_intervals_by_layer_cover_the_known_coefficient(n_atoms, n_frames):
    share = covered(range(200), n_atoms, n_frames)
    assert np.all((share >= 0.90) & (share <= 0.985))


def test_the_sums_are_those_of_the_formula():
    source = walk_in_layers(2, 12, 40)
    record = layer_diffusion(source, edges=EDGES, drift=None, fit=(0.2, 1.0))
    paths = np.array([f.unwrapped for f in source])[:, -12:]
    layer = np.array(paths[:, :, 2] >= 5.0, dtype=int)  # over a sheet far larger than its meshes, within 0.4 Å
    wall = np.array([f.unwrapped for f in source])[0, :-12]
    cell = source[0].cell
    for t in range(40):
        for i in range(12):
            gap = np.linalg.norm(cell.minimum_image(wall - paths[t, i]), axis=1).min()
            layer[t, i] = int(gap >= 5.0)
    for row in range(2):
        for column, lag in enumerate(range(2, 11)):
            squares, stay, there = 0.0, 0, 0
            for t in range(40 - lag):
                for i in range(12):
                    if layer[t, i] == row:
                        there += 1
                        if np.all(layer[t : t + lag + 1, i] == row):
                            stay += 1
                            squares += np.sum((paths[t + lag, i, :2] - paths[t, i, :2]) ** 2)
            assert record.msd[row, column] == pytest.approx(squares / stay, rel=1e-9)
            assert record.staying[row, column] == pytest.approx(stay / there, rel=1e-12)


def test_survival_equals_mdanalysis():
    correlations = pytest.importorskip("MDAnalysis.lib.correlations")
    source = walk_in_layers(7, 30, 60)
    record = residence(source, edges=EDGES, longest=1.2)
    wall = np.arange(source.topology.n_atoms - 30)
    for row, name in enumerate(record.survival):
        inside = []
        for f in source:
            gaps = [
                np.linalg.norm(f.cell.minimum_image(f.positions[wall] - x), axis=1).min() for x in f.positions[-30:]
            ]
            inside.append({i for i, gap in enumerate(gaps) if EDGES[row] <= gap < EDGES[row + 1]})
        taus, survival, _ = correlations.autocorrelation(inside, 12, 1)
        theirs = np.array(survival)[np.searchsorted(taus, np.round(record.lag / 0.1).astype(int))]
        np.testing.assert_allclose(record.survival[name], theirs, rtol=1e-6)
    assert len(record.plot().axes) == 1


def hopping(seed, n_atoms, n_frames, leave, enter):
    """K at 3 or 9 Å over a sheet that leave or enter the first layer with these chances per frame."""
    rng = np.random.default_rng(seed)
    near = rng.uniform(size=n_atoms) < enter / (leave + enter)
    paths = np.empty((n_frames, n_atoms, 3))
    places = rng.uniform(0, 10, (n_atoms, 2))
    for t in range(n_frames):
        paths[t] = np.column_stack([places, np.where(near, 3.0, 9.0)])
        change = rng.uniform(size=n_atoms) < np.where(near, leave, enter)
        near = near ^ change
    return over_sheet(paths)


def test_exchange_of_the_first_layer_is_that_of_two_states():
    record = residence(hopping(1, 100, 400, leave=0.05, enter=0.02))
    assert not record.exceeds_window
    assert record.exchange.value == pytest.approx(0.5, abs=4 * record.exchange.error)  # 0.05 per 0.1 ps
    assert record.value == pytest.approx(2.0, abs=4 * record.error)
    # what survives k frames: 0.95^k; 100 atoms, 400 frames: 3 %
    np.testing.assert_allclose(record.survival["0-5 Å"][:10], 0.95 ** np.round(record.lag[:10] / 0.1), atol=0.04)
    assert record.decay["0-5 Å"] == pytest.approx(-0.1 / math.log(0.95), rel=0.1)
    assert record.atoms["0-5 Å"].value == pytest.approx(100 * 2 / 7, abs=4 * record.atoms["0-5 Å"].error)


def test_an_excursion_within_the_hysteresis_is_no_exchange():
    n = 60
    height = np.where(np.arange(n) % 2, 5.2, 4.5)
    source = over_sheet(np.stack([np.column_stack([np.full(5, 1.0), np.arange(5.0), np.full(5, z)]) for z in height]))
    record = residence(source, hysteresis=1.0)
    assert record.exchange.value == 0.0
    assert math.isnan(record.value)
    assert any("no K left the first layer" in note for note in record.notes)
    # five atoms for 59 intervals of 0.1 ps, none of which ended: the bound is their sum over ln 20
    assert record.lower_bound == pytest.approx(5 * 59 * 0.1 / math.log(20.0), rel=1e-9)
    (row,) = record.rows()
    assert row.text == "> 9.85 ps"
    assert "lower bound (95 %): no K left it in 5.9 ps" in row.note
    assert residence(source, hysteresis=0.0).exchange.value == pytest.approx(10.0)


def test_map_counts_where_the_atoms_are_and_marks_nitrogen():
    sheet = graphene(repeats=(4, 3))
    species = np.zeros(sheet.n_atoms, dtype=int)
    species[7] = 1
    place = sheet.positions[7]
    paths = np.zeros((30, 2, 3))
    paths[:, 0] = [place[0], place[1], 3.0]
    paths[:, 1] = [1.0, 1.0, 20.0]  # in the bulk
    source = over_sheet(paths, species, ("C", "N:graphitic", "K"))
    record = residence_map(source, bin=1.0)
    area = np.outer(np.diff(record.edges_x), np.diff(record.edges_y))
    assert np.sum(record.value[0] * area) == pytest.approx(1.0)
    column, row = (
        int(np.searchsorted(e, p, side="right") - 1) for e, p in zip((record.edges_x, record.edges_y), place)
    )
    assert record.value[0, column, row] * area[column, row] == pytest.approx(1.0)
    np.testing.assert_allclose(record.nitrogen["N:graphitic"], [place[:2]], atol=1e-9)
    assert record.axes == ("x", "y")
    assert record.plot().axes


def test_map_of_a_tube_that_turns_and_slides_stands_still():
    tube = nanotube(6, 6, repeats=4, vacuum=12.0)
    center = np.array([*tube_axis(tube).center, 0.0])
    rows = np.array([(7.9, 1.0, 3.4), (-1.0, 8.0, 6.4)])  # K 4 Å over the tube
    frames = []
    for t in range(40):
        turn, slide = 0.07 * t, 0.3 * t
        c, s = math.cos(turn), math.sin(turn)
        turned = np.concatenate([tube.positions - center, rows]) @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1.0]])
        frames.append(frame(tube.cell, turned + center + [0, 0, slide], t))
    kinds = np.concatenate([np.zeros(tube.n_atoms), [1, 1]])
    kinds[:3] = 2
    record = residence_map(FrameList(topology(["C", "K", "N:pyridinic"], kinds), frames))
    area = np.outer(np.diff(record.edges_x), np.diff(record.edges_y))
    assert np.sum(record.value[0] * area) == pytest.approx(2.0)
    np.testing.assert_allclose(np.sort((record.value[0] * area).ravel())[-2:], 1.0)  # each in one bin
    assert record.axes == ("Rθ", "z")
    assert record.edges_x[-1] == pytest.approx(2 * math.pi * tube_axis(tube).radius, rel=1e-9)
    start = tube.positions[:3] - center
    theta = np.mod(np.arctan2(start[:, 1], start[:, 0]), 2 * math.pi) * tube_axis(tube).radius
    apart = record.nitrogen["N:pyridinic"][:, 0] - theta
    np.testing.assert_allclose(apart - record.edges_x[-1] * np.rint(apart / record.edges_x[-1]), 0.0, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: layer_diffusion(s, fit=(1.0, 50.0)), "ends at 50 ps, but the frames cover only 3.9 ps"),
        (lambda s: layer_diffusion(s, edges=(5.0, 3.0)), "in increasing order"),
        (lambda s: layer_diffusion(s, "Rb"), "No atoms are called 'Rb'"),
        (lambda s: residence(s, longest=10.0), "10 ps, but the frames cover only 3.9 ps"),
        (lambda s: residence(s, edges=(0.0, math.inf)), "must end at a finite distance"),
        (lambda s: residence_map(s, bin=0.0), "wider than 0"),
        (lambda s: layer_diffusion(FrameList(s.topology, [s[0]])), "at least 4 frames, got 1"),
        (lambda s: residence(FrameList(s.topology, [s[0]])), "at least 3 frames, got 1"),
    ],
)
def test_what_cannot_work_is_said(call, message):
    with pytest.raises(AnalysisError, match=message):
        call(walk_in_layers(1, 10, 40))


def test_a_layer_that_nobody_stays_in_has_no_coefficient():
    record = layer_diffusion(walk_in_layers(1, 10, 40), edges=(0.0, 1.0, 20.0))
    assert math.isnan(record.layers["0-1 Å"].value)
    assert any("no atom stays" in note for note in record.notes)
    assert record.plot().axes
    json = record.to_dict()
    assert json["layers"]["0-1 Å"]["value"] is None
