"""Monte Carlo exchange of two atoms of different species."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from nakmd.arrays import FloatArray, IntArray
from nakmd.errors import InputError
from nakmd.integrators.groups import Mobility
from nakmd.kernels.random import fill_exchanges
from nakmd.system import System


class Swap:
    r"""Exchange of the positions of two atoms of different species, accepted by Metropolis's rule.

    A trial chooses one atom of each species at random and exchanges their positions with the probability

    .. math:: \min\{1, \exp[-(E_\mathrm{after} - E_\mathrm{before}) / k_B T]\}

    Choosing the pair and choosing it back are equally probable, so the move leaves the canonical distribution as it is.
    Atoms keep their velocities, whose distribution depends on their mass and not on where they are: kinetic energy and
    momentum do not change, and neither do species, masses and groups of an atom. Composition in space relaxes without
    diffusion. The path of an atom jumps: it is no diffusion, and analyses that follow atoms refuse stages with moves.

    Parameters
    ----------
    species : (str, str)
        Names that `Topology.select` knows: species, elements or groups. Only atoms that move freely are exchanged,
        neither frozen nor tethered nor restrained nor in a rigid body.
    every : int
        Steps between two calls: at steps of the run that are multiples of it.
    attempts : int
        Trials at each call.
    temperature : float [K], optional
        T in a stage without a thermostat; by default that of the thermostat at the step.

    Attributes
    ----------
    atoms : tuple of (n,) int64
        Atoms of either side; known after `start`.
    exchanged : list of int
        Their species, as indices; known after `start`.

    Raises
    ------
    InputError
        If a number makes no sense.

    Notes
    -----
    Trials are a function of seed, step and number of the trial (`nakmd.kernels.random.fill_exchanges`).

    References
    ----------
    N. Metropolis, A. W. Rosenbluth, M. N. Rosenbluth, A. H. Teller and E. Teller, J. Chem. Phys. 21, 1087 (1953).
    doi:10.1063/1.1699114
    """

    label: ClassVar[str] = "swap"

    def __init__(
        self, species: Sequence[str], every: int = 100, attempts: int = 100, temperature: float | None = None
    ) -> None:
        if len(species) != 2:
            raise InputError(f"A swap exchanges atoms of 2 species, got {len(species)}: {', '.join(species)}.")
        self.species = (str(species[0]), str(species[1]))
        self.every, self.attempts = int(every), int(attempts)
        self.temperature = None if temperature is None else float(temperature)
        if self.every < 1 or self.attempts < 1:
            raise InputError(f"A swap needs every >= 1 and attempts >= 1, got {every} and {attempts}.")
        if self.temperature is not None and not (np.isfinite(self.temperature) and self.temperature >= 0.0):
            raise InputError(f"The temperature of a swap is {temperature} K; it must not be below 0.")
        self.atoms: tuple[IntArray, IntArray] = (np.zeros(0, np.int64), np.zeros(0, np.int64))
        self.exchanged: list[int] = []

    @property
    def pair(self) -> str:
        """Both names, for messages and reports."""
        return "–".join(self.species)

    def start(self, system: System, mobility: Mobility, restrained: Sequence[int] | IntArray = ()) -> None:
        """Choose the atoms of a stage; changes nothing in the system.

        Parameters
        ----------
        system : System
        mobility : Mobility
        restrained : sequence of int
            Atoms that restraints act on: they keep their places as tethered ones do.

        Raises
        ------
        InputError
            If a name selects no atom that moves freely, or both select atoms of one species.
        """
        free = mobility.free.copy()
        free[mobility.tether_atoms] = False
        free[np.asarray(restrained, dtype=np.int64)] = False
        sides, kinds = [], []
        for name in self.species:
            chosen = system.topology.select(name)
            atoms = np.flatnonzero(chosen & free)
            if not len(atoms):
                raise InputError(
                    f"The move swaps {self.pair}, but none of the {int(chosen.sum())} atoms called {name!r} moves "
                    "freely: frozen, tethered, restrained and rigid atoms keep their places. Name other species, or "
                    "remove the move."
                )
            sides.append(atoms)
            kinds.append(set(system.species[atoms].tolist()))
        common = sorted(kinds[0] & kinds[1])
        if common:
            raise InputError(
                f"The move swaps {self.pair}, and both contain atoms of {system.species_names[common[0]]}: exchanging "
                "two of them changes nothing. Name two different species."
            )
        self.atoms = (sides[0], sides[1])
        self.exchanged = sorted(kinds[0] | kinds[1])

    def draw(self, seed: int, step: int, first_draw: int) -> tuple[IntArray, IntArray, FloatArray]:
        """Return the trials of a call.

        Parameters
        ----------
        seed, step : int
        first_draw : int
            Number of trials of other moves at this step.

        Returns
        -------
        first, second : (attempts,) int64
            Atoms.
        thresholds : (attempts,) float64
            Largest change of the energy that is accepted, in units of kT.
        """
        first, second = np.empty(self.attempts, np.int64), np.empty(self.attempts, np.int64)
        thresholds = np.empty(self.attempts)
        fill_exchanges(seed, step, first_draw, len(self.atoms[0]), len(self.atoms[1]), first, second, thresholds)
        return self.atoms[0][first], self.atoms[1][second], thresholds
