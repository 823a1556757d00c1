"""Properties that every potential and every sum of potentials must have (`conftest.POTENTIALS`).

Energies are about ten eV, so rounding in double precision is 1e-13 eV; a tolerance of 1e-10 is a thousand
times that and a thousandth of the effect of an error in a formula.
"""

import configurations as made
import numpy as np
import pytest
from laws import VOIGT, assert_same, outcome, prepared
from reference import strained

from nakmd.cell import Cell
from nakmd.neighbors import Neighbors
from nakmd.system import Result, System


# ------------------------------------------------------------------------------------------ derivatives
def test_forces_are_the_gradient(row):
    """Central differences at h = 1e-5 along random directions: rounding 1e-13/h = 1e-8, h² terms 1e-9."""
    system, h = row.system(), 1e-5
    forces = outcome(row, system).forces
    rng = np.random.default_rng(1)
    for _ in range(6):
        direction = rng.normal(size=forces.shape)
        direction /= np.linalg.norm(direction)
        up = outcome(row, made.changed(system, system.positions + h * direction)).energy
        down = outcome(row, made.changed(system, system.positions - h * direction)).energy
        assert abs(np.sum(forces * direction) + (up - down) / (2 * h)) < 1e-6 * np.linalg.norm(forces)


def test_single_forces_are_the_gradient(row):
    """As above, one coordinate at a time, so that errors cannot cancel."""
    system, h = row.system(), 1e-5
    forces = outcome(row, system).forces
    for atom in range(0, system.n_atoms, max(1, system.n_atoms // 4)):
        for axis in range(3):
            energies = []
            for step in (h, -h):
                moved = system.copy()
                moved.positions[atom, axis] += step
                energies.append(outcome(row, moved).energy)
            assert abs(forces[atom, axis] + (energies[0] - energies[1]) / (2 * h)) < 1e-6 * np.abs(forces).max()


def test_virial_is_the_derivative_under_strain(row):
    """All six strains, each component alone; h = 1e-6 leaves 1e-13/h = 1e-7 of rounding."""
    system, h = row.system(), 1e-6
    virial = outcome(row, system).virial
    for v, (a, b) in enumerate(VOIGT):
        strain = np.zeros((3, 3))
        strain[a, b] = h
        slope = (outcome(row, strained(system, strain)).energy - outcome(row, strained(system, -strain)).energy) / (
            2 * h
        )
        assert abs(virial[v] + slope) < 1e-6 * np.abs(virial).max()


def test_forces_have_the_same_bits_with_energies_and_without(row):
    """Otherwise a run would depend on how often rows are written."""
    system = row.system()
    evaluator = prepared(row, system.species_names)
    neighbors, alone, whole = Neighbors(evaluator.requests), Result(system.n_atoms), Result(system.n_atoms)
    neighbors.update(system)
    evaluator.compute(system, neighbors, alone, virial=False)
    evaluator.compute(system, neighbors, whole, virial=True)
    assert alone.forces.tobytes() == whole.forces.tobytes()
    assert np.all(np.isnan(alone.energies))
    assert np.all(np.isfinite(whole.energies))


# ------------------------------------------------------------------------------------------ symmetries
def test_forces_sum_to_zero(row):
    forces = outcome(row, row.system()).forces
    assert np.abs(forces.sum(axis=0)).max() < 1e-13 * np.abs(forces).sum()


def test_translation(row):
    system = row.system()
    moved = made.changed(system, system.positions + np.array([0.37, -11.3, 5.1]))
    assert_same(outcome(row, moved), outcome(row, system))


def test_rotation_of_a_cluster(row):
    system = made.changed(row.system(), periodic=(False, False, False))
    q = np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))[0]
    q *= np.sign(np.linalg.det(q))
    here, there = outcome(row, system), outcome(row, made.changed(system, system.positions @ q))
    tensor = np.zeros((3, 3))
    for value, (a, b) in zip(here.virial, VOIGT):
        tensor[a, b] = tensor[b, a] = value
    turned = q.T @ tensor @ q
    here.forces[:] = here.forces @ q
    here.virial[:] = [turned[a, b] for a, b in VOIGT]
    assert_same(there, here)


def test_rotation_of_the_cell(row):
    system = row.system()
    q = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]
    q *= np.sign(np.linalg.det(q))
    turned = outcome(row, made.changed(system, system.positions @ q, system.cell.matrix @ q))
    here = outcome(row, system)
    assert np.abs(turned.energies - here.energies).max() < 1e-10
    assert np.abs(turned.forces - here.forces @ q).max() < 1e-10 * (1.0 + np.abs(here.forces).max())


def test_permutation_of_atoms(row):
    system = row.system()
    order = np.random.default_rng(6).permutation(system.n_atoms)
    mixed = System(system.positions[order], system.species[order], system.species_names, system.cell)
    here = outcome(row, system)
    here.energies[:], here.forces[:] = here.energies[order], here.forces[order]
    assert_same(outcome(row, mixed), here)


