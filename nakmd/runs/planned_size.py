"""Atoms, cell and building time of a structure, by arithmetic before anything is built."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, inf, pi, radians

import numpy as np

from nakmd.deck.carbon_sections import Bundle, CarbonFile, Graphene, Tubes, WalledTubes
from nakmd.deck.matter import Structure
from nakmd.deck.metal_sections import Crystal, Liquid
from nakmd.elements import WALL
from nakmd.errors import StructureError
from nakmd.runs.table_error import of_table
from nakmd.system import System
from nakmd.units import G_PER_CM3_PER_AMU_A3

#: Default thickness [Å] of the liquid around a tube, of a liquid slab, and of the vacuum.
AROUND = 12.0
SLAB = 20.0
VACUUM = 15.0

#: Time [µs] to build one atom of liquid, of a wall, of a doped wall, and one point of the grid that measures volumes,
#: on one thread. Measured: 14 and 17 µs of processor time for liquids of 10⁵ and 10⁶ atoms, 40 µs for a doped (40,40)
#: tube of 19,520 atoms (loaded Sapphire Rapids); about, the other two.
LIQUID_TIME, WALL_TIME, DOPED_TIME, POINT_TIME = 15.0, 1.0, 40.0, 0.1

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
    volume : float [Å³]
        Of the cell; infinite for atoms from a file whose cell does not bound them.
    build_time : float [s]
    """

    wall: float
    metal: float
    lengths: tuple[float, float, float]
    volume: float
    build_time: float

    @property
    def n_atoms(self) -> float:
        """Number of atoms."""
        return self.wall + self.metal


def plan_size(structure: Structure, bond: float, wall: System | None = None) -> PlannedSize | None:
    """Return the size of a structure: of a wall from a file an upper limit, of others to about one part in ten.

    Parameters
    ----------
    structure : Structure
        With lengths of at most 1e5 Å, so that no product overflows; as `build_system` takes it.
    bond : float [Å]
        C-C bond of a wall whose table gives none.
    wall : System, optional
        The wall of a `CarbonFile`, as read.

    Returns
    -------
    PlannedSize or None
        None for a complete structure from a file, which is limited as it is repeated and once it is built, and for a
        wall from a file that is not given.

    Raises
    ------
    StructureError
        If the structure cannot be built: what limits its size is missing or invalid.
    """
    if structure.crystal is not None:
        return _crystal(structure, structure.crystal)
    if structure.file is not None:
        return None
    if isinstance(structure.carbon, CarbonFile):
        return None if wall is None else _wall_from_file(structure, structure.carbon, wall)
    if structure.carbon is not None:
        return _wall(structure, structure.carbon, bond)
    return _bulk(structure)


def needs_density(structure: Structure) -> bool:
    """Return whether the density of the liquid is needed: for the number of atoms, or for the space that they take."""
    section, box = structure.liquid, structure.box
    if section is None:
        return False
    is_sized = structure.carbon is not None or (box is not None and box.lengths is not None)
    return section.atoms is None or section.region == "droplet" or not is_sized


def _sized(
    wall: float,
    metal: float,
    lengths: tuple[float, float, float],
    doped: bool = False,
    liquid: bool = True,
    volume: float | None = None,
) -> PlannedSize:
    volume = lengths[0] * lengths[1] * lengths[2] if volume is None else volume
    points = min(volume / GRID_SPACING**3, GRID_POINTS) if liquid else 0.0
    each = LIQUID_TIME if liquid else WALL_TIME
    seconds = 1e-6 * (metal * each + wall * (DOPED_TIME if doped else WALL_TIME) + points * POINT_TIME)
    return PlannedSize(wall, metal, lengths, volume, seconds)


def _crystal(structure: Structure, section: Crystal) -> PlannedSize:
    from nakmd.structures.crystal import crystal  # noqa: PLC0415  (as in the builder)
    from nakmd.structures.crystal_slab import FACES  # noqa: PLC0415  (as in the builder)

    # one unit cell, which is refused if no lattice constant is known
    a = float(crystal(section.element, 1, lattice_constant=section.lattice).cell.lengths[0])
    x, y, *deep = (float(n) for n in section.repeat)
    if section.face is None or section.layers is None:
        n_atoms, lengths = 2.0 * x * y * deep[0], (a * x, a * y, a * deep[0])
    else:
        face, layers = FACES[section.face], float(section.layers)
        n_atoms = len(face.sites) * x * y * layers
        vacuum = (structure.box.vacuum if structure.box else None) or VACUUM
        depth = a * face.spacing * (layers - 1.0) + 2.0 * vacuum
        lengths = (a * face.edges[0] * x, a * face.edges[1] * y, depth)
    in_wall = section.element in WALL
    return _sized(n_atoms * in_wall, n_atoms * (not in_wall), lengths, liquid=False)


def _atoms_per_volume(section: Liquid) -> float:
    """Return the number density [1/Å³]."""
    from nakmd.structures.liquid import nak_density, number_density  # noqa: PLC0415  (scipy is slow to import)

    if section.density is not None:
        return number_density(section.x_K, section.density * G_PER_CM3_PER_AMU_A3)
    if section.temperature is None:
        what = "amount" if section.atoms is None else "volume"
        more = ", a density or a number of atoms" if section.atoms is None else " or a density"
        raise StructureError(f"The {what} of liquid needs a temperature{more}.")
    return number_density(section.x_K, nak_density(section.x_K, section.temperature))


def _amount(structure: Structure, section: Liquid, volume: float) -> float:
    """Return the number of atoms of liquid that fill a volume [Å³], or the number that the deck gives."""
    density = _atoms_per_volume(section) if needs_density(structure) else 0.0
    if section.radius is not None:
        volume = _droplet_volume(section.radius, section.contact_angle, isinstance(structure.carbon, Graphene))
    return density * volume if section.atoms is None else float(section.atoms)


