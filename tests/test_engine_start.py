"""Where LAMMPS continues: the newest complete restart file, and the stage to which it belongs."""

import pytest
from lammps_files import restart_file

from nakmd.engines.exported_run import ExportedRun
from nakmd.engines.lammps_start import LAMMPSStart
from nakmd.errors import InputError

#: A relaxation of at most 50 steps, and two stages of dynamics of 100 and 200 steps.
MANIFEST = {
    "restart": ["restart.a", "restart.b"],
    "notes": [],
    "stages": [
        {
            "number": number,
            "name": name,
            "steps": steps,
            "minimisation": number == 1,
            "timestep_ps": None if number == 1 else 0.001 * number,
            "dump": f"stage_{number}.lammpstrj",
            "restart": f"stage_{number}.restart",
        }
        for number, (name, steps) in enumerate([("relax", 50), ("heat", 100), ("produce", 200)], start=1)
    ],
}

#: The relaxation has converged after 30 steps.
BEGINS = {1: 0, 2: 30, 3: 130}


@pytest.mark.parametrize(
    ("files", "step", "variables"),
    [
        ({}, 0, {}),
        ({"restart.a": 20}, 20, {"restart": "restart.a", "first": "1", "begin": "0"}),
        ({"stage_1.restart": 30}, 30, {"restart": "stage_1.restart", "first": "2"}),
        # at the end of a stage, a file of the same step is not within it
        ({"stage_1.restart": 30, "restart.b": 30}, 30, {"restart": "stage_1.restart", "first": "2"}),
        (
            {"stage_1.restart": 30, "restart.a": 60, "restart.b": 80},
            80,
            {"restart": "restart.b", "first": "2", "begin": "30"},
        ),
        (
            {"stage_1.restart": 30, "stage_2.restart": 130, "restart.a": 60, "stopped.restart": 140},
            140,
            {"restart": "stopped.restart", "first": "3", "begin": "130"},
        ),
        ({"stage_3.restart": 330}, 330, {"restart": "stage_3.restart", "first": "4"}),
    ],
)
def test_the_latest_place_is_chosen(tmp_path, files, step, variables):
    for name, at in files.items():
        (tmp_path / name).write_bytes(restart_file(at))
    start = LAMMPSStart.latest(tmp_path, ExportedRun.of(MANIFEST, "export.json"), BEGINS)
    assert (start.step, dict(start.variables)) == (step, variables)


def test_a_file_that_was_being_written_is_passed_over(tmp_path):
    (tmp_path / "restart.a").write_bytes(restart_file(60))
    (tmp_path / "restart.b").write_bytes(restart_file(80, end=b""))
    assert LAMMPSStart.latest(tmp_path, ExportedRun.of(MANIFEST, "export.json"), BEGINS).step == 60


def test_the_end_of_a_last_stage_that_became_longer_is_within_it(tmp_path):
    (tmp_path / "stage_3.restart").write_bytes(restart_file(330))
    start = LAMMPSStart.latest(tmp_path, ExportedRun.of(MANIFEST, "export.json").longer(10), BEGINS)
    assert dict(start.variables) == {"restart": "stage_3.restart", "first": "3", "begin": "130"}


def test_files_of_later_steps_are_removed(tmp_path):
    for name, step in {"restart.a": 60, "restart.b": 80, "stage_2.restart": 130}.items():
        (tmp_path / name).write_bytes(restart_file(step))
    LAMMPSStart(60, 2, 30, "restart.a").remove_later(tmp_path, ExportedRun.of(MANIFEST, "export.json"))
    assert [path.name for path in tmp_path.iterdir()] == ["restart.a"]


def test_times_and_steps_follow_from_the_stages():
    exported = ExportedRun.of(MANIFEST, "export.json")
    assert [exported.time_before(number) for number in (1, 2, 3)] == pytest.approx([0.0, 0.0, 0.2])
    assert [exported.steps_from(number) for number in (1, 2, 3, 4)] == [350, 300, 200, 0]
    assert exported.longer(10).steps_from(3) == 210


def test_another_file_is_no_manifest():
    with pytest.raises(InputError, match="no manifest"):
        ExportedRun.of({"stages": []}, "export.json")
