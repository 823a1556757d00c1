"""Averages of the same deck made by nakmd and by LAMMPS: temperature, pressure, g(r), affinity, side by side.

    python benchmarks/engine_averages.py [FOLDER] [--ps 50] [--ranks 2] [--systems liquid,wall]

runs two small systems in both engines, into folders of FOLDER (default: engine_averages), and prints a Markdown table.
The noise of the engines is independent, so that the means differ by their standard errors. A folder whose run is
finished is not run again, one whose run was interrupted or killed is resumed: call again after any end.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import nakmd
from nakmd.results.results import Results

#: Duration [ps] of the equilibration.
EQUILIBRATION = 10.0

#: At 450 K the composition of a cell of 22 Å takes 20 ps to decorrelate, (L/2π)²/D, so that 50 ps have two samples.
TEMPERATURE = "800 K"

#: Largest difference [combined standard errors] that is called equal; errors of few independent samples are uncertain.
LIMIT = 4.0

#: Rows that are no averages of the system: each engine's drift is that of its own conserved energy.
NOT_COMPARED = ("energy drift",)

#: Distances [Å] at which g(r) is compared: flanks of the first shell, its minimum, and the second shell.
DISTANCES = (3.5, 4.5, 6.5, 8.0)

SYSTEMS: dict[str, dict[str, Any]] = {
    "liquid": {
        "title": "NaK (x_K = 0.67) at 800 K, 200 atoms",
        "model": {"potential": "nak"},
        "structure": {"liquid": {"x_K": 0.67, "temperature": TEMPERATURE, "atoms": 200}},
        "timestep": "2.5 fs",
        "quantities": ["thermo", "rdf"],
    },
    "wall": {
        "title": "NaK between a nitrogen-doped sheet and its image, 800 K",
        "model": {"potential": "nak-cn-pair"},
        "structure": {
            "carbon": {
                "kind": "graphene",
                "size": ["22 Å", "21 Å"],
                "bond": "1.4388 Å",
                "doping": {"graphitic": 0.02},
            },
            "liquid": {"region": "between", "thickness": "21 Å", "x_K": 0.67, "temperature": TEMPERATURE},
        },
        "timestep": "1 fs",
        "quantities": ["thermo", "rdf", "affinity", "coordination"],
    },
}


class Pair(NamedTuple):
    """A quantity from both engines.

    Attributes
    ----------
    name : str
    texts : tuple of str
        Value with standard error and unit, of nakmd and of LAMMPS.
    apart : float
        Difference in combined standard errors.
    """

    name: str
    texts: tuple[str, str]
    apart: float


def deck(system: dict[str, Any], duration: float) -> nakmd.Deck:
    """Return the deck of a system, with a production of a duration [ps]."""
    common = {"timestep": system["timestep"], "temperature": TEMPERATURE}
    every = round(0.1 / float(system["timestep"].split()[0]) * 1000.0)  # 0.1 ps
    return nakmd.Deck(
        title=system["title"],
        seed=11,
        model=system["model"],
        structure=system["structure"],
        stage=[
            {"kind": "relax", "steps": 300, "force": "0.2 eV/Å"},
            {"kind": "equilibrate", "duration": f"{EQUILIBRATION} ps", "tau": "0.2 ps", **common},
            {"kind": "produce", "duration": f"{duration} ps", "ensemble": "bussi", "tau": "0.5 ps", **common},
        ],
        output={"trajectory_every": every, "thermo_every": max(1, every // 5), "checkpoint_every": 1000},
        analysis={"quantities": system["quantities"], "discard": "none"},
    )


def results_of(given: nakmd.Deck, folder: Path, engine: str, ranks: int) -> Results:
    """Run a deck, or resume it, or open it if it is finished; return its results."""
    run = None
    if (folder / "status.json").exists():
        run = nakmd.Run(folder)
        if run.deck != given:
            raise SystemExit(f"{folder} has a run of another deck: choose another folder.")
        if run.status != "finished":
            run = nakmd.resume(folder)
    else:
        run = nakmd.run(given, folder, **({"engine": engine, "ranks": ranks} if engine == "lammps" else {}))
    return run.results


def compare(one: Results, other: Results) -> list[Pair]:
    """Return the rows with an error that both results have."""
    rows = {row.quantity: row for row in other.rows()}
    pairs = []
    for row in one.rows():
        twin = rows.get(row.quantity)
        if row.measured is None or twin is None or twin.measured is None or row.quantity.strip() in NOT_COMPARED:
            continue
        error = math.hypot(float(row.measured.error), float(twin.measured.error))
        if not (math.isfinite(error) and error > 0.0):
            continue  # a constant, such as the volume
        apart = (float(row.measured.value) - float(twin.measured.value)) / error
        pairs.append(Pair(row.quantity.strip(), (row.text, twin.text), apart))
    return pairs + compare_rdf(one, other)


def compare_rdf(one: Results, other: Results) -> list[Pair]:
    """Return g(r) of the metals at some distances: coordination numbers end at minima that differ from run to run."""
    found = []
    for (a, b), partial in one["rdf"].pairs.items():
        twin = other["rdf"][a, b]
        if not {a, b} <= {"Na", "K"}:
            continue
        for distance in DISTANCES:
            k = int(np.argmin(np.abs(partial.r - distance)))
            values = [(float(g.value[k]), float(g.error[k])) for g in (partial, twin)]
            error = math.hypot(*(error for _, error in values))
            texts = [f"{value:.3f} ± {error:.3f}" for value, error in values]
            apart = (values[0][0] - values[1][0]) / error
            found.append(Pair(f"g(r) {a}-{b} at {partial.r[k]:.2f} Å", (texts[0], texts[1]), apart))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("engine_averages"))
    parser.add_argument("--ps", type=float, default=50.0, help="duration of the production")
    parser.add_argument("--ranks", type=int, default=2, help="ranks of LAMMPS")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="names of systems, with commas")
    options = parser.parse_args()
    for name in options.systems.split(","):
        given = deck(SYSTEMS[name], options.ps)
        each = [
            results_of(given, options.folder / f"{name}-{engine}", engine, options.ranks)
            for engine in ("nakmd", "lammps")
        ]
        pairs = compare(*each)
        print(f"\n{SYSTEMS[name]['title']}, {options.ps:g} ps\n")
        print("| quantity | nakmd | LAMMPS | difference / standard errors |")
        print("| --- | --- | --- | ---: |")
        for pair in pairs:
            print(f"| {pair.name} | {pair.texts[0]} | {pair.texts[1]} | {pair.apart:+.1f} |")
        most = max(pairs, key=lambda pair: abs(pair.apart))
        verdict = "equal within errors" if abs(most.apart) < LIMIT else f"NOT equal: {most.name}"
        mean = sum(pair.apart**2 for pair in pairs) / len(pairs)
        print(
            f"\n{len(pairs)} quantities, mean square {mean:.2f}, largest {abs(most.apart):.1f}: {verdict}", flush=True
        )


if __name__ == "__main__":
    main()
