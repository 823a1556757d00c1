"""Figures and line styles for plots, independent of the pyplot state of the session."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

from nakmd.analysis.table_row import WithError

if TYPE_CHECKING:
    import matplotlib.axes
    import matplotlib.figure

# String aliases: importing them does not import matplotlib, which takes 0.3 s.
Axes: TypeAlias = "matplotlib.axes.Axes"
Figure: TypeAlias = "matplotlib.figure.Figure"

#: Colours that colour-blind readers can distinguish (Okabe & Ito).
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

#: Dash patterns that distinguish lines of the same colour.
DASHES = ("-", "--", ":", "-.")


def style(row: int) -> dict[str, Any]:
    """Return colour and dash pattern of the n-th line of a figure."""
    return {"color": COLORS[row % len(COLORS)], "linestyle": DASHES[row // len(COLORS) % len(DASHES)]}


def figure_for(ax: Axes | None) -> tuple[Figure, Axes]:
    """Return figure and axes to draw into: those of ``ax``, or new ones outside pyplot (no window)."""
    import matplotlib.figure  # noqa: PLC0415  (0.3 s, needed for plots only)

    if ax is None:
        figure = matplotlib.figure.Figure(figsize=(6.0, 4.0), layout="constrained")
        return figure, figure.add_subplot()
    figure_of_axes = ax.figure
    while not isinstance(figure_of_axes, matplotlib.figure.Figure):  # axes inside a subfigure
        figure_of_axes = figure_of_axes.figure
    return figure_of_axes, ax


def logarithmic(ax: Axes) -> None:
    """Make the y axis logarithmic, with labels as numbers are written elsewhere: 0.9, not 9e-01.

    Where few decades are shown, some of the minor ticks have labels too.
    """
    from matplotlib.ticker import LogFormatter  # noqa: PLC0415  (slow to import)

    class Plain(LogFormatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return f"{x:g}" if super().__call__(x, pos) else ""  # which ticks have labels is decided there

    ax.set(yscale="log")
    ax.yaxis.set_major_formatter(Plain())
    ax.yaxis.set_minor_formatter(Plain(minor_thresholds=(1.5, 0.4)))


def draw_mean(ax: Axes, mean: WithError, label: str) -> None:
    """Draw a mean as a horizontal line and its 95 % confidence interval as a band."""
    ax.axhline(mean.value, color=COLORS[1], label=label)
    low, high = mean.interval()
    if math.isfinite(low):
        ax.axhspan(low, high, color=COLORS[1], alpha=0.2, lw=0, label="95 % interval")
