"""Builds the system that a deck describes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nakmd.cell import Cell
from nakmd.deck.carbon_sections import CarbonFile, Tubes
from nakmd.deck.file_sections import FileReading
from nakmd.deck.matter import Structure
from nakmd.deck.metal_sections import Liquid
from nakmd.elements import CC_BOND, WALL, element_of
from nakmd.errors import StructureError
from nakmd.io.contents import trajectory_at
from nakmd.runs.built_wall import built_wall
from nakmd.runs.cell_words import cell_keys, room_keys, wall_keys
from nakmd.runs.named_file import named_file
from nakmd.runs.planned_size import SLAB, VACUUM
from nakmd.runs.size_limits import check_repeat
from nakmd.runs.table_error import of_table
from nakmd.structures.assembly import turned
from nakmd.system import System
from nakmd.units import G_PER_CM3_PER_AMU_A3

if TYPE_CHECKING:
    from nakmd.structures.regions import Region


def build_system(
    structure: Structure,
    seed: int,
    folder: Path,
    bond: float = CC_BOND,
    notes: list[str] | None = None,
    wall: System | None = None,
) -> System:
    """Build the structure of a deck; the same deck and seed give the same system to the bit.

    Parameters
    ----------
    structure : Structure
        With the lattice of a crystal in place of its temperature (`nakmd.runs.thermal_lattice`).
    seed : int
    folder : Path
        Paths in the deck are relative to it.
    bond : float [Å]
        C-C bond of a tube or sheet whose table gives none: that of the model, without stress.
    notes : list of str, optional
        Receives what had to be assumed about a file.
    wall : System, optional
        The wall of a `CarbonFile`, if `read_wall` has already read it.

    Returns
    -------
    System

    Raises
    ------
    StructureError, FileFormatError
        If the structure cannot be built.
    """
    if structure.file is not None:
        told = structure.file
        system = _repeated(read_system(folder / told.path, told, _names_periodic(structure), notes), told.repeat)
    elif structure.crystal is not None:
        system = _crystal(structure, seed)
    elif structure.carbon is not None:
        bare = read_wall(structure, folder, notes) if wall is None else wall
        if bare is None:
            with of_table("structure", "carbon"):
                bare = built_wall(structure, bond, notes)
        system = _walls(structure, seed, bare)
        if isinstance(structure.carbon, Tubes):  # built along z, with their liquid
            system = turned(system, structure.carbon.axis)
    else:
        system = _bulk(structure, seed)
    if structure.box is not None and structure.box.periodic is not None:
        system.cell = Cell(system.cell.matrix, structure.box.periodic)
    return system


def layered(system: System) -> System:
    """Return the system with the groups of its layers, for a model that acts between them."""
    from nakmd.structures.layers import with_layers  # noqa: PLC0415  (scipy is slow to import)

    return with_layers(system)


def _names_periodic(structure: Structure) -> bool:
    return structure.box is not None and structure.box.periodic is not None


def _bulk(structure: Structure, seed: int) -> System:
    from nakmd.structures.liquid import liquid  # noqa: PLC0415  (scipy is slow to import, and only some decks need it)

    section = structure.liquid
    if section is None:
        raise StructureError("The structure is empty.")
    with of_table("structure", "liquid", key=_given(section), remedy=room_keys(structure)):
        return liquid(
            section.x_K,
            section.temperature,
            lengths=structure.box.lengths if structure.box else None,
            n_atoms=section.atoms,
            density=_g_per_cm3(section),
            thickness=section.thickness,
            vacuum=(structure.box.vacuum if structure.box else None) or 0.0,
            seed=seed,
        )


def _crystal(structure: Structure, seed: int) -> System:
    from nakmd.structures.crystal import crystal, substitute  # noqa: PLC0415  (as above)
    from nakmd.structures.crystal_slab import crystal_slab  # noqa: PLC0415  (as above)

    section = structure.crystal
    assert section is not None  # guaranteed by build_system
    if section.face is not None:
        x, y = section.repeat
        assert section.layers is not None  # guaranteed by the schema
        assert section.lattice is not None  # as the builder of the plan has replaced a temperature
        system = crystal_slab(
            section.element,
            section.face,
            (x, y),
            section.layers,
            section.lattice,
            vacuum=(structure.box.vacuum if structure.box else None) or VACUUM,
            fixed_layers=section.fixed_layers or 0,
            bath_layers=section.bath_layers or 0,
        )
    else:
        x, y, z = section.repeat
        system = crystal(section.element, (x, y, z), lattice_constant=section.lattice)
    if section.substitute is not None:
        guest = section.substitute
        remedy = "The crystal follows from repeat in [structure.crystal], and count is a number of atoms."
        with of_table("structure", "crystal", "substitute", remedy=remedy):
            system = substitute(
                system, section.element, guest.element, number=guest.count, fraction=guest.fraction, seed=seed
            )
    return system


def _walls(structure: Structure, seed: int, system: System) -> System:
    from nakmd.structures.doping import dope  # noqa: PLC0415  (as above)

    carbon = structure.carbon
    assert carbon is not None  # guaranteed by build_system
    if carbon.doping is not None and carbon.doping.fractions:
        with of_table("structure", "carbon", "doping", remedy=wall_keys(structure)):
            system = dope(
                system,
                carbon.doping.fractions,
                min_distance=carbon.doping.distance,
                nitrogens_per_site=carbon.doping.nitrogens_per_site,
                seed=seed,
            )
    return system if structure.liquid is None else _wetted(system, structure, structure.liquid, seed)


def read_wall(structure: Structure, folder: Path, notes: list[str] | None = None) -> System | None:
    """Read the wall of a structure whose carbon is a `CarbonFile`; None for any other structure.

    Parameters
    ----------
    structure : Structure
    folder : Path
        Paths in the deck are relative to it.
    notes : list of str, optional
        Receives what had to be assumed about the file.

    Raises
    ------
    FileFormatError, InputError
        As `read_system`.
    """
    carbon = structure.carbon
    if not isinstance(carbon, CarbonFile):
        return None
    system = read_system(folder / carbon.file, carbon, _names_periodic(structure), notes)
    is_wall = np.isin([element_of(name) for name in system.species_names], WALL)
    system.groups.setdefault(carbon.shape, is_wall[system.species])
    return system


def _wetted(system: System, structure: Structure, section: Liquid, seed: int) -> System:
    from nakmd.structures import fill, regions  # noqa: PLC0415  (as above)
    from nakmd.structures.droplet import droplet_on_sheet, droplet_on_tube  # noqa: PLC0415

    group = "tube" if "tube" in system.groups else "sheet"
    if section.region == "droplet":
        place = droplet_on_tube if group == "tube" else droplet_on_sheet
        assert section.temperature is not None  # guaranteed by the schema
        with of_table("structure", "liquid", key=_given(section), remedy=cell_keys(structure)):
            return place(
                system,
                section.x_K,
                section.temperature,
                n_atoms=section.atoms,
                radius=section.radius,
                contact_angle=section.contact_angle,
                seed=seed,
            )
    region: Region | None
    if section.region == "around":
        region = regions.outside_tube(system)
    elif section.region == "inside":
        region = regions.inside_tube(system)
    elif section.region == "beside":
        system, region = _beside(system, structure, section.thickness or SLAB)
    else:
        has_two_sheets = "sheet2" in system.groups
        region = regions.between_sheets(system) if has_two_sheets else None
    with of_table("structure", "liquid", key=_given(section), remedy=room_keys(structure)):
        return fill(
            system,
            section.x_K,
            section.temperature,
            region=region,
            density=_g_per_cm3(section),
            n_atoms=section.atoms,
            seed=seed,
        )


def _beside(system: System, structure: Structure, thickness: float) -> tuple[System, Region]:
    """Enlarge the cell for a liquid slab above the sheets (z) or next to tubes, and for vacuum beyond it."""
    from nakmd.structures.regions import Slab  # noqa: PLC0415  (as above)
    from nakmd.structures.tube_axis import tube_axes  # noqa: PLC0415  (as above)

    vacuum = (structure.box.vacuum if structure.box else None) or VACUUM
    axis = tube_axes(system)[0].across[1] if "tube" in system.groups else 2
    along = system.positions[:, axis]
    top = float(along.max() - along.min())
    moved = system.copy()
    moved.positions[:, axis] -= along.min()
    matrix = system.cell.matrix.copy()
    matrix[axis] = 0.0
    matrix[axis, axis] = top + thickness + vacuum
    moved.cell = Cell(matrix, system.cell.periodic.tolist())
    return moved, Slab(moved.cell, top, top + thickness, axis)


def _given(section: Liquid) -> str:
    """Return the key that gives the amount of a liquid, empty if it follows from the density."""
    return next((key for key in ("atoms", "radius") if getattr(section, key) is not None), "")


def _g_per_cm3(section: Liquid) -> float | None:
    return None if section.density is None else section.density * G_PER_CM3_PER_AMU_A3


def _repeated(system: System, repeat: tuple[int, int, int]) -> System:
    """Repeat a periodic system along its cell vectors."""
    if repeat == (1, 1, 1):
        return system
    if any(n > 1 and not p for n, p in zip(repeat, system.cell.periodic, strict=True)):
        raise StructureError(f"repeat = {list(repeat)} repeats a direction that is not periodic. Write 1 for it.")
    copies = repeat[0] * repeat[1] * repeat[2]
    too_many = check_repeat(system.n_atoms, copies)
    if too_many:
        raise StructureError(f"repeat = {list(repeat)}: {too_many} Write smaller numbers.")
    shifts = np.array([(i, j, k) for i in range(repeat[0]) for j in range(repeat[1]) for k in range(repeat[2])])
    positions = (system.positions[None] + (shifts @ system.cell.matrix)[:, None]).reshape(-1, 3)
    return System(
        positions,
        np.tile(system.species, copies),
        system.species_names,
        Cell(system.cell.matrix * np.array(repeat)[:, None], system.cell.periodic.tolist()),
        np.tile(system.velocities, (copies, 1)),
        np.tile(system.masses, copies),
        {name: np.tile(mask, copies) for name, mask in system.groups.items()},
    )


def read_system(
    path: Path,
    told: FileReading | None = None,
    names_periodic: bool = False,
    notes: list[str] | None = None,
) -> System:
    """Read a structure from a file, or the last frame of a trajectory.

    Parameters
    ----------
    path : Path
    told : FileReading, optional
        What the deck says about a file that does not say it.
    names_periodic : bool
        Whether the deck names the periodic directions of the complete cell. A file that does not state them is then
        periodic in all directions without a note, so that it can be repeated along any of them.
    notes : list of str, optional
        Receives what had to be assumed, with the name of the file.

    Raises
    ------
    FileFormatError
        If the file does not exist or cannot be read.
    InputError
        If the file contradicts what the deck says, or that does not apply to it.
    """
    from nakmd.io.structure_file import open_structure  # noqa: PLC0415  (h5py and ASE are slow to import)

    told = told or FileReading()
    periodic = (True, True, True) if names_periodic else None
    read = open_structure(named_file(trajectory_at(path)), types=told.types, units=told.units, periodic=periodic)
    if notes is not None:
        notes += [f"{path.name}: {note}" for note in read.notes]
    return read.system
