"""Checks of embedded-atom tables: header, grids, density range, noise and kinks, cutoff, signs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.elements import ATOMIC_NUMBERS, standard_mass
from nakmd.potentials import EAM, Evaluator
from nakmd.potentials.files.eam_table import EAMTable
from nakmd.potentials.forms.lammps_spline import lammps_spline, spline_value
from nakmd.studies.soundness.verdicts import Level, Verdict, level_of, worst
from nakmd.studies.static_crystals import PerfectCrystal, build_crystal

#: Allowed relative error of the mass in a header.
MASS_ERROR = 0.02
#: Linear compression for which densities must be tabulated.
COMPRESSION = 0.9
#: Force noise [eV/Å], interpolation error [eV], value [eV] and slope [eV/Å] at the cutoff: warning, fault.
NOISE = (1e-4, 1e-2)
INTERPOLATION = (1e-4, 1e-2)
END_VALUE, END_SLOPE = (1e-6, 1e-3), (1e-3, 1e-1)
#: Jumps of slope and of curvature relative to the largest; a jump of curvature is not a fault.
SLOPE_JUMP, CURVATURE_JUMP = (0.01, 0.2), (0.25, np.inf)
#: Negative densities relative to the largest one.
NEGATIVE = (1e-9, 1e-3)
#: Fewest points in the range of atomic distances that a check needs.
FEWEST = 24
#: Closest approach in a liquid, in units of the nearest-neighbour distance.
NEAR = 0.75


def table_verdicts(term: EAM, crystals: Mapping[str, PerfectCrystal]) -> list[Verdict]:
    """Return the verdicts on a table.

    Parameters
    ----------
    term : EAM
    crystals : mapping of str to PerfectCrystal
        Crystals of its elements, if any: they set the relevant distances and densities.
    """
    t = term.table
    out = [_header(t, a) for a in range(len(t.elements))]
    out.append(_grid(t))
    scales = [_density_at(term, crystals.get(element)) for element in t.elements]
    out += [_density_range(t, a, crystals.get(element), term) for a, element in enumerate(t.elements)]
    for a, element in enumerate(t.elements):
        near = NEAR * crystals[element].distance if element in crystals else 0.3 * t.cutoff
        rho_0 = scales[a] if np.isfinite(scales[a]) and scales[a] > 0.0 else 0.5 * t.rho_max
        x = t.d_rho * np.arange(t.n_rho) / rho_0
        kept = (x > 0.2) & (x < 2.0)
        out.append(_smoothness(f"F({element})", t.d_rho / rho_0, t.embedding[a][kept], "per ρ/ρ₀"))
        # convert densities to energies with F/ρ of the crystal
        depth = abs(float(np.interp(rho_0, t.d_rho * np.arange(t.n_rho), t.embedding[a]))) / rho_0
        for b, second in enumerate(t.elements):
            density = depth * t.density_matrix[b, a]
            if t.kind == "fs" or b == a:
                name = f"ρ({second} at {element})" if t.kind == "fs" else f"ρ({element})"
                out += _of_distance(t, name, density, near)
                out.append(_sign(t, name, t.density_matrix[b, a], near))
            if b <= a:
                r = np.maximum(t.d_r * np.arange(t.n_r), 1e-3 * t.d_r)
                pair_near = near if a == b or second not in crystals else max(near, NEAR * crystals[second].distance)
                out += _of_distance(t, f"V({second}-{element})", t.pair[a, b] / r, pair_near)
    return out


def _header(t: EAMTable, a: int) -> Verdict:
    """Check atomic number and mass of an element."""
    element, z, mass = t.elements[a], t.atomic_numbers[a], t.masses[a]
    known = ATOMIC_NUMBERS.get(element, 0)
    text = f"Z = {z}, {mass:g} amu, {t.lattices[a]} with a = {t.lattice_constants[a]:g} Å"
    if not known:
        return Verdict("header", element, "warning", text, remedy=f"{element} is not an element; use its symbol.")
    standard = standard_mass(element)
    if z != known:
        remedy = f"{element} has Z = {known}: the file is for another element, or its header is wrong."
        return Verdict("header", element, "fault", text, float(z), "", remedy)
    if abs(mass - standard) > MASS_ERROR * standard:
        remedy = f"The mass of {element} is {standard:g} amu: correct it."
        return Verdict("header", element, "warning", text, mass, "amu", remedy)
    return Verdict("header", element, "ok", text, mass, "amu")


def _grid(t: EAMTable) -> Verdict:
    """Check range and spacing of the grids, which are uniform in all formats."""
    end = (t.n_r - 1) * t.d_r
    text = f"{t.n_r} points to {end:.4f} Å, {t.n_rho} to ρ = {t.rho_max:g}; cutoff {t.cutoff:.4f} Å"
    if t.cutoff > end + 1.01 * t.d_r:
        remedy = "The last value is constant from the last point to the cutoff: shorten the cutoff."
        return Verdict("grid", "table", "warning", text, t.cutoff - end, "Å", remedy)
    return Verdict("grid", "table", "ok", text, t.d_r, "Å")


def _density_at(term: EAM, crystal: PerfectCrystal | None, compression: float = 1.0) -> float:
    """Return the mean density at the atoms of a crystal; NaN without a crystal."""
    if crystal is None:
        return float("nan")
    system = build_crystal(crystal.elements, crystal.structure, compression * crystal.distance)
    bound = term.bind_term(system.species_names)
    Evaluator(term, system.species_names, [bound]).evaluate(system)
    return float(bound.densities.mean())


def _density_range(t: EAMTable, a: int, crystal: PerfectCrystal | None, term: EAM) -> Verdict:
    """Check that the embedding energy is tabulated at the densities of the crystal."""
    element = t.elements[a]
    if crystal is None:
        return Verdict("density range", element, "ok", "not checked: no crystal")
    rest, dense = _density_at(term, crystal), _density_at(term, crystal, COMPRESSION)
    text = f"ρ = {rest:.4g} in {crystal.structure}, {dense:.4g} at 0.9 of its lattice constant; table to {t.rho_max:g}"
    level: Level = "ok" if 0.0 < dense <= t.rho_max else "warning"
    if not 0.0 < rest <= t.rho_max:
        level = "fault"
    remedy = (
        "" if level == "ok" else "Beyond the table F is extrapolated linearly: extend the table, or use another file."
    )
    return Verdict("density range", element, level, text, dense / t.rho_max, "of the table", remedy)


def _of_distance(t: EAMTable, name: str, values: FloatArray, near: float) -> list[Verdict]:
    """Check a function of r [eV] for noise, kinks, grid spacing and its end at the cutoff."""
    r = t.d_r * np.arange(t.n_r)
    inside = (r >= near) & (r <= t.cutoff)
    return [_smoothness(name, t.d_r, values[inside], "eV/Å"), _end(t, name, values)]


def _smoothness(name: str, h: float, f: FloatArray, unit: str) -> Verdict:
    """Check a function on a grid for noise, kinks, and a spacing too wide for cubic splines.

    Noise follows from sixth differences, which are small for smooth functions: white noise of σ gives σ √924.
    Kinks are points where one-sided slopes or curvatures differ.
    """
    if len(f) and np.ptp(f) == 0.0:
        return Verdict("smoothness", name, "ok", "constant in the range of atomic distances", 0.0, unit)
    if len(f) < FEWEST:
        text = f"only {len(f)} points in the range of atomic distances"
        return Verdict("smoothness", name, "warning", text, float(len(f)), "points", "The grid is too coarse to check.")
    noise = 1.4826 * float(np.median(np.abs(np.diff(f, 6)))) / np.sqrt(924.0) / h
    k = np.arange(3, len(f) - 3)
    left = (3.0 * f[k] - 4.0 * f[k - 1] + f[k - 2]) / (2.0 * h)
    right = (-3.0 * f[k] + 4.0 * f[k + 1] - f[k + 2]) / (2.0 * h)
    bent_left = (2.0 * f[k] - 5.0 * f[k - 1] + 4.0 * f[k - 2] - f[k - 3]) / h**2
    bent_right = (2.0 * f[k] - 5.0 * f[k + 1] + 4.0 * f[k + 2] - f[k + 3]) / h**2
    slope = np.abs(np.gradient(f, h))
    curvature = np.abs(np.diff(f, 2)) / h**2
    # 95 % quantiles, to exclude the kink itself
    slope_scale, curvature_scale = float(np.quantile(slope, 0.95)), float(np.quantile(curvature, 0.95))
    jump = float(np.abs(right - left).max()) / max(slope_scale, 1e-300)
    bend = float(np.abs(bent_right - bent_left).max()) / max(curvature_scale, 1e-300)
    # a spline through every other point has sixteen times the error of the full grid
    half = f[: len(f) - (len(f) + 1) % 2]
    coarse, _ = spline_value(lammps_spline(half[::2]), 2.0, np.arange(5.0, len(half) - 5.0))
    interpolation = float(np.abs(coarse - half[5:-5]).max()) / 16.0
    levels = [
        level_of(noise, *NOISE), level_of(jump, *SLOPE_JUMP), level_of(bend, *CURVATURE_JUMP),
        level_of(interpolation, *INTERPOLATION),
    ]  # fmt: skip
    level = worst(levels)
    text = (
        f"noise of the slope {noise:.1e} {unit}, largest jump of slope {100 * jump:.2g} %, of curvature "
        f"{100 * bend:.2g} %, interpolation {interpolation:.1e} eV"
    )
    remedies = (
        "The values have too few digits or were spliced: the energy will drift; use a smoother file.",
        "Two pieces meet with different slopes, or one value is an outlier: forces jump there, check the function.",
        "The curvature jumps: use a shorter time step and check energy conservation.",
        "The grid is too coarse for cubic splines: tabulate with a smaller spacing.",
    )
    remedy = "" if level == "ok" else remedies[levels.index(level)]
    return Verdict("smoothness", name, level, text, noise, unit, remedy)


def _end(t: EAMTable, name: str, values: FloatArray) -> Verdict:
    """Check that a function and its slope are zero at the cutoff."""
    at = min(t.cutoff, (t.n_r - 1) * t.d_r)
    value, slope = (float(abs(x)) for x in spline_value(lammps_spline(values), t.d_r, np.array(at * (1.0 - 1e-12))))
    steps = level_of(value, *END_VALUE)
    level = worst([steps, level_of(slope, *END_SLOPE)])
    text = f"{value:.1e} eV and {slope:.1e} eV/Å at {at:.4f} Å"
    what = "Energy steps" if steps != "ok" else "Forces step"
    remedy = "" if level == "ok" else f"{what} at the cutoff: bring the function to zero smoothly."
    return Verdict("cutoff", name, level, text, value, "eV", remedy)


def _sign(t: EAMTable, name: str, values: FloatArray, near: float) -> Verdict:
    """Check that a density is not negative in the range of atomic distances."""
    r = t.d_r * np.arange(t.n_r)
    in_range = values[(r >= near) & (r <= t.cutoff)]
    largest = float(np.abs(in_range).max(initial=0.0))
    if largest == 0.0:
        return Verdict("density sign", name, "ok", "zero at all atomic distances")
    least = float(in_range.min())
    level = level_of(max(-least, 0.0) / largest, *NEGATIVE)
    text = f"minimum {least:.3g}, maximum {largest:.3g} beyond {near:.2f} Å"
    remedy = (
        "" if level == "ok" else "A negative density is unphysical, and its square root undefined: use another file."
    )
    return Verdict("density sign", name, level, text, least, "", remedy)
