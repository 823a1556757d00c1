"""Results that are stored with nakmd, as figures: validations, the study of nitrogen sites, models beside PBE."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nakmd.errors import FileFormatError, InputError
from nakmd.potentials.files.texts import read_text, sha256
from nakmd.resources import data_folder
from nakmd.runs.potential_builder import load_named_or_file
from nakmd.runs.provenance import potential_hash
from nakmd.studies.study_figures import StudyFigure


@dataclass(frozen=True)
class StoredRecord:
    """Figures of stored results.

    Attributes
    ----------
    figures : sequence of StudyFigure
    digests : dict of str to str
        SHA-256 of each file.
    limits : tuple of str
    """

    figures: Sequence[StudyFigure]
    digests: Mapping[str, str]
    limits: tuple[str, ...] = ()


def of_validations() -> StoredRecord:
    """Return the findings of the stored validations: key as there, model the set that was validated.

    Several folders may be of one set: a quantity that came later has its own.

    References with both ends are figures of ``PBE`` or ``experiment``: the middle, with their error and their range
    combined.
    """
    figures: dict[tuple[str, str], StudyFigure] = {}
    digests, limits = {}, []
    for file in sorted((data_folder("potentials") / "validation").glob("*/validation.json")):
        content = _json(file)
        model = content["name"]
        digests[f"validation of {file.parent.name}"] = sha256(file)
        changed = _changed(model, content["provenance"]["potential"]["hash"])
        limits += [changed] if changed else []
        for finding in content["findings"]:
            for figure in _of_finding(finding, model, (changed,) if changed else ()):
                figures.setdefault((figure.key, figure.model), figure)
    return StoredRecord(tuple(figures.values()), digests, tuple(limits))


def _of_finding(finding: Mapping[str, Any], model: str, notes: tuple[str, ...]) -> Iterator[StudyFigure]:
    key, unit = finding["key"], finding["unit"] or "1"
    yield StudyFigure(
        key=key, title=key, model=model, value=finding["value"], unit=unit, statistical=finding["error"],
        numerical=finding["size_error"], group=finding["group"], notes=(*finding["notes"], *notes),
    )  # fmt: skip
    reference = finding["reference"]
    if reference is None or reference["low"] is None or reference["high"] is None:
        return
    low, high = reference["low"], reference["high"]
    yield StudyFigure(
        key=key, title=key, model="PBE" if reference["source"] == "dft" else "experiment", value=0.5 * (low + high),
        unit=unit, numerical=math.hypot(reference["error"], (high - low) / math.sqrt(12.0)), group=finding["group"],
        notes=(reference["note"],) if reference["note"] else (), evidence=reference["evidence"],
    )  # fmt: skip


def of_nitrogen_sites() -> StoredRecord:
    """Return the walls of the example of nitrogen sites.

    Keys are ``"affinity, graphitic"``, with ``", screening 0.5"`` for another strength of screening; models ``nak-cn``
    and, with the metal of 2016, ``nak-cn-2016``.
    """
    folder = data_folder("examples") / "nitrogen_sites" / "results"
    figures, digests, limits = [], {}, []
    for name, model in (("results.json", "nak-cn"), ("sweep_2016.json", "nak-cn-2016")):
        content = _json(folder / name)
        digests[f"nitrogen sites, {name}"] = sha256(folder / name)
        pristine = [known for key, known in content["provenance"].items() if key.startswith("pristine, screening 1")]
        changed = _changed(model, pristine[0]["potential"])
        limits += [changed] if changed else []
        for strength, walls in content["results"].items():
            for wall, found in walls.items():
                figures += [_of_wall(quantity, wall, strength, one, model) for quantity, one in found.items()]
    return StoredRecord(figures, digests, tuple(limits))


def _of_wall(quantity: str, wall: str, strength: str, found: Mapping[str, Any], model: str) -> StudyFigure:
    name, _, unit = quantity.partition(" / ")
    key = f"{name}, {wall}" + ("" if float(strength) == 1.0 else f", screening {strength}")
    # means of three or four seeds: the interval has Student's factor, which the standard error has not
    interval = tuple(found["interval"]) if found.get("interval") and None not in found["interval"] else None
    return StudyFigure(
        key=key, title=key, model=model, value=found["value"], unit=unit or "1", statistical=found["error"],
        interval=interval, group="nitrogen sites",
    )  # fmt: skip


def of_model_energies() -> StoredRecord:
    """Return the binding energies [eV] of single atoms to sheets by PBE, GFN1-xTB, CHGNet and ``nak-cn``.

    Keys are ``"hollow, K"``; the values are those of a parabola through the lowest of the heights and its neighbours,
    where there are three; the numerical error is the distance of the lowest computed energy.
    """
    file = data_folder("examples") / "models" / "results.json"
    figures = [
        _of_heights(f"{site}, {metal}", model, curve)
        for model, content in _json(file).items()
        for metal, sites in content["energies"].items()
        for site, curve in sites.items()
    ]
    return StoredRecord(figures, {"energies by model": sha256(file)})


def _of_heights(key: str, model: str, curve: Mapping[str, Sequence[float]]) -> StudyFigure:
    heights, energies = np.array(curve["heights"]), np.array(curve["energies"])
    row = int(np.argmin(energies))
    lowest = value = float(energies[row])
    error = None
    note = f"lowest of {len(heights)} heights, at {heights[row]:g} Å"
    if 0 < row < len(heights) - 1:
        a, b, c = np.polyfit(heights[row - 1 : row + 2], energies[row - 1 : row + 2], 2)
        value = float(c - b * b / (4.0 * a))
        error = abs(value - lowest)
        note = f"parabola through three of {len(heights)} heights"
    elif len(heights) == 1:
        note = f"at {heights[row]:g} Å alone"
    return StudyFigure(
        key=key, title=key, model=model, value=value, unit="eV", numerical=error, group="binding", notes=(note,)
    )


def _changed(model: str, digest: str) -> str:
    """Return a limit if a parameter set is no longer that of a record, else an empty text."""
    try:
        now = potential_hash(load_named_or_file(model, Path()))
    except InputError:
        return f"The parameter set {model} of the stored results is no longer part of nakmd."
    return "" if now == digest else f"The stored results are of an earlier version of {model} (its digest differs)."


def _json(file: Path) -> Any:
    try:
        return json.loads(read_text(file))
    except json.JSONDecodeError as error:
        raise FileFormatError(file, f"is damaged ({error}).", "Restore it.") from None


#: Records by name.
RECORDS: Mapping[str, Callable[[], StoredRecord]] = {
    "validation": of_validations,
    "nitrogen-sites": of_nitrogen_sites,
    "model-energies": of_model_energies,
}
