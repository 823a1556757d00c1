"""Energies and virials by atom in files: H5MD, extended XYZ."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
from ase.io import read
from synthetic import frame, topology

from nakmd.cell import Cell
from nakmd.errors import FileFormatError
from nakmd.io import Trajectory, TrajectoryWriter, convert, write_extxyz

ATOMS = topology(["K", "Na"], [0, 1, 1])


def frames():
    """Three frames; the second has no virials."""
    rng, cell = np.random.default_rng(6), Cell([9.0, 10.0, 11.0])
    for step in range(3):
        fields = {} if step == 1 else {"energies": rng.normal(size=3), "virials": rng.normal(size=(3, 3, 3))}
        yield frame(cell, rng.uniform(0.0, 9.0, size=(3, 3)), step, 0.1 * step, velocities=np.ones((3, 3)), **fields)


@pytest.fixture
def stored(tmp_path):
    path = tmp_path / "run.h5md"
    with TrajectoryWriter(path, ATOMS, precision="single") as writer:
        for item in frames():
            writer.write(item)
    return path


def test_virials_are_stored_in_double_and_absent_where_a_frame_has_none(stored, tmp_path):
    """Also after a conversion, and with another frame appended after the file was opened again."""
    convert(stored, tmp_path / "copy.h5md")
    with TrajectoryWriter(stored, ATOMS, precision="single", mode="a") as writer:
        writer.write(replace(next(frames()), step=3, time=0.3))
    for path, count in ((stored, 4), (tmp_path / "copy.h5md", 3)):
        with Trajectory(path) as trajectory:
            assert len(trajectory) == count
            for found, item in zip(trajectory, frames()):
                assert (found.virials is None) == (item.virials is None)
                if item.virials is not None:
                    assert np.array_equal(found.virials, item.virials)
                    assert np.array_equal(found.energies, item.energies)


def test_virials_that_are_partly_missing_are_damage(stored):
    with h5py.File(stored, "r+") as file:
        file["/parameters/nakmd/frames/virials/value"][2, 1, 0, 2] = np.nan
    with Trajectory(stored) as trajectory:
        assert trajectory[0].virials is not None
        with pytest.raises(FileFormatError, match="frame 2: not all virials of atoms are finite"):
            trajectory[2]


def test_extended_xyz_has_columns_that_ase_reads_as_stresses(tmp_path):
    write_extxyz(tmp_path / "map.xyz", frames(), ATOMS)
    images = read(tmp_path / "map.xyz", index=":")
    for atoms, item in zip(images, frames(), strict=True):
        if item.virials is None:
            assert "stresses" not in atoms.calc.results if atoms.calc else True
            continue
        stresses = atoms.get_stresses()
        np.testing.assert_allclose(stresses[:, 0], -item.virials[:, 0, 0] / 990.0, atol=1e-8)
        shear = 0.5 * (item.virials[:, 0, 1] + item.virials[:, 1, 0])
        np.testing.assert_allclose(stresses[:, 5], -shear / 990.0, atol=1e-8)
        np.testing.assert_allclose(atoms.get_potential_energies(), item.energies, atol=1e-8)
