"""Forces of every step of runs of a thousand steps against a sum over all pairs and images without any list."""

from functools import partial
from pathlib import Path

import configurations as made
import models
import numpy as np
import pytest
from conftest import WALL_PAIRS
from fakes import drive
from reference.named_sets import named_twin

from nakmd.cell import Cell
from nakmd.deck.matter import Structure
from nakmd.integrators import MTK, Bussi, Fire, Langevin, VelocityVerlet, initialize_velocities
from nakmd.potentials import load
from nakmd.runs.system_builder import build_system
from nakmd.structures import liquid
from nakmd.system import System

pytestmark = pytest.mark.slow

METAL = [{"style": "nichol-ackland"}]
WETTED = [
    {"style": "nichol-ackland"},
    {"style": "tersoff", "file": "cn.tersoff"},
    {"style": "morse", "cutoff": 7.0, "mode": "shift", "pairs": WALL_PAIRS},
]

#: 1 bar [eV/Å³].
BAR = 6.241509e-7


def triclinic():
    """Return liquid NaK in a cell with the same volume and all angles oblique."""
    system = liquid(0.5, 500.0, n_atoms=48, seed=2)
    a = float(system.cell.matrix[0, 0])
    sheared = Cell(np.array([[a, 0.0, 0.0], [0.45 * a, a, 0.0], [-0.3 * a, 0.35 * a, a]]))
    return System(system.positions, system.species, system.species_names, sheared)


def droplet():
    """Return metal and a sheet with vacuum above, not periodic along z."""
    return made.changed(made.nak_on_sheet(seed=2), periodic=(True, True, False))


def wetted_tube():
    """Return a small sibling of the flagship: a doped (5,5) tube of 22 Å in liquid NaK, relaxed in the set nak-cn."""
    structure = Structure(
        carbon={
            "kind": "nanotube", "chirality": [5, 5], "length": "22 Å", "bond": "1.4388 Å",
            "doping": {"pyridinic": 0.02, "pyrrolic": 0.006, "distance": "4 Å"},
        },
        liquid={"region": "around", "x_K": 0.67, "temperature": "450 K", "thickness": "7 Å"},
    )  # fmt: skip
    system = build_system(structure, 1, Path(), 1.4388)
    drive(system, Fire(), 200, potential=load("nak-cn"))
    return system


# name: system, model, integrator, largest difference relative to the largest force
CASES = {
    "liquid": (partial(liquid, 0.5, 500.0, n_atoms=48, seed=1), METAL, VelocityVerlet(0.002), 1e-12),
    "triclinic": (triclinic, METAL, VelocityVerlet(0.002, Langevin(500.0, 0.2)), 1e-12),
    "barostat": (
        partial(liquid, 0.5, 500.0, n_atoms=48, seed=3), METAL,
        VelocityVerlet(0.002, Bussi(500.0, 0.1), MTK(BAR, ["xy", "z"], time_constant=0.5)), 1e-12,
    ),
    "mixed precision": (partial(liquid, 0.5, 500.0, n_atoms=48, seed=4), METAL, VelocityVerlet(0.002), 1e-4),
    "metal on a doped sheet": (
        partial(made.nak_on_sheet, 1), WETTED, VelocityVerlet(0.0005, Langevin(400.0, 0.1)), 1e-12,
    ),
    "droplet": (droplet, WETTED, VelocityVerlet(0.0005, Bussi(400.0, 0.1)), 1e-12),
    "flagship": (wetted_tube, "nak-cn", VelocityVerlet(0.0005, Langevin(450.0, 0.1)), 1e-12),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_forces_of_every_step_are_those_of_brute_force(name):
    """The tolerance is that of sums in double precision.

    In mixed precision the rms error is 1e-6 eV/Å of forces of 0.3 eV/Å; the largest of 48,000 is ten times as large.
    """
    build, model, integrator, tolerance = CASES[name]
    system = build()
    initialize_velocities(system, 500.0, seed=1)
    if isinstance(model, str):
        potential, twin = load(model), named_twin(model, system.species_names)
    else:
        potential, twin = models.engine(model, system.species_names), models.twin(model)
    if name == "mixed precision":
        potential = potential.with_precision("mixed")
    worst = [0.0]

    def compare(_step, result):
        expected = twin.compute(system).forces
        worst[0] = max(worst[0], float(np.abs(result.forces - expected).max() / np.abs(expected).max()))

    drive(system, integrator, 1000, potential=potential, each=compare)
    print(f"{name}: largest difference of forces {worst[0]:.1e} of the largest force, {system.n_atoms} atoms")
    assert worst[0] < tolerance
