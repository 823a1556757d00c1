"""The end of a run by its wall time, or by a signal outside its steps."""

import json
import os
import signal
import threading
from datetime import timedelta

import numpy as np
import pytest
from small_decks import frames_of, shell, small, write_deck

import nakmd
from nakmd.errors import InputError
from nakmd.runs import session
from nakmd.runs.walltime import parse_walltime
from nakmd.simulation.deadline import CLOSING, Deadline


# ---------------------------------------------------------------------------------------------- wall time
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("23:50:00", 85800.0),
        ("0:00:30", 30.0),
        ("100:00:00", 360000.0),
        ("1-12:00:00", 129600.0),
        ("10 min", 600.0),
        ("1.5h", 5400.0),
        ("90 s", 90.0),
        (" 2 days ", 172800.0),
    ],
)
def test_a_wall_time(text, seconds):
    assert parse_walltime(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "10", "10:00", "1:60:00", "0:00:00", "-1 h", "10 fs", "1e9 s", "9" * 400 + " d", "9" * 5000, "nan s"]
)
def test_a_wall_time_that_is_none(tmp_path, text):
    with pytest.raises(InputError, match=r"is not a positive time\. Write hours, minutes and seconds"):
        nakmd.run(small(), tmp_path / "run", walltime=text)
    assert os.listdir(tmp_path) == []


def test_a_run_without_time_stops_before_its_first_step_and_is_resumable(tmp_path):
    nakmd.run(small(), tmp_path / "whole", threads=1)
    stopped = nakmd.run(small(), tmp_path / "run", threads=1, walltime=timedelta.resolution)
    assert (stopped.status, stopped.step) == ("interrupted", 0)
    assert any("wall time is nearly over" in note for note in stopped.notes)
    again = nakmd.resume(tmp_path / "run", threads=1, walltime="1 s")
    assert (again.status, again.step) == ("interrupted", 0)
    assert sum("wall time" in note for note in again.notes) == 1
    assert sum("wall time" in note for note in nakmd.Run(tmp_path / "run").notes) == 1
    finished = nakmd.resume(tmp_path / "run", threads=1, walltime="1 h")
    assert finished.status == "finished"
    assert not any("wall time" in note for note in finished.notes)  # it is about how an earlier process ended
    assert frames_of(tmp_path / "run") == frames_of(tmp_path / "whole")


def test_results_of_a_run_that_is_extended_do_not_stay_beside_more_frames(tmp_path):
    """The extension is stopped after its first checkpoint: the table would be that of 20 steps."""
    nakmd.run(small(), tmp_path / "run", threads=1)
    assert nakmd.Run(tmp_path / "run").files.keys() >= {"results", "report", "figure"}

    def stop(now):
        if now.step >= 200:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nakmd.resume(tmp_path / "run", steps=10**6, threads=1, progress=stop)
    stopped = nakmd.Run(tmp_path / "run")
    assert stopped.status == "interrupted"
    assert not stopped.files.keys() & {"results", "report", "figure"}
    assert "<td>" not in stopped._repr_html_()


def test_the_shell_counts_the_wall_time_from_the_start_of_the_process(tmp_path, monkeypatch, capsys):
    from nakmd.cli.app import app

    monkeypatch.chdir(tmp_path)
    write_deck(tmp_path / "long.toml", steps=10**7)
    for arguments in (["run", "long.toml", "-o", "run", "--threads", "1"], ["resume", "run"]):
        with pytest.raises(SystemExit) as ended:
            # the process of the tests is older
            app([*arguments, "--walltime", "0:00:01"], prog_name="nakmd")
        shown, error = capsys.readouterr()
        assert ended.value.code == 3, error
        assert "The wall time is nearly over" in shown
        assert "Continue with: nakmd resume run" in error
    assert shell("run", "long.toml", "-o", "run", "--walltime", "10", cwd=tmp_path)[0] == 2


def test_the_reserve_is_the_longest_step_and_two_checkpoints(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("nakmd.simulation.deadline.time.monotonic", lambda: now[0])
    deadline = Deadline(100.0)
    deadline.begin()
    deadline.saved(3.0)
    steps = 0
    for duration in (20.0, *[1.0] * 100):  # the first step compiles
        now[0] += duration
        steps += 1
        if deadline.is_near():
            break
    # the next step may compile as well: 20 s for it, 2 * 3 s for the checkpoint, and the time to close the files
    assert steps == 1 + round(100.0 - 20.0 - 20.0 - 6.0 - CLOSING) + 1


# ---------------------------------------------------------------------------------------------- other signals
def test_a_signal_before_the_first_step_has_the_exit_code_of_an_interruption(tmp_path, monkeypatch):
    from nakmd.cli.app import app

    monkeypatch.chdir(tmp_path)
    write_deck(tmp_path / "small.toml")
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGXCPU, signal.SIGHUP):
        with monkeypatch.context() as patch:
            patch.setattr(session, "build_stages", lambda *_, number=number: os.kill(os.getpid(), number))
            before = signal.getsignal(number)
            with pytest.raises(SystemExit) as ended:
                app(["run", "small.toml", "-o", "run", "--threads", "1"], prog_name="nakmd")
        assert ended.value.code == 3
        assert signal.getsignal(number) is before
        assert not (tmp_path / "run").exists()


def test_a_signal_while_a_finished_run_is_measured_leaves_it_resumable(tmp_path, monkeypatch, capsys):
    from nakmd.cli.app import app

    monkeypatch.chdir(tmp_path)
    write_deck(tmp_path / "small.toml")
    with monkeypatch.context() as patch:
        patch.setattr(session.Measuring, "measure", lambda *_: os.kill(os.getpid(), signal.SIGUSR1))
        with pytest.raises(SystemExit) as ended:
            app(["run", "small.toml", "-o", "run", "--threads", "1"], prog_name="nakmd")
    assert ended.value.code == 3
    assert "Interrupted. Continue with: nakmd resume run\n" in capsys.readouterr().err
    assert json.loads((tmp_path / "run" / "status.json").read_text())["status"] == "interrupted"
    assert not (tmp_path / "run" / "run.lock").exists()
    assert nakmd.resume("run", threads=1).files.keys() >= {"results", "report"}
    assert json.loads((tmp_path / "run" / "status.json").read_text())["status"] == "finished"


def test_a_run_in_a_thread_has_no_signal_handlers(tmp_path):
    status = []
    thread = threading.Thread(target=lambda: status.append(nakmd.run(small(), tmp_path / "run", threads=1).status))
    thread.start()
    thread.join()
    assert status == ["finished"]
    assert np.isfinite(frames_of(tmp_path / "run")[-1][-1])


def test_a_resume_that_adds_no_step_says_why(tmp_path):
    deck = nakmd.Deck(
        model={"potential": "nak"},
        structure={"crystal": {"element": "Na", "repeat": [4, 4, 4]}},
        stage=[{"kind": "relax", "steps": 20}],
    )
    step = nakmd.run(deck, tmp_path / "run", threads=1).step
    again = nakmd.resume(tmp_path / "run", steps=50, threads=1)
    assert again.step == step
    assert any("No step was added" in note for note in again.notes)
    with pytest.raises(InputError, match="threads is 0"):
        nakmd.resume(tmp_path / "run", threads=0)
