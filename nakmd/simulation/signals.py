"""Stopping a run by a signal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

#: A user or a batch system asks a run to end; the second of them ends the process at once.
URGENT = (signal.SIGINT, signal.SIGTERM)

#: A batch system warns of the end of the time of a job, or a terminal has closed. These come several times (SIGXCPU
#: every second), and SIGTERM may follow. Systems other than Unix lack them.
WARNINGS = tuple(getattr(signal, name) for name in ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU") if hasattr(signal, name))


@contextmanager
def polite_signals(request_stop: Callable[[], None]) -> Iterator[None]:
    """Turn signals into a request to stop; a second SIGINT or SIGTERM has its usual effect.

    Outside the main thread this does nothing: Python delivers no signals there. A SIGHUP that is ignored, as under
    ``nohup``, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.getsignal(number) for number in (*URGENT, *WARNINGS)}

    def restore_handlers(numbers: tuple[signal.Signals, ...]) -> None:
        for number in numbers:
            handler = previous[number]
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def stop(number: int, _frame: FrameType | None) -> None:
        if number in URGENT:
            restore_handlers(URGENT)
        request_stop()

    for number, handler in previous.items():
        if number in URGENT or handler is not signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        yield
    finally:
        restore_handlers((*URGENT, *WARNINGS))
