"""Contact angles of synthetic droplets with known angle on sheets, around and in tubes."""

import math

import numpy as np
import pytest
from droplets import (
    DENSITY,
    barrel_on_tube,
    cap_on_sheet,
    clamshell_on_tube,
    film,
    plug_in_tube,
    ridge_on_tube,
    sheet_atoms,
    tube_atoms,
)
from synthetic import frame, numbers_of, result_of_stream, topology

from nakmd.analysis import ContactAngle, FrameList, contact_angle, run_all
from nakmd.analysis.geometry.liquid_surface import Circle, Unduloid, fit_circle, fit_unduloid
from nakmd.cell import Cell
from nakmd.errors import AnalysisError

#: Required accuracy [degree].
WITHIN = 1.0


def check(record, angle, shape):
    assert record.shape == shape
    assert record.unit == "degree"
    assert abs(record.value - angle) < WITHIN
    assert 0.0 < record.error < WITHIN  # 10⁵ atoms on average give an error of some tenths of a degree
    assert record.per_angstrom != 0.0


@pytest.mark.parametrize("angle", [60.0, 90.0, 130.0])
def test_spherical_cap(angle):
    source = cap_on_sheet(angle, radius=36.0 if angle < 90 else 26.0)
    record = contact_angle(source)
    check(record, angle, "spherical cap")
    assert record.side == "above"


@pytest.mark.parametrize("angle", [60.0, 120.0])
def test_cylindrical_cap(angle):
    record = contact_angle(cap_on_sheet(angle, radius=36.0 if angle < 90 else 26.0, ridge=True, n_frames=120))
    check(record, angle, "cylindrical cap")


@pytest.mark.parametrize("angle", [70.0, 130.0])
def test_ridge_outside_of_a_tube(angle):
    record = contact_angle(ridge_on_tube(angle))
    check(record, angle, "ridge along the tube")
    assert record.side == "outside"


@pytest.mark.parametrize("angle", [80.0, 110.0])
def test_ridge_inside_of_a_tube(angle):
    record = contact_angle(ridge_on_tube(angle, outside=False, radius=45.0, tube=30.0, n_frames=250))
    check(record, angle, "ridge along the tube")
    assert record.side == "inside"


@pytest.mark.parametrize("angle", [40.0, 80.0, 120.0])
def test_barrel_around_a_tube(angle):
    check(contact_angle(barrel_on_tube(angle)), angle, "barrel around the tube")


@pytest.mark.parametrize("angle", [90.0, 130.0])
def test_clamshell_on_a_wide_tube(angle):
    check(contact_angle(clamshell_on_tube(angle, radius=24.0, n_frames=120)), angle, "clamshell on the tube")


@pytest.mark.parametrize("angle", [50.0, 90.0, 120.0])
def test_plug_inside_of_a_tube(angle):
    record = contact_angle(plug_in_tube(angle, tube=20.0, half=28.0, n_frames=400))
    check(record, angle, "plug inside the tube")
    # all frames have the atom count of the emptiest Poisson sample, and the wall layer, twice as dense, is included
    assert 0.9 * DENSITY < record.liquid_density < 1.6 * DENSITY
    assert np.sign(record.curvature) == np.sign(angle - 90.0) or angle == 90.0


def test_droplet_below_a_sheet_is_the_mirror_image():
    source = cap_on_sheet(110.0)
    frames = []
    for f in source:
        mirrored = f.unwrapped * [1.0, 1.0, -1.0]
        frames.append(frame(f.cell, mirrored, f.step, f.time, temperature=450.0))
    above, below = contact_angle(source), contact_angle(FrameList(source.topology, frames))
    assert below.side == "below"
    assert below.value == pytest.approx(
        above.value, abs=0.05
    )  # bin edges are half-open, so mirrored atoms may change bins


def test_errors_cover_the_exact_angle():
    deviations = []
    for seed in range(12):
        record = contact_angle(cap_on_sheet(100.0, radius=20.0, n_frames=48, seed=seed))
        deviations.append((record.value - 100.0) / record.error)
    # 12 deviations of variance 1: their mean square lies within 0.3 to 2.2 in 99 % of cases
    assert 0.2 < np.mean(np.square(deviations)) < 2.5


def test_fits_are_exact_on_exact_points():
    for truth in (Circle(30.0, 1 / 25.0), Circle(30.0, -1 / 25.0), Circle(12.0, 0.0)):
        u = np.linspace(0.0, 20.0, 40)
        k = truth.curvature
        v = truth.apex - (u * u * k) / (1.0 + np.sqrt(1.0 - (k * u) ** 2))
        circle = fit_circle(np.stack([u, v], axis=1), np.ones(len(u)))
        assert circle.apex == pytest.approx(truth.apex, abs=1e-6)
        assert circle.curvature == pytest.approx(k, abs=1e-7)
    # a sphere around a vanishing tube is an unduloid with b = 0
    sphere = Unduloid(30.0, 1.0 / 30.0, 5.0)
    assert sphere.curve()[:, 0] ** 2 + sphere.curve()[:, 1] ** 2 == pytest.approx(900.0, rel=1e-4)  # trapezoidal rule
    cosine = math.cos(math.radians(75.0))
    truth = Unduloid(30.0, (30.0 - 12.0 * cosine) / (900.0 - 144.0), 12.0)
    unduloid = fit_unduloid(truth.curve()[50:350], np.ones(300), 12.0)
    assert math.degrees(math.acos(unduloid.cosine(12.0))) == pytest.approx(75.0, abs=1e-3)


