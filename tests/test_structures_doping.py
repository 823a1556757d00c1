"""Nitrogen doping: fraction, distances, bonds, rings, and bit-equal results for equal seeds."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nakmd.elements import element_of
from nakmd.errors import StructureError
from nakmd.structures.bond_network import BOND_BOUNDS, Partners, coordination, find_bonds
from nakmd.structures.distances import lengths_of, pair_vectors, pairs_within
from nakmd.structures.doping import dope, nitrogen_fractions
from nakmd.structures.doping_sites import count_sites
from nakmd.structures.graphene import graphene
from nakmd.structures.nanotube import nanotube
from nakmd.structures.tube_axis import tube_axis
from nakmd.system import System

MIXED = {"graphitic": 0.015, "pyridinic": 0.015, "pyrrolic": 0.01}
BONDS_WANTED = {"C": 3, "C:edge": 2, "N:graphitic": 3, "N:pyridinic": 2, "N:pyrrolic": 2}


@pytest.fixture(scope="module")
def walls():
    return {"tube": nanotube(10, 10, repeats=14), "sheet": graphene(lengths=(36.0, 38.0))}


def rings_through(system: System, atom: int) -> list[int]:
    """Sizes of the smallest ring through each two bonds of an atom (breadth-first search without the atom)."""
    partners = Partners(find_bonds(system.positions, system.cell), system.n_atoms)
    ends = [b for b, _ in partners[atom]]
    sizes = []
    for k, start in enumerate(ends):
        steps = {start: 0}
        queue = deque([start])
        while queue:
            a = queue.popleft()
            for b, _ in partners[a]:
                if b != atom and b not in steps:
                    steps[b] = steps[a] + 1
                    queue.append(b)
        sizes += [steps[end] + 2 for end in ends[k + 1 :]]
    return sorted(sizes)


@pytest.mark.parametrize("wall", ["tube", "sheet"])
def test_coordination_agrees_with_the_label(walls, wall):
    doped = dope(walls[wall], MIXED, seed=4)
    bonds = find_bonds(doped.positions, doped.cell)
    count = coordination(bonds, doped.n_atoms)
    for row, name in enumerate(doped.species_names):
        members = doped.species == row
        assert np.any(members)
        assert np.all(count[members] == BONDS_WANTED[name]), name
    d = lengths_of(bonds.vectors(doped.positions, doped.cell))
    assert d.min() > BOND_BOUNDS[0]
    assert d.max() < BOND_BOUNDS[1]
    nitrogen = np.array([element_of(doped.species_names[a]) == "N" for a in doped.species])
    assert not np.any(nitrogen[bonds.i] & nitrogen[bonds.j])
    # springs: N-C of all kinds within 2 % of 1.43 Å
    cn = d[nitrogen[bonds.i] | nitrogen[bonds.j]]
    assert np.all(np.abs(cn / 1.43 - 1.0) < 0.02)


@pytest.mark.parametrize("wall", ["tube", "sheet"])
def test_rings_of_each_kind(walls, wall):
    doped = dope(walls[wall], MIXED, seed=9)
    for row, name in enumerate(doped.species_names):
        for atom in np.flatnonzero(doped.species == row):
            if name == "N:pyrrolic":
                assert rings_through(doped, atom) == [5]
            elif name == "N:pyridinic":
                assert rings_through(doped, atom) == [6]
            elif name == "N:graphitic":
                # a neighbouring vacancy or pentagon may share one of the three rings
                assert rings_through(doped, atom)[0] in {5, 6}
    lone = dope(walls[wall], {"graphitic": 0.01}, seed=9)
    for atom in np.flatnonzero(lone.groups["nitrogen"]):
        assert rings_through(lone, atom) == [6, 6, 6]


def test_vacancies_have_the_edge_atoms_of_their_kind(walls):
    doped = dope(walls["sheet"], {"pyridinic": 0.01}, seed=2)
    assert int(np.sum(doped.species == doped.species_names.index("N:pyridinic"))) % 3 == 0
    assert "C:edge" not in doped.species_names
    doped = dope(walls["sheet"], {"pyrrolic": 0.01}, seed=2)
    n = np.bincount(doped.species)
    assert n[doped.species_names.index("C:edge")] == 2 * n[doped.species_names.index("N:pyrrolic")]


@pytest.mark.parametrize("nitrogens", [1, 2, 3])
def test_pyridinic_sites_with_fewer_nitrogens_leave_edge_carbon(walls, nitrogens):
    doped = dope(walls["tube"], {"pyridinic": 0.01}, nitrogens_per_site=nitrogens, seed=1)
    count = dict(zip(doped.species_names, np.bincount(doped.species)))
    sites = walls["tube"].n_atoms - doped.n_atoms
    assert sites > 0
    assert count["N:pyridinic"] == nitrogens * sites
    assert count.get("C:edge", 0) == (3 - nitrogens) * sites


@given(
    st.fixed_dictionaries(
        {}, optional={kind: st.floats(0.004, 0.015) for kind in ("graphitic", "pyridinic", "pyrrolic")}
    ),
    st.integers(0, 2**32),
    st.floats(3.0, 4.5),
)
@settings(max_examples=12, deadline=None)
def test_fraction_is_met_to_the_nearest_site_and_sites_keep_their_distance(fractions, seed, distance):
    wall = nanotube(8, 8, repeats=14)
    doped = dope(wall, fractions, seed=seed, min_distance=distance, relax=False)
    achieved = nitrogen_fractions(doped)
    for kind, fraction in fractions.items():
        # half a site of up to 3 N; a wall with one site more or less has one atom less or more
        assert achieved[kind] == pytest.approx(fraction, abs=(1.5 + fraction) / doped.n_atoms)
    # atoms of one site share its vacancy: connect N and edge atoms over at most 2.85 Å (across a ring) ...
    names = np.array(doped.species_names)[doped.species]
    special = np.flatnonzero(names != "C")
    if len(special) == 0:
        return
    x = doped.positions[special]
    i, j, shift = pairs_within(x, doped.cell, distance - 1e-9)
    # ... so two atoms closer than the minimum belong to the same site: only vacancies can hold such pairs
    kinds = names[special]
    assert not np.any((kinds[i] == "N:graphitic") | (kinds[j] == "N:graphitic"))
    within = lengths_of(pair_vectors(x, doped.cell, i, j, shift))
    assert np.all(within < 2.0 * 1.42 + 0.1)


@given(st.integers(0, 2**63))
@settings(max_examples=4, deadline=None)
def test_equal_seeds_give_bit_equal_walls(seed):
    wall = graphene(lengths=(22.0, 24.0))
    first, again = (dope(wall, {"graphitic": 0.02, "pyrrolic": 0.015}, seed=seed) for _ in range(2))
    assert np.array_equal(first.positions, again.positions)
    assert np.array_equal(first.species, again.species)
    other = dope(wall, {"graphitic": 0.02, "pyrrolic": 0.015}, seed=seed + 1)
    assert not np.array_equal(first.positions, other.positions)


def test_far_from_sites_the_wall_is_unchanged(walls):
    wall = walls["sheet"]
    doped = dope(wall, {"pyridinic": 3.0 / wall.n_atoms}, seed=3)
    nitrogen = doped.positions[doped.groups["nitrogen"]]
    away = np.array([lengths_of(doped.cell.minimum_image(p - nitrogen)).min() for p in doped.positions])
    shift = np.array([lengths_of(wall.cell.minimum_image(p - wall.positions)).min() for p in doped.positions])
    assert shift[away > 10.0].max() < 0.02
    assert shift.max() < 0.3
    assert np.all(doped.positions[:, 2] == wall.positions[0, 2])


def test_tube_stays_round():
    wall = nanotube(10, 10, repeats=14)
    doped = dope(wall, MIXED, seed=5)
    axis = tube_axis(doped)
    # springs only: dents of about 0.2 Å at the vacancies, none elsewhere
    assert axis.radius == pytest.approx(tube_axis(wall).radius, abs=0.01)
    assert axis.center == pytest.approx(tube_axis(wall).center, abs=0.01)
    radii = lengths_of((doped.positions - np.array([*axis.center, 0.0])) * np.array([1.0, 1.0, 0.0]))
    assert np.abs(radii - axis.radius).max() < 0.3


@pytest.mark.parametrize("seed", [2, 5])
def test_pentagons_do_not_fold_over_on_narrow_chiral_tubes(seed):
    doped = dope(nanotube(7, 3, length=60.0), MIXED, seed=seed)
    for atom in np.flatnonzero(doped.species == doped.species_names.index("N:pyrrolic")):
        assert rings_through(doped, atom) == [5]


def test_atoms_outside_the_wall_are_unchanged():
    wall = graphene(lengths=(22.0, 24.0))
    metal = np.array([[3.0, 3.0, 20.0], [9.0, 9.0, 21.0]])
    system = System(
        np.concatenate([metal[:1], wall.positions, metal[1:]]),
        [1, *([0] * wall.n_atoms), 1],
        ("C", "K"),
        wall.cell,
        groups={"sheet": [False, *([True] * wall.n_atoms), False]},
    )
    doped = dope(system, {"pyridinic": 0.03, "graphitic": 0.02}, seed=1)
    potassium = doped.species == doped.species_names.index("K")
    assert np.array_equal(doped.positions[potassium], metal)
    assert np.array_equal(doped.groups["sheet"], ~potassium)
    assert doped.masses[doped.groups["nitrogen"]] == pytest.approx(14.007)
    assert doped.n_atoms < system.n_atoms


def test_doping_twice_keeps_the_distance_to_the_first_sites():
    wall = graphene(lengths=(36.0, 38.0))
    once = dope(wall, {"graphitic": 0.02}, seed=1, relax=False)
    twice = dope(once, {"graphitic": 0.02}, seed=2, relax=False)
    assert int(twice.groups["nitrogen"].sum()) == 2 * int(once.groups["nitrogen"].sum())
    x = twice.positions[twice.groups["nitrogen"]]
    assert len(pairs_within(x, twice.cell, 4.0 - 1e-9)[0]) == 0


def test_count_of_sites_solves_for_the_finished_wall():
    counts = count_sites(10_000, {"pyridinic": 0.03, "graphitic": 0.02, "pyrrolic": 0.01})
    remaining = 10_000 - counts["pyridinic"] - counts["pyrrolic"]
    # to half an atom, or half a site of three
    assert counts["pyridinic"] * 3 == pytest.approx(0.03 * remaining, abs=1.5)
    assert counts["graphitic"] == pytest.approx(0.02 * remaining, abs=0.5)
    assert counts["pyrrolic"] == pytest.approx(0.01 * remaining, abs=0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fractions": {"graphitic": 0.2}, "min_distance": 6.0}, "at least 6 Å apart do not fit on 384 atoms"),
        ({"fractions": {"graphitic": 0.0005}}, "less than half a site"),
        ({"fractions": {"quaternary": 0.01}}, "Unknown kind of site quaternary"),
        ({"fractions": {"graphitic": 1.5}}, "sum of at most 0.5"),
        ({"fractions": {"graphitic": 0.02}, "min_distance": 1.0}, "share a ring"),
        ({"fractions": {"pyridinic": 0.02}, "nitrogens_per_site": 4}, "1, 2 or 3"),
        ({"fractions": {"graphitic": 0.01}, "min_distance": 40.0}, "own image"),
    ],
)
def test_invalid_doping_raises_a_clear_error(arguments, message):
    with pytest.raises(StructureError, match=message):
        dope(graphene(repeats=(12, 8)), **arguments)


def test_doping_needs_carbon():
    with pytest.raises(StructureError, match="No carbon to dope"):
        dope(System([[0.0, 0.0, 0.0]], [0], ("K",), graphene(repeats=(12, 8)).cell), {"graphitic": 0.1})
