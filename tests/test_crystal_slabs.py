"""Slabs of bcc with a chosen face: geometry against ASE, groups, the deck, lattice constants by temperature."""

import copy
import tomllib

import numpy as np
import pytest
from ase import Atoms
from ase.build import bcc100, bcc110, bcc111
from ase.neighborlist import neighbor_list

from nakmd.deck.deck import Deck
from nakmd.errors import InputError, StructureError
from nakmd.potentials.library import read_set, warm_lattice, warm_lattice_range
from nakmd.runs.plan import make_plan
from nakmd.runs.planned_size import plan_size
from nakmd.structures import crystal_slab

A = 5.33
SLAB = {
    "element": "K",
    "face": "110",
    "repeat": [5, 4],
    "layers": 8,
    "temperature": "300 K",
    "fixed_layers": 2,
    "bath_layers": 3,
}
STAGE = {"kind": "equilibrate", "steps": 10, "timestep": "3 fs", "temperature": "300 K"}


def plan_of(crystal, potential="nak", **more):
    model = {"potential": potential} if isinstance(potential, str) else potential
    structure = {"crystal": copy.deepcopy(crystal), **more.pop("box", {})}
    return make_plan(Deck(model=model, structure=structure, stage=[STAGE], **more))


@pytest.mark.parametrize(
    ("face", "repeats", "layers", "reference"),
    [
        ("100", (3, 4), 5, lambda: bcc100("K", (3, 4, 5), a=A, vacuum=12.0)),
        # the rectangular cell of ASE is √2 a/2 wide along y and needs an even number of them
        ("110", (3, 4), 5, lambda: bcc110("K", (3, 8, 5), a=A, vacuum=12.0, orthogonal=True)),
        # that of ASE is half of ours along y
        ("111", (3, 2), 7, lambda: bcc111("K", (3, 4, 7), a=A, vacuum=12.0, orthogonal=True)),
    ],
)
def test_slabs_agree_with_ase(face, repeats, layers, reference):
    slab, theirs = crystal_slab("K", face, repeats, layers, A, vacuum=12.0), reference()
    ours = Atoms(["K"] * slab.n_atoms, slab.positions, cell=slab.cell.matrix)
    assert len(ours) == len(theirs)
    assert sorted(slab.cell.lengths[:2]) == pytest.approx(sorted(theirs.cell.lengths()[:2]), abs=1e-12)
    assert np.unique(ours.positions[:, 2].round(9)) == pytest.approx(
        np.unique((theirs.positions[:, 2] - theirs.positions[:, 2].min() + 12.0).round(9)), abs=1e-9
    )
    assert slab.cell.lengths[2] == pytest.approx(np.ptp(theirs.positions[:, 2]) + 24.0)
    theirs.pbc = ours.pbc = (True, True, False)
    # the distances up to 2.1 a of the atoms of every layer, from the bottom: the same stacking
    for system in (ours, theirs):
        system.info["of"] = neighbor_list("id", system, 2.1 * A)
    for height in np.unique(ours.positions[:, 2].round(9)):
        by_layer = []
        for system in (ours, theirs):
            bottom = system.positions[:, 2].min()
            members = np.abs(system.positions[:, 2] - bottom - (height - 12.0)) < 1e-6
            i, d = system.info["of"]
            by_layer.append(np.sort(d[members[i]]))
        assert by_layer[0] == pytest.approx(by_layer[1], abs=1e-9)


def test_groups_of_layers():
    slab = crystal_slab("Na", "110", (3, 2), 6, 4.3, fixed_layers=2, bath_layers=3)
    layers = [slab.groups[f"layer_{n}"] for n in range(1, 7)]
    assert [int(mask.sum()) for mask in layers] == [12] * 6
    heights = [float(slab.positions[mask, 2].mean()) for mask in layers]
    assert np.diff(heights) == pytest.approx([4.3 / np.sqrt(2.0)] * 5)
    assert np.array_equal(slab.groups["fixed"], layers[0] | layers[1])
    assert np.array_equal(slab.groups["bath"], layers[2] | layers[3] | layers[4])
    assert {"fixed", "bath"}.isdisjoint(crystal_slab("Na", "110", (3, 2), 6, 4.3).groups)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"face": "210"}, "no face"),
        ({"layers": 0}, "layers >= 1"),
        ({"vacuum": 0.0}, "a vacuum > 0"),
        ({"fixed_layers": 4, "bath_layers": 3}, "not part of a slab of 6 layers"),
    ],
)
def test_slabs_that_are_refused(change, message):
    arguments = {"face": "110", "repeats": (3, 2), "layers": 6, "lattice_constant": 4.3, **change}
    with pytest.raises(StructureError, match=message):
        crystal_slab("Na", **arguments)


