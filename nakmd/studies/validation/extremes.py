"""Far from the liquid: two atoms alone, strong compression, an atom that leaves a surface."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.cell import Cell
from nakmd.potentials import Potential
from nakmd.structures.crystal import crystal
from nakmd.studies.validation.cold import lattice_constant
from nakmd.studies.validation.findings import Finding, number
from nakmd.studies.validation.references import reference_for
from nakmd.system import System
from nakmd.units import GPA_PER_EV_A3

#: Distances of two atoms [Å]; further than any range of the forces.
DISTANCES, FAR = np.arange(1.6, 12.0, 0.05), 30.0

#: V/V_0 of the compressed crystal, and the pressure [GPa] at which it is reported.
VOLUMES, HIGH_PRESSURE = np.arange(1.0, 0.395, -0.02), 5.0

#: Cubic cells of the slab along each direction, distance [Å] of its images, heights of the leaving atom [Å].
SLAB_CELLS, GAP, HEIGHTS = 5, 40.0, np.arange(0.0, 15.01, 0.1)

#: Energy [eV] below which two extrema of a curve are the same: above rounding, below anything of consequence.
RIPPLE = 1e-4


def measure(potential: Potential, params: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return the energy of two atoms; for like atoms also the pressure of their crystal, and an atom that leaves it.

    ``params`` has ``"pair"``, two elements; ``seed`` is not used.
    """
    first, second = params["pair"]
    record: dict[str, Any] = {"dimer": dimer(potential, first, second)}
    if first == second:
        a = lattice_constant(potential, first)
        record |= {"compression": compression(potential, first, a), "leaving": leaving(potential, first, a)}
    return record


def dimer(potential: Potential, first: str, second: str) -> dict[str, Any]:
    """Return the energy [eV] of two atoms at `DISTANCES` relative to two far ones, and its wells."""
    names = tuple(dict.fromkeys((first, second)))
    evaluator = potential.bind(names)

    def energy(distance: float) -> float:
        ends = np.array([[0.0, 0.0, 0.0], [distance, 0.0, 0.0]])
        pair = System(ends, [0, len(names) - 1], names, Cell([60.0] * 3, [False] * 3))
        return float(evaluator.evaluate(pair).energy)

    energies = np.array([energy(float(r)) for r in DISTANCES]) - energy(FAR)
    least = int(np.argmin(energies))
    return {
        "energies": [float(e) for e in energies], "depth": -float(energies[least]), "length": float(DISTANCES[least]),
        "wells": wells(energies),
    }  # fmt: skip


def wells(energies: FloatArray) -> int:
    """Return the number of minima of a curve; a rise or fall by less than 0.1 meV is none."""
    count, low, high, falling = 0, energies[0], energies[0], True
    for value in energies[1:]:
        if falling:
            low = min(low, value)
            if value > low + RIPPLE:
                count, falling, high = count + 1, False, value
        else:
            high = max(high, value)
            if value < high - RIPPLE:
                falling, low = True, value
    return count


def compression(potential: Potential, element: str, a: float) -> dict[str, Any]:
    """Return the static pressure [GPa] of bcc at `VOLUMES`, and V/V_0 at 5 GPa (None if it is not reached)."""
    evaluator = potential.bind((element,))
    pressures = []
    for volume in VOLUMES:
        system = crystal(element, 1, "bcc", a * float(np.cbrt(volume)))
        pressures.append(
            float(evaluator.evaluate(system).virial[:3].sum()) / (3.0 * system.cell.volume) * GPA_PER_EV_A3
        )
    rising = bool(np.all(np.diff(pressures) > 0.0))
    reached = max(pressures) >= HIGH_PRESSURE and rising
    at = float(np.interp(HIGH_PRESSURE, pressures, VOLUMES)) if reached else None
    return {"pressures": pressures, "rising": rising, "at": at}


def leaving(potential: Potential, element: str, a: float) -> dict[str, Any]:
    """Return energy [eV] and force [eV/Å] of an atom that leaves the (100) face of a rigid slab along the normal.

    Heights are above its site in the face; energies relative to the last, far outside; forces are outward.
    """
    full = crystal(element, SLAB_CELLS, "bcc", a)
    lengths = full.cell.lengths + np.array([0.0, 0.0, GAP])
    slab = System(full.positions, full.species, full.species_names, Cell(lengths, [True, True, False]))
    top = int(np.argmax(slab.positions[:, 2]))
    evaluator, site = potential.bind((element,)), slab.positions[top].copy()
    energies, forces = [], []
    for height in HEIGHTS:
        slab.positions[top] = site + np.array([0.0, 0.0, height])
        result = evaluator.evaluate(slab)
        energies.append(float(result.energy))
        forces.append(float(result.forces[top, 2]))
    relative = np.array(energies) - energies[-1]
    return {
        "energies": [float(e) for e in relative], "forces": forces, "energy": -float(relative[0]),
        "overshoot": max(0.0, float(relative.max())), "pull": -min(forces),
        "jump": float(np.abs(np.diff(forces)).max()),
    }  # fmt: skip


def findings(pair: tuple[str, str], result: Mapping[str, Any]) -> list[Finding]:
    """Return the figures of two atoms, of compression and of the leaving atom."""
    first, second = pair
    of = f"{first}2" if first == second else f"{first}{second}"
    two = result["dimer"]
    rows: list[tuple[str, str, float, str, str]] = [
        ("depth of the dimer", of, number(two["depth"]), "eV", "static; nothing of it was fitted"),
        ("length of the dimer", of, number(two["length"]), "Å", "to 0.05 Å"),
        ("wells of the dimer", of, number(two["wells"]), "", f"from {DISTANCES[0]:.1f} to {DISTANCES[-1]:.1f} Å"),
    ]
    if first == second:
        squeezed, gone = result["compression"], result["leaving"]
        note = "static bcc" if squeezed["rising"] else "static bcc; the pressure does not rise all the way"
        face = "from a (100) face of a rigid slab"
        rows += [
            ("V/V0 at 5 GPa", first, number(squeezed["at"]), "", note),
            ("energy of an atom leaving", first, number(gone["energy"]), "eV", face),
            ("overshoot of an atom leaving", first, number(gone["overshoot"]), "eV", f"above the free atom, {face}"),
            ("largest pull on an atom leaving", first, number(gone["pull"]), "eV/Å", face),
            ("jump of that force in 0.1 Å", first, number(gone["jump"]), "eV/Å", face),
        ]
    return [
        Finding(
            group="extremes", quantity=quantity, of=name, value=value, error=0.0, unit=unit,
            reference=reference_for(quantity, name), notes=(note,),
        )
        for quantity, name, value, unit, note in rows
        if math.isfinite(value) or quantity == "V/V0 at 5 GPa"
    ]  # fmt: skip
