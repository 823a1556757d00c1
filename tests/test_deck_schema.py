"""The deck as an object: written and read back, immutable, described for editors."""

import copy
import json

import pytest
from example_decks import EXAMPLE_DECKS, EXAMPLES
from pydantic import ValidationError
from test_deck_messages import DECKS

import nakmd
from nakmd.deck.deck import Deck
from nakmd.deck.stage_names import measured_stages, stage_names
from nakmd.errors import DeckError
from nakmd.integrators import BAROSTATS, MINIMISERS, THERMOSTATS, Bussi, Fire, Langevin
from nakmd.runs.stage_builder import build_stages

LIQUID = {"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 500}}


def deck_of(*stages, **more):
    return Deck(model={"potential": "nak"}, structure=LIQUID, stage=list(stages), **more)


@pytest.mark.parametrize("name", DECKS)
def test_a_deck_written_and_read_is_the_same(name):
    deck = Deck(**copy.deepcopy(DECKS[name]))
    again = Deck.from_text(deck.to_toml())
    assert again == deck
    assert again.to_toml() == deck.to_toml()


def test_numbers_are_in_house_units():
    deck = deck_of(
        {"kind": "heat", "duration": "2 ps", "timestep": "0.5 fs", "temperature": ["27 °C", "450 K"]},
        {
            "kind": "produce",
            "steps": 7,
            "temperature": "450 K",
            "barostat": {"pressure": "1.602176634 GPa", "axes": ["xy", "z"]},
        },
    )
    heat, produce = deck.stage
    assert heat.timestep == pytest.approx(0.0005, rel=1e-15)
    assert heat.n_steps == 4000
    assert heat.temperature == pytest.approx((300.15, 450.0), rel=1e-15)
    assert produce.barostat.pressure[0] == pytest.approx(0.01, rel=1e-14)
    assert produce.barostat.axes == ("xy", "z")


def test_a_deck_is_frozen():
    deck = deck_of({"kind": "relax"})
    with pytest.raises(ValidationError):
        deck.seed = 5


def test_every_fault_of_a_python_deck_is_reported():
    with pytest.raises(DeckError) as fault:
        Deck(model={"potental": "nak"}, structure=LIQUID, stage=[{"kind": "relax", "force": 0.1}], sed=1)
    assert len(fault.value.problems) == 3


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ({"kind": "heat", "temperature": "300 K"}, "needs either steps"),
        ({"kind": "heat", "steps": 1, "duration": "1 ps", "temperature": "300 K"}, "needs either steps"),
        ({"kind": "produce", "steps": 1}, "needs temperature"),
        (
            {"kind": "produce", "steps": 1, "ensemble": "nve", "temperature": "300 K"},
            "does not control the temperature",
        ),
        ({"kind": "produce", "steps": 1, "ensemble": "nve", "barostat": {}}, "needs a thermostat"),
        ({"kind": "produce", "steps": 1, "temperature": "300 K", "barostat": {"axes": "xx"}}, "at most once"),
        ({"kind": "produce", "steps": 0, "temperature": "300 K"}, "at least 1"),
        ({"kind": "heat", "steps": 1, "temperature": ["1 K", "2 K", "3 K"]}, "a ramp has 2 values"),
    ],
)
def test_contradictions_in_a_stage(stage, message):
    with pytest.raises(DeckError, match=message):
        deck_of(stage)


def test_json_schema_knows_every_table():
    schema = Deck.model_json_schema()
    assert set(schema["properties"]) == {
        "title",
        "seed",
        "model",
        "structure",
        "groups",
        "stage",
        "output",
        "analysis",
    }
    one, two, none = schema["$defs"]["Produce"]["properties"]["timestep"]["anyOf"]
    assert one["type"] == "string"
    assert two["required"] == ["bonds", "rest"]
    assert none == {"type": "null"}
    assert json.loads(json.dumps(schema)) == schema


def test_every_key_has_a_description_of_its_own():
    schema = Deck.model_json_schema()
    for title, table in [("Deck", schema), *schema["$defs"].items()]:
        assert table["description"].strip(), title
        for key, value in table["properties"].items():
            text = value.get("description", "")
            assert text[:1].isupper(), f"{title}.{key}: {text!r}"
            assert text.endswith("."), f"{title}.{key}: {text!r}"


def test_json_schema_accepts_the_examples():
    # without a validator: every key of every example must be in the schema
    schema = Deck.model_json_schema()

    def offered(value):
        if isinstance(value, dict):
            return set(value.get("properties", ())).union(*map(offered, value.values()))
        return set().union(*map(offered, value)) if isinstance(value, list) else set()

    known = offered(schema)

    def keys(value):
        if isinstance(value, dict):
            return set(value).union(*map(keys, value.values()))
        return set().union(*map(keys, value)) if isinstance(value, list) else set()

    for name in EXAMPLE_DECKS:
        assert keys(Deck.from_file(EXAMPLES / name).source.data) <= known, name


