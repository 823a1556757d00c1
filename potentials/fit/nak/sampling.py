"""Molecular dynamics of a liquid or a film with the current parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nakmd.analysis import SurfaceTension
from nakmd.arrays import FloatArray, IntArray
from nakmd.cell import Cell
from nakmd.integrators import Bussi, VelocityVerlet
from nakmd.potentials import Potential
from nakmd.simulation import LiveAnalysis, Observer, Simulation, Stage
from nakmd.structures.liquid import liquid, nak_density, number_density
from nakmd.studies.validation.liquid import BATH, STRONG_BATH, TIMESTEP, gentle_start, steps_of
from nakmd.system import Frame, System

#: Steps between stored frames, 0.2 ps.
EVERY = 50
#: Thickness of a film over its width, and the vacuum [Å].
ASPECT, VACUUM = 1.8, 25.0


class Frames(Observer):
    """Keeps positions."""

    def __init__(self, every: int, stages: Sequence[str]) -> None:
        super().__init__(every, stages)
        self.positions: list[FloatArray] = []

    def observe(self, frame: Frame) -> None:
        """Store one frame."""
        self.positions.append(np.array(frame.unwrapped))


@dataclass
class Run:
    """Frames of one run: positions (f, n, 3) unwrapped [Å], cell edges [Å], tension and its error [mN/m] of a film."""

    positions: FloatArray
    lengths: FloatArray
    species: IntArray
    elements: tuple[str, ...]
    temperature: float
    tension: tuple[float, float] = (float("nan"), float("nan"))

    def diffusion(self, species: int = 0) -> float:
        """Return D [Å²/ps] from displacements over 4 to 12 ps, without the correction for the size of the cell."""
        x = self.positions[:, self.species == species]
        x = x - x.mean(axis=1, keepdims=True)
        dt = EVERY * TIMESTEP
        lags = np.arange(round(4.0 / dt), round(12.0 / dt))
        squares = [float(((x[k:] - x[:-k]) ** 2).sum(axis=-1).mean()) for k in lags]
        return float(np.polyfit(lags * dt, squares, 1)[0] / 6.0)


def run_bulk(
    model: Potential, x_K: float, temperature: float, atoms: int, seed: int, settle: float, time: float,
    density: float | None = None,
) -> Run:  # fmt: skip
    """Run a newly packed liquid at constant volume, at the measured density or a given one [g/cm³]."""
    rho = nak_density(x_K, temperature) if density is None else density
    length = float(np.cbrt(atoms / number_density(x_K, rho)))
    system = liquid(x_K, temperature, lengths=(length,) * 3, n_atoms=atoms, seed=seed)
    frames = Frames(EVERY, ["produce"])
    produce = Stage("produce", VelocityVerlet(TIMESTEP, Bussi(temperature, BATH)), steps_of(time))
    Simulation(system, model, [*gentle_start(temperature, settle), produce], [frames], seed=seed).run()
    return Run(np.array(frames.positions), np.full(3, length), system.species, system.species_names, temperature)


def run_film(
    model: Potential, x_K: float, temperature: float, atoms: int, seed: int, settle: float, time: float
) -> Run:
    """Run a free film and measure its tension."""
    density = number_density(x_K, nak_density(x_K, temperature))
    width = float(np.cbrt(atoms / (density * ASPECT)))
    edges = (width, width, ASPECT * width)
    bulk = liquid(x_K, temperature, lengths=edges, n_atoms=atoms, seed=seed)
    lengths = np.array([width, width, ASPECT * width + VACUUM])
    system = System(
        bulk.positions, bulk.species, bulk.species_names, Cell(lengths), masses=bulk.masses, groups=bulk.groups
    )
    frames, tension = Frames(2 * EVERY, ["produce"]), SurfaceTension("z")
    stages = [
        *gentle_start(temperature, settle),
        Stage("produce", VelocityVerlet(TIMESTEP, Bussi(temperature, STRONG_BATH)), steps_of(time)),
    ]
    observers = [frames, LiveAnalysis(tension, system.topology, 10, ["produce"])]
    Simulation(system, model, stages, observers, seed=seed).run()
    measure = tension.result().tension
    return Run(
        np.array(frames.positions), lengths, system.species, system.species_names, temperature,
        (measure.value, measure.error),
    )  # fmt: skip
