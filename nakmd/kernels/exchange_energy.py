"""Changes of the energy when the species at one or two places change, from the neighbours of these places alone.

Every builder takes the same formulas as the force kernels, and compiles them for one pair at a time: nothing of a
formula is written here. Sums run in the order in which the neighbours were found, on one thread.
"""

from __future__ import annotations

import math

from nakmd.kernels.exchange_sites import find_near, label_after, share_of
from nakmd.kernels.jit import lean_kernel, term
from nakmd.kernels.pair import end_of_pair, with_end


def build_pair_difference(formula, of_pair):
    """Compile a pair formula into ``difference(tables, cuts, labels, changed, after, ...) -> ΔE [eV]``.

    Parameters
    ----------
    formula, of_pair : callable
        As in `nakmd.kernels.pair.build_pair_kernels`.
    """
    ended = with_end(formula)

    @lean_kernel
    def difference(tables, cuts, labels, changed, after, places, distances, counts):
        """Return E after - E before; arguments as in `nakmd.neighbors.sites.Sites`, ``labels`` before the change."""
        change = 0.0
        for side in range(changed.shape[0]):
            a_before, a_after = labels[changed[side]], after[side]
            for k in range(counts[side]):
                r, place = distances[side, k], places[side, k]
                share = share_of(changed, place)
                b = labels[place]
                if r < cuts.cutoff[a_before, b]:
                    change -= share * ended(r * r, of_pair(tables, a_before, b), end_of_pair(cuts, a_before, b))[0]
                b = label_after(labels, changed, after, place)
                if r < cuts.cutoff[a_after, b]:
                    change += share * ended(r * r, of_pair(tables, a_after, b), end_of_pair(cuts, a_after, b))[0]
        return change

    return difference


def build_embedding_difference(density, interaction, embedding, of_pair):
    """Compile an embedded-atom model into the change of its energy.

    Parameters
    ----------
    density, interaction, embedding, of_pair : callable
        As in `nakmd.kernels.eam.build_eam_kernels`.

    Returns
    -------
    difference : compiled kernel
        See its docstring.
    """

    @lean_kernel
    def difference(
        tables, cutoff, member, labels, changed, after, places, distances, counts, densities,
        stamp, stamps, change, out_touched, out_rho,
    ):  # fmt: skip
        """Return E after - E before and the number of touched places.

        Parameters
        ----------
        tables, cutoff
            As in `nakmd.kernels.eam`.
        member : (n_species,) bool
            Species with an embedding energy.
        labels, changed, after, places, distances, counts
            As in `nakmd.neighbors.sites.Sites`, before the change.
        densities : (n_places,) float64
            ρ before the change.
        stamp : int
            Number of this trial, which no earlier call had.
        stamps : (n_places,) int64
            Last trial that touched each place; updated.
        change : (n_places,) float64
            All zero. Afterwards the change of ρ at the touched places.
        out_touched : (capacity,) int32
            Other places whose ρ changes: the first entries, as many as returned, each once.
        out_rho : (2, 2) float64
            ρ at the changed places: [side, 0] before, [side, 1] after.
        """
        energy = 0.0
        n_touched = 0
        for side in range(changed.shape[0]):
            a_before, a_after = labels[changed[side]], after[side]
            out_rho[side, 0], out_rho[side, 1] = 0.0, 0.0
            for k in range(counts[side]):
                r, place = distances[side, k], places[side, k]
                share = share_of(changed, place)
                a = labels[place]
                given = 0.0
                if r < cutoff[a_before, a]:
                    p = of_pair(tables, a_before, a)
                    energy -= share * interaction(r, 1.0 / r, p)[0]
                    out_rho[side, 0] += density(r, p)
                    given -= density(r, of_pair(tables, a, a_before))
                a = label_after(labels, changed, after, place)
                if r < cutoff[a_after, a]:
                    p = of_pair(tables, a_after, a)
                    energy += share * interaction(r, 1.0 / r, p)[0]
                    out_rho[side, 1] += density(r, p)
                    given += density(r, of_pair(tables, a, a_after))
                if share == 1.0 and given != 0.0:
                    change[place] += given
                    out_touched[n_touched] = place
                    n_touched += 1
            if member[a_before]:
                energy -= embedding(out_rho[side, 0], tables, a_before)[0]
            if member[a_after]:
                energy += embedding(out_rho[side, 1], tables, a_after)[0]
        # a place near both, or near two images of one, has several entries: its first one stays
        kept = 0
        for k in range(n_touched):
            place = out_touched[k]
            if stamps[place] == stamp:
                continue
            stamps[place] = stamp
            out_touched[kept] = place
            kept += 1
            a, rho = labels[place], densities[place]
            energy += embedding(rho + change[place], tables, a)[0] - embedding(rho, tables, a)[0]
        return energy, kept

    return difference


