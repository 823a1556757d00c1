"""How fast an adatom is embedded in a warm surface: molecular dynamics of slabs, events by position."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import RunError
from nakmd.integrators import Langevin, VelocityVerlet
from nakmd.potentials import Potential
from nakmd.simulation import Simulation, Stage
from nakmd.simulation.observers import Observer
from nakmd.simulation.stages import Status
from nakmd.structures.crystal_slab import FACES
from nakmd.studies.exchange_study.slabs import AXES, SIZES, slab
from nakmd.studies.validation.solid import warm_crystal
from nakmd.system import Frame, System

#: Six reflections of {110}, one of each pair.
REFLECTIONS = np.array([[1, 1, 0], [1, -1, 0], [1, 0, 1], [1, 0, -1], [0, 1, 1], [0, 1, -1]], dtype=np.float64)

#: Time step, bath, time between frames, time that an event has to last, and time between looks [ps].
TIMESTEP, BATH, EVERY, LASTING, LOOK = 0.004, 1.0, 0.2, 2.0, 10.0

#: Layers at either side that do not count for the order of the crystal.
OUTER = 3

#: Share of its first order below which the crystal has melted.
MELTED = 0.6

#: Atoms and times [ps] of the run for the lattice constant.
LATTICE_CELLS, SETTLE, MEASURE = 4, 4.0, 12.0


def measure(
    potential: Potential, face: str, host: str, adatom: str, temperature: float, seeds: int, time: float, seed: int
) -> dict[str, Any]:
    """Return the events of embedding of one adatom in several runs.

    Parameters
    ----------
    potential : Potential
    face : {"110", "100"}
    host, adatom : str
    temperature : float [K]
    seeds : int
        Number of runs.
    time : float [ps]
        Largest length of each.
    seed : int
        Of the first.

    Returns
    -------
    dict
        ``"events"``; ``"time"`` [ps], until the event or the end, over all runs; ``"times"`` of the events;
        ``"melted"``, the number of runs that were left out because the crystal lost its order; ``"a"`` [Å].

    Notes
    -----
    The adatom is embedded when for 2 ps, in the mean, it is less than half a layer above the mean of the top layer and
    one atom of the top layer is more than half a layer above it: an exchange. The height alone would also count a low
    adatom.
    """
    a = warm_crystal(potential, host, temperature, LATTICE_CELLS, SETTLE, MEASURE, seed).lattice.value
    times: list[float] = []
    exposure, melted = 0.0, 0
    for k in range(seeds):
        event, lasted, whole = _run(potential, face, host, adatom, temperature, a, time, seed + k)
        if not whole:
            melted += 1
            continue
        exposure += lasted
        times += [event] if event is not None else []
    if melted == seeds:
        raise RunError(f"The {host} slab melted in all {seeds} runs at {temperature:g} K.")
    return {"events": len(times), "time": exposure, "times": times, "melted": melted, "a": a}


class _Heights(Observer):
    """Heights of the adatom and of the top layer, and the order of the middle layers."""

    def __init__(self, system: System, face: str, a: float) -> None:
        super().__init__(round(EVERY / TIMESTEP))
        layers = SIZES[face][1]
        self._top = system.groups[f"layer_{layers}"]
        inner = [system.groups[f"layer_{n}"] for n in range(OUTER + 1, layers - OUTER + 1)]
        self._inner = np.any(inner, axis=0)
        self._waves = 2.0 * math.pi / a * REFLECTIONS @ AXES[face].T
        self.adatom: list[float] = []
        self.layer: list[FloatArray] = []
        self.order: list[float] = []

    def observe(self, frame: Frame) -> None:
        """Add a frame."""
        z = frame.positions[:, 2]
        self.adatom.append(float(z[-1]))
        self.layer.append(z[self._top].copy())
        self.order.append(order_of(frame.positions[self._inner], self._waves))


def order_of(positions: FloatArray, waves: FloatArray) -> float:
    """Return the mean of |Σ exp(i q·r)|²/N² over reflections: 1 for a crystal at rest, 1/N for a gas."""
    phases = np.exp(1j * positions @ waves.T)
    return float(np.mean(np.abs(phases.mean(axis=0)) ** 2))


def event_in(adatom: FloatArray, layer: FloatArray, step: float, window: int) -> int | None:
    """Return the first frame of an embedding that lasts for a number of frames, None if there is none.

    Parameters
    ----------
    adatom : (n_frames,) float64 [Å]
        Height of the adatom.
    layer : (n_frames, n_top) float64 [Å]
        Heights of the atoms of the top layer.
    step : float [Å]
        Distance between layers.
    window : int
    """
    if len(adatom) < window:
        return None
    # the median, because the atom that is pushed up belongs to the layer
    surface = np.median(layer, axis=1)
    low = _running(adatom - surface, window) < 0.5 * step
    high = (_running(layer - surface[:, None], window) > 0.5 * step).any(axis=1)
    both = np.flatnonzero(low & high)
    return int(both[0]) if len(both) else None


def _running(values: FloatArray, window: int) -> FloatArray:
    """Return the mean over each window along the first axis."""
    sums = np.cumsum(np.concatenate([np.zeros_like(values[:1]), values]), axis=0)
    return np.asarray((sums[window:] - sums[:-window]) / window)


def _run(
    potential: Potential, face: str, host: str, adatom: str, temperature: float, a: float, time: float, seed: int
) -> tuple[float | None, float, bool]:
    """Return the time of the event [ps] or None, the time observed, and whether the slab is still a crystal."""
    system, _ = slab(face, host, adatom, a)
    heights = _Heights(system, face, a)
    # half of the kinetic energy of a crystal at rest becomes potential energy
    stage = Stage(
        "warm", VelocityVerlet(TIMESTEP, Langevin(temperature, BATH)), round(time / TIMESTEP),
        initial_temperature=2.0 * temperature, frozen=("fixed",),
    )  # fmt: skip
    simulation = Simulation(system, potential, [stage], [heights], seed=seed)
    window = round(LASTING / EVERY)
    status = Status.PAUSED
    while status is Status.PAUSED:
        status = simulation.run(round(LOOK / TIMESTEP))
        if status is Status.INTERRUPTED:
            raise KeyboardInterrupt
        if np.mean(heights.order[-window:]) < MELTED * np.mean(heights.order[window : 2 * window]):
            return None, 0.0, False
        event = event_in(np.array(heights.adatom), np.array(heights.layer), FACES[face].spacing * a, window)
        if event is not None:
            return event * EVERY, event * EVERY, True
    return None, time, True
