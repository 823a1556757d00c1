"""The record of a run whose steps another engine makes: its processes, and how its stages ended."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from nakmd.errors import FileFormatError, InputError
from nakmd.io.atomic import plain, write_atomically
from nakmd.io.process_identity import ProcessIdentity
from nakmd.simulation import StageReport

#: Time [s] that the engine gets to end after a signal.
_PATIENCE = 10.0


@dataclass(frozen=True)
class JobProcess:
    """A process of the engine.

    Attributes
    ----------
    log : str
        Name of its log.
    ranks : int
    program : str
        Name and version of the engine.
    """

    log: str
    ranks: int
    program: str


@dataclass
class EngineJob:
    """What is known of a run in another engine beside its input.

    Attributes
    ----------
    engine : str
        ``"lammps"``.
    processes : list of JobProcess
        In the order of their start.
    launcher : ProcessIdentity or None
        The last one, as long as it may be running.
    reports : list of StageReport
        How the stages ended so far.
    more : int
        Steps that the last stage has got beyond those of the deck.
    """

    engine: str
    processes: list[JobProcess] = field(default_factory=list)
    launcher: ProcessIdentity | None = None
    reports: list[StageReport] = field(default_factory=list)
    more: int = 0

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the record.

        Raises
        ------
        FileFormatError
            If it is damaged.
        """
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
            launcher = entries["launcher"]
            return cls(
                str(entries["engine"]),
                [JobProcess(str(one["log"]), int(one["ranks"]), str(one["program"])) for one in entries["processes"]],
                None if launcher is None else ProcessIdentity.from_dict(launcher),
                [StageReport(**one) for one in entries["reports"]],
                int(entries["more"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FileFormatError(
                path, f"the record of the run cannot be read ({error!r}).", "Start the run again with --overwrite."
            ) from error

    def write(self, path: Path) -> None:
        """Write the record; `RunError` if the disk fails."""
        entries: dict[str, Any] = {
            "engine": self.engine,
            "processes": [asdict(one) for one in self.processes],
            "launcher": None if self.launcher is None else self.launcher.to_dict(),
            "reports": [asdict(one) for one in self.reports],
            "more": self.more,
        }
        write_atomically(path, (json.dumps(plain(entries), indent=2) + "\n").encode())

    def note_reports(self, reports: Iterable[StageReport]) -> None:
        """Add how stages ended; a stage that has ended again replaces what was known of it."""
        known = {report.name: report for report in self.reports} | {report.name: report for report in reports}
        self.reports = list(known.values())

    def end_launcher(self) -> bool:
        """End the last process if it runs without the one that has started it; return whether it did.

        Raises
        ------
        InputError
            If it does not end.
        """
        if self.launcher is None or not self.launcher.is_visible() or self.launcher.is_gone():
            return False
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.launcher.pid, number)
            end = time.monotonic() + _PATIENCE
            while time.monotonic() < end:
                if self.launcher.is_gone():
                    return True
                time.sleep(0.05)
        raise InputError(
            f"The engine of this run ({self.launcher}) is running and does not end. End it, and call again."
        )
