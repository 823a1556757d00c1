"""Atoms that take part later: they exist from the beginning, and are parked until they arrive."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nakmd.cell import Cell
from nakmd.errors import StructureError
from nakmd.structures.assembly import combine
from nakmd.system import DEPOSITED, System

#: Where parked atoms are drawn, as fractions of the second and the third cell vector: just below the upper face.
_ROW = (0.5, 0.995)


def park(system: System, species: Sequence[str]) -> System:
    """Add atoms that are parked: a stage with a `nakmd.integrators.Deposit` lets them arrive in this order.

    Parameters
    ----------
    system : System
        Not changed. If it has parked atoms already, the new ones follow them.
    species : sequence of str
        Species of each atom.

    Returns
    -------
    System
        With the group ``"deposited"``. The parked atoms are in a row below the upper face of the cell; where they are
        has no meaning.

    Raises
    ------
    StructureError
        If there is no atom to park.

    Examples
    --------
    >>> from nakmd.structures import crystal, park
    >>> parked = park(crystal("K", 3), ["Na", "K"])
    >>> parked.n_atoms, int(parked.present.sum()), parked.species_names
    (56, 54, ('K', 'Na'))
    """
    names = list(dict.fromkeys(species))
    if not names:
        raise StructureError("No atom to park was named.")
    n = len(species)
    fractions = np.column_stack([(np.arange(n) + 0.5) / n, *(np.full(n, at) for at in _ROW)])
    cell = Cell(system.cell.matrix, system.cell.periodic.tolist())
    kinds = np.array([names.index(name) for name in species])
    everyone = {DEPOSITED: np.ones(n, dtype=np.bool_)}
    later = System(fractions @ cell.matrix, kinds, names, cell, groups=everyone)
    together = combine([system, later])
    together.present = np.concatenate([~system.absent, np.zeros(n, dtype=np.bool_)])
    return together
