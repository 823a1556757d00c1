"""A harmonic restraint on a coordinate, at rest or moving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nakmd.errors import InputError
from nakmd.integrators import Ramp, as_ramp
from nakmd.simulation.restraints.coordinate import Coordinate


@dataclass(frozen=True, init=False)
class Restraint:
    r"""A harmonic restraint of a coordinate.

    .. math:: U = \tfrac k2 \, (\xi - \xi_0)^2

    The forces act on the restrained atoms and, opposite, on those that the coordinate refers to, unless these are
    frozen. The virial has the part -dU/dξ dξ/dε, so that a barostat feels the restraint; virials by atom do not have
    it. The energy U belongs to the restrained atoms. If ξ₀ moves, ∂U/∂t is work, which the conserved energy excludes.

    Parameters
    ----------
    coordinate : Coordinate
    spring : float [eV/Å²]
        k.
    centre : float or (float, float) [Å]
        ξ₀, or its values at the beginning and the end of the stage, between which it moves linearly.
    name : str
        Part of the names of its columns in the thermo table; by default its number in the stage.

    Attributes
    ----------
    centre : Ramp

    Raises
    ------
    InputError
        If the spring is not positive, or a centre is negative.

    References
    ----------
    Torrie & Valleau, J. Comput. Phys. 23, 187 (1977). doi:10.1016/0021-9991(77)90121-8

    Examples
    --------
    >>> from nakmd.integrators import Bussi, VelocityVerlet
    >>> from nakmd.simulation import Restraint, Stage, WallDistance
    >>> pull = Restraint(WallDistance(atom=0), spring=0.5, centre=(8.0, 3.0), name="pull")
    >>> stage = Stage("pull", VelocityVerlet(0.001, Bussi(450.0)), steps=5000, restraints=(pull,))
    >>> pull.centre.at(0.5), stage.restraint_names
    (5.5, ['pull'])
    """

    coordinate: Coordinate
    spring: float
    centre: Ramp
    name: str = ""

    def __init__(
        self, coordinate: Coordinate, spring: float, centre: float | Sequence[float] | Ramp, name: str = ""
    ) -> None:
        ramp = as_ramp(centre)
        if not (np.isfinite(spring) and spring > 0.0):
            raise InputError(f"The spring of a restraint is {spring} eV/Å²; it must be positive.")
        if not (np.isfinite(ramp.start) and np.isfinite(ramp.end) and min(ramp.start, ramp.end) >= 0.0):
            raise InputError(
                f"The centre of a restraint goes from {ramp.start} to {ramp.end} Å; distances are not negative."
            )
        for key, value in (("coordinate", coordinate), ("spring", float(spring)), ("centre", ramp), ("name", name)):
            object.__setattr__(self, key, value)

    def settled(self) -> Restraint:
        """Return the restraint at rest where this one ends."""
        return Restraint(self.coordinate, self.spring, self.centre.finished(), self.name)

    @property
    def words(self) -> str:
        """What it does, for reports."""
        start, end = self.centre.start, self.centre.end
        where = f"{start:g} Å" if self.centre.is_constant else f"{start:g} to {end:g} Å"
        return f"restraint of {self.coordinate.words} at {where}, {self.spring:g} eV/Å²"
