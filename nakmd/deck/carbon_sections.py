"""The tables of a deck for carbon walls: nanotubes, bundles, graphene, a file, and their nitrogen and defects."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nakmd.deck.fields import Positive, PositiveLength, Section, Text
from nakmd.deck.file_sections import FileReading
from nakmd.deck.key_facts import notes

ChiralIndex = Annotated[int, Field(strict=True, ge=0, le=10_000)]
DopantFraction = Annotated[float, Field(strict=True, ge=0.0, le=0.5)]

#: Description and notes of the bond length of a wall that is built.
BOND = "Length of the C-C bonds of the structure."
BOND_DEFAULT = "that of unstressed graphene in the model"

#: Description and example of the table of nitrogen sites.
DOPING = "Nitrogen sites and defects of the wall."
DOPED = {"graphitic": 0.02, "pyridinic": 0.02}


class Doping(Section):
    """Nitrogen and defects of the wall: of each site type, a number per atom of the finished wall."""

    graphitic: DopantFraction = Field(
        default=0.0, description="Fraction of graphitic N: N in place of C.", examples=[0.02]
    )
    pyridinic: DopantFraction = Field(
        default=0.0, description="Fraction of pyridinic N: N around a vacancy.", examples=[0.02]
    )
    pyrrolic: DopantFraction = Field(
        default=0.0, description="Fraction of pyrrolic N: N in a five-membered ring.", examples=[0.01]
    )
    vacancy: DopantFraction = Field(
        default=0.0,
        description="Bare vacancies: removed C per atom of the wall; leaves three C:edge each.",
        examples=[0.005],
    )
    stone_wales: DopantFraction = Field(
        default=0.0,
        description="Stone-Wales defects per atom of the wall: a C-C bond rotated by 90°, rings 5-7-7-5.",
        examples=[0.005],
    )
    distance: PositiveLength = Field(
        default=4.0, description="Minimum distance between atoms of different sites.", examples=["5 Å"]
    )
    nitrogens_per_site: Literal[1, 2, 3] = Field(
        default=3,
        description="Number of N atoms around the vacancy of a pyridinic site.",
        json_schema_extra=notes(
            choices={
                1: "one of the three atoms at the vacancy is N, two are C:edge",
                2: "two are N, one is C:edge",
                3: "all three are N",
            },
            quantity="count",
            unit="atoms",
        ),
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

    length: PositiveLength = Field(description="Length along the axis, rounded to whole periods.", examples=["50 Å"])
    axis: Literal["x", "y", "z"] = Field(
        default="z",
        description="Direction of the axis.",
        json_schema_extra=notes(choices={"x": "along x", "y": "along y", "z": "along z"}),
    )
    bond: PositiveLength | None = Field(
        default=None, description=BOND, examples=["1.44 Å"], json_schema_extra=notes(default=BOND_DEFAULT)
    )
    doping: Doping | None = Field(
        default=None, description=DOPING, examples=[DOPED], json_schema_extra=notes(default="none")
    )

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
    chirality: Chirality = Field(
        description="Chiral indices [n, m].", examples=[[10, 10]], json_schema_extra=notes(quantity="index")
    )

    @property
    def all_walls(self) -> tuple[Chirality, ...]:
        """The one wall."""
        return (self.chirality,)


class WalledTubes(Tubes):
    """Keys of tubes with any number of walls."""

    walls: Annotated[tuple[Chirality, ...], Field(min_length=1, max_length=20)] = Field(
        description="Chiral indices [n, m] of the walls, from the inside outwards.",
        examples=[[[10, 10], [15, 15]]],
        json_schema_extra=notes(quantity="pair of indices"),
    )
    strain: Annotated[float, Field(strict=True, ge=0.0, le=0.1)] = Field(
        default=0.01,
        description="Largest strain of a wall along the axis, for walls of different periods.",
        examples=[0.02],
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
    tubes: Annotated[int, Field(strict=True, ge=1, le=100)] = Field(
        description="Number of tubes.", examples=[7], json_schema_extra=notes(unit="tubes")
    )
    gap: PositiveLength = Field(
        default=3.4, description="Distance between the outer walls of neighbouring tubes.", examples=["3.4 Å"]
    )

    @property
    def number(self) -> int:
        """Number of tubes."""
        return self.tubes


class Graphene(Section):
    """Periodic graphene sheets in the xy plane."""

    kind: Literal["graphene"] = Field(description="Graphene sheets in the xy plane.")
    size: tuple[PositiveLength, PositiveLength] = Field(
        description="Lengths along x and y, rounded to whole rectangular unit cells.", examples=[["30 Å", "30 Å"]]
    )
    layers: Positive = Field(
        default=1, description="Number of layers.", examples=[2], json_schema_extra=notes(unit="layers")
    )
    gap: PositiveLength = Field(default=3.35, description="Distance between layers.", examples=["3.4 Å"])
    stacking: Literal["AB", "AA"] = Field(
        default="AB",
        description="Stacking of the layers.",
        json_schema_extra=notes(
            choices={
                "AB": "as in graphite: every second atom is above an atom",
                "AA": "atoms above atoms",
            }
        ),
    )
    bond: PositiveLength | None = Field(
        default=None, description=BOND, examples=["1.44 Å"], json_schema_extra=notes(default=BOND_DEFAULT)
    )
    doping: Doping | None = Field(
        default=None, description=DOPING, examples=[DOPED], json_schema_extra=notes(default="none")
    )


class CarbonFile(FileReading):
    """A carbon wall from a structure file that ASE can read, or of LAMMPS."""

    kind: Literal["file"] = Field(description="Wall from a structure file.")
    file: Text = Field(
        description="Structure file that ASE can read, a dump or data file of LAMMPS.", examples=["wall.xyz"]
    )
    shape: Literal["tube", "sheet"] = Field(
        description="Shape of the wall.",
        json_schema_extra=notes(choices={"tube": "a tube along x, y or z", "sheet": "sheets in the xy plane"}),
    )
    doping: Doping | None = Field(
        default=None, description=DOPING, examples=[DOPED], json_schema_extra=notes(default="none")
    )


Carbon = Annotated[Nanotube | Multiwall | Bundle | Graphene | CarbonFile, Field(discriminator="kind")]
