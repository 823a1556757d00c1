"""Interfacial affinity: attraction between wall and liquid metal, and preference of the wall for one metal."""

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
from nakmd.analysis.geometry.contact_distances import contact_distance
from nakmd.analysis.geometry.grid import CellGrid
from nakmd.analysis.geometry.wall import BULK_START, FIRST_LAYER, LEAST_BULK, distances_to_wall
from nakmd.analysis.geometry.wetted_faces import AREA_PER_ATOM
from nakmd.analysis.named_analysis import INTERFACE, NamedAnalysis
from nakmd.analysis.numerics.statistics import Measure, mean_with_error, ratio_of_means
from nakmd.analysis.plotting import COLORS, Axes, Figure, draw_mean, figure_for
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray, IntArray
from nakmd.elements import METALS, WALL
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology
from nakmd.units import J_PER_M2_PER_EV_A2


class AffinityRecord(Record):
    """Interaction of wall and metal, positive for attraction; ``value`` is per contact area, eV/Å².

    Attributes
    ----------
    per_area : Measure [J/m²]
        ``value`` in SI.
    per_layer_atom : Measure [eV]
        Per metal atom in the first layer.
    by_metal : dict of str to Measure [eV]
        Interaction of each metal element with the wall, per atom of that element in the first layer.
    by_site : dict of str to Measure [eV]
        Interaction of each wall species with the metal, per wall atom of that species in contact.
    shares : dict of (wall species, metal element) to Measure [eV/Å²]
        Parts of ``value``; they add up to it.
    enrichment : dict of (str, str) to Measure
        For metals (a, b): (N_a/N_b) in the first layer over (N_a/N_b) in the bulk.
    layer_atoms : dict of str to Measure
        Atoms of each metal in the first layer.
    contact_area : Measure [Å²]
    energy : Measure [eV]
        Interaction energy, negative for attraction.
    bulk : str
        Region that defines the composition of the bulk.
    time : (n,) float64 [ps]
    series : (n,) float64 [eV/Å²]
        Affinity per area in each frame (NaN without contact).
    """

    curve_tables = (RecordCurve("series", {"time [ps]": "time"}, {"affinity [eV/Å²]": "series"}),)

    per_area: Measure
    per_layer_atom: Measure
    by_metal: dict[str, Measure] = field(default_factory=dict)
    by_site: dict[str, Measure] = field(default_factory=dict)
    shares: dict[tuple[str, str], Measure] = field(default_factory=dict)
    enrichment: dict[tuple[str, str], Measure] = field(default_factory=dict)
    layer_atoms: dict[str, Measure] = field(default_factory=dict)
    contact_area: Measure
    energy: Measure
    bulk: str
    time: FloatArray
    series: FloatArray

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the results table."""
        yield Row.of("affinity per area", self.per_area)
        yield Row.of("affinity per first-layer atom", self.per_layer_atom)
        for metal, entry in self.by_metal.items():
            yield Row.of(f"  of {metal}, per atom", entry)
        for site, entry in self.by_site.items():
            yield Row.of(f"  of {site}, per wall atom in contact", entry)
        for metal, entry in self.layer_atoms.items():
            yield Row.of(f"{metal} in the first layer", entry)
        for (a, b), entry in self.enrichment.items():
            yield Row.of(f"enrichment {a}/{b} of the first layer", entry, law="ratio")

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the affinity per area against time, with mean and 95 % confidence interval."""
        figure, ax = figure_for(ax)
        ax.plot(self.time, self.series * J_PER_M2_PER_EV_A2, color=COLORS[0], lw=1)
        draw_mean(ax, self.per_area, self.per_area.text)
        ax.set(xlabel="t / ps", ylabel="affinity / J/m²")
        ax.legend(fontsize="small")
        return figure


