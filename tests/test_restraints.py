"""Restraints: their derivatives, the choice of atoms, their work, and the same bits after resuming."""

import math

import numpy as np
import pytest
from fakes import IdealGas, crystal, drive, lennard_jones

from nakmd.cell import Cell
from nakmd.errors import InputError
from nakmd.integrators import MTK, Bussi, Fire, Mobility, Span, Swap, VelocityVerlet
from nakmd.simulation import Simulation, Stage, ThermoLog
from nakmd.simulation.restraints import (
    BoundRestraint,
    MassCenterDistance,
    Restraint,
    SiteDistance,
    WallDistance,
)
from nakmd.structures.graphene import graphene
from nakmd.structures.nanotube import nanotube
from nakmd.system import Result, System

SKEWED = Cell([[17.0, 0.0, 0.0], [3.0, 16.0, 0.0], [-2.0, 4.0, 18.0]])


def with_metal(wall, points, names=("K", "Na")):
    """Return a wall, shaken, with metal atoms at given points."""
    rng = np.random.default_rng(5)
    n, m = wall.n_atoms, len(points)
    positions = np.vstack([wall.positions + rng.normal(0.0, 0.05, (n, 3)), points])
    species = [*wall.species, *(len(wall.species_names) + np.arange(m) % 2)]
    groups = {"wall": np.arange(n + m) < n, "metal": np.arange(n + m) >= n}
    return System(positions, species, [*wall.species_names, *names], wall.cell, groups=groups)


def sheet():
    wall = graphene(lengths=(9.0, 9.0), bond=1.42, vacuum=9.0)
    height = wall.positions[:, 2].mean()
    return with_metal(wall, [[2.0, 3.0, height + 3.1], [5.0, 7.0, height - 4.0], [1.0, 1.0, height + 6.0]])


def tube():
    wall = nanotube(8, 0, length=9.0, bond=1.42, box=(22.0, 22.0))
    x, y = wall.positions[:, :2].mean(axis=0)
    return with_metal(wall, [[x + 6.0, y + 2.0, 4.0], [x - 0.3, y + 0.4, 2.0], [x - 5.0, y - 4.0, 8.0]])


def cloud(cell=SKEWED):
    rng = np.random.default_rng(3)
    fractional = np.vstack([rng.uniform(0.9, 1.1, (5, 3)), rng.uniform(0.2, 0.4, (4, 3))])
    species = [0, 1, 0, 1, 0, 1, 0, 1, 0]
    groups = {"five": np.arange(9) < 5, "four": np.arange(9) >= 5}
    return System(fractional @ cell.matrix, species, ["Na", "K"], cell, groups=groups)


CASES = {
    "sheet, from above": (sheet, WallDistance(species="K", nearest="wall", wall="wall")),
    "sheet, from below": (sheet, WallDistance(species="Na")),
    "sheet, centre of mass": (sheet, WallDistance(atom=-1)),  # replaced by the group below
    "tube, from outside": (tube, WallDistance(species="K", nearest="centre")),
    "tube, from inside": (tube, WallDistance(species="Na")),
    "site of one atom": (sheet, SiteDistance(species="K", site=(4,))),
    "site of three atoms": (cloud, SiteDistance(atom=7, site=(0, 1, 2))),
    "centres of mass": (cloud, MassCenterDistance(group="five", other="four")),
}


def bound_to(case, centre=4.0, spring=0.8):
    make, coordinate = CASES[case]
    system = make()
    if coordinate.atom == -1:
        metal = system.topology.select("metal").copy()
        metal[-2] = False
        system.groups["pair"] = metal
        coordinate = WallDistance(group="pair")
    restraint = Restraint(coordinate, spring, centre)
    return system, BoundRestraint(restraint, system, np.ones(system.n_atoms, bool), Span(0, 10))


def energy_of(bound, system):
    result = Result(system.n_atoms)
    bound.add(system, result)
    return bound.energy, result


