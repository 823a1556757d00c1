"""Stopping a run by a signal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def polite_signals(request_stop: Callable[[], None]) -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into a request to stop; the second has its usual effect.

    Outside the main thread this does nothing: Python delivers no signals there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = [signal.getsignal(number) for number in numbers]

    def restore_handlers() -> None:
        for number, handler in zip(numbers, previous, strict=True):
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def stop(_number: int, _frame: FrameType | None) -> None:
        restore_handlers()
        request_stop()

    for number in numbers:
        signal.signal(number, stop)
    try:
        yield
    finally:
        restore_handlers()
