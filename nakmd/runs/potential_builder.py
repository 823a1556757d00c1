"""The forces of a deck: from its words to a Potential."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nakmd.deck.matter import EAMTerm, Model, PairTerm, SetTerm, Structure, TersoffTerm
from nakmd.errors import FileFormatError, InputError, did_you_mean
from nakmd.potentials import EAM, Hybrid, Potential, Term, Tersoff
from nakmd.potentials.library import load, takes_doping
from nakmd.toml_lines import KeyPath

#: Told of each fault and where in the deck it is.
FaultReport = Callable[[KeyPath, str], None]

#: Endings of files of one's own; any other word is a name of the library.
_SET_ENDING = ".toml"
_TERSOFF_ENDING = ".tersoff"
_EAM_ENDINGS = (".eam", ".alloy", ".fs", ".setfl", ".funcfl")


def build_potential(
    model: Model, folder: Path, report: FaultReport, structure: Structure | None = None
) -> Potential | None:
    """Return the potential of a deck's model in the precision it asks for.

    Parameters
    ----------
    model : Model
    folder : Path
        Where files named in the deck lie.
    report : callable
        Told of every fault; the terms without faults are still built, for the checks that follow.
    structure : Structure, optional
        Whose graphitic nitrogen weakens the sets that say so, unless the model gives ``doping``.

    Returns
    -------
    Potential or None
        None if nothing could be built.
    """
    built = _sum_of_terms(model, folder, report, concentration_of(model, structure))
    if built is None or model.precision == built.precision:
        return built
    return _attempt(lambda: built.with_precision(model.precision), ("model", "precision"), report)


def concentration_of(model: Model, structure: Structure | None) -> float | None:
    """Return the graphitic nitrogen per atom of the wall: as the model says, else as the carbon asks for, else None."""
    if model.doping is not None:
        return model.doping
    carbon = structure.carbon if structure is not None else None
    doping = getattr(carbon, "doping", None)
    return None if doping is None else float(doping.graphitic)


def _sum_of_terms(model: Model, folder: Path, report: FaultReport, doping: float | None) -> Potential | None:
    if model.potential is not None:
        loaded = _attempt(
            lambda: load_named_or_file(
                str(model.potential), folder, model.affinity, doping, model.doping is not None, model.screening
            ),
            ("model", "potential"),
            report,
        )
        if loaded is None or not model.none:
            return loaded
        parts = list(loaded.terms) if isinstance(loaded, Hybrid) else [loaded]
        declared = [_as_pair(pair) for pair in loaded.none] if isinstance(loaded, Hybrid) else []
        return Hybrid([t for t in parts if isinstance(t, Term)], [*declared, *model.none], name=model.potential)
    terms: list[Term] = []
    declared = list(model.none)
    for index, words in enumerate(model.terms):
        path = ("model", "terms", index)
        built = _attempt(lambda words=words: _build_term(words, folder, doping), path, report)  # type: ignore[misc]
        if isinstance(built, Hybrid):
            terms += built.terms
            declared += [_as_pair(pair) for pair in built.none]
        elif isinstance(built, Term):
            terms.append(built)
    return Hybrid(terms, declared, name="deck") if terms else None


def _attempt(build: Callable[[], Potential], path: KeyPath, report: FaultReport) -> Potential | None:
    try:
        return build()
    except InputError as error:
        report(path, str(error))
        return None


def _as_pair(pair: frozenset[str]) -> tuple[str, str]:
    # a species with itself is a set of one
    names = sorted(pair)
    return names[0], names[-1]


def load_named_or_file(
    name: str,
    folder: Path,
    affinity: float = 1.0,
    doping: float | None = None,
    insist: bool = False,
    screening: float = 1.0,
) -> Potential:
    """Return a named set of the library, or the potential in a file: .toml, .tersoff, setfl, eam.fs, funcfl.

    Parameters
    ----------
    name : str
    folder : Path
        Where relative paths start.
    affinity : float
        Factor on the metal-carbon depths of a set.
    doping : float, optional
        Graphitic nitrogen per atom of the wall.
    insist : bool
        Whether a doping that means nothing to the set is an error.
    screening : float
        Strength of the screening of a model's metal-carbon terms.
    """
    if name.endswith(_SET_ENDING):
        return _load(_existing(name, folder), affinity, doping, insist, screening)
    if name.endswith((_TERSOFF_ENDING, *_EAM_ENDINGS)) or "/" in name:
        if affinity != 1.0:
            raise InputError(f"affinity scales the metal-carbon depths of a named set; the file {name} has none.")
        if insist and doping:
            raise InputError(f"doping weakens the metal-carbon pairs of a named set; the file {name} has none.")
        if screening != 1.0:
            raise InputError(f"screening weakens the metal-carbon terms of a named set; the file {name} has none.")
        path = _existing(name, folder)
        return Tersoff.from_file(path) if name.endswith(_TERSOFF_ENDING) else EAM.from_file(path)
    return _load(name, affinity, doping, insist, screening)


def _load(name: str | Path, affinity: float, doping: float | None, insist: bool, screening: float) -> Potential:
    """Return a set, weakened by the dopants of the wall if it is one that is."""
    wanted = doping is not None and (insist or takes_doping(name))
    return load(name, affinity, doping=doping if wanted and doping is not None else 0.0, screening=screening)


def _build_term(words: EAMTerm | TersoffTerm | SetTerm | PairTerm, folder: Path, doping: float | None) -> Potential:
    if isinstance(words, EAMTerm):
        return EAM.from_file(*(_existing(name, folder) for name in words.file))
    if isinstance(words, TersoffTerm):
        return Tersoff.from_file(_existing(words.file, folder))
    if isinstance(words, PairTerm):
        return words.build()
    return load_named_or_file(words.name, folder, doping=doping)


def _existing(name: str, folder: Path) -> Path:
    """Return the path of a file that is there."""
    path = folder / name
    if not path.is_file():
        beside = [p.name for p in path.parent.glob("*") if p.is_file()] if path.parent.is_dir() else []
        hint = did_you_mean(path.name, beside) if len(beside) < 20 else ""
        raise FileFormatError(path, "there is no such file.", hint)
    return path
