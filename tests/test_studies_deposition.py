"""The study of deposition: steps, growth at a flux, seeds and fluxes, proxies, and what the figures say."""

import json
import math
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from nakmd.elements import CC_BOND
from nakmd.errors import CoverageError
from nakmd.potentials import evaluate, load
from nakmd.runs.provenance import potential_hash
from nakmd.structures import graphene
from nakmd.studies import StudyFigure, load_inputs, study
from nakmd.studies.deposition_study import (
    arrivals_on_crystals,
    arrivals_on_walls,
    deposition_answers,
    film_or_island,
    film_points,
    island_points,
    mean_field,
    proxies,
    step_points,
    steps,
    wall_points,
)
from nakmd.studies.deposition_study.deposition import DepositionStudy
from nakmd.studies.deposition_study.flux_figures import Deposited, Metric
from nakmd.studies.deposition_study.seed_means import FluxChange, SeedMean
from nakmd.studies.deposition_study.sequences import SEQUENCES
from nakmd.studies.study import Figures

MODELS = list(DepositionStudy.default_models)


def stub(point):
    """Return a result of the form that the function of a point has, without computing it."""
    settings = point.settings
    if point.function is arrivals_on_crystals.run:
        mixed = {"K": 30, "Na": 2}[settings["host"]] + settings["seed"] % 2
        fast = settings["every"] == min(film_points.EVERY)
        return {
            "stuck": [60, 60], "mixed": [mixed, 60], "exchanged": [10, 60], "promoted": 20, "sites": 40, "theta": 1.5,
            "course": [[0.2, 0.4], [1.5, 1.0]],
            "roughness": 1.0, "bare roughness": None, "relative roughness": 0.5 + (0.3 if fast else 0.0), "bragg": 0.1,
            "layers": [-1, 0, 1, 2], "deposited": [0.2, 0.3, 0.6, 0.4], "host": [0.8, 0.7, 0.4, 0.0], "in flight": 0,
            "width": None, "order": 0.4 + 0.01 * (settings["seed"] % 2), "rise": 20.0 if fast else 8.0, "flux": 1e10,
            "a": 5.3,
        }  # fmt: skip
    if point.function is arrivals_on_walls.run:
        return {
            "stuck": [37, 37], "first layer": [30, 45], "K in first layer": [24, 30], "K on the wall": [22, 45],
            "islands": 3, "single": 2, "largest": 30, "in flight": 0, "rise": 5.0, "coverage": 4.5, "flux": 1e10,
        }  # fmt: skip
    if point.function is film_or_island.compare:
        n = film_or_island.atoms_of(settings["metal"], tuple(settings["repeats"]))
        islands = {"bcc island": -0.95 + 2.4 / n, "fcc island": -0.94 + 2.4 / n}
        return {"atoms": n, "films": {"spread": -0.8, "round layer": -0.79}, "islands": islands, "heights": {}}
    if point.function is steps.push_out and settings["adatom"] == "K" and settings["host"] == "Na":
        return {"failed": "the saddle is not converged"}
    barrier = {"terrace": 0.05, "hop_down": 0.15, "push_out": 0.03}[point.function.__name__]
    barrier -= 0.002 * (settings["radius"] - 1.6)
    return {"barrier": barrier, "reverse": barrier, "a": 5.3}


@pytest.fixture(scope="module")
def full():
    """Return the study with all models, and figures of stubbed points."""
    asked = DepositionStudy(load_inputs().of("deposition"), {model: load(model) for model in MODELS})
    results = {point.key: stub(point) for point in asked.points()}
    return asked, Figures(asked.figures(results)), results


# ------------------------------------------------------------------------------------------ parts


@pytest.mark.parametrize(("name", "n_sodium"), [("Na", 5), ("K", 0), ("Na and K in turn", 3), ("K, then Na", 2)])
def test_sequences(name, n_sodium):
    order = SEQUENCES[name](5)
    assert len(order) == 5
    assert order.count("Na") == n_sodium
    assert order[0] == ("K" if name.startswith("K") else "Na")


