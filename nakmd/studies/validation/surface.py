"""The free surface of the liquid: tension and segregation of a film between vacuum."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nakmd.analysis import SurfaceTension
from nakmd.analysis.numerics.block_sums import BlockSums
from nakmd.analysis.numerics.jackknife import jackknife, merged
from nakmd.analysis.numerics.statistics import Measure
from nakmd.arrays import FloatArray
from nakmd.cell import Cell
from nakmd.errors import AnalysisError
from nakmd.integrators import Bussi, VelocityVerlet
from nakmd.potentials import Potential
from nakmd.simulation import LiveAnalysis, Observer, Stage
from nakmd.structures.liquid import liquid, nak_density, number_density
from nakmd.studies.validation.findings import Finding, number, restored, stored
from nakmd.studies.validation.liquid import BATH, TIMESTEP, gentle_start, name_of, run, steps_of
from nakmd.studies.validation.references import reference_for
from nakmd.system import Frame, System
from nakmd.units import J_PER_M2_PER_EV_A2, K_B

#: Thickness of the film over its width, and the vacuum between it and its image [Å].
ASPECT, VACUUM = 1.8, 25.0

#: Steps between samples of the pressure (40 fs) and of the profile (1 ps).
EVERY_PRESSURE, EVERY_PROFILE = 10, 250

#: Bin width of the profile, depth of the outermost layer, and minimum depth of the bulk [Å].
SLICE, LAYER, DEPTH = 0.25, 4.0, 12.0

MN_PER_M = 1e3 * J_PER_M2_PER_EV_A2


class FilmProfile(Observer):
    """Histogram of each species by distance from the middle of the film, both halves combined.

    Parameters
    ----------
    system : System
    every, stages
        As in `Observer`.
    """

    def __init__(self, system: System, every: int, stages: list[str]) -> None:
        super().__init__(every, stages)
        self._masses, self._species = system.masses, system.species
        self._edges = np.arange(0.0, 0.5 * float(system.cell.lengths[2]) + SLICE, SLICE)
        self._n_species = len(system.species_names)
        self._sums = BlockSums()

    def observe(self, frame: Frame) -> None:
        """Count one frame."""
        z = frame.unwrapped[:, 2]
        depth = np.abs(z - self._masses @ z / self._masses.sum())
        counts = [np.histogram(depth[self._species == s], self._edges)[0] for s in range(self._n_species)]
        self._sums.add(np.array(counts, dtype=np.float64))

    @property
    def middles(self) -> FloatArray:
        """Distance [Å] of each bin."""
        return 0.5 * (self._edges[1:] + self._edges[:-1])

    def blocks(self) -> FloatArray:
        """Mean counts of successive time blocks, (n_blocks, n_species, n_slices)."""
        return self._sums.block_means()


def measure(potential: Potential, params: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return the surface tension of a free film, and the segregation of an alloy.

    Parameters
    ----------
    potential : Potential
    params : mapping
        ``"x_K"``, ``"temperature"`` [K], ``"atoms"``, ``"settle"``, ``"time"`` [ps].
    seed : int
    """
    x_K, temperature = float(params["x_K"]), float(params["temperature"])
    density = number_density(x_K, nak_density(x_K, temperature))
    width = float(np.cbrt(int(params["atoms"]) / (density * ASPECT)))
    bulk = liquid(
        x_K, temperature, lengths=(width, width, ASPECT * width), n_atoms=int(params["atoms"]), seed=seed
    )  # fmt: skip
    cell = Cell([width, width, ASPECT * width + VACUUM])
    system = System(bulk.positions, bulk.species, bulk.species_names, cell, masses=bulk.masses, groups=bulk.groups)
    tension, profile = SurfaceTension("z"), FilmProfile(system, EVERY_PROFILE, ["produce"])
    stages = [
        *gentle_start(temperature, float(params["settle"])),
        Stage("produce", VelocityVerlet(TIMESTEP, Bussi(temperature, BATH)), steps_of(params["time"])),
    ]
    observers = [LiveAnalysis(tension, system.topology, EVERY_PRESSURE, ["produce"]), profile]
    run(system, potential, stages, observers, seed)
    record: dict[str, Any] = {"atoms": system.n_atoms, "area": width * width, "thickness": ASPECT * width}
    try:
        record["tension"] = stored(tension.result().tension)
    except AnalysisError as error:
        record["tension"] = {**stored(Measure(math.nan, math.nan, "mN/m", 0.0)), "why": str(error)}
    blocks = profile.blocks()
    record["depth"] = [float(d) for d in profile.middles]
    record["counts"] = {
        system.species_names[s]: [float(c) for c in blocks[:, s].mean(axis=0)] for s in range(blocks.shape[1])
    }
    if 0.0 < x_K < 1.0:
        excess, share = segregation(blocks, profile.middles, width * width)
        record["excess"], record["share"] = stored(excess), stored(share)
    return record


