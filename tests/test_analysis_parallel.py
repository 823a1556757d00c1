"""Analyses shared out over processes: the same records, progress, one budget of memory."""

import pickle

import pytest
from synthetic import STAGES, interface

from nakmd.analysis import Diffusion, FrameList, Record, analyze, standard_analyses
from nakmd.analysis.drive import count_frames
from nakmd.analysis.frame_choice import FrameChoice
from nakmd.analysis.parallel import share_out
from nakmd.errors import AnalysisError, DeckError, FileFormatError
from nakmd.io.h5md import TrajectoryWriter
from nakmd.io.trajectory import Trajectory


@pytest.fixture
def stored(tmp_path):
    """Forty frames in a file, half of them of production."""
    frames = interface(40)
    with TrajectoryWriter(tmp_path / "run.h5md", frames.topology, {"stages": list(STAGES)}) as writer:
        for frame in frames:
            writer.write(frame)
    return Trajectory(tmp_path / "run.h5md")


def test_two_processes_find_what_one_finds(stored):
    seen = []
    wanted = ["rdf", "diffusion", "coordination", "density"]
    shared = analyze(stored, wanted, "produce", lambda done, total: seen.append((done, total)), processes=2)
    alone = analyze(stored, wanted, "produce")
    assert list(shared) == list(alone)
    for name, record in shared.items():
        assert isinstance(record, Record)
        assert record.to_dict() == alone[name].to_dict()
    assert all(total == 20 and 0 <= done <= 20 for done, total in seen)
    assert seen


def test_an_error_comes_back_from_a_process():
    frames = interface(12, stages=("produce",))
    two = FrameList(frames.topology, [frames[0], frames[1]])
    shared, alone = analyze(two, ["thermo", "diffusion"], processes=2), analyze(two, ["thermo", "diffusion"])
    assert {name: str(found) for name, found in shared.items()} == {name: str(found) for name, found in alone.items()}
    assert any(isinstance(found, AnalysisError) for found in shared.values())


@pytest.mark.parametrize(
    "error", [FileFormatError("run.h5md", "frame 3 is torn.", "Cut it off.", 7), DeckError(["one", "two"])]
)
def test_errors_of_several_arguments_pass_between_processes(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again).keys() == vars(error).keys()


def test_the_dearest_come_first_and_go_where_least_is_waiting():
    shares = share_out({"a": 1.0, "b": 5.0, "c": 2.0, "d": 2.0, "e": 0.0}, 3)
    assert shares == [["b"], ["c", "a"], ["d", "e"]]
    assert share_out({"a": 1.0}, 4) == [["a"]]


def test_frames_of_a_stage_are_counted_without_reading_them(stored):
    assert count_frames(stored, FrameChoice.of(stored)) == 20  # those of production
    assert count_frames(stored, FrameChoice.of(stored, stages="all")) == 40
    assert count_frames(stored, FrameChoice.of(stored, stages="all", discard=0.25)) == 30
    memory = interface(20)
    assert count_frames(memory, FrameChoice.of(memory)) is None  # frames in memory know no rows by stage


@pytest.mark.parametrize(("quantities", "each"), [(["diffusion"], 1e9), (["diffusion", "layers"], 5e8)])
def test_one_budget_for_all_paths(quantities, each):
    found = standard_analyses(interface(2).topology, quantities, memory=2e9)
    kept = [analysis._paths.memory for analysis in found.values() if isinstance(analysis, Diffusion)]
    assert kept == [each, each]
