"""Sweeps whose processes are killed, compared to the bit with undisturbed runs; and what a sweep costs beside a loop.

``python benchmarks/sweep_kills.py kills`` runs 24 points by a LocalCluster of Dask, sends SIGKILL five times in all to
workers, to runs and to the client, and calls the sweep again until it is done; then the same points as the tasks of a
job array, two of which are killed. ``python benchmarks/sweep_kills.py overhead`` compares a sweep with
a loop of ``nakmd run``, interleaved: wall time, and processor time, which other work on the machine disturbs less.
"""

import argparse
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import psutil

import nakmd
from nakmd.runs.run import run_deck
from nakmd.runs.sweep_folder import SweepFolder

COMMAND = [sys.executable, "-m", "nakmd"]

DECK = """\
[model]
potential = "nak-2016"
[structure.liquid]
x_K = 0.67
temperature = "450 K"
atoms = {atoms}
[[stage]]
kind = "equilibrate"
steps = {steps}
temperature = "450 K"
[[stage]]
kind = "produce"
steps = {steps}
temperature = "450 K"
ensemble = "bussi"
barostat = {{ axes = "xyz" }}
[output]
trajectory_every = 20
thermo_every = 5
checkpoint_every = 100
[analysis]
quantities = ["thermo"]
"""

SWEEP = """\
deck = "deck.toml"
report = {report}
threads = 1
seeds = {seeds}
[set]
"structure.liquid.x_K" = {shares}
"structure.liquid.temperature, stage[0].temperature, stage[1].temperature" = {temperatures}
"""

#: Whom each SIGKILL hits, in turn.
VICTIMS = ("worker", "client", "run", "worker", "client")


