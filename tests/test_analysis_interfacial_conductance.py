"""Interfacial conductance of frames and works made by hand, of a sheet and of a tube."""

import math

import numpy as np
import pytest
from synthetic import frame, topology

from nakmd.analysis import FrameList, InterfacialConductance, interfacial_conductance
from nakmd.analysis.interfacial_conductance import MW_PER_M2_K
from nakmd.errors import AnalysisError
from nakmd.structures import bundle, graphene, nanotube
from nakmd.units import ACCELERATION, K_B

WALL, METAL, SLOPE, FLOW = 500.0, 420.0, 4.0, 3.0
BATHS = [
    {"group": "carbon", "kind": "Bussi", "temperature": [550.0, 550.0], "region": None},
    {"group": "K", "kind": "Langevin", "temperature": [400.0, 400.0],
     "region": {"center": "carbon", "beyond": 14.0, "axis": "z", "shape": "planar"}},
]  # fmt: skip


def gas_beside(wall, distance_to, place, seed, baths=BATHS, loss=1.0, n_frames=240, n_metal=300, normal=WALL):
    """Return frames of a wall at 500 K and of K at 420 K less ``SLOPE`` times ``distance_to(points)``, and their works.

    Parameters
    ----------
    wall : System
    distance_to : callable
        Coordinate, of points (n, 3), in which the profile is a line.
    place : callable
        Positions (n, 3) of n atoms of the metal, from a generator and n.
    loss : float
        Heat that leaves the metal per heat that enters the wall.
    normal : float [K]
        Temperature of the motion of the wall along z.
    """
    rng = np.random.default_rng(seed)
    n_wall = wall.n_atoms
    species = np.repeat([0, 1], [n_wall, n_metal])
    masses = np.repeat([12.011, 39.098], [n_wall, n_metal])
    groups = {"carbon": species == 0}
    frames = []
    for t in range(n_frames):
        metal = place(rng, n_metal)
        temperature = np.concatenate([np.full(n_wall, WALL), METAL - SLOPE * distance_to(metal)])
        widths = np.sqrt(K_B * ACCELERATION * temperature / masses)
        velocities = rng.normal(size=(n_wall + n_metal, 3)) * widths[:, None]
        velocities[:n_wall, 2] *= math.sqrt(normal / WALL)
        velocities[:n_wall] += 7.0  # a wall that moves as a whole is not hot
        positions = np.concatenate([wall.positions, metal])
        fields = {"velocities": velocities, "virials": np.zeros((n_wall + n_metal, 3, 3))}
        frames.append(frame(wall.cell, positions, 10 * t, 0.5 * t, stage="produce", **fields))
    rows = 4 * n_frames
    time = 0.125 * np.arange(rows)
    noise = 2.0 * rng.normal(size=(2, rows))

    class Run(FrameList):
        thermo = {  # noqa: RUF012
            "time": time,
            "stage": np.array(["produce"] * rows),
            "bath_work_carbon": FLOW * time + noise[0],
            "bath_work_K": -loss * FLOW * time + noise[1],
        }

    Run.baths = {"produce": list(baths)}
    return Run(topology(["C", "K"], species, masses=masses, groups=groups), frames)


def sheet(seed, **options):
    wall = graphene(lengths=(15.0, 15.0), vacuum=20.0)
    z = wall.positions[0, 2]

    def place(rng, n):
        high = rng.uniform(2.5, 19.0, n) * rng.choice([-1.0, 1.0], n)
        return np.column_stack([rng.uniform(0.0, 15.0, (n, 2)), z + high])

    return gas_beside(wall, lambda points: np.abs(points[:, 2] - z), place, seed, **options), wall.cell.matrix


def test_conductance_of_a_sheet():
    """Temperatures of 300 atoms in 240 frames, works with 2 eV of noise: within 4 standard errors, each below 10 %."""
    source, cell = sheet(1)
    found = interfacial_conductance(source, discard="none")
    area = 2.0 * cell[0, 0] * cell[1, 1]
    exact = MW_PER_M2_K * FLOW / (area * (WALL - METAL))
    assert found.area == pytest.approx(area)
    for measure, value in (
        (found, exact), (found.from_wall, FLOW), (found.into_metal, FLOW), (found.drop, WALL - METAL),
        (found.wall, WALL), (found.wall_normal, WALL), (found.metal, METAL),
    ):  # fmt: skip
        assert measure.value == pytest.approx(value, abs=4.0 * measure.error)
        assert measure.error < 0.1 * value
    assert found.fit == (0.0, 14.0)
    assert found.unit == "MW/(m² K)"
    assert "a metal conducts by electrons" in " ".join(found.notes)
    assert not any("not stationary" in note for note in found.notes)
    within = (found.distance > 3.0) & (found.distance < 14.0)
    off = (found.temperature - (METAL - SLOPE * found.distance))[within] / found.temperature_error[within]
    assert 0.3 < np.mean(off**2) < 3.0  # errors of the bins are what they say
    assert math.isnan(found.line[-1])
    assert found.temperature[within].mean() == pytest.approx(found.line[within].mean(), abs=5.0)


