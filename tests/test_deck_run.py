"""Runs of decks: the run folder, bit-exact resuming, and the cases in which a run is refused."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from small_decks import frames_of

import nakmd
from nakmd.deck.source import DeckSource
from nakmd.errors import DeckError, InputError, RunError
from nakmd.io.checkpoint import read_checkpoint
from nakmd.potentials.files.eam_files import write_eam_fs
from nakmd.potentials.forms.analytic_eam import analytic_table
from nakmd.potentials.library import load
from nakmd.runs.folder import free_folder
from nakmd.runs.provenance import git_commit
from nakmd.simulation import loop

LIQUID = {"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 60}}
OUTPUT = {"trajectory_every": 5, "thermo_every": 2, "checkpoint_every": 10}


def deck_of(steps=40, potential="nak-2016", **more):
    return nakmd.Deck(
        title="small",
        seed=4,
        model={"potential": potential},
        structure=LIQUID,
        stage=[
            {"kind": "relax", "steps": 15},
            {"kind": "heat", "steps": 20, "temperature": ["200 K", "450 K"], "tau": "0.1 ps"},
            {
                "kind": "produce",
                "steps": steps,
                "temperature": "450 K",
                "ensemble": "bussi",
                "barostat": {"axes": "xyz"},
            },
        ],
        **{"output": OUTPUT, **more},
    )


def thermo_of(directory):
    with nakmd.Trajectory(directory / "trajectory.h5md") as trajectory:
        table = trajectory.thermo
        return {name: np.asarray(table[name]).tolist() for name in ("step", "temperature", "conserved", "pressure_bar")}


def status_of(directory):
    return json.loads((directory / "status.json").read_text())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """One uninterrupted run, for comparison."""
    directory = tmp_path_factory.mktemp("whole") / "run"
    return nakmd.run(deck_of(), directory, threads=1)


def test_the_folder_of_a_run(whole):
    assert whole.status == "finished"
    assert set(os.listdir(whole.directory)) == {
        "trajectory.h5md",
        "checkpoint.h5",
        "checkpoint_prev.h5",
        "status.json",
        "deck.toml",
        "results.json",
        "overview.png",
        "report.html",
        "log.txt",
    }
    assert nakmd.Deck.from_file(whole.directory / "deck.toml") == deck_of()
    status = status_of(whole.directory)
    assert status["status"] == "finished"
    assert status["step"] == whole.step == sum(stage.steps for stage in whole.stages)
    with nakmd.Trajectory(whole.directory / "trajectory.h5md") as trajectory:
        assert nakmd.Deck.from_text(trajectory.deck) == deck_of()
        assert trajectory.provenance["seed"] == 4
        assert trajectory.potentials["model"]["name"] == "nak-2016"
        assert trajectory.stages == ("relax", "heat", "produce")


def test_commit_of_a_checkout_and_of_a_worktree(tmp_path):
    main, other, commit = tmp_path / "main", tmp_path / "other", "0123456789abcdef" * 2 + "01234567"
    inside = main / ".git" / "worktrees" / "other"
    inside.mkdir(parents=True)
    other.mkdir()
    (other / ".git").write_text(f"gitdir: {inside}\n")
    (inside / "commondir").write_text("../..\n")
    for folder, branch in ((main / ".git", "main"), (inside, "other")):
        (folder / "HEAD").write_text(f"ref: refs/heads/{branch}\n")
    (main / ".git" / "packed-refs").write_text(f"# pack-refs\n{commit} refs/heads/main\n")
    (main / ".git" / "refs" / "heads").mkdir(parents=True)
    (main / ".git" / "refs" / "heads" / "other").write_text(f"{commit[::-1]}\n")
    assert git_commit(main) == commit
    assert git_commit(other) == commit[::-1]
    (inside / "HEAD").write_text(f"{commit}\n")
    assert git_commit(other) == commit
    assert git_commit(tmp_path) == ""


def test_results(whole):
    stored = json.loads((whole.directory / "results.json").read_text())
    assert set(stored["results"]) == {"thermo", "rdf", "diffusion Na", "diffusion K"}
    assert stored["table"]
    assert whole.results["thermo"].quantities["volume"].value > 0.0
    assert "temperature" in str(whole.results)
    with pytest.raises(nakmd.NakmdError, match="Available: thermo"):
        whole.results["viscosity"]
    assert (whole.directory / "overview.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads(json.dumps(whole.to_dict()))["status"] == "finished"


def test_two_runs_are_equal_to_the_bit(whole, tmp_path):
    nakmd.run(deck_of(), tmp_path / "again", threads=2)
    assert frames_of(tmp_path / "again") == frames_of(whole.directory)


def test_another_seed_is_another_run(whole, tmp_path):
    run = nakmd.run(deck_of(), tmp_path / "other", threads=1, seed=5)
    assert run.deck.seed == 5
    assert frames_of(tmp_path / "other") != frames_of(whole.directory)
    assert nakmd.resume(tmp_path / "other", steps=5, threads=1).deck.seed == 5


def test_n_steps_resumed_for_n_more_equal_2n(whole, tmp_path):
    nakmd.run(deck_of(steps=20), tmp_path / "run", threads=1)
    resumed = nakmd.resume(tmp_path / "run", steps=20, threads=1)
    assert resumed.step == whole.step
    assert frames_of(tmp_path / "run") == frames_of(whole.directory)
    assert thermo_of(tmp_path / "run") == thermo_of(whole.directory)


def interrupt_at(step, number=signal.SIGINT):
    sent = []

    def progress(now):
        # only once: a second signal would stop the process immediately
        if now.step >= step and not sent:
            sent.append(now.step)
            signal.raise_signal(number)

    return progress


@pytest.mark.parametrize("step", [3, 15, 22, 36, 61])
def test_interrupted_and_resumed_is_the_same(whole, tmp_path, monkeypatch, step):
    monkeypatch.setattr(loop, "PROGRESS_INTERVAL", 0.0)
    stopped = nakmd.run(deck_of(), tmp_path / "run", threads=1, progress=interrupt_at(step))
    assert stopped.status == "interrupted"
    assert step <= stopped.step < whole.step
    assert status_of(tmp_path / "run")["status"] == "interrupted"
    assert not (tmp_path / "run" / "results.json").exists()
    resumed = nakmd.resume(tmp_path / "run", threads=1)
    assert resumed.status == "finished"
    assert frames_of(tmp_path / "run") == frames_of(whole.directory)
    assert thermo_of(tmp_path / "run") == thermo_of(whole.directory)


def test_a_damaged_checkpoint_is_replaced_by_the_previous_one(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "PROGRESS_INTERVAL", 0.0)
    nakmd.run(deck_of(), tmp_path / "run", threads=1, progress=interrupt_at(47))
    path = tmp_path / "run" / "checkpoint.h5"
    path.write_bytes(path.read_bytes()[:-100])
    resumed = nakmd.resume(tmp_path / "run", threads=1)
    assert any("previous checkpoint" in note for note in resumed.notes)
    assert frames_of(tmp_path / "run") == frames_of(whole.directory)


def test_live_analyses_equal_those_of_the_trajectory(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "PROGRESS_INTERVAL", 0.0)
    live = deck_of(analysis={"when": "live"})
    uninterrupted = nakmd.run(live, tmp_path / "uninterrupted", threads=1)
    for name in ("rdf", "diffusion K"):
        np.testing.assert_array_equal(uninterrupted.results[name].value, whole.results[name].value)
    nakmd.run(live, tmp_path / "run", threads=1, progress=interrupt_at(61))
    resumed = nakmd.resume(tmp_path / "run", threads=1)
    np.testing.assert_array_equal(resumed.results["rdf"].value, whole.results["rdf"].value)


def test_interrupted_live_analyses_with_more_samples_than_the_trajectory_use_the_trajectory(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "PROGRESS_INTERVAL", 0.0)
    fine = deck_of(analysis={"when": "live", "every": 1, "quantities": ["rdf"]})
    nakmd.run(fine, tmp_path / "run", threads=1, progress=interrupt_at(61))
    resumed = nakmd.resume(tmp_path / "run", threads=1)
    assert any("made from the trajectory" in note for note in resumed.notes)
    assert list(resumed.results) == ["rdf"]


def test_a_folder_with_a_run_is_not_overwritten(whole, tmp_path):
    directory = tmp_path / "run"
    nakmd.run(deck_of(steps=5), directory, threads=1)
    with pytest.raises(InputError, match=r"holds a run .* of this deck"):
        nakmd.run(deck_of(steps=5), directory, threads=1)
    with pytest.raises(InputError, match=r"(?s)of another deck.*-steps = 5.*\+steps = 6"):
        nakmd.run(deck_of(steps=6), directory, threads=1)
    assert nakmd.run(deck_of(steps=6), directory, threads=1, overwrite=True).deck.stage[2].steps == 6


def test_a_changed_deck_is_refused_with_the_difference(tmp_path):
    directory = tmp_path / "run"
    nakmd.run(deck_of(steps=5), directory, threads=1)
    deck = directory / "deck.toml"
    text = deck.read_text()
    deck.write_text(text.replace("450 K", "460 K"))
    with pytest.raises(InputError, match=r'(?s)has changed.*-temperature = "450 K".*\+temperature = "460 K"'):
        nakmd.resume(directory, steps=5, threads=1)
    deck.unlink()
    other = tmp_path / "other.toml"
    other.write_text(text.replace("seed = 4", "seed = 5"))
    with pytest.raises(InputError, match=r"(?s)has changed.*-seed = 4.*\+seed = 5"):
        nakmd.resume(directory, steps=5, threads=1, deck=other)
    other.write_text(text)
    assert nakmd.resume(directory, steps=5, threads=1, deck=other).status == "finished"


def test_a_changed_potential_is_refused(tmp_path):
    table = analytic_table(load("nak-2016").terms[0], n_r=400, n_rho=400)
    write_eam_fs(tmp_path / "nak.eam.fs", table)
    source = tmp_path / "deck.toml"
    source.write_text(deck_of(steps=5, potential="nak.eam.fs").to_toml())
    directory = tmp_path / "run"
    nakmd.run(source, directory, threads=1)
    assert nakmd.resume(directory, steps=1, threads=1).status == "finished"
    text = (tmp_path / "nak.eam.fs").read_text()
    write_eam_fs(tmp_path / "nak.eam.fs", analytic_table(load("nak-2016").terms[0], n_r=401, n_rho=400))
    with pytest.raises(InputError, match="potential has changed"):
        nakmd.resume(directory, steps=5, threads=1)
    (tmp_path / "nak.eam.fs").unlink()
    with pytest.raises(InputError, match="no such file"):
        nakmd.resume(directory, steps=5, threads=1)
    (tmp_path / "nak.eam.fs").write_text(text)
    assert nakmd.resume(directory, steps=1, threads=1).status == "finished"


def test_an_explosion_is_reported_and_leaves_a_readable_trajectory(tmp_path):
    hot = nakmd.Deck(
        model={"potential": "nak-2016"},
        structure=LIQUID,
        stage=[{"kind": "produce", "steps": 500, "timestep": "20 fs", "ensemble": "nve", "velocities": "19000 K"}],
        output=OUTPUT,
    )
    with pytest.raises(RunError, match="shorten the time step"):
        nakmd.run(hot, tmp_path / "run", threads=1)
    status = status_of(tmp_path / "run")
    assert status["status"] == "failed"
    assert "time step" in status["message"]
    assert len(frames_of(tmp_path / "run")) >= 1


def test_a_faulty_deck_writes_nothing(tmp_path):
    with pytest.raises(DeckError, match="selects no atoms"):
        nakmd.run(deck_of(groups={"frozen": ["tube"]}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_nothing_to_resume(tmp_path):
    with pytest.raises(InputError, match="holds no run"):
        nakmd.resume(tmp_path)
    (tmp_path / "checkpoint.h5").write_bytes(b"nothing")
    with pytest.raises(InputError, match="no checkpoint can be read"):
        nakmd.resume(tmp_path)


def test_default_folders_have_unused_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(free_folder("my deck", 7)) == "runs/my-deck-seed-7"
    (tmp_path / "runs" / "my-deck-seed-7").mkdir(parents=True)
    (tmp_path / "runs" / "my-deck-seed-7" / "file").touch()
    assert str(free_folder("my deck", 7)) == "runs/my-deck-seed-7-2"
    assert str(free_folder("my deck", 8)) == "runs/my-deck-seed-8"


def test_a_trajectory_can_be_the_initial_structure(whole, tmp_path):
    text = f'''
[model]
potential = "nak-2016"
[structure.file]
path = "{whole.directory / "trajectory.h5md"}"
[[stage]]
kind = "equilibrate"
steps = 5
temperature = "450 K"
'''
    # the momentum is not removed with Langevin, so the first frame has the velocities of the file to the bit
    run = nakmd.run(DeckSource.parse(text), tmp_path / "run", threads=1)
    first = frames_of(tmp_path / "run")[0]
    last = frames_of(whole.directory)[-1]
    assert first[2] == last[2]
    assert first[3] == last[3]
    assert run.status == "finished"


def kill_and_resume(tmp_path, whole, kills, seed):
    """Kill a separate process at random times and resume it; compare with the uninterrupted run."""
    random = np.random.default_rng(seed)
    source = tmp_path / "deck.toml"
    source.write_text(deck_of().to_toml())
    directory = tmp_path / "run"
    program = (
        "import sys, time, nakmd, nakmd.simulation.loop as loop\n"
        "loop.PROGRESS_INTERVAL = 0.0\n"
        "def slow(now):\n"
        "    print(now.step, flush=True); time.sleep(0.02)\n"
        "folder = sys.argv[1]\n"
        "if sys.argv[2] == 'run':\n"
        "    nakmd.run(sys.argv[3], folder, threads=1, progress=slow)\n"
        "else:\n"
        "    nakmd.resume(folder, threads=1, progress=slow)\n"
    )
    for kill in range(kills + 1):
        what = "resume" if (directory / "checkpoint.h5").exists() else "run"
        if what == "run" and directory.exists():
            # killed before the first checkpoint: the files cannot be resumed from
            for path in directory.iterdir():
                path.unlink()
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(directory), what, str(source)], stdout=subprocess.PIPE, text=True
        )
        if kill < kills:
            process.stdout.readline()  # the run has started
            time.sleep(random.uniform(0.0, 0.4))
            process.kill()
        process.communicate()
        if kill == kills:
            assert process.returncode == 0
    assert frames_of(directory) == frames_of(whole.directory)
    assert thermo_of(directory) == thermo_of(whole.directory)
    assert read_checkpoint(directory / "checkpoint.h5")["simulation"]["step"] == whole.step


def test_killed_and_resumed_is_the_same(whole, tmp_path):
    kill_and_resume(tmp_path, whole, kills=1, seed=1)


@pytest.mark.slow
def test_killed_at_ten_random_times_and_resumed_is_the_same(whole, tmp_path):
    kill_and_resume(tmp_path, whole, kills=10, seed=2)
