"""The metal-carbon set is the result of its script, and the engine reproduces the fitted curves."""

import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from nakmd.cell import Cell
from nakmd.errors import FileFormatError, InputError
from nakmd.potentials import Hybrid, evaluate, load
from nakmd.potentials.library import read_set, takes_doping
from nakmd.resources import data_folder
from nakmd.system import System

FIT = data_folder("potentials") / "fit"
SET = "metal-carbon-2026"
NUMBERS = ("wall", "wall_width", "depth", "width")
DOPED = {"doped_depth": 1.0, "doped_width": 1.0, "doping_scale": 0.01}  # with the defaults


@pytest.fixture(scope="module")
def script():
    """Return the modules of the fit, which are scripts outside any package."""
    sys.path.insert(0, str(FIT))
    try:
        import curves
        import fitting
        import metal_carbon
        import quality

        yield SimpleNamespace(curves=curves, fitting=fitting, metal_carbon=metal_carbon, quality=quality)
    finally:
        sys.path.remove(str(FIT))


@pytest.fixture(scope="module")
def points(script):
    return script.curves.read_points()


@pytest.fixture(scope="module")
def solved(script, points):
    return {metal: script.metal_carbon.solve_metal(points, metal) for metal in ("K", "Na")}


def test_the_fit_makes_the_numbers_of_the_set(script, solved):
    """The flat directions of the fits move by 1e-4 with the version of SciPy; five digits are written."""
    stored = {pair.species: pair for pair in read_set(SET).pair}
    made = [pair for metal in solved for pair in script.metal_carbon.pairs_of(metal, *solved[metal])]
    assert {pair["species"] for pair in made} == set(stored)
    for pair in made:
        found = stored[pair["species"]]
        expected = DOPED | pair
        names = [*NUMBERS, *DOPED]
        assert [getattr(found, name) for name in names] == pytest.approx([expected[name] for name in names], rel=2e-3)
        assert found.evidence == pair["evidence"]


def test_the_fit_has_the_stored_errors(script, points, solved):
    """Required accuracy: 30 meV on pristine carbon, heights to 0.05 Å, correct order of sites."""
    stored = json.loads((FIT / "results.json").read_text())
    for metal, (stages, fits) in solved.items():
        for species, stage in stages.items():
            rms = script.quality.rms(stage, stage.points, fits[species].values)
            assert rms == pytest.approx(stored[metal][species]["rms_energy"], rel=0.02)
        carbon, values = stages["C"], fits["C"].values
        assert stored[metal]["C"]["rms_energy"] < 0.030
        at, energy = script.quality.well(carbon, values, "graphene_hollow")
        height, depth = script.quality.well_of_data([p for p in carbon.points if p.curve == "graphene_hollow"])
        assert at == pytest.approx(height, abs=0.05)
        assert energy == pytest.approx(depth, abs=0.03)
        curves = {p.curve for p in carbon.points}
        sites = [s for s in ("graphene_hollow", "graphene_bridge", "graphene_top") if s in curves]
        order = [script.quality.well(carbon, values, site)[1] for site in sites]
        assert order == sorted(order)
        for species in ("N:graphitic", "N:pyridinic"):
            assert stored[metal][species]["rms_energy"] < 0.030


@pytest.mark.parametrize("curve", ["graphene_hollow", "graphN_topN", "n3v_center"])
def test_the_engine_computes_the_fitted_curves(script, points, solved, curve):
    """One K over the sheet repeated three times each way, wider than twice the cutoff; rounding of five digits."""
    stages, fits = solved["K"]
    kind = {"graphene_hollow": "C", "graphN_topN": "N:graphitic", "n3v_center": "N:pyridinic"}[curve]
    point = next(p for p in points if p.metal == "K" and p.curve == curve and not p.masked)
    frame = next(
        f
        for f in script.curves.read_frames()
        if f.info["config_type"] == curve and f.info["metal"] == "K" and f.info["height"] == point.height
    )
    sheet = frame[:-1].repeat((3, 3, 1))
    names = ["C", "N:graphitic", "N:pyridinic", "K"]
    site = "N:graphitic" if curve.startswith("graphN") else "N:pyridinic"
    species = [names.index("C" if s == "C" else site) for s in sheet.get_chemical_symbols()] + [3]
    cell = Cell(sheet.cell.array, (True, True, False))
    system = System(np.vstack([sheet.positions, frame.positions[-1]]), species, names, cell)
    walls = [(a, b) for k, a in enumerate(names) for b in names[k:] if "K" not in (a, b)]
    potential = Hybrid([load(SET, doping=point.concentration)], none=[*walls, ("K", "K")])
    energy, force = script.fitting.predict(point, stages[kind].terms_of(point, fits[kind].values))
    found = evaluate(potential, system)
    assert found.energy == pytest.approx(energy, abs=2e-3)
    assert found.forces[-1, 2] == pytest.approx(force, abs=5e-3)


