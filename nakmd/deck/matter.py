"""The words of a deck that say what there is: the model of the forces, the structure, and the groups of atoms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, Union

from pydantic import Field, create_model, model_validator

from nakmd.deck.fields import (
    Angle,
    Count,
    Density,
    FileNames,
    Flag,
    Fraction,
    Positive,
    PositiveLength,
    Section,
    Stiffness,
    Temperature,
    Text,
    quantity_in,
)
from nakmd.elements import CC_BOND
from nakmd.potentials.forms import PAIR_FORMS
from nakmd.potentials.forms.pair import PairPotential
from nakmd.potentials.forms.pair_set import CutMode

Periodic = tuple[Flag, Flag, Flag]
Pair = tuple[Text, Text]


class EAMTerm(Section):
    """Embedded atoms on tables: setfl, eam.fs or funcfl, told apart by content."""

    kind: Literal["eam"]
    file: FileNames = Field(description="one file; several funcfl files make an alloy")


class TersoffTerm(Section):
    """Bond order, from a file in LAMMPS's format."""

    kind: Literal["tersoff"]
    file: Text


class SetTerm(Section):
    """A set of the library, or a set of one's own in a TOML file, as one term of a sum."""

    kind: Literal["set"]
    name: Text


class PairTerm(Section):
    """A pair potential between two species; its parameters are those that the form declares."""

    #: The potential that the words are for.
    form: ClassVar[type[PairPotential]]

    kind: Text
    pair: Pair
    cutoff: PositiveLength
    cut: CutMode = "shift"
    smooth_from: PositiveLength | None = Field(
        default=None, description='where cut = "smooth" starts; 0.9 of the cutoff if left out'
    )

    def build(self) -> PairPotential:
        """Return the potential."""
        numbers = {name: getattr(self, name) for name in (*self.form.parameters, "cutoff", "cut")}
        if self.smooth_from is not None:
            numbers["smooth_from"] = self.smooth_from
        return self.form({self.pair: numbers}, label=f"{self.kind} {'-'.join(self.pair)}")


def _pair_term(form: type[PairPotential]) -> type[PairTerm]:
    """Return the words of a form of pair potential, made of what it declares."""
    kind = form.form.replace("_", "-")
    words: dict[str, Any] = {
        "kind": (Literal[kind], ...),
        **{name: (quantity_in(parameter.unit), ...) for name, parameter in form.parameters.items()},
    }
    made = create_model(
        f"{form.__name__}Term",
        __base__=PairTerm,
        __module__=__name__,
        __doc__=f"{form.equation}, between two species.",
        **words,
    )
    made.form = form
    return made


#: The words of every pair form, by what `nakmd.potentials.forms` names.
PAIR_TERMS = tuple(_pair_term(form) for form in PAIR_FORMS)

if TYPE_CHECKING:
    Term = EAMTerm | TersoffTerm | SetTerm | PairTerm
else:  # a union that is made when the forms are known
    Term = Annotated[Union[(EAMTerm, TersoffTerm, SetTerm, *PAIR_TERMS)], Field(discriminator="kind")]


class Model(Section):
    """The forces: a named set, a file, or a list of terms; and pairs declared not to interact."""

    potential: Text | None = Field(default=None, description="named set (nakmd potentials list) or a potential file")
    terms: tuple[Term, ...] = ()
    affinity: Annotated[float, Field(strict=True, ge=0.0)] = Field(
        default=1.0, description="factor on the metal-carbon depths of a named set"
    )
    screening: Annotated[float, Field(strict=True, ge=0.0)] = Field(
        default=1.0,
        description="how far metal around a metal atom weakens its pairs with carbon: 0 not, 1 as calibrated",
    )
    doping: Annotated[float, Field(strict=True, ge=0.0, le=1.0)] | None = Field(
        default=None,
        description="graphitic N per atom of the wall, for sets that weaken with it; by default as in structure.carbon",
    )
    precision: Literal["double", "mixed"] = Field(
        default="double", description="mixed: pairs in float32, sums and atoms in float64"
    )
    none: tuple[Pair, ...] = Field(default=(), description="pairs of species that do not interact, on purpose")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.potential is None) == (not self.terms):
            raise ValueError('needs either potential = "nak-cn" (a named set or a file) or a list of [[model.terms]]')
        return self


class Doping(Section):
    """Nitrogen in the wall: atomic fraction N/(N + C) of each kind."""

    graphitic: Annotated[float, Field(strict=True, ge=0.0, le=0.5)] = 0.0
    pyridinic: Annotated[float, Field(strict=True, ge=0.0, le=0.5)] = 0.0
    pyrrolic: Annotated[float, Field(strict=True, ge=0.0, le=0.5)] = 0.0
    distance: PositiveLength = Field(default=4.0, description="least distance between atoms of different sites")
    nitrogens_per_site: Literal[1, 2, 3] = Field(
        default=3, description="N atoms around the vacancy of a pyridinic site"
    )

    @property
    def fractions(self) -> dict[str, float]:
        """Fraction of each kind that is present."""
        kinds = {"graphitic": self.graphitic, "pyridinic": self.pyridinic, "pyrrolic": self.pyrrolic}
        return {kind: fraction for kind, fraction in kinds.items() if fraction > 0.0}


