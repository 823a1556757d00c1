"""Types of the arrays that functions take and return; shapes and units stand in their docstrings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Cell images and rows of neighbour slices: half the memory of int64.
Int32Array = NDArray[np.int32]

#: Labels of few kinds, kept for many frames.
Int8Array = NDArray[np.int8]
