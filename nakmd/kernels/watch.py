"""Searches for the atom at fault in an exploding run."""

from __future__ import annotations

import math

from nakmd.kernels.jit import kernel


@kernel
def find_fastest(velocities):
    """Return the fastest atom and its speed [Å/ps]; the first atom whose speed is not finite takes precedence."""
    worst, largest = 0, -1.0
    for i in range(len(velocities)):
        x, y, z = velocities[i, 0], velocities[i, 1], velocities[i, 2]
        v2 = x * x + y * y + z * z
        if not v2 <= largest:
            worst, largest = i, v2
            if not v2 < math.inf:
                break
    return worst, math.sqrt(largest)


@kernel
def find_outlier(positions, inverse, periodic, margin):
    """Return the first atom more than ``margin`` cells outside along a non-periodic direction, or -1."""
    for i in range(len(positions)):
        for c in range(3):
            if not periodic[c]:
                s = positions[i, 0] * inverse[0, c] + positions[i, 1] * inverse[1, c] + positions[i, 2] * inverse[2, c]
                if not -margin <= s <= 1.0 + margin:
                    return i
    return -1
