"""Checks of a potential before its first use: tables, parameters, crystals, contacts, melting.

>>> from nakmd.studies.soundness import check_potential
>>> check_potential("gupta-na").faults
[]
"""

from nakmd.studies.soundness.soundness_check import Soundness, check_potential
from nakmd.studies.soundness.verdicts import Verdict
from nakmd.studies.static_crystals import PerfectCrystal, find_crystal

__all__ = ["PerfectCrystal", "Soundness", "Verdict", "check_potential", "find_crystal"]