def test_stages_get_unique_names():
    deck = deck_of(
        {"kind": "relax"},
        {"kind": "produce", "steps": 1, "temperature": "300 K"},
        {"kind": "produce", "steps": 1, "temperature": "400 K"},
        {"kind": "equilibrate", "name": "hold", "steps": 1, "temperature": "400 K"},
    )
    assert stage_names(deck.stage) == ["relax", "produce", "produce 2", "hold"]
    assert measured_stages(deck) == ["produce", "produce 2"]
    named = Deck.from_text(deck.to_toml() + '[analysis]\nstages = ["hold"]\n')
    assert measured_stages(named) == ["hold"]


def test_stages_become_integrators():
    deck = deck_of(
        {"kind": "relax", "steps": 10, "force": "0.3 eV/Å"},
        {"kind": "heat", "steps": 5, "temperature": ["100 K", "300 K"], "tau": "0.2 ps", "group": "K"},
        {"kind": "produce", "steps": 5, "temperature": "300 K", "ensemble": "bussi", "barostat": {"axes": "z"}},
        {"kind": "produce", "steps": 5, "ensemble": "nve"},
        groups={"tethered": [{"group": "Na", "spring": "2 eV/Å²"}]},
    )
    relax, heat, produce, nve = build_stages(deck, has_velocities=True)
    assert isinstance(relax.integrator, Fire)
    assert relax.integrator.force_tolerance == 0.3
    assert isinstance(heat.integrator.thermostat, Langevin)
    assert (heat.integrator.thermostat.temperature.start, heat.integrator.thermostat.temperature.end) == (100.0, 300.0)
    assert heat.integrator.thermostat.group == "K"
    # a relaxation sets the velocities to zero: the next stage draws them at the start of its ramp
    assert heat.initial_temperature == 100.0
    assert isinstance(produce.integrator.thermostat, Bussi)
    assert produce.integrator.barostat.axes == ("z",)
    assert produce.initial_temperature is None
    assert nve.integrator.thermostat is None
    assert all(stage.tethered == {"Na": 2.0} for stage in (relax, heat, produce, nve))


def test_every_registered_kind_is_in_the_deck_and_the_schema():
    definitions = Deck.model_json_schema()["$defs"]
    for name, kind in THERMOSTATS.items():
        stage = {"kind": "produce", "steps": 5, "temperature": "300 K", "ensemble": name, "group": "K", "tau": "0.3 ps"}
        thermostat = build_stages(deck_of(stage), True)[0].integrator.thermostat
        assert type(thermostat) is kind
        assert (thermostat.temperature.start, thermostat.time_constant, thermostat.group) == (300.0, 0.3, "K")
        assert name in definitions["Prepare"]["properties"]["ensemble"]["enum"]
    for name, kind in BAROSTATS.items():
        stage = {"kind": "produce", "steps": 5, "temperature": "300 K", "barostat": {"kind": name, "axes": ["xy", "z"]}}
        barostat = build_stages(deck_of(stage), True)[0].integrator.barostat
        assert type(barostat) is kind
        assert (barostat.axes, barostat.time_constant) == (("xy", "z"), 1.0)
    for name, kind in MINIMISERS.items():
        assert type(build_stages(deck_of({"kind": "relax", "method": name}), True)[0].integrator) is kind


def test_options_reach_their_kind_and_no_other():
    chains = {"ensemble": "nose-hoover", "chain": 5, "barostat": {"kind": "mtk", "chain": 2}}
    stage = {"kind": "produce", "steps": 5, "temperature": "300 K"}
    integrator = build_stages(deck_of({**stage, **chains}), True)[0].integrator
    assert integrator.thermostat.chain.length == 5
    assert integrator.barostat.chain.length == 2
    for changes, message in (
        ({"ensemble": "bussi", "chain": 5}, 'has chain, which "bussi" does not use; .* "nose-hoover"'),
        ({"barostat": {"chain": 2}}, 'has chain, which "cell-rescaling" does not use; .* "mtk"'),
        ({"barostat": {"kind": "mtk", "compressibility": "0.2 1/GPa"}}, 'compressibility, which "mtk" does not use'),
        ({"ensemble": "nose-hover"}, 'Did you mean "nose-hoover"'),
        ({**chains, "chain": 0}, "chain = 0 must be at least 1"),
    ):
        with pytest.raises(DeckError, match=message):
            deck_of({**stage, **changes})


def test_velocities_of_the_structure_are_kept():
    deck = deck_of({"kind": "produce", "steps": 5, "temperature": "300 K"})
    assert build_stages(deck, has_velocities=True)[0].initial_temperature is None
    assert build_stages(deck, has_velocities=False)[0].initial_temperature == 300.0


def test_another_seed_is_in_the_text():
    deck = deck_of({"kind": "relax"})
    changed = Deck.from_source(deck.source.with_seed(99))
    assert changed.seed == 99
    assert Deck.from_source(changed.source.with_seed(100)).seed == 100
    assert changed.stage == deck.stage


def test_public_names():
    for name in nakmd.__all__:
        assert getattr(nakmd, name) is not None
    with pytest.raises(AttributeError, match="available"):
        nakmd.nonsense  # noqa: B018
    assert set(dir(nakmd)) == set(nakmd.__all__)


def test_the_default_thermostats():
    deck = deck_of(
        {"kind": "equilibrate", "steps": 1, "temperature": "300 K"},
        {"kind": "produce", "steps": 1, "temperature": "300 K"},
    )
    assert [stage.ensemble for stage in deck.stage] == ["langevin", "bussi"]