def test_a_deck_builds_a_slab_at_the_lattice_of_its_model():
    box = {"vacuum": "12 Å", "periodic": [True, True, False]}
    plan = plan_of(SLAB, groups={"frozen": ["fixed"]}, box={"box": box})
    assert plan.faults == []
    deck, system, _ = plan.require()
    assert Deck(**tomllib.loads(deck.to_toml())) == deck
    a = warm_lattice("nak-2026", "K", 300.0)
    assert system.cell.lengths == pytest.approx([5 * a, 4 * np.sqrt(2.0) * a, 7 * a / np.sqrt(2.0) + 24.0])
    assert system.cell.periodic.tolist() == [True, True, False]
    assert int(system.groups["fixed"].sum()) == 2 * 40
    # the arithmetic of sizes knows the slab before it is built
    structure = deck.structure.model_copy(
        update={"crystal": deck.structure.crystal.model_copy(update={"lattice": a, "temperature": None})}
    )
    planned = plan_size(structure, 1.42)
    assert planned.n_atoms == system.n_atoms
    assert planned.lengths == pytest.approx(system.cell.lengths)


def test_where_the_warm_lattices_of_a_set_end():
    """The ends of the entries of the record; a set without entries has no range."""
    assert warm_lattice_range("johnson-oh-nak", "K") == (100.0, 250.0)
    assert warm_lattice_range("gupta-na", "Na") is None


@pytest.mark.parametrize(
    ("crystal", "message"),
    [
        ({**SLAB, "repeat": [5, 4, 3]}, "needs 2 numbers in repeat"),
        ({**SLAB, "lattice": "5.3 Å"}, "both lattice and temperature"),
        ({**SLAB, "layers": 4}, "5 fixed_layers and bath_layers, but only layers = 4"),
        ({k: v for k, v in SLAB.items() if k != "layers"}, "needs a number of layers"),
        ({k: v for k, v in SLAB.items() if k != "temperature"}, "so needs the temperature of the run"),
        ({"element": "K", "repeat": [4, 4]}, "needs 3 numbers in repeat"),
        ({"element": "K", "repeat": [4, 4, 4], "layers": 3}, "gives layers without a face"),
    ],
)
def test_decks_that_contradict_themselves(crystal, message):
    with pytest.raises(InputError) as fault:
        Deck(model={"potential": "nak"}, structure={"crystal": crystal}, stage=[STAGE])
    assert message in str(fault.value)


@pytest.mark.parametrize(
    ("crystal", "potential", "message"),
    [
        ({**SLAB, "temperature": "20 K"}, "nak", "from 100 to 325 K, not at 20 K"),
        ({**SLAB, "temperature": "300 K"}, "johnson-oh-nak", "from 100 to 250 K, not at 300 K"),
        ({**SLAB, "element": "Na"}, "gupta-na", "gupta-na has no lattice constants of Na by temperature"),
        (
            SLAB,
            {
                "terms": [
                    {"kind": "set", "name": "nak"},
                    {
                        "kind": "lennard-jones",
                        "pair": ["K", "K"],
                        "epsilon": "1 meV",
                        "sigma": "3 Å",
                        "cutoff": "6 Å",
                        "cut": "cut",
                        "replace": True,
                    },
                ]
            },
            "only if one parameter set of the library alone acts between K atoms",
        ),
    ],
)
def test_a_model_that_does_not_know_its_lattice(crystal, potential, message):
    faults = plan_of(crystal, potential).faults
    assert len(faults) == 1
    assert message in faults[0]
    assert 'lattice = "' in faults[0] or "give the lattice constant" in faults[0]


def test_a_member_has_the_lattice_of_the_set_with_a_note():
    plan = plan_of(SLAB, {"potential": "nak", "member": 3})
    assert plan.faults == []
    assert any("of the set itself, not of its member 3" in text for text in plan.warnings)


def test_a_bulk_crystal_takes_a_temperature_too():
    system = plan_of({"element": "Na", "repeat": [4, 4, 4], "temperature": "275 K"}).require()[1]
    entries = {e.temperature: e.a for e in read_set("nak-2026").lattice if e.element == "Na"}
    assert system.cell.lengths[0] == pytest.approx(4 * (entries[250.0] + entries[300.0]) / 2)


def test_the_stored_lattice_is_that_of_the_validation():
    """Both are runs of 432 atoms with other seeds: equal within three of their joint errors."""
    for element, a, error in (("Na", 4.2967, 0.0006), ("K", 5.3280, 0.0017)):
        (entry,) = [e for e in read_set("nak-2026").lattice if (e.element, e.temperature) == (element, 300.0)]
        assert abs(entry.a - a) < 3.0 * np.hypot(entry.error, error)


def test_growth_needs_atoms_that_arrive():
    faults = plan_of(SLAB, analysis={"quantities": ["growth"]}).faults
    assert len(faults) == 1
    assert 'growth needs atoms that arrive during the run, the group "deposited"' in faults[0]
