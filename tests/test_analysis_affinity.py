import math

import numpy as np
import pytest
from synthetic import frame, topology

from nakmd.analysis import Affinity, FrameList, affinity
from nakmd.analysis.geometry.wetted_faces import AREA_PER_ATOM
from nakmd.cell import Cell
from nakmd.errors import AnalysisError

NAMES = ["C", "N:graphitic", "K", "Na"]
SPACING = 6.0


def sheet(near_k, near_na, far_k=30, far_na=10, k_height=3.0, na_height=2.7, sides=1):
    """A flat wall of 100 sites 6 Å apart, every tenth N; metals above the first sites, the rest in the bulk."""
    cell = Cell([10 * SPACING, 10 * SPACING, 80.0], (True, True, False))
    wall = np.array([[SPACING * (i + 0.5), SPACING * (j + 0.5), 20.0] for i in range(10) for j in range(10)])
    up = np.array([0.0, 0.0, 1.0])
    k = wall[:near_k] + k_height * up
    na = wall[near_k : near_k + near_na] + na_height * up
    if sides == 2:
        k = np.concatenate([k, wall[:near_k] - k_height * up])
    rng = np.random.default_rng(5)
    bulk = rng.uniform([0, 0, 35.0], [60.0, 60.0, 75.0], (far_k + far_na, 3))
    positions = np.concatenate([wall, k, bulk[:far_k], na, bulk[far_k:]])
    species = [1 if i % 10 == 0 else 0 for i in range(100)]
    species += [2] * (len(k) + far_k) + [3] * (near_na + far_na)
    return cell, positions, species


def pair_energies(c_k=0.0, c_na=0.0, n_k=0.0, n_na=0.0):
    table = np.full((4, 4), -99.0)  # pairs other than wall-metal must not be counted
    for (a, b), value in {(0, 2): c_k, (0, 3): c_na, (1, 2): n_k, (1, 3): n_na}.items():
        table[a, b] = table[b, a] = value
    return table


def test_one_configuration_by_hand():
    cell, positions, species = sheet(near_k=30, near_na=20)
    energies = pair_energies(c_k=-3.0, c_na=-1.0, n_k=-0.5, n_na=-0.1)
    source = FrameList(topology(NAMES, species, (True, True, False)), [frame(cell, positions, pair_energies=energies)])
    record = affinity(source)
    area = 50 * AREA_PER_ATOM
    assert pytest.approx(2.6194, abs=1e-4) == AREA_PER_ATOM  # 3√3/4 · 1.42²
    assert record.contact_area.value == pytest.approx(area, rel=1e-12)
    assert record.energy.value == pytest.approx(-4.6, rel=1e-12)
    assert record.value == pytest.approx(4.6 / area, rel=1e-12)  # positive for attraction
    assert record.per_area.value == pytest.approx(4.6 / area * 16.02176634, rel=1e-9)
    assert record.per_area.unit == "J/m²"
    assert record.per_layer_atom.value == pytest.approx(4.6 / 50, rel=1e-12)
    assert record.layer_atoms["K"].value == 30
    assert record.by_metal["K"].value == pytest.approx(3.5 / 30, rel=1e-12)
    assert record.by_metal["Na"].value == pytest.approx(1.1 / 20, rel=1e-12)
    # of the 50 sites in contact 5 are N
    assert record.by_site["C"].value == pytest.approx(4.0 / 45, rel=1e-12)
    assert record.by_site["N:graphitic"].value == pytest.approx(0.6 / 5, rel=1e-12)
    assert sum(part.value for part in record.shares.values()) == pytest.approx(record.value, rel=1e-12)
    assert record.shares["N:graphitic", "K"].value == pytest.approx(0.5 / area, rel=1e-12)
    assert math.isnan(record.error)
    assert not record.trusted


def test_enrichment_over_the_bulk_and_over_all_metal():
    cell, positions, species = sheet(near_k=30, near_na=20, far_k=30, far_na=10)
    kind = topology(NAMES, species, (True, True, False))
    source = FrameList(kind, [frame(cell, positions, pair_energies=pair_energies())])
    record = affinity(source)
    assert record.enrichment["K", "Na"].value == pytest.approx((30 / 20) / (30 / 10), rel=1e-12)
    assert "farther than 10 Å" in record.bulk
    # no atom is 60 Å away: all metal is the reference
    overall = affinity(source, bulk=60.0)
    assert overall.enrichment["K", "Na"].value == pytest.approx((30 / 20) / (60 / 30), rel=1e-12)
    assert "all metal" in overall.bulk


