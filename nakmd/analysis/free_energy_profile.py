"""Free energy of a metal atom as a function of its distance from the wall, from its density."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Unpack, cast

import numpy as np

from nakmd.analysis.base import Record, require_frames
from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.layering import check_bulk, find_peaks
from nakmd.analysis.geometry.profile import Profile
from nakmd.analysis.geometry.wall import wall_atoms
from nakmd.analysis.numerics.jackknife import jackknife
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.plotting import Axes, Figure, figure_for
from nakmd.analysis.profile_analysis import ProfileAnalysis, draw_sides
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.table_row import Row
from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology
from nakmd.units import K_B

#: Half-width [Å] of the parabola fit of an extremum; barriers are wider and use twice this value.
FIT = 0.45


@dataclass(frozen=True)
class Well:
    """The first minimum of a profile and the barrier behind it.

    Attributes
    ----------
    position : Measure [Å]
        Position of the first layer.
    depth : Measure [eV]
        Depth relative to the bulk, positive for a well.
    barrier_position : Measure [Å]
    barrier : Measure [eV]
        From the bottom of the well to the top of the barrier; NaN if there is no second layer.
    second : Measure [Å]
        Position of the second layer.
    """

    position: Measure
    depth: Measure
    barrier_position: Measure
    barrier: Measure
    second: Measure


class FreeEnergyProfileRecord(Record):
    """F(d) in eV, zero in the bulk; ``value`` and ``error`` are (n_sides, n_species, n_bins), NaN in empty bins.

    Attributes
    ----------
    sides : tuple of str
        Sides that have a bulk.
    species : tuple of str
    distance : (n_bins,) float64 [Å]
    temperature : float [K]
    wells : dict of (str, str) to Well
        By side and species, if there is a first layer.
    bulk : dict of str to (float, float) [Å]
        Range of the bulk, by side.
    """

    curve_tables = (
        RecordCurve(
            "free energy",
            {"side": "sides", "species": "species", "distance [Å]": "distance"},
            {"free energy [eV]": "value", "error [eV]": "error"},
        ),
    )

    sides: tuple[str, ...]
    species: tuple[str, ...]
    distance: FloatArray
    temperature: float
    wells: dict[tuple[str, str], Well] = field(default_factory=dict)
    bulk: dict[str, tuple[float, float]] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [
            f"{species} {side}: well of {well.depth.text} at {well.position.text}, barrier {well.barrier.text}"
            for (side, species), well in self.wells.items()
        ]
        return "\n".join(lines or [f"{self.quantity}: no well above the noise"])

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the results table."""
        for (side, species), well in self.wells.items():
            key, place = f"free energy of {species}, well {side}", f"at {well.position.value:.2f} Å"
            yield Row.of(f"{key} {place}", well.depth, key=key, law="free-energy")
            if math.isfinite(well.barrier.value):
                key, place = "  barrier from it", f"at {well.barrier_position.value:.2f} Å"
                yield Row.of(f"{key}, {place}", well.barrier, key=key, law="free-energy")

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the profile of each species with its error band; dashes mark the second side."""
        figure, ax = figure_for(ax)
        rows = {side: row for row, side in enumerate(self.sides)}
        draw_sides(ax, self.distance, self.value, self.error, rows, self.species)
        ax.axhline(0.0, color="0.7", lw=0.8, zorder=0)
        # limit the axis: the height of the repulsive wall depends on the length of the run
        low = float(np.nanmin(self.value))
        ax.set(
            xlabel="distance from the wall / Å", ylabel="free energy / eV", ylim=(1.2 * low - 0.02, 0.15 - 0.6 * low)
        )
        ax.legend(fontsize="small")
        return figure


class FreeEnergyProfile(ProfileAnalysis):
    r"""Potential of mean force of each metal as a function of the distance from the wall.

    .. math:: F_s(d) = -k_B T \ln \frac{\rho_s(d)}{\rho_s^b}

    with ρ the number density (`Density`), so that around a tube the Jacobian 2πr of the shells is divided out:
    an ideal gas has F = 0 at every distance from a sheet or a tube.

    Parameters
    ----------
    species : sequence of str, optional
        Default: the metals.
    bulk : (float, float) [Å], optional
        Range of distances whose density is ρ^b. Default: as in `find_bulk`.
    temperature : float [K], optional
        Default: the mean of the frames.
    width : float [Å]
        Bin width.

    Notes
    -----
    This is the work to bring one atom of the liquid from the bulk to d at constant composition of the rest, not the
    binding energy of a single atom on bare carbon. Bins without atoms have no value, so the range of the profile
    depends on the length of the run. A well as narrow as a bin is flattened; positions and heights of extrema are
    from parabola fits. Errors are from the jackknife over blocks of frames.
    """

    name = "free_energy_profile"
    title = "free energy along the normal of the wall: wells and barriers"
    panel = 140

    def __init__(
        self,
        species: Sequence[str] | None = None,
        bulk: tuple[float, float] | None = None,
        temperature: float | None = None,
        width: float = 0.1,
    ) -> None:
        check_bulk(bulk)
        if temperature is not None and not temperature > 0.0:
            raise AnalysisError(f"A free energy needs a positive temperature, got {temperature} K.")
        self.bulk, self.temperature = bulk, temperature
        super().__init__(Profile(species, width=width))

    def prepare(self, topology: Topology) -> None:
        """Select the atoms."""
        wall_atoms(topology)  # Profile accepts systems without a wall
        super().prepare(topology)
        self._temperatures: list[float] = []

    def update(self, frame: Frame) -> None:
        """Add one frame to the histogram."""
        if self.temperature is None and frame.temperature is None:
            raise AnalysisError(
                f"The frame at step {frame.step} contains no temperature, which a free energy requires. "
                "Specify temperature=."
            )
        super().update(frame)
        self._temperatures.append(frame.temperature if frame.temperature is not None else math.nan)

    def result(self) -> FreeEnergyProfileRecord:
        """Return the profiles."""
        profile = self._profile
        require_frames(profile.sums.count, 2, "A free-energy profile")
        kt = K_B * (float(np.mean(self._temperatures)) if self.temperature is None else self.temperature)
        mean, blocks, edges = profile.sums.mean, profile.sums.block_means(), profile.edges
        bulks = profile.bulks(self.bulk)

        def energies(table: FloatArray) -> FloatArray:
            return np.stack([_free_energy(table[row, :-1], bulk, kt) for row, bulk in bulks.items()])

        value = energies(mean)
        spread, n_effective = jackknife(blocks, energies)
        wells = {}
        for row, bulk in bulks.items():
            for kind, name in enumerate(profile.names):
                frames = profile.sums.count
                _, peaks = find_peaks(edges, mean[row, kind] * frames, mean[row, -2] * frames)
                if len(peaks):
                    rows = [kind, -1]  # one species and the volume
                    table, tables = mean[row, :-1][rows], blocks[:, row, :-1][:, rows]
                    wells[profile.sides[row], name] = _well(edges, peaks, table, tables, bulk, kt)
        ranges = {
            profile.sides[row]: (float(edges[:-1][bulk].min()), float(edges[1:][bulk].max()))
            for row, bulk in bulks.items()
        }
        return FreeEnergyProfileRecord(
            quantity="free-energy profile of " + ", ".join(profile.names),
            value=value,
            error=spread,
            unit="eV",
            n_effective=n_effective,
            notes=(
                f"T = {kt / K_B:.1f} K",
                *(f"zero is the bulk {side}, {start:.1f} to {end:.1f} Å" for side, (start, end) in ranges.items()),
                *profile.notes(),
            ),
            sides=tuple(profile.sides[row] for row in bulks),
            species=profile.names,
            distance=0.5 * (edges[1:] + edges[:-1]),
            temperature=kt / K_B,
            wells=wells,
            bulk=ranges,
        )


def _free_energy(table: FloatArray, bulk: BoolArray, kt: float) -> FloatArray:
    """Return -kT ln(ρ/ρ_b) [eV] of each species, (n_species, n_bins); NaN in empty bins.

    ``table`` is (n_species + 1, n_bins): number of atoms of each species, and volume in the last row.
    """
    atoms, volume = table[:-1], table[-1]
    density = np.divide(atoms, volume, out=np.zeros(atoms.shape), where=volume > 0.0)
    reference = atoms[:, bulk].sum(axis=1) / volume[bulk].sum()
    ratio = density / np.where(reference > 0.0, reference, math.nan)[:, None]
    return np.asarray(-kt * np.log(np.where(ratio > 0.0, ratio, math.nan)))


def _extremum(middles: FloatArray, energy: FloatArray, near: float, fit: float) -> tuple[float, float]:
    """Return position and height of the vertex of a parabola fitted to the profile near a distance."""
    window = (np.abs(middles - near) <= fit) & np.isfinite(energy)
    if np.sum(window) < 4:
        return math.nan, math.nan
    x = middles[window] - near
    curvature, slope, height = np.polyfit(x, energy[window], 2)
    at = float(np.clip(-0.5 * slope / curvature, x[0], x[-1])) if curvature != 0.0 else 0.0
    return near + at, float(height + slope * at + curvature * at * at)


def _well(
    edges: FloatArray,
    peaks: IntArray,
    mean: FloatArray,
    blocks: FloatArray,
    bulk: BoolArray,
    kt: float,
) -> Well:
    """Return the well at the first peak of the density, the barrier and the second well.

    Parameters
    ----------
    edges : (n_bins + 1,) float64 [Å]
    peaks : (n_peaks,) int64
        Bins of the peaks.
    mean, blocks : (2, n_bins), (n_blocks, 2, n_bins) float64
        Atoms of the species, and volume.
    bulk : (n_bins,) bool
    kt : float [eV]
    """
    energy = _free_energy(mean, bulk, kt)[0]
    middles = 0.5 * (edges[1:] + edges[:-1])
    first, second = int(peaks[0]), int(peaks[1]) if len(peaks) > 1 else None
    top = None
    if second is not None:
        # the barrier is wide and poorly sampled: use the maximum of the running mean
        between = np.nan_to_num(energy[first : second + 1], nan=float(np.nanmax(energy[first : second + 1])))
        span = max(1, round(0.5 / (edges[1] - edges[0])))
        smooth = np.convolve(np.pad(between, span // 2, mode="edge"), np.ones(span) / span, mode="valid")
        top = float(middles[first + int(np.argmax(smooth))])

    def landmarks(profile: FloatArray) -> FloatArray:
        position, bottom = _extremum(middles, profile, float(middles[first]), FIT)
        if second is None or top is None:
            return np.array([position, -bottom, math.nan, math.nan, math.nan])
        summit, height = _extremum(middles, profile, top, 2.0 * FIT)
        outer, _ = _extremum(middles, profile, float(middles[second]), FIT)
        return np.array([position, -bottom, summit, height - bottom, outer])

    values = landmarks(energy)
    errors, n_effective = jackknife(blocks, lambda table: landmarks(_free_energy(table, bulk, kt)[0]))
    units = ("Å", "eV", "Å", "eV", "Å")
    position, depth, barrier_position, barrier, outer = (
        Measure(float(value), float(error), unit, n_effective) for value, error, unit in zip(values, errors, units)
    )
    return Well(position, depth, barrier_position, barrier, outer)


def free_energy_profile(
    source: FrameSource,
    species: Sequence[str] | None = None,
    bulk: tuple[float, float] | None = None,
    temperature: float | None = None,
    width: float = 0.1,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> FreeEnergyProfileRecord:
    """Return free-energy profiles; parameters as in `FreeEnergyProfile`, ``frames`` as in `FrameOptions`.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame, System
    >>> from nakmd.analysis import FrameList, free_energy_profile
    >>> from nakmd.structures import combine, graphene
    >>> sheet, random = graphene(repeats=(6, 4), vacuum=20.0), np.random.default_rng(1)
    >>> def gas():
    ...     return System(random.uniform(size=(150, 3)) @ sheet.cell.matrix, [0] * 150, ["K"], sheet.cell)
    >>> systems = [combine([sheet, gas()]) for _ in range(50)]
    >>> frames = [Frame(k, 0.1 * k, *s.cell.wrap(s.positions), s.cell) for k, s in enumerate(systems)]
    >>> source = FrameList(systems[0].topology, frames)
    >>> profile = free_energy_profile(source, bulk=(10.0, 18.0), temperature=450.0, width=2.0)
    >>> profile.value.shape, bool(np.nanmax(abs(profile.value)) < 0.02)  # an ideal gas has none
    ((2, 1, 10), True)
    """
    analysis = FreeEnergyProfile(species, bulk, temperature, width)
    return cast(FreeEnergyProfileRecord, measure(source, analysis, progress, **frames))
