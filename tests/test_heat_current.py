"""The heat current: the derivative of Σ r_i E_i for every kind of potential, in runs, and the conductivity from it."""

import math

import configurations as made
import conftest
import models
import numpy as np
import pytest
from laws import prepared
from synthetic import autoregressive, frame, topology
from test_deck_run import interrupt_at

import nakmd
from nakmd.analysis import FrameList, ThermalConductivity, thermal_conductivity
from nakmd.analysis.thermal_conductivity import W_PER_M_K
from nakmd.cell import Cell
from nakmd.currents import HeatCurrent
from nakmd.errors import AnalysisError
from nakmd.neighbors import Neighbors
from nakmd.runs.plan import make_plan
from nakmd.runs.run import resume_run, run_deck
from nakmd.simulation import loop
from nakmd.system import Result
from nakmd.units import ACCELERATION, K_B

ROWS = {row.name: row for row in conftest.POTENTIALS}


def state_of(evaluator, system):
    """Return result, virials by atom, and Σ r_i E_i of a system."""
    neighbors, result = Neighbors(evaluator.requests, 0.3), Result(system.n_atoms)
    neighbors.update(system)
    virials = np.zeros((system.n_atoms, 3, 3))
    evaluator.compute(system, neighbors, result, virials=virials)
    kinetic = 0.5 / ACCELERATION * system.masses * np.sum(system.velocities**2, axis=1)
    return result, virials, (kinetic + result.energies) @ system.positions


@pytest.mark.parametrize("name", ["lennard_jones shift", "nichol-ackland", "tersoff lambda3", "screened, with tersoff"])
def test_heat_current_is_the_derivative_of_the_moment_of_energy(name):
    """Cluster of 8 to 20 atoms with thermal velocities, moved by ±h along its motion: h² terms 1e-8, rounding 1e-8."""
    row = next(r for key, r in ROWS.items() if key.replace("_", " ") == name.replace("_", " "))
    system = made.changed(row.system(), periodic=(False, False, False))
    evaluator = prepared(row, system.species_names)
    system.velocities[:] = np.random.default_rng(3).normal(size=system.positions.shape) * 5.0
    result, virials, _ = state_of(evaluator, system)
    current = HeatCurrent(system.topology)
    current.compute(system.velocities, result.energies, virials)
    h, moments = 1e-6, []
    accelerations = result.forces / system.masses[:, None] * ACCELERATION
    for step in (h, -h):
        moved = system.copy()
        moved.positions += step * system.velocities
        moved.velocities += step * accelerations
        moments.append(state_of(evaluator, moved)[2])
    slope = (moments[0] - moments[1]) / (2.0 * h)
    assert np.abs(current.heat.sum(axis=0) - slope).max() < 1e-6 * np.abs(current.heat).max()
    # a sum over pairs, i.e. half of every force at each atom, is not the current of a many-body potential
    assert np.abs(np.einsum("iab,ib->a", virials, system.velocities)).max() > 1e-3 * np.abs(slope).max()


def test_currents_by_element_are_sums_over_their_atoms():
    rng = np.random.default_rng(4)
    atoms = topology(["K", "Na", "Na:site"], [0, 1, 2, 1, 0])
    current = HeatCurrent(atoms)
    velocities, energies, virials = rng.normal(size=(5, 3)), rng.normal(size=5), rng.normal(size=(5, 3, 3))
    current.compute(velocities, energies, virials)
    whole = energies + 0.5 / ACCELERATION * atoms.masses * np.sum(velocities**2, axis=1)
    each = whole[:, None] * velocities + np.einsum("iab,ib->ia", virials, velocities)
    assert current.elements == ("K", "Na")
    np.testing.assert_allclose(current.heat, [each[[0, 4]].sum(axis=0), each[[1, 2, 3]].sum(axis=0)], rtol=1e-13)
    np.testing.assert_allclose(current.flow[1], velocities[[1, 2, 3]].sum(axis=0), rtol=1e-13)
    assert current.columns()["heat_z_Na"] == current.heat[1, 2]
    assert current.columns()["flow_x_K"] == current.flow[0, 0]


