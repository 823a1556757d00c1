"""The tables of a deck that define the system: the structure and the groups of atoms."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nakmd.deck.fields import (
    Angle,
    Density,
    Flag,
    Fraction,
    Positive,
    PositiveLength,
    Section,
    Stiffness,
    Temperature,
    Text,
)

Periodic = tuple[Flag, Flag, Flag]
ChiralIndex = Annotated[int, Field(strict=True, ge=0, le=10_000)]
DopantFraction = Annotated[float, Field(strict=True, ge=0.0, le=0.5)]


class Doping(Section):
    """Nitrogen and defects of the wall: of each site type, a number per atom of the finished wall."""

    graphitic: DopantFraction = Field(default=0.0, description="Fraction of graphitic N: N in place of C.")
    pyridinic: DopantFraction = Field(default=0.0, description="Fraction of pyridinic N: N around a vacancy.")
    pyrrolic: DopantFraction = Field(default=0.0, description="Fraction of pyrrolic N: N in a five-membered ring.")
    vacancy: DopantFraction = Field(
        default=0.0, description="Bare vacancies: removed C per atom of the wall; leaves three C:edge each."
    )
    stone_wales: DopantFraction = Field(
        default=0.0, description="Stone-Wales defects per atom of the wall: a C-C bond rotated by 90°, rings 5-7-7-5."
    )
    distance: PositiveLength = Field(default=4.0, description="Minimum distance between atoms of different sites.")
    nitrogens_per_site: Literal[1, 2, 3] = Field(
        default=3, description="Number of N atoms around the vacancy of a pyridinic site."
    )

    @property
    def fractions(self) -> dict[str, float]:
        """Fraction of each site type that is present."""
        kinds = {
            "graphitic": self.graphitic,
            "pyridinic": self.pyridinic,
            "pyrrolic": self.pyrrolic,
            "vacancy": self.vacancy,
            "stone_wales": self.stone_wales,
        }
        return {kind: fraction for kind, fraction in kinds.items() if fraction > 0.0}


Chirality = tuple[ChiralIndex, ChiralIndex]


class Tubes(Section):
    """Keys of all tubes."""

    length: PositiveLength = Field(description="Length along the axis, rounded to whole periods.")
    axis: Literal["x", "y", "z"] = Field(default="z", description="Direction of the axis.")
    bond: PositiveLength | None = Field(
        default=None, description="C-C bond of the structure; by default that of unstressed graphene in the model."
    )
    doping: Doping | None = Field(default=None, description="Nitrogen sites and defects.")

    @property
    def all_walls(self) -> tuple[Chirality, ...]:
        """Chirality of the walls of each tube, from the inside outwards."""
        raise NotImplementedError

    @property
    def number(self) -> int:
        """Number of tubes."""
        return 1


class Nanotube(Tubes):
    """A periodic single-walled (n, m) nanotube."""

    kind: Literal["nanotube"] = Field(description="Single-walled nanotube.")
    chirality: Chirality = Field(description="Chiral indices [n, m].")

    @property
    def all_walls(self) -> tuple[Chirality, ...]:
        """The one wall."""
        return (self.chirality,)


class WalledTubes(Tubes):
    """Keys of tubes with any number of walls."""

    walls: Annotated[tuple[Chirality, ...], Field(min_length=1, max_length=20)] = Field(
        description="Chiral indices [n, m] of the walls, from the inside outwards: [[10, 10], [15, 15]]."
    )
    strain: Annotated[float, Field(strict=True, ge=0.0, le=0.1)] = Field(
        default=0.01, description="Largest strain of a wall along the axis, for walls of different periods."
    )

    @property
    def all_walls(self) -> tuple[Chirality, ...]:
        """The walls as given."""
        return self.walls


class Multiwall(WalledTubes):
    """A periodic nanotube of several concentric walls."""

    kind: Literal["multiwall"] = Field(description="Nanotube of concentric walls.")


class Bundle(WalledTubes):
    """Parallel nanotubes on a hexagonal lattice."""

    kind: Literal["bundle"] = Field(description="Bundle of equal parallel nanotubes on a hexagonal lattice.")
    tubes: Annotated[int, Field(strict=True, ge=1, le=100)] = Field(description="Number of tubes.")
    gap: PositiveLength = Field(default=3.4, description="Distance between the outer walls of neighbouring tubes.")

    @property
    def number(self) -> int:
        """Number of tubes."""
        return self.tubes


class Graphene(Section):
    """Periodic graphene sheets in the xy plane."""

    kind: Literal["graphene"] = Field(description="Graphene sheets in the xy plane.")
    size: tuple[PositiveLength, PositiveLength] = Field(
        description="Lengths along x and y, rounded to whole rectangular unit cells."
    )
    layers: Positive = Field(default=1, description="Number of layers.")
    gap: PositiveLength = Field(default=3.35, description="Distance between layers.")
    stacking: Literal["AB", "AA"] = Field(default="AB", description="Stacking of the layers.")
    bond: PositiveLength | None = Field(
        default=None, description="C-C bond of the structure; by default that of unstressed graphene in the model."
    )
    doping: Doping | None = Field(default=None, description="Nitrogen sites and defects.")


class FileReading(Section):
    """What a structure file of LAMMPS may not state; periodic directions are in [structure.box]."""

    types: tuple[Text, ...] = Field(
        default=(),
        description='Species of type 1, 2, ... of a LAMMPS file that does not name them: ["Na", "K", "N:graphitic"].',
    )
    units: Literal["metal", "real"] | None = Field(
        default=None,
        description="Units of a LAMMPS file that does not name them: velocities in Å/ps (metal) or Å/fs (real). By "
        "default metal, with a note.",
    )


class CarbonFile(FileReading):
    """A carbon wall from a structure file that ASE can read, or of LAMMPS."""

    kind: Literal["file"] = Field(description="Wall from a structure file.")
    file: Text = Field(description="Structure file that ASE can read, a dump or data file of LAMMPS.")
    shape: Literal["tube", "sheet"] = Field(description="A tube along x, y or z, or sheets in the xy plane.")
    doping: Doping | None = Field(default=None, description="Nitrogen sites and defects.")


Carbon = Annotated[Nanotube | Multiwall | Bundle | Graphene | CarbonFile, Field(discriminator="kind")]


class Liquid(Section):
    """Liquid Na, K or NaK, placed without overlaps."""

    region: Literal["bulk", "around", "inside", "beside", "droplet", "between"] = Field(
        default="bulk",
        description="Region of the liquid. bulk: no carbon; around or inside: nanotubes; beside: a slab next to the "
        "carbon; droplet: on the carbon; between: graphene sheets.",
    )
    x_K: Fraction = Field(  # noqa: N815  (the field's symbol)
        description="Atomic fraction of potassium in the alloy."
    )
    temperature: Annotated[Temperature, Field(gt=0.0)] | None = Field(
        default=None, description="Temperature that determines the density, from handbook equations for Na and K."
    )
    density: Annotated[Density, Field(gt=0.0)] | None = Field(
        default=None, description="Density, instead of a temperature."
    )
    thickness: PositiveLength | None = Field(
        default=None,
        description="Thickness. around: distance from the wall to the cell face; beside: thickness of the slab; "
        "between: distance of the sheets; film between vacuum: thickness along z.",
    )
    atoms: Positive | None = Field(default=None, description="Number of atoms; by default from density and volume.")
    radius: PositiveLength | None = Field(
        default=None, description="Radius of the sphere of which a droplet is the cap, instead of a number of atoms."
    )
    contact_angle: Annotated[Angle, Field(ge=10.0, le=170.0)] = Field(
        default=90.0, description="Contact angle of the initial droplet."
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

    element: Text = Field(description="Element of the new atoms.")
    count: Positive | None = Field(default=None, description="Number of replaced atoms.")
    fraction: Fraction | None = Field(default=None, description="Fraction of replaced atoms.")

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        if (self.count is None) == (self.fraction is None):
            raise ValueError("needs either count = 1 or fraction = 0.05")
        return self


class Crystal(Section):
    """A bcc crystal, or a slab of it with a chosen face; optionally with substituted atoms."""

    element: Text = Field(description="Element of the crystal.")
    repeat: tuple[Positive, ...] = Field(
        description="Number of cubic unit cells along x, y and z; with a face, of rectangular surface cells along x "
        'and y. Their edges are a, a on "100"; a, √2 a on "110"; √2 a, √6 a on "111".',
        min_length=2,
        max_length=3,
    )
    face: Literal["100", "110", "111"] | None = Field(
        default=None, description="Face normal to z: a slab between vacuum ([structure.box] vacuum, 15 Å by default)."
    )
    layers: Positive | None = Field(
        default=None, description='Layers of atoms of a slab, groups "layer_1" (bottom), "layer_2" and on.'
    )
    fixed_layers: Positive | None = Field(
        default=None, description='Layers from the bottom of a slab that form the group "fixed".'
    )
    bath_layers: Positive | None = Field(
        default=None, description='Layers above those, or from the bottom, that form the group "bath".'
    )
    lattice: PositiveLength | None = Field(
        default=None, description="Cubic lattice constant; has a default for Na and K without a face."
    )
    temperature: Temperature | None = Field(
        default=None,
        description="Temperature whose lattice constant at zero pressure is taken from the parameter set, instead of "
        "lattice.",
    )
    substitute: Substitution | None = Field(default=None, description="Atoms replaced by another metal.")

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


class StructureFile(FileReading):
    """A complete system from a structure file."""

    path: Text = Field(
        description="Structure file that ASE can read, a data file of LAMMPS, or a trajectory of nakmd or dump of "
        "LAMMPS (last frame)."
    )
    repeat: tuple[Positive, Positive, Positive] = Field(
        default=(1, 1, 1), description="Number of copies along the cell vectors."
    )


class BoxSection(Section):
    """The cell, as far as it does not follow from the structure."""

    lengths: tuple[PositiveLength, PositiveLength, PositiveLength] | None = Field(
        default=None, description="Cell lengths of a bulk liquid; by default a cube with the required volume."
    )
    vacuum: PositiveLength | None = Field(
        default=None,
        description="Empty space beyond the carbon or the slab. On both sides along z of a crystal with a face, and of "
        "a liquid without carbon, which becomes a film.",
    )
    periodic: Periodic | None = Field(default=None, description="Periodic directions [x, y, z].")


class Structure(Section):
    """The initial structure: carbon, liquid or both; a crystal; or a file."""

    carbon: Carbon | None = Field(default=None, description="Carbon wall: nanotubes, graphene or a file.")
    liquid: Liquid | None = Field(default=None, description="Liquid metal.")
    crystal: Crystal | None = Field(default=None, description="Metal crystal.")
    file: StructureFile | None = Field(default=None, description="Complete structure from a file.")
    box: BoxSection | None = Field(default=None, description="Simulation cell.")

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

    group: Text = Field(description="Element, species or group of atoms.")
    spring: Annotated[Stiffness, Field(gt=0.0)] = Field(description="Spring constant.")


class Groups(Section):
    """Atoms with constrained motion."""

    frozen: tuple[Text, ...] = Field(default=(), description="Groups whose atoms do not move.")
    tethered: tuple[Tether, ...] = Field(default=(), description="Groups tethered to their initial positions.")
    rigid: tuple[Text, ...] = Field(default=(), description="Groups that move as rigid bodies.")
