"""A metal and its screened pairs for a list of species, as the exports to LAMMPS need them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from nakmd.potentials.base import species_key
from nakmd.potentials.forms.embedded_atom import EmbeddedAtom
from nakmd.potentials.forms.pair import PairPotential


class ScreenedSides(NamedTuple):
    """The two sides of a `Screened` term, and how they are coupled.

    Attributes
    ----------
    label : str
    metal : EmbeddedAtom
    contact : PairPotential
    metals, walls : tuple of str
        Species of the metal, and those that have pairs with it.
    entries : mapping of (str, str) to (str, str)
        The listed pair of the contact for a metal and a wall species that interact.
    shares : mapping of (str, str) to float
        k of these two.
    depth : mapping of str to float
        d of each metal: the part of the attraction that dense metal takes.
    rho_0 : mapping of str to float [unit of ρ]
        Infinite for a metal without screened pairs.
    """

    label: str
    metal: EmbeddedAtom
    contact: PairPotential
    metals: tuple[str, ...]
    walls: tuple[str, ...]
    entries: Mapping[tuple[str, str], tuple[str, str]]
    shares: Mapping[tuple[str, str], float]
    depth: Mapping[str, float]
    rho_0: Mapping[str, float]

    @property
    def screens(self) -> bool:
        """Whether the energy of any pair depends on the metal."""
        return any(self.depth[a] * share for (a, _), share in self.shares.items())

    @property
    def keys(self) -> tuple[str, ...]:
        """The element of the embedded-atom model that each metal uses."""
        return tuple(species_key(name, self.metal.elements) or name for name in self.metals)