@pytest.mark.lammps
def test_heat_current_of_pairs_equals_that_of_lammps():
    """``compute heat/flux``; LAMMPS's own constants for m v² and nktv2p differ by 1e-7 from CODATA's."""
    import lammps_oracle

    row = next(r for key, r in ROWS.items() if key.replace("_", " ") == "lennard jones shift")
    system = row.system()
    system.velocities[:] = np.random.default_rng(5).normal(size=system.positions.shape) * 5.0
    result, virials, _ = state_of(prepared(row, system.species_names), system)
    current = HeatCurrent(system.topology)
    current.compute(system.velocities, result.energies, virials)
    theirs = lammps_oracle.run(system, *models.lammps(row.model, system.species_names)).heat
    assert np.abs(current.heat.sum(axis=0) - theirs).max() < 1e-6 * np.abs(current.heat).max()


# ------------------------------------------------------------------------------------------ in a run
WITH = {"virials": True, "heat_current": True}


def deck(output=None, **more):
    return nakmd.Deck(
        model={"potential": "nak-2016"},
        structure={"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 60}},
        stage=[{"kind": "produce", "temperature": "450 K", "steps": 20}],
        output={"trajectory_every": 5, "thermo_every": 2, "checkpoint_every": 10, **(output or {})},
        **more,
    )


def test_a_run_writes_what_its_frames_say_and_resumes_to_the_bit(tmp_path, monkeypatch):
    """Virials and currents change no bit of the motion; the current in the table is that of the frame of its step."""
    monkeypatch.setattr(loop, "PROGRESS_INTERVAL", 0.0)
    run_deck(deck(), tmp_path / "plain")
    run_deck(deck(WITH), tmp_path / "whole")
    stopped = run_deck(deck(WITH), tmp_path / "halves", progress=interrupt_at(11))
    assert stopped.status == "interrupted"
    resume_run(tmp_path / "halves")
    with (
        nakmd.Trajectory(tmp_path / "plain" / "trajectory.h5md") as before,
        nakmd.Trajectory(tmp_path / "whole" / "trajectory.h5md") as after,
        nakmd.Trajectory(tmp_path / "halves" / "trajectory.h5md") as resumed,
    ):
        assert before[0].virials is None
        assert "heat_x_K" not in before.thermo
        current = HeatCurrent(after.topology)
        assert len(after) == len(resumed) == 5
        for old, new, again in zip(before, after, resumed, strict=True):
            assert old.velocities.tobytes() == new.velocities.tobytes() == again.velocities.tobytes()
            assert new.virials.tobytes() == again.virials.tobytes()
            total = new.virials.sum(axis=0)
            assert np.abs(np.diag(total) - new.virial[:3]).max() < 1e-12 * np.abs(new.virials).sum()
            assert new.energies.sum() == pytest.approx(new.potential_energy, rel=1e-13)
            current.compute(new.velocities, new.energies, new.virials)
            rows = np.flatnonzero(after.thermo["step"] == new.step)
            for name, value in current.columns().items():
                assert list(after.thermo[name][rows]) == [value] * len(rows)
        for name in ("heat_x_K", "flow_z_Na"):
            assert np.all(np.isfinite(after.thermo[name]))
            assert after.thermo[name].tobytes() == resumed.thermo[name].tobytes()
            assert after.thermo_units[name].startswith("eV" if name.startswith("heat") else "Angstrom")


# ------------------------------------------------------------------------------------------ conductivity
T, V = 400.0, 8000.0


def of(heat, flow=None, elements=("K",), dt=0.02, **options):
    """Return the conductivity of a table of currents, (n, 3) and (n, n_elements, 3)."""
    n = len(heat)
    flow = np.zeros((n, len(elements), 3)) if flow is None else flow
    share = heat / len(elements)

    class Table(FrameList):
        thermo = {  # noqa: RUF012
            "time": dt * np.arange(n),
            "stage": np.array([""] * n),
            "temperature": np.full(n, T),
            "volume": np.full(n, V),
            **{f"heat_{d}_{e}": share[:, c] for e in elements for c, d in enumerate("xyz")},
            **{f"flow_{d}_{e}": flow[:, k, c] for k, e in enumerate(elements) for c, d in enumerate("xyz")},
        }

    atoms = topology(elements, np.arange(40) % len(elements))
    cell = Cell([20.0] * 3)
    frames = [frame(cell, np.ones((40, 3)), t, dt * t, temperature=T) for t in range(2)]
    return thermal_conductivity(Table(atoms, frames), discard="none", **options)


def known(seed, n, dt=0.02, tau=0.2, size=2.0):
    """Return a current of three components, (n, 3), and its conductivity, a sum of trapezoids [W/(m K)]."""
    series = size * np.stack([autoregressive(seed + k, n, math.exp(-dt / tau)) for k in range(3)], axis=1)
    return series, W_PER_M_K / (V * K_B * T**2) * size**2 * 0.5 * dt / math.tanh(0.5 * dt / tau)


def test_conductivity_of_a_known_current_and_stacie():
    stacie = pytest.importorskip("stacie")
    heat, exact = known(1, 15000)
    ours = of(heat)
    assert ours.value == pytest.approx(exact, abs=4 * ours.error)
    assert ours.error < 0.1 * exact
    assert ours.settled
    assert ours.unit == "W/(m K)"
    assert not ours.carried
    spectrum = stacie.compute_spectrum(
        heat.T, prefactors=W_PER_M_K / (V * K_B * T**2), timestep=0.02, include_zero_freq=False
    )
    theirs = stacie.estimate_acint(spectrum, stacie.ExpPolyModel([0, 2]))
    assert ours.value == pytest.approx(theirs.acint, abs=3 * math.hypot(ours.error, theirs.acint_std))
    along = of(heat, axis="y", volume=0.5 * V)
    assert along.value == pytest.approx(2.0 * exact, abs=4 * along.error)


def test_heat_that_diffusing_atoms_carry_does_not_count():
    """J = conduction + 0.7 eV for every K that moves: κ is that of the conduction, whatever the enthalpy."""
    conduction, exact = known(10, 15000)
    exchange = known(20, 15000, tau=0.05, size=3.0)[0]
    masses = topology(["K", "Na"], [0, 1]).masses
    flow = np.stack([exchange, -exchange * masses[0] / masses[1]], axis=1)
    found = of(conduction + 0.7 * exchange, flow, ("K", "Na"))
    assert found.value == pytest.approx(exact, abs=4 * found.error)
    assert found.carried["K"] == pytest.approx(0.7, abs=0.1)
    shifted = of(conduction + 5.7 * exchange, flow, ("K", "Na"))
    assert shifted.value == pytest.approx(found.value, rel=1e-6)
    assert "heat carried relative to Na" in shifted.notes[1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ThermalConductivity(axis="w"), "must be 'x', 'y' or 'z', not 'w'"),
        (lambda: ThermalConductivity(volume=-1.0), "must be positive, not -1"),
        (lambda: ThermalConductivity().prepare(topology(["C", "K"], [0, 1])), "has K and a wall of C"),
        (lambda: ThermalConductivity().prepare(topology(["C"], [0, 0])), "Give axis= and volume="),
        (lambda: of(np.zeros((100, 3))), "The heat current is zero in all rows"),
        (lambda: of(np.random.default_rng(1).normal(size=(200, 3))), "too large for the thermal conductivity"),
        (
            lambda: of(known(1, 400)[0], np.full((400, 2, 3), 90.0), ("K", "Na")),
            "The system moves as a whole",
        ),
    ],
)
def test_what_cannot_work_is_said(call, message):
    with pytest.raises(AnalysisError, match=message):
        call()


def test_frames_without_virials_name_the_deck_key():
    cell = Cell([20.0] * 3)
    frames = [frame(cell, np.ones((4, 3)), t, 0.02 * t, velocities=np.ones((4, 3))) for t in range(40)]
    with pytest.raises(AnalysisError, match=r"has no energies, virials of its atoms.*heat_current = true"):
        thermal_conductivity(FrameList(topology(["K"], np.zeros(4)), frames))


def test_a_deck_that_does_not_write_the_current_is_refused():
    wanted = {"quantities": ["thermal_conductivity"]}
    assert any("Write [output] heat_current = true." in fault for fault in make_plan(deck(analysis=wanted)).faults)
    enough = make_plan(deck(analysis=wanted, output={"heat_current": True}))
    assert not any("heat_current" in fault for fault in enough.faults)
    local = {"quantities": ["stress_profile"], "when": "live"}
    assert any("Write [output] virials = true." in fault for fault in make_plan(deck(analysis=local)).faults)
