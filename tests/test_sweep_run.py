"""Runs of sweeps: every point to the bit as alone, whatever is killed, and failures that harm no other point."""

import importlib.util
import json
import os
import signal
import subprocess
import threading
import time
import tomllib
from concurrent.futures import Executor, Future
from pathlib import Path

import pytest
from locks import FOREIGN, write_lock
from small_decks import ENVIRONMENT, LIQUID, frames_of
from test_examples import EXAMPLES, shortened

from nakmd.deck.source import write_toml
from nakmd.errors import InputError
from nakmd.io.folder_lock import LOCK
from nakmd.io.process_identity import ProcessIdentity
from nakmd.runs.run import run_deck
from nakmd.runs.sweep_folder import SweepFolder
from nakmd.sweeps import attempt as attempts
from nakmd.sweeps import sweep_run
from nakmd.sweeps.array_script import write_array_script
from nakmd.sweeps.attempt import attempt
from nakmd.sweeps.cores import share_cores
from nakmd.sweeps.executors import local_executor, remote_executor
from nakmd.sweeps.point_check import PointSize
from nakmd.sweeps.point_run import run_point
from nakmd.sweeps.sweep_preparation import confirm_points, prepare_sweep
from nakmd.sweeps.sweep_run import SweepRun

DECK = f"""
{LIQUID}
[[stage]]
kind = "produce"
steps = {{steps}}
temperature = "450 K"
[output]
trajectory_every = 10
thermo_every = 5
checkpoint_every = 200
[analysis]
quantities = ["thermo"]
"""


class Here(Executor):
    """Runs an attempt at once, in this process."""

    def __init__(self):
        self.calls = []

    def submit(self, function, *arguments):
        self.calls.append(arguments[1])
        future = Future()
        future.set_result(function(*arguments))
        return future


def attempt_here(directory, index, threads):
    """Run a point without another process."""
    sweep = SweepFolder.read(Path(directory))
    outcome = run_point(sweep, sweep.point(index), threads)
    return {"ending": outcome.ending, "message": outcome.message, "exit_code": outcome.exit_code}


@pytest.fixture
def here(monkeypatch):
    """Return a function that runs a sweep in this process."""
    monkeypatch.setattr(sweep_run, "attempt", attempt_here)

    def run(sweep, progress=None):
        executor = Here()
        return SweepRun(sweep, confirm_points(sweep), executor, 1, progress).run(), executor.calls

    return run


def load_benchmark(name):
    specification = importlib.util.spec_from_file_location(
        name, Path(__file__).parents[1] / "benchmarks" / f"{name}.py"
    )
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def prepare(folder, words, steps=40):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "deck.toml").write_text(DECK.format(steps=steps))
    (folder / "sweep.toml").write_text(f'deck = "deck.toml"\nreport = false\n{words}')
    return prepare_sweep(folder / "sweep.toml", folder / "out")[0]


def frames(sweep, point):
    return frames_of(sweep.run_folder(point).path)


def alone(sweep, point, folder):
    """Return the frames of a point that was run without a sweep."""
    run_deck(sweep.index.source_of(point), folder, threads=1)
    return frames_of(folder)


#: Six points, the fifth of which is long enough to be killed.
SIX = """
zip = [["structure.liquid.x_K", "stage[0].steps"]]
[set]
"structure.liquid.x_K" = [0.5, 0.6, 0.67, 0.7, 0.75, 0.8]
"stage[0].steps" = [40, 40, 40, 40, 1600, 40]
"""


#: The second point has a model without the metal, which its run finds when it builds the atoms.
FAULTY = 'model = ["nak-2016", "lindsay-broido-2010"]'


def killed_attempt(sweep, index, end):
    """Make an attempt, end its process after the second checkpoint, and return how it ended."""
    ended = []
    thread = threading.Thread(target=lambda: ended.append(attempt(str(sweep.path), index, 1)))
    thread.start()
    second = sweep.run_folder(sweep.point(index)).path / "checkpoint_prev.h5"
    while thread.is_alive() and not second.exists():
        time.sleep(0.01)
    end(next(iter(attempts._running)))
    thread.join()
    return ended[0]


def test_a_killed_point_of_six_is_resumed_to_the_bit(tmp_path, here):
    sweep = prepare(tmp_path, SIX)
    point = sweep.point(4)
    lost = killed_attempt(sweep, 4, lambda process: process.send_signal(signal.SIGKILL))
    assert lost == {"ending": "lost", "message": "its process was ended by SIGKILL", "exit_code": 1}
    assert not sweep.is_complete(point)
    seen = []
    outcomes, calls = here(sweep, seen.append)
    assert [outcome.ending for outcome in outcomes.values()] == ["finished"] * 6
    assert calls == [0, 1, 2, 3, 4, 5]
    for other in sweep.index.points:
        assert frames(sweep, other) == alone(sweep, other, tmp_path / f"alone-{other.index}")
    assert (seen[0].finished, seen[-1].finished, seen[-1].total, seen[-1].fraction) == (0, 6, 6, 1.0)
    assert {progress.ended for progress in seen} >= {"point 5 (x_K 0.8, steps 40) finished"}
    # a second call runs nothing
    assert here(sweep)[1] == []


