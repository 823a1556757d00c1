"""Several thermostats in one stage: their groups, regions, random numbers and accounts; decks with [[stage.bath]]."""

import re

import numpy as np
import pytest
from fakes import crystal, drive, gas, lennard_jones
from small_decks import frames_of
from test_deck_run import interrupt_at

import nakmd
from nakmd.errors import DeckError, InputError
from nakmd.integrators import (
    THERMOSTATS,
    Andersen,
    BathRegion,
    Bussi,
    CellRescaling,
    Langevin,
    NoseHoover,
    Swap,
    VelocityVerlet,
    initialize_velocities,
)
from nakmd.integrators.base import KineticSums
from nakmd.kernels import far_atoms
from nakmd.runs.plan import make_plan
from nakmd.runs.run import resume_run, run_deck
from nakmd.simulation import Simulation, Stage, ThermoLog, loop


def halves(n=40, seed=3):
    """Return a gas at 300 K with the groups a and b, and c that is in both."""
    system = gas(n, seed=seed)
    system.groups["a"] = np.arange(n) < n // 2
    system.groups["b"] = ~system.groups["a"]
    system.groups["c"] = np.abs(np.arange(n) - n // 2) < 3
    initialize_velocities(system, 300.0, seed=5)
    return system


# ------------------------------------------------------------------------------------------ accounts
@pytest.mark.parametrize("second", THERMOSTATS)
@pytest.mark.parametrize("first", THERMOSTATS)
def test_the_work_of_a_bath_is_the_energy_that_its_group_gains(first, second):
    """Without forces a group has only what its bath gave it; energies of 1 eV, sums of 20 atoms: 1e-13 of rounding."""
    system = halves()
    energy = {name: KineticSums(np.where(system.groups[name], system.masses, 0.0)) for name in "ab"}
    before = {name: sums.energy(system.velocities) for name, sums in energy.items()}
    baths = [THERMOSTATS[first](500.0, 0.05, "a"), THERMOSTATS[second](200.0, 0.05, "b")]
    integrator = VelocityVerlet(0.002, baths)
    drive(system, integrator, 50)
    for bath in baths:
        gained = energy[bath.group].energy(system.velocities) - before[bath.group]
        if not isinstance(bath, NoseHoover):  # whose work is minus the energy of its chain, which it conserves to dt²
            assert bath.work == pytest.approx(gained, abs=1e-12)
        assert abs(bath.work) > 1e-3
    assert integrator.thermostat_work == pytest.approx(sum(bath.work for bath in baths), abs=1e-14)
    assert integrator.set_temperature(7) is None
    assert integrator.baths == tuple(baths)


def test_two_baths_alike_are_one_bath_to_the_bit():
    """Noise is by atom and the second half of the drift is made once: the groups do not show in the motion."""
    one, two = crystal(), crystal()
    for system in (one, two):
        initialize_velocities(system, 60.0, seed=2)
    drive(one, VelocityVerlet(0.004, Langevin(80.0, 0.1)), 40, potential=lennard_jones())
    pair = [Langevin(80.0, 0.1, "left"), Langevin(80.0, 0.1, "right")]
    integrator = VelocityVerlet(0.004, pair)
    drive(two, integrator, 40, potential=lennard_jones())
    assert one.positions.tobytes() == two.positions.tobytes()
    assert one.velocities.tobytes() == two.velocities.tobytes()
    assert integrator.set_temperature(3) == 80.0
    assert [bath.finishes_drift for bath in pair] == [False, True]


def test_baths_that_scale_groups_draw_different_numbers():
    """Groups with the same velocities: with one stream of numbers they would do the same."""
    system = gas(40)
    system.groups["a"] = np.arange(40) < 20
    system.groups["b"] = ~system.groups["a"]
    system.species[:] = 0
    system.masses[:] = system.masses[0]
    initialize_velocities(system, 300.0, seed=5)
    system.velocities[20:] = system.velocities[:20]
    baths = [Bussi(300.0, 0.02, "a"), Bussi(300.0, 0.02, "b")]
    drive(system, VelocityVerlet(0.002, baths), 10)
    assert abs(baths[0].work - baths[1].work) > 1e-3
    alone = gas(40)
    alone.velocities[:] = 1.0
    one, other = Bussi(300.0, 0.02), Bussi(300.0, 0.02)
    drive(alone.copy(), VelocityVerlet(0.002, one), 10)
    drive(alone.copy(), VelocityVerlet(0.002, [other]), 10)
    assert one.work == other.work  # a single bath, given in a list, keeps its numbers


def test_conserved_energy_excludes_the_work_of_both_baths():
    """Crystal between 40 and 120 K, 4 ps: conserved within 1 % of the heat that has passed through."""
    system = crystal()
    baths = [Langevin(120.0, 0.1, "left"), Langevin(40.0, 0.1, "right")]
    log = ThermoLog(10)
    stage = Stage("produce", VelocityVerlet(0.002, baths), 2000, initial_temperature=80.0)
    Simulation(system, lennard_jones(), [stage], [log], seed=4).run()
    hot, cold = (np.array(log.column(f"bath_work_{name}")) for name in ("left", "right"))
    np.testing.assert_allclose(hot + cold, log.column("thermostat_work"), atol=1e-12)
    assert hot[-1] > 1.0
    assert cold[-1] < -1.0
    assert np.ptp(log.column("conserved")) < 0.01 * hot[-1]
    assert np.all(np.isnan(log.column("set_temperature")))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: [Langevin(300.0, 0.1, "a"), Bussi(300.0, 0.1, "c")],
            r"atoms \(the first is 18\) belong to 'c' and to 'a'",
        ),
        (lambda: [Langevin(300.0, 0.1), Langevin(300.0, 0.1, "a")], "20 atoms .* belong to 'a' and to 'all'"),
    ],
)
def test_an_atom_has_one_bath(make, message):
    with pytest.raises(InputError, match=message):
        drive(halves(), VelocityVerlet(0.001, make()), 1)


