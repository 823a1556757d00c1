"""The library of parameter sets: one TOML file for each, in ``potentials/``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nakmd.errors import InputError, nearest
from nakmd.potentials.base import Potential, Term
from nakmd.potentials.files.texts import read_text, sha256
from nakmd.potentials.forms.record import Choice, NumbersRecord
from nakmd.potentials.hybrid import Hybrid
from nakmd.potentials.library.model_record import ModelRecord, ModelTerm
from nakmd.potentials.library.record_toml import parse_record
from nakmd.potentials.library.records import AnyRecord
from nakmd.potentials.library.screened_terms import joined
from nakmd.resources import data_folder

SUFFIX = ".toml"


@dataclass(frozen=True)
class SetSummary:
    """Summary of a parameter set.

    Attributes
    ----------
    name, title, form : str
    species : tuple of str
        Elements or species that the set has numbers for; for a model, its sets.
    license : str
        Empty for a model.
    dois : tuple of str
    path : pathlib.Path
    sha256 : str
        Hash of the file.
    """

    name: str
    title: str
    form: str
    species: tuple[str, ...]
    license: str
    dois: tuple[str, ...]
    path: Path
    sha256: str


def names() -> list[str]:
    """Return the names of the sets and models that come with nakmd, sorted."""
    return sorted(file.stem for file in data_folder("potentials").glob(f"*{SUFFIX}"))


def path(name_or_path: str | Path, folder: Path | None = None) -> Path:
    """Return the file of a set, given by its name in the library or the path of a TOML file.

    Parameters
    ----------
    name_or_path : str or path-like
        Taken as a path if it ends in ``.toml`` or contains a slash.
    folder : path-like, optional
        Base of relative paths; the working directory by default.

    Raises
    ------
    InputError
        If no set has this name.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith(SUFFIX) or "/" in text or "\\" in text:
        return (folder or Path()) / text
    known = names()
    if text not in known:
        close = nearest(text, known)
        raise InputError(
            f'No parameter set is called "{text[:64]}".'
            + (f' Did you mean "{close}"?' if close else "")
            + f" There are {', '.join(known)}; for another file give its path (…{SUFFIX})."
        )
    return data_folder("potentials") / (text + SUFFIX)


def read_set(name_or_path: str | Path, folder: Path | None = None) -> AnyRecord:
    """Return the validated record of a set or model (see `path` for the arguments).

    Raises
    ------
    InputError
        If there is no such set.
    FileFormatError
        If its file is invalid, with lines and remedies.

    Examples
    --------
    >>> read_set("nichol-ackland-2016").form
    'finnis_sinclair_cubic'
    """
    file = path(name_or_path, folder)
    return parse_record(file, read_text(file))


def parts(name_or_path: str | Path, folder: Path | None = None) -> list[NumbersRecord]:
    """Return the records of the sets that a model consists of; an empty list for a set."""
    record = read_set(name_or_path, folder)
    if not isinstance(record, ModelRecord):
        return []
    base = path(name_or_path, folder).parent
    return [_part(record, term, base) for term in record.term]


def summary(name_or_path: str | Path) -> SetSummary:
    """Return the summary of a set."""
    file = path(name_or_path)
    record = read_set(name_or_path)
    numbers = None if isinstance(record, ModelRecord) else record
    return SetSummary(
        name=record.name,
        title=record.title,
        form=record.form,
        species=record.species,
        license=numbers.license if numbers else "",
        dois=tuple(source.doi for source in numbers.source if source.doi) if numbers else (),
        path=file,
        sha256=sha256(file),
    )


def list_sets() -> list[SetSummary]:
    """Return the summaries of all sets and models that come with nakmd."""
    return [summary(name) for name in names()]


def hashes(name_or_path: str | Path, folder: Path | None = None) -> dict[str, str]:
    """Return the SHA-256 of every file of a set or model, by name, for the provenance."""
    file = path(name_or_path, folder)
    record = read_set(name_or_path, folder)
    digests = {record.name: sha256(file)}
    if isinstance(record, ModelRecord):
        for term in record.term:
            _part(record, term, file.parent)
            digests |= hashes(term.set, file.parent)
        return digests
    return digests | {name: sha256(file.parent / name) for name in record.data_files}


