"""First-principles points of a metal atom on frozen carbon sheets (PBE, GPAW), in sequence, restartable.

Every chain of `chains` is a sheet, a metal and a list of heights. The heights of one chain share one calculator, so
that only the first point starts from a density guess. Each complete point is appended, with its settings, to an
extended-XYZ file; a point in the file is skipped, so the script may be stopped at any time and restarted.

    python potentials/fit/dft/run.py potentials/fit/data/extension.extxyz --list
    python potentials/fit/dft/run.py potentials/fit/data/extension.extxyz --logs logs

It needs GPAW (see `potentials/fit/README.md`, "How the points are computed"); nakmd itself does not.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import frames
import numpy as np
from ase import Atoms
from ase.io import read

A_GRAPHENE = 2.467  # Å, PBE lattice constant of the reference set
HEIGHT_CELL = 15.0  # Å; the sheet lies at z = 4 Å, so that 5 Å stay free above a metal at 6 Å
Z_SHEET = 4.0
FRAMEWORKS = Path(__file__).parents[1] / "data" / "frameworks.extxyz"
RELAXED = {"n3vrelaxed": "n3v"}  # families of `relax.py`
CONVERGENCE = {"density": 3e-4, "eigenstates": 4e-6}
# for sheets with charge sloshing: the wide pristine one, the bare vacancy
LOOSE = {"density": 2e-3, "eigenstates": 2e-4}
CARBON_1, CARBON_2 = np.array([1 / 3, 2 / 3]), np.array([2 / 3, 1 / 3])  # of the primitive cell, hollow at the origin


@dataclass(frozen=True)
class Chain:
    """One sheet, one metal (or none), the heights of one calculator in Å."""

    sheet: str  # name of the framework, see `framework`
    metal: str  # K, Na or "" for the clean sheet
    heights: tuple[float, ...]
    size: int  # cells of graphene along each axis
    kpts: int  # Monkhorst-Pack points along each axis, Gamma-centred
    cutoff: int = 300  # eV
    spin: bool = False
    keep_sheet: bool = True  # False: the layer of metal alone, in the same cell
    loose: bool = False  # converged to 10 meV only, see `LOOSE`
    layer: bool = False  # a (2 x 2) layer of metal in place of the one atom

    @property
    def mesh(self) -> str:
        """The points in reciprocal space, as frames have them."""
        return f"{self.kpts}x{self.kpts}x1G"

    @property
    def config_type(self) -> str:
        """Name of the frames, as in the reference set, with the size of the cell if it is not 4x4."""
        size = "" if self.size == 4 else f"_{self.size}x{self.size}"
        size += "_layer" * self.layer
        what = self.sheet if self.keep_sheet else "metal_layer"
        return f"{what}{size}" if self.metal else f"{what.split('_')[0]}_clean{size}"


def framework(sheet: str, size: int) -> Atoms:
    """Frozen sheet with the site of the metal above the origin, which keeps GPAW's symmetry high.

    Names: graphene_hollow, graphene_bridge, graphene_top; graphN_topN and graphN_farhollow (one carbon replaced by N;
    the hollow lies on another threefold axis of the cell, as far from N as the cell allows, which takes a `size` that
    is no multiple of three); graph2N_farhollow (N on both of these axes: twice the concentration, at the same
    distance); n3v_center (three pyridinic N around a vacancy, moved 0.12 Å outward, as in the reference set) and
    vacancy_center (the same hole, carbon edges, not moved); pyrrolic_center (as nakmd builds it and runs have it).
    Of `relax.py`: n3vrelaxed_center.
    """
    family, site = sheet.split("_")
    if family == "pyrrolic":
        return pyrrolic()
    if family in RELAXED:
        atoms = next(f for f in read(FRAMEWORKS, ":") if f.info["config_type"] == RELAXED[family])
        atoms.cell[2, 2] = HEIGHT_CELL
        atoms.positions[:, 2] = Z_SHEET
        return Atoms(atoms.symbols, atoms.positions, cell=atoms.cell, pbc=(True, True, False))
    origin = {
        "hollow": np.zeros(2),
        "farhollow": np.zeros(2),
        "bridge": (CARBON_1 + CARBON_2) / 2,
        "top": CARBON_1,
        "topN": CARBON_1,
        "center": CARBON_1,
    }[site]
    lattice = A_GRAPHENE * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])
    corners = np.array([[i, j] for i in range(size) for j in range(size)], dtype=float)
    fractional = np.concatenate([corners + CARBON_1, corners + CARBON_2]) - origin
    fractional = (fractional + 1e-9) % size - 1e-9
    cell = np.zeros((3, 3))
    cell[:2, :2] = size * lattice
    cell[2, 2] = HEIGHT_CELL
    positions = np.zeros((len(fractional), 3))
    positions[:, :2] = fractional @ lattice
    positions[:, 2] = Z_SHEET
    atoms = Atoms("C" * len(positions), positions=positions, cell=cell, pbc=(True, True, False))
    symbols = np.array(atoms.get_chemical_symbols())
    if family in {"graphN", "graph2N"}:
        axes = [CARBON_1 * size, CARBON_2 * size] if site == "farhollow" else [np.zeros(2)]
        for axis in axes if family == "graph2N" else axes[:1]:
            symbols[np.argmin(np.linalg.norm(fractional - axis, axis=1))] = "N"
        atoms.set_chemical_symbols(symbols)
    if family in {"n3v", "vacancy"}:
        hole = int(np.argmin(np.linalg.norm(fractional, axis=1)))
        ring = np.flatnonzero(
            np.isclose(atoms.get_distances(hole, range(len(atoms)), mic=True), A_GRAPHENE / np.sqrt(3))
        )
        if family == "n3v":
            symbols[ring] = "N"
            atoms.set_chemical_symbols(symbols)
            for i in ring:
                outward = atoms.get_distance(hole, i, mic=True, vector=True)
                atoms.positions[i] += 0.12 * outward / np.linalg.norm(outward)
        else:
            magnetic = np.zeros(len(atoms))
            magnetic[ring] = 0.7
            atoms.set_initial_magnetic_moments(magnetic)
        del atoms[hole]
    return atoms


def pyrrolic() -> Atoms:
    """Return nakmd's pyrrolic site, centre of the hole at the origin, made symmetric about its mirror plane."""
    from nakmd.cell import Cell  # noqa: PLC0415  the relaxed frameworks need no nakmd
    from nakmd.structures.doping import dope  # noqa: PLC0415
    from nakmd.system import System  # noqa: PLC0415

    sheet = framework("graphene_hollow", 4)
    cell = Cell(np.array(sheet.cell), (True, True, True))
    bare = System(sheet.positions, np.zeros(len(sheet), dtype=int), ("C",), cell)
    doped = dope(bare, {"pyrrolic": 1 / 31}, min_distance=3.0, seed=1)
    labels = np.array([doped.species_names[s] for s in doped.species])
    plane, across = np.array(sheet.cell)[:2, :2], doped.positions[:, :2]
    nitrogen = across[labels == "N:pyrrolic"][0]

    def nearest(vectors: np.ndarray) -> np.ndarray:
        fractional = vectors @ np.linalg.inv(plane)
        return (fractional - np.round(fractional)) @ plane

    edges = nitrogen + nearest(across[labels == "C:edge"] - nitrogen)
    centre = (nitrogen + edges.sum(axis=0)) / 3
    along = (nitrogen - edges.mean(axis=0)) / np.linalg.norm(nitrogen - edges.mean(axis=0))
    # the mirror of the lattice nearest to the line from the edges to the nitrogen
    angle = np.round(np.arctan2(along[1], along[0]) / (np.pi / 6)) * np.pi / 6
    mirror = np.array([[np.cos(2 * angle), np.sin(2 * angle)], [np.sin(2 * angle), -np.cos(2 * angle)]])
    seen = nearest(across - centre)
    image = seen @ mirror
    partner = [int(np.argmin(np.linalg.norm(nearest(seen - x), axis=1))) for x in image]
    assert sorted(partner) == list(range(len(seen)))
    seen = seen + 0.5 * nearest(image[partner] - seen)
    symbols = [label.partition(":")[0] for label in labels]
    positions = np.column_stack([seen, doped.positions[:, 2]])
    return Atoms(symbols, positions=positions, cell=sheet.cell, pbc=(True, True, False))


