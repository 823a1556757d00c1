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
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from typing import Any

import numpy as np

from nakmd.errors import NakmdError, RunError
from nakmd.io.atomic import plain
from nakmd.kernels.jit import set_threads
from nakmd.potentials import Potential
from nakmd.studies.validation.models import part_for
from nakmd.studies.validation.point_kinds import KINDS
from nakmd.studies.validation.points import Point

#: A point and its result, with the seconds it took.
Done = tuple[Point, dict[str, Any], float]


def compute(point: Point, potential: Potential, seed: int) -> tuple[dict[str, Any], float]:
    """Return the result of one point and its seconds; a failure is the message in ``"failed"``."""
    start = time.perf_counter()
    try:
        result = KINDS[point.task].measure(part_for(potential, point.species), point.params, point.seed(seed))
    except (NakmdError, np.linalg.LinAlgError) as error:  # a candidate of a fit may have invalid forces
        result = {"failed": str(error)}
    # a fresh result and one read from a file must have equal numbers and types
    return json.loads(json.dumps(plain(result)), parse_constant=_nothing), time.perf_counter() - start


def _nothing(_: str) -> None:
    """Return None for NaN and infinities."""


def compute_all(points: Sequence[Point], models: Mapping[float, Potential], seed: int, threads: int) -> Iterator[Done]:
    """Yield each point with its result when finished.

    Parameters
    ----------
    points : sequence of Point
    models : mapping of float to Potential
        The model for each `Point.doping`.
    seed : int
    threads : int
        Number of processes. With 1, a single point, or a potential that cannot be pickled, everything runs in this
        process with this number of threads.

    Raises
    ------
    RunError
        If a process dies.
    """
    processes = threads
    try:
        messages = {doping: pickle.dumps(potential) for doping, potential in models.items()}
    except (pickle.PicklingError, TypeError, AttributeError):
        processes = 1
    if min(processes, len(points)) < 2:
        set_threads(threads)
        for point in points:
            yield (point, *compute(point, models[point.doping], seed))
        return
    workers = _Workers(messages, seed)
    # the longest first, so that all processes finish at about the same time
    order = sorted(points, key=lambda point: -point.cost)
    pool = ThreadPoolExecutor(min(processes, len(points)))
    try:
        waiting = {pool.submit(workers.compute, point): point for point in order}
        for future in as_completed(waiting):
            yield (waiting[future], *future.result())
    finally:
        workers.stop()
        pool.shutdown(wait=True, cancel_futures=True)


class _Workers:
    """One worker process per thread of the pool."""

    def __init__(self, messages: Mapping[float, bytes], seed: int) -> None:
        self._messages, self._seed = messages, seed
        self._local = threading.local()
        self._all: list[subprocess.Popen[bytes]] = []
        self._stopped = False

    def compute(self, point: Point) -> tuple[dict[str, Any], float]:
        """Return the result of a point from the worker process of this thread."""
        if self._stopped:
            raise RunError("The worker processes have been stopped.")
        worker: subprocess.Popen[bytes] | None = getattr(self._local, "worker", None)
        if worker is None:
            worker = self._local.worker = self._start()
        assert worker.stdin is not None and worker.stdout is not None  # noqa: PT018  (both are pipes)
        try:
            pickle.dump((point, self._messages[point.doping], self._seed), worker.stdin)
            worker.stdin.flush()
            kind, answer, seconds = pickle.load(worker.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            raise RunError(
                f"The process that computed {point.key} ended with code {worker.wait()}. Finished points are stored: "
                "the same command resumes."
            ) from None
        if kind == "crash":
            raise RunError(f"{point.key}: {answer}")
        return answer, seconds

    def _start(self) -> subprocess.Popen[bytes]:
        # one thread each, in a new session: signals of the terminal go to the parent, which stops the workers
        threads = {name: "1" for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        worker = subprocess.Popen(
            [sys.executable, "-m", "nakmd.studies.validation.worker"],
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
            point, message, seed = pickle.load(sys.stdin.buffer)  # from the parent process only
        except EOFError:
            return
        try:
            answer: tuple[str, Any, float] = ("done", *compute(point, pickle.loads(message), seed))
        except Exception:  # the parent raises it
            answer = ("crash", traceback.format_exc(), 0.0)
        pickle.dump(answer, answers)
        answers.flush()