def test_a_step_is_a_close_packed_row_that_carries_four_atoms_below_the_adatom():
    """Geometry of bcc: the neighbours of the adatom, of the edge and of the foot at the distances of the lattice."""
    metals = SimpleNamespace(host="K", a=5.328)  # no energies are needed
    atoms, edge = steps._surface(metals, step=True)
    a, layer = metals.a, metals.a / math.sqrt(2.0)
    height = atoms.positions[:, 2] - atoms.positions[edge, 2]
    assert abs(height.max()) < 1e-9
    top = np.flatnonzero(np.abs(height) < 0.1)
    away = (atoms.positions[top] - atoms.positions[edge])[:, :2]
    near = np.linalg.norm(away, axis=1) < 3.0 * a
    # nothing lies down the step from the edge, and the atoms of the edge are in contact
    assert (away[near] @ steps.DOWN).max() < 1e-9
    row = np.sort(away[near & (np.abs(away @ steps.DOWN) < 1e-6)] @ steps.ALONG)
    assert np.diff(row) == pytest.approx(math.sqrt(0.75) * a, abs=1e-9)
    # four atoms carry the adatom: two at a/2 along x, two at a/√2 along y; the foot continues the lattice
    site = steps._above_edge(atoms, edge, a)
    below = np.linalg.norm((atoms.positions[top] - site)[:, :2], axis=1)
    assert np.sort(below)[:4] == pytest.approx([0.5 * a, 0.5 * a, layer, layer], abs=1e-9)
    for place in (-1.0, 0.0, 1.0):
        foot = steps._foot(atoms, edge, a, place)
        distances = np.sort(np.linalg.norm(atoms.positions - foot, axis=1))
        # one atom of the edge and two below at the distance of neighbours, another of the edge at a: a lattice site
        assert distances[:4] == pytest.approx([math.sqrt(0.75) * a] * 3 + [a], abs=1e-9)
        assert (foot - site)[:2] @ steps.ALONG == pytest.approx(place * math.sqrt(0.75) * a, abs=1e-9)


def test_growth_at_the_flux_of_an_electrode():
    """A worked case: E_d 0.074 eV, ν 1e12, 300 K, 1 mA/cm² on K; by hand to a percent."""
    one = np.ones(1)
    found = mean_field.islands(0.074 * one, 0.02 * one, 1e12 * one, one, 300.0 * one, 0.25 * one, 5.33)
    flux = 6.2415e-2 * 5.33**2 / math.sqrt(2.0) * 10.0  # 62.4 atoms/nm²/s on sites of 20 Å²
    assert found.flux[0] == pytest.approx(flux, rel=1e-3)
    assert found.mobility[0] == pytest.approx(0.25e12 * math.exp(-0.074 / 0.0258520) / flux, rel=1e-3)
    assert found.density[0] == pytest.approx(0.25 * found.mobility[0] ** (-1 / 3), rel=1e-12)
    assert found.spacing[0] == pytest.approx(math.sqrt(0.2009 / found.density[0]), rel=1e-3)
    # D/F = 1.1e9, n = 2.4e-4, R = 36: the stay is R²/8D, and N₂ = F R²/8D (π R²)²
    radius = 1.0 / math.sqrt(math.pi * found.density[0])
    assert found.second_layers[0] == pytest.approx(radius**6 * math.pi**2 / 8.0 / found.mobility[0], rel=0.1)
    # a barrier at steps that cannot be crossed fast makes mounds; the time over the edge grows as exp(ΔE/kT)
    held, more = (
        mean_field.islands(0.074 * one, x * one, 1e12 * one, one, 300.0 * one, 0.25 * one, 5.33).second_layers[0]
        for x in (0.5, 0.6)
    )
    assert more / held == pytest.approx(math.exp(0.1 / 0.0258520), rel=1e-3)
    # nothing is faster than the attempts: below no barrier there is no further gain
    low, lower = (
        mean_field.islands(0.02 * one, x * one, 1e12 * one, one, 300.0 * one, 0.25 * one, 5.33).second_layers[0]
        for x in (-0.02, -0.5)
    )
    assert low == lower


