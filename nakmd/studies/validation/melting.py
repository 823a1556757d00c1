"""The melting point: crystal beside its melt, at the temperature where neither grows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nakmd.analysis import Thermo
from nakmd.analysis.numerics.statistics import Measure
from nakmd.arrays import FloatArray
from nakmd.errors import RunError
from nakmd.integrators import Bussi, CellRescaling, VelocityVerlet
from nakmd.potentials import Potential
from nakmd.simulation import LiveAnalysis, Stage
from nakmd.structures.crystal import crystal
from nakmd.studies.validation.findings import Finding, restored, stored, together
from nakmd.studies.validation.liquid import BAROSTAT, EVERY_DENSITY, STRONG_BATH, TIMESTEP, run, steps_of
from nakmd.studies.validation.references import reference_for
from nakmd.studies.validation.solid import warm_crystal
from nakmd.system import System

#: Temperatures of the first round, in units of the measured melting point, and its time in units of that of the second.
FIRST, FIRST_TIME = (0.86, 1.0, 1.14), 1.0 / 3.0

#: Temperatures of the second round [K] from the zero of the first.
SECOND = (-16.0, -8.0, 0.0, 8.0, 16.0)

#: Melting half the crystal: temperature in units of the melting point, and time [ps]; then time of the interface.
HOT, MELT_TIME, JOIN_TIME = 2.5, 4.0, 8.0

#: Time [ps] after a change of temperature that is left out: ten time constants of the barostat.
LEFT_OUT = 5.0

#: Part of either half that may melt or freeze: a rate counts up to there, since the interfaces then meet. It is read
#: from averages over `SMOOTH` [ps] of the energy, whose fluctuations are as large as a tenth of it.
SPENT, SMOOTH = 0.6, 2.0

#: Cubic cells along each direction, and time [ps], of the crystal that gives the lattice constant of the slab.
LATTICE_CELLS, LATTICE_TIME = 5, 6.0


def measure(potential: Potential, params: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return the temperature [K] at which the enthalpy of crystal and melt side by side stays constant.

    Parameters
    ----------
    potential : Potential
    params : mapping
        ``"element"``, ``"near"`` [K], the measured melting point, ``"cells"`` (three numbers, the last along the normal
        of the interfaces, which are (100)), ``"time"`` [ps] at each temperature.
    seed : int

    Raises
    ------
    RunError
        If the energy does not rise faster at higher temperature: then no crystal grows.

    Notes
    -----
    One configuration, half crystal and half melt, continues at several temperatures with zero pressure along the
    normal; the faces keep the lattice constant of the crystal at ``"near"``. The mean rate dU/dt is proportional to
    the velocity of the interfaces, which is linear in T - T_m near T_m: a line through the rates of the second round
    has its zero at T_m. The error is from the scatter of the rates about the line.
    """
    element, near = str(params["element"]), float(params["near"])
    time = float(params["time"])
    start, latent = half_molten(potential, element, near, params["cells"], seed)
    first = [near * part for part in FIRST]
    rates = [_rate(potential, start, latent, t, FIRST_TIME * time, seed + k) for k, t in enumerate(first)]
    slope, offset = np.polyfit(first, rates, 1)
    if not slope > 0.0:
        raise RunError(
            f"Crystal and melt of {element} at {', '.join(f'{t:.0f}' for t in first)} K change their energy by "
            f"{', '.join(f'{1e3 * r:.3f}' for r in rates)} meV/atom/ps, which does not rise with temperature: no "
            "crystal grows, so there is no melting point. Check the stability of the crystal (cold, vacancy)."
        )
    middle = float(np.clip(-offset / slope, 0.7 * near, 1.3 * near))
    second = [middle + step for step in SECOND]
    later = [_rate(potential, start, latent, t, time, seed + len(FIRST) + k) for k, t in enumerate(second)]
    melting = zero_of_line(np.array(second), np.array(later))
    return {
        "melting": stored(melting), "atoms": start.n_atoms, "temperatures": first + second, "rates": rates + later,
    }  # fmt: skip


