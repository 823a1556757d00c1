"""The loop: stages, observers, checkpoints to the last bit, signals, and the watch over exploding runs."""

import math
import os
import signal
from functools import partial

import numpy as np
import pytest
from fakes import IdealGas, NoNeighbors, crystal, gas, lennard_jones

from nakmd.errors import AnalysisError, ExplosionError, InputError, NeighborOverflowError
from nakmd.integrators import (
    BAROSTATS,
    MINIMISERS,
    MTK,
    THERMOSTATS,
    Bussi,
    CellRescaling,
    Fire,
    Langevin,
    NoseHoover,
    VelocityVerlet,
)
from nakmd.kernels.jit import set_threads
from nakmd.simulation import (
    THERMO_UNITS,
    FrameWriter,
    LiveAnalysis,
    Observer,
    Simulation,
    Stage,
    Status,
    ThermoLog,
    ThermoWriter,
)

PRESSURE = 2e-4  # eV/Å³


class Frames(Observer):
    """Keeps all frames."""

    def __init__(self, every, stages=None, needs=()):
        super().__init__(every, stages)
        self.needs = frozenset(needs)
        self.frames = []
        self.flushes = 0
        self.closed = False

    def observe(self, frame):
        self.frames.append(frame)

    def flush(self):
        self.flushes += 1

    def close(self):
        self.closed = True

    @property
    def steps(self):
        return [frame.step for frame in self.frames]


class ListWriter:
    """A trajectory in memory."""

    def __init__(self):
        self.frames, self.rows = [], []

    n_frames = property(lambda self: len(self.frames))
    n_thermo = property(lambda self: len(self.rows))

    def write(self, frame):
        self.frames.append(frame)

    def write_thermo(self, row):
        self.rows.append(row)

    def flush(self):
        pass

    def close(self):
        pass

    def truncate(self, n_frames, n_thermo):
        del self.frames[n_frames:], self.rows[n_thermo:]


def barostat(axes):
    return CellRescaling(PRESSURE, axes, 0.3, 300.0, every=3)


def thermostatted(kind):
    return VelocityVerlet(0.004, kind((60.0, 120.0), 0.1))


def barostatted(kind):
    return VelocityVerlet(0.004, Bussi(90.0, 0.1), kind((0.0, 1e-3), ["xy", "z"], 0.3))


ENSEMBLES = {
    "nve": lambda: VelocityVerlet(0.004),
    "langevin": lambda: VelocityVerlet(0.004, Langevin((60.0, 120.0), 0.1)),
    "bussi": lambda: VelocityVerlet(0.004, Bussi((60.0, 120.0), 0.1)),
    "langevin group": lambda: VelocityVerlet(0.004, Langevin(90.0, 0.1, group="left")),
    "bussi group": lambda: VelocityVerlet(0.004, Bussi(90.0, 0.1, group="left")),
    "langevin xyz": lambda: VelocityVerlet(0.004, Langevin(90.0, 0.1), barostat("xyz")),
    "langevin z": lambda: VelocityVerlet(0.004, Langevin(90.0, 0.1), barostat("z")),
    "langevin x+y+z": lambda: VelocityVerlet(0.004, Langevin(90.0, 0.1), barostat(["x", "y", "z"])),
    "bussi xyz": lambda: VelocityVerlet(0.004, Bussi(90.0, 0.1), barostat("xyz")),
    "bussi xy+z ramp": lambda: VelocityVerlet(
        0.004, Bussi(90.0, 0.1), CellRescaling((0.0, 1e-3), ["xy", "z"], 0.3, 300.0, every=3)
    ),
    "nve z": lambda: VelocityVerlet(0.004, None, CellRescaling(PRESSURE, "z", 0.3, 300.0, temperature=90.0)),
    "nose-hoover group": lambda: VelocityVerlet(0.004, NoseHoover(90.0, 0.1, group="left", chain=4)),
    "nose-hoover mtk xy+z ramp": lambda: VelocityVerlet(
        0.004, NoseHoover((60.0, 120.0), 0.1), MTK((0.0, 1e-3), ["xy", "z"], 0.5)
    ),
    "nve mtk": lambda: VelocityVerlet(0.004, None, MTK(PRESSURE, "z", 0.5, temperature=90.0)),
    # Every kind that is registered resumes with the same bits, whoever adds it.
    **{f"{word}, registered": partial(thermostatted, kind) for word, kind in THERMOSTATS.items()},
    **{f"{word}, registered": partial(barostatted, kind) for word, kind in BAROSTATS.items()},
    **{word: partial(kind, 1e-12) for word, kind in MINIMISERS.items()},
}


