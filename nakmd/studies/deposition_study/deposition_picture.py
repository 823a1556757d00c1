"""The figure of the study of deposition: mixing, roughness against random growth, and barriers of steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nakmd.analysis.plotting import COLORS, Figure, figure_for
from nakmd.studies.deposition_study import film_points, island_points, step_points
from nakmd.studies.deposition_study.flux_figures import WARMER
from nakmd.studies.study import Figures, PointResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes as DrawnAxes

MARKERS = ("o", "s", "^", "D", "v")

#: Parts of the key of a film.
_MODEL, _FILM, _TEMPERATURE, _INTERVAL = 0, 2, 3, 4

#: Range of √θ for the line of random growth.
ROOTS = (0.0, 1.5)


def draw(figures: Figures, models: Sequence[str], results: PointResults) -> Figure:
    """Draw what was measured of the five panels: mixing, roughness, steps, first layer on carbon, films or islands."""
    panels = [
        (_draw_mixing, any(f.key.startswith("mixing.") and f.value is not None for f in figures)),
        (_draw_roughness, any(_has_film(result) for result in results.values())),
        (_draw_steps, any(f.key.startswith("excess.") and f.value is not None for f in figures)),
        (_draw_first_layer, any(f.key.startswith("K in first layer.") and f.value is not None for f in figures)),
        (_draw_islands, bool(_keys(figures, island_points.DIFFERENCE))),
    ]
    shown = [draws for draws, there in panels if there]
    figure, whole = figure_for(None)
    whole.remove()
    rows = max(1, math.ceil(len(shown) / 2))
    figure.set_size_inches(12.0, 3.8 * rows)
    axes = figure.subplots(rows, 2 if len(shown) > 1 else 1, squeeze=False).ravel()
    for panel, draws in zip(axes, shown):
        draws(panel, figures, models, results)
    for panel in axes[len(shown) :]:
        panel.remove()
    return figure


def _has_film(result: Any) -> bool:
    return "roughness" in result and result.get("theta", 0.0) > 0.0


def _draw_bars(axes: DrawnAxes, figures: Figures, keys: Sequence[str], models: Sequence[str]) -> None:
    """Draw values with errors, one row for each key."""
    named = [model for model in models if any(_value(figures, key, model) is not None for key in keys)]
    for row, key in enumerate(keys):
        for k, model in enumerate(named):
            figure = figures.get(key, model)
            if figure is None or figure.value is None:
                continue
            y = row + 0.5 * ((k + 0.5) / len(named) - 0.5)
            axes.errorbar(
                [figure.value], [y], xerr=[figure.error or 0.0], fmt=MARKERS[k % len(MARKERS)],
                color=COLORS[k % len(COLORS)], label=model if row == 0 else None, ms=4,
            )  # fmt: skip
    axes.set_yticks(range(len(keys)), [key.partition(".")[2].replace(".", ", ") for key in keys], fontsize=7)
    axes.set_ylim(len(keys) - 0.5, -0.5)
    axes.legend(fontsize=7)


def _value(figures: Figures, key: str, model: str) -> float | None:
    figure = figures.get(key, model)
    return None if figure is None else figure.value


def _keys(figures: Figures, start: str) -> list[str]:
    return list(dict.fromkeys(f.key for f in figures if f.key.startswith(start) and f.value is not None))


def _draw_mixing(axes: DrawnAxes, figures: Figures, models: Sequence[str], _: PointResults) -> None:
    temperature = f"{film_points.TEMPERATURES[0]:g} K"
    keys = [key for key in _keys(figures, "mixing.") if key.endswith(temperature)] or _keys(figures, "mixing.")
    _draw_bars(axes, figures, keys, models)
    axes.set(xlabel="deposited below the first plane of the slab", xlim=(-0.02, None))
    axes.set_title("mixing on contact", fontsize=9)


def _draw_roughness(axes: DrawnAxes, figures: Figures, models: Sequence[str], results: PointResults) -> None:
    """Draw w/d against √θ, the mean over the seeds of the first model's films at the answers' temperature and flux.

    Films whose free atoms were too warm have open markers.
    """
    runs = {key: result for key, result in results.items() if _has_film(result) and result.get("relative roughness")}
    for part in (_MODEL, _TEMPERATURE):  # of each the first that was run
        first = next((key.split("/")[part] for key in runs), None)
        runs = {key: result for key, result in runs.items() if key.split("/")[part] == first}
    longest = max((float(key.split("/")[_INTERVAL].split()[0]) for key in runs), default=0.0)
    runs = {key: result for key, result in runs.items() if key.split("/")[_INTERVAL] == f"{longest:g} ps"}
    films = list(dict.fromkeys(key.split("/")[_FILM] for key in runs))
    for k, film in enumerate(films):
        color, marker = COLORS[k % len(COLORS)], MARKERS[k // len(COLORS) % len(MARKERS)]
        courses, warm = [], False
        for key, result in runs.items():
            if key.split("/")[_FILM] == film:
                # distance of the planes of the film, as the ratio to random growth has it
                spacing = result["roughness"] / (result["relative roughness"] * math.sqrt(result["theta"]))
                courses.append([(math.sqrt(at[0]), at[1] / spacing) for at in result["course"]])
                warm = warm or (result.get("rise") or 0.0) > WARMER
        shortest = min(map(len, courses))
        roots, heights = np.mean([course[:shortest] for course in courses], axis=0).T
        axes.plot(
            roots, heights, f"{marker}-", color=color, mfc="white" if warm else color, ms=3, lw=0.8, label=film
        )  # fmt: skip
    line = np.array(ROOTS)
    axes.plot(line, line, color="0.6", lw=1.0, label="random growth")
    axes.set(xlabel="√θ", ylabel="w / d", xlim=ROOTS, ylim=(0.0, None))
    model = next((key.split("/")[_MODEL] for key in runs), "")
    axes.set_title(f"roughness, {model} (open: > {WARMER:g} K above the bath)", fontsize=9)
    axes.legend(fontsize=6, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)


def _draw_steps(axes: DrawnAxes, figures: Figures, models: Sequence[str], _: PointResults) -> None:
    keys = [f"excess.{case}" for case in step_points.CASES if figures.of(f"excess.{case}")]
    _draw_bars(axes, figures, keys, models)
    for row, key in enumerate(keys):
        for model, bound in figures.of(key.replace("excess.", "excess bound.")).items():
            if bound.value is not None:
                axes.plot([bound.value], [row], "<", color=COLORS[list(models).index(model) % len(COLORS)], mfc="white")
    axes.axvline(0.0, color="0.8", lw=0.8, zorder=0)
    axes.set(xlabel="barrier over a step less that of the terrace / eV")
    axes.set_title("barriers over steps on (110); ◁ upper bound", fontsize=9)


def _draw_first_layer(axes: DrawnAxes, figures: Figures, models: Sequence[str], _: PointResults) -> None:
    keys = [key for key in _keys(figures, "K in first layer.") if "Na and K in turn" in key]
    _draw_bars(axes, figures, keys or _keys(figures, "K in first layer."), models)
    axes.axvline(0.5, color="0.8", lw=0.8, zorder=0)
    axes.set(xlabel="share of K in the first layer on carbon")
    axes.set_title("first layer, half of the arrivals K", fontsize=9)


def _draw_islands(axes: DrawnAxes, figures: Figures, models: Sequence[str], _: PointResults) -> None:
    _draw_bars(axes, figures, _keys(figures, island_points.DIFFERENCE), models)
    axes.axvline(0.0, color="0.8", lw=0.8, zorder=0)
    axes.set(xlabel="energy of a film less that of an island / eV per atom")
    axes.set_title("on graphene at rest (right: the island is lower)", fontsize=9)
