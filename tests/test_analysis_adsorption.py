"""Gibbs excess, enrichment and free-energy profiles of gases with known profiles."""

import math

import numpy as np
import pytest
from droplets import sheet_atoms, tube_atoms
from synthetic import frame, numbers_of, result_of_stream, topology

from nakmd.analysis import FrameList, FreeEnergyProfile, GibbsExcess, density, free_energy_profile, gibbs_excess
from nakmd.analysis.numerics.jackknife import jackknife, merged
from nakmd.cell import Cell
from nakmd.errors import AnalysisError
from nakmd.units import K_B

SHEET = sheet_atoms((20.0, 20.0), 0.0)
OPEN = (True, True, False)
KT = K_B * 450.0


def on_sheet(heights, seed=1, temperature=450.0, top=40.0, n_frames=120):
    """Frames of K and Na spread over a sheet; ``heights(rng)`` returns the heights of each."""
    rng = np.random.default_rng(seed)
    cell = Cell([20.0, 20.0, top], OPEN)
    frames = []
    for step in range(n_frames):
        k, na = heights(rng)
        points = [np.column_stack([rng.uniform(0.0, 20.0, (len(z), 2)), z]) for z in (k, na)]
        frames.append(frame(cell, np.concatenate([SHEET, *points]), step, temperature=temperature))
    kinds = topology(["C", "K", "Na"], [0] * len(SHEET) + [1] * len(k) + [2] * len(na), OPEN)
    return FrameList(kinds, frames)


def layered(rng):
    """40 K and 10 Na in a layer at 3 Å, 10 K and 10 Na at 6.5 Å; K and Na two to one from 8 to 36 Å."""
    k = np.concatenate([rng.normal(3.0, 0.3, 40), rng.normal(6.5, 0.3, 10), rng.uniform(8.0, 36.0, 560)])
    na = np.concatenate([rng.normal(3.0, 0.3, 10), rng.normal(6.5, 0.3, 10), rng.uniform(8.0, 36.0, 280)])
    return k, na


def test_known_excess_and_enrichment():
    record = gibbs_excess(on_sheet(layered))
    # up to the bulk: N_K - 2 N_Na = 50 - 2 · 20, independent of the bulk
    assert abs(record.value - (50 - 40) / 400.0) < 4.0 * record.error
    assert record.error < 0.01
    assert record.by_side["above"].value == record.value
    # with the dividing surface at the nuclei, 8 Å of bulk are missing
    for name, atoms, bulk in (("K", 50, 560), ("Na", 20, 280)):
        excess = record.excess["above", name]
        assert abs(excess.value - (atoms - bulk / 28.0 * 8.0) / 400.0) < 4.0 * excess.error
    assert abs(record.bulk_composition["above"].value - 2.0 / 3.0) < 4.0 * record.bulk_composition["above"].error
    first, second = (record.enrichment["above", n] for n in (1, 2))
    assert abs(first.value - 4.0 / 2.0) < 4.0 * first.error
    assert abs(second.value - 1.0 / 2.0) < 5.0 * second.error  # the layer includes a little of the bulk at its end
    assert record.layers["above"][0].peak == pytest.approx(3.0, abs=0.15)
    assert record.bulk["above"][0] == pytest.approx(10.0)
    assert 27.0 < record.bulk["above"][1] < 31.0  # 7 Å before the liquid ends
    assert record.plot().axes
    assert record.to_dict()["enrichment"]["above-1"]["value"] == first.value


def test_relative_adsorption_does_not_depend_on_where_the_bulk_begins():
    source = on_sheet(layered)
    near, far = (gibbs_excess(source, bulk=(start, 30.0)) for start in (10.0, 15.0))
    assert abs(near.value - far.value) < 4.0 * math.hypot(near.error, far.error)
    # Na over K has the opposite sign, times the ratio in the bulk
    exchanged = gibbs_excess(source, of="Na", over="K")
    assert exchanged.value == pytest.approx(-gibbs_excess(source).value / 2.0, rel=0.03)


def test_no_excess_at_an_inert_wall():
    """A uniform mixture around a tube: zero excess and F = 0 on either side of the wall, the Jacobian divided out."""
    rng = np.random.default_rng(4)
    cell = Cell([70.0, 70.0, 20.0])
    wall = tube_atoms(16.0, 20.0)
    frames = [
        frame(cell, np.concatenate([wall, rng.uniform(0, 1, (1500, 3)) * [70, 70, 20]]) + rng.normal(0, 5, 3), t)
        for t in range(60)
    ]
    kinds = topology(["C", "K", "Na"], [0] * len(wall) + [1 + i % 2 for i in range(1500)])
    source = FrameList(kinds, frames)
    excess = gibbs_excess(source)
    for side in ("outside", "inside"):
        # 10 Å beyond the wall; inside, the bulk is within 6 Å of the axis
        assert abs(excess.by_side[side].value) < 4.0 * excess.by_side[side].error
    profile = free_energy_profile(source, temperature=450.0, width=0.5)
    assert profile.sides == ("outside", "inside")
    for row in range(2):
        for kind in range(2):
            value, error = profile.value[row, kind], profile.error[row, kind]
            seen = np.isfinite(value) & (error > 0) & (error < 0.3 * KT)
            assert np.sum(seen) > 15
            assert np.mean(np.abs(value[seen]) < 3.0 * error[seen]) > 0.9