@term
def _scale(screening, a, rho):
    """Return S(ρ) of an atom of the metal."""
    return 1.0 - screening.depth[a] * (1.0 - math.exp(-screening.rate[a] * rho))


def build_screened_difference(formula, attraction, of_pair):
    """Compile screened pairs of metal and wall into the change of their energy.

    Parameters
    ----------
    formula, attraction, of_pair : callable
        As in `nakmd.kernels.screened.build_screened_kernels`.

    Returns
    -------
    fill_attractions, difference : compiled kernels
    """
    ended, weakened = with_end(formula), with_end(attraction)

    @lean_kernel
    def fill_attractions(
        tables, weak_cuts, screening, labels, touched, grid, row_places, home, reach,
        scratch_places, scratch_distances, attractions,
    ):  # fmt: skip
        """Compute Σ_j k A_ij of the touched places where it is NaN; return the largest number of neighbours.

        If this is more than the scratch arrays hold, places with more neighbours remain NaN: enlarge them and repeat.

        Parameters
        ----------
        tables, weak_cuts, screening
            As in `nakmd.kernels.screened`.
        labels : (n_places,) int64
        touched : (n,) int32
        grid, row_places, home, reach
            As in `nakmd.kernels.exchange_sites.find_all`, for the wall.
        scratch_places, scratch_distances : (capacity,) int32 and float64
        attractions : (n_places,) float64 [eV]
        """
        most = 0
        for t in range(touched.shape[0]):
            i = touched[t]
            a = labels[i]
            if attractions[i] == attractions[i] or not screening.is_metal[a]:
                continue
            n = find_near(grid, row_places, home[i], reach, scratch_places, scratch_distances)
            most = max(most, n)
            if n > scratch_places.shape[0]:
                continue
            total = 0.0
            for k in range(n):
                r, b = scratch_distances[k], labels[scratch_places[k]]
                if r < weak_cuts.cutoff[a, b]:
                    weak = weakened(r * r, of_pair(tables, a, b), end_of_pair(weak_cuts, a, b))[0]
                    total += screening.strength[a, b] * weak
            attractions[i] = total
        return most

    @lean_kernel
    def difference(
        tables, cuts, weak_cuts, screening, labels, changed, after, places, distances, counts, rho, densities, change,
        touched, attractions, out_attractions,
    ):  # fmt: skip
        """Return E after - E before of the pairs with the wall; the changed places are of the metal.

        Parameters
        ----------
        tables, cuts, weak_cuts, screening
            As in `nakmd.kernels.screened`.
        labels, changed, after, places, distances, counts
            As in `nakmd.neighbors.sites.Sites`, before the change.
        rho : (2, 2) float64
            ρ of the changed places before and after.
        densities, change : (n_places,) float64
            ρ before, and its change at the touched places.
        touched : (n,) int32
        attractions : (n_places,) float64 [eV]
            Σ_j k A of the touched places.
        out_attractions : (2,) float64 [eV]
            Σ_j k A of the changed places afterwards.
        """
        energy = 0.0
        for side in range(changed.shape[0]):
            for moment in range(2):
                a = labels[changed[side]] if moment == 0 else after[side]
                bare, attracted = 0.0, 0.0
                for k in range(counts[side]):
                    r, b = distances[side, k], labels[places[side, k]]
                    # the changed places are metal, and no pair of metal is screened
                    if r < cuts.cutoff[a, b]:
                        p = of_pair(tables, a, b)
                        bare += ended(r * r, p, end_of_pair(cuts, a, b))[0]
                        weak = weakened(r * r, p, end_of_pair(weak_cuts, a, b))[0]
                        attracted += screening.strength[a, b] * weak
                total = bare + (_scale(screening, a, rho[side, moment]) - 1.0) * attracted
                energy += total if moment == 1 else -total
                if moment == 1:
                    out_attractions[side] = attracted
        for t in range(touched.shape[0]):
            i = touched[t]
            a = labels[i]
            if screening.is_metal[a] and attractions[i] != 0.0:
                before, after = densities[i], densities[i] + change[i]
                energy += (_scale(screening, a, after) - _scale(screening, a, before)) * attractions[i]
        return energy

    return fill_attractions, difference