def calculator(chain: Chain, log: str):
    """GPAW as in the reference set: plane waves, PBE, Fermi-Dirac 0.1 eV, dipole correction along z."""
    from gpaw import GPAW, PW, Davidson, FermiDirac, Mixer, MixerSum  # noqa: PLC0415  the list of points needs no GPAW

    return GPAW(
        mode=PW(chain.cutoff),
        xc="PBE",
        kpts={"size": (chain.kpts, chain.kpts, 1), "gamma": True},
        occupations=FermiDirac(0.1),
        poissonsolver={"dipolelayer": "xy"},
        mixer=(MixerSum if chain.spin else Mixer)(0.05, 6, 60),
        nbands=-10,  # empty ones; with one step per density half the time of the defaults, and the same numbers
        eigensolver=Davidson(niter=1),
        convergence=LOOSE if chain.loose else CONVERGENCE,
        maxiter=150,
        txt=log,
    )


def key(config_type: str, metal: str, height: float, cutoff: int, kpts: str, spin: bool) -> tuple[object, ...]:
    """Key of a point: two points with the same key are the same computation."""
    return (config_type, metal, round(float(height), 3), int(cutoff), kpts, bool(spin))


def chain_key(chain: Chain, height: float) -> tuple[object, ...]:
    """The key of one height of a chain."""
    return key(chain.config_type, chain.metal, height, chain.cutoff, chain.mesh, chain.spin)


