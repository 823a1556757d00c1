"""The digest of the kernel cache covers every source that can change a kernel, and no other."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nakmd
from nakmd.kernels.jit import compiled_sources

PACKAGE = Path(nakmd.__file__).parent
DECORATORS = {"term", "kernel", "parallel_kernel", "fast_parallel_kernel"}


def copy_of_package(tmp_path: Path) -> Path:
    package = tmp_path / "nakmd"
    for path in ("units.py", "kernels/jit.py", "potentials/deep/er/formula.py", "potentials/exporter.py"):
        (package / path).parent.mkdir(parents=True, exist_ok=True)
        (package / path).write_text("\n@term\ndef f(r): ...\n" if "formula" in path else "# no formula\n")
    return package


def test_formula_in_a_subfolder_counts_and_an_exporter_does_not(tmp_path):
    package = copy_of_package(tmp_path)
    sources = {path.relative_to(package).as_posix() for path in compiled_sources(package)}
    assert sources == {"units.py", "kernels/jit.py", "potentials/deep/er/formula.py"}


def decorated(tree: ast.Module) -> list[ast.FunctionDef]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(word, ast.Name) and word.id in DECORATORS for word in node.decorator_list)
    ]


COMPILED = [path for path in sorted(PACKAGE.rglob("*.py")) if decorated(ast.parse(path.read_text()))]


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_every_source_of_compiled_code_is_in_the_digest(path):
    tree = ast.parse(path.read_text())
    functions = decorated(tree)
    sources = set(compiled_sources(PACKAGE))
    assert path in sources
    origin = {
        alias.asname or alias.name: node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("nakmd")
        for alias in node.names
    }
    read = {
        word.id for function in functions for part in function.body for word in ast.walk(part)
        if isinstance(word, ast.Name) and word.id in origin
    }  # fmt: skip
    for name in read:
        module = PACKAGE.parent / (origin[name].replace(".", "/") + ".py")
        package = PACKAGE.parent / origin[name].replace(".", "/") / f"{name}.py"
        assert {module, package} & sources, f"{name}, from {origin[name]}"


PROGRAM = """
import numpy as np, sys
from nakmd.kernels.jit import fast_parallel_kernel, prange, term

@term
def inner(x, k):
    return x * 0.3 + (k + 0.1) * x * x

@fast_parallel_kernel
def total(values, out):
    for i in prange(len(out)):
        s = 0.0
        for k in range(values.shape[1]):
            s += inner(values[i, k], k) + inner(s, k) * 1e-3
        out[i] = s

values, out = np.random.default_rng(1).normal(size=(40, 30)), np.zeros(40)
total(values, out)
(compiled,) = total.overloads.values()
module = compiled.library._final_module
weak = [f.name for f in module.functions if not f.is_declaration and f.linkage.name == "linkonce_odr"]
print(weak, sum(total.stats.cache_hits.values()), out.tobytes().hex())
"""


def words_of(script):
    """Run a program with a cache beside it; return what it prints."""
    environment = os.environ | {"NAKMD_CACHE_DIR": str(script.parent / "cache")}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_process_that_compiles_runs_the_code_that_it_stores(tmp_path):
    """No weak copies are left, which the linker could replace by another copy; the cache gives the same bits."""
    script = tmp_path / "kernel.py"
    script.write_text(PROGRAM)
    lines = [words_of(script) for _ in range(2)]
    assert lines[0][:2] == ["[]", "0"]
    assert lines[1][1] == "1"
    assert lines[0][2] == lines[1][2]


#: A kernel that is compiled in a fraction of a second.
SMALL = """
import numpy as np
from nakmd.kernels.jit import kernel

@kernel
def total(values, out):
    for k in range(values.size):
        out[0] += 0.3 * values[k]

values, out = np.random.default_rng(1).normal(size=40), np.zeros(1)
total(values, out)
print(sum(total.stats.cache_hits.values()), out.tobytes().hex())
"""


@pytest.mark.parametrize("fault", ["full", "nbi", "nbc"])
def test_a_cache_that_fails_only_costs_compilation(tmp_path, fault):
    """A limit on the size of files is a full disk; one bit of the index or of the code of a kernel is wrong."""
    script = tmp_path / "kernel.py"
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n" if fault == "full" else ""
    script.write_text("import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n" + limit + SMALL)
    lines = [words_of(script)]
    if fault != "full":
        (path,) = (tmp_path / "cache").rglob(f"*.{fault}")
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    lines += [words_of(script), words_of(script)]
    assert lines[0] == lines[1]  # both compile, and get the same bits
    assert lines[2] == ["0" if fault == "full" else "1", lines[0][1]]
