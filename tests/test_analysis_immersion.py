import json
import math
import tomllib
from pathlib import Path

import numpy as np
import pytest
from synthetic import frame, topology

from nakmd.analysis import FrameList, Immersion, heat_of_immersion
from nakmd.analysis.geometry.wetted_faces import AREA_PER_ATOM, WettedFaces
from nakmd.analysis.immersion import temperature_rise
from nakmd.cell import Cell
from nakmd.errors import AnalysisError
from nakmd.reaction_heats import reaction_heats
from nakmd.results.results import Results
from nakmd.structures.graphene import graphene
from nakmd.structures.nanotube import nanotube
from nakmd.structures.tube_axis import tube_axis
from nakmd.studies import study_inputs
from nakmd.studies.study_inputs import load_inputs

NAMES = ["C", "N:graphitic", "N:pyridinic", "K", "Na"]
AVOGADRO = 6.02214076e23
UP = np.array([0.0, 0.0, 3.0])


def covered(wall, shifts):
    """Positions of the wall and one K over each of its atoms for each set of shifts (n, 3)."""
    return np.concatenate([wall.positions, *(wall.positions + shift for shift in shifts)])


def sheet(sides, nitrogen=0, pyridinic=0):
    """A sheet wet on some sides, and its topology: the first atoms are nitrogen."""
    wall = graphene(repeats=(5, 3))
    positions = covered(wall, [side * UP for side in sides])
    species = [1] * nitrogen + [2] * pyridinic + [0] * (wall.n_atoms - nitrogen - pyridinic)
    species += [3] * (len(positions) - wall.n_atoms)
    masses = np.array([12.011, 14.007, 14.007, 39.0983, 22.99])[species]
    return wall, positions, topology(NAMES, species, masses=masses)


def energies(cross):
    table = np.zeros((5, 5))
    table[0, 3] = table[3, 0] = cross
    return table


def series(positions, cell, values):
    return [frame(cell, positions, t, pair_energies=energies(value)) for t, value in enumerate(values)]


def faces_of(wall, positions, cell=None):
    kinds = np.arange(len(positions))
    finder = WettedFaces(kinds[: wall.n_atoms], kinds[wall.n_atoms :])
    return finder.count(frame(cell or wall.cell, positions))


def test_faces_of_a_sheet():
    wall, one, _ = sheet([1])
    _, two, _ = sheet([1, -1])
    assert faces_of(wall, one) == wall.n_atoms
    assert faces_of(wall, two) == 2 * wall.n_atoms
    # far metal wets nothing; half of a sheet under metal is half wet, but for the atoms along the two borders
    away = one.copy()
    away[wall.n_atoms :, 2] += 4.0
    assert faces_of(wall, away) == 0
    half = wall.positions[:, 1] < 0.5 * wall.positions[:, 1].max()
    part = np.concatenate([wall.positions, wall.positions[half] + [0.0, 0.0, 3.0]])
    assert np.sum(half) < faces_of(wall, part) < np.sum(half) + 40


def test_faces_do_not_depend_on_orientation_or_images():
    wall, one, _ = sheet([1])
    expected = faces_of(wall, one)
    rng = np.random.default_rng(2)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    rotation *= np.sign(np.linalg.det(rotation))  # a cell has to stay right-handed
    turned = Cell(wall.cell.matrix @ rotation, wall.cell.periodic)
    moved = one @ rotation + rng.integers(-2, 3, (len(one), 3)) @ turned.matrix + rng.normal(size=3)
    assert faces_of(wall, moved, turned) == expected
    lone = graphene(repeats=(5, 3))
    lone.positions[:, 2] += 8.0 * (np.arange(lone.n_atoms) == 7)  # one atom without bonds, its neighbours edges
    over = np.concatenate([lone.positions, lone.positions + UP])
    assert faces_of(lone, over) == lone.n_atoms


