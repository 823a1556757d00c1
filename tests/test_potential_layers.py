"""Pair terms between layers: the laws of every potential, the pairs that belong to them, and LAMMPS."""

from functools import partial

import numpy as np
import pytest
from laws import VOIGT, assert_same, bits
from reference import LayersTwin
from reference import pair as formulas

from nakmd.cell import Cell
from nakmd.errors import InputError, StructureError
from nakmd.kernels.jit import set_threads
from nakmd.neighbors import Neighbors
from nakmd.potentials import Hybrid, LennardJones, Screened, load
from nakmd.potentials.files.lammps_commands import lammps_input
from nakmd.structures import combine, graphene, nanotube, placed, rotated, with_layers
from nakmd.system import Result, System

NUMBERS = {"epsilon": 0.0024, "sigma": 3.4148, "cutoff": 7.0, "cut": "smooth"}
TERM = LennardJones({("C", "C"): NUMBERS}, label="layers", between_layers=True)
TWIN = partial(LayersTwin, partial(formulas.lennard_jones, epsilon=0.0024, sigma=3.4148), 7.0, "smooth")


def shaken(system, seed=1, shake=0.05):
    """Return the system with random displacements, small against the bonds."""
    moved = system.copy()
    moved.positions += shake * np.random.default_rng(seed).normal(size=moved.positions.shape)
    return moved


def sheets(layers=2, vacuum=1.7, repeats=(2, 1), is_open=False):
    """Return stacked sheets in a small cell: with this vacuum the lowest and the highest are neighbours."""
    periodic = (True, True, not is_open)
    return shaken(graphene(repeats=repeats, layers=layers, gap=3.4, vacuum=vacuum, periodic=periodic))


def tubes(side=6.6, cut=False):
    """Return one (4,0) tube in a cell so narrow that its images are neighbours; ``cut`` by the faces of the cell."""
    tube = nanotube(4, 0, repeats=1, box=(side, side))
    if cut:
        tube.positions[:, :2] -= 0.5 * side
        tube.positions -= tube.cell.images(tube.positions) @ tube.cell.matrix
    return shaken(tube)


def crossed():
    """Return two tubes along x and y, one above the other."""
    first = nanotube(4, 0, repeats=3, box=(13.0, 13.0))
    second = rotated(first, (1.0, 0.0, 0.0), 90.0)
    first = rotated(first, (0.0, 1.0, 0.0), 90.0)
    length = float(first.cell.lengths[2])
    cell = Cell([length, length, 24.0])
    middle = 0.5 * length
    return shaken(combine([placed(first, (middle, middle, 6.0)), placed(second, (middle, middle, 12.6))], cell))


CASES = {
    "two sheets, open": partial(sheets, is_open=True),
    "graphite, two sheets": sheets,
    "graphite, one sheet and its image": lambda: sheets(1),
    "three sheets": lambda: sheets(3),
    "a tube and its images": tubes,
    "a tube cut by the faces": lambda: tubes(cut=True),
    "crossed tubes": crossed,
}


def computed(evaluator, system, skin=0.3):
    """Return the result and the virials by atom of a system."""
    neighbors, result = Neighbors(evaluator.requests, skin), Result(system.n_atoms)
    neighbors.update(system)
    virials = np.zeros((system.n_atoms, 3, 3))
    evaluator.compute(system, neighbors, result, virials=virials)
    return result, virials


@pytest.fixture(scope="module")
def evaluator():
    return TERM.bind(("C",))


@pytest.mark.parametrize("case", CASES)
def test_equals_the_twin(case, evaluator):
    """The twin has no layers: it connects bonds in a block of images."""
    system = with_layers(CASES[case]())
    found, virials = computed(evaluator, system)
    twin = TWIN(blocks=1 if case == "crossed tubes" else 2).compute(system)
    assert np.count_nonzero(twin.energies) > 0.7 * system.n_atoms
    assert_same(found, twin)
    assert np.abs(virials - twin.virials).max() < 1e-10 * (1.0 + np.abs(twin.virials).max())


