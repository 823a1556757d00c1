"""Write substitutions.extxyz: 54 atoms of bcc Na and K, pure and with one atom of the other, for PBE.

    python potentials/fit/nak/pbe/substitutions.py
    python potentials/fit/nak/pbe/pbe.py substitutions.extxyz substituted.extxyz --cutoff 300 --mesh 2 --symmetric

The cells with a solute are relaxed, volume included, with the Na-K set that is named; then all is scaled so that the
pure host has the lattice constant of PBE. Errors of the geometry enter the energy in second order only: the PBE forces
say how far it is from the minimum.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import write

from nakmd.potentials import load
from nakmd.structures.crystal import crystal, substitute
from nakmd.studies.relaxation import relaxed
from nakmd.studies.validation.cold import lattice_constant
from nakmd.system import System

#: Lattice constants of PBE [Å], recalled.
PBE = {"Na": 4.20, "K": 5.28}
CELLS = 3


def atoms_of(system: System, scale: float, state: str) -> Atoms:
    """Return a system as ASE atoms, with lengths scaled."""
    symbols = [system.species_names[k] for k in system.species]
    lengths = scale * np.asarray(system.cell.lengths)
    atoms = Atoms(symbols, scale * system.positions, cell=np.diag(lengths), pbc=True)
    atoms.info = {"state": state, "frame": 0}
    return atoms


def main() -> None:
    """Write the four cells."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nak-2026")
    model = load(parser.parse_args().model)
    out = []
    for host, solute in (("K", "Na"), ("Na", "K")):
        a = lattice_constant(model, host)
        pure = crystal(host, CELLS, "bcc", a)
        mixed, _ = relaxed(model, substitute(pure, host, solute, sites=[0]), free_volume=True)
        scale = PBE[host] / a
        out += [atoms_of(pure, scale, f"{host}54"), atoms_of(mixed, scale, f"{host}53{solute}")]
    write(Path(__file__).with_name("substitutions.extxyz"), out, format="extxyz")


if __name__ == "__main__":
    main()
