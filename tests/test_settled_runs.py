"""Runs that had settled or not: what was left out and noted, in the shell, results.json, status.json and the report."""

import json
import os
import re
import signal

import numpy as np
import pytest

import nakmd
from nakmd.deck.checks import check_values
from nakmd.deck.draft import read_draft
from nakmd.deck.live_samples import live_discard_end
from nakmd.report import render_report
from nakmd.runs.folder import RunFolder
from nakmd.simulation import loop

STAGES = [
    {"kind": "relax", "steps": 15},
    # from the quenched structure: the potential energy rises for about 0.2 ps
    {"kind": "produce", "steps": 400, "temperature": "450 K", "ensemble": "langevin", "tau": "50 fs", "name": "made"},
]


def deck_of(stages=STAGES, **analysis):
    return nakmd.Deck(
        seed=4,
        model={"potential": "nak-2016"},
        structure={"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 60}},
        stage=stages,
        output={"trajectory_every": 4, "thermo_every": 2, "checkpoint_every": 50},
        analysis=analysis,
    )


def stored(directory):
    return (directory / "results.json").read_text()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return nakmd.run(deck_of(), tmp_path_factory.mktemp("settled") / "run", threads=1)


def test_the_equilibration_is_left_out_of_every_result(whole):
    with nakmd.Trajectory(whole.directory / "trajectory.h5md") as trajectory:
        everything = nakmd.analysis.analyze(trajectory, stages="made", discard="none")
        table = trajectory.thermo
    energies, times = (
        np.asarray(table[name], dtype=float)[np.asarray(table["stage"]).astype(str) == "made"]
        for name in ("potential_energy", "time")
    )
    sample = whole.results["thermo"].sample
    assert 0.05 < sample.first - times[0] <= 0.5 * (times[-1] - times[0])
    mean = whole.results["thermo"].quantities["potential_energy"].value
    assert mean == pytest.approx(energies[times >= sample.first].mean() / 60, rel=1e-12)
    assert everything["thermo"].quantities["potential_energy"].value == pytest.approx(energies.mean() / 60, rel=1e-12)
    for name in ("rdf", "diffusion K", "diffusion Na"):
        used = whole.results[name].sample
        assert sample.first <= used.first < sample.first + 0.004 + 1e-9  # frames are 4 fs apart
        assert used.used < used.total == everything[name].sample.used
        assert used.left_out == "equilibration"


#: Other choices of frames than the default.
OTHERS = [{"discard": "none"}, {"discard": 0.25}, {"start": "0.1 ps"}]


@pytest.mark.parametrize("options", [{}, *[pytest.param(each, marks=pytest.mark.slow) for each in OTHERS]])
def test_live_analyses_give_the_same_file(whole, tmp_path, monkeypatch, options):
    after = whole if not options else nakmd.run(deck_of(**options), tmp_path / "after", threads=1)
    live = deck_of(when="live", **options)
    nakmd.run(live, tmp_path / "live", threads=2)
    assert stored(tmp_path / "live") == stored(after.directory)
    monkeypatch.setattr(loop, "PROGRESS_INTERVAL", 0.0)
    sent = []

    def interrupt(now):
        if now.step >= 230 and not sent:
            sent.append(now.step)
            os.kill(os.getpid(), signal.SIGINT)

    assert nakmd.run(live, tmp_path / "stopped", threads=1, progress=interrupt).status == "interrupted"
    nakmd.resume(tmp_path / "stopped", threads=1)
    assert stored(tmp_path / "stopped") == stored(after.directory)


def test_live_samples_that_are_not_stored_keep_the_equilibration_and_say_so(tmp_path):
    run = nakmd.run(deck_of(when="live", every=1, quantities=["rdf"]), tmp_path / "run", threads=1)
    sample = run.results["rdf"].sample
    assert sample.used == sample.total == 400
    assert any("give [analysis] start" in entry for entry in sample.unsettled)
    assert run.results.verdict == "unsettled"
    begin = 0.1
    run = nakmd.run(
        deck_of(when="live", every=1, quantities=["rdf"], start=f"{begin} ps", discard="none"), tmp_path / "cut"
    )
    assert run.results["rdf"].sample.used == 301
    assert run.results["rdf"].sample.first == pytest.approx(begin)


def test_a_fraction_of_live_samples_is_left_out_though_they_are_not_stored(tmp_path):
    run = nakmd.run(deck_of(when="live", every=3, quantities=["thermo", "rdf"], discard=0.3), tmp_path / "run")
    samples = {name: run.results[name].sample for name in ("thermo", "rdf")}
    # the relaxation ends at a step that no sampling interval divides: one sample more or less in the stage
    assert abs(samples["rdf"].total - 400 // 3) <= 1
    for sample in samples.values():
        assert sample.used == pytest.approx(0.7 * sample.total, abs=1.0)
        assert sample.left_out == "discard"
    # a sampling interval of 3 fs, and one of 2 fs
    assert samples["rdf"].first == pytest.approx(samples["thermo"].first, abs=0.003)
    assert not any("samples" in note for note in run.results.notes)


@pytest.mark.parametrize(
    ("options", "end"),
    [
        ({}, -np.inf),
        ({"discard": "none"}, -np.inf),
        # of 400 steps of 1 fs after 0.1 ps, and 100 steps of 2 fs that follow 0.2 ps later
        ({"discard": 0.5}, 0.1 + 0.2505),
        ({"discard": 0.9}, 0.1 + 0.4 + 0.2 + 0.101),
        # of 100 steps from 0.401 ps on, and 100 more
        ({"discard": 0.25, "start": "0.401 ps"}, 0.4 + 0.0505),
    ],
)
def test_the_end_of_a_fraction_of_the_steps(options, end):
    heat = {"kind": "heat", "steps": 100, "temperature": "450 K"}
    stages = [STAGES[0], heat, STAGES[1], {**heat, "steps": 200}, {**heat, "kind": "produce", "timestep": "2 fs"}]
    deck = deck_of(stages, **options)
    start = -np.inf if deck.analysis.start is None else deck.analysis.start * (1.0 - 1e-9)
    assert live_discard_end(deck, start) == pytest.approx(end, abs=1e-9)


@pytest.mark.parametrize(
    ("options", "warned"),
    [
        ({"every": 1}, True),
        ({"every": 1, "discard": "auto", "start": "0.1 ps"}, True),
        ({"every": 8}, False),
        ({"every": 1, "discard": 0.2}, False),
        ({"every": 1, "start": "0.1 ps"}, False),
    ],
)
def test_a_deck_whose_live_samples_cannot_be_cut_gets_a_warning(options, warned):
    draft, _ = read_draft(deck_of(when="live", **options).source.data)
    messages = [problem.what for problem in check_values(draft) if problem.path == ("analysis", "when")]
    assert bool(messages) == warned
    assert all("stay in the means" in message for message in messages)


def test_what_was_left_out_stands_in_table_file_and_report(whole):
    note = whole.results["thermo"].sample.note
    assert note in whole.results.notes
    assert note in json.loads(stored(whole.directory))["notes"]
    page = render_report(whole.directory)
    assert note in page
    assert whole.results["rdf"].sample.text in page


def test_a_ramp_is_unsettled_everywhere(tmp_path):
    ramp = [
        {"kind": "produce", "steps": 400, "temperature": ["300 K", "900 K"], "ensemble": "langevin", "tau": "20 fs"}
    ]
    run = nakmd.run(deck_of(ramp), tmp_path / "run", threads=1)
    assert run.status == "finished"
    assert run.results.verdict == "unsettled"
    assert any(entry.startswith(("temperature", "potential energy")) for entry in run.results.unsettled)
    assert json.loads(stored(tmp_path / "run"))["verdict"] == "unsettled"
    status = RunFolder(tmp_path / "run").read_status()
    assert (status["status"], status["verdict"]) == ("finished", "unsettled")
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert '<p class="status unsettled"><strong>unsettled</strong>' in page
    assert "had not settled</summary>" in page
    assert run.to_dict()["verdict"] == "unsettled"


def test_a_stage_that_did_not_relax_is_noted_everywhere_and_after_an_interruption(whole, tmp_path, monkeypatch):
    note = "Stage 'relax' did not converge in 15 steps"
    assert any(note in entry for entry in whole.notes)
    assert any(note in entry for entry in json.loads(stored(whole.directory))["notes"])
    assert any(note in entry for entry in RunFolder(whole.directory).read_status()["notes"])
    assert note in render_report(whole.directory).replace("&#39;", "'")


def test_options_of_the_shell(whole, command):
    folder = whole.directory
    code, out, _ = command("analyze", folder, "thermo", "rdf")
    assert code == 0
    assert whole.results["rdf"].sample.text in out
    assert "did not converge" in out
    assert whole.results["thermo"].sample.note in out
    assert "did not converge" in command("analyze", folder / "trajectory.h5md", "thermo")[1]

    def numbers(*options):
        code, out, error = command("analyze", folder, "rdf", "--json", *options)
        assert code == 0, error
        return json.loads(out)["results"]["rdf"]

    assert numbers() == json.loads(stored(folder))["results"]["rdf"]
    assert numbers("--discard", "auto") == numbers()
    everything = numbers("--discard", "none")["sample"]
    assert (everything["used"], everything["total"]) == (100, 100) or everything["used"] == everything["total"]
    assert numbers("--discard", "0.2")["sample"]["used"] == everything["total"] - everything["total"] // 5
    later = numbers("--start", "0.2ps", "--stages", "made")["sample"]
    assert 0.2 <= later["first"] < 0.204  # frames are 4 fs apart
    assert later["left_out"] == "start"
    for options, message in {
        ("--start", "20"): "--start 20",
        ("--start", "1 ns"): "No frame of these stages is at or after",
        ("--discard", "half"): "--discard half: write auto, none, or a fraction",
        ("--discard", "1.5"): "a fraction from 0 to less than 1",
        ("--stages", "produce"): "the stages present are 'relax', 'made'",
    }.items():
        code, _, error = command("analyze", folder, "rdf", *options)
        assert code == 2
        assert message in error


def test_a_stage_given_in_the_shell_keeps_what_the_deck_leaves_out(tmp_path, command):
    folder = tmp_path / "run"
    nakmd.run(deck_of(start="0.15 ps", quantities=["rdf"]), folder, threads=1)

    def sample(*options):
        return json.loads(command("analyze", folder, "rdf", "--json", *options)[1])["results"]["rdf"]["sample"]

    assert sample("--stage", "made") == sample()
    assert sample()["left_out"] == "start"
    assert sample("--stage", "made", "--discard", "none")["left_out"] == ""  # start and discard are replaced together


def test_options_of_the_deck():
    deck = deck_of(start="20 ps", discard=0.2)
    assert (deck.analysis.start, deck.analysis.discard) == (20.0, 0.2)
    assert nakmd.Deck.from_text(deck.to_toml()) == deck
    for options, message in (
        ({"start": 20.0}, "unit is missing"),
        ({"discard": "half"}, "discard"),
        ({"discard": 1.0}, "discard"),
    ):
        with pytest.raises(nakmd.NakmdError, match=re.escape(message)):
            deck_of(**options)
