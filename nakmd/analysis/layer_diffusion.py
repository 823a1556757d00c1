"""Diffusion along the wall, layer by layer, from atoms that stay in their layer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Self, Unpack, cast

import numpy as np

from nakmd.analysis.base import Record, require_frames
from nakmd.analysis.diffusion import unwrapping_for
from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.distance_layers import LAYERS, check_edges, layer_names, layer_of, reach_of
from nakmd.analysis.geometry.wall import distances_to_wall, wall_atoms
from nakmd.analysis.named_analysis import INTERFACE, AtomsPresent, NamedAnalysis
from nakmd.analysis.numerics.displacements import check_fit, error_of_coefficient, fit_window, slope_weights
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.paths import Paths
from nakmd.analysis.plotting import Axes, Figure, figure_for, style
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray, IntArray
from nakmd.system import Frame, Topology

#: Upper limits [ps] of the start and the end of the default fit window: few atoms stay in a layer for long.
LATEST = (1.0, 5.0)

#: Largest number of lags in the fit window, and of time segments.
MOST_LAGS = 16
MOST_SEGMENTS = 10

#: Number of atoms whose paths are processed together.
CHUNK = 512


class LayerDiffusionRecord(Record):
    """Diffusion along the wall in each layer: ``value`` and ``error`` are (n_layers,).

    Attributes
    ----------
    species : str
    edges : (n_layers + 1,) float64 [Å]
        Distances from the nearest wall atom.
    layers : dict of str to Measure [Å²/ps]
    lag : (n_lags,) float64 [ps]
        Lags of the fit window.
    msd : (n_layers, n_lags) float64 [Å²]
        Mean squared displacement along the wall (two directions) of atoms that stay in the layer.
    staying : (n_layers, n_lags) float64
        Fraction of the atoms that stay in the layer for that lag.
    """

    curve_tables = (
        RecordCurve("msd", {"layer": "layers", "lag [ps]": "lag"}, {"msd [Å²]": "msd", "staying": "staying"}),
    )

    species: str
    edges: FloatArray
    layers: dict[str, Measure] = field(default_factory=dict)
    lag: FloatArray
    msd: FloatArray
    staying: FloatArray

    def __str__(self) -> str:
        return "\n".join(f"{self.quantity}, {name}: {measure}" for name, measure in self.layers.items())

    def rows(self) -> Iterator[Row]:
        """Yield the lines of the table of results."""
        for layer, entry in self.layers.items():
            if math.isfinite(entry.value):
                yield Row.of(f"{self.species} along the wall, {layer}", entry, law="arrhenius")

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the MSD of the atoms that stay, and the fitted line of each layer."""
        figure, ax = figure_for(ax)
        for row, (name, coefficient) in enumerate(self.layers.items()):
            if math.isfinite(coefficient.value):
                line = style(row)
                ax.plot(self.lag, self.msd[row], "o", ms=3, color=line["color"], label=f"{name}: {coefficient.text}")
                offset = np.mean(self.msd[row] - 4.0 * coefficient.value * self.lag)
                ax.plot(self.lag, offset + 4.0 * coefficient.value * self.lag, lw=1.2, **line)
        ax.set(xlabel="t / ps", ylabel=f"MSD of {self.species} along the wall / Å²", xlim=(0.0, None), ylim=(0.0, None))
        ax.legend(fontsize="small")
        return figure


