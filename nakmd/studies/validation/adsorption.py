"""One metal atom on a frozen sheet: energy against height, with the sites and the cell of the DFT data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from nakmd.arrays import FloatArray, IntArray
from nakmd.cell import Cell
from nakmd.io.extxyz import read_atoms
from nakmd.potentials import Potential, evaluate
from nakmd.resources import data_folder
from nakmd.studies.validation.findings import Finding, number
from nakmd.studies.validation.references import reference_for
from nakmd.system import System

#: Lattice constant [Å] of the sheet, cells along both directions, height of the cell [Å], and outward shift [Å] of
#: the three N of the pyridinic site: as in the DFT data.
LATTICE, CELLS, HEIGHT, OUTWARD = 2.467, 4, 30.0, 0.12

#: Heights [Å] of the curves.
HEIGHTS = np.round(np.arange(1.2, 6.01, 0.1), 10)

#: Sites for which the DFT data have a single height [Å].
AT_HEIGHT = {"beside N": {"K": 2.6, "Na": 2.3}, "far from N": {"K": 2.6, "Na": 2.3}}

#: Site: its name in tables, and the frame type in the DFT data.
SITES = {
    "hollow": ("{} on graphene, hollow", "graphene_hollow"),
    "bridge": ("{} on graphene, bridge", "graphene_bridge"),
    "top": ("{} on graphene, top", "graphene_top"),
    "on N": ("{} on graphitic N", "graphN_topN"),
    "beside N": ("{} beside graphitic N, hollow", "graphN_nearhollow"),
    "far from N": ("{} far from graphitic N, hollow", "graphN_farhollow"),
    "three N": ("{} at three pyridinic N", "n3v_center"),
    "bare vacancy": ("{} at a bare vacancy", "vacancy_center"),
}

#: Walls and their sites.
WALLS = {
    "pristine": ("hollow", "bridge", "top"),
    "graphitic N": ("on N", "beside N", "far from N"),
    "pyridinic N": ("three N",),
    "vacancy": ("bare vacancy",),
}


@dataclass(frozen=True)
class Sheet:
    """A frozen sheet: species names, atoms, cell, and the in-plane position of the metal [Å]."""

    names: tuple[str, ...]
    positions: FloatArray
    species: IntArray
    cell: Cell
    place: FloatArray


def sheet_for(site: str, cells: int = CELLS) -> Sheet:
    """Return the sheet of a site: n x n cells, pristine or with one N or one vacancy, bare or with three N."""
    a = LATTICE * np.array([[1.0, 0.0, 0.0], [-0.5, 0.5 * math.sqrt(3.0), 0.0]])
    corners = np.array(list(np.ndindex(cells, cells))) @ a
    basis = np.array([[1 / 3, 2 / 3], [2 / 3, 1 / 3]]) @ a
    positions = (corners[:, None] + basis[None]).reshape(-1, 3)
    cell = Cell(np.vstack([cells * a, [0.0, 0.0, HEIGHT]]), (True, True, False))
    species = np.zeros(len(positions), dtype=np.int64)
    names: tuple[str, ...] = ("C",)
    hollow, atom, partner = np.zeros(3), positions[0], positions[1]
    if site in ("hollow", "bridge", "top"):
        bond = cell.minimum_image((partner - atom)[None])[0]
        place = {"hollow": hollow, "top": atom, "bridge": atom + 0.5 * bond}[site]
        return Sheet(names, positions, species, cell, place)
    if site in ("three N", "bare vacancy"):
        away = cell.minimum_image(positions - atom)
        ring = np.argsort(np.linalg.norm(away, axis=1))[1:4]
        species[ring] = 1
        if site == "bare vacancy":
            return Sheet(("C", "C:edge"), positions[1:], species[1:], cell, atom)
        positions[ring] += OUTWARD * away[ring] / np.linalg.norm(away[ring], axis=1)[:, None]
        return Sheet(("C", "N:pyridinic"), positions[1:], species[1:], cell, atom)
    species[0] = 1
    hollows = cell.minimum_image(corners - atom)
    farthest = corners[int(np.argmax(np.linalg.norm(hollows, axis=1)))]
    return Sheet(
        ("C", "N:graphitic"), positions, species, cell, {"on N": atom, "beside N": hollow, "far from N": farthest}[site]
    )


def doping_of(site: str) -> float:
    """Return the fraction of graphitic nitrogen in the sheet."""
    sheet = sheet_for(site)
    return float(np.mean([sheet.names[s] == "N:graphitic" for s in sheet.species]))


def energy_over(potential: Potential, sheet: Sheet, metal: str, heights: Sequence[float] | FloatArray) -> FloatArray:
    """Return the adsorption energy [eV] of one metal atom at each height [Å] above the sheet."""
    names = (*sheet.names, metal)
    bare = System(sheet.positions, sheet.species, names, sheet.cell)
    isolated = System(np.zeros((1, 3)), [len(names) - 1], names, sheet.cell)
    zero = evaluate(potential, bare).energy + evaluate(potential, isolated).energy
    energies = []
    for height in heights:
        positions = np.vstack([sheet.positions, sheet.place + np.array([0.0, 0.0, height])])
        system = System(positions, np.append(sheet.species, len(names) - 1), names, sheet.cell)
        energies.append(evaluate(potential, system).energy - zero)
    return np.array(energies)


def measure(potential: Potential, params: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return the curve of each site, with height and energy of its minimum.

    ``params`` has ``"metal"`` and ``"sites"``; ``seed`` is not used.
    """
    metal = str(params["metal"])
    results: dict[str, Any] = {}
    for site in params["sites"]:
        sheet = sheet_for(site)
        results[site] = {"energies": [float(e) for e in energy_over(potential, sheet, metal, HEIGHTS)]}
        if site in AT_HEIGHT:
            results[site]["at"] = float(energy_over(potential, sheet, metal, [AT_HEIGHT[site][metal]])[0])
        else:
            results[site] |= _well(potential, sheet, metal, np.array(results[site]["energies"]))
    return results


