"""Walls from files and temperatures without a density are checked before anything is built."""

import copy

import pytest

from nakmd.deck.deck import Deck
from nakmd.io.extxyz import write_extxyz
from nakmd.runs.plan import make_plan
from nakmd.runs.planned_size import plan_size
from nakmd.runs.system_builder import build_system, read_wall
from nakmd.structures.graphene import graphene
from nakmd.structures.nanotube import nanotube

STAGE = {"kind": "produce", "steps": 100, "temperature": "450 K"}
SHEET = {"kind": "graphene", "size": ["22 Å", "21 Å"]}
TUBE = {"kind": "nanotube", "chirality": [10, 10], "length": "25 Å"}
METAL = {"x_K": 0.67, "temperature": "450 K"}


def plan_of(structure):
    return make_plan(Deck(model={"potential": "nak-cn"}, structure=copy.deepcopy(structure), stage=[STAGE]))


@pytest.mark.parametrize(
    ("liquid", "box", "message"),
    [
        ({"region": "beside", "thickness": "99999 Å", "temperature": "450 K"}, {}, "the cell is 1e+05 Å long along c"),
        ({"region": "beside", "atoms": 10**12}, {}, "about 1e+12 atoms; the limit is 50,000,000."),
        ({"region": "beside", "atoms": 9 * 10**6}, {}, "are denser than any matter"),
        ({"region": "between", "atoms": 10**12}, {}, "about 1e+12 atoms"),
        ({"region": "droplet", "atoms": 10**12, "temperature": "450 K"}, {}, "about 1e+12 atoms"),
        ({"region": "beside", "density": "0.8 g/cm3"}, {"vacuum": "99999 Å"}, "long along c; the limit is 100000 Å"),
        ({"region": "beside"}, {}, "needs a temperature, a density or a number of atoms"),
    ],
)
def test_walls_from_files_are_limited_before_they_are_wetted(liquid, box, message, tmp_path, nothing_is_built):
    write_extxyz(tmp_path / "sheet.xyz", graphene(repeats=(9, 5)))
    carbon = {"kind": "file", "file": "sheet.xyz", "shape": "sheet"}
    structure = {"carbon": carbon, "liquid": {"x_K": 0.67, **liquid}} | ({"box": box} if box else {})
    deck = Deck(model={"potential": "nak-cn"}, structure=structure, stage=[STAGE])
    faults = make_plan(Deck.from_text(deck.to_toml(), tmp_path)).faults
    assert any(message in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("shape", "wall", "liquid"),
    [
        ("sheet", graphene(repeats=(9, 5)), {"region": "beside", "thickness": "25 Å"}),
        ("sheet", graphene(repeats=(9, 5), vacuum=12.0), {"region": "between"}),
        ("tube", nanotube(10, 10, length=20.0), {"region": "beside", "thickness": "25 Å"}),
        ("tube", nanotube(16, 16, length=20.0), {"region": "inside"}),
        ("tube", nanotube(10, 10, length=20.0), {"region": "around"}),
    ],
)
def test_the_planned_size_of_a_wall_from_a_file_is_an_upper_limit(shape, wall, liquid, tmp_path):
    write_extxyz(tmp_path / "wall.xyz", wall)
    carbon = {"kind": "file", "file": "wall.xyz", "shape": shape}
    deck = Deck(model={"potential": "nak-cn"}, structure={"carbon": carbon, "liquid": METAL | liquid}, stage=[STAGE])
    read = read_wall(deck.structure, tmp_path)
    planned = plan_size(deck.structure, 1.42, read)
    built = build_system(deck.structure, 1, tmp_path, wall=read)
    assert planned.lengths == pytest.approx(built.cell.lengths, abs=1e-6)
    assert planned.volume == pytest.approx(built.cell.volume, rel=1e-9)
    assert planned.wall == wall.n_atoms
    # the plan counts the space within 1.7 Å of the wall, and that within the tube, as filled; the builder counts the
    # points of a grid, whose error is 0.3 %
    assert 0.995 * (built.n_atoms - wall.n_atoms) <= planned.metal <= 2.2 * (built.n_atoms - wall.n_atoms)


@pytest.mark.parametrize(
    "structure",
    [
        {"liquid": {**METAL, "atoms": 400}},
        {"liquid": METAL, "box": {"lengths": ["20 Å", "21 Å", "22 Å"]}},
        {"carbon": {**SHEET, "layers": 3}, "liquid": {**METAL, "region": "beside"}},
        {"carbon": {**TUBE, "chirality": [3000, 3000], "length": "20000 Å"}, "liquid": {**METAL, "region": "inside"}},
        {"carbon": SHEET, "liquid": {**METAL, "region": "droplet", "atoms": 200}},
    ],
)
@pytest.mark.parametrize("temperature", ["15000 K", "200 K"])
def test_temperatures_without_a_density_are_refused_before_building(structure, temperature, nothing_is_built):
    structure = copy.deepcopy(structure)
    structure["liquid"]["temperature"] = temperature
    (fault,) = plan_of(structure).faults
    assert f"[structure.liquid] temperature of {temperature}: the density of liquid NaK is known from 250 to" in fault
    assert ("or a density instead" in fault) == (structure["liquid"].get("region") != "droplet")


def test_a_temperature_that_sets_no_density_is_not_limited():
    """With a number of atoms and a region of known size, no density is needed."""
    liquid = {**METAL, "region": "beside", "temperature": "2000 K", "atoms": 60}
    assert plan_of({"carbon": SHEET, "liquid": liquid}).faults == []
