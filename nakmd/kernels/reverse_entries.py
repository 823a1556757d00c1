"""The index from every entry i to j of a sliced list to its reverse, j to i."""

from __future__ import annotations

from nakmd.kernels.jit import parallel_kernel, prange


@parallel_kernel
def fill_reverse(
    members, centers, begin, end, entries, center_of_atom, lane_of_center, atoms, shifts, padding, out_reverse
):
    """Write, for every entry i to j, the entry j to i.

    Parameters
    ----------
    members : (n_slices * lanes,) int32
    centers : (n_centers,) int32
    begin, end : (n_slices, n_species) int64
    entries : (lanes n_columns,) int32
    center_of_atom : (n_atoms,) int64
        Centre that is the atom itself, -1 if it is none.
    lane_of_center : (n_centers,) int64
        ``lanes slice + lane`` of a centre.
    atoms : (n_rows,) int32
    shifts : (n_rows, 3) int32
        Lattice shift of each row.
    padding : int
        Row of the padding.
    out_reverse : (lanes n_columns,) int32
        Padding entries, and entries whose reverse is missing, get ``lanes n_columns``.

    Notes
    -----
    The reverse of "atom i sees atom j shifted by S_j" is "atom j, where it is at home, sees atom i shifted by
    S_i + S_j(home) - S_j".
    """
    lanes = members.shape[0] // max(1, begin.shape[0])
    for s in prange(begin.shape[0]):
        for b in range(begin.shape[1]):
            for column in range(begin[s, b], end[s, b]):
                for lane in range(lanes):
                    member = members[s * lanes + lane]
                    entry = column * lanes + lane
                    out_reverse[entry] = entries.shape[0]
                    row = entries[entry]
                    if member < 0 or row == padding:
                        continue
                    home_i = centers[member]
                    other = center_of_atom[atoms[row]]
                    if other < 0:
                        continue
                    home_j = centers[other]
                    place = lane_of_center[other]
                    slice_j, lane_j = place // lanes, place % lanes
                    for c in range(begin.shape[1]):
                        for column_j in range(begin[slice_j, c], end[slice_j, c]):
                            candidate = entries[column_j * lanes + lane_j]
                            if candidate == padding or atoms[candidate] != atoms[home_i]:
                                continue
                            same = True
                            for k in range(3):
                                same = same and (
                                    shifts[candidate, k] == shifts[home_i, k] + shifts[home_j, k] - shifts[row, k]
                                )
                            if same:
                                out_reverse[entry] = column_j * lanes + lane_j
