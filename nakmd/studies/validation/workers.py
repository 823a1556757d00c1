"""Points computed side by side: each in a process of its own with one thread, which small cells use best.

The processes are fed by pipes and not by `multiprocessing`, whose children would run the caller's script again.
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
from nakmd.studies.validation.points import TASKS, Point

#: A point and its result, with the seconds it took.
Done = tuple[Point, dict[str, Any], float]


def compute(point: Point, potential: Potential, seed: int) -> tuple[dict[str, Any], float]:
    """Return the result of one point and the seconds it took; a model that cannot do it says why in ``"failed"``."""
    start = time.perf_counter()
    try:
        result = TASKS[point.task](part_for(potential, point.species), point.params, point.seed(seed))
    except (NakmdError, np.linalg.LinAlgError) as error:  # a candidate of a fit may have forces that are none
        result = {"failed": str(error)}
    # what comes out of a file and what comes from here shall be the same numbers and types
    return json.loads(json.dumps(plain(result)), parse_constant=_nothing), time.perf_counter() - start


def _nothing(_: str) -> None:
    """Return what stands for numbers that are none."""


def compute_all(points: Sequence[Point], models: Mapping[float, Potential], seed: int, threads: int) -> Iterator[Done]:
    """Yield each point with its result when it is done.

    Parameters
    ----------
    points : sequence of Point
    models : mapping of float to Potential
        The model for each `Point.doping`.
    seed : int
    threads : int
        So many processes. With 1, one point, or a potential that cannot be sent to another process, all is done in
        this one, on so many threads.

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
    crew = _Crew(messages, seed)
    # the longest first, so that the processes end together
    order = sorted(points, key=lambda point: -point.cost)
    pool = ThreadPoolExecutor(min(processes, len(points)))
    try:
        waiting = {pool.submit(crew.work, point): point for point in order}
        for future in as_completed(waiting):
            yield (waiting[future], *future.result())
    finally:
        crew.dismiss()
        pool.shutdown(wait=True, cancel_futures=True)


class _Crew:
    """One process for each thread that asks for work to be done."""

    def __init__(self, messages: Mapping[float, bytes], seed: int) -> None:
        self._messages, self._seed = messages, seed
        self._mine = threading.local()
        self._all: list[subprocess.Popen[bytes]] = []
        self._dismissed = False

    def work(self, point: Point) -> tuple[dict[str, Any], float]:
        """Return the result of a point from the process of this thread."""
        if self._dismissed:
            raise RunError("the crew is dismissed")
        worker: subprocess.Popen[bytes] | None = getattr(self._mine, "worker", None)
        if worker is None:
            worker = self._mine.worker = self._hire()
        assert worker.stdin is not None and worker.stdout is not None  # noqa: PT018  (pipes were asked for)
        try:
            pickle.dump((point, self._messages[point.doping], self._seed), worker.stdin)
            worker.stdin.flush()
            kind, answer, seconds = pickle.load(worker.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            raise RunError(
                f"The process that computed {point.key} ended with code {worker.wait()}. What is done is stored: the "
                "same command goes on from there."
            ) from None
        if kind == "crash":
            raise RunError(f"{point.key}: {answer}")
        return answer, seconds

    def _hire(self) -> subprocess.Popen[bytes]:
        # one thread each; a signal from the terminal is for the process that asked, which dismisses these
        threads = {name: "1" for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        worker = subprocess.Popen(
            [sys.executable, "-m", "nakmd.studies.validation.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **threads}, start_new_session=True,
        )  # fmt: skip
        self._all.append(worker)
        return worker

    def dismiss(self) -> None:
        """End all processes."""
        self._dismissed = True
        for worker in self._all:
            worker.kill()
        for worker in self._all:
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()


def serve() -> None:
    """Compute what comes in by standard input until it ends; answers go to standard output, prints to the error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while True:
        try:
            point, message, seed = pickle.load(sys.stdin.buffer)  # from the parent process, nothing from outside
        except EOFError:
            return
        try:
            answer: tuple[str, Any, float] = ("done", *compute(point, pickle.loads(message), seed))
        except Exception:  # the parent tells it
            answer = ("crash", traceback.format_exc(), 0.0)
        pickle.dump(answer, answers)
        answers.flush()
