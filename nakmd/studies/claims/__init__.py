"""The ledger of published claims: what a paper says, what is computed, and the verdict that follows by a fixed rule.

>>> from nakmd.studies.claims import load_claims
>>> load_claims()["X1"].kind
'direction'
"""

from nakmd.studies.claims.claim_file import load_claims, read_claim
from nakmd.studies.claims.claim_ledger import ClaimLedger, fresh_results, run_claims
from nakmd.studies.claims.claim_result import ClaimResult
from nakmd.studies.claims.claim_verdict import ClaimVerdict, of_children, verdict
from nakmd.studies.claims.claim_votes import ClaimVote, votes
from nakmd.studies.claims.published_claim import ClaimSource, PublishedClaim, StatedFigure

__all__ = [
    "ClaimLedger",
    "ClaimResult",
    "ClaimSource",
    "ClaimVerdict",
    "ClaimVote",
    "PublishedClaim",
    "StatedFigure",
    "fresh_results",
    "load_claims",
    "of_children",
    "read_claim",
    "run_claims",
    "verdict",
    "votes",
]
