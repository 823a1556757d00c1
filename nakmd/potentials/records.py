"""What a parameter set is: the schema of the TOML files in ``potentials/``."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints, model_validator

Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Positive = Annotated[float, Strict(), Field(gt=0.0, allow_inf_nan=False)]
NotNegative = Annotated[float, Strict(), Field(ge=0.0, allow_inf_nan=False)]
Word = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=32, pattern=r"^[A-Za-z][A-Za-z0-9:_-]*$")]
Name = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Text = Annotated[str, Strict()]
Doi = Annotated[str, Strict(), StringConstraints(pattern=r"^10\.[0-9]{4,9}/\S+$")]

#: How a number is known: read in the source named; solved for figures of the source; remembered (and how
#: well); chosen here, with the reason in the note.
Evidence = Literal["published", "fitted", "recalled-high", "recalled-medium", "recalled-low", "proposed"]


def pair_key(a: str, b: str) -> tuple[str, str]:
    """Return an unordered pair in its one order."""
    return (a, b) if a <= b else (b, a)


class Part(BaseModel):
    """A piece of a record: frozen, and without words that nobody knows."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Part):
    """A work that numbers come from."""

    paper: Text
    doi: Doi | None = None
    note: Text = ""


class Units(Part):
    """The units of the numbers; nothing is converted, so they can only be these."""

    energy: Literal["eV"]
    length: Literal["Å"]
    density: Literal["eV²"] | None = None


class Record(Part):
    """What every file of the library says of itself."""

    name: Name
    title: Text
    form: str
    notes: Text = ""
    not_for: tuple[Text, ...] = ()


class NumbersRecord(Record):
    """A record that holds numbers: with their units, sources and licence."""

    license: Text
    units: Units
    source: Annotated[tuple[Source, ...], Field(min_length=1)]


class Element(Part):
    """An element, for the headers of tables."""

    symbol: Word
    atomic_number: Annotated[int, Strict(), Field(ge=1, le=118)]
    mass: Positive
    lattice: Word
    lattice_constant: Positive


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
    """Tersoff's bond order in LAMMPS's convention (see `nakmd.potentials.tersoff_file`)."""

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


class CutPair(Part):
    """What every pair of a pair potential may say."""

    species: tuple[Word, Word]
    cutoff: Positive | None = None
    cut: Literal["cut", "shift", "smooth"] | None = None
    smooth_from: Positive | None = None
    evidence: Evidence
    note: Text = ""


class MorsePair(CutPair):
    """V = D (e^{−2α(r − r₀)} − 2 e^{−α(r − r₀)})."""

    depth: Positive
    alpha: Positive
    r_0: Positive


class LennardJonesPair(CutPair):
    """V = 4ε ((σ/r)¹² − (σ/r)⁶)."""

    epsilon: Positive
    sigma: Positive


class PairSet(NumbersRecord):
    """A pair potential: parameters for pairs of species, and how each is cut (by default as the set says)."""

    cutoff: Positive
    cut: Literal["cut", "shift", "smooth"]
    none: tuple[tuple[Word, Word], ...] = ()


class MorseSet(PairSet):
    """Morse terms between species."""

    form: Literal["morse"]
    pair: Annotated[tuple[MorsePair, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        _refuse_repeats(["-".join(pair_key(*pair.species)) for pair in self.pair], "pair")
        return self


class LennardJonesSet(PairSet):
    """Lennard-Jones terms between species."""

    form: Literal["lennard_jones"]
    pair: Annotated[tuple[LennardJonesPair, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        _refuse_repeats(["-".join(pair_key(*pair.species)) for pair in self.pair], "pair")
        return self


class TwoGaussiansPair(CutPair):
    """V = A e^{−(r/a)²} − D e^{−(r/s)²}, times 1 − w (1 − e^{−c/c₀}) at c graphitic N per atom of the wall.

    w is ``doping_loss``, c₀ is ``doping_scale``.
    """

    wall: Positive
    wall_width: Positive
    depth: Number
    width: Positive
    doping_loss: Annotated[float, Strict(), Field(ge=0.0, le=1.0, allow_inf_nan=False)] = 0.0
    doping_scale: Positive = 0.01


class TwoGaussiansSet(PairSet):
    """Terms of two Gaussians between species."""

    form: Literal["two_gaussians"]
    pair: Annotated[tuple[TwoGaussiansPair, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        _refuse_repeats(["-".join(pair_key(*pair.species)) for pair in self.pair], "pair")
        return self


class EAMTableSet(NumbersRecord):
    """An EAM potential in a file beside the record: setfl, eam.fs, or one funcfl file for each element."""

    form: Literal["eam_table"]
    files: Annotated[tuple[Text, ...], Field(min_length=1)]


class ScreenedElement(Part):
    """How a metal takes the attraction of its pairs away: S = 1 − (1 − residual)(1 − e^{−ρ/ρ₀})."""

    symbol: Word
    residual: Annotated[float, Strict(), Field(ge=0.0, le=1.0)]
    rho_0: Positive
    evidence: Evidence
    note: Text = ""


class ScreenedPair(Part):
    """A pair that is screened in part, or not at all (0)."""

    species: tuple[Word, Word]
    share: Annotated[float, Strict(), Field(ge=0.0, le=1.0)]
    note: Text = ""


class Screening(Part):
    """Pairs of metal and wall that weaken with the density of the model's metal (`nakmd.potentials.Screened`)."""

    element: Annotated[tuple[ScreenedElement, ...], Field(min_length=1)]
    pair: tuple[ScreenedPair, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> Self:
        _refuse_repeats([element.symbol for element in self.element], "element")
        _refuse_repeats(["-".join(pair_key(*pair.species)) for pair in self.pair], "pair")
        return self


class ModelTerm(Part):
    """A term of a model: a set, its elements, whether affinity scales it, a factor on unlike φ, its screening."""

    set: Annotated[str, Strict(), StringConstraints(min_length=1, max_length=256)]
    elements: tuple[Word, ...] | None = None
    affinity: Annotated[bool, Strict()] = False
    lambda_phi: Positive | None = None
    screening: Screening | None = None


class ModelRecord(Record):
    """A sum of terms over species, and the pairs declared not to interact."""

    form: Literal["model"]
    term: Annotated[tuple[ModelTerm, ...], Field(min_length=1)]
    none: tuple[tuple[Word, Word], ...] = ()


AnyRecord = (
    FinnisSinclairCubicSet | TersoffSet | MorseSet | LennardJonesSet | TwoGaussiansSet | EAMTableSet | ModelRecord
)

#: Word of ``form`` and the schema that it chooses.
FORMS: dict[str, type[AnyRecord]] = {
    "finnis_sinclair_cubic": FinnisSinclairCubicSet,
    "tersoff": TersoffSet,
    "morse": MorseSet,
    "lennard_jones": LennardJonesSet,
    "two_gaussians": TwoGaussiansSet,
    "eam_table": EAMTableSet,
    "model": ModelRecord,
}


def _refuse_repeats(names: tuple[str, ...] | list[str], what: str) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{what} {repeated[0]} is given twice")
