"""Every potential equals its slow reference, in any cell and at any distance, and itself in plain Python."""

import json
import os
import subprocess
import sys
from pathlib import Path

import configurations as made
import conftest
import models
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from laws import assert_same, outcome, prepared

from nakmd.cell import Cell
from nakmd.potentials.forms import PAIR_FORMS
from nakmd.system import Result, System

TESTS = Path(__file__).resolve().parent


def test_every_pair_form_is_under_test():
    assert {form.form for form in PAIR_FORMS} == set(models.PAIRS)


def test_equals_the_twin(row):
    system = row.system()
    assert_same(outcome(row, system), row.reference().compute(system))


def test_equals_the_twin_in_tiny_and_in_open_cells(row):
    """A cell a third of the cutoff wide, a slab, a rod, a cluster."""
    twin = row.reference()
    for system in (
        made.changed(row.system(), periodic=(True, False, False)),
        made.changed(row.system(), periodic=(False, True, False)),
        made.changed(row.system(), periodic=(False, False, False)),
    ):
        assert_same(outcome(row, system), twin.compute(system))
    whole = row.system()
    if not whole.cell.periodic.all():
        return
    few = System(
        np.array([[0.1, 0.2, 0.3], [1.7, 1.6, 1.5]]), [0, len(whole.species_names) - 1], whole.species_names,
        Cell([[2.9, 0.0, 0.0], [1.3, 3.1, 0.0], [-0.9, 1.2, 3.3]]),
    )  # fmt: skip
    assert_same(outcome(row, few), twin.compute(few))


def scattered(groups, species, names):
    """Return clusters (positions (k, 3), species (k,)) 60 Å apart from each other in open space."""
    positions = np.concatenate([g + np.array([60.0 * n, 0.0, 0.0]) for n, g in enumerate(groups)])
    return System(positions, np.concatenate(species), names, Cell([60.0 * len(groups), 30.0, 30.0], (False,) * 3))


def assert_close_to_the_twin(row, system):
    """Relative to each number: forces range from 1e-6 to 1e9 eV/Å."""
    found, twin = outcome(row, system), row.reference().compute(system)
    assert np.all(np.isfinite(found.forces))
    assert np.allclose(found.energies, twin.energies, rtol=1e-10, atol=1e-11)
    assert np.allclose(found.forces, twin.forces, rtol=1e-9, atol=1e-11)


def test_two_atoms_at_every_distance(row):
    """From deep overlap to beyond the cutoff, each pair of species."""
    names = row.system().species_names
    reach = max(float(r.cutoffs.max()) for r in prepared(row, names).requests)
    distances = np.linspace(0.5, 1.05 * reach, 40)
    pairs = [(a, b) for a in range(len(names)) for b in range(a, len(names))]
    groups = [np.array([[0.0, 0.0, 0.0], [0.6 * r, 0.48 * r, 0.64 * r]]) for _ in pairs for r in distances]
    assert_close_to_the_twin(row, scattered(groups, [pair for pair in pairs for _ in distances], names))


def test_a_few_atoms_in_open_space(row):
    """Clusters of 3 to 5: third atoms in the range of the cutoff function, straight and right angles."""
    names, rng = row.system().species_names, np.random.default_rng(11)
    scale = 1.0 if "tersoff" in row.name or row.name == "sum" else 2.0
    groups = []
    for k in range(40):
        while True:
            cluster = rng.uniform(-1.3, 1.3, size=(3 + k % 3, 3)) * scale
            if min(np.linalg.norm(cluster[a] - cluster[b]) for a in range(len(cluster)) for b in range(a)) > scale:
                break
        groups.append(cluster)
    groups += [scale * np.array([[0.0, 0.0, 0.0], [1.3, 0.0, 0.0], [-1.3, 0.0, 0.0], [0.0, 1.3, 0.0]])]
    species = [rng.integers(0, len(names), len(g)) for g in groups]
    assert_close_to_the_twin(row, scattered(groups, species, names))


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_equals_the_twin_in_any_cell(row, data):
    """Random strains, shears by whole vectors, open directions, shakes, images and orders of atoms."""
    system = row.system()
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1), label="seed"))
    deform = np.eye(3) + rng.uniform(-0.1, 0.1, size=(3, 3))
    shear = np.eye(3)
    shear[1, 0] = data.draw(st.integers(-2, 2), label="shear")
    open_axes = [data.draw(st.booleans(), label=f"open {axis}") for axis in "xyz"]
    periodic = system.cell.periodic & ~np.array(open_axes)
    positions = (system.positions + rng.uniform(-0.1, 0.1, size=system.positions.shape)) @ deform
    cell = (shear if periodic[:2].all() else np.eye(3)) @ system.cell.matrix @ deform
    positions = positions + (rng.integers(-3, 4, size=positions.shape) * periodic) @ cell
    order = rng.permutation(system.n_atoms)
    anywhere = System(positions[order], system.species[order], system.species_names, Cell(cell, periodic))
    assert_same(outcome(row, anywhere), row.reference().compute(anywhere), tolerance=1e-9)


# ------------------------------------------------------------------------------------------ compiled or not
def compute_all():
    """Return energies, forces and virials of all rows as plain data."""
    found = {}
    for row in conftest.POTENTIALS:
        result = outcome(row, row.system(), skin=0.2)
        found[row.name] = [result.energies.tolist(), result.forces.tolist(), result.virial.tolist()]
    return found


@pytest.fixture(scope="module")
def uncompiled():
    environment = os.environ | {
        "NUMBA_DISABLE_JIT": "1",
        "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)]),
    }
    program = "import json, test_potential_twins as t; print(json.dumps(t.compute_all()))"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False, cwd=TESTS
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_compiled_equals_plain_python(row, uncompiled):
    """Contraction and the order of summation change the last bits only: 1e-12 of the largest force."""
    found = outcome(row, row.system(), skin=0.2)
    plain = Result(row.system().n_atoms)
    plain.energies[:], plain.forces[:], plain.virial[:] = uncompiled[row.name]
    assert_same(found, plain, tolerance=1e-12)
