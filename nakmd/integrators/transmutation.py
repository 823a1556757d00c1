"""Monte Carlo change of the species of an atom, at a difference of chemical potentials or a target composition."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from nakmd.arrays import IntArray
from nakmd.errors import InputError
from nakmd.integrators.groups import Mobility
from nakmd.integrators.move import Move
from nakmd.integrators.option import Option
from nakmd.system import System
from nakmd.units import ACCELERATION

#: Standard deviation of the number of atoms about a target that its weight allows by itself. A narrower weight would
#: make the changes of n rare, a wider one let the mean drift from the target: by Δμ/kT times its square, in atoms.
SPREAD = 1.0


class Transmutation(Move):
    r"""Change of atoms from one species to another, in the semi-grand ensemble or about a target composition.

    A trial chooses one atom of either species at random and gives its place and its momentum to an atom of the other
    species that was parked, which it replaces. With n atoms of the second species among N of both, it is accepted with
    the probability

    .. math:: \min\{1, \exp[-(\Delta U + \Delta K + \Delta W)/k_B T] \, (m_\mathrm{before}/m_\mathrm{after})^{3/2}\}

    where U and K are the potential and the kinetic energy, and W is

    .. math:: W = -n \, \Delta\mu + k_B T \, (n - N x)^2 / (2 N^2 \sigma^2)

    with a difference of chemical potentials Δμ, or a target x with the spread σ, or both. The species of an atom, its
    mass and its groups never change: which atoms are parked does (`System.present`). Momentum is conserved, and the
    path of an atom jumps, as with `Swap`.

    Parameters
    ----------
    species, every, attempts, temperature
        As in `Move`.
    delta_mu : float [eV], optional
        Δμ = μ(second) - μ(first) with the ideal part of mixing and the excess over single atoms of the model:
        k_B T ln(x_2/x_1) in an ideal mixture, and mostly the difference of the cohesive energies in a metal.
        The part of the thermal wavelengths, -(3/2) k_B T ln(m_2/m_1), is not in it: it is the same in all phases.
        With a target it may be omitted. An estimate of it centres the composition, whose mean otherwise differs from
        the target by N σ² Δμ/(k_B T), that is by five atoms in NaK at 450 K with the usual σ.
    composition : float, optional
        Target fraction x of the second species, strictly between 0 and 1.
    spread : float, optional
        σ of a target; that of one atom, 1/N, if omitted. The composition varies less if the mixture itself resists.

    Attributes
    ----------
    n_second, n_both : int
        Atoms of the second species and of both that are present; known after `start`.

    Raises
    ------
    InputError
        If a number makes no sense, or neither ``delta_mu`` nor ``composition`` is given.

    Notes
    -----
    With a target, the difference of the chemical potentials follows from the same run: over a distribution P(n) that
    vanishes at its ends the mean of d ln P/dn is zero, so the mean of -dW/dn is μ(second) - μ(first). Nothing is
    adapted during the run.

    A species whose parked atoms are used up limits n: trials beyond it are rejected. Decks park one atom of the other
    species for every atom that may change, so that every composition can be reached.

    References
    ----------
    Semi-grand ensemble: D. A. Kofke and E. D. Glandt, Mol. Phys. 64, 1105 (1988). doi:10.1080/00268978800100743
    Target composition: B. Sadigh, P. Erhart, A. Stukowski, A. Caro, E. Martinez and L. Zepeda-Ruiz, Phys. Rev. B 85,
    184203 (2012). doi:10.1103/PhysRevB.85.184203

    Examples
    --------
    >>> from nakmd.integrators import Transmutation
    >>> move = Transmutation(("Na", "K"), every=10, attempts=50, delta_mu=0.2)
    >>> move.verb, move.columns
    ('transmutes', ('composition', 'delta_mu'))
    """

    label: ClassVar[str] = "transmutation"
    verb: ClassVar[str] = "transmutes"
    takes_parked: ClassVar[bool] = True
    columns: ClassVar[tuple[str, ...]] = ("composition", "delta_mu")
    options: ClassVar[tuple[Option, ...]] = (
        Option("delta_mu", "energy", "chemical potential of the second species minus that of the first, without the "
               "part of the masses", "none; composition then gives the target", "0.05 eV"),
        Option("composition", "fraction", "target fraction of the second species", "none; delta_mu then decides", 0.67),
        Option("spread", "fraction", "standard deviation of the composition about its target",
               "that of one atom", 0.01),
    )  # fmt: skip

    def __init__(
        self,
        species: Sequence[str],
        every: int = 100,
        attempts: int = 100,
        temperature: float | None = None,
        delta_mu: float | None = None,
        composition: float | None = None,
        spread: float | None = None,
    ) -> None:
        super().__init__(species, every, attempts, temperature)
        if delta_mu is None and composition is None:
            raise InputError(
                "A transmutation needs delta_mu, the difference of the chemical potentials, or composition, a target "
                "fraction of the second species."
            )
        if delta_mu is not None and not math.isfinite(delta_mu):
            raise InputError(f"delta_mu is {delta_mu} eV; it must be a finite number.")
        if composition is None and spread is not None:
            raise InputError("spread belongs to a target composition, and this transmutation has none. Remove it.")
        if composition is not None and not 0.0 < composition < 1.0:
            raise InputError(f"The target composition is {composition:g}; it must be between 0 and 1, without them.")
        if spread is not None and not 0.0 < spread <= 1.0:
            raise InputError(f"The spread of the composition is {spread:g}; it must be above 0 and at most 1.")
        self.delta_mu = 0.0 if delta_mu is None else float(delta_mu)
        self.composition, self.spread = composition, spread
        self.n_second = self.n_both = 0

    def start(self, system: System, mobility: Mobility, restrained: Sequence[int] | IntArray = ()) -> None:
        """Choose the atoms of a stage; changes nothing in the system.

        Raises
        ------
        InputError
            As `Move.start`, if a side has several species, or if no atom is parked.
        """
        super().start(system, mobility, restrained)
        for name, side in zip(self.species, self.atoms, strict=True):
            kinds = np.unique(system.species[side])
            if len(kinds) > 1:
                several = ", ".join(system.species_names[kind] for kind in kinds)
                raise InputError(
                    f"The move transmutes {self.pair}, and {name!r} contains atoms of several species ({several}), "
                    "which have different chemical potentials. Name one species on either side."
                )
        absent = system.absent
        if not any(absent[side].any() for side in self.atoms):
            raise InputError(
                f"The move transmutes {self.pair}, and none of their atoms is parked: add parked atoms of both species "
                "to the system (System.present)."
            )
        self.count(system)

    def count(self, system: System) -> None:
        """Set `n_second` and `n_both` to the atoms that are present."""
        absent = system.absent
        first, second = (int(len(side) - absent[side].sum()) for side in self.atoms)
        self.n_second, self.n_both = second, first + second

    def slope(self, n_second: int, thermal: float) -> float:
        """Return -dW/dn [eV] with n atoms of the second species; ``thermal`` is kT [eV]."""
        if self.composition is None:
            return self.delta_mu
        width = SPREAD if self.spread is None else self.spread * self.n_both
        return self.delta_mu + thermal * (self.composition * self.n_both - n_second) / width**2

    def readings(self, thermal: float) -> dict[str, float]:
        """Return the fraction of the second species, and -dW/dn [eV], whose mean is μ(second) - μ(first)."""
        return {
            "composition": self.n_second / self.n_both if self.n_both else math.nan,
            "delta_mu": self.slope(self.n_second, thermal),
        }

    def trials(  # noqa: D102  (inherited)
        self, system: System, place: list[int], seed: int, step: int, first_draw: int, thermal: float
    ) -> Iterator[tuple[int, int, float]]:
        masses, velocities = system.masses, system.velocities
        self.count(system)
        is_second = np.zeros(system.n_atoms, np.bool_)
        is_second[self.atoms[1]] = True
        both = np.sort(np.concatenate(self.atoms))
        occupants = [atom for atom in both.tolist() if place[atom] >= 0]
        parked = [[atom for atom in side.tolist() if place[atom] < 0] for side in self.atoms]  # sorted: heaps
        drawn, _, thresholds = self._draw(seed, step, first_draw, max(1, len(occupants)), 1)
        for number, threshold in zip(drawn.tolist(), thresholds.tolist(), strict=True):
            if not occupants:
                return
            old = occupants[number]
            to_second = not is_second[old]
            reserve = parked[int(to_second)]
            if not reserve:
                continue
            new = reserve[0]
            sign = 1 if to_second else -1
            ratio = float(masses[old] / masses[new])
            v = velocities[old]
            kinetic = 0.5 / ACCELERATION * float(masses[old]) * float(v @ v) * (ratio - 1.0)
            # the mean of the slopes before and after is the difference of the quadratic W
            gain = 0.5 * sign * (self.slope(self.n_second, thermal) + self.slope(self.n_second + sign, thermal))
            yield old, new, thermal * (threshold + 1.5 * math.log(ratio)) - kinetic + gain
            if place[old] < 0:  # accepted
                heapq.heappop(reserve)
                heapq.heappush(parked[1 - int(to_second)], old)
                occupants[number] = new
                self.n_second += sign
