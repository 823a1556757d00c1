"""Rectangular graphene sheets, single or stacked, periodic in the plane."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

from nakmd.cell import Cell
from nakmd.elements import CC_BOND
from nakmd.errors import StructureError
from nakmd.system import System

#: The rectangular cell of four atoms in units of the bond: x along zigzag, y along armchair.
RECTANGLE = np.array([sqrt(3.0), 3.0])
BASIS = np.array([[0.0, 0.0], [0.5 * sqrt(3.0), 0.5], [0.5 * sqrt(3.0), 1.5], [0.0, 2.0]])


def repeats_for(lengths: tuple[float, float], bond: float = CC_BOND) -> tuple[int, int]:
    """Return the whole numbers of rectangular cells nearest to two lengths [Å], at least 1 each."""
    if not min(lengths) > 0.0:
        raise StructureError(f"A sheet's lengths must be positive, got {lengths[0]} x {lengths[1]} Å.")
    return max(1, round(lengths[0] / (RECTANGLE[0] * bond))), max(1, round(lengths[1] / (RECTANGLE[1] * bond)))


def graphene(
    *,
    lengths: tuple[float, float] | None = None,
    repeats: tuple[int, int] | None = None,
    bond: float = CC_BOND,
    layers: int = 1,
    gap: float = 3.35,
    stacking: str = "AB",
    vacuum: float = 15.0,
    periodic: Sequence[bool] = (True, True, True),
) -> System:
    """Build graphene in the xy plane.

    Parameters
    ----------
    lengths : (float, float) [Å], optional
        Along x (zigzag) and y (armchair); rounded to whole cells of sqrt(3) x 3 bonds.
    repeats : (int, int), optional
        Cells along x and y. Give exactly one of this and ``lengths``.
    bond : float [Å]
    layers : int
        Number of sheets; two with a wide ``gap`` can hold a slab of liquid.
    gap : float [Å]
        Distance between sheets.
    stacking : {"AB", "AA"}
        AB shifts every second sheet by one bond along y.
    vacuum : float [Å]
        Below the lowest and above the highest sheet.
    periodic : sequence of three bool

    Returns
    -------
    System
        One species "C"; groups "carbon", "sheet" and, with several layers, "sheet1", "sheet2", ... from below.

    Examples
    --------
    >>> from nakmd.structures import graphene
    >>> sheet = graphene(lengths=(30.0, 30.0))
    >>> sheet.n_atoms, sheet.cell.lengths.round(2).tolist()
    (336, [29.51, 29.82, 30.0])
    >>> graphene(repeats=(4, 3), layers=2).groups.keys()
    dict_keys(['carbon', 'sheet', 'sheet1', 'sheet2'])
    """
    if (lengths is None) == (repeats is None):
        raise StructureError("A sheet needs exactly one of lengths and repeats.")
    if stacking not in {"AA", "AB"}:
        raise StructureError(f"The stacking must be AA or AB, got {stacking!r}.")
    nx, ny = repeats_for(lengths, bond) if lengths is not None else (repeats or (0, 0))
    if nx < 1 or ny < 1 or layers < 1:
        raise StructureError(f"A sheet needs at least 1 x 1 cells and 1 layer, got {nx} x {ny}, {layers} layers.")
    if not (bond > 0.0 and vacuum >= 0.0 and (layers == 1 or gap > 0.0)):
        raise StructureError(f"Bond {bond} Å and gap {gap} Å must be positive, vacuum {vacuum} Å not negative.")
    if 2.0 * vacuum + (layers - 1) * gap <= 0.0:
        raise StructureError("The cell height is 0 Å: a single sheet needs a positive vacuum.")
    ix, iy, basis = (index.ravel() for index in np.meshgrid(range(nx), range(ny), range(4), indexing="ij"))
    plane = bond * (np.stack([ix, iy], axis=1) * RECTANGLE + BASIS[basis])
    sheets = []
    for layer in range(layers):
        sheet = np.empty((len(plane), 3))
        sheet[:, :2] = plane
        sheet[:, 1] += bond * (layer % 2) if stacking == "AB" else 0.0
        sheet[:, 2] = vacuum + layer * gap
        sheets.append(sheet)
    n_atoms = layers * len(plane)
    level = np.repeat(np.arange(layers), len(plane))
    groups = {"carbon": np.ones(n_atoms, dtype=np.bool_), "sheet": np.ones(n_atoms, dtype=np.bool_)}
    if layers > 1:
        groups |= {f"sheet{layer + 1}": level == layer for layer in range(layers)}
    height = 2.0 * vacuum + (layers - 1) * gap
    cell = Cell([nx * RECTANGLE[0] * bond, ny * RECTANGLE[1] * bond, height], periodic)
    return System(np.concatenate(sheets), np.zeros(n_atoms, dtype=np.int64), ("C",), cell, groups=groups)
