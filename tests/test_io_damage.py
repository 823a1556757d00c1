"""Damaged files of every kind give one error message, or are read correctly."""

import contextlib

import ase.io
import h5py
import io_samples as samples
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nakmd.errors import FileFormatError, NakmdError
from nakmd.io import (
    Trajectory,
    TrajectoryWriter,
    convert,
    read_checkpoint,
    read_extxyz,
    read_structure,
    write_checkpoint,
    write_extxyz,
)

STATE = samples.system()
N_FRAMES = 6

damage = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
#: Fraction of the length at which to truncate, then bytes to set at fractions of the length.
wounds = st.tuples(
    st.one_of(st.just(1.0), st.floats(0.0, 1.0)),
    st.lists(st.tuples(st.floats(0.0, 1.0, exclude_max=True), st.integers(0, 255)), max_size=12),
)


def wounded(content, wound):
    cut, bytes_set = wound
    made = bytearray(content[: int(cut * len(content))])
    for place, value in bytes_set:
        if made:
            made[int(place * len(made))] = value
    return bytes(made)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    samples.write(folder / "good.h5md", STATE, range(N_FRAMES), thermo=range(4))
    write_checkpoint(folder / "good.h5", {"positions": STATE.positions, "step": 3, "deck": "text"})
    write_extxyz(folder / "good.xyz", [samples.frame(STATE, k) for k in range(2)], STATE.topology)
    return folder


@damage
@given(wound=wounds)
def test_trajectory(folder, wound):
    path = folder / "bad.h5md"
    path.write_bytes(wounded((folder / "good.h5md").read_bytes(), wound))
    try:
        with Trajectory(path) as trajectory:
            assert len(trajectory) == N_FRAMES
            for k, frame in enumerate(trajectory):
                samples.assert_same(frame, samples.frame(STATE, k))
            assert trajectory.thermo["step"].tolist() == [0, 1, 2, 3]
            assert trajectory.thermo_units["temperature"] == "K"
            assert trajectory.deck == samples.PARAMETERS["deck"]
    except FileFormatError as error:
        message = str(error)
        assert message.startswith(str(path))
        assert "\n" not in message
        assert len(message) < 500


@damage
@given(wound=wounds)
def test_continuing_a_trajectory(folder, wound):
    path = folder / "bad.h5md"
    path.write_bytes(wounded((folder / "good.h5md").read_bytes(), wound))
    with contextlib.suppress(NakmdError), TrajectoryWriter(path, STATE.topology, mode="a") as writer:
        writer.truncate(N_FRAMES - 1, 2)
        writer.write(samples.frame(STATE, N_FRAMES - 1))


@damage
@given(wound=wounds, journal=wounds)
def test_trajectory_beside_a_damaged_journal(folder, wound, journal):
    path = folder / "bad.h5md"
    path.write_bytes(wounded((folder / "good.h5md").read_bytes(), wound))
    journal_path = folder / "bad.h5md.journal"
    journal_path.write_bytes(wounded(b"nakmdjournal001\n" + bytes(9000), journal))
    with contextlib.suppress(FileFormatError), Trajectory(path) as trajectory:
        for k, frame in enumerate(trajectory):
            samples.assert_same(frame, samples.frame(STATE, k))
    journal_path.unlink()


@damage
@given(wound=wounds)
def test_checkpoint(folder, wound):
    path = folder / "bad.h5"
    good = (folder / "good.h5").read_bytes()
    bad = wounded(good, wound)
    path.write_bytes(bad)
    if bad == good:
        assert read_checkpoint(path)["step"] == 3
    else:
        with pytest.raises(FileFormatError, match="no checkpoint can be read"):
            read_checkpoint(path)


@damage
@given(wound=wounds)
@pytest.mark.filterwarnings("ignore")  # ASE warns about unusual content
def test_extxyz(folder, wound):
    path = folder / "bad.xyz"
    path.write_bytes(wounded((folder / "good.xyz").read_bytes(), wound))
    with contextlib.suppress(NakmdError):
        read_extxyz(path)
    with contextlib.suppress(NakmdError):
        convert(path, folder / "out.dump")


@damage
@given(
    content=st.binary(max_size=300),
    suffix=st.sampled_from([".xyz", ".cif", ".vasp", ".data", ".json", ".traj", ".pdb", ".h5md", ""]),
)
@pytest.mark.filterwarnings("ignore")
def test_structures_of_any_bytes(folder, content, suffix):
    path = folder / f"bytes{suffix}"
    path.write_bytes(content)
    with contextlib.suppress(NakmdError):
        read_structure(path)


