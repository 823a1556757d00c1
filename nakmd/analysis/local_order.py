"""Local order around each atom: Steinhardt bond-orientational parameters and Voronoi volumes, from freud."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import field
from typing import Any, Unpack, cast

import numpy as np

from nakmd.analysis.base import Record, metals_of, require_frames, select
from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.named_analysis import METAL, NamedAnalysis
from nakmd.analysis.numerics.statistics import Measure, mean_with_error
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve, centers_of
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray
from nakmd.elements import METALS, element_of
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology

#: Number of bins of the distributions of q4 and q6, from 0 to 1.
BINS = 100


class LocalOrderRecord(Record):
    """Local order of the chosen atoms; ``value`` is the mean q6.

    Attributes
    ----------
    neighbors : str
        Definition of the neighbours.
    q4, q6 : dict of str to Measure
        Mean over the atoms of each element.
    volume : dict of str to Measure [Å³]
        Mean volume of the Voronoi cells of each element.
    edges : (n_bins + 1,) float64
    q4_distribution, q6_distribution : (n_bins,) float64
        Probability density over all chosen atoms and all frames.
    """

    curve_tables = (
        RecordCurve(
            "distribution",
            {"q": centers_of("edges")},
            {"density of q4": "q4_distribution", "density of q6": "q6_distribution"},
        ),
    )

    neighbors: str
    q4: dict[str, Measure] = field(default_factory=dict)
    q6: dict[str, Measure] = field(default_factory=dict)
    volume: dict[str, Measure] = field(default_factory=dict)
    edges: FloatArray
    q4_distribution: FloatArray
    q6_distribution: FloatArray

    def rows(self) -> Iterator[Row]:
        """Yield the lines of the table of results."""
        for label, measures in (("q4", self.q4), ("q6", self.q6), ("Voronoi volume", self.volume)):
            for element, entry in measures.items():
                yield Row.of(f"{label} of {element}", entry)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the distributions of q4 and q6."""
        figure, ax = figure_for(ax)
        for color, name, density in zip(COLORS, ("q4", "q6"), (self.q4_distribution, self.q6_distribution)):
            ax.stairs(density, self.edges, color=color, label=name)
        ax.set(xlabel="q", ylabel="probability density", xlim=(0.0, 1.0))
        ax.legend(fontsize="small")
        return figure


