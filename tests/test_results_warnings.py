"""Warnings reach the table: what had not settled, what was left out, and how few samples stand behind an error."""

import csv
import math

import numpy as np
from synthetic import autoregressive, frame, topology

from nakmd.analysis import FrameList, Measure, thermo
from nakmd.analysis.dwell_record import DwellRecord
from nakmd.analysis.numerics.trend import LIMIT
from nakmd.analysis.table_row import Row
from nakmd.cell import Cell
from nakmd.results.results import Results

#: A number whose series drifts, and whose error comes from few samples.
DRIFTING = Measure(2.0, 0.1, "eV", 4.0, 3.0 * LIMIT)


def test_a_note_of_a_row_does_not_replace_its_warnings():
    note = Row.of("energy", DRIFTING, "endothermic").note
    assert note == f"endothermic; {Row.of('energy', DRIFTING).note}"
    assert "drifts by" in note
    assert "4.0 independent samples" in note


def test_the_warnings_of_a_mean_time_are_given_once():
    record = DwellRecord(quantity="time", **DRIFTING.fields, window=1.0, lower_bound=math.nan)
    note = record.main_row("time", "contact broke").note
    assert note.startswith("longer than the 1 ps observed: extrapolated; not settled")
    assert note.count("drifts by") == 1


def test_the_csv_table_has_verdict_and_notes(tmp_path):
    energy = np.linspace(0.0, 12.0, 600) + autoregressive(5, 600, 0.8)
    cell = Cell([10.0] * 3)
    frames = [frame(cell, np.zeros((1, 3)), t, 0.1 * t, potential_energy=float(e)) for t, e in enumerate(energy)]
    source = FrameList(topology(["K"], [0]), frames)
    results = Results({"thermo": thermo(source)}, ["Stage 'relax' did not converge."])
    with results.to_csv(tmp_path / "table.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(results.rows())
    for line in lines:
        assert line["verdict"] == "unsettled"
        assert all(note in line["notes"] for note in results.notes)
