"""Chemical short-range order of the alloy: the Warren-Cowley parameter of the first shell."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import field
from typing import Unpack, cast

import numpy as np

from nakmd.analysis.base import Record, metals_of, notes_on_blocks, require_frames
from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.first_shell import first_shell
from nakmd.analysis.geometry.grid import CellGrid
from nakmd.analysis.named_analysis import AtomsNeeded, NamedAnalysis
from nakmd.analysis.numerics.block_sums import BlockSums, error_of_blocks
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray
from nakmd.elements import METALS, element_of
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology


class ShortRangeOrderRecord(Record):
    """The Warren-Cowley parameter of the first shell: 0 in a random alloy, negative if unlike neighbours are preferred.

    Attributes
    ----------
    a, b : str
        The two elements.
    cutoff : float [Å]
        Radius of the shell.
    by_center : dict of str to Measure
        The parameter around the atoms of one element: 1 - n_ab/(c_b n_a), with n_a all neighbours of an atom of a. The
        values of the two elements differ if one has more neighbours than the other, as the larger one does.
    neighbors : dict of str to Measure
        Number of neighbours of both elements around an atom of each element.
    r, g : (n_bins,) float64 [Å], [1]
        g(r) of both elements together, which gave the cutoff; empty if the cutoff was given.
    """

    curve_tables = (RecordCurve("g(r)", {"r [Å]": "r"}, {"g": "g"}),)

    a: str
    b: str
    cutoff: float
    by_center: dict[str, Measure] = field(default_factory=dict)
    neighbors: dict[str, Measure] = field(default_factory=dict)
    r: FloatArray
    g: FloatArray

    def rows(self) -> Iterator[Row]:
        """Yield the lines of the table of results."""
        key = f"short-range order {self.a}-{self.b}"
        yield Row.of(f"{key}, to {self.cutoff:.2f} Å", self, key=key)
        for center, entry in self.by_center.items():
            yield Row.of(f"  around {center}", entry)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the parameter and those by centre, with 95 % intervals."""
        figure, ax = figure_for(ax)
        shown = {"all pairs": Measure(self.value, self.error, "", self.n_effective)}
        shown.update({f"around {name}": measure for name, measure in self.by_center.items()})
        for row, parameter in enumerate(shown.values()):
            half = parameter.interval()[1] - parameter.value
            bar = half if math.isfinite(half) else 0.0
            ax.errorbar(row, parameter.value, bar, fmt="o", capsize=4, color=COLORS[row])
        ax.set_xticks(range(len(shown)), [f"{name}\n{parameter.text}" for name, parameter in shown.items()])
        ax.axhline(0.0, color="0.7", lw=0.8, zorder=0)
        ax.set(xlim=(-0.5, len(shown) - 0.5), ylabel=f"short-range order {self.a}-{self.b} within {self.cutoff:.2f} Å")
        return figure


