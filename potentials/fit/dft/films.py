"""First-principles films of metal on graphene (PBE, GPAW): binding of a metal film to a sheet.

One or two layers of metal, stacked like ABC over the hollow of a frozen sheet, and each film alone in the same cell;
the sheets of KC8, with the metal between them and without. Cells are small (2 x 2, or the denser sqrt(3) x sqrt(3)), so
that a point takes seconds to a minute. Each point is appended to an extended-XYZ file, and skipped if it is there.

    python potentials/fit/dft/films.py potentials/fit/data/films.extxyz --logs logs

It needs GPAW (see `potentials/fit/README.md`, "How the points are computed"); nakmd itself does not.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import frames
import numpy as np
from ase import Atoms
from ase.io import read

A_GRAPHENE = 2.467  # Å, PBE lattice constant of the reference set
Z_SHEET = 4.0
HEIGHT_CELL = 18.0  # Å, the same for all: plane waves of another cell are another basis, by 10 meV
CUTOFF = 300  # eV, as the reference set
CONVERGENCE = {"density": 3e-4, "eigenstates": 1e-6}

#: Cells by name: corners in units of the primitive vectors, and points along each axis.
CELLS = {"2x2": (((2, 0), (0, 2)), 6), "r3": (((2, 1), (-1, 1)), 7)}

#: From layer to layer [Å], so that a film has the volume per atom of the bulk (PBE, bcc); mixed ones between the two.
SPACING = {("K", "2x2"): 3.51, ("Na", "r3"): 2.35, ("K/Na", "2x2"): 3.1, ("Na/K", "2x2"): 3.1}


@dataclass(frozen=True)
class Film:
    """A sheet, a film, or both.

    Attributes
    ----------
    metal : str
        Empty for the sheet alone; "K/Na" is a layer of K next to the sheet and one of Na on it.
    cell : str
        One of `CELLS`.
    n_layers : int
    height : float [Å]
        From the sheet to the first layer.
    sheet : bool
        Whether the sheet is there.
    gap : float [Å]
        From sheet to sheet of a stack that repeats, the metal half-way (KC8); 0 for one sheet and vacuum.
    """

    metal: str
    cell: str
    n_layers: int = 0
    height: float = 0.0
    sheet: bool = True
    gap: float = 0.0

    @property
    def key(self) -> tuple[object, ...]:
        """Key that identifies the point."""
        return (self.metal, self.cell, self.n_layers, round(self.height, 3), self.sheet, round(self.gap, 3))

    def atoms(self) -> Atoms:
        """Return the atoms, the hollow of the sheet at the origin."""
        corners, _ = CELLS[self.cell]
        primitive = A_GRAPHENE * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])
        plane = np.array(corners) @ primitive
        spacing = SPACING.get((self.metal, self.cell), 0.0)
        cell = np.zeros((3, 3))
        cell[:2, :2] = plane
        cell[2, 2] = self.gap or HEIGHT_CELL
        atoms = Atoms(cell=cell, pbc=(True, True, self.gap > 0.0))
        base = 0.0 if self.gap else Z_SHEET
        if self.sheet:
            every = np.array([(i, j) for i in range(-4, 5) for j in range(-4, 5)], dtype=float)
            places = np.concatenate([every + np.array(site) for site in ((1 / 3, 2 / 3), (2 / 3, 1 / 3))]) @ primitive
            inside = places @ np.linalg.inv(plane)
            inside = inside[np.all((inside > -1e-6) & (inside < 1.0 - 1e-6), axis=1)]
            for x, y in inside @ plane:
                atoms.append("C")
                atoms.positions[-1] = x, y, base
        for k in range(self.n_layers):
            metals = self.metal.split("/")
            atoms.append(metals[k % len(metals)])
            across = (np.array([1 / 3, 2 / 3]) * k % 1.0) @ plane
            atoms.positions[-1] = *across, base + (0.5 * self.gap if self.gap else self.height + k * spacing)
        return atoms


def points() -> list[list[Film]]:
    """The points in the order of their importance; those of one list share a calculator."""
    return [
        [Film("", "2x2")],
        [Film("", "r3")],
        [Film("K", "2x2", 2, 3.0), Film("K", "2x2", 2, 3.4)],
        [Film("K", "2x2", 2, 3.0, sheet=False)],
        [Film("Na", "r3", 1, 2.8), Film("Na", "r3", 1, 3.2)],
        [Film("Na", "r3", 1, 2.8, sheet=False)],
        [Film("Na", "r3", 2, 2.8), Film("Na", "r3", 2, 3.2)],
        [Film("Na", "r3", 2, 2.8, sheet=False)],
        # mixed films: whose density screens whom
        [Film("K/Na", "2x2", 2, 3.0)],
        [Film("K/Na", "2x2", 2, 3.0, sheet=False)],
        [Film("Na/K", "2x2", 2, 2.8)],
        [Film("Na/K", "2x2", 2, 2.8, sheet=False)],
        # KC8, and its parts
        [Film("K", "2x2", 1, 0.0, True, 5.35)],
        [Film("K", "2x2", 1, 0.0, False, 5.35)],
        [Film("", "2x2", 0, 0.0, True, 5.35)],
    ]


def done(path: Path) -> set[tuple[object, ...]]:
    """Keys of the points already in the file."""
    if not path.exists():
        return set()
    infos = [frame.info for frame in read(path, ":")]
    return {
        (
            str(i["metal"]).replace("none", ""),
            i["supercell"],
            i["layers"],
            round(float(i["height"]), 3),
            bool(i["sheet"]),
            float(i["gap"]),
        )
        for i in infos
    }


def compute(chain: list[Film], path: Path, logs: Path) -> None:
    """Compute the missing points of one calculator, appended to ``path`` one by one."""
    from gpaw import GPAW, PW, FermiDirac, Mixer  # noqa: PLC0415  the list of points needs no GPAW

    wanted = [film for film in chain if film.key not in done(path)]
    calculator = None
    for film in wanted:
        atoms = film.atoms()
        if calculator is None:
            kpts = CELLS[film.cell][1]
            calculator = GPAW(
                mode=PW(CUTOFF),
                xc="PBE",
                kpts={"size": (kpts, kpts, 4 if film.gap else 1), "gamma": True},
                occupations=FermiDirac(0.1),
                poissonsolver={} if film.gap else {"dipolelayer": "xy"},
                mixer=Mixer(0.05, 6, 60),
                convergence=CONVERGENCE,
                maxiter=200,
                txt=str(logs / ("_".join(map(str, film.key)).replace("/", "") + ".txt")),
            )
        atoms.calc = calculator
        seconds = frames.seconds_of_forces(atoms, str(film))
        if seconds is None:
            return
        settings = {
            "metal": film.metal or "none", "supercell": film.cell, "layers": film.n_layers, "height": film.height,
            "sheet": film.sheet, "gap": film.gap,
        }  # fmt: skip
        frames.append(path, atoms, seconds, CUTOFF, f"{CELLS[film.cell][1]}G", **settings)
        print(f"{film.key}: {atoms.get_potential_energy():.4f} eV in {seconds:.0f} s", flush=True)


def main() -> int:
    """Run the queue."""
    args = frames.arguments(__doc__, "points")
    for chain in points():
        compute(chain, args.file, args.logs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
