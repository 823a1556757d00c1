"""One line of the table of results."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from nakmd.analysis.numerics.statistics import format_measure
from nakmd.analysis.numerics.trend import LIMIT

#: How a number depends on temperature, for fits over several runs: it rises as exp(-E/k_B T) (diffusion, rates) or
#: falls as exp(+E/k_B T) (viscosity, times); it is a ratio of equilibrium exp(-ΔG/k_B T), or a free energy ΔH - T ΔS.
#: "temperature": it is the temperature itself, with which that of an axis is compared.
TemperatureLaw: TypeAlias = Literal["arrhenius", "inverse-arrhenius", "ratio", "free-energy", "temperature"]


class WithError(Protocol):
    """A number with an error: a `Measure`, or the main number of a `Record`."""

    @property
    def value(self) -> Any:
        """The number, or an array."""

    @property
    def error(self) -> Any:
        """Its standard error."""

    @property
    def unit(self) -> str:
        """Its unit."""

    @property
    def n_effective(self) -> float:
        """Number of independent samples behind the error."""

    @property
    def trend(self) -> float | None:
        """Change from the start to the end of the series in standard errors; None if unknown."""

    @property
    def trusted(self) -> bool:
        """Whether there are enough independent samples for the error."""

    def interval(self, level: float = 0.95) -> tuple[Any, Any]:
        """Return the confidence interval."""


@dataclass(frozen=True)
class Row:
    """One line of the table of results.

    Attributes
    ----------
    quantity, text : str
        Name, and value with error and unit. A name that starts with two spaces belongs to the row above.
    note : str
        Warning about the reliability of the number.
    measured : WithError, optional
        The number itself, for its interval; None if the row has no error.
    frames : str
        The frames it was measured in; set when the rows of all quantities are collected.
    key : str
        The name without what differs from run to run (a measured distance), so that rows of several runs are compared;
        empty if that is the name itself.
    law : TemperatureLaw, optional
        How the number depends on temperature; None if no law is known.
    """

    quantity: str
    text: str
    note: str = ""
    measured: WithError | None = None
    frames: str = ""
    key: str = ""
    law: TemperatureLaw | None = None

    @classmethod
    def of(
        cls, quantity: str, measured: WithError, note: str = "", *, key: str = "", law: TemperatureLaw | None = None
    ) -> Row:
        """Return the row of a number with an error; its `trust_note` follows the note given."""
        text = format_measure(float(measured.value), float(measured.error), measured.unit)
        notes = "; ".join(filter(None, (note, trust_note(measured))))
        return cls(quantity, text, notes, measured, key=key, law=law)


def named_rows(rows: Iterable[Row]) -> Iterator[tuple[str, Row]]:
    """Yield rows with their full names, equal in all runs: the key, or the name without one.

    One that starts with two spaces follows that of the row above: ``"affinity per first-layer atom, of K, per atom"``.
    """
    above = ""
    for row in rows:
        own = row.key or row.quantity
        name = f"{above}, {own.strip()}" if own.startswith("  ") else own
        above = above if own.startswith("  ") else own
        yield name, row


def trust_note(measured: WithError) -> str:
    """Return the warnings about a number: it had not settled, or its error comes from too few independent samples."""
    return "; ".join(filter(None, (drift_note(measured), _few_samples(measured))))


def drift_note(measured: WithError, limit: float = LIMIT) -> str:
    """Return a warning if the series of a number drifts by more than ``limit`` standard errors, else nothing."""
    if measured.trend is None or abs(measured.trend) <= limit:
        return ""
    return f"not settled: drifts by {abs(measured.trend):.1f} standard errors"


def _few_samples(measured: WithError) -> str:
    if measured.trusted or not math.isfinite(measured.n_effective) or not measured.n_effective:
        return ""
    if np.ndim(measured.error) or not math.isfinite(measured.error) or measured.error == 0.0:
        return ""
    return f"error uncertain: {measured.n_effective:.1f} independent samples"
