"""Self-diffusion from the mean squared displacement over all time origins."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Self, Unpack, cast

import numpy as np

from nakmd.analysis.base import Record, require_frames
from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.named_analysis import METAL, AtomsPresent, NamedAnalysis
from nakmd.analysis.numerics.displacements import (
    check_fit,
    error_of_coefficient,
    exponent_of,
    fit_window,
    mean_squared_displacements,
    segment_slopes,
    slope_weights,
)
from nakmd.analysis.paths import WALL_DIRECTIONS, Paths, axes_of
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray
from nakmd.system import Frame, Topology

#: Atoms per chunk of the Fourier transforms, and least number of positions per chunk if there are few frames.
CHUNK, CHUNK_POSITIONS = 128, 1 << 15


class DiffusionRecord(Record):
    """A diffusion coefficient [Å²/ps] and the mean squared displacement it is fitted to.

    Attributes
    ----------
    species : str
    directions : str
    lengths : (3,) float64 [Å]
        Mean lengths of the cell vectors.
    lag : (m,) float64 [ps]
    msd, msd_error : (m,) float64 [Å²]
        Sum over the directions; the error is that of the mean over atoms.
    fit : tuple of float [ps]
        First and last lag of the linear fit.
    intercept : float [Å²]
    exponent, exponent_error : float
        d log MSD / d log t in the window; 1 for diffusive motion.
    unwrap : {"images", "nearest"}
        How paths were unwrapped; see `Diffusion`.
    diffusive : bool
        False if the exponent differs from 1 by more than 0.1 beyond twice its error.
    """

    curve_tables = (RecordCurve("msd", {"lag [ps]": "lag"}, {"msd [Å²]": "msd", "error [Å²]": "msd_error"}),)

    species: str
    directions: str
    lengths: FloatArray
    lag: FloatArray
    msd: FloatArray
    msd_error: FloatArray
    fit: tuple[float, float]
    intercept: float
    exponent: float
    exponent_error: float
    diffusive: bool
    unwrap: str = "images"

    def __str__(self) -> str:
        text = super().__str__()
        return text if self.diffusive else f"{text} [not diffusive: MSD ~ t^{self.exponent:.2f}]"

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the results table."""
        notes = [] if self.diffusive else [f"not diffusive: MSD ~ t^{self.exponent:.2f}"]
        if self.unwrap == "nearest":
            notes.append("no image counts: paths to the nearest image")
        yield Row.of(f"diffusion of {self.species}", self, "; ".join(notes), law="arrhenius")

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the MSD, its error band and the fitted line."""
        figure, ax = figure_for(ax)
        ax.plot(self.lag, self.msd, color=COLORS[0], label=f"{self.species} ({self.directions})")
        low, high = self.msd - self.msd_error, self.msd + self.msd_error
        ax.fill_between(self.lag, low, high, color=COLORS[0], alpha=0.3, lw=0)
        window = np.array(self.fit)
        line = self.intercept + 2 * len(axes_of(self.directions)) * self.value * window
        ax.plot(window, line, color=COLORS[1], lw=2, label=f"D = {self.text}")
        ax.set(xlabel="t / ps", ylabel="MSD / Å²", xlim=(0.0, None), ylim=(0.0, None))
        ax.legend(fontsize="small")
        return figure


class Diffusion(NamedAnalysis):
    r"""Diffusion coefficient of one kind of atom from a linear fit of its MSD.

    .. math:: D = \frac{1}{2d} \, \frac{\mathrm{d}}{\mathrm{d}t} \left\langle |r(s + t) - r(s)|^2
        \right\rangle_{s,\,i}

    Parameters
    ----------
    species : str
        Species, element or group.
    directions : str
        Some of ``"xyz"``: d is their number; ``"z"`` is along a tube. Or ``"parallel"`` (d = 2) or
        ``"perpendicular"`` (d = 1) to the wall, in the frame of `WallFrame`.
    fit : (float, float) [ps], optional
        Window of the linear fit (least squares, with intercept). Default: from 1/20 of the time
        covered, at most 2 ps, to 1/8 of it, at most 20 ps.
    drift : str or None
        Atoms whose centre-of-mass motion is subtracted; default ``"all"``; None subtracts nothing.
    unwrap : {"images", "nearest"}
        Unwrap positions with the image counts of the frames, or, for frames without them, with the nearest
        image from frame to frame (refused if atoms may move half a cell between two frames: `Paths.check`).
    memory : float [bytes]
        Limit for the stored paths (8 bytes per frame, atom and direction). When it is reached every other
        frame is dropped: the paths remain exact, the lags become coarser. The record notes it.

    Notes
    -----
    **Paths.** Displacements are accumulated frame by frame,
    Δ = (w' - w) + (n' - n) h', with w the wrapped position, n the image counts, h the cell, primes for the
    later frame. This is the toroidal-view-preserving scheme with known image counts: in a cell that
    changes, n' h' - n h would turn every fluctuation of the cell into a jump of an atom that is many cells away.

    **Error.** D is linear in the MSD, so each atom has its own D and the error is their standard deviation over
    √N, which is valid for atoms that move independently. If there are few atoms, their paths are divided into time
    segments. Time segments of all atoms together test the independence: if their spread is significantly larger
    (F test, 5 %), it is used.

    **Near a wall** atoms remain for some time within a layer, and normal to the wall the MSD is that of confined
    motion; ``diffusive`` reports it. `LayerDiffusion` treats layers separately.

    References
    ----------
    Paths in a cell that changes: Bullerjahn et al., J. Chem. Theory Comput. 19, 3406 (2023).
    doi:10.1021/acs.jctc.3c00308
    Paths in a cell that changes: von Bülow, Bullerjahn & Hummer, J. Chem. Phys. 153, 021101 (2020).
    doi:10.1063/5.0008316
    """

    name = "diffusion"
    title = "self-diffusion coefficient of each metal (mean squared displacement)"
    panel = 80
    needs_dynamics = True
    atoms = METAL
    keeps_paths = True

    def __init__(
        self,
        species: str = "K",
        directions: str = "xyz",
        fit: tuple[float, float] | None = None,
        drift: str | None = "all",
        unwrap: str = "images",
        memory: float = 1e9,
    ) -> None:
        check_fit(fit)
        self.species = species
        self.directions = directions
        self.fit = fit
        self._paths = Paths(species, directions, drift, unwrap, memory, "Diffusion")

    @classmethod
    def for_atoms(cls, present: AtomsPresent) -> dict[str, Self]:
        """Return one for each metal."""
        return {metal: cls(metal, unwrap=present.unwrap, memory=present.memory) for metal in present.metals}

    def atoms_read(self, topology: Topology) -> tuple[str, ...]:
        """Return the atoms that it follows."""
        return self._paths.atoms_read

    def prepare(self, topology: Topology) -> None:
        """Select the atoms."""
        self._paths.prepare(topology)
        self._lengths: list[FloatArray] = []

    def update(self, frame: Frame) -> None:
        """Extend the paths by one frame."""
        self._paths.add(frame)
        self._lengths.append(frame.cell.lengths)

    def result(self) -> DiffusionRecord:
        """Return the diffusion coefficient."""
        paths_of = self._paths
        paths_of.check()
        n, n_atoms, d = len(paths_of.rows), paths_of.n_atoms, paths_of.dimensions
        require_frames(n, 4, "Diffusion")
        step = paths_of.step
        low, high = fit_window(self.fit, n, step)
        n_lags = max(high + 1, n // 2 + 1)
        times = _times(low, high, step)
        weights = slope_weights(times) / (2 * d)

        n_segments = int((n - 1) / (1.25 * high))
        coefficients, segments = np.zeros(n_atoms), np.zeros((n_segments, n_atoms))
        curve, curve_squares = np.zeros(n_lags), np.zeros(n_lags)
        window_curves = np.zeros((high + 1 - low, n_atoms))
        size = max(CHUNK, CHUNK_POSITIONS // n)
        for start in range(0, n_atoms, size):
            chunk = slice(start, start + size)
            paths = paths_of.stacked(chunk)
            msd = mean_squared_displacements(paths)
            curve += msd[:n_lags].sum(axis=1)
            curve_squares += (msd[:n_lags] ** 2).sum(axis=1)
            window_curves[:, chunk] = msd[low : high + 1]
            coefficients[chunk] = weights @ msd[low : high + 1]
            segments[:, chunk] = segment_slopes(paths, n_segments, low, high, weights)
        curve /= n_atoms
        window = curve[low : high + 1]
        value = float(weights @ window)

        error, n_effective, together, notes = error_of_coefficient(coefficients, segments)
        exponent, exponent_error = exponent_of(times, window_curves)
        if together:  # atoms are correlated, so their spread is no estimate; use the relative error of D
            exponent_error = error / abs(value) if value != 0.0 else math.inf
        diffusive = math.isfinite(exponent) and not abs(exponent - 1.0) - 2.0 * exponent_error > 0.1
        if not math.isfinite(exponent):
            notes.append("no atom moves: the MSD is zero")
        elif not diffusive:
            notes.append(f"MSD grows as t^{exponent:.2f} in the window, not as t: not diffusive yet, or confined")
        notes.append(
            f"line fitted from {low * step:.4g} to {high * step:.4g} ps of {step * (n - 1):.4g} ps, "
            + (
                f"{n_atoms} atoms, centre-of-mass motion of {paths_of.drift!r} subtracted"
                if paths_of.drift
                else f"{n_atoms} atoms, drift not subtracted"
            )
        )
        notes += paths_of.notes
        spread = np.maximum(curve_squares / n_atoms - curve**2, 0.0)
        msd_error = np.sqrt(spread / (n_atoms - 1)) if n_atoms > 1 else np.full(n_lags, math.nan)
        return DiffusionRecord(
            quantity=f"diffusion of {self.species}" + along(self.directions),
            value=value,
            error=error,
            unit="Å²/ps",
            n_effective=n_effective,
            notes=tuple(notes),
            species=self.species,
            directions=self.directions,
            lengths=np.mean(self._lengths, axis=0),
            lag=_times(0, n_lags - 1, step),
            msd=curve,
            msd_error=msd_error,
            fit=(low * step, high * step),
            intercept=float(window.mean() - 2 * d * value * times.mean()),
            exponent=exponent,
            exponent_error=exponent_error,
            diffusive=diffusive,
            unwrap="nearest" if paths_of.to_nearest else "images",
        )


def along(directions: str) -> str:
    """Return the directions as a suffix of the quantity; empty for all three."""
    if directions in WALL_DIRECTIONS:
        return f" {directions} to the wall"
    return "" if len(directions) == 3 else f" along {directions}"


def _times(first: int, last: int, step: float) -> FloatArray:
    """Return the lag times [ps] of frames ``first`` to ``last``."""
    return np.arange(first, last + 1, dtype=np.float64) * step


def diffusion(
    source: FrameSource,
    species: str = "K",
    directions: str = "xyz",
    fit: tuple[float, float] | None = None,
    drift: str | None = "all",
    memory: float = 1e9,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> DiffusionRecord:
    """Return the diffusion coefficient; parameters as in `Diffusion`, ``frames`` as in `FrameOptions`.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, diffusion
    >>> from nakmd.structures import liquid
    >>> melt, random = liquid(1.0, 450.0, n_atoms=60), np.random.default_rng(1)
    >>> walk = random.normal(0.0, 0.3, (200, 60, 3)).cumsum(axis=0)  # D = 0.3² / (2 · 0.1 ps)
    >>> frames = [Frame(k, 0.1 * k, *melt.cell.wrap(melt.positions + x), melt.cell) for k, x in enumerate(walk)]
    >>> result = diffusion(FrameList(melt.topology, frames), "K")
    >>> result.text, round(result.exponent, 1)
    ('0.448 ± 0.019 Å²/ps', 1.0)
    """
    analysis = Diffusion(species, directions, fit, drift, unwrapping_for(source), memory)
    return cast(DiffusionRecord, measure(source, analysis, progress, **frames))


def unwrapping_for(source: FrameSource) -> str:
    """Return the unwrapping method for a source: files of other programs may lack image counts."""
    return "images" if getattr(source, "has_images", True) else "nearest"
