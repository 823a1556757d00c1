"""The slow twins: derivatives against finite differences, the published numbers, and LAMMPS."""

import configurations as made
import models
import numpy as np
import pytest
from reference import brute_pairs, strained
from reference.cubics import density, repulsion

from nakmd.cell import Cell
from nakmd.system import System

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
TABLE = {"style": "eam", "kind": "fs", "file": "invented.eam.fs"}


def pair(style, mode):
    """Return a form of `models.PAIRS`; the switch starts early, so that atoms are on its slope."""
    return [{"style": style, "cutoff": 7.0, "mode": mode, "pairs": models.PAIRS[style].numbers, "onset": 4.0}]


def metal(seed=1):
    return made.crystal("bcc", 4.9, (2, 1, 1), ("Na", "K"), seed, shake=0.25, strain=0.05)


def mixture(seed=1):
    return made.crystal("fcc", 6.0, 1, ("K", "C"), seed, shake=0.3, strain=0.05, periodic=(True, True, False))


def alloy():
    return made.crystal("fcc", 3.9, 1, ("Al", "Cu"), 1, 0.1, 0.05)


def copper():
    return made.crystal("fcc", 3.6, 1, ("Cu",), 1, 0.1, 0.05)


ROWS = {
    "eam alloy": (alloy, [{"style": "eam", "kind": "alloy", "file": "invented.eam.alloy"}]),
    "eam fs": (metal, [TABLE]),
    "eam funcfl": (copper, [{"style": "eam", "kind": "funcfl", "file": "invented.eam"}]),
    "nichol-ackland": (metal, [{"style": "nichol-ackland"}]),
    **{
        f"{style} {mode}": (mixture, pair(style, mode)) for style in models.PAIRS for mode in ("cut", "shift", "smooth")
    },
    "tersoff": (lambda: made.sheet((2, 2), seed=1, shake=0.1), [{"style": "tersoff", "file": "cn.tersoff"}]),
    "tersoff lambda3": (
        lambda: made.sheet((2, 2), seed=2, shake=0.1, fraction=0.5),
        [{"style": "tersoff", "file": "invented.tersoff"}],
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_derivatives_of_the_twin(row):
    """Central differences, h = 1e-5: error h² ~ 1e-10, rounding 1e-14/h ~ 1e-9, a step in V'' h ~ 1e-5."""
    configuration, model = ROWS[row]
    system, twin, h = configuration(), models.twin(model), 1e-5
    found = twin.compute(system)
    for atom, axis in [(0, 0), (1, 1), (2, 2), (3, 0)]:
        energies = []
        for step in (h, -h):
            moved = system.copy()
            moved.positions[atom, axis] += step
            energies.append(twin.compute(moved).energy)
        assert found.forces[atom, axis] == pytest.approx(-(energies[0] - energies[1]) / (2 * h), rel=1e-6, abs=1e-7)
    for v, (a, b) in enumerate(VOIGT):
        strain = np.zeros((3, 3))
        strain[a, b] = h
        difference = twin.compute(strained(system, strain)).energy - twin.compute(strained(system, -strain)).energy
        assert found.virial[v] == pytest.approx(-difference / (2 * h), rel=1e-6, abs=1e-6)


#: r, V, V', φ, φ' of physics.md A.1, rounded there to 8 digits after the point.
PUBLISHED = [
    ("Na", "Na", 2.2000, 0.79380909, -3.20574078, 0.0, 0.0),
    ("Na", "Na", 3.0000, 0.14001743, -0.06865270, 0.14510768, 0.23682881),
    ("Na", "Na", 3.7158, 0.07578726, -0.09610210, 0.19486918, -0.06418706),
    ("Na", "Na", 4.2906, 0.03527959, -0.04321465, 0.12422569, -0.15994562),
    ("Na", "Na", 5.0000, -0.00576232, -0.00412139, 0.02071339, -0.09887885),
    ("K", "K", 2.8000, 0.38849242, -1.08571724, 0.0, 0.0),
    ("K", "K", 3.8000, 0.11656918, -0.04795327, 0.11230300, 0.09334876),
    ("K", "K", 4.6142, 0.05805733, -0.07500762, 0.12866963, -0.03894827),
    ("K", "K", 5.3280, 0.02492186, -0.01893800, 0.08058965, -0.08485532),
    ("K", "K", 6.2000, -0.00494742, -0.00374189, 0.01378080, -0.05209118),
    ("Na", "K", 2.5000, 0.54379034, -1.82034060, 0.0, 0.0),
    ("Na", "K", 3.5000, 0.12172373, -0.06647291, 0.14446568, 0.11898406),
    ("Na", "K", 4.5000, 0.04235810, -0.05714806, 0.13633380, -0.09740191),
    ("Na", "K", 5.2000, 0.01321907, -0.06439351, 0.05593580, -0.11376214),
]


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: f"{row[0]}{row[1]} {row[2]}")
def test_nichol_ackland_numbers(row):
    """The table is rounded to 5e-9; 1e-8 holds the core join, the clamp and the cross rule at once."""
    a, b, r, *numbers = row
    assert np.allclose([*repulsion(r, a, b), *density(r, a, b)], numbers, rtol=0.0, atol=1.0e-8)


def test_brute_pairs_counts_shells():
    """A one-atom fcc cell has 12, 18 and 42 neighbours within 1, √2 and √3 of the nearest distance."""
    cell = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]) * np.sqrt(2.0)
    for cutoff, count in [(1.01, 12), (1.42, 18), (1.74, 42)]:
        i, j, vectors = brute_pairs(np.array([[3.3, -7.1, 0.2]]), cell, (True, True, True), cutoff)
        assert len(i) == count
        assert not i.any()
        assert not j.any()
        assert np.allclose(vectors.sum(axis=0), 0.0, atol=1e-12)


def test_a_direction_that_does_not_repeat_has_no_images():
    system = System([[0.5, 0.5, 0.5], [2.5, 0.5, 0.5]], [0, 0], ("K",), Cell([3.0, 3.0, 3.0], (False, True, True)))
    i, _, vectors = brute_pairs(system.positions, system.cell.matrix, system.cell.periodic, 2.2)
    assert i.tolist() == [0, 1]
    assert vectors[0].tolist() == [2.0, 0.0, 0.0]


@pytest.mark.lammps
@pytest.mark.parametrize("row", [row for row, (_, model) in ROWS.items() if models.lammps_has(model)])
def test_twin_equals_lammps(row):
    """Both sum the same numbers in another order: 1e-12 of energies and forces up to 30 eV/Å."""
    import lammps_oracle

    configuration, model = ROWS[row]
    system = configuration()
    found = models.twin(model, shared=True).compute(system)
    oracle = lammps_oracle.run(system, *models.lammps(model, system.species_names))
    assert np.abs(found.energies - oracle.energies).max() < 1e-12
    assert np.abs(found.forces - oracle.forces).max() < 1e-11
    assert np.allclose(found.virial, oracle.virial, rtol=1e-11, atol=1e-11)
