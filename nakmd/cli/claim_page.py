"""What ``nakmd claims show`` prints of a claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nakmd.cli.output import say, show_heading, show_table

if TYPE_CHECKING:
    from nakmd.studies.claims import ClaimLedger, ClaimResult


def show_claim(ledger: ClaimLedger, name: str, stale: Sequence[str]) -> None:
    """Print a claim with its evidence."""
    claim, result = ledger.claims[name], ledger.results.get(name)
    say(f"{claim.id}  {claim.claim}")
    say(f"    {claim.kind}: {claim.quantity}; reach {claim.reach}" + _after(claim.reach_note))
    for letter, key in claim.figures.items():
        say(f"    {letter} = {key}" + (f" ({claim.study})" if claim.study else ""))
    if claim.direction:
        say(f"    claimed: {claim.direction}")
    if claim.value is not None:
        error = "" if claim.error is None else f" ± {claim.error:g}"
        say(f"    claimed: A = {claim.value:g}{error} {claim.unit}")
    show_heading("Verdict")
    if result is None:
        say(f"not computed: nakmd claims run {name}")
    else:
        say(f"{result.verdict.text}{' [quick]' if result.quick else ''}. {result.verdict.why}")
        if stale:
            say(f"Stale. Changed since: {', '.join(stale)}.")
        _show_evidence(result)
    for child in claim.children:
        part = ledger.results.get(child)
        say(f"  {child}  {ledger.claims[child].claim}  {'not computed' if part is None else part.verdict.text}")
    show_heading("Limits")
    for limit in (*claim.limits, *(() if result is None else result.limits)):
        say(f"- {limit}")
    show_heading("To settle it")
    say(claim.settle)
    show_heading("Sources")
    for source in claim.sources:
        known = f"doi:{source.doi}" if source.doi else source.doi_note
        say(f"- {source.text} ({known}; read: {source.read})")


def _show_evidence(result: ClaimResult) -> None:
    if result.votes:
        say()
        show_table(VOTE_COLUMNS, [vote_row(vote) for vote in result.votes])
    if result.sensitivity:
        say()
        show_table(("changed", "verdict"), [*result.sensitivity.items()])


VOTE_COLUMNS = ("voter", "role", "A", "B", "z", "says", "no vote because")


def vote_row(vote: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the row of a vote in a table: who, as what, both figures, margin, what it says, why it has no vote."""
    return (
        vote["voter"], "put in" if vote["put_in"] else vote["role"], _figure(vote, "A"), _figure(vote, "B"),
        "" if vote["z"] is None else f"{vote['z']:+.1f}", vote["says"], vote["barred"],
    )  # fmt: skip


def _figure(vote: Mapping[str, Any], letter: str) -> str:
    entry = vote["figures"].get(letter)
    if entry is None or entry["value"] is None:
        return "" if entry is None else "not measured"
    return f"{entry['value']:.4g}" + ("" if entry["unit"] == "1" else f" {entry['unit']}")


def _after(note: str) -> str:
    return f": {note}" if note else ""
