"""The lock of a folder: one holder over threads, processes, hosts and reused process numbers; dead locks are freed."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from locks import FOREIGN, Clock, write_lock

from nakmd.errors import InputError, RunError
from nakmd.io import folder_lock, process_identity
from nakmd.io.folder_lock import INTERVAL, LOCK, STALE, FolderLock
from nakmd.io.process_identity import ProcessIdentity, own_age

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}


def stopped_process():
    """Return a process that sleeps, and its identity."""
    process = subprocess.Popen([sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(60)"],
                               stdout=subprocess.PIPE)  # fmt: skip
    process.stdout.readline()
    started = process_identity._start_of(process.pid)
    return process, dataclasses.replace(ProcessIdentity.own(), pid=process.pid, started=started)


linux = pytest.mark.skipif(not ProcessIdentity.own().scope, reason="needs /proc")


@linux
def test_a_process_is_gone_when_killed_even_before_its_parent_knows():
    process, identity = stopped_process()
    try:
        assert not identity.is_gone()
        assert dataclasses.replace(identity, started=identity.started + 1).is_gone()  # the number was used again
        assert not dataclasses.replace(identity, scope="another boot").is_gone()  # it cannot be known from here
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and its number is still taken
        assert identity.is_gone()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert identity.is_gone()


@linux
def test_the_age_of_this_process():
    code = (
        "import time; from nakmd.io.process_identity import own_age\n"
        "a = own_age(); time.sleep(0.5); print(a, own_age())"
    )
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    first, second = map(float, done.stdout.split())
    assert first > 0.05  # the start of Python and the imports
    assert second - first == pytest.approx(0.5, abs=0.3)  # on a busy machine
    assert own_age() > 0.0


def test_a_lock_is_held_once_and_released(tmp_path):
    lock, other = FolderLock(tmp_path), FolderLock(tmp_path)
    assert lock.holder() is None
    assert lock.acquire() == []
    entries = json.loads((tmp_path / LOCK).read_bytes())
    assert (entries["pid"], entries["renewed_every_s"], entries["dead_after_s"]) == (os.getpid(), INTERVAL, STALE)
    lock.confirm()
    with pytest.raises(InputError, match=rf"is in use: process {os.getpid()} on .* Nothing was changed"):
        other.acquire()
    other.release()  # it holds nothing
    lock.confirm()
    lock.release()
    assert os.listdir(tmp_path) == []
    assert other.acquire() == []
    other.release()


@linux
def test_the_lock_of_a_killed_process_is_free_at_once_and_that_of_a_running_one_is_not(tmp_path):
    process, identity = stopped_process()
    try:
        write_lock(tmp_path, identity)
        with pytest.raises(InputError, match=f"process {process.pid} on"):
            FolderLock(tmp_path).acquire(pytest.fail)
        process.send_signal(signal.SIGKILL)
        process.wait()
        lock = FolderLock(tmp_path)
        assert lock.acquire(pytest.fail) == []
        assert os.listdir(tmp_path) == [LOCK]
        lock.release()
        # the number of a killed process now belongs to this one
        write_lock(tmp_path, dataclasses.replace(identity, pid=os.getpid(), started=1))
        assert lock.acquire(pytest.fail) == []
        lock.release()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_lock_of_another_machine_is_dead_after_the_stated_time(tmp_path, monkeypatch):
    write_lock(tmp_path, FOREIGN)
    os.utime(tmp_path / LOCK, (1, 1))  # an old file is no dead lock: clocks are not compared
    clock, told = Clock(), []
    monkeypatch.setattr(folder_lock, "time", clock)
    lock = FolderLock(tmp_path)
    notes = lock.acquire(told.append)
    assert clock.n_sleeps == STALE / folder_lock.POLL
    assert told == [
        f"{tmp_path} is locked by process {os.getpid()} on node-b. Waiting up to 90 s: a running process renews its "
        "lock every 5 s."
    ]
    assert notes == [
        f"{tmp_path} was locked by process {os.getpid()} on node-b, which had not renewed its lock for 90 s and counts "
        "as dead."
    ]
    lock.release()


@pytest.mark.parametrize("jump", [0.0, 1e6, -1e6])
def test_no_jump_of_a_clock_frees_the_lock_of_a_running_process(tmp_path, monkeypatch, jump):
    """The holder renews at the 40th look; the clock of the waiting process jumps by days at every look."""
    write_lock(tmp_path, FOREIGN)

    def renew(n):
        if n == 40:
            write_lock(tmp_path, FOREIGN, beat=1)

    clock = Clock(renew, jump)
    monkeypatch.setattr(folder_lock, "time", clock)
    with pytest.raises(InputError, match="node-b is running there"):
        FolderLock(tmp_path).acquire()
    assert clock.n_sleeps == 40
    assert json.loads((tmp_path / LOCK).read_bytes())["beat"] == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"token": 5}', b'{"token": "a", "pid": "x"}', bytes(512)])
def test_an_incomplete_lock_may_belong_to_a_running_process(tmp_path, monkeypatch, content):
    (tmp_path / LOCK).write_bytes(content)
    clock = Clock()
    monkeypatch.setattr(folder_lock, "time", clock)
    lock = FolderLock(tmp_path)
    (note,) = lock.acquire()
    assert "a process that left no name" in note
    assert clock.n_sleeps == STALE / folder_lock.POLL
    lock.release()
    assert os.listdir(tmp_path) == []


def test_an_incomplete_lock_that_is_completed_during_the_wait_is_respected(tmp_path, monkeypatch):
    (tmp_path / LOCK).write_bytes(b"")
    clock = Clock(lambda n: write_lock(tmp_path, ProcessIdentity.own()) if n == 3 else None)
    monkeypatch.setattr(folder_lock, "time", clock)
    with pytest.raises(InputError, match=f"process {os.getpid()} on"):
        FolderLock(tmp_path).acquire()
    assert clock.n_sleeps == 3


def test_a_lock_that_is_released_during_the_wait_is_acquired(tmp_path, monkeypatch):
    write_lock(tmp_path, FOREIGN)
    monkeypatch.setattr(folder_lock, "time", Clock(lambda n: (tmp_path / LOCK).unlink() if n == 3 else None))
    lock = FolderLock(tmp_path)
    assert lock.acquire() == []
    lock.release()


@linux
@pytest.mark.parametrize(
    "n_links", [pytest.param(0, marks=pytest.mark.slow), pytest.param(1, marks=pytest.mark.slow), 2]
)
def test_exactly_one_of_many_acquires_a_free_or_dead_lock(tmp_path, n_links):
    """Eight threads start at the same moment; the lock is free, dead, or dead with a successor that died as well."""
    gone = dataclasses.replace(ProcessIdentity.own(), started=1)
    for attempt in range(25):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        for link in range(n_links):
            write_lock(folder, gone, token=f"dead{link}")
            if link:
                (folder / LOCK).rename(folder / f"{LOCK}.dead{link - 1}")
                write_lock(folder, gone, token="dead0")
        barrier, outcomes = threading.Barrier(8), []

        def start(folder=folder, barrier=barrier, outcomes=outcomes):
            lock = FolderLock(folder)
            barrier.wait()
            try:
                lock.acquire(pytest.fail)
                outcomes.append(lock)
            except InputError as error:
                outcomes.append(str(error))

        threads = [threading.Thread(target=start) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (winner,) = [outcome for outcome in outcomes if isinstance(outcome, FolderLock)]
        assert len(outcomes) == 8
        assert all("is in use" in outcome for outcome in outcomes if outcome is not winner)
        winner.confirm()
        winner.release()
        assert os.listdir(folder) == []


def test_a_late_successor_of_a_dead_lock_does_not_take_the_lock_of_the_first_one(tmp_path):
    """Both have seen the dead lock; the late one creates its file after the first one has renamed its own."""
    write_lock(tmp_path, dataclasses.replace(ProcessIdentity.own(), started=1), token="dead")
    first, late = FolderLock(tmp_path), FolderLock(tmp_path)
    first.acquire()
    assert not late._create(tmp_path / f"{LOCK}.dead")
    first.confirm()
    first.release()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("loss", ["taken over", "succeeded", "removed", "folder removed"])
def test_a_holder_notices_the_loss_and_leaves_the_lock_of_the_new_holder(tmp_path, monkeypatch, loss):
    folder = tmp_path / "run"
    folder.mkdir()
    clock = Clock()
    monkeypatch.setattr(folder_lock, "time", clock)
    lock = FolderLock(folder)
    lock.acquire()
    if loss == "taken over":
        write_lock(folder, FOREIGN)
    elif loss == "succeeded":  # the successor has not renamed its file yet
        (folder / f"{LOCK}.{lock.holder().token}").write_text(json.dumps({"token": "new"}))
    elif loss == "removed":
        (folder / LOCK).unlink()
    else:
        shutil.rmtree(folder)
    lock.confirm()  # renewed a moment ago
    clock.now += STALE / 2 + 1.0  # suspended for 46 s
    with pytest.raises(RunError, match="no longer holds the lock"):
        lock.confirm()
    present = sorted(os.listdir(folder)) if folder.exists() else None
    lock.release()
    assert (sorted(os.listdir(folder)) if folder.exists() else None) == present


def test_a_jump_of_the_time_of_day_makes_a_holder_look_and_go_on(tmp_path, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(folder_lock, "time", clock)
    lock = FolderLock(tmp_path)
    lock.acquire()
    beat = json.loads((tmp_path / LOCK).read_bytes())["beat"]
    for jump in (1e7, -2e7):
        clock.day += jump
        lock.confirm()
        beat += 1
        assert json.loads((tmp_path / LOCK).read_bytes())["beat"] == beat
    lock.release()


def test_a_thread_renews_the_lock(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_lock, "INTERVAL", 0.02)
    lock = FolderLock(tmp_path)
    lock.acquire()
    content = (tmp_path / LOCK).read_bytes()
    for _ in range(500):
        threading.Event().wait(0.01)
        if (tmp_path / LOCK).read_bytes() != content:
            break
    assert (tmp_path / LOCK).read_bytes() != content
    assert len(content) == len((tmp_path / LOCK).read_bytes()) == 512
    lock.release()


def test_a_forked_child_does_not_release_the_lock_of_its_parent(tmp_path, monkeypatch):
    lock = FolderLock(tmp_path)
    lock.acquire()
    with monkeypatch.context() as patch:
        patch.setattr(folder_lock, "os", SimpleNamespace(**{**vars(os), "getpid": lambda: 1}))
        lock.release()
    assert os.listdir(tmp_path) == [LOCK]


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"run.lock cannot be written: No such file.*another one"):
        FolderLock(tmp_path / "nothing").acquire()
    full = SimpleNamespace(**{**vars(os), "pwrite": lambda *_: (_ for _ in ()).throw(OSError(28, "No space left"))})
    monkeypatch.setattr(folder_lock, "os", full)
    with pytest.raises(InputError, match="No space left"):
        FolderLock(tmp_path).acquire()
    assert os.listdir(tmp_path) == []


def unshared(*arguments):
    """Return a command that runs Python under another host name, as on another machine; skip if that is forbidden."""
    tool = shutil.which("unshare")
    flags = [tool, *arguments, "--fork"] if "--pid" in arguments else [tool, *arguments]
    if tool is None or subprocess.run([*flags, "hostname", "node-b"], capture_output=True, check=False).returncode:
        pytest.skip("unshare is not permitted")
    return [*flags, "sh", "-c", 'hostname node-b && exec "$0" "$@"', sys.executable]


@linux
@pytest.mark.parametrize("arguments", [("--uts",), ("--uts", "--pid", "--mount-proc")])
def test_a_process_under_another_host_name_is_refused(tmp_path, arguments):
    """Another host name alone; and a container, where the number of the holder means another process or none."""
    lock = FolderLock(tmp_path)
    lock.acquire()
    code = (
        "import sys; from pathlib import Path; from nakmd.io.folder_lock import FolderLock\n"
        "FolderLock(Path(sys.argv[1])).acquire(lambda text: print(text, file=sys.stderr))"
    )
    done = subprocess.run(
        [*unshared(*arguments), "-c", code, str(tmp_path)], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"process {os.getpid()} on {ProcessIdentity.own().host} is running there" in done.stderr
    assert ("Waiting up to 90 s" in done.stderr) == ("--pid" in arguments)
    lock.confirm()
    lock.release()
