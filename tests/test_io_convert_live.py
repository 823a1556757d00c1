"""No conversion replaces a file in the folder of a run that is going on, also where the file system has no locks."""

import dataclasses
import errno
import fcntl
import json
from pathlib import Path

import pytest

from nakmd.errors import InputError
from nakmd.io import convert
from nakmd.io.ase_images import ImageFrames
from nakmd.io.folder_lock import LOCK, FolderLock
from nakmd.io.process_identity import ProcessIdentity

GOOD = Path(__file__).parent / "data" / "cases" / "05_failed_convert_replaces_target" / "good.xyz"


@pytest.fixture(autouse=True)
def no_locks(monkeypatch):
    def refuse(_handle, _operation):
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)


@pytest.fixture(params=["t.h5md", "t.xyz", "t.data", "t.dump", "t.dcd"])
def target(request, tmp_path):
    """Return a file of an earlier conversion, alone in its folder."""
    target = tmp_path / "run" / request.param
    target.parent.mkdir()
    convert(GOOD, target)
    return target


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_file_in_the_folder_of_a_live_run(target):
    lock = FolderLock(target.parent)
    lock.acquire()
    content = target.read_bytes()
    link = target.parents[1] / f"link{target.suffix}"
    link.symlink_to(target)
    for path in (target, link):
        with pytest.raises(InputError, match=r"is in use: process \d+ .* Choose another target"):
            convert(GOOD, path)
    assert target.read_bytes() == content
    assert sorted(files_of(target.parent)) == sorted([LOCK, target.name])
    convert(GOOD, target.with_stem("new"))  # it replaces nothing
    lock.release()
    convert(GOOD, target)


def test_a_run_that_begins_during_the_conversion(target, monkeypatch):
    lock = FolderLock(target.parent)
    content = target.read_bytes()
    read = ImageFrames.__getitem__

    def start(self, row):
        if lock.holder() is None:
            lock.acquire()
        return read(self, row)

    monkeypatch.setattr(ImageFrames, "__getitem__", start)
    with pytest.raises(InputError, match="is in use"):
        convert(GOOD, target)
    lock.release()
    assert files_of(target.parent) == {target.name: content}


@pytest.mark.parametrize("scope", ["here", "another machine"])
def test_the_lock_of_a_killed_run(target, scope):
    """It counts only if its process is certainly gone."""
    if not ProcessIdentity.own().scope:
        pytest.skip("needs /proc")
    holder = dataclasses.replace(ProcessIdentity.own(), started=1)
    if scope != "here":
        holder = dataclasses.replace(holder, scope=scope, host="node-b")
    (target.parent / LOCK).write_text(json.dumps({"token": "0123456789abcdef", **holder.to_dict(), "beat": 0}))
    if scope == "here":
        convert(GOOD, target)
    else:
        with pytest.raises(InputError, match=r"node-b.*run\.lock"):
            convert(GOOD, target)
