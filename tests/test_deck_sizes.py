"""Sizes that cannot be built are refused by arithmetic, before anything is built.

The files in data/cases/20_absurd_sizes and 23_extxyz_counts are examples of this project in which a test campaign
changed one number.
"""

import copy
from pathlib import Path

import pytest

from nakmd.deck.deck import Deck
from nakmd.deck.source import DeckSource
from nakmd.errors import DeckError, StructureError
from nakmd.io import read_structure
from nakmd.runs import plan as planning
from nakmd.runs.footprint import estimate_output
from nakmd.runs.plan import make_plan
from nakmd.runs.planned_size import plan_size
from nakmd.runs.system_builder import build_system

CASES = Path(__file__).parent / "data" / "cases"
STAGE = {"kind": "produce", "steps": 100, "temperature": "450 K"}
SHEET = {"kind": "graphene", "size": ["22 Å", "21 Å"]}
TUBE = {"kind": "nanotube", "chirality": [10, 10], "length": "25 Å"}
METAL = {"x_K": 0.67, "temperature": "450 K"}


def plan_of(structure, stage=STAGE, **more):
    deck = Deck(model={"potential": "nak-cn"}, structure=copy.deepcopy(structure), stage=[stage], **more)
    return make_plan(deck)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tube_bond", ":13: [structure.carbon] bond of 1e+09 Å is not that of a carbon wall: it must be from 1.2 to"),
        ("tube_length", ":12: [structure.carbon] length of 1e+30 Å is too long: the limit is 100000 Å (10 µm)."),
        ("slow_build_2", ":24: [structure.box] vacuum of 2.15e+09 Å is too long: the limit is 100000 Å (10 µm)."),
    ],
)
def test_cases_of_the_campaign(name, message, nothing_is_built):
    faults = make_plan(DeckSource.read(CASES / "20_absurd_sizes" / f"{name}.toml")).faults
    assert len(faults) == 1
    assert message in faults[0]


def test_a_long_build_is_announced_before_it_begins(monkeypatch):
    """A (300,400) tube filled with liquid is possible: 340,000 atoms, for which the user has to wait."""
    announced = []

    def build(*_):
        raise StructureError("not in this test")

    monkeypatch.setattr(planning, "build_system", build)
    text = (CASES / "20_absurd_sizes" / "slow_build_1.toml").read_text(encoding="utf-8")
    source = DeckSource.parse(text.replace('length = "5 Å"', 'length = "100 Å"'))
    make_plan(source, announce=lambda n_atoms, seconds: announced.append((n_atoms, seconds)))
    ((n_atoms, seconds),) = announced
    # four periods of 4 (n² + nm + m²)/100 = 14,800 atoms of carbon; pi R² L = 4.8e6 Å³ with R = 241 Å, L = 26.3 Å, at
    # 0.0148 atoms/Å³
    assert n_atoms == pytest.approx(4 * (14_800 + 4.8e6 * 0.0148), rel=0.02)
    assert seconds > planning.LONG_BUILD


