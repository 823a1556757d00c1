"""How a deck makes its cell larger: the keys that set each direction, with values that suffice."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import ceil

from nakmd.deck.carbon_sections import CarbonFile, Graphene, Nanotube, Tubes
from nakmd.deck.matter import Structure
from nakmd.runs.planned_size import AROUND, SLAB, VACUUM


def enlarged(structure: Structure, heights: Sequence[float], short: Collection[int], least: float) -> str:
    """Return what to write for a cell whose heights are at least ``least``, as a list of keys with their tables.

    Parameters
    ----------
    structure : Structure
        Of a cell that is built.
    heights : sequence of 3 floats [Å]
        Those of the cell.
    short : collection of int
        The directions that are too short, not empty.
    least : float [Å]

    Notes
    -----
    Lengths that are rounded to whole unit cells are multiples of those that the cell has, which are whole cells.
    """
    if structure.file is not None:
        repeat = [ceil(given * max(1.0, least / h)) for given, h in zip(structure.file.repeat, heights, strict=True)]
        return f"repeat = {repeat} in [structure.file]"
    if structure.crystal is not None:
        crystal = structure.crystal
        parts = []
        flat = [c for c in short if c < len(crystal.repeat)]
        if flat:
            repeat = [ceil(given * max(1.0, least / heights[c])) for c, given in enumerate(crystal.repeat)]
            parts.append(f"repeat = {repeat} in [structure.crystal]")
        if len(flat) < len(short):
            parts.append(_vacuum(structure, least - heights[2]))
        return " and ".join(parts)
    if isinstance(structure.carbon, CarbonFile):
        copies = " x ".join(str(ceil(least / heights[c]) if c in short else 1) for c in range(3))
        return f"the name of a file with {copies} copies of its cell as file in [structure.carbon]"
    if structure.carbon is not None:
        return _of_wall(structure, structure.carbon, heights, short, least)
    return _of_liquid(structure, heights, short, least)


def cell_keys(structure: Structure) -> str:
    """Return a sentence that names the keys which set the cell around a wall."""
    if isinstance(structure.carbon, CarbonFile):
        return "The cell is that of file in [structure.carbon]."
    return f"The cell follows from {_size_of(structure)} in [structure.carbon] and vacuum in [structure.box]."


def wall_keys(structure: Structure) -> str:
    """Return a sentence that names the keys which set the size of a wall."""
    return f"The wall follows from {_size_of(structure)} in [structure.carbon]."


def room_keys(structure: Structure) -> str:
    """Return a sentence that names the keys which set the number of atoms of a liquid and the room for them."""
    liquid, box = structure.liquid, structure.box
    number = "The number follows from the density of the liquid"
    if liquid is not None and liquid.atoms is not None:
        number = "The number is atoms in [structure.liquid]"
    if structure.carbon is None:
        if box is not None and box.lengths is not None:
            return f"{number}, the region is lengths in [structure.box]."
        return f"{number}, and the region from the number and the density."
    if liquid is not None and liquid.region in ("around", "beside", "between"):
        size = _size_of(structure)
        return f"{number}, the region from thickness in [structure.liquid] and {size} in [structure.carbon]."
    return f"{number}, the region from {_size_of(structure, across=True)} in [structure.carbon]."


def _size_of(structure: Structure, across: bool = False) -> str:
    """Return the keys that set the size of a wall; ``across`` with that of the width of a tube."""
    carbon = structure.carbon
    if isinstance(carbon, CarbonFile):
        return "file"
    if isinstance(carbon, Graphene):
        return "size"
    width = "chirality" if isinstance(carbon, Nanotube) else "walls"
    return f"{width} and length" if across else "length"


def _of_wall(
    structure: Structure, carbon: Tubes | Graphene, heights: Sequence[float], short: Collection[int], least: float
) -> str:
    """Return the size of a sheet or the length of a tube, and what is beside the wall."""
    along = (0, 1) if isinstance(carbon, Graphene) else ("xyz".index(carbon.axis),)
    parts = []
    if set(short) & set(along):
        lengths = [_angstrom(heights[c] * ceil(least / heights[c])) for c in along]
        value = f"size = [{', '.join(lengths)}]" if isinstance(carbon, Graphene) else f"length = {lengths[0]}"
        parts.append(f"{value} in [structure.carbon]")
    across = [c for c in short if c not in along]
    if across:
        more = least - min(heights[c] for c in across)
        liquid = structure.liquid
        if liquid is not None and liquid.region in ("around", "between"):
            default = AROUND if liquid.region == "around" else SLAB
            parts.append(f"thickness = {_angstrom((liquid.thickness or default) + more)} in [structure.liquid]")
        else:
            parts.append(_vacuum(structure, more))
    return " and ".join(parts)


def _of_liquid(structure: Structure, heights: Sequence[float], short: Collection[int], least: float) -> str:
    """Return the lengths of a box, or the number of atoms in a cell that follows from it."""
    liquid, box = structure.liquid, structure.box
    if box is not None and box.lengths is not None:
        lengths = [max(given, least) if c in short else given for c, given in enumerate(box.lengths)]
        return f"lengths = [{', '.join(map(_angstrom, lengths))}] in [structure.box]"
    if box is not None and box.vacuum is not None and set(short) == {2}:
        return _vacuum(structure, least - heights[2])
    atoms = 1 if liquid is None or liquid.atoms is None else liquid.atoms
    larger = atoms * (least / min(heights[c] for c in short)) ** 3
    return f"atoms = {100 * ceil(larger / 100)} in [structure.liquid]"


def _vacuum(structure: Structure, more: float) -> str:
    box = structure.box
    return f"vacuum = {_angstrom(((box.vacuum if box else None) or VACUUM) + more)} in [structure.box]"


def _angstrom(length: float) -> str:
    """Return a length as a deck has it, rounded up to whole Å."""
    return f'"{ceil(length - 1e-9)} Å"'
