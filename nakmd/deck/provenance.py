"""Where numbers come from: versions, machine, threads, seed, and the hash of the potential."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from nakmd import __version__
from nakmd.io.atomic import plain
from nakmd.kernels.jit import versions as kernel_versions
from nakmd.potentials import Potential


def describe_run(seed: int, threads: int) -> dict[str, Any]:
    """Return versions, processor, threads and seed."""
    return {
        "nakmd": __version__,
        "git": git_commit(),
        "python": platform.python_version(),
        "numpy": _version("numpy"),
        **kernel_versions(),
        "platform": platform.platform(),
        "cores": os.cpu_count() or 1,
        "threads": threads,
        "seed": seed,
    }


def potential_hash(potential: Potential) -> str:
    """Return a digest of everything that a potential says of itself."""
    text = json.dumps(plain(potential.describe()), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def git_commit() -> str:
    """Return the commit of the checkout that nakmd is run from, or an empty string."""
    folder = Path(__file__).resolve().parents[2] / ".git"
    try:
        if folder.is_file():  # a worktree: its own HEAD, the branches of the repository
            folder = Path(folder.read_text().strip().removeprefix("gitdir: "))
        head = (folder / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        if (folder / "commondir").exists():
            folder = folder / (folder / "commondir").read_text().strip()
        if (folder / name).exists():
            return (folder / name).read_text().strip()
        packed = (folder / "packed-refs").read_text().splitlines()
        return next((line.split()[0] for line in packed if line.endswith(f" {name}")), "")
    except OSError:
        return ""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
