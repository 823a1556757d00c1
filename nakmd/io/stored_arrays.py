"""Checks of HDF5 datasets before their values are used: type, shape, and how much of them is stored."""

from __future__ import annotations

import h5py
import numpy as np
from numpy.typing import NDArray

from nakmd.arrays import IntArray
from nakmd.errors import FileFormatError

#: Datasets up to this size [bytes] are read whatever is stored of them.
_SMALL = 1 << 24

#: Most bytes of a dataset per stored byte. The compression of gzip is at most 1032; numbers of a simulation reach 10.
_MOST_COMPRESSED = 10_000

#: Beyond this step number a float64 or int64 is no count of steps.
_MOST_STEPS = 1 << 62


def check_array(path: object, dataset: h5py.Dataset, kinds: str, shape: tuple[int | None, ...]) -> None:
    """Raise `FileFormatError` if a dataset has another type or shape.

    Parameters
    ----------
    path : object
        The file, for messages.
    dataset : h5py.Dataset
    kinds : str
        Allowed kinds of its type, as in `numpy.dtype.kind`.
    shape : tuple of int or None
        None allows any length.
    """
    if not isinstance(dataset, h5py.Dataset):
        raise FileFormatError(path, f"{dataset.name} is a group, not a dataset.")
    if dataset.dtype.kind not in kinds:
        raise FileFormatError(path, f"{dataset.name} holds values of type {dataset.dtype}, not {_words(kinds)}.")
    actual = dataset.shape
    if actual is None or len(actual) != len(shape) or any(n not in (None, m) for n, m in zip(shape, actual)):
        expected = ", ".join("any number" if n is None else str(n) for n in shape)
        raise FileFormatError(path, f"{dataset.name} has shape {actual}, not ({expected}).")


def _words(kinds: str) -> str:
    special = {"b": "true and false", "iu": "integers", "f": "floating-point numbers", "S": "text of fixed length"}
    return special.get(kinds, "numbers")


def check_stored(path: object, dataset: h5py.Dataset) -> None:
    """Raise `FileFormatError` if almost nothing of a large dataset is stored: HDF5 would make up the rest.

    Parameters
    ----------
    path : object
        The file, for messages.
    dataset : h5py.Dataset
    """
    stored = dataset.id.get_storage_size()
    if dataset.nbytes > max(_SMALL, _MOST_COMPRESSED * stored):
        raise FileFormatError(
            path, f"{dataset.name} has shape {dataset.shape}, {dataset.nbytes} bytes, but only {stored} are stored."
        )


def whole_numbers(path: object, name: str, values: NDArray[np.generic]) -> IntArray:
    """Return numbers as integers; `FileFormatError` names the first that is none, or exceeds 2⁶².

    Parameters
    ----------
    path : object
        The file, for messages.
    name : str
        What the numbers are.
    values : array of integers or floats
    """
    numbers = np.asarray(values)
    if numbers.dtype.kind == "f":
        wrong = ~((np.abs(numbers) <= _MOST_STEPS) & (numbers == np.floor(numbers)))  # true for NaN
    else:
        wrong = (numbers > _MOST_STEPS) | (numbers < -_MOST_STEPS)
    if np.any(wrong):
        row = tuple(int(n) for n in np.argwhere(wrong)[0])
        where = f" {row[0] if len(row) == 1 else row}" if row else ""
        raise FileFormatError(path, f"{name}{where} is {numbers[row]}, not an integer up to 2^62.")
    return numbers.astype(np.int64)
