"""The table of all claims with their stored verdicts, and a page for each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from markdown_table import markdown_table

from nakmd.cli.claim_page import VOTE_COLUMNS, vote_row
from nakmd.studies.claims import ClaimLedger, ClaimResult


def claim_pages() -> dict[str, str]:
    """Return the pages, by path: the table first."""
    ledger = ClaimLedger.read()
    pages = {f"claims/ledger/{name}.md": "".join(_page(ledger, name)) for name in ledger.claims}
    return {"claims/ledger/index.md": "".join(_table(ledger)), **pages}


def _table(ledger: ClaimLedger) -> Iterator[str]:
    yield "# All claims\n\n`nakmd claims list` prints this table; "
    yield "[the rule](../../../claims/README.md#the-rule) explains the words.\n"
    claims = sorted(ledger.claims.values(), key=lambda claim: claim.topic)
    for topic, group in groupby(claims, key=lambda claim: claim.topic):
        rows = [[f"[{claim.id}]({claim.id}.md)", claim.claim, _verdict(ledger, claim.id)] for claim in group]
        yield f"\n## {topic}\n\n{markdown_table(('', 'claim', 'verdict'), rows)}"


def _verdict(ledger: ClaimLedger, name: str) -> str:
    result = ledger.results.get(name)
    return "not computed" if result is None else result.verdict.text + (" (quick)" if result.quick else "")


def _page(ledger: ClaimLedger, name: str) -> Iterator[str]:
    claim, result = ledger.claims[name], ledger.results.get(name)
    yield f"# {name}: {_verdict(ledger, name)}\n\n> {claim.claim}\n\n"
    if result is not None:
        yield f"{result.verdict.why}\n\n"
    yield f"- Kind: {claim.kind}; quantity: {claim.quantity}; reach: {claim.reach}"
    yield f" ({claim.reach_note})\n" if claim.reach_note else "\n"
    for letter, key in claim.figures.items():
        yield f"- {letter}: `{key}`" + (f" of `{claim.study}`" if claim.study else "") + "\n"
    if claim.direction:
        yield f"- Claimed: `{claim.direction}`\n"
    if claim.value is not None:
        yield (
            f"- Claimed: A = {claim.value:g}"
            + ("" if claim.error is None else f" ± {claim.error:g}")
            + f" {claim.unit}\n"
        )
    for child in claim.children:
        yield f"- Part: [{child}]({child}.md), {_verdict(ledger, child)}: {ledger.claims[child].claim}\n"
    if result is not None:
        yield from _evidence(result)
    yield "\n## Limits\n\n"
    yield from (f"- {limit}\n" for limit in (*claim.limits, *(() if result is None else result.limits)))
    if claim.settle:
        yield f"\n## To settle it\n\n{claim.settle}\n"
    yield "\n## Sources\n\n"
    for source in claim.sources:
        known = f"[doi:{source.doi}](https://doi.org/{source.doi})" if source.doi else source.doi_note
        yield f"- {source.text} ({known}; read: {source.read})\n"


def _evidence(result: ClaimResult) -> Iterator[str]:
    if result.votes:
        yield f"\n## Evidence\n\n{markdown_table(VOTE_COLUMNS, map(vote_row, result.votes))}"
    if result.sensitivity:
        yield f"\n## If something changes\n\n{markdown_table(('changed', 'verdict'), list(result.sensitivity.items()))}"
