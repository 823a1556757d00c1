"""The page of a run: complete, well-formed, self-contained, and explicit about missing data."""

import html
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from small_decks import small

import nakmd
from nakmd.integrators import Langevin, VelocityVerlet
from nakmd.io import TrajectoryWriter
from nakmd.report import citations, render_report
from nakmd.report.headlines import answers
from nakmd.results.results import Results
from nakmd.system import Frame, System

pytestmark = pytest.mark.draws

#: Elements without an end tag.
VOID = {"meta", "link", "img", "br", "hr", "input"}

#: Attributes that make a browser load a resource.
LOADS = {"src", "srcset", "href", "data", "poster", "action", "xlink:href"}


class Page(HTMLParser):
    """Parses a page: its text without scripts, the resources it loads, its links, and the nesting of tags."""

    def __init__(self, text):
        super().__init__()
        self.open, self.loads, self.links, self.ids, self.words = [], [], [], set(), []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.ids.add(values.get("id"))
        if tag == "a":
            self.links.append(values["href"])
        else:
            self.loads += [(tag, value) for name, value in attributes if name in LOADS]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A short run of metal on a doped sheet, with an NVE stage."""
    deck = nakmd.Deck(
        title="K & Na <on> a sheet",
        seed=4,
        model={"potential": "nak-cn"},
        structure={
            "carbon": {"kind": "graphene", "size": ["22 Å", "21 Å"], "doping": {"graphitic": 0.03}},
            "liquid": {"region": "beside", "x_K": 0.67, "temperature": "450 K", "thickness": "10 Å"},
        },
        stage=[
            {"kind": "relax", "steps": 30},
            {"kind": "equilibrate", "steps": 20, "temperature": "450 K", "timestep": "0.5 fs"},
            {"kind": "produce", "steps": 40, "ensemble": "nve", "timestep": "0.5 fs"},
        ],
        output={"trajectory_every": 5, "thermo_every": 2, "checkpoint_every": 20},
    )
    return nakmd.run(deck, tmp_path_factory.mktemp("report") / "run", threads=1)


@pytest.fixture(scope="module")
def text(run):
    return (run.directory / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_a_run_writes_its_report(run, text):
    assert run.files["report"] == run.directory / "report.html"
    assert not [note for note in run.notes if "report" in note]
    # of which the script of plotly is 4.8 MB
    assert 4.5e6 < len(text.encode()) < 6.0e6


def test_the_page_loads_nothing(text, page):
    assert page.loads
    assert all(value.startswith("data:image/png;base64,") for _, value in page.loads)
    assert {tag for tag, _ in page.loads} == {"img"}
    assert all(link.startswith("https://doi.org/10.") for link in page.links if not link.startswith("#"))
    assert {link[1:] for link in page.links if link.startswith("#")} <= page.ids
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert "url(" not in style
    assert "@import" not in style
    assert "@media print" in style


def test_what_was_run(run, page):
    assert "K & Na <on> a sheet" in page.text  # escaped in the source
    assert "It finished at step" in page.text
    for word in ("C", "N:graphitic", "Na", "K"):
        assert f"{np.count_nonzero(run.trajectory.topology.select(word)):,} {word}" in page.text
    for text in ("numpy", run.trajectory.provenance["cpu"], "seed 4", run.trajectory.potentials["hash"]):
        assert text in page.text
    for term in run.trajectory.potentials["model"]["terms"]:
        assert term["sha256"] in page.text
    assert " ".join(run.trajectory.deck.split()) in page.text


def test_results_with_intervals(run, page):
    rows = run.results.rows()
    assert len(rows) > 10
    for row in rows:
        assert row.quantity.strip() in page.text
        assert row.text.replace("-", "−") in page.text.replace("-", "−")
    low, high = run.results["thermo"].quantities["temperature"].interval()
    shown = re.search(r"temperature [\d.]+ ± [\d.]+ K (−?[\d.]+) … ([\d.]+) ", page.text)
    # the half width is printed with two digits
    assert float(shown[1]) == pytest.approx(low, abs=0.05 * (high - low))
    assert float(shown[2]) == pytest.approx(high, abs=0.05 * (high - low))
    for name, reason in run.results.failures.items():
        assert f"{name.replace('_', ' ')} {reason}" in page.text


def test_the_three_questions_are_answered_first(run, page):
    found = {answer.quantity: answer for answer in answers(run.results)}
    assert list(found) == ["affinity", "diffusion", "coordination"]
    affinity, speed = run.results["affinity"], run.results["diffusion K"]
    figures = {figure.name: figure for answer in found.values() for figure in answer.figures}
    assert figures["of wall and metal"].value == affinity.per_area.text.replace("-", "−")
    assert figures["of K"].value == speed.text.replace("-", "−")
    (around,) = (name for name in figures if name.startswith("K within"))
    assert around.endswith("Å of a C")
    assert page.text.index("no free energy of adhesion") < page.text.index("Measured in stage")
    assert {f"results-{name}" for name in found} <= page.ids


def test_which_metal_is_faster_is_said_only_of_intervals_that_are_apart(run):
    slow = replace(run.results["diffusion K"], value=1.0, error=0.01, n_effective=50.0)
    fast = replace(run.results["diffusion Na"], value=2.0, error=0.01, n_effective=50.0)

    def said(**records):
        return answers(Results({f"diffusion {name}": record for name, record in records.items()}))[0].sentence

    assert said(K=slow, Na=fast).startswith("Na moves faster than K.")
    assert said(K=replace(slow, error=1.0), Na=fast).startswith("Neither is clearly the faster.")
    assert said(K=slow).startswith("All atoms")
    assert answers(Results({})) == []


def test_every_record_that_has_a_plot_is_drawn(run, text, page):
    drawn = [html.unescape(name) for name in re.findall(r'alt="Plot: ([^"]+)"', text)]
    assert len(drawn) == len(run.results.records)
    assert len(set(drawn)) == len(drawn)
    assert {"Self-diffusion coefficient of each metal: K", "Interfacial affinity"} <= set(drawn)
    assert {"results", "thermo", "view", "plots", "run", "references", "atoms"} <= page.ids
    assert "Plotly.newPlot" in text


def test_citations(page):
    for doi in (
        "10.1021/jz500737m",  # Wang et al.: the method of the fit of nak-2026
        "10.1103/PhysRevB.86.115410",  # Kinaci et al.
        "10.1063/1.442716",  # velocity Verlet
        "10.1063/1.4802990",  # Langevin
        "10.1103/PhysRevLett.97.170201",  # FIRE
        "10.1063/1.457480",  # block averages
        "10.1021/acs.jctc.5b00784",  # equilibration
    ):
        assert f"https://doi.org/{doi}" in page.links
    assert "https://doi.org/10.1063/1.2408420" not in page.links  # no stage used Bussi's thermostat


def test_references_are_read_from_docstrings():
    (reference,) = citations.references_of(Langevin)
    assert reference.doi == "10.1063/1.4802990"
    assert reference.paper == "Leimkuhler & Matthews, J. Chem. Phys. 138, 174102 (2013)"
    # the following section is not included
    assert [entry.doi for entry in citations.references_of(VelocityVerlet)] == ["10.1063/1.442716"]
    wrapped = citations.references_of(nakmd.analysis.numerics.statistics.block_average)
    assert [entry.doi for entry in wrapped] == ["10.1063/1.457480", "10.1103/PhysRevE.83.066706"]
    assert [entry.what for entry in wrapped][1] == "Choice of the block size"
    assert wrapped[1].paper == "Lee et al., Phys. Rev. E 83, 066706 (2011)"
    assert citations.references_of(len) == []


def test_every_reference_is_distinct_whether_it_has_a_doi_or_not():
    assert [(entry.paper, entry.doi) for entry in citations.references_of(nakmd.analysis.ContactAngle)] == [
        ("Werder et al., J. Phys. Chem. B 107, 1345 (2003)", "10.1021/jp0268112"),
        ("B. J. Carroll, J. Colloid Interface Sci. 57, 488 (1976)", "10.1016/0021-9797(76)90227-7"),
    ]
    (book,) = citations.references_of(nakmd.analysis.GibbsExcess)
    assert (book.what, book.doi) == ("Relative adsorption", "")
    assert book.paper.endswith("Oxford (1982), chapter 2")


def test_the_correction_for_size_is_cited_where_the_table_has_it():
    cited = [
        {entry.doi for entry in citations.cite_methods(None, measured)}
        for measured in (["diffusion K"], ["diffusion K", "viscosity"])
    ]
    assert ["10.1021/jp0477147" in dois for dois in cited] == [False, True]


def test_what_is_measured_by_name_only_is_cited():
    cited = {entry.doi for entry in citations.cite_methods(None, ["structure_factor", "local_order"])}
    assert {"10.1103/PhysRevB.2.3004", "10.1103/PhysRevB.28.784", "10.1063/1.4774084"} <= cited
    unasked = {entry.doi for entry in citations.cite_methods(None, ["rdf"])}
    assert "10.1103/PhysRevB.28.784" not in unasked


def test_numbers_from_elsewhere_are_not_given_a_source():
    (reference,) = citations.cite_potentials({"name": "mine", "terms": [{"form": "Morse", "label": "my-morse"}]})
    assert reference.what == "my-morse"
    assert "Not in the library" in reference.paper
    assert not reference.doi
    assert citations.cite_potentials({}) == []


def test_the_report_never_fails_a_run(tmp_path, monkeypatch):
    def fail(*arguments):
        raise ValueError("no ink")

    monkeypatch.setattr("nakmd.report.page.write_report", fail)
    run = nakmd.run(small(), tmp_path / "run", threads=1)
    assert run.status == "finished"
    assert run.results.records
    (note,) = [note for note in run.notes if "report" in note]
    assert "no ink" in note
    assert "nakmd report" in note
    assert "report" not in run.files


# The verb, and incomplete directories


def test_the_verb_measures_again_with_the_same_results(run, page, command, tmp_path):
    code, out, _ = command("report", run.directory, "-o", tmp_path / "page.html")
    assert code == 0
    assert "page.html" in out
    again = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert again.text.rpartition("Written by")[0] == page.text.rpartition("Written by")[0]


def test_no_folder_and_no_trajectory(command, tmp_path):
    code, _, error = command("report", tmp_path / "nowhere")
    assert code == 2
    assert "nowhere does not exist" in error
    code, _, error = command("report", tmp_path)
    assert code == 2
    assert "contains no trajectory.h5md" in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(("size", "message"), [(0, "is empty"), (100, "not an HDF5|truncated"), (-5000, "truncated")])
def test_a_truncated_trajectory(run, command, tmp_path, size, message):
    content = (run.directory / "trajectory.h5md").read_bytes()
    (tmp_path / "trajectory.h5md").write_bytes(content[:size])
    code, _, error = command("report", tmp_path)
    assert code == 2
    assert re.search(message, error)
    assert len(error.strip().splitlines()) == 1


def test_a_folder_that_cannot_be_written(command, tmp_path):
    write_gas(tmp_path, 0)
    code, _, error = command("report", tmp_path, "-o", tmp_path / "no" / "page.html")
    assert code == 1
    assert "cannot be written" in error


def write_gas(folder, frames, **parameters):
    """Write a trajectory of twenty atoms without velocities, energies or thermo table."""
    system = System(np.random.default_rng(1).uniform(0.0, 12.0, (20, 3)), [0] * 20, ["K"], nakmd.Cell([12.0] * 3))
    images = np.zeros((20, 3), dtype=np.int32)
    with TrajectoryWriter(folder / "trajectory.h5md", system.topology, {"stages": [""], **parameters}) as writer:
        for k in range(frames):
            writer.write(Frame(k, 0.1 * k, system.positions, images, system.cell.copy()))


@pytest.mark.parametrize("count", [0, 1])
def test_one_frame_or_none_without_deck_thermo_and_velocities(tmp_path, count):
    write_gas(tmp_path, count)
    page = Page(render_report(tmp_path))
    assert "There is no status.json" in page.text
    assert "contains no deck" in page.text
    assert "too few rows" in page.text
    assert "Not measured" in page.text
    assert ("contains no frames" in page.text) == (count == 0)
    assert ("atoms" in page.ids) == (count == 1)


def test_status_in_words(tmp_path):
    write_gas(tmp_path, 0, deck=small().to_toml())

    def shown(status):
        (tmp_path / "status.json").write_text(status)
        return Page(render_report(tmp_path)).text

    steps = '"step": 7, "total_steps": 90'
    assert "It was interrupted at step 7 of 90. Continue with" in shown(f'{{"status": "interrupted", {steps}}}')
    assert "It failed at step 7 of 90. too hot" in shown(f'{{"status": "failed", "message": "too hot", {steps}}}')
    assert "It was killed" in shown(f'{{"status": "running", {steps}}}')
    assert "No quantity could be measured" in shown("{}")
    assert "has been changed since" not in shown("{}")
    (tmp_path / "deck.toml").write_text("seed = 5\n")
    assert "has been changed since" in shown("{}")


def test_a_deck_of_another_version(tmp_path):
    write_gas(tmp_path, 0, deck="colour = 3\n")
    page = Page(render_report(tmp_path))
    assert "cannot read the deck" in page.text
    assert "colour = 3" in page.text


def test_tables_scroll_on_a_narrow_screen():
    """A table that is wider than a phone, and does not scroll by itself, widens the page."""
    for package, name in (("report", "page.html"), ("sweep_results", "sweep_page.html")):
        lines = (Path(nakmd.__file__).parent / package / name).read_text(encoding="utf-8").splitlines()
        tables = [number for number, line in enumerate(lines) if line.startswith("<table")]
        assert len(tables) >= 4
        assert {lines[number - 1] for number in tables} == {'<div class="wide">'}
