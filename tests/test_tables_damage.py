"""Damaged EAM tables: the message gives file, line and remedy."""

import numpy as np
import pytest
from damage import assert_numbers_or_message, broken
from hypothesis import given, settings
from hypothesis import strategies as st
from made_tables import funcfl_text, same, smooth_table

from nakmd.errors import FileFormatError, InputError
from nakmd.potentials.files.eam_files import format_eam_fs, format_setfl, read_eam, write_setfl
from nakmd.potentials.files.eam_table import EAMTable


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
    "fortran": ({9: lambda s: s.replace("e", "D")}, r":9: .*Fortran exponents.*Replace D by E"),
    "nan": ({9: lambda s: "nan " + s.split(" ", 1)[1]}, r":9: .*is nan.*finite"),
    "overflow": ({9: lambda s: "1e999 " + " ".join(s.split()[1:])}, r":9: .*beyond double precision"),
    "word": ({9: lambda s: s.replace("e", "?")}, r":9: .*not a number"),
    "underscore": ({9: lambda s: "1_0 " + " ".join(s.split()[1:])}, r":9: .*not a number"),
    "cut": ({30: None}, r"the file ends after \d+ of the 61 values"),
    "cut in the header": ({3: None}, r"ends inside its header"),
    "one more on a line": ({14: lambda s: s + " 1.0"}, r"1 more values on this line than the 40"),
    "one less on a line": ({14: lambda s: s.rsplit(" ", 1)[0]}, r":15: .*more values on this line"),
    "elements": ({4: "3 Na K"}, r":4: the header gives 3 elements but names 2"),
    "same twice": ({4: "2 Na Na"}, r":4: 'Na' is named twice"),
    "no elements": ({4: "0"}, r":4: the number of elements is 0"),
    "many elements": ({4: "999999999999 Na"}, r":4: the header gives 999999999999 elements but names 1"),
    "no table": ({4: "hello world"}, r":4: this is not an EAM table"),
    "eam/he": ({5: lambda s: s + " 3.0"}, r":5: .*has 6 values, not 5"),
    "Nrho": ({5: lambda s: s.replace("40", "4", 1)}, r":5: Nrho is 4; it must be at least 5"),
    "Nr float": ({5: lambda s: s.replace("61", "61.5", 1)}, r":5: Nr is '61.5', not an integer"),
    "dr": ({5: lambda s: s.replace("0.1 ", "-0.1 ")}, r":5: dr is -0\.1; it must be positive"),
    "cutoff": ({5: lambda s: s.rsplit(" ", 1)[0] + " 60.0"}, r":5: the cutoff 60 Å is beyond the end of the tables"),
    "mass": ({6: "11 0.0 4.29 bcc"}, r":6: the mass of Na is 0\.0; it must be positive"),
    "Nr too small": ({5: lambda s: s.replace("61", "60", 1)}, r"1 more values on this line than the 60"),
    "units": ({1: "DATE: 2020-01-01 UNITS: real"}, r"tagged UNITS: real.*metal units"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_reported_with_line_and_remedy(tmp_path, name):
    edit, message = DAMAGE[name]
    path = tmp_path / "broken.eam.fs"
    path.write_text(damaged(edit))
    with pytest.raises(FileFormatError, match=message) as caught:
        read_eam(path)
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 2


def test_text_after_the_tables_is_refused_but_not_comments(tmp_path):
    path = tmp_path / "more"
    path.write_text(damaged({}) + "\n# the end\n\n")
    same(smooth_table("fs"), read_eam(path))
    path.write_text(damaged({}) + "0.0 0.0\n")
    with pytest.raises(FileFormatError, match="follows the last value"):
        read_eam(path)


def test_setfl_with_a_missing_element_is_refused(tmp_path):
    path = tmp_path / "alloy"
    text = damaged({}, "alloy")
    lines = text.split("\n")
    second = next(k for k, line in enumerate(lines) if line.startswith("19 "))
    path.write_text("\n".join(lines[:second]))
    with pytest.raises(FileFormatError, match=r"the file ends before .* of K"):
        read_eam(path)


def test_unreadable_files(tmp_path):
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


WORDS = [b" ", b"\n", b"1e5", b"-1", b"9" * 30, b"nan", b"#"]


@settings(max_examples=250, deadline=None)
@given(content=st.one_of(broken(SMALL, WORDS, 40), broken(SMALL_FUNCFL, WORDS, 40), st.binary(max_size=200)))
def test_damaged_files_give_tables_or_a_message(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "broken"
    assert_numbers_or_message(path, content, read_eam, ("embedding", "pair"))


def test_tables_are_validated():
    good = smooth_table("fs")
    values = {name: getattr(good, name) for name in EAMTable.__dataclass_fields__}
    with pytest.raises(InputError, match="differs between a–b and b–a"):
        EAMTable(**{**values, "pair": good.pair + np.arange(4.0).reshape(2, 2, 1)})
    with pytest.raises(InputError, match=r"density of an EAM table .fs. has shape"):
        EAMTable(**{**values, "density": good.density[0]})
    with pytest.raises(InputError, match="NaN or inf"):
        EAMTable(**{**values, "embedding": good.embedding * np.inf})
    with pytest.raises(InputError, match="twice"):
        EAMTable(**{**values, "elements": ("K", "K")})
    with pytest.raises(ValueError, match="read-only"):
        good.pair[0, 0, 0] = 1.0
