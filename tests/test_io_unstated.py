"""What a file does not state, or states differently from image to image, is refused or noted."""

import h5py
import numpy as np
import pytest
from lammps_files import dump_frame

from nakmd.cell import Cell
from nakmd.errors import FileFormatError, InputError
from nakmd.io import Trajectory, convert, read_structure
from nakmd.io.velocity_columns import ASE_VELOCITY

SQUARE = 'Lattice="10 0 0 0 10 0 0 0 10"'


def image(header="", columns="", rows=("Na 1 2 3",)):
    """Return the text of one image of extended XYZ in a cube of 10 Å."""
    return f"{len(rows)}\n{SQUARE} Properties=species:S:1:pos:R:3{columns} {header}\n" + "\n".join(rows) + "\n"


def written(path, *parts):
    path.write_text("".join(parts))
    return path


def refusal(path, target="refused.h5md"):
    with pytest.raises(InputError) as caught:
        convert(path, path.with_name(target))
    return str(caught.value)


@pytest.mark.parametrize("flags", [("T T F", "T T T"), ("T T T", "T T F")])
def test_images_with_other_periodic_directions(tmp_path, flags):
    parts = [image(f'pbc="{words}" time={k} units_time=ps step={k}') for k, words in enumerate(flags)]
    assert "image 1 has different periodic directions than image 0" in refusal(written(tmp_path / "a.xyz", *parts))


def test_images_with_other_masses(tmp_path):
    parts = [image(f"time={m} units_time=ps", ":masses:R:1", (f"H 1 2 3 {m}",)) for m in (1.008, 2.014)]
    assert "image 1 has different masses than image 0" in refusal(written(tmp_path / "a.xyz", *parts))


def test_blank_line_between_images(tmp_path):
    path = written(tmp_path / "a.xyz", image(), "\n", image(), image())
    assert "a.xyz:4: the line is empty" in refusal(path)
    assert convert(written(path, image(), image(), " \n\n"), tmp_path / "a.h5md").n_frames == 2


def test_times_without_a_unit(tmp_path):
    path = written(tmp_path / "a.xyz", *(image(f"time={k} step={k}") for k in range(3)))
    (note,) = convert(path, tmp_path / "a.h5md").notes
    assert note.startswith("The times in the headers have no unit: ps is assumed")
    path = written(tmp_path / "a.xyz", *(image(f"time={k} step={k} units_time=fs") for k in range(3)))
    assert convert(path, tmp_path / "a.h5md").notes == ()


@pytest.mark.parametrize("lacking", [(0, 1, 2), (1,)])
def test_images_without_steps(tmp_path, lacking):
    steps = ["" if k in lacking else f"step={50 * k}" for k in range(3)]
    path = written(tmp_path / "a.xyz", *(image(f"time={k} units_time=ps {step}") for k, step in enumerate(steps)))
    done = convert(path, tmp_path / "a.h5md")
    assert [note for note in done.notes if "have no step" in note]
    assert Trajectory(done.target).steps.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("times", "timestep"), [((0, 1, 3), None), ((0, 1, 2), "1 fs"), ((5, 6, 7), None), ((0, 2.5, 5), "2.5 fs")]
)
def test_timestep_that_a_conversion_to_a_dump_recommends(tmp_path, times, timestep):
    path = written(tmp_path / "a.xyz", *(image(f"step={1000 * k} time={t} units_time=ps") for k, t in enumerate(times)))
    note = convert(path, tmp_path / "a.dump").notes[0]
    assert (note.partition("--timestep ")[2] or None) == (timestep and f"'{timestep}'.")


def test_notes_of_dcd_do_not_contradict_each_other(tmp_path):
    # a jump of 9 Å in 10 Å without image counts is a step of 1 Å back
    parts = [image(f"step={k}", rows=(f"Na {x} 2 3",)) for k, x in enumerate((0.5, 9.5, 0.5))]
    notes = " ".join(convert(written(tmp_path / "a.xyz", *parts), tmp_path / "a.dcd").notes)
    assert "header says 1 ps" in notes
    assert "not evenly spaced" not in notes
    assert "as they are in the file" in notes
    assert ", unwrapped" not in notes


def test_velocities_of_ase_in_a_column_of_gpumd(tmp_path):
    """sqrt(eV/u) taken for Å/fs makes 300 K into 300 K/ASE_VELOCITY² 10⁶, above 20 000 K."""
    thermal = np.sqrt(300.0 * 8.617333e-5 / 22.98976928) * np.ones(3)  # sqrt(k T/m) in ASE's unit
    rows = (f"Na 1 2 3 {' '.join(f'{x:.8f}' for x in thermal)}",)
    path = written(tmp_path / "a.xyz", image(columns=":vel:R:3", rows=rows))
    text = refusal(path)
    assert f"a temperature of {300.0 * 1e6 * ASE_VELOCITY**2:.3g} K: it is in another unit" in text


