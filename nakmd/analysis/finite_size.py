"""Diffusion in an infinite system: finite-size correction from the viscosity or from several cell sizes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from nakmd.analysis.base import Record
from nakmd.analysis.derived import Derived
from nakmd.analysis.diffusion import DiffusionRecord
from nakmd.analysis.green_kubo import MPA_S_PER_EV_PS_A3, ViscosityRecord
from nakmd.analysis.joined_sample import joined_sample, strongest_trend
from nakmd.analysis.numerics.fitting import weighted_line
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.sample import Sample
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray
from nakmd.errors import AnalysisError
from nakmd.units import K_B

#: ξ of a cubic lattice of hydrodynamic images.
XI_CUBIC = 2.837297

#: Largest ratio of the longest to the shortest cell length of a cell treated as cubic.
CUBIC_WITHIN = 1.1


class FiniteSizeRecord(Record):
    """A diffusion coefficient [Å²/ps] of the infinite system.

    Attributes
    ----------
    measured : (n,) float64 [Å²/ps]
        Coefficients in the simulated cells.
    measured_error : (n,) float64 [Å²/ps]
    lengths : (n,) float64 [Å]
        Lengths of the cells.
    viscosity : Measure [mPa s]
        Used for the correction, or derived from the slope.
    slope : float [Å³/ps]
        D(L) = value - slope/L.
    """

    curve_tables = (
        RecordCurve(
            "points", {"length [Å]": "lengths"}, {"diffusion [Å²/ps]": "measured", "error [Å²/ps]": "measured_error"}
        ),
    )

    measured: FloatArray
    measured_error: FloatArray
    lengths: FloatArray
    viscosity: Measure
    slope: float

    def rows(self) -> Iterator[Row]:
        """Yield the row that follows that of the diffusion coefficient."""
        warnings = [note.removeprefix("WARNING: ") for note in self.notes if note.startswith("WARNING")]
        yield Row.of("  in an infinite system", self, "; ".join(warnings), law="arrhenius")

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the coefficients against 1/L, and the line to 1/L = 0."""
        figure, ax = figure_for(ax)
        inverse = 1.0 / self.lengths
        ax.errorbar(inverse, self.measured, self.measured_error, fmt="o", color=COLORS[0], capsize=3, label="measured")
        span = np.array([0.0, 1.1 * inverse.max()])
        ax.plot(span, self.value - self.slope * span, color=COLORS[1])
        ax.errorbar([0.0], [self.value], [self.error], fmt="s", color=COLORS[1], capsize=3, label=f"L → ∞: {self.text}")
        ax.set(xlabel="1/L / Å⁻¹", ylabel="D / Å²/ps", xlim=(-0.02 * span[1], span[1]))
        ax.legend(fontsize="small")
        return figure


def yeh_hummer(diffusion: DiffusionRecord, viscosity: ViscosityRecord) -> FiniteSizeRecord:
    r"""Return the diffusion coefficient corrected for the periodic images, with the viscosity of the same run.

    .. math:: D_\infty = D(L) + \frac{\xi\, k_B T}{6 \pi \eta L}, \qquad \xi = 2.837297

    Parameters
    ----------
    diffusion : DiffusionRecord
        Measured in all three directions.
    viscosity : ViscosityRecord
        Supplies the temperature; must be from the same cell as the diffusion coefficient.

    Returns
    -------
    FiniteSizeRecord
        The error combines both errors; the notes warn if the cell is not cubic (ξ is that of a cube).

    Raises
    ------
    AnalysisError
        If the viscosity is not positive, the directions are not xyz, or the cells differ.

    References
    ----------
    Yeh & Hummer, J. Phys. Chem. B 108, 15873 (2004). doi:10.1021/jp0477147

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, diffusion, viscosity, yeh_hummer
    >>> from nakmd.structures import liquid
    >>> melt, random = liquid(1.0, 450.0, n_atoms=60), np.random.default_rng(1)
    >>> walk = random.normal(0.0, 0.3, (400, 60, 3)).cumsum(axis=0)
    >>> still, stress = np.zeros((60, 3)), np.zeros((400, 6))
    >>> for k in range(1, 400):
    ...     stress[k] = 0.8 * stress[k - 1] + random.normal(0.0, 0.6, 6)
    >>> frames = [
    ...     Frame(k, 0.1 * k, *melt.cell.wrap(melt.positions + x), melt.cell, still, temperature=450.0, virial=w)
    ...     for k, (x, w) in enumerate(zip(walk, stress))
    ... ]
    >>> source = FrameList(melt.topology, frames)
    >>> slow, fluidity = diffusion(source, "K"), viscosity(source)
    >>> slow.text, fluidity.text, yeh_hummer(slow, fluidity).text
    ('0.448 ± 0.017 Å²/ps', '0.23 ± 0.11 mPa s', '0.69 ± 0.11 Å²/ps')
    """
    if sorted(diffusion.directions) != ["x", "y", "z"]:
        raise AnalysisError(
            f"The correction applies to diffusion in all directions, got directions {diffusion.directions!r}. "
            "Measure the diffusion with directions='xyz'."
        )
    if not viscosity.value > 0.0:
        raise AnalysisError(f"The correction needs a positive viscosity, got {viscosity.text}. Run longer.")
    length = float(np.cbrt(np.prod(diffusion.lengths)))
    viscosity_length = float(np.cbrt(np.prod(viscosity.lengths)))
    if math.isfinite(viscosity_length) and abs(viscosity_length / length - 1.0) > 0.02:
        raise AnalysisError(
            f"Diffusion was measured in a cell of {length:.2f} Å and the viscosity in one of {viscosity_length:.2f} Å. "
            "Use results of the same run."
        )
    eta = viscosity.value / MPA_S_PER_EV_PS_A3
    slope = XI_CUBIC * K_B * viscosity.temperature / (6.0 * math.pi * eta)
    correction = slope / length
    correction_error = correction * viscosity.error / viscosity.value
    notes = [
        f"{diffusion.value:.4g} Å²/ps in a cell of {length:.2f} Å, {correction:.3g} Å²/ps added for periodic images, "
        f"η = {viscosity.text} at {viscosity.temperature:.1f} K"
    ]
    ratio = float(diffusion.lengths.max() / diffusion.lengths.min())
    if ratio > CUBIC_WITHIN:
        notes.append(f"WARNING: the cell is not cubic (lengths differ {ratio:.2f} times), and ξ is that of a cube")
    if not diffusion.diffusive:
        notes.append("WARNING: the MSD is not diffusive in its window")
    if not viscosity.settled:
        notes.append("WARNING: the integral of the viscosity has not settled")
    return FiniteSizeRecord(
        quantity=f"diffusion of {diffusion.species} in an infinite system",
        value=diffusion.value + correction,
        error=math.hypot(diffusion.error, correction_error),
        unit="Å²/ps",
        n_effective=min(diffusion.n_effective, viscosity.n_effective),
        notes=tuple(notes),
        trend=strongest_trend([diffusion, viscosity]),
        sample=_sample_of(diffusion, viscosity),
        measured=np.array([diffusion.value]),
        measured_error=np.array([diffusion.error]),
        lengths=np.array([length]),
        viscosity=Measure(viscosity.value, viscosity.error, viscosity.unit, viscosity.n_effective),
        slope=slope,
    )


