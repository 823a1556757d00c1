"""The page of a run: whole, well-formed, without a network, and plain about what it cannot say."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

import nakmd
from nakmd.analysis import Measure
from nakmd.cli import guard
from nakmd.cli.app import app
from nakmd.integrators import Langevin, VelocityVerlet
from nakmd.io import TrajectoryWriter
from nakmd.report import citations, render_report, scene, tables
from nakmd.system import Frame, System, Topology

#: Elements that have no end tag.
VOID = {"meta", "link", "img", "br", "hr", "input"}

#: Attributes through which a page fetches something by itself.
LOADS = {"src", "srcset", "href", "data", "poster", "action", "xlink:href"}


class Page(HTMLParser):
    """Reads a page: its text without scripts, what it would load, its links, and whether tags nest."""

    def __init__(self, text):
        super().__init__()
        self.open, self.loads, self.links, self.ids, self.words = [], [], [], set(), []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids.add(given.get("id"))
        if tag == "a":
            self.links.append(given["href"])
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
    """A short run of metal on a doped sheet, with a stage at constant energy."""
    deck = nakmd.Deck(
        title="K & Na <on> a sheet",
        seed=4,
        model={"potential": "nak-cn"},
        structure={
            "carbon": {"kind": "graphene", "size": ["21 Å", "21 Å"], "doping": {"graphitic": 0.03}},
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
    # plotly's script is 4.8 MB of it
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
    for words in ("numpy", run.trajectory.provenance["cpu"], "seed 4", run.trajectory.potentials["hash"]):
        assert words in page.text
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
    # two digits of the half width are printed
    assert float(shown[1]) == pytest.approx(low, abs=0.05 * (high - low))
    assert float(shown[2]) == pytest.approx(high, abs=0.05 * (high - low))
    for name, reason in run.results.failures.items():
        assert f"{name.replace('_', ' ')} {reason}" in page.text


def test_every_record_that_has_a_plot_is_drawn(run, text, page):
    drawn = set(re.findall(r'alt="Plot of ([^"]+)"', text))
    assert drawn == set(run.results.records)
    assert {"results", "thermo", "view", "plots", "run", "references", "scene"} <= page.ids
    assert "Plotly.newPlot" in text


def test_citations(page):
    for doi in (
        "10.1103/PhysRevB.93.184101",  # Nichol & Ackland
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
    (found,) = citations.references_of(Langevin)
    assert found.doi == "10.1063/1.4802990"
    assert found.paper == "Leimkuhler & Matthews, J. Chem. Phys. 138, 174102 (2013)"
    # the section that follows is none of it
    assert [entry.doi for entry in citations.references_of(VelocityVerlet)] == ["10.1063/1.442716"]
    wrapped = citations.references_of(nakmd.analysis.numerics.statistics.block_average)
    assert [entry.doi for entry in wrapped] == ["10.1063/1.457480", "10.1103/PhysRevE.83.066706"]
    assert [entry.what for entry in wrapped][1] == "Choice of the block size"
    assert wrapped[1].paper == "Lee et al., Phys. Rev. E 83, 066706 (2011)"
    assert citations.references_of(len) == []


def test_every_work_is_told_apart_whether_it_has_a_doi_or_not():
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
    (found,) = citations.cite_potentials({"name": "mine", "terms": [{"form": "Morse", "label": "my-morse"}]})
    assert found.what == "my-morse"
    assert "Not a set of the library" in found.paper
    assert not found.doi
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


def small(**stage):
    return nakmd.Deck(
        model={"potential": "nak"},
        structure={"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 60}},
        stage=[{"kind": "produce", "temperature": "450 K", "steps": 20, **stage}],
        output={"trajectory_every": 5, "thermo_every": 2, "checkpoint_every": 20},
    )


# The verb, and folders that lack something


@pytest.fixture
def verb(capsys):
    def call(*arguments):
        try:
            code = app(["report", *map(str, arguments)], prog_name="nakmd", standalone_mode=True) or 0
        except SystemExit as end:
            code = end.code or 0
        finally:
            guard.settings.debug = False
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return code, said.out, said.err

    return call


def test_the_verb_measures_anew_and_says_the_same(run, page, verb, tmp_path):
    code, out, _ = verb(run.directory, "-o", tmp_path / "page.html")
    assert code == 0
    assert "page.html" in out
    again = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert again.text.rpartition("Written by")[0] == page.text.rpartition("Written by")[0]


def test_no_folder_and_no_trajectory(verb, tmp_path):
    code, _, error = verb(tmp_path / "nowhere")
    assert code == 2
    assert "nowhere is not there" in error
    code, _, error = verb(tmp_path)
    assert code == 2
    assert "holds no trajectory.h5md" in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(("size", "message"), [(0, "is empty"), (100, "not an HDF5|truncated"), (-5000, "truncated")])
def test_a_truncated_trajectory(run, verb, tmp_path, size, message):
    content = (run.directory / "trajectory.h5md").read_bytes()
    (tmp_path / "trajectory.h5md").write_bytes(content[:size])
    code, _, error = verb(tmp_path)
    assert code == 2
    assert re.search(message, error)
    assert len(error.strip().splitlines()) == 1


def test_a_folder_that_cannot_be_written(verb, tmp_path):
    write_gas(tmp_path, 0)
    code, _, error = verb(tmp_path, "-o", tmp_path / "no" / "page.html")
    assert code == 1
    assert "cannot be written" in error


def write_gas(folder, frames, **parameters):
    """Write a trajectory of twenty atoms without velocities, energies and thermo table."""
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
    assert "holds no deck" in page.text
    assert "too few rows" in page.text
    assert "Not measured" in page.text
    assert ("holds no frame" in page.text) == (count == 0)
    assert ("scene" in page.ids) == (count == 1)


def test_status_in_words(tmp_path):
    write_gas(tmp_path, 0, deck=small().to_toml())

    def shown(status):
        (tmp_path / "status.json").write_text(status)
        return Page(render_report(tmp_path)).text

    words = '"step": 7, "total_steps": 90'
    assert "It was interrupted at step 7 of 90. Go on with" in shown(f'{{"status": "interrupted", {words}}}')
    assert "It failed at step 7 of 90. too hot" in shown(f'{{"status": "failed", "message": "too hot", {words}}}')
    assert "It was killed" in shown(f'{{"status": "running", {words}}}')
    assert "Nothing could be measured" in shown("{}")
    assert "has been changed since" not in shown("{}")
    (tmp_path / "deck.toml").write_text("seed = 5\n")
    assert "has been changed since" in shown("{}")


def test_a_deck_of_another_version(tmp_path):
    write_gas(tmp_path, 0, deck="colour = 3\n")
    page = Page(render_report(tmp_path))
    assert "does not understand the deck" in page.text
    assert "colour = 3" in page.text


# Numbers of the tables


@pytest.mark.parametrize(
    ("measure", "text"),
    [
        # Student's t of 9 degrees of freedom is 2.262
        (Measure(450.0, 1.0, "K", 10.0), "447.7 … 452.3"),
        (Measure(-810.0, 40.0, "bar", 10.0), "−900 … −720"),
        (Measure(2e-9, 1e-10, "", 10.0), "1.77e−09 … 2.23e−09"),
        (Measure(1.0, 0.0, "", 10.0), ""),
        (Measure(1.0, float("nan"), "", 1.0), ""),
    ],
)
def test_intervals(measure, text):
    assert tables.interval_text(measure) == text


def drifting(slope, noise, deck_stage):
    """Return the line of a stage whose energy drifts by so many kT/ns/dof."""
    n_atoms, temperature, kb = 100, 450.0, 8.617333262e-5
    time = np.linspace(0.0, 100.0, 1001)
    kinetic = np.full(1001, 1.5 * n_atoms * kb * temperature)
    energy = slope * 3 * n_atoms * kb * temperature * 1e-3 * time
    energy = energy + noise * np.random.default_rng(2).normal(size=1001)
    thermo = {
        "time": time,
        "stage": np.array(["produce"] * 1001),
        "temperature": np.full(1001, temperature),
        "kinetic_energy": kinetic,
        "conserved": energy,
    }
    (line,) = tables.stage_lines(small(**deck_stage), ["produce"], thermo, n_atoms, ["produce"])
    return line


@pytest.mark.parametrize(
    ("slope", "noise", "verdict", "good"),
    [
        (2e-6, 1e-9, "within 1e-05", True),
        (-2e-6, 1e-9, "within 1e-05", True),
        (3e-5, 1e-9, "beyond 1e-05", False),
        (-3e-5, 1e-9, "beyond 1e-05", False),
        (2e-6, 1e-2, "too short", None),
    ],
)
def test_drift_at_constant_energy_against_its_limit(slope, noise, verdict, good):
    line = drifting(slope, noise, {"ensemble": "nve", "temperature": None})
    assert verdict in line.verdict
    assert line.good is good
    assert line.ensemble == "NVE"
    low, high = (float(bound.replace("−", "-")) for bound in line.interval.split(" … "))
    # a line through 100 ps with noise of 1e-9 eV is known far better than that
    assert noise > 1e-6 or 0.5 * (low + high) == pytest.approx(slope, rel=0.01)


def test_no_limit_with_a_thermostat():
    line = drifting(3e-5, 1e-9, {"ensemble": "bussi"})
    assert line.good is None
    assert "no limit" in line.verdict
    assert "Bussi, 450 K" in line.ensemble


# The view


def test_thinning_says_so_and_keeps_the_wall():
    n = 9000
    species = np.repeat([0, 1], [500, n - 500])
    topology = Topology(("C", "K"), species, np.ones(n), np.array([True] * 3))
    places = np.random.default_rng(3).uniform(0.0, 60.0, (n, 3))
    frame = Frame(0, 0.0, places, np.zeros((n, 3), dtype=np.int32), nakmd.Cell([60.0] * 3))
    made = scene.make_scene(topology, frame)
    assert {name: len(points) for name, points in made.species.items()} == {"C": 500, "K": scene.MOST_OTHERS}
    assert made.note.startswith("4,500 of 9,000 atoms")
    assert list(made.species) == ["K", "C"]


def test_a_wall_across_the_face_is_brought_to_the_middle():
    carbon = np.array([[0.5, 10.0, 10.0], [19.5, 10.0, 10.0]])
    topology = Topology(("C", "K"), np.array([0, 0, 1]), np.ones(3), np.array([True] * 3))
    places = np.vstack([carbon, [[10.0, 10.0, 10.0]]])
    frame = Frame(0, 0.0, places, np.zeros((3, 3), dtype=np.int32), nakmd.Cell([20.0] * 3))
    made = scene.make_scene(topology, frame)
    np.testing.assert_allclose(np.sort(made.species["C"][:, 0]), [9.5, 10.5], atol=1e-9)  # rounding of 20 Å
    assert made.bonds.shape == (1, 2, 3)
    assert made.edges.shape == (12, 2, 3)
