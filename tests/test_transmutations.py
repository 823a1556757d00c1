"""Transmutations: the semi-grand distribution that they sample, target compositions, and their bookkeeping."""

import math
from itertools import product

import numpy as np
import pytest
from fakes import crystal, lennard_jones
from places import OPEN, PAIRS, Chain, morse
from reference import ChebyshevTwin
from scipy import stats
from simulations import bits

from nakmd.analysis.numerics.statistics import mean_with_error
from nakmd.elements import MASSES
from nakmd.errors import InputError
from nakmd.integrators import Bussi, Fire, Langevin, Swap, Transmutation, VelocityVerlet
from nakmd.kernels.jit import set_threads
from nakmd.potentials import Morse, evaluate, load
from nakmd.simulation import Simulation, Stage, Status, ThermoLog
from nakmd.structures.liquid import liquid
from nakmd.system import System
from nakmd.units import ACCELERATION, K_B

# With a fixed seed each p-value is one draw: a correct sampler fails with probability 1/100, once and for all.
SMALLEST_P = 0.01

#: m_K/m_Na
RATIO = MASSES["K"] / MASSES["Na"]


@pytest.fixture
def one_thread():
    """Use one thread for thousands of calls with a few atoms, where waiting for a second one takes all the time."""
    set_threads(1)
    yield
    set_threads(2)


def transmutation(temperature=None, attempts=20, every=1, **weight):
    return Transmutation(("Na", "K"), every, attempts, temperature, **weight)


def with_stock(positions, species, names=("Na", "K"), cell=OPEN):
    """Return a system with one parked atom of the other metal for each atom of a metal."""
    metal = np.flatnonzero(np.isin(np.array(names)[species], ("Na", "K")))
    other = {names.index("Na"): names.index("K"), names.index("K"): names.index("Na")}
    twins = [other[species[atom]] for atom in metal]
    present = np.arange(len(species) + len(twins)) < len(species)
    zeros = np.zeros((len(twins), 3))
    return System(np.vstack([positions, zeros]), [*species, *twins], names, cell, present=present)


def maxwell(temperature, seed=3):
    """Return what draws new velocities of the atoms that are present."""
    rng = np.random.default_rng(seed)

    def draw(system):
        width = np.sqrt(K_B * temperature * ACCELERATION / system.masses)
        system.velocities[:] = rng.normal(size=(system.n_atoms, 3)) * width[:, None]
        system.velocities[system.absent] = 0.0

    return draw


def beside_carbon(distance):
    """Return one Na beside a carbon atom, its parked K, the potential, and U(K) - U(Na) [eV]."""
    entries = {
        (name, "C"): dict(zip(("depth", "alpha", "r_0", "cutoff", "cut"), (*numbers, 12.0, "cut"), strict=True))
        for name, numbers in PAIRS.items()
    }
    none = [("C", "C"), ("Na", "Na"), ("K", "K"), ("Na", "K")]
    system = with_stock([[0.0, 0.0, 0.0], [distance, 0.0, 0.0]], [0, 1], ("C", "Na", "K"))
    return system, Morse(entries, none=none), morse(distance, *PAIRS["K"]) - morse(distance, *PAIRS["Na"])


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("calls", "sigmas"), [(1500, 4.0), pytest.param(100000, 3.0, marks=pytest.mark.slow)], ids=["", "slow"]
)
@pytest.mark.parametrize("moving", [False, True], ids=["at rest", "moving"])
def test_two_states_have_the_exact_ratio(calls, sigmas, moving):
    """P(K)/P(Na) = exp(-(ΔU - Δμ)/kT) with Maxwell's velocities; at rest there is also the factor of the masses.

    9 trials leave x⁹ of the correlation, with x the probability of the step up: less than 1 % for the numbers here.
    """
    system, potential, difference = beside_carbon(3.4)
    temperature = abs(difference) / (0.9 * K_B)
    kT = K_B * temperature
    delta_mu = difference + (0.5 if moving else 0.5 + 1.5 * math.log(RATIO)) * kT
    move = transmutation(temperature, 9, delta_mu=delta_mu)
    chain = Chain(system, potential, move, frozen=("C",), draw=maxwell(temperature) if moving else None)
    potassium = sum(state == () for state in chain.states(calls))
    p = 1.0 / (1.0 + math.exp(-0.5))
    assert abs(potassium - calls * p) < sigmas * math.sqrt(calls * p * (1.0 - p))
    assert chain.exchanges.tried == 9 * calls
    if not moving:  # the work is that of the last state: 1e4 roundings of 0.01 eV; 1e6 in the slow case
        last = difference if system.present[2] else 0.0
        assert chain.exchanges.work == pytest.approx(last, abs=1e-11)


