"""Velocities in extended XYZ under the names and units of other programs (case 04), and where there are none (case 03).

``velocities_A_per_ps.xyz`` holds 54 atoms of Na with made-up velocities in Å/ps: 496 K for 3N - 3 degrees of freedom.
"""

from pathlib import Path

import ase.io
import h5py
import numpy as np
import pytest

import nakmd
from nakmd.cli.app import app
from nakmd.errors import AnalysisError, DeckError, FileFormatError
from nakmd.io import Trajectory, convert, read_structure
from nakmd.io.velocity_columns import ASE_VELOCITY

CASE = Path(__file__).parent / "data" / "cases" / "04_velocity_columns" / "velocities_A_per_ps.xyz"
MASS = 22.98976928

#: Column, entry of the header, and the number that stands for 1 Å/ps.
COLUMNS = [
    ("vel", "", 1e-3),  # GPUMD: Å/fs
    ("velo", "", 1e-3),  # QUIP: Å/fs
    ("momenta", "", MASS * ASE_VELOCITY),
    ("momenta", 'units_momenta="sqrt(eV*u)"', MASS * ASE_VELOCITY),
    ("momenta", 'units_momenta="amu*Angstrom/fs"', MASS * 1e-3),
    ("velocities", 'units_velocities="Angstrom/ps"', 1.0),
    ("velocities", "units_velocities=A/fs", 1e-3),
    ("velocity", "units_velocity=nm/ps", 0.1),
    ("Velocities", "units_Velocities=m/s", 100.0),
    ("velo", "units_velo=Å/ps", 1.0),  # OVITO writes this column in any unit
    ("vel", 'units_vel="sqrt(eV/u)"', ASE_VELOCITY),
]


def velocities() -> np.ndarray:
    return np.array([line.split()[4:] for line in CASE.read_text().splitlines()[2:]], dtype=float)


def rewrite(path, column, header, values, images=1):
    """Write the atoms of the case with other columns after their positions."""
    lines = CASE.read_text().splitlines()
    shape = f":{column}:R:3" if column else ""
    lines[1] = lines[1].replace(":velocities:R:3", shape) + f" {header}"
    for k, numbers in enumerate(values):
        lines[k + 2] = " ".join([*lines[k + 2].split()[:4], *(f"{x:.17g}" for x in numbers * bool(column))])
    path.write_text(("\n".join(lines) + "\n") * images)
    return path


def temperature(system) -> float:
    return system.temperature(3 * system.n_atoms - 3)


@pytest.mark.parametrize(("column", "header", "size"), COLUMNS)
def test_velocities_of_other_programs(tmp_path, column, header, size):
    path = rewrite(tmp_path / "v.xyz", column, header, velocities() * size, images=2)
    system = read_structure(path)
    np.testing.assert_allclose(system.velocities, velocities(), rtol=1e-12)
    assert temperature(system) == pytest.approx(496.0, abs=0.5)
    convert(path, tmp_path / "v.h5md")
    with Trajectory(tmp_path / "v.h5md") as trajectory:
        np.testing.assert_allclose(trajectory[1].velocities, velocities(), rtol=1e-12)


@pytest.mark.parametrize(
    ("column", "header", "message"),
    [
        ("velocities", "", "the column velocities has no unit. Write units_velocities=... into the header"),
        ("v", "", "the column v has no unit"),
        ("velocities", "units_velocities=furlong/s", "the column velocities has the unit 'furlong/s'"),
        ("vel", "", "taken in Angstrom/fs, means a temperature of 4.87e+08 K: it is in another unit"),
        ("velo", "", "taken in Angstrom/fs, means a temperature of"),
    ],
)
def test_an_unknown_unit_is_asked_for(tmp_path, column, header, message):
    path = rewrite(tmp_path / "v.xyz", column, header, velocities())
    for read in (read_structure, lambda path: convert(path, tmp_path / "v.h5md")):
        with pytest.raises(FileFormatError) as caught:
            read(path)
        assert message in str(caught.value)
        assert str(path) in str(caught.value)
    assert not (tmp_path / "v.h5md").exists()