@pytest.mark.parametrize("case", ["three sheets", "a tube and its images"])
def test_derivatives(case, evaluator):
    """Central differences at h = 1e-5, as for every potential: forces and virial to 1e-6."""
    system, h = with_layers(CASES[case]()), 1e-5
    result, virials = computed(evaluator, system)
    rng = np.random.default_rng(2)
    direction = rng.normal(size=system.positions.shape)
    direction /= np.linalg.norm(direction)
    energies = []
    for step in (h, -h):
        moved = system.copy()
        moved.positions += step * direction
        energies.append(evaluator.evaluate(moved).energy)
    slope = (energies[0] - energies[1]) / (2.0 * h)
    assert abs(np.sum(result.forces * direction) + slope) < 1e-6 * np.linalg.norm(result.forces)
    scale = np.abs(result.virial).max()
    for voigt, (a, b) in enumerate(VOIGT):
        energies = []
        for step in (h, -h):
            strain = np.eye(3)
            strain[a, b] += 0.5 * step
            strain[b, a] += 0.5 * step
            cell = Cell(system.cell.matrix @ strain, system.cell.periodic)
            deformed = System(system.positions @ strain, system.species, ("C",), cell, groups=system.groups)
            energies.append(evaluator.evaluate(deformed).energy)
        assert abs(result.virial[voigt] + (energies[0] - energies[1]) / (2.0 * h)) < 1e-6 * scale
    assert np.abs(virials.sum(axis=0)[0, 0] - result.virial[0]) < 1e-12 * np.abs(virials).sum()


def test_net_force_is_between_layers(evaluator):
    """Each sheet feels the opposite of what the other feels; inside a sheet there is no pair: one alone has none."""
    system = with_layers(sheets(is_open=True))
    forces = computed(evaluator, system)[0].forces
    lower = system.groups["layer1"]
    assert np.abs(forces[lower].sum(axis=0) + forces[~lower].sum(axis=0)).max() < 1e-12
    alone = with_layers(shaken(graphene(repeats=(4, 3), periodic=(True, True, False))))
    assert computed(evaluator, alone)[0].energy == 0.0
    neighbors = Neighbors(evaluator.requests, 0.3)
    neighbors.update(alone)
    assert len(neighbors.lists[0].entries) == 0  # not even listed


def test_bits_on_threads_and_from_a_state(evaluator):
    system = with_layers(shaken(graphene(repeats=(8, 5), layers=3, gap=3.4, vacuum=1.7)))
    found = []
    for threads in (1, 2, 4):
        set_threads(threads)
        result, virials = computed(evaluator, system)
        found.append(bits(result) + virials.tobytes())
    set_threads(2)
    assert found[0] == found[1] == found[2]
    neighbors, result = Neighbors(evaluator.requests), Result(system.n_atoms)
    neighbors.update(system)
    moved = shaken(system, 5, 0.02)
    neighbors.update(moved)
    evaluator.compute(moved, neighbors, result)
    again, resumed = Neighbors(evaluator.requests), Result(system.n_atoms)
    again.restore(moved, neighbors.state())
    evaluator.compute(moved, again, resumed)
    assert bits(result) == bits(resumed)


@pytest.mark.slow
def test_mixed_precision(evaluator):
    """Forces in float32: 1e-5 of the largest, as for every pair."""
    system = with_layers(sheets(3))
    double = computed(evaluator, system)[0].forces
    single = computed(TERM.with_precision("mixed").bind(("C",)), system)[0].forces
    assert 0.0 < np.abs(double - single).max() < 1e-5 * np.abs(double).max()


def test_lists_follow_sliding_sheets(evaluator):
    """A sheet that slides by half a cell in small steps: lists that are reused give what new ones give."""
    system = with_layers(sheets(is_open=True))
    neighbors, result = Neighbors(evaluator.requests), Result(system.n_atoms)
    for _ in range(40):
        system.positions[system.groups["layer2"]] += [0.06, 0.02, 0.0]
        neighbors.update(system)
        evaluator.compute(system, neighbors, result)
        assert_same(result, evaluator.evaluate(system), tolerance=1e-12)
    assert 1 < neighbors.n_prunings < 40


# ------------------------------------------------------------------------------------------ layers
def test_layers_of_structures():
    doped = with_layers(graphene(repeats=(4, 3), layers=3))
    assert [int(doped.groups[f"layer{k}"].sum()) for k in (1, 2, 3)] == [48, 48, 48]
    assert all(np.array_equal(doped.groups[f"layer{k}"], doped.groups[f"sheet{k}"]) for k in (1, 2, 3))


def test_a_cut_tube_is_made_whole_and_a_sheet_is_not_moved():
    cut = tubes(cut=True)
    whole = with_layers(cut)
    steps = (whole.positions - cut.positions) @ cut.cell.inverse
    assert np.allclose(steps, np.rint(steps), atol=1e-9)
    assert np.ptp(whole.positions[:, :2], axis=0).max() < 5.0 < np.ptp(cut.positions[:, :2], axis=0).min()
    assert np.array_equal(whole.positions[:, 2], cut.positions[:, 2])
    sheet = graphene(repeats=(4, 3), layers=2)
    sheet.positions[:, 0] += 3.0
    sheet.positions -= sheet.cell.images(sheet.positions) @ sheet.cell.matrix
    assert np.array_equal(with_layers(sheet).positions, sheet.positions)


