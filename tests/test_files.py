"""Files are opened in few places: readers and writers in `io`, potential files, decks. The rest passes through them."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "nakmd"

#: Packages whose work it is.
OPENERS = ("io", "potentials", "deck")

#: Other modules that open a file themselves, and which.
EXCEPTIONS = {
    "kernels/jit.py": "its own sources, for the digest of the cache; it may import nothing of nakmd",
    "runs/folder.py": "the deck and the status of a run: their folder is its noun",
    "runs/run.py": "the deck that a resumed run is compared with",
    "runs/rates.py": "the speeds of past runs, in the cache folder",
    "runs/provenance.py": "the commit of a checkout, in .git",
    "runs/verify.py": "the free memory, in /proc",
    "results/results.py": "results.json",
    "bench/lammps_engine.py": "the input of LAMMPS, in a temporary folder",
    "bench/cases.py": "a potential file of LAMMPS",
    "cli/bench.py": "the name of the processor, in /proc",
    "cli/guard.py": "the traceback of a crash, when nothing else can be trusted",
    "studies/validation/workers.py": "the pipe to another process",
}

METHODS = {"open", "read_text", "write_text", "read_bytes", "write_bytes", "fdopen", "NamedTemporaryFile"}

#: No files: an image in memory, and the first half of the step of a barostat.
HARMLESS = {"Image.open", "barostat.open"}


def opens_files(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        method = isinstance(node.func, ast.Attribute) and node.func.attr in METHODS
        if (name == "open" or method) and name not in HARMLESS:
            return True
    return False


def test_only_these_modules_open_files():
    found = set()
    for path in PACKAGE.rglob("*.py"):
        relative = path.relative_to(PACKAGE)
        if relative.parts[0] not in OPENERS and opens_files(path):
            found.add(relative.as_posix())
    assert found == set(EXCEPTIONS)
