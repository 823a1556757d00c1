"""Free energy as a function of the affinity scale: thermodynamic integration and MBAR over a ladder of runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from nakmd.analysis.base import Record
from nakmd.analysis.numerics.autocorrelation import statistical_inefficiency
from nakmd.analysis.numerics.pymbar_loading import SOLVER, load_pymbar
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.numerics.thermodynamic_integration import Integration, neighbor_overlaps
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve
from nakmd.arrays import FloatArray
from nakmd.errors import AnalysisError
from nakmd.units import J_PER_M2_PER_EV_A2, K_B

#: Least overlap of neighbouring runs of the ladder (0.5 for identical distributions).
LEAST_OVERLAP = 0.03

#: Least number of samples at one scale for a variance estimate.
LEAST_SAMPLES = 10


class FreeEnergyRecord(Record):
    """Free energy between the ends of a ladder; ``value`` is F(last scale) - F(first scale) in eV.

    Attributes
    ----------
    scales : (k,) float64
        Affinity of each run, in ascending order.
    temperature : float [K]
    means : tuple of Measure [eV]
        Mean cross energy at unit affinity in each run: the integrand.
    integrated : Measure [eV]
        Free energy by thermodynamic integration.
    reweighted : Measure or None [eV]
        Free energy by MBAR; None if only integration was requested. It is ``value`` if available.
    profile, profile_errors : (k,) float64 [eV]
        Free energy at each scale relative to the first, by the method of ``value``.
    overlaps : (k - 1,) float64
        Overlap of neighbouring runs, 0 to 0.5.
    overlap_matrix : (k, k) float64
        Overlap matrix of all runs, from MBAR; empty without MBAR.
    curvature : float [eV]
        Correction of the trapezoidal rule by the slopes of the integrand: a measure of the effect of the spacing.
    work : Measure or None [J/m²]
        -``value`` per area, positive for attraction of wall and metal; None if no area was given.
    below : Measure [eV]
        Upper bound of the contribution of affinities from 0 to the first scale to -``value``.
    """

    curve_tables = (
        RecordCurve("profile", {"affinity": "scales"}, {"free energy [eV]": "profile", "error [eV]": "profile_errors"}),
    )

    scales: FloatArray
    temperature: float
    means: tuple[Measure, ...]
    integrated: Measure
    reweighted: Measure | None
    profile: FloatArray
    profile_errors: FloatArray
    overlaps: FloatArray
    overlap_matrix: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    curvature: float
    work: Measure | None
    below: Measure

    @property
    def consistent(self) -> bool:
        """Whether integration and MBAR agree within three times their errors added in quadrature."""
        if self.reweighted is None:
            return True
        error = math.hypot(self.integrated.error, self.reweighted.error)
        return not abs(self.integrated.value - self.reweighted.value) > 3.0 * error

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the integrand with its errors and the area below it, which is the free energy."""
        figure, ax = figure_for(ax)
        values = np.array([m.value for m in self.means])
        ax.fill_between(self.scales, values, color=COLORS[5], alpha=0.3, lw=0, label=f"TI: {self.integrated.text}")
        ax.errorbar(
            self.scales, values, [m.error for m in self.means], color=COLORS[0], marker="o", ms=4, lw=1, capsize=3
        )
        if self.reweighted is not None:
            ax.plot([], [], " ", label=f"MBAR: {self.reweighted.text}")
        if self.work is not None:
            ax.plot([], [], " ", label=f"work of adhesion: {self.work.text}")
        ax.axhline(0.0, color="0.4", lw=0.8)
        ax.set(xlabel="affinity λ", ylabel="⟨∂U/∂λ⟩ / eV")
        ax.margins(y=0.15)
        ax.legend(fontsize="small")
        return figure


