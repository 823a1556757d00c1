"""Memory and disk space of a run, estimated by arithmetic from its numbers of atoms, frames and rows."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nakmd.deck.draft import Draft
from nakmd.deck.messages import Problem
from nakmd.deck.schema import Output
from nakmd.errors import InputError, in_bytes
from nakmd.io.storage import Storage
from nakmd.system import Topology
from nakmd.toml_lines import KeyPath

#: Bytes in a trajectory frame for each atom: positions or velocities; images and species; energy and virial. What is
#: compressed was measured in frames of 10⁶ atoms in random order (CHANGELOG): images and species take 0.4 to 0.7.
BYTES_DOUBLE = {"none": 24.0, "lossless": 21.5}
BYTES_SINGLE = {"none": 12.0, "lossless": 10.5}
BYTES_REST = 1
BYTES_VIRIALS = 8 + 72

#: Bytes of a position rounded to 0.001 Å and compressed, and what each factor of ten in precision adds.
BYTES_ROUNDED = 7.5
BYTES_DECADE = 1.3
BYTES_THERMO = 120

#: Bytes that are written once: for each atom its mass, its species and a group; and the rest of the file, of which
#: tables that grow have a first piece. Runs of 2,000 and 20,000 atoms with three frames have files of 457 and 3,358 kB.
BYTES_ONCE = 17
BYTES_FILE = 1.2e5

#: Memory [bytes] of the program with its libraries and the figures of the report; of the compiled kernels and the
#: analyses of each term; and of each atom, apart from neighbour lists and images.
PROGRAM = 3.6e8
PER_TERM = 1.2e7
PER_ATOM = 400.0


def estimate_memory(
    n_atoms: float, volume: float, heights: tuple[float, float, float], cutoff: float, n_terms: int
) -> float:
    """Return the largest memory [bytes] of a run: program, state, neighbour lists, periodic images.

    Parameters
    ----------
    n_atoms : float
    volume : float [Å³]
    heights : (float, float, float) [Å]
        Of the cell.
    cutoff : float [Å]
    n_terms : int
        Terms of the model.

    Notes
    -----
    Largest resident sizes measured on x86-64 Linux, relaxation, 20 steps, analyses and report included: 373 MB for
    2,000 atoms of NaK, 390 MB for 20,000, 525 MB for 200,000; 415 MB for 1,686 atoms around a doped (10,10) tube.
    """
    reach = cutoff + 1.0
    # the neighbours of an atom at the mean density, two entries of 4 bytes and padding, both directions
    neighbors = min(n_atoms / max(volume, 1.0) * 4.2 * reach * reach * reach, n_atoms)
    images = 1.0
    for height in heights:
        images *= 1.0 + 2.0 * reach / max(height, reach)
    return PROGRAM + PER_TERM * n_terms + n_atoms * (PER_ATOM + 12.0 * neighbors + 60.0 * images)


def check_memory(needed: float, n_atoms: float, path: KeyPath) -> Iterator[Problem]:
    """Yield a fault if a run needs more memory [bytes] than is free."""
    try:
        available = _available_memory()
    except OSError:
        return
    if available and needed > available:
        yield Problem(
            path,
            f"{n_atoms:.7g} atoms need about {in_bytes(needed)} of memory; {in_bytes(available)} are free. "
            "Use a smaller system.",
        )


def _available_memory() -> float:
    """Return the available memory [bytes], 0 if unknown."""
    info = Path("/proc/meminfo")
    if not info.exists():
        return 0.0
    for line in info.read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return 1024.0 * float(line.split()[1])
    return 0.0


def count_stored(draft: Draft, topology: Topology) -> int:
    """Return the number of atoms in a frame of the trajectory; all atoms if the deck names some that do not exist."""
    try:
        return topology.n_atoms if draft.output is None else int(topology.select_any(draft.output.atoms).sum())
    except InputError:
        return topology.n_atoms


def estimate_output(draft: Draft, n_stored: float) -> tuple[float, int, int]:
    """Return the largest size [bytes] of the trajectory, and its largest numbers of frames and thermo rows.

    A relaxation writes fewer than that if it converges early.

    Parameters
    ----------
    draft : Draft
    n_stored : float
        Atoms in a frame.
    """
    output = draft.output
    if output is None:
        return 0.0, 0, 0
    steps = sum(stage.n_steps for _, stage in draft.stages)
    frames = steps // output.trajectory_every + 1
    rows = steps // output.thermo_every + 1
    each = n_stored * bytes_by_atom(output) + 1000
    once = n_stored * BYTES_ONCE + BYTES_FILE
    return float(frames * each + rows * BYTES_THERMO + once), frames, rows


def bytes_by_atom(output: Output) -> float:
    """Return the bytes of an atom in a frame of the trajectory."""
    stored = Storage.of(output.precision, output.velocities, output.compression)
    by_type = {np.float64: BYTES_DOUBLE, np.float32: BYTES_SINGLE}
    if isinstance(stored.precision, str):
        atom = by_type[stored.position_type][stored.compression]
    else:
        atom = BYTES_ROUNDED - BYTES_DECADE * math.log10(stored.precision / 1e-3)
    atom += BYTES_REST + output.virials * BYTES_VIRIALS
    return atom + stored.velocities * by_type[stored.velocity_type][stored.compression]


def check_disk(draft: Draft, n_atoms: float, n_stored: float, directory: Path) -> Iterator[Problem]:
    """Yield a fault if the output, with ``n_stored`` of the atoms in a frame, does not fit on the disk."""
    folder = directory.resolve()
    while not folder.exists():
        folder = folder.parent
    size, frames, _ = estimate_output(draft, n_stored)
    # two checkpoints, and a third while it is being written
    size += 3 * n_atoms * 100.0
    free = shutil.disk_usage(folder).free
    if size > free:
        yield Problem(
            ("output", "trajectory_every"),
            f"{frames:.7g} frames need about {in_bytes(size)}; {in_bytes(free)} are free in {folder}. Increase "
            'trajectory_every, or write velocities = false, precision = "0.001 Å" or atoms = "liquid".',
        )
