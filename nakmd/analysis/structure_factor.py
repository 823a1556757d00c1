"""Partial structure factors of the metal, and those of its number and its concentration."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np

from nakmd.analysis.base import Record, require_frames, select
from nakmd.analysis.drive import FrameProgress, FrameSource, measure
from nakmd.analysis.named_analysis import METAL, NamedAnalysis
from nakmd.analysis.numerics.autocorrelation import statistical_inefficiency
from nakmd.analysis.numerics.block_sums import BlockSums
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.plotting import Axes, Figure, figure_for, style
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray, IntArray
from nakmd.cell import Cell
from nakmd.elements import METALS, element_of
from nakmd.errors import AnalysisError
from nakmd.kernels import density_waves
from nakmd.system import Frame, Topology

DEFINITIONS = ("faber-ziman", "ashcroft-langreth")

#: The main peak is looked for beyond this [1/Å], where it lies for every liquid metal (1.6 for K, 2.0 for Na); waves
#: that are longer see the shape of a metal that does not fill the cell.
LEAST_PEAK = 1.0


class StructureFactorRecord(Record):
    """Structure factors; ``value`` and ``error`` are the partial ones, (n_pairs, n_q), in the order of ``pairs``.

    Attributes
    ----------
    definition : {"faber-ziman", "ashcroft-langreth"}
        Of ``value``: the first tends to 1 at large q, the second to 1 for like and 0 for unlike atoms.
    pairs : tuple of (str, str)
        Elements.
    fractions : dict of str to float
        Share of each element among the atoms looked at.
    q : (n_q,) float64 [1/Å]
        Mean modulus of the wave vectors of each bin; bins that no allowed wave vector falls into are left out.
    n_vectors : (n_q,) int64
        Wave vectors averaged over in each bin; q and -q, which say the same, count once.
    number_number, number_number_error : (n_q,) float64
        S_NN: that of all atoms alike.
    concentration_concentration, concentration_concentration_error : (n_q,) float64
        S_CC, which tends to c₁ c₂; NaN unless there are two elements.
    number_concentration, number_concentration_error : (n_q,) float64
        S_NC, positive where the first of ``fractions`` is the denser packed; NaN unless there are two elements.
    peak : float [1/Å]
        Where S_NN is largest beyond `LEAST_PEAK` (anywhere if ``q_max`` is less).
    peak_height : Measure
        S_NN there.
    """

    definition: str
    pairs: tuple[tuple[str, str], ...]
    fractions: dict[str, float]
    q: FloatArray
    n_vectors: IntArray
    number_number: FloatArray
    number_number_error: FloatArray
    concentration_concentration: FloatArray
    concentration_concentration_error: FloatArray
    number_concentration: FloatArray
    number_concentration_error: FloatArray
    peak: float
    peak_height: Measure

    def __getitem__(self, pair: tuple[str, str]) -> tuple[FloatArray, FloatArray]:
        """Return one partial structure factor and its error, the elements in either order."""
        for key in (pair, pair[::-1]):
            if key in self.pairs:
                row = self.pairs.index(key)
                return self.value[row], self.error[row]
        known = ", ".join("-".join(key) for key in self.pairs)
        raise AnalysisError(f"There is no S(q) of {'-'.join(pair)}; there are {known}.")

    def __str__(self) -> str:
        return f"{self.quantity}: main peak of S_NN at {self.peak:.2f} 1/Å, {self.peak_height}"

    def rows(self) -> Iterator[Row]:
        """Yield the lines of the table of results."""
        yield Row.of(f"S(q), main peak at {self.peak:.2f} 1/Å", self.peak_height)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the partial structure factors and those of number and concentration, with their error bands."""
        figure, ax = figure_for(ax)
        curves = [(f"{a}-{b}", self.value[row], self.error[row]) for row, (a, b) in enumerate(self.pairs)]
        curves.append(("NN", self.number_number, self.number_number_error))
        curves.append(("CC", self.concentration_concentration, self.concentration_concentration_error))
        curves.append(("NC", self.number_concentration, self.number_concentration_error))
        beyond, highest, lowest = self.q >= LEAST_PEAK, 0.0, 0.0
        for row, (label, values, errors) in enumerate(curves):
            if not np.all(np.isnan(values)):
                line = style(row)
                ax.plot(self.q, values, lw=1.2, label=label, **line)
                ax.fill_between(self.q, values - errors, values + errors, color=line["color"], alpha=0.3, lw=0)
                if np.any(beyond):
                    highest = max(highest, float(values[beyond].max()))
                    lowest = min(lowest, float(values[beyond].min()))
        if highest > 0.0:  # the shape of a metal that does not fill the cell may be far higher, at small q
            margin = 0.1 * (highest - lowest)
            low, high = ax.get_ylim()
            ax.set_ylim(max(low, lowest - 4.0 * margin), min(high, highest + 4.0 * margin))
        ax.set(xlabel="q / Å⁻¹", ylabel=f"S(q), {self.definition.title()}", xlim=(0.0, None))
        ax.legend(fontsize="small", ncols=2)
        return figure


