"""Exchange moves: the distribution that they sample, their bookkeeping, and the same bits after resuming."""

import math
from itertools import combinations

import numpy as np
import pytest
from fakes import crystal, lennard_jones
from places import OPEN, Chain, beside_carbon
from reference import ChebyshevTwin
from scipy import stats
from simulations import bits

from nakmd.errors import InputError
from nakmd.integrators import Bussi, Fire, Mobility, Swap, VelocityVerlet
from nakmd.kernels import random
from nakmd.kernels.jit import set_threads
from nakmd.potentials import evaluate, load
from nakmd.simulation import Simulation, Stage, ThermoLog
from nakmd.system import System
from nakmd.units import K_B

# With a fixed seed each p-value is one draw: a correct sampler fails with probability 1/100, once and for all.
SMALLEST_P = 0.01


def swap(temperature, attempts):
    return Swap(("Na", "K"), every=1, attempts=attempts, temperature=temperature)


@pytest.fixture
def one_thread():
    """Use one thread for thousands of calls with a few atoms, where waiting for a second one takes all the time."""
    set_threads(1)
    yield
    set_threads(2)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("calls", "attempts", "sigmas"), [(1500, 9, 4.0), pytest.param(100000, 10, 3.0, marks=pytest.mark.slow)]
)
def test_two_states_have_the_exact_ratio(calls, attempts, sigmas):
    """Of two states the lower one always takes the step up with probability x = exp(-|ΔE|/kT), the other 1.

    The correlation of two trials is -x; 9 of them leave x⁹, less than 1 % for |ΔE| = 0.7 kT, so calls are independent.
    """
    system, potential, difference = beside_carbon()
    temperature = abs(difference) / (0.7 * K_B)
    chain = Chain(system, potential, swap(temperature, attempts), frozen=("C",))
    exchanged = sum(state == (2,) for state in chain.states(calls))
    p = 1.0 / (1.0 + math.exp(difference / (K_B * temperature)))
    assert abs(exchanged - calls * p) < sigmas * math.sqrt(calls * p * (1.0 - p))
    assert chain.exchanges.tried == calls * attempts
    # from one state to the other and back: the work is that of the last state
    last = difference if (system.positions[1, 0] < 0.0) else 0.0
    assert chain.exchanges.work == pytest.approx(last, abs=1e-11)  # 1e4 roundings of 0.01 eV; 1e6 in the slow case


@pytest.mark.usefixtures("one_thread")
def test_states_of_a_cluster_have_boltzmann_weights():
    """Ten ways to put two Na and three K on five places, with the energies of the slow reference."""
    rng = np.random.default_rng(4)
    positions = np.array([[0, 0, 0], [3.9, 0, 0], [1.8, 3.6, 0], [1.5, 1.4, 3.5], [5.2, 3.4, 1.0]], dtype=float)
    system = System(positions + rng.normal(0.0, 0.1, positions.shape), [0, 0, 1, 1, 1], ["Na", "K"], OPEN)
    twin, states = ChebyshevTwin(), list(combinations(range(5), 2))
    energies = []
    for state in states:
        species = np.where(np.isin(np.arange(5), state), 0, 1)
        energies.append(twin.compute(System(system.positions, species, ["Na", "K"], OPEN)).energies.sum())
    energies = np.array(energies)
    temperature = 1500.0
    assert np.ptp(energies) > 0.5 * K_B * temperature  # so that the weights differ
    weights = np.exp(-(energies - energies.min()) / (K_B * temperature))
    chain, calls = Chain(system, load("nak"), swap(temperature, 15)), 1200
    found = list(chain.states(calls))
    assert 0.2 < chain.exchanges.accepted / chain.exchanges.tried < 0.95  # 15 trials forget the state
    counts = [found.count(state) for state in states]
    assert stats.chisquare(counts, calls * weights / weights.sum()).pvalue > SMALLEST_P


