"""What stands for a thermostat, a barostat or a minimiser in an input of LAMMPS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nakmd.integrators.ramps import Ramp
from nakmd.units import BAR_PER_EV_A3

#: Stands for the seed of a random number generator in the arguments of a fix.
SEED = "{seed}"


class LAMMPSFix(NamedTuple):
    """The fix that does what a kind of nakmd does, as nearly as LAMMPS can.

    Attributes
    ----------
    style : str
        Of the fix: ``"langevin"``, ``"nvt"``.
    arguments : str
        After the style; `SEED` stands for a seed.
    integrates : bool
        Whether it also moves the atoms of its group; if not, ``fix nve`` does.
    note : str
        How it differs from the kind, as a sentence; empty if it does not.
    """

    style: str
    arguments: str
    integrates: bool = False
    note: str = ""


def lammps_ramp(ramp: Ramp, factor: float = 1.0) -> str:
    """Return start and end of a ramp as two arguments of a fix.

    Examples
    --------
    >>> lammps_ramp(Ramp(300.0, 450.0))
    '300.0 450.0'
    """
    return f"{ramp.start * factor!r} {ramp.end * factor!r}"


def lammps_axes(pressure: Ramp, axes: Sequence[str], time_constant: float) -> str:
    """Return the arguments that give a fix with a piston its pressure [bar], axes and time constant [ps].

    Axes that change together are coupled; three groups of one axis each are independent.

    Examples
    --------
    >>> lammps_axes(Ramp(0.0, 0.0), ["xy", "z"], 0.5)
    'x 0.0 0.0 0.5 y 0.0 0.0 0.5 z 0.0 0.0 0.5 couple xy'
    """
    setting = f"{lammps_ramp(pressure, BAR_PER_EV_A3)} {time_constant!r}"
    if sorted(axes[0]) == ["x", "y", "z"]:
        return f"iso {setting}"
    coupled = next(("".join(sorted(group)) for group in axes if len(group) == 2), "none")
    return " ".join([*(f"{axis} {setting}" for axis in sorted("".join(axes))), f"couple {coupled}"])
