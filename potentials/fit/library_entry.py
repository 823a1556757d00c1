"""Format the fitted terms as a file of the library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HEAD = '''name = "metal-carbon-2026"
title = "K and Na on carbon and nitrogen: a lone atom, fitted here to PBE curves"
form = "two_gaussians"
license = "Original to this project (BSD-3-Clause), data and fit."
notes = """
V = A exp(-(r/a)^2) - D exp(-(r/s)^2), cut at 10 angstrom and shifted to zero there: A wall, a wall_width, D depth,
s width. Written by potentials/fit/metal_carbon.py from potentials/fit/data; errors, uncertainties and what is not
known stand in potentials/fit/README.md and results.json.
A depth below zero is a bump: graphitic nitrogen repels.
doping: graphitic nitrogen gives an electron to the whole sheet. Its raised level, near the nitrogen or far, lets the
metal keep its own, and what still holds it has a shorter reach: D times d^q and s times g^q, q = 1 - exp(-c/c_0),
d doped_depth, g doped_width, c_0 doping_scale, c graphitic N per atom of the wall. A deck takes c from its structure;
from Python it is load("metal-carbon-2026", doping=c), and 0 unless given. Sites that bind ions (pyridinic, pyrrolic,
edge) have no such loss: what a donor beside them does was not computed.
"""
not_for = [
  "liquid metal on carbon without screening: every atom of the first layer would bind like a lone one",
  "charge transfer, dispersion (PBE has none), metal pressed through a sheet",
  "curved walls: the sheets are flat, and frozen",
]
cutoff = 10.0
cut = "shift"

[units]
energy = "eV"
length = "Å"

[[source]]
paper = "This project: GPAW (PW 300 eV, PBE, frozen 4x4 sheets), potentials/fit/data"
note = "Energies against the clean sheet and the free spin-polarised atom, forces on the metal; no dispersion."

[[source]]
paper = "Perdew, Burke & Ernzerhof, Phys. Rev. Lett. 77, 3865 (1996)"
doi = "10.1103/PhysRevLett.77.3865"
note = "The functional of the data."
'''


def text(pairs: list[Mapping[str, Any]], results: Mapping[str, Any]) -> str:
    """Return the TOML text of the set.

    Parameters
    ----------
    pairs : list of mapping
        Species, parameters, evidence and note of each.
    results : mapping
        By metal and species, as `metal_carbon.report` returns it; source of ``[[accuracy]]``.
    """
    blocks = [HEAD]
    for pair in pairs:
        lines = ["[[pair]]", f'species = ["{pair["species"][0]}", "{pair["species"][1]}"]']
        lines += [
            f"{name} = {float(pair[name]):.5g}"
            for name in ("wall", "wall_width", "depth", "width", "doped_depth", "doped_width", "doping_scale")
            if name in pair
        ]
        lines += [f'evidence = "{pair["evidence"]}"', f'note = "{pair["note"]}"']
        blocks.append("\n".join(_as_floats(line) for line in lines) + "\n")
    for metal, species in (pair["species"] for pair in pairs):
        blocks += _accuracy(f"{metal} on {species}", results[metal][species])
    return "\n".join(blocks)


def _accuracy(of: str, result: Mapping[str, Any]) -> list[str]:
    """Return the blocks of one metal on one species: error of the fit, and the wells that have a reference."""
    source = 'source = "PBE, potentials/fit/data"'
    blocks = [_figure(of, "rms error of the energies", result["rms_energy"], "eV")]
    for site, well in result["wells"].items():
        if well["data"] is not None:
            for row, (what, unit) in enumerate((("height", "Å"), ("energy", "eV"))):
                figure = _figure(of, f"{what} of the well, {site.replace('_', ' ')}", well["fit"][row], unit)
                blocks.append(f"{figure}reference = {float(well['data'][row])}\n{source}\n")
    return blocks


def _figure(of: str, what: str, value: float, unit: str) -> str:
    return f'[[accuracy]]\nof = "{of}"\nproperty = "{what}"\nvalue = {float(value)}\nunit = "{unit}"\n'


def _as_floats(line: str) -> str:
    # 25 is an integer in TOML, 25.0 a float
    return f"{line}.0" if line.rpartition(" = ")[2].lstrip("-").isdigit() else line