def segregation(blocks: FloatArray, depth: FloatArray, area: float) -> tuple[Measure, Measure]:
    r"""Return the excess of K over Na at the surface [1/nm²] and the share of K in the outermost layer.

    .. math:: \Gamma_K^{(Na)} = \frac{1}{2A} \left( N_K - N_{Na} \frac{\rho_K^b}{\rho_{Na}^b} \right)

    with the dividing surface at zero excess of Na. The surface is where the total density is half its bulk value; the
    bulk is everything 12 Å or more below it, the outermost layer the first 4 Å.

    Parameters
    ----------
    blocks : (n_blocks, 2, n_slices) float64
        Atoms of Na and K by distance from the middle of the film, both halves combined.
    depth : (n_slices,) float64 [Å]
        Distance from the middle of the film.
    area : float [Å²]
        Area of one face.
    """
    total = blocks.mean(axis=0).sum(axis=0)
    inside = total[depth < 0.5 * float(depth[total > 0.5 * total.max()].max())].mean()
    surface = float(depth[total > 0.5 * inside].max())
    bulk, outer = depth < surface - DEPTH, depth > surface - LAYER
    if not np.any(bulk):
        return Measure(math.nan, math.nan, "1/nm²", 0.0), Measure(math.nan, math.nan, "", 0.0)

    def both(counts: FloatArray) -> FloatArray:
        sodium, potassium = counts
        ratio = potassium[bulk].sum() / sodium[bulk].sum()
        excess = (potassium.sum() - ratio * sodium.sum()) / (2.0 * area) * 100.0
        outermost = potassium[outer].sum(), sodium[outer].sum()
        return np.array([excess, outermost[0] / sum(outermost)])

    excess, share = both(blocks.mean(axis=0))
    error, n_effective = jackknife(merged(blocks, 16), both)
    return Measure(float(excess), float(error[0]), "1/nm²", n_effective), Measure(
        float(share), float(error[1]), "", n_effective
    )


def findings(x_K: float, temperature: float, result: Mapping[str, Any]) -> list[Finding]:
    """Return tension and segregation with their references."""
    of, tension = name_of(x_K), restored(result["tension"])
    film = f"film of {result['atoms']} atoms, {result['thickness']:.0f} Å thick"
    why = (str(result["tension"]["why"]),) if "why" in result["tension"] else ()
    comparisons = [
        Finding(
            group="surface",
            quantity="surface tension",
            of=of,
            temperature=temperature,
            value=tension.value,
            error=tension.error,
            size_error=K_B * temperature / number(result["area"]) * MN_PER_M,
            size_note="k_B T/A: capillary waves longer than the faces are missing",
            unit="mN/m",
            reference=reference_for("surface tension", of, temperature),
            notes=(film, *why),
        )
    ]
    if "excess" in result:
        bulk = f"{film}, bulk {DEPTH:g} Å below its surfaces"
        for key, quantity, unit, note in (
            ("excess", "excess of K at the surface", "1/nm²", f"relative to Na; {bulk}"),
            ("share", "share of K in the outer layer", "", f"{LAYER:g} Å thick; {bulk}"),
        ):
            measured = restored(result[key])
            comparisons.append(
                Finding(
                    group="surface",
                    quantity=quantity,
                    of=of,
                    temperature=temperature,
                    value=measured.value,
                    error=measured.error,
                    size_error=math.nan,
                    size_note="unknown: the two surfaces may interact through the film",
                    unit=unit,
                    reference=reference_for(quantity, of, temperature),
                    notes=(note,),
                )
            )
    return comparisons


def slope_of_excess(x_K: float, excess: Mapping[float, Measure]) -> Finding:
    """Return the change of the excess of K with temperature [1/nm²/K] from those of two temperatures [K]."""
    (cold, at_cold), (warm, at_warm) = sorted(excess.items())
    of, quantity = name_of(x_K), "slope of the excess of K"
    return Finding(
        group="surface",
        quantity=quantity,
        of=of,
        value=(at_warm.value - at_cold.value) / (warm - cold) * 1e3,
        error=math.hypot(at_warm.error, at_cold.error) / (warm - cold) * 1e3,
        size_error=math.nan,
        size_note="unknown: the two surfaces may interact through the film",
        unit="1e-3/nm²/K",
        reference=reference_for(quantity, of),
        notes=(f"between {cold:g} and {warm:g} K; negative: entropy mixes the surface",),
    )


def cost(params: Mapping[str, Any]) -> float:
    """Return the cost in atom-steps, for an estimate of the remaining time."""
    return float(params["atoms"]) * (float(params["settle"]) + float(params["time"])) / TIMESTEP
