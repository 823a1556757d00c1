"""Whatever writes a file replaces regular files only, follows links, keeps permissions, and leaves no other file."""

import os
import stat
from pathlib import Path

import io_samples as samples
import pytest

from nakmd.deck.templates import write_template
from nakmd.errors import InputError, NakmdError
from nakmd.io import convert, write_checkpoint, write_extxyz, write_status
from nakmd.io.atomic import replacing, write_atomically
from nakmd.io.checkpoint import previous_copy, read_checkpoint
from nakmd.potentials.files.texts import write_text, write_texts

GOOD = Path(__file__).parent / "data" / "cases" / "05_failed_convert_replaces_target" / "good.xyz"

#: Functions that write a file in the place of another.
WRITERS = {
    "write_atomically": lambda path: write_atomically(path, b"new"),
    "write_extxyz": lambda path: write_extxyz(path, samples.system()),
    "write_status": lambda path: write_status(path, {"step": 1}),
    "convert to h5md": lambda path: convert(GOOD, path, "h5md"),
    "convert to a dump": lambda path: convert(GOOD, path, "lammps-dump"),
    "a file of a potential": lambda path: write_text(path, "new"),
    "files of a potential": lambda path: write_texts(path.parent, {path.name: "new"}),
    "nakmd new": lambda path: write_template("nak-liquid", path, force=True),
}


@pytest.fixture(params=WRITERS)
def write(request):
    return WRITERS[request.param]


def test_a_pipe_is_refused(tmp_path, write):
    path, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(path)
    link.symlink_to(path)
    for target in (path, link):
        with pytest.raises(InputError, match=f"{target.name} is a named pipe, not a file"):
            write(target)
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert link.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["link", "pipe"]


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_stays_and_its_file_is_written(tmp_path, write, exists):
    (tmp_path / "there").mkdir()
    path, link = tmp_path / "there" / "file", tmp_path / "link"
    link.symlink_to(path)
    if exists:
        path.write_text("old")
    write(link)
    assert os.readlink(link) == str(path)
    assert path.read_bytes() not in (b"", b"old")
    assert os.listdir(path.parent) == ["file"]
    assert os.listdir(tmp_path) in (["there", "link"], ["link", "there"])


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o444])
def test_permissions_are_kept(tmp_path, write, mode):
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(mode)
    write(path)
    assert path.read_bytes() != b"old"
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_new_file_has_the_permissions_of_the_process(tmp_path, write):
    umask = os.umask(0o027)
    try:
        write(tmp_path / "file")
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_private_content_is_private_while_it_is_written(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o600)
    with replacing(path) as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600


def test_a_failure_leaves_the_file_and_no_other(tmp_path, write, monkeypatch):
    path, other = tmp_path / "file", tmp_path / "file.part"
    for file in (path, other):
        file.write_text("of the user")

    def fail(_source, _target):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(NakmdError, match=f"{path.name}.* cannot be written.*No space left"):
            write(path)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"file": "of the user", "file.part": "of the user"}
    write(path)
    assert other.read_text() == "of the user"


def test_a_folder_is_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    for write in (WRITERS["write_atomically"], WRITERS["a file of a potential"], WRITERS["write_extxyz"]):
        with pytest.raises(InputError, match="folder is a folder, not a file"):
            write(tmp_path / "folder")
    assert os.listdir(tmp_path) == ["folder"]


def test_of_several_files_all_are_written_or_none(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("old")
    really_open = Path.open

    def fail(path, *arguments, **words):
        if ".b." in path.name:
            raise OSError(28, "No space left on device")
        return really_open(path, *arguments, **words)

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(InputError, match="No space left"):
        write_texts(tmp_path, {"a": "new", "b": "new"})
    monkeypatch.undo()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "old"}


def test_checkpoints_behind_a_link(tmp_path):
    """The previous copy is the earlier checkpoint, not another link to the present one."""
    (tmp_path / "scratch").mkdir()
    path = tmp_path / "checkpoint.h5"
    path.symlink_to(tmp_path / "scratch" / "c.h5")
    for step in range(3):
        write_checkpoint(path, {"step": step})
    assert path.is_symlink()
    assert read_checkpoint(path)["step"] == 2
    path.unlink()
    assert not previous_copy(path).is_symlink()
    assert read_checkpoint(path)["step"] == 1
