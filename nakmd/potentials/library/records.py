"""What a parameter set is: the schema of the TOML files in ``potentials/``, all forms by name."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from nakmd.potentials.forms.pair_records import LennardJonesSet, MorseSet, TwoGaussiansSet
from nakmd.potentials.forms.record import (
    Accuracy,
    Element,
    Evidence,
    NotNegative,
    Number,
    NumbersRecord,
    Part,
    Positive,
    Record,
    Source,
    Text,
    Units,
    Word,
    pair_key,
)
from nakmd.potentials.forms.record import refuse_repeats as _refuse_repeats
from nakmd.potentials.library.model_record import ModelRecord

__all__ = [
    "FORMS",
    "Accuracy",
    "AnyRecord",
    "Evidence",
    "NumbersRecord",
    "Part",
    "Record",
    "Source",
    "Units",
    "pair_key",
]


class Core(Part):
    """The join of MOLDY: ZBL inside, the spline outside, between them ln V a cubic Hermite; radii over a.

    ``smooth`` takes the kinks out between itself and ``outer`` (`nakmd.potentials.FinnisSinclair`).
    """

    form: Literal["zbl-log-hermite"]
    inner: Positive
    outer: Positive
    smooth: Positive | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.inner >= self.outer:
            raise ValueError(f"inner = {self.inner} must be smaller than outer = {self.outer}")
        if self.smooth is not None and not self.inner < self.smooth < self.outer:
            raise ValueError(f"smooth = {self.smooth} must lie between inner = {self.inner} and outer = {self.outer}")
        return self


class SplinePair(Part):
    """Coefficients of V (A, eV) and φ (B, eV²) of a pair of elements, in x = r/a."""

    elements: tuple[Word, Word]
    a: Positive
    A: tuple[Number, ...]
    B: tuple[Number, ...]
    evidence: Evidence
    note: Text = ""


class FinnisSinclairCubicSet(NumbersRecord):
    """Finnis–Sinclair with truncated cubics: V = Σ A_k (X_k − x)³, φ = Σ B_k (Y_k − x)³, F = −√ρ."""

    equation: ClassVar[str] = (
        "E = Σ_{i<j} V(r_ij) - Σ_i √ρ_i, ρ_i = Σ_j φ(r_ij); x = r/a, V = Σ_k A_k (X_k - x)³ H(X_k - x), "
        "φ = Σ_k B_k (Y_k - x)³ H(Y_k - x); inside the core a join to the ZBL repulsion"
    )

    form: Literal["finnis_sinclair_cubic"]
    X: Annotated[tuple[Positive, ...], Field(min_length=1)]
    Y: Annotated[tuple[Positive, ...], Field(min_length=1)]
    alloys: Annotated[tuple[tuple[Word, ...], ...], Field(min_length=1)]
    lambda_phi: Positive = 1.0
    core: Core
    element: tuple[Element, ...]
    pair: tuple[SplinePair, ...]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        known = [element.symbol for element in self.element]
        pairs = [pair_key(*pair.elements) for pair in self.pair]
        for pair in self.pair:
            name = "-".join(pair.elements)
            if len(pair.A) != len(self.X) or len(pair.B) != len(self.Y):
                raise ValueError(
                    f"{name} has {len(pair.A)} A and {len(pair.B)} B, "
                    f"where X and Y have {len(self.X)} and {len(self.Y)}"
                )
        _refuse_repeats(known, "element")
        _refuse_repeats(["-".join(pair) for pair in pairs], "pair")
        _refuse_repeats([symbol for alloy in self.alloys for symbol in alloy], "element of alloys")
        for alloy in self.alloys:
            for symbol in alloy:
                if symbol not in known:
                    raise ValueError(f"alloys names {symbol}, which has no [[element]]")
            for a, b in combinations_with_replacement(alloy, 2):
                if pair_key(a, b) not in pairs:
                    raise ValueError(f"alloys joins {a} and {b}, and there is no [[pair]] of them")
        return self


class Ends(Part):
    """Where functions begin and end to go to zero, by a switching polynomial."""

    start: Positive
    end: Positive

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start >= self.end:
            raise ValueError(f"start = {self.start} must be smaller than end = {self.end}")
        return self


class BccElement(Element):
    """An element of `JohnsonOhSet`: a is ``lattice_constant``, energies in eV and positive, constants in GPa."""

    cohesive_energy: Positive
    vacancy_energy: Positive
    C11: Positive
    C12: Positive
    C44: Positive
    evidence: Evidence
    note: Text = ""


class JohnsonOhSet(NumbersRecord):
    """Analytic embedded atoms of bcc metals (`nakmd.potentials.JohnsonOh`): six figures of each; cut in units of a."""

    equation: ClassVar[str] = (
        "E = Σ_i F(ρ_i) + ½ Σ V(r); f = f_e (r_1/r)⁶, V = Σ_m k_m (r/r_1 - 1)^m, F = -(E_c - E_1v)(1 - n ln x) x^n, "
        "x = ρ/ρ_e; V_ab = ½ (f_b/f_a V_aa + f_a/f_b V_bb); k and n solved for the figures of each element"
    )

    form: Literal["johnson_oh"]
    cut: Ends
    element: Annotated[tuple[BccElement, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        _refuse_repeats([element.symbol for element in self.element], "element")
        for element in self.element:
            if element.lattice != "bcc":
                raise ValueError(f"{element.symbol} is {element.lattice}; these functions are for bcc")
        return self


class GuptaPair(Part):
    """Numbers of a pair of elements: A and xi in eV, r_0 in Å."""

    elements: tuple[Word, Word]
    A: Positive
    xi: Positive
    p: Positive
    q: Positive
    r_0: Positive
    evidence: Evidence
    note: Text = ""


class GuptaSet(NumbersRecord):
    """Second-moment approximation of tight binding (`nakmd.potentials.Gupta`); cut in Å."""

    equation: ClassVar[str] = "E = Σ_i [Σ_j A exp(-p (r/r_0 - 1)) - √(Σ_j ξ² exp(-2q (r/r_0 - 1)))]"

    form: Literal["gupta"]
    cut: Ends
    element: Annotated[tuple[Element, ...], Field(min_length=1)]
    pair: Annotated[tuple[GuptaPair, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        known = [element.symbol for element in self.element]
        pairs = [pair_key(*pair.elements) for pair in self.pair]
        _refuse_repeats(known, "element")
        _refuse_repeats(["-".join(pair) for pair in pairs], "pair")
        wanted = {pair_key(a, b) for a, b in combinations_with_replacement(known, 2)}
        for missing in sorted(wanted - set(pairs)):
            raise ValueError(f"there is no [[pair]] of {'-'.join(missing)}")
        for other in sorted(set(pairs) - wanted):
            raise ValueError(f"the [[pair]] of {'-'.join(other)} is of an element without [[element]]")
        return self


class TersoffPair(Part):
    """A record of Tersoff's bond order: centre, bonded atom, and the third atoms (by default all)."""

    elements: tuple[Word, Word]
    third: tuple[Word, ...] | None = None
    m: Literal[1, 3]
    gamma: NotNegative
    lambda3: Number
    c: NotNegative
    d: Positive
    h: Number
    n: NotNegative
    beta: NotNegative
    lambda2: NotNegative
    B: NotNegative
    R: Positive
    D: NotNegative
    lambda1: NotNegative
    A: NotNegative
    evidence: Evidence
    note: Text = ""


