"""All examples run in a shortened form: decks with fewer steps, scripts with smaller arguments."""

import importlib.util
import json
import math
import sys

import pytest
from example_decks import EXAMPLE_DECKS, EXAMPLES

import nakmd
from nakmd.deck.source import DeckSource, write_toml

#: Inputs of studies, named by the study.
STUDY_INPUTS = sorted(path.stem for path in (EXAMPLES / "studies").glob("*.toml"))

#: Decks that differ from a tested one in numbers.
LIKE_OTHERS = (
    "nitrogen_sites/graphitic.toml",
    "nitrogen_sites/pristine.toml",
    "swaps/tube.toml",
    "umbrella/pristine.toml",
    "kapitza_tube.toml",
)
SLOW = pytest.mark.slow

#: Steps of a relaxation and of any other stage.
RELAX_STEPS, STEPS = 30, 20


def shortened(name: str) -> nakmd.Deck:
    source = DeckSource.read(EXAMPLES / name)
    data = source.data
    for stage in data["stage"]:
        stage.pop("duration", None)
        if stage["kind"] == "deposit":
            stage["count"], stage["every"] = 4, f"{STEPS // 4 * 0.5} fs"
        else:
            stage["steps"] = RELAX_STEPS if stage["kind"] == "relax" else STEPS
        if stage["kind"] != "relax":
            # the short relaxation does not allow the full time step
            two = isinstance(stage.get("timestep"), dict)
            stage["timestep"] = {"bonds": "0.25 fs", "rest": "0.5 fs"} if two else "0.5 fs"
    data["output"] |= {"trajectory_every": 5, "thermo_every": 2, "checkpoint_every": 20}
    return nakmd.Deck.from_text(write_toml(data), EXAMPLES)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=SLOW) if name in LIKE_OTHERS else name for name in EXAMPLE_DECKS]
)
def test_deck(name, tmp_path, request):
    if name == "flagship.toml":
        request.getfixturevalue("drawn")
    deck = shortened(name)
    run = nakmd.run(deck, tmp_path / "run", threads=1)
    assert run.status == "finished"
    assert set(run.files) >= {"trajectory", "checkpoint", "results", "figure", "report", "deck"}
    with run.trajectory as trajectory:
        # far from equilibrium after some femtoseconds, but stable and moving
        assert 20.0 < trajectory.thermo["temperature"][-STEPS // 2 :].mean() < 1500.0
        # a relaxation that converges early has fewer frames
        assert len(trajectory) >= (len(deck.stage) - 1) * STEPS // 5
        assert math.isfinite(trajectory[-1].potential_energy)
    measured = {key.split()[0] for key in run.results}
    # too short for these two
    assert measured >= set(deck.analysis.quantities or ("thermo", "rdf")) - {"diffusion", "interfacial_conductance"}


@pytest.mark.parametrize("name", EXAMPLE_DECKS)
def test_deck_has_neither_faults_nor_warnings(name):
    from nakmd.runs.plan import make_plan

    plan = make_plan(DeckSource.read(EXAMPLES / name))
    assert plan.faults == []
    assert plan.warnings == []


def load_script(name: str):
    specification = importlib.util.spec_from_file_location(name.rpartition("/")[2], EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # dataclasses look their module up
    try:
        specification.loader.exec_module(module)
    finally:
        del sys.modules[specification.name]
    return module


@pytest.mark.parametrize(
    "name",
    # its quick form has runs of a liquid at a wall: minutes
    [pytest.param(name, marks=pytest.mark.slow) if name == "replacement" else name for name in STUDY_INPUTS],
)
def test_inputs_of_a_study(name, command, tmp_path):
    file = EXAMPLES / "studies" / f"{name}.toml"
    code, out, error = command("study", name, "--quick", "--inputs", str(file), "-o", str(tmp_path), "--json")
    assert code == 0, error
    result = json.loads(out)
    assert result["failures"] == {}
    assert sum(entry["source"].startswith("my notebook") for entry in result["inputs"].values()) >= 3


def test_k_on_graphene(capsys):
    table = load_script("k_on_graphene").main()
    assert "hollow" in capsys.readouterr().out
    # the dilute set was fitted to these values on an infinite sheet with a cutoff of 10 Å (see its note)
    energy, height = table["K"]["hollow"]
    assert energy == pytest.approx(0.80, abs=0.02)
    assert height == pytest.approx(2.60, abs=0.02)
    assert 0.05 < energy - table["K"]["bridge"][0] < 0.08
    assert table["K"]["bridge"][0] > table["K"]["top"][0]
    energy, height = table["Na"]["hollow"]
    assert energy == pytest.approx(0.46, abs=0.02)
    assert height == pytest.approx(2.28, abs=0.02)


def test_first_run(tmp_path, capsys):
    run = load_script("first_run").main(tmp_path / "run", steps=200)
    assert run.status == "finished"
    assert "D(K) = " in capsys.readouterr().out
    run.trajectory.close()


@pytest.mark.slow
def test_adhesion(tmp_path, capsys):
    works = load_script("adhesion").main(tmp_path, scales=(0.9, 1.0), steps=240)
    text = capsys.readouterr().out
    assert "cross" in text
    assert "by MBAR" in text
    assert works["energy"].terms["strain of the carbon"].value == 0.0  # the sheet is frozen
    assert 0.1 < works["energy"].per_area.value < 0.4
    assert works["free energy"].value < 0.0


@pytest.mark.slow
def test_nitrogen_sites(tmp_path, monkeypatch, drawn):
    study = load_script("nitrogen_sites/study")
    monkeypatch.setattr(study, "WALLS", ("graphitic",))  # only one of three walls, to save time
    table = study.main(tmp_path, seeds=2, strengths=(1.3,), steps=20)
    rows = table["1.3"]["graphitic"]
    assert rows["affinity / J/m²"].value > 0.0
    # the repulsion of the nitrogen is not screened, but the attraction of the surrounding carbon is
    assert rows["affinity of a graphitic N in contact / eV"].value < rows["affinity of a C in contact / eV"].value
    assert "K around a pyridinic N" not in rows
    assert (tmp_path / "results.png").stat().st_size > 10_000
    stored = json.loads((tmp_path / "results.json").read_text())["results"]["1.3"]["graphitic"]["affinity / J/m²"]
    assert stored["interval"][0] < stored["value"] < stored["interval"][1]
    finished = [(tmp_path / f"graphitic-screening-1.3-seed-{seed}" / "status.json").stat().st_mtime for seed in (1, 2)]
    # a second call measures the existing runs and runs nothing
    assert study.main(tmp_path, seeds=2, strengths=(1.3,), steps=20)["1.3"]["graphitic"] == rows
    assert finished == [
        (tmp_path / f"graphitic-screening-1.3-seed-{seed}" / "status.json").stat().st_mtime for seed in (1, 2)
    ]


@pytest.mark.slow
def test_swaps(tmp_path, drawn):
    study = load_script("swaps/study")
    table = study.main(tmp_path, seeds=2, long_seeds=2, shorten=0.002)
    assert list(table) == list(study.CASES)
    for row in table.values():
        # far from equilibrium after some femtoseconds
        assert abs(row["excess"]) < 0.3
        assert row["interval"][0] < row["excess"] < row["interval"][1]
        assert row["time between independent values / ps"] > 0.0
    assert (tmp_path / "results.png").stat().st_size > 10_000
    assert "| 2 ns without | 2 |" in (tmp_path / "results.md").read_text()
    # the stored table is one of the script
    stored = json.loads((EXAMPLES / "swaps" / "results" / "results.json").read_text())
    assert set(stored) == set(study.CASES)
    assert set(stored["2 ns without"]) == set(table["2 ns without"])


def test_models(tmp_path, capsys):
    """The script on nak-cn through the calculator of ASE: that column equals the one of nak-cn without it."""
    words = ["--name", "by ASE", "--calculator", "nakmd.ase:NakMD", "--arguments", '{"potential": "nak-cn"}']
    script = load_script("models/compare")
    columns = script.main(words, tmp_path, sites=("hollow",), metals=("K",))
    assert "| K | pristine, hollow | -0.84 at 2.7 |" in capsys.readouterr().out
    ours, theirs = (columns[name]["energies"]["K"]["hollow"] for name in ("nak-cn", "by ASE"))
    assert theirs["heights"] == ours["heights"]
    assert theirs["energies"] == pytest.approx(ours["energies"], abs=1e-9)
    stored = json.loads((EXAMPLES / "models" / "results.json").read_text())
    assert set(stored) == {"PBE", "nak-cn", "GFN1-xTB", "GFN1-xTB, 6x6", "CHGNet", "CHGNet, 6x6"}
    assert script.table_of(stored) == (EXAMPLES / "models" / "results.md").read_text()
    assert stored["nak-cn"]["energies"]["K"]["hollow"]["energies"] == pytest.approx(ours["energies"], abs=1e-6)


#: Settings with which the decks of the umbrella study take two seconds.
SHORT_STUDY = (
    "stage[0].steps=60", "stage[1].duration=0.05 ps", "stage[2].duration=0.2 ps", "stage[1].timestep=1 fs",
    "stage[2].timestep=1 fs", "output.thermo_every=4", "output.trajectory_every=20",
)  # fmt: skip


def test_umbrella_study(tmp_path, capsys):
    study = load_script("umbrella/study")
    site = study.CASES["K to the site"]
    short = site._replace(centres=(6.0, 5.8), springs=(0.6, 0.6), bulk=(5.8, 6.1), wells=[(5.7, 6.2)])
    (record,) = study.main(tmp_path, {"K to the site": short}, 0.1, 1.2, SHORT_STUDY, resamples=3).values()
    assert record.centres.tolist() == [5.8, 6.0]
    assert record.temperature == 450.0
    text = capsys.readouterr().out
    assert "atoms in the well without restraints" in text
    assert (tmp_path / "results.md").read_text().count("|") == 3 * 6
    (written,) = json.loads((tmp_path / "results.json").read_text()).values()
    assert written["bulk"] == [5.8, 6.1]
    assert (tmp_path / "K-to-the-site.png").is_file()
    # the stored results are those of this script
    stored = json.loads((EXAMPLES / "umbrella" / "results" / "results.json").read_text())
    assert {name: sorted(entry["centres"]) for name, entry in stored.items()} == {
        f"{name}, {low:g} to {high:g} Å": sorted(case.centres)
        for name, case in study.CASES.items()
        for low, high in case.wells
    }
