"""Sweep files: axes, their combination, what is refused, and the index of the points."""

import json
from pathlib import Path

import pytest
from small_decks import LIQUID

from nakmd.errors import DeckError, InputError
from nakmd.runs.sweep_folder import SweepFolder
from nakmd.sweeps import point_check
from nakmd.sweeps.axis_values import labels_of, values_of_range
from nakmd.sweeps.sweep_preparation import confirm_point, confirm_points, prepare_sweep

DECK = f"""
seed = 5
{LIQUID}
[[stage]]
kind = "equilibrate"
steps = 10
temperature = "450 K"
[[stage]]
kind = "produce"
steps = 10
temperature = "450 K"
[output]
trajectory_every = 5
"""


@pytest.fixture
def swept(tmp_path, monkeypatch):
    """Return a function that prepares a sweep over `DECK` and returns its folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deck.toml").write_text(DECK)

    def prepare(text, folder="out", name="sweep.toml"):
        (tmp_path / name).write_text(text)
        return prepare_sweep(Path(name), Path(folder))[0]

    return prepare


def faults(swept, text):
    with pytest.raises(DeckError) as caught:
        swept(text)
    return caught.value.problems


def labels(sweep):
    return [tuple(point.labels.values()) for point in sweep.index.points]


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ({"from": 0.1, "to": 0.7, "by": 0.2}, [0.1, 0.3, 0.5, 0.7]),
        ({"from": 0.1, "to": 0.75, "by": 0.2}, [0.1, 0.3, 0.5, 0.7]),
        ({"from": 0, "to": 1, "steps": 4}, [0.0, 0.333333333333, 0.666666666667, 1.0]),
        ({"from": 1, "to": 9, "steps": 3}, [1, 5, 9]),
        ({"from": 4, "to": 1, "by": -1}, [4, 3, 2, 1]),
        ({"from": "1 fs", "to": "2 fs", "steps": 3}, ["1 fs", "1.5 fs", "2 fs"]),
        ({"from": "300 K", "to": "500 K", "by": "100 K"}, ["300 K", "400 K", "500 K"]),
        ({"from": "1e-3 eV", "to": "3e-3 eV", "steps": 2}, ["0.001 eV", "0.003 eV"]),
    ],
)
def test_ranges(written, values):
    found = values_of_range(written)
    assert found == values
    assert list(map(type, found)) == list(map(type, values))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"from": 1, "to": 2}, "one of steps and by"),
        ({"from": 1, "to": 2, "steps": 2, "by": 1}, "one of steps and by"),
        ({"from": 1, "too": 2, "steps": 2}, 'Did you mean "to"'),
        ({"from": 1, "to": 2, "by": -1}, "never comes"),
        ({"from": 1, "to": 2, "by": 0}, "never comes"),
        ({"from": 1, "to": 2, "steps": 1}, "at least 2"),
        ({"from": 1, "to": 2, "steps": 10**9}, "the limit is"),
        ({"from": "300 K", "to": 400, "steps": 2}, 'the unit "K" and to the unit ""'),
        ({"from": "300 K", "to": "400 K", "by": "10 mK"}, 'by has the unit "mK"'),
        ({"from": "warm", "to": "hot", "steps": 2}, "neither a number"),
    ],
)
def test_faults_of_ranges(written, message):
    with pytest.raises(ValueError, match=message):
        values_of_range(written)


def test_labels_have_a_unit_if_all_values_have_the_same():
    assert labels_of(["400 K", "1e3 K"]) == ([400, 1000], "K")
    assert labels_of(["400 K", "0.4 kK"]) == (["400 K", "0.4 kK"], "")
    assert labels_of(["nak-2026", "nak-2016"]) == (["nak-2026", "nak-2016"], "")
    assert labels_of(["2 apples", "3 apples"]) == (["2 apples", "3 apples"], "")


def test_all_combinations_the_last_axis_fastest(swept):
    sweep = swept("""
        deck = "deck.toml"
        seeds = 2
        [set]
        structure.liquid.x_K = [0.5, 0.8]
        "stage[1].temperature" = { from = "400 K", to = "500 K", steps = 3 }
        output.thermo_every = 5
    """)
    assert [(axis["name"], axis.get("unit")) for axis in sweep.index.axes] == [
        ("x_K", None), ("temperature", "K"), ("seed", None)
    ]  # fmt: skip
    assert labels(sweep) == [(x, T, seed) for x in (0.5, 0.8) for T in (400, 450, 500) for seed in (5, 6)]
    third = sweep.index.points[3]
    assert third.seed == 6
    data = sweep.index.source_of(third).data
    assert data["structure"]["liquid"]["x_K"] == 0.5
    assert [stage["temperature"] for stage in data["stage"]] == ["450 K", "450 K"]
    assert data["output"] == {"trajectory_every": 5, "thermo_every": 5}
    assert data["seed"] == 6


def test_a_list_of_one_list_is_one_value(swept):
    sweep = swept('deck = "deck.toml"\nseed = [1, 2]\n[set]\n"analysis.quantities" = [["thermo", "rdf"]]\n')
    assert [axis["name"] for axis in sweep.index.axes] == ["seed"]
    assert [point.changes["analysis.quantities"] for point in sweep.index.points] == [["thermo", "rdf"]] * 2


def test_one_axis_may_set_several_keys(swept):
    sweep = swept("""
        deck = "deck.toml"
        set = { "structure.liquid.temperature, stage[0].temperature, stage[1].temperature" = ["400 K", "500 K"] }
    """)
    assert labels(sweep) == [(400,), (500,)]
    data = sweep.index.source_of(sweep.index.points[1]).data
    assert data["structure"]["liquid"]["temperature"] == "500 K"
    assert [stage["temperature"] for stage in data["stage"]] == ["500 K", "500 K"]
    assert sweep.index.axes[0]["keys"][1] == "stage[0].temperature"


def test_zip_and_names_that_would_be_equal(swept):
    sweep = swept("""
        deck = "deck.toml"
        zip = [["stage[0].temperature", "stage[1].temperature"]]
        [set]
        "stage[0].temperature" = ["400 K", "500 K"]
        structure.liquid.x_K = [0.5, 0.8]
        "stage[1].temperature" = ["450 K", "550 K"]
    """)
    assert [axis["name"] for axis in sweep.index.axes] == ["stage[0].temperature", "stage[1].temperature", "x_K"]
    assert labels(sweep) == [(400, 450, 0.5), (400, 450, 0.8), (500, 550, 0.5), (500, 550, 0.8)]


def test_zip_names_an_axis_of_several_keys_as_set_does(swept):
    sweep = swept("""
        deck = "deck.toml"
        zip = [["stage[0].temperature, stage[1].temperature", "structure.liquid.x_K"]]
        [set]
        "stage[0].temperature, stage[1].temperature" = ["400 K", "500 K"]
        structure.liquid.x_K = [0.5, 0.8]
    """)
    assert labels(sweep) == [(400, 0.5), (500, 0.8)]


def test_zip_refuses_keys_of_different_axes_in_one_word(swept):
    (fault, *_) = faults(swept, """
        deck = "deck.toml"
        zip = [["stage[0].temperature, stage[1].temperature", "structure.liquid.x_K"]]
        [set]
        "stage[0].temperature" = ["400 K", "500 K"]
        "stage[1].temperature" = ["400 K", "500 K"]
        structure.liquid.x_K = [0.5, 0.8]
    """)  # fmt: skip
    assert 'zip: set has no values for "stage[0].temperature, stage[1].temperature"' in fault


def test_csv(swept, tmp_path):
    (tmp_path / "points.csv").write_text(
        'structure.liquid.x_K, stage[1].temperature\n0.5, 400 K\n\n0.67, "500 K"\n0.5, 500 K\n', encoding="utf-8-sig"
    )
    sweep = swept('deck = "deck.toml"\ncsv = "points.csv"\nseed = [1]')
    assert labels(sweep) == [(0.5, 400, 1), (0.67, 500, 1), (0.5, 500, 1)]
    assert [axis["values"] for axis in sweep.index.axes] == [[0.5, 0.67], [400, 500], [1]]
    (tmp_path / "points.csv").write_text("structure.liquid.x_K\n0.5\n1.5\n")
    assert faults(swept, 'deck = "deck.toml"\ncsv = "points.csv"') == [
        "points.csv:3: [structure.liquid] x_K = 1.5 must be at most 1. It is a fraction, not a percentage."
    ]
    (tmp_path / "points.csv").write_text("x K\n0.5,1\n")
    assert len(faults(swept, 'deck = "deck.toml"\ncsv = "points.csv"')) == 2


def test_models_and_members(swept):
    sweep = swept('deck = "deck.toml"\nmodel = ["nak-2026", "nak-cn"]\nmembers = 2')
    assert [axis["name"] for axis in sweep.index.axes] == ["model", "member"]
    assert labels(sweep) == [("nak-2026", 1), ("nak-2026", 2), ("nak-cn", 1), ("nak-cn", 2)]
    assert sweep.index.points[3].changes == {"model.potential": "nak-cn", "model.member": 2}
    assert len({point.id for point in sweep.index.points}) == 4


def test_all_faults_of_a_file_at_once(swept):
    found = faults(swept, """deck = "deck.toml"
