"""Plots of a report, embedded in the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.plotting import COLORS
from nakmd.arrays import FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure


#: Number of colours of the embedded PNG images.
COLORS_OF_PNG = 128


class Panel(NamedTuple):
    """How a column of the thermo table is shown.

    Attributes
    ----------
    label : str
    per_atom : bool
        Whether it is divided by the number of atoms.
    factor : float
        Units of the label in one of the table.
    from_first : bool
        Whether its first value is subtracted: what matters is its change, far smaller than itself.
    """

    label: str
    per_atom: bool = False
    factor: float = 1.0
    from_first: bool = False


#: Columns of the thermo table that are plotted.
PANELS: Mapping[str, Panel] = {
    "temperature": Panel("temperature / K"),
    "potential_energy": Panel("potential energy / (eV/atom)", per_atom=True),
    "conserved": Panel("change of the conserved energy / (meV/atom)", per_atom=True, factor=1e3, from_first=True),
    "pressure_bar": Panel("pressure / kbar", factor=1e-3),
    "density": Panel("density / (g/cm³)"),
}


def plot_thermo(
    thermo: Mapping[str, NDArray[Any]], n_atoms: int, measured: Sequence[str], first: float
) -> Figure | None:
    """Plot the thermo table against time, with stage limits and the means of the results; None for < 2 rows.

    Parameters
    ----------
    thermo : mapping of str to (n,) array
        Columns of the thermo table.
    n_atoms : int
    measured : sequence of str
        Names of the measured stages.
    first : float [ps]
        Time from which on they are measured.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415  (slow to import)

    time = np.asarray(thermo.get("time", []), dtype=np.float64)
    names = [name for name in PANELS if name in thermo and np.any(np.isfinite(_floats(thermo, name)))]
    if len(time) < 2 or not np.ptp(time) > 0.0 or not names:
        return None
    stages = np.asarray(thermo["stage"]).astype(str) if "stage" in thermo else np.full(len(time), "")
    moving = [name for name in dict.fromkeys(stages.tolist()) if np.ptp(time[stages == name]) > 0.0]
    shown = np.isin(stages, moving)  # a minimisation takes no time: its rows would be one vertical line
    figure = Figure(figsize=(9.0, 1.0 + 1.45 * len(names)), layout="constrained")
    panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for row, (name, ax) in enumerate(zip(names, panels)):
        panel = PANELS[name]
        series = panel.factor * _floats(thermo, name) / (n_atoms if panel.per_atom else 1)
        if panel.from_first:
            known = series[shown & np.isfinite(series)]
            series = series - (known[0] if len(known) else 0.0)
        ax.plot(time[shown], series[shown], lw=0.7, color=COLORS[row % len(COLORS)])
        if name == "temperature" and "set_temperature" in thermo:
            ax.plot(time[shown], _floats(thermo, "set_temperature")[shown], color="0.25", lw=0.8, ls=":")
        for stage in moving:
            if stage in measured:
                ax.axvspan(*time[stages == stage][[0, -1]], color="0.93", lw=0.0, zorder=0)
        kept = np.isin(stages, list(measured)) & (time >= first) & np.isfinite(series)
        if name != "conserved" and np.any(kept):  # the conserved energy is judged by its drift
            begin, end = time[kept][[0, -1]]
            if first > time[np.isin(stages, list(measured))][0]:
                ax.axvline(begin, color="0.15", ls="--", lw=1.0)
            ax.hlines(float(np.mean(series[kept])), begin, end, color="0.15", lw=1.0)
        ax.set_title(panel.label, loc="left", fontsize="small", pad=3.0)  # beside the axis, long names would overlap
        ax.margins(x=0.01)
        ax.ticklabel_format(axis="y", useOffset=False)
        ax.tick_params(labelsize="small")
    low, high = panels[0].get_ylim()
    panels[0].set_ylim(low, high + 0.2 * (high - low))  # room for the names of the stages
    for stage in moving:
        begin, end = time[stages == stage][[0, -1]]
        panels[0].annotate(
            stage, (0.5 * (begin + end), 0.96), xycoords=("data", "axes fraction"), ha="center", va="top",
            fontsize="small", color="0.35",
        )  # fmt: skip
        if begin > time[shown][0]:
            for ax in panels:
                ax.axvline(begin, color="0.75", lw=0.8)
    panels[-1].set_xlabel("t / ps")
    return figure


def _floats(thermo: Mapping[str, NDArray[Any]], name: str) -> FloatArray:
    return np.asarray(thermo[name], dtype=np.float64)


def picture(figure: Figure, dpi: float = 130.0) -> str:
    """Return a figure as a data URI of a PNG image.

    Parameters
    ----------
    figure : matplotlib Figure
    dpi : float
        Resolution; the default suits print.
    """
    from PIL import Image  # noqa: PLC0415  (slow to import; matplotlib needs it as well)

    full, reduced = io.BytesIO(), io.BytesIO()
    figure.savefig(full, format="png", dpi=dpi)
    # few colours are enough for lines and markers, at a third of the size
    Image.open(full).convert("RGB").quantize(COLORS_OF_PNG, dither=Image.Dither.NONE).save(
        reduced, "png", optimize=True
    )
    return f"data:image/png;base64,{base64.b64encode(reduced.getvalue()).decode()}"