def test_seeds_and_fluxes():
    shares = SeedMean.of_counts([(3, 10), (5, 10)])
    assert shares.value == 0.4
    assert shares.interval[0] < 0.4 < shares.interval[1]
    # four runs that scatter more than independent atoms would: their standard error counts
    scattered = SeedMean.of_counts([(0, 100), (100, 100), (0, 100), (100, 100)])
    assert scattered.error == pytest.approx(math.sqrt(1.0 / 3.0) / 2.0, rel=1e-12)
    assert SeedMean.of_counts([(0, 0)]) is None
    assert SeedMean.of_numbers([1.0, None, 3.0]).value == 2.0
    assert SeedMean.of_numbers([1.0]).error is None
    # the line through 1 at flux 1 and 4 at flux 4 is 0 at no flux: 1 below the slower one
    change = FluxChange.of(SeedMean(1.0, 0.3), SeedMean(4.0, 0.4), 4.0)
    assert change.numerical == 1.0
    assert change.sigmas == pytest.approx(6.0)
    assert change.is_limited
    assert not FluxChange.of(SeedMean(1.0, 3.0), SeedMean(4.0, 4.0), 4.0).is_limited
    assert not FluxChange.of(SeedMean(1.0, None), SeedMean(4.0, None), 4.0).is_limited
    assert FluxChange.of(SeedMean(1.0, 0.0), SeedMean(4.0, 0.0), 4.0).is_limited


def test_a_figure_says_what_limits_it():
    metric = Metric("x", "x")
    runs = [{"x": value, "rise": 16.0, "flux": 1e10} for value in (1.0, 1.1, 0.9, 1.0)]
    fast = [{**run, "x": run["x"] + 1.0} for run in runs]
    found = Deposited("film", "m", runs, fast, 4.0).figure(metric, "")
    assert found.value == 1.0
    assert any(note.startswith("flux-limited: 2 at 4 times the flux") for note in found.notes)
    assert any("16 K above the bath (limit 15 K)" in note for note in found.notes)
    cool = Deposited("film", "m", [{**run, "rise": 14.0} for run in runs], runs, 4.0).figure(metric, "")
    assert len(cool.notes) == 1
    lost = Deposited("film", "m", [{"failed": "it melted"}], [], 4.0).figure(metric, "")
    assert lost.value is None
    assert lost.notes == ("it melted",)


# ------------------------------------------------------------------------------------------ figures and answers


def test_points_and_figures_of_the_full_study(full):
    asked, figures, results = full
    assert asked.of_crystals == ["nak-2026", "nak-2016", "johnson-oh-nak"]
    assert asked.of_walls == ["nak-cn"]
    assert len(results) == len(asked.points())  # keys are unique
    json.dumps([figure.to_dict() for figure in figures], allow_nan=False)
    mixing = figures["mixing.Na on K.300 K", "nak-2026"]
    assert mixing.value == pytest.approx(30.5 / 60.0)
    rough = figures["relative roughness.Na on K.300 K", "nak-2026"]
    assert rough.numerical == pytest.approx(0.1)
    assert figures["bragg.K on K.300 K", "nak-2016"].value == pytest.approx(0.1)
    assert figures["layer 1.K on K.300 K", "nak-2016"].value == 0.6
    assert figures["layer 3.K on K.300 K", "nak-2016"].value == 0.0
    # push-out is lower; where it failed, the hop is an upper bound under a name of its own
    step = figures["excess.Na on K", "nak-2026"]
    assert step.value == pytest.approx(-0.02)
    assert step.numerical == pytest.approx(0.0, abs=1e-12)
    assert figures["excess.K on Na", "nak-2026"].value is None
    assert figures["second layers.K on Na", "nak-2026"].value is None
    bound = figures["excess bound.K on Na", "nak-2026"]
    assert bound.value == pytest.approx(0.1)
    assert bound.notes[1] == "only the hop over the step converged: the other way may be lower"
    assert any("push-out, R = 2 a, not converged: the saddle" in note for note in bound.notes)