def twin(case, system, bound):
    """Return ξ from the definition, with the shortest of 343 images."""
    probe, others = bound.probe, bound.atoms[bound.n_probe :]
    shifts = np.array(np.meshgrid(*[range(-3, 4)] * 3)).reshape(3, -1).T * system.cell.periodic @ system.cell.matrix

    def together(atoms):
        places = system.positions[atoms].copy()
        for k in range(1, len(places)):
            images = places[k] + shifts
            places[k] = images[np.argmin(np.linalg.norm(images - places[0], axis=1))]
        return places

    mass = system.masses
    center = np.average(together(probe), axis=0, weights=mass[probe])
    if "sheet" in case:
        return abs(center[2] - system.positions[others, 2].mean())
    if "tube" in case:
        middle = system.positions[others, :2].mean(axis=0)
        radius = np.linalg.norm(system.positions[others, :2] - middle, axis=1).mean()
        return abs(np.linalg.norm(center[:2] - middle) - radius)
    weights = mass[others] if "mass" in case else None
    other = np.average(together(others), axis=0, weights=weights)
    return np.linalg.norm(center - other + shifts, axis=1).min()


@pytest.mark.parametrize("case", CASES)
def test_coordinate_equals_its_definition(case):
    system, bound = bound_to(case)
    energy, result = energy_of(bound, system)
    assert bound.value == pytest.approx(twin(case, system, bound), abs=1e-12)
    assert energy == pytest.approx(0.4 * (bound.value - 4.0) ** 2, rel=1e-12)
    assert result.energies.sum() == pytest.approx(energy, rel=1e-12)
    # an atom that crosses a face of the cell stays where it is
    before = bound.value
    system.positions[bound.probe] += system.cell.matrix[0]
    assert energy_of(bound, system)[0] == pytest.approx(energy, rel=1e-9)
    assert bound.value == pytest.approx(before, abs=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_forces_and_virial_are_derivatives(case):
    system, bound = bound_to(case)
    _, result = energy_of(bound, system)
    step = 1e-5
    numerical = np.zeros_like(result.forces)
    for i in range(system.n_atoms):
        for c in range(3):
            ends = []
            for sign in (1.0, -1.0):
                moved = system.copy()
                moved.positions[i, c] += sign * step
                ends.append(energy_of(bound, moved)[0])
            numerical[i, c] = -(ends[0] - ends[1]) / (2.0 * step)
    scale = np.abs(result.forces).max()
    assert scale > 0.01
    assert np.abs(numerical - result.forces).max() < 1e-6 * scale
    assert np.abs(result.forces.sum(axis=0)).max() < 1e-13  # equal and opposite on both sides
    virial = np.zeros(6)
    for v, (a, b) in enumerate(((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))):
        ends = []
        for sign in (1.0, -1.0):
            strain = np.eye(3)
            strain[a, b] += 0.5 * sign * step
            strain[b, a] += 0.5 * sign * step
            cell = Cell(system.cell.matrix @ strain, system.cell.periodic.tolist())
            moved = System(system.positions @ strain, system.species, system.species_names, cell, groups=system.groups)
            ends.append(energy_of(bound, moved)[0])
        virial[v] = -(ends[0] - ends[1]) / (2.0 * step)
    assert np.abs(virial - result.virial).max() < 1e-6 * np.abs(result.virial).max()


def test_choice_of_an_atom():
    system = sheet()
    everything = np.ones(system.n_atoms, bool)

    def chosen(coordinate, centre=4.0, movable=everything):
        return BoundRestraint(Restraint(coordinate, 1.0, centre), system, movable, Span(0, 1)).probe.tolist()

    n = system.n_atoms - 3  # K at 3.1 and 6.0 Å, Na at 4.0 Å below
    assert chosen(WallDistance(species="K")) == [n]
    assert chosen(WallDistance(species="K", nearest="centre"), 5.5) == [n + 2]
    assert chosen(WallDistance(species="metal", nearest="centre"), 4.1) == [n + 1]
    held = everything.copy()
    held[n] = False
    assert chosen(WallDistance(species="K"), movable=held) == [n + 2]
    # equally far atoms: the one with the lowest index
    system.positions[n + 2] = system.positions[n]
    assert chosen(WallDistance(species="K")) == [n]


def test_a_following_stage_keeps_the_atom():
    system = sheet()
    coordinate, n = WallDistance(species="K"), system.n_atoms - 3
    first = Stage("a", VelocityVerlet(0.001), 5, restraints=(Restraint(coordinate, 1.0, 3.0),))
    _, bound = first.bind(system, 1, Span(0, 5))
    system.positions[n, 2] += 5.0  # now the other atom is nearer
    second = Stage("b", VelocityVerlet(0.001), 5, restraints=(Restraint(coordinate, 2.0, (3.0, 8.0), "pull"),))
    assert second.bind(system, 1, Span(5, 5), None, bound)[1][0].probe.tolist() == [n]
    assert second.bind(system, 1, Span(5, 5))[1][0].probe.tolist() == [n + 2]


def pulled(steps=300, ensemble=None, timestep=0.002, **more):
    """Return a crystal of soft spheres in which an atom is pulled from a group, and its log."""
    system, log = crystal(3), ThermoLog(1)
    coordinate = MassCenterDistance(species="K", other=(5, 6, 7), nearest="centre")
    stages = [
        Stage(
            "pull",
            VelocityVerlet(timestep, ensemble),
            steps,
            initial_temperature=60.0,
            restraints=(Restraint(coordinate, 2.0, (5.0, 7.0)),),
        ),
        Stage("hold", VelocityVerlet(timestep, ensemble), 40, restraints=(Restraint(coordinate, 1.0, 7.0, "hold"),)),
        Stage("free", VelocityVerlet(timestep, ensemble), 10),
    ]
    return Simulation(system, lennard_jones(), stages, [log], seed=3, **more), log


def column(log, name):
    return np.array(log.column(name), dtype=float)


def test_work_is_the_integral_of_the_power():
    simulation, log = pulled()
    simulation.run()
    value, centre = column(log, "coordinate_1")[:301], column(log, "restraint_centre_1")[:301]
    assert centre[0] == 5.0
    assert centre[-1] == 7.0
    power = -2.0 * (value - centre) * (2.0 / 0.6)  # ∂U/∂t, with ξ0 moving 2 Å in 0.6 ps
    work = np.concatenate([[0.0], np.cumsum(0.5 * (power[1:] + power[:-1]) * 0.002)])
    booked = column(log, "restraint_work")
    assert abs(work[-1]) > 0.05
    assert booked[:301] == pytest.approx(work, abs=1e-12)  # ∂U/∂t is linear in ξ: the trapezoidal rule is exact
    assert np.all(booked[301:] == booked[300])
    assert column(log, "restraint_energy_1")[:301] == pytest.approx((value - centre) ** 2, abs=1e-12)
    assert column(log, "restraint_force_1")[:301] == pytest.approx(-2.0 * (value - centre), abs=1e-12)
    # other stages have none; the value is absent, not zero
    assert np.all(np.isnan(column(log, "coordinate_1")[301:]))
    assert np.all(np.isnan(column(log, "coordinate_hold")[:301]))
    assert np.all(np.isfinite(column(log, "coordinate_hold")[301:341]))


def test_conserved_energy_excludes_the_work():
    """The remaining error is that of velocity Verlet: a quarter of it with half the time step."""
    errors = []
    for timestep, steps in ((0.002, 300), (0.001, 600)):
        simulation, log = pulled(steps, timestep=timestep)
        simulation.run()
        conserved = column(log, "conserved")
        assert np.ptp(column(log, "total_energy")) > 0.2
        # continuous where the restraints of the stages begin and end
        assert np.abs(np.diff(conserved)).max() < 2e-5
        errors.append(np.ptp(conserved[: steps + 1]))
    assert errors[0] < 1e-4
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.1)