def half_molten(
    potential: Potential, element: str, near: float, cells: Sequence[int], seed: int
) -> tuple[System, float]:
    """Return a bcc crystal whose upper half was molten while the lower one was held, equilibrated at ``near`` [K].

    Also its energy above the crystal [eV/atom], the latent heat of the half.
    """
    warm = warm_crystal(potential, element, near, LATTICE_CELLS, LATTICE_TIME, LATTICE_TIME, seed)
    if not warm.whole:
        raise RunError(f"bcc {element} does not survive {LATTICE_TIME:g} ps at its measured melting point {near:g} K.")
    full = crystal(element, (cells[0], cells[1], cells[2]), "bcc", warm.lattice.value)
    lower = full.positions[:, 2] < 0.5 * full.cell.lengths[2]
    system = System(
        full.positions, full.species, full.species_names, full.cell, masses=full.masses,
        groups={**full.groups, "held": lower},
    )  # fmt: skip
    stages = [
        Stage(
            "melt", VelocityVerlet(TIMESTEP, Bussi(HOT * near, STRONG_BATH)), steps_of(MELT_TIME),
            initial_temperature=HOT * near, frozen=("held",),
        ),
        Stage("cool", VelocityVerlet(TIMESTEP, Bussi(near, STRONG_BATH)), steps_of(0.5 * MELT_TIME), frozen=("held",)),
        Stage("join", _at_zero_pressure(near), steps_of(JOIN_TIME), initial_temperature=near),
    ]  # fmt: skip
    thermo = Thermo()
    run(system, potential, stages, [LiveAnalysis(thermo, system.topology, EVERY_DENSITY, ["join"])], seed)
    joined = thermo.result().series["potential_energy"]
    crystalline = warm.averages.quantities["potential_energy"].value
    latent = float(joined[len(joined) // 2 :].mean()) - crystalline
    if not latent > 0.0:
        raise RunError(
            f"Half of bcc {element} did not melt at {HOT * near:.0f} K: its energy is not above the crystal's."
        )
    return system, latent


def _at_zero_pressure(temperature: float) -> VelocityVerlet:
    barostat = CellRescaling(0.0, axes="z", time_constant=BAROSTAT)
    return VelocityVerlet(TIMESTEP, Bussi(temperature, STRONG_BATH), barostat)


def _rate(
    potential: Potential, start: System, latent: float, temperature: float, time: float, seed: int
) -> float:  # fmt: skip
    """Return dU/dt [eV/atom/ps] of a copy of the system at a temperature, the first 5 ps left out."""
    system, thermo = start.copy(), Thermo()
    stages = [
        Stage("settle", _at_zero_pressure(temperature), steps_of(LEFT_OUT)),
        Stage("produce", _at_zero_pressure(temperature), steps_of(time)),
    ]
    run(system, potential, stages, [LiveAnalysis(thermo, system.topology, EVERY_DENSITY, ["produce"])], seed)
    averages = thermo.result()
    return rate_of(averages.time, averages.series["potential_energy"], SPENT * latent)


def rate_of(time: FloatArray, energies: FloatArray, most: float) -> float:
    """Return the slope of a series until its average over 2 ps has moved by ``most``, of five such averages or more."""
    width = max(1, round(SMOOTH / float(time[1] - time[0])))
    n = len(energies) // width
    blocks = energies[: n * width].reshape(n, width).mean(axis=1)
    moved = np.flatnonzero(np.abs(blocks - blocks[0]) > most)
    end = max(5, int(moved[0])) * width if len(moved) else len(energies)
    return float(np.polyfit(time[:end], energies[:end], 1)[0])


def zero_of_line(x: FloatArray, y: FloatArray) -> Measure:
    r"""Return where the least-squares line y = s (x - x_0) is zero, with its standard error.

    .. math:: \sigma(x_0)^2 = \frac{\sigma^2}{s^2}
              \left( \frac{1}{n} + \frac{(x_0 - \bar x)^2}{\sum (x - \bar x)^2} \right), \qquad
              \sigma^2 = \frac{1}{n - 2} \sum (y - s (x - x_0))^2

    NaN for a slope that is not positive.
    """
    slope, offset = (float(c) for c in np.polyfit(x, y, 1))
    if not slope > 0.0:
        return Measure(math.nan, math.nan, "K", 0.0)
    zero, n = -offset / slope, len(x)
    scatter = float(np.sum((y - slope * x - offset) ** 2)) / (n - 2)
    spread = float(np.sum((x - x.mean()) ** 2))
    error = math.sqrt(scatter * (1.0 / n + (zero - x.mean()) ** 2 / spread)) / slope
    return Measure(zero, error, "K", float(n - 2))


def findings(element: str, results: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Return the melting point, the mean of independent runs, with its reference."""
    melting = together([restored(result["melting"]) for result in results])
    second = [t for result in results for t in result["temperatures"][len(FIRST) :]]
    notes = [
        f"{results[0]['atoms']} atoms, {len(results)} runs, half crystal and half melt; zero of the rate between "
        f"{min(second):.0f} and {max(second):.0f} K"
    ]
    if not min(second) <= melting.value <= max(second):
        notes.append("the zero is outside these temperatures")
    return [
        Finding(
            group="solid", quantity="melting point", of=element, value=melting.value, error=melting.error,
            size_error=math.nan, size_note="unknown: faces of one size", unit="K",
            reference=reference_for("melting point", element), notes=tuple(notes),
        )
    ]  # fmt: skip


def cost(params: Mapping[str, Any]) -> float:
    """Return the cost in atom-steps, for an estimate of the remaining time."""
    runs = len(FIRST) * (FIRST_TIME * params["time"] + LEFT_OUT) + len(SECOND) * (params["time"] + LEFT_OUT)
    return 2.0 * float(math.prod(params["cells"])) * float(runs + 1.5 * MELT_TIME + JOIN_TIME) / TIMESTEP