def test_a_set_whose_crystals_do_not_survive_the_films_has_steps_alone(full):
    """johnson-oh-nak has lattice constants up to 250 K; a potential without a record is not known to lack crystals."""
    asked, figures, results = full
    assert asked.of_films == ["nak-2026", "nak-2016"]
    kinds = {key.split("/")[1] for key in results if key.startswith("johnson-oh-nak/")}
    assert kinds == {"terrace", "hop", "push-out"}
    assert figures["excess.Na on K", "johnson-oh-nak"].value == pytest.approx(-0.02)
    assert figures.get("mixing.Na on K.300 K", "johnson-oh-nak") is None
    given = DepositionStudy(load_inputs().of("deposition"), {"mine": load("johnson-oh-nak")})
    assert given.of_films == ["mine"]


def test_an_error_of_the_barriers_widens_what_follows(full):
    asked, _, results = full
    spread = {**results, "nak-2026/terrace/K on K/R 1.6": {"barrier": 0.09, "reverse": 0.09, "a": 5.3}}
    first, second = (
        Figures(asked.figures(found))["spacing.K on K", "nak-2026"].interval for found in (results, spread)
    )
    assert math.log(second[1] / second[0]) > math.log(first[1] / first[0])


def test_answers_begin_with_what_is_untestable(full):
    asked, figures, _ = full
    said = asked.answers(figures)
    assert said[0].startswith("Untestable here: dendrites")
    assert "undecided, proxies point" in said[1]
    text = "\n".join(said)
    assert "below the first plane of the host than of the K deposited on Na: nak-2026 holds" in text
    assert "K goes under Na" in text
    assert "flux-limited" in text
    assert "Lowest sticking on crystals" in text


def test_the_answer_on_mixing_follows_the_figures(full):
    asked, _, results = full

    def with_mixed(in_potassium, in_sodium):
        mixed = {"K": [in_potassium, 60], "Na": [in_sodium, 60]}
        changed = {
            point.key: {**results[point.key], "mixed": mixed[point.settings["host"]]}
            if point.function is arrivals_on_crystals.run else results[point.key]
            for point in asked.points()
        }  # fmt: skip
        return next(line for line in asked.answers(Figures(asked.figures(changed))) if "below the first plane" in line)

    assert "nak-2026 holds" in with_mixed(30, 2)
    assert "nak-2026 is reversed" in with_mixed(2, 30)
    assert "nak-2026 is open" in with_mixed(10, 10)


def of_steps(model, excess, numerical):
    """Return the figure of the Ehrlich-Schwoebel barrier of Na on K."""
    return Figures(
        [StudyFigure(key="excess.Na on K", title="", model=model, value=excess, unit="eV", numerical=numerical)]
    )


@pytest.mark.parametrize(
    ("excess", "numerical", "said"),
    [
        (-0.04, 0.01, "undecided, proxies point to smooth growth (1 of 1)"),
        (0.12, 0.01, "undecided, proxies point to mounds (1 of 1)"),
        (-0.04, 0.03, "undecided, no proxy counts"),
        (-0.04, None, "undecided, no proxy counts"),
    ],
)
def test_the_verdict_flips_with_the_barrier_and_is_never_more_than_undecided(excess, numerical, said):
    found = proxies.proxies(of_steps("m", excess, numerical), ["m"])
    assert proxies.verdict(found) == said


def test_proxies_that_contradict_each_other_are_shown():
    both = [proxies.Proxy("a", "m", proxies.SMOOTH), proxies.Proxy("b", "m", proxies.ROUGH)]
    assert proxies.verdict(both) == "undecided, proxies point both ways (1 to smooth growth, 1 to mounds)"
    assert proxies.verdict([]) == "undecided, no proxy counts"


