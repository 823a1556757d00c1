"""Deposition: parked atoms change nothing, arrivals are booked, and runs resume to the bit."""

import numpy as np
import pytest

from nakmd.cell import Cell
from nakmd.errors import InputError, RunError
from nakmd.integrators import Bussi, Deposit, Langevin, VelocityVerlet
from nakmd.potentials import LennardJones, load
from nakmd.simulation import Simulation, Stage, ThermoLog
from nakmd.structures import crystal, nanotube, park
from nakmd.system import System
from nakmd.units import ACCELERATION

ARGON = {"epsilon": 0.05, "sigma": 3.4, "cutoff": 7.0}
PAIR = LennardJones({("K", "K"): ARGON, ("K", "Na"): ARGON, ("Na", "Na"): ARGON})


def slab(vacuum=30.0, repeats=3, element="K"):
    """A bcc (100) slab whose two lowest layers are the group "bottom", with vacuum above it."""
    block = crystal(element, repeats)
    matrix = block.cell.matrix.copy()
    matrix[2, 2] += vacuum
    heights = block.positions[:, 2]
    bottom = heights < 0.6 * block.cell.lengths[2] / repeats
    return System(
        block.positions, block.species, block.species_names, Cell(matrix, (True, True, False)), groups={"bottom": bottom}
    )


def deposition(count=4, every=60, thermostat=True, **deposit):
    bath = Langevin(200.0, 0.5) if thermostat else None
    return Stage(
        "deposit", VelocityVerlet(0.004, bath), count * every, "deposit", initial_temperature=200.0,
        frozen=("bottom",), deposit=Deposit(count, every, **deposit),
    )  # fmt: skip


def simulate(system, stages, potential=PAIR, **options):
    log = ThermoLog(20)
    simulation = Simulation(system, potential, stages, [log], seed=5, **options)
    simulation.run()
    return simulation, log


@pytest.mark.parametrize("thermostat", [Langevin(200.0, 0.5), Bussi(200.0, 0.2), None])
@pytest.mark.parametrize("potential", [PAIR, load("nak")], ids=["pair", "nak"])
def test_parked_atoms_change_no_bit_of_a_run(thermostat, potential):
    runs = []
    for system in (slab(), park(slab(), ["Na", "K", "Na"])):
        stage = Stage("free", VelocityVerlet(0.004, thermostat), 120, initial_temperature=200.0)
        runs.append(simulate(system, [stage], potential if system.present is None else load("nak") if potential is not PAIR else PAIR))
    (bare, bare_log), (parked, parked_log) = runs
    n = bare.system.n_atoms
    assert np.array_equal(parked.system.positions[:n], bare.system.positions)
    assert np.array_equal(parked.system.velocities[:n], bare.system.velocities)
    assert np.array_equal(parked.result.forces[:n], bare.result.forces)
    assert not parked.result.forces[n:].any()
    assert not parked.system.velocities[n:].any()
    assert parked_log.column("temperature") == bare_log.column("temperature")
    assert parked_log.column("pressure_xx") == bare_log.column("pressure_xx")
    assert parked_log.column("density") == bare_log.column("density")
    assert parked_log.column("potential_energy") == pytest.approx(bare_log.column("potential_energy"), abs=1e-12)
