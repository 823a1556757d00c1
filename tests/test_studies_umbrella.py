"""Umbrella windows over a deck: their decks, what is kept, and the free energy, in 60 atoms of liquid."""

import json

import numpy as np
import pytest
from small_decks import small

import nakmd
from nakmd.deck.stage_sections import Relax
from nakmd.errors import AnalysisError, InputError
from nakmd.simulation import MassCenterDistance, SiteDistance, WallDistance
from nakmd.studies import umbrella
from nakmd.studies.umbrella_windows import restraint_table, window_series
from nakmd.units import K_B

COORDINATE = SiteDistance(species="K", site=(0,), nearest="centre")
CENTRES = (4.8, 4.4, 4.0)
OPTIONS = {"spring": 0.5, "steer": 0.1, "duration": 1.6, "bulk": (4.5, 4.9), "resamples": 4, "threads": 1}


def deck(**stage):
    return small(**{"timestep": "4 fs", "temperature": "450 K", **({} if stage.get("kind") == "relax" else stage)})


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    return folder, umbrella(deck(), COORDINATE, CENTRES, directory=folder, **OPTIONS)


def test_each_window_starts_from_the_one_before(study):
    folder, _ = study
    decks = [nakmd.Run(folder / f"window-{centre:.3f}").deck for centre in CENTRES]
    starts = [read.structure.file.path for read in decks]
    assert [start.split("/")[-2] for start in starts] == ["free", "window-4.800", "window-4.400"]
    pulls = [read.stage[0].restraint[0] for read in decks]
    assert len({pull.atom for pull in pulls}) == 1
    assert pulls[1].centre == (4.8, 4.4)
    assert pulls[2].centre == (4.4, 4.0)
    assert [read.stage[1].restraint[0].centre for read in decks] == [(c, c) for c in CENTRES]
    with (
        nakmd.Trajectory(folder / "free" / "trajectory.h5md") as free,
        nakmd.Trajectory(folder / "window-4.800" / "trajectory.h5md") as first,
    ):
        assert np.array_equal(first[0].unwrapped, free[-1].unwrapped)
        assert np.array_equal(first[0].velocities, free[-1].velocities)
        atom = pulls[0].atom
        candidates = np.flatnonzero(free.topology.select("K"))
        distances = np.linalg.norm(free[-1].cell.minimum_image(free[-1].positions - free[-1].positions[0]), axis=1)
        assert atom == candidates[np.argmin(np.abs(distances[candidates] - 4.8))]
        series = window_series(folder / "window-4.800")
        rows = np.flatnonzero(first.thermo["stage"].astype(str) == "umbrella")
        frames = {f.step: f for f in first.frames("umbrella")}
        both = [row for row in rows if first.thermo["step"][row] in frames]
        for row in both:
            f = frames[first.thermo["step"][row]]
            vector = f.cell.minimum_image((f.positions[atom] - f.positions[0])[None])
            assert series[row - rows[0]] == pytest.approx(np.linalg.norm(vector), abs=1e-12)
        assert len(both) >= 10
        assert len(series) == 200  # rows of the measured stage only
        assert first.thermo_units["coordinate_umbrella"] == "Angstrom"


def test_record_and_files(study):
    folder, record = study
    assert record.centres.tolist() == sorted(CENTRES)
    assert record.temperature == 450.0
    assert record.in_bulk.value > 0.0
    stored = json.loads((folder / "umbrella.json").read_text())
    assert stored["depth"]["value"] == record.depth.value
    assert (folder / "umbrella.png").stat().st_size > 0
    # the volume of a distance is 4πξ²: both free energies differ by -2 kT ln ξ, up to a constant
    difference = record.with_volume - record.value + 2.0 * K_B * 450.0 * np.log(record.distance)
    assert np.ptp(difference[np.isfinite(difference)]) < 1e-9
    notes = nakmd.Run(folder / "window-4.000").notes
    assert any("its results are those of the restrained system" in note for note in notes)
    assert "restraint of atom" in (folder / "window-4.000" / "report.html").read_text()


def test_finished_windows_are_kept_and_windows_added(study):
    folder, record = study
    times = {path: path.stat().st_mtime_ns for path in folder.glob("*/trajectory.h5md")}
    again = umbrella(deck(), COORDINATE, CENTRES, directory=folder, **OPTIONS)
    assert np.array_equal(again.value, record.value, equal_nan=True)
    springs = (0.5, 0.5, 0.5, 0.8)
    more = umbrella(deck(), COORDINATE, (*CENTRES, 4.6), directory=folder, **{**OPTIONS, "spring": springs})
    assert more.springs.tolist() == [0.5, 0.5, 0.8, 0.5]  # in ascending order of the centres
    assert len(more.centres) == 4
    start = nakmd.Run(folder / "window-4.600").deck.structure.file.path
    assert start.split("/")[-2] in ("window-4.800", "window-4.400")
    assert {path: path.stat().st_mtime_ns for path in times} == times
    with pytest.raises(InputError, match="of another deck"):
        umbrella(deck(), COORDINATE, CENTRES, directory=folder, **{**OPTIONS, "spring": 3.0})


def test_windows_that_do_not_overlap_are_named(study, tmp_path):
    folder, _ = study
    with pytest.raises(AnalysisError, match=r"those at 4 and 6 Å overlap by 0 "):
        umbrella(
            deck(), COORDINATE, (6.0, 4.0), directory=tmp_path, free=folder / "free", **{**OPTIONS, "spring": 20.0}
        )


def test_tables_of_restraints():
    assert restraint_table(WallDistance(atom=7), 0.5, (3.0, 2.5)) == {
        "kind": "wall", "name": "umbrella", "atom": 7, "spring": "0.5 eV/Å²", "centre": ["3 Å", "2.5 Å"],
    }  # fmt: skip
    table = restraint_table(MassCenterDistance(group="liquid", other=(1, 2)), 0.5, 3.0)
    assert table["other"] == [1, 2]
    assert table["kind"] == "mass-centre"


@pytest.mark.parametrize(
    ("stage", "centres", "message"),
    [
        ({"temperature": ["300 K", "450 K"]}, CENTRES, "at a constant temperature"),
        ({"kind": "relax"}, CENTRES, "at a constant temperature"),
        ({"barostat": {}}, CENTRES, "remove the barostat"),
        (
            {"restraint": [{"kind": "site", "atom": 1, "site": [0], "spring": "1 eV/Å²", "centre": "4 Å"}]},
            CENTRES,
            "without restraints",
        ),
        ({}, (5.0,), "two or more different centres"),
        ({}, (5.0, 5.0), "two or more different centres"),
        ({}, CENTRES, "3 centres have 2 springs"),
    ],
)
def test_messages(stage, centres, message, tmp_path):
    made = deck(**stage)
    options = OPTIONS if message != "3 centres have 2 springs" else {**OPTIONS, "spring": (1.0, 2.0)}
    if stage.get("kind") == "relax":
        made = made.model_copy(update={"stage": (Relax(kind="relax"),)})
    with pytest.raises(InputError, match=message):
        umbrella(made, COORDINATE, centres, directory=tmp_path, **options)
    assert not list(tmp_path.iterdir())
