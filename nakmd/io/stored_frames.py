"""The values of frames of an H5MD file, in the units of nakmd; what is no number of a simulation is refused."""

from __future__ import annotations

import numpy as np

from nakmd.arrays import BoolArray, FloatArray
from nakmd.atom_values import check_positions
from nakmd.cell import Cell, image_counts
from nakmd.errors import FileFormatError, InputError
from nakmd.io.layout import DAMAGED, Layout
from nakmd.io.stored_arrays import whole_numbers
from nakmd.io.trajectory_frame import TrajectoryFrame
from nakmd.system import Topology


def read_cells(layout: Layout) -> FloatArray:
    """Return the cell matrix of each frame, rows are vectors, (n_frames, 3, 3) [Å].

    Raises
    ------
    FileFormatError
        If one is not finite.
    """
    n = layout.n_frames
    edges = np.asarray(layout.edges[...] if layout.edges_fixed else layout.edges[:n], dtype=np.float64)
    if layout.edges_fixed:
        edges = np.broadcast_to(edges, (n, *edges.shape))
    if edges.ndim == 2:
        edges = edges[:, :, None] * np.eye(3)
    cells = edges * layout.edge_unit
    wrong = np.flatnonzero(~np.isfinite(cells).all(axis=(1, 2)))
    if len(wrong):
        raise FileFormatError(layout.path, f"the cell of frame {wrong[0]} is {cells[wrong[0]].tolist()} Å.", DAMAGED)
    return cells


def read_quantities(layout: Layout) -> dict[str, FloatArray]:
    """Return all quantities of all frames by name, (n_frames, ...) [eV or K]; NaN throughout in frames without it.

    Raises
    ------
    FileFormatError
        If a value is infinite, or NaN only in part. Pairs of species without pair terms may be NaN.
    """
    n = layout.n_frames
    values = {name: np.asarray(dataset[:n], dtype=np.float64) for name, dataset in layout.quantities.items()}
    for name, quantity in values.items():
        flat = quantity.reshape(n, int(np.prod(quantity.shape[1:])))
        wrong = np.isinf(flat) if name == "pair_energies" else ~np.isfinite(flat)
        rows = np.flatnonzero(wrong.any(axis=1) & ~np.isnan(flat).all(axis=1))
        if len(rows):
            what = f"{name} of frame {rows[0]} is {quantity[rows[0]].tolist()}."
            raise FileFormatError(layout.path, what, DAMAGED)
    return values


def read_frame(
    layout: Layout, row: int, stored: FloatArray, step: int, time: float, topology: Topology
) -> TrajectoryFrame:
    """Return a frame with the quantities of its atoms, without those of the frame and stage.

    Parameters
    ----------
    layout : Layout
    row : int
    stored : (3, 3) float64 [Å]
        Cell vectors as stored, to which the image counts refer.
    step : int
    time : float [ps]
    topology : Topology

    Raises
    ------
    FileFormatError
        If a position, velocity, image count, energy, virial or cell is none, or atoms have other elements than in the
        first frame.
    """
    layout.check_species(row)
    try:
        cell = Cell(stored, layout.periodic.tolist())
        positions = np.asarray(layout.positions[row], dtype=np.float64) * layout.length_unit
        check_positions(positions)
        if layout.images is None:
            positions, images = cell.wrap(positions)
        else:
            counts = whole_numbers(layout.path, f"frame {row}: the image count of atom", layout.images[row])
            check_positions(positions + counts @ stored)
            images = image_counts(counts)
            if not np.array_equal(cell.matrix, stored):  # the counts refer to the left-handed vectors of the file
                positions, images = cell.wrap(positions + images @ stored)
        frame = TrajectoryFrame(step, time, positions, images, cell, _velocities(layout, row), topology=topology)
    except FileFormatError:
        raise
    except InputError as error:
        raise FileFormatError(layout.path, f"frame {row}: {error}", DAMAGED) from error
    frame.has_images = layout.images is not None
    if layout.present is not None:
        frame.present = np.asarray(layout.present[row], dtype=np.bool_)
    for name, dataset in layout.by_atom.items():
        values = np.asarray(dataset[row], dtype=np.float64)
        if np.isfinite(values).all():
            setattr(frame, name, values)
        elif not np.isnan(values).all():
            raise FileFormatError(layout.path, f"frame {row}: not all {name} of atoms are finite.", DAMAGED)
    return frame


def _velocities(layout: Layout, row: int) -> FloatArray | None:
    """Return the velocities (n, 3) [Å/ps] of a frame; None if it has none, which is stored as NaN."""
    if layout.velocities is None:
        return None
    velocities = np.asarray(layout.velocities[row], dtype=np.float64) * layout.velocity_unit
    finite: BoolArray = np.isfinite(velocities)
    if finite.all():
        return velocities
    if np.isnan(velocities).all():
        return None
    atom = int(np.argwhere(~finite)[0, 0])
    raise InputError(f"The velocity of atom {atom} is {velocities[atom].tolist()} Å/ps.")
