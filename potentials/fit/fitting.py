"""Weighted least-squares fit of pair terms to points over a frozen sheet, with errors from the Jacobian."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from curves import CUTOFF, Point
from scipy.optimize import least_squares

from nakmd.arrays import FloatArray

#: Weights: tolerated errors of an energy [eV], a force [eV/Å] and a difference between two sites at one height [eV]. On
#: the repulsive wall they are multiplied by 1 + E/0.25 eV, E above the well: a liquid at 450 K does not reach it.
SIGMA_ENERGY, SIGMA_FORCE, SIGMA_SITE, SOFT = 0.015, 0.06, 0.008, 0.25

Formula = Callable[[FloatArray, Sequence[float]], tuple[FloatArray, FloatArray]]


@dataclass
class Fit:
    """Parameters of one stage, by name, with residuals and Jacobian."""

    names: tuple[str, ...]
    values: FloatArray
    residuals: FloatArray
    jacobian: FloatArray
    bootstrap: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def covariance(self) -> FloatArray:
        """Covariance of the logarithms of the parameters, scaled by the residuals: (n, n)."""
        freedom = max(len(self.residuals) - len(self.values), 1)
        scale = float(self.residuals @ self.residuals) / freedom
        inverse: FloatArray = np.linalg.pinv(self.jacobian.T @ self.jacobian) * scale
        return inverse

    def summary(self) -> dict[str, Any]:
        """Values, standard errors and correlations, for the results."""
        sigma = np.sqrt(np.diag(self.covariance))
        correlation = self.covariance / np.outer(sigma, sigma)
        out = {
            name: {"value": rounded(value), "error": rounded(value * s)}
            for name, value, s in zip(self.names, self.values, sigma, strict=True)
        }
        if len(self.bootstrap):
            for k, name in enumerate(self.names):
                low, high = np.percentile(self.bootstrap[:, k], [16, 84])
                out[name]["bootstrap_16_84"] = [rounded(low), rounded(high)]
        return {"parameters": out, "correlations": [[round(float(c), 2) for c in row] for row in correlation]}


def predict(point: Point, terms: Mapping[str, tuple[Formula, Sequence[float]]]) -> tuple[float, float]:
    """Return energy and force along z of a point; ``terms``: formula and parameters for each species of the wall."""
    energy = force = 0.0
    for species, r in point.distances.items():
        formula, p = terms[species]
        v, dv_dr = formula(r, p)
        energy += float(np.sum(v - formula(np.array([CUTOFF]), p)[0]))
        force -= float(np.sum(dv_dr * point.rises[species]))
    return energy, force


def fit(
    points: Sequence[Point],
    terms_of: Callable[[Point, FloatArray], Mapping[str, tuple[Formula, Sequence[float]]]],
    names: Sequence[str],
    start: Sequence[float],
) -> Fit:
    """Return the weighted least-squares fit of positive parameters to energies, forces and differences of sites."""
    well = {metal: min(p.energy for p in points if p.metal == metal) for metal in {p.metal for p in points}}
    soft = np.array([1.0 + max(0.0, p.energy - well[p.metal]) / SOFT if p.force > 0.3 else 1.0 for p in points])
    at = {(p.metal, p.curve, round(p.height, 2)): k for k, p in enumerate(points)}
    pairs = [
        (k, at[metal, "graphene_hollow", height])
        for (metal, curve, height), k in at.items()
        if curve != "graphene_hollow" and curve.startswith("graphene") and (metal, "graphene_hollow", height) in at
    ]
    energies, forces = np.array([p.energy for p in points]), np.array([p.force for p in points])
    has_force = np.isfinite(forces)

    def residuals(logarithms: FloatArray) -> FloatArray:
        predicted = np.array([predict(p, terms_of(p, np.exp(logarithms))) for p in points])
        off = predicted[:, 0] - energies
        sites = [(off[k] - off[j]) / (SIGMA_SITE * soft[k]) for k, j in pairs]
        of_forces = ((predicted[:, 1] - forces) / (SIGMA_FORCE * soft))[has_force]
        return np.concatenate([off / (SIGMA_ENERGY * soft), of_forces, sites])

    solved = least_squares(residuals, np.log(start), method="trf", x_scale="jac", bounds=(-12.0, 12.0))
    return Fit(tuple(names), np.exp(solved.x), solved.fun, solved.jac)


@dataclass(frozen=True)
class Stage:
    """One fit: its points, its parameters, and their conversion to terms of the species of the wall."""

    points: list[Point]
    names: tuple[str, ...]
    start: tuple[float, ...]
    terms_of: Callable[[Point, FloatArray], Mapping[str, tuple[Formula, Sequence[float]]]]

    def solve(self, points: Sequence[Point] | None = None, start: Sequence[float] | None = None) -> Fit:
        """Fit to the points of the stage, or to the given ones."""
        return fit(self.points if points is None else points, self.terms_of, self.names, start or self.start)


def rounded(value: float) -> float:
    """Return the value rounded to four digits, for the results."""
    return float(f"{float(value):.4g}")
