"""Residence of metal atoms in layers at the wall, and the exchange rate of the first layer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Self, Unpack, cast

import numpy as np

from nakmd.analysis.base import require_frames, select
from nakmd.analysis.drive import measure
from nakmd.analysis.dwell_record import DwellRecord, lower_bound_of
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.distance_layers import LAYERS, check_edges, layer_names, layer_of, reach_of
from nakmd.analysis.geometry.wall import distances_to_wall, wall_atoms
from nakmd.analysis.named_analysis import INTERFACE, AtomsPresent, NamedAnalysis
from nakmd.analysis.numerics.lags import LAGS, decay_time, lags_in_frames
from nakmd.analysis.numerics.statistics import Measure, mean_with_error, ratio_of_means
from nakmd.analysis.paths import EvenSpacing
from nakmd.analysis.plotting import Axes, Figure, figure_for, style
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.table_row import Row
from nakmd.arrays import BoolArray, FloatArray, Int8Array, IntArray
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology


class ResidenceRecord(DwellRecord):
    """Residence in layers: ``value`` is the mean residence time [ps] in the first layer, as in `DwellRecord`.

    Attributes
    ----------
    species : str
    edges : (n_layers + 1,) float64 [Å]
        Distances from the nearest wall atom.
    exchange : Measure [1/ps]
        Atoms that leave the first layer per atom in it and time; 1/value.
    atoms : dict of str to Measure
        Mean number of atoms in each layer.
    lag : (n_lags,) float64 [ps]
    survival : dict of str to (n_lags,) float64
        Probability that an atom is in the layer at every frame up to the lag.
    decay : dict of str to float [ps]
        Time at which the survival falls to 1/e; NaN if it does not.
    """

    curve_tables = (RecordCurve("survival", {"layer": "survival", "lag [ps]": "lag"}, {"survival": "survival"}),)

    species: str
    edges: FloatArray
    exchange: Measure
    atoms: dict[str, Measure] = field(default_factory=dict)
    lag: FloatArray
    survival: dict[str, FloatArray] = field(default_factory=dict)
    decay: dict[str, float] = field(default_factory=dict)

    def rows(self) -> Iterator[Row]:
        """Yield the lines of the table of results."""
        yield self.main_row(f"{self.species} residence in the first layer", f"{self.species} left it")
        if math.isfinite(self.value):
            yield Row.of("  exchange rate", self.exchange, law="arrhenius")

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the survival probability in each layer."""
        figure, ax = figure_for(ax)
        for row, (name, curve) in enumerate(self.survival.items()):
            time = f", 1/e after {self.decay[name]:.3g} ps" if math.isfinite(self.decay[name]) else ""
            ax.plot(self.lag, curve, label=f"{name}{time}", **style(row))
        ax.set(xlabel="t / ps", ylabel=f"survival of {self.species}", xlim=(0.0, None), ylim=(0.0, 1.02))
        ax.legend(fontsize="small", title=f"first layer: {self.text}" if math.isfinite(self.value) else None)
        return figure


