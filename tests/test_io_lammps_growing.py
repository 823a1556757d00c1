"""Files of LAMMPS that are read while they are written: dumps, logs, restart files."""

import numpy as np
import pytest
from lammps_files import restart_file

from nakmd.errors import FileFormatError
from nakmd.io.lammps.growing_dump import COLUMNS, GrowingDump
from nakmd.io.lammps.growing_log import GrowingLog
from nakmd.io.lammps.restart_files import restart_step

#: A frame of two atoms, in the order in which a process has written them.
FRAME = """ITEM: TIMESTEP
{step}
ITEM: NUMBER OF ATOMS
2
ITEM: BOX BOUNDS pp pp pp
-1.0 9.0
0.0 10.0
0.0 10.0
ITEM: ATOMS id type x y z ix iy iz vx vy vz
2 1 2.5 0.5 0.25 1 0 -2 -0.5 0.0 0.125
1 2 {x} 1.0 1.5 0 0 0 0.5 0.25 -3.0
"""

LOG = """LAMMPS (22 Jul 2025 - Update 4)
  1 by 2 by 3 MPI processor grid
print "nakmd: stage 1 (relax) begins at step ${begin}"
nakmd: stage 1 (relax) begins at step 0
   Step          Temp          PotEng
         0   0                 -10.5
WARNING: three words
         7   0                 -11.25
Loop time of 0.1 on 2 procs for 7 steps with 60 atoms
Minimization stats:
  Stopping criterion = force tolerance
  Force max component initial, final = 0.5 0.0625
nakmd: stage 1 (relax) ends at step 7
nakmd: stage 2 (produce) begins at step 7
   Step          Temp          PotEng
         7   300               -11.25
        10   310               -11.125
"""


def written_in_parts(path, text, parts):
    """Append a text to a file in parts of as many bytes; yield after each."""
    content = text.encode()
    with path.open("ab") as file:
        for k in range(0, len(content), parts):
            file.write(content[k : k + parts])
            file.flush()
            yield


@pytest.mark.parametrize("parts", [1, 7, 100])
def test_every_frame_is_read_once_and_only_when_its_last_row_is_complete(tmp_path, parts):
    path = tmp_path / "a.dump"
    dump, steps = GrowingDump(path, 2), []
    assert list(dump.frames(after=-1)) == []  # there is no file yet
    for step in (0, 5, 10):
        for _ in written_in_parts(path, FRAME.format(step=step, x=0.125 * step), parts):
            found = list(dump.frames(after=-1))
            steps += [frame.step for frame in found]
            for frame in found:  # in the order of the ids, not of the file
                np.testing.assert_array_equal(frame.positions, [[0.125 * step, 1.0, 1.5], [2.5, 0.5, 0.25]])
                np.testing.assert_array_equal(frame.flags, [[0, 0, 0], [1, 0, -2]])
                np.testing.assert_array_equal(frame.velocities, [[0.5, 0.25, -3.0], [-0.5, 0.0, 0.125]])
                np.testing.assert_array_equal(frame.box.origin, [-1.0, 0.0, 0.0])
        assert steps[-1] == step
    assert steps == [0, 5, 10]
    dump.check_end()


def test_frames_up_to_a_step_are_passed_by(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text("".join(FRAME.format(step=step, x=1.0) for step in (0, 5, 10)))
    assert [frame.step for frame in GrowingDump(path, 2).frames(after=5)] == [10]


def test_a_dump_is_cut_where_another_process_continues(tmp_path):
    path = tmp_path / "a.dump"
    whole = "".join(FRAME.format(step=step, x=1.0) for step in (0, 5, 10))
    path.write_text(whole + FRAME.format(step=15, x=1.0)[:-20])  # killed within a frame
    GrowingDump(path, 2).drop_after(5)
    assert path.read_text() == "".join(FRAME.format(step=step, x=1.0) for step in (0, 5))
    path.write_text(whole + FRAME.format(step=15, x=1.0)[:-20])
    GrowingDump(path, 2).drop_after(100)
    assert path.read_text() == whole


def test_a_part_of_a_frame_at_the_end_is_a_fault(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(FRAME.format(step=0, x=1.0) + "ITEM: TIMESTEP\n")
    dump = GrowingDump(path, 2)
    assert len(list(dump.frames(after=-1))) == 1
    with pytest.raises(FileFormatError, match="15 bytes"):
        dump.check_end()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("1 2 1.0", "3 2 1.0"), "atoms 1 to 2"),
        (("vx vy vz", "fx fy fz"), "vx vy vz"),
        (("1 2 1.0", "1 2 nan"), "not finite"),
        (("1 2 1.0", "1 2 one"), "cannot be read"),
    ],
)
def test_damaged_frames_are_refused(tmp_path, change, said):
    path = tmp_path / "a.dump"
    path.write_text(FRAME.format(step=0, x=1.0).replace(*change))
    with pytest.raises(FileFormatError, match=said):
        list(GrowingDump(path, 2).frames(after=-1))


def test_the_columns_that_are_read_are_those_of_the_test():
    assert set(COLUMNS) <= set(FRAME.splitlines()[8].split())


@pytest.mark.parametrize("parts", [3, 1000])
def test_the_log_says_what_belongs_to_which_stage(tmp_path, parts):
    path = tmp_path / "log.lammps"
    log, rows = GrowingLog(path), []
    for _ in written_in_parts(path, LOG, parts):
        rows += log.rows()
    assert [(row.stage, row.values["Step"], row.values["PotEng"]) for row in rows] == [
        (1, 0, -10.5),
        (1, 7, -11.25),
        (2, 7, -11.25),
        (2, 10, -11.125),
    ]
    assert (log.begins, log.ends) == ({1: 0, 2: 7}, {1: 7})
    assert (log.minimisations[1].converged, log.minimisations[1].largest_force) == (True, 0.0625)
    assert log.ranks == 6
    assert log.errors == []


def test_the_log_keeps_errors_with_their_input_line(tmp_path):
    path = tmp_path / "log.lammps"
    path.write_text(f"{LOG}ERROR: Lost atoms: original 60 current 59 (src/thermo.cpp:489)\nLast input line: run 10\n")
    log = GrowingLog(path)
    log.rows()
    assert log.errors == ["ERROR: Lost atoms: original 60 current 59 (src/thermo.cpp:489) (Last input line: run 10)"]


@pytest.mark.parametrize(
    ("content", "step"),
    [
        (restart_file(2000), 2000),
        (restart_file(2**40), 2**40),
        (restart_file(2000, end=b""), None),
        (restart_file(2000)[:40], None),
        (b"", None),
        (b"something else", None),
    ],
)
def test_the_step_of_a_restart_file_is_that_of_its_header_if_it_is_complete(tmp_path, content, step):
    path = tmp_path / "restart.a"
    path.write_bytes(content)
    assert restart_step(path) == step


def test_no_restart_file_has_no_step(tmp_path):
    assert restart_step(tmp_path / "restart.a") is None
