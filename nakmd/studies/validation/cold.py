"""The cold metal: lattice, cohesion, elasticity, phonons, unrelaxed vacancy, and energies of fcc and hcp."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

from nakmd.arrays import FloatArray
from nakmd.cell import Cell
from nakmd.elements import MASSES
from nakmd.potentials import Potential, evaluate
from nakmd.structures.crystal import LATTICE_CONSTANTS, crystal
from nakmd.studies.static_crystals import (
    OTHERS,
    elastic_constants,
    energy_per_atom,
    length_of_least_energy,
    vacancy_energy,
)
from nakmd.studies.validation.findings import Finding, number
from nakmd.studies.validation.references import reference_for
from nakmd.system import System
from nakmd.units import ACCELERATION

#: Displacement [Å] of central differences.
DISPLACEMENT = 1e-3

#: Cells along each direction for vacancy and force constants, and wave vectors per direction for the lowest phonon.
VACANCY_CELLS, PHONON_CELLS, MESH = 4, 6, 12

#: Zone-boundary points of bcc in units of 2π/a.
POINTS = {"H": (1.0, 0.0, 0.0), "N": (0.5, 0.5, 0.0)}

#: Further lattice constants, in units of that at rest, at which the lowest phonon is measured.
STRETCHES = (0.98, 1.02)

MEV = 1e3


def measure(potential: Potential, params: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return the static quantities of one metal.

    ``params`` has ``"element"``; ``seed`` is not used.

    Notes
    -----
    In bcc every atom is an inversion centre, also under strain: C_ij need no internal relaxation.

    The vacancy is not relaxed, see `nakmd.studies.static_crystals.vacancy_energy`.
    """
    element = str(params["element"])
    a = lattice_constant(potential, element)
    energy = energy_per_atom(potential, crystal(element, 1, "bcc", a))
    moduli = elastic_constants(potential, crystal(element, 1, "bcc", a))
    record = {"a": a, "cohesion": -energy, **dict(zip(("C11", "C12", "C44"), moduli))}
    record |= _structures(potential, element, a, energy)
    record["vacancy"] = vacancy_energy(potential, crystal(element, VACANCY_CELLS, "bcc", a), energy)
    record |= _phonons(potential, element, a)
    for stretch in STRETCHES:
        strained = ForceConstants.measure(potential, element, stretch * a)
        record[f"lowest at {stretch:g}"] = strained.lowest()
    return record


def lattice_constant(potential: Potential, element: str) -> float:
    """Return the lattice constant [Å] of bcc at minimum energy."""
    return _minimum(potential, element, "bcc", LATTICE_CONSTANTS[("bcc", (element,))])[0]


def _minimum(potential: Potential, element: str, structure: str, guess: float) -> tuple[float, float]:
    """Return the lattice constant [Å] and the energy [eV/atom] of a cubic crystal at minimum energy."""
    return length_of_least_energy(
        lambda a: energy_per_atom(potential, crystal(element, 1, structure, a)), (0.9 * guess, 1.1 * guess), 1e-8
    )


def _structures(potential: Potential, element: str, a: float, bcc: float) -> dict[str, float]:
    """Return E_fcc - E_bcc and E_hcp - E_bcc [eV] at the equilibrium volumes, hcp at its equilibrium c/a."""
    guess = a * 2.0 ** (1.0 / 3.0)
    fcc = _minimum(potential, element, "fcc", guess)[1]
    near = guess / math.sqrt(2.0)

    def of_hcp(x: FloatArray) -> float:
        a, c = near * float(x[0]), near * math.sqrt(8.0 / 3.0) * float(x[1])
        return energy_per_atom(potential, _hcp(element, a, c))

    hcp = minimize(of_hcp, np.ones(2), method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9})
    return {"fcc": fcc - bcc, "hcp": float(hcp.fun) - bcc}


def _hcp(element: str, a: float, c: float) -> System:
    """Return hcp in an orthorhombic cell of four atoms."""
    root = math.sqrt(3.0)
    fractions = np.array(OTHERS["hcp"][1])
    lengths = np.array([a, root * a, c])
    return System(fractions * lengths, np.zeros(4, dtype=np.int64), (element,), Cell(lengths))