@pytest.mark.usefixtures("one_thread")
def test_states_of_a_cluster_have_semi_grand_weights():
    """The 16 ways to put Na and K on four places, with the energies of the slow reference."""
    rng = np.random.default_rng(4)
    positions = np.array([[0, 0, 0], [3.9, 0, 0], [1.8, 3.6, 0], [1.5, 1.4, 3.5]], dtype=float)
    positions += rng.normal(0.0, 0.1, positions.shape)
    twin, states = ChebyshevTwin(), list(product((0, 1), repeat=4))
    energies = np.array([twin.compute(System(positions, state, ["Na", "K"], OPEN)).energies.sum() for state in states])
    temperature, delta_mu = 1500.0, 0.1
    kT = K_B * temperature
    n_K = np.array([sum(state) for state in states])
    x = -(energies - delta_mu * n_K) / kT
    weights = np.exp(x - x.max())
    assert np.ptp(x) > 1.0  # so that the weights differ
    system = with_stock(positions, [0, 0, 1, 1])
    move = transmutation(temperature, 25, delta_mu=delta_mu)
    chain, calls = Chain(system, load("nak"), move, draw=maxwell(temperature)), 1200
    found = list(chain.states(calls))
    assert 0.1 < chain.exchanges.accepted / chain.exchanges.tried < 0.95  # 25 trials forget the state
    counts = [found.count(tuple(i for i in range(4) if state[i] == 0)) for state in states]
    expected = calls * weights / weights.sum()
    rare = expected < 5.0  # chi-square needs five in a class
    counts, expected = np.append(np.array(counts)[~rare], 0), np.append(expected[~rare], expected[rare].sum())
    counts[-1] = calls - counts.sum()
    assert stats.chisquare(counts[expected > 0.0], expected[expected > 0.0]).pvalue > SMALLEST_P


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("weight", [{"delta_mu": 0.02}, {"composition": 0.6, "spread": 0.15}], ids=["mu", "target"])
def test_ideal_mixture_is_binomial(weight):
    """Six alike places: C(6, n) exp(-W/kT), and the mean of -dW/dn is Δμ of the mixture at each composition."""
    positions = 4.0 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1]], dtype=float)
    system, temperature = with_stock(positions, [0, 0, 0, 1, 1, 1]), 300.0
    kT = K_B * temperature
    move = transmutation(temperature, 30, **weight)
    chain, calls = Chain(system, lennard_jones(), move, draw=maxwell(temperature)), 800
    found = [6 - len(state) for state in chain.states(calls)]
    n = np.arange(7)
    W = -0.02 * n if "delta_mu" in weight else kT * (n - 3.6) ** 2 / (2 * (6 * 0.15) ** 2)
    P = np.array([math.comb(6, k) for k in n]) * np.exp(-W / kT)
    P /= P.sum()
    enough = P * calls >= 5.0
    counts = np.bincount(found, minlength=7)
    assert counts[~enough].sum() < 3 * (1 + P[~enough].sum() * calls)
    scaled = P[enough] * counts[enough].sum() / P[enough].sum()
    assert stats.chisquare(counts[enough], scaled).pvalue > SMALLEST_P


def test_mean_slope_of_a_target_is_the_difference_of_chemical_potentials():
    """Exact sums over an ideal mixture of 400 atoms: kT ln(x/(1 - x)) within the terms of order 1/N."""
    kT, guess, x_0 = 0.04, 0.03, 0.7
    move = transmutation(composition=x_0, delta_mu=guess)
    move.n_both = 400
    n = np.arange(401)
    log_P = np.array([math.lgamma(401) - math.lgamma(k + 1) - math.lgamma(401 - k) for k in n])
    log_P += guess * n / kT - (n - 400 * x_0) ** 2 / 2
    P = np.exp(log_P - log_P.max())
    P /= P.sum()
    x = P @ n / 400
    # ln(0.7/0.3) - guess/kT atoms of 400, a fraction of 0.0002
    assert x == pytest.approx(x_0, abs=0.0005)
    mean = P @ [move.slope(k, kT) for k in n]
    # d ln C/dn has corrections of the order of 1/(N x (1 - x)) = 0.01
    assert mean / kT == pytest.approx(math.log(x / (1.0 - x)), abs=0.01)