sed = [1, 2]
threads = 0
zip = [["structure.liquid.x_K", "stage[0].temperatur"]]
[set]
structure.liquid.x_K = []
"stage[0].temperature" = { from = "400 K", to = "500", steps = 3 }
"stage[" = [1]
"output.thermo_every" = [5, 10]
output.thermo_every = 5
""")  # fmt: skip
    starts = [message.split(" ")[0] for message in found]
    assert starts == [f"sweep.toml:{line}:" for line in (2, 3, 4, 4, 6, 7, 8, 10)]
    assert 'Did you mean "seed"?' in found[0]
    assert "is changed twice" in found[-1]


def test_faults_of_values_name_their_line_once(swept):
    found = faults(swept, """deck = "deck.toml"
seeds = 3
[set]
"structure.liquid.x_K" = [0.5,
  1.5]
"stage[1].temperature" = ["450", "500 K"]
"stage[7].temperature" = ["450 K"]
"output.trajectory_evry" = [1, 2]
""")  # fmt: skip
    assert found == ["sweep.toml:7: stage has stage[0] to stage[1]; there is no [7]."]
    found = faults(swept, """deck = "deck.toml"
seeds = 3
[set]
"structure.liquid.x_K" = [0.5,
  1.5]
"stage[1].temperature" = ["450", "500 K"]
"output.trajectory_evry" = 3
""")  # fmt: skip
    assert [message.split(" ")[0] for message in found] == [f"sweep.toml:{line}:" for line in (6, 7, 5)]
    assert 'Did you mean "trajectory_every"?' in found[1]


def test_a_missing_deck_is_suggested(swept, tmp_path):
    assert "Did you mean" in faults(swept, 'deck = "dck.toml"')[0]
    assert faults(swept, "seeds = 2") == ['sweep.toml: the key "deck" is missing: deck = "deck.toml".']
    with pytest.raises(InputError, match="There is no sweep"):
        prepare_sweep(tmp_path / "none.toml")


def test_equal_points_are_refused(swept):
    (message,) = faults(swept, 'deck = "deck.toml"\nset = { "stage[0].temperature" = ["400 K", "400.0 K"] }')
    assert "are the same run" in message


def test_points_are_named_by_what_they_compute(swept, tmp_path, monkeypatch):
    text = 'deck = "deck.toml"\nset = { "structure.liquid.x_K" = [0.5, 0.8], "stage[0].temperature" = ["400 K"] }'
    first = {point.labels["x_K"]: point.id for point in swept(text).index.points}
    # another order, another way to write the values, comments: the same points
    turned = (
        'deck = "deck.toml"\nset = { "stage[0].temperature" = ["0.4 kK"], "structure.liquid.x_K" = [0.3, 0.8, 0.5] }'
    )
    (tmp_path / "deck.toml").write_text("# a comment\n" + DECK.replace('"450 K"', '"450.0 K"'))
    second = {point.labels["x_K"]: point.id for point in swept(turned).index.points}
    assert {x: second[x] for x in first} == first
    assert len(set(second.values())) == 3
    # another deck, other numbers of nakmd: other points
    (tmp_path / "deck.toml").write_text(DECK.replace("steps = 10", "steps = 20"))
    assert not set(first.values()) & {point.id for point in swept(text).index.points}
    (tmp_path / "deck.toml").write_text(DECK)
    monkeypatch.setattr(point_check, "NUMBERS", point_check.NUMBERS + 1)
    assert not set(first.values()) & {point.id for point in swept(text).index.points}


def test_a_file_that_the_deck_reads_is_part_of_the_name(swept, tmp_path):
    (tmp_path / "start.xyz").write_text('2\nLattice="20 0 0 0 20 0 0 0 20" pbc="T T T"\nK 1 1 1\nK 6 1 1\n')
    deck = DECK.replace(LIQUID, '[model]\npotential = "nak-2016"\n[structure.file]\npath = "start.xyz"')
    (tmp_path / "deck.toml").write_text(deck)
    text = 'deck = "deck.toml"\nseeds = 1'
    before = swept(text)
    (tmp_path / "start.xyz").write_text((tmp_path / "start.xyz").read_text().replace("6 1 1", "6 2 1"))
    with pytest.raises(InputError, match="would not be the run"):
        confirm_point(before, before.index.points[0])
    after = swept(text)
    assert after.index.points[0].id != before.index.points[0].id
    assert confirm_points(after)[0].n_atoms == 2


def test_the_index(swept, tmp_path):
    sweep = swept('deck = "deck.toml"\nseeds = 2\nset = { "stage[0].temperature" = ["400 K", "500 K"] }\nthreads = 2')
    stored = json.loads((tmp_path / "out" / "index.json").read_text())
    assert stored["name"] == "sweep"
    assert stored["deck"] == DECK
    assert stored["deck_name"] == "deck.toml"
    assert stored["folder"] == str(tmp_path)
    assert stored["axes"] == [
        {"name": "temperature", "key": "stage[0].temperature", "values": [400, 500], "unit": "K"},
        {"name": "seed", "key": "seed", "values": [5, 6]},
    ]
    assert stored["points"][2] == {
        "index": 2,
        "id": sweep.index.points[2].id,
        "changes": {"stage[0].temperature": "500 K", "seed": 5},
        "labels": {"temperature": 500, "seed": 5},
        "seed": 5,
    }
    lines = (tmp_path / "out" / "index.csv").read_text().splitlines()
    assert lines[0] == "index,id,temperature [K],seed"
    assert lines[4] == f"3,{sweep.index.points[3].id},500,6"
    opened = SweepFolder.read(tmp_path / "out")
    assert opened.index == sweep.index
    assert len(confirm_points(opened)) == 4


def test_folders_of_something_else_are_refused(swept, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="no index"):
        SweepFolder.read(tmp_path / "out")
    (tmp_path / "out" / "thesis.tex").write_text("x")
    with pytest.raises(InputError, match=r"holds no sweep, but thesis\.tex"):
        swept('deck = "deck.toml"')
    assert (tmp_path / "out" / "thesis.tex").read_text() == "x"
    (tmp_path / "out" / "index.json").write_text('{"points": 3}')
    with pytest.raises(InputError, match="not the index"):
        SweepFolder.read(tmp_path / "out")
