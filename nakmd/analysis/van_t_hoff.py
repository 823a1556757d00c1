"""Enthalpy and entropy from an equilibrium constant, or a free energy, at several temperatures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from nakmd.analysis.base import Record
from nakmd.analysis.numerics.fitting import weighted_line
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.temperature_points import TemperaturePoints
from nakmd.arrays import FloatArray
from nakmd.errors import AnalysisError
from nakmd.units import K_B


class VanTHoffRecord(Record):
    """An enthalpy difference [eV] and the data points of its fit.

    Attributes
    ----------
    entropy : Measure [k_B]
        Entropy difference.
    temperatures : (n,) float64 [K]
    values, errors : (n,) float64
        ln K, or -ΔG/k_B T.
    of : str
        Name of the quantity.
    chi2 : float
        χ² of the fit, with n - 2 degrees of freedom.
    """

    curve_tables = (RecordCurve("points", {"temperature [K]": "temperatures"}, {"value": "values", "error": "errors"}),)

    entropy: Measure
    temperatures: FloatArray
    values: FloatArray
    errors: FloatArray
    of: str
    chi2: float

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the points and the fit against 1000 K/T."""
        figure, ax = figure_for(ax)
        inverse = 1000.0 / self.temperatures
        ax.errorbar(inverse, self.values, self.errors, fmt="o", color=COLORS[0], capsize=3)
        span = np.array([inverse.min(), inverse.max()])
        line = self.entropy.value - self.value * span / (1000.0 * K_B)
        ax.plot(span, line, color=COLORS[1], label=f"ΔH = {self.text}")
        ax.set(xlabel="1000 K / T", ylabel=f"ln K, {self.of}")
        ax.legend(fontsize="small")
        return figure


def van_t_hoff(
    temperatures: Sequence[float], records: Sequence[Record | Measure], of: Literal["ratio", "free-energy"] = "ratio"
) -> VanTHoffRecord:
    r"""Return the enthalpy and entropy of an equilibrium from its constant or free energy at several temperatures.

    .. math:: \ln K = -\frac{\Delta G}{k_B T} = -\frac{\Delta H}{k_B T} + \frac{\Delta S}{k_B}

    from a weighted linear fit of ln K against 1/k_B T. ΔH and ΔS are taken as constant over the temperatures.

    Parameters
    ----------
    temperatures : sequence of float [K]
    records : sequence of Record or Measure
        One number with its error for each temperature: K, or ΔG in eV.
    of : {"ratio", "free-energy"}
        Which of the two.

    Returns
    -------
    VanTHoffRecord
        Errors as in `weighted_line`: they are enlarged if the points scatter by more than their errors.

    Raises
    ------
    AnalysisError
        If there are fewer than three temperatures, units differ, a free energy is not in eV, or a temperature or a
        ratio is not positive.

    Examples
    --------
    >>> from nakmd.analysis import Measure, van_t_hoff
    >>> energies = {400.0: -0.34, 450.0: -0.33, 500.0: -0.32}  # ΔG in eV: ΔH = -0.42 eV
    >>> figures = [Measure(energy, 0.002, "eV", 20.0) for energy in energies.values()]
    >>> result = van_t_hoff(list(energies), figures, of="free-energy")
    >>> round(result.value, 3), result.unit
    (-0.42, 'eV')
    """
    points = TemperaturePoints.of(temperatures, records, "A van 't Hoff fit")
    is_ratio = of == "ratio"
    if not is_ratio and points.unit != "eV":
        raise AnalysisError(f"Free energies must be in eV, got {points.unit!r}.")
    points.check_signs(values=is_ratio, named="ratios")
    thermal = K_B * points.temperatures
    if is_ratio:
        logarithms, widths = np.log(points.values), points.errors / points.values
    else:
        logarithms, widths = -points.values / thermal, points.errors / thermal
    line = weighted_line(1.0 / thermal, logarithms, widths)
    return VanTHoffRecord(
        quantity=f"enthalpy of {points.name}",
        **points.energy(-line.slope, line),
        entropy=Measure(line.intercept, line.intercept_error, "k_B", line.n_effective),
        values=logarithms,
        errors=widths,
        of=points.name,
    )
