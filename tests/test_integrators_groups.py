"""Frozen, tethered, rigid and free atoms, and the degrees of freedom in every combination."""

import numpy as np
import pytest
from fakes import IdealGas, crystal, drive, gas, lennard_jones

from nakmd.errors import InputError
from nakmd.integrators import (
    Bussi,
    CellRescaling,
    Langevin,
    Mobility,
    NoseHoover,
    Span,
    VelocityVerlet,
    initialize_velocities,
)
from nakmd.integrators.andersen import Andersen
from nakmd.system import Result
from nakmd.units import K_B


def split(n=12, **ranges):
    """Return a gas with groups given as ranges of atoms."""
    system = gas(n)
    for name, (start, end) in ranges.items():
        system.groups[name] = (np.arange(n) >= start) & (np.arange(n) < end)
    return system


@pytest.mark.parametrize(
    ("words", "thermostat", "total", "of_thermostat"),
    [
        ({}, None, 33, None),
        ({}, Bussi(300.0), 33, 33),
        ({}, Langevin(300.0), 36, 36),
        ({}, Bussi(300.0, group="b"), 36, 12),
        ({"frozen": ["a"]}, None, 24, None),
        ({"frozen": ["a"]}, Bussi(300.0), 24, 24),
        ({"frozen": ["a"]}, Bussi(300.0, group="b"), 24, 12),
        ({"tethered": {"a": 1.0}}, None, 36, None),
        ({"tethered": {"a": 1.0}}, Bussi(300.0), 36, 36),
        ({"rigid": ["a"]}, None, 24, None),
        ({"rigid": ["a"]}, Bussi(300.0), 24, 24),
        ({"rigid": ["a"]}, Langevin(300.0), 27, 27),
        ({"rigid": ["a", "b"]}, Bussi(300.0), 15, 15),
        ({"rigid": ["a"], "frozen": ["b"]}, Bussi(300.0), 15, 15),
        ({"rigid": ["a"], "tethered": {"b": 1.0}}, Bussi(300.0, group="c"), 27, 12),
        ({"rigid": ["a"]}, Langevin(300.0, group="a"), 27, 3),
        ({}, Andersen(300.0), 36, 36),
        ({"rigid": ["a"], "frozen": ["b"]}, Andersen(300.0), 15, 15),
        ({"rigid": ["a"]}, Andersen(300.0, group="a"), 27, 3),
        ({}, NoseHoover(300.0), 33, 33),
        ({}, NoseHoover(300.0, group="b"), 36, 12),
        ({"rigid": ["a"], "frozen": ["b"]}, NoseHoover(300.0), 15, 15),
    ],
)
def test_degrees_of_freedom(words, thermostat, total, of_thermostat):
    system = split(a=(0, 4), b=(4, 8), c=(8, 12))
    integrator = VelocityVerlet(0.001, thermostat)
    integrator.start(system, Mobility(system, **words), 1, Span(0, 1))
    assert integrator.degrees_of_freedom == total
    if thermostat is not None:
        assert thermostat.degrees_of_freedom == of_thermostat


@pytest.mark.parametrize("thermostat", [Bussi(300.0, 0.02), Langevin(300.0, 0.02), Andersen(300.0, 0.02)])
@pytest.mark.parametrize(
    "words",
    [{"frozen": ["a"]}, {"rigid": ["a", "b"]}, {"tethered": {"a": 2.0}}, {"frozen": ["a"], "rigid": ["b"]}],
    ids=str,
)
def test_kinetic_energy_has_the_mean_of_its_degrees_of_freedom(thermostat, words):
    system = split(n=12, a=(0, 4), b=(4, 8))
    mobility = Mobility(system, **words)
    initialize_velocities(system, 300.0, seed=1, mobility=mobility)
    integrator = VelocityVerlet(0.002, thermostat)
    energies = []
    drive(system, integrator, 6000, mobility=mobility, each=lambda step, r: energies.append(system.kinetic_energy()))
    mean = 0.5 * integrator.degrees_of_freedom * K_B * 300.0
    # Relative sd sqrt(2/dof) <= 0.37, 6000 steps of a tenth of a time constant: about 600 samples, 1.5 %.
    assert np.mean(energies[100:]) == pytest.approx(mean, rel=0.06)


