"""The accuracy tables: records, script and README agree."""

import importlib.util
import re

import pytest

from nakmd.kernels.jit import set_threads
from nakmd.potentials import library
from nakmd.potentials.library.model_record import ModelRecord
from nakmd.resources import data_folder

FOLDER = data_folder("potentials")


@pytest.fixture(scope="module")
def script():
    set_threads(1)
    spec = importlib.util.spec_from_file_location("accuracy", FOLDER / "accuracy.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    set_threads(2)


@pytest.mark.parametrize(
    "name", ["nichol-ackland-2016", "johnson-oh-nak", "gupta-na", "morse-dilute", "morse-screened"]
)
def test_the_records_equal_the_results_of_the_script(script, name):
    """Six digits are written; searches end at 1e-7 Å, and C_ij are differences at a strain of 1e-4."""
    found, stored = script.SETS[name](), library.read_set(name).accuracy
    assert [(f["of"], f["property"]) for f in found] == [(s.of, s.property) for s in stored]
    for ours, theirs in zip(found, stored):
        assert ours["value"] == pytest.approx(theirs.value, rel=1e-4, abs=1e-4), ours
        assert ours.get("reference") == theirs.reference


def test_writing_is_repeatable(script):
    text = 'name = "x"\n\n[[pair]]\na = 1\n'
    once = script.with_block(text, script.block([script.entry("Na", "a", 4.2906, "Å")]))
    assert once.startswith(text)
    twice = script.with_block(once, script.block([script.entry("Na", "a", 4.3, "Å", 4.2)]))
    assert twice.count(script.BEGIN) == twice.count("[[accuracy]]") == 1
    assert "value = 4.3\n" in twice
    assert "reference = 4.2\n" in twice
    # text after the markers is kept, after one empty line
    more = script.with_block(once + "# more\n", script.block([]))
    assert more.endswith(f"{script.END}\n\n# more\n")
    assert script.with_block(more, script.block([])) == more


def test_every_set_with_numbers_has_accuracy_entries():
    for name in library.names():
        record = library.read_set(name)
        if not isinstance(record, ModelRecord):
            assert record.accuracy, name


def test_the_readme_lists_every_set_and_its_figures():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `([a-z0-9-]+)` \|", text.partition("\n## ")[0], re.MULTILINE))
    assert listed == set(library.names())
    for name, element in (("nichol-ackland-2016", "Na"), ("nichol-ackland-2016", "Rb"), ("johnson-oh-nak", "K")):
        figures = {entry.property: entry.value for entry in library.read_set(name).accuracy if entry.of == element}
        row = next(line for line in text.split("\n") if line.startswith(f"| {element} `{name}` |"))
        cells = [cell.strip() for cell in row.split("|")[2:]]
        assert float(cells[0]) == pytest.approx(figures["lattice constant of bcc"], abs=6e-5)
        assert float(cells[1]) == pytest.approx(figures["cohesive energy"], abs=6e-5)
        assert [float(c) for c in cells[2].split(",")] == pytest.approx(
            [figures[c] for c in ("C11", "C12", "C44")], abs=6e-3
        )
        assert float(cells[4].replace("−", "-")) == pytest.approx(figures["fcc less bcc"], abs=0.06)
