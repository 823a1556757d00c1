"""The free energy along a coordinate, from umbrella windows."""

from __future__ import annotations

from dataclasses import field

import numpy as np

from nakmd.analysis.base import Record
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve
from nakmd.arrays import FloatArray


class UmbrellaRecord(Record):
    """Free energy F(ξ) in eV, zero in the bulk; ``value`` and ``error`` are (n_bins,), NaN in bins without samples.

    Attributes
    ----------
    coordinate : str
    distance : (n_bins,) float64 [Å]
        Middle of the bins.
    temperature : float [K]
    with_volume, with_volume_error : (n_bins,) float64 [eV]
        -kT ln P(ξ), relative to its mean in the bulk: the volume at each ξ is not divided out.
    centres, springs : (k,) float64 [Å, eV/Å²]
        Of the windows, in the order of the means of their samples.
    samples : (k,) float64
        Independent samples of each window.
    overlaps : (k - 1,) float64
        Of the links that join the windows, those with the largest overlaps (0 to 0.5).
    bulk, well : (float, float) [Å]
    depth : Measure [eV]
        -F at the lowest bin of the well; positive for a well.
    ratio : Measure
        Probability to be in the well over that to be in the bulk range.
    in_bulk : Measure or None
        Mean number of atoms in the bulk range, without restraints; None if it was not given.
    occupancy : Measure or None
        Mean number of atoms in the well: ``ratio`` times ``in_bulk``.
    transfer : Measure or None [eV]
        -kT ln(occupancy): free energy of bringing an atom from the liquid to the well; see `umbrella_free_energy`.
    free, free_error : (n_bins,) float64 [eV]
        The same free energy from frames without restraints; NaN in bins without atoms. Empty if none were given.
    free_occupancy : Measure or None
        Mean number of atoms in the well in these frames.
    """

    curve_tables = (
        RecordCurve(
            "free energy",
            {"distance [Å]": "distance"},
            {
                "free energy [eV]": "value",
                "error [eV]": "error",
                "with volume [eV]": "with_volume",
                "error with volume [eV]": "with_volume_error",
            },
        ),
        RecordCurve(
            "without restraints", {"distance [Å]": "distance"}, {"free energy [eV]": "free", "error [eV]": "free_error"}
        ),
    )

    coordinate: str
    distance: FloatArray
    temperature: float
    with_volume: FloatArray
    with_volume_error: FloatArray
    centres: FloatArray
    springs: FloatArray
    samples: FloatArray
    overlaps: FloatArray
    bulk: tuple[float, float]
    well: tuple[float, float]
    depth: Measure
    ratio: Measure
    in_bulk: Measure | None = None
    occupancy: Measure | None = None
    transfer: Measure | None = None
    free: FloatArray = field(default_factory=lambda: np.zeros(0))
    free_error: FloatArray = field(default_factory=lambda: np.zeros(0))
    free_occupancy: Measure | None = None

    def __str__(self) -> str:
        lines = [f"{self.quantity}: {self.depth.text} deep from {self.well[0]:g} to {self.well[1]:g} Å"]
        if self.occupancy is not None and self.transfer is not None:
            lines.append(f"  atoms in the well: {self.occupancy.text}, transfer from the liquid {self.transfer.text}")
        if self.free_occupancy is not None:
            lines.append(f"  atoms in the well without restraints: {self.free_occupancy.text}")
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw F(ξ) with its 95 % interval, that of the free frames, the centres of the windows, well and bulk."""
        figure, ax = figure_for(ax)
        ax.axhline(0.0, color="0.7", lw=0.8, zorder=0)
        for (low, high), name, color in ((self.well, "well", COLORS[4]), (self.bulk, "bulk", COLORS[5])):
            ax.axvspan(low, high, color=color, alpha=0.15, lw=0, label=name)
        low, high = self.interval()
        ax.fill_between(self.distance, low, high, color=COLORS[0], alpha=0.3, lw=0)
        ax.plot(self.distance, self.value, color=COLORS[0], label="umbrella windows, MBAR")
        if len(self.free):
            ax.errorbar(
                self.distance, self.free, 1.96 * self.free_error,
                fmt="o", ms=3, lw=0.8, color=COLORS[1], label="without restraints",
            )  # fmt: skip
        ax.plot(self.centres, np.full(len(self.centres), 0.02), "|", color="0.3", transform=ax.get_xaxis_transform())
        ax.set(xlabel=f"{self.coordinate} / Å", ylabel="free energy / eV", xlim=(self.distance[0], self.distance[-1]))
        ax.margins(y=0.1)
        ax.legend(fontsize="small")
        return figure
