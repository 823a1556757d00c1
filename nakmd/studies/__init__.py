"""Studies beyond one pass over the frames: energies evaluated again with a model, series of runs, validation.

>>> from nakmd.studies import work_of_adhesion
>>> work_of_adhesion("runs/flagship").terms                   # doctest: +SKIP
>>> from nakmd.studies import validate
>>> validate("nak-cn", quick=True).counts                     # doctest: +SKIP
"""

from nakmd.studies.adhesion import Adhesion, AdhesionRecord
from nakmd.studies.ladder import affinity_ladder, cross_energies, run_affinity_ladder
from nakmd.studies.members import MemberFigure, member_spread, run_members
from nakmd.studies.minimum_path import PathRecord, PathSettings, path
from nakmd.studies.parts import reference_energy, wall_alone
from nakmd.studies.path_guards import PathError, PathLimits
from nakmd.studies.stored_runs import deck_of, model_of
from nakmd.studies.validation import LIQUID_QUICK, Validation, validate
from nakmd.studies.work_of_adhesion import work_of_adhesion

__all__ = [
    "LIQUID_QUICK",
    "Adhesion",
    "AdhesionRecord",
    "MemberFigure",
    "PathError",
    "PathLimits",
    "PathRecord",
    "PathSettings",
    "Validation",
    "affinity_ladder",
    "cross_energies",
    "deck_of",
    "member_spread",
    "model_of",
    "path",
    "reference_energy",
    "run_affinity_ladder",
    "run_members",
    "validate",
    "wall_alone",
    "work_of_adhesion",
]
