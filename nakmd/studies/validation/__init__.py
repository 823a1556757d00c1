"""Validation: quantities of a model with errors, compared with experiment or DFT.

>>> from nakmd.studies import LIQUID_QUICK, validate
>>> validate("nak", LIQUID_QUICK, quick=True)["density", "Na", 400]           # doctest: +SKIP

One file for each group: `cold`, `liquid`, `alloy`, `surface`, `carbon`, `adsorption`. `points` lists the runs,
`references.toml` holds the reference values, `point_findings` compares both.
"""

from nakmd.studies.validation.campaign import Validation, ValidationProgress, validate
from nakmd.studies.validation.findings import Finding
from nakmd.studies.validation.points import GROUPS, LIQUID_QUICK, QUANTITIES
from nakmd.studies.validation.references import Reference

__all__ = [
    "GROUPS",
    "LIQUID_QUICK",
    "QUANTITIES",
    "Finding",
    "Reference",
    "Validation",
    "ValidationProgress",
    "validate",
]