def test_the_verdict_of_all_proxies_is_undecided(full):
    """Even where all point one way: proxies are not dendrites."""
    _, figures, _ = full
    found = proxies.proxies(figures, MODELS)
    assert {proxy.points_to for proxy in found} == {proxies.SMOOTH, proxies.SILENT}
    # an upper bound of a barrier points nowhere
    assert not any("Schwoebel barrier, K on Na" in proxy.name for proxy in found)
    smooth = [proxies.Proxy(str(k), "m", proxies.SMOOTH) for k in range(50)]
    assert proxies.verdict(smooth).startswith("undecided, proxies point to smooth growth")


def test_comparisons_need_errors():
    one = StudyFigure(key="a", title="", value=1.0, unit="1", statistical=0.1)
    other = StudyFigure(key="b", title="", value=0.5, unit="1", statistical=0.1)
    assert deposition_answers.compare(one, other)[0] == "larger"
    assert deposition_answers.compare(other, one)[0] == "smaller"
    bare = StudyFigure(key="c", title="", value=0.5, unit="1")
    assert deposition_answers.compare(one, bare)[0] == "open"
    assert deposition_answers.compare(one, None) is None


def test_a_quick_study_is_small_and_has_a_page(tmp_path, monkeypatch):
    """All points stubbed: keys, figures, page and file; a second call computes nothing."""
    asked = DepositionStudy(load_inputs().of("deposition"), {model: load(model) for model in MODELS}, quick=True)
    points = asked.points()
    assert len(points) == 6 + 2 + 1 + 2
    made = {point.key: stub(point) for point in points}
    monkeypatch.setattr(
        "nakmd.studies.study_run.compute_all",
        lambda tasks, threads: [(task.key, made[task.key], 1.0) for task in tasks],
    )
    result = study("deposition", quick=True, directory=tmp_path, threads=1)
    assert (tmp_path / "study.html").read_text().count("Untestable here") == 1
    stored = json.loads((tmp_path / "study.json").read_text())
    assert stored["answers"][0].startswith("Untestable")
    assert result["excess.Na on K", "nak-2026"].numerical is None
    monkeypatch.setattr("nakmd.studies.study_run.compute_all", lambda tasks, threads: [1 / 0 for _ in tasks])
    again = study("deposition", quick=True, directory=tmp_path, threads=1)
    assert again["excess.Na on K", "nak-2026"].value == result["excess.Na on K", "nak-2026"].value


def test_a_set_without_sodium_is_refused():
    with pytest.raises(CoverageError, match=r"^gupta-na: No term couples K with K"):
        DepositionStudy(load_inputs().of("deposition"), {"gupta-na": load("gupta-na")}).points()


# ------------------------------------------------------------------------------------------ runs


def test_few_atoms_on_graphene():
    """Ten atoms of cold metal, of which eight are there from the beginning: none leaves, all are counted."""
    found = arrivals_on_walls.run(load("nak-cn"), "graphene", "Na and K in turn", 100.0, 1.2, 10, 3)
    assert found["stuck"] == [2, 2]
    assert found["K on the wall"][1] + found["in flight"] == 10
    assert found["K on the wall"][0] <= 5
    # 13 by 7 cells of √3 by 3 bonds of 1.42 Å
    assert found["coverage"] == pytest.approx(10 / (13 * 7 * 3.0 * math.sqrt(3.0) * 0.142**2), rel=1e-3)
    assert found["flux"] == pytest.approx(found["coverage"] / 10 / 1.2e-12, rel=1e-9)


def test_a_frozen_wall_needs_no_terms_of_its_own():
    """Forces on the metal have the bits of the whole model."""
    wall, side = arrivals_on_walls.WALLS["tube with graphitic N"]()
    system = arrivals_on_walls._with_first(wall, side, ["K", "Na", "K"])
    assert system.n_atoms == wall.n_atoms + 3
    whole = load("nak-cn")
    part = arrivals_on_walls.of_frozen_wall(whole, system)
    assert len(part.terms) < len(whole.terms)
    first, second = (evaluate(potential, system).forces[-3:] for potential in (whole, part))
    np.testing.assert_array_equal(first, second)
    assert np.abs(first).max() > 1e-3


