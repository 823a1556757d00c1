"""Slabs of bcc crystals with a chosen face, between vacuum."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nakmd.cell import Cell
from nakmd.errors import StructureError, did_you_mean
from nakmd.structures.crystal import material_groups
from nakmd.system import System


class SurfaceCell(NamedTuple):
    """The rectangular cell of one layer of a face of bcc; lengths in units of the cubic lattice constant.

    Attributes
    ----------
    axes : (str, str)
        Directions of the crystal along x and y.
    edges : (float, float)
        Lengths along x and y.
    sites : tuple of (float, float)
        Atoms of a layer, as fractions of the edges.
    shift : (float, float)
        From a layer to the next one above it, as fractions of the edges.
    spacing : float
        Distance of two layers.
    """

    axes: tuple[str, str]
    edges: tuple[float, float]
    sites: tuple[tuple[float, float], ...]
    shift: tuple[float, float]
    spacing: float


#: The faces. (110) is the densest one of bcc; (111) is open, with the layers of a period of three a/√12 apart.
FACES: dict[str, SurfaceCell] = {
    "100": SurfaceCell(("[100]", "[010]"), (1.0, 1.0), ((0.0, 0.0),), (0.5, 0.5), 0.5),
    "110": SurfaceCell(
        ("[001]", "[1-10]"), (1.0, math.sqrt(2.0)), ((0.0, 0.0), (0.5, 0.5)), (0.5, 0.0), math.sqrt(0.5)
    ),
    "111": SurfaceCell(
        ("[1-10]", "[11-2]"),
        (math.sqrt(2.0), math.sqrt(6.0)),
        ((0.0, 0.0), (0.5, 0.5)),
        (0.0, 1.0 / 3.0),
        1.0 / math.sqrt(12.0),
    ),
}

#: Groups of the layers are named with this, from 1 at the bottom.
LAYER = "layer_"


def crystal_slab(
    element: str,
    face: str,
    repeats: tuple[int, int],
    layers: int,
    lattice_constant: float,
    *,
    vacuum: float = 15.0,
    fixed_layers: int = 0,
    bath_layers: int = 0,
) -> System:
    """Build a slab of a bcc crystal in the xy plane, with a face normal to z.

    Parameters
    ----------
    element : str
    face : {"100", "110", "111"}
    repeats : (int, int)
        Rectangular surface cells along x and y. With the cubic lattice constant a, these are, in this order: on (100)
        a [100] and a [010], 1 atom per layer, layers a/2 apart; on (110) a [001] and √2 a [1-10], 2 atoms, a/√2; on
        (111) √2 a [1-10] and √6 a [11-2], 2 atoms, a/√12.
    layers : int
        Layers of atoms along z.
    lattice_constant : float [Å]
        Of the cubic cell. A slab is as wide as the crystal beneath it would be: take that of the model at the
        temperature of the run (`nakmd.potentials.library.warm_lattice`).
    vacuum : float [Å]
        Empty space along z below and above the slab; the cell is periodic in all directions, as that of a film.
    fixed_layers, bath_layers : int
        Numbers of layers of the groups "fixed" (from the bottom) and "bath" (above them).

    Returns
    -------
    System
        Layer by layer from the bottom. Groups "crystal", "liquid" for metal atoms, "layer_1" (bottom) and on, "fixed"
        and "bath" if they have layers.

    Raises
    ------
    StructureError
        If the face is unknown, a number is out of range, or there are fewer layers than the groups need.

    Examples
    --------
    >>> slab = crystal_slab("K", "110", (6, 4), 7, 5.328, fixed_layers=2, bath_layers=3)
    >>> slab.n_atoms, int(slab.groups["layer_1"].sum()), int(slab.groups["bath"].sum())
    (336, 48, 144)
    """
    if face not in FACES:
        raise StructureError(f'There is no face "{face}" of bcc here. {did_you_mean(face, FACES)}')
    if min(*repeats, layers) < 1 or not lattice_constant > 0.0 or not vacuum > 0.0:
        raise StructureError(
            f"A slab needs repeats and layers >= 1, a lattice constant > 0 and a vacuum > 0, got {list(repeats)}, "
            f"{layers}, {lattice_constant} Å and {vacuum} Å."
        )
    if min(fixed_layers, bath_layers) < 0 or fixed_layers + bath_layers > layers:
        raise StructureError(
            f"{fixed_layers} fixed layers and {bath_layers} of the bath are not part of a slab of {layers} layers."
        )
    cell = FACES[face]
    edges = lattice_constant * np.array(cell.edges)
    spacing = lattice_constant * cell.spacing
    # one in-plane position for each cell and site, in units of the edges
    index = np.stack([g.ravel() for g in np.meshgrid(*(np.arange(n) for n in repeats), indexing="ij")], axis=1)
    sites = (index[:, None, :] + np.array(cell.sites)[None, :, :]).reshape(-1, 2)
    numbers = np.arange(layers)
    in_plane = (sites[None] + numbers[:, None, None] * np.array(cell.shift)) % np.array(repeats)
    heights = np.broadcast_to((vacuum + spacing * numbers)[:, None, None], (layers, len(sites), 1))
    positions = np.concatenate([in_plane * edges, heights], axis=2).reshape(-1, 3)
    layer_of = np.repeat(numbers, len(sites))
    species = np.zeros(len(positions), dtype=np.int64)
    groups = material_groups((element,), species)
    groups |= {f"{LAYER}{n + 1}": layer_of == n for n in numbers}
    if fixed_layers:
        groups["fixed"] = layer_of < fixed_layers
    if bath_layers:
        groups["bath"] = (layer_of >= fixed_layers) & (layer_of < fixed_layers + bath_layers)
    lengths = [*(edges * np.array(repeats)), spacing * (layers - 1) + 2.0 * vacuum]
    return System(positions, species, (element,), Cell(lengths), groups=groups)
