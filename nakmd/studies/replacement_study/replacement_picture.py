"""The figure of the study of replacement: the ledger, and affinity and contacts against the share converted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nakmd.analysis.plotting import COLORS, DASHES, Figure, figure_for
from nakmd.studies.replacement_study import walls
from nakmd.studies.replacement_study.conversion import ADDITIVE
from nakmd.studies.replacement_study.reactions import REACTIONS
from nakmd.studies.study import Figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes as DrawnAxes

#: Quantities against the share converted, and their axes.
SHOWN = {"affinity": "affinity of a face / J/m²", "contacts": "K around a C", "first layer": "K/Na, first layer"}


def draw(figures: Figures, models: Sequence[str]) -> Figure:
    """Draw ΔG of the reactions with 95 % intervals, and the series of both routes."""
    figure, whole = figure_for(None)
    whole.remove()
    figure.set_size_inches(9.0, 5.6)
    grid = figure.add_gridspec(len(SHOWN), 2, width_ratios=(1.15, 1.0))
    _draw_ledger(figure.add_subplot(grid[:, 0]), figures)
    for row, (name, label) in enumerate(SHOWN.items()):
        axes = figure.add_subplot(grid[row, 1])
        _draw_series(axes, figures, models, name)
        axes.set_ylabel(label, fontsize=8)
        if row == 0:
            axes.set_ylim(top=2.0 * axes.get_ylim()[1])
            axes.legend(fontsize=6, loc="upper left", ncols=len(models), title="lines: linear mixing", title_fontsize=6)
        if name == "first layer":
            axes.set_yscale("log")
    axes.set_xlabel("share of graphitic N that is converted")
    return figure


def _draw_ledger(axes: DrawnAxes, figures: Figures) -> None:
    for row, reaction in enumerate(REACTIONS):
        found = figures[f"free energy.{reaction.key}"]
        low, high = found.interval
        color = COLORS[1] if reaction.replaces else COLORS[0]
        axes.barh([row], [found.value], color=color, alpha=0.5, height=0.6)
        axes.plot([low, high], [row, row], color="black", lw=1.5)
    axes.axvline(0.0, color="black", lw=0.8)
    axes.set_yticks(range(len(REACTIONS)), [f"{r.key}: {r.title}" for r in REACTIONS], fontsize=7)
    axes.invert_yaxis()
    axes.set(xlabel="ΔG / eV (line: 95 %)", title="orange: graphitic N is replaced")
    axes.title.set_fontsize(9)


def _draw_series(axes: DrawnAxes, figures: Figures, models: Sequence[str], name: str) -> None:
    for k, model in enumerate(models):
        bare = figures.get(f"{name}.{walls.PRISTINE}.0", model)
        if bare is not None and bare.value is not None:
            axes.axhline(
                bare.value, color="0.6", lw=1, ls=DASHES[k % len(DASHES)], label=_label("pristine", model, models)
            )
        start = figures.get(f"{name}.{walls.GRAPHITIC}.0", model)
        for row, route in enumerate(walls.ROUTES):
            prefix = f"{name}.{route}."
            of_route = [f for f in figures if f.model == model and f.key.startswith(prefix)]
            shares = [0.0, *(float(f.key.removeprefix(prefix)) for f in of_route)]
            found = [
                (x, f.value, f.error or 0.0)
                for x, f in zip(shares, [start, *of_route])
                if f is not None and f.value is not None
            ]
            if not found:
                continue
            color, fill, dashes = COLORS[row], COLORS[row] if k == 0 else "white", DASHES[k % len(DASHES)]
            x, y, error = (list(numbers) for numbers in zip(*found))
            axes.errorbar(x, y, error, fmt="o", color=color, mfc=fill, ms=4)
            # what mixes linearly has a line between its ends, the rest one through its points
            rows = [0, -1] if name in ADDITIVE else range(len(x))
            line = [x[k] for k in rows], [y[k] for k in rows]
            axes.plot(*line, color=color, lw=0.8, ls=dashes, label=_label(route, model, models))


def _label(what: str, model: str, models: Sequence[str]) -> str:
    return what if len(models) == 1 else f"{what}, {model}"
