"""HDF5 datasets that grow row by row: one value per frame, and the columns of the thermo table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from nakmd.errors import InputError
from nakmd.io.stored_arrays import check_array, check_stored

#: Maximum length of names in tables [bytes].
NAME_LENGTH = 64

#: Text of fixed length. HDF5 stores variable-length text in a heap without checksum, where damage can cause an endless
#: loop, so the reader of nakmd needs no variable-length text.
NAME = h5py.string_dtype("utf-8", NAME_LENGTH)

#: Type of a table entry.
Value = float | int | str | None


#: Approximate chunk size of small datasets [bytes]; each row rewrites its whole chunk.
CHUNK_BYTES = 2048


def create_series(
    group: h5py.Group, name: str, shape: tuple[int, ...], dtype: DTypeLike, unit: str = "", **storage: Any
) -> None:
    """Create an empty dataset that grows row by row; unwritten floating-point rows read as NaN.

    Parameters
    ----------
    group : h5py.Group
    name : str
    shape : tuple of int
        Shape of one row.
    dtype : dtype
    unit : str
        Value of the attribute ``unit``, omitted if empty.
    **storage
        Filters, as in `h5py.Group.create_dataset`.
    """
    kind = np.dtype(dtype)
    row_bytes = int(np.prod(shape)) * kind.itemsize
    dataset = group.create_dataset(
        name,
        shape=(0, *shape),
        maxshape=(None, *shape),
        chunks=(max(1, CHUNK_BYTES // row_bytes), *shape),
        dtype=kind,
        fletcher32=True,
        fillvalue=np.nan if kind.kind == "f" else None,
        compression_opts=1 if "compression" in storage else None,
        **storage,
    )
    if unit:
        dataset.attrs["unit"] = unit


def encode_name(name: str) -> bytes:
    """Return a name encoded for storage; `InputError` if it is too long."""
    code = name.encode()
    if len(code) > NAME_LENGTH:
        raise InputError(f"{name[:40]!r}... has {len(code)} bytes; names in a trajectory have at most {NAME_LENGTH}.")
    return code


def create_text(group: h5py.Group, name: str, text: str) -> None:
    """Store a text of any length, with a checksum.

    Parameters
    ----------
    group : h5py.Group
    name, text : str
    """
    code = text.encode()
    dtype = h5py.string_dtype("utf-8", max(1, len(code)))
    group.create_dataset(name, data=np.array([code], dtype=dtype), chunks=(1,), fletcher32=True)


def read_text(dataset: h5py.Dataset) -> str:
    """Return a text stored by `create_text`.

    Parameters
    ----------
    dataset : h5py.Dataset
    """
    return str(dataset.asstr()[0])


class Series:
    """A dataset written row by row with low-level calls of h5py, ten times as fast as slicing.

    Parameters
    ----------
    dataset : h5py.Dataset
        Created by `create_series`.
    """

    def __init__(self, dataset: h5py.Dataset) -> None:
        self._id = dataset.id
        self._shape = dataset.shape[1:]
        self._dtype = dataset.dtype
        self._memory = h5py.h5s.create_simple((1, *self._shape))
        self._zeros = (0,) * len(self._shape)
        self._chunk_rows = int(dataset.chunks[0])
        # the row that `put_again` wrote first, and its stored chunk
        self._model_row: int | None = None
        self._model: tuple[int, bytes] | None = None
        self.length = int(dataset.shape[0])

    def resize(self, length: int) -> None:
        """Set the number of rows."""
        if length != self.length:
            self._id.set_extent((length, *self._shape))
            self.length = length
            if self._model_row is not None and self._model_row >= length:
                self._model_row = self._model = None

    def put(self, row: int, value: ArrayLike) -> None:
        """Write one existing row."""
        content = np.ascontiguousarray(value, dtype=self._dtype).reshape(1, *self._shape)
        target = self._id.get_space()
        target.select_hyperslab((row, *self._zeros), (1, *self._shape))
        self._id.write(self._memory, target, content)

    def put_again(self, row: int, value: ArrayLike) -> None:
        """Write a row whose content is always the same: compressed once, then copied in compressed form."""
        if self._chunk_rows > 1:
            self.put(row, value)
        elif self._model_row is None:
            self.put(row, value)
            self._model_row = row
        else:
            if self._model is None:
                self._model = self._id.read_direct_chunk((self._model_row, *self._zeros))
            filters, content = self._model
            self._id.write_direct_chunk((row, *self._zeros), content, filters)


class GrowingTable:
    """A table with one dataset per column, all of the same length.

    Parameters
    ----------
    group : h5py.Group
        Empty, or containing an existing table.
    units : mapping of str to str
        Unit of each column; empty for columns not listed.

    Notes
    -----
    A column is created by the first row that has it. A missing value is an empty string or NaN, which converts an
    integer column to floats.
    """

    def __init__(self, group: h5py.Group, units: Mapping[str, str]) -> None:
        self._group = group
        self._units = dict(units)
        self._columns: dict[str, h5py.Dataset] = dict(group.items())
        self.n_rows = min((len(column) for column in self._columns.values()), default=0)
        self.truncate(self.n_rows)

    def truncate(self, n_rows: int) -> None:
        """Drop all rows after the first ``n_rows``."""
        for column in self._columns.values():
            column.resize((n_rows,))
        self.n_rows = n_rows

    def extend(self, rows: Sequence[Mapping[str, Value]]) -> None:
        """Append rows.

        Parameters
        ----------
        rows : sequence of mapping of column name to float, int, str or None
            None is a missing value.

        Raises
        ------
        InputError
            If a numeric column gets a string, or a text column a number.
        """
        if not rows:
            return
        first, self.n_rows = self.n_rows, self.n_rows + len(rows)
        names = list(self._columns)
        names += [name for name in dict.fromkeys(key for row in rows for key in row) if name not in names]
        for name in names:
            values = [row.get(name) for row in rows]
            column = self._column(name, values, first)
            column.resize((self.n_rows,))
            if h5py.check_string_dtype(column.dtype) is not None:
                column[first:] = [encode_name(str(value or "")) for value in values]
            else:
                column[first:] = [np.nan if value is None else value for value in values]

    def _column(self, name: str, values: Sequence[Value], n_before: int) -> h5py.Dataset:
        """Return the column, created or converted so that it can hold these values."""
        strings = any(isinstance(value, str) for value in values)
        whole = all(isinstance(value, int | np.integer) for value in values)
        if name in self._columns:
            column = self._columns[name]
            if strings != (h5py.check_string_dtype(column.dtype) is not None) and set(values) != {None}:
                raise InputError(
                    f"Thermo column {name!r} gets {values[0]!r}, but its other values are of another type."
                )
            if column.dtype.kind == "i" and not whole:
                earlier = column[...]
                del self._group[name]
                column = self._create(name, np.dtype(np.float64), n_before)
                column[...] = earlier
            return column
        if "/" in name or name in ("", "."):
            raise InputError(f"Thermo column {name!r} is not a valid HDF5 name.")
        dtype = NAME if strings else np.dtype(np.int64 if whole and n_before == 0 else np.float64)
        return self._create(name, dtype, n_before)

    def _create(self, name: str, dtype: np.dtype[Any], n_rows: int) -> h5py.Dataset:
        column = self._group.create_dataset(
            name,
            shape=(n_rows,),
            maxshape=(None,),
            chunks=(256,),
            dtype=dtype,
            fletcher32=True,
            fillvalue=np.nan if dtype == np.float64 else None,
        )
        column.attrs["unit"] = self._units.get(name, "")
        self._columns[name] = column
        return column


def read_table(path: object, group: h5py.Group) -> dict[str, NDArray[Any]]:
    """Return the columns of a table by name, as many rows as all of them have; strings as an object array.

    Parameters
    ----------
    path : object
        The file, for messages.
    group : h5py.Group

    Raises
    ------
    FileFormatError
        If a column holds neither numbers nor text.
    """
    for column in group.values():
        check_array(path, column, "iufS", (None,))
        check_stored(path, column)
    n_rows = min((len(column) for column in group.values()), default=0)
    return {
        name: column.asstr()[:n_rows] if h5py.check_string_dtype(column.dtype) is not None else column[:n_rows]
        for name, column in group.items()
    }
