"""Analyses shared out over processes: each reads the frames for itself and runs some of them."""

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
from nakmd.analysis.drive import FrameProgress, FrameSource, choose_frames, count_frames, run_all
from nakmd.errors import AnalysisError
from nakmd.kernels.jit import set_threads
from nakmd.system import Topology

#: Frames on which the cost of an analysis is measured, after a first one that loads its kernels.
TRIAL_FRAMES = 2

#: Seconds between two looks at how far the processes are.
_POLL = 0.2

_progress: list[Synchronized[int]] = []


def run_in_processes(
    source: FrameSource,
    analyses: dict[str, Analysis],
    make: Callable[[Topology], dict[str, Analysis]],
    stage: str | Sequence[str] | None,
    progress: FrameProgress | None,
    processes: int,
) -> dict[str, Record | AnalysisError]:
    """Run analyses, those of like cost in all to each process.

    Parameters
    ----------
    source : FrameSource
        Pickled: `nakmd.io.Trajectory` is opened again by its path.
    analyses : dict of str to Analysis
        Fresh ones, which are spent on finding out what they cost.
    make : callable
        Gives them afresh in each process; must pickle.
    stage : str or sequence of str, optional
        As in `choose_frames`.
    progress : callable, optional
        Told of the slowest process.
    processes : int

    Returns
    -------
    dict of str to Record or AnalysisError
        Equal to what one process finds: no sum is split.
    """
    shares = share_out(costs_of(source, analyses, stage), processes)
    total = count_frames(source, stage)
    # a new interpreter each: Numba's threads do not survive a fork
    context = multiprocessing.get_context("spawn")
    counters: list[Any] = [context.Value("q", 0) for _ in shares]
    found: dict[str, Record | AnalysisError] = {}
    with context.Pool(len(shares), initializer=_begin, initargs=(counters,)) as pool:
        pending = [pool.apply_async(_run_share, (row, source, share, make, stage)) for row, share in enumerate(shares)]
        while not all(result.ready() for result in pending):
            time.sleep(_POLL)
            if progress is not None:
                progress(min(int(counter.value) for counter in counters), total)
        for result in pending:
            found.update(result.get())
    return {name: found[name] for name in analyses}


def costs_of(source: FrameSource, analyses: dict[str, Analysis], stage: str | Sequence[str] | None) -> dict[str, float]:
    """Return the seconds that each analysis takes for a frame, measured on the first ones."""
    frames = list(islice(choose_frames(source, stage), TRIAL_FRAMES + 1))
    costs = dict.fromkeys(analyses, 0.0)
    for name, analysis in analyses.items():
        try:
            analysis.prepare(source.topology)
            analysis.update(frames[0])
            begin = time.perf_counter()
            for frame in frames[1:]:
                analysis.update(frame)
            costs[name] = time.perf_counter() - begin
        except AnalysisError:
            pass  # comes again, and is told, where the analysis is run
    return costs


def share_out(costs: dict[str, float], processes: int) -> list[list[str]]:
    """Return which analyses go to which process: the dearest first, each to where least is waiting.

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
    """Set a process up: an interrupt is the parent's to act on, and its cores are shared with the other processes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    set_threads(1)
    _progress[:] = counters


def _run_share(
    row: int,
    source: FrameSource,
    names: Sequence[str],
    make: Callable[[Topology], dict[str, Analysis]],
    stage: str | Sequence[str] | None,
) -> dict[str, Record | AnalysisError]:
    made = make(source.topology)

    def count(done: int, _total: int | None) -> None:
        _progress[row].value = done

    return dict(zip(names, run_all(source, [made[name] for name in names], stage, count)))
