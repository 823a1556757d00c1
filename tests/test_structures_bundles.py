"""Multi-wall tubes and bundles: geometry, common lengths, axes, regions, doping and decks."""

import numpy as np
import pytest

from nakmd.deck.source import DeckSource
from nakmd.errors import StructureError
from nakmd.runs.planned_size import plan_size
from nakmd.structures import (
    TubeGeometry,
    bundle,
    common_length,
    dope,
    droplet_on_tube,
    fill,
    inside_tube,
    multiwall,
    nanotube,
    outside_tube,
    tube_axes,
    tube_axis,
    turned,
    with_layers,
)
from nakmd.structures.bond_network import coordination, find_bonds
from nakmd.structures.distances import closest_distances, lengths_of
from nakmd.structures.tube_bundle import hexagonal_places


def walls(*chiralities):
    return [TubeGeometry(n, m) for n, m in chiralities]


# ------------------------------------------------------------------------------------------ lengths
def test_walls_of_one_period_are_not_strained():
    found = common_length(walls((5, 5), (10, 10), (15, 15)), 30.0)
    assert found.repeats == (12, 12, 12)
    assert found.strains == (0.0, 0.0, 0.0)
    assert found.length == pytest.approx(12 * np.sqrt(3.0) * 1.42)


def test_armchair_in_zigzag_by_hand():
    """4 periods of (16,0), 3 b each, and 7 of (5,5), √3 b each: 17.04 and 17.22 Å, 1 % apart."""
    found = common_length(walls((5, 5), (16, 0)), 17.0)
    assert found.repeats == (7, 4)
    short, long = 4 * 3 * 1.42, 7 * np.sqrt(3.0) * 1.42
    assert found.lengths == pytest.approx((long, short))
    # equal and opposite forces: radius times strain of one wall is minus that of the other
    inner, outer = (wall.radius for wall in found.walls)
    assert inner * found.strains[0] + outer * found.strains[1] == pytest.approx(0.0, abs=1e-4 * outer)
    assert found.strains[0] - found.strains[1] == pytest.approx(short / long - 1.0, abs=2e-4)


def test_a_longer_tube_is_less_strained():
    """√3 ≈ 26/15: 15 periods of zigzag and 26 of armchair differ by 7e-4."""
    found = common_length(walls((5, 5), (16, 0)), 64.0, strain=0.001)
    assert found.repeats == (26, 15)
    assert found.largest < 0.001


def test_refused_lengths_come_with_alternatives():
    with pytest.raises(StructureError) as refused:
        common_length(walls((6, 4), (11, 9)), 100.0)
    text = str(refused.value)
    assert "(6,4), (11,9) have periods of 18.5689, 73.9082 Å" in text
    assert "At 74.03 Å it is 0.33%" in text
    assert "Around (6,4), (12,8) has the same period, at a distance of 3.41 Å." in text
    # the advice is good: it builds
    assert common_length(walls((6, 4), (11, 9)), 74.0).largest == pytest.approx(0.0033, abs=5e-5)
    assert common_length(walls((6, 4), (12, 8)), 100.0).largest == 0.0
    with pytest.raises(StructureError, match=r"\(7,7\) of radius 4.75 Å follows \(5,5\).*\(10,10\) has the same"):
        multiwall([(5, 5), (7, 7)], length=20.0)
    with pytest.raises(StructureError, match="from the inside outwards"):
        multiwall([(10, 10), (5, 5)], length=20.0)


# ------------------------------------------------------------------------------------------ geometry
@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_multiwall(axis):
    tube = multiwall([(5, 5), (16, 0)], length=17.0, axis=axis)
    c = "xyz".index(axis)
    geometry = tube_axis(tube)
    assert geometry.direction == c
    assert (geometry.inner, geometry.radius) == pytest.approx([w.radius for w in walls((5, 5), (16, 0))], abs=1e-6)
    assert geometry.center == pytest.approx([0.5 * tube.cell.lengths[k] for k in geometry.across], abs=1e-6)
    bonds = find_bonds(tube.positions, tube.cell)
    assert np.all(coordination(bonds, tube.n_atoms) == 3)
    # chords are shorter than 1.42 by b³/24R² = 0.011 Å, the strain is 1 % at most
    assert lengths_of(bonds.vectors(tube.positions, tube.cell)).min() > 1.395
    assert lengths_of(bonds.vectors(tube.positions, tube.cell)).max() < 1.435
    layered = with_layers(tube)
    assert np.array_equal(layered.groups["layer1"], tube.groups["wall1"])
    assert np.array_equal(layered.groups["layer2"], tube.groups["wall2"])
    alone = nanotube(5, 5, repeats=7, axis=axis)
    assert int(tube.groups["wall1"].sum()) == alone.n_atoms


