"""Figures of runs with atoms that arrive: over seeds, with the flux as numerical error and the heat as a note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nakmd.studies.deposition_study.seed_means import FluxChange, SeedMean
from nakmd.studies.study import failure
from nakmd.studies.study_figures import StudyFigure

#: How much warmer than the bath [K] the free atoms may be without a note.
WARMER = 15.0

#: Begins the note of a figure that depends on the flux.
FLUX_LIMITED = "flux-limited"

Runs = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Metric:
    """One number of a run.

    Attributes
    ----------
    name : str
        In keys of figures, and in the result of a run unless ``entry`` says otherwise.
    title : str
    unit : str
    is_share : bool
        Whether runs have counts as (number, total).
    entry : str
    per : str
        Entry that the number is divided by.
    """

    name: str
    title: str
    unit: str = "1"
    is_share: bool = False
    entry: str = ""
    per: str = ""

    def over(self, runs: Runs) -> SeedMean | None:
        """Return the mean over runs; None if none has it."""
        entry = self.entry or self.name
        found = [run for run in runs if run.get(entry) is not None]
        if self.is_share:
            return SeedMean.of_counts([run[entry] for run in found])
        return SeedMean.of_numbers([run[entry] / (run[self.per] if self.per else 1.0) for run in found])


@dataclass(frozen=True)
class Deposited:
    """The runs of one film, at one flux or two.

    Attributes
    ----------
    name : str
        ``"Na on K(110), 300 K"``.
    model : str
    slow, fast : sequence of results
        ``fast`` is empty with one flux.
    ratio : float
        Of the fluxes.
    """

    name: str
    model: str
    slow: Runs
    fast: Runs
    ratio: float

    def figure(self, metric: Metric, group: str) -> StudyFigure:
        """Return a figure at the slower flux."""
        slow, fast = ([run for run in runs if "failed" not in run] for runs in (self.slow, self.fast))
        key, title = f"{metric.name}.{self.name}", f"{metric.title}: {self.name.replace('.', ', ')}"
        found = metric.over(slow)
        notes = list(failure(*self.slow, *self.fast))
        if found is None:
            notes = notes or ["no run has it"]
            return StudyFigure(
                key=key, title=title, model=self.model, value=None, unit=metric.unit, group=group, notes=tuple(notes)
            )
        other = metric.over(fast)
        change = None if other is None else FluxChange.of(found, other, self.ratio)
        notes.append(f"{len(slow)} seeds at {_flux(slow):.1e} atoms/nm²/s" if slow else "")
        if change is not None and other is not None and change.is_limited:
            notes.append(
                f"{FLUX_LIMITED}: {other.value:.3g} at {self.ratio:g} times the flux, {change.sigmas:.1f} standard "
                "errors apart"
            )
        warmer = SeedMean.of_numbers([run.get("rise") for run in slow])
        if warmer is not None and warmer.value > WARMER:
            notes.append(f"the free atoms were {warmer.value:.0f} K above the bath (limit {WARMER:g} K)")
        return StudyFigure(
            key=key, title=title, model=self.model, value=found.value, unit=metric.unit, statistical=found.error,
            numerical=None if change is None else change.numerical, interval=found.interval, group=group,
            notes=tuple(notes),
        )  # fmt: skip


def _flux(runs: Runs) -> float:
    return sum(float(run["flux"]) for run in runs) / len(runs)
