"""Integrators against analytic answers: order, reversibility, exact variances, conserved quantities."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from fakes import crystal, drive, gas, lennard_jones

from nakmd.cell import Cell
from nakmd.errors import InputError
from nakmd.integrators import (
    BAROSTATS,
    MINIMISERS,
    MTK,
    THERMOSTATS,
    Bussi,
    Fire,
    Langevin,
    Mobility,
    NoseHoover,
    Ramp,
    Span,
    VelocityVerlet,
    as_ramp,
    initialize_velocities,
    remove_momentum,
)
from nakmd.integrators.andersen import Andersen
from nakmd.integrators.bussi import rescaling_factor
from nakmd.kernels.jit import set_threads
from nakmd.system import System
from nakmd.units import ACCELERATION, K_B


def oscillators(n, omega=20.0, names=("Na",), seed=0):
    """Return atoms, each on a spring of angular frequency omega [rad/ps] (one species: one frequency)."""
    system = gas(n, names=names, seed=seed)
    return system, Mobility(system, tethered={names[0]: omega**2 * system.masses[0] / ACCELERATION})


# ------------------------------------------------------------------------------------------------ velocity Verlet
def test_verlet_oscillator_follows_its_exact_solution():
    # For x'' = -w^2 x velocity Verlet gives x_n = cos(n theta) with cos(theta) = 1 - (w dt)^2 / 2, exactly.
    omega, timestep, steps = 20.0, 0.01, 500
    system, mobility = oscillators(3, omega)
    centres = system.positions.copy()
    system.positions[:, 0] += 0.3
    drive(system, VelocityVerlet(timestep), steps, mobility=mobility)
    theta = np.arccos(1.0 - 0.5 * (omega * timestep) ** 2)
    # 500 steps of rounding at 20 Å: about 500 * 4e-15.
    assert np.abs(system.positions[:, 0] - centres[:, 0] - 0.3 * np.cos(steps * theta)).max() < 1e-11
    assert np.abs(system.positions[:, 1:] - centres[:, 1:]).max() < 1e-12


def test_verlet_is_reversible():
    system = crystal(2)
    initialize_velocities(system, 60.0, seed=3)
    start = system.positions.copy()
    potential = lennard_jones()
    drive(system, VelocityVerlet(0.002), 100, potential=potential)
    assert np.abs(system.positions - start).max() > 0.1
    system.velocities *= -1.0
    drive(system, VelocityVerlet(0.002), 100, potential=potential)
    assert np.abs(system.positions - start).max() < 1e-9  # the adopted figure, n = 100


def test_verlet_is_of_second_order():
    spreads = []
    for halvings in range(3):
        system = crystal(2, shake=0.0)
        initialize_velocities(system, 60.0, seed=3)
        energies = []
        drive(
            system, VelocityVerlet(0.008 / 2**halvings), 128 * 2**halvings, potential=lennard_jones(),
            each=lambda step, result, s=system, e=energies: e.append(result.energy + s.kinetic_energy()),
        )  # fmt: skip
        spreads.append(np.std(energies[:: 2**halvings]))
    assert spreads[0] / spreads[1] == pytest.approx(4.0, rel=0.1)
    assert spreads[1] / spreads[2] == pytest.approx(4.0, rel=0.1)


def test_momentum_is_conserved():
    system = crystal(2)
    initialize_velocities(system, 60.0, seed=3)
    drive(system, VelocityVerlet(0.002, Bussi(60.0, 0.05)), 200, potential=lennard_jones())
    scale = np.abs(system.masses[:, None] * system.velocities).sum()
    assert np.abs((system.masses[:, None] * system.velocities).sum(axis=0)).max() < 1e-12 * scale


# ------------------------------------------------------------------------------------------------ thermostats
@pytest.mark.parametrize("kind", [Langevin, Andersen])
def test_baoab_samples_oscillator_positions_exactly_and_velocities_as_predicted(kind):
    # BAOAB: <x²> = kT/k at any time step, <v²> = (kT/m) (1 - (w dt)²/4) at full steps. The O step may have any
    # retention, so it holds for retentions of 0 and 1 drawn at random (Andersen) as well.
    omega, timestep, temperature, n, steps = 20.0, 0.05, 300.0, 400, 2000
    system, mobility = oscillators(n, omega)
    centres = system.positions.copy()
    squares, speeds = [], []

    def sample(step, result):
        if step > 100:
            squares.append(np.mean((system.positions - centres) ** 2))
            speeds.append(np.mean(system.velocities**2))

    drive(system, VelocityVerlet(timestep, kind(temperature, 0.1)), steps, mobility=mobility, each=sample)
    thermal = K_B * temperature * ACCELERATION / system.masses[0]
    # 1200 coordinates, 1900 samples, energies correlated over at most 2 τ/dt = 4 steps and their pair: sd < 0.4 %.
    assert np.mean(squares) == pytest.approx(thermal / omega**2, rel=0.01)
    assert np.mean(speeds) == pytest.approx(thermal * (1.0 - 0.25 * (omega * timestep) ** 2), rel=0.01)


@pytest.mark.parametrize(
    ("thermostat", "steps", "moving"), [(Langevin(250.0, 0.05), 5000, 96), (Bussi(250.0, 0.05), 20000, 93)]
)
def test_equipartition_between_species_and_axes(thermostat, steps, moving):
    system = crystal(2, names=("Na", "K"))
    initialize_velocities(system, 250.0, seed=1)
    sums = np.zeros((2, 3))
    count = 0

    def sample(step, result):
        nonlocal count
        if step > 500 and step % 5 == 0:
            count += 1
            for a in range(2):
                chosen = system.species == a
                sums[a] += (system.masses[chosen, None] * system.velocities[chosen] ** 2).sum(axis=0)

    drive(system, VelocityVerlet(0.004, thermostat), steps, potential=lennard_jones(), each=sample)
    temperatures = sums / count / ACCELERATION / K_B / 16.0
    # Langevin: 16 velocities each, correlation time about 0.1 ps of 18 ps: sd about sqrt(2/16/180) = 3 %. Bussi keeps
    # total momentum (93 of 96 velocities are free) and leaves the exchange between modes to the crystal: over six
    # seeds the sd was 4 % after 5,000 steps and 2 % after 25,000.
    assert np.abs(temperatures / 250.0 * 96 / moving - 1.0).max() < 0.1


def test_langevin_forgets_velocities_at_its_rate():
    system = gas(20000)
    initialize_velocities(system, 300.0, seed=1)
    first = system.velocities.copy()
    drive(system, VelocityVerlet(0.01, Langevin(300.0, 0.2)), 20)
    kept = np.sum(first * system.velocities) / np.sum(first * first)
    assert kept == pytest.approx(np.exp(-1.0), abs=4.0 / np.sqrt(60000))


def test_andersen_collides_at_its_rate_and_draws_maxwellian_velocities():
    system = gas(50000)
    initialize_velocities(system, 100.0, seed=1)
    first = system.velocities.copy()
    drive(system, VelocityVerlet(0.05, Andersen(300.0, 0.2)), 4)
    # Without forces an atom that has not collided keeps its velocity to the bit: exp(-t/τ) of them at
    # any time step, sd 0.0022.
    untouched = np.all(system.velocities == first, axis=1)
    assert np.mean(untouched) == pytest.approx(np.exp(-1.0), abs=4.0 * 0.0022)
    from scipy import stats

    scaled = system.velocities / np.sqrt(K_B * 300.0 * ACCELERATION / system.masses)[:, None]
    for axis in range(3):
        assert stats.kstest(scaled[~untouched, axis], "norm").pvalue > 0.01
    # sd of a correlation coefficient of 31,600 pairs: 0.0056
    assert np.abs(np.corrcoef(scaled[~untouched].T) - np.eye(3)).max() < 4.0 * 0.0056
    # whether an atom collides says nothing about its velocity before: 18,400 and 31,600 atoms, sd of the mean v² 0.8 %
    squares = np.mean(first**2, axis=1) * system.masses
    assert squares[untouched].mean() == pytest.approx(squares[~untouched].mean(), rel=4.0 * 0.008)


def test_rescaling_factor_relaxes_the_mean_energy_at_its_rate():
    # <K'> = c K + (1 - c) K̄ holds exactly for the mean over the noise.
    rng = np.random.default_rng(1)
    dof, temperature, kinetic, decay = 30, 400.0, 0.2, 0.7
    mean = 0.5 * dof * K_B * temperature
    factors = [
        rescaling_factor(kinetic, dof, temperature, decay, g, s)
        for g, s in zip(rng.normal(size=20000), rng.chisquare(dof - 1, 20000), strict=True)
    ]
    after = kinetic * np.mean(np.square(factors))
    spread = kinetic * np.std(np.square(factors)) / np.sqrt(20000)
    assert abs(after - (decay * kinetic + (1.0 - decay) * mean)) < 4.0 * spread


def test_rescaling_factor_can_change_sign_and_is_identity_without_bath():
    assert rescaling_factor(0.2, 3, 300.0, 1.0, -5.0, 1.0) == 1.0
    assert rescaling_factor(1e-6, 3, 300.0, 0.5, -3.0, 0.0) < 0.0


@pytest.mark.parametrize("thermostat", [None, Langevin(200.0, 0.02), Bussi(200.0, 0.02), Andersen(200.0, 0.02)])
def test_energy_less_work_is_conserved(thermostat):
    system = crystal(2)
    initialize_velocities(system, 60.0, seed=3)
    integrator = VelocityVerlet(0.001, thermostat)
    energies, works = [], []

    def sample(step, result):
        energies.append(result.energy + system.kinetic_energy())
        works.append(integrator.thermostat_work)

    drive(system, integrator, 400, potential=lennard_jones(), each=sample)
    if thermostat is not None:
        assert abs(works[-1]) > 0.1  # the bath has heated 32 atoms from 60 towards 200 K
    # The shadow energy of 32 atoms fluctuates by (w dt)²/8 of kT each: 1e-4 eV at most.
    assert np.ptp(np.array(energies) - np.array(works)) < 2e-4


def test_ramp_reaches_its_end():
    assert as_ramp(300).is_constant
    assert as_ramp((300, 400)) == Ramp(300.0, 400.0)
    assert Ramp(300.0, 400.0).finished() == Ramp(400.0, 400.0)
    system = gas(4000)
    initialize_velocities(system, 100.0, seed=1)
    seen = []
    integrator = VelocityVerlet(0.001, Langevin((100.0, 500.0), 0.01))
    drive(
        system,
        integrator,
        400,
        each=lambda step, r: seen.append((integrator.set_temperature(step), system.temperature())),
    )
    assert [seen[0][0], seen[199][0], seen[399][0]] == [101.0, 300.0, 500.0]
    # The atoms lag by about a time constant, 10 K; sqrt(2/12000) of 500 K is 6.5 K.
    assert seen[-1][1] == pytest.approx(490.0, abs=30.0)
    assert not integrator.is_stationary
    assert integrator.settled().thermostat.temperature == Ramp(500.0, 500.0)
    assert integrator.settled().is_stationary


def test_thermostat_on_a_group_leaves_the_rest_alone():
    system = gas(200)
    system.groups["half"] = np.arange(200) < 100
    initialize_velocities(system, 50.0, seed=1)
    for kind in (Langevin, Bussi, Andersen):
        thermostat = kind(600.0, 0.01, group="half")
        rest = system.velocities[100:].copy()
        integrator = VelocityVerlet(0.001, thermostat)
        drive(system, integrator, 100)
        assert np.array_equal(system.velocities[100:], rest)
        assert thermostat.degrees_of_freedom == 300
        assert not integrator.conserves_momentum
        assert integrator.degrees_of_freedom == 600
        # 300 degrees of freedom: sd 8 % of 600 K.
        assert system.kinetic_energy(system.groups["half"]) / (150 * K_B) == pytest.approx(600.0, rel=0.35)


# ------------------------------------------------------------------------------------------------ velocities
def test_velocities_are_maxwellian_and_exact():
    system = gas(5000)
    initialize_velocities(system, 450.0, seed=8)
    assert system.temperature(3 * 5000 - 3) == pytest.approx(450.0, rel=1e-12)
    assert np.abs((system.masses[:, None] * system.velocities).sum(axis=0)).max() < 1e-9
    from scipy import stats

    scaled = system.velocities * np.sqrt(system.masses / (K_B * 450.0 * ACCELERATION))[:, None]
    for axis in range(3):
        assert stats.kstest(scaled[:, axis], "norm").pvalue > 0.01


def test_velocities_depend_on_seed_and_step_alone():
    def draw(**words):
        system = gas(10)
        initialize_velocities(system, 300.0, **words)
        return system.velocities

    assert np.array_equal(draw(seed=1), draw(seed=1))
    assert not np.array_equal(draw(seed=1), draw(seed=2))
    assert not np.array_equal(draw(seed=1), draw(seed=1, step=5))


def test_velocities_not_scaled_fluctuate():
    system = gas(500)
    initialize_velocities(system, 300.0, seed=1, exact=False)
    assert system.temperature() != pytest.approx(300.0, rel=1e-6)
    assert system.temperature() == pytest.approx(300.0, rel=4.0 * np.sqrt(2.0 / 1500))


# ------------------------------------------------------------------------------------------------ threads
def _thermostatted(kind):
    return VelocityVerlet(0.01, kind(300.0, 0.05))


def _barostatted(kind):
    return VelocityVerlet(0.01, Bussi(300.0, 0.05), kind(1e-4, ["xy", "z"], 0.5))


@pytest.mark.parametrize(
    "make",
    [
        lambda: VelocityVerlet(0.01),
        *(partial(_thermostatted, kind) for kind in THERMOSTATS.values()),
        *(partial(_barostatted, kind) for kind in BAROSTATS.values()),
        *(partial(kind, 1e-9) for kind in MINIMISERS.values()),
    ],
    ids=["nve", *THERMOSTATS, *BAROSTATS, *MINIMISERS],
)
def test_same_bits_on_any_number_of_threads(make):
    answers = []
    for threads in (1, 2, 4):
        assert set_threads(threads) == threads
        system = gas(9001)  # 18 chunks, the last one ragged: the parallel road
        mobility = Mobility(system, tethered={"K": 0.5})
        system.positions += 0.1 * np.sin(np.arange(9001 * 3)).reshape(-1, 3)
        initialize_velocities(system, 300.0, seed=1, mobility=mobility)
        drive(system, make(), 15, mobility=mobility)
        answers.append((system.positions.tobytes(), system.velocities.tobytes()))
    assert answers[0] == answers[1] == answers[2]


UNCOMPILED = """
import hashlib
from fakes import drive, gas
from nakmd.integrators import *
digest = hashlib.sha256()
for integrator, words in (
    (VelocityVerlet(0.01, Langevin(300.0), CellRescaling(1e-4, ["xy", "z"], every=2)), {"tethered": {"all": 0.5}}),
    (VelocityVerlet(0.01, Langevin(300.0)), {"rigid": ["Na"], "frozen": ["K"]}),
    (VelocityVerlet(0.01, THERMOSTATS["andersen"](300.0, 0.02)), {"rigid": ["Na"], "tethered": {"K": 0.5}}),
    (VelocityVerlet(0.01, Bussi(300.0, 0.01)), {"rigid": ["Na"], "tethered": {"K": 0.5}}),
    (VelocityVerlet(0.01, NoseHoover(300.0, 0.1), MTK(1e-4, ["xy", "z"])), {"tethered": {"all": 0.5}}),
    (VelocityVerlet(0.01, NoseHoover(300.0, 0.1, weights=7)), {"rigid": ["Na"], "frozen": ["K"]}),
    (Fire(1e-9), {"tethered": {"all": 0.5}}),
):
    system = gas(12)
    mobility = Mobility(system, **words)
    system.positions[:, 0] += 0.05
    initialize_velocities(system, 300.0, 1, mobility=mobility)
    drive(system, integrator, 8, mobility=mobility)
    digest.update(system.positions.tobytes() + system.velocities.tobytes() + system.cell.matrix.tobytes())
