"""Mean rates of a quantity that grows and fluctuates, by blocks of time."""

from __future__ import annotations

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import AnalysisError


def mean_rates(time: FloatArray, total: FloatArray, edges: FloatArray) -> FloatArray:
    """Return the mean rate of a quantity between successive times, (k,).

    The value at an edge is the mean of the rows within a quarter of a block of it: of the work of a bath, the energy
    that the atoms store fluctuates, and with single rows this would be the noise of the rate.

    Parameters
    ----------
    time, total : (n,) float64
    edges : (k + 1,) float64
        Evenly spaced, in order.

    Raises
    ------
    AnalysisError
        If there are fewer than three rows near an edge.
    """
    reach = 0.25 * (edges[1] - edges[0])
    means = []
    for edge in edges:
        near = np.abs(time - edge) <= reach
        if near.sum() < 3:
            raise AnalysisError(
                f"There are {near.sum()} rows of the thermo table within {reach:.3g} ps, fewer than 3. Write them more "
                "often ([output] thermo_every), or run longer."
            )
        means.append((time[near].mean(), total[near].mean()))
    moment, value = np.array(means).T
    return np.asarray(np.diff(value) / np.diff(moment))
