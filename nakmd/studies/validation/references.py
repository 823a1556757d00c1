"""Reference values and curves with their sources, from ``references.toml``."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from nakmd.analysis.numerics.statistics import format_measure
from nakmd.potentials.files.texts import read_text
from nakmd.structures.liquid import nak_density
from nakmd.units import K_B


@dataclass(frozen=True)
class Reference:
    """A reference value, or the interval of several sources.

    Attributes
    ----------
    low, high : float
        Equal for a single value; infinite on the open side of a bound.
    error : float
        Standard error of either end.
    source, evidence, note : str
        As in ``references.toml``.
    """

    low: float
    high: float
    error: float
    source: str
    evidence: str
    note: str = ""

    @property
    def middle(self) -> float:
        """Centre of the interval, or the finite bound: relative deviations refer to it."""
        ends = [end for end in (self.low, self.high) if math.isfinite(end)]
        return sum(ends) / len(ends)

    def text(self, form: Callable[[float], str]) -> str:
        """Return the value or interval as text."""
        if self.low == self.high:
            return format_measure(self.low, self.error) if self.error > 0.0 else form(self.low)
        if math.isinf(self.high):
            return f"above {form(self.low)}"
        if math.isinf(self.low):
            return f"below {form(self.high)}"
        return f"{form(self.low)} … {form(self.high)}" + (f" ± {self.error:.1g}" if self.error > 0.0 else "")


@dataclass(frozen=True)
class Curve:
    """A correlation over temperature [K], its range and relative error."""

    quantity: str
    of: str
    form: str
    coefficients: tuple[float, ...]
    range: tuple[float, float]
    error: float
    source: str
    evidence: str
    note: str

    def __call__(self, temperature: float) -> float:
        """Return its value."""
        return FORMS[self.form](temperature, self.coefficients)


def _alloy_viscosity(T: float, c: Sequence[float]) -> float:
    density = nak_density(c[0], T)
    return c[1] * float(np.cbrt(density)) * math.exp(c[2] * density / T)


#: Forms of curves: functions of T [K] and of the coefficients.
FORMS: dict[str, Callable[[float, Sequence[float]], float]] = {
    "kelvin": lambda T, c: float(np.polynomial.polynomial.polyval(T, list(c))),
    "celsius": lambda T, c: float(np.polynomial.polynomial.polyval(T - 273.15, list(c))),
    "saturated": lambda T, c: c[0] + c[1] * (1.0 - T / c[3]) + c[2] * math.sqrt(1.0 - T / c[3]),
    "arrhenius": lambda T, c: c[0] * math.exp(c[1] / (K_B * T)),
    "andrade": lambda T, c: c[0] * math.exp(c[1] / T),
    "logarithm": lambda T, c: math.exp(c[0] + c[1] * math.log(T) + c[2] / T),
    "alloy": lambda T, c: nak_density(c[0], T),
    "alloy_viscosity": _alloy_viscosity,
}


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(read_text(Path(__file__).with_name("references.toml")))


def sources() -> dict[str, str]:
    """Return the sources by key."""
    return {key: str(entry["text"]) for key, entry in _file()["source"].items()}


@cache
def curves() -> tuple[Curve, ...]:
    """Return all correlations."""
    return tuple(
        Curve(
            entry["quantity"], entry["of"], entry["form"], tuple(entry["coefficients"]),
            (entry["range"][0], entry["range"][1]), entry["error"], entry["source"], entry["evidence"],
            entry.get("note", ""),
        )
        for entry in _file()["curve"]
    )  # fmt: skip


def curves_of(quantity: str, of: str) -> list[Curve]:
    """Return the correlations of one quantity of a system."""
    return [curve for curve in curves() if (curve.quantity, curve.of) == (quantity, of)]


def reference_for(quantity: str, of: str, temperature: float | None = None) -> Reference | None:
    """Return the reference of a quantity, or None if there is none.

    Parameters
    ----------
    quantity, of : str
        As in ``references.toml``.
    temperature : float [K], optional
        For curves. A curve is extrapolated by at most a tenth beyond its range, with a note.
    """
    for entry in _file()["figure"]:
        if (entry["quantity"], entry["of"]) == (quantity, of):
            single = entry.get("value")
            low = entry.get("low", -math.inf) if single is None else single
            high = entry.get("high", math.inf) if single is None else single
            return Reference(
                float(low), float(high), float(entry.get("error", 0.0)), entry["source"], entry["evidence"],
                entry.get("note", ""),
            )  # fmt: skip
    if temperature is None:
        return None
    valid = [c for c in curves_of(quantity, of) if 0.9 * c.range[0] <= temperature <= 1.1 * c.range[1]]
    if not valid:
        return None
    values = [curve(temperature) for curve in valid]
    beyond = any(not c.range[0] <= temperature <= c.range[1] for c in valid)
    return Reference(
        min(values),
        max(values),
        max(curve.error * value for curve, value in zip(valid, values)),
        " and ".join(curve.source for curve in valid),
        valid[0].evidence,
        "extrapolated beyond its range" if beyond else "",
    )
