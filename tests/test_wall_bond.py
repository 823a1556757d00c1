"""The bond of a carbon wall is that of the model, and a strain is noted."""

from pathlib import Path

import numpy as np
import pytest
from ase.build import molecule

import nakmd
from nakmd.cell import Cell
from nakmd.deck.deck import Deck
from nakmd.io.extxyz import write_extxyz
from nakmd.potentials import Hybrid, LennardJones
from nakmd.potentials.library import load, names
from nakmd.runs import wall_bond
from nakmd.runs.estimate import estimate
from nakmd.runs.plan import make_plan
from nakmd.runs.wall_strain import mean_bond, wall_strain
from nakmd.structures.bond_network import find_bonds
from nakmd.structures.graphene import graphene
from nakmd.structures.nanotube import TubeGeometry, nanotube
from nakmd.system import System
from nakmd.units import BAR_PER_EV_A3

DATA = Path(__file__).parent / "data"
#: C-C bond [Å] without stress in "cn".
BOND = 1.43879
RELAX = {"kind": "relax", "steps": 5}
SHEET = {"kind": "graphene", "size": ["22 Å", "21 Å"]}
TUBE = {"kind": "nanotube", "chirality": [10, 10], "length": "25 Å"}
LIQUID = {"region": "beside", "x_K": 0.67, "temperature": "450 K"}


def plan_of(carbon, model="cn", folder=None, **more):
    model = {"potential": model} if isinstance(model, str) else model
    deck = Deck(model=model, structure={"carbon": carbon, **more}, stage=[RELAX])
    return make_plan(Deck.from_text(deck.to_toml(), folder) if folder else deck)


def acting(potential):
    return [t for t in potential.terms if t.covers("C", "C") not in ("", "none") and not t.between_layers]


@pytest.mark.parametrize("name", [name for name in names() if acting(load(name))])
def test_the_stored_bonds_are_those_of_the_sets(name):
    terms = acting(load(name))
    stored = wall_bond.KNOWN[wall_bond.digest([term.describe() for term in terms])]
    assert wall_bond.minimum_of_graphene(Hybrid(terms).bind(("C",))) == stored


@pytest.mark.parametrize("name", ["cn", "nak-cn", "tersoff-1989-c"])
def test_a_sheet_with_this_bond_has_no_stress(name):
    bond = wall_bond.relaxed_bond(load(name))
    sheet = graphene(repeats=(10, 6), bond=bond, vacuum=7.5)
    result = Hybrid(acting(load(name))).bind(("C",)).evaluate(sheet)
    pressure = result.virial[:2] / sheet.cell.volume * BAR_PER_EV_A3
    # the bond is rounded to 1e-5 Å: a strain of 3.5e-6 in a sheet whose biaxial modulus in 15 Å is 4e6 bar at most
    assert np.abs(pressure).max() < 15.0
    assert np.abs(result.forces).max() < 1e-10  # by symmetry


@pytest.mark.parametrize(
    "model",
    [
        "cn",
        "cn.tersoff",
        {"terms": [{"kind": "tersoff", "file": "cn.tersoff"}]},
        {"terms": [{"kind": "set", "name": "cn"}, {"kind": "set", "name": "nak"}]},
    ],
)
def test_the_default_comes_from_the_model(model):
    """1.4388 Å: Lindsay & Broido, Phys. Rev. B 81, 205441 (2010), whose C-C numbers all of these models have."""
    plan = plan_of(SHEET, model, DATA)
    assert plan.faults == []
    assert plan.warnings == []
    assert mean_bond(plan.system) == pytest.approx(1.4388, abs=5e-5)
    assert estimate(plan, timed=False).bond == pytest.approx(1.4388, abs=5e-5)


def test_another_model_gives_another_bond():
    """1.4606 Å is the bond of graphene in Tersoff's carbon of 1989."""
    assert mean_bond(plan_of(SHEET, "tersoff-1989-c").system) == pytest.approx(1.4606, abs=5e-5)


