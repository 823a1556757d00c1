"""Messages of faulty decks: all errors at once, each with its line, the key and a valid value."""

import copy
from pathlib import Path

import pytest

from nakmd.deck.deck import Deck
from nakmd.deck.draft import read_draft
from nakmd.deck.source import DeckSource, write_toml
from nakmd.errors import DeckError, InputError
from nakmd.runs.plan import make_plan

DATA = Path(__file__).parent / "data" / "decks"
GOLDEN = Path(__file__).parent / "golden" / "deck_ten_faults.txt"

CARBON = {
    "title": "all keys",
    "seed": 3,
    "model": {"potential": "nak-cn", "affinity": 0.9, "none": [["K", "O"]]},
    "structure": {
        "carbon": {
            "kind": "nanotube",
            "chirality": [10, 10],
            "length": "30 Å",
            "bond": "1.44 Å",
            "doping": {
                "graphitic": 0.02,
                "pyridinic": 0.01,
                "pyrrolic": 0.01,
                "distance": "4 Å",
                "nitrogens_per_site": 3,
            },
        },
        "liquid": {
            "region": "around",
            "x_K": 0.67,
            "temperature": "450 K",
            "thickness": "15 Å",
            "atoms": 100,
            "contact_angle": "80 deg",
        },
        "box": {"lengths": ["30 Å", "30 Å", "30 Å"], "vacuum": "10 Å", "periodic": [True, True, True]},
    },
    "groups": {"frozen": ["C"], "rigid": ["tube"], "tethered": [{"group": "N", "spring": "1 eV/Å²"}]},
    "stage": [
        {"kind": "relax", "name": "first", "steps": 10, "force": "0.1 eV/Å"},
        {
            "kind": "heat",
            "name": "second",
            "duration": "1 ps",
            "timestep": "1 fs",
            "ensemble": "langevin",
            "group": "liquid",
            "temperature": ["300 K", "450 K"],
            "tau": "0.5 ps",
            "velocities": "300 K",
            "barostat": {"pressure": "1 bar", "axes": "z", "tau": "1 ps", "compressibility": "0.2 1/GPa"},
        },
    ],
    "output": {"trajectory_every": 10, "thermo_every": 5, "checkpoint_every": 100, "precision": "single"},
    "analysis": {"quantities": ["thermo", "rdf"], "when": "live", "every": 10, "stages": ["second"]},
}
TERMS = {
    "model": {
        "terms": [
            {"kind": "set", "name": "nak"},
            {"kind": "eam", "file": ["a.eam", "b.eam"]},
            {"kind": "tersoff", "file": "c.tersoff"},
            {
                "kind": "morse",
                "pair": ["K", "C"],
                "depth": "0.1 eV",
                "alpha": "1.8 1/Å",
                "r_0": "3 Å",
                "cutoff": "9 Å",
                "cut": "shift",
            },
            {
                "kind": "lennard-jones",
                "pair": ["K", "C"],
                "epsilon": "0.1 eV",
                "sigma": "3 Å",
                "cutoff": "9 Å",
                "cut": "cut",
            },
        ]
    },
    "structure": {
        "crystal": {
            "element": "K",
            "repeat": [4, 4, 4],
            "lattice": "5.3 Å",
            "substitute": {"element": "Na", "count": 1},
        }
    },
    "stage": [{"kind": "produce", "steps": 5, "ensemble": "nve"}],
}
SLAB = {
    "model": {"potential": "nak"},
    "structure": {
        "crystal": {
            "element": "K",
            "face": "110",
            "repeat": [5, 4],
            "layers": 8,
            "fixed_layers": 2,
            "bath_layers": 3,
            "temperature": "300 K",
        },
        "box": {"vacuum": "15 Å"},
    },
    "stage": [{"kind": "relax"}],
}
SHEETS = {
    "model": {"potential": "cn"},
    "structure": {
        "carbon": {
            "kind": "graphene",
            "size": ["30 Å", "30 Å"],
            "layers": 2,
            "gap": "3.4 Å",
            "stacking": "AB",
            "bond": "1.44 Å",
        }
    },
    "stage": [{"kind": "relax"}],
}
FILES = {
    "model": {"potential": "cn"},
    "structure": {"file": {"path": "a.xyz", "repeat": [1, 1, 2]}},
    "stage": [{"kind": "relax"}],
}
WALL_FILE = {
    "model": {"potential": "cn"},
    "structure": {
        "carbon": {"kind": "file", "file": "a.xyz", "shape": "tube"},
        "liquid": {"region": "inside", "x_K": 0.5, "density": "0.8 g/cm3"},
    },
    "stage": [{"kind": "relax"}],
}
DECKS = {"carbon": CARBON, "terms": TERMS, "slab": SLAB, "sheets": SHEETS, "files": FILES, "wall file": WALL_FILE}


