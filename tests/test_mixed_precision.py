"""Pairs in float32: errors of forces, and all other properties as in double precision."""

import numpy as np
import pytest
from laws import bits

from nakmd.deck.force_model import Model
from nakmd.errors import InputError
from nakmd.integrators import Bussi, VelocityVerlet
from nakmd.kernels.jit import set_threads
from nakmd.neighbors import Neighbors
from nakmd.potentials import EAM, Morse, Tersoff, evaluate, load
from nakmd.potentials.forms.analytic_eam import analytic_table
from nakmd.runs.potential_builder import build_potential
from nakmd.simulation import Simulation, Stage, ThermoLog
from nakmd.structures.doping import dope
from nakmd.structures.liquid import fill, liquid
from nakmd.structures.nanotube import nanotube
from nakmd.structures.regions import outside_tube
from nakmd.system import Result
from nakmd.units import K_B


def metal():
    """Return packed liquid NaK, with closer pairs and larger forces than in equilibrium."""
    return liquid(0.67, 450.0, n_atoms=500, seed=3)


def wetted_tube():
    """Return a doped tube in NaK."""
    wall = dope(nanotube(5, 5, repeats=6, box=(28.0, 28.0)), {"graphitic": 0.05}, seed=2)
    return fill(wall, 0.67, 450.0, region=outside_tube(wall), seed=2)


def on_tables():
    """Return the tabulated model of the metal."""
    return EAM(analytic_table(load("nichol-ackland-2016", elements=["Na", "K"])))


CASES = {
    "cubics": (metal, lambda: load("nak-2016")),
    "tables": (metal, on_tables),
    "sum of terms": (wetted_tube, lambda: load("nak-cn-pair")),
    "screened": (wetted_tube, lambda: load("nak-cn")),
}


#: Cases that are slow tests: compiling their kernels in both precisions takes a minute.
MORE = ("cubics", "tables", "sum of terms")


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.slow) if name in MORE else name for name in CASES])
def case(request):
    """Return a system, its model, and the same in mixed precision."""
    build, potential = CASES[request.param]
    return build(), potential(), potential().with_precision("mixed")


def test_forces_have_the_stated_error(case):
    # A float32 has 24 bits: coordinates up to 20 Å from the centre are rounded by 1e-6 Å, forces of some eV/Å² stiff
    # pairs by some 1e-6 eV/Å, more where neighbours cancel. Five times the rms found in liquid NaK (8e-6) is allowed.
    system, double, mixed = case
    exact, found = evaluate(double, system), evaluate(mixed, system)
    scale = np.sqrt(np.mean(exact.forces**2))
    assert 0.0 < np.sqrt(np.mean((found.forces - exact.forces) ** 2)) < 4e-5 * scale
    assert abs(found.energy - exact.energy) < 1e-5 * system.n_atoms
    assert np.abs(found.virial - exact.virial).max() < 1e-4 * system.n_atoms


def test_bits_do_not_depend_on_threads(case):
    system, _, mixed = case
    evaluator = mixed.bind(system.species_names)
    neighbors = Neighbors(evaluator.requests)
    found = []
    for threads in (1, 2, 4):
        set_threads(threads)
        neighbors.invalidate()
        neighbors.update(system)
        result = Result(system.n_atoms)
        evaluator.compute(system, neighbors, result)
        found.append(bits(result))
    assert found[0] == found[1] == found[2]


def test_restored_lists_give_the_same_bits(case):
    system, _, mixed = case
    evaluator = mixed.bind(system.species_names)
    first, second = Neighbors(evaluator.requests), Neighbors(evaluator.requests)
    first.update(system)
    system.positions += np.random.default_rng(4).uniform(-0.02, 0.02, size=system.positions.shape)
    first.update(system)
    second.restore(system, first.state())
    one, two = Result(system.n_atoms), Result(system.n_atoms)
    evaluator.compute(system, first, one)
    mixed.bind(system.species_names).compute(system, second, two)
    assert bits(one) == bits(two)


def test_pair_energies_are_those_of_double_precision():
    system = wetted_tube()
    found = []
    for precision in ("double", "mixed"):
        potential = load("nak-cn").with_precision(precision)
        evaluator = potential.bind(system.species_names)
        neighbors = Neighbors(evaluator.requests)
        neighbors.update(system)
        found.append(evaluator.pair_energies(system, neighbors))
    assert found[1] == pytest.approx(found[0], rel=1e-4, abs=1e-4)


def test_the_deck_chooses():
    faults = []
    model = Model(potential="nak-cn", precision="mixed")
    potential = build_potential(model, None, lambda *fault: faults.append(fault))
    assert potential.precision == "mixed"
    assert [term.precision for term in potential.terms] == [
        "double" if isinstance(term, Tersoff) else "mixed" for term in potential.terms
    ]
    assert potential.describe()["precision"] == "mixed"
    assert not faults
    assert build_potential(Model(potential="cn", precision="mixed"), None, lambda *fault: faults.append(fault)) is None
    ((path, text),) = faults
    assert path == ("model", "precision")
    assert "double precision only" in text


def test_unsupported_precisions_are_refused():
    morse = Morse({("K", "K"): {"depth": 0.05, "alpha": 1.5, "r_0": 4.0, "cutoff": 8.0}})
    with pytest.raises(InputError, match="no precision 'half'; there are double, mixed"):
        morse.with_precision("half")
    with pytest.raises(InputError, match="no precision"):
        load("cn").with_precision("half")


def drift(precision, n_atoms, steps):
    """Return the drift of the total energy of liquid NaK at 1 fs [kT/ns per degree of freedom]."""
    potential = load("nak").with_precision(precision)
    system = liquid(0.67, 400.0, n_atoms=n_atoms, seed=5)
    heat = Stage("heat", VelocityVerlet(0.002, Bussi(400.0, 0.1)), 3000, initial_temperature=400.0)
    Simulation(system, potential, [heat], seed=5).run()
    log = ThermoLog(50)
    Simulation(system, potential, [Stage("produce", VelocityVerlet(0.001), steps)], [log]).run()
    time, energy = np.array(log.column("time")), np.array(log.column("total_energy"))
    slope = np.polyfit(time * 1e-3, energy, 1)[0]
    return slope / (K_B * np.mean(log.column("temperature")) * (3 * n_atoms - 3))


@pytest.mark.slow
def test_energy_drifts_little_in_mixed_precision():
    # rounded forces are not conservative; ten times the limit in double precision is allowed
    found = drift("mixed", 2000, 100_000)
    print(f"mixed precision: {found:.1e} kT/ns/dof")
    assert abs(found) < 1e-4
