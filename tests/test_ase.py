"""The ASE calculator: units, signs, cells of any kind, site labels."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, graphene, molecule, nanotube
from ase.calculators.calculator import PropertyNotImplementedError
from ase.calculators.fd import calculate_numerical_forces, calculate_numerical_stress
from ase.calculators.lj import LennardJones as ASELennardJones

from nakmd.ase import NakMD
from nakmd.errors import CoverageError, InputError
from nakmd.io.ase_atoms import from_atoms
from nakmd.potentials import LennardJones, evaluate
from nakmd.potentials.library import load

# central differences with steps of 1e-4 Å and 1e-5: error h² F''' and rounding 1e-13 E / h
FORCE_TOLERANCE = 1e-6
STRESS_TOLERANCE = 1e-8


@pytest.fixture
def alloy() -> Atoms:
    atoms = bulk("K", "bcc", a=5.2, cubic=True) * (3, 3, 3)
    atoms.symbols[::3] = "Na"
    atoms.rattle(0.2, seed=1)
    atoms.set_cell(atoms.cell @ np.array([[1.0, 0.05, 0.0], [0.0, 1.0, -0.03], [0.02, 0.0, 1.0]]), scale_atoms=True)
    atoms.calc = NakMD(load("nak"))
    return atoms


def test_forces_and_stress_are_derivatives(alloy):
    np.testing.assert_allclose(
        alloy.get_forces()[:4], calculate_numerical_forces(alloy, eps=1e-4, iatoms=range(4)), atol=FORCE_TOLERANCE
    )
    np.testing.assert_allclose(alloy.get_stress(), calculate_numerical_stress(alloy, eps=1e-5), atol=STRESS_TOLERANCE)


def test_all_properties(alloy):
    energy = alloy.get_potential_energy()
    assert alloy.get_potential_energy(force_consistent=True) == energy
    assert alloy.get_potential_energies().sum() == pytest.approx(energy, rel=1e-14)
    assert alloy.get_stress().shape == (6,)
    direct = evaluate(load("nak"), from_atoms(alloy))
    assert energy == pytest.approx(direct.energy, rel=1e-13)
    np.testing.assert_allclose(alloy.get_forces(), direct.forces, atol=1e-12)


def test_stresses_of_atoms_sum_to_the_stress(alloy):
    """As in ASE's own calculators all atoms share the volume of the cell; they are computed on request only."""
    stress = alloy.get_stress()
    assert "stresses" not in alloy.calc.results
    stresses = alloy.get_stresses()
    assert stresses.shape == (len(alloy), 6)
    np.testing.assert_allclose(stresses.sum(axis=0), stress, atol=1e-13 * np.abs(stresses).sum())
    assert np.array_equal(alloy.get_stresses(voigt=False)[:, 1, 2], stresses[:, 3])


def test_stresses_equal_those_of_ase_for_a_pair_potential():
    """LennardJones of ASE, unshifted and shifted alike: the virial has no shift."""
    atoms = bulk("Ar", "fcc", a=5.3, cubic=True) * (2, 2, 2)
    atoms.rattle(0.3, seed=2)
    atoms.calc = NakMD(LennardJones({("Ar", "Ar"): {"epsilon": 0.0104, "sigma": 3.4, "cutoff": 5.0}}))
    mine = atoms.get_stresses()
    atoms.calc = ASELennardJones(epsilon=0.0104, sigma=3.4, rc=5.0)
    np.testing.assert_allclose(mine, atoms.get_stresses(), atol=1e-12 * np.abs(mine).max())


def test_stress_is_negative_under_compression():
    atoms = bulk("Na", "bcc", a=4.2906 * 0.97)
    atoms.calc = NakMD(load("nak"))
    stress = atoms.get_stress()
    assert np.all(stress[:3] < -1e-4)
    atoms.set_cell(atoms.cell * 1.06, scale_atoms=True)
    assert np.all(atoms.get_stress()[:3] > 1e-4)


