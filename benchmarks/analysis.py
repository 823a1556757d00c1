"""Comparison of analyses with MDAnalysis and freud: same frames of liquid NaK, same tasks, alternating rounds.

    python benchmarks/analysis.py [--atoms 20000] [--frames 30] [--rounds 5] [--json analysis.json]

runs the metal for some picoseconds, keeps its frames in memory in the format that suits each package (reading is not
timed), checks that the results agree, and prints a Markdown table. Each number of threads is measured in a separate
process: one thread by processor time, which other load on the machine hardly affects, several by wall time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import freud
import MDAnalysis
import numpy as np
from MDAnalysis.analysis.msd import EinsteinMSD
from MDAnalysis.analysis.rdf import InterRDF
from MDAnalysis.lib.distances import capped_distance

from nakmd.analysis import FrameList, coordination, diffusion, rdf, structure_factor
from nakmd.bench.cases import CASES, prepare
from nakmd.integrators import Langevin, VelocityVerlet
from nakmd.io import Trajectory, TrajectoryWriter
from nakmd.kernels.jit import set_threads
from nakmd.simulation import FrameWriter, Simulation, Stage

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

#: Steps between two frames; at 2 fs this is 0.1 ps.
EVERY = 50

REACH, BINS = 10.0, 200
CUTOFF = 5.0
Q_FRAMES, Q_BINS, Q_MAX, Q_VECTORS = 3, 40, 2.5, 100

Task = dict[str, Callable[[], np.ndarray]]


def frames_of_metal(n_atoms: int, n_frames: int, path: Path) -> None:
    """Write a trajectory of liquid NaK."""
    prepared = prepare(next(case for case in CASES if case.name == "nak"), n_atoms)
    system = prepared.system
    stage = Stage("produce", VelocityVerlet(0.002, Langevin(410.0, 1.0)), steps=EVERY * (n_frames - 1))
    with TrajectoryWriter(path, system.topology) as writer:
        Simulation(system, prepared.potential, [stage], [FrameWriter(writer, EVERY)], seed=1).run()


def tasks(path: Path, threads: int) -> tuple[dict[str, Task], int, int]:
    """Return the function of each package for each task, and the numbers of atoms and frames."""
    set_threads(threads)
    freud.parallel.set_num_threads(threads)
    with Trajectory(path) as stored:
        source = FrameList(stored.topology, list(stored.frames()))
    is_k = source.topology.select("K")
    is_na = source.topology.select("Na")
    lengths = source[0].cell.lengths
    wrapped = np.stack([frame.positions for frame in source])
    images = np.stack([frame.images for frame in source])
    centred = wrapped - 0.5 * lengths
    paths = np.stack([frame.positions + frame.images @ frame.cell.matrix for frame in source])
    single = centred.astype(np.float32)
    of_k, of_na = np.ascontiguousarray(single[:, is_k]), np.ascontiguousarray(single[:, is_na])
    box = freud.box.Box(*lengths)
    box_of_mda = np.array([*lengths, 90.0, 90.0, 90.0], dtype=np.float32)

    def universe(positions: np.ndarray) -> MDAnalysis.Universe:
        frames = MDAnalysis.Universe.empty(positions.shape[1], trajectory=True)
        frames.load_new(positions.astype(np.float32), dimensions=box_of_mda, order="fac")
        return frames

    folded, unfolded = universe(wrapped), universe(paths)
    k, na = folded.atoms[is_k], folded.atoms[is_na]
    split = {"n_workers": threads, "backend": "multiprocessing"} if threads > 1 else {}

    def mda_rdf(a, b, **more) -> np.ndarray:
        run = InterRDF(a, b, nbins=BINS, range=(0.0, REACH), norm="rdf", **more).run(**split)
        return run.results.rdf

    def freud_rdf(points: np.ndarray, queries: np.ndarray | None) -> np.ndarray:
        density = freud.density.RDF(BINS, REACH, normalization_mode="exact" if queries is not None else "finite_size")
        for row, now in enumerate(points):
            density.compute((box, now), query_points=None if queries is None else queries[row], reset=False)
        return density.rdf

    def freud_coordination() -> np.ndarray:
        series = []
        for now, around in zip(of_k, of_na, strict=True):
            query = freud.locality.AABBQuery(box, now).query(around, {"r_max": CUTOFF})
            series.append(len(query.toNeighborList()) / len(around))
        return np.array(series)

    def freud_cells() -> np.ndarray:
        series = []
        for now, around in zip(of_k, of_na, strict=True):
            query = freud.locality.LinkCell(box, now, CUTOFF).query(around, {"r_max": CUTOFF})
            series.append(len(query.toNeighborList()) / len(around))
        return np.array(series)

    def mda_coordination() -> np.ndarray:
        series = []
        for _ in folded.trajectory:
            pairs = capped_distance(na.positions, k.positions, CUTOFF, box=box_of_mda, return_distances=False)
            series.append(len(pairs) / len(na))
        return np.array(series)

    def mda_msd() -> np.ndarray:
        return EinsteinMSD(unfolded, select="all", msd_type="xyz", fft=False).run().results.timeseries

    half = len(source) // 2 + 1
    few = FrameList(source.topology, list(source)[:Q_FRAMES])

    def freud_factor() -> np.ndarray:
        factor = freud.diffraction.StaticStructureFactorDirect(Q_BINS, Q_MAX, num_sampled_k_points=Q_BINS * Q_VECTORS)
        for now in single[:Q_FRAMES]:
            factor.compute((box, now), reset=False)
        return np.nan_to_num(factor.S_k)

    def our_factor() -> np.ndarray:
        factor = structure_factor(few, q_max=Q_MAX, bins=Q_BINS, vectors=Q_VECTORS)
        return np.nan_to_num(factor.number_number)

    tasks_by_name: dict[str, Task] = {
        f"g(r) of all atoms to {REACH:g} Å": {
            "nakmd": lambda: rdf(source, "all", "all", r_max=REACH, bins=BINS)["all", "all"].value,
            "MDAnalysis": lambda: mda_rdf(folded.atoms, folded.atoms, exclusion_block=(1, 1)),
            "freud": lambda: freud_rdf(single, None),
        },
        "three partial g(r)": {
            "nakmd": lambda: rdf(source, r_max=REACH, bins=BINS)["K", "Na"].value,
            "MDAnalysis": lambda: (
                mda_rdf(k, k, exclusion_block=(1, 1)),
                mda_rdf(na, na, exclusion_block=(1, 1)),
                mda_rdf(k, na),
            )[2],
            "freud": lambda: (freud_rdf(of_k, None), freud_rdf(of_na, None), freud_rdf(of_k, of_na))[2],
        },
        "MSD over all time origins": {
            "nakmd": lambda: diffusion(source, "all", drift=None).msd[:half],
            "MDAnalysis": lambda: mda_msd()[:half],
            "freud": lambda: freud.msd.MSD(box, "window").compute(centred, images).msd[:half],
        },
        f"K within {CUTOFF:g} Å of each Na": {
            "nakmd": lambda: coordination(source, "Na", "K", CUTOFF).series,
            "MDAnalysis": mda_coordination,
            "freud": freud_coordination,
            "freud, LinkCell": freud_cells,
        },
        f"S(q) to {Q_MAX:g} 1/Å, {Q_FRAMES} frames": {"nakmd": our_factor, "freud": freud_factor},
    }
    return tasks_by_name, source.topology.n_atoms, len(source)


def measure_all(path: Path, threads: int, rounds: int) -> dict:
    """Return the seconds of every round of every task and package."""
    warnings.simplefilter("ignore")
    tasks_by_name, n_atoms, n_frames = tasks(path, threads)
    clock = time.process_time if threads == 1 else time.perf_counter
    times_of = {}
    for name, variants in tasks_by_name.items():
        answers = {package: ask() for package, ask in variants.items()}  # compiles, fills caches
        for package, answer in answers.items():
            if name.startswith("S(q)"):  # freud samples one octant of the wave vectors, nakmd half of them
                continue
            # in single precision, pairs at a bin edge can fall on either side
            np.testing.assert_allclose(answer, answers["nakmd"], rtol=0.02, atol=0.02, err_msg=f"{name}: {package}")
        times: dict[str, list[float]] = {package: [] for package in variants}
        for _ in range(rounds):
            for package, ask in variants.items():
                begin = clock()
                ask()
                times[package].append(clock() - begin)
        times_of[name] = times
    return {"threads": threads, "n_atoms": n_atoms, "n_frames": n_frames, "tasks": times_of}


def table(results: list[dict]) -> str:
    """Return medians, and medians of the ratios round by round, as a Markdown table."""
    first = results[0]
    lines = [
        f"{first['n_atoms']:,} atoms, {first['n_frames']} frames; time relative to nakmd, median of rounds (range).",
        "",
        "| task | threads | nakmd s | MDAnalysis | freud |",
        "| --- | --- | --- | --- | --- |",
    ]
    for result in results:
        for name, times in result["tasks"].items():
            nakmd_times = np.array(times["nakmd"])
            cells = []
            for package in ("MDAnalysis", "freud"):
                variants = [np.array(times[key]) for key in times if key.startswith(package)]
                if not variants:
                    cells.append("-")
                    continue
                ratio = min(variants, key=np.median) / nakmd_times  # its faster variant
                cells.append(f"**{np.median(ratio):.1f}** ({ratio.min():.1f}–{ratio.max():.1f})")
            lines.append(f"| {name} | {result['threads']} | {np.median(nakmd_times):.3f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Create the trajectory, measure with each number of threads, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--atoms", type=int, default=20_000)
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="file for all times")
    parser.add_argument("--one", nargs=2, metavar=("FILE", "THREADS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure_all(Path(given.one[0]), int(given.one[1]), given.rounds)))
        return
    results = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "metal.h5md"
        frames_of_metal(given.atoms, given.frames, path)
        for threads in sorted({1, min(2, CORES)}):
            command = [sys.executable, __file__, "--one", str(path), str(threads), "--rounds", str(given.rounds)]
            limits = {name: str(threads) for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env={**os.environ, **limits})
            results.append(json.loads(done.stdout))
    print(table(results))
    if given.json:
        given.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
