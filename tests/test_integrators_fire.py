"""The FIRE minimiser: it finds minima, respects its limits, and reports whether it converged."""

import numpy as np
import pytest
from fakes import crystal, drive, lennard_jones

from nakmd.integrators import Fire, Mobility


def test_fire_finds_the_minimum_of_a_crystal():
    system = crystal(2, lattice=5.2, shake=0.2)
    fire = Fire(force_tolerance=1e-4)
    result = drive(system, fire, 400, potential=lennard_jones())
    assert fire.is_finished
    assert np.linalg.norm(result.forces, axis=1).max() <= 1e-4
    perfect = crystal(2, lattice=5.2, shake=0.0)
    lowest = drive(perfect, Fire(1e-4), 1, potential=lennard_jones()).energy
    assert result.energy == pytest.approx(lowest, abs=1e-4)
    assert not np.any(system.velocities)


def test_fire_respects_its_largest_step():
    system = crystal(2, lattice=5.2, shake=0.5)  # atoms overlap: forces are huge
    before = system.positions.copy()
    largest = []

    def sample(step, result):
        largest.append(np.linalg.norm(system.positions - before, axis=1).max())
        before[:] = system.positions

    drive(system, Fire(1e-3, max_step=0.05), 50, potential=lennard_jones(), each=sample)
    # A step back after going uphill adds at most half a step.
    assert 0.04 < max(largest) < 0.0751


def test_fire_keeps_frozen_atoms_and_moves_bodies_as_one():
    system = crystal(2, shake=0.2)
    system.groups["ice"] = np.arange(32) < 5
    system.groups["block"] = (np.arange(32) >= 5) & (np.arange(32) < 12)
    start = system.positions.copy()
    fire = Fire(1e-3)
    result = drive(
        system, fire, 500, potential=lennard_jones(), mobility=Mobility(system, frozen=["ice"], rigid=["block"])
    )
    assert fire.is_finished
    moved = system.positions - start
    assert not np.any(moved[:5])
    assert np.abs(moved[5:12] - moved[5]).max() < 1e-12
    assert np.linalg.norm(moved[12:], axis=1).min() > 0.0
    assert np.linalg.norm(result.forces[12:], axis=1).max() <= 1e-3
    assert np.linalg.norm(result.forces[5:12].mean(axis=0)) <= 1e-3


def test_fire_says_when_it_has_not_converged():
    system = crystal(2, shake=0.3)
    fire = Fire(1e-6)
    drive(system, fire, 5, potential=lennard_jones())
    assert not fire.is_finished
    assert fire.largest_force > 1e-6
