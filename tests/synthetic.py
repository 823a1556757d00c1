"""Frames made by hand, of which the right answer is known."""

import numpy as np

from nakmd.analysis import FrameList
from nakmd.cell import Cell
from nakmd.system import Frame, Topology


def topology(names, species, periodic=(True, True, True), masses=None, groups=None):
    species = np.asarray(species, dtype=np.int64)
    masses = np.ones(len(species)) if masses is None else np.asarray(masses, dtype=np.float64)
    return Topology(tuple(names), species, masses, np.array(periodic, dtype=bool), groups or {})


def frame(cell, positions, step=0, time=None, **fields):
    """A frame of unwrapped positions."""
    wrapped, images = cell.wrap(np.asarray(positions, dtype=np.float64))
    return Frame(step, float(step) if time is None else time, wrapped, images, cell, **fields)


def random_walk(seed, n_atoms, n_frames, d=0.5, dt=0.1, length=20.0, together=False):
    """Brownian particles with diffusion coefficient d along each axis, in a cubic cell; all alike if together."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0.0, np.sqrt(2.0 * d * dt), (n_frames, 1 if together else n_atoms, 3))
    paths = np.cumsum(steps * np.ones((1, n_atoms, 1)), axis=0)
    cell = Cell([length] * 3)
    frames = [frame(cell, x, step, step * dt) for step, x in enumerate(paths)]
    return FrameList(topology(["K"], np.zeros(n_atoms)), frames), paths


def ideal_gas(seed, n_atoms, n_frames, matrix, periodic=(True, True, True), names=("K", "Na")):
    """Uncorrelated positions, uniform in the cell."""
    rng = np.random.default_rng(seed)
    cell = Cell(matrix, periodic)
    species = np.arange(n_atoms) % len(names)
    frames = [frame(cell, rng.uniform(size=(n_atoms, 3)) @ cell.matrix, step) for step in range(n_frames)]
    return FrameList(topology(names, species, periodic), frames)


def result_of_stream(analysis, source, early):
    """Feed an analysis frame by frame, ask for a result after ``early`` frames, and return that of all."""
    analysis.prepare(source.topology)
    for count, one in enumerate(source, start=1):
        analysis.update(one)
        if count == early:
            analysis.result()
    return analysis.result()


def numbers_of(record):
    """Return a result as plain data without the choice of frames, which a stream does not make."""
    return record.to_dict() | {"sample": None}


def autoregressive(seed, n, memory):
    """A Gaussian series of variance 1 whose autocorrelation is memory**t: g = (1 + memory)/(1 - memory)."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=n) * np.sqrt(1.0 - memory**2)
    series = np.empty(n)
    series[0] = rng.normal()
    for t in range(1, n):
        series[t] = memory * series[t - 1] + noise[t]
    return series


def distances(a, b, cell, reach=2):
    """All distances from each a to each b and its images, (a, b * images): the slow twin of the grid."""
    counts = [range(-reach, reach + 1) if p else (0,) for p in cell.periodic]
    shifts = np.array([(i, j, k) for i in counts[0] for j in counts[1] for k in counts[2]]) @ cell.matrix
    difference = b[None, :, None, :] + shifts[None, None] - a[:, None, None, :]
    return np.linalg.norm(difference, axis=3)


#: Stages of `interface`.
STAGES = ("heat", "produce")


def interface(n_frames=40, stages=STAGES, seed=1):
    """A carbon sheet with N among Na and K that walk about, in a cell that breathes; half the frames are heating."""
    rng = np.random.default_rng(seed)
    species = rng.permutation([0] * 40 + [1] * 5 + [2] * 60 + [3] * 30)
    fractional = rng.uniform(size=(len(species), 3))
    metal = species >= 2
    # a flake of graphene, 5 x 9 atoms, wide enough to count as a sheet: the gap to its image is below 12 Å
    i, j = np.divmod(np.arange(45), 9)
    flake = np.stack([1.5 + 1.23 * j, 2.0 + 2.13 * i + 0.355 * (-1.0) ** (i + j), np.full(45, 13.2)], axis=1)
    kinds = topology(["C", "N:graphitic", "K", "Na"], species, masses=1.0 + species, groups={"liquid": metal})
    frames = []
    positions = fractional @ np.array([[20.0, 0, 0], [1.0, 20.0, 0], [0, 2.0, 44.0]])
    positions[~metal] = flake
    for t in range(n_frames):
        scale = 1.0 + 0.005 * rng.normal()
        cell = Cell(np.array([[20.0, 0, 0], [1.0, 20.0, 0], [0, 2.0, 44.0]]) * scale)
        positions = positions + rng.normal(0.0, 0.4, positions.shape) * metal[:, None]
        frames.append(
            frame(
                cell,
                positions,
                10 * t,
                0.1 * t,
                velocities=rng.normal(size=positions.shape),
                potential_energy=-100.0 + rng.normal(),
                kinetic_energy=5.0 + 0.1 * rng.normal(),
                temperature=400.0 + rng.normal(),
                virial=rng.normal(size=6),
                pair_energies=-np.abs(rng.normal(size=(4, 4))),
                stage=stages[min(len(stages) - 1, t * len(stages) // n_frames)],
            )
        )
    return FrameList(kinds, frames)