class LocalOrder(NamedAnalysis):
    r"""Local order around each atom: Steinhardt q₄ and q₆, and its Voronoi volume.

    .. math:: q_l = \sqrt{\frac{4\pi}{2l + 1} \sum_{m=-l}^{l} \left| \sum_j w_j \, Y_{lm}(\hat{\mathbf r}_j)
                     \right|^2}, \qquad \sum_j w_j = 1

    Parameters
    ----------
    of : str, optional
        Species, element or group; default: all metal atoms.
    neighbors : int, optional
        Number of nearest atoms with equal weight (12 for fcc, 8 or 14 for bcc). Default: the atoms that share a face
        of their Voronoi cells, weighted by its area, which needs no parameter and is continuous in the positions
        (Mickel et al.).

    Notes
    -----
    All atoms of the cell count as neighbours, including those of a wall, so that metal at a wall is not treated like
    metal at a void.
    Perfect crystals have q₄ = 0.1909, q₆ = 0.5745 (fcc, 12 neighbours) and 0.5092, 0.6285 (bcc, 8) or 0.0364, 0.5107
    (bcc, 14).

    freud computes in single precision and is an optional dependency: ``pip install nakmd[order]``.
    Errors are those of the time series of the mean (`mean_with_error`). Only a few numbers are stored per frame.

    References
    ----------
    Steinhardt, Nelson & Ronchetti, Phys. Rev. B 28, 784 (1983). doi:10.1103/PhysRevB.28.784
    Mickel, Kapfer, Schröder-Turk & Mecke, J. Chem. Phys. 138, 044501 (2013). doi:10.1063/1.4774084
    """

    name = "local_order"
    title = "bond-orientational order and Voronoi volume of the metal atoms"
    panel = 120
    on_request = True  # it takes more time than all default analyses together
    atoms = METAL

    def __init__(self, of: str | None = None, neighbors: int | None = None) -> None:
        if neighbors is not None and neighbors < 1:
            raise AnalysisError(f"Local order needs at least one neighbour per atom, got {neighbors}.")
        self.of, self.neighbors = of, neighbors

    def atoms_read(self, topology: Topology) -> tuple[str, ...]:
        """Return the chosen atoms, or all metals."""
        return metals_of(topology.whole) if self.of is None else (self.of,)

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms."""
        try:
            self._freud: Any = importlib.import_module("freud")
        except ImportError:
            raise AnalysisError(
                "Local order needs the package freud, which is not installed. Install it with pip install nakmd[order] "
                "or pip install freud-analysis."
            ) from None
        elements = np.array([element_of(name) for name in topology.species_names])[topology.species]
        chosen = np.isin(elements, METALS) if self.of is None else select(topology, self.of)
        if not np.any(chosen):
            raise AnalysisError("Local order needs metal atoms, but this system has none. Pass of= for other atoms.")
        self._chosen = np.flatnonzero(chosen)
        self._rows = {str(name): np.flatnonzero(chosen & (elements == name)) for name in np.unique(elements[chosen])}
        self._means: list[FloatArray] = []
        self._counts = np.zeros((2, BINS))

    def update(self, frame: Frame) -> None:
        """Compute the local order of one frame."""
        if not np.all(frame.cell.periodic):
            raise AnalysisError(
                "Local order needs a cell that is periodic along all three directions: Voronoi cells at an open face "
                "are unbounded."
            )
        if not np.all(np.isfinite(frame.positions)):
            raise AnalysisError(f"A position is not finite (NaN or inf) at step {frame.step}: the run diverged before.")
        if self.neighbors is not None and self.neighbors >= len(frame.positions):
            raise AnalysisError(
                f"There are {len(frame.positions)} atoms, too few for {self.neighbors} neighbours per atom."
            )
        # freud rotates the cell so that its first vector is along x; fractional coordinates rotate with it
        box = self._freud.box.Box.from_matrix(frame.cell.matrix.T)
        system = (box, box.make_absolute(frame.positions @ frame.cell.inverse))
        voronoi = self._freud.locality.Voronoi().compute(system)
        neighbors = voronoi.nlist if self.neighbors is None else {"num_neighbors": self.neighbors, "exclude_ii": True}
        parameters = [
            self._freud.order.Steinhardt(degree, weighted=self.neighbors is None)
            .compute(system, neighbors=neighbors)
            .particle_order.astype(np.float64)
            for degree in (4, 6)
        ]
        values = np.stack([*parameters, voronoi.volumes])
        for row in range(2):
            self._counts[row] += np.histogram(np.clip(values[row, self._chosen], 0.0, 1.0), BINS, (0.0, 1.0))[0]
        groups = (self._chosen, *self._rows.values())
        self._means.append(np.stack([values[:, rows].mean(axis=1) for rows in groups]))

    def result(self) -> LocalOrderRecord:
        """Return the means and the distributions."""
        require_frames(len(self._means), 1, "Local order")
        series = np.array(self._means)
        whole = mean_with_error(series[:, 0, 1])
        q4, q6, volume = [
            {name: mean_with_error(series[:, 1 + row, column], unit) for row, name in enumerate(self._rows)}
            for column, unit in enumerate(("", "", "Å³"))
        ]
        definition = "shared Voronoi faces" if self.neighbors is None else f"{self.neighbors} nearest"
        densities = self._counts * BINS / self._counts.sum(axis=1, keepdims=True)
        return LocalOrderRecord(
            quantity=f"q6 of {self.of or ', '.join(self._rows)}",
            **whole.fields,
            notes=(f"neighbours of an atom: {definition}", "computed by freud in single precision"),
            neighbors=definition,
            q4=q4,
            q6=q6,
            volume=volume,
            edges=np.linspace(0.0, 1.0, BINS + 1),
            q4_distribution=densities[0],
            q6_distribution=densities[1],
        )


def local_order(
    source: FrameSource,
    of: str | None = None,
    neighbors: int | None = None,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> LocalOrderRecord:
    """Return the local order; parameters as in `LocalOrder`, ``frames`` as in `FrameOptions`."""
    return cast(LocalOrderRecord, measure(source, LocalOrder(of, neighbors), progress, **frames))
