"""Keys and entries that would have no effect are refused: a deck says what its run does."""

import copy
from datetime import timedelta

import pytest

from nakmd.deck.deck import Deck
from nakmd.deck.source import DeckSource
from nakmd.errors import DeckError, InputError
from nakmd.runs.plan import make_plan
from nakmd.runs.stored_deck import refuse_changed_deck
from nakmd.runs.walltime import deadline_of

BULK = {"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 80}}
STAGE = {"kind": "produce", "steps": 10, "temperature": "450 K"}
SHEET = {"kind": "graphene", "size": ["25 Å", "25 Å"]}
METAL = {"x_K": 0.67, "temperature": "450 K"}


def faults_of(structure=BULK, stage=STAGE, model="nak-cn", **more):
    table = {"potential": model} if isinstance(model, str) else model
    try:
        deck = Deck(model=table, structure=copy.deepcopy(structure), stage=[stage], **more)
    except DeckError as error:
        return [str(error)]
    return make_plan(deck).faults


@pytest.mark.parametrize(
    ("none", "message"),
    [
        ([["Na", "K"]], "declares that Na and K do not interact, but"),
        ([["Na", "K"], ["K", "K"]], "declares that K and K do not interact, but"),
    ],
)
def test_a_pair_that_a_term_covers_cannot_be_declared_not_to_interact(none, message):
    faults = faults_of(model={"potential": "nak", "none": none})
    assert len(faults) == len(none)
    assert message in faults[-1]
    assert "[[model.terms]]" in faults[-1]


def test_a_pair_without_a_term_is_declared_not_to_interact():
    wet = {"carbon": SHEET, "liquid": {"region": "beside", "thickness": "20 Å", **METAL}}
    none = [[metal, "C"] for metal in ("Na", "K")]
    stage = {**STAGE, "group": "liquid"}
    terms = [{"kind": "set", "name": "nak"}, {"kind": "set", "name": "cn"}]
    assert faults_of(wet, stage, {"terms": terms, "none": none}) == []


@pytest.mark.parametrize(
    ("structure", "message"),
    [
        ({"carbon": {**SHEET, "gap": "35 Å"}}, "[structure.carbon] gap is not used here"),
        ({"carbon": {**SHEET, "stacking": "AA"}}, "[structure.carbon] stacking is not used here"),
        ({"carbon": {**SHEET, "doping": {"distance": "5 Å"}}}, "[structure.carbon.doping] distance is not used here"),
        (
            {"carbon": {**SHEET, "doping": {"graphitic": 0.02, "nitrogens_per_site": 1}}},
            "[structure.carbon.doping] nitrogens_per_site is not used here",
        ),
        (
            {"carbon": {**SHEET, "layers": 2, "gap": "35 Å"}, "liquid": {"region": "between", **METAL}},
            "[structure.carbon] gap is not used here",
        ),
        ({"liquid": {**BULK["liquid"], "contact_angle": "60 deg"}}, "[structure.liquid] contact_angle is not used"),
    ],
)
def test_keys_of_the_structure_without_effect(structure, message):
    faults = faults_of(structure)
    assert len(faults) == 1, faults
    assert message in faults[0]


def test_a_group_has_one_tether():
    tethers = [{"group": "C", "spring": "1 eV/Å²"}, {"group": "C", "spring": "5 eV/Å²"}]
    faults = faults_of({"carbon": SHEET}, groups={"tethered": tethers})
    assert len(faults) == 1
    assert '"C" already has a tether, of 1 eV/Å²' in faults[0]


def test_only_the_copy_in_the_folder_of_the_run_may_be_missing(tmp_path):
    refuse_changed_deck("", tmp_path / "deck.toml", is_copy=True)
    with pytest.raises(InputError, match="There is no deck"):
        refuse_changed_deck("", tmp_path / "deck.toml", is_copy=False)


@pytest.mark.parametrize(("atoms", "fatal"), [(400, False), (100, True)])
def test_number_of_atoms_in_given_lengths_is_a_density(atoms, fatal):
    """With 33.8 amu per atom in (40 Å)³: 400 atoms are 0.351 g/cm³, 100 are 0.0877 g/cm³."""
    liquid = {"x_K": 0.67, "temperature": "450 K", "atoms": atoms}
    plan = make_plan(
        Deck(model={"potential": "nak"}, structure={"liquid": liquid, "box": {"lengths": ["40 Å"] * 3}}, stage=[STAGE])
    )
    found = [text for text in (plan.faults if fatal else plan.warnings) if "[structure.liquid]" in text]
    assert len(found) == 1
    assert f"density of {'0.0877' if fatal else '0.351'} g/cm³" in found[0]


@pytest.mark.parametrize("option", [{"tau": "1 ps"}, {"group": "K"}])
def test_constant_energy_has_no_options_of_a_thermostat(option):
    stage = {"kind": "produce", "steps": 10, "ensemble": "nve", "velocities": "450 K", **option}
    assert f"has {next(iter(option))}, which belongs to a thermostat" in faults_of(stage=stage)[0]


@pytest.mark.parametrize("walltime", [600, 0.0, float("nan"), timedelta(-1)])
def test_a_wall_time_of_python_is_a_text_or_a_positive_timedelta(walltime):
    with pytest.raises(InputError, match="is not a positive time"):
        deadline_of(walltime)


CRYSTAL = {"element": "Na", "repeat": [3, 3, 3]}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"analysis": {"every": 5}}, 'every is not used here: when = "after"'),
        ({"analysis": {"start": "1 ps"}}, "start is 1 ps, and the run ends at 0.01 ps"),
        ({"structure": {"crystal": {**CRYSTAL, "substitute": {"element": "K", "fraction": 0.005}}}}, "half an atom"),
        ({"structure": {"crystal": {**CRYSTAL, "substitute": {"element": "Na", "count": 1}}}}, "the same species"),
        ({"structure": {"crystal": {**CRYSTAL, "element": "Fe"}}}, 'in a deck lattice = "4.29 Å"'),
        ({"structure": {"liquid": {**METAL, "temperature": "2000 K", "atoms": 80}}}, "or a density instead"),
    ],
)
def test_what_has_no_effect_or_no_value_is_one_fault_with_a_remedy_that_works(more, message):
    faults = faults_of(**{"model": "nak", **more})
    assert any(message in fault for fault in faults), faults


