"""Deposition: parked atoms change nothing, arrivals are booked, and runs resume to the bit."""

import numpy as np
import pytest
from calculators import SODIUM, Bare

from nakmd.cell import Cell
from nakmd.errors import InputError, ModelError, RunError
from nakmd.integrators import Bussi, Deposit, Langevin, VelocityVerlet
from nakmd.potentials import External, LennardJones, load
from nakmd.simulation import Simulation, Stage, ThermoLog
from nakmd.structures import crystal, nanotube, park
from nakmd.system import System
from nakmd.units import ACCELERATION

METAL = {"epsilon": 0.15, "sigma": 3.4, "cutoff": 7.0}
PAIR = LennardJones({("K", "K"): METAL, ("K", "Na"): METAL, ("Na", "Na"): METAL})


def slab(vacuum=30.0, repeats=3, element="K"):
    """A bcc (100) slab in vacuum: two layers are the group "bottom", the next two the group "bath"."""
    block = crystal(element, repeats)
    matrix = block.cell.matrix.copy()
    matrix[2, 2] += vacuum
    heights = block.positions[:, 2]
    layer = np.floor(heights / (0.5 * block.cell.lengths[2] / repeats) + 0.5)
    groups = {"bottom": layer < 2, "bath": (layer >= 2) & (layer < 4)}
    return System(
        block.positions,
        block.species,
        block.species_names,
        Cell(matrix, (True, True, False)),
        groups=groups,
    )


def deposition(count=4, every=60, thermostat=True, **deposit):
    bath = Langevin(200.0, 0.5, "bath") if thermostat else None
    return Stage(
        "deposit", VelocityVerlet(0.004, bath), count * every, "deposit", initial_temperature=200.0,
        frozen=("bottom",), deposit=Deposit(count, every, **deposit),
    )  # fmt: skip


def simulate(system, stages, potential=PAIR, **options):
    log = ThermoLog(20)
    simulation = Simulation(system, potential, stages, [log], seed=5, **options)
    simulation.run()
    return simulation, log


@pytest.mark.parametrize("thermostat", [Langevin(200.0, 0.5), Bussi(200.0, 0.2), None])
@pytest.mark.parametrize("potential", [PAIR, load("nak")], ids=["pair", "nak"])
def test_parked_atoms_change_no_bit_of_a_run(thermostat, potential):
    runs = []
    for system in (slab(), park(slab(), ["Na", "K", "Na"])):
        stage = Stage("free", VelocityVerlet(0.004, thermostat), 120, initial_temperature=200.0)
        runs.append(simulate(system, [stage], potential))
    (bare, bare_log), (parked, parked_log) = runs
    n = bare.system.n_atoms
    assert np.array_equal(parked.system.positions[:n], bare.system.positions)
    assert np.array_equal(parked.system.velocities[:n], bare.system.velocities)
    assert np.array_equal(parked.result.forces[:n], bare.result.forces)
    assert not parked.result.forces[n:].any()
    assert not parked.system.velocities[n:].any()
    for name in ("temperature", "pressure_xx", "density"):
        assert parked_log.column(name) == bare_log.column(name)
    assert parked_log.column("potential_energy") == pytest.approx(bare_log.column("potential_energy"), abs=1e-12)


def test_atoms_arrive_in_their_order_with_their_energy_and_stick():
    system = park(slab(), ["Na", "K", "Na", "K"])
    n = slab().n_atoms
    energies = []
    simulation = Simulation(system, PAIR, [deposition(4, 300, energy=0.2, angle=30.0)], seed=5)
    for arrivals in range(1, 5):
        simulation.run(1)
        new = n + arrivals - 1
        velocity = system.velocities[new]
        assert system.present[: new + 1].all()
        assert not system.present[new + 1 :].any()
        energies.append(0.5 * system.masses[new] * velocity @ velocity / ACCELERATION)
        assert -velocity[2] == pytest.approx(np.linalg.norm(velocity) * np.cos(np.radians(30.0)), rel=1e-12)
        assert system.positions[new, 2] > system.positions[:new, 2].max() + 7.9  # 1 Å beyond the cutoff
        simulation.run(299)
    assert energies == pytest.approx([0.2] * 4, rel=1e-12)
    report = simulation.reports[0] if simulation.run() else None
    assert (report.arrived, report.evaporated) == (4, 0)


def test_the_energy_of_arrivals_and_of_the_bath_is_booked():
    system = park(slab(), ["Na", "K"] * 3)
    _, log = simulate(system, [deposition(6, 250)], load("nak"))
    conserved, work = np.array(log.column("conserved")), np.array(log.column("arrival_work"))
    # an arrival brings its kinetic energy, and beyond the cutoff no other
    assert work[-1] == pytest.approx(6 * 0.1, abs=1e-9)
    assert np.ptp(conserved) < 0.01 * 0.1 * 6  # the error of the integration, 1 % of the energy that arrives
    assert log.column("arrived")[-1] == 6


