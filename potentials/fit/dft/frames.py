"""Storage of a computed point: energies, forces, and the settings common to all points."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write


def append(path: Path, atoms: Atoms, seconds: float, cutoff: int, kpts: str, spin: bool = False, **more: Any) -> Atoms:
    """Append what the calculator of some atoms has found to an extended-XYZ file, and return the frame.

    Parameters
    ----------
    path : path
    atoms : Atoms
        With a GPAW calculator that is done with them.
    seconds : float
    cutoff : int [eV]
    kpts : str
    spin : bool
    **more
        What tells the point from others, and what else shall be known of it.
    """
    import gpaw  # noqa: PLC0415  lists of points need no GPAW

    frame = Atoms(atoms.symbols, atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    frame.calc = SinglePointCalculator(
        frame,
        energy=atoms.get_potential_energy(),
        free_energy=atoms.get_potential_energy(force_consistent=True),
        forces=atoms.get_forces(),
    )
    frame.info = {
        **more, "kpts": kpts, "spinpol": spin, "functional": "PBE", "code": f"GPAW-{gpaw.__version__}",
        "basis": f"PW{cutoff}", "setups": "gpaw-setups-0.9.20000 PBE", "smearing": "FD0.1eV",
        "wall_s": round(seconds, 1),
    }  # fmt: skip
    write(path, frame, append=path.exists(), format="extxyz")
    return frame


def seconds_of_forces(atoms: Atoms, name: str) -> float | None:
    """Compute the forces on some atoms and return the time it took [s], None if the calculation did not converge."""
    import gpaw  # noqa: PLC0415  lists of points need no GPAW

    start = time.perf_counter()
    try:
        atoms.get_forces()
    except gpaw.KohnShamConvergenceError:
        print(f"{name} did not converge and is left out", flush=True)
        return None
    return time.perf_counter() - start


def arguments(description: str, what: str) -> argparse.Namespace:
    """Return the file that results are appended to, and the folder of GPAW's output, which is made.

    Parameters
    ----------
    description : str
        Of the program: its first line is shown.
    what : str
        What is appended.
    """
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("file", type=Path, help=f"extended-XYZ file that the {what} are appended to")
    parser.add_argument("--logs", type=Path, default=Path("gpaw-logs"), help="folder of GPAW's own output")
    args = parser.parse_args()
    args.logs.mkdir(parents=True, exist_ok=True)
    return args
