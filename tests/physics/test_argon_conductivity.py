"""Thermal conductivity of Lennard-Jones argon: heat currents of nakmd and of LAMMPS, each in its own dynamics."""

import subprocess

import numpy as np
import pytest
from synthetic import frame

from nakmd.analysis import FrameList, thermal_conductivity
from nakmd.cell import Cell
from nakmd.integrators import Bussi, VelocityVerlet
from nakmd.potentials import LennardJones
from nakmd.simulation import Simulation, Stage, ThermoLog
from nakmd.system import System
from nakmd.units import K_B

EPSILON, SIGMA, STEPS, EVERY, TIMESTEP = 0.0104, 3.4, 50000, 5, 0.004

NVE = f"""units metal
atom_style atomic
boundary p p p
read_data config.data
pair_style lj/cut 8.5
pair_coeff 1 1 {EPSILON} {SIGMA}
pair_modify shift yes
compute ke all ke/atom
compute pe all pe/atom
compute st all stress/atom NULL virial
compute j all heat/flux ke pe st
fix 1 all nve
timestep {TIMESTEP}
thermo {EVERY}
thermo_style custom step temp c_j[1] c_j[2] c_j[3]
thermo_modify format float %.12g
run {STEPS}
"""


def melt():
    """Return 256 atoms near the triple point (T* = 0.72, ρ* = 0.8442) after 36 ps, and the potential."""
    n, side = 4, (4.0 / 0.8442) ** (1.0 / 3.0) * SIGMA
    cells = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    sites = side * (cells + np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])).reshape(-1, 3)
    system = System(sites, np.zeros(len(sites)), ["Ar"], Cell([n * side] * 3), masses=np.full(len(sites), 39.948))
    argon = LennardJones({("Ar", "Ar"): {"epsilon": EPSILON, "sigma": SIGMA, "cutoff": 8.5, "cut": "shift"}})
    cold = 0.722 * EPSILON / K_B
    hot = Stage("melt", VelocityVerlet(TIMESTEP, Bussi(2.2 * cold)), steps=3000, initial_temperature=2.0 * cold)
    Simulation(system, argon, [hot, Stage("cool", VelocityVerlet(TIMESTEP, Bussi(cold)), steps=6000)], seed=3).run()
    return system, argon


def conductivity(system, temperature, heat):
    """Return the conductivity of a series of heat currents, (n, 3) [eV Å/ps]."""
    n = len(heat)
    table = {
        "time": EVERY * TIMESTEP * np.arange(n),
        "stage": np.array([""] * n),
        "temperature": temperature,
        "volume": np.full(n, system.cell.volume),
        **{f"heat_{d}_Ar": heat[:, c] for c, d in enumerate("xyz")},
        **{f"flow_{d}_Ar": np.zeros(n) for d in "xyz"},
    }
    source = FrameList(system.topology, [frame(system.cell, system.positions)])
    source.thermo = table
    return thermal_conductivity(source, discard="none")


@pytest.mark.slow
@pytest.mark.lammps
def test_conductivity_of_argon_equals_that_by_lammps(tmp_path):
    """Two chaotic runs of 200 ps from one state: equal within 3 σ of both, each σ below a fifth of the value."""
    import lammps_oracle

    system, argon = melt()
    box, q, shift = lammps_oracle.box_of(system)
    (tmp_path / "config.data").write_text(lammps_oracle.data_file(system, box, q, shift))
    (tmp_path / "in.argon").write_text(NVE)
    command = [lammps_oracle.executable(), "-in", "in.argon", "-log", "out.log", "-nocite"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    words = [line.split() for line in (tmp_path / "out.log").read_text().splitlines()]
    rows = np.array([w for w in words if len(w) == 5 and w[0].isdigit() and "." in w[1]], dtype=float)
    assert len(rows) == STEPS // EVERY + 1

    log = ThermoLog(EVERY, heat_current=True)
    Simulation(system, argon, [Stage("nve", VelocityVerlet(TIMESTEP), steps=STEPS)], [log], seed=3).run()
    heat = np.stack([log.column(f"heat_{d}_Ar") for d in "xyz"], axis=1)
    ours = conductivity(system, np.array(log.column("temperature")), heat)
    theirs = conductivity(system, rows[:, 1], rows[:, 2:])
    for record in (ours, theirs):
        assert record.settled
        assert record.error < 0.2 * record.value
    assert ours.value == pytest.approx(theirs.value, abs=3.0 * np.hypot(ours.error, theirs.error))
