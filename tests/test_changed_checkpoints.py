"""Checkpoints that are whole but hold what no run writes: refused with one message, never continued from."""

import hashlib
import json

import h5py
import numpy as np
import pytest
from small_decks import small

import nakmd
from nakmd.errors import FileFormatError, InputError
from nakmd.io import read_checkpoint, write_checkpoint
from nakmd.simulation.restored_state import check_restored

STORED = {"step": 3, "work": float("nan"), "name": "heat", "chain": {"v": np.arange(4.0)}, "empty": {}}


def but(**entries):
    return {**STORED, **entries}


def test_an_equal_state_was_restored():
    check_restored(STORED, but(chain={"v": np.arange(4.0)}))
    check_restored(but(more=1), but(other={}))  # entries of later versions, and observers without a state


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (but(step=3.5), r"has 3\.5 as /step, not 3\. It is damaged"),
        (but(step="3"), r"has '3' as /step, not 3\."),
        (but(work=0.0), r"has 0\.0 as /work, not nan"),
        (but(name=None), r"has None as /name, not 'heat'"),
        (but(chain=7), r"has 7 as /chain, not a group of entries"),
        (but(chain={}), r"has \{\} as /chain/v, not an array \(4,\) of float64"),
        (but(chain={"v": np.float64(2.0)}), r"/chain/v, not an array \(4,\)"),
        (but(chain={"v": np.arange(4.0)[None]}), r"an array \(1, 4\) of float64 as /chain/v, not an array \(4,\)"),
        (but(chain={"v": np.arange(4)}), r"an array \(4,\) of int64 as /chain/v, not an array \(4,\) of float64"),
        (but(step=np.array([3])), r"an array \(1,\) of int64 as /step, not 3"),
    ],
)
def test_other_entries_are_named(stored, message):
    with pytest.raises(InputError, match=message):
        check_restored(stored, STORED)


def test_values_that_are_no_numbers_are_named():
    state = {"x": np.array([[0.0, 1.0], [np.nan, 2.0]])}
    with pytest.raises(InputError, match=r"The checkpoint has nan in /x\[1, 0\]"):
        check_restored(state, state)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    nakmd.run(small(), folder, threads=1)
    return folder, dict(read_checkpoint(folder / "checkpoint.h5"))


def set_in(state, place, value):
    """Return a copy of a nested state with another value in one place; None removes it."""
    first, _, rest = place.partition("/")
    made = dict(state)
    if rest:
        made[first] = set_in(state[first], rest, value)
    elif value is None:
        del made[first]
    else:
        made[first] = value
    return made


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("deck", None, "not a checkpoint of a run: its entry 'deck' is missing"),
        ("simulation", 3, "its entry 'simulation' is of type int, not dict"),
        ("extensions", [2.5], r"the run was extended by 2\.5, not by a number of steps"),
        ("simulation/cell", None, r"the run cannot be continued from it \('cell'\)"),
        ("simulation/past_work", {}, r"the run cannot be continued from it \('thermostat'\)"),
        ("simulation/velocities", np.zeros((1, 3)), r"checkpoint\.h5: velocities has 1 rows, positions has \d+\."),
        ("simulation/forces", np.zeros((1, 3)), r"has an array \(1, 3\) of float64 as /forces, not an array"),
        (
            "simulation/neighbors/outer_cell",
            np.full((3, 3), 14, dtype=np.int8),
            r"outer_cell of the neighbour lists of shape \(3, 3\) and type int8, not \(3, 3\) finite",
        ),
        (
            "simulation/neighbors/inner_positions",
            np.zeros((2, 3)),
            r"inner_positions of .* shape \(2, 3\) and type float64",
        ),
        (
            "simulation/neighbors/inner_cell",
            np.zeros((3, 3)),
            r"inner_cell of the neighbour lists \[\[0\.0, .*no volume",
        ),
        ("simulation/neighbors/skins", np.array([1.0, -0.5, 0.0]), r"inner skin of -0\.5 Å and an outer one of 1 Å"),
        ("simulation/step", 4.5, r"has 4\.5 as /step, not 4"),
    ],
)
def test_a_run_does_not_continue_from_them(finished, place, value, message):
    folder, state = finished
    frames = (folder / "trajectory.h5md").read_bytes()
    (folder / "checkpoint_prev.h5").unlink(missing_ok=True)
    write_checkpoint(folder / "checkpoint.h5", set_in(state, place, value))
    with pytest.raises(InputError, match=message):
        nakmd.resume(folder, steps=2, threads=1)
    assert (folder / "trajectory.h5md").read_bytes() == frames


def test_a_run_with_damaged_reports_is_one_message(finished):
    folder, state = finished
    write_checkpoint(folder / "checkpoint.h5", set_in(state, "simulation/reports", {"0": {"name": "relax"}}))
    with pytest.raises(FileFormatError, match="the stages of the run cannot be read"):
        nakmd.Run(folder)


def resealed(path, change):
    """Change the content of a checkpoint, and give it the digest of the new content."""
    with h5py.File(path, "r+") as file:
        change(file)
    block, rest = path.read_bytes()[:512], path.read_bytes()[512:]
    old = block.split(b"sha256 ")[1][:64]
    path.write_bytes(block.replace(old, hashlib.sha256(rest).hexdigest().encode()) + rest)


def test_storage_that_no_run_uses(tmp_path):
    path = tmp_path / "checkpoint.h5"

    def message(change):
        path.unlink(missing_ok=True)
        write_checkpoint(path, {"step": 1, "group": {"positions": np.zeros((4, 3))}})
        resealed(path, change)
        with pytest.raises(FileFormatError) as caught:
            read_checkpoint(path)
        return str(caught.value)

    def twice(file):
        file["more"] = file["group"]

    def unstored(file):
        del file["group/positions"]
        made = file.create_dataset("group/positions", shape=(1 << 31, 3), dtype="f8", chunks=True, fillvalue=1.0)
        made.attrs["kind"] = "array"

    def text(file):
        del file["step"]
        file.create_dataset("step", data=json.dumps(1)).attrs["kind"] = "json"

    assert "the entry /more occurs twice." in message(twice)
    assert "/group/positions has shape (2147483648, 3), 51539607552 bytes, but only 0 are stored." in message(unstored)
    assert "/step holds values of type object, not numbers." in message(text)
