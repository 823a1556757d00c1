"""Validation of a model: every figure that is known of it, computed anew and set beside its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nakmd.errors import InputError
from nakmd.io.atomic import write_status
from nakmd.kernels.jit import available_threads
from nakmd.pace import Pace
from nakmd.potentials import Potential, library
from nakmd.runs.potential_builder import load_named_or_file
from nakmd.runs.provenance import describe_run, potential_hash
from nakmd.studies.validation.findings import AGREES, FAILED, MISSES, UNKNOWN, Finding
from nakmd.studies.validation.point_findings import findings_of
from nakmd.studies.validation.point_store import Store
from nakmd.studies.validation.points import FULL, QUANTITIES, QUICK, Point, Scale, Wanted, points_for
from nakmd.studies.validation.references import sources
from nakmd.studies.validation.workers import compute_all


@dataclass(frozen=True)
class ValidationProgress:
    """Where a validation stands.

    Attributes
    ----------
    done, total : int
        Points.
    key : str
        The point that is done; empty at the start.
    seconds_left : float
        At the pace so far; NaN until it is known.
    """

    done: int
    total: int
    key: str
    seconds_left: float


@dataclass(frozen=True, kw_only=True)
class Validation:
    """All figures of one model.

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
        What each point computed, by key: curves, g(r), raw numbers.
    skipped : tuple of str
        What could not be asked of this model.
    """

    name: str
    scale: str
    findings: tuple[Finding, ...]
    provenance: dict[str, Any]
    results: dict[str, dict[str, Any]] = field(repr=False)
    skipped: tuple[str, ...] = ()

    def __getitem__(self, what: tuple[str, str] | tuple[str, str, float]) -> Finding:
        quantity, of, temperature = (*what, None)[:3]
        for finding in self.findings:
            if (finding.quantity, finding.of) == (quantity, of) and temperature in (None, finding.temperature):
                return finding
        at = "" if temperature is None else f" at {temperature:g} K"
        raise InputError(
            f"There is no {quantity!r} of {of!r}{at} among the {len(self.findings)} figures of {self.name}; the keys "
            "of .findings tell which there are."
        )

    @property
    def counts(self) -> dict[str, int]:
        """How many figures agree, miss, have no reference, could not be measured."""
        return {word: sum(f.verdict == word for f in self.findings) for word in (AGREES, MISSES, UNKNOWN, FAILED)}

    def to_dict(self) -> dict[str, Any]:
        """Return all but the curves as plain numbers and strings."""
        used = {word for f in self.findings if f.reference for word in f.reference.source.split(" and ")}
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
    progress: Callable[[ValidationProgress], None] | None = None,
) -> Validation:
    """Compute figures of a model and set each beside what is known of it.

    Parameters
    ----------
    potential : str, path or Potential
        A named set, a file, or a potential: a candidate of a fit need not be in a file.
    quantities : sequence of str, optional
        ``"cold"``, ``"liquid"``, ``"alloy"``, ``"surface"``, ``"carbon"``, ``"adsorption"``, ``"sizes"``, or single
        ones (``"density"``, ``"diffusion@400"``, ...; see `nakmd.studies.validation.points.GROUPS`). All if left out;
        `LIQUID_QUICK` is what a fit of the liquid needs.
    quick : bool
        Short runs of small cells, one for each state.
    seed : int
        Of all noise: the same seed gives the same bits, on any number of threads, in one go or in several.
    directory : path-like, optional
        Where each point is stored when it is done, and found again by a second call. Points of another model are
        computed again.
    threads : int, optional
        Points computed side by side, all that Numba has if left out.
    progress : callable, optional
        Given a `ValidationProgress` at the start and after each point.

    Returns
    -------
    Validation

    Raises
    ------
    InputError
        If there is no such set or quantity, the model knows nothing that is asked for, or the directory holds a
        validation of another set, scale or seed.
    RunError
        If the disk refuses, or a process dies. A model that fails at a point (explodes, say) does not raise: its
        figures are "not measured", with the reason.

    Examples
    --------
    >>> validate("cn", ["carbon"])["lattice constant", "graphene"].text
    '2.492'
    """
    model, name = _model(potential)
    scale: Scale = QUICK if quick else FULL
    wanted = Wanted(QUANTITIES if quantities is None else list(quantities))
    points, beyond = points_for(model, wanted, scale)
    if not points:
        raise InputError(
            f"{name} says nothing of what was asked for: it needs terms between Na, K, or C and N. "
            f"Quantities: {', '.join(quantities or QUANTITIES)}."
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
        skipped=tuple(dict.fromkeys(f"{point.task} of {' '.join(point.species)}" for point in beyond)),
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
    """Return the model for each doping of the wall: another where a set weakens with it, and can be loaded again."""
    models = {0.0: model}
    for doping in {point.doping for point in points} - {0.0}:
        again = not isinstance(given, Potential)
        models[doping] = load_named_or_file(str(given), Path(), doping=doping) if again else model
    return models


def _processes(threads: int | None) -> int:
    return available_threads() if threads is None else max(1, threads)


def _compute(
    points: Sequence[Point],
    models: Mapping[float, Potential],
    seed: int,
    store: Store,
    threads: int | None,
    progress: Callable[[ValidationProgress], None] | None,
) -> tuple[dict[str, dict[str, Any]], dict[str, float]]:
    """Return results and seconds of all points, from the store where it has them."""
    digests = {point.key: point.digest(models[point.doping], seed) for point in points}
    results: dict[str, dict[str, Any]] = {}
    seconds: dict[str, float] = {}
    for point in points:
        found = store.find(point, digests[point.key])
        if found is not None:
            results[point.key], seconds[point.key] = found
    missing = [point for point in points if point.key not in results]
    total, done = sum(point.cost for point in missing), 0.0
    pace = Pace()
    pace.mark(done)

    def tell(key: str) -> None:
        if progress is not None:
            progress(ValidationProgress(len(results), len(points), key, pace.seconds_left(total)))

    tell("")
    for point, result, took in compute_all(missing, models, seed, _processes(threads)):
        store.keep(point, digests[point.key], result, took)
        results[point.key], seconds[point.key] = result, took
        done += point.cost
        pace.mark(done)
        tell(point.key)
    return results, seconds


def _identity(given: str | Path | Potential, model: Potential, name: str) -> dict[str, Any]:
    """Return name and digests of a model."""
    found: dict[str, Any] = {"name": name, "hash": potential_hash(model)}
    if not isinstance(given, Potential) and (str(given) in library.names() or str(given).endswith(library.SUFFIX)):
        found["files"] = library.hashes(given)
    return found


def _sizes(scale: Scale) -> dict[str, Any]:
    return {
        "liquid": {"atoms": scale.atoms, "npt_ps": scale.npt, "nvt_ps": scale.nvt, "seeds": scale.seeds},
        "film": {"atoms": scale.film_atoms, "ps": scale.film_time, "seeds": scale.seeds},
        "other_cells": list(scale.sizes),
    }