def done(path: Path) -> set[tuple[object, ...]]:
    """Keys of the points already in the file."""
    if not path.exists():
        return set()
    found = set()
    for frame in read(path, ":"):
        info = frame.info
        cutoff = int(str(info["basis"]).removeprefix("PW"))
        found.add(
            key(
                info["config_type"],
                info.get("metal", ""),
                info.get("height", 0.0),
                cutoff,
                info["kpts"],
                info["spinpol"],
            )
        )
    return found


def particulars(atoms: Atoms, chain: Chain, height: float) -> dict[str, object]:
    """Information of a frame in addition to the common settings."""
    found: dict[str, object] = {"config_type": chain.config_type, "dipole_correction": True}
    if chain.loose:
        found["loosely_converged"] = True
    if chain.spin:
        found["magnetic_moment"] = round(float(atoms.get_magnetic_moment()), 3)
    if chain.metal:
        found |= {"metal": chain.metal, "height": height}
    return found


def compute(chain: Chain, path: Path, logs: Path) -> None:
    """All missing heights of one chain, appended to `path` one by one."""
    wanted = [h for h in chain.heights or (0.0,) if chain_key(chain, h) not in done(path)]
    if not wanted:
        return
    atoms = framework(chain.sheet, chain.size)
    if not chain.keep_sheet:
        del atoms[:]
    if chain.metal:
        # over a sheet without spins the metal may keep its electron; in a bare vacancy it gives it away
        moment = float(chain.spin and not atoms.get_initial_magnetic_moments().any())
        cells = range(0, chain.size if chain.layer else 1, 2)
        places = [(i * atoms.cell[0] + j * atoms.cell[1]) / chain.size for i in cells for j in cells]
        metal = Atoms(f"{chain.metal}{len(places)}", positions=places, magmoms=[moment] * len(places))
        metal.positions[:, 2] = Z_SHEET + wanted[0]
        atoms += metal
    name = f"{chain.config_type}_{chain.metal}_PW{chain.cutoff}_k{chain.kpts}{'_spin' * chain.spin}"
    atoms.calc = calculator(chain, str(logs / f"{name}.txt"))
    for height in wanted:
        if chain.metal:
            atoms.positions[atoms.symbols == chain.metal, 2] = Z_SHEET + height
        seconds = frames.seconds_of_forces(atoms, f"{name} at {height} Å")
        if seconds is None:
            return
        frames.append(path, atoms, seconds, chain.cutoff, chain.mesh, chain.spin, **particulars(atoms, chain, height))
        print(f"{name} {height} Å: {atoms.get_potential_energy():.4f} eV in {seconds:.0f} s", flush=True)


