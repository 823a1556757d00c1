"""Thermodynamic quantities of a moment: the columns of the thermo table."""

from __future__ import annotations

import math

from nakmd.arrays import FloatArray
from nakmd.integrators import Fire, Integrator
from nakmd.integrators.base import KineticSums
from nakmd.system import Frame, Result, System
from nakmd.units import BAR_PER_EV_A3, G_PER_CM3_PER_AMU_A3, K_B

Value = float | int | str | None

VOIGT = ("xx", "yy", "zz", "yz", "xz", "xy")

#: Units of the columns of the thermo table that are not plain counts or names.
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
    "pressure_bar": "bar",
    **{f"pressure_{v}": "eV Angstrom-3" for v in ("xx", "yy", "zz", "yz", "xz", "xy")},
    "volume": "Angstrom+3",
    "density": "g cm-3",
    "length_a": "Angstrom",
    "length_b": "Angstrom",
    "length_c": "Angstrom",
    "largest_force": "eV Angstrom-1",
}


def temperature_of(kinetic_energy: float, degrees_of_freedom: int) -> float:
    """Return 2 E_kin / (N_f k_B) [K], 0 where nothing is free."""
    return 2.0 * kinetic_energy / (degrees_of_freedom * K_B) if degrees_of_freedom > 0 else 0.0


def read_state(
    system: System, result: Result, kinetic: KineticSums, integrator: Integrator, step: int
) -> dict[str, Value]:
    """Return temperature, energies, pressure and cell; the pressure is NaN where the virial was not computed.

    The pressure tensor is (Σ m v⊗v + W)/V of the whole cell, at full steps.
    """
    kinetic_tensor = kinetic.tensor(system.velocities)
    kinetic_energy = 0.5 * float(kinetic_tensor[:3].sum())
    potential_energy = result.energy
    volume = system.cell.volume
    pressures = (kinetic_tensor + result.virial) / volume
    lengths = system.cell.lengths
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
        "density": float(system.masses.sum()) / volume * G_PER_CM3_PER_AMU_A3,
        "length_a": float(lengths[0]),
        "length_b": float(lengths[1]),
        "length_c": float(lengths[2]),
        "largest_force": integrator.largest_force if isinstance(integrator, Fire) else math.nan,
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
    virial: bool,
    pair_energies: FloatArray | None,
) -> Frame:
    """Return a frame of copies that nobody can write to; ``virial`` says whether it is known and wanted."""
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
        virial=result.virial.copy() if virial else None,
        pair_energies=pair_energies,
        stage=stage,
    )
