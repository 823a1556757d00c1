"""Look-up of analysis classes by the name of the quantity."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from nakmd.analysis.finite_size import INFINITE_SYSTEM
from nakmd.analysis.named_analysis import NamedAnalysis
from nakmd.quantity_names import QUANTITIES

#: Numbers derived from two quantities.
DERIVED = (INFINITE_SYSTEM,)


@cache
def quantity(name: str) -> type[NamedAnalysis]:
    """Return the class that measures a quantity; `KeyError` if the name is unknown.

    Examples
    --------
    >>> from nakmd.analysis import quantity
    >>> quantity("diffusion").__name__
    'Diffusion'
    """
    module, _, kind = QUANTITIES[name].partition(".")
    analysis: type[NamedAnalysis] = getattr(import_module(f"nakmd.analysis.{module}"), kind)
    return analysis


def on_request() -> tuple[str, ...]:
    """Return the names of the quantities that are measured only if named explicitly.

    Examples
    --------
    >>> from nakmd.analysis import on_request
    >>> "thermal_conductivity" in on_request(), "diffusion" in on_request()
    (True, False)
    """
    return tuple(name for name in QUANTITIES if quantity(name).on_request)
