"""Signals of batch systems before and after the steps of a run: the verb ends with the exit code of an interruption."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU")


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Turn signals that would end the process into `KeyboardInterrupt`, as SIGINT does; ignored ones stay ignored.

    During the steps of a run, `nakmd.simulation` replaces these handlers by its own.
    """
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    previous = {number: signal.getsignal(number) for number in numbers}

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for name in _NAMES[1:]:  # these come several times, and must not interrupt the clean-up
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_IGN)
        raise KeyboardInterrupt

    for number, handler in previous.items():
        if handler is signal.SIG_DFL:
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
