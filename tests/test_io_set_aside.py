"""Files that a new run replaces: after a kill at any moment, the folder has all old files or the new ones."""

import errno
import os
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from nakmd.errors import InputError, RunError
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
                    SetAside(folder, NAMES, ["checkpoint"]).begin()
                    for name in ("deck", "trajectory"):  # the new run begins, and is killed before its checkpoint
                        (folder / name).write_text("new")
                except Killed:
                    pass
            with monkeypatch.context() as patch:  # the next start is killed while it puts the files back
                patch.setattr(set_aside, "os", killed_after(n_recover))
                with suppress(Killed):
                    SetAside(folder, NAMES, ["checkpoint"]).recover()
            SetAside(folder, NAMES, ["checkpoint"]).recover()
            assert content_of(folder) == old
            assert not (folder / ASIDE).exists()


@pytest.mark.parametrize("is_committed", [True, False])
def test_a_new_run_with_its_checkpoint_stays(tmp_path, is_committed):
    folder = tmp_path / "run"
    make(folder, *NAMES)
    files = SetAside(folder, NAMES, ["checkpoint"])
    files.begin()
    assert content_of(folder) == {"notes of the user": "old notes of the user"}
    for name in ("deck", "checkpoint"):
        (folder / name).write_text("new")
    if is_committed:
        files.commit()
        assert not (folder / ASIDE).exists()
        assert not files.roll_back()
    else:  # killed between the checkpoint and the commit
        assert not SetAside(folder, NAMES, ["checkpoint"]).recover()
    assert content_of(folder) == {"notes of the user": "old notes of the user", "deck": "new", "checkpoint": "new"}
    assert not (folder / ASIDE).exists()


def test_a_file_that_is_kept_is_never_moved(tmp_path):
    folder = tmp_path / "run"
    old = make(folder, *NAMES)
    files = SetAside(folder, NAMES, ["checkpoint"])
    files.begin(keep=["deck"])
    assert content_of(folder).keys() == {"deck", "notes of the user"}
    (folder / "trajectory").write_text("new")
    assert files.roll_back()
    assert content_of(folder) == old


def test_nothing_to_set_aside(tmp_path):
    files = SetAside(tmp_path, NAMES, ["checkpoint"])
    assert not files.recover()
    files.begin()
    (tmp_path / "deck").write_text("new")
    assert not files.roll_back()
    assert os.listdir(tmp_path) == []


def tree_of(folder):
    return {str(p.relative_to(folder)): p.read_text() if p.is_file() else None for p in folder.rglob("*")}


@pytest.mark.parametrize("damage", ["cannot be read", "stale", b"", b"[", b"{}", b'["deck", 1]', b"\xff", None])
def test_without_the_list_nothing_is_deleted(tmp_path, monkeypatch, damage):
    """A list that cannot be read, or holds something else, or is lost: the moved files may be the only copy."""
    folder = tmp_path / "run"
    make(folder, *NAMES)
    SetAside(folder, NAMES, ["checkpoint"]).begin()
    (folder / "trajectory").write_text("new")
    listed = folder / ASIDE / "names.json"
    if damage == "stale":  # as a file server answers after a restart
        monkeypatch.setattr(Path, "read_bytes", lambda _: (_ for _ in ()).throw(OSError(errno.ESTALE, "Stale handle")))
    elif damage == "cannot be read":
        listed.unlink()
        listed.mkdir()
    elif damage is None:
        listed.unlink()
    else:
        listed.write_bytes(damage)
    before = sorted(folder.rglob("*"))
    files = SetAside(folder, NAMES, ["checkpoint"])
    error, message = (
        (RunError, "cannot be read") if isinstance(damage, str) else (InputError, r"\.replaced.*names\.json")
    )
    with pytest.raises(error, match=message):
        files.recover()
    with pytest.raises(InputError, match=r"\.replaced exists"):
        files.begin()
    assert not files.roll_back()
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("committed", [False, True])
def test_a_file_of_the_user_among_those_set_aside_is_never_deleted(tmp_path, killed, committed):
    folder = tmp_path / "run"
    make(folder, *NAMES)
    if killed:
        SetAside(folder, NAMES, ["checkpoint"]).begin()
        if committed:
            (folder / "checkpoint").write_text("new")
    (folder / ASIDE).mkdir(exist_ok=True)
    (folder / ASIDE / "precious").write_text("of the user")
    before = tree_of(folder)
    with pytest.raises(InputError, match="holds precious"):
        SetAside(folder, NAMES, ["checkpoint"]).recover()
    assert tree_of(folder) == before
    (folder / ASIDE / "precious").unlink()
    SetAside(folder, NAMES, ["checkpoint"]).recover()
    assert not (folder / ASIDE).exists()


