"""Lifetimes of contacts between wall and metal, by pair of species and site."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import field
from typing import Self, Unpack, cast

import numpy as np

from nakmd.analysis.base import require_frames, select
from nakmd.analysis.drive import measure
from nakmd.analysis.dwell_record import DwellRecord, lower_bound_of, window_note
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.contact_distances import contact_distance
from nakmd.analysis.geometry.contacts import pairs_near
from nakmd.analysis.named_analysis import INTERFACE, AtomsPresent, NamedAnalysis
from nakmd.analysis.numerics.lags import LAGS, decay_time, lags_in_frames
from nakmd.analysis.numerics.statistics import Measure, mean_with_error, ratio_of_means
from nakmd.analysis.paths import EvenSpacing
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray, IntArray
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology


class LifetimesRecord(DwellRecord):
    """Lifetimes of contacts: ``value`` is the mean lifetime [ps] of all pairs; other attributes as in `DwellRecord`.

    Attributes
    ----------
    center, neighbor : str
    cutoff, hysteresis : float [Å]
        A contact forms below ``cutoff`` and breaks beyond ``cutoff + hysteresis``.
    lifetimes : dict of (center species, neighbor species) to Measure [ps]
    contacts : dict of the same to Measure
        Mean number of contacts.
    rate : Measure [1/ps]
        Contacts that break per contact and time; 1/value.
    lag : (n_lags,) float64 [ps]
    continuous : dict of the same to (n_lags,) float64
        Probability that a contact has not broken up to the lag.
    intermittent : dict of the same to (n_lags,) float64
        Probability that a contact exists at the lag, broken in between or not.
    decay : dict of the same to float [ps]
        Time at which the intermittent function falls to 1/e; NaN if it does not.
    """

    curve_tables = (
        RecordCurve(
            "survival",
            {"pair": "continuous", "lag [ps]": "lag"},
            {"continuous": "continuous", "intermittent": "intermittent"},
        ),
    )

    center: str
    neighbor: str
    cutoff: float
    hysteresis: float
    lifetimes: dict[tuple[str, str], Measure] = field(default_factory=dict)
    contacts: dict[tuple[str, str], Measure] = field(default_factory=dict)
    rate: Measure
    lag: FloatArray
    continuous: dict[tuple[str, str], FloatArray] = field(default_factory=dict)
    intermittent: dict[tuple[str, str], FloatArray] = field(default_factory=dict)
    decay: dict[tuple[str, str], float] = field(default_factory=dict)

    def rows(self) -> Iterator[Row]:
        """Yield the lines of the table of results."""
        yield self.main_row(f"{self.center}-{self.neighbor} contact lifetime", "contact broke")
        for (site, metal), entry in self.lifetimes.items():
            if len(self.lifetimes) > 1 and math.isfinite(entry.value):
                yield Row.of(f"  {site}-{metal}", entry, window_note(entry, self.window), law="inverse-arrhenius")

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw both correlation functions of each pair of species: continuous dashed, intermittent solid."""
        figure, ax = figure_for(ax)
        for row, (pair, curve) in enumerate(self.intermittent.items()):
            color = COLORS[row % len(COLORS)]
            ax.plot(self.lag, curve, color=color, label=f"{'-'.join(pair)}: {self.lifetimes[pair].text}")
            ax.plot(self.lag, self.continuous[pair], color=color, ls="--", lw=1)
        ax.plot([], [], color="0.4", label="intermittent")
        ax.plot([], [], color="0.4", ls="--", lw=1, label="continuous")
        ax.set(xlabel="t / ps", ylabel="fraction of contacts", xlim=(0.0, None), ylim=(0.0, 1.02))
        ax.legend(fontsize="small")
        return figure


