"""One liquid state: density, enthalpy, diffusion with finite-size correction, viscosity and g(r)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nakmd.analysis import RDF, Diffusion, Thermo, Viscosity, yeh_hummer
from nakmd.analysis.diffusion import DiffusionRecord
from nakmd.analysis.green_kubo import MPA_S_PER_EV_PS_A3, ViscosityRecord
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.rdf import PartialRDF, RDFRecord
from nakmd.analysis.thermo import ThermoRecord
from nakmd.arrays import FloatArray
from nakmd.errors import AnalysisError
from nakmd.integrators import Bussi, CellRescaling, VelocityVerlet
from nakmd.potentials import Potential
from nakmd.simulation import LiveAnalysis, Observer, Simulation, Stage, Status
from nakmd.structures.liquid import liquid
from nakmd.studies.validation.findings import finite, stored
from nakmd.system import System
from nakmd.units import K_B

#: Time step [ps]. The highest frequency of the liquids is near 3.6 THz: 70 steps per period of the fastest mode of
#: Na. The error of the kinetic temperature of a mode is at most (ω dt)²/4: 0.2 % at most, 0.06 % (0.2 K) on average.
TIMESTEP = 0.004

#: Time step [ps] and duration [ps] of the first equilibration of a packed configuration.
GENTLE_STEP, GENTLE_TIME = 0.001, 1.0

#: Time constants [ps]: of the barostat; of the thermostat for static averages, where fast heat exchange is wanted; of
#: the thermostat for dynamic quantities, which it must not disturb.
BAROSTAT, STRONG_BATH, BATH = 0.5, 0.1, 1.0

#: Steps between samples of the pressure (20 fs, for the viscosity), positions (0.1 ps), g(r) (1 ps), density.
EVERY_PRESSURE, EVERY_POSITION, EVERY_RDF, EVERY_DENSITY = 5, 25, 250, 25

RDF_RANGE, RDF_BINS = 10.0, 250

#: Largest distance [Å] of a peak from the maximum of the smoothed g(r): r² g(r) has its maximum at larger r.
PEAK_WITHIN = 0.6


def measure(potential: Potential, params: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return the quantities of one liquid state, from a run at zero pressure and one at its mean volume.

    Parameters
    ----------
    potential : Potential
    params : mapping
        ``"x_K"``, ``"temperature"`` [K], ``"atoms"``, ``"settle"``, ``"npt"``, ``"nvt"`` [ps]; ``"nvt"`` 0 omits
        diffusion, viscosity and g(r).
    seed : int

    Returns
    -------
    dict
        Measures as in `stored`: ``"density"`` [g/cm³], ``"energy"`` [eV/atom] (potential), ``"diffusion"`` by metal,
        raw and corrected, ``"viscosity"``, ``"rdf"`` by pair.
    """
    x_K, temperature = float(params["x_K"]), float(params["temperature"])
    system = liquid(x_K, temperature, n_atoms=int(params["atoms"]), seed=seed)
    settle = float(params["settle"])
    averages = without_pressure(system, potential, temperature, settle, settle, float(params["npt"]), seed)
    volumes = averages.series["volume"]
    record: dict[str, Any] = {
        "atoms": system.n_atoms,
        "density": stored(averages.quantities["density"]),
        "energy": stored(averages.quantities["potential_energy"]),
        "pressure_bar": stored(averages.quantities["pressure_bar"]),
        "volume_spread": float(np.var(volumes) / np.mean(volumes) ** 2),
    }
    if float(params["nvt"]) > 0.0:
        record |= _at_mean_volume(potential, system, averages, params, seed)
    return record


