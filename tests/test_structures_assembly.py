"""Distances, crystals, substitution, combination, rotation and boxes."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from ase.neighborlist import neighbor_list
from hypothesis import given, settings
from hypothesis import strategies as st

from nakmd.cell import Cell
from nakmd.errors import InputError, StructureError
from nakmd.io.ase_atoms import frame_of, to_atoms
from nakmd.structures.assembly import boxed, combine, placed, rotated, select, translated
from nakmd.structures.crystal import crystal, substitute
from nakmd.structures.distances import (
    check_overlaps,
    closest_distances,
    lengths_of,
    pair_vectors,
    pairs_within,
)
from nakmd.structures.doping import dope
from nakmd.structures.graphene import graphene
from nakmd.structures.nanotube import nanotube
from nakmd.system import System

#: Rounding error of sums of numbers of about 10 Å.
ROUNDING = 1e-10


def random_system(seed: int, n: int = 12) -> System:
    """A few atoms in a small triclinic cell, some of them outside it."""
    random = np.random.default_rng(seed)
    matrix = np.diag(random.uniform(3.0, 9.0, 3)) + np.tril(random.uniform(-2.0, 2.0, (3, 3)), -1)
    periodic = random.random(3) < 0.6
    positions = random.uniform(-0.7, 1.7, (n, 3)) @ matrix
    return System(positions, random.integers(0, 3, n), ("Na", "K", "C"), Cell(matrix, periodic))


def as_atoms(system: System):
    """Return the system for ASE's own functions."""
    return to_atoms(frame_of(system), system.topology)


@given(st.integers(0, 2**31), st.floats(1.0, 8.0))
@settings(max_examples=40, deadline=None)
def test_pairs_agree_with_ase_in_any_cell(seed, cutoff):
    """Small, triclinic and partly periodic cells, atoms outside: half of ASE's full list."""
    system = random_system(seed)
    i, j, shift = pairs_within(system.positions, system.cell, cutoff)
    d = lengths_of(pair_vectors(system.positions, system.cell, i, j, shift))
    assert np.all(i <= j)
    atoms = as_atoms(system)
    full_i, full_j, full_d = neighbor_list("ijd", atoms, cutoff)
    low, high = np.minimum(full_i, full_j), np.maximum(full_i, full_j)
    full = np.lexsort((full_d, high, low))
    half = np.lexsort((d, j, i))
    # the full list has every pair twice
    assert np.array_equal(low[full][::2], i[half])
    assert np.array_equal(high[full][::2], j[half])
    assert np.allclose(full_d[full][::2], d[half], atol=ROUNDING)


@given(st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_closest_distances_agree_with_all_pairs(seed):
    system = random_system(seed)
    i, j, d = neighbor_list("ijd", as_atoms(system), 6.0)
    closest = closest_distances(system, limit=6.0)
    names = np.array(system.species_names)[system.species]
    expected: dict[frozenset[str], float] = {}
    for a, b, distance in zip(names[i], names[j], d):
        key = frozenset((a, b))
        expected[key] = min(expected.get(key, np.inf), distance)
    assert {frozenset(key): pair.distance for key, pair in closest.items()} == pytest.approx(expected, abs=ROUNDING)
    for (a, b), pair in closest.items():
        assert (names[pair.i], names[pair.j]) == (a, b)


def test_overlaps_are_all_named():
    system = System(
        [[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [9.5, 0.0, 0.0], [5.0, 5.0, 5.0]],
        [0, 1, 2, 0],
        ("K", "Na", "C:edge"),
        Cell([10.0, 10.0, 10.0]),
    )
    check_overlaps(system, {("Na", "K"): 2.0, ("C", "K"): 0.5})
    with pytest.raises(StructureError, match=r"K-Na 2.000 Å \(atoms 0 and 1.*K-C:edge 0.500 Å \(atoms 0 and 2"):
        check_overlaps(system, {("Na", "K"): 2.1, ("C", "K"): 0.6})
    with pytest.raises(InputError, match="at least one minimum distance"):
        check_overlaps(system, {})


@pytest.mark.parametrize(
    ("structure", "names", "a", "ase_name"),
    [
        ("bcc", ("Na",), None, "bcc"),
        ("bcc", ("K",), None, "bcc"),
        ("fcc", ("Al",), 4.05, "fcc"),
        ("sc", ("K",), 3.0, "sc"),
        ("diamond", ("Si",), 5.43, "diamond"),
        ("b2", ("Na", "K"), None, "cesiumchloride"),
        ("b1", ("Na", "K"), 6.0, "rocksalt"),
    ],
)
def test_crystals_agree_with_ase(structure, names, a, ase_name):
    system = crystal(names, (2, 3, 2), structure, a)
    cell_length = system.cell.matrix[0, 0] / 2
    cubic = ase_name != "cesiumchloride"  # this cell is cubic already
    reference = bulk("".join(names), ase_name, a=cell_length, cubic=cubic) * (2, 3, 2)
    assert system.n_atoms == len(reference)
    for cutoff in (1.1 * cell_length,):
        ours = np.sort(neighbor_list("d", as_atoms(system), cutoff))
        assert np.allclose(ours, np.sort(neighbor_list("d", reference, cutoff)), atol=1e-9)
    ours = sorted(as_atoms(system).get_chemical_symbols())
    assert ours == sorted(reference.get_chemical_symbols())


def test_lattice_constants():
    assert crystal("Na", 1).cell.matrix[0, 0] == 4.2906
    assert crystal("K", 1).cell.matrix[0, 0] == 5.3280


@given(st.integers(0, 54), st.integers(0, 2**31))
@settings(max_examples=10, deadline=None)
def test_substitution_replaces_the_requested_number(number, seed):
    host = crystal("K", 3)
    mixed = substitute(host, "K", "Na", number=number, seed=seed)
    assert int(np.sum(mixed.groups["substituted"])) == number
    assert np.array_equal(mixed.groups["substituted"], mixed.species == mixed.species_names.index("Na"))
    assert np.array_equal(mixed.positions, host.positions)
    assert mixed.masses[mixed.groups["substituted"]] == pytest.approx(22.98976928)
    assert np.array_equal(mixed.species, substitute(host, "K", "Na", number=number, seed=seed).species)


def test_substitution_by_fraction_and_site():
    host = crystal("Na", 3)
    assert int(substitute(host, "Na", "K", fraction=0.5).groups["substituted"].sum()) == 27
    chosen = substitute(host, "Na", "K", sites=[5, 2])
    assert np.flatnonzero(chosen.groups["substituted"]).tolist() == [2, 5]
    assert chosen.groups["liquid"].all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: crystal("K", 2, "hcp"), "Unknown crystal structure 'hcp'"),
        (lambda: crystal("K", 2, "fcc"), "No lattice constant"),
        (lambda: crystal("K", 0), "3 repeats >= 1"),
        (lambda: crystal(("Na", "K"), 2), "needs 1 element"),
        (lambda: substitute(crystal("K", 2), "K", "Na"), "exactly one of"),
        (lambda: substitute(crystal("K", 2), "K", "Na", number=17), "replace 17 K atoms: the system has 16"),
        (lambda: substitute(crystal("K", 2), "C", "Na", number=1), "No species 'C'"),
        (lambda: substitute(crystal("K", 2), "K", "Na", sites=[3, 99]), r"invalid: \[99\]"),
        (lambda: combine([]), "needs at least one system"),
        (lambda: boxed(crystal("K", 2), lengths=[5.0, 20.0, 20.0]), "does not hold atoms"),
        (lambda: boxed(crystal("K", 2)), "exactly one of lengths and margins"),
        (lambda: rotated(crystal("K", 2), [0.0, 0.0, 0.0], 10.0), "not all zero"),
    ],
)
def test_invalid_arguments_raise_a_clear_error(call, message):
    with pytest.raises(StructureError, match=message):
        call()


