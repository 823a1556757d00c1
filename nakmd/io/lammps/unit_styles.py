"""Unit styles of LAMMPS: factors to Å, ps and Å/ps."""

from __future__ import annotations

import os
from typing import NamedTuple

from nakmd.errors import InputError


class UnitStyle(NamedTuple):
    """A unit style, as in the ``units`` command of LAMMPS.

    Attributes
    ----------
    name : str
    time : float [ps]
        The unit of time. Lengths are in Å and masses in g/mol in every style here.
    time_name, velocity_name : str
        Names of the units, for messages.
    """

    name: str
    time: float
    time_name: str
    velocity_name: str

    @property
    def velocity(self) -> float:
        """The unit of velocity [Å/ps]."""
        return 1.0 / self.time


UNIT_STYLES = {
    "metal": UnitStyle("metal", 1.0, "ps", "Å/ps"),
    "real": UnitStyle("real", 1e-3, "fs", "Å/fs"),
}


#: What to do about a file without units, or without boundaries.
NAMING_UNITS = 'Else give --units real, or units = "real" where a deck names the file.'
NAMING_BOX = "Else write periodic in [structure.box] of a deck."


def agreed_style(path: str | os.PathLike[str], stated: str, place: str, given: str | None) -> UnitStyle | None:
    """Return the unit style of a file; None if neither the file nor the user names one.

    Parameters
    ----------
    path : path
        For messages.
    stated : str
        Style that the file names; empty if it names none.
    place : str
        Where the file names it.
    given : str or None
        Style that the user names.

    Raises
    ------
    InputError
        If the two differ, or nakmd does not read files in this style.
    """
    if stated and given and stated != given:
        raise InputError(f"{path}: the file is in units {stated} ({place}), not {given}: leave units out.")
    name = stated or given
    if not name:
        return None
    if name not in UNIT_STYLES:
        read = " and ".join(UNIT_STYLES)
        raise InputError(f"{path}: LAMMPS units {name!r} are not read, only {read}. Convert the file to metal units.")
    return UNIT_STYLES[name]
