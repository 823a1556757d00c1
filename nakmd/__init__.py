"""Molecular dynamics of liquid sodium-potassium alloy on nitrogen-doped carbon, in Python and Numba.

>>> import nakmd
>>> deck = nakmd.Deck.from_file("flagship.toml")         # doctest: +SKIP
>>> run = nakmd.run(deck, directory="runs/first")        # doctest: +SKIP
>>> nakmd.analysis.diffusion(run.trajectory, species="K")  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from nakmd._version import __version__

if TYPE_CHECKING:
    from nakmd import (
        analysis,
        ase,
        errors,
        integrators,
        io,
        potentials,
        results,
        simulation,
        structures,
        studies,
        units,
    )
    from nakmd.cell import Cell
    from nakmd.deck.deck import Deck
    from nakmd.errors import NakmdError
    from nakmd.io import Trajectory
    from nakmd.reported import resume, run
    from nakmd.runs.outcome import Run
    from nakmd.sweep_results.sweep import Sweep
    from nakmd.system import Frame, System

#: Module of each public name. Names are imported on first use, so that the command line starts quickly and a script
#: that only reads a trajectory compiles nothing.
_HOMES = {
    "Cell": "nakmd.cell",
    "Deck": "nakmd.deck.deck",
    "Frame": "nakmd.system",
    "NakmdError": "nakmd.errors",
    "Run": "nakmd.runs.outcome",
    "Sweep": "nakmd.sweep_results.sweep",
    "System": "nakmd.system",
    "Trajectory": "nakmd.io",
    "resume": "nakmd.reported",
    "run": "nakmd.reported",
}
_MODULES = (
    "analysis", "ase", "errors", "integrators", "io", "potentials", "results", "simulation", "structures", "studies",
    "units",
)  # fmt: skip

__all__ = [
    "Cell", "Deck", "Frame", "NakmdError", "Run", "Sweep", "System", "Trajectory", "__version__", "analysis", "ase",
    "errors", "integrators", "io", "potentials", "results", "resume", "run", "simulation", "structures", "studies",
    "units",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"nakmd.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'nakmd' has no attribute {name!r}; available: {', '.join(__all__)}.")


def __dir__() -> list[str]:
    return __all__
