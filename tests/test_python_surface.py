"""What people write in Python: slices and stages of trajectories, stored runs, and paths where frames are meant."""

import inspect
import pickle
from pathlib import Path

import numpy as np
import pytest

import nakmd
from nakmd import analysis
from nakmd.analysis import FrameList
from nakmd.errors import AnalysisError, InputError
from nakmd.io import Trajectory, to_atoms
from tests import io_samples as samples
from tests.small_decks import small


@pytest.fixture
def trajectory(tmp_path):
    """Frames 0 to 2 belong to stage heat, the others to stage produce."""
    with Trajectory(samples.write(tmp_path / "t.h5md", samples.system(), range(12))) as opened:
        yield opened


SLICES = [slice(3, 10, 2), slice(None), slice(-4, None), slice(None, None, -1), slice(20, 30), slice(2, 2)]


@pytest.mark.parametrize("chosen", SLICES)
def test_slices_are_those_of_a_list(trajectory, chosen):
    part, rows = trajectory[chosen], list(range(12))[chosen]
    assert len(part) == len(rows)
    assert part.steps.tolist() == [10 * k for k in rows]
    assert part.times.tolist() == trajectory.times[rows].tolist()
    assert [frame.step for frame in part] == [10 * k for k in rows]
    assert part[1:][::2].steps.tolist() == [10 * k for k in rows[1:][::2]]
    if rows:
        samples.assert_same(part[-1], samples.frame(samples.system(), rows[-1]))
    with pytest.raises(IndexError):
        part[len(rows)]


def test_stages_by_name(trajectory):
    assert trajectory["heat"].steps.tolist() == [0, 10, 20]
    assert trajectory["produce"][2:6:3].steps.tolist() == [50, 80]
    assert trajectory[1:6]["produce"].steps.tolist() == [30, 40, 50]
    assert trajectory[1:6].stages == ("heat", "produce")
    assert trajectory["produce"].stages == ("produce",)
    assert trajectory[np.int64(3)].step == 30
    for wrong in (lambda: trajectory["melt"], lambda: trajectory[5:]["heat"]):
        with pytest.raises(InputError, match=r"unknown stage '(melt|heat)'; available: "):
            wrong()
    for wrong in (1.5, None, (1, 2), [1, 2]):
        with pytest.raises(InputError, match="by a number, a slice or the name of a stage"):
            trajectory[wrong]
    with pytest.raises(IndexError, match="frame 12 does not exist; there are 12 frames"):
        trajectory[12]


def test_analyses_of_a_part_are_those_of_its_frames(trajectory):
    part = trajectory["produce"][1:8:2]
    frames = FrameList(trajectory.topology, [trajectory[k] for k in range(12)][3:][1:8:2])
    for quantity in (analysis.density, analysis.thermo):
        options = {"species": "K"} if quantity is analysis.density else {}
        of_part, of_frames = quantity(part, **options), quantity(frames, **options)
        assert np.array_equal(of_part.value, of_frames.value)
    assert analysis.thermo(part).value != analysis.thermo(trajectory).value
    again = pickle.loads(pickle.dumps(part))
    assert again.steps.tolist() == part.steps.tolist()
    samples.assert_same(again[0], part[0])


def functions_of_frames():
    """Every public function whose first parameter is a source of frames."""
    found = []
    for name in analysis.__all__:
        function = getattr(analysis, name)
        if inspect.isfunction(function) and next(iter(inspect.signature(function).parameters), "") == "source":
            found.append(name)
    return found


def test_every_function_of_frames_is_found():
    assert {"diffusion", "rdf", "thermo", "viscosity", "analyze", "run_all", "coordination"} <= set(
        functions_of_frames()
    )
    assert len(functions_of_frames()) >= 20


