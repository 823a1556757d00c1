"""Nosé-Hoover chains and the MTK barostat: conserved quantity, reversibility, exact distributions."""

import math

import numpy as np
import pytest
from fakes import crystal, drive, gas, lennard_jones
from gas_volume import PRESSURE, TEMPERATURE, N, assert_volume_has_its_gamma_distribution

from nakmd.errors import ExplosionError, InputError
from nakmd.integrators import MTK, Bussi, Langevin, Mobility, NoseHoover, Span, VelocityVerlet, initialize_velocities
from nakmd.integrators.chain import SUZUKI_YOSHIDA, Chain
from nakmd.neighbors import Neighbors
from nakmd.system import Result
from nakmd.units import BAR_PER_EV_A3, K_B

DENSE = 500.0 / BAR_PER_EV_A3


# ------------------------------------------------------------------------------------------------ the chain alone
@pytest.mark.parametrize(("weights", "order"), [(1, 2), (3, 4), (5, 4), (7, 6)])
def test_suzuki_yoshida_weights_have_their_order(weights, order):
    # Symmetric weights that sum to 1 cancel the error of order 3 if Σ w³ = 0, that of order 5 if also Σ w⁵ = 0. The
    # weights of seven are literature values of 15 digits.
    w = np.array(SUZUKI_YOSHIDA[weights])
    assert np.array_equal(w, w[::-1])
    assert math.fsum(w) == pytest.approx(1.0, abs=1e-14)
    for power in range(3, order, 2):
        assert abs(math.fsum(w**power)) < 1e-12
    if order < 6:
        assert abs(math.fsum(w ** (order + 1))) > 1e-3


@pytest.mark.parametrize(("weights", "order"), [(1, 2), (3, 4), (5, 4), (7, 6)])
def test_chain_conserves_energy_to_the_order_of_its_weights(weights, order):
    # One degree of freedom p = 1 amu-like unit with 2K = 5 kT, driven hard: a tenth of τ in one step.
    thermal, errors = K_B * TEMPERATURE, []
    for n in (20, 40):
        chain = Chain(3, 0.1, weights)
        chain.start(1, TEMPERATURE, 0.4 / n)
        twice = 5.0 * thermal
        for _ in range(n):
            twice *= chain.advance(twice, TEMPERATURE) ** 2
        errors.append(abs(0.5 * twice + chain.energy - 2.5 * thermal) / thermal)
    # The error of half the step is 2^order times smaller, up to the next order, whose share is below a half here.
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.7)


@pytest.mark.parametrize("words", [{"length": 0}, {"weights": 4}, {"substeps": 0}])
def test_senseless_chains_are_refused(words):
    with pytest.raises(InputError, match=r"\d"):
        Chain(**{"length": 3, "time_constant": 0.1, **words})


# ------------------------------------------------------------------------------------------------ dynamics
EXTENDED = {
    "chain": lambda: (NoseHoover(60.0, 0.1), None),
    "chain of 1": lambda: (NoseHoover(60.0, 0.1, chain=1, weights=7, substeps=2), None),
    "group": lambda: (NoseHoover(60.0, 0.1, group="K"), None),
    "mtk xyz": lambda: (NoseHoover(60.0, 0.1), MTK(DENSE, "xyz", 0.5)),
    "mtk xy+z": lambda: (NoseHoover(60.0, 0.1), MTK(DENSE, ["xy", "z"], 0.5)),
    "mtk own temperature": lambda: (None, MTK(DENSE, "z", 0.5, temperature=60.0)),
}


class Course:
    """A crystal under an integrator, one step at a time."""

    def __init__(self, timestep, thermostat, barostat, steps, tethered=None):
        self.system = crystal(2, lattice=5.6)
        initialize_velocities(self.system, 60.0, seed=3)
        self.mobility = Mobility(self.system, tethered=tethered)
        self.integrator = VelocityVerlet(timestep, thermostat, barostat)
        self.evaluator = lennard_jones().bind(self.system.species_names)
        self.neighbors = Neighbors(self.evaluator.requests)
        self.result = Result(self.system.n_atoms)
        self.integrator.start(self.system, self.mobility, 1, Span(0, steps))
        self.forces()

    def forces(self):
        self.neighbors.update(self.system)
        self.evaluator.compute(self.system, self.neighbors, self.result)
        self.mobility.add_tethers(self.system, self.result)

    def step(self, step):
        self.integrator.before_forces(self.system, self.result, step)
        self.forces()
        self.integrator.after_forces(self.system, self.result, step)

    def conserved(self):
        integrator = self.integrator
        energy = self.result.energy + self.system.kinetic_energy()
        return energy - integrator.thermostat_work - integrator.barostat_work

    def turn(self):
        self.system.velocities *= -1.0
        thermostat, barostat = self.integrator.thermostat, self.integrator.barostat
        if thermostat is not None:
            thermostat.chain.velocities *= -1.0
        if barostat is not None:
            barostat.rates *= -1.0
            barostat.chain.velocities *= -1.0


