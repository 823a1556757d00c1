"""`nakmd validate`: diffraction, forces on PBE frames, two atoms alone, the leaving atom, and the targets."""

import math
from types import SimpleNamespace

import ase
import ase.io
import numpy as np
import pytest
from ase.calculators.singlepoint import SinglePointCalculator

from nakmd.analysis import Measure
from nakmd.ase import NakMD
from nakmd.potentials import load
from nakmd.structures.crystal import crystal
from nakmd.structures.liquid import liquid
from nakmd.studies import validate
from nakmd.studies.validation import cold, diffraction, extremes, pbe_forces, point_findings, points, surface, targets
from nakmd.studies.validation.findings import Finding
from nakmd.studies.validation.points import points_for
from nakmd.studies.validation.references import Reference, reference_for
from nakmd.studies.validation.scales import FULL, QUICK
from nakmd.studies.validation.wanted import QUANTITIES, Wanted
from nakmd.studies.validation.written_page import write_page


def atoms_of(system):
    symbols = [system.species_names[s] for s in system.species]
    return ase.Atoms(symbols, system.positions, cell=system.cell.matrix, pbc=system.cell.periodic)


# ------------------------------------------------------------------------------------------ diffraction
def test_the_vertex_of_a_peak_and_its_error():
    """A parabola of height 2.7 at 2.02 1/Å with noise: the error covers the truth."""
    rng, q = np.random.default_rng(2), np.arange(1.0, 3.0, 0.03)
    pulls = []
    for _ in range(300):
        s = np.maximum(2.7 - 20.0 * (q - 2.02) ** 2, 0.3) + 0.03 * rng.standard_normal(len(q))
        found = diffraction.vertex(q, s, np.full(len(q), 0.03))
        pulls.append((found.value - 2.02) / found.error)
    # 68 % within one error; the error only grows with the scatter, so rather more; 4 × 0.027 below it is too few
    assert 0.57 < np.mean(np.abs(pulls) < 1.0) < 0.9
    assert abs(np.mean(pulls)) < 0.25
    assert math.isnan(diffraction.vertex(q, s, np.zeros(len(q))).value)


def test_the_radial_distribution_peaks_further_out():
    """4πr²ρg(r) is a Gaussian at 3.82 Å, and g(r) peaks 0.07 Å nearer: the reference is of the former."""
    r = np.arange(0.02, 10.0, 0.04)
    g = np.exp(-0.5 * ((r - 3.82) / 0.35) ** 2) / r**2
    assert point_findings._radial_peak({"r": r, "g": g, "peak": 3.75}) == pytest.approx(3.82, abs=2e-3)
    assert reference_for("first peak of g(r)", "Na") is None
    assert reference_for("first peak of 4πr²ρg(r)", "Na").low == 3.82


def test_the_slope_of_the_excess():
    slope = surface.slope_of_excess(0.67, {573.0: Measure(1.0, 0.3, "", 9.0), 400.0: Measure(1.5, 0.4, "", 9.0)})
    assert slope.value == pytest.approx(-0.5 / 173.0 * 1e3)
    assert slope.error == pytest.approx(0.5 / 173.0 * 1e3)


# --------------------------------------------------------------------------------------- forces of PBE
def test_agreement_is_that_of_numpy():
    rng = np.random.default_rng(4)
    x = rng.standard_normal((20, 3))
    y = 0.8 * x + 0.1 * rng.standard_normal((20, 3))
    found = pbe_forces.agreement(x, y)
    assert found["correlation"] == pytest.approx(np.corrcoef(x.ravel(), y.ravel())[0, 1], rel=1e-12)
    assert found["slope"] == pytest.approx(np.polyfit(x.ravel(), y.ravel(), 1)[0], rel=1e-12)
    slopes = [np.polyfit(np.delete(x, k, 0).ravel(), np.delete(y, k, 0).ravel(), 1)[0] for k in range(20)]
    assert found["slope error"] == pytest.approx(math.sqrt(19.0 / 20.0 * 20.0 * np.var(slopes)), rel=1e-9)


