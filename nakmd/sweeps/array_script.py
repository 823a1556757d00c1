"""The script that runs a sweep as a job array of Slurm."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from nakmd.io.atomic import write_atomically
from nakmd.runs.sweep_folder import SweepFolder
from nakmd.sweeps.point_check import PointSize
from nakmd.sweeps.sweep_forecast import SweepForecast, forecast_sweep

ARRAY = "array.slurm"

#: Factor on the estimated time, and its least value [s]: estimates may be off, and nodes are slower than desks.
_TIME, _LEAST_TIME = 3.0, 1800.0

#: Factor on the estimated memory, and its least value [bytes].
_MEMORY, _LEAST_MEMORY = 1.5, 1e9

_SCRIPT = """\
#!/bin/bash
# The points 0 to {last} of {name}, a task each: sbatch {script}
# A task whose time ends stops with a checkpoint. Submit again: finished points end at once, others continue.
# Time and memory are {time:g} and {memory:g} times the estimates for the steps of the longest point, and at least
# {least_time:g} min and {least_memory:g} GB, for compilation, analyses and report. Add partition and account.
# Before the first job, compile once, on a node of the same kind: {python} -m nakmd warmup
# Afterwards the tables and the page: {python} -m nakmd report {folder}
#SBATCH --job-name={job}
#SBATCH --array=0-{last}
#SBATCH --ntasks=1
#SBATCH --cpus-per-task={threads}
#SBATCH --mem={mib}M
{clock}#SBATCH --signal=B:TERM@60
#SBATCH --output={output}
{cache}exec {python} -m nakmd sweep {folder} --index "$SLURM_ARRAY_TASK_ID"
"""


def write_array_script(sweep: SweepFolder, sizes: Sequence[PointSize]) -> tuple[Path, SweepForecast]:
    """Write ``array.slurm`` into the folder of a sweep; return its path, and what the points need.

    A task has one core unless the sweep file gives ``threads``: runs side by side use cores best.

    Parameters
    ----------
    sweep : SweepFolder
    sizes : sequence of PointSize
        Of all points.
    """
    forecast = forecast_sweep(sweep.index, sizes)
    cache = os.environ.get("NAKMD_CACHE_DIR", "")
    folder = sweep.path.resolve()
    script = folder / ARRAY
    text = _SCRIPT.format(
        name=sweep.index.name,
        job=sweep.index.name,
        script=shlex.quote(str(script)),
        last=len(sizes) - 1,
        time=_TIME,
        memory=_MEMORY,
        least_time=_LEAST_TIME / 60.0,
        least_memory=_LEAST_MEMORY / 1e9,
        threads=forecast.threads,
        mib=int(max(_MEMORY * forecast.memory, _LEAST_MEMORY) / 2**20) + 1,
        clock=_limit(forecast.longest_time),
        output=folder / "slurm-%A_%a.out",
        python=shlex.quote(sys.executable),
        folder=shlex.quote(str(folder)),
        cache=f"export NAKMD_CACHE_DIR={shlex.quote(cache)}\n" if cache else "",
    )
    write_atomically(script, text.encode())
    return sweep.path / ARRAY, forecast


def _limit(seconds: float | None) -> str:
    """Return the line that limits the time of a task; none if nothing is known, so that the queue's own limit holds."""
    return "" if seconds is None else f"#SBATCH --time={_clock(max(_TIME * seconds, _LEAST_TIME))}\n"


def _clock(seconds: float) -> str:
    """Return a time as Slurm takes it, in whole minutes: days-hours:minutes:seconds.

    Examples
    --------
    >>> _clock(100_000.0)
    '1-03:47:00'
    """
    minutes = int(seconds // 60) + 1
    return f"{minutes // 1440}-{minutes // 60 % 24:02}:{minutes % 60:02}:00"
