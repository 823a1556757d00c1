"""The skins of the neighbour lists, chosen to minimise the cost of a step.

A skin s allows atoms to move by s/2 before the list must be rebuilt, so that it lasts s/(2v) steps if the fastest atom
moves v Å per step. A wide skin needs few rebuilds but makes force kernels read more neighbours that are out of range.
With the measured costs of a force evaluation per Å of inner skin, f, and of filling the slices, p, the skin adds
f s + p 2v/s to the cost of a step, with the minimum at s = √(2vp/f).

The gap between inner and outer skin matters less. A scan over it (liquid NaK, 31,250 atoms, 1 fs) gave 0.083 µs per
atom-step from 1.3 to 1.8 Å and 0.091 at 2.6 Å, where candidates no longer fit the cache.

The choice depends only on the motion of the atoms, not on measured times: a run on another machine, or a resumed run,
makes the same choice and has the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import InputError

#: Cost of the force evaluation per Å of inner skin [µs/(atom Å)].
FORCES_PER_SKIN = 0.025
#: Cost of filling the slices [µs/atom].
PRUNING = 0.035
#: Difference of outer and inner skin: this length [Å], but at least this number of inner skins, so that few fillings
#: need a search.
GAP, LEAST_GAP = 1.8, 3.0

#: Initial estimate of the motion [Å per step]: a liquid metal at 1 fs.
USUAL_RATE = 0.018

SMALLEST_INNER, LARGEST_INNER = 0.1, 1.0


@dataclass
class Skins:
    """The two skins in use.

    Attributes
    ----------
    given : float or None [Å]
        Outer skin set by the user; None to choose it.
    outer, inner : float [Å]
    rate : float [Å per step]
        Displacement of the fastest atom per step while the last inner list was valid.
    """

    given: float | None = None
    outer: float = 0.0
    inner: float = 0.0
    rate: float = USUAL_RATE

    def __post_init__(self) -> None:
        self.choose()

    def choose(self) -> None:
        """Choose both skins for the last observed motion; called before a search."""
        inner = min(max(math.sqrt(2.0 * self.rate * PRUNING / FORCES_PER_SKIN), SMALLEST_INNER), LARGEST_INNER)
        if self.given is None:
            self.inner, self.outer = inner, inner + max(GAP, LEAST_GAP * inner)
        else:
            self.outer = self.given
            self.inner = min(inner, 0.5 * self.given)

    def observe(self, largest: float, steps: int) -> None:
        """Record the largest displacement [Å] of an atom in a number of steps."""
        if steps > 0 and math.isfinite(largest):
            self.rate = largest / steps

    def state(self) -> FloatArray:
        """Return outer skin, inner skin and rate."""
        return np.array([self.outer, self.inner, self.rate])

    def restore(self, state: FloatArray | Mapping[int, float]) -> None:
        """Set skins and rate from a `state`; `InputError` if the inner skin is not between 0 and the outer one."""
        outer, inner, rate = (float(state[k]) for k in range(3))
        if not 0.0 <= inner <= outer < math.inf:
            raise InputError(
                f"The checkpoint has an inner skin of {inner:g} Å and an outer one of {outer:g} Å, which would lose "
                "pairs of neighbours. It is damaged: start the run again."
            )
        self.outer, self.inner, self.rate = outer, inner, rate
