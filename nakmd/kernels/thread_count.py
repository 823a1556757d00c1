"""The number of threads of the kernels: what the process may use, and what is left after a fork.

This module is imported before Numba, which reads its maximum once.
"""

from __future__ import annotations

import os
from pathlib import Path

#: Variables that set the number of threads, the first valid one decides. Slurm's is the share of the task.
VARIABLES = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "SLURM_CPUS_PER_TASK")


def machine_cores() -> int:
    """Return the number of logical cores of the machine."""
    return os.cpu_count() or 1


def usable_cores(control_groups: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> int:
    """Return the number of cores that this process may use: its affinity mask, and the quota of its control groups.

    Parameters
    ----------
    control_groups : Path
        Where control groups are mounted (versions 1 and 2).
    membership : Path
        File with the control groups of this process.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else machine_cores()
    quotas = [_quota(folder) for folder in _folders(control_groups, membership)]
    # A quota of 2.5 cores keeps 2 threads busy; a third would be throttled half of the time.
    return max(1, min([affinity, *(int(quota) for quota in quotas if quota is not None)]))


def _folders(control_groups: Path, membership: Path) -> list[Path]:
    """Return the folders of this process's control groups and of those that contain them."""
    try:
        lines = membership.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []
    folders = []
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = control_groups / "cpu" if controllers else control_groups
        group = root / path.lstrip("/")
        # Inside a container the path may not exist below the mount: its root is then the group of the container.
        folders += [folder for folder in (group, *group.parents) if folder == root or root in folder.parents]
    return folders


def _quota(folder: Path) -> float | None:
    """Return the cores that a control group may use, None without a limit."""
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text(encoding="ascii").strip()
            period = (folder / "cpu.cfs_period_us").read_text(encoding="ascii").strip()
        return float(quota) / float(period) if float(quota) > 0.0 else None
    except (OSError, ValueError):
        return None  # "max", or a controller that is not there


def default_threads() -> int:
    """Return the number of threads to start with: the first of `VARIABLES` that is set, else `usable_cores`.

    A variable is limited by `machine_cores`, except NUMBA_NUM_THREADS, which asks for that number explicitly. OpenMP's
    variable may be a list for nested regions; its first number counts.
    """
    for name in VARIABLES:
        text = os.environ.get(name, "").split(",")[0].strip()
        if text.isdigit() and int(text) > 0:
            return int(text) if name == "NUMBA_NUM_THREADS" else min(int(text), machine_cores())
    return usable_cores()


def allowed_threads(requested: int) -> int:
    """Return ``requested``, at most `machine_cores` or NUMBA_NUM_THREADS: more only wait for each other."""
    return max(1, min(requested, max(machine_cores(), default_threads())))
