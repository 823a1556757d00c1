"""Structure factors as they are returned: partial, and of number and concentration."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nakmd.analysis.base import Record
from nakmd.analysis.long_waves import LongWaves
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.plotting import Axes, Figure, figure_for, style
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray, IntArray
from nakmd.errors import AnalysisError

#: Lower limit [1/Å] of the search for the main peak (1.6 for K, 2.0 for Na); below it, S(q) of a metal that does not
#: fill the cell is dominated by its shape.
LEAST_PEAK = 1.0


class StructureFactorRecord(Record):
    """Structure factors; ``value`` and ``error`` are the partial ones, (n_pairs, n_q), in the order of ``pairs``.

    Attributes
    ----------
    definition : {"faber-ziman", "ashcroft-langreth"}
        Definition of ``value``: the first tends to 1 at large q, the second to 1 for like and 0 for unlike atoms.
    pairs : tuple of (str, str)
        Elements.
    fractions : dict of str to float
        Atomic fraction of each element among the chosen atoms.
    q : (n_q,) float64 [1/Å]
        Mean modulus of the wave vectors of each bin; bins without an allowed wave vector are omitted.
    n_vectors : (n_q,) int64
        Number of wave vectors of each bin; q and -q, which are equivalent, count once.
    number_number, number_number_error : (n_q,) float64
        S_NN, the structure factor of all atoms.
    concentration_concentration, concentration_concentration_error : (n_q,) float64
        S_CC, which tends to c₁ c₂; NaN unless there are two elements.
    number_concentration, number_concentration_error : (n_q,) float64
        S_NC, positive where the first of ``fractions`` is packed more densely; NaN unless there are two elements.
    peak : float [1/Å]
        Position of the maximum of S_NN beyond `LEAST_PEAK` (anywhere if ``q_max`` is less).
    peak_height : Measure
        S_NN at the peak.
    long_waves : LongWaves or None
        S_CC(q → 0) from the small wave vectors; None unless there are two elements that fill the cell alone, with
        enough wave vectors.
    """

    curve_tables = (
        RecordCurve("partial", {"pair": "pairs", "q [1/Å]": "q"}, {"S": "value", "error": "error"}),
        RecordCurve(
            "total",
            {"q [1/Å]": "q"},
            {
                "S_NN": "number_number",
                "error of S_NN": "number_number_error",
                "S_CC": "concentration_concentration",
                "error of S_CC": "concentration_concentration_error",
                "S_NC": "number_concentration",
                "error of S_NC": "number_concentration_error",
            },
        ),
    )

    definition: str
    pairs: tuple[tuple[str, str], ...]
    fractions: dict[str, float]
    q: FloatArray
    n_vectors: IntArray
    number_number: FloatArray
    number_number_error: FloatArray
    concentration_concentration: FloatArray
    concentration_concentration_error: FloatArray
    number_concentration: FloatArray
    number_concentration_error: FloatArray
    peak: float
    peak_height: Measure
    long_waves: LongWaves | None = None

    def __getitem__(self, pair: tuple[str, str]) -> tuple[FloatArray, FloatArray]:
        """Return one partial structure factor and its error; the order of the elements does not matter."""
        for key in (pair, pair[::-1]):
            if key in self.pairs:
                row = self.pairs.index(key)
                return self.value[row], self.error[row]
        known = ", ".join("-".join(key) for key in self.pairs)
        raise AnalysisError(f"There is no S(q) of {'-'.join(pair)}; available: {known}.")

    def __str__(self) -> str:
        return f"{self.quantity}: main peak of S_NN at {self.peak:.2f} 1/Å, {self.peak_height}"

    def rows(self) -> Iterator[Row]:
        """Yield the lines of the table of results."""
        yield Row.of(f"S(q), main peak at {self.peak:.2f} 1/Å", self.peak_height, key="S(q), main peak")
        if self.long_waves is not None:
            yield Row.of("S_CC(q → 0) over that of random mixing", self.long_waves.relative, self.long_waves.note)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the partial and the Bhatia-Thornton structure factors with their error bands."""
        figure, ax = figure_for(ax)
        curves = [(f"{a}-{b}", self.value[row], self.error[row]) for row, (a, b) in enumerate(self.pairs)]
        curves.append(("NN", self.number_number, self.number_number_error))
        curves.append(("CC", self.concentration_concentration, self.concentration_concentration_error))
        curves.append(("NC", self.number_concentration, self.number_concentration_error))
        beyond, highest, lowest = self.q >= LEAST_PEAK, 0.0, 0.0
        for row, (label, values, errors) in enumerate(curves):
            if not np.all(np.isnan(values)):
                line = style(row)
                ax.plot(self.q, values, lw=1.2, label=label, **line)
                ax.fill_between(self.q, values - errors, values + errors, color=line["color"], alpha=0.3, lw=0)
                if np.any(beyond):
                    highest = max(highest, float(values[beyond].max()))
                    lowest = min(lowest, float(values[beyond].min()))
        if highest > 0.0:  # at small q, the shape of a metal that does not fill the cell may give far larger values
            margin = 0.1 * (highest - lowest)
            low, high = ax.get_ylim()
            ax.set_ylim(max(low, lowest - 4.0 * margin), min(high, highest + 4.0 * margin))
        ax.set(xlabel="q / Å⁻¹", ylabel=f"S(q), {self.definition.title()}", xlim=(0.0, None))
        ax.legend(fontsize="small", ncols=2)
        return figure
