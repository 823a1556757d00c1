"""Fit the metal-carbon terms to the first-principles curves; write the set, its errors and a figure.

    python potentials/fit/metal_carbon.py

reads `data/`, writes `potentials/metal-carbon-2026.toml`, `results.json` and `curves.png`. Seeded; about a minute.
`README.md` in this folder describes the data, their limitations and the quality of the fit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from curves import DATA, FILES, Point, read_frames, read_points
from fitting import SIGMA_ENERGY, SIGMA_FORCE, SIGMA_SITE, SOFT, Fit, Formula, Stage, rounded
from layers import coverage
from quality import N_BOOTSTRAP, SEED, errors, left_out, rms, sites, well, well_of_data, with_bootstrap

from nakmd.arrays import FloatArray
from nakmd.potentials.forms.morse import MorseParameters, morse
from nakmd.potentials.forms.two_gaussians import TwoGaussiansParameters, two_gaussians

HERE = Path(__file__).parent
METALS = ("K", "Na")
NAMES = ("wall", "wall_width", "depth", "width")

#: Range of the bump of graphitic nitrogen [Å], chosen; and scale of the concentration, the best fit for K over sheets
#: with 1/50, 1/32 and 2/32 (weighted squares 2.8; at most 4.8 from 0.008 to 0.014).
BUMP_WIDTH, DOPING_SCALE = 3.0, 0.011


class Hole(NamedTuple):
    """A hole in the sheet with one fitted species at its rim: curves, fitted parameters, description."""

    curves: tuple[str, ...]
    names: tuple[str, ...]
    words: str


#: Holes in the order of their fits; each fit uses the species of the previous ones.
HOLES = {
    "N:pyridinic": Hole(
        ("n3v_center", "n3vrelaxed_center"),
        NAMES,
        "Three N around a vacancy, as moved by hand and as relaxed at 500 eV",
    ),
    "C:edge": Hole(("vacancy_center",), ("wall", "depth", "width"), "Bare vacancy, spin-polarised, not relaxed"),
    "N:pyrrolic": Hole(
        ("pyrrolic_center",),
        ("wall", "depth", "width"),
        "N in a pentagon at the rim of a hole, as nakmd builds it, with two C:edge across it",
    ),
}


def gaussians(r: FloatArray, p: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    """The fitted form, as implemented in nakmd."""
    return two_gaussians(r, TwoGaussiansParameters(*p))


def morse_alone(r: FloatArray, p: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    """A Morse potential, for comparison."""
    return morse(r, MorseParameters(*p))


def morse_and_tail(r: FloatArray, p: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    """A Morse potential and an exponential, -B e^{-r/λ}, for comparison."""
    v, dv_dr = morse_alone(r, p[:3])
    tail = p[3] * np.exp(-r / p[4])
    return v - tail, dv_dr + tail / p[4]


#: Forms tried on pristine graphene, with starting values.
FORMS: dict[str, tuple[Formula, tuple[float, ...]]] = {
    "two_gaussians": (gaussians, (100.0, 1.0, 0.08, 3.5)),
    "morse": (morse_alone, (0.06, 1.4, 3.2)),
    "morse_tail": (morse_and_tail, (0.02, 2.0, 3.2, 0.1, 2.3)),
}
START = FORMS["two_gaussians"][1]


def carbon(points: Sequence[Point], metal: str, form: str = "two_gaussians") -> Stage:
    """Pristine graphene: hollow, bridge and top."""
    formula, start = FORMS[form]
    mine = [p for p in points if p.metal == metal and p.curve.startswith("graphene") and not p.masked]
    names = NAMES if form == "two_gaussians" else tuple(f"p{k}" for k in range(len(start)))
    return Stage(mine, names, start, lambda _, p: {"C": (formula, tuple(p))})


def doped(p: Sequence[float], depth: float, width: float, concentration: float) -> tuple[float, ...]:
    """Two Gaussians on a sheet with graphitic nitrogen: D d^δ and s g^δ, δ = 1 - e^{-c/c0}, c nitrogen per atom."""
    settled = -float(np.expm1(-concentration / DOPING_SCALE))
    return (p[0], p[1], p[2] * depth**settled, p[3] * width**settled)


def of_dopant(bare: FloatArray, p: FloatArray) -> tuple[float, ...]:
    """Two Gaussians of graphitic nitrogen: a fraction of the wall of carbon, and a bump in place of its well."""
    return (bare[0] * p[3], bare[1], -p[2], BUMP_WIDTH)


def graphitic(points: Sequence[Point], metal: str, bare: FloatArray) -> Stage:
    """Graphitic nitrogen: the effect of doping on the wells of carbon, and the local terms of the nitrogen."""
    mine = [p for p in points if p.metal == metal and p.curve.startswith(("graphN", "graph2N")) and not p.masked]

    def terms_of(point: Point, p: FloatArray) -> Mapping[str, tuple[Formula, Sequence[float]]]:
        return {
            "C": (gaussians, doped(bare, p[0], p[1], point.concentration)),
            "N:graphitic": (gaussians, of_dopant(bare, p)),
        }

    return Stage(mine, ("doped_depth", "doped_width", "bump", "wall_share"), (2.0, 0.75, 0.5, 1.0), terms_of)


def of_rim(species: str, p: Sequence[float], known: Mapping[str, Sequence[float]]) -> tuple[float, ...]:
    """Two Gaussians of a species at the rim of a hole; those not fitted are taken from pyridinic nitrogen."""
    numbers = dict(zip(NAMES, known.get("N:pyridinic", p), strict=True))
    return tuple((numbers | dict(zip(HOLES[species].names, p, strict=True))).values())


def hole(points: Sequence[Point], metal: str, known: Mapping[str, Sequence[float]], species: str) -> Stage:
    """A hole in the sheet: one species of its rim is fitted, the others are known."""
    what = HOLES[species]
    mine = [p for p in points if p.metal == metal and p.curve in what.curves and not p.masked]
    of_known = {name: (gaussians, tuple(p)) for name, p in known.items()}
    start = tuple({"wall": 20.0, "wall_width": 1.0, "depth": 0.5, "width": 2.5}[name] for name in what.names)
    return Stage(mine, what.names, start, lambda _, p: {**of_known, species: (gaussians, of_rim(species, p, known))})


def solve_metal(points: Sequence[Point], metal: str) -> tuple[dict[str, Stage], dict[str, Fit]]:
    """Return the stages of one metal and their fits, pristine carbon first, which the others use."""
    stages = {"C": carbon(points, metal)}
    fits = {"C": stages["C"].solve()}
    bare = fits["C"].values
    stages["N:graphitic"] = graphitic(points, metal, bare)
    fits["N:graphitic"] = stages["N:graphitic"].solve()
    known: dict[str, Sequence[float]] = {"C": bare}
    for species in HOLES:
        stages[species] = hole(points, metal, dict(known), species)
        fits[species] = stages[species].solve()
        known[species] = of_rim(species, fits[species].values, known)
    return stages, fits


def pairs_of(metal: str, stages: Mapping[str, Stage], fits: Mapping[str, Fit]) -> list[dict[str, Any]]:
    """Return the pairs of one metal as entries of the library."""
    bare, dopant, ring = fits["C"].values, fits["N:graphitic"].values, {"N:pyridinic": fits["N:pyridinic"].values}

    def pair(species: str, p: Sequence[float], what: str, **more: float) -> dict[str, Any]:
        stage, wells = stages[species], []
        for curve in dict.fromkeys(q.curve for q in stage.points):
            at, energy = well(stage, fits[species].values, curve)
            wells.append(f"{curve.replace('_', ' ')} {energy:.3f} eV at {at:.2f} angstrom")
        off = 1e3 * rms(stage, stage.points, fits[species].values)
        return {
            "species": (metal, species),
            **dict(zip(NAMES, p, strict=True)),
            **more,
            "evidence": "fitted",
            "note": f"{what}. Wells: {', '.join(wells)}; rms error {off:.0f} meV.",
        }

    return [
        pair("C", bare, "Pristine graphene", doped_depth=dopant[0], doped_width=dopant[1], doping_scale=DOPING_SCALE),
        pair("N:graphitic", of_dopant(bare, dopant), "A bump in place of the well, and a wall of its own"),
        *(pair(species, of_rim(species, fits[species].values, ring), hole.words) for species, hole in HOLES.items()),
    ]


def report(points: Sequence[Point], metal: str, stages: Mapping[str, Stage], fits: Mapping[str, Fit]) -> dict[str, Any]:
    """Return the report on the fit of one metal: errors, uncertainties, cross-validation, wells, other forms."""
    out: dict[str, Any] = {}
    for species, stage in stages.items():
        solved = with_bootstrap(stage, fits[species])
        out[species] = {
            **solved.summary(),
            "rms_energy": rms(stage, stage.points, solved.values),
            "curves": errors(stage, solved.values),
            "left_out_rms_energy": left_out(stage, solved),
            "wells": {},
        }
        for curve in dict.fromkeys(p.curve for p in stage.points):
            computed = well_of_data([p for p in stage.points if p.curve == curve])
            out[species]["wells"][curve] = {
                "fit": [rounded(x) for x in well(stage, solved.values, curve)],
                "data": [rounded(x) for x in computed] if computed else None,
            }
    out["other_forms"] = {}
    for form in FORMS:
        stage = carbon(points, metal, form)
        solved = stage.solve()
        out["other_forms"][form] = {
            "parameters": len(stage.names),
            "weighted_squares": rounded(float(solved.residuals @ solved.residuals)),
            "rms_energy": rms(stage, stage.points, solved.values),
            "sites": sites(stage, solved.values),
        }
    out["masked"] = {f"{p.curve} {p.height:g}": p.masked for p in points if p.metal == metal and p.masked}
    return out


def main() -> None:
    """Fit, and write the set, the results and the picture."""
    from library_entry import text  # noqa: PLC0415
    from picture import draw  # noqa: PLC0415

    points = read_points()
    solved = {metal: solve_metal(points, metal) for metal in METALS}
    pairs = [pair for metal in METALS for pair in pairs_of(metal, *solved[metal])]
    results = {
        "provenance": provenance(),
        "coverage": coverage(read_frames()),
        **{metal: report(points, metal, *solved[metal]) for metal in METALS},
    }
    (HERE.parent / "metal-carbon-2026.toml").write_text(text(pairs, results), encoding="utf-8")
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    draw(points, solved, HERE / "curves.png")


def provenance() -> dict[str, Any]:
    """Return data, weights and versions."""
    return {
        "script": "potentials/fit/metal_carbon.py",
        "data_sha256": {name: hashlib.sha256((DATA / name).read_bytes()).hexdigest() for name in FILES},
        "seed": SEED,
        "bootstrap": N_BOOTSTRAP,
        "weights": {"energy": SIGMA_ENERGY, "force": SIGMA_FORCE, "site": SIGMA_SITE, "soft": SOFT},
        "versions": {name: version(name) for name in ("numpy", "scipy", "ase")},
    }


if __name__ == "__main__":
    main()
