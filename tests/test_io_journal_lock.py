"""One writer of a trajectory at a time, also while others open, are refused, or close."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import io_samples as samples
import pytest

from nakmd.errors import InputError
from nakmd.io import Trajectory, TrajectoryWriter, convert
from nakmd.io.ase_images import ImageFrames
from nakmd.io.journal import is_being_written, journal_of, locked_journal, release_journal


@pytest.fixture
def state():
    return samples.system()


def test_a_writer_that_is_refused_leaves_the_lock_of_the_other(tmp_path, state):
    path = tmp_path / "t.h5md"
    with TrajectoryWriter(path, state.topology) as writer:
        for mode in ("a", "w", "a"):
            with pytest.raises(InputError, match="another process is writing this file"):
                TrajectoryWriter(path, state.topology, mode=mode)
            assert is_being_written(path)
        writer.write(samples.frame(state, 0))
    assert os.listdir(tmp_path) == ["t.h5md"]
    assert len(Trajectory(path)) == 1


def test_a_journal_that_is_removed_between_opening_and_locking_is_opened_again(tmp_path, monkeypatch, state):
    """The first writer closes after the second has opened the journal, and before the second locks it."""
    path = tmp_path / "t.h5md"
    first = TrajectoryWriter(path, state.topology)
    flock = fcntl.flock

    def late(handle, operation):
        monkeypatch.setattr(fcntl, "flock", flock)
        first.close()
        flock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with TrajectoryWriter(path, state.topology, mode="a") as second:
        assert is_being_written(path)
        with pytest.raises(InputError, match="another process is writing this file"):
            TrajectoryWriter(path, state.topology, mode="a")
        second.write(samples.frame(state, 0))
    assert len(Trajectory(path)) == 1
    assert os.listdir(tmp_path) == ["t.h5md"]


def test_a_reader_that_has_opened_the_journal_of_an_earlier_writer_sees_the_present_one(tmp_path, monkeypatch, state):
    path = tmp_path / "t.h5md"
    writers = [TrajectoryWriter(path, state.topology)]
    flock = fcntl.flock

    def late(handle, operation):
        monkeypatch.setattr(fcntl, "flock", flock)
        writers.pop().close()
        writers.append(TrajectoryWriter(path, state.topology, mode="a"))
        flock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    assert is_being_written(path)
    writers.pop().close()
    assert not is_being_written(path)


def test_a_journal_of_another_process_is_never_removed(tmp_path):
    """Without locks, the name may belong to another writer by now."""
    path = tmp_path / "t.h5md"
    handle = locked_journal(path)
    journal_of(path).unlink()
    other = locked_journal(path)
    release_journal(path, handle)
    assert journal_of(path).exists()
    release_journal(path, other)
    assert not journal_of(path).exists()


def test_a_link_to_a_trajectory_has_its_journal(tmp_path, state):
    """A live trajectory is often analysed through a link; it is the same file for readers and for other writers."""
    path, link = tmp_path / "run" / "t.h5md", tmp_path / "link.h5md"
    path.parent.mkdir()
    link.symlink_to(path)
    with TrajectoryWriter(path, state.topology):
        assert is_being_written(link)
        with pytest.raises(InputError, match="another process is writing this file"):
            TrajectoryWriter(link, state.topology, mode="a")
    with TrajectoryWriter(link, state.topology, mode="a"):
        assert is_being_written(path)


def test_a_trajectory_that_a_writer_opens_during_a_conversion_is_not_replaced(tmp_path, monkeypatch, state):
    source, target = tmp_path / "s.xyz", tmp_path / "t.h5md"
    convert(samples.write(tmp_path / "s.h5md", state, range(2)), source)
    samples.write(target, state, range(3))
    writers = []
    read = ImageFrames.__getitem__

    def opening(self, row):
        writers[:] = writers or [TrajectoryWriter(target, state.topology, mode="a")]
        return read(self, row)

    monkeypatch.setattr(ImageFrames, "__getitem__", opening)
    for format in ("h5md", "extxyz"):
        with pytest.raises(InputError, match=r"t\.h5md: .* is writing this"):
            convert(source, target, format=format)
        writers[0].write(samples.frame(state, 3))
        writers.pop().close()
        assert len(Trajectory(target)) == 4
        samples.write(target, state, range(3))
    assert sorted(os.listdir(tmp_path)) == ["s.h5md", "s.xyz", "t.h5md"]


def test_without_flock_files_are_written_as_without_locks(tmp_path, monkeypatch, state):
    monkeypatch.setattr("nakmd.io.journal.fcntl", None)
    path = tmp_path / "t.h5md"
    with TrajectoryWriter(path, state.topology) as writer:
        writer.write(samples.frame(state, 0))
        assert not is_being_written(path)
    assert len(Trajectory(path)) == 1
    assert os.listdir(tmp_path) == ["t.h5md"]


def test_a_run_needs_nothing_that_windows_lacks(tmp_path):
    """Modules, signals and clocks of POSIX are removed; the folder of the run has its lock all the same."""
    lines = (
        "import signal, sys, time",
        "for name in ('fcntl', 'resource', 'pwd', 'grp', 'termios'): sys.modules[name] = None",
        "for name in ('SIGHUP', 'SIGKILL', 'SIGUSR1', 'SIGUSR2', 'SIGXCPU'): delattr(signal, name)",
        "for name in ('clock_gettime', 'CLOCK_BOOTTIME', 'CLOCK_MONOTONIC'): delattr(time, name)",
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})",
        "import nakmd",
        "from small_decks import small",
        "from nakmd.errors import InputError",
        "def again(now):",
        "    try: nakmd.run(small(), 'run', threads=1, overwrite=True)",
        "    except InputError as error: print('refused', error)",
        "run = nakmd.run(small(), 'run', threads=1, progress=again)",
        "print(run.status, len(run.trajectory) > 1)",
    )
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "finished True" in done.stdout
    assert "refused" in done.stdout
