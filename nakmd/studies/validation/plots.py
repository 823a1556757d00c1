"""Plots of a validation: temperature dependence with experimental curves, g(r), film profile, extremes, adsorption."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nakmd.analysis.plotting import COLORS
from nakmd.io.atomic import write_atomically
from nakmd.studies.validation.adsorption import HEIGHTS, SITES, dft_points
from nakmd.studies.validation.campaign import Validation
from nakmd.studies.validation.extremes import DISTANCES, HIGH_PRESSURE, VOLUMES
from nakmd.studies.validation.extremes import HEIGHTS as LEAVING
from nakmd.studies.validation.findings import Finding
from nakmd.studies.validation.references import curves_of, reference_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colour of each liquid.
LIQUIDS = {"Na": COLORS[0], "K": COLORS[1], "NaK 0.67": COLORS[2]}

#: Margin [eV] below the lowest energy of adsorption plots, and their upper limit [eV].
MARGIN, REPULSION = 0.15, 0.5


def draw(validation: Validation, folder: Path) -> list[tuple[str, Path]]:
    """Write all plots with data as PNG files, and return title and file of each.

    Parameters
    ----------
    validation : Validation
    folder : path
        Existing folder.
    """
    drawn: list[tuple[str, Path]] = []
    pictures: list[tuple[str, str, Callable[[Validation], Figure | None]]] = [
        ("Everything relative to its reference", "overview.png", _overview),
        ("Density, diffusion and viscosity against temperature", "liquid.png", _liquid),
        ("Radial distribution functions", "rdf.png", _rdf),
        ("Profile of the film of NaK", "film.png", _film),
        ("Far from the liquid: two atoms, compression, an atom that leaves", "pathology.png", _extremes),
        ("Adsorption of one atom", "adsorption.png", _adsorption),
    ]
    for title, name, picture in pictures:
        figure = picture(validation)
        if figure is not None:
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png", dpi=130)
            write_atomically(folder / name, buffer.getvalue(), sync=False)
            drawn.append((title, folder / name))
    return drawn


def _figure(columns: int, height: float = 4.0) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure  # noqa: PLC0415  (importing it takes 0.3 s)

    figure = Figure(figsize=(4.6 * columns, height), layout="constrained")
    return figure, list(np.atleast_1d(figure.subplots(1, columns)))


def _overview(validation: Validation) -> Figure | None:
    """Plot every value relative to its reference, with both errors."""
    rows = [f for f in validation.findings if _comparable(f)]
    if not rows:
        return None
    figure, (ax,) = _figure(1, 0.9 + 0.19 * len(rows))
    figure.set_figwidth(8.0)
    for row, finding in enumerate(rows):
        reference = finding.reference
        assert reference is not None  # comparable
        scale = abs(reference.middle)
        color = COLORS[2] if finding.verdict == "agrees" else COLORS[1]
        low, high = (np.array([reference.low, reference.high]) - reference.middle) / scale
        ax.barh(
            row, high - low + 2 * reference.error / scale, left=low - reference.error / scale, color="0.85", height=0.8
        )
        off = (finding.value - reference.middle) / scale
        error = math.hypot(*(e for e in (finding.error, finding.size_error) if math.isfinite(e))) / scale
        ax.errorbar(
            np.clip(off, -1.0, 1.0), row, xerr=error, fmt="o" if abs(off) <= 1.0 else "x", color=color, ms=4, lw=1
        )
    ax.axvline(0.0, color="0.6", lw=0.8, zorder=0)
    ax.set_yticks(range(len(rows)), [f.key for f in rows], fontsize=6.5)
    ax.set(xlabel="(value - reference) / |reference|", xlim=(-1.05, 1.05), ylim=(len(rows) - 0.4, -0.6))
    ax.set_title(f"{validation.name}: bars are references with their errors (×: beyond ±1)", fontsize=9)
    return figure


def _comparable(finding: Finding) -> bool:
    reference = finding.reference
    return (
        reference is not None
        and math.isfinite(finding.value)
        and math.isfinite(reference.low)
        and math.isfinite(reference.high)
        and abs(reference.middle) > 3.0 * reference.error  # otherwise a relative deviation is meaningless
    )


def _liquid(validation: Validation) -> Figure | None:
    shown = [f for f in validation.findings if f.group == "liquid" and f.temperature is not None]
    panels = [
        ("density", "ρ / g/cm³", [f for f in shown if f.quantity == "density"]),
        ("diffusion", "D / Å²/ps", [f for f in shown if f.quantity.startswith("diffusion")]),
        ("viscosity", "η / mPa s", [f for f in shown if f.quantity == "viscosity"]),
    ]
    panels = [panel for panel in panels if panel[2]]
    if not panels:
        return None
    figure, axes = _figure(len(panels))
    for ax, (kind, label, findings) in zip(axes, panels):
        series: dict[tuple[str, str], list[Finding]] = {}
        for finding in findings:
            series.setdefault((finding.quantity, finding.of), []).append(finding)
        for (quantity, of), members in series.items():
            color = LIQUIDS.get(of, COLORS[3])
            metal = quantity.removeprefix("diffusion of ")
            inside = kind == "diffusion" and metal != of
            t = np.array([f.temperature for f in members], dtype=float)
            values, errors = np.array([f.value for f in members]), np.array([f.error for f in members])
            ax.errorbar(
                t, values, errors, fmt="^" if inside and metal == "K" else "o", color=color, capsize=2, ms=5,
                mfc="white" if inside and metal == "Na" else color, label=f"{metal} in {of}" if inside else of,
            )  # fmt: skip
            for k, curve in enumerate(curves_of(quantity, of)):
                span = np.linspace(max(curve.range[0], t.min() - 30.0), min(curve.range[1], t.max() + 30.0), 60)
                if span[0] < span[-1]:
                    ax.plot(span, [curve(float(x)) for x in span], color=color, ls=("-", "--")[k % 2], lw=1.2)
        ax.set(xlabel="T / K", ylabel=label)
        ax.legend(fontsize="small")
    axes[0].set_title(f"{validation.name}: points; lines: experiment", fontsize=9)
    return figure


def _rdf(validation: Validation) -> Figure | None:
    states = _coldest_states(validation)
    if not states:
        return None
    figure, axes = _figure(len(states))
    for ax, (of, (temperature, result)) in zip(axes, states.items()):
        for row, (pair, shell) in enumerate(result["rdf"].items()):
            ax.plot(shell["r"], shell["g"], color=COLORS[row], label=pair)
            reference = reference_for("first peak of 4πr²ρg(r)", of) if of in ("Na", "K") else None
            if reference is not None:
                ax.axvspan(
                    reference.low - reference.error, reference.high + reference.error, color=COLORS[1], alpha=0.3, lw=0,
                    label="peak of 4πr²ρg(r), X-rays",
                )  # fmt: skip
        ax.axhline(1.0, color="0.7", lw=0.8, zorder=0)
        ax.set(xlabel="r / Å", ylabel="g(r)", title=f"{of}, {temperature:g} K", ylim=(0.0, None), xlim=(2.0, None))
        ax.legend(fontsize="small")
    return figure


def _coldest_states(validation: Validation) -> dict[str, tuple[float, dict[str, Any]]]:
    """Return the coldest run with g(r) of each pure liquid, and that at 400 K of the alloy."""
    coldest: dict[str, tuple[float, dict[str, Any]]] = {}
    for key, result in validation.results.items():
        kind, *parts = key.split("/")
        if kind == "liquid" and result.get("rdf"):
            of, temperature = parts[0], float(parts[1])
            if of not in coldest or temperature < coldest[of][0] or (of not in ("Na", "K") and temperature == 400.0):
                coldest[of] = (temperature, result)
    return coldest


def _film(validation: Validation) -> Figure | None:
    films = {
        key: result
        for key, result in validation.results.items()
        if key.startswith("surface/") and len(result.get("counts", ())) == 2
    }
    if not films:
        return None
    key, result = next(iter(films.items()))
    figure, (ax,) = _figure(1)
    depth = np.array(result["depth"])
    width = 2.0 * result["area"] * (depth[1] - depth[0])
    for row, (metal, counts) in enumerate(result["counts"].items()):
        ax.plot(depth, np.array(counts) / width * 1e3, color=COLORS[row], label=metal)
    ax.set(xlabel="distance from the middle / Å", ylabel="density / 1/nm³", xlim=(0.0, 0.5 * result["thickness"] + 8.0))
    ax.set_title(f"{key.split('/')[1]}, {key.split('/')[2]} K", fontsize=9)
    ax.legend(fontsize="small")
    return figure


def _extremes(validation: Validation) -> Figure | None:
    """Plot two atoms, the pressure of the compressed crystals, and an atom that leaves a face."""
    found = {
        key.split("/")[1]: result
        for key, result in validation.results.items()
        if key.startswith("extremes/") and "failed" not in result
    }
    if not found:
        return None
    figure, (two, squeezed, gone) = _figure(3)
    for row, (pair, result) in enumerate(found.items()):
        two.plot(DISTANCES, result["dimer"]["energies"], color=COLORS[row], label=pair)
        if "compression" in result:
            squeezed.plot(VOLUMES, result["compression"]["pressures"], color=COLORS[row], label=pair[: len(pair) // 2])
            gone.plot(LEAVING, result["leaving"]["energies"], color=COLORS[row], label=pair[: len(pair) // 2])
            gone.plot(LEAVING, result["leaving"]["forces"], "--", color=COLORS[row])
    lowest = min(min(result["dimer"]["energies"]) for result in found.values())
    two.set(xlabel="r / Å", ylabel="E / eV", title="two atoms", ylim=(1.3 * lowest - 0.1, 1.0))
    squeezed.set(xlabel="V / V0", ylabel="P / GPa", title="static bcc", ylim=(-0.5, 20.0))
    squeezed.axhline(HIGH_PRESSURE, color="0.7", lw=0.8, zorder=0)
    gone.set(xlabel="height above its site / Å", title="atom leaves (100): E / eV, force / eV/Å (dashed)")
    for ax in (two, squeezed, gone):
        ax.axhline(0.0, color="0.7", lw=0.8, zorder=0)
        ax.legend(fontsize="small")
    return figure


def _adsorption(validation: Validation) -> Figure | None:
    curves: dict[str, dict[str, Any]] = {}
    for key, result in validation.results.items():
        if key.startswith("adsorption/") and "failed" not in result:
            curves.setdefault(key.split("/")[1], {}).update(result)
    if not curves:
        return None
    figure, axes = _figure(len(curves), 4.6)
    for ax, (metal, result) in zip(axes, curves.items()):
        points = dft_points(metal)
        lowest = 0.0
        for row, site in enumerate(site for site in SITES if site in result):
            energies, color = np.array(result[site]["energies"]), COLORS[row % len(COLORS)]
            ax.plot(HEIGHTS, energies, "--" if row >= len(COLORS) else "-", color=color, lw=1.2, label=site)
            lowest = min(lowest, float(result[site].get("energy") or 0.0))
            of, known = SITES[site][0].format(metal), np.array(points.get(site, []))
            energy, height = reference_for("adsorption energy", of), reference_for("height", of)
            if len(known):
                ax.plot(known[:, 0], known[:, 1], "o", color=color, ms=4)
                lowest = min(lowest, float(known[:, 1].min()))
            elif energy is not None and height is not None:
                ax.plot([height.middle], [energy.middle], "D", mfc="none", color=color, ms=6)
                lowest = min(lowest, energy.middle)
        ax.axhline(0.0, color="0.7", lw=0.8, zorder=0)
        ax.set(
            xlabel="height / Å", ylabel="energy / eV", title=f"{metal} by {validation.name}; dots, diamonds: DFT",
            ylim=(lowest - MARGIN, REPULSION), xlim=(HEIGHTS[0], HEIGHTS[-1]),
        )  # fmt: skip
        ax.legend(fontsize="small")
    return figure
