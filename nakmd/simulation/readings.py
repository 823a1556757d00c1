"""Thermodynamic quantities and frames of the current step."""

from __future__ import annotations

import math

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.currents import HeatCurrent, bath_column
from nakmd.integrators import Integrator
from nakmd.integrators.base import KineticSums
from nakmd.simulation.arrivals import Arrivals
from nakmd.simulation.exchanges import Exchanges
from nakmd.simulation.forces import Forces
from nakmd.simulation.restraining import Restraints
from nakmd.simulation.schedule import Schedule
from nakmd.simulation.work_account import WorkAccount
from nakmd.system import Frame, Result, System
from nakmd.units import BAR_PER_EV_A3, G_PER_CM3_PER_AMU_A3, K_B

Value = float | int | str | None

VOIGT = ("xx", "yy", "zz", "yz", "xz", "xy")

#: Units of the columns of the thermo table; counts and names have none.
THERMO_UNITS = {
    "time": "ps",
    "temperature": "K",
    "set_temperature": "K",
    "kinetic_energy": "eV",
    "potential_energy": "eV",
    "tether_energy": "eV",
    "total_energy": "eV",
    "conserved": "eV",
    "thermostat_work": "eV",
    "barostat_work": "eV",
    "exchange_work": "eV",
    "delta_mu": "eV",
    "arrival_work": "eV",
    "free_temperature": "K",
    "restraint_work": "eV",
    "pressure_bar": "bar",
    **{f"pressure_{v}": "eV Angstrom-3" for v in VOIGT},
    "volume": "Angstrom+3",
    "density": "g cm-3",
    "length_a": "Angstrom",
    "length_b": "Angstrom",
    "length_c": "Angstrom",
    "largest_force": "eV Angstrom-1",
}


def temperature_of(kinetic_energy: float, degrees_of_freedom: int) -> float:
    """Return 2 E_kin / (N_f k_B) [K], 0 without degrees of freedom."""
    return 2.0 * kinetic_energy / (degrees_of_freedom * K_B) if degrees_of_freedom > 0 else 0.0


def read_state(
    system: System, result: Result, kinetic: KineticSums, integrator: Integrator, step: int
) -> dict[str, Value]:
    """Return temperature, energies, pressure and cell; the pressure is NaN where the virial was not computed.

    The pressure tensor is (Σ m v⊗v + W)/V of the whole cell, at full time steps.
    """
    kinetic_tensor = kinetic.tensor(system.velocities)
    kinetic_energy = 0.5 * float(kinetic_tensor[:3].sum())
    potential_energy = result.energy
    volume = system.cell.volume
    pressures = (kinetic_tensor + result.virial) / volume
    lengths = system.cell.lengths
    masses = system.masses if system.present is None else system.masses[system.present]
    set_temperature = integrator.set_temperature(step)
    return {
        "temperature": temperature_of(kinetic_energy, integrator.degrees_of_freedom),
        "set_temperature": math.nan if set_temperature is None else set_temperature,
        "potential_energy": potential_energy,
        "kinetic_energy": kinetic_energy,
        "total_energy": potential_energy + kinetic_energy,
        "pressure_bar": float(pressures[:3].mean()) * BAR_PER_EV_A3,
        **{f"pressure_{name}": float(p) for name, p in zip(VOIGT, pressures, strict=True)},
        "volume": volume,
        "density": float(masses.sum()) / volume * G_PER_CM3_PER_AMU_A3,
        "length_a": float(lengths[0]),
        "length_b": float(lengths[1]),
        "length_c": float(lengths[2]),
        "largest_force": integrator.largest_force,
    }


def take_frame(
    system: System,
    result: Result,
    *,
    kinetic_energy: float,
    degrees_of_freedom: int,
    step: int,
    time: float,
    stage: str,
    needs: frozenset[str],
    pair_energies: FloatArray | None,
    virials: FloatArray | None,
) -> Frame:
    """Return a frame of read-only copies with those of virial, energies and virials by atom that are in ``needs``.

    What the model does not have is None.
    """
    positions, images = system.cell.wrap(system.positions)
    velocities = system.velocities.copy()
    for array in (positions, images, velocities):
        array.setflags(write=False)
    return Frame(
        step=step,
        time=time,
        positions=positions,
        images=images,
        cell=system.cell.copy(),
        velocities=velocities,
        potential_energy=result.energy,
        kinetic_energy=kinetic_energy,
        temperature=temperature_of(kinetic_energy, degrees_of_freedom),
        virial=result.virial.copy() if "virial" in needs and not np.all(np.isnan(result.virial)) else None,
        pair_energies=pair_energies,
        energies=result.energies.copy() if "energies" in needs and result.undivided is None else None,
        virials=virials.copy() if virials is not None and "virials" in needs else None,
        present=None if system.present is None else system.present.copy(),
        stage=stage,
    )


