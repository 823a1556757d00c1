"""Energy of adhesion, on a short run of NaK between a sheet and its periodic image."""

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from reference.pair import PairTwin, morse
from small_decks import sheet_in_metal
from synthetic import frame, numbers_of, topology

import nakmd
from nakmd.analysis import FrameList, Measure
from nakmd.analysis.drive import measure
from nakmd.analysis.geometry.contact_distances import CONTACT_DISTANCES
from nakmd.errors import AnalysisError
from nakmd.integrators import VelocityVerlet
from nakmd.io import TrajectoryWriter
from nakmd.potentials import EAM, Hybrid, evaluate
from nakmd.potentials.library import load, read_set
from nakmd.simulation import FrameWriter, LiveAnalysis, Simulation, Stage
from nakmd.structures.graphene import graphene
from nakmd.studies import Adhesion, reference_energy, wall_alone, work_of_adhesion
from nakmd.studies.parts import thermal_energy
from nakmd.system import System
from nakmd.units import ACCELERATION, J_PER_M2_PER_EV_A2


@pytest.fixture(scope="module")
def wet(tmp_path_factory):
    """The folder of a run of a wetted sheet."""
    folder = tmp_path_factory.mktemp("studies") / "wet"
    nakmd.run(sheet_in_metal(), folder).trajectory.close()
    return folder


@pytest.fixture(scope="module")
def record(wet):
    return work_of_adhesion(wet, wall_steps=200)


def at(frame, topology, mask=None):
    mask = np.ones(topology.n_atoms, dtype=bool) if mask is None else mask
    return System(
        frame.positions[mask], topology.species[mask], topology.species_names, frame.cell, masses=topology.masses[mask]
    )


def test_the_difference_is_the_sum_of_the_pair_terms(wet, record):
    """Only pair terms couple the two sides, so E(NaK+C) - E(NaK) - E(C) is their sum, to 1e-9 eV of 1,600."""
    with nakmd.Trajectory(wet / "trajectory.h5md") as trajectory:
        frames = list(trajectory.frames(stage="produce"))
        wall = np.array([name in ("C", "N") for name in trajectory.topology.elements])
    stored = [f.pair_energies[np.ix_(wall, ~wall)].sum() for f in frames]
    assert record.series == pytest.approx(stored, abs=1e-9)
    assert record.series_by_term["cross"] == pytest.approx(stored, abs=1e-9)
    assert np.all(record.series_by_term["embedding change"] == 0.0)
    assert any("zero by construction" in note for note in record.notes)
    assert record.energies["cross"].value == pytest.approx(np.mean(stored), abs=1e-9)
    assert record.series.min() < -5.0


def test_cross_term_agrees_with_the_reference_implementation(wet, record):
    numbers = {
        pair.species: (pair.depth, pair.alpha, pair.r_0)
        for pair in read_set("morse-screened").pair
        if pair.species[1] in ("C", "N:graphitic")
    }
    twin = PairTwin({pair: lambda r, p=p: morse(r, *p) for pair, p in numbers.items()}, cutoff=10.0, mode="shift")
    with nakmd.Trajectory(wet / "trajectory.h5md") as trajectory:
        last = trajectory[-1]
        reference = twin.compute(at(last, trajectory.topology))
    assert record.series[-1] == pytest.approx(reference.energy, abs=1e-9)


def test_energies_of_the_parts_agree_with_separate_systems(wet, record):
    model = load("nak-cn-pair")
    with nakmd.Trajectory(wet / "trajectory.h5md") as trajectory:
        last, kinds = trajectory[-1], trajectory.topology
    wall = np.isin(np.array(kinds.elements)[kinds.species], ("C", "N"))
    whole, carbon, metal = (evaluate(model, at(last, kinds, mask)).energy for mask in (wall | ~wall, wall, ~wall))
    assert whole == pytest.approx(last.potential_energy, abs=1e-8)
    assert record.series[-1] == pytest.approx(whole - carbon - metal, abs=1e-8)


