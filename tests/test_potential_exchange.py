"""The local change of the energy of a move equals the difference of two total energies of the slow reference."""

from itertools import combinations

import numpy as np
import pytest
from laws import prepared

from nakmd.elements import element_of
from nakmd.errors import InputError
from nakmd.neighbors import Neighbors
from nakmd.system import Result, System

#: Sums of about 1,000 numbers of up to 10 eV; the twins agree to 1e-10 too.
TOLERANCE = 1e-10


def begin(evaluator, system, exchanged):
    """Return local energies and places at the positions of a system, as the loop prepares them."""
    neighbors, result = Neighbors(evaluator.requests, 0.3), Result(system.n_atoms)
    neighbors.update(system)
    evaluator.compute(system, neighbors, result)
    energies, sites = evaluator.local_energies(exchanged)
    sites.begin(system)
    for energy in energies:
        energy.begin(sites)
    return energies, sites


def is_local(row, names):
    """Return whether the terms of a model that act on some species are all local for them."""
    elements = {element_of(name) for name in names}
    for term in row.model:
        if term["style"] == "tersoff" and elements & {"C", "N"}:
            return False
        if term["style"] == "screened" and not elements <= {"Na", "K"}:
            return False
    return True


def test_difference_equals_that_of_total_energies(row):
    system = row.system()
    evaluator, twin = prepared(row, system.species_names), row.reference()
    present = sorted(set(system.species.tolist()))
    if len(present) < 2:
        pytest.skip("one species: nothing to exchange")
    rng = np.random.default_rng(8)
    for exchanged in combinations(present, 2):
        if not is_local(row, [system.species_names[a] for a in exchanged]):
            with pytest.raises(InputError, match="nakmd cannot compute from their neighbours"):
                evaluator.local_energies(exchanged)
            continue
        energies, sites = begin(evaluator, system, exchanged)
        before = twin.compute(system)
        for trial in range(6):
            if trial % 3 < 2:
                sites.choose_exchange(*(rng.choice(np.flatnonzero(sites.labels == a)) for a in exchanged))
            else:  # one place gets the other species
                first, second = exchanged if trial == 2 else exchanged[::-1]
                sites.choose_change(rng.choice(np.flatnonzero(sites.labels == first)), second)
            found = sum(energy.difference(sites) for energy in energies)
            labels = sites.labels.copy()
            labels[sites.changed] = sites.after
            assert np.count_nonzero(labels != sites.labels) == len(sites.changed) == 2 - (trial % 3 == 2)
            after = twin.compute(System(system.positions, labels, system.species_names, system.cell))
            scale = 1.0 + np.abs(before.energies).max() + np.abs(after.energies).max()
            assert abs(found - (after.energies.sum() - before.energies.sum())) < TOLERANCE * scale
            if trial in (1, 2, 4):  # the next trials start from the changed places
                for energy in energies:
                    energy.accept(sites)
                sites.accept()
                before = after
                np.testing.assert_array_equal(sites.labels, labels)


def test_crowded_places_make_room(monkeypatch):
    """More neighbours than there is room for: they are searched again with more."""
    import conftest

    monkeypatch.setattr("nakmd.neighbors.sites.CAPACITY", 3)
    test_difference_equals_that_of_total_energies(next(row for row in conftest.POTENTIALS if row.name == "screened"))


def test_cost_of_a_trial_does_not_depend_on_the_number_of_atoms():
    """The neighbours that a trial reads are those within the cutoff, in any number of atoms."""
    import configurations as made
    import conftest

    row = next(row for row in conftest.POTENTIALS if row.name == "chebyshev-eam")
    small = row.system()
    counts = []
    for system in (small, made.repeated(small, (4, 4, 4))):
        _, sites = begin(prepared(row, system.species_names), system, (0, 1))
        sites.choose_exchange(int(np.flatnonzero(system.species == 0)[0]), int(np.flatnonzero(system.species == 1)[0]))
        counts.append(sites.counts.copy())
        assert sites.distances[0, : sites.counts[0]].max() < prepared(row, system.species_names).cutoff
    np.testing.assert_array_equal(*counts)
