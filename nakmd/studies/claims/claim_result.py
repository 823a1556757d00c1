"""The verdict on one claim with its evidence, as it is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nakmd.errors import FileFormatError
from nakmd.io.atomic import plain, write_status
from nakmd.potentials.files.texts import read_text
from nakmd.studies.claims.claim_verdict import NOT_COMPUTED, ClaimVerdict
from nakmd.studies.claims.claim_votes import ClaimVote

#: Raise it when the rule of verdict, or what a result has, changes.
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class ClaimResult:
    """What a run of a claim found.

    Attributes
    ----------
    id : str
    verdict : ClaimVerdict
    votes : list of dict
        Of each model and anchor: ``"voter"``, ``"role"``, ``"figures"`` by letter, ``"margin"``, ``"error"``, ``"z"``,
        ``"says"``, ``"counts"``, ``"put_in"``, ``"barred"``.
    sensitivity : dict of str to str
        Verdict with something changed, by what was changed.
    limits : tuple of str
        Of the study or record.
    provenance : dict
        Versions, seed, date, digests.
    quick : bool
    """

    id: str
    verdict: ClaimVerdict
    votes: Sequence[Mapping[str, Any]] = ()
    sensitivity: Mapping[str, str]
    limits: tuple[str, ...] = ()
    provenance: Mapping[str, Any]
    quick: bool = False

    @property
    def flips(self) -> dict[str, str]:
        """Changes that give another word than the verdict."""
        word = self.verdict.word
        known = {change: text for change, text in self.sensitivity.items() if not text.startswith(NOT_COMPUTED)}
        return {change: text for change, text in known.items() if text.partition(",")[0] != word}

    @property
    def counted(self) -> list[str]:
        """Names of those whose vote counted."""
        return [str(vote["voter"]) for vote in self.votes if vote["counts"]]

    @property
    def counted_models(self) -> list[str]:
        """Names of the models among them."""
        return [str(vote["voter"]) for vote in self.votes if vote["counts"] and vote["role"] == "model"]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain numbers and texts."""
        result: dict[str, Any] = plain(
            {
                "id": self.id,
                "verdict": self.verdict.word,
                "strength": self.verdict.strength,
                "by_construction": self.verdict.by_construction,
                "why": self.verdict.why,
                "scite": scite_class(self.verdict),
                "votes": [dict(vote) for vote in self.votes],
                "sensitivity": dict(self.sensitivity),
                "limits": list(self.limits),
                "quick": self.quick,
                "provenance": dict(self.provenance),
            }
        )
        return result

    def write(self, folder: Path) -> Path:
        """Store the result in ``folder/ID.json`` and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.id}.json"
        write_status(path, self.to_dict())
        return path


def read_result(path: Path) -> ClaimResult:
    """Return a stored result; `FileFormatError` if the file is damaged."""
    try:
        stored = json.loads(read_text(path))
        return ClaimResult(
            id=stored["id"],
            verdict=ClaimVerdict(
                word=stored["verdict"], strength=stored["strength"], by_construction=stored["by_construction"],
                why=stored["why"],
            ),
            votes=stored["votes"], sensitivity=stored["sensitivity"], limits=tuple(stored["limits"]),
            provenance=stored["provenance"], quick=stored["quick"],
        )  # fmt: skip
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise FileFormatError(
            path, f"is no stored result of a claim ({error!r}).", "Delete it and run the claim again."
        ) from None


def vote_record(vote: ClaimVote) -> dict[str, Any]:
    """Return a vote as plain numbers and texts."""
    return {
        "voter": vote.voter,
        "role": vote.role,
        "figures": {letter: figure.to_dict() for letter, figure in sorted(vote.figures.items())},
        "margin": vote.margin,
        "error": vote.error,
        "z": vote.z,
        "says": vote.says,
        "counts": vote.counts,
        "put_in": vote.put_in,
        "barred": vote.barred,
    }


def scite_class(verdict: ClaimVerdict) -> str:
    """Return the class of a citation statement by scite: supporting, contrasting or mentioning.

    Undecided, untestable and claims that are not computed are mentioned; so are those that are supported or contrasted
    by construction alone.

    References
    ----------
    Classes of citation statements: J. M. Nicholson et al., Quantitative Science Studies 2, 882 (2021).
    doi:10.1162/qss_a_00146
    """
    mentioned = verdict.by_construction or verdict.word not in ("supporting", "contrasting")
    return "mentioning" if mentioned else verdict.word
