"""Sets and models in files of one's own: what they give, and messages with line and remedy where they are wrong."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nakmd.errors import FileFormatError, InputError, NakmdError
from nakmd.potentials import EAM, library
from nakmd.potentials.files.texts import sha256
from nakmd.potentials.forms.morse import Morse
from nakmd.potentials.library.record_toml import parse_record
from nakmd.potentials.library.records import RECORDS

METALS = ("Na", "K")
SITES = ("C", "C:edge", "N:graphitic", "N:pyridinic", "N:pyrrolic")

HEAD = """name = "mine"
title = "my own"
license = "CC0-1.0"
units = { energy = "eV", length = "Å" }
source = [{ paper = "none" }]
"""
MORSE = (
    HEAD
    + """form = "morse"
cutoff = 8.0
cut = "smooth"
none = [["K", "N"]]

[[pair]]
species = ["K", "C"]
depth = 0.1
alpha = 1.5
r_0 = 3.0
evidence = "proposed"

[[pair]]
species = ["Na", "C"]
depth = 0.1
alpha = 1.5
r_0 = 3.0
cutoff = 7.0
cut = "cut"
evidence = "proposed"
"""
)


def test_files_of_ones_own(tmp_path):
    (tmp_path / "mine.toml").write_text(MORSE, encoding="utf-8")
    (tmp_path / "lj.toml").write_text(
        HEAD + 'form = "lennard_jones"\ncutoff = 8.0\ncut = "shift"\n[[pair]]\nspecies = ["K", "K"]\n'
        'epsilon = 0.1\nsigma = 4.0\nevidence = "proposed"\n', encoding="utf-8",
    )  # fmt: skip
    (tmp_path / "model.toml").write_text(
        'name = "both"\ntitle = "b"\nform = "model"\nnone = [["C", "C"], ["Na", "Na"], ["K", "Na"]]\n'
        '[[term]]\nset = "./mine.toml"\naffinity = true\n[[term]]\nset = "lj.toml"\n'
    )
    model = library.load(tmp_path / "model.toml", affinity=0.5)
    assert [term.scale for term in model.terms] == [0.5, 1.0]
    assert model.terms[0].pairs["C", "K"]["cut"] == "smooth"
    assert model.terms[0].pairs["C", "Na"] == {
        "depth": 0.1, "alpha": 1.5, "r_0": 3.0, "cutoff": 7.0, "cut": "cut", "smooth_from": 7.0
    }  # fmt: skip
    assert [how for *_, how in model.coverage(["K", "C", "Na"])] == ["mine", "mine", "none", "none", "mine", "none"]
    assert library.hashes(tmp_path / "model.toml").keys() == {"both", "mine"}


def test_tables_of_ones_own(tmp_path):
    source = "".join(f"{v}\n" for v in [1.0] * 6)
    (tmp_path / "x.alloy").write_text("\n\n\n1 K\n6 1.0 6 1.0 5.0\n19 39.0983 5.3 bcc\n" + 3 * source)
    (tmp_path / "x.toml").write_text(HEAD + 'form = "eam_table"\nfiles = ["x.alloy"]\n', encoding="utf-8")
    potential = library.load(tmp_path / "x.toml")
    assert isinstance(potential, EAM)
    assert potential.elements == ("K",)
    assert library.hashes(tmp_path / "x.toml")["x.alloy"] == sha256(tmp_path / "x.alloy")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[term]]\nset = "nak"\n', "has the model nak as a term"),
        ('[[term]]\nset = "kinaci-2012-cn"\naffinity = true\n', "which is for pair terms only"),
        ('[[term]]\nset = "kinaci-2012-cn"\nlambda_phi = 0.9\n', "has no lambda_phi"),
        ('[[term]]\nset = "kinaci"\n', 'Did you mean "kinaci-2012-cn"'),
        ('[[term]]\nset = "loop.toml"\n', "has the model loop as a term"),
    ],
)
def test_models_that_mean_nothing(tmp_path, text, message):
    path = tmp_path / "loop.toml"
    path.write_text('name = "loop"\ntitle = "l"\nform = "model"\n' + text)
    with pytest.raises(InputError, match=message):
        library.load(path)
    if "lambda" not in text:
        with pytest.raises(InputError, match=message):
            library.hashes(path)


# ---------------------------------------------------------------------------------------------- messages


def message(text):
    with pytest.raises(FileFormatError) as caught:
        parse_record("mine.toml", text)
    return str(caught.value)


def test_a_typo_is_named_with_its_line_and_the_nearest_key():
    assert message(MORSE.replace("alpha = 1.5", "alhpa = 1.5", 1)) == (
        "mine.toml:11: pair.1.alpha is missing; add it.\n"
        'mine.toml:14: pair.1.alhpa is not a known key. Did you mean "alpha"?'
    )
    assert message(MORSE.replace("licens", "licence_of_")).startswith("mine.toml:1: license is missing")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("depth = 0.1", 'depth = "0.1"', r"mine.toml:13: pair.1.depth = '0.1': input should be a valid number"),
        ("depth = 0.1", "depth = -0.1", r"mine.toml:13: pair.1.depth = -0.1: input should be greater than 0"),
        ("depth = 0.1", "depth = nan", r"mine.toml:13: pair.1.depth = nan: input should be a finite number"),
        ("depth = 0.1", "depth = inf", r"mine.toml:13: pair.1.depth = inf: input should be a finite number"),
        ("depth = 0.1", "depth = true", r"mine.toml:13: pair.1.depth = True: input should be a valid number"),
        ("depth = 0.1", "depth = ", r"mine.toml:13: Invalid value in column 9. Correct the TOML."),
        ("depth = 0.1", "depth = 0.1\ndepth = 0.2", r"mine.toml:14: Cannot overwrite a value"),
        ('"Na", "C"', '"C", "K"', r"mine.toml:1: pair C-K is given twice"),
        ('"Na", "C"', '"Na"', r"mine.toml:19: pair.2.species.2 is missing"),
        ('form = "morse"', 'form = "mors"', r"mine.toml:6: form = 'mors' is none of .*Did you mean .morse."),
        ('form = "morse"', "form = [1]", r"mine.toml:6: form = \[1\] is none of"),
        ('form = "morse"', "", r"mine.toml:1: there is no form"),
        ('"eV"', '"kcal/mol"', r"mine.toml:4: units.energy = 'kcal/mol': input should be 'eV'"),
        ('"smooth"', '"smoth"', r"mine.toml:8: cut = 'smoth': input should be 'cut', 'shift' or 'smooth'"),
        ('paper = "none"', 'paper = "none", doi = "doi.org/1"', r"mine.toml:5: source.1.doi"),
        ('name = "mine"', 'name = "My Set"', r"mine.toml:1: name = 'My Set'"),
    ],
)
def test_messages_have_line_and_remedy(old, new, expected):
    text = message(MORSE.replace(old, new, 1))
    assert re.match(expected, text), text


def test_incomplete_sets_name_what_is_missing():
    metals = library.path("nichol-ackland-2016").read_text(encoding="utf-8")
    assert "alloys joins Na and Rb, but there is no [[pair]] for Na-Rb" in message(
        metals.replace('alloys = [["Na", "K"], ["Rb"]]', 'alloys = [["Na", "Rb"]]')
    )
    assert "alloys names Cs" in message(metals.replace('["Rb"]]', '["Cs"]]'))
    assert "Na-Na has 6 A and 1 B" in message(metals.replace("B = [8.719427, -13.899855]", "B = [8.719427]"))
    assert "must be smaller than outer" in message(metals.replace("outer = 0.649", "outer = 0.249"))
    wall = library.path("kinaci-2012-cn").read_text(encoding="utf-8")
    assert "no [[pair]] gives the triples N C C, N C N" in message(
        wall.replace('elements = ["N", "C"]', 'elements = ["N", "N"]\nthird = []')
    )
    assert "is not of the elements C, N" in message(wall.replace('elements = ["N", "C"]', 'elements = ["Si", "C"]'))


def test_a_wrong_dotted_key_is_reported_on_its_own_line():
    units = 'units = { energy = "eV", length = "Å" }\n'
    assert units in MORSE
    text = 'units.energy = "eV"\nunits.lenght = "Å"\n' + MORSE.replace(units, "")
    with pytest.raises(FileFormatError, match=r"m\.toml:2: units\.lenght is not a known key\. Did you mean .length."):
        parse_record("m.toml", text)


@st.composite
def broken(draw):
    """Return the text of a set with some of it cut out, put in, or exchanged."""
    text = draw(st.sampled_from([library.path(name).read_text(encoding="utf-8") for name in library.names()] + [MORSE]))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        length = draw(st.integers(0, 30))
        put = draw(
            st.one_of(
                st.text(max_size=6),
                st.sampled_from(["\n", "[", "]]", "=", "1979-05-27", "9" * 5000, "[" * 2000, "nan"]),
            )
        )
        text = text[:at] + put + text[at + length :]
    return text


@settings(max_examples=200, deadline=None)
@given(text=st.one_of(broken(), st.text(max_size=100)))
def test_damaged_sets_give_records_or_a_message(text):
    try:
        record = parse_record("mine.toml", text)
    except NakmdError as error:
        found = str(error)
    else:
        found = "mine.toml" if isinstance(record, tuple(RECORDS.values())) else ""
    assert found.startswith("mine.toml")


def test_records_are_frozen():
    record = library.read_set("morse-dilute")
    assert isinstance(record, Morse.Record)
    with pytest.raises(ValueError, match="frozen"):
        record.cutoff = 3.0