@pytest.mark.usefixtures("one_thread")
def test_ideal_mixture_accepts_everything_and_is_uniform():
    positions = np.array([[0, 0, 0], [4.0, 0, 0], [0, 4.0, 0], [0, 0, 4.1]], dtype=float)
    system = System(positions, [0, 0, 1, 1], ["Na", "K"], OPEN)
    chain, calls = Chain(system, lennard_jones(), swap(300.0, 8)), 600
    found = list(chain.states(calls))
    assert chain.exchanges.accepted == chain.exchanges.tried == 8 * calls
    assert chain.exchanges.work == 0.0
    counts = [found.count(state) for state in combinations(range(4), 2)]
    assert stats.chisquare(counts).pvalue > SMALLEST_P


def test_atoms_keep_species_velocities_and_images():
    """Whole unwrapped positions are exchanged, in a periodic cell also those of other images."""
    system = crystal(2, 5.6)
    system.positions[3] += system.cell.matrix[0]
    system.velocities[:] = np.random.default_rng(1).normal(size=system.velocities.shape)
    before = system.positions.copy(), system.velocities.copy(), system.species.copy()
    chain = Chain(system, load("nak"), swap(2000.0, 60))
    list(chain.states(1))
    assert chain.exchanges.accepted > 10
    np.testing.assert_array_equal(system.velocities, before[1])
    np.testing.assert_array_equal(system.species, before[2])
    assert sorted(map(tuple, system.positions)) == sorted(map(tuple, before[0]))
    assert not np.array_equal(system.positions, before[0])


# ---------------------------------------------------------------------------------------------------- draws
def draws(n, seed=1, step=3, first=0, n_a=7, n_b=11):
    out = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n)
    random.fill_exchanges(seed, step, first, n_a, n_b, *out)
    return out


def test_draws_follow_the_published_generator():
    """Counter (trial, step, stream) and key (seed), members floor(n u), thresholds -ln u: in plain Python integers."""
    seed, step = (5 << 32) + 7, (3 << 32) + 11
    first, second, thresholds = draws(5, seed, step, first=40)
    for k in range(5):
        stream = random.STREAM_EXCHANGES
        words = random.philox_block(40 + k, step & 0xFFFFFFFF, step >> 32, stream, seed & 0xFFFFFFFF, seed >> 32)
        a, b, c, _ = (int(word) for word in words)
        assert (first[k], second[k]) == (a * 7 >> 32, b * 11 >> 32)
        # two units in the last place of a logarithm of at most 22
        assert thresholds[k] == pytest.approx(-math.log((c + 0.5) / 2**32), rel=1e-15, abs=1e-15)


def test_draws_are_uniform_and_depend_on_their_number_only():
    first, second, thresholds = draws(20000)
    assert stats.chisquare(np.bincount(first, minlength=7)).pvalue > SMALLEST_P
    assert stats.chisquare(np.bincount(second, minlength=11)).pvalue > SMALLEST_P
    assert stats.kstest(thresholds, "expon").pvalue > SMALLEST_P
    for whole, part in zip((first, second, thresholds), draws(100, first=300), strict=True):
        np.testing.assert_array_equal(whole[300:400], part)


# ---------------------------------------------------------------------------------------------------- in the loop
def simulate(moves=None, thermostat=True, **arguments):
    """Return a simulation of 32 atoms with exchanges at steps 5, 10, ... of both stages."""
    bath = Bussi(300.0, 0.1) if thermostat else None
    moves = (Swap(("Na", "K"), 5, 20),) if moves is None else moves
    stages = [
        Stage("first", VelocityVerlet(0.002, bath), 17, initial_temperature=300.0, moves=moves),
        Stage("second", VelocityVerlet(0.002, bath), 23, moves=moves),
    ]
    return Simulation(crystal(2, 5.6), load("nak"), stages, seed=3, skin=0.5, **arguments)


