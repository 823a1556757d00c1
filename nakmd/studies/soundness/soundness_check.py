"""All checks of a set, a model or a file, in order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nakmd.potentials import EAM, Hybrid, Potential, Term
from nakmd.runs.trial import load_any, try_potential
from nakmd.studies.soundness.contact_checks import core_in_crystal, core_of_dimer, ends
from nakmd.studies.soundness.crystal_checks import find_crystals
from nakmd.studies.soundness.eam_checks import table_verdicts
from nakmd.studies.soundness.melting_check import melting_guard
from nakmd.studies.soundness.verdicts import Level, Verdict, finite_or_none, level_of, worst

#: Relative error of forces against differences of the energy: warning, fault.
FORCE_ERROR = (1e-6, 1e-3)


@dataclass(frozen=True)
class Soundness:
    """The result of all checks of a potential.

    Attributes
    ----------
    name : str
    species : list of str
    cutoff : float [Å]
    force_error : float
        Largest difference of forces and finite differences of the energy, relative to the largest force.
    verdicts : list of Verdict
    """

    name: str
    species: list[str]
    cutoff: float
    force_error: float
    verdicts: list[Verdict]

    @property
    def faults(self) -> list[Verdict]:
        """The verdicts of level ``"fault"``."""
        return [verdict for verdict in self.verdicts if verdict.level == "fault"]

    @property
    def level(self) -> Level:
        """The worst level of the verdicts."""
        return worst([verdict.level for verdict in self.verdicts])

    def to_dict(self) -> dict[str, Any]:
        """Return all fields for JSON."""
        return {
            "name": self.name, "level": self.level, "species": self.species, "cutoff": self.cutoff,
            "force_error": finite_or_none(self.force_error),
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
        }  # fmt: skip


def check_potential(name: str, melt: bool = False) -> Soundness:
    """Check a named set, a model, or a file: .toml, .tersoff, setfl, eam.fs, funcfl.

    Parameters
    ----------
    name : str
    melt : bool
        Whether to run the melting check too: a few seconds per element.

    Returns
    -------
    Soundness

    Raises
    ------
    InputError
        If it cannot be read; the message has file, line and remedy.
    """
    potential = load_any(name)
    trial = try_potential(name)
    species = list(trial["species"])
    uncovered = [(a, b) for a, b, how in potential.coverage(species) if not how]
    parts = list(potential.terms) if isinstance(potential, Hybrid) else [potential]
    terms = [part for part in parts if isinstance(part, Term)]
    whole: Potential = potential
    if uncovered:
        # a pair term does not define the other pairs: declare them non-interacting for the checks
        none = [(min(pair), max(pair)) for pair in potential.none] if isinstance(potential, Hybrid) else []
        whole = Hybrid(terms, none=[*none, *uncovered], name=name)
    error = float(trial["force_error"])
    level = level_of(error, *FORCE_ERROR)
    verdicts = [
        Verdict(
            "forces", Path(name).name, level,
            f"differ from finite differences of the energy by {error:.1e} of the largest force", error, "",
            "" if level == "ok" else "Energy and forces are inconsistent: report the file.",
        )
    ]  # fmt: skip
    crystals, crystal_verdicts = find_crystals(whole, species)
    verdicts += crystal_verdicts
    for term in terms:
        if isinstance(term, EAM):
            verdicts += table_verdicts(term, crystals)
    if not any(isinstance(term, EAM) for term in terms):
        verdicts += ends(whole, species)
    for crystal in crystals.values():
        verdicts.append(core_in_crystal(whole, crystal))
        if melt:
            verdicts.append(melting_guard(whole, crystal))
    for a in species:
        for b in species[species.index(a) :]:
            if (a == b and a in crystals) or not whole.covers(a, b) or whole.covers(a, b) == "none":
                continue
            dimer = core_of_dimer(whole, a, b)
            if dimer is not None:
                verdicts.append(dimer)
    return Soundness(name, species, float(trial["cutoff"]), error, verdicts)
