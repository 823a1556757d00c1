"""Stopping a run politely."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def polite_signals(request_stop: Callable[[], None]) -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into a request; the second acts as ever.

    Outside the main thread nothing changes: Python delivers no signals there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = [signal.getsignal(number) for number in numbers]

    def put_back() -> None:
        for number, handler in zip(numbers, previous, strict=True):
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def polite(_number: int, _frame: FrameType | None) -> None:
        put_back()
        request_stop()

    for number in numbers:
        signal.signal(number, polite)
    try:
        yield
    finally:
        put_back()
