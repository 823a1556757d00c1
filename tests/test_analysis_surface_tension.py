"""Surface tension of films whose pressure tensor is planted, and Young-Dupré."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from droplets import sheet_atoms
from synthetic import frame, result_of_stream, topology

from nakmd.analysis import FrameList, Measure, SurfaceTension, analyze, surface_tension, young_dupre
from nakmd.analysis.young_dupre import adhesion_from_angle, angle_from_adhesion
from nakmd.cell import Cell
from nakmd.errors import AnalysisError
from nakmd.units import ACCELERATION, BAR_PER_EV_A3

LENGTHS = np.array([20.0, 22.0, 60.0])
GAMMA = 0.0045  # eV/Å², 72 mN/m


class WithTable(FrameList):
    """Frames with a thermo table beside them, as a trajectory has it."""

    def __init__(self, topology, frames, thermo):
        super().__init__(topology, frames)
        self.thermo = thermo


def film(n_frames=200, axis=2, noise=0.002, seed=1, periodic=(True, True, True)):
    """A film of 200 atoms in the middle of the cell; W is such that 2γA = (S_N - S_T) with the planted γ."""
    rng = np.random.default_rng(seed)
    roll = [(c - 2 + axis) % 3 for c in range(3)]  # where x, y, z go
    lengths = np.empty(3)
    lengths[roll] = LENGTHS
    cell = Cell(lengths, periodic)
    masses = np.full(200, 39.0983)
    frames, rows = [], []
    area = LENGTHS[0] * LENGTHS[1]
    for step in range(n_frames):
        points = np.empty((200, 3))
        points[:, roll] = rng.uniform([0, 0, 15], [20, 22, 45], (200, 3))
        velocities = rng.normal(0.0, 3.0, (200, 3))
        kinetic = np.einsum("i,ia,ia->a", masses, velocities, velocities) / ACCELERATION
        stress = np.zeros(3)  # P V [eV]
        wanted = GAMMA + noise * rng.normal()
        stress[roll] = [-2.0 * wanted * area, 0.0, 0.0]
        stress[roll[0]], stress[roll[1]] = (-2.0 * wanted * area * share for share in (1.2, 0.8))
        virial = np.concatenate([stress - kinetic, np.zeros(3)])
        fields = {"velocities": velocities, "virial": virial, "stage": "produce"}
        frames.append(frame(cell, points, step, 0.1 * step, **fields))
        rows.append(stress / cell.volume)
    table = {
        "time": np.array([f.time for f in frames]),
        "stage": np.array(["produce"] * n_frames),
        **{f"pressure_{v}": np.array(rows)[:, c] for c, v in enumerate(("xx", "yy", "zz"))},
        **{f"length_{v}": np.full(n_frames, lengths[c]) for c, v in enumerate("abc")},
    }
    kinds = topology(["K"], np.zeros(200), periodic, masses=masses)
    return WithTable(kinds, frames, table), FrameList(kinds, frames)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_planted_tension_from_frames_and_from_the_table(axis):
    with_table, frames = film(axis=axis)
    of_table, of_frames = surface_tension(with_table), surface_tension(frames)
    assert of_table.axis == of_frames.axis == "xyz"[axis]
    assert of_frames.value == pytest.approx(of_table.value, rel=1e-10)
    assert abs(of_table.value - GAMMA) < 4.0 * of_table.error
    assert of_table.error == pytest.approx(0.002 / math.sqrt(200), rel=0.5)
    assert of_table.tension.value == pytest.approx(of_table.value * 16021.76634, rel=1e-9)
    assert of_table.tension.unit == "mN/m"
    assert abs(of_table.normal_pressure.value) < 1e-9
    assert "rows of the thermo table" in of_table.notes[0]
    assert "frames" in of_frames.notes[0]
    assert of_table.plot().axes
    assert analyze(with_table, ["surface_tension"])["surface_tension"].to_dict() == of_table.to_dict()


def test_an_open_cell_and_the_wrong_axis():
    _, frames = film(periodic=(True, True, False), n_frames=20)
    assert surface_tension(frames).axis == "z"
    with pytest.raises(AnalysisError, match=r"free along one direction \(x\)"):
        surface_tension(frames, axis="x")


def test_normal_pressure_counts():
    """γ is half of L_z (P_N - P_T): a pressure that is the same everywhere drops out."""
    with_table, _ = film(n_frames=20)
    before = surface_tension(with_table).value
    for v in ("xx", "yy", "zz"):
        with_table.thermo[f"pressure_{v}"] = with_table.thermo[f"pressure_{v}"] + 1e-4
    after = surface_tension(with_table)
    assert after.value == pytest.approx(before, rel=1e-9)
    assert after.normal_pressure.value == pytest.approx(1e-4 * BAR_PER_EV_A3, rel=1e-9)


def test_a_film_that_still_settles_is_noted():
    with_table, _ = film(n_frames=200)
    with_table.thermo["pressure_zz"][:60] += np.linspace(4e-3, 0.0, 60)
    record = surface_tension(with_table, discard="none")
    (note,) = [note for note in record.notes if "not in equilibrium" in note]
    # the pressure rises for the first 60 of 200 frames
    assert 3.0 < float(re.search(r"until ([\d.]+) ps", note)[1]) < 8.0


def test_live_equals_stored():
    _, frames = film(n_frames=30)
    stored = surface_tension(frames)
    live = result_of_stream(SurfaceTension(), frames, early=15)
    assert replace(live, sample=stored.sample).to_dict() == stored.to_dict()


def test_what_is_missing_is_said():
    _, frames = film(n_frames=5)
    bare = FrameList(frames.topology, [frame(f.cell, f.positions, f.step, velocities=f.velocities) for f in frames])
    with pytest.raises(AnalysisError, match="has no virial, so the pressure tensor"):
        surface_tension(bare)
    still = FrameList(frames.topology, [frame(f.cell, f.positions, f.step, virial=f.virial) for f in frames])
    with pytest.raises(AnalysisError, match="has no velocities"):
        surface_tension(still)
    with pytest.raises(AnalysisError, match="at least 2 frames, got 1"):
        surface_tension(FrameList(frames.topology, [frames[0]]))
    bulk = [
        frame(Cell([20.0, 22.0, 30.0]), f.positions - [0, 0, 15], velocities=f.velocities, virial=f.virial)
        for f in frames
    ]
    with pytest.raises(AnalysisError, match=r"needs a film .* widest gaps are .* along z"):
        surface_tension(FrameList(frames.topology, bulk))
    slanted = Cell([[20.0, 0, 0], [1.0, 22.0, 0], [0, 0, 60.0]])
    with pytest.raises(AnalysisError, match="orthorhombic"):
        surface_tension(
            FrameList(
                frames.topology, [frame(slanted, f.positions, velocities=f.velocities, virial=f.virial) for f in frames]
            )
        )
    sheet = sheet_atoms((20.0, 22.0), 0.0)
    walled = FrameList(topology(["C"], np.zeros(len(sheet))), [frame(Cell(LENGTHS), sheet)])
    with pytest.raises(AnalysisError, match="wall of C, whose own stress"):
        surface_tension(walled)
    with pytest.raises(AnalysisError, match="'x', 'y' or 'z'"):
        SurfaceTension("c")


def test_young_dupre():
    gamma = Measure(0.07, 0.002, "J/m²", 40.0)
    theta = Measure(120.0, 2.0, "degree", 20.0)
    work = adhesion_from_angle(gamma, theta)
    assert work.value == pytest.approx(35.0, rel=1e-12)  # γ (1 - ½)
    spread = math.hypot(2.0 * 0.5, 70.0 * math.sin(math.radians(120.0)) * math.radians(2.0))
    assert work.error == pytest.approx(spread, rel=1e-12)
    assert work.n_effective == 20.0
    back = angle_from_adhesion(gamma, work)
    assert back.value == pytest.approx(120.0, rel=1e-12)
    in_ev = Measure(0.035 / 16.02176634, 0.001 / 16.02176634, "eV/Å²", 30.0)
    record = young_dupre(theta, in_ev, gamma)
    assert record.value == pytest.approx(0.0, abs=1e-9)
    assert record.error == pytest.approx(math.hypot(1.0, spread), rel=1e-9)
    assert record.deviation == pytest.approx(0.0, abs=1e-9)
    assert "standard errors apart" in str(record)
    assert record.to_dict()["expected_angle"]["value"] == pytest.approx(120.0)
    assert angle_from_adhesion(gamma, Measure(150.0, 5.0, "mJ/m²", 9.0)).value == 0.0  # W > 2γ: it spreads
    assert angle_from_adhesion(gamma, Measure(-3.0, 5.0, "mJ/m²", 9.0)).value == 180.0
    with pytest.raises(AnalysisError, match="not in 'kcal'"):
        young_dupre(theta, Measure(1.0, 0.1, "kcal", 3.0), gamma)