def test_renaming_of_species_rows(row):
    """The result does not depend on the order of species_names or on names that no atom has."""
    system = row.system()
    names = (*reversed(system.species_names), *(["C"] if "C" not in system.species_names and row.name == "sum" else []))
    rows = np.array([names.index(name) for name in system.species_names])
    assert_same(outcome(row, System(system.positions, rows[system.species], names, system.cell)), outcome(row, system))


def test_lattice_images(row):
    """Any periodic image of an atom is equivalent; 1000 cells away rounding of positions is 1e-12 Å."""
    system = row.system()
    walk = np.random.default_rng(7).integers(-1000, 1000, size=(system.n_atoms, 3)) * system.cell.periodic
    moved = made.changed(system, system.positions + walk @ system.cell.matrix)
    assert_same(outcome(row, moved), outcome(row, system), tolerance=1e-9)


def test_same_lattice_other_cell(row):
    """Adding one periodic vector to another gives the same crystal, even in a strongly skewed cell."""
    system = row.system()
    shear = np.array([[1, 0, 0], [2, 1, 0], [0, 0, 1]])
    if system.cell.periodic[2]:
        shear = np.array([[1, 0, 0], [2, 1, 0], [-1, 3, 1]])
    assert_same(outcome(row, made.changed(system, cell=shear @ system.cell.matrix)), outcome(row, system))


@pytest.mark.parametrize("counts", [(2, 1, 1), (1, 3, 1), (2, 2, 2)])
def test_extensivity(row, counts):
    system = row.system()
    counts = tuple(c if p else 1 for c, p in zip(counts, system.cell.periodic))
    times = int(np.prod(counts))
    one, many = outcome(row, system), outcome(row, made.repeated(system, counts))
    assert np.abs(many.energies - np.tile(one.energies, times)).max() < 1e-10
    assert np.abs(many.forces - np.tile(one.forces, (times, 1))).max() < 1e-10 * (1.0 + np.abs(one.forces).max())
    assert np.abs(many.virial - times * one.virial).max() < 1e-9 * (1.0 + np.abs(one.virial).max())


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_open_direction(row, axis):
    """An open direction equals a periodic one longer than the cutoff; its cell vector has no effect."""
    system = row.system()
    periodic = [bool(p) and a != axis for a, p in enumerate(system.cell.periodic)]
    inside = system.positions - system.cell.images(system.positions) @ system.cell.matrix
    far = system.cell.matrix.copy()
    far[axis] = np.cross(far[axis - 2], far[axis - 1]) / np.linalg.norm(np.cross(far[axis - 2], far[axis - 1])) * 60.0
    skewed = system.cell.matrix.copy()
    skewed[axis] = 0.1 * far[axis] + 0.7 * system.cell.matrix[axis - 1]
    open_ended = outcome(row, made.changed(system, inside, far, periodic))
    assert_same(outcome(row, made.changed(system, inside, far)), open_ended)
    assert_same(outcome(row, made.changed(system, inside, skewed, periodic)), open_ended)


# ------------------------------------------------------------------------------------------ the cutoff
def test_continuity_at_the_cutoff(row):
    """Two atoms just inside and outside the cutoff: a step of 1e-9 Å changes no energy by more than 1e-6 eV.

    The root of the Finnis-Sinclair density vanishes as (r_c - r)^1.5 and the forces stay finite. In the mode "cut"
    there is a step, V(r_c).
    """
    system = row.system()
    potential = prepared(row, system.species_names)
    reach = np.max([request.cutoffs for request in potential.requests], axis=0)
    steps = []
    for a, b in zip(*np.nonzero(reach)):
        energies = []
        for r in (reach[a, b] - 1e-9, reach[a, b] + 1e-9):
            two = System([[0, 0, 0], [r, 0, 0]], [a, b], system.species_names, Cell([50.0] * 3, (False,) * 3))
            energies.append(potential.evaluate(two).energy)
        assert energies[1] == 0.0
        steps.append(abs(energies[0]))
    if row.continuous:
        assert max(steps) < 1e-6
    else:
        assert min(steps) > 1e-6


def test_energy_follows_the_forces_across_cutoffs(continuous):
    """Along a path of 0.36 Å neighbours cross cutoffs: the trapezoidal rule for the forces gives the energy.

    Steps of 3 mÅ give an error h² V'''/12 ~ 1e-6; a missing shift of 1e-4 eV would be detected.
    """
    system = continuous.system()
    rng = np.random.default_rng(8)
    direction = np.zeros_like(system.positions)
    direction[0] = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    h, powers, energies = 3e-3, [], []
    for k in range(120):
        found = outcome(continuous, made.changed(system, system.positions + (k - 60) * h * direction))
        powers.append(np.sum(found.forces * direction))
        energies.append(found.energy)
    powers, energies = np.array(powers), np.array(energies)
    miss = np.diff(energies) + 0.5 * h * (powers[1:] + powers[:-1])
    bend = np.abs(np.diff(powers, 2)).max() * h + 2e-6
    assert np.abs(miss).max() < bend