def affinity_free_energy(
    scales: Sequence[float],
    series: Sequence[ArrayLike],
    temperature: float,
    area: Measure | None = None,
    method: Literal["both", "integration"] = "both",
) -> FreeEnergyRecord:
    r"""Return the free energy of scaling the wall-metal terms, from runs at several scales.

    The affinity scales those terms linearly, :math:`U(\lambda) = U_0 + \lambda U_\times`, hence

    .. math:: \frac{\mathrm{d}F}{\mathrm{d}\lambda} = \langle U_\times \rangle_\lambda, \qquad
              \frac{\mathrm{d}^2 F}{\mathrm{d}\lambda^2} = -\frac{\mathrm{var}_\lambda U_\times}{k_B T}

    Parameters
    ----------
    scales : sequence of float
        Affinity of each run; at least two different values.
    series : sequence of (n,) array_like [eV]
        Wall-metal energy of every frame of each run **at unit affinity**: :math:`U_\times`, not
        :math:`\lambda U_\times`. Runs may differ in length.
    temperature : float [K]
        The same in all runs.
    area : Measure, optional [Å²]
        Area of the interface, for the work of adhesion per area.
    method : {"both", "integration"}
        ``"integration"`` omits MBAR and requires a smooth integrand but no overlap.

    Returns
    -------
    FreeEnergyRecord

    Raises
    ------
    AnalysisError
        If there are fewer than two scales, repeated scales, fewer than 10 frames in a run, energies that are not
        finite, or neighbouring runs without sufficient overlap.

    Notes
    -----
    Integration uses the trapezoidal rule between neighbouring scales, corrected with the slopes at both ends (exact
    for a cubic integrand). Value and error come from one series per run, so correlations in time and between mean
    and variance are included. MBAR uses every g-th frame, g the statistical inefficiency; its error is the
    asymptotic one. Both methods use the same data: their agreement tests the spacing of the ladder, not the
    sampling.

    The overlap of two runs is :math:`\int p_1 p_2/(p_1 + p_2)`, the off-diagonal element of the overlap matrix
    of these two alone; at least 0.03 is required.

    At affinity 0 nothing keeps the metal out of the wall, and the energies of its frames are those of
    overlapping atoms. A ladder therefore starts above 0. As dF/dλ decreases with λ, the omitted part is at most
    :math:`\lambda_0 \langle U_\times \rangle_{\lambda_0}` (``below``), as long as the metal remains on its side of
    the wall.

    References
    ----------
    MBAR: Shirts & Chodera, J. Chem. Phys. 129, 124105 (2008). doi:10.1063/1.2978177
    Overlap: Klimovich, Shirts & Mobley, J. Comput. Aided Mol. Des. 29, 397 (2015). doi:10.1007/s10822-015-9840-9
    Work of adhesion by switching the attraction of a wall: Leroy & Müller-Plathe, Langmuir 31, 8335 (2015).
    doi:10.1021/acs.langmuir.5b01394

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd.analysis import affinity_free_energy
    >>> scales = [0.0, 0.5, 1.0]
    >>> means = [-10.0, -10.5, -11.0]  # eV, falling with the scale: F = -10 - 1/2 eV
    >>> series = [mean + np.random.default_rng(k).normal(0.0, 0.2, 500) for k, mean in enumerate(means)]
    >>> affinity_free_energy(scales, series, temperature=450.0, method="integration").text
    '-10.508 ± 0.006 eV'
    """
    if method not in ("both", "integration"):
        raise AnalysisError(f'The method must be "both" or "integration", got {method!r}.')
    if not (math.isfinite(temperature) and temperature > 0.0):
        raise AnalysisError(f"A free energy needs the temperature of the runs in K, above 0, got {temperature}.")
    lambdas, samples = _in_order(scales, series)
    beta = 1.0 / (K_B * temperature)
    integration = Integration(lambdas, samples, beta)
    overlaps = neighbor_overlaps(lambdas, samples, integration.steps, beta)
    notes = [
        f"affinity {lambdas[0]:g} to {lambdas[-1]:g} in {len(lambdas)} runs at {temperature:g} K",
        f"overlap of neighbours: at least {overlaps.min():.3f}",
    ]
    reweighted, matrix = None, np.zeros((0, 0))
    profile, errors = integration.profile, integration.profile_errors
    if method == "both":
        _require_overlap(lambdas, samples, overlaps, beta)
        profile, errors, matrix = _mbar(lambdas, samples, integration.profile, beta)
        reweighted = Measure(float(profile[-1]), float(errors[-1]), "eV", integration.total.n_effective)
    free_energy = integration.total if reweighted is None else reweighted
    if abs(integration.curvature) > 3.0 * integration.total.error:
        notes.append(
            f"the slopes of the integrand add {integration.curvature:.3g} eV to the trapezoidal rule, more than the "
            "statistical error: use a denser ladder"
        )
    below = integration.means[0].scaled(-float(lambdas[0]), "eV")
    if lambdas[0] > 0.0:
        notes.append(f"affinity 0 to {lambdas[0]:g} is omitted; it contributes at most {below.text} to the work")
    record = FreeEnergyRecord(
        quantity=f"free energy from affinity {lambdas[0]:g} to {lambdas[-1]:g}",
        **free_energy.fields,
        notes=tuple(notes),
        scales=lambdas,
        temperature=float(temperature),
        means=tuple(integration.means),
        integrated=integration.total,
        reweighted=reweighted,
        profile=profile,
        profile_errors=errors,
        overlaps=overlaps,
        overlap_matrix=matrix,
        curvature=integration.curvature,
        work=_per_area(free_energy, area),
        below=below,
    )
    if not record.consistent:
        warning = "integration and MBAR differ by more than three errors: runs too short, or a ladder too wide"
        object.__setattr__(record, "notes", (*record.notes, warning))
    return record


