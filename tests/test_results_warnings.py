"""Warnings reach the table: what had not settled, what was left out, and how few samples stand behind an error."""

import csv
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from synthetic import autoregressive, frame, topology

from nakmd.analysis import FrameList, Measure, Record, thermo
from nakmd.analysis.dwell_record import DwellRecord
from nakmd.analysis.numerics.trend import LIMIT
from nakmd.analysis.table_row import Row
from nakmd.cell import Cell
from nakmd.results.results import Results

#: A number whose series drifts, and whose error comes from few samples.
DRIFTING = Measure(2.0, 0.1, "eV", 4.0, 3.0 * LIMIT)


class Parts(Record):
    """A record with a row of a part of it that drifts."""

    def rows(self) -> Iterator[Row]:
        """Yield the row of the whole, and that of the part."""
        yield Row.of("whole", self)
        yield Row.of("  part", DRIFTING)


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


def moving(pressures, **fields):
    """Frames of one atom whose virial gives these pressures [eV/Å³] beside a constant kinetic energy."""
    cell = Cell([10.0] * 3)
    frames = []
    for t, pressure in enumerate(pressures):
        virial = np.array([*[pressure * cell.volume - 2.0 / 3.0] * 3, 0.0, 0.0, 0.0])
        values = {name: float(series[t]) for name, series in fields.items()}
        frames.append(frame(cell, np.zeros((1, 3)), t, 0.1 * t, kinetic_energy=1.0, virial=virial, **values))
    return FrameList(topology(["K"], [0]), frames)


def test_the_verdict_does_not_contradict_the_rows():
    n = 400
    record = thermo(moving(np.linspace(0.0, 1.0, n) + 0.05 * autoregressive(3, n, 0.5)))
    # the same record as of a run whose watched quantities had settled
    results = Results({"thermo": replace(record, sample=replace(record.sample, unsettled=(), judged=True))})
    (row,) = [row for row in results.rows() if row.quantity == "pressure"]
    assert "not settled" in row.note
    assert any(entry.startswith("pressure: drifts by") for entry in results.unsettled)
    assert results.verdict == "unsettled"


def test_a_quantity_is_called_unsettled_once():
    n = 400
    energy = np.linspace(0.0, 10.0, n) + autoregressive(3, n, 0.5)
    record = thermo(moving(0.1 * autoregressive(4, n, 0.5), potential_energy=energy))
    entries = Results({"thermo": record}).unsettled
    assert sum(entry.startswith("potential energy") for entry in entries) == 1
    assert sum(entry.startswith("total energy: drifts by") for entry in entries) == 1  # not watched: only its row


def test_a_row_of_another_row_is_named_with_it():
    record = Parts(quantity="whole", value=1.0, error=0.1, unit="eV", n_effective=50.0)
    assert Results({"whole": record}).unsettled[0].startswith("whole, part: drifts by")
