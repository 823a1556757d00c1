"""Two time steps: against exact maps, a slow twin and velocity Verlet; conservation laws, checkpoints, held walls."""

import numpy as np
import pytest
from configurations import changed, nak_on_sheet
from fakes import crystal, gas, lennard_jones
from small_decks import sheet_in_metal

from nakmd.errors import InputError
from nakmd.integrators import (
    MTK,
    THERMOSTATS,
    Bussi,
    CellRescaling,
    Fire,
    Langevin,
    Mobility,
    NoseHoover,
    Respa,
    Span,
    StiffForces,
    VelocityVerlet,
    remove_momentum,
)
from nakmd.kernels.jit import set_threads
from nakmd.potentials import load
from nakmd.potentials.evaluator import Evaluator
from nakmd.potentials.forms.tersoff import BoundTersoff
from nakmd.runs.plan import make_plan
from nakmd.simulation import Simulation, Stage, Status, model_faults
from nakmd.system import Result, System
from nakmd.units import ACCELERATION, K_B


# ------------------------------------------------------------------------------------------ oscillators, exactly
class Springs(StiffForces):
    """Stiff springs [eV/Å²] on some atoms of a system."""

    def __init__(self, system, atoms, spring):
        self.atoms, self.spring = np.asarray(atoms), spring
        self.centres = system.positions[self.atoms].copy()
        self.part = System(self.centres, system.species[self.atoms], system.species_names, system.cell)
        self.at_step, self.inner = np.zeros_like(self.centres), np.zeros_like(self.centres)
        self.calls = 0

    def compute(self):
        self.inner[:] = -self.spring * (self.part.positions - self.centres)
        self.calls += 1

    def state(self):
        return {}

    def restore(self, state):
        pass


def oscillate(integrator, steps, fast, slow, displacement=0.3):
    """Return displacement and velocity after each step of one atom on two springs of angular frequencies [rad/ps].

    A second atom has only the slow spring.
    """
    system = gas(2, names=("Na",))
    mass = system.masses[0] / ACCELERATION
    stiff, centres = Springs(system, [1], fast**2 * mass), system.positions.copy()
    system.positions[:, 0] += displacement
    result = Result(2)

    def forces():
        result.forces[:] = -(slow**2) * mass * (system.positions - centres)
        stiff.at_step[:] = -stiff.spring * (system.positions[[1]] - centres[[1]])
        result.forces[1] += stiff.at_step[0]

    forces()
    integrator.start(system, Mobility(system), 1, Span(0, steps))
    integrator.split(stiff)
    path = []
    for step in range(1, steps + 1):
        integrator.before_forces(system, result, step)
        forces()
        integrator.after_forces(system, result, step)
        path.append((*(system.positions[:, 0] - centres[:, 0]), *system.velocities[:, 0]))
    return np.array(path), stiff


def kick(square, time):
    """Return the map of (x, v) by the force of a spring for a time."""
    return np.array([[1.0, 0.0], [-square * time, 1.0]])


def drift(time):
    """Return the map of (x, v) by the motion for a time."""
    return np.array([[1.0, time], [0.0, 1.0]])


FAST, SLOW = 300.0, 30.0  # rad/ps: 48 and 4.8 THz


