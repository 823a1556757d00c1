"""Growth on films made by hand, of which layers, roughness and mixing are known; islands; sticking."""

import numpy as np
import pytest
from deposited_films import A, film_on, sites_above
from synthetic import frame, topology

from nakmd.analysis import FrameList, combine, growth, islands, sticking
from nakmd.analysis.geometry.height_map import correlation_length, height_map, roughness
from nakmd.analysis.numerics.counts import Count, Share
from nakmd.cell import Cell
from nakmd.errors import AnalysisError, InputError
from nakmd.structures import crystal_slab, graphene

REPEATS = (8, 6)
SPACING = {"100": A / 2.0, "110": A / np.sqrt(2.0), "111": A / np.sqrt(12.0)}


def slab_of(face="110", repeats=REPEATS, layers=6):
    return crystal_slab("K", face, repeats, layers, A)


def column_film(heights, sites):
    """Atoms that fill each column of sites up to a height in layers; what grows at random has overhangs."""
    return np.concatenate([sites[n][heights > n] for n in range(len(sites))])


@pytest.mark.parametrize("face", ["100", "110", "111"])
def test_full_and_half_layers(face):
    """G is 1 for full layers and 0 for half a layer; θ of each layer is what was put there."""
    slab = slab_of(face)
    sites = sites_above(slab, face, REPEATS, 2)
    n = sites.shape[1]
    parts = [sites[0][:0], sites[0][: n // 2], sites[0], np.concatenate([sites[0], sites[1][: n // 2]])]
    parts.append(np.concatenate([sites[0], sites[1]]))
    record = growth(film_on(slab, parts))
    assert record.theta == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0])
    assert record.anti_phase == pytest.approx([1.0, 0.0, 1.0, 0.0, 1.0], abs=1e-12)
    first, second = (record.deposited[:, record.layers == layer][:, 0] for layer in (1, 2))
    assert first == pytest.approx([0.0, 0.5, 1.0, 1.0, 1.0])
    assert second == pytest.approx([0.0, 0.0, 0.0, 0.5, 1.0])
    assert record.host[:, record.layers == 0] == pytest.approx(1.0)
    # half a layer: heights 0 and d with equal weight
    d = SPACING[face]
    assert record.layer_roughness == pytest.approx([0.0, d / 2, 0.0, d / 2, 0.0], abs=1e-6 * d)
    assert record.mixing.count == record.promoted.count == 0
    # a full film has the map of the bare slab. On (111) the planes are a third of a cell apart, off the grid of a/2; on
    # (110) points of the grid are on the edge of a sphere, to either side by rounding, which depends on the processor
    tolerance = 1e-9 if face == "100" else 0.02
    assert record.height_roughness[[2, 4]] == pytest.approx(record.bare_roughness, rel=tolerance)


def test_random_growth_is_the_limit():
    """Columns with the heights of Poisson have w = d √θ, G = exp(-4θ); the layers carry the overhangs."""
    repeats, theta, face = (60, 60), 1.3, "100"
    slab = slab_of(face, repeats, 4)
    sites = sites_above(slab, face, repeats, 9)
    heights = np.random.default_rng(5).poisson(theta, sites.shape[1])
    assert heights.max() <= 9
    # supports of bcc are half a site away: without the search for neighbours all of it is connected at this size
    record = growth(film_on(slab, [column_film(heights, sites)]))
    coverage = [np.mean(heights >= n) for n in range(1, 11)]
    assert record.coverage[0, record.layers >= 1] == pytest.approx(
        np.append(coverage, np.zeros(10))[: np.sum(record.layers >= 1)], abs=1e-12
    )
    assert record.theta[-1] == pytest.approx(heights.mean())
    # 3600 columns: the standard error of their variance is θ √(2/N + 1/(N θ)), that of Σ(-1)ⁿ about 1/√N
    variance = (record.layer_roughness[-1] / SPACING[face]) ** 2
    assert abs(variance - theta) < 4.0 * theta * np.sqrt((2.0 + 1.0 / theta) / 3600.0)
    assert abs(np.sqrt(record.anti_phase[-1]) - np.exp(-2.0 * theta)) < 4.0 / np.sqrt(3600.0)


