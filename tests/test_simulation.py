"""Running: resuming and pausing to the last bit, threads, seeds, signals."""

import os
import runpy
import signal
import sys
import time
import types

import numpy as np
import pytest
from fakes import crystal, lennard_jones
from simulations import ENSEMBLES, Frames, bits, simulate, two_stages

from nakmd.errors import InputError
from nakmd.integrators import MINIMISERS, Bussi, Langevin, VelocityVerlet
from nakmd.kernels.jit import set_threads
from nakmd.simulation import Deadline, Observer, Simulation, Stage, Status, ThermoLog, deadline, loop, signals
from nakmd.simulation.signals import WARNINGS


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
    with pytest.raises(InputError, match="holds 32 atoms, the system has 108"):
        Simulation(crystal(3), lennard_jones(), two_stages(ENSEMBLES["nve"])).restore(state)
    with pytest.raises(InputError, match="'first'; this run has the stages 'other'"):
        simulate(stages=[Stage("other", VelocityVerlet(0.004), 5)]).restore(state)


def test_progress_is_reported():
    seen = []
    simulation = simulate(report=seen.append)
    simulation.run()
    last = seen[-1]
    assert (last.step, last.total_steps, last.stage, last.stage_index, last.n_stages) == (40, 40, "second", 1, 2)
    assert last.seconds_left == 0.0
    assert last.ns_per_day == pytest.approx(last.steps_per_second * 0.004 * 86.4, rel=1e-12)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, *WARNINGS])
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


def raised_at(step, *numbers):
    """Return an observer that sends signals to this process at a step."""

    class Killer(Observer):
        def observe(self, frame):
            if frame.step == step:
                for number in numbers:
                    os.kill(os.getpid(), number)

    return Killer(step)


@pytest.mark.parametrize("number", WARNINGS)
def test_signals_of_a_batch_system_may_come_several_times(number):
    """SIGXCPU comes every second, SIGHUP from the shell and the terminal, and SIGTERM follows SIGUSR1."""
    states = []
    simulation = simulate(observers=[raised_at(4, number, number, signal.SIGTERM, number)], save=states.append)
    assert simulation.run() is Status.INTERRUPTED
    assert simulation.step == states[-1]["step"] == 4


def test_nohup_is_respected():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert simulate(observers=[raised_at(4, signal.SIGHUP)]).run() is Status.FINISHED
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_platform_without_these_signals(monkeypatch):
    """Only SIGINT and SIGTERM exist everywhere; the module is executed where the others are missing."""
    bare = types.ModuleType("signal")
    vars(bare).update({k: v for k, v in vars(signal).items() if k not in ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU")})
    monkeypatch.setitem(sys.modules, "signal", bare)
    module = runpy.run_path(signals.__file__)
    assert module["WARNINGS"] == ()
    stops = []
    with module["polite_signals"](lambda: stops.append(1)):
        os.kill(os.getpid(), signal.SIGTERM)
    assert stops == [1]


def test_a_deadline_ends_a_run_in_time_with_a_checkpoint(monkeypatch):
    """Steps of 1 s, a first one of 20 s (it compiles) and checkpoints of 3 s, by a clock that the observers advance."""
    clock = types.SimpleNamespace(now=0.0, monotonic=lambda: clock.now, perf_counter=time.perf_counter)
    monkeypatch.setattr(deadline, "time", clock)
    monkeypatch.setattr(loop, "time", clock)

    class Slow(Observer):
        def observe(self, frame):
            clock.now += 20.0 if frame.step == 1 else 1.0

    states = []

    def save(state):
        clock.now += 3.0
        states.append((clock.now, state["step"]))

    simulation = simulate(observers=[Slow(1)], save=save, checkpoint_every=5, deadline=Deadline(63.0))
    assert simulation.run() is Status.INTERRUPTED
    # step 0 ends at 1 s, step 1 at 21 s, step 5 at 25 s and its checkpoint at 28 s
    # reserve: the start with the first step 21 s, twice a checkpoint 6 s, closing 5 s: stop after 31 s, at step 9
    assert states == [(28.0, 5), (35.0, 9)]
    assert simulate(deadline=Deadline(3600.0)).run() is Status.FINISHED


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
