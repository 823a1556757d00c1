"""Partial radial distribution functions and their coordination numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import field
from typing import Unpack, cast

import numpy as np

from nakmd.analysis.base import Record, notes_on_blocks, require_frames, select
from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.first_shell import first_shell
from nakmd.analysis.geometry.grid import CellGrid
from nakmd.analysis.named_analysis import NamedAnalysis
from nakmd.analysis.numerics.block_sums import BlockSums, error_of_blocks
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.plotting import Axes, Figure, figure_for, style
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray
from nakmd.elements import WALL, element_of
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology


class PartialRDF(Record):
    """One partial g(r): ``value`` and ``error`` are (n_bins,).

    Attributes
    ----------
    a, b : str
        Centre and neighbour.
    r : (n_bins,) float64 [Å]
        Centre of each bin.
    edges : (n_bins + 1,) float64 [Å]
    running_coordination : (n_bins,) float64
        Mean number of b around an a within the outer edge of the bin.
    running_coordination_ba : (n_bins,) float64
        Mean number of a around a b.
    peak : float [Å]
        Position of the first peak; NaN if there is none.
    first_minimum : float [Å]
        Bin edge up to which coordination numbers are counted; NaN if g(r) has no first minimum.
    coordination, coordination_ba : Measure
        Number of b around a, and of a around b, up to the first minimum.
    """

    curve_tables = (
        RecordCurve(
            "g(r)", {"r [Å]": "r"}, {"g": "value", "error": "error", "running coordination": "running_coordination"}
        ),
    )

    a: str
    b: str
    r: FloatArray
    edges: FloatArray
    running_coordination: FloatArray
    running_coordination_ba: FloatArray
    peak: float
    first_minimum: float
    coordination: Measure
    coordination_ba: Measure

    def __str__(self) -> str:
        if not math.isfinite(self.first_minimum):
            return f"{self.quantity}: no first minimum below {self.edges[-1]:.2f} Å"
        return (
            f"{self.quantity}: peak at {self.peak:.2f} Å, {self.coordination} neighbours "
            f"up to the first minimum at {self.first_minimum:.2f} Å"
        )

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw g(r) with its error band."""
        figure, ax = figure_for(ax)
        _draw(ax, self, 0)
        ax.set(xlabel="r / Å", ylabel="g(r)", ylim=(0.0, None))
        ax.legend(fontsize="small")
        return figure


