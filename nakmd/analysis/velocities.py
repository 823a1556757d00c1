"""Velocity autocorrelation function, the diffusion coefficient from its integral, and its spectrum."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Self, Unpack, cast

import numpy as np
import scipy

from nakmd.analysis.base import Record, require_frames, select
from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.lacking_atoms import center_velocity_of
from nakmd.analysis.named_analysis import METAL, AtomsPresent, NamedAnalysis
from nakmd.analysis.numerics.displacements import error_of_coefficient
from nakmd.analysis.paths import EvenSpacing, axes_of
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology

#: Number of atoms whose velocities are transformed at a time.
CHUNK = 128

#: Minimum normalised autocorrelation between adjacent frames; below it they are too far apart for the integral.
LEAST_OVERLAP = 0.5


class VelocityRecord(Record):
    """A diffusion coefficient [Å²/ps] from velocities, and its correlation functions.

    Attributes
    ----------
    species, directions : str
    lag : (n,) float64 [ps]
    vacf : (n,) float64 [Å²/ps²]
        Sum over the directions.
    vacf_error : (n,) float64
        Standard error of the mean over atoms.
    running : (n,) float64 [Å²/ps]
        Coefficient from the integral up to each lag.
    stop : float [ps]
        Upper limit of the integral.
    frequency : (n,) float64 [1/ps = THz]
    spectrum : (n,) float64 [ps]
        4 ∫ c(t) cos 2πνt dt with c = vacf/vacf[0]: its integral over ν is 1.
    """

    curve_tables = (
        RecordCurve(
            "vacf",
            {"lag [ps]": "lag"},
            {"vacf [Å²/ps²]": "vacf", "error [Å²/ps²]": "vacf_error", "running integral [Å²/ps]": "running"},
        ),
        RecordCurve("spectrum", {"frequency [THz]": "frequency"}, {"spectrum [ps]": "spectrum"}),
    )

    species: str
    directions: str
    lag: FloatArray
    vacf: FloatArray
    vacf_error: FloatArray
    running: FloatArray
    stop: float
    frequency: FloatArray
    spectrum: FloatArray

    def rows(self) -> Iterator[Row]:
        """Yield the lines of the table of results."""
        yield Row.of(f"diffusion of {self.species}, from velocities", self, law="arrhenius")

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the normalised autocorrelation, its error band, and the running coefficient."""
        figure, ax = figure_for(ax)
        scale = self.vacf[0] or 1.0
        ax.plot(self.lag, self.vacf / scale, color=COLORS[0], label=f"{self.species} ({self.directions})")
        low, high = (self.vacf - self.vacf_error) / scale, (self.vacf + self.vacf_error) / scale
        ax.fill_between(self.lag, low, high, color=COLORS[0], alpha=0.3, lw=0)
        if self.value > 0.0:
            ax.plot(
                self.lag,
                self.running / self.value,
                color=COLORS[1],
                ls="--",
                label=f"running integral / D, D = {self.text}",
            )
        ax.axvline(self.stop, color="0.6", lw=0.8)
        ax.axhline(0.0, color="0.7", lw=0.8, zorder=0)
        ax.set(xlabel="t / ps", ylabel="⟨v(0)·v(t)⟩ / ⟨v²⟩", xlim=(0.0, self.lag[-1]))
        ax.legend(fontsize="small")
        return figure

    def plot_spectrum(self, ax: Axes | None = None) -> Figure:
        """Draw the spectrum."""
        figure, ax = figure_for(ax)
        ax.plot(self.frequency, self.spectrum, color=COLORS[0], label=f"{self.species} ({self.directions})")
        occupied = self.frequency[self.spectrum > 1e-3 * self.spectrum.max(initial=0.0)]
        ax.set(xlabel="ν / THz", ylabel="S(ν) / ps", xlim=(0.0, occupied.max(initial=1e-3)), ylim=(0.0, None))
        ax.legend(fontsize="small")
        return figure


