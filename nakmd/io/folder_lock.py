"""The lock of a run's folder: one process at a time writes there, also over several machines.

The lock is a file that is created exclusively (``O_EXCL``), which is atomic on network file systems and needs no
``flock``. It names its process, and a thread renews it: it increases a counter in the file every 5 s.

A lock is dead in two cases. If the process is of the same machine, boot and namespace, the lock is dead as soon as the
process is gone or its number belongs to a process with another start. Otherwise the lock is dead if its content does
not change for 90 s. This time is measured by the waiting process on its own monotonic clock, and each look at the file
counts for at most two seconds: no clocks of different machines are compared, and neither a jump of a clock nor a pause
of the waiting process or of the file server shortens the wait.

The successor of a dead lock ``run.lock`` with token T creates ``run.lock.T`` exclusively and then renames it to
``run.lock``. Tokens are random and never used again, so a lock has at most one successor, and no process ever deletes
the lock of another one. The holder is the last of this chain.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from nakmd.errors import InputError, InUseError, RunError
from nakmd.io.lock_claim import Claim
from nakmd.io.process_identity import ProcessIdentity

#: Name of the lock file in the folder.
LOCK = "run.lock"

#: Time between two renewals [s].
INTERVAL = 5.0

#: Time without a renewal after which the lock of a process on another machine is dead [s].
STALE = 90.0

#: Time between two looks at the lock of another machine [s].
POLL = 1.0

#: Time before another attempt after a process was faster [s].
_PAUSE = 0.01

#: Length of the file [bytes]: constant, so that it is renewed in place by one write.
_LENGTH = 512


class FolderLock:
    """The lock of a folder; not held until `acquire`.

    Parameters
    ----------
    folder : Path
        It must exist before `acquire`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / LOCK
        self._token = ""
        self._handle = -1
        self._owner = 0
        self._beat = 0
        self._renewed = (0.0, 0.0)
        self._is_lost = False
        self._access = threading.Lock()
        self._ended = threading.Event()

    def holder(self) -> Claim | None:
        """Return the last claim on the folder, dead or not; None if there is none.

        Raises
        ------
        InputError
            If the lock cannot be read, or something else has its name.
        """
        try:
            return self._last_claim()
        except OSError as error:
            raise InputError(
                f"{self.path} cannot be read: {error.strerror}. It is the lock of a run. Check its permissions, remove "
                "it if no run uses the folder, or choose another folder."
            ) from None

    def _last_claim(self) -> Claim | None:
        path, last = self.path, None
        while (claim := Claim.read(path)) is not None and (last is None or claim.token != last.token):
            last, path = claim, self._successor(claim.token)
        return last

    def user(self) -> Claim | None:
        """Return the claim of a process that may be running; None if there is none, or its process is gone."""
        claim = self.holder()
        return None if claim is None or (claim.holder is not None and claim.holder.is_gone()) else claim

    def acquire(self, tell: Callable[[str], None] | None = None) -> list[str]:
        """Acquire the lock, after a wait if a process on another machine may hold it; return notes for the user.

        Parameters
        ----------
        tell : callable, optional
            Called with a sentence before a wait.

        Raises
        ------
        InUseError
            If a running process holds it.
        InputError
            If the file cannot be read or created.
        """
        notes: list[str] = []
        while True:
            claim = self.holder()
            if claim is not None and not self._is_dead(claim, tell, notes):
                continue  # it was released or has another holder now
            try:
                path = self.path if claim is None else self._successor(claim.token)
                if self._create(path):
                    break
                time.sleep(_PAUSE)
            except OSError as error:
                raise InputError(
                    f"{self.path} cannot be written: {error.strerror}. Check the permissions of the folder and the "
                    "free space, or choose another one."
                ) from None
        with suppress(OSError):
            self._remove_ended(path)
        threading.Thread(target=self._keep, name="lock of the run", daemon=True).start()
        return notes

    def confirm(self) -> None:
        """Check that this process still holds the lock, from memory if it was renewed lately; call before writing.

        Raises
        ------
        RunError
            If the lock is lost. The caller must not write to the folder.
        """
        if not self._is_lost and max(_ages(self._renewed)) > STALE / 2:
            self._renew()  # this process was suspended, or the file system did not answer
        if self._is_lost or _ages(self._renewed)[0] > STALE:
            raise RunError(
                f"This process no longer holds the lock {self.path}: the folder was removed, or the lock was not "
                f"renewed for {STALE:.0f} s (the process was suspended, or the file system did not answer) and another "
                "process may have taken it over. The run stops without writing; its last checkpoint is kept."
            )

    def release(self) -> None:
        """Delete the lock, if this process holds it."""
        if self._handle < 0:
            return
        self._ended.set()
        with self._access:
            # a forked child has a copy of this object, and the lock belongs to its parent
            with suppress(OSError):
                if os.getpid() == self._owner and self._is_own():
                    self.path.unlink()
            with suppress(OSError):
                os.close(self._handle)
            self._handle = -1

    # ------------------------------------------------------------------------------------------ acquire
    def _successor(self, token: str) -> Path:
        return self.folder / f"{LOCK}.{token}"

    def _is_dead(self, claim: Claim, tell: Callable[[str], None] | None, notes: list[str]) -> bool:
        """Return whether a claim is dead; False if it has changed meanwhile."""
        if claim.holder is not None and claim.holder.is_visible():
            if claim.holder.is_gone():
                return True
            raise self._busy(claim)
        waited, last = 0.0, time.monotonic()
        while waited < STALE:  # the first look is for a lock that its process is about to write
            time.sleep(POLL)
            now = self.holder()
            if now is None or now.token != claim.token:
                return False
            if now.content != claim.content:
                raise self._busy(claim)
            if tell is not None and not waited:
                tell(
                    f"{self.folder} is locked by {claim}. Waiting up to {STALE:.0f} s: a running process renews its "
                    f"lock every {INTERVAL:.0f} s."
                )
            waited, last = waited + min(time.monotonic() - last, 2.0 * POLL), time.monotonic()
        notes.append(
            f"{self.folder} was locked by {claim}, which had not renewed its lock for {STALE:.0f} s and counts as dead."
        )
        return True

    def _busy(self, claim: Claim) -> InUseError:
        return InUseError(
            f"{self.folder} is in use: {claim} is running there. Wait for it to finish, or stop it. "
            "Nothing was changed."
        )

    def _create(self, path: Path) -> bool:
        """Create the lock file; False if another process was faster."""
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            return False
        self._token, self._handle, self._owner = secrets.token_hex(8), handle, os.getpid()
        self._is_lost, self._ended = False, threading.Event()
        try:
            self._write()
            claim = self._last_claim()
        except BaseException:
            path.unlink(missing_ok=True)
            os.close(handle)
            self._handle = -1
            raise
        if claim is not None and claim.token == self._token:
            return True
        # the dead lock had a successor, which has renamed its file in the meantime: this one belongs to no chain
        path.unlink(missing_ok=True)
        os.close(handle)
        self._handle = -1
        return False

    def _remove_ended(self, path: Path) -> None:
        """Make this lock the first of the chain, and remove what is left of earlier ones."""
        if path != self.path:
            os.replace(path, self.path)
        for left in self.folder.glob(f"{LOCK}.*"):
            if left != self._successor(self._token):
                left.unlink(missing_ok=True)

    # ------------------------------------------------------------------------------------------ renew
    def _keep(self) -> None:
        ended = self._ended
        while not ended.wait(INTERVAL):
            self._renew()

    def _renew(self) -> None:
        with self._access:
            if self._handle < 0 or self._is_lost:
                return
            try:
                if self._is_own():
                    self._write()
                else:
                    self._is_lost = True
            except OSError:
                return  # for example a file server that is restarting; `confirm` gives up when it takes too long

    def _is_own(self) -> bool:
        claim = self._last_claim()
        return claim is not None and claim.token == self._token

    def _write(self) -> None:
        entries = {"token": self._token, **ProcessIdentity.own().to_dict(), "beat": self._beat}
        self._beat += 1
        text = json.dumps({**entries, "renewed_every_s": INTERVAL, "dead_after_s": STALE})
        os.pwrite(self._handle, (text.ljust(_LENGTH - 1) + "\n").encode(), 0)
        os.fsync(self._handle)
        self._renewed = _clocks()


def _clocks() -> tuple[float, float]:
    """Return the time [s] of a clock that is never set and runs during sleep (where there is one), and of the day."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME), time.time()
    return time.monotonic(), time.time()


def _ages(then: tuple[float, float]) -> tuple[float, float]:
    """Return the times [s] since a moment by both clocks.

    A virtual machine that was paused shows it in the time of day only. If that clock was set instead, the consequence
    is one more look at the lock.
    """
    now = _clocks()
    return now[0] - then[0], abs(now[1] - then[1])
