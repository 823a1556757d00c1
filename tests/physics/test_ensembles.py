"""Ensembles of thermostats and barostats, checked with physical_validation; energy drift."""

import math
from functools import cache, partial

import numpy as np
import pytest
from fakes import crystal, lennard_jones

from nakmd.cell import Cell
from nakmd.integrators import MTK, Bussi, CellRescaling, Fire, Langevin, NoseHoover, VelocityVerlet
from nakmd.integrators.andersen import Andersen
from nakmd.potentials import load
from nakmd.simulation import Simulation, Stage, ThermoLog
from nakmd.system import System
from nakmd.units import BAR_PER_EV_A3, K_B

physical_validation = pytest.importorskip("physical_validation")

# Argon-like: ε/k_B = 121 K. It is liquid at 110 K and this density.
TEMPERATURE = 110.0
TIMESTEP = 0.004

#: p-values of correct ensembles are uniform, and the seeds are fixed: 0.01 rejects one correct ensemble in a hundred.
SMALLEST_P = 0.01

#: Largest deviation from the expected slope, in standard errors.
LARGEST_SIGMA = 3.0


def units():
    """Return the units of nakmd for physical_validation: factors to kJ/mol, nm, bar, ps."""
    return physical_validation.data.UnitData(
        kb=K_B,
        energy_conversion=96.48533212331002,
        length_conversion=0.1,
        volume_conversion=1e-3,
        temperature_conversion=1.0,
        pressure_conversion=BAR_PER_EV_A3,
        time_conversion=1.0,
        energy_str="eV", length_str="A", volume_str="A^3", temperature_str="K", pressure_str="eV/A^3", time_str="ps",
    )  # fmt: skip


def sample(integrator, temperature, steps, every=25, settle=2000, seed=1, n=2):
    """Return the thermo log of an equilibrated Lennard-Jones liquid of 4 n³ atoms."""
    log = ThermoLog(every, stages=["produce"])
    stages = [
        Stage("settle", integrator, settle, kind="equilibrate", initial_temperature=temperature),
        Stage("produce", integrator, steps),
    ]
    simulation = Simulation(
        crystal(n, lattice=5.9, names=("Na",)), lennard_jones(), stages, [log], seed=seed, threads=1
    )
    simulation.run()
    return log, simulation


def data(log, ensemble, stride=1, system=None, **observables):
    """Return the observables of every ``stride``-th row of a log as data of physical_validation."""
    return physical_validation.data.SimulationData(
        units=units(),
        ensemble=ensemble,
        system=system,
        observables=physical_validation.data.ObservableData(
            **{name: np.array(log.column(column))[::stride] for name, column in observables.items()}
        ),
    )


def kinetic_energy_p_value(log, n_atoms, momentum_conserved, temperature=TEMPERATURE):
    """Return the p-value of the Kolmogorov-Smirnov test of the kinetic energy against the canonical one."""
    pv = physical_validation.data
    system = pv.SystemData(
        natoms=n_atoms, nconstraints=0, ndof_reduction_tra=3 * momentum_conserved, ndof_reduction_rot=0,
        mass=np.full(n_atoms, 22.99), molecule_idx=np.arange(n_atoms), nconstraints_per_molecule=np.zeros(n_atoms),
    )  # fmt: skip
    ensemble = pv.EnsembleData("NVT", natoms=n_atoms, volume=1.0, temperature=temperature)
    return physical_validation.kinetic_energy.distribution(
        data(log, ensemble, system=system, kinetic_energy="kinetic_energy"), strict=True, verbosity=0
    )


