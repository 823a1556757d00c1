"""The DCD format of CHARMM: single-precision positions for VMD, MDAnalysis and others.

A DCD file is a sequence of Fortran records: a header of 20 integers, a title, the number of atoms, then for each frame
the cell (six doubles) and x, y, z (n single-precision numbers each). Positions are unwrapped, because the format has no
image flags, and rotated with the cell as for LAMMPS, because the format stores only lengths and angles of the cell.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

import numpy as np

from nakmd.io.lammps_files import restricted
from nakmd.system import Frame

#: The AKMA unit of time of CHARMM in ps, as MDAnalysis and NAMD write it.
AKMA_PS = 4.888821e-2


class DCDWriter:
    """Write frames to an open file.

    Parameters
    ----------
    file : binary file
        Seekable; `close` fills in the number of frames.
    n_atoms : int
    first_step, step_interval : int
        Step of the first frame, and steps between frames; the format assumes even spacing.
    timestep : float [ps]
        Time per step.
    """

    def __init__(self, file: BinaryIO, n_atoms: int, first_step: int, step_interval: int, timestep: float) -> None:
        self._file = file
        self._n_frames = 0
        self._step_interval = step_interval
        integers = [0, first_step, step_interval, 0, 0, 0, 0, 0, 0]
        header = struct.pack("<4s9if10i", b"CORD", *integers, timestep / AKMA_PS, 1, *([0] * 8), 24)
        self._record(header)
        title = b"Positions in Angstrom, unwrapped; written by nakmd".ljust(80)
        self._record(struct.pack("<i80s", 1, title))
        self._record(struct.pack("<i", n_atoms))

    def _record(self, content: bytes) -> None:
        mark = struct.pack("<i", len(content))
        self._file.write(mark + content + mark)

    def write(self, frame: Frame) -> None:
        """Append a frame.

        Parameters
        ----------
        frame : Frame
        """
        cell, rotation = restricted(frame.cell.matrix)
        a, b, c = np.linalg.norm(cell, axis=1)
        alpha, beta, gamma = (
            float(np.degrees(np.arccos(np.clip(np.dot(cell[i], cell[j]) / (m * n), -1.0, 1.0))))
            for i, j, m, n in ((1, 2, b, c), (0, 2, a, c), (0, 1, a, b))
        )
        self._record(struct.pack("<6d", a, gamma, b, beta, alpha, c))
        positions = (frame.unwrapped @ rotation).astype("<f4")
        for axis in range(3):
            self._record(np.ascontiguousarray(positions[:, axis]).tobytes())
        self._n_frames += 1

    def close(self) -> None:
        """Write the number of frames into the header; the file stays open."""
        end = self._file.tell()
        self._file.seek(8)  # behind the record mark and CORD
        self._file.write(struct.pack("<i", self._n_frames))
        self._file.seek(20)  # behind first step and interval
        self._file.write(struct.pack("<i", self._n_frames * self._step_interval))
        self._file.seek(end)
