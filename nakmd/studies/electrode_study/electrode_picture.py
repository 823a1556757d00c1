"""The figure of the electrode: map of surface and film, readings against the carbon fraction, hold of pores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nakmd.analysis.plotting import COLORS, DASHES, Figure, figure_for
from nakmd.studies.electrode_study.electrode_samples import KILOPASCAL, NANOMETRE
from nakmd.studies.input_samples import ends
from nakmd.studies.study import Figures
from nakmd.studies.study_inputs import Inputs

if TYPE_CHECKING:
    from matplotlib.axes import Axes as DrawnAxes

#: Carbon by mass of the lines of the map.
LINES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)

#: Radii of pores [nm].
RADII = np.geomspace(10.0, 1e6, 50)


def draw(found: Mapping[str, Any], figures: Figures, inputs: Inputs) -> Figure:
    """Draw the three panels; the claimed share with its error is a band in the first two.

    Parameters
    ----------
    found : mapping
        Result of `electrode_spreads`.
    figures : Figures
    inputs : Inputs
    """
    figure, whole = figure_for(None)
    whole.remove()
    figure.set_size_inches(9.0, 7.5)
    places = figure.add_gridspec(2, 2)
    panels = [figure.add_subplot(place) for place in (places[0, 0], places[0, 1], places[1, :])]
    target = inputs["electrode.active"]
    band = target.middle - target.deviation, target.middle + target.deviation
    _draw_map(panels[0], found["map"], band)
    _draw_readings(panels[1], found["curves"], figures, band)
    _draw_hold(panels[2], found["hold"], inputs)
    return figure


def _draw_map(axes: DrawnAxes, found: Mapping[str, Any], band: tuple[float, float]) -> None:
    """Draw reading A over surface and film, with lines of the carbon fraction."""
    surfaces, films, active = (np.asarray(found[name]) for name in ("surface", "film", "A"))
    shown = axes.contourf(surfaces, films, active, levels=np.linspace(0.0, 1.0, 21), cmap="Greys_r", extend="min")
    axes.figure.colorbar(shown, ax=axes, label="reading A")
    axes.contourf(surfaces, films, active, levels=list(band), colors=[COLORS[1]], alpha=0.7)
    lines = axes.contour(surfaces, films, np.asarray(found["fraction"]), levels=LINES, colors=COLORS[0], linewidths=0.8)
    axes.clabel(lines, fmt=lambda w: f"w = {w:g}", fontsize=7)
    axes.set_yscale("log")
    axes.set(xlabel="specific surface S / (m²/g)", ylabel="film δ / nm")
    axes.set_title(f"orange: A from {band[0]:.2f} to {band[1]:.2f}", fontsize=9)


def _draw_readings(axes: DrawnAxes, curves: Mapping[str, Any], figures: Figures, band: tuple[float, float]) -> None:
    """Draw the readings against the carbon fraction, and where tubes form a network."""
    fractions = np.asarray(curves["fraction"])
    axes.axhspan(*band, color=COLORS[1], alpha=0.3, lw=0)
    for k, letter in enumerate("ABC"):
        low, middle, high = np.asarray(curves[letter]).T
        axes.fill_between(fractions, low, high, color=COLORS[k + 2], alpha=0.3, lw=0)
        axes.plot(fractions, middle, color=COLORS[k + 2], label=letter)
    for k, (model, found) in enumerate(figures.of("D").items()):
        axes.axhline(found.value or 0.0, color=COLORS[5], ls=DASHES[k], label=f"D, {model}")
    low, high = ends(figures["network"])
    axes.axvspan(low, high, ymax=0.05, color="0.4", lw=0)
    axes.annotate(
        "95 % range: network from here", (low, 0.055), xycoords=("data", "axes fraction"), fontsize=7, color="0.3"
    )
    axes.set(xlim=(0.0, fractions[-1]), ylim=(0.3, 1.02), xlabel="carbon by mass w", ylabel="active share")
    axes.legend(fontsize=7, loc="lower left", bbox_to_anchor=(0.0, 0.08))


def _draw_hold(axes: DrawnAxes, hold: Mapping[str, Any], inputs: Inputs) -> None:
    """Draw the pressure that pores withstand, 2 γ cos θ/r, by wall and tension."""
    for k, (wall, tensions) in enumerate(hold.items()):
        for dash, (tension, found) in zip(DASHES, tensions.items()):
            pressures = 2.0 * found["curve"]["50"] / (RADII * NANOMETRE) / KILOPASCAL
            axes.plot(RADII, pressures, color=COLORS[k], ls=dash, label=f"{wall}, {tension}")
    pressure = inputs["electrode.pressure"]
    low, high = (pressure.low or pressure.middle), (pressure.high or pressure.middle)
    axes.axhspan(low, high, color="0.85", lw=0, zorder=0)
    axes.axhline(0.0, color="0.5", lw=0.8)
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=0.1)
    axes.set(xlabel="radius of the pore / nm", ylabel="pressure that it withstands / kPa")
    axes.set_title("grey: the assumed pressure", fontsize=9)
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
