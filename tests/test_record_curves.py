"""The curves of records as tables: each array in its place, over the axes it belongs to."""

import csv
import dataclasses
import inspect
import pkgutil
from importlib import import_module

import numpy as np
import pytest
from synthetic import interface, random_walk

import nakmd.analysis
import nakmd.studies
from nakmd.analysis import Record, analyze, density, diffusion, rdf, residence_map
from nakmd.errors import InputError

#: Records with arrays that are no curves.
WITHOUT = {"CombinedRecord": "the numbers of single runs"}


def record_classes():
    """Return all classes of records, of every module of analyses and studies."""
    for package in (nakmd.analysis, nakmd.studies):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    found, waiting = [], [Record]
    while waiting:
        waiting += (found := [*found, waiting.pop()])[-1].__subclasses__()
    return [one for one in found if one.__module__.startswith("nakmd.")]


CLASSES = record_classes()


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_record_with_arrays_has_curves_of_its_attributes(kind):
    own = {item.name: str(item.type) for item in dataclasses.fields(kind)}
    arrays = [name for name, annotation in own.items() if "Array" in annotation]
    assert bool(kind.curve_tables) == bool(arrays) or kind.__name__ in WITHOUT, arrays
    names = [curve.name for curve in kind.curve_tables]
    assert len(set(names)) == len(names)
    for curve in kind.curve_tables:
        for source in (*curve.axes.values(), *curve.columns.values()):
            assert callable(source) or source in own
        assert not set(curve.axes) & set(curve.columns)


def test_a_profile_has_a_row_for_each_side_species_and_distance(tmp_path):
    record = density(interface(), discard="none")
    assert record.curves == ("density", "mass density")
    table = record.table("density")
    assert len(table) == record.value.size
    assert list(table[0]) == ["side", "species", "distance [Å]", "density [1/Å³]", "error [1/Å³]", "fraction"]
    for side, species, k in ((0, 0, 0), (1, 1, 7), (1, 0, record.distance.size - 1)):
        (row,) = [
            row for row in table
            if (row["side"], row["species"]) == (record.sides[side], record.species[species])
            and row["distance [Å]"] == record.distance[k]
        ]  # fmt: skip
        value = record.value[side, species, k]
        assert row["density [1/Å³]"] == (None if np.isnan(value) else value)
    frame = record.to_frame("density")
    np.testing.assert_array_equal(frame["density [1/Å³]"].to_numpy(float), record.value.reshape(-1))
    with open(record.to_csv(tmp_path / "profile.csv", "density"), encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert [row["density [1/Å³]"] for row in read] == ["" if x is None else str(x) for x in frame_values(table)]


def frame_values(table):
    return [row["density [1/Å³]"] for row in table]


def test_a_correlation_function_is_a_table_of_its_lags():
    source, _ = random_walk(3, 20, 100)
    record = diffusion(source, "K")
    frame = record.to_frame("msd")
    assert frame["lag [ps]"].tolist() == record.lag.tolist()
    assert frame["msd [Å²]"].tolist() == record.msd.tolist()
    assert list(record.to_frame().columns)[:2] == ["name", "value"]  # without a name it is the table of results


def test_pairs_and_maps_are_named_in_their_columns():
    pairs = rdf(interface(), discard="none")
    frame = pairs.to_frame("g(r)")
    of_pair = frame[frame["pair"] == "C-K"]
    assert of_pair["g"].to_numpy().tolist() == pairs["C", "K"].value.tolist()
    assert pairs["C", "K"].to_frame("g(r)")["g"].tolist() == of_pair["g"].tolist()
    places = residence_map(interface(), discard="none")
    frame = places.to_frame("map")
    assert len(frame) == places.value.size
    assert frame["density [1/Å²]"].to_numpy(float).reshape(places.value.shape)[1, 2, 3] == places.value[1, 2, 3]
    third = 0.5 * (places.edges_x[2] + places.edges_x[3])
    assert frame["x [Å]"].to_numpy().reshape(places.value.shape)[0, 2, 0] == third


def test_an_unknown_curve_is_named():
    record = density(interface(), discard="none")
    with pytest.raises(InputError, match=r"has no curve 'densty'\. Did you mean \"density\"\?"):
        record.to_frame("densty")
    single = Record(quantity="x", value=1.0, error=0.1, unit="eV", n_effective=9.0)
    assert single.curves == ()
    with pytest.raises(InputError, match=r"x has no curve 'msd'\. It has none\."):
        single.table("msd")


def test_the_curves_of_all_that_is_measured_are_complete():
    """Of every record of a run, each curve has as many rows as its array has entries, with the entries in order."""
    measured = {name: one for name, one in analyze(interface(80), discard="none").items() if isinstance(one, Record)}
    assert sum(len(record.curves) for record in measured.values()) > 8
    for record in measured.values():
        for curve in record.curve_tables:
            if curve.name not in record.curves:
                continue
            table = record.table(curve.name)
            for name, source in curve.columns.items():
                array = source(record) if callable(source) else getattr(record, source)
                flat = np.concatenate([np.ravel(one) for one in array.values()]) if isinstance(array, dict) else array
                expected = [None if isinstance(x, float) and np.isnan(x) else x for x in np.ravel(flat).tolist()]
                assert [row[name] for row in table] == expected


def test_every_public_record_is_covered():
    public = {thing for thing in vars(nakmd.analysis).values() if inspect.isclass(thing) and issubclass(thing, Record)}
    assert public <= set(CLASSES)
