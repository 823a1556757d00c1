import numpy as np
import pytest
from synthetic import distances, frame, ideal_gas, topology

from nakmd.analysis import Coordination, FrameList, coordination
from nakmd.analysis.geometry.contact_distances import CONTACT_DISTANCES, contact_distance
from nakmd.cell import Cell
from nakmd.errors import AnalysisError


def two_state(near, distance_near=3.0, distance_far=9.0):
    """Four wall atoms far apart, each with a K that is near or far in each frame, (n, 4) bool."""
    cell = Cell([80.0, 20.0, 40.0])
    wall = np.array([[10.0 + 20 * i, 10.0, 10.0] for i in range(4)])
    species = [0, 0, 1, 2, 3, 3, 3, 3]
    frames = []
    for t, row in enumerate(near):
        above = np.where(row, distance_near, distance_far)
        frames.append(frame(cell, np.concatenate([wall, wall + above[:, None] * [[0, 0, 1.0]]]), t, 0.5 * t))
    return FrameList(topology(["C", "N:graphitic", "N:pyridinic", "K"], species), frames)


def test_two_states_with_known_fractions_by_site():
    rng = np.random.default_rng(1)
    shares = np.array([0.2, 0.2, 0.5, 0.9])
    near = rng.uniform(size=(400, 4)) < shares
    source = two_state(near)
    carbon = coordination(source, "C", "K")
    assert carbon.value == pytest.approx(near[:, :2].mean(), rel=1e-12)
    assert carbon.value == pytest.approx(0.2, abs=3 * carbon.error)
    # two independent sites of variance 0.16, 400 independent frames
    assert carbon.error == pytest.approx(np.sqrt(0.16 / 2 / 400), rel=0.3)
    nitrogen = coordination(source, "N", "K")
    assert set(nitrogen.by_site) == {"N:graphitic", "N:pyridinic"}
    for site, share in {"N:graphitic": 0.5, "N:pyridinic": 0.9}.items():
        assert nitrogen.by_site[site].value == pytest.approx(share, abs=4 * nitrogen.by_site[site].error)
    assert nitrogen.contacts.value == pytest.approx(near[:, 2:].sum(axis=1).mean(), rel=1e-12)
    assert nitrogen.per_neighbor.value == pytest.approx(nitrogen.contacts.value / 4, rel=1e-12)
    np.testing.assert_array_equal(nitrogen.series, near[:, 2:].mean(axis=1))
    np.testing.assert_array_equal(nitrogen.series_by_site["N:pyridinic"], near[:, 3])
    assert nitrogen.time[-1] == pytest.approx(0.5 * 399)


def test_a_site_at_which_nothing_was_seen_is_named():
    """Counts that are all zero have an error of zero, which is not known to be zero."""
    near = np.zeros((50, 4), bool)
    near[::2, 2] = True
    assert "no K was seen at N:pyridinic: its error of 0 is no bound" in coordination(two_state(near), "N", "K").notes
    assert len(coordination(two_state(~near), "N", "K").notes) == 1


def test_distribution_of_the_two_states():
    near = np.random.default_rng(2).uniform(size=(300, 4)) < [0.2, 0.2, 0.5, 0.9]
    record = coordination(two_state(near), "N", "K")
    for column, site in ((2, "N:graphitic"), (3, "N:pyridinic")):
        share = near[:, column].mean()
        np.testing.assert_allclose(record.distribution[site][:2], [1.0 - share, share], rtol=1e-12)
        assert record.distribution[site].sum() == pytest.approx(1.0)
        # independent frames
        assert record.distribution_error[site][1] == pytest.approx(np.sqrt(share * (1 - share) / 300), rel=0.4)
        assert record.distribution[site] @ record.numbers == pytest.approx(record.by_site[site].value, rel=1e-12)
    assert record.plot_distribution().axes


