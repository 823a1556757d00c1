"""Unit styles of LAMMPS: factors to Å, ps and Å/ps."""

from __future__ import annotations

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


def unit_style(name: str) -> UnitStyle:
    """Return a unit style by name.

    Parameters
    ----------
    name : str

    Raises
    ------
    InputError
        If nakmd does not read files in this style.
    """
    if name not in UNIT_STYLES:
        raise InputError(
            f"LAMMPS units {name!r} are not read, only {' and '.join(UNIT_STYLES)}. Convert the file to metal units."
        )
    return UNIT_STYLES[name]
