"""Shared by the tests of potentials: evaluation with cached potentials, and comparison of results."""

from functools import cache

import conftest
import numpy as np

from nakmd.potentials import evaluate

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


@cache
def engine(name, species_names):
    """Return the potential of a row, cached."""
    return next(row for row in conftest.POTENTIALS if row.name == name).engine(species_names)


def prepared(row, species_names):
    """Return an evaluator of the potential for these species."""
    return row.engine(species_names).bind(species_names)


def outcome(row, system, skin=0.0):
    """Return energies, forces and virial of a system under a row's potential."""
    return evaluate(engine(row.name, system.species_names), system, skin)


def assert_same(found, expected, tolerance=1e-10):
    """Compare all numbers, with the tolerance times one plus the largest force."""
    scale = 1.0 + np.abs(expected.forces).max(initial=0.0)
    assert np.abs(found.energies - expected.energies).max(initial=0.0) < tolerance * scale
    assert np.abs(found.forces - expected.forces).max(initial=0.0) < tolerance * scale
    assert np.abs(found.virial - expected.virial).max() < tolerance * scale * max(1, len(found.energies))


def bits(result):
    """Return all numbers of a result as bytes."""
    return result.energies.tobytes() + result.forces.tobytes() + result.virial.tobytes()
