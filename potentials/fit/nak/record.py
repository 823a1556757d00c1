"""Write potentials/nak-2026.toml from the stored stages of the fit.

    python potentials/fit/nak/record.py FOLDER

FOLDER holds the rounds of Na, K and Na-K; of each the parameters of the round are taken
that was measured nearest to the targets.
Cold figures are then added by `python potentials/accuracy.py nak-2026 --write`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from cross import SHAPE, CrossFit, fitted_elements
from element import SHAPES
from functions import Shape, split
from rounds import Settings
from targets import read_targets

from nakmd.elements import ATOMIC_NUMBERS, MASSES, ROOM_TEMPERATURE_BCC

HERE = Path(__file__).parent
FILE = HERE.parents[1] / "nak-2026.toml"
#: Decimals of the coefficients: the energy of an atom of the liquid changes by less than 1e-8 eV.
DECIMALS = 9

HEAD = """name = "nak-2026"
title = "Na, K and their alloy: embedded atoms fitted here to the liquid, its surface and the bcc crystals"
form = "chebyshev_eam"
license = "Original to this project (BSD-3-Clause)"
notes = \"\"\"
Fitted by potentials/fit/nak/fit.py with molecular dynamics of the liquid in the loop: pressures at the measured
densities from 400 to 1000 K, energy above the crystal, g(r) and the tension of a free film at 400 K, static figures of
bcc, and PBE forces of frames of the liquids; then the functions between Na and K with the others held.
potentials/fit/nak/targets.toml has every target with its tolerance and source. V and phi alone mean little: what the
liquid feels is V + 2 F'(1) phi, a well of 0.06 eV. The first peak of g(r) is at 3.66 Å (Na) and 4.51 Å (K), as the PBE
forces want it; the measured 3.82 and 4.64 Å are read from 4 pi r^2 rho g(r), which peaks 0.1 Å further out.
\"\"\"
not_for = [
  "dimers and vapour: F has an infinite slope at zero density, and nothing was fitted below half that of the crystal",
  "distances below start: V ends in a chosen wall",
]

[units]
energy = "eV"
length = "Å"

[[source]]
paper = "Fitted in this project; script potentials/fit/nak/fit.py"
note = "Targets and their sources: potentials/fit/nak/targets.toml."

[[source]]
paper = "Wang, Martinez & Pande, J. Phys. Chem. Lett. 5, 1885 (2014)"
doi = "10.1021/jz500737m"
note = "The method: averages of the liquid and their derivatives by fluctuations in a least-squares fit."
"""


def listed(values: Iterable[float]) -> str:
    """Return a TOML list."""
    return "[" + ", ".join(repr(round(float(x), DECIMALS)) for x in values) + "]"


def element_text(symbol: str) -> str:
    """Return the entry of an element."""
    return (
        f'\n[[element]]\nsymbol = "{symbol}"\natomic_number = {ATOMIC_NUMBERS[symbol]}\nmass = {MASSES[symbol]!r}\n'
        f'lattice = "bcc"\nlattice_constant = {ROOM_TEMPERATURE_BCC[symbol]!r}\n'
    )


def pair_text(a: str, b: str, shape: Shape, v: Iterable[float]) -> str:
    """Return the entry of a pair."""
    return (
        f'\n[[pair]]\nelements = ["{a}", "{b}"]\nstart = {shape.start}\ncutoff = {shape.cutoff}\nwall = {shape.wall}\n'
        f'V = {listed(v)}\nevidence = "fitted"\n'
    )


def density_text(of: str, at: str, phi: Iterable[float]) -> str:
    """Return the entry of a density."""
    return f'\n[[density]]\nof = "{of}"\nat = "{at}"\nphi = {listed(phi)}\n'


def member_text(member: Mapping[str, Sequence[float]], shapes: Mapping[str, Shape], between: Shape) -> str:
    """Return the entry of a member of the ensemble."""
    embeddings, pairs, densities = [], [], []
    for symbol, shape in shapes.items():
        own, phi, f = split(shape, np.array(member[symbol]))
        embeddings.append(f'{{ element = "{symbol}", F = {listed(f)} }}')
        pairs.append(f'{{ elements = ["{symbol}", "{symbol}"], V = {listed(own)} }}')
        densities.append(f'{{ of = "{symbol}", at = "{symbol}", phi = {listed(phi)} }}')
    v, at_sodium, at_potassium = np.split(np.array(member["NaK"]), [between.n_pair, between.n_pair + between.n_density])
    pairs.append(f'{{ elements = ["Na", "K"], V = {listed(v)} }}')
    densities.append(f'{{ of = "K", at = "Na", phi = {listed(at_sodium)} }}')
    densities.append(f'{{ of = "Na", at = "K", phi = {listed(at_potassium)} }}')
    parts = (("embedding", embeddings), ("pair", pairs), ("density", densities))
    return "\n[[member]]\n" + "".join(f"{key} = [\n  {(',' + chr(10) + '  ').join(rows)},\n]\n" for key, rows in parts)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    held, between = fitted_elements(options.folder), SHAPE
    cross = CrossFit(held, read_targets("NaK"), Settings(), options.folder)
    cross.restore()
    v, at_sodium, at_potassium = np.split(cross.best(), [between.n_pair, between.n_pair + between.n_density])
    text, pairs, densities = HEAD, "", ""
    for symbol, shape in SHAPES.items():
        own, phi, f = split(shape, held[symbol])
        text += element_text(symbol)
        pairs += pair_text(symbol, symbol, shape, own)
        densities += density_text(symbol, symbol, phi)
        pairs += f'\n[[embedding]]\nelement = "{symbol}"\nF = {listed(f)}\n'
    pairs += pair_text("Na", "K", between, v)
    densities += density_text("K", "Na", at_sodium) + density_text("Na", "K", at_potassium)
    file = options.folder / "members.json"
    for member in json.loads(file.read_text(encoding="utf-8")) if file.exists() else []:
        densities += member_text(member, SHAPES, between)
    FILE.write_text(text + pairs + densities, encoding="utf-8")
    print(FILE)


if __name__ == "__main__":
    main()
