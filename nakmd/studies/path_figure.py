"""The figure of a path: energies along it, and the structures at both ends and at the saddle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.geometry import find_mic
from ase.utils.forcecurve import fit_images

from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.arrays import FloatArray
from nakmd.elements import COLORS as ATOM_COLORS
from nakmd.elements import COVALENT_RADII

if TYPE_CHECKING:
    from matplotlib.axes import Axes as DrawnAxes

#: Atoms within this distance [Å] of the path are drawn, with this fraction of their covalent radii.
AROUND, SIZE = 6.0, 0.55

#: Colour of elements that have none, radius [Å] of those without one.
OTHER_COLOR, OTHER_RADIUS = "#8a8a8a", 1.3


def draw_path(
    images: Sequence[Atoms],
    lengths: FloatArray,
    energies: FloatArray,
    movers: Sequence[int],
    unit: str,
    ax: Axes | None = None,
) -> Figure:
    """Draw the energies along a path, and three structures above them if no axes are given.

    Parameters
    ----------
    images : sequence of ase.Atoms
        With energies and forces: the line between the points is the cubic that has their slopes.
    lengths : (n,) float64 [Å]
    energies : (n,) float64 [eV]
    movers : sequence of int
        Atoms that are outlined.
    unit : str
    ax : axes, optional
        Only the energies are drawn into these.
    """
    if ax is not None:
        figure, axes = figure_for(ax)
        _draw_energies(axes, images, lengths, energies, unit)
        return figure
    figure, whole = figure_for(None)
    whole.remove()
    figure.set_size_inches(7.0, 6.0)
    grid = figure.add_gridspec(2, 3, height_ratios=(1.0, 1.4))
    top = int(np.argmax(energies))
    for column, (image, name) in enumerate(((0, "initial"), (top, "saddle"), (len(images) - 1, "final"))):
        view = figure.add_subplot(grid[0, column])
        _draw_atoms(view, images, image, movers)
        view.set_title(f"{name}, {energies[image]:.3f} {unit}", fontsize=9)
    _draw_energies(figure.add_subplot(grid[1, :]), images, lengths, energies, unit)
    return figure


def _draw_energies(
    axes: DrawnAxes, images: Sequence[Atoms], lengths: FloatArray, energies: FloatArray, unit: str
) -> None:
    fit = fit_images(list(images))
    # the fit measures lengths between images in the same way
    axes.plot(fit.fit_path, fit.fit_energies, color=COLORS[0])
    axes.plot(lengths, energies, "o", color=COLORS[0])
    top = int(np.argmax(energies))
    axes.annotate(
        f"{energies[top]:.3f} {unit}", (lengths[top], energies[top]), (0, 6), textcoords="offset points", ha="center"
    )
    axes.set(xlabel="path / Å", ylabel=f"energy / {unit}")
    axes.margins(y=0.15)


def _draw_atoms(axes: DrawnAxes, images: Sequence[Atoms], row: int, movers: Sequence[int]) -> None:
    """Draw the atoms of one image around the path, in the plane of the longest way of a mover and the widest extent."""
    first, atoms = images[0], images[row]
    chosen = list(movers)
    ways = [find_mic(a.positions - first.positions, first.cell, first.pbc)[0][chosen] for a in images]
    longest = int(np.argmax(np.linalg.norm(ways[-1], axis=1)))
    middle = first.positions[chosen[longest]] + 0.5 * ways[-1][longest]
    along = ways[-1][longest]
    along = along / np.linalg.norm(along) if np.linalg.norm(along) > 0.0 else np.array([1.0, 0.0, 0.0])
    # across: the axis of the cell that is most nearly perpendicular to the way
    helper = np.eye(3)[int(np.argmin(np.abs(along)))]
    across = helper - (helper @ along) * along
    across /= np.linalg.norm(across)
    depth = np.cross(along, across)
    around, distances = find_mic(atoms.positions - middle, atoms.cell, atoms.pbc)
    near = np.flatnonzero(distances <= AROUND)
    for atom in near[np.argsort(around[near] @ depth)]:
        symbol = atoms.symbols[atom]
        axes.scatter(
            around[atom] @ along,
            around[atom] @ across,
            s=(60.0 * SIZE * COVALENT_RADII.get(symbol, OTHER_RADIUS) / AROUND) ** 2 * 2.0,
            color=ATOM_COLORS.get(symbol, OTHER_COLOR),
            edgecolor=COLORS[1] if atom in chosen else "white",
            linewidth=2.0 if atom in chosen else 0.5,
        )
    for k, mover in enumerate(chosen):
        line = np.array([first.positions[mover] + way[k] - middle for way in ways])
        axes.plot(line @ along, line @ across, color=COLORS[1], lw=0.8)
    axes.set_aspect("equal")
    axes.margins(0.12)
    axes.axis("off")
