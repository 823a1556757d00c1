"""Surface energy and tension of the model: from its parameter set through the run to heats and contact angles."""

import json
import math
import tomllib
from types import SimpleNamespace

import numpy as np
import pytest
from small_decks import LIQUID, sheet_in_metal
from synthetic import frame, topology

import nakmd
from nakmd.analysis import FrameList, Measure, analyze, heat_of_immersion, young_dupre
from nakmd.analysis.surface_figures import LiquidState, SurfaceFigures, SurfacePoint, measured_surface
from nakmd.cell import Cell
from nakmd.deck.deck import Deck
from nakmd.errors import AnalysisError, DeckError, FileFormatError
from nakmd.potentials.library import names, path, read_set
from nakmd.potentials.library.record_toml import parse_record
from nakmd.runs.model_surface import surface_figures
from nakmd.runs.plan import make_plan
from nakmd.units import K_B

POINTS = (
    SurfacePoint(0.0, 400.0, 160.0, 4.0, 190.0, 3.0),
    SurfacePoint(0.0, 600.0, 140.0, 4.0, 194.0, 3.0),
    SurfacePoint(1.0, 400.0, 90.0, 2.0, 110.0, 1.0),
    SurfacePoint(1.0, 600.0, 80.0, 2.0, 112.0, 1.0),
)
FIGURES = SurfaceFigures("own", POINTS)


def test_interpolation_by_hand():
    here = FIGURES.at(0.25, 450.0)
    sodium, potassium = 0.75 * 160.0 + 0.25 * 140.0, 0.75 * 90.0 + 0.25 * 80.0
    assert here.tension.value == pytest.approx(0.75 * sodium + 0.25 * potassium, rel=1e-12)
    assert here.tension.unit == "mN/m"
    weights = np.array([0.75 * 0.75, 0.75 * 0.25, 0.25 * 0.75, 0.25 * 0.25])
    assert here.tension.error == pytest.approx(np.linalg.norm(weights * [4.0, 4.0, 2.0, 2.0]), rel=1e-12)
    assert here.energy.value == pytest.approx(1e-3 * weights @ [190.0, 194.0, 110.0, 112.0], rel=1e-12)
    assert here.energy.unit == "J/m²"
    assert here.notes == ("interpolated linearly between x_K = 0 and 1",)
    # at a point: its figures, and nothing to note
    assert FIGURES.at(1.0, 600.0)[1:] == (
        Measure(80.0, 2.0, "mN/m", math.inf),
        Measure(0.112, 1e-3, "J/m²", math.inf),
        (),
    )


def test_outside_the_figures():
    hot = FIGURES.at(1.0, 700.0)
    assert hot.energy == FIGURES.at(1.0, 600.0).energy
    assert hot.notes == ("known from 400 to 600 K, taken for 700 K from the nearest of these",)
    middle = FIGURES.at(0.0, None)
    assert middle.energy == FIGURES.at(0.0, 500.0).energy
    assert "temperature unknown" in middle.notes[0]
    alloy = SurfaceFigures("own", POINTS[:2])
    with pytest.raises(AnalysisError, match=r"known for x_K = 0 to 0, not for 0\.3"):
        alloy.at(0.3, 400.0)
    with pytest.raises(AnalysisError, match="damaged"):
        SurfaceFigures.from_stored({"name": "a", "note": "", "points": [{"x_K": 1.0}]})


def test_the_measured_figures_obey_their_definition():
    """e = γ - T dγ/dT, with the derivative by differences."""
    for metal in ("Na", "K"):
        low, high = (measured_surface([metal], t) for t in (449.5, 450.5))
        slope = high.tension.value - low.tension.value
        middle = 0.5 * (low.tension.value + high.tension.value)
        assert 1e-3 * (middle - 450.0 * slope) == pytest.approx(low.energy.value, rel=1e-9)
    assert measured_surface(["K", "Na"], 400.0).tension == measured_surface(["K"], 400.0).tension
    with pytest.raises(AnalysisError, match="tabulated"):
        measured_surface(["Li"], 400.0)


def test_temperature_of_the_moving_metal():
    kind = topology(["C", "Na", "K"], [0, 0, 1, 1, 2, 2], masses=np.array([12.0, 12.0, 23.0, 23.0, 39.0, 39.0]))
    state = LiquidState(kind)
    velocities = np.zeros((6, 3))
    velocities[:2] = 50.0  # the wall does not count
    # m v² = 3 k T for each of three atoms; the fourth does not move
    for atom in (2, 3, 4):
        velocities[atom, 0] = math.sqrt(3.0 * K_B * 420.0 * 9648.5332 / kind.masses[atom])
    cell = Cell([20.0, 20.0, 20.0])
    state.add(frame(cell, np.ones((6, 3)), velocities=velocities))
    state.add(frame(cell, np.ones((6, 3))))
    assert state.temperature == pytest.approx(420.0, rel=1e-6)
    known, missing = state.surfaces(FIGURES)
    assert known["model"].energy == FIGURES.at(0.5, state.temperature).energy
    assert missing == {}


