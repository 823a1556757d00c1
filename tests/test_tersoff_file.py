"""Tersoff files: LAMMPS's format and rules, there and back, and damage with its line."""

import numpy as np
import pytest
from damage import assert_numbers_or_message, broken
from hypothesis import given, settings
from hypothesis import strategies as st

from nakmd.errors import FileFormatError, InputError
from nakmd.potentials.files.tersoff_file import COLUMNS, TersoffParameters, format_tersoff, read_tersoff, write_tersoff

CARBON = "3.0 1.0 0.0 38049.0 4.3484 -0.93 0.72751 1.5724e-07 2.2119 430.0 1.95 0.15 3.4879 1393.6"
TRIPLES = [f"{i} {j} {k}" for i in "CN" for j in "CN" for k in "CN"]
WHOLE = "# UNITS: metal\n" + "".join(f"{triple} {CARBON}\n" for triple in TRIPLES)


def random_set(seed=0):
    generator = np.random.default_rng(seed)
    arrays = {name: generator.uniform(0.1, 2.0, (2, 2, 2)) for name in COLUMNS}
    arrays["m"] = generator.choice([1.0, 3.0], (2, 2, 2))
    arrays["R"] += 2.0
    arrays["h"] -= 1.0
    arrays["lambda3"] -= 1.0
    return TersoffParameters(("C", "N"), **arrays)


def same(a, b):
    assert a.elements == b.elements
    for name in COLUMNS:
        assert np.array_equal(getattr(a, name), getattr(b, name)), name


def fails(path, text, match):
    path.write_text(text)
    with pytest.raises(FileFormatError, match=match) as caught:
        read_tersoff(path)
    assert str(path) in str(caught.value)


def test_what_is_written_comes_back_bit_for_bit(tmp_path):
    parameters = random_set()
    same(parameters, read_tersoff(write_tersoff(tmp_path / "x", parameters, "from a test\nand more")))
    text = (tmp_path / "x").read_text()
    assert text.startswith("# UNITS: metal\n# from a test\n# and more\n# e1 e2 e3 m gamma")


def test_columns_are_those_of_lammps(tmp_path):
    path = tmp_path / "x"
    path.write_text(f"C C C {CARBON}\n")
    parameters = read_tersoff(path)
    names = ("m", "gamma", "lambda3", "c", "d", "h", "n", "beta", "lambda2", "B", "R", "D", "lambda1", "A")
    assert [float(getattr(parameters, name)[0, 0, 0]) for name in names] == [float(word) for word in CARBON.split()]
    assert parameters.cutoff == pytest.approx(2.1)


def test_records_may_wrap_and_comments_are_free(tmp_path):
    (tmp_path / "plain").write_text(WHOLE)
    words = WHOLE.split("\n", 1)[1].split()
    wrapped = []
    for first in range(0, len(words), 17):
        record = words[first : first + 17]
        wrapped += [" ".join(record[:4]) + "  # three elements", "", "\t" + " ".join(record[4:9]), " ".join(record[9:])]
    (tmp_path / "wrapped").write_bytes("\r\n".join(["# DATE: 2020 UNITS: metal", *wrapped]).encode())
    same(read_tersoff(tmp_path / "plain"), read_tersoff(tmp_path / "wrapped"))


def test_elements_come_in_the_order_asked_for_and_others_are_skipped(tmp_path):
    parameters = random_set()
    path = write_tersoff(tmp_path / "x", parameters)
    swapped = read_tersoff(path, ["N", "C"])
    assert swapped.A[0, 1, 1] == parameters.A[1, 0, 0]
    same(swapped, parameters.select(["N", "C"]))
    path.write_text(path.read_text() + "C C Si nonsense " + " ".join(["1"] * 13) + "\n")
    same(read_tersoff(path, ["C"]), parameters.select(["C"]))
    with pytest.raises(FileFormatError, match="m of C C Si is 'nonsense', not a number"):
        read_tersoff(path)
    with pytest.raises(InputError, match="has C, N, not Si"):
        parameters.select(["Si"])


