"""Liquid metal: amount, composition, distances, regions, droplets, and bit-equal results for equal seeds."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from math import cos, pi, radians
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nakmd.cell import Cell
from nakmd.errors import StructureError
from nakmd.structures import (
    Sphere,
    above_sheet,
    accessible_volume,
    between_sheets,
    check_overlaps,
    closest_distances,
    dope,
    droplet,
    droplet_on_sheet,
    droplet_on_tube,
    fill,
    graphene,
    inside_tube,
    liquid,
    nak_density,
    nanotube,
    number_density,
    outside_tube,
    tube_axis,
)  # fmt: skip
from nakmd.structures.distances import lengths_of
from nakmd.structures.liquid import MIN_DISTANCES
from nakmd.system import System

ALLOWED = {
    **MIN_DISTANCES,
    **{(metal, wall): 3.0 for metal in ("Na", "K") for wall in ("C", "N")},
}

#: Atoms confined to a region may be on its boundary, to rounding [Å].
BOUNDARY = 1e-9


def metal_of(system: System) -> np.ndarray:
    return system.positions[system.groups["liquid"]]


def flagship(seed: int = 1, length: float = 40.0, side: float = 60.0) -> System:
    wall = dope(
        nanotube(10, 10, length=length, box=(side, side)),
        {"graphitic": 0.015, "pyridinic": 0.015, "pyrrolic": 0.005},
        seed=seed,
    )
    inner = fill(wall, 0.67, 450.0, region=inside_tube(wall), seed=seed)
    return fill(inner, 0.67, 450.0, region=outside_tube(wall), seed=seed)


def test_atom_order_follows_space():
    """Species by species, along pencils."""
    system = liquid(0.67, 410.0, n_atoms=2000, seed=2)
    assert np.all(np.diff(system.species) >= 0)
    for kind in (0, 1):
        steps = np.diff(system.positions[system.species == kind], axis=0)
        # 6.0 and 4.6 Å; 14.5 and 8.1 Å in the order of packing
        assert np.median(lengths_of(steps)) < 7.0


def test_density_fit_agrees_with_the_handbook():
    # values tabulated by the reference for the same fits: mole-fraction rule, NaK-78 at 300 and 400 K; Na, K at 400 K
    assert nak_density(0.0, 400.0) == pytest.approx(0.917, abs=0.002)
    assert nak_density(1.0, 400.0) == pytest.approx(0.814, abs=0.001)
    assert nak_density(0.673, 300.0) == pytest.approx(0.867, abs=0.001)
    assert nak_density(0.673, 400.0) == pytest.approx(0.845, abs=0.001)
    # 0.845 g/cm³ of mean mass 33.8 amu
    assert number_density(0.67, 0.845) == pytest.approx(0.845 * 0.602214 / 33.782, rel=1e-4)


@given(st.integers(20, 400), st.floats(0.0, 1.0), st.floats(300.0, 900.0), st.integers(0, 2**31))
@settings(max_examples=12, deadline=None)
def test_bulk_liquid_of_any_composition_has_no_overlaps(n, x_K, temperature, seed):
    system = liquid(x_K, temperature, n_atoms=n, seed=seed)
    assert system.n_atoms == n
    potassium = int(np.sum(system.topology.select("K"))) if "K" in system.species_names else 0
    assert abs(potassium - n * x_K) <= 0.5
    check_overlaps(system, MIN_DISTANCES)
    density = n / system.cell.volume
    # the volume follows from n and the requested x_K: rounding error only
    assert density == pytest.approx(number_density(x_K, nak_density(x_K, temperature)), rel=1e-12)
    assert np.array_equal(system.positions, liquid(x_K, temperature, n_atoms=n, seed=seed).positions)


def test_bulk_is_disordered_and_uniform():
    system = liquid(0.67, 450.0, n_atoms=3000, seed=3)
    # no lattice: no S(q) = |Σ exp(iqr)|²/n of the first 12³ wave vectors of the box is far above that of a liquid
    side = system.cell.matrix[0, 0]
    waves = np.stack([g.ravel() for g in np.meshgrid(*(np.arange(13),) * 3, indexing="ij")], axis=1)[1:]
    phases = 2.0 * pi / side * system.positions @ waves.T
    structure = (np.cos(phases).sum(axis=0) ** 2 + np.sin(phases).sum(axis=0) ** 2) / system.n_atoms
    # a crystal reaches n = 3000; speckle on a liquid's first peak of 3 is exponential: above 40 once in 1e-3 runs
    assert structure.max() < 40.0
    # small S(q) at long wavelengths: the density is uniform
    assert structure[np.sum(waves**2, axis=1) <= 4].mean() < 0.5


def test_film_is_between_vacuum():
    film = liquid(0.67, 400.0, n_atoms=300, thickness=24.0, vacuum=12.0, seed=2)
    lengths = film.cell.lengths
    assert lengths[2] == pytest.approx(48.0)
    assert np.all(film.cell.periodic)
    assert 300 / (lengths[0] * lengths[1] * 24.0) == pytest.approx(number_density(0.67, nak_density(0.67, 400.0)))
    heights = film.positions[:, 2]
    assert 12.0 <= heights.min() < 14.0
    assert 34.0 < heights.max() <= 36.0
    check_overlaps(film, MIN_DISTANCES)
    # lengths and density set the number of atoms, independent of the vacuum
    with_vacuum = liquid(0.5, 450.0, lengths=(20.0, 20.0, 15.0), vacuum=10.0)
    assert with_vacuum.n_atoms == liquid(0.5, 450.0, lengths=(20.0, 20.0, 15.0)).n_atoms
    with pytest.raises(StructureError, match="both set the size of a liquid along z"):
        liquid(0.5, 450.0, lengths=(20.0, 20.0, 15.0), thickness=15.0)


def test_flagship_has_no_overlaps():
    system = flagship()
    assert 2000 < system.n_atoms < 4000
    check_overlaps(system, ALLOWED)
    assert set(system.species_names) == {"C", "C:edge", "N:graphitic", "N:pyridinic", "N:pyrrolic", "Na", "K"}
    assert np.array_equal(system.groups["liquid"], ~system.groups["carbon"])
    axis = tube_axis(system)
    within = lengths_of((metal_of(system) - np.array([*axis.center, 0.0])) * np.array([1.0, 1.0, 0.0])) < axis.radius
    # the liquid column in a (10,10) tube has one atom per 0.8 Å of length
    assert 40 < within.sum() < 60
    x_K = np.mean(system.topology.select("K")[system.groups["liquid"]])
    assert x_K == pytest.approx(0.67, abs=1.0 / len(metal_of(system)))


def test_bit_equal_at_any_thread_count():
    system = flagship(seed=2, length=20.0, side=35.0)
    digest = hashlib.sha256(system.positions.tobytes() + system.species.tobytes()).hexdigest()
    code = (
        "import hashlib, test_structures_liquid as t; s = t.flagship(2, 20.0, 35.0);"
        "print(hashlib.sha256(s.positions.tobytes() + s.species.tobytes()).hexdigest())"
    )
    tests = Path(__file__).parent
    for threads in ("1", "4"):
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            "PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent)]),
        }
        out = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert out.stdout.strip() == digest


def test_regions_around_a_tube():
    tube = nanotube(12, 12, repeats=8, box=(50.0, 50.0))
    axis = tube_axis(tube)
    for region, sign in ((inside_tube(tube), -1.0), (outside_tube(tube), 1.0)):
        system = fill(tube, 0.5, 500.0, region=region, seed=2)
        metal = metal_of(system)
        from_axis = lengths_of((metal - np.array([*axis.center, 0.0])) * np.array([1.0, 1.0, 0.0]))
        assert np.all(sign * (from_axis - axis.radius) > 0.0)
        expected = number_density(0.5, nak_density(0.5, 500.0)) * accessible_volume(tube, region, 1.7)
        assert abs(len(metal) - expected) <= 0.5
        check_overlaps(system, ALLOWED)
        assert np.array_equal(system.positions[: tube.n_atoms], tube.positions)


def test_slabs_above_and_between_sheets():
    sheet = graphene(lengths=(25.0, 25.0), vacuum=30.0)
    film = fill(sheet, 0.67, 450.0, region=above_sheet(sheet, 15.0), seed=1)
    height = metal_of(film)[:, 2] - 30.0
    assert height.min() >= 2.6  # 3 Å from atoms at the corners of a hexagon of radius 1.42: sqrt(9 - 1.42²)
    assert height.max() <= 15.0 + BOUNDARY
    pair = graphene(lengths=(25.0, 25.0), layers=2, gap=25.0, vacuum=5.0)
    slit = fill(pair, 0.67, 450.0, region=between_sheets(pair), seed=1)
    z = metal_of(slit)[:, 2]
    assert z.min() > 5.0 + 2.6
    assert z.max() < 30.0 - 2.6
    check_overlaps(slit, ALLOWED)


@pytest.mark.parametrize("angle", [60.0, 90.0, 120.0])
def test_droplet_on_a_sheet_is_a_cap(angle):
    sheet = graphene(lengths=(60.0, 60.0), vacuum=30.0)
    system = droplet_on_sheet(sheet, 0.67, 450.0, n_atoms=250, contact_angle=angle, seed=1)
    metal = metal_of(system) - np.array([*(0.5 * np.diag(sheet.cell.matrix)[:2]), 30.0])
    assert len(metal) == 250
    check_overlaps(system, ALLOWED)
    # volume of a cap: π/3 R³ (2 + cos θ)(1 - cos θ)², of which the sheet excludes the lowest 1.4 Å
    c = cos(radians(angle))
    volume = 250 / number_density(0.67, nak_density(0.67, 450.0))
    radius = (volume / (pi / 3.0 * (2.0 + c) * (1.0 - c) ** 2)) ** (1.0 / 3.0)
    reach = lengths_of(metal + np.array([0.0, 0.0, radius * c]))
    # the excluded 1.4 Å enlarge the radius by less than 1.4 Å / sin² θ
    assert radius - 3.0 < reach.max() < radius + 1.4 / (1.0 - c * c)
    assert metal[:, 2].min() > 2.6


def test_droplets_on_and_around_a_tube_are_outside_it():
    tube = nanotube(10, 10, length=50.0, box=(70.0, 70.0))
    axis = tube_axis(tube)
    exterior = outside_tube(tube)
    drops = [
        droplet_on_tube(tube, 0.67, 450.0, n_atoms=300, seed=1),
        droplet(tube, 0.67, 450.0, n_atoms=300, region=exterior, seed=1),
    ]
    for system in drops:
        assert len(metal_of(system)) == 300
        check_overlaps(system, ALLOWED)
        assert np.all(exterior.depth(metal_of(system)) > 0.0)
    # the first is on the +y side, the second around the axis
    assert np.mean(metal_of(drops[0])[:, 1]) > axis.center[1] + axis.radius
    assert np.mean(metal_of(drops[1])[:, 1]) == pytest.approx(axis.center[1], abs=1.5)


def test_liquid_in_a_triclinic_cell():
    cell = Cell([[20.0, 0.0, 0.0], [7.0, 19.0, 0.0], [-4.0, 5.0, 21.0]])
    system = fill(System(np.zeros((0, 3)), [], (), cell), 0.67, 450.0, seed=1)
    check_overlaps(system, MIN_DISTANCES)
    assert system.n_atoms == round(number_density(0.67, nak_density(0.67, 450.0)) * cell.volume)


def test_given_minimum_distances_are_met():
    sheet = graphene(lengths=(20.0, 20.0), vacuum=12.0)
    system = fill(sheet, 1.0, n_atoms=60, min_distances={("K", "K"): 4.0, ("C", "K"): 3.4}, seed=1)
    closest = closest_distances(system)
    assert closest["K", "K"].distance >= 4.0
    assert closest["C", "K"].distance >= 3.4
    assert "Na" not in system.species_names


def test_twenty_thousand_atoms():
    assert liquid(0.67, 450.0, n_atoms=20_000).n_atoms == 20_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x_K": 1.2, "temperature": 450.0, "n_atoms": 10}, r"within 0 and 1, got x_K = 1.2"),
        ({"x_K": 0.5, "temperature": 50.0, "n_atoms": 10}, "got 50 K"),
        ({"x_K": 0.5, "n_atoms": 10}, "needs a temperature or a density"),
        ({"x_K": 0.5, "temperature": 450.0}, "needs a box or a number of atoms"),
        ({"x_K": 0.5, "lengths": (20.0, 20.0, 20.0)}, "temperature, a density or a number"),
        ({"x_K": 0.5, "density": -1.0, "lengths": (20.0, 20.0, 20.0)}, "must be positive"),
        # twice the density of random close packing of these distances
        ({"x_K": 0.5, "density": 2.6, "lengths": (20.0, 20.0, 20.0)}, "do not fit"),
    ],
)
def test_invalid_liquids_raise_a_clear_error(arguments, message):
    with pytest.raises(StructureError, match=message):
        liquid(**arguments)


def test_too_little_space_raises_a_clear_error():
    tube = nanotube(5, 5, repeats=6)
    with pytest.raises(StructureError, match=r"5 atoms do not fit: .* holds only 0 at least 3.00 Å"):
        fill(tube, 1.0, region=inside_tube(tube), n_atoms=5)
    small = graphene(lengths=(20.0, 20.0), vacuum=15.0)
    with pytest.raises(StructureError, match="Enlarge the cell"):
        droplet_on_sheet(small, 0.67, 450.0, n_atoms=500)
    with pytest.raises(StructureError, match="less than one atom"):
        fill(small, 0.67, 450.0, region=Sphere(small.cell, (1.0, 1.0, 1.0), 1.0))
