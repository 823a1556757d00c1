"""Means of correlated series with their standard errors, and the reliability of these errors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import scipy  # its modules load on first use: a deck checks its quantities before the first step
from numpy.typing import ArrayLike

from nakmd.analysis.numerics.autocorrelation import statistical_inefficiency
from nakmd.analysis.numerics.trend import LEAST_SAMPLES, trend_of
from nakmd.arrays import FloatArray, IntArray

#: Below this number of independent samples an error estimate is unreliable (its own error exceeds ~25 %).
TRUSTED_SAMPLES = 10.0


def format_measure(value: float, error: float, unit: str = "") -> str:
    """Return ``value ± error unit`` rounded to the significant digits of the error.

    Parameters
    ----------
    value, error : float
        A NaN error is written as unknown.
    unit : str
        ``"1"`` and ``""`` are not written.

    Examples
    --------
    >>> format_measure(0.4391, 0.0213, "Å²/ps")
    '0.44 ± 0.02 Å²/ps'
    >>> format_measure(12.3456, 0.0131)
    '12.346 ± 0.013'
    >>> format_measure(1.14e10, 1.7e10, "1/s")
    '(1.1 ± 1.7)e+10 1/s'
    """
    suffix = "" if unit in ("", "1") else f" {unit}"
    if not math.isfinite(value):
        return f"undefined{suffix}"
    if not math.isfinite(error):
        return f"{value:.4g}{suffix} (error unknown)"
    if error <= 1e-13 * abs(value):  # a constant: the error is rounding in the mean
        return f"{value:.6g} ± 0{suffix}"
    # an error that starts with 1 gets a second digit: rounding 0.014 to 0.01 would change it by 30 %
    exponent = math.floor(math.log10(error))
    digits = -exponent + (1 if error / 10.0**exponent < 1.95 else 0)
    power = math.floor(math.log10(max(abs(value), error)))
    if not -5 <= digits <= 5 and not -1 <= power <= 3:
        scaled = format_measure(value / 10.0**power, error / 10.0**power)
        return f"({scaled})e{power:+03d}{suffix}"
    places = max(digits, 0)
    rounded = round(value, digits) + 0.0  # no minus sign before a zero
    return f"{rounded:.{places}f} ± {round(error, digits):.{places}f}{suffix}"


@dataclass(frozen=True)
class Measure:
    """A number with its standard error.

    Attributes
    ----------
    value : float
    error : float
        Standard error of the mean; NaN if the data are insufficient.
    unit : str
    n_effective : float
        Number of independent samples behind the error.
    trend : float or None
        Change of the series from its start to its end in standard errors (`trend_of`); None if it is unknown.

    Examples
    --------
    >>> from nakmd.analysis import Measure
    >>> energy = Measure(0.4391, 0.0213, "eV", n_effective=20.0)
    >>> energy.text, energy.scaled(1000.0, "meV").text
    ('0.44 ± 0.02 eV', '440 ± 20 meV')
    """

    value: float
    error: float
    unit: str
    n_effective: float
    trend: float | None = None

    @property
    def trusted(self) -> bool:
        """Whether the error comes from at least `TRUSTED_SAMPLES` independent samples."""
        return math.isfinite(self.error) and self.n_effective >= TRUSTED_SAMPLES

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the confidence interval, with Student's t for ``n_effective - 1`` degrees of freedom."""
        half = self.error * student_factor(self.n_effective, level)
        return self.value - half, self.value + half

    def scaled(self, factor: float, unit: str) -> Measure:
        """Return the same measure in another unit."""
        trend = None if self.trend is None else math.copysign(1.0, factor) * self.trend
        return Measure(self.value * factor, self.error * abs(factor), unit, self.n_effective, trend)

    @property
    def fields(self) -> MeasureFields:
        """Keyword arguments of a record whose main number this is."""
        return {
            "value": self.value,
            "error": self.error,
            "unit": self.unit,
            "n_effective": self.n_effective,
            "trend": self.trend,
        }

    @property
    def text(self) -> str:
        """Value, error and unit, without the warning about few samples that ``str`` adds."""
        return format_measure(self.value, self.error, self.unit)

    def __str__(self) -> str:
        text = self.text
        if math.isfinite(self.error) and not self.trusted:
            text += f" (error uncertain: {self.n_effective:.1f} independent samples)"
        return text


class MeasureFields(TypedDict):
    """The fields of a `Measure` as keyword arguments."""

    value: float
    error: float
    unit: str
    n_effective: float
    trend: float | None


def student_factor(n_effective: float, level: float = 0.95) -> float:
    """Return the half-width of a confidence interval in standard errors."""
    if not math.isfinite(n_effective):
        return math.nan
    return float(scipy.special.stdtrit(max(n_effective - 1.0, 1.0), 0.5 * (1.0 + level)))


