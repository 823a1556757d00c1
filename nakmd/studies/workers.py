"""Parallel computation of points: one process with one thread each, which is most efficient for small cells.

The processes communicate by pipes and not by `multiprocessing`, whose children would import the caller's script.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nakmd.errors import NakmdError, RunError
from nakmd.io.atomic import plain
from nakmd.kernels.jit import set_threads


@dataclass(frozen=True)
class Task:
    """What computes one point.

    Attributes
    ----------
    key : str
    cost : float
        Relative time: the longest are begun first.
    call : callable
        Returns numbers, texts, lists and dicts. It is pickled: a partial of a function at the top of a module.
    """

    key: str
    cost: float
    call: Callable[[], Mapping[str, Any]] = field(repr=False)


#: The key of a point and its result, with the seconds it took.
Done = tuple[str, dict[str, Any], float]


def computed(call: Callable[[], Mapping[str, Any]]) -> tuple[dict[str, Any], float]:
    """Return the result of a call and its seconds; a failure is the message in ``"failed"``."""
    start = time.perf_counter()
    try:
        result = dict(call())
    except (NakmdError, np.linalg.LinAlgError) as error:  # a candidate of a fit may have invalid forces
        result = {"failed": str(error)}
    # a fresh result and one read from a file must have equal numbers and types
    return json.loads(json.dumps(plain(result)), parse_constant=_nothing), time.perf_counter() - start


def _nothing(_: str) -> None:
    """Return None for NaN and infinities."""


def compute_all(tasks: Sequence[Task], threads: int) -> Iterator[Done]:
    """Yield the key of each task with its result when finished.

    Parameters
    ----------
    tasks : sequence of Task
    threads : int
        Number of processes. With 1, a single task, or a task that cannot be pickled or is defined in a script,
        everything runs in this process with this number of threads.

    Raises
    ------
    RunError
        If a process dies.
    """
    processes = threads
    try:
        messages = [pickle.dumps(task.call) for task in tasks]
    except (pickle.PicklingError, TypeError, AttributeError):
        processes = 1
    if min(processes, len(tasks)) < 2 or any(b"__main__" in message for message in messages):
        set_threads(threads)
        for task in tasks:
            yield (task.key, *computed(task.call))
        return
    workers = _Workers()
    # the longest first, so that all processes finish at about the same time
    order = sorted(range(len(tasks)), key=lambda row: -tasks[row].cost)
    pool = ThreadPoolExecutor(min(processes, len(tasks)))
    try:
        waiting = {pool.submit(workers.compute, tasks[row].key, messages[row]): tasks[row] for row in order}
        for future in as_completed(waiting):
            yield (waiting[future].key, *future.result())
    finally:
        workers.stop()
        pool.shutdown(wait=True, cancel_futures=True)


class _Workers:
    """One worker process per thread of the pool."""

    def __init__(self) -> None:
        self._local = threading.local()
        self._all: list[subprocess.Popen[bytes]] = []
        self._stopped = False

    def compute(self, key: str, message: bytes) -> tuple[dict[str, Any], float]:
        """Return the result of a pickled call from the worker process of this thread."""
        if self._stopped:
            raise RunError("The worker processes have been stopped.")
        worker: subprocess.Popen[bytes] | None = getattr(self._local, "worker", None)
        if worker is None:
            worker = self._local.worker = self._start()
        assert worker.stdin is not None and worker.stdout is not None  # noqa: PT018  (both are pipes)
        try:
            pickle.dump(message, worker.stdin)
            worker.stdin.flush()
            kind, answer, seconds = pickle.load(worker.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            raise RunError(
                f"The process that computed {key} ended with code {worker.wait()}. Finished points are stored: "
                "the same command resumes."
            ) from None
        if kind == "crash":
            raise RunError(f"{key}: {answer}")
        return answer, seconds

    def _start(self) -> subprocess.Popen[bytes]:
        # one thread each, in a new session: signals of the terminal go to the parent, which stops the workers
        threads = {name: "1" for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        worker = subprocess.Popen(
            [sys.executable, "-m", "nakmd.studies.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **threads}, start_new_session=True,
        )  # fmt: skip
        self._all.append(worker)
        return worker

    def stop(self) -> None:
        """Stop all processes."""
        self._stopped = True
        for worker in self._all:
            worker.kill()
        for worker in self._all:
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()


def serve() -> None:
    """Compute points from standard input until it ends; results go to standard output, prints to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while True:
        try:
            message = pickle.load(sys.stdin.buffer)  # from the parent process only
        except EOFError:
            return
        try:
            answer: tuple[str, Any, float] = ("done", *computed(pickle.loads(message)))
        except Exception:  # the parent raises it
            answer = ("crash", traceback.format_exc(), 0.0)
        pickle.dump(answer, answers)
        answers.flush()