def test_combining_merges_names_masses_and_groups():
    tube = nanotube(5, 5, repeats=2)
    doped = dope(graphene(repeats=(8, 5)), {"graphitic": 0.02}, seed=1)
    atom = System([[1.0, 1.0, 1.0]], [0], ("C",), tube.cell, [[1.0, 0.0, 0.0]], [13.0], {"tracer": [True]})
    both = combine([tube, doped, atom])
    assert both.species_names == ("C", "N:graphitic")
    assert both.n_atoms == tube.n_atoms + doped.n_atoms + 1
    assert both.masses[-1] == 13.0
    assert both.velocities[-1].tolist() == [1.0, 0.0, 0.0]
    assert np.flatnonzero(both.groups["tracer"]).tolist() == [both.n_atoms - 1]
    assert int(both.groups["carbon"].sum()) == both.n_atoms - 1
    assert int(both.groups["nitrogen"].sum()) == int(doped.groups["nitrogen"].sum())
    alone = select(both, both.groups["nitrogen"])
    assert alone.species_names == ("N:graphitic",)
    assert np.array_equal(alone.positions, doped.positions[doped.groups["nitrogen"]])


@given(st.integers(0, 2**31), st.floats(-360.0, 360.0))
@settings(max_examples=15, deadline=None)
def test_rotation_conserves_lengths_and_handedness(seed, angle):
    system = random_system(seed)
    system.velocities[:] = system.positions
    axis = np.random.default_rng(seed).normal(size=3)
    turned = rotated(system, axis, angle, center=[1.0, 2.0, 3.0])
    back = rotated(turned, axis, -angle, center=[1.0, 2.0, 3.0])
    assert np.allclose(back.positions, system.positions, atol=ROUNDING)
    three = turned.velocities[:3], system.velocities[:3]
    assert np.linalg.det(three[0]) == pytest.approx(np.linalg.det(three[1]), rel=1e-6, abs=1e-6)
    assert np.allclose(lengths_of(turned.velocities), lengths_of(system.velocities), atol=ROUNDING)


def test_rotation_by_90_degrees_about_z_maps_x_to_y():
    system = System([[1.0, 0.0, 0.0]], [0], ("K",), Cell([5.0, 5.0, 5.0]))
    turned = rotated(system, [0.0, 0.0, 2.0], 90.0, center=[0.0, 0.0, 0.0])
    assert np.allclose(turned.positions, [[0.0, 1.0, 0.0]], atol=ROUNDING)


def test_placed_and_boxed():
    tube = nanotube(6, 6, repeats=3)
    assert np.allclose(translated(tube, [1.0, 2.0, 3.0]).positions - tube.positions, [1.0, 2.0, 3.0])
    moved = placed(tube, [0.0, 0.0, 0.0]).positions
    assert np.allclose(moved.min(axis=0), -moved.max(axis=0), atol=ROUNDING)
    wide = boxed(tube, lengths=[40.0, 50.0, 1.0], keep=(False, False, True))
    assert wide.cell.lengths[:2].tolist() == [40.0, 50.0]
    assert wide.cell.lengths[2] == tube.cell.lengths[2]
    assert np.array_equal(wide.positions[:, 2], tube.positions[:, 2])
    extent = wide.positions[:, :2].min(axis=0) + wide.positions[:, :2].max(axis=0)
    assert np.allclose(extent, [40.0, 50.0], atol=ROUNDING)
    snug = boxed(tube, margins=2.0, periodic=(False, False, False))
    assert np.allclose(snug.positions.min(axis=0), 2.0, atol=ROUNDING)
    assert not snug.cell.periodic.any()