def test_a_file_of_the_user_that_appears_during_the_start_survives_the_commit(tmp_path):
    folder = tmp_path / "run"
    make(folder, *NAMES)
    files = SetAside(folder, NAMES, ["checkpoint"])
    files.begin()
    (folder / ASIDE / "precious").write_text("of the user")
    files.commit()
    assert tree_of(folder / ASIDE) == {"precious": "of the user"}


@pytest.mark.parametrize("is_link", [False, True])
def test_a_file_or_link_with_the_name_of_the_folder(tmp_path, is_link):
    folder = tmp_path / "run"
    make(folder, *NAMES)
    if is_link:
        (tmp_path / "elsewhere").mkdir()
        (folder / ASIDE).symlink_to(tmp_path / "elsewhere")
    else:
        (folder / ASIDE).write_text("of the user")
    before = tree_of(tmp_path)
    files = SetAside(folder, NAMES, ["checkpoint"])
    for act in (files.recover, files.begin):
        with pytest.raises(InputError, match=r"\.replaced"):
            act()
    assert tree_of(tmp_path) == before


def test_a_folder_with_the_name_of_a_file_of_a_run(tmp_path):
    folder = tmp_path / "run"
    make(folder, "checkpoint", "deck")
    (folder / "results").mkdir()
    (folder / "results" / "precious").write_text("of the user")
    before = tree_of(folder)
    with pytest.raises(InputError, match=r"results is a folder.*Rename it"):
        SetAside(folder, NAMES, ["checkpoint"]).begin()
    assert tree_of(folder) == before


def test_a_link_is_set_aside_and_put_back(tmp_path):
    """Also one whose file is missing, on a disk that is not mounted."""
    folder = tmp_path / "run"
    make(folder, "checkpoint")
    (folder / "trajectory").symlink_to(tmp_path / "scratch" / "t")
    files = SetAside(folder, NAMES, ["checkpoint"])
    files.begin()
    assert not os.path.lexists(folder / "trajectory")
    assert files.roll_back()
    assert os.readlink(folder / "trajectory") == str(tmp_path / "scratch" / "t")


def test_a_kill_while_the_old_files_are_deleted(tmp_path, monkeypatch):
    """The list goes last: what is left is recognised, and the next start finishes."""
    for n in range(len(NAMES) + 2):
        folder = tmp_path / str(n)
        make(folder, *NAMES)
        files = SetAside(folder, NAMES, ["checkpoint"])
        files.begin()
        (folder / "checkpoint").write_text("new")
        left = [n]

        def unlink(path, *, left=left):
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            os.unlink(path)

        with monkeypatch.context() as patch:
            patch.setattr(set_aside, "os", SimpleNamespace(**{**vars(os), "unlink": unlink}))
            with suppress(Killed):
                files.commit()
        assert not SetAside(folder, NAMES, ["checkpoint"]).recover()
        assert tree_of(folder) == {"checkpoint": "new", "notes of the user": "old notes of the user"}


@pytest.mark.parametrize("finished", [False, True])
def test_a_folder_is_set_aside_with_what_it_holds(tmp_path, finished):
    """The mark of the old run is another one than that of the new run: each kind of run has its own."""
    folder = tmp_path / "run"
    make(folder, "record")
    (folder / "input/deep").mkdir(parents=True)
    (folder / "input/deep/file").write_text("old")
    old = tree_of(folder)

    def files():
        return SetAside(folder, (*NAMES, "record", "input"), ["checkpoint", "record"], {"input"})

    begun = files()
    begun.begin()
    (folder / "input").mkdir()
    (folder / "input/new").write_text("new")
    if finished:
        (folder / "checkpoint").write_text("new")
        begun.commit()
        assert not files().recover()
        assert tree_of(folder).keys() == {"checkpoint", "input", "input/new", "notes of the user"}
    else:
        assert files().recover()
        assert tree_of(folder) == old