def independent(series):
    """Return the effective number of independent samples of a series, from blocks of increasing size."""
    series = np.asarray(series)
    worst = 1.0
    for size in (2, 4, 8, 16, 32):
        blocks = series[: len(series) // size * size].reshape(-1, size).mean(axis=1)
        worst = max(worst, size * blocks.var(ddof=1) / series.var(ddof=1))
    return len(series) / worst


class WeakCoupling(Bussi):
    """Berendsen thermostat: correct mean of the kinetic energy, wrong fluctuations. It must fail the checks."""

    def apply(self, system, step, temperature):
        mean = 0.5 * self.degrees_of_freedom * K_B * temperature
        kinetic = system.kinetic_energy()
        system.velocities *= np.sqrt(1.0 + (1.0 - self._decay) * (mean / kinetic - 1.0))


#: The Nosé-Hoover chain of these tests.
NHC = partial(NoseHoover, time_constant=0.1)


@cache
def canonical(name):
    """Return the log and the simulation of a run at constant temperature."""
    kinds = {"langevin": Langevin, "andersen": Andersen, "bussi": Bussi, "weak coupling": WeakCoupling}
    thermostat = NHC(TEMPERATURE) if name == "nose-hoover" else kinds[name](TEMPERATURE, 0.05)
    return sample(VelocityVerlet(TIMESTEP, thermostat), TEMPERATURE, 30000, every=50)


@pytest.mark.parametrize(
    "name", ["langevin", "bussi", *(pytest.param(name, marks=pytest.mark.slow) for name in ("andersen", "nose-hoover"))]
)
def test_kinetic_energy_is_canonical(name):
    log, simulation = canonical(name)
    dof = simulation.stage.integrator.degrees_of_freedom
    conserves_momentum = name in ("bussi", "nose-hoover")
    assert dof == (93 if conserves_momentum else 96)
    assert kinetic_energy_p_value(log, 32, conserves_momentum) > SMALLEST_P
    kinetic = np.array(log.column("kinetic_energy"))
    mean, width = 0.5 * dof * K_B * TEMPERATURE, np.sqrt(0.5 * dof) * K_B * TEMPERATURE
    count = independent(kinetic)
    assert count > 300
    assert abs(kinetic.mean() - mean) < LARGEST_SIGMA * width / np.sqrt(count)
    assert abs(kinetic.std() - width) < LARGEST_SIGMA * width / np.sqrt(2.0 * count)


def test_weak_coupling_fails_the_check():
    log, _ = canonical("weak coupling")
    assert kinetic_energy_p_value(log, 32, True) < SMALLEST_P


def test_thermostats_agree():
    energies = [np.array(canonical(name)[0].column("potential_energy")) for name in ("langevin", "bussi")]
    pressures = [np.array(canonical(name)[0].column("pressure_bar")) for name in ("langevin", "bussi")]
    for a, b in (energies, pressures):
        error = np.hypot(a.std() / np.sqrt(independent(a)), b.std() / np.sqrt(independent(b)))
        assert abs(a.mean() - b.mean()) < LARGEST_SIGMA * error


@pytest.mark.parametrize(
    "thermostat",
    [partial(Bussi, time_constant=0.05), pytest.param(NHC, marks=pytest.mark.slow)],
    ids=["bussi", "chain"],
)
def test_temperature_ratio_is_canonical(thermostat):
    # ln of the ratio of energy histograms at two temperatures is linear in E with slope β_1 - β_2.
    pv = physical_validation.data
    logs = [
        sample(VelocityVerlet(TIMESTEP, thermostat(T)), T, 20000, every=50, seed=seed)[0]
        for seed, T in enumerate((TEMPERATURE, TEMPERATURE + 15.0))
    ]
    first, second = (
        data(
            log,
            pv.EnsembleData("NVT", natoms=32, volume=1.0, temperature=T),
            potential_energy="potential_energy",
            kinetic_energy="kinetic_energy",
            total_energy="total_energy",
        )
        for log, T in zip(logs, (TEMPERATURE, TEMPERATURE + 15.0), strict=True)
    )
    (deviation,) = physical_validation.ensemble.check(
        first, second, total_energy=False, data_is_uncorrelated=False, verbosity=0
    )
    assert deviation < LARGEST_SIGMA


@pytest.mark.parametrize(
    ("axes", "kind"),
    [
        ("xyz", "cell-rescaling"),
        ("z", "cell-rescaling"),
        ("xyz", "mtk"),
        ("z", "mtk"),
    ],
)
@pytest.mark.slow
def test_volume_ratio_is_isobaric(axes, kind):
    # ln of the ratio of volume histograms at two pressures is linear in V with slope (P_2 - P_1)/kT.
    pv = physical_validation.data
    pressures = [450.0 / BAR_PER_EV_A3, 650.0 / BAR_PER_EV_A3]
    logs = []
    # Seeds are fixed, and one pair in 400 deviates by chance.
    for seed, pressure in enumerate(pressures):
        if kind == "mtk":
            integrator = VelocityVerlet(TIMESTEP, NHC(TEMPERATURE), MTK(pressure, axes, time_constant=0.3))
        else:
            barostat = CellRescaling(pressure, axes, time_constant=0.3, compressibility=800.0, every=2)
            integrator = VelocityVerlet(TIMESTEP, Bussi(TEMPERATURE, 0.05), barostat)
        logs.append(sample(integrator, TEMPERATURE, 40000, every=25, seed=seed)[0])
    volumes = [np.array(log.column("volume")) for log in logs]
    # Independent samples are selected here: the runs are equilibrated, and the package's own search for equilibration
    # sometimes discards all but a few frames of such a series.
    strides = [math.ceil(len(volume) / independent(volume)) for volume in volumes]
    # The check is most sensitive at a pressure difference of 2 kT/σ_V.
    assert pressures[1] - pressures[0] == pytest.approx(2.0 * K_B * TEMPERATURE / volumes[0].std(), rel=0.6)
    first, second = (
        data(
            log,
            pv.EnsembleData("NPT", natoms=32, pressure=pressure, temperature=TEMPERATURE),
            stride,
            volume="volume",
            potential_energy="potential_energy",
            kinetic_energy="kinetic_energy",
            total_energy="total_energy",
        )
        for log, pressure, stride in zip(logs, pressures, strides, strict=True)
    )
    (deviation,) = physical_validation.ensemble.check(
        first, second, total_energy=False, data_is_uncorrelated=True, verbosity=0
    )
    assert deviation < LARGEST_SIGMA
    for log, pressure, volume in zip(logs, pressures, volumes, strict=True):
        sampled = np.array(log.column("pressure_bar" if axes == "xyz" else "pressure_zz"))
        # The logged pressure omits the centre of mass, whose mean contribution is kT/V.
        expected = (pressure - np.mean(K_B * TEMPERATURE / volume)) * (BAR_PER_EV_A3 if axes == "xyz" else 1.0)
        assert abs(sampled.mean() - expected) < LARGEST_SIGMA * sampled.std() / np.sqrt(independent(sampled))


@pytest.mark.slow
def test_energy_drift_of_liquid_nak_is_below_the_limit():
    # 100 ps at 1 fs; below 1e-5 kT/ns per degree of freedom.
    rng = np.random.default_rng(1)
    corners = np.stack(np.meshgrid(*[np.arange(5)] * 3, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    lattice = 5.06  # 0.85 g/cm³
    positions = (corners + np.array([[0, 0, 0], [0.5, 0.5, 0.5]])).reshape(-1, 3) * lattice
    system = System(positions, (rng.random(250) < 0.67).astype(int), ["Na", "K"], Cell([5 * lattice] * 3))
    log = ThermoLog(20, stages=["produce"])
    stages = [
        Stage("relax", Fire(0.05), 200, kind="relax"),
        Stage("melt", VelocityVerlet(0.002, Langevin((900.0, 450.0), 0.2)), 10000, "heat", initial_temperature=900.0),
        Stage("settle", VelocityVerlet(0.002, Bussi(450.0, 0.2)), 5000, kind="equilibrate"),
        Stage("produce", VelocityVerlet(0.001), 100000),
    ]
    Simulation(system, load("nak"), stages, [log], seed=1).run()
    time, energy = np.array(log.column("time")) / 1000.0, np.array(log.column("conserved"))
    slope = np.polyfit(time, energy, 1)[0]
    assert abs(slope) / (747 * K_B * 450.0) < 1e-5
