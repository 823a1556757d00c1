import math

import numpy as np
import pytest
from synthetic import autoregressive, frame, topology

from nakmd.analysis import FrameList, thermo
from nakmd.analysis.thermo import drift_of, from_table
from nakmd.analysis.watched_series import rows_of
from nakmd.cell import Cell
from nakmd.errors import AnalysisError
from nakmd.units import ACCELERATION, BAR_PER_EV_A3, K_B


def ideal_gas_at(kelvin, n_frames, n_atoms=200, mass=39.0983, **fields):
    rng = np.random.default_rng(1)
    cell = Cell([30.0] * 3)
    spread = math.sqrt(K_B * kelvin / mass * ACCELERATION)
    frames = [
        frame(cell, rng.uniform(0, 30, (n_atoms, 3)), t, velocities=spread * rng.normal(size=(n_atoms, 3)), **fields)
        for t in range(n_frames)
    ]
    return FrameList(topology(["K"], np.zeros(n_atoms), masses=np.full(n_atoms, mass)), frames)


def test_ideal_gas_law():
    record = thermo(ideal_gas_at(450.0, 100, potential_energy=0.0, virial=np.zeros(6)))
    temperature, pressure = record.quantities["temperature"], record.quantities["pressure_bar"]
    assert record.value == temperature.value == pytest.approx(450.0, abs=4 * temperature.error)
    # 100 frames of 600 squares each: √(2/60000) of 450 K
    assert temperature.error == pytest.approx(450.0 * math.sqrt(2 / 60000), rel=0.4)  # one draw
    per_kelvin = 200 * K_B / 30.0**3 * BAR_PER_EV_A3
    assert pressure.value == pytest.approx(per_kelvin * temperature.value, rel=1e-9)
    assert record.quantities["density"].value == pytest.approx(200 * 39.0983 * 1.66053906892 / 30**3, rel=1e-9)
    assert "temperature: 448 ± 3 K" in str(record)


def test_virial_adds_to_the_pressure():
    virial = np.array([3.0, 6.0, 9.0, 100.0, 100.0, 100.0])  # shear has no part in it
    source = ideal_gas_at(300.0, 2, potential_energy=-5.0, kinetic_energy=0.0, temperature=0.0, virial=virial)
    record = thermo(source)
    assert record.quantities["pressure_bar"].value == pytest.approx(18.0 / (3 * 27000) * BAR_PER_EV_A3, rel=1e-12)


def test_drift_of_a_known_line():
    covered = 0
    for seed in range(200):
        time = np.arange(300) * 0.1
        energy = -1000.0 + 0.02 * time + autoregressive(seed, 300, 0.8)
        slope, error, n_effective = drift_of(time, energy)
        covered += abs(slope - 0.02) < 2.0 * error
        assert 10 < n_effective < 150
    assert 0.88 <= covered / 200 <= 0.99  # 95 % expected; g from short series is a little small
    assert math.isnan(drift_of(np.arange(2.0), np.arange(2.0))[0])


def test_drift_is_per_nanosecond_and_degree_of_freedom():
    dof, temperature = 297, 450.0
    kinetic = 0.5 * dof * K_B * temperature
    cell = Cell([20.0] * 3)
    frames = [
        frame(cell, np.ones((100, 3)), t, 0.1 * t, kinetic_energy=kinetic, temperature=temperature,
              potential_energy=-100.0 + 1e-4 * (0.1 * t))
        for t in range(50)
    ]  # fmt: skip
    record = thermo(FrameList(topology(["K"], np.zeros(100)), frames))
    assert record.drift.value == pytest.approx(1e-4 * 1e3 / (dof * K_B * temperature), rel=1e-6)
    assert any("297 degrees of freedom" in note for note in record.notes)


def test_settling_is_noticed():
    rng = np.random.default_rng(2)
    cell = Cell([20.0] * 3)
    energy = np.concatenate([np.linspace(50.0, 0.0, 100), np.zeros(300)]) + rng.normal(size=400)
    frames = [frame(cell, np.ones((10, 3)), t, 0.5 * t, potential_energy=e) for t, e in enumerate(energy)]
    source = FrameList(topology(["K"], np.zeros(10)), frames)
    record = thermo(source, discard="none")
    assert record.sample.text == "all 400 frames"
    assert "potential energy: it equilibrates until" in record.sample.unsettled[0]
    assert record.plot().axes
    settled = thermo(source)
    assert 40.0 <= settled.sample.first <= 60.0
    assert settled.sample.left_out == "equilibration"
    assert settled.sample.unsettled == ()


def test_table_is_preferred_and_cut_to_the_stage():
    source = ideal_gas_at(450.0, 5, stage="produce")
    n = 40
    source.thermo = {
        "step": np.arange(2 * n),
        "time": np.arange(2.0 * n),
        "stage": np.array(["heat"] * n + ["produce"] * n, dtype=object),
        "temperature": np.concatenate([np.linspace(100.0, 400.0, n), np.full(n, 450.0) + np.resize([1.0, -1.0], n)]),
        "pressure": np.full(2 * n, 1e-4),
        "potential_energy": np.full(2 * n, -100.0),
        "kinetic_energy": np.full(2 * n, 11.0),
    }
    record = thermo(source, stage="produce")
    assert "40 rows of the thermo table" in record.notes[0]
    assert record.value == pytest.approx(450.0)
    assert record.quantities["pressure_bar"].value == pytest.approx(160.2176634)
    assert record.quantities["total_energy"].value == pytest.approx(-89.0 / 200)
    assert from_table(source.thermo, 200, rows_of(source.thermo, ["cool"])) is None
    assert from_table({}, 200, rows_of({}, None)) is None
    with pytest.raises(AnalysisError, match="stages present are 'produce'"):
        thermo(source, stage="cool")


def test_columns_with_holes_are_left_out():
    table = {
        "time": np.arange(4.0),
        "temperature": np.full(4, 300.0),
        "pressure_bar": np.array([1.0, np.nan, 1.0, 1.0]),
    }
    record = from_table(table, 10, rows_of(table, None))
    assert set(record.quantities) == {"temperature"}


def test_nothing_to_average_is_said():
    cell = Cell([20.0] * 3)
    source = FrameList(topology(["K"], np.zeros(2)), [frame(cell, np.ones((2, 3)), 3)])
    with pytest.raises(AnalysisError, match="step 3 has neither energies nor velocities"):
        thermo(source)