def test_what_needs_one_temperature_is_refused_beside_several():
    baths = [Langevin(300.0, 0.1, "Na"), Langevin(400.0, 0.1, "K")]
    with pytest.raises(InputError, match="have one thermostat, or give the barostat a temperature"):
        VelocityVerlet(0.001, baths, CellRescaling())
    stage = Stage("produce", VelocityVerlet(0.001, baths), 5, moves=(Swap(("Na", "K"), temperature=300.0),))
    with pytest.raises(InputError, match="baths of different temperatures and a move that swaps Na–K"):
        Simulation(crystal(), lennard_jones(), [stage])


# ------------------------------------------------------------------------------------------ regions
@pytest.mark.parametrize("shape", ["planar", "cylindrical"])
@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_region_is_that_of_a_plain_search(shape, axis):
    """1200 atoms in three chunks, some in other images; nearest image by a search over neighbours."""
    system = gas(1200, length=20.0)
    system.cell.matrix[:] = np.diag([14.0, 18.0, 22.0])
    rng = np.random.default_rng(3)
    system.positions[:] = rng.uniform(0.0, 1.0, (1200, 3)) * [14.0, 18.0, 22.0] + rng.integers(-2, 3, (1200, 3)) * [
        14.0, 18.0, 22.0,
    ]  # fmt: skip
    system.groups["wall"] = np.arange(1200) < 7
    region = BathRegion("wall", 5.0, axis, shape)
    region.start(system)
    outside = region.outside(system)
    away = system.positions - system.positions[:7].mean(axis=0)
    lengths = np.diag(system.cell.matrix)
    away -= lengths * np.round(away / lengths)
    column = "xyz".index(axis)
    distance = np.abs(away[:, column]) if shape == "planar" else np.linalg.norm(np.delete(away, column, axis=1), axis=1)
    assert np.array_equal(outside, distance <= 5.0)
    assert 100 < outside.sum() < 1100


def test_open_directions_have_no_images():
    near, center = np.zeros(2, dtype=bool), np.zeros(3)
    positions, matrix = np.array([[0.0, 0.0, 9.0], [0.0, 0.0, 1.0]]), np.eye(3) * 10.0
    for periodic, found in (([True] * 3, [True, True]), ([True, True, False], [False, True])):
        far_atoms.mark_near(positions, matrix, np.linalg.inv(matrix), np.array(periodic), center, 2, False, 2.0, near)
        assert near.tolist() == found


