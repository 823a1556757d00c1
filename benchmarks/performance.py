"""Performance measurements: comparison with LAMMPS, cost of other parts, rooflines, and cost against size.

    python benchmarks/performance.py [--repeats 5] [--quick]

writes ``performance/PROCESSOR.json`` and ``.png``, a pair for each kind of processor, and prints the tables of the
README (`make bench`). Every timing runs ``nakmd bench`` in a separate process. Figures are stored only if other
programs left the machine alone.

    python benchmarks/performance.py --tables

prints the tables of what is stored.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

from nakmd.bench.machine import refuse_loaded
from nakmd.errors import RunError

STORED = Path(__file__).resolve().parent / "performance"
_USUAL = ("nak", "nak-table", "cu", "cn", "flagship", "flagship-two-steps")
#: Cases that are compared with LAMMPS (the screened pairs would take it a quarter of an hour), whose costs are
#: measured, that are timed alone (the one that differs for LAMMPS alone is not), and whose kernels are.
CONTESTS = (*_USUAL, "flagship-both-split")
COSTS = ("nak", "cn", "flagship")
CASES_TIMED = (*_USUAL, "flagship-screened")
ROOFLINES = ("nak", "nak-table", "cu", "cn", "flagship-screened")

#: Numbers of atoms, and the cases that are timed at each on one thread and on several.
SIZES = (10_000, 100_000, 1_000_000)
SIZE_CASES = ("nak", "flagship")
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def bench(*arguments: object) -> dict:
    """Return the JSON output of ``nakmd bench``."""
    done = subprocess.run(
        [sys.executable, "-m", "nakmd", "bench", *map(str, arguments), "--json"], stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout)


def measure_sizes(sizes: tuple[int, ...], threads: int, repeats: int, machines: dict[str, dict]) -> list[dict]:
    """Return µs per atom-step and the peak memory of all processes so far, for each size, case and number of threads.

    The state of the machine during each of them is added to ``machines``.
    """
    measured = []
    for atoms in sizes:  # in increasing order, because getrusage gives the maximum over all children
        for name in SIZE_CASES:
            for used in sorted({1, threads}):
                answer = bench(name, "--atoms", atoms, "--threads", used, "--repeats", repeats)
                case, machines[f"{name}, {atoms:,} atoms, {used} threads"] = answer["cases"][0], answer["machine"]
                peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
                measured.append(
                    {"name": name, "threads": used, "atoms": case["n_atoms"], "step": case["step"], "peak_bytes": peak}
                )
    return measured


def size_table(sizes: list[dict]) -> str:
    """Return µs per atom and step by number of atoms, and the growth from the smallest to the largest, as Markdown."""
    series: dict[tuple[str, int], list[dict]] = {}
    for size in sizes:
        series.setdefault((size["name"], size["threads"]), []).append(size)
    columns = [f"about {size['atoms'] / 1000:,.0f} 000 atoms" for size in next(iter(series.values()))]
    lines = [
        "| case | threads | " + " | ".join(columns) + " | growth |",
        "| --- | --- |" + " --- |" * (len(columns) + 1),
    ]
    for (name, threads), found in series.items():
        medians = [size["step"]["median"] for size in found]
        cells = " | ".join(f"{median:.3f}" for median in medians)
        lines.append(f"| `{name}` | {threads} | {cells} | {100.0 * (medians[-1] / medians[0] - 1.0):+.0f} % |")
    return "\n".join(lines)


def table(contests: list[dict]) -> str:
    """Return the comparison with LAMMPS as a Markdown table."""
    lines = [
        "| case | atoms | threads | nakmd µs/atom-step | LAMMPS µs/atom-step | LAMMPS ran as "
        "| ns/day, nakmd and LAMMPS | ratio (quartiles) |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for c in contests:
        setting = c["setting"]
        how = f"{setting['style']}, {setting['processes']} × {setting['threads']}, skin {setting['skin']} Å"
        ratio = c["ratio"]
        lines.append(
            f"| `{c['name']}` | {c['n_atoms']:,} | {c['threads']} | {c['nakmd']['median']:.3f} "
            f"| {c['lammps']['median']:.3f} | {how} | {c['ns_per_day'][0]:.2f}, {c['ns_per_day'][1]:.2f} "
            f"| **{ratio['median']:.1f}** ({ratio['quartiles'][0]:.1f}–{ratio['quartiles'][1]:.1f}) |"
        )
    return "\n".join(lines)


def cost_table(costs: list[dict]) -> str:
    """Return the costs of other parts relative to an NVE step, as a Markdown table."""
    variants = list(dict.fromkeys(added["what"] for case in costs for added in case["added"][1:]))
    lines = [
        "| case | " + " | ".join(variants) + " | threads, speed-up |",
        "| --- |" + " --- |" * (len(variants) + 1),
    ]
    for case in costs:
        ratios = {added["what"]: f"{added['ratio']['median']:.2f}" for added in case["added"]}
        last = case["scaling"][-1]
        cells = [ratios.get(variant, "—") for variant in variants]
        lines.append(f"| `{case['name']}` | {' | '.join(cells)} | {last['threads']}: {last['ratio']['median']:.2f} |")
    return "\n".join(lines)


def roofline_table(rooflines: list[dict], timings: list[dict]) -> str:
    """Return lanes and FLOP rates of the force kernels, and the share of rebuilds, as a Markdown table."""
    shares = {timing["name"]: timing["rebuild_share"] for timing in timings}
    lines = [
        "| case | rebuilds | kernel | useful lanes | FLOP per lane | GFLOP/s | of peak |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for case in rooflines:
        for k in case["kernels"]:
            lines.append(
                f"| `{case['name']}` | {100.0 * shares[case['name']]:.1f} % | {k['term']}: `{k['kernel']}` "
                f"| {100.0 * k['useful_share']:.0f} % | {k['operations']:.0f} | {k['gflops']:.1f} "
                f"| {100.0 * k['of_peak']:.0f} % |"
            )
    return "\n".join(lines)


def deviations(spreads: list[dict]) -> list[list[float]]:
    """Return the distances of the quartiles from the medians, below and above."""
    below = [s["median"] - s["quartiles"][0] for s in spreads]
    above = [s["quartiles"][1] - s["median"] for s in spreads]
    return [below, above]


def draw(contests: list[dict], sizes: list[dict], path: Path) -> None:
    """Plot the ratios, and the cost against size."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), constrained_layout=True)
    names = list(dict.fromkeys(c["name"] for c in contests))
    threads = sorted({c["threads"] for c in contests})
    for k, used in enumerate(threads):
        ratios = {c["name"]: c["ratio"] for c in contests if c["threads"] == used}
        at = [n + 0.8 * (k + 0.5) / len(threads) - 0.4 for n in range(len(names))]
        medians = [ratios[name]["median"] for name in names]
        errors = deviations([ratios[name] for name in names])
        left.bar(at, medians, 0.8 / len(threads), yerr=errors, capsize=2, label=f"{used} thread{'s' * (used > 1)}")
        for x, y in zip(at, medians, strict=True):
            left.text(x, y, f"{y:.1f}", ha="center", va="bottom", fontsize=8)
    left.axhline(1.0, color="black", linewidth=0.8)
    left.set_xticks(range(len(names)), [name.replace("-", "\n") for name in names])
    left.set_ylabel("LAMMPS time / nakmd time")
    left.legend(frameon=False)
    for name, used in dict.fromkeys((size["name"], size["threads"]) for size in sizes):
        chosen = [size for size in sizes if (size["name"], size["threads"]) == (name, used)]
        right.errorbar(
            [size["atoms"] for size in chosen],
            [size["step"]["median"] for size in chosen],
            yerr=deviations([size["step"] for size in chosen]),
            marker="o",
            capsize=3,
            label=f"{name}, {used} thread{'s' * (used > 1)}",
        )
    right.legend(frameon=False, fontsize=8)
    right.set_xscale("log")
    right.set_ylim(bottom=0.0)
    right.set_xlabel("atoms")
    right.set_ylabel("µs per atom and step")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def tables(stored: dict) -> str:
    """Return all tables of one processor as Markdown."""
    machine, sizes = stored["machine"], stored["sizes"]
    last = sizes[-1]
    quiet = "" if "others" not in machine else f"; other programs used {machine['others']:.2f} cores"
    parts = [
        f"{machine['processor']} ({machine['cpu']}), {machine['cores']} cores{quiet}. {machine['date'][:10]}. LAMMPS "
        f"{machine['lammps']['version']}.",
        table(stored["contests"]),
        cost_table(stored["costs"]),
        roofline_table(stored["rooflines"], stored["timings"]),
        size_table(sizes),
        f"Memory: {last['peak_bytes'] / last['atoms']:.0f} bytes per atom at {last['atoms']:,} atoms (peak of the "
        "whole process).",
    ]
    return "\n\n".join(parts)