class Lifetimes(NamedAnalysis):
    r"""Lifetimes of contacts from the frames at which pairs form and break.

    .. math:: \tau = \frac{\text{time spent in contact}}{\text{contacts that broke}}, \qquad
              S(t) = \frac{\langle H(s, s + t) \rangle}{\langle h \rangle}, \qquad
              C(t) = \frac{\langle h(s)\, h(s + t) \rangle}{\langle h \rangle}

    with h = 1 if a pair is in contact, and H = 1 if it is in contact throughout from s to s + t; the means are
    over time origins and pairs, with equal weight of every contact.

    Parameters
    ----------
    center, neighbor : str
        Species, elements or groups: ``"C"`` and ``"K"``.
    cutoff : float [Å], optional
        A contact forms when two atoms come closer than this. Default: `CONTACT_DISTANCES` of their elements.
    hysteresis : float [Å]
        A contact breaks when the atoms are farther apart than ``cutoff + hysteresis``, so that vibrations about the
        cutoff count as one contact. 0 for none.
    longest : float [ps], optional
        Longest lag. Default: half of the run, or 256 frames if that is less.

    Notes
    -----
    In a steady state as many contacts form as break, and τ is the mean lifetime for any distribution of lifetimes,
    even if the run is shorter than the longest of them. A τ longer than the run is marked. If no contact breaks, there
    is only a lower bound (`DwellRecord`). Contacts that break and re-form between two frames are missed: the time
    between frames must be shorter than the lifetimes.

    For pairs that change at random between two states with the rates k_on and k_off, S = e^{-k_off t} and
    C = p + (1 - p) e^{-(k_on + k_off) t} with p = k_on/(k_on + k_off) (continuous sampling).

    The error of τ is that of the ratio of the two series (`ratio_of_means`).

    References
    ----------
    Rapaport, Mol. Phys. 50, 1151 (1983). doi:10.1080/00268978300102931
    Luzar & Chandler, Phys. Rev. Lett. 76, 928 (1996). doi:10.1103/PhysRevLett.76.928
    """

    name = "lifetimes"
    title = "lifetimes of contacts between wall and metal"
    panel = 160
    needs_dynamics = True
    atoms = INTERFACE

    def __init__(
        self,
        center: str = "C",
        neighbor: str = "K",
        cutoff: float | None = None,
        hysteresis: float = 0.5,
        longest: float | None = None,
    ) -> None:
        if cutoff is not None and not cutoff > 0.0:
            raise AnalysisError(f"The cutoff of a contact must be positive, got {cutoff} Å.")
        if not hysteresis >= 0.0:
            raise AnalysisError(f"The hysteresis of a contact must be at least 0 Å, got {hysteresis} Å.")
        if longest is not None and not longest > 0.0:
            raise AnalysisError(f"The longest lag must be positive, got {longest} ps.")
        self.center, self.neighbor, self.cutoff = center, neighbor, cutoff
        self.hysteresis, self.longest = float(hysteresis), longest

    @classmethod
    def for_atoms(cls, present: AtomsPresent) -> dict[str, Self]:
        """Return one for each pair of a wall element and a metal."""
        return {f"{wall}-{metal}": cls(wall, metal) for wall, metal in present.pairs}

    def atoms_read(self, topology: Topology) -> tuple[str, ...]:
        """Return centres and neighbours."""
        return self.center, self.neighbor

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms and the cutoff."""
        centers, neighbors = select(topology, self.center), select(topology, self.neighbor)
        if np.any(centers & neighbors):
            raise AnalysisError(
                f"Contacts need two disjoint sets of atoms; {self.center!r} and {self.neighbor!r} overlap."
            )
        self._centers, self._neighbors = np.flatnonzero(centers), np.flatnonzero(neighbors)
        a, b = topology.species[self._centers], topology.species[self._neighbors]
        if self.cutoff is None:
            elements = topology.elements
            self.cutoff = max(contact_distance(elements[i], elements[j]) for i in np.unique(a) for j in np.unique(b))
        names = topology.species_names
        rows, self._row = np.unique(a, return_inverse=True)
        columns, self._column = np.unique(b, return_inverse=True)
        self._pairs = [(names[i], names[j]) for i in rows for j in columns]
        self._n_columns = len(columns)
        self._spacing = EvenSpacing("Lifetimes of contacts")
        self._held: IntArray = np.zeros(0, dtype=np.int64)  # keys of the pairs in contact, sorted
        self._since: IntArray = np.zeros(0, dtype=np.int64)  # frame at which each formed
        self._past: deque[IntArray] = deque(maxlen=LAGS[-1] + 1)
        self._counts: list[IntArray] = []
        self._broken: list[IntArray] = []
        shape = (len(LAGS), len(self._pairs))
        self._stayed, self._again = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)

    def _by_pair(self, keys: IntArray) -> IntArray:
        """Return the number of contacts of each pair of species."""
        i, j = np.divmod(keys, len(self._neighbors))
        return np.bincount(self._row[i] * self._n_columns + self._column[j], minlength=len(self._pairs))

    def update(self, frame: Frame) -> None:
        """Update the contacts with one frame."""
        assert self.cutoff is not None  # set by prepare
        if not self._spacing.accept(frame):
            return
        centers, neighbors = frame.positions[self._centers], frame.positions[self._neighbors]
        i, j, r = pairs_near(centers, neighbors, frame, self.cutoff + self.hysteresis)
        keys = i * len(self._neighbors) + j  # sorted, because i and j are
        held = keys[(r < self.cutoff) | np.isin(keys, self._held, assume_unique=True)]
        now = len(self._counts)
        stays, goes_on = np.isin(held, self._held, assume_unique=True), np.isin(self._held, held, assume_unique=True)
        since = np.full(len(held), now, dtype=np.int64)
        since[stays] = self._since[goes_on]
        if now:
            self._broken.append(self._by_pair(self._held[~goes_on]))
        self._held, self._since = held, since
        self._past.append(held)
        self._counts.append(self._by_pair(held))
        for row, lag in enumerate(LAGS):
            if lag > now:
                break
            self._stayed[row] += self._by_pair(held[since <= now - lag])
            before = self._past[-1 - lag]
            self._again[row] += self._by_pair(held[np.isin(held, before, assume_unique=True)])

    def result(self) -> LifetimesRecord:
        """Return lifetimes and correlation functions."""
        assert self.cutoff is not None  # set by prepare
        n = len(self._counts)
        require_frames(n, 3, "Lifetimes of contacts")
        step = self._spacing.step
        lags = lags_in_frames(self.longest, step, n, "Lifetimes of contacts")
        counts, broken = np.array(self._counts, dtype=np.float64), np.array(self._broken, dtype=np.float64)
        if not counts.any():
            raise AnalysisError(
                f"No {self.neighbor} is within {self.cutoff:g} Å of a {self.center} in any frame. Choose a larger "
                "cutoff or another stage."
            )
        used = [column for column in range(len(self._pairs)) if counts[:, column].any()]
        total = _lifetime(counts.sum(axis=1), broken.sum(axis=1), step)
        notes = [
            "lifetime: time in contact per contact that broke, the mean from forming to breaking; continuous: the "
            "contact has not broken since, intermittent: it exists again",
            f"a contact forms within {self.cutoff:g} Å and breaks beyond {self.cutoff + self.hysteresis:g} Å, "
            f"frames {step:.4g} ps apart",
        ]
        window = step * (n - 1)
        if math.isfinite(total.value) and total.value < 3.0 * step:
            notes.append("contacts last only a few frames: those that break and re-form between frames are missed")
        if not broken.any():
            notes.append(f"no contact broke in {window:.3g} ps: no lifetime, only a lower bound")
        elif broken.sum() < 10:
            notes.append(f"only {int(broken.sum())} contacts broke: the lifetime is uncertain")
        if total.value > window:
            notes.append(f"the lifetime is longer than the {window:.3g} ps observed: it is extrapolated")
        # time origins for which the lag ends within the run
        origins = np.stack([counts[: n - lag].sum(axis=0) for lag in lags])
        curves = {
            name: np.divide(sums[: len(lags)], origins, out=np.full(origins.shape, math.nan), where=origins > 0)
            for name, sums in (("continuous", self._stayed), ("intermittent", self._again))
        }
        times = np.asarray(lags * step, dtype=np.float64)
        inverse = 1.0 / total.value if math.isfinite(total.value) else 0.0
        return LifetimesRecord(
            quantity=f"lifetime of {self.center}-{self.neighbor} contacts",
            **total.fields,
            notes=(*notes, *self._spacing.notes),
            window=window,
            lower_bound=lower_bound_of(total, step * float(counts[:-1].sum())),
            center=self.center,
            neighbor=self.neighbor,
            cutoff=self.cutoff,
            hysteresis=self.hysteresis,
            lifetimes={self._pairs[c]: _lifetime(counts[:, c], broken[:, c], step) for c in used},
            contacts={self._pairs[c]: mean_with_error(counts[:, c]) for c in used},
            rate=Measure(inverse, total.error * inverse**2, "1/ps", total.n_effective),
            lag=times,
            continuous={self._pairs[c]: curves["continuous"][:, c] for c in used},
            intermittent={self._pairs[c]: curves["intermittent"][:, c] for c in used},
            decay={self._pairs[c]: decay_time(times, curves["intermittent"][:, c]) for c in used},
        )


def _lifetime(counts: FloatArray, broken: FloatArray, step: float) -> Measure:
    """Return the mean lifetime [ps] from the contacts in n frames and those broken in the last n - 1 of them."""
    return ratio_of_means([counts[:-1]], [broken], "ps", step)


def lifetimes(
    source: FrameSource,
    center: str = "C",
    neighbor: str = "K",
    cutoff: float | None = None,
    hysteresis: float = 0.5,
    longest: float | None = None,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> LifetimesRecord:
    """Return lifetimes of contacts; parameters as in `Lifetimes`, ``frames`` as in `FrameOptions`.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Cell, Frame, System
    >>> from nakmd.analysis import FrameList, lifetimes
    >>> pair = System([[5.0, 5.0, 5.0], [5.0, 5.0, 8.0]], [0, 1], ["C", "K"], Cell([30.0, 30.0, 30.0]))
    >>> def frame(k):
    ...     place = pair.positions + [[0.0, 0.0, 0.0], [0.0, 0.0, 5.0 * (k // 10 % 2)]]  # it leaves for 1 ps
    ...     return Frame(k, 0.1 * k, *pair.cell.wrap(place), pair.cell)
    >>> lifetimes(FrameList(pair.topology, [frame(k) for k in range(200)])).text
    '1.0 ± 0.3 ps'
    """
    analysis = Lifetimes(center, neighbor, cutoff, hysteresis, longest)
    return cast(LifetimesRecord, measure(source, analysis, progress, **frames))