@pytest.mark.parametrize("kind", [kind for kind in THERMOSTATS.values() if kind.takes_region])
def test_a_bath_with_a_region_leaves_the_others_alone(kind):
    system = gas(400, length=20.0)
    system.groups["a"] = np.arange(400) < 20
    system.positions[:20, 2] = 10.0
    system.velocities[:] = 1.0
    bath = kind(300.0, 0.01, "all", region=BathRegion("a", 4.0))
    integrator = VelocityVerlet(0.001, bath)
    seen = np.zeros(400, dtype=bool)
    for seed in range(20):
        before, where = system.velocities.copy(), system.positions + 0.0005 * system.velocities
        drive(system, integrator, 1, seed=seed)
        changed = np.any(system.velocities != before, axis=1)
        away = where[:, 2] - where[:20, 2].mean()
        far = np.abs(away - 20.0 * np.round(away / 20.0)) > 4.0
        assert not np.any(changed & ~far)
        seen |= changed
    assert seen.sum() > 100


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Bussi(300.0, 0.1, "all", BathRegion("a", 3.0)), "Bussi thermostat acts on fixed atoms"),
        (lambda: BathRegion("a", -1.0), "a distance > 0"),
        (lambda: BathRegion("a", 1.0, "w"), "axis x, y or z"),
        (lambda: BathRegion("a", 1.0, "z", "round"), "planar or cylindrical"),
    ],
)
def test_regions_that_make_no_sense(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_a_region_selects_no_part_of_a_rigid_body():
    from nakmd.integrators import Mobility

    system = halves()
    bath = Langevin(300.0, 0.1, "all", BathRegion("a", 3.0))
    with pytest.raises(InputError, match="selects atoms one by one, and the group has rigid bodies"):
        drive(system, VelocityVerlet(0.001, bath), 1, mobility=Mobility(system, rigid=["a"]))


def test_andersen_and_langevin_hold_a_region_at_its_temperature():
    """An ideal gas in a region that covers it: as without a region, to the bit."""
    for kind in (Langevin, Andersen):
        plain, within = halves(), halves()
        drive(plain, VelocityVerlet(0.002, kind(500.0, 0.05)), 30)
        drive(within, VelocityVerlet(0.002, kind(500.0, 0.05, "all", BathRegion("a", 1e-9))), 30)
        assert plain.velocities.tobytes() == within.velocities.tobytes()


# ------------------------------------------------------------------------------------------ decks
HOT = {"ensemble": "bussi", "group": "Na", "temperature": "500 K", "tau": "0.1 ps"}
COLD = {
    "group": "K", "temperature": "400 K", "tau": "0.1 ps",
    "region": {"center": "Na", "beyond": "2 Å", "axis": "x", "shape": "cylindrical"},
}  # fmt: skip


def deck(*baths, **stage):
    return nakmd.Deck(
        model={"potential": "nak-2016"},
        structure={"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 60}},
        stage=[
            {"kind": "equilibrate", "temperature": "450 K", "steps": 10},
            {"kind": "produce", "steps": 20, "bath": list(baths or (HOT, COLD)), **stage},
        ],
        output={"trajectory_every": 5, "thermo_every": 2, "checkpoint_every": 10},
    )


def test_a_deck_with_baths_runs_and_resumes_to_the_bit_on_any_number_of_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "PROGRESS_INTERVAL", 0.0)
    run_deck(deck(), tmp_path / "whole", threads=1)
    run_deck(deck(), tmp_path / "threads", threads=2)
    stopped = run_deck(deck(), tmp_path / "halves", threads=1, progress=interrupt_at(17))
    assert stopped.status == "interrupted"
    resume_run(tmp_path / "halves")
    frames = {name: frames_of(tmp_path / name) for name in ("whole", "threads", "halves")}
    assert frames["whole"] == frames["threads"] == frames["halves"]
    tables = {}
    for name in frames:
        with nakmd.Trajectory(tmp_path / name / "trajectory.h5md") as trajectory:
            tables[name] = {c: v.tobytes() for c, v in trajectory.thermo.items() if c.startswith("bath_work")}
            thermo = trajectory.thermo
            assert trajectory.thermo_units["bath_work_K"] == "eV"
            assert trajectory.baths["produce"][1]["region"] == {
                "center": "Na", "beyond": 2.0, "axis": "x", "shape": "cylindrical",
            }  # fmt: skip
            assert trajectory["produce"].baths == trajectory.baths
    assert tables["whole"] == tables["threads"] == tables["halves"]
    produced = thermo["stage"] == "produce"
    assert np.all(thermo["bath_work_Na"][~produced] == 0.0)
    gained = thermo["thermostat_work"][produced] - thermo["thermostat_work"][~produced][-1]
    np.testing.assert_allclose((thermo["bath_work_Na"] + thermo["bath_work_K"])[produced], gained, atol=1e-12)


def test_a_deck_with_baths_is_written_and_read_again():
    given = deck()
    assert given.stage[1].ensemble == "baths"
    assert nakmd.Deck.from_text(given.to_toml()) == given


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ({"bath": [HOT]}, r"fewer than two \[\[stage.bath\]\]; for one thermostat write ensemble"),
        ({"ensemble": "baths"}, r"fewer than two"),
        ({"bath": [HOT, COLD], "ensemble": "nve"}, r'has ensemble = "nve" and \[\[stage.bath\]\]: remove one'),
        ({"bath": [HOT, COLD], "temperature": "450 K"}, r"has temperature beside \[\[stage.bath\]\]"),
        ({"bath": [HOT, COLD], "tau": "1 ps"}, r"has tau beside"),
        ({"bath": [HOT, COLD], "chain": 3}, r"has chain beside"),
        ({"bath": [HOT, COLD], "barostat": {}}, "has a barostat and several baths"),
        ({"bath": [HOT, COLD], "move": [{"species": ["Na", "K"]}]}, "has a move and several baths"),
        (
            {"bath": [{**HOT, "region": COLD["region"]}, COLD]},
            '"bussi" acts on fixed atoms; write ensemble = "langevin"',
        ),
        ({"bath": [{**HOT, "chain": 2}, COLD]}, 'has chain, which "bussi" does not use'),
    ],
)
def test_stages_with_baths_that_are_no_stages(stage, message):
    data = {"kind": "produce", "steps": 20, **stage}
    with pytest.raises((DeckError, ValueError), match=message):
        nakmd.Deck(
            model={"potential": "nak-2016"}, structure={"liquid": {"x_K": 0.5, "atoms": 60}}, stage=[data]
        )  # fmt: skip


