"""Energies of adhesion and ladders of affinities, on short runs of NaK between a sheet and its image."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from reference.pair import PairTwin, morse
from synthetic import frame, topology

import nakmd
from nakmd.analysis import FrameList, Measure
from nakmd.analysis.drive import measure
from nakmd.analysis.geometry.contact_distances import CONTACT_DISTANCES
from nakmd.deck.source import DeckSource
from nakmd.errors import AnalysisError, InputError
from nakmd.integrators import VelocityVerlet
from nakmd.io import TrajectoryWriter
from nakmd.potentials import EAM, Hybrid, evaluate
from nakmd.potentials.library import load, read_set
from nakmd.simulation import FrameWriter, LiveAnalysis, Simulation, Stage
from nakmd.structures.graphene import graphene
from nakmd.studies import (
    Adhesion,
    affinity_ladder,
    cross_energies,
    ladder,
    reference_energy,
    run_affinity_ladder,
    wall_alone,
    work_of_adhesion,
)
from nakmd.studies.parts import thermal_energy
from nakmd.system import System
from nakmd.units import ACCELERATION, J_PER_M2_PER_EV_A2

SHEET = {"kind": "graphene", "size": ["22 Å", "21 Å"], "bond": "1.4388 Å", "doping": {"graphitic": 0.02}}
OUTPUT = {"trajectory_every": 5, "thermo_every": 50}


def deck_of(liquid=True, steps=30, **more):
    structure = {"carbon": SHEET}
    if liquid:
        structure["liquid"] = {"region": "between", "thickness": "21 Å", "x_K": 0.67, "temperature": "450 K"}
    stage = [
        {"kind": "relax", "steps": 40, "force": "0.3 eV/Å"},
        {"kind": "equilibrate", "steps": 40, "temperature": "450 K", "tau": "0.05 ps"},
        {"kind": "produce", "steps": steps, "temperature": "450 K"},
    ]
    return nakmd.Deck(
        **{
            "seed": 6,
            "model": {"potential": "nak-cn-pair"},
            "structure": structure,
            "stage": stage,
            "output": OUTPUT,
            **more,
        }
    )


@pytest.fixture(scope="module")
def wet(tmp_path_factory):
    """A folder with the run of a wet sheet."""
    folder = tmp_path_factory.mktemp("studies") / "wet"
    nakmd.run(deck_of(), folder).trajectory.close()
    return folder


@pytest.fixture(scope="module")
def record(wet):
    return work_of_adhesion(wet, wall_steps=200)


def at(frame, topology, mask=None):
    mask = np.ones(topology.n_atoms, dtype=bool) if mask is None else mask
    return System(
        frame.positions[mask], topology.species[mask], topology.species_names, frame.cell, masses=topology.masses[mask]
    )


# ------------------------------------------------------------------------------------------ energy of adhesion
def test_the_difference_is_the_sum_of_the_pair_terms(wet, record):
    """The two sides meet in pair terms only, so E(NaK+C) - E(NaK) - E(C) is their sum, to 1e-9 eV of 1,600."""
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


def test_the_cross_term_is_that_of_the_slow_twin(wet, record):
    numbers = {
        pair.species: (pair.depth, pair.alpha, pair.r_0)
        for pair in read_set("morse-screened").pair
        if pair.species[1] in ("C", "N:graphitic")
    }
    twin = PairTwin({pair: lambda r, p=p: morse(r, *p) for pair, p in numbers.items()}, cutoff=10.0, mode="shift")
    with nakmd.Trajectory(wet / "trajectory.h5md") as trajectory:
        last = trajectory[-1]
        found = twin.compute(at(last, trajectory.topology))
    assert record.series[-1] == pytest.approx(found.energy, abs=1e-9)


def test_the_parts_are_those_of_systems_taken_apart_by_hand(wet, record):
    model = load("nak-cn-pair")
    with nakmd.Trajectory(wet / "trajectory.h5md") as trajectory:
        last, kinds = trajectory[-1], trajectory.topology
    wall = np.isin(np.array(kinds.elements)[kinds.species], ("C", "N"))
    whole, carbon, metal = (evaluate(model, at(last, kinds, mask)).energy for mask in (wall | ~wall, wall, ~wall))
    assert whole == pytest.approx(last.potential_energy, abs=1e-8)
    assert record.series[-1] == pytest.approx(whole - carbon - metal, abs=1e-8)


def test_work_is_per_wetted_face(record):
    # both faces of the sheet are wet, and the affinity counts its area once
    assert record.area.value == pytest.approx(2.0 * record.affinity.contact_area.value, rel=0.05)
    assert record.value == pytest.approx(-record.series.mean() / record.area.value, rel=1e-9)
    assert record.per_area.value == pytest.approx(record.value * J_PER_M2_PER_EV_A2, rel=1e-12)
    assert record.terms["cross"].value == pytest.approx(record.per_area.value, rel=1e-9)
    assert 0.1 < record.per_area.value < 0.4
    assert record.total is None
    assert any("change of the metal: unknown" in note for note in record.notes)
    assert json.dumps(record.to_dict(), allow_nan=False)
    assert record.plot().axes


def test_references_from_runs_of_their_own(wet, record, tmp_path):
    nakmd.run(deck_of(liquid=False), tmp_path / "wall").trajectory.close()
    with nakmd.Trajectory(wet / "trajectory.h5md") as trajectory:
        kinds = trajectory.topology
        frames = list(trajectory.frames(stage="produce"))
    wall = reference_energy(tmp_path / "wall", kinds)
    twice = topology(kinds.species_names, np.tile(kinds.species, 2))
    assert reference_energy(tmp_path / "wall", twice).value == pytest.approx(2.0 * wall.value)
    with pytest.raises(AnalysisError, match="compare only at the same composition"):
        reference_energy(tmp_path / "wall", topology(["C"], [0] * 10))
    with nakmd.Trajectory(tmp_path / "wall" / "trajectory.h5md") as trajectory:
        # the thermostat lets the bare wall's centre of mass rest
        n = trajectory.n_atoms
        energies = [f.potential_energy - f.kinetic_energy * n / (n - 1) for f in trajectory.frames("produce")]
        assert wall.value == pytest.approx(np.mean(energies), abs=1e-9)
    found = work_of_adhesion(wet, wall=tmp_path / "wall")
    sheet = np.isin(np.array(kinds.elements)[kinds.species], ("C", "N"))
    kinetic = [0.5 / ACCELERATION * np.sum(kinds.masses[sheet, None] * f.velocities[sheet] ** 2) for f in frames]
    energies = [evaluate(load("nak-cn-pair"), at(f, kinds, sheet)).energy - k for f, k in zip(frames, kinetic)]
    assert found.energies["strain of the carbon"].value == pytest.approx(np.mean(energies) - wall.value, abs=1e-7)
    assert found.energies["strain of the carbon"].error >= wall.error
    assert found.total is None
    with pytest.raises(AnalysisError, match=r"not C, N:graphitic, .* together"):
        work_of_adhesion(wet, metal=wet)


def test_all_four_terms_add_up(wet, record):
    with nakmd.Trajectory(wet / "trajectory.h5md") as trajectory:
        analysis = Adhesion(load("nak-cn-pair"), Measure(-1000.0, 0.3, "eV", 20.0), Measure(-200.0, 0.4, "eV", 20.0))
        found = measure(trajectory, analysis)
    assert list(found.terms) == ["cross", "embedding change", "strain of the carbon", "change of the metal"]
    assert found.total.value == pytest.approx(sum(term.value for term in found.terms.values()), rel=1e-9)
    assert found.total.error >= J_PER_M2_PER_EV_A2 * 0.5 / found.area.value  # 0.3 and 0.4 in quadrature
    assert found.value == pytest.approx(record.value, rel=1e-12)
    assert found.plot().axes


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
    one, other = (json.dumps(r.to_dict(), allow_nan=False) for r in (live.result(), stored))
    assert one == other
    assert len(stored.time) == 5


def hollow_atom(heights, bend=0.0, names=("C", "K")):
    """A sheet, its minimum found, with one K over a hollow; in the last frame one carbon stands ``bend`` aside."""
    sheet = graphene(lengths=(22.0, 21.0), bond=1.4388, vacuum=15.0)
    kinds = topology(names, [0] * sheet.n_atoms + [1])
    frames = []
    for step, height in enumerate(heights):
        positions = np.concatenate([sheet.positions, [sheet.positions[0] + [0.0, 1.4388, height]]])
        if step == len(heights) - 1:
            positions[40, 2] += bend
        frames.append(frame(sheet.cell, positions, step, velocities=np.zeros_like(positions)))
    return sheet, kinds, FrameList(kinds, frames)


def test_strain_is_what_the_wall_has_above_its_reference():
    sheet, kinds, source = hollow_atom([3.0, 3.0, 3.0], bend=0.2)
    bent = sheet.copy()
    bent.positions[40, 2] += 0.2
    flat, expected = (evaluate(load("cn"), made).energy for made in (sheet, bent))
    assert expected - flat > 0.3
    found = measure(source, Adhesion(load("nak-cn-pair"), wall=Measure(flat, 0.01, "eV", 50.0)))
    assert found.series_by_term["strain of the carbon"] == pytest.approx([0.0, 0.0, expected - flat], abs=1e-8)
    assert found.energies["strain of the carbon"].error > 0.01
    rigid = measure(hollow_atom([3.0, 3.1])[2], Adhesion(load("nak-cn-pair")))
    assert np.all(rigid.series_by_term["strain of the carbon"] == 0.0)
    assert any("does not deform" in note for note in rigid.notes)
    alone = measure(source, Adhesion(load("nak-cn-pair")))
    assert "strain of the carbon" not in alone.terms
    assert any("strain of the carbon: unknown without a run of it by itself" in note for note in alone.notes)
    still = FrameList(kinds, [frame(f.cell, f.positions, f.step) for f in source])
    found = measure(still, Adhesion(load("nak-cn-pair"), wall=Measure(flat, 0.01, "eV", 50.0)))
    assert any("unknown without velocities" in note for note in found.notes)


def test_a_wall_by_itself_has_no_strain(tmp_path):
    """The reference that is run for a wall agrees with a run of that bare wall from a deck, to their errors."""
    nakmd.run(deck_of(liquid=False, steps=3000), tmp_path / "bare", threads=1).trajectory.close()
    with nakmd.Trajectory(tmp_path / "bare" / "trajectory.h5md") as trajectory:
        stored = reference_energy(trajectory, trajectory.topology)
        own = wall_alone(trajectory, load("nak-cn-pair"), 0.001, 3000)
    assert np.hypot(stored.error, own.error) < 0.2  # of 9 eV of thermal energy
    assert own.value == pytest.approx(stored.value, abs=4.0 * np.hypot(stored.error, own.error))


def test_centres_of_mass_at_rest_are_made_up_for():
    rng = np.random.default_rng(3)
    masses = np.full(50, 12.0)
    velocities = rng.normal(size=(50, 3))
    kinetic = 0.5 / ACCELERATION * np.sum(masses[:, None] * velocities**2)
    assert thermal_energy(masses, velocities) == pytest.approx(kinetic)
    velocities -= velocities.mean(axis=0)
    kinetic = 0.5 / ACCELERATION * np.sum(masses[:, None] * velocities**2)
    assert thermal_energy(masses, velocities) == pytest.approx(kinetic * 150 / 147)


def test_embedding_changes_where_carbon_has_a_density(tmp_path):
    """An EAM table that names carbon: all of the coupling is many-body, and none of it pair terms."""
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
        patch.setitem(CONTACT_DISTANCES, ("C", "Cu"), 4.1)  # tabled for Na and K only
        found = measure(FrameList(kinds, [frame(sheet.cell, positions, t) for t in range(2)]), Adhesion(model))
    made = frame(sheet.cell, positions)
    wall = kinds.species == 0
    whole, carbon, copper = (evaluate(model, at(made, kinds, mask)).energy for mask in (wall | ~wall, wall, ~wall))
    assert found.energies["cross"].value == 0.0
    assert abs(whole - carbon - copper) > 1.0
    assert found.energies["embedding change"].value == pytest.approx(whole - carbon - copper, abs=1e-9)


def test_screened_pairs_are_all_that_couples(wet):
    """The screening hangs on the metal's own density: whole less wall less metal is the cross term, to rounding."""
    model = load("nak-cn", doping=0.02)
    with nakmd.Trajectory(wet / "trajectory.h5md") as trajectory:
        kinds = trajectory.topology
        frames = [dataclasses.replace(f, potential_energy=None) for f in trajectory.frames(stage="produce")]
    found = measure(FrameList(kinds, frames), Adhesion(model))
    assert any("the embedding change is zero by construction" in note for note in found.notes)
    wall = np.isin(np.array(kinds.elements)[kinds.species], ("C", "N"))
    whole, carbon, metal = (evaluate(model, at(frames[-1], kinds, m)).energy for m in (wall | ~wall, wall, ~wall))
    assert found.series[-1] == pytest.approx(whole - carbon - metal, abs=1e-8)
    less = measure(FrameList(kinds, frames), Adhesion(load("nak-cn", doping=0.02, affinity=0.5)))
    assert less.energies["cross"].value == pytest.approx(0.5 * found.energies["cross"].value, rel=1e-9)
    # two thirds and more of the attraction are lost in the liquid
    dilute = measure(FrameList(kinds, frames), Adhesion(load("nak-cn", doping=0.02, screening=0.0)))
    assert 0.1 < found.per_area.value / dilute.per_area.value < 0.5


