"""Free energy of mixing of the liquid alloy from chemical potentials, and the fluctuations that follow from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nakmd.analysis.numerics.statistics import mean_with_error
from nakmd.arrays import FloatArray
from nakmd.integrators import Bussi, CellRescaling, Transmutation, VelocityVerlet
from nakmd.potentials import Potential
from nakmd.runs.atoms_in_reserve import with_twins_of
from nakmd.simulation import Stage, ThermoLog
from nakmd.structures.liquid import liquid
from nakmd.studies.validation.findings import Finding, restored, stored
from nakmd.studies.validation.liquid import (
    BAROSTAT,
    STRONG_BATH,
    TIMESTEP,
    gentle_start,
    name_of,
    run,
    steps_of,
)
from nakmd.studies.validation.references import reference_for
from nakmd.units import K_B

#: Steps between calls of the transmutations, and trials in each: an atom changes its species every few picoseconds.
EVERY_CHANGES, TRIALS = 20, 400

#: Standard deviation of the number of K about its target that the target allows by itself, when Δμ is measured.
SPREAD = 5.0

#: Degree of the polynomial of the excess difference in x: 1 is a regular solution. The numerical error is the change
#: with one degree more.
DEGREE = 2

MEV = 1e3


def measure(potential: Potential, params: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return Δμ = μ_K - μ_Na [eV] of the liquid about a composition at zero pressure, without the part of the masses.

    ``params`` has ``"x_K"``, the target of transmutations, ``"temperature"`` [K], ``"atoms"``, ``"settle"`` and
    ``"time"`` [ps].

    Notes
    -----
    A sample of Δμ scatters by k_B T over the spread of the target in atoms. A spread of one atom while the liquid
    settles gives the estimate that centres a wider one.
    """
    x_K, temperature, settle = float(params["x_K"]), float(params["temperature"]), float(params["settle"])
    n_atoms = int(params["atoms"])
    system = with_twins_of(liquid(x_K, temperature, n_atoms=n_atoms, seed=seed), ("Na", "K"))

    def stage(name: str, time: float, **target: float) -> Stage:
        barostat = CellRescaling(0.0, time_constant=BAROSTAT)
        move = Transmutation(("Na", "K"), EVERY_CHANGES, TRIALS, composition=x_K, **target)
        integrator = VelocityVerlet(TIMESTEP, Bussi(temperature, STRONG_BATH), barostat)
        return Stage(name, integrator, steps_of(time), moves=(move,))

    first, log = ThermoLog(EVERY_CHANGES, ["estimate"]), ThermoLog(EVERY_CHANGES, ["produce"])
    narrow = [stage("relax", settle), stage("estimate", settle)]
    run(system, potential, [*gentle_start(temperature, settle), *narrow], [first], seed)
    wide = {"delta_mu": float(np.mean(first.column("delta_mu"))), "spread": SPREAD / n_atoms}
    measured = [stage("settle", settle, **wide), stage("produce", float(params["time"]), **wide)]
    run(system, potential, measured, [log], seed + 1)
    x, delta_mu = mean_with_error(log.column("composition")), mean_with_error(log.column("delta_mu"), "eV")
    return {"atoms": n_atoms, "x": stored(x), "delta_mu": stored(delta_mu)}


