"""Kills runs at random moments of every phase and resumes them: ``python tests/kills.py --kills 100``.

A run is killed one to four times, each time in a phase that is chosen at random (among them the compilation of kernels,
the writing of a checkpoint, and the report), then resumed to its end and compared to the bit with an uninterrupted run.
"""

import argparse
import collections
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import nakmd
from nakmd.io.checkpoint import read_checkpoint
from nakmd.kernels.jit import CACHE_DIR

#: Phases in which a process is killed; "start" and "resume" last until the first step.
PHASES = ("start", "resume", "compile", "relax", "heat", "produce", "checkpoint", "measure", "report")

#: Last step of each stage of the deck below, and steps between two checkpoints.
LAST_STEPS = {"relax": 15, "heat": 35, "produce": 95}
CHECKPOINT_EVERY = 10

DECK = """
seed = 4
[model]
potential = "nak"
[structure.liquid]
x_K = 0.67
temperature = "450 K"
atoms = 60
[[stage]]
kind = "relax"
steps = 15
[[stage]]
kind = "heat"
steps = 20
temperature = ["200 K", "450 K"]
tau = "0.1 ps"
[[stage]]
kind = "produce"
steps = 60
temperature = "450 K"
ensemble = "bussi"
barostat = { axes = "xyz" }
[output]
trajectory_every = 5
thermo_every = 2
checkpoint_every = 10
"""

#: A run that prints its phases. A forked child of it sends SIGKILL, because a thread could not during a compilation.
PROGRAM = """
import os, signal, sys, time
verb, deck, folder, target, number, delay = *sys.argv[1:5], int(sys.argv[5]), float(sys.argv[6])
phases, seen = [verb], 0

def announce(phase):
    global seen
    os.write(1, f"{phase} {time.monotonic()}\\n".encode())
    if phase == target:
        seen += 1
        if seen == number:
            parent = os.getpid()
            if os.fork() == 0:
                time.sleep(delay)
                if os.getppid() == parent:
                    os.kill(parent, signal.SIGKILL)
                os._exit(0)

def during(phase, function):
    def announced(*arguments, **more):
        before = phases[-1]
        phases.append(phase)
        announce(phase)
        try:
            return function(*arguments, **more)
        finally:
            phases.append(before)
            os.write(1, f"{before} {time.monotonic()}\\n".encode())
    return announced

announce(verb)
from numba.core import dispatcher
compiler = dispatcher._FunctionCompiler
compiler.compile = during("compile", compiler.compile)
import nakmd
from nakmd.report import page
from nakmd.results.measure import Measuring
from nakmd.runs import session
from nakmd.simulation import loop
loop.PROGRESS_INTERVAL = 0.0
session.write_checkpoint = during("checkpoint", session.write_checkpoint)
Measuring.measure = during("measure", Measuring.measure)
page.write_report = during("report", page.write_report)

def slow(now):
    if phases[-1] != now.stage:
        phases.append(now.stage)
        announce(now.stage)
    time.sleep(0.01)

if verb == "start":
    nakmd.run(deck, folder, threads=1, progress=slow)
else:
    nakmd.resume(folder, threads=1, progress=slow)
"""