def test_faces_of_a_tube_inside_and_outside():
    tube = nanotube(15, 15, repeats=4)
    radial = np.zeros_like(tube.positions)
    radial[:, :2] = tube.positions[:, :2] - np.array(tube_axis(tube).center)
    radial /= np.linalg.norm(radial, axis=1)[:, None]
    assert faces_of(tube, covered(tube, [3.0 * radial])) == tube.n_atoms
    assert faces_of(tube, covered(tube, [-3.0 * radial])) == tube.n_atoms
    assert faces_of(tube, covered(tube, [3.0 * radial, -3.0 * radial])) == 2 * tube.n_atoms


def test_heat_by_hand():
    wall, positions, kind = sheet([1, -1])
    values = np.array([-3.0, -3.2, -3.1, -2.9])
    record = heat_of_immersion(FrameList(kind, series(positions, wall.cell, values)), surface_energy=0.1)
    area = 2 * wall.n_atoms * AREA_PER_ATOM
    # in SI from the definitions, not through the constants of the module
    joule = 1.602176634e-19
    grams = wall.n_atoms * 12.011 / AVOGADRO
    gain = 3.05 * joule
    cost = 0.1 * area * 1e-20
    assert record.value == pytest.approx((gain - cost) / grams, rel=1e-8)
    assert record.unit == "J/g"
    assert record.adhesion.value == pytest.approx(gain / (area * 1e-20), rel=1e-8)
    assert record.per_area.value == pytest.approx((gain - cost) / (area * 1e-20), rel=1e-8)
    assert record.specific_surface.value == pytest.approx(area * 1e-20 / grams, rel=1e-8)
    assert record.specific_surface.value == pytest.approx(2627.0, rel=1e-3)  # graphene's both faces, a textbook figure
    spread = np.std(values) / math.sqrt(3)  # four samples, taken as independent
    assert record.error == pytest.approx(spread * joule / grams, rel=1e-6)
    assert record.temperature_rise.value == pytest.approx(temperature_rise(record.value, 0.05), rel=1e-12)
    assert any("IR alone cannot assign the heat to graphitic N" in note for note in record.notes)


def test_a_wall_that_takes_heat_up_says_so():
    wall, positions, kind = sheet([1])
    area = wall.n_atoms * AREA_PER_ATOM
    weak, strong = (
        heat_of_immersion(FrameList(kind, series(positions, wall.cell, -area * np.array([w, 1.1 * w]))))
        for w in (0.002, 0.02)  # 0.03 and 0.3 J/m² against 0.136
    )
    assert weak.value < 0.0 < strong.value
    assert any("absorbs heat" in note for note in weak.notes)
    assert not any("absorbs heat" in note for note in strong.notes)
    row = next(iter(weak.rows()))
    assert "endothermic" in row.note


def test_a_given_surface_scales_the_heat_of_a_face():
    wall, positions, kind = sheet([1])
    source = FrameList(kind, series(positions, wall.cell, [-3.0, -3.2, -3.1]))
    record = heat_of_immersion(source, specific_surface=200.0)
    assert record.value == pytest.approx(200.0 * record.per_area.value, rel=1e-12)
    assert record.surface_energy.value == 0.136  # potassium's
    assert record.per_area.value == pytest.approx(record.adhesion.value - 0.136, rel=1e-9)


def test_the_example_of_the_physics_notes():
    """4 at.% N, 0.4 of it graphitic, 1.5 eV: 190 J per g of carbon, 10 K at 5 wt% in NaK."""
    wall, positions, kind = sheet([1])
    record = heat_of_immersion(FrameList(kind, series(positions, wall.cell, [-3.0, -3.1])))
    heats = {rival.name: rival for rival in record.competing}
    assert heats["graphitic N replaced"].heat == pytest.approx(190.0, abs=3.0)
    assert heats["graphitic N replaced"].temperature_rise == pytest.approx(10.4, abs=0.2)
    assert heats["graphitic N replaced"].confidence == "supposed"
    assert heats["intercalation to KC8"].heat == pytest.approx(352.0, abs=0.2)
    assert heats["intercalation to KC8"].confidence == "measured"
    assert heats["oxygen groups"].heat == pytest.approx(250.0, abs=1.0)
    assert temperature_rise(190.0, 0.05) == pytest.approx(190.0 * 0.05 / (0.95 * 0.93 + 0.05 * 0.71), rel=1e-12)


