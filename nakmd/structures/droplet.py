"""Droplets of liquid NaK: spherical caps on a sheet or a tube, and free spheres."""

from __future__ import annotations

from math import cos, radians, sin
from typing import NamedTuple

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import StructureError
from nakmd.structures.distances import lengths_of
from nakmd.structures.liquid import WALL_EXCLUSION, fill, nak_density, number_density
from nakmd.structures.regions import Cylinder, Inside, Region, Slab, Sphere
from nakmd.structures.tube_axis import tube_axes, tube_axis
from nakmd.structures.volume import accessible_points
from nakmd.system import System


def droplet_on_sheet(
    system: System,
    x_K: float,
    temperature: float,
    *,
    n_atoms: int | None = None,
    radius: float | None = None,
    contact_angle: float = 90.0,
    group: str = "sheet",
    seed: int = 0,
) -> System:
    """Put a spherical cap of liquid NaK on the centre of a sheet in the xy plane.

    Parameters
    ----------
    system : System
        Not changed.
    x_K : float
        Mole fraction of potassium.
    temperature : float [K]
        For the density.
    n_atoms : int, optional
        Number of metal atoms; it sets the radius.
    radius : float [Å], optional
        Radius of the sphere of which the droplet is the cap; it sets the number of atoms. Give one of the two.
    contact_angle : float [degree]
        Initial contact angle, measured in the liquid.
    group : str
        Atoms of the sheet.
    seed : int

    Returns
    -------
    System

    Raises
    ------
    StructureError
        If the droplet does not fit into the cell, or not one of ``n_atoms`` and ``radius`` is given.

    Examples
    --------
    >>> from nakmd.structures import droplet_on_sheet, graphene
    >>> sheet = graphene(lengths=(30.0, 30.0), vacuum=15.0)
    >>> wet = droplet_on_sheet(sheet, x_K=1.0, temperature=450.0, n_atoms=30, contact_angle=120.0)
    >>> int(wet.groups["liquid"].sum()), wet.species_names
    (30, ('C', 'K'))
    """
    if group not in system.groups or not np.any(system.groups[group]):
        raise StructureError(f"Group {group!r} has no atoms to put a droplet on.")
    sheet = system.positions[system.groups[group]]
    foot = (*(0.5 * np.diag(system.cell.matrix)[:2]), float(sheet[:, 2].mean()))
    above = Slab(system.cell, foot[2], foot[2] + 0.5 * float(system.cell.matrix[2, 2]))
    if not system.cell.periodic[2]:
        above = Slab(system.cell, foot[2], float(system.cell.matrix[2, 2]))
    return _fill_cap(system, _Cap(x_K, temperature, n_atoms, radius, contact_angle, foot, 2), above, seed)


def droplet_on_tube(
    system: System,
    x_K: float,
    temperature: float,
    *,
    n_atoms: int | None = None,
    radius: float | None = None,
    contact_angle: float = 130.0,
    group: str = "tube",
    seed: int = 0,
) -> System:
    """Put a droplet of liquid NaK on the outside of a tube, at half its length: on its +y side if it is along z.

    Parameters are those of `droplet_on_sheet`; the contact angle refers to the tangent plane of the tube.
    Droplets larger than the tube radius reach around it. The side is +z of a tube along x, +x of one along y.

    Raises
    ------
    StructureError
        If the droplet does not fit into the cell, or the tube is one of a bundle.

    Examples
    --------
    >>> from nakmd.structures import droplet_on_tube, nanotube
    >>> tube = nanotube(10, 10, length=30.0)
    >>> wet = droplet_on_tube(tube, x_K=1.0, temperature=450.0, n_atoms=30)
    >>> bool((wet.positions[wet.groups["liquid"], 1] > tube.cell.lengths[1] / 2).all())  # on its +y side
    True
    """
    if group == "tube" and len(tube_axes(system)) > 1:
        raise StructureError("A droplet sits on one tube; this is a bundle. Put liquid around or beside it.")
    axis = tube_axis(system, group)
    side, normal = axis.across
    foot = np.zeros(3)
    foot[[side, normal]] = axis.center[0], axis.center[1] + axis.radius
    foot[axis.direction] = 0.5 * float(system.cell.matrix[axis.direction, axis.direction])
    exterior = Cylinder(system.cell, axis.center, axis.radius, outside=True, axis=axis.direction)
    place = (float(foot[0]), float(foot[1]), float(foot[2]))
    return _fill_cap(system, _Cap(x_K, temperature, n_atoms, radius, contact_angle, place, normal), exterior, seed)


class _Cap(NamedTuple):
    """A cap of liquid whose sphere meets the plane through ``foot`` (normal: ``axis``) at the contact angle."""

    x_K: float  # noqa: N815  (the symbol of the field)
    temperature: float
    n_atoms: int | None
    radius: float | None
    contact_angle: float
    foot: tuple[float, float, float]
    axis: int


