"""The kinds of points: one line each, with the function that computes a point and the one that reports it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nakmd.potentials import Potential
from nakmd.studies.validation import (
    adsorption,
    alloy,
    carbon,
    cold,
    concentration,
    diffraction,
    extremes,
    free_energy_of_mixing,
    liquid,
    melting,
    pbe_forces,
    solid,
    surface,
    vacancy,
)
from nakmd.studies.validation.findings import Finding

#: Parameters of a point, and its result.
Params = Mapping[str, Any]


@dataclass(frozen=True)
class PointKind:
    """A kind of point.

    Attributes
    ----------
    group : str
        Of its findings.
    measure : callable
        Potential, parameters and seed to the result.
    findings : callable or None
        Parameters and result to findings; None where several points make one finding (`point_findings`).
    format : int
        Increased when the computation changes: stored points of another format are recomputed.
    """

    group: str
    measure: Callable[[Potential, Params, int], dict[str, Any]]
    findings: Callable[[Params, Params], list[Finding]] | None
    format: int = 1


KINDS = {
    "cold": PointKind("cold", cold.measure, lambda p, r: cold.findings(p["element"], r), 2),
    "vacancy": PointKind("solid", vacancy.measure, lambda p, r: vacancy.findings(p["element"], r)),
    "lattice": PointKind(
        "solid", solid.measure_lattice, lambda p, r: solid.lattice_findings(p["element"], p["temperature"], r)
    ),
    "fusion": PointKind(
        "solid", solid.measure_fusion, lambda p, r: solid.fusion_findings(p["element"], p["temperature"], r)
    ),
    "melting": PointKind("solid", melting.measure, None),
    "liquid": PointKind("liquid", liquid.measure, None),
    "diffraction": PointKind(
        "liquid", diffraction.measure, lambda p, r: diffraction.findings(p["x_K"], p["temperature"], r)
    ),
    "concentration": PointKind("alloy", concentration.measure, None),
    "free energy": PointKind("alloy", free_energy_of_mixing.measure, None),
    "alloy": PointKind("alloy", alloy.measure, lambda p, r: alloy.findings(p["solute"], p["host"], r), 2),
    "surface": PointKind("surface", surface.measure, None),
    "forces": PointKind("forces", pbe_forces.measure, lambda p, r: pbe_forces.findings(r)),
    "extremes": PointKind("extremes", extremes.measure, lambda p, r: extremes.findings(tuple(p["pair"]), r)),
    "carbon": PointKind("carbon", carbon.measure, lambda p, r: carbon.findings(r)),
    "adsorption": PointKind("adsorption", adsorption.measure, lambda p, r: adsorption.findings(p["metal"], r), 2),
}  # fmt: skip
