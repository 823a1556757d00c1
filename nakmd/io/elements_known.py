"""Structures in which an atom has no single element: what ASE makes up for them is refused."""

from __future__ import annotations

from pathlib import Path

import ase
import numpy as np

from nakmd.errors import FileFormatError

#: Formats of ASE in which atoms have type numbers, which ASE takes for atomic numbers.
TYPE_NUMBER_FORMATS = ("lammps-data", "lammps-dump-text")

_ONE_EACH = "Choose one atom for each site (an ordered structure)."


def check_elements(path: Path, atoms: ase.Atoms) -> None:
    """Raise `FileFormatError` if an atom has no element, or a site is partially occupied.

    Parameters
    ----------
    path : pathlib.Path
    atoms : ase.Atoms
        As ASE read them: with the placeholder X for an unknown element, and one element for a site of several.
    """
    unknown = np.flatnonzero(atoms.numbers == 0)
    if len(unknown):
        raise FileFormatError(
            path,
            f"atom {unknown[0]} has no element ({len(unknown)} of {len(atoms)} atoms).",
            "Write a file with chemical symbols.",
        )
    # ASE: of a CIF {site: {element: occupancy}}, of a PDB file one number per atom, mostly 0 or 1 as a placeholder
    sites = dict(atoms.info.get("occupancy") or {})
    for site, shares in sites.items():
        given = [share for share in shares.values() if isinstance(share, (int, float))]  # a point stands for 1
        if len(shares) != 1 or min(given, default=1.0) < 1.0:
            listed = ", ".join(f"{element} {share}" for element, share in shares.items())
            raise FileFormatError(path, f"site {site} is partially occupied ({listed}).", _ONE_EACH)
    shares = np.asarray(atoms.arrays.get("occupancy", ()), dtype=np.float64)
    partial = np.flatnonzero((shares > 0.0) & (shares < 1.0))
    if len(partial):
        raise FileFormatError(path, f"atom {partial[0]} has the occupancy {shares[partial[0]]:g}.", _ONE_EACH)