def test_few_atoms_on_potassium():
    """Six Na on K at 200 K: atoms of all layers sum to those that arrived, and shares to what they can be."""
    found = arrivals_on_crystals.run(load("nak-2026"), "K", "Na", 200.0, 1.2, [3, 2], 7, 0.5, 1, a=5.29)
    assert found["stuck"] == [6, 6]
    assert sum(found["deposited"]) * found["sites"] + found["in flight"] == pytest.approx(6.0)
    assert sum(found["host"]) == pytest.approx(7.0)
    assert found["course"][-1][0] == pytest.approx(0.5)
    assert all(wide > 0.0 for _, wide in found["course"])
    assert found["mixed"][1] == 6 - found["in flight"]
    assert 0.3 < found["order"] < 1.3
    assert found["flux"] == pytest.approx(1e14 / (3 * 2 * math.sqrt(2.0) * 5.29**2 * 1.2), rel=1e-9)


@pytest.mark.slow
def test_sodium_crosses_a_step_of_potassium_more_easily_than_potassium_one_of_sodium():
    """R = 1.6 a, nak-2026: the signs that the prototype of this study found with nak-2016 (-0.04 and +0.12 eV).

    K has no minimum in a step of Na, so that only its hop is a path.
    """
    potential = load("nak-2026")
    flat = {
        case: steps.terrace(potential, *reversed(step_points.CASES[case]), 1.6, 9)["barrier"]
        for case in step_points.QUICK_CASES
    }
    assert steps.push_out(potential, "K", "Na", 1.6, 9, 1)["barrier"] < flat["Na on K"]
    assert steps.hop_down(potential, "Na", "K", 1.6, 9)["barrier"] > flat["K on Na"]


def test_runs_on_walls_are_named(full):
    asked, figures, _ = full
    assert {key.partition(" on ")[2] for key in (f.key for f in figures) if key.startswith("islands.")} == set(
        arrivals_on_walls.WALLS
    )
    assert len(wall_points.states(quick=False)) == 20
    assert len([p for p in asked.points() if p.function is arrivals_on_walls.run]) == 20 * 2 * wall_points.SEEDS


# ----------------------------------------------------------------------------------- films and islands


def test_films_and_islands_have_as_many_atoms_and_stand_on_the_sheet():
    for metal, repeats in product(("K", "Na"), island_points.SIZES):
        n = film_or_island.atoms_of(metal, repeats)
        spread = film_or_island._spread(metal, repeats)
        starts = [spread, *(places for _, places in film_or_island._islands(metal, n))]
        for places in starts:
            assert places.shape == (n, 3)
            assert places[:, 2].min() == pytest.approx(film_or_island.HEIGHT)
        # neighbours of islands are those of the crystal; a spread film covers the sheet at its own distance
        near = film_or_island._neighbours(metal)
        for places in starts[1:]:
            distances = np.linalg.norm(places[:, None] - places, axis=-1)[np.triu_indices(n, 1)]
            assert distances.min() == pytest.approx(near, rel=1e-9)
            assert np.ptp(places[:, 2]) > 0.81 * near  # at least two close-packed layers, √(2/3) apart
    # an island that is flatter is wider
    wide = [np.ptp(places[:, 0]) for _, places in film_or_island._islands("K", 90)]
    assert wide[1] > wide[0]
    assert wide[3] > wide[2]