class TersoffSet(NumbersRecord):
    """Tersoff's bond order in LAMMPS's convention (see `nakmd.potentials.files.tersoff_file`)."""

    equation: ClassVar[str] = (
        "E = ½ Σ f_C(r) [A exp(-λ1 r) - b_ij B exp(-λ2 r)], b = (1 + βⁿ ζⁿ)^(-1/2n), "
        "ζ = Σ_k f_C(r_ik) g(θ) exp(λ3^m (r_ij - r_ik)^m), g = γ (1 + c²/d² - c²/(d² + (cos θ - h)²))"
    )

    form: Literal["tersoff"]
    elements: Annotated[tuple[Word, ...], Field(min_length=1)]
    pair: tuple[TersoffPair, ...]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _refuse_repeats(self.elements, "element")
        found = [(*p.elements, k) for p in self.pair for k in (self.elements if p.third is None else p.third)]
        _refuse_repeats([" ".join(triple) for triple in found], "triple")
        for triple in found:
            if not set(triple) <= set(self.elements):
                raise ValueError(f"{' '.join(triple)} is not of the elements {', '.join(self.elements)}")
        wanted = [(i, j, k) for i in self.elements for j in self.elements for k in self.elements]
        missing = [" ".join(triple) for triple in wanted if triple not in found]
        if missing:
            raise ValueError(f"no [[pair]] gives the triples {', '.join(missing)}")
        return self


class EAMTableSet(NumbersRecord):
    """An EAM potential in a file beside the record: setfl, eam.fs, or one funcfl file for each element."""

    equation: ClassVar[str] = "E = Σ_i F(ρ_i) + ½ Σ φ(r), ρ_i = Σ_j ρ_j(r_ij), on tables with LAMMPS's interpolation"

    form: Literal["eam_table"]
    files: Annotated[tuple[Text, ...], Field(min_length=1)]


AnyRecord = (
    FinnisSinclairCubicSet
    | JohnsonOhSet
    | GuptaSet
    | TersoffSet
    | MorseSet
    | LennardJonesSet
    | TwoGaussiansSet
    | EAMTableSet
    | ModelRecord
)

#: Word of ``form`` and the schema that it chooses.
FORMS: dict[str, type[AnyRecord]] = {
    "finnis_sinclair_cubic": FinnisSinclairCubicSet,
    "johnson_oh": JohnsonOhSet,
    "gupta": GuptaSet,
    "tersoff": TersoffSet,
    "morse": MorseSet,
    "lennard_jones": LennardJonesSet,
    "two_gaussians": TwoGaussiansSet,
    "eam_table": EAMTableSet,
    "model": ModelRecord,
}
