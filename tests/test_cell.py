"""Cells: left-handed vectors, vectors of zero length, cells that are too thin. One treatment in all readers."""

import h5py
import numpy as np
import pytest
from ase import Atoms

from nakmd.ase import NakMD
from nakmd.cell import LEAST_HEIGHT, Cell, completed
from nakmd.errors import InputError
from nakmd.io import Trajectory, from_atoms, read_structure
from nakmd.potentials import evaluate, load

TRICLINIC = np.array([[9.0, 0.5, -0.3], [1.0, 10.0, 0.2], [-0.4, 2.0, 11.0]])
PERIODIC = [(True, True, True), (True, True, False), (True, False, False), (False, False, False)]


@pytest.mark.parametrize("periodic", PERIODIC)
def test_a_left_handed_cell_is_the_same_lattice(periodic):
    mirrored = TRICLINIC[[1, 0, 2]]
    cell = Cell(mirrored, periodic)
    assert cell.volume == pytest.approx(np.linalg.det(TRICLINIC), rel=1e-12)
    assert cell.periodic.tolist() == list(periodic)
    # each vector is one of those given, or its inverse if it is periodic
    for vector, repeats in zip(cell.matrix, periodic):
        same = [np.array_equal(vector, given) for given in mirrored]
        inverted = [np.array_equal(vector, -given) for given in mirrored]
        assert any(same) or (repeats and any(inverted))
    Cell(cell.matrix, periodic)


def test_a_negative_length_stays_orthorhombic():
    assert Cell([10.0, 11.0, -12.0]).matrix.tolist() == np.diag([10.0, 11.0, 12.0]).tolist()


@pytest.mark.parametrize("periodic", PERIODIC)
def test_energies_do_not_depend_on_the_handedness(periodic):
    rng = np.random.default_rng(7)
    places = np.array([[i, j, k] for i in range(3) for j in range(3) for k in range(2)]) / [3, 3, 2]
    atoms = Atoms("NaK" * 9, places @ TRICLINIC + 0.3 * rng.random((18, 3)), cell=TRICLINIC, pbc=periodic)
    atoms.calc = NakMD("nak")
    mirrored = Atoms(atoms.symbols, atoms.positions, cell=-TRICLINIC, pbc=periodic, calculator=NakMD("nak"))
    # the order of the sums differs: 18 atoms of 1 eV to 1e-12
    assert mirrored.get_potential_energy() == pytest.approx(atoms.get_potential_energy(), rel=1e-12)
    np.testing.assert_allclose(mirrored.get_forces(), atoms.get_forces(), atol=1e-12)
    np.testing.assert_allclose(mirrored.get_stress(), atoms.get_stress(), atol=1e-14)
    assert evaluate(load("nak"), from_atoms(mirrored)).energy == pytest.approx(atoms.get_potential_energy(), rel=1e-12)


def test_image_counts_refer_to_the_vectors_of_the_file(tmp_path):
    left = TRICLINIC * [[1.0], [1.0], [-1.0]]
    wrapped, images = np.array([[1.0, 2.0, -3.0], [4.0, 5.0, -6.0]]), np.array([[0, 1, 2], [-1, 0, -3]])
    atoms = Atoms("K2", wrapped, cell=left, pbc=True)
    atoms.set_array("image", images)
    np.testing.assert_allclose(from_atoms(atoms).positions, wrapped + images @ left, rtol=1e-14)
    with h5py.File(tmp_path / "left.h5md", "w") as file:
        file.create_group("h5md").attrs["version"] = [1, 1]
        group = file.create_group("particles/all")
        group.create_group("box").attrs["boundary"] = ["periodic"] * 3
        group["box/edges"] = left
        group["position/value"], group["position/step"], group["position/time"] = wrapped[None], [0], [0.0]
        group["position/value"].attrs["unit"], group["position/time"].attrs["unit"] = "Angstrom", "ps"
        group["image/value"], group["species"] = images[None], [19, 19]
    with Trajectory(tmp_path / "left.h5md") as trajectory:
        np.testing.assert_allclose(trajectory[0].unwrapped, wrapped + images @ left, rtol=1e-14)
        assert trajectory[0].cell.volume > 0.0


@pytest.mark.parametrize("lacking", [[2], [0], [1, 2], [0, 1, 2]])
def test_a_vector_of_zero_length_is_not_periodic(lacking):
    matrix = TRICLINIC.copy()
    matrix[lacking] = 0.0
    vectors, periodic, missing = completed(matrix, (True, True, True))
    assert np.flatnonzero(missing).tolist() == lacking
    assert periodic == (~missing).tolist()
    assert np.array_equal(vectors[~missing], matrix[~missing])
    assert np.linalg.det(vectors) > 0.0
    np.testing.assert_allclose(np.linalg.norm(vectors[missing], axis=1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(matrix @ vectors[missing].T, 0.0, atol=1e-14)


def test_a_film_declared_periodic_along_a_zero_vector(tmp_path):
    """Case 09: the dimer of potassium at 4.6 Å has -0.6598 eV in a film, in no cell and in a large one."""
    path = tmp_path / "film.xyz"
    path.write_text('2\nLattice="40 0 0 0 40 0 0 0 0" Properties=species:S:1:pos:R:3 pbc="T T T"\nK 0 0 0\nK 4.6 0 0\n')
    film = Atoms("K2", [[0, 0, 0], [4.6, 0, 0]], cell=[40, 40, 0], pbc=True, calculator=NakMD("nak-2016"))
    alone = Atoms("K2", [[0, 0, 0], [4.6, 0, 0]], calculator=NakMD("nak-2016"))
    assert film.get_potential_energy() == pytest.approx(-0.6598, abs=5e-5)  # the digits of the reference
    assert film.get_potential_energy() == pytest.approx(alone.get_potential_energy(), rel=1e-13)
    system = read_structure(path)
    assert system.cell.periodic.tolist() == [True, True, False]
    assert evaluate(load("nak-2016"), system).energy == pytest.approx(film.get_potential_energy(), rel=1e-13)


def test_a_cell_thinner_than_an_atom_is_refused():
    with pytest.raises(InputError, match=r"periodic along vector b, but only 0\.05 Å thick"):
        Cell([10.0, 0.05, 10.0])
    with pytest.raises(InputError, match="span no volume"):
        Cell([10.0, 0.0, 10.0])
    assert not Cell([10.0, 0.05, 10.0], (True, False, True)).periodic[1]
    with pytest.raises(InputError, match=f"at least {LEAST_HEIGHT} Å"):
        Atoms("K", cell=[40, 40, 1e-9], pbc=True, calculator=NakMD("nak")).get_potential_energy()
