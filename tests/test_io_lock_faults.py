"""Locks of folders that cannot be read, or are no files: one message, no traceback, and no endless wait."""

import dataclasses
import errno
import os
from pathlib import Path

import pytest
from locks import FOREIGN, Clock, write_lock

from nakmd.errors import InputError
from nakmd.io import folder_lock
from nakmd.io.folder_lock import LOCK, STALE, FolderLock
from nakmd.io.process_identity import ProcessIdentity


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "dangling link", "circle of links"])
def test_something_else_with_the_name_of_the_lock(tmp_path, monkeypatch, kind):
    """It is refused at once: not read, not removed, and not waited for."""
    monkeypatch.setattr(folder_lock, "time", Clock(lambda n: pytest.fail("waits")))
    folder = tmp_path / "run"
    folder.mkdir()
    path = folder / LOCK
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to({"link": tmp_path / "there", "dangling link": tmp_path / "nothing"}.get(kind, path))
        write_lock(tmp_path, dataclasses.replace(ProcessIdentity.own(), started=1))
        (tmp_path / LOCK).rename(tmp_path / "there")
    before = [(p.name, os.lstat(p).st_mode) for p in folder.iterdir()]
    lock = FolderLock(folder)
    for ask in (lock.acquire, lock.holder, lock.user):
        with pytest.raises(InputError, match=r"run\.lock cannot be read: it is not a file\. .*remove it"):
            ask()
    lock.release()
    assert [(p.name, os.lstat(p).st_mode) for p in folder.iterdir()] == before


@pytest.mark.parametrize("moment", ["before", "while waiting"])
def test_a_lock_that_cannot_be_read(tmp_path, monkeypatch, moment):
    """As that of another user, or on a file server that is restarting."""
    write_lock(tmp_path, FOREIGN)

    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    def lose(_n=0):
        monkeypatch.setattr(Path, "read_bytes", refuse)

    monkeypatch.setattr(folder_lock, "time", Clock(lose))
    if moment == "before":
        lose()
    with pytest.raises(InputError, match=r"run\.lock cannot be read: Permission denied\. .*another folder"):
        FolderLock(tmp_path).acquire()
    monkeypatch.undo()
    assert os.listdir(tmp_path) == [LOCK]


def test_a_holder_whose_lock_cannot_be_read_for_a_moment_keeps_it(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_lock, "time", clock := Clock())
    lock = FolderLock(tmp_path)
    lock.acquire()
    clock.now += STALE / 2 + 1.0
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", lambda _: (_ for _ in ()).throw(OSError(errno.ESTALE, "Stale handle")))
        lock.confirm()
    lock.confirm()
    lock.release()
    assert os.listdir(tmp_path) == []


def test_an_attempt_that_another_process_has_won_is_followed_by_a_pause(tmp_path, monkeypatch):
    lock = FolderLock(tmp_path)
    clock = Clock(lambda n: (tmp_path / LOCK).unlink() if n == 3 else None)
    monkeypatch.setattr(folder_lock, "time", clock)
    # the file exists for ``open`` and not for reading, as in the cache of a network file system
    (tmp_path / LOCK).write_text("")
    read = folder_lock.Claim.read
    with monkeypatch.context() as patch:
        patch.setattr(folder_lock.Claim, "read", lambda path: None if clock.n_sleeps < 3 else read(path))
        lock.acquire()
    assert clock.n_sleeps == 3
    lock.release()
