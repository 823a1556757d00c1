"""The force model of a deck: a named set, a file or a list of terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, Union

from pydantic import Field, create_model, model_validator

from nakmd.deck.fields import Names, PositiveLength, Section, Text, quantity_in
from nakmd.deck.key_facts import notes
from nakmd.deck.quantities import format_quantity, kind_of
from nakmd.potentials.forms import PAIR_FORMS
from nakmd.potentials.forms.pair import PairPotential
from nakmd.potentials.forms.pair_set import CutMode, Parameter

Pair = tuple[Text, Text]


class EAMTerm(Section):
    """Tabulated embedded-atom potential: setfl, eam.fs or funcfl; the format is detected from the content."""

    kind: Literal["eam"] = Field(description="Tabulated embedded-atom potential.")
    file: Names = Field(
        description="One file, or several funcfl files for an alloy.", examples=["NaK.eam.alloy", ["na.eam", "k.eam"]]
    )


class TersoffTerm(Section):
    """Tersoff bond-order potential from a file in LAMMPS format."""

    kind: Literal["tersoff"] = Field(description="Tersoff bond-order potential.")
    file: Text = Field(description="Parameter file in LAMMPS format.", examples=["BNC.tersoff"])


class SetTerm(Section):
    """A named set of the library, or a user set in a TOML file, as one term of a sum."""

    kind: Literal["set"] = Field(description="All terms of a parameter set.")
    name: Text = Field(description="Named set (`nakmd potentials list`), or path of a TOML file.", examples=["nak"])
    replace: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="Whether these pairs replace those of other terms; a pair of two terms is an error."
    )


class ASETerm(Section):
    """An ASE calculator as one term of a sum."""

    kind: Literal["ase"] = Field(description="A calculator of ASE: any model of the energy.")
    calculator: Text = Field(description='What makes it: "module:factory".', examples=["tblite.ase:TBLite"])
    arguments: dict[str, Any] = Field(
        default={}, description="Keyword arguments of the factory.", examples=[{"method": "GFN1-xTB"}]
    )
    species: Annotated[tuple[Text, ...], Field(min_length=1)] | None = Field(
        default=None,
        description="Elements or species that it computes. It does not see other atoms.",
        examples=[["C", "N"]],
        json_schema_extra=notes(default="all"),
    )
    add: Annotated[bool, Field(strict=True)] = Field(
        default=False,
        description="Whether it is a correction, added to the terms that have its pairs; a pair of two terms is an "
        "error otherwise.",
    )
    renew: Annotated[bool, Field(strict=True)] = Field(
        default=False,
        description="Whether every step has a new calculator, for one that starts from its last result: the run then "
        "resumes to the bit.",
    )


class PairTerm(Section):
    """A pair potential between two species; its parameters are those that the form declares."""

    #: The class of the potential.
    form: ClassVar[type[PairPotential]]

    kind: Text = Field(description="Form of the pair potential.")
    pair: Pair = Field(description="The two species.", examples=[["K", "C"]])
    cutoff: Annotated[PositiveLength, Field(le=100.0)] = Field(
        description="Cutoff distance, at most 100 Å.", examples=["9 Å"]
    )
    cut: CutMode = Field(
        default="shift",
        description="How the energy is brought to zero at the cutoff.",
        json_schema_extra=notes(
            choices={
                "cut": "not at all: a step at the cutoff",
                "shift": "by a constant: the energy is continuous",
                "smooth": "by a polynomial between smooth_from and the cutoff: energy and force are continuous",
            }
        ),
    )
    smooth_from: PositiveLength | None = Field(
        default=None,
        description='Start of the switching region of cut = "smooth".',
        examples=["8 Å"],
        json_schema_extra=notes(default="0.9 of the cutoff"),
    )
    replace: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="Whether these pairs replace those of other terms; a pair of two terms is an error."
    )
    between_layers: Annotated[bool, Field(strict=True)] = Field(
        default=False,
        description="Whether it acts only between different layers of the wall, added to the term of their bonds.",
    )

    @model_validator(mode="after")
    def _smoothed(self) -> Self:
        if self.smooth_from is not None and self.cut != "smooth":
            raise ValueError(
                f'has smooth_from, which cut = "{self.cut}" does not use; remove it or write cut = "smooth"'
            )
        return self

    def build(self) -> PairPotential:
        """Return the potential."""
        numbers = {name: getattr(self, name) for name in (*self.form.parameters, "cutoff", "cut")}
        if self.smooth_from is not None:
            numbers["smooth_from"] = self.smooth_from
        return self.form(
            {self.pair: numbers},
            label=f"{self.kind} {'-'.join(self.pair)}",
            replace=self.replace,
            between_layers=self.between_layers,
        )


def _pair_term(form: type[PairPotential]) -> type[PairTerm]:
    """Return the table of a pair form, made from the parameters that the form declares."""
    kind = form.form.replace("_", "-")
    fields: dict[str, Any] = {"kind": (Literal[kind], Field(description=f"{form.equation}."))}
    for name, parameter in form.parameters.items():
        fields[name] = (
            quantity_in(parameter.unit),
            Field(description=f"{parameter.meaning}.", examples=[_example(parameter)]),
        )
    section = create_model(
        f"{form.__name__}Term",
        __base__=PairTerm,
        __module__=__name__,
        __doc__=f"{form.equation}, between two species.",
        **fields,
    )
    section.form = form
    return section


def _example(parameter: Parameter) -> float | str:
    """Return the example of a parameter as a deck has it."""
    return format_quantity(parameter.example, kind_of(parameter.unit)) if parameter.unit else parameter.example


#: The tables of all pair forms registered in `nakmd.potentials.forms`.
PAIR_TERMS = tuple(_pair_term(form) for form in PAIR_FORMS)

if TYPE_CHECKING:
    Term = EAMTerm | TersoffTerm | SetTerm | ASETerm | PairTerm
else:  # built at run time from the registered forms
    Term = Annotated[Union[(EAMTerm, TersoffTerm, SetTerm, ASETerm, *PAIR_TERMS)], Field(discriminator="kind")]


class Model(Section):
    """The force model: a named set, a file, an ASE calculator or a list of terms, and pairs that do not interact."""

    potential: Text | None = Field(
        default=None,
        description="Named set (`nakmd potentials list`) or potential file.",
        examples=["nak-cn"],
        json_schema_extra=notes(default="none; terms or ase then give the model"),
    )
    terms: tuple[Term, ...] = Field(
        default=(),
        description="Terms of the model; their energies are added.",
        examples=[[{"kind": "set", "name": "nak"}, {"kind": "tersoff", "file": "BNC.tersoff"}]],
    )
    ase: Text | None = Field(
        default=None,
        description='What makes an ASE calculator: "module:factory".',
        examples=["tblite.ase:TBLite"],
        json_schema_extra=notes(default="none; potential or terms then give the model"),
    )
    arguments: dict[str, Any] = Field(
        default={}, description="Keyword arguments of the factory in ase.", examples=[{"method": "GFN1-xTB"}]
    )
    affinity: Annotated[float, Field(strict=True, ge=0.0)] = Field(
        default=1.0, description="Factor on the metal-carbon well depths of a named set.", examples=[0.9]
    )
    screening: Annotated[float, Field(strict=True, ge=0.0)] = Field(
        default=1.0,
        description="Strength of the screening of metal-carbon pairs by surrounding metal: 0 none, 1 as calibrated.",
        examples=[0.5],
    )
    doping: Annotated[float, Field(strict=True, ge=0.0, le=1.0)] | None = Field(
        default=None,
        description="Graphitic N per wall atom, for sets that depend on it.",
        examples=[0.02],
        json_schema_extra=notes(default="as in [structure.carbon]"),
    )
    member: Annotated[int, Field(strict=True, ge=1)] | None = Field(
        default=None,
        description="Member of the ensemble of a named set; the spread over members estimates the error of the model.",
        examples=[3],
        json_schema_extra=notes(default="none: the set itself", quantity="index"),
    )
    between_layers: Text | None = Field(
        default=None,
        description="Named set or file that acts between different layers of carbon.",
        examples=["girifalco-2000-c"],
        json_schema_extra=notes(default="none: nothing holds the layers together"),
    )
    precision: Literal["double", "mixed"] = Field(
        default="double",
        description="Floating-point precision.",
        json_schema_extra=notes(
            choices={"double": "all in float64", "mixed": "pairs in float32, sums and per-atom terms in float64"}
        ),
    )
    none: tuple[Pair, ...] = Field(
        default=(),
        description="Pairs of species that do not interact.",
        examples=[[["K", "O"]]],
        json_schema_extra=notes(quantity="pair of species"),
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [key for key in ("potential", "ase", "terms") if getattr(self, key)]
        if given == ["potential", "terms"]:
            raise ValueError(
                f"has potential and [[model.terms]]; make the set the first term: [[model.terms]] with kind = "
                f'"set" and name = "{self.potential}", in place of potential'
            )
        if len(given) != 1:
            raise ValueError(
                'needs one of potential = "nak-cn" (a named set or a file), ase = "module:factory" (an ASE calculator) '
                f"and a list of [[model.terms]]{', not ' + ' and '.join(given) if given else ''}"
            )
        if self.arguments and self.ase is None:
            raise ValueError(
                'has arguments, which are those of the factory in ase = "module:factory"; remove them, or write ase'
            )
        return self

    @property
    def source(self) -> str:
        """The key that gives the model: ``"potential"``, ``"ase"`` or ``"terms"``."""
        return "potential" if self.potential is not None else "ase" if self.ase is not None else "terms"

    @property
    def has_calculator(self) -> bool:
        """Whether an ASE calculator is the model or a term of it."""
        return self.ase is not None or any(isinstance(term, ASETerm) for term in self.terms)
