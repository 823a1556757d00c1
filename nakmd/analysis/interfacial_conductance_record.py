"""The record of an interfacial conductance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nakmd.analysis.base import Record
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray

#: Least mean number of atoms of a bin in the fit of the temperature profile.
LEAST_ATOMS = 0.5


class InterfacialConductanceRecord(Record):
    """An interfacial conductance [MW/(m² K)], and the flows and temperatures it is derived from.

    Attributes
    ----------
    from_wall, into_metal : Measure [eV/ps]
        Heat that the baths of the wall give, and heat that the baths of the metal take. In a stationary state they are
        equal; the value has their mean.
    drop : Measure [K]
        Temperature of the wall less that of the metal at the wall.
    wall, wall_normal, metal : Measure [K]
        Temperature of the wall; that of its motion along the normal alone; that of the metal, extrapolated to the wall.
    area : float [Å²]
        Of the wall, on all sides with metal.
    distance, temperature, temperature_error, number : (n_bins,) float64 [Å, K, K, 1]
        Temperature profile of the metal, NaN where there are no atoms, and mean number of atoms.
    line : (n_bins,) float64 [K]
        The fit, extrapolated to the wall; NaN beyond its range.
    fit : (float, float) [Å]
    """

    curve_tables = (
        RecordCurve(
            "temperature",
            {"distance [Å]": "distance"},
            {"temperature [K]": "temperature", "error [K]": "temperature_error", "atoms": "number", "line [K]": "line"},
        ),
    )

    from_wall: Measure
    into_metal: Measure
    drop: Measure
    wall: Measure
    wall_normal: Measure
    metal: Measure
    area: float
    distance: FloatArray
    temperature: FloatArray
    temperature_error: FloatArray
    number: FloatArray
    line: FloatArray
    fit: tuple[float, float]

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the results table."""
        yield Row.of("interfacial conductance", self)
        yield Row.of("  heat given to the wall", self.from_wall)
        yield Row.of("  heat taken from the metal", self.into_metal)
        yield Row.of("  temperature drop at the wall", self.drop)
        yield Row.of("  temperature of the wall", self.wall)
        yield Row.of("  temperature of the wall, along its normal", self.wall_normal)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the temperature profile, its fit, and the temperature of the wall."""
        figure, ax = figure_for(ax)
        known = np.isfinite(self.temperature) & (self.number > LEAST_ATOMS)
        ax.errorbar(
            self.distance[known], self.temperature[known], self.temperature_error[known], fmt="o", ms=3, lw=1,
            color=COLORS[0], label="metal",
        )  # fmt: skip
        ax.plot(self.distance, self.line, color=COLORS[2], lw=1.5, label="fit")
        ax.plot([0.0], [self.wall.value], "s", color=COLORS[1], label="wall")
        ax.set(xlabel="distance from the wall / Å", ylabel="temperature / K", title=f"G = {self.text}")
        ax.legend(fontsize="small")
        return figure
