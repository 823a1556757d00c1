"""The vector type on other processors than this one: with AVX2, with neither AVX nor FMA, and as plain Python.

Child processes compile for the processor that ``NUMBA_CPU_NAME`` names, check the vocabulary, check three potentials
against their twins, and say what they found. Their cache folder is their own.
"""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import conftest
import llvmlite.binding as llvm
import pytest
from laws import assert_same, outcome

from nakmd.kernels.jit import cache_folder
from nakmd.system import Result

TESTS = Path(__file__).resolve().parent
VOCABULARY = ["test_simd.py", "test_simd_single.py"]
POTENTIALS = ["morse shift", "eam fs table", "tersoff"]

#: What runs the code must have what it is compiled for.
PROCESSORS = {"haswell": ["avx2", "fma", "bmi2"], "nehalem": ["sse4.2", "popcnt"]}


def child(*arguments, **settings):
    """Run Python beside the tests, with settings in its environment; return what it prints."""
    environment = os.environ | settings | {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False, cwd=TESTS
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


def run_tests(potentials, **settings):
    """Run the tests of the vocabulary and the twins of potentials."""
    twins = [f"test_potential_twins.py::test_equals_the_twin[{name}]" for name in potentials]
    child("-m", "pytest", "-q", "-p", "no:cacheprovider", *VOCABULARY, *twins, **settings)


def found_here():
    """Return energies, forces and virials of the potentials as plain data."""
    found = {row.name: outcome(row, row.system()) for row in conftest.POTENTIALS if row.name in POTENTIALS}
    return {name: [r.energies.tolist(), r.forces.tolist(), r.virial.tolist()] for name, r in found.items()}


def test_plain_python_has_the_same_vocabulary():
    run_tests([], NUMBA_DISABLE_JIT="1")


@pytest.mark.parametrize("processor", PROCESSORS)
def test_other_processors_find_the_same(processor):
    features = llvm.get_host_cpu_features()
    if platform.machine() not in ("x86_64", "AMD64") or not all(features.get(f) for f in PROCESSORS[processor]):
        pytest.skip(f"this machine cannot run code for {processor}")
    settings = {
        "NUMBA_CPU_NAME": processor,
        "NUMBA_CPU_FEATURES": "",  # those of the name, not those of this machine
        "NAKMD_CACHE_DIR": str(cache_folder() / processor),
    }
    run_tests(POTENTIALS, **settings)
    program = "import json, test_simd_processors as t; print(json.dumps(t.found_here()))"
    there = json.loads(child("-c", program, **settings))
    for name, numbers in found_here().items():
        here, other = (result_of(n) for n in (numbers, there[name]))
        assert_same(here, other, tolerance=1e-12)  # as between compiled and plain Python: contraction differs


def result_of(numbers):
    """Return a result that holds these numbers."""
    result = Result(len(numbers[0]))
    result.energies[:], result.forces[:], result.virial[:] = numbers
    return result
