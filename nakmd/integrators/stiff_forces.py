"""What an integrator with multiple time steps is given: the atoms of the stiff terms, and their forces."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from nakmd.arrays import FloatArray, IntArray
from nakmd.system import System


class StiffForces(ABC):
    """The atoms on which the stiff terms of a model act, as a system of their own, and the forces of these terms.

    Attributes
    ----------
    atoms : (m,) int64
        Their numbers in the whole system.
    part : System
        These atoms; the integrator writes their positions and velocities. It shares the cell of the whole system.
    at_step : (m, 3) float64 [eV/Å]
        Forces of the stiff terms in the configuration of the last step; the forces on the whole system include them.
    inner : (m, 3) float64 [eV/Å]
        Forces of the stiff terms at the last call of `compute`.
    """

    atoms: IntArray
    part: System
    at_step: FloatArray
    inner: FloatArray

    @abstractmethod
    def compute(self) -> None:
        """Compute ``inner`` for the positions of the part."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return what a resumed run must know."""

    @abstractmethod
    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a state; the part has the positions of the whole system."""
