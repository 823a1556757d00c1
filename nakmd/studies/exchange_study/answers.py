"""What the figures of exchange say, in sentences that follow from them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nakmd.studies import verdict_rule
from nakmd.studies.exchange_study.warm_surfaces import MIDDLE
from nakmd.studies.study import Figures

#: Key and name of what is compared; the claim is that Na in K is lower.
COMPARED = {
    "substitution": "energy of substitution",
    "direct": "barrier of direct exchange",
    "interstitial route": "barrier by interstitials",
    "surface": "barrier at the (110) surface",
    "vacancy route": "barrier by vacancies",
}

HOLDS, REVERSED, OPEN = "holds", "is reversed", "is open"

_IN_WORDS = {verdict_rule.FOR: HOLDS, verdict_rule.AGAINST: REVERSED, verdict_rule.OPEN: OPEN}


@dataclass(frozen=True)
class Comparison:
    """Na in K against K in Na by one model.

    Attributes
    ----------
    model : str
    first, second : float [eV]
        Of Na in K and K in Na.
    error : float [eV]
        Statistical and numerical error of the difference; 0 if unknown.
    """

    model: str
    first: float
    second: float
    error: float

    @property
    def verdict(self) -> str:
        """Whether Na in K is lower: `HOLDS`, `REVERSED` or `OPEN`."""
        return _IN_WORDS[verdict_rule.says_of(self.second - self.first, self.error)]


def comparisons(figures: Figures, key: str) -> list[Comparison]:
    """Return the comparison of both solutes by every model and anchor that has both, under equal conditions."""
    first, second = figures.of(f"{key}.Na in K"), figures.of(f"{key}.K in Na")
    found = []
    for model, one in first.items():
        other = second.get(model)
        if one.value is None or other is None or other.value is None or model.endswith(" members"):
            continue
        if one.conditions != other.conditions:
            continue
        found.append(Comparison(model, one.value, other.value, math.hypot(one.error or 0.0, other.error or 0.0)))
    return found


def sentences(figures: Figures, models: Sequence[str]) -> Iterator[str]:
    """Yield one sentence for each quantity."""
    for key, name in COMPARED.items():
        found = comparisons(figures, key)
        if not found:
            continue
        parts = [f"{c.model} {c.verdict} ({c.first:.3f} against {c.second:.3f} eV)" for c in found]
        yield f"That the {name} is lower for Na in K: {', '.join(parts)}."
    yield from _stress(figures)
    yield from _rates(figures, models)
    by_vacancy = {c.model: c for c in comparisons(figures, "vacancy route")}
    by_interstitial = {c.model: c for c in comparisons(figures, "interstitial route")}
    for model in (model for model in by_vacancy if model in by_interstitial):
        one, other = by_vacancy[model], by_interstitial[model]
        lowest = [_lowest(one.first, other.first), _lowest(one.second, other.second)]
        yield (
            f"Lowest route in the crystal by {model}: Na in K {lowest[0]}, K in Na {lowest[1]}. Mechanisms differ, so "
            "their barriers are not averaged."
        )


def _lowest(by_vacancy: float, by_interstitial: float) -> str:
    if by_vacancy < by_interstitial:
        return f"by vacancies ({by_vacancy:.2f} eV)"
    return f"by interstitials ({by_interstitial:.2f} eV)"


def _stress(figures: Figures) -> Iterator[str]:
    """Yield the sentences on stress: sizes count, whatever their signs."""
    for key, name, unit in (
        ("stress", "the pressure at the same share of solutes", "GPa"), ("dipole", "the elastic dipole", "eV"),
    ):  # fmt: skip
        parts = [
            f"{c.model} {Comparison(c.model, abs(c.first), abs(c.second), c.error).verdict} "
            f"({c.first:+.2f} against {c.second:+.2f} {unit})"
            for c in comparisons(figures, key)
        ]
        if parts:
            yield f"That Na in K strains its host less, by the size of {name}: {', '.join(parts)}."


def _rates(figures: Figures, models: Sequence[str]) -> Iterator[str]:
    """Yield the sentence on the rates of embedding: the ratio that their 95 % intervals leave."""
    for model in models:
        quick = figures.get(f"rate.110.Na on K.{MIDDLE:g} K", model)
        slow = figures.get(f"rate.110.K on Na.{MIDDLE:g} K", model)
        if quick is None or slow is None or quick.interval is None or slow.interval is None:
            continue
        (low, high), (least, most) = quick.interval, slow.interval
        between = f"between {low / most:.2g} and {high / least:.2g}" if least > 0.0 else f"more than {low / most:.2g}"
        yield (
            f"At {MIDDLE:g} K Na is embedded in K(110) {quick.value:.3g} times a nanosecond and K in Na(110) "
            f"{slow.value:.3g} times by {model}: a ratio {between} by their 95 % intervals."
        )
