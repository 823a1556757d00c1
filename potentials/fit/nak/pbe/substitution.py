"""PBE energy of one K in bcc Na and of one Na in bcc K: 54-atom cells, relaxed at fixed volume (GPAW, plane waves).

    python potentials/fit/nak/pbe/substitution.py Na substitution.extxyz --logs logs
    python potentials/fit/nak/pbe/substitution.py K substitution.extxyz --logs logs

The solute sits on the symmetry centre: all operations of the cube hold, and the 2 x 2 x 2 mesh has one irreducible point.
Every step of the relaxation is appended to the file, and the next start goes on from the last one. The crystals are
computed in their cubic cell of two atoms with the mesh of the same density.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write

LATTICE = {"Na": 4.206, "K": 5.287}  # Å, PBE
OTHER = {"Na": "K", "K": "Na"}
CUTOFF = 300  # eV
CELLS = 3  # cubic cells along each edge
CONVERGED = 0.005  # eV/Å
STIFFNESS = 1.0  # eV/Å², of the first step: the order of the force constants of Na and K
STEPS = 6


def calculator(mesh: int, sodium: str, log: Path):
    """Return GPAW; ``sodium`` is the PAW setup of Na: "paw" (7 electrons) or "1" (one)."""
    from gpaw import GPAW, PW, Davidson, FermiDirac, Mixer  # noqa: PLC0415  only the computation needs GPAW

    return GPAW(
        mode=PW(CUTOFF),
        xc="PBE",
        kpts={"size": (mesh,) * 3, "gamma": False},
        occupations=FermiDirac(0.1),
        mixer=Mixer(0.2, 6, 50),
        nbands="nao" if mesh > 4 else -16,
        eigensolver=Davidson(niter=1),
        setups={"Na": sodium},
        convergence={"density": 1e-4, "eigenstates": 1e-5, "energy": 1e-5},
        maxiter=80,
        txt=str(log),
    )


def stored(atoms: Atoms, mesh: int, sodium: str, seconds: float, **more: object) -> Atoms:
    """Return a frame with energy, free energy, forces and settings, without the calculator."""
    import gpaw  # noqa: PLC0415  only the computation needs GPAW

    frame = Atoms(atoms.symbols, atoms.positions, cell=atoms.cell, pbc=True)
    frame.calc = SinglePointCalculator(
        frame,
        energy=atoms.get_potential_energy(),
        free_energy=atoms.get_potential_energy(force_consistent=True),
        forces=atoms.get_forces(),
    )
    frame.info = {
        **more,
        "functional": "PBE",
        "code": f"GPAW-{gpaw.__version__}",
        "basis": f"PW{CUTOFF}",
        "kpts": f"{mesh}x{mesh}x{mesh}MP",
        "setups": f"gpaw-setups-0.9.20000 PBE, Na {'7e' if sodium == 'paw' else '1e'}, K 9e",
        "smearing": "FD0.1eV",
        "spinpol": False,
        "cpu_s": round(seconds),
    }
    return frame


def main() -> int:
    """Compute the crystals and the relaxation of one host."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("host", choices=sorted(LATTICE))
    parser.add_argument("file", type=Path, help="extended-XYZ file that the steps are appended to")
    parser.add_argument("--logs", type=Path, default=Path("gpaw-logs"), help="folder of GPAW's own output")
    parser.add_argument("--mesh", type=int, default=2, help="k points along each axis")
    parser.add_argument("--sodium", choices=("paw", "1"), default="paw", help="PAW setup of Na: 7 electrons, or one")
    parser.add_argument("--scale", type=float, default=1.0, help="of the lattice constant")
    parser.add_argument("--cells", type=int, default=CELLS, help="cubic cells along each edge")
    args = parser.parse_args()
    args.logs.mkdir(parents=True, exist_ok=True)
    relax(args)
    return 0


def relax(args: argparse.Namespace) -> None:
    """Compute what is missing of one host, setup of Na, mesh and volume."""
    name = f"{args.host}_{args.cells}_{args.sodium}_k{args.mesh}_{args.scale:g}"
    done = read(args.file, ":") if args.file.exists() else []
    cases = [f"{element}_crystal_{args.sodium}_{args.cells * args.mesh}_{args.scale:g}" for element in LATTICE]
    for element, case in zip(LATTICE, cases):
        if any(frame.info["case"] == case for frame in done):
            continue
        atoms = bulk(element, "bcc", a=LATTICE[element] * args.scale, cubic=True)
        atoms.calc = calculator(args.cells * args.mesh, args.sodium, args.logs / f"{case}.txt")
        start = time.process_time()
        atoms.get_forces()
        seconds = time.process_time() - start
        write(
            args.file,
            stored(atoms, args.cells * args.mesh, args.sodium, seconds, case=case, step=0),
            append=args.file.exists(),
            format="extxyz",
        )
    atoms = bulk(args.host, "bcc", a=LATTICE[args.host] * args.scale, cubic=True) * ((args.cells,) * 3)
    atoms.symbols[0] = OTHER[args.host]
    steps = [frame for frame in done if frame.info["case"] == name]
    if steps:
        atoms.positions = next_positions(steps)
    atoms.calc = calculator(args.mesh, args.sodium, args.logs / f"{name}.txt")
    while len(steps) < STEPS:
        start = time.process_time()
        forces = atoms.get_forces()
        frame = stored(atoms, args.mesh, args.sodium, time.process_time() - start, case=name, step=len(steps))
        write(args.file, frame, append=args.file.exists(), format="extxyz")
        steps.append(frame)
        print(
            f"{name} step {len(steps) - 1}: {frame.get_potential_energy():.4f} eV, {np.abs(forces).max():.4f} eV/Å",
            flush=True,
        )
        if np.abs(forces).max() < CONVERGED:
            return
        atoms.positions = next_positions(steps)


def next_positions(steps: list[Atoms]) -> np.ndarray:
    """Return the positions [Å] of the next step: BFGS over all steps, from a uniform stiffness."""
    hessian = STIFFNESS * np.eye(3 * len(steps[0]))
    for before, after in zip(steps, steps[1:]):
        move = (after.positions - before.positions).ravel()
        change = -(after.get_forces() - before.get_forces()).ravel()
        pushed = hessian @ move
        hessian += np.outer(change, change) / (change @ move) - np.outer(pushed, pushed) / (move @ pushed)
    step = np.linalg.solve(hessian, steps[-1].get_forces().ravel())
    return steps[-1].positions + step.reshape(-1, 3)


if __name__ == "__main__":
    sys.exit(main())