@pytest.mark.parametrize(
    ("column", "unit"), [("vel", "Angstrom/fs"), ("velo", "Angstrom/fs"), ("momenta", "sqrt(eV*u)")]
)
def test_assumed_unit_of_velocities(tmp_path, column, unit):
    rows = ("Na 1 2 3 0.001 0.002 0.003",)
    path = written(tmp_path / "a.xyz", image(columns=f":{column}:R:3", rows=rows))
    (note,) = convert(path, tmp_path / "a.h5md").notes
    assert note.startswith(f"The column {column} has no unit: {unit} is assumed")
    path = written(tmp_path / "a.xyz", image(f'units_{column}="{unit}"', f":{column}:R:3", rows))
    assert convert(path, tmp_path / "a.h5md").notes == ()


def foreign(path, species, masses):
    """Write an H5MD file as another program does."""
    with h5py.File(path, "w") as file:
        file.create_group("h5md").attrs["version"] = [1, 1]
        group = file.create_group("particles/all")
        group.create_group("box").attrs["boundary"] = [b"periodic"] * 3
        group["box/edges"] = np.full(3, 10.0)
        group["position/value"] = np.arange(1.0, 7.0).reshape(1, 2, 3)
        group["position/value"].attrs["unit"] = "Angstrom"
        group["position/step"], group["position/time"] = [0], [0.0]
        group["position/time"].attrs["unit"] = "ps"
        group["species"] = species
        if masses is not None:
            group["mass"] = masses
    return path


@pytest.mark.parametrize(("species", "masses"), [([1, 2], [22.99, 39.1]), ([1, 2], [40.0, 1.0]), ([1, 2], None)])
def test_type_numbers_in_place_of_atomic_numbers(tmp_path, species, masses):
    with pytest.raises(FileFormatError, match="atomic number"):
        Trajectory(foreign(tmp_path / "a.h5md", species, masses))


@pytest.mark.parametrize(("species", "masses"), [([11, 19], [22.99, 39.1]), ([1, 1], [2.014, 1.008]), ([11, 19], None)])
def test_atomic_numbers(tmp_path, species, masses):
    with Trajectory(foreign(tmp_path / "a.h5md", species, masses)) as trajectory:
        assert len(trajectory) == 1


def test_masses_of_another_element(tmp_path):
    path = written(tmp_path / "a.xyz", image(columns=":masses:R:1", rows=("Na 1 2 3 39.1",)))
    with pytest.raises(FileFormatError, match=r"atom 0 is called Na .* but its mass 39\.1 is that of K"):
        read_structure(path)


def test_lone_type_called_carbon(tmp_path):
    path = written(tmp_path / "a.dump", dump_frame(0, ("1 1 C 1 2 3",), "id type element x y z"))
    (note,) = convert(path, tmp_path / "a.h5md").notes
    assert note.startswith("The dump names the element C for its only type")
    assert convert(path, tmp_path / "a.h5md", types="C").notes == ()


@pytest.mark.parametrize(
    ("row", "columns"), [("1 1 Na 1 2 3 5000000000 0 0", "x y z ix iy iz"), ("1 1 Na 1e12 2 3", "xu yu zu")]
)
def test_image_counts_beyond_their_range(tmp_path, row, columns):
    path = written(tmp_path / "a.dump", dump_frame(0, (row,), f"id type element {columns}"))
    text = refusal(path)
    assert "atom 0 is" in text
    assert "cells away" in text


def test_image_counts_of_a_cell():
    cell = Cell([10.0] * 3, (True, True, False))
    # exactly representable: the last and the first cell whose number is a 32-bit integer
    last = 2.0**31 - 1.0
    assert cell.images(np.array([[10.0 * last + 5.0, 0.0, 1e30]])).tolist() == [[last, 0, 0]]
    with pytest.raises(InputError, match="atom 1"):
        cell.images(np.array([[0.0, 0.0, 0.0], [0.0, 10.0 * (last + 1.0) + 5.0, 0.0]]))


def test_masses_through_a_dump(tmp_path):
    rows = ("H 1 2 3 2.014", "H 4 5 6 1.008")
    path = written(tmp_path / "a.xyz", image(columns=":masses:R:1", rows=rows))
    convert(path, tmp_path / "a.dump")
    convert(tmp_path / "a.dump", tmp_path / "a.h5md")
    assert Trajectory(tmp_path / "a.h5md").masses.tolist() == [2.014, 1.008]


@pytest.mark.parametrize(("symbol", "mass"), [("H", 4.032), ("H", 2.014), ("K", 39.964), ("C", 13.003)])
def test_isotopes_and_hydrogen_of_shifted_mass_keep_their_element(tmp_path, symbol, mass):
    """4.032 amu is the mass of He, 39.964 amu (potassium-40) that of Ar."""
    path = written(tmp_path / "a.xyz", image(columns=":masses:R:1", rows=(f"{symbol} 1 2 3 {mass}",)))
    system = read_structure(path)
    assert (system.species_names, system.masses.tolist()) == ((symbol,), [mass])
