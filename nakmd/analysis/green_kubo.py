"""The record of a shear viscosity, and its Green-Kubo integral."""

from __future__ import annotations

import math

import numpy as np

from nakmd.analysis.helfand import Current, GreenKuboRecord, green_kubo_fields
from nakmd.arrays import FloatArray
from nakmd.units import GPA_PER_EV_A3, K_B

#: Viscosity: 1 eV ps/Å³ in mPa s (1 GPa ps is 1 mPa s).
MPA_S_PER_EV_PS_A3 = GPA_PER_EV_A3

_WORDS = Current(
    coefficient="viscosity",
    current="shear stress",
    sample="pressures",
    short="stress",
    remedy="Record the pressure every 5 to 20 fs: [output] thermo_every = 10 at a timestep of 1 fs.",
    components="five components",
)


class ViscosityRecord(GreenKuboRecord):
    """A shear viscosity [mPa s] and the functions it is derived from.

    Attributes
    ----------
    lengths : (3,) float64 [Å]
        Lengths of the cell vectors.
    """

    row = "viscosity"
    symbol = "η"
    current = "stress"
    law = "inverse-arrhenius"

    lengths: FloatArray


def green_kubo(
    pressures: FloatArray,
    step: float,
    temperature: float,
    volume: float,
    lengths: FloatArray,
    fit: tuple[float, float] | None = None,
    notes: tuple[str, ...] = (),
) -> ViscosityRecord:
    """Return the viscosity from a series of pressure tensors.

    Parameters
    ----------
    pressures : (n, 6) float64 [eV/Å³]
        Voigt order xx yy zz yz xz xy.
    step : float [ps]
        Time between consecutive rows.
    temperature : float [K]
    volume : float [Å³]
    lengths : (3,) float64 [Å]
        Lengths of the cell vectors, for `yeh_hummer`.
    fit : (float, float) [ps], optional
        As in `Viscosity`.
    notes : tuple of str
        Notes on the source of the data.
    """
    xx, yy, zz, yz, xz, xy = pressures.T
    stress = np.stack([xy, xz, yz, 0.5 * (xx - yy), (2.0 * zz - xx - yy) / (2.0 * math.sqrt(3.0))], axis=1)
    fields = green_kubo_fields(stress, step, volume / (K_B * temperature) * MPA_S_PER_EV_PS_A3, _WORDS, fit)
    return ViscosityRecord(
        quantity="shear viscosity",
        unit="mPa s",
        temperature=temperature,
        volume=volume,
        lengths=np.asarray(lengths, dtype=np.float64),
        **fields | {"notes": (*notes, *fields["notes"])},
    )
