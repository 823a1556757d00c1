"""From a measured curve to the heat: which heats agree with its peak, and which routes could have given them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nakmd.arrays import FloatArray, IntArray
from nakmd.errors import RunError
from nakmd.studies.heat_study import routes
from nakmd.studies.heat_study.forward import GRAM, camera, electrode, emissivity
from nakmd.studies.heat_study.lumped import peak_share, peak_time
from nakmd.studies.heat_study.routes import Samples
from nakmd.studies.input_samples import effective_number, sample, spread
from nakmd.studies.study_inputs import Input

#: Effective number of samples below which a posterior is not given.
FEWEST = 200.0


def inverse(inputs: Mapping[str, Mapping[str, Any]], samples: int, seed: int) -> dict[str, Any]:
    r"""Return the posterior of the heat from a measured peak, what each route would need for it, and their posteriors.

    Parameters
    ----------
    inputs : mapping
        Entries of heat and common as dicts; ``heat.measured_…`` are the measurement.
    samples, seed : int

    Notes
    -----
    Samples of the inputs, with the measured mass and carbon fraction, get the weight of the measured time,
    :math:`\exp(-(t_p - t)^2/2\sigma_t^2)`. Each gives one heat for one reading drawn from the measured peak: the
    posterior of a prior that is flat in the logarithm of the heat. For the posteriors of the routes the prior is that
    of the forward study: independent samples of the routes meet the samples above, drawn again by their weights, and
    get the weight of the reading of their sum. A calorimeter that finds the median of that sum, with a small error, tells
    what no camera could improve.

    Raises
    ------
    RunError
        If too few samples agree with the measurement.
    """
    drawn = sample(inputs, samples, seed)
    drawn["carbon_fraction"], drawn["mass"] = drawn["measured_fraction"], drawn["measured_mass"]
    body, device, rate = electrode(drawn), camera(drawn), 1.0 / drawn["release_time"]
    epsilon, tau = emissivity(drawn), body.decay_time
    times, time = peak_time(rate, tau), Input(**inputs["heat.measured_time"])
    weights = _likelihood(times, time)
    _require_samples(weights, times, time)
    part = peak_share(rate, tau)
    rise = device.rise(drawn["measured_rise"], epsilon, drawn["reflected"])
    heat = rise / body.adiabatic_rise(np.full(samples, 1.0 / GRAM)) / part
    again = np.random.default_rng([seed, 3]).choice(samples, samples, p=weights / weights.sum())
    peak_of_total = _reading_of_total(drawn, again, part)
    joint = routes.together(routes.heats(drawn, seed), seed)
    total = np.sum(list(joint.values()), axis=0)
    seen, reading = peak_of_total(total), Input(**inputs["heat.measured_rise"])
    by_camera = _likelihood(seen, reading)
    _require_samples(by_camera, seen, reading)
    middle = float(np.median(total))
    by_calorimeter = np.exp(-0.5 * ((total / middle - 1.0) / float(drawn["calorimeter_error"][0])) ** 2)
    return {
        "heat": spread(heat, weights),
        "rise": spread(rise, weights),
        "samples": effective_number(weights),
        "needs": _needs(drawn, heat, weights, inputs),
        "camera": _posteriors(joint, by_camera),
        "calorimeter": _posteriors(joint, by_calorimeter),
    }


def _likelihood(values: FloatArray, measured: Input) -> FloatArray:
    """Return the likelihood of values that should be the measured one, 1 at most."""
    return np.exp(-0.5 * ((values - measured.middle) / measured.deviation) ** 2)


def _require_samples(weights: FloatArray, values: FloatArray, measured: Input) -> None:
    """Refuse a measurement that almost no sample agrees with."""
    if effective_number(weights) < FEWEST:
        low, high = np.percentile(values, (5.0, 95.0))
        raise RunError(
            f"Too few samples ({effective_number(weights):.0f} of {len(values)}) agree with {measured.key} = "
            f"{measured.text}: with these inputs it is {low:.3g} to {high:.3g} {measured.unit} in nine of ten. Check "
            "the measurement, widen the inputs, or state a larger error."
        )


def _needs(
    drawn: Samples, heat: FloatArray, weights: FloatArray, inputs: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, float]]:
    """Return how much of each route alone would give the heat, and the chance that its inputs allow as much."""
    ones = np.ones_like(heat)
    top = {
        name: _top(inputs, name)
        for name in ("nitrogen", "graphitic_share", "converted", "kc8_share", "oxygen", "water")
    }
    one_each: dict[str, tuple[FloatArray, float]] = {
        routes.REPLACED: (
            heat / routes.replaced(drawn, ones), top["nitrogen"] * top["graphitic_share"] * top["converted"],
        ),
        routes.KC8: (heat / drawn["kc8"], top["kc8_share"]),
        routes.OXYGEN: (heat / (routes.oxygen(drawn) / drawn["oxygen"]), top["oxygen"]),
        routes.WATER: (heat / (routes.water(drawn) / drawn["water"]), top["water"]),
    }  # fmt: skip
    return {
        name: {
            **spread(amount, weights), "most": most,
            "possible": float(np.average((amount >= 0.0) & (amount <= most), weights=weights)),
        }
        for name, (amount, most) in one_each.items()
    }  # fmt: skip


def _top(inputs: Mapping[str, Mapping[str, Any]], name: str) -> float:
    """Return the largest number that an input is taken to have: its upper end, or two standard deviations above it."""
    entry = Input(**next(entry for key, entry in inputs.items() if key.partition(".")[2] == name))
    return entry.high if entry.high is not None else entry.middle + 2.0 * entry.deviation


def _reading_of_total(drawn: Samples, again: IntArray, part: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Return the function from a heat [J/g] to the highest reading [K] of the samples that were drawn again."""
    gain = electrode(drawn).adiabatic_rise(np.full(len(again), 1.0 / GRAM)) * part
    device, epsilon, reflected = camera(drawn), emissivity(drawn)[again], drawn["reflected"][again]
    return lambda total: device.reading(gain[again] * total, epsilon, reflected)


def _posteriors(joint: Mapping[str, FloatArray], weights: FloatArray) -> dict[str, Any]:
    """Return the posterior share of each route if all occur together, its width over the prior's, and correlations."""
    names, stacked = list(joint), np.stack(list(joint.values()))
    total = stacked.sum(axis=0)
    covariance = np.cov(stacked, aweights=weights)
    widths = np.sqrt(np.diag(covariance))
    return {
        "samples": effective_number(weights),
        "shares": {name: spread(heat / total, weights) for name, heat in joint.items()},
        "narrowing": {name: float(w / heat.std()) for name, w, heat in zip(names, widths, stacked)},
        "correlation": {
            name: {other: float(covariance[i, j] / widths[i] / widths[j]) for j, other in enumerate(names)}
            for i, name in enumerate(names)
        },
    }