class Residence(NamedAnalysis):
    r"""Residence of one kind of atom in layers at the wall.

    .. math:: P(\tau) = \left\langle \frac{N(t, t + \tau)}{N(t)} \right\rangle_t , \qquad
              k = \frac{\text{atoms that leave the first layer}}{\text{time spent in it}}

    with N(t, t + τ) the number of atoms in the layer at every frame from t to t + τ.

    Parameters
    ----------
    species, edges
        As in `LayerDiffusion`.
    hysteresis : float [Å]
        For the exchange rate, an atom leaves the first layer when it moves farther than this beyond its edge, and
        returns when it crosses the edge.
    longest : float [ps], optional
        Longest lag. Default: half of the run, or 256 frames if that is less.

    Notes
    -----
    The survival P counts every excursion seen in a frame as leaving; the exchange rate k ignores those within the
    hysteresis. 1/k is the residence time of the steady state (see `Lifetimes`) and is larger than the decay time of P.
    Frames without an atom in the layer are not used as time origins.

    References
    ----------
    Liu, Harder & Berne, J. Phys. Chem. B 108, 6595 (2004). doi:10.1021/jp0375057
    """

    name = "residence"
    title = "residence time of metal atoms in the first layer"
    panel = 180
    needs_dynamics = True
    atoms = INTERFACE

    def __init__(
        self,
        species: str = "K",
        edges: Sequence[float] = LAYERS,
        hysteresis: float = 1.0,
        longest: float | None = None,
    ) -> None:
        if not hysteresis >= 0.0:
            raise AnalysisError(f"The hysteresis of a layer must be at least 0 Å, got {hysteresis} Å.")
        if longest is not None and not longest > 0.0:
            raise AnalysisError(f"The longest lag must be positive, got {longest} ps.")
        self.species, self.edges = species, check_edges(edges)
        self.hysteresis, self.longest = float(hysteresis), longest
        if not math.isfinite(self.edges[1]):
            raise AnalysisError(
                f"The first layer must end at a finite distance from the wall, got the edges {list(self.edges)} Å."
            )

    @classmethod
    def for_atoms(cls, present: AtomsPresent) -> dict[str, Self]:
        """Return one for each metal."""
        return {metal: cls(metal) for metal in present.metals}

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms and the wall."""
        self._atoms = np.flatnonzero(select(topology, self.species))
        self._wall = wall_atoms(topology)
        self._spacing = EvenSpacing("Residence")
        self._layer: Int8Array = np.zeros(0, dtype=np.int8)
        self._since: IntArray = np.zeros(0, dtype=np.int64)
        self._inside: BoolArray = np.zeros(0, dtype=np.bool_)
        n_layers = len(self.edges) - 1
        self._counts: list[IntArray] = []
        self._held: list[int] = []
        self._left: list[int] = []
        self._sums, self._origins = np.zeros((len(LAGS), n_layers)), np.zeros((len(LAGS), n_layers), dtype=np.int64)

    def update(self, frame: Frame) -> None:
        """Update the layer of each atom with one frame."""
        if not self._spacing.accept(frame):
            return
        n_layers, now = len(self.edges) - 1, len(self._counts)
        limit = self.edges[1] + self.hysteresis
        distances = distances_to_wall(frame, self._wall, self._atoms, reach_of((*self.edges, limit)))
        layer = layer_of(distances, self.edges)
        near = (distances >= self.edges[0]) & (distances < limit)
        if now == 0:
            self._since, self._inside = np.zeros(len(layer), dtype=np.int64), layer == 0
        else:
            self._since = np.where(layer == self._layer, self._since, now)
            inside = (layer == 0) | (self._inside & near)
            self._left.append(int(np.sum(self._inside & ~inside)))
            self._inside = inside
        self._layer = layer
        self._held.append(int(self._inside.sum()))
        self._counts.append(np.bincount(layer[layer >= 0], minlength=n_layers))
        for column in range(n_layers):
            since = np.sort(self._since[layer == column])
            for row, lag in enumerate(LAGS):
                if lag > now:
                    break
                present = int(self._counts[now - lag][column])
                if present:
                    self._origins[row, column] += 1
                    self._sums[row, column] += np.searchsorted(since, now - lag, side="right") / present

    def result(self) -> ResidenceRecord:
        """Return survival, exchange rate and residence time."""
        n = len(self._counts)
        require_frames(n, 3, "Residence")
        step = self._spacing.step
        lags = lags_in_frames(self.longest, step, n, "Residence")
        sums, origins = self._sums[: len(lags)], self._origins[: len(lags)]
        curves = np.divide(sums, origins, out=np.full(sums.shape, math.nan), where=origins > 0)
        counts = np.array(self._counts, dtype=np.float64)
        held, left = np.array(self._held[:-1], dtype=np.float64), np.array(self._left, dtype=np.float64)
        names = layer_names(self.edges)
        time = ratio_of_means([held], [left], "ps", step)
        rate = ratio_of_means([left], [held], "1/ps", 1.0 / step)
        window = step * (n - 1)
        notes = [
            "residence time: time in the first layer per atom that left it, the mean from entering to leaving; "
            "survival: in the layer at every frame since",
            f"first layer: nearest wall atom closer than {self.edges[1]:g} Å; left beyond "
            f"{self.edges[1] + self.hysteresis:g} Å, frames {step:.4g} ps apart",
        ]
        if not left.any():
            notes.append(
                f"no {self.species} left the first layer in {window:.3g} ps: no residence time, only a lower bound"
            )
        elif left.sum() < 10:
            notes.append(f"only {int(left.sum())} atoms left the first layer: the residence time is uncertain")
        if time.value > window:
            notes.append(f"the residence time is longer than the {window:.3g} ps observed: it is extrapolated")
        times = np.asarray(lags * step, dtype=np.float64)
        return ResidenceRecord(
            quantity=f"residence of {self.species} in the first layer",
            **time.fields,
            notes=(*notes, *self._spacing.notes),
            window=window,
            lower_bound=lower_bound_of(time, step * float(held.sum())),
            species=self.species,
            edges=np.array(self.edges),
            exchange=rate,
            atoms={name: mean_with_error(counts[:, row]) for row, name in enumerate(names)},
            lag=times,
            survival={name: curves[:, row] for row, name in enumerate(names)},
            decay={name: decay_time(times, curves[:, row]) for row, name in enumerate(names)},
        )


def residence(
    source: FrameSource,
    species: str = "K",
    edges: Sequence[float] = LAYERS,
    hysteresis: float = 1.0,
    longest: float | None = None,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> ResidenceRecord:
    """Return residence in layers; parameters as in `Residence`, ``frames`` as in `FrameOptions`.

    Examples
    --------
    >>> from nakmd import Cell, Frame, System
    >>> from nakmd.analysis import FrameList, residence
    >>> pair = System([[5.0, 5.0, 5.0], [5.0, 5.0, 8.0]], [0, 1], ["C", "K"], Cell([40.0, 40.0, 40.0]))
    >>> def frame(k):
    ...     place = pair.positions + [[0.0, 0.0, 0.0], [0.0, 0.0, 5.0 * (k // 10 % 2)]]  # it leaves for 1 ps
    ...     return Frame(k, 0.1 * k, *pair.cell.wrap(place), pair.cell)
    >>> residence(FrameList(pair.topology, [frame(k) for k in range(200)])).text
    '1.0 ± 0.3 ps'
    """
    return cast(ResidenceRecord, measure(source, Residence(species, edges, hysteresis, longest), progress, **frames))
