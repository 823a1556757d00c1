"""A chain of Nosé-Hoover thermostats, as a thermostat or the piston of a barostat carries it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import InputError
from nakmd.integrators.ramps import as_number
from nakmd.kernels.chain import propagate_chain
from nakmd.units import K_B

_CUBE = 1.0 / (2.0 - 2.0 ** (1.0 / 3.0))
_FIVE = 1.0 / (4.0 - 4.0 ** (1.0 / 3.0))
_SEVEN = (0.784513610477560, 0.235573213359357, -1.17767998417887)

#: Weights of the symmetric decompositions of a step into this number of substeps: of order 2, 4, 4 and 6.
SUZUKI_YOSHIDA: dict[int, tuple[float, ...]] = {
    1: (1.0,),
    3: (_CUBE, 1.0 - 2.0 * _CUBE, _CUBE),
    5: (_FIVE, _FIVE, 1.0 - 4.0 * _FIVE, _FIVE, _FIVE),
    7: (*_SEVEN, 1.0 - 2.0 * sum(_SEVEN), *reversed(_SEVEN)),
}


class Chain:
    r"""A chain of M thermostats: the first acts on some degrees of freedom, each other one on the thermostat before it.

    Parameters
    ----------
    length : int
        M.
    time_constant : float [ps]
        τ in Q_1 = N_f k_B T τ² and Q_k = k_B T τ².
    weights : {1, 3, 5, 7}
        Number of Suzuki-Yoshida weights into which a time is split.
    substeps : int
        Number of equal parts that are split in turn.

    Attributes
    ----------
    velocities : (M,) float64 [1/ps]

    Raises
    ------
    InputError
        If a number makes no sense.

    References
    ----------
    Yoshida, Phys. Lett. A 150, 262 (1990). doi:10.1016/0375-9601(90)90092-3
    """

    def __init__(self, length: int, time_constant: float, weights: int = 3, substeps: int = 1) -> None:
        if length < 1 or substeps < 1 or weights not in SUZUKI_YOSHIDA:
            raise InputError(
                f"A Nosé-Hoover chain needs a length and a number of substeps of at least 1, and 1, 3, 5 or 7 weights; "
                f"got {length}, {substeps} and {weights}."
            )
        self.length = int(length)
        self.time_constant = as_number("time_constant", time_constant, "ps")
        self.substeps = int(substeps)
        self._weights: FloatArray = np.array(SUZUKI_YOSHIDA[weights])
        self.velocities: FloatArray = np.zeros(self.length)

    def start(self, degrees_of_freedom: int, temperature: float, timestep: float) -> None:
        """Come to rest, with the masses of a temperature [K]; ``timestep`` [ps] is that of one `advance`."""
        thermal = K_B * temperature
        self._degrees = degrees_of_freedom
        self._timestep = timestep
        self._masses: FloatArray = np.full(self.length, thermal * self.time_constant**2)
        self._masses[0] *= degrees_of_freedom
        self.velocities = np.zeros(self.length)
        self._heat = 0.0

    def advance(self, twice_kinetic: float, temperature: float) -> float:
        """Move on, and return the factor on the momenta whose Σ p²/m [eV] is given."""
        scale, heat = propagate_chain(
            self.velocities, self._masses, twice_kinetic, self._degrees, K_B * temperature, self._timestep,
            self._weights, self.substeps,
        )  # fmt: skip
        self._heat += heat
        return float(scale)

    @property
    def energy(self) -> float:
        """Energy [eV] of the chain: Σ Q_k v_k²/2, and ∫ k_B T (N_f dξ_1 + Σ dξ_k) since the start."""
        return 0.5 * float(np.sum(self._masses * self.velocities**2)) + self._heat

    def state(self) -> dict[str, Any]:
        """Return velocities and heat."""
        return {"velocities": self.velocities.copy(), "heat": self._heat}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore velocities and heat."""
        self.velocities[:] = state["velocities"]
        self._heat = float(state["heat"])