def write_sweep(folder, seeds, shares, temperatures, atoms, steps, report="false"):
    """Write a sweep file and its deck into a folder, and return the path of the former."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "deck.toml").write_text(DECK.format(atoms=atoms, steps=steps))
    file = folder / "sweep.toml"
    words = json.dumps(temperatures)
    file.write_text(SWEEP.format(seeds=seeds, shares=list(shares), temperatures=words, report=report))
    return file


def contents(run):
    """Return all that a trajectory and its thermo table hold, as bytes by name."""
    found = {}

    def collect(name, item):
        # under /parameters are texts: the deck, whose comment names the sweep, and the provenance
        if isinstance(item, h5py.Dataset) and not name.startswith("parameters"):
            found[name] = (item.shape, np.asarray(item[()]).tobytes())

    with h5py.File(run / "trajectory.h5md") as file:
        file.visititems(collect)
    with nakmd.Trajectory(run / "trajectory.h5md") as trajectory:
        for name, column in trajectory.thermo.items():
            values = np.asarray(column)
            found[f"thermo {name}"] = str(values.tolist()) if values.dtype == object else values.tobytes()
    return found


def undisturbed(sweep, folder):
    """Run every point of a sweep without a sweep, and return the content of each by index."""
    whole = {}
    for point in sweep.index.points:
        path = folder / point.id
        run = run_deck(sweep.index.source_of(point), path, threads=1)
        assert run.status == "finished"
        whole[point.index] = contents(path)
    return whole


def differing(sweep, whole):
    """Return the points that differ from their undisturbed runs."""
    different = []
    for point in sweep.index.points:
        found = contents(sweep.run_folder(point).path)
        for name in ("position/value", "velocity/value", "thermo temperature"):
            assert any(dataset.endswith(name) for dataset in found)
        if found != whole[point.index]:
            different.append(point.label)
    return different


def under_way(run):
    """Return whether a run has done a step and has steps left."""
    try:
        status = json.loads((run / "status.json").read_text())
    except (OSError, ValueError):
        return False
    return status.get("status") == "running" and 0 < status.get("step", 0) < status["total_steps"]


def victim_of(kind, client):
    """Return the process that a kill hits, None if there is none at the moment."""
    if kind == "client":
        return psutil.Process(client.pid)
    marks = {"worker": "spawn_main", "run": "nakmd.sweeps.attempt_process"}
    for process in psutil.Process(client.pid).children(recursive=True):
        try:
            line = " ".join(process.cmdline())
            # of the workers, one that runs something
            if marks[kind] in line and (kind == "run" or process.children()):
                return process
        except psutil.Error:
            continue
    return None


def sweep_with_kills(file, folder, workers, victims=VICTIMS, say=print):
    """Call a sweep until it ends by itself, and kill as listed; return the number of calls."""
    waiting, calls = list(victims), 0
    while True:
        client = subprocess.Popen(
            [*COMMAND, "sweep", str(file), "-o", str(folder), "--workers", str(workers)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        calls += 1
        while waiting and client.poll() is None:
            time.sleep(0.3)
            victim = victim_of(waiting[0], client) if any(map(under_way, folder.glob("points/*"))) else None
            if victim is not None:
                say(f"call {calls}: SIGKILL to {'the' if waiting[0] == 'client' else 'a'} {waiting.pop(0)}")
                victim.send_signal(signal.SIGKILL)
                time.sleep(2.0)
        output, _ = client.communicate()
        if client.returncode != -signal.SIGKILL:
            assert client.returncode == 0, output
            assert not waiting, f"the sweep ended before the kills {waiting}"
            return calls


def array_with_kills(file, folder, killed, at_a_time):
    """Run the tasks of a job array, some at a time as in a batch system; kill two of them, and run all again."""
    subprocess.run([*COMMAND, "sweep", str(file), "-o", str(folder), "--array"], check=True, capture_output=True)
    sweep = SweepFolder.read(folder)

    def run_task(index, is_killed):
        task = subprocess.Popen(
            ["bash", str(folder / "array.slurm")], env={**os.environ, "SLURM_ARRAY_TASK_ID": str(index)},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        while is_killed and not under_way(sweep.run_folder(sweep.point(index)).path):
            assert task.poll() is None, f"the task {index} ended before it was killed: {task.communicate()[1]}"
            time.sleep(0.02)  # the whole run takes a second
        if is_killed:
            task.kill()  # the script has become the task by exec
        _, error = task.communicate()
        assert task.returncode == (-signal.SIGKILL if is_killed else 0), error

    indices = range(len(sweep.index.points))
    for victims in (killed, ()):
        with ThreadPoolExecutor(at_a_time) as pool:
            list(pool.map(run_task, indices, [index in victims for index in indices]))


def kills(work, at_a_time):
    file = write_sweep(work, 4, (0.5, 0.67, 0.8), ["400 K", "500 K"], 60, 12_000)
    begin = time.monotonic()
    calls = sweep_with_kills(file, work / "killed", 2)
    sweep = SweepFolder.read(work / "killed")
    n_points = len(sweep.index.points)
    print(f"{n_points} points, {len(VICTIMS)} SIGKILLs, {calls} calls, {time.monotonic() - begin:.0f} s", flush=True)
    whole = undisturbed(sweep, work / "whole")
    n_values = sum(len(found) for found in whole.values())
    print(f"by LocalCluster: {len(differing(sweep, whole))} of {n_points} points differ ({n_values} datasets compared)",
          flush=True)  # fmt: skip
    array_with_kills(file, work / "array", (3, 17), at_a_time)
    arrayed = SweepFolder.read(work / "array")
    print(f"by a job array, two tasks killed: {len(differing(arrayed, whole))} of {n_points} points differ")


def timed(command):
    """Run a command; return wall time and processor time [s] with all processes that it started and waited for."""
    used, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - begin, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


def overhead(work, rounds, points, atoms, steps):
    file = write_sweep(work, points, (0.67,), ["450 K"], atoms, steps, "true")
    loop = 'for seed in $(seq {points}); do "$0" -m nakmd run {deck} -o {folder}/$seed --seed $seed --threads 1; done'
    times = {"loop": [], "sweep": []}
    for number in range(rounds):
        folder = work / f"round-{number}"
        command = loop.format(points=points, deck=file.parent / "deck.toml", folder=folder / "loop")
        arms = {
            "loop": ["bash", "-ec", command, sys.executable],
            "sweep": [*COMMAND, "sweep", str(file), "-o", str(folder / "sweep"), "--workers", "1"],
        }
        for name in list(arms)[:: 1 if number % 2 == 0 else -1]:
            times[name].append(timed(arms[name]))
            print(f"round {number + 1}, {name}: {times[name][-1][0]:.1f} s, {times[name][-1][1]:.1f} s of processor",
                  flush=True)  # fmt: skip
    for k, what in enumerate(("wall time", "processor time")):
        ratios = [b[k] / a[k] for a, b in zip(times["loop"], times["sweep"], strict=True)]
        print(f"{what}, sweep over loop: {np.median(ratios):.3f} (" + ", ".join(f"{r:.3f}" for r in ratios) + ")")
    _, nothing = timed([*COMMAND, "sweep", str(work / "round-0" / "sweep")])
    print(f"a sweep with nothing to do: {nothing:.1f} s of processor")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["kills", "overhead"])
    parser.add_argument("--tasks", type=int, default=os.cpu_count(), help="tasks of the array at a time")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--points", type=int, default=4)
    parser.add_argument("--atoms", type=int, default=500)
    parser.add_argument("--steps", type=int, default=10_000)
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="nakmd-sweep-"))
    if options.what == "kills":
        kills(work, options.tasks)
    else:
        overhead(work, options.rounds, options.points, options.atoms, options.steps)
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
