"""The rule by which FIRE adapts its time step and mixing, for the integrator and for the relaxation of springs."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Factors on the time step after downhill steps and after an uphill step, and on the mixing after downhill steps.
SPEED_UP, SLOW_DOWN, MIXING_DECAY = 1.1, 0.5, 0.99


@dataclass
class FirePace:
    """Time step and mixing of a FIRE minimisation.

    Attributes
    ----------
    timestep, shortest, longest : float
        The current time step and its bounds, in the units of the minimisation.
    first_mixing : float
        The mixing at the start and after an uphill step.
    delay : int
        Number of downhill steps before the time step increases.
    mixing : float
        The fraction of the velocity that is replaced by the direction of the force.
    downhill : int
        Number of downhill steps since the last uphill step.

    References
    ----------
    Bitzek, Koskinen, Gähler, Moseler & Gumbsch, Phys. Rev. Lett. 97, 170201 (2006). doi:10.1103/PhysRevLett.97.170201
    """

    timestep: float
    shortest: float
    longest: float
    first_mixing: float
    delay: int
    mixing: float = field(init=False)
    downhill: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.mixing = self.first_mixing

    def go_downhill(self) -> None:
        """Count a step with positive power; after more than ``delay`` in a row, increase the time step and mix less."""
        self.downhill += 1
        if self.downhill > self.delay:
            self.timestep = min(self.timestep * SPEED_UP, self.longest)
            self.mixing *= MIXING_DECAY

    def turn_back(self) -> None:
        """Reduce the time step and reset the mixing, after a step with power of 0 or below."""
        self.downhill = 0
        self.timestep = max(self.timestep * SLOW_DOWN, self.shortest)
        self.mixing = self.first_mixing
