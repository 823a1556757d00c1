"""From the inputs to what a camera would see: Monte Carlo over all inputs, by route."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
from scipy.stats import rankdata

from nakmd.arrays import FloatArray
from nakmd.studies.heat_study import routes
from nakmd.studies.heat_study.camera import Camera
from nakmd.studies.heat_study.lumped import LUMPED, LumpedElectrode, peak_share, peak_time, warming
from nakmd.studies.heat_study.routes import Samples
from nakmd.studies.input_samples import sample, spread

#: Times of the stored curves [s], and the number of samples they are made of.
TIMES = np.concatenate([[0.0], np.geomspace(0.5, 200.0, 60)])
CURVES = 4000

#: Rise for which the camera's factor is given [K], and the change of what the surface reflects [K].
TEST_RISE, TEST_CHANGE = 5.0, 1.0

#: SI units in those of the inputs.
GRAM, MILLIMETRE, MICROMETRE, G_PER_CM3 = 1e-3, 1e-3, 1e-6, 1e3


def emissivity(samples: Samples) -> FloatArray:
    """Return the emissivity of a surface that is covered by tubes in part."""
    covered = samples["covered"]
    return covered * samples["emissivity_carbon"] + (1.0 - covered) * samples["emissivity_metal"]


def electrode(samples: Samples) -> LumpedElectrode:
    """Return the electrode of the samples."""
    return LumpedElectrode(
        mass=samples["mass"] * GRAM,
        carbon_fraction=samples["carbon_fraction"],
        thickness=samples["thickness"] * MILLIMETRE,
        convection=samples["convection"],
        support=samples["support"],
        emissivity=emissivity(samples),
        capacity_metal=samples["metal_capacity"] / GRAM,
        capacity_carbon=samples["carbon_capacity"] / GRAM,
        density_metal=samples["metal_density"] * G_PER_CM3,
        density_carbon=samples["carbon_density"] * G_PER_CM3,
        start=samples["start"],
    )


def camera(samples: Samples) -> Camera:
    """Return the camera: its band, its setting and the temperature at the start are exact inputs."""
    low, high, start, setting = (
        float(samples[name][0]) for name in ("band_low", "band_high", "start", "emissivity_set")
    )
    return Camera(low * MICROMETRE, high * MICROMETRE, start, setting)


def forward(inputs: Mapping[str, Mapping[str, Any]], samples: int, seed: int) -> dict[str, Any]:
    """Return spreads of heats, rises and readings by route, of the times, and of the shares of the routes.

    Parameters
    ----------
    inputs : mapping
        Entries of heat and common as dicts.
    samples, seed : int
    """
    drawn = sample(inputs, samples, seed)
    body, device, rate = electrode(drawn), camera(drawn), 1.0 / drawn["release_time"]
    epsilon, tau = emissivity(drawn), body.decay_time
    part = peak_share(rate, tau)
    found = routes.heats(drawn, seed)
    by_route: dict[str, Any] = {}
    for name, heat in found.items():
        adiabatic = body.adiabatic_rise(heat / GRAM)
        seen = device.reading(adiabatic * part, epsilon, drawn["reflected"])
        by_route[name] = {
            "heat": spread(heat),
            "adiabatic": spread(adiabatic),
            "peak": spread(adiabatic * part),
            "seen": spread(seen),
            "unseen": float(np.mean(np.abs(seen) < drawn["camera_noise"])),
        }
    joint = routes.together(found, seed)
    total = np.sum(list(joint.values()), axis=0)
    biot = body.biot(drawn["metal_conductivity"])
    seen_rise = device.reading(TEST_RISE, epsilon, drawn["reflected"])
    return {
        "routes": by_route,
        "variants": _variants(drawn),
        "shares": {name: spread(heat / total) for name, heat in joint.items()},
        "times": {"peak": spread(peak_time(rate, tau)), "decay": spread(tau), "release": spread(1.0 / rate)},
        "biot": {**spread(biot), "largest": float(biot.max()), "lumped": float(np.mean(biot < LUMPED))},
        "camera": {
            "ratio": spread(epsilon / device.setting),
            "band": spread(seen_rise / TEST_RISE),
            "background": spread(device.background(TEST_CHANGE, epsilon)),
        },
        "influence": _influence(drawn, body, device, found[routes.REPLACED], part),
        "curves": _curves(drawn, body, device, found, rate),
    }


def _variants(drawn: Samples) -> dict[str, dict[str, dict[str, float]]]:
    """Return the spread of the heat of wetting of each wall by each metal and surface energy."""
    return {
        name: {
            f"{metal}, surface {surface}": spread(routes.wetting(drawn, wall, metal, surface))
            for metal, surface in product(routes.METAL_SETS, routes.SURFACES)
        }
        for wall, name in routes.WETTING.items()
    }


def _influence(
    drawn: Samples, body: LumpedElectrode, device: Camera, heat: FloatArray, part: FloatArray
) -> dict[str, float]:
    """Return the rank correlation of each input with what the camera sees of the nitrogen's route."""
    seen = device.reading(body.adiabatic_rise(heat / GRAM) * part, emissivity(drawn), drawn["reflected"])
    ranks = rankdata(seen)
    found = {
        name: float(np.corrcoef(rankdata(values), ranks)[0, 1])
        for name, values in drawn.items()
        if np.ptp(values) > 0.0
    }
    return dict(sorted(found.items(), key=lambda item: -abs(item[1])))


def _curves(
    drawn: Samples, body: LumpedElectrode, device: Camera, found: Mapping[str, FloatArray], rate: FloatArray
) -> dict[str, Any]:
    """Return the median and the range of 90 % of the readings against time, by route."""
    few = slice(0, CURVES)
    epsilon = emissivity(drawn)[few, None]
    shape = warming(TIMES, rate[few, None], body.decay_time[few, None])
    curves: dict[str, Any] = {"time": TIMES.tolist()}
    for name, heat in found.items():
        rise = body.adiabatic_rise(heat / GRAM)[few, None] * shape
        seen = device.reading(rise, epsilon, drawn["reflected"][few, None])
        curves[name] = np.percentile(seen, (5.0, 50.0, 95.0), axis=0).tolist()
    return curves
