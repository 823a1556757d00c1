"""Trajectories that hold some of the atoms of a run: files, continuations, conversions, other programs."""

import warnings

import h5py
import io_samples as samples
import numpy as np
import pytest

from nakmd.errors import FileFormatError, InputError
from nakmd.io import Trajectory, TrajectoryWriter, convert, read_structure
from nakmd.io.structure_file import open_structure

ATOMS = "/parameters/nakmd/atoms"


@pytest.fixture
def state():
    return samples.system(n=40)


def full_frame(state, k):
    frame = samples.frame(state, k)
    rng = np.random.default_rng([k, 3])
    frame.energies, frame.virials = rng.normal(size=40), rng.normal(size=(40, 3, 3))
    return frame


def written(path, state, mask, frames=range(4), **options):
    with TrajectoryWriter(path, state.topology, samples.PARAMETERS, atoms=mask, **options) as writer:
        for k in frames:
            writer.write(full_frame(state, k))
    return path


def mean_of_all(state, frame):
    """Return the unwrapped centre of mass and its velocity, atom by atom."""
    center, velocity = np.zeros(3), np.zeros(3)
    for a, mass in enumerate(state.masses):
        center += mass * (frame.positions[a] + frame.images[a] @ frame.cell.matrix)
        velocity += mass * frame.velocities[a]
    return center / state.masses.sum(), velocity / state.masses.sum()


@pytest.mark.parametrize("words", [["liquid"], ["K", "N"], ["probe"]])
def test_a_file_holds_the_chosen_rows_and_tells_which_they_are(tmp_path, state, words):
    mask = state.topology.select_any(words)
    assert 0 < mask.sum() < 40
    trajectory = Trajectory(written(tmp_path / "t.h5md", state, mask))
    topology = trajectory.topology
    assert np.array_equal(topology.run_indices, np.flatnonzero(mask))
    names = np.array(state.species_names)
    assert np.array_equal(np.array(topology.species_names)[topology.species], names[state.species[mask]])
    assert set(topology.species_names) == set(names[state.species[mask]])  # no name without atoms
    assert np.array_equal(topology.masses, state.masses[mask])
    assert set(topology.groups) == {name for name, group in state.groups.items() if (group & mask).any()}
    for name, group in topology.groups.items():
        assert np.array_equal(group, state.groups[name][mask])
    whole = topology.whole
    assert whole.species_names == state.species_names
    assert np.array_equal(whole.species, state.species)
    assert sum(topology.lacking().values()) == 40 - mask.sum()
    assert f"{mask.sum()} of 40 atoms" in repr(trajectory)
    for k, frame in enumerate(trajectory):
        expected = full_frame(state, k)
        for name in ("positions", "images", "velocities", "energies", "virials"):
            assert np.array_equal(getattr(frame, name), getattr(expected, name)[mask]), name
        for name in samples.QUANTITIES:  # of all atoms
            assert np.array_equal(getattr(frame, name), getattr(expected, name)), name
        center, velocity = mean_of_all(state, expected)
        # sums of forty products, in another order
        np.testing.assert_allclose(frame.center + frame.center_images @ frame.cell.matrix, center, rtol=1e-12)
        np.testing.assert_allclose(frame.center_velocity, velocity, rtol=1e-12, atol=1e-12)


def test_a_file_of_all_atoms_says_nothing_of_them(tmp_path, state):
    """A mask of all atoms is no choice: the file has no list of atoms and no centre of mass."""
    with h5py.File(written(tmp_path / "t.h5md", state, np.full(40, True))) as file:
        assert ATOMS not in file
        assert "center" not in file["/parameters/nakmd/frames"]
    trajectory = Trajectory(tmp_path / "t.h5md")
    assert trajectory.topology.run is None
    assert trajectory.topology.lacking() == {}
    assert trajectory[0].center is None


@pytest.mark.parametrize("precision", ["double", 0.001])
def test_a_file_is_continued_with_the_atoms_it_has(tmp_path, state, precision):
    mask = state.groups["liquid"]
    whole = written(tmp_path / "whole.h5md", state, mask, range(6), precision=precision)
    parts = written(tmp_path / "parts.h5md", state, mask, range(5), precision=precision)
    with TrajectoryWriter(parts, state.topology, mode="a", atoms=state.groups["carbon"]) as writer:
        writer.truncate(3, 0)  # back to a checkpoint
        for k in range(3, 6):
            writer.write(full_frame(state, k))
    with Trajectory(whole) as one, Trajectory(parts) as two:
        assert np.array_equal(two.topology.run_indices, np.flatnonzero(mask))
        for a, b in zip(one, two, strict=True):
            samples.assert_same(a, b)
            assert np.array_equal(a.center, b.center)
            assert np.array_equal(a.virials, b.virials)


