"""Density, number and composition of the liquid with distance from the wall, or along the cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np

from nakmd.analysis.base import Analysis, Record, require_finite, require_frames, select
from nakmd.analysis.drive import Progress, Source, measure
from nakmd.analysis.jackknife import jackknife
from nakmd.analysis.layering import Layer, find_bulk, find_layers, find_peaks
from nakmd.analysis.plotting import figure_for, style
from nakmd.analysis.statistics import BlockSums, Measure, error_of_blocks
from nakmd.analysis.surfaces import AXES, Box, Placed
from nakmd.analysis.wall import WallShape, find_shape
from nakmd.arrays import BoolArray, FloatArray
from nakmd.elements import METALS, WALL, element_of
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology
from nakmd.units import G_PER_CM3_PER_AMU_A3

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


#: Distances [Å] beyond the farthest atom, and in all, that a profile covers where the cell is open.
MARGIN, FARTHEST = 5.0, 200.0


@dataclass(frozen=True, kw_only=True, eq=False)
class DensityRecord(Record):
    """Number densities; ``value`` and ``error`` are (n_sides, n_species, n_bins), NaN where a bin has no volume.

    Attributes
    ----------
    shape : {"planar", "cylindrical"}
    sides : tuple of str
        ``("above", "below")`` a sheet, ``("outside", "inside")`` of a tube, or ``("along z",)`` without a wall.
    species : tuple of str
    distance : (n_bins,) float64 [Å]
        Middle of each bin.
    edges : (n_bins + 1,) float64 [Å]
    number : (n_sides, n_species, n_bins) float64
        Mean number of atoms in each bin.
    volume : (n_sides, n_bins) float64 [Å³]
        Mean volume of each bin, within the cell.
    mass_density, mass_density_error : (n_sides, n_bins) float64 [g/cm³]
        Of all these species together.
    composition, composition_error : (n_sides, n_species, n_bins) float64
        Share of each species in the atoms of a bin.
    area : (n_sides,) float64 [Å²]
        Of the surface that distances start from.
    layers : dict of str to tuple of Layer
        By side, from the density of all species together.
    peaks : dict of (str, str) to Measure [Å]
        Position of the first peak by side and species, where there is one.
    """

    shape: str
    sides: tuple[str, ...]
    species: tuple[str, ...]
    distance: FloatArray
    edges: FloatArray
    number: FloatArray
    volume: FloatArray
    mass_density: FloatArray
    mass_density_error: FloatArray
    composition: FloatArray
    composition_error: FloatArray
    area: FloatArray
    layers: dict[str, tuple[Layer, ...]] = field(default_factory=dict)
    peaks: dict[tuple[str, str], Measure] = field(default_factory=dict)

    @property
    def wetted(self) -> tuple[str, ...]:
        """The sides where there are atoms."""
        return tuple(side for row, side in enumerate(self.sides) if np.any(self.number[row] > 0.0))

    def profile(self, species: str, side: str | None = None) -> tuple[FloatArray, FloatArray]:
        """Return the number density [1/Å³] of one species on one side, and its error, (n_bins,) each.

        Parameters
        ----------
        species : str
        side : str, optional
            May be left out where only one side has atoms.
        """
        if side is None and len(self.wetted) == 1:
            side = self.wetted[0]
        if species not in self.species or side not in self.sides:
            raise AnalysisError(
                f"There is no profile of {species!r} on side {side!r}; species are {', '.join(self.species)}, "
                f"sides with atoms {', '.join(self.wetted) or 'none'}."
            )
        row, kind = self.sides.index(side), self.species.index(species)
        return self.value[row, kind], self.error[row, kind]

    def __str__(self) -> str:
        lines = [f"{species}, first peak {side}: {position.text}" for (side, species), position in self.peaks.items()]
        return "\n".join(lines or [f"{self.quantity}: no peak stands out of the noise"])

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the number density of each species with its error band, the sides apart by dashes."""
        figure, ax = figure_for(ax)
        dashes = ("-", "--")
        for row, side in enumerate(self.sides):
            if side not in self.wetted:
                continue
            for kind, species in enumerate(self.species):
                color = style(kind)["color"]
                density, error = 1e3 * self.value[row, kind], 1e3 * self.error[row, kind]
                label = species if len(self.wetted) == 1 else f"{species}, {side}"
                ax.plot(self.distance, density, color=color, ls=dashes[row], lw=1.2, label=label)
                ax.fill_between(self.distance, density - error, density + error, color=color, alpha=0.3, lw=0)
        from_wall = "distance from the wall" if len(self.sides) > 1 else f"position {self.sides[0]}"
        ax.set(xlabel=f"{from_wall} / Å", ylabel="number density / nm⁻³", ylim=(0.0, None))
        ax.legend(fontsize="small")
        return figure


