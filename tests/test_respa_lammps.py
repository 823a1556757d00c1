"""Two time steps against ``run_style respa`` of LAMMPS, with the terms of the model as its levels."""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest
from lammps_oracle import box_of, data_file, executable

from nakmd.cell import Cell
from nakmd.integrators import Respa, VelocityVerlet, initialize_velocities
from nakmd.potentials import Hybrid, LennardJones, load
from nakmd.simulation import Simulation, Stage
from nakmd.system import System

pytestmark = pytest.mark.lammps

STEP, INNER, STEPS = 0.004, 8, 8

#: Energy [eV], diameter [Å] and cutoff [Å] of K on C and K on K: invented.
LJ = {("C", "K"): (0.01, 3.0, 7.0), ("K", "K"): (0.03, 3.6, 8.0)}


def sheet_and_metal():
    """Return 32 C and 9 K at 600 K in a periodic cell."""
    bond = 1.44
    basis = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 1 / 6, 0], [0, 2 / 3, 0]])
    corners = np.stack(np.meshgrid(range(4), range(2), [0], indexing="ij"), axis=-1).reshape(-1, 1, 3)
    carbon = (corners + basis).reshape(-1, 3) * [np.sqrt(3.0) * bond, 3.0 * bond, 1.0]
    lengths = np.array([4.0 * np.sqrt(3.0) * bond, 6.0 * bond, 14.0])
    nodes = np.stack(np.meshgrid(range(3), range(3), [0], indexing="ij"), axis=-1).reshape(-1, 3)
    metal = (nodes + 0.3) * [lengths[0] / 3, lengths[1] / 3, 0.0] + [0.0, 0.0, 3.0]
    system = System(
        np.vstack([carbon, metal]), [0] * len(carbon) + [1] * len(metal), ["C", "K"], Cell(lengths, [True] * 3)
    )
    initialize_velocities(system, 600.0, seed=4)
    return system


def lammps(system, tersoff, style):
    """Return the positions after `STEPS` steps of a run style."""
    box, q, shift = box_of(system)
    pairs = [
        f"pair_coeff {1 + 'CK'.index(a)} {1 + 'CK'.index(b)} lj/cut {' '.join(map(repr, row))}"
        for (a, b), row in LJ.items()
    ]
    script = [
        "units metal",
        "atom_style atomic",
        "atom_modify map yes sort 0 0",
        "newton on",
        "boundary p p p",
        "read_data config.data",
        "pair_style hybrid/overlay tersoff lj/cut 8.0",
        "pair_coeff * * tersoff cn.tersoff C NULL",
        *pairs,
        "neighbor 1.0 bin",
        f"timestep {STEP}",
        style,
        "fix move all nve",
        f"dump out all custom {STEPS} out.dump id xu yu zu",
        "dump_modify out sort id format float %.17g",
        f"run {STEPS}",
    ]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cn.tersoff").write_text(tersoff)
        (Path(folder) / "config.data").write_text(data_file(system, box, q, shift))
        (Path(folder) / "in.nakmd").write_text("\n".join(script) + "\n")
        done = subprocess.run(
            [executable(), "-in", "in.nakmd", "-log", "none", "-nocite"],
            cwd=folder, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:]
        rows = np.loadtxt((Path(folder) / "out.dump").read_text().splitlines()[-system.n_atoms :])
    return (rows[:, 1:] - shift) @ q.T


def nakmd_positions(system, potential, integrator):
    copy = system.copy()
    Simulation(copy, potential, [Stage("p", integrator, STEPS)], threads=1).run()
    return copy.positions


def test_positions_are_those_of_respa_in_lammps():
    """LAMMPS's eV/(Å amu) is 6e-8 off CODATA: positions that forces move by up to 0.3 Å differ by 2e-8 Å."""
    system = sheet_and_metal()
    (tersoff,) = load("cn").terms
    pairs = LennardJones(
        {pair: {"epsilon": e, "sigma": s, "cutoff": c, "cut": "cut"} for pair, (e, s, c) in LJ.items()},
        none=[("C", "C")],
    )
    potential = Hybrid([tersoff, pairs])
    text = tersoff.texts()["tersoff"]()
    split = lammps(system, text, f"run_style respa 2 {INNER} hybrid 1 2")
    found = nakmd_positions(system, potential, Respa(STEP, INNER))
    assert np.abs(found - split).max() < 1e-7
    assert np.abs(found - nakmd_positions(system, potential, VelocityVerlet(STEP))).max() > 1e-3
    assert np.abs(found - nakmd_positions(system, potential, VelocityVerlet(STEP / INNER))).max() > 1e-6
