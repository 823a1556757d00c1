"""Measures the surface of the liquids of a parameter set, and writes it into its record as [[surface]].

    python potentials/surfaces.py                    # print those of all sets
    python potentials/surfaces.py nak-2026 --write   # write into nak-2026.toml

For Na, K and four alloys, a film of 1,000 atoms between vacuum and a bulk liquid of 432 atoms at zero pressure are run
at 600, 500 and 400 K, in this order, so that the surface of an alloy starts each time from a settled one. The tension
is that of the pressure tensor of the film; the energy of the surface is (U_film - N u_bulk) / 2A, with the potential
energy per atom of the bulk liquid of the same composition. Finished compositions are kept in ``--folder`` and are not
run again. A set takes several minutes on one core.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
from measured_tables import write_tables

from nakmd.analysis import Measure, SurfaceTension, Thermo
from nakmd.cell import Cell
from nakmd.integrators import Bussi, CellRescaling, VelocityVerlet
from nakmd.potentials import Potential, load
from nakmd.runs.provenance import potential_hash
from nakmd.simulation import LiveAnalysis, Stage
from nakmd.structures.liquid import liquid, nak_density, number_density
from nakmd.studies.validation.liquid import BAROSTAT, STRONG_BATH, TIMESTEP, gentle_start, run, steps_of
from nakmd.system import System
from nakmd.units import J_PER_M2_PER_EV_A2

#: The markers around the entries of a record.
BEGIN, END = "# surfaces: begin (written by potentials/surfaces.py)", "# surfaces: end"

SETS = ("nak-2026", "nichol-ackland-2016")

#: Compositions, and temperatures [K] in the order of the runs.
COMPOSITIONS, TEMPERATURES = (0.0, 0.3, 0.5, 0.67, 0.9, 1.0), (600.0, 500.0, 400.0)

#: Atoms, thickness of the film over its width, and vacuum [Å]. A thin film, because an alloy segregates by diffusion.
FILM_ATOMS, BULK_ATOMS, ASPECT, VACUUM = 1000, 432, 1.2, 25.0

#: Times [ps] before the first temperature and between two, and of the measurement, in the film and in the bulk.
FIRST, BETWEEN, FILM_TIME, BULK_TIME = 30.0, 15.0, 60.0, 40.0

#: Steps between samples of the pressure and of the energy.
EVERY = 10

#: What the figures depend on besides the parameters.
SETTINGS = [*TEMPERATURES, FILM_ATOMS, BULK_ATOMS, ASPECT, VACUUM, FIRST, BETWEEN, FILM_TIME, BULK_TIME, EVERY]


def film(x_K: float, seed: int) -> System:
    """Return a film of liquid in vacuum at the measured density of the first temperature."""
    temperature = TEMPERATURES[0]
    width = float(np.cbrt(FILM_ATOMS / (number_density(x_K, nak_density(x_K, temperature)) * ASPECT)))
    lengths = (width, width, ASPECT * width)
    bulk = liquid(x_K, temperature, lengths=lengths, n_atoms=FILM_ATOMS, seed=seed)
    cell = Cell([width, width, ASPECT * width + VACUUM])
    return System(bulk.positions, bulk.species, bulk.species_names, cell, masses=bulk.masses, groups=bulk.groups)


def cooled(
    potential: Potential, system: System, time: float, seed: int, barostat: CellRescaling | None = None
) -> tuple[dict[float, Thermo], dict[float, SurfaceTension]]:
    """Run a system at each temperature; return the energies and, of a film, the tensions."""
    stages, observers = gentle_start(TEMPERATURES[0], FIRST), []
    energies, tensions = {}, {}
    for temperature in TEMPERATURES:
        name = f"at {temperature:g} K"
        for stage, length in ((f"to {temperature:g} K", BETWEEN), (name, time)):
            integrator = VelocityVerlet(TIMESTEP, Bussi(temperature, STRONG_BATH), barostat)
            stages.append(Stage(stage, integrator, steps_of(length)))
        energies[temperature] = Thermo()
        observers.append(LiveAnalysis(energies[temperature], system.topology, EVERY, [name]))
        if barostat is None:
            tensions[temperature] = SurfaceTension("z")
            observers.append(LiveAnalysis(tensions[temperature], system.topology, EVERY, [name]))
    run(system, potential, stages, observers, seed)
    return energies, tensions


def measure(potential: Potential, x_K: float, seed: int = 1) -> list[dict[str, float]]:
    """Return the entries of one composition, from the lowest temperature on: tensions in mN/m, energies in mJ/m²."""
    free = film(x_K, seed)
    area = float(free.cell.lengths[0] * free.cell.lengths[1])
    of_film, tensions = cooled(potential, free, FILM_TIME, seed)
    dense = liquid(x_K, TEMPERATURES[0], n_atoms=BULK_ATOMS, seed=seed)
    barostat = CellRescaling(0.0, time_constant=BAROSTAT)
    of_bulk, _ = cooled(potential, dense, BULK_TIME, seed, barostat)
    entries = []
    for temperature in sorted(TEMPERATURES):
        energy, bulk = (
            energies[temperature].result().quantities["potential_energy"] for energies in (of_film, of_bulk)
        )
        tension: Measure = tensions[temperature].result().tension
        to_area = 1e3 * J_PER_M2_PER_EV_A2 * free.n_atoms / (2.0 * area)
        entries.append(
            {
                "x_K": x_K,
                "temperature": temperature,
                "tension": round(tension.value, 1),
                "tension_error": round(tension.error, 1),
                "energy": round((energy.value - bulk.value) * to_area, 1),
                "energy_error": round(math.hypot(energy.error, bulk.error) * to_area, 1),
            }
        )
        print(json.dumps(entries[-1]), flush=True)
    return entries


def entries_of(name: str, folder: Path) -> list[dict[str, float]]:
    """Return the entries of a set; those of compositions finished with these parameters are read from the folder."""
    potential = load(name)
    made_with = {"potential": potential_hash(potential), "settings": SETTINGS}
    entries = []
    for x_K in COMPOSITIONS:
        stored = folder / f"{name}-{x_K:g}.json"
        known = json.loads(stored.read_text(encoding="utf-8")) if stored.exists() else {}
        if {key: known.get(key) for key in made_with} != made_with:
            known = {**made_with, "entries": measure(potential, x_K)}
            folder.mkdir(parents=True, exist_ok=True)
            stored.write_text(json.dumps(known, indent=1), encoding="utf-8")
        entries += known["entries"]
    return entries


if __name__ == "__main__":
    write_tables(__doc__, "surface", SETS, (BEGIN, END), entries_of)
