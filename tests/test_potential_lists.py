"""Neighbour lists, reproducibility to the bit and species, for every potential."""

import configurations as made
import models
import numpy as np
import pytest
from laws import assert_same, bits, outcome, prepared
from reference import brute_pairs

from nakmd.cell import Cell
from nakmd.kernels.jit import set_threads
from nakmd.neighbors import Neighbors
from nakmd.potentials import Morse, evaluate
from nakmd.system import Result, System


def test_lists_with_skin_follow_moving_atoms(row):
    """Within the skin old and new lists give the same result, and lists are rebuilt only when necessary."""
    system = row.system()
    potential = prepared(row, system.species_names)
    neighbors, result = Neighbors(potential.requests, 0.8), Result(system.n_atoms)
    rng = np.random.default_rng(9)
    rebuilt = []
    for _ in range(14):
        system.positions += rng.uniform(-0.1, 0.1, size=system.positions.shape)
        system.cell.scale([1.001, 0.999, 1.002])
        rebuilt.append(neighbors.update(system))
        potential.compute(system, neighbors, result)
        assert_same(result, outcome(row, system))
    assert rebuilt[0]
    assert 1 < sum(rebuilt) < 14
    assert neighbors.n_builds == sum(rebuilt)


def test_lists_follow_a_shrinking_cell(row):
    """Pairs come within the cutoff as the cell shrinks by a tenth, at constant scaled positions."""
    system = row.system()
    potential = prepared(row, system.species_names)
    neighbors, result = Neighbors(potential.requests, 0.04 * potential.cutoff), Result(system.n_atoms)
    for _ in range(8):
        neighbors.update(system)
        potential.compute(system, neighbors, result)
        assert_same(result, outcome(row, system))
        system.cell.scale([0.987] * 3)
        system.positions *= 0.987
    assert 1 < neighbors.n_builds < 8


def test_restored_lists_give_the_same_bits(row):
    system = row.system()
    potential = prepared(row, system.species_names)
    first, second = Neighbors(potential.requests, 1.0), Neighbors(potential.requests, 1.0)
    first.update(system)
    system.positions += np.random.default_rng(10).uniform(-0.1, 0.1, size=system.positions.shape)
    assert not first.update(system)
    second.restore(system, first.state())
    assert not second.update(system)
    one, two = Result(system.n_atoms), Result(system.n_atoms)
    potential.compute(system, first, one)
    prepared(row, system.species_names).compute(system, second, two)
    assert bits(one) == bits(two)


def test_same_bits_on_any_number_of_threads(row):
    """Enough atoms for every thread to own several chunks."""
    counts = tuple(3 if p else 1 for p in row.system().cell.periodic)
    system = made.repeated(row.system(), counts)
    found = []
    for threads in (1, 2, 4):
        assert set_threads(threads) == threads
        found.append(bits(outcome(row, system, skin=0.5)))
    set_threads(2)
    assert found[0] == found[1] == found[2]


def test_virial_on_request_changes_no_bit(row):
    """Forces are the same to the bit with and without the virial."""
    system = row.system()
    potential = prepared(row, system.species_names)
    neighbors = Neighbors(potential.requests, 0.3)
    neighbors.update(system)
    with_it, without = Result(system.n_atoms), Result(system.n_atoms)
    potential.compute(system, neighbors, with_it, virial=True)
    potential.compute(system, neighbors, without, virial=False)
    assert np.isnan(without.virial).all()
    assert np.isfinite(with_it.energies).all()
    assert with_it.forces.tobytes() == without.forces.tobytes()
    assert np.isnan(without.energies).all()


def test_pair_energies(row):
    """The table of pair energies is symmetric, and sums to the energy of a pure pair potential."""
    system = row.system()
    potential = prepared(row, system.species_names)
    found = potential.evaluate(system)
    neighbors = Neighbors(potential.requests, 0.3)
    neighbors.update(system)
    table = potential.pair_energies(system, neighbors)
    assert table.shape == (len(system.species_names),) * 2
    assert np.array_equal(table, table.T)
    total = np.triu(table).sum()
    if len(row.model) == 1 and row.model[0]["style"] in models.PAIRS:
        assert total == pytest.approx(found.energy, abs=1e-11)
        alone = brute_pairs(system.positions, system.cell.matrix, system.cell.periodic, 6.5)
        assert len(alone[0]) > 0
    elif row.name == "sum":
        twin = row.reference().twins[2].compute(system)
        assert total == pytest.approx(twin.energy, abs=1e-11)


def test_one_atom_and_no_atom(row):
    names = row.system().species_names
    cell = Cell([30.0] * 3)
    for count in (0, 1):
        found = outcome(row, System(np.zeros((count, 3)), np.zeros(count, int), names, cell))
        assert found.energy == pytest.approx(0.0, abs=1e-12)
        assert not found.forces.any()
        assert not found.virial.any()


# ------------------------------------------------------------------------------------------ site labels
def labelled_pair(pairs, names):
    """Return the outcome of a Morse term on two atoms 2.5 Å apart."""
    numbers = {key: {"depth": depth, "alpha": 1.5, "r_0": 3.0, "cutoff": 8.0} for key, depth in pairs.items()}
    morse = Morse(numbers, none=[(name, name) for name in names])
    return evaluate(morse, System([[0, 0, 0], [2.5, 0, 0]], [0, 1], names, Cell([30.0] * 3, (False,) * 3)))


def test_a_listed_label_precedes_its_element():
    both = {("K", "N"): 0.1, ("K", "N:graphitic"): 0.3}
    general, special = labelled_pair({("K", "N"): 0.1}, ("K", "N")), labelled_pair({("K", "N"): 0.3}, ("K", "N"))
    assert bits(labelled_pair(both, ("K", "N:graphitic"))) == bits(special)
    assert bits(labelled_pair(both, ("K", "N:pyridinic"))) == bits(general)
    assert bits(labelled_pair(both, ("K", "N"))) == bits(general)


def test_labels_on_either_side_keep_forces_mutual():
    """Two entries match "N:a" with "C:b" equally well: both atoms must use the same one."""
    found = labelled_pair({("N:a", "C"): 0.1, ("N", "C:b"): 0.5}, ("N:a", "C:b"))
    assert found.forces[0, 0] == pytest.approx(-found.forces[1, 0], rel=1e-14)
    assert found.energies[0] == found.energies[1]
