"""The ASE calculator: what it refuses, and potentials by name."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from nakmd.ase import NakMD
from nakmd.errors import InputError
from nakmd.potentials import load


@pytest.mark.parametrize("name", ["nak", "nak-cn"])
def test_a_potential_by_name(name):
    atoms = bulk("Na", "bcc", a=4.3)
    by_name, by_object = atoms.copy(), atoms.copy()
    by_name.calc, by_object.calc = NakMD(name), NakMD(load(name))
    assert by_name.get_potential_energy() == by_object.get_potential_energy()


def test_a_name_that_is_no_potential():
    with pytest.raises(InputError, match='Did you mean "nak"'):
        NakMD("nakk")
    with pytest.raises(InputError, match="not a dict"):
        NakMD({})


def test_no_atoms():
    for empty in (Atoms(), Atoms(cell=[9, 9, 9], pbc=True)):
        empty.calc = NakMD("nak")
        with pytest.raises(InputError, match="There are no atoms to compute"):
            empty.get_potential_energy()


# pairs whose energies and forces are infinite or have no direction when the distance is zero
PAIRS = ["K2", "NaK", "C2", "CK", "N2"]


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("periodic", [True, False])
def test_atoms_at_one_place_are_named(pair, periodic):
    place = [3.0, 4.0, 5.0]
    # the third atom is far from the pair; the image of the second is the same place
    positions = [[10.0, 10.0, 10.0], place, np.add(place, [20.0, 0.0, 0.0]) if periodic else place]
    atoms = Atoms("C", positions[:1], cell=[20, 20, 20], pbc=periodic)
    atoms += Atoms(pair, positions[1:])
    atoms.calc = NakMD("nak-cn")
    with pytest.raises(InputError, match=r"atoms (1 and 2|2 and 1) are 0 Å apart\. Move them apart"):
        atoms.get_forces()
    atoms.positions[2] += 3.0  # the calculator recovers
    assert np.isfinite(atoms.get_potential_energy())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_positions_and_cells_that_are_no_numbers(value):
    atoms = bulk("Na", "bcc", a=4.3, cubic=True)
    atoms.calc = NakMD("nak")
    atoms.positions[1, 2] = value
    with pytest.raises(InputError, match="The position of atom 1 is not finite"):
        atoms.get_potential_energy()
    atoms = bulk("Na", "bcc", a=4.3, cubic=True)
    atoms.calc = NakMD("nak")
    atoms.cell[2, 2] = value
    with pytest.raises(InputError, match="A cell needs 3 lengths or 3x3 vectors"):
        atoms.get_potential_energy()
