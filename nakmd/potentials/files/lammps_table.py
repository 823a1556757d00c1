"""Pair potentials as tables for LAMMPS (``pair_style table``), for formulas and cut modes without a LAMMPS style."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from nakmd.arrays import FloatArray

#: Points of a table, in the file and in LAMMPS: cubic splines reproduce energies of metal on carbon to 1e-11 eV.
N_POINTS = 20_000
#: First distance of a table [Å]; LAMMPS stops when atoms come closer.
R_MIN = 0.5

#: Cutoff [Å], and a function that returns V [eV] and dV/dr [eV/Å] at distances [Å].
Curve = tuple[float, Callable[[FloatArray], tuple[FloatArray, FloatArray]]]


def format_pair_table(title: str, curves: Mapping[tuple[str, str], Curve], n: int = N_POINTS) -> str:
    """Return the text of a LAMMPS table with one section ``A-B`` for each pair.

    Parameters
    ----------
    title : str
        For the header.
    curves : mapping of (str, str) to Curve
    n : int
        Number of points.
    """
    out = [f"# {title}, tabulated by nakmd, UNITS: metal"]
    for pair, (cutoff, curve) in curves.items():
        r = np.linspace(R_MIN, cutoff, n)
        # the last point is taken just inside the cutoff, where the potential may have a step
        v, slope = curve(np.minimum(r, np.nextafter(cutoff, 0.0)))
        out += ["", "-".join(pair), f"N {n} R {R_MIN!r} {float(cutoff)!r} FPRIME {_curvature(r, slope)}", ""]
        out += [f"{k} {x:.16e} {e:.16e} {-d:.16e}" for k, (x, e, d) in enumerate(zip(r, v, slope, strict=True), 1)]
    return "\n".join(out) + "\n"


def _curvature(r: FloatArray, slope: FloatArray) -> str:
    """Return dF/dr at both ends, the boundary conditions of the splines of LAMMPS."""
    change = np.gradient(-slope, r, edge_order=2)
    return f"{change[0]:.16e} {change[-1]:.16e}"
