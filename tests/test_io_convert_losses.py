"""What conversions keep beyond positions: groups, masses, deck and thermo table; all other losses are noted."""

import io_samples as samples
import numpy as np
import pytest

from nakmd.io import Trajectory, convert


@pytest.fixture
def source(tmp_path):
    return samples.write(tmp_path / "source.h5md", samples.system(), range(6), thermo=range(0, 60, 5))


def test_groups_through_extended_xyz(source, tmp_path):
    convert(source, tmp_path / "a.xyz")
    convert(tmp_path / "a.xyz", tmp_path / "again.h5md")
    groups, expected = Trajectory(tmp_path / "again.h5md").groups, Trajectory(source).groups
    assert groups.keys() == expected.keys()
    assert all(np.array_equal(groups[name], mask) for name, mask in expected.items())


@pytest.mark.parametrize("name", ["a.dump", "a.data", "a.xyz", "a.dcd"])
def test_what_a_format_cannot_store(source, tmp_path, name):
    notes = [note for note in convert(source, tmp_path / name).notes if note.startswith("Not stored")]
    what = "deck, provenance and thermo table of the run" + "; the groups probe" * (name != "a.xyz")
    assert notes == [f"Not stored in this format: {what}."]


def test_nothing_is_lost_between_trajectories(source, tmp_path):
    done = convert(source, tmp_path / "again.h5md")
    assert done.notes == ()
    old, new = Trajectory(source), Trajectory(done.target)
    assert (new.deck, new.provenance, new.potentials) == (old.deck, old.provenance, old.potentials)
    assert (new.stages, new.thermo_units) == (old.stages, old.thermo_units)
    assert new.parameters == {**old.parameters, "converted_from": "source.h5md"}
    assert new.thermo.keys() == old.thermo.keys()
    assert all(np.array_equal(new.thermo[name], column) for name, column in old.thermo.items())


def test_thermo_rows_of_the_chosen_frames(source, tmp_path):
    """Frames are written every 10 steps, thermo rows every 5."""
    convert(source, tmp_path / "again.h5md", frames="2:4")
    assert Trajectory(tmp_path / "again.h5md").thermo["step"].tolist() == [20, 25, 30]
