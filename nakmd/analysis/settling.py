r"""Whether the measured stages of a run are stationary, and when their equilibration ends.

A mean over frames is the mean of an equilibrium only if these frames are stationary. This module decides from the
watched series (`WatchedSeries`) what is left out, what had not settled, and what could not be judged. The unit of all
limits is the standard error, as the normal quantile of the same probability (`normal_quantile`), so that they mean
the same for few independent samples.

**Each stage on its own.** A stage is a state that the user sets up. Stages are never joined for the search, and
the only cut is in the first measured stage: frames remain one uninterrupted tail. A later stage that needs a cut is a
fault, and so are stages whose means differ by more than `CONTRAST`, and a thermostat whose temperature varies.

**The cut.** Equilibration ends at the start that leaves the most independent samples [1]_, searched in the first half.
That criterion alone cuts stationary series too, and then underestimates errors. So a cut must gain a factor `GAIN` of
independent samples, and the means before and after it must differ by more than `CONTRAST`. The noise is that of the
samples kept, since the part before contains the relaxation.

**Faults of one series.** With n samples, of which those from the cut on are kept:

- the samples kept drift by more than `LIMIT` (`trend_of`), or bend by more than `CONTRAST` (`curvature_of`);
- the best start is in the second half, and at it or earlier in that half the means before and after differ by more
  than `CONTRAST`, with the noise of both parts: a late change, which no cut in the first half removes;
- the whole series drifts by more than `LIMIT`, and the cut does not explain it: the samples kept still drift by more
  than `TAIL_LIMIT`, or their slope is not below that of the whole series by `TAIL_LIMIT`. Once a series is known to
  drift, it must be shown to have stopped; a tail that is only too short to show a drift is not enough.

**Not judged** are series with fewer than `LEAST_SAMPLES` samples or `LEAST_INDEPENDENT` independent ones. A run is
judged only if no watched series is missing: with a wall, that includes the energy between wall and metal.

**Limits.** A drift is one test for each series: 3 standard errors, 0.3 % for exact errors. Cuts, late changes and
bends are chosen among a hundred starts or come from estimates with few independent samples: 4 standard errors, 0.006 %
nominal. Measured rates are higher, because the correlation time is estimated from the same series.

**Measured rates** in per cent, for one series of 400 samples with standard deviation σ and autocorrelation
:math:`e^{-t/\tau}`; ensembles of 300 stationary series and of 80 others. Shapes are lines of 2 and 5 σ, decays from 3
and 10 σ with the given time in units of the series, steps of 3 and 10 σ after 80 and 90 % of it, and a fall of 5 σ in
the first half with a rise in the second. A run has three to five watched series, whose rates add.

================================  ======  ======  ======
τ [samples]                       2       10      20
independent samples               98      20      10
================================  ======  ======  ======
stationary, called a fault        0.7     1.7     3.3
stationary, cut                   0       0.7     1.7
stationary, 95 % interval covers  95      91      92
line 2 σ, called a fault          99      54      30
line 5 σ                          100     92      92
decay 10 σ, 0.05: fault           0       0       6
decay 10 σ, 0.05: cut             100     78      36
decay 3 σ, 0.2: fault             31      29      19
decay 3 σ, 0.5: fault             75      45      29
step 3 σ at 80 %                  100     86      72
step 10 σ at 80 %                 100     100     100
step 3 σ at 90 %                  35      35      28
step 10 σ at 90 %                 96      70      79
fall and rise 5 σ                 100     75      61
================================  ======  ======  ======

With 5 independent samples (n = 100, τ = 10) 10 % of stationary series are called a fault, 4 % are not judged and 4 %
are cut. A slow decay of a few σ is the weak point: of those that pass, the mean is off by more than its error.

References
----------
.. [1] Chodera, J. Chem. Theory Comput. 12, 1799 (2016). doi:10.1021/acs.jctc.5b00784
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nakmd.analysis.numerics.autocorrelation import independent_samples
from nakmd.analysis.numerics.mean_difference import CorrelatedMean, contrast_of, is_constant
from nakmd.analysis.numerics.trend import LEAST_SAMPLES, LIMIT, curvature_of, slope_lost, trend_of
from nakmd.arrays import FloatArray, IntArray

#: Most samples of a series that are searched; longer series are thinned. The search resolves 1 % of the series.
MOST_SAMPLES = 5000

#: A start is left out only if the independent samples then exceed those of the whole series by this factor: the
#: number of samples is itself an estimate.
GAIN = 1.25

#: Means before and after a start chosen among many, and bends, count from this number of standard errors on.
CONTRAST = 4.0

#: Drift [standard errors] above which the samples kept of a drifting series have not stopped to drift (5 %).
TAIL_LIMIT = 2.0

#: Fewest independent samples from which a series is judged: the correlation time of fewer is not resolved.
LEAST_INDEPENDENT = 5.0

#: Above this number of standard errors the probability underflows.
_MANY = 30.0

#: A time series: times [ps] and values, both (n,).
Series = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class Settling:
    """Equilibration of one quantity in one measured stage.

    Attributes
    ----------
    quantity : str
    begin, settled, end : float [ps]
        First sample, first sample after equilibration, last sample; numbers of frames that have no times in order.
    n_effective : float
        Independent samples from ``settled`` on.
    fault : str
        Why it cannot be called settled; empty if it had settled.
    contrast : float
        Difference of the means before and after ``settled`` in standard errors; 0 if there is nothing before.
    stage : str
        Name of the stage, if several were measured; otherwise empty.
    kept : int
        Number of samples from ``settled`` on.
    """

    quantity: str
    begin: float
    settled: float
    end: float
    n_effective: float
    fault: str = ""
    contrast: float = 0.0
    stage: str = ""
    kept: int = 0

    @property
    def label(self) -> str:
        """The quantity, with its stage if several were measured."""
        return f"{self.quantity} in {self.stage!r}" if self.stage else self.quantity

    @property
    def doubt(self) -> str:
        """Why it cannot be judged; empty if it can."""
        if self.kept < LEAST_SAMPLES:
            return f"{self.kept} samples are left after equilibration, fewer than {LEAST_SAMPLES}"
        if self.n_effective < LEAST_INDEPENDENT:
            return f"{self.n_effective:.1f} independent samples, fewer than {LEAST_INDEPENDENT:g}"
        return ""


def settling_of(quantity: str, series: Series, stage: str = "") -> Settling | None:
    """Return the equilibration of a series; None if it is constant or has fewer than `LEAST_SAMPLES` samples.

    Parameters
    ----------
    quantity : str
        Its name.
    series : pair of (n,) float64
        Times [ps] and values.
    stage : str
        As in `Settling`.

    Notes
    -----
    The criteria are those of this module. A series with a fault may have a cut too: of a relaxation that has not ended,
    the second half is reported.
    """
    stride = max(1, -(-len(series[1]) // MOST_SAMPLES))
    time, values = series[0][::stride], series[1][::stride]
    n = len(values)
    if n < LEAST_SAMPLES or is_constant(values):
        return None
    starts, numbers = independent_samples(values)
    best = int(np.argmax(numbers))
    first = int(np.argmax(np.where(starts <= n // 2, numbers, 0.0)))
    start, number, contrast = int(starts[first]), float(numbers[first]), 0.0
    if start:
        contrast = contrast_of(values, start, number)
    if not (number >= GAIN * numbers[0] and contrast > CONTRAST):
        start, number, contrast = 0, float(numbers[0]), 0.0
    fault = _drift(values, start)
    if not fault and starts[best] > n // 2:
        fault = _late_change(values, starts[(starts > n // 2) & (starts <= starts[best])])
    return Settling(
        quantity,
        begin=float(time[0]),
        settled=float(time[start]),
        end=float(series[0][-1]),
        n_effective=number,
        fault=fault,
        contrast=contrast,
        stage=stage,
        kept=len(series[1]) - start * stride,
    )


def _drift(values: FloatArray, start: int) -> str:
    """Return the fault of a series that drifts or bends from ``start`` on, or whose drift this start leaves open."""
    tail = values[start:]
    drift, bend, total = trend_of(tail), curvature_of(tail), trend_of(values)
    if drift is not None and abs(drift) > LIMIT:
        return f"it drifts by {in_errors(drift)}"
    if bend is not None and abs(bend) > CONTRAST:
        return f"it is curved by {in_errors(bend)}"
    if start and total is not None and abs(total) > LIMIT:
        stopped = drift is not None and abs(drift) <= TAIL_LIMIT and slope_lost(values, start) >= TAIL_LIMIT
        if not stopped:
            return f"it drifts by {in_errors(total)}, and the part left out does not explain that"
    return ""


def _late_change(values: FloatArray, starts: IntArray) -> str:
    """Return the fault of a series whose mean changes at one of these starts."""
    for start in starts:
        before, after = CorrelatedMean.of(values[:start]), CorrelatedMean.of(values[start:])
        if before.difference(after) > CONTRAST:
            return f"its mean changes late, after {start / len(values):.0%} of the samples"
    return ""


def in_errors(number: float) -> str:
    """Return a number of standard errors for a message."""
    return f"{abs(number):.1f} standard errors" if abs(number) < _MANY else f"more than {_MANY:g} standard errors"
