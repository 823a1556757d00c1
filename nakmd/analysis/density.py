"""Density and composition of the liquid as functions of the distance from the wall, or along the cell."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Unpack, cast

import numpy as np

from nakmd.analysis.base import Record, require_frames
from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.layering import Layer, find_layers, find_peaks
from nakmd.analysis.geometry.profile import Profile
from nakmd.analysis.numerics.block_sums import error_of_blocks
from nakmd.analysis.numerics.jackknife import jackknife
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.plotting import Axes, Figure, figure_for
from nakmd.analysis.profile_analysis import ProfileAnalysis, draw_sides
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray
from nakmd.errors import AnalysisError
from nakmd.units import G_PER_CM3_PER_AMU_A3


class DensityRecord(Record):
    """Number densities; ``value`` and ``error`` are (n_sides, n_species, n_bins), NaN where a bin has no volume.

    Attributes
    ----------
    shape : {"planar", "cylindrical"}
    sides : tuple of str
        ``("above", "below")`` a sheet, ``("outside", "inside")`` of a tube, or ``("along z",)`` without a wall.
    species : tuple of str
    distance : (n_bins,) float64 [Å]
        Centre of each bin.
    edges : (n_bins + 1,) float64 [Å]
    number : (n_sides, n_species, n_bins) float64
        Mean number of atoms in each bin.
    volume : (n_sides, n_bins) float64 [Å³]
        Mean volume of each bin, within the cell.
    mass_density, mass_density_error : (n_sides, n_bins) float64 [g/cm³]
        Density of all these species together.
    composition, composition_error : (n_sides, n_species, n_bins) float64
        Fraction of each species among the atoms of a bin.
    area : (n_sides,) float64 [Å²]
        Area of the surface that distances are measured from.
    layers : dict of str to tuple of Layer
        By side, from the density of all species together.
    peaks : dict of (str, str) to Measure [Å]
        Position of the first peak by side and species, if there is one.
    """

    curve_tables = (
        RecordCurve(
            "density",
            {"side": "sides", "species": "species", "distance [Å]": "distance"},
            {"density [1/Å³]": "value", "error [1/Å³]": "error", "fraction": "composition"},
        ),
        RecordCurve(
            "mass density",
            {"side": "sides", "distance [Å]": "distance"},
            {"density [g/cm³]": "mass_density", "error [g/cm³]": "mass_density_error"},
        ),
    )

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
        """The sides that have atoms."""
        return tuple(side for row, side in enumerate(self.sides) if np.any(self.number[row] > 0.0))

    def profile(self, species: str, side: str | None = None) -> tuple[FloatArray, FloatArray]:
        """Return the number density [1/Å³] of one species on one side and its error, each (n_bins,).

        Parameters
        ----------
        species : str
        side : str, optional
            Optional if only one side has atoms.
        """
        if side is None and len(self.wetted) == 1:
            side = self.wetted[0]
        if species not in self.species or side not in self.sides:
            raise AnalysisError(
                f"No profile of {species!r} on side {side!r}; the species are {', '.join(self.species)}, "
                f"the sides with atoms {', '.join(self.wetted) or 'none'}."
            )
        row, kind = self.sides.index(side), self.species.index(species)
        return self.value[row, kind], self.error[row, kind]

    def __str__(self) -> str:
        lines = [f"{species}, first peak {side}: {position.text}" for (side, species), position in self.peaks.items()]
        return "\n".join(lines or [f"{self.quantity}: no peak above the noise"])

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the results table."""
        for (side, species), position in self.peaks.items():
            yield Row.of(f"density of {species}, first peak {side}", position)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the number density of each species with its error band; dashes mark the second side."""
        figure, ax = figure_for(ax)
        rows = {side: row for row, side in enumerate(self.sides) if side in self.wetted}
        draw_sides(ax, self.distance, 1e3 * self.value, 1e3 * self.error, rows, self.species)
        from_wall = "distance from the wall" if len(self.sides) > 1 else f"position {self.sides[0]}"
        ax.set(xlabel=f"{from_wall} / Å", ylabel="number density / nm⁻³", ylim=(0.0, None))
        ax.legend(fontsize="small")
        return figure


class Density(ProfileAnalysis):
    r"""Number density of each element as a function of the distance from the wall, or along a cell vector.

    .. math:: \rho_s(d) = \frac{\langle n_s(d) \rangle}{\langle V(d) \rangle}

    with n the number of atoms of species s in a distance bin, and V the volume of that bin within the cell:
    a slice of the cell for sheets, a cylindrical shell for a tube, truncated at the cell boundary.

    Parameters
    ----------
    species : sequence of str, optional
        Disjoint species, elements or groups. Default: the metals, or all elements if distances are not measured
        from the wall.
    about : {"wall", "cell", "center", "axis"}
        Origin of the distances: the wall; the origin of the cell; the centre of mass of the selected atoms, for a
        free film; the axis through it, for a free column.
    axis : {"x", "y", "z"}
        Cell vector for profiles that do not start at the wall; positions are heights above the face spanned by the
        other two, or distances from the axis parallel to it.
    width : float [Å]
        Bin width.
    reach : float [Å], optional
        Length of the profile. Default: to the end of the cell in the first frame; in an open cell, to 5 Å beyond the
        farthest atom of that frame, at most 200 Å.

    Notes
    -----
    `Profile` explains how the wall is found and how sides are defined.

    Errors are those of the mean of blocks of frames (`BlockSums`).
    """

    name = "density"
    title = "density profile of each species along the normal of the wall"
    panel = 60

    def __init__(
        self,
        species: Sequence[str] | None = None,
        about: str = "wall",
        axis: str = "z",
        width: float = 0.2,
        reach: float | None = None,
    ) -> None:
        super().__init__(Profile(species, about, axis, width, reach))

    def result(self) -> DensityRecord:
        """Return the profiles."""
        profile = self._profile
        require_frames(profile.sums.count, 1, "A density profile")
        mean, blocks, edges = profile.sums.mean, profile.sums.block_means(), profile.edges
        number, volume = mean[:, :-2], mean[:, -2]
        density = _ratio(number, volume[:, None])
        series = _ratio(blocks[:, :, :-2], blocks[:, :, None, -2])
        error, n_effective = error_of_blocks(series)
        mass = np.einsum("k,ski->si", profile.mass_of, density) * G_PER_CM3_PER_AMU_A3
        masses = np.einsum("k,bski->bsi", profile.mass_of, series) * G_PER_CM3_PER_AMU_A3
        composition = _ratio(number, number.sum(axis=1, keepdims=True))
        composition_error, _ = jackknife(
            blocks, lambda table: _ratio(table[:, :-2], table[:, :-2].sum(axis=1, keepdims=True))
        )
        frames = profile.sums.count
        layers = {
            side: find_layers(edges, number[row].sum(axis=0) * frames, volume[row] * frames)
            for row, side in enumerate(profile.sides)
        }
        peaks = {}
        for row, side in enumerate(profile.sides):
            for kind, name in enumerate(profile.names):
                peak = self._first_peak(row, kind, mean, blocks)
                if peak is not None:
                    peaks[side, name] = peak
        return DensityRecord(
            quantity="number density of " + ", ".join(profile.names),
            value=density,
            error=error,
            unit="1/Å³",
            n_effective=n_effective,
            notes=profile.notes(),
            shape=profile.kind,
            sides=profile.sides,
            species=profile.names,
            distance=0.5 * (edges[1:] + edges[:-1]),
            edges=edges,
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

    def _first_peak(self, row: int, kind: int, mean: FloatArray, blocks: FloatArray) -> Measure | None:
        """Return the position of the first peak of one species on one side; None if there is no significant peak."""
        frames, edges = self._profile.sums.count, self._profile.edges
        _, peaks = find_peaks(edges, mean[row, kind] * frames, mean[row, -2] * frames)
        if not len(peaks):
            return None
        near = float(edges[peaks[0]] + 0.5 * self._profile.width)

        def position(table: FloatArray) -> float:
            return peak_position(table[row, kind], table[row, -2], edges, near)

        error, n_effective = jackknife(blocks, position)
        return Measure(position(mean), float(error), "Å", n_effective)


def _ratio(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return a/b; NaN where b is zero."""
    a, b = np.broadcast_arrays(a, b)
    return np.asarray(np.divide(a, b, out=np.full(a.shape, math.nan), where=b > 0.0))


def peak_position(number: FloatArray, volume: FloatArray, edges: FloatArray, near: float) -> float:
    """Return the position [Å] of a maximum near a distance: the vertex of a parabola through ln ρ within 0.4 Å."""
    middles = 0.5 * (edges[1:] + edges[:-1])
    density = _ratio(number, volume)
    window = (np.abs(middles - near) < 0.45) & (density > 0.0)
    if np.sum(window) < 3:
        return near
    x = middles[window] - near
    curvature, slope, _ = np.polyfit(x, np.log(density[window]), 2)
    return near + float(np.clip(-0.5 * slope / curvature, x[0], x[-1])) if curvature < 0.0 else near


def density(
    source: FrameSource,
    species: Sequence[str] | None = None,
    about: str = "wall",
    axis: str = "z",
    width: float = 0.2,
    reach: float | None = None,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> DensityRecord:
    """Return density and composition profiles; parameters as in `Density`, ``frames`` as in `FrameOptions`."""
    return cast(DensityRecord, measure(source, Density(species, about, axis, width, reach), progress, **frames))
