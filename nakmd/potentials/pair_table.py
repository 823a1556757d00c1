"""Pair terms as tables for LAMMPS (``pair_style table``): for formulas and ends that it has no style for."""

from __future__ import annotations

from typing import Any

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import InputError
from nakmd.kernels.pair import switch
from nakmd.potentials.pair import PairPotential

#: Points of a table, in the file and in LAMMPS: cubic splines on them give energies of metal on carbon to 1e-11 eV.
N_POINTS = 20_000
#: First distance of a table [Å]; LAMMPS stops when atoms come closer.
R_MIN = 0.5


def pair_curve(term: PairPotential, entry: tuple[str, str], r: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return V [eV] and dV/dr [eV/Å] of a listed pair of a term, with its end and its scale.

    Parameters
    ----------
    term : PairPotential
    entry : (str, str)
        A key of ``term.pairs``.
    r : (n,) float64 [Å]

    Raises
    ------
    InputError
        If the term has no such pair.
    """
    if entry not in term.pairs:
        raise InputError(f"{term.label} has no pair {'-'.join(entry)}.")
    values = term.pairs[entry]
    p: Any = term.Parameters(**{name: values[name] for name in term.names})
    cutoff, formula = values["cutoff"], type(term).formula
    shift = float(formula(cutoff, p)[0]) if values["cut"] == "shift" else 0.0
    v, slope = np.zeros(len(r)), np.zeros(len(r))
    for k, x in enumerate(r.tolist()):
        if x >= cutoff:
            continue
        energy, gradient = formula(x, p)
        if values["cut"] == "smooth":
            s, ds_dr = switch(x, values["smooth_from"], cutoff)
            energy, gradient = s * energy, s * gradient + ds_dr * energy
        v[k], slope[k] = energy - shift, gradient
    return term.scale * v, term.scale * slope


def format_pair_table(term: PairPotential, entries: list[tuple[str, str]], n: int = N_POINTS) -> str:
    """Return the text of a LAMMPS table with one section ``A-B`` for each pair."""
    out = [f"# {term.label}: {type(term).__name__}, tabulated by nakmd, UNITS: metal"]
    for entry in entries:
        cutoff = term.pairs[entry]["cutoff"]
        r = np.linspace(R_MIN, cutoff, n)
        # the last point is taken just inside: a step at the cutoff is the term's own
        v, slope = pair_curve(term, entry, np.minimum(r, np.nextafter(cutoff, 0.0)))
        out += ["", "-".join(entry), f"N {n} R {R_MIN!r} {cutoff!r} FPRIME {_curvature(r, slope)}", ""]
        out += [f"{k} {x:.16e} {e:.16e} {-d:.16e}" for k, (x, e, d) in enumerate(zip(r, v, slope, strict=True), 1)]
    return "\n".join(out) + "\n"


def _curvature(r: FloatArray, slope: FloatArray) -> str:
    """Return dF/dr at both ends, which LAMMPS's splines start from."""
    change = np.gradient(-slope, r, edge_order=2)
    return f"{change[0]:.16e} {change[-1]:.16e}"
