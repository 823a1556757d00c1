"""Decks that run within a second, and the frames of their runs."""

import os
import subprocess
import sys
from pathlib import Path

import nakmd

#: How the tests call the command line in another process.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
COMMAND = [sys.executable, "-m", "nakmd"]

#: A nitrogen-doped sheet of graphene.
SHEET = {"kind": "graphene", "size": ["22 Å", "21 Å"], "bond": "1.4388 Å", "doping": {"graphitic": 0.02}}

#: Model and structure of a deck of 60 atoms of liquid NaK, as text.
LIQUID = """
[model]
potential = "nak-2016"
[structure.liquid]
x_K = 0.67
temperature = "450 K"
atoms = 60
"""


def frames_of(folder):
    """Return what the frames of a run contain, for comparison to the bit."""
    with nakmd.Trajectory(folder / "trajectory.h5md") as trajectory:
        return [
            (
                f.step,
                f.stage,
                f.positions.tobytes(),
                f.velocities.tobytes(),
                f.cell.matrix.tobytes(),
                f.potential_energy,
            )
            for f in trajectory
        ]


def small(**stage):
    """Return a deck of 60 atoms of liquid NaK and 20 steps; ``stage`` changes or adds keys of its stage."""
    return nakmd.Deck(
        model={"potential": "nak-2016"},
        structure={"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 60}},
        stage=[{"kind": "produce", "temperature": "450 K", "steps": 20, **stage}],
        output={"trajectory_every": 5, "thermo_every": 2, "checkpoint_every": 20},
    )


def sheet_in_metal(liquid=True, steps=30, **more):
    """Return a deck of 21 Å of liquid NaK between a doped sheet and its image, or of the bare sheet."""
    structure = {"carbon": SHEET}
    if liquid:
        structure["liquid"] = {"region": "between", "thickness": "21 Å", "x_K": 0.67, "temperature": "450 K"}
    stage = [
        {"kind": "relax", "steps": 40, "force": "0.3 eV/Å"},
        {"kind": "equilibrate", "steps": 40, "temperature": "450 K", "tau": "0.05 ps"},
        {"kind": "produce", "steps": steps, "temperature": "450 K"},
    ]
    return nakmd.Deck(
        **{
            "seed": 6,
            "model": {"potential": "nak-cn-pair"},
            "structure": structure,
            "stage": stage,
            "output": {"trajectory_every": 5, "thermo_every": 50},
            **more,
        }
    )


def write_deck(path, **stage):
    path.write_text(small(**stage).to_toml())
    return path


def shell(*arguments, cwd, **more):
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)], cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, check=False, **more
    )
    return done.returncode, done.stderr
