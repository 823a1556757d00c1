"""Coordination numbers across the interface: metal atoms around each wall atom, by site and over time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Self, Unpack, cast

import numpy as np

from nakmd.analysis.base import Record, require_frames, select
from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.contact_distances import contact_distance
from nakmd.analysis.geometry.grid import CellGrid
from nakmd.analysis.named_analysis import INTERFACE, AtomsPresent, NamedAnalysis
from nakmd.analysis.numerics.block_sums import BlockSums
from nakmd.analysis.numerics.statistics import Measure, mean_with_error
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray, IntArray
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology

#: Largest number of neighbours in distributions; larger numbers are counted in the last bin.
MOST_NEIGHBORS = 32


class CoordinationRecord(Record):
    """Coordination numbers; ``value`` is the mean number of neighbours per centre.

    Attributes
    ----------
    center, neighbor : str
    cutoff : float [Å]
    width : float [Å]
        Width of the smooth edge around the cutoff; 0 for a sharp count.
    by_site : dict of str to Measure
        Mean number of neighbours around a centre of each species (site).
    by_neighbor : dict of str to Measure
        The same by species of the neighbour, over all centres.
    contacts : Measure
        Number of centre-neighbour contacts.
    per_neighbor : Measure
        Contacts per neighbour atom, over all neighbour atoms of the system.
    time : (n,) float64 [ps]
    series : (n,) float64
        Mean number per centre in each frame.
    series_by_site : dict of str to (n,) float64
    numbers : (m,) int64
        0, 1, 2, ... neighbours; the last means that number or more.
    distribution, distribution_error : dict of str to (m,) float64
        Fraction of the centres of each species (site) with that number; smooth counts are rounded to the nearest.
    """

    curve_tables = (
        RecordCurve("series", {"time [ps]": "time"}, {"neighbours": "series"}),
        RecordCurve(
            "distribution",
            {"site": "distribution", "neighbours": "numbers"},
            {"fraction": "distribution", "error": "distribution_error"},
        ),
    )

    center: str
    neighbor: str
    cutoff: float
    width: float
    by_site: dict[str, Measure] = field(default_factory=dict)
    by_neighbor: dict[str, Measure] = field(default_factory=dict)
    contacts: Measure
    per_neighbor: Measure
    time: FloatArray
    series: FloatArray
    series_by_site: dict[str, FloatArray] = field(default_factory=dict)
    numbers: IntArray
    distribution: dict[str, FloatArray] = field(default_factory=dict)
    distribution_error: dict[str, FloatArray] = field(default_factory=dict)

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the results table."""
        key = f"{self.neighbor} around {self.center}"
        yield Row.of(f"{key}, to {self.cutoff:g} Å", self, key=key)
        if len(self.by_site) > 1:
            for site, entry in self.by_site.items():
                yield Row.of(f"  at {site}", entry)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the time series and the mean of each site."""
        figure, ax = figure_for(ax)
        for row, (site, series) in enumerate(self.series_by_site.items()):
            color = COLORS[row % len(COLORS)]
            ax.plot(self.time, series, color=color, lw=1, alpha=0.6)
            ax.axhline(self.by_site[site].value, color=color, label=f"{site}: {self.by_site[site].text}")
        ax.set(xlabel="t / ps", ylabel=f"{self.neighbor} within {self.cutoff:g} Å of a {self.center}")
        ax.legend(fontsize="small")
        return figure

    def plot_distribution(self, ax: Axes | None = None) -> Figure:
        """Draw the distribution of the number of neighbours, by site."""
        figure, ax = figure_for(ax)
        width = 0.8 / len(self.distribution)
        last = max(int(np.flatnonzero(share)[-1]) for share in self.distribution.values()) + 1
        for row, (site, share) in enumerate(self.distribution.items()):
            places = self.numbers[:last] + (row - 0.5 * (len(self.distribution) - 1)) * width
            error = self.distribution_error[site][:last]
            ax.bar(places, share[:last], width, yerr=error, color=COLORS[row % len(COLORS)], label=site, capsize=2)
        ax.set(
            xlabel=f"{self.neighbor} within {self.cutoff:g} Å of a {self.center}",
            ylabel="share of centres",
            xticks=self.numbers[:last],
        )
        ax.legend(fontsize="small")
        return figure


class Coordination(NamedAnalysis):
    """Number of neighbours around each centre, counted in every frame.

    Parameters
    ----------
    center, neighbor : str
        Species, elements or groups: ``"C"`` and ``"K"`` for the potassium around each carbon.
    cutoff : float [Å], optional
        Two atoms closer than this are in contact. Default: `CONTACT_DISTANCES` of their elements.
    smooth : bool
        False: a neighbour counts 1 or 0. True: it counts 1 up to cutoff - width/2 and falls to 0 at cutoff
        + width/2 along 1 - 3u² + 2u³, so that the number does not jump when an atom vibrates at the edge.
    width : float [Å]
        Width of the smooth edge.

    Notes
    -----
    The mean is over all centres, including those far from any metal and inside the tube. Errors are those of
    the time series (`mean_with_error`).
    """

    name = "coordination"
    title = "number of metal atoms around each wall atom, by site and in time"
    panel = 90
    atoms = INTERFACE
    origin = "textbook"

    def __init__(
        self,
        center: str = "C",
        neighbor: str = "K",
        cutoff: float | None = None,
        smooth: bool = False,
        width: float = 0.6,
    ) -> None:
        if cutoff is not None and not cutoff > 0.0:
            raise AnalysisError(f"The cutoff of a coordination number must be positive, got {cutoff} Å.")
        if smooth and not 0.0 < width < 2.0 * (cutoff or width):
            raise AnalysisError(
                f"The width of the smooth edge must be above 0 and below twice the cutoff, got {width} Å."
            )
        self.center, self.neighbor = center, neighbor
        self.cutoff = cutoff
        self.width = width if smooth else 0.0

    @classmethod
    def for_atoms(cls, present: AtomsPresent) -> dict[str, Self]:
        """Return one for each pair of a wall element and a metal."""
        return {f"{wall}-{metal}": cls(wall, metal) for wall, metal in present.pairs}

    def atoms_read(self, topology: Topology) -> tuple[str, ...]:
        """Return centres and neighbours."""
        return self.center, self.neighbor

    def prepare(self, topology: Topology) -> None:
        """Select the atoms and the cutoff."""
        centers, neighbors = select(topology, self.center), select(topology, self.neighbor)
        self._centers, self._neighbors = np.flatnonzero(centers), np.flatnonzero(neighbors)
        if self.cutoff is None:
            elements = topology.elements
            self.cutoff = max(
                contact_distance(elements[i], elements[j])
                for i in np.unique(topology.species[centers])
                for j in np.unique(topology.species[neighbors])
            )
        self._sites = _rows_by_species(topology, self._centers)
        self._species = _rows_by_species(topology, self._neighbors)
        self._kinds = np.zeros(len(self._neighbors), dtype=np.int64)
        for kind, rows in enumerate(self._species.values()):
            self._kinds[rows] = kind
        # a centre that is also a neighbour must not count itself
        index = np.full(topology.n_atoms, -1, dtype=np.int64)
        index[self._neighbors] = np.arange(len(self._neighbors))
        self._itself = index[self._centers]
        self._time: list[float] = []
        self._by_site: list[list[float]] = []
        self._by_species: list[FloatArray] = []
        self._histogram = BlockSums()

    def update(self, frame: Frame) -> None:
        """Count the neighbours in one frame."""
        assert self.cutoff is not None  # set by prepare
        centers, neighbors = frame.positions[self._centers], frame.positions[self._neighbors]
        inner = np.full(len(self._species), self.cutoff - 0.5 * self.width)
        outer = np.full(len(self._species), self.cutoff + 0.5 * self.width)
        grid = CellGrid(neighbors, self._kinds, frame.cell, float(outer[0]), also=centers)
        counts = grid.neighbor_counts(centers, inner, outer, self._itself)
        totals = counts.sum(axis=1)
        self._time.append(frame.time)
        self._by_site.append([float(totals[rows].mean()) for rows in self._sites.values()])
        self._by_species.append(counts.mean(axis=0))
        rounded = np.minimum(np.rint(totals), MOST_NEIGHBORS).astype(np.int64)
        shares = [np.bincount(rounded[rows], minlength=MOST_NEIGHBORS + 1) / len(rows) for rows in self._sites.values()]
        self._histogram.add(np.stack(shares))

    def result(self) -> CoordinationRecord:
        """Return the mean numbers and their time series."""
        assert self.cutoff is not None  # set by prepare
        require_frames(len(self._time), 1, "Coordination")
        by_site, by_species = np.array(self._by_site), np.array(self._by_species)
        series = by_species.sum(axis=1)
        mean = mean_with_error(series)
        contacts = float(len(self._centers))
        shares, (share_errors, _) = self._histogram.mean, self._histogram.errors()
        counting = "sharp" if self.width == 0.0 else f"smooth over {self.width:g} Å"
        notes = [f"{counting} count within {self.cutoff:g} Å, mean of all {len(self._centers)} {self.center}"]
        unseen = [site for row, site in enumerate(self._sites) if not by_site[:, row].any()]
        if unseen:
            notes.append(f"no {self.neighbor} was seen at {', '.join(unseen)}: its error of 0 is no bound")
        return CoordinationRecord(
            quantity=f"{self.neighbor} around {self.center}",
            **mean.fields,
            notes=tuple(notes),
            center=self.center,
            neighbor=self.neighbor,
            cutoff=self.cutoff,
            width=self.width,
            by_site={site: mean_with_error(by_site[:, row]) for row, site in enumerate(self._sites)},
            by_neighbor={name: mean_with_error(by_species[:, row]) for row, name in enumerate(self._species)},
            contacts=mean.scaled(contacts, ""),
            per_neighbor=mean.scaled(contacts / len(self._neighbors), ""),
            time=np.array(self._time),
            series=series,
            series_by_site={site: by_site[:, row] for row, site in enumerate(self._sites)},
            numbers=np.arange(MOST_NEIGHBORS + 1),
            distribution={site: shares[row] for row, site in enumerate(self._sites)},
            distribution_error={site: share_errors[row] for row, site in enumerate(self._sites)},
        )


def _rows_by_species(topology: Topology, atoms: IntArray) -> dict[str, IntArray]:
    """Return the rows of the given atoms for each species among them."""
    species = topology.species[atoms]
    return {topology.species_names[s]: np.flatnonzero(species == s) for s in np.unique(species)}


def coordination(
    source: FrameSource,
    center: str = "C",
    neighbor: str = "K",
    cutoff: float | None = None,
    smooth: bool = False,
    width: float = 0.6,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> CoordinationRecord:
    """Return coordination numbers; parameters as in `Coordination`, ``frames`` as in `FrameOptions`.

    Examples
    --------
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, coordination
    >>> from nakmd.structures import crystal
    >>> alloy = crystal(["Na", "K"], 3, "b2")
    >>> frame = Frame(0, 0.0, *alloy.cell.wrap(alloy.positions), alloy.cell)
    >>> coordination(FrameList(alloy.topology, [frame]), "Na", "K", cutoff=4.5).value
    8.0
    """
    return cast(
        CoordinationRecord,
        measure(source, Coordination(center, neighbor, cutoff, smooth, width), progress, **frames),
    )
