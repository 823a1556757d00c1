"""Files that a new run replaces: after a kill at any moment, the folder has all old files or the new ones."""

import os
from contextlib import suppress
from types import SimpleNamespace

import pytest

from nakmd.io import set_aside
from nakmd.io.set_aside import ASIDE, SetAside

NAMES = ("checkpoint", "trajectory", "deck", "results")


class Killed(BaseException):
    """Simulates SIGKILL."""


def content_of(folder):
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def make(folder, *names):
    folder.mkdir()
    for name in (*names, "notes of the user"):
        (folder / name).write_text(f"old {name}")
    return content_of(folder)


def killed_after(n_calls):
    """Return a module ``os`` in which call number ``n_calls`` of ``replace`` kills the process."""
    left = [n_calls]

    def replace(source, target):
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        os.replace(source, target)

    return SimpleNamespace(**{**vars(os), "replace": replace})


@pytest.mark.parametrize("names", [NAMES, ("results",), ("trajectory", "deck"), ("checkpoint",)])
def test_a_kill_between_any_two_renames_restores_the_old_files(tmp_path, monkeypatch, names):
    for n_begin in range(len(names) + 1):
        for n_recover in range(len(names) + 1):
            folder = tmp_path / f"{n_begin} {n_recover}"
            old = make(folder, *names)
            with monkeypatch.context() as patch:
                patch.setattr(set_aside, "os", killed_after(n_begin))
                try:
                    SetAside(folder, NAMES, "checkpoint").begin()
                    for name in ("deck", "trajectory"):  # the new run begins, and is killed before its checkpoint
                        (folder / name).write_text("new")
                except Killed:
                    pass
            with monkeypatch.context() as patch:  # the next start is killed while it puts the files back
                patch.setattr(set_aside, "os", killed_after(n_recover))
                with suppress(Killed):
                    SetAside(folder, NAMES, "checkpoint").recover()
            SetAside(folder, NAMES, "checkpoint").recover()
            assert content_of(folder) == old
            assert not (folder / ASIDE).exists()


@pytest.mark.parametrize("is_committed", [True, False])
def test_a_new_run_with_its_checkpoint_stays(tmp_path, is_committed):
    folder = tmp_path / "run"
    make(folder, *NAMES)
    files = SetAside(folder, NAMES, "checkpoint")
    files.begin()
    assert content_of(folder) == {"notes of the user": "old notes of the user"}
    for name in ("deck", "checkpoint"):
        (folder / name).write_text("new")
    if is_committed:
        files.commit()
        assert not (folder / ASIDE).exists()
        assert not files.roll_back()
    else:  # killed between the checkpoint and the commit
        assert not SetAside(folder, NAMES, "checkpoint").recover()
    assert content_of(folder) == {"notes of the user": "old notes of the user", "deck": "new", "checkpoint": "new"}
    assert not (folder / ASIDE).exists()


def test_a_file_that_is_kept_is_never_moved(tmp_path):
    folder = tmp_path / "run"
    old = make(folder, *NAMES)
    files = SetAside(folder, NAMES, "checkpoint")
    files.begin(keep=["deck"])
    assert content_of(folder).keys() == {"deck", "notes of the user"}
    (folder / "trajectory").write_text("new")
    assert files.roll_back()
    assert content_of(folder) == old


def test_nothing_to_set_aside(tmp_path):
    files = SetAside(tmp_path, NAMES, "checkpoint")
    assert not files.recover()
    files.begin()
    (tmp_path / "deck").write_text("new")
    assert not files.roll_back()
    assert os.listdir(tmp_path) == []