def _droplet_volume(radius: float, contact_angle: float, on_plane: bool) -> float:
    """Return the volume [Å³] of a cap on a plane; of one around a tube that of its sphere, which is an upper limit."""
    c = cos(radians(contact_angle)) if on_plane else -1.0
    return pi / 3.0 * radius**3 * (2.0 + c) * (1.0 - c) ** 2


def _bulk(structure: Structure) -> PlannedSize:
    section = structure.liquid
    if section is None:
        raise StructureError("The structure is empty.")
    vacuum = 2.0 * ((structure.box.vacuum if structure.box else None) or 0.0)
    lengths = structure.box.lengths if structure.box else None
    if lengths is not None:
        x, y, z = lengths
        return _sized(0.0, _amount(structure, section, x * y * z), (x, y, z + vacuum))
    if section.atoms is None:
        raise StructureError(
            "A bulk liquid needs a number of atoms, such as atoms = 4000, or the lengths of a [structure.box]."
        )
    volume = float(section.atoms) / _atoms_per_volume(section)
    depth = section.thickness or volume ** (1.0 / 3.0)
    side = (volume / depth) ** 0.5
    return _sized(0.0, float(section.atoms), (side, side, depth + vacuum))


def _tubes(carbon: Tubes, bond: float, room: float, across: float | None) -> tuple[float, list[float], float, float]:
    """Return wall atoms, cell lengths with the axis last, the volume within the outer walls, and inside the inner.

    Parameters
    ----------
    carbon : Tubes
    bond : float [Å]
    room : float [Å]
        Free space on every side.
    across : float [Å], optional
        Free space along the second direction across the axis, in place of twice the room.
    """
    from nakmd.structures.common_length import common_length  # noqa: PLC0415  (as above)
    from nakmd.structures.nanotube import TubeGeometry  # noqa: PLC0415
    from nakmd.structures.tube_bundle import hexagonal_places  # noqa: PLC0415

    with of_table("structure", "carbon", key="walls" if isinstance(carbon, WalledTubes) else "chirality"):
        walls = [TubeGeometry(n, m, bond) for n, m in carbon.all_walls]
        if isinstance(carbon, WalledTubes):
            match = common_length(walls, carbon.length, carbon.strain)
            wall, length = float(match.n_atoms), match.length
        else:
            repeats = walls[0].repeats_for(carbon.length)
            wall, length = float(repeats * walls[0].atoms_per_period), repeats * walls[0].period
    outer, gap = walls[-1].radius, carbon.gap if isinstance(carbon, Bundle) else 0.0
    extent = np.ptp(hexagonal_places(carbon.number), axis=0) * (2.0 * outer + gap) + 2.0 * outer
    lengths = [float(extent[0]) + 2.0 * room, float(extent[1]) + (2.0 * room if across is None else across), length]
    shape = pi * length * carbon.number
    return wall * carbon.number, lengths, shape * outer**2, shape * walls[0].radius ** 2


def _wall(structure: Structure, carbon: Tubes | Graphene, bond: float) -> PlannedSize:
    from nakmd.structures.graphene import RECTANGLE, repeats_for  # noqa: PLC0415  (as above)

    bond = carbon.bond or bond
    liquid, box = structure.liquid, structure.box
    region = None if liquid is None else liquid.region
    thickness = (liquid.thickness if liquid is not None else None) or (AROUND if region == "around" else SLAB)
    vacuum = (box.vacuum if box else None) or VACUUM
    if isinstance(carbon, Tubes):
        slab = thickness + vacuum if region == "beside" else None
        wall, sides, within, inside = _tubes(carbon, bond, thickness if region == "around" else vacuum, slab)
        side, height, length = sides
        filled = {
            "around": side * height * length - within, "inside": inside, "beside": side * thickness * length,
        }  # fmt: skip
        x, y, z = (sides[(c - "xyz".index(carbon.axis) - 1) % 3] for c in range(3))
        lengths = (x, y, z)
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
    metal = 0.0 if liquid is None else _amount(structure, liquid, filled.get(liquid.region, 0.0))
    return _sized(wall, metal, lengths, _is_doped(carbon), liquid is not None)


def _wall_from_file(structure: Structure, carbon: CarbonFile, wall: System) -> PlannedSize:
    from nakmd.structures.tube_axis import tube_axes  # noqa: PLC0415  (as above)

    section, cell = structure.liquid, wall.cell
    lengths, volume = cell.lengths.tolist(), cell.volume
    if section is None:
        # the cell of atoms in free space may be of any size
        volume = volume if cell.periodic.all() else inf
        return _sized(wall.n_atoms, 0.0, (lengths[0], lengths[1], lengths[2]), _is_doped(carbon), False, volume)
    filled = volume
    tubes = tube_axes(wall) if "tube" in wall.groups else []
    if section.region == "inside" and tubes:
        filled = sum(pi * tube.inner**2 * lengths[tube.direction] for tube in tubes)
    elif section.region == "beside":
        axis = tubes[0].across[1] if tubes else 2
        thickness = section.thickness or SLAB
        base = volume / float(cell.heights[axis])
        vacuum = (structure.box.vacuum if structure.box else None) or VACUUM
        lengths[axis] = float(np.ptp(wall.positions[:, axis])) + thickness + vacuum
        filled, volume = base * thickness, base * lengths[axis]
    metal = _amount(structure, section, filled)
    return _sized(wall.n_atoms, metal, (lengths[0], lengths[1], lengths[2]), _is_doped(carbon), True, volume)


def _is_doped(carbon: Tubes | Graphene | CarbonFile) -> bool:
    return carbon.doping is not None and bool(carbon.doping.fractions)
