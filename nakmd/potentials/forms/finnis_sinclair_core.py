"""Coefficients of MOLDY's core join for the Finnis-Sinclair model of cubic splines."""

from __future__ import annotations

import math

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import InputError
from nakmd.potentials.forms.finnis_sinclair_formulas import FinnisSinclairParameters, cubic_pair, of_pair, zbl


def join_coefficients(p: FinnisSinclairParameters, a: int, b: int, label: str) -> FloatArray:
    """Return the cubic in t that matches ln V and its slope at both ends of the join.

    Parameters
    ----------
    p : FinnisSinclairParameters
        Tables in which the cubics and the core are set.
    a, b : int
        Species.
    label : str
        Name of the term, for the message.

    Returns
    -------
    (4,) float64
        The constant first; t = (r - core_start)/(core_end - core_start).

    Raises
    ------
    InputError
        If V is not positive at the end of the join.
    """
    start = p.core[a, b, 0]
    width = p.core_end[a, b] - start
    v1, d1 = zbl(start, of_pair(p, a, b))
    v2, d2 = cubic_pair(p.core_end[a, b], of_pair(p, a, b))
    if not v2 > 0.0:
        raise InputError(
            f"{label}: V is {float(v2):.4g} eV at the end of the core join, {p.core_end[a, b]:.4f} Å; "
            "its logarithm does not exist. Move the join inwards."
        )
    y1, y2 = math.log(v1), math.log(v2)
    s1, s2 = width * d1 / v1, width * d2 / v2
    return np.array([y1, s1, 3.0 * (y2 - y1) - 2.0 * s1 - s2, 2.0 * (y1 - y2) + s1 + s2])


def rise_coefficients(p: FinnisSinclairParameters, a: int, b: int) -> FloatArray:
    """Return c3, c4, c5 [eV²] of the quintic t³ (c3 + c4 t + c5 t²) with φ, φ' and φ'' of the cubics at t = 1.

    t = (r - smooth_start)/(core_end - smooth_start); ``p``, ``a`` and ``b`` as in `join_coefficients`.
    """
    width = p.core_end[a, b] - p.core[a, b, 1]
    gaps = np.maximum(p.Y[a, b] - p.core_end[a, b], 0.0)
    f = float(p.B[a, b] @ gaps**3)
    s = float(-3.0 * p.B[a, b] @ gaps**2) * width
    q = float(6.0 * p.B[a, b] @ gaps) * width**2
    return np.array([10.0 * f - 4.0 * s + 0.5 * q, -15.0 * f + 7.0 * s - q, 6.0 * f - 3.0 * s + 0.5 * q])
