"""The ledger: claims with their stored results, which of them are stale, and the run that judges them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nakmd.errors import InputError, did_you_mean
from nakmd.kernels.jit import available_threads
from nakmd.resources import data_folder
from nakmd.runs.provenance import describe_run
from nakmd.studies.claims import rule_sensitivity
from nakmd.studies.claims.claim_file import is_parent, load_claims
from nakmd.studies.claims.claim_result import FORMAT, ClaimResult, read_result, vote_record
from nakmd.studies.claims.claim_verdict import NOT_COMPUTED, ClaimVerdict, of_children, verdict
from nakmd.studies.claims.claim_votes import votes
from nakmd.studies.claims.figure_sources import FigureSource, SourceSettings, source_of
from nakmd.studies.claims.published_claim import OUTSIDE, PublishedClaim

#: Digest of a study that this version does not have.
MISSING = "missing"

#: Provenance of a result: names from `describe_run`.
FACTS = ("nakmd", "git", "python", "numpy", "platform", "seed")


@dataclass(frozen=True)
class ClaimLedger:
    """Claims and their stored results.

    Attributes
    ----------
    claims : dict of str to PublishedClaim
    results : dict of str to ClaimResult
        Of the claims that have one.
    """

    claims: Mapping[str, PublishedClaim]
    results: Mapping[str, ClaimResult]

    @classmethod
    def read(cls, results: str | Path | None = None, claims: str | Path | None = None) -> ClaimLedger:
        """Return a ledger.

        Parameters
        ----------
        results : path, optional
            Folder of stored results, ``ID.json``. Default: those that come with nakmd.
        claims : path, optional
            As in `load_claims`.

        Raises
        ------
        InputError
            If a claim or a stored result has a fault.
        """
        known = load_claims(claims)
        folder = data_folder("claims") / "results" if results is None else Path(results)
        return cls(known, _stored(folder, known))

    def stale(self) -> dict[str, list[str]]:
        """Return what has changed since each stored result that is stale: names of claim, rule, potentials, inputs.

        A result is stale if the digest of anything that it depends on has changed: claim, rule of verdict, potentials,
        inputs, settings and format of the study's points, record, or the verdicts on its parts.
        """
        sources: dict[tuple[str, bool, int], FigureSource | None] = {}
        changed = {}
        for name, result in self.results.items():
            seed = int(result.provenance.get("seed", 0))
            claim = self.claims[name]
            key = (claim.study, result.quick, seed)
            if claim.study and claim.reach != OUTSIDE and key not in sources:
                sources[key] = _source(claim.study, SourceSettings(quick=result.quick, seed=seed))[0]
            parts = {child: self.results[child].verdict for child in claim.children if child in self.results}
            now = digests_of(claim, sources.get(key), parts)
            before = result.provenance["digests"]
            differing = [one for one in (*now, *before) if now.get(one) != before.get(one)]
            if differing:
                changed[name] = list(dict.fromkeys(differing))
        return changed


def run_claims(
    ids: Sequence[str] = (),
    *,
    claims: Mapping[str, PublishedClaim] | None = None,
    settings: SourceSettings | None = None,
    directory: str | Path | None = None,
    kept: Mapping[str, ClaimResult] | None = None,
    done: Callable[[ClaimResult], None] | None = None,
) -> dict[str, ClaimResult]:
    """Judge claims: compute their studies, or read their records, and apply the rule.

    Parameters
    ----------
    ids : sequence of str
        Claims; their parts are run as well. Default: all.
    claims : mapping of str to PublishedClaim, optional
        Default: those of nakmd.
    settings : SourceSettings, optional
        Size, seed and folders of the studies.
    directory : path, optional
        Folder in which each result is stored when it is there.
    kept : mapping of str to ClaimResult, optional
        Results that are taken as they are, with no study computed for them (`fresh_results`).
    done : callable, optional
        Called with each result.

    Returns
    -------
    dict of str to ClaimResult
        In order of the claims. A claim whose study or figure is missing has the verdict "not computed", which says so.

    Raises
    ------
    InputError
        If there is no such claim.
    """
    known = load_claims() if claims is None else claims
    settings = SourceSettings() if settings is None else settings
    wanted = _with_parts(known, ids or list(known))
    sources: dict[str, tuple[FigureSource | None, str]] = {}
    results: dict[str, ClaimResult] = {}
    for name in sorted(wanted, key=lambda one: _depth(known, one)):
        claim = known[name]
        if kept is not None and name in kept and not is_parent(claim):
            results[name] = kept[name]
            continue
        if claim.study and claim.study not in sources:
            sources[claim.study] = _source(claim.study, settings)
        source, missing = sources.get(claim.study, (None, ""))
        parts = {child: results[child].verdict for child in claim.children}
        result = _judged(claim, source, missing, parts, settings)
        results[name] = result
        if directory is not None:
            result.write(Path(directory))
        if done is not None:
            done(result)
    return {name: results[name] for name in known if name in results}


def fresh_results(
    directory: str | Path, claims: Mapping[str, PublishedClaim], settings: SourceSettings
) -> dict[str, ClaimResult]:
    """Return the stored results of a folder that are not stale and have the size and the seed of the settings.

    Parameters
    ----------
    directory : path
        It may be missing.
    claims : mapping of str to PublishedClaim
    settings : SourceSettings

    Raises
    ------
    InputError
        If a stored result has a fault.
    """
    ledger = ClaimLedger(claims, _stored(Path(directory), claims))
    stale = ledger.stale()
    return {
        name: result
        for name, result in ledger.results.items()
        if name not in stale
        and result.verdict.word != NOT_COMPUTED
        and result.quick == settings.quick
        and int(result.provenance.get("seed", 0)) == settings.seed
    }


def _stored(folder: Path, claims: Mapping[str, PublishedClaim]) -> dict[str, ClaimResult]:
    """Return the results of a folder, ``ID.json``, of those claims that have one."""
    files = {name: folder / f"{name}.json" for name in claims}
    return {name: read_result(path) for name, path in files.items() if path.exists()}


def digests_of(claim: PublishedClaim, source: FigureSource | None, parts: Mapping[str, ClaimVerdict]) -> dict[str, str]:
    """Return the digests of all that the verdict on a claim depends on, by name."""
    digests = {"claim": claim.digest, "rule of verdict": str(FORMAT)}
    if claim.reach == OUTSIDE or is_parent(claim):
        found = {f"verdict on {name}": _hashed(one.text) for name, one in parts.items()}
        return {**digests, **found}
    if source is None:
        return {**digests, f"study {claim.study}": MISSING} if claim.study else digests
    return {**digests, **source.digests(claim.figures.values())}


def _source(name: str, settings: SourceSettings) -> tuple[FigureSource | None, str]:
    """Return the source of a name, or why there is none."""
    try:
        return source_of(name, settings), ""
    except InputError as error:
        return None, str(error)


def _judged(
    claim: PublishedClaim, source: FigureSource | None, missing: str, parts: Mapping[str, ClaimVerdict],
    settings: SourceSettings,
) -> ClaimResult:  # fmt: skip
    facts = describe_run(settings.seed, settings.threads or available_threads())
    provenance: dict[str, Any] = {
        **{name: facts[name] for name in FACTS if facts.get(name) not in (None, "")},
        "date": time.strftime("%Y-%m-%d"),
        "command": claim.command + (" --quick" if settings.quick else ""),
    }
    blank = ClaimResult(
        id=claim.id, verdict=ClaimVerdict(word=NOT_COMPUTED, why="."), sensitivity={}, provenance=provenance,
        quick=settings.quick,
    )  # fmt: skip
    if is_parent(claim):
        provenance["digests"] = digests_of(claim, None, parts)
        return replace(blank, verdict=of_children(claim, parts))
    if claim.reach == OUTSIDE:
        provenance["digests"] = digests_of(claim, None, {})
        return replace(blank, verdict=verdict(claim, []))
    # the digests first: they are those of what is computed next
    provenance["digests"] = digests_of(claim, source, {})
    if source is None and claim.study:
        return replace(blank, verdict=verdict(claim, [], missing))
    figures = {} if source is None else rule_sensitivity.by_model(claim, source.figures())
    cast = votes(claim, figures)
    provenance["figures"] = {} if source is None else source.facts
    sensitivity = rule_sensitivity.of_rule(claim, figures, cast)
    if source is not None:
        for key in claim.sensitivity:
            try:
                sensitivity |= rule_sensitivity.of_inputs(claim, source.ends(key))
            except InputError as error:  # an end that the study refuses, or an input that it does not have
                sensitivity[key] = f"{NOT_COMPUTED}: {error}"
    return replace(
        blank, verdict=verdict(claim, cast), votes=[vote_record(vote) for vote in cast], sensitivity=sensitivity,
        limits=() if source is None else source.limits,
    )  # fmt: skip


def _with_parts(claims: Mapping[str, PublishedClaim], ids: Sequence[str]) -> list[str]:
    """Return claims and all their parts."""
    wanted: dict[str, None] = {}
    waiting = list(ids)
    while waiting:
        name = waiting.pop(0)
        if name not in claims:
            raise InputError(f"There is no claim {name!r}. {did_you_mean(name, claims)}")
        if name not in wanted:
            wanted[name] = None
            waiting += claims[name].children
    return list(wanted)


def _depth(claims: Mapping[str, PublishedClaim], name: str) -> int:
    """Return how many generations of parts a claim has."""
    return max((1 + _depth(claims, child) for child in claims[name].children), default=0)


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