def test_missing_triples_are_named(tmp_path):
    path = tmp_path / "x"
    path.write_text("\n".join(line for line in WHOLE.split("\n") if not line.startswith(("C N N", "N C C"))))
    with pytest.raises(
        FileFormatError, match=r"2 elements need 8 records; there is none for C N N, N C C\. Select fewer"
    ):
        read_tersoff(path)
    assert read_tersoff(path, ["N"]).elements == ("N",)
    with pytest.raises(FileFormatError, match=r"there is none for C C B, C B C, C B B, B C C, B C B, B B C and 1 more"):
        read_tersoff(path, ["C", "B"])


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("3.0 1.0", "2.0 1.0", r":2: C C C: m is 2; it must be 1 or 3"),
        ("1393.6", "-1393.6", r":2: C C C: A is -1393\.6; it must not be negative"),
        ("0.15", "2.15", r":2: C C C: D = 2\.15 Å is larger than R = 1\.95 Å"),
        ("4.3484", "0.0", r":2: C C C: d is 0"),
        ("0.72751", "0.0", r":2: C C C: n is 0"),
        ("1.95 0.15", "0.0 0.0", r":2: C C C: R is 0"),
        ("1.5724e-07", "1.5724d-07", r":2: beta of C C C is 1\.5724d-07; Fortran exponents.*1\.5724E-07"),
        ("430.0", "nan", r":2: B of C C C is nan"),
        ("430.0", "1e400", r":2: B of C C C is '1e400', beyond double precision"),
        (" 1393.6", "", r":3: the record that starts on line 2 has 33 words, not 17"),
        ("1393.6", "1393.6 7.0", r":2: the record that starts on line 2 has 18 words"),
        ("C C N", "C C C", r":3: C C C is already on line 2"),
        ("C C C", "C 1.0 C", r"names an element"),
        ("UNITS: metal", "UNITS: real", r"tagged UNITS: real"),
    ],
)
def test_damage_is_named_with_its_line_and_remedy(tmp_path, old, new, match):
    fails(tmp_path / "x", WHOLE.replace(old, new, 1), match)


def test_truncated_and_empty_files(tmp_path):
    fails(tmp_path / "x", WHOLE[:-60], r":9: the record that starts on line 9 has \d+ of 17 words.*truncated")
    fails(tmp_path / "x", "# nothing\n", "contains no Tersoff record")
    with pytest.raises(FileFormatError, match="no such file"):
        read_tersoff(tmp_path / "y")


def test_a_triple_that_is_no_bond_needs_no_bond_order(tmp_path):
    """LAMMPS reads n, β, B, A of i j j alone; published files have zeros in the others."""
    zeros = "3.0 1.0 0.0 38049.0 4.3484 -0.93 0 0 0 0 1.95 0.15 0 0"
    path = tmp_path / "x"
    path.write_text(WHOLE.replace(f"C N C {CARBON}", f"C N C {zeros}"))
    assert read_tersoff(path).n[0, 1, 0] == 0.0


def test_a_set_checks_itself():
    good = random_set()
    values = {name: getattr(good, name) for name in COLUMNS}
    with pytest.raises(InputError, match=r"A of a Tersoff set is .2, 2.; it must be"):
        TersoffParameters(("C", "N"), **{**values, "A": good.A[0]})
    with pytest.raises(InputError, match="Tersoff entry C C C: m is 2"):
        TersoffParameters(("C", "N"), **{**values, "m": np.full((2, 2, 2), 2.0)})
    with pytest.raises(ValueError, match="read-only"):
        good.A[0, 0, 0] = 1.0


WORDS = [b" ", b"\n", b"1e5", b"-1", b"C", b"nan", b"#"]
SET = format_tersoff(random_set()).encode()


@settings(max_examples=200, deadline=None)
@given(content=st.one_of(broken(SET, WORDS, 60), st.binary(max_size=200)))
def test_damaged_files_give_parameters_or_a_message(tmp_path_factory, content):
    assert_numbers_or_message(tmp_path_factory.getbasetemp() / "broken", content, read_tersoff, COLUMNS)
