"""Partial structure factors of the metal, and the Bhatia-Thornton ones of number and concentration."""

from __future__ import annotations

import math
from typing import Unpack, cast

import numpy as np

from nakmd.analysis.base import metals_of, notes_on_blocks, require_frames, select
from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.wave_vectors import WaveVectors
from nakmd.analysis.long_waves import LongWaves, long_waves
from nakmd.analysis.named_analysis import METAL, NamedAnalysis
from nakmd.analysis.numerics.autocorrelation import statistical_inefficiency
from nakmd.analysis.numerics.block_sums import BlockSums
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.structure_factor_record import LEAST_PEAK, StructureFactorRecord
from nakmd.arrays import FloatArray
from nakmd.elements import METALS, element_of
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology

DEFINITIONS = ("faber-ziman", "ashcroft-langreth")


class StructureFactor(NamedAnalysis):
    r"""Partial structure factors, summed directly over the allowed wave vectors of the cell.

    With :math:`\rho_a(\mathbf q) = \sum_{j \in a} e^{\mathrm{i} \mathbf q \cdot \mathbf r_j}` and
    :math:`\mathbf q = 2\pi \, h^{-1} \mathbf n` for integers :math:`\mathbf n`, those of Ashcroft and Langreth are

    .. math:: S_{ab}(q) = \frac{\operatorname{Re} \langle \rho_a(\mathbf q) \rho_b^*(\mathbf q) \rangle}
                               {\sqrt{N_a N_b}}

    and those of Faber and Ziman

    .. math:: a_{ab}(q) = 1 + \frac{S_{ab}(q) - \delta_{ab}}{\sqrt{c_a c_b}}.

    For an alloy of two elements the fluctuations of number and concentration (Bhatia & Thornton) follow:

    .. math::

       S_{NN} &= c_1 S_{11} + c_2 S_{22} + 2 \sqrt{c_1 c_2} \, S_{12} \\
       S_{CC} &= c_1 c_2 \left( c_2 S_{11} + c_1 S_{22} - 2 \sqrt{c_1 c_2} \, S_{12} \right) \\
       S_{NC} &= c_1 c_2 \left( S_{11} - S_{22} \right) + (c_2 - c_1) \sqrt{c_1 c_2} \, S_{12}

    S_CC(q → 0) above c₁ c₂ means a preference for like neighbours, below it for unlike neighbours. It is extrapolated
    from the small wave vectors (`nakmd.analysis.long_waves`).

    Parameters
    ----------
    of : str, optional
        Species, element or group; default: all metal atoms. Its elements are treated separately.
    q_max : float [1/Å]
    bins : int
        Number of bins from 0 to ``q_max``.
    vectors : int
        Approximate number of wave vectors of a bin with more than this: they are drawn at random, with the same seed
        in every run. Other bins, above all those at small q, use all. 0: all wave vectors in every bin.
    definition : {"faber-ziman", "ashcroft-langreth"}

    Notes
    -----
    The wave vectors are chosen in the first frame. If the cell changes, they keep their integers and their bin, and q
    is the mean of their moduli. The smallest is set by the cell: 0.06 1/Å for 100 Å.

    With a wall in the cell the metal is not homogeneous, and the volume of the wall contributes to S at small q.

    Errors are those of the mean of blocks of frames (`BlockSums`). At most 64 blocks are kept, so memory does not grow
    with the number of frames (1 MB for two elements and the default bins, with 10 MB of tables).

    References
    ----------
    Bhatia & Thornton, Phys. Rev. B 2, 3004 (1970). doi:10.1103/PhysRevB.2.3004
    """

    name = "structure_factor"
    title = "partial and total structure factors of the liquid"
    panel = 100
    on_request = True  # it takes more time than all default analyses together
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
                f"S(q) needs a positive q_max, a positive number of bins and a non-negative number of wave vectors, "
                f"got {q_max} 1/Å, {bins} and {vectors}."
            )
        if definition not in DEFINITIONS:
            raise AnalysisError(f"The definition of S(q) must be {' or '.join(DEFINITIONS)}, not {definition!r}.")
        self.of, self.definition = of, definition
        self.q_max, self.bins, self.vectors = float(q_max), int(bins), int(vectors)

    def atoms_read(self, topology: Topology) -> tuple[str, ...]:
        """Return the chosen atoms, or all metals."""
        return metals_of(topology.whole) if self.of is None else (self.of,)

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms, sorted by element."""
        elements = np.array([element_of(name) for name in topology.species_names])[topology.species]
        chosen = np.isin(elements, METALS) if self.of is None else select(topology, self.of)
        if not np.any(chosen):
            raise AnalysisError("S(q) needs metal atoms, but this system has none. Pass of= for other atoms.")
        names = list(dict.fromkeys(topology.elements[s] for s in np.unique(topology.species[chosen])))
        self._names = [str(name) for name in names]
        self._atoms = [np.flatnonzero(chosen & (elements == name)) for name in names]
        self._n_others = topology.whole.n_atoms - int(np.sum(chosen))
        self._pairs = [(i, j) for i in range(len(names)) for j in range(i, len(names))]
        self._sums = BlockSums()

    def update(self, frame: Frame) -> None:
        """Add the density waves of one frame."""
        if not np.all(frame.cell.periodic):
            raise AnalysisError(
                "S(q) is summed over the reciprocal lattice of the cell and needs one that is periodic along all three "
                f"directions; this one is periodic along {int(np.sum(frame.cell.periodic))}."
            )
        if self._sums.count == 0:
            self._vectors = WaveVectors(frame.cell, self.q_max, self.bins, self.vectors)
        fractional = frame.positions @ frame.cell.inverse
        waves = np.zeros((len(self._names), 2, len(self._vectors.indices)))
        for kind, atoms in enumerate(self._atoms):
            if not np.all(np.isfinite(fractional[atoms])):
                raise AnalysisError(
                    f"A position is not finite (NaN or inf) at step {frame.step}: the run diverged before."
                )
            self._vectors.add_density(fractional[atoms], waves[kind])
        products = [np.sum(waves[i] * waves[j], axis=0) for i, j in self._pairs]
        moduli = self._vectors.moduli(frame.cell)
        self._sums.add(np.stack([self._vectors.bin_means(values) for values in (*products, moduli)]))

    def result(self) -> StructureFactorRecord:
        """Return all structure factors."""
        require_frames(self._sums.count, 1, "S(q)")
        numbers = np.array([len(atoms) for atoms in self._atoms], dtype=np.float64)
        c = numbers / numbers.sum()
        blocks, means = self._sums.block_means(), self._sums.mean
        n_effective = len(blocks) / statistical_inefficiency(blocks[:, :-1].reshape(len(blocks), -1))

        def combine(weights: FloatArray, constant: float = 0.0) -> tuple[FloatArray, FloatArray]:
            """Return a linear combination of the products of density waves, with its error."""
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
        multiplicities = np.array([1.0 if i == j else 2.0 for i, j in self._pairs])
        total, total_error = combine(multiplicities / numbers.sum())
        undefined = np.full(len(total), math.nan)
        cc, cc_error, nc, nc_error = undefined, undefined, undefined, undefined
        limit: LongWaves | None = None
        if len(c) == 2:
            # from C(q) = (c₂ ρ₁ - c₁ ρ₂)/N and N(q) = ρ₁ + ρ₂
            of_concentration = np.array([c[1] ** 2, -2.0 * c[0] * c[1], c[0] ** 2]) / numbers.sum()
            cc, cc_error = combine(of_concentration)
            nc, nc_error = combine(np.array([c[1], c[1] - c[0], -c[0]]) / numbers.sum())
            if not self._n_others:
                # over that of random mixing
                spectra = np.tensordot(blocks[:, :-1], of_concentration / float(c[0] * c[1]), (1, 0))
                limit = long_waves(means[-1], self._vectors.counts, spectra)
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
            n_vectors=self._vectors.counts,
            number_number=total,
            number_number_error=total_error,
            concentration_concentration=cc,
            concentration_concentration_error=cc_error,
            number_concentration=nc,
            number_concentration_error=nc_error,
            peak=float(means[-1][top]),
            peak_height=Measure(float(total[top]), float(total_error[top]), "", n_effective),
            long_waves=limit,
        )

    def _notes(self, n_blocks: int) -> tuple[str, ...]:
        notes = [f"partial structure factors of {self.definition.title()}"]
        share = "all" if self.vectors == 0 else f"about {self.vectors} of the"
        notes.append(f"{share} wave vectors in each bin, {len(self._vectors.indices)} in all")
        if self._n_others:
            notes.append(f"{self._n_others} other atoms in the cell: their volume contributes to S at small q")
        return (*notes, *notes_on_blocks(n_blocks))


def structure_factor(
    source: FrameSource,
    of: str | None = None,
    q_max: float = 4.0,
    bins: int = 80,
    vectors: int = 200,
    definition: str = "faber-ziman",
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> StructureFactorRecord:
    """Return structure factors; parameters as in `StructureFactor`, ``frames`` as in `FrameOptions`.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, structure_factor
    >>> from nakmd.structures import crystal
    >>> sodium = crystal("Na", 4)
    >>> frame = Frame(0, 0.0, *sodium.cell.wrap(sodium.positions), sodium.cell)
    >>> result = structure_factor(FrameList(sodium.topology, [frame]), q_max=2.5)
    >>> round(result.peak, 1)  # 2π √2 / a
    2.1
    """
    analysis = StructureFactor(of, q_max, bins, vectors, definition)
    return cast(StructureFactorRecord, measure(source, analysis, progress, **frames))
