"""PBE energies and forces of the liquid snapshots (GPAW, plane waves), in sequence, restartable.

    python potentials/fit/nak/pbe/pbe.py snapshots.extxyz liquid.extxyz --logs logs

Every state gets its first frame before any gets its second. Each complete frame is appended, with its settings, to an
extended-XYZ file; a frame in the file is skipped, so the script may be stopped at any time and started again. With
`--cutoff` and `--mesh` it computes the frames named by `--only` with other settings, which is how the settings were
checked (`README.md`). It needs GPAW and not nakmd.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write

CUTOFF = 250  # eV
WIDTH = 0.1  # eV, of the Fermi-Dirac occupations
EMPTY = {"Na": 0.22, "K": 0.33}  # empty bands per atom: those of free electrons up to 1 eV above the Fermi level
# per electron, semicore included
CONVERGENCE = {"density": 1e-4, "eigenstates": 3e-5}


def label(mesh: int) -> str:
    """Return the name of a k mesh in the files: the special point (1/4, 1/4, 1/4), or the mesh that it stands for."""
    return "special" if mesh == 1 else f"{mesh}x{mesh}x{mesh}MP"


def points(mesh: int) -> object:
    """Return GPAW's ``kpts``: the mean-value point of a simple cubic cell, or a Monkhorst-Pack mesh without Gamma.

    References
    ----------
    A. Baldereschi, Phys. Rev. B 7, 5212 (1973). doi:10.1103/PhysRevB.7.5212
    """
    return [(0.25, 0.25, 0.25)] if mesh == 1 else {"size": (mesh,) * 3, "gamma": False}


def calculator(atoms: Atoms, cutoff: int, mesh: int, log: Path, *, symmetric: bool = False):
    """Return GPAW with the settings of the set."""
    from gpaw import GPAW, PW, Davidson, FermiDirac, Mixer  # noqa: PLC0415  the order of frames needs no GPAW

    return GPAW(
        mode=PW(cutoff),
        xc="PBE",
        kpts=points(mesh),
        symmetry={"point_group": symmetric},
        occupations=FermiDirac(WIDTH),
        mixer=Mixer(0.2, 6, 50),
        nbands=-round(sum(EMPTY[symbol] for symbol in atoms.symbols)),  # so many more than occupied
        eigensolver=Davidson(niter=1),
        convergence=CONVERGENCE,
        maxiter=60,
        txt=str(log),
    )


def key(info: dict[str, object]) -> tuple[object, ...]:
    """Return what tells a computed frame from others."""
    return (info["state"], info["frame"], info["basis"], info["kpts"])


def compute(snapshot: Atoms, cutoff: int, mesh: int, logs: Path, *, symmetric: bool = False) -> Atoms:
    """Return a snapshot with its energy (extrapolated to zero smearing), free energy, forces and settings."""
    import gpaw  # noqa: PLC0415  the order of frames needs no GPAW

    atoms = Atoms(snapshot.symbols, snapshot.positions, cell=snapshot.cell, pbc=True)
    name = f"{snapshot.info['state']}_{snapshot.info['frame']}_PW{cutoff}_{label(mesh)}"
    atoms.calc = calculator(atoms, cutoff, mesh, logs / f"{name}.txt", symmetric=symmetric)
    wall, cpu = time.perf_counter(), time.process_time()
    forces = atoms.get_forces()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    frame = Atoms(snapshot.symbols, snapshot.positions, cell=snapshot.cell, pbc=True)
    frame.calc = SinglePointCalculator(
        frame,
        energy=atoms.get_potential_energy(),
        free_energy=atoms.get_potential_energy(force_consistent=True),
        forces=forces,
    )
    frame.info = {
        **snapshot.info,
        "functional": "PBE",
        "code": f"GPAW-{gpaw.__version__}",
        "basis": f"PW{cutoff}",
        "kpts": label(mesh),
        "setups": "gpaw-setups-0.9.20000 PBE, Na 7e, K 9e",
        "smearing": f"FD{WIDTH}eV",
        "spinpol": False,
        "iterations": atoms.calc.get_number_of_iterations(),
        "wall_s": round(wall),
        "cpu_s": round(cpu),
    }
    rms = float(np.sqrt(np.mean(forces**2)))
    print(f"{name}: {frame.get_potential_energy():.4f} eV, rms force {rms:.4f} eV/Å, {cpu:.0f} s of CPU", flush=True)
    return frame


def main() -> int:
    """Compute what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("snapshots", type=Path, help="extended-XYZ file of `frames.py`")
    parser.add_argument("file", type=Path, help="extended-XYZ file that the frames are appended to")
    parser.add_argument("--logs", type=Path, default=Path("gpaw-logs"), help="folder of GPAW's own output")
    parser.add_argument("--cutoff", type=int, default=CUTOFF, help="plane-wave cutoff [eV]")
    parser.add_argument("--mesh", type=int, default=1, help="1: the special point; 2: the 2x2x2 mesh without Gamma")
    parser.add_argument("--only", nargs="*", default=[], metavar="STATE:FRAME", help="these frames, such as K_400K:0")
    parser.add_argument("--symmetric", action="store_true", help="use the point group (crystals; a liquid has none)")
    args = parser.parse_args()
    args.logs.mkdir(parents=True, exist_ok=True)
    done = {key(frame.info) for frame in read(args.file, ":")} if args.file.exists() else set()
    settings = {"basis": f"PW{args.cutoff}", "kpts": label(args.mesh)}
    for snapshot in sorted(read(args.snapshots, ":"), key=lambda atoms: atoms.info["frame"]):  # stable: states in order
        name = f"{snapshot.info['state']}:{snapshot.info['frame']}"
        if key(snapshot.info | settings) in done or (args.only and name not in args.only):
            continue
        frame = compute(snapshot, args.cutoff, args.mesh, args.logs, symmetric=args.symmetric)
        write(args.file, frame, append=args.file.exists(), format="extxyz")
    return 0


if __name__ == "__main__":
    sys.exit(main())