def test_momentum_is_conserved():
    simulation, _ = pulled(20)
    simulation.run(20)
    momentum = simulation.system.masses @ simulation.system.velocities
    assert np.abs(momentum).max() < 1e-9 * simulation.system.masses.sum()


@pytest.mark.parametrize("ensemble", [None, Bussi(60.0, 0.1)], ids=["nve", "bussi"])
def test_resuming_gives_the_same_bits(ensemble):
    whole, log = pulled(60, ensemble)
    whole.run()
    for stop in (0, 23, 60, 75, 105):
        states = []
        part, before = pulled(60, ensemble, save=states.append)
        part.run(stop)
        rest, after = pulled(60, ensemble)
        # the restored run starts from other positions, from which another atom would be chosen
        rest.system.positions[:] = part.system.positions[::-1]
        rest.restore(states[-1])
        rest.run()
        assert rest.system.positions.tobytes() == whole.system.positions.tobytes()
        last = after.rows[-1]
        assert str(last) == str(log.rows[-1])  # as text, because NaN differs from itself
        assert before.rows[-1]["restraint_work"] == log.rows[len(before.rows) - 1]["restraint_work"]


def test_threads_do_not_change_the_bits():
    ends = []
    for threads in (1, 2):
        simulation, log = pulled(30, threads=threads)
        simulation.run(30)
        ends.append((simulation.system.positions.tobytes(), log.rows[-1]["restraint_work"]))
    assert ends[0] == ends[1]


