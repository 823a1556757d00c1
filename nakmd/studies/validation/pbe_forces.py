"""Forces of a model on PBE frames of the liquids: correlation and slope by state, frames kept out of the fit apart."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.cell import Cell
from nakmd.potentials import Potential, evaluate
from nakmd.resources import data_folder
from nakmd.studies.validation.findings import Finding, number
from nakmd.studies.validation.references import reference_for
from nakmd.system import System

#: Of three frames of a state, the number of the one kept out of the fit.
KEPT_OUT = 2

#: Which frames a figure is of, by whether they were kept out.
PARTS = {False: "fitted", True: "kept out"}


def file_of_frames() -> Path:
    """Return the file of the frames; a wheel without the fit does not have it."""
    return data_folder("potentials") / "fit" / "nak" / "pbe" / "liquid.extxyz"


@cache
def _frames(file: Path) -> list[Any]:
    from ase.io import read  # noqa: PLC0415  (ASE loads slowly)

    return list(read(file, ":"))


def elements_of_frames(file: Path) -> list[tuple[str, ...]]:
    """Return the sets of elements of the frames, Na before K; empty without the file."""
    if not file.is_file():
        return []
    found = {frozenset(atoms.get_chemical_symbols()) for atoms in _frames(file)}
    return sorted((tuple(sorted(elements, reverse=True)) for elements in found), key=lambda e: (len(e), e[0] != "Na"))


def digest_of_frames(file: Path) -> str:
    """Return the digest of the file: a point with other frames is another point."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def measure(potential: Potential, params: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return correlation and slope of the force components of each state.

    ``params`` has ``"elements"`` and ``"file"``, the digest of the frames; ``seed`` is not used.

    Returns
    -------
    dict
        ``"states"``: by state and part (`PARTS`), ``"correlation"``, ``"slope"`` (model over PBE, least squares), their
        jackknife errors over atoms, ``"rms"`` [eV/Å] of the difference, ``"frames"``.
    """
    rows: dict[tuple[str, bool], list[tuple[FloatArray, FloatArray]]] = {}
    for atoms in _frames(file_of_frames()):
        symbols = atoms.get_chemical_symbols()
        if set(symbols) != set(params["elements"]):
            continue
        names = sorted(set(symbols), reverse=True)
        system = System(atoms.positions, [names.index(s) for s in symbols], names, Cell(np.array(atoms.cell)))
        key = (str(atoms.info["state"]), int(atoms.info["frame"]) % 3 == KEPT_OUT)
        rows.setdefault(key, []).append((atoms.get_forces(), np.array(evaluate(potential, system).forces)))
    states: dict[str, dict[str, Any]] = {}
    for (state, kept_out), frames in sorted(rows.items()):
        reference, model = (np.concatenate(parts) for parts in zip(*frames))
        states.setdefault(state, {})[PARTS[kept_out]] = {**agreement(reference, model), "frames": len(frames)}
    return {"states": states}


def agreement(reference: FloatArray, model: FloatArray) -> dict[str, float]:
    """Return Pearson's correlation of all components and the slope of model over reference, with jackknife errors.

    Parameters
    ----------
    reference, model : (n, 3) float64 [eV/Å]

    Notes
    -----
    Atoms are left out one by one: components of an atom are correlated, and neighbours somewhat, so the errors are
    lower bounds.
    """
    x, y = reference, model
    sums = np.stack([np.full(len(x), 3.0), *(v.sum(axis=1) for v in (x, y, x * x, y * y, x * y))])

    def both(total: FloatArray) -> FloatArray:
        n, sx, sy, sxx, syy, sxy = total
        xx, yy, xy = sxx - sx * sx / n, syy - sy * sy / n, sxy - sx * sy / n
        return np.array([xy / np.sqrt(xx * yy), xy / xx])

    total = sums.sum(axis=1)
    correlation, slope = both(total)
    without = both(total[:, None] - sums)
    n = len(x)
    errors = np.sqrt((n - 1.0) / n * np.sum((without - without.mean(axis=1, keepdims=True)) ** 2, axis=1))
    return {
        "correlation": float(correlation), "correlation error": float(errors[0]),
        "slope": float(slope), "slope error": float(errors[1]), "rms": float(np.sqrt(np.mean((y - x) ** 2))),
    }  # fmt: skip


def findings(result: Mapping[str, Any]) -> list[Finding]:
    """Return correlation and slope of each state and part."""
    found = []
    for state, parts in result["states"].items():
        for part, figures in parts.items():
            for key in ("correlation", "slope"):
                quantity, of = f"{key} of forces, {part}", state.replace("_", " ")
                found.append(
                    Finding(
                        group="forces", quantity=quantity, of=of, value=number(figures[key]),
                        error=number(figures[f"{key} error"]), size_error=0.0, unit="",
                        reference=reference_for(f"{key} of forces", "PBE"),
                        notes=(
                            f"{figures['frames']} frame{'s' if figures['frames'] > 1 else ''} of PBE, rms difference "
                            f"{figures['rms']:.3f} eV/Å",
                        ),
                    )
                )  # fmt: skip
    return [f for f in found if math.isfinite(f.value)]