@pytest.mark.parametrize(
    ("structure", "message"),
    [
        ({"liquid": {**METAL, "atoms": 10**9}}, "the structure has about 1e+09 atoms; the limit is 50,000,000."),
        ({"liquid": METAL, "box": {"lengths": ["5 µm", "5 µm", "5 µm"]}}, "atoms; the limit is 50,000,000."),
        ({"liquid": METAL, "box": {"lengths": ["50 Å", "50 Å", "5 cm"]}}, "lengths of 5e+08 Å is too long"),
        ({"liquid": {"x_K": 0.67, "density": "1e-30 g/cm3", "atoms": 80}}, "the cell is"),
        ({"liquid": {**METAL, "atoms": 10**6}, "box": {"lengths": ["3 Å", "3 Å", "3 Å"]}}, "denser than any matter"),
        ({"crystal": {"element": "Na", "repeat": [10**6, 10**6, 10**6]}}, "the structure has about 2e+18 atoms"),
        ({"crystal": {"element": "Na", "repeat": [1, 1, 10**5]}}, "the cell is 4.29e+05 Å long along c"),
        ({"crystal": {"element": "Na", "repeat": [9, 9, 9], "lattice": "1e-5 Å"}}, "gives each atom 5e-16 Å³"),
        ({"carbon": {**SHEET, "layers": 10**9}}, "atoms; the limit is 50,000,000."),
        ({"carbon": {**SHEET, "size": ["1 m", "21 Å"]}}, "size of 1e+10 Å is too long"),
        ({"carbon": {**SHEET, "layers": 30, "gap": "1 µm"}}, "long along c; the limit is 100000 Å"),
        ({"carbon": {**SHEET, "bond": "1e-9 Å"}}, "must be from 1.2 to 1.75 Å"),
        ({"carbon": {**TUBE, "chirality": [9999, 9998]}}, "atoms; the limit is 50,000,000."),
        (
            {"carbon": {**TUBE, "length": "90000 Å", "doping": {"graphitic": 0.01, "distance": "500 Å"}}},
            "pairs within it; the limit is 5e+07",
        ),
        ({"carbon": SHEET, "liquid": {**METAL, "region": "droplet", "atoms": 10**11}}, "about 1e+11 atoms"),
        ({"carbon": SHEET, "liquid": {**METAL, "region": "beside", "thickness": "1 mm"}}, "thickness of 1e+07 Å"),
    ],
)
def test_structures_beyond_the_limits(structure, message, nothing_is_built):
    faults = plan_of(structure).faults
    assert any(message in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"stage": [{**STAGE, "steps": 10**400}]}, "must be at most 1e+12"),
        (
            {"stage": [{"kind": "produce", "duration": "1e300 ps", "temperature": "450 K"}]},
            "the limit is 1e+12 steps",
        ),
        (
            {"stage": [{"kind": "produce", "duration": "1 ps", "timestep": "1e-300 fs", "temperature": "450 K"}]},
            "the limit is 1e+12 steps",
        ),
        ({"stage": [{"kind": "relax", "steps": 10**20}]}, "must be at most 1e+12"),
        ({"structure": {"carbon": {**TUBE, "chirality": [10**200, 3]}}}, "must be at most 10000"),
        ({"structure": {"crystal": {"element": "Na", "repeat": [1, 1, 10**30]}}}, "must be at most 1e+12"),
        ({"output": {"trajectory_every": 10**30}}, "must be at most 1e+12"),
        ({"stage": [{**STAGE, "ensemble": "nose-hoover", "chain": 10**12}]}, "must be at most 1000"),
        (
            {
                "model": {
                    "terms": [
                        {
                            "kind": "lennard-jones",
                            "pair": ["K", "K"],
                            "epsilon": "0.03 eV",
                            "sigma": "3.3 Å",
                            "cutoff": "1e300 Å",
                        }
                    ]
                }
            },
            "must be at most 100",
        ),
    ],
)
def test_counts_beyond_the_limits(tables, message):
    with pytest.raises(DeckError) as caught:
        Deck(
            **{"model": {"potential": "nak"}, "structure": {"liquid": {**METAL, "atoms": 80}}, "stage": [STAGE]}
            | tables
        )
    assert message in str(caught.value)


def test_memory_and_disk_are_refused_before_building(monkeypatch, nothing_is_built):
    monkeypatch.setattr("nakmd.runs.footprint.available_memory", lambda: 1e9)
    faults = plan_of({"liquid": {**METAL, "atoms": 2_000_000}}).faults
    assert any("2000000 atoms need about" in fault and "1 GB are free" in fault for fault in faults), faults
    stage = {**STAGE, "steps": 10**11}
    faults = plan_of({"liquid": {**METAL, "atoms": 1000}}, stage, output={"trajectory_every": 1}).faults
    assert any("1e+11 frames need about" in fault for fault in faults), faults


def test_a_file_is_not_repeated_beyond_the_limits(tmp_path):
    (tmp_path / "k.xyz").write_text('1\nLattice="5 0 0 0 5 0 0 0 5" pbc="T T T"\nK 0 0 0\n')
    text = '[model]\npotential = "nak"\n[structure.file]\npath = "k.xyz"\nrepeat = [1000, 1000, 1000]\n'
    text += '[[stage]]\nkind = "relax"\n'
    faults = make_plan(DeckSource.parse(text, folder=tmp_path)).faults
    assert (
        "deck:3: repeat = [1000, 1000, 1000]: 1e+09 copies of 1 atoms are 1e+09 atoms; the limit is 50,000,000."
        in faults[0]
    )


