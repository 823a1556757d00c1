"""Words that people know: "nvt" and "npt", the radius of a droplet, and messages in the words of the deck."""

import math

import numpy as np
import pytest

from nakmd.analysis import standard_analyses
from nakmd.deck.changes import with_settings
from nakmd.deck.deck import Deck
from nakmd.deck.draft import read_draft
from nakmd.deck.fields import Section
from nakmd.deck.messages import example_table
from nakmd.deck.schema import DeckTables
from nakmd.deck.source import DeckSource
from nakmd.deck.stage_sections import BarostatSection, Dynamics
from nakmd.deck.synonyms import SYNONYMS
from nakmd.elements import METALS
from nakmd.errors import AnalysisError, DeckError, StructureError, did_you_mean
from nakmd.quantity_names import QUANTITIES, QUANTITY_SYNONYMS
from nakmd.runs.plan import make_plan
from nakmd.structures import droplet_on_sheet, graphene, nak_density
from nakmd.structures.liquid import WALL_EXCLUSION, number_density
from tests.small_decks import LIQUID, SHEET

BAROSTAT = 'barostat = { pressure = "1 bar", tau = "2 ps" }'


def stage_of(text, kind="produce", temperature='temperature = "450 K"'):
    return Deck.from_text(f'{LIQUID}\n[[stage]]\nkind = "{kind}"\nsteps = 20\n{temperature}\n{text}\n').stage[0]


def faults_of(text):
    """Return the messages about a deck, of its words and of what is built from them."""
    return make_plan(DeckSource.parse(text)).faults


def fault_of(text):
    """Return the one message about a deck."""
    faults = faults_of(text)
    assert len(faults) == 1, faults
    return faults[0]


@pytest.mark.parametrize("kind", ["heat", "equilibrate", "produce"])
@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ('ensemble = "nvt"', 'ensemble = "bussi"'),
        (f'ensemble = "npt"\n{BAROSTAT}', f'ensemble = "bussi"\n{BAROSTAT}'),
        (
            'ensemble = "npt"\nbarostat = { kind = "mtk", pressure = "1 bar" }',
            'ensemble = "bussi"\nbarostat = { kind = "mtk", pressure = "1 bar" }',
        ),
    ],
)
def test_an_ensemble_is_the_same_stage_as_its_keys(kind, words, keys):
    assert stage_of(words, kind) == stage_of(keys, kind)


def test_a_deck_in_python_writes_an_ensemble_out():
    barostat = {"pressure": "1 bar"}
    stage = {"kind": "equilibrate", "steps": 5, "temperature": "450 K", "ensemble": "npt", "barostat": barostat}
    liquid = {"x_K": 0.67, "temperature": "450 K", "atoms": 60}
    deck = Deck(model={"potential": "nak-2016"}, structure={"liquid": liquid}, stage=[stage])
    assert deck.stage[0].ensemble == "bussi"
    assert Deck.from_text(deck.to_toml()) == deck


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('ensemble = "npt"', 'ensemble = "npt" and so needs a pressure: write barostat = { pressure = "1 bar" }'),
        (f'ensemble = "nvt"\n{BAROSTAT}', 'keeps the volume, and a barostat, which changes it; write ensemble = "npt"'),
        ('ensemble = "NVT"', 'Did you mean "nvt"? Available: andersen,'),
        ('ensemble = "canonical"', 'Did you mean "nvt"?'),
        ('ensemble = "nvt"\nchain = 3', 'has chain, which "bussi" does not use; remove it, or choose "nose-hoover"'),
        (
            'ensemble = "nvt"\n[[stage.bath]]\ngroup = "Na"\ntemperature = "450 K"',
            'has ensemble = "nvt" and [[stage.bath]]: remove one of the two',
        ),
    ],
)
def test_an_ensemble_that_contradicts_its_stage_is_one_message(text, message):
    with pytest.raises(DeckError) as fault:
        stage_of(text)
    assert len(fault.value.problems) == 1
    assert message in fault.value.problems[0]


def test_an_ensemble_does_not_hide_other_faults():
    with pytest.raises(DeckError) as fault:
        stage_of('ensemble = "npt"\npressure = "1 bar"\ndt = "1 fs"')
    keys, pressure, needs = sorted(fault.value.problems, key=lambda text: "npt" in text)
    assert 'unknown key "dt"' in keys
    assert 'Did you mean "timestep"?' in keys
    assert 'unknown key "pressure"' in pressure + needs
    assert 'Write barostat = { pressure = "1 bar" }, with ensemble = "npt".' in pressure + needs


def test_a_thermostat_without_temperature_is_named():
    with pytest.raises(DeckError, match='has the thermostat "bussi" and so needs temperature = "450 K"'):
        stage_of('ensemble = "nvt"', temperature="")


def test_the_schema_offers_the_ensembles():
    offered = Dynamics.model_json_schema()["properties"]["ensemble"]
    assert {"nve", "nvt", "npt", "langevin"} <= set(offered["enum"])
    assert '"npt": constant pressure and temperature' in offered["description"]


