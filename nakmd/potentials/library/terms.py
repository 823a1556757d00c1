"""From the record of a parameter set to the terms of a potential."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nakmd.errors import InputError
from nakmd.potentials.base import Term
from nakmd.potentials.files.eam_files import read_eam
from nakmd.potentials.files.tersoff_file import COLUMNS, tersoff_parameters
from nakmd.potentials.forms.eam import EAM
from nakmd.potentials.forms.embedded_atom import EmbeddedAtom
from nakmd.potentials.forms.finnis_sinclair import N_DENSITY_KNOTS, N_PAIR_KNOTS, FinnisSinclair
from nakmd.potentials.forms.gupta import Gupta, GuptaNumbers
from nakmd.potentials.forms.johnson_oh import BccFigures, JohnsonOh
from nakmd.potentials.forms.lennard_jones import LennardJones
from nakmd.potentials.forms.morse import Morse
from nakmd.potentials.forms.pair import PairPotential
from nakmd.potentials.forms.pair_records import LennardJonesSet, MorseSet, TwoGaussiansSet
from nakmd.potentials.forms.tersoff import Tersoff
from nakmd.potentials.forms.two_gaussians import TwoGaussians
from nakmd.potentials.library.model_record import ModelRecord, ModelTerm, ScreenedElement
from nakmd.potentials.library.records import (
    AnyRecord,
    EAMTableSet,
    FinnisSinclairCubicSet,
    GuptaSet,
    JohnsonOhSet,
    TersoffSet,
    pair_key,
)
from nakmd.potentials.screened import Screened

#: Sets that give some of their elements alone, too.
SETS_WITH_ELEMENTS = FinnisSinclairCubicSet | JohnsonOhSet | GuptaSet | TersoffSet


def species_of(record: AnyRecord) -> tuple[str, ...]:
    """Return the elements or species that a set has numbers for; for a model, the names of its sets."""
    match record:
        case FinnisSinclairCubicSet() | JohnsonOhSet() | GuptaSet():
            return tuple(element.symbol for element in record.element)
        case TersoffSet():
            return record.elements
        case MorseSet() | LennardJonesSet() | TwoGaussiansSet():
            return tuple(dict.fromkeys(species for pair in record.pair for species in pair.species))
        case EAMTableSet():
            return record.files
        case ModelRecord():
            return tuple(term.set for term in record.term)


def terms_of(record: AnyRecord, term: ModelTerm, file: Path, affinity: float, doping: float = 0.0) -> list[Term]:
    """Return the terms that a parameter set makes: one, but for separate alloys of a Finnis-Sinclair set.

    Parameters
    ----------
    record : AnyRecord
        Any but a model.
    term : ModelTerm
        Which elements, and what scales it.
    file : path-like
        Of the record: the files of tables lie beside it.
    affinity : float
        Scale of the term if it is marked so.
    doping : float
        Graphitic nitrogen per atom of the wall, which weakens pairs that say so.

    Raises
    ------
    InputError
        If the choice means nothing to this form.
    """
    if term.elements is not None and not isinstance(record, SETS_WITH_ELEMENTS):
        raise InputError(f"{record.name} ({record.form}) takes no choice of elements.")
    if term.lambda_phi is not None and not isinstance(record, FinnisSinclairCubicSet):
        raise InputError(f"{record.name} ({record.form}) has no lambda_phi.")
    scale = affinity if term.affinity else 1.0
    match record:
        case FinnisSinclairCubicSet():
            chosen = _chosen(record, term.elements, species_of(record))
            factor = record.lambda_phi if term.lambda_phi is None else term.lambda_phi
            alloys = [[element for element in alloy if element in chosen] for alloy in record.alloys]
            return [_finnis_sinclair(record, alloy, factor) for alloy in alloys if alloy]
        case JohnsonOhSet():
            return [_johnson_oh(record, _chosen(record, term.elements, species_of(record)))]
        case GuptaSet():
            return [_gupta(record, _chosen(record, term.elements, species_of(record)))]
        case TersoffSet():
            chosen = _chosen(record, term.elements, record.elements)
            return [_tersoff(record, chosen)]
        case MorseSet():
            return [Morse(_pairs(record), none=record.none, scale=scale, label=record.name)]
        case LennardJonesSet():
            return [LennardJones(_pairs(record), none=record.none, scale=scale, label=record.name)]
        case TwoGaussiansSet():
            return [TwoGaussians(_doped(_pairs(record), doping), none=record.none, scale=scale, label=record.name)]
        case EAMTableSet():
            return [EAM(read_eam(*(file.parent / name for name in record.files)), label=record.name)]
        case ModelRecord():
            raise InputError(f"{record.name} is a model and not a parameter set.")


def joined(name: str, made: Sequence[tuple[ModelTerm, list[Term]]], strength: float, doping: float = 0.0) -> list[Term]:
    """Return the terms of a model, pair terms that are screened joined with the metal that screens them.

    Parameters
    ----------
    name : str
        Of the model, for messages.
    made : sequence of (ModelTerm, list of Term)
        What each term of the record has become.
    strength : float
        Of the screening.
    doping : float
        Graphitic nitrogen per atom of the wall, which leaves the metal less to take away.

    Raises
    ------
    InputError
        If there is no one metal to screen with, or the numbers are out of range.
    """
    terms = [one for _, several in made for one in several]
    for words, several in made:
        if words.screening is None:
            continue
        (contact,) = several
        elements = [element.symbol for element in words.screening.element]
        metals = [one for one in terms if isinstance(one, EmbeddedAtom) and set(elements) <= set(one.elements)]
        if len(metals) != 1 or not isinstance(contact, PairPotential):
            raise InputError(
                f"{name} screens {words.set} by the density of {', '.join(elements)}, which "
                f"{len(metals) or 'none'} of its other terms give; it takes one embedded-atom term of all of these, "
                "and one screened term for it."
            )
        screened = Screened(
            metals[0],
            contact,
            {e.symbol: {"residual": residual_of(e, doping), "rho_0": e.rho_0} for e in words.screening.element},
            strength,
            {pair.species: pair.share for pair in words.screening.pair},
        )
        terms = [screened if one is metals[0] else one for one in terms if one is not contact]
    return terms


def _chosen(record: AnyRecord, elements: Sequence[str] | None, known: Sequence[str]) -> tuple[str, ...]:
    """Return the elements wanted, all of which the set must have."""
    missing = [element for element in elements or () if element not in known]
    if missing or (elements is not None and not elements):
        raise InputError(f"{record.name} has {', '.join(known)}, not {', '.join(missing) or 'nothing'}.")
    return tuple(dict.fromkeys(elements)) if elements is not None else tuple(known)


def _finnis_sinclair(record: FinnisSinclairCubicSet, elements: Sequence[str], lambda_phi: float) -> FinnisSinclair:
    """Return the term of one alloy; ``lambda_phi`` multiplies φ between unlike elements."""
    pairs = {pair_key(*pair.elements): pair for pair in record.pair}
    numbers = {element.symbol: element.atomic_number for element in record.element}
    n = len(elements)
    if len(record.X) > N_PAIR_KNOTS or len(record.Y) > N_DENSITY_KNOTS:
        raise InputError(
            f"{record.name} has {len(record.X)} knots X and {len(record.Y)} knots Y; "
            f"nakmd computes up to {N_PAIR_KNOTS} and {N_DENSITY_KNOTS}."
        )
    # knots left over stand at zero, where no atom is
    X, Y = np.zeros(N_PAIR_KNOTS), np.zeros(N_DENSITY_KNOTS)
    X[: len(record.X)], Y[: len(record.Y)] = record.X, record.Y
    length, A, B = np.zeros((n, n)), np.zeros((n, n, N_PAIR_KNOTS)), np.zeros((n, n, N_DENSITY_KNOTS))
    for i, a in enumerate(elements):
        for j, b in enumerate(elements):
            pair = pairs[pair_key(a, b)]
            length[i, j] = pair.a
            A[i, j, : len(pair.A)] = pair.A
            B[i, j, : len(pair.B)] = np.array(pair.B) * (1.0 if a == b else lambda_phi)
    core = (record.core.inner, record.core.outer)
    charges = tuple(numbers[a] for a in elements)
    return FinnisSinclair(tuple(elements), length, A, B, X, Y, charges, core, record.core.smooth, record.name)


def _johnson_oh(record: JohnsonOhSet, elements: Sequence[str]) -> JohnsonOh:
    """Return the term of some elements of a set."""
    found = {element.symbol: element for element in record.element if element.symbol in elements}
    figures = {
        name: BccFigures(e.lattice_constant, e.cohesive_energy, e.vacancy_energy, e.C11, e.C12, e.C44)
        for name, e in found.items()
    }
    numbers = [e.atomic_number for e in found.values()]
    return JohnsonOh(figures, numbers, (record.cut.start, record.cut.end), record.name)


def _gupta(record: GuptaSet, elements: Sequence[str]) -> Gupta:
    """Return the term of some elements of a set."""
    numbers = {pair.elements: GuptaNumbers(pair.A, pair.xi, pair.p, pair.q, pair.r_0) for pair in record.pair}
    charges = {element.symbol: element.atomic_number for element in record.element}
    cut = (record.cut.start, record.cut.end)
    return Gupta(numbers, elements, [charges[name] for name in elements], cut, record.name)


def _tersoff(record: TersoffSet, elements: Sequence[str]) -> Tersoff:
    """Return the bond-order term of some elements of a set."""
    entries = {
        (*pair.elements, third): {name: float(getattr(pair, name)) for name in COLUMNS}
        for pair in record.pair
        for third in (record.elements if pair.third is None else pair.third)
    }
    source = "; ".join(source.paper for source in record.source)
    return Tersoff(tersoff_parameters(elements, entries, source=f"{record.name}: {source}"), label=record.name)


def _pairs(record: MorseSet | LennardJonesSet | TwoGaussiansSet) -> dict[tuple[str, str], dict[str, float | str]]:
    """Return the parameters of a pair set as the pair potentials take them."""
    pairs: dict[tuple[str, str], dict[str, float | str]] = {}
    for pair in record.pair:
        values = pair.model_dump(exclude={"species", "evidence", "note"}, exclude_none=True)
        pairs[pair.species] = {"cutoff": record.cutoff, "cut": record.cut, **values}
    return pairs


def settled_part(concentration: float, scale: float) -> float:
    """Return δ = 1 - e^{-c/c_0}: the part of what graphitic nitrogen can do that c of it per atom of the wall does."""
    return -math.expm1(-concentration / scale)


def residual_of(element: ScreenedElement, concentration: float) -> float:
    """Return what dense metal leaves of the attraction beside graphitic nitrogen: s^{1-δ} s_d^δ."""
    if element.doped_residual is None or element.doping_scale is None:
        return element.residual
    settled = settled_part(concentration, element.doping_scale)
    return float(element.residual ** (1.0 - settled) * element.doped_residual**settled)


def _doped(
    pairs: dict[tuple[str, str], dict[str, float | str]], concentration: float
) -> dict[tuple[str, str], dict[str, float | str]]:
    """Return pairs of two Gaussians beside graphitic nitrogen: D times d^δ, s times g^δ, δ = 1 - e^{-c/c_0}."""
    out: dict[tuple[str, str], dict[str, float | str]] = {}
    for species, values in pairs.items():
        numbers = dict(values)
        ratios = {"depth": float(numbers.pop("doped_depth")), "width": float(numbers.pop("doped_width"))}
        settled = settled_part(concentration, float(numbers.pop("doping_scale")))
        out[species] = numbers | {name: float(numbers[name]) * ratio**settled for name, ratio in ratios.items()}
    return out
