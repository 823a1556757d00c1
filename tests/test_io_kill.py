"""A writer killed at any moment, for any reason, leaves a valid file that can be continued."""

import errno
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import h5py
import io_samples as samples
import numpy as np
import pytest

from nakmd.errors import RunError
from nakmd.io import Trajectory, TrajectoryWriter, journal, journaled_file
from nakmd.io.journal import journal_of

WRITER = """
import sys, time
import io_samples as samples
from nakmd.io import TrajectoryWriter
state = samples.system(n=int(sys.argv[2]))
with TrajectoryWriter(sys.argv[1], state.topology, samples.PARAMETERS, mode=sys.argv[3]) as writer:
    print("ready", flush=True)
    k = writer.n_frames
    while True:
        writer.write_thermo(samples.thermo_row(k))
        if k % 3 == 0:
            writer.flush()
        writer.write(samples.frame(state, k))
        k += 1
        print(k, flush=True)
"""


def start_writer(path, n_atoms, mode):
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent)])}
    command = [sys.executable, "-c", WRITER, str(path), str(n_atoms), mode]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert writer.stdout.readline() == "ready\n"
    return writer


def test_sigkill_at_random_moments(tmp_path):
    """One file, killed and continued five times: every reported frame is stored exactly once, to the bit."""
    path, n_atoms = tmp_path / "trajectory.h5md", 300
    state = samples.system(n=n_atoms)
    wait = random.Random(5)
    n_before = 0
    for attempt in range(5):
        writer = start_writer(path, n_atoms, "a" if attempt else "w")
        time.sleep(wait.uniform(0.01, 0.12))
        writer.send_signal(signal.SIGKILL)
        reported = writer.stdout.read().split()
        writer.wait()
        writer.stdout.close()
        with Trajectory(path) as trajectory:
            # at most the frame being written is stored but not reported
            n_reported = int(reported[-1]) if reported else n_before
            assert n_reported <= len(trajectory) <= n_reported + 1
            assert np.array_equal(trajectory.steps, 10 * np.arange(len(trajectory)))
            for k in {0, len(trajectory) // 2, len(trajectory) - 1} if len(trajectory) else ():
                samples.assert_same(trajectory[k], samples.frame(state, k))
            n_before = len(trajectory)
    assert n_before > 10  # the writers made progress
    with Trajectory(path) as trajectory:
        for k, frame in enumerate(trajectory):
            samples.assert_same(frame, samples.frame(state, k))


def test_reading_while_another_process_writes(tmp_path):
    """A reader finds complete frames at any time, even if it opens the file in the middle of a change."""
    path, n_atoms = tmp_path / "trajectory.h5md", 300
    state = samples.system(n=n_atoms)
    writer = start_writer(path, n_atoms, "w")
    drain = threading.Thread(target=writer.stdout.read)
    drain.start()
    lengths = []
    begin = time.monotonic()
    while time.monotonic() - begin < 1.5:
        with Trajectory(path) as trajectory:
            lengths.append(len(trajectory))
            for k in {0, lengths[-1] // 2, lengths[-1] - 1} if lengths[-1] else ():
                samples.assert_same(trajectory[k], samples.frame(state, k))
    assert journal.is_being_written(path)
    writer.kill()
    writer.wait()
    drain.join()
    writer.stdout.close()
    assert lengths == sorted(lengths)
    assert lengths[-1] > 10
    assert not journal.is_being_written(path)


class Killed(BaseException):
    """Simulates SIGKILL between two system calls, or in the middle of one."""


class Disk:
    """The system calls that change a file; after ``n_calls`` of them, all further calls are ignored.

    Parameters
    ----------
    n_calls : int
    end : BaseException
        Raised by the call that fails.
    torn : bool
        Whether half of the failing write arrives.
    """

    def __init__(self, n_calls, end, torn=False, only=("pwrite", "ftruncate")):
        self.left, self.end, self.torn, self.only = n_calls, end, torn, only

    def __getattr__(self, name):
        call = getattr(os, name)
        if name not in self.only:
            return call

        def limited(handle, *rest):
            self.left -= 1
            if self.left >= 0:
                return call(handle, *rest)
            if self.torn and self.left == -1 and name == "pwrite":
                call(handle, rest[0][: len(rest[0]) // 2], rest[1])
            raise self.end

        return limited


def abandon(writer):
    """Drop a writer as a kill does, without writing or removing the journal."""
    storage = writer._storage
    for name in ("_file", "_journal"):
        os.close(getattr(storage, name))
        setattr(storage, name, -1)


def n_calls_of_a_frame(path, state, monkeypatch):
    disk = Disk(10**9, Killed())
    with TrajectoryWriter(path, state.topology, mode="a") as writer:
        with monkeypatch.context() as patch:
            patch.setattr(journaled_file, "os", disk)
            writer.write(samples.frame(state, writer.n_frames))
        return 10**9 - disk.left


@pytest.mark.parametrize("torn", [False, True])
def test_a_kill_between_or_within_any_two_system_calls(tmp_path, monkeypatch, torn):
    state = samples.system(n=300)
    whole = samples.write(tmp_path / "whole.h5md", state, range(3), thermo=range(2))
    start = whole.read_bytes()
    n_calls = n_calls_of_a_frame(whole, state, monkeypatch)
    assert n_calls > 8  # tail, journal, pages in place, emptying
    outcomes = []
    for n in range(n_calls + 1):
        path = tmp_path / f"{n}.h5md"
        path.write_bytes(start)
        writer = TrajectoryWriter(path, state.topology, mode="a")
        with monkeypatch.context() as patch:
            patch.setattr(journaled_file, "os", Disk(n, Killed(), torn))
            if n < n_calls:
                with pytest.raises(Killed):
                    writer.write(samples.frame(state, 3))
            else:
                writer.write(samples.frame(state, 3))
            abandon(writer)
        with Trajectory(path) as trajectory:
            outcomes.append(len(trajectory))
            for k, frame in enumerate(trajectory):
                samples.assert_same(frame, samples.frame(state, k))
        if not journal_of(path).stat().st_size:  # before and after the journal, any program can read the file
            with h5py.File(path) as file:
                assert len(file["particles/trajectory/position/value"]) == outcomes[-1]
        with TrajectoryWriter(path, state.topology, mode="a") as writer:
            for k in range(writer.n_frames, 5):
                writer.write(samples.frame(state, k))
        with h5py.File(path) as file:
            assert file["particles/trajectory/position/step"][...].tolist() == [0, 10, 20, 30, 40]
        for k, frame in enumerate(Trajectory(path)):
            samples.assert_same(frame, samples.frame(state, k))
    assert set(outcomes) == {3, 4}
    assert outcomes == sorted(outcomes)


def test_a_full_disk_at_any_moment_is_one_message_and_leaves_the_file(tmp_path, monkeypatch):
    state = samples.system(n=300)
    path = samples.write(tmp_path / "trajectory.h5md", state, range(3))
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    # the tail and the journal need disk space; pages in place and truncation do not
    for n in range(2):
        writer = TrajectoryWriter(path, state.topology, mode="a")
        with monkeypatch.context() as patch:
            patch.setattr(journaled_file, "os", Disk(n, full, torn=True, only=("pwrite",)))
            with pytest.raises(RunError, match=r"No space left on device.*free disk space and resume"):
                writer.write(samples.frame(state, 3))
        with pytest.raises(RunError, match="after a failed write"):
            writer.write(samples.frame(state, 3))
        writer.close()
        assert not journal_of(path).exists()
        with h5py.File(path) as file:
            assert len(file["particles/trajectory/position/value"]) == 3
        for k, frame in enumerate(Trajectory(path)):
            samples.assert_same(frame, samples.frame(state, k))


def test_a_limit_on_the_file_size_ends_like_a_full_disk(tmp_path):
    """A limit enforced by the operating system, in a separate process."""
    path = tmp_path / "trajectory.h5md"
    code = """
import resource, signal, sys
import io_samples as samples
from nakmd.errors import RunError
from nakmd.io import TrajectoryWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
state = samples.system(n=300)
try:
    with TrajectoryWriter(sys.argv[1], state.topology) as writer:
        for k in range(1000):
            writer.write(samples.frame(state, k))
except RunError as error:
    print(k, error)
"""
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent)])}
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, env=environment, check=True
    )
    n, message = done.stdout.split(" ", 1)
    assert "File too large" in message
    trajectory = Trajectory(path)
    assert len(trajectory) == int(n) > 3
    samples.assert_same(trajectory[-1], samples.frame(samples.system(n=300), int(n) - 1))


def test_a_journal_of_another_file_is_ignored(tmp_path, monkeypatch):
    state = samples.system(n=300)
    path = samples.write(tmp_path / "one.h5md", state, range(3))
    other = samples.write(tmp_path / "other.h5md", state, range(2))
    content = other.read_bytes()
    n_calls = n_calls_of_a_frame(path, state, monkeypatch)
    writer = TrajectoryWriter(path, state.topology, mode="a")
    with monkeypatch.context() as patch:
        patch.setattr(journaled_file, "os", Disk(n_calls - 3, Killed()))
        with pytest.raises(Killed):
            writer.write(samples.frame(state, 4))
    abandon(writer)
    journal_of(path).rename(journal_of(other))
    assert journal.pending_changes(other) is None
    assert len(Trajectory(other)) == 2
    TrajectoryWriter(other, state.topology, mode="a").close()
    assert len(Trajectory(other)) == 2
    assert other.read_bytes() == content