def test_exponential_profile_is_a_linear_free_energy():
    """ρ ~ e^{-f d/kT} up to 8 Å, uniform beyond: F falls by f per ångström, at a cylinder as at a plane."""
    slope = 0.5 * KT  # eV/Å

    def heights(rng, n_near, n_far, radius=None):
        near = rng.uniform(0.0, 8.0, 20 * n_near)
        density = np.exp(-slope / KT * (near - 8.0)) / math.exp(8.0 * slope / KT)
        if radius is not None:
            density = density * (radius + near) / (radius + 8.0)
        near = near[rng.uniform(size=len(near)) < density][:n_near]
        far = rng.uniform(8.0, 32.0, 30 * n_far)
        if radius is not None:
            far = far[rng.uniform(size=len(far)) < (radius + far) / (radius + 32.0)]
        return np.concatenate([near, far[:n_far]])

    # numbers of near and far atoms in the ratio of the integrals of e^{f (8 - d)/kT} and 1 over their ranges
    integral = KT / slope * (math.exp(8.0 * slope / KT) - 1.0)
    n_far = 60
    n_near = round(n_far * integral / 24.0)
    source = on_sheet(lambda rng: (heights(rng, n_near, n_far), heights(rng, n_near, n_far)))
    record = free_energy_profile(source, bulk=(10.0, 30.0), width=0.5)
    check_line(record, slope)

    # around a tube of 10 Å the same density has 2πr atoms at r
    radius, rng = 10.0, np.random.default_rng(2)
    d = np.linspace(0.0, 8.0, 4001)
    near = float(np.trapezoid(np.exp(slope / KT * (8.0 - d)) * (radius + d), d))
    n_near = round(n_far * near / (0.5 * ((radius + 32.0) ** 2 - (radius + 8.0) ** 2)))
    cell, wall = Cell([200.0, 200.0, 20.0]), tube_atoms(radius, 20.0)
    frames = []
    for step in range(150):
        r = radius + np.concatenate([heights(rng, n_near, n_far, radius) for _ in range(2)])
        phi = rng.uniform(0.0, 2.0 * math.pi, len(r))
        points = np.column_stack([r * np.cos(phi), r * np.sin(phi), rng.uniform(0, 20, len(r))])
        frames.append(frame(cell, np.concatenate([wall, points]), step, temperature=450.0))
    n = len(r) // 2
    kinds = topology(["C", "K", "Na"], [0] * len(wall) + [1] * n + [2] * n)
    check_line(free_energy_profile(FrameList(kinds, frames), bulk=(10.0, 30.0), width=0.5), slope)


def check_line(record, slope):
    truth = np.where(record.distance < 8.0, -slope * (8.0 - record.distance), 0.0)
    inside = record.distance < 28.0
    inside &= np.abs(record.distance - 8.0) > 0.5
    for kind in range(2):
        value, error = record.value[0, kind], record.error[0, kind]
        assert np.all(np.isfinite(value[inside]))
        assert np.mean(np.abs(value - truth)[inside] < 3.5 * error[inside]) > 0.9
        near = inside & (record.distance < 7.0)
        fitted = np.polyfit(record.distance[near], value[near], 1)[0]
        assert fitted == pytest.approx(slope, rel=0.08)


