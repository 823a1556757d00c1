"""Frozen sheets around a hole, relaxed in their plane (PBE, GPAW) at 500 eV, restartable.

Forces on C and N need that cutoff; at the 300 eV of the curves they are off by electronvolts per Å. Each framework is
relaxed without metal in the 4x4 cell and appended to an extended-XYZ file; `run.py` takes it from there. One that is
found in the file is skipped.

    python potentials/fit/dft/relax.py potentials/fit/data/frameworks.extxyz --logs logs

It needs GPAW (see `potentials/fit/README.md`, "How the points are computed"); nakmd itself does not.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import frames
import numpy as np
from ase.io import read
from ase.optimize import BFGS
from run import CONVERGENCE, framework

CUTOFF = 500  # eV
HEIGHT = 9.0  # Å, of the cell; a flat sheet without metal needs no more
LARGEST_FORCE = 0.1  # eV/Å: moves no atom by 0.01 Å
MOST_STEPS = 12

#: Frameworks by name: what each starts from.
QUEUE = {"n3v": "n3v_center"}


def relax(name: str, start: str, path: Path, logs: Path) -> None:
    """Relax one framework and append it to ``path``."""
    from gpaw import GPAW, PW, Davidson, FermiDirac, Mixer  # noqa: PLC0415  the rest of this file needs no GPAW

    if path.exists() and any(f.info["config_type"] == name for f in read(path, ":")):
        return
    atoms = framework(start, 4)
    atoms.cell[2, 2] = HEIGHT
    atoms.positions[:, 2] = HEIGHT / 2
    before = atoms.positions.copy()
    atoms.calc = GPAW(
        mode=PW(CUTOFF),
        xc="PBE",
        kpts={"size": (3, 3, 1), "gamma": True},
        occupations=FermiDirac(0.1),
        mixer=Mixer(0.05, 6, 60),
        convergence=CONVERGENCE,
        nbands=-10,
        eigensolver=Davidson(niter=1),
        maxiter=150,
        txt=str(logs / f"relax_{name}.txt"),
    )
    clock = time.perf_counter()
    # by first forces a bond is 0.02 Å off, not more: short steps, none out of the plane for want of a force
    BFGS(atoms, logfile=str(logs / f"relax_{name}.log"), maxstep=0.05, alpha=60.0).run(LARGEST_FORCE, MOST_STEPS)
    forces = atoms.get_forces()
    frame = frames.append(
        path, atoms, time.perf_counter() - clock, CUTOFF, "3x3x1G", config_type=name,
        largest_force=round(float(np.linalg.norm(forces, axis=1).max()), 3),
        largest_move=round(float(np.linalg.norm(atoms.positions - before, axis=1).max()), 3),
    )  # fmt: skip
    print(f"{name}: {frame.info}", flush=True)


def main() -> int:
    """Run the queue."""
    args = frames.arguments(__doc__, "frameworks")
    for name, start in QUEUE.items():
        relax(name, start, args.file, args.logs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
