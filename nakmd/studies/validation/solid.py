"""The warm crystal: lattice constant at a temperature, and the heat of fusion against the liquid."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nakmd.analysis import Thermo
from nakmd.analysis.numerics.statistics import Measure, mean_with_error
from nakmd.analysis.thermo import ThermoRecord
from nakmd.integrators import Bussi, CellRescaling, VelocityVerlet
from nakmd.potentials import Potential
from nakmd.simulation import LiveAnalysis, Stage
from nakmd.structures.crystal import crystal
from nakmd.studies.validation import liquid
from nakmd.studies.validation.cold import MEV, lattice_constant
from nakmd.studies.validation.findings import Finding, number, restored, stored
from nakmd.studies.validation.liquid import BAROSTAT, EVERY_DENSITY, STRONG_BATH, TIMESTEP, run, steps_of
from nakmd.studies.validation.references import reference_for
from nakmd.studies.validation.vacancy import displacements
from nakmd.system import System

#: Median displacement in nearest-neighbour distances from which a crystal has melted or transformed. Alkali crystals
#: melt at an rms of 0.12 to 0.16, superheated ones reach 0.2; diffusion in the melt passes 0.35 within 1 ps. The
#: median, because a few atoms of a hot crystal change places, which raises the rms of all.
MELTED = 0.35


@dataclass(frozen=True)
class WarmCrystal:
    """A run of bcc at zero pressure.

    Attributes
    ----------
    system : System
        Last configuration.
    averages : ThermoRecord
    spread : float
        Median displacement of the last configuration, in nearest-neighbour distances.
    """

    system: System
    averages: ThermoRecord
    spread: float

    @property
    def whole(self) -> bool:
        """Whether it is still a crystal."""
        return self.spread < MELTED

    @property
    def lattice(self) -> Measure:
        """Lattice constant [Å]."""
        edges = np.cbrt(2.0 * self.averages.series["volume"] / self.system.n_atoms)
        return mean_with_error(edges, "Å")


def warm_crystal(
    potential: Potential, element: str, temperature: float, cells: int, settle: float, time: float, seed: int
) -> WarmCrystal:
    """Run bcc of ``cells``³ cubic cells at zero pressure, ``settle`` and then ``time`` [ps]."""
    sites = crystal(element, cells, "bcc", lattice_constant(potential, element))
    system, thermo = sites.copy(), Thermo()

    def integrator() -> VelocityVerlet:
        return VelocityVerlet(
            TIMESTEP, Bussi(temperature, STRONG_BATH), CellRescaling(0.0, time_constant=BAROSTAT)
        )  # fmt: skip

    stages = [
        # half of the kinetic energy of a crystal at rest becomes potential energy
        Stage("settle", integrator(), steps_of(settle), initial_temperature=2.0 * temperature),
        Stage("produce", integrator(), steps_of(time)),
    ]
    run(system, potential, stages, [LiveAnalysis(thermo, system.topology, EVERY_DENSITY, ["produce"])], seed)
    nearest = 0.5 * math.sqrt(3.0) * float(np.cbrt(2.0 * system.cell.volume / system.n_atoms))
    spread = float(np.median(np.linalg.norm(displacements(sites, system), axis=1))) / nearest
    return WarmCrystal(system, thermo.result(), spread)


def measure_lattice(potential: Potential, params: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return the lattice constant [Å] at a temperature.

    ``params`` has ``"element"``, ``"temperature"`` [K], ``"cells"``, ``"settle"`` and ``"time"`` [ps].
    """
    return _record(_run(potential, params, seed))


def _run(potential: Potential, params: Mapping[str, Any], seed: int) -> WarmCrystal:
    return warm_crystal(
        potential, params["element"], params["temperature"], params["cells"], params["settle"], params["time"], seed
    )  # fmt: skip


def _record(warm: WarmCrystal) -> dict[str, Any]:
    return {"a": stored(warm.lattice), "spread": warm.spread, "whole": warm.whole, "atoms": warm.system.n_atoms}


def measure_fusion(potential: Potential, params: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return the difference in enthalpy between liquid and crystal [eV/atom] at a temperature and zero pressure.

    ``params`` has those of `measure_lattice`, and ``"x_K"`` of the liquid, which has as many atoms and is as long.

    Notes
    -----
    Kinetic energies cancel, and P V is zero: what is left is the difference between the potential energies.
    """
    warm = _run(potential, params, seed)
    melt = liquid.measure(
        potential,
        {
            "x_K": params["x_K"], "temperature": params["temperature"], "atoms": warm.system.n_atoms,
            "settle": params["settle"], "npt": params["time"], "nvt": 0.0,
        },
        seed,
    )  # fmt: skip
    solid, fluid = warm.averages.quantities["potential_energy"], restored(melt["energy"])
    heat = Measure(
        fluid.value - solid.value, math.hypot(fluid.error, solid.error), "eV", min(fluid.n_effective, solid.n_effective)
    )
    return _record(warm) | {"heat": stored(heat), "swelling": _swelling(warm, melt)}


def _swelling(warm: WarmCrystal, melt: Mapping[str, Any]) -> float:
    """Return the relative change of volume upon melting."""
    density = warm.averages.quantities["density"].value
    return float(density / number(melt["density"]["value"]) - 1.0)


def cost(params: Mapping[str, Any]) -> float:
    """Return the cost of a crystal in atom-steps, for an estimate of the remaining time."""
    return 2.0 * float(params["cells"]) ** 3 * (float(params["settle"]) + float(params["time"])) / TIMESTEP


def lattice_findings(element: str, temperature: float, result: Mapping[str, Any]) -> list[Finding]:
    """Return the lattice constant at a temperature with its reference."""
    a = restored(result["a"])
    notes = [
        f"{result['atoms']} atoms at zero pressure, median displacement {result['spread']:.2f} of the nearest distance"
    ]
    if not result["whole"]:
        notes.append("the crystal did not survive: no lattice constant")
    return [
        Finding(
            group="solid", quantity="lattice constant, warm", of=element, temperature=temperature,
            value=a.value if result["whole"] else math.nan, error=a.error, unit="Å",
            reference=reference_for("lattice constant, warm", element), notes=tuple(notes),
        )
    ]  # fmt: skip


def fusion_findings(element: str, temperature: float, result: Mapping[str, Any]) -> list[Finding]:
    """Return the heat of fusion with its reference."""
    heat = restored(result["heat"])
    notes = [f"{result['atoms']} atoms of either phase at zero pressure, {100.0 * result['swelling']:+.1f} % in volume"]
    if not result["whole"]:
        notes.append("the crystal did not survive at this temperature: no heat of fusion")
    return [
        Finding(
            group="solid", quantity="heat of fusion", of=element, temperature=temperature,
            value=heat.value * MEV if result["whole"] else math.nan, error=heat.error * MEV, unit="meV/atom",
            reference=reference_for("heat of fusion", element), notes=tuple(notes),
        )
    ]  # fmt: skip
