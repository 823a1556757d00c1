"""Decks with an ASE calculator: check, run, failures, resume to the bit, and GFN1-xTB where it is installed."""

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from calculators import SODIUM
from small_decks import COMMAND, ENVIRONMENT, frames_of

import nakmd
from nakmd.deck.source import write_toml
from nakmd.errors import DeckError, InputError, ModelError
from nakmd.runs.estimate import estimate
from nakmd.runs.plan import make_plan
from nakmd.runs.run import resume_run, run_deck

MORSE = "ase.calculators.morse:MorsePotential"
BESIDE = "calculators_of_mine"


def deck_of(folder, model, steps=24, repeat=2):
    """Return a deck in a folder that has the calculators of the tests beside it, under a name of its own."""
    shutil.copy(Path(__file__).with_name("calculators.py"), folder / f"{BESIDE}.py")
    tables = {
        "model": model,
        "structure": {"crystal": {"element": "Na", "repeat": [repeat] * 3, "lattice": "4.3 Å"}},
        "stage": [{"kind": "produce", "steps": steps, "ensemble": "nve", "velocities": "300 K"}],
        "output": {"trajectory_every": 4, "thermo_every": 2, "checkpoint_every": 8},
        "analysis": {"quantities": ["thermo"]},
    }
    file = folder / "deck.toml"
    file.write_text(write_toml(tables))
    return file


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return nakmd.run(deck_of(folder, {"ase": MORSE, "arguments": SODIUM}), folder / "run", threads=1)


def test_a_run_from_deck_to_report(whole):
    """Results, provenance with package and version, and a report that cites the calculator."""
    assert whole.status == "finished"
    assert whole.results["thermo"].quantities["pressure_bar"].value < 0.0  # stretched: the cell is that of sodium
    model = whole.trajectory.potentials["model"]
    assert (model["package"], model["factory"]) == ("ase", MORSE)
    assert model["arguments"] == SODIUM
    page = whole.files["report"].read_text()
    assert "ase.calculators.morse.MorsePotential" in page
    assert nakmd.Run(whole.directory).results["thermo"].quantities["temperature"].value > 50.0


def test_stopped_and_resumed_is_the_same(whole, tmp_path):
    """To the bit."""
    part = run_deck(deck_of(tmp_path, {"ase": MORSE, "arguments": SODIUM}, steps=10), tmp_path / "part", threads=1)
    resume_run(part.directory, steps=14, threads=1)
    assert frames_of(tmp_path / "part")[:2] == frames_of(whole.directory)[:2]
    assert frames_of(tmp_path / "part")[-1] == frames_of(whole.directory)[-1]


