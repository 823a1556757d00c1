"""Layers of the liquid between given distances from the wall."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.geometry.wall import BULK_START, FIRST_LAYER
from nakmd.errors import AnalysisError

FloatArray = NDArray[np.float64]

#: Layers [Å] unless told otherwise: the first one, what lies between, and the bulk.
LAYERS = (0.0, FIRST_LAYER, BULK_START, math.inf)


def layer_names(edges: Sequence[float]) -> list[str]:
    """Return ``"0-5 Å"``, ``"beyond 10 Å"`` for each layer between two edges."""
    return [
        f"{low:g}-{high:g} Å" if math.isfinite(high) else f"beyond {low:g} Å" for low, high in itertools.pairwise(edges)
    ]


def check_edges(edges: Sequence[float]) -> tuple[float, ...]:
    """Return the edges of layers as numbers; `AnalysisError` unless they rise from 0 or more."""
    found = tuple(float(edge) for edge in edges)
    if len(found) < 2 or found[0] < 0.0 or any(not b > a for a, b in itertools.pairwise(found)):
        raise AnalysisError(f"Layers need two or more rising distances in Å, 0 or more, got {list(found)}.")
    return found


def reach_of(edges: Sequence[float]) -> float:
    """Return how far [Å] distances from the wall must be known: a little beyond the last finite edge."""
    return max(edge for edge in edges if math.isfinite(edge)) + 1e-6


def layer_of(distances: FloatArray, edges: Sequence[float]) -> NDArray[np.int8]:
    """Return the layer of each atom by its distance [Å] from the nearest wall atom; -1 outside all of them."""
    layers = np.searchsorted(np.asarray(edges), distances, side="right") - 1
    if math.isinf(edges[-1]):
        layers = np.minimum(layers, len(edges) - 2)
    return np.where(layers > len(edges) - 2, -1, layers).astype(np.int8)
