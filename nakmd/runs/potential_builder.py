"""Builds the potential that a deck describes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nakmd.deck.force_model import ASETerm, EAMTerm, Model, PairTerm, SetTerm, TersoffTerm
from nakmd.deck.matter import Structure
from nakmd.errors import InputError
from nakmd.potentials import EAM, External, Hybrid, Potential, Term, Tersoff
from nakmd.potentials.files.potential_format import Format, recognised
from nakmd.potentials.files.texts import read_text
from nakmd.potentials.forms.pair import PairPotential
from nakmd.potentials.library import load, names, takes_doping
from nakmd.runs.named_file import named_file
from nakmd.toml_lines import KeyPath

#: Called with the path and the message of each error.
FaultReport = Callable[[KeyPath, str], None]

#: Extensions of potential files, in small letters.
_ENDINGS: dict[str, Format] = {
    ".toml": "set", ".tersoff": "tersoff", ".eam": "eam", ".alloy": "eam", ".fs": "eam", ".setfl": "eam",
    ".funcfl": "eam",
}  # fmt: skip


def build_potential(
    model: Model, folder: Path, report: FaultReport, structure: Structure | None = None
) -> Potential | None:
    """Return the potential of a deck's model in the requested precision.

    Parameters
    ----------
    model : Model
    folder : Path
        Paths in the deck are relative to it.
    report : callable
        Called with every error; the valid terms are still built, for the later checks.
    structure : Structure, optional
        Gives the fraction of graphitic nitrogen for sets that depend on it, unless the model gives ``doping``.

    Returns
    -------
    Potential or None
        None if no term could be built.
    """
    built = _sum_of_terms(model, folder, report, concentration_of(model, structure))
    if built is not None and model.between_layers is not None:
        bare = built
        joined = _attempt(lambda: _joined_layers(bare, model, folder), ("model", "between_layers"), report)
        built = joined or built
    if built is None or model.precision == built.precision:
        return built
    return _attempt(lambda: built.with_precision(model.precision), ("model", "precision"), report)


def concentration_of(model: Model, structure: Structure | None) -> float | None:
    """Return the graphitic nitrogen per wall atom from the model, else from the carbon, else None."""
    if model.doping is not None:
        return model.doping
    carbon = structure.carbon if structure is not None else None
    doping = getattr(carbon, "doping", None)
    return None if doping is None else float(doping.graphitic)


def _sum_of_terms(model: Model, folder: Path, report: FaultReport, doping: float | None) -> Potential | None:
    if model.potential is not None:
        loaded = _attempt(
            lambda: load_named_or_file(
                str(model.potential),
                folder,
                model.affinity,
                doping,
                model.doping is not None,
                model.screening,
                model.member,
            ),
            ("model", "potential"),
            report,
        )
        if loaded is None or not model.none:
            return loaded
        parts = list(loaded.terms) if isinstance(loaded, Hybrid) else [loaded]
        declared = [_as_pair(pair) for pair in loaded.none] if isinstance(loaded, Hybrid) else []
        return Hybrid([t for t in parts if isinstance(t, Term)], [*declared, *model.none], name=model.potential)
    if model.ase is not None:
        made = _attempt(
            lambda: External.from_factory(str(model.ase), model.arguments, folder=folder), ("model", "ase"), report
        )
        return made if made is None or not model.none else Hybrid(made.terms, model.none, name=model.ase)
    whole: Hybrid | None = None
    declared = list(model.none)
    own: list[tuple[KeyPath, Term]] = []
    for index, section in enumerate(model.terms):
        path = ("model", "terms", index)
        built = _attempt(lambda s=section: _build_term(s, folder, doping), path, report)  # type: ignore[misc]
        if built is None:
            continue
        if isinstance(built, Hybrid):
            declared += [_as_pair(pair) for pair in built.none]
        terms = [*(whole.terms if whole is not None else ()), *built.terms]
        # a pair that an earlier section has is reported for this one, which is then left out
        joined = _attempt(lambda t=terms, d=declared: Hybrid(t, d, name="deck"), path, report)  # type: ignore[misc]
        if isinstance(joined, Hybrid):
            whole = joined
            own += [((*path, "replace"), term) for term in built.terms if term.replace]
    if whole is not None:
        for where, term in own:
            if not any(term in other.replaced_by for other in whole.terms):
                report(where, f"{term.label} replaces nothing: no other term has its pairs. Remove replace.")
    return whole


def _joined_layers(built: Potential, model: Model, folder: Path) -> Potential:
    """Return a model with the set that acts between layers."""
    name = str(model.between_layers)
    term = load_named_or_file(name, folder)
    if not isinstance(term, PairPotential) or not term.between_layers:
        raise InputError(
            f"{name} does not act between layers: a set that does has between_layers = true, such as girifalco-2000-c."
        )
    declared = [_as_pair(pair) for pair in built.none] if isinstance(built, Hybrid) else []
    label = built.name if isinstance(built, Hybrid) else built.terms[0].label
    return Hybrid([*built.terms, term], declared, name=f"{label} + {term.label}")


def _attempt(build: Callable[[], Potential], path: KeyPath, report: FaultReport) -> Potential | None:
    try:
        return build()
    except InputError as error:
        report(path, str(error))
        return None


def _as_pair(pair: frozenset[str]) -> tuple[str, str]:
    # the pair of a species with itself is a set with one element
    names = sorted(pair)
    return names[0], names[-1]


def load_named_or_file(
    name: str,
    folder: Path,
    affinity: float = 1.0,
    doping: float | None = None,
    insist: bool = False,
    screening: float = 1.0,
    member: int | None = None,
) -> Potential:
    """Return a named set of the library, or the potential in a file: .toml, .tersoff, setfl, eam.fs, funcfl.

    Parameters
    ----------
    name : str
        See `potential_file` for when it is a file.
    folder : Path
        Relative paths start here.
    affinity : float
        Factor on the metal-carbon well depths of a set.
    doping : float, optional
        Graphitic nitrogen per wall atom.
    insist : bool
        Whether a doping that the set does not use is an error.
    screening : float
        Strength of the screening of the metal-carbon terms.
    member : int, optional
        Member of the ensemble of a set.

    Raises
    ------
    InputError
        If the file does not exist or is invalid, or an option does not apply to it.
    """
    found = potential_file(name, folder)
    if found is None:
        return _load(name, affinity, doping, insist, screening, member)
    path, form = found
    if form == "set":
        return _load(path, affinity, doping, insist, screening, member)
    if affinity != 1.0:
        raise InputError(f"affinity scales the metal-carbon depths of a named set, not of the file {name}. Remove it.")
    if insist and doping:
        raise InputError(f"doping weakens the metal-carbon pairs of a named set, not of the file {name}. Remove it.")
    if screening != 1.0:
        raise InputError(f"screening acts on the metal-carbon terms of a named set, not of the file {name}. Remove it.")
    if member is not None:
        raise InputError(f"member selects from the ensemble of a named set; the file {name} has none. Remove it.")
    return Tersoff.from_file(path) if form == "tersoff" else EAM.from_file(path)


def potential_file(name: str, folder: Path) -> tuple[Path, Format] | None:
    """Return the path and the format of the file that a name means, or None if it means a set of the library.

    A name with a slash or the extension of a potential file is a file, and any other name that is not in the library
    if there is such a file. The format is that of the content; where this is unclear, that of the extension.

    Parameters
    ----------
    name : str
    folder : Path
        Relative paths start here.

    Raises
    ------
    InputError
        If there is no such file, or it cannot be read.
    """
    ending = _ENDINGS.get(Path(name).suffix.lower())
    if ending is None and "/" not in name and (name in names() or not (folder / name).is_file()):
        return None
    path = named_file(folder / name)
    return path, recognised(read_text(path)) or ending or "eam"


def _load(
    name: str | Path, affinity: float, doping: float | None, insist: bool, screening: float, member: int | None
) -> Potential:
    """Return a set; the doping is passed on if the set depends on it."""
    applied = doping if doping is not None and (insist or takes_doping(name)) else 0.0
    return load(name, affinity, doping=applied, screening=screening, member=member)


def _build_term(
    section: EAMTerm | TersoffTerm | SetTerm | ASETerm | PairTerm, folder: Path, doping: float | None
) -> Potential:
    if isinstance(section, EAMTerm):
        return EAM.from_file(*(named_file(folder / name) for name in section.file))
    if isinstance(section, TersoffTerm):
        return Tersoff.from_file(named_file(folder / section.file))
    if isinstance(section, PairTerm):
        return section.build()
    if isinstance(section, ASETerm):
        return External.from_factory(
            section.calculator,
            section.arguments,
            species=section.species,
            add=section.add,
            renew=section.renew,
            folder=folder,
        )
    loaded = load_named_or_file(section.name, folder, doping=doping)
    if not section.replace:
        return loaded
    if not isinstance(loaded, PairPotential):
        raise InputError(f"replace = true is for pair potentials; {section.name} has other terms. Remove it.")
    return loaded.replacing()
