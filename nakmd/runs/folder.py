"""The folder of a run: its files, the process that uses it, and the status of the run."""

from __future__ import annotations

import difflib
import json
import os
import re
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nakmd.errors import InputError
from nakmd.io.atomic import write_status

TRAJECTORY = "trajectory.h5md"
CHECKPOINT = "checkpoint.h5"
CHECKPOINT_PREVIOUS = "checkpoint_prev.h5"
STATUS = "status.json"
DECK = "deck.toml"
RESULTS = "results.json"
OVERVIEW = "overview.png"
REPORT = "report.html"

#: Files that a new run in the same folder replaces.
_FILES = (TRAJECTORY, CHECKPOINT, CHECKPOINT_PREVIOUS, STATUS, DECK, RESULTS, OVERVIEW, REPORT)

#: Minimum wall time [s] between two updates of the status file.
_STATUS_INTERVAL = 2.0


class RunFolder:
    """Paths of a run's files.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trajectory = path / TRAJECTORY
        self.checkpoint = path / CHECKPOINT
        self.status_file = path / STATUS
        self.deck = path / DECK
        self.results = path / RESULTS
        self.overview = path / OVERVIEW
        self.report = path / REPORT
        self._status: dict[str, Any] = {}
        self._written = 0.0

    @property
    def holds_run(self) -> bool:
        """Whether the folder contains a run."""
        return self.trajectory.exists() or self.checkpoint.exists()

    def read_status(self) -> dict[str, Any]:
        """Return the content of the status file, empty if it cannot be read."""
        try:
            status = json.loads(self.status_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return status if isinstance(status, dict) else {}

    def refuse_if_busy(self) -> None:
        """Raise `InputError` if another process on this machine is running in this folder."""
        pid = self.busy_process()
        if pid is not None and pid != os.getpid():
            raise InputError(f"Process {pid} is running in {self.path}. Wait for it to finish, or stop it.")

    def busy_process(self) -> int | None:
        """Return the id of the process on this machine that is running in this folder, None if there is none."""
        status = self.read_status()
        pid = status.get("pid")
        is_running_here = status.get("status") == "running" and status.get("host") == socket.gethostname()
        return pid if is_running_here and isinstance(pid, int) and _is_alive(pid) else None

    def prepare(self, deck_text: str, overwrite: bool) -> None:
        """Prepare the folder for a new run.

        Raises
        ------
        InputError
            If it contains a run and ``overwrite`` is false, or if it cannot be written.
        """
        self.refuse_if_busy()
        if self.holds_run and not overwrite:
            status = self.read_status()
            state = f" ({status.get('status')}, step {status.get('step')})" if status else ""
            changed = self.difference(deck_text)
            about = f" of another deck:\n{changed}\n" if changed else " of this deck. "
            raise InputError(
                f"{self.path} holds a run{state}{about}Continue it with `nakmd resume {self.path}`, choose another "
                "folder with -o, or replace it with --overwrite."
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for name in _FILES:
                (self.path / name).unlink(missing_ok=True)
            self.deck.write_text(deck_text, encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"{self.path} cannot be written: {error.strerror}. Choose another folder with -o."
            ) from None

    def difference(self, deck_text: str) -> str:
        """Return the difference between the deck in this folder and another deck, empty if there is none."""
        try:
            stored = self.deck.read_text(encoding="utf-8")
        except OSError:
            return ""
        return difference(stored, deck_text, str(self.deck), "the deck given")

    def begin(self, facts: Mapping[str, Any]) -> None:
        """Write the first status of a run."""
        self._status = {
            **facts,
            "status": "running",
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started": _now(),
        }
        self.update(force=True)

    def update(self, force: bool = False, **facts: Any) -> None:
        """Update the status, at most every two seconds unless forced."""
        self._status |= facts
        if not force and time.monotonic() - self._written < _STATUS_INTERVAL:
            return
        self._written = time.monotonic()
        self._status["updated"] = _now()
        write_status(self.status_file, self._status)

    def stored_table(self) -> list[dict[str, str]]:
        """Return the table of results with the keys quantity, value and note; empty if it cannot be read."""
        try:
            table = json.loads(self.results.read_text(encoding="utf-8"))["table"]
            return [{key: str(row[key]) for key in ("quantity", "value", "note")} for row in table]
        except (OSError, ValueError, KeyError, TypeError):
            return []


def difference(a: str, b: str, name_a: str, name_b: str) -> str:
    """Return the lines in which two texts differ as a unified diff, empty if they are equal."""
    lines = difflib.unified_diff(a.splitlines(), b.splitlines(), name_a, name_b, lineterm="", n=1)
    return "\n".join(lines)


def free_folder(name: str) -> Path:
    """Return ``runs/NAME``, or the first of ``runs/NAME-2``, ``-3``, ... that is empty or does not exist."""
    stem = re.sub(r"[^\w.+-]+", "-", name).strip("-.") or "run"
    path = Path("runs") / stem
    number = 2
    while path.exists() and any(path.iterdir()):
        path = Path("runs") / f"{stem}-{number}"
        number += 1
    return path


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
