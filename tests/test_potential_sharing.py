"""One potential serves several systems, calculators, threads and processes: binding does not change it."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import configurations as made
import numpy as np
import pytest
from ase import Atoms
from laws import bits

from nakmd.ase import NakMD
from nakmd.integrators import VelocityVerlet
from nakmd.neighbors import Neighbors
from nakmd.potentials import evaluate, load
from nakmd.simulation import Simulation, Stage
from nakmd.system import Result

#: A metal, a model with every kind of term, and a bond order.
MODELS = ("nak", "nak-cn", "cn")
NAMES = {"nak": ("Na", "K"), "nak-cn": ("Na", "K"), "cn": ("C", "N")}


def systems(model):
    """Return two systems with species in opposite order, and one with the first species only."""
    a, b = NAMES[model]
    lattice = 5.0 if a == "Na" else 2.0
    return [
        made.crystal("bcc", lattice, (4, 4, 4), names, seed=seed, shake=0.1)
        for seed, names in ((1, (a, b)), (2, (b, a)), (3, (a,)))
    ]


def alone(model, system):
    """Return the bits of the result with a separate potential."""
    return bits(evaluate(load(model), system))


@pytest.mark.parametrize("model", MODELS)
def test_two_systems_in_turn(model):
    """Evaluators created in one order and used in another: each has its own tables, lists and scratch arrays."""
    shared, those = load(model), systems(model)
    evaluators = [shared.bind(system.species_names) for system in those]
    lists = [Neighbors(evaluator.requests, 0.0) for evaluator in evaluators]
    for k in (2, 0, 1, 0, 2, 1):
        result = Result(those[k].n_atoms)
        lists[k].update(those[k])
        evaluators[k].compute(those[k], lists[k], result)
        assert bits(result) == alone(model, those[k])


def test_two_simulations_step_by_step():
    """The energy of a run does not change when another run binds the same potential to other species."""

    def simulation(potential, system):
        stage = Stage("run", VelocityVerlet(0.001), 20, initial_temperature=300.0)
        return Simulation(system, potential, [stage], seed=4)

    shared = load("nak")
    pair = [simulation(shared, system) for system in systems("nak")[:2]]
    for _ in range(4):
        for one in pair:
            one.run(steps=5)
    for one, system in zip(pair, systems("nak")):
        reference = simulation(load("nak"), system)
        reference.run()
        assert one.system.positions.tobytes() == reference.system.positions.tobytes()
        assert one.result.energies.tobytes() == reference.result.energies.tobytes()


@pytest.mark.parametrize("model", MODELS)
def test_threads(model):
    """Two threads compute at the same time, each with its own evaluator; kernels release the GIL."""
    shared, those = load(model), systems(model)
    expected = [alone(model, system) for system in those]

    def work(k):
        evaluator = shared.bind(those[k].species_names)
        return [bits(evaluator.evaluate(those[k].copy())) for _ in range(20)]

    with ThreadPoolExecutor(len(those)) as pool:
        for k, found in enumerate(pool.map(work, range(len(those)))):
            assert set(found) == {expected[k]}


@pytest.mark.parametrize("model", MODELS)
def test_copies(model):
    """A pickle and a copy are the same potential, bound or not."""
    shared, (system, *_) = load(model), systems(model)
    before = pickle.loads(pickle.dumps(shared))
    evaluator = shared.bind(system.species_names)
    after, copied = pickle.loads(pickle.dumps(shared)), copy.deepcopy(shared)
    for other in (before, after, copied):
        assert bits(evaluate(other, system)) == bits(evaluator.evaluate(system))
        assert other.describe() == shared.describe()


def test_two_calculators():
    shared = load("nak")
    atoms = [Atoms([s.species_names[a] for a in s.species], s.positions, cell=s.cell.matrix, pbc=True)
             for s in systems("nak")[:2]]  # fmt: skip
    expected = []
    for one in atoms:
        one.calc = NakMD(load("nak"))
        expected.append(one.get_potential_energy())
        one.calc = NakMD(shared)
    for shift in (0.0, 1e-9, 0.0):
        for one, energy in zip(atoms, expected):
            one.positions += shift
            assert one.get_potential_energy() == pytest.approx(energy, rel=1e-10)


def test_a_potential_does_not_change():
    potential = load("nak-cn")
    for one in (potential, *potential.terms):
        with pytest.raises(AttributeError, match=r"precision of .* potentials are immutable"):
            one.precision = "mixed"
    metal = load("nak-2016").terms[0]
    with pytest.raises(AttributeError, match=f"label of {type(metal).__name__} is already set"):
        metal.label = "another"
    with pytest.raises(ValueError, match="read-only"):
        metal.A[0, 0, 0] = 1.0


def test_another_precision_is_another_potential():
    double = load("nak-cn")
    mixed = double.with_precision("mixed")
    (system, *_) = systems("nak-cn")
    assert (double.precision, mixed.precision) == ("double", "mixed")
    assert bits(evaluate(double, system)) == alone("nak-cn", system)
    found, expected = evaluate(mixed, system), evaluate(double, system)
    assert np.any(found.forces != expected.forces)