def test_atoms_without_a_cell_and_with_a_partial_cell():
    dimer = Atoms("NaK", [[0, 0, 0], [0, 0, 3.8]])
    dimer.calc = NakMD(load("nak"))
    alone = dimer.get_potential_energy()
    assert dimer.get_forces()[0] == pytest.approx(-dimer.get_forces()[1])
    with pytest.raises(PropertyNotImplementedError):
        dimer.get_stress()
    with pytest.raises(PropertyNotImplementedError):
        dimer.get_stresses()
    far = Atoms("NaK", [[0, 0, 0], [0, 0, 3.8]], cell=[30, 30, 30], pbc=True)
    far.calc = NakMD(load("nak"))
    assert far.get_potential_energy() == pytest.approx(alone, rel=1e-13)
    wire = nanotube(5, 5, length=4)
    wire.pbc = [False, False, True]
    wire.cell[0] = wire.cell[1] = 0.0
    wire.calc = NakMD(load("cn"))
    padded = nanotube(5, 5, length=4, vacuum=15.0)
    padded.calc = NakMD(load("cn"))
    assert wire.get_potential_energy() == pytest.approx(padded.get_potential_energy(), rel=1e-13)


def test_a_left_handed_cell_is_the_same_crystal(alloy):
    energy, stress = alloy.get_potential_energy(), alloy.get_stress()
    mirrored = alloy.copy()
    mirrored.set_cell(alloy.cell[[1, 0, 2]])
    mirrored.calc = NakMD(load("nak"))
    assert mirrored.get_potential_energy() == pytest.approx(energy, rel=1e-12)
    np.testing.assert_allclose(mirrored.get_stress(), stress, atol=1e-12)


def test_moving_swapping_and_wrapping_update_the_energy(alloy):
    calculator = alloy.calc
    energy = alloy.get_potential_energy()
    alloy.positions[0] += 0.05
    moved = alloy.get_potential_energy()
    assert moved != energy
    alloy.positions[0] -= 0.05
    assert alloy.get_potential_energy() == pytest.approx(energy, rel=1e-13)
    alloy.wrap()
    assert alloy.get_potential_energy() == pytest.approx(energy, rel=1e-12)
    alloy.symbols[0] = "K"
    assert alloy.get_potential_energy() != pytest.approx(energy, rel=1e-6)
    other = bulk("Na", "bcc", a=4.2906)
    other.calc = calculator
    fresh = NakMD("nak").get_potential_energy(other)
    assert other.get_potential_energy() == pytest.approx(fresh, rel=1e-13)


def test_two_calculators_can_share_a_potential():
    potential = load("nak")
    sodium, alloy = bulk("Na", "bcc", a=4.3), bulk("K", "bcc", a=5.3, cubic=True)
    alloy.symbols[0] = "Na"
    sodium.calc, alloy.calc = NakMD(potential), NakMD(potential)
    first = sodium.get_potential_energy()
    mixed = alloy.get_potential_energy()
    sodium.positions += 0.01
    assert sodium.get_potential_energy() == pytest.approx(first, rel=1e-12)
    alloy.positions += 0.01
    assert alloy.get_potential_energy() == pytest.approx(mixed, rel=1e-12)


@pytest.fixture
def sheet() -> Atoms:
    """Return a sheet of carbon with one nitrogen, and potassium above it; no labels."""
    sheet = graphene(size=(6, 6, 1), vacuum=12.0)
    sheet.pbc = True
    sheet.symbols[0] = "N"
    sheet.append("K")
    sheet.positions[-1] = sheet.positions[0] + [0.0, 0.0, 3.0]
    return sheet


def energies_as_nitrogen_changes(sheet, calculator, change):
    """Return the energies of one calculator, of graphitic and then of pyridinic nitrogen."""
    sheet.calc = calculator
    graphitic = sheet.get_potential_energy()
    assert not calculator.calculation_required(sheet, ["energy"])
    change()
    assert calculator.calculation_required(sheet, ["energy"])
    return [graphitic, sheet.get_potential_energy()]


