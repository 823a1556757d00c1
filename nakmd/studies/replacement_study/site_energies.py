"""One K or Na atom at a site of a frozen sheet: energy, height and vibrations."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from nakmd.arrays import FloatArray
from nakmd.elements import MASSES
from nakmd.errors import RunError
from nakmd.neighbors import Neighbors
from nakmd.potentials import Potential, evaluate
from nakmd.studies.replacement_study.harmonic import HBAR
from nakmd.studies.validation.adsorption import AT_HEIGHT, SITES, Sheet, sheet_for
from nakmd.system import Result, System
from nakmd.units import ACCELERATION

#: An atom that ends farther than this [Å] from where it began, along the sheet, has left the site: half of the distance
#: of a hollow from an atom.
LEFT = 0.7

#: Range of heights [Å] searched, and how near its ends the minimum is none.
HEIGHTS, NEAR_END = (1.2, 6.0), 0.05

#: Skin [Å] of the neighbour list.
SKIN = 0.5

#: Forces of a relaxed atom [eV/Å] and steps of the difference quotients [Å].
FORCE, STEP = 1e-4, 5e-3


def measure(potential: Potential, site: str, metal: str) -> dict[str, Any]:
    """Return energy and vibrations of one metal atom at a site of the frozen sheet of the DFT data.

    Parameters
    ----------
    potential : Potential
        At the graphitic nitrogen of this sheet.
    site : str
        Of `nakmd.studies.validation.adsorption.SITES`.
    metal : {"K", "Na"}

    Returns
    -------
    dict
        ``"energy"`` [eV] and ``"height"`` [Å] of the minimum above the site, or ``"at"`` [eV], the energy at the height
        of the DFT data; ``"relaxed"`` [eV], the energy when it may also move along the sheet, and ``"moved"`` [Å],
        how far it does; ``"quanta"`` [eV], ħω of its three vibrations, empty if it left the site.

    Raises
    ------
    RunError
        If there is no minimum above the site.
    """
    atom = _Atom(potential, sheet_for(site), metal)
    if site in AT_HEIGHT:
        start = AT_HEIGHT[site][metal]
        record: dict[str, Any] = {"at": atom.energy(atom.above(start))[0]}
    else:
        best = minimize_scalar(
            lambda z: atom.energy(atom.above(z))[0], bounds=HEIGHTS, method="bounded", options={"xatol": 1e-5}
        )  # fmt: skip
        start = float(best.x)
        if min(abs(start - end) for end in HEIGHTS) < NEAR_END:
            raise RunError(f"{SITES[site][0].format(metal)}: no minimum from {HEIGHTS[0]:g} to {HEIGHTS[1]:g} Å.")
        record = {"energy": float(best.fun), "height": start}
    beginning = atom.above(start)
    found = minimize(atom.energy, beginning, jac=True, method="BFGS", options={"gtol": FORCE})
    moved = float(np.linalg.norm((found.x - beginning)[:2]))
    if np.abs(found.jac).max() > 10.0 * FORCE:
        raise RunError(f"{metal} {SITES[site][0].format(metal)} did not relax to {FORCE:g} eV/Å.")
    record |= {"relaxed": float(found.fun), "moved": moved, "quanta": [] if moved > LEFT else atom.quanta(found.x)}
    return record


class _Atom:
    """One atom over a sheet: its energy and force by position."""

    def __init__(self, potential: Potential, sheet: Sheet, metal: str) -> None:
        self._place, self._mass = sheet.place, MASSES[metal]
        names = (*sheet.names, metal)
        bare = System(sheet.positions, sheet.species, names, sheet.cell)
        alone = System(np.zeros((1, 3)), [len(sheet.names)], names, sheet.cell)
        self._zero = evaluate(potential, bare).energy + evaluate(potential, alone).energy
        species = np.append(sheet.species, len(sheet.names))
        self._system = System(np.vstack([sheet.positions, self.above(1.0)]), species, names, sheet.cell)
        self._evaluator, self._result = potential.bind(names), Result(self._system.n_atoms)
        self._neighbors = Neighbors(self._evaluator.requests, SKIN)

    def above(self, height: float) -> FloatArray:
        """Return the position at a height above the site, (3,) [Å]."""
        return np.asarray(self._place + np.array([0.0, 0.0, height]))

    def energy(self, position: FloatArray) -> tuple[float, FloatArray]:
        """Return energy [eV] and gradient [eV/Å] at a position, (3,) [Å]."""
        self._system.positions[-1] = position
        self._neighbors.update(self._system)
        self._evaluator.compute(self._system, self._neighbors, self._result)
        return self._result.energy - self._zero, -self._result.forces[-1]

    def quanta(self, position: FloatArray) -> list[float]:
        """Return ħω [eV] of the three vibrations about a minimum; an empty list if it is none."""
        steps = STEP * np.eye(3)
        rows = [(self.energy(position + step)[1] - self.energy(position - step)[1]) / (2.0 * STEP) for step in steps]
        stiffness = np.linalg.eigvalsh(0.5 * (np.array(rows) + np.array(rows).T))
        if stiffness.min() <= 0.0:
            return []
        return [float(quantum) for quantum in HBAR * np.sqrt(stiffness / self._mass * ACCELERATION)]
