"""Validation of a model: quantities with known references, computed and compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from nakmd.errors import InputError
from nakmd.io.atomic import write_status
from nakmd.kernels.jit import available_threads
from nakmd.pace import Pace
from nakmd.potentials import Potential, library
from nakmd.runs.potential_builder import load_named_or_file
from nakmd.runs.provenance import describe_run, potential_hash
from nakmd.studies.point_progress import PointProgress
from nakmd.studies.point_store import Store
from nakmd.studies.validation.findings import AGREES, FAILED, MISSES, UNKNOWN, Finding
from nakmd.studies.validation.models import part_for
from nakmd.studies.validation.point_findings import findings_of
from nakmd.studies.validation.point_kinds import KINDS
from nakmd.studies.validation.points import Point, points_for
from nakmd.studies.validation.references import sources
from nakmd.studies.validation.scales import FULL, QUICK, Scale
from nakmd.studies.validation.wanted import QUANTITIES, Wanted
from nakmd.studies.workers import Task, compute_all


@dataclass(frozen=True, kw_only=True)
class Validation:
    """All findings of one model.

    ``validation["density", "Na", 400]`` is one of them.

    Attributes
    ----------
    name : str
    scale : str
        ``"quick"`` or ``"full"``.
    findings : tuple of Finding
    provenance : dict
        Versions, seed, digests of the model, sizes, seconds of each point.
    results : dict of str to dict
        Result of each point, by key: curves, g(r), raw numbers.
    skipped : tuple of str
        What was left out: points that the model does not cover, and data that is not there.
    """

    name: str
    scale: str
    findings: tuple[Finding, ...]
    provenance: dict[str, Any]
    results: dict[str, dict[str, Any]] = field(repr=False)
    skipped: tuple[str, ...] = ()

    def __getitem__(self, key: tuple[str, str] | tuple[str, str, float]) -> Finding:
        quantity, of, temperature = (*key, None)[:3]
        for finding in self.findings:
            if (finding.quantity, finding.of) == (quantity, of) and temperature in (None, finding.temperature):
                return finding
        at = "" if temperature is None else f" at {temperature:g} K"
        raise InputError(
            f"There is no {quantity!r} of {of!r}{at} among the {len(self.findings)} findings of {self.name}. See the "
            "keys of .findings."
        )

    @property
    def counts(self) -> dict[str, int]:
        """Number of findings that agree, miss, have no reference, could not be measured."""
        return {
            verdict: sum(f.verdict == verdict for f in self.findings) for verdict in (AGREES, MISSES, UNKNOWN, FAILED)
        }

    def to_dict(self) -> dict[str, Any]:
        """Return everything except the curves as plain numbers and strings."""
        used = {key for f in self.findings if f.reference for key in f.reference.source.split(" and ")}
        return {
            "name": self.name,
            "scale": self.scale,
            "counts": self.counts,
            "findings": [finding.to_dict() for finding in self.findings],
            "skipped": list(self.skipped),
            "sources": {key: text for key, text in sources().items() if key in used},
            "provenance": self.provenance,
        }


def validate(
    potential: str | Path | Potential = "nak-cn",
    quantities: Sequence[str] | None = None,
    *,
    quick: bool = False,
    seed: int = 0,
    directory: str | Path | None = None,
    threads: int | None = None,
    progress: Callable[[PointProgress], None] | None = None,
) -> Validation:
    """Compute quantities of a model and compare each with its reference.

    Parameters
    ----------
    potential : str, path or Potential
        A named set, a file, or a potential object, such as a candidate of a fit.
    quantities : sequence of str, optional
        Groups (``"cold"``, ``"liquid"``, ...) or single ones (``"density"``, ``"diffusion@400"``, ...), see
        `nakmd.studies.validation.wanted.GROUPS`. Default: all.
        `LIQUID_QUICK` has what a fit of the liquid needs.
    quick : bool
        Short runs of small cells, one per state.
    seed : int
        Seed of all random numbers. Results are bit-equal for equal seeds, at any thread count and after a restart.
    directory : path-like, optional
        Folder that stores each finished point; a second call reads it. Points of another model are recomputed.
    threads : int, optional
        Number of points computed in parallel. Default: all threads of Numba.
    progress : callable, optional
        Called with a `PointProgress` at the start and after each point.

    Returns
    -------
    Validation

    Raises
    ------
    InputError
        If the set or quantity does not exist, the model covers none of the quantities, or the directory holds a
        validation of another set, scale or seed.
    RunError
        If a file cannot be written or a process dies. A model that fails at a point (an explosion, for example) does
        not raise: its findings are "not measured", with the reason.

    Examples
    --------
    >>> validate("cn", ["carbon"])["lattice constant", "graphene"].text
    '2.492'
    """
    model, name = _model(potential)
    scale: Scale = QUICK if quick else FULL
    wanted = Wanted(QUANTITIES if quantities is None else list(quantities))
    points, left_out = points_for(model, wanted, scale)
    if not points:
        raise InputError(
            f"{name} covers none of the quantities {', '.join(quantities or QUANTITIES)}: they need terms between Na, "
            "K, or C and N."
        )
    scale_name = "quick" if quick else "full"
    store = Store(directory, {"name": name, "scale": scale_name, "seed": seed})
    models = _models(potential, model, points)
    results, seconds = _compute(points, models, seed, store, threads, progress)
    validation = Validation(
        name=name,
        scale=scale_name,
        findings=tuple(findings_of(points, results, wanted, scale)),
        provenance={
            **describe_run(seed, _processes(threads)),
            "potential": _identity(potential, model, name),
            "sizes": _sizes(scale),
            "seconds": {point.key: round(seconds[point.key], 2) for point in points},
            "seconds_in_all": round(sum(seconds.values()), 1),
        },
        results={point.key: results[point.key] for point in points},
        skipped=tuple(left_out),
    )
    if store.directory is not None:
        write_status(store.directory / "validation.json", validation.to_dict())
    return validation


def _model(potential: str | Path | Potential) -> tuple[Potential, str]:
    if isinstance(potential, Potential):
        return potential, str(potential.describe().get("name", type(potential).__name__.lower()))
    text = str(potential)
    return load_named_or_file(text, Path()), text if text in library.names() else Path(text).stem


def _models(given: str | Path | Potential, model: Potential, points: Sequence[Point]) -> dict[float, Potential]:
    """Return the model for each doping of the wall: sets that depend on the doping are loaded for each."""
    models = {0.0: model}
    for doping in {point.doping for point in points} - {0.0}:
        can_load = not isinstance(given, Potential)
        models[doping] = load_named_or_file(str(given), Path(), doping=doping) if can_load else model
    return models


def _processes(threads: int | None) -> int:
    return available_threads() if threads is None else max(1, threads)


def _compute(
    points: Sequence[Point],
    models: Mapping[float, Potential],
    seed: int,
    store: Store,
    threads: int | None,
    progress: Callable[[PointProgress], None] | None,
) -> tuple[dict[str, dict[str, Any]], dict[str, float]]:
    """Return results and seconds of all points; stored points are not recomputed."""
    digests = {point.key: point.digest(models[point.doping], seed) for point in points}
    results: dict[str, dict[str, Any]] = {}
    seconds: dict[str, float] = {}
    for point in points:
        entry = store.find(point.key, digests[point.key])
        if entry is not None:
            results[point.key], seconds[point.key] = entry
    missing = [point for point in points if point.key not in results]
    total, done = sum(point.cost for point in missing), 0.0
    pace = Pace()
    pace.mark(done)

    def report(key: str) -> None:
        if progress is not None:
            progress(PointProgress(len(results), len(points), key, pace.seconds_left(total)))

    report("")
    by_key = {point.key: point for point in missing}
    tasks = [Task(p.key, p.cost, partial(compute, p, models[p.doping], seed)) for p in missing]
    for key, result, took in compute_all(tasks, _processes(threads)):
        point = by_key[key]
        store.keep(point.key, digests[point.key], result, took, point.params)
        results[point.key], seconds[point.key] = result, took
        done += point.cost
        pace.mark(done)
        report(point.key)
    return results, seconds


def compute(point: Point, potential: Potential, seed: int) -> Mapping[str, Any]:
    """Return the result of one point."""
    return KINDS[point.task].measure(part_for(potential, point.species), point.params, point.seed(seed))


def _identity(given: str | Path | Potential, model: Potential, name: str) -> dict[str, Any]:
    """Return name and digests of a model."""
    identity: dict[str, Any] = {"name": name, "hash": potential_hash(model)}
    if not isinstance(given, Potential) and (str(given) in library.names() or str(given).endswith(library.SUFFIX)):
        identity["files"] = library.hashes(given)
    return identity


def _sizes(scale: Scale) -> dict[str, Any]:
    return {
        "liquid": {"atoms": scale.atoms, "npt_ps": scale.npt, "nvt_ps": scale.nvt, "seeds": scale.seeds},
        "crystal": {"atoms": 2 * scale.crystal_cells**3, "ps": scale.crystal_time},
        "melting": {"atoms": 2 * math.prod(scale.melting_cells), "ps_each": scale.melting_time, "seeds": scale.seeds},
        "film": {"atoms": scale.film_atoms, "ps": scale.film_time, "seeds": scale.seeds},
        "other_cells": list(scale.sizes),
    }
