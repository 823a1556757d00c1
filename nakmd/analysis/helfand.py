"""Green-Kubo integrals of fluctuating currents, from the growth of their squared Helfand moments."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy

from nakmd.analysis.base import Record
from nakmd.analysis.numerics.displacements import (
    error_of_coefficient,
    fit_window,
    mean_squared_displacements,
    segment_slopes,
    slope_weights,
)
from nakmd.analysis.numerics.statistics import student_factor
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.table_row import Row, TemperatureLaw
from nakmd.arrays import FloatArray
from nakmd.errors import AnalysisError

#: Least autocorrelation between consecutive rows; below it the rows are too far apart.
LEAST_OVERLAP = 0.5

#: Start of the linear fit, in integrated correlation times.
CORRELATION_TIMES = 6.0


class GreenKuboRecord(Record):
    """A transport coefficient and the functions it is derived from.

    Attributes
    ----------
    temperature : float [K]
    volume : float [Å³]
    lag : (n,) float64 [ps]
    correlation : (n,) float64
        Autocorrelation of the current, 1 at lag 0.
    running, running_error : (n,) float64
        Half the time derivative of the squared Helfand moment: the smoothed Green-Kubo integral, in the unit of the
        value. The error is NaN if the current has one component.
    fit : tuple of float [ps]
        Window of the fit.
    settled : bool
        False if the running integral changes within the window by more than its error.
    """

    curve_tables = (
        RecordCurve(
            "integral",
            {"lag [ps]": "lag"},
            {"correlation": "correlation", "running integral": "running", "error": "running_error"},
        ),
    )

    #: Words of the table and of the plot.
    row: ClassVar[str]
    symbol: ClassVar[str]
    current: ClassVar[str]
    #: How it depends on temperature.
    law: ClassVar[TemperatureLaw | None] = None

    temperature: float
    volume: float
    lag: FloatArray
    correlation: FloatArray
    running: FloatArray
    running_error: FloatArray
    fit: tuple[float, float]
    settled: bool

    def __str__(self) -> str:
        text = super().__str__()
        return text if self.settled else f"{text} [the integral has not settled]"

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the results table."""
        yield Row.of(self.row, self, "" if self.settled else "the integral has not settled", law=self.law)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the running integral with its error, the fit window and the value."""
        figure, ax = figure_for(ax)
        ax.plot(self.lag, self.running, color=COLORS[0], label="slope of the Helfand moment")
        low, high = self.running - self.running_error, self.running + self.running_error
        ax.fill_between(self.lag, low, high, color=COLORS[0], alpha=0.3, lw=0)
        ax.plot(self.fit, [self.value] * 2, color=COLORS[1], lw=2, label=f"{self.symbol} = {self.text}")
        top = max(float(self.running.max()), float(self.value))
        ax.plot(
            self.lag,
            self.correlation * top,
            color=COLORS[2],
            ls="--",
            lw=1,
            label=f"{self.current} correlation, scaled",
        )
        ax.axhline(0.0, color="0.7", lw=0.8, zorder=0)
        ax.set(xlabel="t / ps", ylabel=f"{self.symbol} / {self.unit}", xlim=(0.0, self.lag[-1]))
        ax.legend(fontsize="small")
        return figure


@dataclass(frozen=True)
class Current:
    """Words for a coefficient and its current, for messages and notes.

    Attributes
    ----------
    coefficient, current, sample : str
        ``"viscosity"``, ``"shear stress"``, ``"pressures"``.
    short : str
        The current in the name of its correlation: ``"stress"``.
    remedy : str
        How to record it often enough.
    components : str
        Number and name of the components, as a word: ``"five components"``.
    """

    coefficient: str
    current: str
    sample: str
    short: str
    remedy: str
    components: str


def green_kubo_fields(
    series: FloatArray, step: float, factor: float, words: Current, fit: tuple[float, float] | None = None
) -> dict[str, Any]:
    """Return the fields of `GreenKuboRecord` that a series of currents determines, with value, error and notes.

    Parameters
    ----------
    series : (n, c) float64
        Independent components of the current with equal variances.
    step : float [ps]
        Time between consecutive rows.
    factor : float
        The coefficient is ``factor`` ∫ <J(0) J(t)> dt.
    words : Current
    fit : (float, float) [ps], optional
        Window of the fit; by default from 6 integrated correlation times to twice that.

    Raises
    ------
    AnalysisError
        If the current is zero, the rows are too far apart, or the series is too short.
    """
    n, n_components = series.shape
    correlation = autocorrelation_of(series)
    if not correlation[0] > 0.0:
        raise AnalysisError(f"The {words.current} is zero in all rows, so there is no {words.coefficient}.")
    correlation = correlation / correlation[0]
    if correlation[1] < LEAST_OVERLAP:
        raise AnalysisError(
            f"A spacing of {step:g} ps between {words.sample} is too large for the {words.coefficient}: the "
            f"{words.short} correlation falls to {correlation[1]:.2f} from one row to the next. {words.remedy}"
        )
    low, high = window_of(correlation, step, words) if fit is None else fit_window(fit, n, step)
    moments = helfand_moments(series, step)
    times = np.asarray(np.arange(low, high + 1) * step, dtype=np.float64)
    weights = slope_weights(times) * 0.5 * factor
    squares = mean_squared_displacements(moments)
    whole = weights @ squares[low : high + 1]
    n_segments = min(64, int((n - 1) / (1.25 * high)))
    error, n_effective, _, error_notes = error_of_coefficient(
        whole, segment_slopes(moments, n_segments, low, high, weights)
    )
    value = float(whole.mean())
    # slope of the second half minus that of the first: zero once the correlation has decayed
    half = len(times) // 2
    bend = np.zeros(len(times))
    bend[half:] += slope_weights(times[half:]) * 0.5 * factor
    bend[: half + 1] -= slope_weights(times[: half + 1]) * 0.5 * factor
    change = bend @ squares[low : high + 1]
    change_error, samples, _, _ = error_of_coefficient(change, segment_slopes(moments, n_segments, low, high, bend))
    settled = abs(float(change.mean())) <= max(0.1 * abs(value), student_factor(samples) * change_error)
    n_lags = min(n - 1, 2 * high)
    growth = 0.5 * factor * np.gradient(squares[: n_lags + 1], step, axis=0)
    scatter = growth.std(axis=1, ddof=1) if n_components > 1 else np.full(len(growth), math.nan)
    notes = [
        *error_notes,
        f"window {low * step:.3g} to {high * step:.3g} ps of {(n - 1) * step:.4g} ps, {words.components}",
    ]
    if n_segments < 3:
        notes.append(f"too short for time segments: the error is from {words.components}")
    if not settled:
        notes.append(
            f"the {words.coefficient} still changes by {100 * float(change.mean()) / value:+.0f} % within the window: "
            "choose a later one (fit=), or run longer"
        )
    if correlation[1] < 0.8:
        notes.append(f"coarse: the {words.short} correlation falls to {correlation[1]:.2f} from one row to the next")
    return {
        "value": value,
        "error": error,
        "n_effective": n_effective,
        "notes": tuple(notes),
        "lag": np.asarray(np.arange(n_lags + 1) * step, dtype=np.float64),
        "correlation": correlation[: n_lags + 1],
        "running": growth.mean(axis=1),
        "running_error": scatter / math.sqrt(n_components),
        "fit": (low * step, high * step),
        "settled": bool(settled),
    }


def autocorrelation_of(series: FloatArray) -> FloatArray:
    """Return the mean autocorrelation of the components of a series, (n, c), at every lag, (n,); not normalised."""
    n = len(series)
    size = scipy.fft.next_fast_len(2 * n, real=True)
    transform = scipy.fft.rfft(series, size, axis=0)
    products = scipy.fft.irfft(transform.real**2 + transform.imag**2, size, axis=0)[:n].mean(axis=1)
    return np.asarray(products / np.arange(n, 0, -1))


def helfand_moments(series: FloatArray, step: float) -> FloatArray:
    """Return the time integrals of the components of a series, (n, c), from the first row on: (n, c, 1)."""
    moments = np.zeros((*series.shape, 1))
    np.cumsum(0.5 * step * (series[1:] + series[:-1]), axis=0, out=moments[1:, :, 0])
    return moments


def window_of(correlation: FloatArray, step: float, words: Current) -> tuple[int, int]:
    """Return first and last lag of the linear fit: from `CORRELATION_TIMES` to twice that."""
    n = len(correlation)
    integral = np.concatenate([[0.0], np.cumsum(0.5 * step * (correlation[1:] + correlation[:-1]))])
    beyond = np.flatnonzero(np.arange(n) * step > CORRELATION_TIMES * np.maximum(integral, step))
    low = int(beyond[0]) if len(beyond) else n
    if 2 * low > (n - 1) // 4:
        need = f"{8 * low * step:.2g} ps" if low < n else "several times as long"
        raise AnalysisError(
            f"A run of {(n - 1) * step:.3g} ps is too short for the {words.coefficient}: it must be at least four "
            f"times as long as the window, which ends at twice {CORRELATION_TIMES:g} correlation times of the "
            f"{words.short}. Run {need} or longer, better ten times that, or specify a window with fit=."
        )
    return low, max(2 * low, low + 2)


def carried_without_memory(current: FloatArray, flows: FloatArray) -> FloatArray:
    """Return the h, (a,), that minimise <(J - Σ h d)²>, from a current J (n, c, 1) and flows d (n, a, c)."""
    products = np.einsum("nac,nbc->ab", flows, flows)
    return np.asarray(np.linalg.solve(products, np.einsum("nac,ncx->a", flows, current)))


def carried_in_window(current: FloatArray, flows: FloatArray, step: float, low: int, high: int) -> FloatArray:
    """Return h = Λ_dd⁻¹ Λ_dq, (a,): what each of the flows d carries in the integral of a current q.

    The integral Λ_ab of two currents is (that of a + b, less that of a - b)/4.

    Parameters
    ----------
    current : (n, c) float64
    flows : (n, a, c) float64
    step : float [ps]
    low, high : int
        Lags between which the Helfand moments grow in proportion to time.
    """
    weights = slope_weights(np.asarray(np.arange(low, high + 1) * step, dtype=np.float64))

    def integral(series: FloatArray) -> float:
        return float((weights @ mean_squared_displacements(helfand_moments(series, step), low, high)).mean())

    def cross(a: FloatArray, b: FloatArray) -> float:
        # the two currents are brought to one size, so that no digits are lost in the difference
        ratio = float(np.sqrt(np.mean(a * a) / np.mean(b * b)))
        return (integral(a + ratio * b) - integral(a - ratio * b)) / (4.0 * ratio)

    columns = [flows[:, a] for a in range(flows.shape[1])]
    matrix = np.array([[integral(a) if a is b else cross(a, b) for b in columns] for a in columns])
    return np.asarray(np.linalg.solve(matrix, np.array([cross(current, a) for a in columns])))
