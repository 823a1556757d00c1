"""Findings from stored points: averages over seeds, combination of temperatures and compositions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nakmd.analysis import Measure
from nakmd.analysis.numerics.fitting import weighted_line
from nakmd.studies.validation import alloy, concentration, free_energy_of_mixing, melting, surface
from nakmd.studies.validation.findings import Finding, number, restored, stored, together
from nakmd.studies.validation.liquid import name_of, peak_of, species_of
from nakmd.studies.validation.point_kinds import KINDS
from nakmd.studies.validation.points import Point
from nakmd.studies.validation.references import Reference, curves_of, reference_for
from nakmd.studies.validation.scales import EUTECTIC, MIXING_TEMPERATURE, MIXTURES, POTASSIUM, SODIUM, Scale
from nakmd.studies.validation.size_findings import of_sizes
from nakmd.studies.validation.states import Results, States
from nakmd.studies.validation.wanted import GROUPS, Wanted

#: Yeh and Hummer found no size effect of the viscosity in periodic cells down to a few hundred atoms.
NO_SIZE_EFFECT = "none is known (Yeh & Hummer 2004)"


def findings_of(points: Sequence[Point], results: Results, wanted: Wanted, scale: Scale) -> list[Finding]:
    """Return all findings of the points, group by group.

    Parameters
    ----------
    points : sequence of Point
    results : mapping of str to dict
        By the key of each point.
    wanted : Wanted
    scale : Scale
    """
    findings: list[Finding] = []
    for point in points:
        result = results[point.key]
        kind = KINDS[point.task]
        if "failed" in result:
            findings.append(_failure(point, kind.group, str(result["failed"])))
        elif kind.findings is not None:
            findings += kind.findings(point.params, result)
    findings += _melting(points, results)
    findings += _concentration(points, results)
    findings += _free_energy(points, results)
    states = States(points, results)
    for x_K in scale.compositions():
        temperatures = scale.densities(x_K)
        for temperature in temperatures:
            findings += _liquid(states, x_K, temperature, scale.atoms, wanted)
        if wanted("expansion") and len(temperatures) > 2:
            findings += _expansion(states, x_K, [t for t in temperatures if wanted("expansion", t)], scale.atoms)
    if wanted("mixing"):
        findings += _mixing(states, scale.atoms)
    for x_K, temperatures in scale.films.items():
        findings += _surface(points, results, x_K, temperatures, wanted)
    if wanted("sizes") and scale.sizes:
        findings += of_sizes(states, sorted({*scale.sizes, scale.atoms}))
    order = {group: row for row, group in enumerate(GROUPS)}
    return sorted(findings, key=lambda finding: order.get(finding.group, len(order)))


def _melting(points: Sequence[Point], results: Results) -> list[Finding]:
    runs: dict[str, list[dict[str, Any]]] = {}
    for point in points:
        if point.task == "melting" and "failed" not in results[point.key]:
            runs.setdefault(point.params["element"], []).append(results[point.key])
    return [finding for element, of_element in runs.items() for finding in melting.findings(element, of_element)]


def _concentration(points: Sequence[Point], results: Results) -> list[Finding]:
    runs: dict[tuple[float, float], list[dict[str, Any]]] = {}
    for point in points:
        if point.task == "concentration" and "failed" not in results[point.key]:
            runs.setdefault((point.params["x_K"], point.params["temperature"]), []).append(results[point.key])
    return [concentration.findings(*state, of_state) for state, of_state in runs.items()]


def _free_energy(points: Sequence[Point], results: Results) -> list[Finding]:
    runs: dict[float, list[dict[str, Any]]] = {}
    for point in points:
        if point.task == "free energy" and "failed" not in results[point.key]:
            runs.setdefault(point.params["temperature"], []).append(results[point.key])
    return [finding for t, of_t in runs.items() for finding in free_energy_of_mixing.findings(t, of_t, MIXTURES)]


def _failure(point: Point, group: str, why: str) -> Finding:
    return Finding(
        group=group, quantity="all", of=point.key, value=math.nan, error=math.nan, unit="", notes=(why,)
    )  # fmt: skip


def _liquid(states: States, x_K: float, temperature: float, atoms: int, wanted: Wanted) -> list[Finding]:
    runs, of = states.runs(x_K, temperature, atoms), name_of(x_K)
    if not runs:
        return []
    findings = []
    seeds = f"{len(runs)} run{'s' if len(runs) > 1 else ''} of {atoms} atoms"
    density = states.measure(x_K, temperature, atoms, "density")
    assert density is not None  # runs is not empty
    if wanted("density", temperature):
        spread = float(np.mean([run["volume_spread"] for run in runs]))
        findings.append(
            _figure(
                "density", of, temperature, density, density.value * spread,
                "ρ var(V)/V² from the fluctuations of the run: the scale of 1/N corrections",
                notes=(f"at zero pressure, {seeds}",),
            )
        )  # fmt: skip
    if wanted("diffusion", temperature) and "diffusion" in runs[0]:
        findings += [_diffusion(states, x_K, temperature, atoms, metal) for metal in species_of(x_K)]
    viscosity = states.measure(x_K, temperature, atoms, "viscosity")
    if wanted("viscosity", temperature) and viscosity is not None:
        why = tuple(run["viscosity"]["why"] for run in runs if "why" in run["viscosity"])
        unsettled = any(not run["viscosity"].get("settled", True) for run in runs)
        note = "the integral has not converged in every run" if unsettled else "Green-Kubo in Helfand's form"
        findings.append(
            _figure(
                "viscosity", of, temperature, viscosity, 0.0, NO_SIZE_EFFECT, notes=(*why, f"{note}, {seeds}")
            )
        )  # fmt: skip
    # near the melting point of a metal, where diffraction data exist, and at one temperature of the alloy
    rdf_temperature = MIXING_TEMPERATURE if x_K == EUTECTIC else states.coldest(x_K, atoms)
    if wanted("rdf", temperature) and temperature == rdf_temperature and runs[0].get("rdf"):
        findings += _structure(runs, of, temperature, seeds)
    return findings


def _figure(
    quantity: str, of: str, temperature: float, measure: Measure, size: float, size_note: str,
    *, reference: str | None = None, notes: tuple[str, ...] = (),
) -> Finding:  # fmt: skip
    return Finding(
        group="liquid", quantity=quantity, of=of, temperature=temperature, value=measure.value, error=measure.error,
        size_error=size, size_note=size_note, unit=measure.unit,
        reference=reference_for(reference or quantity, of, temperature), notes=notes,
    )  # fmt: skip


def _diffusion(states: States, x_K: float, temperature: float, atoms: int, metal: str) -> Finding:
    runs = states.runs(x_K, temperature, atoms)
    raw = states.measure(x_K, temperature, atoms, "diffusion", metal, "raw")
    corrected = states.measure(x_K, temperature, atoms, "diffusion", metal, "corrected")
    assert raw is not None and corrected is not None  # noqa: PT018  (the run has them)
    parts = [run["diffusion"][metal] for run in runs]
    left_out = [number(part.get("left_out")) for part in parts if "left_out" in part]
    notes = [
        f"{raw.text} in the cell of {runs[0]['length']:.1f} Å, corrected for periodic images (Yeh & Hummer) with "
        "the viscosity of the same run"
    ]
    notes += [f"not corrected: {part['why']}" for part in parts if "why" in part]
    if any(not part["diffusive"] for part in parts):
        notes.append("the squared displacement is not linear in t in the fit window")
    chosen = corrected if math.isfinite(corrected.value) else raw
    return _figure(
        f"diffusion of {metal}", name_of(x_K), temperature, chosen,
        float(np.mean(left_out)) if left_out else math.nan,
        "the next term of Hasimoto's series, 4π/3 (a/L)³ D, with the Stokes-Einstein radius",
        notes=tuple(notes),
    )  # fmt: skip


def _structure(runs: Sequence[Mapping[str, Any]], of: str, temperature: float, seeds: str) -> list[Finding]:
    findings = []
    for pair in runs[0]["rdf"]:
        shells = [run["rdf"][pair] for run in runs]
        half_bin = 0.5 * shells[0]["bin"]
        label = of if pair in ("Na-Na", "K-K") and of in ("Na", "K") else f"{of}, {pair}"

        def mean(key: str, shells: Sequence[Mapping[str, Any]] = shells) -> float:
            return float(np.mean([number(shell[key]) for shell in shells]))

        rows = [
            ("first peak of g(r)", mean("peak"), half_bin, "Å", "vertex of a parabola; error: half a bin"),
            (
                "first peak of 4πr²ρg(r)",
                float(np.mean([_radial_peak(shell) for shell in shells])),
                half_bin,
                "Å",
                "of the radial distribution, further out than that of g(r): what X-ray papers give as the distance "
                "of nearest neighbours",
            ),
            ("height of g(r)", mean("height"), mean("height_error"), "", ""),
        ]
        counted = together([restored(shell["to_minimum"]) for shell in shells])
        rows.append(
            (
                "neighbours, to the minimum", counted.value, counted.error, "",
                f"counted to the first minimum of g(r), {mean('minimum'):.2f} Å",
            )
        )  # fmt: skip
        if label == of:
            rows.append(
                (
                    "neighbours, symmetric peak", mean("symmetric"), mean("symmetric_error"), "",
                    "twice the count within the first maximum of 4πr²ρg(r), as in experiments on metals",
                )
            )  # fmt: skip
        findings += [
            Finding(
                group="liquid", quantity=quantity, of=label, temperature=temperature, value=value, error=error,
                size_note="normalised by N(N-1): exact for an ideal gas of any size", unit=unit,
                reference=reference_for(quantity, label, temperature), notes=(note or seeds,),
            )
            for quantity, value, error, unit, note in rows
        ]  # fmt: skip
    return findings


def _radial_peak(shell: Mapping[str, Any]) -> float:
    """Return the first maximum [Å] of 4πr²ρg(r)."""
    r = np.array(shell["r"])
    return peak_of(r, r**2 * np.array(shell["g"]), number(shell["peak"]))[0]


def _expansion(states: States, x_K: float, temperatures: Sequence[float], atoms: int) -> list[Finding]:
    """Return -d ln ρ/dT of a weighted line through all temperatures, and that of the reference over the same range."""
    measured = {t: states.measure(x_K, t, atoms, "density") for t in temperatures}
    known = {t: m for t, m in measured.items() if m is not None and math.isfinite(m.error)}
    if len(known) < 3:
        return []
    t, errors = np.array(list(known)), np.array([m.error / m.value for m in known.values()])
    line = weighted_line(t, np.log([m.value for m in known.values()]), errors)
    # with the same weights: ln ρ of the correlations is not quite a line
    slopes = [
        -weighted_line(t, np.log([curve(float(each)) for each in t]), errors).slope
        for curve in curves_of("density", name_of(x_K))
    ]
    reference = None
    if slopes:
        sources = [curve.source for curve in curves_of("density", name_of(x_K))]
        reference = Reference(
            min(slopes) * 1e4, max(slopes) * 1e4, 0.03 * max(slopes) * 1e4, " and ".join(sources), "published",
            "slope of the density fit over the same temperatures",
        )  # fmt: skip
    return [
        Finding(
            group="liquid",
            quantity="thermal expansion",
            of=name_of(x_K),
            value=-line.slope * 1e4,
            error=line.slope_error * 1e4,
            size_error=0.0,
            size_note="the size error of densities cancels between temperatures",
            unit="1e-4/K",
            reference=reference,
            notes=(f"-d ln ρ/dT over {t.min():g} to {t.max():g} K, {line.note}",),
        )
    ]


def _mixing(states: States, atoms: int) -> list[Finding]:
    found = []
    for mixed in MIXTURES:
        energies = {x: states.measure(x, MIXING_TEMPERATURE, atoms, "energy") for x in (SODIUM, mixed, POTASSIUM)}
        known = {x: m for x, m in energies.items() if m is not None}
        if len(known) == len(energies):
            found.append(alloy.mixing(known, mixed, MIXING_TEMPERATURE, atoms))
    return found


def _surface(
    points: Sequence[Point], results: Results, x_K: float, temperatures: Sequence[float], wanted: Wanted
) -> list[Finding]:
    """Return the figures of the films of a composition, and the slope of the excess between its temperatures."""
    found = []
    excess: dict[float, Measure] = {}
    for temperature in temperatures:
        runs = [
            results[p.key]
            for p in points
            if p.task == "surface"
            and (p.params["x_K"], p.params["temperature"]) == (x_K, temperature)
            and "failed" not in results[p.key]
        ]
        if not runs:
            continue
        merged = {**runs[0]}
        for key in ("tension", "excess", "share"):
            if key in runs[0]:
                merged[key] = {**runs[0][key], **stored(together([restored(run[key]) for run in runs]))}
        if "excess" in merged:
            excess[temperature] = restored(merged["excess"])
        found += [
            f
            for f in surface.findings(x_K, temperature, merged)
            if wanted("tension" if f.quantity == "surface tension" else "segregation", temperature)
        ]
    if len(excess) == 2 and wanted("segregation"):
        found.append(surface.slope_of_excess(x_K, excess))
    return found
