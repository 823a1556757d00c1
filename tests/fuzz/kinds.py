"""The kinds of input: whole files to damage, and what nakmd does with a file of that kind.

Each use goes as deep as the file allows: decks are built and bound, potentials bound and evaluated, structures become
systems with neighbour lists, trajectories are analysed. It returns True if it came that far.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
from fuzz_decks import DECKS
from hdf5_kinds import Checkpoint, TrajectoryFile

TESTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))
REPOSITORY = TESTS.parent


class LongBuildError(Exception):
    """A structure that takes long to build was announced to the user."""


def _announced(*_):
    raise LongBuildError


class Deck:
    """Decks: parsed, checked, built and bound; long builds must be announced."""

    @staticmethod
    def files(folder):
        for name, text in DECKS.items():
            (folder / f"{name}.toml").write_text(text.lstrip(), encoding="utf-8")
        shutil.copy(REPOSITORY / "examples" / "nve.toml", folder)
        return sorted(folder.glob("*.toml"))

    @staticmethod
    def use(path):
        from nakmd.deck.source import DeckSource
        from nakmd.runs.plan import make_plan

        try:
            deck, system, potential = make_plan(DeckSource.read(path), announce=_announced).require()
        except LongBuildError:
            return True
        potential.bind(system.species_names)
        return deck is not None


class Potential:
    """Potential files of every format: read, bound, evaluated for two atoms of every pair."""

    @staticmethod
    def files(folder):
        from made_tables import smooth_table

        from nakmd.potentials.files.eam_files import write_eam_fs, write_setfl

        write_eam_fs(folder / "small.eam.fs", smooth_table("fs"))
        write_setfl(folder / "small.eam.alloy", smooth_table("alloy"))
        for name in ("cn.tersoff", "invented.tersoff", "invented.eam"):
            shutil.copy(TESTS / "data" / name, folder)
        for path in (REPOSITORY / "potentials").glob("*.toml"):
            shutil.copy(path, folder)
        return sorted(path for path in folder.iterdir() if path.is_file())

    @staticmethod
    def use(path):
        from nakmd.runs.trial import load_any, species_known_to

        potential = load_any(str(path))
        species = species_known_to(potential)
        pairs = [
            (a, b) for a in species for b in species if all(potential.covers(*p) for p in ((a, a), (a, b), (b, b)))
        ]
        for pair in pairs[-1:]:  # sets of metal on carbon cover no species alone
            evaluate(potential, pair, np.array([[0.0, 0.0, 0.0], [0.0, 2.5, 1.5]]))
        return True


def evaluate(potential, pair, positions):
    """Compute energy, forces and virial of two atoms."""
    from nakmd.cell import Cell
    from nakmd.neighbors import Neighbors
    from nakmd.system import Result, System

    species = list(dict.fromkeys(pair))
    system = System(positions, [0, len(species) - 1], species, Cell([14.0, 14.0, 14.0]))
    evaluator = potential.bind(species)
    result = Result(2)
    evaluator.compute(system, Neighbors(evaluator.requests), result, True)
    if not (np.isfinite(result.energies).all() and np.isfinite(result.forces).all()):
        raise ArithmeticError(f"a potential that was accepted gives {result.energies} and {result.forces}")


def _system():
    from ase.build import bulk, graphene

    metal = bulk("Na", "bcc", a=4.2, cubic=True) * (2, 2, 2)
    metal.symbols[::3] = "K"
    metal.rattle(0.1, seed=1)
    wall = graphene(size=(3, 3, 1), vacuum=6.0)
    metal.set_velocities(np.random.default_rng(1).normal(0.0, 0.02, (len(metal), 3)))
    return metal, wall


class Structure:
    """Structure files of other programs: read into a system, with neighbour lists."""

    @staticmethod
    def files(folder):
        import ase.io

        metal, wall = _system()
        for name, atoms in (("metal", metal), ("wall", wall)):
            ase.io.write(folder / f"{name}.xyz", atoms, format="extxyz")
            ase.io.write(folder / f"{name}.POSCAR", atoms, format="vasp")
            ase.io.write(folder / f"{name}.cif", atoms, format="cif")
            ase.io.write(folder / f"{name}.lammps-data", atoms, format="lammps-data", masses=True)
        return sorted(folder.iterdir())

    @staticmethod
    def use(path):
        from nakmd.neighbors import Neighbors
        from nakmd.potentials import load
        from nakmd.runs.system_builder import read_system

        system = read_system(path)
        Neighbors(load("nak-cn").bind(["C", "K", "Na"]).requests)
        if not np.isfinite(system.positions).all() or not (system.masses > 0.0).all():
            raise ArithmeticError("a structure that was accepted has positions or masses that are no numbers")
        return True


class Dump:
    """Dumps and extended XYZ of several frames: converted to H5MD."""

    @staticmethod
    def files(folder):
        import ase.io

        metal, _ = _system()
        frames = []
        for k in range(4):
            frame = metal.copy()
            frame.rattle(0.1, seed=k)
            frames.append(frame)
        ase.io.write(folder / "frames.xyz", frames, format="extxyz")
        lines = []
        for step, frame in enumerate(frames):
            lines += ["ITEM: TIMESTEP", str(100 * step), "ITEM: NUMBER OF ATOMS", str(len(frame))]
            lines += ["ITEM: BOX BOUNDS pp pp pp", *[f"0.0 {length:.6f}" for length in frame.cell.lengths()]]
            lines += ["ITEM: ATOMS id type element x y z ix iy iz vx vy vz"]
            for i, (symbol, r) in enumerate(zip(frame.symbols, frame.positions, strict=True)):
                kind = 1 if symbol == "Na" else 2
                lines.append(
                    f"{i + 1} {kind} {symbol} {r[0]:.5f} {r[1]:.5f} {r[2]:.5f} 0 {k} -1 0.1 0.2 {0.01 * i:.3f}"
                )
        (folder / "frames.dump").write_text("\n".join(lines) + "\n")
        return sorted(folder.iterdir())

    @staticmethod
    def use(path):
        from nakmd.io import convert

        convert(path, path.with_name("converted.h5md"))
        return True


KINDS = {
    "deck": Deck, "potential": Potential, "structure": Structure, "dump": Dump, "trajectory": TrajectoryFile,
    "checkpoint": Checkpoint,
}  # fmt: skip