def keys_of(data, path=()):
    """Every key of a deck, tables included."""
    entries = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in entries:
        full = (*path, key)
        if isinstance(key, str):
            yield full
        if isinstance(value, dict) or (isinstance(value, list) and value and isinstance(value[0], dict)):
            yield from keys_of(value, full)


KEYS = [(name, path) for name, deck in DECKS.items() for path in keys_of(deck)]


def parent_of(data, path):
    for step in path[:-1]:
        data = data[step]
    return data


def faults_of(data) -> tuple[DeckSource, list[str]]:
    source = DeckSource.parse(write_toml(data))
    return source, source.render(read_draft(source.data)[1])


@pytest.mark.parametrize("name", DECKS)
def test_the_decks_themselves_have_no_faults(name):
    assert faults_of(DECKS[name])[1] == []


@pytest.mark.parametrize(("name", "path"), KEYS)
def test_a_misspelt_key_is_named_with_its_line(name, path):
    data = copy.deepcopy(DECKS[name])
    table = parent_of(data, path)
    wrong = path[-1] + "x"
    table[wrong] = table.pop(path[-1])
    source, faults = faults_of(data)
    line = source.lines.find((*path[:-1], wrong))
    if path[-1] == "kind":
        # without its kind a table cannot be validated
        assert any(f"deck:{source.lines.find(path)}: " in fault and '"kind"' in fault for fault in faults)
        return
    expected = f'deck:{line}: unknown key "{wrong}"'
    matching = [fault for fault in faults if fault.startswith(expected)]
    assert len(matching) == 1
    assert f'Did you mean "{path[-1]}"?' in matching[0]
    assert len(faults) == 1, "a misspelt key is repaired and causes no second error"


def wrong_value(value):
    if isinstance(value, str):
        return 5
    if isinstance(value, bool | int | float):
        return "soon"
    return 3.5


@pytest.mark.parametrize(("name", "path"), KEYS)
def test_a_value_of_the_wrong_type_is_named_with_its_line(name, path):
    data = copy.deepcopy(DECKS[name])
    table = parent_of(data, path)
    table[path[-1]] = wrong_value(table[path[-1]])
    source, faults = faults_of(data)
    line = source.lines.find(path)
    assert any(fault.startswith(f"deck:{line}: ") and str(path[-1]) in fault for fault in faults)
    assert len(faults) == 1


@pytest.mark.parametrize(("name", "path"), [(n, p) for n, p in KEYS if len(p) > 1])
def test_a_missing_key_is_named_if_it_is_needed(name, path):
    data = copy.deepcopy(DECKS[name])
    del parent_of(data, path)[path[-1]]
    _, faults = faults_of(data)
    for fault in faults:
        assert str(path[-1]) in fault or "needs either" in fault or "is empty" in fault or "so needs" in fault
    assert len(faults) <= 1


def test_ten_faults_at_once(monkeypatch):
    monkeypatch.chdir(DATA)
    plan = make_plan(DeckSource.read("ten_faults.toml"))
    assert "\n".join(plan.faults) + "\n" == GOLDEN.read_text(encoding="utf-8")
    assert len(plan.faults) == 10
    with pytest.raises(DeckError) as fault:
        plan.require()
    assert fault.value.problems == plan.faults
    assert fault.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stage = [1,\n2,\nb", "deck:3: invalid TOML"),
        ("title = unquoted", "deck:1: invalid TOML"),
        ("timestep = 1 fs", "Strings and quantities need quotes"),
        ("a = 1\na = 2", "deck:2: invalid TOML"),
        ('a = "', "deck:1: invalid TOML"),
        ("", "the deck has no [model]"),
        ("stage = 3", "write each as [[stage]]"),
        ("[[stage]]\nkind = 7", "kind = 7 is not valid"),
        ("model = 3\nstructure = []", "model = 3 is not valid. Write a table, such as { potential = ... }."),
    ],
)
def test_texts_that_are_not_decks(text, message):
    with pytest.raises(DeckError) as fault:
        Deck.from_text(text)
    assert message in str(fault.value)


def test_a_deck_that_does_not_exist(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flagship.toml").write_text("")
    with pytest.raises(InputError, match=r'no deck flagshp.toml. Did you mean "flagship.toml"'):
        DeckSource.read("flagshp.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not UTF-8 text"):
        DeckSource.read("binary.toml")
    with pytest.raises(InputError, match="cannot be read"):
        DeckSource.read(tmp_path)


def test_a_model_named_twice_or_not_at_all():
    for model in ({}, {"potential": "nak", "ase": "a:b"}):
        with pytest.raises(DeckError, match="needs one of potential"):
            Deck(model=model, structure=FILES["structure"], stage=FILES["stage"])