@pytest.mark.parametrize(
    ("baths", "message"),
    [
        ([HOT, {**COLD, "group": "all"}], r"belong to 'all' and to 'Na'"),
        ([HOT, {**COLD, "group": "gold"}], "No atoms are called 'gold'"),
        ([HOT, {**COLD, "temperature": "50000 K"}], r"bath 2 temperature of 50000 K is too high"),
        ([HOT, {**COLD, "tau": "1 fs"}], r"bath 2 tau of 1 fs is shorter than ten steps"),
        ([HOT, {**COLD, "region": {**COLD["region"], "beyond": "900 Å"}}], "beyond 900 Å from .*, where no atom is"),
    ],
)
def test_faults_of_baths_in_a_plan(baths, message):
    assert any(re.search(message, fault) for fault in make_plan(deck(*baths)).faults)


def test_a_first_stage_with_baths_needs_velocities():
    alone = nakmd.Deck(
        model={"potential": "nak-2016"},
        structure={"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 60}},
        stage=[{"kind": "produce", "steps": 20, "bath": [HOT, COLD]}],
    )
    assert any('ensemble = "baths" draws none' in fault for fault in make_plan(alone).faults)


def test_conductance_needs_baths_in_the_deck():
    plain = nakmd.Deck(
        model={"potential": "nak-2016"},
        structure={"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 60}},
        stage=[{"kind": "produce", "steps": 20, "temperature": "450 K"}],
        analysis={"quantities": ["interfacial_conductance"]},
    )
    assert any("needs a stage with a [[stage.bath]]" in fault for fault in make_plan(plain).faults)