def test_refusals(evaluator):
    with pytest.raises(InputError, match=r"acts between layers, and 16 of its atoms are in none.*with_layers"):
        evaluator.evaluate(sheets())
    twice = with_layers(sheets())
    twice.groups["layer2"][:] = True
    with pytest.raises(InputError, match=r"Atom 0 is in the groups layer1 and layer2"):
        evaluator.evaluate(twice)
    with pytest.raises(StructureError, match="no C or N"):
        with_layers(System([[0.0, 0.0, 0.0]], [0], ("K",), Cell([9.0] * 3)))
    gas = System(4.0 * np.array(list(np.ndindex(5, 5, 5))), [0] * 125, ("C",), Cell([20.0] * 3))
    with pytest.raises(StructureError, match="125 separate pieces; at most 100"):
        with_layers(gas)
    with pytest.raises(InputError, match="LAMMPS has no pair style between layers"):
        lammps_input(TERM, ["C"])
    with pytest.raises(InputError, match="cannot replace"):
        LennardJones({("C", "C"): NUMBERS}, between_layers=True, replace=True)
    with pytest.raises(InputError, match="both act between layers on C-C"):
        Hybrid([TERM, load("girifalco-2000-c")])
    contact = LennardJones({("K", "C"): NUMBERS}, between_layers=True)
    with pytest.raises(InputError, match="the metal is in none of them"):
        Screened(load("nak-2026"), contact, {"K": {"residual": 0.3, "rho_0": 0.1}})


def test_sum_with_the_bonds_of_the_layers():
    """Tersoff does not reach another sheet (2.1 Å), so the sum is the sum; the coverage names both."""
    bonds = load("kinaci-2012-cn")
    model = Hybrid([bonds, TERM])
    assert ("C", "C", "kinaci-2012-cn + layers") in model.coverage(["C"])
    system = with_layers(sheets(repeats=(3, 2)))
    parts = [part.bind(("C",)).evaluate(system) for part in (bonds, TERM)]
    whole = model.bind(("C",)).evaluate(system)
    assert whole.energy == pytest.approx(sum(part.energy for part in parts), abs=1e-9)
    assert np.abs(whole.forces - parts[0].forces - parts[1].forces).max() < 1e-12


# ------------------------------------------------------------------------------------------ LAMMPS
@pytest.mark.lammps
@pytest.mark.parametrize("case", ["three sheets", "crossed tubes"])
def test_lammps(case):
    """With molecules for layers, ``neigh_modify exclude`` leaves their pairs out, those with all their images.

    nakmd counts images of a layer along open directions as other layers, so the cell is long enough here.
    """
    import lammps_oracle

    system = with_layers(CASES[case]() if case == "crossed tubes" else sheets(3, vacuum=6.0, repeats=(3, 2)))
    layers = sorted(name for name in system.groups if name.startswith("layer"))
    kinds = np.sum([k * system.groups[name] for k, name in enumerate(layers)], axis=0)
    # one type for each layer: the plain form of the exclusion, without an atom style that has molecules
    typed = System(system.positions, kinds, ["C"] * len(layers), system.cell)
    term = LennardJones({("C", "C"): NUMBERS | {"cut": "shift"}}, between_layers=True)
    commands = ["pair_style lj/cut 7.0", "pair_modify shift yes", "pair_coeff * * 0.0024 3.4148"]
    commands += [f"neigh_modify exclude type {k + 1} {k + 1}" for k in range(len(layers))]
    oracle = lammps_oracle.run(typed, commands)
    found, virials = computed(term.bind(("C",)), system)
    assert np.abs(found.energies - oracle.energies).max() < 1e-10
    assert np.abs(found.forces - oracle.forces).max() < 1e-10
    assert np.abs(found.virial - oracle.virial).max() < 1e-9 * np.abs(oracle.virial).max()
    assert np.abs(virials - oracle.virials).max() < 1e-9 * np.abs(oracle.virials).max()


# ------------------------------------------------------------------------------------------ the set of Girifalco
def test_distance_of_layers_and_energy():
    """The stored figures are minima; a continuum of A and B gives the same to its neglect of the atoms, 0.3 %."""
    term = load("girifalco-2000-c")
    evaluator = term.bind(("C",))
    stored = {a.property: a.value for a in load_accuracy()}

    def energy(gap, vacuum):
        stack = graphene(repeats=(6, 4), layers=2, gap=gap, bond=2.461 / np.sqrt(3.0), vacuum=vacuum or 0.5 * gap)
        stack = with_layers(stack)
        return evaluator.evaluate(stack).energy / stack.n_atoms

    for name, vacuum, depth in (
        ("distance of layers of AB graphite, rigid sheets", None, -0.0439),
        ("distance of two sheets, AB, rigid", 20.0, -0.0199),
    ):
        around = [energy(stored[name] + step, vacuum) for step in (-2e-3, 0.0, 2e-3)]
        assert around[1] < min(around[0], around[2])
        assert around[1] == pytest.approx(depth, abs=1e-4)
    a, b, density = 15.2, 24100.0, 4.0 / (np.sqrt(3.0) * 2.461**2)
    smooth = (b / a) ** (1.0 / 6.0)
    per_atom = np.pi * density * (b / (10.0 * smooth**10) - a / (4.0 * smooth**4))
    assert stored["distance of two sheets, AB, rigid"] == pytest.approx(smooth, rel=4e-3)
    assert energy(stored["distance of two sheets, AB, rigid"], 20.0) == pytest.approx(per_atom, rel=1e-2)


