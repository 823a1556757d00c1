"""Where the figures of claims come from: studies, which are computed, and records, which are stored with nakmd."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from nakmd.errors import InputError, NakmdError, did_you_mean
from nakmd.io.atomic import plain
from nakmd.runs.potential_builder import load_named_or_file
from nakmd.runs.provenance import potential_hash
from nakmd.studies.claims.stored_records import RECORDS
from nakmd.studies.point_progress import PointProgress
from nakmd.studies.point_store import Store
from nakmd.studies.study import Figures, Study, StudyPoint
from nakmd.studies.study_figures import with_model_error
from nakmd.studies.study_inputs import Input, Inputs, load_inputs
from nakmd.studies.study_names import STUDIES, study_class
from nakmd.studies.study_run import study

#: Standard deviations from the middle at which an input without a range ends.
END = 2.0


@dataclass(frozen=True, kw_only=True)
class SourceSettings:
    """How studies are computed.

    Attributes
    ----------
    quick : bool
    seed : int
    studies : Path
        Folder of the folders of the studies, ``study-NAME`` and ``study-NAME-quick``: those of ``nakmd study``.
    threads : int or None
    progress : callable or None
    """

    quick: bool = False
    seed: int = 0
    studies: Path = Path("runs")
    threads: int | None = None
    progress: Callable[[PointProgress], None] | None = None

    def folder(self, name: str) -> Path:
        """Return the folder of a study."""
        return self.studies / f"study-{name}{'-quick' if self.quick else ''}"


class FigureSource(ABC):
    """A set of figures by key and model."""

    @abstractmethod
    def figures(self) -> Figures:
        """Return the figures; a study computes those points that are not stored."""

    @abstractmethod
    def digests(self, keys: Collection[str]) -> dict[str, str]:
        """Return digests of everything that figures depend on, by name. A result with others is stale.

        Parameters
        ----------
        keys : collection of str
            Of the figures.
        """

    @property
    def limits(self) -> tuple[str, ...]:
        """What the source cannot say."""
        return ()

    @property
    def facts(self) -> dict[str, Any]:
        """Versions, machine and seed that the figures were computed with, as far as they are known."""
        return {}

    def ends(self, key: str) -> Mapping[str, Figures]:
        """Return the figures with an input at either end of its range, by a text; empty if it has no inputs."""
        return {}


@dataclass
class StudySource(FigureSource):
    """A study of `nakmd study`.

    Parameters
    ----------
    name : str
    settings : SourceSettings
    """

    name: str
    settings: SourceSettings
    _facts: dict[str, Any] = field(default_factory=dict)

    def figures(self) -> Figures:
        """Return the figures of the study, computed in its folder."""
        return self._computed

    @cached_property
    def _computed(self) -> Figures:
        result = study(
            self.name, quick=self.settings.quick, seed=self.settings.seed,
            directory=self.settings.folder(self.name), threads=self.settings.threads, progress=self.settings.progress,
        )  # fmt: skip
        self._facts = {
            name: result.provenance[name]
            for name in ("nakmd", "git", "python", "numpy", "platform", "seconds_in_all")
            if result.provenance.get(name) not in (None, "")
        }
        return result.figures

    @cached_property
    def _asked(self) -> Study:
        return self._with(load_inputs())

    def _with(self, inputs: Inputs) -> Study:
        kind = study_class(self.name)
        return kind(inputs.of(self.name, "common"), self._models, self.settings.quick, self.settings.seed)

    @cached_property
    def _models(self) -> dict[str, Any]:
        return {model: load_named_or_file(model, Path()) for model in study_class(self.name).default_models}

    @cached_property
    def _points(self) -> list[StudyPoint]:
        return self._asked.points()

    @cached_property
    def _common_digests(self) -> dict[str, str]:
        return {
            **{f"potential {model}": potential_hash(potential) for model, potential in self._models.items()},
            f"inputs of {self.name}": _hashed(self._asked.inputs.to_dict()),
        }

    def digests(self, keys: Collection[str]) -> dict[str, str]:
        """Return the digests of potentials, inputs, and settings and format of the points that bear on the figures."""
        bearing = (point for point in self._points if any(self._asked.bears_on(point, key) for key in keys))
        points = _hashed({point.key: point.digest for point in bearing})
        return {**self._common_digests, f"points of {self.name}": points}

    @property
    def limits(self) -> tuple[str, ...]:
        """Those of the study."""
        return study_class(self.name).limits

    @property
    def facts(self) -> dict[str, Any]:
        """What the study was computed with."""
        return {**self._facts, "seed": self.settings.seed}

    def ends(self, key: str) -> Mapping[str, Figures]:
        """Return the figures with an input at either end; points that depend on it are computed, and not stored."""
        entry = self._asked.inputs[key]
        unit = "" if entry.unit == "1" else f" {entry.unit}"
        return {f"{key} = {end:g}{unit}": self._at(key, end) for end in ends_of(entry)}

    def _at(self, key: str, value: float) -> Figures:
        asked = self._with(load_inputs().changed(**{key.replace(".", "__"): value}))
        scale = "quick" if self.settings.quick else "full"
        identity = {"name": self.name, "scale": scale, "seed": self.settings.seed}
        store = Store(self.settings.folder(self.name), identity, "a study")
        results = {}
        for point in asked.points():
            stored = store.find(point.key, point.digest)
            results[point.key] = _computed(point) if stored is None else stored[0]
        return Figures(with_model_error(asked.figures(results)))


@dataclass
class RecordSource(FigureSource):
    """Results that are stored with nakmd.

    Parameters
    ----------
    name : str
        Of `nakmd.studies.claims.stored_records.RECORDS`.
    """

    name: str

    @cached_property
    def _record(self) -> Any:
        return RECORDS[self.name]()

    def figures(self) -> Figures:
        """Return the figures of the record."""
        return Figures(self._record.figures)

    def digests(self, keys: Collection[str]) -> dict[str, str]:
        """Return the digests of the files, whatever the figures."""
        return dict(self._record.digests)

    @property
    def limits(self) -> tuple[str, ...]:
        """What is to be said of the record, such as models that have changed since."""
        limits: tuple[str, ...] = self._record.limits
        return limits


def source_of(name: str, settings: SourceSettings) -> FigureSource:
    """Return the source of a name.

    Raises
    ------
    InputError
        If this version of nakmd has neither a study nor a record of that name.
    """
    if name in STUDIES:
        return StudySource(name, settings)
    if name in RECORDS:
        return RecordSource(name)
    raise InputError(
        f"This version of nakmd has neither a study nor a record {name!r}. {did_you_mean(name, (*STUDIES, *RECORDS))}"
    )


def ends_of(entry: Input) -> tuple[float, ...]:
    """Return the ends of an input: of its range, or two standard deviations from its value; none if it is exact."""
    if entry.low is not None and entry.high is not None:
        return entry.low, entry.high
    if entry.value is None or not entry.error:
        return ()
    return entry.value - END * entry.error, entry.value + END * entry.error


def _computed(point: StudyPoint) -> dict[str, Any]:
    """Return the result of a point as it would be read from a file."""
    try:
        result = dict(point.compute())
    except NakmdError as error:
        result = {"failed": str(error)}
    found: dict[str, Any] = json.loads(json.dumps(plain(result)), parse_constant=lambda _: None)
    return found


def _hashed(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
