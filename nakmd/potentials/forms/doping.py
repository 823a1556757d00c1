"""Saturation of the effect of graphitic nitrogen with its concentration."""

from __future__ import annotations

import math


def settled_part(concentration: float, scale: float) -> float:
    """Return δ = 1 - e^{-c/c_0}: the fraction of the full effect at c graphitic nitrogen atoms per atom of the wall."""
    return -math.expm1(-concentration / scale)
