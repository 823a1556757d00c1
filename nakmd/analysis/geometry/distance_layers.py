"""Layers of the liquid between fixed distances from the wall."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.geometry.wall import BULK_START, FIRST_LAYER
from nakmd.arrays import FloatArray
from nakmd.errors import AnalysisError

#: Default edges [Å]: the first layer, the region between, and the bulk.
LAYERS = (0.0, FIRST_LAYER, BULK_START, math.inf)


def layer_names(edges: Sequence[float]) -> list[str]:
    """Return the name of each layer, such as ``"0-5 Å"`` or ``"beyond 10 Å"``."""
    return [
        f"{low:g}-{high:g} Å" if math.isfinite(high) else f"beyond {low:g} Å" for low, high in itertools.pairwise(edges)
    ]


def check_edges(edges: Sequence[float]) -> tuple[float, ...]:
    """Return the edges as floats; `AnalysisError` unless they are non-negative and increase."""
    values = tuple(float(edge) for edge in edges)
    if len(values) < 2 or values[0] < 0.0 or any(not b > a for a, b in itertools.pairwise(values)):
        raise AnalysisError(
            f"Layers need at least two non-negative distances in Å in increasing order, got {list(values)}."
        )
    return values


def reach_of(edges: Sequence[float]) -> float:
    """Return the distance [Å] from the wall up to which distances are needed: just beyond the last finite edge."""
    return max(edge for edge in edges if math.isfinite(edge)) + 1e-6


def layer_of(distances: FloatArray, edges: Sequence[float]) -> NDArray[np.int8]:
    """Return the layer index of each atom from its distance [Å] to the nearest wall atom; -1 outside all layers."""
    layers = np.searchsorted(np.asarray(edges), distances, side="right") - 1
    if math.isinf(edges[-1]):
        layers = np.minimum(layers, len(edges) - 2)
    return np.where(layers > len(edges) - 2, -1, layers).astype(np.int8)
