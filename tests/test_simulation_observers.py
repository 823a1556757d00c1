"""Observers: the frames and thermo rows that they get, writers after a resume, live analyses."""

import numpy as np
import pytest
from simulations import ENSEMBLES, Frames, ListWriter, simulate

from nakmd.errors import AnalysisError
from nakmd.simulation import THERMO_UNITS, FrameWriter, LiveAnalysis, Status, ThermoLog, ThermoWriter


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
    """Mean potential energy per atom."""

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