def two_stages(make, steps=40):
    """Return a first stage that the second one follows in mid-flight, so that a boundary lies in the run."""
    return [
        Stage("first", make(), steps // 2, kind="equilibrate", initial_temperature=90.0, tethered={"right": 0.02}),
        Stage("second", make(), steps - steps // 2, tethered={"right": 0.02}),
    ]


def simulate(make=ENSEMBLES["langevin"], stages=None, skin=0.3, **words):
    return Simulation(crystal(2), lennard_jones(), stages or two_stages(make), seed=4, skin=skin, **words)


def bits(simulation):
    system = simulation.system
    return (
        system.positions.tobytes(),
        system.velocities.tobytes(),
        system.cell.matrix.tobytes(),
        simulation.result.forces.tobytes(),
        simulation.conserved_energy.hex(),
        simulation.time.hex(),
    )


# ------------------------------------------------------------------------------------------------ to the last bit
@pytest.mark.parametrize("name", ENSEMBLES)
def test_stopped_and_resumed_runs_have_the_same_bits(name):
    whole = simulate(ENSEMBLES[name], observers=[ThermoLog(5)])
    assert whole.run() is Status.FINISHED
    for pause in (7, 20, 33):  # in each stage, and on the boundary
        states = []
        first = simulate(ENSEMBLES[name], save=states.append, observers=[ThermoLog(5)])
        assert first.run(pause) is Status.PAUSED
        second = simulate(ENSEMBLES[name], observers=[ThermoLog(5)])
        second.restore(states[-1])
        assert second.step == pause
        assert second.run() is Status.FINISHED
        assert bits(second) == bits(whole)
        rows = first.observers[0].rows + second.observers[0].rows
        assert [str(row) for row in rows] == [str(row) for row in whole.observers[0].rows]
    assert whole.step == 40
    assert whole.neighbors.n_builds > 1 or name in MINIMISERS


def test_a_state_survives_later_steps():
    simulation = simulate()
    simulation.run(10)
    state = simulation.state()
    before = state["positions"].copy()
    simulation.run(10)
    assert np.array_equal(state["positions"], before)
    assert not np.array_equal(simulation.system.positions, before)


def test_pausing_changes_nothing():
    whole, pieces = simulate(ENSEMBLES["bussi xyz"]), simulate(ENSEMBLES["bussi xyz"])
    whole.run()
    while pieces.run(3) is not Status.FINISHED:
        pass
    assert bits(pieces) == bits(whole)


@pytest.mark.parametrize("name", ["langevin xyz", "bussi", "nose-hoover mtk xy+z ramp"])
def test_threads_change_nothing(name):
    answers = []
    for threads in (1, 2, 4):
        simulation = simulate(ENSEMBLES[name], threads=threads)
        simulation.run()
        answers.append(bits(simulation))
    set_threads(4)
    assert answers[0] == answers[1] == answers[2]


def test_a_checkpoint_on_disk_goes_on_with_the_same_bits_on_other_threads(tmp_path):
    from nakmd.io.checkpoint import read_checkpoint, write_checkpoint
    from nakmd.potentials import load

    def make(threads, **words):
        return Simulation(
            crystal(3, lattice=6.4), load("nak"), two_stages(ENSEMBLES["bussi xyz"]), seed=1, threads=threads, skin=0.3,
            **words,
        )  # fmt: skip

    whole = make(1)
    whole.run()
    path = tmp_path / "checkpoint.h5"
    first = make(2, save=lambda state: write_checkpoint(path, state))
    first.run(27)
    second = make(4)
    second.restore(read_checkpoint(path))
    second.run()
    assert bits(second) == bits(whole)


def test_seeds_change_everything():
    system, other = crystal(2), crystal(2)
    for seed, atoms in ((1, system), (2, other)):
        Simulation(atoms, lennard_jones(), two_stages(ENSEMBLES["langevin"]), seed=seed).run()
    assert not np.any(system.velocities == other.velocities)


def test_observers_change_nothing():
    plain, watched = simulate(ENSEMBLES["langevin xyz"]), None
    plain.run()
    watched = simulate(
        ENSEMBLES["langevin xyz"],
        observers=[Frames(1, needs=["virial", "pair_energies"]), ThermoLog(2)], checkpoint_every=7, save=lambda s: None,
    )  # fmt: skip
    watched.run()
    assert bits(plain) == bits(watched)


def test_extended_runs_equal_longer_ones():
    def stages(steps):
        return [Stage("produce", VelocityVerlet(0.004, Bussi(90.0, 0.1)), steps, initial_temperature=90.0)]

    whole, parts = simulate(stages=stages(40)), simulate(stages=stages(25))
    whole.run()
    parts.run()
    state = parts.state()
    again = simulate(stages=stages(25))
    again.restore(state)
    for simulation in (parts, again):
        simulation.extend(15)
        assert simulation.run() is Status.FINISHED
        assert bits(simulation) == bits(whole)
        assert [report.steps for report in simulation.reports] == [40]


def test_extending_a_ramp_goes_on_at_its_end():
    simulation = simulate(stages=[Stage("heat", VelocityVerlet(0.004, Langevin((10.0, 60.0))), 20)])
    simulation.run()
    simulation.extend(10)
    assert [stage.steps for stage in simulation.stages] == [20, 10]
    simulation.run()
    assert simulation.thermo_row()["set_temperature"] == 60.0
    assert simulation.step == 30


def test_a_state_of_another_run_is_refused():
    simulation = simulate()
    simulation.run(5)
    state = simulation.state()
    with pytest.raises(InputError, match="holds 32 atoms, the system 108"):
        Simulation(crystal(3), lennard_jones(), two_stages(ENSEMBLES["nve"])).restore(state)
    with pytest.raises(InputError, match="'first'; this run has 'other'"):
        simulate(stages=[Stage("other", VelocityVerlet(0.004), 5)]).restore(state)


# ------------------------------------------------------------------------------------------------ stages and observers
def test_observers_see_their_steps_and_stages():
    everything, second, thermo = Frames(10), Frames(4, stages=["second"]), Frames(10, stages=["equilibrate"])
    simulation = simulate(observers=[everything, second, thermo])
    simulation.run()
    assert everything.steps == [0, 10, 20, 30, 40]
    assert [frame.stage for frame in everything.frames] == ["first"] * 3 + ["second"] * 2
    assert second.steps == [24, 28, 32, 36, 40]
    assert thermo.steps == [0, 10, 20]
    simulation.close()
    assert everything.closed
    assert everything.flushes > 0


def test_frames_tell_the_state():
    frames = Frames(20, needs=["virial", "pair_energies"])
    simulation = simulate(ENSEMBLES["bussi xyz"], observers=[frames])
    simulation.run()
    frame, system = frames.frames[-1], simulation.system
    assert np.abs(frame.unwrapped - system.positions).max() < 1e-12
    assert np.array_equal(frame.velocities, system.velocities)
    assert frame.cell.matrix is not system.cell.matrix
    assert frame.potential_energy == simulation.result.energy
    assert frame.pair_energies[0, 1] == frame.pair_energies[1, 0] < 0.0
    assert frame.kinetic_energy == pytest.approx(system.kinetic_energy(), rel=1e-12)
    assert frame.temperature == pytest.approx(system.temperature(96), rel=1e-12)  # tethers take no momentum off
    assert frame.time == pytest.approx(0.16, rel=1e-12)
    with pytest.raises(ValueError, match="read-only"):
        frame.velocities[0] = 0.0


def test_frames_hold_only_what_is_asked_for():
    frames = Frames(10)
    simulate(observers=[frames]).run()
    assert frames.frames[1].virial is None
    assert frames.frames[1].pair_energies is None


def test_virial_in_a_frame_is_that_of_its_step():
    # A barostat that asks for the virial at other steps must not leave an old one behind.
    seen = Frames(1, needs=["virial"])
    simulation = simulate(ENSEMBLES["nve"], observers=[seen])
    simulation.run(9)
    rare = Frames(9, needs=["virial"])
    other = simulate(ENSEMBLES["nve"], observers=[rare])
    other.run(9)
    assert np.array_equal(rare.frames[-1].virial, seen.frames[-1].virial)
    assert np.all(np.isfinite(rare.frames[-1].virial))


def test_thermo_rows_are_consistent():
    log = ThermoLog(10)
    simulation = simulate(ENSEMBLES["langevin xyz"], observers=[log])
    simulation.run()
    for row in log.rows:
        assert row["total_energy"] == row["kinetic_energy"] + row["potential_energy"]
        assert row["volume"] == pytest.approx(row["length_a"] * row["length_b"] * row["length_c"], rel=1e-12)
        mean = (row["pressure_xx"] + row["pressure_yy"] + row["pressure_zz"]) / 3.0
        assert row["pressure_bar"] == pytest.approx(mean * 1602176.634, rel=1e-12)
    assert set(log.rows[0]) - set(THERMO_UNITS) == {"step", "stage"}
    assert log.column("step") == [0, 10, 20, 30, 40]
    assert log.rows[1]["tether_energy"] > 0.0
    last = simulation.thermo_row()
    assert last["set_temperature"] == 90.0
    pressure = (
        (2.0 * simulation.kinetic_energy + simulation.result.virial[:3].sum()) / 3.0 / simulation.system.cell.volume
    )
    assert last["pressure_bar"] == pytest.approx(pressure * 1602176.634, rel=1e-9)


def test_conserved_energy_is_continuous_through_stages():
    log = ThermoLog(1)
    stages = [
        Stage("relax", Fire(1e-3), 50, kind="relax"),
        Stage("heat", VelocityVerlet(0.002, Langevin((60.0, 120.0), 0.1)), 60, initial_temperature=60.0),
        Stage("produce", VelocityVerlet(0.002), 60),
    ]
    simulation = simulate(stages=stages, observers=[log])
    simulation.run()
    rows = [row for row in log.rows if row["stage"] != "relax"]
    conserved = [row["conserved"] for row in rows]
    assert np.ptp([row["total_energy"] for row in rows]) > 0.05
    assert np.ptp(conserved) < 2e-3  # the shadow energy of 32 atoms at 120 K and 2 fs


def test_relaxation_ends_when_converged_and_takes_no_time():
    log = ThermoLog(1)
    stages = [
        Stage("relax", Fire(1e-3), 500, kind="relax"),
        Stage("produce", VelocityVerlet(0.002, Bussi(50.0)), 10, initial_temperature=50.0),
    ]
    simulation = simulate(stages=stages, observers=[log])
    assert simulation.run() is Status.FINISHED
    report = simulation.reports[0]
    assert report.converged
    assert report.largest_force <= 1e-3
    assert 0 < report.steps < 500
    assert simulation.step == report.steps + 10
    assert simulation.time == pytest.approx(0.02, rel=1e-12)
    relaxing = [row for row in log.rows if row["stage"] == "relax"]
    assert all(row["temperature"] == 0.0 and row["time"] == 0.0 for row in relaxing)
    assert relaxing[-1]["largest_force"] == report.largest_force
    assert math.isnan(log.rows[-1]["largest_force"])
    assert simulation.reports[1].converged is None


def test_relaxation_that_does_not_converge_says_so():
    simulation = simulate(stages=[Stage("relax", Fire(1e-9), 5, kind="relax")])
    simulation.run()
    assert simulation.reports[0].converged is False
    assert simulation.reports[0].largest_force > 1e-9


def test_stages_begin_at_their_temperature_without_total_momentum():
    frames = Frames(1)
    stages = [
        Stage("noisy", VelocityVerlet(0.001, Langevin(300.0, 0.01)), 50),
        Stage("calm", VelocityVerlet(0.001), 1),
        Stage("again", VelocityVerlet(0.001), 1, initial_temperature=77.0),
    ]
    simulation = simulate(stages=stages, observers=[frames])
    simulation.run(49)
    system = simulation.system
    assert np.abs((system.masses[:, None] * system.velocities).sum(axis=0)).max() > 1.0
    simulation.run(2)
    assert np.abs((system.masses[:, None] * system.velocities).sum(axis=0)).max() < 1e-10
    simulation.run()
    # One step of 1 fs later: kinetic energy changes by about F v dt, a per cent here.
    assert frames.frames[-1].temperature == pytest.approx(77.0, rel=0.05)


def test_tethers_keep_their_centres_from_stage_to_stage():
    simulation = simulate(ENSEMBLES["langevin"])
    start = simulation.system.positions[simulation.system.groups["right"]].copy()
    simulation.run()
    assert np.array_equal(simulation.state()["tether_centres"], start)


def test_progress_is_reported():
    seen = []
    simulation = simulate(report=seen.append)
    simulation.run()
    last = seen[-1]
    assert (last.step, last.total_steps, last.stage, last.stage_index, last.n_stages) == (40, 40, "second", 1, 2)
    assert last.seconds_left == 0.0
    assert last.ns_per_day == pytest.approx(last.steps_per_second * 0.004 * 86.4, rel=1e-12)


# ------------------------------------------------------------------------------------------------ writers and analyses
def test_writers_drop_what_was_written_after_the_checkpoint():
    def make(writer, states):
        return simulate(
            ENSEMBLES["bussi"], observers=[FrameWriter(writer, 4), ThermoWriter(writer, 2)],
            checkpoint_every=10, save=states.append,
        )  # fmt: skip

    whole, states = ListWriter(), []
    make(whole, states).run()
    assert [state["step"] for state in states] == [10, 20, 30, 40, 40]
    killed = ListWriter()
    killed.frames, killed.rows = list(whole.frames), list(whole.rows)
    simulation = make(killed, [])
    simulation.restore(states[1])
    assert [frame.step for frame in killed.frames] == [0, 4, 8, 12, 16, 20]
    simulation.run()
    assert [frame.step for frame in killed.frames] == [frame.step for frame in whole.frames]
    assert all(np.array_equal(a.positions, b.positions) for a, b in zip(killed.frames, whole.frames, strict=True))
    assert [str(row) for row in killed.rows] == [str(row) for row in whole.rows]


class MeanEnergy:
    """The simplest analysis."""

    needs = frozenset({"virial"})

    def prepare(self, topology):
        self.n_atoms, self.seen = topology.n_atoms, []

    def update(self, frame):
        assert frame.virial is not None
        self.seen.append(frame.potential_energy / self.n_atoms)

    def result(self):
        return np.mean(self.seen)


def test_live_analyses_equal_those_of_stored_frames_also_after_a_resume():
    def make(writer):
        simulation = simulate(ENSEMBLES["bussi"], observers=[FrameWriter(writer, 4)])
        live = LiveAnalysis(MeanEnergy(), simulation.system.topology, 4, stages=["produce"])
        live.attach(simulation)
        simulation.observers.append(live)
        return simulation, live

    writer = ListWriter()
    whole, live = make(writer)
    whole.run()
    assert len(live.analysis.seen) == 5
    writer = ListWriter()
    first, _ = make(writer)
    first.run(30)
    second, resumed = make(writer)
    second.restore(first.state())
    assert resumed.replay(writer.frames, kinds={"second": "produce", "first": "equilibrate"}) == 2
    second.run()
    assert resumed.analysis.result() == live.analysis.result()


def test_an_analysis_that_cannot_go_on_does_not_end_the_run():
    class Choosy(MeanEnergy):
        def update(self, frame):
            if frame.step > 8:
                raise AnalysisError("the cell has become too small")
            super().update(frame)

    simulation = simulate(ENSEMBLES["bussi"])
    live = LiveAnalysis(Choosy(), simulation.system.topology, 4)
    simulation.observers.append(live)
    assert simulation.run() is Status.FINISHED
    assert len(live.analysis.seen) == 3  # steps 0, 4 and 8
    with pytest.raises(AnalysisError, match="too small"):
        live.result()


# ------------------------------------------------------------------------------------------------ stopping
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_finish_the_step_and_save(number):
    class Killer(Observer):
        def observe(self, frame):
            if frame.step == 12:
                os.kill(os.getpid(), number)

    before, states = signal.getsignal(number), []
    simulation = simulate(ENSEMBLES["bussi"], observers=[Killer(4)], save=states.append)
    assert simulation.run() is Status.INTERRUPTED
    assert simulation.step == states[-1]["step"] == 12
    assert signal.getsignal(number) is before
    assert simulation.run() is Status.FINISHED
    whole = simulate(ENSEMBLES["bussi"])
    whole.run()
    assert bits(simulation) == bits(whole)


def test_second_signal_acts_at_once():
    class Killer(Observer):
        def observe(self, frame):
            if frame.step == 4:
                os.kill(os.getpid(), signal.SIGINT)
                os.kill(os.getpid(), signal.SIGINT)

    frames = Frames(2)
    # a test run in the background is started with SIGINT ignored, and would go on being so
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            simulate(observers=[Killer(4), frames]).run()
    finally:
        signal.signal(signal.SIGINT, before)
    assert frames.flushes == 1


def test_observers_may_ask_to_stop():
    class Satisfied(Observer):
        def attach(self, simulation):
            self.simulation = simulation

        def observe(self, frame):
            if frame.step == 8:
                self.simulation.request_stop()

    simulation = simulate(observers=[Satisfied(4)])
    assert simulation.run() is Status.INTERRUPTED
    assert simulation.step == 8


# ------------------------------------------------------------------------------------------------ the watch
class Broken(IdealGas):
    """Goes wrong from a step on."""

    def __init__(self, change, call=60):
        self.change, self.calls, self.first = change, 0, call

    def compute(self, system, neighbors, result, virial=True):
        super().compute(system, neighbors, result, virial)
        self.calls += 1
        if self.calls >= self.first:
            self.change(system, result)


def run_broken(change, integrator=None, periodic=(True, True, True), temperature=100.0, call=60, steps=500):
    system = gas(20, periodic=periodic)
    frames = Frames(1000)
    stage = Stage("produce", integrator or VelocityVerlet(0.001), steps, initial_temperature=temperature)
    simulation = Simulation(system, Broken(change, call), [stage], [frames], neighbors=NoNeighbors())
    with pytest.raises(ExplosionError) as caught:
        simulation.run()
    assert frames.flushes == 1
    return str(caught.value)


def test_forces_that_are_not_numbers_are_reported():
    def change(system, result):
        result.forces[7] = np.nan

    message = run_broken(change)
    assert message.startswith("Step 100: the position of atom 7 (K) is not a number (1 atoms in all)")
    assert "1 fs" in message


def test_energies_that_are_not_numbers_are_reported():
    def change(system, result):
        result.energies[3] = np.inf

    assert "the energy of atom 3 (K) is not a number" in run_broken(change)


def test_a_relaxation_that_breaks_is_reported():
    def change(system, result):
        result.forces[3] = np.nan

    message = run_broken(change, Fire(1e-9), temperature=None, call=1)
    assert message.startswith("Step 50: the position of atom 3 (K) is not a number")


def test_a_short_stage_is_checked_at_its_end():
    def change(system, result):
        result.energies[3] = np.nan

    assert run_broken(change, call=3, steps=7).startswith("Step 7: the energy of atom 3")


def test_atoms_too_fast_are_reported():
    def change(system, result):
        result.forces[4, 0] = 500.0

    message = run_broken(change)
    assert "atom 4 (Na) moves at" in message
    assert "force of 500 eV/Å" in message


def test_a_temperature_jump_is_reported():
    def change(system, result):
        result.forces[:] = 2.0 * np.where(np.arange(20) % 4 < 2, 1.0, -1.0)[:, None]

    message = run_broken(change)
    assert "the temperature is" in message
    assert "after 100 K set or begun with" in message


def test_atoms_that_leave_for_good_are_reported():
    def change(system, result):
        system.positions[5, 2] = -21.0

    message = run_broken(change, periodic=(True, True, False))
    assert "atom 5 (K) has left the cell" in message
    assert "Make the cell larger" in message


def test_collapsing_neighbours_are_an_explosion():
    class Crowded(NoNeighbors):
        def update(self, system):
            raise NeighborOverflowError("Atom 3 has 99999 neighbours.")

    simulation = Simulation(gas(5), IdealGas(), [Stage("x", VelocityVerlet(0.001), 5)], neighbors=Crowded())
    with pytest.raises(ExplosionError, match=r"Step 0, stage 'x': Atom 3 has 99999"):
        simulation.run()


def test_positions_that_neighbours_cannot_place_are_an_explosion_with_a_step():
    def change(system, result):
        result.forces[7] = np.nan

    class Sensible(Broken):
        def __init__(self):
            Broken.__init__(self, change, 5)

        def bind(self, species_names):
            self.requests = inner.bind(species_names).requests
            return self

    inner = lennard_jones()
    stage = Stage("x", VelocityVerlet(0.001), 50, initial_temperature=300.0)
    with pytest.raises(ExplosionError, match=r"Step \d+, stage 'x': Atom 7 \(K\) is at \[nan"):
        Simulation(crystal(2), Sensible(), [stage], skin=0.01).run()


def test_a_quiet_run_is_left_alone():
    simulation = Simulation(
        gas(20),
        IdealGas(),
        [Stage("x", VelocityVerlet(0.001, Langevin((1.0, 2000.0), 0.01)), 300)],
        neighbors=NoNeighbors(),
    )
    assert simulation.run() is Status.FINISHED


# ------------------------------------------------------------------------------------------------ bad input
def test_faults_of_late_stages_are_found_before_the_first_step():
    nve, bussi = VelocityVerlet(0.001), VelocityVerlet(0.001, Bussi(300.0))
    first = Stage("first", nve, 10, initial_temperature=300.0)
    for late, message in (
        (Stage("late", nve, 10, frozen=("tube",)), "No atoms are called 'tube'"),
        (Stage("late", VelocityVerlet(0.001, Langevin(300.0, group="tube")), 10), "No atoms are called 'tube'"),
    ):
        with pytest.raises(InputError, match=message):
            Simulation(crystal(2), lennard_jones(), [first, late])
    relax = Stage("relax", Fire(), 10)
    with pytest.raises(InputError, match="'late': all velocities will be zero"):
        Simulation(crystal(2), lennard_jones(), [first, relax, Stage("late", bussi, 10)])
    langevin = Stage("warm", VelocityVerlet(0.001, Langevin(300.0)), 10)
    Simulation(crystal(2), lennard_jones(), [relax, langevin, Stage("late", bussi, 10)])


def test_bad_input_is_refused():
    system, potential = crystal(2), lennard_jones()
    with pytest.raises(InputError, match="at least one stage"):
        Simulation(system, potential, [])
    with pytest.raises(InputError, match="'x' has 0 steps"):
        Stage("x", VelocityVerlet(0.001), 0)
    with pytest.raises(InputError, match="seed is -1"):
        Simulation(system, potential, [Stage("x", VelocityVerlet(0.001), 1)], seed=-1)
    with pytest.raises(InputError, match="can only scale what is there"):
        Simulation(system, potential, [Stage("x", VelocityVerlet(0.001, Bussi(300.0)), 1)])
    with pytest.raises(TypeError, match="Observer does not say"):
        Simulation(system, potential, [Stage("x", VelocityVerlet(0.001), 1)], [Observer(1)]).run()
