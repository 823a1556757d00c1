"""Stochastic cell rescaling: a barostat that samples the right volume fluctuations, without inertia."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import ExplosionError, InputError
from nakmd.integrators.barostat import Barostat
from nakmd.integrators.groups import Mobility
from nakmd.integrators.lammps_fix import LAMMPSFix, lammps_axes
from nakmd.integrators.option import Option
from nakmd.integrators.ramps import Ramp
from nakmd.kernels import motion
from nakmd.kernels.random import STREAM_BAROSTAT, gaussian
from nakmd.system import Result, System
from nakmd.units import K_B

#: Isothermal compressibility [Å³/eV] of liquid NaK near 400 K, about 3.2e-10 1/Pa. It sets the pace of the barostat,
#: not the distribution.
NAK_COMPRESSIBILITY = 51.0

#: Largest change of ln V that the pressure may bring in one application (noise apart, which is large for a few atoms).
LARGEST_CHANGE = 0.2


class CellRescaling(Barostat):
    r"""Stretch the cell along groups of axes by first-order stochastic dynamics.

    Parameters
    ----------
    pressure, axes, temperature
        As for `Barostat`.
    time_constant : float [ps]
        τ, of the relaxation of the volume if the compressibility is that of the system.
    compressibility : float [Å³/eV]
        β, along the axes given; sets the pace alone.
    every : int
        Steps between two applications.

    Notes
    -----
    Group g holds d_g of the D axes. Its area, length or volume A_g (V is their product, times what stays) is stretched
    with ε_g = ln A_g; positions and cell grow, velocities shrink by the same factor, so dq dp is conserved. With
    β_g = β d_g / D:

    .. math::
        d\varepsilon_g = -\frac{\beta_g}{\tau} (P_0 - P_g)\,dt + \sqrt{\frac{2 k_B T \beta_g}{V \tau}}\,dW_g       (1)

        P_g = \frac{1}{d_g V} \sum_{c \in g} \Big(\sum_i m_i v_{ic}^2 + W_{cc} + n_c k_B T\Big)                   (2)

    With D = k_B T β_g / (V τ), (1) is dε = -(D/k_B T) ∂A/∂ε dt + ∂D/∂ε dt + sqrt(2D) dW for
    A = H + P_0 V - k_B T ln V; the drift of the noise, -D, cancels the ideal term of A. So the stationary
    distribution is exp(-(H + P_0 V)/k_B T) V Π dε_g = exp(-(H + P_0 V)/k_B T) Π dA_g, the isothermal-isobaric ensemble
    with the measure dV (for one group): P(V) ∝ Q(V) exp(-P_0 V / k_B T), and an ideal gas has ⟨V⟩ = (N+1) k_B T / P_0.
    n_c is 1 where total momentum is conserved: the centre of mass then has a position but no kinetic energy, and its
    mean is put in.

    (1) is integrated in λ = √V, where the noise is additive:
    dλ = -(β_g λ / 2τ)(P_0 - P_g - k_B T / 2V) dt + sqrt(k_B T β_g / 2τ) dW.

    It acts between the half kick and the drift. There the velocities are those of the middle of the step, whose
    kinetic energy balances the virial of stiff bonds at any time step (at full steps it is too low).

    References
    ----------
    Bernetti & Bussi, J. Chem. Phys. 153, 114107 (2020), eqs. (7) to (13). doi:10.1063/5.0020514

    Examples
    --------
    >>> from nakmd.integrators import Bussi, CellRescaling, VelocityVerlet
    >>> from nakmd.units import BAR_PER_EV_A3
    >>> barostat = CellRescaling(pressure=1.0 / BAR_PER_EV_A3, axes=["xy", "z"], time_constant=2.0)
    >>> VelocityVerlet(0.002, Bussi(450.0), barostat).needs_virial(10)
    True
    """

    label = "cell rescaling"
    options = (
        Option(
            "compressibility", "compressibility", "sets the pace, not the result", "that of liquid NaK", "0.2 1/GPa"
        ),
    )

    def __init__(
        self,
        pressure: float | Sequence[float] | Ramp = 0.0,
        axes: str | Sequence[str] = "xyz",
        time_constant: float = 1.0,
        compressibility: float = NAK_COMPRESSIBILITY,
        every: int = 10,
        temperature: float | Sequence[float] | Ramp | None = None,
    ) -> None:
        super().__init__(pressure, axes, time_constant, temperature)
        self.compressibility = float(compressibility)
        self.every = int(every)
        if not (self.compressibility > 0.0 and self.every > 0):
            raise InputError(
                "Cell rescaling needs a compressibility and a number of steps above 0, got "
                f"{self.compressibility} Å³/eV and {self.every}."
            )

    def start(
        self, system: System, mobility: Mobility, seed: int, timestep: float, degrees_of_freedom: int,
        conserves_momentum: bool, temperature: Ramp,
    ) -> None:  # fmt: skip
        """Check the axes against the cell and the groups."""
        super().start(system, mobility, seed, timestep, degrees_of_freedom, conserves_momentum, temperature)
        self._seed = seed
        self._interval = timestep * self.every
        self._logs: FloatArray = np.zeros(3)
        self._virial: FloatArray = np.zeros(3)

    def is_due(self, step: int) -> bool:
        """Return whether it acts in this step."""
        return step % self.every == 0

    def needs_virial(self, step: int) -> bool:
        """Return whether the virial of this step is read: before it acts, and after (for its work)."""
        return step % self.every == 0 or (step + 1) % self.every == 0

    def before_drift(self, system: System, result: Result, step: int, temperature: float, pressure: float) -> None:
        """Stretch the cell once.

        Raises
        ------
        ExplosionError
            If the cell would change by more than `LARGEST_CHANGE`.
        """
        thermal = K_B * temperature
        volume = system.cell.volume
        kinetic = self._kinetic.tensor(system.velocities)[:3]
        self._virial = result.virial[:3].copy()
        pressures = (kinetic + self._virial + self._still * thermal) / volume
        n_axes = sum(len(columns) for columns in self._columns)
        root = math.sqrt(volume)
        self._logs = np.zeros(3)
        for g, columns in enumerate(self._columns):
            pace = 0.5 * self.compressibility * len(columns) / (n_axes * self.time_constant) * self._interval
            here = float(pressures[columns].mean())
            change = -pace * (pressure - here - 0.5 * thermal / (root * root))
            noise = math.sqrt(thermal * pace) / root * gaussian(self._seed, STREAM_BAROSTAT, step, g)
            if not (abs(change) < 0.5 * LARGEST_CHANGE and abs(noise) < 0.5):
                raise ExplosionError(
                    f"Step {step}: the barostat would change the volume {volume:.1f} Å³ by {2.0 * change:.1%} at once "
                    f"(noise {2.0 * noise:.1%}), at a pressure of {here:.4g} eV/Å³ along {self.axes[g]} against "
                    f"{pressure:.4g} set. "
                    "Relax the structure first, or give the barostat a longer time constant."
                )
            new_root = root * (1.0 + change + noise)
            self._logs[columns] = 2.0 * math.log(new_root / root) / len(columns)
            root = new_root
        factors = np.exp(self._logs)
        motion.stretch(system.positions, system.velocities, factors)
        system.cell.scale(factors)
        self._mobility.stretch(factors)
        self.work += 0.5 * float(np.sum(kinetic * (1.0 / factors**2 - 1.0)))

    def close(self, system: System, result: Result, step: int, temperature: float, pressure: float) -> None:
        """Add the potential part of its work, once the new forces are known: trapezoid of -W d ln s."""
        self.work -= 0.5 * float(np.sum(self._logs * (self._virial + result.virial[:3])))

    def lammps_fix(self) -> LAMMPSFix:
        """Return the piston of ``fix nph``, which samples the same ensemble."""
        return LAMMPSFix(
            "nph",
            f"{lammps_axes(self.pressure, self.axes, self.time_constant)} pchain 3",
            integrates=True,
            note="LAMMPS has no cell rescaling: the piston of fix nph (Martyna, Tobias and Klein) samples the same "
            "ensemble with the same time constant, but has inertia, so that the volume oscillates on its way.",
        )
