"""Atoms of the first layer of liquid NaK on graphene, per area: what `nakmd study electrode` counts as held by a wall.

    python potentials/fit/first_layer.py runs/first_layer

prints the mean of three seeds; a few minutes on one core. A film of NaK on a rigid sheet, as in `wetting.py`. The layer
ends at the first minimum of the number density of the metal. Existing runs are not repeated.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import nakmd
from nakmd.analysis.drive import choose_frames

MODEL, X_K, TEMPERATURE, SEEDS = "nak-cn", 0.67, 450.0, (1, 2, 3)

#: Bins of height [Å], and where the first minimum is looked for: beyond the first peak at 3 Å, before the third layer.
BIN, RANGE = 0.1, (3.5, 7.5)


def run(folder: Path, seed: int) -> Path:
    """Run a film unless its trajectory exists, and return the path of the trajectory."""
    place = folder / f"film-{seed}"
    if not (place / "trajectory.h5md").exists():
        bath = {"timestep": "4 fs", "temperature": f"{TEMPERATURE:g} K"}
        deck = nakmd.Deck(
            title=f"NaK on graphene, seed {seed}",
            seed=seed,
            model={"potential": MODEL},
            structure={
                "carbon": {"kind": "graphene", "size": ["30 Å", "30 Å"], "bond": "1.4388 Å"},
                "liquid": {
                    "x_K": X_K, "temperature": f"{TEMPERATURE:g} K", "region": "beside", "thickness": "24 Å",
                },
                "box": {"vacuum": "25 Å"},
            },
            groups={"frozen": ["sheet"]},
            stage=[
                {"kind": "relax", "steps": 200, "force": "0.1 eV/Å"},
                {"kind": "equilibrate", "duration": "20 ps", "tau": "0.5 ps", **bath},
                {"kind": "produce", "duration": "40 ps", "group": "liquid", **bath},
            ],
            output={"trajectory_every": 50, "thermo_every": 50},
            analysis={"quantities": ["thermo"]},
        )  # fmt: skip
        nakmd.run(deck, directory=place, threads=1)
    return place / "trajectory.h5md"


def layer(trajectory: nakmd.Trajectory) -> tuple[float, float, float]:
    """Return atoms per area of the first layer [1/Å²], the share of K among them, and where it ends [Å]."""
    names = np.array(trajectory.topology.species_names)[trajectory.topology.species]
    metal, carbon = np.isin(names, ("Na", "K")), ~np.isin(names, ("Na", "K"))
    heights, area = [], 0.0
    for frame in choose_frames(trajectory):
        heights.append(frame.positions[metal, 2] - frame.positions[carbon, 2].mean())
        area = float(np.linalg.norm(np.cross(frame.cell.matrix[0], frame.cell.matrix[1])))
    edges = np.arange(*RANGE, BIN)
    found = np.array(heights)
    end = float(edges[np.argmin(np.histogram(found, edges)[0])]) + 0.5 * BIN
    first = found < end
    return first.sum() / len(heights) / area, float(first[:, names[metal] == "K"].sum() / first.sum()), end


def main(folder: Path) -> None:
    """Run all seeds and print the layer."""
    rows = []
    for seed in SEEDS:
        with nakmd.Trajectory(run(folder, seed)) as trajectory:
            rows.append(layer(trajectory))
        print(rows[-1], flush=True)
    density, share, end = np.array(rows).T
    error = density.std(ddof=1) / np.sqrt(len(rows))
    print(f"{density.mean():.5f} ± {error:.5f} 1/Å² below {end.mean():.1f} Å, share of K {share.mean():.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
