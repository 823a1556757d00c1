"""The kernels of pair potentials: cutoff, shift, switch and scale around a formula.

A pair potential provides only a formula, ``formula(r, p) -> (V, dV/dr)``, where p holds the parameters of one pair of
species, or one of the square of the distance (`InSquares`). It is called with eight distances at a time and must also
accept plain numbers. The loop over neighbours is in `neighbor_sums`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nakmd.kernels.accumulate import add_vectors, no_virial
from nakmd.kernels.fetches import fetch_results
from nakmd.kernels.jit import fast_parallel_kernel, prange, term
from nakmd.kernels.neighbor_sums import (
    add_force_part,
    add_whole,
    build_force_sum,
    build_pair_force,
    build_species_pass,
    build_virial_pass,
    build_whole_sum,
    open_slice,
)
from nakmd.kernels.simd import align_stack, maximum, minimum, sqrt, where


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

    S = 1 - 10 x³ + 15 x⁴ - 6 x⁵ = (1 - x)³ (1 + 3 x + 6 x²) with x = (r - start)/(end - start). The second form has
    all its digits near the end, where an embedding energy ~ ρ^0.4 makes 1e-6 eV of a rounding of S.
    """
    width = end - start
    x = minimum(maximum((r - start) / width, 0.0), 1.0)
    y = 1.0 - x
    square = y * y
    s = square * y * (1.0 + x * (3.0 + 6.0 * x))
    ds_dr = -30.0 * (x * x) * square / width
    return s, ds_dr


class InSquares:
    """A pair formula ``of_square(q, p) -> (V, dV/dq)`` with q = r²: kernels then need no root and no division.

    Called with r, as any other formula, it returns V and dV/dr.

    Parameters
    ----------
    of_square : callable
        Decorated with `jit.term`.

    Examples
    --------
    >>> parabola = InSquares(lambda q, p: (p * q, p))
    >>> parabola(3.0, 0.5)
    (4.5, 3.0)
    """

    def __init__(self, of_square):
        self.of_square = of_square

    def __call__(self, r, p):
        """Return V and dV/dr."""
        v, slope = self.of_square(r * r, p)
        return v, 2.0 * r * slope


def with_end(formula):
    """Return a pair formula with shift, switch and scale, ``(r2, p, end) -> (V, dV/dr/r)``.

    The cutoff itself is a mask of the caller; ``end`` are the `CutTables` of one pair of species.
    """
    if isinstance(formula, InSquares):
        return _with_end_in_squares(formula.of_square)

    @term
    def ended(r2, p, end):
        r = sqrt(r2)
        v, dv_dr = formula(r, p)
        v = v - end.shift
        if end.smooth_from < end.cutoff:
            s, ds_dr = switch(r, end.smooth_from, end.cutoff)
            dv_dr = dv_dr * s + v * ds_dr
            v = v * s
        return end.scale * v, end.scale * dv_dr / r

    return ended


def _with_end_in_squares(of_square):
    """Return what `with_end` does, for a formula of the square of the distance."""

    @term
    def ended(r2, p, end):
        v, slope = of_square(r2, p)
        v, pull = v - end.shift, 2.0 * slope
        if end.smooth_from < end.cutoff:
            r = sqrt(r2)
            s, ds_dr = switch(r, end.smooth_from, end.cutoff)
            pull = pull * s + v * ds_dr / r
            v = v * s
        # two atoms at one place have no direction: a force of zero would hide them
        return end.scale * v, where(r2 > 0.0, end.scale * pull, np.nan)

    return ended


