"""Locks of folders as other processes write them, and a clock on which waiting takes no time."""

import dataclasses
import json
import os

from nakmd.io.folder_lock import LOCK
from nakmd.io.process_identity import ProcessIdentity

#: A process on another machine: another boot, so its number means nothing here.
FOREIGN = ProcessIdentity("node-b", os.getpid(), "another boot", 17)


def write_lock(folder, holder, beat=0, token="0123456789abcdef"):
    """Write a lock as another process does."""
    text = json.dumps({"token": token, **dataclasses.asdict(holder), "beat": beat})
    (folder / LOCK).write_text(text.ljust(511) + "\n")


class Clock:
    """Stands for the module ``time``: sleeping takes no time, and calls a function.

    ``jump`` is added to the monotonic clock at each sleep, as if the process or its machine had been suspended.
    """

    CLOCK_BOOTTIME = CLOCK_MONOTONIC = 0

    def __init__(self, during_sleep=lambda n: None, jump=0.0):
        self.n_sleeps, self.now, self.day, self.jump = 0, 100.0, 1e9, jump
        self.during_sleep = during_sleep

    def sleep(self, seconds):
        self.n_sleeps += 1
        self.now += seconds + self.jump
        self.during_sleep(self.n_sleeps)

    def monotonic(self):
        return self.now

    def clock_gettime(self, _clock):
        return self.now

    def time(self):
        return self.day
