"""How far lists reach beyond the cutoff, chosen by what the lists cost.

A skin s allows atoms to move by s/2 before the list must be renewed, so that it lasts s/(2v) steps at v Å per step of
the fastest atom. A wide one is renewed rarely and makes force kernels read more neighbours that are out of range. With
the measured costs of a force evaluation for every Å of inner skin, f, and of filling the slices, p, a step costs
f s + p 2v/s beside what it must, least at s = √(2vp/f).

The gap between inner and outer skin matters less. A scan over it (liquid NaK, 31,250 atoms, 1 fs) gave 0.083 µs per
atom-step from 1.3 to 1.8 Å and 0.091 at 2.6 Å, where candidates no longer fit the cache.

The choice depends on the motion of the atoms alone, not on the clock: a run on another machine, or a resumed one,
makes the same choice and has the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nakmd.arrays import FloatArray

#: Force evaluation for every Å of inner skin [µs/(atom Å)].
FORCES_PER_SKIN = 0.025
#: Filling the slices [µs/atom].
PRUNING = 0.035
#: Outer less inner skin [Å], and at least so many inner skins, lest every other filling need a search.
GAP, LEAST_GAP = 1.8, 3.0

#: Motion that is expected before any was seen [Å per step]: a liquid metal at 1 fs.
USUAL_RATE = 0.018

SMALLEST_INNER, LARGEST_INNER = 0.1, 1.0


@dataclass
class Skins:
    """The two skins in force.

    Attributes
    ----------
    given : float or None [Å]
        Outer skin, if the user fixed it.
    outer, inner : float [Å]
    rate : float [Å per step]
        How far the fastest atom moved in a step while the last inner list was valid.
    """

    given: float | None = None
    outer: float = 0.0
    inner: float = 0.0
    rate: float = USUAL_RATE

    def __post_init__(self) -> None:
        self.choose()

    def choose(self) -> None:
        """Choose both skins for the motion seen last; done when lists are searched anew."""
        inner = min(max(math.sqrt(2.0 * self.rate * PRUNING / FORCES_PER_SKIN), SMALLEST_INNER), LARGEST_INNER)
        if self.given is None:
            self.inner, self.outer = inner, inner + max(GAP, LEAST_GAP * inner)
        else:
            self.outer = self.given
            self.inner = min(inner, 0.5 * self.given)

    def observe(self, largest: float, steps: int) -> None:
        """Take note of the largest displacement [Å] of an atom in some steps."""
        if steps > 0 and math.isfinite(largest):
            self.rate = largest / steps

    def state(self) -> FloatArray:
        """Return outer and inner skin and the rate."""
        return np.array([self.outer, self.inner, self.rate])

    def restore(self, state: FloatArray | Mapping[int, float]) -> None:
        """Take up a `state`."""
        self.outer, self.inner, self.rate = float(state[0]), float(state[1]), float(state[2])
