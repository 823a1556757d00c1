"""Figures for systems beyond one machine: cost and memory of both engines, and what follows for 10⁷ and 10⁹ atoms.

``python benchmarks/scale.py`` measures, on one core: liquid NaK around an N-doped tube with the default model, in
nakmd, and in LAMMPS as two tables and as the pair style that is built from source (``--plugin LIBRARY``). Costs are
processor times, because other programs may use the machine; the engines take turns. Then it prints the table of
``docs/scale.md``. The parallel efficiency is a published one and no measurement of ours.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from nakmd.bench.cases import CASES, Prepared, prepare
from nakmd.bench.lammps_engine import LAMMPS, Setting
from nakmd.engines.lammps_build import find_lammps
from nakmd.kernels.jit import set_threads
from nakmd.potentials import load
from nakmd.potentials.files.lammps_commands import lammps_input

ATOMS, STEPS, ROUNDS = 20_000, 40, 3

#: Share of the ideal speed that LAMMPS keeps on many cores with more than 10⁴ atoms each: embedded atoms on 4 cores
#: (log.6Oct16.eam.scaled.icc.4 against log.6Oct16.eam.fixed.icc.1 in its folder bench: 5.97 s / 6.60 s = 0.90).
EFFICIENCY = 0.9

#: Least number of atoms of a core for which that is assumed.
FEWEST = 5_000

#: Time step of the flagship [fs], and length of a run [ns].
TIMESTEP, LENGTH = 0.5, 1.0


def own_cost(prepared: Prepared, steps: int) -> float:
    """Return the processor time of nakmd [µs per atom and step]."""
    simulation = prepared.simulation()
    begin = time.process_time()
    simulation.run(steps=steps)
    return 1e6 * (time.process_time() - begin) / (steps * prepared.system.n_atoms)


def children() -> float:
    """Return the processor time of all finished child processes [s]."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def lammps_cost(engine: LAMMPS, steps: int, skin: float) -> float:
    """Return the processor time of LAMMPS on one core [µs per atom and step]: a run, less one without steps."""
    spent = []
    for n in (0, steps):
        begin = children()
        n_atoms = engine.run(Setting("plain", skin=skin), n).n_atoms
        spent.append(children() - begin)
    return 1e6 * (spent[1] - spent[0]) / (steps * n_atoms)


def lammps_memory(engine: LAMMPS) -> float:
    """Return the memory of one process of LAMMPS [bytes per atom], of its own account."""
    assert engine.build.executable is not None
    done = subprocess.run(
        [engine.build.executable, "-in", "in.nakmd", "-log", "none", "-nocite"], cwd=engine.folder, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    found = re.search(r"Per MPI rank memory allocation \(min/avg/max\) = (\S+) \| (\S+)", done.stdout)
    atoms = re.search(r"with (\d+) atoms", done.stdout)
    assert found is not None
    assert atoms is not None
    return float(found[2]) * 2**20 / int(atoms[1])


def hours(cost: float, n_atoms: float, cores: float, efficiency: float) -> float:
    """Return the wall time [h] of a run of `LENGTH`."""
    return cost * 1e-6 * n_atoms * (LENGTH * 1e6 / TIMESTEP) / (cores * efficiency) / 3600.0


def main() -> None:
    """Measure, and print figures and table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plugin", type=Path, help="library of the pair style nakmd/screened")
    parser.add_argument("--atoms", type=int, default=ATOMS)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args()
    set_threads(1)
    case = next(case for case in CASES if case.name == "flagship")
    pair = prepare(case, chosen.atoms)
    own = Prepared(case, pair.system, load("nak-cn"), 0.0)
    build = find_lammps()
    costs: dict[str, list[float]] = {"nakmd, nak-cn": []}
    memory: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="nakmd-scale-") as root:
        engines = {}
        models = {"LAMMPS, nak-cn as tables": ("nak-cn", False), "LAMMPS, nak-cn-pair": ("nak-cn-pair", False)}
        if chosen.plugin is not None:
            models["LAMMPS, nak-cn by nakmd/screened"] = ("nak-cn", True)
        for name, (model, plugin) in models.items():
            folder = Path(root) / name.replace(" ", "_").replace("/", "-")
            folder.mkdir()
            exported = lammps_input(load(model), pair.system.species_names, plugin=plugin)
            if plugin:
                (folder / "nakmdplugin.so").write_bytes(chosen.plugin.read_bytes())
            engines[name] = LAMMPS(build, folder, pair.system, exported, case.timestep)
            costs[name] = []
        for _ in range(chosen.rounds):
            costs["nakmd, nak-cn"].append(own_cost(own, chosen.steps))
            for name, engine in engines.items():
                costs[name].append(min(lammps_cost(engine, chosen.steps, skin) for skin in (0.5, 1.0)))
        for name, engine in engines.items():
            memory[name] = lammps_memory(engine)
    for name, values in costs.items():
        bytes_each = f", {memory[name]:.0f} bytes per atom" if name in memory else ""
        print(f"{name}: {np.median(values):.3f} µs per atom and step ({min(values):.3f}-{max(values):.3f}){bytes_each}")
    print(json.dumps({"atoms": pair.system.n_atoms, "costs": costs, "memory": memory}))
    for n_atoms in (1e6, 1e7, 1e9):
        for name, values in costs.items():
            cost = float(np.median(values))
            for cores in (1, 16) if name.startswith("nakmd") else (128, 1024, 16384):
                if (name.startswith("nakmd") and n_atoms > 1e7) or n_atoms / cores < FEWEST:
                    continue
                efficiency = 1.0 if name.startswith("nakmd") and cores == 1 else EFFICIENCY
                taken = hours(cost, n_atoms, cores, efficiency)
                print(f"{n_atoms:.0e} atoms, {name}, {cores} cores: {taken:,.1f} h for {LENGTH:g} ns")


if __name__ == "__main__":
    main()
