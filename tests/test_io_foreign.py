"""H5MD files of other programs: read if complete, else refused with a message that names what is missing."""

import ase
import h5py
import numpy as np
import pytest

from nakmd.errors import FileFormatError
from nakmd.io import Trajectory

EDGES = np.diag([10.0, 11.0, 12.0])
POSITIONS = np.array([[[1.0, 2.0, 3.0], [9.0, 10.5, 11.5]], [[1.5, 2.0, 3.0], [10.5, 10.5, 11.5]]])


def write_foreign(path, **changes):
    """Write a file in nm and fs, with fixed-length strings and time-independent box, species and spacing."""
    with h5py.File(path, "w") as file:
        file.create_group("h5md").attrs["version"] = [1, 1]
        group = file.create_group("particles/all")
        box = group.create_group("box")
        box.attrs["boundary"] = np.array([b"periodic", b"none", b"periodic"])
        box["edges"] = np.diag(EDGES) / 10.0
        position = group.create_group("position")
        position["value"] = POSITIONS / 10.0
        position["value"].attrs["unit"] = np.bytes_("nm")
        position["step"] = 5
        position["step"].attrs["offset"] = 100
        position["time"] = 2.5
        position["time"].attrs["unit"] = "fs"
        velocity = group.create_group("velocity")
        velocity["value"] = POSITIONS
        velocity["value"].attrs["unit"] = "nm ps-1"
        group["species"] = np.array([19, 6])
        for name, action in changes.items():
            action(file, group, name)
    return path


def test_a_foreign_file(tmp_path):
    trajectory = Trajectory(write_foreign(tmp_path / "f.h5md"))
    assert len(trajectory) == 2
    assert trajectory.species_names == ("C", "K")
    assert trajectory.species.tolist() == [1, 0]
    assert trajectory.masses.tolist() == [39.0983, 12.011]
    assert trajectory.periodic.tolist() == [True, False, True]
    assert trajectory.steps.tolist() == [100, 105]
    np.testing.assert_allclose(trajectory.times, [0.0, 0.0025])
    frame = trajectory[1]
    np.testing.assert_allclose(frame.cell.matrix, EDGES)
    # without images, positions are wrapped, and has_images is False
    np.testing.assert_allclose(frame.positions, [[1.5, 2.0, 3.0], [0.5, 10.5, 11.5]])
    assert frame.images.tolist() == [[0, 0, 0], [1, 0, 0]]
    np.testing.assert_allclose(frame.unwrapped, POSITIONS[1])
    np.testing.assert_allclose(frame.velocities, POSITIONS[1] * 10.0)
    assert not trajectory.has_images
    assert (trajectory.deck, trajectory.provenance, trajectory.stages) == ("", {}, ())
    assert (trajectory.thermo, trajectory.thermo_units) == ({}, {})
    assert frame.potential_energy is None
    assert frame.stage == ""


def test_a_file_of_znh5md(tmp_path):
    znh5md = pytest.importorskip("znh5md")
    path = tmp_path / "z.h5md"
    atoms = ase.Atoms("K2C", positions=np.arange(9.0).reshape(3, 3), cell=[9, 9, 9], pbc=[True, True, False])
    znh5md.IO(path, store="time", pbc_group=False).extend([atoms, atoms])
    trajectory = Trajectory(path)
    assert trajectory.species_names == ("C", "K")
    assert len(trajectory) == 2
    np.testing.assert_allclose(trajectory[1].unwrapped, atoms.positions)


def remove(file, group, name):
    del group[name.replace("__", "/")]


CASES = {
    "position__time": (remove, "/particles/all/position/time is missing: frames have no time"),
    "species": (remove, "species/value is missing: the species of the atoms are unknown."),
    "box__edges": (remove, "box/edges/value is missing: the size of the box is unknown."),
    "box": (remove, "box with its attribute 'boundary' is missing"),
    "position": (remove, "position/value is missing: there are no positions"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_missing_is_named(tmp_path, name):
    action, message = CASES[name]
    with pytest.raises(FileFormatError) as caught:
        Trajectory(write_foreign(tmp_path / "f.h5md", **{name: action}))
    assert message in str(caught.value)


def test_what_is_strange_is_named(tmp_path):
    def message(**changes):
        with pytest.raises(FileFormatError) as caught:
            Trajectory(write_foreign(tmp_path / "f.h5md", **changes))
        return str(caught.value)

    def unit(value):
        return lambda _, group, name: group[f"{name}/value"].attrs.__setitem__("unit", value)

    def no_unit(_, group, name):
        del group[f"{name}/value"].attrs["unit"]

    def species(values):
        def change(_, group, name):
            del group[name]
            group[name] = values

        return change

    assert "has no unit. Set its attribute 'unit' to one of Angstrom" in message(position=no_unit)
    assert "has the unit 'furlong'" in message(velocity=unit("furlong"))
    assert "does not hold the atomic number of each atom" in message(species=species([0, 1]))
    assert "species has shape (1,), not (2)." in message(species=species([6]))
    assert "2 particle groups instead of one: all, more" in message(
        more=lambda file, _, name: file.create_group(f"particles/{name}")
    )
    assert "the box boundary is ['periodic']" in message(
        box=lambda _, group, name: group[name].attrs.__setitem__("boundary", ["periodic"])
    )
