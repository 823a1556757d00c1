"""Array types of function arguments and results; their docstrings state shapes and units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Cell images and rows of neighbour slices: half the memory of int64.
Int32Array = NDArray[np.int32]

#: Labels with few values, stored for many frames.
Int8Array = NDArray[np.int8]