@pytest.mark.parametrize("metal", ["K", "Na"])
def test_a_spread_film_lies_on_hollows_and_is_periodic(metal):
    repeats = island_points.SIZES[0]
    sheet, places = graphene(repeats=repeats), film_or_island._spread(metal, repeats)
    lengths = sheet.cell.lengths[:2]
    away = (places[:, None, :2] - sheet.positions[None, :, :2] + 0.5 * lengths) % lengths - 0.5 * lengths
    nearest = np.sort(np.linalg.norm(away, axis=-1), axis=1)[:, :6]
    np.testing.assert_allclose(nearest, CC_BOND, atol=1e-9)  # six corners of a hexagon
    away = (places[:, None, :2] - places[None, :, :2] + 0.5 * lengths) % lengths - 0.5 * lengths
    distances = np.sort(np.linalg.norm(away, axis=-1), axis=1)[:, 1:7]
    np.testing.assert_allclose(distances, {"K": 2.0, "Na": math.sqrt(3.0)}[metal] * math.sqrt(3.0) * CC_BOND, atol=1e-9)


def test_few_atoms_spread_and_more_gather():
    """Real relaxations of K: 12 atoms are lower as a layer, 48 as an island."""
    potential = load("nak-cn")
    few, more = (film_or_island.compare(potential, "graphene", "K", size) for size in island_points.QUICK_SIZES)
    assert (few["atoms"], more["atoms"]) == (12, 48)
    assert min(few["films"].values()) < min(few["islands"].values())
    assert min(more["films"].values()) > min(more["islands"].values())
    # a film that covers the sheet has the same energy per atom on a larger one, to what the forces are relaxed to
    assert few["films"]["spread"] == pytest.approx(more["films"]["spread"], abs=1e-4)
    # the layer of separate atoms is bound by the wall (0.84 eV alone by PBE) and repelled by its own dipoles
    assert -1.0 < few["films"]["spread"] < -0.5


def test_films_and_islands_as_figures(full):
    asked, figures, results = full
    found = figures[island_points.DIFFERENCE + "K on graphene.90 atoms", "nak-cn"]
    assert found.value == pytest.approx(-0.8 + 0.95 - 2.4 / 90)
    assert found.numerical == pytest.approx(0.01)
    assert found.notes == ("lowest: spread, bcc island",)
    assert figures["film.K on graphene.90 atoms", "nak-cn"].numerical is None  # another film is no error of this one
    said = next(text for text in asked.answers(figures) if text.startswith("K on graphene, at rest by nak-cn"))
    assert "the film is lower with 12 atoms" in said
    assert "the island is lower with 90 atoms" in said
    failed = {key: {"failed": "no"} if "/island/" in key else result for key, result in results.items()}
    without = Figures(asked.figures(failed))
    assert without[island_points.DIFFERENCE + "Na on graphene.16 atoms", "nak-cn"].notes == ("no",)
    assert not any("at rest" in text for text in asked.answers(without))


def test_carbon_with_graphitic_nitrogen_has_the_set_of_its_doping():
    bare = {"nak-cn": load("nak-cn")}
    sets = {
        point.settings.get("sheet") or point.settings["wall"]: potential_hash(point.potential)
        for point in (*island_points.points(bare, quick=False), *wall_points.points(bare, quick=False, seed=0))
    }
    assert set(sets) == {*film_or_island.SHEETS, *arrivals_on_walls.WALLS}
    for name, found in sets.items():
        share = film_or_island.NITROGEN if "tube" not in name else arrivals_on_walls.NITROGEN
        assert found == potential_hash(load("nak-cn", doping=share) if "graphitic" in name else bare["nak-cn"]), name


def test_figures_of_crystals_do_not_depend_on_carbon():
    asked = DepositionStudy(load_inputs().of("deposition"), {model: load(model) for model in MODELS})
    carbon = [point for point in asked.points() if point.key.startswith("nak-cn/")]
    others = [point for point in asked.points() if not point.key.startswith("nak-cn/")]
    assert carbon
    assert others
    assert not any(asked.bears_on(point, "mixing.Na on K.300 K") for point in carbon)
    assert all(asked.bears_on(point, "mixing.Na on K.300 K") for point in others)
    assert all(asked.bears_on(point, "K in first layer.K on tube with graphitic N") for point in asked.points())
