"""A figure to draw into, without touching the state of a user's session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import matplotlib.axes
    import matplotlib.figure

# Aliases by name: importing them does not import matplotlib (0.3 s), which only plots need.
Axes: TypeAlias = "matplotlib.axes.Axes"
Figure: TypeAlias = "matplotlib.figure.Figure"

#: Colours that stay apart for colour-blind readers (Okabe & Ito).
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

#: Lines of the same colour are told apart by these.
DASHES = ("-", "--", ":", "-.")


def style(row: int) -> dict[str, Any]:
    """Return colour and dashes of the n-th line of a figure."""
    return {"color": COLORS[row % len(COLORS)], "linestyle": DASHES[row // len(COLORS) % len(DASHES)]}


def figure_for(ax: Axes | None) -> tuple[Figure, Axes]:
    """Return the figure and axes to draw into: those given, or new ones outside pyplot (no window)."""
    import matplotlib.figure  # noqa: PLC0415  (0.3 s that only plots should cost)

    if ax is None:
        figure = matplotlib.figure.Figure(figsize=(6.0, 4.0), layout="constrained")
        return figure, figure.add_subplot()
    figure_of_axes = ax.figure
    while not isinstance(figure_of_axes, matplotlib.figure.Figure):  # axes inside a subfigure
        figure_of_axes = figure_of_axes.figure
    return figure_of_axes, ax