def test_arrivals_resume_to_the_bit_on_any_number_of_threads():
    def run(threads, stops):
        states = []
        system = park(slab(45.0), ["Na", "K"] * 10)
        stages = [deposition(20, 100, energy=0.5), Stage("after", VelocityVerlet(0.004), 40, frozen=("bottom",))]
        simulation = Simulation(system, load("nak"), stages, seed=3, threads=threads, save=states.append)
        for stop in stops:
            simulation.run(stop)
            system = park(slab(45.0), ["Na", "K"] * 10)
            simulation = Simulation(system, load("nak"), stages, seed=3, threads=threads, save=states.append)
            simulation.restore(states[-1])
        simulation.run()
        return system, simulation

    whole, _ = run(1, [])
    resumed, simulation = run(2, [7, 93, 1, 1, 1200])
    assert np.array_equal(resumed.positions, whole.positions)
    assert np.array_equal(resumed.velocities, whole.velocities)
    assert simulation.reports[0].arrived == 20


def test_an_atom_that_leaves_is_parked_and_counted():
    system = park(slab(), ["Na"])
    system.positions[0] = slab().positions[:, 2].max() * np.array([0.0, 0.0, 1.0]) + [3.0, 3.0, 12.0]
    stages = [
        deposition(1, 200, thermostat=False),
        Stage("after", VelocityVerlet(0.004), 60, frozen=("bottom",)),
    ]
    simulation = Simulation(system, PAIR, stages, seed=5)
    simulation.run(40)
    before = simulation.conserved_energy
    free = int(np.flatnonzero(~system.groups["bottom"])[-1])
    system.positions[free] = [5.0, 5.0, 32.0]  # beyond the reach of the others, and moving away
    system.velocities[free] = [0.0, 0.0, 3.0]
    simulation.neighbors.invalidate()
    simulation.run(40)
    assert not system.present[free]
    assert not system.velocities[free].any()
    assert simulation.thermo_row()["evaporated"] == 1
    assert np.isfinite(before)


def test_a_run_goes_on_when_all_that_had_arrived_has_left():
    bare = slab(vacuum=40.0)
    system = park(bare, ["Na", "Na"])
    bath = Langevin(200.0, 0.5, "deposited")
    stage = Stage(
        "deposit", VelocityVerlet(0.004, bath), 80, initial_temperature=200.0, frozen=("bottom", "bath", "top"),
        deposit=Deposit(2, 40),
    )  # fmt: skip
    system.groups["top"] = ~(system.groups["bottom"] | system.groups["bath"] | system.groups["deposited"])
    simulation = Simulation(system, PAIR, [stage], seed=5)
    simulation.run(10)
    (first, second) = np.flatnonzero(system.groups["deposited"])
    system.positions[first], system.velocities[first] = [3.0, 3.0, 45.0], [0.0, 0.0, 3.0]
    simulation.neighbors.invalidate()
    simulation.run(30)
    assert not system.present[first]
    simulation.run()
    assert system.present[second]
    assert simulation.reports[0].free_temperature > 0.0


def test_a_pair_that_leaves_is_no_surface_and_is_parked():
    system = park(slab(vacuum=40.0), ["Na", "Na"])
    stage = deposition(2, 40, thermostat=False)
    simulation = Simulation(system, PAIR, [stage], seed=5)
    simulation.run(30)
    top = float(slab().positions[:, 2].max())
    pair = np.flatnonzero(~system.groups["bottom"] & system.present)[-3:-1]
    system.positions[pair] = [[3.0, 3.0, 45.0], [6.6, 3.0, 45.0]]  # they touch, at less than the first shell of K
    system.velocities[pair] = [0.0, 0.0, 1.0]
    simulation.neighbors.invalidate()
    simulation.run(30)
    assert not system.present[pair].any()
    assert simulation.thermo_row()["evaporated"] == 2
    second = np.flatnonzero(system.groups["deposited"])[1]  # has arrived above the slab, and not above the pair
    assert top + 4.0 < system.positions[second, 2] < top + 9.0


@pytest.mark.parametrize("along", ["x", "y", "z"])
def test_atoms_arrive_around_a_tube(along):
    tube = nanotube(10, 10, length=60.0, vacuum=20.0, axis=along)
    system = park(tube, ["K"] * 4)
    weak = {"epsilon": 0.01, "sigma": 3.2, "cutoff": 5.0}
    far = LennardJones({("C", "C"): METAL | {"cutoff": 1.0}, ("C", "K"): weak, ("K", "K"): METAL | {"cutoff": 5.0}})
    arrival = Deposit(4, 1, height=6.0, side="around")
    simulate(system, [Stage("deposit", VelocityVerlet(0.002), 4, "deposit", frozen=("tube",), deposit=arrival)], far)
    across = [c for c in range(3) if "xyz"[c] != along]
    axis = tube.positions[:, across].mean(axis=0)
    offsets = system.positions[tube.n_atoms :][:, across] - axis
    radius = np.hypot(*(tube.positions[0, across] - axis))
    assert np.hypot(*offsets.T) == pytest.approx(radius + 6.0, abs=0.1)  # 4 steps of 2 fs towards the wall
    velocities = system.velocities[tube.n_atoms :]
    assert np.all(np.einsum("ac,ac->a", velocities[:, across], offsets) < 0.0)
    assert np.abs(velocities[:, "xyz".index(along)]).max() < 1e-9
    assert len(np.unique(np.round(np.arctan2(*offsets.T), 3))) == 4