@dataclass(frozen=True)
class ForceConstants:
    """Force constants of bcc from one displaced atom, and phonon frequencies.

    Attributes
    ----------
    away : (n, 3) float64 [Å]
        From the displaced atom to the nearest image of each.
    constants : (n, 3, 3) float64 [eV/Å²]
        -dF_j/du_0.
    a : float [Å]
        Lattice constant.
    mass : float [amu]
    """

    away: FloatArray
    constants: FloatArray
    a: float
    mass: float

    @classmethod
    def measure(cls, potential: Potential, element: str, a: float) -> ForceConstants:
        """Displace one atom by ± along each axis."""
        system = crystal(element, PHONON_CELLS, "bcc", a)
        constants = np.zeros((system.n_atoms, 3, 3))
        for axis in range(3):
            for sign in (1.0, -1.0):
                moved = system.copy()
                moved.positions[0, axis] += sign * DISPLACEMENT
                constants[:, axis] -= sign * evaluate(potential, moved).forces / (2.0 * DISPLACEMENT)
        away = system.cell.minimum_image(system.positions - system.positions[0])
        return cls(away, constants, a, MASSES[element])

    def frequencies(self, q: FloatArray) -> FloatArray:
        r"""Return the three frequencies [THz] at q [2π/a], in ascending order, imaginary ones as negative numbers.

        .. math:: D_{\alpha\beta}(q) = \frac{1}{m} \sum_j \Phi_{0\alpha,j\beta} \, e^{-i q \cdot R_j}, \qquad
                  \Phi_{0\alpha,j\beta} = -\frac{\partial F_{j\beta}}{\partial u_{0\alpha}}
        """
        phase = np.cos(self.away @ (2.0 * math.pi / self.a * q))  # inversion: the sines cancel
        matrix = np.einsum("j,jab->ab", phase, self.constants) / self.mass * ACCELERATION
        squares = np.linalg.eigvalsh(0.5 * (matrix + matrix.T))
        return np.asarray(np.sign(squares) * np.sqrt(np.abs(squares)) / (2.0 * math.pi))

    def lowest(self) -> float:
        """Return the lowest frequency [THz] of a mesh of wave vectors."""
        # all q of the mesh except zero, where three frequencies vanish
        mesh = np.array(list(np.ndindex(MESH, MESH, MESH))[1:]) / MESH
        reciprocal = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
        return min(float(self.frequencies(q)[0]) for q in mesh @ reciprocal)


def _phonons(potential: Potential, element: str, a: float) -> dict[str, float]:
    """Return the frequencies [THz] at H and N, and the lowest of a mesh."""
    phonons = ForceConstants.measure(potential, element, a)
    at_h = phonons.frequencies(np.array(POINTS["H"]))
    low, middle, high = phonons.frequencies(np.array(POINTS["N"]))
    return {
        "H": float(at_h.mean()), "N1": float(low), "N2": float(middle), "NL": float(high), "lowest": phonons.lowest(),
    }  # fmt: skip


#: Key of the result, quantity, unit, factor, note.
FIGURES = (
    ("a", "lattice constant", "Å", 1.0, "at 0 K without zero-point motion"),
    ("cohesion", "cohesive energy", "eV", 1.0, ""),
    ("C11", "C11", "GPa", 1.0, "every atom is an inversion centre: no internal relaxation"),
    ("C12", "C12", "GPa", 1.0, ""),
    ("C44", "C44", "GPa", 1.0, ""),
    (
        "vacancy", "vacancy, unrelaxed", "eV", 1.0,
        "deliberately not relaxed: bcc with a vacancy collapses to close packing in such models",
    ),
    ("fcc", "fcc - bcc", "meV", MEV, "static; negative: fcc is below bcc, which entropy must stabilise"),
    ("hcp", "hcp - bcc", "meV", MEV, "static, c/a relaxed"),
    ("lowest", "lowest phonon", "THz", 1.0, f"of a mesh of {MESH}³ wave vectors; negative: imaginary"),
    *(
        (
            f"lowest at {stretch:g}", f"lowest phonon at {stretch:g} a", "THz", 1.0,
            f"of the same mesh, the crystal {'compressed' if stretch < 1.0 else 'expanded'}",
        )
        for stretch in STRETCHES
    ),
    ("H", "phonon H", "THz", 1.0, ""),
    ("NL", "phonon N longitudinal", "THz", 1.0, ""),
    ("N1", "phonon N transverse 1", "THz", 1.0, "the lower branch, along [1-10]: the path from bcc to close packing"),
    ("N2", "phonon N transverse 2", "THz", 1.0, ""),
)  # fmt: skip


def findings(element: str, result: Mapping[str, Any]) -> list[Finding]:
    """Return the quantities of one metal with their references."""
    return [
        Finding(
            group="cold",
            quantity=quantity,
            of=element,
            value=number(result[key]) * factor,
            error=0.0,
            size_note="cells wider than twice the range of the forces"
            if key == "vacancy" or key.startswith("lowest")
            else "",
            unit=unit,
            reference=reference_for(quantity, element),
            notes=(note,) if note else (),
        )
        for key, quantity, unit, factor, note in FIGURES
    ]