def _in_order(scales: Sequence[float], series: Sequence[ArrayLike]) -> tuple[FloatArray, list[FloatArray]]:
    """Validate scales and series and return them in ascending order of the scales."""
    lambdas = np.array([float(s) for s in scales])
    samples = [np.asarray(x, dtype=np.float64).reshape(-1) for x in series]
    if len(lambdas) != len(samples):
        raise AnalysisError(f"There are {len(lambdas)} scales but {len(samples)} series of energies.")
    if len(lambdas) < 2:
        raise AnalysisError(
            f"A free energy needs runs at two or more affinity scales, got {len(lambdas)}. "
            "Run the deck at several: 0.2, 0.4, ... 1.0."
        )
    if not (np.all(np.isfinite(lambdas)) and np.all(lambdas >= 0.0)) or len(np.unique(lambdas)) < len(lambdas):
        raise AnalysisError(
            f"The affinity scales must be distinct and not negative, got {', '.join(f'{s:g}' for s in lambdas)}."
        )
    order = np.argsort(lambdas)
    lambdas, samples = lambdas[order], [samples[k] for k in order]
    for scale, x in zip(lambdas, samples):
        if len(x) < LEAST_SAMPLES:
            raise AnalysisError(
                f"The run at affinity {scale:g} has {len(x)} frames; a free energy needs at least {LEAST_SAMPLES} "
                "of each run. Run longer, or write frames more often."
            )
        if not np.all(np.isfinite(x)):
            raise AnalysisError(f"The run at affinity {scale:g} has wall-metal energies that are not finite.")
    return lambdas, samples


def _require_overlap(lambdas: FloatArray, samples: list[FloatArray], overlaps: FloatArray, beta: float) -> None:
    """Raise `AnalysisError` if two neighbouring runs do not overlap enough."""
    k = int(np.argmin(overlaps))
    if overlaps[k] >= LEAST_OVERLAP:
        return
    spread = max(float(np.std(samples[k])), float(np.std(samples[k + 1])))
    raise AnalysisError(
        f"The runs at affinity {lambdas[k]:g} and {lambdas[k + 1]:g} overlap by {overlaps[k]:.2g}, and MBAR needs "
        f"{LEAST_OVERLAP:g}. Their energies fluctuate by {spread:.3g} eV, so use affinity steps of about "
        f"{2.0 / (beta * spread):.2g}, or a smaller interface, which allows larger steps. Alternatively use "
        'method="integration", which only needs a smooth integrand.'
    )


def _mbar(
    lambdas: FloatArray, samples: list[FloatArray], guess: FloatArray, beta: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return free energies [eV] relative to the first scale, their errors, and the overlap matrix, by pymbar.

    ``guess`` [eV] is the starting point, the integrated free energies: from zero, the Newton steps diverge if
    energies span hundreds of kT.
    """
    pymbar = load_pymbar()
    # independent frames: every g-th, with g not necessarily an integer
    thinned = [x[np.arange(0.0, len(x), statistical_inefficiency(x)).astype(np.int64)] for x in samples]
    reduced = beta * lambdas[:, None] * np.concatenate(thinned)[None, :]
    counts = np.array([len(x) for x in thinned])
    try:
        mbar = pymbar.MBAR(reduced, counts, initial_f_k=beta * guess, solver_protocol=SOLVER)
        differences = mbar.compute_free_energy_differences()
        matrix = mbar.compute_overlap()["matrix"]
    except pymbar.utils.ParameterError as error:
        raise AnalysisError(
            f"MBAR does not converge for these runs ({error}). Run longer, add intermediate affinities, or use "
            'method="integration".'
        ) from None
    return differences["Delta_f"][0] / beta, differences["dDelta_f"][0] / beta, np.asarray(matrix)


def _per_area(energy: Measure, area: Measure | None) -> Measure | None:
    """Return -energy/area in J/m², with both errors propagated."""
    if area is None:
        return None
    if not area.value > 0.0:
        raise AnalysisError(f"The area of the interface must be above 0, got {area.value} Å².")
    value = -energy.value / area.value
    # an area without an error is exact, such as that of a cell
    area_error = area.error if math.isfinite(area.error) else 0.0
    error = math.hypot(energy.error / area.value, value * area_error / area.value)
    n_effective = min(energy.n_effective, area.n_effective or energy.n_effective)
    return Measure(value, error, "eV/Å²", n_effective).scaled(J_PER_M2_PER_EV_A2, "J/m²")
