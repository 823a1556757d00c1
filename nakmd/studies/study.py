"""What every study shares: points that are computed and stored, and figures that are made of them.

A study is one class in one file or package, and one line in `nakmd.studies.study_names`. The verb ``nakmd study``, the
Python function `nakmd.studies.study`, storage point by point, the JSON file, the tables and the page follow from it:

.. code-block:: python

    class Buoyancy(Study):
        '''How fast a bubble rises.

        Limits, sources and the method are written here; the section "References" is cited on the page.
        '''

        title = "Bubbles in NaK"
        question = "Does a bubble of argon leave the melt within a minute?"
        limits = ("A single bubble in a still melt.",)

        def points(self):
            # a function at the top of a module, called with the settings, perhaps in another process; stored under its
            # key. With a potential, that is its first argument: StudyPoint(key, energy, {...}, self.models["nak-2026"])
            return [StudyPoint("rise", rise, {"inputs": self.inputs.to_dict(), "n": 200 if self.quick else 20_000})]

        def figures(self, results):
            speed = results["rise"]                     # what the function returned, or {"failed": reason}
            return [
                StudyFigure(
                    key="speed", title="speed of rise", value=speed.get("mean"), unit="cm/s",
                    statistical=speed.get("error"), notes=failure(speed),
                )
            ]

        def answers(self, figures):
            return (f"It rises with {figures['speed'].text}.",)

        def plot(self, figures, results):
            figure, ax = figure_for(None)
            ...
            return figure

Inputs with errors and sources are entries ``[buoyancy.…]`` of ``data/inputs.toml`` (`nakmd.studies.study_inputs`); the
study sees those of its name, and those of ``common``. Settings of points are plain numbers, texts, lists and dicts: a
point is computed again if its settings, its function's ``format`` or the potential change.

>>> from nakmd.studies import study
>>> result = study("exchange", quick=True, models=["nak-2026"], directory="exchange")          # doctest: +SKIP
>>> result["substitution.Na in K", "nak-2026"].value                                          # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
import inspect
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from nakmd.analysis.plotting import Figure
from nakmd.errors import InputError
from nakmd.io.atomic import plain
from nakmd.potentials import Potential
from nakmd.runs.provenance import potential_hash
from nakmd.studies.study_figures import StudyFigure, StudyTable, tables_by_group
from nakmd.studies.study_inputs import Inputs

#: Result of each point by key.
PointResults = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class StudyPoint:
    """One unit of computation, stored when finished.

    Attributes
    ----------
    key : str
        Unique in the study: ``"nak-2026/substitution/Na in K/432"``.
    function : callable
        Defined at the top of a module. Returns numbers, texts, lists and dicts. A `NakmdError` that it raises is stored
        as ``{"failed": reason}``.
    settings : mapping
        Keyword arguments; JSON values.
    potential : Potential, optional
        First argument of the function if given.
    cost : float
        Relative time, for the estimate of the remaining time.
    format : int
        Raise it when the function changes its results.

    Examples
    --------
    >>> from nakmd.studies import StudyPoint
    >>> def square(number):
    ...     return {"square": number**2}
    >>> StudyPoint("square/3", square, {"number": 3}).compute()
    {'square': 9}
    """

    key: str
    function: Callable[..., Mapping[str, Any]] = field(repr=False)
    settings: Mapping[str, Any]
    potential: Potential | None = field(default=None, repr=False)
    cost: float = 1.0
    format: int = 1

    @property
    def digest(self) -> str:
        """Digest of everything that the result depends on."""
        inputs = {
            "function": f"{self.function.__module__}.{self.function.__qualname__}",
            "format": self.format,
            "settings": plain(self.settings),
            "potential": None if self.potential is None else potential_hash(self.potential),
        }
        return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()

    def compute(self) -> Mapping[str, Any]:
        """Return the result."""
        first = () if self.potential is None else (self.potential,)
        return self.function(*first, **self.settings)


class Figures(Sequence[StudyFigure]):
    """Figures, by number, by key, or by key and model.

    Parameters
    ----------
    figures : sequence of StudyFigure

    Raises
    ------
    InputError
        If two figures have the same key and model; when asked for one that does not exist.
    """

    def __init__(self, figures: Sequence[StudyFigure]) -> None:
        self._figures = tuple(figures)
        self._found = {(f.key, f.model): f for f in self._figures}
        if len(self._found) < len(self._figures):
            names = [(f.key, f.model) for f in self._figures]
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(f"Two figures of a study have the key {twice[0]!r} and the model {twice[1]!r}.")

    def __len__(self) -> int:
        return len(self._figures)

    def __iter__(self) -> Iterator[StudyFigure]:
        return iter(self._figures)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int | slice):
            return self._figures[index]
        found = self.get(*((index,) if isinstance(index, str) else index))
        if found is None:
            raise InputError(f"There is no figure {index!r} among the {len(self)} of this study. See .key of each.")
        return found

    def get(self, key: str, model: str = "") -> StudyFigure | None:
        """Return the figure of a key and model; without a model, the only one of the key. None if there is none."""
        if model or (key, "") in self._found:
            return self._found.get((key, model))
        of_key = [f for f in self._figures if f.key == key]
        return of_key[0] if len(of_key) == 1 else None

    def of(self, key: str) -> dict[str, StudyFigure]:
        """Return the figures of a key by model."""
        return {f.model: f for f in self._figures if f.key == key}


class Study(ABC):
    """A question that is answered from several computations.

    Parameters
    ----------
    inputs : Inputs
        Those of the study and of ``common``.
    models : mapping of str to Potential
    quick : bool
        Fewer points and shorter runs.
    seed : int
        Of all random numbers.

    Attributes
    ----------
    title, question : str
    limits : tuple of str
        What the study cannot say: one sentence each.
    default_models : tuple of str
        Parameter sets that it uses if none is named; empty if it uses none.
    """

    title: ClassVar[str] = ""
    question: ClassVar[str] = ""
    limits: ClassVar[tuple[str, ...]] = ()
    default_models: ClassVar[tuple[str, ...]] = ()

    def __init__(self, inputs: Inputs, models: Mapping[str, Potential], quick: bool = False, seed: int = 0) -> None:
        self.inputs, self.models, self.quick, self.seed = inputs, dict(models), quick, seed

    @abstractmethod
    def points(self) -> list[StudyPoint]:
        """Return what has to be computed, in this order."""

    @abstractmethod
    def figures(self, results: PointResults) -> list[StudyFigure]:
        """Return the figures from the results of the points."""

    def bears_on(self, point: StudyPoint, key: str) -> bool:
        """Return whether the figures of a key depend on a point; by default on each.

        A stored verdict is stale when a point that its figures depend on has changed.
        """
        return True

    def answers(self, figures: Figures) -> tuple[str, ...]:
        """Return what the figures say, in sentences that follow from them by code; none by default."""
        return ()

    def tables(self, figures: Figures) -> list[StudyTable]:
        """Return the tables of the page; the default has one row for each figure, by group."""
        return tables_by_group(figures)

    def plot(self, figures: Figures, results: PointResults) -> Figure | None:
        """Return the figure of the page, None if there is none."""
        return None

    @classmethod
    def describe(cls) -> str:
        """Return the first line of the docstring."""
        return (inspect.getdoc(cls) or "").partition("\n")[0]


def failure(*results: Mapping[str, Any]) -> tuple[str, ...]:
    """Return why points have no result: the notes of a figure that is missing."""
    return tuple(dict.fromkeys(str(result["failed"]) for result in results if "failed" in result))
