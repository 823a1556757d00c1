"""Wall and metal separately: evaluated on frames of both, or sampled in a separate run."""

from __future__ import annotations

import math
from typing import Any, Unpack

import numpy as np

from nakmd.analysis.base import require_frames
from nakmd.analysis.drive import choose_frames
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameSource
from nakmd.analysis.numerics.statistics import Measure, mean_with_error
from nakmd.analysis.sample import Sample
from nakmd.arrays import BoolArray, FloatArray
from nakmd.elements import METALS, WALL
from nakmd.errors import AnalysisError
from nakmd.integrators import Langevin, VelocityVerlet
from nakmd.neighbors import Neighbors
from nakmd.potentials import Potential
from nakmd.simulation import Observer, Simulation, Stage
from nakmd.studies.stored_runs import Stored, opened
from nakmd.system import Frame, Result, System, Topology
from nakmd.units import ACCELERATION, K_B

#: Kinetic energy of the centre of mass, relative to a thermal degree of freedom, below which the drift was removed.
WITHOUT_DRIFT = 1e-6

#: Run of the isolated wall: default time step [ps], time constant of its thermostat [ps], steps between samples.
TIMESTEP, BATH, EVERY = 0.0005, 0.1, 20


class Part:
    """A subset of the atoms of frames, evaluated alone with the model of the whole system.

    Parameters
    ----------
    potential : Potential
    topology : Topology
        Of the whole system.
    mask : (n,) bool
        Selects the atoms of the part.
    """

    def __init__(self, potential: Potential, topology: Topology, mask: BoolArray) -> None:
        self._evaluator, self._topology, self._mask = potential.bind(topology.species_names), topology, mask
        # no skin: frames are far apart, and the neighbour lists must depend on the frame alone
        self._neighbors = Neighbors(self._evaluator.requests, 0.0)
        self._result = Result(int(np.sum(mask)))
        self._latest: System | None = None

    def system(self, frame: Frame) -> System:
        """Return the selected atoms of a frame."""
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
        self._evaluator.compute(self._latest, self._neighbors, self._result)
        return self._result.energy

    def pair_energies(self) -> FloatArray:
        """Return the energies between species [eV] of the last evaluated frame."""
        assert self._latest is not None  # energy was called
        return self._evaluator.pair_energies(self._latest, self._neighbors)

    def thermal_energy(self, frame: Frame) -> float:
        """Return the kinetic energy [eV] (see `thermal_energy`), NaN without velocities."""
        if frame.velocities is None:
            return math.nan
        return thermal_energy(self._topology.masses[self._mask], frame.velocities[self._mask])


def thermal_energy(masses: FloatArray, velocities: FloatArray) -> float:
    """Return the kinetic energy [eV]; if the centre of mass has no drift, its mean thermal energy is added.

    A side in contact exchanges momentum with the other, an isolated side may have none: three degrees of freedom.
    """
    kinetic = float(0.5 / ACCELERATION * np.sum(masses[:, None] * velocities**2))
    drift = masses @ velocities
    of_center = float(0.5 / ACCELERATION * (drift @ drift) / masses.sum())
    n_dof = 3 * len(masses) - 3
    if n_dof > 0 and of_center < WITHOUT_DRIFT * kinetic / n_dof:
        return kinetic * (n_dof + 3) / n_dof
    return kinetic