def test_turning_is_a_rotation():
    tube = nanotube(6, 4, repeats=1)  # chiral: a reflection would exchange its handedness
    for axis in "xyz":
        mine = turned(tube, axis)
        rotation, *_ = np.linalg.lstsq(tube.positions, mine.positions, rcond=None)
        assert np.linalg.det(rotation) == pytest.approx(1.0)
        assert np.array_equal(nanotube(6, 4, repeats=1, axis=axis).positions, mine.positions)
        assert np.array_equal(np.sort(mine.cell.lengths), np.sort(tube.cell.lengths))
    with pytest.raises(StructureError, match="x, y or z, got 'w'"):
        turned(tube, "w")


def test_bundle_of_three_is_a_triangle():
    rope = bundle([(6, 6), (11, 11)], 3, length=10.0, gap=3.2)
    axes = tube_axes(rope)
    centers = np.array([axis.center for axis in axes])
    outer = TubeGeometry(11, 11).radius
    for a in range(3):
        # the fit averages over atoms of two radii: 1e-6 Å
        assert np.linalg.norm(centers[a] - centers[a - 1]) == pytest.approx(2.0 * outer + 3.2, abs=1e-5)
    assert all(axis.radius == pytest.approx(outer, abs=1e-5) for axis in axes)
    low, high = rope.positions.min(axis=0), rope.positions.max(axis=0)
    assert low[:2] == pytest.approx(rope.cell.lengths[:2] - high[:2], abs=1e-9)
    layered = with_layers(rope)
    assert len([name for name in layered.groups if name.startswith("layer")]) == 6


def test_hexagonal_places():
    """Neighbours at distance 1 of the most compact clusters: 3, 5, 7, 9, 12 for 3 to 7 places, 42 for 19."""
    contacts = {1: 0, 2: 1, 3: 3, 4: 5, 5: 7, 6: 9, 7: 12, 19: 42}
    for number, expected in contacts.items():
        places = hexagonal_places(number)
        apart = np.linalg.norm(places[:, None] - places[None], axis=2)[np.triu_indices(number, 1)]
        assert len(places) == number
        assert int(np.sum(np.abs(apart - 1.0) < 1e-9)) == expected
        assert apart.min(initial=1.0) > 1.0 - 1e-9


def test_refused_bundles():
    with pytest.raises(StructureError, match="1 to 100 tubes, got 0"):
        bundle([(6, 6)], 0, length=10.0)
    with pytest.raises(StructureError, match="too small for tubes that extend"):
        bundle([(6, 6)], 3, length=10.0, box=(19.0, 19.0))
    with pytest.raises(StructureError, match="this is a bundle"):
        droplet_on_tube(bundle([(6, 6)], 2, length=40.0), 0.67, 450.0, n_atoms=50)
    pair = bundle([(6, 6)], 2, length=10.0)
    with pytest.raises(StructureError, match="not one tube along x, y or z"):
        tube_axis(pair)


# ------------------------------------------------------------------------------------------ liquid and doping
def test_regions_of_a_bundle():
    """Outside is outside all outer walls, inside is inside one inner wall; by distance from the axes."""
    rope = bundle([(10, 10), (15, 15)], 2, length=10.0, axis="y")
    points = np.random.default_rng(1).uniform(size=(2000, 3)) @ rope.cell.matrix
    first, second = tube_axes(rope)[0].across
    radii = np.array(
        [np.hypot(points[:, first] - a.center[0], points[:, second] - a.center[1]) for a in tube_axes(rope)]
    ).min(axis=0)
    assert np.array_equal(outside_tube(rope).depth(points) > 0.0, radii > tube_axes(rope)[0].radius)
    assert np.array_equal(inside_tube(rope).depth(points) > 0.0, radii < tube_axes(rope)[0].inner)
    wet = fill(rope, 0.5, 450.0, region=inside_tube(rope), seed=1)
    assert wet.n_atoms > rope.n_atoms + 10
    metal = wet.positions[wet.groups["liquid"]]
    assert np.all(inside_tube(rope).depth(metal) > 0.0)


@pytest.mark.parametrize("axis", ["x", "y"])
def test_droplet_on_a_turned_tube(axis):
    """On the side of the second direction across the axis, above the middle of the tube."""
    wet = droplet_on_tube(nanotube(8, 8, length=25.0, axis=axis, box=(30.0, 45.0)), 0.67, 450.0, n_atoms=20)
    metal = wet.positions[wet.groups["liquid"]]
    tube = tube_axis(wet)
    side, normal = tube.across
    assert np.all(metal[:, normal] > tube.center[1] + tube.radius)
    assert abs(metal[:, side].mean() - tube.center[0]) < 3.0
    assert abs(metal[:, tube.direction].mean() - 0.5 * wet.cell.lengths[tube.direction]) < 3.0


