"""Activation energies from a quantity measured at several temperatures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nakmd.analysis.base import Record
from nakmd.analysis.numerics.fitting import weighted_line
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for, logarithmic
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.temperature_points import TemperaturePoints
from nakmd.arrays import FloatArray
from nakmd.errors import AnalysisError
from nakmd.units import K_B


class ArrheniusRecord(Record):
    """An activation energy [eV] and the data points of its fit.

    Attributes
    ----------
    prefactor : Measure
        In the unit of the quantity; its error is the error of the logarithm times the value.
    temperatures : (n,) float64 [K]
    values, errors : (n,) float64
    of : str
        Name and unit of the quantity.
    chi2 : float
        χ² of the fit, with n - 2 degrees of freedom.
    sign : int
        1 if the quantity rises with temperature, -1 if it falls.
    """

    curve_tables = (RecordCurve("points", {"temperature [K]": "temperatures"}, {"value": "values", "error": "errors"}),)

    prefactor: Measure
    temperatures: FloatArray
    values: FloatArray
    errors: FloatArray
    of: str
    chi2: float
    sign: int

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the points and the fit against 1000 K/T."""
        figure, ax = figure_for(ax)
        inverse = 1000.0 / self.temperatures
        ax.errorbar(inverse, self.values, self.errors, fmt="o", color=COLORS[0], capsize=3)
        span = np.linspace(inverse.min(), inverse.max(), 50)
        line = self.prefactor.value * np.exp(-self.sign * self.value * span / (1000.0 * K_B))
        ax.plot(span, line, color=COLORS[1], label=f"$E_a$ = {self.text}")
        ax.set(xlabel="1000 K / T", ylabel=self.of)
        logarithmic(ax)
        ax.legend(fontsize="small")
        return figure


def arrhenius(temperatures: Sequence[float], records: Sequence[Record | Measure], sign: int = 1) -> ArrheniusRecord:
    r"""Return the activation energy from a quantity at several temperatures.

    .. math:: D = D_0\, e^{-E_a / k_B T}

    from a weighted linear fit of ln D against 1/k_B T, with errors δD/D.

    Parameters
    ----------
    temperatures : sequence of float [K]
    records : sequence of Record or Measure
        One number with its error for each temperature, all in the same unit: diffusion coefficients, rates, ...
    sign : {1, -1}
        -1 for quantities that fall as T rises (viscosity, lifetimes): D = D₀ exp(+E_a/k_B T).

    Returns
    -------
    ArrheniusRecord
        Errors as in `weighted_line`: they are enlarged if the points scatter by more than their errors.

    Raises
    ------
    AnalysisError
        If there are fewer than three temperatures, units differ, a value is not positive, or the sign is invalid.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd.analysis import Measure, arrhenius
    >>> temperatures = [350.0, 450.0, 550.0]
    >>> figures = [Measure(8.0 * np.exp(-0.1 / (8.617e-5 * T)), 0.01, "Å²/ps", 20.0) for T in temperatures]
    >>> result = arrhenius(temperatures, figures)
    >>> round(result.value, 3), result.unit
    (0.1, 'eV')
    """
    if sign not in (1, -1):
        raise AnalysisError(f"The sign must be 1 (rises with temperature) or -1 (falls), got {sign}.")
    points = TemperaturePoints.of(temperatures, records, "An Arrhenius fit")
    points.check_signs(values=True, named="values")
    line = weighted_line(1.0 / (K_B * points.temperatures), np.log(points.values), points.errors / points.values)
    unit, prefactor = points.unit, float(np.exp(line.intercept))
    return ArrheniusRecord(
        quantity=f"activation energy of {points.name}",
        **points.energy(-sign * line.slope, line),
        prefactor=Measure(prefactor, prefactor * line.intercept_error, unit, line.n_effective),
        values=points.values,
        errors=points.errors,
        of=f"{points.name} / {unit}" if unit not in ("", "1") else points.name,
        sign=sign,
    )
