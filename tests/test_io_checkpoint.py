"""Checkpoints and the status file: exact restoration, and at least one intact copy after any failure."""

import errno
import json
import math
import os

import h5py
import numpy as np
import pytest

from nakmd.errors import FileFormatError, InputError, RunError
from nakmd.io import atomic, read_checkpoint, write_checkpoint, write_status
from nakmd.io.checkpoint import previous_copy

STATE = {
    "step": 1200,
    "seed": 2**70,
    "positions": np.random.default_rng(1).normal(size=(50, 3)),
    "neighbors": {"positions": np.arange(6.0).reshape(2, 3), "empty": np.zeros((0, 3))},
    "integrator/work": {"0.5": 0.1 + 0.2, "tiny": 5e-324, "nan": float("nan"), "rows": np.arange(3, dtype=np.int32)},
    "mask": np.array([True, False]),
    "count": np.int64(4),
    "deck": 'title = "Å"\n' * 4000,
    "nothing": None,
    "flag": True,
    "list": [1, "two", 3.0],
    "group": {},
}


def assert_equal(one, other):
    assert list(one) == list(other)
    for key, value in other.items():
        if isinstance(value, dict):
            assert_equal(one[key], value)
        elif isinstance(value, np.ndarray | np.generic):
            assert one[key].dtype == value.dtype
            assert np.array_equal(one[key], value)
        elif key == "nan":
            assert math.isnan(one[key])
        else:
            assert type(one[key]) is type(value)
            assert one[key] == value


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint.h5"


def test_the_state_comes_back_exactly(path):
    write_checkpoint(path, STATE)
    checkpoint = read_checkpoint(path)
    assert_equal(checkpoint, STATE)
    assert checkpoint.note == ""
    assert checkpoint.path == path
    with h5py.File(path) as file:  # other programs can read it
        assert file["positions"].shape == (50, 3)


def test_the_copy_before_is_kept_and_nothing_else(path):
    for step in range(4):
        write_checkpoint(path, {"step": step})
    assert sorted(p.name for p in path.parent.iterdir()) == ["checkpoint.h5", "checkpoint_prev.h5"]
    assert read_checkpoint(path)["step"] == 3
    assert read_checkpoint(path.with_name("checkpoint_prev.h5"))["step"] == 2


@pytest.mark.parametrize("harm", ["truncate", "flip", "empty", "remove"])
def test_a_damaged_checkpoint_falls_back_and_says_so(path, harm):
    write_checkpoint(path, {"step": 1})
    write_checkpoint(path, {"step": 2})
    content = bytearray(path.read_bytes())
    if harm == "remove":
        path.unlink()
    elif harm == "flip":
        content[-100] ^= 1
        path.write_bytes(content)
    else:
        path.write_bytes(content[: 0 if harm == "empty" else 700])
    checkpoint = read_checkpoint(path)
    assert checkpoint["step"] == 1
    assert str(path) in checkpoint.note
    assert checkpoint.note.endswith("Used the previous checkpoint, checkpoint_prev.h5.")
    # a damaged checkpoint does not become the previous copy
    write_checkpoint(path, {"step": 3})
    assert read_checkpoint(path)["step"] == 3
    assert read_checkpoint(path.with_name("checkpoint_prev.h5"))["step"] == 1


def test_a_checkpoint_of_another_version_is_refused(path):
    write_checkpoint(path, STATE)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"nakmd checkpoint 2\n", b"nakmd checkpoint 1\n", 1))
    with pytest.raises(FileFormatError, match=r"of version 1, .* this one reads version 2\. .*start the run again"):
        read_checkpoint(path)


def test_two_damaged_copies_are_one_message_that_names_both(path):
    write_checkpoint(path, {"step": 1})
    write_checkpoint(path, {"step": 2})
    path.write_bytes(path.read_bytes()[:900])
    path.with_name("checkpoint_prev.h5").write_bytes(b"hello")
    with pytest.raises(FileFormatError) as caught:
        read_checkpoint(path)
    message = str(caught.value)
    assert "truncated or damaged: the checksum of its 900 bytes is wrong. checkpoint_prev.h5: this is not a" in message
    with pytest.raises(FileFormatError, match=r"no such file\. none_prev\.h5: there is no such file"):
        read_checkpoint(path.with_name("none.h5"))


def test_what_cannot_be_stored_is_named(path):
    with pytest.raises(InputError, match="/a/b has type object"):
        write_checkpoint(path, {"a": {"b": object()}})
    with pytest.raises(InputError, match="/names is an array of"):
        write_checkpoint(path, {"names": np.array(["x"])})
    with pytest.raises(InputError, match="keys must be non-empty strings, not 1"):
        write_checkpoint(path, {1: 2})
    with pytest.raises(InputError, match="/list cannot be stored"):
        write_checkpoint(path, {"list": [np.zeros(3)]})
    assert not path.exists()


class Killed(BaseException):
    pass


@pytest.mark.parametrize("call", ["fsync", "replace", "link"])
@pytest.mark.parametrize("end", [Killed(), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))])
def test_a_kill_or_a_full_disk_while_writing_leaves_a_checkpoint(path, monkeypatch, call, end):
    write_checkpoint(path, {"step": 1})
    write_checkpoint(path, {"step": 2})

    def fail(*_):
        raise end

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        if call == "link" and isinstance(end, OSError):
            write_checkpoint(path, {"step": 3})  # without hard links the file is copied
        else:
            with pytest.raises((Killed, RunError)):
                write_checkpoint(path, {"step": 3})
    assert read_checkpoint(path)["step"] >= 2
    assert read_checkpoint(path.with_name("checkpoint_prev.h5"))["step"] >= 1
    write_checkpoint(path, {"step": 4})
    assert read_checkpoint(path)["step"] == 4


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(RunError, match="cannot be written"):
        write_checkpoint(tmp_path / "nowhere" / "checkpoint.h5", {"step": 1})


def test_status_is_json_whatever_it_is_given(tmp_path):
    path = tmp_path / "status.json"
    write_status(path, {"step": np.int64(3), "ns_per_day": float("nan"), "box": np.eye(2), "path": path})
    assert json.loads(path.read_text()) == {
        "step": 3, "ns_per_day": None, "box": [[1.0, 0.0], [0.0, 1.0]], "path": str(path),
    }  # fmt: skip
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_replacement_keeps_the_old_file_and_no_draft(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail():
        with atomic.replacing(path) as file:
            file.write(b"new")
            raise Killed

    with pytest.raises(Killed):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_kill_between_the_copy_and_the_new_checkpoint_leaves_no_other_files(tmp_path):
    """The previous copy is then a hard link to the checkpoint; renaming one name of a file to another does nothing."""
    path = tmp_path / "checkpoint.h5"
    write_checkpoint(path, {"step": 1})
    os.link(path, previous_copy(path))
    write_checkpoint(path, {"step": 2})
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.h5", "checkpoint_prev.h5"]
    assert (read_checkpoint(path)["step"], read_checkpoint(previous_copy(path))["step"]) == (2, 1)