WETTED = """
[model]
potential = "nak-cn"
[structure]
carbon = { kind = "graphene", size = ["32 Å", "34 Å"], bond = "1.4388 Å" }
[structure.liquid]
x_K = 0.67
temperature = "450 K"
REGION
[[stage]]
kind = "produce"
steps = 20
temperature = "450 K"
"""


@pytest.mark.parametrize(("word", "meant"), [("on", "beside"), ("next to", "beside"), ("drop", "droplet"), ("x", None)])
def test_a_wrong_region_lists_all_regions(word, meant):
    listed = "Available: around, beside, between, bulk, droplet, inside."
    hint = f'Did you mean "{meant}"? {listed}' if meant else listed
    messages = faults_of(WETTED.replace("REGION", f'region = "{word}"'))
    assert f'deck:9: [structure.liquid] region = "{word}" is not valid. {hint}' in messages


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("msd", "diffusion"),
        ("MSD", "diffusion"),
        ("cn", "coordination"),
        ("contact angle", "contact_angle"),
        ("g(r)", "rdf"),
        ("RDF", "rdf"),
        ("velocity-autocorrelation", "vacf"),
        ("pmf", "free_energy_profile"),
    ],
)
def test_other_names_of_quantities(word, meant):
    message = faults_of(
        f'{LIQUID}[[stage]]\nkind = "produce"\nsteps = 20\ntemperature = "450 K"\n[analysis]\nquantities = ["{word}"]\n'
    )[0]
    assert message.endswith(f'entry 1 = "{word}" is not valid. Did you mean "{meant}"?')
    with pytest.raises(AnalysisError, match=f'Did you mean "{meant}"'):
        standard_analyses(graphene(repeats=(3, 2)).topology, [word])


def words_of(annotation, found):
    """Collect the keys, and the values that are words, of a part of the JSON schema."""
    if isinstance(annotation, dict):
        found |= set(annotation.get("properties", ())) | set(annotation.get("enum", ()))
        found |= {annotation["const"]} if "const" in annotation else set()
        for part in annotation.values():
            words_of(part, found)
    elif isinstance(annotation, list):
        for part in annotation:
            words_of(part, found)
    return found


def test_synonyms_lead_to_words_of_a_deck_and_are_none_themselves():
    known = words_of(DeckTables.model_json_schema(), set())
    assert set(SYNONYMS.values()) <= known
    assert set(QUANTITY_SYNONYMS.values()) <= set(QUANTITIES)
    for word, meant in SYNONYMS.items():
        assert word == " ".join(word.lower().replace("_", " ").replace("-", " ").split())
        assert did_you_mean(word, [meant, "zzz"], SYNONYMS) == f'Did you mean "{meant}"?'


def test_a_synonym_that_is_not_allowed_here_is_not_suggested():
    assert did_you_mean("msd", ["xyz"], SYNONYMS) == "Available: xyz."


@pytest.mark.parametrize(
    ("structure", "message"),
    [
        (
            'file = "a.xyz"',
            'deck:5: [structure] file = "a.xyz" is not valid. Write a table, such as { path = "a.xyz" }.',
        ),
        ("file = 3", "deck:5: [structure] file = 3 is not valid. Write a table, such as { path = ... }."),
        (
            "carbon = 3",
            'deck:5: [structure] carbon = 3 is not valid. Write a table, such as { kind = "nanotube", ... }.',
        ),
    ],
)
def test_a_value_in_place_of_a_table_shows_the_table(structure, message):
    rest = '[[stage]]\nkind = "produce"\nsteps = 20\ntemperature = "450 K"\n'
    assert faults_of(f'\n[model]\npotential = "nak-2016"\n[structure]\n{structure}\n{rest}')[0] == message


def test_every_table_has_an_example():
    def sections(kind):
        for below in kind.__subclasses__():
            yield below
            yield from sections(below)

    for table in sections(Section):
        assert example_table(table).startswith("{ ")
    assert example_table(BarostatSection) == "{ pressure = ... }"


