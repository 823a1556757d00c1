"""Points and figures of one metal atom at each site of a frozen sheet, beside PBE, and how often the site is taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nakmd.potentials import Potential
from nakmd.studies.replacement_study import harmonic, site_energies
from nakmd.studies.replacement_study.conversion import at_doping
from nakmd.studies.replacement_study.ledger import Ledger
from nakmd.studies.replacement_study.reactions import FROM_LIQUID, Reaction
from nakmd.studies.study import PointResults, StudyPoint, failure
from nakmd.studies.study_figures import StudyFigure
from nakmd.studies.validation.adsorption import AT_HEIGHT, SITES, doping_of
from nakmd.studies.validation.references import reference_for

ENERGIES = "One metal atom at a site of a frozen sheet"
OCCUPANCY = "Occupancy of a site that one atom may take"

METALS = ("K", "Na")

#: An atom of each metal out of liquid NaK.
OUT_OF_LIQUID: Mapping[str, Reaction] = {
    "K": Reaction(key="K", title="K from the liquid", energy={"cohesion_k": 1.0}, thermal=FROM_LIQUID),
    "Na": Reaction(
        key="Na", title="Na from the liquid", energy={"cohesion_na": 1.0},
        thermal={"thermal_na": -1.0, "entropy_na": -1.0, "activity_na": -1.0},
    ),
}  # fmt: skip


def points(models: Mapping[str, Potential]) -> Iterator[StudyPoint]:
    """Yield every site with both metals."""
    for model, potential in models.items():
        for site in SITES:
            for metal in METALS:
                yield StudyPoint(
                    _key(model, metal, site), site_energies.measure, {"site": site, "metal": metal},
                    at_doping(model, potential, doping_of(site)), cost=1.0,
                )  # fmt: skip


def _key(model: str, metal: str, site: str) -> str:
    return f"{model}/site/{metal}/{site}"


def quanta(model: str, metal: str, results: PointResults) -> dict[str, list[float]]:
    """Return the quanta [eV] of a metal at each site that is a minimum, by the results of one model."""
    found = {site: results[_key(model, metal, site)].get("quanta") for site in SITES}
    return {site: list(entry) for site, entry in found.items() if entry}


def figures(models: Sequence[str], results: PointResults, ledger: Ledger) -> Iterator[StudyFigure]:
    """Yield energies beside PBE, and occupancies."""
    for site in SITES:
        for metal in METALS:
            yield from _anchor(metal, site)
            for model in models:
                result = results[_key(model, metal, site)]
                yield StudyFigure(
                    key=f"site.{metal}.{site}", title=_title(metal, site), model=model,
                    value=result.get("at", result.get("energy")), unit="eV", group=ENERGIES, notes=failure(result),
                )  # fmt: skip
                if "failed" not in result:
                    yield _occupancy(model, metal, site, result, ledger)
        for model in models:
            yield from _exchange(model, site, results, ledger)


def _title(metal: str, site: str) -> str:
    where = f", {AT_HEIGHT[site][metal]:g} Å high" if site in AT_HEIGHT else ""
    return SITES[site][0].format(metal) + where


def _anchor(metal: str, site: str) -> Iterator[StudyFigure]:
    """Yield the PBE energy of a site; nothing for bridge and top, which PBE has relative to the hollow."""
    quantity = f"energy at {AT_HEIGHT[site][metal]:g} Å" if site in AT_HEIGHT else "adsorption energy"
    found = reference_for(quantity, SITES[site][0].format(metal))
    if found is not None:
        # of an interval, the lower end is that of this project
        yield StudyFigure(
            key=f"site.{metal}.{site}", title=_title(metal, site), model="PBE", value=found.low, unit="eV",
            numerical=found.error, group=ENERGIES, notes=(found.note,) if found.note else (),
            source="PBE of this project (potentials/fit)", evidence=found.evidence,
        )  # fmt: skip


def _occupancy(model: str, metal: str, site: str, result: Mapping[str, Any], ledger: Ledger) -> StudyFigure:
    """Return the occupancy of a site at the temperature of the ledger, with the errors of the inputs."""
    key, title = f"occupancy.{metal}.{site}", SITES[site][0].format(metal)
    found = result["quanta"]
    if not found:
        return StudyFigure(
            key=key, title=title, model=model, value=None, unit="1", group=OCCUPANCY,
            notes=("no minimum: the atom slides to another site",),
        )  # fmt: skip
    bound, left = _bound(result, ledger), OUT_OF_LIQUID[metal]
    change = bound + ledger.free_energy(left)
    shares = harmonic.occupancy(bound + ledger.samples(left), ledger.temperature)
    low, high = np.percentile(shares, [2.5, 97.5])
    return StudyFigure(
        key=key, title=title, model=model, value=float(harmonic.occupancy(change, ledger.temperature)), unit="1",
        interval=(float(low), float(high)), group=OCCUPANCY,
        notes=(f"ΔG {change:+.3f} eV from the liquid at {ledger.temperature:.0f} K",),
    )  # fmt: skip


def _bound(result: Mapping[str, Any], ledger: Ledger) -> float:
    """Return the free energy [eV] of an atom at a site, from an atom at rest far away."""
    return float(result["relaxed"]) + harmonic.free_energy(result["quanta"], ledger.temperature)


def _exchange(model: str, site: str, results: PointResults, ledger: Ledger) -> Iterator[StudyFigure]:
    """Yield ΔG of one K for one Na at a site that is a minimum of both, the other in the liquid."""
    both = [results[_key(model, metal, site)] for metal in METALS]
    if not all(result.get("quanta") for result in both):
        return
    potassium, sodium = (OUT_OF_LIQUID[metal] for metal in METALS)
    bound = _bound(both[0], ledger) - _bound(both[1], ledger)
    yield StudyFigure(
        key=f"single.{site}", title=f"{SITES[site][0].format('K')} for Na, ΔG", model=model,
        value=bound + ledger.free_energy(potassium) - ledger.free_energy(sodium), unit="eV",
        numerical=float(np.std(ledger.samples(potassium) - ledger.samples(sodium))), group=OCCUPANCY,
        notes=("one atom, without liquid around the site",),
    )  # fmt: skip