def test_work_is_per_wetted_face(record):
    # both faces of the sheet are wetted, but the affinity counts its area once
    assert record.area.value == pytest.approx(2.0 * record.affinity.contact_area.value, rel=0.05)
    assert record.value == pytest.approx(-record.series.mean() / record.area.value, rel=1e-9)
    assert record.per_area.value == pytest.approx(record.value * J_PER_M2_PER_EV_A2, rel=1e-12)
    assert record.terms["cross"].value == pytest.approx(record.per_area.value, rel=1e-9)
    assert 0.1 < record.per_area.value < 0.4
    assert record.total is None
    assert any("change of the metal: unknown, no reference run" in note for note in record.notes)
    assert json.dumps(record.to_dict(), allow_nan=False)
    assert record.plot().axes


def test_references_from_separate_runs(wet, record, tmp_path, monkeypatch):
    nakmd.run(sheet_in_metal(liquid=False), tmp_path / "wall").trajectory.close()
    with nakmd.Trajectory(wet / "trajectory.h5md") as trajectory:
        kinds = trajectory.topology
        frames = list(trajectory.frames(stage="produce"))
    wall = reference_energy(tmp_path / "wall", kinds)
    twice = topology(kinds.species_names, np.tile(kinds.species, 2))
    assert reference_energy(tmp_path / "wall", twice).value == pytest.approx(2.0 * wall.value)
    with pytest.raises(AnalysisError, match="Use a reference of the same composition"):
        reference_energy(tmp_path / "wall", topology(["C"], [0] * 10))
    with nakmd.Trajectory(tmp_path / "wall" / "trajectory.h5md") as trajectory:
        # the thermostat removes the drift of the bare wall
        n = trajectory.n_atoms
        energies = [f.potential_energy - f.kinetic_energy * n / (n - 1) for f in trajectory.frames("produce")]
        assert wall.value == pytest.approx(np.mean(energies), abs=1e-9)
    with_wall = work_of_adhesion(wet, wall=tmp_path / "wall")
    sheet = np.isin(np.array(kinds.elements)[kinds.species], ("C", "N"))
    kinetic = [0.5 / ACCELERATION * np.sum(kinds.masses[sheet, None] * f.velocities[sheet] ** 2) for f in frames]
    energies = [evaluate(load("nak-cn-pair"), at(f, kinds, sheet)).energy - k for f, k in zip(frames, kinetic)]
    assert with_wall.energies["strain of the carbon"].value == pytest.approx(np.mean(energies) - wall.value, abs=1e-7)
    assert with_wall.energies["strain of the carbon"].error >= wall.error
    assert with_wall.total is None
    unsettled = ("potential energy: it drifts",)
    with monkeypatch.context() as patch:
        # the package has a function of the name of this module
        module = sys.modules[work_of_adhesion.__module__]
        drifting = dataclasses.replace(record.sample, unsettled=unsettled)
        patch.setattr(module, "sampled_reference", lambda *_: (wall, drifting))
        of_reference = work_of_adhesion(wet, wall=tmp_path / "wall").sample.unsettled
    assert "potential energy in the reference run of the wall: it drifts" in of_reference
    with pytest.raises(AnalysisError, match=r"wall or the metal alone, got C, N:graphitic, "):
        work_of_adhesion(wet, metal=wet)


def test_all_four_terms_add_up(wet, record):
    with nakmd.Trajectory(wet / "trajectory.h5md") as trajectory:
        analysis = Adhesion(load("nak-cn-pair"), Measure(-1000.0, 0.3, "eV", 20.0), Measure(-200.0, 0.4, "eV", 20.0))
        full = measure(trajectory, analysis)
    assert list(full.terms) == ["cross", "embedding change", "strain of the carbon", "change of the metal"]
    assert full.total.value == pytest.approx(sum(term.value for term in full.terms.values()), rel=1e-9)
    assert full.total.error >= J_PER_M2_PER_EV_A2 * 0.5 / full.area.value  # 0.3 and 0.4 in quadrature
    assert full.value == pytest.approx(record.value, rel=1e-12)
    assert full.plot().axes