def test_what_adhesion_cannot_work_with_is_said(wet, tmp_path):
    with nakmd.Trajectory(wet / "trajectory.h5md") as trajectory:
        kinds, first = trajectory.topology, trajectory[0]
        other = load("nak-cn-pair", affinity=0.5)
        with pytest.raises(AnalysisError, match="not the model that the frame was made with"):
            work_of_adhesion(trajectory, model=other)
    with pytest.raises(AnalysisError, match="at least 2 frames, got 1"):
        measure(FrameList(kinds, [first]), Adhesion(load("nak-cn-pair")))
    with pytest.raises(AnalysisError, match="needs metal atoms"):
        Adhesion(load("nak-cn-pair")).prepare(topology(["C"], [0] * 4))
    mixed = topology(["C", "K", "Ge"], [0, 1, 2])
    with pytest.raises(AnalysisError, match="here is Ge too"):
        Adhesion(load("nak-cn-pair")).prepare(mixed)
    with TrajectoryWriter(tmp_path / "bare.h5md", kinds, {}) as writer:
        writer.write(first)
    with pytest.raises(AnalysisError, match="carries no deck"):
        work_of_adhesion(tmp_path / "bare.h5md")


# ------------------------------------------------------------------------------------------ ladder of affinities
@pytest.fixture(scope="module")
def rungs(tmp_path_factory):
    return run_affinity_ladder(deck_of(steps=60), [0.9, 1.0], tmp_path_factory.mktemp("ladder"))


