"""Validation: quantities of a model with errors, compared with experiment or DFT.

>>> from nakmd.studies import LIQUID_QUICK, validate
>>> validate("nak", LIQUID_QUICK, quick=True)["density", "Na", 400]           # doctest: +SKIP

One file for each kind of run, listed in `kinds`; `wanted` names the quantities, `scales` the sizes, `points` makes the
runs of both. `references.toml` holds the reference values, `targets.toml` what the sets made here aim at, and
`point_findings` compares.
"""

from nakmd.studies.validation.campaign import Validation, validate
from nakmd.studies.validation.findings import Finding
from nakmd.studies.validation.references import Reference
from nakmd.studies.validation.wanted import GROUPS, LIQUID_QUICK, QUANTITIES

__all__ = [
    "GROUPS",
    "LIQUID_QUICK",
    "QUANTITIES",
    "Finding",
    "Reference",
    "Validation",
    "validate",
]
