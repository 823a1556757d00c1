"""The ensembles by the names that all programs know: what "nvt" and "npt" mean in the other keys of a stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Thermostat of a stage at constant temperature that names none: exact for the ensemble, and it disturbs the motion
#: least.
THERMOSTAT = "bussi"

#: What each word means, for the description of ``ensemble``.
ENSEMBLE_WORDS = {
    "nvt": f'constant volume and temperature, which is "{THERMOSTAT}" without a barostat',
    "npt": f'constant pressure and temperature, which is "{THERMOSTAT}" with a barostat',
}


def written_out(stage: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the table of a stage with its thermostat in place of "nvt" or "npt".

    A word that contradicts the rest of the table stays, for `contradiction`.

    Examples
    --------
    >>> written_out({"ensemble": "nvt", "temperature": "450 K"})
    {'ensemble': 'bussi', 'temperature': '450 K'}
    """
    word = stage.get("ensemble")
    known = isinstance(word, str) and word in ENSEMBLE_WORDS
    if not known or stage.get("bath") or (word == "npt") != (stage.get("barostat") is not None):
        return stage
    return {**stage, "ensemble": THERMOSTAT}


def contradiction(word: str) -> str:
    """Return what contradicts "nvt" or "npt" in a stage without baths that still has this word."""
    if word == "nvt":
        return (
            'has ensemble = "nvt", which keeps the volume, and a barostat, which changes it; write ensemble = "npt" or '
            "remove the barostat"
        )
    return 'has ensemble = "npt" and so needs a pressure: write barostat = { pressure = "1 bar" }'