def _sample_of(diffusion: DiffusionRecord, viscosity: ViscosityRecord) -> Sample | None:
    """Return the frames of the diffusion coefficient, with what had not settled for the viscosity of the same run."""
    if diffusion.sample is None or viscosity.sample is None:
        return diffusion.sample or viscosity.sample
    unsettled = dict.fromkeys([*diffusion.sample.unsettled, *viscosity.sample.unsettled])
    return replace(diffusion.sample, unsettled=tuple(unsettled))


#: Diffusion in an infinite system, for runs that also measure the viscosity.
INFINITE_SYSTEM = Derived("diffusion", using="viscosity", derive=yeh_hummer)


def extrapolate_size(records: Sequence[DiffusionRecord], temperature: float) -> FiniteSizeRecord:
    """Return the diffusion coefficient of the infinite system from cubic cells of several sizes.

    From a weighted linear fit of D against 1/L: the intercept is the value, and the slope gives the viscosity in the
    relation of `yeh_hummer`, which can be compared with `viscosity`.

    Parameters
    ----------
    records : sequence of DiffusionRecord
        From cells of at least two different sizes, all in the same thermodynamic state.
    temperature : float [K]

    Returns
    -------
    FiniteSizeRecord

    References
    ----------
    Yeh & Hummer, J. Phys. Chem. B 108, 15873 (2004). doi:10.1021/jp0477147

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, diffusion, extrapolate_size
    >>> from nakmd.structures import liquid
    >>> def measured(n_atoms):
    ...     melt = liquid(1.0, 450.0, n_atoms=n_atoms)
    ...     width = 0.3 * np.sqrt(1.0 - 2.0 / melt.cell.lengths[0])  # a small box slows the atoms down
    ...     walk = np.random.default_rng(1).normal(0.0, width, (200, n_atoms, 3)).cumsum(axis=0)
    ...     frames = [Frame(k, 0.1 * k, *melt.cell.wrap(melt.positions + x), melt.cell) for k, x in enumerate(walk)]
    ...     return diffusion(FrameList(melt.topology, frames), "K", drift=None)
    >>> extrapolate_size([measured(n) for n in (30, 60, 120)], temperature=450.0).text
    '0.51 ± 0.06 Å²/ps'
    """
    lengths = np.array([float(np.cbrt(np.prod(record.lengths))) for record in records])
    if len(records) < 2 or float(np.ptp(lengths)) < 0.01 * float(lengths.max(initial=1.0)):
        raise AnalysisError(f"The extrapolation needs cells of at least two sizes, got {lengths.round(2)} Å.")
    values = np.array([record.value for record in records])
    errors = np.array([record.error for record in records])
    line = weighted_line(1.0 / lengths, values, errors)
    eta, eta_error = math.nan, math.nan
    if line.slope < 0.0:
        eta = XI_CUBIC * K_B * temperature / (6.0 * math.pi * -line.slope) * MPA_S_PER_EV_PS_A3
        eta_error = eta * line.slope_error / -line.slope
    species = ", ".join(dict.fromkeys(record.species for record in records))
    return FiniteSizeRecord(
        quantity=f"diffusion of {species} in an infinite system",
        value=line.intercept,
        error=line.intercept_error,
        unit="Å²/ps",
        n_effective=line.n_effective,
        notes=(f"line through {len(records)} sizes, {line.note}",),
        trend=strongest_trend(records),
        sample=joined_sample(
            (f"the cell of {length:.2f} Å", record.sample) for length, record in zip(lengths, records, strict=True)
        ),
        measured=values,
        measured_error=errors,
        lengths=lengths,
        viscosity=Measure(eta, eta_error, "mPa s", line.n_effective),
        slope=-line.slope,
    )
