"""One solute atom in a bcc crystal: energy, stress, and change of volume."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import RunError
from nakmd.neighbors import Neighbors
from nakmd.potentials import Potential
from nakmd.structures.crystal import crystal, substitute
from nakmd.studies.relaxation import relaxed
from nakmd.studies.static_crystals import elastic_constants, energy_per_atom
from nakmd.studies.validation.cold import lattice_constant
from nakmd.system import Result, System
from nakmd.units import GPA_PER_EV_A3

#: Distance from its site, in lattice constants, from which an atom has left it.
OFF_SITE = 0.25

#: Numbers that the members of an ensemble are compared by.
MEMBER_NUMBERS = ("energy, volume free", "dipole", "stress", "volume, relaxed")

#: Distances of the first shells of bcc, in lattice constants.
SHELLS = (0.0, math.sqrt(0.75), 1.0, math.sqrt(2.0), math.sqrt(2.75))


def measure(potential: Potential, host: str, solute: str, cells: int, volume: bool) -> dict[str, Any]:
    r"""Return energy, stress and shells of one solute in ``cells``³ cubic cells of the host.

    Parameters
    ----------
    potential : Potential
    host, solute : str
    cells : int
    volume : bool
        Whether to relax the volume as well.

    Returns
    -------
    dict
        ``"atoms"``; ``"energy"`` [eV] at the volume of the host and ``"energy, volume free"``; ``"dipole"`` p [eV], a
        third of the trace of W = -dE/dε; ``"pressure"`` p/V [GPa]; ``"stress"`` p/Ω [GPa], the pressure at a share of
        solutes, over that share; ``"volume"`` [host atoms], p/B, and ``"volume, relaxed"``; ``"elastic"`` [eV], p²/2BV;
        ``"first shell"``, relative change of the distance; ``"shell stress"`` [GPa], mean hydrostatic stress of the
        atoms of each shell, the solute first, positive in tension, with the volume Ω of a host atom for each.

    Raises
    ------
    RunError
        If an atom leaves its site.

    Notes
    -----
    .. math:: E_\mathrm{sub} = E(N - 1\ \text{host} + \text{solute}) - (N - 1)\, e_\mathrm{host} - e_\mathrm{solute}

    with energies per atom of the bcc crystals. Atoms relax from the ideal sites.
    """
    a = lattice_constant(potential, host)
    of_host = energy_per_atom(potential, crystal(host, 1, "bcc", a))
    of_solute = energy_per_atom(potential, crystal(solute, 1, "bcc", lattice_constant(potential, solute)))
    c11, c12, _ = elastic_constants(potential, crystal(host, 1, "bcc", a))
    bulk = (c11 + 2.0 * c12) / 3.0 / GPA_PER_EV_A3
    sites = substitute(crystal(host, cells, "bcc", a), host, solute, sites=[0])
    held, energy = relaxed(potential, sites)
    refuse_leaving(sites, held, a)
    pure = (sites.n_atoms - 1) * of_host + of_solute
    virials = virials_by_atom(potential, held)
    dipole = float(np.trace(virials.sum(axis=0)) / 3.0)
    atomic = 0.5 * a**3
    record: dict[str, Any] = {
        "atoms": sites.n_atoms,
        "energy": energy - pure,
        "dipole": dipole,
        "pressure": dipole / sites.cell.volume * GPA_PER_EV_A3,
        "stress": dipole / atomic * GPA_PER_EV_A3,
        "volume": dipole / bulk / atomic,
        "elastic": dipole**2 / (2.0 * bulk * sites.cell.volume),
        **_shells(sites, held, virials, a),
    }
    if volume:
        free, less = relaxed(potential, sites, free_volume=True)
        refuse_leaving(sites, free, a)
        record["energy, volume free"] = less - pure
        record["volume, relaxed"] = (free.cell.volume - sites.cell.volume) / atomic
    return record


def energies_of(potential: Potential, host: str, solute: str, cells: int) -> dict[str, Any]:
    """Return `MEMBER_NUMBERS` of `measure` with the volume relaxed: for the members of an ensemble."""
    record = measure(potential, host, solute, cells, volume=True)
    return {name: record[name] for name in (*MEMBER_NUMBERS, "atoms", "energy")}


def limit_of(series: Mapping[int, float]) -> tuple[float, float]:
    """Return the limit of a quantity for an infinite crystal, and its error.

    Parameters
    ----------
    series : mapping of int to float
        Value by number of atoms.

    Notes
    -----
    A line in 1/N through the three largest cells; the elastic energy of the images is proportional to 1/N. The error is
    the distance of the largest cell from the limit.
    """
    atoms = sorted(series)[-3:]
    values = np.array([series[n] for n in atoms])
    if len(atoms) < 2:
        return float(values[-1]), math.nan
    slope, limit = np.polyfit(1.0 / np.array(atoms, dtype=np.float64), values, 1)
    del slope
    return float(limit), abs(float(values[-1] - limit))


def virials_by_atom(potential: Potential, system: System) -> FloatArray:
    """Return the virial of each atom, (n, 3, 3) [eV]."""
    evaluator, result = potential.bind(system.species_names), Result(system.n_atoms)
    neighbors = Neighbors(evaluator.requests, 0.5)
    neighbors.update(system)
    virials = np.zeros((system.n_atoms, 3, 3))
    evaluator.compute(system, neighbors, result, virials=virials)
    return virials


def refuse_leaving(sites: System, moved: System, a: float) -> None:
    """Raise `RunError` if an atom is more than a quarter of a lattice constant from its site."""
    fractions = moved.positions @ np.linalg.inv(moved.cell.matrix) - sites.positions @ np.linalg.inv(sites.cell.matrix)
    away = np.linalg.norm(moved.cell.minimum_image(fractions @ moved.cell.matrix), axis=1)
    atom = int(np.argmax(away))
    if away[atom] > OFF_SITE * a:
        raise RunError(
            f"Atom {atom} is {away[atom]:.2f} Å from its site (limit {OFF_SITE * a:.2f} Å): the crystal of "
            f"{sites.n_atoms} atoms has left bcc, and its energy is not that of a solute."
        )


def _shells(sites: System, moved: System, virials: FloatArray, a: float) -> dict[str, Any]:
    """Return the relative change of the distance to the first shell, and the hydrostatic stress of each shell [GPa]."""
    solute = int(np.flatnonzero(sites.species == len(sites.species_names) - 1)[0])
    before = np.linalg.norm(sites.cell.minimum_image(sites.positions - sites.positions[solute]), axis=1)
    after = np.linalg.norm(moved.cell.minimum_image(moved.positions - moved.positions[solute]), axis=1)
    hydrostatic = -np.trace(virials, axis1=1, axis2=2) / 3.0 / (0.5 * a**3) * GPA_PER_EV_A3
    members = [np.abs(before - shell * a) < 0.05 * a for shell in SHELLS]
    return {
        "first shell": float(after[members[1]].mean() / before[members[1]].mean() - 1.0),
        "shell stress": [float(hydrostatic[member].mean()) for member in members if member.any()],
    }