def _at_mean_volume(
    potential: Potential, system: System, averages: ThermoRecord, params: Mapping[str, Any], seed: int
) -> dict[str, Any]:
    """Return diffusion, viscosity and g(r) of a run at constant volume."""
    temperature = float(params["temperature"])
    system = at_mean_volume(system, averages)
    metals = [system.species_names[row] for row in np.unique(system.species)]
    topology = system.topology
    diffusions = {metal: Diffusion(metal) for metal in metals}
    eta, g = Viscosity(), RDF(r_max=min(RDF_RANGE, 0.48 * float(system.cell.heights.min())), bins=RDF_BINS)
    observers = [
        *(LiveAnalysis(d, topology, EVERY_POSITION, ["produce"]) for d in diffusions.values()),
        LiveAnalysis(eta, topology, EVERY_PRESSURE, ["produce"]),
        LiveAnalysis(g, topology, EVERY_RDF, ["produce"]),
    ]
    stages = [
        Stage("settle", VelocityVerlet(TIMESTEP, Bussi(temperature, STRONG_BATH)), steps_of(0.25 * params["settle"])),
        Stage("produce", VelocityVerlet(TIMESTEP, Bussi(temperature, BATH)), steps_of(params["nvt"])),
    ]
    run(system, potential, stages, observers, seed)
    viscosity: ViscosityRecord | None = None
    record: dict[str, Any] = {"length": float(np.cbrt(system.cell.volume)), "diffusion": {}, "rdf": {}}
    try:
        viscosity = eta.result()
        record["viscosity"] = stored(_number(viscosity))
        record["viscosity"]["settled"] = viscosity.settled
    except AnalysisError as error:
        record["viscosity"] = {**stored(Measure(math.nan, math.nan, "mPa s", 0.0)), "why": str(error)}
    for metal, diffusion in diffusions.items():
        record["diffusion"][metal] = _diffusion(diffusion.result(), viscosity, temperature)
    rdf = g.result()
    for (a, b), partial in rdf.pairs.items():
        record["rdf"][f"{a}-{b}"] = _shell(partial, rdf, system, topology.species_names)
    return record


def without_pressure(
    system: System, potential: Potential, temperature: float, melting: float, settle: float, time: float, seed: int
) -> ThermoRecord:
    """Run a packed liquid, which is changed, at zero pressure, and return its averages.

    Parameters
    ----------
    system : System
    potential : Potential
    temperature : float [K]
    melting : float [ps]
        At constant volume (`gentle_start`).
    settle, time : float [ps]
        At zero pressure, before and while it is measured.
    seed : int
    """
    thermo = Thermo()
    barostat = CellRescaling(0.0, time_constant=BAROSTAT)
    stages = [
        *gentle_start(temperature, melting),
        Stage("settle", VelocityVerlet(TIMESTEP, Bussi(temperature, STRONG_BATH), barostat), steps_of(settle)),
        Stage("produce", VelocityVerlet(TIMESTEP, Bussi(temperature, STRONG_BATH), barostat), steps_of(time)),
    ]
    run(system, potential, stages, [LiveAnalysis(thermo, system.topology, EVERY_DENSITY, ["produce"])], seed)
    return thermo.result()


def at_mean_volume(system: System, averages: ThermoRecord) -> System:
    """Return a system at the mean volume of a run at constant pressure."""
    return at_volume(system, float(np.mean(averages.series["volume"])))


def at_volume(system: System, volume: float) -> System:
    """Return a system scaled isotropically to a volume [Å³]."""
    stretch = float(np.cbrt(volume / system.cell.volume))
    cell = system.cell.copy()
    cell.matrix[:] *= stretch
    return System(
        system.positions * stretch, system.species, system.species_names, cell, system.velocities, system.masses,
        system.groups,
    )  # fmt: skip


def gentle_start(temperature: float, settle: float) -> list[Stage]:
    """Return the stages that equilibrate a packed liquid at constant volume; the second lasts ``settle`` [ps]."""
    return [
        Stage(
            "gentle",
            VelocityVerlet(GENTLE_STEP, Bussi(temperature, STRONG_BATH)),
            max(1, round(min(GENTLE_TIME, settle) / GENTLE_STEP)),
            kind="equilibrate",
            initial_temperature=temperature,
        ),
        Stage("melt", VelocityVerlet(TIMESTEP, Bussi(temperature, STRONG_BATH)), steps_of(settle), kind="equilibrate"),
    ]


def steps_of(time: float) -> int:
    """Return the number of steps in a time [ps]."""
    return max(1, round(float(time) / TIMESTEP))


def run(
    system: System, potential: Potential, stages: Sequence[Stage], observers: Sequence[Observer], seed: int
) -> None:
    """Run a simulation to its end; raise `KeyboardInterrupt` if a signal stops it."""
    if Simulation(system, potential, stages, observers, seed=seed).run() is Status.INTERRUPTED:
        raise KeyboardInterrupt


def _number(record: Any) -> Measure:
    return Measure(float(record.value), float(record.error), record.unit, float(record.n_effective))