def test_counts_equal_a_direct_count():
    source = ideal_gas(3, 200, 2, [[16.0, 0, 0], [5.0, 15, 0], [-3.0, 4, 14]], (True, True, False))
    record = coordination(source, "K", "Na", cutoff=5.0)
    species = source.topology.species
    for t, f in enumerate(source):
        d = distances(f.positions[species == 0], f.positions[species == 1], f.cell)
        assert record.series[t] == pytest.approx(np.sum(d < 5.0) / 100, rel=1e-12)
    among = coordination(source, "K", "K", cutoff=5.0)
    d = distances(source[0].positions[species == 0], source[0].positions[species == 0], source[0].cell)
    assert among.series[0] == pytest.approx(np.sum((d < 5.0) & (d > 0.0)) / 100, rel=1e-12)


def test_images_in_a_cell_smaller_than_the_cutoff_count():
    cell = Cell([3.0, 30.0, 30.0], (True, False, False))
    source = FrameList(topology(["C", "K"], [0, 1]), [frame(cell, [[0, 5, 5], [0, 5, 8.0]])])
    # K at 3 Å, its images at √(9 + 9) = 4.24 Å on both sides: within 4.4 Å
    assert coordination(source, "C", "K").value == 3.0
    # an atom is not its own neighbour, its images are
    assert coordination(source, "K", "K", cutoff=3.5).value == 2.0


def test_smooth_edge():
    def count(distance, **parameters):
        cell = Cell([30.0] * 3)
        source = FrameList(topology(["C", "K"], [0, 1]), [frame(cell, [[5, 5, 5], [5, 5, 5 + distance]])])
        return coordination(source, "C", "K", cutoff=4.0, smooth=True, width=1.0, **parameters).value

    assert count(3.4) == 1.0
    assert count(4.6) == 0.0
    assert count(4.0) == pytest.approx(0.5)
    assert count(3.75) == pytest.approx(1 - 3 / 16 + 2 / 64)  # u = 1/4
    # no jump at either end
    assert count(3.5 + 1e-6) == pytest.approx(1.0, abs=1e-9)
    assert count(4.5 - 1e-6) == pytest.approx(0.0, abs=1e-9)


def test_neighbours_are_counted_by_species():
    source = ideal_gas(5, 90, 1, [12.0] * 3, names=("C", "K", "Na"))
    both = FrameList(
        topology(["C", "K", "Na"], source.topology.species, groups={"liquid": source.topology.species > 0}),
        list(source),
    )
    record = coordination(both, "C", "liquid", cutoff=4.1)
    assert record.by_neighbor["K"].value == coordination(source, "C", "K", cutoff=4.1).value
    assert record.by_neighbor["K"].value + record.by_neighbor["Na"].value == pytest.approx(record.value, rel=1e-12)


def test_default_contact_distances():
    assert contact_distance("K", "C") == contact_distance("C", "K") == CONTACT_DISTANCES["C", "K"]
    source = ideal_gas(5, 30, 1, [12.0] * 3, names=("C", "K"))
    record = coordination(source, "C", "K")
    assert record.cutoff == 4.4
    assert "sharp count within 4.4 Å" in record.notes[0]
    with pytest.raises(AnalysisError, match=r"No contact distance is tabulated for K-K .* first minimum of rdf"):
        coordination(source, "K", "K")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"neighbor": "Rb"}, "No atoms are called 'Rb'"),
        ({"cutoff": -1.0}, "must be positive"),
        ({"cutoff": 0.2, "smooth": True, "width": 0.6}, "below twice the cutoff"),
    ],
)
def test_invalid_parameters_are_refused(parameters, message):
    with pytest.raises(AnalysisError, match=message):
        coordination(ideal_gas(5, 30, 1, [12.0] * 3, names=("C", "K")), **parameters)


def test_a_species_without_atoms_is_refused():
    source = ideal_gas(5, 30, 1, [12.0] * 3, names=("C", "K"))
    empty = FrameList(topology(["C", "K", "Na"], source.topology.species), list(source))
    with pytest.raises(AnalysisError, match="selects no atom"):
        coordination(empty, "C", "Na")
    analysis = Coordination("C", "K")
    analysis.prepare(source.topology)
    with pytest.raises(AnalysisError, match="at least 1 frame, got 0"):
        analysis.result()
