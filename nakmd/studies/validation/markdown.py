"""A validation as text: table rows, and a page of Markdown with pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from nakmd.studies.validation.campaign import Validation
from nakmd.studies.validation.findings import Finding
from nakmd.studies.validation.references import sources
from nakmd.studies.validation.targets import target_of

COLUMNS = ("figure", "value ± error", "size", "unit", "reference", "source", "verdict")

#: Columns of the table of targets.
TARGET_COLUMNS = ("figure", "value ± error", "unit", "reference", "target (stretch)", "reached")

#: Titles of the groups.
TITLES = {
    "cold": "Cold metal",
    "solid": "Vacancy, warm crystal and melting",
    "liquid": "Liquid",
    "alloy": "Alloy",
    "surface": "Surface of the liquid",
    "forces": "Forces on PBE frames",
    "extremes": "Far from the liquid",
    "carbon": "Carbon",
    "adsorption": "One metal atom on carbon",
    "sizes": "Cells of several sizes",
}


def rows_of(findings: Sequence[Finding]) -> list[list[str]]:
    """Return one row with `COLUMNS` for each finding."""
    return [
        [
            finding.key,
            finding.text,
            _size(finding),
            finding.unit,
            finding.reference_text,
            _source(finding),
            finding.verdict_text,
        ]
        for finding in findings
    ]


def target_rows(findings: Sequence[Finding]) -> list[list[str]]:
    """Return one row with `TARGET_COLUMNS` for each finding that has a target."""
    found = [(finding, target_of(finding)) for finding in findings]
    return [
        [f.key, f.text, f.unit, f.reference_text, target.text, target.verdict(f)]
        for f, target in found
        if target is not None
    ]


def _size(finding: Finding) -> str:
    """Return the size error; empty if it is zero or the value is missing, ? if it is unknown."""
    if not math.isfinite(finding.value) or finding.size_error == 0.0:
        return ""
    return f"± {finding.size_error:.1g}" if math.isfinite(finding.size_error) else "?"


def _source(finding: Finding) -> str:
    if finding.reference is None:
        return ""
    return f"{finding.reference.source} ({finding.reference.evidence})"


def summary(validation: Validation) -> str:
    """Return the counts of verdicts in one sentence."""
    counts = [f"{n} {verdict}" for verdict, n in validation.counts.items() if n]
    return f"{len(validation.findings)} figures of {validation.name}: {', '.join(counts)}."


def markdown(validation: Validation, pictures: Sequence[tuple[str, str]] = ()) -> str:
    """Return a page: summary, a table for each group with its notes, sources, provenance.

    Parameters
    ----------
    validation : Validation
    pictures : sequence of (str, str)
        Title and file name.
    """
    origin = validation.provenance
    lines = [
        f"# Validation of `{validation.name}` ({validation.scale})",
        "",
        summary(validation),
        "",
        "A figure agrees if it is within two standard errors of its reference: its statistical and size errors and "
        "that of the reference combined. Errors of values are statistical standard errors (none: static). The "
        'column "size" is the remaining finite-size error; ? if unknown.',
        "",
    ]
    aims = target_rows(validation.findings)
    if aims:
        lines += ["## Targets", "", *_table(TARGET_COLUMNS, aims), ""]
        lines += [
            "Distances from the reference, or bounds of the value (`targets.toml`). A value within them has met its "
            "target whatever its error; one that could be, within two of its errors, is counted apart.",
            "",
        ]
    for title, file in pictures:
        lines += [f"![{title}]({file})", ""]
    for group, members in groupby(validation.findings, key=lambda finding: finding.group):
        findings = list(members)
        lines += [f"## {TITLES.get(group, group)}", "", *_table(COLUMNS, rows_of(findings)), ""]
        lines += [*_notes(findings), ""]
    used = {key for f in validation.findings if f.reference for key in f.reference.source.split(" and ")}
    lines += ["## Sources", ""]
    lines += [f"- **{key}**: {text}" for key, text in sources().items() if key in used]
    if "own" in used:
        lines += ["- **own**: this run"]
    lines += ["", "## Provenance", ""]
    if validation.skipped:
        lines += [
            f"Left out, because the model does not cover it or data is missing: {'; '.join(validation.skipped)}.",
            "",
        ]
    potential = origin["potential"]
    seconds = origin["seconds_in_all"]
    lines += [
        f"nakmd {origin['nakmd']} ({origin['git'][:12] or 'unknown commit'}), numba {origin['numba']}, "
        f"{origin['cpu']}, seed {origin['seed']}, {origin['threads']} points in parallel, "
        f"{seconds / 60.0:.1f} min in total. Model digest {potential['hash'][:16]}.",
        "",
        *(
            f"{name.capitalize()}: {_sizes(sizes)}."
            for name, sizes in origin["sizes"].items()
            if isinstance(sizes, dict)
        ),
    ]
    return "\n".join(lines) + "\n"


def _sizes(sizes: dict[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in sizes.items())


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(columns) + " |", "| " + " | ".join("---" for _ in columns) + " |"]
    return lines + ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]


def _notes(findings: Sequence[Finding]) -> list[str]:
    """Return each note once, with the figures it refers to."""
    about: dict[str, list[str]] = {}
    for finding in findings:
        notes = [*finding.notes, f"size error: {finding.size_note}" if finding.size_note else ""]
        if finding.reference is not None:
            notes.append(f"reference: {finding.reference.note}" if finding.reference.note else "")
        for note in notes:
            if note:
                about.setdefault(note, []).append(finding.key)
    return [f"- {_some(keys)}: {note}." for note, keys in about.items()]


def _some(keys: Sequence[str]) -> str:
    return "; ".join(keys) if len(keys) <= 3 else f"{keys[0]} and {len(keys) - 1} more"
