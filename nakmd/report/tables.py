"""The tables of a report: results, stages with their energy drift, provenance, potential."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis import Measure
from nakmd.analysis.named_analysis import NamedAnalysis
from nakmd.analysis.numerics.statistics import format_measure
from nakmd.analysis.table_row import Row, WithError
from nakmd.analysis.thermo import from_table
from nakmd.analysis.watched_series import rows_of
from nakmd.deck.deck import Deck
from nakmd.deck.stage_names import stage_names
from nakmd.deck.stage_sections import Dynamics
from nakmd.errors import AnalysisError
from nakmd.integrators import BAROSTATS, MINIMISERS, THERMOSTATS
from nakmd.results.results import Results, quantity_of
from nakmd.runs.stage_builder import build_restraints
from nakmd.system import Topology

#: Largest energy drift at constant energy [kT/ns/dof], of either sign.
DRIFT_LIMIT = 1e-5


@dataclass(frozen=True)
class ResultLine:
    """One row of the table of results, as text.

    Attributes
    ----------
    quantity, value, interval, n_effective, frames, note : str
    indented : bool
        Whether it is a part of the row above.
    """

    quantity: str
    value: str
    interval: str
    n_effective: str
    frames: str
    note: str
    indented: bool


@dataclass(frozen=True)
class ResultGroup:
    """The rows of one quantity.

    Attributes
    ----------
    name, title, definition : str
        Word of the quantity in decks, what it is, and the first sentence of its definition.
    lines : list of ResultLine
    """

    name: str
    title: str
    definition: str
    lines: list[ResultLine]


@dataclass(frozen=True)
class StageLine:
    """One row of the table of stages: ensemble, duration, and drift of the conserved energy.

    Attributes
    ----------
    name, ensemble, duration, drift, interval, verdict : str
    good : bool or None
        Whether the drift is within its limit; None if there is no limit or the drift is too uncertain.
    measured : bool
        Whether results are measured in it.
    """

    name: str
    ensemble: str
    duration: str
    drift: str
    interval: str
    verdict: str
    good: bool | None
    measured: bool


def result_groups(results: Results) -> list[ResultGroup]:
    """Return all rows of the results by quantity, with 95 % interval and number of independent samples."""
    groups: dict[str, ResultGroup] = {}
    for record, rows in results.rows_by_record():
        name = record.split(maxsplit=1)[0]
        kind = quantity_of(record)
        if name not in groups:
            groups[name] = ResultGroup(name, heading_of(name), _definition(kind), [])
        groups[name].lines.extend(map(_line, rows))
    return [group for group in groups.values() if group.lines]


def heading_of(record: str) -> str:
    """Return what the quantity of a record is, as a heading; its name in words without a registered quantity."""
    kind = quantity_of(record)
    title = kind.title if kind is not None else record.replace("_", " ")
    return title[:1].upper() + title[1:]


def _definition(kind: type[NamedAnalysis] | None) -> str:
    """Return the first sentence about a quantity; empty if documentation was stripped."""
    return " ".join((kind.__doc__ or "").partition("\n\n")[0].split()) if kind is not None else ""


def _line(row: Row) -> ResultLine:
    interval = n_effective = ""
    if row.measured is not None and np.ndim(row.measured.value) == 0:
        interval = interval_text(row.measured)
        n = row.measured.n_effective
        n_effective = f"{n:.3g}" if n < 1000.0 else f"{n:,.0f}" if math.isfinite(n) else ""
    # the number of samples has its own column
    note = re.sub(r"(error uncertain): [\d.]+ independent samples", r"\1", row.note)
    part = row.quantity.startswith(" ")
    return ResultLine(row.quantity.strip(), typeset(row.text), interval, n_effective, row.frames, note, part)


def typeset(text: str) -> str:
    """Replace the hyphens of negative numbers by minus signs."""
    return re.sub(r"(?<!\w)-(?=\d)|(?<=\de)-(?=\d)", "−", text)


def interval_text(measured: WithError) -> str:
    """Return the 95 % interval of a result, rounded to two digits of its half-width; empty if there is none.

    Examples
    --------
    >>> interval_text(Measure(0.4391, 0.0213, "", 20.0))
    '0.395 … 0.484'
    """
    low, high = (float(bound) for bound in measured.interval())
    half = 0.5 * (high - low)
    rounding = 1e-12 * max(abs(low), abs(high))  # an error below it is that of samples which are all equal
    if not (math.isfinite(half) and half > rounding):
        return ""
    digits = 1 - math.floor(math.log10(half))
    if digits > 6:
        places = max(1, math.floor(math.log10(max(abs(low), abs(high), half))) + digits)
        return typeset(f"{low:.{places}e} … {high:.{places}e}")
    return typeset(f"{low:.{max(digits, 0)}f} … {high:.{max(digits, 0)}f}")


def stage_lines(
    deck: Deck | None,
    stages: Sequence[str],
    thermo: Mapping[str, NDArray[Any]],
    n_atoms: int,
    measured: Sequence[str],
) -> list[StageLine]:
    """Return ensemble, duration and energy drift of each stage.

    Parameters
    ----------
    deck : Deck or None
    stages : sequence of str
        Names, as in the trajectory.
    thermo : mapping of str to (n,) array
        Columns of the thermo table.
    n_atoms : int
    measured : sequence of str
        Names of the measured stages.
    """
    sections = dict(zip(stage_names(deck.stage), deck.stage, strict=True)) if deck is not None else {}
    lines = []
    for name in stages:
        stage = sections.get(name)
        constant_energy = isinstance(stage, Dynamics) and stage.ensemble == "nve"
        drift = _drift(thermo, n_atoms, name) if isinstance(stage, Dynamics) or stage is None else None
        verdict, good = _judge(drift, constant_energy)
        lines.append(
            StageLine(
                name=name,
                ensemble=_ensemble(stage),
                duration=_duration(stage),
                drift=typeset(format_measure(drift.value, drift.error)) if drift is not None else "",
                interval=interval_text(drift) if drift is not None else "",
                verdict=verdict,
                good=good,
                measured=name in measured,
            )
        )
    return lines


def _drift(thermo: Mapping[str, NDArray[Any]], n_atoms: int, stage: str) -> Measure | None:
    try:
        record = from_table(thermo, n_atoms, rows_of(thermo, [stage]))
    except AnalysisError:
        return None
    return record.drift if record is not None and math.isfinite(record.drift.value) else None


def _judge(drift: Measure | None, constant_energy: bool) -> tuple[str, bool | None]:
    """Return the verdict on a drift, and whether it is within its limit."""
    if drift is None:
        return "", None
    if not constant_energy:
        return "no limit with a thermostat", None
    low, high = drift.interval()
    if low >= -DRIFT_LIMIT and high <= DRIFT_LIMIT:
        return f"within {DRIFT_LIMIT:g}", True
    if low > DRIFT_LIMIT or high < -DRIFT_LIMIT:
        return f"exceeds {DRIFT_LIMIT:g}: shorten the time step", False
    return f"too uncertain to compare with {DRIFT_LIMIT:g}", None


def _ensemble(stage: Any) -> str:
    if stage is None:
        return ""
    restrained = "".join(f"; {restraint.words}" for restraint in build_restraints(stage))
    if not isinstance(stage, Dynamics):
        return f"{MINIMISERS[stage.method].label}, to {stage.force:g} eV/Å{restrained}"
    text = "NVE"
    if stage.temperature is not None:
        first, last = stage.temperature
        ramp = f"{first:g} K" if first == last else f"{first:g} to {last:g} K"
        text = f"{THERMOSTATS[stage.ensemble].label}, {ramp}, τ = {stage.tau:g} ps"
    if stage.group != "all":
        text += f", on {stage.group}"
    if stage.bath:
        text = "; ".join(_bath(bath) for bath in stage.bath)
    if stage.barostat is not None:
        text += f"; {BAROSTATS[stage.barostat.kind].label} of {', '.join(stage.barostat.axes)}"
    for move in stage.move:
        text += f"; {move.text}"
    return text + restrained


def _bath(bath: Any) -> str:
    first, last = bath.temperature
    ramp = f"{first:g} K" if first == last else f"{first:g} to {last:g} K"
    region = bath.region
    where = "" if region is None else f" beyond {region.beyond:g} Å from {region.center}"
    return f"{THERMOSTATS[bath.ensemble].label}, {ramp}, τ = {bath.tau:g} ps, on {bath.group}{where}"


def _duration(stage: Any) -> str:
    if stage is None:
        return ""
    if not isinstance(stage, Dynamics):
        return f"at most {stage.n_steps:,} steps"
    return f"{stage.n_steps * stage.outer_step:g} ps in {stage.n_steps:,} steps of {stage.timestep_text}"


def composition(topology: Topology) -> str:
    """Return the number of atoms of each species as text."""
    counts = np.bincount(topology.species, minlength=len(topology.species_names))
    return ", ".join(f"{count:,} {name}" for name, count in zip(topology.species_names, counts) if count)


def group_sizes(topology: Topology) -> str:
    """Return the number of atoms of each group that is not empty as text; empty without groups."""
    counts = {name: int(mask.sum()) for name, mask in topology.groups.items()}
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def provenance_lines(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the provenance as pairs of name and text; missing entries are "unknown"."""
    names = {"git": "commit", "cpu": "processor", "threading_layer": "threading layer", "llvm": "LLVM"}
    return [(names.get(key, key), str(value) if value not in ("", None) else "unknown") for key, value in
            provenance.items()]  # fmt: skip


def potential_lines(potentials: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return label, form, species or pairs, and hash of every term of the model."""
    model = potentials.get("model", {})
    lines = []
    for term in model.get("terms") or ([model] if model else []):
        acts_on = (
            term.get("elements") or term.get("species") or [pair.replace(" ", "-") for pair in term.get("pairs", {})]
        )
        label = str(term.get("label") or term.get("name") or "")
        if term.get("form") == "ase":
            settings = ", ".join(f"{key} = {value}" for key, value in term["parameters"].items() if value is not None)
            label += (
                f" ({' '.join(filter(None, (term['package'], term['version'])))}{': ' if settings else ''}{settings})"
            )
        lines.append((label, str(term.get("form", "")), ", ".join(map(str, acts_on)), str(term.get("sha256", ""))))
    return lines
