"""Paths from positions without image counts: to the nearest image with a note, from unwrapped positions, or refused."""

import ase
import numpy as np
import pytest

from nakmd.analysis import FrameList, diffusion, layer_diffusion, non_gaussian
from nakmd.analysis.paths import FAR, MOST_FAR
from nakmd.cell import Cell
from nakmd.errors import AnalysisError
from nakmd.io import Trajectory, convert, write_extxyz
from nakmd.io.wrapping import positions_hold_images
from nakmd.system import Frame, System

LENGTH = 10.0
CELLS = {
    "cube": np.eye(3) * LENGTH,
    "tilted": np.array([[LENGTH, 0.0, 0.0], [4.0, LENGTH, 0.0], [-3.0, 4.5, LENGTH]]),
}


def walk(coefficient=0.2, atoms=32, frames=200, step=0.1, seed=3, matrix=CELLS["cube"]) -> np.ndarray:
    """Return unwrapped paths of independent atoms with a known diffusion coefficient [Å²/ps]."""
    rng = np.random.default_rng(seed)
    start = rng.random((1, atoms, 3)) @ matrix
    steps = rng.normal(0.0, np.sqrt(2.0 * coefficient * step), (frames - 1, atoms, 3))
    return np.concatenate([start, start + np.cumsum(steps, axis=0)])


def wrapped(paths, matrix) -> np.ndarray:
    fractional = paths @ np.linalg.inv(matrix)
    return (fractional - np.floor(fractional)) @ matrix


def write(path, positions, matrix=CELLS["cube"], step=0.1, pbc=(True, True, True), time="time"):
    """Write extended XYZ as a program without image counts does."""
    with open(path, "w") as file:
        for k, frame in enumerate(positions):
            lattice = " ".join(f"{x:.10g}" for x in matrix.ravel())
            flags = " ".join("TF"[not p] for p in pbc)
            stamp = f"{time}={k * step:.6g} " if time else ""
            file.write(f'{len(frame)}\nLattice="{lattice}" Properties=species:S:1:pos:R:3 pbc="{flags}" {stamp}\n')
            file.writelines(f"Na {x:.5f} {y:.5f} {z:.5f}\n" for x, y, z in frame)
    return path


def measured(path, **options):
    with Trajectory(path) as trajectory:
        return diffusion(trajectory, "Na", drift=None, **options)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("origin", [0.0, -0.5])
def test_wrapped_positions(tmp_path, name, origin):
    """Case 01, also in a tilted cell and with the cell around the origin."""
    matrix = CELLS[name]
    paths = walk(matrix=matrix)
    shift = origin * matrix.sum(axis=0)
    done = convert(write(tmp_path / "w.xyz", wrapped(paths, matrix) + shift, matrix), tmp_path / "w.h5md")
    convert(write(tmp_path / "u.xyz", paths, matrix), tmp_path / "u.h5md")
    assert "no image counts" in " ".join(done.notes)
    with Trajectory(tmp_path / "w.h5md") as trajectory:
        assert not trajectory.has_images
        assert not trajectory[0].has_images
    found, true = measured(tmp_path / "w.h5md"), measured(tmp_path / "u.h5md")
    # the same walk; positions in the files have five decimals
    assert found.value == pytest.approx(true.value, rel=1e-4)
    assert found.value == pytest.approx(0.2, abs=3.0 * found.error)
    assert any("no image counts" in note for note in found.notes)
    assert [row.note for row in found.rows()] == ["no image counts: paths to the nearest image"]
    assert [row.note for row in true.rows()] == [""]


