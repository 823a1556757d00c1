"""EAM tables: lossless round trip, combination of funcfl files, interpolation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_tables import funcfl_text, same, smooth_table

from nakmd.errors import FileFormatError, InputError
from nakmd.potentials.files.eam_files import format_eam_fs, format_setfl, read_eam, write_eam_fs, write_setfl
from nakmd.potentials.files.eam_table import EAMTable
from nakmd.potentials.files.funcfl import parse_funcfl
from nakmd.potentials.forms.lammps_spline import lammps_spline, spline_value

# --------------------------------------------------------------------------------------------- round trip


@pytest.mark.parametrize("kind", ["alloy", "fs"])
def test_round_trip_is_exact(tmp_path, kind):
    table = smooth_table(kind)
    path = write_setfl(tmp_path / "a", table) if kind == "alloy" else write_eam_fs(tmp_path / "a", table)
    again = read_eam(path)
    same(table, again)
    assert again.comment == table.comment
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


finite = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=50, deadline=None)
@given(values=st.lists(finite, min_size=24, max_size=24), mass=st.floats(1e-3, 1e6), step=st.floats(1e-9, 1e9))
def test_round_trip_of_any_double(tmp_path_factory, values, mass, step):
    table = EAMTable(
        "alloy", ("X",), (1,), (mass,), (values[0],), ("fcc",), step, step, 3.0 * step,
        np.array([values[:8]]), np.array([values[8:16]]), np.array([[values[16:]]]), comment="\n\n",
    )  # fmt: skip
    path = tmp_path_factory.mktemp("doubles") / "table"
    same(table, read_eam(write_setfl(path, table)))


def test_format_is_recognised_by_content(tmp_path):
    alloy, fs = smooth_table("alloy"), smooth_table("fs")
    assert read_eam(write_setfl(tmp_path / "x.eam.fs", alloy)).kind == "alloy"
    assert read_eam(write_eam_fs(tmp_path / "x.eam.alloy", fs)).kind == "fs"
    (tmp_path / "x.setfl").write_text(funcfl_text())
    assert read_eam(tmp_path / "x.setfl").kind == "funcfl"


def test_a_setfl_table_is_also_an_eam_fs_table(tmp_path):
    alloy = smooth_table("alloy")
    as_fs = read_eam(write_eam_fs(tmp_path / "a.eam.fs", alloy))
    assert as_fs.kind == "fs"
    assert np.array_equal(as_fs.density_matrix, alloy.density_matrix)
    same(alloy, read_eam(write_setfl(tmp_path / "b", as_fs)))


def test_setfl_refuses_densities_that_depend_on_both_atoms():
    with pytest.raises(InputError, match=r"write eam\.fs"):
        format_setfl(smooth_table("fs"))


@pytest.mark.parametrize("per_line", [1, 3, 7, 1000])
def test_values_may_wrap_and_comments_are_ignored(tmp_path, per_line):
    table = smooth_table("fs")
    head, out = format_eam_fs(table).split("\n")[:5], []
    blocks = [head]
    for a in range(2):
        blocks += [[f"{table.atomic_numbers[a]} {table.masses[a]!r} {table.lattice_constants[a]!r} bcc  # header"]]
        for values in (table.embedding[a], table.density[a, 0], table.density[a, 1]):
            words = [repr(v) for v in values.tolist()]
            out = [" ".join(words[k : k + per_line]) for k in range(0, len(words), per_line)]
            blocks += [[*out, "", "# a comment between"]]
    for a, b in ((0, 0), (1, 0), (1, 1)):
        words = [repr(v).replace("e", "E") for v in table.pair[a, b].tolist()]
        blocks += [["\t".join(words[k : k + per_line]) + " " for k in range(0, len(words), per_line)]]
    path = tmp_path / "wrapped"
    path.write_bytes("\r\n".join(line for block in blocks for line in block).encode())
    same(table, read_eam(path))


def test_a_comment_of_any_shape_stays_three_lines(tmp_path):
    table = smooth_table("alloy")
    for comment in ("", "a", "a\nb", "a\nb\nc\nd\r\ne", "UNITS: metal Å"):
        object.__setattr__(table, "comment", comment)
        text = format_setfl(table)
        assert text.split("\n")[3] == "2 Na K"
        (tmp_path / "c").write_text(text, encoding="utf-8")
        same(table, read_eam(tmp_path / "c"))


# ---------------------------------------------------------------------------------------------------- funcfl


def test_one_funcfl_file_keeps_its_grid_and_loses_its_last_point(tmp_path):
    path = tmp_path / "Cu.eam"
    path.write_text(funcfl_text())
    file, table = parse_funcfl(path, path.read_text()), read_eam(path)
    assert (table.elements, table.n_r, table.n_rho) == (("Cu",), 14, 11)
    # the grid is that of the file: interpolation returns the values up to rounding
    assert np.allclose(table.embedding[0], file.embedding[:-1], rtol=1e-14, atol=1e-15)
    assert np.allclose(table.density[0], file.density[:-1], rtol=1e-14, atol=1e-15)
    assert np.allclose(table.pair[0, 0], 27.2 * 0.529 * file.charge[:-1] ** 2, rtol=1e-13, atol=1e-15)
    assert table.rho_max == pytest.approx(11 * 0.1, rel=1e-15)


def test_funcfl_files_are_joined_by_the_product_of_charges(tmp_path):
    paths = []
    for z, d_r, power in ((29, 0.4, 1.0), (28, 0.3, 0.8)):
        paths.append(tmp_path / f"{z}.eam")
        paths[-1].write_text(funcfl_text(z=z, d_r=d_r, n_r=61, power=power))
    table = read_eam(*paths)
    assert table.elements == ("Cu", "Ni")
    assert table.d_r == 0.4
    assert table.n_r == 60
    r = 0.4 * np.arange(60.0)
    expected = 27.2 * 0.529 * 5.0 * np.exp(-r) * 5.0 * np.exp(-0.8 * r)
    inside = r < 17.0
    # Lagrange interpolation of e^(-0.8 r) on steps of 0.3: (0.3 * 0.8)^4 * 9/384 relative, at most
    assert np.allclose(table.pair[0, 1][inside], expected[inside], rtol=1e-4)
    assert np.array_equal(table.pair[0, 1], table.pair[1, 0])


def test_incompatible_funcfl_files_are_refused(tmp_path):
    first, second, alloy = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    first.write_text(funcfl_text())
    second.write_text(funcfl_text())
    write_setfl(alloy, smooth_table("alloy"))
    with pytest.raises(FileFormatError, match=r"b: is a second file for 'Cu'"):
        read_eam(first, second)
    with pytest.raises(FileFormatError, match=r"c: is not a funcfl file"):
        read_eam(first, alloy)
    first.write_text(funcfl_text(z=200))
    with pytest.raises(FileFormatError, match="no such element"):
        read_eam(first)


# ----------------------------------------------------------------------------------------------------- spline


def test_the_spline_is_exact_for_cubics_inside():
    x = 0.3 * np.arange(12.0)
    polynomial = np.polynomial.Polynomial([0.3, -1.0, 0.7, 0.2])
    coefficients = lammps_spline(polynomial(x))
    at = np.linspace(0.6, 2.7, 50)  # between the third and the third last point: slopes are five-point differences
    value, slope = spline_value(coefficients, 0.3, at)
    assert np.allclose(value, polynomial(at), rtol=0, atol=1e-14)
    assert np.allclose(slope, polynomial.deriv()(at), rtol=0, atol=1e-13)


def test_the_spline_goes_through_its_points_with_one_slope():
    values = np.random.default_rng(1).normal(size=(2, 9))
    c = lammps_spline(values)
    assert c.shape == (2, 9, 4)
    end = c[:, :-1].sum(axis=-1)
    end_slope = c[:, :-1, 1] + 2.0 * c[:, :-1, 2] + 3.0 * c[:, :-1, 3]
    assert np.allclose(end, values[:, 1:], rtol=0, atol=1e-14)
    assert np.allclose(end_slope, c[:, 1:, 1], rtol=0, atol=1e-14)
    assert np.allclose(c[:, 0, 1], values[:, 1] - values[:, 0])
    assert np.allclose(c[:, 1, 1], 0.5 * (values[:, 2] - values[:, 0]))
    assert np.allclose(c[:, -1, 1], values[:, -1] - values[:, -2])
    value, slope = spline_value(c[0], 0.5, np.array([100.0]))
    assert value[0] == pytest.approx(values[0, -1])
    assert slope[0] == pytest.approx((values[0, -1] - values[0, -2]) / 0.5)


def test_a_short_table_is_refused():
    with pytest.raises(InputError, match="too short"):
        lammps_spline(np.zeros(4))
