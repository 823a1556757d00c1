"""Sample frames and files for the tests of reading and writing."""

import numpy as np

from nakmd.cell import Cell
from nakmd.io import TrajectoryWriter
from nakmd.system import Frame, System

NAMES = ("C", "N:graphitic", "Na", "K")
TILTED = [[14.0, 0.0, 0.0], [2.0, 15.0, 0.0], [1.0, -3.0, 16.0]]
QUANTITIES = ("potential_energy", "kinetic_energy", "temperature", "virial", "pair_energies")


def system(n=13, seed=0, matrix=TILTED, periodic=(True, True, False)):
    rng = np.random.default_rng(seed)
    species = np.sort(rng.integers(0, len(NAMES), n))
    cell = Cell(matrix, periodic)
    velocities = rng.normal(0.0, 5.0, (n, 3))
    groups = {"carbon": species < 2, "liquid": species >= 2, "probe": rng.random(n) < 0.5}
    return System(rng.random((n, 3)) @ cell.matrix, species, NAMES, cell, velocities, groups=groups)


def frame(state, k, full=True):
    """Return frame k, deterministic in k: atoms cross periodic faces, and the cell changes from frame to frame."""
    rng = np.random.default_rng([k, 7])
    cell = state.cell.copy()
    cell.scale(1.0 + 0.01 * rng.random(3))
    wrapped, images = cell.wrap(state.positions + 0.3 * k * state.velocities)
    velocities = state.velocities + rng.normal(size=state.velocities.shape)
    made = Frame(10 * k, 0.01 * k, wrapped, images, cell, velocities, stage="heat" if k < 3 else "produce")
    if full:
        made.potential_energy = -1.5 + float(rng.random())
        made.kinetic_energy = float(rng.random())
        made.temperature = 300.0 + float(rng.random())
        made.virial = rng.normal(size=6)
        pairs = rng.normal(size=(len(NAMES), len(NAMES)))
        made.pair_energies = pairs + pairs.T
    return made


def thermo_row(k):
    return {"step": k, "time": 0.001 * k, "stage": "heat", "temperature": 300.0 + k, "pressure_bar": -0.5 * k}


PARAMETERS = {
    "deck": '[system]\nname = "Å"\n',
    "provenance": {"seed": np.int64(7), "versions": {"numpy": "2"}},
    "potentials": {"nak": "sha256"},
    "stages": ["heat", "produce"],
    "thermo_units": {"flux": "eV Angstrom-2 ps-1"},
    "title": "a test",
}


def write(path, state, frames, thermo=(), **options):
    with TrajectoryWriter(path, state.topology, PARAMETERS, **options) as writer:
        for k in thermo:
            writer.write_thermo(thermo_row(k))
        for k in frames:
            writer.write(frame(state, k))
    return path


def assert_same(read, written):
    """Compare two frames to the bit."""
    assert (read.step, read.time, read.stage) == (written.step, written.time, written.stage)
    assert np.array_equal(read.cell.matrix, written.cell.matrix)
    assert np.array_equal(read.cell.periodic, written.cell.periodic)
    for name in ("positions", "images", "velocities", *QUANTITIES):
        actual, expected = getattr(read, name), getattr(written, name)
        if expected is None:
            assert actual is None, name
        else:
            assert np.array_equal(actual, expected), name
