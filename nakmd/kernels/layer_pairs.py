"""Candidates of other layers: the pairs inside a layer are taken out of a list after its search."""

from __future__ import annotations

from nakmd.kernels.jit import parallel_kernel, prange

#: Centres in one iteration of the parallel loop.
CHUNK = 64


@parallel_kernel
def keep_other_layers(
    xs, ys, zs, centers, center_species, near_radii, atoms, shifts, layers, repeats, padding, room,
    found, counts, out_near,
):  # fmt: skip
    """Remove the candidates that are in the layer of their centre.

    An image of the layer is another layer along the directions in which the layer is not bonded to it.

    Parameters
    ----------
    xs, ys, zs : (n_rows + 8,) float64 [Å]
        Coordinates of the rows.
    centers : (n_centers,) int32
        Rows of the central atoms.
    center_species : (n_centers,) int32
    near_radii : (n_species, n_species) float64 [Å]
        Radius of the inner level [centre, neighbour].
    atoms : (n_rows,) int32
    shifts : (n_rows, 3) int32
        Lattice shift of each row.
    layers : (n_atoms,) int32
    repeats : (n_layers, 3) bool
        Whether a layer is bonded to its image along each cell vector.
    padding : int
        Row that means "no neighbour".
    room : int
        Entries with ``padding`` that end the candidates of a centre.
    found : (n_centers, capacity) int32
        Candidates, species by species, as `candidates.find_neighbors` writes them; changed in place.
    counts : (n_centers, n_species) int32
        Number of candidates; changed in place.
    out_near : (n_centers, n_species) int32
        Number of those that stay within ``near_radii``.
    """
    n_centers = centers.shape[0]
    for chunk in prange((n_centers + CHUNK - 1) // CHUNK):
        for c in range(chunk * CHUNK, min(n_centers, (chunk + 1) * CHUNK)):
            center = centers[c]
            layer = layers[atoms[center]]
            begin = 0
            kept = 0
            for b in range(counts.shape[1]):
                end = begin + counts[c, b]
                square = near_radii[center_species[c], b] ** 2
                first = kept
                near = 0
                for k in range(begin, end):
                    row = found[c, k]
                    inside = layers[atoms[row]] == layer
                    for axis in range(3):
                        inside = inside and (repeats[layer, axis] or shifts[row, axis] == shifts[center, axis])
                    if inside:
                        continue
                    found[c, kept] = row
                    kept += 1
                    dx = xs[row] - xs[center]
                    dy = ys[row] - ys[center]
                    dz = zs[row] - zs[center]
                    if dx * dx + dy * dy + dz * dz < square:
                        near += 1
                counts[c, b] = kept - first
                out_near[c, b] = near
                begin = end
            for k in range(kept, kept + room):
                found[c, k] = padding