class RDFRecord(Record):
    """All partial g(r): ``value`` and ``error`` are (n_pairs, n_bins), in the order of ``pairs``.

    ``record["Na", "K"]`` returns one of them; the order of the elements does not matter.
    """

    curve_tables = (
        RecordCurve(
            "g(r)",
            {"pair": "pairs", "r [Å]": lambda record: next(iter(record.pairs.values())).r},
            {"g": "value", "error": "error"},
        ),
    )

    pairs: dict[tuple[str, str], PartialRDF] = field(default_factory=dict)
    r: FloatArray

    def __getitem__(self, pair: tuple[str, str]) -> PartialRDF:
        for key in (pair, pair[::-1]):
            if key in self.pairs:
                return self.pairs[key]
        known = ", ".join("-".join(key) for key in self.pairs)
        raise AnalysisError(f"There is no g(r) of {'-'.join(pair)}; available: {known}.")

    def __str__(self) -> str:
        return "\n".join(str(partial) for partial in self.pairs.values())

    def rows(self) -> Iterator[Row]:
        """Yield the lines of the table of results."""
        for partial in self.pairs.values():
            # the table covers the liquid; pairs within the wall are in the results file only
            if math.isfinite(partial.first_minimum) and not {partial.a, partial.b} <= set(WALL):
                yield Row(f"g(r) {partial.a}-{partial.b}, first peak", f"{partial.peak:.2f} Å")
                pair, shell = f"{partial.b} around {partial.a}", f"to {partial.first_minimum:.2f} Å"
                yield Row.of(f"{pair}, {shell}", partial.coordination, key=f"{pair}, first shell of g(r)")

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw every g(r) with its error band, without pairs within the wall (20 times higher) if there is metal."""
        figure, ax = figure_for(ax)
        mobile = [p for p in self.pairs.values() if not {element_of(p.a), element_of(p.b)} <= set(WALL)]
        for row, partial in enumerate(mobile or self.pairs.values()):
            _draw(ax, partial, row)
        ax.set(xlabel="r / Å", ylabel="g(r)", ylim=(0.0, None))
        ax.legend(fontsize="small", ncols=2)
        return figure


def _draw(ax: Axes, partial: PartialRDF, row: int) -> None:
    line = style(row)
    ax.plot(partial.r, partial.value, lw=1.2, label=f"{partial.a}-{partial.b}", **line)
    low, high = partial.value - partial.error, partial.value + partial.error
    ax.fill_between(partial.r, low, high, color=line["color"], alpha=0.3, lw=0)
    ax.axhline(1.0, color="0.7", lw=0.8, zorder=0)


class RDF(NamedAnalysis):
    r"""Partial g(r) from a single count of all pairs.

    .. math:: g_{ab}(r) = \frac{\langle n_{ab}(r)\, V \rangle}{P_{ab}\; \tfrac{4}{3}\pi (r_+^3 - r_-^3)}

    with :math:`n_{ab}` the number of pairs in the bin from :math:`r_-` to :math:`r_+`, each counted once, and
    :math:`P_{ab} = N_a N_b`, or :math:`N_a (N_a - 1)/2` for a = b, so that an ideal gas gives 1 at any size.

    Parameters
    ----------
    a, b : str, optional
        Species (``"N:graphitic"``), elements or groups; default: all pairs of elements (see ``by``).
    r_max : float [Å], optional
        At most half the smallest height of the cell along its periodic directions. Default: 10 Å, or 0.48 of that
        height in the first frame if this is less (a barostat may shrink the cell later).
    bins : int
    by : {"element", "species"}
        How atoms are grouped if a and b are not given.

    Notes
    -----
    V is the volume of the cell, also for open directions and around a droplet or a wall. In these cases g(r) does not
    tend to 1, and only its shape and the coordination numbers are meaningful, which do not depend on V.

    Coordination numbers count pairs up to the first minimum of g(r), smoothed by a Gaussian of 0.1 Å. Other
    definitions give other numbers: the symmetric-peak method behind experimental values for liquid metals (9 to 9.5)
    gives about two thirds of this one (13 to 14).

    Errors are those of the mean of blocks of frames (`BlockSums`).
    """

    name = "rdf"
    title = "partial radial distribution functions and coordination numbers"
    panel = 70
    origin = "textbook"

    def __init__(
        self,
        a: str | None = None,
        b: str | None = None,
        r_max: float | None = None,
        bins: int = 200,
        by: str = "element",
    ) -> None:
        if (a is None) != (b is None):
            raise AnalysisError(f"g(r) needs both a and b, or neither for all pairs; got a={a!r} and b={b!r}.")
        if by not in ("element", "species"):
            raise AnalysisError(f"g(r) groups atoms by 'element' or by 'species', not by {by!r}.")
        if not ((r_max is None or r_max > 0.0) and bins >= 1):
            raise AnalysisError(f"g(r) needs a positive r_max and number of bins, got {r_max} Å and {bins}.")
        self.a, self.b, self.by = a, b, by
        self._asked = r_max
        self.r_max = 10.0 if r_max is None else float(r_max)
        self.bins = int(bins)

    def atoms_read(self, topology: Topology) -> tuple[str, ...]:
        """Return the two sets of atoms, or what the frames have of each element or species."""
        if self.a is not None and self.b is not None:
            return self.a, self.b
        return tuple(dict.fromkeys(topology.elements if self.by == "element" else topology.species_names))

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms and the pairs."""
        kinds = np.full(topology.n_atoms, -1, dtype=np.int64)
        if self.a is not None and self.b is not None:
            mask_a, mask_b = select(topology, self.a), select(topology, self.b)
            same = bool(np.array_equal(mask_a, mask_b))
            if not same and np.any(mask_a & mask_b):
                raise AnalysisError(
                    f"{self.a!r} and {self.b!r} share {int(np.sum(mask_a & mask_b))} atoms. Choose two equal or two "
                    "disjoint sets."
                )
            kinds[mask_b], kinds[mask_a] = 1, 0
            names = [self.a] if same else [self.a, self.b]
            self._pairs = [(self.a, self.b)]
        else:
            labels = topology.elements if self.by == "element" else topology.species_names
            present = [labels[s] for s in np.unique(topology.species)]
            names = list(dict.fromkeys(present))
            for kind, name in enumerate(names):
                rows = [s for s, label in enumerate(labels) if label == name]
                kinds[np.isin(topology.species, rows)] = kind
            self._pairs = [(name, neighbor) for i, name in enumerate(names) for neighbor in names[i:]]
        self._chosen = kinds >= 0
        self._kinds = np.ascontiguousarray(kinds[self._chosen])
        self._numbers = np.bincount(self._kinds, minlength=len(names))
        self._kind_pairs = [(names.index(a), names.index(b) if b in names else 0) for a, b in self._pairs]
        self._pair_of = np.full((len(names), len(names)), -1, dtype=np.int64)
        for row, (i, j) in enumerate(self._kind_pairs):
            self._pair_of[i, j] = self._pair_of[j, i] = row
        self._sums = BlockSums()

    def update(self, frame: Frame) -> None:
        """Count the pairs of one frame."""
        heights = frame.cell.heights[frame.cell.periodic]
        if self._asked is None and self._sums.count == 0 and len(heights):
            self.r_max = min(10.0, 0.48 * float(heights.min()))
        if len(heights) and self.r_max > 0.5 * heights.min() * (1.0 + 1e-12):
            raise AnalysisError(
                f"g(r) up to {self.r_max:.2f} Å needs a cell at least {2 * self.r_max:.2f} Å wide along its "
                f"periodic directions; at step {frame.step} its smallest width is {heights.min():.2f} Å. "
                f"Choose r_max <= {math.floor(50.0 * heights.min()) / 100.0:.2f} Å."
            )
        grid = CellGrid(frame.positions[self._chosen], self._kinds, frame.cell, self.r_max)
        counts = grid.pair_histogram(self._pair_of, len(self._pairs), self.bins).astype(np.float64)
        # counts times volume for g(r), which needs the product in every frame, and counts for coordination numbers
        self._sums.add(np.stack([counts * frame.cell.volume, counts]))

    def result(self) -> RDFRecord:
        """Return all partial g(r)."""
        require_frames(self._sums.count, 1, "g(r)")
        edges = np.linspace(0.0, self.r_max, self.bins + 1)
        shells = 4.0 / 3.0 * math.pi * (edges[1:] ** 3 - edges[:-1] ** 3)
        means, blocks = self._sums.mean, self._sums.block_means()
        partials = {}
        for row, (a, b) in enumerate(self._pairs):
            i, j = self._kind_pairs[row]
            n_a, n_b = int(self._numbers[i]), int(self._numbers[j])
            possible = n_a * (n_a - 1) / 2 if i == j else n_a * n_b
            ideal = possible * shells
            g = np.divide(means[0, row], ideal, out=np.zeros(self.bins), where=ideal > 0)
            series = np.divide(blocks[:, 0, row], ideal, out=np.zeros((len(blocks), self.bins)), where=ideal > 0)
            error, n_effective = error_of_blocks(series)
            per_a, per_b = (2.0 / n_a, 2.0 / n_a) if i == j else (1.0 / n_a, 1.0 / n_b)
            # number of pairs that an ideal gas would have in each bin over the whole run
            expected = np.divide(means[1, row] * self._sums.count, g, out=np.zeros(self.bins), where=g > 0)
            peak, end = first_shell(g, edges, expected)
            inside = blocks[:, 1, row, :end].sum(axis=1) if end else np.zeros(len(blocks))
            total = float(means[1, row, :end].sum()) if end else math.nan
            spread = math.nan
            if end and len(inside) > 1:
                spread = math.sqrt(float(np.var(inside)) / max(n_effective - 1.0, 1.0))
            running = np.cumsum(means[1, row])
            partials[a, b] = PartialRDF(
                quantity=f"g(r) {a}-{b}",
                value=g,
                error=error,
                unit="1",
                n_effective=n_effective,
                notes=self._notes(end, edges, len(series)),
                a=a,
                b=b,
                r=0.5 * (edges[1:] + edges[:-1]),
                edges=edges,
                running_coordination=running * per_a,
                running_coordination_ba=running * per_b,
                peak=peak,
                first_minimum=float(edges[end]) if end else math.nan,
                coordination=Measure(total * per_a, spread * per_a, "", n_effective),
                coordination_ba=Measure(total * per_b, spread * per_b, "", n_effective),
            )
        return RDFRecord(
            quantity="g(r) of " + ", ".join("-".join(pair) for pair in self._pairs),
            value=np.stack([partial.value for partial in partials.values()]),
            error=np.stack([partial.error for partial in partials.values()]),
            unit="1",
            n_effective=min(partial.n_effective for partial in partials.values()),
            notes=("normalised by the volume of the whole cell",),
            pairs=partials,
            r=0.5 * (edges[1:] + edges[:-1]),
        )

    def _notes(self, end: int, edges: FloatArray, n_blocks: int) -> tuple[str, ...]:
        notes = ["normalised by the volume of the whole cell"]
        if end:
            notes.append(f"coordination numbers up to the first minimum of g(r), {edges[end]:.2f} Å")
        else:
            notes.append(f"g(r) has no first minimum below {self.r_max:.2f} Å: no coordination number")
        return (*notes, *notes_on_blocks(n_blocks))


def rdf(
    source: FrameSource,
    a: str | None = None,
    b: str | None = None,
    r_max: float | None = None,
    bins: int = 200,
    by: str = "element",
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> RDFRecord:
    """Return the partial g(r) of a trajectory; parameters as in `RDF`, ``frames`` as in `FrameOptions`.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, rdf
    >>> from nakmd.structures import crystal
    >>> sodium = crystal("Na", 3)
    >>> frame = Frame(0, 0.0, *sodium.cell.wrap(sodium.positions), sodium.cell)
    >>> result = rdf(FrameList(sodium.topology, [frame]), r_max=6.0)
    >>> pair = result["Na", "Na"]
    >>> round(pair.peak, 1), round(float(pair.running_coordination[pair.r < 4.0][-1]), 2)  # 8 at a √3/2
    (3.7, 8.0)
    """
    return cast(RDFRecord, measure(source, RDF(a, b, r_max, bins, by), progress, **frames))
