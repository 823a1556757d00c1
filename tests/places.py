"""Moves at fixed places, without dynamics, and a model with known energies."""

import math

import numpy as np

from nakmd.cell import Cell
from nakmd.integrators import Span, VelocityVerlet
from nakmd.neighbors import Neighbors
from nakmd.potentials import Morse
from nakmd.simulation import Stage
from nakmd.simulation.exchanges import Exchanges
from nakmd.system import Result, System

OPEN = Cell([30.0, 30.0, 30.0], [False] * 3)


class Chain:
    """A move at fixed places, without dynamics.

    ``draw``, if given, is called before each call: it may give the atoms new velocities.
    """

    def __init__(self, system, potential, move, frozen=(), draw=None):
        evaluator = potential.bind(system.species_names)
        self.system, self.move, self._result, self._draw = system, move, Result(system.n_atoms), draw
        self._neighbors = Neighbors(evaluator.requests)
        self._compute = lambda: evaluator.compute(system, self._neighbors, self._result)
        self._stage = Stage("places", VelocityVerlet(0.001), 1, frozen=frozen, moves=(move,))
        self._stage.bind(system, 5, Span(0, 1))
        self.exchanges = Exchanges(system, evaluator, 5, [self._stage])
        self.exchanges.bind(self._stage)
        self._places = system.positions[~system.absent].copy()
        self._neighbors.update(system)
        self._compute()

    @property
    def energy(self):
        return self._result.energy

    def states(self, calls):
        """Yield after each call the places of the sodium atoms, as a sorted tuple."""
        sodium = self.system.species == self.system.species_names.index("Na")
        for call in range(1, calls + 1):
            if self._draw is not None:
                self._draw(self.system)
            for moved in self.exchanges.make_due(call, None):
                if moved.present:
                    self._stage.bind(self.system, 5, Span(0, 1))
                if moved.positions:
                    self._neighbors.invalidate()
                    self._neighbors.update(self.system)
                    self._compute()
            present = self.system.positions[sodium & ~self.system.absent]
            places = [np.flatnonzero((self._places == r).all(axis=1)) for r in present]
            yield tuple(sorted(int(place[0]) for place in places))


def morse(r, depth, alpha, r_0):
    return depth * (1.0 - math.exp(-alpha * (r - r_0))) ** 2 - depth


PAIRS = {"K": (0.09, 1.2, 3.4), "Na": (0.05, 1.5, 3.0)}


def beside_carbon():
    """Return Na and K at two places beside a carbon atom, their potential, and E(exchanged) - E [eV]."""
    entries = {
        (name, "C"): dict(zip(("depth", "alpha", "r_0", "cutoff", "cut"), (*numbers, 12.0, "cut"), strict=True))
        for name, numbers in PAIRS.items()
    }
    none = [("C", "C"), ("Na", "Na"), ("K", "K"), ("Na", "K")]
    positions = [[0.0, 0.0, 0.0], [3.1, 0.0, 0.0], [-4.2, 0.0, 0.0]]
    system = System(positions, [0, 1, 2], ["C", "Na", "K"], OPEN)
    energies = [morse(a, *PAIRS["Na"]) + morse(b, *PAIRS["K"]) for a, b in ((3.1, 4.2), (4.2, 3.1))]
    return system, Morse(entries, none=none), energies[1] - energies[0]
