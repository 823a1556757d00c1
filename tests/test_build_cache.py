"""Built systems are kept between `check` and `run`: same bits, damage is noticed, processes may share the folder."""

from __future__ import annotations

import multiprocessing
import os
import time

import numpy as np
import pytest

from nakmd.cell import Cell
from nakmd.deck.deck import Deck
from nakmd.runs import build_cache, plan
from nakmd.runs.build_cache import build_key, load_built, store_built, stored_files
from nakmd.runs.plan import make_plan
from nakmd.system import System

TUBE = {
    "carbon": {"kind": "multiwall", "walls": [[5, 5], [10, 10]], "length": "15 Å"},
    "liquid": {"region": "around", "x_K": 0.5, "temperature": "450 K", "thickness": "7 Å"},
}
LIQUID = {"liquid": {"x_K": 0.5, "temperature": "450 K", "atoms": 60}}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache that keeps systems of any building time."""
    monkeypatch.setenv("NAKMD_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("NAKMD_BUILD_CACHE", "1")
    monkeypatch.setattr(build_cache, "LEAST_SECONDS", 0.0)
    return tmp_path


def deck_of(structure=LIQUID, seed=1, potential="nak-cn", stages=None):
    stage = {"kind": "produce", "steps": 10, "timestep": "1 fs", "ensemble": "langevin", "temperature": "450 K"}
    return Deck(seed=seed, model={"potential": potential}, structure=structure, stage=stages or [stage])


def bits(system):
    arrays = (system.positions, system.velocities, system.species, system.masses, system.cell.matrix)
    return (
        *(array.tobytes() + str(array.dtype).encode() for array in (*arrays, system.cell.periodic)),
        system.species_names,
        [(name, mask.tobytes()) for name, mask in system.groups.items()],
        None if system.present is None else system.present.tobytes(),
    )


@pytest.mark.parametrize("structure", [LIQUID, TUBE])
def test_what_is_kept_has_the_same_bits_and_notes(folder, monkeypatch, structure):
    first = make_plan(deck_of(structure))
    assert first.is_kept
    assert len(stored_files()) == 1
    monkeypatch.setattr(plan, "build_system", None)  # nothing is built any more
    second = make_plan(deck_of(structure))
    assert bits(second.system) == bits(first.system)
    assert second.warnings == first.warnings
    monkeypatch.undo()
    monkeypatch.setenv("NAKMD_BUILD_CACHE", "0")
    third = make_plan(deck_of(structure))
    assert not third.is_kept
    assert bits(third.system) == bits(first.system)


def test_all_of_a_system_is_kept(folder):
    random = np.random.default_rng(0)
    system = System(
        random.normal(size=(300, 3)),
        random.integers(0, 2, 300),
        ("Na", "N:graphitic"),
        Cell([[9.0, 0.0, 0.0], [1.0, 8.0, 0.0], [0.5, 0.25, 7.0]], [True, False, True]),
        random.normal(size=(300, 3)),
        random.uniform(1.0, 2.0, 300),
        {"liquid": random.random(300) < 0.5, "a b": random.random(300) < 0.5},
        random.random(300) < 0.9,
    )
    assert store_built("0" * 64, system, ["a note, Å"], 1.0)
    built = load_built("0" * 64)
    assert bits(built.system) == bits(system)
    assert built.notes == ["a note, Å"]


def test_what_determines_a_system_is_in_its_key(folder):
    structure = deck_of().structure
    key = build_key(structure, 1, 1.42, False)
    other = deck_of({"liquid": {**LIQUID["liquid"], "atoms": 61}}).structure
    wall = System(np.zeros((1, 3)), [0], ("C",), Cell([5.0, 5.0, 5.0]))
    moved = System(np.full((1, 3), 1e-15), [0], ("C",), Cell([5.0, 5.0, 5.0]))
    keys = [
        key,
        build_key(other, 1, 1.42, False),
        build_key(structure, 2, 1.42, False),
        build_key(structure, 1, np.nextafter(1.42, 2.0), False),
        build_key(structure, 1, 1.42, True),
        build_key(structure, 1, 1.42, False, wall),
        build_key(structure, 1, 1.42, False, moved),
    ]
    assert len(set(keys)) == len(keys)
    assert build_key(deck_of().structure, 1, 1.42, False) == key


def test_a_changed_builder_has_other_keys(folder, monkeypatch):
    structure = deck_of().structure
    key = build_key(structure, 1, 1.42, False)
    monkeypatch.setattr(build_cache, "_builders", lambda: "other sources")
    assert build_key(structure, 1, 1.42, False) != key


@pytest.mark.parametrize("damage", ["bit", "cut", "empty", "foreign"])
def test_a_damaged_file_is_built_again(folder, damage):
    expected = bits(make_plan(deck_of()).system)
    (path,) = stored_files()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(
        {"bit": bytes(content), "cut": path.read_bytes()[:-40], "empty": b"", "foreign": b"not a system\n"}[damage]
    )
    again = make_plan(deck_of())
    assert bits(again.system) == expected
    assert load_built(build_key(again.draft.structure, 1, again.bond, False)) is not None  # mended


def test_a_folder_that_cannot_be_written_does_not_matter(folder, monkeypatch):
    (folder / "built").write_text("a file in place of the folder")
    result = make_plan(deck_of())
    assert not result.is_kept
    assert result.system is not None


def test_quick_builds_are_not_kept(folder, monkeypatch):
    monkeypatch.setattr(build_cache, "LEAST_SECONDS", 1e6)
    assert not make_plan(deck_of()).is_kept
    assert stored_files() == []


def test_faults_of_the_structure_are_not_kept(folder):
    tight = {
        "carbon": {"kind": "nanotube", "chirality": [5, 5], "length": "20 Å"},
        "liquid": {"region": "inside", "x_K": 0.5, "temperature": "450 K"},
    }
    for _ in range(2):
        assert any("do not fit" in fault for fault in make_plan(deck_of(tight)).faults)
    assert stored_files() == []


def test_the_folder_stays_below_its_limit(folder, monkeypatch):
    plans = [make_plan(deck_of(seed=seed)) for seed in (1, 2)]
    sizes = [path.stat().st_size for path in stored_files()]
    monkeypatch.setattr(build_cache, "MOST_BYTES", sum(sizes) + 100)
    oldest = build_cache._path(build_key(plans[0].draft.structure, 2, plans[0].bond, False))
    used = build_cache._path(build_key(plans[0].draft.structure, 1, plans[0].bond, False))
    os.utime(oldest, (time.time() - 100.0,) * 2)
    assert make_plan(deck_of(seed=3)).is_kept
    assert not oldest.exists()
    assert used.exists()
    monkeypatch.setattr(build_cache, "MOST_BYTES", 100)
    assert not make_plan(deck_of(seed=4)).is_kept


def _many(folder, seed):
    """Store and load the same and other systems many times; return whether all that was found was right."""
    os.environ["NAKMD_CACHE_DIR"] = str(folder)
    build_cache.MOST_BYTES = 60_000  # a few files: others are removed all the time
    right, hits = True, 0
    for turn in range(60):
        number = (seed + turn) % 7
        key = f"{number}".ljust(64, "0")
        system = System(np.full((200, 3), float(number)), np.zeros(200, np.int64), ("K",), Cell([9.0, 9.0, 9.0]))
        store_built(key, system, [], 1.0)
        found = load_built(key)
        hits += found is not None
        right = right and (found is None or bool(np.all(found.system.positions == number)))
    return right and hits > 0


def test_processes_share_the_folder(tmp_path):
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert all(pool.starmap(_many, [(tmp_path, seed) for seed in (0, 2, 5)]))
    assert not list((tmp_path / "built").glob(".*"))  # no temporary file is left