def load_accuracy():
    """Return the accuracy entries of the set."""
    from nakmd.potentials import library

    return library.read_set("girifalco-2000-c").accuracy


# ------------------------------------------------------------------------------------------ ASE and decks
def test_ase_calculator_finds_the_layers(evaluator):
    """A tube cut by the faces: the calculator makes it whole, and follows its atoms."""
    from ase import Atoms

    from nakmd.ase import NakMD

    cut = tubes(cut=True)
    atoms = Atoms("C" * cut.n_atoms, cut.positions, cell=cut.cell.matrix, pbc=True, calculator=NakMD(TERM))
    for moved in (cut.positions, cut.positions + np.array([0.1, 0.0, 0.2])):
        atoms.positions = moved
        system = with_layers(cut)
        system.positions += moved - cut.positions
        expected = evaluator.evaluate(system)
        assert atoms.get_potential_energy() == pytest.approx(expected.energy, abs=1e-12)
        assert np.abs(atoms.get_forces() - expected.forces).max() < 1e-12


DECK = """
seed = 1
[structure.carbon]
kind = "graphene"
size = ["25 Å", "25 Å"]
layers = 2
gap = "3.4 Å"
{structure}
[model]
{model}
[[stage]]
kind = "produce"
ensemble = "nve"
duration = "20 fs"
timestep = "0.5 fs"
velocities = "300 K"
"""


def planned(model, structure=""):
    """Return the plan of a deck of two sheets."""
    from nakmd.deck.source import DeckSource
    from nakmd.runs.plan import make_plan

    return make_plan(DeckSource.parse(DECK.format(model=model, structure=structure)))


def test_deck_between_layers():
    deck, system, potential = planned('potential = "cn"\nbetween_layers = "girifalco-2000-c"').require()
    assert [term.label for term in potential.terms] == ["kinaci-2012-cn", "girifalco-2000-c"]
    assert int(system.groups["layer2"].sum()) == system.n_atoms // 2
    assert deck.model.between_layers == "girifalco-2000-c"
    # the bond of the sheet is that of the bonds alone
    assert planned('potential = "cn"').bond == planned('potential = "cn"\nbetween_layers = "girifalco-2000-c"').bond
    own = """
[[model.terms]]
kind = "set"
name = "cn"
[[model.terms]]
kind = "lennard-jones"
pair = ["C", "C"]
epsilon = "2.4 meV"
sigma = "3.41 Å"
cutoff = "10 Å"
between_layers = true
"""
    assert planned(own).require()[2].terms[1].between_layers


def test_deck_refusals():
    plan = planned('potential = "cn"\nbetween_layers = "williams-1967-c"')
    assert any("williams-1967-c does not act between layers" in fault for fault in plan.faults)
    plan = planned('potential = "cn"\nbetween_layers = "nak"')
    assert any("nak does not act between layers" in fault for fault in plan.faults)


def test_a_run_resumes_to_the_bit(tmp_path):
    """Twenty steps and twenty more give the bits of forty: the layers are stored with the atoms."""
    import nakmd
    from nakmd.deck.deck import Deck

    def deck(time):
        text = DECK.format(model='potential = "cn"\nbetween_layers = "girifalco-2000-c"', structure="")
        path = tmp_path / "deck.toml"
        path.write_text(text.replace("20 fs", time) + "\n[output]\ntrajectory_every = 10\n")
        return Deck.from_file(path)

    nakmd.run(deck("20 fs"), tmp_path / "whole", threads=1)
    nakmd.run(deck("10 fs"), tmp_path / "parts", threads=1)
    nakmd.resume(tmp_path / "parts", steps=20, threads=1)
    found = []
    for name in ("whole", "parts"):
        with nakmd.Trajectory(tmp_path / name / "trajectory.h5md") as trajectory:
            frames = list(trajectory)
            found.append(b"".join(frame.positions.tobytes() + frame.velocities.tobytes() for frame in frames))
            assert int(trajectory.topology.groups["layer1"].sum()) == trajectory.topology.n_atoms // 2
            assert frames[-1].step == 40
    assert found[0] == found[1]
