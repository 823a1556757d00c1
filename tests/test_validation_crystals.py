"""`nakmd validate`: relaxed vacancy and its hop, substitution, warm crystal, melting, against independent values."""

import math

import ase
import numpy as np
import pytest
from ase.mep import NEB
from ase.optimize import FIRE

from nakmd.ase import NakMD
from nakmd.cell import Cell
from nakmd.potentials import evaluate, load
from nakmd.structures.crystal import crystal
from nakmd.studies.relaxation import relaxed
from nakmd.studies.static_crystals import elastic_constants, strained
from nakmd.studies.validation import alloy, cold, melting, solid, vacancy
from nakmd.system import System
from nakmd.units import GPA_PER_EV_A3

CELLS = 4


@pytest.fixture(scope="module")
def sodium():
    """The set fitted here, whose bcc is stable, and its lattice constant."""
    model = load("nak-2026")
    return model, cold.lattice_constant(model, "Na")


def atoms_of(system):
    symbols = [system.species_names[s] for s in system.species]
    return ase.Atoms(symbols, system.positions, cell=system.cell.matrix, pbc=system.cell.periodic)


# ------------------------------------------------------------------------------------------ relaxation
def test_a_free_cell_relaxes_to_the_crystal(sodium):
    """Sheared and stretched by 2 %, atoms displaced: back to bcc of the lattice constant found by a scan of a."""
    model, a = sodium
    ideal = crystal("Na", CELLS, "bcc", a)
    start = strained(ideal, np.array([[0.02, 0.01, 0.0], [0.01, -0.01, 0.008], [0.0, 0.008, 0.015]]))
    start.positions += 0.05 * np.random.default_rng(1).standard_normal(start.positions.shape)
    free, energy = relaxed(model, start, free_cell=True)
    assert energy == pytest.approx(evaluate(model, ideal).energy, abs=1e-5)  # forces below 1e-4 eV/Å: second order
    assert np.linalg.svd(free.cell.matrix, compute_uv=False) == pytest.approx(CELLS * a, rel=1e-4)
    assert np.abs(evaluate(model, free).virial).max() < 2e-2  # the gradient of a variable is a hundredth of it