class Readings:
    """Energies, temperature, thermo rows and frames of a simulation at its current step.

    Parameters
    ----------
    system : System
    forces : Forces
    schedule : Schedule
    work : WorkAccount
    exchanges : Exchanges
    arrivals : Arrivals
    restraints : Restraints
    """

    def __init__(
        self,
        system: System,
        forces: Forces,
        schedule: Schedule,
        work: WorkAccount,
        exchanges: Exchanges,
        arrivals: Arrivals,
        restraints: Restraints,
    ) -> None:
        self._system = system
        self._forces = forces
        self._schedule = schedule
        self._work = work
        self._exchanges = exchanges
        self._arrivals = arrivals
        self._restraints = restraints
        self._kinetic = KineticSums(system.masses)
        self._heat: HeatCurrent | None = None

    @property
    def kinetic_energy(self) -> float:
        """Kinetic energy [eV]."""
        return self._kinetic.energy(self._system.velocities)

    @property
    def temperature(self) -> float:
        """2 E_kin / (N_f k_B) [K]."""
        return temperature_of(self.kinetic_energy, self._schedule.stage.integrator.degrees_of_freedom)

    @property
    def conserved_energy(self) -> float:
        """Total energy [eV] minus all work from outside and the jumps between stages."""
        self._forces.complete()
        outside = [*self._work_totals().values(), self._exchanges.work, self._arrivals.work, self._restraints.work]
        return self._forces.result.energy + self.kinetic_energy - sum(outside)

    def thermo_row(self) -> dict[str, Value]:
        """Return the thermodynamic quantities (units: `THERMO_UNITS`)."""
        schedule, forces = self._schedule, self._forces
        return {
            "step": schedule.step,
            "time": schedule.time,
            "stage": schedule.stage.name,
            **read_state(self._system, forces.result, self._kinetic, schedule.stage.integrator, schedule.step),
            **{f"{name}_work": work for name, work in self._work_totals().items() if name != "other"},
            **self._bath_columns(),
            **self._exchanges.columns(schedule.stage.integrator.set_temperature(schedule.step)),
            **self._arrival_columns(),
            **self._restraints.columns(),
            "conserved": self.conserved_energy,
            "tether_energy": forces.tether_energy,
        }

    def heat_row(self) -> dict[str, Value]:
        """Return the heat current and the flow of each element, from the virials by atom of this step."""
        forces = self._forces
        assert forces.virials is not None  # the observer that asks declares that it needs them
        if self._heat is None:
            self._heat = HeatCurrent(self._system.topology)
        self._heat.compute(self._system.velocities, forces.result.energies, forces.virials)
        return {**self._heat.columns()}

    def frame(self, needs: frozenset[str]) -> Frame:
        """Return a frame with the optional fields in ``needs`` (`Observer`)."""
        schedule, forces = self._schedule, self._forces
        return take_frame(
            self._system,
            forces.result,
            kinetic_energy=self.kinetic_energy,
            degrees_of_freedom=schedule.stage.integrator.degrees_of_freedom,
            step=schedule.step,
            time=schedule.time,
            stage=schedule.stage.name,
            needs=needs,
            pair_energies=forces.pair_energies() if "pair_energies" in needs else None,
            virials=forces.virials,
        )

    def _bath_columns(self) -> dict[str, Value]:
        """Return the work of each bath since the run began; no columns if no stage has several."""
        integrator = self._schedule.stage.integrator if self._schedule.entered else None
        return {bath_column(group): work for group, work in self._work.baths(integrator).items()}

    def _arrival_columns(self) -> dict[str, Value]:
        """Return the atoms that came and went since the run began; no columns without a deposition."""
        arrivals = self._arrivals
        if not arrivals.are_planned:
            return {}
        return {
            "arrival_work": arrivals.work,
            "arrived": arrivals.arrived,
            "evaporated": arrivals.evaporated,
            "free_temperature": arrivals.free_temperature,
        }

    def _work_totals(self) -> dict[str, float]:
        return self._work.totals(self._schedule.stage.integrator if self._schedule.entered else None)