class ShortRangeOrder(NamedAnalysis):
    r"""The Warren-Cowley parameter of two elements, from counts of pairs.

    .. math:: \alpha = 1 - \frac{n_{ab}}{2 c_a c_b \, (n_{aa} + n_{ab} + n_{bb})}

    with the pairs within the first shell, each counted once: one minus the fraction of unlike pairs over that in a
    random alloy. It is symmetric in a and b. A random alloy gives 0 (1/N in a cell of N atoms, where no atom is its own
    neighbour), only unlike neighbours give -1 at equal numbers, only like neighbours give 1.

    Parameters
    ----------
    a, b : str
        Elements.
    cutoff : float [Å], optional
        Radius of the shell, the same for all pairs. Default: the first minimum of g(r) of both elements together
        (smoothed as in `RDF`), over all frames.
    r_max : float [Å]
        Range of that g(r); limited by half the cell.
    bins : int
        Number of bins of that g(r).

    Notes
    -----
    Errors are those of the linearised ratio over blocks of frames (`BlockSums`). At most 64 blocks are kept, so memory
    does not grow with the number of frames.

    References
    ----------
    Cowley, Phys. Rev. 77, 669 (1950). doi:10.1103/PhysRev.77.669
    """

    name = "short_range_order"
    title = "chemical short-range order of the alloy (Warren-Cowley)"
    panel = 110
    on_request = True  # it takes more time than most
    atoms = AtomsNeeded("both sodium and potassium", lambda here: {"Na", "K"} <= set(here.metals))

    def __init__(
        self, a: str = "Na", b: str = "K", cutoff: float | None = None, r_max: float = 10.0, bins: int = 200
    ) -> None:
        if a == b:
            raise AnalysisError(f"Short-range order needs two different elements, got {a!r} twice.")
        if not ((cutoff is None or cutoff > 0.0) and r_max > 0.0 and bins >= 1):
            raise AnalysisError(
                f"Short-range order needs a positive cutoff, r_max and number of bins, got {cutoff} Å, {r_max} Å "
                f"and {bins}."
            )
        self.a, self.b, self.cutoff = a, b, cutoff
        self.r_max, self.bins = (r_max, bins) if cutoff is None else (cutoff, 1)

    def atoms_read(self, topology: Topology) -> tuple[str, ...]:
        """Return all metals, as it notes those other than its two."""
        return metals_of(topology.whole)

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms."""
        elements = np.array([element_of(name) for name in topology.species_names])[topology.species]
        for element in (self.a, self.b):
            if element not in elements:
                known = ", ".join(dict.fromkeys(elements.tolist()))
                raise AnalysisError(
                    f"Short-range order of {self.a} and {self.b}: there are no atoms of {element}, only of {known}."
                )
        self._chosen = np.flatnonzero((elements == self.a) | (elements == self.b))
        self._kinds = np.where(elements[self._chosen] == self.a, 0, 1).astype(np.int64)
        self._other_metals = sorted(set(elements.tolist()) & set(METALS) - {self.a, self.b})
        self._pair_of = np.array([[0, 1], [1, 2]], dtype=np.int64)
        self._sums = BlockSums()
        self._volumes = 0.0

    def update(self, frame: Frame) -> None:
        """Count the pairs of one frame."""
        heights = frame.cell.heights[frame.cell.periodic]
        if self.cutoff is None and self._sums.count == 0 and len(heights):
            self.r_max = min(self.r_max, 0.48 * float(heights.min()))
        if len(heights) and self.r_max > 0.5 * heights.min() * (1.0 + 1e-12):
            raise AnalysisError(
                f"Pairs up to {self.r_max:.2f} Å need a cell at least {2 * self.r_max:.2f} Å wide along its periodic "
                f"directions; at step {frame.step} its smallest width is {heights.min():.2f} Å. Lower the cutoff."
            )
        grid = CellGrid(frame.positions[self._chosen], self._kinds, frame.cell, self.r_max)
        self._sums.add(grid.pair_histogram(self._pair_of, 3, self.bins).astype(np.float64))
        self._volumes += frame.cell.volume

    def result(self) -> ShortRangeOrderRecord:
        """Return the parameter of the shell."""
        require_frames(self._sums.count, 1, "Short-range order")
        edges = np.linspace(0.0, self.r_max, self.bins + 1)
        g, cutoff, end = np.zeros(0), self.r_max, self.bins
        if self.cutoff is None:
            n = len(self._chosen)
            ideal = n * (n - 1) / 2 * 4.0 / 3.0 * math.pi * np.diff(edges**3) / (self._volumes / self._sums.count)
            g = self._sums.mean.sum(axis=0) / ideal
            _, end = first_shell(g, edges, ideal * self._sums.count)
            if not end:
                raise AnalysisError(
                    f"g(r) of {self.a} and {self.b} together has no first minimum below {self.r_max:.2f} Å. "
                    "Pass the radius of the shell as cutoff=, or use more frames."
                )
            cutoff = float(edges[end])
        like_a, unlike, like_b = np.moveaxis(self._sums.block_means()[:, :, :end].sum(axis=2), 1, 0)
        means = self._sums.mean[:, :end].sum(axis=1)
        if not means.sum() > 0.0:
            raise AnalysisError(
                f"No two atoms of {self.a} and {self.b} are closer than {cutoff:.2f} Å. Choose a larger cutoff."
            )
        numbers = np.bincount(self._kinds, minlength=2)
        c = numbers / numbers.sum()
        all_pairs = like_a + unlike + like_b
        whole = _ratio(unlike, all_pairs, means[1], means.sum(), 2.0 * c[0] * c[1])
        by_center, neighbors = {}, {}
        for row, name in enumerate((self.a, self.b)):
            own, around = (like_a, like_b)[row], means[2 * row] * 2.0 + means[1]
            if around > 0.0:
                by_center[name] = _ratio(unlike, 2.0 * own + unlike, means[1], around, c[1 - row])
            constant = np.full(len(own), float(numbers[row]))
            neighbors[name] = _mean(2.0 * own + unlike, constant, around, float(numbers[row]))
        source = "given" if self.cutoff is not None else "the first minimum of g(r) of both elements together"
        notes = [f"first shell within {cutoff:.2f} Å ({source}), the same for all pairs"]
        if self._other_metals:
            notes.append(f"{', '.join(self._other_metals)} not counted")
        return ShortRangeOrderRecord(
            quantity=f"short-range order {self.a}-{self.b}",
            **whole.fields,
            notes=(*notes, *notes_on_blocks(len(unlike))),
            a=self.a,
            b=self.b,
            cutoff=cutoff,
            by_center=by_center,
            neighbors=neighbors,
            r=0.5 * (edges[1:] + edges[:-1]) if len(g) else np.zeros(0),
            g=g,
        )


def _mean(numerator: FloatArray, denominator: FloatArray, above: float, below: float) -> Measure:
    """Return a ratio of means with the error of the linearised ratio over blocks."""
    ratio = above / below
    series = (numerator - ratio * denominator) / below
    error, n_effective = error_of_blocks(series)
    return Measure(ratio, float(error), "", n_effective)


def _ratio(unlike: FloatArray, pairs: FloatArray, above: float, below: float, random: float) -> Measure:
    """Return 1 - (fraction of unlike pairs)/(that in a random alloy)."""
    fraction = _mean(unlike, pairs, above, below).scaled(1.0 / random, "")
    return Measure(1.0 - fraction.value, fraction.error, "", fraction.n_effective)


def short_range_order(
    source: FrameSource,
    a: str = "Na",
    b: str = "K",
    cutoff: float | None = None,
    r_max: float = 10.0,
    bins: int = 200,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> ShortRangeOrderRecord:
    """Return the Warren-Cowley parameter; parameters as in `ShortRangeOrder`, ``frames`` as in `FrameOptions`.

    Examples
    --------
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, short_range_order
    >>> from nakmd.structures import crystal
    >>> alloy = crystal(["Na", "K"], 3, "b2")
    >>> frame = Frame(0, 0.0, *alloy.cell.wrap(alloy.positions), alloy.cell)
    >>> order = short_range_order(FrameList(alloy.topology, [frame]), cutoff=4.5, r_max=6.0)
    >>> round(float(order.value), 3)  # all neighbours are unlike
    -1.0
    """
    return cast(ShortRangeOrderRecord, measure(source, ShortRangeOrder(a, b, cutoff, r_max, bins), progress, **frames))