@dataclass(frozen=True)
class BlockAverage:
    """The error of a mean as a function of block size, and the smallest sufficient size.

    Attributes
    ----------
    sizes : (k,) int64
        Samples per block: 1, 2, 4, ...
    errors : (k,) float64
        Standard error estimated from blocks of that size.
    uncertainties : (k,) float64
        Standard error of ``errors``.
    best : int or None
        Index of the smallest size that meets the criterion of Lee et al.; None if the series is too short.
    """

    sizes: IntArray
    errors: FloatArray
    uncertainties: FloatArray
    best: int | None


def block_average(series: ArrayLike) -> BlockAverage:
    """Return the errors of the mean after repeated averaging of adjacent pairs.

    Parameters
    ----------
    series : (n,) array_like

    Notes
    -----
    The best size is the first B with B³ > 2 n (σ_B/σ_1)⁴, where σ_B is the error from blocks of B samples.

    References
    ----------
    Flyvbjerg & Petersen, J. Chem. Phys. 91, 461 (1989). doi:10.1063/1.457480
    Choice of the block size: Lee et al., Phys. Rev. E 83, 066706 (2011). doi:10.1103/PhysRevE.83.066706
    """
    x = np.asarray(series, dtype=np.float64)
    n = len(x)
    sizes, errors, uncertainties = [], [], []
    size = 1
    while len(x) >= 2:
        error = math.sqrt(float(np.var(x, ddof=1)) / len(x))
        sizes.append(size)
        errors.append(error)
        uncertainties.append(error / math.sqrt(2.0 * (len(x) - 1)))
        even = len(x) // 2 * 2
        x = 0.5 * (x[0:even:2] + x[1:even:2])
        size *= 2
    best = None
    for row, (block, error) in enumerate(zip(sizes, errors)):
        if errors[0] == 0.0 or block**3 > 2.0 * n * (error / errors[0]) ** 4:
            best = row
            break
    return BlockAverage(np.array(sizes, dtype=np.int64), np.array(errors), np.array(uncertainties), best)


def mean_with_error(series: ArrayLike, unit: str = "") -> Measure:
    """Return the mean of a correlated series with its standard error.

    Parameters
    ----------
    series : (n,) array_like
        Evenly spaced in time.
    unit : str

    Returns
    -------
    Measure
        The error is the larger of two estimates: from the integrated autocorrelation (`statistical_inefficiency`)
        and from blocks (`block_average`). ``n_effective`` is the number of independent samples that corresponds
        to it. The error of a single sample is NaN.
    """
    x = np.asarray(series, dtype=np.float64)
    n = len(x)
    if n == 0:
        return Measure(math.nan, math.nan, unit, 0.0)
    mean = float(np.mean(x))
    if n == 1:
        return Measure(mean, math.nan, unit, 1.0)
    variance = float(np.var(x))
    if variance <= 1e-24 * mean * mean:
        return Measure(mean, 0.0, unit, float(n), 0.0 if n >= LEAST_SAMPLES else None)
    n_effective = n / statistical_inefficiency(x)
    error = math.sqrt(variance / max(n_effective - 1.0, 1.0))
    blocks = block_average(x)
    if blocks.best is not None and blocks.errors[blocks.best] > error:
        error = float(blocks.errors[blocks.best])
        n_effective = min(n_effective, 1.0 + variance / error**2)
    return Measure(mean, error, unit, n_effective, trend_of(x))


def ratio_of_means(
    numerators: list[FloatArray], denominators: list[FloatArray], unit: str = "", factor: float = 1.0
) -> Measure:
    r"""Return a ratio of products of means, with its error.

    .. math:: R = f \frac{\prod_k \langle a_k \rangle}{\prod_l \langle b_l \rangle}, \qquad
              \delta R \approx R \left( \sum_k \frac{\delta a_k}{\langle a_k \rangle}
                             - \sum_l \frac{\delta b_l}{\langle b_l \rangle} \right)

    The error is that of the mean of the series δR, so it includes correlations between the series and in time.

    Parameters
    ----------
    numerators, denominators : lists of (n,) float64
        Series over the same frames.
    unit : str
    factor : float

    Returns
    -------
    Measure
        NaN where a denominator vanishes.
    """
    n = len((numerators + denominators)[0])
    means_up = [float(np.mean(a)) for a in numerators]
    means_down = [float(np.mean(b)) for b in denominators]
    if any(m == 0.0 for m in means_down):
        return Measure(math.nan, math.nan, unit, 0.0)
    ratio = factor * math.prod(means_up) / math.prod(means_down)
    deviations = np.zeros(n)
    for k, (a, mean) in enumerate(zip(numerators, means_up)):
        # the product of the other factors, not R/mean: a numerator of zero has an error too
        derivative = factor * math.prod(m for j, m in enumerate(means_up) if j != k) / math.prod(means_down)
        deviations += derivative * (a - mean)
    for b, mean in zip(denominators, means_down):
        deviations -= ratio * (b - mean) / mean
    linearised = mean_with_error(deviations + ratio, unit)
    return Measure(ratio, linearised.error, unit, linearised.n_effective, linearised.trend)
