"""Studies beyond one pass over the frames: energies evaluated again with a model, series of runs, validation.

>>> from nakmd.studies import work_of_adhesion
>>> work_of_adhesion("runs/flagship").terms                   # doctest: +SKIP
>>> from nakmd.studies import validate
>>> validate("nak-cn", quick=True).counts                     # doctest: +SKIP
>>> from nakmd.studies import study
>>> study("exchange", quick=True).answers                    # doctest: +SKIP
"""

from functools import partial
from typing import Any

from nakmd.studies.adhesion import Adhesion, AdhesionRecord
from nakmd.studies.ladder import affinity_ladder, cross_energies, run_affinity_ladder
from nakmd.studies.members import MemberFigure, member_spread, run_members
from nakmd.studies.minimum_path import PathRecord, PathSettings, path
from nakmd.studies.parts import reference_energy, wall_alone
from nakmd.studies.path_guards import PathError, PathLimits
from nakmd.studies.point_progress import PointProgress
from nakmd.studies.stored_runs import deck_of, model_of
from nakmd.studies.study import Study, StudyPoint
from nakmd.studies.study_figures import StudyFigure, StudyTable
from nakmd.studies.study_inputs import Input, Inputs, load_inputs
from nakmd.studies.study_names import STUDIES
from nakmd.studies.study_result import StudyResult
from nakmd.studies.study_run import study
from nakmd.studies.umbrella_sampling import umbrella
from nakmd.studies.validation import LIQUID_QUICK, Validation, validate
from nakmd.studies.work_of_adhesion import work_of_adhesion

__all__ = [
    "LIQUID_QUICK",
    "STUDIES",
    "Adhesion",
    "AdhesionRecord",
    "Input",
    "Inputs",
    "MemberFigure",
    "PathError",
    "PathLimits",
    "PathRecord",
    "PathSettings",
    "PointProgress",
    "Study",
    "StudyFigure",
    "StudyPoint",
    "StudyResult",
    "StudyTable",
    "Validation",
    "affinity_ladder",
    "cross_energies",
    "deck_of",
    "load_inputs",
    "member_spread",
    "model_of",
    "path",
    "reference_energy",
    "run_affinity_ladder",
    "run_members",
    "study",
    "umbrella",
    "validate",
    "wall_alone",
    "work_of_adhesion",
]


def __getattr__(name: str) -> Any:
    """Return a study by its name: ``studies.exchange(quick=True)`` is ``studies.study("exchange", quick=True)``."""
    if name in STUDIES:
        return partial(study, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
