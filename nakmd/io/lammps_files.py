"""Writing text formats of LAMMPS: data files (one configuration) and dumps (many); `nakmd.io.lammps` reads them.

LAMMPS requires the first cell vector along x and the second in the xy plane. Other cells are rotated to this
orientation, with positions and velocities (`restricted`). Units are LAMMPS ``metal``, the same as in nakmd.
"""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.elements import element_of, standard_mass
from nakmd.errors import InputError
from nakmd.io.lammps.dump_species import SITE_PREFIX
from nakmd.system import Frame, Topology

#: Margin [Å] at non-periodic faces: LAMMPS loses atoms exactly on such a face.
_EDGE = 1e-3


def restricted(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the cell in the orientation of LAMMPS, and the rotation of row vectors to it.

    Parameters
    ----------
    matrix : (3, 3) float64 [Å]
        Rows are the cell vectors, right-handed.

    Returns
    -------
    cell : (3, 3) float64 [Å]
        Lower triangular with a positive diagonal.
    rotation : (3, 3) float64
        ``matrix @ rotation = cell``; exactly the unit matrix if the cell already has this orientation.
    """
    if not np.any(np.triu(matrix, 1)) and np.all(np.diag(matrix) > 0.0):
        return matrix.copy(), np.eye(3)
    q, r = np.linalg.qr(matrix.T)  # matrix.T = q r, so matrix @ q = r.T, lower triangular
    signs = np.sign(np.diag(r))
    return np.tril((r * signs[:, None]).T), q * signs


def write_data(file: BinaryIO, frame: Frame, topology: Topology) -> None:
    """Write a LAMMPS data file, ``atom_style atomic``.

    Parameters
    ----------
    file : binary file
    frame : Frame
    topology : Topology
        Types are the indices in ``species_names`` plus 1.

    Notes
    -----
    LAMMPS does not allow tilted non-periodic cell vectors, or atoms outside of them. A non-periodic vector is therefore
    aligned with its axis and extended to enclose all atoms.
    """
    cell, rotation = restricted(frame.cell.matrix)
    positions = frame.positions @ rotation
    free = ~frame.cell.periodic
    cell[free] = np.diag(np.diag(cell))[free]
    fractions = positions @ np.linalg.inv(cell)
    edge = _EDGE / np.diag(cell)
    low = np.where(free, np.minimum(0.0, fractions.min(axis=0) - edge), 0.0) * np.diag(cell)
    high = np.where(free, np.maximum(1.0, fractions.max(axis=0) + edge), 1.0) * np.diag(cell)
    boundary = " ".join("p" if p else "f" for p in frame.cell.periodic)
    time = f", time {frame.time:.10g} ps" if np.isfinite(frame.time) else ""
    lines = [
        f"LAMMPS data file by nakmd: step {frame.step}{time}, units metal, boundary {boundary}",
        "",
        f"{topology.n_atoms} atoms",
        f"{len(topology.species_names)} atom types",
        "",
        *(f"{a:.17g} {b:.17g} {c}lo {c}hi" for a, b, c in zip(low, high, "xyz")),
    ]
    if np.any(np.tril(cell, -1)):
        lines.append(f"{cell[1, 0]:.17g} {cell[2, 0]:.17g} {cell[2, 1]:.17g} xy xz yz")
    lines += ["", "Masses", ""]
    for a, name in enumerate(topology.species_names):
        masses = np.unique(topology.masses[topology.species == a])
        if len(masses) > 1:
            raise InputError(
                f"{name} atoms have {len(masses)} different masses; atom_style atomic of LAMMPS allows one per type."
            )
        mass = masses[0] if len(masses) else 1.0  # a type without atoms still needs a line
        lines.append(f"{a + 1} {float(mass)!r}  # {name}")
    lines += ["", "Atoms # atomic", ""]
    lines += [
        f"{k + 1} {s + 1} {x:.17g} {y:.17g} {z:.17g}" + f" {u} {v} {w}" * frame.has_images
        for k, (s, (x, y, z), (u, v, w)) in enumerate(
            zip(topology.species.tolist(), positions.tolist(), frame.images.tolist())
        )
    ]
    if frame.velocities is not None:
        lines += ["", "Velocities", ""]
        velocities = (frame.velocities @ rotation).tolist()
        lines += [f"{k + 1} {x:.17g} {y:.17g} {z:.17g}" for k, (x, y, z) in enumerate(velocities)]
    file.write(("\n".join(lines) + "\n").encode())


def _needs_masses(topology: Topology) -> bool:
    standard = np.array([standard_mass(element) for element in topology.elements])[topology.species]
    return set(topology.elements) == {"C"} or not np.array_equal(topology.masses, standard)


def write_dump_frame(file: BinaryIO, frame: Frame, topology: Topology) -> None:
    """Append a frame to a LAMMPS text dump.

    The columns are ``id type element [mass] x y z [ix iy iz] [vx vy vz] [i_site:<label> ...]``. The mass is written if
    one differs from the atomic weight, and if all atoms are C, which LAMMPS also writes for types without a name.

    Parameters are those of `write_data`. A column ``i_site:<label>`` is 1 for the atoms of species with this site
    label: readers ignore integer columns that they do not know, but not text.
    """
    cell, rotation = restricted(frame.cell.matrix)
    flags = " ".join("pp" if p else "ff" for p in frame.cell.periodic)
    high = np.diag(cell)
    low = np.zeros(3)
    if np.any(np.tril(cell, -1)):
        xy, xz, yz = cell[1, 0], cell[2, 0], cell[2, 1]
        # a dump stores the bounding box of a tilted cell
        low = np.array([min(0.0, xy, xz, xy + xz), min(0.0, yz), 0.0])
        high = high + np.array([max(0.0, xy, xz, xy + xz), max(0.0, yz), 0.0])
        header = f"ITEM: BOX BOUNDS xy xz yz {flags}"
        bounds = [f"{a:.17g} {b:.17g} {tilt:.17g}" for a, b, tilt in zip(low, high, (xy, xz, yz))]
    else:
        header = f"ITEM: BOX BOUNDS {flags}"
        bounds = [f"{a:.17g} {b:.17g}" for a, b in zip(low, high)]
    elements = [element_of(name) for name in topology.species_names]
    velocities = frame.velocities
    sites = [name.partition(":")[2] for name in topology.species_names]
    labels = list(dict.fromkeys(site for site in sites if site))
    flags_of = ["".join(f" {int(site == label)}" for label in labels) for site in sites]
    weighed = _needs_masses(topology)
    columns = (
        f"id type element{' mass' * weighed} x y z"
        + " ix iy iz" * frame.has_images
        + " vx vy vz" * (velocities is not None)
    )
    columns += "".join(f" {SITE_PREFIX}{label}" for label in labels)
    lines = ["ITEM: TIMESTEP", str(frame.step), "ITEM: NUMBER OF ATOMS", str(topology.n_atoms)]
    lines += [header, *bounds, f"ITEM: ATOMS {columns}"]
    masses = [f" {mass!r}" for mass in topology.masses.tolist()] if weighed else [""] * topology.n_atoms
    rows = [
        f"{k + 1} {s + 1} {elements[s]}{mass} {x:.10g} {y:.10g} {z:.10g}" + f" {u} {v} {w}" * frame.has_images
        for k, (s, mass, (x, y, z), (u, v, w)) in enumerate(
            zip(topology.species.tolist(), masses, (frame.positions @ rotation).tolist(), frame.images.tolist())
        )
    ]
    if velocities is not None:
        rotated = (velocities @ rotation).tolist()
        rows = [f"{row} {x:.10g} {y:.10g} {z:.10g}" for row, (x, y, z) in zip(rows, rotated)]
    if labels:
        rows = [row + flags_of[s] for row, s in zip(rows, topology.species.tolist())]
    file.write(("\n".join(lines + rows) + "\n").encode())
