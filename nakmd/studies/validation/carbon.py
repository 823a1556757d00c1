"""Carbon: graphene, and the C-N bond of one substitutional nitrogen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from nakmd.errors import NakmdError
from nakmd.potentials import Potential
from nakmd.structures.crystal import substitute
from nakmd.structures.graphene import graphene
from nakmd.studies.relaxation import relaxed
from nakmd.studies.static_crystals import energy_per_atom
from nakmd.studies.validation.findings import Finding, number
from nakmd.studies.validation.references import reference_for

#: Rectangular cells of the sheet with nitrogen: 160 atoms, and 96 for the size error.
REPEATS, FEWER_REPEATS = (10, 4), (6, 4)

NITROGEN = "N:graphitic"


def measure(potential: Potential, params: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return lattice constant [Å] and cohesive energy [eV] of graphene, and the C-N bond [Å] if the model has N.

    ``params["nitrogen"]`` is true if the model has N; ``seed`` is not used.

    Notes
    -----
    The sheet with nitrogen relaxes in the fixed cell of pure graphene.
    """
    bond = minimize_scalar(
        lambda d: energy_per_atom(potential, graphene(repeats=(2, 2), bond=d)),
        bounds=(1.3, 1.6),
        method="bounded",
        options={"xatol": 1e-8},
    )
    record: dict[str, Any] = {"a": math.sqrt(3.0) * float(bond.x), "cohesion": -float(bond.fun)}
    if params["nitrogen"]:
        for name, repeats in (("bond", REPEATS), ("bond in a smaller sheet", FEWER_REPEATS)):
            sheet = substitute(graphene(repeats=repeats, bond=float(bond.x)), "C", NITROGEN, sites=[0])
            try:
                free, _ = relaxed(potential, sheet)
            except NakmdError as error:
                record[name], record["why"] = None, str(error)
                continue
            away = free.cell.minimum_image(free.positions - free.positions[0])
            record[name] = float(np.sort(np.linalg.norm(away, axis=1))[1:4].mean())
    return record


def findings(result: Mapping[str, Any]) -> list[Finding]:
    """Return the quantities of carbon with their references."""
    rows = [("a", "lattice constant", "graphene", "Å"), ("cohesion", "cohesive energy", "graphene", "eV")]
    comparisons = [
        Finding(
            group="carbon", quantity=quantity, of=of, value=number(result[key]), error=0.0, unit=unit,
            reference=reference_for(quantity, of), notes=("static",),
        )
        for key, quantity, of, unit in rows
    ]  # fmt: skip
    if "bond" in result:
        value = number(result["bond"])
        comparisons.append(
            Finding(
                group="carbon",
                quantity="C-N bond",
                of="graphene with N",
                value=value,
                error=0.0,
                size_error=abs(value - number(result["bond in a smaller sheet"])),
                size_note=f"difference to a sheet of {4 * FEWER_REPEATS[0] * FEWER_REPEATS[1]} atoms",
                unit="Å",
                reference=reference_for("C-N bond", "graphene with N"),
                notes=(str(result["why"]),)
                if "why" in result
                else ("mean of three bonds, in the lattice of graphene",),
            )
        )
    return comparisons
