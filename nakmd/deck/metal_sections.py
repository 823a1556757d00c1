"""The tables of a deck for metal: liquid and crystal."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nakmd.deck.fields import Angle, Density, Fraction, Positive, PositiveLength, Section, Temperature, Text
from nakmd.deck.key_facts import notes


class Liquid(Section):
    """Liquid Na, K or NaK, placed without overlaps."""

    region: Literal["bulk", "around", "inside", "beside", "droplet", "between"] = Field(
        default="bulk",
        description="Region of the liquid.",
        json_schema_extra=notes(
            choices={
                "bulk": "everywhere, without carbon; with vacuum in [structure.box], a film",
                "around": "outside a nanotube or bundle, up to the faces of the cell",
                "inside": "inside nanotubes",
                "beside": "a slab next to the carbon",
                "droplet": "a drop on the carbon",
                "between": "between two graphene sheets, or a sheet and its periodic image",
            }
        ),
    )
    x_K: Fraction = Field(  # noqa: N815  (the field's symbol)
        description="Atomic fraction of potassium in the alloy: 0 is pure Na, 1 pure K.", examples=[0.67]
    )
    temperature: Annotated[Temperature, Field(gt=0.0)] | None = Field(
        default=None,
        description="Temperature that determines the density, from handbook equations for Na and K.",
        examples=["450 K"],
        json_schema_extra=notes(default="none; density then gives the density"),
    )
    density: Annotated[Density, Field(gt=0.0)] | None = Field(
        default=None,
        description="Density, instead of a temperature.",
        examples=["0.83 g/cm3"],
        json_schema_extra=notes(default="that of the alloy at temperature"),
    )
    thickness: PositiveLength | None = Field(
        default=None,
        description="Thickness. around: distance from the wall to the cell face; beside: thickness of the slab; "
        "between: distance of the sheets; film between vacuum: thickness along z.",
        examples=["15 Å"],
        json_schema_extra=notes(default="12 Å around a tube, 20 Å beside or between; a film is as thick as wide"),
    )
    atoms: Positive | None = Field(
        default=None,
        description="Number of atoms. A droplet needs it or a radius, a bulk liquid without a box needs it.",
        examples=[1500],
        json_schema_extra=notes(default="from density and volume", unit="atoms"),
    )
    radius: PositiveLength | None = Field(
        default=None,
        description="Radius of the sphere of which a droplet is the cap, instead of a number of atoms.",
        examples=["25 Å"],
        json_schema_extra=notes(default="from the number of atoms"),
    )
    contact_angle: Annotated[Angle, Field(ge=10.0, le=170.0)] = Field(
        default=90.0, description="Contact angle of the initial droplet.", examples=["120 deg"]
    )

    @model_validator(mode="after")
    def _one_density(self) -> Self:
        if self.temperature is not None and self.density is not None:
            raise ValueError("gives both temperature and density; the temperature determines the density, so keep one")
        if self.region == "droplet" and (self.atoms is None) == (self.radius is None):
            size = "both atoms and radius" if self.atoms is not None else "neither atoms nor radius"
            raise ValueError(f'has region = "droplet" and {size}; write atoms = 1500 or radius = "25 Å"')
        if self.region == "droplet" and self.temperature is None:
            raise ValueError('has region = "droplet" and so needs a temperature, such as temperature = "450 K"')
        return self


class Substitution(Section):
    """Atoms of a crystal that are replaced by another metal."""

    element: Text = Field(description="Element of the new atoms.", examples=["Na"])
    count: Positive | None = Field(
        default=None,
        description="Number of replaced atoms.",
        examples=[1],
        json_schema_extra=notes(default="none; fraction then gives it", unit="atoms"),
    )
    fraction: Fraction | None = Field(
        default=None,
        description="Fraction of replaced atoms.",
        examples=[0.05],
        json_schema_extra=notes(default="none; count then gives it"),
    )

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        if (self.count is None) == (self.fraction is None):
            raise ValueError("needs either count = 1 or fraction = 0.05")
        return self


class Crystal(Section):
    """A bcc crystal, or a slab of it with a chosen face; optionally with substituted atoms."""

    element: Text = Field(description="Element of the crystal.", examples=["K"])
    repeat: tuple[Positive, ...] = Field(
        description="Number of cubic unit cells along x, y and z; with a face, of rectangular surface cells along x "
        'and y. Their edges are a, a on "100"; a, √2 a on "110"; √2 a, √6 a on "111".',
        min_length=2,
        max_length=3,
        examples=[[8, 8, 8], [5, 4]],
        json_schema_extra=notes(unit="cells"),
    )
    face: Literal["100", "110", "111"] | None = Field(
        default=None,
        description="Face normal to z: a slab between vacuum ([structure.box] vacuum).",
        json_schema_extra=notes(
            default="none: a crystal without surfaces",
            choices={
                "100": "square cells of the surface",
                "110": "the densest face of bcc, centred rectangular cells",
                "111": "the most open of the three, hexagonal",
            },
        ),
    )
    layers: Positive | None = Field(
        default=None,
        description='Layers of atoms of a slab, groups "layer_1" (bottom), "layer_2" and on. A face needs it.',
        examples=[8],
        json_schema_extra=notes(default="none, without a face", unit="layers"),
    )
    fixed_layers: Positive | None = Field(
        default=None,
        description='Layers from the bottom of a slab that form the group "fixed".',
        examples=[2],
        json_schema_extra=notes(default="none", unit="layers"),
    )
    bath_layers: Positive | None = Field(
        default=None,
        description='Layers above those, or from the bottom, that form the group "bath".',
        examples=[4],
        json_schema_extra=notes(default="none", unit="layers"),
    )
    lattice: PositiveLength | None = Field(
        default=None,
        description="Cubic lattice constant.",
        examples=["5.328 Å"],
        json_schema_extra=notes(
            default="that at temperature; with neither and no face, the one measured at room temperature, for Na and K"
        ),
    )
    temperature: Temperature | None = Field(
        default=None,
        description="Temperature whose lattice constant at zero pressure is taken from the parameter set, instead of "
        "lattice.",
        examples=["300 K"],
        json_schema_extra=notes(default="none; lattice then gives it"),
    )
    substitute: Substitution | None = Field(
        default=None,
        description="Atoms replaced by another metal.",
        examples=[{"element": "Na", "count": 1}],
        json_schema_extra=notes(default="none"),
    )

    @model_validator(mode="after")
    def _shape(self) -> Self:
        if self.lattice is not None and self.temperature is not None:
            raise ValueError("gives both lattice and temperature; the temperature determines the lattice, so keep one")
        if self.face is None:
            slab = ("layers", "fixed_layers", "bath_layers")
            given = [key for key in slab if getattr(self, key) is not None]
            if given:
                raise ValueError(f'gives {" and ".join(given)} without a face; write for example face = "110"')
            if len(self.repeat) != 3:
                raise ValueError(f"needs 3 numbers in repeat, for x, y and z; it has {list(self.repeat)}")
            return self
        if self.layers is None:
            raise ValueError(f'has face = "{self.face}" and so needs a number of layers, such as layers = 8')
        if len(self.repeat) != 2:
            raise ValueError(
                f'has face = "{self.face}" and so needs 2 numbers in repeat, for x and y; it has {list(self.repeat)}. '
                "The height is the number of layers"
            )
        if self.lattice is None and self.temperature is None:
            raise ValueError(
                f'has face = "{self.face}" and so needs the temperature of the run, such as temperature = "300 K", '
                "whose lattice constant the parameter set knows, or a lattice"
            )
        held = (self.fixed_layers or 0) + (self.bath_layers or 0)
        if held > self.layers:
            raise ValueError(f"has {held} fixed_layers and bath_layers, but only layers = {self.layers}")
        return self

    @property
    def layer_groups(self) -> tuple[str, ...]:
        """Names of the groups of layers that a slab has."""
        if self.layers is None:
            return ()
        named = [name for name in ("fixed", "bath") if getattr(self, f"{name}_layers") is not None]
        return (*(f"layer_{n + 1}" for n in range(self.layers)), *named)
