"""Gibbs excess of one metal relative to another at the wall, and enrichment by layer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import field
from typing import Self, Unpack, cast

import numpy as np

from nakmd.analysis.base import Record, require_frames
from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.layering import Layer, check_bulk, find_layers
from nakmd.analysis.geometry.profile import Profile
from nakmd.analysis.geometry.wall import wall_atoms
from nakmd.analysis.named_analysis import AtomsNeeded, AtomsPresent
from nakmd.analysis.numerics.jackknife import jackknife
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.profile_analysis import ProfileAnalysis
from nakmd.analysis.table_row import Row
from nakmd.arrays import BoolArray, FloatArray
from nakmd.system import Topology

#: Largest number of layers reported.
MOST_LAYERS = 4


class GibbsExcessRecord(Record):
    """Relative adsorption [atoms/Å²], over all sides of the wall that have a bulk; positive where ``of`` is enriched.

    Attributes
    ----------
    of, over : str
        The two metals.
    by_side : dict of str to Measure [1/Å²]
    excess : dict of (str, str) to Measure [1/Å²]
        Excess of each metal, by side and metal, with the dividing surface at the carbon nuclei.
    layers : dict of str to tuple of Layer
        By side.
    enrichment : dict of (str, int) to Measure
        By side and layer number, from 1: (N_of/N_over) in the layer divided by that in the bulk.
    bulk_composition : dict of str to Measure
        Fraction of ``of`` among the two metals in the bulk, by side.
    bulk : dict of str to (float, float) [Å]
        Range of the bulk, by side.
    """

    of: str
    over: str
    by_side: dict[str, Measure] = field(default_factory=dict)
    excess: dict[tuple[str, str], Measure] = field(default_factory=dict)
    layers: dict[str, tuple[Layer, ...]] = field(default_factory=dict)
    enrichment: dict[tuple[str, int], Measure] = field(default_factory=dict)
    bulk_composition: dict[str, Measure] = field(default_factory=dict)
    bulk: dict[str, tuple[float, float]] = field(default_factory=dict)

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the results table."""
        for side, entry in self.by_side.items():
            yield Row.of(f"Gibbs excess of {self.of} relative to {self.over}, {side}", entry)
            yield Row.of(f"  share of {self.of} in the bulk", self.bulk_composition[side])
        for (side, number), entry in self.enrichment.items():
            end = self.layers[side][number - 1].end
            key = f"enrichment {self.of}/{self.over} in layer {number} {side}"
            yield Row.of(f"  {key}, to {end:.1f} Å", entry, key=key, law="ratio")

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the enrichment of each layer over its extent."""
        figure, ax = figure_for(ax)
        for row, (side, layers) in enumerate(self.layers.items()):
            for number, layer in enumerate(layers[:MOST_LAYERS], start=1):
                factor = self.enrichment[side, number]
                label = side if number == 1 else None
                ax.plot([layer.start, layer.end], [factor.value] * 2, color=COLORS[row], lw=2, label=label)
                ax.errorbar(layer.peak, factor.value, factor.error, color=COLORS[row], marker="o", capsize=3)
        ax.axhline(1.0, color="0.7", lw=0.8, zorder=0)
        ax.set(xlabel="distance from the wall / Å", ylabel=f"enrichment {self.of}/{self.over}")
        if any(self.layers.values()):
            ax.legend(fontsize="small")
        return figure


class GibbsExcess(ProfileAnalysis):
    r"""Relative adsorption of one metal with respect to another, and enrichment by layer.

    .. math:: \Gamma_K^{(Na)} = \Gamma_K - \Gamma_{Na} \frac{\rho_K^b}{\rho_{Na}^b}
              = \frac{1}{A} \left( N_K - N_{Na} \frac{\rho_K^b}{\rho_{Na}^b} \right)

    with N the number of atoms from the wall to any point in the bulk (here: its start). The dividing surface is that
    of zero excess of the other metal; for a flat wall the result is independent of its position.

    .. math:: \xi_l = \frac{(N_K/N_{Na})_l}{\rho_K^b/\rho_{Na}^b}

    Parameters
    ----------
    of, over : str
        The two metals.
    bulk : (float, float) [Å], optional
        Range of distances that is bulk. Default: from 10 Å to 7 Å before the density of a free surface decays
        (`find_bulk`).
    width : float [Å]
        Bin width.

    Notes
    -----
    The area of a tube is that of the cylinder through its nuclei, 2πRL; that of sheets counts both faces where both
    have a bulk; `by_side` gives each separately. Layers are bounded by minima of the total density of both metals.

    The bulk is the region far from the wall in the same cell, not the average of the cell: a small cell is depleted
    by its own interface.

    Errors are from the jackknife over blocks of frames.

    References
    ----------
    Relative adsorption: J. S. Rowlinson & B. Widom, Molecular Theory of Capillarity, Oxford (1982), chapter 2.
    """

    name = "gibbs_excess"
    title = "Gibbs excess of one metal relative to the other at the wall"
    panel = 130
    atoms = AtomsNeeded("a wall (C, N) and two metals", lambda present: bool(present.walls) and len(present.metals) > 1)

    def __init__(
        self, of: str = "K", over: str = "Na", bulk: tuple[float, float] | None = None, width: float = 0.1
    ) -> None:
        check_bulk(bulk)
        self.of, self.over, self.bulk = of, over, bulk
        super().__init__(Profile((of, over), width=width))

    @classmethod
    def for_atoms(cls, present: AtomsPresent) -> dict[str, Self]:
        """Return one analysis: potassium relative to sodium if both are present, the convention for NaK."""
        of, over = sorted(present.metals, key=lambda metal: (metal != "K", metal))[:2]
        return {"": cls(of, over)}

    def prepare(self, topology: Topology) -> None:
        """Select the atoms."""
        wall_atoms(topology)  # Profile accepts systems without a wall
        super().prepare(topology)

    def result(self) -> GibbsExcessRecord:
        """Return excess and enrichment."""
        profile = self._profile
        require_frames(profile.sums.count, 2, "The Gibbs excess")
        mean, blocks, edges = profile.sums.mean, profile.sums.block_means(), profile.edges
        bulks = profile.bulks(self.bulk)

        def relative(table: FloatArray) -> FloatArray:
            adsorbed = np.array([_excess(table[row], bulk)[2] for row, bulk in bulks.items()])
            areas = np.array([table[row, 3, 0] for row in bulks])
            return np.array([np.sum(adsorbed) / np.sum(areas), *(adsorbed / areas)])

        values = relative(mean)
        errors, n_effective = jackknife(blocks, relative)
        by_side, excess, layers, enrichment, composition, ranges = {}, {}, {}, {}, {}, {}
        for k, (row, bulk) in enumerate(bulks.items()):
            side = profile.sides[row]
            by_side[side] = Measure(float(values[k + 1]), float(errors[k + 1]), "1/Å²", n_effective)
            ranges[side] = (float(edges[:-1][bulk].min()), float(edges[1:][bulk].max()))
            frames = profile.sums.count
            candidates = find_layers(edges, mean[row, :2].sum(axis=0) * frames, mean[row, 2] * frames)
            layers[side] = tuple(layer for layer in candidates if layer.end <= ranges[side][0] + 1e-9)[:MOST_LAYERS]
            excesses, composition[side], factors = _of_side(mean[row], blocks[:, row], bulk, edges, layers[side])
            excess.update({(side, name): part for name, part in zip((self.of, self.over), excesses)})
            enrichment.update({(side, number): factor for number, factor in enumerate(factors, start=1)})
        return GibbsExcessRecord(
            quantity=f"Gibbs excess of {self.of} relative to {self.over}",
            value=float(values[0]),
            error=float(errors[0]),
            unit="1/Å²",
            n_effective=n_effective,
            notes=(
                f"relative adsorption: the dividing surface is that of zero excess of {self.over}",
                *(f"bulk {side}: {start:.1f} to {end:.1f} Å" for side, (start, end) in ranges.items()),
                *profile.notes(),
            ),
            of=self.of,
            over=self.over,
            by_side=by_side,
            excess=excess,
            layers=layers,
            enrichment=enrichment,
            bulk_composition=composition,
            bulk=ranges,
        )


def _excess(table: FloatArray, bulk: BoolArray) -> FloatArray:
    """Return the excess of each metal and the relative excess of the first, (3,), in atoms.

    Parameters
    ----------
    table : (4, n_bins) float64
        Number of atoms of the two metals, volume, area.
    bulk : (n_bins,) bool
    """
    before = slice(0, int(np.argmax(bulk)))
    atoms, volume = table[:2, before].sum(axis=1), table[2, before].sum()
    density = table[:2, bulk].sum(axis=1) / table[2, bulk].sum()
    excess = atoms - density * volume
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.array([*excess, atoms[0] - atoms[1] * density[0] / density[1]])


def _of_side(
    mean: FloatArray,
    blocks: FloatArray,
    bulk: BoolArray,
    edges: FloatArray,
    layers: tuple[Layer, ...],
) -> tuple[list[Measure], Measure, list[Measure]]:
    """Return the excess of each metal, the fraction of the first in the bulk, and the enrichment of the layers."""

    def numbers(table: FloatArray) -> FloatArray:
        far = table[:2, bulk].sum(axis=1)
        factors = [_enrichment(table, bulk, edges, layer) for layer in layers]
        return np.array([*(_excess(table, bulk)[:2] / table[3, 0]), far[0] / far.sum(), *factors])

    values = numbers(mean)
    measures = []
    for k, value in enumerate(values):
        # separately, because each quantity has its own correlation time
        error, n_effective = jackknife(blocks, lambda table, k=k: numbers(table)[k])  # type: ignore[misc]
        measures.append(Measure(float(value), float(error), "1/Å²" if k < 2 else "", n_effective))
    return measures[:2], measures[2], measures[3:]


def _enrichment(table: FloatArray, bulk: BoolArray, edges: FloatArray, layer: Layer) -> float:
    """Return the enrichment of one layer; ``table`` as in `_excess`."""
    middles = 0.5 * (edges[1:] + edges[:-1])
    inside = (middles >= layer.start) & (middles < layer.end)
    a, b = table[:2, inside].sum(axis=1)
    far_a, far_b = table[:2, bulk].sum(axis=1)
    return float(a * far_b / (b * far_a)) if b > 0.0 and far_a > 0.0 else math.nan


def gibbs_excess(
    source: FrameSource,
    of: str = "K",
    over: str = "Na",
    bulk: tuple[float, float] | None = None,
    width: float = 0.1,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> GibbsExcessRecord:
    """Return relative adsorption and enrichment; parameters as in `GibbsExcess`, ``frames`` as in `FrameOptions`.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame, System
    >>> from nakmd.analysis import FrameList, gibbs_excess
    >>> from nakmd.structures import combine, graphene
    >>> sheet, random = graphene(repeats=(6, 4), vacuum=20.0), np.random.default_rng(1)
    >>> kinds = [0] * 60 + [1] * 60
    >>> def gas():
    ...     return System(random.uniform(size=(120, 3)) @ sheet.cell.matrix, kinds, ["Na", "K"], sheet.cell)
    >>> systems = [combine([sheet, gas()]) for _ in range(50)]
    >>> frames = [Frame(k, 0.1 * k, *s.cell.wrap(s.positions), s.cell) for k, s in enumerate(systems)]
    >>> gibbs_excess(FrameList(systems[0].topology, frames), bulk=(10.0, 18.0)).text  # none at random
    '0.003 ± 0.003 1/Å²'
    """
    return cast(GibbsExcessRecord, measure(source, GibbsExcess(of, over, bulk, width), progress, **frames))
