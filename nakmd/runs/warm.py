"""Small runs that compile and cache all kernels."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from nakmd.deck.deck import Deck
from nakmd.integrators import BAROSTATS, MINIMISERS, THERMOSTATS
from nakmd.potentials.files.eam_files import write_eam_fs
from nakmd.potentials.forms.analytic_eam import AnalyticEmbeddedAtom, analytic_table
from nakmd.potentials.hybrid import Hybrid
from nakmd.potentials.library import load
from nakmd.runs.run import run_deck

_LIQUID = {"liquid": {"x_K": 0.5, "temperature": "450 K", "atoms": 260}}
_WETTED = {
    "carbon": {"kind": "nanotube", "chirality": [5, 5], "length": "25 Å", "doping": {"graphitic": 0.02}},
    "liquid": {"region": "around", "x_K": 0.67, "temperature": "450 K", "thickness": "8 Å"},
}


def _dynamics(ensemble: str, **more: Any) -> dict[str, Any]:
    stage = {"kind": "produce", "steps": 12, "timestep": "0.5 fs", "ensemble": ensemble, **more}
    return stage if ensemble == "nve" else {**stage, "temperature": "300 K"}


_ALL_STAGES = [
    *({"kind": "relax", "method": method, "steps": 5} for method in MINIMISERS),
    *(_dynamics(ensemble) for ensemble in THERMOSTATS),
    *(_dynamics("bussi", barostat={"kind": kind}) for kind in BAROSTATS),
    # all moves have the kernels of this one
    _dynamics("bussi", move=[{"kind": "swap", "species": ["Na", "K"], "every": 4, "attempts": 8}]),
    _dynamics("nve"),
]

#: For walls: two time steps.
_SPLIT = _dynamics("nve", timestep={"bonds": "0.5 fs", "rest": "1 fs"})

#: Runs that compile the kernels: name, model and structure.
TRIALS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "metal, all integrators": ({"potential": "nak"}, _LIQUID),
    "metal on carbon": ({"potential": "nak-cn"}, _WETTED),
    "metal on carbon, pairs alone": ({"potential": "nak-cn-pair"}, _WETTED),
    "metal on tables": ({"potential": "warm.eam.fs"}, _LIQUID),
    "Lennard-Jones": (
        {
            "terms": [
                {
                    "kind": "lennard-jones",
                    "pair": list(pair),
                    "epsilon": "0.01 eV",
                    "sigma": "3.2 Å",
                    "cutoff": "6.5 Å",
                }
                for pair in (("Na", "Na"), ("Na", "K"), ("K", "K"))
            ]
        },
        _LIQUID,
    ),
}


def warm_up(name: str) -> float:
    """Run one of `TRIALS` in a temporary folder; return the wall time [s]."""
    model, structure = TRIALS[name]
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="nakmd-warmup-") as folder:
        if str(model.get("potential", "")).endswith(".eam.fs"):
            metal = load("nak")
            term = metal.terms[0] if isinstance(metal, Hybrid) else metal
            assert isinstance(term, AnalyticEmbeddedAtom)
            model = {"potential": str(write_eam_fs(Path(folder) / "warm.eam.fs", analytic_table(term, 500, 500)))}
        deck = Deck(
            model=model,
            structure=structure,
            stage=[*_ALL_STAGES, *([_SPLIT] if "carbon" in structure else [])],
            output={"trajectory_every": 4, "thermo_every": 2},
        )
        run_deck(deck, Path(folder) / "run")
    return time.perf_counter() - start
