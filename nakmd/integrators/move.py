"""Monte Carlo moves between steps: what all kinds have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from nakmd.arrays import FloatArray, IntArray
from nakmd.errors import InputError
from nakmd.integrators.groups import Mobility
from nakmd.integrators.option import Option
from nakmd.kernels.random import fill_exchanges
from nakmd.system import System


class Move(ABC):
    """Trials that exchange one atom of one species with one of another, each accepted or rejected.

    Parameters
    ----------
    species : (str, str)
        Names that `Topology.select` knows: species, elements or groups. Only atoms that move freely take part, neither
        frozen nor tethered nor restrained nor in a rigid body.
    every : int
        Steps between two calls: at steps of the run that are multiples of it.
    attempts : int
        Trials at each call.
    temperature : float [K], optional
        T in a stage without a thermostat; by default that of the thermostat at the step.

    Attributes
    ----------
    label, verb : str
        Its name in messages and reports; what it does with the species.
    options : tuple of Option
        Arguments of its own that decks offer.
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
    """

    label: ClassVar[str]
    verb: ClassVar[str]
    options: ClassVar[tuple[Option, ...]] = ()

    #: Whether atoms that are parked take part.
    takes_parked: ClassVar[bool] = False

    #: Columns of the thermo table that `readings` fills.
    columns: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, species: Sequence[str], every: int = 100, attempts: int = 100, temperature: float | None = None
    ) -> None:
        name = f"A {self.label}"
        if len(species) != 2:
            raise InputError(f"{name} exchanges atoms of 2 species, got {len(species)}: {', '.join(species)}.")
        self.species = (str(species[0]), str(species[1]))
        self.every, self.attempts = int(every), int(attempts)
        self.temperature = None if temperature is None else float(temperature)
        if self.every < 1 or self.attempts < 1:
            raise InputError(f"{name} needs every >= 1 and attempts >= 1, got {every} and {attempts}.")
        if self.temperature is not None and not (np.isfinite(self.temperature) and self.temperature >= 0.0):
            raise InputError(f"The temperature of a {self.label} is {temperature} K; it must not be below 0.")
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
            If a name selects no atom that can take part, or both select atoms of one species.
        """
        free = mobility.free.copy()
        free[mobility.tether_atoms] = False
        free[np.asarray(restrained, dtype=np.int64)] = False
        if self.takes_parked:
            free |= system.absent
        sides, kinds = [], []
        for name in self.species:
            chosen = system.topology.select(name)
            atoms = np.flatnonzero(chosen & free)
            if not len(atoms):
                raise InputError(
                    f"The move {self.verb} {self.pair}, but none of the {int(chosen.sum())} atoms called {name!r} "
                    "moves freely: frozen, tethered, restrained and rigid atoms keep their places. Name other "
                    "species, or remove the move."
                )
            sides.append(atoms)
            kinds.append(set(system.species[atoms].tolist()))
        common = sorted(kinds[0] & kinds[1])
        if common:
            raise InputError(
                f"The move {self.verb} {self.pair}, and both contain atoms of {system.species_names[common[0]]}: "
                "exchanging two of them changes nothing. Name two different species."
            )
        self.atoms = (sides[0], sides[1])
        self.exchanged = sorted(kinds[0] | kinds[1])

    @abstractmethod
    def trials(
        self, system: System, place: list[int], seed: int, step: int, first_draw: int, thermal: float
    ) -> Iterator[tuple[int, int, float]]:
        """Yield the trials of one call, one after the other: each may depend on what became of those before.

        Parameters
        ----------
        system : System
            Its velocities follow the accepted trials at once, its positions and `System.present` after the call.
        place : list of int
            Place of each atom, -1 if it is parked; follows the accepted trials.
        seed, step : int
        first_draw : int
            Number of trials of other moves at this step.
        thermal : float [eV]
            kT.

        Yields
        ------
        first, second : int
            The atom at a place, and the one that shall come there: from its own place, or parked until then.
        limit : float [eV]
            Largest change of the potential energy that is accepted.
        """

    def readings(self, thermal: float) -> dict[str, float]:
        """Return the values of `columns` after the last call; ``thermal`` is kT [eV]."""
        return {}

    def _draw(
        self, seed: int, step: int, first_draw: int, n_first: int, n_second: int
    ) -> tuple[IntArray, IntArray, FloatArray]:
        """Return for each trial a member of each of two lists, by position, and -ln u of Metropolis's rule."""
        first, second = np.empty(self.attempts, np.int64), np.empty(self.attempts, np.int64)
        thresholds = np.empty(self.attempts)
        fill_exchanges(seed, step, first_draw, n_first, n_second, first, second, thresholds)
        return first, second, thresholds
