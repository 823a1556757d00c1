"""Checks of embedded-atom tables: header, grids, densities reached, noise and kinks, ends, signs."""

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

#: Part of the atomic mass that a header may be off.
MASS_ERROR = 0.02
#: Linear compression that densities have to be tabulated for.
COMPRESSION = 0.9
#: Force noise [eV/Å], interpolation error [eV], value [eV] and slope [eV/Å] at the cutoff: warning, fault.
NOISE = (1e-4, 1e-2)
INTERPOLATION = (1e-4, 1e-2)
END_VALUE, END_SLOPE = (1e-6, 1e-3), (1e-3, 1e-1)
#: Jumps of slope and of curvature over the largest in reach of atoms; a kink of curvature is no fault.
SLOPE_JUMP, CURVATURE_JUMP = (0.01, 0.2), (0.25, np.inf)
#: Negative densities over the largest one.
NEGATIVE = (1e-9, 1e-3)
#: Points in reach of atoms without which nothing can be said.
FEWEST = 24
#: Where atoms come in a liquid: from this part of the nearest distance outwards.
NEAR = 0.75


def table_verdicts(term: EAM, crystals: Mapping[str, PerfectCrystal]) -> list[Verdict]:
    """Return the verdicts on a table.

    Parameters
    ----------
    term : EAM
    crystals : mapping of str to PerfectCrystal
        Of its elements, as far as they have one: they tell which distances and densities matter.
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
        # a density as an energy: times F/ρ of the crystal
        depth = abs(float(np.interp(rho_0, t.d_rho * np.arange(t.n_rho), t.embedding[a]))) / rho_0
        for b, other in enumerate(t.elements):
            density = depth * t.density_matrix[b, a]
            if t.kind == "fs" or b == a:
                name = f"ρ({other} at {element})" if t.kind == "fs" else f"ρ({element})"
                out += _of_distance(t, name, density, near)
                out.append(_sign(t, name, t.density_matrix[b, a], near))
            if b <= a:
                r = np.maximum(t.d_r * np.arange(t.n_r), 1e-3 * t.d_r)
                pair_near = near if a == b or other not in crystals else max(near, NEAR * crystals[other].distance)
                out += _of_distance(t, f"V({other}-{element})", t.pair[a, b] / r, pair_near)
    return out


def _header(t: EAMTable, a: int) -> Verdict:
    """Check number and mass of an element."""
    element, z, mass = t.elements[a], t.atomic_numbers[a], t.masses[a]
    known = ATOMIC_NUMBERS.get(element, 0)
    said = f"Z = {z}, {mass:g} amu, {t.lattices[a]} with a = {t.lattice_constants[a]:g} Å"
    if not known:
        return Verdict("header", element, "warning", said, remedy=f"{element} is no element; name it by its symbol.")
    right = standard_mass(element)
    if z != known:
        remedy = f"{element} has Z = {known}: the file is of another element, or its header is wrong."
        return Verdict("header", element, "fault", said, float(z), "", remedy)
    if abs(mass - right) > MASS_ERROR * right:
        return Verdict("header", element, "warning", said, mass, "amu", f"{element} weighs {right:g} amu: correct it.")
    return Verdict("header", element, "ok", said, mass, "amu")


def _grid(t: EAMTable) -> Verdict:
    """Check reach and fineness of the grids, which the formats make uniform."""
    end = (t.n_r - 1) * t.d_r
    text = f"{t.n_r} points to {end:.4f} Å, {t.n_rho} to ρ = {t.rho_max:g}; cutoff {t.cutoff:.4f} Å"
    if t.cutoff > end + 1.01 * t.d_r:
        remedy = "Between the last point and the cutoff the last value is held: shorten the cutoff."
        return Verdict("grid", "table", "warning", text, t.cutoff - end, "Å", remedy)
    return Verdict("grid", "table", "ok", text, t.d_r, "Å")


def _density_at(term: EAM, crystal: PerfectCrystal | None, compression: float = 1.0) -> float:
    """Return the density at an atom of a crystal; NaN without one."""
    if crystal is None:
        return float("nan")
    system = build_crystal(crystal.elements, crystal.structure, compression * crystal.distance)
    bound = term.bind_term(system.species_names)
    Evaluator(term, system.species_names, [bound]).evaluate(system)
    return float(bound.densities.mean())


def _density_range(t: EAMTable, a: int, crystal: PerfectCrystal | None, term: EAM) -> Verdict:
    """Check that the embedding energy is tabulated where crystals are."""
    element = t.elements[a]
    if crystal is None:
        return Verdict("density range", element, "ok", "no crystal to compare with")
    rest, dense = _density_at(term, crystal), _density_at(term, crystal, COMPRESSION)
    text = f"ρ = {rest:.4g} in {crystal.structure}, {dense:.4g} at 0.9 of its length; table to {t.rho_max:g}"
    level: Level = "ok" if 0.0 < dense <= t.rho_max else "warning"
    if not 0.0 < rest <= t.rho_max:
        level = "fault"
    remedy = "" if level == "ok" else "Beyond the table F goes on as a straight line: extend it, or use another file."
    return Verdict("density range", element, level, text, dense / t.rho_max, "of the table", remedy)


def _of_distance(t: EAMTable, name: str, values: FloatArray, near: float) -> list[Verdict]:
    """Check a function of r [eV] for noise, kinks, fineness, and how it ends."""
    r = t.d_r * np.arange(t.n_r)
    inside = (r >= near) & (r <= t.cutoff)
    return [_smoothness(name, t.d_r, values[inside], "eV/Å"), _end(t, name, values)]


def _smoothness(name: str, h: float, f: FloatArray, unit: str) -> Verdict:
    """Check a function on a grid for noise, kinks, and steps too wide for cubic pieces.

    Noise is read from sixth differences, which a smooth function hardly has: white noise of σ gives them σ √924.
    Kinks are where slopes or curvatures from the left and from the right differ.
    """
    if len(f) and np.ptp(f) == 0.0:
        return Verdict("smoothness", name, "ok", "constant in reach of atoms", 0.0, unit)
    if len(f) < FEWEST:
        text = f"only {len(f)} points where atoms are"
        return Verdict("smoothness", name, "warning", text, float(len(f)), "points", "The grid is too coarse to tell.")
    noise = 1.4826 * float(np.median(np.abs(np.diff(f, 6)))) / np.sqrt(924.0) / h
    k = np.arange(3, len(f) - 3)
    left = (3.0 * f[k] - 4.0 * f[k - 1] + f[k - 2]) / (2.0 * h)
    right = (-3.0 * f[k] + 4.0 * f[k + 1] - f[k + 2]) / (2.0 * h)
    bent_left = (2.0 * f[k] - 5.0 * f[k - 1] + 4.0 * f[k - 2] - f[k - 3]) / h**2
    bent_right = (2.0 * f[k] - 5.0 * f[k + 1] + 4.0 * f[k + 2] - f[k + 3]) / h**2
    slope = np.abs(np.gradient(f, h))
    curvature = np.abs(np.diff(f, 2)) / h**2
    # typical largest values, not those of the kink itself
    slope_scale, curvature_scale = float(np.quantile(slope, 0.95)), float(np.quantile(curvature, 0.95))
    jump = float(np.abs(right - left).max()) / max(slope_scale, 1e-300)
    bend = float(np.abs(bent_right - bent_left).max()) / max(curvature_scale, 1e-300)
    # every other point, and the cubic through it: sixteen times the error of the whole grid
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
        "The values carry too few digits or were spliced: energy will drift; use a smoother file.",
        "Two pieces meet with different slopes, or one value stands out: forces jump there, look at the function.",
        "The curvature jumps: shorten the time step and watch the energy.",
        "The grid is too coarse for cubic pieces: tabulate it more finely.",
    )
    order = ["fault", "warning"]
    said = [remedy for which in order for found, remedy in zip(levels, remedies, strict=True) if found == which]
    return Verdict("smoothness", name, level, text, noise, unit, said[0] if said else "")


def _end(t: EAMTable, name: str, values: FloatArray) -> Verdict:
    """Check that a function and its slope are zero at the cutoff."""
    at = min(t.cutoff, (t.n_r - 1) * t.d_r)
    value, slope = (float(abs(x)) for x in spline_value(lammps_spline(values), t.d_r, np.array(at * (1.0 - 1e-12))))
    steps = level_of(value, *END_VALUE)
    level = worst([steps, level_of(slope, *END_SLOPE)])
    text = f"{value:.1e} eV and {slope:.1e} eV/Å at {at:.4f} Å"
    remedy = "Energy steps" if steps != "ok" else "Forces step"
    remedy = "" if level == "ok" else f"{remedy} where neighbours come and go: bring the function to zero smoothly."
    return Verdict("cutoff", name, level, text, value, "eV", remedy)


def _sign(t: EAMTable, name: str, values: FloatArray, near: float) -> Verdict:
    """Check that a density is nowhere negative in reach of atoms."""
    r = t.d_r * np.arange(t.n_r)
    seen = values[(r >= near) & (r <= t.cutoff)]
    largest = float(np.abs(seen).max(initial=0.0))
    if largest == 0.0:
        return Verdict("density sign", name, "ok", "zero everywhere in reach")
    least = float(seen.min())
    level = level_of(max(-least, 0.0) / largest, *NEGATIVE)
    text = f"least {least:.3g}, largest {largest:.3g} beyond {near:.2f} Å"
    remedy = (
        "" if level == "ok" else "A negative density has no meaning, and its square root none at all: use another file."
    )
    return Verdict("density sign", name, level, text, least, "", remedy)
