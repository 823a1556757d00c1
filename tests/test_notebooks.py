"""What notebooks show of decks, runs, results, records and trajectories, and their tables as data frames and CSV."""

import base64
import csv
import html.parser
import importlib.util
import math
import re

import numpy as np
import pytest

import nakmd
from nakmd.analysis import Record
from nakmd.errors import InputError, RunError
from nakmd.io.frame_facts import frame_facts
from nakmd.results.results import Results
from nakmd.system import Topology
from tests.small_decks import small

#: Elements without an end.
VOID = {"img", "br"}


class Tags(html.parser.HTMLParser):
    """Collects the elements and the texts of a page, and checks that what begins ends."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.texts, self.images = [], [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        if tag == "img":
            self.images.append(base64.b64decode(dict(attrs)["src"].removeprefix("data:image/png;base64,")))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return nakmd.run(small(), tmp_path_factory.mktemp("shown") / "run", threads=1)


def number(**more):
    return Record(quantity="a <b>", value=1.5, error=0.3, unit="eV", n_effective=50.0, **more)


def test_a_deck_shows_its_text(run):
    page = Tags(run.deck._repr_html_())
    assert "pre" in page.elements
    text = "".join(page.texts)
    assert "Deck: untitled" in text
    assert nakmd.Deck.from_text(text.partition("untitled")[2]) == run.deck


def test_a_run_shows_table_figure_and_notes(run):
    page = Tags(run._repr_html_())
    assert page.texts[0] == repr(run)
    assert "temperature" in page.texts
    assert page.images == [(run.directory / "overview.png").read_bytes()]
    for note in run.notes:
        assert note in page.texts
    again = Tags(nakmd.Run(run.directory)._repr_html_())
    assert again.images == page.images


def test_results_show_every_row_and_a_figure(run):
    page = Tags(run.results._repr_html_())
    for row in run.results.rows():
        assert row.quantity.strip() in [text.strip() for text in page.texts]
        assert row.text in page.texts
    assert [image[:4] for image in page.images] == [b"\x89PNG"]
    for name, reason in run.results.failures.items():
        assert f"{name}: {reason}" in page.texts


def test_a_record_shows_its_plot_if_it_has_one(run):
    assert [image[:4] for image in Tags(run.results["rdf"]._repr_html_()).images] == [b"\x89PNG"]
    page = Tags(number(notes=("a & b",))._repr_html_())
    assert not page.images
    assert {"a <b>", "1.5 ± 0.3 eV", "a & b"} <= set(page.texts)


def test_a_trajectory_shows_its_facts(run):
    with nakmd.Trajectory(run.directory / "trajectory.h5md") as trajectory:
        page = Tags(trajectory._repr_html_())
        cells = [text for text in page.texts if text != repr(trajectory)]
        facts = dict(zip(cells[::2], cells[1::2], strict=True))
    assert facts["frames"] == "5"
    assert facts["times"] == "0 to 0.02 ps"
    assert facts["stages"] == "produce"
    assert facts["atoms"] == "60: 20 Na, 40 K"
    assert facts["rows of the thermo table"] == "11"


def test_a_part_of_a_trajectory_shows_its_own_facts(run):
    with nakmd.Trajectory(run.directory / "trajectory.h5md") as trajectory:
        whole, part = trajectory._repr_html_(), trajectory["produce"][1:3]
        page = Tags(part._repr_html_())
        assert page.texts[0] == repr(part)
        facts = dict(zip(page.texts[1::2], page.texts[2::2], strict=True))
        assert facts.pop("frames") == "2"
        assert facts.pop("times") == f"{part.times[0]:g} to {part.times[-1]:g} ps"
        assert "rows of the thermo table" not in facts  # they are not those of the frames
        assert all(text in whole for text in facts.values())
        none = Tags(trajectory[2:2]._repr_html_())
        assert "0" in none.texts
        assert "times" not in none.texts


def test_facts_that_are_unknown_are_left_out():
    """Frames of other programs may have no times and no stages."""
    topology = Topology(("Na", "K"), np.array([0, 0, 1]), np.ones(3), np.ones(3, bool))
    facts = frame_facts(np.array([math.nan, math.nan]), (), topology)
    assert facts == {"frames": "2", "times": "", "stages": "", "atoms": "3: 2 Na, 1 K", "groups": ""}


def test_results_as_a_data_frame(run):
    frame = run.results.to_frame()
    table = run.results.table()
    assert list(frame.columns) == [
        "record", "name", "value", "error", "unit", "n_effective", "trend", "text", "frames", "note",
    ]  # fmt: skip
    assert frame["name"].tolist() == [entry["name"] for entry in table]
    assert frame["text"].tolist() == [entry["value"] for entry in table]
    volume = frame[frame["name"] == "volume"].iloc[0]
    assert volume["value"] == run.results["thermo"].quantities["volume"].value
    assert volume["record"] == "thermo"


def test_a_record_as_a_data_frame_and_as_csv(tmp_path):
    record = number()
    row = record.to_frame().iloc[0].to_dict()
    expected = {
        "name": "a <b>", "value": 1.5, "error": 0.3, "unit": "eV", "n_effective": 50.0, "text": "1.5 ± 0.3 eV",
        "note": "",
    }  # fmt: skip
    assert row == expected
    assert record.to_csv(tmp_path / "table.csv") == tmp_path / "table.csv"
    with open(tmp_path / "table.csv", encoding="utf-8", newline="") as file:
        (read,) = csv.DictReader(file)
    assert read == {key: str(value) for key, value in expected.items()}
    with pytest.raises(RunError, match=r"none/table\.csv: cannot be written \(No such file or directory\)"):
        record.to_csv(tmp_path / "none" / "table.csv")


def test_an_unknown_error_is_an_empty_field(tmp_path):
    record = Record(quantity="x", value=1.0, error=math.nan, unit="", n_effective=math.nan)
    assert record.table()[0]["error"] is None
    assert record.to_csv(tmp_path / "x.csv").read_text().splitlines()[1].startswith("x,1.0,,,,")


def test_without_pandas_the_message_says_what_to_use(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pandas" else found(name))
    for table in (number(), Results({"one": number()})):
        with pytest.raises(InputError, match=re.escape("pip install 'nakmd[tables]'. Without it, use table()")):
            table.to_frame()