@pytest.mark.parametrize("memory", [False, True], ids=["of atoms alone", "with memory, renewed"])
def test_killed_and_resumed_is_the_same(tmp_path, memory):
    """A calculator kills its process at a step; one with a memory resumes to the bit if each step renews it."""
    kind = {"kind": "ase", "calculator": f"{BESIDE}:{'WithMemory' if memory else 'Bare'}", "arguments": SODIUM}
    deck = deck_of(tmp_path, {"terms": [{**kind, "renew": memory}]})
    whole = run_deck(deck, tmp_path / "whole", threads=1)
    kill = (
        "import os, signal, ase.calculators.morse as morse\n"
        "from nakmd.runs.run import run_deck\n"
        "inner, calls = morse.MorsePotential.calculate, []\n"
        "def calculate(self, *arguments, **keywords):\n"
        "    calls.append(1)\n"
        "    if len(calls) == 14: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return inner(self, *arguments, **keywords)\n"
        "morse.MorsePotential.calculate = calculate\n"
        f"run_deck({str(deck)!r}, {str(tmp_path / 'killed')!r}, threads=1)\n"
    )
    killed = subprocess.run([COMMAND[0], "-c", kill], env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert killed.returncode == -9, killed.stderr
    resumed = resume_run(tmp_path / "killed", threads=1)
    assert resumed.status == "finished"
    assert frames_of(tmp_path / "killed") == frames_of(whole.directory)


def test_what_the_model_lacks_is_not_in_the_files(tmp_path):
    """Energy and forces alone: no virial, no pressure, no pair energies; the rest is measured."""
    run = run_deck(deck_of(tmp_path, {"ase": f"{BESIDE}:Bare", "arguments": SODIUM}), tmp_path / "run", threads=1)
    assert "pressure_bar" not in run.results["thermo"].quantities
    with run.trajectory as trajectory:
        assert trajectory[-1].virial is None
        assert trajectory[-1].pair_energies is None
        assert np.isfinite(trajectory[-1].potential_energy)
    assert resume_run(run.directory, steps=4, threads=1).step == 28


def test_a_failing_calculator_ends_the_run_with_a_checkpoint(tmp_path):
    """Exit code 1, one message with the step; the run continues from the step before, where a deck may be mended."""
    arguments = {**SODIUM, "fails_at": 13, "how": "error"}
    deck = deck_of(tmp_path, {"ase": f"{BESIDE}:Bare", "arguments": arguments})
    command = [*COMMAND, "run", str(deck), "-o", str(tmp_path / "run"), "--threads", "1"]
    ended = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "Step 12, stage 'produce': Bare failed: ValueError: SCF not converged in 250 cycles" in ended.stderr
    assert "The checkpoint is of step 11." in ended.stderr
    assert "Traceback" not in ended.stderr
    status = json.loads((tmp_path / "run" / "status.json").read_text())
    assert status["status"] == "failed"
    with pytest.raises(ModelError, match="Step 24"):  # a new process counts its calls anew, from step 12
        resume_run(tmp_path / "run", threads=1)


def test_check_times_a_call_and_names_what_is_wrong(tmp_path):
    deck = deck_of(tmp_path, {"ase": MORSE, "arguments": SODIUM})
    forecast = estimate(make_plan(nakmd.Deck.from_file(deck)))
    assert "one call of MorsePotential on this system took" in forecast.time_source
    assert forecast.wall_time > 0.0
    failing = {"ase": f"{BESIDE}:Bare", "arguments": {**SODIUM, "fails_at": 1}}
    plan = make_plan(nakmd.Deck.from_file(deck_of(tmp_path, failing)))
    with pytest.raises(ModelError, match="Bare failed"):
        estimate(plan)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"ase": "no_such_package:Model"}, "deck.toml:3: The module no_such_package cannot be imported"),
        ({"ase": f"{BESIDE}:no_calculator"}, "is no ASE calculator"),
        ({"ase": MORSE, "potential": "nak"}, "not potential and ase"),
        ({"arguments": {"epsilon": 1.0}, "potential": "nak"}, "has arguments"),
        ({"ase": MORSE, "affinity": 2.0}, "affinity scales the metal-carbon depths of a named set"),
        ({"ase": MORSE, "screening": 0.5}, "an ASE calculator has none"),
        ({"ase": MORSE, "precision": "mixed"}, "double precision only"),
        ({"terms": [{"kind": "ase", "calculator": MORSE, "species": ["K"]}]}, "no term of the model covers"),
        ({"terms": [{"kind": "set", "name": "nak-2016"}, {"kind": "ase", "calculator": MORSE}]}, "add = true"),
    ],
)
def test_a_wrong_model_is_one_fault_with_its_line(tmp_path, model, said):
    with pytest.raises(DeckError, match=said) as caught:
        make_plan(nakmd.deck.source.DeckSource.read(deck_of(tmp_path, model, repeat=3))).require()
    assert len(caught.value.problems) == 1
    assert caught.value.exit_code == 2


def test_a_barostat_is_refused_by_name(tmp_path):
    npt = {"ensemble": "bussi", "temperature": "300 K", "barostat": {"kind": "mtk"}}
    deck = deck_of(tmp_path, {"ase": f"{BESIDE}:Bare", "arguments": SODIUM})
    source = nakmd.Deck.from_file(deck).source.data
    source["stage"] = [{"kind": "produce", "steps": 4, **npt}]
    deck.write_text(write_toml(source))
    with pytest.raises(DeckError, match=r"barostat \(MTK\) needs the pressure, and Bare computes no stress"):
        run_deck(deck, tmp_path / "run", threads=1)