def launch(folder, deck, cache, target="", number=0, delay=0.0):
    """Start or resume the run of a folder, killed in a phase; return the exit code and the (phase, time) in order."""
    verb = "resume" if (folder / "checkpoint.h5").exists() else "start"
    tests = Path(__file__).resolve().parent
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent)]),
        "NAKMD_CACHE_DIR": cache,
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, verb, deck, folder, target, str(number), str(delay)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode not in (0, -signal.SIGKILL):
        raise AssertionError(f"{verb} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    lines = [line.split() for line in done.stdout.splitlines()]
    return done.returncode, [(phase, float(moment)) for phase, moment in lines]


def record_of(folder):
    """Return everything that a run has computed, for comparison."""
    with nakmd.Trajectory(folder / "trajectory.h5md") as trajectory:
        frames = [
            (
                f.step,
                f.stage,
                f.positions.tobytes(),
                f.velocities.tobytes(),
                f.cell.matrix.tobytes(),
                f.potential_energy,
            )
            for f in trajectory
        ]
        thermo = {name: np.asarray(column).tolist() for name, column in trajectory.thermo.items()}
    state = read_checkpoint(folder / "checkpoint.h5")["simulation"]
    return frames, str(thermo), str(_plain(state)), json.loads((folder / "results.json").read_text())


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    return value.tobytes() if isinstance(value, np.ndarray) else value


def phases_ahead(folder):
    """Return the phases that the next process will pass, and how often."""
    is_stored = (folder / "checkpoint.h5").exists()
    step = read_checkpoint(folder / "checkpoint.h5")["simulation"]["step"] if is_stored else 0
    stages = {stage: 1 for stage, last in LAST_STEPS.items() if step < last}
    checkpoints = -(-(max(LAST_STEPS.values()) - step) // CHECKPOINT_EVERY) + 1
    return {
        "resume" if is_stored else "start": 1,
        **stages,
        "compile": 1,
        "checkpoint": checkpoints,
        "measure": 1,
        "report": 1,
    }


def forget_kernels(cache, chance, part=0.15):
    """Delete the index of some compiled kernels, so that the next process compiles them."""
    for index in Path(cache).rglob("*.nbi"):
        if chance.random() < part:
            index.unlink()


def kill_runs(kills, seed, work, say=lambda text: None):
    """Kill and resume runs until so many kills have arrived; return the kills by phase, and the number of runs.

    Raises
    ------
    AssertionError
        If a resumed run differs from the uninterrupted one.
    """
    chance = random.Random(seed)
    deck, cache = work / "deck.toml", str(work / "cache")
    deck.write_text(DECK)
    if Path(CACHE_DIR).exists():  # compiled kernels of this machine, so that not all of them are compiled here
        shutil.copytree(CACHE_DIR, Path(cache) / Path(CACHE_DIR).name)
    launch(work / "warm", deck, cache)
    _, phases = launch(work / "whole", deck, cache)
    whole = record_of(work / "whole")
    moments = collections.defaultdict(list)
    for (phase, begin), (_, end) in itertools.pairwise(phases):
        moments[phase].append(end - begin)
    longest = {phase: max(times) for phase, times in moments.items()} | {"compile": 1.0, "report": 1.0}
    longest["resume"] = longest["start"]
    arrived, n_runs = collections.Counter(), 0
    while sum(arrived.values()) < kills:
        folder = work / "run"
        shutil.rmtree(folder, ignore_errors=True)
        for _ in range(chance.randint(1, 4)):
            targets = phases_ahead(folder)
            target = chance.choice(list(targets))
            if target == "compile":
                forget_kernels(cache, chance)
            number = chance.randint(1, targets[target])
            begin = time.monotonic()
            code, seen = launch(folder, deck, cache, target, number, chance.uniform(0.0, longest[target]))
            if code:
                arrived[seen[-1][0]] += 1
            what = f"killed in {seen[-1][0]}" if code else f"ended, {target} did not come"
            say(f"{sum(arrived.values())}: {what}, {time.monotonic() - begin:.0f} s")
            if not code:
                break
        code, _ = launch(folder, deck, cache)
        n_runs += 1
        if code or record_of(folder) != whole:
            shutil.copytree(folder, work / f"differs-{n_runs}")
            raise AssertionError(f"run {n_runs} differs from the uninterrupted one; see {work}/differs-{n_runs}")
        left = {path.name for path in folder.iterdir()} ^ {path.name for path in (work / "whole").iterdir()}
        assert not left, f"run {n_runs}: other files than those of the uninterrupted run: {left}"
        assert json.loads((folder / "status.json").read_text())["status"] == "finished"
    return arrived, n_runs


def main():
    parser = argparse.ArgumentParser(description="Kill runs at random moments and resume them.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="nakmd-kills-"))
    arrived, n_runs = kill_runs(options.kills, options.seed, work, lambda text: print(text, flush=True))
    print(f"{sum(arrived.values())} kills of {n_runs} runs; all equal the uninterrupted run to the bit")
    for phase in PHASES:
        print(f"{phase:12} {arrived[phase]:4}")
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