@pytest.mark.parametrize("name", functions_of_frames())
@pytest.mark.parametrize("kind", [str, Path])
def test_paths_in_place_of_frames(tmp_path, name, kind):
    parameters = list(inspect.signature(getattr(analysis, name)).parameters.values())[1:]
    given = {p.name: "K" if p.annotation == "str" else [] for p in parameters if p.default is p.empty and p.kind < 2}
    path = kind(tmp_path / "trajectory.h5md")
    with pytest.raises(AnalysisError) as caught:
        getattr(analysis, name)(path, **given)
    assert f"Open it first: nakmd.Trajectory({str(path)!r})" in str(caught.value)
    with pytest.raises(AnalysisError, match=r"Open it first: nakmd\.Run\(.*\)\.trajectory"):
        getattr(analysis, name)(kind(tmp_path), **given)
    with pytest.raises(AnalysisError, match="not a list"):
        getattr(analysis, name)([], **given)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return nakmd.run(small(), directory=tmp_path_factory.mktemp("runs") / "first")


def test_a_stored_run_is_opened_again(finished):
    again = nakmd.Run(str(finished.directory))
    assert (again.status, again.step) == ("finished", finished.step)
    assert again.deck == finished.deck
    assert again.stages == finished.stages
    assert again.files == finished.files
    assert len(again.trajectory) == len(finished.trajectory)
    assert str(again.results) == str(finished.results)
    assert repr(again) == repr(finished)
    assert "finished, step 20" in again._repr_html_()
    assert "<td>temperature</td>" in again._repr_html_()
    assert isinstance(finished, nakmd.Run)
    with pytest.raises(AnalysisError, match="not a Run: pass its attribute trajectory"):
        analysis.diffusion(again, "K")


def test_a_run_that_lost_files_is_opened_as_far_as_it_goes(finished, tmp_path):
    for lost in ("status.json", "checkpoint.h5", "checkpoint_prev.h5", "results.json", "deck.toml"):
        copy = tmp_path / lost
        copy.mkdir()
        for path in finished.directory.iterdir():
            if path.name != lost:
                (copy / path.name).write_bytes(path.read_bytes())
        run = nakmd.Run(copy)
        assert run.deck == finished.deck
        assert run.status == ("interrupted" if lost == "status.json" else "finished")


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(InputError, match=r"contains no run\. Give the folder of a run"):
        nakmd.Run(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        nakmd.Run(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["analysis", "integrators", "io", "potentials", "structures", "studies"])
def test_a_public_package_lists_what_it_offers(name):
    package = getattr(nakmd, name)
    listed = package.__all__
    assert len(listed) == len(set(listed))
    assert all(hasattr(package, entry) for entry in listed)
    # what the package defines or imports from nakmd under a public name is offered, but for modules
    public = {
        key
        for key, value in vars(package).items()
        if not key.startswith("_")
        and not inspect.ismodule(value)
        and (getattr(value, "__module__", None) or "").startswith("nakmd")
    }
    assert public <= set(listed), public - set(listed)


def test_frames_of_a_trajectory_become_atoms_without_the_topology(trajectory):
    """The same atoms as `to_atoms` gives, of a frame, of one of a part, and of some atoms of a frame."""
    for frame in (trajectory[4], trajectory["produce"][1], next(iter(trajectory[4:]))):
        assert isinstance(frame, nakmd.Frame)
        assert_same_atoms(frame.to_atoms(), to_atoms(frame, trajectory.topology))
    assert_same_atoms(frame.to_atoms(groups=True), to_atoms(frame, trajectory.topology, groups=True))
    mask = trajectory.topology.select("K")
    some = frame.part(mask).to_atoms()
    assert set(some.symbols) == {"K"}
    assert some.arrays["run_index"].tolist() == np.flatnonzero(mask).tolist()
    assert frame.topology is trajectory.topology  # a part is another frame


def test_parked_atoms_are_no_atoms(trajectory):
    frame = trajectory[0]
    frame.present = np.arange(len(frame.positions)) != 1
    assert len(frame.to_atoms()) == len(frame.positions) - 1


def assert_same_atoms(one, other):
    assert one.info == other.info
    assert sorted(one.arrays) == sorted(other.arrays)
    for name, column in one.arrays.items():
        assert np.array_equal(column, other.arrays[name]), name
    assert (one.calc is None) == (other.calc is None)
    if one.calc is not None:
        assert one.get_potential_energy() == other.get_potential_energy()