def build_pair_kernels(formula, of_pair):
    """Compile a pair formula into its kernels.

    Parameters
    ----------
    formula : callable
        ``formula(r, p) -> (V, dV/dr)``, decorated with `jit.term`, or `InSquares`.
    of_pair : callable
        ``of_pair(tables, a, b) -> p``: the parameters of a pair of species, read once for each run of columns.

    Returns
    -------
    add_forces, add_forces_and_energies, fill_species_energies, add_virials : compiled kernels
        Forces have the same bits with energies and virial and without. Virials by atom have a pass of their own.
    """
    ended = with_end(formula)

    @term
    def of_run(parameters, a, b, own):
        tables, cuts = parameters
        cut = end_of_pair(cuts, a, b)
        return cut.cutoff * cut.cutoff, (of_pair(tables, a, b), cut)

    @term
    def pair(r2, own, other, p):
        numbers, cut = p
        return ended(r2, numbers, cut)

    @term
    def back(r2, own, other, p):
        return 0.5 * pair(r2, own, other, p)[1]  # the neighbour has half of the energy

    add_force = build_pair_force(pair)
    sum_forces = build_force_sum(of_run, add_force, add_force_part)
    sum_whole = build_whole_sum(of_run, add_force, add_force_part, pair)
    fill_slice_energies = build_species_pass(of_run, pair)
    add_slice_virials = build_virial_pass(of_run, back)

    @fast_parallel_kernel
    def add_forces(rows, atoms, centers, species, begin, end, entries, fetches, tables, cuts, add_forces):
        """Add the forces of the central atoms.

        Parameters
        ----------
        rows, atoms, centers, species, begin, end, entries, fetches
            See `nakmd.neighbors`.
        tables : NamedTuple of (n_species, n_species) float64
            The formula's parameters.
        cuts : CutTables
        add_forces : (n_atoms, 3) float64 [eV/Å]
        """
        for s in prange(species.shape[0]):
            align_stack()
            center, zero, wide = open_slice(rows, centers, begin, end, entries, fetches, s)
            fetch_results(rows, atoms, fetches, s, add_forces)
            fx, fy, fz = sum_forces(
                rows, species, begin, end, entries, s, center, (tables, cuts), (zero, zero, zero), (wide, wide, wide)
            )
            add_vectors(atoms, s, fx, fy, fz, add_forces)

    @fast_parallel_kernel
    def add_forces_and_energies(
        rows, atoms, centers, species, begin, end, entries, fetches, tables, cuts, add_forces, add_energies, out_virial
    ):
        """Add forces and energies of the central atoms and write the virial of every slice.

        Parameters
        ----------
        rows, atoms, centers, species, begin, end, entries, fetches, tables, cuts, add_forces
            As in `add_forces`.
        add_energies : (n_atoms,) float64 [eV]
            Half of the energy of a pair is added to each atom.
        out_virial : (n_slices, 6) float64 [eV]
        """
        for s in prange(species.shape[0]):
            align_stack()
            center, zero, wide = open_slice(rows, centers, begin, end, entries, fetches, s)
            force, energy, virial = sum_whole(
                rows, species, begin, end, entries, s, center, (tables, cuts),
                ((zero, zero, zero), zero, no_virial(zero)), ((wide, wide, wide), wide, no_virial(wide)),
            )  # fmt: skip
            add_vectors(atoms, s, force[0], force[1], force[2], add_forces)
            add_whole(atoms, s, energy, virial, add_energies, out_virial)

    @fast_parallel_kernel
    def fill_species_energies(rows, centers, species, begin, end, entries, tables, cuts, out_energies):
        """Write half the pair energy of every slice with each neighbour species, (n_slices, n_species) float64 [eV]."""
        for s in prange(species.shape[0]):
            fill_slice_energies(rows, centers, species, begin, end, entries, s, (tables, cuts), out_energies)

    @fast_parallel_kernel
    def add_virials(rows, atoms, centers, species, begin, end, entries, fetches, tables, cuts, add_virials):
        """Add the virials of the central atoms, (n_atoms, 3, 3) float64 [eV]; other arguments as in `add_forces`."""
        for s in prange(species.shape[0]):
            align_stack()
            add_slice_virials(rows, atoms, centers, species, begin, end, entries, s, (tables, cuts), add_virials)

    return add_forces, add_forces_and_energies, fill_species_energies, add_virials
