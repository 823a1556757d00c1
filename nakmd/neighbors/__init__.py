"""Neighbour lists: who is near whom, kept valid while atoms move and the cell changes.

A term of a potential says with a `ListRequest` which species it couples and how far; `Neighbors` keeps one
`SlicedList` for each request, all over one table of coordinate rows that also holds the periodic images in reach.
With explicit images there is no minimum-image arithmetic in a force kernel, and cells of any shape and size work.

Lists have two levels. A search over bins finds all candidates within the cutoff and an outer skin; it is repeated
when an atom may have come nearer than that. Every few steps the candidates within a small inner skin are copied to
the slices that force kernels read, so that few of their lanes are out of range. `skins` chooses both radii.
"""

from __future__ import annotations

from nakmd.neighbors.images import MAX_ROWS
from nakmd.neighbors.lists import MAX_NEIGHBORS, ListRequest, SlicedList
from nakmd.neighbors.neighbors import Neighbors
from nakmd.neighbors.skins import Skins

__all__ = ["MAX_NEIGHBORS", "MAX_ROWS", "ListRequest", "Neighbors", "Skins", "SlicedList"]
