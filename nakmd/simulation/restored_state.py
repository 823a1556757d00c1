"""Whether a simulation has taken up the state of a checkpoint: what it would store again equals what was stored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nakmd.errors import InputError

_REMEDY = "It is damaged or belongs to another run: start the run again."


def check_restored(stored: Mapping[str, Any], now: Mapping[str, Any], where: str = "") -> None:
    """Compare the state of a simulation with the checkpoint it was restored from, and refuse arrays with NaN.

    Parameters
    ----------
    stored : mapping
        State in the checkpoint.
    now : mapping
        State after restoring it. It never has entries that the stored one lacks, except empty ones.
    where : str
        Place of both in the state, for messages.

    Raises
    ------
    InputError
        With the place of the entry and both values.

    Notes
    -----
    Without this check, restoring accepts one number for all atoms, the text of a number, or a fraction for a count.
    """
    for key, value in now.items():
        place = f"{where}/{key}"
        found = stored.get(key, {})
        if isinstance(value, Mapping):
            if not isinstance(found, Mapping):
                raise InputError(f"The checkpoint has {_brief(found)} as {place}, not a group of entries. {_REMEDY}")
            check_restored(found, value, place)
        elif not _equal(found, value):
            raise InputError(f"The checkpoint has {_brief(found)} as {place}, not {_brief(value)}. {_REMEDY}")
        elif isinstance(value, np.ndarray) and not np.all(np.isfinite(value)):
            row = tuple(int(n) for n in np.argwhere(~np.isfinite(value))[0])
            raise InputError(f"The checkpoint has {value[row]} in {place}{list(row)}. {_REMEDY}")


def _equal(found: object, value: object) -> bool:
    if isinstance(value, np.ndarray):
        return (
            isinstance(found, np.ndarray)
            and (found.dtype, found.shape) == (value.dtype, value.shape)
            and found.tobytes() == value.tobytes()
        )
    if isinstance(found, float) and isinstance(value, float) and math.isnan(found):
        return math.isnan(value)
    return not isinstance(found, np.ndarray | Mapping) and found == value


def _brief(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array {value.shape} of {value.dtype}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