def test_theta_sums_to_the_atoms_deposited():
    """Whatever is deposited where: on the surface, in the slab, in flight."""
    slab = slab_of()
    sites = sites_above(slab, "110", REPEATS, 3)
    rng = np.random.default_rng(2)
    film = column_film(rng.integers(0, 4, sites.shape[1]), sites)
    flying = sites[0][:3] + np.array([0.0, 0.0, 30.0])
    record = growth(film_on(slab, [film[:0], film[:20], np.concatenate([film, flying])]))
    n = sites.shape[1]
    assert (record.deposited.sum(axis=1) * n).round(9).tolist() == [0.0, 20.0, len(film)]
    assert record.in_flight.tolist() == [0, 0, 3]
    assert record.theta * n == pytest.approx(record.deposited.sum(axis=1) * n)
    assert any("3 atoms in flight" in note for note in record.notes)


def test_exchange_with_the_slab():
    """Arriving atoms that took places of the two top layers, whose atoms are on top."""
    slab = slab_of()
    sites = sites_above(slab, "110", REPEATS, 1)[0]
    film = sites[:20].copy()
    top = np.flatnonzero(slab.groups["layer_6"])
    below = np.flatnonzero(slab.groups["layer_5"])
    film[:8], slab.positions[top[:8]] = slab.positions[top[:8]].copy(), sites[:8]
    film[8:11], slab.positions[below[:3]] = slab.positions[below[:3]].copy(), sites[8:11]
    record = growth(film_on(slab, [film]))
    assert (record.exchanged.count, record.exchanged.total) == (8, 20)
    assert (record.mixing.count, record.mixing.total) == (3, 20)
    assert record.mixing.interval() == pytest.approx(Share.of(3, 20).interval())
    assert record.promoted.count == 11
    assert record.theta[-1] == pytest.approx(20 / len(sites))
    # layer 1 has 9 deposited atoms of 20, and nothing is above: 90 % is never reached
    assert np.isnan(record.profile_width.value)


def test_width_of_a_sharp_interface():
    """The share of deposited atoms goes from 0 to 1 from one plane to the next: 0.8 of their distance."""
    slab = slab_of()
    sites = sites_above(slab, "110", REPEATS, 2)
    record = growth(film_on(slab, [sites.reshape(-1, 3)]))
    assert record.profile_width.value == pytest.approx(0.8 * SPACING["110"])


def test_a_film_of_another_metal():
    """Na on K: planes of the film at distances of Na, and the area of its atoms in the coverage."""
    slab = slab_of()
    ratio = 4.225 / 5.225  # lattice constants at 5 K
    sites = sites_above(slab, "110", REPEATS, 1)[0]
    first = sites.copy()
    first[:, 2] = slab.positions[:, 2].max() + 0.5 * SPACING["110"] * (1.0 + ratio)
    up = np.array([0.0, 0.0, SPACING["110"] * ratio])
    film = np.concatenate([first, first + up, first[:10] + 2.0 * up])
    record = growth(film_on(slab, [film], ("Na",), np.ones(len(film), dtype=int)))
    n = len(sites)
    assert (record.deposited[0, record.layers >= 1] * n).round(9).tolist()[:4] == [n, n, 10.0, 0.0]
    assert record.coverage[0, record.layers == 1] == pytest.approx(ratio**2)
    assert record.film == {"Na": 2 * n + 10}


def test_layers_follow_a_slab_that_drifts_and_vibrates():
    slab = slab_of()
    sites = sites_above(slab, "110", REPEATS, 1)[0]
    rng = np.random.default_rng(7)
    still = film_on(slab, [sites[:30]])
    moved = still[0].positions + rng.normal(0.0, 0.25, still[0].positions.shape) + [0.3, -0.2, 2.0]
    one = growth(still)
    other = growth(FrameList(still.topology, [frame(still[0].cell, moved, present=still[0].present)]))
    assert other.deposited[0] == pytest.approx(one.deposited[0])
    assert other.in_flight.tolist() == [0]