def test_resumes_with_the_same_bits():
    whole = simulate()
    whole.run()
    assert 0 < whole.reports[1].accepted < whole.reports[1].tried == 100
    # before, at and after a call, and in the other stage
    for steps in (9, 10, 11, 29):
        part, rest = simulate(), simulate()
        part.run(steps)
        rest.restore(part.state())
        rest.run()
        assert bits(rest) == bits(whole)
        assert rest.reports == whole.reports
        np.testing.assert_equal(rest.thermo_row(), whole.thermo_row())


def test_threads_do_not_change_the_bits():
    one, two = simulate(threads=1), simulate(threads=2)
    one.run()
    two.run()
    assert bits(one) == bits(two)


def test_conserved_energy_excludes_the_work_of_exchanges():
    """At constant energy it varies as without moves: the local differences are those of the energy of the loop."""
    spread = []
    for moves in ((), (Swap(("Na", "K"), 5, 20, temperature=300.0),)):
        log = ThermoLog(1)
        simulate(moves, thermostat=False, observers=[log]).run()
        spread.append(np.ptp(log.column("conserved")))
    work = log.column("exchange_work")
    # other configurations have other forces: of the order of the same error of velocity Verlet, ten times smaller than
    # any of the exchanges
    assert spread[1] < 3.0 * spread[0] < 0.1 * np.ptp(work)
    assert [row["exchanges_tried"] for row in log.rows] == [20 * (row["step"] // 5) for row in log.rows]


def test_forces_after_a_move_are_those_of_the_new_positions():
    simulation = simulate()
    simulation.run(10)
    expected = evaluate(load("nak"), simulation.system)
    # sums in another order
    np.testing.assert_allclose(simulation.result.forces, expected.forces, rtol=0.0, atol=1e-12)
    assert simulation.result.energy == pytest.approx(expected.energy, abs=1e-11)


def test_columns_are_absent_without_moves():
    assert not {"exchange_work", "exchanges_tried", "exchanges_accepted"} & set(simulate(()).thermo_row())
    simulation = simulate(())
    simulation.run()
    assert [report.tried for report in simulation.reports] == [None, None]


@pytest.mark.parametrize("held", [{"frozen": ("left",)}, {"tethered": {"left": 1.0}}, {"rigid": ("left",)}])
def test_held_atoms_keep_their_places(held):
    system = crystal(2, 5.6)
    move = Swap(("Na", "K"), 1, 50)
    mobility = Mobility(system, **held)
    move.start(system, mobility)
    assert not np.any(system.groups["left"][np.concatenate(move.atoms)])
    assert sum(map(len, move.atoms)) == int(system.groups["right"].sum())


def faulty(message, moves, integrator=None, **arguments):
    integrator = VelocityVerlet(0.002, Bussi(300.0, 0.1)) if integrator is None else integrator
    stage = Stage("faulty", integrator, 5, initial_temperature=300.0, moves=moves, **arguments)
    with pytest.raises(InputError, match=message):
        Simulation(crystal(2, 5.6), load("nak"), [stage])


def test_faults_are_named_before_the_first_step():
    faulty("has no temperature", (Swap(("Na", "K")),), VelocityVerlet(0.002))
    faulty("has a temperature of 400 K", (Swap(("Na", "K"), temperature=400.0),))
    faulty("A relaxation cannot have moves", (Swap(("Na", "K")),), Fire(0.1))
    faulty("none of the 16 atoms called 'Na' moves freely", (Swap(("Na", "K")),), frozen=("Na",))
    faulty("both contain atoms of Na", (Swap(("Na", "left")),))
    faulty("No atoms are called 'Rb'", (Swap(("Na", "Rb")),))
    with pytest.raises(InputError, match="every >= 1"):
        Swap(("Na", "K"), every=0)
    with pytest.raises(InputError, match="2 species"):
        Swap(("Na",))
    with pytest.raises(InputError, match="must not be below 0"):
        Swap(("Na", "K"), temperature=-1.0)