def test_columns_that_contradict_each_other(tmp_path):
    atoms = ase.io.read(CASE)
    atoms.set_momenta(velocities())
    ase.io.write(tmp_path / "two.xyz", atoms)
    with pytest.raises(FileFormatError, match="2 columns hold velocities, velocities and momenta"):
        read_structure(tmp_path / "two.xyz")
    path = tmp_path / "single.xyz"
    path.write_text("1\nProperties=species:S:1:pos:R:3:vx:R:1:vy:R:1:vz:R:1\nNa 0 0 0 1 2 3\n")
    with pytest.raises(FileFormatError, match="in the single columns vx, vy, vz, whose unit is unknown"):
        read_structure(path)
    path.write_text("1\nProperties=species:S:1:pos:R:3:vel:R:2\nNa 0 0 0 1 2\n")
    with pytest.raises(FileFormatError, match="must hold three numbers for each atom"):
        read_structure(path)


def deck(path, **stage):
    return nakmd.Deck(
        model={"potential": "nak-2016"},
        structure={"file": {"path": str(path)}},
        stage=[{"kind": "produce", "duration": "2 fs", "ensemble": "nve", **stage}],
        output={"thermo_every": 1, "trajectory_every": 1},
    )


def test_a_run_begins_with_the_velocities_of_the_file(tmp_path):
    path = rewrite(tmp_path / "vel.xyz", "vel", "", velocities() * 1e-3)
    run = nakmd.run(deck(path), directory=tmp_path / "run")
    # 3N - 3: the motion of the centre of mass is removed
    assert run.trajectory.thermo["temperature"][0] == pytest.approx(496.0, abs=0.5)


def test_without_velocities_a_run_says_so(tmp_path):
    path = rewrite(tmp_path / "none.xyz", "", "", velocities())
    with pytest.raises(DeckError) as caught:
        nakmd.run(deck(path), directory=tmp_path / "run")
    assert "would begin at 0 K: the structure has no velocities" in str(caught.value)
    assert len(caught.value.problems) == 1
    for stage in ({"velocities": "300 K"}, {"velocities": "0 K"}, {"ensemble": "bussi", "temperature": "300 K"}):
        assert nakmd.run(deck(path, **stage), directory=tmp_path / "run", overwrite=True).status == "finished"


def test_no_velocities_are_no_zeros(tmp_path, capsys):
    """Case 03: no velocity group, no temperature, no velocity autocorrelation."""
    path = rewrite(tmp_path / "none.xyz", "", "time=0", velocities(), images=20)
    assert not np.any(read_structure(path).velocities)
    convert(path, tmp_path / "none.h5md")
    with h5py.File(tmp_path / "none.h5md") as file:
        assert "velocity" not in file["particles/trajectory"]
    with Trajectory(tmp_path / "none.h5md") as trajectory:
        assert trajectory[3].velocities is None
        for quantity in (nakmd.analysis.thermo, nakmd.analysis.velocity_correlation):
            with pytest.raises(AnalysisError, match="velocities"):
                quantity(trajectory, **({} if quantity is nakmd.analysis.thermo else {"species": "Na"}))
    with pytest.raises(SystemExit) as end:
        app(["analyze", str(tmp_path / "none.h5md"), "thermo", "vacf"], prog_name="nakmd")
    assert end.value.code == 2
    assert "neither energies nor velocities" in capsys.readouterr().err
    # and not in the formats written from it
    for target in ("back.xyz", "back.dump", "back.data"):
        convert(tmp_path / "none.h5md", tmp_path / target)
        text = (tmp_path / target).read_text()
        assert "momenta" not in text
        assert "vx" not in text
        assert "Velocities" not in text


def test_velocities_that_are_zero_are_kept(tmp_path):
    """A frame at rest is not a frame without velocities."""
    path = rewrite(tmp_path / "rest.xyz", "vel", "", np.zeros((54, 3)), images=2)
    convert(path, tmp_path / "rest.h5md")
    with Trajectory(tmp_path / "rest.h5md") as trajectory:
        assert np.array_equal(trajectory[1].velocities, np.zeros((54, 3)))
