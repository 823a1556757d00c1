"""HDF5 files that are whole but were changed: read with the right numbers, or refused with one message."""

import h5py
import io_samples as samples
import numpy as np
import pytest
from test_io_foreign import POSITIONS, write_foreign

from nakmd.errors import FileFormatError
from nakmd.io import Trajectory
from nakmd.io.frame_steps import check_order
from nakmd.io.stored_arrays import check_stored, whole_numbers

STATE = samples.system()
OWN, PARTICLES = "parameters/nakmd", "particles/trajectory"


def names_of(group, wanted):
    """Yield all names of a member: steps and times have one in every element."""
    for name, member in group.items():
        if member == wanted:
            yield f"{group.name}/{name}"
        elif isinstance(member, h5py.Group):
            yield from names_of(member, wanted)


def replaced(name, change):
    """Return a function that replaces a dataset at all its names and keeps its attributes."""

    def act(file):
        old = file[name]
        places = list(names_of(file, old))
        made = file.create_dataset(None, data=change(old[...]))
        for key, value in dict(old.attrs).items():
            made.attrs[key] = value
        for place in places:
            del file[place]
            file[place] = made

    return act


def put(name, place, value):
    def change(values):
        values[place] = value
        return values

    return replaced(name, change)


def layout_of(version):
    return lambda file: file[OWN].attrs.__setitem__("layout", version)


def no_layout(file):
    del file[OWN].attrs["layout"]


def unstored_column(file):
    del file[f"{OWN}/thermo/time"]
    file.create_dataset(f"{OWN}/thermo/time", shape=(1 << 31,), dtype="f8", chunks=True, fillvalue=1.0)


