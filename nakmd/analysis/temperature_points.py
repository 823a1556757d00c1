"""Numbers at several temperatures, checked, for a line against 1/k_B T: Arrhenius, van 't Hoff."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nakmd.analysis.base import Record
from nakmd.analysis.joined_sample import joined_sample, strongest_trend
from nakmd.analysis.numerics.fitting import Line
from nakmd.analysis.numerics.statistics import Measure
from nakmd.arrays import FloatArray
from nakmd.errors import AnalysisError


class TemperaturePoints(NamedTuple):
    """One number with its error at each temperature.

    Attributes
    ----------
    temperatures : (n,) float64 [K]
    values, errors : (n,) float64 [unit]
    unit : str
    name : str
        Of the quantity; "value" where no record names it.
    records : sequence of Record or Measure
    """

    temperatures: FloatArray
    values: FloatArray
    errors: FloatArray
    unit: str
    name: str
    records: Sequence[Record | Measure]

    @classmethod
    def of(cls, temperatures: Sequence[float], records: Sequence[Record | Measure], fit: str) -> TemperaturePoints:
        """Return the points of a fit.

        Parameters
        ----------
        temperatures : sequence of float [K]
        records : sequence of Record or Measure
        fit : str
            What it is called in messages: "An Arrhenius fit".

        Raises
        ------
        AnalysisError
            If there are fewer than three temperatures, or units differ.
        """
        if len(temperatures) != len(records):
            raise AnalysisError(f"Got {len(temperatures)} temperatures but {len(records)} results.")
        if len(set(temperatures)) < 3:
            raise AnalysisError(f"{fit} needs at least three temperatures, got {sorted(set(temperatures))} K.")
        units = {record.unit for record in records}
        if len(units) > 1:
            raise AnalysisError(f"The results have different units: {', '.join(sorted(units))}.")
        return cls(
            np.array(temperatures, dtype=np.float64),
            np.array([float(record.value) for record in records]),
            np.array([float(record.error) for record in records]),
            units.pop(),
            next((record.quantity for record in records if isinstance(record, Record)), "value"),
            records,
        )

    def check_signs(self, values: bool, named: str) -> None:
        """Refuse temperatures and, if ``values``, values that are not positive; ``named`` says what they are.

        Raises
        ------
        AnalysisError
            With the first of them.
        """
        for temperature, value in zip(self.temperatures, self.values):
            if not temperature > 0.0 or (values and not value > 0.0):
                raise AnalysisError(
                    f"The value at {temperature:g} K is {value:g}; temperatures and {named} must be positive."
                )

    def energy(self, slope: float, line: Line) -> dict[str, Any]:
        """Return what the record of a fit holds of an energy [eV] with the error of a slope, and of its points."""
        t = self.temperatures
        return {
            "value": slope,
            "error": line.slope_error,
            "unit": "eV",
            "n_effective": line.n_effective,
            "trend": strongest_trend(self.records),
            "sample": joined_sample(
                (f"the run at {temperature:g} K", record.sample)
                for temperature, record in zip(t.tolist(), self.records, strict=True)
                if isinstance(record, Record)
            ),
            "notes": (f"weighted line through {len(t)} temperatures, {t.min():g} to {t.max():g} K", line.note),
            "temperatures": t,
            "chi2": line.chi2,
        }
