"""Two time steps against one: drift of the energy, temperatures of wall and metal, and processor time.

``python benchmarks/two_time_steps.py [DECK [PS]]`` prints the table of README.md for the system of a deck (by default
`examples/flagship.toml`, 25 ps): relaxed, heated, 3.5 ps of Langevin dynamics and 0.5 ps of Bussi's at 0.5 fs, then NVE
from the same configuration with each pair of steps, on one thread. All of them advance in turns of 0.12 ps, so that
the load of the machine is the same for all.
"""

from __future__ import annotations

import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

import nakmd
from nakmd.arrays import FloatArray
from nakmd.elements import METALS, element_of
from nakmd.integrators import Bussi, Fire, Langevin, Respa, VelocityVerlet
from nakmd.kernels.jit import set_threads
from nakmd.runs.plan import make_plan
from nakmd.simulation import Simulation, Stage
from nakmd.units import K_B

#: Bonds and rest [fs]; equal ones are velocity Verlet.
STEPS = ((0.5, 0.5), (1.0, 1.0), (0.5, 4.0), (0.5, 6.0))

TEMPERATURE = 450.0  # K
TURN = 0.12  # ps
BLOCKS = 5  # of the drift, for its error

FIRST = 1.0  # ps, not timed: kernels are compiled and skins chosen


class Series:
    """One of the runs, and its rows: time [ps], energy [eV], temperatures of wall and metal [K], processor time [s]."""

    def __init__(self, simulation: Simulation, wall: FloatArray) -> None:
        self.simulation, self._wall = simulation, wall
        self._spent = 0.0
        self.rows: list[tuple[float, ...]] = []

    def advance(self) -> None:
        """Make one turn."""
        simulation, system = self.simulation, self.simulation.system
        begin = time.process_time()
        simulation.run(round(TURN / simulation.stage.integrator.timestep))
        self._spent += time.process_time() - begin
        parts = [2.0 * system.kinetic_energy(mask) / (3.0 * mask.sum() * K_B) for mask in (self._wall, ~self._wall)]
        self.rows.append((simulation.time, simulation.conserved_energy, *parts, self._spent))


def drift(rows: FloatArray, degrees_of_freedom: int) -> tuple[float, float]:
    """Return the drift and its standard error from blocks [kT/ns for each degree of freedom]."""
    parts = np.array_split(rows[:, :2], BLOCKS + 1)
    means = [part.mean(axis=0) for part in parts]
    slopes = np.array([(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(means)])
    slopes *= 1e3 / (K_B * TEMPERATURE * degrees_of_freedom)
    return float(slopes.mean()), float(slopes.std(ddof=1) / np.sqrt(BLOCKS))


def main(deck: Path, length: float) -> None:
    """Run all series and print the table."""
    set_threads(1)
    _, system, potential = make_plan(nakmd.Deck.from_file(deck)).require()
    Simulation(
        system,
        potential,
        [
            Stage("relax", Fire(0.3), 500, kind="relax"),
            Stage("heat", VelocityVerlet(0.0005, Langevin(TEMPERATURE, 0.1)), 7000, initial_temperature=TEMPERATURE),
            Stage("rest", VelocityVerlet(0.0005, Bussi(TEMPERATURE, 0.1)), 1000),
        ],
        seed=1,
    ).run()
    elements = np.array([element_of(name) for name in system.species_names])
    wall = ~np.isin(elements, list(METALS))[system.species]
    runs = {}
    for bonds, rest in STEPS:
        step = 1e-3 * rest
        integrator = VelocityVerlet(step) if bonds == rest else Respa(step, round(rest / bonds))
        stage = Stage("produce", integrator, 10**9)
        runs[bonds, rest] = Series(Simulation(system.copy(), potential, [stage], seed=1), wall)
    for _ in range(round(length / TURN)):
        for series in runs.values():
            series.advance()
    print("| bonds, rest fs | drift kT/ns/dof | wall K | metal K | ms/fs |\n| --- | --- | --- | --- | --- |")
    for (bonds, rest), series in runs.items():
        rows = np.array(series.rows)
        timed = rows[rows[:, 0] > FIRST]
        mean, error = drift(rows, 3 * system.n_atoms)
        cost = (timed[-1, 4] - timed[0, 4]) / (timed[-1, 0] - timed[0, 0])
        numbers = f"{mean:.3f} ± {error:.3f} | {timed[:, 2].mean():.0f} | {timed[:, 3].mean():.0f} | {cost:.2f}"
        print(f"| {bonds:g}, {rest:g} | {numbers} |")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(
        Path(given[0]) if given else Path(__file__).parents[1] / "examples/flagship.toml",
        float(given[1]) if len(given) > 1 else 25.0,
    )
