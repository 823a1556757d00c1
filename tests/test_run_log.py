"""The log in the folder of a run."""

import math
import re

import pytest

import nakmd
from nakmd.runs.run_log import MOST_ROWS, RunLog
from tests.small_decks import frames_of, small

FACTS = {"title": "a run", "step": 0, "total_steps": 1000, "n_atoms": 60, "threads": 2, "nakmd": "0.1.0"}


def row_of(step, stage="produce", **more):
    values = {"time": 0.001 * step, "temperature": 450.0, "pressure_bar": 1.0, "potential_energy": -2.5}
    return {"step": step, "stage": stage, **values, "total_energy": -2.0, "volume": 1e4, **more}


def lines_of(path):
    """Return the lines of a log without the times at which they were written."""
    text = path.read_text(encoding="utf-8")
    return [re.sub(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}  ", "", line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return nakmd.run(small(), tmp_path_factory.mktemp("logged") / "run", threads=1)


def test_a_run_writes_its_log(run):
    lines = lines_of(run.files["log"])
    assert lines[:2] == ["# untitled run", "nakmd 0.1.0 begins: 20 steps, 60 atoms, threads: 1"]
    assert "stage produce begins at step 0" in lines
    rows = [line.split() for line in lines if re.match(r" +\d", line)]
    with run.trajectory as trajectory:
        table = trajectory.thermo
    assert [int(row[0]) for row in rows] == table["step"].tolist()
    assert [float(row[2]) for row in rows] == pytest.approx(table["temperature"].tolist(), abs=0.051)
    assert [float(row[4]) for row in rows] == pytest.approx(table["potential_energy"].tolist(), abs=0.00051)
    assert "stage produce ends" in lines
    assert any(line.startswith("temperature ") and "±" in line for line in lines)
    assert lines[-1] == "finished at step 20"
    for note in run.notes:
        assert lines.count(f"note  {note}") == 1


def test_a_resumed_run_appends_and_repeats_no_note(run, tmp_path):
    whole = nakmd.run(small(), tmp_path / "run", threads=1)
    before = (tmp_path / "run" / "log.txt").read_text(encoding="utf-8")
    longer = nakmd.resume(whole.directory, steps=10, threads=1)
    after = (tmp_path / "run" / "log.txt").read_text(encoding="utf-8")
    assert after.startswith(before)
    lines = lines_of(tmp_path / "run" / "log.txt")
    assert "nakmd 0.1.0 continues at step 20 of 30, 60 atoms, threads: 1" in lines
    assert lines[-1] == "finished at step 30"
    assert max(lines.count(f"note  {note}") for note in [*longer.notes, "none"]) <= 1
    # frames are those of a run without a log that can be written
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    log = RunLog(blocked)  # a folder is no file to append to
    log.begin(FACTS, [], False)
    log.add_row(row_of(0))
    log.end({"status": "finished", "step": 0})
    assert frames_of(whole.directory)[: len(frames_of(run.directory))] == frames_of(run.directory)


def test_a_new_run_replaces_the_log_of_the_old_one(tmp_path):
    for _ in range(2):
        nakmd.run(small(), tmp_path / "run", threads=1, overwrite=True)
    assert lines_of(tmp_path / "run" / "log.txt").count("# untitled run") == 1


def test_rows_are_thinned_and_the_ends_of_stages_kept(tmp_path):
    log = RunLog(tmp_path / "log.txt")
    log.begin({**FACTS, "total_steps": 100_000, "notes": ["one", "two", "one"]}, ["two"], False)
    for step in range(0, 60_001, 50):
        log.add_row(row_of(step, "heat"))
    for step in range(60_001, 99_999, 7):
        log.add_row(row_of(step))
    log.end({"status": "interrupted", "step": 99_998, "message": "The wall time is nearly over."})
    lines = lines_of(log.path)
    assert lines[:3] == ["# a run", "nakmd 0.1.0 begins: 100,000 steps, 60 atoms, threads: 2", "note  one"]
    steps = [int(line.split()[0]) for line in lines if re.match(r" +\d", line)]
    assert steps == sorted(set(steps))
    assert len(steps) <= MOST_ROWS + 4
    assert {0, 60_000, 60_001, 99_992} <= set(steps)
    change = lines.index("stage heat ends")
    assert lines[change - 1].split()[0] == "60000"
    assert lines[change + 1] == "stage produce begins at step 60,001"
    assert lines[-3:] == [
        "stage produce ends",
        "interrupted at step 99,998: The wall time is nearly over.",
        f"continue with: nakmd resume {tmp_path}",
    ]


def test_what_a_row_lacks_is_a_dash(tmp_path):
    log = RunLog(tmp_path / "log.txt")
    log.add_row(row_of(5))  # of an earlier process
    assert not log.path.exists()
    log.begin({**FACTS, "engine": "LAMMPS 1", "ranks": 4}, [], True)
    log.add_row({"step": 7, "stage": "relax", "potential_energy": -1.0, "pressure_bar": math.nan, "volume": None})
    log.end({"status": "failed", "message": "exploded"})
    lines = lines_of(log.path)
    assert lines[0] == ""
    assert lines[1].endswith("continues at step 0 of 1,000, 60 atoms, threads: 2, steps by LAMMPS 1 on 4 ranks")
    assert all(len(line) <= 79 for line in lines[2:])
    assert next(line for line in lines if re.match(" +7 ", line)).split() == ["7", "-", "-", "-", "-1.000", "-", "-"]
    assert lines[-1] == "failed: exploded"
