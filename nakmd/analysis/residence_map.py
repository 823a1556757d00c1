"""Map of the metal atoms in the first layer over the sheet, or over the unrolled tube."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import field
from typing import Unpack, cast

import numpy as np

from nakmd.analysis.base import Record, require_frames
from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.wall import FIRST_LAYER, distances_to_wall
from nakmd.analysis.geometry.wall_frame import WallFrame
from nakmd.analysis.named_analysis import INTERFACE, NamedAnalysis
from nakmd.analysis.numerics.block_sums import BlockSums
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve, centers_of
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray
from nakmd.elements import METALS, element_of
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology


class ResidenceMapRecord(Record):
    """First-layer atoms per area [1/Å²]: ``value`` and ``error`` are (n_metals, nx, ny).

    Attributes
    ----------
    metals : tuple of str
    edges_x, edges_y : (nx + 1,), (ny + 1,) float64 [Å]
        Edges of the bins on the unrolled wall of mean size. Tube: Rθ and the position along the axis.
    axes : tuple of str
        Names of x and y; on a sheet in a skew cell, x and y are lengths along the nearest cell vectors.
    nitrogen : dict of str to (k, 2) float64 [Å]
        Mean positions of the nitrogen atoms of each site.
    layer : float [Å]
    """

    curve_tables = (
        RecordCurve(
            "map",
            {"metal": "metals", "x [Å]": centers_of("edges_x"), "y [Å]": centers_of("edges_y")},
            {"density [1/Å²]": "value", "error [1/Å²]": "error"},
        ),
    )

    metals: tuple[str, ...]
    edges_x: FloatArray
    edges_y: FloatArray
    axes: tuple[str, str]
    nitrogen: dict[str, FloatArray] = field(default_factory=dict)
    layer: float

    def rows(self) -> Iterator[Row]:
        """Return no rows: a map has no single value."""
        return iter(())

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw one map per metal with the nitrogen sites marked; with ``ax`` given, one map of all metals."""
        if ax is not None:
            figure, ax = figure_for(ax)
            self._draw(ax, self.value.sum(axis=0), " + ".join(self.metals))
            return figure
        figure, first = figure_for(None)
        first.remove()
        tall = float(np.ptp(self.edges_y) / np.ptp(self.edges_x))
        figure.set_layout_engine("compressed")  # axes of equal scale leave gaps that this engine removes
        figure.set_size_inches(4.2 * len(self.metals) + 0.6, min(9.0, max(2.2, 3.4 * tall + 0.9)))
        for row, metal in enumerate(self.metals):
            self._draw(figure.add_subplot(1, len(self.metals), row + 1), self.value[row], metal)
        return figure

    def _draw(self, ax: Axes, density: FloatArray, title: str) -> None:
        # a single trapped atom has a very high density in its bin, which would set the scale of all colours
        top = float(np.quantile(density, 0.99)) or float(density.max()) or 1.0
        mesh = ax.pcolormesh(self.edges_x, self.edges_y, density.T, cmap="cividis", vmin=0.0, vmax=top, rasterized=True)
        more = "max" if density.max() > top else "neither"
        ax.figure.colorbar(mesh, ax=ax, label="atoms / Å²", extend=more)
        for row, (site, points) in enumerate(self.nitrogen.items()):
            marker = "o^sDv"[row % 5]
            ax.plot(
                *points.T, marker, ms=5, mfc="none", mec=COLORS[(3, 1, 2, 5, 4)[row % 5]], mew=1.5, label=site, ls=""
            )
        if self.nitrogen:
            ax.legend(fontsize="x-small", loc="upper right", framealpha=0.85)
        ax.set(
            xlabel=f"{self.axes[0]} / Å", ylabel=f"{self.axes[1]} / Å", aspect="equal", title=f"first layer of {title}"
        )


