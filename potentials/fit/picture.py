"""Figure of the fitted curves and the computed points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from curves import Point
from fitting import predict
from quality import moved

mpl.use("Agg")
import matplotlib.pyplot as plt

#: Curves of one column, with their names in the legend.
COLUMNS = (
    ("pristine graphene", "C", {"graphene_hollow": "hollow", "graphene_bridge": "bridge", "graphene_top": "top"}),
    (
        "graphitic N",
        "N:graphitic",
        {
            "graphN_topN": "on N", "graphN_nearhollow": "hollow beside N", "graphN_farhollow": "hollow far from N",
            "graph2N_farhollow": "the same, two N in the cell", "graphN_farhollow_5x5": "the same, one N in 50",
        },
    ),
    (
        "holes",
        None,
        {
            "n3v_center": "three pyridinic N", "n3vrelaxed_center": "the same, relaxed",
            "vacancy_center": "bare vacancy", "pyrrolic_center": "pyrrolic N",
        },
    ),
)  # fmt: skip


def draw(points: Sequence[Point], solved: Mapping[str, tuple[Any, Any]], path: Path) -> None:
    """Write the figure: a row for each metal, symbols computed (open symbols: masked), lines fitted."""
    from metal_carbon import HOLES  # noqa: PLC0415

    figure, axes = plt.subplots(len(solved), 3, figsize=(12.0, 7.0), layout="constrained")
    for row, (metal, (stages, fits)) in zip(axes, solved.items(), strict=True):
        for axis, (title, species, curves) in zip(row, COLUMNS, strict=True):
            for k, (curve, name) in enumerate(curves.items()):
                mine = [p for p in points if p.metal == metal and p.curve == curve]
                kind = species or next(name for name, hole in HOLES.items() if curve in hole.curves)
                if not mine or kind not in fits:
                    continue
                heights = np.linspace(min(p.height for p in mine) - 0.15, max(p.height for p in mine) + 0.6, 120)
                line = [moved(mine[0], h) for h in heights]
                energies = [predict(p, stages[kind].terms_of(p, fits[kind].values))[0] for p in line]
                axis.plot(heights, energies, color=f"C{k}", lw=1.3)
                for p in mine:
                    face = "none" if p.masked else f"C{k}"
                    axis.plot(p.height, p.energy, "o", color=f"C{k}", mfc=face, ms=5)
                axis.plot([], [], "o-", color=f"C{k}", label=name)
            shown = [p.energy for p in points if p.metal == metal and p.curve in curves and not p.masked]
            low, high = min(shown), min(max(shown), 0.6)
            axis.set_ylim(low - 0.12 * (high - low), high + 0.12 * (high - low))
            axis.axhline(0.0, color="0.7", lw=0.7, zorder=0)
            axis.set_title(f"{metal}, {title}", fontsize=10)
            axis.set_xlabel("height (Å)")
            axis.legend(fontsize=8, frameon=False)
        row[0].set_ylabel("energy (eV)")
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)
