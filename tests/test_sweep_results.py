"""Results of sweeps: tables, means over seeds, spread of models, temperature laws, on results with known statistics."""

import csv
import importlib.util
import json
import math

import numpy as np
import pytest
from made_sweeps import axis, entry, write_sweep

import nakmd
from nakmd.analysis import Measure, van_t_hoff
from nakmd.errors import AnalysisError, FileFormatError, InputError
from nakmd.sweep_results import table_files
from nakmd.sweep_results.run_figure import RunFigure
from nakmd.sweep_results.seed_average import CONTRADICTION, combine_seeds, condition_of
from nakmd.sweep_results.seed_scatter import scatter_of
from nakmd.sweep_results.stored_sweep import StoredAxis
from nakmd.sweep_results.temperature_lines import temperature_lines
from nakmd.units import K_B

SEEDS = axis("seed", [1, 2, 3, 4], key="seed")
TEMPERATURE = axis("temperature", [400, 450, 500, 600], unit="K")
ROUNDING = 1e-12  # of sums of a few numbers in double precision


def run_figure(value, error, seed, n_effective=50.0, point=0, **more):
    fields = {
        "point": point, "id": "", "labels": {"T": point, "seed": seed}, "seed": seed, "record": "thermo",
        "name": "pressure", "unit": "bar", "quantity": "thermo", "species": "", "stages": (), "text": "", "note": "",
        "frames": "", "settled": True, "verdict": "settled",
    }  # fmt: skip
    return RunFigure(value=value, error=error, n_effective=n_effective, **{**fields, **more})


def combined(figures):
    planned = {}
    for figure in figures:
        condition = condition_of(figure.labels, ["seed"])
        planned[condition] = planned.get(condition, 0) + 1
    return combine_seeds(figures, ["seed"], planned)


def draws(points, seeds, scatter, error, n_effective=50.0):
    """Return figures of ``points`` conditions, normally distributed about zero, with errors of n_effective samples."""
    rng = np.random.default_rng(2024)
    freedom = n_effective - 1.0
    values = scatter * rng.standard_normal((points, seeds))
    errors = error * np.sqrt(rng.chisquare(freedom, (points, seeds)) / freedom)
    return [
        run_figure(values[point, seed], errors[point, seed], seed, n_effective, point)
        for point in range(points)
        for seed in range(seeds)
    ]


# ---------------------------------------------------------------------------------------------- means over seeds
def test_the_interval_of_the_mean_covers_the_truth():
    """95 % of the intervals of normal samples hold the truth, whatever the runs say of their errors."""
    n = 4000
    found = combined(draws(n, 3, scatter=1.0, error=0.2))
    covered = sum(figure.low <= 0.0 <= figure.high for figure in found)
    # 4 standard deviations of the binomial distribution
    assert abs(covered / n - 0.95) < 4.0 * math.sqrt(0.95 * 0.05 / n)


def test_errors_that_agree_with_the_scatter_are_contradicted_as_often_as_chance_allows():
    n = 4000
    found = combined(draws(n, 4, scatter=1.0, error=1.0, n_effective=12.0))
    share = sum(figure.contradicts for figure in found) / n
    assert abs(share - CONTRADICTION) < 4.0 * math.sqrt(CONTRADICTION / n)
    scatter = next(iter(scatter_of(found).values()))
    # 4 standard deviations of the ratio of two sample variances of 12,000 and 176,000 degrees of freedom
    assert abs(scatter.ratio - 1.0) < 4.0 * math.sqrt(2.0 / 12_000 + 2.0 / 176_000)
    assert scatter.degrees == 3 * n
    assert scatter.p_value > CONTRADICTION
    assert scatter.verdict == ""


def test_the_combined_test_is_contradicted_as_often_as_chance_allows():
    """Fisher's p of ten conditions of two seeds each is below 5 % in 5 % of 500 sweeps."""
    figures = draws(5_000, 2, scatter=1.0, error=1.0, n_effective=12.0)
    ps = []
    for sweep in range(500):
        members = combined(figures[20 * sweep : 20 * (sweep + 1)])
        ps.append(next(iter(scatter_of(members).values())).p_value)
    share = np.mean(np.array(ps) < 0.05)
    assert abs(share - 0.05) < 4.0 * math.sqrt(0.05 * 0.95 / 500)


