"""The loop over pairs: cutoff, shift, smoothing, virial and width, once for every pair potential.

A pair potential brings a formula alone, ``formula(r, p) -> (V, dV/dr)``, where p holds the numbers of one pair of
species. It is called with eight distances at a time and has to work for plain numbers as well. As in `eam`, loops
fetch the next column while they evaluate the present one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nakmd.kernels.accumulate import (
    add_numbers,
    add_vectors,
    fetch_ahead,
    no_virial,
    separations,
    slice_rows,
    with_pairs,
    with_part,
    write_virial,
)
from nakmd.kernels.jit import fast_parallel_kernel, prange, term
from nakmd.kernels.simd import align_stack, lane_sum, maximum, minimum, splat_like, sqrt, where, widen


class CutTables(NamedTuple):
    """How pair interactions end: tables, (n_species, n_species) float64, or the numbers of one pair.

    Attributes
    ----------
    cutoff : [Å]
        0 where two species do not interact.
    shift : [eV]
        Subtracted from V inside the cutoff (``cut = "shift"``), else 0.
    smooth_from : [Å]
        Where the switching function starts (``cut = "smooth"``), else the cutoff.
    scale :
        Factor on V, applied after the cut.
    """

    cutoff: np.ndarray
    shift: np.ndarray
    smooth_from: np.ndarray
    scale: np.ndarray


@term
def end_of_pair(cuts, a, b):
    """Return how the interaction of one pair of species ends."""
    return CutTables(cuts.cutoff[a, b], cuts.shift[a, b], cuts.smooth_from[a, b], cuts.scale[a, b])


@term
def switch(r, start, end):
    """Return S and dS/dr of the C² switching polynomial: 1 at ``start``, 0 at ``end``.

    S = 1 - 10 x³ + 15 x⁴ - 6 x⁵ with x = (r - start)/(end - start).
    """
    width = end - start
    x = minimum(maximum((r - start) / width, 0.0), 1.0)
    square = x * x
    s = 1.0 - square * x * (10.0 - 15.0 * x + 6.0 * square)
    ds_dr = -30.0 * square * (1.0 - 2.0 * x + square) / width
    return s, ds_dr


def with_end(formula):
    """Return a pair formula with shift, switch and scale, ``(r, p, end) -> (V, dV/dr)``.

    The cutoff itself is a mask of the caller; ``end`` are the `CutTables` of one pair of species.
    """

    @term
    def ended(r, p, end):
        v, dv_dr = formula(r, p)
        v = v - end.shift
        if end.smooth_from < end.cutoff:
            s, ds_dr = switch(r, end.smooth_from, end.cutoff)
            dv_dr = dv_dr * s + v * ds_dr
            v = v * s
        return end.scale * v, end.scale * dv_dr

    return ended


def build_pair_kernels(formula, of_pair):
    """Compile a pair formula into its two kernels.

    Parameters
    ----------
    formula : callable
        ``formula(r, p) -> (V, dV/dr)``, decorated with `jit.term`.
    of_pair : callable
        ``of_pair(tables, a, b) -> p``: the numbers of a pair of species, taken once for each run of columns.

    Returns
    -------
    add_forces, add_energies, fill_species_energies : compiled kernels
        Energies and virial have a pass of their own: steps that do not need them are a quarter shorter, and forces
        have the same bits in those that do.
    """
    ended = with_end(formula)

    @fast_parallel_kernel
    def add_forces(rows, atoms, centers, species, begin, end, entries, tables, cuts, add_forces):
        """Add the forces of the central atoms.

        Parameters
        ----------
        rows, atoms, centers, species, begin, end, entries
            See `nakmd.neighbors`.
        tables : NamedTuple of (n_species, n_species) float64
            The formula's parameters.
        cuts : CutTables
        add_forces : (n_atoms, 3) float64 [eV/Å]
        """
        for s in prange(species.shape[0]):
            align_stack()
            fetch_ahead(rows, atoms, begin, end, entries, s, add_forces)
            a = species[s]
            x, y, z, _ = slice_rows(rows, centers, s)
            fx = splat_like(0.0, widen(x))
            fy = splat_like(0.0, widen(x))
            fz = splat_like(0.0, widen(x))
            for b in range(begin.shape[1]):
                p = of_pair(tables, a, b)
                cut = end_of_pair(cuts, a, b)
                square = cut.cutoff * cut.cutoff
                first, last = begin[s, b], end[s, b] - 1
                if last < first:
                    continue
                gx = splat_like(0.0, x)
                gy = splat_like(0.0, x)
                gz = splat_like(0.0, x)
                ahead = separations(rows, entries, first, x, y, z)
                for column in range(first, last + 1):
                    dx, dy, dz, r2, _ = ahead
                    ahead = separations(rows, entries, min(column + 1, last), x, y, z)
                    r = sqrt(r2)
                    _, dv_dr = ended(r, p, cut)
                    inside = r2 < square
                    g = where(inside, dv_dr / r, 0.0)
                    gx = gx + g * dx
                    gy = gy + g * dy
                    gz = gz + g * dz
                fx = fx + widen(gx)
                fy = fy + widen(gy)
                fz = fz + widen(gz)
            add_vectors(atoms, s, fx, fy, fz, add_forces)

    @fast_parallel_kernel
    def add_energies(rows, atoms, centers, species, begin, end, entries, tables, cuts, add_energies, out_virial):
        """Add energies of the central atoms and write the virial of every slice; arguments as in `add_forces`.

        Parameters
        ----------
        rows, atoms, centers, species, begin, end, entries
            See `nakmd.neighbors`.
        tables : NamedTuple of (n_species, n_species) float64
            The formula's parameters.
        cuts : CutTables
        add_energies : (n_atoms,) float64 [eV]
            Half of each pair's energy is added to either atom.
        out_virial : (n_slices, 6) float64 [eV]
        """
        for s in prange(species.shape[0]):
            align_stack()
            a = species[s]
            x, y, z, _ = slice_rows(rows, centers, s)
            energy = splat_like(0.0, widen(x))
            w = no_virial(energy)
            for b in range(begin.shape[1]):
                p = of_pair(tables, a, b)
                cut = end_of_pair(cuts, a, b)
                square = cut.cutoff * cut.cutoff
                first, last = begin[s, b], end[s, b] - 1
                if last < first:
                    continue
                part = splat_like(0.0, x)
                w_part = no_virial(part)
                ahead = separations(rows, entries, first, x, y, z)
                for column in range(first, last + 1):
                    dx, dy, dz, r2, _ = ahead
                    ahead = separations(rows, entries, min(column + 1, last), x, y, z)
                    r = sqrt(r2)
                    v, dv_dr = ended(r, p, cut)
                    inside = r2 < square
                    g = where(inside, dv_dr / r, 0.0)
                    part = part + where(inside, v, 0.0)
                    w_part = with_pairs(w_part, g, dx, dy, dz)
                energy = energy + widen(part)
                w = with_part(w, w_part)
            add_numbers(atoms, s, 0.5 * energy, add_energies)
            write_virial(s, 0.5, w, out_virial)

    @fast_parallel_kernel
    def fill_species_energies(rows, centers, species, begin, end, entries, tables, cuts, out_energies):
        """Write half the pair energy of every slice with each neighbour species, (n_slices, n_species) float64 [eV]."""
        for s in prange(species.shape[0]):
            a = species[s]
            x, y, z, _ = slice_rows(rows, centers, s)
            for b in range(begin.shape[1]):
                energy = splat_like(0.0, x)
                p = of_pair(tables, a, b)
                cut = end_of_pair(cuts, a, b)
                square = cut.cutoff * cut.cutoff
                for column in range(begin[s, b], end[s, b]):
                    _, _, _, r2, _ = separations(rows, entries, column, x, y, z)
                    v, _ = ended(sqrt(r2), p, cut)
                    energy = energy + where(r2 < square, v, 0.0)
                out_energies[s, b] = 0.5 * lane_sum(widen(energy))

    return add_forces, add_energies, fill_species_energies
