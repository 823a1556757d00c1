"""Stages: what passes from one to the next, how minimisations end, and input that is refused."""

import math

import numpy as np
import pytest
from fakes import crystal, lennard_jones
from simulations import ENSEMBLES, Frames, simulate

from nakmd.errors import InputError
from nakmd.integrators import Bussi, Fire, Langevin, VelocityVerlet
from nakmd.simulation import Observer, Simulation, Stage, Status, ThermoLog


def test_conserved_energy_is_continuous_through_stages():
    log = ThermoLog(1)
    stages = [
        Stage("relax", Fire(1e-3), 50, kind="relax"),
        Stage("heat", VelocityVerlet(0.002, Langevin((60.0, 120.0), 0.1)), 60, initial_temperature=60.0),
        Stage("produce", VelocityVerlet(0.002), 60),
    ]
    simulation = simulate(stages=stages, observers=[log])
    simulation.run()
    rows = [row for row in log.rows if row["stage"] != "relax"]
    conserved = [row["conserved"] for row in rows]
    assert np.ptp([row["total_energy"] for row in rows]) > 0.05
    assert np.ptp(conserved) < 2e-3  # the shadow energy of 32 atoms at 120 K and 2 fs


def test_relaxation_ends_when_converged_and_takes_no_time():
    log = ThermoLog(1)
    stages = [
        Stage("relax", Fire(1e-3), 500, kind="relax"),
        Stage("produce", VelocityVerlet(0.002, Bussi(50.0)), 10, initial_temperature=50.0),
    ]
    simulation = simulate(stages=stages, observers=[log])
    assert simulation.run() is Status.FINISHED
    report = simulation.reports[0]
    assert report.converged
    assert report.largest_force <= 1e-3
    assert 0 < report.steps < 500
    assert simulation.step == report.steps + 10
    assert simulation.time == pytest.approx(0.02, rel=1e-12)
    relaxing = [row for row in log.rows if row["stage"] == "relax"]
    assert all(row["temperature"] == 0.0 and row["time"] == 0.0 for row in relaxing)
    assert relaxing[-1]["largest_force"] == report.largest_force
    assert math.isnan(log.rows[-1]["largest_force"])
    assert simulation.reports[1].converged is None


def test_relaxation_that_does_not_converge_says_so():
    simulation = simulate(stages=[Stage("relax", Fire(1e-9), 5, kind="relax")])
    simulation.run()
    assert simulation.reports[0].converged is False
    assert simulation.reports[0].largest_force > 1e-9


def test_stages_begin_at_their_temperature_without_total_momentum():
    frames = Frames(1)
    stages = [
        Stage("noisy", VelocityVerlet(0.001, Langevin(300.0, 0.01)), 50),
        Stage("calm", VelocityVerlet(0.001), 1),
        Stage("again", VelocityVerlet(0.001), 1, initial_temperature=77.0),
    ]
    simulation = simulate(stages=stages, observers=[frames])
    simulation.run(49)
    system = simulation.system
    assert np.abs((system.masses[:, None] * system.velocities).sum(axis=0)).max() > 1.0
    simulation.run(2)
    assert np.abs((system.masses[:, None] * system.velocities).sum(axis=0)).max() < 1e-10
    simulation.run()
    # One step of 1 fs later: kinetic energy changes by about F v dt, a per cent here.
    assert frames.frames[-1].temperature == pytest.approx(77.0, rel=0.05)


def test_tethers_keep_their_centres_from_stage_to_stage():
    simulation = simulate(ENSEMBLES["langevin"])
    start = simulation.system.positions[simulation.system.groups["right"]].copy()
    simulation.run()
    assert np.array_equal(simulation.state()["tether_centres"], start)


def test_faults_of_late_stages_are_found_before_the_first_step():
    nve, bussi = VelocityVerlet(0.001), VelocityVerlet(0.001, Bussi(300.0))
    first = Stage("first", nve, 10, initial_temperature=300.0)
    for late, message in (
        (Stage("late", nve, 10, frozen=("tube",)), "No atoms are called 'tube'"),
        (Stage("late", VelocityVerlet(0.001, Langevin(300.0, group="tube")), 10), "No atoms are called 'tube'"),
    ):
        with pytest.raises(InputError, match=message):
            Simulation(crystal(2), lennard_jones(), [first, late])
    relax = Stage("relax", Fire(), 10)
    with pytest.raises(InputError, match="'late': all velocities will be zero"):
        Simulation(crystal(2), lennard_jones(), [first, relax, Stage("late", bussi, 10)])
    langevin = Stage("warm", VelocityVerlet(0.001, Langevin(300.0)), 10)
    Simulation(crystal(2), lennard_jones(), [relax, langevin, Stage("late", bussi, 10)])


def test_bad_input_is_refused():
    system, potential = crystal(2), lennard_jones()
    with pytest.raises(InputError, match="at least one stage"):
        Simulation(system, potential, [])
    with pytest.raises(InputError, match="'x' has 0 steps"):
        Stage("x", VelocityVerlet(0.001), 0)
    with pytest.raises(InputError, match="seed is -1"):
        Simulation(system, potential, [Stage("x", VelocityVerlet(0.001), 1)], seed=-1)
    with pytest.raises(InputError, match="can only scale existing velocities"):
        Simulation(system, potential, [Stage("x", VelocityVerlet(0.001, Bussi(300.0)), 1)])
    with pytest.raises(TypeError, match="Observer does not define"):
        Simulation(system, potential, [Stage("x", VelocityVerlet(0.001), 1)], [Observer(1)]).run()