def test_cross_energies_are_those_of_the_run_over_its_affinity(rungs):
    for folder, scale in zip(rungs, (0.9, 1.0)):
        with nakmd.Trajectory(folder / "trajectory.h5md") as trajectory:
            wall = np.array([name in ("C", "N") for name in trajectory.topology.elements])
            stored = [f.pair_energies[np.ix_(wall, ~wall)].sum() for f in trajectory.frames("produce")]
        assert cross_energies(folder) == pytest.approx(np.array(stored) / scale, abs=1e-9)


def test_a_ladder_gives_a_free_energy(rungs):
    found = affinity_ladder(rungs)
    assert found.temperature == 450.0
    assert list(found.scales) == [0.9, 1.0]
    assert found.reweighted.value == pytest.approx(found.integrated.value, abs=0.05)
    assert found.value < 0.0 < found.work.value
    # over a tenth of the affinity the free energy is a tenth of the energy, but for its curvature
    assert found.value == pytest.approx(0.05 * (found.means[0].value + found.means[1].value), rel=0.02)
    assert affinity_ladder(rungs[::-1]).value == found.value


def test_finished_rungs_are_kept_and_interrupted_ones_continued(rungs, monkeypatch):
    before = (rungs[0] / "trajectory.h5md").stat().st_mtime_ns
    assert run_affinity_ladder(deck_of(steps=60), [0.9], rungs[0].parent) == rungs[:1]
    assert (rungs[0] / "trajectory.h5md").stat().st_mtime_ns == before
    with pytest.raises(InputError, match="of another deck"):
        run_affinity_ladder(deck_of(steps=61), [0.9], rungs[0].parent)
    status = rungs[0] / "status.json"
    text = status.read_text()
    status.write_text(json.dumps({**json.loads(text), "status": "interrupted"}))
    continued = []

    class Ended:
        status, step = "interrupted", 7

    monkeypatch.setattr(ladder, "resume", lambda folder, *rest: continued.append(folder) or Ended)
    with pytest.raises(nakmd.NakmdError, match=r"affinity 0\.9 was interrupted at step 7"):
        run_affinity_ladder(deck_of(steps=60), [0.9], rungs[0].parent)
    assert continued == rungs[:1]
    status.write_text(text)


