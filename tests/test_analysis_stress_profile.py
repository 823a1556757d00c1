"""Profiles of the pressure tensor: of known stresses on sheets and around tubes, and of a film."""

import math

import numpy as np
import pytest
from synthetic import frame, topology

from nakmd.analysis import FrameList, stress_profile, surface_tension
from nakmd.cell import Cell
from nakmd.errors import AnalysisError
from nakmd.units import ACCELERATION, BAR_PER_EV_A3, J_PER_M2_PER_EV_A2


def film(n_frames=24, seed=1):
    """A film of K and Na across z with virials of any kind, (frames, atoms); the virial is their sum."""
    rng = np.random.default_rng(seed)
    cell, n = Cell([20.0, 21.0, 50.0]), 120
    atoms = topology(["K", "Na"], np.arange(n) % 2)
    frames = []
    for step in range(n_frames):
        positions = rng.uniform([0.0, 0.0, 10.0], [20.0, 21.0, 32.0], size=(n, 3))
        virials = rng.normal(size=(n, 3, 3))
        whole = virials.sum(axis=0)
        voigt = [0.5 * (whole[a, b] + whole[b, a]) for a, b in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))]
        fields = {"velocities": rng.normal(size=(n, 3)), "virials": virials, "virial": np.array(voigt)}
        frames.append(frame(cell, positions, step, 0.1 * step, **fields))
    return FrameList(atoms, frames)


@pytest.mark.parametrize("about", ["cell", "center", None])
def test_the_integral_over_a_film_is_twice_its_surface_tension(about):
    """Whatever the profile: both are the same sum over atoms, L (P_N - P_T); and bins add up to the pressure."""
    source = film()
    record = stress_profile(source, about=about, discard="none")
    of_tensor = surface_tension(source, discard="none")
    (tension,) = record.tension.values()
    assert tension.value == pytest.approx(2.0 * of_tensor.tension.value, rel=1e-10)
    volumes = 20.0 * 21.0 * np.diff(record.edges)
    assert record.components[0] == "normal"
    assert record.density[0] @ volumes == pytest.approx(120.0, rel=1e-12)
    normal = np.nansum(record.value[0, 0] * volumes) / (20.0 * 21.0 * 50.0)
    assert normal * BAR_PER_EV_A3 == pytest.approx(of_tensor.normal_pressure.value, rel=1e-10)
    assert record.plot().axes
    assert next(iter(record.rows())).quantity.startswith("integral of normal less tangential pressure along z")


def test_an_ideal_gas_has_its_pressure_in_every_bin():
    """No virial: P = n kT in all components; 60 frames of 100 atoms in a bin leave √(3/100)/√60 = 2.2 %."""
    rng = np.random.default_rng(3)
    cell, n, temperature = Cell([20.0, 20.0, 20.0]), 400, 500.0
    atoms = topology(["K"], np.zeros(n))
    scale = math.sqrt(8.617333262e-5 * temperature * ACCELERATION / atoms.masses[0])
    frames = [
        frame(
            cell, rng.uniform(0.0, 20.0, size=(n, 3)), t, 0.1 * t,
            velocities=scale * rng.normal(size=(n, 3)), virials=np.zeros((n, 3, 3)),
        )
        for t in range(60)
    ]  # fmt: skip
    record = stress_profile(FrameList(atoms, frames), about="cell", width=5.0, discard="none")
    exact = n / 8000.0 * 8.617333262e-5 * temperature
    assert np.abs(record.value - exact).max() < 5.0 * record.error.max()
    assert record.error.max() < 0.04 * exact
    np.testing.assert_allclose(record.kinetic, record.value, rtol=1e-12)


def tube(radius=8.0, length=12.0):
    """Positions of carbon on a cylinder along z in the middle of a cell of 40 Å."""
    angles = np.linspace(0.0, 2.0 * math.pi, 36, endpoint=False)
    rings = [
        np.stack([20.0 + radius * np.cos(angles + 0.08 * k), 20.0 + radius * np.sin(angles + 0.08 * k), 0 * angles + z])
        for k, z in enumerate(np.arange(0.0, length, 1.0))
    ]
    return np.concatenate([ring.T for ring in rings])


def test_components_around_a_tube_are_radial_circumferential_and_axial():
    """W_i = a e_r⊗e_r + b e_φ⊗e_φ + c e_z⊗e_z and an antisymmetric part, which no component sees."""
    rng = np.random.default_rng(5)
    carbon, n = tube(), 300
    angle, radius = rng.uniform(0.0, 2.0 * math.pi, n), np.sqrt(rng.uniform(0.0, 25.0, n))
    metal = np.stack([20.0 + radius * np.cos(angle), 20.0 + radius * np.sin(angle), rng.uniform(0.0, 12.0, n)], axis=1)
    e_r = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    e_f = np.stack([-np.sin(angle), np.cos(angle), 0 * angle], axis=1)
    a, b, c = 0.03, -0.02, 0.005
    virials = a * np.einsum("ia,ib->iab", e_r, e_r) + b * np.einsum("ia,ib->iab", e_f, e_f)
    virials[:, 2, 2] += c
    virials += np.array([[0.0, 7.0, 1.0], [-7.0, 0.0, 2.0], [-1.0, -2.0, 0.0]])
    whole = np.concatenate([np.zeros((len(carbon), 3, 3)), virials])
    atoms = topology(["C", "K"], [0] * len(carbon) + [1] * n)
    positions = np.concatenate([carbon, metal])
    cell = Cell([40.0, 40.0, 12.0])
    frames = [frame(cell, positions, t, 0.1 * t, velocities=0.0 * positions, virials=whole) for t in range(3)]
    record = stress_profile(FrameList(atoms, frames), width=1.0, discard="none")
    assert record.sides == ("outside", "inside")
    assert record.components == ("radial", "circumferential", "axial")
    held = record.density[1] > 0.0
    assert held.sum() == 5
    for row, exact in enumerate((a, b, c)):
        np.testing.assert_allclose(record.value[1, row, held] / record.density[1, held], exact, rtol=1e-9)
    area = 2.0 * math.pi * 8.0 * 12.0
    exact = 2.0 * n * (0.5 * (a + b) - c) / area * 1e3 * J_PER_M2_PER_EV_A2
    assert list(record.tension) == ["inside"]
    assert record.tension["inside"].value == pytest.approx(exact, rel=1e-6)


def test_frames_without_virials_name_the_deck_key():
    source = film(2)
    for item in source:
        item.virials = None
    with pytest.raises(AnalysisError, match=r"no virials of its atoms.*\[output\] virials = true"):
        stress_profile(source)