def test_a_dump_without_flags(tmp_path):
    """Wrapped coordinates x y z alone: no image group, paths to the nearest image; with flags there is no note."""
    paths, cell = walk(), Cell([LENGTH] * 3)
    for flags in (False, True):
        with open(tmp_path / "d.dump", "w") as file:
            for k, frame in enumerate(paths):
                inside, images = cell.wrap(frame)
                columns = "id element x y z" + " ix iy iz" * flags
                file.write(f"ITEM: TIMESTEP\n{100 * k}\nITEM: NUMBER OF ATOMS\n32\nITEM: BOX BOUNDS pp pp pp\n")
                file.write(f"0 {LENGTH}\n" * 3 + f"ITEM: ATOMS {columns}\n")
                for n, (place, image) in enumerate(zip(inside, images), start=1):
                    numbers = [*(f"{x:.5f}" for x in place), *(map(str, image) if flags else ())]
                    file.write(f"{n} Na {' '.join(numbers)}\n")
        convert(tmp_path / "d.dump", tmp_path / "d.h5md", timestep=0.001)
        found = measured(tmp_path / "d.h5md")
        assert found.value == pytest.approx(0.2, abs=3.0 * found.error)
        assert any("no image counts" in note for note in found.notes) is not flags
        with Trajectory(tmp_path / "d.h5md") as trajectory:
            assert trajectory.has_images is flags


def test_unwrapped_positions_with_wide_steps(tmp_path):
    """Positions over many cells with steps of half a cell are taken as they are."""
    paths = walk(coefficient=40.0, frames=100)
    convert(write(tmp_path / "u.xyz", paths), tmp_path / "u.h5md")
    with Trajectory(tmp_path / "u.h5md") as trajectory:
        assert trajectory.has_images
        np.testing.assert_allclose(trajectory[99].unwrapped, paths[99], atol=1e-5)
    assert measured(tmp_path / "u.h5md").value == pytest.approx(40.0, rel=0.1)  # 32 atoms, 100 frames


def test_steps_that_are_too_wide_are_refused(tmp_path):
    convert(write(tmp_path / "w.xyz", wrapped(walk(coefficient=40.0), CELLS["cube"])), tmp_path / "w.h5md")
    with Trajectory(tmp_path / "w.h5md") as trajectory:
        for quantity in (diffusion, non_gaussian):
            with pytest.raises(AnalysisError, match=r"% of the steps between them are longer than 0\.4 of the cell"):
                quantity(trajectory, "Na")


def test_frames_left_out_make_steps_wider(tmp_path):
    """A wrapped file whose steps are narrow is read right; of every 100th image the paths are unknown."""
    source = write(tmp_path / "w.xyz", wrapped(walk(coefficient=1.0, frames=2000), CELLS["cube"]))
    convert(source, tmp_path / "all.h5md")
    convert(source, tmp_path / "few.h5md", frames="::100")
    assert measured(tmp_path / "all.h5md").value == pytest.approx(1.0, rel=0.1)
    with pytest.raises(AnalysisError, match="no image counts"):
        measured(tmp_path / "few.h5md")


@pytest.mark.parametrize(("spread", "refused"), [(0.09, False), (0.115, False), (0.14, True), (0.3, True)])
def test_the_limit_of_nearest_image_paths(spread, refused):
    """Gaussian steps: below the limit D is right within its error, above it is refused."""
    coefficient = (spread * LENGTH) ** 2 / (2 * 0.1)
    paths = walk(coefficient=coefficient, atoms=200)
    beyond = np.mean(np.abs(np.diff(paths, axis=0)) > FAR * LENGTH)
    assert (beyond > MOST_FAR) == refused
    system = System(paths[0], np.zeros(200, dtype=int), ["Na"], Cell([LENGTH] * 3))
    frames = []
    for k, positions in enumerate(paths):
        inside, images = system.cell.wrap(positions)
        frames.append(Frame(k, 0.1 * k, inside, 0 * images, system.cell, has_images=False))
    source = FrameList(system.topology, frames)
    if refused:
        with pytest.raises(AnalysisError, match="may have moved more than half a cell"):
            diffusion(source, "Na", drift=None)
    else:
        record = diffusion(source, "Na", drift=None)
        assert record.value == pytest.approx(coefficient, abs=3.0 * record.error)


def test_only_periodic_directions_count(tmp_path):
    """In a film the atoms may move any distance along its normal."""
    rng = np.random.default_rng(5)
    paths = walk()
    paths[..., 2] = rng.uniform(0.0, LENGTH, paths.shape[:2])
    flat = wrapped(paths, CELLS["cube"])
    flat[..., 2] = paths[..., 2]
    convert(write(tmp_path / "f.xyz", flat, pbc=(True, True, False)), tmp_path / "f.h5md")
    assert measured(tmp_path / "f.h5md", directions="xy").value == pytest.approx(0.2, rel=0.2)