@pytest.mark.parametrize("name", [name for name in names() if getattr(read_set(name), "surface", ())])
def test_figures_of_the_library_are_consistent(name):
    """The tension falls with T, and γ - T dγ/dT agrees with the energy within their errors."""
    record = read_set(name)
    for x_K in {entry.x_K for entry in record.surface}:
        entries = sorted((e for e in record.surface if e.x_K == x_K), key=lambda e: e.temperature)
        t, gamma, error = (
            np.array([getattr(e, w) for e in entries]) for w in ("temperature", "tension", "tension_error")
        )
        weights = 1.0 / error**2
        centre = weights @ t / weights.sum()
        slope = weights @ ((t - centre) * gamma) / (weights @ (t - centre) ** 2)
        at_zero = weights @ gamma / weights.sum() - slope * centre
        of_line = math.sqrt(1.0 / weights.sum() + centre**2 / (weights @ (t - centre) ** 2))
        energy = np.mean([e.energy for e in entries])
        of_energy = np.linalg.norm([e.energy_error for e in entries]) / len(entries)
        # six compositions in two sets: 3.5 standard errors are exceeded by chance once in 200 such tests
        assert abs(at_zero - energy) < 3.5 * math.hypot(of_line, of_energy), (name, x_K)


ENTRY = """
[[surface]]
x_K = {x_K}
temperature = {t}
tension = 90.0
tension_error = 2.0
energy = 110.0
energy_error = 1.0
"""


def with_entries(*entries, base="gupta-na"):
    text = path(base).read_text(encoding="utf-8")
    return text + "\n" + "".join(ENTRY.format(x_K=x, t=t) for x, t in entries)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([(0.0, 400.0), (0.0, 400.0)], "surface of x_K = 0 at 400 K is given twice"),
        ([(0.5, 400.0)], "the set has no K"),
        ([(1.5, 400.0)], "x_K"),
        ([(0.0, -1.0)], "temperature"),
    ],
)
def test_entries_of_a_record_are_checked(entries, message):
    with pytest.raises(FileFormatError, match=message):
        parse_record("own.toml", with_entries(*entries))
    assert len(parse_record("own.toml", with_entries((0.0, 400.0))).surface) == 1


def test_figures_of_a_deck(tmp_path):
    (tmp_path / "own.toml").write_text(with_entries((0.0, 400.0)), encoding="utf-8")
    model = '[[term]]\nset = "own.toml"\n'
    (tmp_path / "sum.toml").write_text(f'name = "sum"\ntitle = "a sum"\nform = "model"\n{model}', encoding="utf-8")

    def figures(model):
        text = LIQUID.replace('[model]\npotential = "nak-2016"', model) + '[[stage]]\nkind = "relax"\n'
        return surface_figures(Deck.from_text(text, tmp_path).model, tmp_path)

    (point,) = figures('[model]\npotential = "own.toml"')["points"]
    assert point == tomllib.loads(ENTRY.format(x_K=0.0, t=400.0))["surface"][0]
    assert figures('[model]\npotential = "sum.toml"')["name"] == "gupta-na"
    assert figures('[[model.terms]]\nkind = "set"\nname = "own.toml"')["name"] == "gupta-na"
    assert figures('[model]\npotential = "johnson-oh-nak"') is None
    two = "".join(f'[[model.terms]]\nkind = "set"\nname = "{name}"\n' for name in ("own.toml", "own.toml"))
    assert figures(two) is None
    assert "not of its member 3" in figures('[model]\npotential = "own.toml"\nmember = 3')["note"]


def heat(figures, choice=None):
    kind = topology(["C", "K"], [0] * 4 + [1] * 4)
    positions = np.array([[x, y, z] for z in (0.0, 3.0) for x in (0.0, 1.4) for y in (0.0, 1.4)])
    pair = np.array([[0.0, -1.0], [-1.0, 0.0]])
    frames = [frame(Cell([20.0, 20.0, 20.0]), positions, t, pair_energies=pair * (1.0 + 0.1 * t)) for t in range(4)]
    source = FrameList(kind, frames)
    if figures is not None:
        plain = [point.__dict__ for point in figures.points]
        source.potentials = {"surface": {"name": figures.name, "note": figures.note, "points": plain}}
    return heat_of_immersion(source, choice, specific_surface=100.0)


