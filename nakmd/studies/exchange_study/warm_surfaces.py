"""Points and figures of embedding in warm surfaces: rates, and their law of Arrhenius."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from nakmd.potentials import Potential
from nakmd.studies.exchange_study import embedding
from nakmd.studies.exchange_study.event_rates import Rate, activation
from nakmd.studies.study import PointResults, StudyPoint, failure
from nakmd.studies.study_figures import StudyFigure

#: Adatom and host of each pair.
PAIRS: Mapping[str, tuple[str, str]] = {
    "Na on K": ("Na", "K"), "K on Na": ("K", "Na"), "K on K": ("K", "K"), "Na on Na": ("Na", "Na"),
}  # fmt: skip

#: Temperatures [K]; the middle one is also that of the quick study and of (100).
TEMPERATURES, MIDDLE = (200.0, 225.0, 250.0, 275.0, 300.0), 250.0

#: Runs of each state, and their length [ps].
FULL, QUICK = (24, 100.0), (8, 40.0)

#: Rates are given in 1/ns.
PER_NS = 1e3

RATES = "Embedding of an adatom in a warm surface"


def states(quick: bool) -> list[tuple[str, str, float]]:
    """Return face, pair and temperature [K] of all runs."""
    if quick:
        return [("110", pair, MIDDLE) for pair in list(PAIRS)[:2]]
    return [*product(("110",), PAIRS, TEMPERATURES), *product(("100",), list(PAIRS)[:2], (MIDDLE,))]


def points(models: Mapping[str, Potential], quick: bool, seed: int) -> Iterator[StudyPoint]:
    """Yield the runs of every model."""
    seeds, time = QUICK if quick else FULL
    for (model, potential), (face, pair, temperature) in product(models.items(), states(quick)):
        adatom, host = PAIRS[pair]
        settings = {
            "face": face, "host": host, "adatom": adatom, "temperature": temperature, "seeds": seeds, "time": time,
            "seed": seed,
        }  # fmt: skip
        yield StudyPoint(
            _key(model, face, pair, temperature), embedding.measure, settings, potential, seeds * time / 20
        )


def _key(model: str, face: str, pair: str, temperature: float) -> str:
    return f"{model}/embedding/{face}/{pair}/{temperature:g} K"


def figures(models: Sequence[str], quick: bool, results: PointResults) -> Iterator[StudyFigure]:
    """Yield the rates, and the energies of activation where several temperatures have events."""
    for model, (face, pair, temperature) in product(models, states(quick)):
        yield _rate(model, face, pair, temperature, results[_key(model, face, pair, temperature)])
    if quick:
        return
    for model, pair in product(models, PAIRS):
        yield _activation(model, pair, [results[_key(model, "110", pair, t)] for t in TEMPERATURES])


def _rate(model: str, face: str, pair: str, temperature: float, result: Mapping[str, Any]) -> StudyFigure:
    key, title = f"rate.{face}.{pair}.{temperature:g} K", f"{pair}({face}) at {temperature:g} K"
    if "failed" in result:
        return StudyFigure(
            key=key, title=title, model=model, value=None, unit="1/ns", group=RATES, notes=failure(result)
        )
    rate = Rate.of(result["events"], result["time"])
    notes = [f"{result['events']} events in {result['time']:.0f} ps; 95 % interval of a count (Garwood)"]
    if result["melted"]:
        notes.append(f"{result['melted']} runs left out, in which the slab melted")
    return StudyFigure(
        key=key, title=title, model=model, value=rate.value * PER_NS, unit="1/ns", group=RATES,
        statistical=(rate.high - rate.low) / 3.92 * PER_NS, interval=(rate.low * PER_NS, rate.high * PER_NS),
        notes=tuple(notes),
    )  # fmt: skip


def _activation(model: str, pair: str, found: Sequence[Mapping[str, Any]]) -> StudyFigure:
    key, title = f"activation.{pair}", f"energy of activation, {pair}(110)"
    usable = [(t, result) for t, result in zip(TEMPERATURES, found) if "failed" not in result]
    law = activation(
        [t for t, _ in usable], [result["events"] for _, result in usable], [result["time"] for _, result in usable]
    )
    if law is None:
        why = "events at fewer than two temperatures"
        return StudyFigure(key=key, title=title, model=model, value=None, unit="eV", group=RATES, notes=(why,))
    return StudyFigure(
        key=key, title=title, model=model, value=law.energy, unit="eV", statistical=law.error,
        interval=(law.low, law.high), group=RATES,
        notes=(f"prefactor {law.prefactor:.2g} 1/ps; maximum likelihood of counts at {len(usable)} temperatures",),
    )  # fmt: skip