def _diffusion(raw: DiffusionRecord, viscosity: ViscosityRecord | None, temperature: float) -> dict[str, Any]:
    r"""Return D in the cell, D corrected for finite size, and the next term of the correction.

    Notes
    -----
    The mobility of a sphere of radius a in a cubic array of images is
    μ/μ_0 = 1 - 2.8373 a/L + (4π/3)(a/L)³ - …; the correction of Yeh and Hummer is the second term. The third, with the
    Stokes-Einstein radius a = k_B T/(6π η D), is the size error.

    References
    ----------
    Hasimoto, J. Fluid Mech. 5, 317 (1959).
    """
    record: dict[str, Any] = {"raw": stored(_number(raw)), "diffusive": raw.diffusive, "exponent": finite(raw.exponent)}
    try:
        if viscosity is None:
            raise AnalysisError("there is no viscosity to correct with")
        corrected = yeh_hummer(raw, viscosity)
    except AnalysisError as error:
        return {**record, "corrected": stored(Measure(math.nan, math.nan, "Å²/ps", 0.0)), "why": str(error)}
    eta = viscosity.value / MPA_S_PER_EV_PS_A3
    radius = K_B * temperature / (6.0 * math.pi * eta * corrected.value)
    left_out = 4.0 * math.pi / 3.0 * (radius / float(corrected.lengths[0])) ** 3 * corrected.value
    return {**record, "corrected": stored(_number(corrected)), "left_out": float(left_out)}


def _shell(partial: PartialRDF, record: RDFRecord, system: System, names: Sequence[str]) -> dict[str, Any]:
    """Return g(r) with position and height of its first peak and two coordination numbers."""
    r, g = partial.r, partial.value
    density = int(np.sum(np.array(names)[system.species] == partial.b)) / system.cell.volume
    position, height = peak_of(r, g, partial.peak)
    return {
        "r": [float(x) for x in r],
        "g": [float(x) for x in g],
        "peak": finite(position),
        "height": finite(height),
        "height_error": finite(float(partial.error[int(np.argmin(np.abs(r - position)))]))
        if math.isfinite(position)
        else None,
        "bin": float(record.r[1] - record.r[0]),
        "to_minimum": stored(partial.coordination),
        "minimum": finite(partial.first_minimum),
        "symmetric": finite(symmetric_count(r, g, density, partial.peak)),
        # as if the errors of all bins had the same sign: an upper bound
        "symmetric_error": finite(
            symmetric_count(r, g + partial.error, density, partial.peak) - symmetric_count(r, g, density, partial.peak)
        ),
    }


def peak_of(r: FloatArray, g: FloatArray, near: float) -> tuple[float, float]:
    """Return position [Å] and height of the first peak: the vertex of a parabola through the points above 0.9 of it."""
    if not math.isfinite(near):
        return math.nan, math.nan
    window = np.abs(r - near) < PEAK_WITHIN
    top = float(g[window].max())
    high = window & (g > 0.9 * top)
    if int(np.sum(high)) < 4:
        return near, top
    x = r[high] - near
    c = np.polyfit(x, g[high], 2)
    if c[0] >= 0.0:
        return near, top
    return near + float(-c[1] / (2.0 * c[0])), float(c[2] - c[1] ** 2 / (4.0 * c[0]))


def symmetric_count(r: FloatArray, g: FloatArray, density: float, near: float) -> float:
    """Return twice the number of neighbours within the first maximum of 4πr²ρg(r): the symmetric-peak method.

    Experimental coordination numbers of liquid metals use this definition; the count to the first minimum of g(r) is
    half as large again.
    """
    if not math.isfinite(near):
        return math.nan
    shells = 4.0 * math.pi * r**2 * density * g
    top, _ = peak_of(r, shells, near)
    grid = np.linspace(0.0, top, 2000)
    return 2.0 * float(np.trapezoid(np.interp(grid, r, shells), grid))


def cost(params: Mapping[str, Any]) -> float:
    """Return the cost in atom-steps, for an estimate of the remaining time."""
    time = 2.25 * float(params["settle"]) + float(params["npt"]) + 1.3 * float(params["nvt"])
    return float(params["atoms"]) * (time / TIMESTEP + GENTLE_TIME / GENTLE_STEP)


def species_of(x_K: float) -> tuple[str, ...]:
    """Return the metals of a composition."""
    return ("Na",) if x_K == 0.0 else ("K",) if x_K == 1.0 else ("Na", "K")


def name_of(x_K: float) -> str:
    """Return the name of a composition: Na, K, NaK 0.67."""
    return "Na" if x_K == 0.0 else "K" if x_K == 1.0 else f"NaK {x_K:g}"
