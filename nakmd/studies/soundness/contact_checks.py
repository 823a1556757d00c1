"""What happens when two atoms come close, and where their interaction ends: any potential."""

from __future__ import annotations

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.cell import Cell
from nakmd.elements import element_of, standard_mass
from nakmd.potentials import Potential, evaluate
from nakmd.studies.soundness.verdicts import Verdict, level_of, worst
from nakmd.studies.static_crystals import PerfectCrystal
from nakmd.system import System

#: Two atoms are pushed to this part of their distance of rest.
CLOSEST, N_STEPS = 0.25, 121
#: Height [eV] of the wall below which atoms of a hot liquid fall through: fault, warning.
WALL_FAULT, WALL_WARNING = 1.0, 5.0
#: Value [eV] and slope [eV/Å] of two atoms just inside the cutoff: warning, fault.
END_VALUE, END_SLOPE = (1e-6, 1e-2), (1e-2, np.inf)


def core_in_crystal(potential: Potential, crystal: PerfectCrystal) -> Verdict:
    """Push two neighbours of a crystal together and tell how far they repel."""
    system = crystal.system(3 if crystal.structure != "graphene" else (4, 3, 1))
    away = system.cell.minimum_image(system.positions - system.positions[0])
    distances = np.linalg.norm(away, axis=1)
    distances[0] = np.inf
    other = int(np.argmin(distances))
    rest = float(distances[other])
    evaluator = potential.bind(system.species_names)

    def energy(distance: float) -> float:
        moved = system.copy()
        shift = 0.5 * (rest - distance) / rest * away[other]
        moved.positions[0] += shift
        moved.positions[other] -= shift
        return evaluator.evaluate(moved).energy

    r = rest * np.linspace(1.0, CLOSEST, N_STEPS)
    energies = np.array([energy(x) for x in r]) - energy(rest)
    return _wall("-".join(crystal.elements * (2 if len(crystal.elements) == 1 else 1)), r, energies, "fault")


def core_of_dimer(potential: Potential, a: str, b: str) -> Verdict | None:
    """Push two lone atoms together; None if they do not interact. No wall is a warning: a lone pair may never meet."""
    cutoff = potential.bind(list(dict.fromkeys((a, b)))).cutoff
    r = np.linspace(min(cutoff, 8.0) - 1e-6, 0.4, 4 * N_STEPS)
    energies, _ = _dimers(potential, a, b, r)
    if not np.any(energies):
        return None
    well = int(np.argmin(np.where(r > 1.0, energies, np.inf)))
    at = r[well]
    if at < 1.0 + 2.0 * (r[0] - r[1]):
        text = f"lone pair: attracts at every distance down to {at:.2f} Å ({energies[well]:.3f} eV): there is no wall"
        return Verdict("core", f"{a}-{b}", "warning", text, float(at), "Å", f"Keep {a} and {b} apart: they collapse.")
    kept = (r <= at) & (r >= CLOSEST * at)
    verdict = _wall(f"{a}-{b}", r[kept], energies[kept] - energies[well], "warning")
    text = f"lone pair: {energies[well]:.4f} eV at {at:.2f} Å; {verdict.text}"
    return Verdict(verdict.check, verdict.of, verdict.level, text, verdict.value, verdict.unit, verdict.remedy)


def _wall(of: str, r: FloatArray, energies: FloatArray, gravest: str) -> Verdict:
    """Return what a curve of energies, from rest inwards, says of the wall."""
    top = int(np.argmax(energies))
    height = float(energies[top])
    if top == len(r) - 1:
        text = f"repulsive down to {r[-1]:.2f} Å ({height:.3g} eV there)"
        level = "ok" if height > WALL_WARNING else "warning"
        remedy = "" if level == "ok" else "The wall is soft: keep temperatures low, or join a ZBL core."
        return Verdict("core", of, "ok" if level == "ok" else "warning", text, float(r[-1]), "Å", remedy)
    text = f"turns over at {r[top]:.2f} Å, {height:.3g} eV high: the closest safe distance"
    if height > WALL_WARNING:
        remedy = f"Start from structures without pairs below {r[top]:.2f} Å."
        return Verdict("core", of, "warning" if height < 4 * WALL_WARNING else "ok", text, float(r[top]), "Å", remedy)
    remedy = "Atoms can fall into each other: keep them apart, join a repulsive core, or use another set."
    level_here = "fault" if height < WALL_FAULT and gravest == "fault" else "warning"
    return Verdict("core", of, "fault" if level_here == "fault" else "warning", text, float(r[top]), "Å", remedy)


def ends(potential: Potential, species: list[str]) -> list[Verdict]:
    """Check energy and force of two atoms just inside the cutoff of their pair."""
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
                "" if level == "ok" else 'Energy drifts: give the pair cut = "shift" or "smooth", or a longer cutoff.'
            )
            out.append(Verdict("cutoff", f"{a}-{b}", level, text, value, "eV", remedy))
    return out


def _step(potential: Potential, a: str, b: str, cutoff: float) -> tuple[float, float]:
    """Return by how much energy [eV] and force [eV/Å] of two atoms step at a cutoff.

    Embedding energies of lone pairs end as a low power of the distance to the cutoff: what is still falling from 1e-4
    to 1e-8 Å is no step.
    """
    energies, forces = _dimers(potential, a, b, cutoff + np.array([-1e-8, 1e-8, -1e-4, 1e-4]))
    energy = float(abs(energies[0] - energies[1]))
    force, before = float(abs(forces[0] - forces[1])), float(abs(forces[2] - forces[3]))
    return energy, force if force > 0.7 * before else 0.0


def _dimers(potential: Potential, a: str, b: str, distances: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return energies [eV] of two atoms alone at every distance [Å], and the forces along their line [eV/Å].

    All pairs stand in one open cell, farther from each other than anything reaches.
    """
    names, masses = list(dict.fromkeys((a, b))), [standard_mass(element_of(name)) for name in (a, b)]
    n = len(distances)
    apart = 2.0 * float(distances.max()) + 50.0
    positions = np.zeros((n, 2, 3))
    positions[:, :, 0] = apart * np.arange(n)[:, None]
    positions[:, 1, 1] = distances
    species = np.tile([0, len(names) - 1], n)
    cell = Cell([apart * n, apart, apart], [False] * 3)
    found = evaluate(potential, System(positions.reshape(-1, 3), species, names, cell, masses=np.tile(masses, n)))
    return found.energies.reshape(n, 2).sum(axis=1), found.forces[1::2, 1].copy()
