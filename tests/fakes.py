"""Simple potentials, systems and a driver for tests of integrators and of the loop."""

import numpy as np

from nakmd.cell import Cell
from nakmd.system import System


class IdealGas:
    """A potential without forces: with tethers, independent harmonic oscillators."""

    terms = ()
    has_pair_energies = True

    requests = ()
    cutoff = 0.0

    def bind(self, species_names):
        return self

    def compute(self, system, neighbors, result, virial=True, virials=None, share=None, resting=()):
        result.energies[:] = 0.0
        if virials is not None:
            virials[:] = 0.0
        result.forces[:] = 0.0
        result.virial[:] = 0.0 if virial else np.nan

    def terms_within(self, species):
        return []

    def pair_energies(self, system, neighbors):
        n = len(system.species_names)
        return np.zeros((n, n))


class NoNeighbors:
    """Neighbour lists of a potential without requests."""

    n_builds = 0

    def update(self, system):
        return False

    def state(self):
        return {}

    def restore(self, system, state):
        pass


def gas(n_atoms, length=20.0, names=("Na", "K"), seed=0, periodic=(True, True, True)):
    """Return atoms at random positions, with alternating species."""
    rng = np.random.default_rng(seed)
    species = np.arange(n_atoms) % len(names)
    cell = Cell([length, length, length], periodic)
    return System(rng.uniform(0.0, length, (n_atoms, 3)), species, names, cell)


def lennard_jones():
    """Return a soft potential: argon-like, continuous to second order at its cutoff."""
    from nakmd.potentials import LennardJones

    entry = {"epsilon": 0.0104, "sigma": 3.4, "cutoff": 7.0, "cut": "smooth"}
    return LennardJones({("Na", "Na"): entry, ("Na", "K"): entry, ("K", "K"): entry})


def crystal(repeat=3, lattice=5.4, names=("Na", "K"), shake=0.05, seed=1):
    """Return a perturbed fcc crystal of 4 repeat³ atoms, with alternating species."""
    rng = np.random.default_rng(seed)
    basis = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    corners = np.stack(np.meshgrid(*[np.arange(repeat)] * 3, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    positions = ((corners + basis).reshape(-1, 3)) * lattice
    positions += rng.normal(0.0, shake, positions.shape)
    system = System(positions, np.arange(len(positions)) % len(names), names, Cell([repeat * lattice] * 3))
    system.groups["left"] = positions[:, 0] < 0.5 * repeat * lattice
    system.groups["right"] = ~system.groups["left"]
    return system


def drive(system, integrator, steps, *, seed=1, mobility=None, potential=None, each=None):
    """Integrate without the loop, calling ``each(step, result)`` after every step; return the result."""
    from nakmd.integrators import Mobility, Span
    from nakmd.neighbors import Neighbors
    from nakmd.system import Result

    potential = potential or IdealGas()
    evaluator = potential.bind(system.species_names)
    neighbors = Neighbors(evaluator.requests) if evaluator.requests else NoNeighbors()
    mobility = mobility or Mobility(system)
    result = Result(system.n_atoms)

    def forces():
        neighbors.update(system)
        evaluator.compute(system, neighbors, result)
        mobility.add_tethers(system, result)

    forces()
    integrator.start(system, mobility, seed, Span(0, steps))
    for step in range(1, steps + 1):
        integrator.before_forces(system, result, step)
        forces()
        integrator.after_forces(system, result, step)
        if each is not None:
            each(step, result)
    return result
