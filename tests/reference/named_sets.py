"""References of the named sets: their TOML files read here, their numbers put into the other references."""

import tomllib
from functools import partial
from itertools import combinations_with_replacement
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from reference import pair as formulas
from reference.analytic_eam import GuptaTwin, JohnsonOhTwin
from reference.bond_order import NUMBERS, TersoffTwin
from reference.chebyshev_eam import ChebyshevTwin
from reference.cubics import NicholAcklandTwin
from reference.pair import PairTwin
from reference.screened import ScreenedTwin
from reference.sums import SumTwin

FOLDER = Path(__file__).resolve().parents[2] / "potentials"

#: Formula and the keys of its numbers, by form.
PAIR_FORMS = {
    "morse": (formulas.morse, ("depth", "alpha", "r_0")),
    "lennard_jones": (formulas.lennard_jones, ("epsilon", "sigma")),
    "buckingham": (formulas.buckingham, ("A", "rho", "C")),
    "two_gaussians": (formulas.two_gaussians, ("wall", "wall_width", "depth", "width")),
    "zbl": (formulas.zbl, ()),
}
#: Metals that may screen, by form.
METALS = {"finnis_sinclair_cubic": NicholAcklandTwin, "chebyshev_eam": ChebyshevTwin}
CHARGES = {"C": 6, "N": 7, "Na": 11, "K": 19}


def well(r, wall, wall_width, depth, width):
    """Return the attractive part of two Gaussians, -D exp(-(r/s)²), and its derivative."""
    value = -depth * np.exp(-((r / width) ** 2))
    return value, -2.0 * r / width**2 * value


def element(name):
    """Return the element of a species."""
    return name.partition(":")[0]


def record_of(name):
    """Return the content of a set's file."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def listed_pair(record, a, b):
    """Return the entry that applies to two species, the most specific one; None if there is none."""
    a, b = sorted((a, b))
    for x in (a, element(a)):
        for y in (b, element(b)):
            for entry in record["pair"]:
                if sorted(entry["species"]) == sorted((x, y)):
                    return entry
    return None


def numbers_of(record, entry):
    """Return the numbers of a pair in the order of its formula; those of ZBL are the charges of the nuclei."""
    keys = PAIR_FORMS[record["form"]][1]
    if record["form"] == "zbl":
        return [CHARGES[element(name)] for name in entry["species"]]
    return [entry[key] for key in keys]


def pair_twin(record, species):
    """Return the sum of the listed pairs between some species."""
    formula = PAIR_FORMS[record["form"]][0]
    twins = []
    for a, b in combinations_with_replacement(species, 2):
        entry = listed_pair(record, a, b)
        if entry is not None:
            cutoff, mode = entry.get("cutoff", record["cutoff"]), entry.get("cut", record["cut"])
            curve = partial(_curve, formula, numbers_of(record, entry))
            twins.append(PairTwin({(a, b): curve}, cutoff, mode, entry.get("smooth_from")))
    return SumTwin(twins)


def _curve(formula, numbers, r):
    return formula(r, *numbers)


def tersoff_twin(record):
    """Return the bond order of a set."""
    entries = {
        (*entry["elements"], third): SimpleNamespace(**{name: float(entry[name]) for name in NUMBERS})
        for entry in record["pair"]
        for third in entry.get("third", record["elements"])
    }
    return TersoffTwin(entries)


def screened_twin(term, species, screening_metal):
    """Return the reference of a metal and its screened pairs, of a term of a model."""
    record = record_of(term["set"])
    pairs, shares = {}, {}
    weak = {tuple(sorted(entry["species"])): entry["share"] for entry in term["screening"].get("pair", [])}
    for metal in ("Na", "K"):
        for site in species:
            entry = listed_pair(record, metal, site)
            if metal in species and entry is not None:
                pairs[metal, site] = numbers_of(record, entry)
                shares[metal, site] = weak.get(tuple(sorted(entry["species"])), 1.0)
    screening = {entry["symbol"]: (entry["residual"], entry["rho_0"]) for entry in term["screening"]["element"]}
    assert record["form"] == "two_gaussians"
    return ScreenedTwin(
        pairs, record["cutoff"], record["cut"], screening, 1.0, shares, formulas.two_gaussians, well, screening_metal
    )


def named_twin(name, species):
    """Return the reference of a named set for some species (no doping, all of the screening)."""
    record = record_of(name)
    form = record["form"]
    if form == "tersoff":
        return tersoff_twin(record)
    if form in PAIR_FORMS:
        return pair_twin(record, species)
    if form == "model":
        twins, screening = [], [term for term in record["term"] if "screening" in term]
        for term in record["term"]:
            metal = METALS.get(record_of(term["set"])["form"])
            if screening and metal:
                twins += [screened_twin(other, species, metal()) for other in screening]
            elif term not in screening:
                twins.append(named_twin(term["set"], term.get("elements", species)))
        return SumTwin(twins)
    if form == "finnis_sinclair_cubic":
        return SumTwin([NicholAcklandTwin(elements) for elements in (("Na", "K"), ("Rb",))])
    return {"johnson_oh": JohnsonOhTwin, "gupta": GuptaTwin, **METALS}[form]()
