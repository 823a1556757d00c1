"""Measured figures of the free surface of the model of a deck, which its trajectory stores for later analyses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nakmd.deck.deck import Deck
from nakmd.deck.force_model import Model, SetTerm
from nakmd.deck.messages import Problem
from nakmd.potentials.forms.record import NumbersRecord
from nakmd.potentials.library import parts, read_set
from nakmd.runs.potential_builder import potential_file


def surface_figures(model: Model, folder: Path) -> dict[str, Any] | None:
    """Return the surface figures of the metal of a model; None if its parameter set has none.

    Parameters
    ----------
    model : Model
        Its potential can be built.
    folder : Path
        Paths in the deck are relative to it.

    Returns
    -------
    dict or None
        ``"name"`` of the set, ``"points"`` and ``"note"``, as `nakmd.analysis.surface_figures` reads them.

    Notes
    -----
    Only the set of the metal decides: a wall or a cross term beside it does not change the free surface. A model with
    two sets that have figures, with another factor on the unlike pairs than the set, or with an ASE calculator, has
    none. Members of an ensemble have those of the set itself, and the note says so.
    """
    if model.has_calculator:
        return None
    if model.potential is not None:
        names = [str(model.potential)]
    else:
        names = [term.name for term in model.terms if isinstance(term, SetTerm)]
    found = [record for name in names for record in _sets_with_figures(name, folder)]
    if len(found) != 1:
        return None
    (record,) = found
    note = "" if model.member is None else f"of the set itself, not of its member {model.member}"
    return {"name": record.name, "note": note, "points": [entry.model_dump() for entry in record.surface]}


def check_surface(deck: Deck, folder: Path) -> Iterator[Problem]:
    """Yield a wish for the surface energy of a model that has none."""
    if deck.analysis.immersion.surface_energy == "model" and surface_figures(deck.model, folder) is None:
        yield Problem(
            ("analysis", "immersion", "surface_energy"),
            '[analysis.immersion] surface_energy = "model", but no [[surface]] belongs to this model. Give a value '
            'such as "0.09 J/m²" or "experiment", or measure them with potentials/surfaces.py.',
        )


def _sets_with_figures(name: str, folder: Path) -> list[NumbersRecord]:
    """Return the sets with surface figures behind a name of the library or a file."""
    file = potential_file(name, folder)
    if file is not None and file[1] != "set":
        return []
    where = name if file is None else file[0]
    record = read_set(where)
    if isinstance(record, NumbersRecord):
        return [record] if record.surface else []
    given = zip(record.term, parts(where), strict=True)
    return [part for term, part in given if part.surface and term.lambda_phi is None]