def test_frozen_atoms_never_move():
    system = crystal(2)
    mobility = Mobility(system, frozen=["left"])
    start = system.positions[system.groups["left"]].copy()
    initialize_velocities(system, 100.0, seed=1, mobility=mobility)
    drive(system, VelocityVerlet(0.002, Langevin(100.0)), 50, potential=lennard_jones(), mobility=mobility)
    assert np.array_equal(system.positions[system.groups["left"]], start)
    assert not np.any(system.velocities[system.groups["left"]])
    assert np.all(np.any(system.velocities[system.groups["right"]], axis=1))


def test_rigid_body_moves_under_its_total_force_alone():
    class Push(IdealGas):
        """A constant force on every atom."""

        def compute(self, system, neighbors, result, virial=True, virials=None, share=None, resting=()):
            super().compute(system, neighbors, result, virial, virials)
            result.forces[:] = pushes

    system = split(body=(2, 7))
    pushes = np.arange(36.0).reshape(12, 3) - 17.0
    start = system.positions.copy()
    drive(system, VelocityVerlet(0.01), 10, potential=Push(), mobility=Mobility(system, rigid=["body"]))
    from nakmd.units import ACCELERATION

    body = system.groups["body"]
    acceleration = ACCELERATION * pushes[body].sum(axis=0) / system.masses[body].sum()
    # Verlet is exact under a constant force.
    assert np.allclose(system.positions[body] - start[body], 0.5 * acceleration * 0.1**2, rtol=1e-12, atol=1e-12)
    single = 0.5 * ACCELERATION * pushes[0] / system.masses[0] * 0.1**2
    assert np.allclose(system.positions[0] - start[0], single, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("thermostat", [None, Bussi(80.0, 0.05), Langevin(80.0, 0.05), Andersen(80.0, 0.05)])
def test_rigid_body_keeps_its_shape_and_the_energy(thermostat):
    system = crystal(2)
    mobility = Mobility(system, rigid=["left"])
    left = system.groups["left"]
    shape = system.positions[left] - system.positions[left][0]
    initialize_velocities(system, 80.0, seed=1, mobility=mobility)
    integrator = VelocityVerlet(0.002, thermostat)
    totals = []
    drive(
        system, integrator, 300, potential=lennard_jones(), mobility=mobility,
        each=lambda step, r: totals.append(r.energy + system.kinetic_energy() - integrator.thermostat_work),
    )  # fmt: skip
    assert np.abs(system.positions[left] - system.positions[left][0] - shape).max() < 1e-12
    assert np.ptp(totals) < 1e-3  # 17 moving things at 80 K: the shadow energy fluctuates by 1e-4 eV


def test_tethers_are_forces_energies_and_virial():
    system = split(held=(0, 5))
    mobility = Mobility(system, tethered={"held": 0.7})
    shift = np.arange(36.0).reshape(12, 3) * 0.01
    system.positions += shift
    result = Result(12)
    mobility.add_tethers(system, result)
    assert np.allclose(result.forces[:5], -0.7 * shift[:5], rtol=1e-12, atol=0)
    assert not np.any(result.forces[5:])
    assert mobility.tether_energy == pytest.approx(0.35 * np.sum(shift[:5] ** 2), rel=1e-12)
    assert result.energy == pytest.approx(mobility.tether_energy, rel=1e-12)
    # W = -dE/dε, with centres that follow the cell.
    h = 1e-6
    for v, (a, b) in enumerate([(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]):
        energies = []
        for sign in (1.0, -1.0):
            strain = np.eye(3)
            strain[a, b] += 0.5 * sign * h
            strain[b, a] += 0.5 * sign * h
            d = (system.positions[:5] - mobility.tether_centres) @ strain
            energies.append(0.35 * np.sum(d**2))
        assert result.virial[v] == pytest.approx(-(energies[0] - energies[1]) / (2 * h), rel=1e-6)


def test_bodies_settle_to_the_velocity_of_their_centre_of_mass():
    system = split(body=(0, 4), ice=(4, 6))
    system.velocities[:] = np.random.default_rng(1).normal(size=(12, 3))
    momentum = (system.masses[:4, None] * system.velocities[:4]).sum(axis=0)
    Mobility(system, rigid=["body"], frozen=["ice"]).settle(system)
    assert np.all(system.velocities[:4] == system.velocities[0])
    assert np.allclose(system.masses[:4].sum() * system.velocities[0], momentum, rtol=1e-12)
    assert not np.any(system.velocities[4:6])


def test_a_bodys_initial_velocity_has_the_width_of_its_mass():
    squares = []
    for step in range(400):
        system = split(body=(0, 4))
        initialize_velocities(
            system, 300.0, seed=1, step=step, exact=False, mobility=Mobility(system, rigid=["body"], frozen=["Na"][:0])
        )
        squares.append(system.masses[:4].sum() * np.sum(system.velocities[0] ** 2))
    from nakmd.units import ACCELERATION

    # The momentum taken off leaves 1 - M_body/M_all of the variance; 1200 squares: sd 4 %.
    left = 1.0 - system.masses[:4].sum() / system.masses.sum()
    assert np.mean(squares) / (3 * K_B * ACCELERATION) == pytest.approx(300.0 * left, rel=0.15)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"frozen": ["a"], "rigid": ["ab"]}, r"4 atoms \(the first is 0\) are rigid as 'ab' and frozen as 'a'"),
        ({"tethered": {"a": 0.0}}, r"spring of 'a' is 0.0"),
        ({"frozen": ["tube"]}, r"No atoms are called 'tube'"),
        ({"frozen": ["nobody"]}, r"no atom belongs to it"),
    ],
)
def test_contradictions_are_refused(words, message):
    system = split(a=(0, 4), ab=(0, 8), nobody=(0, 0))
    with pytest.raises(InputError, match=message):
        Mobility(system, **words)


