"""Vacancies and interstitials in a crystal that is held beyond a radius.

In models in which bcc is not the state of lowest energy, a crystal with a vacancy shears into close packing when all
its atoms are free. So only the atoms within a radius of the defect move: energies are upper bounds that fall with it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.constraints import FixAtoms
from ase.geometry import find_mic, get_distances
from ase.optimize import FIRE

from nakmd.arrays import FloatArray
from nakmd.ase import NakMD
from nakmd.errors import RunError
from nakmd.potentials import Potential
from nakmd.structures.crystal import crystal
from nakmd.studies.minimum_path import END_STEPS, LONGEST_STEP
from nakmd.studies.static_crystals import energy_per_atom
from nakmd.studies.validation.cold import lattice_constant

#: Cubic cells along each edge: images of the atoms within 2.5 lattice constants have a held layer between them.
CELLS = 6

#: Largest force [eV/Å] at which a state is relaxed.
LARGEST_FORCE = 1e-3

#: Largest distance of an atom from its site [lattice constants], and of K in Na, whose first shell relaxes by more.
DRIFT, DRIFT_OF_LARGE = 0.25, 0.35

#: Starts of an interstitial: half the vector between the two atoms of a dumbbell, and the vector from a site to an
#: octahedral hole [lattice constants].
DUMBBELLS = {"⟨110⟩": (0.25, 0.25, 0.0), "⟨111⟩": (0.22, 0.22, 0.22), "⟨100⟩": (0.35, 0.0, 0.0)}
OCTAHEDRAL = (0.5, 0.0, 0.0)

#: The nearest neighbour of the atom at the origin [lattice constants].
NEAREST = np.array([0.5, 0.5, 0.5])


class Metals:
    """Energies of the pure crystals of a potential, and its defects.

    Parameters
    ----------
    potential : Potential
    host, solute : str
    """

    def __init__(self, potential: Potential, host: str, solute: str) -> None:
        self.potential, self.host, self.solute = potential, host, solute
        self.a = lattice_constant(potential, host)
        self.of_host = energy_per_atom(potential, crystal(host, 1, "bcc", self.a))
        self.of_solute = energy_per_atom(potential, crystal(solute, 1, "bcc", lattice_constant(potential, solute)))

    @property
    def drift(self) -> float:
        """Largest distance [lattice constants] of an atom from its site."""
        return DRIFT_OF_LARGE if (self.solute, self.host) == ("K", "Na") else DRIFT

    def sites(self) -> Atoms:
        """Return the perfect crystal of the host; atom 0 is at the origin."""
        perfect: Atoms = bulk(self.host, "bcc", a=self.a, cubic=True) * (CELLS, CELLS, CELLS)
        return perfect

    def row_at(self, atoms: Atoms, place: FloatArray) -> int:
        """Return the atom nearest to a place [lattice constants]."""
        _, distances = get_distances(place[None] * self.a, atoms.positions, cell=atoms.cell, pbc=True)
        return int(np.argmin(distances[0]))

    def formation(self, atoms: Atoms, energy: float) -> float:
        """Return the energy [eV] relative to the pure crystals of its atoms."""
        solutes = int(np.sum(atoms.symbols == self.solute)) if self.solute != self.host else 0
        return energy - (len(atoms) - solutes) * self.of_host - solutes * self.of_solute

    def relaxed(
        self, atoms: Atoms, centre: FloatArray, radius: float, movers: tuple[int, ...] = (), drift: float | None = None
    ) -> tuple[Atoms, float]:
        """Return a state with the atoms within a radius of a centre relaxed, and its energy of formation [eV].

        Parameters
        ----------
        atoms : Atoms
        centre : (3,) float64 [lattice constants]
        radius : float [lattice constants]
        movers : tuple of int
            Atoms that may leave their sites.
        drift : float [lattice constants], optional
            Largest distance of the others from where they began.

        Raises
        ------
        RunError
            If the relaxation does not converge, or an atom leaves its site.
        """
        _, distances = get_distances(centre[None] * self.a, atoms.positions, cell=atoms.cell, pbc=True)
        state = atoms.copy()
        state.set_constraint(FixAtoms(mask=distances[0] > radius * self.a))
        state.calc = NakMD(self.potential)
        search = FIRE(state, logfile=None, maxstep=LONGEST_STEP)
        converged = search.run(fmax=LARGEST_FORCE, steps=END_STEPS)
        away = find_mic(state.positions - atoms.positions, atoms.cell, True)[1] / self.a
        away[list(movers)] = 0.0
        limit = self.drift if drift is None else drift
        if away.max() > limit:
            raise RunError(
                f"Atom {int(np.argmax(away))} is {away.max():.2f} lattice constants from its site (limit {limit:g}): "
                f"with atoms free within {radius:g} lattice constants the crystal collapses instead."
            )
        if not converged:
            force = float(np.linalg.norm(state.get_forces(), axis=1).max())
            raise RunError(
                f"The relaxation within {radius:g} lattice constants stopped at a largest force of {force:.3f} eV/Å "
                f"(limit {LARGEST_FORCE:g} eV/Å) after {END_STEPS} steps."
            )
        return state, self.formation(state, float(state.get_potential_energy()))


def vacancy(potential: Potential, host: str, radius: float) -> dict[str, Any]:
    """Return the energy of formation [eV] of a vacancy, atoms within a radius [lattice constants] free."""
    metals = Metals(potential, host, host)
    atoms = metals.sites()
    del atoms[0]
    state, energy = metals.relaxed(atoms, np.zeros(3), radius)
    return {"energy": energy, "mobile": _mobile(state)}


def solute(potential: Potential, host: str, solute: str, radius: float) -> dict[str, Any]:
    """Return the energy of a solute [eV] with atoms within a radius [lattice constants] free."""
    metals = Metals(potential, host, solute)
    atoms = metals.sites()
    atoms.symbols[0] = solute
    state, energy = metals.relaxed(atoms, np.zeros(3), radius)
    return {"energy": energy, "mobile": _mobile(state)}


def interstitial(potential: Potential, host: str, solute: str, radius: float) -> dict[str, Any]:
    """Return the energy [eV] of one more atom, the solute, in its best place, and of all starts that converged.

    Notes
    -----
    Starts: solute and a host atom share a site (dumbbell along ⟨110⟩, ⟨111⟩ or ⟨100⟩), and the solute in an octahedral
    hole.
    """
    metals = Metals(potential, host, solute)
    energies: dict[str, float] = {}
    failed: dict[str, str] = {}
    for name, half in {**DUMBBELLS, "octahedral": OCTAHEDRAL}.items():
        atoms = metals.sites()
        way = np.array(half) * metals.a
        if name != "octahedral":
            atoms.positions[0] -= way
        atoms += Atoms(solute, [way])
        try:
            _, energies[name] = metals.relaxed(atoms, np.zeros(3), radius, (0, len(atoms) - 1), DRIFT_OF_LARGE)
        except RunError as error:
            failed[name] = str(error)
    if not energies:
        raise RunError(next(iter(failed.values())))
    best = min(energies, key=lambda name: energies[name])
    return {"energy": energies[best], "best": best, "energies": energies, "collapsed": failed}


def _mobile(state: Atoms) -> int:
    return len(state) - len(state.constraints[0].index)


def distance_of(shell: float) -> float:
    """Return a distance [lattice constants] as a share of that of nearest neighbours."""
    return shell / math.sqrt(0.75)
