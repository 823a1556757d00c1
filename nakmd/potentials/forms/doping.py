"""How much of what graphitic nitrogen can do its concentration does."""

from __future__ import annotations

import math


def settled_part(concentration: float, scale: float) -> float:
    """Return δ = 1 - e^{-c/c_0}: the part of what graphitic nitrogen can do that c of it per atom of the wall does."""
    return -math.expm1(-concentration / scale)
