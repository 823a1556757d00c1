"""Dumps that LAMMPS wrote: all kinds of positions, and the data file, agree; MDAnalysis reads the same."""

import subprocess

import numpy as np
import pytest
from lammps_oracle import executable

from nakmd.io import Trajectory, convert


def read(path, tmp_path, **options):
    """Convert a dump to H5MD and return the trajectory and the notes."""
    done = convert(path, tmp_path / "read.h5md", **options)
    return Trajectory(tmp_path / "read.h5md"), done.notes


LAMMPS_RUN = """
    units metal
    boundary {boundary}
    box tilt large
    region box prism -3 {high[0]} 1 {high[1]} 2 {high[2]} {tilts}
    create_box 2 box
    create_atoms 1 random 20 7 NULL
    create_atoms 2 random 20 8 NULL
    mass 1 22.98976928
    mass 2 39.0983
    pair_style zero 3.0
    pair_coeff * *
    velocity all create 30000 11
    fix move all nve
    fix box all deform 1 x final -4 11 remap x
    timestep 0.002
    dump whole all custom 10 whole.dump id type element x y z ix iy iz vx vy vz
    dump scaled all custom 10 scaled.dump id type element xs ys zs ix iy iz
    dump free all custom 10 free.dump id type element xu yu zu
    dump both all custom 10 both.dump id type element xsu ysu zsu
    dump_modify whole format float %.17g element Na K units yes time yes
    dump_modify scaled format float %.17g element Na K
    dump_modify free format float %.17g element Na K
    dump_modify both format float %.17g element Na K
    run 200
    write_data end.data
"""


@pytest.fixture(scope="module", params=["orthogonal", "tilted", "film"])
def lammps_run(request, tmp_path_factory):
    lmp = executable()
    if lmp is None:
        pytest.skip("LAMMPS is not installed")
    folder = tmp_path_factory.mktemp("lammps")
    text = LAMMPS_RUN.format(
        boundary="p p f" if request.param == "film" else "p p p",
        high=(9, 14, 16),
        tilts={"orthogonal": "0 0 0", "tilted": "3 -2 4", "film": "3 0 0"}[request.param],
    )
    if request.param == "film":  # no atom leaves the box
        text = text.replace("fix move all nve", "fix move all nve\nfix wall all wall/reflect zlo EDGE zhi EDGE")
    (folder / "in.lmp").write_text(text)
    done = subprocess.run(
        [lmp, "-in", "in.lmp", "-log", "none"], cwd=folder, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:]
    return folder


@pytest.mark.lammps
def test_all_kinds_of_positions_of_lammps_agree(lammps_run, tmp_path):
    whole = {}
    for name in ("whole", "scaled", "free", "both"):
        options = {} if name == "whole" else {"timestep": 0.002}
        convert(lammps_run / f"{name}.dump", tmp_path / f"{name}.h5md", **options)
        whole[name] = Trajectory(tmp_path / f"{name}.h5md")
    reference = whole["whole"]
    assert len(reference) == 21
    assert np.abs(np.array([frame.images for frame in reference])).max() > 1
    for trajectory in whole.values():
        assert trajectory.has_images
        assert trajectory.steps.tolist() == list(range(0, 201, 10))
        np.testing.assert_allclose(trajectory.times, 0.02 * np.arange(21), atol=1e-12)
        for frame, other in zip(trajectory, reference, strict=True):
            # LAMMPS writes 17 digits; scaled positions lose a few
            np.testing.assert_allclose(frame.unwrapped, other.unwrapped, atol=1e-12)
            np.testing.assert_allclose(frame.cell.matrix, other.cell.matrix, atol=1e-13)


@pytest.mark.lammps
@pytest.mark.filterwarnings("ignore:Reader has no dt:UserWarning")
def test_dumps_of_lammps_agree_with_mdanalysis(lammps_run, tmp_path):
    pytest.importorskip("MDAnalysis")
    from MDAnalysis.coordinates.LAMMPS import DumpReader
    from MDAnalysis.lib.mdamath import triclinic_box

    # MDAnalysis does not read the items UNITS and TIME
    text = (lammps_run / "whole.dump").read_text()
    frames = text.split("ITEM: TIME\n")
    plain = "".join(frame.partition("\n")[2] for frame in frames[1:])
    (tmp_path / "plain.lammpsdump").write_text(plain)
    trajectory, _ = read(tmp_path / "plain.lammpsdump", tmp_path, timestep=0.002)
    with DumpReader(str(tmp_path / "plain.lammpsdump")) as reader:
        for moment, frame in zip(reader, trajectory, strict=True):
            assert moment.data["step"] == frame.step
            np.testing.assert_allclose(moment.dimensions, triclinic_box(*frame.cell.matrix), rtol=1e-5)
            # single precision; MDAnalysis shifts by the corner of the bounding box, here of the box itself
            shift = np.min([[0, 0, 0], *np.cumsum(frame.cell.matrix[1:], axis=0) * [1, 0, 0]], axis=0)
            apart = moment.positions - frame.positions
            cell = frame.cell
            np.testing.assert_allclose(cell.minimum_image(apart - apart[0]), 0.0, atol=1e-5)
            np.testing.assert_allclose(moment.velocities, frame.velocities, rtol=1e-5, atol=1e-5)
            del shift


@pytest.mark.lammps
def test_the_last_frame_is_the_data_file(lammps_run, tmp_path):
    trajectory, _ = read(lammps_run / "whole.dump", tmp_path)
    frame = trajectory[-1]
    convert(lammps_run / "end.data", tmp_path / "end.h5md")
    end = Trajectory(tmp_path / "end.h5md")
    assert end.steps.tolist() == [200]
    periodic = trajectory.periodic
    np.testing.assert_allclose(end[0].unwrapped[:, periodic], frame.unwrapped[:, periodic], atol=1e-12)
    np.testing.assert_allclose(end[0].velocities, frame.velocities, rtol=1e-12)
    assert end.species.tolist() == trajectory.species.tolist()
    assert end.masses.tolist() == trajectory.masses.tolist()
