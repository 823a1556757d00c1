"""Films on crystal slabs made by hand: atoms that arrive on the sites of the crystal."""

import numpy as np
from synthetic import topology

from nakmd.analysis import FrameList
from nakmd.structures import crystal_slab
from nakmd.system import Frame

A = 5.3


def sites_above(slab, face, repeats, layers, lattice=A):
    """The sites of ``layers`` further planes of a slab, (layers, sites, 3) [Å], that continue its crystal."""
    count = int(slab.groups["layer_1"].sum())
    n = slab.n_atoms // count
    taller = crystal_slab("K", face, repeats, n + layers, lattice)
    return taller.positions.reshape(n + layers, count, 3)[n:]


def film_on(slab, columns, names=("K",), species=None, extra=(), vacuum=60.0):
    """Frames of a slab and atoms that are there from frame to frame.

    Parameters
    ----------
    slab : System
        In a cell with space above.
    columns : list of (n, 3) arrays
        Positions of the atoms that arrive, one array for each frame; all of them start with those of the frame before.
    names, species
        Species names beyond K, and the index of each arriving atom among (K, *names).
    """
    most = len(columns[-1])
    kinds = np.zeros(slab.n_atoms + most, dtype=np.int64)
    kinds[slab.n_atoms :] = 0 if species is None else species
    pad = np.zeros(most, dtype=bool)
    groups = {name: np.concatenate([mask, pad]) for name, mask in slab.groups.items()}
    groups["deposited"] = np.arange(len(kinds)) >= slab.n_atoms
    cell = slab.cell.copy()
    cell.matrix[2, 2] += vacuum
    frames = []
    for step, here in enumerate(columns):
        # parked atoms have a place without meaning
        positions = np.concatenate([slab.positions, here, np.full((most - len(here), 3), 1.0)])
        present = np.arange(len(kinds)) < slab.n_atoms + len(here)
        images = np.zeros(positions.shape, dtype=np.int32)
        frames.append(Frame(10 * step, 0.1 * step, positions, images, cell, present=present, stage="deposit"))
    return FrameList(topology(("K", *names), kinds, groups=groups), frames)
