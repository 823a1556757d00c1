"""The two levels of the neighbour lists: when each is rebuilt, and that a resumed run has the same lists."""

import numpy as np
import pytest

from nakmd.errors import ExplosionError
from nakmd.neighbors import Neighbors, Skins
from nakmd.neighbors.images import STRIP, _rank_pencils
from nakmd.potentials import load
from nakmd.structures.liquid import liquid


def metal(skin=None, n_atoms=400):
    """Return a small liquid NaK and its lists."""
    system = liquid(0.67, 410.0, n_atoms=n_atoms, seed=3)
    potential = load("nak")
    neighbors = Neighbors(potential.bind(system.species_names).requests, skin)
    neighbors.update(system)
    return system, neighbors


def members(neighbors):
    """Return for each atom the sorted atoms in its slices' columns, with images counted."""
    sliced = neighbors.lists[0]
    lists = {}
    for s in range(sliced.n_slices):
        for lane in range(sliced.lanes):
            atom = sliced.atoms[s * sliced.lanes + lane]
            if atom < 0:
                continue
            rows = []
            for b in range(sliced.begin.shape[1]):
                columns = np.arange(sliced.begin[s, b], sliced.end[s, b])
                rows.extend(sliced.entries[columns * sliced.lanes + lane])
            kept = np.array([row for row in rows if row < len(neighbors.row_atoms)], dtype=int)
            lists[int(atom)] = sorted(neighbors.row_atoms[kept].tolist())
    return lists


@pytest.mark.parametrize("n_atoms", [400, 2500])  # one window of central atoms of each species, and several
def test_slices_hold_exactly_the_atoms_within_the_inner_skin(n_atoms):
    system, neighbors = metal(n_atoms=n_atoms)
    cutoffs = neighbors.requests[0].cutoffs + neighbors.skins.inner
    inverse = np.linalg.inv(system.cell.matrix)
    lists = members(neighbors)
    for atom in range(0, system.n_atoms, 37):
        delta = system.positions - system.positions[atom]
        delta -= np.round(delta @ inverse) @ system.cell.matrix  # the cell is wider than twice the radius
        near = np.linalg.norm(delta, axis=1) < cutoffs[system.species[atom], system.species]
        assert lists[atom] == [j for j in np.flatnonzero(near).tolist() if j != atom]


def test_displacements_decide_between_keeping_filling_and_searching():
    system, neighbors = metal()
    inner, outer = neighbors.skins.inner, neighbors.skins.outer
    system.positions[0, 0] += 0.4 * inner
    assert not neighbors.update(system)
    assert (neighbors.n_builds, neighbors.n_prunings) == (1, 1)
    system.positions[0, 0] += 0.2 * inner
    assert not neighbors.update(system)
    assert (neighbors.n_builds, neighbors.n_prunings) == (1, 2)
    system.positions[0, 0] += 0.5 * outer
    assert neighbors.update(system)
    assert (neighbors.n_builds, neighbors.n_prunings) == (2, 3)


def test_restored_lists_are_the_same_to_the_entry():
    system, neighbors = metal()
    rng = np.random.default_rng(1)
    for _ in range(9):
        system.positions += rng.normal(0.0, 0.02, system.positions.shape)
        neighbors.update(system)
    assert neighbors.n_prunings > neighbors.n_builds
    again = Neighbors(neighbors.requests)
    again.restore(system, neighbors.state())
    for a, b in zip(neighbors.lists, again.lists, strict=True):
        assert np.array_equal(a.atoms, b.atoms)
        assert np.array_equal(a.end, b.end)
        for s in range(a.n_slices):
            for kind in range(a.begin.shape[1]):
                part = slice(a.lanes * a.begin[s, kind], a.lanes * a.end[s, kind])
                assert np.array_equal(a.entries[part], b.entries[part])
    assert neighbors.rows.tobytes() == again.rows.tobytes()


def test_lists_are_the_same_in_blocks_of_any_size(monkeypatch):
    """The size of a block affects only the speed: blocks of one window of atoms give the same columns."""
    _, whole = metal(n_atoms=2500)
    monkeypatch.setattr("nakmd.neighbors.lists.BLOCK", 1)
    _, parts = metal(n_atoms=2500)
    for a, b in zip(whole.lists, parts.lists, strict=True):
        assert len(a._blocks) == 1
        assert len(b._blocks) > 4
        assert np.array_equal(a.atoms, b.atoms)
        assert np.array_equal(a.begin, b.begin)
        assert np.array_equal(a.end, b.end)
        columns = a.lanes * int(a.end[-1, -1])
        assert np.array_equal(a.entries[:columns], b.entries[:columns])
        assert np.array_equal(a.begin.ravel()[1:], a.end.ravel()[:-1])  # no gap between columns


def test_a_failed_search_leaves_no_lists_behind():
    """After the error and a correction of the positions, the lists are searched again."""
    system, neighbors = metal()
    before = members(neighbors)
    position = system.positions[7].copy()
    system.positions[7] = np.nan
    with pytest.raises(ExplosionError, match="Atom 7"):
        neighbors.update(system)
    system.positions[7] = position
    assert neighbors.update(system)
    assert members(neighbors) == before


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (21, 9)])
def test_pencils_of_bins_have_unique_ranks_and_adjacent_ones_follow_each_other(shape):
    n_y, n_z = shape
    ranks = _rank_pencils(n_y, n_z)
    assert sorted(ranks.ravel().tolist()) == list(range(n_y * n_z))
    z, y = np.divmod(np.argsort(ranks, axis=None), n_y)
    # within a strip and from strip to strip, z never jumps
    assert np.abs(np.diff(z)).max(initial=0) <= 1
    assert np.all(np.diff(y // STRIP) >= 0)


def test_faster_atoms_get_wider_inner_skins():
    slow, fast = Skins(), Skins()
    slow.observe(0.1, 20)
    fast.observe(0.1, 2)
    slow.choose()
    fast.choose()
    assert slow.inner < fast.inner < fast.outer
    assert fast.inner / slow.inner == pytest.approx(np.sqrt(10.0))


def test_a_given_skin_is_kept():
    system, neighbors = metal(skin=0.8)
    assert neighbors.skin == 0.8
    system.positions[0] += 1.0
    neighbors.update(system)
    assert neighbors.skin == 0.8
    assert 0.0 < neighbors.skins.inner <= 0.4