def test_within_run_errors_that_are_too_small_are_caught():
    found = combined(draws(8, 4, scatter=3.0, error=1.0))
    scatter = next(iter(scatter_of(found).values()))
    assert scatter.too_small
    assert scatter.verdict == "errors within the runs are too small"
    # 24 and 1568 degrees of freedom: 9 within 4 standard deviations
    assert 9.0 * (1.0 - 4.0 * math.sqrt(2.0 / 24.0)) < scatter.ratio < 9.0 * (1.0 + 4.0 * math.sqrt(2.0 / 24.0))
    flagged = [figure for figure in found if figure.contradicts]
    assert flagged
    assert all("errors within the runs are too small" in figure.notes[0] for figure in flagged)
    too_large = scatter_of(combined(draws(8, 4, scatter=0.2, error=1.0)))
    assert next(iter(too_large.values())).verdict == "errors within the runs are too large"


def test_mean_errors_and_ratio_are_those_of_the_formulas():
    figure = combined([run_figure(v, e, k) for k, (v, e) in enumerate([(1.0, 0.3), (2.0, 0.4), (6.0, 0.5)])])[0]
    assert figure.value == pytest.approx(3.0, rel=ROUNDING)
    assert figure.error == pytest.approx(math.sqrt(7.0 / 3.0), rel=ROUNDING)  # s² = (4 + 1 + 9)/2
    assert figure.within_error == pytest.approx(math.sqrt(0.5 / 3.0 / 3.0), rel=ROUNDING)  # mean e² = 0.5/3
    assert figure.variance_ratio == pytest.approx(7.0 / (0.5 / 3.0), rel=ROUNDING)
    # Student's t of 2 degrees of freedom at 97.5 % is √(2/(1/0.95² - 1)) in closed form
    t = math.sqrt(2.0 * 0.95**2 / (1.0 - 0.95**2))
    assert figure.high - 3.0 == pytest.approx(t * figure.error, rel=1e-9)  # accuracy of the inverse distribution


def test_the_p_of_exact_errors_is_that_of_chi_squared():
    """With n = 3 runs of exact errors, (n - 1) F is χ² of two degrees of freedom: P(> x) = exp(-x/2)."""
    figure = combined([run_figure(v, 1.0, k, n_effective=math.inf) for k, v in enumerate([0.0, 1.0, 5.0])])[0]
    assert figure.p_above == pytest.approx(math.exp(-figure.variance_ratio), rel=1e-9)


def test_one_run_has_the_error_within_it_and_says_so():
    figure = combined([run_figure(5.0, 0.3, 1, n_effective=11.0)])[0]
    assert (figure.value, figure.error, figure.within_error, figure.variance_ratio) == (5.0, 0.3, 0.3, None)
    assert figure.high == pytest.approx(5.0 + 2.228 * 0.3, abs=2e-4)  # t of 10 degrees of freedom in any table
    assert figure.notes == ("one run: the error is that within the run",)
    unknown = combined([run_figure(5.0, 0.3, 1, n_effective=None)])[0]
    assert (unknown.error, unknown.low, unknown.n_effective) == (0.3, None, None)
    json.dumps(unknown.to_dict(), allow_nan=False)


def test_unlike_units_are_never_averaged():
    found = combined([run_figure(1.0, 0.1, 1), run_figure(2.0, 0.1, 2), run_figure(1e5, 1e4, 3, unit="Pa")])
    assert {(figure.unit, figure.value, figure.runs) for figure in found} == {("bar", 1.5, 2), ("Pa", 1e5, 1)}


def test_what_a_mean_lacks_is_said():
    runs = [run_figure(1.0, None, 1), run_figure(2.0, 0.1, 2, verdict="unsettled"), run_figure(3.0, 0.1, 3)]
    runs.append(run_figure(None, None, 4, text="> 3 ps"))
    figure = combined(runs)[0]
    assert figure.within_error is figure.variance_ratio is None
    assert (figure.value, figure.runs, figure.planned, figure.unsettled) == (2.0, 3, 4, 1)
    assert "1 of 4 runs without a number: > 3 ps" in figure.notes
    assert "unsettled: 1 of 3 runs" in figure.notes
    constant = combined([run_figure(1.0, 0.0, 1), run_figure(2.0, 0.0, 2)])[0]
    assert constant.notes == ("constant within each run, but different between them",)


def test_notes_of_runs_are_counted_once():
    notes = ["not diffusive: MSD ~ t^0.80", "not diffusive: MSD ~ t^0.85; error uncertain: 3.1 independent samples", ""]
    figure = combined([run_figure(1.0, 0.1, k, note=note) for k, note in enumerate(notes)])[0]
    assert [note for note in figure.notes if "diffusive" in note] == ["not diffusive: MSD ~ t^0.80 (2 of 3 runs)"]


