"""The folder of a run: its files, the process that uses it, and the status of the run."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nakmd.errors import InputError, NakmdError
from nakmd.io.atomic import write_status
from nakmd.io.checkpoint import previous_copy
from nakmd.io.contents import TRAJECTORY
from nakmd.io.folder_lock import FolderLock
from nakmd.io.journal import SUFFIX
from nakmd.io.set_aside import ASIDE, SetAside
from nakmd.runs.run_checkpoint import read_run_checkpoint
from nakmd.runs.run_log import RunLog

if TYPE_CHECKING:
    from nakmd.simulation import Progress

CHECKPOINT = "checkpoint.h5"
STATUS = "status.json"
DECK = "deck.toml"
RESULTS = "results.json"
OVERVIEW = "overview.png"
REPORT = "report.html"
LOG = "log.txt"

#: Record of a run whose steps another engine makes, and the folder of its input and output (`nakmd.engines`).
ENGINE = "engine.json"
LAMMPS = "lammps"

#: Files, and a folder, that a new run in the same folder replaces; it touches no others.
_FILES = (
    CHECKPOINT,
    previous_copy(CHECKPOINT).name,
    TRAJECTORY,
    TRAJECTORY + SUFFIX,
    STATUS,
    DECK,
    RESULTS,
    OVERVIEW,
    REPORT,
    LOG,
    ENGINE,
    LAMMPS,
)

#: Minimum wall time [s] between two updates of the status file.
_STATUS_INTERVAL = 2.0


class RunFolder:
    """Paths of a run's files, the lock of the folder, and the status.

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
        self.log = RunLog(path / LOG)
        self.engine = path / ENGINE
        self.lammps = path / LAMMPS
        self._lock = FolderLock(path)
        self._set_aside = SetAside(path, _FILES, (CHECKPOINT, ENGINE), {LAMMPS})
        self._status: dict[str, Any] = {}
        self._written = 0.0

    @property
    def holds_run(self) -> bool:
        """Whether the folder contains a run."""
        return self.trajectory.exists() or self.is_resumable

    @property
    def is_resumable(self) -> bool:
        """Whether the folder contains a checkpoint, or the record of a run in another engine."""
        return self.checkpoint.exists() or previous_copy(self.checkpoint).exists() or self.engine.exists()

    @property
    def is_of_engine(self) -> bool:
        """Whether another engine makes the steps of the run; also if a killed start has set this run aside."""
        if self.is_resumable:
            return self.engine.exists()
        return (self.path / ASIDE / ENGINE).exists()

    def read_status(self) -> dict[str, Any]:
        """Return the content of the status file, empty if it cannot be read."""
        try:
            status = json.loads(self.status_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return status if isinstance(status, dict) else {}

    # ------------------------------------------------------------------------------------------ one process at a time
    @contextmanager
    def held(self, tell: Callable[[str], None] | None = None, create: bool = False) -> Iterator[list[str]]:
        """Hold the lock of the folder during the block; a start that fails in it leaves the folder as it was.

        Parameters
        ----------
        tell : callable, optional
            Called with a sentence before a wait for the lock of another machine.
        create : bool
            Whether to create the folder.

        Yields
        ------
        list of str
            Notes for the user.

        Raises
        ------
        InputError
            If another process is running in the folder, if it cannot be written, or if files in it that a run has set
            aside cannot be recognised (`SetAside.recover`).
        """
        made = self._make_folders() if create else []
        try:
            notes = self._lock.acquire(tell)
            try:
                self._remove_temporary_files()
                # a start that was killed before its first checkpoint has computed nothing, and its files are removed
                if self._set_aside.recover():
                    notes.append(
                        "A start with --overwrite was killed before its first checkpoint; the files of the earlier run "
                        "were put back."
                    )
                yield notes
            finally:
                try:
                    self._lock.confirm()
                    self._set_aside.roll_back()
                except (OSError, NakmdError):
                    pass  # the lock is lost, or the disk fails: the next start puts the files back, or says why not
                self._lock.release()
        finally:
            for folder in reversed(made):
                with suppress(OSError):  # it holds files
                    folder.rmdir()

    def _remove_temporary_files(self) -> None:
        """Delete what a process leaves that was killed while it replaced a file."""
        for name in _FILES:
            for left in self.path.glob(f".{name}.*.tmp"):
                if left.suffixes[-2][1:].isdigit():  # the number of the process
                    left.unlink(missing_ok=True)

    def _make_folders(self) -> list[Path]:
        """Create the folder and its parents; return those that did not exist."""
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path} is a file, not a folder. Choose another folder with -o.")
        missing = [folder for folder in (*reversed(self.path.parents), self.path) if not folder.exists()]
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{self.path} cannot be created: {error.strerror}. Choose another folder with -o."
            ) from None
        return missing

    def confirm(self) -> None:
        """Check that this process still holds the folder; raise `RunError` if not."""
        self._lock.confirm()

    @property
    def is_busy(self) -> bool:
        """Whether a process holds the folder; also True if it was killed on another machine."""
        return self._lock.user() is not None

    # ------------------------------------------------------------------------------------------ a new run
    def prepare(self, deck_text: str, overwrite: bool) -> None:
        """Prepare the held folder for a new run: set the files of an earlier one aside, and write the deck.

        Raises
        ------
        InputError
            If it contains files that the run would replace and ``overwrite`` is false, if it contains a deck of the
            user that the run would replace, or if it cannot be written.
        """
        status = self.read_status()
        has_deck = self.deck.exists()
        keep = has_deck and self._deck_text() == deck_text and not self._wrote_deck(status)
        if not overwrite:
            self._refuse_to_replace(deck_text, status, keep)
        if has_deck and not keep and not self._wrote_deck(status):
            raise InputError(
                f"{self.deck} is not the copy that a run made of its deck, and the run would replace it with another "
                f"deck:\n{self.difference(deck_text)}\nChoose another folder with -o, or rename this file."
            )
        kept = [DECK] if keep else []
        if self.lammps.exists() and not self.engine.exists():
            kept.append(LAMMPS)  # it is of no run
        try:
            self._set_aside.begin(keep=kept)
            self._status = {
                "status": "starting",
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "started": _now(),
                "deck_written": None if keep else _digest(deck_text),
            }
            self._write_status()
            if not keep:
                self.deck.write_text(deck_text, encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"{self.path} cannot be written: {error.strerror}. Choose another folder with -o."
            ) from None

    def _refuse_to_replace(self, deck_text: str, status: Mapping[str, Any], keep: bool) -> None:
        """Raise `InputError` if a run, or a file with the name of one of its files, exists."""
        if self.holds_run:
            state = f" ({status.get('status')}, step {status.get('step', 0)})" if status else ""
            changed = self.difference(deck_text)
            about = f" of another deck:\n{changed}\n" if changed else " of this deck. "
            raise InputError(
                f"{self.path} holds a run{state}{about}Continue it with `nakmd resume {self.path}`, choose another "
                "folder with -o, or replace it with --overwrite."
            )
        kept = {LAMMPS, *([DECK] if keep else [])}
        present = [name for name in _FILES if (self.path / name).exists() and name not in kept]
        if present:
            raise InputError(
                f"{self.path} holds no run, but files that a run would replace: {', '.join(present)}. Choose another "
                "folder with -o, or replace them with --overwrite."
            )

    def commit(self) -> None:
        """Delete the files of the earlier run; call when the new run has written its first checkpoint."""
        self._set_aside.commit()

    def remove_results(self) -> None:
        """Delete results, figure and report, which are those of the run before it was extended."""
        for path in (self.results, self.overview, self.report):
            path.unlink(missing_ok=True)

    def remove_run(self) -> None:
        """Delete all files of a run that has no checkpoint and no record; call only while the folder is held."""
        for name in _FILES:
            if name != LAMMPS:  # a folder, and without the record of a run in another engine it is of no run
                (self.path / name).unlink(missing_ok=True)

    def _deck_text(self) -> str | None:
        try:
            return self.deck.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def _wrote_deck(self, status: Mapping[str, Any]) -> bool:
        """Return whether the deck in the folder is the unchanged copy that a run wrote, not a file of the user."""
        text = self._deck_text()
        if text is None:
            return False
        if "deck_written" in status:
            return bool(status["deck_written"] == _digest(text))
        try:  # the status is lost, or of an earlier version, which always wrote a copy
            return bool(read_run_checkpoint(self.checkpoint)["deck"] == text)
        except InputError:
            return False

    def difference(self, deck_text: str) -> str:
        """Return the difference between the deck in this folder and another deck, empty if there is none."""
        stored = self._deck_text()
        return "" if stored is None else difference(stored, deck_text, str(self.deck), "the deck given")

    # ------------------------------------------------------------------------------------------ status
    def begin(self, facts: Mapping[str, Any]) -> None:
        """Write the first status of a process that runs.

        Raises
        ------
        RunError
            If it cannot be written.
        """
        before = self._status or self.read_status()
        self._status = {
            **{key: before[key] for key in ("deck_written",) if key in before},
            **facts,
            "status": "running",
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started": _now(),
        }
        self._write_status()
        # the status of a new run is the one that `prepare` has written in this process
        is_resumed = before.get("status") != "starting"
        self.log.begin(facts, before.get("notes", []) if is_resumed else [], is_resumed)

    def update(self, force: bool = False, **facts: Any) -> None:
        """Update the status, at most every two seconds unless forced.

        A status that cannot be written stops no run: the trajectory and the checkpoint report a disk that fails.
        """
        self._status |= facts
        if force or time.monotonic() - self._written >= _STATUS_INTERVAL:
            with suppress(NakmdError):
                self._lock.confirm()
                self._write_status()
                self.log.note(facts.get("notes", []))
                if "status" in facts:
                    self.log.end(facts)

    def show_progress(self, now: Progress) -> None:
        """Update the status with how far the run is, as by `update`."""
        self.update(
            step=now.step,
            total_steps=now.total_steps,
            stage=now.stage,
            time_ps=now.time,
            temperature=now.temperature,
            ns_per_day=now.ns_per_day,
            seconds_left=now.seconds_left,
        )

    def _write_status(self) -> None:
        self._written = time.monotonic()
        self._status["updated"] = _now()
        write_status(self.status_file, self._status)

    def read_results(self) -> dict[str, Any]:
        """Return the content of the file of results, empty if it cannot be read."""
        try:
            results = json.loads(self.results.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return results if isinstance(results, dict) else {}

    def read_overview(self) -> bytes:
        """Return the figure of the results, empty if there is none."""
        try:
            return self.overview.read_bytes()
        except OSError:
            return b""

    def stored_table(self) -> list[dict[str, str]]:
        """Return the table of results with the keys quantity, value and note; empty if it cannot be read."""
        try:
            return [
                {key: str(row[key]) for key in ("quantity", "value", "note")} for row in self.read_results()["table"]
            ]
        except (KeyError, TypeError):
            return []


def difference(a: str, b: str, name_a: str, name_b: str) -> str:
    """Return the lines in which two texts differ as a unified diff, empty if they are equal."""
    lines = difflib.unified_diff(a.splitlines(), b.splitlines(), name_a, name_b, lineterm="", n=1)
    return "\n".join(lines)


def free_folder(name: str, seed: int) -> Path:
    """Return ``runs/NAME-seed-SEED``, or the first of ``...-2``, ``-3``, ... that is empty or does not exist."""
    stem = re.sub(r"[^\w.+-]+", "-", name).strip("-.") or "run"
    first = path = Path("runs") / f"{stem}-seed-{seed}"
    number = 2
    while path.exists() and any(path.iterdir()):
        path = first.with_name(f"{first.name}-{number}")
        number += 1
    return path


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