def chains() -> list[Chain]:
    """The points in the order of their value per computing time."""
    K2, NA2 = (2.4, 2.6, 2.8, 3.0, 3.3, 3.6, 4.0), (2.1, 2.3, 2.5, 2.7, 3.0, 3.4, 4.0)
    layers = [Chain("graphene_hollow", "", (), 2, 6)]
    for metal, heights in (("K", K2), ("Na", NA2)):
        layers += [
            Chain("graphene_hollow", metal, heights, 2, 6),
            Chain("graphene_hollow", metal, heights[2:3], 2, 6, keep_sheet=False),
        ]
    high = [replace(c, cutoff=450, heights=c.heights[1:4:2] if c.keep_sheet else c.heights) for c in layers]
    return [
        *layers,
        Chain("graphene_bridge", "K", (2.4, 2.7), 4, 3),
        # the level of the dopants: the same hollow and metal, once and twice the concentration of nitrogen
        Chain("graph2N_farhollow", "", (), 4, 3),
        Chain("graph2N_farhollow", "K", (2.6,), 4, 3),
        Chain("graph2N_farhollow", "Na", (2.3,), 4, 3),
        Chain("graphene_bridge", "Na", (2.4,), 4, 3),
        *high,
        Chain("graphene_hollow", "", (), 3, 4),
        Chain("graphene_hollow", "K", (2.6, 2.9), 3, 4),
        Chain("graphene_hollow", "Na", (2.3,), 3, 4),
        Chain("n3v_center", "K", (2.5, 3.4, 1.4), 4, 3),
        Chain("n3v_center", "Na", (2.0, 2.8, 3.6), 4, 3),
        Chain("graphene_top", "K", (3.1,), 4, 3),
        Chain("graphene_top", "Na", (2.8,), 4, 3),
        Chain("vacancy_center", "", (), 4, 3, spin=True, loose=True),
        Chain("vacancy_center", "K", (2.2, 2.8), 4, 3, spin=True),
        Chain("vacancy_center", "Na", (1.8, 2.4), 4, 3, spin=True),
        # whether the metal over a doped sheet, which gives its electron no room, is a polarised atom
        Chain("graphN_topN", "K", (3.2,), 4, 3, spin=True),
        Chain("graphN_topN", "Na", (3.0,), 4, 3, spin=True),
        Chain("n3vrelaxed_center", "", (), 4, 3),
        Chain("n3vrelaxed_center", "K", (2.2, 2.6), 4, 3),
        Chain("n3vrelaxed_center", "Na", (1.7, 2.1), 4, 3),
        Chain("pyrrolic_center", "", (), 4, 3),
        Chain("pyrrolic_center", "K", (2.4, 3.0), 4, 3),
        Chain("pyrrolic_center", "Na", (2.0, 2.6), 4, 3),
        # whether a layer on a doped sheet loses both to the dopants and to the metal
        Chain("graphN_farhollow", "", (), 2, 6),
        Chain("graphN_farhollow", "K", (3.0, 2.6, 3.4), 2, 6),
        Chain("graphN_farhollow", "Na", (3.0, 2.7, 3.4), 2, 6),
        # the same layer over one and two nitrogen in 32
        *(
            Chain(f"{sheet}_farhollow", metal, heights, 4, 3, layer=True)
            for sheet in ("graphN", "graph2N")
            for metal, heights in (("K", (3.0, 3.4)), ("Na", (3.0, 2.7)))
        ),
        # a lone dopant at a smaller concentration
        Chain("graphN_farhollow", "", (), 5, 3),
        Chain("graphN_farhollow", "K", (2.6,), 5, 3),
        Chain("graphene_hollow", "K", (2.7,), 5, 3, loose=True),
        Chain("graphene_hollow", "", (), 5, 3, loose=True),
    ]


def main() -> int:
    """Run the queue, or list it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="extended-XYZ file that the points are appended to")
    parser.add_argument("--logs", type=Path, default=Path("gpaw-logs"), help="folder of GPAW's own output")
    parser.add_argument(
        "--only", default="", metavar="WORDS", help="chains whose name has one of these words, comma-separated"
    )
    parser.add_argument("--list", action="store_true", help="only say which points are there and which are missing")
    args = parser.parse_args()
    have = done(args.file)
    queue = [
        c
        for c in chains()
        if any(word in f"{c.config_type} {c.metal}{' spin' * c.spin}" for word in args.only.split(","))
    ]
    if args.list:
        for chain in queue:
            for height in chain.heights or (0.0,):
                state = "done" if chain_key(chain, height) in have else "missing"
                print(f"{state:8s} {chain.config_type:22s} {chain.metal:3s} {height:4.1f} Å  PW{chain.cutoff}")
        return 0
    args.logs.mkdir(parents=True, exist_ok=True)
    for chain in queue:
        compute(chain, args.file, args.logs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