# ---------------------------------------------------------------------------------------------- models
def test_the_spread_of_models_is_in_no_statistical_error(tmp_path):
    values = {1: (1.0, 1.1), 2: (3.0, 3.1), 3: (8.0, 8.1)}

    def table(labels):
        return [entry("thermo", "pressure", values[labels["member"]][labels["seed"] - 1], 0.1, "bar")]

    axes = [axis("member", [1, 2, 3], key="model.member"), axis("seed", [1, 2], key="seed")]
    sweep = nakmd.Sweep(write_sweep(tmp_path, axes, table))
    found = sweep.combined("pressure")
    assert [figure.value for figure in found] == pytest.approx([1.05, 3.05, 8.05])
    assert [figure.error for figure in found] == pytest.approx([0.05] * 3)  # two values 0.1 apart
    spread = math.sqrt(13.0 - 0.05**2)  # variance of 1.05, 3.05, 8.05 less that of the means
    assert [figure.model_spread for figure in found] == pytest.approx([spread] * 3)
    mean = sweep.model_means[0]
    assert (mean.value, mean.models) == (pytest.approx(12.15 / 3.0), 3)
    assert mean.error == pytest.approx(0.05 / math.sqrt(3.0))
    assert mean.model_spread == pytest.approx(spread)


# ---------------------------------------------------------------------------------------------- temperature laws
def law(labels):
    beta = 1.0 / (K_B * labels["temperature"])
    d, eta = 8.0 * math.exp(-0.09 * beta), 0.05 * math.exp(0.07 * beta)
    ratio, energy = math.exp(0.04 * beta - 0.5), 0.2 - 1.5 * K_B * labels["temperature"]
    return [
        entry("diffusion K", "diffusion of K", d, 0.02 * d, "Å²/ps", law="arrhenius"),
        entry("viscosity", "viscosity", eta, 0.03 * eta, "mPa s", law="inverse-arrhenius"),
        entry("gibbs_excess", "enrichment", ratio, 0.02 * ratio, "", law="ratio"),
        entry("free_energy_profile", "well", energy, 0.004, "eV", law="free-energy"),
        entry("thermo", "density", 0.8, 0.01, "g/cm³"),
    ]


def test_exact_laws_are_recovered(tmp_path):
    sweep = nakmd.Sweep(write_sweep(tmp_path, [TEMPERATURE, SEEDS], law))
    lines = {line.key.name: line for line in sweep.lines}
    assert set(lines) == {"diffusion of K", "viscosity", "enrichment", "well"}  # those whose class declares a law
    exact = {"rel": 1e-9}  # a line through logarithms in double precision
    assert lines["diffusion of K"].fit.value == pytest.approx(0.09, **exact)
    assert lines["diffusion of K"].fit.prefactor.value == pytest.approx(8.0, **exact)
    assert lines["viscosity"].fit.value == pytest.approx(0.07, **exact)
    assert lines["enrichment"].fit.value == pytest.approx(-0.04, **exact)
    assert lines["enrichment"].fit.entropy.value == pytest.approx(-0.5, **exact)
    assert lines["well"].fit.value == pytest.approx(0.2, **exact)
    assert lines["well"].fit.entropy.value == pytest.approx(1.5, **exact)
    for line in lines.values():
        assert line.chi2_per_degree == pytest.approx(0.0, abs=1e-15)
    # four runs at each temperature: the error of the slope is half that of one run, 0.02/√(Σ (β - β̄)²)
    beta = 1.0 / (K_B * np.array(TEMPERATURE["values"]))
    width = 0.5 * 0.02 / math.sqrt(np.sum((beta - beta.mean()) ** 2))
    assert lines["diffusion of K"].fit.error == pytest.approx(width, rel=1e-9)


def test_scatter_between_seeds_enlarges_the_errors_of_a_line(tmp_path):
    rng = np.random.default_rng(8)

    def table(labels):
        d = 8.0 * math.exp(-0.09 / (K_B * labels["temperature"])) * (1.0 + 0.06 * rng.standard_normal())
        return [entry("diffusion K", "diffusion of K", d, 0.02 * d, "Å²/ps", law="arrhenius")]

    sweep = nakmd.Sweep(write_sweep(tmp_path, [TEMPERATURE, SEEDS], table))
    line, scatter = sweep.lines[0], next(iter(sweep.scatter.values()))
    assert scatter.too_small
    # 0.02 d within each of four runs; √(mean d²) and the mean of d differ by less than 1 %
    assert line.fit.errors / line.fit.values == pytest.approx(0.01 * scatter.factor, rel=0.01)
    assert any("scatter between the seeds" in note for note in line.notes)