def test_one_megawatt_is_what_it_says():
    """10 eV/ps through 100 Å² at 16 K: 1.602e-6 W / 1e-18 m² / 16 K."""
    assert pytest.approx(1.602176634e-6 / 1e-18 / 16.0 * 1e-6, rel=1e-12) == MW_PER_M2_K * 10.0 / (100.0 * 16.0)


def test_conductance_of_a_tube_follows_the_logarithm_of_the_radius():
    wall = nanotube(8, 8, repeats=6, box=(60.0, 60.0))
    axis = wall.positions[:, :2].mean(axis=0)
    radius = float(np.hypot(*(wall.positions[:, :2] - axis).T).mean())

    def place(rng, n):
        r, angle = radius + rng.uniform(2.5, 19.0, n), rng.uniform(0.0, 2.0 * math.pi, n)
        z = rng.uniform(0.0, wall.cell.lengths[2], n)
        return np.column_stack([axis[0] + r * np.cos(angle), axis[1] + r * np.sin(angle), z])

    def logarithm(points):
        return 20.0 * np.log(np.hypot(*(points[:, :2] - axis).T) / radius)

    region = {"center": "carbon", "beyond": radius + 14.0, "axis": "z", "shape": "cylindrical"}
    found = interfacial_conductance(
        gas_beside(wall, logarithm, place, 3, [BATHS[0], {**BATHS[1], "region": region}]), discard="none"
    )
    assert found.fit == (0.0, pytest.approx(14.0))
    assert found.metal.value == pytest.approx(METAL, abs=4.0 * found.metal.error)
    assert found.metal.error < 8.0
    assert found.area == pytest.approx(2.0 * math.pi * radius * wall.cell.lengths[2], rel=1e-6)
    assert found.value == pytest.approx(MW_PER_M2_K * FLOW / (found.area * 80.0), abs=4.0 * found.error)


def test_flows_that_differ_and_a_wall_colder_along_its_normal_are_reported():
    found = interfacial_conductance(sheet(4, loss=0.7, normal=460.0)[0], discard="none")
    assert "eV/ps more than the metal loses: not stationary" in " ".join(found.notes)
    assert found.wall_normal.value == pytest.approx(460.0, abs=4.0 * found.wall_normal.error)
    assert found.wall.value == pytest.approx((2.0 * WALL + 460.0) / 3.0, abs=4.0 * found.wall.error)


def test_a_drop_within_its_error_is_reported():
    found = interfacial_conductance(sheet(5, n_frames=40, n_metal=40)[0], discard="none")
    assert found.error > 0.1 * found.value


def without(number=1, **changes):
    return [{**bath, **changes} if k == number else bath for k, bath in enumerate(BATHS)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"baths": []}, "The measured stages have no baths"),
        ({"baths": without(region=None)}, "The bath of 'K' acts at the wall too"),
        ({"baths": BATHS[:1]}, "No bath acts on the metal alone"),
        ({"baths": BATHS[1:]}, "No bath acts on the wall alone"),
        ({"baths": without(0, group="all")}, "The bath of 'all' acts on C, K"),
        (
            {"baths": without(region={"center": "carbon", "beyond": 2.0})},
            "no metal in two bins of 1 Å between 0 and 2 Å",
        ),
    ],
)
def test_baths_that_give_no_conductance(options, message):
    with pytest.raises(AnalysisError, match=message):
        interfacial_conductance(sheet(6, n_frames=40, **options)[0], discard="none")


def test_what_a_source_lacks_is_said():
    source = sheet(7, n_frames=40)[0]
    with pytest.raises(AnalysisError, match="the smaller one first"):
        InterfacialConductance(fit=(8.0, 3.0))
    with pytest.raises(AnalysisError, match="flow of heat is in the thermo table"):
        interfacial_conductance(FrameList(source.topology, list(source)), discard="none")
    rope = bundle([(6, 6)], 2, length=12.0, vacuum=30.0)
    center = 0.5 * rope.cell.matrix.sum(axis=0)

    def place(rng, n):
        return np.array([0.0, 22.0, 0.0]) + center + rng.normal(size=(n, 3))

    with pytest.raises(AnalysisError, match="The wall has several tubes"):
        interfacial_conductance(
            gas_beside(rope, lambda points: 0.0 * points[:, 0], place, 8, n_frames=20), discard="none"
        )