def wall_alone(
    source: FrameSource,
    potential: Potential,
    timestep: float = TIMESTEP,
    steps: int = 10000,
    **frames: Unpack[FrameOptions],
) -> Measure | None:
    """Return the energy of the isolated wall, from a separate run at its temperature in the given frames.

    Parameters
    ----------
    source : FrameSource
        Frames of wall and metal, with velocities.
    potential : Potential
        The model of those frames.
    timestep : float [ps]
    steps : int
        Length of the run with a Langevin thermostat from the last frame, after equilibration of a fifth of it.
    frames
        As in `nakmd.analysis.FrameOptions`.

    Returns
    -------
    Measure or None [eV]
        Mean of potential less thermal energy; None if the wall is immobile or frames have no velocities.

    Examples
    --------
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList
    >>> from nakmd.integrators import initialize_velocities
    >>> from nakmd.potentials import load
    >>> from nakmd.structures import graphene
    >>> from nakmd.studies import wall_alone
    >>> sheet = graphene(repeats=(4, 3), bond=1.4388)
    >>> initialize_velocities(sheet, 300.0, seed=1)
    >>> frame = Frame(0, 0.0, *sheet.cell.wrap(sheet.positions), sheet.cell, sheet.velocities)
    >>> energy = wall_alone(FrameList(sheet.topology, [frame]), load("nak-cn"), steps=20)
    >>> round(energy.value / sheet.n_atoms, 1)  # eV, of graphene
    -8.0
    """
    topology = source.topology
    mask = np.isin(np.array(topology.elements)[topology.species], WALL)
    kinetic = []
    for frame in choose_frames(source, **frames):
        if frame.velocities is None:
            return None
        kinetic.append(thermal_energy(topology.masses[mask], frame.velocities[mask]))
        last = frame
    temperature = 2.0 * float(np.mean(kinetic)) / (3.0 * int(np.sum(mask)) * K_B) if np.any(mask) else 0.0
    if not temperature > 0.0:
        return None
    system = Part(potential, topology, mask).system(last)
    assert last.velocities is not None  # checked above
    system.velocities[:] = last.velocities[mask]
    sampler = _Sampler()
    stages = [
        Stage(name, VelocityVerlet(timestep, Langevin(temperature, BATH)), n)
        for name, n in (("settle", max(1, steps // 5)), ("measure", steps))
    ]
    Simulation(system, potential, stages, [sampler]).run()
    return mean_with_error(np.array(sampler.energies), "eV")


class _Sampler(Observer):
    """Stores potential less thermal energy of an isolated side."""

    def __init__(self) -> None:
        super().__init__(EVERY, ["measure"])
        self.energies: list[float] = []
        self._masses: FloatArray | None = None

    def attach(self, simulation: Any) -> None:
        self._masses = simulation.system.masses

    def observe(self, frame: Frame) -> None:
        assert self._masses is not None  # attached before
        assert frame.velocities is not None  # a simulation has them
        assert frame.potential_energy is not None
        self.energies.append(frame.potential_energy - thermal_energy(self._masses, frame.velocities))


def reference_energy(run: Stored, like: Topology, **frames: Unpack[FrameOptions]) -> Measure:
    """Return the energy of an isolated side from a run of it, scaled to the size of that side in another run.

    Parameters
    ----------
    run : Run, Trajectory or path
        Run of the isolated wall or metal, with energies stored in the frames.
    like : Topology
        Topology of the run that contains both sides.
    frames
        As in `nakmd.analysis.FrameOptions`.

    Returns
    -------
    Measure [eV]
        Mean of potential less thermal energy.

    Raises
    ------
    AnalysisError
        If the run contains both sides or has another composition, or frames have no energies or velocities.
    """
    return sampled_reference(run, like, **frames)[0]


def sampled_reference(run: Stored, like: Topology, **frames: Unpack[FrameOptions]) -> tuple[Measure, Sample]:
    """Return a reference energy and the frames it was measured in; parameters and errors as in `reference_energy`."""
    with opened(run) as source:
        reference, target = _composition(source.topology), _composition(like)
        energies = []
        chosen = choose_frames(source, **frames)
        for frame in chosen:
            if frame.potential_energy is None or frame.velocities is None:
                raise AnalysisError(
                    f"The frame at step {frame.step} of the reference {source.path} has no potential energy or no "
                    "velocities. Use the trajectory of a run, without [output] velocities = false."
                )
            energies.append(frame.potential_energy - thermal_energy(source.masses, frame.velocities))
    side = [names for names in (WALL, METALS) if {name.partition(":")[0] for name in reference} <= set(names)]
    if not side:
        raise AnalysisError(f"A reference run must contain the wall or the metal alone, got {', '.join(reference)}.")
    expected = {name: n for name, n in target.items() if name.partition(":")[0] in side[0]}
    factor = sum(expected.values()) / sum(reference.values())
    if set(expected) != set(reference) or any(abs(reference[name] * factor - n) > 0.5 for name, n in expected.items()):
        raise AnalysisError(
            f"The reference has {_listed(reference)}, the corresponding side {_listed(expected)}. Use a "
            "reference of the same composition."
        )
    require_frames(len(energies), 2, "A reference")
    return mean_with_error(np.array(energies), "eV").scaled(factor, "eV"), chosen.sample


def _composition(topology: Topology) -> dict[str, int]:
    rows, counts = np.unique(topology.species, return_counts=True)
    return {topology.species_names[row]: int(n) for row, n in zip(rows, counts)}


def _listed(composition: dict[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in composition.items()) or "no atoms"