def test_every_wall_can_be_doped():
    rope = bundle([(6, 6), (11, 11)], 2, length=30.0)
    doped = dope(rope, {"graphitic": 0.02, "pyridinic": 0.03, "stone_wales": 0.004}, seed=3)
    nitrogen = doped.groups["nitrogen"]
    assert int(nitrogen.sum()) == pytest.approx(0.05 * doped.n_atoms, abs=3)
    for tube in ("tube1", "tube2"):
        for wall in ("wall1", "wall2"):
            assert np.any(nitrogen & doped.groups[tube] & doped.groups[wall])
    assert len([name for name in with_layers(doped).groups if name.startswith("layer")]) == 4
    assert min(pair.distance for pair in closest_distances(doped).values()) > 1.2


# ------------------------------------------------------------------------------------------ decks
DECK = """
seed = 1
[structure.carbon]
{carbon}
length = "25 Å"
{liquid}
[model]
{model}
[[stage]]
kind = "produce"
ensemble = "nve"
steps = 200
timestep = "0.5 fs"
velocities = "300 K"
{more}
"""
LIQUID = '[structure.liquid]\nregion = "{region}"\nx_K = 0.67\ntemperature = "450 K"\n'
HELD = 'potential = "nak-cn"\nbetween_layers = "girifalco-2000-c"'


def planned(carbon, region=None, model=HELD, more=""):
    """Return the plan of a deck."""
    from nakmd.runs.plan import make_plan

    liquid = LIQUID.format(region=region) if region else ""
    return make_plan(DeckSource.parse(DECK.format(carbon=carbon, liquid=liquid, model=model, more=more)))


DOUBLE = 'kind = "multiwall"\nwalls = [[8, 8], [13, 13]]\naxis = "x"'
THREE = 'kind = "bundle"\nwalls = [[10, 10]]\ntubes = 3\ngap = "3.3 Å"'
TURNED = 'kind = "nanotube"\nchirality = [10, 10]\naxis = "y"'


@pytest.mark.parametrize(
    ("carbon", "region"), [(DOUBLE, "around"), (DOUBLE, None), (THREE, "inside"), (THREE, None), (TURNED, "beside")]
)
def test_decks_are_built_as_planned(carbon, region):
    plan = planned(carbon, region)
    assert not plan.faults
    size = plan_size(plan.draft.structure, plan.bond)
    assert np.sum(plan.system.groups["carbon"]) == size.wall
    # the plan takes the height from the radii, the slab beside a tube from the atoms
    assert plan.system.cell.lengths == pytest.approx(size.lengths, abs=0.2)
    if region == "around":
        assert plan.system.n_atoms - size.wall == pytest.approx(size.metal, rel=0.35)  # less the space beside the wall
    assert not any("between the layers" in warning for warning in plan.warnings)


def test_free_layers_are_noted():
    carbon = 'kind = "multiwall"\nwalls = [[8, 8], [13, 13]]'
    note = "no term of the model acts between the layers"
    assert any(note in warning for warning in planned(carbon, model='potential = "cn"').warnings)
    held = '[groups]\nfrozen = ["carbon"]'
    assert not any(note in warning for warning in planned(carbon, model='potential = "cn"', more=held).warnings)
    single = 'kind = "nanotube"\nchirality = [8, 8]'
    assert not any(note in warning for warning in planned(single, model='potential = "cn"').warnings)


def test_deck_faults():
    strained = planned('kind = "multiwall"\nwalls = [[5, 5], [16, 0]]\nstrain = 0.001', model='potential = "cn"')
    assert any("no common length near 25 Å strains them by at most 0.10%" in fault for fault in strained.faults)
    noted = planned('kind = "multiwall"\nwalls = [[5, 5], [16, 0]]\nstrain = 0.03', model='potential = "cn"')
    assert not noted.faults
    assert any("strained to a common length" in warning for warning in noted.warnings)
    droplet = DECK.format(
        carbon='kind = "bundle"\nwalls = [[10, 10]]\ntubes = 3',
        liquid=LIQUID.format(region="droplet") + "atoms = 100\n", model=HELD, more="",
    )  # fmt: skip
    from nakmd.runs.plan import make_plan

    assert any("is for one tube" in fault for fault in make_plan(DeckSource.parse(droplet)).faults)
    unused = planned('kind = "multiwall"\nwalls = [[8, 8]]\nstrain = 0.02')
    assert any("strain is not used here" in fault for fault in unused.faults)
    assert any("has [0, 0]" in fault for fault in planned('kind = "multiwall"\nwalls = [[0, 0]]').faults)