@pytest.mark.parametrize(
    ("lattice", "message"),
    [
        (
            "0.01 0 0 0 900 0 0 0 900",
            "is periodic along vector a, but only 0.01 Å thick there; at least 0.1 Å are needed",
        ),
        ("1e7 0 0 0 9 0 0 0 9", "the cell is 1e+07 Å long along a; the limit is 100000 Å"),
    ],
)
def test_cells_of_files_beyond_the_limits(lattice, message, tmp_path):
    (tmp_path / "k.xyz").write_text(f'1\nLattice="{lattice}" pbc="T T T"\nK 0 0 0\n')
    text = '[model]\npotential = "nak"\n[structure.file]\npath = "k.xyz"\n[[stage]]\nkind = "relax"\n'
    faults = make_plan(DeckSource.parse(text, folder=tmp_path)).faults
    assert any(message in fault for fault in faults), faults


def test_right_counts_are_read(tmp_path):
    frame = '2\nLattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3 pbc="T T T"\nK 0 0 0\nNa 4 4 4\n'
    (tmp_path / "two.xyz").write_text(frame * 2 + "\n")
    assert read_structure(tmp_path / "two.xyz").n_atoms == 2


@pytest.mark.parametrize(
    "structure",
    [
        {"liquid": {**METAL, "atoms": 100}},
        {"liquid": METAL, "box": {"lengths": ["20 Å", "21 Å", "22 Å"], "vacuum": "8 Å"}},
        {"liquid": {**METAL, "atoms": 100, "thickness": "15 Å"}, "box": {"vacuum": "8 Å"}},
        {"crystal": {"element": "K", "repeat": [3, 4, 5]}},
        {"carbon": TUBE},
        {"carbon": TUBE, "liquid": {**METAL, "region": "around", "thickness": "10 Å"}},
        {"carbon": {**TUBE, "chirality": [16, 16]}, "liquid": {**METAL, "region": "inside"}},
        {"carbon": TUBE, "liquid": {**METAL, "region": "beside", "thickness": "20 Å"}},
        {"carbon": {**SHEET, "layers": 3}},
        {"carbon": SHEET, "liquid": {**METAL, "region": "between", "thickness": "30 Å"}},
        {"carbon": {**SHEET, "layers": 2}, "liquid": {**METAL, "region": "between", "thickness": "30 Å"}},
        {"carbon": SHEET, "liquid": {**METAL, "region": "beside", "thickness": "25 Å"}},
    ],
)
def test_the_planned_size_is_that_of_the_built_system(structure):
    deck = Deck(model={"potential": "nak-cn"}, structure=structure, stage=[STAGE])
    planned = plan_size(deck.structure, 1.4388)
    built = build_system(deck.structure, 1, Path(), 1.4388)
    assert planned.lengths == pytest.approx(built.cell.lengths, abs=1e-6)
    wall = int(built.groups["carbon"].sum()) if "carbon" in built.groups else 0
    assert planned.wall == wall
    # the plan counts the space within 1.7 Å of the wall as filled: a fifth to a half of these narrow gaps
    assert 0.95 * (built.n_atoms - wall) <= planned.metal <= 1.7 * (built.n_atoms - wall)


def test_frames_of_a_relaxation_are_counted():
    plan = plan_of(
        {"liquid": {**METAL, "atoms": 400}}, {"kind": "relax", "steps": 1000}, output={"trajectory_every": 10}
    )
    assert estimate_output(plan.draft, 400)[1] == 101


def test_time_steps_and_springs_beyond_the_limits():
    crystal = {"crystal": {"element": "Na", "repeat": [5, 5, 5]}}
    (fault,) = plan_of(crystal, {**STAGE, "timestep": "1e-200 fs"}).faults
    assert "timestep of 1e-200 fs is too short: the limit is 0.001 fs." in fault
    springs = {"tethered": [{"group": "all", "spring": "1e200 eV/Å²"}]}
    (fault,) = plan_of(crystal, {**STAGE, "timestep": "1 fs"}, groups=springs).faults
    # velocity Verlet is stable for Δt ω < 2: k < 4 m/Δt² = 4 · 22.98977 amu / (1e-3 ps)² / 9648.53 = 9531 eV/Å²
    assert "spring of 1e+200 eV/Å² on all is too stiff for a time step of 1 fs: the limit is 9.53e+03 eV/Å²." in fault
    springs["tethered"][0]["spring"] = "5 eV/Å²"
    assert plan_of(crystal, {**STAGE, "timestep": "1 fs"}, groups=springs).faults == []
