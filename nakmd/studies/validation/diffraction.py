"""Diffraction of a liquid metal at the temperature of the experiment: the first peak of S(q)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nakmd.analysis import StructureFactor
from nakmd.analysis.numerics.statistics import Measure
from nakmd.arrays import FloatArray
from nakmd.integrators import Bussi, VelocityVerlet
from nakmd.potentials import Potential
from nakmd.simulation import LiveAnalysis, Stage
from nakmd.structures.liquid import liquid
from nakmd.studies.validation.findings import Finding, restored, stored
from nakmd.studies.validation.liquid import (
    STRONG_BATH,
    TIMESTEP,
    at_mean_volume,
    name_of,
    run,
    steps_of,
    without_pressure,
)
from nakmd.studies.validation.references import reference_for

#: Temperature [K] of the diffraction data of each pure metal, by x_K.
TEMPERATURES = {0.0: 373.0, 1.0: 338.0}

#: Steps between samples (0.4 ps), largest q [1/Å] and number of bins.
EVERY, Q_MAX, BINS = 100, 3.0, 100

#: The peak is the vertex of a parabola through the points above this part of the largest.
ABOVE = 0.7


def measure(potential: Potential, params: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return S(q) and its first peak at zero pressure.

    ``params`` has ``"x_K"``, ``"temperature"`` [K], ``"atoms"``, ``"settle"`` and ``"time"`` [ps]: the volume is the
    mean of ``time`` at zero pressure, and S(q) that of as long a time at this volume.
    """
    x_K, temperature, time = float(params["x_K"]), float(params["temperature"]), float(params["time"])
    system = liquid(x_K, temperature, n_atoms=int(params["atoms"]), seed=seed)
    melting = float(params["settle"])
    averages = without_pressure(system, potential, temperature, melting, 0.2 * time, time, seed)
    system = at_mean_volume(system, averages)
    factor = StructureFactor(q_max=Q_MAX, bins=BINS)
    stages = [
        Stage("settle", VelocityVerlet(TIMESTEP, Bussi(temperature, STRONG_BATH)), steps_of(0.1 * time)),
        Stage("produce", VelocityVerlet(TIMESTEP, Bussi(temperature, STRONG_BATH)), steps_of(time)),
    ]
    run(system, potential, stages, [LiveAnalysis(factor, system.topology, EVERY, ["produce"])], seed)
    found = factor.result()
    return {
        "q": [float(q) for q in found.q],
        "S": [float(s) for s in found.number_number],
        "peak": stored(vertex(found.q, found.number_number, found.number_number_error)),
        "height": stored(found.peak_height),
        "atoms": system.n_atoms,
    }


def vertex(q: FloatArray, s: FloatArray, errors: FloatArray) -> Measure:
    """Return the vertex of a parabola through the points around the maximum that exceed 0.7 of it, with its error.

    The error is propagated from those of the points and increased by their scatter about the parabola.
    """
    top = int(np.argmax(s))
    inside = np.flatnonzero(s < ABOVE * s[top])
    first = int(inside[inside < top].max(initial=-1)) + 1
    last = int(inside[inside > top].min(initial=len(s)))
    x, y, e = q[first:last] - q[top], s[first:last], errors[first:last]
    if len(x) < 5 or not np.all(np.isfinite(e) & (e > 0.0)):
        return Measure(math.nan, math.nan, "1/Å", 0.0)
    (c, b, a), covariance = np.polyfit(x, y, 2, w=1.0 / e, cov="unscaled")
    if not c < 0.0:
        return Measure(math.nan, math.nan, "1/Å", 0.0)
    gradient = np.array([0.5 * b / c**2, -0.5 / c])
    variance = float(gradient @ covariance[:2, :2] @ gradient)
    chi2 = float(np.sum(((y - a - b * x - c * x**2) / e) ** 2)) / (len(x) - 3)
    return Measure(
        float(q[top] - 0.5 * b / c), math.sqrt(variance * max(1.0, chi2)), "1/Å", float(len(x) - 3)
    )  # fmt: skip


def findings(x_K: float, temperature: float, result: Mapping[str, Any]) -> list[Finding]:
    """Return position and height of the first peak of S(q) with their references."""
    of = name_of(x_K)
    rows = (
        ("first peak of S(q)", restored(result["peak"]), "vertex of a parabola through the points above 0.7 of it"),
        ("height of S(q)", restored(result["height"]), "the largest of the bins"),
    )
    return [
        Finding(
            group="liquid", quantity=quantity, of=of, temperature=temperature, value=measure.value, error=measure.error,
            size_error=0.0, size_note="wave vectors are 0.01 to 0.02 1/Å apart at the peak", unit=measure.unit,
            reference=reference_for(quantity, of), notes=(note, f"{result['atoms']} atoms"),
        )
        for quantity, measure, note in rows
    ]  # fmt: skip


def cost(params: Mapping[str, Any]) -> float:
    """Return the cost in atom-steps, for an estimate of the remaining time."""
    return float(params["atoms"]) * (float(params["settle"]) + 2.3 * float(params["time"])) / TIMESTEP
