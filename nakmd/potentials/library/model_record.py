"""Records of models: sums of parameter sets, with optional screening of metal-wall pairs."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, Strict, StringConstraints, model_validator

from nakmd.potentials.forms.doping import settled_part
from nakmd.potentials.forms.record import Evidence, Part, Positive, Record, Species, Text, refuse_repeats, unique_pairs


class ScreenedElement(Part):
    """Screening of the attraction between a metal and the wall: S = 1 − (1 − s)(1 − e^{−ρ/ρ₀}).

    s is ``residual``; with c graphitic N per atom of the wall, and ``doped_residual`` given, it is
    residual^{1−δ} doped_residual^δ with δ = 1 − e^{−c/c₀}, c₀ ``doping_scale``.
    """

    symbol: Species
    residual: Annotated[float, Strict(), Field(ge=0.0, le=1.0)]
    rho_0: Positive
    doped_residual: Annotated[float, Strict(), Field(ge=0.0, le=1.0)] | None = None
    doping_scale: Positive | None = None
    evidence: Evidence
    note: Text = ""

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.doped_residual is None) != (self.doping_scale is None):
            raise ValueError(f"{self.symbol} takes doped_residual and doping_scale together, or neither")
        return self

    def residual_beside(self, concentration: float) -> float:
        """Return the fraction of the attraction left in dense metal at a doped wall: s^{1-δ} s_d^δ."""
        if self.doped_residual is None or self.doping_scale is None:
            return self.residual
        settled = settled_part(concentration, self.doping_scale)
        return float(self.residual ** (1.0 - settled) * self.doped_residual**settled)


class ScreenedPair(Part):
    """A pair that is screened in part (``share`` < 1) or not at all (0)."""

    species: tuple[Species, Species]
    share: Annotated[float, Strict(), Field(ge=0.0, le=1.0)]
    note: Text = ""


class Screening(Part):
    """Metal-wall pairs that weaken with the density of the metal of the model (`nakmd.potentials.Screened`)."""

    element: Annotated[tuple[ScreenedElement, ...], Field(min_length=1)]
    pair: tuple[ScreenedPair, ...] = ()

    @model_validator(mode="after")
    def _entries_differ(self) -> Self:
        refuse_repeats([element.symbol for element in self.element], "element")
        unique_pairs(pair.species for pair in self.pair)
        return self

    @property
    def takes_doping(self) -> bool:
        """Whether graphitic nitrogen in the wall changes the screening."""
        return any(element.doped_residual is not None for element in self.element)


class ModelTerm(Part):
    """A term of a model: set, elements, whether the affinity scales it, factor on unlike φ, screening."""

    set: Annotated[str, Strict(), StringConstraints(min_length=1, max_length=256)]
    elements: tuple[Species, ...] | None = None
    affinity: Annotated[bool, Strict()] = False
    lambda_phi: Positive | None = None
    screening: Screening | None = None


class ModelRecord(Record):
    """A sum of terms over species, and the pairs declared not to interact."""

    equation: ClassVar[str] = "E = sum of the terms"

    form: Literal["model"]
    term: Annotated[tuple[ModelTerm, ...], Field(min_length=1)]
    none: tuple[tuple[Species, Species], ...] = ()

    @property
    def species(self) -> tuple[str, ...]:
        """Names of the sets."""
        return tuple(term.set for term in self.term)
