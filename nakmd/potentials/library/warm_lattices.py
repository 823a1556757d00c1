"""Lattice constants of warm crystals from the [[lattice]] tables of the parameter sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nakmd.errors import InputError
from nakmd.potentials.forms.record import NumbersRecord
from nakmd.potentials.library.loading import parts, read_set


def warm_lattice(name_or_path: str | Path, element: str, temperature: float, folder: Path | None = None) -> float:
    """Return the lattice constant [Å] of bcc of an element in a model at a temperature and zero pressure.

    Linear between the entries of ``[[lattice]]`` of its set (measured by ``potentials/lattices.py``).

    Parameters
    ----------
    name_or_path : str or path-like
        Of a set or model, as for `nakmd.potentials.library.path`.
    element : str
    temperature : float [K]
    folder : path-like, optional
        Base of relative paths.

    Raises
    ------
    InputError
        If no set, or more than one, has such entries, or the temperature is beyond them.

    Examples
    --------
    >>> round(warm_lattice("nak-2026", "K", 300.0), 2)
    5.33
    """
    record, found = _sets_with(element, name_or_path, folder)
    if len(found) != 1:
        which = " and ".join(part.name for part in found)
        known = f"{which} each have" if found else f"{record} has no"
        raise InputError(
            f"{known} lattice constants of {element} by temperature. Give the lattice constant of the model at this "
            'temperature: lattice = "5.33 Å".'
        )
    (part,) = found
    points = _points(part, element)
    temperatures, lengths = np.array(points).T
    if not temperatures[0] <= temperature <= temperatures[-1]:
        raise InputError(
            f"{part.name} has lattice constants of {element} from {temperatures[0]:g} to {temperatures[-1]:g} K, not "
            f"at {temperature:g} K. Choose a temperature in this range, or give the lattice constant."
        )
    return float(np.interp(temperature, temperatures, lengths))


def warm_lattice_range(
    name_or_path: str | Path, element: str, folder: Path | None = None
) -> tuple[float, float] | None:
    """Return the lowest and highest temperature [K] with a lattice constant of bcc; None if `warm_lattice` has none.

    A crystal that does not survive a temperature has no entry there.

    Parameters
    ----------
    name_or_path, element, folder
        As for `warm_lattice`.

    Raises
    ------
    InputError
        If there is no such set.
    """
    _, found = _sets_with(element, name_or_path, folder)
    if len(found) != 1:
        return None
    points = _points(found[0], element)
    return points[0][0], points[-1][0]


def _sets_with(element: str, name_or_path: str | Path, folder: Path | None) -> tuple[str, list[NumbersRecord]]:
    """Return the name of a set or model, and those of its sets that have lattice constants of an element."""
    record = read_set(name_or_path, folder)
    sets = [record] if isinstance(record, NumbersRecord) else parts(name_or_path, folder)
    return record.name, [part for part in sets if any(entry.element == element for entry in part.lattice)]


def _points(part: NumbersRecord, element: str) -> list[tuple[float, float]]:
    """Return temperatures [K] and lattice constants [Å] of an element in a set, in order."""
    return sorted((entry.temperature, entry.a) for entry in part.lattice if entry.element == element)
