"""The table of a restraint, with the keys of all kinds of coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, create_model, model_validator

from nakmd.deck.fields import Count, LengthRamp, Section, Stiffness, Text
from nakmd.deck.key_facts import notes
from nakmd.deck.kinds import meanings
from nakmd.simulation.restraints import COORDINATES

#: Restraints of a stage as a deck has them.
RESTRAINTS = [
    {"kind": "site", "species": "K", "nearest": "centre", "site": "N:pyridinic", "spring": "1 eV/Å²", "centre": "4 Å"}
]

if TYPE_CHECKING:
    CoordinateKind = str
    References = Section
else:
    CoordinateKind = Literal[tuple(COORDINATES)]
    References = create_model(
        "References",
        __base__=Section,
        **{
            kind.reference_key: (
                Text | tuple[Count, ...] | None,
                Field(
                    default=None,
                    description=f'Only with kind = "{name}": {kind.reference_description}; a name or indices.',
                    examples=[kind.reference_example],
                    json_schema_extra=notes(default=kind.reference_default, quantity="text"),
                ),
            )
            for name, kind in COORDINATES.items()
        },
    )


class RestraintSection(References):
    """A harmonic restraint of a distance."""

    kind: CoordinateKind = Field(
        description="Coordinate that is restrained.", json_schema_extra=notes(choices=meanings(COORDINATES))
    )
    name: Text = Field(
        default="",
        description="Part of the names of its columns in the thermo table.",
        examples=["pull"],
        json_schema_extra=notes(default="its number in the stage"),
    )
    atom: Count | None = Field(
        default=None,
        description="Index of the restrained atom, from 0.",
        examples=[17],
        json_schema_extra=notes(default="none; species or group then chooses", quantity="index"),
    )
    species: Text | None = Field(
        default=None,
        description="Species of the restrained atom, chosen by nearest when the stage begins.",
        examples=["K"],
        json_schema_extra=notes(default="none; atom or group then chooses"),
    )
    group: Text | None = Field(
        default=None,
        description="Group whose centre of mass is restrained.",
        examples=["liquid"],
        json_schema_extra=notes(default="none; atom or species then chooses"),
    )
    nearest: Text = Field(
        default="",
        description='Which atom of the species: that nearest to the "wall", the "site" or the "other" group, '
        'or that whose coordinate is nearest to the "centre" of the restraint.',
        examples=["centre"],
        json_schema_extra=notes(default="that nearest to the wall, the site or the other group"),
    )
    spring: Annotated[Stiffness, Field(gt=0.0)] = Field(
        description="Spring constant k of U = k/2 (ξ - ξ0)².", examples=["1 eV/Å²"]
    )
    centre: LengthRamp = Field(
        description="Centre ξ0, or [start, end] between which it moves linearly over the stage.",
        examples=["4 Å", ["8 Å", "4 Å"]],
    )

    @model_validator(mode="after")
    def _check_keys(self) -> Self:
        given = [key for key in ("atom", "species", "group") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(f"needs one of atom, species and group, and has {' and '.join(given) or 'none'}")
        if self.nearest and self.species is None:
            raise ValueError("has nearest, which chooses an atom of a species; add species, or remove it")
        own = COORDINATES[self.kind].reference_key
        words = (own, "centre")
        if self.nearest not in ("", *words):
            raise ValueError(f'has nearest = "{self.nearest}"; write "{words[0]}" or "{words[1]}"')
        for key in {kind.reference_key for kind in COORDINATES.values()} - {own}:
            if getattr(self, key) is not None:
                raise ValueError(f'has {key}, which kind = "{self.kind}" does not use; write {own}')
        if min(self.centre) < 0.0:
            raise ValueError("has a negative centre, and distances are not negative")
        return self

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of the coordinate of its kind."""
        keys = ("atom", "species", "group", "nearest", COORDINATES[self.kind].reference_key)
        return {key: getattr(self, key) for key in keys}