def test_the_heats_are_those_of_the_study_of_heat():
    """One place for each number: the entries that the study draws from, and no others."""
    inputs = load_inputs()
    own = tomllib.loads(Path(study_inputs.__file__).with_name("data").joinpath("inputs.toml").read_text())["heat"]
    assert set(reaction_heats()) == {"replacement", "kc8", "oxygen_heat", "water_heat"}
    assert not set(reaction_heats()) & set(own)
    for name, heat in reaction_heats().items():
        entry = inputs[f"heat.{name}"]
        assert (heat.value, heat.unit) == (entry.middle, entry.unit)
        assert heat.source.startswith(entry.source)
    wall, positions, kind = sheet([1])
    record = heat_of_immersion(FrameList(kind, series(positions, wall.cell, [-3.0, -3.1])))
    heats = {rival.name: rival for rival in record.competing}
    assert heats["intercalation to KC8"].heat == inputs["heat.kc8"].value
    assert heats["moisture"].heat == pytest.approx(0.01 * 1e3 * inputs["heat.water_heat"].value / 18.015, rel=1e-4)


def test_the_nitrogen_route_takes_the_nitrogen_of_the_wall():
    wall, positions, kind = sheet([1], nitrogen=3, pyridinic=1)
    record = heat_of_immersion(FrameList(kind, series(positions, wall.cell, [-3.0, -3.1])))
    route = record.competing[0]
    mass = (wall.n_atoms - 4) * 12.011 + 4 * 14.007
    assert route.heat == pytest.approx(3 * 1.5 * 96485.332 / mass, rel=1e-6)
    assert "of this wall" in route.assumes


def test_written_and_drawn():
    wall, positions, kind = sheet([1])
    record = heat_of_immersion(FrameList(kind, series(positions, wall.cell, [-3.0, -3.1, -3.3])))
    text = json.loads(json.dumps(record.to_dict(), allow_nan=False))
    assert text["competing"][1]["source"].startswith("calorimetry")
    figure = record.plot()
    assert len(figure.axes[0].patches) == 1 + len(record.competing)
    assert "J/g" in str(record)
    rows = {row.quantity: row for row in Results({"immersion": record}).rows()}
    assert rows["heat of immersion, per g of carbon"].text.endswith("J/g")
    assert rows["  adiabatic rise at 5 wt% carbon"].text.endswith("K")
    assert rows["  compare: intercalation to KC8"].text == "352 J/g, 19 K"
    assert rows["  compare: graphitic N replaced"].note == "supposed"


def test_what_is_missing_is_said():
    wall, positions, kind = sheet([1])
    frames = series(positions, wall.cell, [-3.0, -3.1])
    with pytest.raises(AnalysisError, match="at least 2 frames, got 1"):
        heat_of_immersion(FrameList(kind, frames[:1]))
    with pytest.raises(AnalysisError, match="contains no interaction energies"):
        heat_of_immersion(FrameList(kind, [frame(wall.cell, positions, t) for t in range(2)]))
    bare = topology(NAMES, kind.species[: wall.n_atoms], masses=kind.masses[: wall.n_atoms])
    with pytest.raises(AnalysisError, match="needs metal atoms"):
        heat_of_immersion(FrameList(bare, [frame(wall.cell, wall.positions)]))
    away = positions.copy()
    away[wall.n_atoms :, 2] += 6.0
    with pytest.raises(AnalysisError, match="No face of the wall is wet"):
        heat_of_immersion(FrameList(kind, series(away, wall.cell, [0.0, 0.0])))
    with pytest.raises(AnalysisError, match="specific surface"):
        Immersion(specific_surface=0.0)
    with pytest.raises(AnalysisError, match="mass fraction"):
        Immersion(carbon_fraction=0.0)
    lithium = topology(["C", "Li"], [0] * wall.n_atoms + [1] * wall.n_atoms)
    with pytest.raises(AnalysisError, match="tabulated"):
        heat_of_immersion(FrameList(lithium, frames))