def test_extending_holds_the_restraint_where_it_ended():
    system, log = crystal(3), ThermoLog(1)
    restraint = Restraint(SiteDistance(species="K", site=(5,), nearest="centre"), 2.0, (5.0, 6.0))
    stage = Stage("pull", VelocityVerlet(0.002), 20, initial_temperature=60.0, restraints=(restraint,))
    simulation = Simulation(system, lennard_jones(), [stage], [log])
    simulation.run()
    simulation.extend(15)
    simulation.run()
    assert column(log, "restraint_centre_1")[20:].tolist() == [6.0] * 16
    assert simulation.stages[-1].restraints[0].centre.is_constant
    assert np.abs(np.diff(column(log, "coordinate_1"))).max() < 0.05  # the same atom


def test_canonical_average_of_a_harmonic_bond():
    """Two atoms without other forces: P(ξ) ∝ ξ² exp(-k (ξ - ξ0)²/2kT) in three dimensions."""
    from nakmd.units import K_B

    system = System([[5.0, 5.0, 5.0], [8.0, 5.0, 5.0]], [0, 1], ["Na", "K"], Cell([40.0] * 3))
    spring, centre, temperature = 0.3, 3.0, 300.0
    bound = BoundRestraint(
        Restraint(SiteDistance(atom=1, site=(0,)), spring, centre), system, np.ones(2, bool), Span(0, 1)
    )
    values = []

    class Bond(IdealGas):
        def compute(self, system, neighbors, result, virial=True, virials=None, share=None, resting=()):
            super().compute(system, neighbors, result, virial, virials)
            bound.add(system, result)
            values.append(bound.value)

    from nakmd.integrators import Langevin

    drive(system, VelocityVerlet(0.01, Langevin(temperature, 0.3)), 12000, seed=2, potential=Bond())
    from nakmd.analysis.numerics.statistics import mean_with_error

    grid = np.linspace(0.0, 8.0, 4001)
    weight = grid**2 * np.exp(-0.5 * spring * (grid - centre) ** 2 / (K_B * temperature))
    mean = mean_with_error(values[1:], "Å")
    assert mean.error < 0.03
    assert abs(mean.value - (grid * weight).sum() / weight.sum()) < 4.0 * mean.error


def test_a_barostat_feels_the_restraint():
    """Energy is conserved with MTK as without a restraint (1.5e-4 eV); without its virial it is off by 0.07 eV."""
    system, log = crystal(3), ThermoLog(1)
    restraint = Restraint(MassCenterDistance(species="K", other=(5, 6, 7), nearest="centre"), 5.0, 7.5)
    integrator = VelocityVerlet(0.002, Bussi(60.0, 0.5), MTK(-4e-4, "xyz", 1.0))
    stage = Stage("npt", integrator, 400, initial_temperature=60.0, restraints=(restraint,))
    Simulation(system, lennard_jones(), [stage], [log], seed=3).run()
    assert np.ptp(column(log, "volume")) > 100.0
    assert np.ptp(column(log, "conserved")) < 3e-4


def test_restrained_atoms_are_not_exchanged():
    system = crystal(3)
    restraint = Restraint(SiteDistance(species="K", site=(5,)), 2.0, 5.0)
    move = Swap(("Na", "K"), temperature=300.0)
    stage = Stage("mixed", VelocityVerlet(0.001), 5, moves=(move,), restraints=(restraint,))
    _, (bound,) = stage.bind(system, 1, Span(0, 5))
    chosen = np.concatenate(move.atoms)
    assert not np.intersect1d(chosen, bound.atoms).size
    assert len(chosen) == system.n_atoms - 2


def test_a_frozen_wall_feels_nothing_and_the_minimum_is_where_the_spring_pulls():
    system = sheet()
    n = system.n_atoms - 3
    wall = system.positions[:n].copy()
    restraint = Restraint(WallDistance(species="K"), 1.0, 4.0)
    metal = ["Na", "K"]
    from nakmd.potentials import LennardJones

    weak = {"epsilon": 1e-9, "sigma": 1.0, "cutoff": 3.0}
    names = ["C", *metal]
    gas = LennardJones({(a, b): weak for k, a in enumerate(names) for b in names[k:]})
    stage = Stage("relax", Fire(1e-6), 500, "relax", frozen=("wall",), restraints=(restraint,))
    simulation = Simulation(system, gas, [stage])
    simulation.run()
    assert simulation.reports[0].converged
    assert np.array_equal(system.positions[:n], wall)
    assert system.positions[n, 2] - wall[:, 2].mean() == pytest.approx(4.0, abs=1e-5)  # force of 1e-6 over k


