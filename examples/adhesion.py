"""Work of adhesion of NaK on graphene: energy by term from the frames of a run, and free energy from several runs."""

import sys
from pathlib import Path

import nakmd
from nakmd.studies import affinity_ladder, run_affinity_ladder, work_of_adhesion

SCALES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def main(directory: str | Path = "runs/adhesion", scales: tuple[float, ...] = SCALES, steps: int = 5000) -> dict:
    """Run a film between a sheet and its periodic image at several affinities, print both works, return the records."""
    deck = nakmd.Deck(
        title="a film of NaK on graphene",
        model={"potential": "nak-cn"},
        structure={
            "carbon": {"kind": "graphene", "size": ["22 Å", "21 Å"], "bond": "1.4388 Å"},
            "liquid": {"region": "between", "x_K": 0.67, "temperature": "450 K", "thickness": "25 Å"},
        },
        groups={"frozen": ["sheet"]},
        stage=[
            {"kind": "relax", "steps": 100, "force": "0.2 eV/Å"},
            {"kind": "equilibrate", "steps": max(1, steps // 5), "timestep": "4 fs", "temperature": "450 K"},
            {"kind": "produce", "steps": steps, "timestep": "4 fs", "temperature": "450 K", "group": "liquid"},
        ],
        output={"trajectory_every": 20, "thermo_every": 100},
    )
    folders = run_affinity_ladder(deck, scales, directory)
    energy = work_of_adhesion(folders[-1])
    for name, term in energy.terms.items():
        print(f"{name:24}{term}")
    free = affinity_ladder(folders)
    print(f"{'by integration':24}{free.integrated}")
    print(f"{'by MBAR':24}{free.reweighted}")
    print(f"{'work of adhesion':24}{free.work}")
    for note in free.notes:
        print(f"  {note}")
    return {"energy": energy, "free energy": free}


if __name__ == "__main__":
    main(*sys.argv[1:2])
