"""The kinds of input that are HDF5 files: trajectories and checkpoints."""

import hashlib
import shutil
import tempfile
from pathlib import Path

import h5py
import numpy as np
from fuzz_decks import DECKS
from hdf5_mutations import GENTLE, HARSH, NUMERIC, restructured
from mutations import overwritten

#: A run that relaxes, then samples with the state of a thermostat and a barostat: few steps and atoms.
_SHORTER = {
    "\nsteps = 20\n": "\nsteps = 4\n",
    "\nsteps = 40\n": "\nsteps = 8\n",
    "trajectory_every = 10\n": "trajectory_every = 2\nthermo_every = 2\n",
    'quantities = ["rdf", "diffusion"]\nwhen = "live"\nevery = 10\n': "quantities = []\n",
}
DECK = DECKS["liquid"]
for _long, _short in _SHORTER.items():
    assert DECK.count(_long) == 1
    DECK = DECK.replace(_long, _short)


def damaged(content, kind, number, gentle=GENTLE):
    """Return the input with this number: of five, one has damaged bytes, two are changed gently, two harshly."""
    if number % 5 == 0:
        return overwritten(content, kind, number)
    return restructured(content, f"{kind} {number}", HARSH if number % 5 > 2 else gentle)


class TrajectoryFile:
    """Trajectories of nakmd and of another program: all frames read, measured and compared with the file."""

    damaged = staticmethod(damaged)

    @staticmethod
    def files(folder):
        import io_samples as samples
        from test_io_foreign import write_foreign

        samples.write(folder / "good.h5md", samples.system(), range(8), thermo=range(6))
        write_foreign(folder / "foreign.h5md")
        return [folder / "good.h5md", folder / "foreign.h5md"]

    @staticmethod
    def use(path):
        from nakmd.analysis import coordination, diffusion
        from nakmd.errors import NakmdError
        from nakmd.io import Trajectory

        with Trajectory(path) as trajectory:
            for frame, unwrapped in zip(trajectory, plainly_read(path), strict=False):
                check_frame(frame, trajectory.topology)
                if not np.allclose(frame.unwrapped, unwrapped, rtol=1e-9, atol=1e-6):  # rounding of 1e8 Å, wrapped
                    raise ArithmeticError("positions that were accepted are not those of the file")
            for column in trajectory.thermo.values():
                if column.ndim != 1:
                    raise ArithmeticError("a thermo column that was accepted is no list of numbers")
            _ = trajectory.thermo_units, trajectory.steps, trajectory.stage_rows
            for name in trajectory.stages:
                _ = trajectory[name]
            for analysis in (coordination, diffusion):
                try:
                    analysis(trajectory)
                except NakmdError:
                    continue  # eight frames are few
        return True


def plainly_read(path):
    """Yield the unwrapped positions [Å] of each frame, read without nakmd."""
    with h5py.File(path) as file:
        group = file["particles"].get("trajectory") or next(iter(file["particles"].values()))
        positions, edges = group["position/value"], group["box/edges"]
        # the numbers of a file of nakmd are in its units, whatever an attribute says
        unit = 1.0 if "parameters/nakmd" in file else {"nm": 10.0, "pm": 0.01}.get(_text(positions.attrs["unit"]), 1.0)
        scale = unit if "unit" not in edges.attrs else {"nm": 10.0, "pm": 0.01}.get(_text(edges.attrs["unit"]), 1.0)
        for row in range(len(positions)):
            cell = np.asarray(edges[...] if isinstance(edges, h5py.Dataset) else edges["value"][row], dtype=float)
            cell = scale * (np.diag(cell) if cell.shape == (3,) else cell)
            images = group["image/value"][row] if "image/value" in group else np.zeros((1, 3))
            yield unit * positions[row].astype(float) + images @ cell


def _text(unit):
    return unit.decode() if isinstance(unit, bytes) else unit


def check_frame(frame, topology):
    """Raise if a frame that was accepted holds what is no number."""
    numbers = [frame.positions, frame.unwrapped, frame.cell.matrix]
    optional = [frame.velocities, frame.potential_energy, frame.kinetic_energy, frame.temperature, frame.virial]
    numbers += [value for value in optional if value is not None]
    if not all(np.isfinite(value).all() for value in numbers) or frame.cell.volume <= 0.0:
        raise ArithmeticError("a frame that was accepted has values that are no numbers")
    if frame.positions.shape != (topology.n_atoms, 3) or np.isinf(frame.time):
        raise ArithmeticError("a frame that was accepted has another shape or time")


class Checkpoint:
    """Checkpoints whose digest is right whatever their content: read, and the run continued from them."""

    @staticmethod
    def damaged(content, kind, number):
        made = damaged(content, kind, number, NUMERIC)  # a checkpoint has no links and no other members
        return sealed(made) if number % 5 else made

    @staticmethod
    def files(folder):
        from nakmd.runs.run import run_deck

        (folder / "deck.toml").write_text(DECK.lstrip(), encoding="utf-8")
        run_deck(folder / "deck.toml", folder / "run", threads=1)
        shutil.copy(folder / "run" / "checkpoint.h5", folder)
        return [folder / "checkpoint.h5"]

    @staticmethod
    def use(path):
        from nakmd.io import Trajectory
        from nakmd.runs.run import resume_run

        whole = next(folder for folder in (path.parent, path.parent / "whole") if (folder / "run").is_dir())
        with tempfile.TemporaryDirectory(dir=whole) as place:
            for name in ("trajectory.h5md", "deck.toml", "status.json"):
                shutil.copy(whole / "run" / name, place)
            shutil.copy(path, Path(place) / "checkpoint.h5")
            resume_run(place, steps=2, threads=1)
            with Trajectory(Path(place) / "trajectory.h5md") as trajectory:
                for frame in trajectory:
                    check_frame(frame, trajectory.topology)
        return True


def sealed(content):
    """Return a checkpoint with the digest of its content, as nakmd writes it."""
    block, rest = content[:512], content[512:]
    start = block.index(b"sha256 ") + len(b"sha256 ")
    return block[:start] + hashlib.sha256(rest).hexdigest().encode() + block[start + 64 :] + rest
