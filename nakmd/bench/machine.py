"""The machine of a measurement, and how much of it other programs used meanwhile."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nakmd.errors import RunError
from nakmd.runs.provenance import describe_run

#: Cores that other programs may use on average while figures are measured that are to be stored.
MOST_OTHERS = 0.1

#: Fields of the first line of /proc/stat that are work: user, nice, system, irq, softirq and steal.
_WORK = (0, 1, 2, 5, 6, 7)


@dataclass(frozen=True)
class Usage:
    """Processor time since the start of the machine.

    Attributes
    ----------
    clock : float [s]
        Wall time of the reading.
    all, own : float [s]
        Of all programs, and of this process and the processes that it started and that have ended.
    """

    clock: float
    all: float
    own: float

    def others_since(self, start: Usage) -> float:
        """Return the cores that other programs used on average since an earlier reading.

        Examples
        --------
        >>> Usage(30.0, 105.0, 35.0).others_since(Usage(10.0, 50.0, 10.0))
        1.5
        """
        elapsed = max(self.clock - start.clock, 1e-9)
        return max(0.0, (self.all - start.all - self.own + start.own) / elapsed)


def read_usage(stat: Path = Path("/proc/stat")) -> Usage | None:
    """Return the processor time used so far, None where the system does not tell."""
    try:
        fields = stat.read_text().splitlines()[0].split()[1:]
        spent = sum(float(fields[k]) for k in _WORK) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None
    return Usage(time.perf_counter(), spent, sum(os.times()[:4]))


def describe_machine(threads: int, start: Usage | None) -> dict[str, Any]:
    """Return date, processor, frequency, load and versions.

    Parameters
    ----------
    threads : int
    start : Usage or None
        Reading from before the measurements.

    Returns
    -------
    dict
        ``processor`` is the name that the processor gives; virtual machines often hide the generation, which ``cpu``,
        the name of the compiler for its instructions, shows. ``mhz`` is the present frequency of the first core,
        ``others`` the cores that other programs used since ``start``, ``load`` the mean number of waiting and running
        processes of the last minute, all None where the system does not tell.
    """
    run = describe_run(0, threads)
    del run["seed"]
    now = read_usage()
    frequency = _of_processor("cpu MHz")
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _of_processor("model name") or platform.processor(),
        "mhz": None if not frequency else round(float(frequency)),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "others": None if start is None or now is None else round(now.others_since(start), 3),
        **run,
    }


def refuse_loaded(machines: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse figures that were measured while other programs used the machine.

    Parameters
    ----------
    machines : mapping of str to mapping
        Results of `describe_machine` by the name of the measurement.

    Raises
    ------
    RunError
        If they used more than `MOST_OTHERS` cores in any of them, or if that is not known.
    """
    unknown = [name for name, machine in machines.items() if machine["others"] is None]
    if unknown:
        raise RunError("How much other programs used this machine is not known, so its figures are not stored.")
    loaded = [
        f"{machine['others']:.2f} during {name}"
        for name, machine in machines.items()
        if machine["others"] > MOST_OTHERS
    ]
    if loaded:
        raise RunError(
            f"Other programs used more than {MOST_OTHERS:g} cores of this machine: {', '.join(loaded)}. Figures of a "
            "loaded machine are not stored. Measure again when it is quiet."
        )


def _of_processor(name: str) -> str:
    """Return a field of the first processor in /proc/cpuinfo, empty without it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