def test_an_attempt_ends_with_its_parent_and_a_checkpoint(tmp_path):
    sweep = prepare(tmp_path, 'set = { "stage[0].steps" = [200000] }')
    outcome = killed_attempt(sweep, 0, attempts._close)
    assert outcome["ending"] == "interrupted"
    status = sweep.run_folder(sweep.point(0)).read_status()
    assert status["status"] == "interrupted"
    assert 0 < status["step"] < 200_000


def test_points_without_a_checkpoint_are_begun_anew(tmp_path, here):
    sweep = prepare(tmp_path, "seed = [3, 4]")
    here(sweep)
    expected = [frames(sweep, point) for point in sweep.index.points]
    for name in ("checkpoint.h5", "checkpoint_prev.h5", "results.json"):
        (sweep.run_folder(sweep.point(0)).path / name).unlink()
    assert here(sweep)[1] == [0]
    assert [frames(sweep, point) for point in sweep.index.points] == expected


def test_failures_harm_no_other_point(tmp_path, here):
    sweep = prepare(tmp_path, FAULTY)
    outcomes, _ = here(sweep)
    assert [outcomes[0].ending, outcomes[1].ending] == ["finished", "failed"]
    stored = json.loads((sweep.run_folder(sweep.point(1)).path / "failure.json").read_text())
    assert stored == {"message": outcomes[1].message, "exit_code": 2}
    assert "Na-K" in stored["message"]
    assert sweep.failure(sweep.point(0)) is None
    # a failure that is over is forgotten
    sweep.write_failure(sweep.point(0), "disk full", 1)
    assert here(sweep)[1] == [1]
    assert sweep.failure(sweep.point(0)) is None


def test_new_values_keep_the_old_points(tmp_path, here):
    sweep = prepare(tmp_path, 'set = { "structure.liquid.x_K" = [0.5, 0.6] }')
    here(sweep)
    grown = prepare(tmp_path, 'set = { "structure.liquid.x_K" = [0.6, 0.7, 0.5] }')
    assert here(grown)[1] == [1]
    assert grown.former_points() == []
    other = prepare(tmp_path, 'set = { "structure.liquid.x_K" = [0.5] }', steps=60)
    assert other.former_points() == sorted(point.id for point in grown.index.points)


def test_a_point_in_use_is_waited_for(tmp_path, monkeypatch, here):
    sweep = prepare(tmp_path, "seed = [3]")
    folder = sweep.run_folder(sweep.point(0)).path
    folder.mkdir()
    write_lock(folder, ProcessIdentity.own())
    assert run_point(sweep, sweep.point(0), 1).ending == "in use"
    looks = []

    def release(seconds):
        looks.append(seconds)
        if len(looks) == 3:
            (folder / LOCK).unlink()

    monkeypatch.setattr(sweep_run.time, "sleep", release)
    outcomes, calls = here(sweep)
    assert outcomes[0].ending == "finished"
    assert (len(looks), calls) == (3, [0, 0])


def test_a_foreign_lock_is_tried_again_when_it_may_be_dead(tmp_path, monkeypatch, here):
    sweep = prepare(tmp_path, "seed = [3]")
    folder = sweep.run_folder(sweep.point(0)).path
    folder.mkdir()
    write_lock(folder, FOREIGN)
    outcomes = iter(["in use", "in use", "finished"])
    monkeypatch.setattr(sweep_run, "attempt", lambda *_: {"ending": next(outcomes)})
    monkeypatch.setattr(sweep_run, "STALE", 0.0)
    monkeypatch.setattr(sweep_run.time, "sleep", lambda seconds: None)
    assert here(sweep)[1] == [0, 0, 0]


def test_a_point_that_is_lost_again_and_again_fails(tmp_path, monkeypatch, here):
    sweep = prepare(tmp_path, "seed = [3]")
    lost = {"ending": "lost", "message": "its process was ended by SIGKILL", "exit_code": 1}
    monkeypatch.setattr(sweep_run, "attempt", lambda *_: lost)
    outcomes, calls = here(sweep)
    assert len(calls) == sweep_run.MOST_LOSSES
    assert outcomes[0].ending == "failed"
    assert "memory" in sweep.failure(sweep.point(0))["message"]


def test_a_process_that_cannot_start_is_a_failure_with_its_message(tmp_path):
    (tmp_path / "index.json").write_text("{}")
    outcome = attempt(str(tmp_path), 0, 1)
    assert outcome["ending"] == "failed"
    assert "is not the index of a sweep" in outcome["message"]