class StructureFactor(NamedAnalysis):
    r"""Partial structure factors, summed directly over the wave vectors that the cell allows.

    With :math:`\rho_a(\mathbf q) = \sum_{j \in a} e^{\mathrm{i} \mathbf q \cdot \mathbf r_j}` and
    :math:`\mathbf q = 2\pi \, h^{-1} \mathbf n` for whole numbers :math:`\mathbf n`, those of Ashcroft and Langreth
    are

    .. math:: S_{ab}(q) = \frac{\operatorname{Re} \langle \rho_a(\mathbf q) \rho_b^*(\mathbf q) \rangle}
                               {\sqrt{N_a N_b}}

    and those of Faber and Ziman

    .. math:: a_{ab}(q) = 1 + \frac{S_{ab}(q) - \delta_{ab}}{\sqrt{c_a c_b}}.

    For an alloy of two elements the fluctuations of number and concentration (Bhatia & Thornton) follow:

    .. math::

       S_{NN} &= c_1 S_{11} + c_2 S_{22} + 2 \sqrt{c_1 c_2} \, S_{12} \\
       S_{CC} &= c_1 c_2 \left( c_2 S_{11} + c_1 S_{22} - 2 \sqrt{c_1 c_2} \, S_{12} \right) \\
       S_{NC} &= c_1 c_2 \left( S_{11} - S_{22} \right) + (c_2 - c_1) \sqrt{c_1 c_2} \, S_{12}

    S_CC(q → 0) above c₁ c₂ means that like atoms seek each other, below it unlike ones do.

    Parameters
    ----------
    of : str, optional
        Species, element or group; all metal atoms if left out. Elements in it are told apart.
    q_max : float [1/Å]
    bins : int
        Between 0 and ``q_max``.
    vectors : int
        Bins in which more wave vectors than this are expected get about so many, drawn at random, the same in every
        run; the others, those of small q above all, get every one. 0: every one everywhere.
    definition : {"faber-ziman", "ashcroft-langreth"}

    Notes
    -----
    The wave vectors are chosen in the first frame. In a cell that changes later they keep their whole numbers and
    their bin, and q is the mean of their moduli. The smallest is that of the cell: 0.06 1/Å for 100 Å.

    With a wall in the cell the metal is not homogeneous, and the room that the wall takes adds to S at small q.

    Errors are those of the mean of blocks of frames (`BlockSums`), of which 64 at most are kept: memory does not grow
    with the number of frames (1 MB for two elements and the default bins, with 10 MB of tables).

    References
    ----------
    Bhatia & Thornton, Phys. Rev. B 2, 3004 (1970). doi:10.1103/PhysRevB.2.3004
    """

    name = "structure_factor"
    title = "partial and total structure factors of the liquid"
    panel = 100
    on_request = True  # it takes more time than all that is measured unasked
    atoms = METAL

    def __init__(
        self,
        of: str | None = None,
        q_max: float = 4.0,
        bins: int = 80,
        vectors: int = 200,
        definition: str = "faber-ziman",
    ) -> None:
        if not (q_max > 0.0 and bins >= 1 and vectors >= 0):
            raise AnalysisError(
                f"S(q) needs a positive q_max and number of bins and no negative number of wave vectors, "
                f"got {q_max} 1/Å, {bins} and {vectors}."
            )
        if definition not in DEFINITIONS:
            raise AnalysisError(f"S(q) is defined by {' or '.join(DEFINITIONS)}, not by {definition!r}.")
        self.of, self.definition = of, definition
        self.q_max, self.bins, self.vectors = float(q_max), int(bins), int(vectors)

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms, sorted by element."""
        elements = np.array([element_of(name) for name in topology.species_names])[topology.species]
        chosen = np.isin(elements, METALS) if self.of is None else select(topology, self.of)
        if not np.any(chosen):
            raise AnalysisError("S(q) is that of the metal, and there is none here; name other atoms with of=.")
        names = list(dict.fromkeys(topology.elements[s] for s in np.unique(topology.species[chosen])))
        self._names = [str(name) for name in names]
        self._atoms = [np.flatnonzero(chosen & (elements == name)) for name in names]
        self._n_others = topology.n_atoms - int(np.sum(chosen))
        self._pairs = [(i, j) for i in range(len(names)) for j in range(i, len(names))]
        self._sums = BlockSums()
        self._moduli: FloatArray = np.zeros(0)

    def update(self, frame: Frame) -> None:
        """Sum the waves of one frame."""
        if not np.all(frame.cell.periodic):
            raise AnalysisError(
                "S(q) is summed over the waves that fit into the cell, which needs one that repeats along all three "
                f"directions; here it repeats along {int(np.sum(frame.cell.periodic))}."
            )
        if self._sums.count == 0:
            self._choose_vectors(frame.cell)
        fractional = frame.positions @ frame.cell.inverse
        waves = np.zeros((len(self._names), 2, len(self._indices)))
        for kind, atoms in enumerate(self._atoms):
            for start in range(0, len(atoms), density_waves.CHUNK):
                part = fractional[atoms[start : start + density_waves.CHUNK]]
                if not np.all(np.isfinite(part)):
                    raise AnalysisError(
                        f"An atom's position is not finite (NaN or inf) at step {frame.step}: the run exploded before."
                    )
                density_waves.fill_phases(part, self._cosines, self._sines)
                density_waves.add_density_waves(
                    self._indices, self._cosines, self._sines, len(part), waves[kind, 0], waves[kind, 1]
                )
        products = np.stack([np.sum(waves[i] * waves[j], axis=0) for i, j in self._pairs])
        moduli = np.linalg.norm(self._indices @ (2.0 * math.pi * frame.cell.inverse.T), axis=1)
        self._sums.add(np.stack([self._bin_means(values) for values in (*products, moduli)]))

    def result(self) -> StructureFactorRecord:
        """Return all structure factors."""
        require_frames(self._sums.count, 1, "S(q)")
        numbers = np.array([len(atoms) for atoms in self._atoms], dtype=np.float64)
        c = numbers / numbers.sum()
        blocks, means = self._sums.block_means(), self._sums.mean
        n_effective = len(blocks) / statistical_inefficiency(blocks[:, :-1].reshape(len(blocks), -1))

        def combine(weights: FloatArray, constant: float = 0.0) -> tuple[FloatArray, FloatArray]:
            """Return a linear combination of the products of waves, with its error."""
            value = np.tensordot(weights, means[:-1], 1) + constant
            if len(blocks) < 2:
                return value, np.full(len(value), math.nan)
            series = np.tensordot(blocks[:, :-1], weights, (1, 0))
            return value, np.sqrt(np.var(series, axis=0) / max(n_effective - 1.0, 1.0))

        partials = []
        for row, (i, j) in enumerate(self._pairs):
            weights, same = np.zeros(len(self._pairs)), float(i == j)
            weights[row] = 1.0 / math.sqrt(numbers[i] * numbers[j])
            if self.definition == "faber-ziman":
                scale = 1.0 / math.sqrt(c[i] * c[j])
                partials.append(combine(weights * scale, 1.0 - same * scale))
            else:
                partials.append(combine(weights))
        twice = np.array([1.0 if i == j else 2.0 for i, j in self._pairs]) / numbers.sum()
        total, total_error = combine(twice)
        nothing = np.full(len(total), math.nan)
        cc, cc_error, nc, nc_error = nothing, nothing, nothing, nothing
        if len(c) == 2:
            # of C(q) = (c₂ ρ₁ - c₁ ρ₂)/N and of N(q) = ρ₁ + ρ₂
            cc, cc_error = combine(np.array([c[1] ** 2, -2.0 * c[0] * c[1], c[0] ** 2]) / numbers.sum())
            nc, nc_error = combine(np.array([c[1], c[1] - c[0], -c[0]]) / numbers.sum())
        beyond = np.flatnonzero(means[-1] >= LEAST_PEAK)
        top = int(beyond[np.argmax(total[beyond])]) if len(beyond) else int(np.argmax(total))
        names = self._names
        return StructureFactorRecord(
            quantity="S(q) of " + ", ".join(names),
            value=np.stack([value for value, _ in partials]),
            error=np.stack([error for _, error in partials]),
            unit="1",
            n_effective=n_effective,
            notes=self._notes(len(blocks)),
            definition=self.definition,
            pairs=tuple((names[i], names[j]) for i, j in self._pairs),
            fractions=dict(zip(names, c.tolist())),
            q=means[-1],
            n_vectors=self._counts,
            number_number=total,
            number_number_error=total_error,
            concentration_concentration=cc,
            concentration_concentration_error=cc_error,
            number_concentration=nc,
            number_concentration_error=nc_error,
            peak=float(means[-1][top]),
            peak_height=Measure(float(total[top]), float(total_error[top]), "", n_effective),
        )

    def _choose_vectors(self, cell: Cell) -> None:
        """Choose the wave vectors: of each ± pair one, plane by plane, so that few are in memory at a time."""
        reciprocal = 2.0 * math.pi * cell.inverse.T  # row c belongs to the c-th whole number
        most = np.floor(self.q_max * cell.lengths / (2.0 * math.pi) + 1e-9).astype(np.int64)
        width = self.q_max / self.bins
        middles = (np.arange(self.bins) + 0.5) * width
        expected = cell.volume * middles**2 * width / (4.0 * math.pi**2)  # of half a shell
        taken = np.minimum(1.0, self.vectors / expected) if self.vectors else np.ones(self.bins)
        rng = np.random.default_rng(1)
        second, third = (np.arange(-m, m + 1) for m in most[1:])
        plane = np.stack(np.meshgrid(second, third, indexing="ij"), axis=-1).reshape(-1, 2)
        chosen, places = [], []
        for first in range(int(most[0]) + 1):
            rows = plane if first else plane[(plane[:, 0] > 0) | ((plane[:, 0] == 0) & (plane[:, 1] > 0))]
            indices = np.column_stack([np.full(len(rows), first), rows])
            place = (np.linalg.norm(indices @ reciprocal, axis=1) / width).astype(np.int64)
            indices, place = indices[place < self.bins], place[place < self.bins]
            kept = rng.uniform(size=len(place)) < taken[place]
            chosen.append(indices[kept])
            places.append(place[kept])
        self._indices: IntArray = np.ascontiguousarray(np.concatenate(chosen))
        if len(self._indices) == 0:
            raise AnalysisError(
                f"No wave fits into a cell of {', '.join(f'{x:.1f}' for x in cell.lengths)} Å up to "
                f"q_max = {self.q_max:g} 1/Å; choose a larger one."
            )
        # bins without a wave vector are left out
        _, self._place, self._counts = np.unique(np.concatenate(places), return_inverse=True, return_counts=True)
        tables = (3, int(np.abs(self._indices).max()) + 1, density_waves.CHUNK)
        self._cosines, self._sines = np.zeros(tables), np.zeros(tables)

    def _bin_means(self, values: FloatArray) -> FloatArray:
        return np.bincount(self._place, values, minlength=len(self._counts)) / self._counts

    def _notes(self, n_blocks: int) -> tuple[str, ...]:
        notes = [f"partial structure factors of {self.definition.title()}"]
        share = "all" if self.vectors == 0 else f"about {self.vectors} of the"
        notes.append(f"{share} wave vectors in each bin, {len(self._indices)} in all")
        if self._n_others:
            notes.append(f"{self._n_others} other atoms are in the cell: the room they take adds to S at small q")
        if n_blocks < 2:
            notes.append("one frame: no error can be given")
        return tuple(notes)


def structure_factor(
    source: FrameSource,
    of: str | None = None,
    q_max: float = 4.0,
    bins: int = 80,
    vectors: int = 200,
    definition: str = "faber-ziman",
    stage: str | Sequence[str] | None = None,
    progress: FrameProgress | None = None,
) -> StructureFactorRecord:
    """Return structure factors; parameters as in `StructureFactor`, ``stage`` as in `choose_frames`."""
    analysis = StructureFactor(of, q_max, bins, vectors, definition)
    return cast(StructureFactorRecord, measure(source, analysis, stage, progress))
