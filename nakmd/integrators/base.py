"""What every integrator is, and the sums and velocities that integrators share.

The loop calls `Integrator.before_forces`, lets the potential work, and calls `Integrator.after_forces`. Steps count
through all stages, and noise is a function of (seed, step, atom), so no generator state is saved. Whatever else
changes from step to step is in `Integrator.state`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.integrators.groups import Mobility
from nakmd.kernels import motion
from nakmd.kernels.random import STREAM_VELOCITIES, fill_gaussians
from nakmd.system import Result, System
from nakmd.units import ACCELERATION, AMU_A2_PER_PS2, K_B

if TYPE_CHECKING:
    from nakmd.integrators.stiff_forces import StiffForces
    from nakmd.integrators.thermostat import Thermostat


@dataclass(frozen=True)
class Span:
    """The steps of a stage: ``first`` is the number of steps done before it, ``steps`` how many it has.

    Examples
    --------
    >>> from nakmd.integrators import Span
    >>> Span(first=1000, steps=500).fraction(1250)
    0.5
    """

    first: int
    steps: int

    def fraction(self, step: int) -> float:
        """Return how much of the stage is over when ``step`` is, 0 to 1."""
        return (step - self.first) / self.steps


class Integrator(ABC):
    """Moves the atoms from step to step.

    Attributes
    ----------
    timestep : float [ps]
    degrees_of_freedom : int
        Of all that moves, momentum taken off where it is conserved; known after `start`.
    advances_time : bool
        Whether a step is a step in time (not so for a minimiser).
    needs_velocities : bool
        Whether it cannot work from velocities that are all zero.
    zeroes_velocities : bool
        Whether its stage begins and ends with all atoms at rest.
    splits_forces : bool
        Whether it evaluates the stiff terms at steps of their own: `split` gives it their forces.
    largest_force : float [eV/Å]
        Largest force that it found; NaN where it does not look.
    """

    timestep: float
    degrees_of_freedom: int = 0
    advances_time: bool = True
    needs_velocities: bool = False
    zeroes_velocities: bool = False
    splits_forces: bool = False
    largest_force: float = math.nan

    @abstractmethod
    def start(self, system: System, mobility: Mobility, seed: int, span: Span) -> None:
        """Bind to a system for a stage; changes nothing in it."""

    def split(self, stiff: StiffForces | None) -> None:  # noqa: B027  (only those that split the forces take them)
        """Take the stiff forces of a stage, after `start`; None if no atom on which they act moves."""

    def begin(self, result: Result) -> None:  # noqa: B027  (nothing to do is a valid default)
        """Look at the forces that a stage starts from; called once, not again on resuming."""

    @abstractmethod
    def before_forces(self, system: System, result: Result, step: int) -> None:
        """Take the part of the step that ends with new positions."""

    @abstractmethod
    def after_forces(self, system: System, result: Result, step: int) -> None:
        """Take the part of the step that needs the forces there."""

    def needs_virial(self, step: int) -> bool:
        """Return whether the forces of this step must come with the virial."""
        return False

    @property
    def conserves_momentum(self) -> bool:
        """Whether total momentum does not change; known after `start`."""
        return False

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to do (a minimiser that has converged)."""
        return False

    @property
    def parts(self) -> tuple[object, ...]:
        """The objects whose docstrings name the methods used: itself, thermostat, barostat."""
        return (self,)

    @property
    def converged(self) -> bool | None:
        """Whether it reached its goal; None for dynamics, which have none."""
        return None

    @property
    def thermostat_work(self) -> float:
        """Energy [eV] that the thermostat gave since the stage began."""
        return 0.0

    @property
    def baths(self) -> tuple[Thermostat, ...]:
        """The thermostats, if there are several."""
        return ()

    @property
    def has_thermostat(self) -> bool:
        """Whether something controls the temperature of atoms."""
        return False

    @property
    def barostat_work(self) -> float:
        """Energy [eV] that the barostat gave since the stage began."""
        return 0.0

    def set_temperature(self, step: int) -> float | None:
        """Return the temperature [K] that all thermostats aim at in this step; None if they differ or there is none."""
        return None

    @property
    def is_stationary(self) -> bool:
        """Whether all set points are constant."""
        return True

    def settled(self) -> Integrator:
        """Return an integrator whose ramps have ended, for the steps after this stage."""
        return self

    def state(self) -> dict[str, Any]:
        """Return what a resumed run must know."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:  # noqa: B027  (nothing to take up is a valid default)
        """Restore a state."""


class Minimiser(Integrator):
    """Moves atoms towards a minimum of the energy; the kinds are in `nakmd.integrators.MINIMISERS`.

    Subclasses set ``largest_force`` in `begin` and after every step; their arguments after the first have defaults.

    Parameters
    ----------
    force_tolerance : float [eV/Å]
        Converged when no atom that moves feels more.

    Attributes
    ----------
    label : str
        Its name in reports.
    """

    label: ClassVar[str]
    advances_time = False
    zeroes_velocities = True

    def __init__(self, force_tolerance: float) -> None:
        self.force_tolerance = float(force_tolerance)

    def lammps_commands(self) -> list[str]:
        """Return the commands that choose its counterpart in LAMMPS, for ``minimize``; empty if there is none."""
        return []

    @property
    def is_finished(self) -> bool:
        """Whether no force is larger than the tolerance."""
        return self.largest_force <= self.force_tolerance

    @property
    def converged(self) -> bool:
        """Whether no force is larger than the tolerance."""
        return self.is_finished


class KineticSums:
    """Kinetic energy and its tensor, summed the same way on any number of threads.

    Parameters
    ----------
    masses : (n,) float64 [amu]
        Zero leaves an atom out.
    """

    def __init__(self, masses: FloatArray) -> None:
        self.masses = np.ascontiguousarray(masses, dtype=np.float64)
        chunks = motion.n_chunks(len(masses))
        self._sums: FloatArray = np.zeros(chunks)
        self._tensor_sums: FloatArray = np.zeros((chunks, 6))
        self._tensor: FloatArray = np.zeros(6)

    def energy(self, velocities: FloatArray) -> float:
        """Return the kinetic energy [eV]."""
        return 0.5 * AMU_A2_PER_PS2 * float(motion.sum_kinetic(velocities, self.masses, self._sums))

    def tensor(self, velocities: FloatArray) -> FloatArray:
        """Return Σ m v⊗v [eV] in Voigt order, (6,); half its trace is the kinetic energy."""
        motion.fill_kinetic_tensor(velocities, self.masses, self._tensor_sums, self._tensor)
        return np.asarray(self._tensor * AMU_A2_PER_PS2)


def remove_momentum(system: System) -> None:
    """Shift the velocities of all atoms that are present so that the total momentum vanishes.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd.integrators import remove_momentum
    >>> from nakmd.structures import crystal
    >>> sodium = crystal("Na", 2)
    >>> sodium.velocities[0] = [1.0, 0.0, 0.0]
    >>> remove_momentum(sodium)
    >>> np.allclose(sodium.masses @ sodium.velocities, 0.0)
    True
    """
    present = slice(None) if system.present is None else system.present
    masses = system.masses[present]
    if len(masses):
        momentum = np.sum(masses[:, None] * system.velocities[present], axis=0)
        system.velocities[present] -= momentum / np.sum(masses)


def initialize_velocities(
    system: System,
    temperature: float,
    seed: int,
    *,
    mobility: Mobility | None = None,
    degrees_of_freedom: int | None = None,
    step: int = 0,
    exact: bool = True,
) -> None:
    """Draw velocities from the Maxwell-Boltzmann distribution, in place.

    Parameters
    ----------
    system : System
    temperature : float [K]
    seed : int
    mobility : Mobility, optional
        Frozen atoms get none, the atoms of a body that of its centre of mass; all are free if left out.
    degrees_of_freedom : int, optional
        For ``exact``; if left out, those of the mobility, less 3 if momentum is removed.
    step : int
        Part of the counter of the noise: another step, other velocities.
    exact : bool
        Scale to exactly this temperature.

    Notes
    -----
    The total momentum is removed unless something is frozen or tethered.

    Examples
    --------
    >>> from nakmd.integrators import initialize_velocities
    >>> from nakmd.structures import liquid
    >>> melt = liquid(0.67, 450.0, n_atoms=100)
    >>> initialize_velocities(melt, 450.0, seed=1)
    >>> round(melt.temperature(3 * melt.n_atoms - 3), 6)  # momentum is zero: three degrees of freedom less
    450.0
    """
    mobility = mobility or Mobility(system)
    n = system.n_atoms
    noise = np.empty((3, n))
    fill_gaussians(seed, STREAM_VELOCITIES, step, 0, n, np.empty((4, n), dtype=np.uint64), noise)
    widths = np.sqrt(K_B * ACCELERATION * temperature / system.masses)
    np.multiply(noise.T, widths[:, None], out=system.velocities)
    mobility.settle(system)
    dof = mobility.degrees_of_freedom()
    if mobility.is_translation_invariant:
        remove_momentum(system)
        dof -= 3
    dof = dof if degrees_of_freedom is None else degrees_of_freedom
    kinetic_energy = KineticSums(system.masses).energy(system.velocities)
    if exact and kinetic_energy > 0.0 and dof > 0:
        system.velocities *= np.sqrt(0.5 * dof * K_B * temperature / kinetic_energy)
