"""Only few modules open files: the readers and writers in `io`, `potentials` and `deck`, and the exceptions below."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "nakmd"

#: Packages whose modules may open files.
OPENERS = ("io", "potentials", "deck")

#: Other modules that open files, and which files.
EXCEPTIONS = {
    "kernels/jit.py": "the sources of nakmd, for the digest of the cache; it must not import nakmd",
    "kernels/thread_count.py": "the quota of the control group, in /proc and /sys",
    "reaction_heats.py": "reaction_heats.toml beside it",
    "data_frames.py": "tables as CSV",
    "runs/run_log.py": "the log of a run",
    "runs/folder.py": "the deck and the status of a run",
    "runs/stored_deck.py": "the deck of a resumed run, for comparison",
    "runs/engine_job.py": "engine.json, the record of a run in another engine",
    "runs/build_cache.py": "built systems, in the cache folder, and the sources of their builders",
    "runs/provenance.py": "the commit of a checkout, in .git",
    "runs/footprint.py": "the free memory, in /proc",
    "results/results.py": "results.json",
    "runs/sweep_folder.py": "the index of a sweep, and why a point failed",
    "engines/lammps_run.py": "the manifest of a run in LAMMPS",
    "engines/lammps_process.py": "what LAMMPS prints",
    "bench/lammps_engine.py": "the input of LAMMPS, in a temporary folder",
    "bench/cases.py": "a potential file of LAMMPS",
    "bench/machine.py": "the processor and its use, in /proc",
    "cli/guard.py": "the traceback of a crash, independent of other modules",
    "studies/workers.py": "the pipe to another process",
    "studies/validation/pbe_forces.py": "the frames of PBE, for their digest",
}

METHODS = {"open", "read_text", "write_text", "read_bytes", "write_bytes", "fdopen", "NamedTemporaryFile"}

#: Calls that open no file: an image in memory, and the first half step of a barostat.
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
    openers = set()
    for path in PACKAGE.rglob("*.py"):
        relative = path.relative_to(PACKAGE)
        if relative.parts[0] not in OPENERS and opens_files(path):
            openers.add(relative.as_posix())
    assert openers == set(EXCEPTIONS)