def test_a_tube_has_the_bond_of_the_sheet():
    """The pressure along the axis is that of curvature: 0.14 % of strain, where 1.42 Å would give 1.3 %."""
    plan = plan_of(TUBE)
    tube = TubeGeometry(10, 10, plan.bond)
    assert plan.system.cell.lengths[2] == pytest.approx(10 * tube.period, abs=1e-9)
    virials = {}
    for bond in (None, "1.42 Å"):
        built = plan_of({**TUBE, "bond": bond} if bond else TUBE)
        virials[bond] = built.potential.bind(built.system.species_names).evaluate(built.system).virial[2]
    # without relaxation of the radius the default still has a fifth of the stress at most
    assert abs(virials[None]) < 0.2 * abs(virials["1.42 Å"])


def test_a_strain_is_noted():
    plan = plan_of({**SHEET, "bond": "1.42 Å"})
    assert plan.faults == []
    (note,) = plan.warnings
    # 1.42/1.43879 - 1 = -1.306 %
    assert "bond of 1.42 Å strains the wall by -1.31%: without stress, C-C bonds of this model have 1.43879 Å." in note
    assert plan_of({**SHEET, "bond": "1.44 Å"}).warnings == []
    assert plan_of({**SHEET, "bond": "1.432 Å"}).warnings == []
    assert len(plan_of({**TUBE, "bond": "1.431 Å"}).warnings) == 1


def test_the_run_keeps_the_note(tmp_path):
    deck = Deck(model={"potential": "cn"}, structure={"carbon": {**SHEET, "bond": "1.42 Å"}}, stage=[RELAX])
    run = nakmd.run(deck, tmp_path / "run", threads=1)
    assert any("strains the wall by -1.31%" in note for note in run.notes)


def test_a_frozen_wall_without_carbon_terms_keeps_the_measured_bond():
    terms = [{"kind": "set", "name": "nak"}]
    terms += [
        {"kind": "lennard-jones", "pair": [metal, "C"], "epsilon": "0.03 eV", "sigma": "3.3 Å", "cutoff": "9 Å"}
        for metal in ("Na", "K")
    ]
    deck = Deck(
        model={"terms": terms, "none": [["C", "C"]]},
        structure={"carbon": SHEET, "liquid": LIQUID},
        groups={"frozen": ["carbon"]},
        stage=[RELAX],
    )
    plan = make_plan(deck)
    assert plan.faults == []
    assert mean_bond(plan.system) == pytest.approx(1.42, abs=1e-9)
    assert any(
        "no term of the model gives C-C bonds a length, so the wall is built with 1.42 Å" in w for w in plan.warnings
    )


def test_a_pair_of_sheets_far_apart_is_no_bond():
    """Lennard-Jones between sheets has its minimum near 3.4 Å, outside the bonds that are searched."""
    between = LennardJones({("C", "C"): {"epsilon": 0.0024, "sigma": 3.4, "cutoff": 9.0}})
    assert wall_bond.relaxed_bond(between) is None


def test_a_wall_from_a_file_is_measured(tmp_path):
    for bond, notes in ((1.42, 1), (1.4388, 0), (1.43, 0)):
        write_extxyz(tmp_path / "sheet.xyz", graphene(repeats=(9, 5), bond=bond))
        plan = plan_of({"kind": "file", "file": "sheet.xyz", "shape": "sheet"}, "cn", tmp_path)
        assert plan.faults == []
        assert len(plan.warnings) == notes
    write_extxyz(tmp_path / "sheet.xyz", graphene(repeats=(9, 5), bond=1.42))
    (note,) = plan_of({"kind": "file", "file": "sheet.xyz", "shape": "sheet"}, "cn", tmp_path).warnings
    assert "strained by up to -1.31% (-1.31% along x, -1.31% along y): its C-C bonds have 1.42 Å on average" in note
    assert "1.43879 Å without stress in this model." in note


def stretched(system, *factors):
    """Return the system with positions and cell scaled along x, y and z."""
    system.positions *= factors
    system.cell = Cell(system.cell.matrix * np.array(factors), system.cell.periodic.tolist())
    return system