@dataclass(frozen=True)
class ExcessPolynomial:
    r"""Δμ - k_B T ln(x/(1 - x)) as a polynomial of x = x_K [eV].

    Attributes
    ----------
    coefficients : (degree + 1,) float64
        Of 1, x, x², ...
    covariance : (degree + 1, degree + 1) float64
    temperature : float [K]

    Notes
    -----
    Δμ is dG/dx per atom at constant pressure, so that with the excess y(x)

    .. math:: \frac{S_{CC}(0)}{x (1 - x)} = \frac{k_B T}{x (1 - x)\, G''(x)} = \frac{1}{1 + x (1 - x)\, y'(x) / k_B T},
              \qquad G^E(x) = \int_0^x y - x \int_0^1 y

    References
    ----------
    A. B. Bhatia and D. E. Thornton, Phys. Rev. B 2, 3004 (1970). doi:10.1103/PhysRevB.2.3004
    """

    coefficients: FloatArray
    covariance: FloatArray
    temperature: float

    @classmethod
    def fitted(
        cls, x: FloatArray, delta_mu: FloatArray, errors: FloatArray, temperature: float, degree: int = DEGREE
    ) -> ExcessPolynomial:
        """Return the fit with weights 1/error²; its errors grow with the scatter if that is larger than the errors.

        Parameters
        ----------
        x, delta_mu, errors : (n,) float64
            n is at least ``degree`` + 2.
        temperature : float [K]
        degree : int
        """
        kT = K_B * temperature
        excess = delta_mu - kT * np.log(x / (1.0 - x))
        powers = np.vander(x, degree + 1, increasing=True) / errors[:, None]
        inverse = np.linalg.inv(powers.T @ powers)
        found = inverse @ (powers.T @ (excess / errors))
        residuals = excess / errors - powers @ found
        scatter = float(residuals @ residuals) / (len(x) - degree - 1)
        covariance = np.asarray(inverse * max(1.0, scatter), dtype=np.float64)
        return cls(np.asarray(found, dtype=np.float64), covariance, temperature)

    def fluctuations(self, x: float) -> tuple[float, float]:
        """Return S_CC(0) over that of random mixing, and its standard error; NaN where the mixture would demix."""
        slopes = np.array([k * x ** (k - 1) if k else 0.0 for k in range(len(self.coefficients))])
        weight = x * (1.0 - x) / (K_B * self.temperature)
        inverse = 1.0 + weight * float(slopes @ self.coefficients)
        if inverse <= 0.0:
            return math.nan, math.nan
        return 1.0 / inverse, weight * math.sqrt(slopes @ self.covariance @ slopes) / inverse**2

    def excess(self, x: float) -> tuple[float, float]:
        """Return the excess free energy of mixing [eV/atom] and its standard error."""
        parts = np.array([(x ** (k + 1) - x) / (k + 1) for k in range(len(self.coefficients))])
        return float(parts @ self.coefficients), math.sqrt(parts @ self.covariance @ parts)


def findings(temperature: float, runs: Sequence[Mapping[str, Any]], at: Sequence[float]) -> list[Finding]:
    """Return the excess free energy of mixing, and S_CC(0) over that of random mixing from its second derivative.

    Parameters
    ----------
    temperature : float [K]
    runs : sequence of mapping
        Results of `measure` at several compositions.
    at : sequence of float
        Compositions of the findings.
    """
    known = [(restored(run["x"]), restored(run["delta_mu"])) for run in runs]
    known = [(x, mu) for x, mu in known if math.isfinite(mu.value) and math.isfinite(mu.error) and mu.error > 0.0]
    if len(known) < DEGREE + 3:
        return []
    x, mu, errors = np.array([[x.value, mu.value, mu.error] for x, mu in known]).T
    fits = [ExcessPolynomial.fitted(x, mu, errors, temperature, degree) for degree in (DEGREE, DEGREE + 1)]
    note = f"Δμ of {len(known)} compositions from {x.min():.2f} to {x.max():.2f}, {runs[0]['atoms']} atoms"
    found = []
    for x_K in at:
        for quantity, unit, scale, values, how in (
            ("excess free energy of mixing", "meV/atom", MEV, [fit.excess(x_K) for fit in fits], "integral of Δμ"),
            (
                "S_cc(0) over ideal, from d²G/dx²", "", 1.0, [fit.fluctuations(x_K) for fit in fits],
                "1 for random mixing; slope of Δμ, without any wave",
            ),
        ):  # fmt: skip
            (value, error), (other, _) = values
            found.append(
                Finding(
                    group="alloy", quantity=quantity, of=name_of(x_K), temperature=temperature, value=scale * value,
                    error=scale * error, size_error=scale * abs(other - value),
                    size_note=f"change with a polynomial of degree {DEGREE + 1}", unit=unit,
                    reference=reference_for(quantity, name_of(x_K), temperature), notes=(f"{how}; {note}",),
                )
            )  # fmt: skip
    return found


def cost(params: Mapping[str, Any]) -> float:
    """Return the cost in atom-steps, for an estimate of the remaining time; trials cost as much as the steps."""
    plain, changed = float(params["settle"]), float(params["settle"]) + float(params["time"])
    return float(params["atoms"]) * (plain + 2.0 * changed) / TIMESTEP