class Nanotube(Section):
    """A single-walled (n, m) tube along z, periodic."""

    kind: Literal["nanotube"]
    chirality: tuple[Count, Count]
    length: PositiveLength = Field(description="rounded to whole periods")
    bond: PositiveLength = Field(default=CC_BOND, description="C-C bond length to build with")
    doping: Doping | None = None


class Graphene(Section):
    """Graphene sheets in the xy plane, periodic."""

    kind: Literal["graphene"]
    size: tuple[PositiveLength, PositiveLength] = Field(description="rounded to whole rectangular cells")
    layers: Positive = 1
    gap: PositiveLength = Field(default=3.35, description="from layer to layer")
    stacking: Literal["AB", "AA"] = "AB"
    bond: PositiveLength = Field(default=CC_BOND, description="C-C bond length to build with")
    doping: Doping | None = None


class CarbonFile(Section):
    """A carbon wall from any file that ASE reads."""

    kind: Literal["file"]
    file: Text
    shape: Literal["tube", "sheet"] = Field(description="a tube along z, or sheets in the xy plane")
    doping: Doping | None = None


Carbon = Annotated[Nanotube | Graphene | CarbonFile, Field(discriminator="kind")]


class Liquid(Section):
    """Liquid Na, K or NaK, packed without overlaps."""

    region: Literal["bulk", "around", "inside", "beside", "droplet", "between"] = "bulk"
    x_K: Fraction = Field(  # noqa: N815  (the field's symbol)
        description="atomic fraction of potassium in the alloy"
    )
    temperature: Annotated[Temperature, Field(gt=0.0)] | None = Field(
        default=None, description="sets the density, from the handbook's lines of Na and K"
    )
    density: Annotated[Density, Field(gt=0.0)] | None = None
    thickness: PositiveLength | None = Field(
        default=None,
        description="around: from wall to cell face; beside: of the slab; between: from sheet to sheet; "
        "of a film between vacuum: along z",
    )
    atoms: Positive | None = Field(default=None, description="how many; from density and volume if left out")
    contact_angle: Annotated[Angle, Field(ge=10.0, le=170.0)] = Field(
        default=90.0, description="of the droplet that the run starts from"
    )

    @model_validator(mode="after")
    def _one_density(self) -> Self:
        if self.temperature is not None and self.density is not None:
            raise ValueError("gives temperature and density; the density follows from the temperature, so keep one")
        if self.region == "droplet" and self.atoms is None:
            raise ValueError('has region = "droplet" and so needs a number of atoms = 1500')
        if self.region == "droplet" and self.temperature is None:
            raise ValueError('has region = "droplet" and so needs a temperature = "450 K"')
        return self


class Substitution(Section):
    """Atoms of a crystal replaced by another metal."""

    element: Text
    count: Positive | None = None
    fraction: Fraction | None = None

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        if (self.count is None) == (self.fraction is None):
            raise ValueError("needs either count = 1 or fraction = 0.05")
        return self


class Crystal(Section):
    """A bcc crystal, some of its atoms substituted."""

    element: Text
    repeat: tuple[Positive, Positive, Positive]
    lattice: PositiveLength | None = Field(default=None, description="cubic constant; known for Na, K")
    substitute: Substitution | None = None


class StructureFile(Section):
    """A whole system from any file that ASE reads."""

    path: Text
    repeat: tuple[Positive, Positive, Positive] = (1, 1, 1)


class BoxSection(Section):
    """The cell, where it does not follow from what is in it."""

    lengths: tuple[PositiveLength, PositiveLength, PositiveLength] | None = Field(
        default=None, description="of a bulk liquid; a cube of the right volume if left out"
    )
    vacuum: PositiveLength | None = Field(
        default=None,
        description="empty space beyond the carbon or the slab; of a liquid alone, on both sides along z: a film",
    )
    periodic: Periodic | None = None


class Structure(Section):
    """What is in the cell: carbon and liquid, or a crystal, or a file."""

    carbon: Carbon | None = None
    liquid: Liquid | None = None
    crystal: Crystal | None = None
    file: StructureFile | None = None
    box: BoxSection | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        made = [name for name in ("crystal", "file") if getattr(self, name) is not None]
        mixed = [name for name in ("carbon", "liquid") if getattr(self, name) is not None]
        if not made and not mixed:
            raise ValueError(
                "is empty; give [structure.carbon], [structure.liquid], [structure.crystal] or [structure.file]"
            )
        if len(made) + bool(mixed) > 1:
            raise ValueError(f"gives {' and '.join(made + mixed)}; only carbon and liquid go together")
        return self


class Tether(Section):
    """A group whose atoms hang on springs at their first positions."""

    group: Text
    spring: Annotated[Stiffness, Field(gt=0.0)]


class Groups(Section):
    """Atoms that do not move freely."""

    frozen: tuple[Text, ...] = Field(default=(), description="do not move at all")
    tethered: tuple[Tether, ...] = ()
    rigid: tuple[Text, ...] = Field(default=(), description="move as rigid bodies")
