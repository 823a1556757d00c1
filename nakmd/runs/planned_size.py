"""Atoms, cell and building time of a structure, by arithmetic before anything is built."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

from nakmd.deck.matter import CarbonFile, Crystal, Graphene, Liquid, Nanotube, Structure
from nakmd.elements import WALL
from nakmd.errors import StructureError
from nakmd.units import G_PER_CM3_PER_AMU_A3

#: Default thickness [Å] of the liquid around a tube, of a liquid slab, and of the vacuum.
AROUND = 12.0
SLAB = 20.0
VACUUM = 15.0

#: Time [µs] to build one atom of liquid, of a wall, of a doped wall; and one point of the grid that measures volumes.
LIQUID_TIME, WALL_TIME, DOPED_TIME, POINT_TIME = 90.0, 1.0, 150.0, 1.0

#: Largest number of grid points (`nakmd.structures.volume`), and its spacing [Å].
GRID_POINTS, GRID_SPACING = 4e6, 0.5


@dataclass(frozen=True)
class PlannedSize:
    """Size of a structure that is not built yet.

    Attributes
    ----------
    wall, metal : float
        Numbers of atoms, those of doping sites not subtracted.
    lengths : (float, float, float) [Å]
        Of the cell.
    build_time : float [s]
    """

    wall: float
    metal: float
    lengths: tuple[float, float, float]
    build_time: float

    @property
    def n_atoms(self) -> float:
        """Number of atoms."""
        return self.wall + self.metal

    @property
    def volume(self) -> float:
        """Volume [Å³] of the cell."""
        return self.lengths[0] * self.lengths[1] * self.lengths[2]


def plan_size(structure: Structure, bond: float) -> PlannedSize | None:
    """Return the size of a structure to about one part in ten.

    Parameters
    ----------
    structure : Structure
        With lengths of at most 1e5 Å, so that no product overflows.
    bond : float [Å]
        C-C bond of a wall whose table gives none.

    Returns
    -------
    PlannedSize or None
        None for a structure from a file, and where the builder will refuse a value.
    """
    try:
        if structure.crystal is not None:
            return _crystal(structure.crystal)
        if structure.file is not None or isinstance(structure.carbon, CarbonFile):
            return None
        if structure.carbon is not None:
            return _wall(structure, structure.carbon, bond)
        return _bulk(structure)
    except StructureError:
        return None


def _sized(
    wall: float, metal: float, lengths: tuple[float, float, float], doped: bool = False, liquid: bool = True
) -> PlannedSize:
    points = min(lengths[0] * lengths[1] * lengths[2] / GRID_SPACING**3, GRID_POINTS) if liquid else 0.0
    each = LIQUID_TIME if liquid else WALL_TIME
    seconds = 1e-6 * (metal * each + wall * (DOPED_TIME if doped else WALL_TIME) + points * POINT_TIME)
    return PlannedSize(wall, metal, lengths, seconds)


def _crystal(section: Crystal) -> PlannedSize | None:
    from nakmd.structures.crystal import LATTICE_CONSTANTS  # noqa: PLC0415  (as in the builder)

    a = section.lattice or LATTICE_CONSTANTS.get(("bcc", (section.element,)))
    if a is None:
        return None
    nx, ny, nz = (float(n) for n in section.repeat)
    n_atoms = 2.0 * nx * ny * nz
    in_wall = section.element in WALL
    return _sized(n_atoms * in_wall, n_atoms * (not in_wall), (a * nx, a * ny, a * nz), liquid=False)


def _atoms_per_volume(section: Liquid) -> float | None:
    """Return the number density [1/Å³], None if neither temperature nor density is given."""
    from nakmd.structures.liquid import nak_density, number_density  # noqa: PLC0415  (scipy is slow to import)

    if section.density is not None:
        return number_density(section.x_K, section.density * G_PER_CM3_PER_AMU_A3)
    if section.temperature is None:
        return None
    return number_density(section.x_K, nak_density(section.x_K, section.temperature))


def _bulk(structure: Structure) -> PlannedSize | None:
    section = structure.liquid
    if section is None:
        return None
    density = _atoms_per_volume(section)
    vacuum = 2.0 * ((structure.box.vacuum if structure.box else None) or 0.0)
    lengths = structure.box.lengths if structure.box else None
    if lengths is not None:
        x, y, z = lengths
        if section.atoms is None and density is None:
            return None
        n_atoms = float(section.atoms) if section.atoms is not None else (density or 0.0) * x * y * z
        return _sized(0.0, n_atoms, (x, y, z + vacuum))
    if density is None or section.atoms is None:
        return None
    volume = float(section.atoms) / density
    depth = section.thickness or volume ** (1.0 / 3.0)
    side = (volume / depth) ** 0.5
    return _sized(0.0, float(section.atoms), (side, side, depth + vacuum))


def _wall(structure: Structure, carbon: Nanotube | Graphene, bond: float) -> PlannedSize | None:
    from nakmd.structures.graphene import RECTANGLE, repeats_for  # noqa: PLC0415  (as above)
    from nakmd.structures.nanotube import TubeGeometry  # noqa: PLC0415

    bond = carbon.bond or bond
    liquid, box = structure.liquid, structure.box
    region = None if liquid is None else liquid.region
    thickness = (liquid.thickness if liquid is not None else None) or (AROUND if region == "around" else SLAB)
    vacuum = (box.vacuum if box else None) or VACUUM
    if isinstance(carbon, Nanotube):
        tube = TubeGeometry(*carbon.chirality, bond)
        repeats = tube.repeats_for(carbon.length)
        wall, length = float(repeats * tube.atoms_per_period), repeats * tube.period
        side = 2.0 * (tube.radius + (thickness if region == "around" else vacuum))
        height = side if region != "beside" else 2.0 * tube.radius + thickness + vacuum
        inside = pi * tube.radius**2 * length
        filled = {"around": side * side * length - inside, "inside": inside, "beside": side * thickness * length}
        lengths = (side, height, length)
    else:
        nx, ny = repeats_for(carbon.size, bond)
        wall = 4.0 * nx * ny * float(carbon.layers)
        x, y = float(nx * RECTANGLE[0] * bond), float(ny * RECTANGLE[1] * bond)
        gap = thickness if region == "between" else carbon.gap
        z = (float(carbon.layers) - 1.0) * gap
        if region == "beside":
            z += thickness + vacuum
        else:
            z += gap if region == "between" and carbon.layers == 1 else 2.0 * vacuum
        filled = {"beside": x * y * thickness, "between": x * y * gap}
        lengths = (x, y, z)
    metal = 0.0
    if liquid is not None:
        density = _atoms_per_volume(liquid) or 0.0
        metal = float(liquid.atoms) if liquid.atoms is not None else density * filled.get(liquid.region, 0.0)
    doped = carbon.doping is not None and bool(carbon.doping.fractions)
    return _sized(wall, metal, lengths, doped, liquid is not None)