def test_live_equals_stored(wet, tmp_path):
    with nakmd.Trajectory(wet / "trajectory.h5md") as trajectory:
        last, kinds = trajectory[-1], trajectory.topology
    system = System(
        last.unwrapped, kinds.species, kinds.species_names, last.cell, last.velocities, kinds.masses, kinds.groups
    )
    writer = TrajectoryWriter(tmp_path / "live.h5md", system.topology, {"stages": ["produce"]})
    live = LiveAnalysis(Adhesion(load("nak-cn-pair")), system.topology, every=5)
    Simulation(
        system, load("nak-cn-pair"), [Stage("produce", VelocityVerlet(0.001), 20)], [FrameWriter(writer, 5), live]
    ).run()
    writer.close()
    stored = work_of_adhesion(tmp_path / "live.h5md", model=load("nak-cn-pair"), wall_steps=0)
    from_live, from_file = (json.dumps(numbers_of(r), allow_nan=False) for r in (live.result(), stored))
    assert from_live == from_file
    assert len(stored.time) == 5


def hollow_atom(heights, bend=0.0, names=("C", "K")):
    """A relaxed sheet with one K over a hollow; in the last frame one carbon is displaced by ``bend`` [Å]."""
    sheet = graphene(lengths=(22.0, 21.0), bond=1.4388, vacuum=15.0)
    kinds = topology(names, [0] * sheet.n_atoms + [1])
    frames = []
    for step, height in enumerate(heights):
        positions = np.concatenate([sheet.positions, [sheet.positions[0] + [0.0, 1.4388, height]]])
        if step == len(heights) - 1:
            positions[40, 2] += bend
        frames.append(frame(sheet.cell, positions, step, velocities=np.zeros_like(positions)))
    return sheet, kinds, FrameList(kinds, frames)


def test_strain_is_the_energy_above_the_reference():
    sheet, kinds, source = hollow_atom([3.0, 3.0, 3.0], bend=0.2)
    bent = sheet.copy()
    bent.positions[40, 2] += 0.2
    flat, expected = (evaluate(load("cn"), made).energy for made in (sheet, bent))
    assert expected - flat > 0.3
    adhesion = measure(source, Adhesion(load("nak-cn-pair"), wall=Measure(flat, 0.01, "eV", 50.0)))
    assert adhesion.series_by_term["strain of the carbon"] == pytest.approx([0.0, 0.0, expected - flat], abs=1e-8)
    assert adhesion.energies["strain of the carbon"].error > 0.01
    rigid = measure(hollow_atom([3.0, 3.1])[2], Adhesion(load("nak-cn-pair")))
    assert np.all(rigid.series_by_term["strain of the carbon"] == 0.0)
    assert any("strain of the carbon: zero" in note for note in rigid.notes)
    no_reference = measure(source, Adhesion(load("nak-cn-pair")))
    assert "strain of the carbon" not in no_reference.terms
    assert any("strain of the carbon: unknown, no reference run" in note for note in no_reference.notes)
    still = FrameList(kinds, [frame(f.cell, f.positions, f.step) for f in source])
    adhesion = measure(still, Adhesion(load("nak-cn-pair"), wall=Measure(flat, 0.01, "eV", 50.0)))
    assert any("unknown, the frames have no velocities" in note for note in adhesion.notes)


def test_an_isolated_wall_has_no_strain(tmp_path):
    """`wall_alone` agrees with a deck run of the same bare wall within the errors."""
    nakmd.run(sheet_in_metal(liquid=False, steps=3000), tmp_path / "bare", threads=1).trajectory.close()
    with nakmd.Trajectory(tmp_path / "bare" / "trajectory.h5md") as trajectory:
        stored = reference_energy(trajectory, trajectory.topology)
        separate = wall_alone(trajectory, load("nak-cn-pair"), 0.001, 3000)
    assert np.hypot(stored.error, separate.error) < 0.2  # of 9 eV of thermal energy
    # four standard errors: exceeded once in 16,000 runs, and the seed is fixed
    assert separate.value == pytest.approx(stored.value, abs=4.0 * np.hypot(stored.error, separate.error))


def test_thermal_energy_includes_a_removed_drift():
    rng = np.random.default_rng(3)
    masses = np.full(50, 12.0)
    velocities = rng.normal(size=(50, 3))
    kinetic = 0.5 / ACCELERATION * np.sum(masses[:, None] * velocities**2)
    assert thermal_energy(masses, velocities) == pytest.approx(kinetic)
    velocities -= velocities.mean(axis=0)
    kinetic = 0.5 / ACCELERATION * np.sum(masses[:, None] * velocities**2)
    assert thermal_energy(masses, velocities) == pytest.approx(kinetic * 150 / 147)


