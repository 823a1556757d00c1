"""Runs whose steps LAMMPS makes: trajectory, results and report of any run, and continuing after an interruption."""

import json
import os
import shutil
import signal
import stat
import subprocess
import time

import lammps_oracle
import numpy as np
import pytest
from ase.io import read
from small_decks import COMMAND, ENVIRONMENT

import nakmd
from nakmd.errors import InputError, RunError

LMP = lammps_oracle.executable()
pytestmark = pytest.mark.skipif(LMP is None, reason="no lmp on this machine: pip install lammps mpich")

#: Seconds that a process gets to write its first restart file: it compiles nothing, but machines may be busy.
PATIENCE = 300.0


#: A relaxation, a ramp, and a stage that is measured, of steps of 1 and 2 fs.
STAGES = (
    {"kind": "relax", "steps": 20, "force": "0.1 eV/Å"},
    {"kind": "equilibrate", "steps": 100, "temperature": ["300 K", "450 K"], "tau": "0.05 ps"},
    {"kind": "produce", "steps": 200, "ensemble": "nve", "timestep": "2 fs"},
)


def deck(**changes):
    """Return a deck of 60 atoms of liquid NaK."""
    tables = {
        "seed": 4,
        "title": "Liquid in LAMMPS",
        "model": {"potential": "nak-2016"},
        "structure": {"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 60}},
        "stage": list(STAGES),
        "output": {"trajectory_every": 10, "thermo_every": 5, "checkpoint_every": 30},
        "analysis": {"quantities": ["thermo", "rdf"]},
    }
    return nakmd.Deck(**tables | changes)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A finished run on two ranks."""
    return nakmd.run(deck(), tmp_path_factory.mktemp("runs") / "whole", engine="lammps", ranks=2)


@pytest.fixture
def launcher(tmp_path, monkeypatch):
    """Put another mpiexec before that of LAMMPS: called with the lines of a shell script, which has "$@"."""
    folder = tmp_path / "bin"
    folder.mkdir()
    beside = os.path.dirname(shutil.which(LMP))
    real = shutil.which("mpiexec", path=beside) or shutil.which("mpiexec")

    def program(name, *lines):
        path = folder / name
        path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    monkeypatch.setenv("NAKMD_LMP", str(program("lmp", f'exec "{shutil.which(LMP)}" "$@"')))

    def use(*lines):
        program("mpiexec", *(line.replace("MPIEXEC", str(real)) for line in lines))

    return use


def breaks_at(step, code):
    """Return a launcher that ends LAMMPS within a step, as a signal does, and returns an exit code."""
    return [
        f"sed 's/^fix stop .*/variable broken equal step>={step}\\nfix stop all halt 1 v_broken > 0 error hard/'"
        " in.lammps > broken.in",
        "set -- $(printf '%s ' \"$@\" | sed 's/ in.lammps / broken.in /; s/ -log / -log hidden_/')",
        'MPIEXEC "$@"',
        'for log in hidden_*; do sed /^ERROR/d "$log" > "${log#hidden_}"; done',  # a killed process says nothing
        f"exit {code}",
    ]


def log_rows(path):
    """Return all rows of the tables of a log, (n, columns), and the names of the columns."""
    rows, names = [], None
    for line in path.read_text().splitlines():
        words = line.split()
        if words[:1] == ["Step"]:
            names = words
        elif names and len(words) == len(names) and words[0].isdigit():
            rows.append([float(word) for word in words])
    return np.array(rows), names


def test_frames_are_those_of_the_dumps(whole):
    """ASE reads the dumps: another reader than the one of the run."""
    trajectory = whole.trajectory
    frames = {frame.step: frame for frame in trajectory}
    assert sorted(frames) == list(trajectory.steps)
    compared = 0
    for number in (2, 3):
        for atoms in read(whole.directory / f"lammps/stage_{number}.lammpstrj", ":", format="lammps-dump-text"):
            step = atoms.info.get("timestep")
            if step is None:
                pytest.skip("this version of ASE does not tell the step of a dump")
            frame = frames[int(step)]
            # ASE wraps nothing: positions differ by whole cells
            off = (atoms.positions - frame.positions) @ np.linalg.inv(frame.cell.matrix)
            np.testing.assert_allclose(off, np.rint(off), atol=1e-12)  # rounding of numbers with 17 digits
            compared += 1
    assert compared > 10


def test_energies_of_frames_are_those_of_lammps(whole):
    """nakmd computes the energies of the frames, LAMMPS those of the log."""
    rows, names = log_rows(whole.directory / "lammps/log.lammps")
    energies = dict(zip(rows[:, 0].astype(int), rows[:, names.index("PotEng")], strict=True))
    for frame in whole.trajectory:
        # the limit of the comparison of an export
        assert abs(frame.potential_energy - energies[frame.step]) / 60 < 1e-9
        assert frame.pair_energies.shape == (2, 2)
        assert frame.has_images


def test_the_thermo_table_is_that_of_the_log(whole):
    rows, names = log_rows(whole.directory / "lammps/log.lammps")
    thermo = whole.trajectory.thermo
    assert np.all(np.diff(thermo["step"]) > 0)
    by_step = {}
    for row in rows:  # a stage begins with the atoms with which the one before has ended, and maybe new velocities
        by_step.setdefault(int(row[0]), dict(zip(names, row, strict=True)))
    assert sorted(by_step) == list(thermo["step"])
    for k, step in enumerate(thermo["step"]):
        row = by_step[int(step)]
        assert thermo["kinetic_energy"][k] == row["KinEng"]
        # constants of LAMMPS are of 2006: k_B differs by 1.2e-6, the unit of pressure by 8e-8
        np.testing.assert_allclose(thermo["temperature"][k], row["Temp"], rtol=3e-6)
        np.testing.assert_allclose(thermo["pressure_bar"][k], row["Press"], rtol=1e-6)
    assert "heat_current_Na_x" not in thermo  # absent, not zero
    assert "thermostat_work" not in thermo


def test_stages_and_times_are_those_of_the_deck(whole):
    trajectory = whole.trajectory
    assert trajectory.stages == ("relax", "equilibrate", "produce")
    relaxed = whole.stages[0].steps
    assert whole.step == relaxed + 300
    assert [stage.name for stage in whole.stages] == ["relax", "equilibrate", "produce"]
    produced = trajectory["produce"]
    for frame in produced:  # a relaxation takes no time
        assert frame.time == pytest.approx(0.1 + 0.002 * (frame.step - relaxed - 100), abs=1e-12)
    ramp = [frame for frame in trajectory if frame.stage == "equilibrate"]
    assert ramp
    assert all(0.0 < frame.time <= 0.1 for frame in ramp)
    thermo = trajectory.thermo
    at = np.flatnonzero(np.asarray(thermo["step"]) == relaxed + 50)
    assert thermo["set_temperature"][at] == pytest.approx(375.0)  # the middle of the ramp


def test_conserved_energy_has_no_jumps_between_stages(whole):
    """Steps of 1 and 2 fs keep it within 1e-4 eV/atom; its jumps would be the heat of a stage, ten times that."""
    thermo = whole.trajectory.thermo
    conserved = np.asarray(thermo["conserved"])[np.asarray(thermo["stage"]) == "produce"]
    last = np.asarray(thermo["conserved"])[np.asarray(thermo["stage"]) == "equilibrate"][-1]
    assert np.abs(conserved - last).max() / 60 < 1e-4


def test_results_and_report_name_the_engine(whole):
    stored = json.loads((whole.directory / "results.json").read_text())
    assert any("LAMMPS made the steps" in note for note in stored["notes"])
    assert any("fix langevin" in note for note in stored["notes"])
    assert whole.results["thermo"].value > 0.0
    assert whole.trajectory.provenance["engine"].startswith("LAMMPS ")
    assert whole.trajectory.provenance["ranks"] == 2
    page = (whole.directory / "report.html").read_text()
    assert "2 ranks of LAMMPS" in page
    status = json.loads((whole.directory / "status.json").read_text())
    assert (status["status"], status["step"], status["ranks"]) == ("finished", whole.step, 2)
    opened = nakmd.Run(whole.directory)
    assert [vars(stage) for stage in opened.stages] == [vars(stage) for stage in whole.stages]


def test_a_killed_launcher_is_an_interruption_and_finished_stages_are_not_run_again(tmp_path, launcher):
    folder = tmp_path / "run"
    launcher(*breaks_at(195, 128 + signal.SIGKILL))
    broken = nakmd.run(deck(), folder, engine="lammps", ranks=1)
    assert broken.status == "interrupted"
    assert any("ended from outside" in note for note in broken.notes)
    assert max(broken.trajectory.steps) >= 190
    launcher('exec MPIEXEC "$@"')
    done = nakmd.resume(folder)
    relaxed = done.stages[0].steps
    assert (done.status, done.step) == ("finished", relaxed + 300)
    second = (folder / "lammps/log_2.lammps").read_text()
    assert "nakmd: stage 3 (produce) begins at step" in second
    assert "stage 2 (equilibrate) begins at step" not in second.replace("print", "")
    thermo, steps = done.trajectory.thermo, done.trajectory.steps
    # nothing is lost, and nothing is there twice
    assert list(steps) == [s for s in range(relaxed + 301) if s % 10 == 0 and (s <= relaxed or s > 0)]
    assert np.all(np.diff(thermo["step"]) > 0)
    assert set(range(0, relaxed + 301, 5)) - set(range(relaxed + 1)) <= set(thermo["step"].tolist())
    conserved = np.asarray(thermo["conserved"])[np.asarray(thermo["stage"]) == "produce"]
    assert np.ptp(conserved) / 60 < 1e-4  # as without the interruption
    assert [stage.name for stage in nakmd.Run(folder).stages] == ["relax", "equilibrate", "produce"]


def test_a_stop_is_polite_and_the_run_goes_on_from_there(tmp_path, launcher):
    folder = tmp_path / "run"
    launcher("touch stop", 'exec MPIEXEC "$@"')
    stopped = nakmd.run(deck(stage=list(STAGES[1:])), folder, engine="lammps", ranks=1)
    assert (stopped.status, stopped.step) == ("interrupted", 10)
    assert (folder / "lammps/stopped.restart").exists()
    launcher('exec MPIEXEC "$@"')
    done = nakmd.resume(folder)
    assert (done.status, done.step) == ("finished", 300)
    assert list(done.trajectory.steps) == list(range(0, 301, 10))
    assert nakmd.resume(folder).status == "finished"  # nothing is left: it is measured again
    assert not (folder / "lammps/log_3.lammps").exists()
    longer = nakmd.resume(folder, steps=20)
    assert (longer.status, longer.step) == ("finished", 320)
    assert list(longer.trajectory.steps) == list(range(0, 321, 10))
    assert longer.trajectory[-1].time == pytest.approx(0.1 + 0.002 * 220, abs=1e-12)


def test_no_time_is_an_interruption_before_the_first_step(tmp_path):
    run = nakmd.run(deck(), tmp_path / "run", engine="lammps", ranks=1, walltime="1 s")
    assert (run.status, run.step) == ("interrupted", 0)
    assert any("wall time" in note for note in run.notes)


def test_a_failure_quotes_lammps(tmp_path, launcher):
    launcher("echo 'ERROR: Lost atoms: original 60 current 59 (src/thermo.cpp:489)'", "exit 1")
    with pytest.raises(RunError, match="Lost atoms: original 60 current 59") as caught:
        nakmd.run(deck(), tmp_path / "run", engine="lammps", ranks=1)
    assert "nakmd resume" in str(caught.value)
    status = json.loads((tmp_path / "run/status.json").read_text())
    assert status["status"] == "failed"
    assert "Lost atoms" in status["message"]


def test_a_launcher_of_another_mpi_is_refused(tmp_path, launcher):
    """It would start one run for each rank, and all of them would write the same files."""
    launcher('shift 2; exec "$@"')
    with pytest.raises(RunError, match="runs on 1 ranks, not on 2"):
        nakmd.run(deck(), tmp_path / "run", engine="lammps", ranks=2)


def test_what_lammps_lacks_leaves_no_folder(tmp_path):
    stage = [{"kind": "produce", "steps": 20, "temperature": "450 K", "move": [{"species": ["Na", "K"]}]}]
    with pytest.raises(InputError, match="move"):
        nakmd.run(deck(stage=stage), tmp_path / "run", engine="lammps", ranks=1)
    assert not (tmp_path / "run").exists()


def test_a_run_in_lammps_is_replaced_only_if_told(tmp_path, whole):
    folder = tmp_path / "run"
    shutil.copytree(whole.directory, folder)
    with pytest.raises(InputError, match="holds a run"):
        nakmd.run(deck(), folder)
    short = nakmd.Deck(
        model={"potential": "nak-2016"},
        structure={"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 60}},
        stage=[{"kind": "produce", "steps": 10, "temperature": "450 K"}],
    )
    nakmd.run(short, folder, overwrite=True)
    assert not (folder / "lammps").exists()
    assert not (folder / "engine.json").exists()


def test_a_folder_of_the_user_is_kept(tmp_path):
    folder = tmp_path / "run"
    (folder / "lammps").mkdir(parents=True)
    (folder / "lammps/mine.txt").write_text("mine")
    with pytest.raises(InputError, match="of no run"):
        nakmd.run(deck(), folder, engine="lammps", ranks=1, overwrite=True)
    assert (folder / "lammps/mine.txt").read_text() == "mine"
    assert sorted(path.name for path in folder.iterdir()) == ["lammps"]


def test_no_option_is_ignored(tmp_path, whole):
    with pytest.raises(InputError, match="no ranks"):
        nakmd.run(deck(), tmp_path / "run", ranks=2)
    with pytest.raises(InputError, match="No engine is called 'lamps'"):
        nakmd.run(deck(), tmp_path / "run", engine="lamps")
    other = tmp_path / "other.toml"
    other.write_text(deck(seed=5).to_toml())
    with pytest.raises(InputError, match="has changed"):
        nakmd.resume(whole.directory, deck=other)


def test_without_lammps_nothing_begins(tmp_path, monkeypatch):
    monkeypatch.setenv("NAKMD_LMP", str(tmp_path / "none"))
    with pytest.raises(InputError, match="NAKMD_LMP"):
        nakmd.run(deck(), tmp_path / "run", engine="lammps")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow  # another process, which imports everything
def test_a_killed_client_takes_lammps_with_it(tmp_path):
    (tmp_path / "long.toml").write_text(
        deck(stage=[{"kind": "produce", "steps": 10_000_000, "temperature": "450 K"}]).to_toml()
    )
    words = ["run", str(tmp_path / "long.toml"), "-o", str(tmp_path / "run"), "--engine", "lammps", "--ranks", "2"]
    client = subprocess.Popen([*COMMAND, *words], env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    end = time.monotonic() + PATIENCE
    while not (tmp_path / "run/lammps/restart.b").exists():
        assert client.poll() is None
        assert time.monotonic() < end
        time.sleep(0.1)
    pid = json.loads((tmp_path / "run/engine.json").read_text())["launcher"]["pid"]
    client.kill()
    client.wait()
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.1)
    else:
        pytest.fail("LAMMPS is still running")
    resumed = nakmd.resume(tmp_path / "run", walltime="12 s")
    assert (resumed.status, resumed.step >= 30) == ("interrupted", True)
