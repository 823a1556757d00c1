"""The watch: exploding runs end with a message that names step, atom and remedy."""

import numpy as np
import pytest
from fakes import IdealGas, NoNeighbors, crystal, gas, lennard_jones
from simulations import Frames

from nakmd.errors import ExplosionError, NeighborOverflowError
from nakmd.integrators import Fire, Langevin, VelocityVerlet
from nakmd.simulation import Simulation, Stage, Status


class Broken(IdealGas):
    """Changes forces or positions from a given call on."""

    def __init__(self, change, call=60):
        self.change, self.calls, self.first = change, 0, call

    def compute(self, system, neighbors, result, virial=True, virials=None, share=None, resting=()):
        super().compute(system, neighbors, result, virial, virials)
        self.calls += 1
        if self.calls >= self.first:
            self.change(system, result)


def run_broken(change, integrator=None, periodic=(True, True, True), temperature=100.0, call=60, steps=500):
    system = gas(20, periodic=periodic)
    frames = Frames(1000)
    stage = Stage("produce", integrator or VelocityVerlet(0.001), steps, initial_temperature=temperature)
    simulation = Simulation(system, Broken(change, call), [stage], [frames], neighbors=NoNeighbors())
    with pytest.raises(ExplosionError) as caught:
        simulation.run()
    assert frames.flushes == 1
    return str(caught.value)


def test_forces_that_are_not_numbers_are_reported():
    def change(system, result):
        result.forces[7] = np.nan

    message = run_broken(change)
    assert message.startswith("Step 100: the position of atom 7 (K) is not a number (1 atoms in all)")
    assert "1 fs" in message


def test_energies_that_are_not_numbers_are_reported():
    def change(system, result):
        result.energies[3] = np.inf

    assert "the energy of atom 3 (K) is not a number" in run_broken(change)


def test_a_relaxation_that_breaks_is_reported():
    def change(system, result):
        result.forces[3] = np.nan

    message = run_broken(change, Fire(1e-9), temperature=None, call=1)
    assert message.startswith("Step 50: the position of atom 3 (K) is not a number")


def test_a_short_stage_is_checked_at_its_end():
    def change(system, result):
        result.energies[3] = np.nan

    assert run_broken(change, call=3, steps=7).startswith("Step 7: the energy of atom 3")


def test_atoms_too_fast_are_reported():
    def change(system, result):
        result.forces[4, 0] = 500.0

    message = run_broken(change)
    assert "atom 4 (Na) moves at" in message
    assert "force of 500 eV/Å" in message


def test_a_temperature_jump_is_reported():
    def change(system, result):
        result.forces[:] = 2.0 * np.where(np.arange(20) % 4 < 2, 1.0, -1.0)[:, None]

    message = run_broken(change)
    assert "the temperature is" in message
    assert "the set or initial one 100 K" in message


def test_atoms_that_leave_for_good_are_reported():
    def change(system, result):
        system.positions[5, 2] = -21.0

    message = run_broken(change, periodic=(True, True, False))
    assert "atom 5 (K) has left the cell" in message
    assert "Make the cell larger" in message


def test_collapsing_neighbours_are_an_explosion():
    class Crowded(NoNeighbors):
        def update(self, system):
            raise NeighborOverflowError("Atom 3 has 99999 neighbours.")

    simulation = Simulation(gas(5), IdealGas(), [Stage("x", VelocityVerlet(0.001), 5)], neighbors=Crowded())
    with pytest.raises(ExplosionError, match=r"Step 0, stage 'x': Atom 3 has 99999"):
        simulation.run()


def test_positions_that_neighbours_cannot_place_are_an_explosion_with_a_step():
    def change(system, result):
        result.forces[7] = np.nan

    class Sensible(Broken):
        def __init__(self):
            Broken.__init__(self, change, 5)

        def bind(self, species_names):
            self.requests = inner.bind(species_names).requests
            return self

    inner = lennard_jones()
    stage = Stage("x", VelocityVerlet(0.001), 50, initial_temperature=300.0)
    with pytest.raises(ExplosionError, match=r"Step \d+, stage 'x': Atom 7 \(K\) is at \[nan"):
        Simulation(crystal(2), Sensible(), [stage], skin=0.01).run()


def test_a_quiet_run_is_left_alone():
    simulation = Simulation(
        gas(20),
        IdealGas(),
        [Stage("x", VelocityVerlet(0.001, Langevin((1.0, 2000.0), 0.01)), 300)],
        neighbors=NoNeighbors(),
    )
    assert simulation.run() is Status.FINISHED
