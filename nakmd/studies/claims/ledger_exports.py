"""The ledger for other programs: JSON, a CSV table, BibTeX, and citation intents of CiTO as Turtle."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from nakmd._version import __version__
from nakmd.io.atomic import plain
from nakmd.studies.claims.claim_ledger import ClaimLedger
from nakmd.studies.claims.claim_result import ClaimResult, scite_class
from nakmd.studies.claims.claim_verdict import NOT_COMPUTED
from nakmd.studies.claims.published_claim import ClaimSource

#: Citation intent of each class of scite, in the ontology CiTO.
INTENTS: Mapping[str, str] = {
    "supporting": "cito:supports", "contrasting": "cito:disputes", "mentioning": "cito:citesForInformation",
}  # fmt: skip

#: Name space of CiTO: S. Peroni and D. Shotton, J. Web Semantics 17, 33 (2012). doi:10.1016/j.websem.2012.08.001
CITO = "http://purl.org/spar/cito/"

COLUMNS = (
    "id", "topic", "claim", "verdict", "strength", "by construction", "scite", "intent", "why", "read", "source", "doi",
    "quick", "stale", "settle",
)  # fmt: skip

#: Result of a claim that was never run.
_NEVER = "It was not run."


def as_json(ledger: ClaimLedger, stale: Mapping[str, list[str]]) -> str:
    """Return claims with their results as JSON."""
    return json.dumps(plain(records(ledger, stale)), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def records(ledger: ClaimLedger, stale: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    """Return claims with their results as plain numbers and texts."""
    return [
        {
            **claim.to_dict(),
            "result": ledger.results[name].to_dict() if name in ledger.results else None,
            "intent": intent_of(ledger.results.get(name)),
            "stale": list(stale.get(name, ())),
        }
        for name, claim in ledger.claims.items()
    ]


def as_csv(ledger: ClaimLedger, stale: Mapping[str, list[str]]) -> str:
    """Return a table with one row for each claim."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for name, claim in ledger.claims.items():
        result = ledger.results.get(name)
        word, strength, why = _words(result)
        writer.writerow(
            (
                name, claim.topic, claim.claim, word, strength,
                "yes" if result is not None and result.verdict.by_construction else "no", _scite(result),
                intent_of(result), why, "; ".join(source.read for source in claim.sources),
                "; ".join(source.text for source in claim.sources),
                "; ".join(source.doi for source in claim.sources if source.doi),
                "yes" if result is not None and result.quick else "no", "; ".join(stale.get(name, ())), claim.settle,
            )
        )  # fmt: skip
    return text.getvalue()


def as_bibtex(ledger: ClaimLedger, stale: Mapping[str, list[str]]) -> str:
    """Return an entry for each source of each claim, with the citation intent as a keyword and the verdict as a note.

    Authors and titles are as the claim states them: nothing is looked up.
    """
    return "\n".join(_entries(ledger, stale))


def _entries(ledger: ClaimLedger, stale: Mapping[str, list[str]]) -> Iterator[str]:
    for name, claim in ledger.claims.items():
        result = ledger.results.get(name)
        word, strength, why = _words(result)
        for number, source in enumerate(claim.sources, 1):
            fields = {
                "title": source.text,
                "doi": source.doi,
                "keywords": f"{intent_of(result)}, {_scite(result)}",
                "note": f"Claim {name}: {claim.claim} Verdict: {word}{_of(strength)}. {why}{_stale(name, stale)}",
            }
            body = ",\n".join(f"  {key} = {{{_escaped(text)}}}" for key, text in fields.items() if text)
            yield f"@misc{{{name}-{number},\n{body}\n}}\n"


def as_turtle(ledger: ClaimLedger, stale: Mapping[str, list[str]]) -> str:
    """Return the citation intents as Turtle: supports, disputes, or cites for information.

    A source without a DOI is a blank node with its text.
    """
    lines = [f"@prefix cito: <{CITO}> .", "@prefix dcterms: <http://purl.org/dc/terms/> .", ""]
    for name, claim in ledger.claims.items():
        result = ledger.results.get(name)
        word, strength, _ = _words(result)
        described = json.dumps(
            f"{claim.claim} Verdict: {word}{_of(strength)}.{_stale(name, stale)}", ensure_ascii=False
        )
        cited = " , ".join(_node(source) for source in claim.sources)
        lines.append(
            f"<urn:nakmd:claim:{name}> dcterms:description {described} ;\n"
            f'    dcterms:creator "nakmd {__version__}" ;\n    {intent_of(result)} {cited} .'
        )
    return "\n".join(lines) + "\n"


def intent_of(result: ClaimResult | None) -> str:
    """Return the citation intent of a result."""
    return INTENTS[_scite(result)]


#: Export formats by name; each is called with a ledger and what is stale.
EXPORTS: Mapping[str, Callable[[ClaimLedger, Mapping[str, list[str]]], str]] = {
    "json": as_json, "csv": as_csv, "bibtex": as_bibtex, "turtle": as_turtle,
}  # fmt: skip

#: Suffix of the file of each format.
SUFFIXES: Mapping[str, str] = {"json": ".json", "csv": ".csv", "bibtex": ".bib", "turtle": ".ttl"}


def _scite(result: ClaimResult | None) -> str:
    return "mentioning" if result is None else scite_class(result.verdict)


def _words(result: ClaimResult | None) -> tuple[str, str, str]:
    if result is None:
        return NOT_COMPUTED, "none", _NEVER
    return result.verdict.word, result.verdict.strength, result.verdict.why


def _of(strength: str) -> str:
    return "" if strength == "none" else f", {strength}"


def _stale(name: str, stale: Mapping[str, list[str]]) -> str:
    return f" Stale: changed since are {', '.join(stale[name])}." if stale.get(name) else ""


def _node(source: ClaimSource) -> str:
    if source.doi:
        return f"<https://doi.org/{source.doi}>"
    return f"[ dcterms:bibliographicCitation {json.dumps(source.text, ensure_ascii=False)} ]"


def _escaped(text: str) -> str:
    """Return a text in which no character has a meaning for BibTeX or LaTeX."""
    marks = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", **{mark: f"\\{mark}" for mark in "&%$#_"}}
    return "".join(marks.get(mark, mark) for mark in text)