def test_labels_that_change_update_the_energy(sheet):
    """ASE compares positions, cell and elements only: not arrays, not tags, not attributes of the calculator."""
    labels = {1: "graphitic", 2: "pyridinic"}
    expected = [NakMD("nak-cn", [label] + [""] * 72).get_potential_energy(sheet) for label in labels.values()]
    assert expected[0] > expected[1] + 0.1
    tags = np.zeros(73, dtype=int)
    tags[0] = 1
    sheet.set_tags(tags)
    assert energies_as_nitrogen_changes(sheet, NakMD("nak-cn", labels), lambda: sheet.set_tags(2 * tags)) == expected
    calculator = NakMD("nak-cn", {2: "graphitic"})
    assert energies_as_nitrogen_changes(sheet, calculator, lambda: calculator.labels.update(labels)) == expected
    sites = np.array(["graphitic"] + ["-"] * 72, dtype="<U9")
    sheet.set_array("site", sites)

    def relabel():
        sheet.arrays["site"][0] = "pyridinic"

    assert energies_as_nitrogen_changes(sheet, NakMD("nak-cn"), relabel) == expected


def test_a_potential_that_is_exchanged_updates_the_energy():
    atoms = bulk("Na", "bcc", a=4.3)
    atoms.calc = NakMD("nak")
    first = atoms.get_potential_energy()
    atoms.calc.potential = load("gupta-na")
    fresh = NakMD("gupta-na").get_potential_energy(atoms)
    assert atoms.get_potential_energy() == fresh
    assert abs(fresh - first) > 1e-4  # eV: two models of sodium


@pytest.mark.parametrize("none", ["-", "none", ""])
def test_entries_that_stand_for_no_label(sheet, none):
    """The same as when a structure is read (`nakmd.io.from_atoms`)."""
    labels = ["graphitic"] + [none] * 72
    listed, tagged = NakMD("nak-cn", labels), NakMD("nak-cn", {1: "graphitic", 0: none})
    sheet.set_array("site", np.array(labels))
    sheet.set_tags([1] + [0] * 72)
    names = ["N:graphitic"] + ["C"] * 71 + ["K"]
    assert listed.species_of(sheet) == tagged.species_of(sheet) == NakMD("nak-cn").species_of(sheet) == names
    system = from_atoms(sheet)
    assert [system.species_names[k] for k in system.species] == names


def test_a_failed_calculation_leaves_no_results():
    atoms = bulk("Na", "bcc", a=4.3, cubic=True)
    calculator = NakMD("nak")
    calculator.calculate(atoms)
    atoms.positions[1] = atoms.positions[0]
    with pytest.raises(InputError, match="Move them apart"):
        calculator.calculate(atoms)
    assert calculator.results == {}


def test_site_labels_from_the_array_the_tags_or_the_argument(sheet):
    with pytest.raises(CoverageError, match="N"):
        NakMD(load("nak-cn")).get_potential_energy(sheet)
    labels = ["graphitic"] + [""] * (len(sheet) - 1)
    listed = NakMD(load("nak-cn"), labels=labels).get_potential_energy(sheet)
    sheet.set_tags([1] + [0] * (len(sheet) - 1))
    tagged = NakMD(load("nak-cn"), labels={1: "graphitic"}).get_potential_energy(sheet)
    sheet.set_array("site", np.array(labels))
    from_array = NakMD(load("nak-cn")).get_potential_energy(sheet)
    assert listed == tagged == from_array
    pyridinic = NakMD(load("nak-cn"), labels={1: "pyridinic"}).get_potential_energy(sheet)
    assert pyridinic < from_array - 0.1
    with pytest.raises(InputError, match="3 entries for 73 atoms"):
        NakMD(load("nak-cn"), labels=["a", "b", "c"]).get_potential_energy(sheet)


def test_invalid_atoms_give_clear_errors():
    water = molecule("H2O")
    water.calc = NakMD(load("nak"))
    with pytest.raises(CoverageError, match="H with"):
        water.get_potential_energy()
    atoms = bulk("Na", "bcc", a=4.3)
    atoms.calc = NakMD(load("nak"))
    for _ in range(2):  # at the first call, which binds the potential, and later
        atoms.positions[0, 0] = np.nan
        with pytest.raises(InputError, match="position of atom 0 is not finite"):
            atoms.get_potential_energy()
        atoms.positions[0, 0] = 0.0
        assert np.isfinite(atoms.get_potential_energy())