def test_positions_hold_images():
    def images(paths, matrix=CELLS["cube"]):
        return [ase.Atoms("Na" * len(frame), frame, cell=matrix, pbc=True) for frame in paths]

    narrow, wide = walk(frames=400), walk(coefficient=60.0)
    assert positions_hold_images(images(narrow))
    assert positions_hold_images(images(wide))
    assert positions_hold_images(images(narrow[:1]))
    for paths in (narrow, wide):
        assert not positions_hold_images(images(wrapped(paths, CELLS["cube"])))
    # wrapped only now and then, as neighbour lists are built: atoms are up to 1 Å outside
    lazy = np.concatenate([part - np.floor(part[0] / LENGTH) * LENGTH for part in np.split(narrow, 40)])
    assert np.ptp(lazy) > LENGTH + 0.5
    assert not positions_hold_images(images(lazy))
    # unwrapped, and wrapped once at a restart
    restarted = np.concatenate([narrow[:200], narrow[200:] - np.floor(narrow[200] / LENGTH) * LENGTH])
    assert not positions_hold_images(images(restarted))
    counted = images(wrapped(narrow, CELLS["cube"]))
    for atoms in counted:
        atoms.set_array("image", np.zeros((32, 3), dtype=int))
    assert positions_hold_images(counted)
    del counted[3].arrays["image"]
    assert not positions_hold_images(counted)


def test_what_is_absent_stays_absent(tmp_path):
    """Image counts and times do not appear in files that are written from frames without them."""
    paths = walk(frames=40)
    source = write(tmp_path / "w.xyz", wrapped(paths, CELLS["cube"]), time="")
    done = convert(source, tmp_path / "w.h5md")
    assert "no times" in " ".join(done.notes)
    with Trajectory(tmp_path / "w.h5md") as trajectory:
        assert np.isnan(trajectory.times).all()
        with pytest.raises(AnalysisError, match="needs the times of frames, and the frame at step 0 has none"):
            diffusion(trajectory, "Na")
        write_extxyz(tmp_path / "again.xyz", trajectory, trajectory.topology)
    convert(tmp_path / "w.h5md", tmp_path / "again.dump")
    assert "image" not in (tmp_path / "again.xyz").read_text()
    assert "time=" not in (tmp_path / "again.xyz").read_text()
    assert "ITEM: ATOMS id type element x y z\n" in (tmp_path / "again.dump").read_text()
    convert(tmp_path / "w.h5md", tmp_path / "again.h5md")
    with Trajectory(tmp_path / "again.h5md") as trajectory:
        assert not trajectory.has_images


@pytest.mark.parametrize(("name", "unit"), [("time", 1.0), ("Time", 1e-3), ("units_time=fs time", 1e-3)])
def test_times_of_other_programs(tmp_path, name, unit):
    """GPUMD and QUIP write Time in fs."""
    convert(write(tmp_path / "t.xyz", walk(frames=5), step=20.0, time=name), tmp_path / "t.h5md")
    with Trajectory(tmp_path / "t.h5md") as trajectory:
        np.testing.assert_allclose(trajectory.times, 20.0 * unit * np.arange(5), rtol=1e-12)


def test_diffusion_by_layer_is_refused_as_well(tmp_path):
    rng = np.random.default_rng(8)
    sheet = np.array([[i + 0.5, j + 0.5, 0.0] for i in range(0, 10, 2) for j in range(0, 10, 2)])
    liquid = np.column_stack([rng.uniform(0, LENGTH, (30, 2)), rng.uniform(3.0, 6.0, 30)])
    cell = Cell([LENGTH, LENGTH, 30.0], (True, True, False))
    system = System(np.vstack([sheet, liquid]), [0] * 25 + [1] * 30, ["C", "Na"], cell)
    frames = []
    for k in range(60):
        positions = system.positions.copy()
        positions[25:, :2] = rng.uniform(0.0, LENGTH, (30, 2))
        frames.append(Frame(k, 0.1 * k, positions, np.zeros((55, 3), dtype=np.int32), cell, has_images=False))
    with pytest.raises(AnalysisError, match="no image counts"):
        layer_diffusion(FrameList(system.topology, frames), "Na", drift=None)
