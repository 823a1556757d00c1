"""Set points: numbers, and numbers that change linearly over a stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nakmd.errors import InputError


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

    Raises
    ------
    InputError
        For text, and for other than two numbers.

    Examples
    --------
    >>> from nakmd.integrators import as_ramp
    >>> as_ramp((300.0, 450.0)), as_ramp(450.0).is_constant
    (Ramp(start=300.0, end=450.0), True)
    """
    if isinstance(value, Ramp):
        return value
    if isinstance(value, str):
        raise InputError(f"{value!r} is text; outside a deck a set point is a number, or two for a ramp: 450.0 in K.")
    if isinstance(value, Sequence):
        if len(value) != 2:
            raise InputError(f"A set point is a number, or [start, end] of a ramp, not {len(value)} numbers.")
        start, end = value
        return Ramp(float(start), float(end))
    return Ramp(float(value), float(value))


def as_number(name: str, value: float, unit: str) -> float:
    """Return a number as a float; raise `InputError` for text, which has units in decks only."""
    try:
        if not isinstance(value, str):
            return float(value)
    except TypeError:
        pass
    raise InputError(f"{name} is {value!r}; outside a deck it is a number in {unit}.")
