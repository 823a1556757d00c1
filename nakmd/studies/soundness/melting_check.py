"""The melting check: a crystal well below its melting point must remain a crystal."""

from __future__ import annotations

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.elements import MEASURED_CRYSTALS
from nakmd.errors import RunError
from nakmd.integrators import Langevin, VelocityVerlet
from nakmd.potentials import Potential
from nakmd.simulation import Observer, Simulation, Stage
from nakmd.studies.soundness.verdicts import Verdict
from nakmd.studies.static_crystals import PerfectCrystal
from nakmd.system import Frame
from nakmd.units import K_B

#: Temperature of the check in units of the melting point.
PART = 0.6
#: T_m over E_coh/k_B for an unknown melting point: metals have 0.025 to 0.035.
RULE = 0.03
#: Length of the run and of its final part that is evaluated [ps].
LENGTH, LOOKED_AT = 6.0, 2.0
#: rms displacement over nearest-neighbour distance (Lindemann): warning, fault. Crystals melt at about 0.1 to 0.15.
LINDEMANN = (0.16, 0.25)


#: Cells along each direction: about a hundred atoms.
REPEATS: dict[str, int | tuple[int, int, int]] = {
    "bcc": 4, "fcc": 3, "diamond": 2, "sc": 5, "hcp": 3, "graphene": (6, 4, 1),
}  # fmt: skip


class _Displacement(Observer):
    """Stores the mean square displacement from the sites, without the common displacement."""

    def __init__(self, sites: FloatArray, every: int, flat: bool) -> None:
        super().__init__(every)
        self.sites, self.flat = sites.copy(), flat
        self.squares: list[tuple[float, float]] = []

    def observe(self, frame: Frame) -> None:
        # frames are wrapped into the cell
        away = frame.cell.minimum_image(frame.positions - self.sites)
        if self.flat:
            away = away[:, :2]  # ripples of a sheet do not break its bonds
        self.squares.append((frame.time, float(((away - away.mean(axis=0)) ** 2).sum(axis=1).mean())))


def melting_guard(potential: Potential, crystal: PerfectCrystal, seed: int = 1) -> Verdict:
    """Run a small crystal at 0.6 of its melting point for 6 ps at its static volume and check the displacements.

    A superheated crystal does not melt in this time: the check finds unstable crystals, not melting points.
    """
    element = crystal.elements[0]
    known = MEASURED_CRYSTALS.get(element)
    melting = known.melting if known else RULE * abs(crystal.energy) / K_B
    temperature = PART * melting
    system = crystal.system(REPEATS[crystal.structure])
    timestep = 0.002 if system.masses.min() > 20.0 else 0.0005
    stage = Stage(
        "guard",
        VelocityVerlet(timestep, Langevin(temperature, 0.2)),
        round(LENGTH / timestep),
        initial_temperature=2.0 * temperature,
    )
    watch = _Displacement(system.positions, max(1, round(0.02 / timestep)), crystal.structure == "graphene")
    what = f"{crystal.structure} at {temperature:.0f} K, {LENGTH:g} ps"
    try:
        Simulation(system, potential, [stage], [watch], seed=seed).run()
    except RunError as error:
        return Verdict(
            "melting", element, "fault", f"{what}: {error}", remedy="The simulation explodes: do not use the model."
        )
    late = [square for time, square in watch.squares if time > LENGTH - LOOKED_AT]
    early = [square for time, square in watch.squares if LENGTH - 2 * LOOKED_AT < time <= LENGTH - LOOKED_AT]
    ratio = float(np.sqrt(np.mean(late))) / crystal.distance
    before = float(np.sqrt(np.mean(early))) / crystal.distance
    text = f"{what}: rms displacement {ratio:.3f} of the nearest-neighbour distance ({before:.3f} in the 2 ps before)"
    unit = "of the nearest-neighbour distance"
    if ratio < LINDEMANN[0]:
        return Verdict("melting", element, "ok", text, ratio, unit)
    if ratio < LINDEMANN[1]:
        remedy = "Check the structure in a longer run: it may transform."
        return Verdict("melting", element, "warning", text, ratio, unit, remedy)
    remedy = f"{crystal.structure} {element} melts or transforms in this model. Do not use it for solids."
    return Verdict("melting", element, "fault", text, ratio, unit, remedy)