def main() -> None:
    """Measure, write the files, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="timed loops per engine and case")
    parser.add_argument("--quick", action="store_true", help="at most 100,000 atoms")
    parser.add_argument("--tables", action="store_true", help="print what is stored, measure nothing")
    given = parser.parse_args()
    if given.tables:
        for path in sorted(STORED.glob("*.json")):
            print(tables(json.loads(path.read_text())), end="\n\n")
        return
    machines: dict[str, dict] = {}
    contests: list[dict] = []
    threads = min(2, CORES)
    for used in sorted({1, threads}):
        comparison = bench(*CONTESTS, "--against", "lammps", "--threads", used, "--repeats", given.repeats)
        contests += comparison["cases"]
        machines[f"the comparison on {used} thread{'s' * (used > 1)}"] = machine = comparison["machine"]
        del machine["lammps"]["executable"]  # a path of this machine
    parts = {"contests": contests}
    for name, arguments in {
        "costs": (*COSTS, "--costs", "--threads", threads, "--repeats", given.repeats),
        "rooflines": (*ROOFLINES, "--roofline", "--threads", 1),
        "timings": (*CASES_TIMED, "--threads", 1, "--repeats", min(given.repeats, 3)),
    }.items():
        measured = bench(*arguments)
        parts[name], machines[name] = measured["cases"], measured["machine"]
    parts["sizes"] = measure_sizes(SIZES[:2] if given.quick else SIZES, threads, min(given.repeats, 3), machines)
    machine["others"] = max((m["others"] for m in machines.values() if m["others"] is not None), default=None)
    stored = {"machine": machine, **parts}
    print(tables(stored))
    try:
        refuse_loaded(machines)
    except RunError as error:
        sys.exit(str(error))
    STORED.mkdir(exist_ok=True)
    (STORED / f"{machine['cpu']}.json").write_text(json.dumps(stored, indent=1) + "\n")
    draw(contests, parts["sizes"], STORED / f"{machine['cpu']}.png")


if __name__ == "__main__":
    main()
