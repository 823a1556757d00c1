"""The log of a run, as text: when it began, was continued and ended, its stages, thermo rows, notes and results."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nakmd.simulation.readings import Value

if TYPE_CHECKING:
    from nakmd.results.results import Results

#: Largest number of thermo rows of a whole run: the others are in the trajectory.
MOST_ROWS = 200

#: Columns of a row: quantity of the thermo table, heading with unit, width, digits after the point. 79 characters.
_COLUMNS = (
    ("step", "step", 9, None),
    ("time", "t [ps]", 10, 3),
    ("temperature", "T [K]", 8, 1),
    ("pressure_bar", "p [bar]", 10, 0),
    ("potential_energy", "E_pot [eV]", 13, 3),
    ("total_energy", "E_tot [eV]", 13, 3),
    ("volume", "V [Å³]", 10, 0),
)


class RunLog:
    """Appends to the log of a run; call only while the folder of the run is held.

    A log that cannot be written stops no run: the trajectory and the checkpoint report a disk that fails.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._has_begun = False
        self._said: set[str] = set()
        self._stage = ""
        self._every, self._next = 1, 0
        self._pending: str | None = None  # the newest row, if it was left out

    def begin(self, facts: Mapping[str, Any], known: list[str], is_resumed: bool) -> None:
        """Say that a process starts or continues the run.

        Parameters
        ----------
        facts : mapping
            The first status of the process (`RunFolder.begin`).
        known : list of str
            Notes of earlier processes, which are in the log.
        is_resumed : bool
        """
        step, total = int(facts["step"]), int(facts["total_steps"])
        self._every, self._next = max(1, total // MOST_ROWS), step
        self._said, self._has_begun = set(known), True
        engine = f", steps by {facts['engine']} on {facts['ranks']} ranks" if "engine" in facts else ""
        what = f"continues at step {step:,} of {total:,}" if is_resumed else f"begins: {total:,} steps"
        self._write(
            *([""] if is_resumed else [f"# {facts['title'] or 'untitled run'}"]),
            f"{_now()}  nakmd {facts['nakmd']} {what}, {facts['n_atoms']:,} atoms, threads: {facts['threads']}{engine}",
        )
        self.note(facts.get("notes", []))

    def note(self, notes: list[str]) -> None:
        """Write the notes that are not in the log."""
        self._write(*(f"note  {note}" for note in dict.fromkeys(notes) if note not in self._said))
        self._said |= set(notes)

    def add_row(self, row: Mapping[str, Value]) -> None:
        """Write a row of the thermo table at the ends of a stage, and every 1/200 of the run.

        Rows before `begin` are of an earlier process, whose output in another engine is taken over.
        """
        if not self._has_begun:
            return
        text, step, stage = _in_columns(row), int(row["step"] or 0), str(row["stage"])
        if stage != self._stage:
            self._end_stage()
            self._stage = stage
            self._write(f"{_now()}  stage {stage} begins at step {step:,}", _heading())
            self._next = step
        self._pending = text
        if step >= self._next:
            self._flush()
            self._next = step + self._every

    def add_results(self, results: Results) -> None:
        """Write every result with its error bar, and what could not be measured."""
        rows = [(row.quantity, row.text) for row in results.rows()]
        width = max((len(quantity) for quantity, _ in rows), default=0)
        self._end_stage()
        self._write(*(f"{quantity:<{width}}  {text}".rstrip() for quantity, text in rows))
        self._write(*(f"not measured  {name}: {reason}" for name, reason in results.failures.items()))

    def end(self, facts: Mapping[str, Any]) -> None:
        """Say how the process ended the run: with its status, its step and its message."""
        self._end_stage()
        at = f" at step {facts['step']:,}" if "step" in facts else ""
        message = f": {facts['message']}" if facts.get("message") else ""
        again = f"\ncontinue with: nakmd resume {self.path.parent}" if facts["status"] == "interrupted" else ""
        self._write(f"{_now()}  {facts['status']}{at}{message}{again}")

    def _end_stage(self) -> None:
        """Write the last row of a stage, and that it ended."""
        self._flush()
        if self._stage:
            self._write(f"{_now()}  stage {self._stage} ends")
        self._stage = ""

    def _flush(self) -> None:
        if self._pending is not None:
            self._write(self._pending)
        self._pending = None

    def _write(self, *lines: str) -> None:
        if lines:
            with suppress(OSError), open(self.path, "a", encoding="utf-8") as file:
                file.write("".join(f"{line}\n" for line in lines))


def _heading() -> str:
    return " ".join(f"{heading:>{width}}" for _, heading, width, _ in _COLUMNS)


def _in_columns(row: Mapping[str, Value]) -> str:
    """Return a row as text; what a row lacks is a dash."""
    return " ".join(f"{_number(row.get(name), digits):>{width}}" for name, _, width, digits in _COLUMNS)


def _number(value: Value, digits: int | None) -> str:
    if not isinstance(value, int | float) or (isinstance(value, float) and not math.isfinite(value)):
        return "-"
    return str(value) if digits is None else f"{value:.{digits}f}"


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
