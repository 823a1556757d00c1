"""Small simulations for the tests of the loop, and observers that record what they get."""

from functools import partial

from fakes import crystal, lennard_jones

from nakmd.integrators import (
    BAROSTATS,
    MINIMISERS,
    MTK,
    THERMOSTATS,
    Bussi,
    CellRescaling,
    Langevin,
    NoseHoover,
    VelocityVerlet,
)
from nakmd.simulation import Observer, Simulation, Stage

PRESSURE = 2e-4  # eV/Å³


class Frames(Observer):
    """Stores all frames."""

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
    # Every registered kind is tested for resuming with the same bits.
    **{f"{word}, registered": partial(thermostatted, kind) for word, kind in THERMOSTATS.items()},
    **{f"{word}, registered": partial(barostatted, kind) for word, kind in BAROSTATS.items()},
    **{word: partial(kind, 1e-12) for word, kind in MINIMISERS.items()},
}


def two_stages(make, steps=40):
    """Return two stages of the same integrator, so that the run crosses a stage boundary."""
    return [
        Stage("first", make(), steps // 2, kind="equilibrate", initial_temperature=90.0, tethered={"right": 0.02}),
        Stage("second", make(), steps - steps // 2, tethered={"right": 0.02}),
    ]


def simulate(make=ENSEMBLES["langevin"], stages=None, skin=0.3, **arguments):
    return Simulation(crystal(2), lennard_jones(), stages or two_stages(make), seed=4, skin=skin, **arguments)


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
