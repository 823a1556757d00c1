"""The quantities that a validation can be asked for, and those that one was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from nakmd.errors import InputError, nearest

#: Quantities of the states of the liquid.
STATES = ("density", "expansion", "diffusion", "viscosity", "rdf")

#: Groups and their quantities.
GROUPS: dict[str, tuple[str, ...]] = {
    "cold": (),
    "solid": ("vacancy", "lattice", "fusion", "melting"),
    "liquid": (*STATES, "diffraction"),
    "alloy": ("mixing", "concentration", "free-energy", "substitution"),
    "surface": ("tension", "segregation"),
    "forces": (),
    "extremes": (),
    "carbon": (),
    "adsorption": (),
    "sizes": (),
}

#: All groups.
QUANTITIES = tuple(GROUPS)

#: Density and diffusion of Na, K and NaK at 400 K and the enthalpy of mixing: evaluated for each candidate
#: of a fit of the liquid.
LIQUID_QUICK = ("density@400", "diffusion@400", "mixing")


class Wanted:
    """The requested quantities.

    Parameters
    ----------
    words : sequence of str
        Groups or quantities (`GROUPS`), optionally with ``@T`` for a single temperature [K].

    Raises
    ------
    InputError
        If a word is unknown.
    """

    def __init__(self, words: Sequence[str]) -> None:
        known = [*GROUPS, *(quantity for group in GROUPS.values() for quantity in group)]
        self._wanted: dict[str, set[float] | None] = {}
        for word in words:
            name, _, at = word.partition("@")
            try:
                temperature = float(at.removesuffix("K")) if at else None
            except ValueError:
                temperature = -1.0
            if name not in known or (temperature is not None and not temperature > 0.0):
                close = nearest(name, known)
                raise InputError(
                    f"There is no quantity {word[:32]!r} to validate."
                    + (f' Did you mean "{close}"?' if close and close != name else "")
                    + f" Choose from {', '.join(known)}; a temperature may follow, as in density@400."
                )
            for quantity in GROUPS.get(name) or (name,):
                temperatures = self._wanted.get(quantity, set())
                if temperature is None or temperatures is None:
                    self._wanted[quantity] = None
                else:
                    self._wanted[quantity] = temperatures | {temperature}

    def __call__(self, quantity: str, temperature: float | None = None) -> bool:
        """Return whether a quantity is requested, at this temperature if one is given."""
        if quantity not in self._wanted:
            return False
        at = self._wanted[quantity]
        return at is None or temperature is None or temperature in at

    def liquid(self, temperature: float) -> bool:
        """Return whether any quantity of a state of the liquid is requested at a temperature."""
        return any(self(quantity, temperature) for quantity in STATES)