@pytest.mark.parametrize(
    ("shape", "wall", "words"),
    [
        # the mean bond of these is that without stress to a tenth of a per cent
        ("sheet", stretched(graphene(repeats=(9, 5), bond=BOND), 1.04, 0.96, 1.0), "+4.00% along x, -4.00% along y"),
        ("sheet", stretched(graphene(repeats=(9, 5), bond=BOND), 0.985, 1.015, 1.0), "-1.50% along x, +1.50% along y"),
        ("tube", stretched(nanotube(10, 10, length=20.0, bond=BOND), 1.0, 1.0, 1.02), "+2.00% along z"),
    ],
)
def test_a_strain_that_differs_between_directions_is_noted(shape, wall, words, tmp_path):
    write_extxyz(tmp_path / "wall.xyz", wall)
    plan = plan_of({"kind": "file", "file": "wall.xyz", "shape": shape}, "cn", tmp_path)
    assert plan.faults == []
    assert any(words in note for note in plan.warnings), plan.warnings


def test_displaced_sublattices_do_not_hide_a_strain():
    """Under uniaxial strain the sublattices of graphene relax against each other, so that its bonds change less."""
    sheet = graphene(repeats=(9, 5), bond=BOND)
    bonds = find_bonds(sheet.positions, sheet.cell)
    # every bond joins the two sublattices, and the bonds along y are the only ones that do so upwards
    along_y = np.abs(bonds.vectors(sheet.positions, sheet.cell)) @ np.array([1.0, 0.0, 0.0]) < 1e-6
    upwards = bonds.vectors(sheet.positions, sheet.cell)[:, 1] > 0.0
    second = np.zeros(sheet.n_atoms, dtype=bool)
    second[np.where(upwards, bonds.j, bonds.i)[along_y]] = True
    strained = stretched(sheet, 1.02, 0.98, 1.0)
    strained.positions[second] += (0.02, 0.01, 0.0)
    strain = wall_strain(strained, BOND)
    assert strain.along == pytest.approx({"x": 0.02, "y": -0.02}, abs=1e-9)


def test_a_sheared_sheet_has_its_principal_strain():
    sheet = graphene(repeats=(9, 5), bond=BOND)
    shear = np.array([[1.0, 0.03, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    sheet.positions = sheet.positions @ shear
    sheet.cell = Cell(sheet.cell.matrix @ shear)
    # singular values of a simple shear γ: sqrt(1 + γ²/4) ± γ/2
    assert wall_strain(sheet, BOND).largest == pytest.approx(np.sqrt(1.0 + 0.03**2 / 4.0) + 0.015 - 1.0, abs=1e-9)


@pytest.mark.parametrize("chirality", [(5, 5), (9, 0), (10, 10), (12, 4)])
def test_a_tube_is_not_strained_by_its_curvature(chirality):
    tube = nanotube(*chirality, length=20.0, bond=BOND)
    # the arc is exact to second order in b/R; what is left is of the order (b/R)⁴/10, 0.3 % for R = 3.4 Å
    assert abs(wall_strain(tube, BOND).largest) < 0.003


def test_a_fullerene_has_the_strain_of_its_bonds():
    """A wall that is curved in two directions cannot be laid flat: its second neighbours are close without strain."""
    atoms = molecule("C60")
    system = System(atoms.positions + 10.0, np.zeros(60, dtype=np.int64), ("C",), Cell((20.0, 20.0, 20.0)))
    strain = wall_strain(system, BOND)
    # 60 bonds of 1.45 Å in pentagons, 30 of 1.39 Å between them: the mean of ASE's geometry is within 1 % of 1.43 Å
    assert strain.bond == pytest.approx(1.43, rel=0.01)
    assert strain.largest == pytest.approx(strain.bond / BOND - 1.0, abs=1e-12)
    assert strain.along == {}


def test_vibrations_are_no_strain():
    """Displacements of 0.05 Å along every axis, those of carbon at about 500 K."""
    sheet = graphene(repeats=(18, 10), bond=BOND)
    sheet.positions += np.random.default_rng(1).normal(0.0, 0.05, (sheet.n_atoms, 3))
    assert abs(wall_strain(sheet, BOND).largest) < wall_bond.NOTED_STRAIN_IN_FILE / 2.0


def test_the_builders_in_python_keep_their_argument():
    assert mean_bond(graphene(repeats=(9, 5))) == pytest.approx(1.42, abs=1e-9)