def test_the_share_of_the_cores():
    small, large = PointSize(500.0, 1, 1e8), PointSize(50_000.0, 1, 4e9)
    for sizes in ([small] * 3, [small] * 100, [large], [large] * 3, [small, large]):
        for cores in (1, 2, 7, 64):
            for workers in (None, 1, 5):
                for threads in (None, 1, 4):
                    share = share_cores(sizes, cores, 0.0, workers, threads)
                    assert 1 <= share.workers * share.threads <= cores
                    assert share.workers <= min(len(sizes), workers or cores)
    assert share_cores([small] * 3, 16, 0.0).threads == 1
    assert share_cores([large] * 3, 16, 0.0).threads == 5
    limited = share_cores([large] * 16, 16, 9e9)
    assert (limited.workers, limited.threads) == (2, 8)
    assert "of the 9 GB that are free" in limited.text
    assert "more than its cores" in share_cores([small] * 9, 2, 0.0, workers=4).text


def test_the_array_script(tmp_path):
    sweep = prepare(tmp_path, "seeds = 3")
    path, forecast = write_array_script(sweep, confirm_points(sweep))
    script = path.read_text()
    assert (forecast.n_points, forecast.threads) == (3, 1)
    assert forecast.core_time == pytest.approx(3.0 * forecast.longest_time)
    assert "#SBATCH --array=0-2\n" in script
    assert "#SBATCH --cpus-per-task=1\n" in script
    environment = {**ENVIRONMENT, "SLURM_ARRAY_TASK_ID": "1"}
    done = subprocess.run(["bash", tmp_path / "out" / "array.slurm"], env=environment, cwd="/", check=False)
    assert done.returncode == 0
    assert [sweep.is_complete(point) for point in sweep.index.points] == [False, True, False]


def test_the_shell(command, tmp_path, monkeypatch, here):
    prepare(tmp_path, FAULTY)
    file, folder = str(tmp_path / "sweep.toml"), str(tmp_path / "out")
    for options in (["--array", "--index", "1"], ["--workers", "2", "--scheduler", "tcp://a:1"]):
        assert command("sweep", file, *options)[0] == 2
    code, _, error = command("sweep", folder, "--index", "9")
    assert (code, "points 0 to 1" in error) == (2, True)
    monkeypatch.setattr("nakmd.sweeps.executors.local_executor", lambda workers: Here())
    code, out, error = command("sweep", file, "-o", folder)
    assert code == 1
    assert out.startswith("2 points: 1 finished, 1 failed")
    assert "2 of 2 points to run: " in error
    assert "point 1 (model lindsay-broido-2010) failed: " in error
    code, out, error = command("sweep", folder, "--json")
    answer = json.loads(out)
    assert [point["status"] for point in answer["points"]] == ["finished", "failed"]
    assert answer["points"][1]["exit_code"] == 2
    code, out, _ = command("sweep", folder, "--index", "0", "--json")
    assert (code, json.loads(out)["status"]) == (0, "finished")


def test_the_example(tmp_path, here):
    """The first and the last temperature of the example, in few steps of few atoms."""
    text = (EXAMPLES / "sweep.toml").read_text()
    data = tomllib.loads(text)
    deck = shortened(data["deck"]).source.data
    deck["structure"]["liquid"]["atoms"] = 200
    (tmp_path / data["deck"]).write_text(write_toml(deck))
    (tmp_path / "sweep.toml").write_text(text.replace("seeds = 4", "seeds = 1").replace("steps = 5", "steps = 2"))
    sweep, _ = prepare_sweep(tmp_path / "sweep.toml", tmp_path / "out")
    assert [point.labels for point in sweep.index.points] == [
        {"temperature": 400, "seed": 1}, {"temperature": 600, "seed": 1}
    ]  # fmt: skip
    outcomes, _ = here(sweep)
    assert [outcome.ending for outcome in outcomes.values()] == ["finished", "finished"]


@pytest.mark.slow
def test_dask_replaces_a_killed_worker_and_gives_up_a_deadly_task(tmp_path):
    sweep = prepare(tmp_path, "seeds = 2")
    with local_executor(2) as executor:
        deadly = executor.submit(os._exit, 1)
        outcomes = SweepRun(sweep, confirm_points(sweep), executor, 1).run()
        assert [outcome.ending for outcome in outcomes.values()] == ["finished", "finished"]
        assert sweep_run._outcome(deadly).ending == "lost"


@pytest.mark.slow
def test_the_workers_of_a_scheduler(tmp_path):
    from distributed import LocalCluster

    with pytest.raises(InputError, match="No Dask scheduler answers"), remote_executor("nowhere:1"):
        pass
    sweep = prepare(tmp_path, "seeds = 2")
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        remote_executor(cluster.scheduler_address) as executor,
    ):
        outcomes = SweepRun(sweep, confirm_points(sweep), executor, 1).run()
    assert [outcome.ending for outcome in outcomes.values()] == ["finished", "finished"]


@pytest.mark.slow
def test_a_sweep_whose_processes_are_killed(tmp_path):
    """Six points by a LocalCluster; `benchmarks/sweep_kills.py` does the same with 24."""
    kills = load_benchmark("sweep_kills")
    file = kills.write_sweep(tmp_path, 2, (0.5, 0.67, 0.8), ["450 K"], 60, 12_000)
    kills.sweep_with_kills(file, tmp_path / "killed", 2)
    sweep = SweepFolder.read(tmp_path / "killed")
    assert kills.differing(sweep, kills.undisturbed(sweep, tmp_path / "whole")) == []
