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
    record = read_set(name_or_path, folder)
    sets = [record] if isinstance(record, NumbersRecord) else parts(name_or_path, folder)
    found = [part for part in sets if any(entry.element == element for entry in part.lattice)]
    if len(found) != 1:
        which = " and ".join(part.name for part in found)
        known = f"{which} each have" if found else f"{record.name} has no"
        raise InputError(
            f"{known} lattice constants of {element} by temperature. Give the lattice constant of the model at this "
            'temperature: lattice = "5.33 Å".'
        )
    (part,) = found
    points = sorted((entry.temperature, entry.a) for entry in part.lattice if entry.element == element)
    temperatures, lengths = np.array(points).T
    if not temperatures[0] <= temperature <= temperatures[-1]:
        raise InputError(
            f"{part.name} has lattice constants of {element} from {temperatures[0]:g} to {temperatures[-1]:g} K, not "
            f"at {temperature:g} K. Choose a temperature in this range, or give the lattice constant."
        )
    return float(np.interp(temperature, temperatures, lengths))
