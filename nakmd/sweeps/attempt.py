"""An attempt at a point in a process of its own, on this machine or on that of a Dask worker.

Whoever makes the attempt only waits for the process, so that it needs neither Numba nor memory. The process ends with
it: its standard input is a pipe that nobody writes to, and when the pipe is closed, it stops with a checkpoint.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from typing import Any

#: Variables by which libraries choose their number of threads.
_THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

#: Dask makes its workers return freed memory at once. A run would give back and take again the arrays of each search
#: for neighbours, which made a run of 500 atoms 3 % slower.
_TRIMMING = "MALLOC_TRIM_THRESHOLD_"

#: Characters of the error stream that are kept of a process that ended without an answer.
_TAIL = 1500

_running: set[subprocess.Popen[bytes]] = set()
_access = threading.Lock()
_stopped = threading.Event()


def attempt(sweep: str, index: int, threads: int) -> dict[str, Any]:
    """Attempt a point of a sweep in another process; return ending, message and exit code.

    Parameters
    ----------
    sweep : str
        Folder of the sweep.
    index : int
        Of the point.
    threads : int
        Of the run.
    """
    command = [sys.executable, "-m", "nakmd.sweeps.attempt_process", sweep, str(index), str(threads)]
    inherited = {name: value for name, value in os.environ.items() if name != _TRIMMING}
    environment = {**inherited, **dict.fromkeys(_THREADS, str(threads))}
    with tempfile.TemporaryFile() as errors:
        with _access:
            if _stopped.is_set():
                return {"ending": "interrupted", "message": "not begun", "exit_code": 3}
            # in a session of its own, because signals of the terminal are for the sweep
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment,
                start_new_session=True,
            )  # fmt: skip
            _running.add(process)
        assert process.stdout is not None  # it is a pipe
        with process.stdout as answers:
            answer = answers.read()
        code = process.wait()
        with _access:
            _running.discard(process)
            _close(process)
        try:
            return dict(json.loads(answer))
        except ValueError:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip()[-_TAIL:]
    if code < 0:
        return {"ending": "lost", "message": f"its process was ended by {_name(-code)}", "exit_code": 1}
    return {"ending": "failed", "message": said or f"its process ended with code {code}", "exit_code": 1}


def stop_attempts() -> None:
    """Stop all attempts of this process with a checkpoint each; begin no others until `allow_attempts`."""
    with _access:
        _stopped.set()
        for process in _running:
            _close(process)


def allow_attempts() -> None:
    """Allow attempts again after `stop_attempts`."""
    _stopped.clear()


def _close(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None  # it is a pipe
    process.stdin.close()


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
