"""What a parameter set of pair terms is: Morse, Lennard-Jones, two Gaussians."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from nakmd.potentials.forms.record import (
    Evidence,
    Number,
    NumbersRecord,
    Part,
    Positive,
    Text,
    Word,
    pair_key,
    refuse_repeats,
)


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
    pair: Annotated[tuple[CutPair, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        refuse_repeats(["-".join(pair_key(*pair.species)) for pair in self.pair], "pair")
        return self


class MorseSet(PairSet):
    """Morse terms between species."""

    equation: ClassVar[str] = "V = D [exp(-2α (r - r_0)) - 2 exp(-α (r - r_0))]"

    form: Literal["morse"]
    pair: Annotated[tuple[MorsePair, ...], Field(min_length=1)]


class LennardJonesSet(PairSet):
    """Lennard-Jones terms between species."""

    equation: ClassVar[str] = "V = 4ε [(σ/r)¹² - (σ/r)⁶]"

    form: Literal["lennard_jones"]
    pair: Annotated[tuple[LennardJonesPair, ...], Field(min_length=1)]


class TwoGaussiansPair(CutPair):
    """V = A e^{−(r/a)²} − D dᵟ e^{−(r/(s gᵟ))²}, δ = 1 − e^{−c/c₀} at c graphitic N per atom of the wall.

    d is ``doped_depth`` and g ``doped_width``, what a doped wall makes of depth and width; c₀ is ``doping_scale``.
    """

    wall: Positive
    wall_width: Positive
    depth: Number
    width: Positive
    doped_depth: Positive = 1.0
    doped_width: Positive = 1.0
    doping_scale: Positive = 0.01


class TwoGaussiansSet(PairSet):
    """Terms of two Gaussians between species."""

    equation: ClassVar[str] = (
        "V = A exp(-(r/a)²) - D d^δ exp(-(r/(s g^δ))²), δ = 1 - exp(-c/c_0), with A wall, a wall_width, D depth, s "
        "width, d doped_depth, g doped_width, c_0 doping_scale, and c the graphitic N per atom of the wall"
    )

    form: Literal["two_gaussians"]
    pair: Annotated[tuple[TwoGaussiansPair, ...], Field(min_length=1)]
