"""How FIRE chooses its time step and its mixing: one rule for the integrator and for the springs of building."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Factors on the time step after steps downhill and after one uphill, and on the mixing downhill.
SPEED_UP, SLOW_DOWN, MIXING_DECAY = 1.1, 0.5, 0.99


@dataclass
class FirePace:
    """Time step and mixing of a search by FIRE.

    Attributes
    ----------
    timestep, shortest, longest : float
        The current time step, and the range that it stays in; in the units of the search.
    first_mixing : float
        The mixing at the start and after a step uphill.
    delay : int
        Steps downhill before the search speeds up.
    mixing : float
        The share of the velocity that is turned towards the force.
    downhill : int
        Steps downhill since the last one uphill.

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
        """Count a step with power above 0: after ``delay`` of them in a row, go faster and mix less."""
        self.downhill += 1
        if self.downhill > self.delay:
            self.timestep = min(self.timestep * SPEED_UP, self.longest)
            self.mixing *= MIXING_DECAY

    def turn_back(self) -> None:
        """Start again, slower, after a step with power of 0 or below."""
        self.downhill = 0
        self.timestep = max(self.timestep * SLOW_DOWN, self.shortest)
        self.mixing = self.first_mixing
