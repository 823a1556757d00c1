"""The folder of a run: what a start may replace, what a failed or killed start leaves, and who may write there."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from small_decks import COMMAND, ENVIRONMENT, frames_of, shell, small, write_deck

import nakmd
from nakmd.errors import InputError, RunError
from nakmd.io import folder_lock
from nakmd.io.set_aside import ASIDE
from nakmd.runs import session
from nakmd.runs.folder import RunFolder


def files_of(folder):
    """Return the content of all files of a folder and below by their paths."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---------------------------------------------------------------------------------------------- files of the user
def test_a_folder_that_is_no_run_keeps_its_files(tmp_path):
    """Results and a deck of the user: refused without overwrite; with it, the deck still stays."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("results.json", "deck.toml", "notes.txt"):
        (folder / name).write_text(f"{name} of the user")
    before = files_of(folder)
    with pytest.raises(InputError, match=r"holds no run, but files .*deck.toml, results.json\. .*--overwrite"):
        nakmd.run(small(), folder, threads=1)
    with pytest.raises(InputError, match=r"(?s)deck.toml is not the copy.*-deck.toml of the user.*rename this file"):
        nakmd.run(small(), folder, threads=1, overwrite=True)
    assert files_of(folder) == before
    (folder / "deck.toml").unlink()
    with pytest.raises(InputError, match=r"files that a run would replace: results.json\."):
        nakmd.run(small(), folder, threads=1)
    assert nakmd.run(small(), folder, threads=1, overwrite=True).status == "finished"
    assert (folder / "notes.txt").read_text() == "notes.txt of the user"
    assert json.loads((folder / "results.json").read_text())["results"]


def test_only_leftovers_of_a_run_are_deleted(tmp_path):
    for name in (".deck.toml.4711.tmp", ".deck.toml.mine.tmp", ".deck.toml.tmp", "deck.toml.4711.tmp"):
        (tmp_path / name).write_text("")
    with RunFolder(tmp_path).held():
        pass
    assert sorted(files_of(tmp_path)) == [".deck.toml.mine.tmp", ".deck.toml.tmp", "deck.toml.4711.tmp"]


def test_a_folder_of_the_user_with_the_name_of_files_set_aside(tmp_path):
    (tmp_path / ASIDE).mkdir()
    (tmp_path / ASIDE / "precious").write_text("of the user")
    (tmp_path / "checkpoint.h5").write_text("of an earlier run")
    before = files_of(tmp_path)
    with pytest.raises(InputError, match=r"\.replaced holds precious"):
        nakmd.run(small(), tmp_path, threads=1, overwrite=True)
    assert files_of(tmp_path) == before


def test_other_files_do_not_prevent_a_run(tmp_path):
    deck = write_deck(tmp_path / "mine.toml")
    content = deck.read_bytes()
    assert nakmd.run(deck, tmp_path, threads=1).status == "finished"
    assert deck.read_bytes() == content


def test_a_deck_in_the_folder_of_its_run_is_never_rewritten(tmp_path):
    deck = write_deck(tmp_path / "deck.toml")
    content = b"# made by hand\r\n" + deck.read_bytes().replace(b"\n", b"\r\n")
    deck.write_bytes(content)
    with pytest.raises(InputError, match=r"(?s)files that a run would replace: deck.toml"):
        nakmd.run(deck, tmp_path, threads=1, seed=5)  # the copy would be another text
    with pytest.raises(InputError, match=r"(?s)deck.toml is not the copy.*\+seed = 5"):
        nakmd.run(deck, tmp_path, threads=1, seed=5, overwrite=True)
    assert nakmd.run(deck, tmp_path, threads=1).status == "finished"
    assert nakmd.resume(tmp_path, steps=5, threads=1).step == 25
    with pytest.raises(InputError, match="is not the copy"):
        nakmd.run(small(steps=7), tmp_path, threads=1, overwrite=True)  # although the run was made with this text
    assert deck.read_bytes() == content
    deck.write_bytes(content.replace(b"steps = 20", b"steps = 10"))
    assert nakmd.run(deck, tmp_path, threads=1, overwrite=True).step == 10
    assert deck.read_bytes() == content.replace(b"steps = 20", b"steps = 10")


def test_a_copy_that_the_user_has_edited_is_a_deck_of_the_user(tmp_path):
    folder = tmp_path / "run"
    nakmd.run(small(), folder, threads=1)
    copy = folder / "deck.toml"
    copy.write_text(copy.read_text() + "# a thought\n")
    before = files_of(folder)
    with pytest.raises(InputError, match=r"(?s)is not the copy.*-# a thought"):
        nakmd.run(small(), folder, threads=1, overwrite=True)
    assert files_of(folder) == before
    assert nakmd.run(copy, folder, threads=1, overwrite=True).status == "finished"
    assert copy.read_text().endswith("# a thought\n")


def test_the_copy_of_a_run_without_status_is_recognised(tmp_path):
    nakmd.run(small(), tmp_path / "run", threads=1)
    (tmp_path / "run" / "status.json").unlink()
    assert nakmd.run(small(steps=8), tmp_path / "run", threads=1, overwrite=True).step == 8


# ---------------------------------------------------------------------------------------------- failed starts
@pytest.mark.parametrize("fault", [InputError("no"), RunError("disk"), KeyboardInterrupt(), ValueError("bug")])
def test_a_start_that_fails_leaves_the_earlier_run(tmp_path, monkeypatch, fault):
    nakmd.run(small(), tmp_path / "run", threads=1)
    before = files_of(tmp_path / "run")

    def fail(*_arguments, **_more):
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(session, "write_checkpoint", fail)
        with pytest.raises(type(fault)):
            nakmd.run(small(steps=7), tmp_path / "run", threads=1, overwrite=True)
        with pytest.raises(type(fault)):
            nakmd.run(small(steps=7), tmp_path / "new" / "run", threads=1)
    assert files_of(tmp_path / "run") == before
    assert not (tmp_path / "new").exists()
    assert nakmd.resume(tmp_path / "run", steps=5, threads=1).step == 25


KILLED = """
import os, signal, sys
import nakmd
from nakmd.io import set_aside
from nakmd.runs import session
def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[3] == "checkpoint":
    session.write_checkpoint = kill