# ---------------------------------------------------------------------------------------------------- in the loop
def simulate(moves=None, bath=None, **arguments):
    """Return a simulation of 32 atoms and as many parked ones, with transmutations at steps 5, 10, ..."""
    made = crystal(2, 5.6)
    system = with_stock(made.positions, made.species, made.species_names, made.cell)
    moves = (transmutation(every=5, delta_mu=0.05),) if moves is None else moves
    stages = [
        Stage("first", VelocityVerlet(0.002, bath), 17, initial_temperature=300.0, moves=moves),
        Stage("second", VelocityVerlet(0.002, bath), 23, moves=moves),
    ]
    return Simulation(system, load("nak"), stages, seed=3, skin=0.5, **arguments)


BATHS = {
    "bussi": lambda: Bussi(300.0, 0.1),
    "langevin": lambda: Langevin(300.0, 0.1),
}


@pytest.mark.parametrize("bath", BATHS)
def test_resumes_with_the_same_bits(bath):
    whole = simulate(bath=BATHS[bath]())
    whole.run()
    assert 0 < whole.reports[1].accepted < whole.reports[1].tried == 100
    assert whole.system.present.sum() == 32
    assert not np.array_equal(whole.system.present, np.arange(64) < 32)
    # before, at and after a call, and in the other stage
    for steps in (9, 10, 11, 29):
        part, rest = simulate(bath=BATHS[bath]()), simulate(bath=BATHS[bath]())
        part.run(steps)
        rest.restore(part.state())
        rest.run()
        assert bits(rest) == bits(whole)
        np.testing.assert_array_equal(rest.system.present, whole.system.present)
        np.testing.assert_equal(rest.thermo_row(), whole.thermo_row())


def test_threads_do_not_change_the_bits():
    one, two = simulate(bath=Bussi(300.0, 0.1), threads=1), simulate(bath=Bussi(300.0, 0.1), threads=2)
    one.run()
    two.run()
    assert bits(one) == bits(two)
    np.testing.assert_array_equal(one.system.present, two.system.present)


def test_conserved_energy_and_momentum():
    """At constant energy both are kept as without moves: the work holds all changes of U and K."""
    spread = []
    for moves in ((), (transmutation(300.0, every=5, delta_mu=0.05),)):
        log = ThermoLog(1)
        simulation = simulate(moves, observers=[log])
        simulation.run()
        spread.append(np.ptp(log.column("conserved")))
        system = simulation.system
        momentum = system.masses @ system.velocities
        # 40 steps of rounding of momenta of up to 1000 amu Å/ps in all
        assert np.abs(momentum).max() < 1e-8
        assert np.all(system.velocities[system.absent] == 0.0)
    work = log.column("exchange_work")
    # other configurations have other forces: of the order of the same error of velocity Verlet, ten times smaller than
    # any of the changes
    assert spread[1] < 3.0 * spread[0] < 0.1 * np.ptp(work)


def test_forces_after_a_move_are_those_of_the_new_atoms():
    simulation = simulate(bath=Bussi(300.0, 0.1))
    simulation.run(10)
    system = simulation.system
    here = system.present
    alone = System(system.positions[here], system.species[here], system.species_names, system.cell)
    expected = evaluate(load("nak"), alone)
    # sums in another order
    np.testing.assert_allclose(simulation.result.forces[here], expected.forces, rtol=0.0, atol=1e-12)
    assert simulation.result.energy == pytest.approx(expected.energy, abs=1e-11)
    assert np.all(simulation.result.forces[~here] == 0.0)


