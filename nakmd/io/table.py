"""Columns that grow row by row in an HDF5 group: the thermo table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from nakmd.errors import InputError
from nakmd.io.profile import STRING

Value = float | int | str | None


class GrowingTable:
    """A table with one dataset per column, all of the same length.

    Parameters
    ----------
    group : h5py.Group
        Empty, or as an earlier table left it.
    units : mapping of str to str
        Unit of each column; columns left out get an empty unit.

    Notes
    -----
    A column is made when a row first has it. A value that a row lacks is NaN (an integer column becomes one of floats
    then) or an empty string.
    """

    def __init__(self, group: h5py.Group, units: Mapping[str, str]) -> None:
        self._group = group
        self._units = dict(units)
        lengths = [len(column) for column in group.values()]
        self.n_rows = min(lengths, default=0)
        self.truncate(self.n_rows)

    def truncate(self, n_rows: int) -> None:
        """Drop all rows after the first ``n_rows``."""
        for column in self._group.values():
            column.resize((n_rows,))
        self.n_rows = n_rows

    def extend(self, rows: Sequence[Mapping[str, Value]]) -> None:
        """Append rows.

        Parameters
        ----------
        rows : sequence of mapping of column name to float, int, str or None
            None is a value that is missing.

        Raises
        ------
        InputError
            If a column of numbers is given a string, or the reverse.
        """
        if not rows:
            return
        first, self.n_rows = self.n_rows, self.n_rows + len(rows)
        names = list(self._group)
        names += [name for name in dict.fromkeys(key for row in rows for key in row) if name not in names]
        for name in names:
            values = [row.get(name) for row in rows]
            column = self._column(name, values, first)
            column.resize((self.n_rows,))
            if h5py.check_string_dtype(column.dtype) is not None:
                column[first:] = ["" if value is None else value for value in values]
            else:
                column[first:] = [np.nan if value is None else value for value in values]

    def _column(self, name: str, values: Sequence[Value], n_before: int) -> h5py.Dataset:
        """Return the column, made or widened so that it can hold these values."""
        strings = any(isinstance(value, str) for value in values)
        whole = all(isinstance(value, int | np.integer) for value in values)
        if name in self._group:
            column = self._group[name]
            if strings != (h5py.check_string_dtype(column.dtype) is not None) and set(values) != {None}:
                raise InputError(f"Thermo column {name!r} is given {values[0]!r} among values of another kind.")
            if column.dtype.kind == "i" and not whole:
                earlier = column[...]
                del self._group[name]
                column = self._create(name, np.dtype(np.float64), n_before)
                column[...] = earlier
            return column
        if "/" in name or name in ("", "."):
            raise InputError(f"Thermo column {name!r} cannot be a name in an HDF5 file.")
        dtype = STRING if strings else np.dtype(np.int64 if whole and n_before == 0 else np.float64)
        return self._create(name, dtype, n_before)

    def _create(self, name: str, dtype: np.dtype[Any], n_rows: int) -> h5py.Dataset:
        string = h5py.check_string_dtype(dtype) is not None
        column = self._group.create_dataset(
            name,
            shape=(n_rows,),
            maxshape=(None,),
            chunks=(256,),
            dtype=dtype,
            fletcher32=not string,  # HDF5 has no checksum over strings of variable length
            fillvalue=np.nan if dtype == np.float64 else None,
        )
        column.attrs["unit"] = self._units.get(name, "")
        return column


def read_table(group: h5py.Group) -> dict[str, NDArray[Any]]:
    """Return the columns of a table by name; strings as an object array.

    Parameters
    ----------
    group : h5py.Group
    """
    columns = {
        name: column.asstr()[...] if h5py.check_string_dtype(column.dtype) is not None else column[...]
        for name, column in group.items()
    }
    n_rows = min((len(column) for column in columns.values()), default=0)
    return {name: column[:n_rows] for name, column in columns.items()}
