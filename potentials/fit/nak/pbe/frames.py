"""Snapshots of liquid Na, K and Na-K for first-principles forces: 54 atoms at the measured density, drawn with nakmd.

    python potentials/fit/nak/pbe/frames.py potentials/fit/nak/pbe/snapshots.extxyz --runs runs

Each snapshot has a melt of its own: 5 ps at 1000 K, then 4 ps at the temperature of the state. A cube of 54 atoms holds
3 x 3 x 3 cells of bcc, in which Na at 400 K freezes after 5 to 10 ps: the strongest reflection of that lattice is
measured, and a cell that begins to freeze is left out.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import write

import nakmd
from nakmd.arrays import FloatArray

N_ATOMS = 54
PER_STATE = 6
MELTS = 9  # from which the first `PER_STATE` liquid ones are taken
MELT = 5.0  # ps at 1000 K, where atoms move by the length of the cell
COOL = 4.0  # ps at the temperature of the state: a few times the relaxation time of the structure
POTENTIAL = "nak"
#: Largest |Σ exp(i q·r)|²/N over {110} of bcc: N for a crystal at rest, 40 for one at 400 K, 1 to 10 in a liquid.
CRYSTALLINE = 12.0


@dataclass(frozen=True)
class State:
    """A liquid at its measured density."""

    x_K: float  # noqa: N815  as nakmd writes it
    temperature: int  # K
    seed: int

    @property
    def name(self) -> str:
        """Such as ``NaK_400K``."""
        metal = {0.0: "Na", 1.0: "K"}.get(self.x_K, "NaK")
        return f"{metal}_{self.temperature}K"


STATES = tuple(
    State(x_K, temperature, seed)
    for seed, (x_K, temperature) in enumerate(((x, t) for x in (0.0, 1.0, 2 / 3) for t in (400, 800)), start=101)
)


def bcc_reflection(positions: FloatArray, side: float) -> float:
    """Return the largest |Σ exp(i q·r)|²/N over the {110} reflections of 3 x 3 x 3 cells of bcc in the cube.

    Parameters
    ----------
    positions : (N, 3) array [Å]
    side : float [Å]
        Of the cube.
    """
    directions = np.array([(1, 1, 0), (1, -1, 0), (1, 0, 1), (1, 0, -1), (0, 1, 1), (0, 1, -1)])
    phases = positions @ (directions.T * 2 * np.pi * 3 / side)
    return float(np.max(np.abs(np.exp(1j * phases).sum(axis=0)) ** 2) / len(positions))


def deck(state: State) -> nakmd.Deck:
    """Return the run that the snapshots of a state are drawn from."""
    temperature = f"{state.temperature} K"
    bath = {"kind": "equilibrate", "timestep": "4 fs", "ensemble": "langevin", "tau": "0.5 ps"}
    draws = [
        stage
        for number in range(MELTS)
        for stage in (
            {**bath, "name": f"melt {number}", "duration": f"{MELT} ps", "temperature": "1000 K"},
            {**bath, "name": f"draw {number}", "duration": f"{COOL} ps", "temperature": temperature},
        )
    ]
    return nakmd.Deck(
        title=f"snapshots of {state.name}",
        seed=state.seed,
        model={"potential": POTENTIAL},
        structure={"liquid": {"x_K": state.x_K, "temperature": temperature, "atoms": N_ATOMS}},
        stage=[{"kind": "relax", "steps": 100}, *draws],
        output={"trajectory_every": 125},
    )


def draw(state: State, directory: Path) -> list[Atoms]:
    """Return the snapshots of a state, numbered from 0.

    Raises
    ------
    RuntimeError
        If too many melts have begun to freeze.
    """
    run = nakmd.run(deck(state), directory=directory / state.name)
    symbols = [run.trajectory.species_names[s] for s in run.trajectory.species]
    last = {frame.stage: frame for frame in run.trajectory}
    snapshots: list[Atoms] = []
    for number in range(MELTS):
        frame = last[f"draw {number}"]
        reflection = bcc_reflection(frame.positions, float(frame.cell.matrix[0, 0]))
        if reflection > CRYSTALLINE or len(snapshots) == PER_STATE:
            continue
        snapshots.append(Atoms(symbols, frame.positions, cell=frame.cell.matrix, pbc=True))
        snapshots[-1].info = {
            "state": state.name,
            "frame": len(snapshots) - 1,
            "temperature": state.temperature,
            "x_K": round(state.x_K, 4),
            "melt": number,
            "bcc_reflection": round(reflection, 1),
        }
    if len(snapshots) < PER_STATE:
        raise RuntimeError(f"{state.name}: only {len(snapshots)} of {MELTS} melts have stayed liquid.")
    return snapshots


def main() -> int:
    """Draw the snapshots of all states."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="extended-XYZ file of the snapshots")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of nakmd's runs")
    args = parser.parse_args()
    write(args.file, [snapshot for state in STATES for snapshot in draw(state, args.runs)], format="extxyz")
    return 0


if __name__ == "__main__":
    sys.exit(main())
