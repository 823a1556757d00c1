"""Analyses on several parallel tubes: each atom at its nearest, volumes, maps, and what is refused."""

import math

import numpy as np
import pytest
from synthetic import frame, topology

from nakmd.analysis import (
    FrameList,
    contact_angle,
    coordination,
    density,
    diffusion,
    gibbs_excess,
    layer_diffusion,
    residence_map,
)
from nakmd.analysis.geometry.parallel_tubes import ParallelTubes
from nakmd.analysis.geometry.surfaces import Tube
from nakmd.analysis.geometry.wall import find_shape
from nakmd.analysis.geometry.wall_frame import WallFrame
from nakmd.analysis.geometry.wetted_faces import WettedFaces
from nakmd.cell import Cell
from nakmd.errors import AnalysisError
from nakmd.structures import bundle, graphene, multiwall, nanotube, tube_axes, tube_axis

SIDE = 40.0


def placed_in(system, shake=0.05):
    """Return the shape of a wall with thermal noise, and its position."""
    wall = system.positions + shake * np.random.default_rng(3).normal(size=system.positions.shape)
    shape = find_shape(wall, system.cell)
    return shape, shape.place(wall, system.cell)


# ------------------------------------------------------------------------------------------ shapes
@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_bundles_are_found(axis):
    rope = bundle([(5, 5), (10, 10)], 3, length=12.0, axis=axis)
    shape, placed = placed_in(rope)
    assert shape.words == f"3 tubes along {axis}"
    assert [len(atoms) for atoms in shape.tubes] == [rope.n_atoms // 3] * 3
    for k, (tube, expected) in enumerate(zip(placed.tubes, tube_axes(rope), strict=True)):
        assert np.array_equal(shape.tubes[k], np.flatnonzero(rope.groups[f"tube{k + 1}"]))
        # means over 300 atoms shaken by 0.05 Å
        assert (tube.inner, tube.outer) == pytest.approx((expected.inner, expected.radius), abs=0.02)
        assert tube.center[list(expected.across)] == pytest.approx(expected.center, abs=0.02)


def test_a_bundle_cut_by_the_faces_and_other_walls():
    rope = bundle([(6, 6)], 2, length=12.0, vacuum=3.0)
    moved = rope.copy()
    moved.positions[:, :2] += 0.5 * rope.cell.lengths[:2]
    moved.positions, _ = moved.cell.wrap(moved.positions)
    assert placed_in(moved)[0].words == "2 tubes along z"
    assert placed_in(multiwall([(5, 5), (10, 10)], length=12.0))[0].words == "a tube along z"
    assert placed_in(graphene(repeats=(6, 4), layers=3))[0].words == "a sheet across z"


# ------------------------------------------------------------------------------------------ geometry
def pair_of_tubes(first=5.0, second=5.0, apart=14.0):
    """Return two tubes along z in a periodic cell, and the cell."""
    cell = Cell([SIDE + 8.0, SIDE, 10.0])
    basis = np.diag([SIDE + 8.0, SIDE, 0.0])[:2]
    axis = np.array([0.0, 0.0, 1.0])
    centers = np.array([[15.0, 20.0, 0.0], [15.0 + apart, 20.0, 0.0]])
    tubes = tuple(Tube(axis, c, r, r, 10.0, basis) for c, r in zip(centers, (first, second), strict=True))
    return ParallelTubes(tubes), cell


@pytest.mark.parametrize("radii", [(5.0, 5.0), (4.0, 7.0)])
def test_volumes_by_counting_points(radii):
    """Every point of the cell is counted once: 300,000 points give the volume of each bin to their scatter."""
    placed, cell = pair_of_tubes(*radii)
    points = np.random.default_rng(2).uniform(size=(300_000, 3)) @ cell.matrix
    side, distance = placed.locate(points)
    edges = np.arange(0.0, math.ceil(placed.reach.max()) + 1.0)
    volumes = placed.volumes(edges)
    for row in range(2):
        counts = np.histogram(distance[side == row], edges)[0]
        expected = volumes[row] / cell.volume * len(points)
        # five standard deviations, and 1440 directions instead of an integral: a thousandth
        assert np.all(np.abs(counts - expected) < 5.0 * np.sqrt(expected + 1.0) + 1e-3 * expected)
    assert volumes.sum() == pytest.approx(cell.volume, rel=1e-3)
    assert placed.areas[0] == pytest.approx(2.0 * math.pi * 10.0 * sum(radii))


def test_distance_is_that_of_the_nearest_tube():
    placed, cell = pair_of_tubes(4.0, 7.0, apart=14.0)
    points = np.random.default_rng(4).uniform(-1.0, 2.0, size=(5000, 3)) @ cell.matrix
    shifts = np.array([(a, b, 0) for a in (-2, -1, 0, 1, 2) for b in (-2, -1, 0, 1, 2)]) @ cell.matrix
    best = np.full(len(points), np.inf)
    for tube in placed.tubes:
        for shift in shifts:
            radius = np.hypot(*(points - tube.center - shift)[:, :2].T)
            best = np.minimum(best, radius - tube.outer)
    side, distance = placed.locate(points)
    assert np.array_equal(side == 0, best >= 0.0)
    assert np.allclose(distance, np.abs(best), atol=1e-9)


# ------------------------------------------------------------------------------------------ mirrored tubes
def wetted(axis="z", seed=5, n_frames=6):
    """Return frames of metal that moves around a (6,6) tube, and of the tube beside its mirror image.

    The mirror is the face of the cell, so every atom is nearest to its own tube: all that is measured of the pair per
    atom, volume or area must be that of the single tube.
    """
    rng = np.random.default_rng(seed)
    tube = nanotube(6, 6, repeats=4, box=(SIDE, SIDE))
    height = float(tube.cell.lengths[2])
    start = rng.uniform(size=(400, 3)) * [SIDE, SIDE, height]
    radius = np.hypot(*(start[:, :2] - 0.5 * SIDE).T)
    start = start[(radius > tube_axis(tube).radius + 2.5) | (radius < 1.2)]
    kinds = rng.integers(1, 3, len(start))
    turn = ["xyz".index(axis) - 2, 0]
    single, double = [], []
    for step in range(n_frames):
        moved = start + 0.3 * rng.normal(size=start.shape) * math.sqrt(step)
        atoms = np.concatenate([tube.positions, moved])
        atoms[:, :2] = np.clip(atoms[:, :2], 1e-6, SIDE - 1e-6)
        mirrored = atoms * [-1.0, 1.0, 1.0] + [2.0 * SIDE, 0.0, 0.0]
        metal = [atoms[tube.n_atoms :], mirrored[tube.n_atoms :]]
        both = np.concatenate([tube.positions, mirrored[: tube.n_atoms], *metal])
        cells = np.diag([SIDE, SIDE, height]), np.diag([2.0 * SIDE, SIDE, height])
        for frames, x, matrix in ((single, atoms, cells[0]), (double, both, cells[1])):
            order = np.roll(np.arange(3), turn[0])
            frames.append(frame(Cell(matrix[np.ix_(order, order)]), x[:, order], step, 0.1 * step))
    names = ["C", "K", "Na"]
    carbon = np.zeros(tube.n_atoms)
    return (
        FrameList(topology(names, np.concatenate([carbon, kinds])), single),
        FrameList(topology(names, np.concatenate([carbon, carbon, kinds, kinds])), double),
    )


@pytest.fixture(scope="module", params=["z", "x"])
def pairs(request):
    return wetted(request.param)


def test_profiles(pairs):
    single, double = (density(source, width=0.5) for source in pairs)
    assert double.sides == single.sides == ("outside", "inside")
    assert np.allclose(double.value, single.value, rtol=1e-9, atol=1e-12, equal_nan=True)
    assert any("of the nearest tube, 2 tubes along" in note for note in double.notes)


def test_excess(pairs):
    single, double = (gibbs_excess(source, bulk=(8.0, 14.0)) for source in pairs)
    assert double.value == pytest.approx(single.value, rel=1e-9)


def test_layers_and_coordination(pairs):
    """Means over wall atoms and over metal atoms are those of one tube."""
    single, double = (coordination(source, "C", "K") for source in pairs)
    assert double.value == pytest.approx(single.value, rel=1e-12)
    single, double = (layer_diffusion(source, fit=(0.1, 0.4), drift=None) for source in pairs)
    assert np.allclose(single.value, double.value, rtol=1e-9, equal_nan=True)


def test_directions(pairs):
    """Radial, axial and circumferential steps are those about the nearest axis; a mirror changes no square."""
    for word in ("parallel", "perpendicular"):
        single, double = (diffusion(source, directions=word, drift=None, fit=(0.1, 0.4)) for source in pairs)
        assert double.value == pytest.approx(single.value, rel=1e-9)


def test_map_is_the_mean_over_the_tubes(pairs):
    """The map of the mirrored tube is reversed in θ: their mean, with the bins of θ reversed."""
    single, double = (residence_map(source) for source in pairs)
    assert double.edges_x[-1] == pytest.approx(single.edges_x[-1], rel=1e-9)
    assert double.value.sum() == pytest.approx(single.value.sum(), rel=1e-9)
    assert double.value.sum(axis=1) == pytest.approx(single.value.sum(axis=1), rel=1e-9)
    assert any("on top of each other" in note for note in double.notes)


def test_components_about_the_nearest_axis():
    """An atom that circles around the second tube moves around it, not across."""
    rope = bundle([(6, 6)], 2, length=8.0)
    center, radius = np.array(tube_axes(rope)[1].center), 8.0
    atoms = topology(["C", "K"], np.concatenate([np.zeros(rope.n_atoms), [1]]))
    angles = np.array([0.3, 0.5])
    ends = np.column_stack([center[0] + radius * np.cos(angles), center[1] + radius * np.sin(angles), [1.0, 1.5]])
    moment = frame(rope.cell, np.concatenate([rope.positions, ends[1:]]))
    along, around, across = WallFrame(atoms).components(moment, ends[1:], ends[1:] - ends[:1])[0]
    assert (along, abs(around), across) == pytest.approx((0.5, radius * 0.2, 0.0), abs=1e-5)


# ------------------------------------------------------------------------------------------ covered, or refused
def test_a_bundle_is_covered_from_outside_though_tubes_touch():
    rope = bundle([(6, 6)], 3, length=12.0)
    shape, placed = placed_in(rope)
    rng = np.random.default_rng(6)
    points = rng.uniform(size=(4000, 3)) @ rope.cell.matrix
    side, distance = placed.locate(points)
    outside = points[(side == 0) & (distance > 2.5)]
    assert shape.covered(outside, placed, rope.cell)
    assert not shape.covered(outside[outside[:, 0] > 0.6 * rope.cell.lengths[0]], placed, rope.cell)
    inside = points[side == 1]
    assert shape.covered(inside, placed, rope.cell)
    assert not shape.covered(inside[placed.nearest(inside)[0] != 1], placed, rope.cell)


def test_no_contact_angle_on_several_tubes():
    rope = bundle([(6, 6)], 2, length=30.0)
    points = np.random.default_rng(7).uniform(size=(50, 3)) * 6.0 + [*(0.5 * rope.cell.lengths[:2]), 10.0] + [0, 5.0, 0]
    atoms = topology(["C", "K"], np.concatenate([np.zeros(rope.n_atoms), np.ones(50)]))
    frames = [frame(rope.cell, np.concatenate([rope.positions, points]), k, 0.1 * k) for k in range(3)]
    with pytest.raises(AnalysisError, match=r"The wall is 2 tubes\. A contact angle is defined for a droplet on one"):
        contact_angle(FrameList(atoms, frames))


def test_faces_between_layers_are_dry():
    """Metal on top of two sheets wets one face of the upper, and nothing of the lower: its probes are in the upper."""
    stack = graphene(repeats=(6, 4), layers=2, gap=3.35)
    metal = stack.positions[stack.groups["sheet2"]] + [0.0, 0.0, 3.0]
    positions = np.concatenate([stack.positions, metal])
    wall, liquid = np.arange(stack.n_atoms), np.arange(stack.n_atoms, len(positions))
    assert WettedFaces(wall, liquid).count(frame(stack.cell, positions)) == stack.n_atoms // 2
    tube = multiwall([(6, 6), (11, 11)], length=10.0)
    outward = tube.positions - [*tube_axis(tube).center, 0.0]
    outward[:, 2] = 0.0
    outer = tube.groups["wall2"]
    metal = tube.positions[outer] + 3.0 * outward[outer] / np.linalg.norm(outward[outer], axis=1)[:, None]
    positions = np.concatenate([tube.positions, metal])
    wall, liquid = np.arange(tube.n_atoms), np.arange(tube.n_atoms, len(positions))
    assert WettedFaces(wall, liquid).count(frame(tube.cell, positions)) == int(outer.sum())