@pytest.mark.parametrize("inner", [1, 2, 3, 4, 7, 8])
@pytest.mark.parametrize("friction", [None, 0.05])
def test_a_step_is_the_product_of_its_maps(inner, friction):
    """With friction (Langevin at 0 K) in the middle of the inner steps. Rounding of 200 steps: 1e-12."""
    step = 0.003
    thermostat = None if friction is None else Langevin(0.0, friction)
    path, stiff = oscillate(Respa(step, inner, thermostat), 200, FAST, SLOW)
    short = step / inner
    part = kick(FAST**2, 0.5 * short) @ drift(short) @ kick(FAST**2, 0.5 * short)
    half = np.linalg.matrix_power(part, inner // 2)
    middle = np.diag([1.0, 1.0 if friction is None else np.exp(-step / friction)])
    if inner % 2:
        middle = (
            kick(FAST**2, 0.5 * short) @ drift(0.5 * short) @ middle @ drift(0.5 * short) @ kick(FAST**2, 0.5 * short)
        )
    outer = kick(SLOW**2, 0.5 * step)
    once = outer @ half @ middle @ half @ outer
    damping = np.diag([1.0, 1.0 if friction is None else np.exp(-step / friction)])
    slow_once = outer @ drift(0.5 * step) @ damping @ drift(0.5 * step) @ outer
    state, slow_state = np.array([0.3, 0.0]), np.array([0.3, 0.0])
    for x_slow, x, v_slow, v in path:
        state, slow_state = once @ state, slow_once @ slow_state
        assert abs(x - state[0]) < 1e-12
        assert abs(v - state[1]) < 1e-12 * FAST
        assert abs(x_slow - slow_state[0]) < 1e-12
        assert abs(v_slow - slow_state[1]) < 1e-12 * FAST
    assert stiff.calls == 200 * (inner - 1)  # the forces of the last inner step are those of the step


def test_it_is_of_second_order():
    """Two-frequency oscillator against its exact motion: half the steps, a quarter of the error."""
    frequency, errors = np.hypot(FAST, SLOW), []
    for halvings in range(3):
        steps = 40 * 2**halvings
        path, _ = oscillate(Respa(0.001 / 2**halvings, 4), steps, FAST, SLOW)
        errors.append(abs(path[-1, 1] - 0.3 * np.cos(frequency * 0.04)))
    # the next term of the error is of order (FAST dt / 4)² = 0.006 at the longest step
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.03)
    assert errors[1] / errors[2] == pytest.approx(4.0, rel=0.01)


def test_it_is_unstable_in_resonance_and_stable_below():
    """Outer steps of half a period of the fast spring, where the impulse method is unstable, and of a quarter."""
    period = 2.0 * np.pi / FAST
    wild, _ = oscillate(Respa(0.497 * period, 10), 300, FAST, 0.3 * FAST)
    calm, _ = oscillate(Respa(0.25 * period, 5), 300, FAST, 0.3 * FAST)
    assert np.abs(wild[:, 1]).max() > 10.0
    assert np.abs(calm[:, 1]).max() < 0.33


# ------------------------------------------------------------------------------------------ a wall and metal
@pytest.fixture(scope="module")
def potential():
    return load("nak-cn")


@pytest.fixture(scope="module")
def warm(potential):
    """A doped sheet under metal at about 300 K."""
    sheet = nak_on_sheet(3)
    system = changed(sheet, periodic=(True, True, True))
    stages = [
        Stage("relax", Fire(0.2), 200, kind="relax"),
        Stage("heat", VelocityVerlet(0.0005, Langevin(300.0, 0.05)), 300, initial_temperature=300.0),
    ]
    Simulation(system, potential, stages, seed=1, threads=1).run()
    remove_momentum(system)  # as a stage does that conserves it
    return system


def run(system, potential, integrator, steps, **more):
    copy = system.copy()
    simulation = Simulation(copy, potential, [Stage("produce", integrator, steps, **more)], seed=3, threads=1)
    simulation.run()
    return simulation


def bits(simulation):
    system = simulation.system
    return system.positions.tobytes(), system.velocities.tobytes(), system.cell.matrix.tobytes()


ENSEMBLES = {
    "nve": lambda: (None, None),
    **{word: (lambda kind=kind: (kind(350.0, 0.1), None)) for word, kind in THERMOSTATS.items()},
    "bussi rescaling": lambda: (Bussi(350.0, 0.1), CellRescaling(0.0, "xy", 0.3, every=3)),
    "langevin rescaling": lambda: (Langevin(350.0, 0.1), CellRescaling(0.0, "xyz", 0.3, every=3)),
    "nose-hoover mtk": lambda: (NoseHoover(350.0, 0.1), MTK(0.0, ["xy", "z"], 0.5)),
}


@pytest.mark.parametrize("name", ENSEMBLES)
def test_one_inner_step_has_the_bits_of_velocity_verlet(warm, potential, name):
    plain = run(warm, potential, VelocityVerlet(0.0005, *ENSEMBLES[name]()), 20)
    split = run(warm, potential, Respa(0.0005, 1, *ENSEMBLES[name]()), 20)
    assert bits(plain) == bits(split)


