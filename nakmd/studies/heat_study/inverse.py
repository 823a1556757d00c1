"""From a measured curve to the heat: which heats agree with its peak, and which routes could have given them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nakmd.analysis.numerics.jackknife import jackknife, merged
from nakmd.arrays import FloatArray
from nakmd.errors import RunError
from nakmd.studies.heat_study import routes
from nakmd.studies.heat_study.forward import GRAM, camera, electrode, emissivity
from nakmd.studies.heat_study.lumped import peak_share, peak_time
from nakmd.studies.heat_study.routes import Samples
from nakmd.studies.input_samples import effective_number, sample, spread
from nakmd.studies.study_inputs import Input

#: Entries of heat and common as dicts; ``heat.measured_…`` are the measurement.
Entries = Mapping[str, Mapping[str, Any]]

#: Effective number of samples below which a posterior is not given.
FEWEST = 200.0

#: Blocks of samples, at least, for the sampling error of a width.
BLOCKS = 50

#: Standard errors of a measurement within which a sample agrees with it.
FARTHEST = 3.0


def inverse(inputs: Entries, samples: int, seed: int) -> dict[str, Any]:
    r"""Return the posterior of the heat from a measured peak, and what each route alone would need for it.

    Parameters
    ----------
    inputs : mapping
    samples, seed : int

    Notes
    -----
    Samples of the inputs, with the measured mass and carbon fraction, get the weight of the measured time,
    :math:`\exp(-(t_p - t)^2/2\sigma_t^2)`. Each gives one heat for one reading drawn from the measured peak: the
    posterior of a prior that is flat in the logarithm of the heat.

    Raises
    ------
    RunError
        If too few samples agree with the measurement.
    """
    drawn, weights, gain = _measured(inputs, samples, seed)
    rise = camera(drawn).rise(drawn["measured_rise"], emissivity(drawn), drawn["reflected"])
    heat = rise / gain
    return {
        "heat": spread(heat, weights),
        "rise": spread(rise, weights),
        "samples": effective_number(weights),
        "needs": _needs(drawn, heat, weights, inputs),
    }


def by_camera(inputs: Entries, samples: int, seed: int) -> dict[str, Any]:
    """Return the posterior of the routes from a measured peak, if all of them occur together.

    The prior is that of the forward study: independent samples of the routes meet the samples of `inverse`, drawn again
    by their weights, and get the weight of the reading of their sum. Arguments and errors are those of `inverse`.
    """
    drawn, weights, gain = _measured(inputs, samples, seed)
    again = np.random.default_rng([seed, 3]).choice(samples, samples, p=weights / weights.sum())
    joint = routes.together(routes.heats(drawn, seed), seed)
    rise = gain[again] * np.sum(list(joint.values()), axis=0)
    seen = camera(drawn).reading(rise, emissivity(drawn)[again], drawn["reflected"][again])
    reading = Input(**inputs["heat.measured_rise"])
    likely = _likelihood(seen, reading)
    _require_samples(likely, seen, reading)
    return _posterior(joint, likely)


def by_calorimeter(inputs: Entries, samples: int, seed: int) -> dict[str, Any]:
    """Return the posterior of the routes if a calorimeter finds the median of their sum: what no camera could improve.

    Arguments are those of `inverse`.
    """
    drawn = sample(inputs, samples, seed)
    joint = routes.together(routes.heats(drawn, seed), seed)
    total = np.sum(list(joint.values()), axis=0)
    off = (total / float(np.median(total)) - 1.0) / float(drawn["calorimeter_error"][0])
    return _posterior(joint, np.exp(-0.5 * off**2))


def _measured(inputs: Entries, samples: int, seed: int) -> tuple[dict[str, FloatArray], FloatArray, FloatArray]:
    """Return samples with the measured mass and carbon, weights of the time, and the peak [K] of 1 J/g."""
    drawn = sample(inputs, samples, seed)
    drawn["carbon_fraction"], drawn["mass"] = drawn["measured_fraction"], drawn["measured_mass"]
    body, rate = electrode(drawn), 1.0 / drawn["release_time"]
    times, time = peak_time(rate, body.decay_time), Input(**inputs["heat.measured_time"])
    weights = _likelihood(times, time)
    _require_samples(weights, times, time)
    one = body.adiabatic_rise(np.full(samples, 1.0 / GRAM))
    return drawn, weights, one * peak_share(rate, body.decay_time)


def _likelihood(values: FloatArray, measured: Input) -> FloatArray:
    """Return the likelihood of values that should be the measured one, 1 at most."""
    found: FloatArray = np.exp(-0.5 * ((values - measured.middle) / measured.deviation) ** 2)
    return found


def _require_samples(weights: FloatArray, values: FloatArray, measured: Input) -> None:
    """Refuse a measurement that almost no sample agrees with."""
    # samples that are all equally far away have a large effective number
    near = float(np.count_nonzero(weights > np.exp(-0.5 * FARTHEST**2)))
    agreeing = min(effective_number(weights), near)
    if agreeing < FEWEST:
        low, high = np.percentile(values, (5.0, 95.0))
        raise RunError(
            f"Too few samples ({agreeing:.0f} of {len(values)}) agree with {measured.key} = "
            f"{measured.text}: with these inputs it is {low:.3g} to {high:.3g} {measured.unit} in nine of ten. Check "
            "the measurement, widen the inputs, or state a larger error."
        )


def _needs(drawn: Samples, heat: FloatArray, weights: FloatArray, inputs: Entries) -> dict[str, dict[str, float]]:
    """Return how much of each route alone would give the heat, and the chance that its inputs allow as much."""
    replaced = np.prod([_top(inputs, name) for name in ("nitrogen", "graphitic_share", "converted")])
    amounts = {
        routes.REPLACED: (heat / routes.replaced(drawn, np.ones_like(heat)), float(replaced)),
        routes.KC8: (heat / drawn["kc8"], _top(inputs, "kc8_share")),
        routes.OXYGEN: (heat / (routes.oxygen(drawn) / drawn["oxygen"]), _top(inputs, "oxygen")),
        routes.WATER: (heat / (routes.water(drawn) / drawn["water"]), _top(inputs, "water")),
    }
    return {
        name: {
            **spread(amount, weights), "most": most,
            "possible": float(np.average((amount >= 0.0) & (amount <= most), weights=weights)),
        }
        for name, (amount, most) in amounts.items()
    }  # fmt: skip


def _top(inputs: Entries, name: str) -> float:
    """Return the largest number that an input is taken to have: its upper end, or two standard deviations above it."""
    entry = Input(**next(entry for key, entry in inputs.items() if key.partition(".")[2] == name))
    return entry.high if entry.high is not None else entry.middle + 2.0 * entry.deviation


def _posterior(joint: Mapping[str, FloatArray], weights: FloatArray) -> dict[str, Any]:
    """Return the share of each route, the width of its heat over that of the prior, and correlations of the heats.

    A route without any width has neither. The widths are over all inputs, so that their error is that of the sampling.
    """
    names, stacked = list(joint), np.stack(list(joint.values()))
    narrowing_errors = _narrowing_errors(stacked, weights)
    total = stacked.sum(axis=0)
    covariance = np.cov(stacked, aweights=weights)
    widths = np.sqrt(np.diag(covariance))
    before = stacked.std(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = covariance / np.outer(widths, widths)
        narrowing = widths / before
    return {
        "samples": effective_number(weights),
        "shares": {name: spread(heat / total, weights) for name, heat in joint.items()},
        "narrowing": dict(zip(names, narrowing.tolist())),
        "narrowing errors": dict(zip(names, narrowing_errors.tolist())),
        "correlation": {name: dict(zip(names, row)) for name, row in zip(names, correlation.tolist())},
    }


def _narrowing_errors(heats: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the sampling errors of the widths of heats (n_routes, n) with weights over those without."""
    # one shift keeps the differences of squares accurate
    centred = heats - heats.mean(axis=1, keepdims=True)
    # moments with and without weights: (n_moments, n_routes, n)
    moments = np.stack([np.broadcast_to(weights, centred.shape), weights * centred, weights * centred**2,
                        centred, centred**2])  # fmt: skip
    blocks = merged(np.moveaxis(moments, -1, 0), BLOCKS)

    def narrowing(mean: FloatArray) -> FloatArray:
        weight, first, second, plain, square = mean
        with np.errstate(divide="ignore", invalid="ignore"):
            after, before = second / weight - (first / weight) ** 2, square - plain**2
            return np.asarray(np.sqrt(after / before))

    return jackknife(blocks, narrowing)[0]
