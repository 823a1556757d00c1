"""Forces compiled in a second process: the cache then holds the kernels of the run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nakmd.potentials import load
from nakmd.runs.compile_aside import compile_forces, forces_compiled_aside

PROGRAM = """
import pickle, sys
from nakmd.potentials import evaluate, load
from nakmd.structures.liquid import liquid
potential = load("nak")
if sys.argv[1] == "aside":
    from nakmd.runs.compile_aside import forces_compiled_aside
    with forces_compiled_aside(potential, ["K", "Na"], wanted=True):
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
    assert child("run", tmp_path).strip() == "[{}, {}, {}]"  # misses of the cache


def test_forces_without_atoms_compile():
    potential = load("nak-cn")
    compile_forces(potential, ["C", "K", "N:graphitic", "Na"])


def test_no_process_starts_unless_wanted(monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", None)
    with forces_compiled_aside(load("nak"), ["K"], wanted=False):
        pass
