"""Registry of the studies: one line each. Everything else about a study is in its class."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from nakmd.errors import InputError, did_you_mean
from nakmd.studies.study import Study

#: Name of each study, and its class as ``module.class`` in `nakmd.studies`.
STUDIES: Mapping[str, str] = {
    "deposition": "deposition_study.deposition.DepositionStudy",
    "exchange": "exchange_study.exchange.Exchange",
    "heat": "heat_study.heat.Heat",
    "electrode": "electrode_study.electrode.Electrode",
    "replacement": "replacement_study.replacement.Replacement",
}


def study_class(name: str) -> type[Study]:
    """Return the class of a study; `InputError` if there is none of that name."""
    if name not in STUDIES:
        raise InputError(f"There is no study {name!r}. {did_you_mean(name, STUDIES)}")
    module, _, word = STUDIES[name].rpartition(".")
    found: type[Study] = getattr(importlib.import_module(f"nakmd.studies.{module}"), word)
    return found
