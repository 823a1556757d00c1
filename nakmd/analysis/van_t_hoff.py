"""Enthalpy and entropy from an equilibrium constant, or a free energy, at several temperatures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from nakmd.analysis.base import Record
from nakmd.analysis.joined_sample import joined_sample, strongest_trend
from nakmd.analysis.numerics.fitting import weighted_line
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
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
    """
    if len(temperatures) != len(records):
        raise AnalysisError(f"Got {len(temperatures)} temperatures but {len(records)} results.")
    if len(set(temperatures)) < 3:
        raise AnalysisError(f"A van 't Hoff fit needs at least three temperatures, got {sorted(set(temperatures))} K.")
    units = {record.unit for record in records}
    if len(units) > 1:
        raise AnalysisError(f"The results have different units: {', '.join(sorted(units))}.")
    if of == "free-energy" and units != {"eV"}:
        raise AnalysisError(f"Free energies must be in eV, got {units.pop()!r}.")
    t = np.array(temperatures, dtype=np.float64)
    values = np.array([float(record.value) for record in records])
    errors = np.array([float(record.error) for record in records])
    for temperature, value in zip(t, values):
        if not temperature > 0.0 or (of == "ratio" and not value > 0.0):
            raise AnalysisError(
                f"The value at {temperature:g} K is {value:g}; temperatures and ratios must be positive."
            )
    if of == "ratio":
        logarithms, widths = np.log(values), errors / values
    else:
        logarithms, widths = -values / (K_B * t), errors / (K_B * t)
    line = weighted_line(1.0 / (K_B * t), logarithms, widths)
    name = next((record.quantity for record in records if isinstance(record, Record)), "value")
    return VanTHoffRecord(
        quantity=f"enthalpy of {name}",
        value=-line.slope,
        error=line.slope_error,
        unit="eV",
        n_effective=line.n_effective,
        trend=strongest_trend(records),
        sample=joined_sample(
            (f"the run at {temperature:g} K", record.sample)
            for temperature, record in zip(temperatures, records, strict=True)
            if isinstance(record, Record)
        ),
        notes=(f"weighted line through {len(t)} temperatures, {t.min():g} to {t.max():g} K", line.note),
        entropy=Measure(line.intercept, line.intercept_error, "k_B", line.n_effective),
        temperatures=t,
        values=logarithms,
        errors=widths,
        of=name,
        chi2=line.chi2,
    )
