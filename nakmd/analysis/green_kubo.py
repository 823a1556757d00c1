"""Green-Kubo integral of the shear stress, from the growth of the squared Helfand moment."""

from __future__ import annotations

import math
from collections.abc import Iterator

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
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray
from nakmd.errors import AnalysisError
from nakmd.units import GPA_PER_EV_A3, K_B

#: Viscosity: 1 eV ps/Å³ in mPa s (1 GPa ps is 1 mPa s).
MPA_S_PER_EV_PS_A3 = GPA_PER_EV_A3

#: Least autocorrelation between consecutive rows; below it the rows are too far apart.
LEAST_OVERLAP = 0.5

#: Start of the linear fit, in integrated correlation times.
CORRELATION_TIMES = 6.0


class ViscosityRecord(Record):
    """A shear viscosity [mPa s] and the functions it is derived from.

    Attributes
    ----------
    temperature : float [K]
    volume : float [Å³]
    lengths : (3,) float64 [Å]
        Lengths of the cell vectors.
    lag : (n,) float64 [ps]
    correlation : (n,) float64
        Autocorrelation of the shear stress, 1 at lag 0.
    running, running_error : (n,) float64 [mPa s]
        Half the time derivative of the squared Helfand moment: the smoothed Green-Kubo integral.
    fit : tuple of float [ps]
        Window of the fit.
    settled : bool
        False if the running integral changes within the window by more than its error.
    """

    temperature: float
    volume: float
    lengths: FloatArray
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
        yield Row.of("viscosity", self, "" if self.settled else "the integral has not settled")

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the running viscosity with its error, the fit window and the value."""
        figure, ax = figure_for(ax)
        ax.plot(self.lag, self.running, color=COLORS[0], label="slope of the Helfand moment")
        low, high = self.running - self.running_error, self.running + self.running_error
        ax.fill_between(self.lag, low, high, color=COLORS[0], alpha=0.3, lw=0)
        ax.plot(self.fit, [self.value] * 2, color=COLORS[1], lw=2, label=f"η = {self.text}")
        top = max(float(self.running.max()), float(self.value))
        ax.plot(self.lag, self.correlation * top, color=COLORS[2], ls="--", lw=1, label="stress correlation, scaled")
        ax.axhline(0.0, color="0.7", lw=0.8, zorder=0)
        ax.set(xlabel="t / ps", ylabel="η / mPa s", xlim=(0.0, self.lag[-1]))
        ax.legend(fontsize="small")
        return figure


def green_kubo(
    pressures: FloatArray,
    step: float,
    temperature: float,
    volume: float,
    lengths: FloatArray,
    fit: tuple[float, float] | None = None,
    notes: tuple[str, ...] = (),
) -> ViscosityRecord:
    """Return the viscosity from a series of pressure tensors.

    Parameters
    ----------
    pressures : (n, 6) float64 [eV/Å³]
        Voigt order xx yy zz yz xz xy.
    step : float [ps]
        Time between consecutive rows.
    temperature : float [K]
    volume : float [Å³]
    lengths : (3,) float64 [Å]
        Lengths of the cell vectors, for `yeh_hummer`.
    fit : (float, float) [ps], optional
        As in `Viscosity`.
    notes : tuple of str
        Notes on the source of the data.
    """
    xx, yy, zz, yz, xz, xy = pressures.T
    stress = np.stack([xy, xz, yz, 0.5 * (xx - yy), (2.0 * zz - xx - yy) / (2.0 * math.sqrt(3.0))], axis=1)
    n = len(stress)
    size = scipy.fft.next_fast_len(2 * n, real=True)
    transform = scipy.fft.rfft(stress, size, axis=0)
    products = scipy.fft.irfft(transform.real**2 + transform.imag**2, size, axis=0)[:n].mean(axis=1)
    correlation = products / np.arange(n, 0, -1)
    if not correlation[0] > 0.0:
        raise AnalysisError("The shear stress is zero in all rows, so there is no viscosity.")
    correlation = correlation / correlation[0]
    if correlation[1] < LEAST_OVERLAP:
        raise AnalysisError(
            f"A spacing of {step:g} ps between pressures is too large for the viscosity: the stress correlation falls "
            f"to {correlation[1]:.2f} from one row to the next. Record the pressure every 5 to 20 fs: "
            "[output] thermo_every = 10 at a timestep of 1 fs."
        )
    low, high = _window(correlation, step, n) if fit is None else fit_window(fit, n, step)
    moments = np.zeros((n, 5, 1))
    np.cumsum(0.5 * step * (stress[1:] + stress[:-1]), axis=0, out=moments[1:, :, 0])
    times = np.asarray(np.arange(low, high + 1) * step, dtype=np.float64)
    factor = volume / (K_B * temperature) * MPA_S_PER_EV_PS_A3
    weights = slope_weights(times) * 0.5 * factor
    squares = mean_squared_displacements(moments)
    whole = weights @ squares[low : high + 1]
    n_segments = min(64, int((n - 1) / (1.25 * high)))
    error, n_effective, _, error_notes = error_of_coefficient(
        whole, segment_slopes(moments, n_segments, low, high, weights)
    )
    value = float(whole.mean())
    # slope of the second half minus that of the first: zero once the stress correlation has decayed
    half = len(times) // 2
    bend = np.zeros(len(times))
    bend[half:] += slope_weights(times[half:]) * 0.5 * factor
    bend[: half + 1] -= slope_weights(times[: half + 1]) * 0.5 * factor
    change = bend @ squares[low : high + 1]
    change_error, samples, _, _ = error_of_coefficient(change, segment_slopes(moments, n_segments, low, high, bend))
    settled = abs(float(change.mean())) <= max(0.1 * abs(value), student_factor(samples) * change_error)
    n_lags = min(n - 1, 2 * high)
    growth = 0.5 * factor * np.gradient(squares[: n_lags + 1], step, axis=0)
    fit_notes = [
        *error_notes,
        f"window {low * step:.3g} to {high * step:.3g} ps of {(n - 1) * step:.4g} ps, five components",
    ]
    if n_segments < 3:
        fit_notes.append("too short for time segments: the error is from five components")
    if not settled:
        fit_notes.append(
            f"the viscosity still changes by {100 * float(change.mean()) / value:+.0f} % within the window: choose a "
            "later one (fit=), or run longer"
        )
    if correlation[1] < 0.8:
        fit_notes.append(f"coarse: the stress correlation falls to {correlation[1]:.2f} from one row to the next")
    return ViscosityRecord(
        quantity="shear viscosity",
        value=value,
        error=error,
        unit="mPa s",
        n_effective=n_effective,
        notes=(*notes, *fit_notes),
        temperature=temperature,
        volume=volume,
        lengths=np.asarray(lengths, dtype=np.float64),
        lag=np.asarray(np.arange(n_lags + 1) * step, dtype=np.float64),
        correlation=correlation[: n_lags + 1],
        running=growth.mean(axis=1),
        running_error=growth.std(axis=1, ddof=1) / math.sqrt(5.0),
        fit=(low * step, high * step),
        settled=bool(settled),
    )


def _window(correlation: FloatArray, step: float, n: int) -> tuple[int, int]:
    """Return first and last lag of the linear fit: from `CORRELATION_TIMES` to twice that."""
    integral = np.concatenate([[0.0], np.cumsum(0.5 * step * (correlation[1:] + correlation[:-1]))])
    beyond = np.flatnonzero(np.arange(n) * step > CORRELATION_TIMES * np.maximum(integral, step))
    low = int(beyond[0]) if len(beyond) else n
    if 2 * low > (n - 1) // 4:
        need = f"{8 * low * step:.2g} ps" if low < n else "several times as long"
        raise AnalysisError(
            f"A run of {(n - 1) * step:.3g} ps is too short for the viscosity: it must be at least four times as long "
            f"as the window, which ends at twice {CORRELATION_TIMES:g} correlation times of the stress. Run {need} or "
            "longer, better ten times that, or specify a window with fit=."
        )
    return low, max(2 * low, low + 2)
