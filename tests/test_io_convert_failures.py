"""A conversion that fails, is interrupted, or meets a full disk leaves the target as it was, and no temporary files."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import io_samples as samples
import pytest
from typer.testing import CliRunner

from nakmd.cli.app import app
from nakmd.errors import InputError, RunError
from nakmd.io import Trajectory, TrajectoryWriter, convert
from nakmd.io.journal import journal_of

#: Made for this project: 40 frames of 32 atoms; a dump whose second frame has other atoms.
CASE = Path(__file__).parent / "data" / "cases" / "05_failed_convert_replaces_target"
GOOD, BAD = CASE / "good.xyz", CASE / "bad.dump"

TARGETS = ("out.h5md", "out.xyz", "out.data", "out.dump", "out.dcd")


def content_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(params=TARGETS)
def target(request, tmp_path):
    """Return the path of a file written by an earlier conversion, alone in its folder."""
    folder = tmp_path / "folder"
    folder.mkdir()
    convert(GOOD, folder / request.param)
    return folder / request.param


def test_a_failed_conversion_leaves_the_target(tmp_path):
    runner = CliRunner()
    target = tmp_path / "t.h5md"
    assert runner.invoke(app, ["convert", str(GOOD), str(target)]).exit_code == 0
    before = content_of(tmp_path)
    assert len(Trajectory(target)) == 40
    assert runner.invoke(app, ["convert", str(BAD), str(target)]).exit_code == 2
    assert content_of(tmp_path) == before


def test_every_format_is_left_as_it_was(target):
    before = content_of(target.parent)
    # the data file takes the last frame only, so its fault must be in that frame
    source = BAD
    if target.suffix == ".data":
        source = target.parents[1] / "cut.dump"
        source.write_text(BAD.read_text()[:-40])
    with pytest.raises(InputError):
        convert(source, target)
    assert content_of(target.parent) == before
    target.unlink()
    with pytest.raises(InputError):
        convert(source, target)
    assert content_of(target.parent) == {}


#: Converts, and announces that the temporary file is being written.
CONVERT = """
import sys
import nakmd.io.convert as module
from nakmd.io.lammps.dump_file import DumpSeries

read, count = DumpSeries.__getitem__, 0

def slow(self, number):
    global count
    count += 1
    if count == 3:
        print("writing", flush=True)
    if count >= 3:
        import time
        time.sleep(0.2)
    return read(self, number)

DumpSeries.__getitem__ = slow
sys.argv = ["nakmd", "convert", sys.argv[1], sys.argv[2]]
from nakmd.cli.app import main
main()
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("format", ["h5md", "dump"])
def test_signals(tmp_path, name, format):
    folder = tmp_path / "folder"
    folder.mkdir()
    target = folder / f"out.{format}"
    convert(GOOD, target)
    source = tmp_path / "source.dump"
    convert(GOOD, source)
    before = content_of(folder)
    process = subprocess.Popen(
        [sys.executable, "-c", CONVERT, source, target], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "writing\n"
    assert len(list(folder.iterdir())) > 1  # a temporary file
    time.sleep(0.1)
    process.send_signal(getattr(signal, name))
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (3, "Interrupted.\n")
    assert content_of(folder) == before


@pytest.mark.parametrize("name", TARGETS)
def test_a_full_disk(tmp_path, name):
    folder = tmp_path / "folder"
    folder.mkdir()
    target = folder / name
    target.write_bytes(b"what was there")
    before = content_of(folder)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # the limit on the size of a file fails like a full disk; SIGXFSZ is ignored by Python
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, hard))
    try:
        with pytest.raises(RunError) as caught:
            convert(GOOD, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(caught.value).startswith(f"{target}: ")
    assert ".tmp" not in str(caught.value)
    assert content_of(folder) == before


def test_targets_that_cannot_be_replaced(tmp_path):
    (tmp_path / "folder.xyz").mkdir()
    with pytest.raises(InputError, match="the target is a folder"):
        convert(GOOD, tmp_path / "folder.xyz")
    for name in ("out.xyz", "out.h5md"):
        with pytest.raises(InputError, match=r"absent does not exist\. Create it first"):
            convert(GOOD, tmp_path / "absent" / name)
    state = samples.system()
    live = tmp_path / "live.h5md"
    with TrajectoryWriter(live, state.topology) as writer:
        writer.write(samples.frame(state, 0))
        with pytest.raises(InputError, match=r"live\.h5md: a run is writing this trajectory"):
            convert(GOOD, live)
        writer.write(samples.frame(state, 1))
    assert len(Trajectory(live)) == 2


def test_the_journal_of_a_killed_run_does_not_outlive_its_trajectory(tmp_path):
    target = tmp_path / "t.h5md"
    shutil.copy(GOOD, target)
    journal_of(target).write_bytes(b"of a killed run")
    convert(GOOD, target)
    assert sorted(os.listdir(tmp_path)) == ["t.h5md"]
    assert len(Trajectory(target)) == 40
