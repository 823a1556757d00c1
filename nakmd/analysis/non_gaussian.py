"""Non-Gaussian parameter of the displacements, a measure of the deviation from simple diffusion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self, Unpack, cast

import numpy as np

from nakmd.analysis.base import Record, require_frames
from nakmd.analysis.diffusion import CHUNK, unwrapping_for
from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.named_analysis import METAL, AtomsPresent, NamedAnalysis
from nakmd.analysis.numerics.jackknife import jackknife
from nakmd.analysis.paths import Paths
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology

#: Number of lags, evenly spaced in their logarithm, and of time origins per lag: more cost time and add little.
LAGS, ORIGINS = 40, 400

#: Number of groups of atoms for the jackknife error.
GROUPS = 16


class NonGaussianRecord(Record):
    """Peak of the non-Gaussian parameter, and the parameter as a function of the lag.

    Attributes
    ----------
    species : str
    lag : (m,) float64 [ps]
    alpha, alpha_error : (m,) float64
        The parameter at each lag.
    peak : float [ps]
        Lag of the largest value.
    """

    curve_tables = (RecordCurve("alpha", {"lag [ps]": "lag"}, {"alpha": "alpha", "error": "alpha_error"}),)

    species: str
    lag: FloatArray
    alpha: FloatArray
    alpha_error: FloatArray
    peak: float

    def rows(self) -> Iterator[Row]:
        """Yield the height of the peak."""
        key = f"non-Gaussian parameter of {self.species}"
        yield Row.of(f"{key}, at {self.peak:.3g} ps", self, key=key)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the parameter against the lag, with its error band."""
        figure, ax = figure_for(ax)
        ax.plot(self.lag, self.alpha, color=COLORS[0], lw=1.2, label=self.species)
        low, high = self.alpha - self.alpha_error, self.alpha + self.alpha_error
        ax.fill_between(self.lag, low, high, color=COLORS[0], alpha=0.3, lw=0)
        ax.axhline(0.0, color="0.7", lw=0.8, zorder=0)
        ax.set(xlabel="t / ps", ylabel="α₂", xscale="log")
        ax.legend(fontsize="small")
        return figure


class NonGaussian(NamedAnalysis):
    r"""Non-Gaussian parameter of the displacements Δr of a species in the time t.

    .. math:: \alpha_2(t) = \frac{3 \langle \Delta r^4 \rangle}{5 \langle \Delta r^2 \rangle^2} - 1

    It is 0 for Gaussian displacements: in the ballistic and in the diffusive regime. In between it has a peak if some
    atoms move while others stay caged or bound to a wall.

    Parameters
    ----------
    species : str
    unwrap : {"images", "nearest"}
        As in `Diffusion`.
    memory : float [bytes]
        Memory limit for the paths.

    Notes
    -----
    The average is over atoms and over up to 400 time origins. The motion of the centre of mass of all atoms is
    subtracted. Lags extend to a quarter of the run. The error is that of a jackknife over 16 groups of atoms, which is
    valid for atoms that move independently.

    References
    ----------
    Rahman, Phys. Rev. 136, A405 (1964). doi:10.1103/PhysRev.136.A405
    """

    name = "non_gaussian"
    title = "non-Gaussian parameter of the displacements of each metal"
    panel = 210
    needs_dynamics = True
    on_request = True  # rarely needed, and as expensive as the diffusion coefficient
    atoms = METAL
    keeps_paths = True

    def __init__(self, species: str = "K", unwrap: str = "images", memory: float = 1e9) -> None:
        self.species = species
        self._paths = Paths(species, "xyz", "all", unwrap, memory, "The non-Gaussian parameter")

    @classmethod
    def for_atoms(cls, present: AtomsPresent) -> dict[str, Self]:
        """Return one for each metal."""
        return {metal: cls(metal, present.unwrap, present.memory) for metal in present.metals}

    def atoms_read(self, topology: Topology) -> tuple[str, ...]:
        """Return the atoms that it follows."""
        return self._paths.atoms_read

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms."""
        n_atoms = int(self._paths.prepare(topology).sum())
        if n_atoms < GROUPS:
            raise AnalysisError(
                f"The non-Gaussian parameter needs at least {GROUPS} atoms for its error; {self.species} has {n_atoms}."
            )

    def update(self, frame: Frame) -> None:
        """Extend the paths by one frame."""
        self._paths.add(frame)

    def result(self) -> NonGaussianRecord:
        """Return the parameter."""
        self._paths.check()
        n, n_atoms = len(self._paths.rows), self._paths.n_atoms
        require_frames(n, 16, "The non-Gaussian parameter")
        lags = np.unique(np.geomspace(1, n // 4, LAGS).round().astype(np.int64))
        moments = np.zeros((n_atoms, 2, len(lags)))  # <Δr²> and <Δr⁴> of each atom
        for start in range(0, n_atoms, CHUNK):
            paths = self._paths.stacked(slice(start, start + CHUNK))
            for row, lag in enumerate(lags):
                origins = np.arange(0, n - lag, max(1, (n - lag) // ORIGINS))
                squares = np.sum((paths[origins + lag] - paths[origins]) ** 2, axis=2)
                moments[start : start + CHUNK, 0, row] = squares.mean(axis=0)
                moments[start : start + CHUNK, 1, row] = (squares**2).mean(axis=0)
        if not np.all(moments[:, 0].sum(axis=0) > 0.0):
            raise AnalysisError(f"The non-Gaussian parameter is undefined: no atom of {self.species} moves.")
        alpha = _alpha(moments.mean(axis=0))
        groups = [group.mean(axis=0) for group in np.array_split(moments, GROUPS)]
        alpha_error, n_effective = jackknife(np.stack(groups), _alpha)
        top = int(np.argmax(alpha))
        lag_times = lags.astype(np.float64) * self._paths.step
        return NonGaussianRecord(
            quantity=f"non-Gaussian parameter of {self.species}",
            value=float(alpha[top]),
            error=float(alpha_error[top]),
            unit="",
            n_effective=n_effective,
            notes=(f"{n_atoms} atoms, {n} frames; largest at {lag_times[top]:.3g} ps", *self._paths.notes),
            species=self.species,
            lag=lag_times,
            alpha=alpha,
            alpha_error=alpha_error,
            peak=float(lag_times[top]),
        )


def _alpha(moments: FloatArray) -> FloatArray:
    """Return the parameter from the mean square and the mean fourth power of displacements, (2, m)."""
    square, fourth = moments
    return np.asarray(3.0 * fourth / (5.0 * square**2) - 1.0)


def non_gaussian(
    source: FrameSource,
    species: str = "K",
    memory: float = 1e9,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> NonGaussianRecord:
    """Return the non-Gaussian parameter; parameters as in `NonGaussian`, ``frames`` as in `FrameOptions`.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, non_gaussian
    >>> from nakmd.structures import liquid
    >>> melt, random = liquid(1.0, 450.0, n_atoms=60), np.random.default_rng(1)
    >>> walk = random.normal(0.0, 0.3, (200, 60, 3)).cumsum(axis=0)
    >>> frames = [Frame(k, 0.1 * k, *melt.cell.wrap(melt.positions + x), melt.cell) for k, x in enumerate(walk)]
    >>> result = non_gaussian(FrameList(melt.topology, frames), "K")  # about zero for a random walk
    >>> bool(abs(result.alpha[:10]).max() < 0.1)
    True
    """
    return cast(
        NonGaussianRecord, measure(source, NonGaussian(species, unwrapping_for(source), memory), progress, **frames)
    )
