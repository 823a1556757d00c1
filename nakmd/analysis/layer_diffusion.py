"""Diffusion along the wall, layer by layer, from atoms that stay in their layer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Self, cast

import numpy as np

from nakmd.analysis.base import Record, require_frames
from nakmd.analysis.diffusion import unwrapping_for
from nakmd.analysis.drive import FrameProgress, FrameSource, measure
from nakmd.analysis.geometry.distance_layers import LAYERS, check_edges, layer_names, layer_of, reach_of
from nakmd.analysis.geometry.wall import distances_to_wall, wall_atoms
from nakmd.analysis.named_analysis import INTERFACE, AtomsPresent, NamedAnalysis
from nakmd.analysis.numerics.displacements import error_of_coefficient, fit_window, slope_weights
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.paths import Paths
from nakmd.analysis.plotting import Axes, Figure, figure_for, style
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray, IntArray
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology

#: The straight line begins and ends at the latest here [ps]: few atoms stay in a layer for long.
LATEST = (1.0, 5.0)

#: Lags in the window, and segments of time, at most.
MOST_LAGS = 16
MOST_SEGMENTS = 10

#: Atoms whose paths are looked at together.
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
        Those of the straight line.
    msd : (n_layers, n_lags) float64 [Å²]
        Along the wall (two directions), of atoms that stay.
    staying : (n_layers, n_lags) float64
        Share of the atoms that stay in the layer for that long.
    """

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
                yield Row.of(f"{self.species} along the wall, {layer}", entry)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the MSD of the atoms that stay, and the line of each layer."""
        figure, ax = figure_for(ax)
        for row, (name, found) in enumerate(self.layers.items()):
            if math.isfinite(found.value):
                line = style(row)
                ax.plot(self.lag, self.msd[row], "o", ms=3, color=line["color"], label=f"{name}: {found.text}")
                offset = np.mean(self.msd[row] - 4.0 * found.value * self.lag)
                ax.plot(self.lag, offset + 4.0 * found.value * self.lag, lw=1.2, **line)
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

    S(t, t + τ) are the atoms that are in the layer from a to b at every frame from t to t + τ, N(t) those at t, and
    P(τ) = Σ |S(t, t + τ)| / Σ N(t) their share. Without P the atoms that leave would count as if they had not moved.

    Parameters
    ----------
    species : str
        Species, element or group.
    edges : sequence of float [Å]
        Distances from the nearest wall atom between which the layers lie; the last may be infinite.
    fit : (float, float) [ps], optional
        Window of the straight line (least squares, with intercept). If left out: from 1/20 of the time covered, at
        most 1 ps, to 1/8 of it, at most 5 ps.
    drift, unwrap, memory
        As in `Diffusion`.

    Notes
    -----
    Liu, Harder and Berne divide by 4τ; the slope is used here, which leaves out the first, ballistic part. The mean
    is one over all pairs of atom and origin.

    Only motion along the wall is measured so: across it, the atoms that stay are those that did not go far, and what
    their MSD says is the width of the layer (the paper takes another way for that direction). Directions along a
    tube are those of `WallFrame`.

    The error is that of the linearised ratio: each atom's influence on D, independent from atom to atom unless
    segments of time say otherwise (`error_of_coefficient`).

    References
    ----------
    Liu, Harder & Berne, J. Phys. Chem. B 108, 6595 (2004). doi:10.1021/jp0375057
    """

    name = "layers"
    title = "diffusion along the wall, layer by layer"
    panel = 150
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
        if fit is not None and not 0.0 < fit[0] < fit[1]:
            raise AnalysisError(f"The fit window needs 0 < start < stop in ps, got {fit[0]} to {fit[1]}.")
        self.species, self.fit, self.edges = species, fit, check_edges(edges)
        self._paths = Paths(species, "parallel", drift, unwrap, memory, "Diffusion by layer")

    @classmethod
    def for_atoms(cls, here: AtomsPresent) -> dict[str, Self]:
        """Return one for each metal."""
        return {metal: cls(metal, unwrap=here.unwrap, memory=here.memory) for metal in here.metals}

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms and the wall."""
        self._atoms = np.flatnonzero(self._paths.prepare(topology))
        self._wall = wall_atoms(topology)

    def update(self, frame: Frame) -> None:
        """Extend the paths by one frame, and note the layer of each atom."""
        distances = distances_to_wall(frame, self._wall, self._atoms, reach_of(self.edges))
        self._paths.add(frame, layer_of(distances, self.edges))

    def result(self) -> LayerDiffusionRecord:
        """Return the coefficient of each layer."""
        paths = self._paths
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
        notes = [f"atoms that stay in their layer, line fitted from {times[0]:.4g} to {times[-1]:.4g} ps"]
        for row, name in enumerate(layer_names(self.edges)):
            total = numbers[row].sum(axis=(1, 2))
            staying[row] = np.divide(total, present[row], out=np.zeros(len(lags)), where=present[row] > 0)
            if not np.all(total > 0):
                layers[name] = Measure(math.nan, math.nan, "Å²/ps", 0.0)
                notes.append(f"no atom stays in {name} for {times[-1]:.3g} ps: no coefficient")
                continue
            msd[row] = squares[row].sum(axis=(1, 2)) / total
            value = float(weights @ msd[row])
            # what each atom in each segment of time moves the coefficient by, to first order
            share = (weights / total)[:, None, None]
            influence = np.sum(share * (squares[row] - msd[row][:, None, None] * numbers[row]), axis=0)
            # the mean was drawn towards each by its share of the data (the correction HC2 of linear models)
            stays = numbers[row, len(lags) // 2]
            per_atom = stays.sum(axis=0)
            shares, share_of_atom = stays / stays.sum(), per_atom / stays.sum()
            error, samples, _, said = error_of_coefficient(
                value + m * influence.sum(axis=0) / np.sqrt(np.maximum(1.0 - share_of_atom, 0.1)),
                value + m * n_segments * influence / np.sqrt(np.maximum(1.0 - shares, 0.1)),
            )
            contributing = float(per_atom.sum() ** 2 / np.sum(per_atom**2))
            layers[name] = Measure(value, error, "Å²/ps", min(samples, contributing))
            notes += [f"{name}: {word}" for word in said]
        return LayerDiffusionRecord(
            quantity=f"diffusion of {self.species} along the wall",
            value=np.array([found.value for found in layers.values()]),
            error=np.array([found.error for found in layers.values()]),
            unit="Å²/ps",
            n_effective=min(found.n_effective for found in layers.values()),
            notes=(*notes, *paths.notes),
            species=self.species,
            edges=np.array(self.edges),
            layers=layers,
            lag=times,
            msd=msd,
            staying=staying,
        )

    def _sums(self, lags: IntArray, n_segments: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return squared displacements and numbers of stays, (layers, lags, segments, atoms), and atoms present."""
        paths = self._paths
        n, m, n_layers = len(paths.rows), paths.n_atoms, len(self.edges) - 1
        shape = (n_layers, len(lags), n_segments, m)
        squares, numbers, present = np.zeros(shape), np.zeros(shape), np.zeros((n_layers, len(lags)))
        for start in range(0, m, CHUNK):
            chunk = slice(start, start + CHUNK)
            r = paths.stacked(chunk)
            layer = np.stack([row[chunk] for row in paths.labels])
            stays = np.zeros(layer.shape, dtype=np.int32)  # for how many more frames
            for t in range(n - 2, -1, -1):
                stays[t] = np.where(layer[t] == layer[t + 1], stays[t + 1] + 1, 0)
            for column, lag in enumerate(lags):
                moved = np.sum((r[lag:] - r[:-lag]) ** 2, axis=2)
                edges = np.unique(np.arange(n_segments) * (n - lag) // n_segments)
                for row in range(n_layers):
                    here = layer[:-lag] == row
                    present[row, column] += here.sum()
                    alive = here & (stays[:-lag] >= lag)
                    found = np.add.reduceat(alive.astype(np.float64), edges, axis=0)
                    numbers[row, column, : len(edges), chunk] = found
                    squares[row, column, : len(edges), chunk] = np.add.reduceat(moved * alive, edges, axis=0)
        return squares, numbers, present


def layer_diffusion(
    source: FrameSource,
    species: str = "K",
    edges: Sequence[float] = LAYERS,
    fit: tuple[float, float] | None = None,
    drift: str | None = "all",
    memory: float = 1e9,
    stage: str | Sequence[str] | None = None,
    progress: FrameProgress | None = None,
) -> LayerDiffusionRecord:
    """Return the diffusion along the wall by layer; parameters as in `LayerDiffusion`."""
    analysis = LayerDiffusion(species, edges, fit, drift, unwrapping_for(source), memory)
    return cast(LayerDiffusionRecord, measure(source, analysis, stage, progress))
