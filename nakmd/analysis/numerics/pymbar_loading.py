"""Loading of pymbar, which is slow to import and prints remarks about optional packages."""

from __future__ import annotations

import logging
from typing import Any

#: Solver of the free energies: scipy's warns about pymbar's own options.
SOLVER = ({"method": "adaptive", "options": {"min_sc_iter": 0}},)


def load_pymbar() -> Any:
    """Return pymbar; it works with NumPy where JAX is absent, and its remark on that is not printed."""
    logger = logging.getLogger("pymbar")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        import pymbar  # noqa: PLC0415  (as above)
    finally:
        logger.setLevel(level)
    return pymbar
