"""Where the points of a sweep run: on this machine, or on the workers of a Dask scheduler."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from nakmd.errors import InputError, RunError
from nakmd.sweeps.attempt import allow_attempts, stop_attempts

#: Time [s] to find a scheduler.
_PATIENCE = 30.0

#: How Dask watches workers of this machine. They only wait, and what it samples 50 to 100 times a second by default
#: would take 5 % of the core of a run.
_RARELY = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.tick.limit": "30s",
    "distributed.admin.system-monitor.interval": "10s",
}


def has_dask() -> bool:
    """Return whether the extra ``sweep`` is installed."""
    return importlib.util.find_spec("distributed") is not None


def finished_executor() -> AbstractContextManager[Executor]:
    """Return an executor for a sweep without points to run."""
    return ThreadPoolExecutor(1)


@contextmanager
def local_executor(workers: int) -> Iterator[Executor]:
    """Yield the workers of this machine: a LocalCluster if Dask is installed, else threads.

    Both only wait for the processes of the attempts. Dask replaces a worker that is killed. The attempts that are
    running at the end of the block stop with a checkpoint.
    """
    if has_dask():
        with _cluster(workers) as cluster, _client(cluster) as executor:
            yield executor
        return
    allow_attempts()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="point")
    try:
        yield pool
    finally:
        stop_attempts()
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def remote_executor(address: str) -> Iterator[Executor]:
    """Yield the workers of a Dask scheduler.

    Raises
    ------
    InputError
        If Dask is not installed, or no scheduler answers.
    """
    if not has_dask():
        raise InputError("--scheduler needs Dask: pip install 'nakmd[sweep]'. Or use --array, or no option.")
    with _client(address) as executor:
        yield executor


@contextmanager
def _cluster(workers: int) -> Iterator[Any]:
    import dask  # noqa: PLC0415  (slow to import)
    from distributed import LocalCluster  # noqa: PLC0415  (slow to import)

    # a worker is a process that waits for one attempt: it needs no limit of its memory. The web page gets any free port
    with dask.config.set(_RARELY):
        cluster = LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, memory_limit=0, dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        )  # fmt: skip
    try:
        yield cluster
    finally:
        cluster.close()


@contextmanager
def _client(where: Any) -> Iterator[Executor]:
    from distributed import Client  # noqa: PLC0415  (slow to import)

    try:
        client = Client(where, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(
            f"No Dask scheduler answers at {where}: {error}. Give an address as tcp://host:8786."
        ) from None
    try:
        yield client.get_executor(pure=False)
    finally:
        client.close()


def lost_scheduler() -> RunError:
    """Return the error for workers whose scheduler is gone."""
    return RunError(
        "The Dask scheduler is gone. Finished points are stored, and the same command continues the others from their "
        "checkpoints."
    )
