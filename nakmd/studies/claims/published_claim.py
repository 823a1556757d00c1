"""One published claim: what it says, who says it, and which figures test it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nakmd.io.atomic import plain
from nakmd.studies.claims.inequality import Inequality, parse_inequality
from nakmd.studies.study_figures import StudyFigure
from nakmd.studies.study_inputs import Input

#: How much of a source was read.
READ = ("full", "abstract", "secondary")

#: Kinds of claims, and what each says: two figures compared, a number, a bound on a figure, that something happens.
DIRECTION, VALUE, REGIME, EXISTENCE, PARENT = "direction", "value", "regime", "existence", "parent"
KINDS = (DIRECTION, VALUE, REGIME, EXISTENCE, PARENT)

#: Whether the model has what the claim is about: all of it, a stand-in, nothing.
INSIDE, PROXY, OUTSIDE = "inside", "proxy", "outside"
REACHES = (INSIDE, PROXY, OUTSIDE)


@dataclass(frozen=True, kw_only=True)
class ClaimSource:
    """Who says it.

    Attributes
    ----------
    text : str
    doi : str
        Empty if none is known; ``doi_note`` then says why.
    doi_note : str
    read : {"full", "abstract", "secondary"}
        How much of it was read for the ledger.
    """

    text: str
    doi: str = ""
    doi_note: str = ""
    read: str


@dataclass(frozen=True, kw_only=True)
class StatedFigure:
    """A figure of a claim that no study computes: measured, or computed elsewhere. It counts as an anchor.

    Attributes
    ----------
    figure : str
        Letter of the figure that it is a value of: ``"A"``.
    model : str
        Who has it: ``"PBE"``, ``"experiment"``.
    entry : Input
        Value or range with unit, source and evidence.
    """

    figure: str
    model: str
    entry: Input

    def as_figure(self) -> StudyFigure:
        """Return it as a figure of a study."""
        return StudyFigure.of_input(self.entry, self.figure, self.entry.key, self.model)


@dataclass(frozen=True, kw_only=True)
class PublishedClaim:
    """A claim with its test.

    Attributes
    ----------
    id : str
    claim : str
        In own words.
    sources : tuple of ClaimSource
    topic : str
        Group in tables.
    quantity : str
        What is compared, in words.
    kind : str
        One of `KINDS`. A parent is judged by its children.
    children : tuple of str
        Of a parent: identifiers of the claims that it consists of.
    study : str
        Where its figures come from: a study, or a record (`nakmd.studies.claims.figure_sources`).
    figures : dict of str to str
        Keys of the figures by letter, A and B.
    direction : str
        Of a direction or regime: an inequality, `nakmd.studies.claims.inequality`.
    value, error, unit, tolerance
        Of a value: the number of the claim, its standard error, and a distance within which any figure supports it.
    models : tuple of str
        Those that may vote.
    anchors : tuple of str
        Names of the figures that models are held against, in order: ``"PBE"``, ``"experiment"``.
    anchor_tolerance : float, str or None
        Twice this is how far a model may be from the anchor to have a vote: in the unit of the figure, or as a text
        in per cent of the anchor. By default the standard error of the anchor.
    anchor_votes : bool
        False if the anchor is the source of the claim itself.
    put_in : tuple of str
        Models that were fitted to this quantity: they have no vote.
    stated : tuple of StatedFigure
    reach : {"inside", "proxy", "outside"}
    reach_note : str
        What the stand-in is, or why it is out of reach.
    limits : tuple of str
    sensitivity : tuple of str
        Keys of inputs whose ends the verdict is computed with as well.
    settle : str
        What an experiment could measure to settle it.
    path : Path
        File that it was read from.
    """

    id: str
    claim: str
    sources: tuple[ClaimSource, ...]
    topic: str
    quantity: str
    kind: str
    children: tuple[str, ...] = ()
    study: str = ""
    figures: Mapping[str, str]
    direction: str = ""
    value: float | None = None
    error: float | None = None
    unit: str = ""
    tolerance: float | None = None
    models: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()
    anchor_tolerance: float | str | None = None
    anchor_votes: bool = True
    put_in: tuple[str, ...] = ()
    stated: tuple[StatedFigure, ...] = ()
    reach: str = INSIDE
    reach_note: str = ""
    limits: tuple[str, ...]
    sensitivity: tuple[str, ...] = ()
    settle: str
    path: Path = Path()

    @property
    def inequality(self) -> Inequality | None:
        """What is claimed of the figures; None for a value or a parent."""
        return parse_inequality("A > 0" if self.kind == EXISTENCE else self.direction)

    @property
    def command(self) -> str:
        """The command that computes the figures."""
        return f"nakmd claims run {self.id}"

    @property
    def digest(self) -> str:
        """SHA-256 of what the verdict depends on; words that explain do not count."""
        content = {
            name: entry for name, entry in asdict(self).items()
            if name in (
                "kind", "children", "study", "figures", "direction", "value", "error", "unit", "tolerance", "models",
                "anchors", "anchor_tolerance", "anchor_votes", "put_in", "stated", "reach", "sensitivity",
            )
        }  # fmt: skip
        return hashlib.sha256(json.dumps(plain(content), sort_keys=True).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Return all fields that are not empty as plain numbers and texts."""
        fields = asdict(self)
        fields["stated"] = [{"figure": s.figure, "model": s.model, **s.entry.to_dict()} for s in self.stated]
        del fields["path"]
        return {name: entry for name, entry in fields.items() if entry not in (None, "", (), [], {})}
