"""Steps that are asked for as a time, files of another sort than expected, and axes that were meant as one."""

import json

import pytest

import nakmd
from nakmd.errors import InputError
from nakmd.runs.more_steps import steps_of
from nakmd.runs.sweep_folder import SweepFolder
from nakmd.sweeps.alike_axes import alike_axes
from tests.small_decks import small


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return nakmd.run(small(timestep="2 fs"), tmp_path_factory.mktemp("more") / "run", threads=1)


def test_a_time_is_rounded_to_steps_of_the_last_stage(run):
    assert steps_of("20 fs", run.directory) == 10
    assert steps_of("0.0211 ps", run.directory) == 11
    assert steps_of("0.1 fs", run.directory) == 1


@pytest.mark.parametrize(
    ("duration", "message"), [("5", "the unit is missing"), ("5 Å", "a length, not a time"), ("0 ps", "greater than 0")]
)
def test_what_is_no_time_is_refused(run, duration, message):
    with pytest.raises(InputError, match=message):
        steps_of(duration, run.directory)


def test_a_run_is_lengthened_by_a_time(command, run):
    before = nakmd.Run(run.directory).step
    code, _, error = command("resume", run.directory, "--duration", "8 fs", "--threads", "1")
    assert code == 0, error
    assert nakmd.Run(run.directory).step == before + 4
    code, _, error = command("resume", run.directory, "--duration", "8 fs", "--steps", "4")
    assert code == 2
    assert "steps and duration mean the same" in error


def test_a_relaxation_has_no_time(tmp_path):
    deck = nakmd.Deck(**{**small().model_dump(exclude_defaults=True), "stage": [{"kind": "relax", "steps": 2}]})
    nakmd.run(deck, tmp_path / "run", threads=1)
    with pytest.raises(InputError, match="relaxation, which has steps and no time"):
        nakmd.resume(tmp_path / "run", duration="1 ps")


def test_check_says_what_a_sweep_needs(command, files):
    written(files, "seed = [1, 2, 3]\n")
    code, out, _ = command("check", "sweep.toml")
    assert code == 0
    assert "points       3, with 1 thread each" in out
    assert "sweep.toml is valid. Run it with: nakmd sweep sweep.toml" in out
    assert sorted(path.name for path in files.iterdir()) == ["deck.toml", "sweep.toml"]
    assert json.loads(command("check", "sweep.toml", "--json")[1])["n_points"] == 3


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deck.toml").write_text(small().to_toml(), encoding="utf-8")
    return tmp_path


def written(folder, text):
    (folder / "sweep.toml").write_text(f'deck = "deck.toml"\n{text}', encoding="utf-8")


def test_a_file_of_another_sort_is_one_message(command, files):
    written(files, "seed = [1]\n")
    for verb in ("run", "export"):
        code, _, error = command(verb, "sweep.toml")
        assert code == 2
        assert "sweep.toml is a sweep file, not a deck. `nakmd sweep sweep.toml` checks and runs it." in error
        assert "unknown key" not in error
    code, _, error = command("check", "sweep.toml", "--set", "seed=2")
    assert code == 2
    assert "sweep.toml is a sweep file: change its values there" in error
    code, _, error = command("sweep", "deck.toml")
    assert code == 2
    assert "deck.toml is a deck." in error
    assert "unknown key" not in error


def test_tables_are_no_deck_yet():
    with pytest.raises(InputError, match=r"nakmd\.Deck\(\*\*tables\)"):
        nakmd.run({"model": {"potential": "nak"}})


LIQUID, STAGE = "structure.liquid.temperature", "stage[0].temperature"


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        (f'[set]\n"{LIQUID}" = ["400 K", "500 K"]\n"{STAGE}" = ["400 K", "500 K"]\n', True),
        (f'[set]\n"{LIQUID}, {STAGE}" = ["400 K", "500 K"]\n', False),
        (
            f'zip = [["{LIQUID}", "{STAGE}"]]\n[set]\n"{LIQUID}" = ["400 K", "500 K"]\n'
            f'"{STAGE}" = ["400 K", "500 K"]\n',
            False,
        ),
        (f'[set]\n"{LIQUID}" = ["400 K", "450 K"]\n"{STAGE}" = ["400 K", "500 K"]\n', False),
    ],
)
def test_axes_with_the_same_values_that_are_combined_are_pointed_out(command, files, text, remark):
    written(files, text)
    code, out, error = command("sweep", "sweep.toml", "--array", "-o", files / "sweep")
    assert code == 0
    assert ("have the same 2 values, and all combinations of them are points" in error) == remark
    assert "note" not in out
    assert bool(alike_axes(SweepFolder.read(files / "sweep").index)) == remark
