"""The limit of long waves of the fluctuations of concentration: exact cases, known spectra, and what has no limit."""

import math

import numpy as np
import pytest
from synthetic import frame, ideal_gas, topology

from nakmd.analysis import FrameList, structure_factor
from nakmd.analysis.long_waves import OF_LINE, long_waves
from nakmd.cell import Cell

#: Bins of a cubic cell of 40 Å, about, and numbers of their wave vectors.
Q = np.arange(1, 14) * 0.05
COUNTS = 3 * np.arange(1, 14) ** 2


def test_random_mixing_has_none_of_its_own():
    """Independent positions: S_CC = c₁ c₂ at every q, exactly."""
    found = structure_factor(ideal_gas(3, 300, 64, [40.0] * 3, names=("Na", "K", "Na")), q_max=1.0, vectors=0)
    limit = found.long_waves
    assert 0.0 < limit.relative.error < 0.1
    assert abs(limit.relative.value - 1.0) < 4.0 * limit.relative.error
    assert limit.change < 4.0 * limit.relative.error
    (row,) = [row for row in found.rows() if "random mixing" in row.quantity]
    assert row.measured is limit.relative


def chains(frames, sites, spacing, t, seed=1):
    """Return rings of Ising spins at equal parts as Na and K on a line: each bond is unlike with (1 - t)/2."""
    rng = np.random.default_rng(seed)
    made, cell = [], Cell([sites * spacing, 5.0, 5.0])
    while len(made) < frames:
        flips = rng.uniform(size=(4000, sites)) < 0.5 * (1.0 - t)
        # a ring has an even number of unlike bonds; the canonical ensemble has equal parts
        spins = np.cumsum(flips, axis=1) % 2
        chosen = (flips.sum(axis=1) % 2 == 0) & (spins.sum(axis=1) == sites // 2)
        for spin in spins[chosen][: frames - len(made)]:
            line = np.flatnonzero(spin == 0), np.flatnonzero(spin == 1)
            positions = np.zeros((sites, 3))
            positions[:, 0] = spacing * np.concatenate(line)
            made.append(frame(cell, positions, len(made)))
    return FrameList(topology(("Na", "K"), np.repeat([0, 1], sites // 2)), made)


def test_a_chain_of_ising_spins_has_the_limit_that_is_known_exactly():
    """S(q) = c₁ c₂ (1 - t²)/(1 - 2 t cos qa + t²) with t = tanh(J/kT): (1 + t)/(1 - t) at q = 0, Ornstein-Zernike."""
    t, spacing, sites = 0.4, 0.5, 300
    limit = structure_factor(chains(250, sites, spacing, t), q_max=1.2, bins=60, vectors=0).long_waves
    exact, error = (1.0 + t) / (1.0 - t), limit.relative.error
    assert error < 0.1 * exact
    # equal parts in a ring lower S by a part of the order of 1/N
    assert abs(limit.relative.value - exact) < 3.5 * error + exact * exact / sites
    assert limit.length.value == pytest.approx(spacing * math.sqrt(t) / (1.0 - t), abs=4.0 * limit.length.error)


def test_errors_are_those_of_many_runs():
    """Spectra with the distribution of density waves about a line: no bias, and the scatter is the error."""
    exact = 1.0 / (0.45 + 1.05 * Q**2)
    rng = np.random.default_rng(2)
    found = [long_waves(Q, COUNTS, exact * rng.gamma(COUNTS, 1.0 / COUNTS, size=(40, 13))) for _ in range(40)]
    values, errors = (np.array([getattr(limit.relative, name) for limit in found]) for name in ("value", "error"))
    scatter = values.std(ddof=1)
    assert abs(values.mean() - 1.0 / 0.45) < 4.0 * scatter / math.sqrt(40)
    # the scatter of 40 is known to 11 %: three times that
    assert errors.mean() == pytest.approx(scatter, rel=0.34)


def test_a_spectrum_that_is_not_straight_says_so():
    straight, bent = (1.0 / (0.5 + Q**2 + d * Q**4) for d in (0.0, 6.0))
    assert long_waves(Q, COUNTS, np.tile(straight, (8, 1))).change < 1e-9
    found = long_waves(Q, COUNTS, np.tile(bent, (8, 1)))
    # the parabola is exact: the change is the error of the line
    assert abs(found.relative.value - 2.0) == pytest.approx(found.change, rel=1e-6)
    assert found.change > 0.05


def test_what_has_no_limit():
    few = Q > OF_LINE - 0.06  # one or two bins of a small cell
    assert long_waves(Q[few], COUNTS[few], np.ones((8, few.sum()))) is None
    # a mixture that demixes: 1/S would be negative at q = 0
    assert math.isnan(long_waves(Q, COUNTS, np.tile(1.0 / (Q**2 - 0.001), (8, 1))).relative.value)
    # too few frames for an error
    assert math.isnan(long_waves(Q, COUNTS, np.ones((2, 13))).relative.error)
    # one element, and a wall in the cell
    assert structure_factor(ideal_gas(4, 100, 1, [40.0] * 3, names=("K",)), q_max=0.8).long_waves is None
    walled = ideal_gas(4, 120, 3, [40.0] * 3, names=("Na", "K", "C"))
    assert structure_factor(walled, q_max=0.8).long_waves is None