def test_intervals_of_an_activation_energy_cover_it_although_the_errors_within_runs_are_too_small():
    rng = np.random.default_rng(12)
    sweeps, covered = 250, 0
    for _ in range(sweeps):
        noise = 1.0 + 0.05 * rng.standard_normal((4, 3))
        exact = 8.0 * np.exp(-0.09 / (K_B * np.array(TEMPERATURE["values"])))
        figures = [
            run_figure(d, 0.02 * d, seed, point=kelvin, law="arrhenius")
            for kelvin, row in zip(TEMPERATURE["values"], exact[:, None] * noise)
            for seed, d in enumerate(row)
        ]
        means = combined(figures)
        line = temperature_lines(means, StoredAxis("T", ("T",), (), "K"), (), scatter_of(means))[0]
        low, high = line.fit.interval()
        covered += low <= 0.09 <= high
    # at least 95 %: errors are enlarged where the points scatter, never reduced; 4 binomial standard deviations
    assert covered / sweeps > 0.95 - 4.0 * math.sqrt(0.95 * 0.05 / sweeps)


@pytest.mark.parametrize(("measured", "lines"), [(1.01, True), (1.03, False)])
def test_an_axis_that_is_not_the_temperature_of_the_runs_gives_no_line(tmp_path, measured, lines):
    """A deck of which only the initial temperature is an axis: its runs have that of their thermostat."""

    def table(labels):
        kelvin = measured * labels["temperature"]
        return [*law(labels), entry("thermo", "temperature", kelvin, 2.0, "K", law="temperature")]

    sweep = nakmd.Sweep(write_sweep(tmp_path, [TEMPERATURE], table))
    assert len(sweep.lines) == 4
    for line in sweep.lines:
        assert (line.fit is not None) == lines
        assert lines or "at 400 K of the axis the runs have 412 ± 2 K" in line.reason


def test_two_temperatures_give_no_line_and_the_reason(tmp_path):
    sweep = nakmd.Sweep(
        write_sweep(tmp_path, [axis("T", [400, 500], unit="K")], lambda at: law({"temperature": at["T"]}))
    )
    assert all(line.fit is None and "at least three temperatures" in line.reason for line in sweep.lines)


def test_a_tied_temperature_is_no_axis_of_its_own(tmp_path):
    folder = write_sweep(tmp_path, [TEMPERATURE], law)
    index = json.loads((folder / "index.json").read_text())
    index["axes"].append(axis("bath", TEMPERATURE["values"], key="stage[0].temperature", unit="K"))
    for point in index["points"]:
        point["labels"]["bath"] = point["labels"]["temperature"]
    (folder / "index.json").write_text(json.dumps(index))
    sweep = nakmd.Sweep(folder)
    assert [axis.name for axis in sweep.conditions] == ["temperature"]
    assert [line.labels for line in sweep.lines] == [{}] * 4


@pytest.mark.parametrize(
    ("temperatures", "values", "of", "message"),
    [
        ([400.0, 500.0], [1.0, 2.0], "ratio", "at least three temperatures"),
        ([400.0, 500.0, 600.0], [1.0, 2.0], "ratio", "3 temperatures but 2 results"),
        ([400.0, 500.0, 600.0], [1.0, -2.0, 1.0], "ratio", "500 K is -2"),
        ([400.0, 500.0, 600.0], [1.0, 2.0, 1.0], "free-energy", "must be in eV"),
    ],
)
def test_van_t_hoff_says_what_cannot_work(temperatures, values, of, message):
    with pytest.raises(AnalysisError, match=message):
        van_t_hoff(temperatures, [Measure(value, 0.1, "", 10.0) for value in values], of)


# ---------------------------------------------------------------------------------------------- folder and files
def pressure(labels):
    return [
        entry("thermo", "pressure", 10.0 * labels["x_K"] + labels["seed"], 1.0, "bar"),
        entry("lifetimes C-K", "C-K contact lifetime", None, None, value="> 3 ps"),
    ]


@pytest.fixture
def made(tmp_path):
    return write_sweep(tmp_path / "made", [axis("x_K", [0.5, 0.67]), SEEDS], pressure, lost=[1], failed=[6])


def test_failed_and_missing_points_are_absent_and_counted(made):
    sweep = nakmd.Sweep(made)
    assert sweep.counts == {"finished": 6, "not run": 1, "failed": 1}
    assert [point.message for point in sweep if point.state == "failed"] == ["The atoms overlap."]
    assert [(figure.runs, figure.planned) for figure in sweep.combined("pressure")] == [(3, 4), (3, 4)]
    assert {figure.point for figure in sweep.figures} == {0, 2, 3, 4, 5, 7}