def test_embedding_changes_where_carbon_has_a_density(tmp_path):
    """An EAM table with carbon: all of the coupling is many-body, none of it in pair terms."""
    table = tmp_path / "CuC.eam.alloy"
    text = (Path(__file__).parent / "data" / "invented.eam.alloy").read_text(encoding="utf-8")
    table.write_text(text.replace("2 Al Cu", "2 C Cu"))
    model = Hybrid([EAM.from_file(table)])
    rng = np.random.default_rng(1)
    sheet, _, _ = hollow_atom([3.0])
    metal = sheet.positions[::4] + rng.normal([0.0, 0.0, 3.0], 0.1, (len(sheet.positions[::4]), 3))
    positions = np.concatenate([sheet.positions, metal])
    kinds = topology(["C", "Cu"], [0] * sheet.n_atoms + [1] * len(metal))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CONTACT_DISTANCES, ("C", "Cu"), 4.1)  # the table has Na and K only
        adhesion = measure(FrameList(kinds, [frame(sheet.cell, positions, t) for t in range(2)]), Adhesion(model))
    made = frame(sheet.cell, positions)
    wall = kinds.species == 0
    whole, carbon, copper = (evaluate(model, at(made, kinds, mask)).energy for mask in (wall | ~wall, wall, ~wall))
    assert adhesion.energies["cross"].value == 0.0
    assert abs(whole - carbon - copper) > 1.0
    assert adhesion.energies["embedding change"].value == pytest.approx(whole - carbon - copper, abs=1e-9)


def test_only_screened_pairs_couple_the_sides(wet):
    """The screening depends on the density of the metal alone: the difference is the cross term, to rounding."""
    model = load("nak-cn", doping=0.02)
    with nakmd.Trajectory(wet / "trajectory.h5md") as trajectory:
        kinds = trajectory.topology
        frames = [dataclasses.replace(f, potential_energy=None) for f in trajectory.frames(stage="produce")]
    adhesion = measure(FrameList(kinds, frames), Adhesion(model))
    assert any("the embedding change is zero by construction" in note for note in adhesion.notes)
    wall = np.isin(np.array(kinds.elements)[kinds.species], ("C", "N"))
    whole, carbon, metal = (evaluate(model, at(frames[-1], kinds, m)).energy for m in (wall | ~wall, wall, ~wall))
    assert adhesion.series[-1] == pytest.approx(whole - carbon - metal, abs=1e-8)
    half = measure(FrameList(kinds, frames), Adhesion(load("nak-cn", doping=0.02, affinity=0.5)))
    assert half.energies["cross"].value == pytest.approx(0.5 * adhesion.energies["cross"].value, rel=1e-9)
    # screening in the liquid removes two thirds of the attraction or more
    dilute = measure(FrameList(kinds, frames), Adhesion(load("nak-cn", doping=0.02, screening=0.0)))
    assert 0.1 < adhesion.per_area.value / dilute.per_area.value < 0.5


def test_invalid_input_of_adhesion_raises_a_clear_error(wet, tmp_path):
    with nakmd.Trajectory(wet / "trajectory.h5md") as trajectory:
        kinds, first = trajectory.topology, trajectory[0]
        other = load("nak-cn-pair", affinity=0.5)
        with pytest.raises(AnalysisError, match="Give the model that generated the frames"):
            work_of_adhesion(trajectory, model=other)
    with pytest.raises(AnalysisError, match="at least 2 frames, got 1"):
        measure(FrameList(kinds, [first]), Adhesion(load("nak-cn-pair")))
    with pytest.raises(AnalysisError, match="needs metal atoms"):
        Adhesion(load("nak-cn-pair")).prepare(topology(["C"], [0] * 4))
    mixed = topology(["C", "K", "Ge"], [0, 1, 2])
    with pytest.raises(AnalysisError, match="also contain Ge"):
        Adhesion(load("nak-cn-pair")).prepare(mixed)
    with TrajectoryWriter(tmp_path / "bare.h5md", kinds, {}) as writer:
        writer.write(first)
    with pytest.raises(AnalysisError, match="contains no deck"):
        work_of_adhesion(tmp_path / "bare.h5md")
