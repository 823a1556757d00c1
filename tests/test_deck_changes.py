"""Values of a deck that the command line changes: ``--set``, and a deck from standard input."""

import subprocess
import tomllib

import pytest
from small_decks import COMMAND, ENVIRONMENT, LIQUID, frames_of, write_deck

import nakmd
from nakmd.deck.changes import with_settings
from nakmd.deck.source import DeckSource, write_toml
from nakmd.errors import DeckError
from nakmd.runs.plan import make_plan

STAGES = """
[[stage]]           # the first
kind = "equilibrate"
steps = 10
temperature = "450 K"  # warm
[[stage]]
kind = "produce"
steps = 10
temperature = ["450 K",
               "460 K"]
"""
TEXT = LIQUID + STAGES


def changed(*settings, text=TEXT):
    return with_settings(DeckSource.parse(text, "own.toml"), settings)


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("structure.liquid.x_K=0.5", ("structure", "liquid", "x_K"), 0.5),
        ('stage[0].temperature="500 K"', ("stage", 0, "temperature"), "500 K"),
        ("stage[0].temperature=500 K", ("stage", 0, "temperature"), "500 K"),
        ("stage[1].temperature=['300 K', '310 K']", ("stage", 1, "temperature"), ["300 K", "310 K"]),
        ("stage[1].temperature[1]=470 K", ("stage", 1, "temperature", 1), "470 K"),
        ("model.potential=nak-2026", ("model", "potential"), "nak-2026"),
        ("model.member=3", ("model", "member"), 3),
        ("seed=7", ("seed",), 7),
        ("title=a # b = c", ("title",), "a # b = c"),
        ("title='a # b = c'", ("title",), "a # b = c"),
        ("output.trajectory_every=5", ("output", "trajectory_every"), 5),
        ('stage[0].barostat={kind="mtk", tau="1 ps"}', ("stage", 0, "barostat"), {"kind": "mtk", "tau": "1 ps"}),
        ('"groups".frozen=["Na"]', ("groups", "frozen"), ["Na"]),
    ],
)
def test_one_value_is_changed_and_no_other(setting, path, value):
    source = changed(setting)
    expected = tomllib.loads(TEXT)
    table = expected
    for step in path[:-1]:
        table = table[step] if isinstance(step, int) else table.setdefault(step, {})
    table[path[-1]] = value
    assert source.data == expected
    assert tomllib.loads(source.text) == expected  # a run is resumed from the text
    assert f"# --set {setting}" in source.text


def test_comments_of_the_user_stay_where_a_line_can_be_replaced():
    text = changed("stage[0].temperature=500 K", "stage[0].steps=4", "model.member=2").text
    assert 'temperature = "500 K"  # warm' in text
    assert "[[stage]]           # the first" in text
    assert "# the first" not in changed("stage[1].temperature[0]=1 K").text  # over two lines: written anew


def test_any_deck_is_written_anew_with_the_same_values():
    data = {"a b": 1, "x": {"N:q": [1.5, True], "y": [[1], {"z": "µ"}]}, "t": [{"k": {"l m": "\n"}}]}
    assert tomllib.loads(write_toml(data)) == data


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("model.membr=3", '--set model.membr=3: unknown key "membr" in [model]. Did you mean "member"?'),
        ("modle.member=3", '--set modle.member=3: unknown key "modle" in the deck. Did you mean "model"?'),
        (
            "stage[0].temperature=500",
            "--set stage[0].temperature=500: [[stage]] 1 (equilibrate) temperature = 500: the",
        ),
        ("structure.liquid.x_K=half", '--set structure.liquid.x_K=half: [structure.liquid] x_K = "half" is not valid'),
        ("stage[2].steps=3", "stage has stage[0] to stage[1]; there is no [2]"),
        ("stage.steps=3", "stage is a list: give the number of an entry, such as stage[0].steps"),
        ("model[0].potential=a", "model is no list"),
        ("model.potential.name=a", "model.potential is a value, not a table"),
        ("model.potential", "write KEY=VALUE"),
        ("=3", "write KEY=VALUE"),
        ("model..x=3", "write KEY=VALUE"),
        ("model.member=", "there is no value"),
        ('model.potential="nak', "this is no TOML value"),
        ("seed=1\ntitle=2", "give one value"),
    ],
)
def test_a_wrong_setting_is_named(setting, message):
    with pytest.raises(DeckError) as caught:
        nakmd.Deck.from_source(changed(setting))
    assert message in str(caught.value)
    assert str(caught.value).startswith("--set ")


def test_faults_of_the_deck_keep_their_lines():
    broken = TEXT.replace("x_K = 0.67", "x_K = 5.0")
    with pytest.raises(DeckError) as caught:
        nakmd.Deck.from_source(changed("seed=-1", "title=a", text=broken))
    problems = caught.value.problems
    assert any(problem.startswith("own.toml:5: [structure.liquid] x_K") for problem in problems)
    assert any(problem.startswith("--set seed=-1: seed") for problem in problems)
    # also those that only the built system shows
    faults = make_plan(changed("structure.liquid.x_K=0.5", "groups.frozen=['C']")).faults
    assert any(fault.startswith("--set groups.frozen=['C']: ") for fault in faults), faults


def test_the_seed_of_the_command_line_wins_and_the_options_stay():
    source = changed("seed=5", "model.member=99").with_seed(6)
    assert source.data["seed"] == tomllib.loads(source.text)["seed"] == 6
    assert source.text.count("# --set model.member=99") == 1
    assert source.render([]) == []


def test_a_run_stores_and_resumes_the_changed_deck(tmp_path):
    deck = write_deck(tmp_path / "deck.toml")
    arguments = ["--set", "structure.liquid.x_K=0.5", "--set", "stage[0].steps=8", "-o", "run", "--threads", "1"]
    done = subprocess.run(
        [*COMMAND, "run", "-", *arguments],
        cwd=tmp_path, env=ENVIRONMENT, input=deck.read_bytes(), capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    run = nakmd.Run(tmp_path / "run")
    assert run.deck.structure.liquid.x_K == 0.5
    assert run.deck.stage[0].n_steps == 8
    assert tomllib.loads(run.trajectory.deck)["structure"]["liquid"]["x_K"] == 0.5
    data = tomllib.loads(deck.read_text())
    data["structure"]["liquid"]["x_K"], data["stage"][0]["steps"] = 0.5, 8
    by_hand = nakmd.run(nakmd.Deck.from_text(write_toml(data)), tmp_path / "by_hand", threads=1)
    assert frames_of(run.directory) == frames_of(by_hand.directory)
    longer = nakmd.resume(run.directory, steps=4, threads=1)
    assert longer.status == "finished"
    assert longer.deck.structure.liquid.x_K == 0.5


def test_check_takes_the_same_options_and_prints_the_command(tmp_path):
    write_deck(tmp_path / "deck.toml")

    def check(*arguments, text=""):
        done = subprocess.run(
            [*COMMAND, "check", *arguments],
            cwd=tmp_path, env=ENVIRONMENT, input=text, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    code, out, _ = check("deck.toml", "--set", "stage[0].temperature=500 K")
    assert code == 0
    assert "nakmd run deck.toml --set 'stage[0].temperature=500 K'" in out
    code, _, errors = check("-", "--set", "model.potental=nak", text=TEXT)
    assert code == 2
    assert '--set model.potental=nak: unknown key "potental"' in errors
    code, _, errors = check("-", text="seed = \n")
    assert code == 2
    assert errors.startswith("stdin:1: invalid TOML")