def test_it_follows_a_slow_twin(warm, potential):
    """The splitting written out for all atoms, forces from lists made for each call: 5 steps of rounding."""
    step, inner = 0.004, 8
    wall, rest = potential.bind_stiff(warm.species_names), potential.bind(warm.species_names)
    twin = warm.copy()
    scale = ACCELERATION / twin.masses[:, None]

    def forces_of_bonds():
        return wall.evaluate(twin).forces

    def others():
        return rest.evaluate(twin).forces - forces_of_bonds()

    for _ in range(5):
        twin.velocities += 0.5 * step * others() * scale
        for _ in range(inner):
            twin.velocities += 0.5 * step / inner * forces_of_bonds() * scale
            twin.positions += step / inner * twin.velocities
            twin.velocities += 0.5 * step / inner * forces_of_bonds() * scale
        twin.velocities += 0.5 * step * others() * scale
    split = run(warm, potential, Respa(step, inner), 5)
    assert np.abs(split.system.positions - warm.positions).max() > 0.01
    assert np.abs(split.system.positions - twin.positions).max() < 1e-12
    assert np.abs(split.system.velocities - twin.velocities).max() < 1e-10
    complete = rest.evaluate(twin)
    assert split.result.energy == pytest.approx(complete.energy, abs=1e-10)
    assert np.abs(split.result.virial - complete.virial).max() < 1e-9


def test_it_is_reversible_and_conserves_momentum(warm, potential):
    there = run(warm, potential, Respa(0.004, 8), 40)
    # momenta of 100 amu Å/ps, some 1000 additions for each atom
    assert np.abs(warm.masses @ there.system.velocities).max() < 1e-9
    assert np.abs(there.system.positions - warm.positions).max() > 0.1
    there.system.velocities *= -1.0
    back = run(there.system, potential, Respa(0.004, 8), 40)
    # rounding grows with the Lyapunov time, about 0.1 ps in a hot wall
    assert np.abs(back.system.positions - warm.positions).max() < 1e-8


def test_its_energy_error_is_of_second_order(warm, potential):
    """The same time in steps of 4 and 2 fs, with 8 inner steps in each: a quarter of the spread."""
    spreads = []
    for step in (0.004, 0.002):
        simulation = Simulation(warm.copy(), potential, [Stage("p", Respa(step, 8), 1000)], seed=1, threads=1)
        energies = []
        for _ in range(round(0.2 / step)):
            simulation.run(1)
            energies.append(simulation.conserved_energy)
        spreads.append(np.std(energies))
    # the two series sample different times of the same motion
    assert spreads[0] / spreads[1] == pytest.approx(4.0, rel=0.2)


@pytest.mark.parametrize("name", ["nve", "langevin", "bussi rescaling", "nose-hoover mtk"])
def test_resumed_runs_have_the_same_bits(warm, potential, name):
    def simulate(**more):
        stages = [
            Stage("first", Respa(0.004, 8, *ENSEMBLES[name]()), 12),
            Stage("second", Respa(0.003, 5, *ENSEMBLES[name]()), 12),
        ]
        return Simulation(warm.copy(), potential, stages, seed=3, threads=1, **more)

    whole = simulate()
    assert whole.run() is Status.FINISHED
    for pause in (0, 7, 12, 20):
        states = []
        first = simulate(save=states.append)
        first.run(pause)
        second = simulate()
        second.restore(states[-1])
        assert second.run() is Status.FINISHED
        assert bits(second) == bits(whole)


def test_equal_on_any_number_of_threads(warm, potential):
    found = []
    for threads in (1, 2):
        simulation = Simulation(
            warm.copy(), potential, [Stage("p", Respa(0.004, 8, Langevin(300.0, 0.1)), 10)], seed=3, threads=threads
        )
        simulation.run()
        found.append(bits(simulation))
    set_threads(1)
    assert found[0] == found[1]


def test_lists_of_the_wall_hold_the_wall_only(warm, potential):
    simulation = run(warm, potential, Respa(0.004, 8), 2)
    part = simulation.stage.integrator._stiff.part
    names = {part.species_names[kind] for kind in part.species}
    assert names <= {"C", "N:graphitic", "N:pyridinic"}
    assert part.n_atoms == np.count_nonzero(warm.species < 3)


