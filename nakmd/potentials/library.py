"""The library of parameter sets: one TOML file for each, in ``potentials/``."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from nakmd.errors import InputError
from nakmd.potentials.record_file import parse_record
from nakmd.potentials.records import (
    AnyRecord,
    EAMTableSet,
    FinnisSinclairCubicSet,
    LennardJonesSet,
    ModelRecord,
    MorseSet,
    NumbersRecord,
    TersoffSet,
)
from nakmd.potentials.tables import read_text, sha256
from nakmd.resources import data_folder

SUFFIX = ".toml"


@dataclass(frozen=True)
class SetSummary:
    """One line about a parameter set.

    Attributes
    ----------
    name, title, form : str
    species : tuple of str
        Elements or species that it has numbers for; for a model, its sets.
    license : str
        Empty for a model.
    dois : tuple of str
    path : pathlib.Path
    sha256 : str
        Of the file.
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
    """Return the names of the sets and models that travel with nakmd, sorted."""
    return sorted(file.stem for file in data_folder("potentials").glob(f"*{SUFFIX}"))


def path(name_or_path: str | Path, folder: Path | None = None) -> Path:
    """Return the file of a set: a name of the library, or a path to a TOML file.

    Parameters
    ----------
    name_or_path : str or path-like
        A path if it ends in ``.toml`` or has a folder in it.
    folder : path-like, optional
        Where relative paths start; the working directory if left out.

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
        close = difflib.get_close_matches(text[:64], known, n=1)
        raise InputError(
            f"No parameter set is called {text[:64]!r}."
            + (f" Did you mean {close[0]!r}?" if close else "")
            + f" Known are {', '.join(known)}; a file of your own is named by its path (…{SUFFIX})."
        )
    return data_folder("potentials") / (text + SUFFIX)


def read_set(name_or_path: str | Path, folder: Path | None = None) -> AnyRecord:
    """Return the checked record of a set or model (see `path` for the arguments).

    Raises
    ------
    InputError
        If there is no such set.
    FileFormatError
        If its file is damaged, with lines and remedies.

    Examples
    --------
    >>> read_set("nichol-ackland-2016").form
    'finnis_sinclair_cubic'
    """
    file = path(name_or_path, folder)
    return parse_record(file, read_text(file))


def summary(name_or_path: str | Path) -> SetSummary:
    """Return one line about a set."""
    file = path(name_or_path)
    record = read_set(name_or_path)
    numbers = isinstance(record, NumbersRecord)
    return SetSummary(
        name=record.name,
        title=record.title,
        form=record.form,
        species=species_of(record),
        license=record.license if numbers else "",
        dois=tuple(source.doi for source in record.source if source.doi) if numbers else (),
        path=file,
        sha256=sha256(file),
    )


def list_sets() -> list[SetSummary]:
    """Return one line about every set and model that travels with nakmd."""
    return [summary(name) for name in names()]


def species_of(record: AnyRecord) -> tuple[str, ...]:
    """Return the elements or species that a set has numbers for; for a model, the names of its sets."""
    match record:
        case FinnisSinclairCubicSet():
            return tuple(element.symbol for element in record.element)
        case TersoffSet():
            return record.elements
        case MorseSet() | LennardJonesSet():
            return tuple(dict.fromkeys(species for pair in record.pair for species in pair.species))
        case EAMTableSet():
            return record.files
        case ModelRecord():
            return tuple(term.set for term in record.term)


def hashes(name_or_path: str | Path, folder: Path | None = None) -> dict[str, str]:
    """Return the SHA-256 of every file that a set or model is made of, by name, for provenance."""
    file = path(name_or_path, folder)
    record = read_set(name_or_path, folder)
    found = {record.name: sha256(file)}
    match record:
        case ModelRecord():
            for term in record.term:
                found |= hashes(term.set, file.parent)
        case EAMTableSet():
            found |= {name: sha256(file.parent / name) for name in record.files}
        case _:
            pass
    return found