def test_frames_by_state_with_those_kept_out(tmp_path, monkeypatch):
    """Half the forces of the model itself: correlation 1 and slope 2, the third frame of a state apart."""
    frames = []
    for number in range(3):
        atoms = atoms_of(liquid(1.0, 400.0, n_atoms=64, seed=number + 1))
        atoms.calc = NakMD("nak")
        forces = 0.5 * atoms.get_forces()
        atoms.calc = SinglePointCalculator(atoms, forces=forces)
        atoms.info = {"state": "K_400K", "frame": number}
        frames.append(atoms)
    file = tmp_path / "liquid.extxyz"
    ase.io.write(file, frames)
    monkeypatch.setattr(pbe_forces, "file_of_frames", lambda: file)
    validation = validate("nak", ["forces"], quick=True, threads=1)
    figures = {f.quantity: f for f in validation.findings}
    assert len(figures) == 4
    for part, count in (("fitted", "2 frames"), ("kept out", "1 frame of")):
        assert figures[f"correlation of forces, {part}"].value == pytest.approx(1.0, abs=1e-9)
        assert figures[f"slope of forces, {part}"].value == pytest.approx(2.0, abs=1e-6)  # eight digits in the file
        assert figures[f"slope of forces, {part}"].notes[0].startswith(count)
    before = points_for(load("nak"), Wanted(["forces"]), QUICK)[0][0].digest(load("nak"), 0)
    ase.io.write(file, frames[:2])
    pbe_forces._frames.cache_clear()
    assert points_for(load("nak"), Wanted(["forces"]), QUICK)[0][0].digest(load("nak"), 0) != before


def test_missing_frames_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr(pbe_forces, "file_of_frames", lambda: tmp_path / "liquid.extxyz")
    plan, left_out = points_for(load("nak"), Wanted(["forces", "extremes"]), QUICK)
    assert [point.task for point in plan] == ["extremes"] * 3
    (reason,) = left_out
    assert "liquid.extxyz is not there" in reason


# -------------------------------------------------------------------------------------------- extremes
def test_two_atoms_of_a_known_well():
    """Morse: depth and distance are its parameters, one minimum; a second one is counted."""

    def energy(system):
        r = float(np.linalg.norm(system.positions[1] - system.positions[0]))
        return SimpleNamespace(energy=0.6 * ((1.0 - math.exp(-1.2 * (r - 3.5))) ** 2 - 1.0))

    morse = SimpleNamespace(bind=lambda names: SimpleNamespace(evaluate=energy))
    found = extremes.dimer(morse, "Na", "Na")
    assert found["depth"] == pytest.approx(0.6, abs=2e-3)  # 0.05 Å between the points
    assert found["length"] == pytest.approx(3.5, abs=0.026)
    assert found["wells"] == 1
    x = np.linspace(0.0, 1.0, 500)
    assert extremes.wells(np.cos(4.0 * math.pi * x)) == 2
    assert extremes.wells(np.exp(-x) + 1e-6 * np.cos(100.0 * x)) == 0


def test_compression_and_leaving_agree_with_finite_differences():
    """P = -dE/dV of ASE at V/V0 0.7, and the force on the leaving atom is -dE/dz of its own curve."""
    model = load("nak-2026")
    a = cold.lattice_constant(model, "Na")
    squeezed = extremes.compression(model, "Na", a)
    assert squeezed["rising"]
    row = int(np.argmin(np.abs(extremes.VOLUMES - 0.7)))
    edge = a * float(np.cbrt(extremes.VOLUMES[row]))
    energies = []
    for stretch in (1.0 - 1e-4, 1.0 + 1e-4):
        atoms = atoms_of(crystal("Na", 1, "bcc", edge * stretch))
        atoms.calc = NakMD(model)
        energies.append(atoms.get_potential_energy())
    pressure = -(energies[1] - energies[0]) / (6e-4 * edge**3) * 160.2176634
    assert squeezed["pressures"][row] == pytest.approx(pressure, rel=1e-5)
    gone = extremes.leaving(model, "Na", a)
    slopes = -np.gradient(gone["energies"], extremes.HEIGHTS)[1:-1]
    # second-order differences over 0.2 Å: 1 % of the largest force where it bends most
    near = extremes.HEIGHTS[1:-1] < 4.0
    assert np.array(gone["forces"])[1:-1][near] == pytest.approx(slopes[near], abs=0.01 * gone["pull"] + 2e-3)
    assert gone["energies"][-1] == 0.0


