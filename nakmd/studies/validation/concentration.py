"""Fluctuations of concentration in the liquid alloy, in the limit of long waves: how near it is to demixing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nakmd.analysis import StructureFactor
from nakmd.integrators import Bussi, Swap, VelocityVerlet
from nakmd.potentials import Potential
from nakmd.simulation import LiveAnalysis, Stage
from nakmd.structures.liquid import liquid
from nakmd.studies.validation.findings import Finding, finite, number, restored, stored, together
from nakmd.studies.validation.liquid import (
    STRONG_BATH,
    TIMESTEP,
    at_mean_volume,
    name_of,
    run,
    steps_of,
    without_pressure,
)
from nakmd.studies.validation.references import reference_for

#: Steps between calls of the swaps, and trials in each, as in ``examples/swaps``: an atom changes its species every few
#: picoseconds, where diffusion takes 100 ps for the longest wave of such cells.
EVERY_SWAPS, TRIALS = 20, 400

#: Steps between samples (0.2 ps), largest q [1/Å] and number of bins: few wave vectors of a cubic cell share one.
EVERY, Q_MAX, BINS = 50, 1.0, 50


def measure(potential: Potential, params: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return S_CC(q) over c₁ c₂ and its limit at zero pressure.

    ``params`` has ``"x_K"``, ``"temperature"`` [K], ``"atoms"``, ``"settle"``, ``"npt"`` and ``"time"`` [ps]: the
    volume is the mean of ``npt`` at zero pressure, and S_CC that of ``time`` with swaps at this volume.
    """
    x_K, temperature, settle = float(params["x_K"]), float(params["temperature"]), float(params["settle"])
    system = liquid(x_K, temperature, n_atoms=int(params["atoms"]), seed=seed)
    averages = without_pressure(system, potential, temperature, settle, settle, float(params["npt"]), seed)
    system = at_mean_volume(system, averages)
    factor = StructureFactor(q_max=Q_MAX, bins=BINS, vectors=0)
    stages = [
        Stage(
            name, VelocityVerlet(TIMESTEP, Bussi(temperature, STRONG_BATH)), steps_of(time),
            moves=(Swap(("Na", "K"), EVERY_SWAPS, TRIALS),),
        )
        for name, time in (("settle", 2.0 * settle), ("produce", float(params["time"])))
    ]  # fmt: skip
    run(system, potential, stages, [LiveAnalysis(factor, system.topology, EVERY, ["produce"])], seed)
    found = factor.result()
    ideal = math.prod(found.fractions.values())
    record: dict[str, Any] = {
        "q": [float(q) for q in found.q],
        "S": [float(s) / ideal for s in found.concentration_concentration],
        "error": [finite(float(e) / ideal) for e in found.concentration_concentration_error],
        "n": [int(n) for n in found.n_vectors],
        "atoms": system.n_atoms,
        "limit": None,
    }
    if found.long_waves is not None:
        limit = found.long_waves
        record |= {
            "limit": stored(limit.relative), "change": finite(limit.change), "length": stored(limit.length),
            "note": limit.note,
        }  # fmt: skip
    return record


def findings(x_K: float, temperature: float, runs: Sequence[Mapping[str, Any]]) -> Finding:
    """Return S_CC(0) over that of random mixing: the mean of the largest cells, with the smaller ones as size error.

    Parameters
    ----------
    x_K, temperature : float
    runs : sequence of mapping
        Results of `measure` in cells of one or more sizes.
    """
    sizes = sorted({int(run["atoms"]) for run in runs})
    by_size = {
        size: [restored(run["limit"]) for run in runs if run["atoms"] == size and run["limit"] is not None]
        for size in sizes
    }
    largest = [run for run in runs if run["atoms"] == sizes[-1]]
    if not by_size[sizes[-1]]:
        return Finding(
            group="alloy", quantity="S_cc(0) over ideal", of=name_of(x_K), temperature=temperature, value=math.nan,
            error=math.nan, unit="", notes=(f"too few wave vectors in a cell of {sizes[-1]} atoms",),
        )  # fmt: skip
    mean = together(by_size[sizes[-1]])
    change = float(np.mean([number(run["change"]) for run in largest]))
    smaller = [abs(together(by_size[size]).value - mean.value) for size in sizes[:-1] if by_size[size]]
    length = together([restored(run["length"]) for run in largest])
    parts = [change, *smaller]
    size_note = "change with a term in q⁴"
    if smaller:
        size_note += f", and difference to {sizes[0]} atoms"
    return Finding(
        group="alloy", quantity="S_cc(0) over ideal", of=name_of(x_K), temperature=temperature, value=mean.value,
        error=mean.error, size_error=math.hypot(*parts), size_note=size_note, unit="",
        reference=reference_for("S_cc(0) over ideal", name_of(x_K), temperature),
        notes=(
            f"1 for random mixing; {largest[0]['note']}, {sizes[-1]} atoms with swaps",
            *((f"correlation length {length.text}",) if math.isfinite(length.value) else ()),
        ),
    )  # fmt: skip


def cost(params: Mapping[str, Any]) -> float:
    """Return the cost in atom-steps, for an estimate of the remaining time; swaps cost a third of the steps."""
    plain = 2.0 * float(params["settle"]) + float(params["npt"])
    return float(params["atoms"]) * (plain + 1.3 * (2.0 * float(params["settle"]) + float(params["time"]))) / TIMESTEP
