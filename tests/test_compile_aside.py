"""Forces compiled in a second process: the cache then holds the kernels of the run."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from nakmd.deck.source import DeckSource
from nakmd.deck.stage_sections import Prepare, Produce, Relax
from nakmd.integrators import Bussi, Swap, VelocityVerlet
from nakmd.kernels import descent, motion, random
from nakmd.kernels.exchange_sites import find_all
from nakmd.kernels.random import fill_exchanges
from nakmd.potentials import load
from nakmd.potentials.local_energy import embedding_kernel
from nakmd.runs import plan
from nakmd.runs.compile_aside import compile_forces, compile_motion, exchanged_species, kernels_compiled_aside
from nakmd.simulation import Simulation, Stage
from nakmd.structures.liquid import liquid
from nakmd.system import System

PROGRAM = """
import pickle, sys
from nakmd.potentials import evaluate, load
from nakmd.structures.liquid import liquid
potential = load("nak")
if sys.argv[1] == "aside":
    from nakmd.runs.compile_aside import kernels_compiled_aside
    with kernels_compiled_aside(wanted=True) as start:
        start(potential, ["K", "Na"], [])
        import time
        from pathlib import Path
        from nakmd.kernels.jit import CACHE_DIR
        for _ in range(1200):
            if sum("eam" in path.name for path in Path(CACHE_DIR).rglob("*.nbc")) == 3:
                break
            time.sleep(0.1)
else:
    evaluate(potential, liquid(0.5, 400.0, n_atoms=260, seed=1))
    print([dict(kernel.stats.cache_misses) for kernel in potential.terms[0].kernels])
"""


def child(mode, folder):
    """Run the program with this cache folder; return its output."""
    environment = os.environ | {"NAKMD_CACHE_DIR": str(folder), "NUMBA_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, mode], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow  # compiles the metal twice, without a cache
def test_a_run_finds_what_was_compiled_aside(tmp_path):
    child("aside", tmp_path)
    assert sum("eam" in path.name for path in Path(tmp_path).rglob("*.nbc")) == 3
    assert child("run", tmp_path).strip() == "[{}, {}, {}, {}]"  # misses of the cache


def test_forces_without_atoms_compile():
    potential = load("nak-cn")
    compile_forces(potential, ["C", "K", "N:graphitic", "Na"])


def test_kernels_of_moves_compile_aside():
    """A first exchange of the run then finds all its kernels in memory."""
    potential, names = load("nak-cn"), ["C", "K", "N:graphitic", "Na"]
    compile_forces(potential, names, [[1, 3]])
    kernels = [find_all, fill_exchanges, embedding_kernel(potential.terms[0].metal.formulas)]
    known = [len(kernel.signatures) for kernel in kernels]
    assert min(known) > 0
    system = liquid(0.5, 450.0, n_atoms=60, seed=1)
    system = System(system.positions, np.where(system.species == 0, 1, 3), names, system.cell)
    simulation = Simulation(
        system, potential, [Stage("one", VelocityVerlet(0.001, Bussi(450.0)), 2, initial_temperature=450.0,
                                  moves=(Swap(("Na", "K"), 1, 5),))],
    )  # fmt: skip
    simulation.run()
    assert [len(kernel.signatures) for kernel in kernels] == known


def test_motion_compiles_aside():
    """The kernels of all stages of a deck are then in memory."""
    sections = [
        Relax(kind="relax", steps=1),
        Prepare(kind="heat", steps=1, temperature=["100 K", "300 K"], ensemble="langevin", group="liquid"),
        Produce(kind="produce", steps=1, temperature="300 K", ensemble="bussi", barostat={"axes": "xyz"}),
    ]
    compile_motion(sections)
    used = (motion.kick, motion.drift, motion.kick_and_drift, motion.sum_kinetic, descent.steer, random.fill_gaussians)
    assert all(kernel.signatures for kernel in used)


def test_species_of_moves():
    sections = [
        Prepare(kind="heat", steps=1, temperature="300 K", move=[{"species": ["Na", "K"]}]),
        Produce(kind="produce", steps=1, temperature="300 K", move=[{"species": ["K", "Na"]}, {"species": ["C", "K"]}]),
    ]
    assert exchanged_species(sections, ["C", "K", "Na"]) == [[0, 1], [1, 2]]
    assert exchanged_species(sections, ["C:edge", "Na"]) == [[1]]


def test_no_process_starts_unless_wanted(monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", None)
    with kernels_compiled_aside(wanted=False) as start:
        start(load("nak"), ["K"], [])


def test_compiling_starts_before_the_structure_is_built_if_the_deck_names_its_species(tmp_path, monkeypatch):
    calls = []
    atoms = liquid(0.5, 450.0, n_atoms=400, seed=1)
    monkeypatch.setattr(plan, "build_system", lambda *_: calls.append("built") or atoms)
    text = """
    [model]
    potential = "nak"
    [structure.liquid]
    x_K = 0.5
    temperature = "450 K"
    atoms = 400
    [[stage]]
    kind = "produce"
    steps = 1
    temperature = "450 K"
    """
    names = [atoms.species_names[one] for one in atoms.species]
    Atoms(names, atoms.positions, cell=atoms.cell.matrix, pbc=True).write(tmp_path / "atoms.xyz", format="extxyz")
    as_file = text.replace("liquid]", 'file]\npath = "atoms.xyz"').split("x_K")[0] + text[text.index("    [[stage") :]
    for deck, order in ((text, ["Na K", "built"]), (as_file, ["built", "Na K"])):
        calls.clear()
        source = DeckSource.parse(deck, folder=tmp_path)
        plan.make_plan(source, start_aside=lambda potential, species, stages: calls.append(" ".join(species)))
        assert calls == order
