"""Analyses distributed over processes: each process reads the frames and runs some of the analyses."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Sequence
from itertools import islice
from multiprocessing.sharedctypes import Synchronized
from typing import Any

import numpy as np

from nakmd.analysis.base import Analysis, Record
from nakmd.analysis.drive import count_frames, run_chosen
from nakmd.analysis.frame_choice import FrameChoice
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.errors import AnalysisError
from nakmd.kernels.jit import set_threads
from nakmd.system import Topology

#: Number of frames that measure the cost of an analysis, after a first one that loads its kernels.
TRIAL_FRAMES = 2

#: Interval [s] between two checks of the progress of the processes.
_POLL = 0.2

_progress: list[Synchronized[int]] = []


def run_in_processes(
    source: FrameSource,
    analyses: dict[str, Analysis],
    make: Callable[[Topology], dict[str, Analysis]],
    choice: FrameChoice,
    progress: FrameProgress | None,
    processes: int,
) -> dict[str, Record | AnalysisError]:
    """Run analyses in several processes, with about the same total cost in each.

    Parameters
    ----------
    source : FrameSource
        Pickled; `nakmd.io.Trajectory` is reopened by its path.
    analyses : dict of str to Analysis
        New analyses; they are used up to measure their cost.
    make : callable
        Creates new analyses in each process; must be picklable.
    choice : FrameChoice
    progress : callable, optional
        Called with the progress of the slowest process.
    processes : int

    Returns
    -------
    dict of str to Record or AnalysisError
        Equal to the results of a single process, because no sum is split.
    """
    shares = share_out(costs_of(source, analyses, choice), processes)
    total = count_frames(source, choice)
    # spawn, not fork: the threads of Numba do not survive a fork
    context = multiprocessing.get_context("spawn")
    counters: list[Any] = [context.Value("q", 0) for _ in shares]
    results: dict[str, Record | AnalysisError] = {}
    with context.Pool(len(shares), initializer=_begin, initargs=(counters,)) as pool:
        pending = [pool.apply_async(_run_share, (row, source, share, make, choice)) for row, share in enumerate(shares)]
        while not all(result.ready() for result in pending):
            time.sleep(_POLL)
            if progress is not None:
                progress(min(int(counter.value) for counter in counters), total)
        for result in pending:
            results.update(result.get())
    return {name: results[name] for name in analyses}


def costs_of(source: FrameSource, analyses: dict[str, Analysis], choice: FrameChoice) -> dict[str, float]:
    """Return the cost [s] of each analysis, measured on the first frames."""
    frames = list(islice(choice.frames(source), TRIAL_FRAMES + 1))
    costs = dict.fromkeys(analyses, 0.0)
    for name, analysis in analyses.items():
        try:
            analysis.prepare(choice.presence.topology(source.topology, analysis))
            analysis.update(choice.presence.frame(frames[0], analysis))
            begin = time.perf_counter()
            for frame in frames[1:]:
                analysis.update(choice.presence.frame(frame, analysis))
            costs[name] = time.perf_counter() - begin
        except AnalysisError:
            pass  # the same error is raised and reported when the analysis runs
    return costs


def share_out(costs: dict[str, float], processes: int) -> list[list[str]]:
    """Return the analyses of each process: the most expensive first, each to the process with the smallest load.

    Examples
    --------
    >>> share_out({"rdf": 6.0, "map": 3.0, "affinity": 2.0, "density": 1.0}, 2)
    [['rdf'], ['map', 'affinity', 'density']]
    """
    shares: list[list[str]] = [[] for _ in range(min(processes, len(costs)))]
    loads = np.zeros(len(shares))
    for name in sorted(costs, key=lambda name: (-costs[name], name)):
        least = int(np.argmin(loads))
        shares[least].append(name)
        loads[least] += costs[name]
    return [share for share in shares if share]


def _begin(counters: list[Synchronized[int]]) -> None:
    """Initialise a process: it ignores interrupts, which the parent handles, and uses one thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    set_threads(1)
    _progress[:] = counters


def _run_share(
    row: int,
    source: FrameSource,
    names: Sequence[str],
    make: Callable[[Topology], dict[str, Analysis]],
    choice: FrameChoice,
) -> dict[str, Record | AnalysisError]:
    analyses = make(choice.presence.topology_of_all(source.topology))

    def count(done: int, _total: int | None) -> None:
        _progress[row].value = done

    return dict(zip(names, run_chosen(source, [analyses[name] for name in names], choice, count)))