else:
    set_aside.write_atomically = kill
nakmd.run(sys.argv[1], sys.argv[2], threads=1, overwrite=True)
"""


@pytest.mark.parametrize("moment", ["checkpoint", "aside"])
def test_a_killed_start_with_overwrite_leaves_the_earlier_run(tmp_path, moment):
    nakmd.run(small(), tmp_path / "run", threads=1)
    before = files_of(tmp_path / "run")
    deck = write_deck(tmp_path / "other.toml", steps=7)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, deck, tmp_path / "run", moment], env=ENVIRONMENT, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    with pytest.raises(InputError, match="has changed since"):  # of the earlier run, which was put back
        nakmd.resume(tmp_path / "run", threads=1, deck=deck)
    assert files_of(tmp_path / "run") == before
    resumed = nakmd.resume(tmp_path / "run", steps=5, threads=1)
    assert resumed.step == 25


def test_a_first_start_that_was_killed_before_its_checkpoint_is_started_again(tmp_path):
    deck = write_deck(tmp_path / "small.toml")
    subprocess.run([sys.executable, "-c", KILLED, deck, tmp_path / "run", "checkpoint"], env=ENVIRONMENT, check=False)
    assert (tmp_path / "run" / "trajectory.h5md").exists()
    with pytest.raises(InputError, match=r"holds no run.*nakmd run`, also if one was killed before its first"):
        nakmd.resume(tmp_path / "run", threads=1)
    assert nakmd.run(small(steps=7), tmp_path / "run", threads=1).step == 7  # no --overwrite: nothing was computed


# ---------------------------------------------------------------------------------------------- several processes
def start(*arguments, cwd):
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)], cwd=cwd, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def wait_for(path, seconds=120.0):
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} was not written"
        time.sleep(0.05)


@pytest.fixture
def live(tmp_path):
    """A long run in its steps, in another process; afterwards it is stopped, and must have lost nothing."""
    write_deck(tmp_path / "long.toml", steps=10**6)
    process = start("run", "long.toml", "-o", "run", "--threads", 1, cwd=tmp_path)
    wait_for(tmp_path / "run" / "checkpoint_prev.h5")
    yield tmp_path
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=120)
    assert process.returncode == 3, error
    steps = [frame[0] for frame in frames_of(tmp_path / "run")]
    assert steps == list(range(0, 5 * len(steps), 5))


@pytest.mark.slow
def test_a_live_run_is_not_touched(live):
    """By a start, a start with --overwrite, or a resume: here, under another host name, and in another container."""
    deck = write_deck(live / "other.toml", steps=7)
    inode = (live / "run" / "trajectory.h5md").stat().st_ino
    n_frames = len(frames_of(live / "run"))
    for arguments in (["run", deck, "-o", "run"], ["run", deck, "-o", "run", "--overwrite"], ["resume", "run"]):
        code, error = shell(*arguments, cwd=live)
        assert code == 2
        assert re.fullmatch(r"(compiling.*\n)?run is in use: process \d+ on .* Nothing was changed\.\n", error)
    unshare = shutil.which("unshare")
    for flags in (["--uts"], ["--uts", "--pid", "--fork", "--mount-proc"]):
        if unshare is None or subprocess.run([unshare, *flags, "true"], capture_output=True, check=False).returncode:
            continue
        other_host = [unshare, *flags, "sh", "-c", 'hostname node-b && exec "$0" "$@"']
        done = subprocess.run(
            [*other_host, *COMMAND, "run", deck, "-o", "run", "--overwrite"],
            cwd=live, env=ENVIRONMENT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 2
        assert "run is in use: process" in done.stderr
    assert (live / "run" / "trajectory.h5md").stat().st_ino == inode
    assert len(frames_of(live / "run")) >= n_frames
    assert json.loads((live / "run" / "status.json").read_text())["status"] == "running"


@pytest.mark.slow
def test_of_two_starts_at_the_same_moment_exactly_one_runs(tmp_path):
    write_deck(tmp_path / "small.toml", steps=4000)
    both = [start("run", "small.toml", "-o", "run", "--threads", 1, cwd=tmp_path) for _ in range(2)]
    errors = [process.communicate(timeout=300)[1] for process in both]
    codes = [process.returncode for process in both]
    assert sorted(codes) == [0, 2], errors
    # in use, or finished if the second one was slower to start than the first one to run
    assert re.search("run is in use|run holds a run", errors[codes.index(2)])
    assert frames_of(tmp_path / "run")[-1][0] == 4000


@pytest.mark.parametrize("interval", [0.05, 1e9])
def test_a_folder_that_is_removed_ends_the_run_with_one_message(tmp_path, monkeypatch, interval):
    """Whichever comes first: the lock is renewed, or a checkpoint is due, which is certain with an endless interval."""
    monkeypatch.setattr(folder_lock, "INTERVAL", interval)

    def remove(now):
        if now.step > 0:
            shutil.rmtree(tmp_path / "run", ignore_errors=True)

    with pytest.raises(RunError, match=r"(the|its) folder .*was removed"):
        nakmd.run(small(steps=10**6), tmp_path / "run", threads=1, progress=remove)
    assert not (tmp_path / "run").exists()


def test_a_suspended_run_that_has_lost_its_folder_writes_nothing(tmp_path, monkeypatch):
    """Another machine has taken the folder over during the pause, and writes its own run there."""
    monkeypatch.setattr(folder_lock, "INTERVAL", 1e9)
    late = []

    def suspend(now):
        if now.step > 10 and not late:
            for path in (tmp_path / "run").iterdir():
                path.write_bytes(b"of the other one")
            late.append(now.step)
            clocks = folder_lock._clocks
            monkeypatch.setattr(folder_lock, "_clocks", lambda: tuple(t + 3600.0 for t in clocks()))

    with pytest.raises(RunError, match="no longer holds the lock"):
        nakmd.run(small(steps=10**6), tmp_path / "run", threads=1, progress=suspend)
    assert set(files_of(tmp_path / "run").values()) == {b"of the other one"}


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "run").write_text("notes")
    with pytest.raises(InputError, match="run is a file, not a folder"):
        nakmd.run(small(), tmp_path / "run", threads=1, overwrite=True)
    with pytest.raises(InputError, match=r"cannot be created: Not a directory"):
        nakmd.run(small(), tmp_path / "run" / "below", threads=1)
    assert (tmp_path / "run").read_text() == "notes"


# ---------------------------------------------------------------------------------------------- a full disk
@pytest.mark.parametrize("limit", [20_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_full_disk_is_one_message_and_nothing_is_lost(tmp_path, limit):
    """A limit on the size of files: the first checkpoint does not fit, or the trajectory is full later."""
    write_deck(tmp_path / "small.toml", steps=400)
    nakmd.run(tmp_path / "small.toml", tmp_path / "whole", threads=1)
    limited = ["sh", "-c", f'ulimit -f {limit // 512}; exec "$0" "$@"', *COMMAND]
    done = subprocess.run(
        [*limited, "run", "small.toml", "-o", "run", "--threads", "1"],
        cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Internal error" not in done.stderr
    assert "File too large" in done.stderr
    if limit == 20_000:
        assert not (tmp_path / "run").exists()
        return
    assert json.loads((tmp_path / "run" / "status.json").read_text())["status"] == "failed"
    n_stored = len(frames_of(tmp_path / "run"))
    assert frames_of(tmp_path / "run") == frames_of(tmp_path / "whole")[:n_stored]
    nakmd.resume(tmp_path / "run", threads=1)
    assert frames_of(tmp_path / "run") == frames_of(tmp_path / "whole")


def test_what_is_left_of_a_run_is_removed_and_nothing_else(tmp_path):
    (tmp_path / "trajectory.h5md").write_text("half of it")
    (tmp_path / "lammps").mkdir()
    (tmp_path / "lammps" / "in.own").write_text("run 0")
    folder = RunFolder(tmp_path)
    with folder.held():
        folder.remove_run()
    assert not (tmp_path / "trajectory.h5md").exists()
    assert (tmp_path / "lammps" / "in.own").read_text() == "run 0"
