"""Weighted linear least squares."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import AnalysisError


@dataclass(frozen=True)
class Line:
    """y = intercept + slope x.

    Attributes
    ----------
    slope, intercept, slope_error, intercept_error : float
    n_effective : float
        Number of points minus one, so that Student's t has two degrees of freedom fewer than there are points.
    chi2 : float
        Sum of the squared residuals over the squared errors.
    note : str
        Quality of the fit as a sentence.
    """

    slope: float
    intercept: float
    slope_error: float
    intercept_error: float
    n_effective: float
    chi2: float
    note: str


def weighted_line(x: FloatArray, y: FloatArray, errors: FloatArray) -> Line:
    """Return the least-squares line, each point weighted by 1/error².

    Parameters
    ----------
    x, y, errors : (n,) float64

    Returns
    -------
    Line
        Its errors are propagated from the errors of the points and multiplied by √(χ²/(n - 2)) if the points
        scatter by more than their errors.

    Raises
    ------
    AnalysisError
        If there are fewer than two different x, or an error is zero or not finite.
    """
    if len(x) < 2 or not np.ptp(x) > 0.0:
        raise AnalysisError(f"A line fit needs points at two or more different x, got {len(x)} at {np.unique(x)}.")
    if not np.all(np.isfinite(errors) & (errors > 0.0)):
        raise AnalysisError(f"A weighted line fit needs a positive error for every point, got {errors}. Run longer.")
    w = 1.0 / errors**2
    middle = float(w @ x / w.sum())
    spread = float(w @ (x - middle) ** 2)
    slope = float(w @ ((x - middle) * y) / spread)
    intercept = float(w @ y / w.sum()) - slope * middle
    chi2 = float(w @ (y - intercept - slope * x) ** 2)
    dof = len(x) - 2
    scale = math.sqrt(max(1.0, chi2 / dof)) if dof else 1.0
    note = f"χ² = {chi2:.2g} for {dof} degrees of freedom"
    if scale > 1.0:
        note += f", errors multiplied by {scale:.2g}"
    return Line(
        slope,
        intercept,
        scale / math.sqrt(spread),
        scale * math.sqrt(1.0 / float(w.sum()) + middle**2 / spread),
        float(len(x) - 1),
        chi2,
        note,
    )
