"""Run a study: its points in processes, each stored when finished."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nakmd.errors import InputError
from nakmd.io.atomic import plain
from nakmd.kernels.jit import available_threads
from nakmd.pace import Pace
from nakmd.potentials import Potential
from nakmd.runs.potential_builder import load_named_or_file
from nakmd.runs.provenance import describe_run, potential_hash
from nakmd.studies.point_progress import PointProgress
from nakmd.studies.point_store import Store
from nakmd.studies.study import Figures, Study, StudyPoint
from nakmd.studies.study_figures import with_model_error
from nakmd.studies.study_inputs import Inputs, load_inputs
from nakmd.studies.study_names import study_class
from nakmd.studies.study_result import StudyResult
from nakmd.studies.workers import Task, compute_all


def study(
    name: str,
    models: Sequence[str] | Mapping[str, Potential] | None = None,
    *,
    quick: bool = False,
    seed: int = 0,
    inputs: Inputs | str | Path | None = None,
    directory: str | Path | None = None,
    threads: int | None = None,
    progress: Callable[[PointProgress], None] | None = None,
) -> StudyResult:
    """Compute a study, or the rest of it.

    Parameters
    ----------
    name : str
        Of `nakmd.studies.study_names.STUDIES`.
    models : sequence of str, or mapping of str to Potential, optional
        Parameter sets by name or file, or potentials with names. Default: those of the study.
    quick : bool
        Fewer points and shorter runs.
    seed : int
        Seed of all random numbers.
    inputs : Inputs or path, optional
        Other inputs, or a file with entries that replace those of nakmd (`nakmd.studies.study_inputs.load_inputs`).
    directory : path, optional
        Folder that stores each finished point; a second call reads it. Points whose settings or potential changed are
        computed again.
    threads : int, optional
        Number of points computed in parallel. Default: all threads of Numba.
    progress : callable, optional
        Called with a `PointProgress` at the start and after each point.

    Raises
    ------
    InputError
        If there is no such study or model, a model is given to a study that uses none, an input is wrong, or the folder
        holds another study, or one with another seed or size.
    RunError
        If a file cannot be written. A point that fails does not raise: its figures are missing, with the reason.

    Examples
    --------
    >>> from nakmd.studies import study
    >>> result = study("electrode", quick=True)
    >>> figure = result.figures[0]
    >>> figure.key, figure.text, result.failures
    ('A.before', '0.65 ± 0.11', {})
    """
    kind = study_class(name)
    loaded = inputs if isinstance(inputs, Inputs) else load_inputs(inputs)
    asked = kind(loaded.of(name, "common"), _models(name, kind, models), quick, seed)
    points = asked.points()
    store = Store(directory, {"name": name, "scale": "quick" if quick else "full", "seed": seed}, "a study")
    threads = available_threads() if threads is None else max(1, threads)
    results, seconds = _compute(points, store, threads, progress)
    result = StudyResult(
        name=name,
        study=asked,
        figures=Figures(with_model_error(asked.figures(results))),
        results=results,
        provenance={
            **describe_run(seed, threads),
            "models": {model: potential_hash(potential) for model, potential in asked.models.items()},
            "inputs": hashlib.sha256(json.dumps(asked.inputs.to_dict(), sort_keys=True).encode()).hexdigest(),
            "seconds": {key: round(took, 2) for key, took in seconds.items()},
            "seconds_in_all": round(sum(seconds.values()), 1),
        },
    )
    if store.directory is not None:
        result.write(store.directory)
    return result


def _models(
    name: str, kind: type[Study], models: Sequence[str] | Mapping[str, Potential] | None
) -> dict[str, Potential]:
    """Return the potentials by name."""
    if isinstance(models, Mapping):
        return dict(models)
    if models and not kind.default_models:
        raise InputError(f"The study {name} uses no parameter set, but was given {', '.join(models)}.")
    return {model: load_named_or_file(model, Path()) for model in models or kind.default_models}


def _compute(
    points: Sequence[StudyPoint], store: Store, threads: int, progress: Callable[[PointProgress], None] | None
) -> tuple[dict[str, dict[str, Any]], dict[str, float]]:
    """Return results and seconds of all points; stored points are not computed again."""
    digests = {point.key: point.digest for point in points}
    found = {point.key: store.find(point.key, digests[point.key]) for point in points}
    missing = [point for point in points if found[point.key] is None]
    total, done = sum(point.cost for point in missing), 0.0
    pace = Pace()
    pace.mark(done)

    def report(left: int, key: str) -> None:
        if progress is not None:
            progress(PointProgress(len(points) - left, len(points), key, pace.seconds_left(total)))

    report(len(missing), "")
    by_key = {point.key: point for point in missing}
    tasks = [Task(point.key, point.cost, point.compute) for point in missing]
    for left, (key, result, took) in zip(range(len(missing) - 1, -1, -1), compute_all(tasks, threads)):
        point = by_key[key]
        store.keep(key, digests[key], result, took, plain(point.settings))
        found[key] = result, took
        done += point.cost
        pace.mark(done)
        report(left, key)
    # every point has an entry now
    entries = {key: entry for key, entry in found.items() if entry is not None}
    return {key: entry[0] for key, entry in entries.items()}, {key: entry[1] for key, entry in entries.items()}