class LayerDiffusion(NamedAnalysis):
    r"""Diffusion coefficient along the wall of the atoms in each layer.

    .. math:: D_\parallel = \frac{1}{4} \frac{\mathrm{d}}{\mathrm{d}\tau}
              \frac{\langle \Delta r_\parallel^2(\tau) \rangle_{a,b}}{P(\tau)} , \qquad
              \langle \Delta r_\parallel^2(\tau) \rangle_{a,b} =
              \frac{\sum_t \sum_{i \in S(t, t + \tau)} |r_{\parallel,i}(t + \tau) - r_{\parallel,i}(t)|^2}
                   {\sum_t N(t)}

    S(t, t + τ) is the set of atoms in the layer from a to b at every frame from t to t + τ, N(t) the number in it at t,
    and P(τ) = Σ |S(t, t + τ)| / Σ N(t) their fraction. Without P, atoms that leave would count as not having moved.

    Parameters
    ----------
    species : str
        Species, element or group.
    edges : sequence of float [Å]
        Edges of the layers, as distances from the nearest wall atom; the last may be infinite.
    fit : (float, float) [ps], optional
        Window of the linear fit (least squares, with intercept). Default: from 1/20 of the time covered, at most
        1 ps, to 1/8 of it, at most 5 ps.
    drift, unwrap, memory
        As in `Diffusion`.

    Notes
    -----
    Liu, Harder and Berne divide by 4τ; here the slope is used, which excludes the initial ballistic part. The mean is
    over all pairs of atom and time origin.

    The method applies to motion along the wall only. Across it, the atoms that stay are those that did not move far,
    and their MSD measures the width of the layer (the paper uses another method for that direction). Directions along
    a tube are those of `WallFrame`.

    The error is that of the linearised ratio, from the influence of each atom on D. Atoms are taken as independent
    unless time segments show that they move together (`error_of_coefficient`).

    References
    ----------
    Liu, Harder & Berne, J. Phys. Chem. B 108, 6595 (2004). doi:10.1021/jp0375057
    """

    name = "layers"
    title = "diffusion along the wall, by layer"
    panel = 150
    needs_dynamics = True
    atoms = INTERFACE
    keeps_paths = True

    def __init__(
        self,
        species: str = "K",
        edges: Sequence[float] = LAYERS,
        fit: tuple[float, float] | None = None,
        drift: str | None = "all",
        unwrap: str = "images",
        memory: float = 1e9,
    ) -> None:
        check_fit(fit)
        self.species, self.fit, self.edges = species, fit, check_edges(edges)
        self._paths = Paths(species, "parallel", drift, unwrap, memory, "Diffusion by layer")

    @classmethod
    def for_atoms(cls, present: AtomsPresent) -> dict[str, Self]:
        """Return one for each metal."""
        return {metal: cls(metal, unwrap=present.unwrap, memory=present.memory) for metal in present.metals}

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms and the wall."""
        self._atoms = np.flatnonzero(self._paths.prepare(topology))
        self._wall = wall_atoms(topology)

    def update(self, frame: Frame) -> None:
        """Extend the paths by one frame, and store the layer of each atom."""
        distances = distances_to_wall(frame, self._wall, self._atoms, reach_of(self.edges))
        self._paths.add(frame, layer_of(distances, self.edges))

    def result(self) -> LayerDiffusionRecord:
        """Return the coefficient of each layer."""
        paths = self._paths
        paths.check()
        n, m = len(paths.rows), paths.n_atoms
        require_frames(n, 4, "Diffusion by layer")
        low, high = fit_window(self.fit, n, paths.step, LATEST)
        lags = np.unique(np.round(np.linspace(low, high, min(MOST_LAGS, high - low + 1))).astype(int))
        n_segments = min(MOST_SEGMENTS, max(1, int((n - 1) / (1.25 * high))))
        squares, numbers, present = self._sums(lags, n_segments)

        times = lags * paths.step
        weights = slope_weights(times) / 4.0
        n_layers = len(self.edges) - 1
        layers, msd, staying = {}, np.full((n_layers, len(lags)), math.nan), np.zeros((n_layers, len(lags)))
        notes = [f"atoms that stay in their layer, linear fit from {times[0]:.4g} to {times[-1]:.4g} ps"]
        for row, name in enumerate(layer_names(self.edges)):
            total = numbers[row].sum(axis=(1, 2))
            staying[row] = np.divide(total, present[row], out=np.zeros(len(lags)), where=present[row] > 0)
            if not np.all(total > 0):
                layers[name] = Measure(math.nan, math.nan, "Å²/ps", 0.0)
                notes.append(f"no atom stays in {name} for {times[-1]:.3g} ps: no coefficient")
                continue
            msd[row] = squares[row].sum(axis=(1, 2)) / total
            value = float(weights @ msd[row])
            # influence of each atom in each time segment on the coefficient, to first order
            scaled = (weights / total)[:, None, None]
            influence = np.sum(scaled * (squares[row] - msd[row][:, None, None] * numbers[row]), axis=0)
            # each residual is reduced by its own leverage on the mean (the correction HC2 of linear models)
            stays = numbers[row, len(lags) // 2]
            per_atom = stays.sum(axis=0)
            shares, share_of_atom = stays / stays.sum(), per_atom / stays.sum()
            error, samples, _, remarks = error_of_coefficient(
                value + m * influence.sum(axis=0) / np.sqrt(np.maximum(1.0 - share_of_atom, 0.1)),
                value + m * n_segments * influence / np.sqrt(np.maximum(1.0 - shares, 0.1)),
            )
            contributing = float(per_atom.sum() ** 2 / np.sum(per_atom**2))
            layers[name] = Measure(value, error, "Å²/ps", min(samples, contributing))
            notes += [f"{name}: {remark}" for remark in remarks]
        return LayerDiffusionRecord(
            quantity=f"diffusion of {self.species} along the wall",
            value=np.array([coefficient.value for coefficient in layers.values()]),
            error=np.array([coefficient.error for coefficient in layers.values()]),
            unit="Å²/ps",
            n_effective=min(coefficient.n_effective for coefficient in layers.values()),
            notes=(*notes, *paths.notes),
            species=self.species,
            edges=np.array(self.edges),
            layers=layers,
            lag=times,
            msd=msd,
            staying=staying,
        )

    def _sums(self, lags: IntArray, n_segments: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return sums over time origins.

        Returns
        -------
        squares, numbers : (n_layers, n_lags, n_segments, n_atoms) float64
            Squared displacements [Å²] of the atoms that stay, and their number.
        present : (n_layers, n_lags) float64
            Number of atoms in the layer.
        """
        paths = self._paths
        n, m, n_layers = len(paths.rows), paths.n_atoms, len(self.edges) - 1
        shape = (n_layers, len(lags), n_segments, m)
        squares, numbers, present = np.zeros(shape), np.zeros(shape), np.zeros((n_layers, len(lags)))
        for start in range(0, m, CHUNK):
            chunk = slice(start, start + CHUNK)
            r = paths.stacked(chunk)
            layer = np.stack([row[chunk] for row in paths.labels])
            stays = np.zeros(layer.shape, dtype=np.int32)  # number of further frames in the same layer
            for t in range(n - 2, -1, -1):
                stays[t] = np.where(layer[t] == layer[t + 1], stays[t + 1] + 1, 0)
            for column, lag in enumerate(lags):
                moved = np.sum((r[lag:] - r[:-lag]) ** 2, axis=2)
                edges = np.unique(np.arange(n_segments) * (n - lag) // n_segments)
                for row in range(n_layers):
                    in_layer = layer[:-lag] == row
                    present[row, column] += in_layer.sum()
                    staying = in_layer & (stays[:-lag] >= lag)
                    counts = np.add.reduceat(staying.astype(np.float64), edges, axis=0)
                    numbers[row, column, : len(edges), chunk] = counts
                    squares[row, column, : len(edges), chunk] = np.add.reduceat(moved * staying, edges, axis=0)
        return squares, numbers, present


def layer_diffusion(
    source: FrameSource,
    species: str = "K",
    edges: Sequence[float] = LAYERS,
    fit: tuple[float, float] | None = None,
    drift: str | None = "all",
    memory: float = 1e9,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> LayerDiffusionRecord:
    """Return the diffusion along the wall by layer; parameters as in `LayerDiffusion`.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame, System
    >>> from nakmd.analysis import FrameList, layer_diffusion
    >>> from nakmd.structures import combine, graphene
    >>> sheet, random = graphene(repeats=(6, 4), vacuum=20.0), np.random.default_rng(1)
    >>> start = random.uniform(size=(40, 3)) @ sheet.cell.matrix
    >>> start[:, 2] = sheet.positions[0, 2] + 3.0
    >>> wet = combine([sheet, System(start, [0] * 40, ["K"], sheet.cell)])
    >>> steps = np.zeros((150, wet.n_atoms, 3))
    >>> steps[:, sheet.n_atoms :, :2] = random.normal(0.0, 0.3, (150, 40, 2))  # D = 0.45 Å²/ps along the wall
    >>> walk = steps.cumsum(axis=0)
    >>> frames = [Frame(k, 0.1 * k, *wet.cell.wrap(wet.positions + x), wet.cell) for k, x in enumerate(walk)]
    >>> result = layer_diffusion(FrameList(wet.topology, frames), "K", drift=None)
    >>> result.layers["0-5 Å"].text
    '0.46 ± 0.03 Å²/ps'
    """
    analysis = LayerDiffusion(species, edges, fit, drift, unwrapping_for(source), memory)
    return cast(LayerDiffusionRecord, measure(source, analysis, progress, **frames))
