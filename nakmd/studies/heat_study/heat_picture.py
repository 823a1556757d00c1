"""The figure of the study of heat: what the camera would see for each route."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nakmd.analysis.plotting import COLORS, Figure, figure_for
from nakmd.studies.heat_study import routes
from nakmd.studies.input_samples import ends
from nakmd.studies.study import Figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes as DrawnAxes

#: Routes whose curves are drawn: those that release heat.
DRAWN = (*routes.WETTING.values(), *routes.REACTIONS)

#: Reading [K] within which the axis of the readings is linear.
LINEAR = 0.1


def draw(curves: Mapping[str, Sequence[float]], figures: Figures, noise: float) -> Figure:
    """Draw a panel with the reading against time for each route, and one with the highest readings of all.

    Parameters
    ----------
    curves : mapping
        ``"time"``, and the 5, 50 and 95 % percentiles of each route.
    figures : Figures
    noise : float [K]
        Of the camera.
    """
    figure, whole = figure_for(None)
    whole.remove()
    figure.set_size_inches(9.0, 7.5)
    places = figure.add_gridspec(3, 4)
    first = None
    for k, name in enumerate(DRAWN):
        axes = figure.add_subplot(places[k // 4, k % 4], sharex=first, sharey=first)
        first = first or axes
        _draw_curve(axes, np.asarray(curves["time"]), curves[name], name, noise, COLORS[k % len(COLORS)])
        if k % 4:
            axes.tick_params(labelleft=False)
        else:
            axes.set_ylabel("reading / K")
    _draw_peaks(figure.add_subplot(places[2, :]), figures, noise)
    return figure


def _draw_curve(axes: DrawnAxes, times: np.ndarray, curve: object, name: str, noise: float, color: str) -> None:
    """Draw the median and the range of 90 % against time; grey is the noise."""
    low, middle, high = np.asarray(curve)
    axes.axhspan(-noise, noise, color="0.85", lw=0)
    axes.fill_between(times, low, high, color=color, alpha=0.25, lw=0)
    axes.plot(times, middle, color=color)
    axes.set_title(name, fontsize=9)
    axes.set_yscale("symlog", linthresh=LINEAR)
    axes.set(xlim=(0.0, 100.0), xlabel="time / s")
    axes.set_yticks([-1.0, -0.1, 0.0, 0.1, 1.0, 10.0, 100.0], ["−1", "−0.1", "0", "0.1", "1", "10", "100"])


def _draw_peaks(axes: DrawnAxes, figures: Figures, noise: float) -> None:
    """Draw the range of 95 % of the highest readings of all routes."""
    axes.axvspan(-noise, noise, color="0.85", lw=0)
    for row, name in enumerate(routes.ROUTES):
        found = figures[f"seen.{name}"]
        low, high = ends(found)
        color = COLORS[row % len(COLORS)] if name in DRAWN else "0.5"
        axes.plot([low, high], [row, row], color=color, lw=4, solid_capstyle="butt", alpha=0.5)
        axes.plot([found.value], [row], "o", color=color)
    axes.set_yticks(range(len(routes.ROUTES)), routes.ROUTES, fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("symlog", linthresh=LINEAR)
    ticks = [-100.0, -10.0, -1.0, -0.1, 0.0, 0.1, 1.0, 10.0, 100.0]
    axes.set_xticks(ticks, [f"{tick:g}".replace("-", "−") for tick in ticks])
    axes.set_xlabel("highest reading / K: median and 95 % of the samples; grey: noise of the camera")
