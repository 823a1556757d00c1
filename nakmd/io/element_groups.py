"""Groups of atoms that follow from their elements, for files without groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nakmd.arrays import BoolArray, IntArray
from nakmd.elements import METALS, WALL, element_of


def element_groups(species_names: Sequence[str], species: IntArray) -> dict[str, BoolArray]:
    """Return the groups ``"carbon"`` (C and N) and ``"liquid"`` (the metals), where there are such atoms.

    Parameters
    ----------
    species_names : sequence of str
    species : (n,) int64
        Index in ``species_names`` of each atom.

    Returns
    -------
    dict of str to (n,) bool
    """
    elements = np.array([element_of(name) for name in species_names])
    groups = {"carbon": np.isin(elements, WALL)[species], "liquid": np.isin(elements, METALS)[species]}
    return {name: mask for name, mask in groups.items() if mask.any()}