class ResidenceMap(NamedAnalysis):
    r"""Areal density of the metal atoms in the first layer, over the unrolled wall.

    .. math:: \rho(x, y) = \frac{\langle n_\mathrm{bin} \rangle}{\Delta x\, \Delta y}

    Parameters
    ----------
    bin : float [Å]
        Approximate width of the bins; an integer number of bins covers the wall.
    layer : float [Å]
        A metal atom counts if the nearest wall atom is closer than this.
    metals : tuple of str
        Elements.

    Notes
    -----
    On a tube, x is Rθ with the radius R of the wall and y the position along the axis. Atoms at other distances are
    projected on the wall, outside and inside alike. On a sheet both faces are projected on one map. The motion of the
    wall, along and around, is subtracted: positions are relative to those of its atoms in the first frame.
    `WallFrame` determines whether the wall is a tube or a sheet.
    """

    name = "map"
    title = "map of the first layer over the wall"
    panel = 170
    atoms = INTERFACE
    origin = "textbook"

    def __init__(self, bin: float = 1.0, layer: float = FIRST_LAYER, metals: tuple[str, ...] = METALS) -> None:
        if not (bin > 0.0 and layer > 0.0):
            raise AnalysisError(f"A map needs bins and a layer wider than 0 Å, got {bin} and {layer} Å.")
        self.bin, self.layer, self.metals = float(bin), float(layer), metals

    def prepare(self, topology: Topology) -> None:
        """Find wall, metals and nitrogen sites."""
        self._wall = WallFrame(topology)
        elements = [element_of(topology.species_names[s]) for s in topology.species]
        present = [metal for metal in dict.fromkeys(elements) if metal in self.metals]
        if not present:
            raise AnalysisError(f"A map needs metal atoms ({', '.join(self.metals)}); this system has none.")
        self._present = tuple(sorted(present, key=lambda name: (name != "K", name)))
        self._metal = np.flatnonzero(np.isin(elements, present))
        self._kinds = np.array([self._present.index(elements[i]) for i in self._metal])
        names = np.array(topology.species_names)[topology.species[self._wall.wall]]
        self._sites = {
            str(name): np.flatnonzero(names == name) for name in np.unique(names) if element_of(str(name)) == "N"
        }
        self._sums = BlockSums()
        self._nitrogen: FloatArray = np.zeros((len(names), 2))
        self._sizes: list[tuple[float, float]] = []

    def update(self, frame: Frame) -> None:
        """Add the first layer of one frame."""
        scaled, size, area = self._wall.unrolled(frame, self._wall.wall)
        if not self._sizes:
            self._reference = scaled
            self._shape = tuple(max(1, round(length / self.bin)) for length in size)
        self._sizes.append(size)
        # mean displacement of the wall since the first frame; each direction is periodic
        shift = np.angle(np.exp(2j * math.pi * (scaled - self._reference)).mean(axis=0)) / (2.0 * math.pi)
        moved = scaled - shift - self._reference
        self._nitrogen += moved - np.rint(moved)
        distances = distances_to_wall(frame, self._wall.wall, self._metal, self.layer)
        near = distances < self.layer
        positions = np.mod(self._wall.unrolled(frame, self._metal[near])[0] - shift, 1.0)
        nx, ny = self._shape
        columns = np.minimum((positions * (nx, ny)).astype(int), (nx - 1, ny - 1))
        index = (self._kinds[near] * nx + columns[:, 0]) * ny + columns[:, 1]
        counts = np.bincount(index, minlength=len(self._present) * nx * ny).reshape(len(self._present), nx, ny)
        self._sums.add(np.asarray(counts * (nx * ny / area), dtype=np.float64))

    def result(self) -> ResidenceMapRecord:
        """Return the map."""
        n = self._sums.count
        require_frames(n, 1, "A map")
        size = np.mean(self._sizes, axis=0)
        error, n_effective = self._sums.errors()
        sites = np.mod(self._reference + self._nitrogen / n, 1.0) * size
        return ResidenceMapRecord(
            quantity=f"first layer of {', '.join(self._present)} over the wall",
            value=self._sums.mean,
            error=error,
            unit="1/Å²",
            n_effective=n_effective,
            notes=(
                f"{self._wall.words}{', on top of each other' if self._wall.n_tubes > 1 else ''}, nearest wall atom "
                f"closer than {self.layer:g} Å",
                "the motion of the wall is subtracted",
                "errors of each bin from blocks of frames",
            ),
            metals=self._present,
            edges_x=np.linspace(0.0, size[0], self._shape[0] + 1),
            edges_y=np.linspace(0.0, size[1], self._shape[1] + 1),
            axes=self._wall.axes,
            nitrogen={site: sites[rows] for site, rows in self._sites.items()},
            layer=self.layer,
        )


def residence_map(
    source: FrameSource,
    bin: float = 1.0,
    layer: float = FIRST_LAYER,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> ResidenceMapRecord:
    """Return a map of the first layer; parameters as in `ResidenceMap`, ``frames`` as in `FrameOptions`.

    Examples
    --------
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, residence_map
    >>> from nakmd.structures import above_sheet, fill, graphene
    >>> sheet = graphene(repeats=(6, 4), vacuum=20.0)
    >>> wet = fill(sheet, x_K=1.0, temperature=450.0, region=above_sheet(sheet, 10.0))
    >>> frames = [Frame(k, 0.1 * k, *wet.cell.wrap(wet.positions), wet.cell) for k in range(4)]
    >>> result = residence_map(FrameList(wet.topology, frames), bin=3.0, layer=5.0)
    >>> result.value.shape, bool(0.03 < result.value.mean() < 0.1)  # atoms per Å²
    ((1, 5, 6), True)
    """
    return cast(ResidenceMapRecord, measure(source, ResidenceMap(bin, layer), progress, **frames))
