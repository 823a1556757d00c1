"""Measures the lattice constants of the warm bcc crystals of a parameter set, and writes them as [[lattice]].

    python potentials/lattices.py                    # print those of all sets
    python potentials/lattices.py nak-2026 --write   # write into nak-2026.toml

Na and K from 100 K up to about their melting points: 432 atoms at zero pressure, 20 ps to settle and 100 ps of
measurement. A crystal that did not survive gets no entry: it has melted, or at a wave vector of its {110} planes the
structure factor has fallen below half of that at rest. There is none at rest (`potentials/accuracy.py` has that): the
soft crystals of `nichol-ackland-2016` expand by 1.4 % below 100 K and then not at all. Finished temperatures are kept
in ``--folder`` and are not run again. A set takes a minute on one core.
"""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import numpy as np
from measured_tables import write_tables

from nakmd.potentials import Potential, load
from nakmd.runs.provenance import potential_hash
from nakmd.studies.validation.solid import warm_crystal
from nakmd.system import System

#: The markers around the entries of a record.
BEGIN, END = "# lattices: begin (written by potentials/lattices.py)", "# lattices: end"

SETS = ("nak-2026", "nichol-ackland-2016", "johnson-oh-nak")

#: Temperatures [K] of each element. Na melts at 371 K, K at 336 K.
TEMPERATURES = {"Na": (100.0, 200.0, 250.0, 300.0, 350.0), "K": (100.0, 200.0, 250.0, 300.0, 325.0)}

#: Cubic cells along each direction; times [ps] to settle and of the measurement.
CELLS, SETTLE, TIME = 6, 20.0, 100.0

#: Least S(q)/N at the six wave vectors {110}. One frame at 300 K has 0.55 to 0.7; a melt, or planes that
#: sheared into close packing, leave about 0.
LEAST_ORDER = 0.5

#: What the figures depend on besides the parameters.
SETTINGS = [CELLS, SETTLE, TIME]


def order(system: System) -> float:
    """Return the least |Σ exp(i q·r)|²/N² over the six directions of {110}."""
    edge = float(system.cell.lengths[0]) / CELLS
    # opposite directions are among them: they give the same number
    directions = {*permutations((1, 1, 0)), *permutations((1, -1, 0))}
    waves = [np.exp(2j * np.pi / edge * (system.positions @ np.array(d))) for d in directions]
    return float(min(abs(wave.mean()) ** 2 for wave in waves))


def measure(potential: Potential, element: str, temperature: float) -> dict[str, float] | None:
    """Return the entry of one temperature, None for a crystal that did not survive."""
    warm = warm_crystal(potential, element, temperature, CELLS, SETTLE, TIME, seed=1)
    a, left = warm.lattice, order(warm.system)
    print(f"{element} {temperature:g} K: a = {a.value:.4f} ± {a.error:.4f} Å, S(110) = {left:.2f}", flush=True)
    if not warm.whole or left < LEAST_ORDER:
        return None
    return {"temperature": temperature, "a": round(a.value, 4), "error": max(round(a.error, 4), 1e-4)}


def entries_of(name: str, folder: Path) -> list[dict[str, float | str]]:
    """Return the entries of a set; temperatures finished with these parameters are read from the folder."""
    potential = load(name)
    made_with = {"potential": potential_hash(potential), "settings": SETTINGS}
    entries: list[dict[str, float | str]] = []
    for element, temperatures in TEMPERATURES.items():
        for temperature in temperatures:
            stored = folder / f"{name}-{element}-{temperature:g}.json"
            known = json.loads(stored.read_text(encoding="utf-8")) if stored.exists() else {}
            if {key: known.get(key) for key in made_with} != made_with:
                known = {**made_with, "entry": measure(potential, element, temperature)}
                folder.mkdir(parents=True, exist_ok=True)
                stored.write_text(json.dumps(known, indent=1), encoding="utf-8")
            if known["entry"] is not None:
                entries.append({"element": element, **known["entry"]})
    return entries


if __name__ == "__main__":
    write_tables(__doc__, "lattice", SETS, (BEGIN, END), entries_of)
