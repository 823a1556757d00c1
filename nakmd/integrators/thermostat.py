"""What every thermostat is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from copy import copy
from typing import Any, ClassVar, Self

from nakmd.errors import InputError
from nakmd.integrators.bath_region import BathRegion
from nakmd.integrators.coupling import Coupling
from nakmd.integrators.groups import Mobility
from nakmd.integrators.lammps_fix import LAMMPSFix
from nakmd.integrators.ramps import Ramp, as_number, as_ramp
from nakmd.system import System

#: Distance between the streams of random numbers of two thermostats of a stage.
NEXT_BATH = 1 << 16


class Thermostat(Coupling):
    """Exchanges kinetic energy between a group of atoms and a bath.

    The kinds are in `nakmd.integrators.THERMOSTATS`; decks, checks, reports and tests read them there. The first
    paragraph of the docstring of a kind describes it in the schema, its "References" are cited by reports.

    Parameters
    ----------
    temperature : float, (float, float) or Ramp [K]
    time_constant : float [ps]
    group : str
        Atoms it acts on; ``"all"`` are all that move.
    region : BathRegion, optional
        Where it acts on them: everywhere if left out.

    Attributes
    ----------
    splits_drift : bool
        Whether it acts in the middle of the drift (else at the end of the step).
    acts_at_both_ends : bool
        Whether it also acts at the beginning of the step, half a time step each.
    needs_velocities : bool
        Whether it cannot work from velocities that are all zero.
    allows_absolute_zero : bool
        Whether 0 K is a temperature that it can hold.
    takes_region : bool
        Whether it can act on the atoms in a region, which change from step to step.
    drawback : str
        What makes it a poor choice for measuring, as a relative clause; empty if nothing does.
    degrees_of_freedom : int
        Of the group; known after `start`.
    number : int
        Place among the thermostats of a stage, which `VelocityVerlet` counts: their random numbers differ.
    finishes_drift : bool
        Whether `apply` makes the second half of a drift that it splits: the last one that does so in a stage.

    Raises
    ------
    InputError
        If temperature or time constant make no sense.
    """

    splits_drift: ClassVar[bool] = False
    acts_at_both_ends: ClassVar[bool] = False
    needs_velocities: ClassVar[bool] = False
    allows_absolute_zero: ClassVar[bool] = False
    takes_region: ClassVar[bool] = False
    drawback: ClassVar[str] = ""
    degrees_of_freedom: int = 0
    number: int = 0
    finishes_drift: bool = True

    def __init__(
        self,
        temperature: float | Sequence[float] | Ramp,
        time_constant: float = 0.5,
        group: str = "all",
        region: BathRegion | None = None,
    ) -> None:
        self.temperature = as_ramp(temperature)
        self.time_constant = as_number("time_constant", time_constant, "ps")
        self.group = group
        self.region = region
        if region is not None and not self.takes_region:
            raise InputError(
                f"The {self.label} thermostat acts on fixed atoms and cannot have a region. Use Langevin, or a group."
            )
        lowest = min(self.temperature.start, self.temperature.end)
        if not (lowest > 0.0 or (self.allows_absolute_zero and lowest == 0.0)) or not self.time_constant > 0.0:
            raise InputError(
                f"The {self.label} thermostat needs a temperature {'>=' if self.allows_absolute_zero else '>'} 0 and a "
                f"time constant > 0, got {self.temperature.start} to {self.temperature.end} K and "
                f"{self.time_constant} ps."
            )

    @abstractmethod
    def start(self, system: System, mobility: Mobility, seed: int, timestep: float) -> None:
        """Bind to a system for a stage, with no work done yet; changes nothing in the system."""

    @abstractmethod
    def apply(self, system: System, step: int, temperature: float) -> None:
        """Act once; one that splits the drift also makes the second half of it."""

    @abstractmethod
    def conserves_momentum(self, mobility: Mobility) -> bool:
        """Return whether total momentum survives it, given that the forces conserve it."""

    def stream_of(self, purpose: int) -> int:
        """Return the stream of random numbers of a purpose (`nakmd.kernels.random`) for this thermostat."""
        return purpose + self.number * NEXT_BATH

    def describe(self) -> dict[str, Any]:
        """Return what trajectories store of a bath: group, kind, temperatures [K] and the values of its region."""
        region = self.region
        return {
            "group": self.group,
            "kind": self.label,
            "temperature": [self.temperature.start, self.temperature.end],
            "region": None if region is None else region.describe(),
        }

    def lammps_fix(self) -> LAMMPSFix | None:
        """Return what stands for it in LAMMPS; None if nothing does."""
        return None

    def settled(self) -> Self:
        """Return one whose ramp has ended, not started yet."""
        other = copy(self)
        other.temperature = self.temperature.finished()
        return other
