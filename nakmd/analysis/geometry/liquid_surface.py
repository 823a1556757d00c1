"""The surface of a droplet in a density map: the contour of half the liquid density, and curves fitted to it.

A map has two coordinates, u ≥ 0 and v; the droplet is symmetric about u = 0. Its surface is a circle centred on that
line, or, around a tube, a surface of revolution of constant mean curvature.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy

from nakmd.arrays import BoolArray, FloatArray
from nakmd.errors import AnalysisError

#: Width σ [Å] of the Gaussian that smooths maps. It moves the half-density contour of a sphere of radius R inwards by
#: 1.5 σ²/R, 0.05 Å for 20 Å; twice the width would change a contact angle of 150 degrees by 1 degree.
SMOOTHING = 0.8

#: Depth [Å] below the surface beyond which the density is that of the liquid.
DEPTH = 6.0

#: Minimum number of surface points for a fit.
LEAST_POINTS = 12


@dataclass(frozen=True)
class Circle:
    """A circle centred on u = 0, given by apex and curvature, so that a flat surface is not a special case.

    Attributes
    ----------
    apex : float [Å]
        v at u = 0.
    curvature : float [1/Å]
        Positive if the liquid is inside the circle, negative if the vapour is.
    """

    apex: float
    curvature: float

    def residuals(self, points: FloatArray) -> FloatArray:
        """Return the signed distances [Å] of points, (n, 2), from the circle."""
        u, w = points[:, 0], points[:, 1] - self.apex
        k = self.curvature
        q = k * (u * u + w * w) + 2.0 * w
        return np.asarray(q / (1.0 + np.sqrt(np.maximum(1.0 + k * q, 0.0))))

    def curve(self) -> FloatArray:
        """Return points along the circle, (n, 2) [Å]."""
        if abs(self.curvature) < 1e-4:
            u = np.linspace(0.0, 100.0, 201)
            return np.stack([u, self.apex - 0.5 * self.curvature * u * u], axis=1)
        radius = 1.0 / self.curvature
        angle = np.linspace(0.0, math.pi, 361)
        return np.stack([abs(radius) * np.sin(angle), self.apex - radius + radius * np.cos(angle)], axis=1)


@dataclass(frozen=True)
class Unduloid:
    """Half the profile of a drop around a tube: r(x) of constant mean curvature, r cos φ = a r² + b.

    Attributes
    ----------
    apex : float [Å]
        Largest radius, at u = x = 0; v is the radius r.
    a : float [1/Å]
        Mean curvature, half the sum of the two principal ones; b = apex (1 - a apex).
    end : float [Å]
        Radius of the tube.

    References
    ----------
    B. J. Carroll, J. Colloid Interface Sci. 57, 488 (1976). doi:10.1016/0021-9797(76)90227-7
    """

    apex: float
    a: float
    end: float

    def cosine(self, r: FloatArray | float) -> FloatArray:
        """Return cos φ, where φ is the angle between the profile and the axis."""
        b = self.apex * (1.0 - self.a * self.apex)
        return np.asarray((self.a * np.square(r) + b) / r)

    def curve(self) -> FloatArray:
        """Return points along the profile from the apex to the tube, (n, 2) [Å]."""
        drop = self.apex - self.end
        s = np.linspace(0.0, 1.0, 401)
        r = self.apex - drop * s * s  # s² removes the singularity of dx/dr at the horizontal tangent of the apex
        cosine = np.clip(self.cosine(r), -1.0 + 1e-9, 1.0 - 1e-9)
        slope = np.empty_like(s)
        slope[1:] = 2.0 * s[1:] * drop * cosine[1:] / np.sqrt(1.0 - cosine[1:] ** 2)
        slope[0] = math.sqrt(2.0 * drop / max(2.0 * self.a - 1.0 / self.apex, 1e-6))
        x = np.concatenate([[0.0], np.cumsum(0.5 * (slope[1:] + slope[:-1]) * np.diff(s))])
        return np.stack([x, r], axis=1)

    def residuals(self, points: FloatArray) -> FloatArray:
        """Return the signed distances [Å] of points, (n, 2), from the profile."""
        curve = self.curve()
        tangent = np.gradient(curve, axis=0)
        tangent /= np.linalg.norm(tangent, axis=1)[:, None]
        normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
        nearest = np.argmin(((points[:, None] - curve[None]) ** 2).sum(axis=2), axis=1)
        return np.asarray(np.sum((points - curve[nearest]) * normal[nearest], axis=1))


def fit_circle(points: FloatArray, weights: FloatArray) -> Circle:
    """Return the circle centred on u = 0 fitted to points, (n, 2) [Å], with weights (n,)."""
    u, v = points.T
    near = v[u <= np.quantile(u, 0.2)]
    top = float(near.max())
    (twice, k), *_ = np.linalg.lstsq(np.stack([v, np.ones(len(v))], axis=1), u * u + v * v, rcond=None)
    radius = math.sqrt(max(k + 0.25 * twice * twice, 1e-6))
    convex = abs(0.5 * twice + radius - top) <= abs(0.5 * twice - radius - float(near.min()))
    start = [0.5 * twice + radius, 1.0 / radius] if convex else [0.5 * twice - radius, -1.0 / radius]

    def misfit(parameters: FloatArray) -> FloatArray:
        return weights * Circle(float(parameters[0]), float(parameters[1])).residuals(points)

    # errors of the points are not Gaussian in a noisy map: a robust loss limits the weight of outliers
    best = scipy.optimize.least_squares(misfit, start, loss="soft_l1", f_scale=1.0, x_scale=[1.0, 0.01])
    return Circle(float(best.x[0]), float(best.x[1]))


def fit_unduloid(points: FloatArray, weights: FloatArray, radius: float) -> Unduloid:
    """Return the profile of a drop around a tube of the given radius [Å]; other parameters as in `fit_circle`."""

    def unduloid(parameters: FloatArray) -> Unduloid:
        apex, cosine = float(parameters[0]), float(parameters[1])
        return Unduloid(apex, (apex - radius * cosine) / (apex * apex - radius * radius), radius)

    def misfit(parameters: FloatArray) -> FloatArray:
        return weights * unduloid(parameters).residuals(points)

    top = float(np.quantile(points[:, 1], 0.98))
    best = scipy.optimize.least_squares(
        misfit,
        [max(top, radius + 1.0), 0.0],
        bounds=([radius + 0.5, -0.999], [2.0 * top + radius, 0.999]),
        loss="soft_l1",
        f_scale=1.0,
        diff_step=np.array([1e-4, 1e-4]),
    )
    return unduloid(best.x)


@dataclass(frozen=True)
class Surface:
    """The contour of half the liquid density in a smoothed map.

    Attributes
    ----------
    points : (n, 2) float64 [Å]
    weights : (n,) float64
        Square roots of the bin volumes, with mean 1: the map is noisier in bins of small volume.
    liquid : float [1/Å³]
        Density of the liquid.
    density : (n_u, n_v) float64 [1/Å³]
        The smoothed map.
    """

    points: FloatArray
    weights: FloatArray
    liquid: float
    density: FloatArray


def find_surface(counts: FloatArray, volumes: FloatArray, width: float, start: float, usable: BoolArray) -> Surface:
    """Return the surface of the largest connected body of liquid in a map.

    Parameters
    ----------
    counts : (n_u, n_v) float64
        Mean numbers of atoms.
    volumes : (n_u, n_v) float64 [Å³]
    width : float [Å]
        Bin width along both coordinates.
    start : float [Å]
        Lower edge of the map in v; u starts at 0.
    usable : (n_u, n_v) bool
        Bins far enough from the wall.

    Raises
    ------
    AnalysisError
        If the usable bins contain no liquid, or fewer than `LEAST_POINTS` surface points.
    """
    atoms, space = smoothed(counts, SMOOTHING / width), smoothed(volumes, SMOOTHING / width)
    density = np.divide(atoms, space, out=np.zeros_like(atoms), where=space > 1e-9)
    if not np.any(counts[usable] > 0.0):
        raise AnalysisError(
            "There is no liquid beyond the excluded layers next to the wall. It has spread to a film of atomic "
            "thickness, or exclude= is too large."
        )
    order = np.sort(density[usable & (counts > 0.0)])
    liquid = float(order[int(0.8 * (len(order) - 1))])
    body = np.zeros(density.shape, dtype=np.bool_)
    for _ in range(4):
        labels, n_bodies = scipy.ndimage.label(density > 0.5 * liquid)
        sizes = scipy.ndimage.sum_labels(atoms, labels, np.arange(1, n_bodies + 1))
        body = scipy.ndimage.binary_fill_holes(labels == 1 + int(np.argmax(sizes)))
        # mirrored at u = 0, which is not a surface
        mirrored = np.concatenate([body[::-1], body])
        depth = scipy.ndimage.distance_transform_edt(np.pad(mirrored, 1))[1:-1, 1:-1][len(body) :] * width
        for least in (DEPTH, 0.5 * DEPTH, 0.0):  # small drops have no deep interior
            core = usable & (depth > least)
            if np.sum(counts[core]) > 0.2 * np.sum(counts[usable & body]):
                liquid = float(np.sum(counts[core]) / np.sum(volumes[core]))
                break
    points = crossings(density - 0.5 * liquid, body, usable)
    around = np.sqrt(volumes[tuple(np.rint(points).astype(np.int64).T)])
    points = (points + 0.5) * width + np.array([0.0, start])
    if len(points) < LEAST_POINTS:
        raise AnalysisError(
            f"Only {len(points)} points of the droplet surface are beyond the excluded layers next to the wall; a fit "
            f"needs {LEAST_POINTS}. The liquid has spread, or the droplet is too small. Lower exclude=, or simulate "
            "more liquid."
        )
    return Surface(points, around / around.mean(), liquid, density)


def smoothed(field: FloatArray, sigma: float) -> FloatArray:
    """Return a map, (n_u, n_v), smoothed by a Gaussian of width ``sigma`` bins and mirrored at u = 0."""
    mirrored = np.concatenate([field[::-1], field])
    return np.asarray(scipy.ndimage.gaussian_filter(mirrored, sigma, mode="constant")[len(field) :])


def crossings(field: FloatArray, body: BoolArray, usable: BoolArray) -> FloatArray:
    """Return where a field changes sign between adjacent bins at the border of a body, in units of bins, (n, 2).

    Parameters
    ----------
    field : (n_u, n_v) float64
    body, usable : (n_u, n_v) bool
        Exactly one of the two bins is in the body, and both are usable.
    """
    points = []
    for axis in (0, 1):
        low = [slice(None), slice(None)]
        high = [slice(None), slice(None)]
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        a, b = field[tuple(low)], field[tuple(high)]
        border = (body[tuple(low)] != body[tuple(high)]) & usable[tuple(low)] & usable[tuple(high)] & (a * b < 0.0)
        rows = np.argwhere(border).astype(np.float64)
        rows[:, axis] += a[border] / (a[border] - b[border])
        points.append(rows)
    return np.concatenate(points)