def test_a_changed_calculator_does_not_resume(tmp_path):
    """The module beside the deck is part of what the potential is."""
    run = run_deck(
        deck_of(tmp_path, {"ase": f"{BESIDE}:Bare", "arguments": SODIUM}, steps=4), tmp_path / "run", threads=1
    )
    with (tmp_path / f"{BESIDE}.py").open("a") as module:
        module.write("\nSODIUM = {}\n")
    with pytest.raises(InputError, match="The potential has changed"):
        resume_run(run.directory, steps=4, threads=1)


def test_a_correction_beside_a_set(tmp_path):
    """nak and a spring on the first atom: it is pulled to the origin, and the report lists both."""
    terms = [
        {"kind": "set", "name": "nak-2016"},
        {"kind": "ase", "calculator": f"{BESIDE}:Spring", "arguments": {"stiffness": 2.0}, "add": True},
    ]
    deck = deck_of(tmp_path, {"terms": terms}, repeat=3)
    plan = make_plan(nakmd.Deck.from_file(deck))
    assert plan.faults == []
    _, system, potential = plan.require()
    system.positions[0] += [0.5, 0.0, 0.0]
    alone = nakmd.potentials.load("nak-2016")
    difference = nakmd.potentials.evaluate(potential, system).forces - nakmd.potentials.evaluate(alone, system).forces
    np.testing.assert_allclose(difference[0], [-1.0, 0.0, 0.0], atol=1e-12)
    assert np.all(np.abs(difference[1:]) < 1e-12)


@pytest.mark.skipif(importlib.util.find_spec("tblite") is None, reason="needs tblite: pip install nakmd[xtb]")
@pytest.mark.xtb
def test_gfn1_xtb_conserves_energy(tmp_path):
    """Thirty atoms, K and Na over graphene by GFN1-xTB, 10 fs: the energy changes by less than 1 % of its parts."""
    structure = {
        "carbon": {"kind": "graphene", "size": ["7 Å", "8 Å"], "bond": "1.4243 Å"},
        "liquid": {"region": "beside", "thickness": "8 Å", "x_K": 0.67, "temperature": "450 K"},
    }
    arguments = {"method": "GFN1-xTB", "verbosity": 0, "accuracy": 0.1}
    deck = nakmd.Deck(
        model={"ase": "tblite.ase:TBLite", "arguments": arguments},
        structure=structure,
        stage=[
            {"kind": "relax", "steps": 6},
            {"kind": "produce", "steps": 20, "timestep": "0.5 fs", "ensemble": "nve", "velocities": "300 K"},
        ],
        output={"trajectory_every": 10, "thermo_every": 1, "checkpoint_every": 50},
        analysis={"quantities": ["thermo"]},
    )
    run = run_deck(deck, tmp_path / "run", threads=1)
    with run.trajectory as trajectory:
        rows = trajectory.thermo["stage"] == "produce"
        conserved, kinetic = (np.asarray(trajectory.thermo[name])[rows] for name in ("conserved", "kinetic_energy"))
        assert trajectory.topology.n_atoms == 30
    assert np.ptp(kinetic) > 0.05
    assert np.ptp(conserved) < 1e-2 * np.ptp(kinetic)


@pytest.mark.skipif(importlib.util.find_spec("chgnet") is None, reason="needs chgnet: pip install nakmd[chgnet]")
@pytest.mark.chgnet
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of PyTorch and pymatgen, which are no concern of a run
def test_chgnet_conserves_energy_and_resumes_to_the_bit(tmp_path):
    """Sodium by CHGNet, NVE: energy, a pressure from its stress, and the same bits once resumed."""
    model = {"ase": "chgnet.model.dynamics:CHGNetCalculator", "arguments": {"use_device": "cpu"}}
    deck = deck_of(tmp_path, model, steps=12)
    whole = run_deck(deck, tmp_path / "whole", threads=1)
    conserved, kinetic = (np.asarray(whole.trajectory.thermo[name]) for name in ("conserved", "kinetic_energy"))
    assert np.ptp(kinetic) > 0.01
    assert np.ptp(conserved) < 1e-2 * np.ptp(kinetic)
    assert np.all(np.isfinite(whole.trajectory.thermo["pressure_bar"]))
    part = run_deck(deck_of(tmp_path, model, steps=8), tmp_path / "part", threads=1)
    resume_run(part.directory, steps=4, threads=1)
    assert frames_of(tmp_path / "part")[-1] == frames_of(whole.directory)[-1]
