"""Liquid Na, K and NaK at 400 K: energy conservation and density."""

import numpy as np
import pytest

from nakmd.integrators import Bussi, CellRescaling, VelocityVerlet
from nakmd.potentials import load
from nakmd.simulation import Simulation, Stage, ThermoLog
from nakmd.structures.liquid import liquid
from nakmd.system import System
from nakmd.units import K_B


def melt(n_atoms: int, x_K: float, temperature: float = 400.0, steps: int = 4000, model: str = "nak") -> System:
    """Return an equilibrated liquid: packed, then 8 ps with the Bussi thermostat and a time step of 2 fs."""
    system = liquid(x_K, temperature, n_atoms=n_atoms, seed=5)
    stage = Stage("heat", VelocityVerlet(0.002, Bussi(temperature, 0.1)), steps, initial_temperature=temperature)
    Simulation(system, load(model), [stage], seed=5).run()
    return system


def nve(system: System, timestep: float, steps: int, every: int) -> ThermoLog:
    """Return the log of an NVE run."""
    log = ThermoLog(every)
    Simulation(system.copy(), load("nak"), [Stage("produce", VelocityVerlet(timestep), steps)], [log]).run()
    return log


def test_energy_error_is_quadratic_in_the_time_step():
    # Velocity Verlet conserves a shadow energy that differs from E by O(dt²): the spread of E along a
    # trajectory is proportional to dt². Steps of 4 and 2 fs: at 1 fs the error is close to the rounding error of E.
    system = melt(250, 0.67, steps=1500)
    spread = [
        np.std(nve(system, dt, round(3.0 / dt), round(0.02 / dt)).column("total_energy")) for dt in (0.004, 0.002)
    ]
    assert spread[0] / spread[1] == pytest.approx(4.0, rel=0.10)


@pytest.mark.slow
def test_energy_drift_over_100_ps():
    n = 2000
    log = nve(melt(n, 0.67), 0.001, 100_000, 50)
    time, energy = np.array(log.column("time")), np.array(log.column("total_energy"))
    temperature = np.mean(log.column("temperature"))
    drift = np.polyfit(time * 1e-3, energy, 1)[0] / (K_B * temperature * (3 * n - 3))
    print(f"drift {drift:.2e} kT/ns/dof at {temperature:.0f} K, spread {np.std(energy) / n:.1e} eV/atom")
    assert abs(drift) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize(("x_K", "density"), [(0.0, 0.917), (1.0, 0.8145), (0.68, 0.842)])
def test_density_at_zero_pressure(x_K, density):
    # LAMMPS values of nak-2016 with 432 atoms; the statistical error of 60 ps is about 0.1 %
    system = melt(432, x_K, model="nak-2016")
    log = ThermoLog(20, stages=["produce"])
    integrator = VelocityVerlet(0.002, Bussi(400.0, 0.2), CellRescaling(0.0, time_constant=1.0))
    stages = [Stage("equilibrate", integrator, 5000, kind="equilibrate"), Stage("produce", integrator, 30_000)]
    Simulation(system, load("nak-2016"), stages, [log], seed=7).run()
    densities = np.array(log.column("density"))[-1500:]
    blocks = densities.reshape(10, -1).mean(axis=1)
    print(f"x_K {x_K}: {densities.mean():.4f} ± {blocks.std(ddof=1) / np.sqrt(10):.4f} g/cm³, expected {density}")
    assert densities.mean() == pytest.approx(density, rel=0.01)