def test_data_that_must_not_be_fitted_is_masked(points):
    masked = {(p.metal, p.curve, p.height): p.masked for p in points if p.masked}
    assert "no spin polarisation" in masked["K", "graphene_hollow", 6.0]
    assert "wall" in masked["K", "graphene_hollow", 1.8]
    assert all(p.energy < 0.5 for p in points if not p.masked)


def test_damaged_data_is_reported(script, tmp_path):
    for name in script.curves.FILES:
        shutil.copy(FIT / "data" / name, tmp_path)
    whole = tmp_path / "reference.extxyz"
    text = whole.read_text()
    whole.write_text(text[: len(text) // 2])
    with pytest.raises(FileFormatError, match=r"reference.extxyz"):
        script.curves.read_points(tmp_path)
    whole.write_text(text.replace("config_type=graphene_clean", "config_type=lost"))
    with pytest.raises(InputError, match="no clean sheet for graphene"):
        script.curves.read_points(tmp_path)
    whole.write_text(text.replace(" basis=PW300", "", 1))
    with pytest.raises(FileFormatError, match=r"frame 1 of \d+ has no basis"):
        script.curves.read_points(tmp_path)
    whole.unlink()
    with pytest.raises(FileFormatError, match="no such file"):
        script.curves.read_points(tmp_path)


def test_dopants_change_only_the_well_of_carbon():
    bare, doped = load(SET), load(SET, doping=0.04)
    for pair in read_set(SET).pair:
        key, settled = tuple(sorted(pair.species)), 1.0 - np.exp(-0.04 / pair.doping_scale)
        assert (pair.doped_depth > 1.0 > pair.doped_width) == (pair.species[1] == "C")
        for name, ratio in (("depth", pair.doped_depth), ("width", pair.doped_width)):
            assert doped.pairs[key][name] == pytest.approx(bare.pairs[key][name] * ratio**settled, rel=1e-13)
        for name in ("wall", "wall_width"):
            assert doped.pairs[key][name] == bare.pairs[key][name]


@pytest.mark.parametrize("metal", ["K", "Na"])
def test_the_loss_grows_evenly_between_the_concentrations_that_were_computed(script, points, solved, metal):
    """Height and energy change monotonically and continuously from a pristine sheet to a doped one."""
    stages, fits = solved[metal]
    hollow = next(p for p in stages["C"].points if p.curve == "graphene_hollow")
    heights = np.arange(2.0, 3.2, 0.01)
    wells = []
    for c in (0.0, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08):
        numbers = script.metal_carbon.doped(fits["C"].values, *fits["N:graphitic"].values[:2], c)
        terms = {"C": (script.metal_carbon.gaussians, numbers)}
        energies = [script.fitting.predict(script.quality.moved(hollow, h), terms)[0] for h in heights]
        wells.append((heights[int(np.argmin(energies))], min(energies)))
    at, energy = np.array(wells).T
    assert np.all(np.diff(energy) > 0.0)
    assert np.all(np.abs(np.diff(at)) < 0.06)
    assert takes_doping(SET)
    assert not takes_doping("nak-cn-dilute")
    with pytest.raises(InputError, match="does not apply to morse-dilute"):
        load("morse-dilute", doping=0.1)
    with pytest.raises(InputError, match="fraction of graphitic N"):
        load(SET, doping=1.5)


def test_a_wall_from_a_file_needs_a_doping():
    from nakmd.deck.draft import Draft
    from nakmd.deck.force_model import Model
    from nakmd.deck.matter import Structure
    from nakmd.runs.verify import _check_doping

    system = System(np.zeros((5, 3)), [0, 0, 0, 1, 2], ["C", "N:graphitic", "K"], Cell([20.0] * 3))
    from_file = Structure.model_validate({"file": {"path": "wall.extxyz"}})

    def said(**model):
        return [problem.what for problem in _check_doping(Draft(model=Model(**model), structure=from_file), system)]

    assert "[model] doping = 0.25" in said(potential=SET)[0]
    assert not said(potential=SET, doping=0.2)
    assert not said(potential="nak-cn-dilute")


def test_a_deck_passes_its_doping_to_the_set(tmp_path):
    from nakmd.deck.force_model import Model
    from nakmd.deck.matter import Structure
    from nakmd.runs.potential_builder import build_potential

    structure = Structure.model_validate(
        {"carbon": {"kind": "graphene", "size": ["20 Å", "20 Å"], "doping": {"graphitic": 0.04, "pyridinic": 0.02}}}
    )
    faults = []

    def depth(structure=structure, **model):
        made = build_potential(Model(potential=SET, **model), Path(), lambda *fault: faults.append(fault), structure)
        return made and made.pairs["C", "K"]["depth"]

    assert depth() == load(SET, doping=0.04).pairs["C", "K"]["depth"]
    assert depth(doping=0.01) == load(SET, doping=0.01).pairs["C", "K"]["depth"]
    assert depth(structure=None) == load(SET).pairs["C", "K"]["depth"]
    assert not faults
    assert build_potential(Model(potential="nak", doping=0.01), Path(), lambda *fault: faults.append(fault)) is None
    assert "does not apply to nak" in faults[0][1]