def test_seeds_give_the_errors():
    slab = slab_of()
    sites = sites_above(slab, "110", REPEATS, 3)
    runs = []
    for seed in range(4):
        heights = np.random.default_rng(seed).binomial(3, 0.4, sites.shape[1])
        runs.append(growth(film_on(slab, [column_film(heights, sites)])))
    assert all(np.isnan(run.error) for run in runs)
    joined = combine(runs)
    values = [run.roughness.value for run in runs]
    assert joined.measures["roughness"].value == pytest.approx(np.mean(values))
    assert joined.measures["roughness"].error == pytest.approx(np.std(values, ddof=1) / 2.0)
    assert joined.measures["mixing"].value == 0.0


def test_what_growth_cannot_be_measured_in():
    slab = slab_of()
    source = film_on(slab, [sites_above(slab, "110", REPEATS, 1)[0]])
    plain = {k: v for k, v in source.topology.groups.items() if k != "deposited"}
    for groups, message in (
        (plain, 'the group "deposited"'),
        ({"deposited": source.topology.groups["deposited"]}, "needs the layers of its substrate"),
    ):
        kinds = topology(("K",), source.topology.species, groups=groups)
        with pytest.raises(AnalysisError, match=message):
            growth(FrameList(kinds, list(source)))
    oblique = Cell(source[0].cell.matrix + np.array([[0.0] * 3, [0.0] * 3, [3.0, 0.0, 0.0]]))
    with pytest.raises(AnalysisError, match="third cell vector along z"):
        growth(FrameList(source.topology, [frame(oblique, source[0].positions, present=source[0].present)]))


# ------------------------------------------------------------------------------------------------ height map
def test_height_of_one_sphere():
    """Over the centre z + R, at distance ρ from it z + sqrt(R² - ρ²), across the faces of an oblique cell."""
    cell = Cell([[12.0, 0.0, 0.0], [3.0, 9.0, 0.0], [0.0, 0.0, 30.0]])
    atom, radius = np.array([[0.3, 0.2, 7.0]]), 2.5
    heights = height_map(atom, cell, radius, 0.75)
    n = np.array(heights.shape)
    assert n.tolist() == [16, 13]  # 12/0.75, and sqrt(90)/0.75 = 12.6
    index = np.stack(np.meshgrid(*(np.arange(k) for k in n), indexing="ij"), axis=-1) / n
    points = index @ cell.matrix[:2, :2]
    images = [
        points - atom[0, :2] + i * cell.matrix[0, :2] + j * cell.matrix[1, :2] for i in (-1, 0, 1) for j in (-1, 0, 1)
    ]
    rho2 = np.min([np.sum(image**2, axis=-1) for image in images], axis=0)
    expected = np.where(rho2 <= radius**2, 7.0 + np.sqrt(np.maximum(radius**2 - rho2, 0.0)), np.nan)
    assert np.allclose(heights, expected, equal_nan=True, atol=1e-12)


def test_roughness_and_correlation_of_a_wave():
    """A wave of amplitude b along x: w = b/√2, correlation cos(2π x/L); averaged over directions it is J₀ nearby."""
    cell = Cell([60.0, 60.0, 20.0])
    x = np.arange(60)
    wave = 2.0 * np.cos(2.0 * np.pi * x / 20.0)[:, None] * np.ones((1, 60))
    assert roughness(wave) == pytest.approx(2.0 / np.sqrt(2.0))
    # J₀(k r) = 1/e at k r = 1.7484; bins are as wide as the grid, 1 Å: half of that is the error of the place
    assert correlation_length(wave, cell) == pytest.approx(1.7484 * 20.0 / (2.0 * np.pi), abs=0.5)
    assert np.isnan(correlation_length(np.ones((10, 10)), cell))


# ------------------------------------------------------------------------------------------------ counts
def test_intervals_of_counts_against_scipy():
    from scipy.stats import binomtest, chi2

    for count, total in ((0, 10), (3, 10), (10, 10), (17, 54)):
        reference = binomtest(count, total).proportion_ci(0.95, "wilson")
        assert Share.of(count, total).interval() == pytest.approx((reference.low, reference.high), abs=1e-12)
    for count in (1, 4, 60):
        reference = 0.5 * chi2.ppf(0.025, 2 * count), 0.5 * chi2.ppf(0.975, 2 * count + 2)
        assert Count.of(count).interval() == pytest.approx(reference)
    assert Count.of(0).interval() == pytest.approx((0.0, 0.5 * chi2.ppf(0.975, 2)))
    assert np.isnan(Share.of(0, 0).value)
    assert Share.of(0, 10).error > 0.0


