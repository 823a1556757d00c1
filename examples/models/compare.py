"""K and Na over pristine, graphitic-N and pyridinic-N carbon: PBE, nak-cn and any ASE calculator, in one table.

python examples/models/compare.py --name GFN1-xTB --calculator tblite.ase:TBLite \
    --arguments '{"method": "GFN1-xTB", "electronic_temperature": 1160.0, "verbosity": 0}'

adds a column to results.json beside this file, and writes results.md. Without arguments, it only writes results.md.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from nakmd.cell import Cell
from nakmd.potentials import External, evaluate, load
from nakmd.studies.validation.adsorption import dft_points, doping_of, energy_over, sheet_for
from nakmd.system import System

HERE = Path(__file__).resolve().parent

#: Sites of the claim, of those with PBE data, and what the table calls them.
ASKED = {
    "hollow": "pristine, hollow",
    "far from N": "graphitic N, hollow far from it",
    "beside N": "graphitic N, hollow beside it",
    "on N": "graphitic N, on it",
    "three N": "three pyridinic N, centre",
}

#: Height of the cell [Å] and sheet are those of `sheet_for`: 32 atoms (31 with a vacancy), frozen, one metal atom.
METALS = ("K", "Na")

#: Largest height [Å] that is compared: beyond it, PBE without spin is no reference for a neutral atom.
HIGHEST = 3.6


def points_of(metal, site):
    """Return heights [Å] and PBE adsorption energies [eV] of a site."""
    return [(height, energy) for height, energy in dft_points(metal)[site] if height <= HIGHEST]


def energies_of(model_for, sites=ASKED, metals=METALS, cells=4, report=lambda line: None):
    """Return the adsorption energies [eV] at the heights of the PBE data, by metal and site.

    ``model_for`` takes a site and returns a potential. In other cells than those of the PBE data, only the height of
    its lowest energy is computed.
    """
    found = {}
    for metal in metals:
        for site in sites:
            points = points_of(metal, site)
            heights = [h for h, _ in points] if cells == 4 else [min(points, key=lambda point: point[1])[0]]
            model, sheet = model_for(site), sheet_for(site, cells)
            energies = energy_over(model, sheet, metal, heights) + zero_shift(model, metal, sheet)
            found.setdefault(metal, {})[site] = {"heights": heights, "energies": [float(e) for e in energies]}
            report(f"{metal} {site}: " + ", ".join(f"{e:.3f}" for e in energies))
    return found


def zero_shift(model, metal, sheet):
    """Return how much lower [eV] a metal atom is in the cell of the sheet, beside its images, than alone: the zero."""
    names = (*sheet.names, metal)
    alone = System(np.full((1, 3), 15.0), [len(names) - 1], names, Cell([30.0] * 3, [False] * 3))
    beside = System(np.zeros((1, 3)), [len(names) - 1], names, sheet.cell)
    return evaluate(model, beside).energy - evaluate(model, alone).energy


def ours(site):
    """Return nak-cn for the graphitic nitrogen of the sheet of a site."""
    return load("nak-cn", doping=doping_of(site))


def lowest(entry):
    """Return energy and height of the lowest point of an entry."""
    row = int(np.argmin(entry["energies"]))
    return entry["energies"][row], entry["heights"][row]


def table_of(columns):
    """Return the table as Markdown: lowest energy among the heights of the PBE data, and its height."""
    names = list(columns)
    lines = ["| atom | site | " + " | ".join(names) + " |", "| --- | --- |" + " --- |" * len(names)]
    for metal in METALS:
        for site, title in ASKED.items():
            cells = []
            for name in names:
                entry = columns[name].get("energies", {}).get(metal, {}).get(site)
                cells.append("" if entry is None else "{:.2f} at {:g}".format(*lowest(entry)))
            lines.append(f"| {metal} | {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main(arguments=None, folder=HERE, sites=ASKED, metals=METALS):
    """Compute the columns, write results.json and results.md, and return the columns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", help="name of the column")
    parser.add_argument("--calculator", help='what makes the calculator: "module:factory"')
    parser.add_argument("--arguments", type=json.loads, default={}, help="its keyword arguments, as JSON")
    parser.add_argument("--cells", type=int, default=4, help="cells of the sheet along each direction, 4 as in PBE")
    given = parser.parse_args(arguments)
    file = folder / "results.json"
    columns = json.loads(file.read_text()) if file.exists() else {}
    pbe = {
        metal: {site: dict(zip(("heights", "energies"), map(list, zip(*points_of(metal, site))))) for site in ASKED}
        for metal in METALS
    }
    columns["PBE"] = {"settings": "potentials/fit/data, GPAW, 4x4 cell, 3x3x1 points, 0.1 eV", "energies": pbe}
    columns["nak-cn"] = {"settings": ours("hollow").describe()["name"], "energies": energies_of(ours)}
    if given.calculator:
        model = External.from_factory(given.calculator, given.arguments)
        found = energies_of(lambda site: model, sites, metals, given.cells, lambda line: print(line, flush=True))
        settings = {**model.describe(), "cells": given.cells}
        columns[given.name or model.label] = {"settings": settings, "energies": found}
    file.write_text(json.dumps(columns, indent=1) + "\n")
    (folder / "results.md").write_text(table_of(columns))
    print(table_of(columns))
    return columns


if __name__ == "__main__":
    main(sys.argv[1:])
