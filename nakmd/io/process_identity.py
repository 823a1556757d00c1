"""The identity of a process: its number, its start, and the machine and namespace in which the number is valid."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class ProcessIdentity:
    """A process, such that another process can find out whether it still exists.

    Attributes
    ----------
    host : str
        Name of the machine, for messages only: two machines or containers may have the same name.
    pid : int
    scope : str
        Boot id of the kernel, and the namespaces of process numbers and of clocks (containers have their own). Numbers
        of the same scope refer to the same processes. Empty where the system does not tell (no ``/proc``).
    started : int
        Start of the process in clock ticks after the boot, which differs when the number is used again.

    Examples
    --------
    >>> ProcessIdentity.own().is_gone()
    False
    """

    host: str
    pid: int
    scope: str
    started: int

    @classmethod
    def own(cls) -> Self:
        """Return the identity of this process."""
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> Self:
        """Return the identity of a process that this one has started, by its number, or of this one."""
        try:
            boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
            spaces = [os.readlink(f"/proc/self/ns/{kind}") for kind in ("pid", "time") if _has_namespace(kind)]
            scope, started = " ".join([boot, *spaces]), _start_of(pid)
        except OSError:
            scope, started = "", None
        return cls(socket.gethostname(), pid, scope if started is not None else "", started or 0)

    @classmethod
    def from_dict(cls, entries: Mapping[str, Any]) -> Self | None:
        """Return the identity of a `to_dict`, None if the entries are of another kind."""
        host, pid, scope, started = (entries.get(name) for name in ("host", "pid", "scope", "started"))
        if isinstance(host, str) and isinstance(pid, int) and isinstance(scope, str) and isinstance(started, int):
            return cls(host, pid, scope, started) if 0 < pid < 2**31 else None
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return the entries as text and numbers."""
        return asdict(self)

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"

    def is_visible(self) -> bool:
        """Return whether this process can tell if the other one exists: whether both are of one scope."""
        return bool(self.scope) and self.scope == ProcessIdentity.own().scope

    def is_gone(self) -> bool:
        """Return whether the process has certainly ended: it is of the same scope, and its number is free or reused."""
        if not self.is_visible():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass  # it exists and belongs to another user
        try:
            return _start_of(self.pid) != self.started
        except OSError:
            return False  # it exists, but /proc hides processes of other users


def own_age() -> float:
    """Return the time [s] since the start of this process, 0 where the system does not tell."""
    try:
        started = _start_of(os.getpid())
    except OSError:
        return 0.0
    if started is None or not hasattr(time, "CLOCK_BOOTTIME"):
        return 0.0
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK"))


def _has_namespace(kind: str) -> bool:
    return os.path.lexists(f"/proc/self/ns/{kind}")  # time namespaces exist since Linux 5.6


def _start_of(pid: int) -> int | None:
    """Return the start of a process in clock ticks after the boot, None if it has ended and awaits its parent."""
    # the second field is the name in parentheses, which may contain blanks and parentheses
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else int(fields[19])