def _fill_cap(system: System, cap: _Cap, beyond: Region, seed: int) -> System:
    """Fill the part of a cap in the region ``beyond`` the wall with liquid."""
    x_K, temperature, n_atoms, given, contact_angle, foot, axis = cap
    if (n_atoms is None) == (given is None):
        raise StructureError("A droplet needs either a number of atoms or a radius.")
    if not system.cell.is_orthorhombic:
        raise StructureError("A droplet needs an orthorhombic cell.")
    if not 10.0 <= contact_angle <= 170.0:
        raise StructureError(
            f"The initial contact angle of a droplet must be within 10 and 170 degrees, got {contact_angle:g}."
        )
    space = beyond & Inside(system.cell)
    points, volume = accessible_points(system, space, WALL_EXCLUSION)
    offsets = system.cell.minimum_image(points - np.array(foot))
    reach = _radius_to_reach(offsets, axis, radians(contact_angle))
    named = f"of {n_atoms} atoms"
    if n_atoms is None:
        radius = float(given or 0.0)
        named = f"with a radius of {radius:g} Å"
        n_atoms = _atoms_within(radius, x_K, temperature, reach, volume)
    else:
        radius = _radius_for(n_atoms, x_K, temperature, reach, volume)
    lengths = np.diag(system.cell.matrix)
    center = list(foot)
    center[axis] -= radius * cos(radians(contact_angle))
    # a cap that touches its own image is a film
    room = lengths.copy()
    room[axis] = 0.5 * lengths[axis] if system.cell.periodic[axis] else lengths[axis] - foot[axis]
    size = np.full(3, 2.0 * radius * (sin(radians(contact_angle)) if contact_angle < 90.0 else 1.0))
    size[axis] = radius * (1.0 - cos(radians(contact_angle)))
    for c in range(3):
        if size[c] > room[c]:
            raise StructureError(
                f"A droplet {named} is {size[c]:.1f} Å long along {'xyz'[c]}, but only {room[c]:.1f} Å are "
                "free. Enlarge the cell or make the droplet smaller."
            )
    sphere = Sphere(system.cell, (center[0], center[1], center[2]), radius, foot)
    return fill(system, x_K, temperature, region=sphere & beyond, n_atoms=n_atoms, seed=seed)


def _radius_to_reach(offsets: FloatArray, axis: int, angle: float) -> FloatArray:
    """Return the radius of the cap whose surface contains each point, (n,) [Å].

    The centre is at -R cos θ on the normal; with h along the normal and r the distance from the foot,
    R² sin²θ - 2 h R cos θ - r² = 0.
    """
    h = offsets[:, axis]
    square = np.sum(offsets * offsets, axis=1)
    c, s2 = cos(angle), sin(angle) ** 2
    return np.asarray((h * c + np.sqrt(h * h * c * c + s2 * square)) / s2)


def droplet(
    system: System,
    x_K: float,
    temperature: float,
    *,
    n_atoms: int,
    center: tuple[float, float, float] | None = None,
    region: Region | None = None,
    seed: int = 0,
) -> System:
    """Put a sphere of liquid NaK into a system.

    Parameters
    ----------
    system : System
        Not changed. Atoms inside the sphere displace liquid: around the axis of a tube it is a bead on the tube.
    x_K, temperature, n_atoms, seed
        As for `droplet_on_sheet`.
    center : (float, float, float) [Å], optional
        Default: the centre of the cell.
    region : Region, optional
        Restricts the sphere, for example to the outside of a tube.

    Returns
    -------
    System

    Examples
    --------
    >>> from nakmd import Cell, System
    >>> from nakmd.structures import droplet
    >>> empty = System([], [], (), Cell([30.0, 30.0, 30.0]))
    >>> drop = droplet(empty, x_K=0.67, temperature=450.0, n_atoms=60)
    >>> drop.n_atoms, drop.positions.mean(axis=0).round().tolist()
    (60, [15.0, 15.0, 15.0])
    """
    middle = 0.5 * np.sum(system.cell.matrix, axis=0)
    point = center if center is not None else (float(middle[0]), float(middle[1]), float(middle[2]))
    whole_cell: Region = Inside(system.cell)
    space = whole_cell if region is None else region & whole_cell
    points, volume = accessible_points(system, space, WALL_EXCLUSION)
    offsets = system.cell.minimum_image(points - np.array(point))
    radius = _radius_for(n_atoms, x_K, temperature, lengths_of(offsets), volume)
    if np.any(2.0 * radius > system.cell.heights):
        raise StructureError(
            f"A droplet of {n_atoms} atoms has a diameter of {2.0 * radius:.1f} Å; the cell has "
            f"{system.cell.heights.min():.1f} Å. Enlarge the cell or reduce the number of atoms."
        )
    sphere = Sphere(system.cell, point, radius) & space
    return fill(system, x_K, temperature, region=sphere, n_atoms=n_atoms, seed=seed)


def _radius_for(n_atoms: int, x_K: float, temperature: float, radii: FloatArray, volume: float) -> float:
    """Return the radius [Å] that contains enough grid points for the atoms.

    Parameters
    ----------
    radii : (n,) float64 [Å]
        Radius at which each point is on the surface.
    volume : float [Å³]
        Volume per point.
    """
    if n_atoms < 1:
        raise StructureError(f"A droplet needs at least 1 atom, got {n_atoms}.")
    needed = n_atoms / number_density(x_K, nak_density(x_K, temperature))
    rank = max(1, round(needed / volume))
    if rank > len(radii):
        raise StructureError(
            f"A droplet of {n_atoms} atoms needs {needed:.0f} Å³, but only {len(radii) * volume:.0f} Å³ are "
            "free. Enlarge the cell or reduce the number of atoms."
        )
    return float(np.sort(radii)[rank - 1])


def _atoms_within(radius: float, x_K: float, temperature: float, radii: FloatArray, volume: float) -> int:
    """Return the number of atoms in a droplet of a radius [Å]; parameters as in `_radius_for`."""
    space = float(np.count_nonzero(radii <= radius)) * volume
    n_atoms = round(space * number_density(x_K, nak_density(x_K, temperature)))
    if n_atoms < 1:
        raise StructureError(
            f"A droplet with a radius of {radius:g} Å has {space:.0f} Å³ outside the wall, less than one atom. Give a "
            "larger radius.",
            about="radius",
        )
    return n_atoms
