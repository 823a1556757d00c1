"""Every registered quantity has the metadata for decks, command line, table, figures and report."""

import csv
import inspect
import json
import re
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from deposited_films import film_on, sites_above
from droplets import cap_on_sheet
from synthetic import autoregressive, frame, interface, topology
from test_analysis_interfacial_conductance import sheet
from typer.testing import CliRunner

from nakmd.analysis import QUANTITIES, FrameList, Record, analyze, on_request, quantity
from nakmd.analysis.frame_choice import FrameChoice
from nakmd.analysis.named_analysis import AtomsPresent, TableAnalysis
from nakmd.analysis.registry import DERIVED
from nakmd.analysis.surface_figures import NO_CHOICE
from nakmd.analysis.table_row import Row, named_rows
from nakmd.cell import Cell
from nakmd.cli.app import app
from nakmd.deck.deck import Deck
from nakmd.errors import DeckError
from nakmd.report.citations import cite_quantity, references_of
from nakmd.results.results import Results
from nakmd.structures import crystal_slab

pytestmark = pytest.mark.draws

NAMES = list(QUANTITIES)


@cache
def at_wall():
    return interface(40, stages=("produce",))


@cache
def film_of_alloy():
    """A crystalline film of Na and K in vacuum, at rest; velocities and stress decorrelate within 10 frames."""
    rng = np.random.default_rng(3)
    stress = np.stack([autoregressive(seed, 1000, 0.9) for seed in range(6)], axis=1)
    virials = rng.normal(size=(250, 3, 3))
    cell = Cell([20.0, 20.0, 60.0])
    corners = np.stack(np.meshgrid(*[np.arange(5)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    sites = 4.0 * np.concatenate([corners, corners + 0.5]) + [0.0, 0.0, 20.0]
    atoms = topology(("K", "Na"), rng.permutation(len(sites)) % 2)
    velocities = rng.normal(size=sites.shape)
    frames = []
    for step in range(1000):
        velocities = 0.9 * velocities + np.sqrt(1.0 - 0.9**2) * rng.normal(size=sites.shape)
        positions = sites + rng.normal(0.0, 0.2, sites.shape)
        # slow enough that the stress is the virial above
        fields = {"velocities": 1e-3 * (velocities - atoms.masses @ velocities / atoms.masses.sum())}
        fields |= {"virial": stress[step], "energies": np.full(len(sites), -1.0), "virials": virials * stress[step, 0]}
        frames.append(frame(cell, positions, step, 0.01 * step, **fields))
    return FrameList(atoms, frames)


@cache
def droplet():
    return cap_on_sheet(90.0)


@cache
def between_baths():
    return sheet(1, n_frames=40)[0]


@cache
def deposited_film():
    slab = crystal_slab("K", "110", (6, 4), 4, 5.3)
    sites = sites_above(slab, "110", (6, 4), 1)[0]
    return film_on(slab, [sites[: 2 * n] for n in range(12)])


@cache
def records_of(name):
    """Records of a quantity, from the first of five sources that it can be measured in."""
    for source in (at_wall(), film_of_alloy(), droplet(), deposited_film(), between_baths()):
        if quantity(name).atoms.met(AtomsPresent.of(source.topology, "images", 1e9, NO_CHOICE)):
            records = analyze(source, [name])
            if all(isinstance(record, Record) for record in records.values()):
                return records
    raise AssertionError(f"{name} cannot be measured in any source of this file: add one that it can be measured in.")


@pytest.mark.parametrize("name", NAMES)
def test_metadata_of_a_quantity_are_complete(name):
    kind = quantity(name)
    assert kind.name == name
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert 10 < len(kind.title) < 90  # one line of help
    assert not kind.title.endswith(".")
    assert kind.panel is None or kind.panel > 0
    assert kind.atoms.description
    assert inspect.getdoc(kind)
    assert (kind.origin == "cited") == bool(cite_quantity(kind))


def test_panels_have_distinct_positions():
    positions = [quantity(name).panel for name in NAMES if quantity(name).panel is not None]
    assert len(set(positions)) == len(positions)


@pytest.mark.parametrize("name", NAMES)
def test_a_record_has_rows_text_json_and_plot(name):
    records = records_of(name)
    assert records
    for key, record in records.items():
        assert isinstance(record, Record), f"{key}: {record}"
        assert key.split()[0] == name
        rows = list(record.rows())
        assert all(isinstance(row, Row) and row.quantity and row.text for row in rows)
        assert rows or name == "map"  # a figure without a number
        names = [full_name for full_name, _ in named_rows(rows)]
        assert len(set(names)) == len(names)  # or a sweep would average two rows
        assert not any(re.search(r"\d\.\d", full_name) for full_name in names), "a measured number: give the row a key"
        plain = json.loads(json.dumps(record.to_dict(), allow_nan=False))
        assert plain["unit"] == record.unit
        assert str(record)
        if quantity(name).panel is None:
            assert type(record).plot is Record.plot
        else:
            assert record.plot().axes
    results = Results(records)
    assert {row.quantity for row in results.rows()} >= {row.quantity for r in records.values() for row in r.rows()}
    assert bool(results.panels()) == (quantity(name).panel is not None)


def test_quantities_missing_in_the_thermo_table_are_measured_in_frames():
    kinds = {name: quantity(name) for name in NAMES if issubclass(quantity(name), TableAnalysis)}
    kinds = {name: kind for name, kind in kinds.items() if not kind.needs_table}
    assert set(kinds) >= {"thermo", "viscosity", "thermal_conductivity", "surface_tension"}
    for name, kind in kinds.items():
        source = deposited_film() if name == "sticking" else film_of_alloy()
        assert kind().of_run(source, FrameChoice.of(source)).to_dict() == analyze(source, [name])[name].to_dict()


def test_decks_accept_exactly_the_quantities():
    schema = Deck.model_json_schema()["$defs"]["AnalysisSection"]["properties"]["quantities"]
    assert schema["anyOf"][0]["items"]["enum"] == NAMES
    assert set(schema["x-default"].partition("only on request: ")[2].split(", ")) == set(on_request())
    assert schema["x-choices"] == {name: quantity(name).title for name in NAMES}
    deck = '[model]\npotential = "nak"\n[analysis]\nquantities = ["difusion"]\n'
    with pytest.raises(DeckError, match='Did you mean "diffusion"'):
        Deck.from_text(deck)


def test_the_help_of_analyze_names_every_quantity():
    text = CliRunner().invoke(app, ["analyze", "--help"], env={"COLUMNS": "300"}).output
    text = re.sub(r"[│\s]+", " ", text)
    listed = re.search(r"(thermo, .*?)\. Default: .*? Only on request: (.*?)\.", text)
    assert listed is not None
    assert set(listed[1].split(", ")) == set(NAMES) - set(on_request())
    assert set(listed[2].split(", ")) == set(on_request())
    assert all(f"{name}: {quantity(name).title}" in text for name in NAMES)


def test_derived_numbers_refer_to_quantities_and_citations():
    for derived in DERIVED:
        assert {derived.quantity, derived.using} <= set(NAMES)
        assert references_of(derived.derive)


class Broken(Record):
    """A record whose rows and plot fail."""

    def rows(self):
        raise ZeroDivisionError("rows")

    def plot(self, ax=None):
        raise ZeroDivisionError("plot")


def test_a_record_that_cannot_be_shown_does_not_lose_the_results_of_a_run(tmp_path):
    broken = Broken(quantity="q", value=1.0, error=0.1, unit="eV", n_effective=20.0)
    plain = Record(quantity="p", value=2.0, error=0.1, unit="eV", n_effective=20.0)
    results = Results({"rdf": broken, "unheard_of": plain, **records_of("thermo")})
    texts = {row.quantity: (row.text, row.note) for row in results.rows()}
    assert texts["rdf"] == ("", "cannot be shown: ZeroDivisionError('rows')")
    assert texts["p"] == ("2.00 ± 0.10 eV", "")
    assert results.panels() == ["thermo", "rdf"]
    with pytest.warns(RuntimeWarning, match="plot of q failed"):
        assert results.overview(tmp_path / "overview.png").stat().st_size > 1000
    with pytest.warns(RuntimeWarning, match="plot of q failed"):
        assert [path.name for path in results.plot(tmp_path / "plots")] == ["thermo.png"]
    written = json.loads(results.write(tmp_path / "results.json").read_text())
    assert set(written["results"]) == {"rdf", "unheard_of", "thermo"}


def test_the_csv_table_has_the_numbers_of_the_records(tmp_path):
    records = records_of("coordination")
    with Results(records).to_csv(tmp_path / "table.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    record = records["coordination C-K"]
    (line,) = [line for line in lines if line["quantity"].startswith("K around C,")]
    assert (float(line["value"]), float(line["error"]), float(line["n_effective"])) == (
        record.value, record.error, record.n_effective,
    )  # fmt: skip


def test_a_deck_with_quantities_is_read_without_importing_scipy_or_analyses():
    script = (
        "import sys; from nakmd.deck.schema import AnalysisSection; import nakmd.runs.run;"
        "AnalysisSection(quantities=['rdf', 'diffusion']); early = 'nakmd.analysis' in sys.modules;"
        "import nakmd.analysis;"
        "print(early, [m for m in ('scipy.stats', 'scipy.signal', 'scipy.special', 'scipy.fft') if m in sys.modules])"
    )
    process = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert process.stdout.split(maxsplit=1) == ["False", "[]\n"]
