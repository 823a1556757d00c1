"""Provenance of results: versions, machine, threads, seed and a hash of the potential."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from nakmd._version import __version__
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
    """Return the SHA-256 digest of the description of a potential with all its parameters."""
    text = json.dumps(plain(potential.describe()), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def git_commit(checkout: Path | None = None) -> str:
    """Return the commit of a git checkout, by default the one of nakmd; an empty string if it is not a checkout."""
    folder = (checkout or Path(__file__).resolve().parents[2]) / ".git"
    try:
        if folder.is_file():  # a worktree: the file gives the folder of its HEAD; commondir gives that of the branches
            folder = folder.parent / folder.read_text().strip().removeprefix("gitdir: ")
        common = folder / "commondir"
        shared = folder / common.read_text().strip() if common.is_file() else folder
        head = (folder / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        if (shared / name).exists():
            return (shared / name).read_text().strip()
        packed = (shared / "packed-refs").read_text().splitlines()
        return next((line.split()[0] for line in packed if line.endswith(f" {name}")), "")
    except OSError:
        return ""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
