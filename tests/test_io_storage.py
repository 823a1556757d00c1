"""What frames hold and how exactly: rounded positions, no velocities, compression."""

import warnings

import h5py
import io_samples as samples
import numpy as np
import pytest

from nakmd.errors import FileFormatError, InputError
from nakmd.io import Trajectory, TrajectoryWriter, convert
from nakmd.io.storage import Storage

#: The precision of a deck, and the largest power of two that is at most twice it, by hand.
GRIDS = {0.1: 2.0**-3, 0.01: 2.0**-6, 0.001: 2.0**-9, 1e-4: 2.0**-13, 1e-6: 2.0**-19, 0.125: 0.25}
PRECISIONS = ["double", "single", 0.001]


@pytest.fixture
def state():
    return samples.system(n=40)


def written(path, state, **options):
    return samples.write(path, state, range(4), thermo=range(3), **options)


@pytest.mark.parametrize("precision", GRIDS)
def test_no_coordinate_is_off_by_more_than_the_stated_precision(tmp_path, state, precision):
    """Whatever its size: the stored numbers are multiples of a power of two."""
    grid = Storage.of(precision, True, None).grid
    assert grid == GRIDS[precision]
    with TrajectoryWriter(tmp_path / "t.h5md", state.topology, precision=precision, images=False) as writer:
        frame = samples.frame(state, 1)
        frame.positions = np.random.default_rng(2).normal(size=(40, 3)) * np.logspace(-7, 7, 40)[:, None]
        before = frame.positions.copy()
        writer.write(frame)
    assert np.array_equal(frame.positions, before)  # of the running simulation
    with h5py.File(tmp_path / "t.h5md") as file:
        stored = file["/particles/trajectory/position/value"][0]
    assert stored.dtype == np.float64
    assert np.abs(stored - before).max() <= 0.5 * grid <= precision
    assert np.abs(stored - before).max() > 0.4 * grid  # they are rounded
    assert np.array_equal(stored, np.round(before / grid) * grid)  # the twin


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("velocities", [True, False])
def test_a_file_records_its_storage_and_reads_as_stored(tmp_path, state, precision, velocities):
    path = written(tmp_path / "t.h5md", state, precision=precision, velocities=velocities, compression="lossless")
    trajectory = Trajectory(path)
    assert trajectory.storage == Storage(precision, velocities, "lossless")
    assert trajectory.has_velocities == velocities
    assert "compressed" in repr(trajectory)
    assert ("within 0.001 Å" in repr(trajectory)) == (precision == 0.001)
    assert ("no velocities" in repr(trajectory)) != velocities
    for k, frame in enumerate(trajectory):
        expected = samples.frame(state, k)
        if precision == "single":
            expected.positions = expected.positions.astype(np.float32).astype(np.float64)
        elif precision == 0.001:
            expected.positions = np.round(expected.positions * 512.0) / 512.0
        if precision != "double":
            expected.velocities = expected.velocities.astype(np.float32).astype(np.float64)
        if not velocities:
            expected.velocities = None  # absent, not zero
        samples.assert_same(frame, expected)


def test_lossless_compression_of_virials_by_atom(tmp_path, state):
    values = np.zeros((40, 3, 3))
    for name, compression in (("plain", "none"), ("small", "lossless")):
        with TrajectoryWriter(tmp_path / f"{name}.h5md", state.topology, compression=compression) as writer:
            for k in range(20):
                frame = samples.frame(state, k)
                frame.energies, frame.virials = values[:, 0, 0], values
                writer.write(frame)
        with Trajectory(tmp_path / f"{name}.h5md") as trajectory:
            assert np.array_equal(trajectory[7].positions, samples.frame(state, 7).positions)
            assert np.array_equal(trajectory[7].virials, values)
    sizes = [(tmp_path / f"{name}.h5md").stat().st_size for name in ("small", "plain")]
    assert sizes[1] - sizes[0] > 20 * values.nbytes // 2


def test_a_file_is_continued_as_it_was_begun(tmp_path, state):
    """Also with other options; the frames have the bits of a file that was written at once."""
    whole, parts = tmp_path / "whole.h5md", tmp_path / "parts.h5md"
    samples.write(whole, state, range(6), precision=0.001, velocities=False)
    samples.write(parts, state, range(5), precision=0.001, velocities=False)
    with TrajectoryWriter(parts, state.topology, mode="a") as writer:
        writer.truncate(3, 0)  # back to a checkpoint
        for k in range(3, 6):
            writer.write(samples.frame(state, k))
    with Trajectory(whole) as one, Trajectory(parts) as two:
        assert two.storage == one.storage == Storage(0.001, False, "lossless")
        for a, b in zip(one, two, strict=True):
            samples.assert_same(a, b)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_converted_trajectory_keeps_bits_and_storage(tmp_path, state, precision):
    path = written(tmp_path / "t.h5md", state, precision=precision, velocities=False)
    notes = convert(path, tmp_path / "copy.h5md", frames="1:").notes
    assert any("rounded" in note and "0.001 Å" in note for note in notes) == (precision == 0.001)
    with Trajectory(path) as source, Trajectory(tmp_path / "copy.h5md") as copy:
        assert copy.storage == source.storage
        for a, b in zip(source[1:], copy, strict=True):
            samples.assert_same(a, b)


def test_a_file_without_record_tells_its_precision_by_its_type(tmp_path, state):
    """Trajectories written before storage was recorded."""
    for precision in ("double", "single"):
        path = written(tmp_path / f"{precision}.h5md", state, precision=precision)
        with h5py.File(path, "r+") as file:
            del file["/parameters/nakmd/storage"]
        assert Trajectory(path).storage == Storage(precision)


def test_a_damaged_record_is_refused(tmp_path, state):
    path = written(tmp_path / "t.h5md", state)
    with h5py.File(path, "r+") as file:
        del file["/parameters/nakmd/storage"]
        Storage("half", True, "none").write(file["/parameters/nakmd"])
    with pytest.raises(FileFormatError, match="storage: precision must be 'double', 'single' or a positive length"):
        Trajectory(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": 0.0}, "positive length"),
        ({"precision": np.nan}, "positive length"),
        ({"precision": "half"}, "'half'"),
        ({"precision": True}, "True"),
        ({"compression": "zip"}, "'zip'"),
        ({"precision": 0.001, "compression": "none"}, "0.001 Å rounds positions"),
    ],
)
def test_options_that_clash_are_refused(tmp_path, state, options, message):
    with pytest.raises(InputError, match=message):
        TrajectoryWriter(tmp_path / "t.h5md", state.topology, **options)
    assert not (tmp_path / "t.h5md").exists()


def test_other_programs_read_rounded_positions_without_velocities(tmp_path, state):
    path = written(tmp_path / "t.h5md", state, precision=0.001, velocities=False)
    expected = np.round(samples.frame(state, 2).positions * 512.0) / 512.0
    mda = pytest.importorskip("MDAnalysis")
    import nakmd.io.mdanalysis  # noqa: F401  (registers the parser)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations within MDAnalysis
        now = mda.Universe(str(path)).trajectory[2]
    assert not now.has_velocities
    assert np.array_equal(now.positions, expected.astype(np.float32))  # the type of MDAnalysis
    znh5md = pytest.importorskip("znh5md")
    atoms = znh5md.IO(str(path), particles_group="trajectory")[2]
    assert np.array_equal(atoms.positions, expected)
    assert not atoms.has("momenta")
