"""Set points that change linearly over a stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ramp:
    """A number that goes linearly from ``start`` to ``end`` while a stage runs.

    Attributes
    ----------
    start, end : float
        K for a temperature, eV/Å³ for a pressure.

    Examples
    --------
    >>> Ramp(300.0, 450.0).at(0.5)
    375.0
    """

    start: float
    end: float

    @property
    def is_constant(self) -> bool:
        """Whether the number does not change."""
        return self.start == self.end

    def at(self, fraction: float) -> float:
        """Return the number after a fraction of the stage, 0 to 1; exactly ``start`` where it is constant."""
        return self.start + (self.end - self.start) * fraction

    def finished(self) -> Ramp:
        """Return the constant at which the ramp ends."""
        return Ramp(self.end, self.end)


def as_ramp(value: float | Sequence[float] | Ramp) -> Ramp:
    """Return a number as a constant, two numbers as a ramp, a ramp as it is.

    Examples
    --------
    >>> from nakmd.integrators import as_ramp
    >>> as_ramp((300.0, 450.0)), as_ramp(450.0).is_constant
    (Ramp(start=300.0, end=450.0), True)
    """
    if isinstance(value, Ramp):
        return value
    if isinstance(value, Sequence):
        start, end = value
        return Ramp(float(start), float(end))
    return Ramp(float(value), float(value))
