"""Paths that are not quite those of a run: its files, the folder above it, a sweep; and folders as trajectories."""

import json

import pytest

import nakmd
from nakmd.errors import FileFormatError, InputError
from nakmd.io import convert, read_structure
from nakmd.report.bibliography import cite_run
from nakmd.runs.plan import make_plan
from nakmd.sweep_results.sweep_references import cite_sweep
from tests.small_decks import small


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with two runs of different thermostats."""
    path = tmp_path_factory.mktemp("places") / "runs"
    nakmd.run(small(), path / "first", threads=1)
    nakmd.run(small(ensemble="nose-hoover"), path / "second", threads=1)
    return path


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """A sweep over two thermostats, one of whose points has run."""
    path = tmp_path_factory.mktemp("places") / "sweep"
    (path.parent / "deck.toml").write_text(small().to_toml(), encoding="utf-8")
    file = path.parent / "sweep.toml"
    file.write_text('deck = "deck.toml"\nseed = [1, 2]\n', encoding="utf-8")
    from typer.testing import CliRunner

    from nakmd.cli.app import app

    for options in (("--array", "-o", path), ("--index", "0")):
        source = file if options[0] == "--array" else path
        assert CliRunner().invoke(app, ["sweep", str(source), *map(str, options)]).exit_code == 0
    return path


VERBS = ("resume", "report", "cite")


@pytest.mark.parametrize("verb", VERBS)
def test_a_file_of_a_run_leads_to_its_folder(command, runs, verb):
    code, out, error = command(verb, runs / "first" / "checkpoint.h5")
    assert (code, out) == (2, "")
    assert f"Give the folder: {runs / 'first'}." in error


@pytest.mark.parametrize("verb", [*VERBS, "analyze"])
def test_a_folder_of_runs_leads_to_its_runs(command, runs, verb):
    code, out, error = command(verb, runs)
    assert (code, out) == (2, "")
    assert f"{runs} is a folder of runs: {runs / 'first'}, {runs / 'second'}. Give one of them." in error


@pytest.mark.parametrize("verb", ["resume", "analyze"])
def test_a_sweep_is_named_as_one(command, sweep, verb):
    code, _, error = command(verb, sweep)
    assert code == 2
    assert f"{sweep} is a sweep; its runs are in {sweep / 'points'}, such as " in error
    assert f"`nakmd sweep {sweep}` continues it" in error
    with pytest.raises(InputError, match="is a sweep"):
        nakmd.Run(sweep)


def test_other_paths_are_what_they_were(command, tmp_path):
    (tmp_path / "deck.toml").write_text("", encoding="utf-8")
    for path, message in ((tmp_path, "contains no trajectory.h5md"), (tmp_path / "deck.toml", "contains no")):
        code, _, error = command("cite", path)
        assert code == 2
        assert message in error
    code, _, error = command("analyze", tmp_path)
    assert code == 2
    assert "contains no trajectory.h5md. Give a trajectory, or the folder of a run." in error


def test_the_folder_of_a_run_stands_for_its_trajectory(command, runs, tmp_path):
    run = runs / "first"
    with nakmd.Trajectory(run) as by_folder, nakmd.Trajectory(run / "trajectory.h5md") as by_file:
        assert by_folder.path == by_file.path
        assert len(by_folder) == len(by_file) > 0
    convert(run, tmp_path / "folder.xyz")
    convert(run / "trajectory.h5md", tmp_path / "file.xyz")
    assert (tmp_path / "folder.xyz").read_bytes() == (tmp_path / "file.xyz").read_bytes()
    assert read_structure(run).n_atoms == nakmd.Run(run).trajectory.n_atoms
    deck = small().model_dump(exclude_defaults=True) | {"structure": {"file": {"path": str(run)}}}
    assert make_plan(nakmd.Deck(**deck)).faults == []
    code, out, _ = command("convert", run, tmp_path / "by-command.xyz")
    assert code == 0
    assert "Wrote" in out
    with pytest.raises(FileFormatError, match=r"this is a folder without trajectory\.h5md"):
        nakmd.Trajectory(runs)


def test_a_sweep_cites_what_any_of_its_runs_used(command, sweep, runs):
    version, references = cite_sweep(sweep)
    assert version == nakmd.__version__
    index = json.loads((sweep / "index.json").read_text(encoding="utf-8"))
    point = sweep / "points" / index["points"][0]["id"]
    assert [reference.paper for reference in references] == [reference.paper for reference in cite_run(point)[1]]
    code, out, _ = command("cite", sweep, "--format", "text")
    assert code == 0
    assert "Bussi, Donadio & Parrinello" in out


def test_a_sweep_without_a_finished_run_cites_nothing(command, sweep, tmp_path):
    for name in ("index.json", "sweep.toml"):
        (tmp_path / name).write_bytes((sweep / name).read_bytes())
    code, out, error = command("cite", tmp_path)
    assert (code, out) == (2, "")
    assert "no run of this sweep has finished" in error
