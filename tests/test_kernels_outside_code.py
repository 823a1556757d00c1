"""The cache of compiled code follows edits of formulas in modules outside the package."""

import os
import subprocess
import sys

import pytest

KERNELS = """
from nakmd.kernels.jit import fast_parallel_kernel, kernel, prange

def build(formula):
    @fast_parallel_kernel
    def fill(out):
        for i in prange(len(out)):
            out[i] = formula(float(i))
    return fill
"""

FORMULA = """
import constants
from nakmd.kernels.jit import term
from nested import slope

STIFFNESS = 2.0

@term
def spring(r):
    return STIFFNESS * r + slope(r) + constants.OFFSET
"""

NESTED = """
from nakmd.kernels.jit import term

@term
def slope(r):
    return 10.0 * r
"""

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from builder import build
from formula import spring
fill, out = build(spring), np.zeros(2)
if len(sys.argv) > 2:  # an edit after the import: this process computes with what it imported
    from pathlib import Path
    path = Path(sys.argv[1]) / "formula.py"
    path.write_text(path.read_text().replace("2.0", "3.0"))
fill(out)
print(out[1], sum(fill.stats.cache_hits.values()))
"""


@pytest.fixture
def computed(tmp_path):
    """Return a callable: run the program in a new process and return the number, and whether the cache was used."""
    texts = {"builder": KERNELS, "formula": FORMULA, "nested": NESTED, "constants": "OFFSET = 100.0\n"}
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text)
    environment = os.environ | {"NAKMD_CACHE_DIR": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, tmp_path, *arguments], env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        value, hits = done.stdout.split()
        return float(value), hits != "0"

    return run


#: Edits of files one after the other: file, old text, new text, and the result then.
EDITS = [
    ("formula", "STIFFNESS = 2.0", "STIFFNESS = 4.0", 114.0),
    ("formula", "STIFFNESS * r", "2.5 * r", 112.5),
    ("nested", "10.0 * r", "20.0 * r", 122.5),
    ("constants", "100.0", "200.0", 222.5),
]


def test_an_edit_of_a_formula_changes_what_is_computed(computed, tmp_path):
    assert computed() == (112.0, False)
    assert computed() == (112.0, True)
    for file, old, new, value in EDITS:
        path = tmp_path / f"{file}.py"
        path.write_text(path.read_text().replace(old, new))
        assert computed() == (value, False)


def test_an_edit_after_the_import_is_not_taken_for_what_was_imported(computed):
    assert computed("edit") == (112.0, False)
    assert computed() == (113.0, False)