def test_smooth_from_belongs_to_a_smooth_cut():
    pair = {"kind": "lennard-jones", "pair": ["Na", "Na"], "epsilon": "0.05 eV", "sigma": "3 Å", "cutoff": "8 Å"}
    with pytest.raises(DeckError, match='has smooth_from, which cut = "shift" does not use'):
        Deck(model={"terms": [{**pair, "smooth_from": "7 Å"}]}, structure=BULK, stage=[STAGE])
    Deck(model={"terms": [{**pair, "smooth_from": "7 Å", "cut": "smooth"}]}, structure=BULK, stage=[STAGE])


def test_stages_are_known_by_the_names_that_the_run_gives_them():
    twice = [{**STAGE, "name": "a"}, {**STAGE, "name": "a"}]
    deck = Deck(model={"potential": "nak"}, structure=BULK, stage=twice, analysis={"stages": ["a 2"]})
    assert make_plan(deck).faults == []


def test_lines_are_those_of_the_deck_also_with_another_seed():
    """Without a seed in the deck, one is written before its first line."""
    text = '[model]\npotential = "nak"\n[structure.liquid]\nx_K = 5\n'
    source = DeckSource.parse(text, "own.toml")
    assert source.lines.find(("structure", "liquid", "x_K")) == 4
    seeded = source.with_seed(3)
    assert seeded.text.startswith("seed = 3\n")
    assert seeded.lines.find(("structure", "liquid", "x_K")) == 4
    again = seeded.with_seed(4)
    assert again.data["seed"] == 4
    assert again.lines.find(("structure", "liquid", "x_K")) == 4
