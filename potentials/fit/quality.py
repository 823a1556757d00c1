"""Quality of a fit: errors, cross-validation, wells against those of the data, differences between sites."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from curves import Point
from fitting import Fit, Stage, predict, rounded
from scipy.interpolate import CubicHermiteSpline
from scipy.optimize import brentq

from nakmd.arrays import FloatArray

SEED = 2026
N_BOOTSTRAP = 100


def with_bootstrap(stage: Stage, solved: Fit, seed: int = SEED) -> Fit:
    """Return the fit with bootstrap samples of its parameters (points drawn with replacement), if there are enough."""
    if 2 * len(stage.points) < 2 * len(stage.names):
        return solved
    random = np.random.default_rng(seed)
    samples = []
    for _ in range(N_BOOTSTRAP):
        drawn = [stage.points[k] for k in random.integers(0, len(stage.points), len(stage.points))]
        if 2 * len({(p.curve, p.height) for p in drawn}) > len(stage.names):
            samples.append(stage.solve(drawn, tuple(solved.values)).values)
    return Fit(solved.names, solved.values, solved.residuals, solved.jacobian, np.array(samples))


def left_out(stage: Stage, solved: Fit) -> dict[str, dict[str, float]]:
    """Return errors of energies [eV] of points excluded from the fit: by curve, and by height."""
    start = tuple(solved.values)
    curves: dict[str, float] = {}
    for curve in dict.fromkeys(p.curve for p in stage.points):
        rest = [p for p in stage.points if p.curve != curve]
        if 2 * len(rest) > len(stage.names):
            unseen = [p for p in stage.points if p.curve == curve]
            curves[curve] = rms(stage, unseen, stage.solve(rest, start).values)
    heights = {}
    for point in stage.points:
        rest = [p for p in stage.points if p is not point]
        if 2 * len(rest) >= len(stage.names):
            heights[f"{point.curve} {point.height:g}"] = rms(stage, [point], stage.solve(rest, start).values)
    return {"curve": curves, "height": heights}


def rms(stage: Stage, points: Sequence[Point], values: FloatArray) -> float:
    """Return the rms error of the energies [eV]."""
    off = [predict(p, stage.terms_of(p, values))[0] - p.energy for p in points]
    return rounded(float(np.sqrt(np.mean(np.square(off)))))


def errors(stage: Stage, values: FloatArray) -> dict[str, dict[str, Any]]:
    """Return the errors of energies [eV] and their rms, and the rms errors of forces [eV/Å], by curve."""
    out = {}
    for curve in dict.fromkeys(p.curve for p in stage.points):
        mine = [p for p in stage.points if p.curve == curve]
        off = np.array([predict(p, stage.terms_of(p, values)) for p in mine]) - [(p.energy, p.force) for p in mine]
        out[curve] = {
            "heights": [p.height for p in mine],
            "error_energy": [rounded(x) for x in off[:, 0]],
            "rms_energy": rounded(float(np.sqrt(np.mean(off[:, 0] ** 2)))),
            "rms_force": rounded(float(np.sqrt(np.mean(off[:, 1] ** 2)))) if np.all(np.isfinite(off)) else None,
        }
    return out


def moved(point: Point, height: float) -> Point:
    """Return a point with the metal at another height over the same sheet."""
    distances, rises = {}, {}
    for species, r in point.distances.items():
        below = r * point.rises[species]
        across = np.sqrt(np.maximum(r * r - below * below, 0.0))
        distances[species] = np.hypot(across, height)
        rises[species] = height / distances[species]
    return Point(
        point.metal, point.curve, height, np.nan, np.nan, distances, rises, point.concentration, "not computed"
    )


def well(stage: Stage, values: FloatArray, curve: str) -> tuple[float, float]:
    """Return height [Å] and energy [eV] of the lowest minimum of a fitted curve, which may be above zero."""
    sample = next(p for p in stage.points if p.curve == curve)
    heights = np.linspace(1.0, 5.0, 81)
    energies = np.array([predict(q, stage.terms_of(q, values))[0] for q in (moved(sample, h) for h in heights)])
    inner = 1 + np.flatnonzero((energies[1:-1] < energies[:-2]) & (energies[1:-1] <= energies[2:]))
    k = int(inner[np.argmin(energies[inner])])

    def force(height: float) -> float:
        point = moved(sample, height)
        return predict(point, stage.terms_of(point, values))[1]

    at = brentq(force, heights[k - 1], heights[k + 1], xtol=1e-4)
    bottom = moved(sample, at)
    return float(at), predict(bottom, stage.terms_of(bottom, values))[0]


def well_of_data(points: Sequence[Point]) -> tuple[float, float] | None:
    """Return height and energy of the minimum of a computed curve, from a cubic through energies and forces."""
    points = sorted(points, key=lambda p: p.height)
    for low, high in pairwise(points):
        if low.force > 0.0 > high.force:
            curve = CubicHermiteSpline([low.height, high.height], [low.energy, high.energy], [-low.force, -high.force])
            at = [x for x in curve.derivative().roots(extrapolate=False) if curve(x, 2) > 0.0]
            return (float(at[0]), float(curve(at[0]))) if at else None
    return None


def sites(stage: Stage, values: FloatArray) -> dict[str, dict[str, float]]:
    """Return energies above the hollow at the same height [eV], computed and fitted."""
    hollow = {p.height: p for p in stage.points if p.curve == "graphene_hollow"}
    out = {}
    for p in stage.points:
        if p.curve != "graphene_hollow" and p.height in hollow:
            h = hollow[p.height]
            fitted = predict(p, stage.terms_of(p, values))[0] - predict(h, stage.terms_of(h, values))[0]
            out[f"{p.curve} {p.height:g}"] = {"data": rounded(p.energy - h.energy), "fit": rounded(fitted)}
    return out