def load(
    name_or_path: str | Path,
    affinity: float = 1.0,
    elements: Sequence[str] | None = None,
    doping: float | None = None,
    screening: float = 1.0,
    member: int | None = None,
) -> Potential:
    """Return the potential of a set or model, given by its name or the path of a TOML file.

    Parameters
    ----------
    name_or_path : str or path-like
        ``"nak-cn"``, ``"kinaci-2012-cn"``, ``"my/model.toml"`` (see `path`).
    affinity : float
        Factor on the depths of the metal-carbon and metal-nitrogen terms: the pair terms of a model with
        ``affinity = true``, or a pair set itself.
    elements : sequence of str, optional
        Elements to use of a set that allows a selection (Tersoff, embedded atoms); all by default.
    doping : float, optional
        Graphitic nitrogen per atom of the wall, 0 if left out: ``nitrogen_fractions(system)["graphitic"]``
        (`nakmd.structures.nitrogen_fractions`). It raises the Fermi level of the wall, weakens all metal-wall pairs
        and changes their screening, in sets and models with doping parameters (`takes_doping`). A deck counts it in
        its system. Without it, a wall with graphitic nitrogen gets a `nakmd.errors.ModelWarning`.
    screening : float
        Strength of the screening of the metal-carbon terms of a model (`nakmd.potentials.Screened`): 0 leaves all
        pairs unscreened, 1 is the model as calibrated.
    member : int, optional
        A member of the ensemble of a set, from 1, or of the sets of a model that have one: other parameters that agree
        with the data of the fit. The spread of a result over the members is an estimate of the error of the model.

    Returns
    -------
    Potential
        A single term, or a `Hybrid` of several.

    Raises
    ------
    InputError
        If there is no such set, or the affinity, elements, doping, screening or member do not apply to it.
    FileFormatError
        If its file is invalid.

    Examples
    --------
    >>> load("nak-cn").coverage(["K", "C"])
    [('K', 'K', 'nak-2026'), ('K', 'C', 'metal-carbon-2026, screened'), ('C', 'C', 'kinaci-2012-cn')]
    """
    if doping is None:
        loaded = load(name_or_path, affinity, elements, 0.0, screening, member)
        return loaded.without_doping(read_set(name_or_path).name) if takes_doping(name_or_path) else loaded
    if not (math.isfinite(affinity) and affinity >= 0.0):
        raise InputError(f"The affinity scale is {affinity}; it must be a number not below 0.")
    if not 0.0 <= doping <= 1.0:
        raise InputError(f"The doping is {doping}; it must be the fraction of graphitic N in the wall, from 0 to 1.")
    file = path(name_or_path)
    record = read_set(name_or_path)
    if doping and not takes_doping(name_or_path):
        raise InputError(f"A doping of {doping} does not apply to {record.name}: no pair has doping parameters.")
    if not isinstance(record, ModelRecord):
        _refuse_affinity(record.name, affinity, record.scalable)
        _refuse_screening(record.name, screening, False)
        chosen = None if elements is None else tuple(elements)
        terms = record.terms(Choice(chosen, scale=affinity, doping=doping, member=member, folder=file.parent))
        return terms[0] if len(terms) == 1 else Hybrid(terms, name=record.name)
    if elements is not None:
        raise InputError(f"{record.name} is a model; the elements of its terms are set in {file}.")
    _refuse_affinity(record.name, affinity, any(term.affinity for term in record.term))
    _refuse_screening(record.name, screening, any(term.screening for term in record.term))
    if member is not None and not any(_part(record, entry, file.parent).n_members for entry in record.term):
        raise InputError(f"{record.name} has no ensemble: none of its sets has members. Leave member out.")
    made = [
        (entry, [term.in_declared_sum() for term in _terms(record, entry, file.parent, affinity, doping, member)])
        for entry in record.term
    ]
    return Hybrid(joined(record.name, made, screening, doping), none=record.none, name=record.name)


def takes_doping(name_or_path: str | Path, folder: Path | None = None) -> bool:
    """Return whether a set, or a term of a model, has doping parameters."""
    record = read_set(name_or_path, folder)
    if isinstance(record, ModelRecord):
        base = path(name_or_path, folder).parent
        return any(
            takes_doping(term.set, base) or (term.screening is not None and term.screening.takes_doping)
            for term in record.term
        )
    return record.takes_doping


def _refuse_affinity(name: str, affinity: float, scaled: bool) -> None:
    """Raise `InputError` for an affinity scale that no term uses."""
    if affinity != 1.0 and not scaled:
        raise InputError(
            f"An affinity scale of {affinity} does not apply to {name}: it has no metal-carbon terms. "
            "Leave it out, or use nak-cn, nak-cn-pair or nak-cn-dilute."
        )


def _refuse_screening(name: str, screening: float, screened: bool) -> None:
    """Raise `InputError` for a screening strength that no term uses."""
    if screening != 1.0 and not screened:
        raise InputError(
            f"A screening of {screening} does not apply to {name}: none of its terms has [term.screening]. "
            "Leave it out, or use nak-cn."
        )


def _terms(
    model: ModelRecord, term: ModelTerm, folder: Path, affinity: float, doping: float, member: int | None
) -> list[Term]:
    """Return the terms of one entry of a model; the member is that of a set with an ensemble."""
    scale = affinity if term.affinity else 1.0
    base, part = path(term.set, folder).parent, _part(model, term, folder)
    chosen = member if part.n_members else None
    return part.terms(Choice(term.elements, term.lambda_phi, scale, doping, chosen, base))


def _part(model: ModelRecord, term: ModelTerm, folder: Path) -> NumbersRecord:
    """Return the record of a term of a model; raise `InputError` if an option does not apply to it."""
    part = read_set(term.set, folder)
    if isinstance(part, ModelRecord):
        raise InputError(f"{model.name} has the model {part.name} as a term; terms are parameter sets.")
    if term.affinity and not part.scalable:
        raise InputError(f"{model.name} scales {part.name} by the affinity, which is for pair terms only.")
    if term.screening and not part.scalable:
        raise InputError(f"{model.name} screens {part.name}, which is for pair terms of metal and wall only.")
    return part