def test_wells_and_barriers_of_a_gaussian_layer():
    """In a Gaussian layer F = F_0 + kT (d - d_0)²/2σ²: depth, position and, half-way to the next, the barrier."""
    d_0, d_1, sigma, n, m = 3.0, 6.0, 0.5, 60, 400

    def heights(rng):
        near = [np.concatenate([rng.normal(d_0, sigma, n), rng.normal(d_1, sigma, n)]) for _ in range(2)]
        return [np.concatenate([part, rng.uniform(9.0, 36.0, m)]) for part in near]

    record = free_energy_profile(on_sheet(heights))
    assert record.temperature == pytest.approx(450.0)
    well = record.wells["above", "K"]
    depth = KT * math.log(n / (math.sqrt(2.0 * math.pi) * sigma) / (m / 27.0))
    # a parabola through ln ρ is exact here, bins of 0.1 Å blur σ² by 0.1²/12
    assert abs(well.position.value - d_0) < 4.0 * well.position.error
    assert well.position.error < 0.05
    assert abs(well.depth.value - depth) < 4.0 * well.depth.error + 0.01 * KT
    assert abs(well.second.value - d_1) < 4.0 * well.second.error
    # half-way both layers overlap: twice one Gaussian at 3σ
    barrier = KT * (0.5 * (0.5 * (d_1 - d_0) / sigma) ** 2 - math.log(2.0))
    assert abs(well.barrier_position.value - 4.5) < max(4.0 * well.barrier_position.error, 0.1)
    assert abs(well.barrier.value - barrier) < 4.0 * well.barrier.error + 0.15 * KT  # a parabola for ln cosh
    assert "well of" in str(record)
    assert record.plot().axes[0].lines
    assert record.to_dict()["wells"]["above-K"]["depth"]["unit"] == "eV"


def test_errors_match_the_deviations():
    """Over many runs, deviations from the exact values are as large as the errors."""
    deviations = []
    for seed in range(30):
        record = gibbs_excess(on_sheet(layered, seed=seed, n_frames=40))
        deviations.append((record.value - 10.0 / 400.0) / record.error)
    # a mean square of 30 standard deviates lies within 0.5 to 1.8 in 99 %; errors from 40 blocks scatter too
    assert 0.4 < np.mean(np.square(deviations)) < 2.2


def test_jackknife_is_the_standard_error_of_a_mean_and_right_for_a_logarithm():
    rng = np.random.default_rng(8)
    x = rng.normal(10.0, 1.0, 64)
    error, n_effective = jackknife(x, float)
    # white noise may appear slightly correlated by chance
    assert 30 < n_effective <= 64
    assert error == pytest.approx(np.std(x) / math.sqrt(n_effective - 1), rel=1e-9)
    logarithm, _ = jackknife(x, math.log)
    assert logarithm == pytest.approx(error / x.mean(), rel=0.02)
    assert np.isnan(jackknife(x[:1], float)[0])
    assert merged(np.arange(20.0), 8).tolist() == [0.5 + 2 * k for k in range(10)]
    assert len(merged(np.arange(5.0), 8)) == 5


def test_live_equals_stored():
    source = on_sheet(layered)
    for fresh, stored in ((GibbsExcess(), gibbs_excess(source)), (FreeEnergyProfile(), free_energy_profile(source))):
        assert numbers_of(result_of_stream(fresh, source, early=51)) == numbers_of(stored)


def test_missing_data_and_invalid_parameters_are_refused():
    source = on_sheet(layered)
    one = FrameList(source.topology, [source[0]])
    for function, name in ((gibbs_excess, "Gibbs excess"), (free_energy_profile, "free-energy profile")):
        with pytest.raises(AnalysisError, match=f"{name} needs at least 2 frames, got 1"):
            function(one)
        with pytest.raises(AnalysisError, match=r"There is no bulk liquid above: .* contains 0\.0 atoms"):
            function(source, bulk=(50.0, 60.0))
        with pytest.raises(AnalysisError, match=r"\(from, to\)"):
            function(source, bulk=(20.0, 10.0))
    with pytest.raises(AnalysisError, match="No atoms are called 'Rb'"):
        gibbs_excess(source, of="Rb")
    thin = on_sheet(lambda rng: (rng.normal(3.0, 0.3, 40), rng.normal(3.0, 0.3, 20)))
    with pytest.raises(AnalysisError, match=r"There is no bulk liquid above: .* \(metal extends to"):
        gibbs_excess(thin)
    drop = on_sheet(lambda rng: [30.0 - 30.0 * np.sqrt(rng.uniform(size=2000)) for _ in range(2)])
    with pytest.raises(AnalysisError, match=r"the density changes from .* as in a droplet"):
        free_energy_profile(drop)
    patch = on_sheet(lambda rng: [rng.uniform(2.0, 30.0, 2000) for _ in range(2)])
    for f in patch:
        f.positions[len(SHEET) :, 0] *= 0.3  # 6 of 20 Å
    with pytest.raises(AnalysisError, match="leaves part of the wall bare"):
        gibbs_excess(patch)
    assert any("leaves part of the wall bare" in note for note in density(patch).notes)
    cold = FrameList(source.topology, [frame(f.cell, f.positions, f.step) for f in source])
    with pytest.raises(AnalysisError, match="contains no temperature"):
        free_energy_profile(cold)
    assert free_energy_profile(cold, temperature=450.0).temperature == pytest.approx(450.0)
    with pytest.raises(AnalysisError, match="positive temperature"):
        FreeEnergyProfile(temperature=0.0)
