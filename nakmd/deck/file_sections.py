"""The table of a deck for a structure from a file, and the keys of all structure files."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nakmd.deck.fields import Positive, Section, Text
from nakmd.deck.key_facts import notes


class FileReading(Section):
    """What a structure file of LAMMPS may not state; periodic directions are in [structure.box]."""

    types: tuple[Text, ...] = Field(
        default=(),
        description="Species of type 1, 2, ... of a LAMMPS file that does not name them.",
        examples=[["Na", "K", "N:graphitic"]],
    )
    units: Literal["metal", "real"] | None = Field(
        default=None,
        description="Units of a LAMMPS file that does not name them.",
        json_schema_extra=notes(
            default="metal, with a note", choices={"metal": "velocities in Å/ps", "real": "velocities in Å/fs"}
        ),
    )


class StructureFile(FileReading):
    """A complete system from a structure file."""

    path: Text = Field(
        description="Structure file that ASE can read, a data file of LAMMPS, or a trajectory of nakmd or dump of "
        "LAMMPS (last frame).",
        examples=["start.xyz"],
    )
    repeat: tuple[Positive, Positive, Positive] = Field(
        default=(1, 1, 1), description="Number of copies along the cell vectors.", examples=[[2, 2, 1]]
    )
