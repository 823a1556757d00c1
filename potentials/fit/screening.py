"""Calibrate the screening of the metal-carbon attraction by metal: the numbers of [term.screening] in nak-cn.

    python potentials/fit/screening.py            prints the numbers
    python potentials/fit/screening.py --write    writes them into the model, its tables, results and figure

reads `data/`; a minute. Repeat it when the set of the metal changes. The energy of a film on the sheet is
W + S A, with W the repulsion and A the attraction of `metal-carbon-2026` for the same atoms. Every computed film gives
one S, at its density in the embedded-atom model. With ``--write`` it writes `potentials/nak-cn.toml`, the tables of
`SCREENING.md`, `screening.json` and `screening.png`. `SCREENING.md` describes the calibration, the predictions and the
discrepancies.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from ase import Atoms
from ase.io import read
from films import (
    BEYOND,
    CONTACT,
    DATA,
    DOPED,
    METAL,
    METALS,
    MIXED,
    MODEL,
    SECOND_HEIGHT,
    STACK,
    Point,
    cohesion,
    energy,
    first_layer,
    of_metal,
    read_points,
    system_of,
)
from screening_tables import NUMBERS, tables_of, with_numbers, with_tables

from nakmd.arrays import FloatArray
from nakmd.cell import Cell
from nakmd.elements import ROOM_TEMPERATURE_BCC
from nakmd.potentials import load
from nakmd.potentials.forms.doping import settled_part
from nakmd.potentials.library import path as file_of
from nakmd.potentials.library import read_set
from nakmd.studies.static_crystals import find_crystal
from nakmd.system import System

mpl.use("Agg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent

#: Fraction of the possible loss that a (2 x 2) layer may retain. Thicker and denser films are bound no less than that
#: layer, so it has the full loss; ρ_0 is the largest value consistent with this.
KEPT_IN_LAYER = 0.02

#: KC8: lattice constant of its layers and gap between sheets [Å]; measured enthalpy against bulk potassium and graphite
#: [eV per K] (calorimetry, -84.1 cal per g of carbon); energy to separate the sheets of graphite [eV per C], recalled.
KC8_A, KC8_GAP, KC8_MEASURED, PARTING = 4.92, 5.35, -0.350, 0.05

#: (2 x 2) layers of Rytkönen, Akola and Manninen: K 0.81 eV per atom.
LAYER_LITERATURE = {"K": -0.81}


def scale_of(points: list[Point]) -> tuple[float, float]:
    """Return the least-squares S of a film over its heights, and the rms error [eV]."""
    held, wall, pull = (np.array([getattr(p, name) for p in points]) for name in ("held", "wall", "attraction"))
    scale = float(pull @ (held - wall) / (pull @ pull))
    return scale, float(np.sqrt(np.mean((wall + scale * pull - held) ** 2)))


def calibrate(points: list[Point], metal: str) -> dict[str, Any]:
    """Return S of every film, and residual and rho_0."""
    films: dict[str, Any] = {}
    for name in dict.fromkeys(p.film for p in points if p.metal == metal and p.film != BEYOND):
        # at positive energies a film probes the wall rather than the attraction
        mine = [p for p in points if p.metal == metal and p.film == name and p.held < 0.0]
        scale, rms = scale_of(mine)
        films[name] = {
            "density": round(mine[0].density, 4), "S": round(scale, 4), "rms_energy": round(rms, 4),
            "heights": [p.height for p in mine],
            "held": [round(p.held, 4) for p in mine],
            "model": [round(p.wall + scale * p.attraction, 4) for p in mine],
        }  # fmt: skip
    unfitted = {STACK, MIXED[metal], *DOPED.values()}
    fitted = [film["S"] for name, film in films.items() if name not in unfitted]
    residual = float(np.mean(fitted))
    layer = films["2x2, 1 layer"]["density"]
    return {
        "residual": round(residual, 2),
        "residual_spread": round(float(np.ptp(fitted)), 3),
        "rho_0": round(float(layer / np.log(1.0 / KEPT_IN_LAYER)), 3),
        **beside_nitrogen(points, films, metal, residual),
        "films": films,
    }


def beside_nitrogen(points: list[Point], films: dict[str, Any], metal: str, residual: float) -> dict[str, float]:
    """Return doped_residual s_d of S = s^{1-δ} s_d^δ: the mean of its logarithm over the films on doped sheets."""
    scale = next(pair.doping_scale for pair in read_set(CONTACT).pair if pair.species == (metal, "C"))
    logs = []
    for name in set(DOPED.values()) - {BEYOND}:
        settled = settled_part(next(p.doping for p in points if p.film == name), scale)
        logs.append((np.log(films[name]["S"]) - (1.0 - settled) * np.log(residual)) / settled)
    return {
        "doped_residual": round(float(np.exp(np.mean(logs))), 2),
        "doped_residual_range": [round(float(np.exp(x)), 2) for x in sorted(logs)],
        "doping_scale": scale,
    }


def curve(point: Point, numbers: dict[str, dict[str, float]]) -> tuple[FloatArray, FloatArray]:
    """Return heights [Å] and the energies [eV] of the film of a point in the calibrated model."""
    heights = np.arange(2.3, 4.3, 0.05)
    mine = of_metal(point.system)
    alone = point.system.copy()
    alone.positions[mine, 2] += 20.0
    out = []
    for height in heights:
        moved = point.system.copy()
        moved.positions[mine, 2] += height - point.height
        out.append(energy(moved, numbers)[0])
    return heights, np.array(out) - energy(_with_height(alone, 60.0), numbers)[0]


def _with_height(system: System, height: float) -> System:
    """Return a system in a cell of another height [Å]."""
    matrix = system.cell.matrix.copy()
    matrix[2, 2] = height
    return System(system.positions, system.species, system.species_names, Cell(matrix, system.cell.periodic))


def draw(points: list[Point], numbers: dict[str, dict[str, float]], path: Path) -> None:
    """Write the figure: computed films and the calibrated model; an isolated atom for scale; films on doped sheets."""
    figure, (*axes, doped) = plt.subplots(1, 3, figsize=(12.5, 3.8), layout="constrained")
    for k, (metal, found) in enumerate(doped_layers(points, numbers).items()):
        rows = sorted((row["doping"], row["computed"], row["model"]) for row in found if row["height"] == 3.0)
        doping, computed, model = zip(*rows, strict=True)
        doped.plot(doping, computed, "o", color=f"C{k}", label=f"{metal}, PBE")
        doped.plot(doping, model, "--s", mfc="none", color=f"C{k}", label=f"{metal}, {MODEL}")
    doped.axhline(0.0, color="0.8", lw=0.8)
    doped.set(title="(2×2) layers at 3 Å", xlabel="graphitic N per atom of the sheet")
    doped.legend(fontsize="x-small")
    for axis, metal in zip(axes, METALS, strict=True):
        for k, name in enumerate(dict.fromkeys(p.film for p in points if p.metal == metal)):
            mine = [p for p in points if p.metal == metal and p.film == name]
            if mine[0].doping:
                continue
            axis.plot([p.height for p in mine], [p.held for p in mine], "o", color=f"C{k}", label=f"{name}, PBE")
            axis.plot(*curve(mine[0], numbers), color=f"C{k}")
        lone = next(p for p in points if p.metal == metal)
        unscreened = {name: {"residual": 1.0, "rho_0": 1.0} for name in METALS}
        axis.plot(*curve(lone, unscreened), color="0.6", ls="--", label="as a lone atom is")
        axis.axhline(0.0, color="0.8", lw=0.8)
        axis.set(title=f"{metal}: lines are {MODEL}", xlabel="height / Å", ylim=(-0.95, 0.2))
        axis.legend(fontsize="x-small")
    axes[0].set_ylabel("held by the sheet / eV per atom of the first layer")
    figure.savefig(path, dpi=130)


def layer_energy(metal: str, numbers: dict[str, dict[str, float]], strength: float = 1.0) -> tuple[float, float]:
    """Return height [Å] and energy [eV] of an atom of a (2 x 2) layer, against clean sheet and free atom."""
    heights = np.arange(2.2, 4.0, 0.02)
    found = [energy(system_of(_layer(metal, h)), numbers, strength)[0] for h in heights]
    k = int(np.argmin(found))
    return float(heights[k]), float(found[k])


def _layer(metal: str, height: float) -> Atoms:
    frame = next(
        f for f in read(DATA / "extension.extxyz", ":")
        if f.info["config_type"] == "graphene_hollow_2x2" and f.info.get("metal") == metal
    )  # fmt: skip
    atoms = Atoms(frame.get_chemical_symbols(), frame.positions, cell=frame.cell, pbc=(True, True, False))
    sheet = atoms.positions[atoms.symbols == "C", 2].mean()
    atoms.positions[atoms.symbols == metal, 2] = sheet + height
    return atoms


def kc8(numbers: dict[str, dict[str, float]], strength: float = 1.0, parting: float = PARTING) -> float:
    """Return the enthalpy of KC8 [eV per K] against bulk potassium and graphite: sheets AA, layers of K alternating.

    With ``parting = 0`` it is relative to sheets without interlayer binding, as in PBE: see `kc8_computed`.
    """
    a = KC8_A
    plane = a * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])
    corners = np.array([(i, j) for i in range(2) for j in range(2)]) / 2
    sheet = np.concatenate([corners + np.array(site) for site in ((1 / 6, 1 / 3), (1 / 3, 1 / 6))]) @ plane
    atoms = Atoms(cell=[[*plane[0], 0.0], [*plane[1], 0.0], [0.0, 0.0, 2 * KC8_GAP]], pbc=True)
    for k in range(2):
        atoms += Atoms("C8", [[x, y, k * KC8_GAP] for x, y in sheet])
        x, y = np.array([0.5 * k, 0.0]) @ plane
        atoms += Atoms("K", [[x, y, (k + 0.5) * KC8_GAP]])
    crystal = find_crystal(load(METAL), ("K",), "bcc", ROOM_TEMPERATURE_BCC["K"], elastic=False)
    if crystal is None:
        raise SystemExit(f"{METAL} has no bcc crystal of K.")
    return 0.5 * energy(system_of(atoms), numbers, strength)[0] - crystal.energy + 8 * parting


def doped_layers(points: list[Point], numbers: dict[str, dict[str, float]]) -> dict[str, list[dict[str, Any]]]:
    """Return the binding of (2 x 2) layers to sheets with increasing graphitic N [eV per atom]: PBE and model.

    ``clean`` is the model with the residual of a clean sheet.
    """
    out: dict[str, list[dict[str, Any]]] = {}
    undoped = {metal: {name: given[name] for name in ("residual", "rho_0")} for metal, given in numbers.items()}
    for point in points:
        clean = point.film == "2x2, 1 layer" and point.height in (3.0, SECOND_HEIGHT[point.metal])
        if clean or point.film in DOPED.values():
            found = {"doping": round(point.doping, 4), "height": point.height, "computed": round(point.held, 3)}
            n = int(first_layer(point.system).sum())
            for name, given in (("model", numbers), ("clean", undoped)):
                bound = energy(point.system, given, doping=point.doping)[0] - cohesion(point.system)
                found[name] = round(bound / n, 3)
            out.setdefault(point.metal, []).append(found)
    return out


def kc8_computed() -> float:
    """Return the computed enthalpy [eV per K] of a stack: layers of K above each other, graphite without dispersion."""
    stack, sheets = (
        next(
            f
            for f in read(DATA / "films.extxyz", ":")
            if f.info["gap"] > 0.0 and f.info["sheet"] and metal == f.info["metal"]
        )
        for metal in ("K", "none")
    )
    bulk = min(
        f.get_potential_energy() / len(f)
        for f in read(DATA / "reference.extxyz", ":")
        if f.info["config_type"] == "eos_K"
    )
    return float(stack.get_potential_energy() - sheets.get_potential_energy() - bulk)


def main() -> None:
    """Calibrate, compare with other data; print the numbers, and write them with ``--write``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write model, tables, results and figure")
    write = parser.parse_args().write
    points = read_points()
    found = {metal: calibrate(points, metal) for metal in METALS}
    numbers = {metal: {name: found[metal][name] for name in NUMBERS} for metal in METALS}
    for metal in METALS:
        print(metal, *(f"{name} = {n}" for name, n in numbers[metal].items()))
    if not write:
        return
    checks: dict[str, Any] = {"KC8": {"model": round(kc8(numbers), 3), "measured": KC8_MEASURED}}
    checks["KC8"]["model without screening"] = round(kc8(numbers, 0.0), 3)
    checks["KC8"]["model without dispersion, as computed"] = round(kc8(numbers, parting=0.0), 3)
    checks["KC8"]["model without screening and dispersion"] = round(kc8(numbers, 0.0, parting=0.0), 3)
    checks["KC8"]["computed"] = round(kc8_computed(), 3)
    checks["2x2 layers on doped sheets"] = doped_layers(points, numbers)
    for metal in METALS:
        height, per_atom = layer_energy(metal, numbers)
        alone = round(cohesion(system_of(_layer(metal, height))), 3)
        checks[f"2x2 layer of {metal}"] = {"height": round(height, 2), "energy": round(per_atom, 3), "cohesion": alone}
        if metal in LAYER_LITERATURE:
            checks[f"2x2 layer of {metal}"]["literature"] = LAYER_LITERATURE[metal]
    results = {"script": "potentials/fit/screening.py", "model": MODEL, "metal": METAL, **found, "checks": checks}
    (HERE / "screening.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    draw(points, numbers, HERE / "screening.png")
    for file, text in (
        (file_of(MODEL), with_numbers(file_of(MODEL).read_text(encoding="utf-8"), found)),
        (HERE / "SCREENING.md", with_tables((HERE / "SCREENING.md").read_text(encoding="utf-8"), tables_of(results))),
    ):
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
