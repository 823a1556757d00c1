"""The rows of atoms of one frame of a LAMMPS dump, by column."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nakmd.arrays import FloatArray, IntArray
from nakmd.errors import FileFormatError
from nakmd.io.lammps.dump_index import DumpHead, incomplete


class DumpRows:
    """The rows of atoms of a frame, sorted by atom id if the dump has ids.

    Parameters
    ----------
    path : pathlib.Path
    file : binary file
    number : int
        Number of the frame.
    head : DumpHead

    Attributes
    ----------
    ids : (n,) int64 or None

    Raises
    ------
    FileFormatError
        If rows are missing or damaged, or an id occurs twice.
    """

    def __init__(self, path: Path, file: BinaryIO, number: int, head: DumpHead) -> None:
        self._path, self._number, self._head = path, number, head
        if head.n_rows < head.n_atoms:
            raise incomplete(path, number, head)
        file.seek(head.offset)
        self._rows = [line.decode("utf-8", "replace").split() for line in islice(file, head.n_atoms)]
        n_columns = len(head.columns)
        wrong = next((k for k, words in enumerate(self._rows) if len(words) != n_columns), None)
        if wrong is not None:
            raise FileFormatError(
                path,
                f"the row has {len(self._rows[wrong])} words, ITEM: ATOMS names {n_columns} columns.",
                "The file is damaged: copy it again, or repeat the run.",
                head.atoms_line + wrong,
            )
        self._columns = {name: k for k, name in enumerate(head.columns)}
        self.ids: IntArray | None = None
        if "id" in self._columns:
            ids = self.integers(("id",))[:, 0]
            order = np.argsort(ids, kind="stable")
            self.ids = ids[order]
            twice = np.flatnonzero(np.diff(self.ids) == 0)
            if len(twice):
                raise self.error(f"has the atom id {self.ids[twice[0]]} twice.")
            self._rows = [self._rows[k] for k in order]

    def __len__(self) -> int:
        return len(self._rows)

    def error(self, what: str, remedy: str = "") -> FileFormatError:
        """Return an error that names file, line and frame.

        Parameters
        ----------
        what : str
            Predicate of the frame.
        remedy : str
        """
        where = f"frame {self._number} (step {self._head.step})"
        return FileFormatError(self._path, f"{where} {what}", remedy, self._head.line)

    def label(self, atom: int) -> str:
        """Return the name of an atom for messages: its id, else its place in the file.

        Parameters
        ----------
        atom : int
        """
        return f"atom {atom + 1}" if self.ids is None else f"atom id {self.ids[atom]}"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self._head.columns

    def has(self, names: Sequence[str]) -> bool:
        """Return whether the dump has all these columns.

        Parameters
        ----------
        names : sequence of str
        """
        return all(name in self._columns for name in names)

    def text(self, name: str) -> list[str]:
        """Return a column as text.

        Parameters
        ----------
        name : str
        """
        k = self._columns[name]
        return [words[k] for words in self._rows]

    def numbers(self, names: Sequence[str]) -> FloatArray:
        """Return columns as finite numbers, (n, len(names)).

        Parameters
        ----------
        names : sequence of str
        """
        values = np.empty((len(self._rows), len(names)))
        for column, name in enumerate(names):
            try:
                values[:, column] = np.fromiter(map(float, self.text(name)), dtype=np.float64, count=len(self))
            except ValueError as error:
                raise self.error(f"has a word in column {name} that is not a number ({error}).") from error
        wrong = np.argwhere(~np.isfinite(values))
        if len(wrong):
            atom, column = wrong[0]
            raise self.error(f"has {values[atom, column]} in column {names[column]} of {self.label(atom)}.")
        return values

    def integers(self, names: Sequence[str]) -> IntArray:
        """Return columns as integers, (n, len(names)).

        Parameters
        ----------
        names : sequence of str
        """
        values = self.numbers(names)
        if np.any(values != np.rint(values)) or np.any(np.abs(values) > 2.0**53):
            raise self.error(f"has a number in column {names[0]} that is not an integer.")
        return values.astype(np.int64)