def test_a_thermostat_cannot_split_a_body_or_act_on_nothing():
    system = split(body=(0, 4), part=(2, 8), ice=(8, 10))
    mobility = Mobility(system, rigid=["body"], frozen=["ice"])
    for thermostat in (Bussi(300.0, group="part"), Langevin(300.0, group="part"), Andersen(300.0, group="part")):
        with pytest.raises(InputError, match="2 of the 4 atoms of a rigid body"):
            VelocityVerlet(0.001, thermostat).start(system, mobility, 1, Span(0, 1))
    for thermostat in (Bussi(300.0, group="ice"), Langevin(300.0, group="ice"), Andersen(300.0, group="ice")):
        with pytest.raises(InputError, match="'ice'"):
            VelocityVerlet(0.001, thermostat).start(system, mobility, 1, Span(0, 1))


def test_a_barostat_deforms_no_frozen_or_rigid_group():
    system = split(sheet=(0, 4))
    system.positions[:4, 2] = 3.0
    for words in ({"frozen": ["sheet"]}, {"rigid": ["sheet"]}):
        mobility = Mobility(system, **words)
        VelocityVerlet(0.001, Langevin(300.0), CellRescaling(axes="z")).start(system, mobility, 1, Span(0, 1))
        with pytest.raises(InputError, match=r"stretch the frozen or rigid group 'sheet' along x.*tether"):
            VelocityVerlet(0.001, Langevin(300.0), CellRescaling(axes="xyz")).start(system, mobility, 1, Span(0, 1))