def _well(potential: Potential, sheet: Sheet, metal: str, curve: FloatArray) -> dict[str, float | None]:
    """Return height and energy of the lowest minimum of the curve, None without a minimum."""
    inner = 1 + np.flatnonzero((curve[1:-1] < curve[:-2]) & (curve[1:-1] <= curve[2:]))
    if not len(inner):
        return {"height": None, "energy": None}
    row = int(inner[np.argmin(curve[inner])])
    best = minimize_scalar(
        lambda z: float(energy_over(potential, sheet, metal, [z])[0]),
        bounds=(float(HEIGHTS[row - 1]), float(HEIGHTS[row + 1])),
        method="bounded",
        options={"xatol": 1e-5},
    )
    return {"height": float(best.x), "energy": float(best.fun)}


def findings(metal: str, result: Mapping[str, Any]) -> list[Finding]:
    """Return energies, heights and corrugation with their references."""
    comparisons = []
    for site, (name, _) in SITES.items():
        if site not in result:
            continue
        of, entry = name.format(metal), result[site]
        if site in AT_HEIGHT:
            rows = [(f"energy at {AT_HEIGHT[site][metal]:g} Å", number(entry["at"]), "eV")]
        elif site in ("bridge", "top"):
            rows = [("above the hollow", number(entry["energy"]) - number(result["hollow"]["energy"]), "eV")]
        else:
            rows = [("adsorption energy", number(entry["energy"]), "eV"), ("height", number(entry["height"]), "Å")]
        notes = () if math.isfinite(rows[0][1]) else ("there is no minimum",)
        size = "one metal atom on 32 atoms of the frozen sheet, as in the DFT data"
        comparisons += [
            Finding(
                group="adsorption", quantity=quantity, of=of, value=value, error=0.0, size_note=size, unit=unit,
                reference=reference_for(quantity, of), notes=notes,
            )
            for quantity, value, unit in rows
        ]  # fmt: skip
    return comparisons


def dft_points(metal: str) -> dict[str, list[tuple[float, float]]]:
    """Return heights [Å] and adsorption energies [eV] of the DFT data in the parameter folder, by site.

    The energy is that of the frame less those of the clean sheet and the spin-polarised atom in the same basis, and the
    lower one of calculations with and without spin polarisation. Empty without DFT data.
    """
    folder = data_folder("potentials") / "fit" / "data"
    files = sorted(folder.glob("*.extxyz")) if folder.is_dir() else []
    frames = [frame for file in files for frame in read_atoms(file, slice(None))]
    clean: dict[tuple[str, str], float] = {}
    atoms: dict[tuple[str, str], float] = {}
    for frame in frames:
        kind, basis = str(frame.info.get("config_type", "")), str(frame.info.get("basis", ""))
        if kind.endswith("_clean"):
            clean[kind.removesuffix("_clean"), basis] = float(frame.get_potential_energy())
        elif kind == "isolated_atom":
            atoms[frame.get_chemical_symbols()[0], basis] = float(frame.get_potential_energy())
    sites = {kind: site for site, (_, kind) in SITES.items()}
    curves: dict[str, dict[float, float]] = {}
    for frame in frames:
        kind, basis = str(frame.info.get("config_type", "")), str(frame.info.get("basis", ""))
        sheet, atom = (kind.partition("_")[0], basis), (metal, basis)
        if kind in sites and frame.info.get("metal") == metal and sheet in clean and atom in atoms:
            energy = float(frame.get_potential_energy()) - clean[sheet] - atoms[atom]
            points, height = curves.setdefault(sites[kind], {}), float(frame.info["height"])
            points[height] = min(energy, points.get(height, math.inf))
    return {site: sorted(points.items()) for site, points in curves.items()}