class Affinity(NamedAnalysis):
    r"""Cross interaction energy of wall and metal, per contact area and per metal atom in the first layer.

    .. math:: w = -\frac{\langle E_{\mathrm{wall,metal}} \rangle}{\langle A \rangle}, \qquad
              A = a_0 \, N_{\mathrm{wall\ atoms\ in\ contact}}

    Parameters
    ----------
    layer : float [Å]
        A metal atom is in the first layer if the nearest wall atom is closer than this.
    bulk : float [Å]
        A metal atom is in the bulk if no wall atom is closer than this.
    area_per_atom : float [Å²]
        Contact area per wall atom.
    wall, metals : tuples of str
        Elements of the two sides.

    Notes
    -----
    The energy is that of the pair terms between wall and metal species, stored with each frame
    (``Frame.pair_energies``): an interaction energy in the presence of all other atoms, not a free energy
    and not the work of adhesion, which also includes the energy of the metal and the wall adapting to each
    other. Positive w means attraction.

    A wall atom is in contact if a metal atom is within `CONTACT_DISTANCES`. It is counted once, even if
    metal wets both of its sides: for a filled and immersed tube the area is that of the tube's wall, not of
    its two faces.

    Ratios are ratios of means; errors are those of the time series of the linearised ratio (`ratio_of_means`).

    If the bulk region contains fewer than 20 metal atoms on average or lacks one of the metals, the
    composition of all metal atoms including the first layer is used instead, which biases the enrichment
    towards 1. ``record.bulk`` states which one was used.
    """

    name = "affinity"
    title = "interfacial affinity: energy between metal and wall, per area and per atom"
    panel = 50
    atoms = INTERFACE
    origin = "own"
    needs = frozenset({"pair_energies"})

    def __init__(
        self,
        layer: float = FIRST_LAYER,
        bulk: float = BULK_START,
        area_per_atom: float = AREA_PER_ATOM,
        wall: tuple[str, ...] = WALL,
        metals: tuple[str, ...] = METALS,
    ) -> None:
        if not 0.0 < layer <= bulk:
            raise AnalysisError(f"Affinity needs 0 < layer <= bulk in Å, got {layer} and {bulk}.")
        if not area_per_atom > 0.0:
            raise AnalysisError(f"The area per wall atom must be positive, got {area_per_atom} Å².")
        self.layer, self.bulk = float(layer), float(bulk)
        self.area_per_atom = float(area_per_atom)
        self.wall, self.metals = wall, metals

    def prepare(self, topology: Topology) -> None:
        """Select the atoms of the two sides."""
        elements = np.array(topology.elements)
        present = np.unique(topology.species)
        self._wall_species = [int(s) for s in present if elements[s] in self.wall]
        self._metal_species = [int(s) for s in present if elements[s] in self.metals]
        for side, species, elements_of_side in (
            ("wall", self._wall_species, self.wall),
            ("metal", self._metal_species, self.metals),
        ):
            if not species:
                names = ", ".join(topology.species_names[s] for s in present)
                raise AnalysisError(
                    f"Affinity needs {side} atoms ({', '.join(elements_of_side)}); this system has only {names}."
                )
        self._names = topology.species_names
        self._wall = np.flatnonzero(np.isin(topology.species, self._wall_species))
        self._metal = np.flatnonzero(np.isin(topology.species, self._metal_species))
        self._sites = topology.species[self._wall]
        self._metal_names = list(dict.fromkeys(str(elements[s]) for s in self._metal_species))
        kind_of = np.full(len(elements), -1, dtype=np.int64)
        for s in self._metal_species:
            kind_of[s] = self._metal_names.index(str(elements[s]))
        self._kind_of = kind_of
        self._kinds = kind_of[topology.species[self._metal]]
        self._contact = {
            str(element): np.array([contact_distance(str(element), name) for name in self._metal_names])
            for element in {elements[s] for s in self._wall_species}
        }
        self._wall_elements = elements[self._sites]
        self._time: list[float] = []
        self._energies: list[FloatArray] = []
        self._in_layer: list[IntArray] = []
        self._in_bulk: list[IntArray] = []
        self._in_contact: list[list[int]] = []

    def update(self, frame: Frame) -> None:
        """Add the energies and the first-layer counts of one frame."""
        if frame.pair_energies is None or not np.all(np.isfinite(frame.pair_energies)):
            raise AnalysisError(
                f"The frame at step {frame.step} contains no interaction energies between species, which the "
                "affinity requires. nakmd run stores them with every frame; files written or converted by other "
                "programs have none: analyse the original trajectory, or run again."
            )
        energies = np.zeros((len(self._wall_species), len(self._metal_names)))
        for row, a in enumerate(self._wall_species):
            for b in self._metal_species:
                energies[row, self._kind_of[b]] += frame.pair_energies[a, b]
        distances = distances_to_wall(frame, self._wall, self._metal, self.bulk)
        n_kinds = len(self._metal_names)
        layer = np.bincount(self._kinds[distances < self.layer], minlength=n_kinds)
        bulk = np.bincount(self._kinds[distances >= self.bulk], minlength=n_kinds)

        wall, metal = frame.positions[self._wall], frame.positions[self._metal]
        reach = max(float(cutoffs.max()) for cutoffs in self._contact.values())
        grid = CellGrid(metal, self._kinds, frame.cell, reach, also=wall)
        touched = np.zeros(len(wall), dtype=np.bool_)
        for element, cutoffs in self._contact.items():
            rows = np.flatnonzero(self._wall_elements == element)
            touched[rows] = grid.neighbor_counts(wall[rows], cutoffs, cutoffs).sum(axis=1) > 0.0
        self._time.append(frame.time)
        self._energies.append(energies)
        self._in_layer.append(layer)
        self._in_bulk.append(bulk)
        self._in_contact.append([int(np.sum(touched & (self._sites == s))) for s in self._wall_species])

    @property
    def contact_areas(self) -> FloatArray:
        """Area [Å²] of the wall in contact with metal, for each frame so far."""
        counts = np.array(self._in_contact, dtype=np.float64)
        return np.asarray(counts.sum(axis=1) * self.area_per_atom)

    @property
    def cross_energies(self) -> FloatArray:
        """Interaction energy [eV] of wall and metal, for each frame so far."""
        return np.asarray(np.array(self._energies).sum(axis=(1, 2)))

    def result(self) -> AffinityRecord:
        """Return the affinity and its contributions."""
        require_frames(len(self._time), 1, "Affinity")
        energies = np.array(self._energies)
        layer = np.array(self._in_layer, dtype=np.float64)
        contact = np.array(self._in_contact, dtype=np.float64)
        area = self.contact_areas
        if not np.any(area):
            raise AnalysisError(
                "No metal atom touches the wall in these frames, so the contact area is zero. "
                "Check that the metal is at the wall, or measure in a later stage."
            )
        total = -energies.sum(axis=(1, 2))
        per_area = ratio_of_means([total], [area], "eV/Å²")
        sites = [self._names[s] for s in self._wall_species]
        names = self._metal_names
        enrichment, bulk, notes = self._enrichment(layer)
        return AffinityRecord(
            quantity="interfacial affinity",
            **per_area.fields,
            notes=(
                f"first layer: nearest wall atom closer than {self.layer:g} Å",
                f"contact area: {self.area_per_atom:.3f} Å² per wall atom in contact, each counted once",
                *notes,
            ),
            per_area=per_area.scaled(J_PER_M2_PER_EV_A2, "J/m²"),
            per_layer_atom=ratio_of_means([total], [layer.sum(axis=1)], "eV"),
            by_metal={
                name: ratio_of_means([-energies[:, :, k].sum(axis=1)], [layer[:, k]], "eV")
                for k, name in enumerate(names)
            },
            by_site={
                site: ratio_of_means([-energies[:, row].sum(axis=1)], [contact[:, row]], "eV")
                for row, site in enumerate(sites)
            },
            shares={
                (site, name): ratio_of_means([-energies[:, row, k]], [area], "eV/Å²")
                for row, site in enumerate(sites)
                for k, name in enumerate(names)
            },
            enrichment=enrichment,
            layer_atoms={name: mean_with_error(layer[:, k]) for k, name in enumerate(names)},
            contact_area=mean_with_error(area, "Å²"),
            energy=mean_with_error(-total, "eV"),
            bulk=bulk,
            time=np.array(self._time),
            series=np.divide(total, area, out=np.full(len(area), math.nan), where=area > 0.0),
        )

    def _enrichment(self, layer: FloatArray) -> tuple[dict[tuple[str, str], Measure], str, list[str]]:
        """Return the enrichment of each pair of metals, the region of the bulk, and notes."""
        names = sorted(self._metal_names, key=lambda name: (name != "K", name))  # K over Na, the convention for NaK
        if len(names) < 2:
            return {}, "one metal only", []
        counts = np.array(self._in_bulk, dtype=np.float64)
        if counts.sum(axis=1).mean() >= LEAST_BULK and np.all(counts.mean(axis=0) > 0.0):
            reference, bulk = counts, f"metal farther than {self.bulk:g} Å from the wall"
        else:
            overall = np.bincount(self._kinds, minlength=len(self._metal_names)).astype(np.float64)
            reference = np.tile(overall, (len(layer), 1))
            bulk = f"all metal (fewer than {LEAST_BULK:.0f} atoms farther than {self.bulk:g} Å from the wall)"
        enrichment = {}
        for i, a in enumerate(names):
            for b in names[i + 1 :]:
                k, l = self._metal_names.index(a), self._metal_names.index(b)  # noqa: E741  (index letters)
                enrichment[a, b] = ratio_of_means([layer[:, k], reference[:, l]], [layer[:, l], reference[:, k]])
        return enrichment, bulk, [f"bulk composition: {bulk}"]


def affinity(
    source: FrameSource,
    layer: float = FIRST_LAYER,
    bulk: float = BULK_START,
    area_per_atom: float = AREA_PER_ATOM,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> AffinityRecord:
    """Return the interfacial affinity; parameters as in `Affinity`, ``frames`` as in `FrameOptions`."""
    return cast(AffinityRecord, measure(source, Affinity(layer, bulk, area_per_atom), progress, **frames))
