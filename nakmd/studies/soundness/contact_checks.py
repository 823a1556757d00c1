"""Checks of short-range repulsion and of the cutoff, for any potential."""

from __future__ import annotations

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.cell import Cell
from nakmd.elements import element_of, standard_mass
from nakmd.potentials import Potential, evaluate
from nakmd.studies.soundness.verdicts import Verdict, level_of, worst
from nakmd.studies.static_crystals import PerfectCrystal
from nakmd.system import System

#: Shortest distance in units of the equilibrium distance, and number of steps.
CLOSEST, N_STEPS = 0.25, 121
#: Height [eV] of the repulsive wall below which atoms of a hot liquid cross it: fault, warning.
WALL_FAULT, WALL_WARNING = 1.0, 5.0
#: Steps of energy [eV] and force [eV/Å] of two atoms at the cutoff: warning, fault.
END_VALUE, END_SLOPE = (1e-6, 1e-2), (1e-2, np.inf)


def core_in_crystal(potential: Potential, crystal: PerfectCrystal) -> Verdict:
    """Move two neighbours of a crystal together and find the range of their repulsion."""
    system = crystal.system(3 if crystal.structure != "graphene" else (4, 3, 1))
    away = system.cell.minimum_image(system.positions - system.positions[0])
    distances = np.linalg.norm(away, axis=1)
    distances[0] = np.inf
    neighbour = int(np.argmin(distances))
    rest = float(distances[neighbour])
    evaluator = potential.bind(system.species_names)

    def energy(distance: float) -> float:
        moved = system.copy()
        shift = 0.5 * (rest - distance) / rest * away[neighbour]
        moved.positions[0] += shift
        moved.positions[neighbour] -= shift
        return evaluator.evaluate(moved).energy

    r = rest * np.linspace(1.0, CLOSEST, N_STEPS)
    energies = np.array([energy(x) for x in r]) - energy(rest)
    return _wall("-".join(crystal.elements * (2 if len(crystal.elements) == 1 else 1)), r, energies, "fault")


def core_of_dimer(potential: Potential, a: str, b: str) -> Verdict | None:
    """Move two isolated atoms together; None if they do not interact.

    Missing repulsion is only a warning: the two may never meet.
    """
    cutoff = potential.bind(list(dict.fromkeys((a, b)))).cutoff
    r = np.linspace(min(cutoff, 8.0) - 1e-6, 0.4, 4 * N_STEPS)
    energies, _ = _dimers(potential, a, b, r)
    if not np.any(energies):
        return None
    well = int(np.argmin(np.where(r > 1.0, energies, np.inf)))
    at = r[well]
    if at < 1.0 + 2.0 * (r[0] - r[1]):
        text = f"isolated pair: attractive at every distance down to {at:.2f} Å ({energies[well]:.3f} eV), no repulsion"
        return Verdict(
            "core", f"{a}-{b}", "warning", text, float(at), "Å", f"Keep {a} and {b} apart: the pair collapses."
        )
    kept = (r <= at) & (r >= CLOSEST * at)
    verdict = _wall(f"{a}-{b}", r[kept], energies[kept] - energies[well], "warning")
    text = f"isolated pair: {energies[well]:.4f} eV at {at:.2f} Å; {verdict.text}"
    return Verdict(verdict.check, verdict.of, verdict.level, text, verdict.value, verdict.unit, verdict.remedy)


def _wall(of: str, r: FloatArray, energies: FloatArray, gravest: str) -> Verdict:
    """Return the verdict on a curve of energies that starts at equilibrium and goes inwards."""
    top = int(np.argmax(energies))
    height = float(energies[top])
    if top == len(r) - 1:
        text = f"repulsive down to {r[-1]:.2f} Å ({height:.3g} eV there)"
        level = "ok" if height > WALL_WARNING else "warning"
        remedy = "" if level == "ok" else "The repulsion is soft: use low temperatures, or add a ZBL core."
        return Verdict("core", of, "ok" if level == "ok" else "warning", text, float(r[-1]), "Å", remedy)
    text = f"maximum of {height:.3g} eV at {r[top]:.2f} Å: the closest safe distance"
    if height > WALL_WARNING:
        remedy = f"Start from structures without pairs closer than {r[top]:.2f} Å."
        return Verdict("core", of, "warning" if height < 4 * WALL_WARNING else "ok", text, float(r[top]), "Å", remedy)
    remedy = "Atoms can collapse onto each other: keep them apart, add a repulsive core, or use another set."
    fault = height < WALL_FAULT and gravest == "fault"
    return Verdict("core", of, "fault" if fault else "warning", text, float(r[top]), "Å", remedy)


def ends(potential: Potential, species: list[str]) -> list[Verdict]:
    """Check the steps of energy and force of two atoms at the cutoff of their pair."""
    tables = [request.cutoffs for request in potential.bind(species).requests]
    out = []
    for i, a in enumerate(species):
        for j, b in enumerate(species[i:], start=i):
            cutoffs = {float(table[i, j]) for table in tables} - {0.0}
            if not cutoffs:
                continue
            steps = [_step(potential, a, b, cutoff) for cutoff in cutoffs]
            value, slope = (max(step[k] for step in steps) for k in (0, 1))
            level = worst([level_of(value, *END_VALUE), level_of(slope, *END_SLOPE)])
            text = f"energy steps by {value:.1e} eV, force by {slope:.1e} eV/Å at {max(cutoffs):.3f} Å"
            remedy = (
                ""
                if level == "ok"
                else 'The energy will drift: set cut = "shift" or "smooth" for the pair, or a longer cutoff.'
            )
            out.append(Verdict("cutoff", f"{a}-{b}", level, text, value, "eV", remedy))
    return out


def _step(potential: Potential, a: str, b: str, cutoff: float) -> tuple[float, float]:
    """Return the steps of energy [eV] and force [eV/Å] of two atoms at a cutoff.

    Embedding energies of isolated pairs vanish as a low power of the distance to the cutoff: a force that still
    decreases from 1e-4 to 1e-8 Å is not a step.
    """
    energies, forces = _dimers(potential, a, b, cutoff + np.array([-1e-8, 1e-8, -1e-4, 1e-4]))
    energy = float(abs(energies[0] - energies[1]))
    force, before = float(abs(forces[0] - forces[1])), float(abs(forces[2] - forces[3]))
    return energy, force if force > 0.7 * before else 0.0


def _dimers(potential: Potential, a: str, b: str, distances: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return energies [eV] of two isolated atoms at every distance [Å], and the forces along their line [eV/Å].

    All pairs share one open cell, further apart than any cutoff.
    """
    names, masses = list(dict.fromkeys((a, b))), [standard_mass(element_of(name)) for name in (a, b)]
    n = len(distances)
    spacing = 2.0 * float(distances.max()) + 50.0
    positions = np.zeros((n, 2, 3))
    positions[:, :, 0] = spacing * np.arange(n)[:, None]
    positions[:, 1, 1] = distances
    species = np.tile([0, len(names) - 1], n)
    cell = Cell([spacing * n, spacing, spacing], [False] * 3)
    result = evaluate(potential, System(positions.reshape(-1, 3), species, names, cell, masses=np.tile(masses, n)))
    return result.energies.reshape(n, 2).sum(axis=1), result.forces[1::2, 1].copy()
