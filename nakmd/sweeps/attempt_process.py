"""The process that `attempt` starts: ``python -m nakmd.sweeps.attempt_process SWEEP INDEX THREADS``."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path


def main() -> None:
    """Run one point, and answer on standard output how it ended; everything else goes to standard error."""
    directory, index, threads = sys.argv[1:]
    answers = os.dup(1)
    os.dup2(2, 1)
    threading.Thread(target=_end_with_parent, name="end with the parent", daemon=True).start()
    # after the thread, because Numba takes a second to import
    from nakmd.runs.sweep_folder import SweepFolder  # noqa: PLC0415
    from nakmd.sweeps.point_run import run_point  # noqa: PLC0415

    sweep = SweepFolder.read(Path(directory))
    outcome = run_point(sweep, sweep.point(int(index)), int(threads))
    os.write(answers, json.dumps(asdict(outcome)).encode())


def _end_with_parent() -> None:
    """Wait until the parent is gone or closes the pipe, then stop: during its steps, a run writes a checkpoint first.

    Otherwise the signal ends the process, and nothing is lost: a later attempt starts from the last checkpoint.
    """
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
