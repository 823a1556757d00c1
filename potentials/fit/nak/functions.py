"""The functions of the model as linear combinations of parameters: basis, embedding energy, potentials of nakmd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import chebyshev

from nakmd.arrays import FloatArray
from nakmd.elements import ATOMIC_NUMBERS
from nakmd.potentials import ChebyshevEAM
from nakmd.potentials.forms.chebyshev_eam import ChebyshevPairNumbers
from nakmd.potentials.forms.chebyshev_eam_formulas import HIGH, LOW

#: Number of coefficients of F.
N_EMBEDDING = 5


class Shape(NamedTuple):
    """What is chosen for a pair, not fitted: range [Å], wall [eV/Å³], numbers of polynomials of V and φ."""

    start: float
    cutoff: float
    wall: float
    n_pair: int
    n_density: int

    @property
    def size(self) -> int:
        """Number of parameters of an element."""
        return self.n_pair + self.n_density + N_EMBEDDING


class Basis(NamedTuple):
    """The n functions t³ T_k(s) at m distances, with derivatives: each (m, n)."""

    value: FloatArray
    slope: FloatArray
    curvature: FloatArray


def basis(shape: Shape, r: FloatArray, n: int) -> Basis:
    """Return the basis of V or φ at distances r [Å], with its continuation below ``start``."""
    width = shape.cutoff - shape.start
    x = np.clip(r, shape.start, shape.cutoff)
    t = (shape.cutoff - x) / width
    s = 2.0 * t - 1.0
    identity = np.eye(n)
    p = chebyshev.chebvander(s, n - 1)
    d1 = np.stack([chebyshev.chebval(s, chebyshev.chebder(identity[k])) for k in range(n)], axis=-1) * 2.0
    d2 = np.stack([chebyshev.chebval(s, chebyshev.chebder(identity[k], 2)) for k in range(n)], axis=-1) * 4.0
    t = t[:, None]
    value = t**3 * p
    slope = -(3.0 * t**2 * p + t**3 * d1) / width
    curvature = (6.0 * t * p + 6.0 * t**2 * d1 + t**3 * d2) / width**2
    u = np.minimum(r - shape.start, 0.0)[:, None]
    return Basis(value + u * (slope + 0.5 * u * curvature), slope + u * curvature, curvature)


def nearest(shape: Shape, r: FloatArray, values: FloatArray, n: int, weight: FloatArray, ridge: float) -> FloatArray:
    """Return n coefficients of the basis nearest to values at distances r, kept small by ``ridge``."""
    rows = np.concatenate([basis(shape, r, n).value * weight[:, None], ridge * np.eye(n)])
    return np.asarray(np.linalg.lstsq(rows, np.concatenate([values * weight, np.zeros(n)]))[0])


def wall(shape: Shape, r: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the wall in V, which is not fitted, and its derivative."""
    u = np.maximum(shape.start - r, 0.0)
    return shape.wall * u**3, -3.0 * shape.wall * u**2


def split(shape: Shape, theta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the coefficients of V, φ and F of an element."""
    return np.split(theta, [shape.n_pair, shape.n_pair + shape.n_density])  # type: ignore[return-value]


def embedding_basis(rho: FloatArray) -> Basis:
    """Return the five terms of F at densities, with derivatives: each (..., 5)."""
    q = np.maximum(rho, 1e-12)
    root = np.sqrt(q)
    low, high = np.maximum(LOW - q, 0.0), np.maximum(HIGH - q, 0.0)
    value = np.stack([-root, q**2, q**3, q * low**3, q * high**3], axis=-1)
    slope = np.stack([-0.5 / root, 2.0 * q, 3.0 * q**2, low**2 * (low - 3.0 * q), high**2 * (high - 3.0 * q)], axis=-1)
    curvature = np.stack(
        [0.25 / (root * q), np.full_like(q, 2.0), 6.0 * q, 6.0 * low * (q - low), 6.0 * high * (q - high)], axis=-1
    )
    return Basis(value, slope, curvature)


def embedding(f: FloatArray, rho: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return F, F' and F'' at densities (any shape)."""
    terms = embedding_basis(rho)
    return terms.value @ f, terms.slope @ f, terms.curvature @ f


class Cross(NamedTuple):
    """Functions between Na and K: shape, V, density of K at Na, density of Na at K."""

    shape: Shape
    V: FloatArray
    at_sodium: FloatArray
    at_potassium: FloatArray


def potential(
    shapes: Mapping[str, Shape], parameters: Mapping[str, FloatArray], cross: Cross | None = None
) -> ChebyshevEAM:
    """Return the potential of one or both elements."""
    pairs: dict[tuple[str, str], ChebyshevPairNumbers] = {}
    densities: dict[tuple[str, str], Sequence[float]] = {}
    embeddings: dict[str, Sequence[float]] = {}
    for element, theta in parameters.items():
        shape = shapes[element]
        v, phi, f = split(shape, theta)
        pairs[element, element] = numbers(shape, v)
        densities[element, element] = phi.tolist()
        embeddings[element] = f.tolist()
    if cross is not None:
        pairs["Na", "K"] = numbers(cross.shape, cross.V)
        densities["K", "Na"], densities["Na", "K"] = cross.at_sodium.tolist(), cross.at_potassium.tolist()
    elements = tuple(parameters)
    lattice: Any = {"Na": 4.2906, "K": 5.328}
    return ChebyshevEAM(
        elements, pairs, densities, embeddings, [ATOMIC_NUMBERS[e] for e in elements], [lattice[e] for e in elements]
    )


def numbers(shape: Shape, v: FloatArray) -> ChebyshevPairNumbers:
    """Return the numbers of a pair for nakmd."""
    return ChebyshevPairNumbers(shape.start, shape.cutoff, shape.wall, tuple(float(x) for x in v))