class VelocityCorrelation(NamedAnalysis):
    r"""Velocity autocorrelation of a species, its integral, and its spectrum.

    .. math:: C(t) = \langle v(s) \cdot v(s + t) \rangle_{s,\,i}, \qquad D = \frac{1}{d} \int_0^{t_c} C(t)\, dt

    Parameters
    ----------
    species : str
        Species, element or group.
    directions : str
        Some of ``"xyz"``: d is their number.
    stop : float [ps], optional
        Upper limit t_c of the integral. Default: 2 ps, or 1/8 of the time covered if that is less.
    drift : str or None
        Atoms whose centre-of-mass motion is subtracted, as in `Diffusion`.
    memory : float [bytes]
        Limit for the stored velocities. If it is reached, every other atom is dropped; the sampling in time is kept.

    Raises
    ------
    AnalysisError
        From ``update`` if frames have no velocities; from ``result`` if the autocorrelation falls below one half
        between adjacent frames, or ``stop`` is beyond the end of the run.

    Notes
    -----
    The integral uses the trapezoidal rule over the frames, so the time between frames must be short compared with
    changes of the velocities: 0.02 ps for liquid NaK (``[output] trajectory_every``, or ``[analysis] when = "live"``
    with ``every``).

    The error is that of the scatter of the integrals of single atoms, or that of time segments if it is larger
    (`error_of_coefficient`). The spectrum is that of C times a Hann window that ends with the last lag.

    References
    ----------
    Allen & Tildesley, Computer Simulation of Liquids, 2nd ed., Oxford (2017), sec. 2.7 and 8.5.
    """

    name = "vacf"
    title = "velocity autocorrelation, its vibrational spectrum and diffusion coefficient"
    panel = 200
    needs_dynamics = True
    on_request = True  # it needs samples about 10 fs apart, which most runs do not have
    atoms = METAL
    keeps_paths = True
    needs = frozenset({"velocities"})

    def __init__(
        self,
        species: str = "K",
        directions: str = "xyz",
        stop: float | None = None,
        drift: str | None = "all",
        memory: float = 1e9,
    ) -> None:
        if stop is not None and not stop > 0.0:
            raise AnalysisError(f"The upper limit of the integral must be positive, got {stop} ps.")
        self._axes = axes_of(directions)
        if not set(directions) <= set("xyz"):
            raise AnalysisError(f"The directions of velocities must be some of 'xyz', not {directions!r}.")
        self.species, self.directions, self.stop, self.drift = species, directions, stop, drift
        self.memory = memory

    @classmethod
    def for_atoms(cls, present: AtomsPresent) -> dict[str, Self]:
        """Return one for each metal."""
        return {metal: cls(metal, memory=present.memory) for metal in present.metals}

    def atoms_read(self, topology: Topology) -> tuple[str, ...]:
        """Return the atoms that it follows; the drift of all atoms is stored with frames that lack some."""
        return (self.species,) if self.drift in (None, "all") else (self.species, self.drift)

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms."""
        self._atoms = np.flatnonzero(select(topology, self.species))
        self._weights: FloatArray | None = None
        self._by_center = self.drift == "all" and topology.run is not None
        if self.drift is not None and not self._by_center:
            masses = np.where(select(topology, self.drift), topology.masses, 0.0)
            self._weights = masses / masses.sum()
        self._all = len(self._atoms)
        self._rows: list[FloatArray] = []
        self._spacing = EvenSpacing("The velocity autocorrelation")

    def update(self, frame: Frame) -> None:
        """Store the velocities of one frame."""
        if frame.velocities is None:
            raise AnalysisError(
                f"The frame at step {frame.step} has no velocities, which the velocity autocorrelation needs. "
                "Trajectories of runs have them, unless the deck has [output] velocities = false."
            )
        if not self._spacing.accept(frame):
            return
        velocities = frame.velocities[self._atoms]
        if self._by_center:
            velocities = velocities - center_velocity_of(frame)
        elif self._weights is not None:
            velocities = velocities - self._weights @ frame.velocities
        self._rows.append(velocities[:, self._axes])
        if len(self._rows) * self._rows[-1].nbytes > self.memory and len(self._atoms) > 64:
            self._atoms, self._rows = self._atoms[::2], [row[::2].copy() for row in self._rows]

    def result(self) -> VelocityRecord:
        """Return the coefficient and the functions."""
        n, m, d = len(self._rows), len(self._atoms), len(self._axes)
        require_frames(n, 16, "The velocity autocorrelation")
        step = self._spacing.step
        stop = self._stop(n, step)
        n_lags = min(2 * stop, n - 1) + 1
        weights = np.full(stop + 1, step / d)
        weights[[0, -1]] *= 0.5

        n_segments = min(32, int((n - 1) / (2 * stop)))
        length = n // max(n_segments, 1)
        whole, segments = np.zeros(m), np.zeros((n_segments, m))
        curve, squares = np.zeros(n_lags), np.zeros(n_lags)
        for start in range(0, m, CHUNK):
            chunk = slice(start, start + CHUNK)
            velocities = np.stack([row[chunk] for row in self._rows])
            per_atom = _autocorrelations(velocities)
            curve += per_atom[:n_lags].sum(axis=1)
            squares += np.sum(per_atom[:n_lags] ** 2, axis=1)
            whole[chunk] = weights @ per_atom[: stop + 1]
            for row in range(n_segments):
                segment = _autocorrelations(velocities[row * length : (row + 1) * length])
                segments[row, chunk] = weights @ segment[: stop + 1]
        curve /= m
        if curve[0] > 0.0 and curve[1] < LEAST_OVERLAP * curve[0]:
            raise AnalysisError(
                f"Frames {step:g} ps apart are too far apart for the velocity autocorrelation, which falls to "
                f"{curve[1] / curve[0]:.2f} between adjacent frames. Write frames at most 0.02 ps apart, or sample "
                'during the run, for example with [analysis] when = "live" and every = 10.'
            )
        error, n_effective, _, notes = error_of_coefficient(whole, segments)
        notes.append(f"integral to {stop * step:.4g} ps, frames {step:.4g} ps apart, {m} atoms")
        if curve[0] > 0.0 and curve[1] < 0.9 * curve[0]:
            notes.append(f"coarse sampling: C falls by {100 * (1 - curve[1] / curve[0]):.0f} % between adjacent frames")
        if m < self._all:
            notes.append(f"{m} of {self._all} atoms, to stay below {self.memory / 1e6:.0f} MB")
        spread = np.maximum(squares / m - curve**2, 0.0)
        running = np.concatenate([[0.0], np.cumsum(0.5 * (curve[1:] + curve[:-1]))]) * step / d
        frequency, spectrum = _spectrum(curve, step)
        return VelocityRecord(
            quantity=f"diffusion of {self.species} from velocities" + ("" if d == 3 else f" along {self.directions}"),
            value=float(whole.mean()),
            error=error,
            unit="Å²/ps",
            n_effective=n_effective,
            notes=(*notes, *self._spacing.notes),
            species=self.species,
            directions=self.directions,
            lag=np.asarray(np.arange(n_lags) * step, dtype=np.float64),
            vacf=curve,
            vacf_error=np.sqrt(spread / (m - 1)) if m > 1 else np.full(n_lags, math.nan),
            running=running,
            stop=stop * step,
            frequency=frequency,
            spectrum=spectrum,
        )

    def _stop(self, n: int, step: float) -> int:
        """Return the last lag of the integral in frames."""
        covered = (n - 1) * step
        stop = min(2.0, covered / 8.0) if self.stop is None else self.stop
        if stop > covered:
            raise AnalysisError(
                f"The integral ends at {stop:g} ps, but the frames cover only {covered:g} ps. "
                f"Choose stop below {covered / 3:.3g} ps, or run longer."
            )
        return max(1, round(stop / step))


def _autocorrelations(velocities: FloatArray) -> FloatArray:
    """Return the autocorrelation of each particle, (n, m), summed over the directions of velocities (n, m, d)."""
    n = len(velocities)
    size = scipy.fft.next_fast_len(2 * n, real=True)
    transform = scipy.fft.rfft(velocities, size, axis=0)
    power = np.sum(transform.real**2 + transform.imag**2, axis=2)
    return np.asarray(scipy.fft.irfft(power, size, axis=0)[:n] / np.arange(n, 0, -1)[:, None])


def _spectrum(curve: FloatArray, step: float) -> tuple[FloatArray, FloatArray]:
    """Return frequencies [1/ps] and the spectrum [ps] of a correlation function, normalised to 1."""
    n = len(curve)
    if not curve[0] > 0.0:
        return np.zeros(0), np.zeros(0)
    tapered = curve / curve[0] * 0.5 * (1.0 + np.cos(np.pi * np.arange(n) / n))
    # C is even: its cosine transform is the Fourier transform of the curve and its mirror image
    mirrored = np.concatenate([tapered, np.zeros(1), tapered[:0:-1]])
    transform = scipy.fft.rfft(mirrored).real
    return np.asarray(scipy.fft.rfftfreq(2 * n, step)), np.asarray(2.0 * step * transform)


def velocity_correlation(
    source: FrameSource,
    species: str = "K",
    directions: str = "xyz",
    stop: float | None = None,
    drift: str | None = "all",
    memory: float = 1e9,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> VelocityRecord:
    """Return the velocity autocorrelation; parameters as in `VelocityCorrelation`, ``frames`` as in `FrameOptions`.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, velocity_correlation
    >>> from nakmd.structures import liquid
    >>> melt, random = liquid(1.0, 450.0, n_atoms=60), np.random.default_rng(1)
    >>> speeds = [random.normal(0.0, 3.0, (60, 3))]
    >>> for _ in range(400):  # friction of 10 per ps: D = 9 Å²/ps² · 0.1 ps
    ...     speeds.append(0.9 * speeds[-1] + np.sqrt(1.0 - 0.9**2) * random.normal(0.0, 3.0, (60, 3)))
    >>> still = np.zeros((60, 3), np.int32)
    >>> frames = [Frame(k, 0.01 * k, melt.positions, still, melt.cell, v) for k, v in enumerate(speeds)]
    >>> velocity_correlation(FrameList(melt.topology, frames), "K", drift=None).text
    '0.88 ± 0.04 Å²/ps'
    """
    analysis = VelocityCorrelation(species, directions, stop, drift, memory)
    return cast(VelocityRecord, measure(source, analysis, progress, **frames))