def test_a_wall_wetted_on_both_sides_counts_once():
    cell, positions, species = sheet(near_k=30, near_na=0, sides=2)
    kind = topology(NAMES, species, (True, True, False))
    record = affinity(FrameList(kind, [frame(cell, positions, pair_energies=pair_energies(c_k=-6.0))]))
    assert record.contact_area.value == pytest.approx(30 * AREA_PER_ATOM, rel=1e-12)
    assert record.layer_atoms["K"].value == 60
    assert any("counted once" in note for note in record.notes)


def test_contact_and_layer_use_different_distances():
    cell, positions, species = sheet(near_k=30, near_na=20, k_height=4.5, na_height=4.05)
    kind = topology(NAMES, species, (True, True, False))
    source = FrameList(kind, [frame(cell, positions, pair_energies=pair_energies(c_k=-1.0))])
    record = affinity(source)
    assert record.contact_area.value == pytest.approx(20 * AREA_PER_ATOM)  # Na within 4.1 Å, K not within 4.4 Å
    assert record.layer_atoms["K"].value == 30  # within 5 Å
    assert affinity(source, layer=4.2).layer_atoms["K"].value == 0


def test_errors_cover_fluctuations_of_energy_and_contact():
    covered = {"affinity": 0, "enrichment": 0}
    for seed in range(100):
        rng = np.random.default_rng(seed)
        frames = []
        cell, positions, species = sheet(near_k=30, near_na=20, far_k=60, far_na=20)
        kind = topology(NAMES, species, (True, True, False))
        first_k, first_na = 100, 100 + 90
        for t in range(40):
            moved = positions.copy()
            # each atom of the layer is in the bulk half of the time, and the energy changes with it
            gone_k, gone_na = rng.uniform(size=30) < 0.5, rng.uniform(size=20) < 0.5
            moved[first_k : first_k + 30, 2] += np.where(gone_k, 30.0, 0.0)
            moved[first_na : first_na + 20, 2] += np.where(gone_na, 30.0, 0.0)
            energy = -0.1 * (np.sum(~gone_k) + np.sum(~gone_na)) + rng.normal()
            frames.append(frame(cell, moved, t, pair_energies=pair_energies(c_k=energy)))
        record = affinity(FrameList(kind, frames))
        low, high = record.interval()
        covered["affinity"] += low <= 0.1 / AREA_PER_ATOM <= high
        low, high = record.enrichment["K", "Na"].interval()
        covered["enrichment"] += low <= (15 / 10) / (75 / 30) <= high
    assert min(covered.values()) >= 88  # 95 ± 2.2, and a ratio of noisy means is skewed
    assert max(covered.values()) <= 100


def test_a_record_is_written_and_drawn():
    cell, positions, species = sheet(near_k=30, near_na=20)
    kind = topology(NAMES, species, (True, True, False))
    frames = [frame(cell, positions, t, pair_energies=pair_energies(c_k=-3.0 - 0.1 * (t % 3))) for t in range(30)]
    record = affinity(FrameList(kind, frames))
    assert "eV/Å²" in str(record)
    assert record.to_dict()["shares"]["C-K"]["unit"] == "eV/Å²"
    assert record.plot().axes


def test_missing_data_and_invalid_parameters_are_refused():
    cell, positions, species = sheet(near_k=5, near_na=5)
    kind = topology(NAMES, species, (True, True, False))
    with pytest.raises(AnalysisError, match="step 7 contains no interaction energies"):
        affinity(FrameList(kind, [frame(cell, positions, 7)]))
    metal = [s for s in species if s > 1]
    with pytest.raises(AnalysisError, match="needs wall atoms"):
        affinity(FrameList(topology(NAMES, metal), [frame(cell, positions[100:])]))
    with pytest.raises(AnalysisError, match="needs metal atoms"):
        affinity(FrameList(topology(NAMES, species[:100]), [frame(cell, positions[:100])]))
    away = positions.copy()
    away[100:, 2] += 20.0
    with pytest.raises(AnalysisError, match="No metal atom touches the wall"):
        affinity(FrameList(kind, [frame(cell, away, pair_energies=pair_energies())]))
    with pytest.raises(AnalysisError, match="0 < layer <= bulk"):
        Affinity(layer=12.0, bulk=10.0)