def test_tables_hold_every_number_and_no_zero_for_what_is_missing(made):
    sweep = nakmd.Sweep(made)
    names = [path.name for path in sweep.write()]
    assert names == ["table.csv", "combined.csv", "sweep.json", "table.parquet"]
    with (made / "table.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    first = rows[0]
    assert (first["x_K"], first["seed"], first["name"], float(first["value"])) == ("0.5", "1", "pressure", 6.0)
    assert (rows[1]["value"], rows[1]["error"], rows[1]["text"]) == ("", "", "> 3 ps")
    stored = json.loads((made / "sweep.json").read_text(encoding="utf-8"))
    assert [point["state"] for point in stored["points"]].count("finished") == 6
    assert stored["combined"][0]["value"] == pytest.approx(5.0 + (1 + 3 + 4) / 3.0)
    assert len((made / "combined.csv").read_text().splitlines()) == 3  # the lifetime has no number to average


def test_frames_equal_the_tables(made):
    import pandas as pd

    sweep = nakmd.Sweep(made)
    sweep.write()
    frame = sweep.to_frame()
    pd.testing.assert_frame_equal(frame, pd.read_parquet(made / "table.parquet"), check_dtype=False)
    chosen = frame[(frame.name == "pressure") & (frame.x_K == 0.67)]
    assert sorted(chosen.value) == pytest.approx([7.7, 8.7, 10.7])
    assert list(sweep.to_frame("combined").runs) == [3, 3]
    with pytest.raises(InputError, match="no table 'all'"):
        sweep.to_frame("all")


def test_without_pandas_frames_are_refused_and_files_written(made, monkeypatch):
    sweep = nakmd.Sweep(made)
    sweep.write()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"needs pandas.*pip install 'nakmd\[tables\]'"):
        sweep.to_frame()
    assert [path.name for path in sweep.write()] == ["table.csv", "combined.csv", "sweep.json"]
    assert not (made / "table.parquet").exists()  # that of the earlier call would be stale


def test_an_axis_with_the_name_of_a_column_keeps_both():
    assert table_files.axis_columns((), ("unit",)) == {}
    axes = (StoredAxis("unit", ("stage[0].unit",), (1, 2)), StoredAxis("x_K", ("structure.liquid.x_K",), (0.5,)))
    assert table_files.axis_columns(axes, ("unit",)) == {"unit": "axis_unit", "x_K": "x_K"}


def test_axes_of_words_and_numbers_reach_parquet(tmp_path):
    axes = [axis("affinity", ["weak", 1.5], key="model.affinity")]
    sweep = nakmd.Sweep(write_sweep(tmp_path, axes, lambda _: [entry("thermo", "pressure", 1.0, 0.1, "bar")]))
    assert sweep.axes[0].role == "condition"
    sweep.write()
    import pandas as pd

    assert list(pd.read_parquet(tmp_path / "table.parquet").affinity) == ["weak", "1.5"]


def test_an_unknown_quantity_is_named_with_a_suggestion(made):
    sweep = nakmd.Sweep(made)
    with pytest.raises(InputError, match=r"no quantity 'presure'.*pressure"):
        sweep.combined("presure")


def test_a_sweep_shows_itself_in_notebooks(made):
    shown = nakmd.Sweep(made)._repr_html_()
    assert "8 points, 6 finished, 1 not run, 1 failed" in shown
    assert "<td>pressure</td>" in shown


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        (lambda folder: (folder / "index.json").unlink(), InputError, "contains no index.json"),
        (lambda folder: (folder / "index.json").write_text("{"), FileFormatError, "cannot be read"),
        (lambda folder: (folder / "index.json").write_text("{}"), FileFormatError, "lacks 'axes'"),
    ],
)
def test_a_folder_without_a_whole_index_is_refused(made, damage, error, message):
    damage(made)
    with pytest.raises(error, match=message):
        nakmd.Sweep(made)
    with pytest.raises(InputError, match="does not exist"):
        nakmd.Sweep(made / "none")


def test_results_that_cannot_be_read_are_a_failure_of_their_point_alone(made):
    (made / "points" / f"{0:012x}" / "results.json").write_text("{")
    sweep = nakmd.Sweep(made)
    assert sweep.points[0].state == "failed"
    assert "results are lost" in sweep.points[0].message
    assert sweep.counts["finished"] == 5


def test_results_of_another_version_are_refused_with_the_file(made):
    path = made / "points" / f"{0:012x}" / "results.json"
    path.write_text(json.dumps({"table": [{"quantity": "pressure", "value": "3", "frames": "", "note": ""}]}))
    with pytest.raises(FileFormatError, match=r"results.json.*without 'record'"):
        nakmd.Sweep(made).to_frame()