@pytest.mark.parametrize(
    ("structure", "larger"),
    [
        (
            'carbon = { kind = "graphene", size = ["8 Å", "40 Å"] }\n'
            'liquid = { region = "beside", x_K = 0.67, temperature = "450 K" }',
            'size = ["23 Å", "39 Å"] in [structure.carbon]',
        ),
        (
            'carbon = { kind = "nanotube", chirality = [10, 10], length = "10 Å" }\n'
            'liquid = { region = "around", x_K = 0.67, temperature = "450 K" }',
            'length = "30 Å" in [structure.carbon]',
        ),
        (
            'carbon = { kind = "nanotube", chirality = [5, 5], length = "30 Å", axis = "x" }\n'
            'liquid = { region = "around", x_K = 0.67, temperature = "450 K", thickness = "5 Å" }',
            'thickness = "9 Å" in [structure.liquid]',
        ),
        ('crystal = { element = "K", repeat = [3, 4, 5] }', "repeat = [4, 4, 5] in [structure.crystal]"),
        ('liquid = { x_K = 0.67, temperature = "450 K", atoms = 60 }', "atoms = 100 in [structure.liquid]"),
    ],
)
def test_a_cell_that_is_too_small_is_enlarged_by_its_own_keys(structure, larger):
    text = (
        f'[model]\npotential = "nak-cn"\n[structure]\n{structure}\n[[stage]]\nkind = "produce"\nsteps = 20\n'
        'temperature = "450 K"\n'
    )
    message = fault_of(text)
    assert "the cell is too small for the cutoff of" in message
    assert message.endswith(f"Write {larger}.")
    table = larger.rpartition("[structure.")[2].rstrip("]")
    key, _, value = larger.partition(" in ")[0].partition(" = ")
    assert not make_plan(with_settings(DeckSource.parse(text), [f"structure.{table}.{key}={value}"])).faults


def test_a_droplet_by_its_radius_is_the_cap_of_a_sphere():
    sheet = graphene(lengths=(62.0, 62.0), vacuum=30.0)
    radius, angle = 22.0, 70.0
    system = droplet_on_sheet(sheet, 0.67, 450.0, radius=radius, contact_angle=angle, seed=1)
    # the part of the sphere above the layer that the wall keeps free: a cap of the height h, π h² (R - h/3)
    height = radius * (1.0 - math.cos(math.radians(angle))) - WALL_EXCLUSION
    volume = math.pi * height**2 * (radius - height / 3.0)
    n_atoms = sum(int(np.count_nonzero(system.topology.select(metal))) for metal in ("Na", "K"))
    assert set(METALS) >= {"Na", "K"}
    # the volume is counted on a grid of 0.5 Å: off by a part of the surface cells
    assert n_atoms == pytest.approx(volume * number_density(0.67, nak_density(0.67, 450.0)), rel=0.05)
    again = droplet_on_sheet(sheet, 0.67, 450.0, n_atoms=n_atoms, contact_angle=angle, seed=1)
    assert np.count_nonzero(again.topology.select("K")) == np.count_nonzero(system.topology.select("K"))


def test_a_deck_gives_the_radius_of_a_droplet():
    text = WETTED.replace("REGION", 'region = "droplet"\nradius = "12 Å"\ncontact_angle = "90 deg"')
    plan = make_plan(DeckSource.parse(text))
    assert not plan.faults
    assert 20 < int(np.count_nonzero(plan.system.topology.select("liquid"))) < 60


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ('region = "droplet"', 'has region = "droplet" and neither atoms nor radius; write atoms = 1500 or radius ='),
        ('region = "droplet"\natoms = 9\nradius = "9 Å"', "and both atoms and radius; write atoms = 1500 or radius ="),
        ('region = "beside"\nradius = "9 Å"', 'radius is not used here: region = "beside" is not a droplet.'),
        (
            'region = "droplet"\ndiameter = "9 Å"',
            'unknown key "diameter" in [structure.liquid]. Did you mean "radius"?',
        ),
        (
            'region = "droplet"\nradius = "30 Å"',
            "A droplet with a radius of 30 Å is 60.0 Å long along x, but only 32.4 Å are free. Enlarge the cell or "
            "make the droplet smaller. The cell follows from size in [structure.carbon] and vacuum in [structure.box].",
        ),
        ('region = "droplet"\nradius = "20 µm"', "radius of 2e+05 Å is too long"),
    ],
)
def test_a_radius_that_cannot_be_used_is_one_message(region, message):
    assert message in fault_of(WETTED.replace("REGION", region))


def test_a_radius_that_is_too_small_is_mended_by_itself():
    text = fault_of(WETTED.replace("REGION", 'region = "droplet"\nradius = "0.3 Å"'))
    assert text.endswith("less than one atom. Give a larger radius."), "no word on the cell"


def test_a_droplet_needs_one_size():
    for size in ({}, {"n_atoms": 9, "radius": 9.0}):
        with pytest.raises(StructureError, match="needs either a number of atoms or a radius"):
            droplet_on_sheet(graphene(lengths=(40.0, 40.0)), 0.67, 450.0, **size)


def test_no_deck_on_standard_input(command, monkeypatch):
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b" \n")))
    code, out, error = command("run", "-")
    assert (code, out) == (2, "")
    assert error.strip().count("\n") == 0
    assert "Standard input is empty" in error
    assert "`cat deck.toml | nakmd run -`" in error


def test_a_draft_repairs_a_synonym():
    draft, problems = read_draft(DeckSource.parse(WETTED.replace("REGION", 'region = "on"')).data)
    assert len(problems) == 1
    assert draft.structure.liquid.region == "beside"
    assert SHEET["kind"] in SYNONYMS.values()
