"""Stochastic cell rescaling: refusals, bookkeeping, and the exact distributions of an ideal gas."""

import numpy as np
import pytest
from fakes import crystal, drive, gas, lennard_jones
from gas_volume import PRESSURE, TEMPERATURE, N, assert_volume_has_its_gamma_distribution

from nakmd.errors import ExplosionError, InputError
from nakmd.integrators import Bussi, CellRescaling, Langevin, Mobility, Span, VelocityVerlet, initialize_velocities
from nakmd.integrators.cell_rescaling import NAK_COMPRESSIBILITY
from nakmd.units import BAR_PER_EV_A3, GPA_PER_EV_A3


@pytest.mark.parametrize(
    ("axes", "thermostat"),
    [
        ("xyz", Langevin(TEMPERATURE, 0.02)),
        ("xyz", Bussi(TEMPERATURE, 0.01)),
        ("z", Langevin(TEMPERATURE, 0.02)),
        ("xy", Langevin(TEMPERATURE, 0.02)),
        (["xy", "z"], Langevin(TEMPERATURE, 0.02)),
        (["x", "y", "z"], Langevin(TEMPERATURE, 0.02)),
    ],
    ids=["xyz", "xyz-bussi", "z", "xy", "xy+z", "x+y+z"],
)
def test_ideal_gas_volume_has_its_gamma_distribution(axes, thermostat):
    # The compressibility is the gas's own, so the volume forgets itself in a time constant, 75 steps, twice of which
    # make a sample: 200 of them. Mean 9 ± 3/sqrt(200) = 0.21; with N instead of N + 1 it would be 8.
    barostat = CellRescaling(PRESSURE, axes, time_constant=0.15, compressibility=1.0 / PRESSURE, every=1)
    assert_volume_has_its_gamma_distribution(thermostat, barostat, 30000)


def test_untouched_axes_stay():
    system = gas(N)
    initialize_velocities(system, TEMPERATURE, seed=1)
    drive(system, VelocityVerlet(0.002, Langevin(TEMPERATURE), CellRescaling(PRESSURE, "xz", 0.1, every=1)), 100)
    assert system.cell.matrix[1, 1] == 20.0
    x, z = system.cell.matrix[0, 0], system.cell.matrix[2, 2]
    assert x == z != 20.0


def test_independent_axes_move_apart():
    system = gas(N)
    initialize_velocities(system, TEMPERATURE, seed=1)
    barostat = CellRescaling(PRESSURE, ["x", "y", "z"], 0.1, every=1)
    drive(system, VelocityVerlet(0.002, Langevin(TEMPERATURE), barostat), 100)
    assert len(set(np.diag(system.cell.matrix))) == 3


@pytest.mark.parametrize(("every", "compressibility"), [(1, 1500.0), (10, 150.0)])
def test_energy_less_work_is_conserved(every, compressibility):
    system = crystal(2, lattice=5.6)
    initialize_velocities(system, 60.0, seed=3)
    mobility = Mobility(system, tethered={"K": 0.01})
    barostat = CellRescaling(500.0 / BAR_PER_EV_A3, "xyz", 0.5, compressibility, every=every)
    integrator = VelocityVerlet(0.001, Bussi(60.0, 0.05), barostat)
    energies, works = [], []

    def sample(step, result):
        energies.append(result.energy + system.kinetic_energy())
        works.append([integrator.barostat_work, integrator.thermostat_work])

    drive(system, integrator, 500, potential=lennard_jones(), mobility=mobility, each=sample)
    works = np.array(works)
    assert np.ptp(works[:, 0]) > 0.02
    # Trapezoids of steps of 0.2 % in ln s: third order, beside the 1e-4 eV of the shadow energy.
    assert np.ptp(np.array(energies) - works.sum(axis=1)) < 5e-4


def test_centres_of_tethers_follow_the_cell():
    system = gas(N)
    mobility = Mobility(system, tethered={"all": 1.0})
    start = mobility.tether_centres.copy()
    drive(system, VelocityVerlet(0.002, Langevin(1e-9), CellRescaling(0.01, "z", 0.1, every=1)), 20, mobility=mobility)
    stretch = system.cell.matrix[2, 2] / 20.0
    assert stretch < 0.999
    assert np.allclose(mobility.tether_centres, start * [1.0, 1.0, stretch], rtol=1e-12)
    # Cold and with nothing but springs: atoms follow their centres.
    assert np.abs(system.positions - mobility.tether_centres).max() < 0.02


def test_pressure_ramp_and_own_temperature():
    barostat = CellRescaling((0.0, 1.0), temperature=300.0)
    integrator = VelocityVerlet(0.001, barostat=barostat)
    assert not integrator.is_stationary
    settled = integrator.settled().barostat
    assert settled.pressure.start == settled.pressure.end == 1.0
    assert settled.temperature.start == 300.0


def test_virial_is_asked_for_only_where_it_is_read():
    integrator = VelocityVerlet(0.001, Langevin(300.0), CellRescaling(every=10))
    assert [step for step in range(1, 31) if integrator.needs_virial(step)] == [9, 10, 19, 20, 29, 30]
    assert not VelocityVerlet(0.001, Langevin(300.0)).needs_virial(10)


def test_default_compressibility_is_that_of_a_liquid_alkali():
    bulk_modulus = GPA_PER_EV_A3 / NAK_COMPRESSIBILITY
    assert bulk_modulus == pytest.approx(3.1, abs=0.2)  # GPa


def test_triclinic_cells_are_stretched_along_cartesian_axes():
    system = gas(N)
    system.cell.matrix[1, 0] = 5.0
    initialize_velocities(system, TEMPERATURE, seed=1)
    drive(system, VelocityVerlet(0.002, Langevin(TEMPERATURE), CellRescaling(PRESSURE, "x", 0.1, every=1)), 50)
    matrix = system.cell.matrix
    assert matrix[0, 0] != 20.0
    assert matrix[1, 0] / 5.0 == pytest.approx(matrix[0, 0] / 20.0, rel=1e-12)
    assert matrix[1, 1] == 20.0


@pytest.mark.parametrize("axes", ["", "xx", "w", ["xy", "y"], ["x", ""]])
def test_senseless_axes_are_refused(axes):
    with pytest.raises(InputError, match="axes of a barostat"):
        CellRescaling(axes=axes)


@pytest.mark.parametrize("words", [{"time_constant": 0.0}, {"compressibility": -1.0}, {"every": 0}])
def test_senseless_numbers_are_refused(words):
    with pytest.raises(InputError, match=r"\d"):
        CellRescaling(**words)


def test_a_barostat_needs_a_temperature():
    with pytest.raises(InputError, match="temperature for its noise"):
        VelocityVerlet(0.001, barostat=CellRescaling())


def test_axes_must_be_periodic():
    system = gas(N, periodic=(True, True, False))
    VelocityVerlet(0.001, Langevin(300.0), CellRescaling(axes="xy")).start(system, Mobility(system), 1, Span(0, 1))
    with pytest.raises(InputError, match="does not repeat there"):
        VelocityVerlet(0.001, Langevin(300.0), CellRescaling(axes="xyz")).start(system, Mobility(system), 1, Span(0, 1))


def test_a_runaway_cell_is_reported():
    system = gas(N)
    initialize_velocities(system, TEMPERATURE, seed=1)
    with pytest.raises(ExplosionError, match=r"Step 1: the barostat would change the volume 8000\.0"):
        drive(system, VelocityVerlet(0.002, Langevin(TEMPERATURE), CellRescaling(1.0, time_constant=0.01, every=1)), 5)
