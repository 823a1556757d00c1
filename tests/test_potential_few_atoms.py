"""One and two atoms of every named set and of tables, in every kind of cell: the energies of brute-force sums."""

from itertools import combinations_with_replacement, product

import numpy as np
import pytest
from laws import assert_same
from made_tables import smooth_table
from models import DATA
from reference import named_twin, read_eam

from nakmd.cell import Cell
from nakmd.elements import WALL, element_of
from nakmd.potentials import EAM, Hybrid, evaluate, library
from nakmd.runs.trial import species_known_to
from nakmd.system import System

PERIODIC = list(product((False, True), repeat=3))
#: Rows are the cell vectors in units of a length.
SHAPES = {
    "orthogonal": np.diag([1.0, 1.15, 1.3]),
    "triclinic": np.array([[1.0, 0.0, 0.0], [0.45, 1.1, 0.0], [-0.3, 0.4, 1.2]]),
}
CELLS = [(shape, periodic) for periodic in PERIODIC for shape in SHAPES]
#: Terms between layers need layers (`test_potential_layers`).
SETS = [name for name in library.names() if not any(term.between_layers for term in library.load(name).terms)]
#: Wider than two cutoffs of every set [Å].
FAR = 60.0


def species_of(name):
    """Return the species of a set and the set with all other pairs declared not to interact."""
    potential = library.load(name)
    species = species_known_to(potential)
    missing = [(a, b) for a, b, how in potential.coverage(species) if not how]
    return species, Hybrid(potential.terms, none=missing, name=name) if missing else potential


def edge_of(pair):
    """Return a length [Å] such that the images are within the cutoffs but not in the cores."""
    return 1.6 if all(element_of(name) in WALL for name in pair) else 3.1


@pytest.mark.parametrize("name", SETS)
def test_an_isolated_atom_has_no_energy_and_no_force(name):
    """Pair sums and bond orders are empty, and all embedding functions of the library have F(0) = 0."""
    species, potential = species_of(name)
    for symbol in species:
        evaluator = potential.bind([symbol])
        for shape, periodic in CELLS:
            cell = Cell(FAR * SHAPES[shape], periodic)
            found = evaluator.evaluate(System([[1.0, 2.0, 3.0]], [0], [symbol], cell, masses=[1.0]))
            assert (found.energy, np.abs(found.forces).max(), np.abs(found.virial).max()) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("name", SETS)
def test_one_and_two_atoms_in_a_small_cell_are_the_sum_over_images(name):
    species, potential = species_of(name)
    pairs = list(combinations_with_replacement(species, 2))
    for k in range(max(len(CELLS), len(pairs))):
        pair, (shape, periodic) = pairs[k % len(pairs)], CELLS[(k + k // len(CELLS)) % len(CELLS)]
        names = list(dict.fromkeys(pair))
        length = edge_of(pair)
        kinds = [0, len(names) - 1]
        positions = length * np.array([[0.1, 0.2, 0.3], [0.55, 0.75, 0.85]])
        twin = named_twin(name, names)
        for n in (1, 2):
            system = System(positions[:n], kinds[:n], names, Cell(length * SHAPES[shape], periodic), masses=[1.0] * n)
            assert_same(evaluate(potential, system), twin.compute(system))


@pytest.mark.parametrize(
    ("kind", "file"), [("alloy", "invented.eam.alloy"), ("fs", "invented.eam.fs"), ("funcfl", "invented.eam")]
)
def test_an_isolated_atom_of_a_table_has_the_embedding_energy_of_no_density(kind, file):
    table = read_eam(DATA / file, kind, "Cu")
    potential = EAM.from_file(DATA / file)
    for row, symbol in enumerate(table.elements):
        for shape, periodic in CELLS:
            system = System([[1.0, 2.0, 3.0]], [0], [symbol], Cell(FAR * SHAPES[shape], periodic), masses=[1.0])
            assert evaluate(potential, system).energy == table.embedding[row, 0]


def test_an_embedding_energy_without_density_that_is_not_zero():
    table = smooth_table("fs")
    assert np.all(np.abs(table.embedding[:, 0]) > 0.1)
    for row, symbol in enumerate(table.elements):
        one = System([[0.0, 0.0, 0.0]], [0], [symbol], Cell([FAR] * 3, [False] * 3))
        assert evaluate(EAM(table), one).energy == table.embedding[row, 0]
