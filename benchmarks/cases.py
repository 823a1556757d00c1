"""The systems that the benchmarks run on, each built from a seed."""

from __future__ import annotations

import numpy as np

from nakmd.neighbors import Neighbors
from nakmd.potentials import EAM, Potential, load
from nakmd.potentials.export import finnis_sinclair_table
from nakmd.structures.assembly import boxed
from nakmd.structures.liquid import fill, liquid
from nakmd.structures.nanotube import nanotube
from nakmd.system import Result, System


def metal(n_atoms: int = 8000) -> tuple[System, Potential]:
    """Liquid NaK, the analytic cubics."""
    return liquid(0.67, 410.0, n_atoms=n_atoms, seed=1), load("nak")


def metal_on_tables(n_atoms: int = 8000) -> tuple[System, Potential]:
    """Liquid NaK, the same model exported to an eam.fs table."""
    return liquid(0.67, 410.0, n_atoms=n_atoms, seed=1), EAM(finnis_sinclair_table(load("nak").terms[0]))


def tube(length: float = 490.0) -> tuple[System, Potential]:
    """A (10, 10) tube of about 8,000 atoms at thermal displacements, Tersoff."""
    system = nanotube(10, 10, length=length)
    system.positions += np.random.default_rng(1).normal(0.0, 0.04, system.positions.shape)
    return system, load("cn")


def wetted_tube(length: float = 60.0) -> tuple[System, Potential]:
    """Liquid NaK around a (10, 10) tube: the sum of terms."""
    system = fill(boxed(nanotube(10, 10, length=length), margins=24.0, keep=(False, False, True)), 0.67, 450.0, seed=1)
    return system, load("nak-cn")


CASES = {"metal": metal, "metal_on_tables": metal_on_tables, "tube": tube, "wetted_tube": wetted_tube}


def ready(case: str) -> tuple[System, Potential, Neighbors, Result]:
    """Return a case with lists built and kernels compiled."""
    system, potential = CASES[case]()
    potential.prepare(system.species_names)
    neighbors = Neighbors(potential.requests)
    result = Result(system.n_atoms)
    neighbors.update(system)
    potential.compute(system, neighbors, result, virial=False)
    return system, potential, neighbors, result
