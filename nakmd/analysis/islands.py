"""Islands of metal on carbon: their number and size, and the metals of the first layer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple, Unpack, cast

import numpy as np

from nakmd.analysis.base import Record, require_finite, require_frames, select
from nakmd.analysis.deposited import atoms_there
from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.clusters import find_clusters, neighbor_cutoffs
from nakmd.analysis.geometry.wall import FIRST_LAYER, distances_to_wall, wall_atoms
from nakmd.analysis.named_analysis import INTERFACE, NamedAnalysis
from nakmd.analysis.numerics.counts import Count, Share
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray, IntArray
from nakmd.elements import METALS
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology


class IslandsRecord(Record):
    """Islands of metal on a wall; ``value`` is their number in the last frame, as are all numbers without a time.

    Attributes
    ----------
    time : (n_frames,) float64 [ps]
    islands, single : (n_frames,) int64
        Clusters of two or more atoms that touch the wall, and single atoms on it.
    atoms, first_layer : (n_frames,) int64
        Metal atoms in these, and those of them in the first layer.
    in_flight : (n_frames,) int64
        Metal atoms that are there and in no cluster that touches the wall.
    sizes : (n,) int64
        Atoms of each island of the last frame, largest first.
    mean_size : Measure
        Atoms per island, with the standard error of its distribution.
    largest : Count
        Atoms of the largest island.
    in_first_layer : Share
        Of the metal atoms on the wall.
    first_layer_shares, shares : dict of str to Share
        Of each metal in the first layer, and among all atoms on the wall.
    """

    curve_tables = (
        RecordCurve(
            "series",
            {"time [ps]": "time"},
            {
                "islands": "islands",
                "single atoms": "single",
                "atoms": "atoms",
                "first layer": "first_layer",
                "in flight": "in_flight",
            },
        ),
    )

    time: FloatArray
    islands: IntArray
    single: IntArray
    atoms: IntArray
    first_layer: IntArray
    in_flight: IntArray
    sizes: IntArray
    mean_size: Measure
    largest: Count
    in_first_layer: Share
    first_layer_shares: dict[str, Share]
    shares: dict[str, Share]

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the results table."""
        yield Row.of("islands on carbon", self)
        yield Row("  single atoms", f"{self.single[-1]}")
        yield Row.of("  atoms per island", self.mean_size)
        yield Row.of("  atoms of the largest island", self.largest)
        yield Row.of("  share in the first layer", self.in_first_layer)
        if len(self.shares) > 1:
            for metal, share in self.first_layer_shares.items():
                yield Row.of(f"  {metal} in the first layer", share)
            for metal, share in self.shares.items():
                yield Row.of(f"  {metal} on the carbon", share)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of Garwood for the number of islands."""
        return Count.of(int(self.value)).interval(level)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the numbers of islands and single atoms over time."""
        figure, ax = figure_for(ax)
        ax.plot(self.time, self.islands, color=COLORS[0], label="islands")
        ax.plot(self.time, self.single, color=COLORS[1], label="single atoms")
        ax.set(xlabel="time [ps]", ylabel="number on carbon", ylim=(0.0, None))
        ax.legend(fontsize="small")
        return figure


class _Moment(NamedTuple):
    """What one frame contributes."""

    time: float
    sizes: IntArray
    on_wall: IntArray
    in_first_layer: IntArray
    in_flight: int


