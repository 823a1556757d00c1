"""Decks with exchange moves: the words, their faults, what a run notes, and what analyses refuse."""

import numpy as np
import pytest
from small_decks import LIQUID, SHEET, frames_of, small

import nakmd
from nakmd.analysis.base import Analysis, Record
from nakmd.analysis.drive import measure
from nakmd.deck.source import DeckSource
from nakmd.errors import AnalysisError
from nakmd.runs.estimate import estimate
from nakmd.runs.plan import make_plan

SWAPS = {"kind": "swap", "species": ["Na", "K"], "every": 5, "attempts": 12}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Exchanges in one stage of 20 steps, and a stage of 20 steps without."""
    deck = nakmd.Deck(
        model={"potential": "nak-2016"},
        structure={"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 60}},
        stage=[
            {"kind": "produce", "name": "produce mixed", "temperature": "450 K", "steps": 20, "move": [SWAPS]},
            {"kind": "produce", "name": "produce", "temperature": "450 K", "steps": 20},
        ],
        output={"trajectory_every": 5, "thermo_every": 5, "checkpoint_every": 20},
        analysis={"quantities": ["thermo", "rdf", "diffusion", "viscosity"]},
    )
    return nakmd.run(deck, tmp_path_factory.mktemp("moves") / "run", threads=1)


class Pace(Analysis):
    """Compares frames at different times."""

    name = "pace"
    needs_dynamics = True

    def prepare(self, topology):
        self.frames = []

    def update(self, frame):
        self.frames.append(frame)

    def result(self):
        return Record(quantity="pace", value=float(len(self.frames)), error=0.0, unit="", n_effective=1.0)


def test_run_reports_its_exchanges(run):
    report = run.stages[0]
    assert report.tried == 4 * 12  # at steps 5, 10, 15, 20
    assert 0 < report.accepted < report.tried
    assert run.stages[1].tried is None
    (note,) = (note for note in run.notes if "exchanges accepted" in note)
    assert note.startswith(f"Stage 'produce mixed': exchanges accepted: {report.accepted} of 48 (")
    assert note in run.results.notes
    with nakmd.Trajectory(run.directory / "trajectory.h5md") as trajectory:
        assert trajectory.exchanging_stages == ("produce mixed",)
        assert trajectory.thermo["exchanges_tried"].tolist() == [0, 12, 24, 36, 48, 48, 48, 48, 48]
        assert trajectory.thermo["exchanges_accepted"][-1] == report.accepted
        assert trajectory.thermo_units["exchange_work"] == "eV"
        # a swap moves atoms by more than 2 Å at once; 5 steps of 1 fs move them by less than 0.1 Å
        jumps = [
            np.abs(b.unwrapped - a.unwrapped).max() for a, b in zip(trajectory, list(trajectory)[1:], strict=False)
        ]
    assert max(jumps[:4]) > 2.0
    assert max(jumps[4:]) < 0.5
    page = (run.directory / "report.html").read_text()
    assert "12 swaps of Na–K every 5 steps" in page
    assert "10.1063/1.1699114" in page


def test_quantities_of_the_dynamics_are_refused_where_atoms_jump(run):
    assert set(run.results.records) == {"thermo", "rdf"} | {n for n in run.results.records if n.startswith("rdf")}
    refused = {name.split()[0] for name, why in run.results.failures.items() if "moves exchanged" in why}
    assert refused == {"diffusion", "viscosity"}
    with nakmd.Trajectory(run.directory / "trajectory.h5md") as trajectory:
        with pytest.raises(AnalysisError, match=r"pace compares frames .* in stage 'produce mixed'"):
            measure(trajectory, Pace(), stages="all")
        with pytest.raises(AnalysisError, match="moves exchanged"):
            measure(trajectory["produce mixed"], Pace(), stages="all")
        assert measure(trajectory, Pace(), stages="produce", discard="none").value == 4.0
        assert measure(trajectory["produce"], Pace(), discard="none").value == 4.0


def test_extending_gives_the_bits_of_a_longer_run(tmp_path):
    whole = nakmd.run(small(steps=30, move=[SWAPS]), tmp_path / "whole", threads=1)
    nakmd.run(small(steps=17, move=[SWAPS]), tmp_path / "part", threads=2)
    part = nakmd.resume(tmp_path / "part", steps=13, threads=1)
    assert frames_of(tmp_path / "whole") == frames_of(tmp_path / "part")
    assert part.stages == whole.stages
    # the note of the shorter run is replaced
    assert [n for n in part.notes if "exchanges" in n] == [n for n in whole.notes if "exchanges" in n]


def test_check_names_the_moves():
    plan = make_plan(small(move=[SWAPS]))
    assert plan.faults == []
    found = estimate(plan, timed=False)
    assert "12 swaps of Na–K every 5 steps" in found.stages[0].what


STAGE = '[[stage]]\nkind = "produce"\nsteps = 20\ntemperature = "450 K"\n'


SWAP = STAGE + '[[stage.move]]\nspecies = ["Na", "K"]\n'
NVE = 'ensemble = "nve"\nvelocities'


@pytest.mark.parametrize(
    ("stage", "line", "message"),
    [
        (SWAP.replace('"K"', '"Kk"'), 13, '"Kk" selects no atoms. Did you mean "K"?'),
        (SWAP.replace(', "K"', ""), 13, "too few entries"),
        (SWAP + "evry = 5\n", 14, 'Did you mean "every"?'),
        (SWAP + 'kind = "swop"\n', 14, 'Did you mean "swap"?'),
        (SWAP + "attempts = 0\n", 14, "must be at least 1"),
        (SWAP.replace('"K"', '"all"'), 8, "both contain atoms of Na: exchanging two of them changes nothing"),
        (SWAP + 'temperature = "300 K"\n', 8, "moves take its temperature. Remove that of the move."),
        (SWAP.replace("temperature", NVE), 8, 'Give the move a temperature ("450 K")'),
    ],
    ids=["species", "one species", "key", "kind", "attempts", "overlap", "two temperatures", "no temperature"],
)
def test_faults_have_line_and_remedy(stage, line, message):
    (fault,) = make_plan(DeckSource.parse(LIQUID + stage)).faults
    assert fault.startswith(f"deck:{line}: ")
    assert message in fault


def test_bond_orders_have_no_local_energy():
    deck = nakmd.Deck(
        model={"potential": "cn"},
        structure={"carbon": SHEET},
        stage=[{"kind": "produce", "steps": 5, "temperature": "300 K", "move": [{"species": ["C", "N"]}]}],
    )
    (fault,) = make_plan(deck).faults
    assert "[[stage]] 1 (produce): The term 'kinaci-2012-cn' (Tersoff) acts on C, N:graphitic" in fault
