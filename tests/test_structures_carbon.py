"""Nanotubes and graphene against geometry, and against ASE's builder."""

from __future__ import annotations

from math import pi, sin, sqrt

import numpy as np
import pytest
from ase.build import nanotube as ase_nanotube
from hypothesis import given, settings
from hypothesis import strategies as st

from nakmd.errors import StructureError
from nakmd.structures.bond_network import coordination, find_bonds
from nakmd.structures.distances import lengths_of
from nakmd.structures.graphene import graphene, repeats_for
from nakmd.structures.nanotube import TubeGeometry, nanotube
from nakmd.structures.tube_axis import tube_axis

#: Rounding error of sums and cosines of numbers below 100 Å.
EXACT = 1e-10

chiralities = st.tuples(st.integers(0, 14), st.integers(0, 14)).filter(lambda nm: sum(nm) >= 5)


@given(chiralities)
@settings(max_examples=30, deadline=None)
def test_tube_of_any_chirality_is_a_rolled_honeycomb(chirality):
    n, m = chirality
    geometry = TubeGeometry(n, m)
    tube = nanotube(n, m, length=12.0)
    repeats = geometry.repeats_for(12.0)
    assert tube.n_atoms == repeats * geometry.atoms_per_period
    assert tube.cell.matrix[2, 2] == pytest.approx(repeats * geometry.period, abs=EXACT)
    # atoms per area of graphene: 4 per 3 sqrt(3) bond²
    area = 2.0 * pi * geometry.radius * tube.cell.matrix[2, 2]
    assert area / tube.n_atoms == pytest.approx(0.75 * sqrt(3.0) * 1.42**2, rel=1e-12)
    bonds = find_bonds(tube.positions, tube.cell)
    assert np.all(coordination(bonds, tube.n_atoms) == 3)
    d = lengths_of(bonds.vectors(tube.positions, tube.cell))
    # a bond around the circumference becomes a chord, one along the axis keeps its length
    chord = 2.0 * geometry.radius * sin(0.5 * 1.42 / geometry.radius)
    assert d.min() >= chord - EXACT
    assert d.max() <= 1.42 + EXACT
    axis = tube_axis(tube)
    assert axis.radius == pytest.approx(sqrt(3.0) * 1.42 * sqrt(n * n + n * m + m * m) / (2.0 * pi), abs=1e-9)
    assert axis.center == pytest.approx(0.5 * np.diag(tube.cell.matrix)[:2], abs=1e-9)


@pytest.mark.parametrize(("n", "m"), [(10, 10), (10, 0), (6, 4), (7, 3), (5, 1)])
def test_tube_agrees_with_ase(n, m):
    ours = nanotube(n, m, repeats=1)
    theirs = ase_nanotube(n, m, length=1, bond=1.42)
    assert ours.n_atoms == len(theirs)
    assert ours.cell.matrix[2, 2] == pytest.approx(theirs.cell.array[2, 2], abs=1e-9)
    # equal distances, independent of rotation about the axis and handedness
    distances = []
    for atoms, middle in ((ours, tube_axis(ours).center), (theirs, theirs.positions[:, :2].mean(axis=0))):
        x = atoms.positions - np.array([*middle, 0.0])
        r = (x[:, None, :] - x[None, :, :]).reshape(-1, 3)
        r[:, 2] -= ours.cell.matrix[2, 2] * np.rint(r[:, 2] / ours.cell.matrix[2, 2])
        distances.append(np.sort(lengths_of(r)))
    # ASE's builder rounds to fewer digits: 1e-6 Å
    assert np.allclose(distances[0], distances[1], atol=1e-6)


def test_exchanging_n_and_m_reverses_the_chirality():
    angles = [TubeGeometry(n, m).chiral_angle for n, m in ((10, 0), (10, 10), (7, 3), (3, 7))]
    assert angles[:2] == pytest.approx([0.0, 30.0])
    assert angles[2] + angles[3] == pytest.approx(60.0)
    assert TubeGeometry(7, 3).radius == TubeGeometry(3, 7).radius


def test_length_is_rounded_to_whole_periods_and_described():
    geometry = TubeGeometry(10, 10)
    assert geometry.repeats_for(40.0) == 16
    assert geometry.repeats_for(0.1) == 1
    assert nanotube(10, 10, length=40.0).cell.matrix[2, 2] == pytest.approx(16 * sqrt(3.0) * 1.42)
    assert geometry.describe(16) == "(10,10) nanotube, radius 6.780 Å, 16 x 2.4595 Å = 39.352 Å long, 640 atoms"


def test_tube_is_bit_equal_on_every_call():
    assert np.array_equal(nanotube(9, 4, repeats=2).positions, nanotube(9, 4, repeats=2).positions)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": -1, "m": 5, "repeats": 1}, "must not be negative"),
        ({"n": 2, "m": 1, "repeats": 1}, "the minimum is 1.50 Å"),
        ({"n": 10, "m": 10}, "exactly one of length and repeats"),
        ({"n": 10, "m": 10, "length": 10.0, "repeats": 3}, "exactly one of length and repeats"),
        ({"n": 10, "m": 10, "repeats": 0}, "at least 1 period, got 0"),
        ({"n": 10, "m": 10, "length": -4.0}, "-4.0 Å"),
        ({"n": 10, "m": 10, "repeats": 1, "box": (13.0, 40.0)}, "diameter 13.56 Å"),
    ],
)
def test_invalid_tubes_raise_a_clear_error(arguments, message):
    with pytest.raises(StructureError, match=message):
        nanotube(**arguments)


@given(st.integers(1, 9), st.integers(1, 9), st.floats(1.3, 1.6))
@settings(max_examples=15, deadline=None)
def test_graphene_is_a_honeycomb(nx, ny, bond):
    sheet = graphene(repeats=(nx, ny), bond=bond)
    assert sheet.n_atoms == 4 * nx * ny
    bonds = find_bonds(sheet.positions, sheet.cell, 1.3 * bond)
    assert np.all(coordination(bonds, sheet.n_atoms) == 3)
    assert lengths_of(bonds.vectors(sheet.positions, sheet.cell)) == pytest.approx(bond, abs=EXACT)


def test_graphene_lengths_and_layers():
    assert repeats_for((50.0, 50.0)) == (20, 12)
    stack = graphene(lengths=(10.0, 10.0), layers=3, gap=20.0, vacuum=5.0)
    assert np.unique(stack.positions[:, 2]).tolist() == [5.0, 25.0, 45.0]
    assert stack.cell.matrix[2, 2] == 50.0
    assert all(int(stack.groups[f"sheet{k}"].sum()) * 3 == stack.n_atoms for k in (1, 2, 3))
    low, middle, high = (stack.positions[stack.groups[f"sheet{k}"]] for k in (1, 2, 3))
    assert np.allclose(middle - low, [0.0, 1.42, 20.0], atol=EXACT)
    assert np.allclose(high - low, [0.0, 0.0, 40.0], atol=EXACT)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "exactly one of lengths and repeats"),
        ({"repeats": (0, 3)}, "0 x 3"),
        ({"lengths": (10.0, -1.0)}, "must be positive"),
        ({"repeats": (2, 2), "stacking": "ABC"}, "AA or AB"),
        ({"repeats": (2, 2), "vacuum": 0.0}, "needs a positive vacuum"),
    ],
)
def test_invalid_sheets_raise_a_clear_error(arguments, message):
    with pytest.raises(StructureError, match=message):
        graphene(**arguments)