class Density(Analysis):
    r"""Number density by element with distance from the wall, or along a cell vector.

    .. math:: \rho_s(d) = \frac{\langle n_s(d) \rangle}{\langle V(d) \rangle}

    with n the atoms of species s whose distance lies in a bin, and V the volume of that bin within the cell:
    a slice of the cell for sheets, a cylindrical shell for a tube, cut where the cell ends.

    Parameters
    ----------
    species : sequence of str, optional
        Species, elements or groups without common atoms. If left out: the metals, or all elements where distances
        are not from the wall.
    about : {"wall", "cell", "center"}
        Where distances start: at the wall; at the origin of the cell; at the middle of mass of the chosen atoms,
        for a free film.
    axis : {"x", "y", "z"}
        The cell vector to go along where not from the wall; positions are heights above the face that the other
        two span.
    width : float [Å]
        Of a bin.
    reach : float [Å], optional
        How far the profile goes. If left out: to the end of the cell in the first frame; where the cell is open, to
        5 Å beyond the farthest atom there, at most 200 Å.

    Notes
    -----
    The wall is found in the first frame (sheets parallel to a face of the cell, or a tube along a cell vector:
    `nakmd.analysis.wall`), and its plane, or its axis and radius, anew in each. Distances start at the carbon nuclei.
    Each atom is on one side: above or below the sheets, outside or inside of the tube; atoms between several
    sheets or shells are not counted.

    Around a tube in a periodic cell, shells are complete up to half the width of the cell; those beyond reach into
    its corners and their volume is what the cell holds of them.

    Errors are those of the mean of blocks of frames (`BlockSums`).
    """

    name = "density"

    def __init__(
        self,
        species: Sequence[str] | None = None,
        about: str = "wall",
        axis: str = "z",
        width: float = 0.2,
        reach: float | None = None,
    ) -> None:
        if about not in ("wall", "cell", "center"):
            raise AnalysisError(f"A profile starts at the 'wall', the 'cell' or the 'center', not at {about!r}.")
        if axis not in AXES:
            raise AnalysisError(f"A profile goes along 'x', 'y' or 'z', not along {axis!r}.")
        if not width > 0.0 or not (reach is None or reach >= width):
            raise AnalysisError(f"A profile needs a positive width of bins and a longer reach, got {width}, {reach} Å.")
        self.species = None if species is None else tuple([species] if isinstance(species, str) else species)
        self.about, self.axis = about, axis
        self.width, self.reach = float(width), None if reach is None else float(reach)

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms and the wall."""
        present = [topology.species_names[s] for s in np.unique(topology.species)]
        elements = list(dict.fromkeys(element_of(name) for name in present))
        wanted = self.species
        if wanted is None:
            wanted = tuple(e for e in elements if e in METALS) if self.about == "wall" else tuple(elements)
        self._wall = np.isin(topology.species, [s for s, e in enumerate(topology.elements) if e in WALL])
        if self.about == "wall" and not np.any(self._wall):
            raise AnalysisError(
                f"A profile from the wall needs wall atoms ({', '.join(WALL)}); here are {', '.join(present)} only. "
                "Without a wall, go along the cell: about='cell' or about='center'."
            )
        if not wanted:
            raise AnalysisError(
                f"A profile of the liquid needs metal atoms; here are {', '.join(present)} only. Name other species "
                "if they are meant."
            )
        kinds = np.full(topology.n_atoms, -1, dtype=np.int64)
        for kind, word in enumerate(wanted):
            mask = select(topology, word)
            if np.any(kinds[mask] >= 0):
                raise AnalysisError(
                    f"{word!r} shares atoms with {wanted[int(kinds[mask].max())]!r}: name disjoint sets."
                )
            kinds[mask] = kind
        self.names = wanted
        self._chosen = np.flatnonzero(kinds >= 0)
        self._kinds = kinds[self._chosen]
        self._masses = topology.masses[self._chosen]
        self._mass_of = np.array([self._masses[self._kinds == k].mean() for k in range(len(wanted))])
        self.shape: WallShape | None = None
        self.sums = BlockSums()

    def place(self, frame: Frame) -> Placed:
        """Return what distances start from in one frame."""
        if self.about == "wall":
            wall = frame.positions[self._wall]
            require_finite(wall)
            if self.shape is None:
                self.shape = find_shape(wall, frame.cell)
            return self.shape.place(wall, frame.cell)
        box = Box.of(frame.cell, AXES.index(self.axis))
        return box if self.about == "cell" else box.around(frame.positions[self._chosen], self._masses)

    def update(self, frame: Frame) -> None:
        """Count one frame."""
        placed = self.place(frame)
        side, distance = placed.locate(frame.positions[self._chosen])
        require_finite(distance)
        if self.sums.count == 0:
            self._begin(placed, distance)
            points = frame.positions[self._chosen]
            self._covered = [
                self.shape is None or self.shape.covered(points[side == row], placed, frame.cell)
                for row in range(len(self.sides))
            ]
        n_sides, n_bins = len(self.sides), len(self.edges) - 1
        bins = np.floor((distance - self.edges[0]) / self.width).astype(np.int64)
        seen = (side >= 0) & (bins >= 0) & (bins < n_bins)
        flat = (side[seen] * len(self.names) + self._kinds[seen]) * n_bins + bins[seen]
        # rows: one for each kind, the volume of the bins, and the area of the surface
        table = np.empty((n_sides, len(self.names) + 2, n_bins))
        counts = np.bincount(flat, minlength=n_sides * len(self.names) * n_bins)
        table[:, :-2] = counts.reshape(n_sides, len(self.names), n_bins)
        table[:, -2] = placed.volumes(self.edges)
        table[:, -1] = placed.areas[:, None]
        self.sums.add(table)

    def _begin(self, placed: Placed, distance: FloatArray) -> None:
        self.sides = placed.sides
        end = self.reach
        if end is None:
            end = float(placed.reach.max())
            if not math.isfinite(end):
                end = min(float(np.abs(distance).max()) + MARGIN, FARTHEST)
        n_bins = max(1, math.ceil(end / self.width - 1e-9))
        first = -n_bins if self.about == "center" else 0
        self.edges = self.width * np.arange(first, n_bins + 1, dtype=np.float64)

    def result(self) -> DensityRecord:
        """Return the profiles."""
        require_frames(self.sums.count, 1, "A density profile")
        mean, blocks = self.sums.mean, self.sums.block_means()
        number, volume = mean[:, :-2], mean[:, -2]
        density = _ratio(number, volume[:, None])
        series = _ratio(blocks[:, :, :-2], blocks[:, :, None, -2])
        error, n_effective = error_of_blocks(series)
        mass = np.einsum("k,ski->si", self._mass_of, density) * G_PER_CM3_PER_AMU_A3
        masses = np.einsum("k,bski->bsi", self._mass_of, series) * G_PER_CM3_PER_AMU_A3
        composition = _ratio(number, number.sum(axis=1, keepdims=True))
        composition_error, _ = jackknife(
            blocks, lambda table: _ratio(table[:, :-2], table[:, :-2].sum(axis=1, keepdims=True))
        )
        frames = self.sums.count
        layers = {
            side: find_layers(self.edges, number[row].sum(axis=0) * frames, volume[row] * frames)
            for row, side in enumerate(self.sides)
        }
        peaks = {}
        for row, side in enumerate(self.sides):
            for kind, name in enumerate(self.names):
                peak = self._first_peak(row, kind, mean, blocks)
                if peak is not None:
                    peaks[side, name] = peak
        return DensityRecord(
            quantity="number density of " + ", ".join(self.names),
            value=density,
            error=error,
            unit="1/Å³",
            n_effective=n_effective,
            notes=self.notes(),
            shape="planar" if self.shape is None else self.shape.kind,
            sides=self.sides,
            species=self.names,
            distance=0.5 * (self.edges[1:] + self.edges[:-1]),
            edges=self.edges,
            number=number,
            volume=volume,
            mass_density=mass,
            mass_density_error=error_of_blocks(masses)[0],
            composition=composition,
            composition_error=composition_error,
            area=mean[:, -1, 0],
            layers=layers,
            peaks=peaks,
        )

    def bulks(self, asked: tuple[float, float] | None) -> dict[int, BoolArray]:
        """Return the bins that are bulk on each side that has one.

        Parameters
        ----------
        asked : (float, float) [Å], optional
            As in `find_bulk`.

        Raises
        ------
        AnalysisError
            If no side has one, with the reason of the first side where there are atoms.
        """
        found: dict[int, BoolArray] = {}
        reasons = []
        for row, side in enumerate(self.sides):
            number, volume = self.sums.mean[row, :-2], self.sums.mean[row, -2]
            if not np.any(number > 0.0):
                continue
            if not self._covered[row]:
                reasons.append(
                    f"The liquid {side} leaves part of the wall bare, as a droplet does: there is no bulk above the "
                    "whole of the wall to compare with. Use a film that covers it."
                )
                continue
            try:
                found[row] = find_bulk(self.edges, number, volume, asked, side)
            except AnalysisError as error:
                reasons.append(str(error))
        if not found:
            nowhere = f"No atom of {', '.join(self.names)} was seen on either side of the wall."
            raise AnalysisError(reasons[0] if reasons else nowhere)
        return found

    def _first_peak(self, row: int, kind: int, mean: FloatArray, blocks: FloatArray) -> Measure | None:
        """Return the position of the first peak of one species on one side, None if none stands out."""
        frames = self.sums.count
        _, found = find_peaks(self.edges, mean[row, kind] * frames, mean[row, -2] * frames)
        if not len(found):
            return None
        near = float(self.edges[found[0]] + 0.5 * self.width)

        def position(table: FloatArray) -> float:
            return peak_position(table[row, kind], table[row, -2], self.edges, near)

        error, n_effective = jackknife(blocks, position)
        return Measure(position(mean), float(error), "Å", n_effective)

    def notes(self) -> tuple[str, ...]:
        """Return the conventions behind the numbers."""
        if self.shape is None:
            start = "the origin of the cell" if self.about == "cell" else "the middle of mass"
            notes = [f"positions along {self.axis} from {start}"]
        elif self.shape.kind == "planar":
            notes = [f"distance from the mean plane of the carbon nuclei, along {AXES[self.shape.axis]}"]
        else:
            notes = [f"distance from the mean radius of the carbon nuclei, tube along {AXES[self.shape.axis]}"]
        notes.append(f"bins of {self.width:g} Å")
        bare = [
            side for row, side in enumerate(self.sides) if not self._covered[row] and self.sums.mean[row, :-2].any()
        ]
        if bare:
            notes.append(f"liquid {' and '.join(bare)} leaves part of the wall bare: averages over droplet and vacuum")
        if self.sums.count < 2:
            notes.append("one frame: no error can be given")
        return tuple(notes)


def _ratio(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return a/b, NaN where b vanishes."""
    a, b = np.broadcast_arrays(a, b)
    return np.asarray(np.divide(a, b, out=np.full(a.shape, math.nan), where=b > 0.0))


def peak_position(number: FloatArray, volume: FloatArray, edges: FloatArray, near: float) -> float:
    """Return where a profile is highest close to a distance [Å]: the vertex of a parabola through ln ρ within 0.4 Å."""
    middles = 0.5 * (edges[1:] + edges[:-1])
    density = _ratio(number, volume)
    window = (np.abs(middles - near) < 0.45) & (density > 0.0)
    if np.sum(window) < 3:
        return near
    x = middles[window] - near
    curvature, slope, _ = np.polyfit(x, np.log(density[window]), 2)
    return near + float(np.clip(-0.5 * slope / curvature, x[0], x[-1])) if curvature < 0.0 else near


def density(
    source: Source,
    species: Sequence[str] | None = None,
    about: str = "wall",
    axis: str = "z",
    width: float = 0.2,
    reach: float | None = None,
    stage: str | Sequence[str] | None = None,
    progress: Progress | None = None,
) -> DensityRecord:
    """Return density and composition profiles; parameters as in `Density`, ``stage`` as in `choose_frames`."""
    return cast(DensityRecord, measure(source, Density(species, about, axis, width, reach), stage, progress))
