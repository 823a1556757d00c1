"""Findings of cells of several sizes: density against the largest, D extrapolated to 1/L = 0."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nakmd.analysis.numerics.fitting import weighted_line
from nakmd.studies.validation.findings import Finding, together
from nakmd.studies.validation.liquid import name_of, species_of
from nakmd.studies.validation.references import Reference
from nakmd.studies.validation.scales import EUTECTIC, MIXING_TEMPERATURE
from nakmd.studies.validation.states import States


def of_sizes(states: States, sizes: Sequence[int]) -> list[Finding]:
    """Return the density of cells of several sizes, and D extrapolated to 1/L = 0 with corrected D as reference."""
    findings = []
    x_K, temperature = EUTECTIC, MIXING_TEMPERATURE
    for atoms in sizes:
        density = states.measure(x_K, temperature, atoms, "density")
        if density is not None and atoms != sizes[-1]:
            largest = states.measure(x_K, temperature, sizes[-1], "density")
            assert largest is not None  # all sizes are computed
            reference = Reference(largest.value, largest.value, largest.error, "own", "computed", f"{sizes[-1]} atoms")
            findings.append(
                Finding(
                    group="sizes", quantity=f"density with {atoms} atoms", of=name_of(x_K), temperature=temperature,
                    value=density.value, error=density.error, unit=density.unit, reference=reference,
                )
            )  # fmt: skip
    for metal in species_of(x_K):
        rows = []
        for atoms in sizes:
            raw = states.measure(x_K, temperature, atoms, "diffusion", metal, "raw")
            runs = states.runs(x_K, temperature, atoms)
            if raw is not None and runs:
                rows.append((1.0 / runs[0]["length"], raw.value, raw.error))
        corrected = [states.measure(x_K, temperature, n, "diffusion", metal, "corrected") for n in sizes]
        values = [m for m in corrected if m is not None and math.isfinite(m.value)]
        if len(rows) < 3 or not values:
            continue
        inverse, raws, errors = np.array(rows).T
        line = weighted_line(inverse, raws, errors)
        mean = together(values)
        reference = Reference(
            mean.value, mean.value, mean.error, "own", "computed", "mean of the corrected coefficients of these cells"
        )
        findings.append(
            Finding(
                group="sizes",
                quantity=f"diffusion of {metal} at 1/L = 0",
                of=name_of(x_K),
                temperature=temperature,
                value=line.intercept,
                error=line.intercept_error,
                unit="Å²/ps",
                reference=reference,
                notes=(f"line through cells of {', '.join(map(str, sizes))} atoms, not corrected; {line.note}",),
            )
        )
    return findings