def test_live_equals_stored_and_drawn():
    source = cap_on_sheet(110.0, radius=20.0, n_frames=20)
    whole = contact_angle(source)
    assert numbers_of(result_of_stream(ContactAngle(), source, early=10)) == numbers_of(whole)
    figure = whole.plot()
    assert len(figure.axes) == 2  # map and colour bar
    assert "degree" in str(whole)


def test_contact_plane_and_window():
    source = cap_on_sheet(90.0, n_frames=64)
    at_nuclei, higher = contact_angle(source), contact_angle(source, contact=1.0)
    # cos θ = 1 - κ (apex - z): at 90° an ångström changes it by κ
    assert higher.value - at_nuclei.value == pytest.approx(-math.degrees(at_nuclei.curvature), rel=0.05)
    assert at_nuclei.per_angstrom == pytest.approx(-math.degrees(at_nuclei.curvature), rel=0.05)
    assert any("16 blocks" in note for note in contact_angle(source, window=2.0).notes)  # 64 frames of 0.5 ps
    with pytest.raises(AnalysisError, match=r"Blocks of 40 ps .* span 31.5 ps"):
        contact_angle(source, window=40.0)


def one_frame(wall, metal, cell):
    species = [0] * len(wall) + [1] * len(metal)
    kinds = topology(["C", "K"], species, cell.periodic)
    return FrameList(kinds, [frame(cell, np.concatenate([wall, metal]), step) for step in range(2)])


def test_metal_that_forms_no_droplet_is_refused():
    rng = np.random.default_rng(3)
    cell = Cell([60.0, 60.0, 60.0])
    sheet = sheet_atoms((60.0, 60.0), 0.0)
    layer = rng.uniform([0, 0, 3], [60, 60, 12], (800, 3))
    with pytest.raises(AnalysisError, match="covers the sheet"):
        contact_angle(one_frame(sheet, layer, cell))
    tube = tube_atoms(12.0, 60.0) + 30.0
    around = rng.uniform(0.0, 60.0, (4000, 3))
    radius = np.hypot(around[:, 0] - 30.0, around[:, 1] - 30.0)
    with pytest.raises(AnalysisError, match="surrounds the tube"):
        contact_angle(one_frame(tube, around[radius > 14.0], cell))
    with pytest.raises(AnalysisError, match="fills the tube"):
        contact_angle(one_frame(tube, around[radius < 10.0], cell))
    small = rng.uniform([28, 28, 3], [34, 34, 6], (40, 3))
    with pytest.raises(AnalysisError, match="spread to a film of atomic thickness"):
        contact_angle(one_frame(sheet, small, cell))
    pill = rng.uniform([30, 19, 25], [34, 23, 35], (40, 3))
    with pytest.raises(AnalysisError, match="neither fills its cross-section"):
        contact_angle(one_frame(tube, pill, cell))


def test_missing_atoms_and_frames_are_refused():
    source = cap_on_sheet(90.0, radius=15.0, n_frames=3)
    with pytest.raises(AnalysisError, match="at least 2 frames, got 1"):
        contact_angle(FrameList(source.topology, [source[0]]))
    metal = topology(["K"], np.zeros(20))
    with pytest.raises(AnalysisError, match="needs a wall"):
        contact_angle(FrameList(metal, [frame(Cell([20.0] * 3), np.zeros((20, 3)))]))
    wall = topology(["C"], np.zeros(20))
    with pytest.raises(AnalysisError, match="needs metal atoms"):
        contact_angle(FrameList(wall, [frame(Cell([20.0] * 3), np.zeros((20, 3)))]))
    broken = source[1].positions.copy()
    broken[-1] = math.nan
    unstable = frame(source[0].cell, source[0].positions)
    unstable.positions[:] = broken
    (result,) = run_all(FrameList(source.topology, [unstable]), [ContactAngle()])
    assert "not finite" in str(result)
    with pytest.raises(AnalysisError, match="exclude >= 0"):
        ContactAngle(exclude=-1.0)


def test_a_cap_across_cell_boundaries():
    """A droplet across the faces of a cell whose sheet is at the top."""
    source = cap_on_sheet(100.0, n_frames=40)
    moved = [
        frame(f.cell, f.unwrapped + np.array([50.0, 41.0, 113.0]), f.step, f.time, temperature=450.0) for f in source
    ]
    assert contact_angle(FrameList(source.topology, moved)).value == pytest.approx(
        contact_angle(source).value, abs=1e-6
    )


def test_synthetic_film_has_the_requested_density():
    """Test of the generator, which the other tests rely on."""
    cell = Cell([40.0, 40.0, 60.0])
    source = film(
        sheet_atoms((40.0, 40.0), 0.0), cell, lambda p: p[:, 2] > 0, [0, 0, 10], [40, 40, 30], lambda p: p[:, 2] + 9
    )
    n = int(np.sum(source.topology.species > 0))
    assert n == pytest.approx(
        0.0128 * 40 * 40 * 20, rel=0.15
    )  # all frames have the atom count of the emptiest of 80 Poisson samples
