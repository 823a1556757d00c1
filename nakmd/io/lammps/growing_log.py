"""The log of a LAMMPS input that nakmd wrote, read while LAMMPS writes it: stages, rows of the thermo table, errors."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

#: What an input prints where a stage begins and ends; the log holds the command too, which begins with another word.
_STAGE = re.compile(r"^nakmd: stage (\d+) \(.*\) (begins|ends) at step (\d+)")
_GRID = re.compile(r"^\s*(\d+) by (\d+) by (\d+) MPI processor grid")
_LOOP = re.compile(r"^Loop time of \S+ on \d+ procs for \d+ steps")
_CRITERION = re.compile(r"^\s*Stopping criterion = (.+)$")
_FORCE = re.compile(r"^\s*Force max component initial, final = \S+ (\S+)")
_INPUT_LINE = ("Last input line:", "Last command:")

#: Criteria that are goals.
_CONVERGED = ("force tolerance", "energy tolerance")


class LoggedRow(NamedTuple):
    """A row of a thermo table.

    Attributes
    ----------
    stage : int
        Number of the stage, from 1.
    values : dict of str to float
        By the names of the columns in the log.
    """

    stage: int
    values: dict[str, float]


class Minimisation(NamedTuple):
    """How a minimisation ended.

    Attributes
    ----------
    criterion : str
        In the words of LAMMPS: ``"force tolerance"``, ``"max iterations"``, ...
    largest_force : float [eV/Å] or None
        Largest component of a force at its end.
    """

    criterion: str
    largest_force: float | None = None

    @property
    def converged(self) -> bool:
        """Whether it reached its goal, and not its last step."""
        return self.criterion in _CONVERGED


class GrowingLog:
    """A log, as far as it is written.

    Parameters
    ----------
    path : path
        It need not exist yet.

    Attributes
    ----------
    begins, ends : dict of int to int
        Steps at which the stages began and ended, by their number.
    minimisations : dict of int to Minimisation
        How minimisations ended, by the number of the stage.
    ranks : int or None
        On how many ranks LAMMPS runs; None before it says so.
    errors : list of str
        Lines that begin with ERROR, each with the input line that LAMMPS names.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.begins: dict[int, int] = {}
        self.ends: dict[int, int] = {}
        self.minimisations: dict[int, Minimisation] = {}
        self.ranks: int | None = None
        self.errors: list[str] = []
        self._offset = 0
        self._stage = 0
        self._columns: list[str] = []

    def rows(self) -> list[LoggedRow]:
        """Return the rows since the last call, and note what else the log says."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self._offset)
            content = file.read()
        complete = content.rfind(b"\n") + 1
        self._offset += complete
        found = (self._row(line) for line in content[:complete].decode("utf-8", "replace").splitlines())
        return [row for row in found if row is not None]

    def _row(self, line: str) -> LoggedRow | None:
        """Return the row in a line; None if it holds something else."""
        words = line.split()
        if words[:1] == ["Step"]:
            self._columns = words
            return None
        if self._columns and len(words) == len(self._columns):
            try:
                return LoggedRow(self._stage, dict(zip(self._columns, map(float, words), strict=True)))
            except ValueError:
                pass  # a warning of as many words
        self._note(line)
        return None

    def _note(self, line: str) -> None:
        """Keep what a line says of stages, minimisations and errors."""
        if match := _STAGE.match(line):
            self._stage = int(match[1])
            (self.begins if match[2] == "begins" else self.ends)[self._stage] = int(match[3])
        elif _LOOP.match(line):
            self._columns = []
        elif match := _GRID.match(line):
            self.ranks = int(match[1]) * int(match[2]) * int(match[3])
        elif match := _CRITERION.match(line):
            self.minimisations[self._stage] = Minimisation(match[1].strip())
        elif (match := _FORCE.match(line)) and self._stage in self.minimisations:
            ended = self.minimisations[self._stage]
            self.minimisations[self._stage] = ended._replace(largest_force=float(match[1]))
        elif line.startswith("ERROR"):
            self.errors.append(line.strip())
        elif line.startswith(_INPUT_LINE) and self.errors:
            self.errors[-1] += f" ({line.strip()})"
