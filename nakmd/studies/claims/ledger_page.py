"""The page of the ledger: one self-contained HTML file, each claim opening to its evidence."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from nakmd._version import __version__
from nakmd.analysis.numerics.statistics import format_measure
from nakmd.report.figures import picture
from nakmd.report.page_template import fill_template
from nakmd.studies.claims.claim_ledger import ClaimLedger
from nakmd.studies.claims.claim_picture import draw
from nakmd.studies.claims.claim_result import ClaimResult, scite_class
from nakmd.studies.claims.claim_verdict import NOT_COMPUTED
from nakmd.studies.claims.ledger_exports import intent_of
from nakmd.studies.claims.published_claim import PublishedClaim
from nakmd.studies.verdict_rule import WORDS

#: Resolution of the pictures: they are small and many.
DPI = 100.0


def render_ledger(ledger: ClaimLedger, stale: Mapping[str, list[str]]) -> str:
    """Return the page of a ledger as HTML.

    Parameters
    ----------
    ledger : ClaimLedger
    stale : mapping of str to list of str
        What has changed since a result, by claim (`ClaimLedger.stale`).
    """
    entries = [_entry(ledger, claim, stale.get(name, [])) for name, claim in ledger.claims.items()]
    inner = {child for claim in ledger.claims.values() for child in claim.children}
    words = [entry["word"] for entry in entries if entry["id"] not in inner]
    return fill_template(
        "nakmd.studies.claims",
        "ledger_page.html",
        own_style="ledger_page.css",
        version=__version__,
        written=time.strftime("%Y-%m-%d %H:%M %z"),
        topics=list(dict.fromkeys(claim.topic for claim in ledger.claims.values())),
        entries=entries,
        counts=[(word, words.count(word)) for word in (*WORDS, NOT_COMPUTED) if words.count(word)],
        quick=any(result.quick for result in ledger.results.values()),
        stale=len(stale),
        one_voter=_rests_on_one(ledger),
        put_in=_rests_on_fits(ledger),
        flips=[(name, result.flips) for name, result in ledger.results.items() if result.flips],
        limits=_limits(ledger),
        unread=sorted({s.text for c in ledger.claims.values() for s in c.sources if s.read != "full"}),
    )  # fmt: skip


def _limits(ledger: ClaimLedger) -> dict[str, tuple[str, ...]]:
    """Return the limits of each study and record that has some."""
    found = {ledger.claims[name].study: result.limits for name, result in ledger.results.items() if result.limits}
    return dict(sorted(found.items()))


def _rests_on_one(ledger: ClaimLedger) -> list[tuple[str, str]]:
    """Return the claims that one voter decides, and who it is."""
    return [(name, result.counted[0]) for name, result in ledger.results.items() if len(result.counted) == 1]


def _rests_on_fits(ledger: ClaimLedger) -> list[tuple[str, str, str]]:
    """Return the claims on whose quantity models were fitted, those models, and what is left."""
    return [
        (name, ", ".join(ledger.claims[name].put_in), result.verdict.text)
        for name, result in ledger.results.items()
        if ledger.claims[name].put_in
    ]


def _entry(ledger: ClaimLedger, claim: PublishedClaim, stale: Sequence[str]) -> dict[str, Any]:
    """Return what the page shows of a claim."""
    result = ledger.results.get(claim.id)
    plot = None if result is None else draw(claim, result)
    return {
        "id": claim.id,
        "claim": claim,
        "child": any(claim.id in other.children for other in ledger.claims.values()),
        "word": NOT_COMPUTED if result is None else result.verdict.word,
        "text": NOT_COMPUTED if result is None else result.verdict.text,
        "strength": "" if result is None or result.verdict.strength == "none" else result.verdict.strength,
        "by_construction": result is not None and result.verdict.by_construction,
        "why": "It was not run." if result is None else result.verdict.why,
        "intent": intent_of(result),
        "scite": "mentioning" if result is None else scite_class(result.verdict),
        "stale": list(stale),
        "quick": result is not None and result.quick and bool(result.votes),
        "result": result,
        "says": _statement(claim),
        "children": [
            (child, ledger.claims[child].claim, _text_of(ledger.results.get(child))) for child in claim.children
        ],
        "votes": [] if result is None else [_row(vote) for vote in result.votes],
        "notes": [] if result is None else _notes(result),
        "picture": "" if plot is None else picture(plot, DPI),
        "sensitivity": [] if result is None else _changes(result),
    }  # fmt: skip


def _changes(result: ClaimResult) -> list[tuple[str, str, bool]]:
    """Return what was changed, the verdict with it, and whether its word differs."""
    return [(what, text, what in result.flips) for what, text in result.sensitivity.items()]


def _text_of(result: ClaimResult | None) -> str:
    return NOT_COMPUTED if result is None else result.verdict.text


def _statement(claim: PublishedClaim) -> str:
    """Return what is tested, in symbols."""
    if claim.children:
        return f"supporting if all of {', '.join(claim.children)} are"
    if claim.value is not None:
        exact = f"{claim.value:g} {claim.unit}"
        return f"A = {format_measure(claim.value, claim.error, claim.unit) if claim.error else exact}"
    return claim.direction or "A > 0"


def _row(vote: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a vote."""
    unit = next((f["unit"] for f in vote["figures"].values()), "1")
    margin, error = vote["margin"], vote["error"]
    return {
        "voter": vote["voter"],
        "role": "put in" if vote["put_in"] else vote["role"],
        "A": _figure(vote, "A"),
        "B": _figure(vote, "B"),
        "unit": "" if unit == "1" else unit,
        "margin": "–" if margin is None else format_measure(margin, error) if error else f"{margin:.3g}",
        "z": "–" if vote["z"] is None else f"{vote['z']:+.1f}",
        "says": vote["says"] if vote["counts"] or not vote["barred"] else f"({vote['says']})",
        "barred": vote["barred"],
        "class": ("good" if vote["says"] == "for" else "bad") if vote["counts"] else "note",
    }  # fmt: skip


def _figure(vote: Mapping[str, Any], letter: str) -> tuple[str, str]:
    """Return a figure, and its interval of 95 % or its statistical and numerical error."""
    entry = vote["figures"].get(letter)
    if entry is None:
        return "", ""
    if entry["value"] is None:
        return "not measured", ""
    text = f"{entry['value']:.4g}"
    if entry.get("interval"):
        low, high = entry["interval"]
        return text, f"{low:.3g} … {high:.3g}"
    errors = (("stat.", entry.get("statistical")), ("num.", entry.get("numerical")))
    parts = [f"{name} {error:.2g}" for name, error in errors if error is not None]
    return text, ", ".join(parts) or "error unknown"


def _notes(result: ClaimResult) -> list[tuple[str, str]]:
    """Return the notes and sources of the figures, with the voter."""
    found = []
    for vote in result.votes:
        for letter, entry in vote["figures"].items():
            texts = [*entry.get("notes", ()), entry.get("source", "")]
            if entry.get("doi"):
                texts.append(f"doi:{entry['doi']}")
            if entry.get("model_error") is not None:
                texts.append(f"model error {entry['model_error']:.2g}")
            found += [(f"{vote['voter']}, {letter}", text) for text in texts if text]
    return found
