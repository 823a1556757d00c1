"""`nakmd.potentials.External`: any ASE calculator as a potential, alone and in a sum."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones as LennardJonesOfASE
from ase.calculators.morse import MorsePotential
from calculators import SODIUM, Bare, Counted, Matrix, Spring
from small_decks import ENVIRONMENT

from nakmd.ase import NakMD
from nakmd.cell import Cell
from nakmd.errors import InputError, ModelError
from nakmd.integrators import Fire, VelocityVerlet
from nakmd.potentials import External, Hybrid, LennardJones, evaluate
from nakmd.simulation import Simulation, Stage
from nakmd.system import System

#: Energies of both programs differ by the order of their sums.
ROUNDING = 1e-9


def liquid(n=5, spacing=3.8, seed=1):
    grid = np.stack(np.meshgrid(*[np.arange(n) * spacing] * 3), axis=-1).reshape(-1, 3)
    positions = grid + 0.2 * np.random.default_rng(seed).standard_normal(grid.shape)
    return System(positions, np.arange(len(grid)) % 2, ["Na", "K"], Cell([n * spacing] * 3))


def lennard_jones(cutoff=8.0):
    return LennardJones({(a, b): {"epsilon": 0.02, "sigma": 3.4, "cutoff": cutoff, "cut": "shift"}
                         for a, b in (("Na", "Na"), ("Na", "K"), ("K", "K"))})  # fmt: skip


def of_ase(**more):
    return External(LennardJonesOfASE(epsilon=0.02, sigma=3.4, rc=8.0), **more)


def test_a_calculator_of_the_same_formula_equals_ours():
    """Two programs, one formula (shifted Lennard-Jones): energies per atom, forces and virial."""
    system = liquid()
    ours, theirs = evaluate(lennard_jones(), system), evaluate(of_ase(), system)
    np.testing.assert_allclose(theirs.energies, ours.energies, atol=ROUNDING)
    np.testing.assert_allclose(theirs.forces, ours.forces, atol=ROUNDING)
    np.testing.assert_allclose(theirs.virial, ours.virial, atol=ROUNDING)
    assert theirs.energy == pytest.approx(ours.energy, abs=ROUNDING)
    assert theirs.undivided is None


def test_a_correction_is_added_and_a_pair_twice_refused():
    system = liquid()
    once, correction = evaluate(lennard_jones(), system), of_ase(add=True)
    both = Hybrid([lennard_jones(), correction])
    twice = evaluate(both, system)
    assert twice.energy == pytest.approx(2.0 * once.energy, abs=ROUNDING)
    np.testing.assert_allclose(twice.forces, 2.0 * once.forces, atol=ROUNDING)
    assert both.coverage(["Na"]) == [("Na", "Na", "lennardjones + LennardJones")]
    for terms in ([lennard_jones(), of_ase()], [of_ase(), of_ase()]):
        with pytest.raises(InputError, match="add = true"):
            Hybrid(terms)
    replacing = LennardJones({("Na", "Na"): {"epsilon": 1.0, "sigma": 2.0, "cutoff": 5.0}}, replace=True)
    with pytest.raises(InputError, match="cannot replace pairs of LennardJones"):
        Hybrid([of_ase(), replacing])


def test_it_sees_only_its_species():
    """K by a calculator and nothing else: the forces on Na are zero, those on K as without Na."""
    system = liquid()
    potassium = system.species == 1
    model = Hybrid([of_ase(species=["K"])], none=[("Na", "Na"), ("Na", "K")])
    found = evaluate(model, system)
    alone = System(system.positions[potassium], np.zeros(potassium.sum(), dtype=int), ["K"], system.cell)
    expected = evaluate(lennard_jones(), alone)
    assert np.all(found.forces[~potassium] == 0.0)
    np.testing.assert_allclose(found.forces[potassium], expected.forces, atol=ROUNDING)
    assert found.energy == pytest.approx(expected.energy, abs=ROUNDING)
    assert model.coverage(["K", "Na"])[0] == ("K", "K", "LennardJones")


def test_what_the_calculator_lacks_is_absent():
    """Without stress and energies of the atoms there are none, in the sum neither: never zeros."""
    system = liquid(3)
    model = Hybrid([lennard_jones(4.0), External(Spring(), add=True)])
    found = evaluate(model, system)
    assert np.all(np.isnan(found.energies))
    assert np.all(np.isnan(found.virial))
    spring = 0.5 * float(np.sum(system.positions[0] ** 2))
    assert found.energy == pytest.approx(evaluate(lennard_jones(4.0), system).energy + spring, abs=ROUNDING)
    assert not model.bind(system.species_names).has_pair_energies
    from ase import Atoms
    from ase.calculators.calculator import PropertyNotImplementedError

    atoms = Atoms("Na2", [[0, 0, 0], [0, 0, 3.7]], cell=[20.0] * 3, pbc=True)
    atoms.calc = NakMD(External(Bare(**SODIUM)))
    assert atoms.get_potential_energy() == pytest.approx(-0.06, abs=1e-12)  # the depth, at the minimum
    for lacking in (atoms.get_stress, atoms.get_potential_energies):
        with pytest.raises(PropertyNotImplementedError):
            lacking()


def test_a_stress_as_a_matrix_is_that_of_its_six_components():
    system = liquid(3)
    found, expected = (evaluate(External(kind(**SODIUM)), system) for kind in (Matrix, MorsePotential))
    assert np.ptp(expected.virial) > 0.1
    np.testing.assert_allclose(found.virial, expected.virial, atol=1e-13)  # a mean of two equal numbers
    with pytest.raises(ModelError, match="gave stress"):
        evaluate(External(Matrix(words=True, **SODIUM)), system)


def test_one_call_gives_energy_forces_and_virial():
    system, model = liquid(3), External(Counted(**SODIUM))
    Counted.asked.clear()
    stage = Stage("produce", VelocityVerlet(0.001), steps=10, initial_temperature=300.0)
    simulation = Simulation(system, model, [stage], seed=1, threads=1)
    simulation.run()
    assert Counted.asked == [("energy", "forces", "stress")] * 11
    simulation.thermo_row()
    simulation.state()
    assert len(Counted.asked) == 11


def test_constant_energy_and_relaxation_with_emt():
    """Copper by effective-medium theory, NVE at 2 fs: the sum changes by less than 1 % of its parts; FIRE lowers it."""
    cell = 2 * 3.6
    fcc = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]) * 1.8
    grid = np.array(list(np.ndindex(2, 2, 2))) * 3.6
    system = System((grid[:, None] + fcc).reshape(-1, 3), np.zeros(32, dtype=int), ["Cu"], Cell([cell] * 3))
    energies, kinetic = [], []
    simulation = Simulation(
        system, External(EMT()), [Stage("nve", VelocityVerlet(0.002), 30, initial_temperature=600.0)], seed=2, threads=1
    )
    for _ in range(5):
        simulation.run(6)
        energies.append(simulation.conserved_energy)
        kinetic.append(simulation.kinetic_energy)
    assert np.ptp(kinetic) > 0.1
    assert np.ptp(energies) < 1e-2 * np.ptp(kinetic)
    before = evaluate(simulation.potential, system).energy
    Simulation(system, External(EMT()), [Stage("relax", Fire(0.01), 15, kind="relax")], threads=1).run()
    assert evaluate(simulation.potential, system).energy < before - 0.1


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("error", "ValueError: SCF not converged in 250 cycles"), ("nan", "not finite for atom 0"),
        ("shape", r"shape \(2, 3\) instead of \(27, 3\)"), ("words", "are no numbers"), ("nothing", "gave no forces"),
    ],
)  # fmt: skip
def test_a_failure_is_an_error_of_the_model_and_leaves_the_last_step(how, said):
    saved = []
    stage = Stage("melt", VelocityVerlet(0.001), steps=20, initial_temperature=300.0)
    whole = Simulation(liquid(3), External(Bare(**SODIUM)), [stage], seed=1, threads=1)
    whole.run(6)
    failing = Simulation(
        liquid(3), External(Bare(fails_at=8, how=how, **SODIUM)), [stage], seed=1, threads=1, save=saved.append
    )
    with pytest.raises(ModelError, match=rf"Step 7, stage 'melt': Bare .*{said}.* The checkpoint is of step 6\.$"):
        failing.run()
    assert saved[-1]["step"] == 6
    for name in ("positions", "velocities", "forces"):
        np.testing.assert_array_equal(saved[-1][name], whole.state()[name])
    resumed = Simulation(liquid(3), External(Bare(**SODIUM)), [stage], seed=1, threads=1)
    resumed.restore(saved[-1])
    resumed.run()
    whole.run()
    np.testing.assert_array_equal(resumed.system.positions, whole.system.positions)


def test_a_barostat_needs_a_stress():
    from nakmd.integrators import Bussi, CellRescaling

    stage = Stage("npt", VelocityVerlet(0.001, Bussi(300.0), CellRescaling(0.0)), 12, initial_temperature=300.0)
    with pytest.raises(InputError, match=r"Stage 'npt': the barostat \(cell rescaling\) .* Bare computes no stress"):
        Simulation(liquid(3), External(Bare(**SODIUM)), [stage], threads=1)
    system = liquid(3)
    assert Simulation(system, External(MorsePotential(**SODIUM)), [stage], threads=1).run().value == "finished"
    assert system.cell.volume != pytest.approx(11.4**3, rel=1e-9)


def test_description_pickle_and_copy():
    """The description names package, version and parameters; a potential made by words can be pickled."""
    import ase

    model = External.from_factory("ase.calculators.morse:MorsePotential", SODIUM)
    description = model.describe()
    assert (description["package"], description["version"]) == ("ase", ase.__version__)
    assert description["calculator"] == "ase.calculators.morse.MorsePotential"
    assert description["parameters"].items() >= SODIUM.items()
    assert description == pickle.loads(pickle.dumps(model)).describe()
    assert description != External.from_factory("ase.calculators.morse:MorsePotential", {"epsilon": 1.0}).describe()
    system = liquid(3)
    energies = {evaluate(m, system).energy for m in (model, copy.copy(model), pickle.loads(pickle.dumps(model)))}
    assert len(energies) == 1
    with pytest.raises(InputError, match="double precision only"):
        model.with_precision("mixed")


@pytest.mark.parametrize(
    ("factory", "arguments", "said"),
    [
        ("EMT", {}, "not a module and what makes"), ("ase.calculators.nothing:EMT", {}, "cannot be imported"),
        ("no_such_package:EMT", {}, "Install its package"), ("ase.calculators.emt:EMTT", {}, 'Did you mean "EMT"'),
        ("calculators:Spring", {"mass": 3}, "made no calculator"), ("calculators:no_calculator", {}, "no ASE calc"),
    ],
)  # fmt: skip
def test_a_factory_that_makes_no_calculator_is_bad_input(factory, arguments, said):
    with pytest.raises(InputError, match=said):
        External.from_factory(factory, arguments)


def test_what_is_no_calculator_is_refused():
    for wrong in (3, EMT, object()):
        with pytest.raises(InputError, match="no ASE calculator"):
            External(wrong)
    with pytest.raises(InputError, match="species is empty"):
        External(EMT(), species=[])


def test_ase_is_not_imported_for_other_models():
    """The command line starts without ASE's atoms: `External` imports them when it is used."""
    code = "import sys, nakmd.potentials; sys.exit('ase.atoms' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, check=False).returncode == 0
