"""The carbon walls that a deck describes: tubes and sheets."""

from __future__ import annotations

from nakmd.deck.carbon_sections import Bundle, Graphene, Nanotube, Tubes, WalledTubes
from nakmd.deck.matter import Structure
from nakmd.runs.planned_size import AROUND, SLAB, VACUUM
from nakmd.system import System

#: Largest strain along the axis that is not noted, as for other walls that are built.
NOTED_STRAIN = 0.005


def built_wall(structure: Structure, bond: float, notes: list[str] | None = None) -> System:
    """Return the wall of a structure that is not read from a file, tubes along z, in a cell with room for the liquid.

    Parameters
    ----------
    structure : Structure
    bond : float [Å]
        C-C bond of a wall whose table gives none.
    notes : list of str, optional
        Receives the strains of walls of different periods.

    Raises
    ------
    StructureError
        If the wall cannot be built.
    """
    from nakmd.structures.graphene import graphene  # noqa: PLC0415  (scipy is slow to import)

    carbon, liquid = structure.carbon, structure.liquid
    vacuum = (structure.box.vacuum if structure.box else None) or VACUUM
    assert isinstance(carbon, Tubes | Graphene)  # guaranteed by build_system
    bond = carbon.bond or bond
    if isinstance(carbon, Tubes):
        if liquid is not None and liquid.region == "around":
            vacuum = liquid.thickness or AROUND
        return _built_tubes(carbon, bond, vacuum, notes)
    gap = carbon.gap
    if liquid is not None and liquid.region == "between":
        # the liquid is between two sheets, or between one sheet and its periodic image
        gap = liquid.thickness or SLAB
        vacuum = 0.5 * gap if carbon.layers == 1 else vacuum
    return graphene(
        lengths=carbon.size, layers=carbon.layers, gap=gap, stacking=carbon.stacking, bond=bond, vacuum=vacuum
    )


def _built_tubes(carbon: Tubes, bond: float, vacuum: float, notes: list[str] | None) -> System:
    """Return tubes along z, with vacuum on every side."""
    from nakmd.structures.common_length import common_length  # noqa: PLC0415  (as above)
    from nakmd.structures.nanotube import TubeGeometry, nanotube  # noqa: PLC0415
    from nakmd.structures.tube_bundle import GAP, bundle  # noqa: PLC0415

    if isinstance(carbon, Nanotube):
        n, m = carbon.chirality
        return nanotube(n, m, length=carbon.length, bond=bond, vacuum=vacuum)
    assert isinstance(carbon, WalledTubes)  # the other kinds
    match = common_length([TubeGeometry(n, m, bond) for n, m in carbon.walls], carbon.length, carbon.strain)
    if notes is not None and match.largest > NOTED_STRAIN:
        notes.append(f"the walls are strained to a common length: {match.describe()}")
    return bundle(
        carbon.walls,
        carbon.number,
        length=carbon.length,
        gap=carbon.gap if isinstance(carbon, Bundle) else GAP,
        strain=carbon.strain,
        bond=bond,
        vacuum=vacuum,
    )