def test_a_file_of_other_atoms_or_another_run_is_not_continued(tmp_path, state):
    path = written(tmp_path / "t.h5md", state, state.groups["liquid"])
    other = state.topology.part(state.groups["carbon"])
    with pytest.raises(FileFormatError, match="other atoms of the run"):
        TrajectoryWriter(path, other, mode="a")
    with pytest.raises(FileFormatError, match=r"40 atoms .* the run has 13"):
        TrajectoryWriter(path, samples.system(n=13).topology, mode="a")


def test_a_converted_trajectory_keeps_the_atoms_of_the_run(tmp_path, state):
    mask = state.topology.select_any(["K", "N"])
    path = written(tmp_path / "t.h5md", state, mask, precision=0.001)
    notes = convert(path, tmp_path / "copy.h5md", frames="1:").notes
    assert any(f"holds {mask.sum()} of the 40 atoms of its run; it lacks" in note for note in notes)
    with Trajectory(path) as source, Trajectory(tmp_path / "copy.h5md") as copy:
        assert np.array_equal(copy.topology.run_indices, source.topology.run_indices)
        assert copy.topology.whole.species_names == state.species_names
        for a, b in zip(source[1:], copy, strict=True):
            samples.assert_same(a, b)
            assert np.array_equal(a.center_images, b.center_images)


def test_other_formats_have_the_rows_and_not_the_energy_of_the_run(tmp_path, state):
    import ase.io

    mask = state.groups["liquid"]
    path = written(tmp_path / "t.h5md", state, mask)
    convert(path, tmp_path / "t.xyz")
    images = ase.io.read(tmp_path / "t.xyz", ":")
    assert np.array_equal(images[2].arrays["run_index"], np.flatnonzero(mask))
    np.testing.assert_allclose(
        images[2].positions, full_frame(state, 2).positions[mask], atol=1e-7
    )  # digits of the text
    assert "temperature" not in images[2].info
    assert not {"energy", "stress"} & set(images[2].calc.results)
    assert "energies" in images[2].calc.results  # those of the atoms are theirs
    notes = convert(path, tmp_path / "t.dump").notes
    assert any("indices of the atoms in their run" in note for note in notes)


def test_a_structure_from_the_file_says_what_it_lacks(tmp_path, state):
    path = written(tmp_path / "t.h5md", state, state.groups["liquid"])
    structure = open_structure(path)
    assert structure.system.n_atoms == state.groups["liquid"].sum()
    assert any("of the 40 atoms of its run; it lacks" in note for note in structure.notes)
    assert read_structure(path).topology.run is None  # the structure of another run, with all of its atoms


def test_other_programs_read_the_rows(tmp_path, state):
    mask = state.groups["liquid"]
    path = written(tmp_path / "t.h5md", state, mask)
    expected = full_frame(state, 2).positions[mask]
    mda = pytest.importorskip("MDAnalysis")
    import nakmd.io.mdanalysis  # noqa: F401  (registers the parser)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations within MDAnalysis
        universe = mda.Universe(str(path))
        assert np.array_equal(universe.trajectory[2].positions, expected.astype(np.float32))  # the type of MDAnalysis
    assert np.array_equal(universe.atoms.ids, np.flatnonzero(mask))
    assert np.array_equal(universe.atoms.types, np.array(state.species_names)[state.species[mask]])
    znh5md = pytest.importorskip("znh5md")
    atoms = znh5md.IO(str(path), particles_group="trajectory")[2]
    assert np.array_equal(atoms.positions, expected)
    assert atoms.calc is None or "energy" not in atoms.calc.results  # that of the run is not theirs


@pytest.mark.parametrize("indices", [[3, 1, 2], [0, 0, 1], [-1, 2, 3], [38, 39, 40]])
def test_a_damaged_list_of_atoms_is_refused(tmp_path, state, indices):
    mask = np.isin(np.arange(40), [1, 2, 3])
    path = written(tmp_path / "t.h5md", state, mask)
    with h5py.File(path, "r+") as file:
        file[ATOMS][...] = indices
    with pytest.raises(FileFormatError, match="no increasing list of less than all of the 40 atoms"):
        Trajectory(path)


@pytest.mark.parametrize("mask", [np.full(40, False), np.full(39, True), np.full((40, 3), True)])
def test_a_mask_that_is_none_is_refused(tmp_path, state, mask):
    with pytest.raises(InputError, match="a mask of the 40 atoms that selects at least one"):
        TrajectoryWriter(tmp_path / "t.h5md", state.topology, atoms=mask)
    assert not (tmp_path / "t.h5md").exists()
