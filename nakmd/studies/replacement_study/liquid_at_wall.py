"""One run of liquid NaK at a wall: affinity, contacts, composition of the first layer, metal at the sites."""

from __future__ import annotations

import math
from typing import Any

from nakmd.analysis import Affinity, Coordination
from nakmd.analysis.base import Record
from nakmd.analysis.numerics.statistics import Measure
from nakmd.integrators import Bussi, CellRescaling, Fire, Swap, VelocityVerlet
from nakmd.potentials import Potential
from nakmd.simulation import LiveAnalysis, Simulation, Stage, Status
from nakmd.structures.liquid import fill
from nakmd.studies.replacement_study import walls
from nakmd.studies.replacement_study.site_counts import SiteCounts
from nakmd.units import J_PER_M2_PER_EV_A2

#: Time step [ps], as in liquids; of the first picosecond of a packed liquid; its length [ps].
TIMESTEP, GENTLE_STEP, GENTLE_TIME = 0.004, 0.001, 1.0

#: Time constants [ps] of thermostat and barostat.
BATH, BAROSTAT = 0.2, 0.5

#: Steps between calls of the exchange move and trials of each: a tenth of the time of the run is theirs.
SWAP_EVERY, SWAP_TRIALS = 25, 100

#: Steps between frames.
EVERY = 50

#: Steps and largest force [eV/Å] of the first relaxation.
RELAX_STEPS, RELAX_FORCE = 500, 0.5

PRODUCE = "produce"


def measure(
    potential: Potential,
    route: str,
    share: float,
    x_K: float,
    temperature: float,
    settle: float,
    time: float,
    seed: int,
) -> dict[str, Any]:
    """Return what a run of liquid NaK at one wall shows.

    Parameters
    ----------
    potential : Potential
        At the graphitic nitrogen of this wall.
    route : str
    share : float
        As in `walls.wall`.
    x_K : float
        Atomic fraction of K.
    temperature : float [K]
    settle, time : float [ps]
        Of the stage at zero pressure normal to the wall, whose last volume is kept, and of the one that counts.
    seed : int
        Of sites, liquid and motion.

    Returns
    -------
    dict
        Numbers with their errors, as ``[value, standard error]``: ``"affinity"`` [J/m²], ``"contacts"`` (K within the
        contact distance of a C), ``"first layer"`` (K over Na), ``"enrichment"`` (the same over that of the bulk);
        ``"sites"`` as in `SiteCounts.result`, ``"holes"``, ``"area"`` [Å²] of a face, ``"x_bulk"``, the share of K in
        the bulk, ``"atoms"``. What has K over Na is absent if one of them was never in the first layer.

    Notes
    -----
    Liquid wets both faces. The affinity is -E/2A with the interaction energy E of wall and metal and the area A of a
    face, holes included; contacts are half of those on both faces.
    """
    wall = walls.wall(route, share, seed)
    system = fill(wall.system, x_K, temperature, seed=seed)
    affinity, contacts = Affinity(), Coordination("C", "K")
    counts = SiteCounts(system, wall.centers, EVERY, [PRODUCE])
    live = [LiveAnalysis(one, system.topology, EVERY, [PRODUCE]) for one in (affinity, contacts)]
    simulation = Simulation(system, potential, _stages(temperature, settle, time), [*live, counts], seed=seed)
    if simulation.run() is Status.INTERRUPTED:
        raise KeyboardInterrupt
    at_wall, around = live[0].result(), live[1].result()
    layer = at_wall.layer_atoms
    area = float(system.cell.volume / system.cell.heights[2])
    record: dict[str, Any] = {
        "affinity": _pair(at_wall.energy.scaled(-0.5 * J_PER_M2_PER_EV_A2 / area, "J/m²")),
        "contacts": [0.5 * number for number in _pair(around)],
        "sites": counts.result(),
        "holes": len(wall.centers[route]) if route in walls.ROUTES else 0,
        "area": area,
        "atoms": system.n_atoms,
    }
    if min(entry.value for entry in layer.values()) > 0.0:
        enrichment = at_wall.enrichment["K", "Na"]
        ratio = layer["K"].value / layer["Na"].value
        bulk = ratio / enrichment.value
        record |= {
            "first layer": [ratio, ratio * math.hypot(*(m.error / m.value for m in layer.values()))],
            "enrichment": _pair(enrichment),
            "x_bulk": bulk / (1.0 + bulk),
        }
    return record


def _stages(temperature: float, settle: float, time: float) -> list[Stage]:
    common: dict[str, Any] = {
        "frozen": ("sheet",), "moves": (Swap(("Na", "K"), every=SWAP_EVERY, attempts=SWAP_TRIALS),)
    }  # fmt: skip
    gentle = max(1, round(min(GENTLE_TIME, settle) / GENTLE_STEP))
    return [
        Stage("relax", Fire(RELAX_FORCE), RELAX_STEPS, kind="relax", frozen=("sheet",)),
        Stage(
            "gentle", VelocityVerlet(GENTLE_STEP, Bussi(temperature, BATH)), gentle, kind="equilibrate",
            initial_temperature=temperature, **common,
        ),
        Stage(
            "settle", VelocityVerlet(TIMESTEP, Bussi(temperature, BATH), CellRescaling(0.0, "z", BAROSTAT)),
            max(1, round(settle / TIMESTEP)), kind="equilibrate", **common,
        ),
        Stage(PRODUCE, VelocityVerlet(TIMESTEP, Bussi(temperature, BATH)), max(1, round(time / TIMESTEP)), **common),
    ]  # fmt: skip


def _pair(measure: Measure | Record) -> list[float]:
    return [float(measure.value), float(measure.error)]
