"""The compiled loops of structure building have the bits of plain NumPy and SciPy (`reference/building.py`)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import building

from nakmd.cell import Cell
from nakmd.structures import Cylinder, Inside, Slab, Sphere, crystal, dope, graphene, nanotube, outside_tube, pack
from nakmd.structures.bond_network import Partners, find_bonds, relax_springs, second_neighbours, wall_normals
from nakmd.structures.distances import closest_distances, pairs_within
from nakmd.structures.springs import _Sums
from nakmd.structures.volume import VolumeGrid
from nakmd.system import System

DISTANCES = {("Na", "Na"): 3.0, ("K", "Na"): 3.3, ("K", "K"): 3.6, ("C", "Na"): 3.0, ("C", "K"): 3.0}


def random_system(seed: int, n: int) -> System:
    """Atoms in a small triclinic cell, periodic in some directions, some of them outside it."""
    random = np.random.default_rng(seed)
    matrix = np.diag(random.uniform(3.0, 12.0, 3)) + np.tril(random.uniform(-2.0, 2.0, (3, 3)), -1)
    cell = Cell(matrix, random.random(3) < 0.7)
    return System(random.uniform(-1.7, 2.7, (n, 3)) @ matrix, random.integers(0, 3, n), ("Na", "K", "C"), cell)


@given(st.integers(0, 2**31), st.integers(1, 60), st.floats(0.5, 9.0))
@settings(max_examples=40, deadline=None)
def test_pairs_and_their_order(seed, n, cutoff):
    system = random_system(seed, n)
    for made, expected in zip(
        pairs_within(system.positions, system.cell, cutoff),
        building.pairs_within(system.positions, system.cell, cutoff),
        strict=True,
    ):
        assert np.array_equal(made, expected)


@given(st.integers(0, 2**31), st.integers(1, 60), st.floats(0.5, 9.0))
@settings(max_examples=40, deadline=None)
def test_closest_atoms(seed, n, limit):
    system = random_system(seed, n)
    made, expected = closest_distances(system, limit), building.closest_distances(system, limit)
    assert made.keys() == expected.keys()
    for pair, (distance, *atoms) in expected.items():
        found = made[pair]
        assert found.distance == distance
        if [found.i, found.j] != atoms:  # an atom and its image: all of a species have this distance, up to rounding
            those = sorted({found.i, found.j})
            alone = System(system.positions[those], system.species[those], system.species_names, system.cell)
            assert building.closest_distances(alone, limit + 1e-9)[pair][0] == pytest.approx(distance, rel=1e-14)


def test_closest_atoms_of_a_large_crystal_are_those_of_least_number():
    """Thousands of pairs have the same distance to the bit, in many chunks of atoms: 5.25 Å is a binary fraction."""
    system = crystal("K", 12, lattice_constant=5.25)
    bonds = [(-1, -1, -1), (1, 1, 1)]
    system.positions[[5, 1900]] = system.positions[[5, 1900]] + np.array(bonds) * 0.25  # two equal pairs, far apart
    closest, expected = (find(system, 5.0)["K", "K"] for find in (closest_distances, building.closest_distances))
    assert closest.distance == expected[0]
    nearest = building.pairs_within(system.positions, system.cell, closest.distance + 1e-9)
    assert (closest.i, closest.j) == min(
        pair for i, j in zip(nearest[0].tolist(), nearest[1].tolist()) for pair in ((i, j), (j, i))
    )


@pytest.mark.parametrize("n", [1, 7, 8, 9, 127, 128, 129, 136, 137, 1000, 4099, 300_003])
def test_sums_are_those_of_numpy(n):
    f, v = np.random.default_rng(n).normal(size=(2, n)) * 10.0 ** np.random.default_rng(n).integers(-9, 9, (2, n))
    assert _Sums(n).of(f, v) == (np.sum(f * v), np.sum(f * f), np.sum(v * v))


def bulk():
    return System(np.zeros((0, 3)), [], (), Cell([31.0, 27.0, 24.0])), None, (90, 150)


def tiny():
    """The cell is narrower than twice the reach of the lists: atoms meet several images of each other."""
    return System(np.zeros((0, 3)), [], (), Cell([7.5, 8.0, 30.0])), None, (8, 14)


def triclinic():
    cell = Cell([[22.0, 0.0, 0.0], [9.0, 20.0, 0.0], [-4.0, 6.0, 21.0]])
    return System(np.zeros((0, 3)), [], (), cell), None, (40, 60)


def around_tube():
    tube = nanotube(6, 6, length=20.0, vacuum=10.0)
    return tube, outside_tube(tube), (60, 80)


def drop_on_sheet():
    sheet = graphene(lengths=(34.0, 34.0), vacuum=14.0)
    foot = (17.0, 17.0, float(sheet.positions[0, 2]))
    region = Sphere(sheet.cell, foot, 11.0) & Slab(sheet.cell, foot[2], foot[2] + 14.0)
    return sheet, region, (10, 20)


def open_box():
    return System(np.zeros((0, 3)), [], (), Cell([25.0, 25.0, 25.0], [False] * 3)), None, (40, 60)


@pytest.mark.parametrize("case", [bulk, tiny, triclinic, around_tube, drop_on_sheet, open_box])
def test_packing(case):
    system, region, counts = case()
    space = Inside(system.cell) if region is None else region & Inside(system.cell)
    elements = ["K"] * counts[0] + ["Na"] * counts[1]  # the twin wants them in alphabetical order
    made = pack(
        elements, space, system.cell, system.positions, ["C"] * system.n_atoms, DISTANCES, np.random.default_rng(5)
    )
    expected = building.pack(
        counts,
        space,
        system.cell,
        system.positions,
        np.zeros(system.n_atoms, dtype=np.int64),
        np.array([[3.6, 3.3], [3.3, 3.0]]),
        np.full((2, 1 if system.n_atoms else 0), 3.0),
        np.random.default_rng(5),
    )
    assert np.array_equal(made, expected)


@pytest.mark.parametrize("seed", range(4))
def test_covered_points(seed):
    system = random_system(seed, 12)
    points, counts, volume = building.grid(system.cell)
    grid = VolumeGrid(system.cell)
    assert grid.volume == volume
    assert np.array_equal(grid.points(np.arange(grid.size)), points)
    covered = building.covered(points, counts, system.positions, system.cell, 1.7)
    assert np.array_equal(grid.covered(system.positions, 1.7), covered)


def test_depths_in_an_orthorhombic_cell_are_those_of_any_cell():
    """Shortcuts along the axes of the cell; a product with the matrices of the cell has the same bits."""
    cell = Cell([31.0, 27.0, 24.0], [True, True, False])
    points = np.random.default_rng(3).uniform(-40.0, 60.0, (500, 3))
    for axis, center in enumerate([(3.0, 20.0), (1.0, 2.0), (15.0, 13.0)]):
        across = [(axis + 1) % 3, (axis + 2) % 3]
        middle = np.zeros(3)
        middle[across] = center
        offset = points - middle
        offset[:, axis] = 0.0
        counts = np.rint(offset @ cell.inverse)
        counts[:, ~cell.periodic] = 0.0
        offset -= counts @ cell.matrix
        offset[:, axis] = 0.0
        tube = Cylinder(cell, center, 8.0, axis=axis)
        assert np.array_equal(tube.depth(points), 8.0 - building.lengths_of(offset))
        assert np.array_equal(
            cell.minimum_image(points), points - np.rint(points @ cell.inverse) * [1, 1, 0] @ cell.matrix
        )


def test_springs_and_angles_of_a_wall():
    wall = dope(graphene(repeats=(10, 6)), {"vacancy": 1 / 60, "graphitic": 0.03}, seed=2, relax=False)
    positions, cell, n = wall.positions, wall.cell, wall.n_atoms
    bonds = find_bonds(positions, cell)
    partners, expected = Partners(bonds, n), building.partners(bonds, n)
    assert [[(b, tuple(s)) for b, s in partners[a]] for a in range(n)] == (
        [[(b, tuple(s)) for b, s in around] for around in expected]
    )
    angles = second_neighbours(partners)
    assert list(zip(angles.i, angles.j, map(tuple, angles.shift))) == building.second_neighbours(expected)
    pairs = bonds.joined(angles)
    random = np.random.default_rng(1)
    rest = np.where(np.arange(len(pairs)) < len(bonds), 1.42, 2.46) * random.uniform(0.98, 1.02, len(pairs))
    stiffness = np.where(np.arange(len(pairs)) < len(bonds), 1.0, 0.25)
    normals = wall_normals(positions, cell, partners)
    made = relax_springs(positions, cell, pairs, rest, stiffness, normals)
    assert np.array_equal(made, building.relax_springs(positions, cell, pairs, rest, stiffness, normals))
    assert np.abs(made - positions).max() > 0.01  # it moved
