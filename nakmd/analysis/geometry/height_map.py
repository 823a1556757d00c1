"""The height of a surface of atoms over a grid in the xy plane, its roughness and lateral correlation."""

from __future__ import annotations

import math

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.cell import Cell


def height_map(positions: FloatArray, cell: Cell, radius: float, spacing: float) -> FloatArray:
    """Return the height of the uppermost sphere around an atom over each point of a grid.

    Parameters
    ----------
    positions : (n, 3) float64 [Å]
    cell : Cell
        Its third vector is along z, the others are in the xy plane; both periodic.
    radius : float [Å]
        Of the sphere around each atom.
    spacing : float [Å]
        Largest distance of grid points along the cell vectors.

    Returns
    -------
    (n_x, n_y) float64 [Å]
        NaN at points that no sphere covers.
    """
    plane = cell.matrix[:2, :2]
    shape = np.maximum(np.ceil(np.linalg.norm(plane, axis=1) / spacing), 1.0).astype(np.int64)
    places = positions[:, :2] @ np.linalg.inv(plane) * shape
    nearest = np.rint(places)
    # grid steps within reach of a sphere, also in an oblique cell
    normals = np.abs(np.linalg.det(plane)) / np.linalg.norm(plane[::-1], axis=1)
    reach = np.ceil(radius * shape / normals).astype(np.int64) + 1
    steps = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1).reshape(-1, 2)
    away = ((nearest[:, None] + steps[None]) - places[:, None]) / shape @ plane
    squares = radius * radius - np.einsum("nsa,nsa->ns", away, away)
    atom, step = np.nonzero(squares >= 0.0)
    points = np.mod(nearest[atom].astype(np.int64) + steps[step], shape)
    heights = np.full(shape, -np.inf)
    np.maximum.at(heights, (points[:, 0], points[:, 1]), positions[atom, 2] + np.sqrt(squares[atom, step]))
    return np.where(np.isfinite(heights), heights, np.nan)


def roughness(heights: FloatArray) -> float:
    """Return the rms deviation [Å] of a height map from its mean; NaN if nothing is covered."""
    return float(np.nanstd(heights)) if np.any(np.isfinite(heights)) else math.nan


def correlation_length(heights: FloatArray, cell: Cell) -> float:
    """Return the lateral distance [Å] at which the autocorrelation of a height map has fallen to 1/e.

    The autocorrelation is averaged over directions in bins as wide as the grid, and interpolated linearly. NaN if the
    map is flat or has points that nothing covers, or if it does not fall to 1/e within half of the cell.
    """
    if not np.all(np.isfinite(heights)) or np.ptp(heights) < 1e-9:
        return math.nan
    plane, shape = cell.matrix[:2, :2], np.array(heights.shape)
    power = np.abs(np.fft.fft2(heights - heights.mean())) ** 2
    correlation = np.fft.ifft2(power).real
    correlation /= correlation[0, 0]
    index = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1) / shape
    index -= np.rint(index)
    distance = np.linalg.norm(index @ plane, axis=-1)
    width = float(np.max(np.linalg.norm(plane, axis=1) / shape))
    largest = 0.5 * abs(float(np.linalg.det(plane))) / float(np.linalg.norm(plane, axis=1).max())
    bins = np.rint(distance / width).astype(np.int64).ravel()
    counts = np.bincount(bins)
    used = (counts > 0) & (np.arange(len(counts)) * width <= largest)
    mean_distance = np.bincount(bins, distance.ravel())[used] / counts[used]
    mean = np.bincount(bins, correlation.ravel())[used] / counts[used]
    below = np.flatnonzero(mean < math.exp(-1.0))
    if not len(below):
        return math.nan
    row = int(below[0])  # not 0: the correlation at distance 0 is 1
    share = (mean[row - 1] - math.exp(-1.0)) / (mean[row - 1] - mean[row])
    return float(mean_distance[row - 1] + share * (mean_distance[row] - mean_distance[row - 1]))
