"""The affinity ladder, on short runs of NaK between a sheet and its periodic image."""

import json

import numpy as np
import pytest
from small_decks import sheet_in_metal

import nakmd
from nakmd.deck.source import DeckSource
from nakmd.errors import AnalysisError, InputError
from nakmd.studies import affinity_ladder, cross_energies, ladder, run_affinity_ladder, series


@pytest.fixture(scope="module")
def rungs(tmp_path_factory):
    return run_affinity_ladder(sheet_in_metal(steps=60), [0.9, 1.0], tmp_path_factory.mktemp("ladder"))


def test_cross_energies_are_stored_energies_over_the_affinity(rungs):
    for folder, scale in zip(rungs, (0.9, 1.0)):
        with nakmd.Trajectory(folder / "trajectory.h5md") as trajectory:
            wall = np.array([name in ("C", "N") for name in trajectory.topology.elements])
            stored = [f.pair_energies[np.ix_(wall, ~wall)].sum() for f in trajectory.frames("produce")]
        assert cross_energies(folder) == pytest.approx(np.array(stored) / scale, abs=1e-9)


def test_a_ladder_gives_a_free_energy(rungs):
    free_energy = affinity_ladder(rungs)
    assert free_energy.temperature == 450.0
    assert list(free_energy.scales) == [0.9, 1.0]
    assert free_energy.reweighted.value == pytest.approx(free_energy.integrated.value, abs=0.05)
    assert free_energy.value < 0.0 < free_energy.work.value
    # integral over a tenth of the affinity by the trapezoidal rule; the curvature is neglected
    assert free_energy.value == pytest.approx(
        0.05 * (free_energy.means[0].value + free_energy.means[1].value), rel=0.02
    )
    assert affinity_ladder(rungs[::-1]).value == free_energy.value
    assert free_energy.sample.used == sum(len(cross_energies(folder)) for folder in rungs)
    assert free_energy.sample.stages == ("produce",)


def test_finished_runs_are_kept_and_interrupted_ones_resumed(rungs, monkeypatch):
    before = (rungs[0] / "trajectory.h5md").stat().st_mtime_ns
    assert run_affinity_ladder(sheet_in_metal(steps=60), [0.9], rungs[0].parent) == rungs[:1]
    assert (rungs[0] / "trajectory.h5md").stat().st_mtime_ns == before
    with pytest.raises(InputError, match="of another deck"):
        run_affinity_ladder(sheet_in_metal(steps=61), [0.9], rungs[0].parent)
    status = rungs[0] / "status.json"
    text = status.read_text()
    status.write_text(json.dumps({**json.loads(text), "status": "interrupted"}))
    continued = []

    class Interrupted:
        status, step = "interrupted", 7

    monkeypatch.setattr(series, "resume", lambda folder, *rest: continued.append(folder) or Interrupted)
    with pytest.raises(nakmd.NakmdError, match=r"affinity 0\.9 was interrupted at step 7"):
        run_affinity_ladder(sheet_in_metal(steps=60), [0.9], rungs[0].parent)
    assert continued == rungs[:1]
    status.write_text(text)


def test_invalid_ladders_raise_a_clear_error(rungs, tmp_path):
    with pytest.raises(AnalysisError, match="two or more affinities, got 1"):
        affinity_ladder(rungs[:1])
    with pytest.raises(AnalysisError, match="two or more affinities, got 0"):
        affinity_ladder([])
    bare_rungs = run_affinity_ladder(sheet_in_metal(liquid=False), [0.9, 1.0], tmp_path)
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
    temperatures = [ladder._held_temperature(sheet_in_metal(stage=[section]), None) for section in (held, nve, ramp)]
    assert temperatures == [450.0, None, None]
    assert ladder._held_temperature(sheet_in_metal(stage=[held, nve]), "produce") == 450.0
    with pytest.raises(AnalysisError, match="got 450 K, none"):
        ladder._common(temperatures[:2])
