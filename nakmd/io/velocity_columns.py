"""Velocities of atoms in the columns of extended XYZ, whose names and units differ between programs.

========== ======================== ===========================================================
column     unit                     written by
========== ======================== ===========================================================
momenta    sqrt(eV amu)             ASE, nakmd (the unit is in the header as well)
vel        Å/fs                     GPUMD
velo       Å/fs                     QUIP
========== ======================== ===========================================================

Any other column needs its unit in the header: ``units_velocities="Angstrom/ps"`` for a column ``velocities``. A stated
unit has priority over the table.
"""

from __future__ import annotations

import math
from pathlib import Path

import ase
import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import InputError
from nakmd.units import ACCELERATION, K_B

#: Å/ps in ASE's unit of velocity, sqrt(eV/amu), so that kinetic energies agree.
ASE_VELOCITY = 1.0 / np.sqrt(ACCELERATION)

#: Size of 1 Å/ps in each unit, by the words for the unit, in lower case without spaces.
_VELOCITIES: dict[str, float] = {
    **{f"{a}/{t}": y / x for a, x in {"angstrom": 1.0, "å": 1.0, "a": 1.0, "nm": 10.0}.items()
       for t, y in {"ps": 1.0, "fs": 1e-3}.items()},
    "m/s": 100.0,
    "sqrt(ev/u)": ASE_VELOCITY,
    "sqrt(ev/amu)": ASE_VELOCITY,
}  # fmt: skip

#: The same for momenta: size of 1 amu Å/ps.
_MOMENTA: dict[str, float] = {
    "sqrt(ev*u)": ASE_VELOCITY,
    "sqrt(ev*amu)": ASE_VELOCITY,
    **{f"{m}*{unit}": size for m in ("u", "amu") for unit, size in _VELOCITIES.items() if "sqrt" not in unit},
}

#: Units of columns whose name tells the program.
_KNOWN = {"momenta": "sqrt(eV*u)", "vel": "Angstrom/fs", "velo": "Angstrom/fs"}

#: Extensions of extended XYZ.
_XYZ = {".xyz", ".extxyz"}

_MOMENTUM_NAMES = ("momenta", "momentum", "mom")
_NAMES = (*_MOMENTUM_NAMES, "vel", "velo", "vels", "velos", "velocity", "velocities", "v")

#: Highest plausible temperature [K] of a column without a stated unit. Å/ps taken for Å/fs raise it by a factor of 10⁶,
#: sqrt(eV/u) by 104: 300 K would be 31 000 K, while liquid Na and K exist below 2600 K.
HOTTEST = 5e3


def velocities_of(atoms: ase.Atoms, masses: FloatArray) -> FloatArray | None:
    """Return the velocities of atoms, or None if they have none.

    Parameters
    ----------
    atoms : ase.Atoms
        Momenta, or one column of another name in ``arrays``; units in ``info``.
    masses : (n,) float64 [amu]

    Returns
    -------
    (n, 3) float64 [Å/ps] or None

    Raises
    ------
    InputError
        If a column has an unknown unit or not three numbers for each atom, if there are two columns, or if the
        velocities in a unit that is not stated mean a temperature above `HOTTEST`.
    """
    single = [name for name in ("vx", "vy", "vz", "px", "py", "pz") if name in atoms.arrays]
    if single:
        raise InputError(
            f"the velocities are in the single columns {', '.join(single)}, whose unit is unknown. Write them as "
            'velocities:R:3 in Properties, and units_velocities="Angstrom/ps" or their unit in the header.'
        )
    columns = [name for name in atoms.arrays if name.lower() in _NAMES]
    if not columns:
        return None
    if len(columns) > 1:
        raise InputError(f"{len(columns)} columns hold velocities, {' and '.join(columns)}: keep one of them.")
    (name,) = columns
    values = atoms.arrays[name]
    if values.dtype.kind not in "iuf" or values.shape != (len(atoms), 3):
        raise InputError(f"the column {name} with velocities must hold three numbers for each atom ({name}:R:3).")
    is_momentum = name.lower() in _MOMENTUM_NAMES
    stated = atoms.info.get(f"units_{name}")
    unit = str(_KNOWN.get(name.lower()) if stated is None else stated)
    known = _MOMENTA if is_momentum else _VELOCITIES
    size = known.get(unit.lower().replace(" ", ""))
    if size is None:
        given = "has no unit" if stated is None else f"has the unit {unit!r}"
        raise InputError(
            f"the column {name} {given}. Write units_{name}=... into the header of each image, one of: "
            f"{', '.join(known)}."
        )
    velocities = np.asarray(values, dtype=np.float64)
    if is_momentum:
        velocities = velocities / masses[:, None]
    velocities = velocities / size
    if stated is None:
        _refuse_heat(masses, velocities, name, unit)
    return velocities


def assumed_unit(path: Path, atoms: ase.Atoms) -> str:
    """Return a note on the unit that `velocities_of` assumes for a column; empty if the unit is known.

    Parameters
    ----------
    path : pathlib.Path
        The file of the atoms. ASE converts momenta of all formats but extended XYZ to its own unit.
    atoms : ase.Atoms
    """
    for name in atoms.arrays:
        unit = _KNOWN.get(name.lower())
        converted = name == "momenta" and not _XYZ & set(path.suffixes)
        if unit is not None and f"units_{name}" not in atoms.info and not converted:
            return (
                f"The column {name} has no unit: {unit} is assumed, as the programs write it that name the column so. "
                f"Else write units_{name}=... into the header of each image."
            )
    return ""


def _refuse_heat(masses: FloatArray, velocities: FloatArray, name: str, unit: str) -> None:
    """Raise if velocities in an assumed unit are beyond any temperature of matter."""
    kinetic = 0.5 / ACCELERATION * float(np.sum(masses * np.sum(velocities**2, axis=1)))
    temperature = 2.0 * kinetic / (3 * len(masses) * K_B)
    if math.isfinite(temperature) and temperature > HOTTEST:
        raise InputError(
            f"the column {name}, taken in {unit}, means a temperature of {temperature:.3g} K: it is in another unit. "
            f"Write its unit into the header of each image, for example units_{name}="
            f'"{"u*Angstrom/ps" if name.lower() in _MOMENTUM_NAMES else "Angstrom/ps"}".'
        )
