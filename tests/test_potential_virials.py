"""Virials by atom of every potential: their sum, their twin, and what they mean for the energies around an atom."""

import json
from pathlib import Path

import configurations as made
import models
import numpy as np
import pytest
from laws import VOIGT, bits, prepared

from nakmd.cell import Cell
from nakmd.errors import InputError
from nakmd.kernels.jit import set_threads
from nakmd.neighbors import Neighbors
from nakmd.potentials import BoundTerm
from nakmd.system import Result, System

GOLDEN = Path(__file__).resolve().parent / "golden"


def computed(evaluator, system, skin=0.3):
    """Return the result and the virials by atom, (n, 3, 3), of a system."""
    neighbors, result = Neighbors(evaluator.requests, skin), Result(system.n_atoms)
    neighbors.update(system)
    virials = np.full((system.n_atoms, 3, 3), np.nan)
    evaluator.compute(system, neighbors, result, virials=virials)
    return result, virials


def of_row(row, system):
    """Return the result and the virials by atom of a system under a row's potential."""
    return computed(prepared(row, system.species_names), system)


def test_virials_sum_to_the_virial(row):
    """Rounding alone: 1e-12 of the sum of all magnitudes. The sum is symmetric because no torque acts on the whole."""
    result, virials = of_row(row, row.system())
    scale = np.abs(virials).sum()
    total = virials.sum(axis=0)
    assert np.abs(total - total.T).max() < 1e-12 * scale
    assert max(abs(total[a, b] - w) for (a, b), w in zip(VOIGT, result.virial)) < 1e-12 * scale


def test_virials_equal_the_twin(row):
    """In the cell, and in an open cluster; 1e-10 as for energies and forces."""
    for system in (row.system(), made.changed(row.system(), periodic=(False, False, False))):
        _, virials = of_row(row, system)
        twin = row.reference().compute(system).virials
        assert np.abs(virials - twin).max() < 1e-10 * (1.0 + np.abs(twin).max())


def test_virial_is_the_first_moment_of_the_energies(row):
    """W_i = Σ_j (r_j - r_i) ⊗ ∂E_j/∂r_i in a cluster: no other division of the virial gives the flow of energy.

    Central differences at h = 1e-5 over at most 10 Å: rounding 1e-12/h = 1e-7, h² terms 1e-9.
    """
    system, h = made.changed(row.system(), periodic=(False, False, False)), 1e-5
    result, virials = of_row(row, system)
    for atom in range(0, system.n_atoms, max(1, system.n_atoms // 4)):
        arms = system.positions - system.positions[atom]
        for axis in range(3):
            sides = []
            for step in (h, -h):
                moved = system.copy()
                moved.positions[atom, axis] += step
                sides.append(of_row(row, moved)[0].energies)
            slope = (sides[0] - sides[1]) / (2.0 * h)
            assert np.abs(virials[atom, :, axis] - arms.T @ slope).max() < 1e-6 * (1.0 + np.abs(virials).max())
    assert np.abs(result.forces).max() > 0.0


def test_virials_cost_no_bit_and_depend_on_no_thread(row):
    """Energies and forces keep their bits with virials by atom; those have the same bits on 1, 2 and 4 threads."""
    counts = tuple(3 if p else 1 for p in row.system().cell.periodic)
    system = made.repeated(row.system(), counts)
    evaluator = prepared(row, system.species_names)
    found = []
    for threads in (1, 2, 4):
        assert set_threads(threads) == threads
        result, virials = computed(evaluator, system)
        found.append(bits(result) + virials.tobytes())
    set_threads(2)
    assert found[0] == found[1] == found[2]
    assert found[0].startswith(bits(evaluator.evaluate(system, skin=0.3)))


@pytest.mark.parametrize("name", ["lennard_jones_cut", "morse_shift"])
def test_pair_virials_equal_those_of_lammps(name):
    """``compute stress/atom`` has half of every pair, as here; 1e-9 relative, as for the virial."""
    stored = json.loads((GOLDEN / f"{name}.json").read_text())
    parts = stored["system"]
    system = System(
        parts["positions"], parts["species"], parts["species_names"], Cell(parts["cell"], parts["periodic"])
    )
    evaluator = models.engine(stored["model"], system.species_names).bind(system.species_names)
    theirs = np.array(stored["virials"]).reshape(-1, 3, 3)
    assert np.abs(computed(evaluator, system)[1] - theirs).max() < 1e-9 * np.abs(theirs).max()


@pytest.mark.slow
@pytest.mark.parametrize("style", ["screened", "morse"])
def test_virials_in_mixed_precision(style):
    """Sums over neighbours are in float32: 1e-5 of the largest virial, as for the forces."""
    import conftest

    row = next(row for row in conftest.POTENTIALS if row.name.startswith(style))
    system = row.system()
    double, single = (
        computed(row.engine(system.species_names).with_precision(precision).bind(system.species_names), system)[1]
        for precision in ("double", "mixed")
    )
    difference = np.abs(double - single).max()
    assert 0.0 < difference < 1e-5 * np.abs(double).max()


def test_a_term_without_virials_by_atom_says_so():
    class Whole(BoundTerm):
        def add_to(self, system, neighbors, lists, result, virial):
            pass

    with pytest.raises(InputError, match="Whole has no virials by atom"):
        Whole().add_virials(None, [], np.zeros((1, 3, 3)))