def test_the_page_shows_extremes_and_targets(tmp_path, monkeypatch):
    monkeypatch.setattr(points, "PAIRS", (("Na", "Na"), ("Na", "K")))
    validation = validate("nak-2026", ["extremes"], quick=True, threads=1)
    assert "pathology.png" in {path.name for path in write_page(validation, tmp_path)}
    assert validation["wells of the dimer", "NaK"].verdict == "agrees"
    assert "## Targets" not in (tmp_path / "validation.md").read_text()  # none of these has one


# --------------------------------------------------------------------------------------------- targets
def figure(quantity, of, value, error=0.0, temperature=None, reference=None):
    return Finding(
        group="liquid", quantity=quantity, of=of, temperature=temperature, value=value, error=error, unit="",
        reference=reference,
    )  # fmt: skip


def test_targets_are_judged_by_value_and_error():
    known = Reference(0.9, 0.92, 0.01, "common", "published")
    for value, error, verdict in (
        (0.91, 0.0, "stretch met"), (0.9245, 0.0, "stretch met"), (0.928, 0.0, "met"), (0.935, 0.0, "missed"),
        (0.935, 0.004, "within errors"), (math.nan, 0.0, "not measured"),
    ):  # fmt: skip
        found = figure("density", "Na", value, error, 400.0, known)  # 1 % of the middle is 0.0091
        target = targets.target_of(found)
        assert (target.verdict(found), target.text) == (verdict, "± 1 % (0.5 %)"), value
    forces = [figure("correlation of forces, kept out", "Na 400K", value, 1e-3) for value in (0.99, 0.975, 0.969, 0.96)]
    assert [targets.target_of(f).verdict(f) for f in forces] == ["stretch met", "met", "within errors", "missed"]
    bounds = [figure("vacancy, relaxed", "K", value) for value in (0.35, 0.43)]
    assert [targets.target_of(f).verdict(f) for f in bounds] == ["met", "missed"]
    assert targets.target_of(bounds[0]).text == "0.34 … 0.42"


def test_targets_cover_what_they_name_only():
    known = Reference(1.0, 1.0, 0.0, "common", "published")
    assert targets.target_of(figure("viscosity", "Na", 1.0, temperature=373.0, reference=known)) is None
    assert targets.target_of(figure("viscosity", "Na", 1.0, temperature=400.0, reference=None)) is None
    assert targets.target_of(figure("diffusion of Na", "NaK 0.67", 1.0, reference=known)) is None
    assert targets.target_of(figure("diffusion of Na", "Na", 1.0, reference=known)) is not None


# ------------------------------------------------------------------------------------------------ plan
def test_the_full_plan_has_every_state_of_the_targets():
    plan, _ = points_for(load("nak-2026"), Wanted(QUANTITIES), FULL)
    keys = {point.key.rsplit("/", 2)[0] for point in plan if point.task == "liquid"}
    assert keys >= {
        *(f"liquid/NaK 0.67/{t}" for t in (300, 400, 573, 700)), "liquid/NaK 0.3/400", "liquid/NaK 0.5/400",
        "liquid/NaK 0.7/400", *(f"liquid/Na/{t}" for t in (373, 400, 573, 1000)),
        *(f"liquid/K/{t}" for t in (338, 373, 400, 573, 1000)),
    }  # fmt: skip
    films = [point.key for point in plan if point.task == "surface"]
    assert sum("NaK 0.67" in key for key in films) == 2 * FULL.seeds
    assert {point.task for point in plan} >= {"vacancy", "lattice", "fusion", "melting", "diffraction", "extremes"}
