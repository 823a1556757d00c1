"""Signals that end a process, turned into an exception, so that what was begun is cleaned up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def interruptible() -> Iterator[Callable[[], None]]:
    """Make SIGTERM and SIGHUP raise `KeyboardInterrupt` in the block, as SIGINT does.

    Signals that are ignored or have a handler of another module are left alone. Outside the main thread this does
    nothing: Python delivers no signals there.

    Yields
    ------
    callable
        Raises `KeyboardInterrupt` if a signal has arrived. Call it before the point of no return: an exception raised
        inside a callback of HDF5 may be lost.
    """
    arrived: list[int] = []

    def check() -> None:
        if arrived:
            raise KeyboardInterrupt

    def interrupt(number: int, _frame: FrameType | None) -> None:
        arrived.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield check
        return
    usual: dict[int, Any] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
    }
    if hasattr(signal, "SIGHUP"):  # not on Windows
        usual[signal.SIGHUP] = signal.SIG_DFL
    replaced = [number for number, handler in usual.items() if signal.getsignal(number) is handler]
    for number in replaced:
        signal.signal(number, interrupt)
    try:
        yield check
    finally:
        for number in replaced:
            signal.signal(number, usual[number])
