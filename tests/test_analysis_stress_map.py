"""Stress of the atoms of a wall: of known virials on sheets and tubes, and of strained graphene."""

import math

import numpy as np
import pytest
from synthetic import frame, topology

from nakmd.analysis import FrameList, StressMap, stress_map
from nakmd.analysis.numerics.statistics import Measure
from nakmd.errors import AnalysisError
from nakmd.integrators import VelocityVerlet
from nakmd.potentials import load
from nakmd.simulation import LiveAnalysis, Simulation, Stage
from nakmd.structures import bundle, graphene, nanotube
from nakmd.units import J_PER_M2_PER_EV_A2


def frames_of(wall, tensors, n_frames=12, noise=0.0, sites=(), virials=True):
    """Return frames of a wall at rest whose atoms have the virials (n, 3, 3), with noise from frame to frame."""
    rng = np.random.default_rng(1)
    species = np.isin(np.arange(wall.n_atoms), sites).astype(int)
    fields = [{"virials": tensors + noise * rng.normal(size=tensors.shape)} if virials else {} for _ in range(n_frames)]
    return FrameList(
        topology(["C", "N:graphitic"], species),
        [
            frame(wall.cell, wall.positions, t, 0.1 * t, velocities=np.zeros((wall.n_atoms, 3)), **more)
            for t, more in enumerate(fields)
        ],
    )


def test_components_of_a_sheet_are_minus_the_virials_by_area():
    wall = graphene(lengths=(15.0, 15.0))
    tensors = np.zeros((wall.n_atoms, 3, 3))
    tensors[:] = [[2.0, 0.3, 0.0], [0.7, -1.0, 0.0], [0.0, 0.0, 0.4]]  # the antisymmetric part has no stress
    found = stress_map(frames_of(wall, tensors), discard="none")
    share = wall.cell.lengths[0] * wall.cell.lengths[1] / wall.n_atoms
    in_plane = np.sort(found.value[0, 1:3])
    np.testing.assert_allclose(in_plane, J_PER_M2_PER_EV_A2 * np.array([-2.0, 1.0]) / share, rtol=1e-9)
    assert found.value[0, 0] == pytest.approx(-0.4 * J_PER_M2_PER_EV_A2 / share)
    assert abs(found.value[0, 3]) == pytest.approx(0.5 * J_PER_M2_PER_EV_A2 / share)
    assert np.all(found.error < 1e-9)
    assert found.mean.value == pytest.approx(-0.5 * J_PER_M2_PER_EV_A2 / share)
    assert not found.shells
    assert np.all(np.isinf(found.distance))


def test_components_of_a_tube_are_around_and_along_it():
    wall = nanotube(6, 6, repeats=6)
    axis = wall.positions[:, :2].mean(axis=0)
    out = wall.positions - [*axis, 0.0]
    out[:, 2] = 0.0
    out /= np.linalg.norm(out, axis=1)[:, None]
    around = np.cross([0.0, 0.0, 1.0], out)
    tensors = 3.0 * out[:, :, None] * out[:, None] - 2.0 * around[:, :, None] * around[:, None]
    tensors[:, 2, 2] += 0.5
    found = stress_map(frames_of(wall, tensors), discard="none")
    share = 2.0 * math.pi * 4.07 * wall.cell.lengths[2] / wall.n_atoms  # radius of (6, 6) at 1.42 Å
    np.testing.assert_allclose(
        found.value / (J_PER_M2_PER_EV_A2 / share), np.tile([-3.0, 2.0, -0.5, 0.0], (wall.n_atoms, 1)), atol=0.02
    )
    assert found.axes == ("Rθ", "z")


def test_shells_around_sites_have_their_atoms_and_errors():
    """Graphene has 1, 3, 6, 3 atoms at 0, 1, √3, 2 bonds; noise of one atom and frame 0.1 eV, 64 frames."""
    wall = graphene(lengths=(22.0, 22.0))
    tensors = np.zeros((wall.n_atoms, 3, 3))
    tensors[5] = -4.0 * np.eye(3)
    found = stress_map(frames_of(wall, tensors, noise=0.1, sites=(5,), n_frames=64), discard="none")
    assert list(found.counts.items())[:3] == [((0.0, 1.3), 1), ((1.3, 2.6), 9), ((2.6, 3.9), 9)]
    share = wall.cell.lengths[0] * wall.cell.lengths[1] / wall.n_atoms
    unit = J_PER_M2_PER_EV_A2 / share
    site, near = list(found.shells.values())[:2]
    assert isinstance(site, Measure)
    assert site.value == pytest.approx(4.0 * unit, abs=4.0 * site.error)
    assert near.value == pytest.approx(0.0, abs=4.0 * near.error)
    # half the sum of two diagonal elements of 64 frames; errors from 32 to 64 blocks with an estimate of their memory
    assert site.error == pytest.approx(0.1 * math.sqrt(0.5 / 64) * unit, rel=0.6)
    assert near.error == pytest.approx(site.error / 3.0, rel=0.6)
    assert found.of_site.sum() == 1
    assert found.plot().axes
    assert "9 atoms" in list(found.rows())[2].quantity


def test_stress_of_strained_graphene_is_the_derivative_of_its_energy():
    """2 % of biaxial strain at 0 K: σ = dE/dA / 2 for equal strains, from energies at ±1e-4: 1e-6 relative."""
    model, bond = load("lindsay-broido-2010"), 1.4388 * 1.02

    def of(factor):
        return graphene(lengths=(15.0, 15.0), bond=bond * factor)

    def energy(system):
        return model.bind(system.species_names).evaluate(system).energy

    wall = of(1.0)
    area = [float(np.prod(of(f).cell.lengths[:2])) for f in (1.0 - 1e-4, 1.0 + 1e-4)]
    slope = (energy(of(1.0 + 1e-4)) - energy(of(1.0 - 1e-4))) / (area[1] - area[0])
    live = LiveAnalysis(StressMap(), wall.topology, 1)
    Simulation(wall, model, [Stage("produce", VelocityVerlet(1e-6), steps=1)], [live], threads=1).run()
    found = live.result()
    assert found.mean.value == pytest.approx(J_PER_M2_PER_EV_A2 * slope, rel=1e-5)
    np.testing.assert_allclose(found.value[:, 1:3], found.mean.value, rtol=1e-4)  # all atoms are alike


def test_what_has_no_stress_is_refused():
    wall = graphene(lengths=(15.0, 15.0))
    none = np.zeros((wall.n_atoms, 3, 3))
    with pytest.raises(AnalysisError, match=r"no virials .* \[output\] virials = true"):
        stress_map(frames_of(wall, none, virials=False), discard="none")
    with pytest.raises(AnalysisError, match=r"selects no atom|No atoms are called"):
        stress_map(frames_of(wall, none), around="N", discard="none")
    with pytest.raises(AnalysisError, match="must be positive, not -1"):
        StressMap(reach=-1.0)
    double = graphene(lengths=(15.0, 15.0), layers=2)
    with pytest.raises(AnalysisError, match=r"The layers of the wall are 3.[34] Å apart"):
        stress_map(frames_of(double, np.zeros((double.n_atoms, 3, 3))), discard="none")
    rope = bundle([(6, 6)], 2, length=12.0)
    with pytest.raises(AnalysisError, match="The wall has several tubes"):
        stress_map(frames_of(rope, np.zeros((rope.n_atoms, 3, 3))), discard="none")