#: Changes of a trajectory of nakmd with 6 frames, and the message.
REFUSED = {
    "steps go back": (put(f"{PARTICLES}/position/step", 3, 5), r"steps of frames 2 and 3 are 20 and 5; .* increase"),
    "a step twice": (put(f"{PARTICLES}/position/step", 3, 20), r"steps of frames 2 and 3 are 20 and 20"),
    "time goes back": (put(f"{PARTICLES}/position/time", 4, 0.0), r"times of frames 3 and 4 are 0\.03 and 0 ps"),
    "infinite time": (put(f"{PARTICLES}/position/time", 5, np.inf), r"the time of frame 5 is inf ps"),
    "half a step": (
        replaced(f"{PARTICLES}/position/step", lambda steps: steps + 0.5 * (steps == 30)),
        r"the step of frame 3 is 30\.5, not an integer",
    ),
    "steps in columns": (
        replaced(f"{PARTICLES}/position/step", lambda steps: steps[:, None]),
        r"has shape \(6, 1\), not \(any number\)",
    ),
    "position": (
        put(f"{PARTICLES}/position/value", (2, 3, 1), np.nan),
        r"frame 2: The position of atom 3 is not finite",
    ),
    "far position": (put(f"{PARTICLES}/position/value", (2, 3, 1), 1e9), r"frame 2: .* atom 3 is more than 1e\+08 Å"),
    "velocity": (put(f"{PARTICLES}/velocity/value", (1, 0, 0), np.inf), r"frame 1: The velocity of atom 0 is \[inf, "),
    "far image": (put(f"{PARTICLES}/image/value", (1, 4, 0), 1 << 30), r"frame 1: The position of atom 4 is more than"),
    "half an image": (
        replaced(f"{PARTICLES}/image/value", lambda images: images + 0.5),
        r"frame 0: the image count of atom \(0, 0\) is .*\.5, not an integer",
    ),
    "cell": (put(f"{PARTICLES}/box/edges/value", (4, 1, 1), np.nan), r"the cell of frame 4 is \[\[.*nan.*\]\] Å"),
    "flat cell": (put(f"{PARTICLES}/box/edges/value", 4, 0.0), r"frame 4: The cell vectors .* span no volume"),
    "infinite energy": (
        put("observables/trajectory/potential_energy/value", 2, np.inf),
        r"potential_energy of frame 2 is inf",
    ),
    "virial in part": (put(f"{OWN}/frames/virial/value", (2, 1), np.nan), r"virial of frame 2 is \[.*nan"),
    "virial of 5": (
        replaced(f"{OWN}/frames/virial/value", lambda virial: virial[:, :5]),
        r"has shape \(6, 5\), not \(any number, 6\)",
    ),
    "mask of numbers": (
        replaced(f"{OWN}/groups/probe", lambda mask: 0.5 * mask),
        r"groups/probe holds values of type float64, not true",
    ),
    "species of numbers": (
        replaced(f"{OWN}/species", lambda species: species + 0.5),
        r"species holds values of type float64, not integers",
    ),
    "other species": (
        put(f"{OWN}/species", slice(None), 3),
        r"atom 0 is K in /parameters/nakmd, but has the atomic number",
    ),
    "unknown element": (put(f"{OWN}/species_names", 2, b"Xx"), r"species C, N:graphitic, Xx, K include 'Xx'"),
    "a name twice": (put(f"{OWN}/species_names", 2, b"K"), r"include 'K': each .* occurs once"),
    "two directions": (replaced(f"{OWN}/periodic", lambda p: p[:2]), r"periodic has shape \(2,\), not \(3\)"),
    "stage of numbers": (
        replaced(f"{OWN}/frames/stage/value", lambda stage: 0.5 * stage),
        r"stage/value holds values of type float64",
    ),
    "one name of two stages": (put(f"{OWN}/stages/name", 1, b"heat"), r"stages have one name: heat, heat"),
    "later layout": (layout_of(2), r"has the layout 2; this nakmd reads layout 1"),
    "no layout": (no_layout, r"has the layout None"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return samples.write(tmp_path_factory.mktemp("whole") / "t.h5md", STATE, range(6), thermo=range(4)).read_bytes()


def changed(tmp_path, whole, act):
    path = tmp_path / "t.h5md"
    path.write_bytes(whole)
    with h5py.File(path, "r+") as file:
        act(file)
    return path


def read_all(path):
    with Trajectory(path) as trajectory:
        _ = trajectory.thermo
        return list(trajectory)


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_run_writes_is_refused(tmp_path, whole, name):
    act, message = REFUSED[name]
    path = changed(tmp_path, whole, act)
    with pytest.raises(FileFormatError, match=message) as caught:
        read_all(path)
    assert str(caught.value).startswith(str(path))


def test_other_types_and_storage_give_the_same_frames(tmp_path, whole):
    def act(file):
        replaced(f"{PARTICLES}/image/value", lambda images: images.astype(np.float32))(file)
        replaced(f"{PARTICLES}/position/step", lambda steps: steps.astype(np.float64))(file)
        replaced(f"{PARTICLES}/position/value", lambda positions: positions.astype(">f8"))(file)

    for k, frame in enumerate(read_all(changed(tmp_path, whole, act))):
        samples.assert_same(frame, samples.frame(STATE, k))


def test_a_thermo_column_of_which_nothing_is_stored(tmp_path, whole):
    """It would take 17 GB."""
    with pytest.raises(
        FileFormatError, match=r"thermo/time has shape \(2147483648,\), 17179869184 bytes, but only 0 are"
    ):
        read_all(changed(tmp_path, whole, unstored_column))


def test_a_shorter_quantity_leaves_the_complete_frames(tmp_path, whole):
    name = "observables/trajectory/temperature/value"
    with Trajectory(changed(tmp_path, whole, replaced(name, lambda values: values[:4]))) as trajectory:
        assert len(trajectory) == len(trajectory.quantity("temperature")) == 4
        samples.assert_same(trajectory[-1], samples.frame(STATE, 3))


# Files of other programs


def test_velocities_at_other_steps_are_refused(tmp_path):
    def velocity(_, group, name):
        group[f"{name}/step"] = [100, 110]

    with pytest.raises(FileFormatError, match=r"velocity has step 110 in row 1, the positions have 105\."):
        Trajectory(write_foreign(tmp_path / "f.h5md", velocity=velocity))


def test_velocities_at_the_same_steps_are_read(tmp_path):
    def velocity(_, group, name):
        group[f"{name}/step"] = [100, 105]

    frame = Trajectory(write_foreign(tmp_path / "f.h5md", velocity=velocity))[1]
    assert np.array_equal(frame.velocities, 10.0 * POSITIONS[1])  # nm/ps


def species_of(values, dtype=None):
    def species(_, group, name):
        del group[name]
        group.create_dataset(name, data=values, dtype=dtype)

    return species


@pytest.mark.parametrize(
    "species",
    [species_of([19.5, 6.0]), species_of([1, 2], h5py.enum_dtype({"K": 1, "C": 2}, "i4"))],
    ids=["between two elements", "an enumeration"],
)
def test_numbers_that_are_no_atomic_numbers(tmp_path, species):
    with pytest.raises(FileFormatError, match="species does not hold the atomic number of each atom"):
        Trajectory(write_foreign(tmp_path / "f.h5md", species=species))


def test_atoms_that_change_their_element_are_refused(tmp_path):
    def species(_, group, name):
        del group[name]
        group[f"{name}/value"] = [[19, 6], [6, 19]]

    trajectory = Trajectory(write_foreign(tmp_path / "f.h5md", species=species))
    assert trajectory[0].step == 100
    with pytest.raises(FileFormatError, match=r"frame 1: atom 0 has the atomic number 6, and 19 in the first frame"):
        _ = trajectory[1]


def test_masses_have_a_known_unit(tmp_path):
    def mass_in(unit):
        def mass(_, group, name):
            group[name] = [39.0, 12.0]
            group[name].attrs["unit"] = unit

        return write_foreign(tmp_path / "f.h5md", mass=mass)

    assert Trajectory(mass_in("u")).masses.tolist() == [39.0, 12.0]
    with pytest.raises(FileFormatError, match="mass has the unit 'kg'"):
        Trajectory(mass_in("kg"))


def test_frames_of_other_programs_may_join_several_runs(tmp_path):
    def position(_, group, name):
        del group[f"{name}/step"]
        group[f"{name}/step"] = [5, 0]

    assert Trajectory(write_foreign(tmp_path / "f.h5md", position=position)).steps.tolist() == [5, 0]


# The checks themselves


def test_times_may_stay_the_same_or_be_missing():
    check_order("f", np.array([0, 1, 2]), np.array([0.0, 0.0, 0.1]), "")
    check_order("f", np.array([0, 1, 2]), np.full(3, np.nan), "")


def test_a_large_compressed_dataset_is_stored(tmp_path):
    """4 million zeros, 32 MB, compressed by gzip as far as it can."""
    with h5py.File(tmp_path / "f.h5", "w") as file:
        check_stored("f", file.create_dataset("zeros", data=np.zeros(4_000_000), compression="gzip"))
        check_stored("f", file.create_dataset("small", shape=(1000,), dtype="f8", chunks=True))


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.5, 2.0**63])
def test_floats_that_are_no_integers(value):
    with pytest.raises(FileFormatError, match=r"step 1 is .*, not an integer up to 2\^62"):
        whole_numbers("f", "step", np.array([1.0, value]))
    assert whole_numbers("f", "step", np.array([-1.0, 2.0**53])).tolist() == [-1, 2**53]
