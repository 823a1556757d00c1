"""The tables of a deck that define the system: the structure with its cell, and the groups of atoms."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from nakmd.deck.carbon_sections import Carbon
from nakmd.deck.fields import Flag, PositiveLength, Section, Stiffness, Text
from nakmd.deck.file_sections import StructureFile
from nakmd.deck.key_facts import notes
from nakmd.deck.metal_sections import Crystal, Liquid

Periodic = tuple[Flag, Flag, Flag]


class BoxSection(Section):
    """The cell, as far as it does not follow from the structure."""

    lengths: tuple[PositiveLength, PositiveLength, PositiveLength] | None = Field(
        default=None,
        description="Cell lengths of a bulk liquid.",
        examples=[["40 Å", "40 Å", "40 Å"]],
        json_schema_extra=notes(default="those of a cube with the required volume"),
    )
    vacuum: PositiveLength | None = Field(
        default=None,
        description="Empty space beyond the carbon or the slab. On both sides along z of a crystal with a face, and of "
        "a liquid without carbon, which becomes a film.",
        examples=["30 Å"],
        json_schema_extra=notes(default="15 Å beyond carbon and crystal faces, none beyond a liquid without carbon"),
    )
    periodic: Periodic | None = Field(
        default=None,
        description="Periodic directions [x, y, z].",
        examples=[[True, True, False]],
        json_schema_extra=notes(default="those of the structure or the file"),
    )


class Structure(Section):
    """The initial structure: carbon, liquid or both; a crystal; or a file."""

    carbon: Carbon | None = Field(
        default=None,
        description="Carbon wall: nanotubes, graphene or a file.",
        json_schema_extra=notes(default="none"),
    )
    liquid: Liquid | None = Field(
        default=None,
        description="Liquid metal.",
        examples=[{"region": "around", "x_K": 0.67, "temperature": "450 K"}],
        json_schema_extra=notes(default="none"),
    )
    crystal: Crystal | None = Field(
        default=None,
        description="Metal crystal.",
        examples=[{"element": "K", "repeat": [8, 8, 8]}],
        json_schema_extra=notes(default="none"),
    )
    file: StructureFile | None = Field(
        default=None, description="Complete structure from a file.", json_schema_extra=notes(default="none")
    )
    box: BoxSection | None = Field(
        default=None,
        description="Simulation cell.",
        examples=[{"vacuum": "30 Å"}],
        json_schema_extra=notes(default="as the structure requires"),
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        made = [name for name in ("crystal", "file") if getattr(self, name) is not None]
        mixed = [name for name in ("carbon", "liquid") if getattr(self, name) is not None]
        if not made and not mixed:
            raise ValueError(
                "is empty; give [structure.carbon], [structure.liquid], [structure.crystal] or [structure.file]"
            )
        if len(made) + bool(mixed) > 1:
            raise ValueError(f"gives {' and '.join(made + mixed)}; only carbon and liquid can be combined")
        return self


class Tether(Section):
    """A group whose atoms are tethered to their initial positions by harmonic springs."""

    group: Text = Field(description="Element, species or group of atoms.", examples=["carbon"])
    spring: Annotated[Stiffness, Field(gt=0.0)] = Field(description="Spring constant.", examples=["2 eV/Å²"])


class Groups(Section):
    """Atoms with constrained motion."""

    frozen: tuple[Text, ...] = Field(default=(), description="Groups whose atoms do not move.", examples=[["sheet"]])
    tethered: tuple[Tether, ...] = Field(default=(), description="Groups tethered to their initial positions.")
    rigid: tuple[Text, ...] = Field(default=(), description="Groups that move as rigid bodies.", examples=[["tube"]])
