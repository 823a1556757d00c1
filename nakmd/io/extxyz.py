"""Reading and writing structures with ASE: extended XYZ and all other formats that ASE reads.

Extended XYZ has eight decimals, so positions are not restored to the bit; H5MD restores them.
"""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Iterable
from typing import BinaryIO

import ase

from nakmd.elements import NO_SITE
from nakmd.errors import FileFormatError, InputError
from nakmd.io.ase_atoms import frame_of, from_atoms, to_atoms
from nakmd.io.atomic import replacing
from nakmd.io.contents import existing_file, open_plain
from nakmd.io.elements_known import TYPE_NUMBER_FORMATS, check_elements
from nakmd.io.lammps.atom_types import check_atom_masses
from nakmd.io.library_errors import guard
from nakmd.io.xyz_headers import check_xyz_headers
from nakmd.system import Frame, System, Topology

_SYMBOLS = "Write chemical symbols; a dump xyz of LAMMPS has them with `dump_modify element Na K`."

#: An XYZ file whose first atom begins with a number, unless a list of columns says that this is no element.
_NUMBERED = re.compile(r"\s*\d+[ \t]*\n(?!.*Properties=(?!species))[^\n]*\n[ \t]*\d+[ \t]")

_LAMMPS = "Use a LAMMPS text dump with its element column, or a complete data file with masses."

#: Names of XYZ files; `open_plain` recognises compressed ones by their content.
_XYZ_NAME = re.compile(r"\.(ext)?xyz(\.(gz|bz2|xz))?$", re.IGNORECASE)

_SPECIES_WITH_SITE = re.compile(r"^(\s*)([A-Z][a-z]?):(\S+)", re.MULTILINE)


def _plain_species(text: str) -> str:
    """Replace species such as ``N:graphitic`` in the first column of an XYZ file by a symbol and a ``site`` column."""
    lines = text.splitlines()
    at = 0
    while at < len(lines) and lines[at].strip().isdigit():
        begin, end = at + 2, at + 2 + int(lines[at])
        rows = [line.split(None, 1) for line in lines[begin:end]]
        if all(len(row) == 2 for row in rows) and at + 1 < len(lines):
            parts = [(row[0].partition(":"), row[1]) for row in rows]
            lines[begin:end] = [f"{p[0]} {p[2] or NO_SITE} {rest}" for p, rest in parts]
            header = lines[at + 1]
            if "Properties=" in header:
                lines[at + 1] = header.replace("Properties=species:S:1:", "Properties=species:S:1:site:S:1:")
            else:
                lines[at + 1] = f"{header} Properties=species:S:1:site:S:1:pos:R:3"
        at = end
    return "\n".join(lines) + "\n"


def read_atoms(path: str | os.PathLike[str], index: int | slice = -1) -> list[ase.Atoms]:
    """Read one or more images of any file that ASE reads.

    Parameters
    ----------
    path : path
    index : int or slice

    Raises
    ------
    FileFormatError
        If the file is missing, of unknown format, or damaged.
    """
    where = existing_file(path)
    from ase.io import read  # noqa: PLC0415  (half a second: it imports much of SciPy)
    from ase.io.formats import filetype  # noqa: PLC0415

    with guard(
        where, "ASE cannot read the file", "Check that it is complete and that its extension matches its format."
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about optional parts of formats, which users cannot act on
            kind = "extxyz" if _XYZ_NAME.search(where.name) else filetype(str(where))
            if kind == "extxyz":
                with io.TextIOWrapper(open_plain(where), encoding="utf-8") as file:
                    text = file.read()
                check_xyz_headers(where, text)
                if _NUMBERED.match(text):
                    raise FileFormatError(where, "the first column holds numbers, not elements.", _SYMBOLS)
                if _SPECIES_WITH_SITE.search(text):
                    text = _plain_species(text)
                images = read(io.StringIO(text), index=index, format="extxyz")
            else:
                if kind in TYPE_NUMBER_FORMATS:
                    raise FileFormatError(where, "the file holds type numbers, not elements.", _LAMMPS)
                images = read(where, index=index)
        images = [images] if isinstance(images, ase.Atoms) else list(images)
    for atoms in images:
        check_elements(where, atoms)
    return images


def read_extxyz(path: str | os.PathLike[str], index: slice = slice(None)) -> list[System]:
    """Read several images of a file that ASE reads.

    Parameters
    ----------
    path : path
    index : slice

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from nakmd.io import read_extxyz, write_extxyz
    >>> from nakmd.structures import crystal
    >>> with TemporaryDirectory() as folder:
    ...     write_extxyz(f"{folder}/sodium.xyz", crystal("Na", 2))
    ...     images = read_extxyz(f"{folder}/sodium.xyz")
    >>> len(images), images[0].n_atoms
    (1, 16)
    """
    return [system_from(path, atoms) for atoms in read_atoms(path, index)]


def system_from(where: str | os.PathLike[str], atoms: ase.Atoms) -> System:
    """Return ASE atoms as a system; errors name the file that they come from.

    Parameters
    ----------
    where : path
    atoms : ase.Atoms
    """
    with guard(where, "the structure is invalid"):
        try:
            system = from_atoms(atoms)
            check_atom_masses(system.species_names, system.species, system.masses)
            return system
        except InputError as error:
            raise FileFormatError(where, str(error)) from error


def write_extxyz(
    path: str | os.PathLike[str], frames: System | Iterable[Frame], topology: Topology | None = None
) -> None:
    """Write a system or frames as extended XYZ, replacing the file atomically.

    Parameters
    ----------
    path : path
    frames : System or iterable of Frame
    topology : Topology
        Topology of the frames; required if ``frames`` is not a System.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from nakmd.io import read_structure, write_extxyz
    >>> from nakmd.structures import dope, graphene
    >>> wall = dope(graphene(repeats=(6, 4)), {"graphitic": 2 / 96}, seed=1)
    >>> with TemporaryDirectory() as folder:
    ...     write_extxyz(f"{folder}/wall.xyz", wall)
    ...     read_structure(f"{folder}/wall.xyz").species_names
    ('C', 'N:graphitic')
    """
    if isinstance(frames, System):
        images: Iterable[ase.Atoms] = [to_atoms(frame_of(frames), frames.topology, groups=True)]
    elif topology is None:
        raise InputError("To write frames, give their topology.")
    else:
        images = (to_atoms(frame, topology) for frame in frames)
    with replacing(path) as file:
        append_extxyz(file, images)


def append_extxyz(file: BinaryIO, images: Iterable[ase.Atoms]) -> None:
    """Append images to an open file.

    Parameters
    ----------
    file : binary file
    images : iterable of ase.Atoms
    """
    from ase.io.extxyz import write_extxyz as write_images  # noqa: PLC0415  (slow to import)

    text = io.TextIOWrapper(file, encoding="utf-8", write_through=True)
    write_images(text, images)
    text.detach()