RAMPS = {
    "ramps": lambda: (NoseHoover((60.0, 90.0), 0.1), MTK((0.0, DENSE), "z", 0.5)),
    "mtk with bussi": lambda: (Bussi(60.0, 0.1), MTK(DENSE, "xyz", 0.5)),
}


@pytest.mark.parametrize("name", [*EXTENDED, *RAMPS])
def test_conserved_quantity_is_constant_to_second_order(name):
    make, spreads, works = {**EXTENDED, **RAMPS}[name], [], []
    for timestep in (0.004, 0.002):
        steps = round(1.2 / timestep)
        course = Course(timestep, *make(), steps, tethered={"K": 0.01})
        values = []
        for step in range(1, steps + 1):
            course.step(step)
            values.append(course.conserved())
        spreads.append(np.std(values))
        works.append(abs(course.integrator.thermostat_work) + abs(course.integrator.barostat_work))
    # Half the step, a quarter of the error; the two runs part by their own error. Noise of `Bussi` is not of a
    # smooth path, hence the width.
    assert spreads[0] / spreads[1] == pytest.approx(4.0, rel=0.1)
    # What is conserved is far more constant than what thermostat and barostat gave and took.
    assert spreads[1] < 2e-3 * works[1]


@pytest.mark.parametrize("name", EXTENDED)
def test_running_back_leads_to_the_start(name):
    steps = 100
    course = Course(0.004, *EXTENDED[name](), steps, tethered={"K": 0.01})
    start, cell = course.system.positions.copy(), course.system.cell.matrix.copy()
    for step in range(1, steps + 1):
        course.step(step)
    assert np.abs(course.system.positions - start).max() > 0.1
    course.turn()
    for step in range(1, steps + 1):
        course.step(step)
    # Rounding of 1e-15 grows by chaos, at most e^(2/ps) over 0.8 ps in this crystal, and over 200 steps.
    assert np.abs(course.system.positions - start).max() < 1e-10
    assert np.abs(course.system.cell.matrix - cell).max() < 1e-10


def test_momentum_stays_zero_under_both():
    course = Course(0.004, *EXTENDED["mtk xy+z"](), 50)
    for step in range(1, 51):
        course.step(step)
    momentum = course.system.masses @ course.system.velocities
    assert np.abs(momentum).max() < 1e-12 * float(np.sum(course.system.masses))


@pytest.mark.parametrize(
    ("axes", "thermostat"),
    [
        ("xyz", Langevin(TEMPERATURE, 0.02)),
        ("xyz", Bussi(TEMPERATURE, 0.01)),
        pytest.param("z", Langevin(TEMPERATURE, 0.02), marks=pytest.mark.slow),
        pytest.param(["xy", "z"], Langevin(TEMPERATURE, 0.02), marks=pytest.mark.slow),
    ],
    ids=["xyz", "xyz-bussi", "z", "xy+z"],
)
def test_ideal_gas_volume_has_its_gamma_distribution(axes, thermostat):
    # A chain cannot mix the velocities of atoms that never collide, so the thermostats here are stochastic. Samples
    # 150 steps apart are almost independent: 400 of them. Mean 9 ± 3/sqrt(400) = 0.15, and with a wrong measure it
    # would be 8 or 10.
    assert_volume_has_its_gamma_distribution(thermostat, MTK(PRESSURE, axes, time_constant=0.05), 60000)


def test_a_runaway_cell_is_reported():
    system = gas(N)
    initialize_velocities(system, TEMPERATURE, seed=1)
    with pytest.raises(ExplosionError, match=r"Step \d+: the barostat would change the volume"):
        drive(system, VelocityVerlet(0.002, Langevin(TEMPERATURE), MTK(1.0, time_constant=0.01)), 50)


def test_mtk_needs_a_temperature():
    system = gas(N)
    with pytest.raises(InputError, match="above 0, got 24 degrees of freedom"):
        VelocityVerlet(0.001, Langevin(0.0), MTK()).start(system, Mobility(system), 1, Span(0, 1))


def test_settled_ramps_have_chains_of_their_own():
    integrator = VelocityVerlet(0.001, NoseHoover((300.0, 400.0), chain=4), MTK((0.0, 1.0), "z", chain=2))
    settled = integrator.settled()
    assert settled.is_stationary
    assert settled.thermostat.chain.length == 4
    assert settled.barostat.chain.length == 2
    assert settled.barostat.axes == ("z",)
    assert settled.thermostat.chain is not integrator.thermostat.chain
    assert settled.barostat.chain is not integrator.barostat.chain
