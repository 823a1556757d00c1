"""The vector type on other processors: with AVX2, with neither AVX nor FMA, and as plain Python.

Child processes compile for the processor in ``NUMBA_CPU_NAME``, run the tests of the vector type, compare three
potentials with their twins, and print their results. Each has its own cache folder.
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
VECTOR_TESTS = ["test_simd.py", "test_simd_single.py"]
POTENTIALS = ["morse shift", "eam fs table", "tersoff"]

#: Features that this machine needs to run code for each processor.
PROCESSORS = {"haswell": ["avx2", "fma", "bmi2"], "nehalem": ["sse4.2", "popcnt"]}


def child(*arguments, **settings):
    """Run Python in the folder of the tests, with settings in its environment; return its output."""
    environment = os.environ | settings | {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False, cwd=TESTS
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


def run_tests(potentials, **settings):
    """Run the tests of the vector type and the twins of potentials."""
    twins = [f"test_potential_twins.py::test_equals_the_twin[{name}]" for name in potentials]
    child("-m", "pytest", "-q", "-p", "no:cacheprovider", *VECTOR_TESTS, *twins, **settings)


def results_as_data():
    """Return energies, forces and virials of the potentials as plain data."""
    results = {row.name: outcome(row, row.system()) for row in conftest.POTENTIALS if row.name in POTENTIALS}
    return {name: [r.energies.tolist(), r.forces.tolist(), r.virial.tolist()] for name, r in results.items()}


def test_plain_python_passes_the_vector_tests():
    run_tests([], NUMBA_DISABLE_JIT="1")


@pytest.mark.slow  # compiles for each of them, a minute
@pytest.mark.parametrize("processor", PROCESSORS)
def test_other_processors_give_the_same_results(processor):
    features = llvm.get_host_cpu_features()
    if platform.machine() not in ("x86_64", "AMD64") or not all(features.get(f) for f in PROCESSORS[processor]):
        pytest.skip(f"this machine cannot run code for {processor}")
    settings = {
        "NUMBA_CPU_NAME": processor,
        "NUMBA_CPU_FEATURES": ",".join(f"+{f}" for f in PROCESSORS[processor]),  # not those of this machine
        "NAKMD_CACHE_DIR": str(cache_folder() / processor),
    }
    run_tests(POTENTIALS, **settings)
    program = "import json, test_simd_processors as t; print(json.dumps(t.results_as_data()))"
    compare_with_this_machine(json.loads(child("-c", program, **settings)))


def compare_with_this_machine(there):
    """Compare `results_as_data` of another processor with those of this one; `arm/emulate.sh` calls it too."""
    for name, numbers in results_as_data().items():
        host, other = (result_of(n) for n in (numbers, there[name]))
        assert_same(host, other, tolerance=1e-12)  # as between compiled and plain Python: contraction differs


def result_of(numbers):
    """Return a `Result` with these numbers."""
    result = Result(len(numbers[0]))
    result.energies[:], result.forces[:], result.virial[:] = numbers
    return result