print(digest.hexdigest())
"""


def test_uncompiled_integrators_have_the_same_bits():
    folder = Path(__file__).parent
    path = os.pathsep.join([str(folder), str(folder.parent)])
    answers = [
        subprocess.run(
            [sys.executable, "-c", UNCOMPILED], env={**os.environ, "NUMBA_DISABLE_JIT": flag, "PYTHONPATH": path},
            capture_output=True, text=True, check=True,
        ).stdout
        for flag in ("0", "1")
    ]  # fmt: skip
    assert answers[0] == answers[1] != ""


# ------------------------------------------------------------------------------------------------ bad input
@pytest.mark.parametrize(
    "make",
    [
        lambda: VelocityVerlet(0.0),
        lambda: Langevin(-1.0),
        lambda: Langevin(300.0, 0.0),
        lambda: Andersen(300.0, -0.1),
        lambda: Bussi(0.0),
        lambda: NoseHoover(0.0),
        lambda: NoseHoover(300.0, chain=0),
        lambda: MTK(time_constant=0.0),
        lambda: Fire(0.0),
        lambda: Fire(max_timestep=1e-5),
    ],
)
def test_senseless_numbers_are_refused(make):
    with pytest.raises(InputError, match=r"\d"):
        make()


def test_bussi_needs_a_degree_of_freedom():
    system = System([[0.0, 0.0, 0.0]], [0], ["Na"], Cell([10.0] * 3))
    with pytest.raises(InputError, match="no degree of freedom"):
        VelocityVerlet(0.001, Bussi(300.0)).start(system, Mobility(system), 1, Span(0, 1))


def test_whether_momentum_is_conserved_is_known_when_a_stage_has_begun():
    with pytest.raises(InputError, match="when the stage has begun"):
        VelocityVerlet(0.001).conserves_momentum  # noqa: B018


def test_remove_momentum():
    system = gas(10)
    system.velocities[:] = 1.0
    remove_momentum(system)
    assert np.abs(system.velocities).max() < 1e-15
