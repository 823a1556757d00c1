"""Gibbs excess of K at a nanotube: 20 ps with Na-K exchange moves, 20 ps without, and 2 ns without.

    python examples/swaps/study.py [--seeds 6] [--long-seeds 3] [--directory runs/swaps]

runs tube.toml with several seeds, with its moves and without, and writes results.json, results.md and results.png. A
stopped study is resumed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import nakmd
from nakmd.analysis import GibbsExcess, combine
from nakmd.analysis.drive import measure
from nakmd.analysis.geometry.profile import Profile
from nakmd.analysis.numerics.autocorrelation import statistical_inefficiency
from nakmd.deck.source import DeckSource, write_toml

HERE = Path(__file__).parent

#: Range [Å] that is bulk in every run, so that all measure the same; the cell ends at 18 Å.
BULK = (10.0, 17.9)

#: End of the first layer [Å]: the minimum of the density of both metals.
LAYER = 4.6


@dataclass(frozen=True)
class Case:
    """One row of the table.

    Attributes
    ----------
    attempts : int
        Swaps that are tried every 20 steps (80 fs); 0 without moves.
    settle, measured : float [ps]
        Duration of the two stages.
    every : int
        Steps between frames.
    """

    attempts: int
    settle: float
    measured: float
    every: int


CASES = {
    "20 ps, 400 swaps": Case(400, 8.0, 20.0, 25),
    "20 ps, 100 swaps": Case(100, 8.0, 20.0, 25),
    "20 ps without": Case(0, 8.0, 20.0, 25),
    "2 ns without": Case(0, 200.0, 2000.0, 125),
}


def deck(case: Case, seed: int, shorten: float = 1.0) -> nakmd.Deck:
    """Return the deck of a run; ``shorten`` multiplies its durations and is 1 except in tests."""
    data = DeckSource.read(HERE / "tube.toml").data
    data["seed"] = seed
    for stage, duration in zip(data["stage"][1:], (case.settle, case.measured), strict=True):
        stage["duration"] = f"{duration * shorten:g} ps"
        if case.attempts:
            stage["move"][0]["attempts"] = case.attempts
        else:
            del stage["move"]
    if shorten < 1.0:
        data["stage"][0]["steps"] = 50
    every = max(1, round(case.every * min(1.0, 20.0 * shorten)))
    data["output"].update(trajectory_every=every, thermo_every=every)
    return nakmd.Deck.from_text(write_toml(data), HERE)


def run_one(case: Case, seed: int, folder: Path, shorten: float) -> None:
    """Run or resume one deck; store the processor time of a run that was not interrupted."""
    if not (folder / "checkpoint.h5").exists():
        shutil.rmtree(folder, ignore_errors=True)  # the rest of a run that stopped before its first checkpoint
        begin = time.process_time()
        nakmd.run(deck(case, seed, shorten), folder, threads=1)
        (folder / "seconds.json").write_text(json.dumps(time.process_time() - begin))
    elif json.loads((folder / "status.json").read_text())["status"] != "finished":
        nakmd.resume(folder, threads=1)


def tables_of(trajectory: nakmd.Trajectory, stage: str) -> tuple[Profile, np.ndarray, np.ndarray]:
    """Return the profile of one stage, its times [ps], and the table (K, Na, volume, area) of each frame."""
    profile = Profile(("K", "Na"), width=0.1)
    profile.prepare(trajectory.topology)
    times, tables = [], []
    for frame in trajectory[stage]:
        before = profile.sums.total.copy() if profile.sums.count else 0.0
        profile.update(frame)
        times.append(frame.time)
        tables.append((profile.sums.total - before)[profile.sides.index("outside")])
    return profile, np.array(times), np.array(tables)


def time_between(profile: Profile, times: np.ndarray, tables: np.ndarray) -> float:
    """Return the time [ps] between two independent values of the excess: g Δt of its pseudo-values."""
    edges = profile.edges[:-1] + 1e-9
    near = edges < BULK[0]
    far = ~near & (profile.edges[1:] - 1e-9 <= BULK[1])
    parts = np.column_stack([tables[:, :2, near].sum(axis=2), tables[:, :2, far].sum(axis=2)])
    mean = parts.mean(axis=0)
    ratio = mean[2] / mean[3]
    pseudo = parts[:, 0] - ratio * parts[:, 1] - mean[1] * ratio * (parts[:, 2] / mean[2] - parts[:, 3] / mean[3])
    return statistical_inefficiency(pseudo) * float(times[1] - times[0])


def in_layer(profile: Profile, tables: np.ndarray) -> np.ndarray:
    """Return the share of K in the first layer of each frame."""
    inside = profile.edges[1:] <= LAYER + 1e-9
    metals = tables[:, :2, inside].sum(axis=2)
    return metals[:, 0] / metals.sum(axis=1)


def measure_case(name: str, folders: list[Path]) -> tuple[dict, tuple[np.ndarray, np.ndarray]]:
    """Return the numbers of one case, and the share of K in the first layer of its first run from its beginning."""
    records, between, seconds, curves = [], [], [], []
    for folder in folders:
        with nakmd.Trajectory(folder / "trajectory.h5md") as trajectory:
            analysis = GibbsExcess("K", "Na", bulk=BULK)
            records.append(measure(trajectory, analysis, stages="produce", discard="none"))
            profile, times, tables = tables_of(trajectory, "produce")
            between.append(time_between(profile, times, tables))
            early, early_times, early_tables = tables_of(trajectory, "equilibrate")
            shares = np.append(in_layer(early, early_tables), in_layer(profile, tables))
            curves.append((np.append(early_times, times) - early_times[0], shares))
        stored = folder / "seconds.json"
        if stored.exists():
            seconds.append(json.loads(stored.read_text()))
    together = combine(records)
    low, high = together.interval()
    case, layer = CASES[name], together.measures["enrichment outside-1"]
    numbers = {
        "runs": len(folders),
        "excess": together.value,
        "error": together.error,
        "interval": [low, high],
        "of each run": [[record.value, record.error] for record in records],
        "enrichment of the first layer": [layer.value, layer.error],
        "time between independent values / ps": float(np.mean(between)),
        "of each run / ps": between,
        "processor time of a run / s": float(np.mean(seconds)) if seconds else None,
        "duration of a run / ps": case.settle + case.measured,
    }
    return numbers, curves[0]


def as_markdown(table: dict[str, dict]) -> str:
    """Return the table of the three cases."""
    lines = [
        "| | runs | Gibbs excess of K relative to Na / 1/Å² | 95 % interval | enrichment K/Na in the first layer |"
        " time between independent values / ps | processor time of a run / s |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, row in table.items():
        (low, high), (layer, error) = row["interval"], row["enrichment of the first layer"]
        seconds = row["processor time of a run / s"]
        lines.append(
            f"| {name} | {row['runs']} | {row['excess']:.4f} ± {row['error']:.4f} | {low:.4f} to {high:.4f} |"
            f" {layer:.1f} ± {error:.1f} | {row['time between independent values / ps']:.2g} |"
            f" {'-' if seconds is None else format(seconds, '.0f')} |"
        )
    return "\n".join(lines) + "\n"


def draw(curves: dict[str, tuple[np.ndarray, np.ndarray]], path: Path) -> None:
    """Plot the share of K in the first layer from the beginning of each first run."""
    figure, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    for name in reversed(curves):
        ax.plot(*curves[name], lw=1.0, label=name)
    ax.set(xscale="log", xlabel="time from the random mixture / ps", ylabel="share of K in the first layer")
    ax.legend(fontsize="small")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main(
    directory: str | Path = "runs/swaps", seeds: int = 6, long_seeds: int = 3, shorten: float = 1.0
) -> dict[str, dict]:
    """Run the missing runs, measure all, write and return the table."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    table, curves = {}, {}
    for name, case in CASES.items():
        count = long_seeds if case.measured > 100.0 else seeds
        folders = [directory / f"{name.replace(',', '').replace(' ', '-')}-seed-{seed}" for seed in range(1, count + 1)]
        for seed, folder in enumerate(folders, start=1):
            run_one(case, seed, folder, shorten)
            print(folder.name, flush=True)
        table[name], curves[name] = measure_case(name, folders)
        (directory / "results.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
        (directory / "results.md").write_text(as_markdown(table), encoding="utf-8")
        draw(curves, directory / "results.png")
    print(as_markdown(table))
    return table


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", default="runs/swaps")
    parser.add_argument("--seeds", type=int, default=6, help="of the short runs")
    parser.add_argument("--long-seeds", type=int, default=3)
    options = parser.parse_args()
    main(options.directory, options.seeds, options.long_seeds)