def test_a_held_direction_does_not_move(sodium):
    """A pair stretched along x with its distance held stays at that distance; without it, it contracts."""
    model, _ = sodium
    ends = np.array([[0.0, 0.0, 0.0], [4.8, 0.0, 0.0]])
    pair = System(ends, [0, 0], ["Na"], Cell([30.0] * 3, [False] * 3))
    along = np.array([[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    kept, energy = relaxed(model, pair, held=along)
    assert np.ptp(kept.positions[:, 0]) == pytest.approx(4.8, abs=1e-9)
    free, lower = relaxed(model, pair)
    assert np.ptp(free.positions[:, 0]) < 4.5
    assert lower < energy


# --------------------------------------------------------------------------------------------- vacancy
@pytest.mark.slow
def test_the_hop_is_that_of_a_nudged_elastic_band(sodium):
    """ASE: climbing image, improved tangent, five images between two relaxed neighbouring vacancies."""
    model, a = sodium
    full = crystal("Na", CELLS, "bcc", a)
    found = vacancy.hop(model, full, a)
    hopping = int(np.argmin(np.linalg.norm(full.positions - 0.5 * a, axis=1)))
    first = atoms_of(full)[[k for k in range(full.n_atoms) if k != 0]]
    last = first.copy()
    last.positions[hopping - 1] = 0.0
    images = [first, *(first.copy() for _ in range(5)), last]
    for image in images:
        image.calc = NakMD(model)
    for end in (first, last):
        FIRE(end, logfile=None).run(fmax=2e-3, steps=300)
    band = NEB(images, climb=True, method="improvedtangent")
    band.interpolate(mic=True)
    FIRE(band, logfile=None).run(fmax=3e-3, steps=800)
    barrier = max(image.get_potential_energy() for image in images) - first.get_potential_energy()
    # a band stopped at 1e-2 eV/Å lies 2 meV higher, so one stopped at 3e-3 within 1 meV
    assert found["migration"] == pytest.approx(barrier, abs=1e-3)
    assert found["migration"] == pytest.approx(max(found["path"]), abs=2e-3)


def test_a_crystal_that_is_no_minimum_has_no_vacancy(sodium, monkeypatch):
    """A relaxation that finds lower energies along the hop, as in Nichol and Ackland's sodium, gives no barrier."""
    model, a = sodium
    energies = iter((-1.0, -0.9, -1.2))
    monkeypatch.setattr(vacancy, "relaxed", lambda potential, system, **options: (system, next(energies)))
    sites = crystal("Na", CELLS, "bcc", a)
    assert not np.any(vacancy.off_site(sites, sites, a))
    assert np.all(vacancy.off_site(sites, strained(sites, np.diag([0.06, -0.03, -0.03])), a))
    record = {"atoms": 127, "energy": None, "energy in fewer cells": None, "off site": 127, "volume": None}
    record |= vacancy.hop(model, sites, a)
    assert record["migration"] is None
    assert "lower" in record["why not"]
    figures = {f.quantity: f for f in vacancy.findings("Na", record)}
    assert figures["vacancy, relaxed"].verdict == figures["vacancy migration"].verdict == "not measured"
    assert figures["atoms off their sites around a vacancy"].verdict == "misses"
    moved = sites.copy()
    moved.positions[7] += [0.3 * a, 0.0, 0.0]  # 0.35 of the nearest-neighbour distance
    assert np.flatnonzero(vacancy.off_site(sites, moved, a)) == [7]


# ---------------------------------------------------------------------------------------- substitution
def test_volume_and_dipole_of_a_solute_are_related_by_elasticity():
    """ΔV = p/B for a dilute cell, B = (C11 + 2 C12)/3; anharmonic terms are a few per cent of one in 432 atoms."""
    model = load("nak-2026")
    record = alloy.measure(model, {"solute": "Na", "host": "K"}, 0)
    a = cold.lattice_constant(model, "K")
    c11, c12, _ = elastic_constants(model, crystal("K", 1, "bcc", a))
    bulk = (c11 + 2.0 * c12) / 3.0 / GPA_PER_EV_A3
    assert record["swelling"] * 0.5 * a**3 == pytest.approx(record["dipole"] / bulk, rel=0.03)
    assert {f.quantity for f in alloy.findings("Na", "K", record)} == {
        "substitution", "change of volume", "elastic dipole",
    }  # fmt: skip


# ---------------------------------------------------------------------------------------- warm crystal
def test_a_cold_crystal_has_the_static_lattice_constant(sodium):
    """At 2 K the expansion is 7e-5/K × 2 K = 1.4e-4 of a."""
    model, a = sodium
    warm = solid.warm_crystal(model, "Na", 2.0, CELLS, 0.6, 0.6, 3)
    assert warm.lattice.value == pytest.approx(a, rel=5e-4)
    assert warm.whole
    assert warm.spread == pytest.approx(0.0, abs=0.02)


# --------------------------------------------------------------------------------------------- melting
def test_the_zero_of_a_line_and_its_error():
    """Rates 2e-5 (T - 350) eV/atom/ps with scatter: the errors cover the truth as a t distribution of 3 does."""
    rng = np.random.default_rng(5)
    x = 345.0 + np.array(melting.SECOND)
    pulls = []
    for _ in range(400):
        found = melting.zero_of_line(x, 2e-5 * (x - 350.0) + 3e-5 * rng.standard_normal(5))
        pulls.append((found.value - 350.0) / found.error)
    # 61 % of t with 3 degrees of freedom are within 1, 4 times the standard error of 400 draws is 0.1
    assert np.mean(np.abs(pulls) < 1.0) == pytest.approx(0.61, abs=0.1)
    exact = melting.zero_of_line(x, 2e-5 * (x - 350.0))
    assert (exact.value, exact.error) == (pytest.approx(350.0), pytest.approx(0.0, abs=1e-6))
    assert math.isnan(melting.zero_of_line(x, -x).value)


def test_a_rate_ends_where_the_half_is_spent():
    """0.2 meV/ps until 6 meV, then constant: the slope is that of the beginning."""
    time = np.arange(0.0, 60.0, 0.1)
    energies = np.minimum(2e-4 * time, 6e-3)
    assert melting.rate_of(time, energies, 4e-3) == pytest.approx(2e-4, rel=1e-9)
    assert melting.rate_of(time, energies, 1.0) < 1.7e-4
    assert melting.rate_of(time, 50.0 * energies, 4e-3) > 0.0  # at least five averages


@pytest.mark.slow
def test_sodium_melts_near_the_stored_temperature():
    """335 ± 15 K by a coarser run of the fit (potentials/fit/nak/README.md), for the set as it was then."""
    record = melting.measure(load("nak-2026"), {"element": "Na", "near": 370.9, "cells": (5, 5, 16), "time": 30.0}, 1)
    assert record["melting"]["value"] == pytest.approx(345.0, abs=30.0)