def message_of(path):
    with pytest.raises(FileFormatError) as caught:
        Trajectory(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_messages_of_files_that_are_no_trajectories(tmp_path, folder):
    assert message_of(tmp_path / "none.h5md") == "there is no such file."
    assert message_of(tmp_path) == "this is a folder without trajectory.h5md. Give a file."
    path = tmp_path / "t.h5md"
    path.write_bytes(b"")
    assert message_of(path).startswith("the file is empty (0 bytes).")
    path.write_bytes(b"not HDF5 at all")
    assert message_of(path).startswith("this is not an HDF5 file.")
    good = (folder / "good.h5md").read_bytes()
    path.write_bytes(good[:4000])
    assert message_of(path).startswith(f"the file is truncated: it has 4000 of {len(good)} bytes.")
    with h5py.File(path, "w") as file:
        file["energies"] = [1.0]
    assert message_of(path).startswith("this HDF5 file is not an H5MD trajectory: its root contains energies.")


@pytest.mark.parametrize("gone", ["position/value", "position/step", "position/time", "box/edges/value"])
def test_a_missing_dataset_is_named(tmp_path, folder, gone):
    path = tmp_path / "t.h5md"
    path.write_bytes((folder / "good.h5md").read_bytes())
    with h5py.File(path, "r+") as file:
        del file[f"particles/trajectory/{gone}"]
    assert message_of(path).startswith(f"/particles/trajectory/{gone} is missing")


@pytest.mark.parametrize("name", ["image/value", "velocity/value", "position/value"])
def test_a_group_in_place_of_values_is_not_taken_for_absent(tmp_path, folder, name):
    path = tmp_path / "t.h5md"
    path.write_bytes((folder / "good.h5md").read_bytes())
    with h5py.File(path, "r+") as file:
        place = f"particles/trajectory/{name}"
        if place in file:
            del file[place]
        file.create_group(place)
    assert message_of(path).startswith(f"/particles/trajectory/{name} is a group and holds no numbers.")


@pytest.mark.parametrize("gone", ["species", "masses", "deck", "groups", "stages/name", "periodic"])
def test_a_missing_parameter_is_one_message(tmp_path, folder, gone):
    path = tmp_path / "t.h5md"
    path.write_bytes((folder / "good.h5md").read_bytes())
    with h5py.File(path, "r+") as file:
        del file[f"parameters/nakmd/{gone}"]
    message = message_of(path)
    assert gone.split("/")[-1] in message
    assert "damaged" in message


def test_a_shorter_dataset_leaves_the_complete_frames(tmp_path, folder):
    path = tmp_path / "t.h5md"
    path.write_bytes((folder / "good.h5md").read_bytes())
    with h5py.File(path, "r+") as file:
        file["particles/trajectory/velocity/value"].resize(N_FRAMES - 2, axis=0)
    trajectory = Trajectory(path)
    assert len(trajectory) == N_FRAMES - 2
    samples.assert_same(trajectory[-1], samples.frame(STATE, N_FRAMES - 3))
    trajectory.close()
    with TrajectoryWriter(path, STATE.topology, mode="a") as writer:
        assert writer.n_frames == N_FRAMES - 2


def test_structures_that_make_no_sense(tmp_path):
    path = tmp_path / "s.xyz"

    def message():
        with pytest.raises(FileFormatError) as caught:
            read_structure(path)
        return str(caught.value)

    assert message() == f"{path}: there is no such file."
    path.write_text("2\n\nC 0 0 0\n")
    assert message() == f"{path}:1: an image is said to have 2 atoms, but its header is followed by 1."
    path.write_text("1\n\nC 0 0\n")
    assert message().startswith(f"{path}: ASE cannot read the file (")
    path.write_text('1\nLattice="1 0 0 0 1 0 1 1 0"\nC 0 0 0\n')
    assert "span no volume" in message()
    path.write_text('1\nLattice="10 0 0 0 10 0 0 0 1e-3"\nC 0 0 0\n')
    assert "periodic along vector c, but only 0.001 Å thick" in message()
    path.write_text("1\n\nC nan 0 0\n")
    assert "position of atom 0 is not finite" in message()
    ase.io.write(tmp_path / "zero.xyz", ase.Atoms())
    path = tmp_path / "zero.xyz"
    assert "there are no atoms" in message()


def test_nan_is_not_a_number_of_frames_but_a_missing_value(tmp_path):
    """All-NaN velocities mean that there are none; a single NaN is refused."""
    path = tmp_path / "t.h5md"
    frame = samples.frame(STATE, 0)
    frame.velocities[0, 0] = np.nan
    with TrajectoryWriter(path, STATE.topology) as writer:
        writer.write(frame)
    with pytest.raises(FileFormatError, match=r"frame 0: The velocity of atom 0 is \[nan, "):
        _ = Trajectory(path)[0]
