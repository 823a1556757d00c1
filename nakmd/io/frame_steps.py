"""Steps and times of the frames of an H5MD file, and whether all data of a frame are of its step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from nakmd.arrays import FloatArray, IntArray
from nakmd.errors import FileFormatError
from nakmd.io.stored_arrays import check_array, whole_numbers


def check_numbers(path: object, dataset: h5py.Dataset) -> None:
    """Raise `FileFormatError` if steps or times are neither one number for each frame nor a fixed spacing."""
    check_array(path, dataset, "iuf", (None,) if dataset.ndim else ())


def numbers_of(dataset: h5py.Dataset, n_frames: int) -> NDArray[Any]:
    """Return step or time of all frames, also from a dataset that stores only offset and spacing."""
    if dataset.ndim:
        return np.asarray(dataset[:n_frames])
    return np.asarray(dataset.attrs.get("offset", 0) + np.arange(n_frames) * dataset[()])


def steps_of(path: object, dataset: h5py.Dataset, n_frames: int) -> IntArray:
    """Return the step of each frame; `FileFormatError` if one is no integer.

    Parameters
    ----------
    path : object
        The file, for messages.
    dataset : h5py.Dataset
    n_frames : int

    Returns
    -------
    (n_frames,) int64
    """
    return whole_numbers(path, f"{dataset.name}: the step of frame", numbers_of(dataset, n_frames))


def times_of(path: object, dataset: h5py.Dataset, n_frames: int, unit: float) -> FloatArray:
    """Return the time of each frame, NaN where the source has none; `FileFormatError` if one is infinite.

    Parameters
    ----------
    path : object
        The file, for messages.
    dataset : h5py.Dataset
    n_frames : int
    unit : float [ps]

    Returns
    -------
    (n_frames,) float64 [ps]
    """
    times = numbers_of(dataset, n_frames).astype(np.float64) * unit
    infinite = np.flatnonzero(np.isinf(times))
    if len(infinite):
        raise FileFormatError(path, f"{dataset.name}: the time of frame {infinite[0]} is {times[infinite[0]]} ps.")
    return times


def check_order(path: object, steps: IntArray, times: FloatArray, remedy: str) -> None:
    """Raise `FileFormatError` if the frames of a run are not in the order in which it made them.

    Parameters
    ----------
    path : object
        The file, for messages.
    steps : (n,) int64
        Must increase.
    times : (n,) float64 [ps]
        Must not decrease; they stay the same while a run relaxes.
    remedy : str
    """
    back = np.flatnonzero(np.diff(steps) <= 0)
    if len(back):
        k = int(back[0])
        what = f"the steps of frames {k} and {k + 1} are {steps[k]} and {steps[k + 1]}; the steps of a run increase."
        raise FileFormatError(path, what, remedy)
    back = np.flatnonzero(np.diff(times) < 0.0)
    if len(back):
        k = int(back[0])
        what = f"the times of frames {k} and {k + 1} are {times[k]:g} and {times[k + 1]:g} ps; time cannot decrease."
        raise FileFormatError(path, what, remedy)


def check_same_steps(path: object, steps: h5py.Dataset, n_frames: int, elements: Iterable[h5py.Group]) -> None:
    """Raise `FileFormatError` if an element is stored at other steps than the positions.

    Parameters
    ----------
    path : object
        The file, for messages.
    steps : h5py.Dataset
        Those of the positions.
    n_frames : int
    elements : iterable of h5py.Group
        H5MD elements: their values are taken for those of the frames in the same row.
    """
    for element in elements:
        own = element.get("step")
        if own is None or own == steps:
            continue
        check_numbers(path, own)
        expected, found = (numbers_of(dataset, n_frames) for dataset in (steps, own))
        if len(expected) != len(found):
            what = f"{len(found)} steps, the positions have {n_frames}"
        elif np.any(expected != found):
            row = int(np.argmax(expected != found))
            what = f"step {found[row]} in row {row}, the positions have {expected[row]}"
        else:
            continue
        raise FileFormatError(
            path, f"{element.name} has {what}.", "nakmd reads files whose elements are stored at the same steps."
        )
