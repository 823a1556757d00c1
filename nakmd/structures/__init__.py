"""Structure building: carbon walls, nitrogen doping, crystals, liquid metal and their assembly.

>>> from nakmd.structures import crystal
>>> crystal("Na", 2).n_atoms
16
"""

from nakmd.structures.assembly import boxed, combine, placed, rotated, select, translated, turned
from nakmd.structures.common_length import CommonLength, common_length
from nakmd.structures.crystal import crystal, substitute
from nakmd.structures.crystal_slab import crystal_slab
from nakmd.structures.distances import check_overlaps, closest_distances
from nakmd.structures.doping import dope, nitrogen_fractions
from nakmd.structures.doping_sites import count_sites
from nakmd.structures.droplet import droplet, droplet_on_sheet, droplet_on_tube
from nakmd.structures.graphene import graphene
from nakmd.structures.layers import with_layers
from nakmd.structures.liquid import composition, fill, liquid, nak_density, number_density
from nakmd.structures.nanotube import TubeGeometry, nanotube
from nakmd.structures.packing import pack
from nakmd.structures.parking import park
from nakmd.structures.regions import (
    Cylinder,
    Inside,
    Intersection,
    Region,
    Slab,
    Sphere,
    Union,
    above_sheet,
    between_sheets,
    inside_tube,
    outside_tube,
)  # fmt: skip
from nakmd.structures.tube_axis import TubeAxis, tube_axes, tube_axis
from nakmd.structures.tube_bundle import bundle, multiwall
from nakmd.structures.volume import accessible_volume

__all__ = [
    "CommonLength",
    "Cylinder",
    "Inside",
    "Intersection",
    "Region",
    "Slab",
    "Sphere",
    "TubeAxis",
    "TubeGeometry",
    "Union",
    "above_sheet",
    "accessible_volume",
    "between_sheets",
    "boxed",
    "bundle",
    "check_overlaps",
    "closest_distances",
    "combine",
    "common_length",
    "composition",
    "count_sites",
    "crystal",
    "crystal_slab",
    "dope",
    "droplet",
    "droplet_on_sheet",
    "droplet_on_tube",
    "fill",
    "graphene",
    "inside_tube",
    "liquid",
    "multiwall",
    "nak_density",
    "nanotube",
    "nitrogen_fractions",
    "number_density",
    "outside_tube",
    "pack",
    "park",
    "placed",
    "rotated",
    "select",
    "substitute",
    "translated",
    "tube_axes",
    "tube_axis",
    "turned",
    "with_layers",
]  # fmt: skip
