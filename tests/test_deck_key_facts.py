"""Every key of decks and sweep files is described: for editors by the JSON schema, for people by the manual."""

import re
import tomllib

import jsonschema
import pytest
from example_decks import EXAMPLE_DECKS, EXAMPLES
from pydantic import TypeAdapter

from nakmd.deck.deck import Deck
from nakmd.deck.key_facts import NO_UNIT, describe_keys, tables_below
from nakmd.deck.quantities import KINDS, SURFACE_ENERGY
from nakmd.runs.planned_size import AROUND, SLAB, VACUUM
from nakmd.sweeps.sweep_tables import SweepTables

ROOTS = (Deck, SweepTables)
TABLES = {table.__name__: table for root in ROOTS for table in tables_below(root)}
KEYS = {f"{name}.{key.name}": (table, key) for name, table in TABLES.items() for key in describe_keys(table)}


@pytest.mark.parametrize("name", KEYS)
def test_every_key_is_described(name):
    _, key = KEYS[name]
    assert re.fullmatch(r"[A-Z].*\.", key.description, re.DOTALL)
    assert "y default" not in key.description, "what holds by default is a note of its own"
    assert key.quantity
    assert key.unit
    assert key.examples
    if not key.required:
        assert key.default is not None or key.without or key.tables or key.quantity == "table"
    if key.default == "":
        assert key.without or key.name == "title"
    assert not key.without.endswith(".")
    for word, meaning in key.choices.items():
        assert meaning, f"what does {word} mean?"


@pytest.mark.parametrize("name", KEYS)
def test_examples_are_valid(name):
    table, key = KEYS[name]
    adapter = TypeAdapter(table.model_fields[key.name].rebuild_annotation())
    for example in key.examples:
        adapter.validate_python(example)
    if key.default is not None:
        assert adapter.validate_python(key.default) == table.model_fields[key.name].get_default()


def test_quantities_have_their_units():
    units = {kind.name: kind.units[0] for kind in (*KINDS, SURFACE_ENERGY)}
    for name, (_, key) in KEYS.items():
        if key.quantity in units and name != "Output.precision":
            assert key.unit in (units[key.quantity], "ps"), name  # short times in fs, long ones in ps
        elif key.quantity in ("text", "choice", "true or false", "table", "fraction", "number", "index"):
            assert key.unit == NO_UNIT, name
    assert {key.unit for _, key in KEYS.values()} > {"Å", "K", "fs", "bar", "steps", NO_UNIT}


def test_the_lengths_of_the_builders_are_those_that_are_described():
    thickness, vacuum = (KEYS[name][1].without for name in ("Liquid.thickness", "BoxSection.vacuum"))
    assert f"{AROUND:g} Å around" in thickness
    assert f"{SLAB:g} Å beside" in thickness
    assert vacuum.startswith(f"{VACUUM:g} Å")


@pytest.mark.parametrize("root", ROOTS)
def test_the_json_schema_says_the_same(root):
    schema = root.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    tables = {root.__name__: schema, **schema["$defs"]} if "$defs" in schema else {root.__name__: schema}
    for name, table in tables.items():
        for key in describe_keys(TABLES[name]):
            entry = table["properties"][key.name]
            assert entry["description"].startswith(key.description)
            assert entry["examples"] == list(key.examples)
            assert (entry["x-quantity"], entry["x-unit"]) == (key.quantity, key.unit)
            assert entry.get("default") == key.default
            assert all(meaning in entry["description"] for meaning in key.choices.values() if key.has_words)
            assert key.without in entry["description"]
            validator = jsonschema.Draft202012Validator({**entry, "$defs": schema.get("$defs", {})})
            for value in (*key.examples, *([] if key.default is None else [key.default])):
                validator.validate(value)


@pytest.mark.parametrize("name", EXAMPLE_DECKS)
def test_editors_accept_the_examples(name):
    deck = tomllib.loads((EXAMPLES / name).read_text())
    jsonschema.Draft202012Validator(Deck.model_json_schema()).validate(deck)


def test_editors_accept_the_example_of_a_sweep():
    sweep = tomllib.loads((EXAMPLES / "sweep.toml").read_text())
    jsonschema.Draft202012Validator(SweepTables.model_json_schema()).validate(sweep)


def test_editors_refuse_a_bare_number_and_an_unknown_key():
    validator = jsonschema.Draft202012Validator(Deck.model_json_schema())
    deck = Deck.from_file(EXAMPLES / "nak_liquid.toml").source.data
    for change in ({"stage": [{"kind": "relax", "force": 0.1}]}, {"sead": 1}):
        assert not validator.is_valid({**deck, **change})
    assert validator.is_valid(deck)
