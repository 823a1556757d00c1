"""Neighbour lists, kept valid while atoms move and the cell changes.

A term of a potential declares with a `ListRequest` which species it couples and its cutoffs; `Neighbors` keeps one
`SlicedList` for each request, all over one table of coordinate rows that also holds the periodic images within reach.
With explicit images a force kernel needs no minimum-image arithmetic, and cells of any shape and size work.

Lists have two levels. A search over bins finds all candidates within the cutoff and an outer skin; it is repeated
when an atom outside may have come within reach. Every few steps the candidates within a small inner skin are copied to
the slices that force kernels read, so that few of their lanes are out of range. `skins` chooses both skins.
"""

from __future__ import annotations

from nakmd.neighbors.images import MAX_ROWS
from nakmd.neighbors.layer_membership import LAYER, layer_of_atoms
from nakmd.neighbors.lists import MAX_NEIGHBORS, ListRequest, SlicedList
from nakmd.neighbors.neighbors import Neighbors
from nakmd.neighbors.sites import Sites
from nakmd.neighbors.skins import Skins

__all__ = [
    "LAYER", "MAX_NEIGHBORS", "MAX_ROWS", "ListRequest", "Neighbors", "Sites", "Skins", "SlicedList", "layer_of_atoms",
]  # fmt: skip
