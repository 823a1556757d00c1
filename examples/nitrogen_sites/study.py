"""NaK around a pristine, a graphitic-N and a pyridinic-N nanotube: effect of the wall, with confidence intervals.

    python examples/nitrogen_sites/study.py [--seeds 4] [--sweep-seeds 2] [--processes 2] [--directory runs/sites]

runs the three decks in this folder with several seeds and several strengths of the screening, and writes results.json,
results.md and results.png. A stopped study is resumed. Only the wall and the screening differ between the runs; metal,
temperature, size and time are the same.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import matplotlib.pyplot as plt

import nakmd
from nakmd.analysis import CombinedRecord, Measure, analyze, combine
from nakmd.deck.source import DeckSource, write_toml

HERE = Path(__file__).parent
WALLS = ("pristine", "graphitic", "pyridinic")

#: Strengths of the screening: 1 is calibrated and leaves 0.3 of the energy of a single atom; 0.5 leaves 0.65 of it, 1.3
#: less than 0.1.
STRENGTHS = (1.0, 0.5, 1.3)

#: Rows of the table: name, and how to read the value from the combined records of one wall.
Records = dict[str, CombinedRecord]
ROWS: dict[str, Callable[[Records], Measure | None]] = {
    "affinity / J/m²": lambda r: of(r, "affinity", "per_area"),
    "affinity of a C in contact / eV": lambda r: of(r, "affinity", "by_site C"),
    "affinity of a graphitic N in contact / eV": lambda r: of(r, "affinity", "by_site N:graphitic"),
    "affinity of a pyridinic N in contact / eV": lambda r: of(r, "affinity", "by_site N:pyridinic"),
    "affinity of a K in the first layer / eV": lambda r: of(r, "affinity", "by_metal K"),
    "affinity of a Na in the first layer / eV": lambda r: of(r, "affinity", "by_metal Na"),
    "K/Na in the first layer over K/Na in the bulk": lambda r: of(r, "gibbs_excess", "enrichment outside-1"),
    "Gibbs excess of K relative to Na / 1/Å²": lambda r: of(r, "gibbs_excess", "by_side outside"),
    "D of K along the wall, first layer / Å²/ps": lambda r: first_layer(r, "layers K"),
    "D of K along the wall, beyond 10 Å / Å²/ps": lambda r: last_layer(r, "layers K"),
    "D of Na along the wall, first layer / Å²/ps": lambda r: first_layer(r, "layers Na"),
    "D of Na along the wall, beyond 10 Å / Å²/ps": lambda r: last_layer(r, "layers Na"),
    "K around a C": lambda r: of(r, "coordination C-K", "by_site C"),
    "K around a graphitic N": lambda r: of(r, "coordination N-K", "by_site N:graphitic"),
    "K around a pyridinic N": lambda r: of(r, "coordination N-K", "by_site N:pyridinic"),
    "Na around a C": lambda r: of(r, "coordination C-Na", "by_site C"),
    "Na around a graphitic N": lambda r: of(r, "coordination N-Na", "by_site N:graphitic"),
    "Na around a pyridinic N": lambda r: of(r, "coordination N-Na", "by_site N:pyridinic"),
    "lifetime of a C-K contact / ps": lambda r: of(r, "lifetimes C-K", "lifetimes C-K"),
    "lifetime of a K contact with graphitic N / ps": lambda r: of(r, "lifetimes N-K", "lifetimes N:graphitic-K"),
    "lifetime of a K contact with pyridinic N / ps": lambda r: of(r, "lifetimes N-K", "lifetimes N:pyridinic-K"),
    "residence of K in the first layer / ps": lambda r: own(r, "residence K"),
    "residence of Na in the first layer / ps": lambda r: own(r, "residence Na"),
}

#: Rows in the figure.
DRAWN = (
    "affinity / J/m²",
    "K/Na in the first layer over K/Na in the bulk",
    "D of K along the wall, first layer / Å²/ps",
    "K around a C",
    "lifetime of a C-K contact / ps",
    "residence of K in the first layer / ps",
)


def of(records: Records, record: str, name: str) -> Measure | None:
    """Return one number of one record, None if the wall has no such site."""
    return records[record].measures.get(name) if record in records else None


def own(records: Records, record: str) -> Measure | None:
    """Return the value of a record itself."""
    entry = records.get(record)
    return None if entry is None else Measure(entry.value, entry.error, entry.unit, entry.n_effective)


def first_layer(records: Records, record: str) -> Measure | None:
    """Return the diffusion coefficient next to the wall."""
    return _layer(records, record, 0)


def last_layer(records: Records, record: str) -> Measure | None:
    """Return the diffusion coefficient farthest from the wall."""
    return _layer(records, record, -1)


def _layer(records: Records, record: str, row: int) -> Measure | None:
    layers = [m for name, m in records[record].measures.items() if name.startswith("layers ")]
    return layers[row] if layers else None


def deck(wall: str, strength: float, seed: int, steps: int | None) -> nakmd.Deck:
    """Return the deck of a wall with a strength of the screening and a seed, shortened to ``steps`` if given."""
    data = DeckSource.read(HERE / f"{wall}.toml").data
    data["seed"] = seed
    data["model"]["screening"] = strength
    if steps is not None:
        for stage in data["stage"]:
            stage.pop("duration", None)
            stage["steps"] = steps
        data["output"] = {"trajectory_every": max(1, steps // 20), "thermo_every": max(1, steps // 20)}
    return nakmd.Deck.from_text(write_toml(data), HERE)


def jobs(
    directory: Path, seeds: int, strengths: tuple[float, ...], sweep_seeds: int | None = None
) -> Iterator[tuple[str, float, int, Path]]:
    """Yield wall, strength, seed and folder of every run; ``sweep_seeds`` applies to all strengths but the first."""
    for strength in strengths:
        count = seeds if strength == strengths[0] or sweep_seeds is None else sweep_seeds
        for wall in WALLS:
            for seed in range(1, count + 1):
                yield wall, strength, seed, directory / f"{wall}-screening-{strength:g}-seed-{seed}"


def run_one(wall: str, strength: float, seed: int, folder: Path, steps: int | None) -> str:
    """Run or resume one deck; return the name of its folder."""
    if not (folder / "checkpoint.h5").exists():
        shutil.rmtree(folder, ignore_errors=True)  # the rest of a run that stopped before its first checkpoint
        nakmd.run(deck(wall, strength, seed, steps), folder, threads=1)
    elif json.loads((folder / "status.json").read_text())["status"] != "finished":
        nakmd.resume(folder, threads=1)
    return folder.name


def measure_one(wall: str, folder: Path) -> dict:
    """Return the records of one run."""
    with nakmd.Trajectory(folder / "trajectory.h5md") as trajectory:
        return analyze(trajectory, nakmd.Deck.from_file(HERE / f"{wall}.toml").analysis.quantities)


def measure(todo: list[tuple[str, float, int, Path]], map_: Callable = map) -> dict[str, dict[str, Records]]:
    """Return the records of each strength and wall, over all seeds."""
    by_strength: dict[str, dict[str, list[dict]]] = {}
    walls, strengths, _, folders = zip(*todo)
    for wall, strength, records in zip(walls, strengths, map_(measure_one, walls, folders)):
        by_strength.setdefault(f"{strength:g}", {}).setdefault(wall, []).append(records)
    return {strength: {wall: together(runs) for wall, runs in walls.items()} for strength, walls in by_strength.items()}


def provenance(directory: Path, strengths: tuple[float, ...]) -> dict[str, dict]:
    """Return versions and potential hash of the first run of each wall and strength."""
    entries = {}
    for wall, strength, seed, folder in jobs(directory, 1, strengths):
        with nakmd.Trajectory(folder / "trajectory.h5md") as trajectory:
            entries[f"{wall}, screening {strength:g}, seed {seed}"] = {
                "potential": trajectory.potentials["hash"], **trajectory.provenance,
            }  # fmt: skip
    return entries


def together(runs: list[dict]) -> Records:
    """Return the records that all runs have, combined."""
    records = {}
    for name in runs[0]:
        each = [run[name] for run in runs]
        if not any(isinstance(record, Exception) for record in each):
            try:
                records[name] = combine(each)
            except nakmd.errors.AnalysisError:
                continue  # arrays of different length, or no value in one of the runs
    return records


def tabulate(measured: dict[str, dict[str, Records]]) -> dict[str, dict[str, dict[str, Measure]]]:
    """Return strength → wall → row → number."""
    table: dict[str, dict[str, dict[str, Measure]]] = {}
    for strength, walls in measured.items():
        for wall, records in walls.items():
            rows = {name: read(records) for name, read in ROWS.items()}
            table.setdefault(strength, {})[wall] = {
                name: m for name, m in rows.items() if m is not None and math.isfinite(m.value)
            }
    return table


def as_markdown(table: dict[str, dict[str, dict[str, Measure]]]) -> str:
    """Return one table for each strength of the screening: value and half of the 95 % interval."""
    lines = []
    for strength, walls in table.items():
        lines += [f"Screening {strength}", "", "| | " + " | ".join(WALLS) + " |", "| --- |" + " --- |" * len(WALLS)]
        for row in ROWS:
            if any(row in walls[wall] for wall in WALLS):
                lines.append(f"| {row} | " + " | ".join(cell(walls[wall].get(row)) for wall in WALLS) + " |")
        lines.append("")
    return "\n".join(lines)


def cell(m: Measure | None) -> str:
    """Return value and half of the 95 % interval, rounded to two digits of the interval."""
    if m is None:
        return "-"
    half = (m.interval()[1] - m.interval()[0]) / 2.0
    if not math.isfinite(half) or half == 0.0:
        return f"{m.value:.3g}"
    digits = max(0, 1 - math.floor(math.log10(half)))
    return f"{m.value:.{digits}f} ± {half:.{digits}f}"


def draw(table: dict[str, dict[str, dict[str, Measure]]], path: Path) -> None:
    """Plot the rows against the wall, one colour for each strength of the screening, with 95 % intervals."""
    figure, axes = plt.subplots(2, 3, figsize=(12, 7), layout="constrained")
    for ax, row in zip(axes.flat, DRAWN):
        for shift, (strength, walls) in enumerate(sorted(table.items(), key=lambda item: float(item[0]))):
            places = [k + 0.15 * (shift - (len(table) - 1) / 2) for k, wall in enumerate(WALLS) if row in walls[wall]]
            numbers = [walls[wall][row] for wall in WALLS if row in walls[wall]]
            halves = [(m.interval()[1] - m.interval()[0]) / 2.0 for m in numbers]
            ax.errorbar(places, [m.value for m in numbers], halves, fmt="o", capsize=3, label=f"screening {strength}")
        ax.set(xticks=range(len(WALLS)), xticklabels=WALLS, ylabel=row, xlim=(-0.5, len(WALLS) - 0.5))
        ax.set_ylim(0.0, None)
    axes.flat[0].legend(fontsize="small")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main(
    directory: str | Path = "runs/nitrogen_sites",
    seeds: int = 4,
    strengths: tuple[float, ...] = STRENGTHS,
    processes: int = 1,
    steps: int | None = None,
    sweep_seeds: int | None = None,
) -> dict[str, dict[str, dict[str, Measure]]]:
    """Run the missing runs, measure all, write and return the table."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    todo = list(jobs(directory, seeds, strengths, sweep_seeds))
    with contextlib.ExitStack() as stack:
        map_: Callable = map
        if processes > 1:
            pool = stack.enter_context(ProcessPoolExecutor(processes, mp_context=get_context("spawn")))
            map_ = pool.map
        for count, name in enumerate(map_(run_one, *zip(*todo), [steps] * len(todo)), start=1):
            print(f"{count} of {len(todo)}: {name}", flush=True)
        table = tabulate(measure(todo, map_))
    plain = {
        strength: {
            wall: {
                name: {"value": m.value, "error": m.error, "interval": m.interval(), "n_effective": m.n_effective}
                for name, m in rows.items()
            }
            for wall, rows in walls.items()
        }
        for strength, walls in table.items()
    }
    stored = {
        "seeds": seeds,
        "sweep_seeds": sweep_seeds or seeds,
        "results": plain,
        "provenance": provenance(directory, strengths),
    }
    (directory / "results.json").write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    text = as_markdown(table)
    (directory / "results.md").write_text(text, encoding="utf-8")
    draw(table, directory / "results.png")
    print(text)
    return table


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", default="runs/nitrogen_sites")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--sweep-seeds", type=int, help="seeds of the strengths after the first; by default as --seeds")
    parser.add_argument("--strengths", type=float, nargs="+", default=STRENGTHS, help="strengths of the screening")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    main(
        options.directory,
        options.seeds,
        tuple(options.strengths),
        options.processes,
        sweep_seeds=options.sweep_seeds,
    )
