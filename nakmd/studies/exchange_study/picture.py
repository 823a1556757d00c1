"""The figure of the study of exchange: stability, barriers and rates of both solutes by model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nakmd.analysis.plotting import COLORS, Figure, figure_for
from nakmd.studies.exchange_study import answers, solutes, warm_surfaces
from nakmd.studies.study import Figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes as DrawnAxes

#: Names of the rows.
SHORT = {
    "substitution": "substitution", "direct": "direct", "interstitial route": "interstitial",
    "surface": "surface (110)", "vacancy route": "vacancy",
}  # fmt: skip


def draw(figures: Figures, models: Sequence[str]) -> Figure:
    """Draw barriers by mechanism, and rates against temperature if there are any."""
    rated = [f for f in figures if f.key.startswith("rate.110.") and f.value is not None]
    figure, whole = figure_for(None)
    whole.remove()
    figure.set_size_inches(8.5 if rated else 5.0, 4.2)
    panels = figure.subplots(1, 2 if rated else 1, squeeze=False)[0]
    _draw_energies(panels[0], figures)
    if rated:
        _draw_rates(panels[1], figures, models)
    return figure


def _draw_energies(axes: DrawnAxes, figures: Figures) -> None:
    """Draw the energies of both solutes: one line for each model between them."""
    keys = [key for key in SHORT if answers.comparisons(figures, key)]
    names = list(dict.fromkeys(c.model for key in keys for c in answers.comparisons(figures, key)))
    for row, key in enumerate(keys):
        for c in answers.comparisons(figures, key):
            k = names.index(c.model)
            y = row + 0.6 * ((k + 0.5) / len(names) - 0.5)
            axes.plot([c.first, c.second], [y, y], color=COLORS[k % len(COLORS)], lw=1.5)
            axes.plot([c.first], [y], "o", color=COLORS[k % len(COLORS)], label=c.model if row == 0 else None)
            axes.plot([c.second], [y], "s", mfc="white", color=COLORS[k % len(COLORS)])
    axes.set_yticks(range(len(keys)), [SHORT[key] for key in keys])
    axes.invert_yaxis()
    axes.set(xlabel="energy or barrier / eV", title="● Na in K   □ K in Na")
    axes.title.set_fontsize(9)
    axes.axvline(0.0, color="0.8", lw=0.8, zorder=0)
    axes.legend(fontsize=7)


def _draw_rates(axes: DrawnAxes, figures: Figures, models: Sequence[str]) -> None:
    """Draw the rates of embedding with their 95 % intervals; an arrow where there was no event."""
    for k, model in enumerate(models):
        for pair, marker in zip(solutes.PAIRS, ("o", "s")):
            surface = pair.replace(" in ", " on ")
            for temperature in warm_surfaces.TEMPERATURES:
                found = figures.get(f"rate.110.{surface}.{temperature:g} K", model)
                if found is None or found.value is None or found.interval is None:
                    continue
                x, (low, high) = 1e3 / temperature + 0.02 * (k - 1), found.interval
                color = COLORS[k % len(COLORS)]
                face = color if marker == "o" else "white"
                if found.value > 0.0:
                    ends = np.array([[found.value - low], [high - found.value]])
                    axes.errorbar([x], [found.value], yerr=ends, fmt=marker, color=color, mfc=face)
                else:
                    axes.plot([x], [high], "v", color=color, mfc=face)
    axes.set_yscale("log")
    axes.set_xlim(1e3 / max(warm_surfaces.TEMPERATURES) - 0.1, 1e3 / min(warm_surfaces.TEMPERATURES) + 0.1)
    axes.set(xlabel="1000 K / T", ylabel="rate of embedding on (110) / (1/ns)", title="▽ upper end: no event")
    axes.title.set_fontsize(9)