def test_the_heat_subtracts_the_surface_energy_of_the_model_and_shows_both():
    by_model, by_experiment = heat(FIGURES), heat(FIGURES, "experiment")
    assert by_model.surface_energy.value == pytest.approx(0.111, rel=1e-9)  # 500 K, the middle
    assert (by_model.surface_origin, by_experiment.surface_origin) == ("own", "experiment")
    # 100 m²/g times the difference of the energies
    assert by_model.value - by_experiment.value == pytest.approx(100.0 * (0.136 - 0.111), rel=1e-9)
    assert by_model.other_heats["experiment"].value == pytest.approx(by_experiment.value, rel=1e-12)
    assert by_experiment.other_heats["own"].value == pytest.approx(by_model.value, rel=1e-12)
    error = 100.0 * by_model.surface_energy.error
    assert by_model.error == pytest.approx(math.hypot(by_experiment.error, error), rel=1e-9)
    rows = {row.quantity: row for row in by_model.rows()}
    assert rows["  surface energy of the metal, own"].text == by_model.surface_energy.text
    assert "0.136 J/m²" in rows["  with the surface energy of experiment"].note
    assert any("own: 0.1110 ± 0.0007" in note for note in by_model.notes)
    json.dumps(by_model.to_dict(), allow_nan=False)
    given = heat(FIGURES, np.float32(0.25))
    assert given.value == pytest.approx(by_experiment.value - 100.0 * (0.25 - 0.136), rel=1e-9)
    assert set(given.other_heats) == {"own", "experiment"}


def test_without_figures_the_measured_energy_is_taken_and_said():
    record = heat(None)
    assert record.surface_origin == "experiment"
    assert any("surface energy of the model unknown: the frames come without" in note for note in record.notes)
    with pytest.raises(AnalysisError, match=r"of the model is not known: .* Pass surface_energy="):
        heat(None, "model")
    with pytest.raises(AnalysisError, match="at least 0"):
        heat(None, -0.1)
    with pytest.raises(AnalysisError, match='"model", "experiment" or a number'):
        heat(None, "modell")


def test_a_run_stores_the_figures_of_its_model(tmp_path):
    deck = sheet_in_metal(steps=20, analysis={"quantities": ["immersion"], "when": "live", "every": 5})
    run = nakmd.run(deck, tmp_path / "run", threads=1)
    stored = run.trajectory.potentials["surface"]
    record = run.results["immersion"]
    assert record.surface_origin == stored["name"]
    expected = LiquidState(run.trajectory.topology)
    for f in run.trajectory["produce"]:
        expected.add(f)
    known, _ = expected.surfaces(SurfaceFigures.from_stored(stored))
    assert record.surface_energy.value == pytest.approx(known["model"].energy.value, rel=1e-3)
    # an analysis of the file, or of a part of it, knows them too
    again = analyze(run.trajectory, ["immersion"], surface_energy="experiment")["immersion"]
    assert again.other_heats[stored["name"]].value == pytest.approx(record.value, rel=1e-6)
    assert heat_of_immersion(run.trajectory["produce"]).surface_origin == stored["name"]


def test_the_deck_says_which_surface_energy():
    def deck(model="nak-cn-pair", **analysis):
        return sheet_in_metal(model={"potential": model}, analysis=analysis)

    given = deck(immersion={"surface_energy": "90 mJ/m^2"})
    assert given.analysis.immersion.chosen == pytest.approx(0.09, rel=1e-12)
    assert Deck.from_text(given.to_toml()) == given
    assert deck(immersion={"surface_energy": "model"}).analysis.immersion.chosen == "model"
    with pytest.raises(DeckError, match=r'write "model", "experiment", or a surface energy such as "0.09 J/m²"'):
        deck(immersion={"surface_energy": "modl"})
    with pytest.raises(DeckError, match="not negative"):
        deck(immersion={"surface_energy": "-1 J/m²"})
    with pytest.raises(DeckError, match="the unit is missing"):
        deck(immersion={"surface_energy": 0.09})
    unused = deck(immersion={"surface_energy": "model"}, quantities=["rdf"])
    assert any('quantities lacks "immersion"' in fault for fault in make_plan(unused).faults)
    assert make_plan(deck(immersion={"surface_energy": "model"})).faults == []


def test_young_and_dupre_with_the_tensions_of_the_angle():
    tensions = {"model": Measure(88.0, 2.0, "mN/m", math.inf), "experiment": Measure(110.0, 0.0, "mN/m", math.inf)}
    angle = SimpleNamespace(value=90.0, error=1.0, n_effective=30.0, tensions=tensions)
    work = Measure(90.0, 3.0, "mJ/m²", 40.0)
    record = young_dupre(angle, work)
    assert record.expected_adhesion.value == pytest.approx(88.0, rel=1e-12)
    assert record.tension.text == "88 ± 2 mN/m"
    assert any("experiment, 110 ± 0 mN/m, the angle gives 110" in note for note in record.notes)
    assert young_dupre(angle, work, "experiment").expected_adhesion.value == pytest.approx(110.0, rel=1e-12)
    with pytest.raises(AnalysisError, match=r"tension of the model is not known with this angle\. Pass tension="):
        young_dupre(Measure(90.0, 1.0, "degree", 30.0), work)
