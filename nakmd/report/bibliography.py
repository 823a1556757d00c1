"""What a publication of a run should cite: nakmd, parameter sets, methods and analyses, as text or BibTeX."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from nakmd.deck.deck import Deck
from nakmd.errors import DeckError, InputError
from nakmd.io import Trajectory
from nakmd.report.citations import Reference, cite_methods, cite_potentials
from nakmd.runs.folder import RunFolder
from nakmd.runs.not_a_run import what_else

#: Title and authors of nakmd, as CITATION.cff has them.
TITLE = "nakmd: molecular dynamics of liquid sodium-potassium alloy on nitrogen-doped carbon"
AUTHORS = "the nakmd developers"

#: The program that makes the steps with ``--engine lammps``.
LAMMPS = Reference(
    "LAMMPS, which made the steps",
    "Thompson et al., Comput. Phys. Commun. 271, 108171 (2022)",
    "10.1016/j.cpc.2021.108171",
)

#: "Bussi, Donadio & Parrinello, J. Chem. Phys. 126, 014101 (2007)"
_ARTICLE = re.compile(
    r"(?P<authors>.+?), (?P<journal>[A-Z][^,()]*?) (?P<volume>\d+)(?:, (?P<pages>[A-Z]?\d+))? \((?P<year>\d{4})\)"
    r"(?:, (?P<note>.+))?"
)
_YEAR = re.compile(r"\((\d{4})\)")
_TO_ESCAPE = re.compile(r"([&%$#_{}])")

#: Words of a title, which no name has.
_IN_TITLES = re.compile(r"\b(?:of|the|in|on|and its)\b", re.IGNORECASE)


def cite_run(directory: str | Path) -> tuple[str, list[Reference]]:
    """Return the version of nakmd that made a run, and the references of what the run used.

    Parameters
    ----------
    directory : path
        Of a run, finished or not.

    Returns
    -------
    (str, list of Reference)
        The references of parameter sets, integrators, thermostats, moves, and of the quantities that were measured.

    Raises
    ------
    InputError
        If it holds no run.
    FileFormatError
        If its trajectory is damaged.
    """
    folder = RunFolder(Path(directory))
    if not folder.trajectory.is_file():
        problem = "does not exist" if not folder.path.exists() else "contains no trajectory.h5md"
        ordinary = f"{folder.path} {problem}. Give the directory of a run: nakmd cite runs/NAME."
        raise InputError(what_else(folder.path) or ordinary)
    measured = list(folder.read_results().get("results", {}))
    with Trajectory(folder.trajectory) as trajectory:
        try:
            deck = Deck.from_text(trajectory.deck) if trajectory.deck else None
        except DeckError:
            deck = None  # of another version: its sets and quantities are still known
        version = str(trajectory.provenance.get("nakmd", ""))
        references = cite_potentials(trajectory.potentials.get("model", {})) + cite_methods(deck, measured)
        if "LAMMPS" in str(trajectory.provenance.get("engine", "")):
            references.append(LAMMPS)
    once = {(reference.paper, reference.doi): reference for reference in reversed(references)}
    return version, list(reversed(once.values()))


def as_text(version: str, references: Iterable[Reference]) -> str:
    """Return what `cite_run` returns as lines: what each reference is cited for, the reference, its DOI."""
    lines = [f"nakmd: {AUTHORS}, {TITLE}, version {version or 'unknown'}"]
    for reference in references:
        doi = f", doi:{reference.doi}" if reference.doi else ""
        lines.append(f"{reference.what}: {reference.paper}{doi}")
    return "\n".join(lines)


def as_bibtex(version: str, references: Iterable[Reference]) -> str:
    """Return what `cite_run` returns as BibTeX; a source that is no publication is a comment.

    Articles have authors, journal, volume, first page, year and DOI, but no title: nakmd does not know it.
    """
    note = {"note": f"Version {version}"} if version else {}
    entries = [_entry("misc", "nakmd", {"author": f"{{{AUTHORS}}}", "title": f"{{{TITLE}}}", **note})]
    keys: set[str] = {"nakmd"}
    for reference in references:
        kind, fields = _fields(reference)
        if not kind:
            entries.append(f"% {reference.what}: {reference.paper}")
            continue
        entries.append(f"% {reference.what}\n{_entry(kind, _key(fields, keys), fields)}")
    return "\n\n".join(entries)


def _fields(reference: Reference) -> tuple[str, dict[str, str]]:
    """Return kind and fields of an entry; no kind for what was not published."""
    article = _ARTICLE.fullmatch(reference.paper)
    authors = _authors(article["authors"]) if article else ""
    doi = {"doi": reference.doi} if reference.doi else {}
    if article and authors:
        parts = article.groupdict()
        named = {name: _escaped(parts[name]) for name in ("journal", "volume", "pages", "year", "note") if parts[name]}
        return "article", {"author": authors, **named, **doi}
    year = _YEAR.search(reference.paper)
    if year is None:
        return "", {}
    return "misc", {"howpublished": _escaped(reference.paper), "year": year[1], **doi}


def _authors(names: str) -> str:
    """Return names as BibTeX separates them; empty if one of them is rather a title."""
    etal = names.endswith(" et al.")
    people = [name for name in re.split(r", | & | and ", names.removesuffix(" et al.")) if name]
    if any(_IN_TITLES.search(name) or len(name.split()) > 4 for name in people):
        return ""
    return " and ".join([*people, *(["others"] if etal else [])])


def _key(fields: dict[str, str], taken: set[str]) -> str:
    """Return a key that is not taken: first author and year, ``Bussi2007``, and take it."""
    name = re.split(r" and |, | \\?& ", fields.get("author") or fields["howpublished"])[0].split()[-1]
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    stem = re.sub(r"\W", "", plain) + fields["year"]
    key = next(
        key for key in (stem, *(f"{stem}{letter}" for letter in "bcdefghijklmnopqrstuvwxyz")) if key not in taken
    )
    taken.add(key)
    return key


def _entry(kind: str, key: str, fields: dict[str, str]) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])


def _escaped(text: str) -> str:
    return _TO_ESCAPE.sub(r"\\\1", text)
