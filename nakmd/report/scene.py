"""3D views of the last frame: interactive for the screen, static for print."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.elements import COLORS, METALS, WALL, element_of
from nakmd.system import Frame, Topology

if TYPE_CHECKING:
    from matplotlib.figure import Figure


#: Largest numbers of atoms drawn of the wall and of the rest; more are thinned.
MOST_WALL, MOST_OTHERS = 4000, 4000

#: Wall atoms closer than this are drawn with a bond [Å]: between first and second neighbours of graphene.
BOND = 1.85

#: Diameter of an atom [px], by element.
_SIZES = {"C": 3.0, "N": 6.5, "Na": 5.0, "K": 6.5, "Rb": 7.0, "Cs": 7.5, "Li": 4.0, "Cu": 4.5, "Al": 5.0}
_SITES = {"C:edge": "#111111", "N:pyridinic": "#d62728", "N:pyrrolic": "#009e73", "N:graphitic": "#0057d9"}


@dataclass(frozen=True)
class Scene:
    """The objects drawn for a frame.

    Attributes
    ----------
    species : dict of str to (n, 3) float64 [Å]
        Positions of the drawn atoms by species; the wall is in the middle of the cell.
    bonds : (m, 2, 3) float64 [Å]
    edges : (12, 2, 3) float64 [Å]
        Edges of the cell.
    note : str
        Text about atoms that are not drawn; empty if all are.
    """

    species: dict[str, FloatArray]
    bonds: FloatArray
    edges: FloatArray
    note: str


def make_scene(topology: Topology, frame: Frame) -> Scene:
    """Select the objects to draw for a frame."""
    names = np.array(topology.species_names)[topology.species]
    elements = np.array([element_of(name) for name in topology.species_names])[topology.species]
    wall = np.isin(elements, WALL)
    positions = _centred(frame, wall)
    kept_wall, kept_others = _thinned(np.flatnonzero(wall), MOST_WALL), _thinned(np.flatnonzero(~wall), MOST_OTHERS)
    kept = np.sort(np.concatenate([kept_wall, kept_others]))
    left_out = len(names) - len(kept)
    note = f"{len(kept):,} of {len(names):,} atoms are drawn, chosen evenly." if left_out else ""
    # the wall last, or the liquid would hide its entries in the legend
    order = sorted(set(names[kept].tolist()), key=lambda name: (element_of(name) not in METALS, name))
    species = {name: positions[kept[names[kept] == name]] for name in order}
    whole_wall = len(kept_wall) == np.count_nonzero(wall)
    bonds = _bonds(positions[kept_wall]) if whole_wall else np.zeros((0, 2, 3))
    return Scene(species, bonds, _edges(frame.cell.matrix), note)


def _thinned(atoms: IntArray, most: int) -> IntArray:
    if len(atoms) <= most:
        return atoms
    return atoms[np.linspace(0, len(atoms) - 1, most).astype(np.int64)]


def _centred(frame: Frame, wall: BoolArray) -> FloatArray:
    """Return wrapped positions, shifted so that the wall is in the middle of the cell."""
    if not np.any(wall):
        return frame.positions
    matrix = frame.cell.matrix
    scaled = frame.positions @ frame.cell.inverse
    # circular mean in each periodic direction; it vanishes for evenly filled directions, which are not shifted
    phases = np.exp(2j * np.pi * scaled[wall]).mean(axis=0)
    shift = np.where((np.abs(phases) > 0.05) & frame.cell.periodic, 0.5 - np.angle(phases) / (2.0 * np.pi), 0.0)
    scaled = scaled + shift
    return np.asarray(np.where(frame.cell.periodic, scaled - np.floor(scaled), scaled) @ matrix, dtype=np.float64)


def _bonds(positions: FloatArray) -> FloatArray:
    from scipy.spatial import cKDTree  # noqa: PLC0415  (slow to import)

    if len(positions) < 2:
        return np.zeros((0, 2, 3))
    return np.asarray(positions[cKDTree(positions).query_pairs(BOND, output_type="ndarray")], dtype=np.float64)


def _edges(matrix: FloatArray) -> FloatArray:
    corners = np.array(list(product((0, 1), repeat=3)))
    pairs = [(a, b) for a in range(8) for b in range(a) if np.abs(corners[a] - corners[b]).sum() == 1]
    return np.asarray((corners @ matrix)[np.array(pairs)], dtype=np.float64)


def _color(name: str) -> str:
    return _SITES.get(name) or COLORS.get(element_of(name), "#56b4e9")


def _size(name: str, scene: Scene) -> float:
    """Return the diameter of an atom [px]; metal atoms shrink with their number, so that the wall stays visible."""
    size = _SIZES.get(element_of(name), 5.0)
    if element_of(name) not in METALS:
        return size
    return size * min(1.0, math.cbrt(1000.0 / sum(map(len, scene.species.values()))))


def _opacity(name: str) -> float:
    return 0.5 if element_of(name) in METALS else 1.0  # the wall is visible through the liquid


def turning_view(scene: Scene) -> str:
    """Return the scene as HTML that includes the script of plotly, so that it works offline.

    Parameters
    ----------
    scene : Scene
    """
    import plotly.graph_objects as go  # noqa: PLC0415  (slow to import)

    traces = []
    for name, points in scene.species.items():
        x, y, z = points.T.astype(np.float32)
        marker = {
            "size": _size(name, scene),
            "color": _color(name),
            "opacity": _opacity(name),
            "line": {"width": 0},
        }
        traces.append(
            go.Scatter3d(
                x=x, y=y, z=z, mode="markers", marker=marker, name=f"{name} ({len(points):,})", hoverinfo="name"
            )
        )
    for lines, color, width in ((scene.bonds, "#7a7a7a", 3), (scene.edges, "#999999", 2)):
        if len(lines):
            # one polyline, with rows of NaN between the segments
            x, y, z = np.concatenate([lines, np.full((len(lines), 1, 3), np.nan)], axis=1).reshape(-1, 3).T
            traces.append(
                go.Scatter3d(
                    x=x.astype(np.float32),
                    y=y.astype(np.float32),
                    z=z.astype(np.float32),
                    mode="lines",
                    line={"color": color, "width": width},
                    hoverinfo="skip",
                    showlegend=False,
                )
            )
    axis = {"visible": False, "showspikes": False}
    figure = go.Figure(traces)
    figure.update_layout(
        template="none",
        height=560,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        legend={"itemsizing": "constant", "x": 0.0, "y": 1.0, "bgcolor": "rgba(255,255,255,0.7)"},
        scene={
            "aspectmode": "data",
            "xaxis": axis,
            "yaxis": axis,
            "zaxis": axis,
            "camera": {"eye": {"x": 1.4, "y": 1.4, "z": 0.8}, "projection": {"type": "perspective"}},
        },
    )
    html: str = figure.to_html(
        full_html=False,
        include_plotlyjs=True,
        div_id="atoms",
        config={"displaylogo": False, "responsive": True, "modeBarButtons": [["resetCameraDefault3d"]]},
    )
    return html


def still_view(scene: Scene) -> Figure:
    """Draw the scene from one side, for print.

    Parameters
    ----------
    scene : Scene
    """
    from matplotlib.figure import Figure  # noqa: PLC0415  (slow to import)
    from mpl_toolkits.mplot3d.art3d import Line3DCollection  # noqa: PLC0415

    figure = Figure(figsize=(8.0, 5.5))
    ax: Any = figure.add_axes((0.0, 0.0, 1.0, 1.0), projection="3d")  # matplotlib's 3D axes have no type hints
    for name, points in scene.species.items():
        size = _size(name, scene)
        ax.scatter(*points.T, s=0.8 * size**2, c=_color(name), alpha=_opacity(name), lw=0, label=name, depthshade=False)
    for lines, color, width in ((scene.bonds, "#7a7a7a", 0.7), (scene.edges, "#999999", 0.6)):
        if len(lines):
            ax.add_collection3d(Line3DCollection(lines, colors=color, linewidths=width))
    extent = np.concatenate([*scene.species.values(), scene.edges.reshape(-1, 3)])
    low, high = extent.min(axis=0), extent.max(axis=0)
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]))
    ax.set_box_aspect(np.maximum(high - low, 1.0), zoom=1.0)
    ax.set_axis_off()
    ax.view_init(elev=25.0, azim=45.0)
    figure.legend(loc="upper left", fontsize="small", frameon=False)
    return figure