class Islands(NamedAnalysis):
    """Islands of metal on carbon, and the composition of the first layer.

    Parameters
    ----------
    of : str, optional
        Species, element or group; default: all metal atoms.
    first_layer : float [Å]
        Distance from the nearest wall atom up to which an atom is in the first layer.

    Notes
    -----
    Neighbours, up to 1.2 lattice constants of bcc (the mean for two elements), form clusters. Those with an atom in the
    first layer are on the wall: an island has two or more atoms. Metal that covers the wall is one island, and a liquid
    around a tube as well. Atoms that are in no frame's clusters on the wall are in flight.

    Intervals are those of Garwood for numbers and of Wilson for shares, with atoms that count as independent; atoms of
    an island are not, so that several seeds scatter more (`nakmd.analysis.combine`).

    References
    ----------
    Wilson, J. Am. Stat. Assoc. 22, 209 (1927). doi:10.1080/01621459.1927.10502953
    Garwood, Biometrika 28, 437 (1936). doi:10.1093/biomet/28.3-4.437
    """

    name = "islands"
    title = "number and size of metal islands on carbon, metals of the first layer"
    panel = 230
    on_request = True  # a liquid that covers the wall is one island
    atoms = INTERFACE
    follows_arrivals = True

    def __init__(self, of: str | None = None, first_layer: float = FIRST_LAYER) -> None:
        if not first_layer > 0.0:
            raise AnalysisError(f"The first layer has a positive thickness, got {first_layer:g} Å.")
        self.of, self.first_layer = of, first_layer

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms."""
        self._wall = wall_atoms(topology)
        metal = np.isin(np.array(topology.elements)[topology.species], METALS)
        self._chosen = metal if self.of is None else select(topology, self.of) & metal
        if not np.any(self._chosen):
            raise AnalysisError("Islands need metal atoms, but none are chosen.")
        present = list(dict.fromkeys(topology.elements[s] for s in topology.species[self._chosen]))
        self.metals = sorted(present)
        kind_of = {element: kind for kind, element in enumerate(self.metals)}
        self._kinds = np.array([kind_of.get(topology.elements[s], 0) for s in topology.species], dtype=np.int64)
        self._cutoffs = neighbor_cutoffs(self.metals)
        self._moments: list[_Moment] = []

    def update(self, frame: Frame) -> None:
        """Add one frame."""
        atoms = np.flatnonzero(self._chosen & atoms_there(frame))
        require_finite(frame.positions[atoms])
        kinds = self._kinds[atoms]
        low = distances_to_wall(frame, self._wall, atoms, self.first_layer) < self.first_layer
        clusters = find_clusters(frame.positions[atoms], kinds, self._cutoffs, frame)
        on_wall = np.isin(clusters, np.unique(clusters[low]))
        sizes = np.bincount(clusters[on_wall])
        n = len(self.metals)
        self._moments.append(
            _Moment(
                time=frame.time,
                sizes=-np.sort(-sizes[sizes > 0]),
                on_wall=np.bincount(kinds[on_wall], minlength=n),
                in_first_layer=np.bincount(kinds[low], minlength=n),
                in_flight=int(np.sum(~on_wall)),
            )
        )

    def result(self) -> IslandsRecord:
        """Return the numbers by frame, and the islands of the last frame."""
        require_frames(len(self._moments), 1, "Islands")
        moments, last = self._moments, self._moments[-1]
        sizes = last.sizes[last.sizes > 1]
        number = Count.of(len(sizes))
        spread = float(np.std(sizes, ddof=1) / math.sqrt(len(sizes))) if len(sizes) > 1 else math.nan
        mean = float(np.mean(sizes)) if len(sizes) else math.nan
        total, low = int(last.on_wall.sum()), int(last.in_first_layer.sum())
        in_flight = [f"{last.in_flight} atoms in flight in the last frame are not counted"] if last.in_flight else []
        return IslandsRecord(
            quantity="islands of metal on carbon",
            **number.fields,
            notes=(f"first layer: up to {self.first_layer:g} Å from the nearest wall atom", *in_flight),
            time=np.array([m.time for m in moments]),
            islands=np.array([np.sum(m.sizes > 1) for m in moments], dtype=np.int64),
            single=np.array([np.sum(m.sizes == 1) for m in moments], dtype=np.int64),
            atoms=np.array([m.on_wall.sum() for m in moments], dtype=np.int64),
            first_layer=np.array([m.in_first_layer.sum() for m in moments], dtype=np.int64),
            in_flight=np.array([m.in_flight for m in moments], dtype=np.int64),
            sizes=sizes,
            mean_size=Measure(mean, spread, "", float(len(sizes))),
            largest=Count.of(int(sizes[0]) if len(sizes) else 0),
            in_first_layer=Share.of(low, total),
            first_layer_shares={m: Share.of(int(k), low) for m, k in zip(self.metals, last.in_first_layer)},
            shares={m: Share.of(int(k), total) for m, k in zip(self.metals, last.on_wall)},
        )


def islands(
    source: FrameSource,
    of: str | None = None,
    first_layer: float = FIRST_LAYER,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> IslandsRecord:
    """Return the islands of metal on carbon; parameters as in `Islands`, ``frames`` as in `FrameOptions`.

    Without options for the frames, all of all stages are used, as atoms are deposited in stages of their own.

    Examples
    --------
    >>> from nakmd import Frame, System
    >>> from nakmd.analysis import FrameList, islands
    >>> from nakmd.structures import combine, graphene
    >>> sheet = graphene(repeats=(10, 6), vacuum=20.0)
    >>> z = sheet.positions[0, 2] + 3.0
    >>> metal = [[5.0, 5.0, z], [9.0, 5.0, z], [7.0, 8.5, z], [18.0, 18.0, z]]  # three neighbours, and one alone
    >>> wet = combine([sheet, System(metal, [0] * 4, ["K"], sheet.cell)])
    >>> frame = Frame(0, 0.0, *wet.cell.wrap(wet.positions), wet.cell)
    >>> result = islands(FrameList(wet.topology, [frame]))
    >>> result.islands.tolist(), result.single.tolist(), result.sizes.tolist()
    ([1], [1], [3])
    """
    chosen: FrameOptions = frames or {"stages": "all", "discard": "none"}
    return cast(IslandsRecord, measure(source, Islands(of, first_layer), progress, **chosen))