# ------------------------------------------------------------------------------------------ held walls
@pytest.mark.parametrize("how", ["frozen", "rigid"])
def test_bonds_inside_a_held_wall_are_computed_for_energies_only(warm, potential, monkeypatch, how):
    system = warm.copy()
    system.groups["wall"] = system.species < 3
    calls = []
    compute = BoundTersoff.add_to

    def counted(self, *arguments):
        calls.append(arguments[-1])
        compute(self, *arguments)

    monkeypatch.setattr(BoundTersoff, "add_to", counted)
    groups = {how: ("wall",)}
    held = run(system, potential, Respa(0.002, 4), 30, **groups)
    assert len(calls) == 2  # for the first configuration, and for the last
    assert all(calls)
    plain = run(system, potential, VelocityVerlet(0.002), 30, **groups)
    assert bits(held) == bits(plain)  # nothing is left for inner steps
    monkeypatch.setattr(Evaluator, "terms_within", lambda *_: [])
    whole = run(system, potential, VelocityVerlet(0.002), 30, **groups)
    assert held.result.energy == pytest.approx(whole.result.energy, abs=1e-10)
    if how == "frozen":
        assert held.system.positions.tobytes() == whole.system.positions.tobytes()
    else:  # the forces inside a body cancel up to rounding
        assert np.abs(held.system.positions - whole.system.positions).max() < 1e-10
        assert np.abs(held.system.velocities - whole.system.velocities).max() < 1e-9


# ------------------------------------------------------------------------------------------ refusals
def test_stages_that_cannot_be_split(warm, potential):
    system = warm.copy()
    system.groups["half"] = (system.species < 3) & (np.arange(system.n_atoms) % 2 == 0)
    stage = Stage("p", Respa(0.004, 8), 10, rigid=("half",))
    evaluator = potential.bind(system.species_names)
    found = list(model_faults(system, evaluator, [Stage("q", VelocityVerlet(0.001), 10), stage]))
    assert [index for index, _ in found] == [1]
    assert "are in rigid bodies, which move at the long step" in str(found[0][1])
    with pytest.raises(InputError, match=r"no term of the model .* bonds atoms that are there"):
        Simulation(crystal(2), lennard_jones(), [Stage("p", Respa(0.004, 8), 10)])
    with pytest.raises(InputError, match="There are 0 inner steps"):
        Respa(0.004, 0)


# ------------------------------------------------------------------------------------------ long runs
def temperatures(simulation, steps, every=5):
    """Return the temperatures of wall and metal [K] while a simulation runs, and its conserved energy [eV]."""
    system, samples = simulation.system, []
    wall = system.species < 3
    for _ in range(steps // every):
        simulation.run(every)
        parts = [2.0 * system.kinetic_energy(mask) / (3.0 * mask.sum() * K_B) for mask in (wall, ~wall)]
        samples.append((*parts, simulation.conserved_energy))
    return np.array(samples).T


def mean_and_error(series):
    """Return the mean and its standard error from ten blocks."""
    blocks = series[: len(series) // 10 * 10].reshape(10, -1).mean(axis=1)
    return blocks.mean(), blocks.std(ddof=1) / np.sqrt(10.0)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Langevin, Bussi])
def test_wall_and_metal_have_the_temperature_of_the_bath(warm, potential, kind):
    """16 ps, 4 and 0.5 fs; within four standard errors of ten blocks of 1.6 ps, of which none is above 8 %."""
    stages = [
        Stage("warm", Respa(0.004, 8, Langevin(350.0, 0.05)), 500),
        Stage("produce", Respa(0.004, 8, kind(350.0, 0.05)), 10**6),
    ]
    simulation = Simulation(warm.copy(), potential, stages, seed=3, threads=1)
    simulation.run(500)
    for series in temperatures(simulation, 4000)[:2]:
        mean, error = mean_and_error(series)
        assert abs(mean - 350.0) < 4.0 * error + (0.0 if kind is Langevin else 350.0 / len(warm.positions))
        assert error < 0.08 * 350.0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nve", "nose-hoover", "nose-hoover mtk"])
def test_the_conserved_energy_does_not_drift(potential, name):
    """12 ps of 310 atoms of NaK on a doped sheet, 4 and 0.5 fs: below 0.05 kT/ns for each degree of freedom."""
    _, system, _ = make_plan(sheet_in_metal()).require()
    thermostat, barostat = ENSEMBLES[name]()
    if barostat is not None:
        barostat = MTK(0.0, "z", 1.0)
    stages = [
        Stage("relax", Fire(0.3), 200, kind="relax"),
        Stage("warm", Respa(0.004, 8, Langevin(450.0, 0.1)), 500, initial_temperature=450.0),
        Stage("produce", Respa(0.004, 8, thermostat, barostat), 10**6),
    ]
    simulation = Simulation(system, potential, stages, seed=3, threads=1)
    simulation.run(700)
    energy = temperatures(simulation, 3000)[2]
    drift = (energy[-100:].mean() - energy[:100].mean()) / (0.004 * 2500)  # eV/ps
    assert abs(drift) < 0.05e-3 * K_B * 450.0 * 3 * system.n_atoms