@pytest.mark.slow
def test_chemical_potential_of_a_liquid_equals_that_of_test_changes():
    """Δμ about a target, and from changes tried in canonical runs: F(n+1) - F(n) = -kT ln[N_Na/(N_K + 1) <e^(-ΔU/kT)>].

    The same in the other direction, with F(n) - F(n-1); the mean of both belongs to n. (B. Widom, J. Chem. Phys. 39,
    2808 (1963), doi:10.1063/1.1734110, for the insertion of a particle.)
    """
    kT, every = 450.0 * K_B, 20
    made = liquid(0.5, 450.0, n_atoms=120, seed=4)

    def simulation(system, move, log=()):
        stages = [
            Stage("relax", Fire(0.1), 150),
            Stage(
                "settle", VelocityVerlet(0.004, Langevin(450.0, 0.2)), 1500, initial_temperature=450.0, moves=(move,)
            ),
            Stage("measure", VelocityVerlet(0.004, Langevin(450.0, 0.2)), 12000, moves=(move,)),
        ]
        return Simulation(system, load("nak"), stages, log, seed=7)

    log = ThermoLog(every)
    simulation(
        with_stock(made.positions, made.species, made.species_names, made.cell),
        transmutation(every=every, attempts=30, composition=0.5, delta_mu=0.15),
        [log],
    ).run()
    measured = [row for row in log.rows if row["stage"] == "measure"]
    found = mean_with_error([row["delta_mu"] for row in measured])
    assert np.mean([row["composition"] for row in measured]) == pytest.approx(0.5, abs=0.02)

    canonical = simulation(made.copy(), Swap(("Na", "K"), every, 30))
    names = list(made.species_names)
    rows = [names.index("Na"), names.index("K")]
    energies, sites = canonical.evaluator.local_energies(rows)
    rng, weights = np.random.default_rng(2), ([], [])
    while canonical.run(every) is Status.PAUSED:
        if canonical.stage.name != "measure":
            continue
        sites.begin(canonical.system)
        for energy in energies:
            energy.begin(sites)
        for direction, (old, new) in enumerate((rows, rows[::-1])):
            places = rng.choice(np.flatnonzero(sites.labels == old), 60, replace=False)
            changes = []
            for place in places:
                sites.choose_change(int(place), new)
                changes.append(math.exp(-sum(energy.difference(sites) for energy in energies) / kT))
            weights[direction].append(np.mean(changes))
    up, down = (mean_with_error(series) for series in weights)
    factor = 60.0 / 61.0
    steps = -kT * math.log(factor * up.value), kT * math.log(factor * down.value)
    expected = 0.5 * (steps[0] + steps[1])
    error = 0.5 * kT * math.hypot(up.error / up.value, down.error / down.value)
    assert error < 0.004
    assert abs(found.value - expected) < 4.0 * math.hypot(found.error, error)


def test_swaps_and_transmutations_in_one_step():
    moves = (transmutation(every=5, delta_mu=0.05), Swap(("Na", "K"), 5, 20))
    simulation = simulate(moves, bath=Bussi(300.0, 0.1))
    simulation.run()
    assert simulation.system.present.sum() == 32
    assert simulation.reports[1].tried == 200
    positions = simulation.system.positions[simulation.system.present]
    assert len({tuple(r) for r in positions}) == 32


def test_a_used_up_stock_limits_the_composition():
    system = with_stock([[0.0, 0.0, 0.0], [4.0, 0.0, 0.0]], [0, 0])
    system = System(system.positions[:3], system.species[:3], ["Na", "K"], OPEN, present=[True, True, False])
    chain = Chain(system, lennard_jones(), transmutation(300.0, 20, delta_mu=5.0))
    # one K and not two, although Δμ asks for them
    assert {len(state) for state in chain.states(5)} == {1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "needs delta_mu"),
        ({"delta_mu": math.nan}, "must be a finite number"),
        ({"delta_mu": 0.1, "spread": 0.1}, "spread belongs to a target"),
        ({"composition": 1.0}, "must be between 0 and 1"),
        ({"composition": 0.5, "spread": 0.0}, "must be above 0"),
    ],
)
def test_numbers_that_make_no_sense(arguments, message):
    with pytest.raises(InputError, match=message):
        transmutation(**arguments)


def test_faults_are_named_before_the_first_step():
    def faulty(message, move, integrator=None, system=None):
        integrator = VelocityVerlet(0.002, Bussi(300.0, 0.1)) if integrator is None else integrator
        stage = Stage("faulty", integrator, 5, initial_temperature=300.0, moves=(move,))
        with pytest.raises(InputError, match=message):
            Simulation(crystal(2, 5.6) if system is None else system, load("nak"), [stage])

    faulty("none of their atoms is parked", transmutation(delta_mu=0.1))
    faulty("but the stage transmutes Na–K", transmutation(delta_mu=0.1), Fire(0.1))
    faulty("The move that transmutes Na–K has no temperature", transmutation(delta_mu=0.1), VelocityVerlet(0.002))
