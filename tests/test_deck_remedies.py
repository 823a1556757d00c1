"""Remedies in the messages of decks: where a key belongs, and what to write in place of a value."""

import pytest

from nakmd.deck.deck import Deck
from nakmd.deck.misplaced_keys import homes_of
from nakmd.deck.schema import DeckTables
from nakmd.errors import DeckError

TABLES = {
    "model": {"potential": "nak"},
    "structure": {"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 100}},
    "stage": [{"kind": "produce", "steps": 10, "temperature": "450 K"}],
}


def message_of(**changed):
    with pytest.raises(DeckError) as fault:
        Deck(**{**TABLES, **changed})
    return str(fault.value)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"timestep": "2 fs"}, 'unknown key "timestep" in the deck. It is a key of [[stage]].'),
        ({"output": {"seed": 3}}, 'unknown key "seed" in [output]. Available:'),  # one of the deck has no heading
        ({"output": {"x_K": 0.5}}, 'unknown key "x_K" in [output]. It is a key of [structure.liquid].'),
        ({"output": {"dump": 10}}, 'Did you mean "trajectory_every"?'),
        ({"output": {"format": "extxyz"}}, "`nakmd convert` makes extended XYZ"),
        ({"stage": [{**TABLES["stage"][0], "thermostat": "nvt"}]}, 'Did you mean "ensemble"?'),
        (
            {"stage": [{**TABLES["stage"][0], "kind": "nvt"}]},
            'kind = "nvt" is not valid. It is a word of the key ensemble',
        ),
    ],
)
def test_a_word_in_the_wrong_place_is_sent_where_it_belongs(changed, message):
    assert message in message_of(**changed)


def test_a_key_of_many_tables_belongs_to_none():
    assert homes_of("kind", DeckTables) == ()
    assert homes_of("no such key", DeckTables) == ()
    assert homes_of("doping", DeckTables) == ("[model]", "[structure.carbon]")


CARBON = {"kind": "graphene", "size": ["22 Å", "22 Å"]}


@pytest.mark.parametrize(
    ("structure", "message"),
    [
        (
            {"carbon": {**CARBON, "doping": {"graphitic": "3 %"}}},
            'graphitic = "3 %" is not valid. Write the fraction 0.03',
        ),
        ({"carbon": {**CARBON, "doping": {"graphitic": "0.03"}}}, "Write 0.03, without quotes."),
        ({"carbon": {**CARBON, "doping": {"graphitic": "some"}}}, "Write a number."),
        ({"file": {"path": "POSCAR", "repeat": 4}}, "repeat = 4 is not valid. Write an array, such as [4, 4, 4]."),
        ({"file": "POSCAR"}, 'Write a table, such as { path = "POSCAR" }.'),
    ],
)
def test_a_value_of_the_wrong_type_is_written_as_it_should_be(structure, message):
    assert message in message_of(structure=structure)


@pytest.mark.parametrize(
    ("timestep", "message"),
    [(0.002, '"0.002 ps" or "0.002 fs"'), (2, '"2 fs" or "2 ps"')],
)
def test_a_number_without_its_unit_is_shown_with_each_of_its_units(timestep, message):
    """One unit would be taken for the one that was meant: LAMMPS counts in ps, decks are mostly written in fs."""
    assert message in message_of(stage=[{**TABLES["stage"][0], "timestep": timestep}])


def test_an_object_of_python_is_no_value_of_a_deck():
    for changed in ({"model": object()}, {"model": {"potential": object()}}, {"structure": {"file": object()}}):
        message = message_of(**changed)
        assert "is a Python object" in message
        assert "nakmd.simulation.Simulation" in message


def test_a_set_to_which_terms_are_added_becomes_a_term():
    term = {"kind": "morse", "pair": ["K", "C"], "depth": "0.1 eV", "alpha": "1 1/Å", "r_0": "3 Å", "cutoff": "6 Å"}
    message = message_of(model={"potential": "nak-cn", "terms": [term]})
    assert 'make the set the first term: [[model.terms]] with kind = "set" and name = "nak-cn"' in message
