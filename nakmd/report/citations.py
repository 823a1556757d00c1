"""References of a run: the papers of its parameter sets, and those in the docstrings of its methods."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nakmd.analysis import NamedAnalysis, quantity
from nakmd.analysis.numerics import autocorrelation, block_sums, statistics
from nakmd.analysis.registry import DERIVED
from nakmd.deck.deck import Deck
from nakmd.kernels import random
from nakmd.potentials import library
from nakmd.potentials.library.model_record import ModelRecord
from nakmd.quantity_names import QUANTITIES
from nakmd.runs.stage_builder import build_stages

_SECTION = re.compile(r"^References\n-+\n(.*?)(?=^\S[^\n]*\n-{3,}$|\Z)", re.MULTILINE | re.DOTALL)
_DOI = re.compile(r"\s*doi:(10\.\d{4,9}/\S+)")


#: Modules of the error estimates, whose references are listed once and not for each quantity.
_ERROR_BARS = {module.__name__ for module in (autocorrelation, block_sums, statistics)}


@dataclass(frozen=True)
class Reference:
    """One reference.

    Attributes
    ----------
    what : str
        What it is cited for.
    paper, doi, note : str
        The DOI is empty if none is known.
    """

    what: str
    paper: str
    doi: str = ""
    note: str = ""


def references_of(documented: Any) -> list[Reference]:
    """Return the entries of the section "References" of a docstring.

    Parameters
    ----------
    documented : module, class or function

    Returns
    -------
    list of Reference
        Cited for the text before a colon ("Barrels: B. J. Carroll, ..."), else for the first line of the docstring.
    """
    docstring = inspect.getdoc(documented) or ""
    what = docstring.partition("\n")[0].partition(":")[0].removeprefix("Return ").rstrip(".")
    if inspect.isclass(documented):
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", documented.__name__)
        if not what.lower().startswith(name.lower()):
            what = f"{name}: {what[:1].lower()}{what[1:]}"
    section = _SECTION.search(docstring)
    references = []
    for entry in _entries(section[1]) if section else ():
        doi = _DOI.search(entry)
        purpose, _, paper = entry[: doi.start() if doi else None].rpartition(": ")
        purpose = purpose or what
        references.append(
            Reference(purpose[:1].upper() + purpose[1:], paper.rstrip(" ,;."), doi[1].rstrip(".,;") if doi else "")
        )
    return references


def _entries(section: str) -> list[str]:
    """Return the entries of a section: each ends with its DOI, or with a full stop if it has none."""
    entries: list[str] = []
    complete = True
    for line in map(str.strip, section.splitlines()):
        if entries and (not complete or line.startswith("doi:")):
            entries[-1] += f" {line}"
        elif line:
            entries.append(line)
        complete = line.endswith(".") or _DOI.search(line) is not None
    return entries


def cite_potentials(model: Mapping[str, Any]) -> list[Reference]:
    """Return the sources of the parameter sets of a model.

    Parameters
    ----------
    model : mapping
        Description by `Potential.describe`, as stored in the trajectory; empty for files of other programs.
    """
    library_names = library.names()
    references = []
    terms = model.get("terms") or ([model] if model else [])
    for part in [part for term in terms for part in term.get("parts") or (term,)]:
        label = str(part.get("label") or part.get("name") or "")
        if part.get("form") == "ase":
            what = f"{part['calculator']}, {part['package'] or 'no package'} {part['version']}".rstrip()
            references.append(Reference(label, f"{what}, by ASE: cite the paper of this model"))
            continue
        if label not in library_names:
            references.append(Reference(label, "Not in the library: see the deck for the source of its parameters"))
            continue
        record = library.read_set(label)
        if isinstance(record, ModelRecord):
            continue
        sources = [Reference(label, source.paper, source.doi or "", source.note) for source in record.source]
        references += sources or [Reference(label, "proposed in nakmd", note=record.notes)]
    return references


def cite_methods(deck: Deck | None, measured: Sequence[str]) -> list[Reference]:
    """Return the references of integrators, thermostats, barostats, moves, analyses and error estimates.

    Parameters
    ----------
    deck : Deck or None
        None for files of other programs: then only the analyses are cited.
    measured : sequence of str
        Names of the results, as in `standard_analyses`.
    """
    references: list[Reference] = []
    for stage in build_stages(deck, has_velocities=True) if deck is not None else ():
        parts = stage.integrator.parts
        for part in parts:
            references += references_of(type(part))
        for move in stage.moves:
            references += references_of(type(move))
        for restraint in stage.restraints:
            references += references_of(type(restraint))
        if len(parts) > 1 or stage.moves:
            references += references_of(random)
    names = dict.fromkeys(name.split()[0] for name in measured)
    for name in names:
        if name in QUANTITIES:
            references += cite_quantity(quantity(name))
    for derived in DERIVED:
        if {derived.quantity, derived.using} <= set(names):
            references += references_of(derived.derive)
    if measured:
        for function in (
            autocorrelation.statistical_inefficiency,
            statistics.block_average,
            autocorrelation.detect_equilibration,
        ):
            references += references_of(function)
    return _once(references)


def cite_quantity(kind: type[NamedAnalysis]) -> list[Reference]:
    """Return the references of a quantity and of the analysis functions that its module imports or defines."""
    functions = [
        entry
        for entry in vars(sys.modules[kind.__module__]).values()
        if inspect.isfunction(entry)
        and entry.__module__.startswith("nakmd.analysis")
        and entry.__module__ not in _ERROR_BARS
    ]
    return [reference for part in (kind, *functions) for reference in references_of(part)]


def _once(references: Iterable[Reference]) -> list[Reference]:
    """Drop repeated references, whatever they are cited for."""
    first: dict[str, Reference] = {}
    for reference in references:
        first.setdefault(reference.doi or reference.paper, reference)
    return list(first.values())
