"""The page of a sweep, its figures, and a sweep of real runs."""

import json
import re

import numpy as np
import pytest
from made_sweeps import axis, entry, write_sweep
from small_decks import small
from typer.testing import CliRunner

import nakmd
from nakmd.cli.app import app
from nakmd.errors import InputError
from nakmd.runs.run import run_deck
from nakmd.sweep_results.sweep_page import render_sweep_page, write_results

pytestmark = pytest.mark.draws

TEMPERATURE = axis("temperature", [400, 500, 600], unit="K")
SEEDS = axis("seed", [1, 2], key="seed")


def table(labels):
    kelvin, seed = labels["temperature"], labels.get("seed", 1)
    d = np.exp(-1000.0 / kelvin) * (1.0 + 0.01 * seed)
    return [
        entry("thermo", "pressure", 100.0 * (-1) ** seed + kelvin, 1.0, "bar"),
        entry("diffusion K", "diffusion of K", d, 0.02 * d, "Å²/ps", law="arrhenius"),
        entry(
            "diffusion K", "diffusion of K, in an infinite system", d, 0.02 * d, "Å²/ps", quantity="  in an infinite"
        ),
        entry("thermo", "volume", 1000.0, 0.0, "Å³"),
    ]


def text_of(page):
    """Return the words of a page, without pictures and tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"data:image[^\"]+", "", page)))


def test_the_page_has_figures_tables_laws_and_failures(tmp_path):
    folder = write_sweep(tmp_path, [TEMPERATURE, axis("x_K", [0.5, 0.67]), SEEDS], table, lost=[3], failed=[4])
    page = render_sweep_page(nakmd.Sweep(folder))
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)[^\"]*", page)  # needs no network and no other file
    words = text_of(page)
    assert "12 runs of made.toml. 10 finished, 1 not run, 1 failed." in words
    assert "2 of 12 runs have no results" in words
    assert "run 4 (temperature = 500 K, x_K = 0.5, seed = 1) The atoms overlap." in words
    assert "run 3 (temperature = 400 K, x_K = 0.67, seed = 2): not run" in words
    assert "Errors within the runs are too small for pressure" in words
    # pressure, D and D of the infinite system vary, the volume does not; one picture of the law of D
    assert page.count("against the axes") == 3
    assert page.count("against the inverse temperature") == 1
    assert "0.086" in words  # 1000 K k_B in eV, the activation energy


def test_a_sweep_of_one_run_says_that_its_errors_are_unchecked(tmp_path):
    page = render_sweep_page(nakmd.Sweep(write_sweep(tmp_path, [TEMPERATURE], table)))
    assert "without a check by other seeds" in text_of(page)


def test_a_sweep_without_results_has_a_page(tmp_path):
    folder = write_sweep(tmp_path, [TEMPERATURE], table, lost=[0, 1], failed=[2])
    assert "No run has finished" in text_of(render_sweep_page(nakmd.Sweep(folder)))
    assert [path.name for path in write_results(folder)] == ["table.csv", "combined.csv", "sweep.json", "report.html"]


def test_the_spread_of_models_is_drawn_apart(tmp_path):
    def by_member(labels):
        return [entry("thermo", "pressure", 100.0 * labels["member"] + labels["seed"] + labels["x_K"], 1.0, "bar")]

    axes = [axis("x_K", [0.5, 0.67]), axis("member", [1, 2, 3], key="model.member"), SEEDS]
    sweep = nakmd.Sweep(write_sweep(tmp_path, axes, by_member))
    ax = sweep.plot("pressure").axes[0]
    wide = [line for line in ax.lines if line.get_linewidth() == 7]
    spread = np.sqrt(100.0**2 - 0.25)  # of means 100 apart, with errors of 0.5
    for line, x in zip(wide, (0.5, 0.67), strict=True):
        low, high = line.get_ydata()
        assert (high - low) / 2.0 == pytest.approx(spread)
        assert (high + low) / 2.0 == pytest.approx(201.5 + x)
    assert "spread of models" in text_of(render_sweep_page(sweep))


def test_the_figure_has_the_means_their_intervals_and_the_runs(tmp_path):
    sweep = nakmd.Sweep(write_sweep(tmp_path, [TEMPERATURE, SEEDS], table))
    ax = sweep.plot("pressure").axes[0]
    assert ax.get_xlabel() == "temperature / K"
    assert ax.get_ylabel() == "pressure / bar"
    data, _, bars = ax.containers[0].lines
    assert np.asarray(data.get_ydata()) == pytest.approx([400.0, 500.0, 600.0])
    half = 12.7062 * 100.0  # t of one degree of freedom at 97.5 %, from tables; the runs are 100 above and below
    for segment, mean in zip(bars[0].get_segments(), (400.0, 500.0, 600.0), strict=True):
        assert segment[:, 1] == pytest.approx([mean - half, mean + half], rel=1e-5)
    dots = next(line for line in ax.lines if line.get_marker() == ".")
    assert sorted(dots.get_ydata()) == pytest.approx([300.0, 400.0, 500.0, 500.0, 600.0, 700.0])


def test_one_name_of_two_units_has_no_figure(tmp_path):
    def two(labels):
        return [entry(name, "pressure", float(labels["x_K"]), 0.1, unit) for name, unit in (("a", "bar"), ("b", "Pa"))]

    with pytest.raises(InputError, match=r"several ways.*a \[bar\], b \[Pa\]"):
        nakmd.Sweep(write_sweep(tmp_path, [axis("x_K", [0, 1])], two)).plot("pressure")


def test_nakmd_report_writes_tables_and_page_of_a_sweep(tmp_path):
    folder = write_sweep(tmp_path / "made", [TEMPERATURE, SEEDS], table)
    done = CliRunner().invoke(app, ["report", str(folder), "-o", str(tmp_path / "page.html")])
    assert done.exit_code == 0
    assert (folder / "combined.csv").is_file()
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_real_runs_become_the_rows_of_their_results(tmp_path):
    """The numbers of the table are those that the runs measured, and both seeds have the same rows."""
    points, runs = [], []
    for index, seed in enumerate((1, 2)):
        runs.append(run_deck(small(), tmp_path / "points" / f"{index:012x}", threads=1, seed=seed))
        points.append({"index": index, "id": f"{index:012x}", "changes": {}, "labels": {"seed": seed}, "seed": seed})
    index = {"name": "real", "deck": "", "deck_name": "small.toml", "folder": ".", "axes": [SEEDS], "points": points}
    (tmp_path / "index.json").write_text(json.dumps(index))
    sweep = nakmd.Sweep(tmp_path)
    assert sweep.complete
    measured = [row.measured.value for run in runs for row in run.results.rows() if row.measured is not None]
    assert [figure.value for figure in sweep.figures if figure.value is not None] == pytest.approx(measured, rel=1e-15)
    keys = [{figure.key for figure in sweep.figures if figure.point == index} for index in (0, 1)]
    assert keys[0] == keys[1]
    assert len(keys[0]) == len(sweep.figures) / 2
    pressure = sweep.combined("pressure")[0]
    found = [next(row for row in run.results.rows() if row.quantity == "pressure").measured.value for run in runs]
    assert (pressure.value, pressure.runs) == (pytest.approx(np.mean(found), rel=1e-12), 2)
    diffusion = next(figure for figure in sweep.figures if figure.name == "diffusion of K")
    assert (diffusion.law, diffusion.quantity, diffusion.species) == ("arrhenius", "diffusion", "K")
    assert diffusion.stages == ("produce",)
    assert "against the axes" in render_sweep_page(sweep)