def test_the_free_atoms_have_a_temperature_of_their_own():
    system = park(slab(), ["K"] * 3)
    hot = Stage(
        "deposit", VelocityVerlet(0.004, Langevin(100.0, 0.1, "bath")), 120, "deposit", initial_temperature=100.0,
        frozen=("bottom",), deposit=Deposit(3, 40, energy=3.0),
    )  # fmt: skip
    simulation, _ = simulate(system, [hot])
    free = ~(system.groups["bath"] | system.groups["bottom"])
    velocities = system.velocities[free]
    energy = 0.5 * np.sum(system.masses[free, None] * velocities**2) / ACCELERATION
    boltzmann = 8.617333262e-5
    assert simulation.thermo_row()["free_temperature"] == pytest.approx(
        2 * energy / (3 * free.sum() * boltzmann), rel=1e-6
    )
    assert simulation.reports[0].free_temperature > 150.0  # three atoms of 3 eV


def test_a_calculator_that_fails_when_an_atom_arrives_leaves_the_step_before_it():
    """Nobody has arrived in the checkpoint, and the resumed run has the bits of one that never failed."""
    stages = [deposition(2, 6)]

    def start(**fault):
        model = Bare(**fault, **SODIUM)
        saved = []
        system = park(slab(40.0, 2), ["K", "K"])
        return Simulation(system, External(model), stages, seed=3, threads=1, save=saved.append), model, saved

    whole, model, _ = start()
    whole.run(6)  # atoms arrive after the steps 1 and 7
    before, calls = whole.state(), model.calls
    whole.run(1)
    assert model.calls == calls + 2  # forces are computed again with the atom that arrived
    failing, _, saved = start(fails_at=model.calls)
    with pytest.raises(ModelError, match=r"Step 7, .* The checkpoint is of step 6\.$"):
        failing.run()
    assert saved[-1]["step"] == 6
    assert saved[-1]["arrivals"] == before["arrivals"]
    assert saved[-1]["arrivals"]["arrived"] == 1
    np.testing.assert_array_equal(saved[-1]["present"], before["present"])
    resumed, _, _ = start()
    resumed.restore(saved[-1])
    resumed.run()
    whole.run()
    np.testing.assert_array_equal(resumed.system.positions, whole.system.positions)
    assert resumed.state()["arrivals"] == whole.state()["arrivals"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Deposit(0, 10), "count >= 1"),
        (lambda: Deposit(1, 10, energy=0.0), "must be positive"),
        (lambda: Deposit(1, 10, angle=90.0), "below 90°"),
        (lambda: Deposit(1, 10, height=-1.0), "height must be positive"),
        (lambda: Deposit(1, 10, side="below"), "'above', 'around'"),
        (lambda: Simulation(slab(), PAIR, [deposition()]), "none is parked"),
        (
            lambda: Simulation(park(slab(), ["K"]), PAIR, [deposition()]),
            "and 1 are left of those to come",
        ),
        (lambda: Simulation(park(slab(10.0), ["K"] * 4), PAIR, [deposition()]), "Make the vacuum larger"),
        (lambda: Simulation(park(slab(), ["K"] * 4), PAIR, [deposition(side="around")]), "the structure has none"),
    ],
)
def test_a_deposition_that_cannot_work_is_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()


def test_atoms_that_arrive_cannot_be_held():
    system = park(slab(), ["K"])
    stage = Stage("deposit", VelocityVerlet(0.004), 10, frozen=("K",), deposit=Deposit(1, 10))
    with pytest.raises(InputError, match="could not arrive"):
        Simulation(system, PAIR, [stage])


def test_a_surface_that_has_grown_to_the_face_ends_the_run():
    system = park(slab(17.0), ["K"] * 3)
    simulation = Simulation(system, PAIR, [deposition(3, 40)], seed=1)
    simulation.run(10)
    mast = slab().n_atoms - np.array([2, 4, 6])  # atoms that touch, from an atom of the slab to where no room is left
    system.positions[mast] = [[13.32, 13.32, height] for height in (17.5, 21.5, 25.5)]
    simulation.neighbors.invalidate()
    with pytest.raises(RunError, match="no room for arrival 2"):
        simulation.run()