def test_what_is_no_ladder_is_said(rungs, wet, tmp_path):
    with pytest.raises(AnalysisError, match="two or more affinities, got 1"):
        affinity_ladder(rungs[:1])
    with pytest.raises(AnalysisError, match="two or more affinities, got 0"):
        affinity_ladder([])
    bare_rungs = run_affinity_ladder(deck_of(liquid=False), [0.9, 1.0], tmp_path)
    with pytest.raises(AnalysisError, match="differ in structure"):
        affinity_ladder([rungs[0], bare_rungs[0]])
    with pytest.raises(AnalysisError, match=r"needs a wall \(C, N\) and a metal"):
        affinity_ladder(bare_rungs)
    terms = DeckSource.parse('[model]\n[[model.terms]]\nkind = "set"\nname = "nak-cn-pair"\n')
    with pytest.raises(InputError, match="scales the metal-carbon depths of a named set"):
        run_affinity_ladder(terms, [0.9], tmp_path)


def test_a_ladder_needs_one_temperature():
    held = {"kind": "produce", "steps": 30, "temperature": "450 K"}
    nve = {"kind": "produce", "steps": 30, "ensemble": "nve"}
    ramp = {"kind": "produce", "steps": 30, "temperature": ["400 K", "450 K"]}
    found = [ladder._held_temperature(deck_of(stage=[words]), None) for words in (held, nve, ramp)]
    assert found == [450.0, None, None]
    assert ladder._held_temperature(deck_of(stage=[held, nve]), "produce") == 450.0
    with pytest.raises(AnalysisError, match="these hold 450 K, none"):
        ladder._common(found[:2])