MESSAGES = [
    (WallDistance, "one of atom, species or group, got none"),
    (lambda: WallDistance(atom=1, species="K"), "got atom and species"),
    (lambda: WallDistance(atom=1, nearest="wall"), "chooses an atom of a species"),
    (lambda: SiteDistance(species="K", nearest="wall", site=(1,)), '"site" or "centre"'),
    (lambda: Restraint(WallDistance(atom=1), 0.0, 3.0), "spring of a restraint is 0"),
    (lambda: Restraint(WallDistance(atom=1), 1.0, (3.0, -1.0)), "distances are not negative"),
    (lambda: at(SiteDistance(species="K")), "needs its atoms"),
    (lambda: at(MassCenterDistance(species="K")), "needs the other group"),
    (lambda: at(SiteDistance(species="K", site=(999,))), "indices go from 0 to"),
    (lambda: at(SiteDistance(atom=4, site=(4,))), "atom 4 is on both sides"),
    (lambda: at(SiteDistance(species="Rb", site=(4,))), "No atoms are called 'Rb'"),
    (lambda: at(SiteDistance(group="K", site="wall")), "extends through the periodic cell along a"),
    (lambda: at(WallDistance(species="K"), centre=20.0), "distances up to 9.00 Å"),
    (lambda: at(WallDistance(species="K"), spring=1e5), "too stiff for a time step of 1 fs: the limit is"),
    (lambda: at(WallDistance(species="K"), frozen=("K",)), "no atom called 'K' can be chosen"),
    (lambda: at(WallDistance(atom=-3), frozen=("K",)), "indices go from 0"),
    (lambda: at(WallDistance(species="K", wall="metal")), "form 3 layers, at 5.0 and 12.1 and 15.0 Å"),
    (lambda: at(WallDistance(species="K"), integrator=Fire(0.1), centre=(3.0, 4.0)), "a relaxation has no time"),
    (lambda: twice("a", "a"), "two restraints called 'a'"),
    (lambda: twice("2", ""), "two restraints called '2'"),
]  # fmt: skip


def twice(*names):
    restraints = tuple(Restraint(WallDistance(species="K"), 1.0, 3.0, name) for name in names)
    Stage("x", Fire(), 5, restraints=restraints).bind(sheet(), 1, Span(0, 5))


def at(coordinate, spring=1.0, centre=4.0, frozen=(), integrator=None):
    stage = Stage(
        "x", integrator or VelocityVerlet(0.001), 5, frozen=frozen, restraints=(Restraint(coordinate, spring, centre),)
    )
    stage.bind(sheet(), 1, Span(0, 5))


@pytest.mark.parametrize(("make", "message"), MESSAGES, ids=[m for _, m in MESSAGES])
def test_messages(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_two_sheets_are_not_one_wall():
    wall = graphene(lengths=(9.0, 9.0), layers=2, gap=3.35, bond=1.42, vacuum=9.0)
    system = with_metal(wall, [[2.0, 3.0, wall.positions[:, 2].max() + 3.1]])
    mobility = Mobility(system)
    with pytest.raises(InputError, match="form 2 layers"):
        BoundRestraint(Restraint(WallDistance(species="K"), 1.0, 3.0), system, mobility.moves, Span(0, 1))


def test_wall_cut_by_a_face_of_the_cell():
    """The sheet at height zero, half of its atoms at the top of the cell, as a file with wrapped positions has it."""
    system = sheet()
    system.positions[:, 2] -= system.positions[:-3, 2].mean()
    whole = BoundRestraint(
        Restraint(WallDistance(species="K"), 1.0, 3.0), system, np.ones(system.n_atoms, bool), Span(0, 1)
    )
    energy = energy_of(whole, system)[0]
    cut = system.copy()
    cut.positions, _ = system.cell.wrap(system.positions)
    assert np.ptp(cut.positions[:-3, 2]) > 10.0
    bound = BoundRestraint(Restraint(WallDistance(species="K"), 1.0, 3.0), cut, np.ones(cut.n_atoms, bool), Span(0, 1))
    assert energy_of(bound, cut)[0] == pytest.approx(energy, abs=1e-12)
    assert math.isclose(bound.value, whole.value)
