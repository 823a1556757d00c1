"""Wall and metal by themselves: evaluated on the frames of both, relaxed, or measured in a run of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nakmd.analysis.base import require_frames
from nakmd.analysis.drive import choose_frames
from nakmd.analysis.statistics import Measure, mean_with_error
from nakmd.errors import AnalysisError
from nakmd.integrators import Fire
from nakmd.neighbors import Neighbors
from nakmd.potentials import Potential
from nakmd.simulation import Simulation, Stage
from nakmd.studies.stored import Stored, opened
from nakmd.system import METALS, WALL, BoolArray, FloatArray, Frame, Result, System, Topology
from nakmd.units import ACCELERATION

#: Relaxation of the wall by itself: largest force [eV/Å] and steps.
RELAXED, RELAXATION_STEPS = 1e-3, 3000


class Part:
    """Some of the atoms of frames by themselves, under the model of all.

    Parameters
    ----------
    potential : Potential
        Bound to the species of all.
    topology : Topology
        Of all.
    mask : (n,) bool
        Which of them.
    """

    def __init__(self, potential: Potential, topology: Topology, mask: BoolArray) -> None:
        self._potential, self._topology, self._mask = potential, topology, mask
        # no skin: frames are far apart, and the lists are a function of the frame alone
        self._neighbors = Neighbors(potential.requests, 0.0)
        self._result = Result(int(np.sum(mask)))
        self._latest: System | None = None

    def system(self, frame: Frame) -> System:
        """Return these atoms of a frame."""
        return System(
            frame.positions[self._mask],
            self._topology.species[self._mask],
            self._topology.species_names,
            frame.cell.copy(),
            masses=self._topology.masses[self._mask],
        )

    def energy(self, frame: Frame) -> float:
        """Return the potential energy [eV]."""
        self._latest = self.system(frame)
        self._neighbors.update(self._latest)
        self._potential.compute(self._latest, self._neighbors, self._result)
        return self._result.energy

    def pair_energies(self) -> FloatArray:
        """Return the energies between species [eV] of the frame last evaluated."""
        assert self._latest is not None  # energy was called
        return self._potential.pair_energies(self._latest, self._neighbors)

    def kinetic_energy(self, frame: Frame) -> float:
        """Return the kinetic energy [eV], NaN without velocities."""
        if frame.velocities is None:
            return math.nan
        v = frame.velocities[self._mask]
        return float(0.5 / ACCELERATION * np.sum(self._topology.masses[self._mask, None] * v**2))


def relaxed_energy(potential: Potential, system: System) -> tuple[float, bool]:
    """Return the energy [eV] of the nearest minimum, and whether it was reached."""
    relaxing = Simulation(system.copy(), potential, [Stage("relax", Fire(RELAXED), RELAXATION_STEPS, "relax")])
    relaxing.run()
    return float(relaxing.thermo_row()["potential_energy"] or 0.0), bool(relaxing.reports[-1].converged)


def reference_energy(run: Stored, like: Topology, stage: str | Sequence[str] | None = None) -> Measure:
    """Return the mean energy of a run of one side by itself, scaled to the size of that side in another run.

    Parameters
    ----------
    run : Run, Trajectory or path
        The wall alone, or the metal alone; energies stored with the frames.
    like : Topology
        Of the run in which the two are together.
    stage : str or sequence of str, optional
        As in `choose_frames`.

    Returns
    -------
    Measure [eV]

    Raises
    ------
    AnalysisError
        If it is not one side alone, or of another composition, or frames hold no energies.
    """
    with opened(run) as source:
        here, there = _composition(source.topology), _composition(like)
        energies = [frame.potential_energy for frame in choose_frames(source, stage)]
    side = [names for names in (WALL, METALS) if {name.partition(":")[0] for name in here} <= set(names)]
    if not side:
        raise AnalysisError(f"A reference is the wall or the metal by itself, not {', '.join(here)} together.")
    wanted = {name: n for name, n in there.items() if name.partition(":")[0] in side[0]}
    factor = sum(wanted.values()) / sum(here.values())
    if set(wanted) != set(here) or any(abs(here[name] * factor - n) > 0.5 for name, n in wanted.items()):
        raise AnalysisError(
            f"The reference is made of {_words(here)}, the side it stands for of {_words(wanted)}: energies per atom "
            "compare only at the same composition."
        )
    if any(energy is None for energy in energies):
        raise AnalysisError("The frames of the reference hold no potential energy; take a file that nakmd run wrote.")
    require_frames(len(energies), 2, "A reference")
    return mean_with_error(np.array(energies, dtype=np.float64), "eV").scaled(factor, "eV")


def _composition(topology: Topology) -> dict[str, int]:
    rows, counts = np.unique(topology.species, return_counts=True)
    return {topology.species_names[row]: int(n) for row, n in zip(rows, counts)}


def _words(composition: dict[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in composition.items()) or "nothing"