# ------------------------------------------------------------------------------------------------ islands
def metal_on_carbon():
    """Two islands, of 3 K and of 1 Na under 1 K, one single Na, and one K in flight; one K is parked on the carbon."""
    sheet = graphene(lengths=(60.0, 60.0), vacuum=20.0)
    z = sheet.positions[:, 2].max()
    metal = [
        ("K", 10, 10, 3.0), ("K", 14.5, 10, 3.0), ("K", 19, 10, 3.0), ("Na", 40, 10, 2.6), ("K", 40, 10, 6.8),
        ("Na", 40, 40, 2.6), ("K", 20, 40, 14.0), ("K", 10, 30, 3.0),
    ]  # fmt: skip
    places = np.array([[x, y, z + h] for _, x, y, h in metal])
    species = np.concatenate([np.zeros(sheet.n_atoms, int), [1 if name == "K" else 2 for name, *_ in metal]])
    deposited = np.arange(len(species)) >= sheet.n_atoms
    present = np.ones(len(species), dtype=bool)
    present[-1] = False
    kinds = topology(("C", "K", "Na"), species, groups={"deposited": deposited})
    one = frame(sheet.cell, np.concatenate([sheet.positions, places]), present=present)
    return FrameList(kinds, [one])


def test_islands_and_the_first_layer():
    record = islands(metal_on_carbon())
    assert record.value == 2
    assert record.sizes.tolist() == [3, 2]
    assert record.single.tolist() == [1]
    assert record.in_flight.tolist() == [1]
    assert (record.in_first_layer.count, record.in_first_layer.total) == (5, 6)
    assert {m: (s.count, s.total) for m, s in record.first_layer_shares.items()} == {"K": (3, 5), "Na": (2, 5)}
    assert {m: s.count for m, s in record.shares.items()} == {"K": 4, "Na": 2}
    assert record.mean_size.value == 2.5
    assert record.interval() == Count.of(2).interval()


# ------------------------------------------------------------------------------------------------ sticking
class WithTable(FrameList):
    """Frames of a run with a thermo table, as a file has them."""

    def __init__(self, source, arrived):
        super().__init__(source.topology, list(source))
        self.times = np.array([frame.time for frame in source])
        self.cells = np.array([frame.cell.matrix for frame in source])
        self.thermo = {"time": self.times, "stage": np.array(["deposit"] * len(self.times)), "arrived": arrived}

    def rows(self, stage=None):
        return np.arange(len(self))

    def quantity(self, name):
        raise InputError(f"The frames have no {name}.")


def test_sticking_from_the_table_and_from_frames():
    slab = slab_of()
    sites = sites_above(slab, "110", REPEATS, 1)[0]
    source = film_on(slab, [sites[:0], sites[:4], sites[:10]], ("Na",), np.arange(10) % 2)
    first = slab.n_atoms
    source[2].present[first + 5] = False  # an Na that came and left between two frames
    source[2].present[0] = False  # an atom of the slab evaporated
    record = sticking(source)
    assert (record.stuck.count, record.stuck.total, record.left) == (9, 10, 1)
    assert record.interval() == pytest.approx(Share.of(9, 10).interval())
    assert {name: (s.count, s.total) for name, s in record.by_element.items()} == {"K": (5, 5), "Na": (4, 5)}
    # the last atom left too, so that only the table knows that it was there
    source[2].present[first + 9] = False
    assert sticking(source).arrived == 9
    told = sticking(WithTable(source, np.array([0.0, 4.0, 10.0])))
    assert (told.stuck.count, told.arrived, told.by_element["Na"].count) == (8, 10, 3)
    early = sticking(WithTable(FrameList(source.topology, list(source)[:2]), np.array([0.0, 4.0])))
    assert (early.stuck.count, early.arrived) == (4, 4)
    with pytest.raises(AnalysisError, match="no atom has arrived"):
        sticking(FrameList(source.topology, [source[0]]))
